//! What is done to the running server itself: renews the access passphrase, stops the server.

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use huis_proto::rest::AccessPassphraseMade;
use huis_store::Noted;

use super::actions::Action;
use super::{Allowed, finished};
use crate::http::problem::Refusal;
use crate::http::resources::{OpenApiRouter, routes};
use crate::state::App;

pub(super) fn routes() -> OpenApiRouter {
    OpenApiRouter::new().routes(routes!(renew_passphrase)).routes(routes!(stop))
}

/// Makes a fresh access passphrase, which counts until the server starts again. It is in this answer and nowhere else.
#[utoipa::path(
    post,
    path = "/api/v1/admin/access-passphrase",
    tag = "administration",
    responses((status = 200, body = AccessPassphraseMade), Refusal)
)]
async fn renew_passphrase(
    State(app): State<App>,
    asker: Allowed<{ Action::RenewPassphrase as usize }>,
) -> Result<Json<AccessPassphraseMade>, Refusal> {
    if app.config.bus.is_some() {
        return Err(Refusal::bad_request(
            "This server has several nodes, whose access passphrase is a setting: change access-passphrase and start them again, one after another.",
        ));
    }
    if !app.admission.takes_passphrase() {
        return Err(nobody_comes_in_by_one());
    }
    let act = async move {
        note(&app, &asker).await?;
        let access_passphrase = app.admission.renew_passphrase().ok_or_else(nobody_comes_in_by_one)?;
        Ok(AccessPassphraseMade { access_passphrase })
    };
    finished(act).await.map(Json)
}

/// Stops the server as SIGTERM does: what it accepted is finished, and connections are closed with a reason.
#[utoipa::path(
    post,
    path = "/api/v1/admin/stop",
    tag = "administration",
    responses((status = 202), Refusal)
)]
async fn stop(State(app): State<App>, asker: Allowed<{ Action::Stop as usize }>) -> Result<StatusCode, Refusal> {
    let act = async move {
        note(&app, &asker).await?;
        tracing::info!("the super-administrator stops the server");
        app.stop_asked.notify_one();
        Ok(StatusCode::ACCEPTED)
    };
    finished(act).await
}

/// It is written down before it is done, for nothing of it is in the store.
async fn note<const ACTION: usize>(app: &App, asker: &Allowed<ACTION>) -> Result<(), Refusal> {
    let noted = app.store.note(asker.act(app.clock.now_ms()), Noted::default()).await?;
    asker.done(noted, String::new)
}

fn nobody_comes_in_by_one() -> Refusal {
    Refusal::bad_request("This server lets nobody in by a passphrase; set registration to passphrase first.")
}
