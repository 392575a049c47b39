//! A load generator against a real server process: how fast messages are delivered, how long one takes, and what that
//! costs the server. Ciphertext is made up: nothing here seals anything.

mod idle;
mod line;
mod load;
mod people;
mod server_process;

use std::path::PathBuf;

use anyhow::Context as _;
use clap::Parser;
use serde::Serialize;

use line::Server;
use server_process::ServerProcess;

/// Measures a Huis server and prints one line of JSON.
#[derive(Debug, Parser)]
#[command(name = "huis-bench")]
struct Args {
    /// How many pairs talk at the same time, one direction each
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=100))]
    pairs: u32,
    /// How many messages are delivered, over all pairs
    #[arg(long, default_value_t = 100_000)]
    messages: u64,
    /// Bytes of ciphertext in each message
    #[arg(long, default_value_t = 256)]
    size: usize,
    /// How many messages of a pair are on their way at the same time
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u32).range(1..=64))]
    window: u32,
    /// Instead of messages: hold this many idle connections, and say what they cost
    #[arg(long)]
    idle: Option<u32>,
    /// Speak TLS with the server that is started
    #[arg(long)]
    tls: bool,
    /// The program whose `serve` is measured; by default `huis` beside this one
    #[arg(long)]
    server_binary: Option<PathBuf>,
    /// Measure the running server at this address instead; what it costs stays unknown
    #[arg(long, conflicts_with_all = ["server_binary", "idle", "tls"])]
    url: Option<String>,
    /// The running server's access passphrase
    #[arg(long, requires = "url")]
    access_passphrase: Option<String>,
    /// The folder for the server's data; by default a new one among the temporary files
    #[arg(long, conflicts_with = "url")]
    data: Option<PathBuf>,
}

/// What is printed.
#[derive(Serialize)]
struct Report {
    system: &'static str,
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

/// The access passphrase of a server that this program starts: nobody else reaches that server.
const PASSPHRASE: &str = "bench bench bench bench bench bench";

fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let line = runtime.block_on(run(&args))?;
    #[expect(clippy::print_stdout, reason = "the result is what this program is for")]
    {
        println!("{line}");
    }
    Ok(())
}

async fn run(args: &Args) -> anyhow::Result<String> {
    if let Some(count) = args.idle {
        let report = idle::measure(args, count).await?;
        return Ok(serde_json::to_string(&report)?);
    }
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
    let pairs = people::pairs(&server, passphrase, args.pairs).await.context("cannot make the accounts")?;
    let before = process.as_ref().map(ServerProcess::cpu_seconds).transpose()?;
    let measured = load::run(&server, pairs, args).await?;
    let cpu = match (&process, before) {
        (Some(process), Some(before)) => Some(process.cpu_seconds()? - before),
        _ => None,
    };
    let report = Report {
        system: "huis",
        pairs: args.pairs,
        messages: measured.messages,
        size: args.size,
        window: args.window,
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
    Ok(serde_json::to_string(&report)?)
}
