//! A backup that is read.

use std::fs::File;
use std::io::{BufReader, Read, Write};
use std::path::{Path, PathBuf};

use age::Decryptor;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::Zeroizing;

use super::BackupError;
use super::format::{Description, Form, FormatError, Kind, Reader, Secrets};
use super::sealing::{Opening, head};

/// A file that is a backup by its beginning.
pub struct Backup {
    path: PathBuf,
    body: Body,
}

/// By what a backup is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// By its passphrase.
    Passphrase,
    /// By the key of one of its recipients.
    RecipientsKey,
    /// By the key that was shown when it was made.
    ShownKey,
}

enum Body {
    Open(BufReader<File>),
    Sealed(Decryptor<BufReader<File>>),
}

/// A backup that is opened, up to its database.
pub(super) struct Opened {
    pub(super) description: Description,
    pub(super) secrets: Secrets,
    binding: Zeroizing<Vec<u8>>,
    reader: Reader<Box<dyn Read>>,
    path: PathBuf,
}

impl Backup {
    /// Reads the beginning of a file.
    ///
    /// # Errors
    /// `NotABackup`, `NewerForm`, `Damaged` or `Io`.
    pub fn open(path: &Path) -> Result<Self, BackupError> {
        let mut file = BufReader::new(File::open(path).map_err(BackupError::io(path))?);
        let body = match Form::read(&mut file).map_err(BackupError::format(path))? {
            Form::Open => Body::Open(file),
            Form::Sealed => Body::Sealed(head(file).map_err(BackupError::format(path))?),
        };
        Ok(Self { path: path.into(), body })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// By what it is opened.
    pub fn needs(&self) -> Needs {
        match &self.body {
            Body::Open(_) => Needs::ShownKey,
            Body::Sealed(sealed) if sealed.is_scrypt() => Needs::Passphrase,
            Body::Sealed(_) => Needs::RecipientsKey,
        }
    }

    /// Opens it.
    pub(super) fn opened(self, opening: &Opening) -> Result<Opened, BackupError> {
        let Self { path, body } = self;
        let read = || -> Result<_, FormatError> {
            let (form, from): (Form, Box<dyn Read>) = match body {
                Body::Open(file) => (Form::Open, Box::new(file)),
                Body::Sealed(sealed) => (Form::Sealed, Box::new(opening.open(sealed)?)),
            };
            let mut reader = Reader::new(from, form);
            let description = parsed(reader.record(Kind::Description)?)?;
            let record = reader.record(Kind::Secrets)?;
            let mut secrets = Zeroizing::new(Vec::new());
            match form {
                Form::Sealed => secrets.extend_from_slice(record),
                Form::Open => {
                    opening.open(head(record)?)?.read_to_end(&mut secrets)?;
                }
            }
            let secrets: Secrets = parsed(&secrets)?;
            let binding = URL_SAFE_NO_PAD.decode(secrets.binding.expose()).map_err(|_| UNREADABLE)?;
            Ok((description, secrets, Zeroizing::new(binding), reader))
        };
        let (description, secrets, binding, reader) = read().map_err(BackupError::format(&path))?;
        Ok(Opened { description, secrets, binding, reader, path })
    }
}

impl Opened {
    /// Writes the database to `to`, and sees that the whole backup is as it was written.
    pub(super) fn database(
        mut self,
        to: &mut impl Write,
        to_path: &Path,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<(Description, Secrets), BackupError> {
        let all = self.description.database_bytes;
        let mut done = 0;
        while done < all {
            let piece = self.reader.record(Kind::Piece).map_err(BackupError::format(&self.path))?;
            done = done.saturating_add(piece.len() as u64);
            if piece.is_empty() || done > all {
                let what = "its database is not as long as it says".into();
                return Err(BackupError::Damaged { path: self.path.clone(), what });
            }
            to.write_all(piece).map_err(BackupError::io(to_path))?;
            progress(done, all);
        }
        self.reader.end(&self.binding).map_err(BackupError::format(&self.path))?;
        Ok((self.description, self.secrets))
    }
}

const UNREADABLE: FormatError = FormatError::Damaged("a part of it can't be read");

fn parsed<T: serde::de::DeserializeOwned>(bytes: &[u8]) -> Result<T, FormatError> {
    serde_json::from_slice(bytes).map_err(|_| UNREADABLE)
}
