//! A new password: by the old one, or by the recovery key where the old one is forgotten.
//!
//! Record and vault change together at the server, in one step. So a crash or a lost answer leaves the old password with
//! the old vault or the new one with the new; a sign-in with the new password tells which.

use huis_core::password::{Registered, Registration};
use huis_core::recovery::RecoveryKey;
use huis_core::vault::{self, OpenedVault};
use huis_proto::opaque::StretchParameters;
use huis_proto::rest::{
    FinishPasswordChange, FinishRecovery, OpenRecovery, PasswordChanged, RecoveryStarted, RecoveryVault,
    RegistrationStarted, Secret, StartPasswordChange, StartRecovery, Vault,
};
use huis_proto::{AccountId, Bytes, IncarnationId, recovery};
use huis_views::{ChangePassword, Failure, Recover, Reply, SignIn};
use rand::rngs::StdRng;

use super::entering::{
    Entered, Keys, bad_answer, identifiers, internal, one_form, open_by_recovery_key, password_failure, typed_key,
};
use crate::api::ApiError;
use crate::client::{Client, Me};
use crate::ports::Method;

/// A new password on its way to the server.
pub(super) struct Fresh<'a> {
    username: &'a str,
    password: &'a Secret,
    registration: Registration,
}

impl Fresh<'_> {
    /// OPAQUE's last message, and what the password gives.
    pub(super) fn finish(
        self,
        random: &mut StdRng,
        response: &[u8],
        stretch: StretchParameters,
    ) -> Result<Registered, Failure> {
        let Self { username, password, registration } = self;
        registration
            .finish(random, password.expose().as_bytes(), response, identifiers(username), stretch)
            .map_err(password_failure)
    }
}

impl Client {
    /// Sets a new password in place of the old one.
    pub(crate) async fn change_password(&self, wish: ChangePassword) -> Result<Reply, Failure> {
        let me = self.signed_in()?;
        self.check_strength(&wish.new, &me.username).await?;
        let keys = Keys { password: &wish.old, recovery_key: wish.recovery_key.as_ref() };
        let Entered { signed_in, mut vault } = self.enter_own(&me, keys).await?;
        let under_password = wish.under_password.unwrap_or(vault.under_password);
        if vault.under_password && !under_password {
            // Who has lost it would never open the vault again.
            let typed = wish.recovery_key.as_ref().ok_or(Failure::NeedsRecoveryKey)?;
            open_by_recovery_key(&signed_in, vault.number, typed)?;
        }
        vault.under_password = under_password;
        let (fresh, started) = self.begin_password(&me, &wish.new, &signed_in.ticket).await?;
        let (opaque, vault) = self.sealed_anew(fresh, &started.opaque, started.stretch, me.account(), &vault)?;
        let number = vault.number;
        let finish = FinishPasswordChange {
            ticket: signed_in.ticket,
            opaque,
            stretch: started.stretch,
            vault,
            end_other_sessions: wish.end_other_sessions,
        };
        let path = "/api/v1/account/password/finish".into();
        let ended_sessions = match self.ask::<PasswordChanged>(Method::Post, path, Some(&finish)).await {
            Err(ApiError::Unreachable(reason)) => {
                self.counts(&me, &wish.new).await.map_err(|failure| Failure::Offline {
                    reason: match failure {
                        Failure::WrongPassword => format!("{reason}; the old password still counts"),
                        _ => format!("{reason}; whether the new password counts shows when you use it"),
                    },
                })?;
                None
            }
            answered => Some(answered?.ended_sessions),
        };
        self.step(|step| step.vault_grows_to(number))?;
        Ok(Reply::PasswordChanged { ended_sessions })
    }

    /// Sets a new password by the recovery key, and signs in with it.
    pub(crate) async fn recover(&self, wish: Recover) -> Result<Reply, Failure> {
        let username = one_form(&wish.username)?;
        let me = self.me();
        if let Some(me) = me.as_ref().filter(|me| me.username != username) {
            return Err(Failure::AlreadySignedIn { username: me.username.clone() });
        }
        let key = typed_key(&wish.recovery_key)?;
        self.check_strength(&wish.password, &username).await?;
        let incarnation = self.check_versions().await?;
        let (fresh, opaque) = self.fresh(&username, &wish.password)?;
        let start = StartRecovery { username: username.clone(), opaque };
        let path = "/api/v1/recoveries/start".into();
        let started: RecoveryStarted = self.ask_openly(Method::Post, path, Some(&start)).await?;
        let (proof, state) = (key.sign_for_vault(&started.state), started.state.clone());
        let open = OpenRecovery { state, proof, second_factor: self.shown_second_factor() };
        let path = "/api/v1/recoveries/vault".into();
        let answer = self.ask_openly(Method::Post, path, Some(&open)).await;
        let given: RecoveryVault = answer.map_err(|error| self.second_factor_failed(error))?;
        self.second_factor_was_shown(given.second_factor_pass.as_ref());
        let opened = self.open_by_recovery_key(&given, &key, me.as_deref(), incarnation)?;
        let (opaque, vault) = self.sealed_anew(fresh, &started.opaque, started.stretch, given.account, &opened)?;
        drop(opened);
        let finish = FinishRecovery {
            proof: key.sign(&recovery::wish(&started.state, &opaque, started.stretch, &vault)),
            state: started.state,
            opaque,
            stretch: started.stretch,
            vault,
            second_factor: self.shown_second_factor(),
        };
        let path = "/api/v1/recoveries/finish".into();
        let lost = match self.ask_openly::<PasswordChanged>(Method::Post, path, Some(&finish)).await {
            Err(ApiError::Unreachable(reason)) => Some(reason),
            answered => {
                answered?;
                // This device's session has ended with all others.
                self.session_ended();
                None
            }
        };
        if let (Some(reason), Some(me)) = (&lost, &me) {
            // Where the request did not come through, the session of this device lives on.
            let counts = self.counts(me, &wish.password).await;
            counts.map_err(|_| Failure::Offline { reason: reason.clone() })?;
            self.session_ended();
        }
        let Recover { password, recovery_key, stay_signed_in, .. } = wish;
        let sign_in = SignIn { username, password, recovery_key: Some(recovery_key), stay_signed_in };
        match (lost, self.sign_in(sign_in).await) {
            (Some(reason), Err(Failure::WrongPassword)) => Err(Failure::Offline { reason }),
            (_, signed_in) => signed_in,
        }
    }

    /// Whether this is the account's password.
    pub(crate) async fn check_password(&self, password: &Secret) -> Result<(), Failure> {
        let me = self.signed_in()?;
        self.counts(&me, password).await
    }

    pub(super) async fn counts(&self, me: &Me, password: &Secret) -> Result<(), Failure> {
        match self.enter_own(me, Keys { password, recovery_key: None }).await {
            // The server has taken the password; the vault is kept from it, or until a second factor is shown.
            Ok(_) | Err(Failure::NeedsRecoveryKey | Failure::NeedsSecondFactor) => Ok(()),
            Err(failure) => Err(failure),
        }
    }

    fn open_by_recovery_key(
        &self,
        given: &RecoveryVault,
        key: &RecoveryKey,
        me: Option<&Me>,
        incarnation: IncarnationId,
    ) -> Result<OpenedVault, Failure> {
        let oldest = self.oldest_vault(incarnation)?;
        let opened =
            vault::open_with_recovery_key(&given.vault.sealed, given.account, oldest, key).map_err(bad_answer)?;
        let identity = opened.contents.identity.key();
        if identity.0 != given.identity_key
            || me.is_some_and(|me| me.account() != given.account || me.identity != identity)
        {
            return Err(bad_answer("the identity key is not the vault's"));
        }
        Ok(opened)
    }

    /// The first step to a new password of the own account.
    pub(super) async fn begin_password<'a>(
        &self,
        me: &'a Me,
        password: &'a Secret,
        ticket: &Secret,
    ) -> Result<(Fresh<'a>, RegistrationStarted), Failure> {
        let (fresh, opaque) = self.fresh(&me.username, password)?;
        let start = StartPasswordChange { ticket: ticket.clone(), opaque };
        let path = "/api/v1/account/password/start".into();
        Ok((fresh, self.ask(Method::Post, path, Some(&start)).await?))
    }

    /// OPAQUE's first message for a new password.
    fn fresh<'a>(&self, username: &'a str, password: &'a Secret) -> Result<(Fresh<'a>, Bytes), Failure> {
        let random = &mut *self.random.borrow_mut();
        let (registration, request) =
            Registration::start(random, password.expose().as_bytes()).map_err(password_failure)?;
        Ok((Fresh { username, password, registration }, Bytes(request)))
    }

    /// OPAQUE's last message, and the vault that follows `before` under the new password, unless it is kept from that.
    fn sealed_anew(
        &self,
        fresh: Fresh<'_>,
        response: &[u8],
        stretch: StretchParameters,
        account: AccountId,
        before: &OpenedVault,
    ) -> Result<(Bytes, Vault), Failure> {
        let random = &mut *self.random.borrow_mut();
        let registered = fresh.finish(random, response, stretch)?;
        let number = before.number.saturating_add(1);
        let export_key = before.under_password.then_some(&registered.export_key);
        let sealed = before.contents.reseal(random, account, number, export_key).map_err(internal)?;
        Ok((Bytes(registered.upload), Vault { number, sealed: Bytes(sealed) }))
    }
}
