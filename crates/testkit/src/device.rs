//! A device: an engine over its own encrypted database, which can be switched off, crash, and be copied.

mod files;
mod keeping;
mod locking;
mod marking;
mod own_files;
mod passwords;
mod saying;
mod small_disk;
mod vanishing;
mod waiting;

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::fmt;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use huis_engine::{Beacons, Config, DatabaseKey, Engine, Handle, HttpRequest, HttpResponse, Ports};
use huis_proto::frames::{ClientFrame, ServerFrame};
use huis_proto::rest::{Admission, Secret};
use huis_views::{Command, Failure, Register, Reply, SignIn};
use tokio::task::JoinHandle;

use crate::beacon::WayToBeacon;
use crate::clocks::DeviceClock;
use crate::network::{Fate, Faults, SharedWire, Wire};
use crate::scan::{copy_database, runs_on_pages, texts_on_pages};
use crate::world::Inner;

/// The password of every account in a story.
pub const PASSWORD: &str = "nine purple otters juggle 42 lanterns";

const DATABASE: &str = "profile.db";
const KEY: &str = "key";

/// A device of an account. Clones are the same device.
#[derive(Clone)]
pub struct Device(Rc<Body>);

struct Body {
    world: Rc<Inner>,
    name: String,
    label: String,
    folder: PathBuf,
    key: [u8; 32],
    wire: Rc<Wire>,
    clock_wrong_by_ms: Rc<Cell<i64>>,
    waits: Rc<Cell<u64>>,
    /// What it locks by, and whom it asks.
    beacons: RefCell<Beacons>,
    run: RefCell<Option<Run>>,
    /// Whether it keeps files for itself.
    has_own_files: Cell<bool>,
    /// What is free on its disk, where a story says so.
    free: Rc<Cell<Option<u64>>>,
    /// The files that are chosen, and in no transfer yet.
    chosen: Rc<RefCell<BTreeSet<String>>>,
    /// What a person wrote down when this device registered the account.
    recovery_key: RefCell<Option<Secret>>,
}

struct Run {
    handle: Handle,
    task: JoinHandle<()>,
}

/// A copy of a device's database.
#[derive(Debug, Clone)]
pub struct Profile {
    folder: PathBuf,
    key: [u8; 32],
}

impl Profile {
    /// How many of these runs of bytes stand on any page of the copy or of its log.
    pub fn runs_on_its_pages(&self, runs: &[Vec<u8>]) -> usize {
        runs_on_pages(&self.folder.join(DATABASE), &self.key, runs)
    }
}

/// The world's beacon, asked directly.
fn beacons(world: &Inner) -> Beacons {
    let way = WayToBeacon(Rc::clone(&world.beacon));
    Beacons { chains: vec![world.beacon.key.chain.clone()], ways: vec![Rc::new(way)] }
}

impl fmt::Debug for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.label())
    }
}

impl Device {
    /// A device with an empty database that is switched off.
    pub(crate) fn blank(world: &Rc<Inner>, name: &str, label: &str) -> Self {
        let number = world.count();
        let folder = world.folder.path().join(format!("device-{number}"));
        std::fs::create_dir(&folder).expect("the device's folder");
        let mut key = [0; 32];
        rand::RngCore::fill_bytes(&mut world.draws.borrow_mut().child(), &mut key);
        Self(Rc::new(Body {
            world: Rc::clone(world),
            name: name.into(),
            label: label.into(),
            folder,
            key,
            wire: world.wire(),
            clock_wrong_by_ms: Rc::default(),
            waits: Rc::default(),
            beacons: RefCell::new(beacons(world)),
            run: RefCell::default(),
            has_own_files: Cell::default(),
            free: Rc::default(),
            chosen: Rc::default(),
            recovery_key: RefCell::default(),
        }))
    }

    /// The account's username.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// How the device is called when a story goes wrong.
    pub fn label(&self) -> &str {
        &self.0.label
    }

    /// How others address the account.
    pub fn address(&self) -> String {
        format!("@{}", self.0.name)
    }

    /// Where all of the device's files are.
    pub fn folder(&self) -> PathBuf {
        self.0.folder.clone()
    }

    /// Switches the device on.
    pub fn start(&self) {
        self.start_until(None);
    }

    /// Switches the device on; after so many transactions nothing is written and nothing is sent any more, as if the
    /// process had ended there.
    pub fn starts_and_dies_after(&self, transactions: u64) {
        self.start_until(Some(transactions));
    }

    fn start_until(&self, halt_after_commits: Option<u64>) {
        let body = &*self.0;
        assert!(body.run.borrow().is_none(), "{self:?} is on already");
        let mut config = Config::new(body.folder.join(DATABASE), DatabaseKey::from_bytes(body.key));
        config.halt_after_commits = halt_after_commits;
        let (wrong_by_ms, waits) = (Rc::clone(&body.clock_wrong_by_ms), Rc::clone(&body.waits));
        let clock = DeviceClock { time: body.world.time, wrong_by_ms, waits };
        let ports = Ports {
            transport: Rc::new(SharedWire(Rc::clone(&body.wire))),
            files: self.files(),
            beacons: body.beacons.borrow().clone(),
            clock: Rc::new(clock),
            random: body.world.draws.borrow_mut().child(),
        };
        let (handle, _, engine) = Engine::new(&config, ports).expect("the engine starts");
        let task = tokio::task::spawn_local(engine.run());
        body.run.replace(Some(Run { handle, task }));
    }

    /// Switches the device off in an orderly way.
    pub async fn stops(&self) {
        let run = self.0.run.borrow_mut().take();
        let Some(Run { handle, task }) = run else { return };
        // An engine that has died answers nobody; it is gone all the same.
        let _ = handle.command(Command::Lock).await;
        drop(handle);
        task.abort();
        let _ = task.await;
    }

    /// The device's process ends at once.
    pub async fn crashes(&self) {
        let run = self.0.run.borrow_mut().take();
        let Some(Run { task, .. }) = run else { return };
        task.abort();
        // Ends as cancelled, or has panicked and said so.
        let _ = task.await;
    }

    /// Switches the device off without ado and on again.
    pub async fn restarts(&self) {
        self.crashes().await;
        self.start();
    }

    /// Switches the device off in an orderly way, so that what is due reaches the server, and on again.
    pub async fn restarts_in_order(&self) {
        self.stops().await;
        self.start();
        self.is_connected().await;
    }

    /// Whether the engine's task has ended by itself, which is a fault.
    pub fn has_ended(&self) -> bool {
        self.0.run.borrow().as_ref().is_none_or(|run| run.task.is_finished())
    }

    /// Which of these texts stand on any page of its database, decrypted, or of the log of transactions.
    pub fn texts_on_its_pages(&self, texts: &[&str]) -> Vec<String> {
        let (found, pages) = texts_on_pages(&self.0.folder.join(DATABASE), &self.0.key, texts);
        let (schema, _) = texts_on_pages(&self.0.folder.join(DATABASE), &self.0.key, &["CREATE TABLE"]);
        assert!(pages > 10 && !schema.is_empty(), "{self:?}: its pages were read");
        found
    }

    /// Its database, and the key in hexadecimal digits.
    pub fn database(&self) -> (PathBuf, String) {
        let key = self.0.key.iter().map(|byte| format!("{byte:02x}")).collect();
        (self.0.folder.join(DATABASE), key)
    }

    /// A copy of the database as it stands. The log of transactions is part of it.
    pub fn copy_of_its_profile(&self) -> Profile {
        let folder = self.0.world.folder.path().join(format!("profile-{}", self.0.world.count()));
        std::fs::create_dir(&folder).expect("a folder for the copy");
        copy_database(&self.0.folder.join(DATABASE), &folder.join(DATABASE));
        Profile { folder, key: self.0.key }
    }

    /// Puts an older copy in place of the database. The device must be off.
    pub fn is_restored_from(&self, profile: &Profile) {
        assert!(self.0.run.borrow().is_none(), "{self:?} is on");
        assert_eq!(profile.key, self.0.key, "the copy of another device");
        copy_database(&profile.folder.join(DATABASE), &self.0.folder.join(DATABASE));
    }

    /// Somebody runs a copy of this device's profile on another machine. It is off yet.
    pub fn clone_from(&self, profile: &Profile) -> Self {
        let clone = Self::blank(&self.0.world, &self.0.name, &format!("{} (cloned profile)", self.0.label));
        let mut body = Rc::into_inner(clone.0).expect("nobody else has it");
        body.key = profile.key;
        copy_database(&profile.folder.join(DATABASE), &body.folder.join(DATABASE));
        Self(Rc::new(body))
    }

    /// Keeps the database and its key in a folder. The device must be off.
    pub(crate) fn is_kept_in(&self, folder: &Path) {
        assert!(self.0.run.borrow().is_none(), "{self:?} is on");
        copy_database(&self.0.folder.join(DATABASE), &folder.join(DATABASE));
        std::fs::write(folder.join(KEY), self.0.key).expect("the key is kept");
    }

    /// The device that was kept in a folder. It is off yet.
    pub(crate) fn kept_in(world: &Rc<Inner>, name: &str, folder: &Path) -> Self {
        let device = Self::blank(world, name, name);
        let mut body = Rc::into_inner(device.0).expect("nobody else has it");
        let key = std::fs::read(folder.join(KEY)).expect("the device's key");
        body.key = key.try_into().expect("a key of 32 bytes");
        copy_database(&folder.join(DATABASE), &body.folder.join(DATABASE));
        Self(Rc::new(body))
    }

    /// The network is gone for this device.
    pub fn goes_offline(&self) {
        self.0.wire.set_offline(true);
    }

    /// The network is back.
    pub fn comes_online(&self) {
        self.0.wire.set_offline(false);
    }

    /// Breaks the connection of frames; the network stays.
    pub fn loses_its_connection(&self) {
        self.0.wire.cut();
    }

    /// Turns these faults on, on this device's way to the server.
    pub fn network_is(&self, faults: Faults) {
        self.0.wire.set_faults(faults);
    }

    /// How often its engine has waited for a time to pass.
    pub fn waits(&self) -> u64 {
        self.0.waits.get()
    }

    /// Sets the device's clock wrong.
    pub fn clock_is_wrong_by_ms(&self, wrong_by_ms: i64) {
        self.0.clock_wrong_by_ms.set(wrong_by_ms);
    }

    /// Somebody in the middle changes what the device asks the server for; `None` loses it.
    pub fn requests_pass(&self, meddle: impl FnMut(HttpRequest) -> Option<HttpRequest> + 'static) {
        self.0.wire.meddle(|meddling| meddling.requests = Some(Box::new(meddle)));
    }

    /// Somebody in the middle, or the server itself, changes answers; `None` loses one.
    pub fn answers_pass(&self, meddle: impl FnMut(&HttpRequest, HttpResponse) -> Option<HttpResponse> + 'static) {
        self.0.wire.meddle(|meddling| meddling.answers = Some(Box::new(meddle)));
    }

    /// Somebody in the middle changes the frames that the device sends.
    pub fn sent_frames_pass(&self, meddle: impl FnMut(ClientFrame) -> Fate<ClientFrame> + 'static) {
        self.0.wire.meddle(|meddling| meddling.to_server = Some(Box::new(meddle)));
    }

    /// Somebody in the middle, or the server itself, changes the frames that the device gets.
    pub fn received_frames_pass(&self, meddle: impl FnMut(ServerFrame) -> Fate<ServerFrame> + 'static) {
        self.0.wire.meddle(|meddling| meddling.from_server = Some(Box::new(meddle)));
    }

    /// Nobody meddles any more.
    pub fn nobody_meddles(&self) {
        self.0.wire.meddle(|meddling| *meddling = Default::default());
    }

    /// Registers the account.
    pub async fn registers(&self) {
        let reply = self.tries_to_register().await;
        assert!(matches!(reply, Ok(Reply::Registered { .. })), "{self:?}: {reply:?}");
        self.is_connected().await;
    }

    /// Registers the account as the one that looks after the server, by the code of its first start.
    pub(crate) async fn registers_by_claim(&self, claim: Secret) {
        let reply = self.tries_to_register_as(Admission { claim: Some(claim), ..Admission::default() }, false).await;
        assert!(matches!(reply, Ok(Reply::Registered { .. })), "{self:?}: {reply:?}");
        self.is_connected().await;
    }

    /// As [`registers`](Self::registers).
    ///
    /// # Errors
    /// What the engine says.
    pub async fn tries_to_register(&self) -> Result<Reply, Failure> {
        self.tries_to_register_as(Admission::default(), false).await
    }

    /// Registers the account and keeps its password out of the vault.
    pub async fn registers_by_recovery_key_only(&self) {
        let reply = self.tries_to_register_by_recovery_key_only().await;
        assert!(matches!(reply, Ok(Reply::Registered { .. })), "{self:?}: {reply:?}");
        self.is_connected().await;
    }

    /// As [`registers_by_recovery_key_only`](Self::registers_by_recovery_key_only).
    ///
    /// # Errors
    /// What the engine says.
    pub async fn tries_to_register_by_recovery_key_only(&self) -> Result<Reply, Failure> {
        self.tries_to_register_as(Admission::default(), true).await
    }

    async fn tries_to_register_as(&self, admission: Admission, recovery_key_only: bool) -> Result<Reply, Failure> {
        let wish = Register {
            username: self.0.name.clone(),
            password: Secret::new(PASSWORD),
            email: None,
            admission,
            recovery_key_only,
            stay_signed_in: true,
        };
        let reply = self.tries(Command::Register(wish)).await;
        if let Ok(Reply::Registered { recovery_key, .. }) = &reply {
            self.writes_down(recovery_key).await;
        }
        reply
    }

    /// Signs in by the password and waits until every conversation of the account is joined.
    pub async fn signs_in(&self) {
        self.tries_to_sign_in().await.unwrap_or_else(|failure| panic!("{self:?} cannot sign in: {failure}"));
        self.has_settled().await;
    }

    /// Signs in by the password.
    ///
    /// # Errors
    /// What the engine says.
    pub async fn tries_to_sign_in(&self) -> Result<Reply, Failure> {
        let wish = SignIn {
            username: self.0.name.clone(),
            password: Secret::new(PASSWORD),
            recovery_key: None,
            stay_signed_in: true,
        };
        self.tries(Command::SignIn(wish)).await
    }

    /// Asks the engine for something that must work.
    pub async fn command(&self, command: Command) -> Reply {
        let asked = format!("{command:?}");
        match self.tries(command).await {
            Ok(reply) => reply,
            Err(failure) => panic!("{self:?} refuses {asked}: {failure:?}"),
        }
    }

    /// Asks the engine for something; virtual time bounds the answer.
    ///
    /// # Errors
    /// What the engine says.
    pub async fn tries(&self, command: Command) -> Result<Reply, Failure> {
        let asked = format!("{command:?}");
        let handle = self.handle();
        match tokio::time::timeout(waiting::LONGEST, handle.command(command)).await {
            Ok(answer) => answer,
            Err(_) => {
                let state = self.state_of_affairs().await;
                panic!("{self:?} never answers {asked}; {state}")
            }
        }
    }

    /// Asks an engine that may die over it; nothing where no answer comes in time.
    pub async fn attempts(&self, command: Command) -> Option<Result<Reply, Failure>> {
        let handle = self.handle();
        tokio::time::timeout(waiting::MOMENT, handle.command(command)).await.ok()
    }

    /// The engine's handle.
    pub fn handle(&self) -> Handle {
        let run = self.0.run.borrow();
        let run = run.as_ref().unwrap_or_else(|| panic!("{self:?} is off"));
        run.handle.clone()
    }
}
