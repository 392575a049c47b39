//! Conversations as MLS groups (RFC 9420, through OpenMLS): created, joined, changed by commits, spoken in.
//!
//! A [`Group`] is the live state of one conversation. Every operation buffers what it writes, and puts it into the
//! lent [`GroupStore`] only when it succeeded; after an error the group has read itself again from the store. **After
//! a rollback of the caller's transaction the group must be dropped and loaded again:** otherwise memory is ahead of
//! the disk, and a key could be used twice.
//!
//! Nothing that this device commits is merged before the caller says that the server accepted it.

mod backend;
mod commits;
mod errors;
mod incoming;
mod joins;
pub mod key_packages;
mod messages;
mod presence;
mod roster;
mod rules;
mod storage;
pub(crate) mod suite;
#[cfg(test)]
mod tests;

use huis_proto::aad::AuthenticatedData;
use huis_proto::codec;
use huis_proto::{AccountId, Bytes32, ConversationId, ConversationKind, Member, MessageId};
use openmls::prelude::tls_codec::Deserialize as _;
use openmls::prelude::{
    BasicCredential, Credential, GroupId, LeafNodeIndex, MlsGroup, MlsMessageBodyIn, MlsMessageIn, Sender,
};
use openmls_traits::OpenMlsProvider as _;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use self::backend::Backend;
use self::rules::Leaf;
use crate::directory::KnownDevices;
use crate::identity::{LocalDevice, member_of_credential};
use crate::store::{GroupStore, Overlay, StoreError};

pub use self::commits::{Change, PreparedCommit};
pub use self::errors::{Disposition, GroupError, JoinError, OpenError, PrepareError, SealError};
pub use self::incoming::{Entry, Opened, OpenedMessage};
pub use self::joins::{Expectation, JoinedGroup};
pub use self::key_packages::VerifiedKeyPackage;
pub use self::messages::Outgoing;
pub use self::presence::{SEALED_PRESENCE, Sign, SignError};
pub use self::roster::{ROSTER_EXTENSION, Role, Roster, Seat};
pub use self::rules::{Breach, Deed, permits};

/// The MLS cipher suite of every conversation: `MLS_128_MLKEM768X25519_AES256GCM_SHA384_Ed25519`.
pub const SUITE: u16 = 0x004E;

/// The version byte of what stands beside OpenMLS's state.
const RECORD: u8 = 1;

/// The live state of one conversation on this device.
pub struct Group {
    mls: MlsGroup,
    roster: Roster,
    /// The tree's leaves as the rules see them: read once an epoch, as OpenMLS copies every key at each look.
    leaves: Vec<(LeafNodeIndex, Leaf)>,
    record: Record,
}

/// What stands beside OpenMLS's state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Record {
    /// The server's commit counter that this state has reached.
    counter: u64,
    pending: Option<PendingCommit>,
}

/// An own commit of which it is not known yet whether the server accepted it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PendingCommit {
    /// Its id.
    pub id: MessageId,
    /// SHA-256 of its bytes.
    pub hash: Bytes32,
    /// The commit counter that it follows.
    pub follows: u64,
    /// What it changes.
    pub summary: CommitSummary,
}

/// What a commit changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommitSummary {
    /// Who committed.
    pub author: Member,
    /// Devices that are in the group from here on.
    pub joined: Vec<Member>,
    /// Devices that are not in the group any more.
    pub left: Vec<Member>,
    /// Accounts that entered the roster, or an open room with their first device.
    pub accounts_joined: Vec<AccountId>,
    /// Accounts that are not in the conversation any more.
    pub accounts_left: Vec<AccountId>,
    /// Accounts whose role changed, with the role that they have from here on.
    pub roles: Vec<(AccountId, Role)>,
    /// Whether the author joined by it.
    pub external: bool,
    /// Whether this device was removed; the group is of no use any more then.
    pub removed_me: bool,
    /// The MLS epoch from here on.
    pub epoch: u64,
    /// The commit counter from here on.
    pub counter: u64,
}

impl Group {
    /// The group as the store has it; `None` where there is none.
    ///
    /// # Errors
    /// [`GroupError`] where the store fails or holds what can't be read.
    pub fn load(store: &dyn GroupStore, conversation: ConversationId) -> Result<Option<Self>, GroupError> {
        let backend = Backend::over(store);
        let Some(mls) = MlsGroup::load(backend.storage(), &group_id(conversation))? else {
            return Ok(None);
        };
        let record = store.get(&record_key(conversation))?.ok_or(GroupError::Damaged("no record beside it".into()))?;
        let record = codec::from_versioned(RECORD, &record).map_err(|error| GroupError::Damaged(error.to_string()))?;
        Self::new(mls, record).map(Some)
    }

    fn new(mls: MlsGroup, record: Record) -> Result<Self, GroupError> {
        let roster = read_roster(&mls)?;
        let leaves = read_leaves(&mls);
        Ok(Self { mls, roster, leaves, record })
    }

    /// After a commit was merged.
    fn read_epoch(&mut self) -> Result<(), GroupError> {
        self.roster = read_roster(&self.mls)?;
        self.leaves = read_leaves(&self.mls);
        Ok(())
    }

    /// Removes the group from the store, with all its keys.
    ///
    /// # Errors
    /// [`GroupError`] where the store fails.
    pub fn forget(mut self, store: &dyn GroupStore) -> Result<(), GroupError> {
        let conversation = self.conversation();
        let overlay = Overlay::new(store);
        self.mls.delete(Backend::over(&overlay).storage())?;
        overlay.delete(&record_key(conversation))?;
        Ok(overlay.flush()?)
    }

    /// The conversation's id, which is the MLS group id.
    pub fn conversation(&self) -> ConversationId {
        ConversationId::try_from(self.mls.group_id().as_slice()).unwrap_or(ConversationId::from_bytes([0; 16]))
    }

    /// The conversation's kind.
    pub fn kind(&self) -> ConversationKind {
        self.roster.kind
    }

    /// The MLS epoch.
    pub fn epoch(&self) -> u64 {
        self.mls.epoch().as_u64()
    }

    /// The server's commit counter that this state has reached; what is sealed names it.
    pub fn commit_counter(&self) -> u64 {
        self.record.counter
    }

    /// A value that two members have in common exactly if they are in the same state (RFC 9420, section 8.7); 48 bytes.
    pub fn epoch_authenticator(&self) -> Vec<u8> {
        self.mls.epoch_authenticator().as_slice().to_vec()
    }

    /// Whether this device is still in the group.
    pub fn is_active(&self) -> bool {
        self.mls.is_active()
    }

    /// The devices in the group, sorted.
    pub fn members(&self) -> Vec<Member> {
        let mut members: Vec<_> = self.leaves.iter().map(|(_, leaf)| leaf.member).collect();
        members.sort_unstable();
        members
    }

    /// Kind, accounts and roles.
    pub fn roster(&self) -> &Roster {
        &self.roster
    }

    /// Devices in the group that their account's newest known list does not name any more. **Commit
    /// [`Change::RemoveUnlisted`] before the next message is sealed**, or they can read it.
    pub fn unlisted(&self, known: &KnownDevices) -> Vec<Member> {
        let unlisted = |leaf: &&Leaf| !known.lists(leaf.member, &leaf.key);
        self.leaves.iter().map(|(_, leaf)| leaf).filter(unlisted).map(|leaf| leaf.member).collect()
    }

    /// Whether proposals wait for a commit; nothing is sealed before one.
    pub fn has_pending_proposals(&self) -> bool {
        self.mls.has_pending_proposals()
    }

    /// The own commit that waits for the server's answer.
    pub fn pending(&self) -> Option<&PendingCommit> {
        self.record.pending.as_ref()
    }

    /// The GroupInfo of the present state, with which devices of accounts that belong here join by themselves.
    ///
    /// # Errors
    /// [`GroupError`] where this device is not in the group any more.
    pub fn group_info(&self, me: &LocalDevice) -> Result<Vec<u8>, GroupError> {
        let info = self
            .mls
            .export_group_info(backend::crypto(), &backend::signer(me), true)
            .map_err(|error| GroupError::Mls(error.to_string()))?;
        to_bytes(&info)
    }

    /// Whether a GroupInfo describes the very state that this device is in: group id, epoch, tree, the confirmed
    /// transcript of all commits, and the extensions with the roster are the same. Where it does not although the commit
    /// counters are the same, this device has parted from its author. The signature is not looked at: what agrees with
    /// a state that was verified commit by commit needs no other word for it.
    ///
    /// # Errors
    /// [`GroupError`] where the bytes are no GroupInfo, or this device is not in the group any more.
    pub fn agrees_with(&self, me: &LocalDevice, group_info: &[u8]) -> Result<bool, GroupError> {
        let context = |bytes: &[u8]| match MlsMessageIn::tls_deserialize_exact(bytes).map(MlsMessageIn::extract) {
            Ok(MlsMessageBodyIn::GroupInfo(info)) => Ok(info.group_context().clone()),
            Ok(_) => Err(GroupError::Mls("another kind of MLS message".into())),
            Err(error) => Err(GroupError::Mls(error.to_string())),
        };
        Ok(context(group_info)? == context(&self.group_info(me)?)?)
    }

    /// A secret for another purpose that all members have in common in this epoch (RFC 9420, section 8.5).
    ///
    /// # Errors
    /// [`GroupError`] where this device is not in the group any more, or `length` is over 65,535 bytes.
    pub fn export(&self, label: &str, context: &[u8], length: usize) -> Result<Zeroizing<Vec<u8>>, GroupError> {
        self.mls
            .export_secret(backend::crypto(), label, context, length)
            .map(Zeroizing::new)
            .map_err(|error| GroupError::Mls(error.to_string()))
    }

    fn leaf_at(&self, index: LeafNodeIndex) -> Option<Leaf> {
        let position = self.leaves.binary_search_by_key(&index, |(index, _)| *index).ok()?;
        self.leaves.get(position).map(|(_, leaf)| *leaf)
    }

    fn devices_of(&self, account: AccountId) -> Vec<Member> {
        self.members().into_iter().filter(|member| member.account == account).collect()
    }

    /// Accounts with a leave proposal, and the devices that made one.
    fn leaving(&self) -> Vec<Member> {
        self.mls
            .pending_proposals()
            .filter_map(|proposal| match proposal.sender() {
                Sender::Member(index) => self.leaf_at(*index),
                _ => None,
            })
            .map(|leaf| leaf.member)
            .collect()
    }

    /// Runs an operation over buffered writes: all of them reach the store if it succeeds, none if it fails, and then
    /// the state is read again.
    fn work<T, E: From<StoreError> + From<GroupError>>(
        &mut self,
        store: &dyn GroupStore,
        operation: impl FnOnce(&mut Self, &Backend<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let overlay = Overlay::new(store);
        let before = self.record.clone();
        let done = operation(self, &Backend::over(&overlay)).and_then(|value| {
            if self.record != before {
                overlay.put(&record_key(self.conversation()), &codec::to_versioned(RECORD, &self.record))?;
            }
            overlay.flush()?;
            Ok(value)
        });
        if done.is_err()
            && let Some(stored) = Self::load(store, self.conversation())?
        {
            *self = stored;
        }
        done
    }

    fn data(&self, me: &LocalDevice, id: MessageId, act: huis_proto::aad::Act) -> AuthenticatedData {
        AuthenticatedData { id, author: me.member, follows: self.record.counter, act }
    }
}

impl std::fmt::Debug for Group {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Group")
            .field("conversation", &self.conversation())
            .field("epoch", &self.epoch())
            .field("counter", &self.record.counter)
            .finish_non_exhaustive()
    }
}

fn read_roster(mls: &MlsGroup) -> Result<Roster, GroupError> {
    Roster::from_extensions(mls.extensions()).map_err(|error| GroupError::Damaged(error.to_string()))
}

/// All leaves, in the order of their index. One without a device credential was refused at the door.
fn read_leaves(mls: &MlsGroup) -> Vec<(LeafNodeIndex, Leaf)> {
    mls.members().filter_map(|member| Some((member.index, leaf_of_member(&member)?))).collect()
}

fn group_id(conversation: ConversationId) -> GroupId {
    GroupId::from_slice(conversation.as_bytes())
}

fn record_key(conversation: ConversationId) -> Vec<u8> {
    [b"huis1.group.", &conversation.as_bytes()[..]].concat()
}

fn to_bytes(message: &openmls::prelude::MlsMessageOut) -> Result<Vec<u8>, GroupError> {
    message.to_bytes().map_err(|error| GroupError::Mls(error.to_string()))
}

fn hash(bytes: &[u8]) -> Bytes32 {
    Bytes32(Sha256::digest(bytes).into())
}

fn member_of(credential: &Credential) -> Option<Member> {
    let credential = BasicCredential::try_from(credential.clone()).ok()?;
    member_of_credential(credential.identity()).ok()
}

fn leaf_of_member(member: &openmls::prelude::Member) -> Option<Leaf> {
    leaf(&member.credential, &member.signature_key)
}

fn leaf_of_node(node: &openmls::prelude::LeafNode) -> Option<Leaf> {
    leaf(node.credential(), node.signature_key().as_slice())
}

fn leaf(credential: &Credential, key: &[u8]) -> Option<Leaf> {
    Some(Leaf { member: member_of(credential)?, key: Bytes32(key.try_into().ok()?) })
}
