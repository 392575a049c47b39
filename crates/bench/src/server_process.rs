//! The server that is measured: a process of its own.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

use crate::PASSPHRASE;
use crate::line::Server;
use crate::process_costs;

/// One machine plays everybody.
const FOR_EVERYBODY: [&str; 8] = [
    "--connections",
    "100000",
    "--connections-per-address",
    "100000",
    "--requests-per-second",
    "100000",
    "--guesses-per-minute",
    "10000",
];
/// How long the server is given to start or to stop.
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) struct ServerProcess {
    pub(crate) server: Server,
    pub(crate) url: String,
    /// From the start of the process until it said that it serves.
    pub(crate) started_in: Duration,
    /// Where its data is.
    pub(crate) folder: PathBuf,
    child: Child,
    pid: u32,
    _data: Option<tempfile::TempDir>,
}

impl ServerProcess {
    /// Starts the server in `data` or a temporary folder, on a free port.
    pub(crate) async fn start(binary: Option<&Path>, data: Option<&Path>, tls: bool) -> anyhow::Result<Self> {
        Self::start_with(binary, data, tls, &[]).await
    }

    /// As `start`, with further settings.
    pub(crate) async fn start_with(
        binary: Option<&Path>,
        data: Option<&Path>,
        tls: bool,
        settings: &[String],
    ) -> anyhow::Result<Self> {
        let all: Vec<&str> = settings.iter().map(String::as_str).chain(FOR_EVERYBODY).collect();
        Self::spawn(binary, data, tls, &all).await
    }

    /// As `start`, with the limits that a server has by itself, and without TLS.
    pub(crate) async fn start_with_own_limits(binary: Option<&Path>, data: Option<&Path>) -> anyhow::Result<Self> {
        Self::spawn(binary, data, false, &[]).await
    }

    async fn spawn(binary: Option<&Path>, data: Option<&Path>, tls: bool, settings: &[&str]) -> anyhow::Result<Self> {
        let binary = program(binary)?;
        let temporary = match data {
            Some(_) => None,
            None => Some(tempfile::tempdir()?),
        };
        let folder = match (data, &temporary) {
            (Some(data), _) => data,
            (None, Some(temporary)) => temporary.path(),
            (None, None) => bail!("no folder for the server's data"),
        };
        let began = Instant::now();
        let mut child = Command::new(&binary)
            .arg("serve")
            .arg("--data")
            .arg(folder)
            .args(["--listen", "127.0.0.1:0"])
            .args(["--tls", if tls { "self-signed" } else { "off" }])
            .args(["--access-passphrase", PASSPHRASE])
            .args(["--log-level", "warn"])
            .args(settings)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("cannot start {}", binary.display()))?;
        let pid = child.id().context("the server ended at once")?;
        let stdout = child.stdout.take().context("the server has no standard output")?;
        let mut lines = BufReader::new(stdout).lines();
        let url = tokio::time::timeout(PATIENCE, async {
            while let Some(line) = lines.next_line().await? {
                if let Some((_, url)) = line.split_once(" serves ") {
                    return Ok(url.trim().to_owned());
                }
            }
            bail!("the server ended without saying where it serves")
        })
        .await
        .context("the server did not start in half a minute")??;
        let started_in = began.elapsed();
        let folder = folder.to_owned();
        Ok(Self { server: Server::parse(&url)?, url, started_in, folder, child, pid, _data: temporary })
    }

    /// The processor time that the server has used, in seconds.
    pub(crate) fn cpu_seconds(&self) -> anyhow::Result<f64> {
        process_costs::cpu_seconds(self.pid)
    }

    /// The server's share of memory (Pss), in KiB.
    pub(crate) fn pss_kb(&self) -> anyhow::Result<u64> {
        Ok(process_costs::memory(self.pid)?.pss_kb)
    }

    /// The most memory that the server has had so far, with what it shares, in KiB.
    pub(crate) fn peak_kb(&self) -> anyhow::Result<u64> {
        process_costs::peak_kb(self.pid)
    }

    /// Stops the server as an operator would.
    pub(crate) async fn stop(mut self) -> anyhow::Result<()> {
        let pid = i32::try_from(self.pid).ok().and_then(rustix::process::Pid::from_raw);
        let pid = pid.context("an impossible process number")?;
        rustix::process::kill_process(pid, rustix::process::Signal::TERM)?;
        let status = tokio::time::timeout(PATIENCE, self.child.wait())
            .await
            .context("the server did not stop in half a minute")??;
        if !status.success() {
            bail!("the server ended with {status}");
        }
        Ok(())
    }
}

/// The program that is measured: this one, or else `huis` in the folder of the bench.
pub(crate) fn program(named: Option<&Path>) -> anyhow::Result<PathBuf> {
    if let Some(named) = named {
        return Ok(named.to_owned());
    }
    let path = std::env::current_exe()?.with_file_name("huis");
    if path.exists() {
        Ok(path)
    } else {
        bail!("{} is not there: build it, or name it with --server-binary", path.display())
    }
}
