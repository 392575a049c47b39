//! Devices' key packages: brought, counted, claimed.

use axum::Json;
use axum::extract::State;
use huis_proto::rest::{ClaimKeyPackages, ClaimedKeyPackages, KeyPackageStock, PutKeyPackages};
use huis_proto::{AccountId, ErrorCode, Member, limits};
use huis_store::Stocked;

use super::json::{JsonBody, UrlPath};
use super::problem::Refusal;
use super::registrations::check_size;
use super::resources::{OpenApiRouter, routes};
use super::signed_in::SignedInDevice;
use crate::state::App;

pub(super) fn routes() -> OpenApiRouter {
    OpenApiRouter::new().routes(routes!(stock, put)).routes(routes!(claim))
}

/// The device's own stock.
#[utoipa::path(get, path = "/api/v1/key-packages", tag = "key packages", responses((status = 200, body = KeyPackageStock), Refusal))]
async fn stock(State(app): State<App>, asker: SignedInDevice) -> Result<Json<KeyPackageStock>, Refusal> {
    Ok(Json(app.store.key_package_stock(asker.member).await?))
}

/// Adds to the device's own stock; all of it is stored or nothing.
#[utoipa::path(
    post,
    path = "/api/v1/key-packages",
    tag = "key packages",
    request_body = PutKeyPackages,
    responses((status = 200, body = KeyPackageStock), Refusal)
)]
async fn put(
    State(app): State<App>,
    asker: SignedInDevice,
    JsonBody(request): JsonBody<PutKeyPackages>,
) -> Result<Json<KeyPackageStock>, Refusal> {
    let limit_reached = |has: usize| {
        let most = limits::KEY_PACKAGES_KEPT;
        let reason = format!("A device may keep {most} one-time key packages here; there would be {has}.");
        Refusal::new(ErrorCode::LimitReached, reason)
    };
    if request.one_time.len() > limits::KEY_PACKAGES_KEPT {
        return Err(limit_reached(request.one_time.len()));
    }
    for package in request.one_time.iter().chain(&request.last_resort) {
        check_size("A key package", package, limits::KEY_PACKAGE)?;
    }
    let brought = request.one_time.len();
    let stocked =
        app.store.put_key_packages(asker.member, request.one_time, request.last_resort, request.replace).await?;
    match stocked {
        Stocked::Stored(stock) => Ok(Json(stock)),
        Stocked::LimitReached(stock) => Err(limit_reached(stock.one_time as usize + brought)),
    }
}

/// Takes one key package of each listed device of an account, to invite it.
#[utoipa::path(
    post,
    path = "/api/v1/accounts/{account}/key-packages/claim",
    tag = "key packages",
    params(("account" = AccountId, Path)),
    request_body = ClaimKeyPackages,
    responses((status = 200, body = ClaimedKeyPackages), Refusal)
)]
async fn claim(
    State(app): State<App>,
    asker: SignedInDevice,
    UrlPath(account): UrlPath<AccountId>,
    JsonBody(request): JsonBody<ClaimKeyPackages>,
) -> Result<Json<ClaimedKeyPackages>, Refusal> {
    app.rate_limits.key_package_claim(asker.member.account, app.clock.now_ms()).await?;
    if request.devices.as_ref().is_some_and(|devices| devices.len() > limits::DEVICES) {
        let reason = format!("An account has at most {} devices.", limits::DEVICES);
        return Err(Refusal::bad_request(reason));
    }
    let claimed = app.store.claim_key_packages(account, request.devices, app.clock.now_ms()).await?;
    let claimed = claimed.ok_or_else(|| Refusal::not_found("There is no such account."))?;
    for package in &claimed.packages {
        let owner = Member { account, device: package.device };
        let left = app.store.key_package_stock(owner).await?.one_time;
        if (left as usize) < limits::KEY_PACKAGES_LOW {
            app.hub.key_packages_low(owner, left);
        }
    }
    Ok(Json(claimed))
}
