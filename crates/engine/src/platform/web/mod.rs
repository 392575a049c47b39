//! The engine inside a browser's dedicated worker: a database in files of the page's own origin, `fetch`, a WebSocket,
//! the browser's clock.

mod beacon;
mod connection;
mod files;
mod storage;
mod strength;
mod timer;
mod transport;

use std::rc::Rc;
use std::time::Duration;

use futures_util::future::LocalBoxFuture;
use huis_core::content::Thumbnail;
pub(crate) use huis_core::files::portable_gcm as gcm;
use rand::SeedableRng;
use rand::rngs::StdRng;
use wasm_bindgen::JsCast;

use crate::config::{Config, DatabaseKey};
use crate::db::Db;
use crate::engine::{Engine, StartError};
use crate::handle::{Events, Handle};
use crate::ports::{Beacons, Clock, Files, Ports};

pub(crate) use self::beacon::{open_by_round, seal_for_round};
pub use self::files::OwnFiles;
pub use self::storage::{Storage, StorageError};
pub(crate) use self::strength::estimate;
use self::transport::WebTransport;

/// How SQLite uses the file here: one connection has it, and needs no memory that connections share for the log beside it
/// (<https://sqlite.org/wal.html#noshm>).
pub(crate) const ACCESS: &str = "PRAGMA locking_mode = EXCLUSIVE;";

/// The database's name among the page's files.
const DATABASE: &str = "huis.db";

/// Starts an engine on this worker's own loop, over the database in `storage`. It talks to the server that the page came
/// from. What the last of the three gives is ready when the engine has ended and let go of the database.
///
/// # Errors
/// [`StartError`].
pub fn start(
    storage: &Storage,
    key: DatabaseKey,
    files: &OwnFiles,
) -> Result<(Handle, Events, LocalBoxFuture<'static, ()>), StartError> {
    storage.must_be_open()?;
    let transport = WebTransport::to_own_origin()?;
    let config = Config::new(DATABASE, key);
    let db = Db::open(&config.database, &config.key, None)?;
    let ports = Ports {
        transport: Rc::new(transport),
        files: Rc::new(files.clone()),
        // Pages ask nobody but their server.
        beacons: Beacons { chains: vec![config.beacon.chain.clone()], ways: Vec::new() },
        clock: Rc::new(WebClock),
        random: StdRng::from_rng(rand::rngs::OsRng).map_err(|error| StartError::Thread(error.to_string()))?,
    };
    let (handle, events, engine) = Engine::over(db, ports)?;
    Ok((handle, events, Box::pin(engine.run())))
}

/// Is ready after `duration`.
pub async fn sleep(duration: Duration) {
    timer::sleep(duration).await;
}

/// A worker has no other thread: it is done at once.
pub(crate) async fn away<T>(work: impl FnOnce() -> T) -> Option<T> {
    Some(work())
}

/// Small pictures come from the page, whose browser decodes them; what it can't decode has none.
pub(crate) const LARGEST_PICTURE: u64 = 0;

/// None is made here.
pub(crate) async fn small_picture(_file: Vec<u8>, _most: usize) -> Option<Thumbnail> {
    None
}

/// What this device is called: by the browser, as it says itself, and the system.
pub(crate) fn device_name() -> String {
    let scope: web_sys::WorkerGlobalScope = js_sys::global().unchecked_into();
    super::names::browser(&scope.navigator().user_agent().unwrap_or_default())
}

/// The files of a device whose database has this key.
pub(crate) fn files_beside(key: &DatabaseKey) -> Rc<dyn Files> {
    Rc::new(OwnFiles::beside(key))
}

/// The browser's clock and timers.
pub(crate) struct WebClock;

impl Clock for WebClock {
    fn now_ms(&self) -> u64 {
        // Whole milliseconds since 1970; no clock of a person's is before that.
        js_sys::Date::now() as u64
    }

    fn sleep(&self, duration: Duration) -> LocalBoxFuture<'static, ()> {
        Box::pin(timer::sleep(duration))
    }
}
