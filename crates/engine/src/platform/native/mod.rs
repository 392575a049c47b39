//! The engine as a thread of its own, on sockets and the system's clock.

mod beacon;
mod certificates;
mod connection;
mod fetching;
mod files;
mod gcm;
mod pictures;
mod strength;
mod transport;

use std::path::PathBuf;
use std::rc::Rc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures_util::future::LocalBoxFuture;
use rand::SeedableRng;
use rand::rngs::StdRng;

use crate::config::{Config, DatabaseKey};
use crate::db::Db;
use crate::engine::{Engine, StartError};
use crate::handle::{Events, Handle};
use crate::ports::{Clock, Files, Ports};

pub use self::beacon::is_beacon_url;
pub(crate) use self::beacon::{open_by_round, seal_for_round};
pub use self::fetching::{Fetched, Fetcher};
pub use self::files::NativeFiles;
pub use self::gcm::gcm;
pub(crate) use self::pictures::{LARGEST_PICTURE, small_picture};
pub(crate) use self::strength::estimate;
use self::transport::NativeTransport;

/// How SQLite uses memory and the file here: freed memory is wiped.
pub(crate) const ACCESS: &str = "PRAGMA cipher_memory_security = ON;";

/// What this device is called: by the program and the system.
pub(crate) fn device_name() -> String {
    super::names::terminal(std::env::consts::OS)
}

/// Starts an engine on a thread of its own. `pin_file` is where the certificate of a server that no public authority
/// vouches for is pinned at first use, as the SHA-256 fingerprint in hexadecimal.
///
/// Returns when the database is open. The thread ends after [`Command::Lock`](huis_views::Command::Lock) or with the
/// last handle.
///
/// # Errors
/// [`StartError`].
pub fn start(config: Config, pin_file: PathBuf) -> Result<(Handle, Events, Thread), StartError> {
    let (opened, answer) = std::sync::mpsc::sync_channel(1);
    let thread = std::thread::Builder::new()
        .name("huis-engine".into())
        .spawn(move || {
            let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
                Ok(runtime) => runtime,
                Err(error) => {
                    // The other end waits for exactly this.
                    let _ = opened.send(Err(StartError::Thread(error.to_string())));
                    return;
                }
            };
            tokio::task::LocalSet::new().block_on(&runtime, async move {
                match open(&config, pin_file) {
                    Ok((handle, events, engine)) => {
                        let _ = opened.send(Ok((handle, events)));
                        engine.run().await;
                    }
                    Err(error) => {
                        let _ = opened.send(Err(error));
                    }
                }
            });
        })
        .map_err(|error| StartError::Thread(error.to_string()))?;
    let thread = Thread(thread);
    match answer.recv() {
        Ok(Ok((handle, events))) => Ok((handle, events, thread)),
        Ok(Err(error)) => {
            thread.join();
            Err(error)
        }
        Err(_) => Err(StartError::Thread("it ended at once".into())),
    }
}

/// The engine's thread.
#[derive(Debug)]
pub struct Thread(std::thread::JoinHandle<()>);

impl Thread {
    /// Waits until the thread has ended. **A process that ends before that may crash:** the C libraries under the
    /// database clean up at the end of a process and at the end of a thread, and not at the same time.
    pub fn join(self) {
        // It ends by a panic only where that was shown already.
        let _ = self.0.join();
    }
}

/// Does what takes its time away from the engine's thread, which goes on meanwhile. None where it came to no end.
pub(crate) async fn away<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    tokio::task::spawn_blocking(work).await.ok()
}

/// The files of a device whose database has this key: the system's.
pub(crate) fn files_beside(_key: &DatabaseKey) -> Rc<dyn Files> {
    Rc::new(NativeFiles)
}

/// The operating system's clock and the runtime's timers.
pub struct NativeClock;

impl Clock for NativeClock {
    fn now_ms(&self) -> u64 {
        SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64)
    }

    fn sleep(&self, duration: Duration) -> LocalBoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(duration))
    }
}

fn open(config: &Config, pin_file: PathBuf) -> Result<(Handle, Events, Engine), StartError> {
    let db = Db::open(&config.database, &config.key, config.halt_after_commits)?;
    let server = server_of(&db, config)?;
    let transport = NativeTransport::new(&server, Some(pin_file))?;
    let ports = Ports {
        transport: Rc::new(transport),
        files: Rc::new(NativeFiles),
        beacons: self::beacon::beacons(&config.beacon)?,
        clock: Rc::new(NativeClock),
        random: StdRng::from_rng(rand::rngs::OsRng).map_err(|error| StartError::Thread(error.to_string()))?,
    };
    Engine::over(db, ports)
}

/// The server that is named, and noted for the next time; or else the one that was noted.
fn server_of(db: &Db, config: &Config) -> Result<String, StartError> {
    match &config.server {
        Some(server) => {
            db.tables().put_fact("server", server)?;
            Ok(server.clone())
        }
        None => db.tables().fact("server")?.ok_or(StartError::NoServer),
    }
}
