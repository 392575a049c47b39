//! Makes the connection, sends what is said over it, notices when it is gone, and makes it anew.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, Cmd, Pipeline, PushInfo, PushKind, RedisError};
use tokio::sync::{Notify, mpsc};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};

use super::envelope::Sealer;
use super::{Shared, Word};
use crate::bus::{Hint, Key, Limit, Rate};

/// How many hints go out with one write.
const BATCH: usize = 64;
/// How often a node says that it lives, which also shows whether the bus does.
const ALIVE: Duration = Duration::from_secs(2);
/// After so long without a word another node is missed, and again after as long.
const SILENCE: Duration = Duration::from_secs(7);
/// After so long it is given up.
const GIVEN_UP: Duration = Duration::from_secs(600);
const CONNECT: Duration = Duration::from_secs(3);
const ANSWER: Duration = Duration::from_secs(2);
/// What is waited between two attempts to connect, at first and at most. Only a connection that lasted for a while begins
/// at the first again: one that comes and goes would fill the log, and keep all nodes looking.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(2));
const A_WHILE: Duration = Duration::from_secs(10);

/// A connection that hears.
pub(super) struct Connected {
    connection: MultiplexedConnection,
    is_gone: Arc<Notify>,
}

pub(super) struct Keeper {
    pub(super) client: Client,
    pub(super) shared: Arc<Shared>,
    pub(super) words: mpsc::Receiver<Word>,
    pub(super) sealer: Sealer,
}

/// Connects, and returns when the other nodes are heard and everything that is needed is seen to work.
pub(super) async fn connect(client: &Client, shared: &Arc<Shared>) -> Result<Connected, RedisError> {
    let is_gone = Arc::new(Notify::new());
    let (heard, gone) = (Arc::downgrade(shared), Arc::clone(&is_gone));
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(CONNECT))
        .set_response_timeout(Some(ANSWER))
        .set_push_sender(move |push: PushInfo| {
            if push.kind == PushKind::Disconnection {
                gone.notify_one();
            } else if let Some(shared) = heard.upgrade() {
                shared.pushed(&push);
            }
            Ok::<_, redis::aio::SendError>(())
        });
    let mut connection = client.get_multiplexed_async_connection_with_config(&config).await?;
    connection.subscribe(&shared.names.channel).await?;
    // A replica, or a user who may not do all this, would be no bus.
    let probe = Limit { what: "probe", rate: Rate::per_second(u32::MAX, 1), capacity: 1 };
    let _: u64 = shared.names.take(probe, &Key::default()).query_async(&mut connection).await?;
    let _: u64 = publish(&shared.names.channel, Vec::new()).query_async(&mut connection).await?;
    Ok(Connected { connection, is_gone })
}

impl Keeper {
    /// Runs for as long as the node.
    pub(super) async fn run(mut self, first: Result<Connected, RedisError>) {
        let mut attempt = first;
        // Only what was said before can be missed.
        let mut has_gap = attempt.is_err();
        let mut is_told = false;
        let mut pause = PAUSES.0;
        loop {
            match attempt {
                Ok(connected) => {
                    if is_told {
                        tracing::info!("the bus is back");
                    }
                    let since = Instant::now();
                    let error = self.serve(connected, has_gap).await;
                    if since.elapsed() >= A_WHILE {
                        pause = PAUSES.0;
                    }
                    (has_gap, is_told) = (true, true);
                    tracing::warn!(%error, "the bus is gone: this node looks at the store now and then until it is back");
                    self.shared.hear(Hint::Missed);
                }
                Err(error) if is_told => tracing::debug!(%error, "the bus is still gone"),
                Err(error) => {
                    is_told = true;
                    self.shared.set_connection(None);
                    tracing::warn!(%error, "the bus does not answer: this node looks at the store now and then until it does");
                    self.shared.hear(Hint::Missed);
                }
            }
            sleep(pause).await;
            pause = (pause * 2).min(PAUSES.1);
            attempt = connect(&self.client, &self.shared).await;
        }
    }

    /// Sends what is said until the connection is gone; gives why.
    async fn serve(&mut self, connected: Connected, has_gap: bool) -> RedisError {
        let Connected { mut connection, is_gone } = connected;
        // What waited since before is told by the one word that something was missed.
        while let Ok(word) = self.words.try_recv() {
            self.taken(&word);
        }
        self.shared.set_connection(Some(connection.clone()));
        let error = match self.greet(&mut connection, has_gap).await {
            Ok(()) => self.send_on(&mut connection, &is_gone).await,
            Err(error) => error,
        };
        self.shared.set_connection(None);
        error
    }

    async fn greet(&mut self, connection: &mut MultiplexedConnection, has_gap: bool) -> Result<(), RedisError> {
        let was_unheard = self.shared.overflowed.swap(false, Ordering::Relaxed);
        let greeting = if has_gap || was_unheard { Hint::Missed } else { Hint::Alive };
        if has_gap {
            self.shared.hear(Hint::Missed);
        }
        self.send(connection, &[Word::Hint(greeting)]).await
    }

    async fn send_on(&mut self, connection: &mut MultiplexedConnection, is_gone: &Notify) -> RedisError {
        let mut ticks = interval(ALIVE);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut words = Vec::with_capacity(BATCH);
        loop {
            let is_time = tokio::select! {
                () = is_gone.notified() => return closed(),
                _ = self.words.recv_many(&mut words, BATCH) => false,
                _ = ticks.tick() => true,
            };
            for word in &words {
                self.taken(word);
            }
            if is_time {
                words.push(Word::Hint(Hint::Alive));
                if self.shared.opener.misses_one(SILENCE, GIVEN_UP) {
                    self.shared.hear(Hint::Missed);
                }
            }
            if self.shared.overflowed.swap(false, Ordering::Relaxed) {
                words.push(Word::Hint(Hint::Missed));
            }
            if let Err(error) = self.send(connection, &words).await {
                return error;
            }
            for word in words.drain(..) {
                if let Word::Last(said) = word {
                    let _ = said.send(());
                }
            }
        }
    }

    fn taken(&self, word: &Word) {
        if let Word::Hint(hint) = word {
            self.shared.queued_bytes.fetch_sub(hint.size(), Ordering::Relaxed);
        }
    }

    async fn send(&mut self, connection: &mut MultiplexedConnection, words: &[Word]) -> Result<(), RedisError> {
        let mut pipeline = Pipeline::with_capacity(words.len());
        for word in words {
            if let Word::Hint(hint) = word
                && let Some(sealed) = self.sealer.seal(hint)
            {
                pipeline.add_command(publish(&self.shared.names.channel, sealed)).ignore();
            }
        }
        if pipeline.is_empty() { Ok(()) } else { pipeline.query_async(connection).await }
    }
}

fn publish(channel: &str, sealed: Vec<u8>) -> Cmd {
    let mut command = Cmd::new();
    command.arg("PUBLISH").arg(channel).arg(sealed);
    command
}

fn closed() -> RedisError {
    std::io::Error::from(std::io::ErrorKind::ConnectionReset).into()
}
