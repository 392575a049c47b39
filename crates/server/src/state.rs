//! What every request handler can reach.

use std::sync::{Arc, LazyLock};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use huis_proto::IncarnationId;
use huis_store::SharedStore;
use tokio::sync::Notify;

use crate::access_tokens::AccessTokens;
use crate::address_bans::AddressBans;
use crate::admission::Admission;
use crate::beacon::BeaconRelay;
use crate::bus::Bus;
use crate::config::Config;
use crate::delivery::{FrankingKey, Hub};
use crate::files::Files;
use crate::http::{BodyBudget, Readiness};
use crate::passwords::OpaqueServer;
use crate::push::Push;
use crate::rate_limits::RateLimits;
use crate::running_settings::RunningSettings;
use crate::sealing::Sealing;
use crate::time_watch::TimeWatch;

/// The state of a running server. It holds nothing that must survive between two requests of a client: that is in
/// the store, or travels sealed through the client.
pub(crate) struct ServerState {
    pub store: SharedStore,
    pub clock: Arc<dyn Clock>,
    pub time: TimeWatch,
    pub bus: Arc<dyn Bus>,
    pub hub: Arc<Hub>,
    pub push: Arc<Push>,
    pub beacon: BeaconRelay,
    pub bans: Arc<AddressBans>,
    pub tokens: AccessTokens,
    pub rate_limits: RateLimits,
    pub config: Config,
    pub opaque: OpaqueServer,
    pub sealing: Sealing,
    pub franking: Arc<FrankingKey>,
    pub admission: Admission,
    pub settings: Arc<RunningSettings>,
    pub incarnation: IncarnationId,
    pub bodies: BodyBudget,
    pub parts: BodyBudget,
    pub files: Files,
    pub readiness: Readiness,
    /// Somebody who may has asked the server to stop.
    pub stop_asked: Notify,
}

/// What handlers take as their `State`.
pub(crate) type App = Arc<ServerState>;

/// Gives the time; simulated runs give their own.
pub trait Clock: Send + Sync {
    /// Milliseconds since 1970.
    fn now_ms(&self) -> u64;

    /// Milliseconds since some moment before, which nobody can set.
    fn elapsed_ms(&self) -> u64;
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now_ms(&self) -> u64 {
        let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        u64::try_from(since_1970.as_millis()).unwrap_or(u64::MAX)
    }

    fn elapsed_ms(&self) -> u64 {
        static BEGINNING: LazyLock<Instant> = LazyLock::new(Instant::now);
        u64::try_from(BEGINNING.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}
