//! Commits that members contest, and GroupInfos that they replace.

use axum::Json;
use axum::extract::{DefaultBodyLimit, State};
use http::StatusCode;
use huis_proto::rest::{Dissent, Dissented, GroupInfoRequests, PutGroupInfo, RequestGroupInfo};
use huis_proto::{ConversationId, ErrorCode, Problem, limits};
use huis_store::{Dissenting, Reseeding, Wanting};

use super::conversations::finished;
use super::json::{JsonBody, UrlPath};
use super::problem::Refusal;
use super::registrations::check_size;
use super::resources::{OpenApiRouter, routes};
use super::signed_in::SignedInDevice;
use crate::state::App;

pub(super) fn routes() -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(dissent))
        .routes(routes!(put_group_info).layer(DefaultBodyLimit::max(limits::COMMIT_BODY)))
        .routes(routes!(request_group_info, group_info_requests))
}

/// Says that this device skips a commit as invalid.
///
/// If enough others say so, the seats that the commit took are given back, and those that it gave are taken back. Sent
/// again it counts once. A device says it before it acknowledges the commit; afterwards the commit may be settled, and
/// the answer is `not-found`.
#[utoipa::path(
    post,
    path = "/api/v1/conversations/{conversation}/dissents",
    tag = "conversations",
    params(("conversation" = ConversationId, Path, description = "the conversation")),
    request_body = Dissent,
    responses((status = 200, body = Dissented), Refusal)
)]
async fn dissent(
    State(app): State<App>,
    device: SignedInDevice,
    UrlPath(conversation): UrlPath<ConversationId>,
    JsonBody(Dissent { seq }): JsonBody<Dissent>,
) -> Result<Json<Dissented>, Refusal> {
    app.rate_limits.dissent(device.member, app.clock.now_ms()).await?;
    // What is undone must also be announced.
    finished(async move {
        let taken = match app.store.dissent(device.member, conversation, seq).await {
            Ok(Dissenting::Taken(taken)) => taken,
            Ok(Dissenting::NotAMember) => return Err(not_a_member().0),
            Ok(Dissenting::NoSuchCommit) => {
                let title = format!("Entry {seq} is no commit that this device can contest (any more).");
                return Err(Problem::new(ErrorCode::NotFound, title));
            }
            Err(error) => return Err(Refusal::from(error).0),
        };
        if !taken.restored.is_empty() || !taken.revoked.is_empty() {
            tracing::info!(
                restored = taken.restored.len(),
                revoked = taken.revoked.len(),
                "members contested a commit, and its seats were undone"
            );
            app.hub.seats_changed(conversation, [taken.restored, taken.revoked].concat());
        }
        if let Some(commit_counter) = taken.group_info_wanted {
            app.hub.group_info_wanted(conversation, commit_counter);
        }
        Ok(Dissented { undone: taken.undone, seated: taken.seated, group_info_wanted: taken.group_info_wanted })
    })
    .await
}

/// Puts a member's GroupInfo in the place of a bad one.
#[utoipa::path(
    put,
    path = "/api/v1/conversations/{conversation}/group-info",
    tag = "conversations",
    params(("conversation" = ConversationId, Path, description = "the conversation")),
    request_body = PutGroupInfo,
    responses((status = 204, description = "It is what joiners get."), Refusal)
)]
async fn put_group_info(
    State(app): State<App>,
    device: SignedInDevice,
    UrlPath(conversation): UrlPath<ConversationId>,
    JsonBody(PutGroupInfo { commit_counter, group_info }): JsonBody<PutGroupInfo>,
) -> Result<StatusCode, Refusal> {
    app.rate_limits.group_info(device.member, app.clock.now_ms()).await?;
    check_size("The GroupInfo", &group_info, limits::GROUP_INFO)?;
    match app.store.reseed_group_info(device.member, conversation, commit_counter, group_info).await? {
        Reseeding::Stored => Ok(StatusCode::NO_CONTENT),
        Reseeding::Behind { commit_counter } => Err(Refusal::new(
            ErrorCode::CommitConflict,
            format!("Commit {commit_counter} is the newest, and brought a GroupInfo of its own."),
        )),
        Reseeding::NotWanted => Err(Refusal::new(
            ErrorCode::CommitConflict,
            "Nobody asks for another GroupInfo, or another member was faster.",
        )),
        Reseeding::NotAMember => Err(not_a_member()),
    }
}

/// Says that the GroupInfo is bad: members are asked for a better one, those that are connected and those that connect.
#[utoipa::path(
    post,
    path = "/api/v1/conversations/{conversation}/group-info-requests",
    tag = "conversations",
    params(("conversation" = ConversationId, Path, description = "the conversation")),
    request_body = RequestGroupInfo,
    responses((status = 204, description = "Members are asked, or there is another GroupInfo by now."), Refusal)
)]
async fn request_group_info(
    State(app): State<App>,
    device: SignedInDevice,
    UrlPath(conversation): UrlPath<ConversationId>,
    JsonBody(RequestGroupInfo { commit_counter }): JsonBody<RequestGroupInfo>,
) -> Result<StatusCode, Refusal> {
    app.rate_limits.group_info_request(device.member, app.clock.now_ms()).await?;
    match app.store.want_group_info(device.member, conversation, commit_counter).await? {
        Wanting::Asked => app.hub.group_info_wanted(conversation, commit_counter),
        Wanting::Settled => {}
        Wanting::NotAMember => return Err(not_a_member()),
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Whether a better GroupInfo is wanted: members look before they bring one.
#[utoipa::path(
    get,
    path = "/api/v1/conversations/{conversation}/group-info-requests",
    tag = "conversations",
    params(("conversation" = ConversationId, Path, description = "the conversation")),
    responses((status = 200, body = GroupInfoRequests), Refusal)
)]
async fn group_info_requests(
    State(app): State<App>,
    device: SignedInDevice,
    UrlPath(conversation): UrlPath<ConversationId>,
) -> Result<Json<GroupInfoRequests>, Refusal> {
    let wanted = app.store.group_info_wanted(device.member, conversation).await?;
    let commit_counter = wanted.ok_or_else(not_a_member)?;
    Ok(Json(GroupInfoRequests { commit_counter }))
}

fn not_a_member() -> Refusal {
    Refusal::new(ErrorCode::NotAMember, "There is no such conversation, or this device is no member of it.")
}
