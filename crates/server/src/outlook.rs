//! What is looked at when somebody asks for metrics, beside what is counted as it happens: the store, the disks, the process.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::process::{Resource, getrlimit};
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};

use crate::config::Config;
use crate::serve::process::DATABASE;
use crate::space::volume;
use crate::state::App;

/// For how long what was seen serves all who ask: a look at the store costs it a write.
const FRESH: Duration = Duration::from_secs(1);
/// A store or a disk that does not answer within so long is away.
const PATIENCE: Duration = Duration::from_secs(5);
/// The unit of processor time in `/proc`: the same on all of Linux' present platforms (proc(5), `USER_HZ`).
const TICKS_PER_SECOND: u64 = 100;

/// Looks, once for all who ask at the same time.
pub(crate) struct Outlook {
    machine: Arc<Machine>,
    last: Mutex<Option<Instant>>,
}

/// What can make a thread wait: a disk that is away.
struct Machine {
    /// What lies where.
    places: Vec<(&'static str, PathBuf)>,
    /// None where the database is on another machine, or on this one but not ours.
    database: Option<PathBuf>,
    is_looking: AtomicBool,
}

impl Outlook {
    pub(crate) fn new(config: &Config) -> Self {
        let mut places = vec![("data", config.data.clone())];
        // Of storage elsewhere nobody knows what is free.
        places.extend(config.blobs().as_folder().map(|folder| ("files", folder.into())));
        let database = config.database.is_none().then(|| config.data.join(DATABASE));
        Self {
            machine: Arc::new(Machine { places, database, is_looking: AtomicBool::new(false) }),
            last: Mutex::default(),
        }
    }

    /// Looks, unless that was done a moment ago.
    pub(crate) async fn look(&self, app: &App) {
        let mut last = self.last.lock().await;
        if last.is_some_and(|at| at.elapsed() < FRESH) {
            return;
        }
        at_memory(app);
        tokio::join!(at_store(app), at_machine(&self.machine));
        *last = Some(Instant::now());
    }
}

fn at_memory(app: &App) {
    let (uploads, downloads) = app.files.transfers();
    metrics::gauge!("huis_accounts_online").set(app.hub.accounts_online() as f64);
    metrics::gauge!("huis_file_transfers", "way" => "up").set(uploads as f64);
    metrics::gauge!("huis_file_transfers", "way" => "down").set(downloads as f64);
    metrics::gauge!("huis_request_memory_bytes", "of" => "requests").set(app.bodies.held() as f64);
    metrics::gauge!("huis_request_memory_bytes", "of" => "uploads").set(app.parts.held() as f64);
    let is_sure = app.time.sure_now_ms(&*app.clock).is_ok();
    metrics::gauge!("huis_clock_sure").set(f64::from(u8::from(is_sure)));
}

async fn at_store(app: &App) {
    let began = Instant::now();
    let is_up = matches!(timeout(PATIENCE, app.store.check()).await, Ok(Ok(())));
    metrics::gauge!("huis_store_up").set(f64::from(u8::from(is_up)));
    metrics::gauge!("huis_store_check_seconds").set(began.elapsed().as_secs_f64());
}

async fn at_machine(machine: &Arc<Machine>) {
    // A disk that is away holds one thread, however often somebody asks.
    if machine.is_looking.swap(true, Ordering::SeqCst) {
        return machine.cannot_tell();
    }
    let looking = Arc::clone(machine);
    let look = tokio::task::spawn_blocking(move || {
        looking.look();
        looking.is_looking.store(false, Ordering::SeqCst);
    });
    if timeout(PATIENCE, look).await.is_err() {
        machine.cannot_tell();
    }
}

impl Machine {
    fn look(&self) {
        Self::process();
        for (holds, place) in &self.places {
            let seen = volume(place).ok();
            let (free, size) = seen.map_or((f64::NAN, f64::NAN), |(free, size)| (free as f64, size as f64));
            metrics::gauge!("huis_disk_free_bytes", "holds" => *holds).set(free);
            metrics::gauge!("huis_disk_size_bytes", "holds" => *holds).set(size);
        }
        if let Some(database) = &self.database {
            metrics::gauge!("huis_database_bytes", "part" => "pages").set(length(database));
            let mut log = database.clone().into_os_string();
            log.push("-wal");
            metrics::gauge!("huis_database_bytes", "part" => "log").set(length(Path::new(&log)));
        }
    }

    /// What was seen before must not pass for what is.
    fn cannot_tell(&self) {
        for (holds, _) in &self.places {
            metrics::gauge!("huis_disk_free_bytes", "holds" => *holds).set(f64::NAN);
        }
    }

    fn process() {
        if let Some(bytes) = fs::read_to_string("/proc/self/status").ok().as_deref().and_then(resident_bytes) {
            metrics::gauge!("process_resident_memory_bytes").set(bytes as f64);
        }
        if let Some(seconds) = fs::read_to_string("/proc/self/stat").ok().as_deref().and_then(processor_seconds) {
            metrics::counter!("process_cpu_seconds_total").absolute(seconds);
        }
        if let Ok(open) = fs::read_dir("/proc/self/fd") {
            metrics::gauge!("process_open_fds").set(open.count() as f64);
        }
        let most = getrlimit(Resource::Nofile).current;
        metrics::gauge!("process_max_fds").set(most.map_or(f64::INFINITY, |most| most as f64));
    }
}

/// What is told of the process once.
pub(crate) fn begin() {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    metrics::gauge!("process_start_time_seconds").set(since_1970.as_secs_f64());
    metrics::gauge!("huis_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1.0);
}

fn length(file: &Path) -> f64 {
    fs::metadata(file).map_or(0.0, |metadata| metadata.len() as f64)
}

fn resident_bytes(status: &str) -> Option<u64> {
    let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    resident.trim().strip_suffix(" kB")?.parse::<u64>().ok()?.checked_mul(1024)
}

/// In user and kernel mode together (proc(5), the fields 14 and 15). The program's name before them may hold anything.
fn processor_seconds(stat: &str) -> Option<u64> {
    let mut fields = stat.rsplit_once(") ")?.1.split(' ').skip(11);
    let (user, kernel): (u64, u64) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    Some(user.checked_add(kernel)? / TICKS_PER_SECOND)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_kernel_tells_of_a_process_is_read() {
        assert_eq!(resident_bytes("Name:\thuis\nVmHWM:\t  2048 kB\nVmRSS:\t  1024 kB\n"), Some(1024 * 1024));
        assert_eq!(resident_bytes("Name:\thuis\n"), None);
        let stat = "7 (a) b) S 1 7 7 0 -1 4194560 900 0 0 0 1250 160 0 0 20 0 3 0 100 1000000 500";
        assert_eq!(processor_seconds(stat), Some(14));
        assert_eq!(processor_seconds("7 (huis) S 1"), None);
        let own = fs::read_to_string("/proc/self/stat").unwrap();
        assert!(processor_seconds(&own).is_some());
        assert!(resident_bytes(&fs::read_to_string("/proc/self/status").unwrap()).unwrap() > 1024 * 1024);
    }
}
