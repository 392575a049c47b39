//! `huis backup`.

use std::fs::File;
use std::io::{BufReader, IsTerminal as _, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use clap::{Args, ValueHint};
use huis_proto::rest::Secret;
use huis_server::backup::{self, BackupError, Made, Recipient, RestoreKey, Sealing};
use huis_server::{Config, ServeArgs, SystemClock, size};
use serde::Serialize;

use crate::outcome::{Outcome, Stop};
use crate::passwords::{line, prompted};
use crate::printer::Printer;
use crate::progress::Bar;

/// Back a server up into one file, while it runs or not
///
/// The file holds the database as it is at one moment, the server's keys, a self-signed certificate and huis.toml; it is
/// checked and on disk when this ends. Keys, certificate and settings are sealed in any case: with everything else to a
/// passphrase or to recipients, or alone to a restore key, which is made for this backup and shown once.
#[derive(Debug, Args)]
pub(crate) struct Backup {
    /// The file to make; none is overwritten
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    file: PathBuf,

    /// Seal everything to a passphrase, which is asked for
    #[arg(long, conflicts_with_all = ["passphrase_file", "recipients", "make_key"])]
    passphrase: bool,

    /// Seal everything to the passphrase in the first line of a file; - for the standard input
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with_all = ["recipients", "make_key"])]
    passphrase_file: Option<PathBuf>,

    /// Seal everything to this public key, which begins with age1; may be given several times
    #[arg(long = "recipient", value_name = "KEY", conflicts_with = "make_key")]
    recipients: Vec<String>,

    /// Make no backup but a key for backups: FILE gets its secret half, the public one is printed for --recipient
    #[arg(long)]
    make_key: bool,

    #[command(flatten)]
    server: ServerFolder,
}

/// Which server is meant.
#[derive(Debug, Args)]
pub(crate) struct ServerFolder {
    /// The server's data folder [default: as for huis serve] [env: HUIS_DATA]
    #[arg(long, value_name = "FOLDER", value_hint = ValueHint::DirPath)]
    data: Option<String>,

    /// The server's settings [default: huis.toml in the data folder] [env: HUIS_CONFIG]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    config: Option<PathBuf>,
}

#[derive(Serialize)]
struct BackupLine<'a> {
    file: &'a Path,
    bytes: u64,
    sha256: &'a str,
    made_at_ms: u64,
    schema: u32,
    incarnation: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    restore_key: Option<Secret>,
}

#[derive(Serialize)]
struct KeyLine<'a> {
    file: &'a Path,
    recipient: String,
}

impl Backup {
    pub(crate) fn run(self, json: bool) -> Outcome {
        let printer = Printer::new(json);
        if self.make_key {
            return make_key(&self.file, &printer);
        }
        let sealing = self.sealing()?;
        if matches!(sealing, Sealing::SecretsAlone) && !json && !std::io::stdout().is_terminal() {
            return Err(Stop::Usage(
                "nobody would read the restore key here: name a key by --recipient or --passphrase-file, or take --json, \
                 which prints it"
                    .into(),
            ));
        }
        let config = self.server.config()?;
        let mut bar = Bar::new("Backing up");
        let made = backup::make(&config, &SystemClock, &self.file, &sealing, &mut |done, all| bar.at(done, all));
        drop(bar);
        let made = made.map_err(refused)?;
        // First of all, for without it the backup is of little use.
        say(&made, &self.file, json, &printer)?;
        let summary = format!("{}: {}, SHA-256 {}", self.file.display(), size(made.bytes), made.sha256);
        made.publish().map_err(refused)?;
        printer.remark(&summary)
    }

    fn sealing(&self) -> Outcome<Sealing> {
        if self.passphrase || self.passphrase_file.is_some() {
            let passphrase = match &self.passphrase_file {
                Some(file) => passphrase_of(file)?,
                None => asked_twice()?,
            };
            return Sealing::to_passphrase(passphrase)
                .map_err(|error| Stop::failed("weak-passphrase", error.to_string(), "take six words or more"));
        }
        if self.recipients.is_empty() {
            return Ok(Sealing::SecretsAlone);
        }
        let recipients = self
            .recipients
            .iter()
            .map(|text| text.parse::<Recipient>().map_err(|error| Stop::Usage(format!("--recipient {text}: {error}"))));
        Ok(Sealing::Recipients(recipients.collect::<Outcome<_>>()?))
    }
}

impl ServerFolder {
    /// The configuration with which a server would start there.
    pub(crate) fn config(&self) -> Outcome<Config> {
        let settings = ServeArgs::of_folder(self.data.as_deref(), self.config.clone());
        settings.resolve_with(super::serve::environment()).map_err(|error| Stop::Usage(error.to_string()))
    }
}

pub(super) fn refused(error: BackupError) -> Stop {
    Stop::failed(error.code(), error.to_string(), error.advice())
}

/// The passphrase in a file's first line.
pub(super) fn passphrase_of(file: &Path) -> Outcome<Secret> {
    if file == Path::new("-") {
        return line(std::io::stdin().lock(), "passphrase");
    }
    let opened = File::open(file).map_err(|error| Stop::file(file.display(), &error))?;
    line(BufReader::new(opened), "passphrase")
}

/// A small file that holds secrets, as text.
pub(super) fn text_of(file: &Path) -> Outcome<Secret> {
    const LONGEST: u64 = 64 * 1024;
    let mut text = String::new();
    let read = if file == Path::new("-") {
        std::io::stdin().lock().take(LONGEST).read_to_string(&mut text)
    } else {
        File::open(file).and_then(|opened| opened.take(LONGEST).read_to_string(&mut text))
    };
    let text = Secret::new(text);
    read.map_err(|error| Stop::file(file.display(), &error))?;
    Ok(text)
}

fn asked_twice() -> Outcome<Secret> {
    if !std::io::stdin().is_terminal() {
        return Err(Stop::Usage("there is no terminal to ask for the passphrase: give --passphrase-file".into()));
    }
    let first = prompted("passphrase", "Passphrase: ")?;
    if prompted("passphrase", "The same again: ")? != first {
        return Err(Stop::failed("passwords-differ", "the two passphrases are not the same", "try again"));
    }
    Ok(first)
}

fn say(made: &Made, file: &Path, json: bool, printer: &Printer) -> Outcome {
    let restore_key = made.restore_key.as_ref().map(RestoreKey::text);
    if !json {
        return match restore_key {
            Some(key) => printer.remark(&format!(
                "The restore key of this backup is shown once and stands nowhere else. Without it nothing can be \
                 restored:\n\n    {}\n",
                key.expose()
            )),
            None => Ok(()),
        };
    }
    let line = BackupLine {
        file,
        bytes: made.bytes,
        sha256: &made.sha256,
        made_at_ms: made.description.made_at_ms,
        schema: made.description.schema,
        incarnation: made.description.incarnation.to_string(),
        restore_key,
    };
    printer.thing(&line, String::new)
}

fn make_key(file: &Path, printer: &Printer) -> Outcome {
    let key = RestoreKey::generate();
    let recipient = key.recipient().to_string();
    let attempt = || {
        let mut made = File::options().write(true).create_new(true).mode(0o600).open(file)?;
        writeln!(made, "# Opens backups of Huis that are sealed to {recipient}")?;
        writeln!(made, "{}", key.text().expose())?;
        made.sync_all()
    };
    attempt().map_err(|error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => refused(BackupError::Exists(file.into())),
        _ => Stop::file(file.display(), &error),
    })?;
    printer.thing(&KeyLine { file, recipient: recipient.clone() }, || {
        format!(
            "{} opens every backup that is sealed to its public half: keep it away from the server. Backups are sealed by\n\n    \
             huis backup FILE --recipient {recipient}",
            file.display()
        )
    })
}
