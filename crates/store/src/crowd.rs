//! An end to how many wait.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::{StoreError, StoreResult};

/// The most callers that wait for room in a queue, or for a connection.
const CALLERS_WAITING: usize = 20_000;

/// Counts who waits, so that there is an end to it.
#[derive(Default)]
pub(crate) struct Crowd(AtomicUsize);

/// One who waits.
pub(crate) struct InCrowd<'a>(&'a AtomicUsize);

impl Crowd {
    /// Joins those who wait.
    ///
    /// # Errors
    /// [`StoreError::Busy`] where there are too many already.
    pub(crate) fn enter(&self) -> StoreResult<InCrowd<'_>> {
        let entered = InCrowd(&self.0);
        if self.0.fetch_add(1, Ordering::Relaxed) < CALLERS_WAITING { Ok(entered) } else { Err(StoreError::Busy) }
    }
}

impl Drop for InCrowd<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
