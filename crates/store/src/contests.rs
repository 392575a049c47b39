//! What members say against a commit, and the GroupInfo that they put in the place of a bad one.
//!
//! The server cannot judge commits, so it takes their word for who joins and leaves; members who skip one as invalid
//! say so. A commit can be contested as long as its entry is in the log: until every device that may have the entry
//! has acknowledged it, or it expires.

use async_trait::async_trait;
use huis_proto::{Bytes, ConversationId, Member};

use crate::StoreResult;

/// What became of a dissent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Dissenting {
    /// It counts.
    Taken(DissentTaken),
    /// There is no such conversation, or the device has no seat there and lost none by this commit.
    NotAMember,
    /// This place holds no commit that the device could have had: none, a message, one that came before it joined, or
    /// one that is forgotten.
    NoSuchCommit,
}

/// A dissent that counts, and what followed from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DissentTaken {
    /// Whether the seats that the commit took were given back, by this dissent or before.
    pub undone: bool,
    /// Whether the dissenting device has a seat.
    pub seated: bool,
    /// Devices that have entries to fetch again, by this dissent.
    pub restored: Vec<Member>,
    /// Devices that lost the seat that the commit gave them, by this dissent.
    pub revoked: Vec<Member>,
    /// The commit counter, if from here on a better GroupInfo is wanted for it.
    pub group_info_wanted: Option<u64>,
}

/// What became of a member's GroupInfo.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reseeding {
    /// It is the one that joiners get.
    Stored,
    /// It is of another commit counter than the newest.
    Behind {
        /// The newest.
        commit_counter: u64,
    },
    /// Nobody has said that the one of this commit counter is bad, or another member was faster; or this account said so,
    /// or brought the bad one, and another could help.
    NotWanted,
    /// There is no such conversation, or the device is no member of it.
    NotAMember,
}

/// What became of a joiner's wish for a better GroupInfo.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanting {
    /// Members are to be asked.
    Asked,
    /// They were asked before, or there is another GroupInfo by now.
    Settled,
    /// There is no such conversation, or the account takes no part in it.
    NotAMember,
}

/// Contested commits and bad GroupInfos.
#[async_trait]
pub trait Contests: Send + Sync {
    /// This device skips the commit at `seq` as invalid. In the same step, as soon as it follows:
    ///
    /// - **Seats that the commit took** from devices of other accounts, and their accounts' part in the conversation,
    ///   are given back, with their cursors: if an account dissents that kept a seat, or if the accounts that lost
    ///   all their seats and dissent outnumber those that kept one; in a direct conversation by any dissent. The
    ///   author's own account does not count.
    /// - **Seats that it gave** to devices of other accounts by a welcome are taken back, and its welcomes dropped that
    ///   were not read, if more than half of the accounts dissent that had a seat before it.
    ///
    /// If it is the newest commit, the device has a seat, and more than half of the accounts dissent that had one
    /// before it, its GroupInfo is wanted anew, once: one device alone may have parted from the others.
    async fn dissent(&self, device: Member, conversation: ConversationId, seq: u64) -> StoreResult<Dissenting>;

    /// Puts a member's GroupInfo in the place of the one of this commit counter, which must be the newest, if a better
    /// one is wanted.
    async fn reseed_group_info(
        &self,
        device: Member,
        conversation: ConversationId,
        commit_counter: u64,
        group_info: Bytes,
    ) -> StoreResult<Reseeding>;

    /// A device that may join says that the GroupInfo of this commit counter is bad. The wish stays until the next
    /// GroupInfo.
    async fn want_group_info(
        &self,
        device: Member,
        conversation: ConversationId,
        commit_counter: u64,
    ) -> StoreResult<Wanting>;

    /// The commit counter for which a better GroupInfo is wanted, for a member; `None` for anybody else.
    async fn group_info_wanted(&self, device: Member, conversation: ConversationId)
    -> StoreResult<Option<Option<u64>>>;

    /// The conversations that the device is a member of in which a better GroupInfo is wanted, at most `most`.
    async fn group_infos_wanted(&self, device: Member, most: usize) -> StoreResult<Vec<(ConversationId, u64)>>;
}
