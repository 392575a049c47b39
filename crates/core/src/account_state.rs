//! The sealed account state: what all devices of an account know and the server cannot read.
//!
//! Form: version byte 1, the state's number (8 bytes, big-endian), nonce and AES-256-GCM ciphertext. The ciphertext is
//! bound to form, account and number.

use std::collections::{BTreeMap, BTreeSet};

use huis_proto::codec::{self, CodecError};
use huis_proto::{AccountId, Bytes32, ConversationId, ConversationKind, limits};
use rand::{CryptoRng, RngCore};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::annotations::MessageRef;
use crate::archive::ArchiveAgreement;
use crate::card::Card;
use crate::content::TimerSetting;
use crate::conversation_settings::{ConversationSettings, is_default};
use crate::identity::IdentityKey;
use crate::sealing;
use crate::secret::secret_key;

secret_key!(
    /// Seals the account state. Lives in the vault, and in the encrypted database of each device of the account.
    StateKey
);

/// The version byte.
const VERSION: u8 = 1;
/// The size tells roughly how many contacts somebody has: its steps are an eighth of its magnitude, and so many bytes at
/// least.
const LEAST_STEP: usize = 1024;
const HEADER: usize = 9;
const LABEL: &str = "huis account state v1";
/// Nonce and tag.
const SEAL: usize = 28;

/// What the devices of an account share.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountState {
    /// The conversations that the account is in. A new device joins these alone.
    pub conversations: BTreeMap<ConversationId, KnownConversation>,
    /// The identity keys of other accounts, pinned at first use.
    pub pins: BTreeMap<AccountId, Pin>,
    /// Accounts whose messages are not shown and whose requests are dropped.
    #[serde(default)]
    pub blocked: BTreeSet<AccountId>,
    /// Settings by their name.
    #[serde(default)]
    pub settings: BTreeMap<String, Setting>,
    /// What the account shows of itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub card: Option<Card>,
    /// Messages that were opened once on one of the devices, at most [`OPENED`], the oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub opened: Vec<Opened>,
    /// What the devices agree on of the history archive, where it was ever turned on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub archive: Option<ArchiveAgreement>,
}

/// Of how many messages that were opened once the devices tell each other.
pub const OPENED: usize = 128;

/// A message that was opened once: it is gone on all of the account's devices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Opened {
    /// When, in milliseconds since 1970.
    pub at_ms: u64,
    /// Where it was said.
    pub conversation: ConversationId,
    /// The message.
    pub message: MessageRef,
}

/// A conversation as the account knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownConversation {
    /// Its kind.
    pub kind: ConversationKind,
    /// Its title, where one was given.
    #[serde(default)]
    pub title: Option<String>,
    /// Its topic, where one was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topic: Option<String>,
    /// After how long messages vanish, or that they stay, where anybody has said that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timer: Option<TimerSetting>,
    /// The accounts in it.
    pub roster: BTreeSet<AccountId>,
    /// Whether its request was accepted; nothing leaves the device for one that was not.
    pub accepted: bool,
    /// Direct: whether the other side has spoken in it. Nothing of oneself is shown to who has not.
    #[serde(default, skip_serializing_if = "is_default")]
    pub answered: bool,
    /// What a person set for it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub settings: ConversationSettings,
    /// The entry of the log up to which everything was read on one of the devices. Never goes down.
    #[serde(default, skip_serializing_if = "is_default")]
    pub read_up_to: u64,
    /// When that was, in milliseconds since 1970; 0 where it is not known. So a device that was off counts from then.
    #[serde(default, skip_serializing_if = "is_default")]
    pub read_ms: u64,
}

/// What is known of another account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pin {
    /// Its identity key.
    pub identity: IdentityKey,
    /// The number of the newest device list that was seen.
    pub list_number: u64,
    /// The hash of that list.
    pub list_hash: Bytes32,
    /// Where a person compared the safety number: when, and of which identity key. It counts for that key alone, and stays
    /// where another one is there, so that all devices see that the mark broke.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compared: Option<Comparison>,
    /// Whether it is the first that was seen, or a person has accepted it; not yet where the one before has handed the
    /// account over to it.
    pub accepted: bool,
    /// The name under which it is known here.
    #[serde(default)]
    pub name: Option<String>,
}

/// That a person compared the safety number with an account, and it was the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Comparison {
    /// The account's identity key then.
    pub identity: IdentityKey,
    /// When, in milliseconds since 1970.
    pub at_ms: u64,
    /// Whether the code was scanned; otherwise digits were compared.
    #[serde(default, skip_serializing_if = "is_default")]
    pub scanned: bool,
}

/// The value of a setting.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Setting {
    /// On or off.
    Flag(bool),
    /// A count, or a time in milliseconds.
    Number(u64),
    /// A text.
    Text(String),
}

/// Why an account state is not sealed or opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StateError {
    /// A lower number than is known: an old copy.
    #[error("the server gave account state number {found}, but number {known} was seen before")]
    Rollback {
        /// The number of the copy.
        found: u64,
        /// The highest number that was seen.
        known: u64,
    },
    /// Another key, another account, or changed bytes.
    #[error("the account state does not open with this account's key")]
    WrongKey,
    /// Not an account state.
    #[error("the account state can't be read: {0}")]
    Form(#[from] CodecError),
    /// More than the server takes.
    #[error("the account state would have {size} bytes, at most {max} are taken", max = limits::ACCOUNT_STATE)]
    TooLarge {
        /// The size that it would have.
        size: usize,
    },
}

impl AccountState {
    /// The sealed state. `number` is one more than that of the state before.
    ///
    /// # Errors
    /// [`StateError::TooLarge`].
    pub fn seal(
        &self,
        rng: &mut (impl RngCore + CryptoRng),
        key: &StateKey,
        account: AccountId,
        number: u64,
    ) -> Result<Vec<u8>, StateError> {
        let plain = Zeroizing::new(sealing::padded(codec::to_cbor(self), LEAST_STEP));
        let size = HEADER + SEAL + plain.len();
        if size > limits::ACCOUNT_STATE {
            return Err(StateError::TooLarge { size });
        }
        let sealed = sealing::seal(rng, &sealing::derive(key.expose(), LABEL), &bound_to(account, number), &plain);
        Ok([&[VERSION], &number.to_be_bytes()[..], &sealed].concat())
    }

    /// Opens a sealed state, and gives its number. `known` is the highest number seen before, 0 on a new device.
    ///
    /// # Errors
    /// [`StateError`].
    pub fn open(bytes: &[u8], key: &StateKey, account: AccountId, known: u64) -> Result<(Self, u64), StateError> {
        let short = || CodecError::Malformed("it ends too early".into());
        let (version, rest) = bytes.split_first().ok_or_else(short)?;
        if *version != VERSION {
            return Err(CodecError::Version { found: *version, newest: VERSION }.into());
        }
        let (number, sealed) = rest.split_first_chunk::<8>().ok_or_else(short)?;
        let number = u64::from_be_bytes(*number);
        if number < known {
            return Err(StateError::Rollback { found: number, known });
        }
        let plain = sealing::open(&sealing::derive(key.expose(), LABEL), &bound_to(account, number), sealed)
            .map_err(|_| StateError::WrongKey)?;
        let (state, _padding) = codec::first_from_cbor(&plain)?;
        Ok((state, number))
    }
}

fn bound_to(account: AccountId, number: u64) -> Vec<u8> {
    [&b"huis account state"[..], &[0, VERSION], account.as_bytes(), &number.to_be_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use huis_proto::IncarnationId;
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    use super::*;
    use crate::archive::NotedHead;
    use crate::content::{CountedFrom, Timer};
    use crate::secret::Secret32;

    const ACCOUNT: AccountId = AccountId::from_bytes([1; 16]);

    fn key() -> StateKey {
        StateKey::from_bytes(&[2; 32])
    }

    fn state() -> AccountState {
        let friend = AccountId::from_bytes([3; 16]);
        let conversation = KnownConversation {
            topic: None,
            timer: Some(TimerSetting::On(Timer { after_s: 60, from: CountedFrom::Reading })),
            kind: ConversationKind::Group,
            title: Some("Garden".into()),
            roster: BTreeSet::from([ACCOUNT, friend]),
            accepted: true,
            answered: true,
            settings: ConversationSettings { favourite: true, archived_at: Some(8), ..Default::default() },
            read_up_to: 9,
            read_ms: 10,
        };
        let pin = Pin {
            identity: IdentityKey(Bytes32([4; 32])),
            list_number: 2,
            list_hash: Bytes32([5; 32]),
            compared: Some(Comparison { identity: IdentityKey(Bytes32([4; 32])), at_ms: 11, scanned: true }),
            accepted: true,
            name: None,
        };
        AccountState {
            conversations: BTreeMap::from([(ConversationId::from_bytes([6; 16]), conversation)]),
            pins: BTreeMap::from([(friend, pin)]),
            blocked: BTreeSet::from([AccountId::from_bytes([7; 16])]),
            settings: BTreeMap::from([("receipts".into(), Setting::Flag(false))]),
            card: Some(Card { version: 5, name: Some("Zoë".into()), about: None, picture: None }),
            opened: vec![],
            archive: None,
        }
    }

    fn with(mut archive: ArchiveAgreement) -> AccountState {
        let (hash, incarnation) = (Bytes32([14; 32]), IncarnationId::from_bytes([15; 16]));
        archive.note(NotedHead { number: 16, hash, incarnation });
        AccountState { archive: Some(archive), ..AccountState::default() }
    }

    fn sealed(number: u64) -> Vec<u8> {
        state().seal(&mut StdRng::seed_from_u64(1), &key(), ACCOUNT, number).unwrap()
    }

    #[test]
    fn a_state_comes_back_for_its_account_alone() {
        assert_eq!(AccountState::open(&sealed(4), &key(), ACCOUNT, 4), Ok((state(), 4)));
        let other = AccountId::from_bytes([9; 16]);
        assert_eq!(AccountState::open(&sealed(4), &key(), other, 0), Err(StateError::WrongKey));
        let wrong = StateKey::from_bytes(&[9; 32]);
        assert_eq!(AccountState::open(&sealed(4), &wrong, ACCOUNT, 0), Err(StateError::WrongKey));
    }

    #[test]
    fn an_older_state_than_was_seen_is_refused_and_a_raised_number_does_not_open() {
        let refused = AccountState::open(&sealed(4), &key(), ACCOUNT, 5);
        assert_eq!(refused, Err(StateError::Rollback { found: 4, known: 5 }));
        let mut forged = sealed(4);
        forged[8] = 6;
        assert_eq!(AccountState::open(&forged, &key(), ACCOUNT, 5), Err(StateError::WrongKey));
    }

    #[test]
    fn the_cbor_of_a_state_keeps_its_bytes() {
        let hex: String = codec::to_cbor(&state()).iter().map(|byte| format!("{byte:02x}")).collect();
        insta::assert_snapshot!(hex);
    }

    #[test]
    fn a_state_with_an_archive_keeps_its_bytes_and_has_room() {
        let noted = codec::to_cbor(&with(ArchiveAgreement::default()));
        let hex: String = noted.iter().map(|byte| format!("{byte:02x}")).collect();
        insta::assert_snapshot!(hex);
        let mut filled = ArchiveAgreement::default();
        filled.fill(&Secret32::from_bytes(&[12; 32]), 13).unwrap();
        let state = with(filled);
        let sealed = state.seal(&mut StdRng::seed_from_u64(1), &key(), ACCOUNT, 4).unwrap();
        assert!(sealed.len() < limits::ACCOUNT_STATE / 16, "{}", sealed.len());
        assert_eq!(AccountState::open(&sealed, &key(), ACCOUNT, 4), Ok((state, 4)));
    }

    #[test]
    fn one_more_contact_does_not_change_the_size() {
        let mut more = state();
        let pin = more.pins.values().next().cloned().unwrap();
        more.pins.insert(AccountId::from_bytes([8; 16]), pin);
        let sealed_more = more.seal(&mut StdRng::seed_from_u64(1), &key(), ACCOUNT, 4).unwrap();
        assert_eq!(sealed_more.len(), sealed(4).len());
    }

    #[test]
    fn a_state_beyond_the_limit_is_refused_before_it_is_sent() {
        let mut state = state();
        state.settings.insert("long".into(), Setting::Text("x".repeat(limits::ACCOUNT_STATE)));
        let refused = state.seal(&mut StdRng::seed_from_u64(1), &key(), ACCOUNT, 1);
        assert!(matches!(refused, Err(StateError::TooLarge { .. })));
    }

    #[test]
    fn garbage_is_no_state() {
        for garbage in [&b""[..], &[1], &[9; 64], &[1; 8]] {
            assert!(matches!(AccountState::open(garbage, &key(), ACCOUNT, 0), Err(StateError::Form(_))));
        }
    }
}
