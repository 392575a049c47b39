//! Reports.

use huis_proto::rest::{
    OwnReport, ProvenContent, ReportCategory, ReportClosing, ReportDetails, ReportInfo, ReportOutcome, ReportState,
    ReportedPlace, ServerRole,
};
use huis_proto::{AccountId, Bytes32, ConversationId, DeviceId, MessageId, ReportId, TimeShare};
use tokio_postgres::Row;

use super::audit;
use super::columns::{self, Key, signed};
use super::db::{Db, Params};
use super::fault::{Fault, Outcome};
use crate::administration::Ranked;
use crate::reports::{closed, is_by, named, standing};
use crate::{Act, Acted, NewClosing, NewReport, Noted, ReportPut, ReportsWanted};

/// Held, so that all reports of the account are counted, and none comes behind its deletion.
const HOLD_REPORTER: &str = "SELECT account FROM accounts WHERE id = $1 AND deleted_at_ms = 0 FOR NO KEY UPDATE";
const REPORTER: &str = "SELECT account FROM accounts WHERE id = $1 AND deleted_at_ms = 0";
const REPORTED: &str = "SELECT account FROM accounts WHERE id = $1";
macro_rules! seen {
    ($more:literal, $where:literal) => {
        concat!(
            "SELECT r.id, s.username, d.id, d.username, r.category, r.note, r.made_at_ms, r.conversation, r.message, \
             r.device, r.seq, r.received_at_ms, octet_length(r.content) > 0, r.state, r.handled_by, r.outcome, r.answer, \
             r.closed_at_ms",
            $more,
            " FROM reports r JOIN accounts s ON s.account = r.reporter JOIN accounts d ON d.account = r.reported WHERE ",
            $where
        )
    };
}

const COUNT: &str = "SELECT count(*) FROM reports WHERE reporter = $1";
const PUT: &str = "INSERT INTO reports (id, reporter, reported, category, note, made_at_ms, conversation, message, device, \
     seq, received_at_ms, content, share) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";
pub(super) const OWN: &str = seen!("", "r.reporter = $1 ORDER BY r.made_at_ms DESC, r.id DESC");
/// Nobody is shown what is about themselves, or about somebody whose role is not below their own; 3 is the role that has none
/// above.
pub(super) const PAGE: &str = seen!(
    "",
    "r.state = $1 AND (r.made_at_ms, r.id) > ($2, $3) AND d.id <> $4 AND (d.role < $5 OR $5 = 3) \
     ORDER BY r.made_at_ms, r.id LIMIT $6"
);
/// Held, so that of two who close it at once one comes first.
pub(super) const HOLD_ONE: &str = seen!(", r.content, r.share, d.role", "r.id = $1 FOR NO KEY UPDATE OF r");
pub(super) const TAKE: &str = "UPDATE reports SET state = 1, handled_by = $2 WHERE id = $1";
pub(super) const CLOSE: &str =
    "UPDATE reports SET state = 2, handled_by = $2, outcome = $3, answer = $4, closed_at_ms = $5 WHERE id = $1";
/// What another node removes just now is left to it.
pub(super) const FORGET_OLD: &str = "DELETE FROM reports WHERE ctid = ANY(ARRAY(SELECT ctid FROM reports \
     WHERE closed_at_ms > 0 AND closed_at_ms <= $1 ORDER BY closed_at_ms LIMIT $2 FOR UPDATE SKIP LOCKED))";

/// A report with the role of who is reported.
struct Held {
    details: ReportDetails,
    reported_role: ServerRole,
}

pub(super) async fn put(db: &Db, new: &NewReport, most: usize) -> Outcome<ReportPut> {
    let Some(reporter) = db.row(HOLD_REPORTER, &[&new.reporter.as_bytes().as_slice()]).await? else {
        return Ok(ReportPut::NoAccount);
    };
    let Some(reported) = db.row(REPORTED, &[&new.reported.as_bytes().as_slice()]).await? else {
        return Ok(ReportPut::NoAccount);
    };
    let (reporter, reported): (Key, Key) = (reporter.try_get(0)?, reported.try_get(0)?);
    let count = db.row(COUNT, &[&reporter]).await?.map(|row| columns::number(&row, 0)).transpose()?.unwrap_or(0);
    if count >= most as u64 {
        return Ok(ReportPut::TooMany);
    }
    let place = new.message.as_ref();
    let id = new.id.as_bytes().as_slice();
    let (category, made) = (i16::from(new.category as u8), signed(new.made_at_ms));
    let conversation = place.map(|place| place.conversation.as_bytes().as_slice()).unwrap_or_default();
    let message = place.map(|place| place.message.as_bytes().as_slice()).unwrap_or_default();
    let device = place.map(|place| place.device.as_bytes().as_slice()).unwrap_or_default();
    let seq = signed(place.map_or(0, |place| place.seq));
    let received = signed(place.map_or(0, |place| place.received_at_ms));
    let content = new.revealed.as_ref().map(|revealed| revealed.content.0.as_slice()).unwrap_or_default();
    let share = new.revealed.as_ref().and_then(|revealed| revealed.share).map(|share| share.0.0.to_vec());
    let share = share.unwrap_or_default();
    let columns: Params<'_> = &[
        &id,
        &reporter,
        &reported,
        &category,
        &new.note,
        &made,
        &conversation,
        &message,
        &device,
        &seq,
        &received,
        &content,
        &share,
    ];
    db.execute(PUT, columns).await?;
    Ok(ReportPut::Kept)
}

pub(super) async fn own(db: &Db, reporter: AccountId) -> Outcome<Vec<OwnReport>> {
    let Some(reporter) = db.row(REPORTER, &[&reporter.as_bytes().as_slice()]).await? else {
        return Ok(Vec::new());
    };
    let reporter: Key = reporter.try_get(0)?;
    db.rows(OWN, &[&reporter]).await?.iter().map(|row| found(row).map(ReportInfo::for_reporter)).collect()
}

pub(super) async fn page(db: &Db, wanted: &ReportsWanted) -> Outcome<Vec<ReportInfo>> {
    let (after_ms, after) = wanted.after.map_or((-1, Vec::new()), |(ms, id)| (signed(ms), id.as_bytes().to_vec()));
    let (state, role) = (i16::from(wanted.state as u8), i16::from(wanted.role as u8));
    let (asker, most) = (wanted.asker.as_bytes().as_slice(), signed(wanted.most as u64));
    let bounds: Params<'_> = &[&state, &after_ms, &after, &asker, &role, &most];
    db.rows(PAGE, bounds).await?.iter().map(found).collect()
}

pub(super) async fn read(db: &Db, act: &Act, report: ReportId) -> Outcome<Acted<ReportDetails>> {
    let (actor, held) = match report_for(db, act, report).await? {
        Ok(both) => both,
        Err(refused) => return Ok(refused),
    };
    let noted = Noted { subject: named(&held.details.report), ..Noted::default() };
    audit::write_down(db, act, &actor.username, noted).await?;
    Ok(Acted::Done(held.details))
}

pub(super) async fn take(db: &Db, act: &Act, report: ReportId) -> Outcome<Acted<ReportInfo>> {
    let (actor, held) = match report_for(db, act, report).await? {
        Ok(both) => both,
        Err(refused) => return Ok(refused.map(|details| details.report)),
    };
    let mut info = held.details.report;
    if info.closing.is_some() {
        return Ok(Acted::Unchanged);
    }
    if is_by(&info, &actor) {
        return Ok(Acted::Done(info));
    }
    db.execute(TAKE, &[&report.as_bytes().as_slice(), &actor.username]).await?;
    let before = standing(&info);
    (info.state, info.handled_by) = (ReportState::Taken, Some(actor.username.clone()));
    let noted = Noted { subject: named(&info), before, after: standing(&info) };
    audit::write_down(db, act, &actor.username, noted).await?;
    Ok(Acted::Done(info))
}

pub(super) async fn close(db: &Db, act: &Act, report: ReportId, closing: &NewClosing) -> Outcome<Acted<ReportInfo>> {
    let (actor, held) = match report_for(db, act, report).await? {
        Ok(both) => both,
        Err(refused) => return Ok(refused.map(|details| details.report)),
    };
    let mut info = held.details.report;
    if let Some(so_far) = &info.closing {
        let is_it = is_by(&info, &actor) && closing.is_of(so_far);
        return Ok(if is_it { Acted::Done(info) } else { Acted::Unchanged });
    }
    let (outcome, closed_at) = (i16::from(closing.outcome as u8), signed(act.at_ms));
    let columns: Params<'_> = &[&report.as_bytes().as_slice(), &actor.username, &outcome, &closing.answer, &closed_at];
    db.execute(CLOSE, columns).await?;
    let before = standing(&info);
    let NewClosing { outcome, answer } = closing.clone();
    (info.state, info.handled_by) = (ReportState::Closed, Some(actor.username.clone()));
    info.closing = Some(ReportClosing { outcome, answer, closed_at_ms: act.at_ms });
    let noted = Noted { subject: named(&info), before, after: closed(outcome) };
    audit::write_down(db, act, &actor.username, noted).await?;
    Ok(Acted::Done(info))
}

pub(super) async fn end(db: &Db, closed_until_ms: u64, most: usize) -> Outcome<usize> {
    let ended = db.execute(FORGET_OLD, &[&signed(closed_until_ms), &signed(most as u64)]).await?;
    Ok(usize::try_from(ended).unwrap_or(usize::MAX))
}

/// Who acts and the report, if they may see it.
async fn report_for(db: &Db, act: &Act, report: ReportId) -> Outcome<Result<(Ranked, Held), Acted<ReportDetails>>> {
    let Some(actor) = audit::actor(db, act).await? else {
        return Ok(Err(Acted::NotAllowed));
    };
    let held = db.row(HOLD_ONE, &[&report.as_bytes().as_slice()]).await?.map(|row| held(&row)).transpose()?;
    let seen = held.filter(|held| crate::reports::may_see(&actor, held.details.report.account, held.reported_role));
    Ok(seen.map(|held| (actor, held)).ok_or(Acted::NotThere))
}

fn held(row: &Row) -> Outcome<Held> {
    let content = columns::bytes(row, 18)?;
    let share: &[u8] = row.try_get(19)?;
    let share = share.try_into().ok().map(|share| TimeShare(Bytes32(share)));
    let revealed = (!content.is_empty()).then_some(ProvenContent { content, share });
    Ok(Held { details: ReportDetails { report: found(row)?, revealed }, reported_role: columns::role(row, 20)? })
}

fn found(row: &Row) -> Outcome<ReportInfo> {
    const UNKNOWN: Fault = Fault::Damaged("a number of a report stands for nothing");
    let conversation: &[u8] = row.try_get(7)?;
    let message = if conversation.is_empty() {
        None
    } else {
        Some(ReportedPlace {
            conversation: ConversationId::from_bytes(columns::array(row, 7)?),
            message: MessageId::from_bytes(columns::array(row, 8)?),
            device: DeviceId::from_bytes(columns::array(row, 9)?),
            seq: columns::number(row, 10)?,
            received_at_ms: columns::number(row, 11)?,
        })
    };
    let (category, state, outcome): (i16, i16, i16) = (row.try_get(4)?, row.try_get(13)?, row.try_get(15)?);
    let closing = match outcome {
        0 => None,
        outcome => Some(ReportClosing {
            outcome: ReportOutcome::from_number(outcome.into()).ok_or(UNKNOWN)?,
            answer: row.try_get(16)?,
            closed_at_ms: columns::number(row, 17)?,
        }),
    };
    Ok(ReportInfo {
        id: ReportId::from_bytes(columns::array(row, 0)?),
        reporter: row.try_get(1)?,
        account: AccountId::from_bytes(columns::array(row, 2)?),
        username: row.try_get(3)?,
        category: ReportCategory::from_number(category.into()).ok_or(UNKNOWN)?,
        note: row.try_get(5)?,
        made_at_ms: columns::number(row, 6)?,
        message,
        proven: row.try_get(12)?,
        state: ReportState::from_number(state.into()).ok_or(UNKNOWN)?,
        handled_by: Some(row.try_get::<_, String>(14)?).filter(|name| !name.is_empty()),
        closing,
    })
}
