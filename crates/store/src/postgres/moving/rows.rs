//! Rows of most tables: read in the order of their keys, written many at once.

use std::pin::pin;

use futures_util::TryStreamExt as _;
use tokio_postgres::types::ToSql;

use super::super::db::Db;
use super::super::fault::{Fault, Outcome};
use crate::moving::{Column, Kind, PAGE_BYTES, PAGE_ROWS, Row, Table, Value, Way, bytes_of};

/// How many rows are asked for where each may be large: what is sent beyond a page is thrown away.
const LARGE_ROWS: usize = 32;

/// Where a column of a table is kept.
pub(super) fn relation_of(table: &Table, column: &Column) -> &'static str {
    match (table.way, column.name) {
        (Way::Conversations, "forgotten" | "expired") => "floors",
        _ => table.name,
    }
}

/// The next rows behind a key.
pub(super) async fn page(db: &Db, table: &Table, after: Option<&[Value]>, most: usize) -> Outcome<Vec<Row>> {
    let read = |row: &tokio_postgres::Row| {
        let columns = table.columns.iter().enumerate();
        columns.map(|(place, column)| value(row, place, column.kind)).collect()
    };
    found(db, &select(table, after.is_some()), after, most, read).await
}

/// The statement that gives a page. What stands elsewhere is looked up row by row: the database would begin a join at the
/// beginning, for each page.
pub(super) fn select(table: &Table, is_behind: bool) -> String {
    let all = table.columns.iter().map(|column| match relation_of(table, column) {
        relation if relation == table.name => column.name.to_owned(),
        relation => {
            let (name, own) = (column.name, table.name);
            format!("(SELECT f.{name} FROM {relation} f WHERE f.conversation = {own}.conversation)")
        }
    });
    let all = all.collect::<Vec<_>>().join(", ");
    let key = names(table.key_columns().iter().map(|column| column.name));
    format!("SELECT {all} FROM {} {}", table.name, behind(&key, table, is_behind))
}

/// The rest of a statement that gives the rows of a page.
pub(super) fn behind(key: &str, table: &Table, is_behind: bool) -> String {
    if table.key == 0 {
        return String::new();
    }
    // Said in the statement: what is only known when it runs does not decide how it runs.
    let most = if table.is_large() { LARGE_ROWS } else { PAGE_ROWS };
    let condition = if is_behind {
        let places = (1..=table.key).map(|place| format!("${place}")).collect::<Vec<_>>();
        // The first column alone has an index in one table; the database finds it by this.
        let first = key.split(',').next().unwrap_or(key);
        format!("WHERE {first} >= $1 AND ({key}) > ({})", places.join(", "))
    } else {
        String::new()
    };
    format!("{condition} ORDER BY {key} LIMIT {most}")
}

/// At most `most` rows of a statement, and no more than a page takes.
pub(super) async fn found(
    db: &Db,
    sql: &str,
    after: Option<&[Value]>,
    most: usize,
    read: impl Fn(&tokio_postgres::Row) -> Outcome<Row>,
) -> Outcome<Vec<Row>> {
    let connection = db.connection()?;
    let statement = connection.prepare_cached(sql).await?;
    let places: Vec<_> = after.unwrap_or_default().iter().map(bound).collect();
    let mut found = pin!(connection.query_raw(&statement, places).await?);
    let (mut rows, mut bytes) = (Vec::new(), 0);
    while rows.len() < most && bytes < PAGE_BYTES {
        let Some(row) = found.try_next().await? else { break };
        let row = read(&row)?;
        bytes += bytes_of(&row);
        rows.push(row);
    }
    Ok(rows)
}

/// Puts rows where they are kept.
pub(super) async fn put(db: &Db, table: &Table, rows: &[Row]) -> Outcome<()> {
    let arrays: Vec<Array<'_>> =
        (0..).zip(table.columns).map(|(place, column)| Array::of(*column, rows, place)).collect();
    if table.way != Way::Conversations {
        return insert(db, table.name, &arrays).await;
    }
    let (floors, conversations): (Vec<_>, Vec<_>) =
        arrays.into_iter().partition(|array| relation_of(table, &array.column) == "floors");
    let key = conversations.iter().take(1).cloned();
    let floors: Vec<_> = key.chain(floors).collect();
    insert(db, "conversations", &conversations).await?;
    insert(db, "floors", &floors).await
}

/// What a column gets, row by row.
#[derive(Clone)]
pub(super) struct Array<'a> {
    pub(super) column: Column,
    pub(super) values: Vec<&'a Value>,
}

impl<'a> Array<'a> {
    /// That of a column which is at this place of the rows.
    pub(super) fn of(column: Column, rows: &'a [Row], place: usize) -> Self {
        Self { column, values: rows.iter().filter_map(|row| row.get(place)).collect() }
    }

    fn type_name(&self) -> &'static str {
        match self.column.kind {
            Kind::Number => "bigint[]",
            Kind::Small => "smallint[]",
            Kind::Flag => "boolean[]",
            Kind::Bytes | Kind::Payload => "bytea[]",
            Kind::Text => "text[]",
        }
    }

    fn bound(&self) -> Outcome<Box<dyn ToSql + Sync + Send + 'a>> {
        const WRONG: Fault = Fault::Damaged("a value has another form than its column");
        let values = self.values.iter().copied();
        let number = |value: &Value| if let Value::Number(number) = value { Ok(*number) } else { Err(WRONG) };
        Ok(match self.column.kind {
            Kind::Number => Box::new(values.map(number).collect::<Outcome<Vec<i64>>>()?),
            Kind::Small => {
                let small = |value| i16::try_from(number(value)?).map_err(|_| WRONG);
                Box::new(values.map(small).collect::<Outcome<Vec<i16>>>()?)
            }
            Kind::Flag => Box::new(values.map(|value| Ok(number(value)? != 0)).collect::<Outcome<Vec<bool>>>()?),
            Kind::Bytes | Kind::Payload => {
                let bytes =
                    |value: &'a Value| if let Value::Bytes(bytes) = value { Ok(bytes.as_slice()) } else { Err(WRONG) };
                Box::new(values.map(bytes).collect::<Outcome<Vec<&[u8]>>>()?)
            }
            Kind::Text => {
                let text =
                    |value: &'a Value| if let Value::Text(text) = value { Ok(text.as_str()) } else { Err(WRONG) };
                Box::new(values.map(text).collect::<Outcome<Vec<&str>>>()?)
            }
        })
    }
}

/// Inserts as many rows as the arrays are long.
pub(super) async fn insert(db: &Db, relation: &str, arrays: &[Array<'_>]) -> Outcome<()> {
    let columns = names(arrays.iter().map(|array| array.column.name));
    let places = (1..).zip(arrays).map(|(place, array)| format!("${place}::{}", array.type_name()));
    let places = places.collect::<Vec<_>>().join(", ");
    let sql = format!("INSERT INTO {relation} ({columns}) SELECT * FROM unnest({places})");
    let bound = arrays.iter().map(Array::bound).collect::<Outcome<Vec<_>>>()?;
    let params: Vec<&(dyn ToSql + Sync)> = bound.iter().map(|array| &**array as &(dyn ToSql + Sync)).collect();
    db.execute(&sql, &params).await?;
    Ok(())
}

/// A value as a statement's parameter.
pub(super) fn bound(value: &Value) -> &(dyn ToSql + Sync) {
    match value {
        Value::Number(number) => number,
        Value::Bytes(bytes) => bytes,
        Value::Text(text) => text,
    }
}

/// A column's value.
pub(super) fn value(row: &tokio_postgres::Row, place: usize, kind: Kind) -> Outcome<Value> {
    Ok(match kind {
        Kind::Number => Value::Number(row.try_get(place)?),
        Kind::Small => Value::Number(row.try_get::<_, i16>(place)?.into()),
        Kind::Flag => Value::Number(row.try_get::<_, bool>(place)?.into()),
        Kind::Bytes | Kind::Payload => Value::Bytes(row.try_get(place)?),
        Kind::Text => Value::Text(row.try_get(place)?),
    })
}

/// Names with commas between.
pub(super) fn names<'a>(columns: impl Iterator<Item = &'a str>) -> String {
    columns.collect::<Vec<_>>().join(", ")
}
