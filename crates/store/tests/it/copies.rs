//! A database that is copied and looked at from beside while a store has it open.

use std::path::Path;

use huis_store::conformance::People;
use huis_store::sqlite::{Mode, SqliteStore, copy, inspect, is_held};
use huis_store::{Settings as _, SharedStore, StoreError};
use rusqlite::Connection;
use tokio::runtime::Runtime;

use crate::open;

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread().build().expect("a runtime")
}

/// An empty file in the folder.
fn target(folder: &Path) -> std::path::PathBuf {
    let to = folder.join("copy.db");
    std::fs::write(&to, b"").expect("an empty file");
    to
}

fn opened(path: &Path) -> People {
    let franking = std::sync::Arc::new(huis_store::conformance::CountingFranking);
    let options = huis_store::sqlite::Options { franking, mode: Mode::Inline };
    People::new(std::sync::Arc::new(SqliteStore::open(path, options).expect("the copy")) as SharedStore)
}

#[test]
fn a_copy_is_of_one_moment_and_the_store_goes_on_writing() {
    let (folder, runtime) = (tempfile::tempdir().expect("a folder"), runtime());
    let store = open(folder.path(), Mode::Inline).expect("a store");
    let people = People::new(store.clone() as SharedStore);
    let (anna, group) = runtime.block_on(async {
        let anna = people.account().await;
        let group = people.group(&[anna]).await;
        for _ in 0..100 {
            let mut message = people.message(group, anna, 1);
            message.payload = vec![7; 60_000].into();
            huis_store::Conversations::append(&*store, message).await.expect("stored");
        }
        (anna, group)
    });
    let before = runtime.block_on(people.cursor(group, anna)).expect("a seat").1;
    let (from, to) = (folder.path().join("huis.db"), target(folder.path()));
    let mut steps = Vec::new();
    let copied = copy(&from, &to, &mut |done, all| {
        steps.push((done, all));
        // Not for ever, should it begin anew with each.
        if steps.len() < 5 {
            runtime.block_on(people.says(group, anna, 1));
        }
    });
    let copied = copied.expect("a copy");
    assert!(steps.len() >= 3, "in several steps: {steps:?}");
    assert!(steps.iter().all(|(done, all)| *all == steps[0].1 && done <= all), "{steps:?}");
    assert_eq!(steps.last().map(|(done, all)| done == all), Some(true));
    assert_eq!(copied.incarnation, runtime.block_on(store.incarnation()).expect("read"));
    assert_eq!(runtime.block_on(people.cursor(group, anna)).expect("a seat").1, before + 4, "it went on");
    let mut names: Vec<_> =
        std::fs::read_dir(folder.path()).expect("a folder").map(|file| file.expect("a file").file_name()).collect();
    names.sort();
    assert!(!names.iter().any(|name| name.to_string_lossy().starts_with("copy.db-")), "one file: {names:?}");
    let there = opened(&to);
    assert_eq!(runtime.block_on(there.cursor(group, anna)).expect("a seat").1, before);
}

#[test]
fn what_is_copied_is_looked_at_page_by_page() {
    let (folder, runtime) = (tempfile::tempdir().expect("a folder"), runtime());
    let store = open(folder.path(), Mode::Inline).expect("a store");
    let people = People::new(store.clone() as SharedStore);
    runtime.block_on(people.account());
    runtime.block_on(store.close()).expect("closed");
    drop((people, store));
    let from = folder.path().join("huis.db");
    let mut bytes = std::fs::read(&from).expect("read");
    bytes[4096 * 2..4096 * 4].fill(0x5a);
    std::fs::write(&from, bytes).expect("written");
    let told = copy(&from, &target(folder.path()), &mut |_, _| {});
    assert!(matches!(told, Err(StoreError::Damaged(_))), "{told:?}");
    let told = inspect(&from);
    assert!(matches!(told, Err(StoreError::Damaged(_))), "{told:?}");
}

#[test]
fn a_look_from_beside_tells_what_is_there_and_who_has_it() {
    let (folder, runtime) = (tempfile::tempdir().expect("a folder"), runtime());
    let path = folder.path().join("huis.db");
    assert_eq!(inspect(&path).expect("a look"), None);
    assert!(!is_held(&path).expect("a look"), "there is no lock where there is no store");
    let store = open(folder.path(), Mode::Inline).expect("a store");
    let found = inspect(&path).expect("a look").expect("a store");
    assert_eq!((found.schema, found.newest_ms), (1, 0));
    assert!(is_held(&path).expect("a look"));
    let people = People::new(store.clone() as SharedStore);
    let entry = runtime.block_on(async {
        let anna = people.account().await;
        let group = people.group(&[anna]).await;
        people.says(group, anna, 1).await
    });
    let found = inspect(&path).expect("a look").expect("a store");
    assert_eq!(found.newest_ms, entry.received_at_ms);
    runtime.block_on(store.close()).expect("closed");
    drop((people, store));
    assert!(!is_held(&path).expect("a look"));
    Connection::open(&path).expect("the file").pragma_update(None, "user_version", 99).expect("a later version");
    assert!(matches!(inspect(&path), Err(StoreError::NewerSchema { found: 99, .. })));
}
