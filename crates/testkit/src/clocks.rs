//! Virtual time, as the server and the devices see it.

use std::cell::Cell;
use std::rc::Rc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures_util::future::LocalBoxFuture;
use tokio::time::Instant;

/// The world's time: begins at the machine's (OpenMLS looks at that for lifetimes) and goes on with tokio's clock.
#[derive(Debug, Clone, Copy)]
pub(crate) struct WorldTime {
    began_ms: u64,
    began: Instant,
}

impl WorldTime {
    pub(crate) fn begin() -> Self {
        let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self::begin_at(since_1970.as_millis() as u64)
    }

    /// A world that goes on at this time.
    pub(crate) fn begin_at(began_ms: u64) -> Self {
        Self { began_ms, began: Instant::now() }
    }

    pub(crate) fn now_ms(&self) -> u64 {
        self.began_ms + self.elapsed_ms()
    }

    pub(crate) fn elapsed_ms(&self) -> u64 {
        self.began.elapsed().as_millis() as u64
    }
}

/// A device's clock, which may be wrong, and counts how often it was waited for.
pub(crate) struct DeviceClock {
    pub(crate) time: WorldTime,
    pub(crate) wrong_by_ms: Rc<Cell<i64>>,
    pub(crate) waits: Rc<Cell<u64>>,
}

impl huis_engine::Clock for DeviceClock {
    fn now_ms(&self) -> u64 {
        self.time.now_ms().saturating_add_signed(self.wrong_by_ms.get())
    }

    fn sleep(&self, duration: Duration) -> LocalBoxFuture<'static, ()> {
        self.waits.set(self.waits.get() + 1);
        Box::pin(tokio::time::sleep(duration))
    }
}
