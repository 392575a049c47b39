//! Half requests: what the server holds when one address opens very many connections and says half of something on each.
//!
//! The server has the limits that it has by itself. It takes connections in the order in which they came, and closes at
//! once those that it has no room for: so when a connection behind them has got its answer, or was closed as well, all
//! before it are decided, and no time has to be waited out.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use serde::Serialize;
use serde_json::Value;

use crate::ServerArgs;
use crate::idle::raise_open_files;
use crate::server_process::ServerProcess;

/// What is said on each connection.
const HALF: &[u8] = b"GET /api/v1/server HTTP/1.1\r\nhost: bench\r\nx-half: ";
/// A request that the server answers, if it takes the connection.
const WHOLE: &[u8] = b"GET /api/v1/server HTTP/1.1\r\nhost: bench\r\nconnection: close\r\n\r\n";
/// How many are opened one behind the other: fewer than may wait to be taken.
const AT_ONCE: u32 = 500;
/// Behind half a minute the server closes those on which no more is said.
const PATIENCE: Duration = Duration::from_secs(25);
/// How long one connection or answer may take.
const ANSWER: Duration = Duration::from_secs(10);

/// What is printed.
#[derive(Serialize)]
struct Report {
    system: &'static str,
    measurement: &'static str,
    connections: u32,
    refused: u32,
    held: usize,
    opened_in_s: f64,
    server_idle_pss_kb: u64,
    server_pss_kb: u64,
    /// With the connections that it holds.
    server_growth_kb: u64,
    /// The growth of the most that it ever had.
    server_peak_growth_kb: u64,
}

/// The connections of one address.
#[derive(Default)]
struct Opened {
    held: Vec<TcpStream>,
    refused: u32,
}

/// Opens `count` connections and looks at the server.
pub(crate) async fn measure(args: &ServerArgs, count: u32) -> anyhow::Result<Value> {
    raise_open_files();
    let process = ServerProcess::start_with_own_limits(args.server_binary.as_deref(), args.data.as_deref()).await?;
    let address = process.server.address();
    // Its first answer costs the server what is made once.
    tokio::task::spawn_blocking(move || ask(address)).await??;
    let (idle_pss_kb, idle_peak_kb) = (process.pss_kb()?, process.peak_kb()?);
    let began = Instant::now();
    let opened = tokio::task::spawn_blocking(move || open(address, count)).await??;
    let opened_in = began.elapsed();
    let (pss_kb, peak_kb) = (process.pss_kb()?, process.peak_kb()?);
    ensure!(began.elapsed() < PATIENCE, "opening them took {opened_in:?}: the first ones may be closed by now");
    let report = Report {
        system: "huis",
        measurement: "half-requests",
        connections: count,
        refused: opened.refused,
        held: opened.held.len(),
        opened_in_s: opened_in.as_secs_f64(),
        server_idle_pss_kb: idle_pss_kb,
        server_pss_kb: pss_kb,
        server_growth_kb: pss_kb.saturating_sub(idle_pss_kb),
        server_peak_growth_kb: peak_kb.saturating_sub(idle_peak_kb),
    };
    drop(opened);
    process.stop().await?;
    Ok(serde_json::to_value(report)?)
}

fn open(address: SocketAddr, count: u32) -> anyhow::Result<Opened> {
    let mut opened = Opened::default();
    let mut left = count;
    while left > 0 {
        let now = left.min(AT_ONCE);
        for _ in 0..now {
            let mut stream =
                TcpStream::connect_timeout(&address, ANSWER).context("a connection could not be opened")?;
            // It may be refused by now.
            let _ = stream.write_all(HALF);
            stream.set_nonblocking(true)?;
            opened.held.push(stream);
        }
        ask(address)?;
        opened.let_go_of_refused();
        left -= now;
    }
    Ok(opened)
}

/// Waits until the server has answered on a connection of its own, or has refused that.
fn ask(address: SocketAddr) -> anyhow::Result<()> {
    let mut stream = TcpStream::connect_timeout(&address, ANSWER).context("a connection could not be opened")?;
    stream.set_read_timeout(Some(ANSWER))?;
    let _ = stream.write_all(WHOLE);
    match stream.read_to_end(&mut Vec::new()) {
        Err(error) if is_waiting(error.kind()) => Err(error).context("the server does not answer"),
        _ => Ok(()),
    }
}

impl Opened {
    /// The server says nothing on a connection that it holds, as nothing whole was said to it.
    fn let_go_of_refused(&mut self) {
        let before = self.held.len();
        self.held.retain_mut(|stream| stream.read(&mut [0]).is_err_and(|error| is_waiting(error.kind())));
        self.refused += (before - self.held.len()) as u32;
    }
}

fn is_waiting(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::WouldBlock | ErrorKind::TimedOut)
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    /// Holds the first `room` connections and closes all others.
    fn server(room: usize) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || {
            let mut held = Vec::new();
            for stream in listener.incoming() {
                if held.len() < room {
                    held.push(stream.unwrap());
                }
            }
        });
        address
    }

    #[test]
    fn those_that_a_server_holds_and_those_that_it_refuses_are_told_apart() {
        let opened = open(server(7), 2 * AT_ONCE + 1).unwrap();
        assert_eq!((opened.held.len(), opened.refused), (7, 2 * AT_ONCE + 1 - 7));
    }
}
