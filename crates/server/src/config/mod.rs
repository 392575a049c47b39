//! How a server is configured: flags over environment over `huis.toml`, all three from one table of settings.

mod changing;
mod network;
mod settings;
mod sources;
mod values;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use huis_blobs::BlobsAddress;
use huis_proto::beacon::Chain;
use huis_proto::limits;
use huis_proto::opaque::StretchParameters;
use huis_proto::rest::{RegistrationPolicy, Secret};
use huis_proto::versions::{MINIMUM_CLIENT, Version};
use huis_store::postgres::DatabaseAddress;

use crate::bus::BusAddress;

pub(crate) use changing::{CHANGING, Changing, Values};
pub use network::Network;
pub(crate) use sources::FILE_NAME;
pub use sources::{ConfigError, ServeArgs};
pub(crate) use values::public_url;

/// Everything that an operator decides.
#[derive(Debug, Clone)]
pub struct Config {
    /// The one folder that holds keys and, where there is no other, the database.
    pub data: PathBuf,
    /// The PostgreSQL database; none for SQLite in the data folder.
    pub database: Option<DatabaseAddress>,
    /// Where the nodes of this server tell each other what happened; none for a node that is alone.
    pub bus: Option<BusAddress>,
    /// Where to listen.
    pub listen: SocketAddr,
    /// How connections are protected.
    pub tls: Tls,
    /// How clients reach this server, without a path, if it is not where it listens.
    pub public_url: Option<String>,
    /// Who may register.
    pub registration: RegistrationPolicy,
    /// The access passphrase; new at every start if none is set.
    pub access_passphrase: Option<Secret>,
    /// Whether bans of networks are left aside: the way back in for who was locked out by one.
    pub ignore_network_bans: bool,
    /// Whether settings that were changed while the server ran are left aside: the configuration's way back.
    pub ignore_changed_settings: bool,
    /// The proxies whose word on the client's address counts.
    pub trusted_proxies: Vec<Network>,
    /// Where to give metrics.
    pub metrics_listen: Option<SocketAddr>,
    /// The form of log lines.
    pub log_format: LogFormat,
    /// What is logged, as `tracing-subscriber` filters say it.
    pub log_level: String,
    /// Whether the request log (level debug) names addresses.
    pub log_addresses: bool,
    /// How long an undelivered message is kept.
    pub retention: Duration,
    /// The file that confirms the machine's clock by having been touched within the last hour; none: whoever starts the
    /// server does.
    pub time_confirmed_by: Option<PathBuf>,
    /// How many connections are held.
    pub connections: ConnectionLimits,
    /// How often may be asked.
    pub rates: Rates,
    /// When a session that does not stay signed in ends.
    pub idle_session: Duration,
    /// How passwords that are set from now on are stretched. No setting: all servers of a version ask for the same.
    pub stretch: StretchParameters,
    /// The oldest client of Huis that is served.
    pub minimum_client: Version,
    /// Where pushes may go.
    pub push_endpoints: PushEndpoints,
    /// Which beacon's rounds are passed on, and where it is asked.
    pub beacon: BeaconRules,
    /// Where files are kept; none for the folder `blobs` of the data folder.
    pub blobs: Option<BlobsAddress>,
    /// Which files are taken, and for how long.
    pub files: FileRules,
    /// The files of the web app that is served. No setting: those that the binary holds.
    pub web_app: &'static [huis_web_assets::File],
}

/// How connections are protected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tls {
    /// Not at all: for a proxy in front, or for this machine alone.
    Off,
    /// By certificates of an authority that the server makes once, for the names and addresses that a local network has for it.
    Local,
    /// By a certificate that the server makes once and keeps; clients pin its fingerprint at first use.
    SelfSigned,
    /// By a certificate from files (PEM), which are read again when they change.
    Files {
        /// The certificate, with its chain.
        certificate: PathBuf,
        /// Its private key.
        key: PathBuf,
    },
}

/// How many connections are held at once; further ones are closed at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConnectionLimits {
    /// From one IPv4 address, or one IPv6 block of 64 bits; trusted proxies are exempt.
    pub per_address: usize,
    /// In all.
    pub total: usize,
}

/// How often may be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rates {
    /// Requests of any kind, per address.
    pub requests_per_second: u32,
    /// Passwords, passphrases and codes, per address and per name.
    pub guesses_per_minute: u32,
    /// Look-ups of accounts, per account that asks.
    pub lookups_per_minute: u32,
    /// Claims of key packages, per account that asks.
    pub key_package_claims_per_minute: u32,
}

/// Which files are taken, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileRules {
    /// The largest, as sealed.
    pub most_bytes: u64,
    /// What one account's may take together.
    pub quota: u64,
    /// What those of all accounts may take together; none for no such bound.
    pub total: Option<u64>,
    /// How long one is kept behind each message that brings it.
    pub retention: Duration,
    /// What stays free on the disk where they are; none for 1 GiB, or 5 % of a smaller disk.
    pub keep_free: Option<u64>,
}

/// A public randomness beacon, which devices that ask nobody but their server are told of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BeaconRules {
    /// The chain.
    pub chain: Chain,
    /// URLs of its HTTP interface, tried one behind the other; without any, nobody is asked.
    pub urls: Vec<String>,
}

/// Where pushes may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PushEndpoints {
    /// Nowhere: no device is woken.
    None,
    /// To addresses of the public Internet, over HTTPS.
    Public,
    /// Anywhere: for a push service of one's own in the local network, and for tests. **Whoever has an account can then make
    /// the server send to machines beside it.**
    Any,
}

/// The form of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

impl Config {
    /// The defaults, with this data folder.
    pub fn in_folder(data: impl Into<PathBuf>) -> Self {
        Self {
            data: data.into(),
            database: None,
            bus: None,
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)),
            tls: Tls::Off,
            public_url: None,
            registration: RegistrationPolicy::Passphrase,
            access_passphrase: None,
            ignore_network_bans: false,
            ignore_changed_settings: false,
            trusted_proxies: Vec::new(),
            metrics_listen: None,
            log_format: LogFormat::Text,
            log_level: "info".into(),
            log_addresses: false,
            retention: limits::RETENTION,
            time_confirmed_by: None,
            connections: ConnectionLimits::default(),
            rates: Rates::default(),
            idle_session: Duration::from_secs(15 * 60),
            stretch: StretchParameters::NEW_ACCOUNTS,
            minimum_client: MINIMUM_CLIENT,
            push_endpoints: PushEndpoints::Public,
            beacon: BeaconRules::default(),
            blobs: None,
            files: FileRules::default(),
            web_app: huis_web_assets::files(),
        }
    }
}

impl Config {
    /// Where files are kept.
    pub fn blobs(&self) -> BlobsAddress {
        self.blobs.clone().unwrap_or_else(|| BlobsAddress::folder(self.data.join("blobs")))
    }
}

/// drand's *quicknet*, asked at the address that drand names.
impl Default for BeaconRules {
    fn default() -> Self {
        Self { chain: Chain::quicknet(), urls: vec!["https://api.drand.sh".to_owned()] }
    }
}

impl Default for FileRules {
    fn default() -> Self {
        Self {
            most_bytes: limits::FILE,
            quota: 10 * 1024 * 1024 * 1024,
            total: None,
            retention: limits::FILE_RETENTION,
            keep_free: None,
        }
    }
}

impl Default for ConnectionLimits {
    fn default() -> Self {
        Self { per_address: 512, total: 10_000 }
    }
}

impl Default for Rates {
    fn default() -> Self {
        Self {
            requests_per_second: 100,
            guesses_per_minute: 20,
            lookups_per_minute: 300,
            key_package_claims_per_minute: 300,
        }
    }
}

impl Rates {
    /// So high that nothing is refused: for tests and measurements.
    pub const UNLIMITED: Self = Self {
        requests_per_second: u32::MAX,
        guesses_per_minute: u32::MAX,
        lookups_per_minute: u32::MAX,
        key_package_claims_per_minute: u32::MAX,
    };
}
