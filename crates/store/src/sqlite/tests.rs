use std::sync::Arc;

use rusqlite::Connection;

use super::*;
use crate::conformance::{self, CountingFranking, People};
use crate::{Appended, Conversations as _, Settings as _, SharedStore, StoreError};

fn open(folder: &Path, mode: Mode) -> Arc<SqliteStore> {
    let franking = Arc::new(CountingFranking);
    let store = SqliteStore::open(folder.join("huis.db"), Options { franking, mode });
    Arc::new(store.expect("a store"))
}

fn fresh() -> (Connection, tempfile::TempDir) {
    let folder = tempfile::tempdir().expect("a folder");
    let mut db = connect(&folder.path().join("huis.db")).expect("a database");
    schema::migrate(&mut db).expect("migrated");
    (db, folder)
}

#[test]
fn the_schema_is_changed_on_purpose_alone() {
    let (db, _folder) = fresh();
    let mut found = db
        .prepare("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' ORDER BY rowid")
        .expect("a query");
    let found: Vec<String> =
        found.query_map([], |row| row.get(0)).expect("rows").collect::<rusqlite::Result<_>>().expect("texts");
    insta::assert_snapshot!(found.join(";\n"));
}

#[test]
fn every_table_is_strict() {
    let (db, _folder) = fresh();
    let lax: i64 = db
        .query_row(
            "SELECT count(*) FROM pragma_table_list WHERE schema = 'main' AND strict = 0 \
             AND name NOT LIKE 'sqlite_%'",
            [],
            |row| row.get(0),
        )
        .expect("a number");
    assert_eq!(lax, 0);
}

#[test]
fn many_that_migrate_at_once_all_find_it_done() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("huis.db");
    // Whether the file is a write-ahead one is decided before, as the lock file sees to it in a server.
    drop(connect(&path).expect("a database"));
    let all: Vec<_> = (0..8)
        .map(|_| {
            let path = path.clone();
            std::thread::spawn(move || {
                let mut db = connect(&path)?;
                schema::migrate(&mut db)?;
                db.query_row("SELECT incarnation FROM settings", [], |row| row.get::<_, [u8; 16]>(0))
            })
        })
        .collect();
    let mut seen: Vec<_> = all.into_iter().map(|one| one.join().expect("a thread").expect("migrated")).collect();
    seen.dedup();
    assert_eq!(seen.len(), 1, "one of them made it");
}

#[test]
fn no_hot_query_scans_a_table() {
    let (db, _folder) = fresh();
    for sql in [
        hot::LOAD_CONVERSATION,
        hot::LOAD_SEATS,
        hot::LOAD_DEVICE,
        hot::FORGET_ENTRIES,
        hot::STORE_CONVERSATION,
        hot::STORE_ACKED,
        hot::FREE_SEAT,
        hot::STORE_SUBMISSION,
        log::READ_SUBMISSION,
        log::ACCOUNTS_SEATS,
        repeats::FIND,
        delivery::SEATS,
        delivery::CURSORS,
        delivery::SEAT,
        delivery::PAGE,
        delivery::WELCOMES,
        delivery::HIGHEST_SUBMISSION,
        delivery::GROUP_INFO,
        delivery::OWN_CONVERSATIONS,
        delivery::ONE_CONVERSATION,
        delivery::ACCOUNTS_OF,
        delivery::ROOM,
        expiry::OLDEST_ENTRIES,
        lives::FIND_LIFE,
        lives::LOST_SINCE,
        lives::ACKNOWLEDGED,
        administration::ONE,
        administration::ALL,
        administration::OF_ROLE,
        administration::SUSPENDED,
        administration::BAR,
        administration::ACTED_ON,
        administration::SUSPENSION,
        administration::OTHER_HEAD,
        administration::SEEN,
        audit::ACTOR,
        audit::PAGE,
        audit::BACK,
        bans::BY_TARGET,
        bans::BY_ID,
        bans::OF_NAME,
        bans::DROP,
        archives::STANDING,
        archives::SEGMENTS,
        archives::BODY,
        archives::TOTALS,
        archives::SEGMENT_BYTES,
        reports::OWN,
        reports::PAGE,
        reports::ONE,
        reports::TAKE,
        reports::CLOSE,
        reports::OLD,
        accounts::SLOT_TAKEN,
        accounts::ACCOUNT_BY_NAME,
        accounts::ACCOUNT_BY_ID,
        accounts::PASSWORD,
        accounts::NEWEST_PASSWORD,
        identities::NEWEST_OF_ALL,
        accounts::DEVICE_LISTS,
        second_factors::FIND,
        second_factors::ENABLE,
        second_factors::USE_STEP,
        second_factors::ON,
        invitations::IS_GOOD,
        invitations::TAKE_USE,
        invitations::REVOKE,
        overrides::FIND,
        overrides::DROP,
        admin_visits::ENTER,
        admin_visits::FIND,
        admin_visits::NOTE,
        sessions::SESSION,
        sessions::SESSIONS,
        sessions::SESSION_BY_TOKEN,
        sessions::IDLE,
        push_subscriptions::DUE,
        files::UNFINISHED,
        files::OWN_USE,
        files::USE_BY_MESSAGES,
        files::UPLOAD,
        files::ADVANCE,
        files::READABLE,
        files::FOR_MESSAGE,
        files::LAST_END,
        files::OLD_REFERENCES,
        files::OLD_FILES,
        files::MARKED,
        time_locks::WAITING,
        time_locks::RELEASE,
        time_locks::NOTE_RELEASED,
        time_locks::OF_AUTHOR,
        time_locks::OLD,
        time_locks::OPENED,
        push_subscriptions::TAKE,
        push_subscriptions::WANTED,
        key_packages::COUNT,
        key_packages::TAKE_OLDEST,
        key_packages::LISTED,
        commits::DROP_WELCOME_BODIES,
        commits::DROP_WELCOMES_BETWEEN,
        contests::OLDEST,
        contests::UNSEATED_BEFORE,
        contests::UNSEATED_AT,
        contests::EXPELLED,
        undoing::EXPELLED_AT,
        undoing::EXPELLED_LATER,
        undoing::TAKES_PART_BEFORE,
        undoing::TOOK_NO_PART,
        undoing::BROUGHT_IN_LATER,
        undoing::HAND_ON_PART,
        undoing::TAKEN,
        undoing::UNSEATED_NEXT,
        undoing::UNSEATED_UNDER,
        undoing::ADDED_ONCE_MORE,
        group_infos::RESEED_GROUP_INFO,
        group_infos::GROUP_INFO_WANTED,
        group_infos::GROUP_INFOS_WANTED,
    ] {
        let mut plan = db.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).expect(sql);
        let mut rows = plan.raw_query();
        while let Some(row) = rows.next().expect("a row") {
            let step: String = row.get(3).expect("a text");
            let scans = step.starts_with("SCAN") && step != "SCAN CONSTANT ROW";
            assert!(!scans && !step.contains("TEMP B-TREE"), "{step}: {sql}");
        }
    }
}

#[tokio::test]
async fn an_account_that_is_deleted_leaves_no_second_factor() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path(), Mode::Threads);
    conformance::an_account_with_a_second_factor_is_deleted(store.clone() as SharedStore).await;
    let left = store.write(|writer| {
        let left = "SELECT (SELECT count(*) FROM recovery_codes), \
             (SELECT count(*) FROM accounts WHERE deleted_at_ms > 0 AND second_factor = x'')";
        Ok(writer.db.query_row(left, [], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?)))?)
    });
    assert_eq!(left.await.expect("read"), (0, 1));
}

/// Lets the database grow by no page more, or lets it grow again.
async fn set_full(store: &SqliteStore, is_full: bool) {
    let most = if is_full { 1 } else { 1_000_000_000 };
    let set = store.write(move |writer| {
        // SQLite takes the size that the file has for a limit below it.
        let set = format!("PRAGMA max_page_count = {most}");
        Ok(writer.db.query_row(&set, [], |_| Ok(()))?)
    });
    set.await.expect("set");
}

#[tokio::test]
async fn a_full_disk_is_told_and_the_store_is_well_again_when_there_is_space() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path(), Mode::Threads);
    let people = People::new(store.clone() as SharedStore);
    let anna = people.account().await;
    let group = people.group(&[anna]).await;
    let before = people.says(group, anna, 1).await;
    set_full(&store, true).await;
    let mut large = people.message(group, anna, 1);
    large.payload = vec![7; 100_000].into();
    let refused = store.append(large.clone()).await;
    assert!(matches!(refused, Err(StoreError::Full)), "{refused:?}");
    assert_eq!(people.reads(group, anna, 1).await, [before.seq]);
    set_full(&store, false).await;
    // Nothing in memory is left of the one that failed: it is the next, and no repeat.
    let answer = store.append(large).await.expect("stored");
    assert!(matches!(answer, Appended::Stored(entry) if entry.seq == before.seq + 1));
    store.check().await.expect("well again");
}

#[tokio::test]
async fn a_message_for_which_there_is_no_space_is_not_overtaken_by_a_smaller_one() {
    for mode in [Mode::Threads, Mode::Inline] {
        let folder = tempfile::tempdir().expect("a folder");
        let store = open(folder.path(), mode);
        let people = People::new(store.clone() as SharedStore);
        let (anna, berta) = (people.account().await, people.account().await);
        let group = people.group(&[anna, berta]).await;
        set_full(&store, true).await;
        let mut large = people.message(group, anna, 1);
        large.payload = vec![7; 100_000].into();
        let (small, others) = (people.message(group, anna, 1), people.message(group, berta, 1));
        let (first, then, other) =
            tokio::join!(store.append(large.clone()), store.append(small.clone()), store.append(others));
        assert!(matches!(first, Err(StoreError::Full)), "{first:?}");
        assert!(matches!(then, Err(StoreError::OutOfTurn)), "{then:?}");
        assert!(matches!(other, Ok(Appended::Stored(entry)) if entry.seq == 2), "for it there is space");
        set_full(&store, false).await;
        for (again, place) in [(large, 3), (small, 4)] {
            assert!(matches!(store.append(again).await, Ok(Appended::Stored(entry)) if entry.seq == place));
        }
    }
}

#[tokio::test]
async fn one_jobs_fault_leaves_the_others_of_its_batch_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path(), Mode::Threads);
    let people = People::new(store.clone() as SharedStore);
    let anna = people.account().await;
    let group = people.group(&[anna]).await;
    let (hold, held) = std::sync::mpsc::channel::<()>();
    let mut held = Some(held);
    // While this one runs, the others gather behind it and become one batch.
    let first = store.write(move |_| {
        if let Some(held) = held.take() {
            let _ = held.recv();
        }
        Ok(())
    });
    let faulty = store.write(|writer| {
        writer.db.execute("INSERT INTO rooms (name, conversation) VALUES ('x', 999)", [])?;
        Ok(())
    });
    let good = [people.message(group, anna, 1), people.message(group, anna, 1)];
    let [one, other] = good.map(|message| store.append(message));
    let release = async {
        tokio::task::yield_now().await;
        hold.send(()).expect("held");
    };
    let (first, one, faulty, other, ()) = tokio::join!(first, one, faulty, other, release);
    first.expect("done");
    assert!(matches!(faulty, Err(StoreError::Other(_))), "{faulty:?}");
    assert!(matches!(one, Ok(Appended::Stored(entry)) if entry.seq == 2));
    assert!(matches!(other, Ok(Appended::Stored(entry)) if entry.seq == 3));
    assert_eq!(people.reads(group, anna, 1).await, [2, 3]);
    assert!(store.room("x").await.expect("read").is_none());
}

#[tokio::test]
async fn a_lock_of_another_program_is_told_and_waited_out() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path(), Mode::Threads);
    let people = People::new(store.clone() as SharedStore);
    let anna = people.account().await;
    let group = people.group(&[anna]).await;
    let set = store.write(|writer| Ok(writer.db.busy_timeout(Duration::ZERO)?));
    set.await.expect("set");
    let other = Connection::open(folder.path().join("huis.db")).expect("another program");
    other.execute_batch("BEGIN IMMEDIATE").expect("its lock");
    let message = people.message(group, anna, 1);
    let refused = store.append(message.clone()).await;
    assert!(matches!(refused, Err(StoreError::Locked(_))), "{refused:?}");
    let check = store.check().await;
    assert!(matches!(check, Err(StoreError::Locked(_))), "{check:?}");
    other.execute_batch("ROLLBACK").expect("its lock is gone");
    store.check().await.expect("well again");
    let answer = store.append(message).await.expect("an answer");
    assert!(matches!(answer, Appended::Stored(entry) if entry.seq == 2));
}

#[tokio::test]
async fn a_writer_that_ends_by_a_bug_leaves_nobody_waiting() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path(), Mode::Threads);
    let broken = store.write(|_| -> Outcome<()> { panic!("a bug, on purpose") });
    assert!(matches!(broken.await, Err(StoreError::Stopped)));
    assert!(matches!(store.check().await, Err(StoreError::Stopped)));
    assert!(matches!(store.close().await, Err(StoreError::Other(_))));
}
