//! A person with a profile, made and used by the program that is measured.

use std::path::{Path, PathBuf};
use std::process::{Command as Process, Stdio};

use anyhow::{Context as _, ensure};

use crate::PASSPHRASE;
use crate::device::{self, Device};

const PASSWORD: &str = "nobody needs to remember this";

/// A person with a profile.
pub(crate) struct Person {
    name: &'static str,
    folder: PathBuf,
}

impl Person {
    /// A fresh account at a server, with a profile below `folder`.
    pub(crate) fn register(program: &Path, folder: &Path, name: &'static str, url: &str) -> anyhow::Result<Self> {
        let person = Self { name, folder: folder.join(name) };
        let output = person
            .program(program)
            .args(["register", name, "--server", url, "--json"])
            .env("HUIS_PASSWORD", PASSWORD)
            .env("HUIS_ACCESS_PASSPHRASE", PASSPHRASE)
            .stdin(Stdio::null())
            .output()
            .with_context(|| format!("cannot start {}", program.display()))?;
        ensure!(output.status.success(), "{name} was not registered: {}", String::from_utf8_lossy(&output.stderr));
        Ok(person)
    }

    /// The program on this person's profile, away from what is set where this runs.
    pub(crate) fn program(&self, program: &Path) -> Process {
        let mut command = Process::new(program);
        for (name, _) in std::env::vars_os() {
            if name.to_str().is_some_and(|name| name.starts_with("HUIS_")) {
                command.env_remove(name);
            }
        }
        command.env("HUIS_PROFILE", &self.folder);
        command
    }

    pub(crate) fn name(&self) -> &'static str {
        self.name
    }

    /// The profile's database.
    pub(crate) fn database(&self) -> PathBuf {
        device::database(&self.folder)
    }

    pub(crate) fn engine(&self) -> anyhow::Result<Device> {
        Device::open(&self.folder)
    }
}
