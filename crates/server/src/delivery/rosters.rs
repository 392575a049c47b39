//! Remembers who is to be woken by a conversation's entries, so that a message costs no read of the store.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use huis_proto::{AccountId, ConversationId, Member};

/// The most members that are remembered, over all conversations.
const MEMBERS: usize = 128 * 1024;
/// How long what was read is believed: a change whose hint was lost is found after that.
const BELIEVED: Duration = Duration::from_secs(60);

/// Recipients by conversation. Forgets everything when it is full, which costs reads, and whatever changed.
#[derive(Default)]
pub(super) struct Rosters(RwLock<Known>);

#[derive(Default)]
struct Known {
    /// With the time when they were read.
    recipients: HashMap<ConversationId, (Arc<[Member]>, Instant)>,
    members: usize,
    changes: u64,
}

/// When a read of the store began, so that what it found is not kept if something changed meanwhile.
#[derive(Clone, Copy)]
pub(super) struct Before {
    changes: u64,
    when: Instant,
}

impl Rosters {
    pub(super) fn of(&self, conversation: ConversationId) -> Option<Arc<[Member]>> {
        self.of_at(conversation, Instant::now())
    }

    fn of_at(&self, conversation: ConversationId, now: Instant) -> Option<Arc<[Member]>> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let (recipients, when) = known.recipients.get(&conversation)?;
        (now.saturating_duration_since(*when) < BELIEVED).then(|| Arc::clone(recipients))
    }

    pub(super) fn before_reading(&self) -> Before {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        Before { changes: known.changes, when: Instant::now() }
    }

    pub(super) fn learn(&self, before: Before, conversation: ConversationId, recipients: &Arc<[Member]>) {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if known.changes != before.changes || recipients.len() > MEMBERS {
            return;
        }
        if known.members + recipients.len() > MEMBERS {
            known.recipients.clear();
            known.members = 0;
        }
        let replaced = known.recipients.insert(conversation, (Arc::clone(recipients), before.when));
        let replaced = replaced.map_or(0, |(replaced, _)| replaced.len());
        known.members = known.members + recipients.len() - replaced;
    }

    /// The conversation's roster has changed.
    pub(super) fn forget(&self, conversation: ConversationId) {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        known.changes += 1;
        if let Some((gone, _)) = known.recipients.remove(&conversation) {
            known.members -= gone.len();
        }
    }

    /// Anything may have changed.
    pub(super) fn forget_all(&self) {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        known.changes += 1;
        known.recipients.clear();
        known.members = 0;
    }

    /// The account's devices have changed.
    pub(super) fn forget_account(&self, account: AccountId) {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        known.changes += 1;
        known.recipients.retain(|_, (members, _)| members.iter().all(|member| member.account != account));
        known.members = known.recipients.values().map(|(members, _)| members.len()).sum();
    }
}

#[cfg(test)]
mod tests {
    use huis_proto::DeviceId;

    use super::*;

    fn conversation(number: u128) -> ConversationId {
        ConversationId::from_bytes(number.to_be_bytes())
    }

    fn members(count: usize) -> Arc<[Member]> {
        let member = Member { account: AccountId::from_bytes([1; 16]), device: DeviceId::from_bytes([2; 16]) };
        vec![member; count].into()
    }

    #[test]
    fn what_was_read_before_a_change_is_not_kept_after_it() {
        let rosters = Rosters::default();
        let before = rosters.before_reading();
        rosters.forget(conversation(1));
        rosters.learn(before, conversation(1), &members(2));
        assert!(rosters.of(conversation(1)).is_none());
        rosters.learn(rosters.before_reading(), conversation(1), &members(2));
        assert_eq!(rosters.of(conversation(1)).unwrap().len(), 2);
    }

    #[test]
    fn a_change_of_an_accounts_devices_forgets_its_conversations() {
        let rosters = Rosters::default();
        rosters.learn(rosters.before_reading(), conversation(1), &members(2));
        rosters.forget_account(AccountId::from_bytes([9; 16]));
        assert!(rosters.of(conversation(1)).is_some());
        rosters.forget_account(AccountId::from_bytes([1; 16]));
        assert!(rosters.of(conversation(1)).is_none());
    }

    #[test]
    fn what_was_read_a_minute_ago_is_read_anew() {
        let rosters = Rosters::default();
        let before = rosters.before_reading();
        rosters.learn(before, conversation(1), &members(2));
        assert!(rosters.of_at(conversation(1), before.when + BELIEVED / 2).is_some());
        assert!(rosters.of_at(conversation(1), before.when + BELIEVED).is_none());
    }

    #[test]
    fn memory_is_bounded_whatever_is_learnt() {
        let rosters = Rosters::default();
        for number in 0..1_000 {
            rosters.learn(rosters.before_reading(), conversation(number), &members(2_000));
            let known = rosters.0.read().unwrap();
            assert!(known.members <= MEMBERS);
            let counted: usize = known.recipients.values().map(|(members, _)| members.len()).sum();
            assert_eq!(known.members, counted);
        }
        assert!(rosters.of(conversation(999)).is_some());
    }
}
