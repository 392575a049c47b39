//! What Huis costs: a load generator against a real server process (how fast messages are delivered, how long one
//! takes, what that costs the server; ciphertext is made up there), a client's sealing and opening with MLS, and the
//! terminal chat over a long conversation. It also says what the figures of the web app need to be said.

mod carrying;
mod chat;
mod device;
mod files;
mod half_requests;
mod idle;
mod line;
mod load;
mod machine;
mod nodes;
mod people;
mod person;
mod process_costs;
mod saying;
mod sealing;
mod server_process;
mod shared;
mod spread;
mod suite;
mod throughput;

use std::path::PathBuf;

use clap::{Parser, Subcommand};
use serde_json::Value;

/// Measures Huis and prints one line of JSON for each measurement.
#[derive(Debug, Parser)]
#[command(name = "huis-bench", args_conflicts_with_subcommands = true)]
struct Args {
    #[command(subcommand)]
    what: Option<What>,
    #[command(flatten)]
    load: throughput::Args,
    /// Instead of messages: hold this many idle connections, and say what they cost
    #[arg(long, conflicts_with = "url")]
    idle: Option<u32>,
    /// Instead of messages: open this many connections from one address, each with half a request, to a server with the
    /// limits that it has by itself, and say what its memory grows by
    #[arg(long, conflicts_with_all = ["idle", "tls", "url"])]
    half_requests: Option<u32>,
    #[command(flatten)]
    server: ServerArgs,
}

/// What is measured, where it is not the delivery of messages.
#[derive(Debug, Subcommand)]
enum What {
    /// Sealing and opening with MLS, without and with a client's database; bringing members in
    Sealing(sealing::Args),
    /// Sealing and opening files in memory
    Files(files::Args),
    /// Files through the server, by the commands, beside a copy, scp and age
    Carry {
        #[command(flatten)]
        carry: carrying::Args,
        /// The program that is measured, and serves; by default `huis` beside this one
        #[arg(long)]
        server_binary: Option<PathBuf>,
    },
    /// The terminal chat over a long conversation: its start, its memory, scrolling back
    Chat {
        #[command(flatten)]
        chat: chat::Args,
        /// The program that is measured, and serves; by default `huis` beside this one
        #[arg(long)]
        server_binary: Option<PathBuf>,
    },
    /// Measures nothing itself: has the engine of a profile say many messages, for others to hear
    Say(saying::Args),
    /// Everything that docs/performance.md states but the web app: delivery, idle connections, sealing, files, the chat; with the machine
    All {
        #[command(flatten)]
        sealing: sealing::Args,
        /// The program whose `serve` is measured; by default `huis` beside this one
        #[arg(long)]
        server_binary: Option<PathBuf>,
    },
}

/// The server that is measured.
#[derive(Debug, Clone, Default, clap::Args)]
struct ServerArgs {
    /// Speak TLS with the server that is started
    #[arg(long)]
    tls: bool,
    /// The program whose `serve` is measured; by default `huis` beside this one
    #[arg(long)]
    server_binary: Option<PathBuf>,
    /// Measure the running server at this address instead; what it costs stays unknown
    #[arg(long, conflicts_with_all = ["server_binary", "tls"])]
    url: Option<String>,
    /// The running server's access passphrase
    #[arg(long, requires = "url")]
    access_passphrase: Option<String>,
    /// The folder for the server's data; by default a new one among the temporary files
    #[arg(long, conflicts_with = "url")]
    data: Option<PathBuf>,
}

/// The access passphrase of a server that this program starts: nobody else reaches that server.
const PASSPHRASE: &str = "bench bench bench bench bench bench";

fn main() -> anyhow::Result<()> {
    let Args { what, load, idle, half_requests, server } = Args::parse();
    #[expect(clippy::print_stdout, reason = "the result is what this program is for")]
    let mut print = |line: Value| println!("{line}");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        match (what, idle) {
            (Some(What::Sealing(args)), _) => sealing::measure(&args, &mut print)?,
            (Some(What::Files(args)), _) => files::measure(&args, &mut print)?,
            (Some(What::Carry { carry, server_binary }), _) => {
                let server = ServerArgs { server_binary, ..ServerArgs::default() };
                carrying::measure(&server, &carry, &mut print).await?;
            }
            (Some(What::Chat { chat, server_binary }), _) => {
                let server = ServerArgs { server_binary, ..ServerArgs::default() };
                print(chat::measure(&server, &chat).await?);
            }
            (Some(What::Say(args)), _) => saying::say(&args, &mut print).await?,
            (Some(What::All { sealing, server_binary }), _) => {
                let server = ServerArgs { server_binary, ..ServerArgs::default() };
                suite::measure(&server, &sealing, &mut print).await?;
            }
            (None, Some(count)) => print(idle::measure(&server, count).await?),
            (None, None) => match half_requests {
                Some(count) => print(half_requests::measure(&server, count).await?),
                None => print(throughput::measure(&server, &load).await?),
            },
        }
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_arguments_are_without_contradiction() {
        Args::command().debug_assert();
        let parsed = |words: &str| Args::try_parse_from(words.split(' '));
        assert!(parsed("huis-bench --pairs 5 --window 16 --messages 150000").is_ok());
        assert!(parsed("huis-bench --postgres-nodes 3 --pairs 5 --window 16").is_ok());
        assert!(parsed("huis-bench --idle 8000 --tls").is_ok());
        assert!(parsed("huis-bench --half-requests 20000").is_ok());
        assert!(parsed("huis-bench sealing --leaves 2,200 --iterations 10").is_ok());
        assert!(parsed("huis-bench chat --messages 1000 --runs 1 --pages 5").is_ok());
        assert!(parsed("huis-bench files --mib 64 --runs 3").is_ok());
        assert!(parsed("huis-bench carry --mib 64 --runs 1").is_ok());
        assert!(parsed("huis-bench say #lobby --profile p --messages 10 --pause-ms 5").is_ok());
        assert!(parsed("huis-bench all --server-binary huis").is_ok());
        assert!(parsed("huis-bench --idle 8000 --url http://localhost").is_err());
        assert!(parsed("huis-bench --half-requests 20000 --url http://localhost").is_err());
        assert!(parsed("huis-bench --half-requests 20000 --tls").is_err());
        assert!(parsed("huis-bench --postgres-nodes 1 --url http://localhost").is_err());
        assert!(parsed("huis-bench sealing --leaves 1").is_err());
        assert!(parsed("huis-bench chat --messages 10").is_err());
    }
}
