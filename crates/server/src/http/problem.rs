//! Refusals, as problem documents (RFC 9457).

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};
use huis_blobs::BlobError;
use huis_proto::{ErrorCode, Problem};
use huis_store::StoreError;

/// Why a request is refused. It answers with the problem's status and its document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal(pub Problem);

impl Refusal {
    /// A refusal with this code and sentence, which names the thing, the reason and the next step.
    pub(crate) fn new(code: ErrorCode, title: impl Into<String>) -> Self {
        Self(Problem::new(code, title))
    }

    pub(crate) fn bad_request(title: impl Into<String>) -> Self {
        Self::new(ErrorCode::BadRequest, title)
    }

    pub(crate) fn forbidden(title: impl Into<String>) -> Self {
        Self::new(ErrorCode::Forbidden, title)
    }

    pub(crate) fn not_found(title: impl Into<String>) -> Self {
        Self::new(ErrorCode::NotFound, title)
    }

    pub(crate) fn not_signed_in(title: impl Into<String>) -> Self {
        Self::new(ErrorCode::NotSignedIn, title)
    }

    pub(crate) fn session_ended() -> Self {
        Self::new(ErrorCode::SessionEnded, "This session has ended; sign in again.")
    }

    pub(crate) fn proof(title: impl Into<String>) -> Self {
        Self::new(ErrorCode::ProofRefused, title)
    }

    pub(crate) fn too_large(what: &str, bytes: usize, most: usize) -> Self {
        Self::new(ErrorCode::TooLarge, format!("{what} has {bytes} bytes; this server takes up to {most}."))
    }

    pub(crate) fn too_many_requests(retry_after_s: u64) -> Self {
        let title = format!("Too many requests; come back in {retry_after_s} seconds.");
        Self::new(ErrorCode::TooManyRequests, title).retry_after(retry_after_s)
    }

    pub(crate) fn unavailable(title: impl Into<String>, retry_after_s: u64) -> Self {
        Self::new(ErrorCode::Unavailable, title).retry_after(retry_after_s)
    }

    /// A fault of the server. The answer says nothing of it; **log the cause where it is known.**
    pub(crate) fn internal() -> Self {
        Self::new(
            ErrorCode::Internal,
            "The server has a fault, which it has logged; nothing was changed. Tell its operator if this stays.",
        )
    }

    /// The same code with another HTTP status than the usual one.
    pub(crate) fn with_status(mut self, status: StatusCode) -> Self {
        self.0.status = status.as_u16();
        self
    }

    pub(crate) fn retry_after(mut self, seconds: u64) -> Self {
        self.0.retry_after_s = Some(seconds);
        self
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Full => Self::new(
                ErrorCode::StorageFull,
                "The server's disk is full; its operator must free some space. Nothing that was acknowledged is lost.",
            ),
            StoreError::Busy => Self::unavailable("The server's store is busy; come back in a moment.", 1),
            StoreError::OutOfTurn => Self::unavailable(
                "An earlier submission of this device could not be taken just now; send that one again first.",
                1,
            ),
            StoreError::Stopped => Self::unavailable("The server is stopping; come back in a moment.", 5),
            StoreError::Locked(_) => {
                tracing::error!(%error, "the store is locked");
                Self::unavailable("The server waits for its store; come back in a moment.", 5)
            }
            StoreError::Unavailable(_) => {
                tracing::error!(%error, "the store is away");
                Self::unavailable("The server can't reach its store; come back in a moment.", 5)
            }
            StoreError::Damaged(_) | StoreError::NewerSchema { .. } | StoreError::HalfMoved | StoreError::Other(_) => {
                tracing::error!(%error, "the store has a fault");
                Self::internal()
            }
        }
    }
}

impl From<BlobError> for Refusal {
    fn from(error: BlobError) -> Self {
        match error {
            BlobError::NotThere => {
                Self::not_found("The file's bytes are not here any more; ask for it to be sent again.")
            }
            BlobError::Full => Self::new(
                ErrorCode::StorageFull,
                "The server's disk is full; its operator must free some space. What had arrived of the file stays.",
            ),
            BlobError::Unreachable => {
                tracing::error!(%error, "the blobs are away");
                Self::unavailable("The server can't reach where its files are; come back in a moment.", 5)
            }
            _ => {
                tracing::error!(%error, "the blobs have a fault");
                Self::internal()
            }
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.0.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let retry_after = self.0.retry_after_s;
        let mut response = (status, Json(self.0)).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(seconds) = retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_has_the_status_of_its_code_and_its_own_media_type() {
        let response = Refusal::too_many_requests(7).into_response();
        assert_eq!(response.status(), 429);
        assert_eq!(response.headers()[RETRY_AFTER], "7");
        assert_eq!(response.headers()[CONTENT_TYPE], "application/problem+json");
    }

    #[test]
    fn a_fault_of_the_store_tells_a_stranger_nothing_of_the_store() {
        let refusal = Refusal::from(StoreError::Other("table accounts: column 7".into()));
        assert_eq!(refusal.0.code, ErrorCode::Internal);
        assert!(!refusal.0.title.contains("column"));
    }
}
