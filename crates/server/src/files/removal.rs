//! Removing files that are over: marked in the store, then without their bytes, then forgotten. A crash between two of
//! these steps leaves a row, by which the next round goes on; and each step may be done twice, by several nodes at once.

use huis_blobs::BlobError;
use huis_store::StoreError;

use crate::state::App;

/// From when a file is marked until its bytes go: a part that was being written when it was marked is written by then, as
/// a request and a piece's way to the storage together take less.
const WRITTEN_BY_THEN_MS: u64 = 15 * 60 * 1000;
/// What one transaction takes, so that messages never wait long behind it.
const END_AT_ONCE: usize = 500;
/// How many such transactions one round makes.
const END_ROUNDS: usize = 100;
/// The most files whose bytes one round deletes, so that a server that stops does not wait long for it.
const REMOVED_AT_ONCE: usize = 50;

/// Ends what is over.
pub(crate) async fn remove(app: &App) -> Result<(), StoreError> {
    let now_ms = app.clock.now_ms();
    for _ in 0..END_ROUNDS {
        if app.store.end_files(now_ms, END_AT_ONCE).await? < END_AT_ONCE {
            break;
        }
    }
    let marked_until_ms = now_ms.saturating_sub(WRITTEN_BY_THEN_MS);
    let due = app.store.files_to_remove(marked_until_ms, REMOVED_AT_ONCE).await?;
    let mut removed = Vec::with_capacity(due.len());
    for file in due {
        match app.files.blobs.delete(file).await {
            Ok(()) => removed.push(file),
            Err(error) => {
                tracing::warn!(%error, "a file's bytes could not be deleted; they will be at the next round");
                // Each further one would wait as long.
                if matches!(error, BlobError::Unreachable) {
                    break;
                }
            }
        }
    }
    if !removed.is_empty() {
        metrics::counter!("huis_files_removed_total").increment(removed.len() as u64);
        app.store.forget_files(removed).await?;
    }
    Ok(())
}
