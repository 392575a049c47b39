//! Conversations, commits and messages by REST, GroupInfo, open rooms.

use std::collections::HashMap;

use axum::Json;
use axum::extract::{DefaultBodyLimit, State};
use huis_proto::rest::{
    Committed, Conversations, CreateConversation, GroupInfo, MessageAccepted, Room, Rooms, SubmitCommit, SubmitMessage,
};
use huis_proto::{ConversationId, ErrorCode, IncarnationId, Problem, limits, names};
use huis_store::Restores;
use serde::Deserialize;
use utoipa::IntoParams;

use super::json::{JsonBody, UrlPath, UrlQuery};
use super::problem::Refusal;
use super::resources::{OpenApiRouter, routes};
use super::signed_in::SignedInDevice;
use crate::delivery::submission;
use crate::state::App;

/// The most open rooms that are listed.
const ROOMS: usize = 1_000;

/// The routes of conversations and rooms.
pub(crate) fn routes() -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(create).layer(DefaultBodyLimit::max(limits::COMMIT_BODY)))
        .routes(routes!(commit).layer(DefaultBodyLimit::max(limits::COMMIT_BODY)))
        .routes(routes!(message))
        .routes(routes!(group_info))
        .routes(routes!(rooms))
        .routes(routes!(room))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Known {
    /// The incarnation of this server that the device has seen last, to be told what restores have cut since.
    known_incarnation: Option<IncarnationId>,
}

/// Lists the conversations that the account takes part in.
#[utoipa::path(
    get,
    path = "/api/v1/conversations",
    tag = "conversations",
    params(Known),
    responses(
        (status = 200, body = Conversations),
        Refusal
    ),
)]
async fn list(
    State(app): State<App>,
    device: SignedInDevice,
    UrlQuery(Known { known_incarnation }): UrlQuery<Known>,
) -> Result<Json<Conversations>, Refusal> {
    let mut conversations = app.store.conversations(device.member).await?;
    let restores = match known_incarnation {
        Some(known) => app.store.restores_since(device.member, known).await?,
        None => Restores::None,
    };
    let incarnation_is_unknown = matches!(restores, Restores::Unknown(_));
    if let Restores::Since(logs) | Restores::Unknown(logs) = restores {
        let logs: HashMap<_, _> = logs.into_iter().map(|log| (log.conversation, log)).collect();
        for info in &mut conversations {
            // One that was created between the two looks is a fresh one.
            let log = logs.get(&info.conversation);
            info.restored_head = Some(log.map_or(0, |log| log.head));
            info.restored_commit_counter = Some(log.map_or(0, |log| log.commit_counter));
        }
    }
    Ok(Json(Conversations { conversations, incarnation_is_unknown }))
}

/// Creates a conversation, with its first commit in the same step.
///
/// `conversation-exists` names the conversation where the two accounts of a direct one, or the open room's name, have
/// one already.
#[utoipa::path(
    post,
    path = "/api/v1/conversations",
    tag = "conversations",
    request_body = CreateConversation,
    responses(
        (status = 200, body = Committed),
        Refusal
    ),
)]
async fn create(
    State(app): State<App>,
    device: SignedInDevice,
    JsonBody(body): JsonBody<CreateConversation>,
) -> Result<Json<Committed>, Refusal> {
    let create = submission::check_create(device.member, body, app.clock.now_ms()).map_err(Refusal)?;
    if let Some(peer) = create.peer
        && app.store.account(peer).await?.is_none()
    {
        return Err(Refusal::not_found("There is no such account on this server."));
    }
    finished(submission::create(app, create)).await
}

/// Appends a commit, with its welcome and GroupInfo, in one atomic step.
///
/// Sent again after a lost answer, it gives the same answer.
#[utoipa::path(
    post,
    path = "/api/v1/conversations/{conversation}/commits",
    tag = "conversations",
    params(("conversation" = ConversationId, Path, description = "the conversation")),
    request_body = SubmitCommit,
    responses(
        (status = 200, body = Committed),
        Refusal
    ),
)]
async fn commit(
    State(app): State<App>,
    device: SignedInDevice,
    UrlPath(conversation): UrlPath<ConversationId>,
    JsonBody(body): JsonBody<SubmitCommit>,
) -> Result<Json<Committed>, Refusal> {
    let commit = submission::check_commit(device.member, conversation, body, app.clock.now_ms()).map_err(Refusal)?;
    finished(submission::append_commit(app, commit)).await
}

/// Appends a message or a leave proposal: the same as the frame `submit`.
#[utoipa::path(
    post,
    path = "/api/v1/conversations/{conversation}/messages",
    tag = "conversations",
    params(("conversation" = ConversationId, Path, description = "the conversation")),
    request_body = SubmitMessage,
    responses(
        (status = 200, body = MessageAccepted),
        Refusal
    ),
)]
async fn message(
    State(app): State<App>,
    device: SignedInDevice,
    UrlPath(conversation): UrlPath<ConversationId>,
    JsonBody(body): JsonBody<SubmitMessage>,
) -> Result<Json<MessageAccepted>, Refusal> {
    let said = (body.payload, body.share);
    let append =
        submission::check_message(device.member, Some(conversation), body.submission, said, app.clock.now_ms())
            .map_err(Refusal)?;
    finished(submission::append(app, append)).await
}

/// The GroupInfo after the newest commit: for accounts that take part, and for anybody in an open room.
#[utoipa::path(
    get,
    path = "/api/v1/conversations/{conversation}/group-info",
    tag = "conversations",
    params(("conversation" = ConversationId, Path, description = "the conversation")),
    responses(
        (status = 200, body = GroupInfo),
        Refusal
    ),
)]
async fn group_info(
    State(app): State<App>,
    device: SignedInDevice,
    UrlPath(conversation): UrlPath<ConversationId>,
) -> Result<Json<GroupInfo>, Refusal> {
    let asker = device.member.account;
    match app.store.group_info(asker, conversation).await? {
        Some(group_info) => Ok(Json(group_info)),
        None => Err(Refusal::not_found("There is no such conversation, or this account takes no part in it.")),
    }
}

/// Lists the open rooms by name, at most 1,000.
#[utoipa::path(
    get,
    path = "/api/v1/rooms",
    tag = "conversations",
    responses(
        (status = 200, body = Rooms),
        Refusal
    ),
)]
async fn rooms(State(app): State<App>, _: SignedInDevice) -> Result<Json<Rooms>, Refusal> {
    let rooms = app.store.rooms(ROOMS).await?;
    Ok(Json(Rooms { rooms }))
}

/// An open room by its name, without the `#`.
#[utoipa::path(
    get,
    path = "/api/v1/rooms/{name}",
    tag = "conversations",
    params(("name" = String, Path, description = "the room's name, without `#`")),
    responses(
        (status = 200, body = Room),
        Refusal
    ),
)]
async fn room(
    State(app): State<App>,
    _: SignedInDevice,
    UrlPath(name): UrlPath<String>,
) -> Result<Json<Room>, Refusal> {
    let name = names::room_name(&name)
        .map_err(|error| Refusal::new(ErrorCode::NameRefused, format!("The room's name: {error}.")))?;
    match app.store.room(&name).await? {
        Some(room) => Ok(Json(room)),
        None => Err(Refusal::not_found(format!("There is no room #{name}."))),
    }
}

/// Runs a submission to its end even if the client goes away meanwhile: what is appended must also be announced.
pub(super) async fn finished<T: Send + 'static>(
    submission: impl Future<Output = Result<T, Problem>> + Send + 'static,
) -> Result<Json<T>, Refusal> {
    match tokio::spawn(submission).await {
        Ok(Ok(answer)) => Ok(Json(answer)),
        Ok(Err(problem)) => Err(Refusal(problem)),
        Err(error) => {
            tracing::error!(%error, "a submission did not end");
            Err(Refusal::internal())
        }
    }
}
