//! Where the project lies, and the commands that run in it.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, bail, ensure};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::web;

/// A checkout of the project and the folder that its builds share.
pub(crate) struct Checkout {
    root: PathBuf,
    target: PathBuf,
}

impl Checkout {
    /// The checkout that this binary was built from.
    ///
    /// Builds go to `CARGO_TARGET_DIR`, else to `~/.cache/huis/target`, so that several checkouts share one compile.
    pub(crate) fn here() -> anyhow::Result<Self> {
        let manifest_dir = Path::new(env!("CARGO_MANIFEST_DIR"));
        let root = manifest_dir.parent().context("xtask has no parent folder")?.to_owned();
        ensure!(
            root.join("Cargo.lock").is_file(),
            "The checkout that this xtask was built from, {}, is gone. Run `cargo xtask` inside the checkout that you mean.",
            root.display()
        );
        // Checkouts share the folder of builds, and with it this program: cargo may run the one of another checkout.
        if let Some(meant) = std::env::var_os("CARGO_MANIFEST_DIR") {
            ensure!(
                Path::new(&meant) == manifest_dir,
                "This xtask was built in {}, and {} is meant. Run this, then try again:\n  touch {}",
                root.display(),
                Path::new(&meant).parent().unwrap_or(Path::new("another checkout")).display(),
                Path::new(&meant).join("src/main.rs").display()
            );
        }
        let target = match std::env::var_os("CARGO_TARGET_DIR").filter(|dir| !dir.is_empty()) {
            Some(dir) => root.join(dir),
            None => home()?.join(".cache/huis/target"),
        };
        Ok(Self { root, target })
    }

    /// The folder that holds the workspace's `Cargo.toml`.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// The folder that all builds share.
    pub(crate) fn target(&self) -> &Path {
        &self.target
    }

    /// Tells this checkout from others that share the folder of builds.
    pub(crate) fn mark(&self) -> String {
        let hash = Sha256::digest(self.root.as_os_str().as_encoded_bytes());
        hash.iter().take(4).map(|byte| format!("{byte:02x}")).collect()
    }

    /// A cargo command in this checkout.
    pub(crate) fn cargo(&self, args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Command {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut command = self.command(cargo);
        command.args(args);
        command
    }

    /// Any command in this checkout, without a standard input: no step may wait for a person.
    pub(crate) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.root).stdin(Stdio::null()).env("GIT_TERMINAL_PROMPT", "0");
        self.set_build_environment(&mut command);
        command
    }

    /// As `command`, with its arguments.
    pub(crate) fn command_with(&self, program: impl AsRef<OsStr>, args: &[&str]) -> Command {
        let mut command = self.command(program);
        command.args(args);
        command
    }

    /// Gives `command` the shared build folder, and takes away what `cargo run` told this process about itself:
    /// build scripts would see it, and build again whatever a plain `cargo build` had built.
    pub(crate) fn set_build_environment(&self, command: &mut Command) {
        command.env("CARGO_TARGET_DIR", &self.target);
        // The same each time, or cargo would build the binary anew with each other value.
        if web::is_built(self, web::Kind::Everyday) {
            command.env(web::VARIABLE, web::folder(self, web::Kind::Everyday));
        }
        for (name, _) in std::env::vars_os() {
            if name.to_str().is_some_and(tells_about_this_package) {
                command.env_remove(name);
            }
        }
    }

    /// The whole dependency graph, as `cargo metadata` tells it with all features of the workspace on.
    pub(crate) fn metadata(&self) -> anyhow::Result<Value> {
        let json = output(self.cargo(["metadata", "--format-version", "1", "--all-features", "--locked"]))?;
        serde_json::from_str(&json).context("`cargo metadata` gave no JSON")
    }
}

/// Runs `command` and waits; an error if it cannot start or does not end well.
pub(crate) fn check(mut command: Command) -> anyhow::Result<()> {
    let status = command.status().with_context(|| format!("cannot start {}", shown(&command)))?;
    ensure!(status.success(), "{} ended with {status}", shown(&command));
    Ok(())
}

/// Runs `command` and gives its standard output, without the last line break.
pub(crate) fn output(mut command: Command) -> anyhow::Result<String> {
    let output = command.output().with_context(|| format!("cannot start {}", shown(&command)))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("{} ended with {}: {}", shown(&command), output.status, said.trim_end());
    }
    let text = String::from_utf8(output.stdout).with_context(|| format!("{} gave no UTF-8", shown(&command)))?;
    Ok(text.trim_end().to_owned())
}

/// The command as one would type it.
pub(crate) fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let name = program.file_name().unwrap_or(program.as_os_str());
    let mut line = name.to_string_lossy().into_owned();
    for argument in command.get_args() {
        line.push(' ');
        line.push_str(&argument.to_string_lossy());
    }
    format!("`{line}`")
}

/// The person's home folder.
pub(crate) fn home() -> anyhow::Result<PathBuf> {
    std::env::home_dir()
        .filter(|home| !home.as_os_str().is_empty())
        .context("no home folder is known: set HOME, or CARGO_TARGET_DIR to where builds may go")
}

fn tells_about_this_package(name: &str) -> bool {
    name.starts_with("CARGO_PKG_")
        || matches!(
            name,
            "CARGO_BIN_NAME"
                | "CARGO_CRATE_NAME"
                | "CARGO_MANIFEST_DIR"
                | "CARGO_MANIFEST_PATH"
                | "CARGO_PRIMARY_PACKAGE"
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_shown_as_one_would_type_it() {
        let mut command = Command::new("/usr/bin/cargo");
        command.args(["fmt", "--check"]);
        assert_eq!(shown(&command), "`cargo fmt --check`");
    }

    #[test]
    fn a_command_that_fails_is_an_error_that_names_it() {
        let error = check(Command::new("false")).unwrap_err().to_string();
        assert!(error.contains("`false`"), "{error}");
    }

    #[test]
    fn the_output_of_a_failed_command_carries_what_it_complained_of() {
        let mut command = Command::new("sh");
        command.args(["-c", "echo went wrong >&2; exit 3"]);
        let error = output(command).unwrap_err().to_string();
        assert!(error.contains("went wrong"), "{error}");
    }
}
