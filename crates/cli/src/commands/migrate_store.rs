//! `huis migrate-store`.

use std::path::Path;

use clap::Args;
use huis_server::{Moved, Place, migrate_store};
use serde::Serialize;

use super::backup::ServerFolder;
use crate::outcome::{Outcome, Stop};
use crate::printer::Printer;
use crate::progress::Bar;

/// Move a whole server's store into another database: from SQLite to PostgreSQL, or back
///
/// Stop the server first, on all machines. What is moved from stays as it is; what is moved into is empty, or a file that
/// is not there yet, and no server starts on it before everything has arrived and was looked at. A move that was cut off
/// goes on by the same command. The keys stay in the data folder. Never let both stores serve afterwards.
#[derive(Debug, Args)]
pub(crate) struct MigrateStore {
    /// Where the store is: sqlite (in the data folder), sqlite:FILE, or postgres://USER:PASSWORD@HOST/DATABASE
    ///
    /// An argument can be seen by other users of the machine, so prefer the variable where there is a password.
    #[arg(long, value_name = "URL", env = "HUIS_MIGRATE_FROM", hide_env_values = true)]
    from: String,

    /// Where it is moved to, said in the same way
    #[arg(long, value_name = "URL", env = "HUIS_MIGRATE_TO", hide_env_values = true)]
    to: String,

    #[command(flatten)]
    server: ServerFolder,
}

#[derive(Serialize)]
struct MovedLine {
    from: String,
    to: String,
    rows: u64,
    content_sha256: String,
}

impl MigrateStore {
    pub(crate) fn run(self, json: bool) -> Outcome {
        let printer = Printer::new(json);
        let data = self.server.config()?.data;
        let (from, to) = (place("from", &self.from, &data)?, place("to", &self.to, &data)?);
        let line = |moved: &Moved| MovedLine {
            from: from.to_string(),
            to: to.to_string(),
            rows: moved.rows,
            content_sha256: moved.content.0.iter().map(|byte| format!("{byte:02x}")).collect(),
        };
        let mut bar = Bar::new("Moving");
        let mut progress = |done, all| bar.at(done, all);
        let moving = migrate_store(&data, from.clone(), to.clone(), &mut progress);
        let moved = super::serve::runtime()?.block_on(moving);
        drop(bar);
        let moved = moved.map_err(|error| Stop::failed(error.code(), error.to_string(), ""))?;
        let line = line(&moved);
        printer.thing(&line, || {
            let next = match &to {
                Place::Postgres(_) => "with --database naming it",
                Place::Sqlite(_) => "without --database, and with it as huis.db in the data folder",
            };
            let MovedLine { from, to, rows, content_sha256 } = &line;
            format!(
                "{rows} rows moved from {from} to {to}, where they were looked at.\nSHA-256 of the content: \
                 {content_sha256}\n\nStart the server {next}. The keys stay in {}.\nNever let \
                 it serve from {from} again.",
                data.join("keys").display(),
            )
        })
    }
}

fn place(option: &str, text: &str, data: &Path) -> Outcome<Place> {
    huis_server::place(text, data).map_err(|wrong| Stop::Usage(format!("--{option}: {wrong}")))
}
