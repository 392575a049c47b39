//! A database that goes away and comes back.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use huis_proto::MessageId;
use huis_store::conformance::People;
use huis_store::{Appended, Conversations as _, Settings as _, SharedStore, StoreError};
use huis_testpg::Server;
use tokio::task::JoinHandle;

use super::node;

/// Devices go on as clients do: what is not answered is sent again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_acknowledged_is_there_once_after_the_database_was_restarted_in_mid_append() {
    const RESTARTS: usize = 2;
    let Some(server) = Server::start() else { return };
    let database = server.database();
    let nodes = [node(&database).await, node(&database).await];
    let people = People::new(nodes[0].clone() as SharedStore);
    let mut authors = Vec::new();
    for _ in 0..4 {
        authors.push(people.account().await);
    }
    let group = people.group(&authors).await;
    let acknowledged: Arc<Mutex<BTreeMap<u64, MessageId>>> = Arc::default();
    let enough = Arc::new(AtomicBool::new(false));
    let speakers: Vec<_> = authors
        .iter()
        .enumerate()
        .map(|(place, author)| {
            let (store, people, author) = (nodes[place % 2].clone(), people.clone(), *author);
            let (acknowledged, enough) = (acknowledged.clone(), enough.clone());
            tokio::spawn(async move {
                let mut faults = 0u32;
                while !enough.load(Ordering::Relaxed) {
                    let message = people.message(group, author, 1);
                    loop {
                        match store.append(message.clone()).await {
                            Ok(
                                Appended::Stored(huis_proto::frames::LogEntry { seq, .. })
                                | Appended::Repeat { seq, .. },
                            ) => {
                                let before = acknowledged.lock().expect("whole").insert(seq, message.id);
                                assert_eq!(before, None, "place {seq} was given twice");
                                break;
                            }
                            Ok(other) => panic!("{other:?}"),
                            Err(StoreError::Unavailable(_) | StoreError::Busy) => {
                                faults += 1;
                                assert!(faults < 10_000, "it does not come back");
                                tokio::time::sleep(std::time::Duration::from_millis(5)).await;
                            }
                            Err(other) => panic!("{other}"),
                        }
                    }
                }
                faults
            })
        })
        .collect();
    // Or a speaker has ended by itself, which is told below.
    let reached = async |count: usize| {
        while acknowledged.lock().expect("whole").len() < count && !speakers.iter().any(JoinHandle::is_finished) {
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
    };
    for restart in 1..=RESTARTS {
        reached(restart * 300).await;
        server.crash();
        server.go_on();
    }
    reached(RESTARTS * 300 + 300).await;
    enough.store(true, Ordering::Relaxed);
    let mut faults = 0;
    for speaker in speakers {
        faults += speaker.await.expect("a speaker");
    }
    assert!(faults > 0, "the restarts were noticed");
    nodes[1].check().await.expect("well again");
    let page = nodes[1].log_page(authors[0], group, 1, 1_000_000, 1 << 30).await.expect("a page");
    let found: BTreeMap<u64, MessageId> = page.entries.iter().map(|entry| (entry.seq, entry.id)).collect();
    let acknowledged = acknowledged.lock().expect("whole").clone();
    assert_eq!(found, acknowledged, "what is there is what was acknowledged, each once and in its place");
    assert!(found.keys().copied().eq(2..2 + found.len() as u64), "places without gaps");
}

#[tokio::test]
async fn a_database_that_is_away_is_told_and_the_store_is_well_again_when_it_is_back() {
    let Some(server) = Server::start() else { return };
    let database = server.database();
    let store = node(&database).await;
    let people = People::new(store.clone() as SharedStore);
    let anna = people.account().await;
    let group = people.group(&[anna]).await;
    server.crash();
    let message = people.message(group, anna, 1);
    let refused = store.append(message.clone()).await;
    assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");
    assert!(matches!(store.check().await, Err(StoreError::Unavailable(_))));
    assert!(matches!(store.cursors(anna).await, Err(StoreError::Unavailable(_))));
    server.go_on();
    store.check().await.expect("well again");
    assert!(matches!(store.append(message).await, Ok(Appended::Stored(entry)) if entry.seq == 2));
}
