//! What goes to the client as it happens.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use huis_proto::ConversationId;
use huis_proto::frames::ServerFrame;
use tokio::time::Instant;

use super::tracks::Standing;
use super::{Connection, End, GAP};
use crate::bus::LiveEntry;

/// How many entries wait for one that is to come before them.
const EARLY: usize = 32;

impl Connection {
    /// Takes what the hub has left.
    pub(super) fn open_mail(&mut self, now: Instant) -> Result<(), End> {
        let Some(mail) = self.place.mailbox.take() else {
            return Ok(());
        };
        if let Some(why) = mail.end {
            return Err(End::Close(why));
        }
        for entry in mail.entries {
            self.offer(entry, now);
        }
        for (conversation, seq) in mail.heads {
            self.has_grown(conversation, seq);
        }
        self.wants_recheck |= mail.recheck || mail.missed;
        self.wants_all |= mail.missed;
        if let Some(version) = mail.account_state {
            self.outgoing.frame(&ServerFrame::AccountStateChanged { version });
        }
        if let Some(number) = mail.device_list {
            self.outgoing.frame(&ServerFrame::DeviceListChanged { number });
        }
        if let Some(remaining) = mail.key_packages {
            self.outgoing.frame(&ServerFrame::KeyPackagesLow { remaining });
        }
        for (conversation, commit_counter) in mail.group_infos {
            self.outgoing.frame(&ServerFrame::GroupInfoWanted { conversation, commit_counter });
        }
        for frame in &mail.ephemerals {
            if self.outgoing.has_room() {
                self.outgoing.encoded(frame);
            }
        }
        Ok(())
    }

    /// Sends an entry at once if it is next and there is room; otherwise it is but a hint.
    fn offer(&mut self, entry: Arc<LiveEntry>, now: Instant) {
        match self.tracks.standing(entry.conversation, entry.seq) {
            Standing::Next if self.has_room_for(&entry) => {
                self.send_live(&entry);
                self.send_followers(entry.conversation);
            }
            Standing::Early if self.early.len() < EARLY => {
                self.early.push(entry);
                self.gap_until.get_or_insert(now + GAP);
            }
            _ => self.has_grown(entry.conversation, entry.seq),
        }
    }

    /// Takes a hint. One for a conversation that is not followed may be newer than cursors that are just being read,
    /// so they are read again; but while its welcome is not acknowledged it means nothing, for they are read then.
    fn has_grown(&mut self, conversation: ConversationId, seq: u64) {
        if self.tracks.knows(conversation) {
            self.tracks.grown(conversation, seq);
        } else if !self.welcomes.hold_back(conversation) {
            self.wants_recheck = true;
        }
    }

    /// Sends what came early and is next by now.
    fn send_followers(&mut self, conversation: ConversationId) {
        while let Some(place) = self.early.iter().position(|early| {
            early.conversation == conversation && self.tracks.standing(conversation, early.seq) == Standing::Next
        }) {
            let entry = self.early.swap_remove(place);
            if self.has_room_for(&entry) {
                self.send_live(&entry);
            } else {
                self.tracks.grown(conversation, entry.seq);
            }
        }
        if self.early.is_empty() {
            self.gap_until = None;
        }
    }

    /// The entry that is missing did not come: everything is read from the store.
    pub(super) fn give_up_on_gap(&mut self) {
        self.gap_until = None;
        for entry in std::mem::take(&mut self.early) {
            self.tracks.grown(entry.conversation, entry.seq);
        }
    }

    /// Sends the next entry of a conversation.
    pub(super) fn send_entry(&mut self, conversation: ConversationId, seq: u64, frame: &Bytes) {
        self.outgoing.encoded(frame);
        self.tracks.sent(conversation, frame.len());
        self.no_backlog_up_to(conversation, seq);
        let meters = &self.place.hub().meters;
        meters.delivered.increment(1);
        meters.delivered_bytes.increment(frame.len() as u64);
    }

    /// The client has, or gets, everything of the conversation up to and with `seq`.
    pub(super) fn no_backlog_up_to(&mut self, conversation: ConversationId, seq: u64) {
        if let Some(backlog) = &mut self.backlog
            && backlog.get(&conversation).is_some_and(|goal| *goal <= seq)
        {
            backlog.remove(&conversation);
        }
    }

    /// Says once that everything that waited when the client connected has been sent. A conversation behind a welcome
    /// waited too: it is delivered once the welcome is acknowledged.
    pub(super) fn tell_caught_up(&mut self) {
        let is_looking = self.wants_recheck || self.looking.is_some();
        let has_all_welcomes = self.has_all_welcomes && self.welcomes.are_all_taken();
        let caught_up = self
            .backlog
            .as_ref()
            .is_some_and(|backlog| backlog.is_empty() && has_all_welcomes && !is_looking && self.outgoing.has_room());
        if caught_up {
            self.backlog = None;
            self.outgoing.frame(&ServerFrame::CaughtUp {});
        }
    }

    fn has_room_for(&self, entry: &LiveEntry) -> bool {
        self.outgoing.has_room() && self.tracks.has_room(self.frame_of(entry).len())
    }

    fn send_live(&mut self, entry: &LiveEntry) {
        let frame = self.frame_of(entry).clone();
        self.send_entry(entry.conversation, entry.seq, &frame);
        // Where two nodes' clocks disagree by less than the delay, it is off by that; else it is none.
        let delay = Duration::from_millis(self.app.clock.now_ms().saturating_sub(entry.received_at_ms));
        self.place.hub().meters.delivery_seconds.record(delay);
    }

    fn frame_of<'a>(&self, entry: &'a LiveEntry) -> &'a Bytes {
        if entry.author == self.device { &entry.own_frame } else { &entry.frame }
    }
}
