//! The Huis server: accounts, sessions, delivery, limits, configuration. It keeps what it keeps behind the traits of
//! `huis-store`, and can open nothing of what its users seal.

mod access_tokens;
mod address_bans;
mod admission;
pub mod backup;
mod beacon;
mod bus;
pub mod check;
mod config;
mod delivery;
mod files;
mod http;
mod invitation_codes;
mod keys;
mod logs;
mod metrics_page;
mod moving;
mod one_time_codes;
mod outlook;
mod passphrase;
mod passwords;
mod push;
mod rate_limits;
mod running_settings;
mod sealing;
mod serve;
mod space;
mod state;
mod time_watch;

pub use bus::BusAddress;
pub use config::{
    BeaconRules, Config, ConfigError, ConnectionLimits, FileRules, LogFormat, Network, PushEndpoints, Rates, ServeArgs,
    Tls,
};
pub use delivery::FrankingKey;
pub use http::{ADMINISTRATIVE_ACTIONS, AdministrativeAction};
pub use keys::{KeyError, Keys};
pub use logs::start_logs;
pub use moving::{MigrateError, Moved, Place, migrate_store, place};
pub use serve::{DrawCode, Newcomers, RunningServer, ServeError, Served, Server, announcement, serve, stop_signal};
pub use space::size;
pub use state::{Clock, SystemClock};
