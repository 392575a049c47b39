//! Contacts: safety numbers, marks, blocks, changed identities.

use huis_core::directory::KnownDevices;
use huis_core::identity::IdentityKey;
use huis_proto::AccountId;
use huis_proto::rest::AccountCard;
use huis_views::{ContactView, Event, Failure};

use super::entering::bad_answer;
use crate::client::Client;
use crate::db::AccountRow;

impl Client {
    /// What is known of an account.
    pub(crate) async fn contact(&self, name: &str) -> Result<ContactView, Failure> {
        let me = self.signed_in()?;
        let row = self.look_up(name).await?;
        let devices = row.devices.as_ref().ok_or_else(|| bad_answer("no device list"))?;
        let identity = row.shown_identity.map_or(devices.identity(), IdentityKey);
        Ok(ContactView {
            safety_number: me.identity.safety_number(me.account(), &identity, row.account),
            verified: row.verified,
            identity_changed: row.shown_identity.is_some(),
            blocked: row.blocked,
            devices: devices.listed().map(|(device, _)| device).collect(),
            account: self.read(|tables| crate::reading::named(tables, row.account))?,
            card: self.card_of(row.account)?,
            here: self.is_here(row.account, None),
        })
    }

    /// Refuses a number that is not the one of the identity key that counts now: it may be mistyped, or the server may have
    /// shown another key since two people compared it.
    fn check_number(&self, row: &AccountRow, compared: Option<&str>) -> Result<(), Failure> {
        let Some(compared) = compared else { return Ok(()) };
        let me = self.signed_in()?;
        let devices = row.devices.as_ref().ok_or_else(|| bad_answer("no device list"))?;
        let identity = row.shown_identity.map_or(devices.identity(), IdentityKey);
        let number = me.identity.safety_number(me.account(), &identity, row.account);
        let digits = |number: &str| number.chars().filter(char::is_ascii_digit).collect::<String>();
        if digits(compared) == digits(&number) {
            return Ok(());
        }
        Err(Failure::OtherNumber { name: row.name.clone().unwrap_or_default() })
    }

    pub(crate) async fn set_verified(
        &self,
        name: &str,
        verified: bool,
        safety_number: Option<&str>,
    ) -> Result<(), Failure> {
        let row = self.look_up(name).await?;
        self.check_number(&row, safety_number)?;
        if verified {
            self.check_contact(&row)?;
        }
        self.change_contact(row.account, |row| row.verified = verified)
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

    pub(crate) fn change_contact(
        &self,
        account: AccountId,
        change: impl FnOnce(&mut AccountRow),
    ) -> Result<(), Failure> {
        self.step(|step| {
            let mut row = step.account(account)?;
            change(&mut row);
            step.tables.put_account(&row)?;
            step.event(Event::Contact { account });
            Ok(step.state_changed()?)
        })
    }

    /// Pins the identity key that is shown in place of the one before. The mark of a comparison is gone.
    pub(crate) async fn accept_identity(&self, name: &str, safety_number: Option<&str>) -> Result<(), Failure> {
        let row = self.look_up(name).await?;
        self.check_number(&row, safety_number)?;
        let Some(shown) = row.shown_identity else {
            return Err(Failure::Invalid { reason: "the identity key of this account has not changed".into() });
        };
        let account = row.account;
        if row.is_handed_over() {
            // The chain has led to it already.
            self.change_contact(account, |row| row.shown_identity = None)?;
            self.signals.outbox.notify_one();
            return Ok(());
        }
        let card: AccountCard = self.get(format!("/api/v1/accounts/{account}")).await?;
        let is_as_read = |now: &AccountRow| now.devices == row.devices && now.shown_identity == row.shown_identity;
        let changed = || Failure::IdentityChanged { name: row.name.clone().unwrap_or_default() };
        if card.identity_key != shown {
            // A third key: a person accepts what was shown, nothing else.
            self.change_contact(account, |row| {
                if is_as_read(row) {
                    row.shown_identity = Some(card.identity_key);
                }
            })?;
            return Err(changed());
        }
        let lists = self.chain(account, 0, &card.device_list).await?;
        let mut fresh = KnownDevices::default();
        fresh.accept(account, &IdentityKey(shown), &lists).map_err(bad_answer)?;
        let devices = fresh.get(account).cloned().ok_or_else(|| bad_answer("no device list"))?;
        let mut is_accepted = false;
        self.change_contact(account, |row| {
            // What another flow learnt meanwhile nobody has seen yet.
            is_accepted = is_as_read(row);
            if is_accepted {
                row.devices = Some(devices.clone());
                row.shown_identity = None;
                row.verified = false;
            }
        })?;
        if !is_accepted {
            return Err(changed());
        }
        let mut known = (*self.known()).clone();
        known.insert(devices);
        self.set_known(known);
        self.signals.outbox.notify_one();
        Ok(())
    }
}
