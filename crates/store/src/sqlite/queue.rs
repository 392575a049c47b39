//! The bounded queue before the writer, which hands over everything that waits as one batch.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{Mutex as Turn, Semaphore, oneshot};

use super::fault::Outcome;
use super::writer::Writer;
use crate::crowd::Crowd;
use crate::turns::Submission;
use crate::{StoreError, StoreResult};

/// One unit of the queue's bound, in bytes.
const UNIT_BYTES: usize = 1024;
/// What waits in the queue, in units: 16 MiB of payloads, or as many small jobs.
pub(super) const QUEUE_UNITS: u32 = 16 * 1024;
/// The most jobs of one transaction.
const BATCH_JOBS: usize = 1024;
/// The most units of one transaction, so that a run of large commits does not hold up everybody for long.
const BATCH_UNITS: u32 = 4 * 1024;
/// How long jobs that nobody waits for (acknowledgements) wait for company, to share an fsync.
const LINGER: Duration = Duration::from_millis(5);

/// A piece of work for the writer. It may be run again, if the transaction of its first run was undone.
pub(super) trait Job: Send {
    /// Which submission it is, if it is one.
    fn submission(&self) -> Option<Submission>;
    /// Does the work inside the writer's transaction and keeps the answer.
    fn run(&mut self, writer: &mut Writer) -> Outcome<()>;
    /// Gives the kept answer, or the fault, to the caller.
    fn answer(self: Box<Self>, fault: Option<StoreError>);
}

/// A closure as a job.
pub(super) struct Work<T, F> {
    submission: Option<Submission>,
    run: F,
    kept: Option<T>,
    caller: oneshot::Sender<StoreResult<T>>,
}

impl<T, F> Work<T, F>
where
    T: Send + 'static,
    F: FnMut(&mut Writer) -> Outcome<T> + Send + 'static,
{
    /// The job, and where its answer arrives.
    pub(super) fn with_answer(
        submission: Option<Submission>,
        run: F,
    ) -> (Box<dyn Job>, oneshot::Receiver<StoreResult<T>>) {
        let (caller, answer) = oneshot::channel();
        let work = Self { submission, run, kept: None, caller };
        (Box::new(work), answer)
    }
}

impl<T, F> Job for Work<T, F>
where
    T: Send + 'static,
    F: FnMut(&mut Writer) -> Outcome<T> + Send + 'static,
{
    fn submission(&self) -> Option<Submission> {
        self.submission
    }

    fn run(&mut self, writer: &mut Writer) -> Outcome<()> {
        self.kept = Some((self.run)(writer)?);
        Ok(())
    }

    fn answer(self: Box<Self>, fault: Option<StoreError>) {
        let answer = match (fault, self.kept) {
            (None, Some(kept)) => Ok(kept),
            (Some(fault), _) => Err(fault),
            (None, None) => Err(StoreError::Stopped),
        };
        // A caller that went away has its work on disk all the same.
        let _ = self.caller.send(answer);
    }
}

/// How soon a job is wanted on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Urgency {
    /// Somebody waits.
    AtOnce,
    /// It may wait a few milliseconds for other work to share a transaction with.
    Lingers,
}

struct Waiting {
    job: Box<dyn Job>,
    units: u32,
    urgency: Urgency,
}

#[derive(Default)]
struct Line {
    jobs: VecDeque<Waiting>,
    at_once: usize,
    stopped: bool,
}

/// The queue.
pub(super) struct Queue {
    line: Mutex<Line>,
    filled: Condvar,
    room: Semaphore,
    /// Who waits for room keeps those behind from going first.
    turn: Turn<()>,
    callers: Crowd,
}

impl Queue {
    pub(super) fn new() -> Self {
        Self {
            line: Mutex::default(),
            filled: Condvar::new(),
            room: Semaphore::new(QUEUE_UNITS as usize),
            turn: Turn::new(()),
            callers: Crowd::default(),
        }
    }

    /// Puts a job at the end, waiting for room. `bytes` is about what it holds in memory. Callers get their places in the
    /// order in which they asked for them first.
    pub(super) async fn push(&self, job: Box<dyn Job>, bytes: usize, urgency: Urgency) -> StoreResult<()> {
        let units = u32::try_from(1 + bytes / UNIT_BYTES).unwrap_or(QUEUE_UNITS).min(QUEUE_UNITS);
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
        line.at_once += usize::from(urgency == Urgency::AtOnce);
        line.jobs.push_back(Waiting { job, units, urgency });
        let wakes = urgency == Urgency::AtOnce || line.jobs.len() == 1;
        drop(line);
        drop(turn);
        if wakes {
            self.filled.notify_one();
        }
        Ok(())
    }

    /// Waits for work and moves it into `batch`; false once the queue is stopped and empty.
    pub(super) fn next_batch(&self, batch: &mut Vec<Box<dyn Job>>) -> bool {
        let mut line = self.line();
        while line.jobs.is_empty() {
            if line.stopped {
                return false;
            }
            line = self.filled.wait(line).unwrap_or_else(PoisonError::into_inner);
        }
        let until = Instant::now() + LINGER;
        while line.at_once == 0 && !line.stopped {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            (line, _) = self.filled.wait_timeout(line, left).unwrap_or_else(PoisonError::into_inner);
        }
        let mut units = 0;
        while batch.len() < BATCH_JOBS
            && let Some(next) = line.jobs.front()
            && (batch.is_empty() || units + next.units <= BATCH_UNITS)
            && let Some(next) = line.jobs.pop_front()
        {
            units += next.units;
            line.at_once -= usize::from(next.urgency == Urgency::AtOnce);
            batch.push(next.job);
        }
        drop(line);
        self.room.add_permits(units as usize);
        true
    }

    /// Takes no more work; what is in the queue is still done.
    pub(super) fn stop(&self) {
        self.line().stopped = true;
        self.room.close();
        self.filled.notify_all();
    }

    /// Stops, and lets go of what nobody will do.
    pub(super) fn abandon(&self) {
        self.stop();
        let left = std::mem::take(&mut self.line().jobs);
        left.into_iter().for_each(|waiting| waiting.job.answer(Some(StoreError::Stopped)));
    }

    /// Whether it takes no more work.
    pub(super) fn is_stopped(&self) -> bool {
        self.line().stopped
    }

    fn line(&self) -> MutexGuard<'_, Line> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::task::{Context, Poll, Waker};

    use super::*;

    #[test]
    fn who_waits_for_room_is_not_overtaken_by_who_comes_when_there_is_some() {
        let queue = Queue::new();
        let context = &mut Context::from_waker(Waker::noop());
        let mut answers = Vec::new();
        let mut push = |bytes| {
            let (job, answer) = Work::with_answer(None, |_| Ok(()));
            answers.push(answer);
            Box::pin(queue.push(job, bytes, Urgency::AtOnce))
        };
        let full = push(QUEUE_UNITS as usize * UNIT_BYTES).as_mut().poll(context);
        assert!(matches!(full, Poll::Ready(Ok(()))));
        let mut early = push(0);
        assert!(early.as_mut().poll(context).is_pending());
        let mut batch = Vec::new();
        assert!(queue.next_batch(&mut batch));
        let mut late = push(0);
        assert!(late.as_mut().poll(context).is_pending());
        assert!(matches!(early.as_mut().poll(context), Poll::Ready(Ok(()))));
        assert!(matches!(late.as_mut().poll(context), Poll::Ready(Ok(()))));
    }
}
