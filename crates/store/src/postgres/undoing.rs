//! What a contested commit took is given back, and what it gave taken back.

use huis_proto::Member;

use super::columns::{self, Key, NO_LAST};
use super::commits::{self, DROP_WELCOMES_OF_SEATS};
use super::contests::Given;
use super::db::Db;
use super::expiry::DROP_WELCOMES;
use super::fault::Outcome;
use super::held;
use super::log::{self, ACCOUNTS_SEATS};

pub(super) const EXPELLED_LATER: &str =
    "SELECT min(seq) FROM expulsions WHERE conversation = $1 AND account = $2 AND seq > $3";
const SET_TOOK_PART: &str =
    "UPDATE expulsions SET took_part = true WHERE conversation = $1 AND account = $2 AND seq = $3";
pub(super) const EXPELLED_AT: &str = "SELECT account, took_part FROM expulsions WHERE conversation = $1 AND seq = $2";
const DROP_EXPELLED: &str = "DELETE FROM expulsions WHERE conversation = $1 AND seq = $2";
/// Commits between the one that is undone and the next that took the account out brought in one that took part.
pub(super) const TAKES_PART_BEFORE: &str = "UPDATE seatings SET participant = false \
     WHERE conversation = $1 AND account = $2 AND seq > $3 AND seq < $4";
/// Commits between the one that is revoked and the next that brought the account in took nothing from it.
pub(super) const TOOK_NO_PART: &str = "UPDATE expulsions SET took_part = false \
     WHERE conversation = $1 AND account = $2 AND seq > $3 AND seq < $4";
pub(super) const BROUGHT_IN_LATER: &str = "SELECT min(seq) FROM seatings \
     WHERE conversation = $1 AND account = $2 AND seq > $3 AND participant";
pub(super) const HAND_ON_PART: &str = "UPDATE seatings SET participant = true \
     WHERE conversation = $1 AND account = $2 AND seq = (SELECT min(seq) FROM seatings \
     WHERE conversation = $1 AND account = $2 AND seq > $3 AND seq < $4)";
/// Holds the devices, so that nobody takes one off its list before it has its seat, which would stay.
pub(super) const TAKEN: &str = "SELECT u.device, u.joined, u.took_seat, a.id, d.id FROM unseatings u \
     JOIN devices d ON d.device = u.device JOIN accounts a ON a.account = d.account \
     WHERE u.conversation = $1 AND u.seq = $2 AND d.listed ORDER BY d.device FOR NO KEY UPDATE OF d";
const DROP_TAKEN: &str = "DELETE FROM unseatings WHERE conversation = $1 AND seq = $2";
const SET_RESTORED: &str = "UPDATE contests SET restored = true WHERE conversation = $1 AND seq = $2";
pub(super) const UNSEATED_NEXT: &str =
    "SELECT min(seq) FROM unseatings WHERE conversation = $1 AND device = $2 AND seq > $3";
const SET_TOOK_SEAT: &str =
    "UPDATE unseatings SET took_seat = true WHERE conversation = $1 AND device = $2 AND seq = $3";
const RAISE_SEAT: &str = "UPDATE members SET last = $3, leaf = $4 WHERE conversation = $1 AND device = $2";
const PUT_SEAT: &str = "INSERT INTO members (conversation, device, joined, acked, last, leaf) \
     VALUES ($1, $2, $3, $4, $5, $6)";
const RESTORE_PAIR: &str = "INSERT INTO direct_conversations (lower_account, higher_account, conversation) \
     SELECT min(account), max(account), $1::bigint FROM participants WHERE conversation = $1 HAVING count(*) = 2 \
     ON CONFLICT DO NOTHING";
const RESTORED_UNDER: &str = "UPDATE seatings SET earlier = $4 WHERE conversation = $1 AND device = $2 AND seq = $3";
const GIVEN: &str = "SELECT s.device, s.account, s.participant, s.earlier, a.id, d.id FROM seatings s \
     JOIN devices d ON d.device = s.device JOIN accounts a ON a.account = d.account \
     WHERE s.conversation = $1 AND s.seq = $2";
const DROP_GIVEN: &str = "DELETE FROM seatings WHERE conversation = $1 AND seq = $2";
const SET_REVOKED: &str = "UPDATE contests SET revoked = true WHERE conversation = $1 AND seq = $2";
/// The next commit that added the device while it had the seat of the one at `$3`.
pub(super) const ADDED_ONCE_MORE: &str = "SELECT min(seq) FROM seatings \
     WHERE conversation = $1 AND device = $2 AND seq > $3 AND seq < coalesce((SELECT min(seq) FROM unseatings \
     WHERE conversation = $1 AND device = $2 AND joined = $3), 9223372036854775807)";
const MOVE_SEAT: &str = "UPDATE members SET joined = $4, acked = greatest(acked, $4) \
     WHERE conversation = $1 AND device = $2 AND joined = $3";
const BOUND_SEAT: &str = "UPDATE members SET last = $4, leaf = $5 \
     WHERE conversation = $1 AND device = $2 AND joined = $3";
/// Commits that took a seat which never was took the one that an earlier commit had taken, or none.
pub(super) const UNSEATED_UNDER: &str = "SELECT joined FROM unseatings \
     WHERE conversation = $1 AND device = $2 AND seq < $3 ORDER BY seq DESC LIMIT 1";
const MOVE_UNSEATINGS: &str = "UPDATE unseatings SET joined = $4, took_seat = took_seat AND $5 \
     WHERE conversation = $1 AND device = $2 AND joined = $3";
const DROP_UNSEATINGS: &str = "DELETE FROM unseatings WHERE conversation = $1 AND device = $2 AND joined = $3";
const MOVE_EARLIER: &str = "UPDATE seatings SET earlier = $4 \
     WHERE conversation = $1 AND device = $2 AND earlier = $3";
const TAKE_SEAT: &str = "DELETE FROM members WHERE conversation = $1 AND device = $2 AND joined = $3";

/// Gives the seats back that the commit took, each with its cursor, and their part to the accounts that it took out.
pub(super) async fn give_back(db: &Db, key: Key, is_direct: bool, seq: i64) -> Outcome<Vec<Member>> {
    let taken = db.rows(TAKEN, &[&key, &seq]).await?;
    db.execute(DROP_TAKEN, &[&key, &seq]).await?;
    db.execute(SET_RESTORED, &[&key, &seq]).await?;
    let mut restored = Vec::with_capacity(taken.len());
    for row in &taken {
        let (device, since, took_seat): (Key, i64, bool) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
        if !took_seat {
            // An earlier one took it, which stands.
            continue;
        }
        // A later commit may have taken it as well: that is another contest, which has it to give from here on.
        let next = seq_of(db, UNSEATED_NEXT, key, device, since).await?;
        if let Some(next) = next {
            db.execute(SET_TOOK_SEAT, &[&key, &device, &next]).await?;
        }
        let (last, leaf) = (next.unwrap_or(NO_LAST), next.is_none());
        match held::seat_of(db, key, device).await? {
            // It has come in again since. If that was by a commit that falls as well, this seat is the one that stays.
            Some((joined, _)) if joined >= seq => {
                db.execute(RESTORED_UNDER, &[&key, &device, &joined, &since]).await?;
                continue;
            }
            Some(_) => {
                db.execute(RAISE_SEAT, &[&key, &device, &last, &leaf]).await?;
            }
            None => {
                db.execute(PUT_SEAT, &[&key, &device, &since, &seq, &last, &leaf]).await?;
            }
        }
        restored.push(columns::member(row, 3)?);
    }
    take_in_again(db, key, seq).await?;
    if is_direct {
        db.execute(RESTORE_PAIR, &[&key]).await?;
    }
    Ok(restored)
}

/// Accounts that the commit took out take part again. Where a later one names them as well it is that one which takes
/// them out from here on; where an earlier one had taken them out there is nothing to give.
async fn take_in_again(db: &Db, key: Key, seq: i64) -> Outcome<()> {
    let expelled = db.rows(EXPELLED_AT, &[&key, &seq]).await?;
    db.execute(DROP_EXPELLED, &[&key, &seq]).await?;
    for row in expelled {
        let (account, took_part): (Key, bool) = (row.try_get(0)?, row.try_get(1)?);
        if !took_part {
            continue;
        }
        let next = seq_of(db, EXPELLED_LATER, key, account, seq).await?;
        match next {
            Some(next) => {
                db.execute(SET_TOOK_PART, &[&key, &account, &next]).await?;
            }
            None => commits::put_participants(db, key, [account]).await?,
        }
        db.execute(TAKES_PART_BEFORE, &[&key, &account, &seq, &next.unwrap_or(i64::MAX)]).await?;
    }
    Ok(())
}

/// Takes the seats back that the commit gave, with their welcomes.
pub(super) async fn take_back(db: &Db, key: Key, seq: i64) -> Outcome<Vec<Member>> {
    let rows = db.rows(GIVEN, &[&key, &seq]).await?;
    db.execute(DROP_GIVEN, &[&key, &seq]).await?;
    db.execute(SET_REVOKED, &[&key, &seq]).await?;
    // Also those to devices that had a seat before.
    db.execute(DROP_WELCOMES, &[&key, &seq]).await?;
    let mut revoked = Vec::with_capacity(rows.len());
    for row in &rows {
        let earlier: i64 = row.try_get(3)?;
        let given = Given {
            device: row.try_get(0)?,
            account: row.try_get(1)?,
            participant: row.try_get(2)?,
            earlier: Some(earlier).filter(|earlier| *earlier >= 0),
        };
        let had_seat = match given.earlier {
            Some(earlier) => rest_on_earlier_seat(db, key, &given, seq, earlier).await?,
            None => match seq_of(db, ADDED_ONCE_MORE, key, given.device, seq).await? {
                Some(later) => move_seat(db, key, &given, seq, later).await?,
                None => take_seat(db, key, &given, seq).await?,
            },
        };
        if given.participant {
            take_part(db, key, given.account, seq).await?;
        }
        if had_seat {
            revoked.push(columns::member(row, 4)?);
        }
    }
    commits::drop_read_welcomes(db, key).await?;
    Ok(revoked)
}

/// The device has the seat since then that another contest has given back. Whether it lost one: no.
async fn rest_on_earlier_seat(db: &Db, key: Key, given: &Given, seq: i64, earlier: i64) -> Outcome<bool> {
    let next = seq_of(db, UNSEATED_NEXT, key, given.device, earlier).await?;
    db.execute(BOUND_SEAT, &[&key, &given.device, &seq, &next.unwrap_or(NO_LAST), &next.is_none()]).await?;
    db.execute(DROP_WELCOMES_OF_SEATS, &[&vec![given.device], &key]).await?;
    move_seat(db, key, given, seq, earlier).await
}

/// What rested on the seat that the commit gave rests on another one. Whether the device lost one: no.
async fn move_seat(db: &Db, key: Key, given: &Given, seq: i64, to: i64) -> Outcome<bool> {
    db.execute(MOVE_SEAT, &[&key, &given.device, &seq, &to]).await?;
    db.execute(MOVE_UNSEATINGS, &[&key, &given.device, &seq, &to, &true]).await?;
    db.execute(MOVE_EARLIER, &[&key, &given.device, &seq, &to]).await?;
    Ok(false)
}

/// Takes the seat and whatever could bring it back. Whether the device had it still: a later commit may have given
/// another, or taken this one.
async fn take_seat(db: &Db, key: Key, given: &Given, seq: i64) -> Outcome<bool> {
    let device = given.device;
    match db.row(UNSEATED_UNDER, &[&key, &device, &seq]).await? {
        Some(row) => {
            let under: i64 = row.try_get(0)?;
            db.execute(MOVE_UNSEATINGS, &[&key, &device, &seq, &under, &false]).await?;
        }
        None => {
            db.execute(DROP_UNSEATINGS, &[&key, &device, &seq]).await?;
        }
    }
    db.execute(MOVE_EARLIER, &[&key, &device, &seq, &-1i64]).await?;
    if db.execute(TAKE_SEAT, &[&key, &device, &seq]).await? == 0 {
        return Ok(false);
    }
    db.execute(DROP_WELCOMES_OF_SEATS, &[&vec![device], &key]).await?;
    Ok(true)
}

/// The commit alone had made the account take part: it does so by a later one that stands, or no longer.
async fn take_part(db: &Db, key: Key, account: Key, seq: i64) -> Outcome<()> {
    let out = seq_of(db, EXPELLED_LATER, key, account, seq).await?.unwrap_or(i64::MAX);
    if db.execute(HAND_ON_PART, &[&key, &account, &seq, &out]).await? > 0 {
        return Ok(());
    }
    let brought_in = seq_of(db, BROUGHT_IN_LATER, key, account, seq).await?;
    let until = brought_in.unwrap_or(i64::MAX);
    db.execute(TOOK_NO_PART, &[&key, &account, &seq, &until]).await?;
    if brought_in.is_none() && !db.exists(ACCOUNTS_SEATS, &[&account, &key]).await? {
        log::drop_participant(db, key, account).await?;
    }
    Ok(())
}

/// The place that a query gives of a device or account, seen from another place.
async fn seq_of(db: &Db, sql: &str, conversation: Key, of: Key, seq: i64) -> Outcome<Option<i64>> {
    match db.row(sql, &[&conversation, &of, &seq]).await? {
        Some(row) => Ok(row.try_get(0)?),
        None => Ok(None),
    }
}
