//! What several checks need: the configuration, the time, and the database looked at once.

use huis_store::StoreError;
use huis_store::postgres::PostgresStore;
use huis_store::sqlite::{Inspection, NEWEST_SCHEMA, inspect, is_held};

use super::Said;
use crate::config::Config;
use crate::serve::process::DATABASE;
use crate::space::size;
use crate::state::Clock;

pub(super) struct Scene<'a> {
    pub(super) config: &'a Config,
    pub(super) now_ms: u64,
    pub(super) database: Database,
    /// Whether a server has the data folder.
    pub(super) is_held: Result<bool, StoreError>,
}

/// The database as a start would find it.
pub(super) enum Database {
    /// None has been made yet.
    Absent,
    /// It is whole.
    Whole(Inspection),
    /// It is at this address of PostgreSQL, which answers.
    Elsewhere {
        address: String,
        /// Whether a server has begun there.
        is_begun: bool,
    },
    /// A start would refuse it.
    Refused(StoreError),
}

impl<'a> Scene<'a> {
    pub(super) async fn of(config: &'a Config, clock: &dyn Clock) -> Self {
        let path = config.data.join(DATABASE);
        let database = match &config.database {
            None => match inspect(&path) {
                Ok(None) => Database::Absent,
                Ok(Some(inspection)) => Database::Whole(inspection),
                Err(error) => Database::Refused(error),
            },
            Some(address) => match PostgresStore::is_begun(address).await {
                Ok(is_begun) => Database::Elsewhere { address: address.to_string(), is_begun },
                Err(error) => Database::Refused(error),
            },
        };
        Self { config, now_ms: clock.now_ms(), database, is_held: is_held(&path) }
    }

    /// Whether a server has run on this folder before, as far as can be seen.
    pub(super) fn has_run_before(&self) -> bool {
        !matches!(self.database, Database::Absent | Database::Elsewhere { is_begun: false, .. })
    }
}

impl Database {
    pub(super) fn said(&self) -> Vec<Said> {
        vec![match self {
            Self::Absent => Said::ok("not there yet; the first start makes it"),
            Self::Whole(found) if found.schema < NEWEST_SCHEMA => Said::ok(format!(
                "whole, {}; schema {}, which the next start brings to {NEWEST_SCHEMA}",
                size(found.bytes),
                found.schema
            )),
            Self::Whole(found) => Said::ok(format!("whole, {}; schema {}", size(found.bytes), found.schema)),
            Self::Elsewhere { address, is_begun: true } => Said::ok(format!("{address} answers")),
            Self::Elsewhere { address, is_begun: false } => {
                Said::ok(format!("{address} answers; the first start begins there"))
            }
            Self::Refused(error) => Said::fault(error.to_string(), self.advice()),
        }]
    }

    pub(super) fn newest_ms(&self) -> Option<u64> {
        match self {
            Self::Whole(found) if found.newest_ms > 0 => Some(found.newest_ms),
            _ => None,
        }
    }

    fn advice(&self) -> &'static str {
        match self {
            Self::Refused(StoreError::Damaged(_)) => {
                "stop the server, keep the folder as it is, and `huis restore` the newest backup into another one"
            }
            Self::Refused(StoreError::NewerSchema { .. }) => "or restore a backup of before",
            // What to do stands in the sentence.
            Self::Refused(StoreError::HalfMoved) => "",
            Self::Refused(StoreError::Full) => "free some space",
            Self::Refused(StoreError::Unavailable(_)) => "check that the database runs, its address, and the way there",
            _ => "check that the user of the server may read and write the file, and that no other program holds it",
        }
    }
}
