//! What the files of all accounts may take together, where the operator has said it.

use huis_proto::{ErrorCode, limits};
use huis_store::SharedStore;
use tokio::sync::{Mutex, MutexGuard};

use crate::http::problem::Refusal;
use crate::space::size;

/// How long the store's sum counts, with what this node adds to it: to sum up is to look at every file. What other nodes
/// begin meanwhile comes beside the bound.
const FRESH_MS: u64 = 10_000;

pub(super) struct Total {
    most: Option<u64>,
    /// Held while an upload is begun, so that of many at once each counts for the next.
    sum: Mutex<Sum>,
}

#[derive(Default)]
struct Sum {
    bytes: u64,
    read_at_ms: Option<u64>,
}

/// Room for a file that is being begun.
pub(crate) struct Share<'a>(Option<(MutexGuard<'a, Sum>, u64)>);

impl Total {
    pub(super) fn new(most: Option<u64>) -> Self {
        Self { most, sum: Mutex::default() }
    }

    /// Refuses a file that would be too much. [`Share::taken`] tells that it was begun.
    pub(super) async fn share(&self, store: &SharedStore, length: u64, now_ms: u64) -> Result<Share<'_>, Refusal> {
        let Some(most) = self.most else { return Ok(Share(None)) };
        let mut sum = self.sum.lock().await;
        // The clock may have been put back.
        if sum.read_at_ms.is_none_or(|at_ms| at_ms.abs_diff(now_ms) >= FRESH_MS) {
            *sum = Sum { bytes: store.files_total(limits::FILE_COUNTED).await?, read_at_ms: Some(now_ms) };
        }
        let counted = length.max(limits::FILE_COUNTED);
        if sum.bytes.saturating_add(counted) <= most {
            return Ok(Share(Some((sum, counted))));
        }
        Err(Refusal::new(
            ErrorCode::StorageFull,
            format!(
                "The file has {}, and all files on this server take {} of {}; its operator must free some space.",
                size(length),
                size(sum.bytes),
                size(most)
            ),
        ))
    }
}

impl Share<'_> {
    /// The file is begun.
    pub(crate) fn taken(self) {
        if let Some((mut sum, counted)) = self.0 {
            sum.bytes = sum.bytes.saturating_add(counted);
        }
    }
}
