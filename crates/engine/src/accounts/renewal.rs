//! Another identity in place of the one before, where somebody else may have that one: with it go all secrets of the same
//! vault, the password, and all other devices.
//!
//! At the server it is one step. What this device needs afterwards is in its database before the request leaves, so a
//! crash or a lost answer leaves the old or the new, and the server's device list tells which.

use huis_core::account_state::{AccountState, StateKey};
use huis_core::identity::{IdentityKey, list_position, next_device_list};
use huis_core::recovery::RecoveryKey;
use huis_core::vault::{OpenedVault, VaultContents};
use huis_proto::device_list::ListedDevice;
use huis_proto::rest::{self, PasswordChanged, RegistrationStarted, Secret, SignedIn, Vault};
use huis_proto::{Bytes, Bytes32, ConversationKind, ErrorCode};
use huis_views::{Event, Failure, Notice, RenewIdentity, Reply};
use serde::{Deserialize, Serialize};
use zeroize::Zeroize;

use super::entering::{Entered, Keys, bad_answer, internal, list_conflict};
use super::passwords::Fresh;
use super::recovery_keys::{MadeBy, put_unshown, unshown};
use crate::api::ApiError;
use crate::client::{Client, Me, Step};
use crate::db::{DbError, State, Tables, Task};
use crate::ports::Method;

/// How often the whole is done again because something else came first.
const TRIES: usize = 4;
/// A request that was sent so long ago is not taken any more: its ticket is too old.
pub(super) const UNDER_WAY_MS: u64 = 11 * 60_000;
/// Requests of which it is not known yet whether they count.
const MOST_UNDER_WAY: usize = 4;

/// The fact of the database.
const UNDER_WAY: &str = "renewals";

/// A renewal of which it is not known yet whether it counts.
#[derive(Serialize, Deserialize)]
struct Renewal {
    identity: IdentityKey,
    state_key: Bytes32,
    recovery_key: Secret,
    vault_number: u64,
    state_number: u64,
    state: AccountState,
    /// How many changes of the account state there had been.
    state_changes: u64,
    sent_ms: u64,
}

impl Drop for Renewal {
    fn drop(&mut self) {
        self.state_key.0.zeroize();
    }
}

/// What a renewal builds on, checked.
struct Before<'a> {
    me: &'a Me,
    signed_in: SignedIn,
    vault: OpenedVault,
    listed: ListedDevice,
    state_number: u64,
}

impl Client {
    /// Renews the identity, or shows the recovery key of a renewal whose answer nobody saw.
    pub(crate) async fn renew_identity(&self, wish: RenewIdentity) -> Result<Reply, Failure> {
        self.signed_in()?;
        if !self.read(under_way)?.is_empty() {
            self.fetch_own_lists().await?;
        }
        let me = self.signed_in()?;
        if self.has_unshown()? {
            let new_password_counts = match self.counts(&me, &wish.new).await {
                Err(Failure::WrongPassword) => self.counts(&me, &wish.old).await.map(|()| false)?,
                other => other.map(|()| true)?,
            };
            return self.renewed(None, true, new_password_counts);
        }
        if wish.old == wish.new {
            let reason = "whoever has the identity may have the password as well; take another one".into();
            return Err(Failure::Invalid { reason });
        }
        self.check_strength(&wish.new, &me.username).await?;
        for _ in 0..TRIES {
            let before = match self.before_renewal(&me, &wish).await? {
                Some(before) => before,
                None => continue,
            };
            match self.renew(before, &wish.new).await {
                Err(failure) if list_conflict(&failure) || state_conflict(&failure) => {}
                Ok(ended_sessions) => return self.renewed(ended_sessions, false, true),
                Err(failure) => return Err(failure),
            }
        }
        Err(Failure::Busy)
    }

    /// Proves the password, and sees that this device knows all that the account has: what is not known here would be
    /// lost. Nothing where that had to be made up for.
    async fn before_renewal<'a>(&self, me: &'a Me, wish: &RenewIdentity) -> Result<Option<Before<'a>>, Failure> {
        let keys = Keys { password: &wish.old, recovery_key: wish.recovery_key.as_ref() };
        let Entered { signed_in, vault } = self.enter_own(me, keys).await?;
        let list = signed_in.device_list.open(me.account(), &me.identity.0).map_err(bad_answer)?;
        match self.known().newest_number(me.account()) {
            // A restored server.
            known if known > list.number => {
                self.offer_own_lists().await?;
                return Ok(None);
            }
            // What the next list follows has to be known, so that it can be followed here at once.
            known if known < list.number => {
                self.fetch_own_lists().await?;
                return Ok(None);
            }
            _ => {}
        }
        let sealed = &signed_in.account_state;
        let (_, state_number) = AccountState::open(sealed, &me.state_key, me.account(), 0).map_err(bad_answer)?;
        let known: u64 = self.read(|tables| tables.fact("state_version"))?.unwrap_or(0);
        if state_number != known {
            self.step(|step| step.tables.put_fact("state_newest", &state_number))?;
            self.settle_state().await?;
            return Ok(None);
        }
        let listed = list.device(me.device.member.device).cloned().ok_or(Failure::Revoked)?;
        Ok(Some(Before { me, signed_in, vault, listed, state_number }))
    }

    /// Does it once; gives how many sessions have ended, if the server's answer came.
    async fn renew(&self, before: Before<'_>, password: &Secret) -> Result<Option<u32>, Failure> {
        let me = before.me;
        let (fresh, started) = self.begin_password(me, password, &before.signed_in.ticket).await?;
        let (renewal, request) = self.made_anew(before, fresh, &started)?;
        let identity = renewal.identity;
        self.step(|step| {
            let mut under_way = under_way(step.tables)?;
            if under_way.len() >= MOST_UNDER_WAY {
                return Ok::<_, DbError>(Err(Failure::Busy));
            }
            under_way.push(renewal);
            step.tables.put_fact(UNDER_WAY, &under_way)?;
            Ok(Ok(()))
        })??;
        let path = "/api/v1/account/identity".into();
        match self.ask::<PasswordChanged>(Method::Post, path, Some(&request)).await {
            Ok(changed) => {
                // The same way as where another flow hears of it first.
                let lists = std::slice::from_ref(&request.device_list);
                let taken = self.step(|step| step.take_lists(me.account(), &identity, lists, None))?;
                if let Ok((_, known)) = taken {
                    self.set_known(known);
                }
                self.read_account()?;
                Ok(Some(changed.ended_sessions))
            }
            Err(error) if is_uncertain(&error) => {
                let reason = error.to_string();
                let unknown = || Failure::Offline {
                    reason: format!("{reason}; whether the new identity counts shows when you ask for it again"),
                };
                self.fetch_own_lists().await.map_err(|_| unknown())?;
                if self.has_unshown()? { Ok(None) } else { Err(unknown()) }
            }
            Err(error) => {
                self.step(|step| step.forget_renewals(|renewal| renewal.identity == identity))?;
                Err(error.into())
            }
        }
    }

    /// Fresh secrets, and the request that puts them in place of those before.
    fn made_anew(
        &self,
        before: Before<'_>,
        fresh: Fresh<'_>,
        started: &RegistrationStarted,
    ) -> Result<(Renewal, rest::RenewIdentity), Failure> {
        let Before { me, signed_in, vault, listed, state_number } = before;
        let (mut state, state_changes) = self
            .read(|tables| Ok::<_, DbError>((super::state::build(tables, me.account())?, tables.state_changes()?)))?;
        let random = &mut *self.random.borrow_mut();
        let registered = fresh.finish(random, &started.opaque, started.stretch)?;
        let (contents, recovery) = (VaultContents::generate(random), RecoveryKey::generate(random));
        if let Some(archive) = &mut state.archive {
            archive.renew(&contents.archive_seed, self.clock.now_ms()).map_err(internal)?;
        }
        let (vault_number, state_number) = (vault.number.saturating_add(1), state_number.saturating_add(1));
        let export_key = vault.under_password.then_some(&registered.export_key);
        let sealed_vault = contents.seal(random, me.account(), vault_number, export_key, &recovery);
        let sealed_state = state.seal(random, &contents.state_key, me.account(), state_number).map_err(internal)?;
        let identity = contents.identity.key();
        let position = list_position(&signed_in.device_list).map_err(bad_answer)?;
        let now_ms = self.clock.now_ms();
        let list = next_device_list(me.account(), identity, Some(position), now_ms, state_number, vec![listed]);
        let request = rest::RenewIdentity {
            ticket: signed_in.ticket,
            opaque: Bytes(registered.upload),
            stretch: started.stretch,
            device_list: vault.contents.identity.hand_over(&contents.identity, &list),
            recovery_key: recovery.verifier(),
            vault: Vault { number: vault_number, sealed: Bytes(sealed_vault) },
            account_state: rest::AccountState { version: state_number, sealed: Bytes(sealed_state), replaces: None },
        };
        let renewal = Renewal {
            identity,
            state_key: Bytes32(*contents.state_key.expose()),
            recovery_key: Secret::new(recovery.to_text().as_str()),
            vault_number,
            state_number,
            state,
            state_changes,
            sent_ms: now_ms,
        };
        Ok((renewal, request))
    }

    /// The answer; the recovery key stays in the database until it was shown.
    fn renewed(&self, ended_sessions: Option<u32>, earlier: bool, new_password_counts: bool) -> Result<Reply, Failure> {
        let unshown = self.read(|tables| unshown(tables, MadeBy::Renewal))?;
        let recovery_key = unshown.ok_or_else(|| internal("the recovery key is gone"))?;
        Ok(Reply::IdentityRenewed { recovery_key, ended_sessions, earlier, new_password_counts })
    }

    fn has_unshown(&self) -> Result<bool, DbError> {
        self.read(|tables| unshown(tables, MadeBy::Renewal)).map(|unshown| unshown.is_some())
    }

    /// Finds out which renewals count that are under way.
    ///
    /// # Errors
    /// [`Failure::Busy`] where one may count still, and whatever keeps it from being known.
    pub(super) async fn settle_renewals(&self) -> Result<(), Failure> {
        let asked_ms = self.clock.now_ms();
        let is_under_way = || Ok::<_, Failure>(!self.read(under_way)?.is_empty());
        if !is_under_way()? {
            return Ok(());
        }
        self.fetch_own_lists().await?;
        let is_over = |renewal: &Renewal| renewal.sent_ms.saturating_add(UNDER_WAY_MS) < asked_ms;
        self.step(|step| step.forget_renewals(is_over))?;
        if is_under_way()? { Err(Failure::Busy) } else { Ok(()) }
    }

    /// Whether the account state may be sealed under another key than `me` has.
    pub(super) fn may_be_renewed(&self, me: &Me) -> Result<bool, Failure> {
        Ok(self.signed_in()?.identity != me.identity || !self.read(under_way)?.is_empty())
    }

    async fn fetch_own_lists(&self) -> Result<(), Failure> {
        let me = self.signed_in()?;
        Ok(self.fetch_lists(&[me.account()]).await?)
    }
}

impl Step<'_> {
    /// The chain of the own account has come to another identity than this device's.
    pub(super) fn own_identity_changed(&mut self, me: &Me, identity: &IdentityKey) -> Result<(), DbError> {
        match under_way(self.tables)?.into_iter().find(|renewal| renewal.identity == *identity) {
            Some(renewal) => self.take_renewal(me, &renewal),
            // Not by this device, which is still listed: whoever has the old identity has signed the account over.
            None => self.notice(None, Notice::OwnIdentityChanged),
        }
    }

    /// Takes the identity over that the account's vault holds, which its person has opened. This device is still listed.
    pub(super) fn take_identity_of(&mut self, me: &Me, vault: &OpenedVault) -> Result<(), DbError> {
        let identity = vault.contents.identity.key();
        match under_way(self.tables)?.into_iter().find(|renewal| renewal.identity == identity) {
            Some(renewal) => self.take_renewal(me, &renewal),
            None => {
                // Also whoever stole the one before may have put it there.
                if self.client.known().get(me.account()).is_none_or(|known| known.identity() != identity) {
                    self.notice(None, Notice::OwnIdentityChanged)?;
                }
                super::put_identity(self.tables, identity, &vault.contents.state_key)?;
                self.archive_begins_anew(None)?;
                // Version 0 says that it is yet to be taken over.
                self.tables.put_fact("state_version", &0_u64)
            }
        }
    }

    /// The renewal counts.
    fn take_renewal(&mut self, me: &Me, renewal: &Renewal) -> Result<(), DbError> {
        super::put_identity(self.tables, renewal.identity, &StateKey::from_bytes(&renewal.state_key.0))?;
        let newest: u64 = self.tables.fact("state_newest")?.unwrap_or(0);
        self.tables.put_fact("vault_number", &renewal.vault_number)?;
        self.tables.put_fact("state_version", &renewal.state_number)?;
        self.tables.put_fact("state_newest", &renewal.state_number.max(newest))?;
        self.tables.put_fact("state_stored", &renewal.state_changes)?;
        self.tables.put_fact("state_base", &renewal.state)?;
        put_unshown(self.tables, MadeBy::Renewal, Some(&renewal.recovery_key))?;
        // One that was never shown opens nothing any more.
        put_unshown(self.tables, MadeBy::Registration, None)?;
        self.no_recovery_key_is_under_way()?;
        self.forget_renewals(|_| true)?;
        self.archive_begins_anew(renewal.state.archive.as_ref())?;
        self.notice(None, Notice::IdentityRenewed)?;
        self.event(Event::Contact { account: me.account() });
        // Others learn of it at once, and what the thief may have of this device's groups is worth nothing any more.
        let told = |row: &crate::db::ConversationRow| row.state == State::Joined && row.accepted;
        for row in self.tables.conversations()?.into_iter().filter(told) {
            let task = if row.kind == ConversationKind::Open { Task::Tidy } else { Task::FollowOwnLists };
            self.task(row.id, self.client.random_id(), &task)?;
        }
        Ok(())
    }

    fn forget_renewals(&mut self, which: impl Fn(&Renewal) -> bool) -> Result<(), DbError> {
        let mut under_way = under_way(self.tables)?;
        under_way.retain(|renewal| !which(renewal));
        self.tables.put_fact(UNDER_WAY, &under_way)
    }
}

fn under_way(tables: Tables<'_>) -> Result<Vec<Renewal>, DbError> {
    Ok(tables.fact(UNDER_WAY)?.unwrap_or_default())
}

/// Whether the request may count although this is the answer.
pub(super) fn is_uncertain(error: &ApiError) -> bool {
    match error {
        ApiError::Unreachable(_) | ApiError::Answer(_) => true,
        ApiError::Refused(problem) => problem.status >= 500,
        ApiError::Certificate(_) | ApiError::Own(_) => false,
    }
}

fn state_conflict(failure: &Failure) -> bool {
    matches!(failure, Failure::Refused { code: ErrorCode::StateConflict, .. })
}
