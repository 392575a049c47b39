//! Restoring: a device that came later reads what the archive has into its database, a segment a transaction, the newest first.

use std::collections::{BTreeMap, BTreeSet};

use huis_core::account_state::AccountState;
use huis_core::annotations::{Marks, MessageRef};
use huis_core::archive::{
    ArchiveError, ArchivedMarks, ArchivedMessage, ArchivedReading, Opened, OpeningKey, Outline, Record, SealedSegment,
    Slot, restore_order,
};
use huis_core::content::Content;
use huis_core::secret::Secret32;
use huis_proto::rest::ArchiveBody;
use huis_proto::{Bytes32, ConversationId, ErrorCode, IncarnationId};
use huis_views::{Event, Failure, Notice};
use serde::{Deserialize, Serialize};
use zeroize::Zeroize;

use super::agreement::is_on;
use super::looking::{Shown, entry};
use super::{BETWEEN, known_segments, present_life};
use crate::client::{Client, Me, Step};
use crate::db::{DbError, Life, MessageRow, MessageStanding, RestoreStanding, SegmentRow, Tables};
use crate::sync::taken_back;

/// What opens segments stays for so long at least, in milliseconds: the other devices may be writing still.
const LASTS_MS: u64 = 30 * 60_000;
/// Where nothing is there at all it is waited for so long, in milliseconds.
const WAITS_MS: u64 = 24 * 3_600_000;
/// What could not be read is tried again so often, so much later each time, in milliseconds.
const ROUNDS: u32 = 3;
const AGAIN_MS: u64 = 3_600_000;
/// After so long nothing is waited for any more, whatever is left, in milliseconds.
const GIVES_UP_MS: u64 = 7 * 24 * 3_600_000;
/// So many generations are there keys for at most, the last ones: one is in use for a month, but where devices are taken off.
const MOST_KEYS: u64 = 1024;

/// The fact of the database.
const RESTORE: &str = "archive_restore";

/// A restore that is under way, with what opens the segments.
#[derive(Serialize, Deserialize)]
pub(crate) struct Restore {
    begun_ms: u64,
    keys: Vec<(u64, Bytes32)>,
    rounds: u32,
    again_ms: u64,
}

impl Drop for Restore {
    fn drop(&mut self) {
        self.keys.iter_mut().for_each(|(_, key)| key.0.zeroize());
    }
}

impl Restore {
    /// What a new device needs, from the vault and the account state; nothing where there is no archive.
    pub(crate) fn wished(state: &AccountState, seed: &Secret32, now_ms: u64) -> Option<Self> {
        let in_use = state.archive.as_ref()?.key()?.generation;
        let key = |generation| (generation, Bytes32(*OpeningKey::of(seed, generation).expose()));
        let first = in_use.saturating_sub(MOST_KEYS - 1).max(1);
        is_on(state).then(|| Self {
            begun_ms: now_ms,
            keys: (first..=in_use).map(key).collect(),
            rounds: 0,
            again_ms: 0,
        })
    }

    pub(super) fn opens(&self, generation: u64) -> Option<OpeningKey> {
        let (_, key) = self.keys.iter().find(|(of, _)| *of == generation)?;
        Some(OpeningKey::from_bytes(generation, &key.0))
    }
}

impl Tables<'_> {
    /// Whether this device restores, or has not forgotten yet what opens segments.
    pub(super) fn restores(self) -> Result<bool, DbError> {
        Ok(restore(self)?.is_some())
    }
}

fn restore(tables: Tables<'_>) -> Result<Option<Restore>, DbError> {
    Ok(tables.fact::<Option<Restore>>(RESTORE)?.flatten())
}

/// Nothing opens a segment any more, and the log of transactions is emptied of what did.
pub(super) fn forget_restore(step: &mut Step<'_>) -> Result<(), DbError> {
    if restore(step.tables)?.is_some() {
        step.tables.put_fact(RESTORE, &None::<Restore>)?;
        step.tables.marks_have_their_messages()?;
        step.tables.nothing_is_restored()?;
        step.log_tells();
        step.event(Event::History);
    }
    Ok(())
}

/// Why a segment was not read.
enum Trouble {
    Refused(ArchiveError),
    /// A later head took it out.
    Gone,
    Failure(Failure),
}

impl From<Failure> for Trouble {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure)
    }
}

impl From<DbError> for Trouble {
    fn from(error: DbError) -> Self {
        Self::Failure(error.into())
    }
}

impl From<ArchiveError> for Trouble {
    fn from(error: ArchiveError) -> Self {
        Self::Refused(error)
    }
}

impl Step<'_> {
    /// A new device begins to restore. What comes from here on stands behind what is restored.
    pub(crate) fn begin_restore(&mut self, restore: &Restore) -> Result<(), DbError> {
        self.tables.leave_room_for_restored()?;
        self.tables.put_fact(RESTORE, restore)?;
        self.wake_archive();
        Ok(())
    }
}

impl Client {
    /// Reads what is left to be restored, if anything is.
    pub(super) async fn restore_history(&self) -> Result<(), Failure> {
        let Some(mut restore) = self.read(restore)? else { return Ok(()) };
        let (me, now_ms) = (self.signed_in()?, self.clock.now_ms());
        let tries_again = restore.again_ms != 0 && restore.again_ms <= now_ms;
        let is_idle =
            self.archive_looked.get() && self.read(|tables| tables.count_segments(RestoreStanding::Due))? == 0;
        if is_idle && !tries_again && now_ms < restore.begun_ms.saturating_add(LASTS_MS) {
            // Other devices tell of later heads by the account state.
            return self.note_later_heads();
        }
        if tries_again {
            restore.rounds += 1;
            restore.again_ms = 0;
            self.step(|step| {
                step.tables.try_segments_again()?;
                step.tables.put_fact(RESTORE, &restore)
            })?;
        }
        let shown = self.look_at_archive().await?;
        let known = self.read(|tables| known_segments(tables, &me))?;
        let is_due =
            |number: u64| known.iter().find(|(row, _)| row.number == number && row.restore == RestoreStanding::Due);
        for number in restore_order(known.iter().map(|(row, outline)| (row.number, outline))) {
            let Some((row, outline)) = is_due(number) else { continue };
            match self.restore_segment(&me, &restore, row, outline).await {
                Ok(()) => {}
                Err(Trouble::Gone) => {
                    // If it is listed still, the server keeps it back.
                    self.step(|step| step.tables.set_restored(number, RestoreStanding::Failed, false))?;
                    self.archive_looked.set(false);
                }
                Err(Trouble::Refused(ArchiveError::NoKey(_))) => {
                    // Of a generation that began after this device had signed in. What was said since is here by itself.
                    let is_here = outline.from_ms >= self.by_the_server(restore.begun_ms);
                    let standing = if is_here { RestoreStanding::NotNeeded } else { RestoreStanding::Failed };
                    self.step(|step| step.tables.set_restored(number, standing, false))?;
                }
                Err(Trouble::Refused(error)) => {
                    drop(self.archive_refused(&error)?);
                    self.step(|step| step.tables.set_restored(number, RestoreStanding::Failed, false))?;
                }
                Err(Trouble::Failure(failure)) => return Err(failure),
            }
            self.clock.sleep(BETWEEN).await;
        }
        self.end_restore(&shown)
    }

    async fn restore_segment(
        &self,
        me: &Me,
        restore: &Restore,
        row: &SegmentRow,
        outline: &Outline,
    ) -> Result<(), Trouble> {
        let path = format!("/api/v1/account/archive/segments/{}", row.number);
        let answer: ArchiveBody = match self.get(path).await {
            Ok(answer) => answer,
            Err(error) if error.code() == Some(ErrorCode::NotFound) => return Err(Trouble::Gone),
            Err(error) => return Err(Failure::from(error).into()),
        };
        let sealed = SealedSegment { outline: row.outline.clone(), body: answer.body };
        if sealed.entry(row.number) != entry(row) {
            return Err(ArchiveError::NotOpened { number: row.number }.into());
        }
        let generation = sealed.generation()?;
        let key = restore.opens(generation).ok_or(ArchiveError::NoKey(generation))?;
        let opened = sealed.open(&key, Slot { account: me.account(), number: row.number })?;
        if opened.skipped > 0 {
            tracing::info!(skipped = opened.skipped, segment = row.number, "not all of a segment is restored");
        }
        Ok(self.step(|step| {
            // It may have been turned off meanwhile.
            if step.tables.restores()? { step.take_segment(row.number, outline, opened) } else { Ok(()) }
        })?)
    }

    /// Another device has written since: its segments are listed before what opens them is forgotten.
    fn note_later_heads(&self) -> Result<(), Failure> {
        let newer = self.read(super::looking::is_behind)?;
        if newer {
            self.archive_looked.set(false);
        }
        Ok(())
    }

    /// What opens segments does not stay for longer than it may, whether the server is reached or not, and whatever it gives.
    pub(super) fn restore_ends_in_time(&self) -> Result<(), DbError> {
        let now_ms = self.clock.now_ms();
        let is_over = |restore: Restore| now_ms >= restore.begun_ms.saturating_add(GIVES_UP_MS);
        if !self.read(restore)?.is_some_and(is_over) {
            return Ok(());
        }
        self.step(|step| {
            let left = step.tables.count_segments(RestoreStanding::Due)?;
            let count = left + step.tables.count_segments(RestoreStanding::Failed)?;
            if count > 0 || step.tables.count_segments(RestoreStanding::Done)? == 0 {
                step.notice(None, Notice::HistoryIncomplete { count: count.max(1) })?;
            }
            forget_restore(step)
        })
    }

    /// Forgets what opens segments, where nothing is left to be opened.
    fn end_restore(&self, shown: &Shown) -> Result<(), Failure> {
        let now_ms = self.clock.now_ms();
        self.step(|step| {
            let Some(mut restore) = restore(step.tables)? else { return Ok(()) };
            let failed = step.tables.count_segments(RestoreStanding::Failed)?;
            if step.tables.count_segments(RestoreStanding::Due)? > 0 {
                return Ok(());
            }
            if failed > 0 && restore.rounds < ROUNDS {
                if restore.again_ms == 0 {
                    restore.again_ms = now_ms.saturating_add(AGAIN_MS);
                    step.tables.put_fact(RESTORE, &restore)?;
                }
                return Ok(());
            }
            let lasts_ms = if shown.newest.number > 0 && shown.foreign.is_none() { LASTS_MS } else { WAITS_MS };
            if now_ms < restore.begun_ms.saturating_add(lasts_ms) {
                return Ok(());
            }
            if failed > 0 || shown.foreign.is_some() {
                step.notice(None, Notice::HistoryIncomplete { count: failed.max(1) })?;
            }
            forget_restore(step)
        })
        .map_err(|error: DbError| error.into())
    }
}

/// In which life of the store the messages of a segment got their places. Two lives may have used one place: records stand in
/// the order of the spans, and within a span in the order of its places.
struct Lives<'a> {
    outline: &'a Outline,
    /// The span and the place of the last message of each conversation.
    last: BTreeMap<ConversationId, (usize, u64)>,
}

impl<'a> Lives<'a> {
    fn of(outline: &'a Outline) -> Self {
        Self { outline, last: BTreeMap::new() }
    }

    fn of_message(&mut self, message: &ArchivedMessage) -> Option<IncarnationId> {
        let (id, seq) = (message.conversation, message.seq);
        let spans = self.outline.spans.iter().enumerate();
        let fitting: Vec<_> = spans
            .filter(|(_, span)| span.conversation == id && (span.from..=span.to).contains(&seq))
            .map(|(number, span)| (number, span.incarnation))
            .collect();
        let last = self.last.get(&id).copied().unwrap_or((0, 0));
        let next = fitting.iter().find(|(number, _)| (*number, seq) >= last).or_else(|| fitting.first())?;
        self.last.insert(id, (next.0, seq));
        Some(next.1)
    }
}

impl Step<'_> {
    /// Takes in what a segment has. What is here already, was deleted or has vanished stays as it is.
    pub(super) fn take_segment(&mut self, number: u64, outline: &Outline, opened: Opened) -> Result<(), DbError> {
        let Some(present) = present_life(self.tables)? else { return Ok(()) };
        let mut whole = opened.skipped == 0;
        for span in &outline.spans {
            whole &= self.tables.conversation(span.conversation)?.is_some();
        }
        let (mut messages, mut marks, mut readings) = (Vec::new(), Vec::new(), Vec::new());
        let mut lives = Lives::of(outline);
        for record in opened.records {
            match record {
                // Without a place in the outline it does not belong there.
                Record::Message(message) => messages.extend(lives.of_message(&message).map(|life| (*message, life))),
                Record::Marks(marked) => marks.push(*marked),
                Record::Read(reading) => readings.push(reading),
                _ => {}
            }
        }
        messages.sort_by_key(|(message, _)| (message.received_ms, message.seq));
        let mut came: BTreeMap<ConversationId, Vec<MessageRow>> = BTreeMap::new();
        for (message, incarnation) in &messages {
            if let Some(row) = self.take_archived(message, *incarnation, present)? {
                came.entry(row.conversation).or_default().push(row);
            }
        }
        for marked in &marks {
            self.take_archived_marks(marked)?;
        }
        let spans = outline.spans.iter().filter(|span| span.incarnation == present);
        let of_present: BTreeSet<ConversationId> = spans.map(|span| span.conversation).collect();
        for reading in readings.iter().filter(|reading| of_present.contains(&reading.conversation)) {
            self.take_archived_reading(reading)?;
        }
        for (conversation, rows) in came {
            if let Some(newest_ms) = rows.iter().filter_map(|row| row.received_ms).max() {
                self.heard_in(conversation, newest_ms)?;
            }
            self.reads_what_was_restored(conversation)?;
            self.changed(conversation);
        }
        self.tells_of_no_messages();
        self.tables.set_restored(number, RestoreStanding::Done, whole)?;
        self.event(Event::History);
        Ok(())
    }

    /// The message as it is stored, if it was not here.
    fn take_archived(
        &mut self,
        message: &ArchivedMessage,
        incarnation: IncarnationId,
        present: IncarnationId,
    ) -> Result<Option<MessageRow>, DbError> {
        let Some(me) = self.client.me() else { return Ok(None) };
        let id = message.conversation;
        let target = MessageRef { message: message.id, author: message.author.account };
        if self.tables.conversation(id)?.is_none() || self.tables.has_vanished(id, target)? {
            return Ok(None);
        }
        let marks = self.merge_archived_marks(id, target, &message.marks)?;
        let Ok(content) = Content::from_bytes(&message.content) else { return Ok(None) };
        let place = (incarnation, message.seq);
        if let Some(deleted) = marks.deleted() {
            // The others may be off when this one could take it out.
            self.leaves_place(id, place, false, deleted.place.seq)?;
            return Ok(None);
        }
        let mut row = MessageRow::waiting(id, message.id, message.author, message.sent_ms);
        row.own = message.author.account == me.account();
        row.seq = Some(message.seq);
        row.received_ms = Some(message.received_ms);
        row.kind = if matches!(content, Content::Files { .. }) { "file".into() } else { "text".into() };
        row.set_text(&content, me.account());
        row.content.clone_from(&message.content.0);
        row.opening = message.opening.map(|opening| opening.0);
        row.mac = message.mac;
        row.author_listed = message.author_listed;
        row.standing = if row.own { MessageStanding::Sent } else { MessageStanding::Received };
        row.position = self.tables.restored_position(message.received_ms, message.seq, self.client.server_now_ms())?;
        if self.without_what_was_deleted(&mut row)?
            && let Some(quoted) = row.quoted
            && let Some(deleted) = self.tables.marks(id, quoted)?.and_then(|marks| marks.deleted())
        {
            self.leaves_place(id, place, false, deleted.place.seq)?;
        }
        let Some(position) = self.tables.add_message(&row)? else {
            // It is here, and what was done to it since may have come along.
            self.refresh_message(id, target)?;
            return Ok(None);
        };
        self.place_in_life(&row, incarnation, present)?;
        // It was shown where it came first.
        self.tables.mark_printed(position)?;
        self.marks_meet_message(id, target)?;
        Ok(Some(row))
    }

    fn take_archived_marks(&mut self, marked: &ArchivedMarks) -> Result<(), DbError> {
        let (id, target) = (marked.conversation, marked.target);
        let meant = self.tables.messages_meant(id, target)?;
        let is_gone = self.tables.has_vanished(id, target)? || meant.iter().any(|row| row.stay.ends());
        if self.tables.conversation(id)?.is_none() || is_gone {
            return Ok(());
        }
        let marks = self.merge_archived_marks(id, target, &marked.marks)?;
        if let Some(deleted) = marks.deleted().filter(|_| marked.marks.edited().is_some())
            && let Some(present) = present_life(self.tables)?
        {
            // The words of an edit stand there.
            self.leaves_place(id, (present, marked.marks.newest()), false, deleted.place.seq)?;
        }
        self.refresh_message(id, target)
    }

    /// What all that was done to a message comes to. It is kept until the message is restored, also where that is not here yet.
    fn merge_archived_marks(
        &mut self,
        id: ConversationId,
        target: MessageRef,
        archived: &Marks,
    ) -> Result<Marks, DbError> {
        let known = self.tables.marks(id, target)?.unwrap_or_default();
        let mut marks = known.clone();
        marks.merge(archived.clone());
        if marks != known {
            self.tables.put_marks(id, target, &marks, true)?;
        }
        if let Some(deleted) = marks.deleted().filter(|_| known.deleted().is_none()) {
            self.leaves_archive(id, target, &known, deleted.place.seq)?;
            self.erase_what_tells_of(id, target, &taken_back())?;
            self.refresh_message(id, target)?;
        }
        Ok(marks)
    }

    fn take_archived_reading(&mut self, reading: &ArchivedReading) -> Result<(), DbError> {
        let id = reading.conversation;
        if self.tables.conversation(id)?.is_none() || reading.up_to <= self.tables.settings(id)?.read_seq {
            return Ok(());
        }
        self.tables.put_read_seq(id, reading.up_to)?;
        self.tables.put_read_ms(id, reading.at_ms)
    }

    /// Notes in which life of the store a restored message got its place, where there were several.
    fn place_in_life(
        &mut self,
        row: &MessageRow,
        incarnation: IncarnationId,
        present: IncarnationId,
    ) -> Result<(), DbError> {
        let (id, before) = (row.conversation, row.position.saturating_sub(1));
        let lives = self.tables.lives(id)?;
        if lives.is_empty() {
            if incarnation == present {
                return Ok(());
            }
            // All that was restored before is of the present one: it came first.
            let others = self.tables.positions_but(id, row.position)?;
            let behind = others.map_or(row.position, |first| first.saturating_sub(1));
            self.tables.put_life(id, Life { incarnation: present, from_seq: 0, behind })?;
        }
        let lives = self.tables.lives(id)?;
        let known = lives.iter().find(|life| life.incarnation == incarnation).copied();
        let life = known.unwrap_or(Life { incarnation, from_seq: 0, behind: before });
        let life = Life { behind: life.behind.min(before), ..life };
        self.tables.put_life(id, life)?;
        // Lives follow each other: what begins behind this one begins behind all of its messages.
        let later =
            |other: &&Life| other.incarnation != incarnation && (life.behind..row.position).contains(&other.behind);
        lives
            .iter()
            .filter(later)
            .try_for_each(|later| self.tables.put_life(id, Life { behind: row.position, ..*later }))
    }
}
