//! cargo-deny at one pinned version: banned crates, licences, sources, and known weaknesses.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::checkout::{Checkout, check, home, output};
use crate::steps::Outcome;

const VERSION: &str = "0.20.2";

/// Installs cargo-deny below the shared build folder, unless the pinned version is there or in the path.
pub(crate) fn install(checkout: &Checkout) -> anyhow::Result<()> {
    if find(checkout).is_some() {
        return Ok(());
    }
    println!("Installing cargo-deny {VERSION} (once, a few minutes).");
    let root = tools(checkout);
    let build = root.join("build");
    let mut install = checkout.cargo(["install", "--quiet", "--locked", "--version", VERSION, "cargo-deny"]);
    install.arg("--root").arg(&root).arg("--target-dir").arg(&build);
    // A tool that runs for seconds needs no link-time optimisation over minutes.
    install.env("CARGO_PROFILE_RELEASE_LTO", "off");
    install.env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1");
    install.env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16");
    check(install)?;
    std::fs::remove_dir_all(&build)?;
    Ok(())
}

/// Fails on a banned crate, a licence that is not allowed, or a source other than crates.io: `deny.toml` says which.
pub(crate) fn check_bans_licences_and_sources(checkout: &Checkout) -> anyhow::Result<()> {
    let mut deny = command(checkout);
    // Errors only: that two versions of one crate are in the tree is a page of warnings.
    deny.args(["--locked", "--log-level", "error", "check", "bans", "licenses", "sources"]);
    check(deny)
}

/// Fails on a known weakness of a dependency. Without network the last copy of the database is used, and its age is said;
/// without any copy nothing is checked, and that is said.
pub(crate) fn check_advisories(checkout: &Checkout) -> anyhow::Result<Outcome> {
    let mut fetch = command(checkout);
    fetch.args(["fetch", "db"]);
    // A stalled connection ends after half a minute below 1,000 bytes/s.
    fetch.env("GIT_HTTP_LOW_SPEED_LIMIT", "1000").env("GIT_HTTP_LOW_SPEED_TIME", "30");
    let outcome = match output(fetch) {
        Ok(_) => Outcome::Passed,
        Err(reason) => {
            println!("The advisory database could not be fetched: {reason:#}");
            let Some(database) = database(&cargo_home()?) else {
                return Ok(Outcome::NotRun(
                    "the advisory database could not be fetched, and no earlier copy is here".to_owned(),
                ));
            };
            let mut date = checkout.command("git");
            date.arg("-C").arg(&database).args(["log", "-1", "--format=%cs"]);
            Outcome::PassedBut(format!("with the advisories of {}: newer ones could not be fetched", output(date)?))
        }
    };
    // Offline, so that the copy just looked at is the one that is used; what offline needs is brought here first.
    checkout.metadata()?;
    let mut deny = command(checkout);
    deny.args(["--locked", "--offline", "--log-level", "error", "check", "advisories"]);
    check(deny)?;
    Ok(outcome)
}

fn command(checkout: &Checkout) -> Command {
    checkout.command(find(checkout).unwrap_or_else(|| "cargo-deny".into()))
}

fn find(checkout: &Checkout) -> Option<PathBuf> {
    [tools(checkout).join("bin/cargo-deny"), PathBuf::from("cargo-deny")].into_iter().find(|program| {
        let mut version = checkout.command(program);
        version.arg("--version");
        output(version).is_ok_and(|said| said == format!("cargo-deny {VERSION}"))
    })
}

fn tools(checkout: &Checkout) -> PathBuf {
    checkout.target().join("tools")
}

fn cargo_home() -> anyhow::Result<PathBuf> {
    match std::env::var_os("CARGO_HOME").filter(|dir| !dir.is_empty()) {
        Some(dir) => Ok(dir.into()),
        None => Ok(home()?.join(".cargo")),
    }
}

/// The copy of the advisory database that cargo-deny keeps below cargo's home, if there is one.
fn database(cargo_home: &Path) -> Option<PathBuf> {
    let copies = std::fs::read_dir(cargo_home.join("advisory-dbs")).ok()?;
    copies.filter_map(|entry| Some(entry.ok()?.path())).find(|copy| copy.join("crates").is_dir())
}
