//! The server that is measured, where it may be several nodes.

use std::fs;
use std::path::Path;

use tempfile::TempDir;

use crate::ServerArgs;
use crate::line::Server;
use crate::server_process::ServerProcess;

/// Nodes of one server.
pub(crate) struct Nodes {
    processes: Vec<ServerProcess>,
    _folders: Vec<TempDir>,
}

impl Nodes {
    /// Starts so many nodes, one at least, each with these settings. All have the keys of the first.
    pub(crate) async fn start(args: &ServerArgs, count: u32, settings: &[String]) -> anyhow::Result<Self> {
        let binary = args.server_binary.as_deref();
        let first = ServerProcess::start_with(binary, args.data.as_deref(), args.tls, settings).await?;
        let (keys, mut processes, mut folders) = (first.folder.join("keys"), vec![first], Vec::new());
        for _ in 1..count {
            let folder = tempfile::tempdir()?;
            copy_files(&keys, &folder.path().join("keys"))?;
            processes.push(ServerProcess::start_with(binary, Some(folder.path()), args.tls, settings).await?);
            folders.push(folder);
        }
        Ok(Self { processes, _folders: folders })
    }

    /// Where they are.
    pub(crate) fn servers(&self) -> Vec<Server> {
        self.processes.iter().map(|process| process.server.clone()).collect()
    }

    /// The processor time that all of them have used, in seconds.
    pub(crate) fn cpu_seconds(&self) -> anyhow::Result<f64> {
        self.processes.iter().map(ServerProcess::cpu_seconds).sum()
    }

    /// The shares of memory (Pss) of all of them, in KiB.
    pub(crate) fn pss_kb(&self) -> anyhow::Result<u64> {
        self.processes.iter().map(ServerProcess::pss_kb).sum()
    }

    /// Stops them as an operator would.
    pub(crate) async fn stop(self) -> anyhow::Result<()> {
        for process in self.processes {
            process.stop().await?;
        }
        Ok(())
    }
}

fn copy_files(from: &Path, to: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(to)?;
    for file in fs::read_dir(from)? {
        let file = file?;
        fs::copy(file.path(), to.join(file.file_name()))?;
    }
    Ok(())
}
