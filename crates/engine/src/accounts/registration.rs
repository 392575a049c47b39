//! Registration.
//!
//! What opens the account is in the database before the request leaves. Where the answer is lost, or the device crashes, the
//! same command goes on: a sign-in with its password tells whether the account was made.

use huis_core::account_state::AccountState;
use huis_core::identity::{LocalDevice, next_device_list};
use huis_core::password::Registration;
use huis_core::recovery::RecoveryKey;
use huis_core::vault::VaultContents;
use huis_proto::device_list::SignedDeviceList;
use huis_proto::rest::{FinishRegistration, RegistrationStarted, Secret, SessionGrant, StartRegistration};
use huis_proto::{AccountId, Bytes};
use huis_views::{Failure, Profile, Register, Reply};
use serde::{Deserialize, Serialize};

use super::StoredMe;
use super::entering::{identifiers, internal, listed, one_form, password_failure};
use super::recovery_keys::{MadeBy, put_unshown, unshown};
use super::renewal::{UNDER_WAY_MS, is_uncertain};
use crate::client::{Client, Me, Step};
use crate::db::{DbError, Tables};
use crate::ports::Method;

/// Registrations of which it is not known yet whether they count.
const MOST_UNDER_WAY: usize = 4;

/// The fact of the database.
const UNDER_WAY: &str = "registrations";

/// A registration of which it is not known yet whether it counts.
#[derive(Serialize, Deserialize)]
struct Begun {
    me: StoredMe,
    device_list: SignedDeviceList,
    recovery_key: Secret,
    sent_ms: u64,
}

impl Client {
    /// Makes an account with this as its first device, or goes on with a registration whose recovery key nobody saw.
    pub(crate) async fn register(&self, wish: Register) -> Result<Reply, Failure> {
        let username = one_form(&wish.username)?;
        if let Some(me) = self.me() {
            return self.registered_before(&me, &username, &wish.password).await;
        }
        self.check_strength(&wish.password, &username).await?;
        self.check_versions().await?;
        let asked_ms = self.clock.now_ms();
        if let Some(registered) = self.resume_registration(&username, &wish).await? {
            return Ok(registered);
        }
        let password = wish.password.expose().as_bytes();
        let (registration, request) = {
            let random = &mut *self.random.borrow_mut();
            Registration::start(random, password).map_err(password_failure)?
        };
        let start =
            StartRegistration { username: username.clone(), admission: wish.admission.clone(), opaque: Bytes(request) };
        // Refused where somebody has the name.
        let started: RegistrationStarted =
            self.ask_openly(Method::Post, "/api/v1/registrations/start".into(), Some(&start)).await?;
        let is_over =
            |begun: &Begun| begun.me.username == username && begun.sent_ms.saturating_add(UNDER_WAY_MS) < asked_ms;
        self.step(|step| step.forget_registrations(is_over))?;
        let (begun, finish) = self.made(&username, &wish, registration, &started)?;
        let me = begun.me.read()?;
        self.step(|step| {
            let mut under_way = under_way(step.tables)?;
            if under_way.len() >= MOST_UNDER_WAY {
                return Ok::<_, DbError>(Err(Failure::Busy));
            }
            under_way.push(begun);
            step.tables.put_fact(UNDER_WAY, &under_way)?;
            Ok(Ok(()))
        })??;
        let path = "/api/v1/registrations/finish".to_owned();
        match self.ask_openly::<SessionGrant>(Method::Post, path, Some(&finish)).await {
            Ok(grant) => self.registered(&me, &grant, &finish.device_list).await,
            Err(error) if is_uncertain(&error) => match self.resume_registration(&username, &wish).await {
                Ok(Some(registered)) => Ok(registered),
                _ => Err(Failure::Offline {
                    reason: format!(
                        "{error}; whether the account was made shows when you register again with the same name and \
                         password"
                    ),
                }),
            },
            Err(error) => {
                self.step(|step| step.forget_registrations(|begun| begun.me.account == me.account()))?;
                Err(error.into())
            }
        }
    }

    /// All secrets of an account, and the request that makes it.
    fn made(
        &self,
        username: &str,
        wish: &Register,
        registration: Registration,
        started: &RegistrationStarted,
    ) -> Result<(Begun, FinishRegistration), Failure> {
        let random = &mut *self.random.borrow_mut();
        let password = wish.password.expose().as_bytes();
        let registered = registration
            .finish(random, password, &started.opaque, identifiers(username), started.stretch)
            .map_err(password_failure)?;
        let contents = VaultContents::generate(random);
        let recovery = RecoveryKey::generate(random);
        let account = AccountId::random(random);
        let device = LocalDevice::generate(random, account);
        let now_ms = self.clock.now_ms();
        let identity = contents.identity.key();
        let list = next_device_list(account, identity, None, now_ms, 1, vec![listed(&device, now_ms)]);
        let device_list = contents.identity.sign_device_list(&list);
        let state = AccountState::default().seal(random, &contents.state_key, account, 1).map_err(internal)?;
        let export_key = (!wish.recovery_key_only).then_some(&registered.export_key);
        let finish = FinishRegistration {
            username: username.into(),
            email: wish.email.clone(),
            admission: wish.admission.clone(),
            opaque: Bytes(registered.upload),
            stretch: started.stretch,
            account,
            device: device.member.device,
            identity_key: identity.0,
            recovery_key: recovery.verifier(),
            device_list: device_list.clone(),
            vault: Bytes(contents.seal(random, account, 1, export_key, &recovery)),
            account_state: Bytes(state),
            stay_signed_in: wish.stay_signed_in,
        };
        let me = StoredMe::of(&Me { device, username: username.into(), identity, state_key: contents.state_key });
        let recovery_key = Secret::new(recovery.to_text().as_str());
        Ok((Begun { me, device_list, recovery_key, sent_ms: now_ms }, finish))
    }

    /// The account is there.
    async fn registered(&self, me: &Me, grant: &SessionGrant, list: &SignedDeviceList) -> Result<Reply, Failure> {
        self.settle_in(me, grant, std::slice::from_ref(list), 1, None)?;
        if let Err(failure) = self.stock_key_packages(crate::upkeep::FIRST_STOCK).await {
            // The account is there all the same, and its recovery key is to be shown.
            tracing::info!(%failure, "key packages are left with the server later");
        }
        self.first_recovery_key()?.ok_or_else(|| internal("the recovery key is gone"))
    }

    /// Goes on with a registration that was cut off, where the server has taken it. The device is the one that it lists.
    async fn resume_registration(&self, username: &str, wish: &Register) -> Result<Option<Reply>, Failure> {
        let under_way = self.read(under_way)?;
        if under_way.iter().all(|begun| begun.me.username != username) {
            return Ok(None);
        }
        let signed_in = match self.prove_password(username, &wish.password).await {
            Ok((signed_in, _)) => signed_in,
            Err(Failure::WrongPassword) => return Ok(None),
            Err(failure) => return Err(failure),
        };
        let Some(begun) = under_way.iter().find(|begun| begun.me.account == signed_in.account) else {
            return Ok(None);
        };
        let me = begun.me.read()?;
        let grant = self.enrol(&signed_in, &me.device, vec![], wish.stay_signed_in).await?;
        self.registered(&me, &grant, &begun.device_list).await.map(Some)
    }

    /// Shows the recovery key of an account that this device has made, and whose key nobody saw.
    async fn registered_before(&self, me: &Me, username: &str, password: &Secret) -> Result<Reply, Failure> {
        let unshown = self.first_recovery_key()?.filter(|_| me.username == username);
        let registered = unshown.ok_or_else(|| Failure::AlreadySignedIn { username: me.username.clone() })?;
        self.counts(me, password).await?;
        Ok(registered)
    }

    fn first_recovery_key(&self) -> Result<Option<Reply>, Failure> {
        let unshown = self.read(|tables| unshown(tables, MadeBy::Registration))?;
        unshown.map(|recovery_key| Ok(Reply::Registered { profile: self.profile()?, recovery_key })).transpose()
    }

    /// Who is signed in, or whose registration was cut off.
    pub(crate) fn who_am_i(&self) -> Result<Profile, Failure> {
        if self.me().is_none()
            && let Some(begun) = self.read(under_way)?.last()
        {
            let (username, server) = (begun.me.username.clone(), self.transport.server());
            return Err(Failure::RegistrationCutOff { username, server });
        }
        self.profile()
    }
}

impl Step<'_> {
    /// A device of this account is signed in. Where it was made here, its recovery key is yet to be shown.
    pub(super) fn registrations_are_settled(&mut self, account: AccountId) -> Result<(), DbError> {
        if let Some(begun) = under_way(self.tables)?.iter().find(|begun| begun.me.account == account) {
            put_unshown(self.tables, MadeBy::Registration, Some(&begun.recovery_key))?;
        }
        self.forget_registrations(|_| true)
    }

    fn forget_registrations(&mut self, which: impl Fn(&Begun) -> bool) -> Result<(), DbError> {
        let mut under_way = under_way(self.tables)?;
        let before = under_way.len();
        under_way.retain(|begun| !which(begun));
        if under_way.len() == before { Ok(()) } else { self.tables.put_fact(UNDER_WAY, &under_way) }
    }
}

fn under_way(tables: Tables<'_>) -> Result<Vec<Begun>, DbError> {
    Ok(tables.fact(UNDER_WAY)?.unwrap_or_default())
}
