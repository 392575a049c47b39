//! A whole process that serves: what `huis serve` is.

use std::future::Future;
use std::io::Write as _;
use std::sync::Arc;

use huis_store::postgres::{DatabaseAddress, PostgresStore};
use huis_store::sqlite::{Mode, Options, SqliteStore};
use huis_store::{SharedStore, StoreError};
use rand::rngs::OsRng;
use rustix::process::{Resource, getrlimit, setrlimit};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use super::{DrawCode, ServeError, Served, Server, announcement};
use crate::backup::UNFINISHED;
use crate::config::{Config, Tls};
use crate::keys::Keys;
use crate::state::SystemClock;

/// The database in the data folder.
pub(crate) const DATABASE: &str = "huis.db";

/// Serves until `shutdown` resolves or the super-administrator stops it, then stops cleanly. Announces itself on the standard
/// output, with what `draw` makes of addresses that are for a camera.
///
/// # Errors
/// [`ServeError`] says why the server does not start, or did not stop well.
pub async fn serve(config: Config, draw: DrawCode, shutdown: impl Future<Output = ()>) -> Result<Served, ServeError> {
    raise_open_files();
    // First of all, so that a second server does not touch the first one's data.
    let listener = TcpListener::bind(config.listen).await.map_err(|error| ServeError::Listen {
        address: config.listen,
        setting: "listen",
        error,
    })?;
    let (keys, store) = keys_and_store(&config).await?;
    if config.tls == Tls::Off && !config.listen.ip().is_loopback() && config.trusted_proxies.is_empty() {
        tracing::warn!(
            "other machines can connect without TLS: messages stay sealed, but who talks with whom does not; see --tls"
        );
    }
    let announced = config.clone();
    let server = Server { config, keys, store, clock: Arc::new(SystemClock) };
    let server = server.start(Some(listener)).await?;
    let address = server.address().unwrap_or(announced.listen);
    let text = announcement(&announced, &server, draw);
    // Whoever closed the standard output does not want to read it.
    let _ = std::io::stdout().lock().write_all(text.as_bytes());
    tracing::info!(%address, "serving");
    tokio::select! {
        () = shutdown => {}
        () = server.stop_asked() => {}
    }
    tracing::info!("stopping");
    server.stop().await?;
    tracing::info!("stopped");
    Ok(Served { address })
}

/// Whether a server of this configuration has run before.
///
/// # Errors
/// Where its database does not answer.
pub(crate) async fn has_run_before(config: &Config) -> Result<bool, ServeError> {
    match &config.database {
        None => Ok(config.data.join(DATABASE).exists()),
        Some(database) => PostgresStore::is_begun(database).await.map_err(of_postgres(database)),
    }
}

/// The keys and the store of this configuration; the first start makes them.
pub(crate) async fn keys_and_store(config: &Config) -> Result<(Keys, SharedStore), ServeError> {
    if config.data.join(UNFINISHED).exists() {
        return Err(ServeError::Unfinished(config.data.clone()));
    }
    let keys = Keys::open_or_make(&mut OsRng, &config.data, has_run_before(config).await?)?;
    let store: SharedStore = match &config.database {
        None => {
            let path = config.data.join(DATABASE);
            let options = Options { franking: keys.franking(), mode: Mode::Threads };
            let told = |error| ServeError::Store { database: path.display().to_string(), error };
            Arc::new(SqliteStore::open(&path, options).map_err(told)?)
        }
        Some(database) => {
            let opened = PostgresStore::open(database, keys.franking()).await;
            Arc::new(opened.map_err(of_postgres(database))?)
        }
    };
    Ok((keys, store))
}

fn of_postgres(database: &DatabaseAddress) -> impl Fn(StoreError) -> ServeError {
    move |error| ServeError::Store { database: database.to_string(), error }
}

/// Resolves at the first SIGTERM or SIGINT. A second one ends the process at once.
pub async fn stop_signal() {
    let (Ok(mut terminate), Ok(mut interrupt)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        tracing::error!("signals can't be heard; end the process by SIGKILL");
        return std::future::pending().await;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::warn!("ended at once by a second signal");
        std::process::exit(1);
    });
}

/// A connection is an open file, and the usual soft limit of 1,024 is less than a server of a few hundred devices
/// needs with its database.
fn raise_open_files() {
    let mut limit = getrlimit(Resource::Nofile);
    let most = limit.maximum;
    if limit.current == most {
        return;
    }
    limit.current = most;
    if let Err(error) = setrlimit(Resource::Nofile, limit) {
        tracing::warn!(%error, "the limit of open files can't be raised");
    }
}
