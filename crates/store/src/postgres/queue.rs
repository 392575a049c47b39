//! A bounded queue before a writer, which takes what can be done together as one batch.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::{Mutex as Turn, Notify, Semaphore, oneshot};

use crate::crowd::Crowd;
use crate::{StoreError, StoreResult};

/// One unit of a queue's bound, in bytes.
const UNIT_BYTES: usize = 1024;
/// What waits in one queue, in units: 4 MiB of payloads, or as many small pieces of work.
pub(super) const QUEUE_UNITS: u32 = 4 * 1024;

/// Where the answer to a piece of work goes. A caller that went away has its work done all the same.
pub(super) type Caller<T> = oneshot::Sender<StoreResult<T>>;

/// A piece of work that can be refused without being done.
pub(super) trait Job: Send + 'static {
    /// About what it holds in memory.
    fn bytes(&self) -> usize;
    /// Tells the caller that it was not done.
    fn refuse(self, why: StoreError);
}

struct Line<J> {
    jobs: VecDeque<(J, u32)>,
    stopped: bool,
}

/// The queue.
pub(super) struct Queue<J> {
    line: Mutex<Line<J>>,
    filled: Notify,
    room: Semaphore,
    /// Who waits for room keeps those behind from going first.
    turn: Turn<()>,
    callers: Crowd,
}

impl<J: Job> Queue<J> {
    pub(super) fn new() -> Self {
        Self {
            line: Mutex::new(Line { jobs: VecDeque::new(), stopped: false }),
            filled: Notify::new(),
            room: Semaphore::new(QUEUE_UNITS as usize),
            turn: Turn::new(()),
            callers: Crowd::default(),
        }
    }

    /// Puts a job at the end, waiting for room; where there is room, at once. Callers get their places in the order in
    /// which they asked for them first.
    pub(super) async fn push(&self, job: J) -> StoreResult<()> {
        let units = u32::try_from(1 + job.bytes() / UNIT_BYTES).unwrap_or(QUEUE_UNITS).min(QUEUE_UNITS);
        let (turn, place) = match self.turn.try_lock().map(|turn| (turn, self.room.try_acquire_many(units))) {
            Ok((turn, Ok(place))) => (turn, place),
            tried => {
                let _waiting = self.callers.enter()?;
                let turn = match tried {
                    Ok((turn, _)) => turn,
                    Err(_) => self.turn.lock().await,
                };
                (turn, self.room.acquire_many(units).await.map_err(|_| StoreError::Stopped)?)
            }
        };
        let mut line = self.line();
        if line.stopped {
            return Err(StoreError::Stopped);
        }
        place.forget();
        line.jobs.push_back((job, units));
        drop(line);
        drop(turn);
        self.filled.notify_one();
        Ok(())
    }

    /// Waits for work and gives what `takes` takes of it, the first one at least; nothing once the queue is stopped and
    /// empty.
    pub(super) async fn next_batch(&self, mut takes: impl FnMut(&J) -> bool) -> Option<Vec<J>> {
        loop {
            let filled = self.filled.notified();
            if let Some(batch) = self.take(&mut takes)? {
                return Some(batch);
            }
            filled.await;
        }
    }

    /// Waits until there is work, or there will be none.
    pub(super) async fn wait(&self) {
        loop {
            let filled = self.filled.notified();
            if self.has_news() {
                return;
            }
            filled.await;
        }
    }

    fn has_news(&self) -> bool {
        let line = self.line();
        !line.jobs.is_empty() || line.stopped
    }

    /// `None` once it is stopped and empty.
    fn take(&self, takes: &mut impl FnMut(&J) -> bool) -> Option<Option<Vec<J>>> {
        let mut line = self.line();
        if line.jobs.is_empty() {
            return if line.stopped { None } else { Some(None) };
        }
        let mut batch = Vec::new();
        let mut freed = 0;
        while let Some((next, _)) = line.jobs.front()
            && (takes(next) || batch.is_empty())
            && let Some((next, units)) = line.jobs.pop_front()
        {
            freed += units;
            batch.push(next);
        }
        drop(line);
        self.room.add_permits(freed as usize);
        Some(Some(batch))
    }

    /// Takes no more work; what is in the queue is still done.
    pub(super) fn stop(&self) {
        self.line().stopped = true;
        self.room.close();
        self.filled.notify_one();
    }

    /// Whether it takes no more work.
    pub(super) fn is_stopped(&self) -> bool {
        self.line().stopped
    }

    fn line(&self) -> MutexGuard<'_, Line<J>> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Callers must not wait for a writer that ended by a bug.
pub(super) struct StopWhenDropped<'a, J: Job>(pub(super) &'a Queue<J>);

impl<J: Job> Drop for StopWhenDropped<'_, J> {
    fn drop(&mut self) {
        self.0.stop();
        let left = std::mem::take(&mut self.0.line().jobs);
        left.into_iter().for_each(|(job, _)| job.refuse(StoreError::Stopped));
    }
}

#[cfg(test)]
mod tests {
    use std::task::{Context, Poll, Waker};

    use super::*;

    struct Numbered(usize, usize);

    impl Job for Numbered {
        fn bytes(&self) -> usize {
            self.1
        }

        fn refuse(self, _: StoreError) {}
    }

    #[tokio::test]
    async fn who_waits_for_room_is_not_overtaken_by_who_comes_when_there_is_some() {
        let queue = Queue::new();
        queue.push(Numbered(1, QUEUE_UNITS as usize * UNIT_BYTES)).await.expect("there is room");
        let context = &mut Context::from_waker(Waker::noop());
        let mut early = Box::pin(queue.push(Numbered(2, 0)));
        assert!(early.as_mut().poll(context).is_pending());
        let first = queue.next_batch(|_| true).await.expect("a batch");
        let mut late = Box::pin(queue.push(Numbered(3, 0)));
        assert!(late.as_mut().poll(context).is_pending());
        assert!(matches!(early.as_mut().poll(context), Poll::Ready(Ok(()))));
        assert!(matches!(late.as_mut().poll(context), Poll::Ready(Ok(()))));
        let then = queue.next_batch(|_| true).await.expect("a batch");
        assert_eq!(first.iter().chain(&then).map(|job| job.0).collect::<Vec<_>>(), [1, 2, 3]);
    }
}
