//! Others' accounts: listed, shown, suspended, given a role, deleted.

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use huis_proto::rest::{
    AccountsPage, AdministeredAccountDetails, AdministeredSession, ListAccounts, ServerRole, SessionsEnded, SetRole,
    Suspend,
};
use huis_proto::{limits, names};
use huis_store::{AccountsWanted, Acted, Ended, NewSuspension, WhichAccounts};

use super::actions::Action;
use super::{Allowed, ends_at_ms, finished, most, reason};
use crate::http::json::{JsonBody, UrlPath, UrlQuery};
use crate::http::problem::Refusal;
use crate::http::resources::{OpenApiRouter, routes};
use crate::state::App;

const PAGE: usize = 50;
const DAY_MS: u64 = 24 * 3600 * 1000;

pub(super) fn routes() -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(show, delete))
        .routes(routes!(end_sessions))
        .routes(routes!(suspend))
        .routes(routes!(lift))
        .routes(routes!(set_role))
}

/// Accounts in the order of their usernames, page by page.
#[utoipa::path(
    get,
    path = "/api/v1/admin/accounts",
    tag = "administration",
    params(ListAccounts),
    responses((status = 200, body = AccountsPage), Refusal)
)]
async fn list(
    State(app): State<App>,
    _: Allowed<{ Action::ListAccounts as usize }>,
    UrlQuery(asked): UrlQuery<ListAccounts>,
) -> Result<Json<AccountsPage>, Refusal> {
    let which = match (asked.role, asked.suspended) {
        (None, false) => WhichAccounts::All,
        (None, true) => WhichAccounts::Suspended,
        (Some(ServerRole::Member), _) => {
            return Err(Refusal::bad_request("Most accounts are members; leave the role out, or ask for another."));
        }
        (Some(role), false) => WhichAccounts::OfRole(role),
        (Some(_), true) => {
            return Err(Refusal::bad_request("Ask for a role, or for those that are suspended, and not for both."));
        }
    };
    let most = most(asked.most, PAGE)?;
    // Usernames have one form, which is in lower case.
    let search = asked.search.unwrap_or_default().trim().to_lowercase();
    for text in [Some(&search), asked.after.as_ref()].into_iter().flatten() {
        refuse_unless_in_a_name(text)?;
    }
    let wanted = AccountsWanted {
        search,
        after: asked.after,
        which,
        // One more tells whether there is a next page.
        most: most + 1,
        now_ms: app.clock.now_ms(),
    };
    let mut accounts = app.store.accounts_page(wanted).await?;
    let is_last = accounts.len() <= most;
    accounts.truncate(most);
    let next = if is_last { None } else { accounts.last().map(|account| account.username.clone()) };
    Ok(Json(AccountsPage { accounts, next }))
}

/// An account, with its signed-in devices and what its files take.
#[utoipa::path(
    get,
    path = "/api/v1/admin/accounts/{username}",
    tag = "administration",
    params(("username" = String, Path)),
    responses((status = 200, body = AdministeredAccountDetails), Refusal)
)]
async fn show(
    State(app): State<App>,
    _: Allowed<{ Action::ShowAccount as usize }>,
    UrlPath(username): UrlPath<String>,
) -> Result<Json<AdministeredAccountDetails>, Refusal> {
    let username = named(&username)?;
    let account = app.store.administered_account(&username, app.clock.now_ms()).await?;
    let account = account.ok_or_else(|| Refusal::not_found(nobody(&username)))?;
    let sessions = app.store.sessions(account.account).await?;
    let first_of_day = |ms: u64| ms - ms % DAY_MS;
    let signed_in = sessions.iter().map(|session| AdministeredSession {
        device: session.device,
        began_on_ms: first_of_day(session.began_at_ms),
        seen_on_ms: first_of_day(session.used_at_ms),
    });
    let file_bytes = app.store.file_usage(account.account, limits::FILE_COUNTED).await?;
    Ok(Json(AdministeredAccountDetails { signed_in: signed_in.collect(), file_bytes, account }))
}

/// Ends all sessions of another account, at once. It may sign in again.
#[utoipa::path(
    post,
    path = "/api/v1/admin/accounts/{username}/sessions/end",
    tag = "administration",
    params(("username" = String, Path)),
    responses((status = 200, body = SessionsEnded), Refusal)
)]
async fn end_sessions(
    State(app): State<App>,
    asker: Allowed<{ Action::EndSessions as usize }>,
    UrlPath(username): UrlPath<String>,
) -> Result<Json<SessionsEnded>, Refusal> {
    let username = another(&username, &asker.username, "These are your own sessions; sign out instead.")?;
    let act = async move {
        let acted = app.store.end_sessions_of(asker.act(app.clock.now_ms()), &username).await?;
        let ended = asker.done(acted, || nobody(&username))?;
        for session in &ended.sessions {
            app.hub.session_ended(*session);
        }
        Ok(count(&ended))
    };
    finished(act).await.map(Json)
}

/// Suspends another account, at once: it is signed in nowhere, until the suspension is lifted or has ended.
#[utoipa::path(
    post,
    path = "/api/v1/admin/accounts/{username}/suspend",
    tag = "administration",
    params(("username" = String, Path)),
    request_body = Suspend,
    responses((status = 200, body = SessionsEnded), Refusal)
)]
async fn suspend(
    State(app): State<App>,
    asker: Allowed<{ Action::Suspend as usize }>,
    UrlPath(username): UrlPath<String>,
    JsonBody(request): JsonBody<Suspend>,
) -> Result<Json<SessionsEnded>, Refusal> {
    let username = another(&username, &asker.username, OWN)?;
    let now_ms = app.clock.now_ms();
    let new = NewSuspension { reason: reason(&request.reason)?, ends_at_ms: ends_at_ms(now_ms, request.ends_in_s)? };
    let act = async move {
        let acted = app.store.suspend(asker.act(now_ms), &username, new).await?;
        let ended = asker.done(acted, || nobody(&username))?;
        app.hub.barred(ended.account);
        Ok(count(&ended))
    };
    finished(act).await.map(Json)
}

/// Lifts a suspension.
#[utoipa::path(
    post,
    path = "/api/v1/admin/accounts/{username}/lift",
    tag = "administration",
    params(("username" = String, Path)),
    responses((status = 204), Refusal)
)]
async fn lift(
    State(app): State<App>,
    asker: Allowed<{ Action::Lift as usize }>,
    UrlPath(username): UrlPath<String>,
) -> Result<StatusCode, Refusal> {
    let username = named(&username)?;
    let acted = app.store.lift_suspension(asker.act(app.clock.now_ms()), &username).await?;
    asker.done(acted, || format!("There is no account {username} on this server that is suspended."))?;
    Ok(StatusCode::NO_CONTENT)
}

/// Gives an account another role.
#[utoipa::path(
    put,
    path = "/api/v1/admin/accounts/{username}/role",
    tag = "administration",
    params(("username" = String, Path)),
    request_body = SetRole,
    responses((status = 204), Refusal)
)]
async fn set_role(
    State(app): State<App>,
    asker: Allowed<{ Action::SetRole as usize }>,
    UrlPath(username): UrlPath<String>,
    JsonBody(request): JsonBody<SetRole>,
) -> Result<StatusCode, Refusal> {
    let username = named(&username)?;
    let acted = app.store.set_role(asker.act(app.clock.now_ms()), &username, request.role).await?;
    match acted {
        Acted::Unchanged => {}
        acted => asker.done(acted, || nobody(&username))?,
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Deletes another account, for good: what it signs in with, its vault, its state and its devices. Its name stays taken,
/// and what it sent stays with those who have it.
#[utoipa::path(
    delete,
    path = "/api/v1/admin/accounts/{username}",
    tag = "administration",
    params(("username" = String, Path)),
    responses((status = 200, body = SessionsEnded), Refusal)
)]
async fn delete(
    State(app): State<App>,
    asker: Allowed<{ Action::DeleteAccount as usize }>,
    UrlPath(username): UrlPath<String>,
) -> Result<Json<SessionsEnded>, Refusal> {
    let username = another(&username, &asker.username, OWN)?;
    let act = async move {
        let acted = app.store.delete_account(asker.act(app.clock.now_ms()), &username).await?;
        let ended = asker.done(acted, || nobody(&username))?;
        for session in &ended.sessions {
            app.hub.session_ended(*session);
        }
        if let Some(account) = app.store.account(ended.account).await? {
            // Its devices are delivered nothing any more.
            app.hub.device_list_changed(ended.account, account.device_list_number);
        }
        Ok(count(&ended))
    };
    finished(act).await.map(Json)
}

const OWN: &str = "This is your own account; somebody else who may has to do that.";

/// Texts that stand in no username are not looked for.
fn refuse_unless_in_a_name(text: &str) -> Result<(), Refusal> {
    let most = *limits::USERNAME_CHARACTERS.end();
    if text.chars().count() > most || text.chars().any(char::is_control) {
        let title = format!("A part of a username has up to {most} characters, and no control characters.");
        return Err(Refusal::bad_request(title));
    }
    Ok(())
}

fn named(username: &str) -> Result<String, Refusal> {
    names::username(username).map_err(|error| Refusal::bad_request(error.to_string()))
}

/// The username in its one form, which must not be the asker's own.
pub(super) fn another(username: &str, own: &str, refusal: &str) -> Result<String, Refusal> {
    let username = named(username)?;
    if username == own { Err(Refusal::bad_request(refusal)) } else { Ok(username) }
}

fn nobody(username: &str) -> String {
    format!("There is no account {username} on this server.")
}

fn count(ended: &Ended) -> SessionsEnded {
    SessionsEnded { count: u32::try_from(ended.sessions.len()).unwrap_or(u32::MAX) }
}
