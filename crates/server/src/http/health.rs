//! Whether the server lives, and whether it can serve.

use axum::Router;
use axum::extract::State;
use axum::routing::get;

use super::problem::Refusal;
use crate::state::App;

pub(super) fn routes() -> Router<App> {
    Router::new().route("/healthz", get(lives)).route("/readyz", get(is_ready))
}

async fn lives() -> &'static str {
    "ok\n"
}

async fn is_ready(State(app): State<App>) -> Result<&'static str, Refusal> {
    app.store.check().await.map_err(|error| {
        tracing::warn!(%error, "the store does not answer as it should");
        Refusal::unavailable("The store does not answer as it should; the log says more.", 5)
    })?;
    Ok("ok\n")
}
