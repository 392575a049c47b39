//! Other accounts: their identity keys, pinned at first use, and their device lists.

use futures_util::future::join_all;
use huis_core::account_state::{AccountState, Pin};
use huis_core::directory::{Accepted, DirectoryError, KnownDevices};
use huis_core::identity::IdentityKey;
use huis_proto::device_list::SignedDeviceList;
use huis_proto::rest::{AccountCard, DeviceLists};
use huis_proto::{AccountId, Bytes32, ErrorCode, names};
use huis_views::{Event, Failure, Notice};

use crate::api::ApiError;
use crate::client::{Client, Step};
use crate::db::{AccountRow, DbError};

/// Accounts that are asked for at the same time.
const AT_ONCE: usize = 8;
/// Pages of a chain of device lists that are fetched at most: 100 lists each.
const MOST_PAGES: usize = 41;
/// How often an account is asked for because another flow learnt something of it meanwhile.
const TRIES: usize = 4;

impl Client {
    /// The account of this username: looked up once, and known from then on. Its device lists are checked.
    pub(crate) async fn look_up(&self, name: &str) -> Result<AccountRow, Failure> {
        let name = names::username(name.trim_start_matches('@'))
            .map_err(|error| Failure::Invalid { reason: error.to_string() })?;
        let known = self.read(|tables| tables.account_by_name(&name))?;
        if let Some(row) = known.filter(|row| row.devices.as_ref().is_some_and(|known| known.newest().is_some())) {
            return Ok(row);
        }
        let found: Result<AccountCard, ApiError> = self.get(format!("/api/v1/accounts/by-name/{name}")).await;
        let card = found.map_err(|error| match error.code() {
            Some(ErrorCode::NotFound) => Failure::Unknown { what: "account".into(), name: name.clone() },
            _ => error.into(),
        })?;
        if card.username != name {
            return Err(Failure::BadAnswer { reason: "the server answered with another name".into() });
        }
        self.take_card(card.account, card).await?
    }

    /// Fetches the newest device lists of accounts. A list or key that is refused is noticed and does not stop the
    /// others.
    ///
    /// # Errors
    /// [`ApiError`] where an account could not be asked for.
    pub(crate) async fn fetch_lists(&self, accounts: &[AccountId]) -> Result<(), ApiError> {
        for some in accounts.chunks(AT_ONCE) {
            for fetched in join_all(some.iter().map(|account| self.fetch_list(*account))).await {
                fetched?;
            }
        }
        Ok(())
    }

    async fn fetch_list(&self, account: AccountId) -> Result<(), ApiError> {
        let card = match self.card(account).await {
            Ok(card) => card,
            // An account that is gone has no newer list.
            Err(error) if error.code() == Some(ErrorCode::NotFound) => return Ok(()),
            Err(error) => return Err(error),
        };
        match self.take_card(account, card).await? {
            Ok(_) => Ok(()),
            Err(Failure::IdentityChanged { .. } | Failure::BadAnswer { .. }) => Ok(()),
            Err(failure) => Err(ApiError::Own(failure)),
        }
    }

    async fn card(&self, account: AccountId) -> Result<AccountCard, ApiError> {
        let card: AccountCard = self.get(format!("/api/v1/accounts/{account}")).await?;
        match card.account == account {
            true => Ok(card),
            false => Err(ApiError::Answer("the card of another account".into())),
        }
    }

    /// Checks what the server shows of an account against what is known, and keeps it.
    async fn take_card(
        &self,
        account: AccountId,
        mut card: AccountCard,
    ) -> Result<Result<AccountRow, Failure>, ApiError> {
        let newest = || self.known().get(account).and_then(|known| known.newest());
        let is_past = |identity: Bytes32| {
            self.known().get(account).is_some_and(|known| known.has_signed_away(&IdentityKey(identity)))
        };
        if is_past(card.identity_key) {
            // It may have been on its way while another flow learnt of the handover.
            card = self.card(account).await?;
        }
        let mut lists = Vec::new();
        for _ in 0..TRIES {
            let before = newest();
            lists = match before {
                Some((_, hash)) if card.device_list.hash() == hash => vec![],
                _ => self.chain(account, before.map_or(0, |(number, _)| number), &card.device_list).await?,
            };
            if newest() == before {
                break;
            }
            // What another flow learnt meanwhile makes these lists old, and may have made their key a past one.
            card = self.card(account).await?;
        }
        let identity = IdentityKey(card.identity_key);
        let taken = self
            .step(|step| step.take_lists(account, &identity, &lists, Some(card.username)))
            .map_err(|error: DbError| ApiError::Own(error.into()))?;
        let (row, known) = match taken {
            Ok(taken) => taken,
            Err(failure) => return Ok(Err(failure)),
        };
        let is_renewed = self.me().is_some_and(|me| me.account() == account && me.identity != identity);
        self.set_known(known);
        if is_renewed {
            self.read_account().map_err(|error| ApiError::Own(error.into()))?;
        }
        Ok(Ok(row))
    }

    /// The lists behind a number, up to the newest and not beyond it, should there be one meanwhile.
    pub(super) async fn chain(
        &self,
        account: AccountId,
        after: u64,
        newest: &SignedDeviceList,
    ) -> Result<Vec<SignedDeviceList>, ApiError> {
        let mut chain: Vec<SignedDeviceList> = Vec::new();
        for _ in 0..MOST_PAGES {
            let from = after + chain.len() as u64;
            let page: DeviceLists = self.get(format!("/api/v1/accounts/{account}/device-lists?after={from}")).await?;
            if page.lists.is_empty() {
                break;
            }
            chain.extend(page.lists);
            if let Some(last) = chain.iter().position(|list| list.hash() == newest.hash()) {
                chain.truncate(last + 1);
                break;
            }
        }
        Ok(chain)
    }

    /// Refuses where an account's identity key changed and nobody accepted that, or where it is blocked.
    pub(crate) fn check_contact(&self, row: &AccountRow) -> Result<(), Failure> {
        self.check_not_blocked(row)?;
        if row.shown_identity.is_some() { Err(identity_changed(row)) } else { Ok(()) }
    }

    pub(crate) fn check_not_blocked(&self, row: &AccountRow) -> Result<(), Failure> {
        if row.blocked { Err(Failure::Blocked { name: shown_name(row) }) } else { Ok(()) }
    }
}

/// How an account is called in a failure.
fn shown_name(row: &AccountRow) -> String {
    row.name.clone().unwrap_or_else(|| row.account.to_string())
}

/// Nothing is sent to it before a person has decided.
pub(crate) fn identity_changed(row: &AccountRow) -> Failure {
    Failure::IdentityChanged { name: shown_name(row) }
}

impl Step<'_> {
    /// Takes device lists in. Gives the row and all lists as they are known from here on, or what was refused.
    pub(super) fn take_lists(
        &mut self,
        account: AccountId,
        identity: &IdentityKey,
        lists: &[SignedDeviceList],
        name: Option<String>,
    ) -> Result<Result<(AccountRow, KnownDevices), Failure>, DbError> {
        let mut known = (*self.client.known()).clone();
        let mut row = self.account(account)?;
        let first_contact = row.devices.is_none();
        row.name = name.or(row.name);
        row.checked_ms = self.client.clock.now_ms();
        match known.accept(account, identity, lists) {
            Ok(accepted) => {
                row.devices = known.get(account).cloned();
                let me = self.client.me().filter(|me| me.account() == account);
                if me.is_none() && accepted.handed_over {
                    self.identity_handed_over(&mut row, identity)?;
                }
                self.tables.put_account(&row)?;
                if let Some(me) = me {
                    self.keep_own_lists(lists)?;
                    if accepted.handed_over && me.identity != *identity {
                        self.own_identity_changed(&me, identity)?;
                    }
                }
                self.lists_changed(account, first_contact, &accepted)?;
                Ok(Ok((row, known)))
            }
            Err(error) => {
                let failure = self.lists_refused(&mut row, &error)?;
                self.tables.put_account(&row)?;
                Ok(Err(failure))
            }
        }
    }

    fn lists_changed(&mut self, account: AccountId, first: bool, accepted: &Accepted) -> Result<(), DbError> {
        if accepted.added.is_empty() && accepted.revoked.is_empty() {
            return Ok(());
        }
        self.event(Event::Contact { account });
        self.state_changed()?;
        if !first && !accepted.added.is_empty() {
            let count = accepted.added.len() as u32;
            let notice = if self.client.me().is_some_and(|me| me.account() == account) {
                Notice::OwnDeviceAdded { count }
            } else {
                Notice::DeviceAdded { account: self.named(account)?, count }
            };
            self.notice(None, notice)?;
        }
        if !accepted.revoked.is_empty() {
            if self.client.me().is_some_and(|me| me.account() == account) {
                // A head of that device counts no more.
                self.archive_is_looked_at();
            }
            self.wake_outbox();
        }
        Ok(())
    }

    /// The key that is there is not accepted before a person has compared it: whoever stole the one before could have
    /// signed the account over as well. Where that was done on another device it is done, unless that one had never known
    /// another key, or did not know that this person had compared the one before.
    fn identity_handed_over(&mut self, row: &mut AccountRow, identity: &IdentityKey) -> Result<(), DbError> {
        let state: AccountState = self.tables.fact("state_base")?.unwrap_or_default();
        let is_doubted = row.shown_identity == Some(identity.0);
        let marked_here = row.compared.filter(|compared| compared.identity != *identity);
        let is_accepted = |pin: &&Pin| {
            let knows_of_the_mark = marked_here.is_none() || pin.compared.is_some();
            pin.identity == *identity && pin.accepted && !is_doubted && knows_of_the_mark
        };
        if let Some(pin) = state.pins.get(&row.account).filter(is_accepted) {
            (row.compared, row.shown_identity) = (pin.compared.or(row.compared), None);
            return self.release_held();
        }
        row.shown_identity = Some(identity.0);
        self.event(Event::Contact { account: row.account });
        self.state_changed()?;
        self.identity_noticed(row, true)?;
        // A group goes on over a handover: what waited there while no chain led to the key goes out, in its order.
        self.release_held()
    }

    /// Shows that an account's identity key is another one than before.
    pub(super) fn identity_noticed(&mut self, row: &AccountRow, handed_over: bool) -> Result<(), DbError> {
        let (account, was_verified) = (self.named(row.account)?, row.is_broken());
        self.notice(None, Notice::IdentityChanged { account, handed_over, was_verified })
    }

    fn lists_refused(&mut self, row: &mut AccountRow, error: &DirectoryError) -> Result<Failure, DbError> {
        if let DirectoryError::IdentityChanged { found, .. } = error {
            if row.shown_identity != Some(found.0) {
                row.shown_identity = Some(found.0);
                self.event(Event::Contact { account: row.account });
                self.identity_noticed(row, false)?;
            }
            return Ok(identity_changed(row));
        }
        let account = self.named(row.account)?;
        self.notice(None, Notice::DeviceListRefused { account, reason: error.to_string() })?;
        Ok(Failure::BadAnswer { reason: error.to_string() })
    }
}
