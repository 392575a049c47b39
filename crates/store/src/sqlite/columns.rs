//! Between columns and plain types.

use huis_proto::frames::EntryKind;
use huis_proto::rest::ServerRole;
use huis_proto::{AccountId, Bytes, ConversationKind, DeviceId, Member};
use rusqlite::Row;
use rusqlite::types::Type;

/// An integer key of the database.
pub(super) type Key = i64;

/// A number as SQLite keeps it. Larger numbers than it can keep, which nobody counts up to, become the largest.
pub(super) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A number as SQLite kept it.
pub(super) fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

/// A column that holds a number.
pub(super) fn number(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    row.get(column).map(unsigned)
}

/// A column that holds bytes.
pub(super) fn bytes(row: &Row<'_>, column: usize) -> rusqlite::Result<Bytes> {
    row.get(column).map(Bytes)
}

/// Two columns that hold the ids of an account and of a device.
pub(super) fn member(row: &Row<'_>, column: usize) -> rusqlite::Result<Member> {
    Ok(Member { account: AccountId::from_bytes(row.get(column)?), device: DeviceId::from_bytes(row.get(column + 1)?) })
}

/// A column that holds when something ends; 0 stands for never.
pub(super) fn end(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<u64>> {
    Ok(Some(number(row, column)?).filter(|end| *end > 0))
}

/// A column that holds the number of a role.
pub(super) fn role(row: &Row<'_>, column: usize) -> rusqlite::Result<ServerRole> {
    let number = row.get(column)?;
    ServerRole::from_number(number).ok_or_else(|| unknown(column, number))
}

/// The number of a conversation's kind.
pub(super) fn kind_number(kind: ConversationKind) -> i64 {
    match kind {
        ConversationKind::Direct => 0,
        ConversationKind::Group => 1,
        ConversationKind::Open => 2,
    }
}

/// A column that holds the number of a conversation's kind.
pub(super) fn kind(row: &Row<'_>, column: usize) -> rusqlite::Result<ConversationKind> {
    match row.get(column)? {
        0 => Ok(ConversationKind::Direct),
        1 => Ok(ConversationKind::Group),
        2 => Ok(ConversationKind::Open),
        other => Err(unknown(column, other)),
    }
}

/// The number of an entry's kind.
pub(super) fn entry_kind_number(kind: EntryKind) -> i64 {
    match kind {
        EntryKind::Message => 0,
        EntryKind::Commit => 1,
        EntryKind::Leave => 2,
    }
}

/// A column that holds the number of an entry's kind.
pub(super) fn entry_kind(row: &Row<'_>, column: usize) -> rusqlite::Result<EntryKind> {
    match row.get(column)? {
        0 => Ok(EntryKind::Message),
        1 => Ok(EntryKind::Commit),
        2 => Ok(EntryKind::Leave),
        other => Err(unknown(column, other)),
    }
}

/// A number that this version does not write: the database is damaged.
pub(super) fn unknown(column: usize, number: i64) -> rusqlite::Error {
    let what = format!("{number} stands for nothing");
    rusqlite::Error::FromSqlConversionFailure(column, Type::Integer, what.into())
}
