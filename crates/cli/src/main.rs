//! `huis`: the server, and the commands for terminals and scripts, in one binary.

mod arguments;
mod beacon;
mod commands;
mod interrupts;
mod outcome;
mod passwords;
mod printer;
mod profile;
mod progress;
mod sentences;
mod session;

use std::process::ExitCode;

use clap::Parser;

use crate::arguments::Huis;

fn main() -> ExitCode {
    let huis = Huis::parse();
    let command = huis.command.name();
    match commands::run(huis) {
        Ok(()) => ExitCode::SUCCESS,
        Err(stop) => {
            if let Some(line) = stop.line(command) {
                eprintln!("{line}");
            }
            stop.exit_code()
        }
    }
}
