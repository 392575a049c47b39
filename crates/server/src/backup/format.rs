//! The form of a backup file.
//!
//! ```text
//! file    = "huis backup 1 open\n" ‖ records  |  "huis backup 1 sealed\n" ‖ age(records)
//! record  = kind (1) ‖ length (4) ‖ bytes
//! records = description (JSON) ‖ secrets ‖ piece of the database … ‖ end
//! end     = SHA-256(first line ‖ all records before) ‖ HMAC-SHA256(binding, that hash)
//! ```
//!
//! `secrets` is JSON: the server's small files, and `binding`, 32 random bytes. In an open backup it is itself a file of
//! age, so that nobody who cannot open it can put another database beside these secrets.

use std::collections::BTreeMap;
use std::io::{self, ErrorKind, Read, Write};

use hmac::{Hmac, Mac as _};
use huis_proto::IncarnationId;
use huis_proto::rest::Secret;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// The form that this version writes, and the newest that it reads.
pub(super) const FORM: u32 = 1;

/// The longest record.
const LONGEST_RECORD: u32 = 16 * 1024 * 1024;
/// The longest first line.
const LONGEST_LINE: usize = 64;
const BEGINNING: &str = "huis backup ";

/// What a backup says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Description {
    /// When it was made, in milliseconds since 1970.
    pub made_at_ms: u64,
    /// The version of Huis that made it.
    pub huis: String,
    /// The schema of its database.
    pub schema: u32,
    /// The life of the store that it was made of.
    pub incarnation: IncarnationId,
    /// What its database takes.
    pub database_bytes: u64,
}

/// The server's small files.
#[derive(Serialize, Deserialize)]
pub(super) struct Secrets {
    /// The key of the seal at the end, in base64url.
    pub(super) binding: Secret,
    /// Each file's content, in base64url, by its path in the data folder.
    pub(super) files: BTreeMap<String, Secret>,
}

/// Whether the secrets alone are sealed, or everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Open,
    Sealed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Kind {
    Description = 1,
    Secrets = 2,
    Piece = 3,
    End = 4,
}

#[derive(Debug)]
pub(super) enum FormatError {
    Io(io::Error),
    NotABackup,
    Newer(u32),
    Damaged(&'static str),
    WrongKey,
}

/// What ends before it should.
pub(super) const CUT: FormatError = FormatError::Damaged("it ends too early");
const CHANGED: FormatError = FormatError::Damaged("its bytes are not those that were written");

impl From<io::Error> for FormatError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            ErrorKind::UnexpectedEof => CUT,
            // So age says that bytes were changed, or that the last ones are missing.
            ErrorKind::InvalidData | ErrorKind::InvalidInput => CHANGED,
            _ => Self::Io(error),
        }
    }
}

impl Form {
    pub(super) fn first_line(self) -> String {
        let word = match self {
            Self::Open => "open",
            Self::Sealed => "sealed",
        };
        format!("{BEGINNING}{FORM} {word}\n")
    }

    pub(super) fn read(from: &mut impl Read) -> Result<Self, FormatError> {
        let mut line = Vec::new();
        let mut byte = [0];
        while line.len() < LONGEST_LINE && !line.ends_with(b"\n") {
            match from.read_exact(&mut byte) {
                Ok(()) => line.extend_from_slice(&byte),
                Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Err(FormatError::NotABackup),
                Err(error) => return Err(error.into()),
            }
        }
        let line = std::str::from_utf8(&line).ok().and_then(|line| line.strip_suffix('\n'));
        let rest = line.and_then(|line| line.strip_prefix(BEGINNING)).ok_or(FormatError::NotABackup)?;
        let (number, word) = rest.split_once(' ').ok_or(FormatError::NotABackup)?;
        match (number.parse(), word) {
            (Ok(FORM), "open") => Ok(Self::Open),
            (Ok(FORM), "sealed") => Ok(Self::Sealed),
            (Ok(found), _) if found > FORM => Err(FormatError::Newer(found)),
            _ => Err(FormatError::NotABackup),
        }
    }
}

/// Writes records, and the hash of all of them at the end.
pub(super) struct Writer<W> {
    to: W,
    hash: Sha256,
}

impl<W: Write> Writer<W> {
    pub(super) fn new(to: W, form: Form) -> Self {
        Self { to, hash: Sha256::new_with_prefix(form.first_line()) }
    }

    pub(super) fn record(&mut self, kind: Kind, bytes: &[u8]) -> io::Result<()> {
        let length = u32::try_from(bytes.len()).ok().filter(|length| *length <= LONGEST_RECORD);
        let length = length.ok_or_else(|| io::Error::other("a record is too long"))?;
        let mut head = [kind as u8, 0, 0, 0, 0];
        head[1..].copy_from_slice(&length.to_be_bytes());
        for part in [&head, bytes] {
            self.hash.update(part);
            self.to.write_all(part)?;
        }
        Ok(())
    }

    /// Writes the end; what was written to is given back.
    pub(super) fn end(mut self, binding: &[u8]) -> io::Result<W> {
        let hash: [u8; 32] = self.hash.clone().finalize().into();
        self.record(Kind::End, &[hash, sealed(binding, &hash)].concat())?;
        Ok(self.to)
    }
}

/// Reads records in the order in which they stand.
pub(super) struct Reader<R> {
    from: R,
    hash: Sha256,
    record: Vec<u8>,
}

impl<R: Read> Reader<R> {
    pub(super) fn new(from: R, form: Form) -> Self {
        Self { from, hash: Sha256::new_with_prefix(form.first_line()), record: Vec::new() }
    }

    /// The next record, which has to be of this kind.
    pub(super) fn record(&mut self, kind: Kind) -> Result<&[u8], FormatError> {
        let mut head = [0; 5];
        self.from.read_exact(&mut head)?;
        let [found, length @ ..] = head;
        let length = u32::from_be_bytes(length);
        if found != kind as u8 || length > LONGEST_RECORD {
            return Err(CHANGED);
        }
        self.record.clear();
        // Grows with what comes, and not with what is promised.
        (&mut self.from).take(length.into()).read_to_end(&mut self.record)?;
        if self.record.len() as u64 != u64::from(length) {
            return Err(CUT);
        }
        if kind != Kind::End {
            self.hash.update(head);
            self.hash.update(&self.record);
        }
        Ok(&self.record)
    }

    /// Reads the end, and sees that everything is as it was written, and that nothing stands behind.
    pub(super) fn end(mut self, binding: &[u8]) -> Result<(), FormatError> {
        let hash: [u8; 32] = self.hash.clone().finalize().into();
        let end = self.record(Kind::End)?;
        let (said, seal) = end.split_at_checked(hash.len()).ok_or(CHANGED)?;
        if said != hash || mac(binding).chain_update(hash).verify_slice(seal).is_err() {
            return Err(CHANGED);
        }
        match self.from.read(&mut [0])? {
            0 => Ok(()),
            _ => Err(FormatError::Damaged("something stands behind its end")),
        }
    }
}

fn sealed(binding: &[u8], hash: &[u8]) -> [u8; 32] {
    mac(binding).chain_update(hash).finalize().into_bytes().into()
}

fn mac(binding: &[u8]) -> Hmac<Sha256> {
    match Hmac::new_from_slice(binding) {
        Ok(mac) => mac,
        Err(_) => unreachable!("HMAC takes keys of any length"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written() -> Vec<u8> {
        let mut bytes = Form::Open.first_line().into_bytes();
        let mut writer = Writer::new(&mut bytes, Form::Open);
        writer.record(Kind::Description, b"{}").unwrap();
        writer.record(Kind::Piece, &[7; 300]).unwrap();
        writer.end(b"the binding").unwrap();
        bytes
    }

    fn read(mut bytes: &[u8], binding: &[u8]) -> Result<(), FormatError> {
        let form = Form::read(&mut bytes)?;
        let mut reader = Reader::new(bytes, form);
        assert_eq!(reader.record(Kind::Description)?, b"{}");
        assert_eq!(reader.record(Kind::Piece)?.len(), 300);
        reader.end(binding)
    }

    #[test]
    fn the_form_is_changed_on_purpose_alone() {
        let shown: String = written().iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(
            shown.replace(&"07".repeat(300), "…"),
            "68756973206261636b75702031206f70656e0a\
             01000000027b7d\
             030000012c…\
             0400000040"
                .to_owned()
                + &shown[shown.len() - 128..]
        );
        assert!(read(&written(), b"the binding").is_ok());
    }

    #[test]
    fn what_is_cut_changed_lengthened_or_bound_otherwise_is_refused() {
        let good = written();
        for length in 0..good.len() {
            assert!(read(&good[..length], b"the binding").is_err(), "cut to {length}");
        }
        // A piece's own bytes are looked at by the test of one that reads them.
        for place in (0..26).chain(331..good.len()) {
            let mut bytes = good.clone();
            bytes[place] ^= 1;
            let read = std::panic::catch_unwind(|| read(&bytes, b"the binding").is_err());
            assert!(read.unwrap_or(true), "byte {place}");
        }
        let changed_piece = {
            let mut bytes = good.clone();
            bytes[100] ^= 1;
            bytes
        };
        assert!(matches!(read(&changed_piece, b"the binding"), Err(FormatError::Damaged(_))));
        let longer = [&good[..], b"x"].concat();
        assert!(matches!(read(&longer, b"the binding"), Err(FormatError::Damaged(_))));
        assert!(matches!(read(&good, b"another binding"), Err(FormatError::Damaged(_))));
    }

    #[test]
    fn other_files_and_later_forms_are_told_apart() {
        for other in ["", "SQLite format 3\0", "huis backup", "huis backup 1 shut\n", "huis backup one open\n"] {
            let told = Form::read(&mut other.as_bytes());
            assert!(matches!(told, Err(FormatError::NotABackup)), "{other:?}: {told:?}");
        }
        let told = Form::read(&mut &b"huis backup 2 folded\n"[..]);
        assert!(matches!(told, Err(FormatError::Newer(2))), "{told:?}");
    }
}
