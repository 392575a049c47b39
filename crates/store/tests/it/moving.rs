//! Whole stores that are moved from one backend into the other.

mod cut_off;
mod refusals;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use huis_proto::Bytes32;
use huis_store::conformance::{self, CountingFranking, Everything, everything};
use huis_store::moving::{Move, MoveError, Moved, Place};
use huis_store::postgres::PostgresStore;
use huis_store::sqlite::Mode;
use huis_store::{Appended, Conversations as _, Franking as _, Settings as _, SharedStore, StoreError};
use huis_testpg::Database;
use rusqlite::Connection;
use rusqlite::types::Value;
use tempfile::TempDir;

use crate::open;
use crate::postgres::{database, node};

/// The commitment of the suite's messages, which are no MLS messages.
fn commitment_of(payload: &[u8]) -> Option<Bytes32> {
    payload.starts_with(b"message").then_some(Bytes32([9; 32]))
}

fn file(folder: &TempDir, name: &str) -> PathBuf {
    let folder = folder.path().join(name);
    std::fs::create_dir_all(&folder).expect("a folder");
    folder.join("huis.db")
}

fn sqlite(path: &Path) -> Place {
    Place::Sqlite(path.to_owned())
}

fn postgres(database: &Database<'_>) -> Place {
    Place::Postgres(Box::new(database.address().parse().expect("an address")))
}

async fn try_to_move(from: &Place, to: &Place) -> Result<Moved, MoveError> {
    let (from, to) = (from.clone(), to.clone());
    Move { from, to, franking: Arc::new(CountingFranking), commitment_of }.run(&mut |_, _| {}).await
}

async fn moved(from: &Place, to: &Place) -> Moved {
    try_to_move(from, to).await.expect("moved")
}

/// A file with something in every table, closed.
async fn filled(path: &Path, messages: usize) -> Everything {
    let store = open(path.parent().expect("a folder"), Mode::Inline).expect("a store");
    let filled = everything(store.clone() as SharedStore, messages).await;
    store.close().await.expect("closed");
    filled
}

/// Whether nothing can serve from there, for a move that is not whole.
async fn is_half_moved(place: &Place) -> bool {
    let refused = match place {
        Place::Sqlite(path) => {
            let looked_at = huis_store::sqlite::inspect(path);
            assert!(matches!(looked_at, Err(StoreError::HalfMoved)), "{looked_at:?}");
            open(path.parent().expect("a folder"), Mode::Inline).err()
        }
        Place::Postgres(address) => PostgresStore::open(address, Arc::new(CountingFranking)).await.err(),
    };
    matches!(refused, Some(StoreError::HalfMoved))
}

/// Everything that a file holds, as it stands there, but for what the backend makes of it for itself.
fn dump(path: &Path) -> Vec<String> {
    let db = Connection::open(path).expect("a database");
    let mut tables = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name").expect("a query");
    let tables = tables.query_map([], |row| row.get::<_, String>(0)).expect("tables");
    let mut lines = Vec::new();
    for table in tables.map(|table| table.expect("a name")).filter(|table| table != "submission_index") {
        let columns = match table.as_str() {
            "settings" => "incarnation",
            "submissions" => "id, author, conversation, seq, commit_counter, received_at_ms",
            _ => "*",
        };
        let mut rows = db.prepare(&format!("SELECT {columns} FROM {table}")).expect("a query");
        let width = rows.column_count();
        let rows =
            rows.query_map([], |row| (0..width).map(|place| row.get::<_, Value>(place)).collect::<Result<Vec<_>, _>>());
        let rows = rows.expect("rows").map(|row| format!("{table}: {:?}", row.expect("a row")));
        lines.extend(rows);
    }
    // In an order of its own, which is not that of the move.
    lines.sort_unstable();
    lines
}

/// What the store's promises come to for one that was moved.
async fn works(store: SharedStore, before: &Everything) {
    let Everything { people, group, anna, berta, said, forgotten } = before;
    let again = store.append(forgotten.clone()).await.expect("an answer");
    assert!(matches!(again, Appended::Repeat { .. }), "{again:?}");
    let again = store.append(said.clone()).await.expect("an answer");
    let Appended::Repeat { seq, .. } = again else { panic!("{again:?}") };
    let page = store.log_page(*anna, *group, seq - 1, 1, 1 << 20).await.expect("a page");
    let mac = CountingFranking.mac(&Bytes32([9; 32]), *group, *berta, seq, said.received_at_ms);
    assert_eq!((page.entries[0].id, page.entries[0].mac), (said.id, Some(mac)));
    let answer = store.append(people.message(*group, *anna, 2)).await.expect("an answer");
    assert!(matches!(answer, Appended::Stored(_)), "{answer:?}");
}

#[tokio::test]
async fn a_store_moves_from_sqlite_to_postgresql_and_back_with_nothing_changed() {
    let (Some(database), folder) = (database(), tempfile::tempdir().expect("a folder")) else { return };
    let is_long = std::env::var_os("HUIS_LONG").is_some();
    let messages = if is_long { 100_000 } else { 1_500 };
    let (first, second) = (file(&folder, "first"), file(&folder, "second"));
    let before = filled(&first, messages).await;
    let whole = dump(&first);
    assert!(whole.len() > messages * 2);
    let there = moved(&sqlite(&first), &postgres(&database)).await;
    let back = moved(&postgres(&database), &sqlite(&second)).await;
    assert_eq!(back, there, "the hash, and how many rows of what");
    assert!(dump(&second) == whole, "what is in the file");
    assert!(dump(&first) == whole, "the source");
    if is_long {
        let name = "messages moved from SQLite to PostgreSQL and back with one content hash";
        println!("HUIS_FIGURE {{\"name\":\"{name}\",\"value\":{messages}}}");
    }
    let empty: Vec<_> = there.tables.iter().filter(|(_, rows)| *rows == 0).collect();
    assert!(empty.is_empty(), "{empty:?}");
    let store = open(second.parent().expect("a folder"), Mode::Inline).expect("a store");
    works(store, &before).await;
    let store = node(&database).await;
    works(store.clone(), &before).await;
    // And whatever else the suite's model knows of, for people who come now.
    conformance::random_operations_agree_with_a_simple_model(store).await;
}

#[tokio::test]
async fn a_store_moves_from_postgresql_to_sqlite_and_back_with_nothing_changed() {
    let (Some(first), Some(second)) = (database(), database()) else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let between = file(&folder, "between");
    let store = node(&first).await;
    let before = everything(store.clone() as SharedStore, 700).await;
    store.close().await.expect("closed");
    let there = moved(&postgres(&first), &sqlite(&between)).await;
    let back = moved(&sqlite(&between), &postgres(&second)).await;
    assert_eq!(back, there);
    // A byte more is another hash.
    let copy = file(&folder, "copy");
    assert_eq!(moved(&sqlite(&between), &sqlite(&copy)).await, there);
    Connection::open(&copy)
        .expect("a database")
        .execute("UPDATE vaults SET sealed = x'7661756c742032' WHERE account = 1", [])
        .expect("changed");
    let other = moved(&sqlite(&copy), &sqlite(&file(&folder, "other"))).await;
    assert_ne!(other.content, there.content);
    assert_eq!(other.tables, there.tables);
    let store = node(&second).await;
    let said = store.highest_submission(before.anna).await.expect("read");
    assert!(said > 0);
}
