//! The one writer: runs what waits as one transaction, so that one fsync serves all of it.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use huis_proto::ConversationId;
use rusqlite::Connection;

use super::fault::Outcome;
use super::hot::{Hot, WrittenBack};
use super::published::Published;
use super::queue::{Job, QUEUE_UNITS, Queue};
use super::repeats::Repeats;
use crate::turns::{Submission, Turns};
use crate::{Franking, StoreError, StoreResult};

/// The writer's connection and what it keeps in memory.
pub(super) struct Writer {
    pub(super) db: Connection,
    pub(super) hot: Hot,
    pub(super) franking: Arc<dyn Franking>,
    pub(super) folder: PathBuf,
    pub(super) repeats: Repeats,
    /// The newest stamp of the table `submissions`.
    pub(super) stamp: i64,
    /// Conversations whose seats were changed by this transaction.
    pub(super) seats_changed: Vec<ConversationId>,
    written: Vec<WrittenBack>,
    turns: Turns,
    published: Arc<Published>,
    faulty: Arc<AtomicBool>,
}

impl Writer {
    /// `faulty` is set while the newest transaction failed for a fault of the store.
    pub(super) fn new(
        db: Connection,
        franking: Arc<dyn Franking>,
        folder: PathBuf,
        published: Arc<Published>,
        faulty: Arc<AtomicBool>,
    ) -> rusqlite::Result<Self> {
        let stamp = db.query_row(
            "SELECT max(stamps_used, (SELECT coalesce(max(stamp), 0) FROM submissions)) FROM settings",
            [],
            |row| row.get(0),
        )?;
        let repeats = Repeats::load(&db)?;
        Ok(Self {
            db,
            repeats,
            hot: Hot::default(),
            franking,
            folder,
            stamp,
            seats_changed: Vec::new(),
            written: Vec::new(),
            turns: Turns::new(QUEUE_UNITS as usize),
            published,
            faulty,
        })
    }

    /// The writer's thread: batch after batch until the queue is stopped and empty.
    pub(super) fn serve(mut self, queue: &Queue) {
        let mut batch = Vec::new();
        // Dropped before the batch: who is told that a job was not done finds the store stopped.
        let _stopped = StopWhenDropped(queue);
        while queue.next_batch(&mut batch) {
            self.run_batch(&mut batch);
        }
        self.finish();
    }

    /// One job in a transaction of its own, answered at once; a submission, if it is not behind one of its device that
    /// was not taken.
    pub(super) fn run_alone<T>(
        &mut self,
        submission: Option<Submission>,
        mut run: impl FnMut(&mut Self) -> Outcome<T>,
    ) -> StoreResult<T> {
        if submission.is_some_and(|submission| !self.turns.admits(submission)) {
            return Err(StoreError::OutOfTurn);
        }
        let done = self.transact(&mut run);
        if let (Err(_), Some(submission)) = (&done, submission) {
            self.turns.not_taken(submission);
        }
        done.map_err(|fault| fault.told(&self.folder))
    }

    /// Moves the write-ahead log into the database and gives the log's space back.
    pub(super) fn finish(&mut self) {
        let done = self.db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
        if let Err(error) = done {
            // Nothing is lost: the next start reads the log.
            tracing::warn!(%error, "the write-ahead log stays for the next start");
        }
    }

    /// Writes the numbers in memory back, so that SQL in the rest of the transaction sees them.
    pub(super) fn write_back(&mut self) -> Outcome<()> {
        self.written.extend(self.hot.write_back(&self.db)?);
        Ok(())
    }

    fn run_batch(&mut self, batch: &mut Vec<Box<dyn Job>>) {
        let behind = |job: &mut Box<dyn Job>| job.submission().is_some_and(|submission| !self.turns.admits(submission));
        batch.extract_if(.., behind).for_each(|job| job.answer(Some(StoreError::OutOfTurn)));
        if batch.is_empty() {
            return;
        }
        let done = self.transact(&mut |writer| batch.iter_mut().try_for_each(|job| job.run(writer)));
        match done {
            Ok(()) => batch.drain(..).for_each(|job| job.answer(None)),
            // One job's fault must not be the others': each gets a transaction and an answer of its own.
            Err(fault) if batch.len() > 1 && fault.may_spare_others() => {
                for mut job in batch.drain(..) {
                    let done = self.run_alone(job.submission(), |writer| job.run(writer));
                    job.answer(done.err());
                }
            }
            Err(fault) => {
                let told = fault.told(&self.folder);
                for job in batch.drain(..) {
                    if let Some(submission) = job.submission() {
                        self.turns.not_taken(submission);
                    }
                    job.answer(Some(told.clone()));
                }
            }
        }
    }

    fn transact<T>(&mut self, run: &mut dyn FnMut(&mut Self) -> Outcome<T>) -> Outcome<T> {
        let done = self.attempt(run);
        match &done {
            Ok(_) => {
                self.repeats.on_disk();
                self.published.on_disk(&self.written, &self.seats_changed);
            }
            Err(fault) => {
                tracing::warn!(?fault, "a transaction was undone");
                self.undo();
            }
        }
        self.faulty.store(done.is_err(), Ordering::Relaxed);
        self.written.clear();
        self.seats_changed.clear();
        self.hot.trim();
        done
    }

    fn attempt<T>(&mut self, run: &mut dyn FnMut(&mut Self) -> Outcome<T>) -> Outcome<T> {
        self.db.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        let answer = run(self)?;
        self.write_back()?;
        self.repeats.merge(&self.db)?;
        self.db.prepare_cached("COMMIT")?.execute([])?;
        Ok(answer)
    }

    fn undo(&mut self) {
        // Some faults make SQLite roll back by itself.
        if !self.db.is_autocommit()
            && let Err(error) = self.db.execute_batch("ROLLBACK")
        {
            tracing::error!(%error, "a transaction could not be rolled back");
        }
        self.hot.forget_all();
        self.repeats.undo();
    }
}

/// Callers must not wait for a writer that panicked.
struct StopWhenDropped<'a>(&'a Queue);

impl Drop for StopWhenDropped<'_> {
    fn drop(&mut self) {
        self.0.abandon();
    }
}
