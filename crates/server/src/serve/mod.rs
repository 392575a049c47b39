//! Build, run, drain.

mod accept;
mod announcement;
pub(crate) mod local_authority;
mod local_names;
pub(crate) mod process;
mod slots;
pub(crate) mod tls;
mod upkeep;

use std::future::Future;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::response::Response;
use http::Request;
use huis_proto::IncarnationId;
use huis_proto::rest::{RegistrationPolicy, Secret};
use huis_store::{SharedStore, StoreError};
use rand::rngs::OsRng;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::{Notify, mpsc, watch};
use tokio::task::JoinHandle;
use tower::ServiceExt as _;

use crate::access_tokens::AccessTokens;
use crate::address_bans::AddressBans;
use crate::admission::Admission;
use crate::beacon::BeaconRelay;
use crate::bus::{Bus, InProcess, RedisBus};
use crate::config::{Config, Tls};
use crate::delivery::{Hub, catch_up, follow_rules};
use crate::files::{Files, removal};
use crate::http::{BodyBudget, Peer, Readiness, authority_router, router};
use crate::keys::{KeyError, Keys};
use crate::metrics_page::{self, MetricsPage};
use crate::passphrase;
use crate::passwords::OpaqueServer;
use crate::push::{self, Push};
use crate::rate_limits::RateLimits;
use crate::running_settings::RunningSettings;
use crate::sealing::Sealing;
use crate::state::{App, Clock, ServerState};
use crate::time_watch::TimeWatch;
use accept::Connections;
use tls::{Certificates, TlsError};

pub use announcement::{DrawCode, announcement};
pub use process::{serve, stop_signal};
pub(crate) use upkeep::in_ms;

/// The bytes of unfinished requests that are held in memory.
const BODIES: usize = 64 * 1024 * 1024;
/// The bytes of parts of files on their way to the blobs that are held in memory, beside those.
const PARTS: usize = 128 * 1024 * 1024;
/// How long a stop waits for requests that are being answered.
const REQUESTS_PATIENCE: Duration = Duration::from_secs(10);

/// A server that is built and not yet running.
pub struct Server {
    /// What the operator decided.
    pub config: Config,
    /// Its keys.
    pub keys: Keys,
    /// What it keeps, made with these keys' [`Keys::franking`].
    pub store: SharedStore,
    /// Its time.
    pub clock: Arc<dyn Clock>,
}

/// A server that runs until it is [stopped](Self::stop). Dropped without that, its tasks go on until the runtime ends.
pub struct RunningServer {
    app: App,
    router: Router,
    connections: Connections,
    address: Option<SocketAddr>,
    metrics_address: Option<SocketAddr>,
    newcomers: Newcomers,
    certificates: Option<SharedCertificates>,
    stopping: watch::Sender<bool>,
    all_gone: mpsc::Receiver<()>,
    tasks: Vec<JoinHandle<()>>,
}

/// The certificates, which are looked after while connections are served with them.
type SharedCertificates = Arc<Mutex<Certificates>>;

/// What lets newcomers in at this start.
#[derive(Debug, Clone)]
pub struct Newcomers {
    /// Who may register.
    pub registration: RegistrationPolicy,
    /// The access passphrase.
    pub access_passphrase: Secret,
    /// The one-time code for the super-administrator, while there is none.
    pub claim: Option<Secret>,
}

/// How a server's run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Served {
    /// Where it listened.
    pub address: SocketAddr,
}

/// Why a server does not start or did not stop well.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// Its address can't be had.
    #[error("cannot listen on {address}: {error}; choose another address with --{setting}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// The setting that names it.
        setting: &'static str,
        /// Why.
        error: std::io::Error,
    },
    /// A restore into its folder is under way, or was cut short.
    #[error("{0} holds a restore that has not ended: let it end, or delete what is in the folder and restore again")]
    Unfinished(PathBuf),
    /// Its keys can't be had.
    #[error(transparent)]
    Keys(#[from] KeyError),
    /// Its store can't be had, or did not close.
    #[error("{database}: {error}")]
    Store {
        /// The database, without its password.
        database: String,
        /// Why.
        error: StoreError,
    },
    /// The store does not answer.
    #[error(transparent)]
    StoreAnswer(#[from] StoreError),
    /// Its bus can't be had.
    #[error("{bus}: {reason}")]
    Bus {
        /// Where it is, without its password.
        bus: String,
        /// Why.
        reason: String,
    },
    /// Where its blobs are can't be used.
    #[error("{blobs}: {error}")]
    Blobs {
        /// Where.
        blobs: String,
        /// Why.
        error: huis_blobs::BlobError,
    },
    /// Its certificate can't be had.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// Metrics can't be given.
    #[error("metrics can't be given: {0}")]
    Metrics(String),
}

impl Server {
    /// Starts the server: on `listener`, or without one for a process that brings its own connections
    /// ([`RunningServer::connect`]).
    ///
    /// # Errors
    /// [`ServeError`] where certificate, metrics or store can't be had.
    pub async fn start(self, listener: Option<TcpListener>) -> Result<RunningServer, ServeError> {
        let Self { config, keys, store, clock } = self;
        // Before the first meter is made, for it goes to the recorder that is installed then.
        let metrics = match config.metrics_listen {
            Some(address) => Some(metrics_page::listen(address).await?),
            None => None,
        };
        let certificates = match &config.tls {
            Tls::Off => None,
            Tls::Local => Some(Certificates::local(&config, clock.now_ms())?),
            Tls::SelfSigned => Some(Certificates::self_signed(&config)?),
            Tls::Files { certificate, key } => Some(Certificates::from_files(certificate, key)?),
        };
        if config.ignore_changed_settings {
            tracing::warn!(
                "settings that were changed while the server ran are left aside: give them back, and start without ignore-changed-settings"
            );
        }
        let settings = Arc::new(RunningSettings::new(config.clone()));
        settings.read(&store).await?;
        let newcomers = newcomers(&config, settings.registration(), &store).await?;
        let opaque = OpaqueServer::from_stored(&keys.opaque_setup)
            .map_err(|_| KeyError::Form(config.data.join("keys/opaque-setup")))?;
        let incarnation = store.incarnation().await?;
        let files = Files::open(&config).await?;
        let bus = bus(&config, &keys, incarnation).await?;
        let vapid = keys.vapid().ok_or_else(|| KeyError::Form(config.data.join("keys/push")))?;
        let push = Arc::new(Push::new(vapid, config.push_endpoints));
        push.begin(&store).await;
        if config.ignore_network_bans {
            tracing::warn!(
                "bans of networks are left aside: lift what kept you out, and start without ignore-network-bans"
            );
        }
        let bans = Arc::new(AddressBans::new(clock.clone(), config.ignore_network_bans));
        bans.read(&store).await?;
        let app = Arc::new(ServerState {
            hub: Hub::new(store.clone(), bus.clone(), push.clone(), bans.clone(), settings.clone()),
            push,
            beacon: BeaconRelay::new(config.beacon.clone()),
            bans,
            tokens: AccessTokens::new(&keys.token_signing),
            rate_limits: RateLimits::new(settings.clone(), bus.clone()),
            sealing: Sealing::new(&keys.sealing),
            franking: keys.franking(),
            admission: Admission::new(settings.clone(), &newcomers.access_passphrase, newcomers.claim.as_ref()),
            settings,
            incarnation,
            bodies: BodyBudget::new(BODIES),
            parts: BodyBudget::new(PARTS),
            files,
            readiness: Readiness::default(),
            stop_asked: Notify::new(),
            opaque,
            bus,
            store,
            time: TimeWatch::begin(config.time_confirmed_by.clone(), &*clock),
            clock,
            config,
        });
        let (stopping, is_stopping) = watch::channel(false);
        let (alive, all_gone) = mpsc::channel(1);
        let authority = certificates.as_ref().and_then(Certificates::authority).map(|der| Bytes::from(der.to_vec()));
        let plain = authority.clone().map(|authority| authority_router(app.clone(), authority));
        let router = router(app.clone(), authority);
        let tls = certificates.as_ref().map(Certificates::acceptor).transpose()?;
        let connections = Connections::new(&app.config, router.clone(), plain, tls, is_stopping.clone(), alive);
        let certificates = certificates.map(|certificates| Arc::new(Mutex::new(certificates)));
        let address = listener.as_ref().and_then(|listener| listener.local_addr().ok());
        let metrics_address = metrics.as_ref().and_then(MetricsPage::address);
        let mut tasks = vec![tokio::spawn(upkeep::run(app.clone(), certificates.clone(), is_stopping.clone()))];
        tasks.push(tokio::spawn(catch_up(app.hub.clone(), is_stopping.clone())));
        tasks.push(tokio::spawn(follow_rules(app.hub.clone(), is_stopping.clone())));
        tasks.push(tokio::spawn(removal::run(app.clone(), is_stopping.clone())));
        tasks.push(tokio::spawn(push::run(app.clone(), is_stopping.clone())));
        tasks.extend(listener.map(|listener| tokio::spawn(connections.clone().accept_from(listener))));
        tasks.extend(metrics.map(|page| tokio::spawn(page.serve(app.clone(), is_stopping))));
        Ok(RunningServer {
            app,
            router,
            connections,
            address,
            metrics_address,
            newcomers,
            certificates,
            stopping,
            all_gone,
            tasks,
        })
    }
}

impl RunningServer {
    /// Where it listens, if it was given a listener.
    pub fn address(&self) -> Option<SocketAddr> {
        self.address
    }

    /// Where it gives metrics, if it does.
    pub fn metrics_address(&self) -> Option<SocketAddr> {
        self.metrics_address
    }

    /// What lets newcomers in.
    pub fn newcomers(&self) -> &Newcomers {
        &self.newcomers
    }

    /// SHA-256 of the certificate that it shows now, in hexadecimal digits, if it has one.
    pub fn fingerprint(&self) -> Option<String> {
        let certificates = self.certificates.as_ref()?;
        Some(certificates.lock().unwrap_or_else(PoisonError::into_inner).fingerprint())
    }

    /// SHA-256 of the certificate of its own authority, in hexadecimal digits, if it has one.
    pub fn authority_fingerprint(&self) -> Option<String> {
        let certificates = self.certificates.as_ref()?.lock().unwrap_or_else(PoisonError::into_inner);
        certificates.authority().map(|authority| tls::fingerprint_of(authority))
    }

    /// Takes a connection as if it had been accepted from `peer`, without TLS. Whether there was room for it.
    pub fn connect(&self, stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static, peer: SocketAddr) -> bool {
        self.connections.take(stream, peer)
    }

    /// Answers one request as if it had come from `peer`; WebSockets need a [connection](Self::connect).
    pub async fn answer(&self, mut request: Request<Body>, peer: SocketAddr) -> Response {
        request.extensions_mut().insert(Peer(peer));
        match self.router.clone().oneshot(request).await {
            Ok(response) => response,
            Err(impossible) => match impossible {},
        }
    }

    /// Does at once what is otherwise done every half minute: looks after the certificate, ends idle sessions, drops what
    /// has expired, and removes files that are over.
    pub async fn keep_up(&self) {
        if let Some(certificates) = &self.certificates {
            upkeep::certificates(&self.app, certificates);
        }
        upkeep::round(&self.app).await;
        removal::round(&self.app, &self.stopping.subscribe()).await;
    }

    /// Sends at once the pushes that are otherwise sent within a second, and returns when none is under way.
    pub async fn settle_pushes(&self) {
        push::settle(&self.app).await;
    }

    /// Resolves when the super-administrator asks the server to stop. Nothing stops by it: see [`stop`](Self::stop).
    pub async fn stop_asked(&self) {
        self.app.stop_asked.notified().await;
    }

    /// Stops: takes no more connections, closes WebSockets with 1001 once what they submitted is answered, lets
    /// requests finish within ten seconds, and closes the store.
    ///
    /// # Errors
    /// [`ServeError::StoreAnswer`] if the store did not close well.
    pub async fn stop(self) -> Result<(), ServeError> {
        let Self { app, router, connections, stopping, mut all_gone, tasks, .. } = self;
        stopping.send_replace(true);
        app.hub.stop().await;
        drop((router, connections));
        for task in tasks {
            // A task that panicked has said so itself.
            let _ = task.await;
        }
        if tokio::time::timeout(REQUESTS_PATIENCE, all_gone.recv()).await.is_err() {
            tracing::warn!("some requests were not answered in time; their connections are cut");
        }
        app.bus.close().await;
        app.store.close().await?;
        Ok(())
    }
}

async fn bus(config: &Config, keys: &Keys, incarnation: IncarnationId) -> Result<Arc<dyn Bus>, ServeError> {
    let Some(address) = &config.bus else {
        return Ok(Arc::new(InProcess::default()));
    };
    let told = |reason| ServeError::Bus { bus: address.to_string(), reason };
    Ok(Arc::new(RedisBus::open(address, &keys.sealing, incarnation).await.map_err(told)?))
}

/// The one-time code is new at every start while the super-administrator's place is free, and stands nowhere but in
/// memory and on the operator's screen: whoever can start the server can have one, and no file or backup holds any.
async fn newcomers(
    config: &Config,
    registration: RegistrationPolicy,
    store: &SharedStore,
) -> Result<Newcomers, ServeError> {
    let free = !store.super_administrator_exists().await?;
    let set = config.access_passphrase.clone();
    Ok(Newcomers {
        registration,
        access_passphrase: set.unwrap_or_else(|| passphrase::generate(&mut OsRng)),
        claim: free.then(|| passphrase::generate(&mut OsRng)),
    })
}

/// Resolves when the server is to stop.
pub(crate) async fn stopped(mut is_stopping: watch::Receiver<bool>) {
    // An error means that the sender is gone, and with it whoever could stop the server otherwise.
    let _ = is_stopping.wait_for(|stopping| *stopping).await;
}

#[expect(dead_code, reason = "says that a running server can be held by other threads")]
fn a_running_server_is_send(server: RunningServer) -> impl Future<Output = Result<(), ServeError>> + Send {
    server.stop()
}
