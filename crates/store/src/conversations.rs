//! Conversations: who takes part, the log with its order, welcomes, GroupInfo, cursors.
//!
//! Two circles: *participants* are accounts, *members* are devices that have a leaf. A device that is taken off its
//! account's list loses its membership, its account stays a participant, so that another device of it may join.

use async_trait::async_trait;
use huis_proto::frames::{EntryKind, LogEntry, WelcomeEntry};
use huis_proto::rest::{ConversationInfo, GroupInfo, Room};
use huis_proto::{AccountId, BlobId, Bytes, Bytes32, ConversationId, ConversationKind, Member, MessageId};

use crate::{Locked, StoreResult};

/// A message or leave proposal to append; its header was read and checked against the session by the caller.
#[derive(Debug, Clone)]
pub struct Append {
    /// The conversation.
    pub conversation: ConversationId,
    /// The key of the repeat check, with conversation and author's device.
    pub id: MessageId,
    /// The signed-in device.
    pub author: Member,
    /// The device's submission counter.
    pub submission: u64,
    /// The commit counter it was sealed under.
    pub follows: u64,
    /// The franking commitment of a message, over which the MAC goes; none for a leave proposal.
    pub commitment: Option<Bytes32>,
    /// For a leave proposal: the devices that leave, all of the author's account. Empty for a message.
    pub leaves: Vec<Member>,
    /// The files that a message brings, each once.
    pub files: Vec<BlobId>,
    /// Until when the message keeps them.
    pub files_end_at_ms: u64,
    /// What a locked message leaves here.
    pub lock: Option<Box<Locked>>,
    /// The MLS message.
    pub payload: Bytes,
    /// Milliseconds since 1970.
    pub received_at_ms: u64,
}

/// A commit to append, with all that belongs to it.
#[derive(Debug, Clone)]
pub struct AppendCommit {
    /// The conversation.
    pub conversation: ConversationId,
    /// The commit's id, the key of the repeat check.
    pub id: MessageId,
    /// The signed-in device.
    pub author: Member,
    /// The device's submission counter.
    pub submission: u64,
    /// The commit counter it follows.
    pub follows: u64,
    /// Whether it is an external commit: the author joins by it (and stands in `joins`).
    pub external: bool,
    /// Devices that it adds.
    pub joins: Vec<Member>,
    /// Devices that it removes.
    pub leaves: Vec<Member>,
    /// Accounts that it takes out, whether they have a device there or not.
    pub out: Vec<AccountId>,
    /// The MLS commit.
    pub commit: Bytes,
    /// The welcome for those who join and are not the author.
    pub welcome: Option<Bytes>,
    /// The GroupInfo after the commit.
    pub group_info: Bytes,
    /// The newest entry that its author had taken when it was built.
    pub seen: u64,
    /// Milliseconds since 1970.
    pub received_at_ms: u64,
}

/// A conversation to create.
#[derive(Debug, Clone)]
pub struct Create {
    /// Its id.
    pub conversation: ConversationId,
    /// Its kind.
    pub kind: ConversationKind,
    /// The creator, who is its first member.
    pub creator: Member,
    /// Direct: the other account, or the creator's own.
    pub peer: Option<AccountId>,
    /// Open: the room's name in its one form.
    pub room: Option<String>,
    /// The GroupInfo before the first commit.
    pub group_info: Bytes,
    /// The device's submission counter.
    pub submission: u64,
    /// The first commit, which follows 0.
    pub first_commit: Option<AppendCommit>,
    /// Milliseconds since 1970.
    pub created_at_ms: u64,
}

/// What became of an append, a commit or a creation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Appended {
    /// On disk, for the first time. `entry` is what goes to the other members' devices.
    Stored(LogEntry),
    /// The same submission came before and is on disk.
    Repeat {
        /// Its place in the log.
        seq: u64,
        /// The commit counter after it.
        commit_counter: u64,
        /// When it was appended.
        received_at_ms: u64,
    },
    /// A conversation without a first commit is on disk.
    Created,
    /// Sealed before the newest commit (a message), or another commit came first (a commit): the counter now.
    Behind {
        /// The commit counter.
        commit_counter: u64,
    },
    /// A leave was ordered since the author of a commit last looked; the commit would void it.
    LeaveUnseen {
        /// The leave's place.
        seq: u64,
    },
    /// The submission counter is not above the highest of this device.
    SubmissionBehind {
        /// The highest counter that was seen.
        highest: u64,
    },
    /// There is no such conversation, or the author's device is no member of it and may not join it.
    NotAMember,
    /// A direct conversation of the two accounts, or an open room of this name, exists.
    Exists(ConversationId),
    /// A device that joins stands in no device list or twice in the commit, or one that leaves does not exist, or is the
    /// author's own.
    WrongRoster(Member),
    /// There is no such file, or the author's account may not pass it on.
    FileUnknown(BlobId),
    /// A file of the author's account that is not finished.
    FileUnfinished(BlobId),
    /// A message of this id has a lock of its own.
    LockTaken,
    /// The account has as many locked messages that wait as it may.
    TooManyLocks,
    /// More members than [`MEMBERS`](huis_proto::limits::MEMBERS).
    TooManyMembers,
}

/// Where a device stands in a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    /// The conversation.
    pub conversation: ConversationId,
    /// Its kind.
    pub kind: ConversationKind,
    /// The newest entry that the device has acknowledged (at first: the entry that added it).
    pub acked: u64,
    /// The last entry that the device may have: the head for a member, the removing entry for one that was removed.
    pub last: u64,
    /// Entries up to and with this one have expired before every member had them; 0 if none.
    pub expired: u64,
}

/// A page of a log.
#[derive(Debug, Clone, Default)]
pub struct LogPage {
    /// The entries, in order; payloads of the reading device's own messages and leave proposals are empty.
    pub entries: Vec<LogEntry>,
    /// Whether the page was cut at its bounds.
    pub more: bool,
}

/// Who is to be woken by an entry: devices that may have it, its author's device included.
pub type Recipients = Vec<Member>;

/// Conversations and their logs.
#[async_trait]
pub trait Conversations: Send + Sync {
    /// Creates a conversation, with its first commit in the same transaction.
    ///
    /// Order of checks, here and in the two methods below: repeat, conversation and membership, submission counter,
    /// commit counter, roster.
    async fn create_conversation(&self, create: Create) -> StoreResult<Appended>;

    /// Appends a message, or a leave proposal, which takes its author's account out of the participants and stops
    /// delivery to the leaving devices behind this entry. Appends of many callers share one fsync.
    ///
    /// The files that a message brings are checked last: each is finished, and the account's own upload, or brought by a
    /// message of a conversation that the account takes part in. What it brings is referenced in the same transaction. So
    /// is what it leaves of a time lock.
    async fn append(&self, append: Append) -> StoreResult<Appended>;

    /// Appends a commit: entry, counter, GroupInfo, roster, the joiners' cursors and welcomes, or nothing of it.
    ///
    /// Whether a commit is valid only the members know, so the roster here follows what commits say, and forgives: a
    /// device that leaves without having a seat changes nothing; one that joins and has a seat, by another's commit, keeps
    /// seat and cursor, and a welcome that it has not read waits before the new one. Of such, the oldest and the newest
    /// three are kept.
    ///
    /// A member's commit that was built before the newest leave was seen is refused: it would void it.
    ///
    /// An external commit is allowed to a listed device of a participant, and to anybody in an open room. It joins its
    /// author alone and replaces the author's old leaf, whether `leaves` names it or not. Joining
    /// accounts become participants. Accounts in `out` are participants no longer, and nothing more goes to any device of
    /// theirs; who loses the last device and is not named there takes part on.
    async fn append_commit(&self, commit: AppendCommit) -> StoreResult<Appended>;

    /// The devices that may have the conversation's newest entries.
    async fn recipients(&self, conversation: ConversationId) -> StoreResult<Recipients>;

    /// The devices that may have the entry `seq`, which was appended lately: members since before it, and those whose
    /// removing entry it is or that were removed behind it and have not fetched everything yet.
    async fn recipients_of(&self, conversation: ConversationId, seq: u64) -> StoreResult<Recipients>;

    /// The device's cursors, in no particular order: conversations where it has something to fetch, and all others
    /// that it is a member of.
    async fn cursors(&self, device: Member) -> StoreResult<Vec<Cursor>>;

    /// Entries of the conversation behind `after`, as far as the device may have them, at most `most` entries and
    /// about `most_bytes` bytes of payload (but always one entry).
    async fn log_page(
        &self,
        device: Member,
        conversation: ConversationId,
        after: u64,
        most: usize,
        most_bytes: usize,
    ) -> StoreResult<LogPage>;

    /// Moves the device's cursors forward (never back, never behind the head). Entries that every member has
    /// acknowledged lose their payload, as do leavers' memberships once they have their last entry.
    async fn acknowledge(&self, device: Member, acks: Vec<(ConversationId, u64)>) -> StoreResult<()>;

    /// Welcomes that the device has not acknowledged, oldest first, at most `most`.
    async fn welcomes(&self, device: Member, most: usize) -> StoreResult<Vec<WelcomeEntry>>;

    /// Forgets a welcome.
    async fn acknowledge_welcome(&self, device: Member, conversation: ConversationId, seq: u64) -> StoreResult<()>;

    /// The highest submission counter of a device; 0 if it never submitted.
    async fn highest_submission(&self, device: Member) -> StoreResult<u64>;

    /// The GroupInfo, if the account takes part in the conversation or the room is open.
    async fn group_info(&self, asker: AccountId, conversation: ConversationId) -> StoreResult<Option<GroupInfo>>;

    /// The conversations that the account takes part in.
    async fn conversations(&self, asker: Member) -> StoreResult<Vec<ConversationInfo>>;

    /// One conversation, if the account takes part in it or the room is open.
    async fn conversation(&self, asker: Member, conversation: ConversationId) -> StoreResult<Option<ConversationInfo>>;

    /// The open rooms, by name, at most `most`.
    async fn rooms(&self, most: usize) -> StoreResult<Vec<Room>>;

    /// An open room by its name in its one form.
    async fn room(&self, name: &str) -> StoreResult<Option<Room>>;

    /// Drops payloads (undelivered welcomes among them) that are older than `before_ms`, and repeat-check keys older
    /// than `keys_before_ms`, at most `most` of each. Gives the larger of the two counts: `most` means that there may
    /// be more to drop.
    async fn expire(&self, before_ms: u64, keys_before_ms: u64, most: usize) -> StoreResult<usize>;
}

/// What goes under the franking MAC is the caller's business; a backend calls this while it appends, when the place
/// in the log is known.
pub trait Franking: Send + Sync {
    /// The MAC over commitment, conversation, author, place and time.
    fn mac(
        &self,
        commitment: &Bytes32,
        conversation: ConversationId,
        author: Member,
        seq: u64,
        received_at_ms: u64,
    ) -> Bytes32;
}

/// The kind of entry that an append makes.
impl Append {
    /// Message or leave.
    pub fn kind(&self) -> EntryKind {
        if self.commitment.is_some() { EntryKind::Message } else { EntryKind::Leave }
    }
}
