//! Web Push (RFC 8030): a device that is away is woken when there is something for it, at most once in ten minutes. What is
//! sent says nothing but that.
//!
//! Whether a device is away, and when it was told last, stands in the store beside its subscription, so that several
//! nodes tell it once. What connects, goes away and is expected is noted here as it happens, and written and looked up
//! together, about once a second.

mod encryption;
mod endpoints;
mod queue;
mod rounds;
mod vapid;

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use huis_proto::{AccountId, Member, SessionId};
use huis_store::SharedStore;
use rand::rngs::OsRng;
use tokio::sync::Notify;

pub(crate) use encryption::Recipient;
pub(crate) use endpoints::checked;
pub(crate) use rounds::{look_again, run, settle};
pub(crate) use vapid::Vapid;

use crate::config::PushEndpoints;
use rounds::Rounds;

/// The most devices and the most sessions that wait for the next round. What is beyond of devices is told by a later
/// message; where it is of sessions, the next round counts all as away that are not connected here.
const NOTED: usize = 16 * 1024;

/// What says that there is something. The version of the form is in it, and room to say more.
const TEXT: &[u8] = br#"{"t":1}"#;
/// What the text is filled up to.
const TEXT_ROOM: usize = 100;

/// Everything about pushes on this node.
pub(crate) struct Push {
    pub(crate) vapid: Vapid,
    pub(crate) endpoints: PushEndpoints,
    /// Made when the first push is sent: most servers send none.
    client: OnceLock<Option<reqwest::Client>>,
    /// Whether there may be a subscription at all.
    is_wanted: AtomicBool,
    noted: Mutex<Noted>,
    wake: Notify,
    rounds: tokio::sync::Mutex<Rounds>,
}

/// What has happened since the last round.
#[derive(Default)]
struct Noted {
    /// Sessions whose device went away, or came.
    moved: HashMap<SessionId, Moved>,
    /// There were more of them, or they were not looked at.
    has_lost_moves: bool,
    /// Away devices that there is something for.
    expecting: HashSet<Member>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Moved {
    Came,
    Went,
}

impl Push {
    pub(crate) fn new(vapid: Vapid, endpoints: PushEndpoints) -> Self {
        rounds::begin_counting();
        Self {
            vapid,
            endpoints,
            client: OnceLock::new(),
            is_wanted: AtomicBool::new(false),
            noted: Mutex::default(),
            wake: Notify::new(),
            rounds: tokio::sync::Mutex::default(),
        }
    }

    /// What a start begins with: who was connected when the server stopped, or fell, may be anywhere by now.
    pub(crate) async fn begin(&self, store: &SharedStore) {
        let there_are_any = store.note_all_away().await.unwrap_or_else(|error| {
            tracing::warn!(%error, "subscriptions to pushes could not be read; some devices are told later");
            true
        });
        if there_are_any {
            self.want();
        }
    }

    /// The key that browsers subscribe for, if this server pushes.
    pub(crate) fn key(&self) -> Option<&[u8]> {
        (self.endpoints != PushEndpoints::None).then(|| self.vapid.public())
    }

    /// Whether there may be subscriptions.
    pub(crate) fn is_wanted(&self) -> bool {
        self.is_wanted.load(Ordering::Relaxed)
    }

    /// There is a subscription. It may be the last one that ends, but then the next must not be missed: so this stays.
    pub(crate) fn want(&self) {
        self.is_wanted.store(self.endpoints != PushEndpoints::None, Ordering::Relaxed);
    }

    /// A device has connected.
    pub(crate) fn came(&self, session: SessionId) {
        self.note(|noted| noted.moves(session, Moved::Came));
    }

    /// A device has no connection any more; it is named if it may not have got everything that it was sent.
    pub(crate) fn went(&self, session: SessionId, without: Option<Member>) {
        self.note(|noted| {
            noted.moves(session, Moved::Went);
            without.into_iter().for_each(|device| noted.expects(device));
        });
    }

    /// Who came and went was not noted.
    fn lost_moves(&self) {
        self.note(|noted| noted.has_lost_moves = true);
    }

    /// There is something for these devices, by somebody of this account: whose other devices are not told of it.
    pub(crate) fn expect<'a>(&self, author: AccountId, devices: impl Iterator<Item = &'a Member>) {
        self.note(|noted| {
            for device in devices.filter(|device| device.account != author) {
                noted.expects(*device);
            }
        });
    }

    fn note(&self, note: impl FnOnce(&mut Noted)) {
        if self.is_wanted() {
            note(&mut self.noted());
            self.wake.notify_one();
        }
    }

    fn client(&self) -> Option<&reqwest::Client> {
        let made = self.client.get_or_init(|| {
            let client = endpoints::client(self.endpoints);
            client.map_err(|error| tracing::error!(%error, "pushes can't be sent")).ok()
        });
        made.as_ref()
    }

    fn noted(&self) -> MutexGuard<'_, Noted> {
        self.noted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn sealed(&self, recipient: &Recipient) -> Option<Vec<u8>> {
        recipient.seal(&mut OsRng, TEXT, TEXT_ROOM)
    }
}

impl Noted {
    fn moves(&mut self, session: SessionId, moved: Moved) {
        if self.moved.len() < NOTED || self.moved.contains_key(&session) {
            self.moved.insert(session, moved);
        } else {
            self.has_lost_moves = true;
        }
    }

    fn expects(&mut self, device: Member) {
        if self.expecting.len() < NOTED {
            self.expecting.insert(device);
        }
    }

    /// What could not be written or looked up is noted again; what has happened since is newer.
    fn put_back(&mut self, before: Self) {
        self.has_lost_moves |= before.has_lost_moves;
        for (session, moved) in before.moved {
            if !self.moved.contains_key(&session) {
                self.moves(session, moved);
            }
        }
        before.expecting.into_iter().for_each(|device| self.expects(device));
    }
}

#[cfg(test)]
mod tests {
    use huis_proto::DeviceId;

    use super::*;

    #[test]
    fn what_waits_for_a_round_is_bounded_and_nothing_waits_where_nobody_subscribed() {
        let push = Push::new(Vapid::new(&[7; 32]).unwrap(), PushEndpoints::Public);
        let member = |number: u128| Member {
            account: AccountId::from_bytes(number.to_be_bytes()),
            device: DeviceId::from_bytes([0; 16]),
        };
        let all: Vec<Member> = (0..20_000).map(member).collect();
        let counts = || {
            let noted = push.noted();
            (noted.moved.len(), noted.expecting.len())
        };
        let happens = || {
            push.expect(member(0).account, all.iter());
            for one in &all {
                push.went(SessionId::from_bytes(*one.account.as_bytes()), None);
            }
        };
        happens();
        assert_eq!(counts(), (0, 0));
        push.want();
        happens();
        assert_eq!(counts(), (NOTED, NOTED));
        assert!(!push.noted().expecting.contains(&member(0)), "the author's own");
        assert!(push.noted().has_lost_moves);
        let off = Push::new(Vapid::new(&[7; 32]).unwrap(), PushEndpoints::None);
        off.want();
        assert!(!off.is_wanted() && off.key().is_none());
    }

    #[test]
    fn what_was_put_back_is_older_than_what_has_happened_since_and_bounded_with_it() {
        let session = |number: u128| SessionId::from_bytes(number.to_be_bytes());
        let mut before = Noted::default();
        for number in 0..NOTED as u128 {
            before.moves(session(number), Moved::Went);
        }
        let mut since = Noted::default();
        since.moves(session(1), Moved::Came);
        since.moves(session(1 << 100), Moved::Went);
        since.put_back(before);
        assert_eq!((since.moved.len(), since.moved[&session(1)]), (NOTED, Moved::Came));
        assert!(since.has_lost_moves, "one too many");
    }
}
