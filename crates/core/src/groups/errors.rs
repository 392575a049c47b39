//! Why an operation on a group failed, and what follows from it.

use std::collections::BTreeSet;

use huis_proto::{AccountId, ConversationId, ConversationKind, Member};

use super::rules::{Breach, Verdict};
use super::storage::StorageError;
use crate::content::ContentError;
use crate::store::StoreError;

/// What the caller does about an error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Disposition {
    /// Fetch the newest device lists of these accounts, and do the same again saying that they were fetched.
    FetchDeviceLists(Vec<AccountId>),
    /// This device's state has parted from the others': join again by an external commit. Rate-limited, and shown.
    Repair,
    /// Nothing to be done with this group or invitation; shown.
    Stop,
    /// The store failed: roll back, and try again later.
    StoreFailed,
}

/// Why a group is not loaded, merged or exported.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GroupError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What is stored can't be read: the group has to be joined again.
    #[error("the stored group is damaged: {0}")]
    Damaged(String),
    /// There is no own commit or join with this id and hash.
    #[error("no own commit with this id and hash is waiting")]
    NotPending,
    /// MLS refused.
    #[error("MLS refused: {0}")]
    Mls(String),
}

/// Why a commit or a leave is not built. The group is as before.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PrepareError {
    /// The store failed, or the group is damaged.
    #[error(transparent)]
    Group(#[from] GroupError),
    /// An own commit waits for the server's answer.
    #[error("an own commit waits for the server's answer")]
    Pending,
    /// This device is not in the group any more.
    #[error("this device is not in the conversation any more")]
    NotAMember,
    /// The own account is leaving: another account has to commit.
    #[error("the own account is leaving this conversation")]
    Leaving,
    /// There is nothing to change.
    #[error("there is nothing to change")]
    Nothing,
    /// More devices at once than one commit adds: make several commits.
    #[error("{0} devices in one commit; at most {max} are added at once", max = huis_proto::limits::JOINS_PER_COMMIT)]
    TooMany(usize),
    /// The commit would break a rule, and others would skip it.
    #[error("not allowed: {0}")]
    NotAllowed(Breach),
    /// Newer device lists are needed to say whether it is allowed.
    #[error("the device lists of {} accounts are needed", .0.len())]
    NeedLists(Vec<AccountId>),
}

/// Why a message is not sealed. The group is as before.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// The store failed, or the group is damaged.
    #[error(transparent)]
    Group(#[from] GroupError),
    /// Proposals wait: commit [`Change::PendingProposals`](super::Change::PendingProposals) first.
    #[error("proposals wait for a commit")]
    PendingProposals,
    /// This device is not in the group any more.
    #[error("this device is not in the conversation any more")]
    NotAMember,
    /// The content is empty, too long, or of a kind that is not made here.
    #[error(transparent)]
    Content(#[from] ContentError),
}

/// Why an entry of the log is not opened. The group is as before; the entry stays unprocessed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// The store failed, or the group is damaged.
    #[error(transparent)]
    Group(#[from] GroupError),
    /// Newer device lists are needed to judge a commit.
    #[error("the device lists of {} accounts are needed", .0.len())]
    NeedLists(Vec<AccountId>),
    /// The entry was ordered under a later commit counter: commits are missing here.
    #[error("ordered under commit counter {ordered}, this device has reached {reached}")]
    MissedCommit {
        /// The entry's counter.
        ordered: u64,
        /// This device's counter.
        reached: u64,
    },
    /// A commit that is valid as far as everybody sees, and whose secrets don't open here.
    #[error("the secrets of a commit do not open here: {0}")]
    CommitSecrets(String),
    /// A commit of this very device that it does not know: its state is an old copy.
    #[error("this device committed something that its state does not know")]
    OwnStateLost,
    /// This device is not in the group any more.
    #[error("this device is not in the conversation any more")]
    NotAMember,
}

/// Why a conversation is not joined. The store is as before.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JoinError {
    /// The store failed, or the group is damaged.
    #[error(transparent)]
    Group(#[from] GroupError),
    /// The bytes are not a welcome or GroupInfo, or MLS refuses them.
    #[error("not a valid invitation: {0}")]
    Mls(String),
    /// It is for another conversation.
    #[error("an invitation to conversation {found} in place of {expected}")]
    OtherConversation {
        /// The one that was expected.
        expected: ConversationId,
        /// The one that it is for.
        found: String,
    },
    /// It is of another kind.
    #[error("the conversation is of the kind {found:?} in place of {expected:?}")]
    OtherKind {
        /// The kind that was expected.
        expected: ConversationKind,
        /// The kind that it has.
        found: ConversationKind,
    },
    /// Accounts are in it that the account's own state does not name.
    #[error("{} accounts are in the conversation that were not expected there", .0.len())]
    UnexpectedAccounts(BTreeSet<AccountId>),
    /// The own account is not in its roster.
    #[error("the own account is not in the conversation's roster")]
    NotInvited,
    /// It breaks a rule, for instance by a leaf that is on no device list.
    #[error("the conversation breaks a rule: {0}")]
    Breach(Breach),
    /// Newer device lists are needed to judge it.
    #[error("the device lists of {} accounts are needed", .0.len())]
    NeedLists(Vec<AccountId>),
    /// This device is in the group already.
    #[error("this device is in the conversation already")]
    AlreadyMember,
}

impl GroupError {
    /// What to do about it.
    pub fn disposition(&self) -> Disposition {
        match self {
            Self::Store(_) => Disposition::StoreFailed,
            Self::Damaged(_) | Self::Mls(_) => Disposition::Repair,
            Self::NotPending => Disposition::Stop,
        }
    }
}

impl OpenError {
    /// What to do about it.
    pub fn disposition(&self) -> Disposition {
        match self {
            Self::Group(error) => error.disposition(),
            Self::NeedLists(accounts) => Disposition::FetchDeviceLists(accounts.clone()),
            Self::MissedCommit { .. } | Self::CommitSecrets(_) | Self::OwnStateLost => Disposition::Repair,
            Self::NotAMember => Disposition::Stop,
        }
    }
}

impl JoinError {
    /// What to do about it.
    pub fn disposition(&self) -> Disposition {
        match self {
            Self::Group(GroupError::Store(_)) => Disposition::StoreFailed,
            Self::NeedLists(accounts) => Disposition::FetchDeviceLists(accounts.clone()),
            _ => Disposition::Stop,
        }
    }
}

impl From<StorageError> for GroupError {
    fn from(error: StorageError) -> Self {
        match error {
            StorageError::Store(error) => Self::Store(error),
            StorageError::Form(what) => Self::Damaged(what),
        }
    }
}

macro_rules! from_store {
    ($($name:ident)*) => {$(
        impl From<StoreError> for $name {
            fn from(error: StoreError) -> Self {
                Self::Group(error.into())
            }
        }

        impl From<StorageError> for $name {
            fn from(error: StorageError) -> Self {
                Self::Group(error.into())
            }
        }
    )*};
}

from_store!(PrepareError SealError OpenError JoinError);

impl From<Verdict> for PrepareError {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Skip(breach) => Self::NotAllowed(breach),
            Verdict::NeedLists(accounts) => Self::NeedLists(accounts.into_iter().collect()),
        }
    }
}

impl From<Verdict> for JoinError {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Skip(breach) => Self::Breach(breach),
            Verdict::NeedLists(accounts) => Self::NeedLists(accounts.into_iter().collect()),
        }
    }
}

impl Breach {
    /// Whether it may also mean that this device's own state has parted from the others': a reason to compare states
    /// (see [`Group::agrees_with`](super::Group::agrees_with)), not to join again at once, because anybody in the
    /// conversation can send garbage.
    pub fn may_mean_parted(&self) -> bool {
        match self {
            Self::Unreadable(_) | Self::Mls(_) => true,
            Self::Epoch { found, current } => found > current,
            _ => false,
        }
    }

    /// The member it is about, where it is about one.
    pub fn member(&self) -> Option<Member> {
        match self {
            Self::UnlistedLeaf(member) | Self::OtherKey(member) | Self::TwoLeaves(member) => Some(*member),
            _ => None,
        }
    }
}
