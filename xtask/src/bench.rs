//! Figures, from an optimised build.

use std::process::Command;

use crate::checkout::{Checkout, check};
use crate::setup::{self, Purpose};

/// Runs the bench with `args` and shows what it prints.
pub(crate) fn run(checkout: &Checkout, args: &[String]) -> anyhow::Result<()> {
    setup::prepare(checkout, Purpose::Build)?;
    check(command(checkout, args))
}

/// The command that builds and runs the bench.
pub(crate) fn command(checkout: &Checkout, args: &[String]) -> Command {
    let mut bench = checkout.cargo(["run", "--locked", "--profile", "release", "--package", "huis-bench", "--"]);
    bench.args(args);
    bench
}
