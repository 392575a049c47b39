//! Two nodes and more on one database.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::task::Poll;

use huis_proto::Bytes;
use huis_store::conformance::People;
use huis_store::postgres::PostgresStore;
use huis_store::{
    Append, Appended, Contests as _, Conversations as _, KeyPackages as _, Settings as _, SharedStore, StoreError,
};

use super::{database, node};

#[tokio::test]
async fn many_nodes_that_start_at_once_migrate_once() {
    let Some(database) = database() else { return };
    let nodes: Vec<_> = (0..5)
        .map(|_| {
            let address = database.address().parse().expect("an address");
            tokio::spawn(async move {
                let franking = Arc::new(huis_store::conformance::CountingFranking);
                let store = PostgresStore::open(&address, franking).await.expect("a store");
                store.incarnation().await.expect("read")
            })
        })
        .collect();
    let mut incarnations = BTreeSet::new();
    for node in nodes {
        incarnations.insert(node.await.expect("a node"));
    }
    assert_eq!(incarnations.len(), 1, "one of them made the store");
    assert_eq!(database.ask("SELECT version FROM huis_schema"), "1");
}

#[tokio::test]
async fn a_newer_schema_is_refused_and_not_touched() {
    let Some(database) = database() else { return };
    node(&database).await.close().await.expect("closed");
    database.ask("UPDATE huis_schema SET version = 99");
    let address = database.address().parse().expect("an address");
    let refused = PostgresStore::open(&address, Arc::new(huis_store::conformance::CountingFranking)).await;
    assert!(matches!(refused.err(), Some(StoreError::NewerSchema { found: 99, newest: 1 })));
    assert_eq!(database.ask("SELECT version FROM huis_schema"), "99");
}

#[tokio::test]
async fn a_database_of_another_program_is_refused() {
    let Some(database) = database() else { return };
    database.ask("CREATE TABLE accounts (pet TEXT)");
    let address = database.address().parse().expect("an address");
    let refused = PostgresStore::open(&address, Arc::new(huis_store::conformance::CountingFranking)).await;
    assert!(matches!(refused.err(), Some(StoreError::Damaged(_))));
    assert_eq!(database.ask("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"), "2");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_commits_by_two_nodes_at_one_place_one_wins() {
    let Some(database) = database() else { return };
    let (one, other) = (node(&database).await, node(&database).await);
    let people = People::new(one.clone() as SharedStore);
    let (anna, berta) = (people.account().await, people.account().await);
    let group = people.group(&[anna, berta]).await;
    for follows in 1..=20 {
        let (by_anna, by_berta) = (people.commit(group, anna, follows), people.commit(group, berta, follows));
        let (here, there) = (one.clone(), other.clone());
        let here = tokio::spawn(async move { here.append_commit(by_anna).await.expect("an answer") });
        let there = tokio::spawn(async move { there.append_commit(by_berta).await.expect("an answer") });
        let answers = [here.await.expect("a node"), there.await.expect("a node")];
        let won = answers.iter().filter(|answer| matches!(answer, Appended::Stored(_))).count();
        let behind = Appended::Behind { commit_counter: follows + 1 };
        assert_eq!((won, answers.contains(&behind)), (1, true), "{answers:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn appends_by_two_nodes_leave_no_gap_and_have_one_order() {
    const EACH: usize = 200;
    let Some(database) = database() else { return };
    let nodes = [node(&database).await, node(&database).await];
    let people = People::new(nodes[0].clone() as SharedStore);
    let mut authors = Vec::new();
    for _ in 0..6 {
        authors.push(people.account().await);
    }
    let groups = [people.group(&authors).await, people.group(&authors).await];
    let speakers: Vec<_> = authors
        .iter()
        .enumerate()
        .map(|(place, author)| {
            let (store, people, author) = (nodes[place % 2].clone(), people.clone(), *author);
            tokio::spawn(async move {
                let mut places = [Vec::new(), Vec::new()];
                for number in 0..EACH {
                    let message = people.message(groups[number % 2], author, 1);
                    match store.append(message).await.expect("an answer") {
                        Appended::Stored(entry) => places[number % 2].push(entry.seq),
                        other => panic!("{other:?}"),
                    }
                }
                places
            })
        })
        .collect();
    let mut told = [Vec::new(), Vec::new()];
    for speaker in speakers {
        let places = speaker.await.expect("a speaker");
        for (told, places) in told.iter_mut().zip(places) {
            assert!(places.is_sorted(), "each author's order");
            told.extend(places);
        }
    }
    for (group, mut told) in groups.into_iter().zip(told) {
        told.sort_unstable();
        let whole: Vec<u64> = (2..2 + (EACH / 2 * authors.len()) as u64).collect();
        assert_eq!(told, whole, "places without gaps, each given once");
        let page = nodes[1].log_page(authors[0], group, 1, 10_000, 1 << 30).await.expect("a page");
        let logged: Vec<u64> = page.entries.iter().map(|entry| entry.seq).collect();
        assert_eq!(logged, whole);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_submission_by_two_nodes_at_once_is_stored_once() {
    let Some(database) = database() else { return };
    let nodes = [node(&database).await, node(&database).await];
    let people = People::new(nodes[0].clone() as SharedStore);
    let anna = people.account().await;
    let group = people.group(&[anna]).await;
    for _ in 0..50 {
        let message = people.message(group, anna, 1);
        let sent: Vec<_> = nodes
            .iter()
            .map(|store| {
                let (store, message) = (store.clone(), message.clone());
                tokio::spawn(async move { store.append(message).await.expect("an answer") })
            })
            .collect();
        let mut places = Vec::new();
        let mut stored = 0;
        for answer in sent {
            match answer.await.expect("a node") {
                Appended::Stored(entry) => {
                    stored += 1;
                    places.push(entry.seq);
                }
                Appended::Repeat { seq, .. } => places.push(seq),
                other => panic!("{other:?}"),
            }
        }
        assert_eq!((stored, places[0]), (1, places[1]));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_package_is_taken_once_by_many_tasks_of_two_nodes() {
    let Some(database) = database() else { return };
    let nodes = [node(&database).await, node(&database).await];
    let people = People::new(nodes[0].clone() as SharedStore);
    let berta = people.account().await;
    let stock: Vec<Bytes> = (0..40u8).map(|number| Bytes(vec![number])).collect();
    nodes[0].put_key_packages(berta, stock, None, false).await.expect("stocked");
    let claims: Vec<_> = (0..8)
        .map(|task: usize| {
            let store = nodes[task % 2].clone();
            tokio::spawn(async move {
                let mut taken = Vec::new();
                for _ in 0..6 {
                    let claimed = store.claim_key_packages(berta.account, None, 1).await.expect("claimed");
                    let packages = claimed.expect("an account").packages;
                    taken.extend(packages.into_iter().map(|claimed| claimed.key_package[0]));
                }
                taken
            })
        })
        .collect();
    let mut taken = Vec::new();
    for claim in claims {
        taken.extend(claim.await.expect("a task"));
    }
    taken.sort_unstable();
    assert_eq!(taken, (0..40).collect::<Vec<u8>>(), "each once, and none left");
}

/// Rosters, lists, acknowledgements and messages of the same few people at once: nothing waits in a circle for good, and
/// what is kept agrees with itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_at_once_on_two_nodes_ends_well() {
    let Some(database) = database() else { return };
    let nodes = [node(&database).await, node(&database).await];
    let people = People::new(nodes[0].clone() as SharedStore);
    let mut members = Vec::new();
    for _ in 0..4 {
        members.push(people.account().await);
    }
    let groups = [people.group(&members).await, people.group(&members).await];
    let mut tasks = Vec::new();
    for (place, member) in members.iter().copied().enumerate() {
        let (store, people, others) = (nodes[place % 2].clone(), people.clone(), people.clone());
        tasks.push(tokio::spawn(async move {
            let mut follows = [1, 1];
            for number in 0..60 {
                let which = (number + place) % 2;
                let answer = if number % 6 == 0 {
                    store.append_commit(people.commit(groups[which], member, follows[which])).await
                } else {
                    store.append(people.message(groups[which], member, follows[which])).await
                };
                match answer.expect("an answer") {
                    Appended::Stored(entry) => follows[which] = entry.commit_counter,
                    Appended::Behind { commit_counter } => follows[which] = commit_counter,
                    other => panic!("{other:?}"),
                }
                let seen = store.cursors(member).await.expect("read");
                let acks = seen.iter().map(|cursor| (cursor.conversation, cursor.last)).collect();
                store.acknowledge(member, acks).await.expect("acknowledged");
            }
        }));
        let (store, people) = (nodes[(place + 1) % 2].clone(), others);
        tasks.push(tokio::spawn(async move {
            for _ in 0..6 {
                people.second_device(member).await;
                people.list(member.account, &[member]).await;
                store.conversations(member).await.expect("read");
            }
        }));
    }
    for task in tasks {
        task.await.expect("a task");
    }
    for group in groups {
        assert_eq!(people.recipients(group).await.len(), members.len());
        for member in &members {
            let (_, last) = people.cursor(group, *member).await.expect("a seat");
            people.acks(group, *member, last).await;
        }
        assert!(people.reads(group, members[0], 0).await.is_empty(), "everybody has everything");
    }
    assert_eq!(database.ask("SELECT count(*) FROM log"), "0");
}

#[tokio::test]
async fn a_long_log_is_forgotten_piece_by_piece() {
    let Some(database) = database() else { return };
    let store = node(&database).await;
    let people = People::new(store.clone() as SharedStore);
    let anna = people.account().await;
    let group = people.group(&[anna]).await;
    people.says(group, anna, 1).await;
    database.ask(
        "INSERT INTO log SELECT conversation, n, kind, commit_counter, id, author, received_at_ms, commitment, seal, \
         payload FROM log, generate_series(3, 5001) n WHERE seq = 2",
    );
    database.ask("UPDATE conversations SET head = 5001");
    let mut left = Vec::new();
    for _ in 0..3 {
        people.acks(group, anna, 5001).await;
        left.push(database.ask("SELECT count(*) FROM log"));
    }
    assert_eq!(left, ["3001", "1001", "0"]);
}

#[tokio::test]
async fn a_database_that_is_a_copy_to_be_read_alone_is_told_as_one_that_is_away() {
    let Some(database) = database() else { return };
    node(&database).await.close().await.expect("closed");
    let name = database.name();
    database.ask(&format!("ALTER DATABASE {name} SET default_transaction_read_only = on"));
    let address = database.address().parse().expect("an address");
    let refused = PostgresStore::open(&address, Arc::new(huis_store::conformance::CountingFranking)).await;
    assert!(matches!(refused.err(), Some(StoreError::Unavailable(_))));
}

#[tokio::test]
async fn words_that_somebody_writes_into_the_database_get_no_franking() {
    let Some(database) = database() else { return };
    let store = node(&database).await;
    let people = People::new(store.clone() as SharedStore);
    let (anna, berta) = (people.account().await, people.account().await);
    let group = people.group(&[anna, berta]).await;
    people.says(group, anna, 1).await;
    assert_eq!(people.reads(group, berta, 1).await, [2]);
    database.ask("UPDATE log SET author = (SELECT max(device) FROM devices) WHERE seq = 2");
    let read = store.log_page(berta, group, 1, 10, 1000).await;
    assert!(matches!(read, Err(StoreError::Damaged(_))), "{read:?}");
}

#[tokio::test]
async fn one_message_that_the_database_refuses_leaves_those_of_others_alone() {
    let Some(database) = database() else { return };
    let store = node(&database).await;
    let people = People::new(store.clone() as SharedStore);
    let (anna, berta) = (people.account().await, people.account().await);
    let group = people.group(&[anna, berta]).await;
    database.ask("ALTER TABLE log ADD CONSTRAINT no_sevens CHECK (octet_length(payload) <> 7777)");
    let message = |author, bytes: usize| Append { payload: Bytes(vec![7; bytes]), ..people.message(group, author, 1) };
    let (first, refused, behind) = (message(anna, 10), message(anna, 7777), message(anna, 10));
    let others = message(berta, 10);
    let (first, refused, behind, other) =
        tokio::join!(store.append(first), store.append(refused), store.append(behind), store.append(others));
    assert!(matches!(refused, Err(StoreError::Other(_))));
    assert!(matches!(behind, Err(StoreError::OutOfTurn)), "{behind:?}");
    let (Ok(Appended::Stored(first)), Ok(Appended::Stored(other))) = (first, other) else { panic!("not stored") };
    assert_eq!(first.seq.min(other.seq)..=first.seq.max(other.seq), 2..=3);
}

#[tokio::test]
async fn a_caller_that_goes_away_leaves_no_transaction_open() {
    let Some(database) = database() else { return };
    let store = node(&database).await;
    let people = People::new(store.clone() as SharedStore);
    let anna = people.account().await;
    let group = people.group(&[anna]).await;
    // In the end right behind the beginning.
    for steps in (1..200).rev() {
        let mut some_statements = store.want_group_info(anna, group, 7);
        for _ in 0..steps {
            let is_done =
                std::future::poll_fn(|context| Poll::Ready(some_statements.as_mut().poll(context).is_ready()));
            if is_done.await {
                break;
            }
            tokio::task::yield_now().await;
        }
    }
    assert_eq!(people.says(group, anna, 1).await.seq, 2);
    let open = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in%'";
    assert_eq!(database.ask(open), "0");
}
