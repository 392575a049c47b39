//! What the database has and no segment covers, put together to a segment's outline and records.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use huis_core::annotations::MessageRef;
use huis_core::archive::{
    ArchivedMarks, ArchivedMessage, ArchivedReading, Coverage, MOST_RECORDS, MOST_SPANS, Outline, RECORDS_BYTES,
    Record, Span,
};
use huis_proto::{Bytes, Bytes32, ConversationId, IncarnationId, codec};

use super::Known;
use super::leaving::OF_A_LIFE_BEFORE;
use crate::conversations::read_seq;
use crate::db::{ConversationRow, DbError, Life, MessageRow, State, Tables};

/// What the records of one segment come to at most, as they are estimated: some room is left for what goes with them. What is
/// more by itself, as so much was done to it, is not archived.
const MOST_BYTES: usize = RECORDS_BYTES - 96 * 1024;
/// What a record has besides its content and what was done to it.
const BESIDES: usize = 256;
/// Messages that are read at once.
const PORTION: u32 = 128;
/// More messages than this need not be counted: so many are worth a segment at once.
pub(super) const MANY: u32 = 512;

/// A segment of which nothing is sealed yet, and what it covers.
#[derive(Debug)]
pub(super) struct Gathered {
    pub(super) outline: Outline,
    pub(super) records: Vec<Record>,
    /// Whether there is more that no segment covers.
    pub(super) more: bool,
}

/// What waits to be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pending {
    /// How many messages, at most [`MANY`].
    pub(super) count: u32,
    /// When the server got the oldest of them.
    pub(super) oldest_ms: Option<u64>,
    /// Whether anything was done to messages that are covered.
    pub(super) marks: bool,
}

/// One conversation's log, in one life of the store.
struct Log {
    row: ConversationRow,
    life: Life,
    /// The last position of its messages.
    until: u64,
    /// The places that this device has read, whatever stands there, in their order.
    read: Vec<RangeInclusive<u64>>,
    /// Whether it is the life that goes on.
    present: bool,
}

/// Places that no segment covers.
struct Gap {
    places: RangeInclusive<u64>,
    /// Whether all of them are here; else only the messages that are.
    whole: bool,
}

/// All logs of which something may be archived.
fn logs(tables: Tables<'_>, present: IncarnationId) -> Result<Vec<Log>, DbError> {
    let mut logs = Vec::new();
    // What is a request is nobody's yet.
    for row in tables.conversations()?.into_iter().filter(|row| row.accepted) {
        let mut lives = tables.lives(row.id)?;
        if lives.last().is_none_or(|last| last.incarnation != present) {
            let (from_seq, behind) = if lives.is_empty() { (0, 0) } else { (u64::MAX, u64::MAX) };
            lives.push(Life { incarnation: present, from_seq, behind });
        }
        let untils: Vec<u64> = lives.iter().skip(1).map(|life| life.behind).chain([u64::MAX]).collect();
        let last = lives.len() - 1;
        for (number, (life, until)) in lives.into_iter().zip(untils).enumerate() {
            let is_present = number == last;
            let first = row.first.max(life.from_seq).max(1);
            let reads = is_present && row.state == State::Joined && first <= row.cursor;
            let read = if reads { without(first..=row.cursor, &tables.holes(row.id)?) } else { Vec::new() };
            logs.push(Log { row: row.clone(), life, until, read, present: is_present });
        }
    }
    Ok(logs)
}

/// What is left of these places without the holes, which are in their order.
fn without(places: RangeInclusive<u64>, holes: &[RangeInclusive<u64>]) -> Vec<RangeInclusive<u64>> {
    let (mut next, last) = places.into_inner();
    let mut left = Vec::new();
    for hole in holes.iter().filter(|hole| *hole.start() <= last) {
        if next < *hole.start() {
            left.push(next..=*hole.start() - 1);
        }
        next = next.max(hole.end().saturating_add(1));
    }
    if next <= last {
        left.push(next..=last);
    }
    left
}

impl Log {
    fn id(&self) -> ConversationId {
        self.row.id
    }

    /// The places that are here whole: those that were read, and those of segments that are held.
    fn whole(&self, held: &[Span]) -> Vec<RangeInclusive<u64>> {
        let is_of = |span: &&Span| span.conversation == self.id() && span.incarnation == self.life.incarnation;
        let held = held.iter().filter(is_of).map(|span| span.from..=span.to);
        let mut whole: Vec<_> = self.read.iter().cloned().chain(held).collect();
        whole.sort_unstable_by_key(|places| *places.start());
        whole
    }

    fn gaps(&self, tables: Tables<'_>, coverage: &Coverage, held: &[Span]) -> Result<Vec<Gap>, DbError> {
        let last = self.row.cursor.max(self.whole(held).iter().map(|places| *places.end()).max().unwrap_or(0));
        // Of another life nothing says how far it went.
        let last = if self.present { last } else { u64::MAX >> 2 };
        let mut gaps = Vec::new();
        for open in coverage.gaps(self.id(), self.life.incarnation, self.life.from_seq.max(1), last) {
            let mut next = *open.start();
            for places in self.whole(held) {
                let (from, to) = (next.max(*places.start()), (*open.end()).min(*places.end()));
                if from > to {
                    continue;
                }
                if next < from {
                    gaps.push(Gap { places: next..=from - 1, whole: false });
                }
                self.without_locked(tables, from..=to, &mut gaps)?;
                next = to + 1;
            }
            if next <= *open.end() {
                gaps.push(Gap { places: next..=*open.end(), whole: false });
            }
        }
        Ok(gaps)
    }

    /// What is locked still leaves its place open.
    fn without_locked(
        &self,
        tables: Tables<'_>,
        places: RangeInclusive<u64>,
        gaps: &mut Vec<Gap>,
    ) -> Result<(), DbError> {
        let mut next = *places.start();
        for locked in tables.locked_places(self.id(), &places)? {
            if next < locked {
                gaps.push(Gap { places: next..=locked - 1, whole: true });
            }
            next = locked + 1;
        }
        if next <= *places.end() {
            gaps.push(Gap { places: next..=*places.end(), whole: true });
        }
        Ok(())
    }

    fn positions(&self) -> (u64, u64) {
        (self.life.behind, self.until)
    }
}

/// What this device has whole in any case, as it has read the log there.
pub(super) struct Holdings(Vec<Log>);

impl Holdings {
    pub(super) fn of(tables: Tables<'_>, present: IncarnationId) -> Result<Self, DbError> {
        logs(tables, present).map(Self)
    }

    /// Whether everything of a segment is here, so that it can be sealed anew.
    pub(super) fn have_all_of(&self, (row, outline): &Known) -> bool {
        row.held || self.have(&outline.spans)
    }

    /// Whether it has all of these.
    pub(super) fn have(&self, spans: &[Span]) -> bool {
        let is_read = |span: &Span| {
            self.0.iter().any(|log| {
                log.id() == span.conversation
                    && log.life.incarnation == span.incarnation
                    && log.read.iter().any(|read| read.contains(&span.from) && read.contains(&span.to))
            })
        };
        spans.iter().all(is_read)
    }
}

/// What no segment covers, counted.
pub(super) fn pending(
    tables: Tables<'_>,
    present: IncarnationId,
    coverage: &Coverage,
    kept_from_ms: u64,
) -> Result<Option<Pending>, DbError> {
    let mut all = Pending { count: 0, oldest_ms: None, marks: false };
    for log in logs(tables, present)? {
        for gap in log.gaps(tables, coverage, &[])? {
            let (count, oldest_ms) =
                tables.count_archivable(log.id(), &gap.places, log.positions(), kept_from_ms, MANY)?;
            all.count = (all.count + count).min(MANY);
            all.oldest_ms = all.oldest_ms.into_iter().chain(oldest_ms).min();
            all.marks = all.marks || gap.whole && !marks(tables, &log, &gap.places, &BTreeSet::new())?.0.is_empty();
            if all.count >= MANY {
                return Ok(Some(all));
            }
        }
    }
    Ok((all.count > 0 || all.marks).then_some(all))
}

/// Puts together what no segment covers, as much as one takes. `held`: spans of segments that go, and of which this device
/// has everything.
pub(super) fn gather(
    tables: Tables<'_>,
    present: IncarnationId,
    coverage: &Coverage,
    held: &[Span],
    kept_from_ms: u64,
) -> Result<Gathered, DbError> {
    let mut gathering = Gathering { kept_from_ms, ..Gathering::default() };
    for log in logs(tables, present)? {
        let before = gathering.spans.len();
        for gap in log.gaps(tables, coverage, held)? {
            if gathering.full {
                break;
            }
            gathering.take(tables, &log, &gap)?;
        }
        if log.present && gathering.spans.len() > before {
            gathering.read(tables, &log)?;
        }
    }
    Ok(gathering.done())
}

#[derive(Default)]
struct Gathering {
    spans: Vec<Span>,
    records: Vec<Record>,
    bytes: usize,
    from_ms: Option<u64>,
    to_ms: u64,
    kept_from_ms: u64,
    full: bool,
}

impl Gathering {
    /// Takes what stands in a gap. The span ends where the segment is full.
    fn take(&mut self, tables: Tables<'_>, log: &Log, gap: &Gap) -> Result<(), DbError> {
        let (records, mut taken) = (self.records.len(), BTreeSet::new());
        let (mut next, mut covered) = (*gap.places.start(), *gap.places.end());
        'portions: loop {
            let rows = tables.archivable(log.id(), &(next..=*gap.places.end()), log.positions(), PORTION)?;
            let Some(last) = rows.last().and_then(|row| row.seq) else { break };
            for row in &rows {
                let seq = row.seq.unwrap_or_default();
                let Some(message) = self.message(tables, row)? else { continue };
                let size = message.content.len() + codec::to_cbor(&message.marks).len() + BESIDES;
                if size > MOST_BYTES {
                    continue;
                }
                if !self.has_room(size, gap.whole) {
                    let Some(behind) = seq.checked_sub(1).filter(|behind| behind >= gap.places.start()) else {
                        return Ok(());
                    };
                    covered = behind;
                    break 'portions;
                }
                self.bytes += size;
                self.from_ms = self.from_ms.into_iter().chain([message.received_ms]).min();
                self.to_ms = self.to_ms.max(message.received_ms);
                taken.insert(row.as_target());
                self.records.push(Record::Message(Box::new(message)));
                if !gap.whole {
                    self.span(log, seq..=seq);
                }
            }
            next = last + 1;
            if rows.len() < PORTION as usize || next > *gap.places.end() {
                break;
            }
        }
        if !gap.whole {
            return Ok(());
        }
        let from = *gap.places.start();
        let (marked, left_from) = marks(tables, log, &(from..=covered), &taken)?;
        covered = left_from.map_or(covered, |left| covered.min(left.saturating_sub(1)));
        for marked in marked {
            let size = codec::to_cbor(&marked.marks).len() + BESIDES;
            if size > MOST_BYTES {
                continue;
            }
            if !self.has_room(size, true) {
                covered = covered.min(marked.marks.newest().saturating_sub(1));
                break;
            }
            self.bytes += size;
            self.records.push(Record::Marks(Box::new(marked)));
        }
        if self.records.len() > records && from <= covered {
            self.span(log, from..=covered);
        }
        Ok(())
    }

    fn has_room(&mut self, size: usize, whole: bool) -> bool {
        // A whole gap is one span; single messages may be one each.
        let spans = self.spans.len() + usize::from(!whole);
        self.full |= self.bytes + size > MOST_BYTES && !self.records.is_empty();
        self.full |= self.records.len() + 64 >= MOST_RECORDS || spans + 1 >= MOST_SPANS;
        !self.full
    }

    fn span(&mut self, log: &Log, places: RangeInclusive<u64>) {
        let (conversation, incarnation) = (log.id(), log.life.incarnation);
        let (from, to) = places.into_inner();
        if let Some(last) = self.spans.last_mut()
            && (last.conversation, last.incarnation) == (conversation, incarnation)
            && from <= last.to.saturating_add(1)
        {
            last.to = last.to.max(to);
            return;
        }
        let as_of = if log.present { log.row.cursor.max(to) } else { OF_A_LIFE_BEFORE + log.row.cursor };
        self.spans.push(Span { conversation, incarnation, from, to, as_of });
    }

    /// A message as it is archived, if it is at all.
    fn message(&self, tables: Tables<'_>, row: &MessageRow) -> Result<Option<ArchivedMessage>, DbError> {
        let Some((seq, received_ms)) = row.seq.zip(row.received_ms) else { return Ok(None) };
        if received_ms < self.kept_from_ms {
            return Ok(None);
        }
        // What had been locked is proved by what had come, which is here alone.
        let was_locked = tables.lock(row.position)?.is_some();
        let message = ArchivedMessage {
            conversation: row.conversation,
            id: row.id,
            author: row.author,
            seq,
            sent_ms: row.sent_ms,
            received_ms,
            content: Bytes(row.content.clone()),
            opening: row.opening.map(Bytes32).filter(|_| !was_locked),
            mac: row.mac.filter(|_| !was_locked),
            author_listed: row.author_listed,
            marks: tables.marks(row.conversation, row.as_target())?.unwrap_or_default(),
        };
        let record = Record::Message(Box::new(message));
        match (record.check(), record) {
            (Ok(()), Record::Message(message)) => Ok(Some(*message)),
            _ => Ok(None),
        }
    }

    /// How far the conversation was read.
    fn read(&mut self, tables: Tables<'_>, log: &Log) -> Result<(), DbError> {
        let settings = tables.settings(log.id())?;
        let up_to = read_seq(tables, &log.row, &settings)?;
        if up_to > 0 {
            let reading = ArchivedReading { conversation: log.id(), up_to, at_ms: settings.read_ms };
            self.records.push(Record::Read(reading));
        }
        Ok(())
    }

    fn done(self) -> Gathered {
        let Self { spans, records, from_ms, to_ms, full, .. } = self;
        let outline = Outline { from_ms: from_ms.unwrap_or(to_ms), to_ms, records: records.len() as u64, spans };
        Gathered { outline, records, more: full }
    }
}

/// What was done at these places to messages whose own records stand elsewhere, in the order of the places; and from which
/// place on there is more. `taken`: messages that stand here.
fn marks(
    tables: Tables<'_>,
    log: &Log,
    places: &RangeInclusive<u64>,
    taken: &BTreeSet<MessageRef>,
) -> Result<(Vec<ArchivedMarks>, Option<u64>), DbError> {
    // Places of marks are those of the life that goes on.
    if !log.present {
        return Ok((Vec::new(), None));
    }
    let rows = tables.marks_at(log.id(), places, MANY)?;
    let left_from = rows.last().filter(|_| rows.len() >= MANY as usize).map(|(_, marks)| marks.newest());
    let mut found = Vec::new();
    for (target, marks) in rows {
        let meant = tables.messages_meant(log.id(), target)?;
        let stays = meant.iter().all(|row| !row.stay.ends() && row.kind != "timed");
        if taken.contains(&target) || !stays || left_from.is_some_and(|left| marks.newest() >= left) {
            continue;
        }
        let marked = ArchivedMarks { conversation: log.id(), target, marks };
        if Record::Marks(Box::new(marked.clone())).check().is_ok() {
            found.push(marked);
        }
    }
    Ok((found, left_from))
}
