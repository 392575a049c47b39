//! Who is connected to this node, and who is to be woken by what.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard, Weak};
use std::time::Duration;

use axum::body::Bytes;
use huis_proto::frames::{CloseCode, EntryKind, LogEntry, ServerFrame};
use huis_proto::{AccountId, ConversationId, DeviceId, Member, SessionId, codec};
use huis_store::{Opened, SharedStore, StoreResult};
use tokio::sync::Notify;

use super::mailbox::Mailbox;
use super::meters::Meters;
use super::rosters::Rosters;
use crate::address_bans::AddressBans;
use crate::bus::{Bus, Hint, Listener, LiveEntry, Reached, RosterChange};
use crate::push::Push;
use crate::running_settings::RunningSettings;

/// The largest entry that travels with its hint; larger ones are read from the store by each connection, when it has
/// room for them.
const LIVE_BYTES: usize = 64 * 1024;
/// How long a stop waits for connections to finish what was accepted.
const STOP_PATIENCE: Duration = Duration::from_secs(15);

/// The connections of this node.
pub(crate) struct Hub {
    this: Weak<Hub>,
    store: SharedStore,
    pub(super) bus: Arc<dyn Bus>,
    push: Arc<Push>,
    bans: Arc<AddressBans>,
    settings: Arc<RunningSettings>,
    connected: RwLock<Connected>,
    rosters: Rosters,
    /// Hints were lost since the store was last looked at.
    pub(super) missed: Notify,
    /// Somebody has told of bans or settings since they were last read.
    pub(super) rules_told: Notify,
    open: AtomicUsize,
    closed: Notify,
    stopping: AtomicBool,
    pub(super) meters: Meters,
}

#[derive(Default)]
struct Connected {
    /// The devices of each account; there are at most [`DEVICES`](huis_proto::limits::DEVICES) of them.
    accounts: HashMap<AccountId, Vec<ConnectedDevice>>,
    sessions: HashMap<SessionId, Arc<Mailbox>>,
}

struct ConnectedDevice {
    device: DeviceId,
    session: SessionId,
    mailbox: Arc<Mailbox>,
    age: Age,
    /// Where it comes from.
    address: IpAddr,
}

/// Which connection of a device is the newest, over all nodes.
#[derive(Clone, Copy)]
enum Age {
    /// The bus is asked for a number; the highest one that others have told meanwhile.
    Asked { heard: u64 },
    /// Connections with lower numbers are older.
    Number(u64),
    /// The bus could not be asked: older than every one that has a number.
    Unknown,
}

/// A connection's place at the hub; it is given up by dropping it.
pub(super) struct Place {
    hub: Arc<Hub>,
    member: Member,
    session: SessionId,
    pub(super) mailbox: Arc<Mailbox>,
    pub(super) address: IpAddr,
    /// There is something that the device did not acknowledge.
    pub(super) owes: bool,
}

/// The server takes no more connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stopping;

impl Hub {
    /// The hub of a node, which hears from here on what the bus brings.
    pub(crate) fn new(
        store: SharedStore,
        bus: Arc<dyn Bus>,
        push: Arc<Push>,
        bans: Arc<AddressBans>,
        settings: Arc<RunningSettings>,
    ) -> Arc<Self> {
        Arc::new_cyclic(|this: &Weak<Self>| {
            bus.listen(Weak::<Self>::clone(this));
            Self {
                this: Weak::clone(this),
                store,
                bus,
                push,
                bans,
                settings,
                connected: RwLock::default(),
                rosters: Rosters::default(),
                missed: Notify::new(),
                rules_told: Notify::new(),
                open: AtomicUsize::new(0),
                closed: Notify::new(),
                stopping: AtomicBool::new(false),
                meters: Meters::new(),
            }
        })
    }

    /// A session has ended: its connection is closed, and nothing is sent on it any more.
    pub(crate) fn session_ended(&self, session: SessionId) {
        self.bus.publish(Hint::SessionEnded(session));
    }

    /// An account was suspended, or its name banned, and its sessions have ended: its connections are closed with the reason.
    pub(crate) fn barred(&self, account: AccountId) {
        self.bus.publish(Hint::Barred(account));
    }

    /// A network was banned, or a ban lifted: the others are told, and when this answers, this node goes by it if the store
    /// could be read.
    pub(crate) async fn bans_changed(&self) {
        self.bus.publish(Hint::Bans);
        self.look_at_bans().await;
    }

    /// A setting was changed: the others are told, and when this answers, this node goes by it if the store could be read.
    pub(crate) async fn settings_changed(&self) {
        self.bus.publish(Hint::Settings);
        self.look_at_settings().await;
    }

    /// Reads bans and settings anew.
    pub(crate) async fn look_at_rules(&self) {
        self.look_at_bans().await;
        self.look_at_settings().await;
    }

    async fn look_at_settings(&self) {
        if let Err(error) = self.settings.read(&self.store).await {
            tracing::warn!(%error, "settings could not be read; they will be at the next round");
        }
    }

    /// Reads the banned networks anew, and closes connections from them where they are others than before.
    async fn look_at_bans(&self) {
        match self.bans.read(&self.store).await {
            Ok(true) => {}
            Ok(false) => return,
            Err(error) => {
                tracing::warn!(%error, "bans could not be read; they will be at the next round");
                return;
            }
        }
        // Compared when nobody waits for the lock any more; who connects meanwhile is compared then.
        let there: Vec<_> = {
            let connected = self.connected();
            let devices = connected.accounts.values().flatten();
            devices.map(|device| (device.address, Arc::clone(&device.mailbox))).collect()
        };
        for (address, mailbox) in there {
            if self.bans.of(address).is_some() {
                mailbox.end(CloseCode::Banned);
            }
        }
    }

    /// A device of the account has stored a new version of the account state.
    pub(crate) fn account_state_changed(&self, account: AccountId, version: u64) {
        self.bus.publish(Hint::AccountState { account, version });
    }

    /// The account has a new device list.
    pub(crate) fn device_list_changed(&self, account: AccountId, number: u64) {
        self.bus.publish(Hint::DeviceList { account, number });
    }

    /// A device's one-time key packages run low.
    pub(crate) fn key_packages_low(&self, device: Member, remaining: u32) {
        self.bus.publish(Hint::KeyPackagesLow { device, remaining });
    }

    /// Seats were given back or taken back: these devices look anew at what they may have.
    pub(crate) fn seats_changed(&self, conversation: ConversationId, devices: Vec<Member>) {
        self.bus.publish(Hint::Seats { conversation, devices });
    }

    /// The conversation's members are asked for a better GroupInfo.
    pub(crate) fn group_info_wanted(&self, conversation: ConversationId, commit_counter: u64) {
        self.bus.publish(Hint::GroupInfoWanted { conversation, commit_counter });
    }

    /// Takes no more connections and closes those that are there with 1001, once what they submitted is on disk and
    /// answered. Returns when the last one is gone, or after 15 seconds.
    pub(crate) async fn stop(&self) {
        self.stopping.store(true, Ordering::SeqCst);
        {
            let connected = self.connected();
            for device in connected.accounts.values().flatten() {
                device.mailbox.end(CloseCode::GoingAway);
            }
        }
        let all_gone = async {
            loop {
                let next = self.closed.notified();
                tokio::pin!(next);
                next.as_mut().enable();
                if self.open.load(Ordering::SeqCst) == 0 {
                    return;
                }
                next.await;
            }
        };
        if tokio::time::timeout(STOP_PATIENCE, all_gone).await.is_err() {
            let left = self.open.load(Ordering::SeqCst);
            tracing::warn!(left, "connections did not close in time");
        }
    }

    /// Whether [`stop`](Self::stop) was called.
    pub(super) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::SeqCst)
    }

    /// Gives a connection its place. An older connection of the same device to this node is closed; one to another node
    /// when this one's place is [announced](Place::announce).
    pub(super) fn connect(&self, member: Member, session: SessionId, address: IpAddr) -> Result<Place, Stopping> {
        let hub = self.this.upgrade().ok_or(Stopping)?;
        let mailbox = Arc::new(Mailbox::default());
        let age = Age::Asked { heard: 0 };
        let newcomer = ConnectedDevice { device: member.device, session, mailbox: Arc::clone(&mailbox), age, address };
        let mut connected = self.connected_mut();
        // Looked at under the lock, so that `stop` sees either the connection or nobody.
        if self.is_stopping() {
            return Err(Stopping);
        }
        self.open.fetch_add(1, Ordering::SeqCst);
        self.meters.connections.increment(1.0);
        let devices = connected.accounts.entry(member.account).or_default();
        let older = match devices.iter().position(|device| device.device == member.device) {
            Some(place) => Some(std::mem::replace(&mut devices[place], newcomer)),
            None => {
                devices.reserve_exact(1);
                devices.push(newcomer);
                None
            }
        };
        if let Some(older) = older {
            older.mailbox.end(CloseCode::Replaced);
            connected.sessions.remove(&older.session);
        }
        connected.sessions.insert(session, Arc::clone(&mailbox));
        // It may have been banned since its request was let in.
        if self.bans.of(address).is_some() {
            mailbox.end(CloseCode::Banned);
        }
        // Under the lock, as going is, so that what comes last is noted last.
        self.push.came(session);
        drop(connected);
        Ok(Place { hub, member, session, mailbox, address, owes: false })
    }

    /// An entry was appended: wakes everybody whom it concerns.
    pub(super) fn appended(&self, entry: LogEntry, roster: Option<RosterChange>) {
        let (conversation, seq) = (entry.conversation, entry.seq);
        self.meters.appended.increment(1);
        if entry.kind == EntryKind::Message {
            self.wake_by_push(conversation, entry.author.account);
        }
        let travels = entry.kind == EntryKind::Message && entry.payload.len() <= LIVE_BYTES;
        self.bus.publish(Hint::Reached(Reached {
            conversation,
            seq,
            live: travels.then(|| Arc::new(LiveEntry::encode(entry))),
            roster: roster.map(Arc::new),
        }));
    }

    /// The node at which something was said has those woken who are not connected to it. Whether they are to another, or
    /// were woken before, the store knows.
    fn wake_by_push(&self, conversation: ConversationId, author: AccountId) {
        if self.push.is_wanted() {
            self.with_recipients(conversation, move |hub, recipients| hub.wakes_of(recipients, author));
        }
    }

    fn wakes_of(&self, recipients: &[Member], author: AccountId) {
        let connected = self.connected();
        self.push.expect(author, recipients.iter().filter(|member| connected.mailbox(**member).is_none()));
    }

    /// The time of a locked message has come: who is connected opens it by themselves, who is away is woken. As many may open
    /// at once, whoever calls this waits until the recipients of one are read before it goes on to the next.
    pub(crate) async fn lock_opened(&self, opened: Opened) -> StoreResult<()> {
        if self.push.is_wanted() {
            let recipients = match self.rosters.of(opened.conversation) {
                Some(recipients) => recipients,
                None => self.read_recipients(opened.conversation).await?,
            };
            self.wakes_of(&recipients, opened.author);
        }
        Ok(())
    }

    async fn read_recipients(&self, conversation: ConversationId) -> StoreResult<Arc<[Member]>> {
        let before = self.rosters.before_reading();
        let recipients: Arc<[Member]> = self.store.recipients(conversation).await?.into();
        self.rosters.learn(before, conversation, &recipients);
        Ok(recipients)
    }

    /// Whether the session has a connection to this node.
    pub(crate) fn is_connected(&self, session: SessionId) -> bool {
        self.connected().sessions.contains_key(&session)
    }

    /// The sessions with a connection to this node.
    pub(crate) fn sessions(&self) -> Vec<SessionId> {
        self.connected().sessions.keys().copied().collect()
    }

    /// How many accounts have a connection to this node.
    pub(crate) fn accounts_online(&self) -> usize {
        self.connected().accounts.len()
    }

    /// An entry was submitted once more. Who appended it may never have learnt that, and told nobody: so the recipients
    /// are read anew and woken. Who came and went by it stands in the store; what is submitted says it only the first time.
    pub(super) fn appended_before(&self, conversation: ConversationId, seq: u64) {
        let roster = Some(Arc::default());
        self.bus.publish(Hint::Reached(Reached { conversation, seq, live: None, roster }));
    }

    /// A conversation was created without an entry.
    pub(super) fn created(&self, conversation: ConversationId, creator: Member) {
        let roster = RosterChange { joins: vec![creator], leaves: Vec::new() };
        self.bus.publish(Hint::Reached(Reached { conversation, seq: 0, live: None, roster: Some(Arc::new(roster)) }));
    }

    /// Sends something on that is never stored.
    pub(super) fn ephemeral(&self, conversation: ConversationId, from: Member, payload: Vec<u8>) {
        self.bus.publish(Hint::Ephemeral { conversation, from, payload: payload.into() });
    }

    /// Forgets what may have changed without a hint.
    pub(super) fn forget_rosters(&self) {
        self.rosters.forget_all();
    }

    /// All connections of this node.
    pub(super) fn mailboxes(&self) -> Vec<Weak<Mailbox>> {
        let connected = self.connected();
        connected.accounts.values().flatten().map(|device| Arc::downgrade(&device.mailbox)).collect()
    }

    /// A connection of the device has told its number, of this node or another.
    fn has_connected(&self, member: Member, number: u64) {
        let mut connected = self.connected_mut();
        let Some(device) = connected.device_mut(member) else {
            return;
        };
        match device.age {
            Age::Asked { heard } => device.age = Age::Asked { heard: heard.max(number) },
            Age::Number(own) if own > number => {
                // Its node does not know of this one yet.
                drop(connected);
                self.bus.publish(Hint::Connected { device: member, number: own });
            }
            Age::Number(own) if own == number => {}
            Age::Number(_) | Age::Unknown => device.mailbox.end(CloseCode::Replaced),
        }
    }

    /// Calls `then` with the conversation's recipients: at once if they are known, or else when they were read.
    fn with_recipients(&self, conversation: ConversationId, then: impl FnOnce(&Self, &[Member]) + Send + 'static) {
        if let Some(recipients) = self.rosters.of(conversation) {
            return then(self, &recipients);
        }
        let Some(hub) = self.this.upgrade() else {
            return;
        };
        // Each one stands for an entry or an ephemeral frame just taken, which are limited, and the store refuses
        // reads when too many wait.
        tokio::spawn(async move {
            match hub.read_recipients(conversation).await {
                Ok(recipients) => then(&hub, &recipients),
                Err(error) => {
                    tracing::warn!(%error, "recipients could not be read");
                    hub.missed.notify_one();
                }
            }
        });
    }

    fn wake(&self, reached: &Reached, recipients: &[Member]) {
        let connected = self.connected();
        for member in recipients {
            let Some(mailbox) = connected.mailbox(*member) else {
                continue;
            };
            match &reached.live {
                Some(entry) => mailbox.entry(entry),
                None => mailbox.reached(reached.conversation, reached.seq),
            }
        }
        if let Some(roster) = &reached.roster {
            for mailbox in roster.leaves.iter().filter_map(|m| connected.mailbox(*m)) {
                mailbox.reached(reached.conversation, reached.seq);
            }
            for mailbox in roster.joins.iter().filter_map(|m| connected.mailbox(*m)) {
                mailbox.recheck();
            }
        }
    }

    fn relay(&self, conversation: ConversationId, from: Member, payload: huis_proto::Bytes, recipients: &[Member]) {
        if !recipients.contains(&from) {
            return;
        }
        let frame = ServerFrame::Ephemeral { conversation, from, payload };
        let frame = Bytes::from(codec::to_cbor(&frame));
        let connected = self.connected();
        for member in recipients.iter().filter(|member| **member != from) {
            if let Some(mailbox) = connected.mailbox(*member) {
                mailbox.ephemeral(&frame);
            }
        }
    }

    fn each_device(&self, account: AccountId, tell: impl Fn(&Mailbox)) {
        let connected = self.connected();
        for device in connected.accounts.get(&account).into_iter().flatten() {
            tell(&device.mailbox);
        }
    }

    fn connected(&self) -> RwLockReadGuard<'_, Connected> {
        self.connected.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn connected_mut(&self) -> RwLockWriteGuard<'_, Connected> {
        self.connected.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Listener for Hub {
    fn heard(&self, hint: Hint) {
        match hint {
            Hint::Reached(reached) => {
                if reached.roster.is_some() {
                    self.rosters.forget(reached.conversation);
                }
                self.with_recipients(reached.conversation, move |hub, recipients| {
                    hub.wake(&reached, recipients);
                });
            }
            Hint::Seats { conversation, devices } => {
                self.rosters.forget(conversation);
                let connected = self.connected();
                for mailbox in devices.iter().filter_map(|device| connected.mailbox(*device)) {
                    mailbox.recheck();
                }
            }
            Hint::GroupInfoWanted { conversation, commit_counter } => {
                self.with_recipients(conversation, move |hub, recipients| {
                    let connected = hub.connected();
                    for mailbox in recipients.iter().filter_map(|member| connected.mailbox(*member)) {
                        mailbox.group_info_wanted(conversation, commit_counter);
                    }
                })
            }
            Hint::Ephemeral { conversation, from, payload } => {
                self.with_recipients(conversation, move |hub, recipients| {
                    hub.relay(conversation, from, payload, recipients);
                })
            }
            Hint::SessionEnded(session) => {
                if let Some(mailbox) = self.connected().sessions.get(&session) {
                    mailbox.end(CloseCode::SessionEnded);
                }
            }
            Hint::Barred(account) => self.each_device(account, |mailbox| mailbox.end(CloseCode::Suspended)),
            Hint::Bans | Hint::Settings => self.rules_told.notify_one(),
            Hint::AccountState { account, version } => {
                self.each_device(account, |mailbox| mailbox.account_state(version));
            }
            Hint::DeviceList { account, number } => {
                self.rosters.forget_account(account);
                self.each_device(account, |mailbox| mailbox.device_list(number));
            }
            Hint::KeyPackagesLow { device, remaining } => {
                if let Some(mailbox) = self.connected().mailbox(device) {
                    mailbox.key_packages(remaining);
                }
            }
            Hint::Connected { device, number } => self.has_connected(device, number),
            Hint::Missed => self.missed.notify_one(),
            Hint::Alive | Hint::Leaving => {}
        }
    }
}

impl Connected {
    fn mailbox(&self, member: Member) -> Option<&Arc<Mailbox>> {
        let devices = self.accounts.get(&member.account)?;
        devices.iter().find(|device| device.device == member.device).map(|device| &device.mailbox)
    }

    fn device_mut(&mut self, member: Member) -> Option<&mut ConnectedDevice> {
        let devices = self.accounts.get_mut(&member.account)?;
        devices.iter_mut().find(|device| device.device == member.device)
    }
}

impl LiveEntry {
    fn encode(entry: LogEntry) -> Self {
        let (conversation, seq, author) = (entry.conversation, entry.seq, entry.author);
        let received_at_ms = entry.received_at_ms;
        let mut frame = ServerFrame::Entry(entry);
        let whole = encoded(&frame);
        if let ServerFrame::Entry(entry) = &mut frame {
            entry.payload = huis_proto::Bytes::default();
        }
        Self { conversation, seq, author, received_at_ms, frame: whole, own_frame: encoded(&frame) }
    }
}

fn encoded(frame: &ServerFrame) -> Bytes {
    const FRAMING: usize = 320;
    let payload = match frame {
        ServerFrame::Entry(entry) => entry.payload.len(),
        _ => 0,
    };
    let mut bytes = Vec::with_capacity(payload + FRAMING);
    codec::append_cbor(frame, &mut bytes);
    bytes.into()
}

impl Place {
    pub(super) fn hub(&self) -> &Hub {
        &self.hub
    }

    /// Tells all nodes of this connection, so that an older one of the same device ends wherever it is.
    pub(super) async fn announce(&self) {
        let number = self.hub.bus.number().await;
        let is_newest = {
            let mut connected = self.hub.connected_mut();
            let device = connected.device_mut(self.member);
            let Some(device) = device.filter(|device| Arc::ptr_eq(&device.mailbox, &self.mailbox)) else {
                // A newer one has come to this node meanwhile.
                return;
            };
            let heard = match device.age {
                Age::Asked { heard } => heard,
                Age::Number(_) | Age::Unknown => 0,
            };
            device.age = number.map_or(Age::Unknown, Age::Number);
            number.is_none_or(|number| heard <= number)
        };
        match number {
            _ if !is_newest => self.mailbox.end(CloseCode::Replaced),
            Some(number) => self.hub.bus.publish(Hint::Connected { device: self.member, number }),
            None => {}
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut connected = self.hub.connected_mut();
        if let Some(devices) = connected.accounts.get_mut(&self.member.account) {
            devices.retain(|device| !Arc::ptr_eq(&device.mailbox, &self.mailbox));
            if devices.is_empty() {
                connected.accounts.remove(&self.member.account);
            }
        }
        let is_ours = connected.sessions.get(&self.session).is_some_and(|mailbox| Arc::ptr_eq(mailbox, &self.mailbox));
        if is_ours {
            connected.sessions.remove(&self.session);
            let owes = self.owes || self.mailbox.has_entries();
            self.hub.push.went(self.session, owes.then_some(self.member));
        }
        drop(connected);
        self.hub.meters.connections.decrement(1.0);
        self.hub.open.fetch_sub(1, Ordering::SeqCst);
        self.hub.closed.notify_waiters();
    }
}
