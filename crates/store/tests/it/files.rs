//! The database as a file: who may open it, and what a file that is not ours answers.

use std::path::Path;

use huis_proto::Bytes;
use huis_store::conformance::People;
use huis_store::sqlite::Mode;
use huis_store::{Accounts as _, Conversations as _, SharedStore, StoreError};
use rusqlite::Connection;

use crate::open;

/// Every file of the folder with its bytes, but for those that SQLite and the lock make beside a database.
fn database(folder: &Path) -> Vec<u8> {
    std::fs::read(folder.join("huis.db")).expect("the database")
}

#[tokio::test]
async fn a_second_store_on_the_same_file_is_refused_until_the_first_is_closed() {
    let folder = tempfile::tempdir().expect("a folder");
    let first = open(folder.path(), Mode::Threads).expect("a store");
    assert!(matches!(open(folder.path(), Mode::Inline), Err(StoreError::Locked(_))));
    huis_store::Settings::close(&*first).await.expect("closed");
    let second = open(folder.path(), Mode::Inline).expect("free again");
    drop(second);
    open(folder.path(), Mode::Threads).expect("free again");
}

#[tokio::test]
async fn a_newer_schema_is_refused_and_not_touched() {
    let folder = tempfile::tempdir().expect("a folder");
    drop(open(folder.path(), Mode::Threads).expect("a store"));
    let db = Connection::open(folder.path().join("huis.db")).expect("the file");
    db.pragma_update(None, "user_version", 99).expect("a version of the future");
    db.query_row("PRAGMA journal_mode = DELETE", [], |_| Ok(())).expect("one file");
    drop(db);
    let before = database(folder.path());
    let refused = open(folder.path(), Mode::Threads);
    assert!(matches!(refused, Err(StoreError::NewerSchema { found: 99, newest: 1 })));
    assert_eq!(database(folder.path()), before);
}

#[tokio::test]
async fn a_file_that_is_no_database_of_huis_is_refused_and_not_touched() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("huis.db");
    std::fs::write(&path, b"my diary, which is longer than the header of a database file. ".repeat(20))
        .expect("written");
    let before = database(folder.path());
    assert!(matches!(open(folder.path(), Mode::Threads), Err(StoreError::Damaged(_))));
    assert_eq!(database(folder.path()), before);
    std::fs::remove_file(&path).expect("removed");
    let other = Connection::open(&path).expect("another program's");
    other.execute_batch("PRAGMA application_id = 7; CREATE TABLE pets (name TEXT)").expect("made");
    drop(other);
    let before = database(folder.path());
    assert!(matches!(open(folder.path(), Mode::Threads), Err(StoreError::Damaged(_))));
    assert_eq!(database(folder.path()), before);
}

#[tokio::test]
async fn damaged_pages_are_told_as_damage() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path(), Mode::Inline).expect("a store");
    let people = People::new(store.clone() as SharedStore);
    people.account().await;
    drop((people, store));
    let path = folder.path().join("huis.db");
    let mut bytes = std::fs::read(&path).expect("read");
    // All but the first page, which names the others.
    bytes[4096..].fill(0xff);
    std::fs::write(&path, bytes).expect("written");
    let read = match open(folder.path(), Mode::Inline) {
        Ok(store) => store.account_by_name("anybody").await.map(|_| ()),
        Err(error) => Err(error),
    };
    assert!(matches!(read, Err(StoreError::Damaged(_))), "{read:?}");
}

#[tokio::test]
async fn what_was_stored_is_there_after_reopening() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path(), Mode::Threads).expect("a store");
    let people = People::new(store.clone() as SharedStore);
    let (anna, berta) = (people.account().await, people.account().await);
    let group = people.group(&[anna, berta]).await;
    let message = people.message(group, anna, 1);
    store.append(message.clone()).await.expect("stored");
    people.acks(group, anna, 2).await;
    let incarnation = huis_store::Settings::incarnation(&*store).await.expect("read");
    huis_store::Settings::close(&*store).await.expect("closed");
    let store = open(folder.path(), Mode::Inline).expect("the store again");
    let people = People::new(store.clone() as SharedStore);
    assert_eq!(people.cursor(group, anna).await, Some((2, 2)));
    assert_eq!(people.cursor(group, berta).await, Some((1, 2)));
    assert_eq!(people.reads(group, berta, 1).await, [2]);
    assert_eq!(store.welcomes(berta, 10).await.expect("read").len(), 1);
    assert_eq!(store.highest_submission(anna).await.expect("read"), message.submission);
    let again = store.append(message).await.expect("an answer");
    assert!(matches!(again, huis_store::Appended::Repeat { seq: 2, .. }), "{again:?}");
    let same = huis_store::Settings::incarnation(&*store).await.expect("read");
    assert_eq!(same, incarnation);
}

#[tokio::test]
async fn forgotten_ciphertext_is_gone_from_the_files() {
    const SECRET: &[u8] = b"the ciphertext of a message that everybody has";
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path(), Mode::Threads).expect("a store");
    let people = People::new(store.clone() as SharedStore);
    let anna = people.account().await;
    let group = people.group(&[anna]).await;
    let mut message = people.message(group, anna, 1);
    message.payload = Bytes(SECRET.repeat(100));
    store.append(message).await.expect("stored");
    let holds_it = || {
        std::fs::read_dir(folder.path()).expect("a folder").any(|file| {
            let bytes = std::fs::read(file.expect("a file").path()).expect("read");
            bytes.windows(SECRET.len()).any(|window| window == SECRET)
        })
    };
    assert!(holds_it(), "it stands somewhere while it is needed");
    people.acks(group, anna, 2).await;
    huis_store::Settings::close(&*store).await.expect("closed");
    assert!(!holds_it());
}

#[cfg(unix)]
#[tokio::test]
async fn the_files_are_the_owners_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path(), Mode::Threads).expect("a store");
    People::new(store.clone() as SharedStore).account().await;
    for file in std::fs::read_dir(folder.path()).expect("a folder") {
        let file = file.expect("a file");
        let mode = file.metadata().expect("metadata").permissions().mode();
        assert_eq!(mode & 0o077, 0, "{}", file.path().display());
    }
}
