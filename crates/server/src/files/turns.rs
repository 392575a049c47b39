//! How many requests do something at once: of each account, and in all.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use huis_proto::AccountId;

/// Who has turns.
pub(super) struct Turns {
    taken: Arc<Mutex<Taken>>,
    of_one: usize,
    in_all: usize,
}

#[derive(Default)]
struct Taken {
    by: HashMap<AccountId, usize>,
    all: usize,
}

/// A turn, given back when it is dropped.
pub(crate) struct Turn {
    taken: Arc<Mutex<Taken>>,
    account: AccountId,
}

impl Turns {
    pub(super) fn new((of_one, in_all): (usize, usize)) -> Self {
        Self { taken: Arc::default(), of_one, in_all }
    }

    pub(super) fn take(&self, account: AccountId) -> Option<Turn> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let of_this = taken.by.get(&account).copied().unwrap_or(0);
        if of_this >= self.of_one || taken.all >= self.in_all {
            return None;
        }
        taken.by.insert(account, of_this + 1);
        taken.all += 1;
        Some(Turn { taken: Arc::clone(&self.taken), account })
    }

    /// How many are taken.
    pub(super) fn taken(&self) -> usize {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner).all
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken.all = taken.all.saturating_sub(1);
        match taken.by.get_mut(&self.account) {
            Some(count) if *count > 1 => *count -= 1,
            _ => {
                taken.by.remove(&self.account);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_are_bounded_for_one_and_for_all_and_come_back() {
        let turns = Turns::new((2, 3));
        let [anna, berta] = [1, 2].map(|byte| AccountId::from_bytes([byte; 16]));
        let first = turns.take(anna);
        let second = turns.take(anna);
        assert!(first.is_some() && second.is_some() && turns.take(anna).is_none());
        let third = turns.take(berta);
        assert!(third.is_some() && turns.take(berta).is_none());
        drop(first);
        assert!(turns.take(anna).is_some());
        drop((second, third));
        assert!(turns.taken.lock().unwrap().by.is_empty());
    }
}
