//! Downloads: the ciphertext of a file, or one range of it, a portion at a time.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use futures_util::stream;
use http::header::{
    ACCEPT_RANGES, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG, IF_NONE_MATCH, IF_RANGE,
    RANGE,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use huis_blobs::{BlobError, BlobReader};
use huis_proto::{BlobId, ErrorCode};
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::super::json::UrlPath;
use super::super::problem::Refusal;
use super::super::resources::{Resource, routes};
use super::super::signed_in::SignedInDevice;
use super::parts::unknown;
use super::ranges::{Wanted, wanted};
use crate::files::Turn;
use crate::state::App;

/// A reader that takes nothing for so long is given up.
const PATIENCE: Duration = Duration::from_secs(60);

pub(super) fn of_file() -> Resource {
    routes!(content)
}

/// The ciphertext of a finished file, or one range of it, for its uploader and for accounts that take part in a conversation
/// with a message that brings it.
#[utoipa::path(
    get,
    path = "/api/v1/files/{file}/content",
    tag = "files",
    params(("file" = BlobId, Path, description = "the file")),
    responses((status = 200, content_type = "application/octet-stream"), (status = 206), (status = 416), Refusal),
)]
async fn content(
    State(app): State<App>,
    device: SignedInDevice,
    UrlPath(file): UrlPath<BlobId>,
    method: Method,
    request: HeaderMap,
) -> Result<Response, Refusal> {
    let account = device.member.account;
    let length = app.store.readable_file(account, file).await?.ok_or_else(unknown)?;
    // A file never changes.
    let tag = format!("\"{file}\"");
    if text(&request, &IF_NONE_MATCH)
        .is_some_and(|tags| tags.trim() == "*" || tags.split(',').any(|one| is_tag(one, &tag)))
    {
        return Ok(headed(StatusCode::NOT_MODIFIED, &tag, Body::empty()));
    }
    let is_for_this = text(&request, &IF_RANGE).is_none_or(|one| one == tag);
    let range = text(&request, &RANGE).filter(|_| is_for_this && method == Method::GET);
    let (status, from, to) = match wanted(range, length) {
        Wanted::Whole => (StatusCode::OK, 0, length),
        Wanted::Part(from, to) => (StatusCode::PARTIAL_CONTENT, from, to),
        Wanted::Nothing => {
            let title = format!("The file has {length} bytes, and none of them are in this range.");
            let refusal = Refusal::new(ErrorCode::BadRequest, title).with_status(StatusCode::RANGE_NOT_SATISFIABLE);
            let mut response = refusal.into_response();
            response.headers_mut().insert(CONTENT_RANGE, header(format!("bytes */{length}"))?);
            return Ok(response);
        }
    };
    let body = if method == Method::GET && from < to {
        let turn = app.files.download(account)?;
        let mut reader = app.files.blobs.read(file, from, to).await?;
        // What is not there is said before anything else is.
        let first = reader.next().await?;
        portions(reader, first, turn)
    } else {
        Body::empty()
    };
    let mut response = headed(status, &tag, body);
    let said = response.headers_mut();
    said.insert(CONTENT_LENGTH, (to - from).into());
    if status == StatusCode::PARTIAL_CONTENT {
        said.insert(CONTENT_RANGE, header(format!("bytes {from}-{}/{length}", to - 1))?);
    }
    Ok(response)
}

/// A task reads ahead by one portion. The turn is the body's, so it lasts for as long as portions are in memory: until all
/// have gone to the reader, or its connection has ended. What ends early is seen, as its length was announced.
fn portions(mut reader: BlobReader, first: Option<Bytes>, turn: Turn) -> Body {
    let (sender, receiver) = mpsc::channel::<Result<Bytes, BlobError>>(1);
    tokio::spawn(async move {
        let mut next = Ok(first);
        loop {
            let portion = match next {
                Ok(Some(portion)) => Ok(portion),
                Ok(None) => return,
                Err(error) => {
                    tracing::warn!(%error, "a file could not be read to its end");
                    Err(error)
                }
            };
            let is_last = portion.is_err();
            let sent = timeout(PATIENCE, sender.send(portion)).await;
            if is_last || !matches!(sent, Ok(Ok(()))) {
                return;
            }
            next = tokio::select! {
                () = sender.closed() => return,
                next = reader.next() => next,
            };
        }
    });
    Body::from_stream(stream::unfold((receiver, turn), |(mut receiver, turn)| async {
        let portion = receiver.recv().await?;
        let bytes = portion.as_ref().map_or(0, Bytes::len);
        metrics::counter!("huis_file_bytes_total", "way" => "down").increment(bytes as u64);
        Some((portion, (receiver, turn)))
    }))
}

fn headed(status: StatusCode, tag: &str, body: Body) -> Response {
    let mut response = (status, body).into_response();
    let said = response.headers_mut();
    said.insert(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    said.insert(CONTENT_DISPOSITION, HeaderValue::from_static("attachment"));
    said.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    if let Ok(tag) = HeaderValue::from_str(tag) {
        said.insert(ETAG, tag);
    }
    response
}

fn text<'a>(request: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    request.get(name)?.to_str().ok()
}

/// Compared weakly, as RFC 9110 (section 13.1.2) has it.
fn is_tag(one: &str, tag: &str) -> bool {
    let one = one.trim();
    one.strip_prefix("W/").unwrap_or(one) == tag
}

fn header(text: String) -> Result<HeaderValue, Refusal> {
    HeaderValue::try_from(text).map_err(|_| Refusal::internal())
}
