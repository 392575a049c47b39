//! Stories of identity keys that are renewed.

use huis_proto::device_list::SignedDeviceList;
use huis_proto::opaque::StretchParameters;
use huis_proto::{AccountId, Bytes, Bytes32, Member, SessionId};

use super::people::{People, device_list};
use crate::{Beginning, EndedSessions, IdentityRenewal, NewIdentity, NewPassword, Numbered, Session, SharedStore};

fn numbered(number: u64, text: &str) -> Numbered {
    Numbered { number, sealed: Bytes(text.as_bytes().to_vec()) }
}

/// A renewal that follows password, list, vault and state of these numbers.
fn renewal(of: Member, follows: [u64; 4], text: &str) -> NewIdentity {
    let [password, list, vault, state] = follows;
    NewIdentity {
        password: NewPassword {
            account: of.account,
            follows: password,
            opaque: Bytes(format!("record {text}").into_bytes()),
            stretch: StretchParameters::NEW_ACCOUNTS,
            vault: numbered(vault + 1, text),
            ends: EndedSessions::All,
        },
        identity_key: Bytes32([text.as_bytes()[0]; 32]),
        recovery_key: Bytes32([text.as_bytes()[1]; 32]),
        device_list_number: list + 1,
        device_list: SignedDeviceList { handover: Some(Bytes(text.as_bytes().to_vec())), ..device_list(list + 1) },
        devices: vec![of.device],
        account_state: numbered(state + 1, text),
    }
}

/// Everything that a renewal replaces.
async fn whole(store: &SharedStore, account: AccountId) -> (Vec<Bytes>, Vec<u64>, Vec<SignedDeviceList>) {
    let found = store.account(account).await.expect("read").expect("the account");
    let record = store.password_record(&found.username).await.expect("read").expect("a record");
    let vault = store.vault(account).await.expect("read").expect("a vault");
    let state = store.account_state(account).await.expect("read").expect("a state");
    let numbers = vec![found.password_number, found.device_list_number, record.number, vault.number, state.number];
    let (identity, recovery) = (Bytes(found.identity_key.0.to_vec()), Bytes(record.recovery_key.0.to_vec()));
    let lists = store.device_lists(account, 0, 10).await.expect("read");
    assert_eq!(lists.last(), Some(&found.device_list));
    (vec![identity, recovery, record.opaque, vault.sealed, state.sealed], numbers, lists)
}

/// Whatever is refused changes nothing of all that.
pub async fn a_new_identity_replaces_everything_of_the_old_one_together(store: SharedStore) {
    let people = People::new(store.clone());
    let (anna, other) = (people.account().await, people.account().await);
    let (before, of_other) = (whole(&store, anna.account).await, whole(&store, other.account).await);
    for (follows, answer) in [
        ([1, 1, 1, 0], IdentityRenewal::Conflict),
        ([1, 1, 1, 2], IdentityRenewal::Conflict),
        ([1, 1, 0, 1], IdentityRenewal::Conflict),
        ([1, 1, 2, 1], IdentityRenewal::Conflict),
        ([1, 0, 1, 1], IdentityRenewal::OtherList(1)),
        ([1, 2, 1, 1], IdentityRenewal::OtherList(1)),
        ([0, 1, 1, 1], IdentityRenewal::Conflict),
        ([2, 1, 1, 1], IdentityRenewal::Conflict),
    ] {
        let refused = store.renew_identity(renewal(anna, follows, "no")).await;
        assert_eq!(refused.expect("an answer"), answer, "{follows:?}");
        assert_eq!(whole(&store, anna.account).await, before, "{follows:?}");
    }
    let stored = store.renew_identity(renewal(anna, [1; 4], "yes")).await;
    assert_eq!(stored.expect("an answer"), IdentityRenewal::Stored(Vec::new()));
    let (values, numbers, lists) = whole(&store, anna.account).await;
    let text = |text: &str| Bytes(text.as_bytes().to_vec());
    let keys = [Bytes(vec![b'y'; 32]), Bytes(vec![b'e'; 32])];
    assert_eq!(values, [&keys[..], &[text("record yes"), text("yes"), text("yes")]].concat());
    assert_eq!(numbers, [2; 5]);
    let handovers: Vec<_> = lists.iter().map(|list| list.handover.clone()).collect();
    assert_eq!(handovers, [None, Some(text("yes"))]);
    let by_name = store.account(anna.account).await.expect("read").expect("anna").username;
    let by_name = store.account_by_name(&by_name).await.expect("read").expect("anna");
    assert_eq!((by_name.identity_key, by_name.device_list), (Bytes32([b'y'; 32]), lists[1].clone()));
    assert_eq!(whole(&store, other.account).await, of_other);
    let nobody = store.renew_identity(renewal(people.stranger(), [1; 4], "no")).await;
    assert_eq!(nobody.expect("an answer"), IdentityRenewal::Conflict);
}

/// The one is the device's that renewed it, which stays listed.
pub async fn a_new_identity_ends_all_sessions_but_one_and_takes_the_other_devices_off(store: SharedStore) {
    let people = People::new(store.clone());
    let (anna, friend) = (people.account().await, people.account().await);
    let tablet = people.second_device(anna).await;
    let group = people.group(&[friend, anna, tablet]).await;
    let mut ids = Vec::new();
    for (number, member) in [anna, tablet, friend].into_iter().enumerate() {
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
    let of_the_old_password = store.session(ids[0]).await.expect("read").expect("begun");
    let mut renewal = renewal(anna, [1, 2, 1, 1], "yes");
    renewal.password.ends = EndedSessions::AllBut(ids[0]);
    let stored = store.renew_identity(renewal).await.expect("an answer");
    assert_eq!(stored, IdentityRenewal::Stored(vec![ids[1]]));
    for (id, lives) in ids.iter().zip([true, false, true]) {
        assert_eq!(store.session(*id).await.expect("read").is_some(), lives);
    }
    assert_eq!(people.recipients(group).await, super::people::sorted(vec![anna, friend]));
    assert_eq!(people.cursor(group, tablet).await, None);
    // Whoever proved the password of before comes too late.
    let late = store.begin_session(of_the_old_password, Bytes32([9; 32]), 1).await.expect("an answer");
    assert_eq!(late, Beginning::PasswordChanged);
}

/// Never the list of one with the vault of the other.
pub async fn of_two_new_identities_at_once_one_counts_whole(store: SharedStore) {
    let people = People::new(store.clone());
    let anna = people.account().await;
    let one = store.renew_identity(renewal(anna, [1; 4], "one"));
    let other = store.renew_identity(renewal(anna, [1; 4], "two"));
    let (one, other) = tokio::join!(one, other);
    let stored = IdentityRenewal::Stored(Vec::new());
    let won = [one.expect("an answer") == stored, other.expect("an answer") == stored];
    assert_ne!(won[0], won[1], "one of them");
    let winner = if won[0] { "one" } else { "two" };
    let (values, _, lists) = whole(&store, anna.account).await;
    let text = Bytes(winner.as_bytes().to_vec());
    assert_eq!((&values[3], &values[4], &lists[1].handover), (&text, &text, &Some(text.clone())));
    assert_eq!(values[2], Bytes(format!("record {winner}").into_bytes()));
}
