//! Commits as long as they can be contested, with what they took and gave.

use std::collections::{BTreeMap, BTreeSet};

use huis_proto::frames::EntryKind;
use huis_proto::{ConversationId, ConversationKind, Member};

use super::columns::{self, Key, NO_LAST, signed};
use super::db::Db;
use super::fault::Outcome;
use super::group_infos::DOUBT_GROUP_INFO;
use super::held::{self, Conversation};
use super::log::Placed;
use super::moves::{Joining, Moves};
use super::{floors, undoing};
use crate::{AppendCommit, DissentTaken, Dissenting};

const SEATED: &str = "SELECT m.device, d.account, m.joined FROM members m JOIN devices d ON d.device = m.device \
     WHERE m.conversation = $1 AND m.last = 9223372036854775807";
/// The newest of each device.
pub(super) const UNSEATED_BEFORE: &str = "SELECT u.device, u.joined, a.id, d.id FROM unseatings u \
     JOIN devices d ON d.device = u.device JOIN accounts a ON a.account = d.account \
     WHERE u.conversation = $1 AND NOT EXISTS (SELECT 1 FROM unseatings n \
     WHERE n.conversation = u.conversation AND n.device = u.device AND n.seq > u.seq)";
pub(super) const EXPELLED: &str = "SELECT DISTINCT account FROM expulsions WHERE conversation = $1";
const SEATED_BY: &str = "SELECT seq, device FROM seatings WHERE conversation = $1";
const PUT_CONTEST: &str = "INSERT INTO contests (conversation, seq, author, before, kept) VALUES ($1, $2, $3, $4, $5)";
const PUT_UNSEATING: &str = "INSERT INTO unseatings (conversation, device, seq, account, joined, whole, took_seat) \
     VALUES ($1, $2, $3, $4, $5, $6, $7)";
const PUT_EXPULSION: &str = "INSERT INTO expulsions (conversation, account, seq, took_part) VALUES ($1, $2, $3, $4)";
const PUT_SEATINGS: &str = "INSERT INTO seatings (conversation, seq, device, account, participant) \
     SELECT $1::bigint, $2::bigint, u.device, u.account, u.participant \
     FROM unnest($3::bigint[], $4::bigint[], $5::boolean[]) AS u (device, account, participant)";
const COMMIT_AT: &str = "SELECT kind, commit_counter FROM log WHERE conversation = $1 AND seq = $2";
const FIND_CONTEST: &str = "SELECT author, before, kept, restored, revoked FROM contests \
     WHERE conversation = $1 AND seq = $2";
pub(super) const UNSEATED_AT: &str =
    "SELECT whole FROM unseatings WHERE conversation = $1 AND device = $2 AND seq = $3";
const PUT_DISSENT: &str = "INSERT INTO dissents (conversation, seq, account, kept) VALUES ($1, $2, $3, $4) \
     ON CONFLICT DO NOTHING";
const COUNT_DISSENTS: &str = "SELECT count(*), count(*) FILTER (WHERE kept) FROM dissents \
     WHERE conversation = $1 AND seq = $2";

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

/// A device that sits, with its account and since when.
struct Seated {
    device: Key,
    account: Key,
    joined: i64,
}

/// What the commit will take from others and give to others; none where there is nobody else to say anything against it.
pub(super) async fn find(
    db: &Db,
    conversation: Key,
    author: Key,
    participants: &BTreeSet<Key>,
    commit: &AppendCommit,
    moves: &Moves,
) -> Outcome<Option<Contest>> {
    let seated: Vec<Seated> = db
        .rows(SEATED, &[&conversation])
        .await?
        .iter()
        .map(|row| Ok(Seated { device: row.try_get(0)?, account: row.try_get(1)?, joined: row.try_get(2)? }))
        .collect::<Outcome<_>>()?;
    let leaving: BTreeSet<Key> = moves.leaves.iter().copied().collect();
    let before: BTreeSet<Key> = seated.iter().map(|seated| seated.account).collect();
    let kept: BTreeSet<Key> =
        seated.iter().filter(|seated| !leaving.contains(&seated.device)).map(|seated| seated.account).collect();
    // Who has no seat may take part, and get its seat back by another contest.
    let is_alone = before.len() < 2;
    if is_alone && moves.out.is_empty() {
        return Ok(None);
    }
    let mut taken = Vec::new();
    for Seated { device, account, joined } in &seated {
        if leaving.contains(device) && *account != author {
            let (device, account, joined) = (*device, *account, *joined);
            taken.push(Taken { device, account, joined, whole: !kept.contains(&account), took_seat: true });
        }
    }
    taken_before(db, conversation, author, commit, moves, &kept, &mut taken).await?;
    let mut expelled = Vec::new();
    if !moves.out.is_empty() {
        let earlier = db.rows(EXPELLED, &[&conversation]).await?;
        let earlier: BTreeSet<Key> = earlier.iter().map(|row| Ok(row.try_get(0)?)).collect::<Outcome<_>>()?;
        for account in &moves.out {
            let takes_part = participants.contains(account);
            if takes_part || earlier.contains(account) {
                expelled.push((*account, takes_part));
            }
        }
    }
    let given = given(db, conversation, author, participants, moves, &seated).await?;
    let silenced = expelled.iter().filter(|(_, takes_part)| is_alone && *takes_part).count();
    Ok(Some(Contest { author, before: before.len() + silenced, kept: kept.len(), taken, expelled, given }))
}

/// Who lost its seat before, and may get it back, loses it by this commit as well.
async fn taken_before(
    db: &Db,
    conversation: Key,
    author: Key,
    commit: &AppendCommit,
    moves: &Moves,
    kept: &BTreeSet<Key>,
    taken: &mut Vec<Taken>,
) -> Outcome<()> {
    if commit.leaves.is_empty() {
        return Ok(());
    }
    let mut earlier: BTreeMap<Member, (Key, i64)> = BTreeMap::new();
    for row in db.rows(UNSEATED_BEFORE, &[&conversation]).await? {
        earlier.insert(columns::member(&row, 2)?, (row.try_get(0)?, row.try_get(1)?));
    }
    for member in &commit.leaves {
        let Some((device, joined)) = earlier.get(member).copied() else {
            continue;
        };
        let keeps_seat = moves.joins.iter().any(|join| join.device == device && join.keeps_seat);
        if keeps_seat || taken.iter().any(|taken| taken.device == device) {
            continue;
        }
        let Some(account) = held::device_now(db, *member).await?.map(|device| device.account) else {
            continue;
        };
        if account != author {
            taken.push(Taken { device, account, joined, whole: !kept.contains(&account), took_seat: false });
        }
    }
    Ok(())
}

async fn given(
    db: &Db,
    conversation: Key,
    author: Key,
    participants: &BTreeSet<Key>,
    moves: &Moves,
    seated: &[Seated],
) -> Outcome<Vec<Given>> {
    let since: BTreeMap<Key, i64> = seated.iter().map(|seated| (seated.device, seated.joined)).collect();
    let mut seated_by: BTreeSet<(i64, Key)> = BTreeSet::new();
    if moves.joins.iter().any(|join| join.keeps_seat) {
        for row in db.rows(SEATED_BY, &[&conversation]).await? {
            seated_by.insert((row.try_get(0)?, row.try_get(1)?));
        }
    }
    let is_given = |join: &&Joining| match since.get(&join.device) {
        None => !join.keeps_seat && join.account != author,
        // The seat that it keeps may fall with the commit that gave it; then it is this one's.
        Some(joined) => join.keeps_seat && seated_by.contains(&(*joined, join.device)),
    };
    let given = moves.joins.iter().filter(is_given).map(|join| Given {
        device: join.device,
        account: join.account,
        participant: !participants.contains(&join.account),
        earlier: None,
    });
    Ok(given.collect())
}

/// Keeps what is needed to undo the commit, which was carried out.
pub(super) async fn keep(db: &Db, placed: &Placed<'_>, contest: &Contest) -> Outcome<()> {
    let (key, seq) = (placed.conversation, signed(placed.seq));
    let (before, kept) = (signed(contest.before as u64), signed(contest.kept as u64));
    db.execute(PUT_CONTEST, &[&key, &seq, &contest.author, &before, &kept]).await?;
    for Taken { device, account, joined, whole, took_seat } in &contest.taken {
        db.execute(PUT_UNSEATING, &[&key, device, &seq, account, joined, whole, took_seat]).await?;
    }
    for (account, takes_part) in &contest.expelled {
        db.execute(PUT_EXPULSION, &[&key, account, &seq, takes_part]).await?;
    }
    let devices: Vec<Key> = contest.given.iter().map(|given| given.device).collect();
    let accounts: Vec<Key> = contest.given.iter().map(|given| given.account).collect();
    let participants: Vec<bool> = contest.given.iter().map(|given| given.participant).collect();
    db.execute(PUT_SEATINGS, &[&key, &seq, &devices, &accounts, &participants]).await?;
    Ok(())
}

pub(super) async fn dissent(db: &Db, member: Member, id: ConversationId, seq: u64) -> Outcome<Dissenting> {
    let Some(conversation) = held::conversation(db, id).await? else {
        return Ok(Dissenting::NotAMember);
    };
    let Some(device) = held::device_now(db, member).await? else {
        return Ok(Dissenting::NotAMember);
    };
    let (key, place) = (conversation.key, signed(seq));
    let unseated = db.row(UNSEATED_AT, &[&key, &device.key, &place]).await?;
    let unseated: Option<bool> = unseated.map(|row| row.try_get(0)).transpose()?;
    match held::seat_of(db, key, device.key).await? {
        _ if unseated.is_some() => {}
        None => return Ok(Dissenting::NotAMember),
        Some((joined, last)) if joined < place && place <= last => {}
        Some(_) => return Ok(Dissenting::NoSuchCommit),
    }
    let commit = db.row(COMMIT_AT, &[&key, &place]).await?;
    let Some(commit) = commit.filter(|row| matches!(columns::entry_kind(row, 0), Ok(EntryKind::Commit))) else {
        return Ok(Dissenting::NoSuchCommit);
    };
    let counter = columns::number(&commit, 1)?;
    let mut taken = DissentTaken {
        undone: false,
        seated: false,
        restored: Vec::new(),
        revoked: Vec::new(),
        group_info_wanted: None,
    };
    let mut most_dissent = false;
    if let Some(contest) = standing(db, key, place).await? {
        taken.undone = contest.restored;
        if contest.author != device.account {
            let kept = unseated != Some(true);
            db.execute(PUT_DISSENT, &[&key, &place, &device.account, &kept]).await?;
            most_dissent = weigh(db, &conversation, place, &contest, &mut taken).await?;
        }
    }
    taken.seated = held::seat_of(db, key, device.key).await?.is_some_and(|(_, last)| last == NO_LAST);
    // The GroupInfo came with the commit, and is as bad as it.
    if most_dissent
        && taken.seated
        && counter == conversation.commit_counter
        && db.execute(DOUBT_GROUP_INFO, &[&key, &signed(counter)]).await? > 0
    {
        taken.group_info_wanted = Some(counter);
    }
    Ok(Dissenting::Taken(taken))
}

/// Counts the dissents, and undoes what is to be undone. Whether more than half dissent.
async fn weigh(
    db: &Db,
    conversation: &Conversation,
    seq: i64,
    contest: &Standing,
    taken: &mut DissentTaken,
) -> Outcome<bool> {
    let key = conversation.key;
    let is_direct = conversation.kind == ConversationKind::Direct;
    let Some(count) = db.row(COUNT_DISSENTS, &[&key, &seq]).await? else {
        return Ok(false);
    };
    let (all, kept) = (columns::number(&count, 0)?, columns::number(&count, 1)?);
    // In a direct conversation nobody takes the other out.
    let restores = kept > 0 || is_direct || all - kept > contest.kept;
    let restores = restores && !contest.restored;
    let most_dissent = all * 2 > contest.before;
    let revokes = most_dissent && !contest.revoked;
    if restores {
        taken.restored = undoing::give_back(db, key, is_direct, seq).await?;
        taken.undone = true;
    }
    if revokes {
        taken.revoked = undoing::take_back(db, key, seq).await?;
    }
    if restores || revokes {
        floors::look(db, &[key]).await?;
    }
    Ok(most_dissent)
}

async fn standing(db: &Db, conversation: Key, seq: i64) -> Outcome<Option<Standing>> {
    let Some(row) = db.row(FIND_CONTEST, &[&conversation, &seq]).await? else {
        return Ok(None);
    };
    Ok(Some(Standing {
        author: row.try_get(0)?,
        before: columns::number(&row, 1)?,
        kept: columns::number(&row, 2)?,
        restored: row.try_get(3)?,
        revoked: row.try_get(4)?,
    }))
}
