//! Everything that `docs/performance.md` states, in one run.

use serde_json::Value;

use crate::machine::Machine;
use crate::shared::Shared;
use crate::spread::median_line;
use crate::{ServerArgs, carrying, chat, files, half_requests, idle, sealing, throughput};

/// Runs of what is stated as the median of five.
const RUNS: u32 = 5;
/// Runs of what varies less, or takes longer.
const FEW_RUNS: u32 = 3;
/// Connections of one address.
const HALF_REQUESTS: u32 = 20_000;
/// Messages of the conversation that is shown: fewer than what is stated of the longest one, which takes many minutes to
/// be made.
const CHAT_MESSAGES: u32 = 20_000;

/// Measures everything, and prints each line by `print`: of what is repeated each run, then the line of the medians.
pub(crate) async fn measure(
    server: &ServerArgs,
    sealing: &sealing::Args,
    print: &mut dyn FnMut(Value),
) -> anyhow::Result<()> {
    print(serde_json::to_value(Machine::look()?)?);
    // One process on SQLite, and nodes on PostgreSQL and Redis.
    let shapes = [0, 1, 3];
    let shapes = if Shared::start().is_some() { &shapes[..] } else { &shapes[..1] };
    let delivery = shapes.iter().flat_map(|&postgres_nodes| {
        let (many, few) = if postgres_nodes == 0 { (150_000, 6000) } else { (100_000, 3000) };
        [
            (RUNS, throughput::Args { pairs: 5, window: 16, messages: many, size: 256, postgres_nodes }),
            (FEW_RUNS, throughput::Args { pairs: 1, window: 1, messages: few, size: 256, postgres_nodes }),
        ]
    });
    for (runs, load) in delivery {
        let mut lines = Vec::new();
        for run in 1..=runs {
            let on = match load.postgres_nodes {
                0 => "SQLite".to_owned(),
                nodes => format!("PostgreSQL, nodes: {nodes}"),
            };
            eprintln!("delivery on {on}, {} pairs, window {}, run {run} of {runs}", load.pairs, load.window);
            let line = throughput::measure(server, &load).await?;
            print(line.clone());
            lines.push(line);
        }
        median_line(&lines).into_iter().for_each(&mut *print);
    }
    for (count, tls) in [(8000, false), (2000, true)] {
        let server = ServerArgs { tls, data: None, ..server.clone() };
        let mut lines = Vec::new();
        for run in 1..=FEW_RUNS {
            eprintln!("{count} idle connections, {}, run {run} of {FEW_RUNS}", if tls { "TLS" } else { "plain" });
            let line = idle::measure(&server, count).await?;
            print(line.clone());
            lines.push(line);
        }
        median_line(&lines).into_iter().for_each(&mut *print);
    }
    let mut lines = Vec::new();
    for run in 1..=FEW_RUNS {
        eprintln!("{HALF_REQUESTS} connections with half a request, run {run} of {FEW_RUNS}");
        let line = half_requests::measure(&ServerArgs { data: None, ..server.clone() }, HALF_REQUESTS).await?;
        print(line.clone());
        lines.push(line);
    }
    median_line(&lines).into_iter().for_each(&mut *print);
    sealing::measure(sealing, print)?;
    files::measure(&files::Args::stated(), print)?;
    carrying::measure(server, &carrying::Args::stated(), print).await?;
    let long = chat::Args { messages: CHAT_MESSAGES, runs: RUNS, pages: 200 };
    print(chat::measure(server, &long).await?);
    Ok(())
}
