//! The server's shares of messages that open later.

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use huis_proto::rest::ReleasedShare;
use huis_proto::{AccountId, ConversationId, ErrorCode, MessageId};
use huis_store::{Release, Withdrawal};
use serde::Deserialize;
use utoipa::IntoParams;

use super::json::UrlPath;
use super::problem::Refusal;
use super::resources::{OpenApiRouter, routes};
use super::signed_in::SignedInDevice;
use crate::state::App;

/// When somebody is to ask again while the time is not sure.
const UNSURE_S: u64 = 60;

pub(super) fn routes() -> OpenApiRouter {
    OpenApiRouter::new().routes(routes!(share, withdraw))
}

/// A locked message, as a path names it.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
struct LockPath {
    /// The conversation.
    conversation: ConversationId,
    /// Whose message it is.
    author: AccountId,
    /// The message's id.
    message: MessageId,
}

/// The server's share of a locked message, from its time on: for accounts that take part in the conversation.
#[utoipa::path(
    get,
    path = "/api/v1/conversations/{conversation}/time-locks/{author}/{message}",
    tag = "time locks",
    params(LockPath),
    responses(
        (status = 200, body = ReleasedShare),
        Refusal
    ),
)]
async fn share(
    State(app): State<App>,
    device: SignedInDevice,
    UrlPath(LockPath { conversation, author, message }): UrlPath<LockPath>,
) -> Result<Json<ReleasedShare>, Refusal> {
    // While the time is not sure nothing's time has come.
    let sure = app.time.sure_now_ms(&*app.clock);
    let now_ms = sure.unwrap_or(0);
    match app.store.release(device.member.account, conversation, author, message, now_ms).await? {
        None => Err(unknown()),
        Some(Release::Withdrawn) => {
            Err(Refusal::new(ErrorCode::TimeLockWithdrawn, "The message was withdrawn before it opened."))
        }
        Some(Release::Waits { .. }) if sure.is_err() => Err(unsure()),
        Some(Release::Waits { unlocks_at_ms }) => {
            let seconds = unlocks_at_ms.saturating_sub(now_ms).div_ceil(1000);
            let title = format!("The message opens in {seconds} seconds.");
            Err(Refusal::new(ErrorCode::TimeLocked, title).retry_after(seconds))
        }
        Some(Release::Share(share)) => Ok(Json(ReleasedShare { share })),
    }
}

/// Withdraws an own locked message before it opens: the server destroys its share, which nobody was given.
#[utoipa::path(
    delete,
    path = "/api/v1/conversations/{conversation}/time-locks/{author}/{message}",
    tag = "time locks",
    params(LockPath),
    responses(
        (status = 204),
        Refusal
    ),
)]
async fn withdraw(
    State(app): State<App>,
    device: SignedInDevice,
    UrlPath(LockPath { conversation, author, message }): UrlPath<LockPath>,
) -> Result<StatusCode, Refusal> {
    let now_ms = app.time.sure_now_ms(&*app.clock).map_err(|_| unsure())?;
    if author != device.member.account {
        return Err(unknown());
    }
    match app.store.withdraw(author, conversation, message, now_ms).await? {
        Withdrawal::Done => Ok(StatusCode::NO_CONTENT),
        Withdrawal::Opened => {
            Err(Refusal::new(ErrorCode::TimeLockOpened, "The message has opened already; delete it instead."))
        }
        Withdrawal::Unknown => Err(unknown()),
    }
}

fn unknown() -> Refusal {
    Refusal::not_found("There is no such locked message, or it is not for this account.")
}

fn unsure() -> Refusal {
    let title =
        "The server is not sure of the time; locked messages stay as they are until its operator has seen to it.";
    Refusal::new(ErrorCode::TimeUnsure, title).retry_after(UNSURE_S)
}
