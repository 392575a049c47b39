//! The sealed account state: what all devices of the account share, kept in step by compare-and-swap.
//!
//! The database is this device's truth; `state_base` is the last version that device and server had in common. What
//! differs from it here is one's own change, what differs from it there is another device's, and both are kept.

use std::collections::BTreeSet;
use std::ops::Range;
use std::time::Duration;

use futures_util::future::select;
use huis_core::account_state::{AccountState, KnownConversation, OPENED, Pin, Setting};
use huis_core::annotations::Place;
use huis_proto::rest::AccountState as Sealed;
use huis_proto::{AccountId, Bytes32, ConversationId, ConversationKind, ErrorCode, IncarnationId};
use huis_views::{Event, Failure, Notice};
use sha2::{Digest, Sha256};

use super::device_names::put_device_name;
use super::entering::internal;
use super::preferences::put_preferences;
use super::recovery_keys::put_recovery_key;
use super::second_factors::put_second_factor;
use crate::api::ApiError;
use crate::archive::put_history;
use crate::client::{Client, Step};
use crate::conversations::read_seq;
use crate::db::{AccountRow, ConversationRow, DbError, State, Tables, Task};
use crate::ports::Method;

/// How often a compare-and-swap is tried in a row.
const TRIES: usize = 8;
/// The pauses after a failure, doubled from the shortest to the longest. What is heard meanwhile shortens them to the
/// shortest.
const PAUSE: Range<Duration> = Duration::from_secs(20)..Duration::from_secs(3600);

impl Client {
    /// Stores what changed here, or fetches what changed elsewhere, until both are the same.
    pub(crate) async fn run_state(&self) {
        let mut failures: u32 = 0;
        loop {
            let may_ask = self.has_session() && !self.stopping.get() && self.hindrance.borrow().is_none();
            let settled = if may_ask { self.settle_state().await } else { Ok(()) };
            match settled {
                Err(Failure::SessionEnded | Failure::NotSignedIn) => {}
                Err(failure) => {
                    tracing::info!(%failure, "the account state was not stored yet");
                    let pause = PAUSE.start.saturating_mul(1 << failures.min(8)).min(PAUSE.end);
                    failures = failures.saturating_add(1);
                    self.clock.sleep(PAUSE.start).await;
                    select(Box::pin(self.signals.state.notified()), self.clock.sleep(pause - PAUSE.start)).await;
                    continue;
                }
                Ok(()) => failures = 0,
            }
            self.signals.state.notified().await;
        }
    }

    pub(crate) async fn settle_state(&self) -> Result<(), Failure> {
        // Under which key it is sealed has to be known first.
        self.settle_renewals().await?;
        self.name_device()?;
        for _ in 0..TRIES {
            let (version, newest, dirty) = self.read(|tables| {
                let version: u64 = tables.fact("state_version")?.unwrap_or(0);
                let newest: u64 = tables.fact("state_newest")?.unwrap_or(0);
                Ok::<_, DbError>((version, newest, tables.state_is_unstored()?))
            })?;
            if version == 0 || newest > version {
                self.adopt_account_state().await?;
                continue;
            }
            // A restored server has an older one than was seen: this device's own takes its place.
            let is_behind = newest != 0 && newest < version;
            if !(dirty || is_behind) || self.store_state(version, if is_behind { newest } else { version }).await? {
                return Ok(());
            }
        }
        Err(Failure::Busy)
    }

    /// Stores the state as the next version in place of the server's; false if another device came first.
    async fn store_state(&self, version: u64, replaces: u64) -> Result<bool, Failure> {
        let me = self.signed_in()?;
        // What changes from here on is counted again, and what the server does not get stays due, also over a restart.
        let (state, changes) = self.read(|tables| Ok((build(tables, me.account())?, tables.state_changes()?)))?;
        let base = self.read(|tables| tables.fact::<AccountState>("state_base"))?;
        if base.as_ref() == Some(&state) && replaces == version {
            self.step(|step| step.tables.put_fact("state_stored", &changes))?;
            return Ok(true);
        }
        let next = version + 1;
        let sealed = state.seal(&mut *self.random.borrow_mut(), &me.state_key, me.account(), next).map_err(internal)?;
        let replaces = (replaces != version).then_some(replaces);
        let body = Sealed { version: next, sealed: sealed.into(), replaces };
        let stored = self.ask::<serde::de::IgnoredAny>(Method::Put, "/api/v1/account/state".into(), Some(&body)).await;
        match stored {
            Ok(_) => {
                self.state_is_stored(&state, next, changes)?;
                Ok(true)
            }
            Err(error) => {
                let conflict = error.code() == Some(ErrorCode::StateConflict);
                if conflict {
                    self.state_is_overtaken(next)?;
                }
                if conflict { Ok(false) } else { Err(error.into()) }
            }
        }
    }

    /// The server has another state of this version, and perhaps newer ones, of which it may have told meanwhile.
    fn state_is_overtaken(&self, version: u64) -> Result<(), DbError> {
        self.step(|step| {
            let known: u64 = step.tables.fact("state_newest")?.unwrap_or(0);
            step.tables.put_fact("state_newest", &known.max(version))
        })
    }

    /// The server has this state, in which so many changes were. Where this device has come to a newer one meanwhile, that one
    /// stays: it was made from this, and what differs from it is what changed since.
    fn state_is_stored(&self, state: &AccountState, version: u64, changes: u64) -> Result<(), DbError> {
        self.step(|step| {
            step.tables.put_fact("state_stored", &changes)?;
            if step.tables.fact::<u64>("state_version")?.is_some_and(|known| known > version) {
                return Ok(());
            }
            let newest: u64 = step.tables.fact("state_newest")?.unwrap_or(0);
            step.tables.put_fact("state_version", &version)?;
            // The server may have told of a newer one before it answered.
            step.tables.put_fact("state_newest", &newest.max(version))?;
            step.tables.put_fact("state_base", state)
        })
    }

    /// Fetches the newest state and takes over what is new in it; gives how many conversations are to be joined.
    pub(crate) async fn adopt_account_state(&self) -> Result<u32, Failure> {
        let me = self.signed_in()?;
        let (known, told) = self.read(|tables| {
            let (version, floor) = (tables.fact::<u64>("state_version")?, tables.fact("state_floor")?);
            let told = tables.fact::<u64>("state_newest")?.unwrap_or(0);
            Ok::<_, DbError>((version.unwrap_or(0).max(floor.unwrap_or(0)), told))
        })?;
        let sealed: Sealed = self.get("/api/v1/account/state".into()).await?;
        let (state, version) = match AccountState::open(&sealed.sealed, &me.state_key, me.account(), known) {
            Ok(opened) => opened,
            Err(_) if self.may_be_renewed(&me)? => return Err(Failure::Busy),
            Err(error) => {
                let reason = error.to_string();
                let notice = Notice::AccountStateRefused { reason: reason.clone() };
                let hash = Bytes32(Sha256::digest(&sealed.sealed.0).into());
                self.step(|step| {
                    // Not asked for again before the server speaks of a newer one. If it says itself that it has an older
                    // one, this device's own takes its place.
                    step.tables.put_fact("state_newest", &known.min(sealed.version))?;
                    // A device that has no state yet asks again and again; what it was given is shown once.
                    if step.tables.fact::<Option<Bytes32>>("state_refused")?.flatten() == Some(hash) {
                        return Ok(());
                    }
                    step.tables.put_fact("state_refused", &hash)?;
                    step.notice(None, notice)
                })?;
                return Err(Failure::BadAnswer { reason });
            }
        };
        let Some((joins, asked_for)) = self.take_account_state(me.account(), &state, version, told)? else {
            return Ok(0);
        };
        match self.fetch_lists(&asked_for).await {
            Ok(()) | Err(ApiError::Unreachable(_)) => Ok(joins),
            Err(error) => Err(error.into()),
        }
    }

    /// Takes over what is new in an account state: gives how many conversations are to be joined, and whose device lists are to
    /// be fetched. Nothing of one that is older than what this device has come to while it was fetched: it would have forgotten
    /// what came since. `told`: the version that counted as the newest when it was asked for.
    fn take_account_state(
        &self,
        me: AccountId,
        state: &AccountState,
        version: u64,
        told: u64,
    ) -> Result<Option<(u32, Vec<AccountId>)>, DbError> {
        let mut known_devices = (*self.known()).clone();
        let mut asked_for = vec![me];
        let joins = self.step(|step| {
            if step.tables.fact::<u64>("state_version")?.is_some_and(|known| known > version) {
                return Ok(None);
            }
            let base: AccountState = step.tables.fact("state_base")?.unwrap_or_default();
            for (account, pin) in &state.pins {
                if let Err(error) = known_devices.restore_pin(*account, pin) {
                    let account = step.named(*account)?;
                    step.notice(None, Notice::DeviceListRefused { account, reason: error.to_string() })?;
                    continue;
                }
                let mut row = step.account(*account)?;
                row.devices = known_devices.get(*account).cloned();
                row.name = row.name.or_else(|| pin.name.clone());
                let before = (row.shown_identity, row.compared);
                if row.devices.as_ref().is_some_and(|known| known.identity() == pin.identity) {
                    merge_comparison(&mut row, pin, base.pins.get(account));
                    merge_acceptance(&mut row, pin, base.pins.get(account));
                } else if base.pins.contains_key(account) {
                    merge_comparison_over_a_handover(&mut row, pin, base.pins.get(account));
                } else if is_news(&row, pin) {
                    // There it was a first contact, here it is another key than the one that is known: nobody has
                    // accepted it.
                    row.shown_identity = Some(pin.identity.0);
                    row.compared = row.compared.or(pin.compared);
                    if row.is_broken() {
                        // Not to be passed over, whatever the server shows when it is asked.
                        step.identity_noticed(&row, false)?;
                    }
                    asked_for.push(*account);
                } else if was_first_contact(&row, pin) {
                    // The other way round: there a key is known that has handed the account over, and what was a first
                    // contact here is a change.
                    row.shown_identity = row.devices.as_ref().map(|known| known.identity().0);
                    row.compared = row.compared.or(pin.compared);
                    step.identity_noticed(&row, true)?;
                }
                if (row.shown_identity, row.compared) != before {
                    step.event(Event::Contact { account: *account });
                    step.release_held()?;
                }
                step.tables.put_account(&row)?;
            }
            let joins = step.merge_state(state)?;
            let newest: u64 = step.tables.fact("state_newest")?.unwrap_or(0);
            // Of a newer one it may have told meanwhile. What it had told of before, or was taken to have, it has no more.
            let newest = if newest == told { version } else { newest.max(version) };
            step.tables.put_fact("state_version", &version)?;
            step.tables.put_fact("state_newest", &newest)?;
            step.tables.put_fact("state_base", state)?;
            // What was refused before is shown again if it comes again.
            step.tables.put_fact("state_refused", &None::<Bytes32>)?;
            Ok::<_, DbError>(Some(joins))
        })?;
        let Some(joins) = joins else { return Ok(None) };
        self.set_known(known_devices);
        Ok(Some((joins, asked_for)))
    }
}

impl Step<'_> {
    fn merge_state(&mut self, theirs: &AccountState) -> Result<u32, DbError> {
        let base: AccountState = self.tables.fact("state_base")?.unwrap_or_default();
        let mut joins = 0;
        for (id, known) in &theirs.conversations {
            joins += u32::from(self.merge_conversation(*id, known, base.conversations.get(id))?);
        }
        for id in base.conversations.keys().filter(|id| !theirs.conversations.contains_key(id)) {
            // Left on another device; this device's leaf goes with the account's others.
            if let Some(mut row) = self.tables.conversation(*id)? {
                row.state = State::Left;
                self.tables.put_conversation(&row)?;
                for task in self.tables.tasks_of(*id)?.iter().filter(|task| matches!(task.task, Task::Join { .. })) {
                    self.undo(task)?;
                    self.fail_task(task, Failure::NotAMember)?;
                }
                self.changed(*id);
            }
        }
        for account in theirs.blocked.symmetric_difference(&base.blocked) {
            let mut row = self.account(*account)?;
            row.blocked = theirs.blocked.contains(account);
            self.tables.put_account(&row)?;
            if row.blocked {
                let shown = self.client.presence.borrow_mut().forget(Some(*account));
                shown.into_iter().for_each(|conversation| self.event(Event::Presence { conversation }));
            }
        }
        self.merge_preferences(theirs, &base)?;
        self.merge_recovery_key(theirs)?;
        self.merge_second_factor(theirs)?;
        self.merge_opened(&theirs.opened)?;
        self.merge_history(theirs, &base)?;
        if let (Some(card), Some(me)) = (&theirs.card, self.client.me()) {
            self.keep_own_card(me.account(), card)?;
        }
        let reads_hold = life_of(theirs) == Some(life(self.tables)?);
        for (id, known) in theirs.conversations.iter().filter(|_| reads_hold) {
            if let Some(row) = self.tables.conversation(*id)? {
                self.merge_reads(&row, known)?;
            }
        }
        Ok(joins)
    }

    /// Whether the conversation is to be joined.
    fn merge_conversation(
        &mut self,
        id: ConversationId,
        theirs: &KnownConversation,
        base: Option<&KnownConversation>,
    ) -> Result<bool, DbError> {
        let topic = theirs.topic.as_deref();
        let was_known = base.is_some_and(|base| base.topic.is_some());
        if let Some(topic) = topic.or_else(|| was_known.then_some("")) {
            // What the log says counts more; otherwise one that is there no more was taken away.
            let mut settings = self.tables.titles(id)?;
            settings.take(None, Some(topic), Place::before_the_log());
            self.tables.put_titles(id, &settings)?;
        }
        if let Some(timer) = theirs.timer {
            let mut settings = self.tables.titles(id)?;
            settings.take_timer(timer, Place::before_the_log());
            self.tables.put_titles(id, &settings)?;
        }
        if let Some(mut row) = self.tables.conversation(id)? {
            if matches!(row.state, State::Joining | State::Held) && !row.accepted && theirs.accepted {
                self.join_as_known(&mut row, theirs)?;
            }
            if base != Some(theirs) {
                let accepts = theirs.accepted && !row.accepted;
                row.accepted |= theirs.accepted;
                // What the log says counts more.
                let said = self.tables.titles(id)?.title().map(str::to_owned);
                row.title = said.or_else(|| theirs.title.clone()).or(row.title);
                self.tables.put_conversation(&row)?;
                self.merge_settings(id, theirs, base)?;
                if theirs.answered {
                    self.tables.put_answered(id)?;
                }
                if accepts {
                    self.no_request_any_more(id);
                }
                self.changed(id);
            }
            return Ok(false);
        }
        if base.is_some() {
            return Ok(false);
        }
        let mut row = ConversationRow::new(id, theirs.kind);
        row.accepted = theirs.accepted;
        row.title.clone_from(&theirs.title);
        row.accounts = theirs.roster.iter().copied().collect();
        self.take_partner(&mut row, theirs);
        self.tables.put_conversation(&row)?;
        self.tables.put_settings(id, &theirs.settings)?;
        if theirs.answered {
            self.tables.put_answered(id)?;
        }
        let checked = theirs.kind != ConversationKind::Open;
        self.task(id, self.client.random_id(), &Task::Join { checked })?;
        self.changed(id);
        // A request is joined when it is accepted, on whichever device.
        Ok(theirs.accepted)
    }
}

impl Step<'_> {
    /// What the account's other devices know of a conversation that this device comes into, where the state that all of
    /// them have says so: it may have come before this device heard of the conversation.
    pub(crate) fn take_from_account_state(&mut self, id: ConversationId) -> Result<(), DbError> {
        // What this device left last and has not said yet stands in there still.
        if self.tables.state_is_unstored()? {
            return Ok(());
        }
        let base: AccountState = self.tables.fact("state_base")?.unwrap_or_default();
        match base.conversations.get(&id) {
            Some(known) => self.merge_conversation(id, known, None).map(drop),
            None => Ok(()),
        }
    }

    /// A conversation that was left here and into which a welcome brought this device: whether it is a request the account
    /// knows, where nobody is in it whom the account does not know there.
    pub(crate) fn take_acceptance(&mut self, id: ConversationId) -> Result<(), DbError> {
        let base: AccountState = self.tables.fact("state_base")?.unwrap_or_default();
        let (Some(known), Some(row)) = (base.conversations.get(&id), self.tables.conversation(id)?) else {
            return Ok(());
        };
        let is_as_known = known.kind == row.kind && row.accounts.iter().all(|account| known.roster.contains(account));
        if is_as_known { self.take_from_account_state(id) } else { Ok(()) }
    }

    /// A conversation that this device is coming into by the server's word alone is one that the account knows: it is of
    /// that kind, and nobody is in it whom the account does not know there.
    fn join_as_known(&mut self, row: &mut ConversationRow, theirs: &KnownConversation) -> Result<(), DbError> {
        row.kind = theirs.kind;
        self.take_partner(row, theirs);
        if theirs.kind != ConversationKind::Direct {
            row.peer = None;
        }
        row.opened_by = row.peer;
        if theirs.kind == ConversationKind::Open {
            return self.tables.put_conversation(row);
        }
        row.accounts = theirs.roster.iter().copied().collect();
        self.tables.put_conversation(row)?;
        self.joins_are_checked(row.id, true)
    }

    /// With whom a conversation of two is, or which room it is.
    fn take_partner(&self, row: &mut ConversationRow, theirs: &KnownConversation) {
        match theirs.kind {
            ConversationKind::Direct => {
                let me = self.client.me().map(|me| me.account());
                row.peer = theirs.roster.iter().copied().find(|account| Some(*account) != me);
            }
            ConversationKind::Open => row.room.clone_from(&theirs.title),
            ConversationKind::Group => {}
        }
    }

    /// Whether joins of a conversation that wait compare its members with those that are known.
    pub(crate) fn joins_are_checked(&mut self, id: ConversationId, checked: bool) -> Result<(), DbError> {
        for task in self.tables.tasks_of(id)? {
            if task.task == (Task::Join { checked: !checked }) {
                if task.sealed.is_some() {
                    self.undo(&task)?;
                }
                self.tables.delete_task(task.position)?;
                self.task(id, task.id, &Task::Join { checked })?;
            }
        }
        Ok(())
    }
}

/// The life of the server's store by whose logs it is said what was read: a restored one counts anew.
const LIFE: &str = "read-in";

fn life(tables: Tables<'_>) -> Result<String, DbError> {
    Ok(tables.fact::<IncarnationId>("incarnation")?.map_or_else(String::new, |life| life.to_string()))
}

fn life_of(state: &AccountState) -> Option<String> {
    match state.settings.get(LIFE) {
        Some(Setting::Text(life)) => Some(life.clone()),
        _ => None,
    }
}

/// Takes over whether a person has accepted the identity key of the pin, if another device has changed that since the last
/// common version. The key is the one that is known here as well.
fn merge_acceptance(row: &mut AccountRow, pin: &Pin, base: Option<&Pin>) {
    // Where another key was known in common, nobody had accepted this one.
    let before = base.map(|base| base.identity == pin.identity && base.accepted);
    match (before, pin.accepted) {
        // Who accepted it there did not know of a comparison with another key, which this device knows of. That nobody has
        // accepted it is what the others take over from here then.
        (Some(false), true) if row.is_broken() => {}
        (Some(false), true) if row.shown_identity == Some(pin.identity.0) => row.shown_identity = None,
        (None | Some(true), false) => {
            row.shown_identity = Some(pin.identity.0);
        }
        _ => {}
    }
}

/// What was compared, or is not any more, on another device since the state that was common. Where it changed here as well
/// the later comparison counts, and otherwise what was done here, which is stored last.
fn merge_comparison(row: &mut AccountRow, pin: &Pin, base: Option<&Pin>) {
    let before = base.and_then(|base| base.compared);
    if pin.compared == before {
        return;
    }
    let theirs_is_later = row.compared.zip(pin.compared).is_some_and(|(ours, theirs)| theirs.at_ms > ours.at_ms);
    if row.compared == before || theirs_is_later {
        row.compared = pin.compared;
    }
}

/// As [`merge_comparison`], where one of two devices has followed a handover that the other has not heard of yet: a mark
/// goes along, whichever of the two this device is, or it would be lost when the later state is stored. One that was taken
/// away does not open what is broken here: that was done without knowing of the handover. Who has followed it and went on
/// without the mark decided for this device as well.
fn merge_comparison_over_a_handover(row: &mut AccountRow, pin: &Pin, base: Option<&Pin>) {
    let Some(known) = &row.devices else { return };
    let is_of_the_known = pin.compared.is_some_and(|compared| compared.identity == known.identity());
    let is_behind = known.has_signed_away(&pin.identity);
    let went_on = !is_behind && pin.accepted && pin.compared.is_none();
    if is_of_the_known || went_on || (is_behind && (pin.compared.is_some() || !row.is_broken())) {
        merge_comparison(row, pin, base);
    }
}

/// Whether the pin names an identity key that this device, which knows another one, has never seen.
fn is_news(row: &AccountRow, pin: &Pin) -> bool {
    row.devices.as_ref().is_some_and(|known| {
        known.newest().is_some() && known.identity() != pin.identity && !known.has_signed_away(&pin.identity)
    })
}

/// Whether the pin names an identity key that has signed the account away to the one that is known here.
fn was_first_contact(row: &AccountRow, pin: &Pin) -> bool {
    row.devices.as_ref().is_some_and(|known| known.newest().is_some() && known.has_signed_away(&pin.identity))
}

/// The account state as this device has it.
pub(super) fn build(tables: Tables<'_>, me: AccountId) -> Result<AccountState, DbError> {
    let mut state: AccountState = tables.fact("state_base")?.unwrap_or_default();
    let rows = tables.conversations()?;
    let left: BTreeSet<_> = rows.iter().filter(|row| row.state == State::Left).map(|row| row.id).collect();
    state.conversations.retain(|id, _| !left.contains(id));
    for row in rows.into_iter().filter(|row| row.state != State::Left) {
        // It came in to leave: the others keep what they know of it until it has.
        if tables.is_leaving(row.id)? {
            continue;
        }
        let settings = tables.settings(row.id)?;
        let read_up_to = read_seq(tables, &row, &settings)?;
        if !matches!(row.state, State::Joined | State::Repairing) {
            // Who is not in it yet knows it by the state alone, but may set something for it.
            if let Some(known) = state.conversations.get_mut(&row.id) {
                (known.settings, known.read_up_to, known.read_ms) = (settings.settings, read_up_to, settings.read_ms);
            }
            continue;
        }
        let said = tables.titles(row.id)?;
        let known = KnownConversation {
            kind: row.kind,
            title: row.room.or(row.title),
            topic: said.topic().map(str::to_owned),
            timer: said.timer_setting(),
            roster: row.accounts.into_iter().collect(),
            accepted: row.accepted,
            settings: settings.settings,
            read_up_to,
            read_ms: settings.read_ms,
            answered: settings.answered,
        };
        state.conversations.insert(row.id, known);
    }
    state.opened.extend(tables.opened(OPENED as u32)?);
    state.opened.sort_unstable();
    state.opened.dedup();
    let surplus = state.opened.len().saturating_sub(OPENED);
    state.opened.drain(..surplus);
    put_preferences(&mut state, tables.preferences()?);
    put_recovery_key(&mut state, tables)?;
    put_second_factor(&mut state, tables)?;
    put_device_name(&mut state, tables, me)?;
    put_history(&mut state, tables)?;
    state.settings.insert(LIFE.into(), Setting::Text(life(tables)?));
    if let Some(card) = tables.card(me)? {
        state.card = Some(card);
    }
    for row in tables.accounts()?.into_iter().filter(|row| row.account != me) {
        if row.blocked {
            state.blocked.insert(row.account);
        } else {
            state.blocked.remove(&row.account);
        }
        let Some(devices) = row.devices else { continue };
        if devices.is_behind() && state.pins.contains_key(&row.account) {
            continue;
        }
        let Some((list_number, list_hash)) = devices.newest() else { continue };
        let identity = devices.identity();
        // A third key, which the server shows, says nothing about whether a person has accepted this one.
        let is_known_as = |pin: &Pin| pin.identity == identity && pin.accepted;
        let accepted = match row.shown_identity {
            None => true,
            Some(shown) => shown != identity.0 && state.pins.get(&row.account).is_some_and(is_known_as),
        };
        let pin = Pin { identity, list_number, list_hash, compared: row.compared, accepted, name: row.name };
        state.pins.insert(row.account, pin);
    }
    Ok(state)
}

#[cfg(test)]
mod tests;
