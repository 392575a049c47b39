//! Account states that come in another order than they were made.

use huis_core::identity::LocalDevice;
use huis_proto::AccountId;
use rand::SeedableRng;
use rand::rngs::{OsRng, StdRng};

use super::*;
use crate::config::DatabaseKey;
use crate::measuring::Stepper;

#[test]
fn a_state_that_was_overtaken_while_it_was_fetched_takes_nothing_away() {
    let folder = tempfile::tempdir().unwrap();
    let me = AccountId::random(&mut OsRng);
    let device = LocalDevice::generate(&mut OsRng, me);
    let key = DatabaseKey::from_bytes([7; 32]);
    let database = folder.path().join("db");
    let client = Stepper::sign_in(&database, &key, device, [], StdRng::seed_from_u64(1)).unwrap().client;
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
