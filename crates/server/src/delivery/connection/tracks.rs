//! Which entry comes next in each conversation of a connection, and how much of what was sent is unacknowledged.

use std::collections::{HashMap, VecDeque};

use huis_proto::ConversationId;
use huis_proto::limits::DELIVERY_WINDOW;

/// The most entries of a connection that are sent and unacknowledged, beside the bound on their bytes.
const ENTRIES_IN_FLIGHT: usize = 4096;

/// The conversations of a connection.
#[derive(Default)]
pub(super) struct Tracks {
    by_conversation: HashMap<ConversationId, Track>,
    /// Conversations with entries that are to be read from the store, in turn.
    behind: VecDeque<ConversationId>,
    window: Window,
}

/// Where one conversation stands.
#[derive(Default)]
struct Track {
    /// The next entry to send.
    next: u64,
    /// The newest entry that is known to exist.
    head: u64,
    /// The entry before `next` took this device out: nothing follows, unless it comes in again.
    gone: bool,
    /// Or it may have been in before and stay so: the store is asked.
    unsure: bool,
    /// Stands in `behind`.
    queued: bool,
    /// The sizes of entries that were sent and not acknowledged; the last one is `next - 1`.
    unacked: VecDeque<u32>,
}

/// What is sent and not acknowledged, over all conversations.
#[derive(Default)]
struct Window {
    bytes: usize,
    entries: usize,
}

/// Entries to read from the store: those behind `after`; `head` was the newest one known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Gap {
    pub(super) conversation: ConversationId,
    pub(super) after: u64,
    head: u64,
}

/// How an entry stands to what was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// It is the next one.
    Next,
    /// Others come before it, and the connection is up to date but for them.
    Early,
    /// It was sent, or is none of this device's, or is going to be read from the store.
    Other,
}

impl Tracks {
    /// Begins or goes on with a conversation: entries up to and with `done` are not needed, `head` exists.
    pub(super) fn follow(&mut self, conversation: ConversationId, done: u64, head: u64) {
        let track = self.by_conversation.entry(conversation).or_default();
        if done + 1 > track.next {
            // A rejoin, or a first look: what was sent before is settled.
            self.window.settle(&mut track.unacked, usize::MAX);
            track.next = done + 1;
            track.gone = false;
        } else if done + 1 == track.next || head >= track.next || track.unsure {
            // The store says that more may come.
            track.gone = false;
        }
        track.unsure = false;
        self.grown(conversation, head);
    }

    /// The log has grown; without a track this means nothing here.
    pub(super) fn grown(&mut self, conversation: ConversationId, head: u64) {
        if let Some(track) = self.by_conversation.get_mut(&conversation) {
            track.head = track.head.max(head);
            if track.is_behind() && !track.queued {
                track.queued = true;
                self.behind.push_back(conversation);
            }
        }
    }

    /// Whether the conversation is followed, or was until it took this device out.
    pub(super) fn knows(&self, conversation: ConversationId) -> bool {
        self.by_conversation.contains_key(&conversation)
    }

    pub(super) fn standing(&self, conversation: ConversationId, seq: u64) -> Standing {
        match self.by_conversation.get(&conversation) {
            Some(track) if !track.gone && seq == track.next => Standing::Next,
            Some(track) if !track.gone && seq > track.next && !track.is_behind() => Standing::Early,
            _ => Standing::Other,
        }
    }

    /// Whether an entry of this many bytes may be sent. One entry always may, however large.
    pub(super) fn has_room(&self, bytes: usize) -> bool {
        self.window.entries == 0
            || (self.window.bytes + bytes <= DELIVERY_WINDOW && self.window.entries < ENTRIES_IN_FLIGHT)
    }

    /// How many bytes may still be sent.
    pub(super) fn room(&self) -> usize {
        DELIVERY_WINDOW.saturating_sub(self.window.bytes)
    }

    /// The next entry of the conversation; none if it is not followed, or nothing more comes.
    pub(super) fn next(&self, conversation: ConversationId) -> Option<u64> {
        let track = self.by_conversation.get(&conversation)?;
        (!track.gone).then_some(track.next)
    }

    /// The next entry was sent.
    pub(super) fn sent(&mut self, conversation: ConversationId, bytes: usize) {
        if let Some(track) = self.by_conversation.get_mut(&conversation) {
            track.next += 1;
            track.head = track.head.max(track.next - 1);
            let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
            track.unacked.push_back(bytes);
            self.window.bytes += bytes as usize;
            self.window.entries += 1;
        }
    }

    /// Entries before `next` are gone from the store.
    pub(super) fn skip_to(&mut self, conversation: ConversationId, next: u64) {
        if let Some(track) = self.by_conversation.get_mut(&conversation) {
            self.window.settle(&mut track.unacked, usize::MAX);
            track.next = track.next.max(next);
        }
    }

    /// The entry that was sent last took this device out.
    pub(super) fn left(&mut self, conversation: ConversationId) {
        if let Some(track) = self.by_conversation.get_mut(&conversation) {
            track.gone = true;
        }
    }

    /// The entry that was sent last adds this device. If it had no seat, a welcome is to be acknowledged first; if it had
    /// one, it goes on.
    pub(super) fn added(&mut self, conversation: ConversationId) {
        if let Some(track) = self.by_conversation.get_mut(&conversation) {
            (track.gone, track.unsure) = (true, true);
        }
    }

    /// A welcome by the entry `seq` was acknowledged. What was sent up to there is not sent again; what was not, the
    /// cursors say.
    pub(super) fn welcomed(&mut self, conversation: ConversationId, seq: u64) {
        if let Some(track) = self.by_conversation.get_mut(&conversation) {
            track.gone &= track.next <= seq;
        }
    }

    /// The device has stored everything up to and with `seq`. Gives how many entries that takes out of the window;
    /// none for a conversation that is not followed, or an entry that is not known to exist.
    pub(super) fn acked(&mut self, conversation: ConversationId, seq: u64) -> Option<usize> {
        let track = self.by_conversation.get_mut(&conversation)?;
        if seq > track.head.max(track.next.saturating_sub(1)) {
            return None;
        }
        let before = self.window.entries;
        if seq >= track.next {
            // It has them from a connection before this one.
            self.window.settle(&mut track.unacked, usize::MAX);
            track.next = seq + 1;
        } else {
            let still_out = usize::try_from(track.next - 1 - seq).unwrap_or(usize::MAX);
            let settled = track.unacked.len().saturating_sub(still_out);
            self.window.settle(&mut track.unacked, settled);
        }
        Some(before - self.window.entries)
    }

    /// A conversation to read from the store. It must be given back with [`read`](Self::read).
    pub(super) fn next_behind(&mut self) -> Option<Gap> {
        while let Some(conversation) = self.behind.pop_front() {
            match self.by_conversation.get_mut(&conversation) {
                Some(track) if track.is_behind() => {
                    return Some(Gap { conversation, after: track.next - 1, head: track.head });
                }
                Some(track) => track.queued = false,
                None => {}
            }
        }
        None
    }

    /// A read of the gap ended. `whole` says that the store had nothing more for this device.
    pub(super) fn read(&mut self, gap: Gap, whole: bool) {
        let conversation = gap.conversation;
        if let Some(track) = self.by_conversation.get_mut(&conversation) {
            // If the log has grown meanwhile, the read may have been too early for that.
            if whole && track.head == gap.head {
                track.head = track.next - 1;
            }
            track.queued = track.is_behind();
            if track.queued {
                self.behind.push_back(conversation);
            }
        }
        if self.behind.is_empty() && self.behind.capacity() > 64 {
            self.behind = VecDeque::new();
        }
    }

    /// Whether [`next_behind`](Self::next_behind) is worth a call.
    pub(super) fn anything_behind(&self) -> bool {
        !self.behind.is_empty()
    }

    pub(super) fn nothing_in_flight(&self) -> bool {
        self.window.entries == 0
    }
}

impl Track {
    fn is_behind(&self) -> bool {
        !self.gone && self.next <= self.head
    }
}

impl Window {
    /// Takes the oldest `count` entries out of the window.
    fn settle(&mut self, unacked: &mut VecDeque<u32>, count: usize) {
        for bytes in unacked.drain(..count.min(unacked.len())) {
            self.bytes -= bytes as usize;
            self.entries -= 1;
        }
        if unacked.is_empty() && unacked.capacity() > 64 {
            *unacked = VecDeque::new();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: ConversationId = ConversationId::from_bytes([1; 16]);
    const THERE: ConversationId = ConversationId::from_bytes([2; 16]);

    fn up_to_date(done: u64) -> Tracks {
        let mut tracks = Tracks::default();
        tracks.follow(HERE, done, done);
        tracks
    }

    #[test]
    fn only_the_next_entry_is_sent_at_once() {
        let mut tracks = up_to_date(4);
        assert_eq!(tracks.standing(HERE, 4), Standing::Other);
        assert_eq!(tracks.standing(HERE, 5), Standing::Next);
        assert_eq!(tracks.standing(HERE, 6), Standing::Early);
        assert_eq!(tracks.standing(THERE, 1), Standing::Other);
        tracks.sent(HERE, 100);
        assert_eq!(tracks.standing(HERE, 6), Standing::Next);
        assert_eq!(tracks.next_behind(), None);
    }

    #[test]
    fn acknowledged_bytes_open_the_window_again() {
        let mut tracks = up_to_date(0);
        let half = DELIVERY_WINDOW / 2;
        assert!(tracks.has_room(10 * DELIVERY_WINDOW));
        tracks.sent(HERE, half);
        assert!(tracks.has_room(half) && !tracks.has_room(half + 1));
        tracks.sent(HERE, half);
        assert_eq!(tracks.room(), 0);
        assert_eq!(tracks.acked(HERE, 1), Some(1));
        assert_eq!(tracks.room(), half);
        assert_eq!(tracks.acked(HERE, 1), Some(0));
        assert_eq!(tracks.room(), half);
        assert_eq!(tracks.acked(HERE, 2), Some(1));
        assert!(tracks.nothing_in_flight());
    }

    #[test]
    fn very_many_tiny_entries_fill_the_window_too() {
        let mut tracks = up_to_date(0);
        let mut sent = 0;
        while tracks.has_room(1) {
            tracks.sent(HERE, 1);
            sent += 1;
        }
        assert_eq!(sent, ENTRIES_IN_FLIGHT);
    }

    #[test]
    fn an_acknowledgement_of_what_does_not_exist_is_refused() {
        let mut tracks = up_to_date(4);
        assert_eq!(tracks.acked(HERE, 5), None);
        assert_eq!(tracks.acked(THERE, 1), None);
        tracks.grown(HERE, 9);
        assert_eq!(tracks.acked(HERE, 7), Some(0));
        assert_eq!(tracks.next(HERE), Some(8));
    }

    #[test]
    fn conversations_that_are_behind_take_turns() {
        let mut tracks = Tracks::default();
        tracks.follow(HERE, 0, 2);
        tracks.follow(THERE, 5, 6);
        let mut turns = Vec::new();
        while let Some(gap) = tracks.next_behind() {
            turns.push((gap.conversation, gap.after));
            tracks.sent(gap.conversation, 1);
            tracks.read(gap, false);
        }
        assert_eq!(turns, [(HERE, 0), (THERE, 5), (HERE, 1)]);
    }

    #[test]
    fn a_device_that_was_taken_out_gets_nothing_more_until_it_joins_again() {
        let mut tracks = up_to_date(4);
        tracks.sent(HERE, 1);
        tracks.left(HERE);
        tracks.grown(HERE, 9);
        assert_eq!(tracks.standing(HERE, 6), Standing::Other);
        assert_eq!(tracks.next_behind(), None);
        tracks.follow(HERE, 12, 13);
        assert_eq!(tracks.next_behind().map(|gap| gap.after), Some(12));
    }

    #[test]
    fn a_device_that_was_taken_out_and_in_by_one_entry_goes_on_behind_it() {
        let mut tracks = up_to_date(4);
        tracks.sent(HERE, 1);
        tracks.left(HERE);
        tracks.follow(HERE, 3, 5);
        assert_eq!(tracks.next(HERE), None);
        tracks.follow(HERE, 5, 5);
        assert_eq!(tracks.next(HERE), Some(6));
    }

    #[test]
    fn a_device_that_is_added_once_more_goes_on_where_it_was() {
        // Its welcome was acknowledged before the entry came.
        let mut tracks = up_to_date(4);
        tracks.sent(HERE, 1);
        tracks.added(HERE);
        assert_eq!(tracks.next(HERE), None);
        tracks.follow(HERE, 3, 5);
        assert_eq!(tracks.next(HERE), Some(6));
        // Or afterwards.
        tracks.left(HERE);
        tracks.welcomed(HERE, 5);
        assert_eq!(tracks.next(HERE), Some(6));
        tracks.left(HERE);
        tracks.welcomed(HERE, 6);
        assert_eq!(tracks.next(HERE), None);
    }

    #[test]
    fn a_store_that_has_nothing_more_ends_the_reading() {
        let mut tracks = up_to_date(4);
        tracks.grown(HERE, 9);
        let gap = tracks.next_behind().unwrap();
        tracks.read(gap, true);
        assert_eq!(tracks.next_behind(), None);
        assert_eq!(tracks.standing(HERE, 5), Standing::Next);
    }

    #[test]
    fn an_entry_that_came_while_an_earlier_page_was_read_is_not_forgotten() {
        let mut tracks = up_to_date(4);
        tracks.grown(HERE, 5);
        let gap = tracks.next_behind().unwrap();
        tracks.grown(HERE, 6);
        tracks.sent(HERE, 1);
        tracks.read(gap, true);
        assert_eq!(tracks.next_behind().map(|gap| gap.after), Some(5));
    }

    #[test]
    fn a_rejoin_settles_what_was_in_flight() {
        let mut tracks = up_to_date(0);
        tracks.sent(HERE, 1_000);
        tracks.follow(HERE, 7, 7);
        assert!(tracks.nothing_in_flight());
        assert_eq!(tracks.acked(HERE, 3), Some(0));
        assert_eq!(tracks.next(HERE), Some(8));
    }
}
