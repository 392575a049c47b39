//! The built web app, as bytes inside the binary. `cargo xtask web` builds it and says where it is; a build without it
//! has no files here.

use std::borrow::Cow;
use std::fmt;

/// A file of the web app.
#[derive(Clone, Copy)]
pub struct File {
    /// Its path below the root, without a slash in front.
    pub path: &'static str,
    /// Its media type.
    pub content_type: &'static str,
    /// SHA-256 of the bytes before any compression, in lower-case hexadecimal digits.
    pub sha256: &'static str,
    /// Whether its name holds a hash of it, so that what stands under the name never changes.
    pub immutable: bool,
    /// How many bytes it has before any compression.
    pub size: usize,
    /// The bytes; none where [`gzip`](Self::gzip) gives them.
    pub plain: Option<&'static [u8]>,
    /// Compressed by brotli (RFC 7932), where that is smaller.
    pub brotli: Option<&'static [u8]>,
    /// Compressed by gzip (RFC 1952), where that is smaller.
    pub gzip: Option<&'static [u8]>,
}

/// The page at the root.
const PAGE: &str = "index.html";
/// The administration pages, which nobody needs for the messenger.
const ADMIN_PAGE: &str = "admin.html";

static FILES: &[File] = include!(concat!(env!("OUT_DIR"), "/files.rs"));

/// All files of the web app; empty in a build without it.
pub fn files() -> &'static [File] {
    FILES
}

impl File {
    /// Whether it is the app's one page.
    pub fn is_page(&self) -> bool {
        self.path == PAGE
    }

    /// Where a server serves it: the page at `/`, the administration pages at `/admin`, every other file under its path.
    pub fn url_path(&self) -> Cow<'static, str> {
        match self.path {
            PAGE => "/".into(),
            ADMIN_PAGE => "/admin".into(),
            path => format!("/{path}").into(),
        }
    }
}

impl fmt::Debug for File {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("File").field("path", &self.path).field("size", &self.size).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use sha2::{Digest, Sha256};

    use super::*;

    fn is_the_file(file: &File, bytes: &[u8]) {
        let hash: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!((hash.as_str(), bytes.len()), (file.sha256, file.size), "{file:?}");
    }

    /// Holds of whatever was built in, which may be nothing.
    #[test]
    fn every_form_of_a_file_is_the_file_whose_hash_is_named() {
        for file in files() {
            assert!(file.plain.is_some() || file.gzip.is_some(), "{file:?}");
            if let Some(plain) = file.plain {
                is_the_file(file, plain);
            }
            if let Some(gzip) = file.gzip {
                let mut bytes = Vec::new();
                flate2::read::GzDecoder::new(gzip).read_to_end(&mut bytes).unwrap();
                is_the_file(file, &bytes);
            }
            if let Some(brotli) = file.brotli {
                let mut bytes = Vec::new();
                brotli_decompressor::Decompressor::new(brotli, 4096).read_to_end(&mut bytes).unwrap();
                is_the_file(file, &bytes);
            }
        }
        let pages = files().iter().filter(|file| file.is_page()).count();
        assert_eq!(pages, usize::from(!files().is_empty()), "an app has one page");
    }

    #[test]
    fn the_page_stands_at_the_root_and_the_other_files_under_their_names() {
        let file = |path| File {
            path,
            content_type: "text/plain",
            sha256: "",
            immutable: false,
            size: 0,
            plain: Some(b""),
            brotli: None,
            gzip: None,
        };
        assert_eq!(file("index.html").url_path(), "/");
        assert_eq!(file("admin.html").url_path(), "/admin");
        assert_eq!(file("icons/192.png").url_path(), "/icons/192.png");
        assert_eq!(format!("{:?}", file("sw.js")), "File { path: \"sw.js\", size: 0, .. }");
    }
}
