//! What is common to all requests of tus: the version, and headers that hold numbers and times.

use std::time::{Duration, UNIX_EPOCH};

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use huis_proto::ErrorCode;
use huis_proto::rest::{TUS, headers};
use huis_store::Upload;

use super::super::problem::Refusal;

const RESUMABLE: HeaderName = HeaderName::from_static(headers::TUS_RESUMABLE);
const VERSION: HeaderName = HeaderName::from_static(headers::TUS_VERSION);
const SPOKEN: HeaderValue = HeaderValue::from_static(TUS);

/// Lets no request of another version through.
pub(super) async fn speak(request: Request, next: Next) -> Response {
    let is_tus = matches!(*request.method(), Method::HEAD | Method::POST | Method::PATCH | Method::DELETE);
    let speaks = request.headers().get(RESUMABLE).is_some_and(|version| *version == SPOKEN);
    if !is_tus || speaks {
        return next.run(request).await;
    }
    let title = format!("This needs the header Tus-Resumable: {TUS}.");
    let mut response = Refusal::new(ErrorCode::TusVersion, title).into_response();
    response.headers_mut().insert(VERSION, SPOKEN);
    response
}

/// The header of every answer but a greeting, also of those that are made before a request comes here.
pub(super) fn header() -> (HeaderName, HeaderValue) {
    (RESUMABLE, SPOKEN)
}

/// What a client is told before it uploads.
pub(super) fn greeting(most_bytes: u64) -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    let said = response.headers_mut();
    said.insert(VERSION, SPOKEN);
    said.insert(headers::TUS_EXTENSION, HeaderValue::from_static("creation,expiration,checksum,termination"));
    said.insert(headers::TUS_CHECKSUM_ALGORITHM, HeaderValue::from_static("sha256,sha1"));
    said.insert(headers::TUS_MAX_SIZE, most_bytes.into());
    response
}

/// How an upload stands.
pub(super) fn standing(status: StatusCode, upload: &Upload) -> Response {
    let mut response = status.into_response();
    let said = response.headers_mut();
    said.insert(headers::UPLOAD_OFFSET, upload.arrived.into());
    let expires = UNIX_EPOCH + Duration::from_millis(upload.expires_at_ms);
    if let Ok(expires) = HeaderValue::try_from(httpdate::fmt_http_date(expires)) {
        said.insert(headers::UPLOAD_EXPIRES, expires);
    }
    response
}

/// The refusal of a part that begins elsewhere than where the upload is, which it says.
pub(super) fn elsewhere(arrived: u64) -> Response {
    let title = format!("The upload is at byte {arrived}; go on from there.");
    let mut response = Refusal::new(ErrorCode::OffsetConflict, title).into_response();
    response.headers_mut().insert(headers::UPLOAD_OFFSET, arrived.into());
    response
}

/// A header that holds a number, if it is there.
pub(super) fn number(headers: &HeaderMap, name: &'static str) -> Result<Option<u64>, Refusal> {
    let Some(value) = headers.get(name) else { return Ok(None) };
    let digits = value.to_str().ok().filter(|text| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()));
    match digits.and_then(|digits| digits.parse().ok()) {
        Some(number) => Ok(Some(number)),
        None => Err(Refusal::bad_request(format!("The header {name} holds no number."))),
    }
}

/// A header that holds a number and has to be there.
pub(super) fn needed(headers: &HeaderMap, name: &'static str) -> Result<u64, Refusal> {
    number(headers, name)?.ok_or_else(|| Refusal::bad_request(format!("This needs the header {name}.")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_digits_and_nothing_else() {
        let read = |text: &'static str| {
            let held = HeaderMap::from_iter([(HeaderName::from_static("n"), HeaderValue::from_static(text))]);
            number(&held, "n").map_err(|refusal| refusal.0.code)
        };
        assert_eq!(read("18446744073709551615"), Ok(Some(u64::MAX)));
        assert_eq!(number(&HeaderMap::new(), "n"), Ok(None));
        for wrong in ["", "+1", "-1", "1.0", "0x10", "18446744073709551616", "1 ", "1,2"] {
            assert_eq!(read(wrong), Err(ErrorCode::BadRequest), "{wrong:?}");
        }
    }
}
