//! Stories of cursors, pages, recipients and welcomes.

use huis_proto::Bytes;

use super::people::{People, sorted, stored};
use crate::SharedStore;

/// An acknowledgement of what is not there yet is one of what is.
pub async fn cursors_move_forward_and_never_beyond_the_head(store: SharedStore) {
    let people = People::new(store.clone());
    let (anna, berta) = (people.account().await, people.account().await);
    let group = people.group(&[anna, berta]).await;
    for _ in 0..3 {
        people.says(group, anna, 1).await;
    }
    assert_eq!(people.cursor(group, berta).await, Some((1, 4)));
    for (seq, acked) in [(3, 3), (2, 3), (99, 4), (1, 4)] {
        people.acks(group, berta, seq).await;
        assert_eq!(people.cursor(group, berta).await, Some((acked, 4)));
    }
    people.says(group, anna, 1).await;
    assert_eq!(people.cursor(group, berta).await, Some((4, 5)));
    // Of what one is no member of, and of what does not exist, nothing moves and nothing fails.
    let stranger = people.account().await;
    people.acks(group, stranger, 3).await;
    people.acks(group, people.stranger(), 3).await;
    let nowhere = huis_proto::ConversationId::from_bytes(people.id());
    people.acks(nowhere, anna, 3).await;
    assert_eq!(people.cursor(group, stranger).await, None);
}

/// So that it learns that it was removed, and by whom.
pub async fn a_removed_device_reads_up_to_its_removing_entry(store: SharedStore) {
    let people = People::new(store.clone());
    let (anna, berta) = (people.account().await, people.account().await);
    let group = people.group(&[anna, berta]).await;
    people.says(group, anna, 1).await;
    let mut remove = people.commit(group, anna, 1);
    remove.leaves = vec![berta];
    let removal = stored(store.append_commit(remove).await);
    people.says(group, anna, 2).await;
    assert_eq!(people.cursor(group, berta).await, Some((1, removal.seq)));
    assert_eq!(people.reads(group, berta, 0).await, [2, 3]);
    // What it has yet to fetch is kept for it, although the members have it.
    people.acks(group, anna, 4).await;
    assert_eq!(people.reads(group, berta, 0).await, [2, 3]);
    people.acks(group, berta, 2).await;
    assert_eq!(people.reads(group, berta, 0).await, [3]);
    people.acks(group, berta, 3).await;
    assert_eq!(people.cursor(group, berta).await, None);
    assert!(people.reads(group, berta, 0).await.is_empty());
}

/// Its first entry is the one behind the commit that added it.
pub async fn a_joiner_reads_nothing_from_before_it_joined(store: SharedStore) {
    let people = People::new(store.clone());
    let (anna, berta) = (people.account().await, people.account().await);
    let group = people.group(&[anna]).await;
    people.says(group, anna, 1).await;
    let mut add = people.commit(group, anna, 1);
    add.joins = vec![berta];
    stored(store.append_commit(add).await);
    people.says(group, anna, 2).await;
    assert_eq!(people.reads(group, berta, 0).await, [4]);
    assert_eq!(people.cursor(group, berta).await, Some((3, 4)));
}

/// For the newest entry, and for one that was just appended when more follow already.
pub async fn recipients_follow_the_roster(store: SharedStore) {
    let people = People::new(store.clone());
    let (anna, berta, carla) = (people.account().await, people.account().await, people.account().await);
    let group = people.group(&[anna, berta]).await;
    assert_eq!(people.recipients(group).await, sorted(vec![anna, berta]));
    let mut change = people.commit(group, anna, 1);
    (change.joins, change.leaves) = (vec![carla], vec![berta]);
    let entry = stored(store.append_commit(change).await);
    let of = |seq| {
        let store = store.clone();
        async move { sorted(store.recipients_of(group, seq).await.expect("an answer")) }
    };
    assert_eq!(people.recipients(group).await, sorted(vec![anna, berta, carla]));
    let said = people.says(group, anna, 2).await;
    assert_eq!(people.recipients(group).await, sorted(vec![anna, carla]));
    assert_eq!(of(entry.seq).await, sorted(vec![anna, berta, carla]));
    assert_eq!(of(said.seq).await, sorted(vec![anna, carla]));
    people.list(carla.account, &[]).await;
    assert_eq!(people.recipients(group).await, [anna]);
    let nowhere = huis_proto::ConversationId::from_bytes(people.id());
    assert_eq!(people.recipients(nowhere).await, []);
}

/// Not before the last member has it.
pub async fn an_entry_that_everybody_has_is_forgotten(store: SharedStore) {
    let people = People::new(store.clone());
    let (anna, berta) = (people.account().await, people.account().await);
    let group = people.group(&[anna, berta]).await;
    for _ in 0..3 {
        people.says(group, anna, 1).await;
    }
    people.acks(group, anna, 4).await;
    assert_eq!(people.reads(group, berta, 0).await, [2, 3, 4]);
    people.acks(group, berta, 3).await;
    assert_eq!(people.reads(group, berta, 0).await, [4]);
    // Who will never come for it does not hold it back.
    people.says(group, anna, 1).await;
    people.acks(group, anna, 5).await;
    people.list(berta.account, &[]).await;
    assert!(people.reads(group, anna, 0).await.is_empty());
    assert_eq!(people.says(group, anna, 1).await.seq, 6);
}

/// MLS lets nobody open what it sealed itself; commits are needed to recognise one's own.
pub async fn ones_own_messages_come_without_payload(store: SharedStore) {
    let people = People::new(store.clone());
    let (anna, berta) = (people.account().await, people.account().await);
    let group = people.group(&[anna, berta]).await;
    people.says(group, anna, 1).await;
    people.says(group, berta, 1).await;
    stored(store.append_commit(people.commit(group, anna, 1)).await);
    stored(store.append(people.leave(group, &[anna], 2)).await);
    let lengths = |device| {
        let store = store.clone();
        async move {
            let page = store.log_page(device, group, 1, 10, 1000).await.expect("a page");
            page.entries.iter().map(|entry| entry.payload.len()).collect::<Vec<_>>()
        }
    };
    assert_eq!(lengths(anna).await, [0, 7, 6, 0]);
    assert_eq!(lengths(berta).await, [7, 0, 6, 7]);
}

/// Entries and bytes, but always one entry.
pub async fn pages_keep_their_bounds(store: SharedStore) {
    let people = People::new(store.clone());
    let (anna, berta) = (people.account().await, people.account().await);
    let group = people.group(&[anna, berta]).await;
    for _ in 0..4 {
        people.says(group, anna, 1).await;
    }
    let page = |after, most, most_bytes| {
        let store = store.clone();
        async move {
            let page = store.log_page(berta, group, after, most, most_bytes).await;
            let page = page.expect("a page");
            let places: Vec<u64> = page.entries.iter().map(|entry| entry.seq).collect();
            (places, page.more)
        }
    };
    assert_eq!(page(1, 2, 1000).await, (vec![2, 3], true));
    assert_eq!(page(3, 2, 1000).await, (vec![4, 5], false));
    assert_eq!(page(1, 10, 15).await, (vec![2, 3], true));
    assert_eq!(page(1, 10, 14).await, (vec![2, 3], true));
    assert_eq!(page(1, 10, 13).await, (vec![2], true));
    assert_eq!(page(1, 10, 0).await, (vec![2], true));
    assert_eq!(page(4, 10, 0).await, (vec![5], false));
    assert_eq!(page(5, 10, 1000).await, (vec![], false));
    assert_eq!(page(u64::MAX, 10, 1000).await, (vec![], false));
}

/// Neither the log nor who is in it.
pub async fn strangers_read_nothing(store: SharedStore) {
    let people = People::new(store.clone());
    let (anna, carla) = (people.account().await, people.account().await);
    let group = people.group(&[anna]).await;
    people.says(group, anna, 1).await;
    // Another device of the account that has not joined is a stranger to the log as well.
    let second = people.second_device(anna).await;
    for device in [carla, second, people.stranger()] {
        assert!(people.reads(group, device, 0).await.is_empty());
        assert_eq!(people.cursor(group, device).await, None);
    }
    assert_eq!(store.group_info(carla.account, group).await.expect("read"), None);
}

/// It is what lets a device in: it is given again until the device has it.
pub async fn a_welcome_stays_until_it_is_acknowledged(store: SharedStore) {
    let people = People::new(store.clone());
    let (anna, berta, carla) = (people.account().await, people.account().await, people.account().await);
    let first = people.group(&[anna, berta, carla]).await;
    let second = people.group(&[anna, berta]).await;
    let welcomes = store.welcomes(berta, 10).await.expect("read");
    let led: Vec<_> = welcomes.iter().map(|welcome| welcome.conversation).collect();
    assert_eq!(led, [first, second]);
    assert_eq!((welcomes[0].seq, welcomes[0].commit_counter, welcomes[0].author), (1, 1, anna));
    assert_eq!(welcomes[0].welcome, Bytes(b"welcome".to_vec()));
    assert_eq!(store.welcomes(berta, 1).await.expect("read").len(), 1);
    assert_eq!(store.welcomes(anna, 10).await.expect("read"), []);
    people.says(first, anna, 1).await;
    people.acks(first, berta, 2).await;
    for seq in [0, 2] {
        store.acknowledge_welcome(berta, first, seq).await.expect("nothing to do");
    }
    assert_eq!(store.welcomes(berta, 10).await.expect("read"), welcomes);
    store.acknowledge_welcome(berta, first, 1).await.expect("acknowledged");
    store.acknowledge_welcome(berta, first, 1).await.expect("nothing to do");
    assert_eq!(store.welcomes(berta, 10).await.expect("read"), welcomes[1..]);
    assert_eq!(store.welcomes(carla, 10).await.expect("read").len(), 1);
}

/// The old one leads to a leaf that is not there any more.
pub async fn an_earlier_welcome_goes_when_the_device_joins_again(store: SharedStore) {
    let people = People::new(store.clone());
    let (anna, berta) = (people.account().await, people.account().await);
    let group = people.group(&[anna, berta]).await;
    let mut remove = people.commit(group, anna, 1);
    remove.leaves = vec![berta];
    stored(store.append_commit(remove).await);
    assert_eq!(store.welcomes(berta, 10).await.expect("read").len(), 1);
    let mut add = people.commit(group, anna, 2);
    add.joins = vec![berta];
    add.welcome = Some(Bytes(b"again".to_vec()));
    stored(store.append_commit(add).await);
    let welcomes = store.welcomes(berta, 10).await.expect("read");
    assert_eq!(welcomes.len(), 1);
    assert_eq!((welcomes[0].seq, welcomes[0].welcome.0.as_slice()), (3, b"again".as_slice()));
    // An acknowledgement of the old one that comes late leaves the later one there.
    store.acknowledge_welcome(berta, group, 1).await.expect("nothing to do");
    assert_eq!(store.welcomes(berta, 10).await.expect("read"), welcomes);
    let mut rejoin = people.external(group, berta, 3);
    rejoin.leaves = vec![berta];
    stored(store.append_commit(rejoin).await);
    assert_eq!(store.welcomes(berta, 10).await.expect("read"), []);
}

/// It starts anew, so what it had not fetched is kept for nobody.
pub async fn who_joins_anew_does_not_hold_back_what_it_missed(store: SharedStore) {
    let people = People::new(store.clone());
    let (anna, berta) = (people.account().await, people.account().await);
    let group = people.group(&[anna, berta]).await;
    people.says(group, anna, 1).await;
    people.acks(group, anna, 2).await;
    assert_eq!(people.reads(group, anna, 1).await, [2]);
    stored(store.append_commit(people.external(group, berta, 1)).await);
    assert_eq!(people.reads(group, anna, 1).await, [3]);
}
