//! What a contested commit took is given back, and what it gave taken back.

use huis_proto::{ConversationKind, Member};
use rusqlite::{OptionalExtension, params};

use super::columns::{self, Key};
use super::commits::DROP_WELCOMES_OF_SEAT;
use super::contests::Given;
use super::expiry::DROP_WELCOMES;
use super::fault::Outcome;
use super::log::ACCOUNTS_SEATS;
use super::schema::NO_LAST;
use super::writer::Writer;

pub(super) const EXPELLED_LATER: &str =
    "SELECT min(seq) FROM expulsions WHERE conversation = ?1 AND account = ?2 AND seq > ?3";
const SET_TOOK_PART: &str = "UPDATE expulsions SET took_part = 1 WHERE conversation = ?1 AND account = ?2 AND seq = ?3";
pub(super) const EXPELLED_AT: &str = "SELECT account, took_part FROM expulsions WHERE conversation = ?1 AND seq = ?2";
const DROP_EXPELLED: &str = "DELETE FROM expulsions WHERE conversation = ?1 AND seq = ?2";
/// Commits between the one that is undone and the next that took the account out brought in one that took part.
pub(super) const TAKES_PART_BEFORE: &str = "UPDATE seatings SET participant = 0 \
     WHERE conversation = ?1 AND account = ?2 AND seq > ?3 AND seq < ?4";
/// Commits between the one that is revoked and the next that brought the account in took nothing from it.
pub(super) const TOOK_NO_PART: &str = "UPDATE expulsions SET took_part = 0 \
     WHERE conversation = ?1 AND account = ?2 AND seq > ?3 AND seq < ?4";
pub(super) const BROUGHT_IN_LATER: &str = "SELECT min(seq) FROM seatings \
     WHERE conversation = ?1 AND account = ?2 AND seq > ?3 AND participant = 1";
pub(super) const HAND_ON_PART: &str = "UPDATE seatings SET participant = 1 \
     WHERE conversation = ?1 AND account = ?2 AND seq = (SELECT min(seq) FROM seatings \
     WHERE conversation = ?1 AND account = ?2 AND seq > ?3 AND seq < ?4)";
pub(super) const TAKEN: &str = "SELECT u.device, u.joined, u.took_seat, a.id, d.id FROM unseatings u \
     JOIN devices d ON d.device = u.device JOIN accounts a ON a.account = d.account \
     WHERE u.conversation = ?1 AND u.seq = ?2 AND d.listed = 1";
const DROP_TAKEN: &str = "DELETE FROM unseatings WHERE conversation = ?1 AND seq = ?2";
const SET_RESTORED: &str = "UPDATE contests SET restored = 1 WHERE conversation = ?1 AND seq = ?2";
pub(super) const UNSEATED_NEXT: &str =
    "SELECT min(seq) FROM unseatings WHERE conversation = ?1 AND device = ?2 AND seq > ?3";
const SET_TOOK_SEAT: &str = "UPDATE unseatings SET took_seat = 1 WHERE conversation = ?1 AND device = ?2 AND seq = ?3";
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
/// The next commit that added the device while it had the seat of the one at `?3`.
pub(super) const ADDED_ONCE_MORE: &str = "SELECT min(seq) FROM seatings \
     WHERE conversation = ?1 AND device = ?2 AND seq > ?3 AND seq < coalesce((SELECT min(seq) FROM unseatings \
     WHERE conversation = ?1 AND device = ?2 AND joined = ?3), 9223372036854775807)";
const MOVE_SEAT: &str = "UPDATE members SET joined = ?4, acked = max(acked, ?4) \
     WHERE conversation = ?1 AND device = ?2 AND joined = ?3";
const BOUND_SEAT: &str = "UPDATE members SET last = ?4, leaf = ?5 \
     WHERE conversation = ?1 AND device = ?2 AND joined = ?3";
/// Commits that took a seat which never was took the one that an earlier commit had taken, or none.
pub(super) const UNSEATED_UNDER: &str = "SELECT joined FROM unseatings \
     WHERE conversation = ?1 AND device = ?2 AND seq < ?3 ORDER BY seq DESC LIMIT 1";
const MOVE_UNSEATINGS: &str = "UPDATE unseatings SET joined = ?4, took_seat = took_seat AND ?5 \
     WHERE conversation = ?1 AND device = ?2 AND joined = ?3";
const DROP_UNSEATINGS: &str = "DELETE FROM unseatings WHERE conversation = ?1 AND device = ?2 AND joined = ?3";
const MOVE_EARLIER: &str = "UPDATE seatings SET earlier = ?4 \
     WHERE conversation = ?1 AND device = ?2 AND earlier = ?3";
const TAKE_SEAT: &str = "DELETE FROM members WHERE conversation = ?1 AND device = ?2 AND joined = ?3";

impl Writer {
    /// Gives the seats back that the commit took, each with its cursor, and their part to the accounts that it took out.
    pub(super) fn give_back(&self, key: Key, kind: ConversationKind, seq: i64) -> Outcome<Vec<Member>> {
        let mut taken = self.db.prepare_cached(TAKEN)?;
        let taken: Vec<(Key, i64, bool, Member)> = taken
            .query_map([key, seq], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, columns::member(row, 3)?)))?
            .collect::<rusqlite::Result<_>>()?;
        self.db.prepare_cached(DROP_TAKEN)?.execute([key, seq])?;
        self.db.prepare_cached(SET_RESTORED)?.execute([key, seq])?;
        let mut restored = Vec::with_capacity(taken.len());
        for (device, since, took_seat, member) in taken {
            if !took_seat {
                // An earlier one took it, which stands.
                continue;
            }
            // A later commit may have taken it as well: that is another contest, which has it to give from here on.
            let next = self.seq_of(UNSEATED_NEXT, key, device, since)?;
            if let Some(next) = next {
                self.db.prepare_cached(SET_TOOK_SEAT)?.execute([key, device, next])?;
            }
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

    /// Accounts that the commit took out take part again. Where a later one names them as well it is that one which
    /// takes them out from here on; where an earlier one had taken them out there is nothing to give.
    fn take_in_again(&self, key: Key, seq: i64) -> Outcome<()> {
        let mut expelled = self.db.prepare_cached(EXPELLED_AT)?;
        let expelled: Vec<(Key, bool)> =
            expelled.query_map([key, seq], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<rusqlite::Result<_>>()?;
        self.db.prepare_cached(DROP_EXPELLED)?.execute([key, seq])?;
        for (account, took_part) in expelled {
            if !took_part {
                continue;
            }
            let next = self.seq_of(EXPELLED_LATER, key, account, seq)?;
            match next {
                Some(next) => {
                    self.db.prepare_cached(SET_TOOK_PART)?.execute([key, account, next])?;
                }
                None => self.put_participant(key, account)?,
            }
            self.db.prepare_cached(TAKES_PART_BEFORE)?.execute([key, account, seq, next.unwrap_or(i64::MAX)])?;
        }
        Ok(())
    }

    /// Takes the seats back that the commit gave, with their welcomes.
    pub(super) fn take_back(&self, key: Key, seq: i64) -> Outcome<Vec<Member>> {
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
            let had_seat = match given.earlier {
                Some(earlier) => self.rest_on_earlier_seat(key, &given, seq, earlier)?,
                None => match self.seq_of(ADDED_ONCE_MORE, key, given.device, seq)? {
                    Some(later) => self.move_seat(key, &given, seq, later)?,
                    None => self.take_seat(key, &given, seq)?,
                },
            };
            if given.participant {
                self.take_part(key, given.account, seq)?;
            }
            if had_seat {
                revoked.push(member);
            }
        }
        self.drop_read_welcomes(key)?;
        Ok(revoked)
    }

    /// The device has the seat since then that another contest has given back. Whether it lost one: no.
    fn rest_on_earlier_seat(&self, key: Key, given: &Given, seq: i64, earlier: i64) -> Outcome<bool> {
        let next = self.seq_of(UNSEATED_NEXT, key, given.device, earlier)?;
        let bound = params![key, given.device, seq, next.unwrap_or(NO_LAST), next.is_none()];
        self.db.prepare_cached(BOUND_SEAT)?.execute(bound)?;
        self.db.prepare_cached(DROP_WELCOMES_OF_SEAT)?.execute([given.device, key])?;
        self.move_seat(key, given, seq, earlier)
    }

    /// What rested on the seat that the commit gave rests on another one. Whether the device lost one: no.
    fn move_seat(&self, key: Key, given: &Given, seq: i64, to: i64) -> Outcome<bool> {
        self.db.prepare_cached(MOVE_SEAT)?.execute([key, given.device, seq, to])?;
        self.db.prepare_cached(MOVE_UNSEATINGS)?.execute(params![key, given.device, seq, to, true])?;
        self.db.prepare_cached(MOVE_EARLIER)?.execute([key, given.device, seq, to])?;
        Ok(false)
    }

    /// Takes the seat and whatever could bring it back. Whether the device had it still: a later commit may have given
    /// another, or taken this one.
    fn take_seat(&self, key: Key, given: &Given, seq: i64) -> Outcome<bool> {
        let under = self.db.prepare_cached(UNSEATED_UNDER)?.query_row([key, given.device, seq], |row| row.get(0));
        match under.optional()? {
            Some(under) => {
                let under: i64 = under;
                let moved = params![key, given.device, seq, under, false];
                self.db.prepare_cached(MOVE_UNSEATINGS)?.execute(moved)?;
            }
            None => {
                self.db.prepare_cached(DROP_UNSEATINGS)?.execute([key, given.device, seq])?;
            }
        }
        self.db.prepare_cached(MOVE_EARLIER)?.execute([key, given.device, seq, -1])?;
        if self.db.prepare_cached(TAKE_SEAT)?.execute([key, given.device, seq])? == 0 {
            return Ok(false);
        }
        self.db.prepare_cached(DROP_WELCOMES_OF_SEAT)?.execute([given.device, key])?;
        Ok(true)
    }

    /// The commit alone had made the account take part: it does so by a later one that stands, or no longer.
    fn take_part(&self, key: Key, account: Key, seq: i64) -> Outcome<()> {
        let out = self.seq_of(EXPELLED_LATER, key, account, seq)?.unwrap_or(i64::MAX);
        if self.db.prepare_cached(HAND_ON_PART)?.execute([key, account, seq, out])? > 0 {
            return Ok(());
        }
        let brought_in = self.seq_of(BROUGHT_IN_LATER, key, account, seq)?;
        let until = brought_in.unwrap_or(i64::MAX);
        self.db.prepare_cached(TOOK_NO_PART)?.execute([key, account, seq, until])?;
        if brought_in.is_none() && !self.db.prepare_cached(ACCOUNTS_SEATS)?.exists([account, key])? {
            self.drop_participant(key, account)?;
        }
        Ok(())
    }

    /// The place that a query gives of a device or account, seen from another place.
    fn seq_of(&self, sql: &str, conversation: Key, of: Key, seq: i64) -> Outcome<Option<i64>> {
        Ok(self.db.prepare_cached(sql)?.query_row([conversation, of, seq], |row| row.get(0))?)
    }
}
