//! Keeps each device's submissions in their order where one of them could not be taken.
//!
//! Several are under way at a time. If later ones were taken while an earlier one is to be sent again, others would see the
//! device's messages out of order, and the earlier one would stand behind the device's submission counter.

use std::collections::HashMap;

use huis_proto::Member;

/// A submission: whose, and its counter.
pub(crate) type Submission = (Member, u64);

/// Devices of which a submission was not taken, and that have not gone back since. A device goes back in order, so the
/// first submission that is not later is the first that it sends again.
pub(crate) struct Turns {
    /// By the latest submission that was not taken.
    recent: HashMap<Member, u64>,
    /// Those before, until there are many recent ones: whoever is forgotten had nothing in the queue any more.
    earlier: HashMap<Member, u64>,
    many: usize,
}

impl Turns {
    /// `many` is as many as the queue holds.
    pub(crate) fn new(many: usize) -> Self {
        Self { recent: HashMap::new(), earlier: HashMap::new(), many }
    }

    /// Whether this submission may be taken.
    pub(crate) fn admits(&mut self, (device, submission): Submission) -> bool {
        let recent = self.recent.get(&device).or_else(|| self.earlier.get(&device));
        match recent {
            Some(latest) if submission > *latest => {
                self.not_taken((device, submission));
                false
            }
            Some(_) => {
                self.recent.remove(&device);
                self.earlier.remove(&device);
                true
            }
            None => true,
        }
    }

    /// A submission was not taken, for a fault of the store.
    pub(crate) fn not_taken(&mut self, (device, submission): Submission) {
        if self.recent.len() >= self.many {
            self.earlier = std::mem::take(&mut self.recent);
        }
        let earlier = self.earlier.remove(&device).unwrap_or(0);
        let latest = self.recent.entry(device).or_insert(earlier);
        *latest = submission.max(*latest);
    }
}

#[cfg(test)]
mod tests {
    use huis_proto::{AccountId, DeviceId};

    use super::*;

    fn device(number: u8) -> Member {
        Member { account: AccountId::from_bytes([number; 16]), device: DeviceId::from_bytes([1; 16]) }
    }

    #[test]
    fn behind_one_that_was_not_taken_nothing_of_the_device_is_before_it_goes_back() {
        let (one, other) = (device(1), device(2));
        let mut turns = Turns::new(10);
        assert!(turns.admits((one, 5)));
        turns.not_taken((one, 5));
        assert!(!turns.admits((one, 6)));
        assert!(!turns.admits((one, 7)));
        assert!(turns.admits((other, 9)));
        for submission in [5, 6, 7, 8] {
            assert!(turns.admits((one, submission)));
        }
    }

    #[test]
    fn one_that_is_given_up_holds_nothing_up_for_long() {
        let mut turns = Turns::new(10);
        turns.not_taken((device(1), 5));
        assert!(!turns.admits((device(1), 9)));
        assert!(turns.admits((device(1), 9)));
        assert!(turns.admits((device(1), 10)));
    }

    #[test]
    fn few_are_remembered_and_the_newest_among_them() {
        let mut turns = Turns::new(3);
        for number in 0..100 {
            turns.not_taken((device(number), 5));
            assert!(turns.recent.len() + turns.earlier.len() <= 6);
        }
        assert!(turns.admits((device(0), 6)));
        for newest in 97..100 {
            assert!(!turns.admits((device(newest), 6)));
        }
    }
}
