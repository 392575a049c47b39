//! Which vault counts: of one life of the server none that is older than the newest that this device has seen.
//!
//! A server that was restored has an older vault, and devices keep none, so it is the only one that there is. It goes with
//! the password of its time, and is this account's if its identity is; whoever is given it is told so.

use huis_proto::IncarnationId;
use huis_proto::rest::Secret;
use huis_views::{Failure, Notice};

use super::entering::{Entered, bad_answer};
use crate::client::{Client, Me, Step};
use crate::db::{DbError, Tables};

impl Client {
    /// Proves the password of the account that is signed in here, and opens its vault.
    pub(super) async fn enter_own(&self, me: &Me, password: &Secret) -> Result<Entered, Failure> {
        let incarnation = self.check_versions().await?;
        let oldest = self.oldest_vault(incarnation)?;
        let entered = self.enter(&me.username, password, oldest).await?;
        if entered.signed_in.account != me.account() || entered.vault.contents.identity.key() != me.identity {
            return Err(bad_answer("the vault is another account's"));
        }
        let number = entered.vault.number;
        self.step(|step| {
            // A newer one may have been stored here while this answer was under way.
            if number < oldest_vault(step.tables, incarnation)? {
                return Err(bad_answer("a newer vault has been seen meanwhile"));
            }
            if number < step.tables.fact::<u64>("vault_number")?.unwrap_or(0) {
                step.notice(None, Notice::VaultSetBack)?;
            }
            Ok::<_, Failure>(step.vault_is(number, incarnation)?)
        })?;
        Ok(entered)
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

impl Step<'_> {
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
