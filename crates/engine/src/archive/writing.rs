//! Writing: a segment at a time, each with the head that brings it in, on top of the newest one.

use std::collections::BTreeSet;
use std::time::Duration;

use huis_core::archive::{
    ArchiveAgreement, ArchiveError, Entry, Head, KnownHead, SealedSegment, Slot, Span, digest, open_outline,
};
use huis_proto::rest::{Archive, ChangeArchive, NewArchiveSegment};
use huis_proto::{ErrorCode, limits};
use huis_views::{Event, Failure};
use serde::de::IgnoredAny;

use super::gathering::{Gathered, Holdings, MANY, gather, pending};
use super::leaving::{LEFT_BEHIND_MS, leaves};
use super::looking::{Shown, entry, see_head};
use super::{BETWEEN, Known, coverage, known_segments, present_life};
use crate::client::{Client, Me};
use crate::db::{DbError, RestoreStanding, SegmentRow};
use crate::ports::Method;

/// What was said waits for so long before it is written, so that a segment is worth its place.
const WAITS: Duration = Duration::from_secs(900);
/// Devices that are on at the same time wait so much longer, each another time, in milliseconds.
const JITTER_MS: u64 = 120_000;
/// Segments in a row; what is left then is written a minute later.
const IN_A_ROW: usize = 64;
/// How often it is tried anew because another device's head came first.
const TRIES: usize = 4;
/// So many small segments become one.
const SMALL: usize = 32;
/// What they have together at most, in bytes and spans.
const TOGETHER: (u64, usize) = (384 * 1024, 160);

/// The next head, and what comes and goes with it.
pub(super) struct Draft {
    pub(super) gathered: Gathered,
    /// What goes, but for what no device of the account put there.
    pub(super) drops: BTreeSet<u64>,
    /// What is left besides what comes.
    stays: Vec<SegmentRow>,
    kept_from_ms: u64,
}

impl Client {
    pub(super) async fn write_archive(&self, at_end: bool) -> Result<(), Failure> {
        // What a restored server lost and is given again is in the log of neither of its lives: it would be left out of both.
        if self.outbox_is_busy() && self.read(|tables| tables.waits_again())? {
            return Ok(());
        }
        let is_foreign = !self.archive_looked.get() && self.look_at_archive().await?.foreign.is_some();
        if !is_foreign && !self.archive_is_due(at_end)? {
            return Ok(());
        }
        let mut conflicts = 0;
        for _ in 0..IN_A_ROW {
            let shown = self.look_at_archive().await?;
            let me = self.signed_in()?;
            // While what is there is not read yet, nobody says that it does not belong there.
            if shown.foreign.is_some() && self.read(|tables| tables.restores())? {
                return Ok(());
            }
            let Some(draft) = self.draft(&me, &shown)? else { return Ok(()) };
            let more = draft.gathered.more;
            if self.bring_in(&me, &shown, draft).await? {
                conflicts = 0;
                if !more {
                    return Ok(());
                }
            } else if conflicts >= TRIES {
                return Err(Failure::Busy);
            } else {
                conflicts += 1;
            }
            self.clock.sleep(BETWEEN).await;
        }
        Ok(())
    }

    /// Whether there is enough to be written, or something has waited long enough.
    pub(super) fn archive_is_due(&self, at_end: bool) -> Result<bool, Failure> {
        let me = self.signed_in()?;
        let now_ms = self.server_now_ms();
        let waits_ms = WAITS.as_millis() as u64 + self.archive_jitter_ms();
        let has_waited = |since_ms: u64| since_ms.saturating_add(waits_ms) <= now_ms;
        let (pending, leaving) = self.read(|tables| {
            let Some(present) = present_life(tables)? else { return Ok::<_, DbError>((None, Vec::new())) };
            let known = known_segments(tables, &me)?;
            // What this device cannot seal anew is another one's to take out.
            let holdings = Holdings::of(tables, present)?;
            let held: BTreeSet<u64> =
                known.iter().filter(|one| holdings.have_all_of(one)).map(|(row, _)| row.number).collect();
            let leaving = leaves(tables, &known)?.into_iter().filter(|(_, number)| held.contains(number));
            let leaving: Vec<u64> = leaving.map(|(at_ms, _)| at_ms).collect();
            Ok((pending(tables, present, &coverage(&known), self.archive_kept_from_ms.get())?, leaving))
        })?;
        let marks_since_ms = match pending.is_some_and(|pending| pending.marks) {
            true => Some(self.archive_marks_ms.get().unwrap_or(now_ms)),
            false => None,
        };
        self.archive_marks_ms.set(marks_since_ms);
        let is_long = leaving.iter().copied().chain(marks_since_ms).any(has_waited);
        let is_much = pending.is_some_and(|pending| pending.count >= MANY || pending.oldest_ms.is_some_and(has_waited));
        Ok(is_long || is_much || at_end && (pending.is_some() || !leaving.is_empty()))
    }

    fn archive_jitter_ms(&self) -> u64 {
        // The same for as long as the device is, so that of two always the same one writes.
        self.me().map_or(0, |me| {
            let id = me.device.member.device;
            id.as_bytes().iter().fold(0_u64, |sum, byte| (sum * 31 + u64::from(*byte)) % JITTER_MS)
        })
    }

    /// What the next head brings in and takes out; nothing where all is as it should be.
    pub(super) fn draft(&self, me: &Me, shown: &Shown) -> Result<Option<Draft>, DbError> {
        self.archive_kept_from_ms.set(shown.kept_from_ms);
        self.read(|tables| {
            let Some(present) = present_life(tables)? else { return Ok(None) };
            let known = known_segments(tables, me)?;
            let holdings = Holdings::of(tables, present)?;
            let has_all = |one: &&Known| holdings.have_all_of(one);
            let mut drops = small(known.iter().filter(has_all));
            for (_, number) in leaves(tables, &known)? {
                drops.extend(known.iter().filter(has_all).map(|(row, _)| row.number).find(|held| *held == number));
            }
            let (gone, mut left): (Vec<Known>, Vec<Known>) =
                known.iter().cloned().partition(|(row, _)| drops.contains(&row.number));
            let held: Vec<Span> = gone.into_iter().flat_map(|(_, outline)| outline.spans).collect();
            let mut gathered = gather(tables, present, &coverage(&left), &held, shown.kept_from_ms)?;
            if gathered.more && !drops.is_empty() {
                // What goes has to come back by the same head: first what nobody has written yet.
                let fresh = gather(tables, present, &coverage(&known), &[], shown.kept_from_ms)?;
                if !fresh.records.is_empty() {
                    (gathered, left) = (fresh, known);
                    gathered.more = true;
                    drops.clear();
                }
            }
            let has_foreign = shown.foreign.is_some();
            if gathered.records.is_empty() && drops.is_empty() && !has_foreign {
                return Ok(None);
            }
            let stays = left.into_iter().map(|(row, _)| row).collect();
            Ok(Some(Draft { gathered, drops, stays, kept_from_ms: shown.kept_from_ms }))
        })
    }

    /// Brings the next head in; whether it is there, or another one came first.
    async fn bring_in(&self, me: &Me, shown: &Shown, mut draft: Draft) -> Result<bool, Failure> {
        let mut agreement = self.read(|tables| tables.archive_agreement())?;
        let theirs = shown.foreign.as_ref().map(|foreign| foreign.generation);
        if agreement.key().is_some_and(|key| Some(key.generation) == theirs) {
            // Whoever made the newest head is off the account.
            agreement.replace(self.now_ms());
        }
        let Some(key) = agreement.key().cloned() else {
            tracing::info!("the history archive has no keys yet: they come with the next sign-in");
            return Ok(true);
        };
        let number = shown.newest.number.saturating_add(1);
        let slot = Slot { account: me.account(), number };
        let Gathered { outline, records, .. } = &draft.gathered;
        let segment = if records.is_empty() {
            None
        } else {
            let sealed =
                SealedSegment::seal(&mut *self.random.borrow_mut(), &me.state_key, &key, slot, outline, records);
            Some(sealed.map_err(|error| Failure::Internal { reason: error.to_string() })?)
        };
        draft.make_room(segment.as_ref());
        let mut entries: Vec<Entry> = draft.stays.iter().map(entry).collect();
        entries.extend(segment.as_ref().map(|segment| segment.entry(number)));
        let head =
            Head { kept_from_ms: draft.kept_from_ms, ..self.head_of(me, shown.newest, key.generation, &entries) };
        let drops: Vec<u64> =
            draft.drops.iter().chain(shown.foreign.iter().flat_map(|foreign| &foreign.segments)).copied().collect();
        let change = ChangeArchive {
            number,
            head: head.sign(&me.device.secret),
            segment: segment.clone().map(|SealedSegment { outline, body }| NewArchiveSegment { outline, body }),
            drops,
            drops_all: false,
        };
        if !self.change_archive(&change).await? {
            return Ok(false);
        }
        let to_ms = draft.gathered.outline.to_ms;
        self.step(|step| {
            draft.drops.iter().try_for_each(|gone| step.tables.delete_segment(*gone))?;
            if let Some(segment) = &segment {
                let bytes = (segment.outline.len() + segment.body.len()) as u64;
                let restore = RestoreStanding::NotNeeded;
                let (outline, body_hash) = (segment.outline.clone(), segment.entry(number).body);
                step.tables.put_segment(&SegmentRow {
                    number,
                    outline,
                    body_hash,
                    bytes,
                    to_ms,
                    held: true,
                    restore,
                })?;
            }
            step.tables.forget_leaving(step.client.server_now_ms().saturating_sub(LEFT_BEHIND_MS))?;
            // Other devices may have told of more meanwhile.
            let told = step.tables.archive_agreement()?;
            step.tables.put_archive_agreement(&told.merged(agreement, &ArchiveAgreement::default()))?;
            see_head(step.tables, head.known(), head.kept_from_ms)?;
            step.event(Event::History);
            step.state_changed()
        })?;
        Ok(true)
    }

    /// Takes all segments out: the archive was turned off, or sealed under keys that are gone.
    pub(super) async fn empty_archive(&self) -> Result<(), Failure> {
        let (me, mut has_lists) = (self.signed_in()?, false);
        for _ in 0..TRIES {
            let archive: Archive = self.get("/api/v1/account/archive".into()).await?;
            if archive.head.is_none() || archive.segments.is_empty() || self.is_written_anew(&me, &archive)? {
                return Ok(self.step(|step| step.tables.archive_is_emptied())?);
            }
            // Also if that device was taken off since: nothing of it is left.
            let newest = match self.head_of_any_device(&me, &archive) {
                Ok(shown) => shown.known(),
                Err(ArchiveError::UnknownDevice(_)) if !has_lists => {
                    self.fetch_lists(&[me.account()]).await?;
                    has_lists = true;
                    continue;
                }
                Err(error) => return Err(self.archive_refused(&error)?),
            };
            let agreement = self.read(|tables| tables.archive_agreement())?;
            let head = self.head_of(&me, newest, agreement.key().map_or(0, |key| key.generation), &[]);
            let change = ChangeArchive {
                number: head.number,
                head: head.sign(&me.device.secret),
                segment: None,
                drops: Vec::new(),
                drops_all: true,
            };
            if self.change_archive(&change).await? {
                return Ok(self.step(|step| {
                    step.tables.archive_is_emptied()?;
                    step.tables.forget_segments()?;
                    see_head(step.tables, head.known(), 0)?;
                    step.event(Event::History);
                    step.state_changed()
                })?);
            }
        }
        Err(Failure::Busy)
    }

    /// Whether another device of the account has emptied the archive since the identity was renewed, and begun again: what is
    /// there is of the present keys.
    fn is_written_anew(&self, me: &Me, archive: &Archive) -> Result<bool, DbError> {
        let opens = archive.segments.iter().all(|segment| {
            let slot = Slot { account: me.account(), number: segment.number };
            open_outline(&segment.outline, &me.state_key, slot).is_ok()
        });
        Ok(opens && self.read(|tables| tables.history_is_on())?)
    }

    fn head_of(&self, me: &Me, before: KnownHead, generation: u64, entries: &[Entry]) -> Head {
        Head {
            account: me.account(),
            number: before.number.saturating_add(1),
            previous: before.hash,
            segments: entries.len() as u64,
            digest: digest(entries),
            generation,
            list: self.known().newest_number(me.account()),
            device: me.device.member.device,
            at_ms: self.now_ms(),
            kept_from_ms: 0,
        }
    }

    /// Whether the server took it, and not another head before it.
    async fn change_archive(&self, change: &ChangeArchive) -> Result<bool, Failure> {
        let path = "/api/v1/account/archive".into();
        match self.ask::<IgnoredAny>(Method::Post, path, Some(change)).await {
            Ok(_) => Ok(true),
            Err(error) if error.code() == Some(ErrorCode::StateConflict) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}

impl Draft {
    /// Where there is no room for what comes the oldest segments go, and nobody puts in again what they had.
    fn make_room(&mut self, segment: Option<&SealedSegment>) {
        let comes = segment.map_or(0, |segment| (segment.outline.len() + segment.body.len()) as u64);
        let most = limits::ARCHIVE_SEGMENTS - usize::from(segment.is_some());
        self.stays.sort_by_key(|row| row.to_ms);
        while self.stays.len() > most || self.stays.iter().map(|row| row.bytes).sum::<u64>() + comes > limits::ARCHIVE {
            if self.stays.is_empty() {
                break;
            }
            let oldest = self.stays.remove(0);
            self.drops.insert(oldest.number);
            self.kept_from_ms = self.kept_from_ms.max(oldest.to_ms.saturating_add(1));
        }
        self.stays.sort_by_key(|row| row.number);
    }
}

/// Neighbouring small segments that are to become one, if there are enough of them.
fn small<'a>(held: impl Iterator<Item = &'a Known>) -> BTreeSet<u64> {
    let (most_bytes, most_spans) = TOGETHER;
    let mut small: Vec<&Known> = held.filter(|(row, _)| row.bytes < most_bytes / 4).collect();
    small.sort_by_key(|(row, _)| row.to_ms);
    let (mut bytes, mut spans, mut together) = (0, 0, BTreeSet::new());
    for (row, outline) in small {
        bytes += row.bytes;
        spans += outline.spans.len();
        if bytes > most_bytes || spans > most_spans {
            break;
        }
        together.insert(row.number);
    }
    if together.len() >= SMALL { together } else { BTreeSet::new() }
}
