//! Another life for a store whose data came back by other means than a backup of Huis: a snapshot of the file system, a
//! replica that was promoted, a database's own tools.

use std::path::PathBuf;

use huis_proto::IncarnationId;
use huis_store::StoreError;

use super::BackupError;
use crate::config::Config;
use crate::serve::ServeError;
use crate::serve::process::{DATABASE, has_run_before, keys_and_store};

/// Ends the life of the store of this configuration and begins another one, by which devices notice that the store was
/// set back. No server may run on it: where the database is in the data folder that is seen, elsewhere it is not.
///
/// # Errors
/// [`BackupError::ServerRuns`], `NoServer`, or what keeps a server from starting there; nothing is changed then.
pub async fn begin_another_life(config: &Config) -> Result<IncarnationId, BackupError> {
    let path = match &config.database {
        None => config.data.join(DATABASE),
        Some(database) => PathBuf::from(database.to_string()),
    };
    let of_store = |error| match error {
        StoreError::Locked(_) => BackupError::ServerRuns(config.data.clone()),
        error => BackupError::Store { path: path.clone(), error },
    };
    let told = |error| match error {
        ServeError::Keys(error) => BackupError::Keys(error),
        ServeError::Store { error, .. } => of_store(error),
        ServeError::Unfinished(data) => BackupError::Unfinished(data),
        other => BackupError::Io { path: path.clone(), error: std::io::Error::other(other.to_string()) },
    };
    if !has_run_before(config).await.map_err(told)? {
        return Err(BackupError::NoServer(path));
    }
    let (_, store) = keys_and_store(config).await.map_err(told)?;
    let begun = store.renew_incarnation().await.map_err(of_store)?;
    store.close().await.map_err(of_store)?;
    Ok(begun)
}
