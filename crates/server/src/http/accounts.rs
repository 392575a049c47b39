//! Who an account is.

use axum::Json;
use axum::extract::State;
use huis_proto::rest::AccountCard;
use huis_proto::{AccountId, names};
use huis_store::Account;

use super::json::UrlPath;
use super::problem::Refusal;
use super::resources::{OpenApiRouter, routes};
use super::signed_in::SignedInDevice;
use crate::state::App;

pub(super) fn routes() -> OpenApiRouter {
    OpenApiRouter::new().routes(routes!(by_name)).routes(routes!(by_id))
}

/// An account by its username, in any letter case.
#[utoipa::path(
    get,
    path = "/api/v1/accounts/by-name/{username}",
    tag = "accounts",
    params(("username" = String, Path)),
    responses((status = 200, body = AccountCard), Refusal)
)]
async fn by_name(
    State(app): State<App>,
    asker: SignedInDevice,
    UrlPath(username): UrlPath<String>,
) -> Result<Json<AccountCard>, Refusal> {
    app.rate_limits.lookup(asker.member.account, app.clock.now_ms()).await?;
    // A text that can't be a name is nobody's name.
    let account = match names::username(&username) {
        Ok(username) => app.store.account_by_name(&username).await?,
        Err(_) => None,
    };
    card(account)
}

/// An account by its id.
#[utoipa::path(
    get,
    path = "/api/v1/accounts/{account}",
    tag = "accounts",
    params(("account" = AccountId, Path)),
    responses((status = 200, body = AccountCard), Refusal)
)]
async fn by_id(
    State(app): State<App>,
    asker: SignedInDevice,
    UrlPath(account): UrlPath<AccountId>,
) -> Result<Json<AccountCard>, Refusal> {
    app.rate_limits.lookup(asker.member.account, app.clock.now_ms()).await?;
    card(app.store.account(account).await?)
}

fn card(account: Option<Account>) -> Result<Json<AccountCard>, Refusal> {
    let account = account.ok_or_else(|| Refusal::not_found("Nobody here has this name or id."))?;
    Ok(Json(AccountCard {
        account: account.account,
        username: account.username,
        identity_key: account.identity_key,
        device_list: account.device_list,
    }))
}
