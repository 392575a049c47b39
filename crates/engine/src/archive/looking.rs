//! What the server has of the archive: fetched, compared with what was seen before, and kept.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures_util::future::{Either, select};
use huis_core::archive::{
    ArchiveError, Entry, KnownHead, NotedHead, ShownHead, Slot, check_entries, open_head, open_outline,
};
use huis_proto::rest::{Archive, ArchiveSegment};
use huis_proto::{Bytes32, DeviceId, limits};
use huis_views::Failure;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{REFUSED, present_life};
use crate::client::{Client, Me};
use crate::db::{DbError, RestoreStanding, SegmentRow, Tables};

/// How often it is looked again because the archive changed meanwhile.
const TRIES: usize = 4;
/// No segment is larger.
const MOST_BYTES: u64 = (limits::ARCHIVE_OUTLINE + limits::ARCHIVE_BODY) as u64;
/// Something else waits no longer than this for a look.
const LOOKS_FOR: Duration = Duration::from_secs(10);

/// The fact of the database that says which head was seen last.
const SEEN: &str = "archive_head";

/// The head that was seen last.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Seen {
    head: NotedHead,
    kept_from_ms: u64,
}

/// The archive as the server has it, and what of it counts.
#[derive(Debug, Clone)]
pub(super) struct Shown {
    /// The newest head's number and hash; 0 and zeros where there was never one.
    pub(super) newest: KnownHead,
    /// What is older than this is put in no more.
    pub(super) kept_from_ms: u64,
    /// Where a device made the newest head that was taken off the account.
    pub(super) foreign: Option<Foreign>,
}

/// A newest head that counts for nothing, as the device that made it is off the account.
#[derive(Debug, Clone)]
pub(super) struct Foreign {
    /// Segments that the server has and of which nobody knows whether they belong there: they go with the next head.
    pub(super) segments: BTreeSet<u64>,
    /// The generation that the head names: the next one is of a later one.
    pub(super) generation: u64,
}

/// What becomes of a list that the server gave.
enum Judged {
    Good(Shown),
    /// First all segments are to be listed.
    AllAgain,
    /// First the account's newest device list.
    Lists,
}

impl Client {
    /// Fetches the newest head and the segments that are not known yet, and checks them.
    pub(super) async fn look_at_archive(&self) -> Result<Shown, Failure> {
        let me = self.signed_in()?;
        let (mut from_the_first, mut has_lists) = (false, false);
        for _ in 0..TRIES {
            let known = self.read(|tables| tables.archive_segments())?;
            let after = known.last().filter(|_| !from_the_first).map_or(0, |last| last.number);
            let Some((archive, listed)) = self.list_archive(after).await? else { continue };
            let known = if after == 0 { Vec::new() } else { known };
            match self.judge_archive(&me, &archive, &listed, known, has_lists) {
                Ok(Ok(Judged::Good(shown))) => {
                    self.archive_looked.set(true);
                    return Ok(shown);
                }
                Ok(Ok(Judged::AllAgain)) => from_the_first = true,
                Ok(Ok(Judged::Lists)) => {
                    self.fetch_lists(&[me.account()]).await?;
                    has_lists = true;
                }
                Ok(Err(error)) => return Err(self.archive_refused(&error)?),
                Err(error) => return Err(error.into()),
            }
        }
        Err(Failure::Busy)
    }

    /// Looks at the archive, where there is one and it can be had soon; what fails is done again later.
    pub(crate) async fn look_at_kept_archive(&self) {
        if !self.read(|tables| tables.history_is_on()).unwrap_or(false) {
            return;
        }
        let look = async {
            // A restore may have it for hours.
            let _alone = self.archiving.lock().await;
            self.look_at_archive().await
        };
        match select(Box::pin(look), self.clock.sleep(LOOKS_FOR)).await {
            Either::Left((Ok(_), _)) => {}
            Either::Left((Err(failure), _)) => tracing::info!(%failure, "the history archive was not looked at"),
            Either::Right(_) => tracing::info!("the history archive was not looked at in time"),
        }
    }

    /// The segments behind a number, page by page; nothing where another head came between two of them.
    async fn list_archive(&self, after: u64) -> Result<Option<(Archive, Vec<ArchiveSegment>)>, Failure> {
        let mut archive: Archive = self.get(format!("/api/v1/account/archive?after={after}")).await?;
        let mut listed = std::mem::take(&mut archive.segments);
        let mut more = archive.more;
        while more {
            let Some(last) = listed.last().map(|segment| segment.number) else { break };
            let page: Archive = self.get(format!("/api/v1/account/archive?after={last}")).await?;
            if page.number != archive.number {
                return Ok(None);
            }
            // A server that turns in circles, or never ends, is refused by the head's digest.
            if listed.len() > limits::ARCHIVE_SEGMENTS {
                break;
            }
            more = page.more && page.segments.last().is_some_and(|segment| segment.number > last);
            listed.extend(page.segments);
        }
        Ok(Some((archive, listed)))
    }

    /// `known`: segments before those that were listed.
    fn judge_archive(
        &self,
        me: &Me,
        archive: &Archive,
        listed: &[ArchiveSegment],
        known: Vec<SegmentRow>,
        has_lists: bool,
    ) -> Result<Result<Judged, ArchiveError>, DbError> {
        let (seen, kept_from_ms) = self.read(newest_seen)?;
        let none = KnownHead { number: 0, hash: Bytes32([0; 32]) };
        let Some(bytes) = archive.head.as_ref().filter(|_| archive.number > 0) else {
            if let Some(seen) = seen {
                return Ok(Err(ArchiveError::Rollback { found: 0, known: seen.number }));
            }
            self.step(|step| step.tables.forget_segments())?;
            return Ok(Ok(Judged::Good(Shown { newest: none, kept_from_ms, foreign: None })));
        };
        let devices = self.known();
        let key_of = |device: DeviceId| {
            let mut listed = devices.get(me.account())?.listed();
            listed.find(|(id, _)| *id == device).map(|(_, record)| record.key)
        };
        let shown = match open_head(bytes, me.account(), key_of) {
            // Only a newer list can tell whose it is.
            Err(ArchiveError::UnknownDevice(_)) if !has_lists => return Ok(Ok(Judged::Lists)),
            Err(ArchiveError::UnknownDevice(_)) if !known.is_empty() => return Ok(Ok(Judged::AllAgain)),
            Err(ArchiveError::UnknownDevice(_)) => return self.foreign(me, archive, listed, kept_from_ms, seen),
            Ok(shown) if shown.head.list > devices.newest_number(me.account()) && !has_lists => {
                return Ok(Ok(Judged::Lists));
            }
            Ok(shown) => shown,
            Err(error) => return Ok(Err(error)),
        };
        if shown.head.number != archive.number {
            return Ok(Err(ArchiveError::OtherSegments { number: shown.head.number }));
        }
        match seen.map(|seen| shown.check_follows(seen)) {
            // Both are of the account's devices, and what the one does not cover is written again.
            Some(Err(error @ ArchiveError::Forked { .. })) => drop(self.archive_refused(&error)?),
            Some(Err(error)) => return Ok(Err(error)),
            Some(Ok(())) | None => {}
        }
        let is_all = known.is_empty();
        let restores = self.read(|tables| tables.restores())?;
        let fresh = match rows(me, listed, restores) {
            Ok(fresh) => fresh,
            Err(error) => return Ok(Err(error)),
        };
        let entries: Vec<Entry> = known.iter().chain(&fresh).map(entry).collect();
        match check_entries(&shown.head, &entries) {
            Err(_) if !is_all => return Ok(Ok(Judged::AllAgain)),
            Err(error) => return Ok(Err(error)),
            Ok(()) => {}
        }
        self.keep_segments(&shown, &fresh, is_all)?;
        let (newest, kept_from_ms) = (shown.known(), shown.head.kept_from_ms);
        Ok(Ok(Judged::Good(Shown { newest, kept_from_ms, foreign: None })))
    }

    /// The newest head as any device made it that was ever listed, also if it was taken off since: the server alone can make
    /// none.
    pub(super) fn head_of_any_device(&self, me: &Me, archive: &Archive) -> Result<ShownHead, ArchiveError> {
        let devices = self.known();
        let key_of = |device: DeviceId| devices.get(me.account())?.was_listed(device).map(|record| record.key);
        let shown = open_head(archive.head.as_deref().unwrap_or_default(), me.account(), key_of)?;
        let number = shown.head.number;
        if number == archive.number { Ok(shown) } else { Err(ArchiveError::OtherSegments { number }) }
    }

    /// A device that was taken off made the newest head. What was seen before still counts where it is there, and the next head
    /// says so. `listed`: all segments.
    fn foreign(
        &self,
        me: &Me,
        archive: &Archive,
        listed: &[ArchiveSegment],
        kept_from_ms: u64,
        seen: Option<KnownHead>,
    ) -> Result<Result<Judged, ArchiveError>, DbError> {
        let head = match self.head_of_any_device(me, archive) {
            Ok(head) => head,
            Err(error) => return Ok(Err(error)),
        };
        if let Some(seen) = seen.filter(|seen| archive.number < seen.number) {
            return Ok(Err(ArchiveError::Rollback { found: archive.number, known: seen.number }));
        }
        let theirs = |segment: &ArchiveSegment| Entry {
            number: segment.number,
            outline: Bytes32(Sha256::digest(&*segment.outline).into()),
            body: segment.body_hash,
        };
        let theirs: Vec<Entry> = listed.iter().map(theirs).collect();
        let known = self.step(|step| {
            let (here, gone): (Vec<_>, Vec<_>) =
                step.tables.archive_segments()?.iter().map(entry).partition(|known| theirs.contains(known));
            gone.iter().try_for_each(|gone| step.tables.delete_segment(gone.number))?;
            Ok::<_, DbError>(here)
        })?;
        let segments = theirs.iter().filter(|other| !known.contains(other)).map(|other| other.number).collect();
        let foreign = Foreign { segments, generation: head.head.generation };
        let newest = KnownHead { number: archive.number, hash: head.hash };
        Ok(Ok(Judged::Good(Shown { newest, kept_from_ms, foreign: Some(foreign) })))
    }

    fn keep_segments(&self, shown: &ShownHead, fresh: &[SegmentRow], is_all: bool) -> Result<(), DbError> {
        self.step(|step| {
            let before = if is_all { step.tables.archive_segments()? } else { Vec::new() };
            let before: BTreeMap<u64, Entry> = before.iter().map(|row| (row.number, entry(row))).collect();
            let named: BTreeMap<u64, Entry> = fresh.iter().map(|row| (row.number, entry(row))).collect();
            for (gone, _) in before.iter().filter(|(number, known)| named.get(*number) != Some(*known)) {
                step.tables.delete_segment(*gone)?;
            }
            let is_new = |row: &&SegmentRow| before.get(&row.number) != named.get(&row.number);
            fresh.iter().filter(is_new).try_for_each(|row| step.tables.put_segment(row))?;
            if step.tables.fact::<Seen>(SEEN)?.is_some_and(|seen| seen.head.number < shown.head.number) {
                step.tables.put_fact(REFUSED, &None::<String>)?;
            }
            see_head(step.tables, shown.known(), shown.head.kept_from_ms).map(drop)
        })
    }
}

/// Notes a head that counts. What the account's devices are told of it changes with that; whether it did.
pub(super) fn see_head(tables: Tables<'_>, head: KnownHead, kept_from_ms: u64) -> Result<bool, DbError> {
    let Some(incarnation) = present_life(tables)? else { return Ok(false) };
    let head = NotedHead { number: head.number, hash: head.hash, incarnation };
    tables.put_fact(SEEN, &Seen { head, kept_from_ms })?;
    let mut agreement = tables.archive_agreement()?;
    let changed = agreement.note(head);
    if changed {
        tables.put_archive_agreement(&agreement)?;
    }
    Ok(changed)
}

/// The newest head that any of the account's devices has seen in the store's present life, as far as this one was told; and
/// from when on messages are kept.
fn newest_seen(tables: Tables<'_>) -> Result<(Option<KnownHead>, u64), DbError> {
    let seen: Option<Seen> = tables.fact(SEEN)?;
    let noted = tables.archive_agreement()?.head();
    let present = present_life(tables)?;
    let heads = seen.map(|seen| seen.head).into_iter().chain(noted);
    let newest = heads.filter(|head| Some(head.incarnation) == present).max_by_key(|head| head.number);
    Ok((newest.map(|head| head.known()), seen.map_or(0, |seen| seen.kept_from_ms)))
}

/// Whether another device has told of a later head than was seen here.
pub(super) fn is_behind(tables: Tables<'_>) -> Result<bool, DbError> {
    let seen = tables.fact::<Seen>(SEEN)?.map_or(0, |seen| seen.head.number);
    Ok(newest_seen(tables)?.0.is_some_and(|newest| newest.number > seen))
}

pub(super) fn rows(me: &Me, listed: &[ArchiveSegment], restores: bool) -> Result<Vec<SegmentRow>, ArchiveError> {
    let row = |segment: &ArchiveSegment| {
        let slot = Slot { account: me.account(), number: segment.number };
        let outline = open_outline(&segment.outline, &me.state_key, slot)?;
        Ok(SegmentRow {
            number: segment.number,
            outline: segment.outline.clone(),
            body_hash: segment.body_hash,
            // It is the server that says so: segments would go for a size that none has.
            bytes: segment.bytes.min(MOST_BYTES),
            to_ms: outline.to_ms,
            held: false,
            restore: if restores { RestoreStanding::Due } else { RestoreStanding::NotNeeded },
        })
    };
    listed.iter().map(row).collect()
}

/// By what a head names a segment.
pub(super) fn entry(row: &SegmentRow) -> Entry {
    Entry { number: row.number, outline: Bytes32(Sha256::digest(&*row.outline).into()), body: row.body_hash }
}
