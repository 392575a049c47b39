//! HTTP by reqwest.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::LocalBoxFuture;
use huis_proto::limits;
use huis_proto::rest::{Secret, headers};
use huis_proto::versions::CLIENT_HEADER;
use reqwest::Url;

use super::certificates::Certificates;
use crate::engine::StartError;
use crate::ports::{
    CLIENT, FileMethod, FileRequest, FileResponse, HttpRequest, HttpResponse, Link, Method, Transport, TransportError,
};

/// How long a connection may take to come about.
pub(super) const CONNECT: Duration = Duration::from_secs(15);
/// How long one exchange may take; a commit of a large group takes its time.
const EXCHANGE: Duration = Duration::from_secs(60);

/// The way to one server.
pub(super) struct NativeTransport {
    pub(super) server: Url,
    pub(super) certificates: Arc<Certificates>,
    pub(super) tls: Arc<rustls::ClientConfig>,
    pub(super) client: reqwest::Client,
}

impl NativeTransport {
    pub(super) fn new(server: &str, pin_file: Option<PathBuf>) -> Result<Self, StartError> {
        let url = Url::parse(server).map_err(|_| StartError::Url(server.into()))?;
        if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
            return Err(StartError::Url(server.into()));
        }
        let failed = |error: &dyn std::fmt::Display| StartError::Thread(error.to_string());
        let certificates = Certificates::new(pin_file).map_err(|error| failed(&error))?;
        let rest = certificates.config(&[b"h2", b"http/1.1"]).map_err(|error| failed(&error))?;
        let tls = certificates.config(&[b"http/1.1"]).map_err(|error| failed(&error))?;
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(rest)
            .connect_timeout(CONNECT)
            .timeout(EXCHANGE)
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(CLIENT)
            .build()
            .map_err(|error| failed(&error))?;
        Ok(Self { server: url, certificates, tls: Arc::new(tls), client })
    }

    /// What a failed exchange means.
    pub(super) fn unreachable(&self, error: &(dyn std::error::Error + 'static)) -> TransportError {
        if let Some(refusal) = self.certificates.refusal() {
            return TransportError::Certificate(refusal);
        }
        // The innermost cause says most.
        let mut cause = error;
        while let Some(deeper) = cause.source() {
            cause = deeper;
        }
        TransportError::Unreachable(cause.to_string())
    }

    async fn exchange(&self, request: HttpRequest) -> Result<HttpResponse, TransportError> {
        let url = self.server.join(&request.path).map_err(|error| TransportError::Unreachable(error.to_string()))?;
        let method = match request.method {
            Method::Get => reqwest::Method::GET,
            Method::Post => reqwest::Method::POST,
            Method::Put => reqwest::Method::PUT,
            Method::Delete => reqwest::Method::DELETE,
        };
        let mut asked = self.client.request(method, url).header(CLIENT_HEADER, CLIENT);
        if let Some(token) = &request.token {
            asked = asked.bearer_auth(token.expose());
        }
        if let Some(body) = request.body {
            asked = asked.header("content-type", "application/json").body(body);
        }
        let mut response = asked.send().await.map_err(|error| self.unreachable(&error))?;
        self.certificates.worked();
        let status = response.status().as_u16();
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| self.unreachable(&error))? {
            if body.len() + chunk.len() > limits::COMMIT_BODY {
                return Err(TransportError::Unreachable("its answer is larger than allowed".into()));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(HttpResponse { status, body })
    }
}

impl NativeTransport {
    async fn exchange_file(&self, request: FileRequest) -> Result<FileResponse, TransportError> {
        let url = self.server.join(&request.path).map_err(|error| TransportError::Unreachable(error.to_string()))?;
        let method = match request.method {
            FileMethod::Post => reqwest::Method::POST,
            FileMethod::Head => reqwest::Method::HEAD,
            FileMethod::Patch => reqwest::Method::PATCH,
            FileMethod::Get => reqwest::Method::GET,
            FileMethod::Delete => reqwest::Method::DELETE,
        };
        let mut asked = self.client.request(method, url).header(CLIENT_HEADER, CLIENT);
        if let Some(token) = &request.token {
            asked = asked.bearer_auth(token.expose());
        }
        for (name, value) in request.headers {
            asked = asked.header(name, value);
        }
        if let Some(body) = request.body {
            asked = asked.body(bytes::Bytes::from_owner(body));
        }
        let mut response = asked.send().await.map_err(|error| self.unreachable(&error))?;
        self.certificates.worked();
        // Its room is taken at once: one that grows leaves holes behind that are as large as it is.
        let announced = response.content_length().and_then(|length| usize::try_from(length).ok()).unwrap_or(0);
        let body = Vec::with_capacity(announced.min(request.most));
        let header = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let mut answer = FileResponse {
            status: response.status().as_u16(),
            upload_offset: header(headers::UPLOAD_OFFSET).and_then(|offset| offset.parse().ok()),
            location: header("location"),
            total: header("content-range").as_deref().and_then(FileResponse::total_of),
            body,
        };
        // What came before the connection broke is kept.
        while let Ok(Some(chunk)) = response.chunk().await {
            let room = request.most.saturating_sub(answer.body.len());
            answer.body.extend_from_slice(chunk.get(..room.min(chunk.len())).unwrap_or_default());
            if chunk.len() > room {
                break;
            }
        }
        Ok(answer)
    }
}

impl Transport for NativeTransport {
    fn server(&self) -> String {
        self.server.as_str().trim_end_matches('/').to_owned()
    }

    fn ask(&self, request: HttpRequest) -> LocalBoxFuture<'_, Result<HttpResponse, TransportError>> {
        Box::pin(self.exchange(request))
    }

    fn carry(&self, request: FileRequest) -> LocalBoxFuture<'_, Result<FileResponse, TransportError>> {
        Box::pin(self.exchange_file(request))
    }

    fn connect(&self, token: Secret) -> LocalBoxFuture<'_, Result<Link, TransportError>> {
        Box::pin(self.open_link(token))
    }
}
