//! GroupInfos that members put in the place of bad ones.

use huis_proto::{ConversationId, ConversationKind, Member};
use rusqlite::{Connection, OptionalExtension, params};

use super::columns::{self, signed};
use super::fault::Outcome;
use super::moves::is_participant;
use super::writer::Writer;
use crate::{Reseeding, Wanting};

/// The standing of a GroupInfo: 0 as its commit brought it, 1 bad by somebody's word, 2 put anew by a member.
pub(super) const DOUBT_GROUP_INFO: &str = "UPDATE group_infos SET standing = 1, asked_by = 0 \
     WHERE conversation = ?1 AND commit_counter = ?2 AND standing = 0";
const WANT_GROUP_INFO: &str = "UPDATE group_infos SET standing = 1, asked_by = ?3 \
     WHERE conversation = ?1 AND commit_counter = ?2 AND standing <> 1";
/// Not from the account whose one was bad, nor from the one that said so, as long as there is another.
pub(super) const RESEED_GROUP_INFO: &str = "UPDATE group_infos SET group_info = ?2, standing = 2, source = ?3 \
     WHERE conversation = ?1 AND standing = 1 AND (?3 NOT IN (source, asked_by) OR NOT EXISTS \
     (SELECT 1 FROM members m JOIN devices d ON d.device = m.device WHERE m.conversation = ?1 \
     AND m.last = 9223372036854775807 AND d.account NOT IN (group_infos.source, group_infos.asked_by)))";
pub(super) const GROUP_INFO_WANTED: &str = "SELECT CASE WHEN g.standing = 1 THEN g.commit_counter END \
     FROM conversations c JOIN group_infos g ON g.conversation = c.conversation \
     JOIN accounts a ON a.id = ?2 JOIN devices d ON d.account = a.account AND d.id = ?3 \
     JOIN members m ON m.conversation = c.conversation AND m.device = d.device \
     WHERE c.id = ?1 AND m.last = 9223372036854775807";
pub(super) const GROUP_INFOS_WANTED: &str = "SELECT c.id, g.commit_counter FROM accounts a \
     JOIN devices d ON d.account = a.account AND d.id = ?2 JOIN members m ON m.device = d.device \
     JOIN group_infos g ON g.conversation = m.conversation JOIN conversations c ON c.conversation = m.conversation \
     WHERE a.id = ?1 AND m.last = 9223372036854775807 AND g.standing = 1 LIMIT ?3";

pub(super) fn group_info_wanted(db: &Connection, device: Member, id: ConversationId) -> Outcome<Option<Option<u64>>> {
    let mut find = db.prepare_cached(GROUP_INFO_WANTED)?;
    let ids = [id.as_bytes(), device.account.as_bytes(), device.device.as_bytes()];
    let found = find.query_row(ids, |row| row.get::<_, Option<i64>>(0)).optional()?;
    Ok(found.map(|counter| counter.map(columns::unsigned)))
}

pub(super) fn group_infos_wanted(db: &Connection, device: Member, most: usize) -> Outcome<Vec<(ConversationId, u64)>> {
    let mut find = db.prepare_cached(GROUP_INFOS_WANTED)?;
    let ids = params![device.account.as_bytes(), device.device.as_bytes(), signed(most as u64)];
    let found = find.query_map(ids, |row| Ok((ConversationId::from_bytes(row.get(0)?), columns::number(row, 1)?)))?;
    Ok(found.collect::<rusqlite::Result<_>>()?)
}

impl Writer {
    pub(super) fn reseed_group_info(
        &mut self,
        member: Member,
        id: ConversationId,
        commit_counter: u64,
        group_info: &[u8],
    ) -> Outcome<Reseeding> {
        let Some((conversation, device)) = self.hot.pair(&self.db, id, member)? else {
            return Ok(Reseeding::NotAMember);
        };
        if !conversation.is_member(device.key) {
            return Ok(Reseeding::NotAMember);
        }
        if conversation.commit_counter != commit_counter {
            return Ok(Reseeding::Behind { commit_counter: conversation.commit_counter });
        }
        let (key, account) = (conversation.key, device.account);
        let stored = self.db.prepare_cached(RESEED_GROUP_INFO)?.execute(params![key, group_info, account])? > 0;
        Ok(if stored { Reseeding::Stored } else { Reseeding::NotWanted })
    }

    pub(super) fn want_group_info(
        &mut self,
        member: Member,
        id: ConversationId,
        commit_counter: u64,
    ) -> Outcome<Wanting> {
        let Some((conversation, device)) = self.hot.pair(&self.db, id, member)? else {
            return Ok(Wanting::NotAMember);
        };
        let is_open = conversation.kind == ConversationKind::Open;
        if !device.listed || !(is_open || is_participant(&self.db, conversation.key, device.account)?) {
            return Ok(Wanting::NotAMember);
        }
        let wish = [conversation.key, signed(commit_counter), device.account];
        let asked = self.db.prepare_cached(WANT_GROUP_INFO)?.execute(wish)? > 0;
        Ok(if asked { Wanting::Asked } else { Wanting::Settled })
    }
}
