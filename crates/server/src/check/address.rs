//! The addresses to listen on: free, or held by the very server that runs on this folder.

use std::io::ErrorKind;
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::Said;
use super::scene::{Database, Scene};
use crate::config::Tls;

/// How long whoever holds the address may take to say who it is.
const PATIENCE: Duration = Duration::from_secs(3);
/// The longest answer that is read.
const LONGEST_ANSWER: u64 = 64 * 1024;

pub(super) async fn look(scene: &Scene<'_>) -> Vec<Said> {
    let config = scene.config;
    let mut said = vec![match TcpListener::bind(config.listen) {
        Ok(_) => free(config.listen),
        Err(error) if error.kind() == ErrorKind::AddrInUse && matches!(scene.is_held, Ok(true)) => held(scene).await,
        Err(error) => refused(config.listen, &error, "listen"),
    }];
    if let Some(address) = config.metrics_listen {
        match TcpListener::bind(address) {
            Ok(_) => said.push(free(address)),
            // It is asked for nothing but metrics, which do not say whose they are.
            Err(error) if error.kind() == ErrorKind::AddrInUse && matches!(scene.is_held, Ok(true)) => {
                said.push(Said::ok(format!("{address} is in use, and a server runs on this folder")));
            }
            Err(error) => said.push(refused(address, &error, "metrics-listen")),
        }
    }
    said
}

fn free(address: SocketAddr) -> Said {
    match address.port() {
        0 => Said::ok(format!("{address}: any free port")),
        _ => Said::ok(format!("{address} is free")),
    }
}

fn refused(address: SocketAddr, error: &std::io::Error, setting: &str) -> Said {
    let advice = match error.kind() {
        ErrorKind::AddrInUse => format!("stop the other program, or choose another address with --{setting}"),
        ErrorKind::PermissionDenied => format!(
            "ports below 1024 are for root, or for whom systemd's AmbientCapabilities=CAP_NET_BIND_SERVICE allows it; \
             or choose another one with --{setting}"
        ),
        _ => format!("choose an address of this machine with --{setting}"),
    };
    Said::fault(format!("{address}: {error}"), advice)
}

async fn held(scene: &Scene<'_>) -> Said {
    let address = scene.config.listen;
    let Database::Whole(found) = &scene.database else {
        return Said::ok(format!("{address} is in use, and a server runs on this folder"));
    };
    if scene.config.tls != Tls::Off {
        return Said::ok(format!("{address} is in use, and a server runs on this folder: most likely that one"));
    }
    match tokio::time::timeout(PATIENCE, asked(address)).await {
        Ok(Ok(answer)) if answer.contains(&found.incarnation.to_string()) => {
            Said::ok(format!("{address} is held by the server that runs on this folder"))
        }
        _ => Said::fault(
            format!("{address} is in use, but not by the server that runs on this folder"),
            "stop the other program, or choose another address with --listen",
        ),
    }
}

/// What whoever listens there says of itself.
async fn asked(address: SocketAddr) -> std::io::Result<String> {
    let mut connection = TcpStream::connect(address).await?;
    let question = format!("GET /api/v1/server HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    connection.write_all(question.as_bytes()).await?;
    let mut answer = Vec::new();
    connection.take(LONGEST_ANSWER).read_to_end(&mut answer).await?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}
