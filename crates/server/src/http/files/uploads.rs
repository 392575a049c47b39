//! Uploads, by tus 1.0.0.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, LOCATION};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use huis_proto::rest::{FileUsage, PART_MEDIA_TYPE, file_path, headers};
use huis_proto::{BlobId, ConversationId, ErrorCode, limits};
use huis_store::{FileCreation, NewFile, Upload};
use rand::rngs::OsRng;
use serde::Deserialize;

use super::super::json::{UrlPath, UrlQuery};
use super::super::problem::Refusal;
use super::super::resources::{Resource, routes};
use super::super::signed_in::SignedInDevice;
use super::checksum::Checksum;
use super::parts::{Part, most_parts, too_much, unknown};
use super::tus;
use crate::serve::in_ms;
use crate::space::size;
use crate::state::App;

pub(super) const FILE: &str = "/api/v1/files/{file}";

const METHOD_OVERRIDE: &str = "x-http-method-override";

pub(super) fn of_account() -> Resource {
    routes!(greet, create, usage)
}

pub(super) fn of_file() -> Resource {
    routes!(look, part, delete, in_place_of_another)
}

/// The message that lets go of a file.
#[derive(Debug, Deserialize)]
struct OfMessage {
    conversation: Option<ConversationId>,
    seq: Option<u64>,
}

/// Which tus is spoken, and the largest file.
#[utoipa::path(options, path = "/api/v1/files", security(()), tag = "files", responses((status = 204)))]
async fn greet(State(app): State<App>) -> Response {
    tus::greeting(app.config.files.most_bytes)
}

/// What the account's files take, and may take.
#[utoipa::path(get, path = "/api/v1/files", tag = "files", responses((status = 200, body = FileUsage), Refusal))]
async fn usage(State(app): State<App>, device: SignedInDevice) -> Result<Json<FileUsage>, Refusal> {
    let used_bytes = app.store.file_usage(device.member.account, limits::FILE_COUNTED).await?;
    Ok(Json(FileUsage { used_bytes, quota_bytes: app.config.files.quota }))
}

/// Begins an upload of `Upload-Length` bytes; `Location` says where it goes on. Metadata is not read.
#[utoipa::path(post, path = "/api/v1/files", tag = "files", responses((status = 201), Refusal))]
async fn create(State(app): State<App>, device: SignedInDevice, request: HeaderMap) -> Result<Response, Refusal> {
    let length = tus::needed(&request, headers::UPLOAD_LENGTH)?;
    let most = app.config.files.most_bytes;
    if length > most {
        let title = format!("The file has {}; this server takes up to {}.", size(length), size(most));
        return Err(Refusal::new(ErrorCode::TooLarge, title));
    }
    let account = device.member.account;
    let now_ms = app.clock.now_ms();
    app.rate_limits.upload(account, now_ms).await?;
    app.files.needs_room(length).await?;
    let share = app.files.share(&app.store, length, now_ms).await?;
    let new = NewFile {
        file: BlobId::random(&mut OsRng),
        account,
        length,
        expires_at_ms: now_ms.saturating_add(in_ms(limits::FILE_UNREFERENCED)),
        quota: app.config.files.quota,
        counted: limits::FILE_COUNTED,
        most_unfinished: limits::UPLOADS,
    };
    let (file, expires_at_ms) = (new.file, new.expires_at_ms);
    match app.store.create_file(new).await? {
        FileCreation::Created => {
            share.taken();
            let upload = Upload { length, arrived: 0, parts: 0, expires_at_ms };
            let mut response = tus::standing(StatusCode::CREATED, &upload);
            let place = HeaderValue::try_from(file_path(file)).map_err(|_| Refusal::internal())?;
            response.headers_mut().insert(LOCATION, place);
            Ok(response)
        }
        FileCreation::NoAccount => Err(Refusal::session_ended()),
        FileCreation::TooManyUnfinished => Err(Refusal::new(
            ErrorCode::LimitReached,
            format!(
                "This account has {} unfinished uploads; finish or delete one, or wait until they expire.",
                limits::UPLOADS
            ),
        )),
        FileCreation::QuotaExceeded { used } => Err(Refusal::new(
            ErrorCode::QuotaExceeded,
            format!(
                "The file has {}, and this account's files take {} of {}; delete some (each counts until its bytes are gone, about \
                 a quarter of an hour), or wait until older ones are no longer kept.",
                size(length),
                size(used),
                size(app.config.files.quota)
            ),
        )),
    }
}

/// How much of the account's own upload is there.
#[utoipa::path(
    head,
    path = "/api/v1/files/{file}",
    tag = "files",
    params(("file" = BlobId, Path, description = "the file")),
    responses((status = 200), Refusal),
)]
async fn look(
    State(app): State<App>,
    device: SignedInDevice,
    UrlPath(file): UrlPath<BlobId>,
) -> Result<Response, Refusal> {
    let upload = app.store.upload(device.member.account, file).await?.ok_or_else(unknown)?;
    let mut response = tus::standing(StatusCode::OK, &upload);
    response.headers_mut().insert(headers::UPLOAD_LENGTH, upload.length.into());
    Ok(response)
}

/// Takes a part of at most 8 MiB at `Upload-Offset`, where the upload has to be.
#[utoipa::path(
    patch,
    path = "/api/v1/files/{file}",
    tag = "files",
    params(("file" = BlobId, Path, description = "the file")),
    responses((status = 204), Refusal),
)]
async fn part(
    State(app): State<App>,
    device: SignedInDevice,
    UrlPath(file): UrlPath<BlobId>,
    request: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    if request.get(CONTENT_TYPE).is_none_or(|kind| kind.as_bytes() != PART_MEDIA_TYPE.as_bytes()) {
        let title = format!("A part has the type {PART_MEDIA_TYPE}.");
        return Err(Refusal::bad_request(title).with_status(StatusCode::UNSUPPORTED_MEDIA_TYPE));
    }
    let offset = tus::needed(&request, headers::UPLOAD_OFFSET)?;
    let checksum = Checksum::of(&request)?;
    let account = device.member.account;
    let turn = app.files.upload(account)?;
    let upload = app.store.upload(account, file).await?.ok_or_else(unknown)?;
    if offset != upload.arrived {
        return Ok(tus::elsewhere(upload.arrived));
    }
    let left = upload.length.saturating_sub(upload.arrived);
    let announced = tus::number(&request, CONTENT_LENGTH.as_str())?;
    let most = usize::try_from(left).unwrap_or(usize::MAX).min(limits::FILE_REQUEST);
    let announced = announced.map(|announced| usize::try_from(announced).unwrap_or(usize::MAX));
    if announced.is_some_and(|announced| announced > most) {
        return Err(too_much(most));
    }
    if upload.parts >= most_parts(upload.length) {
        let title = "This upload came in too many parts; delete it, and send more at a time.";
        return Err(Refusal::new(ErrorCode::LimitReached, title));
    }
    app.files.needs_room(most as u64).await?;
    Part { app, account, file, upload, checksum, announced, body, turn }.taken().await
}

/// Lets go of a file: of the own upload and of what the account's messages bring, or with `conversation` and `seq` of
/// what this one message brings. It is removed when no message brings it any more.
#[utoipa::path(
    delete,
    path = "/api/v1/files/{file}",
    tag = "files",
    params(
        ("file" = BlobId, Path, description = "the file"),
        ("conversation" = Option<ConversationId>, Query, description = "the message's conversation"),
        ("seq" = Option<u64>, Query, description = "the message's place in it")
    ),
    responses((status = 204), Refusal),
)]
async fn delete(
    State(app): State<App>,
    device: SignedInDevice,
    UrlPath(file): UrlPath<BlobId>,
    UrlQuery(of): UrlQuery<OfMessage>,
) -> Result<StatusCode, Refusal> {
    let message = match (of.conversation, of.seq) {
        (Some(conversation), Some(seq)) => Some((conversation, seq)),
        (None, None) => None,
        _ => return Err(Refusal::bad_request("A message is named by its conversation and its seq together.")),
    };
    let now_ms = app.clock.now_ms();
    if app.store.let_go_of_file(device.member.account, file, message, now_ms).await? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(unknown())
    }
}

/// The method that `X-HTTP-Method-Override` names, for whoever can't use it itself.
#[utoipa::path(
    post,
    path = "/api/v1/files/{file}",
    tag = "files",
    params(("file" = BlobId, Path, description = "the file")),
    responses((status = 204), Refusal),
)]
async fn in_place_of_another(
    app: State<App>,
    device: SignedInDevice,
    file: UrlPath<BlobId>,
    of: UrlQuery<OfMessage>,
    request: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    let named = request.get(METHOD_OVERRIDE).map(|method| Method::from_bytes(method.as_bytes()));
    match named {
        Some(Ok(Method::PATCH)) => part(app, device, file, request, body).await,
        Some(Ok(Method::DELETE)) => Ok(delete(app, device, file, of).await?.into_response()),
        _ => Err(Refusal::bad_request("X-HTTP-Method-Override names PATCH or DELETE here.")
            .with_status(StatusCode::METHOD_NOT_ALLOWED)),
    }
}
