//! Which vault counts: of one life of the server none that is older than the newest that this device has seen.
//!
//! A server that was restored has an older vault, and devices keep none, so it is the only one that there is. It goes with
//! the password of its time, and is this account's if its identity is; whoever is given it is told so.

use huis_core::secret::Secret32;
use huis_core::vault::OpenedVault;
use huis_proto::IncarnationId;
use huis_proto::rest::SignedIn;
use huis_views::{Failure, Notice};

use super::entering::{Entered, Keys, bad_answer, open_vault};
use crate::client::{Client, Me, Step};
use crate::db::{DbError, Tables};

impl Client {
    /// Proves the password of the account that is signed in here, and opens its vault.
    pub(super) async fn enter_own(&self, me: &Me, keys: Keys<'_>) -> Result<Entered, Failure> {
        let incarnation = self.check_versions().await?;
        let oldest = self.oldest_vault(incarnation)?;
        let entered = self.enter(&me.username, keys, oldest).await?;
        if entered.signed_in.account != me.account() || entered.vault.contents.identity.key() != me.identity {
            return Err(another_accounts());
        }
        self.step(|step| {
            step.vault_was_opened(entered.vault.number, incarnation)?;
            step.fill_archive_keys(&entered.vault.contents.archive_seed)
        })?;
        Ok(entered)
    }

    /// The vault's seed of the archive's keys.
    pub(crate) async fn archive_seed(&self, me: &Me, keys: Keys<'_>) -> Result<Secret32, Failure> {
        Ok(self.enter_own(me, keys).await?.vault.contents.archive_seed)
    }

    /// The same for a device whose session has ended. The vault stays closed where it is kept from the password and its
    /// identity is this device's, which has all that is in it. It may have another identity, by a renewal: that is for the
    /// caller to take over, together with the number of the vault, of the server in this life.
    pub(super) async fn enter_again(
        &self,
        me: &Me,
        keys: Keys<'_>,
    ) -> Result<(SignedIn, Option<(OpenedVault, IncarnationId)>), Failure> {
        let incarnation = self.check_versions().await?;
        let oldest = self.oldest_vault(incarnation)?;
        let (signed_in, export_key) = self.prove_password(&me.username, keys.password).await?;
        if signed_in.account != me.account() {
            return Err(another_accounts());
        }
        let vault = match open_vault(&signed_in, oldest, &export_key, keys.recovery_key) {
            Err(Failure::NeedsRecoveryKey) if signed_in.identity_key == me.identity.0 => return Ok((signed_in, None)),
            opened => opened?,
        };
        let identity = vault.contents.identity.key();
        if identity == me.identity {
            self.step(|step| {
                step.vault_was_opened(vault.number, incarnation)?;
                step.fill_archive_keys(&vault.contents.archive_seed)
            })?;
        } else {
            // A renewal raises the number. A restored server that has lost it shows what was signed away.
            let newest: u64 = self.read(|tables| tables.fact("vault_number"))?.unwrap_or(0);
            let is_past = self.known().get(me.account()).is_some_and(|known| known.has_signed_away(&identity));
            if is_past || vault.number <= newest {
                return Err(another_accounts());
            }
        }
        Ok((signed_in, Some((vault, incarnation))))
    }

    /// The number that a vault has at least, of a server in this life.
    pub(super) fn oldest_vault(&self, incarnation: IncarnationId) -> Result<u64, Failure> {
        Ok(self.read(|tables| oldest_vault(tables, incarnation))?)
    }
}

fn oldest_vault(tables: Tables<'_>, incarnation: IncarnationId) -> Result<u64, DbError> {
    let seen_in: Option<IncarnationId> = tables.fact("vault_incarnation")?;
    let is_another_life = seen_in.is_some_and(|seen_in| seen_in != incarnation);
    Ok(if is_another_life { 0 } else { tables.fact("vault_number")?.unwrap_or(0) })
}

pub(super) fn another_accounts() -> Failure {
    bad_answer("the vault is another account's, or of an identity that does not follow the one that is known")
}

impl Step<'_> {
    /// A vault of the identity that is known was opened.
    pub(super) fn vault_was_opened(&mut self, number: u64, incarnation: IncarnationId) -> Result<(), Failure> {
        // A newer one may have been stored here while this answer was under way.
        if number < oldest_vault(self.tables, incarnation)? {
            return Err(bad_answer("a newer vault has been seen meanwhile"));
        }
        if number < self.tables.fact::<u64>("vault_number")?.unwrap_or(0) {
            self.notice(None, Notice::VaultSetBack)?;
        }
        Ok(self.vault_is(number, incarnation)?)
    }

    /// The vault of this number was opened, and the server was in this life.
    pub(super) fn vault_is(&mut self, number: u64, incarnation: IncarnationId) -> Result<(), DbError> {
        self.tables.put_fact("vault_number", &number)?;
        self.tables.put_fact("vault_incarnation", &incarnation)
    }

    /// This device has stored the vault of this number.
    pub(super) fn vault_grows_to(&mut self, number: u64) -> Result<(), DbError> {
        let seen: u64 = self.tables.fact("vault_number")?.unwrap_or(0);
        self.tables.put_fact("vault_number", &number.max(seen))
    }
}
