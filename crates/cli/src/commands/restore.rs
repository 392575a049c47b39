//! `huis restore`.

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};

use clap::{Args, ValueHint};
use huis_server::backup::{self, Needs, Opening};
use huis_server::size;
use serde::Serialize;

use super::backup::{ServerFolder, passphrase_of, refused, text_of};
use crate::outcome::{Outcome, Stop};
use crate::passwords::prompted;
use crate::printer::Printer;
use crate::progress::Bar;

/// Bring a backup of a server back into an empty folder
///
/// The file is checked before anything is in its place. The store gets another incarnation, by which devices notice, and
/// say again what they had said since the backup was made. Never let the server from before serve again.
#[derive(Debug, Args)]
pub(crate) struct Restore {
    /// The backup
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath, required_unless_present = "mint_incarnation")]
    file: Option<PathBuf>,

    /// Restore nothing, but give the store another incarnation, where its data came back by other means
    ///
    /// Such as a snapshot of the file system, a database's own tools, or a replica that was promoted. Needed each time,
    /// before the first start: without it devices do not notice, and what the server lost stays lost.
    #[arg(long, conflicts_with_all = ["file", "passphrase_file", "key_file"])]
    mint_incarnation: bool,

    /// Read the passphrase from the first line of a file; - for the standard input
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with = "key_file")]
    passphrase_file: Option<PathBuf>,

    /// Read the restore key, or a recipient's, from a file; - for the standard input
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    key_file: Option<PathBuf>,

    #[command(flatten)]
    server: ServerFolder,
}

#[derive(Serialize)]
struct RestoreLine<'a> {
    data: &'a Path,
    made_at_ms: u64,
    huis: &'a str,
    incarnation: String,
}

#[derive(Serialize)]
struct MintedLine<'a> {
    data: &'a Path,
    incarnation: String,
}

impl Restore {
    pub(crate) fn run(self, json: bool) -> Outcome {
        let printer = Printer::new(json);
        match &self.file {
            Some(file) => self.restore(file, &printer),
            None => self.mint(&printer),
        }
    }

    fn mint(&self, printer: &Printer) -> Outcome {
        let config = self.server.config()?;
        let begun = super::serve::runtime()?.block_on(backup::begin_another_life(&config)).map_err(refused)?;
        let line = MintedLine { data: &config.data, incarnation: begun.to_string() };
        printer.thing(&line, || {
            "The store has another incarnation. Devices will notice, and say again what they had said since.".into()
        })
    }

    fn restore(&self, file: &Path, printer: &Printer) -> Outcome {
        let config = self.server.config()?;
        backup::is_in_the_folder(&config).map_err(refused)?;
        let data = config.data;
        let opened = backup::Backup::open(file).map_err(refused)?;
        let opening = self.opening(opened.needs())?;
        let mut bar = Bar::new("Restoring");
        let mut progress = |done, all| bar.at(done, all);
        let restored = super::serve::runtime()?.block_on(backup::restore(opened, &opening, &data, &mut progress));
        drop(bar);
        let restored = restored.map_err(refused)?;
        let line = RestoreLine {
            data: &data,
            made_at_ms: restored.description.made_at_ms,
            huis: &restored.description.huis,
            incarnation: restored.incarnation.to_string(),
        };
        printer.thing(&line, || {
            let data = data.display();
            format!(
                "Restored into {data}: the backup of {}, {}.\nDevices will notice, and say again what they had said since. \
                 Next:\n\n    huis serve --check --data {data}\n    huis serve --data {data}\n\nNever let the server from \
                 before serve again.",
                huis_texts::readable(line.made_at_ms),
                size(restored.description.database_bytes),
            )
        })
    }

    fn opening(&self, needs: Needs) -> Outcome<Opening> {
        if let Some(file) = &self.passphrase_file {
            return passphrase_of(file).map(Opening::Passphrase);
        }
        let unusable =
            |error: backup::UnusableKey| Stop::failed("wrong-key", error.to_string(), "check what was given");
        if let Some(file) = &self.key_file {
            return Opening::keys(text_of(file)?.expose()).map_err(unusable);
        }
        let (noun, option) = match needs {
            Needs::Passphrase => ("passphrase of this backup", "--passphrase-file"),
            Needs::RecipientsKey => ("key of a recipient of this backup", "--key-file"),
            Needs::ShownKey => ("restore key that was shown when this backup was made", "--key-file"),
        };
        if !std::io::stdin().is_terminal() {
            return Err(Stop::Usage(format!("the {noun} is needed: give {option}")));
        }
        let given = prompted(noun, &format!("The {noun}: "))?;
        match needs {
            Needs::Passphrase => Ok(Opening::Passphrase(given)),
            Needs::RecipientsKey | Needs::ShownKey => Opening::keys(given.expose()).map_err(unusable),
        }
    }
}
