//! Which pushes wait, and which are under way: one for each session, and so many for each host that one that is slow leaves
//! room for the others.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use huis_proto::SessionId;
use huis_store::PushDue;
use reqwest::Url;
use tokio::time::Instant;

/// The most pushes that are under way.
const UNDER_WAY: usize = 1024;
/// The most of them to one host.
const UNDER_WAY_TO_A_HOST: usize = 64;
/// The most that wait for their turn or another try.
const WAITING: usize = 16 * 1024;
/// How often one push is tried.
const TRIES: u32 = 4;
/// What lies between the first two tries; four times as much between the next.
const FIRST_PAUSE: Duration = Duration::from_secs(5);
/// The longest that a push service can make a push wait.
const LONGEST_PAUSE: Duration = Duration::from_secs(600);

/// A push.
#[derive(Debug, Clone)]
pub(super) struct Queued {
    pub(super) due: PushDue,
    /// The push service's.
    pub(super) host: String,
    /// How often it was tried before.
    pub(super) tries: u32,
    at: Instant,
}

/// The pushes of this node.
#[derive(Default)]
pub(super) struct Queue {
    waiting: HashMap<SessionId, Queued>,
    under_way: HashSet<SessionId>,
    hosts: HashMap<String, usize>,
}

impl Queue {
    /// Takes a push in. One of the session's that is there says the same, unless it goes elsewhere. Whether there was room.
    pub(super) fn add(&mut self, due: PushDue, now: Instant) -> bool {
        let session = due.session;
        let is_there = match self.waiting.get(&session) {
            Some(waiting) => waiting.due.subscription == due.subscription,
            None => self.under_way.contains(&session),
        };
        if is_there {
            return true;
        }
        let url = Url::parse(&due.subscription.endpoint).ok();
        let host = url.and_then(|url| url.host_str().map(Into::into)).unwrap_or_default();
        self.wait(Queued { due, host, tries: 0, at: now })
    }

    /// Those that go now; each is under way until it has [ended](Self::ended).
    pub(super) fn next(&mut self, now: Instant) -> Vec<Queued> {
        let mut next: Vec<(Instant, SessionId)> = self.waiting.iter().map(|(id, queued)| (queued.at, *id)).collect();
        next.retain(|(at, session)| *at <= now && !self.under_way.contains(session));
        next.sort_unstable();
        let mut going = Vec::new();
        for (_, session) in next {
            if self.under_way.len() >= UNDER_WAY {
                break;
            }
            let Some(queued) = self.waiting.get(&session) else { continue };
            let to_host = self.hosts.entry(queued.host.clone()).or_default();
            if *to_host < UNDER_WAY_TO_A_HOST {
                *to_host += 1;
                self.under_way.insert(session);
                going.extend(self.waiting.remove(&session));
            }
        }
        going
    }

    /// A try has ended.
    pub(super) fn ended(&mut self, session: SessionId, host: &str) {
        self.under_way.remove(&session);
        if let Some(to_host) = self.hosts.get_mut(host) {
            *to_host = to_host.saturating_sub(1);
            if *to_host == 0 {
                self.hosts.remove(host);
            }
        }
    }

    /// Has it tried again, after what the push service said or a pause of our own. Not if that was the last time, or there
    /// is no room.
    pub(super) fn try_again(&mut self, mut queued: Queued, after: Option<Duration>, now: Instant) -> bool {
        let pause = FIRST_PAUSE * 4_u32.saturating_pow(queued.tries);
        queued.tries += 1;
        queued.at = now + after.unwrap_or(pause).min(LONGEST_PAUSE);
        queued.tries < TRIES && self.wait(queued)
    }

    /// How many wait for their turn or another try.
    pub(super) fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// Whether any wait.
    pub(super) fn has_any(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Whether any would go now, if there is room.
    pub(super) fn has_any_now(&self, now: Instant) -> bool {
        self.waiting.values().any(|queued| queued.at <= now)
    }

    fn wait(&mut self, queued: Queued) -> bool {
        let session = queued.due.session;
        let has_room = self.waiting.len() < WAITING || self.waiting.contains_key(&session);
        if has_room {
            self.waiting.insert(session, queued);
        }
        has_room
    }
}

#[cfg(test)]
mod tests {
    use huis_proto::Bytes;
    use huis_proto::rest::PushSubscription;

    use super::*;

    fn due(number: u128, host: &str) -> PushDue {
        let endpoint = format!("https://{host}/{number}");
        let subscription = PushSubscription { endpoint, p256dh: Bytes(Vec::new()), auth: Bytes(Vec::new()) };
        PushDue { session: SessionId::from_bytes(number.to_be_bytes()), subscription }
    }

    #[test]
    fn a_slow_push_service_leaves_room_for_the_others() {
        let (mut queue, now) = (Queue::default(), Instant::now());
        for number in 0..500 {
            assert!(queue.add(due(number, "slow.example"), now));
        }
        assert_eq!(queue.next(now).len(), UNDER_WAY_TO_A_HOST);
        assert!(queue.add(due(1000, "other.example"), now));
        let going = queue.next(now);
        assert_eq!(going.iter().map(|going| going.host.as_str()).collect::<Vec<_>>(), ["other.example"]);
        queue.ended(going[0].due.session, "other.example");
        assert!(queue.next(now).is_empty());
        queue.ended(due(0, "").session, "slow.example");
        assert_eq!(queue.next(now).len(), 1);
        for number in 2000..3000 {
            assert!(queue.add(due(number, &format!("{number}.example")), now));
        }
        assert_eq!(queue.next(now).len(), UNDER_WAY - UNDER_WAY_TO_A_HOST);
    }

    #[test]
    fn a_session_has_one_push_under_way_or_waiting() {
        let (mut queue, now) = (Queue::default(), Instant::now());
        assert!(queue.add(due(1, "push.example"), now) && queue.add(due(1, "push.example"), now));
        let first = queue.next(now).remove(0);
        assert!(queue.add(due(1, "push.example"), now));
        assert!(queue.next(now).is_empty() && !queue.has_any());
        queue.ended(first.due.session, &first.host);
        assert!(queue.try_again(first, None, now));
        // What waits for another try does not begin anew, unless it goes elsewhere.
        assert!(queue.add(due(1, "push.example"), now));
        assert!(queue.next(now).is_empty() && queue.has_any());
        assert!(queue.add(due(1, "elsewhere.example"), now));
        assert_eq!(queue.next(now).len(), 1);
    }

    #[test]
    fn what_waits_for_another_try_takes_no_place_and_ends_with_the_last() {
        let (mut queue, mut now) = (Queue::default(), Instant::now());
        assert!(queue.add(due(1, "push.example"), now));
        let mut pauses = Vec::new();
        loop {
            let queued = queue.next(now).remove(0);
            queue.ended(queued.due.session, &queued.host);
            assert!(queue.under_way.is_empty() && queue.hosts.is_empty());
            if !queue.try_again(queued, None, now) {
                break;
            }
            let before = now;
            while queue.waiting.values().any(|queued| queued.at > now) {
                assert!(!queue.has_any_now(now) && queue.next(now).is_empty());
                now += Duration::from_secs(1);
            }
            pauses.push((now - before).as_secs());
        }
        assert_eq!(pauses, [5, 20, 80]);
        assert!(!queue.has_any());
    }

    #[test]
    fn what_waits_is_bounded_and_no_push_service_makes_it_wait_for_long() {
        let (mut queue, now) = (Queue::default(), Instant::now());
        for number in 0..WAITING as u128 {
            assert!(queue.add(due(number, "push.example"), now));
        }
        assert!(!queue.add(due(1 << 64, "push.example"), now));
        let queued = queue.next(now).remove(0);
        queue.ended(queued.due.session, &queued.host);
        let session = queued.due.session;
        assert!(queue.try_again(queued, Some(Duration::MAX), now));
        assert_eq!(queue.waiting[&session].at, now + LONGEST_PAUSE);
    }
}
