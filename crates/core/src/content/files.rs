//! Files that a message brings: what is said of each inside the seal.

use std::collections::BTreeSet;
use std::fmt;

use huis_proto::{BlobId, Bytes, Bytes32, limits};
use serde::{Deserialize, Serialize};

use super::ContentError;
use crate::card::is_picture;
use crate::files::{FileKey, LARGEST};

/// The longest name of a file, in bytes of UTF-8.
pub const FILE_NAME: usize = 255;
/// The longest media type, in bytes.
pub const MEDIA_TYPE: usize = 127;
/// The largest thumbnail, in bytes.
pub const THUMBNAIL: usize = 16 * 1024;
/// What all thumbnails of one message have together at most, in bytes.
pub const THUMBNAILS: usize = 48 * 1024;
/// The longest that a file may be said to play: 30 days, in milliseconds.
pub const LONGEST_PLAY_MS: u64 = 30 * 24 * 3600 * 1000;
/// In how many parts at most it is said how loud a file is.
pub const PEAKS: usize = 64;
/// The longest text beside files, in bytes of UTF-8.
pub const CAPTION: usize = 16 * 1024;
/// The media type of what has none that is known.
pub const UNKNOWN_TYPE: &str = "application/octet-stream";

/// One file.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SharedFile {
    /// What the server calls its ciphertext.
    pub id: BlobId,
    /// Opens it.
    pub key: FileKey,
    /// SHA-256 of the file.
    pub hash: Bytes32,
    /// Its size, in bytes.
    pub size: u64,
    /// Its name as the sender has it, 1 to [`FILE_NAME`] bytes. **Made safe before a file is written under it**
    /// ([`safe_name`](crate::files::safe_name)).
    pub name: String,
    /// What it is, as the sender says: `type/subtype` in lower case, at most [`MEDIA_TYPE`] bytes.
    #[serde(rename = "type")]
    pub media_type: String,
    /// A small picture of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thumbnail: Option<Thumbnail>,
    /// How long it plays, in milliseconds: at most [`LONGEST_PLAY_MS`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<u64>,
    /// Whether it was spoken for this message: of sound alone, for such a file is shown without its name.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub voice: bool,
    /// How loud it is from its beginning to its end, in 1 to [`PEAKS`] equal parts of a byte each: from 0 for silence to 255
    /// for the loudest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peaks: Option<Bytes>,
}

/// A small picture of a file, and the measures of the file's own picture.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Thumbnail {
    /// PNG, JPEG or WebP by its first bytes, at most [`THUMBNAIL`] bytes.
    pub picture: Bytes,
    /// How wide the file's picture is, in pixels.
    pub width: u32,
    /// How high the file's picture is, in pixels.
    pub height: u32,
}

/// What it is called and holds is nobody's business but the members'.
impl fmt::Debug for SharedFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedFile").field("id", &self.id).finish_non_exhaustive()
    }
}

impl fmt::Debug for Thumbnail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Thumbnail(…)")
    }
}

impl SharedFile {
    /// The file without what breaks the rules and can be done without: who sends it may be another client, or an enemy.
    fn tidied(mut self) -> Self {
        if self.name.is_empty() {
            self.name = "file".into();
        }
        self.name.truncate(self.name.floor_char_boundary(FILE_NAME));
        if !is_media_type(&self.media_type) {
            self.media_type = UNKNOWN_TYPE.into();
        }
        // Its name is not shown, and yet is what it is saved under.
        self.voice &= self.media_type.starts_with("audio/");
        self.thumbnail = self.thumbnail.filter(|thumbnail| check_thumbnail(thumbnail).is_ok());
        self.duration_ms = self.duration_ms.filter(|ms| *ms <= LONGEST_PLAY_MS);
        self.peaks = self.peaks.filter(are_peaks);
        self
    }
}

/// The files of a message from elsewhere, as they are taken.
pub(super) fn tidied(files: Vec<SharedFile>) -> Vec<SharedFile> {
    let mut room = THUMBNAILS;
    let mut tidied: Vec<_> = files.into_iter().map(SharedFile::tidied).collect();
    for file in &mut tidied {
        let bytes = file.thumbnail.as_ref().map_or(0, |thumbnail| thumbnail.picture.len());
        match room.checked_sub(bytes) {
            Some(left) => room = left,
            None => file.thumbnail = None,
        }
    }
    tidied
}

/// Whether a message may bring these files.
pub(super) fn check(files: &[SharedFile]) -> Result<(), ContentError> {
    let count = files.len();
    if count == 0 {
        return Err(ContentError::Empty("list of files"));
    }
    if count > limits::FILES_PER_MESSAGE {
        return Err(ContentError::TooManyFiles { count });
    }
    let mut ids = BTreeSet::new();
    let mut thumbnails = 0;
    for file in files {
        super::full("name of a file", &file.name)?;
        super::short("name of a file", &file.name, FILE_NAME)?;
        if file.size > LARGEST {
            return Err(ContentError::FileTooLarge { size: file.size });
        }
        if !is_media_type(&file.media_type) {
            return Err(ContentError::MediaType);
        }
        if !ids.insert(file.id) {
            return Err(ContentError::FileTwice);
        }
        if let Some(thumbnail) = &file.thumbnail {
            check_thumbnail(thumbnail)?;
            thumbnails += thumbnail.picture.len();
        }
        if file.duration_ms.is_some_and(|ms| ms > LONGEST_PLAY_MS) {
            return Err(ContentError::PlaysTooLong);
        }
        if file.peaks.as_ref().is_some_and(|peaks| !are_peaks(peaks)) {
            return Err(ContentError::Peaks);
        }
    }
    if thumbnails > THUMBNAILS {
        return Err(ContentError::TooLong { what: "thumbnails", bytes: thumbnails, most: THUMBNAILS });
    }
    Ok(())
}

fn check_thumbnail(thumbnail: &Thumbnail) -> Result<(), ContentError> {
    let bytes = thumbnail.picture.len();
    if bytes > THUMBNAIL {
        return Err(ContentError::TooLong { what: "thumbnail", bytes, most: THUMBNAIL });
    }
    let measured = (1..=65_535).contains(&thumbnail.width) && (1..=65_535).contains(&thumbnail.height);
    if measured && is_picture(&thumbnail.picture) { Ok(()) } else { Err(ContentError::Thumbnail) }
}

fn are_peaks(peaks: &Bytes) -> bool {
    (1..=PEAKS).contains(&peaks.len())
}

/// Whether a text is a media type without parameters (RFC 6838, section 4.2), in lower case.
pub fn is_media_type(text: &str) -> bool {
    let is_name = |name: &str| {
        name.starts_with(|first: char| first.is_ascii_lowercase() || first.is_ascii_digit())
            && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "!#$&-^_.+".contains(c))
    };
    text.len() <= MEDIA_TYPE && text.split_once('/').is_some_and(|(kind, rest)| is_name(kind) && is_name(rest))
}

#[cfg(test)]
impl super::Content {
    /// A message that brings this file, for tests.
    pub(crate) fn a_file(id: BlobId) -> Self {
        let file = SharedFile {
            id,
            key: FileKey::from_bytes(&[7; 32]),
            hash: Bytes32([9; 32]),
            size: 5_000_000_000,
            name: "Zoë’s plan.pdf".into(),
            media_type: "application/pdf".into(),
            thumbnail: None,
            duration_ms: None,
            voice: false,
            peaks: None,
        };
        Self::Files {
            files: vec![file],
            body: String::new(),
            mentions: vec![],
            reply_to: None,
            forwarded: false,
            stay: super::Stay::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Content, excerpt};
    use super::*;

    fn file(number: u8) -> SharedFile {
        Content::a_file(BlobId::from_bytes([number; 16])).files()[0].clone()
    }

    fn thumbnail(bytes: usize) -> Thumbnail {
        let mut picture = b"\xff\xd8\xff".to_vec();
        picture.resize(bytes, 0);
        Thumbnail { picture: Bytes(picture), width: 4000, height: 3000 }
    }

    fn content(files: Vec<SharedFile>) -> Content {
        let stay = super::super::Stay::default();
        Content::Files { files, body: String::new(), mentions: vec![], reply_to: None, forwarded: false, stay }
    }

    /// What arrives where this is sent without a check.
    fn received(files: &[SharedFile]) -> Result<Content, ContentError> {
        use std::collections::BTreeMap;
        let fields = BTreeMap::from([("files", files)]);
        Content::from_bytes(&huis_proto::codec::to_versioned(1, &BTreeMap::from([("file", fields)])))
    }

    #[test]
    fn media_types_are_known_by_their_form() {
        for good in ["text/plain", "image/svg+xml", "application/vnd.oasis.opendocument.text", UNKNOWN_TYPE] {
            assert!(is_media_type(good), "{good}");
        }
        for bad in ["", "text", "text/", "/plain", "Text/plain", "text/html; charset=utf-8", "a/b/c", "a b/c", "é/a"] {
            assert!(!is_media_type(bad), "{bad}");
        }
        assert!(!is_media_type(&format!("text/{}", "x".repeat(MEDIA_TYPE))));
    }

    #[test]
    fn what_breaks_the_rules_is_not_sent() {
        let sends = |file: SharedFile| content(vec![file]).to_bytes().map(|_| ());
        assert_eq!(sends(file(1)), Ok(()));
        assert_eq!(content(vec![]).to_bytes(), Err(ContentError::Empty("list of files")));
        assert_eq!(content(vec![file(1), file(1)]).to_bytes(), Err(ContentError::FileTwice));
        let many: Vec<_> = (0..33).map(file).collect();
        assert!(content(many[..32].to_vec()).to_bytes().is_ok());
        assert_eq!(content(many).to_bytes(), Err(ContentError::TooManyFiles { count: 33 }));
        assert_eq!(sends(SharedFile { name: String::new(), ..file(1) }), Err(ContentError::Empty("name of a file")));
        let long = "x".repeat(FILE_NAME + 1);
        assert!(matches!(sends(SharedFile { name: long, ..file(1) }), Err(ContentError::TooLong { .. })));
        assert_eq!(sends(SharedFile { media_type: "x".into(), ..file(1) }), Err(ContentError::MediaType));
        let size = LARGEST + 1;
        assert_eq!(sends(SharedFile { size, ..file(1) }), Err(ContentError::FileTooLarge { size }));
        let with = |thumbnail| SharedFile { thumbnail: Some(thumbnail), ..file(1) };
        assert_eq!(sends(with(thumbnail(THUMBNAIL))), Ok(()));
        assert!(matches!(sends(with(thumbnail(THUMBNAIL + 1))), Err(ContentError::TooLong { .. })));
        assert_eq!(sends(with(Thumbnail { width: 0, ..thumbnail(9) })), Err(ContentError::Thumbnail));
        let svg = Thumbnail { picture: Bytes(b"<svg/>".to_vec()), ..thumbnail(9) };
        assert_eq!(sends(with(svg)), Err(ContentError::Thumbnail));
        let plays = |ms| SharedFile { duration_ms: Some(ms), ..file(1) };
        assert_eq!(sends(plays(LONGEST_PLAY_MS)), Ok(()));
        assert_eq!(sends(plays(LONGEST_PLAY_MS + 1)), Err(ContentError::PlaysTooLong));
        let loud = |parts| SharedFile { peaks: Some(Bytes(vec![255; parts])), ..file(1) };
        assert_eq!(sends(loud(PEAKS)), Ok(()));
        assert_eq!(sends(loud(PEAKS + 1)), Err(ContentError::Peaks));
        assert_eq!(sends(loud(0)), Err(ContentError::Peaks));
        let four = (1..5).map(|number| SharedFile { id: file(number).id, ..with(thumbnail(THUMBNAIL)) }).collect();
        assert!(matches!(content(four).to_bytes(), Err(ContentError::TooLong { what: "thumbnails", .. })));
    }

    #[test]
    fn what_arrives_is_taken_without_what_it_can_do_without() {
        let hostile = SharedFile {
            name: "é".repeat(200),
            media_type: "text/html; charset=utf-8".into(),
            thumbnail: Some(Thumbnail { picture: Bytes(b"<svg/>".to_vec()), width: 1, height: 1 }),
            duration_ms: Some(LONGEST_PLAY_MS + 1),
            peaks: Some(Bytes(vec![0; PEAKS + 1])),
            ..file(1)
        };
        let tidied = SharedFile { name: "é".repeat(127), media_type: UNKNOWN_TYPE.into(), ..file(1) };
        assert_eq!(received(&[hostile]), Ok(content(vec![tidied])));
        // No name is hidden behind what only sound can be.
        for (media_type, taken, voice) in [
            ("audio/webm", "audio/webm", true),
            ("application/x-msdownload", "application/x-msdownload", false),
            ("video/mp4", "video/mp4", false),
            ("audiobook/webm", "audiobook/webm", false),
            ("audio/webm; codecs=opus", UNKNOWN_TYPE, false),
        ] {
            let spoken = SharedFile { media_type: media_type.into(), voice: true, ..file(1) };
            let taken = SharedFile { media_type: taken.into(), voice, ..file(1) };
            assert_eq!(received(&[spoken]), Ok(content(vec![taken])), "{media_type}");
        }
        let four: Vec<_> =
            (1..5).map(|number| SharedFile { thumbnail: Some(thumbnail(THUMBNAIL)), ..file(number) }).collect();
        let mut three = four.clone();
        three[3].thumbnail = None;
        assert_eq!(received(&four), Ok(content(three)));
        // What a file is not without.
        assert_eq!(received(&[]), Err(ContentError::Empty("list of files")));
        assert_eq!(received(&[file(1), file(1)]), Err(ContentError::FileTwice));
        let size = u64::MAX;
        assert_eq!(received(&[SharedFile { size, ..file(1) }]), Err(ContentError::FileTooLarge { size }));
    }

    #[test]
    fn the_largest_message_with_files_fits_into_the_log() {
        let mut files: Vec<_> =
            (0..32).map(|number| SharedFile { name: "x".repeat(FILE_NAME), ..file(number) }).collect();
        for file in &mut files {
            file.media_type = format!("a/{}", "b".repeat(MEDIA_TYPE - 2));
            file.duration_ms = Some(LONGEST_PLAY_MS);
            file.voice = true;
            file.peaks = Some(Bytes(vec![255; PEAKS]));
            file.thumbnail = Some(thumbnail(THUMBNAILS / 32));
        }
        let account = huis_proto::AccountId::from_bytes([1; 16]);
        let message = huis_proto::MessageId::from_bytes([1; 16]);
        let largest = Content::Files {
            files,
            body: "x".repeat(CAPTION),
            mentions: vec![account; super::super::MENTIONS],
            reply_to: Some(super::super::Quote {
                target: crate::annotations::MessageRef { message, author: account },
                excerpt: excerpt(&"x".repeat(1000)).into(),
            }),
            forwarded: true,
            stay: super::super::Stay {
                timer: Some(super::super::Timer {
                    after_s: super::super::LONGEST_TIMER_S,
                    from: super::super::CountedFrom::Reading,
                }),
                once: true,
            },
        };
        // The envelope takes less than 256 bytes, and the whole is padded to a power of two.
        assert!(largest.to_bytes().unwrap().len() + 256 <= 128 * 1024);
    }

    #[test]
    fn debug_of_a_file_shows_neither_key_nor_name() {
        let shown = format!("{:?}", content(vec![SharedFile { thumbnail: Some(thumbnail(9)), ..file(0xab) }]));
        assert!(shown.contains("SharedFile { id: BlobId(abab") && !shown.contains("key"), "{shown}");
        assert!(!shown.contains("plan") && !shown.contains("255"), "{shown}");
    }
}
