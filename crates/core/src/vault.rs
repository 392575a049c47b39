//! The vault: the account's secrets, sealed twice, so that the password or the recovery key alone opens it.
//!
//! Form: version byte 1, then CBOR of account, number and one sealed copy for each key. Each copy is AES-256-GCM under
//! a key by HKDF-SHA512 and is bound to the version, the account, the vault's number and whether the password opens it, so
//! that a copy cannot be moved to another account or pass for a newer one, and what the account chose is not the server's
//! to change.

use huis_proto::codec::{self, CodecError};
use huis_proto::{AccountId, Bytes, Bytes32, limits};
use rand::{CryptoRng, RngCore};
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, Zeroizing};

use crate::account_state::StateKey;
use crate::identity::IdentitySecret;
use crate::password::ExportKey;
use crate::recovery::RecoveryKey;
use crate::sealing;
use crate::secret::Secret32;

/// The version byte, which every binding names too.
const VERSION: u8 = 1;
const UNDER_EXPORT_KEY: &str = "huis vault under export key v1";
const UNDER_RECOVERY_KEY: &str = "huis vault under recovery key v1";

/// What the vault holds.
#[derive(Debug, PartialEq, Eq)]
pub struct VaultContents {
    /// The account's identity.
    pub identity: IdentitySecret,
    /// From which the archive's private key comes.
    pub archive_seed: Secret32,
    /// Seals the account state.
    pub state_key: StateKey,
    /// The recovery key's wrapping key, so that a vault that was opened with the password is sealed again under both.
    recovery: Option<Secret32>,
}

/// An opened vault.
#[derive(Debug)]
pub struct OpenedVault {
    /// The secrets.
    pub contents: VaultContents,
    /// The vault's number; the caller remembers the highest it saw.
    pub number: u64,
    /// Whether the password opens it too; if not, the account chose so, and it is kept that way.
    pub under_password: bool,
}

/// Why a vault does not open.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VaultError {
    /// A lower number than is known: an old copy.
    #[error("the server gave vault number {found}, but number {known} was seen before")]
    Rollback {
        /// The number of the copy.
        found: u64,
        /// The highest number that was seen.
        known: u64,
    },
    /// The password or recovery key is another one, or the vault was changed or belongs to another account.
    #[error("the vault does not open with this key")]
    WrongKey,
    /// The account chose that its password does not open the vault.
    #[error("this vault opens with the recovery key only")]
    NotUnderPassword,
    /// The contents were never sealed under a recovery key.
    #[error("these vault contents have no recovery key yet")]
    NoRecoveryKey,
    /// Not a vault.
    #[error("the vault can't be read: {0}")]
    Form(#[from] CodecError),
}

#[derive(Serialize, Deserialize)]
struct SealedVault {
    account: AccountId,
    number: u64,
    /// Absent where the account keeps its password out of the vault.
    under_export_key: Option<Bytes>,
    under_recovery_key: Bytes,
}

#[derive(Serialize, Deserialize)]
struct Plain {
    identity: Bytes32,
    archive_seed: Bytes32,
    state_key: Bytes32,
    recovery: Bytes32,
}

impl VaultContents {
    /// Fresh secrets for a new account.
    pub fn generate(rng: &mut (impl RngCore + CryptoRng)) -> Self {
        Self {
            identity: IdentitySecret::random(rng),
            archive_seed: Secret32::random(rng),
            state_key: StateKey::random(rng),
            recovery: None,
        }
    }

    /// The sealed vault. `number` is one more than that of the vault before; without `export_key` the recovery key
    /// alone opens it.
    pub fn seal(
        &self,
        rng: &mut (impl RngCore + CryptoRng),
        account: AccountId,
        number: u64,
        export_key: Option<&ExportKey>,
        recovery: &RecoveryKey,
    ) -> Vec<u8> {
        self.seal_under(rng, account, number, export_key, &recovery_wrapping(recovery))
    }

    /// Seals an opened vault again, after a change of password or of what it holds, under the same recovery key.
    ///
    /// # Errors
    /// [`VaultError::NoRecoveryKey`] for contents that were not opened but generated.
    pub fn reseal(
        &self,
        rng: &mut (impl RngCore + CryptoRng),
        account: AccountId,
        number: u64,
        export_key: Option<&ExportKey>,
    ) -> Result<Vec<u8>, VaultError> {
        let recovery = self.recovery.as_ref().ok_or(VaultError::NoRecoveryKey)?;
        Ok(self.seal_under(rng, account, number, export_key, recovery.expose()))
    }

    fn seal_under(
        &self,
        rng: &mut (impl RngCore + CryptoRng),
        account: AccountId,
        number: u64,
        export_key: Option<&ExportKey>,
        recovery: &[u8; 32],
    ) -> Vec<u8> {
        let plain = self.to_plain(recovery);
        let bound_to = bound_to(account, number, export_key.is_some());
        let mut sealed = |key: &[u8; 32]| Bytes(sealing::seal(rng, key, &bound_to, &plain));
        let vault = SealedVault {
            account,
            number,
            under_export_key: export_key.map(|key| sealed(&sealing::derive(key.expose(), UNDER_EXPORT_KEY))),
            under_recovery_key: sealed(recovery),
        };
        codec::to_versioned(VERSION, &vault)
    }

    fn to_plain(&self, recovery: &[u8; 32]) -> Zeroizing<Vec<u8>> {
        let mut plain = Plain {
            identity: Bytes32(*self.identity.expose()),
            archive_seed: self.archive_seed.to_wire(),
            state_key: Bytes32(*self.state_key.expose()),
            recovery: Bytes32(*recovery),
        };
        let bytes = Zeroizing::new(codec::to_versioned(VERSION, &plain));
        plain.wipe();
        bytes
    }

    fn from_plain(bytes: &[u8]) -> Result<Self, CodecError> {
        let mut plain: Plain = codec::from_versioned(VERSION, bytes)?;
        let contents = Self {
            identity: IdentitySecret::from_bytes(&plain.identity.0),
            archive_seed: Secret32::from_bytes(&plain.archive_seed.0),
            state_key: StateKey::from_bytes(&plain.state_key.0),
            recovery: Some(Secret32::from_bytes(&plain.recovery.0)),
        };
        plain.wipe();
        Ok(contents)
    }
}

impl Plain {
    fn wipe(&mut self) {
        for secret in [&mut self.identity, &mut self.archive_seed, &mut self.state_key, &mut self.recovery] {
            secret.0.zeroize();
        }
    }
}

/// Opens the vault of `account` with what the password gave. `known_number` is the highest number seen before, 0 for
/// a first sign-in.
///
/// # Errors
/// [`VaultError`]; `NotUnderPassword` where only the recovery key opens it.
pub fn open_with_export_key(
    bytes: &[u8],
    account: AccountId,
    known_number: u64,
    key: &ExportKey,
) -> Result<OpenedVault, VaultError> {
    let vault = read(bytes, known_number)?;
    let sealed = vault.under_export_key.as_ref().ok_or(VaultError::NotUnderPassword)?;
    open(&vault, account, sealed, &sealing::derive(key.expose(), UNDER_EXPORT_KEY))
}

/// Opens the vault of `account` with the recovery key. `known_number` as in [`open_with_export_key`].
///
/// # Errors
/// [`VaultError`].
pub fn open_with_recovery_key(
    bytes: &[u8],
    account: AccountId,
    known_number: u64,
    key: &RecoveryKey,
) -> Result<OpenedVault, VaultError> {
    let vault = read(bytes, known_number)?;
    open(&vault, account, &vault.under_recovery_key, &recovery_wrapping(key))
}

/// The number that a sealed vault claims. **Not authenticated** before it is opened.
///
/// # Errors
/// [`VaultError::Form`].
pub fn number(bytes: &[u8]) -> Result<u64, VaultError> {
    read(bytes, 0).map(|vault| vault.number)
}

fn read(bytes: &[u8], known: u64) -> Result<SealedVault, VaultError> {
    if bytes.len() > limits::VAULT {
        return Err(
            CodecError::Malformed(format!("{} bytes, a vault has {} at most", bytes.len(), limits::VAULT)).into()
        );
    }
    let vault: SealedVault = codec::from_versioned(VERSION, bytes)?;
    if vault.number < known {
        return Err(VaultError::Rollback { found: vault.number, known });
    }
    Ok(vault)
}

fn open(vault: &SealedVault, account: AccountId, sealed: &[u8], key: &[u8; 32]) -> Result<OpenedVault, VaultError> {
    // The account that was asked for, never the one that the vault names.
    let under_password = vault.under_export_key.is_some();
    let bound_to = bound_to(account, vault.number, under_password);
    let plain = sealing::open(key, &bound_to, sealed).map_err(|_| VaultError::WrongKey)?;
    Ok(OpenedVault { contents: VaultContents::from_plain(&plain)?, number: vault.number, under_password })
}

fn recovery_wrapping(recovery: &RecoveryKey) -> Zeroizing<[u8; 32]> {
    sealing::derive(&*recovery.wrapping_secret(), UNDER_RECOVERY_KEY)
}

fn bound_to(account: AccountId, number: u64, under_password: bool) -> Vec<u8> {
    [&b"huis vault"[..], &[0, VERSION], account.as_bytes(), &number.to_be_bytes(), &[under_password.into()]].concat()
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    use super::*;

    const ACCOUNT: AccountId = AccountId::from_bytes([1; 16]);

    fn contents() -> VaultContents {
        VaultContents {
            identity: IdentitySecret::from_bytes(&[2; 32]),
            archive_seed: Secret32::from_bytes(&[3; 32]),
            state_key: StateKey::from_bytes(&[4; 32]),
            recovery: Some(Secret32::from_bytes(&recovery_wrapping(&keys().1))),
        }
    }

    fn keys() -> (ExportKey, RecoveryKey) {
        (ExportKey::from_bytes(&[5; 64]), RecoveryKey::from_bytes(&[6; 32]))
    }

    fn sealed(number: u64) -> Vec<u8> {
        let (export_key, recovery) = keys();
        contents().seal(&mut StdRng::seed_from_u64(number), ACCOUNT, number, Some(&export_key), &recovery)
    }

    #[test]
    fn a_vault_opens_with_the_password_or_the_recovery_key() {
        let (export_key, recovery) = keys();
        let opened = open_with_export_key(&sealed(3), ACCOUNT, 3, &export_key).unwrap();
        assert_eq!((opened.contents, opened.number), (contents(), 3));
        let opened = open_with_recovery_key(&sealed(3), ACCOUNT, 0, &recovery).unwrap();
        assert_eq!((opened.contents, opened.under_password), (contents(), true));
    }

    #[test]
    fn an_older_vault_than_was_seen_is_refused() {
        let (export_key, _) = keys();
        let refused = open_with_export_key(&sealed(2), ACCOUNT, 3, &export_key).unwrap_err();
        assert_eq!(refused, VaultError::Rollback { found: 2, known: 3 });
    }

    #[test]
    fn a_vault_whose_number_was_raised_does_not_open() {
        let (export_key, _) = keys();
        let mut vault: SealedVault = codec::from_versioned(VERSION, &sealed(2)).unwrap();
        vault.number = 9;
        let forged = codec::to_versioned(VERSION, &vault);
        assert_eq!(open_with_export_key(&forged, ACCOUNT, 3, &export_key).unwrap_err(), VaultError::WrongKey);
    }

    #[test]
    fn another_key_another_account_or_a_changed_byte_opens_nothing() {
        let (export_key, recovery) = keys();
        let wrong = ExportKey::from_bytes(&[9; 64]);
        assert_eq!(open_with_export_key(&sealed(1), ACCOUNT, 0, &wrong).unwrap_err(), VaultError::WrongKey);
        let wrong = RecoveryKey::from_bytes(&[9; 32]);
        assert_eq!(open_with_recovery_key(&sealed(1), ACCOUNT, 0, &wrong).unwrap_err(), VaultError::WrongKey);
        let other = AccountId::from_bytes([9; 16]);
        assert_eq!(open_with_recovery_key(&sealed(1), other, 0, &recovery).unwrap_err(), VaultError::WrongKey);
        let mut changed = sealed(1);
        *changed.last_mut().unwrap() ^= 1;
        assert_eq!(open_with_recovery_key(&changed, ACCOUNT, 0, &recovery).unwrap_err(), VaultError::WrongKey);
        assert!(open_with_export_key(&changed, ACCOUNT, 0, &export_key).is_ok());
    }

    #[test]
    fn the_password_does_not_open_a_vault_that_is_kept_from_it() {
        let (export_key, recovery) = keys();
        let sealed = contents().seal(&mut StdRng::seed_from_u64(1), ACCOUNT, 1, None, &recovery);
        let refused = open_with_export_key(&sealed, ACCOUNT, 0, &export_key).unwrap_err();
        assert_eq!(refused, VaultError::NotUnderPassword);
        assert!(!open_with_recovery_key(&sealed, ACCOUNT, 0, &recovery).unwrap().under_password);
    }

    #[test]
    fn whether_the_password_opens_a_vault_is_not_the_servers_to_say() {
        let (export_key, recovery) = keys();
        let kept_from_it = contents().seal(&mut StdRng::seed_from_u64(1), ACCOUNT, 1, None, &recovery);
        for (honest, copy) in [(kept_from_it, Some(Bytes(vec![7; 64]))), (sealed(1), None)] {
            let mut vault: SealedVault = codec::from_versioned(VERSION, &honest).unwrap();
            vault.under_export_key = copy;
            let forged = codec::to_versioned(VERSION, &vault);
            assert!(open_with_recovery_key(&honest, ACCOUNT, 0, &recovery).is_ok());
            assert_eq!(open_with_recovery_key(&forged, ACCOUNT, 0, &recovery).unwrap_err(), VaultError::WrongKey);
            assert!(open_with_export_key(&forged, ACCOUNT, 0, &export_key).is_err());
        }
    }

    #[test]
    fn a_vault_opened_with_the_password_is_sealed_again_under_a_new_password_and_the_same_recovery_key() {
        let (export_key, recovery) = keys();
        let opened = open_with_export_key(&sealed(1), ACCOUNT, 0, &export_key).unwrap().contents;
        let new = ExportKey::from_bytes(&[8; 64]);
        let again = opened.reseal(&mut StdRng::seed_from_u64(2), ACCOUNT, 2, Some(&new)).unwrap();
        assert_eq!(open_with_export_key(&again, ACCOUNT, 2, &new).unwrap().contents, contents());
        assert_eq!(open_with_recovery_key(&again, ACCOUNT, 2, &recovery).unwrap().contents, contents());
        assert_eq!(open_with_export_key(&again, ACCOUNT, 2, &export_key).unwrap_err(), VaultError::WrongKey);
        let fresh = VaultContents::generate(&mut StdRng::seed_from_u64(2));
        let refused = fresh.reseal(&mut StdRng::seed_from_u64(2), ACCOUNT, 1, None);
        assert_eq!(refused, Err(VaultError::NoRecoveryKey));
    }

    #[test]
    fn a_sealed_vault_keeps_its_bytes() {
        let hex: String = sealed(1).iter().map(|byte| format!("{byte:02x}")).collect();
        insta::assert_snapshot!(hex);
    }

    #[test]
    fn garbage_is_no_vault() {
        assert!(matches!(number(b""), Err(VaultError::Form(_))));
        assert!(matches!(number(&[1; 40]), Err(VaultError::Form(_))));
        assert!(matches!(number(&vec![1; limits::VAULT + 1]), Err(VaultError::Form(_))));
        assert_eq!(number(&sealed(7)), Ok(7));
    }

    #[test]
    fn debug_of_an_opened_vault_shows_nothing() {
        let shown = format!("{:?}", OpenedVault { contents: contents(), number: 1, under_password: true });
        assert_eq!(
            shown,
            "OpenedVault { contents: VaultContents { identity: IdentitySecret(…), archive_seed: Secret32(…), \
             state_key: StateKey(…), recovery: Some(Secret32(…)) }, number: 1, under_password: true }"
        );
    }
}
