//! What a file is, by its first bytes or the ending of its name: a hint for whoever shows it, and no more.

use huis_core::content::UNKNOWN_TYPE;

/// First bytes that say it.
const BEGINNINGS: [(&[u8], &str); 12] = [
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
    (b"II*\0", "image/tiff"),
    (b"MM\0*", "image/tiff"),
    (b"%PDF-", "application/pdf"),
    (b"\x1a\x45\xdf\xa3", "video/webm"),
    (b"OggS", "audio/ogg"),
    (b"fLaC", "audio/flac"),
    (b"ID3", "audio/mpeg"),
    (b"PK\x03\x04", "application/zip"),
    (b"\x1f\x8b", "application/gzip"),
];

/// Endings that say it; those of what begins like something more general are looked at first.
const ENDINGS: [(&str, &str); 39] = [
    ("3gp", "video/3gpp"),
    ("avi", "video/x-msvideo"),
    ("avif", "image/avif"),
    ("bmp", "image/bmp"),
    ("csv", "text/csv"),
    ("docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    ("epub", "application/epub+zip"),
    ("flac", "audio/flac"),
    ("gif", "image/gif"),
    ("gz", "application/gzip"),
    ("heic", "image/heic"),
    ("heif", "image/heif"),
    ("html", "text/html"),
    ("jpeg", "image/jpeg"),
    ("jpg", "image/jpeg"),
    ("json", "application/json"),
    ("m4a", "audio/mp4"),
    ("m4v", "video/x-m4v"),
    ("md", "text/markdown"),
    ("mkv", "video/x-matroska"),
    ("mov", "video/quicktime"),
    ("mp3", "audio/mpeg"),
    ("mp4", "video/mp4"),
    ("odp", "application/vnd.oasis.opendocument.presentation"),
    ("ods", "application/vnd.oasis.opendocument.spreadsheet"),
    ("odt", "application/vnd.oasis.opendocument.text"),
    ("ogg", "audio/ogg"),
    ("opus", "audio/ogg"),
    ("pdf", "application/pdf"),
    ("png", "image/png"),
    ("svg", "image/svg+xml"),
    ("tar", "application/x-tar"),
    ("tif", "image/tiff"),
    ("tiff", "image/tiff"),
    ("txt", "text/plain"),
    ("wav", "audio/wav"),
    ("webm", "video/webm"),
    ("webp", "image/webp"),
    ("zip", "application/zip"),
];

/// The media type of a file with this name that begins like this.
pub(super) fn media_type(name: &str, beginning: &[u8]) -> &'static str {
    let ending = name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
    let by_name = ending.and_then(|ending| ENDINGS.iter().find(|(known, _)| *known == ending)).map(|(_, kind)| *kind);
    if let Some(kind) = by_brand(beginning) {
        return kind;
    }
    let by_beginning = BEGINNINGS.iter().find(|(known, _)| beginning.starts_with(known)).map(|(_, kind)| *kind);
    match (by_beginning, by_name) {
        // A picture is what it begins like, whatever it is called.
        (Some(kind), _) if kind.starts_with("image/") => kind,
        (_, Some(kind)) => kind,
        (Some(kind), None) => kind,
        (None, None) => UNKNOWN_TYPE,
    }
}

/// Pictures of telephones, and films, say their brand behind four bytes of length (ISO/IEC 14496-12, section 4.3).
fn by_brand(beginning: &[u8]) -> Option<&'static str> {
    let brand = beginning.get(4..)?.strip_prefix(b"ftyp")?.get(..4)?;
    match brand {
        b"heic" | b"heix" | b"heim" | b"heis" | b"hevc" | b"mif1" | b"msf1" => Some("image/heic"),
        b"avif" | b"avis" => Some("image/avif"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use huis_core::content::is_media_type;
    use huis_views::{name_may_say_where_it_was_taken, type_may_say_where_it_was_taken};

    use super::*;

    #[test]
    fn a_file_is_what_it_begins_like_or_is_called() {
        assert_eq!(media_type("roses.txt", b"\xff\xd8\xff\xe0"), "image/jpeg");
        assert_eq!(media_type("Letter.ODT", b"PK\x03\x04"), "application/vnd.oasis.opendocument.text");
        assert_eq!(media_type("archive", b"PK\x03\x04"), "application/zip");
        assert_eq!(media_type("photo.jpg", b"\0\0\0\x18ftypheic\0\0\0\0"), "image/heic");
        assert_eq!(media_type("film.mov", b"\0\0\0\x18ftypqt  \0\0\0\0"), "video/quicktime");
        assert_eq!(media_type("notes.txt", b"Dear"), "text/plain");
        assert_eq!(media_type("notes", b""), UNKNOWN_TYPE);
        assert_eq!(media_type(".profile", b"x"), UNKNOWN_TYPE);
        for kind in BEGINNINGS.map(|(_, kind)| kind).into_iter().chain(ENDINGS.map(|(_, kind)| kind)) {
            assert!(is_media_type(kind), "{kind}");
        }
        assert_eq!(media_type("scan", b"II*\0\x08\0\0\0"), "image/tiff");
    }

    #[test]
    fn by_its_name_a_picture_or_film_says_as_much_as_by_its_type() {
        for (ending, kind) in ENDINGS {
            let (by_name, by_type) =
                (name_may_say_where_it_was_taken(&format!("a.{ending}")), type_may_say_where_it_was_taken(kind));
            assert_eq!(by_name, by_type, "{ending}");
        }
        assert!(name_may_say_where_it_was_taken("IMG_1.HEIC"));
        for other in ["heic", "photo.jpg", "notes.txt", ""] {
            assert!(!name_may_say_where_it_was_taken(other), "{other}");
        }
    }
}
