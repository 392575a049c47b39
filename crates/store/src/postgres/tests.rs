use std::task::Poll;
use std::time::Duration;

use huis_proto::{Bytes32, TimeShare};
use huis_testpg::Database;

use super::*;
use crate::conformance::{self, CountingFranking, People};
use crate::{Append, Appended, Contests as _, Conversations as _, Dissenting, Locked, Settings as _, StoreError};

/// Some ten thousand of everything: small numbers of rows are read from end to end however well they are indexed.
const POPULATION: &str = "
    INSERT INTO accounts (account, id, username, skeleton, opaque, stretch_memory_kib, stretch_passes, stretch_lanes,
      identity_key, recovery_key, device_list_number, created_at_ms)
      SELECT n, decode(md5('a' || n), 'hex'), 'name' || n, 'name' || n, '', 1, 1, 1, decode(repeat('00', 32), 'hex'),
      decode(repeat('00', 32), 'hex'), 1, 1 FROM generate_series(1, 10000) n;
    UPDATE accounts SET role = account % 3 + 1 WHERE account % 100 = 0;
    INSERT INTO suspensions SELECT n, 'name' || n, '', 1, 0, '', 1 FROM generate_series(1, 10000) n;
    INSERT INTO bans SELECT decode(md5('b' || n), 'hex'), n % 2, 'name' || n, 'name' || n, '', 1, 0, '', 1
      FROM generate_series(1, 10000) n;
    INSERT INTO reports SELECT decode(md5('r' || n), 'hex'), n, n % 10000 + 1, 0, '', n, '', '', '', 0, 0, '', '', n % 3, '', 0,
      '', CASE n % 3 WHEN 2 THEN n ELSE 0 END FROM generate_series(1, 10000) n;
    INSERT INTO audit SELECT n, 1, decode(md5('a' || n), 'hex'), '', '', '', '', '', '', decode(repeat('00', 32), 'hex')
      FROM generate_series(1, 10000) n;
    INSERT INTO recovery_codes SELECT n, decode(md5('t' || n) || md5('u' || n), 'hex') FROM generate_series(1, 10000) n;
    INSERT INTO device_lists SELECT n, 1, '', '' FROM generate_series(1, 10000) n;
    INSERT INTO vaults SELECT n, 1, '' FROM generate_series(1, 10000) n;
    INSERT INTO account_states SELECT n, 1, '' FROM generate_series(1, 10000) n;
    INSERT INTO archives SELECT n, 2, '', 2, 2 FROM generate_series(1, 10000) n;
    INSERT INTO archive_segments SELECT n, m, decode(repeat('00', 32), 'hex'), 1, '', 'a' FROM generate_series(1, 10000) n,
      generate_series(1, 2) m;
    INSERT INTO devices (device, account, id) SELECT n, n, decode(md5('d' || n), 'hex') FROM generate_series(1, 10000) n;
    INSERT INTO sessions SELECT decode(md5('s' || n), 'hex'), n, n % 2 = 0, 1, n, 1, 0 FROM generate_series(1, 10000) n;
    INSERT INTO refresh_tokens SELECT decode(md5('t' || n) || md5('u' || n), 'hex'), decode(md5('s' || n), 'hex'), 1
      FROM generate_series(1, 10000) n;
    INSERT INTO push_subscriptions SELECT decode(md5('s' || n), 'hex'), '', '', '', n % 2 = 0 FROM generate_series(1, 10000) n;
    INSERT INTO admin_visits SELECT decode(md5('s' || n), 'hex'), decode(md5('v' || n) || md5('w' || n), 'hex'), n % 2 = 0, 1, 1, 1
      FROM generate_series(1, 10000) n;
    INSERT INTO invitations SELECT decode(md5('t' || n) || md5('u' || n), 'hex'), decode(md5('i' || n), 'hex'), 1, 1, '', n, n
      FROM generate_series(1, 10000) n;
    INSERT INTO overrides SELECT decode(md5('o' || n), 'hex'), '', '', n FROM generate_series(1, 10000) n;
    INSERT INTO key_packages (device, key_package) SELECT n % 10000 + 1, '' FROM generate_series(1, 20000) n;
    INSERT INTO last_resort_key_packages SELECT n, '' FROM generate_series(1, 10000) n;
    INSERT INTO conversations (conversation, id, kind, head, commit_counter, creator, created_by_submission, created_at_ms)
      SELECT n, decode(md5('c' || n), 'hex'), 1, 2, 1, n, 1, 1 FROM generate_series(1, 10000) n;
    INSERT INTO floors SELECT n, 0, 0 FROM generate_series(1, 10000) n;
    INSERT INTO group_infos SELECT n, 1, 0, n, 0, '' FROM generate_series(1, 10000) n;
    INSERT INTO direct_conversations SELECT n, n, n FROM generate_series(1, 10000) n;
    INSERT INTO rooms SELECT 'room' || n, n FROM generate_series(1, 10000) n;
    INSERT INTO participants SELECT n, (n + m) % 10000 + 1 FROM generate_series(1, 10000) n, generate_series(0, 1) m;
    INSERT INTO members SELECT n, (n + m) % 10000 + 1, 0, 0, 9223372036854775807, true
      FROM generate_series(1, 10000) n, generate_series(0, 1) m;
    INSERT INTO log SELECT n, m, 0, 1, decode(md5(n || 'm' || m), 'hex'), n, n, '', '', 'words'
      FROM generate_series(1, 10000) n, generate_series(1, 2) m;
    INSERT INTO submissions SELECT n, n, decode(md5(n || 'm' || m), 'hex'), m, 1, n
      FROM generate_series(1, 10000) n, generate_series(1, 2) m;
    INSERT INTO contests SELECT n, 1, n, 2, 1 FROM generate_series(1, 10000) n;
    INSERT INTO unseatings SELECT n, n, 1, n, 0, true, true FROM generate_series(1, 10000) n;
    INSERT INTO expulsions SELECT n, n, 1, true FROM generate_series(1, 10000) n;
    INSERT INTO seatings SELECT n, 1, n, n, true FROM generate_series(1, 10000) n;
    INSERT INTO dissents SELECT n, 1, n, true FROM generate_series(1, 10000) n;
    INSERT INTO welcome_bodies SELECT n, 1, 1, n, n, '' FROM generate_series(1, 10000) n;
    INSERT INTO welcomes (device, conversation, seq) SELECT n, n, 1 FROM generate_series(1, 10000) n;
    INSERT INTO files SELECT decode(md5('f' || n), 'hex'), n, 9, 9 - n % 2, 1, n, 0 FROM generate_series(1, 10000) n;
    INSERT INTO file_references SELECT decode(md5('f' || n), 'hex'), n, 1, n, n FROM generate_series(1, 10000) n;
    INSERT INTO time_locks SELECT n, n, decode(md5(n || 'm1'), 'hex'), n, n,
      decode(repeat('00', 32), 'hex') FROM generate_series(1, 10000) n;
    INSERT INTO restored_logs SELECT n, 0, 1, 1 FROM generate_series(1, 10000) n;
    ANALYZE";

/// Whatever is asked more often than now and then.
const HOT: &[&str] = &[
    batch::HOLD_CONVERSATIONS,
    batch::APPEND,
    held::HOLD_DEVICES,
    held::HOLD_CONVERSATION,
    held::HOLD_FLOOR,
    held::LOAD_DEVICE,
    held::LOAD_SEATS,
    held::SEAT_OF,
    acks::HOLD_FLOORS,
    acks::ACKNOWLEDGE,
    acks::FREE_SEATS,
    floors::LOOK,
    floors::LOOK_BY_ID,
    log::FIND_SUBMISSION,
    log::ACCOUNTS_SEATS,
    delivery::RECIPIENTS,
    delivery::CURSORS,
    delivery::PAGE,
    delivery::WELCOMES,
    delivery::GROUP_INFO,
    delivery::OWN_CONVERSATIONS,
    delivery::ONE_CONVERSATION,
    delivery::ROOM,
    expiry::OLDEST_ENTRIES,
    expiry::OLD_WELCOMES,
    expiry::OLD_KEYS,
    expiry::DROP_KEYS,
    expiry::DROP_WELCOMES,
    lives::LOST_SINCE,
    lives::ACKNOWLEDGED,
    administration::ONE,
    administration::ALL,
    administration::OF_ROLE,
    administration::SUSPENDED,
    administration::BAR,
    administration::HOLD_ACTED_ON,
    administration::SUSPENSION,
    administration::OTHER_HEAD,
    administration::SEEN,
    administration::SEEN_BY_TOKEN,
    audit::ACTOR,
    audit::NEWEST,
    audit::PAGE,
    audit::BACK,
    overrides::FIND,
    overrides::DROP,
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
    reports::HOLD_ONE,
    reports::TAKE,
    reports::CLOSE,
    reports::FORGET_OLD,
    accounts::SLOT_TAKEN,
    accounts::ACCOUNT_BY_NAME,
    accounts::ACCOUNT_BY_ID,
    accounts::PASSWORD,
    accounts::HOLD_ACCOUNT,
    accounts::DEVICE_LISTS,
    accounts::Sealed::Vault.find(),
    accounts::Sealed::AccountState.find(),
    accounts::Sealed::Vault.replace(),
    accounts::Sealed::AccountState.replace(),
    identities::NEWEST_SEALED,
    listing::CONVERSATIONS_OF_DEVICES,
    second_factors::FIND,
    second_factors::ENABLE,
    second_factors::USE_STEP,
    second_factors::HOLD_ON,
    invitations::IS_GOOD,
    invitations::HOLD_GOOD,
    invitations::TAKE_USE,
    invitations::REVOKE,
    admin_visits::ENTER,
    admin_visits::FIND,
    admin_visits::NOTE,
    sessions::SESSION,
    sessions::SESSIONS,
    sessions::SESSION_BY_TOKEN,
    sessions::HOLD_SESSION,
    sessions::END_IDLE,
    push_subscriptions::NOTE_AWAY,
    push_subscriptions::TAKE_DUE,
    files::HOLD_ACCOUNT,
    files::UNFINISHED,
    files::USE,
    files::UPLOAD,
    files::ADVANCE,
    files::READABLE,
    files::HOLD_FOR_MESSAGE,
    files::KEEP_UNTIL,
    files::HOLD,
    files::LAST_END,
    files::DROP_OLD,
    files::MARK_OLD,
    files::MARKED,
    files::MARK_ANEW,
    files::FORGET,
    time_locks::WAITING,
    time_locks::RELEASE,
    time_locks::NOTE_RELEASED,
    time_locks::HOLD_OF_AUTHOR,
    time_locks::FORGET_OLD,
    time_locks::TAKE_OPENED,
    push_subscriptions::WANTED,
    key_packages::STOCK,
    key_packages::TAKE_OLDEST,
    key_packages::LISTED,
    commits::DROP_WELCOME_BODIES,
    commits::DROP_WELCOMES_BETWEEN,
    commits::DROP_WELCOMES_OF_SEATS,
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
];

/// What a database does that chooses by what it knows of the tables.
const FREE_CHOICE: &str = "RESET enable_seqscan; RESET enable_hashjoin; RESET enable_mergejoin";

/// The plan that a node's connections use for this statement.
async fn plan(db: &Db, sql: &str) -> String {
    let connection = db.connection().expect("a connection");
    let count = (1..20).filter(|number| sql.contains(&format!("${number}"))).count();
    let nothing = vec!["NULL"; count].join(", ");
    let arguments = if count == 0 { String::new() } else { format!("({nothing})") };
    let asked = format!("PREPARE asked AS {sql}; EXPLAIN EXECUTE asked{arguments}; DEALLOCATE asked");
    let said = connection.simple_query(&asked).await.expect(sql);
    let lines = said.iter().filter_map(|message| match message {
        tokio_postgres::SimpleQueryMessage::Row(row) => row.get(0),
        _ => None,
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// The plans that read a table from end to end, of the statements that run all the time.
async fn scans(db: &Db) -> Vec<String> {
    let mut scans = Vec::new();
    let pages = moving::pages();
    for sql in HOT.iter().copied().chain(pages.iter().map(String::as_str)) {
        let plan = plan(db, sql).await;
        assert!(plan.contains("cost="), "{sql}");
        if plan.contains("Seq Scan on") {
            scans.push(format!("{sql}\n{plan}"));
        }
    }
    scans
}

/// A store in an empty database, and a connection of its.
async fn opened(database: &Database<'_>) -> (PostgresStore, Db) {
    let address: DatabaseAddress = database.address().parse().expect("an address");
    let store = PostgresStore::open(&address, Arc::new(CountingFranking)).await.expect("a store");
    let db = store.pools.general.lend().await.expect("a connection");
    (store, db)
}

#[tokio::test]
async fn no_hot_statement_reads_a_table_from_end_to_end() {
    let Some(database) = huis_testpg::shared().map(|server| server.database()) else { return };
    let (_store, db) = opened(&database).await;
    db.run(POPULATION).await.expect("populated");
    db.run(FREE_CHOICE).await.expect("set");
    let scans = scans(&db).await;
    assert!(scans.is_empty(), "{}", scans.join("\n\n"));
    // What has no index is seen.
    assert!(plan(&db, "SELECT 1 FROM accounts WHERE email = $1").await.contains("Seq Scan on accounts"));
}

#[tokio::test]
async fn no_plan_that_is_made_while_tables_are_empty_reads_them_from_end_to_end_when_they_have_grown() {
    let Some(database) = huis_testpg::shared().map(|server| server.database()) else { return };
    let (_store, db) = opened(&database).await;
    let scans = scans(&db).await;
    assert!(scans.is_empty(), "{}", scans.join("\n\n"));
}

#[tokio::test]
async fn locks_that_wait_are_counted_by_the_index_alone() {
    let Some(database) = huis_testpg::shared().map(|server| server.database()) else { return };
    let (_store, db) = opened(&database).await;
    db.run(POPULATION).await.expect("populated");
    db.run(FREE_CHOICE).await.expect("set");
    let plan = plan(&db, time_locks::WAITING).await;
    assert!(plan.contains("Index Only Scan using time_locks_by_account"), "{plan}");
}

#[tokio::test]
async fn what_is_said_and_acknowledged_is_looked_up_by_whole_keys_however_much_is_there() {
    let Some(database) = huis_testpg::shared().map(|server| server.database()) else { return };
    let (_store, db) = opened(&database).await;
    let whole = [
        (batch::APPEND, "Index Cond: ((author = d.device) AND (conversation = c.conversation) AND (id = i.id))"),
        (acks::ACKNOWLEDGE, "Index Cond: ((device = u.device) AND (conversation = u.conversation))"),
        (acks::FREE_SEATS, "Index Cond: ((device = u.device) AND (conversation = u.conversation))"),
    ];
    for (sql, key) in whole {
        let plan = plan(&db, sql).await;
        assert!(plan.contains(key), "{plan}");
    }
    db.run(POPULATION).await.expect("populated");
    db.run(FREE_CHOICE).await.expect("set");
    let plan = plan(&db, batch::APPEND).await;
    assert!(plan.contains(whole[0].1), "{plan}");
}

#[tokio::test]
async fn an_account_that_is_deleted_leaves_no_second_factor() {
    let Some(database) = huis_testpg::shared().map(|server| server.database()) else { return };
    let (store, db) = opened(&database).await;
    conformance::an_account_with_a_second_factor_is_deleted(Arc::new(store)).await;
    assert!(!db.exists("SELECT 1 FROM recovery_codes", &[]).await.expect("read"));
    let emptied = "SELECT 1 FROM accounts WHERE deleted_at_ms > 0 AND octet_length(second_factor) = 0";
    assert!(db.exists(emptied, &[]).await.expect("read"));
}

#[test]
fn the_schema_is_changed_on_purpose_alone() {
    insta::assert_snapshot!(schema::STEPS.join("\n"));
}

#[tokio::test]
async fn acknowledged_is_on_disk_also_where_the_database_does_not_wait_for_that_by_itself() {
    let Some(database) = huis_testpg::shared().map(|server| server.database()) else { return };
    let address: DatabaseAddress = database.address().parse().expect("an address");
    for (set, found) in [("off", "on"), ("on", "on"), ("remote_apply", "remote_apply")] {
        database.ask(&format!(
            "ALTER DATABASE {} SET synchronous_commit = {set}",
            database.ask("SELECT current_database()")
        ));
        let store = PostgresStore::open(&address, Arc::new(CountingFranking)).await.expect("a store");
        for pool in [&store.pools.general, &store.pools.hot] {
            let db = pool.lend().await.expect("a connection");
            let row = db.row("SELECT current_setting('synchronous_commit')", &[]).await.expect("read").expect("a row");
            assert_eq!(row.get::<_, String>(0), found);
        }
    }
}

#[tokio::test]
async fn what_takes_too_long_is_given_up_with_its_connection() {
    let Some(database) = huis_testpg::shared().map(|server| server.database()) else { return };
    let address: DatabaseAddress = database.address().parse().expect("an address");
    let store = PostgresStore::open(&address, Arc::new(CountingFranking)).await.expect("a store");
    let pid = async |db: &Db| -> i32 {
        let row = db.row("SELECT pg_backend_pid()", &[]).await.expect("read").expect("a row");
        row.get(0)
    };
    let db = store.pools.general.lend().await.expect("a connection");
    let before = pid(&db).await;
    let done: Outcome<()> = pool::in_time(Duration::ZERO, db, std::future::pending()).await;
    assert!(matches!(done.map_err(Fault::told), Err(StoreError::Unavailable(_))));
    let db = store.pools.general.lend().await.expect("a connection");
    assert_ne!(pid(&db).await, before, "it is not lent again");
}

#[tokio::test]
async fn a_store_with_a_writer_that_ended_by_a_bug_is_not_called_well() {
    let Some(database) = huis_testpg::shared().map(|server| server.database()) else { return };
    let address: DatabaseAddress = database.address().parse().expect("an address");
    for writer in 0..writers::WRITERS {
        let store = PostgresStore::open(&address, Arc::new(CountingFranking)).await.expect("a store");
        store.check().await.expect("well");
        let mut tasks = store.take_tasks();
        let task = tasks.swap_remove(writer);
        task.abort();
        task.await.expect_err("ended");
        assert!(matches!(store.check().await, Err(StoreError::Stopped)));
    }
}

/// The first one waits for a row when the way to the database breaks, and the second one behind it.
#[tokio::test]
async fn what_waits_behind_a_message_that_was_not_taken_does_not_overtake_it() {
    let Some(database) = huis_testpg::shared().map(|server| server.database()) else { return };
    let address: DatabaseAddress = database.address().parse().expect("an address");
    let store = Arc::new(PostgresStore::open(&address, Arc::new(CountingFranking)).await.expect("a store"));
    let people = People::new(store.clone());
    let anna = people.account().await;
    let group = people.group(&[anna]).await;
    let holder = store.pools.general.lend().await.expect("a connection");
    holder.begin().await.expect("begun");
    held::conversation(&holder, group).await.expect("read").expect("a conversation");
    let (first, second) = (people.message(group, anna, 1), people.message(group, anna, 1));
    let (node, message) = (Arc::clone(&store), first.clone());
    let one = tokio::spawn(async move { node.append(message).await });
    let observer = store.pools.general.lend().await.expect("a connection");
    let waits = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    let pid: i32 = loop {
        if let Some(row) = observer.row(waits, &[]).await.expect("read") {
            break row.get(0);
        }
    };
    let mut other = store.append(second.clone());
    let is_behind = std::future::poll_fn(|context| Poll::Ready(other.as_mut().poll(context).is_pending()));
    assert!(is_behind.await);
    observer.rows("SELECT pg_terminate_backend($1)", &[&pid]).await.expect("ended");
    holder.roll_back().await.expect("free again");
    assert!(matches!(one.await, Ok(Err(StoreError::Unavailable(_)))));
    assert!(matches!(other.await, Err(StoreError::OutOfTurn)));
    for (again, place) in [(first, 2), (second, 3)] {
        assert!(matches!(store.append(again).await, Ok(Appended::Stored(entry)) if entry.seq == place));
    }
}

/// She has no seat that a removal from her list would find and hold.
#[tokio::test]
async fn a_dissent_seats_no_device_that_is_being_taken_off_its_list() {
    let Some(database) = huis_testpg::shared().map(|server| server.database()) else { return };
    let address: DatabaseAddress = database.address().parse().expect("an address");
    let store = Arc::new(PostgresStore::open(&address, Arc::new(CountingFranking)).await.expect("a store"));
    let people = People::new(store.clone());
    let (mallory, anna, berta) = (people.account().await, people.account().await, people.account().await);
    let group = people.group(&[mallory, anna, berta]).await;
    let mut commit = people.commit(group, mallory, 1);
    (commit.leaves, commit.out) = (vec![berta], vec![berta.account]);
    assert!(matches!(store.append_commit(commit).await, Ok(Appended::Stored(entry)) if entry.seq == 2));
    people.acks(group, berta, 2).await;

    let db = store.pools.general.lend().await.expect("a connection");
    db.begin().await.expect("begun");
    let held = accounts::hold(&db, berta.account).await.expect("read").expect("an account");
    listing::replace(&db, held.account, &[]).await.expect("replaced");
    let node = Arc::clone(&store);
    let dissenting = tokio::spawn(async move { node.dissent(anna, group, 2).await });
    let observer = store.pools.general.lend().await.expect("a connection");
    let waits = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    while !dissenting.is_finished() && !observer.exists(waits, &[]).await.expect("read") {}
    db.commit().await.expect("done");
    assert!(matches!(dissenting.await, Ok(Ok(Dissenting::Taken(taken))) if taken.restored.is_empty()));
    let seated = "SELECT 1 FROM members JOIN devices USING (device) WHERE NOT listed AND last > 0";
    assert!(!observer.exists(seated, &[]).await.expect("read"));
}

/// The first one's lock is not to be seen yet when the second one is looked at.
#[tokio::test]
async fn locks_of_an_account_are_bounded_also_where_two_are_made_at_the_same_moment() {
    let Some(database) = huis_testpg::shared().map(|server| server.database()) else { return };
    let address: DatabaseAddress = database.address().parse().expect("an address");
    let store = Arc::new(PostgresStore::open(&address, Arc::new(CountingFranking)).await.expect("a store"));
    let people = People::new(store.clone());
    let anna = people.account().await;
    let tablet = people.second_device(anna).await;
    let (here, there) = (people.group(&[anna]).await, people.group(&[tablet]).await);
    let locked = |group, author| {
        let share = TimeShare(Bytes32([7; 32]));
        let lock = Locked { unlocks_at_ms: u64::from(u32::MAX), share, ends_at_ms: u64::MAX, most_waiting: 1 };
        Append { lock: Some(Box::new(lock)), ..people.message(group, author, 1) }
    };
    let (first, second) = (locked(here, anna), locked(there, tablet));

    let db = store.pools.general.lend().await.expect("a connection");
    db.begin().await.expect("begun");
    let done = files::append(&db, &CountingFranking, &first).await.expect("an answer");
    assert!(matches!(done, Appended::Stored(_)));
    let node = Arc::clone(&store);
    let other = tokio::spawn(async move { node.append(second).await });
    let observer = store.pools.general.lend().await.expect("a connection");
    let waits = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    while !other.is_finished() && !observer.exists(waits, &[]).await.expect("read") {}
    db.commit().await.expect("done");
    assert!(matches!(other.await, Ok(Ok(Appended::TooManyLocks))));
}
