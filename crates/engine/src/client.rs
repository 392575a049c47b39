//! What all flows of the engine share, and the one way to change anything: a [`Step`].
//!
//! A step is synchronous and is one transaction: group states, messages, outbox and cursors change together or not at
//! all, and nothing in it awaits. What follows from it (events, sending) happens after the commit.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::rc::Rc;

use huis_core::account_state::StateKey;
use huis_core::directory::KnownDevices;
use huis_core::groups::{Group, GroupError};
use huis_core::identity::{IdentityKey, LocalDevice};
use huis_proto::rest::ConversationInfo;
use huis_proto::{AccountId, ConversationId, MessageId};
use huis_views::{Connection, Event, Failure, Named, Notice, NoticeView};
use rand::rngs::StdRng;
use tokio::sync::{Mutex, Notify, broadcast, oneshot};

use crate::accounts::SecondFactor;
use crate::accounts::Session;
use crate::db::{AccountRow, ConversationRow, Db, DbError, Tables};
use crate::groups::GroupCache;
use crate::outbox::Traffic;
use crate::ports::{Beacons, Clock, Files, Ports, Transport};
use crate::presence::Presence;
use crate::sync::Contests;
use crate::time_locks::Rounds;
use crate::transfers::Transfers;

/// Who is signed in on this device.
pub(crate) struct Me {
    pub(crate) device: LocalDevice,
    pub(crate) username: String,
    pub(crate) identity: IdentityKey,
    pub(crate) state_key: StateKey,
}

impl Me {
    pub(crate) fn account(&self) -> AccountId {
        self.device.member.account
    }
}

/// Wakes the flows.
#[derive(Default)]
pub(crate) struct Signals {
    /// Somebody signed in or out.
    pub(crate) account: Notify,
    /// Something may go out.
    pub(crate) outbox: Notify,
    /// Frames wait to be sent on the connection.
    pub(crate) frames: Notify,
    /// The server is to be told of commits that are skipped here, or wants a GroupInfo.
    pub(crate) contests: Notify,
    /// The account state is to be stored, or fetched.
    pub(crate) state: Notify,
    /// Key packages, receipts, tokens, leaves: something is due.
    pub(crate) upkeep: Notify,
    /// A join was answered: entries behind it can be taken.
    pub(crate) joined: Notify,
    /// Somebody is there, or what others said of themselves has to be looked at again.
    pub(crate) presence: Notify,
    /// A file is to be sent or fetched, or no longer.
    pub(crate) transfers: Notify,
    /// A locked message came, or is to be opened.
    pub(crate) time_locks: Notify,
    /// The same where it is locked by a beacon.
    pub(crate) beacon_locks: Notify,
    /// A message vanishes earlier than was thought, or the time is another one.
    pub(crate) vanishing: Notify,
    /// The history archive is to be written, read or emptied.
    pub(crate) archive: Notify,
    /// The connection is to be closed and opened again.
    pub(crate) reconnect: Notify,
    /// The engine ends: what can do without something does not wait for it any more.
    pub(crate) ends: Notify,
}

/// What became of something that was submitted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Outcome {
    pub(crate) conversation: ConversationId,
    pub(crate) seq: u64,
}

type Waiter = oneshot::Sender<Result<Outcome, Failure>>;

/// The engine's one state, shared by its flows on one thread.
pub(crate) struct Client {
    pub(crate) transport: Rc<dyn Transport>,
    pub(crate) files: Rc<dyn Files>,
    pub(crate) beacons: Beacons,
    pub(crate) clock: Rc<dyn Clock>,
    pub(crate) random: RefCell<StdRng>,
    pub(crate) signals: Signals,
    pub(crate) traffic: RefCell<Traffic>,
    pub(crate) transfers: RefCell<Transfers>,
    pub(crate) contests: RefCell<Contests>,
    /// Open rooms in which somebody's leave waits for this device, and when it is its turn.
    pub(crate) removals: RefCell<BTreeMap<ConversationId, u64>>,
    pub(crate) refreshing: Mutex<()>,
    /// What shows the second factor where the account is opened.
    pub(crate) second_factor: RefCell<SecondFactor>,
    pub(crate) connection: Cell<Connection>,
    pub(crate) caught_up: Cell<bool>,
    /// Why there is no connection before somebody does something about it.
    pub(crate) hindrance: RefCell<Option<Failure>>,
    /// Whether the server was asked for conversations that this device was added to without hearing of it.
    pub(crate) asked_for_unheard: Cell<bool>,
    /// What it said, until the welcomes that waited are there.
    pub(crate) unheard: RefCell<Option<Vec<ConversationInfo>>>,
    pub(crate) stopping: Cell<bool>,
    /// The engine ends, and finishes what is due.
    pub(crate) ends: Cell<bool>,
    /// Commands under way that store what a person says.
    pub(crate) saying: Cell<u32>,
    pub(crate) presence: RefCell<Presence>,
    /// When the account state was last stored for what was read, by the device's clock.
    pub(crate) reads_shared_ms: Cell<u64>,
    /// How far the server's clock is ahead of the device's, as it was heard last; from before this start no more than not at all.
    pub(crate) server_ahead_ms: Cell<i64>,
    /// The same as it was known before this start, until the server is heard.
    pub(crate) recalled_ahead_ms: Cell<Option<i64>>,
    /// When the server was asked for its time and has not answered yet, by the device's clock, the first question first. None: what
    /// it says is not heard before the next connection.
    pub(crate) time_asked_ms: RefCell<Option<VecDeque<u64>>>,
    /// What beacons have published.
    pub(crate) rounds: RefCell<Rounds>,
    /// How often the difference has changed by much.
    pub(crate) clock_moves: Cell<u64>,
    /// When the last frame came, by the device's clock.
    pub(crate) last_frame_ms: Cell<u64>,
    /// When the next message vanishes; 0: it has to be looked up, `u64::MAX`: none does.
    pub(crate) next_vanishing_ms: Cell<u64>,
    /// One flow at a time changes the archive.
    pub(crate) archiving: Mutex<()>,
    /// Since when this engine could write the archive, by the device's clock.
    pub(crate) archive_since_ms: Cell<u64>,
    /// Whether the archive was looked at since this start, or since it may be another one.
    pub(crate) archive_looked: Cell<bool>,
    /// From when on messages are archived at all, as the newest head says.
    pub(crate) archive_kept_from_ms: Cell<u64>,
    /// Since when it is known that something was done to messages that are archived, by the server's clock.
    pub(crate) archive_marks_ms: Cell<Option<u64>>,
    /// Whether the database's log of transactions may hold what has vanished.
    pub(crate) log_tells: Cell<bool>,
    db: RefCell<Option<Db>>,
    me: RefCell<Option<Rc<Me>>>,
    session: RefCell<Option<Session>>,
    known: RefCell<Rc<KnownDevices>>,
    groups: RefCell<GroupCache>,
    waiters: RefCell<HashMap<MessageId, Vec<Waiter>>>,
    events: broadcast::Sender<Event>,
}

impl Client {
    pub(crate) fn new(db: Db, ports: Ports, events: broadcast::Sender<Event>) -> Result<Self, DbError> {
        let client = Self {
            transport: ports.transport,
            files: ports.files,
            beacons: ports.beacons,
            clock: ports.clock,
            random: RefCell::new(ports.random),
            signals: Signals::default(),
            traffic: RefCell::default(),
            transfers: RefCell::default(),
            contests: RefCell::default(),
            removals: RefCell::default(),
            refreshing: Mutex::new(()),
            second_factor: RefCell::default(),
            connection: Cell::new(Connection::Idle),
            caught_up: Cell::new(false),
            hindrance: RefCell::default(),
            asked_for_unheard: Cell::new(false),
            unheard: RefCell::default(),
            stopping: Cell::new(false),
            ends: Cell::new(false),
            saying: Cell::new(0),
            presence: RefCell::default(),
            reads_shared_ms: Cell::new(0),
            server_ahead_ms: Cell::new(0),
            recalled_ahead_ms: Cell::new(None),
            time_asked_ms: RefCell::default(),
            rounds: RefCell::default(),
            clock_moves: Cell::new(0),
            last_frame_ms: Cell::new(0),
            next_vanishing_ms: Cell::new(0),
            archiving: Mutex::new(()),
            archive_since_ms: Cell::new(0),
            archive_looked: Cell::new(false),
            archive_kept_from_ms: Cell::new(0),
            archive_marks_ms: Cell::new(None),
            log_tells: Cell::new(false),
            db: RefCell::new(Some(db)),
            me: RefCell::default(),
            session: RefCell::default(),
            known: RefCell::default(),
            groups: RefCell::default(),
            waiters: RefCell::default(),
            events,
        };
        client.read_account()?;
        client.recall_time()?;
        Ok(client)
    }

    /// Reads who is signed in, and all device lists that are known.
    pub(crate) fn read_account(&self) -> Result<(), DbError> {
        let (me, session, known) = self.read(|tables| {
            let mut known = KnownDevices::default();
            for row in tables.accounts()? {
                known = row.devices.into_iter().fold(known, |mut known, devices| {
                    known.insert(devices);
                    known
                });
            }
            Ok((crate::accounts::read_me(tables)?, crate::accounts::read_session(tables)?, known))
        })?;
        self.me.replace(me.map(Rc::new));
        self.session.replace(session);
        self.known.replace(Rc::new(known));
        self.groups.borrow_mut().clear();
        self.presence.take();
        self.signals.account.notify_waiters();
        self.signals.presence.notify_one();
        Ok(())
    }

    /// Who is signed in.
    pub(crate) fn me(&self) -> Option<Rc<Me>> {
        self.me.borrow().clone()
    }

    /// Who is signed in, or the failure that says that nobody is.
    pub(crate) fn signed_in(&self) -> Result<Rc<Me>, Failure> {
        self.me().ok_or(Failure::NotSignedIn)
    }

    pub(crate) fn session(&self) -> Option<Session> {
        self.session.borrow().clone()
    }

    pub(crate) fn set_session(&self, session: Option<Session>) {
        self.session.replace(session);
    }

    /// All device lists that are known.
    pub(crate) fn known(&self) -> Rc<KnownDevices> {
        self.known.borrow().clone()
    }

    pub(crate) fn set_known(&self, known: KnownDevices) {
        self.known.replace(Rc::new(known));
    }

    pub(crate) fn emit(&self, event: Event) {
        // Nobody listening is no fault.
        let _ = self.events.send(event);
    }

    pub(crate) fn set_connection(&self, connection: Connection) {
        if self.connection.replace(connection) != connection {
            self.emit(Event::Connection(connection));
            self.signals.transfers.notify_one();
            self.look_at_time_locks();
        }
    }

    /// What is told from here on.
    #[cfg(test)]
    pub(crate) fn told(&self) -> broadcast::Receiver<Event> {
        self.events.subscribe()
    }

    /// Messages that open later are looked at: the time, or who can be asked, is another one.
    pub(crate) fn look_at_time_locks(&self) {
        self.signals.time_locks.notify_one();
        self.signals.beacon_locks.notify_one();
    }

    /// Whether a test's crash has come: nothing is sent any more.
    pub(crate) fn halted(&self) -> bool {
        self.db.borrow().as_ref().is_none_or(Db::halted)
    }

    /// Closes the database. Every later step fails with [`Failure::Stopped`].
    pub(crate) fn close(&self) {
        self.stopping.set(true);
        self.groups.borrow_mut().clear();
        self.db.replace(None);
        self.me.replace(None);
        self.session.replace(None);
    }

    /// Reads, outside of a transaction.
    pub(crate) fn read<T>(&self, work: impl FnOnce(Tables<'_>) -> Result<T, DbError>) -> Result<T, DbError> {
        let db = self.db.borrow();
        work(db.as_ref().ok_or(DbError::Halted)?.tables())
    }

    /// Does `work` in one transaction. If it fails nothing has happened, and the groups that it touched are read again
    /// before they are used.
    pub(crate) fn step<T, E: From<DbError>>(&self, work: impl FnOnce(&mut Step<'_>) -> Result<T, E>) -> Result<T, E> {
        let mut db = self.db.borrow_mut();
        let transaction = db.as_mut().ok_or(DbError::Halted)?.begin()?;
        let mut step = Step {
            tables: Tables::over(&transaction),
            client: self,
            groups: BTreeMap::new(),
            events: Vec::new(),
            answers: Vec::new(),
            wakes: Wakes::default(),
        };
        let value = work(&mut step)?;
        let Step { groups, events, answers, wakes, .. } = step;
        transaction.commit().map_err(DbError::from)?;
        drop(db);
        self.groups.borrow_mut().put_back(groups);
        events.into_iter().for_each(|event| self.emit(event));
        answers.into_iter().for_each(|(id, answer)| self.answer(id, answer));
        wakes.ring(&self.signals);
        Ok(value)
    }

    /// Looks at a group as it stands, outside of a step; none where there is no group.
    pub(crate) fn look_at_group<T>(
        &self,
        conversation: ConversationId,
        look: impl FnOnce(&Group) -> T,
    ) -> Result<Option<T>, DbError> {
        let cached = self.groups.borrow_mut().take(conversation);
        let group = match cached {
            Some(group) => Some(group),
            None => self.read(|tables| Group::load(&tables, conversation).map_err(|_| DbError::Form("group")))?,
        };
        let Some(group) = group else { return Ok(None) };
        let seen = look(&group);
        self.groups.borrow_mut().put_back(BTreeMap::from([(conversation, group)]));
        Ok(Some(seen))
    }

    /// Resolves when the task of this id was accepted or has failed.
    pub(crate) fn outcome(&self, id: MessageId) -> oneshot::Receiver<Result<Outcome, Failure>> {
        let (sender, receiver) = oneshot::channel();
        let mut waiters = self.waiters.borrow_mut();
        waiters.retain(|_, waiters| {
            waiters.retain(|waiter| !waiter.is_closed());
            !waiters.is_empty()
        });
        waiters.entry(id).or_default().push(sender);
        receiver
    }

    /// Whether somebody waits for what becomes of the task of this id.
    pub(crate) fn is_awaited(&self, id: MessageId) -> bool {
        self.waiters.borrow().get(&id).is_some_and(|waiters| waiters.iter().any(|waiter| !waiter.is_closed()))
    }

    fn answer(&self, id: MessageId, answer: Result<Outcome, Failure>) {
        for waiter in self.waiters.borrow_mut().remove(&id).unwrap_or_default() {
            // Whoever asked may have gone away.
            let _ = waiter.send(answer.clone());
        }
    }

    pub(crate) fn random_id(&self) -> MessageId {
        MessageId::random(&mut *self.random.borrow_mut())
    }
}

/// What is rung after a commit.
#[derive(Default)]
struct Wakes {
    outbox: bool,
    contests: bool,
    state: bool,
    upkeep: bool,
    presence: bool,
    joined: bool,
    transfers: bool,
    time_locks: bool,
    vanishing: bool,
    archive: bool,
}

impl Wakes {
    fn ring(self, signals: &Signals) {
        let ring = |wanted: bool, signal: &Notify| {
            if wanted {
                signal.notify_one();
            }
        };
        ring(self.outbox, &signals.outbox);
        ring(self.contests, &signals.contests);
        ring(self.state, &signals.state);
        ring(self.upkeep, &signals.upkeep);
        ring(self.presence, &signals.presence);
        ring(self.joined, &signals.joined);
        ring(self.transfers, &signals.transfers);
        ring(self.time_locks, &signals.time_locks);
        ring(self.time_locks, &signals.beacon_locks);
        ring(self.vanishing, &signals.vanishing);
        ring(self.archive, &signals.archive);
    }
}

/// One transaction under way.
pub(crate) struct Step<'a> {
    pub(crate) tables: Tables<'a>,
    pub(crate) client: &'a Client,
    groups: BTreeMap<ConversationId, Group>,
    events: Vec<Event>,
    answers: Vec<(MessageId, Result<Outcome, Failure>)>,
    wakes: Wakes,
}

impl Step<'_> {
    /// The group of a conversation, from memory or the database.
    pub(crate) fn group(&mut self, conversation: ConversationId) -> Result<Option<&mut Group>, GroupError> {
        if !self.groups.contains_key(&conversation) {
            let cached = self.client.groups.borrow_mut().take(conversation);
            let group = match cached {
                Some(group) => Some(group),
                None => Group::load(&self.tables, conversation)?,
            };
            if let Some(group) = group {
                self.groups.insert(conversation, group);
            }
        }
        Ok(self.groups.get_mut(&conversation))
    }

    /// Takes a fresh group in, in place of the one before.
    pub(crate) fn set_group(&mut self, group: Group) {
        let conversation = group.conversation();
        self.client.groups.borrow_mut().take(conversation);
        self.groups.insert(conversation, group);
    }

    /// Destroys a group with all its keys.
    pub(crate) fn forget_group(&mut self, conversation: ConversationId) -> Result<(), GroupError> {
        match self.group(conversation) {
            Ok(_) => {}
            // What can't be read can't be used either; its rows stay.
            Err(GroupError::Store(error)) => return Err(GroupError::Store(error)),
            Err(_) => return Ok(()),
        }
        match self.groups.remove(&conversation) {
            Some(group) => group.forget(&self.tables),
            None => Ok(()),
        }
    }

    /// The conversation, which must be there.
    pub(crate) fn conversation(&self, id: ConversationId) -> Result<ConversationRow, Failure> {
        let unknown = || Failure::Unknown { what: "conversation".into(), name: id.to_string() };
        self.tables.conversation(id)?.ok_or_else(unknown)
    }

    /// The account's row, or an empty one.
    pub(crate) fn account(&self, account: AccountId) -> Result<AccountRow, DbError> {
        Ok(self.tables.account(account)?.unwrap_or_else(|| AccountRow::new(account)))
    }

    /// An account with its name, where it is known.
    pub(crate) fn named(&self, account: AccountId) -> Result<Named, DbError> {
        crate::reading::named(self.tables, account)
    }

    /// Keeps a notice and shows it.
    pub(crate) fn notice(&mut self, conversation: Option<ConversationId>, notice: Notice) -> Result<(), DbError> {
        let view = NoticeView { at_ms: self.client.now_ms(), conversation, notice };
        self.tables.add_notice(&view)?;
        self.events.push(Event::Notice(view));
        Ok(())
    }

    /// Tells after the commit.
    pub(crate) fn event(&mut self, event: Event) {
        self.events.push(event);
    }

    /// Messages that were restored call nobody: what is told of them is that their conversations changed.
    pub(crate) fn tells_of_no_messages(&mut self) {
        self.events.retain(|event| !matches!(event, Event::Messages { .. }));
    }

    /// Tells after the commit that a conversation changed.
    pub(crate) fn changed(&mut self, conversation: ConversationId) {
        self.events.push(Event::Conversation { conversation });
    }

    /// Tells after the commit that a message changed.
    pub(crate) fn said(&mut self, conversation: ConversationId, message: MessageId) {
        if let Some(Event::Messages { conversation: same, messages }) = self.events.last_mut()
            && *same == conversation
        {
            messages.push(message);
            return;
        }
        self.events.push(Event::Messages { conversation, messages: vec![message] });
    }

    /// Answers after the commit who waits for a task.
    pub(crate) fn answer(&mut self, id: MessageId, answer: Result<Outcome, Failure>) {
        self.answers.push((id, answer));
    }

    /// Adds a task to the outbox.
    pub(crate) fn task(
        &mut self,
        conversation: ConversationId,
        id: MessageId,
        task: &crate::db::Task,
    ) -> Result<u64, DbError> {
        self.wakes.outbox = true;
        if matches!(task, crate::db::Task::Say { shown: true, .. }) {
            self.introduce(conversation)?;
        }
        self.tables.add_task(conversation, id, task)
    }

    pub(crate) fn wake_outbox(&mut self) {
        self.wakes.outbox = true;
    }

    pub(crate) fn wake_contests(&mut self) {
        self.wakes.contests = true;
    }

    pub(crate) fn wake_upkeep(&mut self) {
        self.wakes.upkeep = true;
    }

    pub(crate) fn wake_presence(&mut self) {
        self.wakes.presence = true;
    }

    pub(crate) fn wake_transfers(&mut self) {
        self.wakes.transfers = true;
    }

    pub(crate) fn wake_time_locks(&mut self) {
        self.wakes.time_locks = true;
    }

    /// A message got a time at which it is gone.
    pub(crate) fn wake_vanishing(&mut self) {
        self.client.next_vanishing_ms.set(0);
        self.wakes.vanishing = true;
    }

    pub(crate) fn wake_archive(&mut self) {
        self.wakes.archive = true;
    }

    pub(crate) fn wake_joined(&mut self) {
        self.wakes.joined = true;
    }

    /// The account state has to be stored anew.
    pub(crate) fn state_changed(&mut self) -> Result<(), DbError> {
        self.wakes.state = true;
        self.tables.count_state_change()
    }
}
