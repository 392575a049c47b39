//! `huis chat` over a long conversation: the real program in a terminal, on a profile that holds all of it.

mod people;
mod terminal;

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use serde::Serialize;
use serde_json::Value;

use self::terminal::Terminal;
use crate::ServerArgs;
use crate::person::Person;
use crate::process_costs::{self, Memory};
use crate::server_process::{self, ServerProcess};
use crate::spread::{median_line, percentile};

/// Columns and rows of the terminal.
const SIZE: (u16, u16) = (120, 40);
/// How long the program is left alone before its memory is looked at: it connects meanwhile.
const SETTLES: Duration = Duration::from_secs(1);
/// How long it is watched while nobody does anything.
const IDLES: Duration = Duration::from_secs(5);
/// So many messages fit on a page at most: nobody scrolls past the first one.
const MESSAGES_A_PAGE: u32 = SIZE.1 as u32;
const PAGE_UP: &str = "\x1b[5~";

/// How long the conversation is, and what is done with it.
#[derive(Debug, Clone, clap::Args)]
#[group(id = "chat")]
pub(crate) struct Args {
    /// How many messages the conversation has
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u32).range(100..))]
    pub(crate) messages: u32,
    /// How often the program is started; the medians are printed
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) runs: u32,
    /// How many pages it scrolls up in each run
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) pages: u32,
}

/// What is printed.
#[derive(Serialize)]
struct Report {
    system: &'static str,
    measurement: &'static str,
    messages: u32,
    columns: u16,
    rows: u16,
    database_mb: f64,
    /// From the start of the process until the newest message stands on the screen.
    start_ms: f64,
    start_pss_kb: u64,
    start_rss_kb: u64,
    pages: usize,
    /// From the key until the screen shows other messages.
    page_p50_ms: f64,
    page_p95_ms: f64,
    page_longest_ms: f64,
    scrolled_pss_kb: u64,
    scrolled_rss_kb: u64,
    idle_s: f64,
    idle_cpu_ms: f64,
}

/// Makes the conversation and starts the program on it several times; one line with the medians.
pub(crate) async fn measure(server: &ServerArgs, args: &Args) -> anyhow::Result<Value> {
    let program = server_process::program(server.server_binary.as_deref())?;
    let folder = tempfile::tempdir()?;
    let process = ServerProcess::start(Some(&program), server.data.as_deref(), server.tls).await?;
    let writer = Person::register(&program, folder.path(), "writer", &process.url)?;
    let reader = Person::register(&program, folder.path(), "reader", &process.url)?;
    eprintln!("a conversation of {} messages is being made", args.messages);
    people::talk(&writer, &reader, args.messages).await.context("the conversation was not made")?;
    let mut runs = Vec::new();
    for run in 1..=args.runs {
        eprintln!("chat over {} messages, run {run} of {}", args.messages, args.runs);
        runs.push(serde_json::to_value(one_run(&program, &reader, args)?)?);
    }
    process.stop().await?;
    median_line(&runs).context("nothing was measured")
}

fn one_run(program: &Path, reader: &Person, args: &Args) -> anyhow::Result<Report> {
    let database_bytes = std::fs::metadata(reader.database())?.len();
    let began = Instant::now();
    let mut terminal = Terminal::open(reader.program(program).arg("chat"), SIZE)?;
    let newest = people::text(args.messages);
    let shown_at = terminal.wait("the newest message", |screen| screen.contains(&newest))?;
    let start = shown_at - began;
    std::thread::sleep(SETTLES);
    let at_start = process_costs::memory(terminal.pid())?;
    let mut pages = Vec::new();
    for _ in 0..args.pages.min(args.messages / MESSAGES_A_PAGE) {
        let before = people::numbers(&terminal.screen());
        let pressed = Instant::now();
        terminal.types(PAGE_UP)?;
        let is_another = |screen: &str| {
            let numbers = people::numbers(screen);
            !numbers.is_empty() && numbers != before
        };
        pages.push(terminal.wait("another page", is_another)? - pressed);
    }
    let Memory { pss_kb, rss_kb } = process_costs::memory(terminal.pid())?;
    let cpu = process_costs::cpu_seconds(terminal.pid())?;
    std::thread::sleep(IDLES);
    let idle_cpu = process_costs::cpu_seconds(terminal.pid())? - cpu;
    terminal.types("exit\r")?;
    terminal.ends()?;
    pages.sort_unstable();
    let page = |part| percentile(&pages, part).map(ms).context("no page was scrolled");
    Ok(Report {
        system: "huis",
        measurement: "chat",
        messages: args.messages,
        columns: SIZE.0,
        rows: SIZE.1,
        database_mb: database_bytes as f64 / 1e6,
        start_ms: ms(start),
        start_pss_kb: at_start.pss_kb,
        start_rss_kb: at_start.rss_kb,
        pages: pages.len(),
        page_p50_ms: page(0.5)?,
        page_p95_ms: page(0.95)?,
        page_longest_ms: page(1.0)?,
        scrolled_pss_kb: pss_kb,
        scrolled_rss_kb: rss_kb,
        idle_s: IDLES.as_secs_f64(),
        idle_cpu_ms: idle_cpu * 1000.0,
    })
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}
