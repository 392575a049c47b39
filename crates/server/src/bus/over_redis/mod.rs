//! The bus of nodes on several machines: Redis or Valkey.
//!
//! One connection carries everything: hints out, hints in as pushes between answers, and shared counters. It has one
//! keeper, a task that makes it, and makes it anew when it is gone; meanwhile this node counts alone and hears nothing.

mod envelope;
mod keeper;

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock, PoisonError, RwLock, Weak};
use std::time::Duration;

use futures_util::future::BoxFuture;
use huis_proto::IncarnationId;
use rand::RngCore as _;
use rand::rngs::OsRng;
use redis::aio::MultiplexedConnection;
use redis::{Cmd, ErrorKind, PushInfo, PushKind, RedisError, Value};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use self::envelope::{BusKey, Opener};
use self::keeper::{Connected, Keeper, connect};
use super::counters::Counters;
use super::{Bus, BusAddress, Hint, Key, Limit, Listener, TooOften};

/// The most hints that wait to go out.
const QUEUE: usize = 4096;
/// The most bytes that these hold.
const QUEUE_BYTES: usize = 16 * 1024 * 1024;
/// How long a shared counter may take; then this node counts alone.
const PATIENCE: Duration = Duration::from_millis(300);
/// How long a node that stops waits until its last words have gone out.
const LAST_WORDS: Duration = Duration::from_secs(3);

/// Takes from a bucket as [`Buckets`](super::buckets::Buckets) does; gives by how many microseconds it was too early.
/// By the bus's own clock: between nodes whose clocks differ, a bucket would fill as often as one follows the other.
const TAKE: &str = "\
    local time = redis.call('TIME') \
    local now, interval, whole = time[1] * 1000000 + time[2], tonumber(ARGV[1]), tonumber(ARGV[2]) \
    local full = tonumber(redis.call('GET', KEYS[1]) or now) \
    full = math.min(math.max(full, now), now + whole) \
    local early = full + interval - now - whole \
    if early <= 0 then full = full + interval end \
    local lasts = math.ceil((full - now) / 1000) + 1 \
    redis.call('SET', KEYS[1], string.format('%.0f', full), 'PX', string.format('%.0f', lasts)) \
    return math.max(early, 0)";
/// The time of the one clock that all nodes share, in microseconds.
const NUMBER: &str = "local time = redis.call('TIME') return time[1] * 1000000 + time[2]";

/// A node's end.
pub(crate) struct RedisBus {
    shared: Arc<Shared>,
    keeper: JoinHandle<()>,
}

/// What the keeper and those who use the bus share.
struct Shared {
    listener: OnceLock<Weak<dyn Listener>>,
    connection: RwLock<Option<MultiplexedConnection>>,
    queue: mpsc::Sender<Word>,
    queued_bytes: AtomicUsize,
    /// A hint of this node found no way or no room.
    overflowed: AtomicBool,
    opener: Opener,
    names: Names,
    counters: Counters,
}

/// What goes out.
enum Word {
    Hint(Hint),
    /// Everything before it has gone out, when this is answered.
    Last(oneshot::Sender<()>),
}

/// How this server's things are called at the bus, where other servers' may be too.
struct Names {
    key: BusKey,
    channel: String,
}

impl RedisBus {
    /// Connects. `shared_key` is one that all nodes of the server have and nobody else; nodes of another incarnation are
    /// another server's. Where the bus does not answer, that is said once, and it is tried on.
    ///
    /// # Errors
    /// What an operator has to mend: the address, the password, or what runs there.
    pub(crate) async fn open(
        address: &BusAddress,
        shared_key: &[u8; 32],
        incarnation: IncarnationId,
    ) -> Result<Self, String> {
        let (keeper, first) = Self::begin(address, shared_key, incarnation).await?;
        Ok(Self { shared: Arc::clone(&keeper.shared), keeper: tokio::spawn(keeper.run(first)) })
    }

    /// Whether the bus answers, and does everything that is needed. No node hears of it.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub(crate) async fn answers(address: &BusAddress) -> Result<bool, String> {
        let mut key = [0; 32];
        OsRng.fill_bytes(&mut key);
        let (_, first) = Self::begin(address, &key, IncarnationId::random(&mut OsRng)).await?;
        Ok(first.is_ok())
    }

    async fn begin(
        address: &BusAddress,
        shared_key: &[u8; 32],
        incarnation: IncarnationId,
    ) -> Result<(Keeper, Result<Connected, RedisError>), String> {
        let client = address.client()?;
        if address.shows_its_password() {
            tracing::warn!("the bus's password goes to another machine without TLS; use rediss://");
        }
        let key = BusKey::of(shared_key, incarnation);
        let sealer = key.sealer(&mut OsRng);
        let channel = format!("huis:{}:hints", key.name(&[b"channel"]));
        let (queue, words) = mpsc::channel(QUEUE);
        let shared = Arc::new(Shared {
            listener: OnceLock::new(),
            connection: RwLock::default(),
            queue,
            queued_bytes: AtomicUsize::new(0),
            overflowed: AtomicBool::new(false),
            opener: key.opener(&sealer),
            names: Names { key: BusKey::of(shared_key, incarnation), channel },
            counters: Counters::default(),
        });
        let first = connect(&client, &shared).await;
        if let Err(error) = &first
            && is_for_the_operator(error)
        {
            return Err(error.to_string());
        }
        Ok((Keeper { client, shared, words, sealer }, first))
    }
}

impl Drop for RedisBus {
    fn drop(&mut self) {
        self.keeper.abort();
    }
}

impl Bus for RedisBus {
    fn listen(&self, listener: Weak<dyn Listener>) {
        // The first one stays; there is no second.
        let _ = self.shared.listener.set(listener);
    }

    fn publish(&self, hint: Hint) {
        self.shared.hear(hint.clone());
        self.shared.say(hint);
    }

    fn take(&self, limit: Limit, key: Key, now_ms: u64) -> BoxFuture<'_, Result<(), TooOften>> {
        Box::pin(self.shared.take(limit, key, now_ms))
    }

    fn number(&self) -> BoxFuture<'_, Option<u64>> {
        Box::pin(async {
            let mut command = Cmd::new();
            command.arg("EVAL").arg(NUMBER).arg(0);
            self.shared.ask(&command).await
        })
    }

    fn is_whole(&self) -> bool {
        self.shared.connection().is_some()
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {
            self.shared.say(Hint::Leaving);
            let (said, all_said) = oneshot::channel();
            if self.is_whole() && self.shared.queue.try_send(Word::Last(said)).is_ok() {
                let _ = timeout(LAST_WORDS, all_said).await;
            }
        })
    }
}

impl Shared {
    fn connection(&self) -> Option<MultiplexedConnection> {
        self.connection.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set_connection(&self, connection: Option<MultiplexedConnection>) {
        metrics::gauge!("huis_bus_up").set(if connection.is_some() { 1.0 } else { 0.0 });
        *self.connection.write().unwrap_or_else(PoisonError::into_inner) = connection;
    }

    /// Tells this node.
    fn hear(&self, hint: Hint) {
        if let Some(listener) = self.listener.get().and_then(Weak::upgrade) {
            listener.heard(hint);
        }
    }

    /// Tells the others, if they can be reached; if not, they are told that they missed something when they can.
    fn say(&self, hint: Hint) {
        if self.connection().is_none() {
            self.overflowed.store(true, Ordering::Relaxed);
            return;
        }
        let has_room = |hint: &Hint| self.queued_bytes.load(Ordering::Relaxed) + hint.size() <= QUEUE_BYTES;
        let hint = if has_room(&hint) { hint } else { hint.without_entry() };
        let size = hint.size();
        if !has_room(&hint) {
            self.overflowed.store(true, Ordering::Relaxed);
            return;
        }
        self.queued_bytes.fetch_add(size, Ordering::Relaxed);
        if self.queue.try_send(Word::Hint(hint)).is_err() {
            self.queued_bytes.fetch_sub(size, Ordering::Relaxed);
            self.overflowed.store(true, Ordering::Relaxed);
        }
    }

    /// What another node said.
    fn pushed(&self, push: &PushInfo) {
        if let (PushKind::Message, [_, Value::BulkString(sealed)]) = (&push.kind, push.data.as_slice()) {
            match self.opener.open(sealed) {
                None | Some(Hint::Alive | Hint::Leaving) => {}
                Some(hint) => self.hear(hint),
            }
        }
    }

    async fn take(&self, limit: Limit, key: Key, now_ms: u64) -> Result<(), TooOften> {
        match self.ask(&self.names.take(limit, &key)).await {
            Some(0) => {
                // So that it goes on from here where this node has to count alone.
                let _ = self.counters.take(limit, key, now_ms);
                Ok(())
            }
            Some(early_us) => Err(TooOften::by(early_us)),
            None => self.counters.take(limit, key, now_ms),
        }
    }

    /// The answer, if it comes in time.
    async fn ask(&self, command: &Cmd) -> Option<u64> {
        let mut connection = self.connection()?;
        match timeout(PATIENCE, command.query_async(&mut connection)).await {
            Ok(Ok(answer)) => Some(answer),
            Ok(Err(error)) => {
                tracing::debug!(%error, "the bus gave no answer");
                None
            }
            Err(_) => None,
        }
    }
}

impl Names {
    /// What takes from a bucket.
    fn take(&self, limit: Limit, key: &Key) -> Cmd {
        let name = self.key.name(&[b"bucket", limit.what.as_bytes(), key]);
        let mut command = Cmd::new();
        command.arg("EVAL").arg(TAKE).arg(1).arg(format!("huis:{name}"));
        command.arg(limit.rate.interval_us()).arg(limit.rate.whole_us());
        command
    }
}

/// Whether trying on would not help.
fn is_for_the_operator(error: &RedisError) -> bool {
    let is_refused = match error.code() {
        // The user may not do something within a script; but not that there are too many clients now.
        Some("ERR") => error.detail().is_none_or(|detail| !detail.starts_with("max number of clients")),
        code => matches!(code, Some("NOAUTH" | "WRONGPASS" | "NOPERM" | "MOVED")),
    };
    is_refused
        || matches!(
            error.kind(),
            ErrorKind::AuthenticationFailed | ErrorKind::InvalidClientConfig | ErrorKind::RESP3NotSupported
        )
}
