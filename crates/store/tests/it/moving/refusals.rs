//! Moves that are refused, each for its reason; what is in the source stays as it is.

use super::*;

/// Runs statements on a file, besides any store.
fn changes(path: &Path, sql: &str) {
    Connection::open(path).expect("a database").execute_batch(sql).expect(sql);
}

/// What a file says.
fn asked(path: &Path, sql: &str) -> String {
    Connection::open(path).expect("a database").query_row(sql, [], |row| row.get(0)).expect(sql)
}

fn of_store(ended: Result<Moved, MoveError>) -> StoreError {
    match ended {
        Err(MoveError::Store { error, .. }) => error,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn nothing_is_moved_into_a_store_that_is_not_empty() {
    let Some(database) = database() else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let (first, second) = (file(&folder, "first"), file(&folder, "second"));
    filled(&first, 1).await;
    filled(&second, 1).await;
    let before = dump(&second);
    assert!(matches!(try_to_move(&sqlite(&first), &sqlite(&second)).await, Err(MoveError::Taken(_))));
    assert!(dump(&second) == before);
    moved(&sqlite(&first), &postgres(&database)).await;
    // Not even by the move that filled it.
    assert!(matches!(try_to_move(&sqlite(&first), &postgres(&database)).await, Err(MoveError::Taken(_))));
}

#[tokio::test]
async fn a_store_of_the_future_is_neither_moved_nor_moved_into() {
    let Some(database) = database() else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let (path, future) = (file(&folder, "store"), file(&folder, "future"));
    filled(&path, 1).await;
    filled(&future, 1).await;
    changes(&future, "PRAGMA user_version = 99");
    let store = node(&database).await;
    huis_store::Settings::close(&*store).await.expect("closed");
    database.ask("UPDATE huis_schema SET version = 99");
    for (from, to) in [
        (sqlite(&future), sqlite(&file(&folder, "one"))),
        (sqlite(&path), sqlite(&future)),
        (postgres(&database), sqlite(&file(&folder, "two"))),
        (sqlite(&path), postgres(&database)),
    ] {
        let error = of_store(try_to_move(&from, &to).await);
        assert!(matches!(error, StoreError::NewerSchema { found: 99, .. }), "{from} {to}: {error}");
    }
}

#[tokio::test]
async fn where_there_is_no_store_there_is_nothing_to_move() {
    let Some(database) = database() else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let nowhere = file(&folder, "nowhere");
    for from in [sqlite(&nowhere), postgres(&database)] {
        let error = of_store(try_to_move(&from, &sqlite(&file(&folder, "target"))).await);
        assert!(error.to_string().contains("no store"), "{error}");
    }
    assert!(!nowhere.exists() && !nowhere.with_extension("db.lock").exists());
    assert_eq!(database.ask("SELECT count(*) FROM information_schema.tables WHERE table_schema = 'public'"), "0");
}

#[tokio::test]
async fn nothing_is_moved_that_a_server_serves_from() {
    let (Some(database), Some(other)) = (database(), database()) else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let (path, other_file, empty) = (file(&folder, "store"), file(&folder, "other"), file(&folder, "empty"));
    filled(&path, 1).await;
    filled(&other_file, 1).await;
    let served = open(path.parent().expect("a folder"), Mode::Inline).expect("a store");
    let locked = |error: StoreError| assert!(matches!(error, StoreError::Locked(_)), "{error}");
    locked(of_store(try_to_move(&sqlite(&path), &postgres(&database)).await));
    locked(of_store(try_to_move(&sqlite(&other_file), &sqlite(&path)).await));
    drop(served);
    // A node that was started on an empty database, and one that serves from a full one.
    let node_of_target = node(&database).await;
    locked(of_store(try_to_move(&sqlite(&path), &postgres(&database)).await));
    huis_store::Settings::close(&*node_of_target).await.expect("closed");
    moved(&sqlite(&path), &postgres(&database)).await;
    let node_of_source = node(&database).await;
    locked(of_store(try_to_move(&postgres(&database), &sqlite(&empty)).await));
    locked(of_store(try_to_move(&postgres(&database), &postgres(&other)).await));
    huis_store::Settings::close(&*node_of_source).await.expect("closed");
    moved(&postgres(&database), &sqlite(&empty)).await;
}

#[tokio::test]
async fn a_node_is_seen_by_who_may_not_see_much() {
    let Some(database) = database() else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let path = file(&folder, "store");
    filled(&path, 1).await;
    let (name, mover) = (database.name().to_owned(), format!("mover_of_{}", database.name()));
    database.ask(&format!("CREATE ROLE {mover} LOGIN"));
    database.ask(&format!("ALTER DATABASE {name} OWNER TO {mover}"));
    let address = database.address().replacen("postgres@", &format!("{mover}@"), 1);
    let by_mover = Place::Postgres(Box::new(address.parse().expect("an address")));
    // A node that has another user's name, and serves from what the mover owns.
    let begun = PostgresStore::open(&address.parse().expect("an address"), Arc::new(CountingFranking)).await;
    huis_store::Settings::close(&begun.expect("a store")).await.expect("closed");
    let serving = node(&database).await;
    let error = of_store(try_to_move(&sqlite(&path), &by_mover).await);
    assert!(matches!(error, StoreError::Locked(_)), "{error}");
    huis_store::Settings::close(&*serving).await.expect("closed");
    moved(&sqlite(&path), &by_mover).await;
    database.ask(&format!("REASSIGN OWNED BY {mover} TO postgres"));
    database.ask(&format!("DROP ROLE {mover}"));
}

#[tokio::test]
async fn a_message_that_this_server_did_not_take_is_not_made_genuine_by_a_move() {
    let Some(database) = database() else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let (path, back) = (file(&folder, "store"), file(&folder, "back"));
    let before = filled(&path, 1_000).await;
    let (whole, id) = (dump(&path), before.said.id.to_string());
    let mac = asked(&path, &format!("SELECT hex(mac) FROM log WHERE id = x'{id}'"));
    changes(&path, &format!("UPDATE log SET mac = zeroblob(32) WHERE id = x'{id}'"));
    let error = of_store(try_to_move(&sqlite(&path), &postgres(&database)).await);
    assert!(matches!(error, StoreError::Damaged(_)), "{error}");
    assert!(is_half_moved(&postgres(&database)).await);
    // Half a store is no source either.
    assert!(matches!(of_store(try_to_move(&postgres(&database), &sqlite(&back)).await), StoreError::HalfMoved));
    // Put right again, it is gone on with where it was.
    changes(&path, &format!("UPDATE log SET mac = x'{mac}' WHERE id = x'{id}'"));
    assert!(dump(&path) == whole);
    let gone_on = moved(&sqlite(&path), &postgres(&database)).await;
    assert!(gone_on.found > 0 && gone_on.found < gone_on.rows, "{gone_on:?}");

    let seal = database.ask(&format!("SELECT encode(seal, 'hex') FROM log WHERE id = '\\x{id}'"));
    database.ask(&format!("UPDATE log SET seal = commitment WHERE id = '\\x{id}'"));
    let error = of_store(try_to_move(&postgres(&database), &sqlite(&back)).await);
    assert!(matches!(error, StoreError::Damaged(_)), "{error}");
    assert!(is_half_moved(&sqlite(&back)).await);
    database.ask(&format!("UPDATE log SET seal = '\\x{seal}' WHERE id = '\\x{id}'"));
    let gone_on = moved(&postgres(&database), &sqlite(&back)).await;
    assert!(gone_on.found > 0);
    assert!(dump(&back) == whole);
}

#[tokio::test]
async fn a_move_is_not_gone_on_with_from_another_store_or_from_one_that_has_changed() {
    let Some(database) = database() else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let (path, other) = (file(&folder, "store"), file(&folder, "other"));
    filled(&path, 600).await;
    filled(&other, 1).await;
    for target in [postgres(&database), sqlite(&file(&folder, "target"))] {
        // Cut off at a row that has a value which is no flag.
        changes(&path, "UPDATE members SET leaf = leaf + 2 WHERE device = 1");
        assert!(matches!(of_store(try_to_move(&sqlite(&path), &target).await), StoreError::Damaged(_)));
        changes(&path, "UPDATE members SET leaf = leaf - 2 WHERE device = 1");
        let another = try_to_move(&sqlite(&other), &target).await;
        assert!(matches!(another, Err(MoveError::OtherMove(_))), "{another:?}");
        // One byte of what had arrived.
        changes(&path, "UPDATE accounts SET opaque = x'6f7061717566' WHERE account = 1");
        let changed = try_to_move(&sqlite(&path), &target).await;
        assert!(matches!(changed, Err(MoveError::Changed { .. })), "{changed:?}");
        changes(&path, "UPDATE accounts SET opaque = x'6f7061717565' WHERE account = 1");
        let gone_on = moved(&sqlite(&path), &target).await;
        assert!(gone_on.found > 0 && gone_on.found < gone_on.rows, "{gone_on:?}");
    }
}

#[tokio::test]
async fn a_target_that_does_not_hold_what_was_sent_stays_closed() {
    let Some(database) = database() else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let (path, target) = (file(&folder, "store"), file(&folder, "target"));
    filled(&path, 10).await;
    changes(&path, "UPDATE members SET leaf = leaf + 2 WHERE device = 1");
    for place in [postgres(&database), sqlite(&target)] {
        assert!(matches!(of_store(try_to_move(&sqlite(&path), &place).await), StoreError::Damaged(_)));
    }
    changes(&path, "UPDATE members SET leaf = leaf - 2 WHERE device = 1");
    let loss = "UPDATE accounts SET email = 'x' WHERE account = 1";
    changes(&target, loss);
    database.ask(loss);
    for place in [postgres(&database), sqlite(&target)] {
        let differs = try_to_move(&sqlite(&path), &place).await;
        assert!(matches!(differs, Err(MoveError::Differs { .. })), "{differs:?}");
        assert!(is_half_moved(&place).await);
    }
}
