//! Account states that come in another order than they were made.

use huis_core::identity::LocalDevice;
use huis_proto::AccountId;
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
    assert!(client.take_account_state(me, &theirs, 7).unwrap().is_some());
    client.state_is_stored(&stored, 6, 2).unwrap();
    assert_eq!(facts(), (Some(7), Some(7), Some(theirs)));
    assert_eq!(client.read(|tables| tables.fact::<u64>("state_stored")).unwrap(), Some(2));
}

#[test]
fn a_state_that_was_overtaken_while_it_was_fetched_takes_nothing_away() {
    let folder = tempfile::tempdir().unwrap();
    let me = AccountId::random(&mut OsRng);
    let client = signed_in(&folder, me);
    let garden = ConversationId::from_bytes([9; 16]);
    let before = AccountState::default();
    assert!(client.take_account_state(me, &before, 5).unwrap().is_some());
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
    assert!(client.take_account_state(me, &before, 5).unwrap().is_none());
    let state = |client: &Client| client.read(|tables| tables.conversation(garden)).unwrap().unwrap().state;
    assert_eq!(state(&client), State::Joined);
    assert_eq!(client.read(|tables| tables.fact("state_base")).unwrap(), Some(stored));
    // What is newer and does not have it says that it was left elsewhere.
    assert!(client.take_account_state(me, &before, 7).unwrap().is_some());
    assert_eq!(state(&client), State::Left);
}
