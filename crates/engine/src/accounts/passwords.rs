//! A new password: by the old one, or by the recovery key where the old one is forgotten.
//!
//! Record and vault change together at the server, in one step. So a crash or a lost answer leaves the old password with
//! the old vault or the new one with the new; a sign-in with the new password tells which.

use huis_core::password::Registration;
use huis_core::recovery::RecoveryKey;
use huis_core::vault::{self, OpenedVault};
use huis_proto::opaque::StretchParameters;
use huis_proto::rest::{
    FinishPasswordChange, FinishRecovery, OpenRecovery, PasswordChanged, RecoveryStarted, RecoveryVault,
    RegistrationStarted, Secret, StartPasswordChange, StartRecovery, Vault,
};
use huis_proto::{AccountId, Bytes, IncarnationId, recovery};
use huis_views::{ChangePassword, Failure, Recover, Reply, SignIn};

use super::entering::{Entered, bad_answer, identifiers, internal, one_form, password_failure};
use crate::api::ApiError;
use crate::client::{Client, Me};
use crate::ports::Method;

/// A new password on its way to the server.
struct Fresh<'a> {
    username: &'a str,
    password: &'a Secret,
    registration: Registration,
}

impl Client {
    /// Sets a new password in place of the old one.
    pub(crate) async fn change_password(&self, wish: ChangePassword) -> Result<Reply, Failure> {
        let me = self.signed_in()?;
        self.check_strength(&wish.new, &me.username)?;
        let Entered { signed_in, vault } = self.enter_own(&me, &wish.old).await?;
        let (fresh, opaque) = self.fresh(&me.username, &wish.new)?;
        let start = StartPasswordChange { ticket: signed_in.ticket.clone(), opaque };
        let path = "/api/v1/account/password/start".into();
        let started: RegistrationStarted = self.ask(Method::Post, path, Some(&start)).await?;
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
        let key = RecoveryKey::parse(wish.recovery_key.expose())
            .map_err(|error| Failure::Invalid { reason: error.to_string() })?;
        self.check_strength(&wish.password, &username)?;
        let incarnation = self.check_versions().await?;
        let (fresh, opaque) = self.fresh(&username, &wish.password)?;
        let start = StartRecovery { username: username.clone(), opaque };
        let path = "/api/v1/recoveries/start".into();
        let started: RecoveryStarted = self.ask_openly(Method::Post, path, Some(&start)).await?;
        let open = OpenRecovery { proof: key.sign_for_vault(&started.state), state: started.state.clone() };
        let path = "/api/v1/recoveries/vault".into();
        let given: RecoveryVault = self.ask_openly(Method::Post, path, Some(&open)).await?;
        let opened = self.open_by_recovery_key(&given, &key, me.as_deref(), incarnation)?;
        let (opaque, vault) = self.sealed_anew(fresh, &started.opaque, started.stretch, given.account, &opened)?;
        drop(opened);
        let finish = FinishRecovery {
            proof: key.sign(&recovery::wish(&started.state, &opaque, started.stretch, &vault)),
            state: started.state,
            opaque,
            stretch: started.stretch,
            vault,
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
        let Recover { password, stay_signed_in, .. } = wish;
        match (lost, self.sign_in(SignIn { username, password, stay_signed_in }).await) {
            (Some(reason), Err(Failure::WrongPassword)) => Err(Failure::Offline { reason }),
            (_, signed_in) => signed_in,
        }
    }

    /// Whether this is the account's password.
    pub(crate) async fn check_password(&self, password: &Secret) -> Result<(), Failure> {
        let me = self.signed_in()?;
        self.counts(&me, password).await
    }

    async fn counts(&self, me: &Me, password: &Secret) -> Result<(), Failure> {
        self.enter_own(me, password).await.map(drop)
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
        if !opened.under_password {
            // Sealed under a password it would be less safe than its person has chosen.
            let reason = "this account keeps its password out of the vault, which this version cannot set anew";
            return Err(Failure::Invalid { reason: reason.into() });
        }
        Ok(opened)
    }

    /// OPAQUE's first message for a new password.
    fn fresh<'a>(&self, username: &'a str, password: &'a Secret) -> Result<(Fresh<'a>, Bytes), Failure> {
        let random = &mut *self.random.borrow_mut();
        let (registration, request) =
            Registration::start(random, password.expose().as_bytes()).map_err(password_failure)?;
        Ok((Fresh { username, password, registration }, Bytes(request)))
    }

    /// OPAQUE's last message, and the vault that follows `before` under the new password.
    fn sealed_anew(
        &self,
        fresh: Fresh<'_>,
        response: &[u8],
        stretch: StretchParameters,
        account: AccountId,
        before: &OpenedVault,
    ) -> Result<(Bytes, Vault), Failure> {
        let random = &mut *self.random.borrow_mut();
        let Fresh { username, password, registration } = fresh;
        let registered = registration
            .finish(random, password.expose().as_bytes(), response, identifiers(username), stretch)
            .map_err(password_failure)?;
        let number = before.number.saturating_add(1);
        let sealed = before.contents.reseal(random, account, number, Some(&registered.export_key)).map_err(internal)?;
        Ok((Bytes(registered.upload), Vault { number, sealed: Bytes(sealed) }))
    }
}
