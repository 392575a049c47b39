//! The server's own keys, each in a file of its own outside the database.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::rngs::OsRng;
use rand::{CryptoRng, RngCore};
use zeroize::Zeroizing;

use crate::delivery::FrankingKey;
use crate::passwords::OpaqueServer;
use crate::push::Vapid;

/// The server's keys. `Debug` is left out on purpose.
pub struct Keys {
    pub(crate) opaque_setup: Zeroizing<Vec<u8>>,
    pub(crate) token_signing: Zeroizing<[u8; 32]>,
    pub(crate) sealing: Zeroizing<[u8; 32]>,
    franking: Zeroizing<[u8; 32]>,
    push: Zeroizing<[u8; 32]>,
}

/// The keys can't be had.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// A file or folder can't be read or written.
    #[error("{path}: {error}")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// A key is missing although the server has run before.
    #[error(
        "{0} is missing although this server has a database: restore it from a backup. A fresh key would not fit what the database holds"
    )]
    Missing(PathBuf),
    /// A key file holds no key of its kind.
    #[error("{0} is no key file of this version: restore it from a backup")]
    Form(PathBuf),
}

/// The folder of the keys in the data folder.
pub(crate) const FOLDER: &str = "keys";
const OPAQUE_SETUP: &str = "opaque-setup";
const TOKEN_SIGNING: &str = "token-signing";
const SEALING: &str = "sealing";
const FRANKING: &str = "franking";
const PUSH: &str = "push";
/// Every key's file.
pub(crate) const FILES: [&str; 5] = [OPAQUE_SETUP, TOKEN_SIGNING, SEALING, FRANKING, PUSH];

impl Keys {
    /// Fresh keys, which are stored nowhere.
    pub fn generate(rng: &mut (impl RngCore + CryptoRng)) -> Self {
        Self {
            opaque_setup: OpaqueServer::generate(rng),
            token_signing: random(rng),
            sealing: random(rng),
            franking: random(rng),
            push: Vapid::random(rng),
        }
    }

    /// The keys of the data folder, which is made (mode 0700) if it is not there. At the first start the keys are made
    /// (mode 0600); later (`has_run_before`: there is a database) a missing one is an error.
    ///
    /// # Errors
    /// [`KeyError`] names the file.
    pub fn open_or_make(
        rng: &mut (impl RngCore + CryptoRng),
        data: &Path,
        has_run_before: bool,
    ) -> Result<Self, KeyError> {
        make_private_folder(data)?;
        let folder = data.join(FOLDER);
        make_private_folder(&folder)?;
        Self::read(rng, &folder, has_run_before)
    }

    /// The keys of a data folder that has them; nothing is made.
    ///
    /// # Errors
    /// [`KeyError`] names the file.
    pub fn open(data: &Path) -> Result<Self, KeyError> {
        Self::read(&mut OsRng, &data.join(FOLDER), true)
    }

    /// The key files of this data folder that other users of the machine may read.
    pub(crate) fn open_to_others(data: &Path) -> Vec<PathBuf> {
        let folder = data.join(FOLDER);
        FILES.iter().map(|name| folder.join(name)).filter(|path| others_may_read(path)).collect()
    }

    fn read(rng: &mut (impl RngCore + CryptoRng), folder: &Path, has_run_before: bool) -> Result<Self, KeyError> {
        let opaque_setup = key(folder, OPAQUE_SETUP, has_run_before, || OpaqueServer::generate(rng))?;
        if OpaqueServer::from_stored(&opaque_setup).is_err() {
            return Err(KeyError::Form(folder.join(OPAQUE_SETUP)));
        }
        let mut key32 = |name| {
            let fresh = || Zeroizing::new(random(rng).to_vec());
            let bytes = key(folder, name, has_run_before, fresh)?;
            let bytes: [u8; 32] = bytes.as_slice().try_into().map_err(|_| KeyError::Form(folder.join(name)))?;
            Ok(Zeroizing::new(bytes))
        };
        Ok(Self {
            token_signing: key32(TOKEN_SIGNING)?,
            sealing: key32(SEALING)?,
            franking: key32(FRANKING)?,
            push: push_key(rng, folder, has_run_before)?,
            opaque_setup,
        })
    }

    /// Whether this is the data folder of a server that has had keys.
    pub(crate) fn are_in(data: &Path) -> bool {
        data.join(FOLDER).is_dir()
    }

    /// Who the server is to push services.
    pub(crate) fn vapid(&self) -> Option<Vapid> {
        Vapid::new(self.push.as_slice())
    }

    /// What the store puts under its entries, and reports are held against.
    pub fn franking(&self) -> Arc<FrankingKey> {
        Arc::new(FrankingKey::new(*self.franking))
    }
}

fn push_key(
    rng: &mut (impl RngCore + CryptoRng),
    folder: &Path,
    has_run_before: bool,
) -> Result<Zeroizing<[u8; 32]>, KeyError> {
    let fresh = || Zeroizing::new(Vapid::random(rng).to_vec());
    let bytes = key(folder, PUSH, has_run_before, fresh)?;
    let bytes: Option<[u8; 32]> =
        bytes.as_slice().try_into().ok().filter(|bytes: &[u8; 32]| Vapid::new(bytes).is_some());
    bytes.map(Zeroizing::new).ok_or(KeyError::Form(folder.join(PUSH)))
}

/// Makes the folder with mode 0700, unless it is there.
pub(crate) fn make_private_folder(path: &Path) -> Result<(), KeyError> {
    let mut builder = DirBuilder::new();
    builder.recursive(true).mode(0o700);
    builder.create(path).map_err(|error| KeyError::Io { path: path.into(), error })
}

/// Writes a file that only this user may read (mode 0600), whole or not at all.
pub(crate) fn write_private(path: &Path, content: &[u8]) -> Result<(), KeyError> {
    let attempt = || {
        let unfinished = path.with_extension("unfinished");
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&unfinished)?;
        file.write_all(content)?;
        file.sync_all()?;
        fs::rename(&unfinished, path)?;
        match path.parent() {
            Some(folder) => File::open(folder)?.sync_all(),
            None => Ok(()),
        }
    };
    attempt().map_err(|error| KeyError::Io { path: path.into(), error })
}

fn random(rng: &mut (impl RngCore + CryptoRng)) -> Zeroizing<[u8; 32]> {
    let mut bytes = Zeroizing::new([0; 32]);
    rng.fill_bytes(bytes.as_mut());
    bytes
}

fn key(
    folder: &Path,
    name: &str,
    has_run_before: bool,
    fresh: impl FnOnce() -> Zeroizing<Vec<u8>>,
) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    let path = folder.join(name);
    let title = format!("huis {name} key v1\n");
    match fs::read_to_string(&path) {
        Ok(text) => {
            let text = Zeroizing::new(text);
            warn_if_others_may_read(&path);
            let key = text.strip_prefix(&title).and_then(|key| URL_SAFE_NO_PAD.decode(key.trim_end()).ok());
            key.map(Zeroizing::new).ok_or(KeyError::Form(path))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            if has_run_before {
                return Err(KeyError::Missing(path));
            }
            let key = fresh();
            let encoded = Zeroizing::new(URL_SAFE_NO_PAD.encode(key.as_slice()));
            let content = Zeroizing::new([title.as_str(), encoded.as_str(), "\n"].concat());
            write_private(&path, content.as_bytes())?;
            Ok(key)
        }
        Err(error) if error.kind() == io::ErrorKind::InvalidData => Err(KeyError::Form(path)),
        Err(error) => Err(KeyError::Io { path, error }),
    }
}

fn warn_if_others_may_read(path: &Path) {
    if others_may_read(path) {
        tracing::warn!(path = %path.display(), "other users of this machine may read a key file; chmod 600 it");
    }
}

/// Whether it lets anybody but its owner in; not if it is not there.
pub(crate) fn others_may_read(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|metadata| metadata.permissions().mode() & 0o077 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn keys_are_made_once_for_this_user_alone() {
        let parent = tempfile::tempdir().unwrap();
        let data = parent.path().join("data");
        let made = Keys::open_or_make(&mut OsRng, &data, false).unwrap();
        let found = Keys::open_or_make(&mut OsRng, &data, true).unwrap();
        assert_eq!(made.opaque_setup, found.opaque_setup);
        assert_eq!(made.token_signing, found.token_signing);
        assert_ne!(made.token_signing, made.sealing);
        assert_eq!((mode(&data), mode(&data.join("keys"))), (0o700, 0o700));
        for name in FILES {
            assert_eq!(mode(&data.join("keys").join(name)), 0o600, "{name}");
        }
    }

    #[test]
    fn a_lost_or_damaged_key_is_never_silently_replaced() {
        let data = tempfile::tempdir().unwrap();
        Keys::open_or_make(&mut OsRng, data.path(), false).unwrap();
        let path = data.path().join("keys").join(OPAQUE_SETUP);
        let other = fs::read(data.path().join("keys").join(SEALING)).unwrap();
        for damaged in [&b""[..], b"huis opaque-setup key v1\n!!\n", b"\xff", &other] {
            fs::write(&path, damaged).unwrap();
            let error = Keys::open_or_make(&mut OsRng, data.path(), true).err().unwrap();
            assert!(matches!(error, KeyError::Form(_)), "{error}");
        }
        fs::remove_file(&path).unwrap();
        let error = Keys::open_or_make(&mut OsRng, data.path(), true).err().unwrap();
        assert!(matches!(error, KeyError::Missing(_)), "{error}");
    }
}
