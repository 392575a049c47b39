//! Where devices are woken by pushes, and which of them are due.

use async_trait::async_trait;
use huis_proto::rest::PushSubscription;
use huis_proto::{Member, SessionId};

use crate::StoreResult;

/// A device that is to be woken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PushDue {
    /// Its session.
    pub session: SessionId,
    /// Where it is woken.
    pub subscription: PushSubscription,
}

/// Subscriptions to pushes. A session has at most one, which ends with it: so a device has at most one.
///
/// A device that is *away* is due if it was not taken lately by [`take_push_due`](Self::take_push_due); one that was here
/// in between is due again at once. A fresh subscription's device is here.
#[async_trait]
pub trait PushSubscriptions: Send + Sync {
    /// Keeps the session's subscription, in place of the one before. Whether there is such a session.
    async fn put_push_subscription(&self, session: SessionId, subscription: PushSubscription) -> StoreResult<bool>;

    /// Forgets the session's subscription. Whether there was one.
    async fn remove_push_subscription(&self, session: SessionId) -> StoreResult<bool>;

    /// Forgets the session's subscription, if it is still the one to this endpoint. Whether it was.
    async fn forget_push_subscription(&self, session: SessionId, endpoint: String) -> StoreResult<bool>;

    /// Notes of sessions whether their device is away. Each was here just now, so what it was told before counts no more.
    async fn note_away(&self, sessions: Vec<(SessionId, bool)>) -> StoreResult<()>;

    /// Notes that every device is away, and nothing else of it. Whether there are any subscriptions.
    async fn note_all_away(&self) -> StoreResult<bool>;

    /// Whether there are any subscriptions.
    async fn has_push_subscriptions(&self) -> StoreResult<bool>;

    /// Takes those of these devices that are away and were not taken after `earliest_ms`, and notes that they were at
    /// `now_ms`. Of two who ask at once, one is given each.
    async fn take_push_due(&self, devices: Vec<Member>, now_ms: u64, earliest_ms: u64) -> StoreResult<Vec<PushDue>>;

    /// Whether the session's device is still away, and still woken at this endpoint.
    async fn is_push_wanted(&self, session: SessionId, endpoint: String) -> StoreResult<bool>;
}
