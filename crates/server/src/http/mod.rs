//! The REST interface: handlers by resource, and what stands around all of them.

mod account_state;
mod accounts;
mod address;
mod admin;
mod archives;
mod authority_page;
pub(crate) mod bars;
mod beacon;
mod bodies;
pub(crate) mod contests;
mod conversations;
mod device_lists;
mod devices;
mod docs;
mod encodings;
mod files;
mod first_steps;
mod guard;
mod health;
mod identities;
pub(crate) mod json;
mod key_packages;
mod own_page;
mod password_changes;
pub(crate) mod problem;
mod push_subscriptions;
mod recoveries;
mod recovery_keys;
mod registrations;
mod reports;
pub(crate) mod resources;
mod second_factors;
mod server_info;
mod session_grants;
mod sessions;
mod sign_ins;
pub(crate) mod signed_in;
mod tickets;
mod time_locks;
mod token_cookie;
mod vault;
mod versions;
mod web_app;
mod welcome_page;

use axum::Router;
use axum::body::Bytes;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use http::StatusCode;
use huis_proto::{ErrorCode, limits};

pub(crate) use address::{ClientAddress, Peer};
pub use admin::actions::{ADMINISTRATIVE_ACTIONS, AdministrativeAction};
pub(crate) use bodies::BodyBudget;
pub(crate) use health::Readiness;

use crate::delivery;
use crate::state::App;
use problem::Refusal;
use resources::OpenApiRouter;

/// Everything that the server answers over HTTP, with how its own authority (DER) is trusted if it has one. Requests must
/// carry a [`Peer`] among their extensions.
pub(crate) fn router(app: App, authority: Option<Bytes>) -> Router {
    let (routes, description) = OpenApiRouter::new()
        .merge(server_info::routes())
        .merge(registrations::routes())
        .merge(sign_ins::routes())
        .merge(password_changes::routes())
        .merge(recovery_keys::routes())
        .merge(second_factors::routes())
        .merge(identities::routes())
        .merge(recoveries::routes())
        .merge(devices::routes())
        .merge(sessions::routes())
        .merge(push_subscriptions::routes())
        .merge(accounts::routes())
        .merge(device_lists::routes())
        .merge(key_packages::routes())
        .merge(vault::routes())
        .merge(account_state::routes())
        .merge(archives::routes())
        .merge(conversations::routes())
        .merge(time_locks::routes())
        .merge(beacon::routes())
        .merge(contests::routes())
        .merge(files::routes())
        .merge(reports::routes())
        .merge(admin::routes())
        .merge(delivery::routes())
        .split();
    let front = match app.config.web_app {
        [] => welcome_page::routes(),
        files => web_app::routes(files),
    };
    let trust = authority.map(authority_page::routes).unwrap_or_default();
    let unlisted = Router::new().merge(health::routes()).merge(front).merge(docs::routes(description)).merge(trust);
    routes
        .merge(unlisted)
        .fallback(no_such_resource)
        .method_not_allowed_fallback(no_such_method)
        .layer(DefaultBodyLimit::max(limits::REST_BODY))
        .layer(from_fn_with_state(app.clone(), guard::guard))
        .with_state(app)
}

/// What a server with an authority of its own (DER) answers without TLS: how it is trusted, and nothing else.
pub(crate) fn authority_router(app: App, authority: Bytes) -> Router {
    authority_page::routes_without_tls(authority)
        .fallback(nothing_without_tls)
        .layer(DefaultBodyLimit::max(0))
        .layer(from_fn_with_state(app.clone(), guard::guard))
        .with_state(app)
}

async fn nothing_without_tls() -> Refusal {
    Refusal::not_found(
        "Without TLS there is nothing here but how to trust this server, at /; everything else is at https://.",
    )
}

async fn no_such_resource() -> Refusal {
    Refusal::not_found("There is no such resource; /api/v1/docs lists all.")
}

async fn no_such_method() -> Refusal {
    Refusal::new(ErrorCode::BadRequest, "This resource has no such method; /api/v1/docs lists all.")
        .with_status(StatusCode::METHOD_NOT_ALLOWED)
}
