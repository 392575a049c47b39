//! Reports.

use huis_proto::rest::{
    OwnReport, ProvenContent, ReportCategory, ReportClosing, ReportDetails, ReportInfo, ReportOutcome, ReportState,
    ReportedPlace, ServerRole,
};
use huis_proto::{AccountId, Bytes32, ConversationId, DeviceId, MessageId, ReportId, TimeShare};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::columns::{self, Key, signed};
use super::fault::Outcome;
use super::writer::Writer;
use crate::administration::Ranked;
use crate::reports::{closed, is_by, named, standing};
use crate::{Act, Acted, NewClosing, NewReport, Noted, ReportPut, ReportsWanted};

const REPORTER: &str = "SELECT account FROM accounts WHERE id = ?1 AND deleted_at_ms = 0";
const REPORTED: &str = "SELECT account FROM accounts WHERE id = ?1";
macro_rules! seen {
    ($more:literal, $where:literal) => {
        concat!(
            "SELECT r.id, s.username, d.id, d.username, r.category, r.note, r.made_at_ms, r.conversation, r.message, \
             r.device, r.seq, r.received_at_ms, length(r.content) > 0, r.state, r.handled_by, r.outcome, r.answer, \
             r.closed_at_ms",
            $more,
            " FROM reports r JOIN accounts s ON s.account = r.reporter JOIN accounts d ON d.account = r.reported WHERE ",
            $where
        )
    };
}

const COUNT: &str = "SELECT count(*) FROM reports WHERE reporter = ?1";
const PUT: &str = "INSERT INTO reports (id, reporter, reported, category, note, made_at_ms, conversation, message, device, \
     seq, received_at_ms, content, share) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)";
pub(super) const OWN: &str = seen!("", "r.reporter = ?1 ORDER BY r.made_at_ms DESC, r.id DESC");
/// Nobody is shown what is about themselves, or about somebody whose role is not below their own; 3 is the role that has none
/// above.
pub(super) const PAGE: &str = seen!(
    "",
    "r.state = ?1 AND (r.made_at_ms, r.id) > (?2, ?3) AND d.id <> ?4 AND (d.role < ?5 OR ?5 = 3) \
     ORDER BY r.made_at_ms, r.id LIMIT ?6"
);
pub(super) const ONE: &str = seen!(", r.content, r.share, d.role", "r.id = ?1");
pub(super) const TAKE: &str = "UPDATE reports SET state = 1, handled_by = ?2 WHERE id = ?1";
pub(super) const CLOSE: &str =
    "UPDATE reports SET state = 2, handled_by = ?2, outcome = ?3, answer = ?4, closed_at_ms = ?5 WHERE id = ?1";
pub(super) const OLD: &str =
    "SELECT id FROM reports WHERE closed_at_ms > 0 AND closed_at_ms <= ?1 ORDER BY closed_at_ms LIMIT ?2";
const FORGET: &str = "DELETE FROM reports WHERE id = ?1";

/// A report with the role of who is reported.
struct Held {
    details: ReportDetails,
    reported_role: ServerRole,
}

pub(super) fn own(db: &Connection, reporter: AccountId) -> Outcome<Vec<OwnReport>> {
    let reporter: Option<Key> =
        db.prepare_cached(REPORTER)?.query_row([reporter.as_bytes()], |row| row.get(0)).optional()?;
    let mut own = db.prepare_cached(OWN)?;
    let own = own.query_map([reporter], |row| found(row).map(ReportInfo::for_reporter))?;
    Ok(own.collect::<rusqlite::Result<_>>()?)
}

pub(super) fn page(db: &Connection, wanted: &ReportsWanted) -> Outcome<Vec<ReportInfo>> {
    let mut page = db.prepare_cached(PAGE)?;
    let (after_ms, after) = wanted.after.map_or((-1, Vec::new()), |(ms, id)| (signed(ms), id.as_bytes().to_vec()));
    let (state, role) = (wanted.state as u8, wanted.role as u8);
    let bounds = params![state, after_ms, after, wanted.asker.as_bytes(), role, signed(wanted.most as u64)];
    let page = page.query_map(bounds, found)?;
    Ok(page.collect::<rusqlite::Result<_>>()?)
}

impl Writer {
    pub(super) fn put_report(&mut self, new: &NewReport, most: usize) -> Outcome<ReportPut> {
        let key = |sql, account: AccountId| -> Outcome<Option<Key>> {
            Ok(self.db.prepare_cached(sql)?.query_row([account.as_bytes()], |row| row.get(0)).optional()?)
        };
        let Some((reporter, reported)) = key(REPORTER, new.reporter)?.zip(key(REPORTED, new.reported)?) else {
            return Ok(ReportPut::NoAccount);
        };
        let count: i64 = self.db.prepare_cached(COUNT)?.query_row([reporter], |row| row.get(0))?;
        if count >= signed(most as u64) {
            return Ok(ReportPut::TooMany);
        }
        let place = new.message.as_ref();
        let content = new.revealed.as_ref().map(|revealed| revealed.content.0.as_slice()).unwrap_or_default();
        let share = new.revealed.as_ref().and_then(|revealed| revealed.share).map(|share| share.0.0.to_vec());
        self.db.prepare_cached(PUT)?.execute(params![
            new.id.as_bytes(),
            reporter,
            reported,
            new.category as u8,
            new.note,
            signed(new.made_at_ms),
            place.map(|place| place.conversation.as_bytes().as_slice()).unwrap_or_default(),
            place.map(|place| place.message.as_bytes().as_slice()).unwrap_or_default(),
            place.map(|place| place.device.as_bytes().as_slice()).unwrap_or_default(),
            signed(place.map_or(0, |place| place.seq)),
            signed(place.map_or(0, |place| place.received_at_ms)),
            content,
            share.unwrap_or_default(),
        ])?;
        Ok(ReportPut::Kept)
    }

    pub(super) fn read_report(&mut self, act: &Act, report: ReportId) -> Outcome<Acted<ReportDetails>> {
        let (actor, held) = match self.report_for(act, report)? {
            Ok(both) => both,
            Err(refused) => return Ok(refused),
        };
        let noted = Noted { subject: named(&held.details.report), ..Noted::default() };
        self.write_down(act, &actor.username, noted)?;
        Ok(Acted::Done(held.details))
    }

    pub(super) fn take_report(&mut self, act: &Act, report: ReportId) -> Outcome<Acted<ReportInfo>> {
        let (actor, held) = match self.report_for(act, report)? {
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
        self.db.prepare_cached(TAKE)?.execute(params![report.as_bytes(), actor.username])?;
        let before = standing(&info);
        (info.state, info.handled_by) = (ReportState::Taken, Some(actor.username.clone()));
        let noted = Noted { subject: named(&info), before, after: standing(&info) };
        self.write_down(act, &actor.username, noted)?;
        Ok(Acted::Done(info))
    }

    pub(super) fn close_report(
        &mut self,
        act: &Act,
        report: ReportId,
        closing: &NewClosing,
    ) -> Outcome<Acted<ReportInfo>> {
        let (actor, held) = match self.report_for(act, report)? {
            Ok(both) => both,
            Err(refused) => return Ok(refused.map(|details| details.report)),
        };
        let mut info = held.details.report;
        if let Some(so_far) = &info.closing {
            let is_it = is_by(&info, &actor) && closing.is_of(so_far);
            return Ok(if is_it { Acted::Done(info) } else { Acted::Unchanged });
        }
        self.db.prepare_cached(CLOSE)?.execute(params![
            report.as_bytes(),
            actor.username,
            closing.outcome as u8,
            closing.answer,
            signed(act.at_ms),
        ])?;
        let before = standing(&info);
        let NewClosing { outcome, answer } = closing.clone();
        (info.state, info.handled_by) = (ReportState::Closed, Some(actor.username.clone()));
        info.closing = Some(ReportClosing { outcome, answer, closed_at_ms: act.at_ms });
        let noted = Noted { subject: named(&info), before, after: closed(outcome) };
        self.write_down(act, &actor.username, noted)?;
        Ok(Acted::Done(info))
    }

    pub(super) fn end_reports(&mut self, closed_until_ms: u64, most: usize) -> Outcome<usize> {
        let mut old = self.db.prepare_cached(OLD)?;
        let old = old
            .query_map([signed(closed_until_ms), signed(most as u64)], |row| row.get::<_, [u8; 16]>(0))?
            .collect::<rusqlite::Result<Vec<_>>>()?;
        for report in &old {
            self.db.prepare_cached(FORGET)?.execute([report])?;
        }
        Ok(old.len())
    }

    /// Who acts and the report, if they may see it.
    fn report_for(&self, act: &Act, report: ReportId) -> Outcome<Result<(Ranked, Held), Acted<ReportDetails>>> {
        let Some(actor) = self.actor(act)? else {
            return Ok(Err(Acted::NotAllowed));
        };
        let held = self.db.prepare_cached(ONE)?.query_row([report.as_bytes()], held).optional()?;
        let seen = held.filter(|held| crate::reports::may_see(&actor, held.details.report.account, held.reported_role));
        Ok(seen.map(|held| (actor, held)).ok_or(Acted::NotThere))
    }
}

fn held(row: &Row<'_>) -> rusqlite::Result<Held> {
    let content = columns::bytes(row, 18)?;
    let share: Vec<u8> = row.get(19)?;
    let share = share.try_into().ok().map(|share| TimeShare(Bytes32(share)));
    let revealed = (!content.is_empty()).then_some(ProvenContent { content, share });
    Ok(Held { details: ReportDetails { report: found(row)?, revealed }, reported_role: columns::role(row, 20)? })
}

fn found(row: &Row<'_>) -> rusqlite::Result<ReportInfo> {
    let conversation: Vec<u8> = row.get(7)?;
    let message = if conversation.is_empty() {
        None
    } else {
        Some(ReportedPlace {
            conversation: ConversationId::from_bytes(row.get(7)?),
            message: MessageId::from_bytes(row.get(8)?),
            device: DeviceId::from_bytes(row.get(9)?),
            seq: columns::number(row, 10)?,
            received_at_ms: columns::number(row, 11)?,
        })
    };
    let (category, state, outcome) = (row.get(4)?, row.get(13)?, row.get(15)?);
    let closing = match outcome {
        0 => None,
        outcome => Some(ReportClosing {
            outcome: ReportOutcome::from_number(outcome).ok_or_else(|| columns::unknown(15, outcome))?,
            answer: row.get(16)?,
            closed_at_ms: columns::number(row, 17)?,
        }),
    };
    Ok(ReportInfo {
        id: ReportId::from_bytes(row.get(0)?),
        reporter: row.get(1)?,
        account: AccountId::from_bytes(row.get(2)?),
        username: row.get(3)?,
        category: ReportCategory::from_number(category).ok_or_else(|| columns::unknown(4, category))?,
        note: row.get(5)?,
        made_at_ms: columns::number(row, 6)?,
        message,
        proven: row.get(12)?,
        state: ReportState::from_number(state).ok_or_else(|| columns::unknown(13, state))?,
        handled_by: Some(row.get::<_, String>(14)?).filter(|name| !name.is_empty()),
        closing,
    })
}
