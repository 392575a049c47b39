//! Removing files that are over: marked in the store, then without their bytes, then forgotten. A crash between two of
//! these steps leaves a row, by which the next round goes on; and each step may be done twice, by several nodes at once.

use std::time::Duration;

use huis_blobs::BlobError;
use huis_proto::BlobId;
use huis_store::StoreError;
use rand::seq::SliceRandom as _;
use rand::thread_rng;
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior};

use crate::serve::stopped;
use crate::state::App;

const EVERY: Duration = Duration::from_secs(30);
/// How long one round goes on; the next one takes what is left.
const ROUND: Duration = Duration::from_secs(300);
/// From when a file is marked until its bytes go: a part that was being written when it was marked is written by then, as
/// a request and a piece's way to the storage together take less.
const WRITTEN_BY_THEN_MS: u64 = 15 * 60 * 1000;
/// What one transaction takes, so that messages never wait long behind it.
const END_AT_ONCE: usize = 500;
/// How many such transactions one round makes.
const END_ROUNDS: usize = 100;
/// How many files that are due are looked at together: of these each node takes some by chance, so that several nodes
/// seldom remove the same.
const DUE: usize = 500;
/// How many are removed before the store is told.
const REMOVED_AT_ONCE: usize = 50;

/// What became of some files.
#[derive(Default)]
struct Removed {
    gone: Vec<BlobId>,
    stuck: Vec<BlobId>,
    /// Whether the round ends here.
    is_over: bool,
}

/// Runs until the server stops: beside all other upkeep, as it may have to wait for storage elsewhere.
pub(crate) async fn run(app: App, is_stopping: watch::Receiver<bool>) {
    let mut ticks = tokio::time::interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        tokio::select! {
            () = stopped(is_stopping.clone()) => return,
            _ = ticks.tick() => {}
        }
        round(&app, &is_stopping).await;
    }
}

/// One round, which a stop ends between two files or in the middle of one.
pub(crate) async fn round(app: &App, is_stopping: &watch::Receiver<bool>) {
    if let Err(error) = remove(app, is_stopping).await {
        tracing::warn!(%error, "files that are over could not be removed; they will be at the next round");
    }
}

async fn remove(app: &App, is_stopping: &watch::Receiver<bool>) -> Result<(), StoreError> {
    let until = Instant::now() + ROUND;
    let now_ms = app.clock.now_ms();
    // By a clock that has jumped everything may seem to be over; then only what somebody let go of is removed.
    if let Ok(now_ms) = app.time.sure_now_ms(&*app.clock) {
        for _ in 0..END_ROUNDS {
            if *is_stopping.borrow() || app.store.end_files(now_ms, END_AT_ONCE).await? < END_AT_ONCE {
                break;
            }
        }
    }
    let marked_until_ms = now_ms.saturating_sub(WRITTEN_BY_THEN_MS);
    loop {
        let mut due = app.store.files_to_remove(marked_until_ms, DUE).await?;
        due.shuffle(&mut thread_rng());
        due.truncate(REMOVED_AT_ONCE);
        if due.is_empty() {
            return Ok(());
        }
        let Removed { gone, stuck, is_over } = delete(app, due, until, is_stopping).await;
        if !gone.is_empty() {
            metrics::counter!("huis_files_removed_total").increment(gone.len() as u64);
            app.store.forget_files(gone).await?;
        }
        if !stuck.is_empty() {
            app.store.put_off_removal(stuck, now_ms).await?;
        }
        if is_over {
            return Ok(());
        }
    }
}

async fn delete(app: &App, files: Vec<BlobId>, until: Instant, is_stopping: &watch::Receiver<bool>) -> Removed {
    let mut removed = Removed::default();
    for file in files {
        let deleted = tokio::select! {
            biased;
            () = stopped(is_stopping.clone()) => None,
            deleted = app.files.blobs.delete(file) => Some(deleted),
        };
        match deleted {
            Some(Ok(())) => removed.gone.push(file),
            Some(Err(error)) => {
                tracing::warn!(%error, "a file's bytes could not be deleted; it is tried again later");
                // Each further one would wait as long.
                if matches!(error, BlobError::Unreachable) {
                    removed.is_over = true;
                } else {
                    removed.stuck.push(file);
                }
            }
            None => removed.is_over = true,
        }
        if removed.is_over || Instant::now() >= until {
            removed.is_over = true;
            break;
        }
    }
    removed
}
