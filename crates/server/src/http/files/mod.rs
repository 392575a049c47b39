//! Files: up by tus 1.0.0, down by ranges. docs/protocol.md says what is promised.

mod checksum;
mod downloads;
mod parts;
mod ranges;
mod tus;
mod uploads;

use axum::middleware::from_fn;
use http::{HeaderName, HeaderValue, Method};

use super::resources::OpenApiRouter;

pub(super) fn routes() -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(uploads::of_account().within(|methods| methods.layer(from_fn(tus::speak))))
        .routes(uploads::of_file().within(|methods| methods.layer(from_fn(tus::speak))))
        .routes(downloads::of_file())
}

/// Whether such requests bring parts of files, which have more time and memory of their own.
pub(super) fn takes_parts(route: &str, method: &Method) -> bool {
    route == uploads::FILE && matches!(*method, Method::PATCH | Method::POST)
}

/// A header of every answer to such a request, whoever makes it.
pub(super) fn header(route: &str, method: &Method) -> Option<(HeaderName, HeaderValue)> {
    let is_tus = matches!(route, huis_proto::rest::FILES | uploads::FILE) && *method != Method::OPTIONS;
    is_tus.then(tus::header)
}
