//! Who is there and who is writing: small signed signs between members, kept in memory alone and forgotten soon.
//!
//! A device says something of itself only where a person wants the conversation, and hears nothing of others while it
//! says nothing of itself.

mod hearing;
mod sending;

use std::collections::{BTreeMap, BTreeSet};

use huis_core::groups::Sign;
use huis_proto::{AccountId, ConversationId, DeviceId, Member};

/// A sign of presence holds this long at whoever hears it, in milliseconds.
const HERE_HOLDS_MS: u64 = 100_000;
/// A sign of writing holds this long.
const WRITING_HOLDS_MS: u64 = 6_000;
/// Who does not say again that a person is there counts as away after this long, in milliseconds.
const ATTENDED_MS: u64 = 70_000;
/// A sign is taken within this distance of the server's time, in milliseconds.
const CLOSE_MS: u64 = 120_000;
/// Devices of conversations that are kept in mind.
const MOST_HEARD: usize = 4_096;
/// What a sign costs its sender of the budget that grows with time, and how much of that is saved up, in milliseconds.
const SIGN_COSTS_MS: u64 = 2_000;
const SAVED_MS: u64 = 16_000;

/// All of it; nothing outlives the process.
#[derive(Default)]
pub(crate) struct Presence {
    /// A person is at a face until then, by the device's clock.
    attended_until_ms: u64,
    next_here_ms: u64,
    /// Where it was said that somebody is here, and so is to be said that nobody is.
    told: BTreeSet<ConversationId>,
    /// When writing was last told of.
    written: BTreeMap<ConversationId, u64>,
    /// The time of the newest own sign; each is newer than the one before.
    newest_own_ms: u64,
    heard: BTreeMap<(ConversationId, Member), Heard>,
}

/// What one device let know in one conversation.
#[derive(Debug, Default)]
struct Heard {
    /// The time that the newest sign states.
    newest_ms: u64,
    here_until_ms: u64,
    writing_until_ms: u64,
    /// Whether a face was told so.
    shows_here: bool,
    shows_writing: bool,
    budget_ms: u64,
    budget_at_ms: u64,
}

impl Heard {
    fn is_idle(&self, now_ms: u64) -> bool {
        // What is older than this is not taken again, whether it is remembered or not.
        self.budget_at_ms.saturating_add(2 * CLOSE_MS) < now_ms
            && self.here_until_ms <= now_ms
            && self.writing_until_ms <= now_ms
    }

    /// Nothing holds longer than it may from now on, also where the clock was set back.
    fn bound(&mut self, now_ms: u64) {
        self.here_until_ms = self.here_until_ms.min(now_ms.saturating_add(HERE_HOLDS_MS));
        self.writing_until_ms = self.writing_until_ms.min(now_ms.saturating_add(WRITING_HOLDS_MS));
        self.budget_at_ms = self.budget_at_ms.min(now_ms);
    }

    /// Nobody is here and nobody writes; what was heard is not taken again all the same. Whether a face sees another thing
    /// than before.
    fn ends(&mut self) -> bool {
        (self.here_until_ms, self.writing_until_ms) = (0, 0);
        self.refresh(0)
    }

    /// Brings what is shown up to date; whether that changed anything.
    fn refresh(&mut self, now_ms: u64) -> bool {
        let (here, writing) = (now_ms < self.here_until_ms, now_ms < self.writing_until_ms);
        let changed = (here, writing) != (self.shows_here, self.shows_writing);
        (self.shows_here, self.shows_writing) = (here, writing);
        changed
    }
}

impl Presence {
    /// Whether a device may be listened to once more now; `now_ms` by the device's own clock.
    fn may_speak(&mut self, conversation: ConversationId, from: Member, now_ms: u64) -> bool {
        if !self.heard.contains_key(&(conversation, from)) && self.heard.len() >= MOST_HEARD {
            self.heard.retain(|_, heard| !heard.is_idle(now_ms));
            if self.heard.len() >= MOST_HEARD {
                return false;
            }
        }
        let fresh = Heard { budget_ms: SAVED_MS, budget_at_ms: now_ms, ..Heard::default() };
        let heard = self.heard.entry((conversation, from)).or_insert(fresh);
        let earned = now_ms.saturating_sub(heard.budget_at_ms);
        heard.budget_ms = heard.budget_ms.saturating_add(earned).min(SAVED_MS);
        heard.budget_at_ms = now_ms;
        let may = heard.budget_ms >= SIGN_COSTS_MS;
        if may {
            heard.budget_ms -= SIGN_COSTS_MS;
        }
        may
    }

    /// Takes a sign whose origin was verified; whether a face sees another thing than before. `at_ms` is the time that it
    /// states: one that is not newer than the last is a repetition.
    fn take(&mut self, conversation: ConversationId, from: Member, sign: Sign, at_ms: u64, now_ms: u64) -> bool {
        let Some(heard) = self.heard.get_mut(&(conversation, from)) else { return false };
        if at_ms <= heard.newest_ms {
            return false;
        }
        heard.newest_ms = at_ms;
        match sign {
            Sign::Here => heard.here_until_ms = now_ms.saturating_add(HERE_HOLDS_MS),
            Sign::Writing => heard.writing_until_ms = now_ms.saturating_add(WRITING_HOLDS_MS),
            Sign::Away => return heard.ends(),
        }
        heard.refresh(now_ms)
    }

    /// What a device was writing is said; whether it was shown as writing.
    pub(crate) fn has_said(&mut self, conversation: ConversationId, from: Member) -> bool {
        let Some(heard) = self.heard.get_mut(&(conversation, from)) else { return false };
        heard.writing_until_ms = 0;
        std::mem::take(&mut heard.shows_writing)
    }

    /// Lets go what is over; where a face sees another thing than before.
    fn expire(&mut self, now_ms: u64) -> BTreeSet<ConversationId> {
        self.attended_until_ms = self.attended_until_ms.min(now_ms.saturating_add(ATTENDED_MS));
        let changed = self.heard.iter_mut().filter_map(|((id, _), heard)| {
            heard.bound(now_ms);
            heard.refresh(now_ms).then_some(*id)
        });
        changed.collect()
    }

    /// When the next thing is over, by the device's clock.
    fn next_expiry_ms(&self) -> Option<u64> {
        let ends = self.heard.values().flat_map(|heard| {
            let here = heard.shows_here.then_some(heard.here_until_ms);
            here.into_iter().chain(heard.shows_writing.then_some(heard.writing_until_ms))
        });
        ends.min()
    }

    /// Ends what was heard of an account, or of all; where a face sees another thing than before.
    pub(crate) fn forget(&mut self, account: Option<AccountId>) -> BTreeSet<ConversationId> {
        let meant = self.heard.iter_mut().filter(|((_, member), _)| account.is_none_or(|id| member.account == id));
        meant.filter_map(|((id, _), heard)| heard.ends().then_some(*id)).collect()
    }

    /// A device is out of a conversation; whether a face sees another thing than before.
    pub(crate) fn is_out(&mut self, conversation: ConversationId, member: Member) -> bool {
        self.heard.get_mut(&(conversation, member)).is_some_and(Heard::ends)
    }

    fn heard_in(&self, conversation: ConversationId) -> impl Iterator<Item = (AccountId, &Heard)> {
        let lowest = Member { account: AccountId::from_bytes([0; 16]), device: DeviceId::from_bytes([0; 16]) };
        let from_here = self.heard.range((conversation, lowest)..);
        from_here
            .take_while(move |((id, _), _)| *id == conversation)
            .map(|((_, member), heard)| (member.account, heard))
    }

    /// The time of the next own sign.
    fn next_own_ms(&mut self, now_ms: u64) -> u64 {
        self.newest_own_ms = now_ms.max(self.newest_own_ms.saturating_add(1));
        self.newest_own_ms
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLACE: ConversationId = ConversationId::from_bytes([1; 16]);

    fn device(number: u64) -> Member {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&number.to_be_bytes());
        Member { account: AccountId::from_bytes([2; 16]), device: DeviceId::from_bytes(bytes) }
    }

    #[test]
    fn who_says_too_much_is_not_listened_to_for_a_while() {
        let mut presence = Presence::default();
        let heard = (0..20).filter(|_| presence.may_speak(PLACE, device(1), 1_000)).count();
        assert_eq!(heard as u64, SAVED_MS / SIGN_COSTS_MS);
        assert!(presence.may_speak(PLACE, device(2), 1_000), "others are");
        assert!(!presence.may_speak(PLACE, device(1), 1_000 + SIGN_COSTS_MS - 1));
        assert!(presence.may_speak(PLACE, device(1), 1_000 + SIGN_COSTS_MS));
    }

    #[test]
    fn what_is_kept_in_mind_is_bounded_and_forgotten_in_time() {
        let mut presence = Presence::default();
        for number in 0..MOST_HEARD as u64 {
            assert!(presence.may_speak(PLACE, device(number), 1_000));
        }
        assert!(!presence.may_speak(PLACE, device(u64::MAX), 1_000));
        assert!(presence.may_speak(PLACE, device(u64::MAX), 1_001 + 2 * CLOSE_MS));
        assert_eq!(presence.heard.len(), 1);
    }

    #[test]
    fn a_sign_holds_for_its_time_and_a_repetition_does_not_prolong_it() {
        let mut presence = Presence::default();
        assert!(presence.may_speak(PLACE, device(1), 0));
        assert!(presence.take(PLACE, device(1), Sign::Writing, 5, 0));
        assert_eq!(presence.next_expiry_ms(), Some(WRITING_HOLDS_MS));
        assert!(!presence.take(PLACE, device(1), Sign::Writing, 5, 3_000));
        assert!(presence.expire(WRITING_HOLDS_MS - 1).is_empty());
        assert_eq!(presence.expire(WRITING_HOLDS_MS), BTreeSet::from([PLACE]));
        assert_eq!(presence.next_expiry_ms(), None);
    }

    #[test]
    fn a_clock_that_is_set_back_keeps_nobody_there() {
        let mut presence = Presence::default();
        let late_ms = 1_000_000_000;
        presence.attended_until_ms = late_ms + ATTENDED_MS;
        assert!(presence.may_speak(PLACE, device(1), late_ms));
        assert!(presence.take(PLACE, device(1), Sign::Here, 5, late_ms));
        assert!(presence.expire(1_000).is_empty());
        assert_eq!(presence.attended_until_ms, 1_000 + ATTENDED_MS);
        assert_eq!(presence.next_expiry_ms(), Some(1_000 + HERE_HOLDS_MS));
        assert_eq!(presence.expire(1_000 + HERE_HOLDS_MS), BTreeSet::from([PLACE]));
    }

    #[test]
    fn what_is_forgotten_is_not_taken_again() {
        let mut presence = Presence::default();
        for account in [None, Some(device(1).account)] {
            assert!(presence.may_speak(PLACE, device(1), 1_000));
            let at_ms = if account.is_none() { 5 } else { 6 };
            assert!(presence.take(PLACE, device(1), Sign::Here, at_ms, 1_000));
            assert_eq!(presence.forget(account), BTreeSet::from([PLACE]));
            assert!(presence.may_speak(PLACE, device(1), 1_000));
            assert!(!presence.take(PLACE, device(1), Sign::Here, at_ms, 1_000));
            assert_eq!(presence.next_expiry_ms(), None);
        }
    }
}
