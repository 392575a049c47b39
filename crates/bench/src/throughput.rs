//! How fast messages are delivered, how long one takes, and what that costs the server.

use anyhow::Context as _;
use serde::Serialize;
use serde_json::Value;

use crate::line::Server;
use crate::nodes::Nodes;
use crate::shared::{self, Durability, Shared, Used};
use crate::{PASSPHRASE, ServerArgs, load, people};

/// How much is sent.
#[derive(Debug, Clone, clap::Args)]
#[group(id = "load")]
pub(crate) struct Args {
    /// How many pairs talk at the same time, one direction each
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub(crate) pairs: u32,
    /// How many messages are delivered, over all pairs
    #[arg(long, default_value_t = 100_000)]
    pub(crate) messages: u64,
    /// Bytes of ciphertext in each message
    #[arg(long, default_value_t = 256)]
    pub(crate) size: usize,
    /// How many messages of a pair are on their way at the same time
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u32).range(1..=64))]
    pub(crate) window: u32,
    /// Instead of one process on SQLite: so many nodes on a PostgreSQL and a Redis that are started for them
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=9))]
    #[arg(conflicts_with_all = ["url", "data", "idle"])]
    pub(crate) postgres_nodes: u32,
}

/// What is printed.
#[derive(Serialize)]
struct Report {
    system: &'static str,
    measurement: &'static str,
    store: Option<&'static str>,
    nodes: Option<u32>,
    pairs: u32,
    messages: u64,
    size: usize,
    window: u32,
    tls: bool,
    msgs_per_s: f64,
    p50_ms: f64,
    p99_ms: f64,
    server_pss_kb: Option<u64>,
    server_cpu_s: Option<f64>,
    server_cpu_ms_per_message: Option<f64>,
    database_cpu_ms_per_message: Option<f64>,
    bus_cpu_ms_per_message: Option<f64>,
    #[serde(flatten)]
    durability: Option<Durability>,
}

/// Delivers messages.
pub(crate) async fn measure(args: &ServerArgs, load: &Args) -> anyhow::Result<Value> {
    let shared = match load.postgres_nodes {
        0 => None,
        _ => Some(Shared::start().context("nodes need PostgreSQL and Redis")?),
    };
    let database = shared.as_ref().map(Shared::database);
    let settings = shared.as_ref().zip(database.as_ref()).map(|(shared, database)| shared.settings(database));
    let nodes = match &args.url {
        Some(_) => None,
        None => Some(Nodes::start(args, load.postgres_nodes, &settings.unwrap_or_default()).await?),
    };
    let servers = match (&nodes, &args.url) {
        (Some(nodes), _) => nodes.servers(),
        (None, Some(url)) => vec![Server::parse(url)?],
        (None, None) => anyhow::bail!("neither a server nor an address"),
    };
    let first = servers.first().context("there is no server")?;
    let passphrase = args.access_passphrase.as_deref().unwrap_or(PASSPHRASE);
    let pairs = people::pairs(first, passphrase, load.pairs).await.context("cannot make the accounts")?;
    database.as_ref().map(shared::forget_syncs);
    let before = Costs::of(nodes.as_ref(), shared.as_ref())?;
    let measured = load::run(&servers, pairs, load).await?;
    let costs = Costs::of(nodes.as_ref(), shared.as_ref())?.since(&before);
    let pss_kb = nodes.as_ref().map(Nodes::pss_kb).transpose()?;
    let count = servers.len() as u32;
    let store = nodes.is_some().then_some(if shared.is_some() { "PostgreSQL" } else { "SQLite" });
    if let Some(nodes) = nodes {
        nodes.stop().await?;
    }
    let per_message = |seconds: f64| seconds * 1000.0 / measured.messages as f64;
    let report = Report {
        system: "huis",
        measurement: "delivery",
        store,
        nodes: store.map(|_| count),
        pairs: load.pairs,
        messages: measured.messages,
        size: load.size,
        window: load.window,
        tls: args.tls,
        msgs_per_s: measured.messages as f64 / measured.seconds,
        p50_ms: measured.p50_ms,
        p99_ms: measured.p99_ms,
        server_pss_kb: pss_kb,
        server_cpu_s: costs.server_s,
        server_cpu_ms_per_message: costs.server_s.map(per_message),
        database_cpu_ms_per_message: costs.shared.map(|used| per_message(used.database_s)),
        bus_cpu_ms_per_message: costs.shared.map(|used| per_message(used.bus_s)),
        durability: database.as_ref().map(shared::durability),
    };
    Ok(serde_json::to_value(report)?)
}

/// Processor time, in seconds, of what was started for the measurement.
struct Costs {
    server_s: Option<f64>,
    shared: Option<Used>,
}

impl Costs {
    fn of(nodes: Option<&Nodes>, shared: Option<&Shared>) -> anyhow::Result<Self> {
        Ok(Self { server_s: nodes.map(Nodes::cpu_seconds).transpose()?, shared: shared.map(Shared::used).transpose()? })
    }

    fn since(&self, before: &Self) -> Self {
        let used = |now: Used, then: Used| Used {
            database_s: now.database_s - then.database_s,
            bus_s: now.bus_s - then.bus_s,
        };
        Self {
            server_s: self.server_s.zip(before.server_s).map(|(now, then)| now - then),
            shared: self.shared.zip(before.shared).map(|(now, then)| used(now, then)),
        }
    }
}
