//! The server of a world: its folder outlives its runs.

use std::cell::{Cell, RefCell};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use huis_proto::opaque::StretchParameters;
use huis_proto::rest::RegistrationPolicy;
use huis_proto::versions::{MINIMUM_CLIENT, Version};
use huis_server::{Clock, Config, Keys, Rates, RunningServer, Server};
use huis_store::Settings as _;
use huis_store::sqlite::{Mode, Options, SqliteStore};
use rand::rngs::OsRng;
use tokio::sync::watch;

use crate::clocks::WorldTime;
use crate::scan::{copy_database, values_in};

const DATABASE: &str = "huis.db";
const KEYS: &str = "keys";

/// The server's folder, and its present run.
pub(crate) struct Host {
    folder: PathBuf,
    time: WorldTime,
    clock_wrong_by_ms: Arc<AtomicI64>,
    run: RefCell<Option<Run>>,
    /// How the server has passwords stretched that are set from its next start on.
    stretch: Cell<StretchParameters>,
    /// The oldest client that the next run serves.
    minimum_client: Cell<Version>,
    /// Counts the runs; every link of an earlier run is broken.
    runs: watch::Sender<u64>,
}

struct Run {
    server: Rc<RunningServer>,
    store: Arc<SqliteStore>,
}

/// A copy of the server's database.
#[derive(Debug)]
pub struct Backup(PathBuf);

impl Backup {
    pub(crate) fn everything(&self) -> Vec<Vec<u8>> {
        values_in(&self.0.join(DATABASE), None)
    }
}

/// The server's clock, which somebody may set.
struct HostClock {
    time: WorldTime,
    wrong_by_ms: Arc<AtomicI64>,
}

impl Clock for HostClock {
    fn now_ms(&self) -> u64 {
        self.time.now_ms().saturating_add_signed(self.wrong_by_ms.load(Ordering::SeqCst))
    }

    fn elapsed_ms(&self) -> u64 {
        self.time.elapsed_ms()
    }
}

impl Host {
    pub(crate) fn new(folder: PathBuf, time: WorldTime) -> Self {
        Self {
            folder,
            time,
            run: RefCell::default(),
            clock_wrong_by_ms: Arc::default(),
            stretch: Cell::new(StretchParameters::NEW_ACCOUNTS),
            minimum_client: Cell::new(MINIMUM_CLIENT),
            runs: watch::channel(0).0,
        }
    }

    pub(crate) async fn start(&self) {
        self.start_as(false).await;
    }

    async fn start_as(&self, restored: bool) {
        let path = self.folder.join(DATABASE);
        let keys = Keys::open_or_make(&mut OsRng, &self.folder, path.exists()).expect("the server's keys");
        let options = Options { franking: keys.franking(), mode: Mode::Inline };
        let store = Arc::new(SqliteStore::open(&path, options).expect("the server's database"));
        if restored {
            store.renew_incarnation().await.expect("a new incarnation");
        }
        let mut config = Config::in_folder(&self.folder);
        config.registration = RegistrationPolicy::Open;
        config.rates = Rates::UNLIMITED;
        // No story leaves this machine.
        config.beacon.urls.clear();
        config.stretch = self.stretch.get();
        config.minimum_client = self.minimum_client.get();
        let clock = HostClock { time: self.time, wrong_by_ms: Arc::clone(&self.clock_wrong_by_ms) };
        let server = Server { config, keys, store: Arc::clone(&store) as _, clock: Arc::new(clock) };
        let server = Rc::new(server.start(None).await.expect("the server starts"));
        self.runs.send_modify(|runs| *runs += 1);
        self.run.replace(Some(Run { server, store }));
    }

    /// The process is gone at once: what is on disk stays, what was in memory is lost, every connection breaks.
    pub(crate) async fn crash(&self) {
        let run = self.run.borrow_mut().take();
        self.runs.send_modify(|runs| *runs += 1);
        if let Some(Run { server, store }) = run {
            // Tasks of this run that are still there find no store any more.
            store.close().await.expect("the database is let go");
            drop(server);
        }
    }

    pub(crate) fn clock_is_wrong_by_ms(&self, wrong_by_ms: i64) {
        self.clock_wrong_by_ms.store(wrong_by_ms, Ordering::SeqCst);
    }

    pub(crate) fn set_stretch(&self, stretch: StretchParameters) {
        self.stretch.set(stretch);
    }

    /// From the next run on.
    pub(crate) fn serves_from(&self, minimum_client: Version) {
        self.minimum_client.set(minimum_client);
    }

    pub(crate) fn server(&self) -> Option<Rc<RunningServer>> {
        self.run.borrow().as_ref().map(|run| Rc::clone(&run.server))
    }

    pub(crate) fn runs(&self) -> watch::Receiver<u64> {
        self.runs.subscribe()
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(crate) fn back_up(&self, to: PathBuf) -> Backup {
        std::fs::create_dir_all(&to).expect("a folder for the backup");
        copy_database(&self.folder.join(DATABASE), &to.join(DATABASE));
        Backup(to)
    }

    /// Copies database and keys of a server that does not run.
    pub(crate) fn copy_files(from: &Path, to: &Path) {
        copy_database(&from.join(DATABASE), &to.join(DATABASE));
        std::fs::create_dir_all(to.join(KEYS)).expect("a folder for the keys");
        for key in std::fs::read_dir(from.join(KEYS)).expect("the server's keys") {
            let key = key.expect("the server's keys");
            std::fs::copy(key.path(), to.join(KEYS).join(key.file_name())).expect("a copy of a key");
        }
    }

    /// Crashes, puts the backup in place and starts anew, as `restore` does.
    pub(crate) async fn restore(&self, backup: &Backup) {
        self.crash().await;
        copy_database(&backup.0.join(DATABASE), &self.folder.join(DATABASE));
        self.start_as(true).await;
    }
}
