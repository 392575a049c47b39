//! The world of a story: a server, a network, time, and whoever lives in it.

use std::cell::{Cell, RefCell};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;

use huis_proto::opaque::StretchParameters;
use huis_proto::versions::Version;
use tempfile::TempDir;

use crate::beacon::{ChainKey, Relay, WorldBeacon};
use crate::clocks::WorldTime;
use crate::device::Device;
use crate::kept::KeptWorld;
use crate::network::{Faults, Wire};
use crate::repeatable::Repeatable;
use crate::server::{Backup, Host};

/// One server and its devices.
#[derive(Clone)]
pub struct World(Rc<Inner>);

pub(crate) struct Inner {
    pub(crate) folder: TempDir,
    pub(crate) time: WorldTime,
    pub(crate) host: Rc<Host>,
    pub(crate) beacon: Rc<WorldBeacon>,
    pub(crate) draws: RefCell<Repeatable>,
    seed: u64,
    made: Cell<u64>,
    wires: RefCell<Vec<Rc<Wire>>>,
}

impl World {
    pub(crate) async fn begin(seed: u64, kept: Option<&KeptWorld>) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let time = kept.map_or_else(WorldTime::begin, |kept| WorldTime::begin_at(kept.time_ms()));
        let server = folder.path().join("server");
        std::fs::create_dir(&server).expect("the server's folder");
        if let Some(kept) = kept {
            kept.copy_server_to(&server);
        }
        let host = Rc::new(Host::new(server, time));
        host.start().await;
        Self(Rc::new(Inner {
            folder,
            time,
            host,
            beacon: Rc::new(WorldBeacon::new(seed, time)),
            draws: RefCell::new(Repeatable::new(seed, 0)),
            seed,
            made: Cell::new(0),
            wires: RefCell::default(),
        }))
    }

    /// A new account with its first device, connected.
    pub async fn account(&self, name: &str) -> Device {
        let device = self.blank_account(name);
        device.start();
        device.registers().await;
        device
    }

    /// A new account that looks after the server, with its first device, connected. There is one of them in a world.
    pub async fn super_administrator(&self, name: &str) -> Device {
        let server = self.0.host.server().expect("the server runs");
        let claim = server.newcomers().claim.clone().expect("nobody looks after the server yet");
        let device = self.blank_account(name);
        device.start();
        device.registers_by_claim(claim).await;
        device
    }

    /// A device that is to make an account, but has not been switched on.
    pub fn blank_account(&self, name: &str) -> Device {
        Device::blank(&self.0, name, name)
    }

    /// A second device of an account, made by name and password alone.
    pub async fn another_device_of(&self, owner: &Device) -> Device {
        let device = self.blank_device(owner, "another device");
        device.start();
        device.signs_in().await;
        device
    }

    /// A device that is to become one of the account's, but has not been switched on.
    pub fn blank_device(&self, owner: &Device, called: &str) -> Device {
        let label = format!("{} ({called})", owner.label());
        Device::blank(&self.0, owner.name(), &label)
    }

    /// This much time passes for everybody.
    pub async fn passes(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }

    /// Many days pass at once, in which nobody can do anything: whoever is running finds connections dead afterwards.
    pub async fn days_pass_at_once(&self, days: u64) {
        tokio::time::advance(Duration::from_secs(days * 24 * 3600)).await;
    }

    /// Turns these faults on, on every device's way to the server, there and to come.
    pub fn network_is(&self, faults: Faults) {
        for wire in self.0.wires.borrow().iter() {
            wire.set_faults(faults);
        }
    }

    /// The server's process ends at once.
    pub async fn server_crashes(&self) {
        self.0.host.crash().await;
    }

    /// The server starts, on what is on its disk.
    pub async fn server_starts(&self) {
        self.0.host.start().await;
    }

    /// A newer server takes the place of this one: it stretches passwords like this, from here on.
    pub async fn server_stretches_passwords_by(&self, stretch: StretchParameters) {
        self.0.host.crash().await;
        self.0.host.set_stretch(stretch);
        self.0.host.start().await;
    }

    /// The server's process ends, and another one that serves no older clients than this takes its place.
    pub async fn server_serves_from(&self, minimum_client: Version) {
        self.0.host.crash().await;
        self.0.host.serves_from(minimum_client);
        self.0.host.start().await;
    }

    /// Copies the server's database as it stands.
    pub fn server_is_backed_up(&self) -> Backup {
        let number = self.count();
        self.0.host.back_up(self.0.folder.path().join(format!("backup-{number}")))
    }

    /// The server loses everything since the backup.
    pub async fn server_is_restored_from(&self, backup: &Backup) {
        self.0.host.restore(backup).await;
    }

    /// Where all of the server's files are.
    pub fn server_folder(&self) -> PathBuf {
        self.0.host.folder().to_owned()
    }

    /// Everything that is in the server's database, value by value, as its operator reads it.
    pub fn everything_the_server_stores(&self) -> Vec<Vec<u8>> {
        self.server_is_backed_up().everything()
    }

    /// Somebody sets the server's clock.
    pub fn server_clock_is_wrong_by_ms(&self, wrong_by_ms: i64) {
        self.0.host.clock_is_wrong_by_ms(wrong_by_ms);
    }

    /// How the beacon's rounds are passed on, from here on.
    pub fn relay_is(&self, relay: Relay) {
        self.0.beacon.relay.set(relay);
    }

    /// The world's beacon, with its key.
    pub fn beacon(&self) -> &ChainKey {
        &self.0.beacon.key
    }

    /// How often devices have asked the beacon by themselves.
    pub fn beacon_was_asked(&self) -> u64 {
        self.0.beacon.asked.get()
    }

    /// Draws for a story's own choices.
    pub fn draws(&self) -> Repeatable {
        Repeatable::new(self.0.seed, 1_000_000 + self.count())
    }

    /// The time of this world, in milliseconds since 1970.
    pub fn now_ms(&self) -> u64 {
        self.0.time.now_ms()
    }

    pub(crate) fn kept_device(&self, name: &str, folder: &Path) -> Device {
        Device::kept_in(&self.0, name, folder)
    }

    fn count(&self) -> u64 {
        self.0.count()
    }
}

impl Inner {
    pub(crate) fn count(&self) -> u64 {
        self.made.set(self.made.get() + 1);
        self.made.get()
    }

    /// A fresh way to the server.
    pub(crate) fn wire(&self) -> Rc<Wire> {
        let number = self.count();
        let wire = Rc::new(Wire::new(Rc::clone(&self.host), Repeatable::new(self.seed, number), number));
        self.wires.borrow_mut().push(Rc::clone(&wire));
        wire
    }
}
