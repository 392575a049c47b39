//! The server's REST interface, typed.

use huis_proto::error::{ErrorCode, Problem};
use huis_proto::rest::Secret;
use huis_views::Failure;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::client::Client;
use crate::ports::{HttpRequest, Method, TransportError};

/// Why a question got no good answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ApiError {
    /// Not known whether it arrived.
    #[error("the server cannot be reached: {0}")]
    Unreachable(String),
    #[error("{0}")]
    Certificate(String),
    #[error("{}", .0.title)]
    Refused(Box<Problem>),
    #[error("the server's answer can't be read: {0}")]
    Answer(String),
    #[error("{0}")]
    Own(Failure),
}

impl ApiError {
    /// The stable code, if the server refused.
    pub(crate) fn code(&self) -> Option<ErrorCode> {
        match self {
            Self::Refused(problem) => Some(problem.code),
            _ => None,
        }
    }

    /// Whether the same question may get another answer a little later, so that it is asked again.
    pub(crate) fn passes(&self) -> bool {
        match self {
            Self::Unreachable(_) => true,
            Self::Refused(problem) => matches!(
                problem.code,
                ErrorCode::TooManyRequests
                    | ErrorCode::Unavailable
                    | ErrorCode::Internal
                    | ErrorCode::StorageFull
                    // What waits goes out once a newer version is installed.
                    | ErrorCode::ClientTooOld
            ),
            _ => false,
        }
    }

    pub(crate) fn retry_after_s(&self) -> Option<u64> {
        match self {
            Self::Refused(problem) => problem.retry_after_s,
            _ => None,
        }
    }
}

/// The failure that a face sees.
pub(crate) fn refusal(problem: &Problem) -> Failure {
    match problem.code {
        ErrorCode::SessionEnded | ErrorCode::NotSignedIn => Failure::SessionEnded,
        ErrorCode::SignInRefused => Failure::WrongPassword,
        ErrorCode::RecoveryRefused => Failure::WrongRecoveryKey,
        ErrorCode::SecondFactorNeeded => Failure::NeedsSecondFactor,
        ErrorCode::SecondFactorRefused => Failure::WrongSecondFactor,
        ErrorCode::NotAMember => Failure::NotAMember,
        code => Failure::Refused { code, message: problem.title.clone(), retry_after_s: problem.retry_after_s },
    }
}

impl From<ApiError> for Failure {
    fn from(error: ApiError) -> Self {
        match error {
            ApiError::Unreachable(reason) => Self::Offline { reason },
            ApiError::Certificate(reason) => Self::CertificateChanged { reason },
            ApiError::Refused(problem) => refusal(&problem),
            ApiError::Answer(reason) => Self::BadAnswer { reason },
            ApiError::Own(failure) => failure,
        }
    }
}

impl From<TransportError> for ApiError {
    fn from(error: TransportError) -> Self {
        match error {
            TransportError::Unreachable(reason) => Self::Unreachable(reason),
            TransportError::Certificate(reason) => Self::Certificate(reason),
            TransportError::Refused(status, body) => problem_of(status, &body),
        }
    }
}

impl Client {
    /// Asks without signing in.
    pub(crate) async fn ask_openly<T: DeserializeOwned>(
        &self,
        method: Method,
        path: String,
        body: Option<&impl Serialize>,
    ) -> Result<T, ApiError> {
        let answer = self.exchange(method, path, json(body)?, None).await?;
        serde_json::from_slice(&answer).map_err(|error| ApiError::Answer(error.to_string()))
    }

    /// Asks as the signed-in device; refreshes the access token where it has to be.
    pub(crate) async fn ask<T: DeserializeOwned>(
        &self,
        method: Method,
        path: String,
        body: Option<&impl Serialize>,
    ) -> Result<T, ApiError> {
        let answer = self.ask_bytes(method, path, json(body)?).await?;
        serde_json::from_slice(&answer).map_err(|error| ApiError::Answer(error.to_string()))
    }

    pub(crate) async fn get<T: DeserializeOwned>(&self, path: String) -> Result<T, ApiError> {
        self.ask(Method::Get, path, None::<&()>).await
    }

    /// As [`ask`](Self::ask), with a body that is JSON already, and without a look at the answer.
    pub(crate) async fn ask_bytes(
        &self,
        method: Method,
        path: String,
        body: Option<Vec<u8>>,
    ) -> Result<Vec<u8>, ApiError> {
        let asked_with = self.session_id();
        let token = self.access_token(false).await?;
        let first = self.exchange(method, path.clone(), body.clone(), Some(token)).await;
        let answer = match first {
            Err(error) if error.code() == Some(ErrorCode::TokenExpired) => {
                let token = self.access_token(true).await?;
                self.exchange(method, path, body, Some(token)).await
            }
            other => other,
        };
        if let Err(error) = &answer
            && matches!(error.code(), Some(ErrorCode::SessionEnded | ErrorCode::NotSignedIn))
        {
            self.session_ended_unless_renewed(asked_with);
        }
        answer
    }

    async fn exchange(
        &self,
        method: Method,
        path: String,
        body: Option<Vec<u8>>,
        token: Option<Secret>,
    ) -> Result<Vec<u8>, ApiError> {
        if self.halted() {
            // A test's crash: as if the process were gone.
            return std::future::pending().await;
        }
        let response = self.transport.ask(HttpRequest { method, path, token, body }).await?;
        if (200..300).contains(&response.status) {
            // An empty answer stands for `null`.
            Ok(if response.body.is_empty() { b"null".to_vec() } else { response.body })
        } else {
            Err(problem_of(response.status, &response.body))
        }
    }
}

pub(crate) fn json(body: Option<&impl Serialize>) -> Result<Option<Vec<u8>>, ApiError> {
    body.map(serde_json::to_vec)
        .transpose()
        .map_err(|error| ApiError::Own(Failure::Internal { reason: error.to_string() }))
}

pub(crate) fn problem_of(status: u16, body: &[u8]) -> ApiError {
    match serde_json::from_slice::<Problem>(body) {
        Ok(problem) => ApiError::Refused(Box::new(problem)),
        // A proxy in between, or no Huis server at all.
        Err(_) if status >= 500 || status == 429 => ApiError::Unreachable(format!("it answered with status {status}")),
        Err(_) => ApiError::Answer(format!("status {status} without a problem document")),
    }
}
