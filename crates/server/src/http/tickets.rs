//! Tickets: what a finished sign-in gives its holder for ten minutes.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use huis_proto::AccountId;
use huis_proto::rest::Secret;
use huis_store::Account;
use rand::rngs::OsRng;
use serde::{Deserialize, Serialize};

use super::bars;
use super::device_lists::own_account;
use super::problem::Refusal;
use crate::sealing::Purpose;
use crate::state::App;

const LIFETIME_MS: u64 = 10 * 60 * 1000;

/// Whoever holds it has proved the account's password, and shown its second factor, within the last ten minutes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Ticket {
    pub account: AccountId,
    /// The newest device list when the password was proved: the ticket serves for the list after this one alone, so
    /// it enrols one device, though nobody keeps a list of tickets that were used.
    pub device_list_number: u64,
    /// Which password was proved: with the next one the ticket is of no use, so that who knew the old one is out.
    pub password_number: u64,
    /// Which second factor was shown, or that there was none: one that is turned on since counts.
    pub second_factor_number: u64,
}

impl Ticket {
    /// A ticket for ten minutes, and no longer than the second factor counts that was shown for it.
    pub(super) fn issue(self, app: &App, shown_until_ms: u64) -> Result<Secret, Refusal> {
        let expires_at_ms = app.clock.now_ms().saturating_add(LIFETIME_MS).min(shown_until_ms);
        let sealed = app.sealing.seal(&mut OsRng, Purpose::Ticket, &self, expires_at_ms);
        let sealed = sealed.map_err(|error| {
            tracing::error!(%error, "a ticket can't be sealed");
            Refusal::internal()
        })?;
        Ok(Secret::new(URL_SAFE_NO_PAD.encode(sealed)))
    }

    /// The ticket, and its account as it is.
    pub(super) async fn open(app: &App, text: &str) -> Result<(Self, Account), Refusal> {
        let sealed = URL_SAFE_NO_PAD.decode(text).ok();
        let opened = sealed.and_then(|sealed| app.sealing.open(Purpose::Ticket, &sealed, app.clock.now_ms()).ok());
        let ticket: Self = opened.ok_or_else(|| {
            Refusal::proof("The ticket is not of this server, or older than ten minutes; sign in again.")
        })?;
        let account = own_account(app, ticket.account).await?;
        if account.password_number != ticket.password_number {
            return Err(password_changed());
        }
        if account.second_factor_number != ticket.second_factor_number {
            return Err(Refusal::proof("The second factor was turned on or off since this sign-in; sign in again."));
        }
        refuse_barred(app, ticket.account).await?;
        Ok((ticket, account))
    }
}

/// Refuses an account that is suspended, or whose name is banned.
pub(super) async fn refuse_barred(app: &App, account: AccountId) -> Result<(), Refusal> {
    let now_ms = app.clock.now_ms();
    match app.store.bar_of(account, now_ms).await? {
        Some(bar) => Err(bars::account(&bar, now_ms)),
        None => Ok(()),
    }
}

/// What was proved is an older password.
pub(super) fn password_changed() -> Refusal {
    Refusal::proof("The password was changed since this sign-in; sign in again.")
}
