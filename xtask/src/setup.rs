//! The tools that building and testing need: found, installed, or explained.

use std::path::Path;

use anyhow::{bail, ensure};

use crate::browser;
use crate::cargo_deny;
use crate::checkout::{Checkout, check, output};
use crate::python_tools;

/// What the tools are for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Building the binary.
    Build,
    /// Building it, and everything that a test run checks.
    Test,
}

/// Sees to it that every tool for `purpose` is there; says nothing when all are.
///
/// # Errors
/// When a tool is missing that cannot be installed from here: the error holds the commands that install it.
pub(crate) fn prepare(checkout: &Checkout, purpose: Purpose) -> anyhow::Result<()> {
    check_compiler(checkout)?;
    let missing = || SYSTEM_TOOLS.iter().filter(|tool| tool.is_needed_for(purpose) && !tool.is_there(checkout));
    let packages: Vec<&SystemTool> = missing().collect();
    if !packages.is_empty() {
        install_packages(checkout, &packages)?;
        let still: Vec<&str> = missing().map(|tool| tool.what).collect();
        ensure!(still.is_empty(), "still missing after the installation: {}", still.join(", "));
    }
    if purpose == Purpose::Test {
        for (service, what_needs_it) in SERVICES {
            if !service.is_there(checkout)
                && let Err(error) = install_packages(checkout, &[service])
            {
                println!("NOTE: {what_needs_it} will not run. {error:#}");
            }
        }
        for tool in &python_tools::ALL {
            if let Err(error) = tool.install(checkout) {
                println!("NOTE: {} will not run. {error:#}", tool.what_needs_it);
            }
        }
        add_components(checkout)?;
        cargo_deny::install(checkout)?;
    }
    Ok(())
}

/// A program of the operating system, proved by a command that ends well.
struct SystemTool {
    what: &'static str,
    proof: &'static [&'static str],
    debian_package: &'static str,
    only_for: Option<Purpose>,
}

const SYSTEM_TOOLS: &[SystemTool] = &[
    // The headers too: a compiler without them cannot build SQLCipher.
    SystemTool {
        what: "a C compiler with the C library's headers",
        proof: &["sh", "-c", "echo '#include <stdlib.h>' | ${CC:-cc} -fsyntax-only -x c -"],
        debian_package: "build-essential",
        only_for: None,
    },
    SystemTool { what: "make", proof: &["make", "--version"], debian_package: "build-essential", only_for: None },
    // SQLCipher's cryptography is configured by perl; Debian's small perl-base lacks these modules.
    SystemTool {
        what: "perl with its core modules",
        proof: &["perl", "-MFile::Compare", "-MFile::Copy", "-MFindBin", "-MIPC::Cmd", "-MTime::Piece", "-e", "1"],
        debian_package: "perl",
        only_for: None,
    },
    SystemTool { what: "git", proof: &["git", "--version"], debian_package: "git", only_for: Some(Purpose::Test) },
];

/// Services that some tests need, and these tests. Whoever has none tests everything else; in CI they must be there.
const SERVICES: &[(SystemTool, &str)] = &[
    (
        SystemTool {
            what: "PostgreSQL's server programs",
            proof: &["sh", "-c", "ls /usr/lib/postgresql/*/bin/initdb || command -v initdb"],
            debian_package: "postgresql",
            only_for: Some(Purpose::Test),
        },
        "the tests of the PostgreSQL store",
    ),
    (
        SystemTool {
            what: "Redis",
            proof: &["redis-server", "--version"],
            debian_package: "redis-server",
            only_for: Some(Purpose::Test),
        },
        "the tests of the bus between nodes",
    ),
    (
        SystemTool {
            what: "nginx",
            proof: &["sh", "-c", "PATH=$PATH:/usr/sbin nginx -v"],
            debian_package: "nginx-light",
            only_for: Some(Purpose::Test),
        },
        "the tests of nodes behind a proxy",
    ),
    (
        SystemTool {
            what: "Prometheus' promtool",
            proof: &["promtool", "--version"],
            debian_package: "prometheus",
            only_for: Some(Purpose::Test),
        },
        "the tests of the alert rules",
    ),
    (
        SystemTool {
            what: "systemd's checker of units",
            proof: &["systemd-analyze", "--version"],
            debian_package: "systemd",
            only_for: Some(Purpose::Test),
        },
        "the tests of the units",
    ),
    (
        SystemTool {
            what: "Python with venv and pip",
            proof: &["python3", "-c", "import ensurepip, venv"],
            debian_package: "python3-venv",
            only_for: Some(Purpose::Test),
        },
        PYTHONS_TESTS,
    ),
    (
        SystemTool {
            what: "Chromium",
            proof: &["chromium", "--version"],
            debian_package: "chromium",
            only_for: Some(Purpose::Test),
        },
        browser::WHAT_NEEDS_IT,
    ),
    (
        SystemTool {
            what: "Node.js with npm",
            proof: &["sh", "-c", "node --version && npm --version"],
            debian_package: "npm",
            only_for: Some(Purpose::Test),
        },
        browser::WHAT_NEEDS_IT,
    ),
];

/// All that [`python_tools`] are for.
const PYTHONS_TESTS: &str = "the tests of blobs on S3 and of uploads by another maker's client";

/// The tests that cannot run, for what they need is not installed.
pub(crate) fn tests_without_their_service(checkout: &Checkout) -> Vec<&'static str> {
    let mut without: Vec<_> =
        SERVICES.iter().filter(|(service, _)| !service.is_there(checkout)).map(|(_, tests)| *tests).collect();
    // A step of its own, which says so itself.
    without.retain(|tests| *tests != browser::WHAT_NEEDS_IT);
    if !without.contains(&PYTHONS_TESTS) {
        let missing = python_tools::ALL.iter().filter(|tool| !tool.is_there(checkout));
        without.extend(missing.map(|tool| tool.what_needs_it));
    }
    without
}

impl SystemTool {
    fn is_needed_for(&self, purpose: Purpose) -> bool {
        self.only_for.is_none_or(|only| only == purpose)
    }

    fn is_there(&self, checkout: &Checkout) -> bool {
        let [program, args @ ..] = self.proof else {
            return false;
        };
        let mut proof = checkout.command(program);
        proof.args(args);
        output(proof).is_ok()
    }
}

fn install_packages(checkout: &Checkout, missing: &[&SystemTool]) -> anyhow::Result<()> {
    let what = missing.iter().map(|tool| tool.what).collect::<Vec<_>>().join(", ");
    let mut packages: Vec<&str> = missing.iter().map(|tool| tool.debian_package).collect();
    packages.sort_unstable();
    packages.dedup();

    if !Path::new("/usr/bin/apt-get").exists() {
        bail!(
            "missing: {what}. Install it with this system's package manager; on Debian it is in: {}",
            packages.join(" ")
        );
    }
    if output(checkout.command_with("id", &["-u"]))? != "0" {
        bail!(
            "missing: {what}. Run this, then try again:\n  sudo apt-get update\n  sudo apt-get install --no-install-recommends {}",
            packages.join(" ")
        );
    }
    println!("Missing: {what}. Installing: {}.", packages.join(" "));
    check(checkout.command_with("apt-get", &["-q", "update"]))?;
    let mut install = checkout.command_with("apt-get", &["-q", "install", "--yes", "--no-install-recommends"]);
    install.args(packages).env("DEBIAN_FRONTEND", "noninteractive");
    check(install)
}

fn check_compiler(checkout: &Checkout) -> anyhow::Result<()> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let said = output(checkout.command_with(rustc, &["--version"]))?;
    let wanted = env!("CARGO_PKG_RUST_VERSION");
    ensure!(
        is_at_least(&said, wanted),
        "the Rust compiler is “{said}”; Huis needs {wanted} or newer. Run this, then try again:\n  rustup update stable"
    );
    Ok(())
}

/// Whether `rustc --version`'s answer names `wanted` (major and minor) or a newer version.
fn is_at_least(said: &str, wanted: &str) -> bool {
    let version = said.split_whitespace().nth(1).unwrap_or_default();
    matches!((major_and_minor(version), major_and_minor(wanted)), (Some(is), Some(wanted)) if is >= wanted)
}

fn major_and_minor(version: &str) -> Option<(u32, u32)> {
    let mut parts = version.split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

fn add_components(checkout: &Checkout) -> anyhow::Result<()> {
    for (subcommand, component) in [("fmt", "rustfmt"), ("clippy", "clippy")] {
        if output(checkout.cargo([subcommand, "--version"])).is_ok() {
            continue;
        }
        println!("Adding {component} to the Rust toolchain.");
        if let Err(error) = check(checkout.command_with("rustup", &["component", "add", component])) {
            bail!("{component} is missing ({error:#}). Install it beside this Rust toolchain, then try again.");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_older_compiler_is_refused_and_a_newer_one_taken() {
        assert!(!is_at_least("rustc 1.94.1 (abc 2026-03-01)", "1.95"));
        assert!(is_at_least("rustc 1.95.0 (abc 2026-04-14)", "1.95"));
        assert!(is_at_least("rustc 1.100.0-nightly (abc 2027-01-01)", "1.95"));
        assert!(is_at_least("rustc 2.0.0 (abc 2030-01-01)", "1.95"));
    }

    #[test]
    fn an_answer_that_names_no_version_is_no_compiler() {
        assert!(!is_at_least("", "1.95"));
        assert!(!is_at_least("command not found", "1.95"));
    }

    #[test]
    fn git_is_asked_for_by_tests_alone() {
        let needed = |purpose| {
            SYSTEM_TOOLS.iter().filter(|tool| tool.is_needed_for(purpose)).map(|tool| tool.what).collect::<Vec<_>>()
        };
        assert!(!needed(Purpose::Build).contains(&"git"));
        assert!(needed(Purpose::Test).contains(&"git"));
        assert!(needed(Purpose::Build).contains(&"make"));
    }
}
