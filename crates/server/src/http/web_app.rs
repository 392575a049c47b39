//! The web app's files, as the binary holds them.

use std::io::Read as _;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::response::Response;
use axum::routing::get;
use flate2::read::GzDecoder;
use futures_util::stream;
use http::header::{
    CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, HeaderName,
    IF_NONE_MATCH, VARY,
};
use http::{HeaderMap, HeaderValue, StatusCode};
use huis_web_assets::File;

use super::encodings::Encoding;
use crate::state::App;

/// What the app may do: run its own code, WebAssembly included, and talk to this server. A worker has the policy that its
/// own file came with, so all files carry it. Sound and film come from this server's address, where the service worker gives
/// them; by `blob:` the page plays nothing but what it was given itself, for a small picture of a chosen film.
const POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' blob: data:; \
    media-src 'self' blob:; connect-src 'self'; worker-src 'self'; manifest-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'";

/// The abilities of a browser that the app does not use, as far as browsers know these names, and those that its own pages
/// alone may use: the microphone is for voice notes, and a browser asks the person before it is on.
const PERMISSIONS: &str = "accelerometer=(), autoplay=(), browsing-topics=(), camera=(), display-capture=(), \
    encrypted-media=(), fullscreen=(self), gamepad=(), geolocation=(), gyroscope=(), hid=(), idle-detection=(), local-fonts=(), \
    magnetometer=(), microphone=(self), midi=(), payment=(), picture-in-picture=(), screen-wake-lock=(), serial=(), usb=(), \
    xr-spatial-tracking=()";

/// How much of a file is unpacked at once.
const PORTION: usize = 16 * 1024;

/// A route for each file; nothing else is found.
pub(super) fn routes(files: &'static [File]) -> Router<App> {
    files.iter().fold(Router::new(), |router, file| {
        router.route(&file.url_path(), get(move |headers: HeaderMap| async move { answer(file, &headers) }))
    })
}

fn answer(file: &'static File, asked: &HeaderMap) -> Response {
    let encoding =
        Encoding::chosen(asked, |encoding| bytes(file, encoding).is_some() || encoding == Encoding::Identity);
    let tag = tag(file, encoding);
    let is_known = names(asked, &tag);
    let (body, size) = match bytes(file, encoding) {
        _ if is_known => (Body::empty(), None),
        Some(bytes) => (Body::from(Bytes::from_static(bytes)), Some(bytes.len())),
        None => (unpacked(file), Some(file.size)),
    };
    let mut response = Response::new(body);
    if is_known {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    }
    let headers = response.headers_mut();
    if let Some(size) = size {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(file.content_type));
        headers.insert(CONTENT_LENGTH, HeaderValue::from(size));
        if encoding != Encoding::Identity {
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static(encoding.name()));
        }
    }
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        headers.insert(ETAG, tag);
    }
    headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(kept(file)));
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(HeaderName::from_static("permissions-policy"), HeaderValue::from_static(PERMISSIONS));
    response
}

/// How long a browser may keep a file without asking: what has its hash in its name for ever; the page, which names the
/// others, not at all (the service worker keeps it for who is offline).
fn kept(file: &File) -> &'static str {
    match file {
        file if file.immutable => "public, max-age=31536000, immutable",
        file if file.is_page() => "no-store",
        _ => "no-cache",
    }
}

/// The bytes of a file in this form, where they lie ready.
fn bytes(file: &File, encoding: Encoding) -> Option<&'static [u8]> {
    match encoding {
        Encoding::Identity => file.plain,
        Encoding::Gzip => file.gzip,
        Encoding::Brotli => file.brotli,
    }
}

/// A strong validator is another one for each form (RFC 9110, section 8.8.3.3).
fn tag(file: &File, encoding: Encoding) -> String {
    let hash = file.sha256.get(..32).unwrap_or(file.sha256);
    format!("\"{hash}-{}\"", encoding.name())
}

/// Whether the client has what bears this tag (RFC 9110, section 13.1.2: whether tags are weak does not count).
fn names(asked: &HeaderMap, tag: &str) -> bool {
    asked
        .get_all(IF_NONE_MATCH)
        .iter()
        .filter_map(|header| header.to_str().ok())
        .flat_map(|header| header.split(','))
        .map(str::trim)
        .any(|named| named == "*" || named.strip_prefix("W/").unwrap_or(named) == tag)
}

/// A file for a client that takes no compression, which is rare: unpacked portion by portion while it is sent, so that
/// it is in memory once a client and never whole.
fn unpacked(file: &'static File) -> Body {
    let packed = file.gzip.unwrap_or_default();
    Body::from_stream(stream::unfold(Some(GzDecoder::new(packed)), async |decoder| {
        let mut decoder = decoder?;
        let mut portion = vec![0; PORTION];
        match decoder.read(&mut portion) {
            Ok(0) => None,
            Ok(length) => {
                portion.truncate(length);
                Some((Ok::<_, std::io::Error>(Bytes::from(portion)), Some(decoder)))
            }
            // The connection is cut, so that nobody takes half a file for a whole one.
            Err(error) => {
                tracing::error!(path = file.path, %error, "a file of the web app can't be unpacked");
                Some((Err(error), None))
            }
        }
    }))
}
