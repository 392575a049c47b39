//! HTTP by the browser's `fetch`.
//!
//! The access token is not in this program's hands: the server puts it into a cookie that no script can read, and the
//! browser sends it along. So the token that the engine passes here is a placeholder and is not looked at.

use futures_util::future::LocalBoxFuture;
use huis_proto::limits;
use huis_proto::rest::{Secret, headers as names};
use huis_proto::versions::CLIENT_HEADER;
use js_sys::{Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    AbortSignal, Headers, ReadableStreamDefaultReader, Request, RequestCache, RequestCredentials, RequestInit,
    RequestRedirect, Response,
};

use super::timer::scope;
use crate::engine::StartError;
use crate::ports::{
    FileMethod, FileRequest, FileResponse, HttpRequest, HttpResponse, Link, Method, Transport, TransportError,
};

/// How long one exchange may take; a commit of a large group takes its time.
const EXCHANGE_MS: u32 = 60_000;
/// What this client states: the version, and that it takes its token in a cookie.
const CLIENT: &str = concat!("huis/", env!("CARGO_PKG_VERSION"), " huis-web/", env!("CARGO_PKG_VERSION"));

/// The way to the server that the page came from.
pub(super) struct WebTransport {
    pub(super) origin: String,
}

impl WebTransport {
    pub(super) fn to_own_origin() -> Result<Self, StartError> {
        let scope = scope().ok_or_else(|| StartError::Thread("this is no worker of a page".into()))?;
        Ok(Self { origin: scope.location().origin() })
    }

    pub(super) async fn exchange(&self, request: HttpRequest) -> Result<HttpResponse, TransportError> {
        self.fetch(request).await.map_err(|error| unreachable(&error))
    }

    async fn fetch(&self, request: HttpRequest) -> Result<HttpResponse, JsValue> {
        let (headers, asked) = begin()?;
        asked.set_method(match request.method {
            Method::Get => "GET",
            Method::Post => "POST",
            Method::Put => "PUT",
            Method::Delete => "DELETE",
        });
        if let Some(body) = &request.body {
            headers.set("content-type", "application/json")?;
            asked.set_body(&Uint8Array::from(body.as_slice()));
        }
        asked.set_headers(&headers);
        let response = self.answer(&request.path, &asked).await?;
        let (body, whole) = body_of(&response, limits::COMMIT_BODY).await?;
        whole?;
        Ok(HttpResponse { status: response.status(), body })
    }

    async fn exchange_file(&self, request: FileRequest) -> Result<FileResponse, TransportError> {
        self.fetch_file(request).await.map_err(|error| unreachable(&error))
    }

    async fn fetch_file(&self, request: FileRequest) -> Result<FileResponse, JsValue> {
        let (headers, asked) = begin()?;
        asked.set_method(match request.method {
            FileMethod::Post => "POST",
            FileMethod::Head => "HEAD",
            FileMethod::Patch => "PATCH",
            FileMethod::Get => "GET",
            FileMethod::Delete => "DELETE",
        });
        for (name, value) in &request.headers {
            headers.set(name, value)?;
        }
        if let Some(body) = &request.body {
            let bytes: &[u8] = body.as_ref();
            asked.set_body(&Uint8Array::from(bytes));
        }
        asked.set_headers(&headers);
        let response = self.answer(&request.path, &asked).await?;
        // What came before the connection broke is kept.
        let (body, _) = body_of(&response, request.most).await?;
        Ok(FileResponse {
            status: response.status(),
            upload_offset: response.headers().get(names::UPLOAD_OFFSET)?.and_then(|offset| offset.parse().ok()),
            location: response.headers().get("location")?,
            total: response.headers().get("content-range")?.as_deref().and_then(FileResponse::total_of),
            body,
        })
    }

    async fn answer(&self, path: &str, asked: &RequestInit) -> Result<Response, JsValue> {
        let request = Request::new_with_str_and_init(&format!("{}{path}", self.origin), asked)?;
        let scope = scope().ok_or("this is no worker of a page")?;
        JsFuture::from(scope.fetch_with_request(&request)).await?.dyn_into()
    }
}

/// What is the same for every request.
fn begin() -> Result<(Headers, RequestInit), JsValue> {
    let headers = Headers::new()?;
    headers.set(CLIENT_HEADER, CLIENT)?;
    let asked = RequestInit::new();
    asked.set_credentials(RequestCredentials::SameOrigin);
    asked.set_cache(RequestCache::NoStore);
    asked.set_redirect(RequestRedirect::Error);
    asked.set_signal(Some(&AbortSignal::timeout_with_u32(EXCHANGE_MS)));
    Ok((headers, asked))
}

/// The body as far as it came and fits, and why it is not whole, if it is not.
async fn body_of(response: &Response, most: usize) -> Result<(Vec<u8>, Result<(), JsValue>), JsValue> {
    let mut body = Vec::new();
    let Some(stream) = response.body() else { return Ok((body, Ok(()))) };
    let reader: ReadableStreamDefaultReader = stream.get_reader().dyn_into()?;
    loop {
        let read = match JsFuture::from(reader.read()).await {
            Ok(read) => read,
            Err(error) => return Ok((body, Err(error))),
        };
        if Reflect::get(&read, &"done".into())?.is_truthy() {
            return Ok((body, Ok(())));
        }
        let chunk: Uint8Array = Reflect::get(&read, &"value".into())?.dyn_into()?;
        if body.len() + chunk.length() as usize > most {
            // Nobody waits for the rest.
            let _ = reader.cancel();
            let room = (most - body.len()) as u32;
            body.extend_from_slice(&chunk.subarray(0, room).to_vec());
            return Ok((body, Err("its answer is larger than allowed".into())));
        }
        body.extend_from_slice(&chunk.to_vec());
    }
}

/// A browser tells a page next to nothing of why a request failed, so that pages can't look around in networks.
fn unreachable(error: &JsValue) -> TransportError {
    let reason = match error.dyn_ref::<js_sys::Error>() {
        Some(error) => String::from(error.message()),
        None => error.as_string().unwrap_or_else(|| "the request failed".into()),
    };
    TransportError::Unreachable(reason)
}

impl Transport for WebTransport {
    fn server(&self) -> String {
        self.origin.clone()
    }

    fn ask(&self, request: HttpRequest) -> LocalBoxFuture<'_, Result<HttpResponse, TransportError>> {
        Box::pin(self.exchange(request))
    }

    fn carry(&self, request: FileRequest) -> LocalBoxFuture<'_, Result<FileResponse, TransportError>> {
        Box::pin(self.exchange_file(request))
    }

    fn connect(&self, _token: Secret) -> LocalBoxFuture<'_, Result<Link, TransportError>> {
        Box::pin(self.open_link())
    }
}
