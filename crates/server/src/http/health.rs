//! Whether the server lives, and whether it can serve.

use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::State;
use axum::routing::get;
use tokio::sync::Mutex;

use super::problem::Refusal;
use crate::state::App;

/// How long an answer about the store serves all who ask: each question costs the store a write.
const KEPT: Duration = Duration::from_secs(1);

/// Whether the store answered as it should when it was last asked.
#[derive(Default)]
pub(crate) struct Readiness(Mutex<Option<(Instant, bool)>>);

impl Readiness {
    /// The answer, by `ask` if the last one is too old. Who comes meanwhile waits for the same one.
    async fn find(&self, now: Instant, ask: impl Future<Output = bool>) -> bool {
        let mut last = self.0.lock().await;
        if let Some((when, is_ready)) = *last
            && now.saturating_duration_since(when) < KEPT
        {
            return is_ready;
        }
        let is_ready = ask.await;
        *last = Some((Instant::now(), is_ready));
        is_ready
    }
}

pub(super) fn routes() -> Router<App> {
    Router::new().route("/healthz", get(lives)).route("/readyz", get(is_ready))
}

async fn lives() -> &'static str {
    "ok\n"
}

async fn is_ready(State(app): State<App>) -> Result<&'static str, Refusal> {
    let ask = async {
        let found = app.store.check().await;
        found.inspect_err(|error| tracing::warn!(%error, "the store does not answer as it should")).is_ok()
    };
    if app.readiness.find(Instant::now(), ask).await {
        Ok("ok\n")
    } else {
        Err(Refusal::unavailable("The store does not answer as it should; the log says more.", 5))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[tokio::test]
    async fn many_who_ask_within_a_second_cost_the_store_one_question() {
        let (readiness, asked) = (&Readiness::default(), &AtomicU32::new(0));
        let now = Instant::now();
        let ask = |now: Instant, is_ready: bool| {
            readiness.find(now, async move {
                asked.fetch_add(1, Ordering::Relaxed);
                tokio::task::yield_now().await;
                is_ready
            })
        };
        assert_eq!(tokio::join!(ask(now, false), ask(now, true), ask(now, true)), (false, false, false));
        assert_eq!(asked.load(Ordering::Relaxed), 1);
        assert!(ask(now + 2 * KEPT, true).await);
        assert_eq!(asked.load(Ordering::Relaxed), 2);
    }
}
