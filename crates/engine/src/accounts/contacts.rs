//! Contacts: safety numbers, marks, blocks, changed identities.

use huis_core::account_state::Comparison;
use huis_core::directory::{AccountDevices, KnownDevices};
use huis_core::identity::IdentityKey;
use huis_core::safety::{Pair, Scan, Side};
use huis_proto::AccountId;
use huis_proto::rest::AccountCard;
use huis_views::{Compared, ContactView, Event, Failure, SafetyCode};

use super::codes::code_of;
use super::directory::identity_changed;
use super::entering::bad_answer;
use crate::client::Client;
use crate::db::AccountRow;

impl Client {
    /// What is known of an account.
    pub(crate) async fn contact(&self, name: &str) -> Result<ContactView, Failure> {
        let row = self.look_up(name).await?;
        let devices = row.devices.as_ref().ok_or_else(|| bad_answer("no device list"))?;
        Ok(ContactView {
            safety_number: self.pair(&row)?.number(),
            verified: row.is_verified(),
            compared: row.compared.map(|Comparison { at_ms, scanned, .. }| Compared { at_ms, scanned }),
            identity_changed: row.shown_identity.is_some(),
            broken: row.is_broken(),
            blocked: row.blocked,
            devices: devices.listed().map(|(device, _)| device).collect(),
            account: self.read(|tables| crate::reading::named(tables, row.account))?,
            card: self.card_of(row.account)?,
            here: self.is_here(row.account, None),
        })
    }

    /// What the other one scans.
    pub(crate) async fn safety_code(&self, name: &str) -> Result<SafetyCode, Failure> {
        code_of(self.pair(&self.somebody_else(name).await?)?.code())
    }

    /// Both sides of a comparison: the identity key that counts now, accepted or not.
    fn pair(&self, row: &AccountRow) -> Result<Pair, Failure> {
        self.pair_with(row, row.counts().ok_or_else(|| bad_answer("no device list"))?)
    }

    fn pair_with(&self, row: &AccountRow, identity: IdentityKey) -> Result<Pair, Failure> {
        let me = self.signed_in()?;
        let own = Side { account: me.account(), identity: me.identity };
        Ok(Pair::new(own, Side { account: row.account, identity }))
    }

    /// As [`pair`](Self::pair), and where the server shows a key to which the known one has not handed the account over, the
    /// pair with the known one: two people who compare that one know that the server lies.
    fn pairs(&self, row: &AccountRow) -> Result<Vec<(IdentityKey, Pair)>, Failure> {
        let known = row.devices.as_ref().map(AccountDevices::identity);
        let mut keys: Vec<IdentityKey> = row.counts().into_iter().chain(known).collect();
        keys.dedup();
        keys.into_iter().map(|identity| Ok((identity, self.pair_with(row, identity)?))).collect()
    }

    async fn somebody_else(&self, name: &str) -> Result<AccountRow, Failure> {
        let row = self.look_up(name).await?;
        if row.account == self.signed_in()?.account() {
            return Err(Failure::Invalid { reason: "this is your own name; name somebody else".into() });
        }
        Ok(row)
    }

    /// Refuses a number that is not the one of the identity key that counts now: it may be mistyped, or the server may have
    /// shown another key since two people compared it.
    fn check_number(&self, row: &AccountRow, compared: Option<&str>) -> Result<(), Failure> {
        match compared {
            Some(compared) if !self.pair(row)?.is_number(compared) => {
                Err(Failure::OtherNumber { name: row.name.clone().unwrap_or_default() })
            }
            _ => Ok(()),
        }
    }

    pub(crate) async fn set_verified(
        &self,
        name: &str,
        verified: bool,
        safety_number: Option<&str>,
    ) -> Result<(), Failure> {
        let row = self.somebody_else(name).await?;
        if !verified {
            self.check_number(&row, safety_number)?;
            return self.change_contact(row.account, |row| {
                if row.is_broken() {
                    // What waits because of it would go out, in groups, and nobody has said that it may.
                    return Err(identity_changed(row));
                }
                row.compared = None;
                Ok(())
            })?;
        }
        let Some(number) = safety_number else {
            // Nobody says which of two keys was compared.
            self.check_contact(&row)?;
            let identity = row.counts().ok_or_else(|| bad_answer("no device list"))?;
            return self.was_compared(row, identity, false).await;
        };
        match self.pairs(&row)?.into_iter().find(|(_, pair)| pair.is_number(number)) {
            Some((identity, _)) => self.was_compared(row, identity, false).await,
            None => Err(Failure::OtherNumber { name: row.name.unwrap_or_default() }),
        }
    }

    /// Compares what was scanned.
    pub(crate) async fn verify_scanned(&self, name: &str, code: &str) -> Result<(), Failure> {
        let row = self.somebody_else(name).await?;
        let mut is_of_these_two = false;
        for (identity, pair) in self.pairs(&row)? {
            match pair.scan(code).map_err(|error| Failure::Invalid { reason: error.to_string() })? {
                Scan::Match => return self.was_compared(row, identity, true).await,
                Scan::Mismatch => is_of_these_two = true,
                Scan::OtherPair => {}
            }
        }
        let name = row.name.unwrap_or_default();
        Err(if is_of_these_two { Failure::OtherNumber { name } } else { Failure::OtherPair { name } })
    }

    /// A person has compared this identity key of an account: it is accepted, and marked.
    async fn was_compared(&self, row: AccountRow, identity: IdentityKey, scanned: bool) -> Result<(), Failure> {
        self.check_not_blocked(&row)?;
        let (account, shown) = (row.account, row.shown_identity);
        if shown == Some(identity.0) {
            self.accept_shown(row).await?;
        }
        let comparison = Comparison { identity, at_ms: self.now_ms(), scanned };
        self.change_contact(account, |row| {
            // Where the known key is it, what the server showed beside it was a lie.
            let is_undisputed = row.shown_identity.is_none_or(|now| now != identity.0 && Some(now) == shown);
            // Another flow may have learnt of another key meanwhile, which nobody has compared.
            if !is_undisputed || row.devices.as_ref().map(AccountDevices::identity) != Some(identity) {
                return Err(identity_changed(row));
            }
            (row.shown_identity, row.compared) = (None, Some(comparison));
            Ok(())
        })?
    }

    pub(crate) async fn set_blocked(&self, name: &str, blocked: bool) -> Result<(), Failure> {
        let row = self.look_up(name).await?;
        self.change_contact(row.account, |row| row.blocked = blocked)?;
        self.hears_nothing_of(row.account);
        Ok(())
    }

    /// What an account let one know of its presence is forgotten.
    pub(crate) fn hears_nothing_of(&self, account: AccountId) {
        let shown = self.presence.borrow_mut().forget(Some(account));
        shown.into_iter().for_each(|conversation| self.emit(Event::Presence { conversation }));
    }

    pub(crate) fn change_contact<T>(
        &self,
        account: AccountId,
        change: impl FnOnce(&mut AccountRow) -> T,
    ) -> Result<T, Failure> {
        self.step(|step| {
            let mut row = step.account(account)?;
            let changed = change(&mut row);
            step.tables.put_account(&row)?;
            step.event(Event::Contact { account });
            step.release_held()?;
            step.state_changed()?;
            Ok(changed)
        })
    }

    /// Pins the identity key that is shown in place of the one before. The mark of a comparison with that one is gone.
    pub(crate) async fn accept_identity(&self, name: &str, safety_number: Option<&str>) -> Result<(), Failure> {
        let row = self.look_up(name).await?;
        self.check_number(&row, safety_number)?;
        self.accept_shown(row).await
    }

    async fn accept_shown(&self, row: AccountRow) -> Result<(), Failure> {
        let Some(shown) = row.shown_identity else {
            return Err(Failure::Invalid { reason: "the identity key of this account has not changed".into() });
        };
        let account = row.account;
        let accept = move |row: &mut AccountRow| {
            row.shown_identity = None;
            row.compared = row.compared.filter(|compared| compared.identity.0 == shown);
        };
        let is_as_read = |now: &AccountRow| now.devices == row.devices && now.shown_identity == row.shown_identity;
        if row.is_handed_over() {
            // The chain has led to it already.
            return self.change_contact(account, |now| {
                if is_as_read(now) {
                    accept(now);
                    Ok(())
                } else {
                    Err(identity_changed(now))
                }
            })?;
        }
        let card: AccountCard = self.get(format!("/api/v1/accounts/{account}")).await?;
        if card.identity_key != shown {
            // A third key: a person accepts what was shown, nothing else. Or the known one, and nothing is to be accepted.
            return self.change_contact(account, |row| {
                if is_as_read(row) {
                    let is_known = row.devices.as_ref().is_some_and(|known| known.identity().0 == card.identity_key);
                    row.shown_identity = (!is_known).then_some(card.identity_key);
                }
                match row.shown_identity {
                    Some(_) => Err(identity_changed(row)),
                    None => Err(Failure::Invalid {
                        reason:
                            "the server shows the identity key that is known here again, and nothing waits any more"
                                .into(),
                    }),
                }
            })?;
        }
        let lists = self.chain(account, 0, &card.device_list).await?;
        let mut fresh = KnownDevices::default();
        fresh.accept(account, &IdentityKey(shown), &lists).map_err(bad_answer)?;
        let devices = fresh.get(account).cloned().ok_or_else(|| bad_answer("no device list"))?;
        let is_accepted = self.change_contact(account, |row| {
            // What another flow learnt meanwhile nobody has seen yet.
            let is_accepted = is_as_read(row);
            if is_accepted {
                row.devices = Some(devices.clone());
                accept(row);
            }
            is_accepted
        })?;
        if !is_accepted {
            return Err(identity_changed(&row));
        }
        let mut known = (*self.known()).clone();
        known.insert(devices);
        self.set_known(known);
        self.signals.outbox.notify_one();
        Ok(())
    }
}
