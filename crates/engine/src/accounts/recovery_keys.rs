//! Recovery keys: another one in place of the one before, and those that nobody has been shown yet.
//!
//! A recovery key stays in the encrypted database from before it counts until a face says that a person has seen it, so that
//! no crash and no lost answer makes an account that nobody can open any more. Which one counts, the vault tells: it opens by
//! that one.

use huis_core::account_state::{AccountState, Setting};
use huis_core::recovery::RecoveryKey;
use huis_core::vault;
use huis_proto::rest::{self, Secret, SignedIn, Vault};
use huis_proto::{Bytes, ErrorCode, IncarnationId};
use huis_views::{ChangeRecoveryKey, Failure, Notice, Reply};
use serde::{Deserialize, Serialize};

use super::codes::code_of_secret;
use super::entering::{internal, open_vault, typed_key};
use super::renewal::{UNDER_WAY_MS, is_uncertain};
use super::vaults::another_accounts;
use crate::client::{Client, Me, Step};
use crate::db::{DbError, Tables};
use crate::ports::Method;

/// How often the whole is done again because something else came first.
const TRIES: usize = 4;
/// Keys of which it is not known yet whether they count.
const MOST_UNDER_WAY: usize = 4;

/// The fact of the database.
const UNDER_WAY: &str = "recovery_keys";
/// The fact of the database that says when the recovery key was changed last, in milliseconds since 1970.
const CHANGED: &str = "recovery_key_changed_ms";
/// The same among the settings of the account state, by which the account's other devices hear of it.
const SETTING: &str = "recovery-key-changed";

/// What made the key, by the fact of the database that holds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MadeBy {
    Registration,
    Renewal,
    Change,
}

impl MadeBy {
    const ALL: [Self; 3] = [Self::Registration, Self::Renewal, Self::Change];

    fn fact(self) -> &'static str {
        match self {
            Self::Registration => "unshown_first_recovery_key",
            Self::Renewal => "unshown_recovery_key",
            Self::Change => "unshown_changed_recovery_key",
        }
    }
}

/// A recovery key of which it is not known yet whether it counts.
#[derive(Clone, Serialize, Deserialize)]
struct UnderWay {
    recovery_key: Secret,
    /// The number of the vault that is sealed under it.
    vault_number: u64,
    sent_ms: u64,
}

impl Client {
    /// Puts another recovery key in place of the one before, or shows the one of a change whose answer nobody saw.
    pub(crate) async fn change_recovery_key(&self, wish: ChangeRecoveryKey) -> Result<Reply, Failure> {
        let me = self.signed_in()?;
        for _ in 0..TRIES {
            let asked_ms = self.clock.now_ms();
            let incarnation = self.check_versions().await?;
            let oldest = self.oldest_vault(incarnation)?;
            let (signed_in, export_key) = self.prove_password(&me.username, &wish.password).await?;
            if signed_in.account != me.account() {
                return Err(another_accounts());
            }
            if let Some(counts) = self.settle_recovery_keys(&me, &signed_in, incarnation)? {
                return changed(counts, true);
            }
            let vault = open_vault(&signed_in, oldest, &export_key, wish.recovery_key.as_ref())?;
            if vault.contents.identity.key() != me.identity {
                return Err(another_accounts());
            }
            self.step(|step| {
                step.vault_was_opened(vault.number, incarnation)?;
                // None of those that were made here opens it.
                put_unshown(step.tables, MadeBy::Change, None)?;
                let is_over = |key: &UnderWay| {
                    key.vault_number <= vault.number || key.sent_ms.saturating_add(UNDER_WAY_MS) < asked_ms
                };
                Ok::<_, Failure>(step.forget_recovery_keys(is_over)?)
            })?;
            let number = vault.number.saturating_add(1);
            let (recovery, sealed) = {
                let random = &mut *self.random.borrow_mut();
                let recovery = RecoveryKey::generate(random);
                let export_key = vault.under_password.then_some(&export_key);
                let sealed = vault.contents.seal(random, me.account(), number, export_key, &recovery);
                (recovery, sealed)
            };
            drop(vault);
            let recovery_key = Secret::new(recovery.to_text().as_str());
            let under_way = UnderWay { recovery_key, vault_number: number, sent_ms: self.clock.now_ms() };
            self.recovery_key_is_under_way(&under_way)?;
            let request = rest::ChangeRecoveryKey {
                ticket: signed_in.ticket,
                recovery_key: recovery.verifier(),
                vault: Vault { number, sealed: Bytes(sealed) },
            };
            let body = serde_json::to_vec(&request).map_err(internal)?;
            let path = "/api/v1/account/recovery-key".into();
            match self.ask_bytes(Method::Post, path, Some(body)).await {
                Ok(_) => {
                    self.step(|step| {
                        step.vault_grows_to(number)?;
                        step.recovery_key_counts(&under_way.recovery_key)
                    })?;
                    return changed(under_way.recovery_key, false);
                }
                Err(error) if is_uncertain(&error) => {
                    let unknown = || Failure::Offline {
                        reason: format!("{error}; whether another recovery key counts shows when you ask for it again"),
                    };
                    let proved = self.prove_password(&me.username, &wish.password).await;
                    let (signed_in, _) = proved.map_err(|_| unknown())?;
                    let counts = self.settle_recovery_keys(&me, &signed_in, incarnation)?;
                    return changed(counts.ok_or_else(unknown)?, false);
                }
                Err(error) => {
                    // Another one of the same number may be what came first.
                    let is_refused = |other: &UnderWay| other.recovery_key == under_way.recovery_key;
                    self.step(|step| step.forget_recovery_keys(is_refused))?;
                    if error.code() != Some(ErrorCode::StateConflict) {
                        return Err(error.into());
                    }
                }
            }
        }
        Err(Failure::Busy)
    }

    /// A person has seen this recovery key. Another one stays: it may have been made meanwhile.
    pub(crate) fn recovery_key_was_shown(&self, shown: &Secret) -> Result<(), Failure> {
        self.step(|step| {
            for made_by in MadeBy::ALL {
                if unshown(step.tables, made_by)?.as_ref() == Some(shown) {
                    put_unshown(step.tables, made_by, None)?;
                }
            }
            Ok::<_, DbError>(())
        })?;
        Ok(())
    }

    fn recovery_key_is_under_way(&self, key: &UnderWay) -> Result<(), Failure> {
        self.step(|step| {
            let mut all = under_way(step.tables)?;
            if all.len() >= MOST_UNDER_WAY {
                return Ok::<_, DbError>(Err(Failure::Busy));
            }
            all.push(key.clone());
            step.tables.put_fact(UNDER_WAY, &all)?;
            Ok(Ok(()))
        })?
    }

    /// The recovery key that counts, where it was made here and nobody saw it: by it the vault of this sign-in opens.
    fn settle_recovery_keys(
        &self,
        me: &Me,
        signed_in: &SignedIn,
        incarnation: IncarnationId,
    ) -> Result<Option<Secret>, Failure> {
        let (under_way, unshown) =
            self.read(|tables| Ok::<_, DbError>((under_way(tables)?, unshown(tables, MadeBy::Change)?)))?;
        let oldest = self.oldest_vault(incarnation)?;
        for key in under_way.iter().map(|key| &key.recovery_key).chain(&unshown) {
            let opened = vault::open_with_recovery_key(&signed_in.vault, me.account(), oldest, &typed_key(key)?);
            let Ok(opened) = opened else { continue };
            if opened.contents.identity.key() != me.identity {
                return Err(another_accounts());
            }
            self.step(|step| {
                step.vault_was_opened(opened.number, incarnation)?;
                if unshown.as_ref() != Some(key) {
                    step.recovery_key_counts(key)?;
                }
                Ok::<_, Failure>(())
            })?;
            return Ok(Some(key.clone()));
        }
        Ok(None)
    }
}

impl Step<'_> {
    /// A recovery key that was made here counts, and is yet to be shown. Those before open nothing any more.
    fn recovery_key_counts(&mut self, key: &Secret) -> Result<(), DbError> {
        for made_by in MadeBy::ALL {
            put_unshown(self.tables, made_by, (made_by == MadeBy::Change).then_some(key))?;
        }
        self.forget_all_recovery_keys()?;
        // The others take a later time than the one that they know for news.
        let before: u64 = self.tables.fact(CHANGED)?.unwrap_or(0);
        self.tables.put_fact(CHANGED, &self.client.now_ms().max(before.saturating_add(1)))?;
        self.state_changed()
    }

    /// Another vault came by a renewal of the identity.
    pub(super) fn no_recovery_key_is_under_way(&mut self) -> Result<(), DbError> {
        put_unshown(self.tables, MadeBy::Change, None)?;
        self.forget_all_recovery_keys()
    }

    fn forget_all_recovery_keys(&mut self) -> Result<(), DbError> {
        self.forget_recovery_keys(|_| true)
    }

    fn forget_recovery_keys(&mut self, which: impl Fn(&UnderWay) -> bool) -> Result<(), DbError> {
        let mut under_way = under_way(self.tables)?;
        under_way.retain(|key| !which(key));
        self.tables.put_fact(UNDER_WAY, &under_way)
    }

    /// Takes over that another device has changed the recovery key. A device that has no state yet hears nothing new by it.
    pub(super) fn merge_recovery_key(&mut self, theirs: &AccountState) -> Result<(), DbError> {
        let Some(Setting::Number(changed_ms)) = theirs.settings.get(SETTING) else { return Ok(()) };
        let known: u64 = self.tables.fact(CHANGED)?.unwrap_or(0);
        if *changed_ms <= known {
            return Ok(());
        }
        self.tables.put_fact(CHANGED, changed_ms)?;
        // One that was made here by other means and that nobody saw opens nothing any more. Of a change the vault tells.
        for made_by in [MadeBy::Registration, MadeBy::Renewal] {
            put_unshown(self.tables, made_by, None)?;
        }
        if self.tables.fact::<u64>("state_version")?.unwrap_or(0) == 0 {
            return Ok(());
        }
        self.notice(None, Notice::RecoveryKeyChanged)
    }
}

/// Writes into the state when the recovery key was changed, if it ever was.
pub(super) fn put_recovery_key(state: &mut AccountState, tables: Tables<'_>) -> Result<(), DbError> {
    if let Some(changed_ms) = tables.fact::<u64>(CHANGED)? {
        state.settings.insert(SETTING.into(), Setting::Number(changed_ms));
    }
    Ok(())
}

fn changed(recovery_key: Secret, earlier: bool) -> Result<Reply, Failure> {
    let code = code_of_secret(&recovery_key)?;
    Ok(Reply::RecoveryKeyChanged { recovery_key, code, earlier })
}

fn under_way(tables: Tables<'_>) -> Result<Vec<UnderWay>, DbError> {
    Ok(tables.fact(UNDER_WAY)?.unwrap_or_default())
}

/// The recovery key that counts, as long as nobody was shown it.
pub(super) fn unshown(tables: Tables<'_>, made_by: MadeBy) -> Result<Option<Secret>, DbError> {
    Ok(tables.fact::<Option<Secret>>(made_by.fact())?.flatten())
}

pub(super) fn put_unshown(tables: Tables<'_>, made_by: MadeBy, key: Option<&Secret>) -> Result<(), DbError> {
    tables.put_fact(made_by.fact(), &key)
}
