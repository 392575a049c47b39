//! Time locks: the server's shares of messages that open later. They lie apart from the log and outlive it.

use async_trait::async_trait;
use huis_proto::{AccountId, ConversationId, MessageId, TimeShare};

use crate::StoreResult;

/// What a locked message leaves with the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Locked {
    /// When it opens, in milliseconds since 1970.
    pub unlocks_at_ms: u64,
    /// The server's share.
    pub share: TimeShare,
    /// Until when the share is kept.
    pub ends_at_ms: u64,
    /// The most locked messages of its author's account that may wait.
    pub most_waiting: usize,
}

/// What is given of a lock to somebody who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Release {
    /// Its time has not come.
    Waits {
        /// When it comes.
        unlocks_at_ms: u64,
    },
    /// The share.
    Share(TimeShare),
    /// The author has withdrawn it.
    Withdrawn,
}

/// What a look at a lock finds.
pub(crate) enum Looked {
    /// What is to be answered.
    Answer(Option<Release>),
    /// Its time has come, and that the share is given is not noted yet.
    Due,
}

/// A locked message whose time has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Opened {
    /// Where it was said.
    pub conversation: ConversationId,
    /// Who said it.
    pub author: AccountId,
}

/// What became of a wish to withdraw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Withdrawal {
    /// The share is destroyed, now or before.
    Done,
    /// Its time has come, or its share was given to somebody by another node whose clock was ahead.
    Opened,
    /// There is no such lock of this account.
    Unknown,
}

/// Time locks. Each is made by the [append](crate::Conversations::append) of its message, in the same transaction, and
/// nothing changes its time or share after that.
#[async_trait]
pub trait TimeLocks: Send + Sync {
    /// What of a lock may be given at this time: none where there is none, or the asker takes no part in the conversation.
    /// That a share is given is on disk before it is: from then on it can't be withdrawn, by whatever clock.
    async fn release(
        &self,
        asker: AccountId,
        conversation: ConversationId,
        author: AccountId,
        message: MessageId,
        now_ms: u64,
    ) -> StoreResult<Option<Release>>;

    /// Destroys the share of the account's own message, unless its time has come or it was given to somebody. What is
    /// destroyed was never given, and never is.
    async fn withdraw(
        &self,
        author: AccountId,
        conversation: ConversationId,
        message: MessageId,
        now_ms: u64,
    ) -> StoreResult<Withdrawal>;

    /// Takes messages whose time has come, the earliest first, at most `most`, so that who is away is told: each is given
    /// once, to whoever asks first.
    async fn take_opened(&self, now_ms: u64, most: usize) -> StoreResult<Vec<Opened>>;

    /// Forgets locks whose time to be kept is over, at most `most`. Gives their count.
    async fn end_time_locks(&self, now_ms: u64, most: usize) -> StoreResult<usize>;
}
