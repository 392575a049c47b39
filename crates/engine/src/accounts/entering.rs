//! Sign-in on a further device, or again on this one, by the password alone; what every way in has in common.

use huis_core::account_state::AccountState;
use huis_core::directory::KnownDevices;
use huis_core::identity::{LocalDevice, list_position, next_device_list};
use huis_core::password::{ExportKey, Identifiers, PasswordError, SignIn};
use huis_core::recovery::RecoveryKey;
use huis_core::vault::{self, OpenedVault, VaultError};
use huis_proto::device_list::{ListedDevice, SignedDeviceList};
use huis_proto::opaque::{SERVER_IDENTIFIER, client_identifier};
use huis_proto::rest::{EnrolDevice, FinishSignIn, Secret, SessionGrant, SignInStarted, SignedIn, StartSignIn};
use huis_proto::{Bytes, ErrorCode, names};
use huis_views::{Failure, Reply};

use super::session::prove;
use crate::api::ApiError;
use crate::archive::Restore;
use crate::client::{Client, Me};
use crate::ports::Method;

/// What opens an account.
#[derive(Clone, Copy)]
pub(crate) struct Keys<'a> {
    pub(crate) password: &'a Secret,
    /// As it was typed; asked for where the vault is kept from the password.
    pub(crate) recovery_key: Option<&'a Secret>,
}

/// A finished sign-in: who may enrol a device.
pub(super) struct Entered {
    pub(super) signed_in: SignedIn,
    pub(super) vault: OpenedVault,
}

impl Client {
    /// Makes this a device of an account; in a database whose session ended, the same device goes on.
    pub(crate) async fn sign_in(&self, wish: huis_views::SignIn) -> Result<Reply, Failure> {
        let username = one_form(&wish.username)?;
        if let Some(me) = self.me() {
            if me.username == username && self.has_session() {
                // A device that was off has not heard yet that its session has ended.
                let asked: Result<serde::de::IgnoredAny, ApiError> = self.get("/api/v1/sessions".into()).await;
                tracing::debug!(lives = asked.is_ok(), "whether the session lives was asked");
            }
            if me.username != username || self.has_session() {
                return Err(Failure::AlreadySignedIn { username: me.username.clone() });
            }
            return self.sign_in_again(&me, wish).await;
        }
        self.check_versions().await?;
        let entered = self.enter(&username, keys_of(&wish), 0).await?;
        let SignedIn { account, .. } = entered.signed_in;
        let contents = &entered.vault.contents;
        let identity = contents.identity.key();
        // The list is checked before it is continued: the identity key signs nothing that it has not signed before.
        let newest = entered.signed_in.device_list.open(account, &identity.0).map_err(bad_answer)?;
        // This device has seen no state yet: the newest list says how old it may be, and the next one says it anew.
        let sealed = &entered.signed_in.account_state;
        let (state, state_number) =
            AccountState::open(sealed, &contents.state_key, account, newest.state_number).map_err(bad_answer)?;
        let restore = Restore::wished(&state, &contents.archive_seed, self.clock.now_ms());
        let device = {
            let random = &mut *self.random.borrow_mut();
            LocalDevice::generate(random, account)
        };
        let previous = list_position(&entered.signed_in.device_list).map_err(bad_answer)?;
        let mut devices = newest.devices;
        devices.push(listed(&device, self.clock.now_ms()));
        let list = next_device_list(account, identity, Some(previous), self.clock.now_ms(), state_number, devices);
        let list = contents.identity.sign_device_list(&list);
        let grant = self.enrol(&entered.signed_in, &device, vec![list], wish.stay_signed_in).await?;
        let username = grant.username.clone();
        let OpenedVault { contents, number, .. } = entered.vault;
        let me = Me { device, username, identity, state_key: contents.state_key };
        drop(contents.identity);
        self.settle_in(&me, &grant, &[], number, Some((state_number, restore.as_ref())))?;
        // From here on the device is enrolled and its database says so; what follows is made up for if it is cut off.
        let conversations = self.adopt_account_state().await?;
        self.step(|step| step.fill_archive_keys(&contents.archive_seed))?;
        self.stock_key_packages(crate::upkeep::FIRST_STOCK).await?;
        Ok(Reply::SignedIn { profile: self.profile()?, conversations })
    }

    async fn sign_in_again(&self, me: &Me, wish: huis_views::SignIn) -> Result<Reply, Failure> {
        let (signed_in, vault) = self.enter_again(me, keys_of(&wish)).await?;
        let identity = vault.as_ref().map_or(me.identity, |(vault, _)| vault.contents.identity.key());
        let newest = &signed_in.device_list;
        let list = newest.open(me.account(), &identity.0).map_err(bad_answer)?;
        let lost = match list.device(me.device.member.device) {
            Some(listed) if listed.signature_key != me.device.secret.public() => {
                return Err(bad_answer("this device is listed with another key"));
            }
            Some(_) => vec![],
            // A restored server may have lost the list that this device entered by, and others before it.
            None => self.own_lists_behind(newest)?.ok_or(Failure::Revoked)?,
        };
        let grant = self.enrol(&signed_in, &me.device, lost, wish.stay_signed_in).await?;
        let session = self.step(|step| {
            if let Some((vault, incarnation)) = vault.as_ref().filter(|_| identity != me.identity) {
                step.vault_is(vault.number, *incarnation)?;
                step.take_identity_of(me, vault)?;
            }
            step.keep_session(&grant)
        })?;
        self.set_session(Some(session));
        if identity != me.identity {
            self.read_account()?;
            // The chain shows how it came to that identity; the next fetch makes up for this one.
            let _ = self.fetch_lists(&[me.account()]).await;
        }
        self.signals.account.notify_waiters();
        Ok(Reply::SignedIn { profile: self.profile()?, conversations: 0 })
    }

    /// Proves the password to the server and opens the vault.
    pub(super) async fn enter(&self, username: &str, keys: Keys<'_>, known_vault: u64) -> Result<Entered, Failure> {
        let (signed_in, export_key) = self.prove_password(username, keys.password).await?;
        let vault = open_vault(&signed_in, known_vault, &export_key, keys.recovery_key)?;
        Ok(Entered { signed_in, vault })
    }

    /// Proves the password to the server; gives what the server gives for it, and the vault's key under the password.
    pub(super) async fn prove_password(
        &self,
        username: &str,
        password: &Secret,
    ) -> Result<(SignedIn, ExportKey), Failure> {
        let secret = password.expose().as_bytes();
        let (sign_in, request) = {
            let random = &mut *self.random.borrow_mut();
            SignIn::start(random, secret).map_err(password_failure)?
        };
        let start = StartSignIn { username: username.into(), opaque: Bytes(request) };
        let started: SignInStarted =
            self.ask_openly(Method::Post, "/api/v1/sign-ins/start".into(), Some(&start)).await?;
        let finished = {
            let random = &mut *self.random.borrow_mut();
            sign_in
                .finish(random, secret, &started.opaque, identifiers(username), started.stretch)
                .map_err(password_failure)?
        };
        let opaque = Bytes(finished.finalization);
        let finish = FinishSignIn { state: started.state, opaque, second_factor: self.shown_second_factor() };
        let answer = self.ask_openly(Method::Post, "/api/v1/sign-ins/finish".into(), Some(&finish)).await;
        let signed_in: SignedIn = answer.map_err(|error| self.second_factor_failed(error))?;
        self.second_factor_was_shown(signed_in.second_factor_pass.as_ref());
        Ok((signed_in, finished.export_key))
    }

    pub(super) async fn enrol(
        &self,
        signed_in: &SignedIn,
        device: &LocalDevice,
        device_lists: Vec<SignedDeviceList>,
        stay_signed_in: bool,
    ) -> Result<SessionGrant, Failure> {
        let body = EnrolDevice {
            ticket: signed_in.ticket.clone(),
            device: device.member.device,
            device_lists,
            proof: prove(&device.secret, &signed_in.ticket),
            stay_signed_in,
        };
        Ok(self.ask_openly(Method::Post, "/api/v1/devices".into(), Some(&body)).await?)
    }

    /// Keeps everything that a signed-in device needs. A further device has yet to take the account state over, which
    /// has the number that is `further` at least, and to restore what there is.
    pub(super) fn settle_in(
        &self,
        me: &Me,
        grant: &SessionGrant,
        lists: &[SignedDeviceList],
        vault_number: u64,
        further: Option<(u64, Option<&Restore>)>,
    ) -> Result<(), Failure> {
        if grant.account != me.account() || grant.device != me.device.member.device {
            return Err(bad_answer("the session is another device's"));
        }
        // It was asked for a moment ago; the connection that follows asks anew.
        self.heard_time(grant.server_time_ms, self.clock.now_ms());
        let mut known = KnownDevices::default();
        known.accept(me.account(), &me.identity, lists).map_err(bad_answer)?;
        self.step(|step| {
            super::put_me(step.tables, me)?;
            step.keep_session(grant)?;
            step.vault_is(vault_number, grant.incarnation)?;
            step.tables.put_fact("incarnation", &grant.incarnation)?;
            // Version 0 says that it is yet to be taken over.
            step.tables.put_fact("state_version", &u64::from(further.is_none()))?;
            step.tables.put_fact("state_floor", &further.map_or(1, |(state_number, _)| state_number))?;
            if let Some(restore) = further.and_then(|(_, restore)| restore) {
                step.begin_restore(restore)?;
            }
            step.keep_own_lists(lists)?;
            step.registrations_are_settled(me.account())?;
            let mut row = step.account(me.account())?;
            row.name = Some(me.username.clone());
            row.devices = known.get(me.account()).cloned();
            step.wake_upkeep();
            step.tables.put_account(&row)
        })?;
        Ok(self.read_account()?)
    }
}

pub(super) fn identifiers(username: &str) -> Identifiers<'_> {
    Identifiers { client: Some(client_identifier(username)), server: Some(SERVER_IDENTIFIER) }
}

fn keys_of(wish: &huis_views::SignIn) -> Keys<'_> {
    Keys { password: &wish.password, recovery_key: wish.recovery_key.as_ref() }
}

/// Opens the vault by the password, or, where it is kept from that, by the recovery key.
pub(super) fn open_vault(
    signed_in: &SignedIn,
    known: u64,
    key: &ExportKey,
    recovery_key: Option<&Secret>,
) -> Result<OpenedVault, Failure> {
    let opened = match vault::open_with_export_key(&signed_in.vault, signed_in.account, known, key) {
        Err(VaultError::NotUnderPassword) => {
            open_by_recovery_key(signed_in, known, recovery_key.ok_or(Failure::NeedsRecoveryKey)?)?
        }
        opened => opened.map_err(bad_answer)?,
    };
    if opened.contents.identity.key().0 == signed_in.identity_key {
        Ok(opened)
    } else {
        Err(bad_answer("the identity key is not the vault's"))
    }
}

/// Opens the vault of a sign-in by the recovery key, as it was typed.
pub(super) fn open_by_recovery_key(signed_in: &SignedIn, known: u64, typed: &Secret) -> Result<OpenedVault, Failure> {
    let key = typed_key(typed)?;
    vault::open_with_recovery_key(&signed_in.vault, signed_in.account, known, &key).map_err(|error| match error {
        VaultError::WrongKey => Failure::WrongRecoveryKey,
        other => bad_answer(other),
    })
}

pub(super) fn typed_key(typed: &Secret) -> Result<RecoveryKey, Failure> {
    RecoveryKey::parse(typed.expose()).map_err(|error| Failure::Invalid { reason: error.to_string() })
}

pub(super) fn listed(device: &LocalDevice, now_ms: u64) -> ListedDevice {
    let (id, signature_key) = (device.member.device, device.secret.public());
    ListedDevice { device: id, signature_key, added_at_ms: now_ms }
}

pub(super) fn one_form(name: &str) -> Result<String, Failure> {
    names::username(name.trim_start_matches('@')).map_err(|error| Failure::Invalid { reason: error.to_string() })
}

pub(super) fn password_failure(error: PasswordError) -> Failure {
    match error {
        PasswordError::WrongPassword => Failure::WrongPassword,
        PasswordError::Password => Failure::Invalid { reason: error.to_string() },
        other => bad_answer(other),
    }
}

pub(super) fn bad_answer(error: impl std::fmt::Display) -> Failure {
    Failure::BadAnswer { reason: error.to_string() }
}

pub(super) fn internal(error: impl std::fmt::Display) -> Failure {
    Failure::Internal { reason: error.to_string() }
}

/// Whether another device's list came first, so that the whole step is done again.
pub(super) fn list_conflict(failure: &Failure) -> bool {
    matches!(failure, Failure::Refused { code: ErrorCode::DeviceListConflict, .. })
}
