//! Commits as long as they can be contested, with what they took and gave; and GroupInfos that members replace.

use std::collections::BTreeSet;

use huis_proto::frames::EntryKind;
use huis_proto::{ConversationId, ConversationKind, Member};
use rusqlite::{Connection, OptionalExtension, params};

use super::columns::{self, Key, signed};
use super::commits::DROP_WELCOMES_OF_SEAT;
use super::expiry::DROP_WELCOMES;
use super::fault::Outcome;
use super::log::{ACCOUNTS_SEATS, Placed};
use super::moves::{Moves, find_device, is_participant};
use super::schema::NO_LAST;
use super::writer::Writer;
use crate::{AppendCommit, DissentTaken, Dissenting, Reseeding, Wanting};

pub(super) const OLDEST: &str = "SELECT min(seq) FROM contests WHERE conversation = ?1";
const FORGET: [&str; 5] = [
    "DELETE FROM contests WHERE conversation = ?1 AND seq <= ?2",
    "DELETE FROM unseatings WHERE conversation = ?1 AND seq <= ?2",
    "DELETE FROM expulsions WHERE conversation = ?1 AND seq <= ?2",
    "DELETE FROM seatings WHERE conversation = ?1 AND seq <= ?2",
    "DELETE FROM dissents WHERE conversation = ?1 AND seq <= ?2",
];
const SEATED: &str = "SELECT m.device, d.account, m.joined FROM members m JOIN devices d ON d.device = m.device \
     WHERE m.conversation = ?1 AND m.last = 9223372036854775807";
pub(super) const UNSEATED_BEFORE: &str = "SELECT joined FROM unseatings \
     WHERE conversation = ?1 AND device = ?2 ORDER BY seq DESC LIMIT 1";
const PUT_CONTEST: &str = "INSERT INTO contests (conversation, seq, author, before, kept) VALUES (?1, ?2, ?3, ?4, ?5)";
const PUT_UNSEATING: &str = "INSERT INTO unseatings (conversation, device, seq, account, joined, whole) \
     VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
pub(super) const EXPELLED: &str = "SELECT 1 FROM expulsions WHERE conversation = ?1 AND account = ?2";
const EXPELLED_LATER: &str = "SELECT 1 FROM expulsions WHERE conversation = ?1 AND account = ?2 AND seq > ?3";
const PUT_EXPULSION: &str = "INSERT INTO expulsions (conversation, account, seq, took_part) VALUES (?1, ?2, ?3, ?4)";
pub(super) const EXPELLED_AT: &str = "SELECT account, took_part FROM expulsions WHERE conversation = ?1 AND seq = ?2";
const DROP_EXPELLED: &str = "DELETE FROM expulsions WHERE conversation = ?1 AND seq = ?2";
const TAKES_PART_BEFORE: &str = "UPDATE seatings SET participant = 0 WHERE conversation = ?1 AND account = ?2";
const PUT_SEATING: &str = "INSERT INTO seatings (conversation, seq, device, account, participant) \
     VALUES (?1, ?2, ?3, ?4, ?5)";
const COMMIT_AT: &str = "SELECT kind, commit_counter FROM log WHERE conversation = ?1 AND seq = ?2";
const FIND_CONTEST: &str = "SELECT author, before, kept, restored, revoked FROM contests \
     WHERE conversation = ?1 AND seq = ?2";
pub(super) const UNSEATED_AT: &str =
    "SELECT whole FROM unseatings WHERE conversation = ?1 AND device = ?2 AND seq = ?3";
const FIND_SEAT: &str = "SELECT joined, last FROM members WHERE conversation = ?1 AND device = ?2";
const PUT_DISSENT: &str = "INSERT INTO dissents (conversation, seq, account, kept) VALUES (?1, ?2, ?3, ?4) \
     ON CONFLICT DO NOTHING";
const COUNT_DISSENTS: &str =
    "SELECT count(*), coalesce(sum(kept), 0) FROM dissents WHERE conversation = ?1 AND seq = ?2";
pub(super) const TAKEN: &str = "SELECT u.device, u.joined, a.id, d.id FROM unseatings u \
     JOIN devices d ON d.device = u.device JOIN accounts a ON a.account = d.account \
     WHERE u.conversation = ?1 AND u.seq = ?2 AND d.listed = 1";
const DROP_TAKEN: &str = "DELETE FROM unseatings WHERE conversation = ?1 AND seq = ?2";
const SET_RESTORED: &str = "UPDATE contests SET restored = 1 WHERE conversation = ?1 AND seq = ?2";
pub(super) const UNSEATED_NEXT: &str =
    "SELECT min(seq) FROM unseatings WHERE conversation = ?1 AND device = ?2 AND seq > ?3";
const RAISE_SEAT: &str = "UPDATE members SET last = ?3, leaf = ?4 WHERE conversation = ?1 AND device = ?2";
const PUT_SEAT: &str = "INSERT INTO members (conversation, device, joined, acked, last, leaf) \
     VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
const RESTORE_PAIR: &str = "INSERT INTO direct_conversations (lower_account, higher_account, conversation) \
     SELECT min(account), max(account), ?1 FROM participants WHERE conversation = ?1 HAVING count(*) = 2 \
     ON CONFLICT DO NOTHING";
const RESTORED_UNDER: &str = "UPDATE seatings SET earlier = ?4 \
     WHERE conversation = ?1 AND device = ?2 AND seq = ?3";
const GIVEN: &str = "SELECT s.device, s.account, s.participant, s.earlier, a.id, d.id FROM seatings s \
     JOIN devices d ON d.device = s.device JOIN accounts a ON a.account = d.account \
     WHERE s.conversation = ?1 AND s.seq = ?2";
const DROP_GIVEN: &str = "DELETE FROM seatings WHERE conversation = ?1 AND seq = ?2";
const SET_REVOKED: &str = "UPDATE contests SET revoked = 1 WHERE conversation = ?1 AND seq = ?2";
const EARLIER_SEAT: &str = "UPDATE members SET joined = ?4, last = ?5, leaf = ?6 \
     WHERE conversation = ?1 AND device = ?2 AND joined = ?3";
const TAKE_SEAT: &str = "DELETE FROM members WHERE conversation = ?1 AND device = ?2 AND joined = ?3";
/// The standing of a GroupInfo: 0 as its commit brought it, 1 bad by somebody's word, 2 put anew by a member.
const DOUBT_GROUP_INFO: &str = "UPDATE group_infos SET standing = 1 \
     WHERE conversation = ?1 AND commit_counter = ?2 AND standing = 0";
const WANT_GROUP_INFO: &str = "UPDATE group_infos SET standing = 1 \
     WHERE conversation = ?1 AND commit_counter = ?2 AND standing <> 1";
const RESEED_GROUP_INFO: &str =
    "UPDATE group_infos SET group_info = ?2, standing = 2 WHERE conversation = ?1 AND standing = 1";
pub(super) const GROUP_INFO_WANTED: &str = "SELECT CASE WHEN g.standing = 1 THEN g.commit_counter END \
     FROM conversations c JOIN group_infos g ON g.conversation = c.conversation \
     JOIN accounts a ON a.id = ?2 JOIN devices d ON d.account = a.account AND d.id = ?3 \
     JOIN members m ON m.conversation = c.conversation AND m.device = d.device \
     WHERE c.id = ?1 AND m.last = 9223372036854775807";
pub(super) const GROUP_INFOS_WANTED: &str = "SELECT c.id, g.commit_counter FROM accounts a \
     JOIN devices d ON d.account = a.account AND d.id = ?2 JOIN members m ON m.device = d.device \
     JOIN group_infos g ON g.conversation = m.conversation JOIN conversations c ON c.conversation = m.conversation \
     WHERE a.id = ?1 AND m.last = 9223372036854775807 AND g.standing = 1 LIMIT ?3";

/// What a commit takes from others and gives to others, found before anything is changed.
pub(super) struct Contest {
    author: Key,
    /// How many accounts had a seat.
    before: usize,
    /// How many of them keep one.
    kept: usize,
    taken: Vec<Taken>,
    /// Accounts that it takes out, and whether they take part; otherwise an earlier commit took them out that may fall.
    expelled: Vec<(Key, bool)>,
    given: Vec<Given>,
}

/// A device of another account that loses its seat.
struct Taken {
    device: Key,
    account: Key,
    joined: i64,
    /// Its account keeps no seat.
    whole: bool,
}

/// A device of another account that is welcomed to a seat.
struct Given {
    device: Key,
    account: Key,
    /// Its account takes part by this alone.
    participant: bool,
    /// Since when it has the seat that another contest has given back meanwhile.
    earlier: Option<i64>,
}

/// What is kept of a contest.
struct Standing {
    author: Key,
    before: u64,
    kept: u64,
    restored: bool,
    revoked: bool,
}

/// Forgets contests of entries up to and with `seq`. Gives the oldest one that is left.
pub(super) fn forget(db: &Connection, conversation: Key, seq: u64) -> Outcome<Option<u64>> {
    for sql in FORGET {
        db.prepare_cached(sql)?.execute([conversation, signed(seq)])?;
    }
    oldest(db, conversation)
}

/// The oldest commit that can be contested.
pub(super) fn oldest(db: &Connection, conversation: Key) -> Outcome<Option<u64>> {
    let oldest: Option<i64> = db.prepare_cached(OLDEST)?.query_row([conversation], |row| row.get(0))?;
    Ok(oldest.map(columns::unsigned))
}

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
    /// What the commit will take from others and give to others; none where there is nobody else to say anything
    /// against it.
    pub(super) fn contest_of(
        &self,
        conversation: Key,
        author: Key,
        commit: &AppendCommit,
        moves: &Moves,
    ) -> Outcome<Option<Contest>> {
        let mut seated = self.db.prepare_cached(SEATED)?;
        let seated: Vec<(Key, Key, i64)> = seated
            .query_map([conversation], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
            .collect::<rusqlite::Result<_>>()?;
        let leaving: BTreeSet<Key> = moves.leaves.iter().copied().collect();
        let before: BTreeSet<Key> = seated.iter().map(|(_, account, _)| *account).collect();
        let kept: BTreeSet<Key> =
            seated.iter().filter(|(device, ..)| !leaving.contains(device)).map(|(_, account, _)| *account).collect();
        if before.len() < 2 {
            return Ok(None);
        }
        let mut taken = Vec::new();
        for (device, account, joined) in &seated {
            if leaving.contains(device) && *account != author {
                taken.push(Taken {
                    device: *device,
                    account: *account,
                    joined: *joined,
                    whole: !kept.contains(account),
                });
            }
        }
        for member in &commit.leaves {
            // Who lost its seat before, and may get it back, loses it by this commit as well.
            let Some(device) = find_device(&self.db, *member)?.filter(|device| device.account != author) else {
                continue;
            };
            let keeps_seat = moves.joins.iter().any(|join| join.device == device.key && join.keeps_seat);
            if keeps_seat || taken.iter().any(|taken| taken.device == device.key) {
                continue;
            }
            let mut before = self.db.prepare_cached(UNSEATED_BEFORE)?;
            let whole = !kept.contains(&device.account);
            let before = before.query_row([conversation, device.key], |row| {
                Ok(Taken { device: device.key, account: device.account, joined: row.get(0)?, whole })
            });
            taken.extend(before.optional()?);
        }
        let mut expelled = Vec::new();
        for account in &moves.out {
            let takes_part = is_participant(&self.db, conversation, *account)?;
            if takes_part || self.db.prepare_cached(EXPELLED)?.exists([conversation, *account])? {
                expelled.push((*account, takes_part));
            }
        }
        let mut given = Vec::new();
        for join in moves.joins.iter().filter(|join| !join.keeps_seat && join.account != author) {
            if seated.iter().all(|(device, ..)| *device != join.device) {
                let participant = !is_participant(&self.db, conversation, join.account)?;
                given.push(Given { device: join.device, account: join.account, participant, earlier: None });
            }
        }
        Ok(Some(Contest { author, before: before.len(), kept: kept.len(), taken, expelled, given }))
    }

    /// Keeps what is needed to undo the commit, which was carried out.
    pub(super) fn keep_contest(&self, placed: &Placed<'_>, contest: &Contest) -> Outcome<()> {
        let (key, seq) = (placed.conversation, signed(placed.seq));
        let count = |count: usize| signed(count as u64);
        self.db.prepare_cached(PUT_CONTEST)?.execute(params![
            key,
            seq,
            contest.author,
            count(contest.before),
            count(contest.kept)
        ])?;
        for taken in &contest.taken {
            self.db.prepare_cached(PUT_UNSEATING)?.execute(params![
                key,
                taken.device,
                seq,
                taken.account,
                taken.joined,
                taken.whole
            ])?;
        }
        for (account, takes_part) in &contest.expelled {
            self.db.prepare_cached(PUT_EXPULSION)?.execute(params![key, account, seq, takes_part])?;
        }
        for given in &contest.given {
            let row = params![key, seq, given.device, given.account, given.participant];
            self.db.prepare_cached(PUT_SEATING)?.execute(row)?;
        }
        Ok(())
    }

    pub(super) fn dissent(&mut self, member: Member, id: ConversationId, seq: u64) -> Outcome<Dissenting> {
        let Some((conversation, device)) = self.hot.pair(&self.db, id, member)? else {
            return Ok(Dissenting::NotAMember);
        };
        let (key, kind, newest) = (conversation.key, conversation.kind, conversation.commit_counter);
        let (device, account) = (device.key, device.account);
        let place = signed(seq);
        let unseated: Option<bool> =
            self.db.prepare_cached(UNSEATED_AT)?.query_row([key, device, place], |row| row.get(0)).optional()?;
        let seat = self.seat_of(key, device)?;
        match seat {
            _ if unseated.is_some() => {}
            None => return Ok(Dissenting::NotAMember),
            Some((joined, last)) if joined < place && place <= last => {}
            Some(_) => return Ok(Dissenting::NoSuchCommit),
        }
        let commit = self.db.prepare_cached(COMMIT_AT)?.query_row([key, place], |row| {
            let is_commit = columns::entry_kind(row, 0)? == EntryKind::Commit;
            Ok(is_commit.then_some(columns::number(row, 1)?))
        });
        let Some(counter) = commit.optional()?.flatten() else {
            return Ok(Dissenting::NoSuchCommit);
        };
        let mut taken = DissentTaken {
            undone: false,
            seated: false,
            restored: Vec::new(),
            revoked: Vec::new(),
            group_info_wanted: None,
        };
        let mut most_dissent = false;
        if let Some(contest) = self.standing(key, place)? {
            taken.undone = contest.restored;
            if contest.author != account {
                let kept = unseated != Some(true);
                self.db.prepare_cached(PUT_DISSENT)?.execute(params![key, place, account, kept])?;
                most_dissent = self.weigh(id, key, kind, place, &contest, &mut taken)?;
            }
        }
        taken.seated = self.seat_of(key, device)?.is_some_and(|(_, last)| last == NO_LAST);
        // The GroupInfo came with the commit, and is as bad as it.
        if most_dissent
            && taken.seated
            && counter == newest
            && self.db.prepare_cached(DOUBT_GROUP_INFO)?.execute([key, signed(counter)])? > 0
        {
            taken.group_info_wanted = Some(counter);
        }
        Ok(Dissenting::Taken(taken))
    }

    /// Counts the dissents, and undoes what is to be undone. Whether more than half dissent.
    fn weigh(
        &mut self,
        id: ConversationId,
        key: Key,
        kind: ConversationKind,
        seq: i64,
        contest: &Standing,
        taken: &mut DissentTaken,
    ) -> Outcome<bool> {
        let (all, kept) = self
            .db
            .prepare_cached(COUNT_DISSENTS)?
            .query_row([key, seq], |row| Ok((columns::number(row, 0)?, columns::number(row, 1)?)))?;
        // In a direct conversation nobody takes the other out.
        let restores = kept > 0 || kind == ConversationKind::Direct || all - kept > contest.kept;
        let restores = restores && !contest.restored;
        let most_dissent = all * 2 > contest.before;
        let revokes = most_dissent && !contest.revoked;
        if !restores && !revokes {
            return Ok(most_dissent);
        }
        self.write_back()?;
        if restores {
            taken.restored = self.give_back(key, kind, seq)?;
            taken.undone = true;
        }
        if revokes {
            taken.revoked = self.take_back(key, seq)?;
        }
        self.hot.forget_conversation(id);
        self.seats_changed.push(id);
        self.hot.look_at_floor(&self.db, id)?;
        Ok(most_dissent)
    }

    /// Gives the seats back that the commit took, each with its cursor, and their part to the accounts that it took out.
    fn give_back(&self, key: Key, kind: ConversationKind, seq: i64) -> Outcome<Vec<Member>> {
        let mut taken = self.db.prepare_cached(TAKEN)?;
        let taken: Vec<(Key, i64, Member)> = taken
            .query_map([key, seq], |row| Ok((row.get(0)?, row.get(1)?, columns::member(row, 2)?)))?
            .collect::<rusqlite::Result<_>>()?;
        self.db.prepare_cached(DROP_TAKEN)?.execute([key, seq])?;
        self.db.prepare_cached(SET_RESTORED)?.execute([key, seq])?;
        let mut restored = Vec::with_capacity(taken.len());
        for (device, since, member) in taken {
            // A later commit may have taken it as well: that is another contest.
            let next: Option<i64> =
                self.db.prepare_cached(UNSEATED_NEXT)?.query_row([key, device, since], |row| row.get(0))?;
            let (last, leaf) = (next.unwrap_or(NO_LAST), next.is_none());
            match self.seat_of(key, device)? {
                // It has come in again since. If that was by a commit that falls as well, this seat is the one that stays.
                Some((joined, _)) if joined >= seq => {
                    self.db.prepare_cached(RESTORED_UNDER)?.execute(params![key, device, joined, since])?;
                    continue;
                }
                Some(_) => {
                    self.db.prepare_cached(RAISE_SEAT)?.execute(params![key, device, last, leaf])?;
                }
                // What it may have is older than this commit, and is that other contest's to give.
                None if next.is_some_and(|next| next < seq) => continue,
                None => {
                    let seat = params![key, device, since, seq, last, leaf];
                    self.db.prepare_cached(PUT_SEAT)?.execute(seat)?;
                }
            }
            restored.push(member);
        }
        self.take_in_again(key, seq)?;
        if kind == ConversationKind::Direct {
            self.db.prepare_cached(RESTORE_PAIR)?.execute([key])?;
        }
        Ok(restored)
    }

    /// Accounts that the commit took out take part again, unless another one that stands took them out as well.
    fn take_in_again(&self, key: Key, seq: i64) -> Outcome<()> {
        let mut expelled = self.db.prepare_cached(EXPELLED_AT)?;
        let expelled: Vec<(Key, bool)> =
            expelled.query_map([key, seq], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<rusqlite::Result<_>>()?;
        self.db.prepare_cached(DROP_EXPELLED)?.execute([key, seq])?;
        for (account, took_part) in expelled {
            let by_a_later_one = self.db.prepare_cached(EXPELLED_LATER)?.exists([key, account, seq])?;
            let by_an_earlier_one = !took_part && self.db.prepare_cached(EXPELLED)?.exists([key, account])?;
            if !by_a_later_one && !by_an_earlier_one {
                self.put_participant(key, account)?;
                self.db.prepare_cached(TAKES_PART_BEFORE)?.execute([key, account])?;
            }
        }
        Ok(())
    }

    /// Takes the seats back that the commit gave, with their welcomes.
    fn take_back(&self, key: Key, seq: i64) -> Outcome<Vec<Member>> {
        let mut given = self.db.prepare_cached(GIVEN)?;
        let given: Vec<(Given, Member)> = given
            .query_map([key, seq], |row| {
                let (device, account, participant) = (row.get(0)?, row.get(1)?, row.get(2)?);
                let earlier = Some(row.get(3)?).filter(|earlier| *earlier >= 0);
                Ok((Given { device, account, participant, earlier }, columns::member(row, 4)?))
            })?
            .collect::<rusqlite::Result<_>>()?;
        self.db.prepare_cached(DROP_GIVEN)?.execute([key, seq])?;
        self.db.prepare_cached(SET_REVOKED)?.execute([key, seq])?;
        // Also those to devices that had a seat before.
        self.db.prepare_cached(DROP_WELCOMES)?.execute([key, seq])?;
        let mut revoked = Vec::with_capacity(given.len());
        for (given, member) in given {
            if let Some(earlier) = given.earlier {
                let next: Option<i64> =
                    self.db.prepare_cached(UNSEATED_NEXT)?.query_row([key, given.device, earlier], |row| row.get(0))?;
                let seat = params![key, given.device, seq, earlier, next.unwrap_or(NO_LAST), next.is_none()];
                self.db.prepare_cached(EARLIER_SEAT)?.execute(seat)?;
                self.db.prepare_cached(DROP_WELCOMES_OF_SEAT)?.execute([given.device, key])?;
                continue;
            }
            if self.db.prepare_cached(TAKE_SEAT)?.execute([key, given.device, seq])? == 0 {
                // Another commit has seated it since.
                continue;
            }
            self.db.prepare_cached(DROP_WELCOMES_OF_SEAT)?.execute([given.device, key])?;
            if given.participant && !self.db.prepare_cached(ACCOUNTS_SEATS)?.exists([given.account, key])? {
                self.drop_participant(key, given.account)?;
            }
            revoked.push(member);
        }
        self.drop_read_welcomes(key)?;
        Ok(revoked)
    }

    fn standing(&self, conversation: Key, seq: i64) -> Outcome<Option<Standing>> {
        let mut find = self.db.prepare_cached(FIND_CONTEST)?;
        let found = find.query_row([conversation, seq], |row| {
            Ok(Standing {
                author: row.get(0)?,
                before: columns::number(row, 1)?,
                kept: columns::number(row, 2)?,
                restored: row.get(3)?,
                revoked: row.get(4)?,
            })
        });
        Ok(found.optional()?)
    }

    /// When the device joined, and the last entry that it may have.
    fn seat_of(&self, conversation: Key, device: Key) -> Outcome<Option<(i64, i64)>> {
        let mut find = self.db.prepare_cached(FIND_SEAT)?;
        let found = find.query_row([conversation, device], |row| Ok((row.get(0)?, row.get(1)?)));
        Ok(found.optional()?)
    }

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
        let stored = self.db.prepare_cached(RESEED_GROUP_INFO)?.execute(params![conversation.key, group_info])? > 0;
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
        let asked = self.db.prepare_cached(WANT_GROUP_INFO)?.execute([conversation.key, signed(commit_counter)])? > 0;
        Ok(if asked { Wanting::Asked } else { Wanting::Settled })
    }
}
