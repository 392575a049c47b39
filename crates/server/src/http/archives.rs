//! The account's history archive: segments that its devices sealed, and a head that says which there are.

use axum::Json;
use axum::extract::{DefaultBodyLimit, State};
use http::StatusCode;
use huis_proto::rest::{Archive, ArchiveBody, ArchiveSegment, ChangeArchive, NewArchiveSegment};
use huis_proto::{Bytes, Bytes32, ErrorCode, limits};
use huis_store::{ArchiveChange, ArchiveChanged, Dropped, KeptSegment, NewSegment};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use utoipa::IntoParams;

use super::json::{JsonBody, UrlPath, UrlQuery};
use super::problem::Refusal;
use super::registrations::check_size;
use super::resources::{OpenApiRouter, routes};
use super::signed_in::SignedInDevice;
use crate::state::App;

pub(super) fn routes() -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(archive, change).layer(DefaultBodyLimit::max(limits::ARCHIVE_CHANGE)))
        .routes(routes!(body))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct After {
    /// Segments behind this number; 0 if left out.
    #[serde(default)]
    after: u64,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
struct SegmentPath {
    /// The segment's number.
    number: u64,
}

/// The newest head of the account's archive, and a page of its segments without their bodies.
#[utoipa::path(
    get,
    path = "/api/v1/account/archive",
    tag = "accounts",
    params(After),
    responses((status = 200, body = Archive), Refusal)
)]
async fn archive(
    State(app): State<App>,
    asker: SignedInDevice,
    UrlQuery(After { after }): UrlQuery<After>,
) -> Result<Json<Archive>, Refusal> {
    let account = asker.member.account;
    let most_bytes = limits::ARCHIVE;
    let Some(standing) = app.store.archive(account).await? else {
        return Ok(Json(Archive { number: 0, head: None, bytes: 0, most_bytes, segments: Vec::new(), more: false }));
    };
    let mut found = app.store.archive_segments(account, after, limits::ARCHIVE_PAGE + 1).await?;
    let more = found.len() > limits::ARCHIVE_PAGE;
    found.truncate(limits::ARCHIVE_PAGE);
    let segments = found.into_iter().map(segment).collect();
    let (number, head, bytes) = (standing.number, Some(standing.head), standing.bytes);
    Ok(Json(Archive { number, head, bytes, most_bytes, segments, more }))
}

fn segment(KeptSegment { number, outline, body_hash, bytes }: KeptSegment) -> ArchiveSegment {
    ArchiveSegment { number, outline, body_hash, bytes }
}

/// The body of a segment.
#[utoipa::path(
    get,
    path = "/api/v1/account/archive/segments/{number}",
    tag = "accounts",
    params(SegmentPath),
    responses((status = 200, body = ArchiveBody), Refusal)
)]
async fn body(
    State(app): State<App>,
    asker: SignedInDevice,
    UrlPath(SegmentPath { number }): UrlPath<SegmentPath>,
) -> Result<Json<ArchiveBody>, Refusal> {
    let body = app.store.archive_body(asker.member.account, number).await?;
    let body = body.ok_or_else(|| {
        Refusal::not_found(format!("The archive has no segment {number}; a later head may have taken it out."))
    })?;
    Ok(Json(ArchiveBody { body }))
}

/// Stores the next head of the account's archive, with what it brings in and takes out.
#[utoipa::path(
    post,
    path = "/api/v1/account/archive",
    tag = "accounts",
    request_body = ChangeArchive,
    responses((status = 204), Refusal)
)]
async fn change(
    State(app): State<App>,
    asker: SignedInDevice,
    JsonBody(request): JsonBody<ChangeArchive>,
) -> Result<StatusCode, Refusal> {
    let account = asker.member.account;
    let ChangeArchive { number, head, segment, drops, drops_all } = request;
    check_size("The head", &head, limits::ARCHIVE_HEAD)?;
    let segment = segment.map(checked).transpose()?;
    let drops = if drops_all { Dropped::All } else { Dropped::These(each_once(drops)?) };
    app.rate_limits.archive_change(account, app.clock.now_ms()).await?;
    let change = ArchiveChange {
        account,
        number,
        head: head.clone(),
        segment,
        drops,
        most_segments: limits::ARCHIVE_SEGMENTS as u64,
        most_bytes: limits::ARCHIVE,
    };
    match app.store.change_archive(change).await? {
        ArchiveChanged::Stored => Ok(StatusCode::NO_CONTENT),
        // The answer to the first try was lost.
        ArchiveChanged::Conflict(newest) if newest == number && is_newest(&app, &asker, number, &head).await? => {
            Ok(StatusCode::NO_CONTENT)
        }
        ArchiveChanged::Conflict(newest) => Err(Refusal::new(
            ErrorCode::StateConflict,
            format!("Another head came first; the newest is number {newest}. Fetch it and build on it."),
        )),
        ArchiveChanged::NoSegment(missing) => Err(Refusal::bad_request(format!(
            "The archive has no segment {missing} that could be taken out of it; list it again."
        ))),
        ArchiveChanged::TooMany => Err(Refusal::new(
            ErrorCode::LimitReached,
            format!("An archive has at most {} segments; replace some by one.", limits::ARCHIVE_SEGMENTS),
        )),
        ArchiveChanged::TooLarge(bytes) => Err(Refusal::new(
            ErrorCode::QuotaExceeded,
            format!("The archive would take {bytes} bytes, and it may take {}; take some out.", limits::ARCHIVE),
        )),
        ArchiveChanged::NoAccount => Err(Refusal::session_ended()),
    }
}

async fn is_newest(app: &App, asker: &SignedInDevice, number: u64, head: &Bytes) -> Result<bool, Refusal> {
    let newest = app.store.archive(asker.member.account).await?;
    Ok(newest.is_some_and(|standing| standing.number == number && standing.head == *head))
}

fn checked(NewArchiveSegment { outline, body }: NewArchiveSegment) -> Result<NewSegment, Refusal> {
    check_size("The outline", &outline, limits::ARCHIVE_OUTLINE)?;
    check_size("The body", &body, limits::ARCHIVE_BODY)?;
    let body_hash = Bytes32(Sha256::digest(&*body).into());
    Ok(NewSegment { outline, body, body_hash })
}

fn each_once(mut drops: Vec<u64>) -> Result<Vec<u64>, Refusal> {
    let named = drops.len();
    drops.sort_unstable();
    drops.dedup();
    match drops.len() {
        count if count < named => Err(Refusal::bad_request("A segment is named twice among those that go.")),
        count if count > limits::ARCHIVE_SEGMENTS => {
            Err(Refusal::bad_request("More segments are to go than an archive has."))
        }
        _ => Ok(drops),
    }
}
