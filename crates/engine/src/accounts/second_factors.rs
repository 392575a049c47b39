//! The second factor: what shows it where the account is opened, and how it is turned on and off.

use huis_core::account_state::{AccountState, Setting};
use huis_proto::rest::{self, RecoveryCodes, SecondFactorStarted, SecondFactorStatus, Secret, ShowTicket};
use huis_views::{Failure, FinishSecondFactor, Notice, Reply, SecondFactorBegun};

use super::codes::code_of_secret;
use super::entering::internal;
use super::vaults::another_accounts;
use crate::api::ApiError;
use crate::client::{Client, Step};
use crate::db::{DbError, Tables};
use crate::ports::Method;

/// A pass is taken for so long after it was given: less than the server does.
const PASS_MS: u64 = 9 * 60_000;
const PATH: &str = "/api/v1/account/second-factor";

/// The fact of the database that says when it was turned on or off last, in milliseconds since 1970, and whether it is on.
const CHANGED: &str = "second_factor_changed";
/// The same among the settings of the account state, by which the account's other devices hear of it.
const CHANGED_SETTING: &str = "second-factor-changed";
const IS_ON_SETTING: &str = "second-factor-is-on";

/// What shows the second factor.
#[derive(Default)]
pub(crate) enum SecondFactor {
    /// Nothing: it is asked for where the account has one.
    #[default]
    None,
    /// A code that a person typed, for the command that they typed it for.
    Code(Secret),
    /// What the server gave for one, until this time by the device's clock.
    Pass(Secret, u64),
}

impl Client {
    /// A person has typed a code for what follows.
    pub(crate) fn show_code(&self, code: Secret) {
        self.second_factor.replace(SecondFactor::Code(code));
    }

    /// What the code was typed for is done. A pass that was given for it stays, and so does a code of another command.
    pub(crate) fn put_code_away(&self, code: &Secret) {
        let mut shown = self.second_factor.borrow_mut();
        if matches!(&*shown, SecondFactor::Code(other) if other == code) {
            *shown = SecondFactor::None;
        }
    }

    /// Nothing shows it any more: whoever comes next types a code.
    pub(super) fn forget_second_factor(&self) {
        self.second_factor.replace(SecondFactor::None);
    }

    /// What shows the second factor to the server, if anything does.
    pub(super) fn shown_second_factor(&self) -> Option<Secret> {
        match &*self.second_factor.borrow() {
            SecondFactor::Code(code) => Some(code.clone()),
            SecondFactor::Pass(pass, until_ms) if self.clock.now_ms() < *until_ms => Some(pass.clone()),
            SecondFactor::Pass(..) | SecondFactor::None => None,
        }
    }

    /// The server has taken it, and gave this pass where there is a second factor.
    pub(super) fn second_factor_was_shown(&self, pass: Option<&Secret>) {
        if let Some(pass) = pass {
            let until_ms = self.clock.now_ms().saturating_add(PASS_MS);
            self.second_factor.replace(SecondFactor::Pass(pass.clone(), until_ms));
        }
    }

    /// What a refusal means to a person: a pass that is of no use any more was never typed.
    pub(super) fn second_factor_failed(&self, error: ApiError) -> Failure {
        let failure = Failure::from(error);
        let mut shown = self.second_factor.borrow_mut();
        if failure == Failure::WrongSecondFactor && matches!(*shown, SecondFactor::Pass(..)) {
            *shown = SecondFactor::None;
            return Failure::NeedsSecondFactor;
        }
        failure
    }

    pub(crate) async fn begin_second_factor(&self, password: &Secret) -> Result<Reply, Failure> {
        let ticket = self.own_ticket(password).await?;
        let ask = ShowTicket { ticket: ticket.clone() };
        let started: SecondFactorStarted = self.ask(Method::Post, format!("{PATH}/start"), Some(&ask)).await?;
        let address = address(&self.signed_in()?.username, &self.transport.server(), &started.secret);
        let code = code_of_secret(&address)?;
        let begun = SecondFactorBegun { secret: started.secret, address, code, ticket, state: started.state };
        Ok(Reply::SecondFactorBegun(Box::new(begun)))
    }

    pub(crate) async fn finish_second_factor(&self, wish: FinishSecondFactor) -> Result<Reply, Failure> {
        let finish = rest::FinishSecondFactor { ticket: wish.ticket, state: wish.state, code: wish.code };
        match self.ask::<RecoveryCodes>(Method::Post, format!("{PATH}/finish"), Some(&finish)).await {
            Err(ApiError::Unreachable(reason)) => Err(Failure::Offline {
                reason: format!("{reason}; it may count all the same: look, and make recovery codes anew if it does"),
            }),
            answered => {
                let codes = answered?.codes;
                self.tell_other_devices(true);
                Ok(Reply::RecoveryCodes(codes))
            }
        }
    }

    pub(crate) async fn second_factor_status(&self) -> Result<Reply, Failure> {
        self.signed_in()?;
        let SecondFactorStatus { enabled, codes_left } = self.get(PATH.into()).await?;
        Ok(Reply::SecondFactor { enabled, codes_left })
    }

    pub(crate) async fn renew_recovery_codes(&self, password: &Secret) -> Result<Reply, Failure> {
        let ask = ShowTicket { ticket: self.own_ticket(password).await? };
        let made: RecoveryCodes = self.ask(Method::Post, format!("{PATH}/codes"), Some(&ask)).await?;
        Ok(Reply::RecoveryCodes(made.codes))
    }

    pub(crate) async fn disable_second_factor(&self, password: &Secret) -> Result<(), Failure> {
        let ask = ShowTicket { ticket: self.own_ticket(password).await? };
        let body = serde_json::to_vec(&ask).map_err(internal)?;
        self.ask_bytes(Method::Post, format!("{PATH}/disable"), Some(body)).await?;
        self.forget_second_factor();
        self.tell_other_devices(false);
        Ok(())
    }

    /// It is done at the server, whatever becomes of this: nobody loses the codes over it.
    fn tell_other_devices(&self, is_on: bool) {
        if let Err(fault) = self.step(|step| step.second_factor_is_changed(is_on)) {
            tracing::warn!(%fault, "the account's other devices are not told of the second factor");
        }
    }

    /// A ticket of the own account, for which nobody has to open the vault.
    async fn own_ticket(&self, password: &Secret) -> Result<Secret, Failure> {
        let me = self.signed_in()?;
        self.check_versions().await?;
        let (signed_in, _) = self.prove_password(&me.username, password).await?;
        if signed_in.account == me.account() { Ok(signed_in.ticket) } else { Err(another_accounts()) }
    }
}

impl Step<'_> {
    /// This device has turned it on or off; the others hear of it by the account state.
    fn second_factor_is_changed(&mut self, is_on: bool) -> Result<(), DbError> {
        // The others take a later time than the one that they know for news.
        let before = changed(self.tables)?.map_or(0, |(before, _)| before);
        self.tables.put_fact(CHANGED, &(self.client.now_ms().max(before.saturating_add(1)), is_on))?;
        self.state_changed()
    }

    /// Takes over that another device has turned it on or off. A device that has no state yet hears nothing new by it.
    pub(super) fn merge_second_factor(&mut self, theirs: &AccountState) -> Result<(), DbError> {
        let (Some(Setting::Number(changed_ms)), Some(Setting::Flag(is_on))) =
            (theirs.settings.get(CHANGED_SETTING), theirs.settings.get(IS_ON_SETTING))
        else {
            return Ok(());
        };
        if changed(self.tables)?.is_some_and(|(known, _)| *changed_ms <= known) {
            return Ok(());
        }
        self.tables.put_fact(CHANGED, &(*changed_ms, *is_on))?;
        if self.tables.fact::<u64>("state_version")?.unwrap_or(0) == 0 {
            return Ok(());
        }
        self.notice(None, Notice::SecondFactorChanged { enabled: *is_on })
    }
}

/// Writes into the state when the second factor was turned on or off, if it ever was.
pub(super) fn put_second_factor(state: &mut AccountState, tables: Tables<'_>) -> Result<(), DbError> {
    if let Some((changed_ms, is_on)) = changed(tables)? {
        state.settings.insert(CHANGED_SETTING.into(), Setting::Number(changed_ms));
        state.settings.insert(IS_ON_SETTING.into(), Setting::Flag(is_on));
    }
    Ok(())
}

fn changed(tables: Tables<'_>) -> Result<Option<(u64, bool)>, DbError> {
    tables.fact(CHANGED)
}

/// What authenticators read out of a QR code: the form that Google's made common.
fn address(username: &str, server: &str, secret: &Secret) -> Secret {
    let host = server.split_once("://").map_or(server, |(_, host)| host).trim_end_matches('/');
    let account = encoded(&format!("{username}@{host}"));
    let secret = secret.expose();
    Secret::new(format!("otpauth://totp/Huis:{account}?secret={secret}&issuer=Huis&algorithm=SHA1&digits=6&period=30"))
}

/// RFC 3986, section 2.1.
fn encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
            other => format!("%{other:02X}"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_authenticator_reads_who_and_where_out_of_the_address() {
        let secret = Secret::new("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        assert_eq!(
            address("member-a", "https://chat.example.org:8443", &secret).expose(),
            "otpauth://totp/Huis:member-a%40chat.example.org%3A8443?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ\
             &issuer=Huis&algorithm=SHA1&digits=6&period=30"
        );
    }
}
