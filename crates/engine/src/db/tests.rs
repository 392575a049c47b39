use huis_proto::{AccountId, ConversationId, DeviceId, Member, MessageId};
use rand::SeedableRng;
use rand::rngs::StdRng;

use super::*;

fn key(byte: u8) -> DatabaseKey {
    DatabaseKey::from_bytes([byte; 32])
}

fn message(number: u8, body: &str) -> MessageRow {
    let author = Member { account: AccountId::from_bytes([1; 16]), device: DeviceId::from_bytes([1; 16]) };
    let id = MessageId::from_bytes([number; 16]);
    let mut row = MessageRow::waiting(ConversationId::from_bytes([9; 16]), id, author, 1);
    row.own = false;
    row.body = body.into();
    row.standing = MessageStanding::Received;
    row
}

fn open(folder: &tempfile::TempDir) -> Db {
    Db::open(&folder.path().join("db"), &key(7), None).unwrap()
}

#[test]
fn the_schema_changes_on_purpose_only() {
    let folder = tempfile::tempdir().unwrap();
    let db = open(&folder);
    let mut statement = db
        .connection
        .prepare("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'words_%' ORDER BY name")
        .unwrap();
    let rows = statement.query_map([], |row| row.get::<_, String>(0)).unwrap();
    let schema: Vec<_> = rows.map(Result::unwrap).collect();
    let version: i64 = db.connection.query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap();
    insta::assert_snapshot!(format!("version {version}\n{}", schema.join(";\n")));
}

#[test]
fn a_newer_schema_is_refused_and_left_untouched() {
    let folder = tempfile::tempdir().unwrap();
    open(&folder).connection.pragma_update(None, "user_version", 99).unwrap();
    let before = std::fs::read(folder.path().join("db")).unwrap();
    let refused = Db::open(&folder.path().join("db"), &key(7), None).err().unwrap();
    assert!(matches!(refused, OpenError::NewerSchema { found: 99, known: 1 }));
    assert_eq!(std::fs::read(folder.path().join("db")).unwrap(), before);
}

#[test]
fn another_key_does_not_open_the_database() {
    let folder = tempfile::tempdir().unwrap();
    drop(open(&folder));
    let refused = Db::open(&folder.path().join("db"), &key(8), None).err().unwrap();
    assert!(matches!(refused, OpenError::WrongKey), "{refused:?}");
}

#[test]
fn no_plaintext_stands_in_any_file_of_the_database() {
    let folder = tempfile::tempdir().unwrap();
    let db = open(&folder);
    let row = message(1, "unmistakable-plaintext-words");
    db.tables().add_message(&row).unwrap();
    db.tables().put_fact("secret", &"unmistakable-plaintext-secret").unwrap();
    let mut seen = 0;
    for file in std::fs::read_dir(folder.path()).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        seen += bytes.len();
        for needle in [&b"unmistakable"[..], b"SQLite format 3", b"CREATE TABLE"] {
            assert!(!bytes.windows(needle.len()).any(|window| window == needle));
        }
    }
    assert!(seen > 4096);
    db.connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    let bytes = std::fs::read(folder.path().join("db")).unwrap();
    assert!(!bytes.windows(12).any(|window| window == b"unmistakable"));
}

#[test]
fn every_transaction_is_on_disk_before_it_counts() {
    let folder = tempfile::tempdir().unwrap();
    let db = open(&folder);
    let pragma = |name: &str| db.connection.query_row(&format!("PRAGMA {name}"), [], |row| row.get::<_, i64>(0));
    assert_eq!(pragma("synchronous").unwrap(), 2);
    assert_eq!(pragma("secure_delete").unwrap(), 1);
    let journal: String = db.connection.query_row("PRAGMA journal_mode", [], |row| row.get(0)).unwrap();
    assert_eq!(journal, "wal");
}

#[test]
fn a_search_finds_all_words_and_a_beginning_and_says_where() {
    let folder = tempfile::tempdir().unwrap();
    let db = open(&folder);
    db.tables().add_message(&message(1, "Der Garten im Frühling")).unwrap();
    db.tables().add_message(&message(2, "Garten OR nothing")).unwrap();
    let search = |words: &str| {
        let wanted = Wanted { query: Some(search_query(words).unwrap()), ..Wanted::default() };
        db.tables().search(&wanted, 10).unwrap()
    };
    let found = search("garten fruh");
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].1, [(4, 10), (14, 23)]);
    assert_eq!(&found[0].0.body[14..23], "Frühling");
    assert_eq!(search("gar").len(), 2);
    assert_eq!(search("\"garten\" NOT or").len(), 0);
    assert_eq!(search_query(" -\"* "), None);
    db.tables().delete_message(found[0].0.position).unwrap();
    assert_eq!(search("garten").len(), 1);
}

#[test]
fn the_same_message_is_stored_once_and_printed_once() {
    let folder = tempfile::tempdir().unwrap();
    let db = open(&folder);
    let position = db.tables().add_message(&message(1, "once")).unwrap().unwrap();
    assert_eq!(db.tables().add_message(&message(1, "once")).unwrap(), None);
    assert_eq!(db.tables().unprinted(10).unwrap().len(), 1);
    db.tables().mark_printed(position).unwrap();
    assert_eq!(db.tables().unprinted(10).unwrap().len(), 0);
}

#[test]
fn what_is_sealed_goes_first_by_submission_then_drafts_by_age() {
    let folder = tempfile::tempdir().unwrap();
    let db = open(&folder);
    let mut rng = StdRng::seed_from_u64(1);
    let tables = db.tables();
    let conversation = ConversationId::from_bytes([9; 16]);
    let mut add = || tables.add_task(conversation, MessageId::random(&mut rng), &Task::Tidy).unwrap();
    let positions = [add(), add(), add(), add()];
    let submissions = [tables.next_submission().unwrap(), tables.next_submission().unwrap()];
    assert_eq!(submissions, [1, 2]);
    tables.set_sealed(positions[3], submissions[0], None, 0, (b"x", None)).unwrap();
    tables.set_sealed(positions[1], submissions[1], None, 0, (b"y", None)).unwrap();
    let order = |tables: Tables<'_>| tables.tasks(10).unwrap().iter().map(|row| row.position).collect::<Vec<_>>();
    assert_eq!(order(tables), [positions[3], positions[1], positions[0], positions[2]]);
    tables.unseal(positions[3]).unwrap();
    assert_eq!(order(tables), [positions[1], positions[0], positions[2], positions[3]]);
    assert_eq!(tables.next_submission().unwrap(), 3);
}

#[test]
fn after_a_halt_nothing_more_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let mut db = Db::open(&folder.path().join("db"), &key(7), Some(1)).unwrap();
    db.begin().unwrap().commit().unwrap();
    assert!(matches!(db.begin(), Err(DbError::Halted)));
    assert!(db.halted());
}

#[test]
fn on_a_full_disk_a_step_is_told_and_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let mut db = open(&folder);
    db.tables().add_message(&message(1, "before")).unwrap();
    let pages: i64 = db.connection.query_row("PRAGMA page_count", [], |row| row.get(0)).unwrap();
    db.connection.pragma_update(None, "max_page_count", pages).unwrap();
    let long = "many words ".repeat(2000);
    let transaction = db.begin().unwrap();
    let tables = Tables::over(&transaction);
    let written = (2..20).try_for_each(|number| tables.add_message(&message(number, &long)).map(|_| ()));
    let full = written.unwrap_err();
    assert!(
        matches!(&full, DbError::Sqlite(error) if error.sqlite_error_code() == Some(ErrorCode::DiskFull)),
        "{full}"
    );
    drop(transaction);
    assert_eq!(db.tables().unprinted(50).unwrap().len(), 1);
    db.connection.pragma_update(None, "max_page_count", pages + 1000).unwrap();
    db.tables().add_message(&message(2, &long)).unwrap();
    assert_eq!(db.tables().unprinted(50).unwrap().len(), 2);
}
