//! What nodes share: a PostgreSQL whose commits wait for its disk, and a Redis, started for a measurement.

use anyhow::Context as _;
use huis_testpg::Database;
use serde::Serialize;

use crate::process_costs;

/// What differs from a PostgreSQL of tests: it is as safe as one that serves, and as large as one for a small server.
const SETTINGS: &[&str] = &[
    "fsync = on",
    "full_page_writes = on",
    "synchronous_commit = on",
    "shared_buffers = 512MB",
    "max_wal_size = 4GB",
    "autovacuum_naptime = 60",
    "track_wal_io_timing = on",
];

/// Who keeps these figures: from PostgreSQL 14 on, and in another place from 18 on.
const HAS_SYNCS: &str = "SELECT current_setting('server_version_num')::int BETWEEN 140000 AND 179999";

/// Both of them, and a folder for the files.
pub(crate) struct Shared {
    database: huis_testpg::Server,
    bus: huis_testredis::Server,
    blobs: tempfile::TempDir,
}

/// The processor time that they have used, in seconds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Used {
    pub(crate) database_s: f64,
    pub(crate) bus_s: f64,
}

/// What the database is, and how it came to its disk.
#[derive(Debug, Serialize)]
pub(crate) struct Durability {
    database: String,
    fsync: String,
    synchronous_commit: String,
    /// How often the write-ahead log was brought to the disk since [`forget_syncs`].
    wal_syncs: Option<u64>,
    /// How long that took, in the mean.
    wal_sync_mean_us: Option<f64>,
}

impl Shared {
    /// Starts both; none where one of them is not installed here, which is said.
    pub(crate) fn start() -> Option<Self> {
        let blobs = tempfile::tempdir().ok()?;
        Some(Self {
            database: huis_testpg::Server::start_with(SETTINGS)?,
            bus: huis_testredis::Server::start()?,
            blobs,
        })
    }

    /// An empty database.
    pub(crate) fn database(&self) -> Database<'_> {
        self.database.database()
    }

    /// What a node is told to use both.
    pub(crate) fn settings(&self, database: &Database<'_>) -> Vec<String> {
        let blobs = self.blobs.path().display().to_string();
        vec!["--database".into(), database.address(), "--bus".into(), self.bus.address(), "--blobs".into(), blobs]
    }

    /// What they have used.
    pub(crate) fn used(&self) -> anyhow::Result<Used> {
        let bus = self.bus.process().context("Redis has ended")?;
        Ok(Used {
            database_s: process_costs::cpu_seconds_with_children(self.database.process())?,
            bus_s: process_costs::cpu_seconds(bus)?,
        })
    }
}

/// Counts from here on.
pub(crate) fn forget_syncs(database: &Database<'_>) {
    database.ask("SELECT pg_stat_reset_shared('wal')");
}

/// How a database came to its disk. A connection that is open tells what it did late, so they are closed before.
pub(crate) fn durability(database: &Database<'_>) -> Durability {
    let setting = |name: &str| database.ask(&format!("SHOW {name}"));
    let syncs =
        (database.ask(HAS_SYNCS) == "t").then(|| database.ask("SELECT wal_sync, wal_sync_time FROM pg_stat_wal"));
    let syncs = syncs.as_deref().and_then(|line| line.split_once('|'));
    let count = syncs.and_then(|(count, _)| count.parse::<u64>().ok());
    let all_ms = syncs.and_then(|(_, time)| time.parse::<f64>().ok());
    let mean_us = count.zip(all_ms).filter(|(count, _)| *count > 0).map(|(count, ms)| ms * 1000.0 / count as f64);
    Durability {
        database: format!("PostgreSQL {}", setting("server_version").split(' ').next().unwrap_or_default()),
        fsync: setting("fsync"),
        synchronous_commit: setting("synchronous_commit"),
        wal_syncs: count,
        wal_sync_mean_us: mean_us,
    }
}
