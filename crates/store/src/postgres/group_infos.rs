//! GroupInfos that members put in the place of bad ones.

use huis_proto::{ConversationId, ConversationKind, Member};

use super::columns::{self, NO_LAST, signed};
use super::db::Db;
use super::fault::Outcome;
use super::{held, moves};
use crate::{Reseeding, Wanting};

/// The standing of a GroupInfo: 0 as its commit brought it, 1 bad by somebody's word, 2 put anew by a member.
pub(super) const DOUBT_GROUP_INFO: &str = "UPDATE group_infos SET standing = 1, asked_by = 0 \
     WHERE conversation = $1 AND commit_counter = $2 AND standing = 0";
const WANT_GROUP_INFO: &str = "UPDATE group_infos SET standing = 1, asked_by = $3 \
     WHERE conversation = $1 AND commit_counter = $2 AND standing <> 1";
/// Not from the account whose one was bad, nor from the one that said so, as long as there is another.
pub(super) const RESEED_GROUP_INFO: &str = "UPDATE group_infos SET group_info = $2, standing = 2, source = $3 \
     WHERE conversation = $1 AND standing = 1 AND ($3 NOT IN (source, asked_by) OR NOT EXISTS \
     (SELECT 1 FROM members m JOIN devices d ON d.device = m.device WHERE m.conversation = $1 \
     AND m.last = 9223372036854775807 AND d.account NOT IN (group_infos.source, group_infos.asked_by)))";
pub(super) const GROUP_INFO_WANTED: &str = "SELECT CASE WHEN g.standing = 1 THEN g.commit_counter END \
     FROM conversations c JOIN group_infos g ON g.conversation = c.conversation \
     JOIN accounts a ON a.id = $2 JOIN devices d ON d.account = a.account AND d.id = $3 \
     JOIN members m ON m.conversation = c.conversation AND m.device = d.device \
     WHERE c.id = $1 AND m.last = 9223372036854775807";
pub(super) const GROUP_INFOS_WANTED: &str = "SELECT c.id, g.commit_counter FROM accounts a \
     JOIN devices d ON d.account = a.account AND d.id = $2 JOIN members m ON m.device = d.device \
     JOIN group_infos g ON g.conversation = m.conversation JOIN conversations c ON c.conversation = m.conversation \
     WHERE a.id = $1 AND m.last = 9223372036854775807 AND g.standing = 1 LIMIT $3";

pub(super) async fn group_info_wanted(db: &Db, device: Member, id: ConversationId) -> Outcome<Option<Option<u64>>> {
    let ids = (device.account.as_bytes().as_slice(), device.device.as_bytes().as_slice());
    let row = db.row(GROUP_INFO_WANTED, &[&id.as_bytes().as_slice(), &ids.0, &ids.1]).await?;
    row.map(|row| Ok(row.try_get::<_, Option<i64>>(0)?.map(columns::unsigned))).transpose()
}

pub(super) async fn group_infos_wanted(db: &Db, device: Member, most: usize) -> Outcome<Vec<(ConversationId, u64)>> {
    let ids = (device.account.as_bytes().as_slice(), device.device.as_bytes().as_slice());
    let rows = db.rows(GROUP_INFOS_WANTED, &[&ids.0, &ids.1, &signed(most as u64)]).await?;
    let wanted =
        |row: &tokio_postgres::Row| Ok((ConversationId::from_bytes(columns::array(row, 0)?), columns::number(row, 1)?));
    rows.iter().map(wanted).collect()
}

pub(super) async fn reseed(
    db: &Db,
    member: Member,
    id: ConversationId,
    commit_counter: u64,
    group_info: &[u8],
) -> Outcome<Reseeding> {
    let Some((conversation, device)) = held::conversation(db, id).await?.zip(held::device_now(db, member).await?)
    else {
        return Ok(Reseeding::NotAMember);
    };
    let seat = held::seat_of(db, conversation.key, device.key).await?;
    if seat.is_none_or(|(_, last)| last != NO_LAST) {
        return Ok(Reseeding::NotAMember);
    }
    if conversation.commit_counter != commit_counter {
        return Ok(Reseeding::Behind { commit_counter: conversation.commit_counter });
    }
    let stored = db.execute(RESEED_GROUP_INFO, &[&conversation.key, &group_info, &device.account]).await? > 0;
    Ok(if stored { Reseeding::Stored } else { Reseeding::NotWanted })
}

pub(super) async fn want(db: &Db, member: Member, id: ConversationId, commit_counter: u64) -> Outcome<Wanting> {
    let Some((conversation, device)) = held::conversation(db, id).await?.zip(held::device_now(db, member).await?)
    else {
        return Ok(Wanting::NotAMember);
    };
    let is_open = conversation.kind == ConversationKind::Open;
    let takes_part = is_open || moves::participants(db, conversation.key).await?.contains(&device.account);
    if !device.listed || !takes_part {
        return Ok(Wanting::NotAMember);
    }
    let asked = db.execute(WANT_GROUP_INFO, &[&conversation.key, &signed(commit_counter), &device.account]).await? > 0;
    Ok(if asked { Wanting::Asked } else { Wanting::Settled })
}
