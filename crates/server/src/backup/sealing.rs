//! What backups are sealed to and opened by: age (https://age-encryption.org/v1), so that other tools can do it too.

use std::fmt;
use std::io::{BufRead, Read, Write};
use std::iter;
use std::str::FromStr;

use age::secrecy::{ExposeSecret as _, SecretString};
use age::{DecryptError, Decryptor, Encryptor, scrypt, x25519};
use huis_proto::rest::Secret;

use super::format::{CUT, FormatError};

/// What a passphrase is stretched by: scrypt with N = 2^17, 128 MB and half a second.
const WORK_LOG_N: u8 = 17;
/// The most that is done for a file, which may come from anywhere: 1 GB.
const MOST_WORK_LOG_N: u8 = 20;
/// The shortest passphrase.
const SHORTEST: usize = 12;

/// What a backup is sealed to.
pub enum Sealing {
    /// All of it, to a passphrase.
    Passphrase(Secret),
    /// All of it, to each of these keys.
    Recipients(Vec<Recipient>),
    /// The secrets alone, to a key that is made for this backup.
    SecretsAlone,
}

/// What a backup is opened by.
pub enum Opening {
    /// A passphrase.
    Passphrase(Secret),
    /// Any of these keys.
    Keys(Vec<RestoreKey>),
}

/// The public half of a key: backups are sealed to it.
#[derive(Clone)]
pub struct Recipient(x25519::Recipient);

/// A key that opens backups. `Debug` is left out on purpose.
#[derive(Clone)]
pub struct RestoreKey(x25519::Identity);

/// What was given is no key of its kind, or too short.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UnusableKey {
    /// No recipient.
    #[error("it is no recipient, which begins with age1; `huis backup --make-key` makes one")]
    Recipient,
    /// No key.
    #[error("it is no restore key, which begins with AGE-SECRET-KEY-1")]
    Key,
    /// A passphrase that is guessed.
    #[error("the passphrase has fewer than {SHORTEST} characters")]
    Short,
}

impl Sealing {
    /// To a passphrase, if it is long enough.
    ///
    /// # Errors
    /// [`UnusableKey::Short`].
    pub fn to_passphrase(passphrase: Secret) -> Result<Self, UnusableKey> {
        match passphrase.expose().chars().count() {
            0..SHORTEST => Err(UnusableKey::Short),
            _ => Ok(Self::Passphrase(passphrase)),
        }
    }

    /// The encryptor for all of a backup; none where the secrets alone are sealed.
    pub(super) fn encryptor(&self) -> Option<Encryptor> {
        match self {
            Self::Passphrase(passphrase) => {
                let mut recipient = scrypt::Recipient::new(secret(passphrase));
                recipient.set_work_factor(WORK_LOG_N);
                Encryptor::with_recipients(iter::once(&recipient as &dyn age::Recipient)).ok()
            }
            Self::Recipients(recipients) => encryptor_to(recipients),
            Self::SecretsAlone => None,
        }
    }
}

impl Opening {
    /// Keys as a file holds them, one a line; empty lines and those that begin with # are passed over.
    ///
    /// # Errors
    /// [`UnusableKey::Key`] if there is none, or a line is none.
    pub fn keys(text: &str) -> Result<Self, UnusableKey> {
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        let keys: Vec<RestoreKey> = lines.map(str::parse).collect::<Result<_, _>>()?;
        if keys.is_empty() { Err(UnusableKey::Key) } else { Ok(Self::Keys(keys)) }
    }

    /// Opens a file of age.
    pub(super) fn open<R: Read>(&self, sealed: Decryptor<R>) -> Result<impl Read + use<R>, FormatError> {
        let opened = match self {
            Self::Passphrase(passphrase) => {
                let mut identity = scrypt::Identity::new(secret(passphrase));
                identity.set_max_work_factor(MOST_WORK_LOG_N);
                sealed.decrypt(iter::once(&identity as &dyn age::Identity))
            }
            Self::Keys(keys) => sealed.decrypt(keys.iter().map(|key| &key.0 as &dyn age::Identity)),
        };
        opened.map_err(refused)
    }
}

impl RestoreKey {
    /// A fresh key.
    pub fn generate() -> Self {
        Self(x25519::Identity::generate())
    }

    /// Its text. **Whoever has it opens the backup.**
    pub fn text(&self) -> Secret {
        Secret::new(self.0.to_string().expose_secret())
    }

    /// Its public half.
    pub fn recipient(&self) -> Recipient {
        Recipient(self.0.to_public())
    }
}

impl FromStr for RestoreKey {
    type Err = UnusableKey;

    fn from_str(text: &str) -> Result<Self, UnusableKey> {
        text.trim().parse().map(Self).map_err(|_| UnusableKey::Key)
    }
}

impl FromStr for Recipient {
    type Err = UnusableKey;

    fn from_str(text: &str) -> Result<Self, UnusableKey> {
        text.trim().parse().map(Self).map_err(|_| UnusableKey::Recipient)
    }
}

impl fmt::Display for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The encryptor to these keys; none if there is no key.
pub(super) fn encryptor_to(recipients: &[Recipient]) -> Option<Encryptor> {
    Encryptor::with_recipients(recipients.iter().map(|recipient| &recipient.0 as &dyn age::Recipient)).ok()
}

/// Seals a few bytes to one key.
pub(super) fn seal(bytes: &[u8], recipient: Recipient) -> std::io::Result<Vec<u8>> {
    let encryptor = encryptor_to(&[recipient]).ok_or_else(|| std::io::Error::other("there is no key to seal to"))?;
    let mut sealed = encryptor.wrap_output(Vec::new())?;
    sealed.write_all(bytes)?;
    sealed.finish()
}

/// Reads the head of a file of age.
pub(super) fn head<R: BufRead>(from: R) -> Result<Decryptor<R>, FormatError> {
    Decryptor::new_buffered(from).map_err(refused)
}

fn refused(error: DecryptError) -> FormatError {
    match error {
        DecryptError::NoMatchingKeys | DecryptError::DecryptionFailed | DecryptError::KeyDecryptionFailed => {
            FormatError::WrongKey
        }
        DecryptError::Io(error) => error.into(),
        DecryptError::ExcessiveWork { .. } => {
            FormatError::Damaged("its passphrase asks for more work than this machine does")
        }
        DecryptError::InvalidHeader | DecryptError::InvalidMac | DecryptError::UnknownFormat => {
            FormatError::Damaged("its head is not as it was written")
        }
        #[expect(unreachable_patterns, reason = "features of age that are not used would bring more")]
        _ => CUT,
    }
}

fn secret(text: &Secret) -> SecretString {
    SecretString::from(text.expose().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_as_files_of_age_hold_them() {
        let (one, other) = (RestoreKey::generate(), RestoreKey::generate());
        let text = format!("# made on a quiet day\n\n{}\n {} \n", one.text().expose(), other.text().expose());
        match Opening::keys(&text) {
            Ok(Opening::Keys(keys)) => assert_eq!(keys.len(), 2),
            _ => panic!("two keys"),
        }
        for wrong in ["", "# nothing\n", "age1notakey\n", "AGE-SECRET-KEY-1NO\n"] {
            assert_eq!(Opening::keys(wrong).err(), Some(UnusableKey::Key), "{wrong:?}");
        }
        assert_eq!(
            one.recipient().to_string().parse::<Recipient>().map(|key| key.to_string()).ok(),
            Some(one.recipient().to_string())
        );
        assert_eq!("AGE-SECRET-KEY-1".parse::<Recipient>().err(), Some(UnusableKey::Recipient));
    }

    #[test]
    fn a_short_passphrase_seals_nothing() {
        assert!(matches!(Sealing::to_passphrase(Secret::new("eleven char")), Err(UnusableKey::Short)));
        assert!(Sealing::to_passphrase(Secret::new("twelve chars")).is_ok());
    }
}
