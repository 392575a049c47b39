//! Commits as long as they can be contested, with what they took and gave.

use std::collections::BTreeSet;

use huis_proto::frames::EntryKind;
use huis_proto::{ConversationId, ConversationKind, Member};
use rusqlite::{Connection, OptionalExtension, params};

use super::columns::{self, Key, signed};
use super::fault::Outcome;
use super::group_infos::DOUBT_GROUP_INFO;
use super::log::Placed;
use super::moves::{Moves, find_device, is_participant};
use super::schema::NO_LAST;
use super::writer::Writer;
use crate::{AppendCommit, DissentTaken, Dissenting};

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
const PUT_UNSEATING: &str = "INSERT INTO unseatings (conversation, device, seq, account, joined, whole, took_seat) \
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
pub(super) const EXPELLED: &str = "SELECT 1 FROM expulsions WHERE conversation = ?1 AND account = ?2";
const PUT_EXPULSION: &str = "INSERT INTO expulsions (conversation, account, seq, took_part) VALUES (?1, ?2, ?3, ?4)";
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
const SEATED_BY: &str = "SELECT 1 FROM seatings WHERE conversation = ?1 AND seq = ?2 AND device = ?3";
/// What a commit takes from others and gives to others, found before anything is changed.
pub(super) struct Contest {
    author: Key,
    /// How many accounts had a seat; where the author's was the only one, also those that it puts out.
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
    /// It has the seat; otherwise an earlier commit took it that may fall.
    took_seat: bool,
}

/// A device that is welcomed: to a seat, or once more to one that may fall with the commit that gave it.
pub(super) struct Given {
    pub(super) device: Key,
    pub(super) account: Key,
    /// Its account takes part by this alone.
    pub(super) participant: bool,
    /// Since when it has the seat that another contest has given back meanwhile.
    pub(super) earlier: Option<i64>,
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
        // Who has no seat may take part, and get its seat back by another contest.
        let is_alone = before.len() < 2;
        if is_alone && moves.out.is_empty() {
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
                    took_seat: true,
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
                let (device, account) = (device.key, device.account);
                Ok(Taken { device, account, joined: row.get(0)?, whole, took_seat: false })
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
        for join in &moves.joins {
            let seat = seated.iter().find(|(device, ..)| *device == join.device).map(|(.., joined)| *joined);
            let is_given = match seat {
                None => !join.keeps_seat && join.account != author,
                // The seat that it keeps may fall with the commit that gave it; then it is this one's.
                Some(joined) => {
                    let mut find = self.db.prepare_cached(SEATED_BY)?;
                    join.keeps_seat && find.exists([conversation, joined, join.device])?
                }
            };
            if is_given {
                let participant = !is_participant(&self.db, conversation, join.account)?;
                given.push(Given { device: join.device, account: join.account, participant, earlier: None });
            }
        }
        let silenced = expelled.iter().filter(|(_, takes_part)| is_alone && *takes_part).count();
        Ok(Some(Contest { author, before: before.len() + silenced, kept: kept.len(), taken, expelled, given }))
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
                taken.whole,
                taken.took_seat
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
    pub(super) fn seat_of(&self, conversation: Key, device: Key) -> Outcome<Option<(i64, i64)>> {
        let mut find = self.db.prepare_cached(FIND_SEAT)?;
        let found = find.query_row([conversation, device], |row| Ok((row.get(0)?, row.get(1)?)));
        Ok(found.optional()?)
    }
}
