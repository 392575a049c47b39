//! The bus of nodes that share a process; as a rule that is one.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock, Weak};

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, ready};

use super::counters::Counters;
use super::{Bus, Hint, Key, Limit, Listener, TooOften};

/// A call to each listener.
#[derive(Default)]
pub(crate) struct InProcess {
    listeners: RwLock<Arc<[Weak<dyn Listener>]>>,
    counters: Counters,
    numbers: AtomicU64,
}

impl Bus for InProcess {
    fn listen(&self, listener: Weak<dyn Listener>) {
        let mut listeners = self.listeners.write().unwrap_or_else(PoisonError::into_inner);
        *listeners = listeners.iter().cloned().chain([listener]).collect();
    }

    fn publish(&self, hint: Hint) {
        // Not under the lock: who hears something may say something.
        let listeners = Arc::clone(&self.listeners.read().unwrap_or_else(PoisonError::into_inner));
        for listener in listeners.iter().filter_map(Weak::upgrade) {
            listener.heard(hint.clone());
        }
    }

    fn take(&self, limit: Limit, key: Key, now_ms: u64) -> BoxFuture<'_, Result<(), TooOften>> {
        ready(self.counters.take(limit, key, now_ms)).boxed()
    }

    fn number(&self) -> BoxFuture<'_, Option<u64>> {
        ready(Some(self.numbers.fetch_add(1, Ordering::Relaxed) + 1)).boxed()
    }

    fn is_whole(&self) -> bool {
        true
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        ready(()).boxed()
    }
}
