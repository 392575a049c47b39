//! Buckets by what they limit.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use super::buckets::{Buckets, Rate, TooOften};

/// Whose bucket it is.
pub(crate) type Key = [u8; 32];

/// What is limited, and how.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limit {
    /// What operators see of it.
    pub what: &'static str,
    pub rate: Rate,
    /// The most buckets that a node keeps by itself; beyond it the oldest goes.
    pub capacity: usize,
}

/// The buckets of whoever shares this memory. There are as many kinds as limits in the code.
#[derive(Default)]
pub(super) struct Counters(RwLock<HashMap<&'static str, Buckets<Key>>>);

impl Counters {
    pub(super) fn take(&self, limit: Limit, key: Key, now_ms: u64) -> Result<(), TooOften> {
        let kinds = self.0.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(buckets) = kinds.get(limit.what) {
            return buckets.take(limit.rate, key, now_ms);
        }
        drop(kinds);
        let mut kinds = self.0.write().unwrap_or_else(PoisonError::into_inner);
        kinds.entry(limit.what).or_insert_with(|| Buckets::new(limit.capacity)).take(limit.rate, key, now_ms)
    }
}
