//! When each device of a conversation was last heard, by the server's time.

use std::collections::BTreeSet;

use huis_proto::{ConversationId, Member};
use rusqlite::{Row, params};

use super::{DbError, Tables, int, uint};

/// A time that is stored is moved forward at most this often: who speaks a lot costs one write a day.
const GRAIN_MS: u64 = 24 * 3_600_000;
/// How many silent devices are looked at in one go.
const LOOKED_AT: u32 = 10_000;

/// A device, and when it was last heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Heard {
    pub(crate) conversation: ConversationId,
    pub(crate) member: Member,
    /// Milliseconds since 1970, a day too early at most.
    pub(crate) at_ms: u64,
}

impl Heard {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        let member = Member { account: super::id(row, 1)?, device: super::id(row, 2)? };
        Ok(Self { conversation: super::id(row, 0)?, member, at_ms: uint(row, 3)? })
    }
}

impl Tables<'_> {
    /// A member was heard.
    pub(crate) fn heard(self, id: ConversationId, member: Member, at_ms: u64) -> Result<(), DbError> {
        self.0
            .prepare_cached(
                "UPDATE heard SET heard_ms = ?4 WHERE conversation = ?1 AND account = ?2 AND device = ?3
                 AND heard_ms <= ?5",
            )?
            .execute(params![
                &id.as_bytes()[..],
                &member.account.as_bytes()[..],
                &member.device.as_bytes()[..],
                int(at_ms),
                int(at_ms.saturating_sub(GRAIN_MS)),
            ])?;
        Ok(())
    }

    /// Who is in the conversation. Who was not counts as heard at `at_ms`; whoever has gone is forgotten.
    pub(crate) fn keep_heard(self, id: ConversationId, members: &[Member], at_ms: u64) -> Result<(), DbError> {
        let known: BTreeSet<Member> = {
            let mut statement = self
                .0
                .prepare_cached("SELECT conversation, account, device, heard_ms FROM heard WHERE conversation = ?1")?;
            let rows = statement.query_map([&id.as_bytes()[..]], Heard::read)?;
            rows.map(|row| row.map(|heard| heard.member)).collect::<Result<_, _>>()?
        };
        let members: BTreeSet<Member> = members.iter().copied().collect();
        let mut insert = self
            .0
            .prepare_cached("INSERT INTO heard (conversation, account, device, heard_ms) VALUES (?1, ?2, ?3, ?4)")?;
        for fresh in members.difference(&known) {
            let (account, device) = (&fresh.account.as_bytes()[..], &fresh.device.as_bytes()[..]);
            insert.execute(params![&id.as_bytes()[..], account, device, int(at_ms)])?;
        }
        let mut delete =
            self.0.prepare_cached("DELETE FROM heard WHERE conversation = ?1 AND account = ?2 AND device = ?3")?;
        for gone in known.difference(&members) {
            let (account, device) = (&gone.account.as_bytes()[..], &gone.device.as_bytes()[..]);
            delete.execute([&id.as_bytes()[..], account, device])?;
        }
        Ok(())
    }

    /// Devices that were not heard since `before_ms`, in conversations that this device is in and that are no requests;
    /// the most silent first, and a bounded number of them.
    pub(crate) fn silent_since(self, before_ms: u64) -> Result<Vec<Heard>, DbError> {
        let mut statement = self.0.prepare_cached(
            "SELECT h.conversation, h.account, h.device, h.heard_ms FROM heard h
             JOIN conversations c ON c.id = h.conversation AND c.state = 1 AND c.accepted = 1
             WHERE h.heard_ms <= ?1 ORDER BY h.heard_ms, h.conversation LIMIT ?2",
        )?;
        let rows = statement.query_map(params![int(before_ms), LOOKED_AT], Heard::read)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}
