//! Account states that come in another order than they were made.

use huis_core::account_state::Comparison;
use huis_core::directory::{AccountDevices, KnownDevices};
use huis_core::identity::{IdentityKey, IdentitySecret, LocalDevice, list_position, next_device_list};
use huis_proto::device_list::{ListedDevice, SignedDeviceList};
use huis_proto::{AccountId, DeviceId};
use rand::SeedableRng;
use rand::rngs::{OsRng, StdRng};

use super::*;
use crate::config::DatabaseKey;
use crate::measuring::Stepper;

fn signed_in(folder: &tempfile::TempDir, me: AccountId) -> Client {
    let device = LocalDevice::generate(&mut OsRng, me);
    let key = DatabaseKey::from_bytes([7; 32]);
    let database = folder.path().join("db");
    Stepper::sign_in(&database, &key, device, [], StdRng::seed_from_u64(1)).unwrap().client
}

#[test]
fn a_state_that_was_overtaken_while_it_was_stored_takes_nothing_away() {
    let folder = tempfile::tempdir().unwrap();
    let me = AccountId::random(&mut OsRng);
    let client = signed_in(&folder, me);
    let facts = || {
        let number = |key| client.read(|tables| tables.fact::<u64>(key)).unwrap();
        let base = client.read(|tables| tables.fact::<AccountState>("state_base")).unwrap();
        (number("state_version"), number("state_newest"), base)
    };
    let stored = AccountState::default();
    client.state_is_stored(&stored, 5, 1).unwrap();
    assert_eq!(facts(), (Some(5), Some(5), Some(stored.clone())));
    // What another device made from version 6 came before the answer to what stored that.
    let theirs = AccountState { blocked: [AccountId::from_bytes([3; 16])].into(), ..AccountState::default() };
    assert!(client.take_account_state(me, &theirs, 7, 5).unwrap().is_some());
    client.state_is_stored(&stored, 6, 2).unwrap();
    assert_eq!(facts(), (Some(7), Some(7), Some(theirs)));
    assert_eq!(client.read(|tables| tables.fact::<u64>("state_stored")).unwrap(), Some(2));
}

#[test]
fn a_state_that_another_device_stored_first_leaves_what_was_told_of_newer_ones() {
    let folder = tempfile::tempdir().unwrap();
    let client = signed_in(&folder, AccountId::random(&mut OsRng));
    let newest = || client.read(|tables| tables.fact::<u64>("state_newest")).unwrap();
    client.state_is_overtaken(6).unwrap();
    assert_eq!(newest(), Some(6));
    // The server told of it before it answered.
    client.step(|step| step.tables.put_fact("state_newest", &8_u64)).unwrap();
    client.state_is_overtaken(7).unwrap();
    assert_eq!(newest(), Some(8));
}

#[test]
fn what_is_told_of_while_a_state_is_stored_or_fetched_is_fetched_next() {
    let folder = tempfile::tempdir().unwrap();
    let me = AccountId::random(&mut OsRng);
    let client = signed_in(&folder, me);
    let state = AccountState::default();
    let tell = |version: u64| client.step(|step| step.tables.put_fact("state_newest", &version)).unwrap();
    let newest = || client.read(|tables| tables.fact::<u64>("state_newest")).unwrap();
    tell(7);
    client.state_is_stored(&state, 6, 1).unwrap();
    assert_eq!(newest(), Some(7));
    tell(8);
    assert!(client.take_account_state(me, &state, 7, 7).unwrap().is_some());
    assert_eq!(newest(), Some(8));
    // It does not have what counted as the newest before it was asked, or it would have given that.
    assert!(client.take_account_state(me, &state, 7, 8).unwrap().is_some());
    assert_eq!(newest(), Some(7));
}

#[test]
fn a_state_that_was_overtaken_while_it_was_fetched_takes_nothing_away() {
    let folder = tempfile::tempdir().unwrap();
    let me = AccountId::random(&mut OsRng);
    let client = signed_in(&folder, me);
    let garden = ConversationId::from_bytes([9; 16]);
    let before = AccountState::default();
    assert!(client.take_account_state(me, &before, 5, 0).unwrap().is_some());
    // A conversation came, and the state with it was stored, while the one before was fetched once more.
    let stored = client
        .step(|step| {
            let mut row = ConversationRow::new(garden, ConversationKind::Group);
            row.state = State::Joined;
            step.tables.put_conversation(&row)?;
            let state = build(step.tables, me)?;
            step.tables.put_fact("state_version", &6_u64)?;
            step.tables.put_fact("state_base", &state)?;
            Ok::<_, DbError>(state)
        })
        .unwrap();
    assert!(client.take_account_state(me, &before, 5, 5).unwrap().is_none());
    let state = |client: &Client| client.read(|tables| tables.conversation(garden)).unwrap().unwrap().state;
    assert_eq!(state(&client), State::Joined);
    assert_eq!(client.read(|tables| tables.fact("state_base")).unwrap(), Some(stored));
    // What is newer and does not have it says that it was left elsewhere.
    assert!(client.take_account_state(me, &before, 7, 5).unwrap().is_some());
    assert_eq!(state(&client), State::Left);
}

/// Ann's account, once with her first identity key and once handed over to a second one.
struct Renewed {
    account: AccountId,
    keys: [IdentityKey; 2],
    lists: Vec<SignedDeviceList>,
    devices: [AccountDevices; 2],
}

fn renewed() -> Renewed {
    let account = AccountId::random(&mut OsRng);
    let [first, second] = [9, 10].map(|byte| IdentitySecret::from_bytes(&[byte; 32]));
    let device = DeviceId::from_bytes([1; 16]);
    let listed = ListedDevice { device, signature_key: Bytes32([1; 32]), added_at_ms: 0 };
    let list = next_device_list(account, first.key(), None, 0, 1, vec![listed.clone()]);
    let mut lists = vec![first.sign_device_list(&list)];
    let mut known = KnownDevices::default();
    known.accept(account, &first.key(), &lists).unwrap();
    let before = known.get(account).cloned().unwrap();
    let previous = list_position(&lists[0]).unwrap();
    let list = next_device_list(account, second.key(), Some(previous), 0, 1, vec![listed]);
    lists.push(first.hand_over(&second, &list));
    known.accept(account, &second.key(), &lists[1..]).unwrap();
    let devices = [before, known.get(account).cloned().unwrap()];
    Renewed { account, keys: [first.key(), second.key()], lists, devices }
}

impl Renewed {
    /// What a device stores of her that knows her up to the first or the second key.
    fn pin(&self, up_to: usize, compared: Option<Comparison>, accepted: bool) -> AccountState {
        let (list_number, list_hash) = self.devices[up_to].newest().unwrap();
        let pin = Pin { identity: self.keys[up_to], list_number, list_hash, compared, accepted, name: None };
        AccountState { pins: [(self.account, pin)].into(), ..AccountState::default() }
    }

    fn compared(&self, which: usize) -> Option<Comparison> {
        Some(Comparison { identity: self.keys[which], at_ms: 5, scanned: false })
    }
}

/// A device of bea's that knows ann.
struct Bea {
    client: Client,
    me: AccountId,
    _folder: tempfile::TempDir,
}

impl Bea {
    /// Ann is known up to the first or the second key, of which the second is not accepted; `base` is the state that was
    /// common last.
    fn knows(ann: &Renewed, up_to: usize, compared: Option<Comparison>, base: &AccountState) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let me = AccountId::random(&mut OsRng);
        let device = LocalDevice::generate(&mut OsRng, me);
        let (database, key) = (folder.path().join("db"), DatabaseKey::from_bytes([7; 32]));
        let known = [ann.devices[up_to].clone()];
        let client = Stepper::sign_in(&database, &key, device, known, StdRng::seed_from_u64(1)).unwrap().client;
        client
            .step(|step| {
                let mut row = step.account(ann.account)?;
                row.compared = compared;
                row.shown_identity = (up_to == 1).then_some(ann.keys[1].0);
                step.tables.put_account(&row)?;
                step.tables.put_fact("state_version", &1_u64)?;
                step.tables.put_fact("state_base", base)
            })
            .unwrap();
        Self { client, me, _folder: folder }
    }

    /// Adopts the next state; gives what is known then, and what this device would store.
    fn adopts(&self, ann: &Renewed, state: &AccountState) -> (AccountRow, Pin) {
        let version = self.client.read(|tables| tables.fact::<u64>("state_version")).unwrap().unwrap() + 1;
        assert!(self.client.take_account_state(self.me, state, version, 0).unwrap().is_some());
        let row = self.client.read(|tables| tables.account(ann.account)).unwrap().unwrap();
        let state = self.client.read(|tables| build(tables, self.me)).unwrap();
        (row, state.pins[&ann.account].clone())
    }

    /// Hears of the handover from the server; gives what is known then, and what this device would store.
    fn follows(&self, ann: &Renewed) -> (AccountRow, Pin) {
        let taken = self.client.step(|step| step.take_lists(ann.account, &ann.keys[1], &ann.lists[1..], None));
        let (row, _) = taken.unwrap().unwrap();
        let state = self.client.read(|tables| build(tables, self.me)).unwrap();
        (row, state.pins[&ann.account].clone())
    }
}

#[test]
fn a_mark_is_not_lost_between_devices_of_which_one_has_followed_a_handover() {
    let ann = renewed();
    let (marked, unmarked) = (ann.compared(0), None);
    let common = ann.pin(0, unmarked, true);
    // The laptop compared the first key; the phone has followed the handover before it hears of that.
    let phone = Bea::knows(&ann, 1, unmarked, &common);
    let (row, pin) = phone.adopts(&ann, &ann.pin(0, marked, true));
    assert!(row.is_broken() && row.stops(ConversationKind::Group), "{row:?}");
    assert_eq!((pin.identity, pin.compared, pin.accepted), (ann.keys[1], marked, false));
    // The laptop has followed it as well, and takes over what the phone stored.
    let laptop = Bea::knows(&ann, 1, marked, &ann.pin(0, marked, true));
    let stored = ann.pin(1, pin.compared, pin.accepted);
    let (row, pin) = laptop.adopts(&ann, &stored);
    assert!(row.is_broken() && row.stops(ConversationKind::Group), "{row:?}");
    assert_eq!(pin.compared, marked);
    // A third device has heard of neither.
    let tablet = Bea::knows(&ann, 0, unmarked, &common);
    let (row, _) = tablet.adopts(&ann, &stored);
    assert_eq!(row.compared, marked);
    // A mark that was taken away before the handover was heard of there opens nothing here.
    let laptop = Bea::knows(&ann, 1, marked, &ann.pin(0, marked, true));
    let (row, _) = laptop.adopts(&ann, &common);
    assert!(row.is_broken(), "{row:?}");
}

#[test]
fn what_another_device_accepts_without_knowing_of_a_mark_stays_broken_where_it_is_known() {
    let ann = renewed();
    let marked = ann.compared(0);
    let phone = Bea::knows(&ann, 1, marked, &ann.pin(1, None, false));
    let (row, pin) = phone.adopts(&ann, &ann.pin(1, None, true));
    assert!(row.is_broken() && row.stops(ConversationKind::Group), "{row:?}");
    assert_eq!((pin.compared, pin.accepted), (marked, false));
    // Who knew of the mark decides for all.
    let phone = Bea::knows(&ann, 1, marked, &ann.pin(1, marked, false));
    let (row, pin) = phone.adopts(&ann, &ann.pin(1, None, true));
    assert!(!row.is_broken() && row.shown_identity.is_none(), "{row:?}");
    assert_eq!((pin.compared, pin.accepted), (None, true));
}

#[test]
fn a_handover_that_was_accepted_elsewhere_without_knowing_of_a_mark_breaks_it_where_it_is_known() {
    let ann = renewed();
    let (marked, unmarked) = (ann.compared(0), None);
    let accepted = ann.pin(1, unmarked, true);
    // The laptop compared the first key, and has not told anybody; the phone has accepted the second one meanwhile.
    let laptop = Bea::knows(&ann, 0, marked, &ann.pin(0, unmarked, true));
    laptop.adopts(&ann, &accepted);
    let (row, pin) = laptop.follows(&ann);
    assert!(row.is_broken() && row.stops(ConversationKind::Group) && row.stops(ConversationKind::Direct), "{row:?}");
    assert_eq!((pin.identity, pin.compared, pin.accepted), (ann.keys[1], marked, false));
    // Who accepted it there knew of the mark, or there is none: it is done.
    for (here, there) in [(unmarked, unmarked), (marked, ann.compared(1)), (marked, unmarked)] {
        let accepted = ann.pin(1, there, true);
        let laptop = Bea::knows(&ann, 0, here, &ann.pin(0, here, true));
        laptop.adopts(&ann, &accepted);
        let (row, pin) = laptop.follows(&ann);
        assert!(!row.is_broken() && row.shown_identity.is_none(), "{row:?}");
        assert_eq!((row.compared, pin.compared, pin.accepted), (there, there, true));
    }
}
