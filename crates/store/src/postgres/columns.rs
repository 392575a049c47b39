//! Between columns and plain types.

use huis_proto::frames::EntryKind;
use huis_proto::rest::ServerRole;
use huis_proto::{AccountId, Bytes, Bytes32, ConversationKind, DeviceId, Member};
use tokio_postgres::Row;

use super::fault::{Fault, Outcome};

/// An integer key of the database.
pub(super) type Key = i64;

/// The `last` of a member that may have every entry to come.
pub(super) const NO_LAST: i64 = i64::MAX;

/// A number as the database keeps it. Larger numbers than it can keep, which nobody counts up to, become the largest.
pub(super) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A number as the database kept it.
pub(super) fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

/// A column that holds a number.
pub(super) fn number(row: &Row, column: usize) -> Outcome<u64> {
    Ok(unsigned(row.try_get(column)?))
}

/// A column that holds a number which is never large.
pub(super) fn small(row: &Row, column: usize) -> Outcome<u32> {
    let number: i64 = row.try_get(column)?;
    u32::try_from(number).map_err(|_| Fault::Damaged("a small number is out of its range"))
}

/// A column that holds bytes.
pub(super) fn bytes(row: &Row, column: usize) -> Outcome<Bytes> {
    Ok(Bytes(row.try_get(column)?))
}

/// A column that holds so many bytes.
pub(super) fn array<const N: usize>(row: &Row, column: usize) -> Outcome<[u8; N]> {
    let bytes: &[u8] = row.try_get(column)?;
    bytes.try_into().map_err(|_| Fault::Damaged("an id or key has another length than it should"))
}

/// A column that holds 32 bytes.
pub(super) fn bytes32(row: &Row, column: usize) -> Outcome<Bytes32> {
    Ok(Bytes32(array(row, column)?))
}

/// Two columns that hold the ids of an account and of a device.
pub(super) fn member(row: &Row, column: usize) -> Outcome<Member> {
    Ok(Member {
        account: AccountId::from_bytes(array(row, column)?),
        device: DeviceId::from_bytes(array(row, column + 1)?),
    })
}

/// A column that holds when something ends; 0 stands for never.
pub(super) fn end(row: &Row, column: usize) -> Outcome<Option<u64>> {
    Ok(Some(number(row, column)?).filter(|end| *end > 0))
}

/// A column that holds the number of a role.
pub(super) fn role(row: &Row, column: usize) -> Outcome<ServerRole> {
    let number: i16 = row.try_get(column)?;
    const UNKNOWN: Fault = Fault::Damaged("the number of an account's role stands for nothing");
    ServerRole::from_number(number.into()).ok_or(UNKNOWN)
}

/// The number of a conversation's kind.
pub(super) fn kind_number(kind: ConversationKind) -> i16 {
    match kind {
        ConversationKind::Direct => 0,
        ConversationKind::Group => 1,
        ConversationKind::Open => 2,
    }
}

/// A column that holds the number of a conversation's kind.
pub(super) fn kind(row: &Row, column: usize) -> Outcome<ConversationKind> {
    match row.try_get(column)? {
        0i16 => Ok(ConversationKind::Direct),
        1 => Ok(ConversationKind::Group),
        2 => Ok(ConversationKind::Open),
        _ => Err(Fault::Damaged("the number of a conversation's kind stands for nothing")),
    }
}

/// The number of an entry's kind.
pub(super) fn entry_kind_number(kind: EntryKind) -> i16 {
    match kind {
        EntryKind::Message => 0,
        EntryKind::Commit => 1,
        EntryKind::Leave => 2,
    }
}

/// A column that holds the number of an entry's kind.
pub(super) fn entry_kind(row: &Row, column: usize) -> Outcome<EntryKind> {
    match row.try_get(column)? {
        0i16 => Ok(EntryKind::Message),
        1 => Ok(EntryKind::Commit),
        2 => Ok(EntryKind::Leave),
        _ => Err(Fault::Damaged("the number of an entry's kind stands for nothing")),
    }
}
