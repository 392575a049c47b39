//! The checksum of a part, made while it comes.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use huis_proto::rest::headers;
use sha1::Sha1;
use sha2::{Digest as _, Sha256};

use super::super::problem::Refusal;

/// What a part's header says that it is, and what came of it.
pub(super) struct Checksum {
    made: Made,
    said: Vec<u8>,
}

enum Made {
    Sha1(Sha1),
    Sha256(Sha256),
}

impl Checksum {
    /// What a request says, if it does.
    pub(super) fn of(headers: &HeaderMap) -> Result<Option<Self>, Refusal> {
        let Some(value) = headers.get(headers::UPLOAD_CHECKSUM) else { return Ok(None) };
        Self::read(value.to_str().unwrap_or_default()).map(Some)
    }

    fn read(text: &str) -> Result<Self, Refusal> {
        let malformed =
            || Refusal::bad_request("The header Upload-Checksum is `sha256` or `sha1`, a space, and base64.");
        let (algorithm, said) = text.split_once(' ').ok_or_else(malformed)?;
        let (made, length) = match algorithm {
            "sha1" => (Made::Sha1(Sha1::default()), 20),
            "sha256" => (Made::Sha256(Sha256::default()), 32),
            _ => return Err(malformed()),
        };
        let said = STANDARD.decode(said.trim()).map_err(|_| malformed())?;
        if said.len() == length { Ok(Self { made, said }) } else { Err(malformed()) }
    }

    pub(super) fn add(&mut self, bytes: &[u8]) {
        match &mut self.made {
            Made::Sha1(hash) => hash.update(bytes),
            Made::Sha256(hash) => hash.update(bytes),
        }
    }

    /// Whether it is what was said.
    pub(super) fn holds(self) -> bool {
        match self.made {
            Made::Sha1(hash) => hash.finalize().as_slice() == self.said,
            Made::Sha256(hash) => hash.finalize().as_slice() == self.said,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Checksums of "abc": FIPS 180-4, and the ends of its examples.
    const SHA1: &str = "sha1 qZk+NkcGgWq6PiVxeFDCbJzQ2J0=";
    const SHA256: &str = "sha256 ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=";

    #[test]
    fn what_came_is_what_was_said_or_not() {
        for said in [SHA1, SHA256] {
            for (portions, holds) in [([&b"a"[..], b"bc"], true), ([b"abc", b"d"], false), ([b"", b"ab"], false)] {
                let mut checksum = Checksum::read(said).map_err(|refusal| refusal.0).unwrap();
                portions.iter().for_each(|portion| checksum.add(portion));
                assert_eq!(checksum.holds(), holds, "{said} {portions:?}");
            }
        }
    }

    #[test]
    fn what_is_no_checksum_is_refused() {
        let short = "sha256 qZk+NkcGgWq6PiVxeFDCbJzQ2J0=";
        for wrong in ["", "sha1", "sha1 ", "sha1 !!", "md5 kAFQmDzST7DWlj99KOF/cg==", "SHA1 qZk+", short] {
            assert!(Checksum::read(wrong).is_err(), "{wrong:?}");
        }
    }
}
