//! The project's chores: what the README, continuous integration and developers call as `cargo xtask …`.
#![expect(clippy::print_stdout, reason = "a command-line tool speaks on its standard output")]

mod bench;
mod browser;
mod cargo_deny;
mod checkout;
mod fuzz;
mod long_run;
mod python_tools;
mod rules;
mod serve;
mod setup;
mod steps;
mod tests_run;
mod web;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::checkout::Checkout;
use crate::setup::Purpose;
use crate::tests_run::Step;

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Builds, tests, starts and measures Huis", max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Install every missing tool, or print the commands that do
    ///
    /// As root on a Debian-like system the missing packages are installed; anywhere else the commands are printed.
    Setup,
    /// Build the optimised binary and start the server
    ///
    /// Whatever follows goes to `huis serve`; `cargo xtask serve -- --help` lists its settings.
    Serve {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGS")]
        args: Vec<String>,
    },
    /// Build the web app that the binary embeds, and say how large it is
    Web {
        /// As it is shipped: minutes slower, and some times smaller
        #[arg(long)]
        optimised: bool,
    },
    /// Check the format, the rules, the licences and the lints, and run all tests
    Test {
        /// Large counts as well, then the bench; writes docs/long-run.json
        #[arg(long)]
        long: bool,
        /// Only these steps, in the usual order
        #[arg(value_enum, conflicts_with = "long", value_name = "STEP")]
        only: Vec<Step>,
    },
    /// Take the pictures of all screens of the web app in docs/screens anew
    Screens,
    /// The same as `test`
    Ci,
    /// Feed every decoder of outside bytes with made-up bytes
    Fuzz {
        /// How long each target runs
        #[arg(long, value_name = "N", default_value_t = 60)]
        seconds: u64,
        /// Only these targets, such as `proto_frames`
        #[arg(value_name = "TARGET")]
        only: Vec<String>,
    },
    /// Measure, on an optimised build
    ///
    /// Runs `huis-bench ARGS`, without arguments `huis-bench all`, and then the web app in Chromium, if it was built: one
    /// line of JSON for each measurement. `cargo xtask bench web` builds the web app and measures it alone; `cargo xtask
    /// bench -- --help` lists the rest.
    Bench {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGS")]
        args: Vec<String>,
    },
}

fn main() -> ExitCode {
    match run(Arguments::parse().task) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(task: Task) -> anyhow::Result<()> {
    let checkout = Checkout::here()?;
    match task {
        Task::Setup => {
            setup::prepare(&checkout, Purpose::Test)?;
            println!("Every tool is there.");
            Ok(())
        }
        Task::Serve { args } => serve::serve(&checkout, &args),
        Task::Web { optimised } => {
            web::prepare(&checkout)?;
            web::build(&checkout, if optimised { web::Kind::Optimised } else { web::Kind::Everyday })
        }
        Task::Test { long: true, .. } => long_run::run(&checkout),
        Task::Test { long: false, only } => tests_run::run(&checkout, &only),
        Task::Screens => browser::screens(&checkout),
        Task::Ci => tests_run::run(&checkout, &[]),
        Task::Fuzz { seconds, only } => fuzz::run(&checkout, &only, seconds),
        Task::Bench { args } => bench::run(&checkout, &args),
    }
}
