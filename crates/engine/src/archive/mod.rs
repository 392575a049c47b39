//! The history archive: what the account's devices have of its conversations, sealed in segments that the server keeps, for a
//! device that comes later. Off unless a person turns it on.
//!
//! Devices write what their databases have and no segment covers ([`gathering`]), each building on the newest head that they
//! were shown ([`looking`]); of two at once the one that comes second looks again. A new device reads the segments into its
//! database, the newest first ([`restoring`]).

mod agreement;
mod gathering;
mod leaving;
mod looking;
mod restoring;
#[cfg(test)]
mod tests;
mod writing;

use std::time::Duration;

use futures_util::future::select;
use huis_core::archive::{ArchiveError, Coverage, Outline, Slot, open_outline};
use huis_proto::IncarnationId;
use huis_views::{Connection, Failure, Notice};

pub(crate) use self::agreement::put_history;
pub(crate) use self::restoring::Restore;
use crate::client::{Client, Me};
use crate::db::{DbError, RestoreStanding, SegmentRow, Tables};

/// How often it is looked whether something is to be written.
const LOOK_EVERY: Duration = Duration::from_secs(60);
/// The same while a new device waits for what there is.
const LOOK_SOON: Duration = Duration::from_secs(2);
/// The pause after something that went wrong.
const AFTER_FAILURE: Duration = Duration::from_secs(300);
/// The pause between two segments.
const BETWEEN: Duration = Duration::from_millis(50);
/// What an engine that ran for less than this leaves to the next one: a command is no clean end of a day.
const SHORT_LIFE_MS: u64 = 60_000;

/// The fact that says what was refused last, so that it is shown once until a later head is taken.
const REFUSED: &str = "archive_refused";

/// A segment with its outline, opened.
type Known = (SegmentRow, Outline);

impl Client {
    /// Keeps the archive as the account's person wishes it, for ever.
    pub(crate) async fn run_archive(&self) {
        self.archive_since_ms.set(self.clock.now_ms());
        loop {
            let woken = Box::pin(self.signals.archive.notified());
            match self.archive_pause() {
                Some(pause) => drop(select(woken, self.clock.sleep(pause)).await),
                None => woken.await,
            }
            if self.stopping.get() || self.halted() {
                std::future::pending::<()>().await;
            }
            match self.keep_archive(false).await {
                Ok(()) | Err(Failure::SessionEnded | Failure::NotSignedIn | Failure::Stopped) => {}
                Err(failure) => {
                    tracing::info!(%failure, "the history archive has to wait");
                    self.clock.sleep(AFTER_FAILURE).await;
                }
            }
        }
    }

    /// Writes what waits, at the end of an engine that ran for a while.
    pub(crate) async fn finish_archive(&self) {
        if self.clock.now_ms().saturating_sub(self.archive_since_ms.get()) < SHORT_LIFE_MS {
            return;
        }
        if let Err(failure) = self.keep_archive(true).await {
            tracing::info!(%failure, "the history archive has to wait");
        }
    }

    /// Whether the archive is to be emptied, and the server is reached: worth waiting for at an end.
    pub(crate) fn empties_archive(&self) -> bool {
        self.has_session() && self.read(|tables| tables.archive_is_to_be_emptied()).unwrap_or(false)
    }

    fn archive_pause(&self) -> Option<Duration> {
        let is_open = self.connection.get() == Connection::Open;
        let wished = self.read(|tables| {
            let restores = tables.restores()?;
            let is_due =
                || Ok::<_, DbError>(!self.archive_looked.get() || tables.count_segments(RestoreStanding::Due)? > 0);
            if restores && is_open && is_due()? {
                return Ok(Some(LOOK_SOON));
            }
            let is_kept = restores || tables.history_is_on()? || tables.archive_is_to_be_emptied()?;
            Ok::<_, DbError>(is_kept.then_some(LOOK_EVERY))
        });
        wished.unwrap_or(Some(LOOK_EVERY))
    }

    async fn keep_archive(&self, at_end: bool) -> Result<(), Failure> {
        let Ok(_alone) = self.archiving.try_lock() else { return Ok(()) };
        self.restore_ends_in_time()?;
        if !self.has_session() || self.connection.get() != Connection::Open || !self.caught_up.get() {
            return Ok(());
        }
        // Another device may have turned it off, or gone to another key.
        let is_told = |tables: Tables<'_>| {
            Ok::<_, DbError>(tables.fact::<u64>("state_version")?.unwrap_or(0) > 0 && !tables.state_is_behind()?)
        };
        if !self.read(is_told)? {
            return Ok(());
        }
        if self.read(|tables| tables.archive_is_to_be_emptied())? {
            self.empty_archive().await?;
        }
        if !self.read(|tables| tables.history_is_on())? {
            return Ok(());
        }
        self.turn_archive_keys()?;
        self.restore_history().await?;
        self.write_archive(at_end).await
    }

    /// Shows once what the server gave that is not acceptable.
    fn archive_refused(&self, error: &ArchiveError) -> Result<Failure, DbError> {
        let reason = error.to_string();
        self.step(|step| {
            if step.tables.fact::<Option<String>>(REFUSED)?.flatten().as_ref() != Some(&reason) {
                step.tables.put_fact(REFUSED, &Some(&reason))?;
                step.notice(None, Notice::ArchiveRefused { reason: reason.clone() })?;
            }
            Ok::<_, DbError>(())
        })?;
        Ok(Failure::BadAnswer { reason })
    }
}

/// All segments that are known, with their outlines. One that does not open is of keys that the account has no more.
fn known_segments(tables: Tables<'_>, me: &Me) -> Result<Vec<Known>, DbError> {
    let opened = |row: SegmentRow| {
        let slot = Slot { account: me.account(), number: row.number };
        open_outline(&row.outline, &me.state_key, slot).ok().map(|outline| (row, outline))
    };
    Ok(tables.archive_segments()?.into_iter().filter_map(opened).collect())
}

fn coverage(known: &[Known]) -> Coverage {
    Coverage::of(known.iter().map(|(row, outline)| (row.number, outline)))
}

/// The life of the server's store in which places are counted that come from here on.
fn present_life(tables: Tables<'_>) -> Result<Option<IncarnationId>, DbError> {
    tables.fact("incarnation")
}
