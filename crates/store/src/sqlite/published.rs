//! Who gets a conversation's entries, kept in memory for the one question that is asked for every message.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use huis_proto::{ConversationId, Member};

use super::hot::WrittenBack;

/// Seats that are kept, over all conversations (48 bytes each).
const SEATS_KEPT: usize = 32 * 1024;

/// A device that may have entries behind `joined`, up to and with `last`.
#[derive(Debug, Clone, Copy)]
pub(super) struct PublishedSeat {
    pub(super) member: Member,
    pub(super) joined: i64,
    pub(super) last: i64,
}

/// A conversation's seats as they are on disk.
#[derive(Clone)]
pub(super) struct Seats {
    pub(super) head: u64,
    pub(super) seats: Arc<[PublishedSeat]>,
}

/// What is known to be on disk.
#[derive(Default)]
pub(super) struct Published(Mutex<Known>);

#[derive(Default)]
struct Known {
    conversations: HashMap<ConversationId, Seats>,
    kept: usize,
    /// Counts the transactions that changed heads or seats, so that what was read before one of them is not kept.
    changes: u64,
}

impl Seats {
    /// The devices that may have the entry `seq`.
    pub(super) fn at(&self, seq: u64) -> Vec<Member> {
        let seq = super::columns::signed(seq);
        let may = |seat: &&PublishedSeat| seat.joined <= seq && seq <= seat.last;
        self.seats.iter().filter(may).map(|seat| seat.member).collect()
    }
}

impl Published {
    /// The seats, or else the number to give to [`keep`](Self::keep) after reading them.
    pub(super) fn seats(&self, id: ConversationId) -> Result<Seats, u64> {
        let known = self.known();
        known.conversations.get(&id).cloned().ok_or(known.changes)
    }

    /// Keeps what was read, unless something was written since.
    pub(super) fn keep(&self, id: ConversationId, seats: &Seats, read_at: u64) {
        let mut known = self.known();
        if known.changes != read_at || seats.seats.len() > SEATS_KEPT {
            return;
        }
        if known.kept + seats.seats.len() > SEATS_KEPT {
            known.conversations.clear();
            known.kept = 0;
        }
        known.kept += 1 + seats.seats.len();
        known.conversations.insert(id, seats.clone());
    }

    /// A transaction is on disk: heads moved, and the seats of `changed` are others.
    pub(super) fn on_disk(&self, written: &[WrittenBack], changed: &[ConversationId]) {
        if written.is_empty() && changed.is_empty() {
            return;
        }
        let mut known = self.known();
        known.changes += 1;
        for conversation in written {
            if let Some(seats) = known.conversations.get_mut(&conversation.id) {
                seats.head = conversation.head;
            }
        }
        let freed = written.iter().filter(|conversation| conversation.seat_freed).map(|conversation| conversation.id);
        for id in changed.iter().copied().chain(freed) {
            if let Some(seats) = known.conversations.remove(&id) {
                known.kept = known.kept.saturating_sub(1 + seats.seats.len());
            }
        }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
