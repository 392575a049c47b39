//! What can go wrong inside the backend, and what the store's callers are told of it.

use tokio_postgres::error::SqlState;

use crate::StoreError;

/// A fault inside one piece of work. What `Debug` shows of the database's complaint is its code: the rest may hold values.
pub(super) enum Fault {
    /// The database's own complaint, or the connection's.
    Sql(tokio_postgres::Error),
    /// No connection could be had, for this reason.
    NoConnection(String),
    /// Too many wait for a connection.
    Crowded,
    /// The store is closed.
    Stopped,
    /// Another node was faster with the same thing: the work finds that when it begins anew.
    Overtaken,
    /// A stored value that this version never writes.
    Damaged(&'static str),
    /// The caller asked for something that makes no sense.
    Misuse(&'static str),
}

/// The result of a piece of work.
pub(super) type Outcome<T> = Result<T, Fault>;

impl From<tokio_postgres::Error> for Fault {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Sql(error)
    }
}

impl std::fmt::Debug for Fault {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Sql(error) => formatter.debug_tuple("Sql").field(&error.code()).finish(),
            Self::NoConnection(why) => formatter.debug_tuple("NoConnection").field(why).finish(),
            Self::Crowded => formatter.write_str("Crowded"),
            Self::Stopped => formatter.write_str("Stopped"),
            Self::Overtaken => formatter.write_str("Overtaken"),
            Self::Damaged(what) => formatter.debug_tuple("Damaged").field(what).finish(),
            Self::Misuse(what) => formatter.debug_tuple("Misuse").field(what).finish(),
        }
    }
}

impl Fault {
    /// No connection could be had, whatever the database said.
    pub(super) fn no_connection(error: &tokio_postgres::Error) -> Self {
        Self::NoConnection(match error.code() {
            Some(code) => said(error, code),
            None => in_full(error),
        })
    }

    /// Whether the same work may go well when it is begun anew: nothing of it happened.
    pub(super) fn passes(&self) -> bool {
        match self {
            Self::Overtaken => true,
            Self::Sql(error) => error.code().is_some_and(|code| {
                *code == SqlState::T_R_SERIALIZATION_FAILURE || *code == SqlState::T_R_DEADLOCK_DETECTED
            }),
            _ => false,
        }
    }

    /// Whether running the pieces of a failed batch one by one could help some of them.
    pub(super) fn may_spare_others(&self) -> bool {
        match self {
            Self::Sql(error) => error.code().is_some_and(|code| !is_of_the_server(code) && !is_of_waiting(code)),
            Self::Damaged(_) | Self::Misuse(_) | Self::Overtaken => true,
            Self::NoConnection(_) | Self::Crowded | Self::Stopped => false,
        }
    }

    /// As [`told`](Self::told), and the operator is told as well.
    pub(super) fn told_and_logged(self) -> StoreError {
        let told = self.told();
        if !matches!(told, StoreError::Stopped) {
            tracing::warn!(error = %told, "work of the store was not done");
        }
        told
    }

    /// What the caller is told.
    pub(super) fn told(self) -> StoreError {
        let error = match self {
            Self::Sql(error) => error,
            Self::NoConnection(why) => return StoreError::Unavailable(why),
            Self::Crowded | Self::Overtaken => return StoreError::Busy,
            Self::Stopped => return StoreError::Stopped,
            Self::Damaged(what) => return StoreError::Damaged(what.into()),
            Self::Misuse(what) => return StoreError::Other(what.into()),
        };
        let Some(code) = error.code() else {
            return without_code(&error);
        };
        let said = said(&error, code);
        if *code == SqlState::DISK_FULL {
            StoreError::Full
        } else if is_of_waiting(code) {
            StoreError::Locked(said)
        } else if *code == SqlState::DATA_CORRUPTED || *code == SqlState::INDEX_CORRUPTED {
            StoreError::Damaged(said)
        } else if *code == SqlState::T_R_SERIALIZATION_FAILURE || *code == SqlState::T_R_DEADLOCK_DETECTED {
            StoreError::Busy
        } else if is_of_the_server(code) {
            StoreError::Unavailable(said)
        } else {
            StoreError::Other(said)
        }
    }
}

/// Whether the work has waited too long.
fn is_of_waiting(code: &SqlState) -> bool {
    *code == SqlState::LOCK_NOT_AVAILABLE || *code == SqlState::QUERY_CANCELED
}

/// Whether the code speaks of the server or the way to it, and not of the work.
fn is_of_the_server(code: &SqlState) -> bool {
    // Connections; resources; the operator's doing; the system's faults. And one that is a copy, to be read alone.
    let is_of_class = ["08", "53", "57", "58"].iter().any(|class| code.code().starts_with(class));
    (is_of_class && *code != SqlState::QUERY_CANCELED) || *code == SqlState::READ_ONLY_SQL_TRANSACTION
}

/// The message names tables, columns and limits; the detail, which is left out, would hold values.
fn said(error: &tokio_postgres::Error, code: &SqlState) -> String {
    let message = error.as_db_error().map_or_else(String::new, |told| told.message().to_owned());
    format!("{message} ({})", code.code())
}

fn without_code(error: &tokio_postgres::Error) -> StoreError {
    let is_of_the_way = error.is_closed() || causes(error).any(|cause| cause.is::<std::io::Error>());
    let said = in_full(error);
    if is_of_the_way { StoreError::Unavailable(said) } else { StoreError::Other(said) }
}

fn in_full(error: &tokio_postgres::Error) -> String {
    causes(error).fold(error.to_string(), |said, cause| format!("{said}: {cause}"))
}

fn causes(error: &tokio_postgres::Error) -> impl Iterator<Item = &(dyn std::error::Error + 'static)> {
    std::iter::successors(std::error::Error::source(error), |cause| cause.source())
}
