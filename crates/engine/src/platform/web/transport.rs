//! HTTP by the browser's `fetch`.
//!
//! The access token is not in this program's hands: the server puts it into a cookie that no script can read, and the
//! browser sends it along. So the token that the engine passes here is a placeholder and is not looked at.

use futures_util::future::LocalBoxFuture;
use huis_proto::limits;
use huis_proto::rest::Secret;
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
use crate::ports::{HttpRequest, HttpResponse, Link, Method, Transport, TransportError};

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
        let headers = Headers::new()?;
        headers.set(CLIENT_HEADER, CLIENT)?;
        let asked = RequestInit::new();
        asked.set_method(match request.method {
            Method::Get => "GET",
            Method::Post => "POST",
            Method::Put => "PUT",
            Method::Delete => "DELETE",
        });
        asked.set_credentials(RequestCredentials::SameOrigin);
        asked.set_cache(RequestCache::NoStore);
        asked.set_redirect(RequestRedirect::Error);
        asked.set_signal(Some(&AbortSignal::timeout_with_u32(EXCHANGE_MS)));
        if let Some(body) = &request.body {
            headers.set("content-type", "application/json")?;
            asked.set_body(&Uint8Array::from(body.as_slice()));
        }
        asked.set_headers(&headers);
        let request = Request::new_with_str_and_init(&format!("{}{}", self.origin, request.path), &asked)?;
        let scope = scope().ok_or("this is no worker of a page")?;
        let response: Response = JsFuture::from(scope.fetch_with_request(&request)).await?.dyn_into()?;
        Ok(HttpResponse { status: response.status(), body: body_of(&response).await? })
    }
}

/// The whole body, unless it is larger than any that a server sends.
async fn body_of(response: &Response) -> Result<Vec<u8>, JsValue> {
    let mut body = Vec::new();
    let Some(stream) = response.body() else { return Ok(body) };
    let reader: ReadableStreamDefaultReader = stream.get_reader().dyn_into()?;
    loop {
        let read = JsFuture::from(reader.read()).await?;
        if Reflect::get(&read, &"done".into())?.is_truthy() {
            return Ok(body);
        }
        let chunk: Uint8Array = Reflect::get(&read, &"value".into())?.dyn_into()?;
        if body.len() + chunk.length() as usize > limits::COMMIT_BODY {
            // Nobody waits for the rest.
            let _ = reader.cancel();
            return Err("its answer is larger than allowed".into());
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

    fn connect(&self, _token: Secret) -> LocalBoxFuture<'_, Result<Link, TransportError>> {
        Box::pin(self.open_link())
    }
}
