//! Where the hub leaves word for one connection. It is bounded by forgetting: what finds no room becomes a mere "the log
//! has grown", and the connection reads the store.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;

use axum::body::Bytes;
use futures_util::task::AtomicWaker;
use huis_proto::ConversationId;
use huis_proto::frames::CloseCode;

use crate::bus::LiveEntry;

/// The most entries that wait for a connection.
const ENTRIES: usize = 512;
/// The most bytes that these hold, shared with other connections.
const ENTRY_BYTES: usize = 256 * 1024;
/// The most conversations of which growth is noted one by one.
const HEADS: usize = 1024;
/// The most ephemeral frames that wait; further ones are lost, as they may be.
const EPHEMERALS: usize = 32;

/// The most wishes for GroupInfos that wait; further ones are told at the next connection, if they are still open.
pub(super) const GROUP_INFOS: usize = 64;

/// The mailbox of one connection.
#[derive(Default)]
pub(crate) struct Mailbox {
    mail: Mutex<Mail>,
    waker: AtomicWaker,
}

/// What came in since the connection last looked.
#[derive(Default)]
pub(super) struct Mail {
    /// New entries, in the order in which they came.
    pub(super) entries: Vec<Arc<LiveEntry>>,
    entry_bytes: usize,
    /// Logs that have grown, up to where.
    pub(super) heads: HashMap<ConversationId, u64>,
    /// Memberships or welcomes have changed: read the cursors again.
    pub(super) recheck: bool,
    /// Hints of any kind may have been lost: read everything again that they tell.
    pub(super) missed: bool,
    /// Conversations for which a better GroupInfo is wanted, with the commit counter.
    pub(super) group_infos: Vec<(ConversationId, u64)>,
    /// Encoded frames.
    pub(super) ephemerals: Vec<Bytes>,
    /// The account state's newest version.
    pub(super) account_state: Option<u64>,
    /// The device list's newest number.
    pub(super) device_list: Option<u64>,
    /// How many one-time key packages are left.
    pub(super) key_packages: Option<u32>,
    /// The connection is to end, and why; the first reason stays.
    pub(super) end: Option<CloseCode>,
}

impl Mailbox {
    pub(super) fn entry(&self, entry: &Arc<LiveEntry>) {
        self.leave(|mail| {
            let bytes = mail.entry_bytes + entry.frame.len();
            if mail.entries.len() < ENTRIES && bytes <= ENTRY_BYTES {
                mail.entry_bytes = bytes;
                mail.entries.push(Arc::clone(entry));
            } else {
                mail.reached(entry.conversation, entry.seq);
            }
        });
    }

    pub(super) fn reached(&self, conversation: ConversationId, seq: u64) {
        self.leave(|mail| mail.reached(conversation, seq));
    }

    pub(super) fn recheck(&self) {
        self.leave(|mail| mail.recheck = true);
    }

    pub(super) fn missed(&self) {
        self.leave(|mail| mail.missed = true);
    }

    pub(super) fn group_info_wanted(&self, conversation: ConversationId, commit_counter: u64) {
        self.leave(|mail| {
            if mail.group_infos.len() < GROUP_INFOS {
                mail.group_infos.push((conversation, commit_counter));
            }
        });
    }

    pub(super) fn ephemeral(&self, frame: &Bytes) {
        self.leave(|mail| {
            if mail.ephemerals.len() < EPHEMERALS {
                mail.ephemerals.push(frame.clone());
            }
        });
    }

    pub(super) fn account_state(&self, version: u64) {
        self.leave(|mail| mail.account_state = mail.account_state.max(Some(version)));
    }

    pub(super) fn device_list(&self, number: u64) {
        self.leave(|mail| mail.device_list = mail.device_list.max(Some(number)));
    }

    pub(super) fn key_packages(&self, remaining: u32) {
        self.leave(|mail| mail.key_packages = Some(remaining));
    }

    pub(super) fn end(&self, why: CloseCode) {
        self.leave(|mail| mail.end = mail.end.or(Some(why)));
    }

    /// Who is to be woken by the next mail.
    pub(super) fn wakes(&self, waker: &Waker) {
        self.waker.register(waker);
    }

    /// Empties the mailbox.
    pub(super) fn take(&self) -> Option<Mail> {
        let mut mail = self.mail();
        (!mail.is_empty()).then(|| std::mem::take(&mut *mail))
    }

    /// Whether entries wait, or word of some.
    pub(super) fn has_entries(&self) -> bool {
        let mail = self.mail();
        !(mail.entries.is_empty() && mail.heads.is_empty())
    }

    fn leave(&self, change: impl FnOnce(&mut Mail)) {
        let mut mail = self.mail();
        let was_empty = mail.is_empty();
        change(&mut mail);
        drop(mail);
        // Mail that was there already has woken the connection.
        if was_empty {
            self.waker.wake();
        }
    }

    fn mail(&self) -> MutexGuard<'_, Mail> {
        self.mail.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Mail {
    fn reached(&mut self, conversation: ConversationId, seq: u64) {
        if let Some(head) = self.heads.get_mut(&conversation) {
            *head = seq.max(*head);
        } else if self.heads.len() < HEADS {
            self.heads.insert(conversation, seq);
        } else {
            self.recheck = true;
        }
    }

    fn is_empty(&self) -> bool {
        self.entries.is_empty()
            && self.heads.is_empty()
            && !self.recheck
            && !self.missed
            && self.group_infos.is_empty()
            && self.ephemerals.is_empty()
            && self.account_state.is_none()
            && self.device_list.is_none()
            && self.key_packages.is_none()
            && self.end.is_none()
    }
}

#[cfg(test)]
mod tests {
    use huis_proto::{AccountId, DeviceId, Member};

    use super::*;

    fn entry(seq: u64, bytes: usize) -> Arc<LiveEntry> {
        Arc::new(LiveEntry {
            conversation: ConversationId::from_bytes([1; 16]),
            seq,
            author: Member { account: AccountId::from_bytes([2; 16]), device: DeviceId::from_bytes([3; 16]) },
            received_at_ms: 0,
            frame: vec![0; bytes].into(),
            own_frame: Bytes::new(),
        })
    }

    #[test]
    fn what_finds_no_room_becomes_a_hint_and_memory_stays_bounded() {
        let mailbox = Mailbox::default();
        for seq in 1..=10_000 {
            mailbox.entry(&entry(seq, 1024));
        }
        let mail = mailbox.take().unwrap();
        assert_eq!(mail.entries.len(), ENTRY_BYTES / 1024);
        assert_eq!(mail.heads.get(&ConversationId::from_bytes([1; 16])), Some(&10_000));
        assert!(mailbox.take().is_none());
    }

    #[test]
    fn growth_of_very_many_conversations_becomes_one_recheck() {
        let mailbox = Mailbox::default();
        for number in 0..5_000_u128 {
            mailbox.reached(ConversationId::from_bytes(number.to_be_bytes()), 1);
        }
        let mail = mailbox.take().unwrap();
        assert_eq!(mail.heads.len(), HEADS);
        assert!(mail.recheck);
    }

    #[test]
    fn wishes_for_group_infos_are_bounded() {
        let mailbox = Mailbox::default();
        for number in 0..1_000_u128 {
            mailbox.group_info_wanted(ConversationId::from_bytes(number.to_be_bytes()), 1);
        }
        assert_eq!(mailbox.take().unwrap().group_infos.len(), GROUP_INFOS);
        assert!(mailbox.take().is_none());
    }

    #[test]
    fn the_first_reason_to_end_stays() {
        let mailbox = Mailbox::default();
        mailbox.end(CloseCode::SessionEnded);
        mailbox.end(CloseCode::GoingAway);
        assert_eq!(mailbox.take().unwrap().end, Some(CloseCode::SessionEnded));
    }
}
