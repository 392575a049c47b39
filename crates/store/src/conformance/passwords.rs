//! Stories of passwords that are changed.

use huis_proto::opaque::StretchParameters;
use huis_proto::{AccountId, Bytes, Bytes32, Member, SessionId};

use super::people::People;
use crate::{
    Beginning, EndedSessions, NewPassword, NewRecoveryKey, Numbered, PasswordChange, PasswordRecord, RecoveryKeyChange,
    Session, SharedStore,
};

const STRETCH: StretchParameters = StretchParameters { memory_kib: 128 * 1024, passes: 4, lanes: 2 };

fn new_password(account: AccountId, follows: u64, vault: u64, text: &str) -> NewPassword {
    NewPassword {
        account,
        follows,
        opaque: Bytes(format!("record {text}").into_bytes()),
        stretch: STRETCH,
        vault: Numbered { number: vault, sealed: Bytes(format!("vault {text}").into_bytes()) },
        ends: EndedSessions::None,
    }
}

async fn named(people: &People, store: &SharedStore, name: &str) -> Member {
    let member = people.stranger();
    store.create_account(people.new_account(member, name)).await.expect("made");
    member
}

async fn record(store: &SharedStore, name: &str) -> PasswordRecord {
    store.password_record(name).await.expect("read").expect("a record")
}

/// Whatever is refused changes neither of the two.
pub async fn a_new_password_replaces_record_and_vault_together(store: SharedStore) {
    let people = People::new(store.clone());
    let anna = named(&people, &store, "anna").await.account;
    named(&people, &store, "berta").await;
    assert_eq!(record(&store, "anna").await.number, 1);
    for (follows, vault) in [(2, 2), (0, 2), (1, 1), (1, 3)] {
        let refused = store.change_password(new_password(anna, follows, vault, "refused")).await;
        assert_eq!(refused.expect("an answer"), PasswordChange::Conflict, "{follows} {vault}");
        let (before, vault) = (record(&store, "anna").await, store.vault(anna).await.expect("read"));
        assert_eq!((before.number, &*before.opaque), (1, &b"opaque"[..]));
        assert_eq!(vault, Some(Numbered { number: 1, sealed: Bytes(b"vault 1".to_vec()) }));
    }
    let stored = store.change_password(new_password(anna, 1, 2, "two")).await;
    assert_eq!(stored.expect("an answer"), PasswordChange::Stored(Vec::new()));
    let after = record(&store, "anna").await;
    assert_eq!((after.number, &*after.opaque, after.stretch), (2, &b"record two"[..], STRETCH));
    assert_eq!(after.recovery_key, Bytes32([2; 32]), "the recovery key stays");
    assert_eq!(store.account(anna).await.expect("read").expect("anna").password_number, 2);
    assert_eq!(store.account_by_name("anna").await.expect("read").expect("anna").password_number, 2);
    let vault = store.vault(anna).await.expect("read");
    assert_eq!(vault, Some(Numbered { number: 2, sealed: Bytes(b"vault two".to_vec()) }));
    let again = store.change_password(new_password(anna, 1, 3, "again")).await;
    assert_eq!(again.expect("an answer"), PasswordChange::Conflict);
    let other = record(&store, "berta").await;
    assert_eq!((other.number, &*other.opaque), (1, &b"opaque"[..]));
    let nobody = people.stranger().account;
    let refused = store.change_password(new_password(nobody, 1, 2, "nobody")).await;
    assert_eq!(refused.expect("an answer"), PasswordChange::Conflict);
}

/// Never the record of one with the vault of the other.
pub async fn of_two_new_passwords_at_once_one_counts_whole(store: SharedStore) {
    let people = People::new(store.clone());
    let anna = named(&people, &store, "anna").await.account;
    let one = store.change_password(new_password(anna, 1, 2, "one"));
    let other = store.change_password(new_password(anna, 1, 2, "other"));
    let (one, other) = tokio::join!(one, other);
    let (one, other) = (one.expect("an answer"), other.expect("an answer"));
    let stored = PasswordChange::Stored(Vec::new());
    assert_ne!(one == stored, other == stored, "{one:?} {other:?}");
    let winner = if one == stored { "one" } else { "other" };
    assert_eq!(record(&store, "anna").await.opaque, Bytes(format!("record {winner}").into_bytes()));
    let vault = store.vault(anna).await.expect("read").expect("a vault");
    assert_eq!(vault.sealed, Bytes(format!("vault {winner}").into_bytes()));
}

/// Not even one whose check of the old one came first.
pub async fn no_session_begins_by_a_password_that_was_replaced_meanwhile(store: SharedStore) {
    let people = People::new(store.clone());
    let anna = people.account().await;
    let session = |id| Session {
        session: SessionId::from_bytes([id; 16]),
        account: anna.account,
        device: anna.device,
        stays_signed_in: true,
        began_at_ms: 1,
        used_at_ms: 1,
    };
    let new = NewPassword { ends: EndedSessions::All, ..new_password(anna.account, 1, 2, "new") };
    store.change_password(new).await.expect("changed");
    for (id, number) in [(1, 1), (2, 3)] {
        let late = store.begin_session(session(id), Bytes32([id; 32]), number).await;
        assert_eq!(late.expect("an answer"), Beginning::PasswordChanged);
    }
    assert_eq!(store.sessions(anna.account).await.expect("read").len(), 0);
    assert!(store.session_by_refresh(Bytes32([1; 32])).await.expect("read").is_none());
    let begun = store.begin_session(session(3), Bytes32([3; 32]), 2).await;
    assert_eq!(begun.expect("an answer"), Beginning::Begun { ended: None });
}

/// And those of nobody else.
pub async fn a_new_password_ends_the_sessions_that_it_is_told_to(store: SharedStore) {
    let people = People::new(store.clone());
    let (anna, friend) = (people.account().await, people.account().await);
    let tablet = people.second_device(anna).await;
    let phone = Member { account: anna.account, device: huis_proto::DeviceId::from_bytes(people.id()) };
    people.list(anna.account, &[anna, tablet, phone]).await;
    let mut ids = Vec::new();
    for (number, member) in [anna, tablet, phone, friend].into_iter().enumerate() {
        let session = Session {
            session: SessionId::from_bytes(people.id()),
            account: member.account,
            device: member.device,
            stays_signed_in: true,
            began_at_ms: 1,
            used_at_ms: 1,
        };
        ids.push(session.session);
        store.begin_session(session, Bytes32([number as u8 + 1; 32]), 1).await.expect("begun");
    }
    let change = |follows, ends| NewPassword { ends, ..new_password(anna.account, follows, follows + 1, "new") };
    let lives = async || {
        let mut living = Vec::new();
        for id in &ids {
            living.push(store.session(*id).await.expect("read").is_some());
        }
        living
    };
    store.change_password(change(1, EndedSessions::None)).await.expect("changed");
    assert_eq!(lives().await, [true, true, true, true]);
    let refused = NewPassword { follows: 1, ..change(2, EndedSessions::All) };
    assert_eq!(store.change_password(refused).await.expect("an answer"), PasswordChange::Conflict);
    assert_eq!(lives().await, [true, true, true, true]);
    let PasswordChange::Stored(mut ended) =
        store.change_password(change(2, EndedSessions::AllBut(ids[1]))).await.expect("changed")
    else {
        panic!("refused")
    };
    ended.sort_unstable();
    let mut expected = [ids[0], ids[2]];
    expected.sort_unstable();
    assert_eq!(ended, expected);
    assert_eq!(lives().await, [false, true, false, true]);
    assert!(store.session_by_refresh(Bytes32([1; 32])).await.expect("read").is_none());
    let all = store.change_password(change(3, EndedSessions::All)).await.expect("changed");
    assert_eq!(all, PasswordChange::Stored(vec![ids[1]]));
    assert_eq!(lives().await, [false, false, false, true]);
}

fn new_recovery_key(account: AccountId, password_number: u64, vault: u64, byte: u8) -> NewRecoveryKey {
    let vault = Numbered { number: vault, sealed: Bytes(vec![byte; 3]) };
    NewRecoveryKey { account, password_number, recovery_key: Bytes32([byte; 32]), vault }
}

/// Whatever is refused changes neither of the two, and the password stays.
pub async fn a_new_recovery_key_replaces_key_and_vault_together(store: SharedStore) {
    let people = People::new(store.clone());
    let anna = named(&people, &store, "anna").await.account;
    named(&people, &store, "berta").await;
    for (password, vault) in [(2, 2), (0, 2), (1, 0), (1, 1), (1, 3)] {
        let refused = store.change_recovery_key(new_recovery_key(anna, password, vault, 9)).await;
        assert_eq!(refused.expect("an answer"), RecoveryKeyChange::Conflict, "{password} {vault}");
        assert_eq!(record(&store, "anna").await.recovery_key, Bytes32([2; 32]));
        let vault = store.vault(anna).await.expect("read");
        assert_eq!(vault, Some(Numbered { number: 1, sealed: Bytes(b"vault 1".to_vec()) }));
    }
    let stored = store.change_recovery_key(new_recovery_key(anna, 1, 2, 5)).await;
    assert_eq!(stored.expect("an answer"), RecoveryKeyChange::Stored);
    let after = record(&store, "anna").await;
    assert_eq!((after.recovery_key, after.number, &*after.opaque), (Bytes32([5; 32]), 1, &b"opaque"[..]));
    let vault = store.vault(anna).await.expect("read");
    assert_eq!(vault, Some(Numbered { number: 2, sealed: Bytes(vec![5; 3]) }));
    assert_eq!(record(&store, "berta").await.recovery_key, Bytes32([2; 32]));
    let nobody = people.stranger().account;
    let refused = store.change_recovery_key(new_recovery_key(nobody, 1, 2, 9)).await;
    assert_eq!(refused.expect("an answer"), RecoveryKeyChange::Conflict);
}

/// Never the key of one with the vault of the other.
pub async fn of_a_new_recovery_key_and_a_new_password_at_once_one_counts_whole(store: SharedStore) {
    let people = People::new(store.clone());
    let anna = named(&people, &store, "anna").await.account;
    let key = store.change_recovery_key(new_recovery_key(anna, 1, 2, 5));
    let password = store.change_password(new_password(anna, 1, 2, "other"));
    let (key, password) = tokio::join!(key, password);
    let (key, password) = (key.expect("an answer"), password.expect("an answer"));
    let (after, vault) = (record(&store, "anna").await, store.vault(anna).await.expect("read").expect("a vault"));
    let found = (after.recovery_key, after.number, &*vault.sealed);
    match (key, password) {
        (RecoveryKeyChange::Stored, PasswordChange::Conflict) => {
            assert_eq!(found, (Bytes32([5; 32]), 1, &[5; 3][..]));
        }
        (RecoveryKeyChange::Conflict, PasswordChange::Stored(_)) => {
            assert_eq!(found, (Bytes32([2; 32]), 2, &b"vault other"[..]));
        }
        other => panic!("both or neither: {other:?}"),
    }
}
