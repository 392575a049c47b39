//! The everyday tier: format, rules, licences, lints and every behaviour at small counts.

use std::process::Command;

use clap::ValueEnum;

use crate::browser;
use crate::cargo_deny;
use crate::checkout::{Checkout, check};
use crate::python_tools;
use crate::rules;
use crate::setup::{self, Purpose};
use crate::steps::{Outcome, Report};
use crate::web;

/// One step of a test run. The order here is the order of a run: what fails fast comes first.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Step {
    /// The format of all sources
    Format,
    /// Which crate may know which, and what a source file may hold
    Arrows,
    /// No banned crate among the dependencies
    Absences,
    /// Banned crates, licences and sources, by cargo-deny
    Deny,
    /// Known weaknesses of the dependencies, by cargo-deny
    Advisories,
    /// Compile the web app that the binary embeds
    Web,
    /// Clippy's lints, warnings denied
    Lints,
    /// Compile all tests
    Compile,
    /// Run all tests
    Tests,
    /// Drive the web app in a browser
    Browser,
}

/// Runs the everyday tier: the steps in `only`, or all when it is empty.
pub(crate) fn run(checkout: &Checkout, only: &[Step]) -> anyhow::Result<()> {
    setup::prepare(checkout, Purpose::Test)?;
    let mut report = Report::default();
    for step in Step::value_variants() {
        if only.is_empty() || only.contains(step) {
            report.step(step.name(), || step.run(checkout));
        }
    }
    report.finish()
}

impl Step {
    /// What the summary calls this step.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Format => "format",
            Self::Arrows => "arrows",
            Self::Absences => "absences",
            Self::Deny => "deny",
            Self::Advisories => "advisories",
            Self::Web => "web",
            Self::Lints => "lints",
            Self::Compile => "compile",
            Self::Tests => "tests",
            Self::Browser => "browser",
        }
    }

    /// Runs this step alone.
    pub(crate) fn run(self, checkout: &Checkout) -> anyhow::Result<Outcome> {
        match self {
            Self::Format => {
                check(checkout.cargo(["fmt", "--all", "--check"]))?;
                check(checkout.cargo(["fmt", "--check", "--manifest-path", "fuzz/Cargo.toml"]))?;
            }
            Self::Arrows => rules::check_arrows(checkout)?,
            Self::Absences => rules::check_absences(checkout)?,
            Self::Deny => cargo_deny::check_bans_licences_and_sources(checkout)?,
            Self::Advisories => return cargo_deny::check_advisories(checkout),
            Self::Web => return web::step(checkout),
            Self::Lints => check(checkout.cargo(LINTS))?,
            Self::Compile => check(checkout.cargo(COMPILE))?,
            Self::Browser => return browser::step(checkout),
            Self::Tests => {
                check(all(checkout))?;
                return Ok(passed(checkout));
            }
        }
        Ok(Outcome::Passed)
    }
}

/// The command that runs all tests.
pub(crate) fn all(checkout: &Checkout) -> Command {
    let mut tests = checkout.cargo(TESTS);
    for tool in &python_tools::ALL {
        tests.env(tool.variable, tool.python(checkout));
    }
    tests
}

/// All tests have passed, but for those that could not run.
pub(crate) fn passed(checkout: &Checkout) -> Outcome {
    let without = setup::tests_without_their_service(checkout);
    if without.is_empty() {
        return Outcome::Passed;
    }
    Outcome::PassedBut(format!("{} did NOT run, for what they need is not installed", without.join(", ")))
}

const LINTS: [&str; 9] =
    ["clippy", "--locked", "--workspace", "--all-targets", "--profile", "ci", "--", "--deny", "warnings"];

/// Compiles all tests and the program that they try. Apart from the run, so that the summary tells compiling from testing.
pub(crate) const COMPILE: [&str; 6] = ["test", "--locked", "--workspace", "--profile", "ci", "--no-run"];

/// Every test, also after the first red one: one run tells all that is broken.
const TESTS: [&str; 6] = ["test", "--locked", "--workspace", "--profile", "ci", "--no-fail-fast"];
