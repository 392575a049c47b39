//! The SQLite store as one end of a move; see [`crate::moving`].
//!
//! Nothing but the move uses the file meanwhile, so it is read and written on the caller's thread.

use std::path::{Path, PathBuf};

use async_trait::async_trait;
use huis_proto::{Bytes32, IncarnationId};
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, OpenFlags, OptionalExtension, TransactionBehavior, params, params_from_iter};

use super::fault::{Fault, Outcome};
use super::{BUSY_TIMEOUT, FileLock, connect, create_privately, folder, schema, take_lock, unusable};
use crate::moving::{
    Arrival, COUNTED, Column, End, Kind, LAYOUT, PAGE_BYTES, Reached, Row, Standing, TABLES, Table, Value, Way,
    bytes_of,
};
use crate::{StoreError, StoreResult};

/// The page cache of the end that is written: the keys of the repeat check are indexed in one go.
const CACHE_KIB: i64 = 16 * 1024;

const INCARNATION: &str = "SELECT incarnation FROM settings WHERE one = 1";
const SET_INCARNATION: &str = "UPDATE settings SET incarnation = ?1 WHERE one = 1";
/// The repeat check's keys have no index by age, which would cost each message something. Put in order once, in a
/// temporary file: those of a large server do not fit into memory.
const BY_AGE: &str = "CREATE TEMP TABLE submissions_by_age (\
     received_at_ms INTEGER, author INTEGER, conversation INTEGER, id BLOB, seq INTEGER, commit_counter INTEGER, \
     PRIMARY KEY (received_at_ms, author, conversation, id)) WITHOUT ROWID";
const PUT_IN_ORDER: &str = "INSERT INTO temp.submissions_by_age \
     (received_at_ms, author, conversation, id, seq, commit_counter) \
     SELECT received_at_ms, author, conversation, id, seq, commit_counter FROM main.submissions \
     ORDER BY received_at_ms, author, conversation, id";
const NEWEST_STAMP: &str = "SELECT coalesce(max(stamp), 0) FROM submissions";
const DROP_INDEX: &str = "DELETE FROM submission_index";
const FILL_INDEX: &str = "INSERT INTO submission_index (id, author, conversation, stamp) \
     SELECT id, author, conversation, stamp FROM submissions ORDER BY id, author, conversation";
const ALL_INDEXED: &str = "UPDATE settings SET stamps_used = (SELECT coalesce(max(stamp), 0) FROM submissions), \
     indexed_stamps = (SELECT coalesce(max(stamp), 0) FROM submissions) WHERE one = 1";
const USED: &str = "SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = ?1), 0)";
const FORGET_USED: &str = "DELETE FROM sqlite_sequence WHERE name = ?1";
const SET_USED: &str = "INSERT INTO sqlite_sequence (name, seq) VALUES (?1, ?2)";
const FIND_NOTE: &str = "SELECT source, layout, moved, content FROM moving_in WHERE one = 1";
const NOTE_BEGINNING: &str = "INSERT INTO moving_in (one, source, layout, moved, content) VALUES (1, ?1, ?2, 0, ?3)";
const NOTE: &str = "UPDATE moving_in SET moved = ?1, content = ?2 WHERE one = 1 AND moved = ?3";
const DROP_NOTE: &str = "DELETE FROM moving_in";

/// One end of a move, in a file.
pub(crate) struct SqliteEnd {
    db: Connection,
    folder: PathBuf,
    /// Whether the keys of the repeat check were put in order.
    is_ordered: bool,
    /// Held as long as the move goes on.
    _lock: FileLock,
}

impl SqliteEnd {
    /// The end that is read: the file as it is at this moment, and no byte of it is changed.
    pub(crate) fn source(path: &Path) -> StoreResult<Self> {
        let nothing = || StoreError::Other("there is no store in it".into());
        if !path.exists() {
            return Err(nothing());
        }
        let lock = take_lock(path)?;
        schema::refuse_foreign(path)?;
        let open = || -> rusqlite::Result<(u32, Connection)> {
            let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
            let db = Connection::open_with_flags(path, flags)?;
            db.busy_timeout(BUSY_TIMEOUT)?;
            // All of it is read at one moment.
            db.execute_batch("BEGIN")?;
            Ok((schema::version(&db)?, db))
        };
        let told = |fault: Fault| fault.told(&folder(path));
        let (version, db) = open().map_err(Fault::from).map_err(told)?;
        match version {
            0 => return Err(nothing()),
            schema::NEWEST => {}
            _ => {
                return Err(StoreError::Other(
                    "an older version made it: start this one on it once, and stop it".into(),
                ));
            }
        }
        schema::refuse_half_moved(&db).map_err(told)??;
        Ok(Self { db, folder: folder(path), is_ordered: false, _lock: lock })
    }

    /// The end that is written: the file is made where there is none.
    pub(crate) fn target(path: &Path) -> StoreResult<Self> {
        let lock = take_lock(path)?;
        schema::refuse_foreign(path)?;
        create_privately(path).map_err(|error| unusable(path, &error))?;
        let open = || -> rusqlite::Result<Connection> {
            let mut db = connect(path)?;
            db.pragma_update(None, "cache_size", -CACHE_KIB)?;
            schema::migrate(&mut db)?;
            Ok(db)
        };
        let db = open().map_err(|error| Fault::from(error).told(&folder(path)))?;
        Ok(Self { db, folder: folder(path), is_ordered: false, _lock: lock })
    }

    fn does<T>(&mut self, work: impl FnOnce(&mut Self) -> Outcome<T>) -> StoreResult<T> {
        work(self).map_err(|fault| fault.told(&self.folder))
    }

    fn writes<T>(&mut self, work: impl FnOnce(&Connection) -> Outcome<T>) -> StoreResult<T> {
        self.does(|end| {
            let transaction = end.db.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let done = work(&transaction)?;
            transaction.commit()?;
            Ok(done)
        })
    }

    fn rows(&mut self, table: &Table, after: Option<&[Value]>, most: usize) -> Outcome<Vec<Row>> {
        if table.way == Way::Submissions && !std::mem::replace(&mut self.is_ordered, true) {
            self.db.execute_batch(BY_AGE)?;
            self.db.execute(PUT_IN_ORDER, [])?;
        }
        let mut find = self.db.prepare_cached(&select(table, after.is_some()))?;
        let mut found = find.query(params_from_iter(after.unwrap_or_default().iter().map(bound)))?;
        let (mut rows, mut bytes) = (Vec::new(), 0);
        while rows.len() < most && bytes < PAGE_BYTES {
            let Some(row) = found.next()? else { break };
            let row: Row = table
                .columns
                .iter()
                .enumerate()
                .map(|(place, column)| value(column.kind, row.get_ref(place)?))
                .collect::<Outcome<_>>()?;
            bytes += bytes_of(&row);
            rows.push(row);
        }
        Ok(rows)
    }
}

#[async_trait]
impl End for SqliteEnd {
    async fn incarnation(&mut self) -> StoreResult<IncarnationId> {
        self.does(|end| Ok(end.db.query_row(INCARNATION, [], |row| row.get(0).map(IncarnationId::from_bytes))?))
    }

    async fn count(&mut self) -> StoreResult<u64> {
        self.does(|end| {
            let mut all = 0;
            for table in TABLES.iter().filter(|table| has_rows(table)) {
                let count = format!("SELECT count(*) FROM {}", table.name);
                all += end.db.query_row(&count, [], |row| row.get::<_, i64>(0))?.unsigned_abs();
            }
            Ok(all)
        })
    }

    async fn page(&mut self, table: &'static Table, after: Option<&[Value]>, most: usize) -> StoreResult<Vec<Row>> {
        self.does(|end| match (table.way, after) {
            (Way::Settings | Way::Counters, Some(_)) => Ok(Vec::new()),
            (Way::Counters, None) => counters(&end.db),
            _ => end.rows(table, after, most),
        })
    }

    /// Dropping it does.
    async fn let_go(&mut self) {}
}

#[async_trait]
impl Arrival for SqliteEnd {
    async fn begin(&mut self, source: IncarnationId) -> StoreResult<Standing> {
        self.writes(|db| {
            if let Some((from, layout, reached)) = note(db)? {
                let is_this = from == source && layout == LAYOUT;
                return Ok(if is_this { Standing::Begun(reached) } else { Standing::OtherMove });
            }
            if !is_empty(db)? {
                return Ok(Standing::Taken);
            }
            // That of the life that it was made with.
            db.execute("DELETE FROM lives", [])?;
            let reached = Reached { rows: 0, content: Bytes32([0; 32]) };
            db.execute(NOTE_BEGINNING, params![source.as_bytes(), LAYOUT, reached.content.0])?;
            Ok(Standing::Begun(reached))
        })
    }

    async fn put(&mut self, table: &'static Table, rows: &[Row], reached: Reached) -> StoreResult<()> {
        self.writes(|db| {
            match table.way {
                Way::Settings => insert(db, SET_INCARNATION, rows)?,
                Way::Submissions => {
                    let newest: i64 = db.query_row(NEWEST_STAMP, [], |row| row.get(0))?;
                    // Numbered by age, so that old ones are at one end.
                    let put = format!(
                        "INSERT INTO submissions ({}, stamp) VALUES ({}, ?)",
                        names(table.columns),
                        places(table.columns)
                    );
                    let mut put = db.prepare_cached(&put)?;
                    for (row, stamp) in rows.iter().zip(newest + 1..) {
                        let stamp = Value::Number(stamp);
                        put.execute(params_from_iter(row.iter().chain([&stamp]).map(bound)))?;
                    }
                }
                Way::Counters => set_counters(db, rows)?,
                Way::Plain | Way::Conversations | Way::Log => {
                    let (names, places) = (names(table.columns), places(table.columns));
                    insert(db, &format!("INSERT INTO {} ({names}) VALUES ({places})", table.name), rows)?;
                }
            }
            let before = reached.rows.saturating_sub(rows.len() as u64);
            let [moved, before] = [reached.rows, before].map(super::columns::signed);
            match db.prepare_cached(NOTE)?.execute(params![moved, reached.content.0, before])? {
                1 => Ok(()),
                _ => Err(Fault::Damaged("the note of how far the move is has changed")),
            }
        })
    }

    async fn complete(&mut self) -> StoreResult<()> {
        self.writes(|db| {
            db.execute(DROP_INDEX, [])?;
            db.execute(FILL_INDEX, [])?;
            db.execute(ALL_INDEXED, [])?;
            Ok(())
        })
    }

    async fn release(&mut self) -> StoreResult<()> {
        self.writes(|db| {
            db.execute(DROP_NOTE, [])?;
            Ok(())
        })?;
        // What stays in the write-ahead log is read from there by whoever opens the file.
        let _ = self.db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
        Ok(())
    }
}

/// Whether its rows are rows of a table of its name.
fn has_rows(table: &Table) -> bool {
    table.way != Way::Counters
}

fn is_empty(db: &Connection) -> Outcome<bool> {
    for table in TABLES.iter().filter(|table| has_rows(table)) {
        let most = match table.name {
            "settings" | "lives" => 1,
            _ => 0,
        };
        let count = format!("SELECT count(*) FROM (SELECT 1 FROM {} LIMIT 2)", table.name);
        if db.query_row(&count, [], |row| row.get::<_, i64>(0))? > most {
            return Ok(false);
        }
    }
    Ok(true)
}

fn note(db: &Connection) -> Outcome<Option<(IncarnationId, i64, Reached)>> {
    let found = db.query_row(FIND_NOTE, [], |row| {
        let reached = Reached { rows: super::columns::number(row, 2)?, content: Bytes32(row.get(3)?) };
        Ok((IncarnationId::from_bytes(row.get(0)?), row.get(1)?, reached))
    });
    Ok(found.optional()?)
}

fn select(table: &Table, is_behind: bool) -> String {
    let relation = if table.way == Way::Submissions { "temp.submissions_by_age" } else { table.name };
    let (all, key) = (names(table.columns), names(table.key_columns()));
    match (table.key, is_behind) {
        (0, _) => format!("SELECT {all} FROM {relation}"),
        (_, false) => format!("SELECT {all} FROM {relation} ORDER BY {key}"),
        (_, true) => {
            let places = places(table.key_columns());
            format!("SELECT {all} FROM {relation} WHERE ({key}) > ({places}) ORDER BY {key}")
        }
    }
}

fn insert(db: &Connection, sql: &str, rows: &[Row]) -> Outcome<()> {
    let mut put = db.prepare_cached(sql)?;
    for row in rows {
        put.execute(params_from_iter(row.iter().map(bound)))?;
    }
    Ok(())
}

fn counters(db: &Connection) -> Outcome<Vec<Row>> {
    let mut used = db.prepare_cached(USED)?;
    (0..)
        .zip(COUNTED)
        .map(|(place, (table, _))| {
            let used = used.query_row([table], |row| row.get(0))?;
            Ok(vec![Value::Number(place), Value::Number(used)])
        })
        .collect()
}

fn set_counters(db: &Connection, rows: &[Row]) -> Outcome<()> {
    for (row, (table, _)) in rows.iter().zip(COUNTED) {
        db.execute(FORGET_USED, [table])?;
        if let [_, Value::Number(used)] = row.as_slice()
            && *used > 0
        {
            db.execute(SET_USED, params![table, used])?;
        }
    }
    Ok(())
}

fn names(columns: &[Column]) -> String {
    columns.iter().map(|column| column.name).collect::<Vec<_>>().join(", ")
}

fn places(columns: &[Column]) -> String {
    vec!["?"; columns.len()].join(", ")
}

fn bound(value: &Value) -> ToSqlOutput<'_> {
    ToSqlOutput::Borrowed(match value {
        Value::Number(number) => ValueRef::Integer(*number),
        Value::Bytes(bytes) => ValueRef::Blob(bytes),
        Value::Text(text) => ValueRef::Text(text.as_bytes()),
    })
}

fn value(kind: Kind, found: ValueRef<'_>) -> Outcome<Value> {
    const WRONG: Fault = Fault::Damaged("a column holds a value of the wrong form");
    match (kind, found) {
        (Kind::Number, ValueRef::Integer(number)) => Ok(Value::Number(number)),
        (Kind::Small, ValueRef::Integer(number)) => {
            i16::try_from(number).map(|_| Value::Number(number)).map_err(|_| WRONG)
        }
        (Kind::Flag, ValueRef::Integer(number @ (0 | 1))) => Ok(Value::Number(number)),
        (Kind::Bytes | Kind::Payload, ValueRef::Blob(bytes)) => Ok(Value::Bytes(bytes.to_vec())),
        (Kind::Text, ValueRef::Text(text)) => {
            let text = std::str::from_utf8(text).map_err(|_| WRONG)?;
            Ok(Value::Text(text.into()))
        }
        _ => Err(WRONG),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// What does not travel, for it is this backend's own business.
    const OWN: &[(&str, &str)] = &[
        ("settings", "one"),
        ("settings", "stamps_used"),
        ("settings", "indexed_stamps"),
        ("submissions", "stamp"),
        ("submission_index", "id"),
        ("submission_index", "author"),
        ("submission_index", "conversation"),
        ("submission_index", "stamp"),
        ("moving_in", "one"),
        ("moving_in", "source"),
        ("moving_in", "layout"),
        ("moving_in", "moved"),
        ("moving_in", "content"),
    ];

    fn strings(db: &Connection, sql: &str) -> BTreeSet<(String, String)> {
        let mut found = db.prepare(sql).expect("a query");
        let found = found.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).expect("rows");
        found.collect::<rusqlite::Result<_>>().expect("texts")
    }

    #[test]
    fn every_column_of_the_schema_travels_or_is_this_backends_own_business() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut db = connect(&folder.path().join("huis.db")).expect("a database");
        schema::migrate(&mut db).expect("migrated");
        let there = strings(
            &db,
            "SELECT t.name, c.name FROM pragma_table_list t, pragma_table_info(t.name) c \
             WHERE t.schema = 'main' AND t.name NOT LIKE 'sqlite_%'",
        );
        let travelling = TABLES
            .iter()
            .filter(|table| has_rows(table))
            .flat_map(|table| table.columns.iter().map(|column| (table.name.to_owned(), column.name.to_owned())));
        let own = OWN.iter().map(|(table, column)| ((*table).to_owned(), (*column).to_owned()));
        assert_eq!(travelling.chain(own).collect::<BTreeSet<_>>(), there);
        let counted = strings(&db, "SELECT name, sql FROM sqlite_schema WHERE sql LIKE '%AUTOINCREMENT%'");
        let counted: BTreeSet<_> = counted
            .iter()
            .map(|(table, sql)| {
                let line = sql.lines().find(|line| line.contains("AUTOINCREMENT")).expect("a line");
                (table.as_str(), line.split_whitespace().next().expect("a name"))
            })
            .collect();
        assert_eq!(COUNTED.iter().copied().collect::<BTreeSet<_>>(), counted);
    }

    #[test]
    fn no_page_scans_a_table_for_its_order() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut db = connect(&folder.path().join("huis.db")).expect("a database");
        schema::migrate(&mut db).expect("migrated");
        db.execute_batch(BY_AGE).expect("made");
        for table in TABLES.iter().filter(|table| table.key > 0 && has_rows(table)) {
            let sql = select(table, true);
            let mut plan = db.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).expect("a plan");
            let mut rows = plan.raw_query();
            while let Some(row) = rows.next().expect("a row") {
                let step: String = row.get(3).expect("a text");
                assert!(step.starts_with("SEARCH"), "{step}: {sql}");
            }
        }
    }
}
