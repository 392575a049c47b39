//! How fast messages are delivered, how long one takes, and what that costs the server.

use anyhow::Context as _;
use serde::Serialize;
use serde_json::Value;

use crate::line::Server;
use crate::server_process::ServerProcess;
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
}

/// What is printed.
#[derive(Serialize)]
struct Report {
    system: &'static str,
    measurement: &'static str,
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
}

/// Delivers messages.
pub(crate) async fn measure(args: &ServerArgs, load: &Args) -> anyhow::Result<Value> {
    let process = match &args.url {
        Some(_) => None,
        None => {
            let (binary, data) = (args.server_binary.as_deref(), args.data.as_deref());
            Some(ServerProcess::start(binary, data, args.tls).await?)
        }
    };
    let server = match (&process, &args.url) {
        (Some(process), _) => process.server.clone(),
        (None, Some(url)) => Server::parse(url)?,
        (None, None) => anyhow::bail!("neither a server nor an address"),
    };
    let passphrase = args.access_passphrase.as_deref().unwrap_or(PASSPHRASE);
    let pairs = people::pairs(&server, passphrase, load.pairs).await.context("cannot make the accounts")?;
    let before = process.as_ref().map(ServerProcess::cpu_seconds).transpose()?;
    let measured = load::run(&server, pairs, load).await?;
    let cpu = match (&process, before) {
        (Some(process), Some(before)) => Some(process.cpu_seconds()? - before),
        _ => None,
    };
    let report = Report {
        system: "huis",
        measurement: "delivery",
        pairs: load.pairs,
        messages: measured.messages,
        size: load.size,
        window: load.window,
        tls: args.tls,
        msgs_per_s: measured.messages as f64 / measured.seconds,
        p50_ms: measured.p50_ms,
        p99_ms: measured.p99_ms,
        server_pss_kb: process.as_ref().map(ServerProcess::pss_kb).transpose()?,
        server_cpu_s: cpu,
        server_cpu_ms_per_message: cpu.map(|seconds| seconds * 1000.0 / measured.messages as f64),
    };
    if let Some(process) = process {
        process.stop().await?;
    }
    Ok(serde_json::to_value(report)?)
}
