//! What those do who look after a running server. Which role it takes stands in [`actions`].

mod accounts;
pub(super) mod actions;
mod audit;
mod bans;
mod invitations;
mod reports;
mod running;
mod settings;
mod visits;

use std::future::Future;

use axum::Json;
use axum::extract::FromRequestParts;
use http::request::Parts;
use huis_proto::rest::ServerRole;
use huis_proto::{AccountId, ErrorCode, SessionId, limits};
use huis_store::{Act, Acted};

use self::actions::{ADMINISTRATIVE_ACTIONS, AdministrativeAction};
use self::visits::Visit;
use super::address::ClientAddress;
use super::conversations;
use super::problem::Refusal;
use super::resources::OpenApiRouter;
use super::signed_in::SignedInDevice;
use crate::state::App;

pub(super) fn routes() -> OpenApiRouter {
    OpenApiRouter::new()
        .merge(accounts::routes())
        .merge(bans::routes())
        .merge(invitations::routes())
        .merge(reports::routes())
        .merge(audit::routes())
        .merge(settings::routes())
        .merge(running::routes())
        .merge(visits::routes())
}

/// Somebody who has the role that the action takes, by its place in the table. It stands before everything else of a
/// request: who may not is told so, and the same whatever the request names.
pub(super) struct Allowed<const ACTION: usize> {
    pub(super) account: AccountId,
    session: SessionId,
    pub(super) username: String,
    pub(super) role: ServerRole,
    pub(super) address: ClientAddress,
    /// When the visit ends by which the request comes; none where it brings an access token.
    visit_ends_at_ms: Option<u64>,
}

impl<const ACTION: usize> Allowed<ACTION> {
    const ACTION: AdministrativeAction = ADMINISTRATIVE_ACTIONS[ACTION];

    /// The act, as the store takes it.
    pub(super) fn act(&self, now_ms: u64) -> Act {
        Act {
            actor: self.account,
            session: Some(self.session),
            needs: Self::ACTION.needs,
            action: Self::ACTION.name,
            address: self.address.0.to_string(),
            at_ms: now_ms,
        }
    }

    /// What an act has given, unless it was refused. `missing` says what is not there; so is what is unchanged.
    pub(super) fn done<T>(&self, acted: Acted<T>, missing: impl FnOnce() -> String) -> Result<T, Refusal> {
        match acted {
            Acted::Done(done) => Ok(done),
            Acted::NotAllowed => Err(not_allowed(&Self::ACTION)),
            Acted::NotThere | Acted::Unchanged => Err(Refusal::not_found(missing())),
            Acted::Outranked(role) => Err(Refusal::forbidden(format!(
                "That is for somebody of a higher role: it concerns the role {role}, which is not below yours."
            ))),
            Acted::LastSuperAdministrator => {
                Err(Refusal::forbidden("This is the only super-administrator; give somebody else that role first."))
            }
            Acted::Barred => Err(Refusal::forbidden(
                "The account is suspended or its name banned, which nobody could lift from a super-administrator; lift it first.",
            )),
            Acted::TooMany => Err(Refusal::new(
                ErrorCode::LimitReached,
                format!(
                    "There are {} bans already; lift one, or ban a network in place of many addresses.",
                    limits::BANS
                ),
            )),
        }
    }
}

impl<const ACTION: usize> FromRequestParts<App> for Allowed<ACTION> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Refusal> {
        let address = ClientAddress::from_request_parts(parts, app).await?;
        let (account, session, visit_ends_at_ms) = match Visit::of(parts, app).await? {
            Some(visit) => (visit.account, visit.session, Some(visit.ends_at_ms)),
            None => {
                let asker = SignedInDevice::from_request_parts(parts, app).await?;
                (asker.member.account, asker.session, None)
            }
        };
        let account = app.store.account(account).await?;
        match account {
            Some(account) if account.role >= Self::ACTION.needs => {
                let (account, username, role) = (account.account, account.username, account.role);
                Ok(Self { account, session, username, role, address, visit_ends_at_ms })
            }
            _ => Err(not_allowed(&Self::ACTION)),
        }
    }
}

/// Runs an act to its end even if the asker goes away meanwhile: what is done must also reach those whom it concerns.
async fn finished<T: Send + 'static>(
    act: impl Future<Output = Result<T, Refusal>> + Send + 'static,
) -> Result<T, Refusal> {
    let Json(done) = conversations::finished(async { act.await.map_err(|Refusal(problem)| problem) }).await?;
    Ok(done)
}

fn not_allowed(action: &AdministrativeAction) -> Refusal {
    let (what, needs) = (action.what, action.needs);
    let or_above = if needs == ServerRole::SuperAdministrator { "" } else { " or a higher one" };
    Refusal::forbidden(format!("Only who has the role {needs}{or_above} on this server may {what}."))
}

/// A reason, without the space around it.
fn reason(text: &str) -> Result<String, Refusal> {
    let text = text.trim();
    let most = limits::REASON_CHARACTERS;
    if text.is_empty() || text.chars().count() > most || text.chars().any(char::is_control) {
        return Err(Refusal::bad_request(format!("A reason has 1 to {most} characters, in one line.")));
    }
    Ok(text.to_owned())
}

/// When something ends that is said to end after so many seconds.
fn ends_at_ms(now_ms: u64, ends_in_s: Option<u64>) -> Result<Option<u64>, Refusal> {
    let longest_s = limits::BAR_LIFE.as_secs();
    match ends_in_s {
        None => Ok(None),
        Some(seconds) if (1..=longest_s).contains(&seconds) => Ok(Some(now_ms.saturating_add(seconds * 1000))),
        Some(_) => Err(Refusal::bad_request(
            "It ends after at least a second, and at most ten years; leave the end out for what has none.",
        )),
    }
}

/// How many a page holds.
fn most(asked: Option<usize>, otherwise: usize) -> Result<usize, Refusal> {
    let most = limits::ADMINISTRATION_PAGE;
    match asked.unwrap_or(otherwise) {
        count if (1..=most).contains(&count) => Ok(count),
        _ => Err(Refusal::bad_request(format!("A page has 1 to {most} entries."))),
    }
}
