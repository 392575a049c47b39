//! `huis admin audit`.

use std::fs::OpenOptions;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

use clap::Subcommand;
use huis_proto::limits;
use huis_proto::rest::{AuditChain, AuditEntry, AuditPage};
use huis_texts::{readable, rfc3339, safe_line};
use huis_views::AdministrativeMethod::Get;
use serde::Serialize;

use super::asking::asks;
use crate::commands::Context;
use crate::outcome::{Outcome, Stop};
use crate::session::Session;

#[derive(Debug, Subcommand)]
pub(super) enum Audit {
    /// List what was done last, newest first
    List {
        /// Only what stands before this number
        #[arg(long, value_name = "NUMBER", conflicts_with = "after")]
        before: Option<u64>,
        /// What stands behind this number in its place, oldest first and all of it
        #[arg(long, value_name = "NUMBER")]
        after: Option<u64>,
        /// At most so many; without it 50 of the newest
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
        most: Option<u64>,
    },
    /// Follow the chain of the log from its beginning, and say whether it is whole
    ///
    /// Note number and hash, and give them the next time as --known: a log that was cut off or made anew is found out by them.
    Verify {
        /// A number and the hash that it had, with a colon between
        #[arg(long, value_name = "NUMBER:HASH", value_parser = known)]
        known: Option<Known>,
    },
    /// Write the whole log into a new file, an entry as JSON on each line, and verify it
    Export {
        /// The file, which must not be there
        #[arg(value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
        file: PathBuf,
    },
}

/// How many of the newest are listed where nobody says how many.
const NEWEST: u64 = 50;

/// An entry that was seen before.
#[derive(Debug, Clone)]
pub(super) struct Known {
    number: u64,
    hash: String,
}

#[derive(Serialize)]
struct EntryLine<'a> {
    number: u64,
    at: String,
    actor: String,
    actor_name: &'a str,
    address: &'a str,
    action: &'a str,
    subject: &'a str,
    before: &'a str,
    after: &'a str,
    hash: String,
}

#[derive(Serialize)]
struct VerifiedLine {
    entries: u64,
    hash: String,
}

impl<'a> From<&'a AuditEntry> for EntryLine<'a> {
    fn from(entry: &'a AuditEntry) -> Self {
        Self {
            number: entry.number,
            at: rfc3339(entry.at_ms),
            actor: entry.actor.to_string(),
            actor_name: &entry.actor_name,
            address: &entry.address,
            action: &entry.action,
            subject: &entry.subject,
            before: &entry.before,
            after: &entry.after,
            hash: hex(&entry.hash.0),
        }
    }
}

impl Audit {
    pub(super) async fn run(self, context: &Context) -> Outcome {
        match self {
            Self::List { before, after, most } => {
                context
                    .with_session(async |session| {
                        let print =
                            |entry: &AuditEntry| context.printer.thing(&EntryLine::from(entry), || for_people(entry));
                        match after {
                            Some(after) => each(session, after, most.unwrap_or(u64::MAX), print).await,
                            None => newest(session, before, most.unwrap_or(NEWEST), print).await,
                        }
                    })
                    .await
            }
            Self::Verify { known } => verify(context, known).await,
            Self::Export { file } => export(context, &file).await,
        }
    }
}

/// Does something with each entry behind a number, in their order.
async fn each(
    session: &mut Session,
    mut after: u64,
    most: u64,
    mut with: impl FnMut(&AuditEntry) -> Outcome,
) -> Outcome {
    let mut left = most;
    while left > 0 {
        let asked = left.min(limits::ADMINISTRATION_PAGE as u64);
        let page: AuditPage = asks(session, Get, format!("audit?after={after}&most={asked}")).await?;
        for entry in &page.entries {
            with(entry)?;
        }
        let count = page.entries.len() as u64;
        let Some(last) = page.entries.last().filter(|last| count == asked && last.number > after) else {
            break;
        };
        after = last.number;
        left -= count;
    }
    Ok(())
}

/// Does something with each entry before a number, or with all, the newest first.
async fn newest(
    session: &mut Session,
    mut before: Option<u64>,
    most: u64,
    mut with: impl FnMut(&AuditEntry) -> Outcome,
) -> Outcome {
    let mut left = most;
    while left > 0 {
        let asked = left.min(limits::ADMINISTRATION_PAGE as u64);
        let until = before.map(|before| format!("&before={before}")).unwrap_or_default();
        let page: AuditPage = asks(session, Get, format!("audit?newest_first=true&most={asked}{until}")).await?;
        for entry in &page.entries {
            with(entry)?;
        }
        let count = page.entries.len() as u64;
        let is_further = |last: &&AuditEntry| count == asked && before.is_none_or(|before| last.number < before);
        let Some(last) = page.entries.last().filter(is_further) else {
            break;
        };
        before = Some(last.number);
        left -= count;
    }
    Ok(())
}

async fn verify(context: &Context, known: Option<Known>) -> Outcome {
    let mut chain = AuditChain::default();
    let mut is_known = known.is_none();
    context
        .with_session(async |session| {
            each(session, 0, u64::MAX, |entry| {
                follow(&mut chain, entry)?;
                if let Some(known) = known.as_ref().filter(|known| known.number == entry.number) {
                    is_known = known.hash == hex(&entry.hash.0);
                }
                Ok(())
            })
            .await
        })
        .await?;
    match known {
        Some(known) if !is_known => {
            let what = format!("the audit log has not the hash that it had at number {}", known.number);
            Err(broken(what))
        }
        _ => print_verified(context, &chain),
    }
}

async fn export(context: &Context, path: &Path) -> Outcome {
    let told = |error: &std::io::Error| Stop::file(path.display(), error);
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = BufWriter::new(options.open(path).map_err(|error| told(&error))?);
    let mut chain = AuditChain::default();
    context
        .with_session(async |session| {
            each(session, 0, u64::MAX, |entry| {
                let mut line = serde_json::to_vec(&EntryLine::from(entry))
                    .map_err(|error| Stop::failed("internal", format!("cannot write JSON: {error}"), ""))?;
                line.push(b'\n');
                file.write_all(&line).map_err(|error| told(&error))?;
                follow(&mut chain, entry)
            })
            .await
        })
        .await?;
    let file = file.into_inner().map_err(|error| told(error.error()))?;
    file.sync_all().map_err(|error| told(&error))?;
    print_verified(context, &chain)
}

fn follow(chain: &mut AuditChain, entry: &AuditEntry) -> Outcome {
    chain.follow(entry).map_err(|error| broken(error.to_string()))
}

fn broken(what: String) -> Stop {
    Stop::failed("audit-broken", what, "compare it with an export or a backup from before")
}

fn print_verified(context: &Context, chain: &AuditChain) -> Outcome {
    if chain.number == 0 {
        // Whoever may read it was given a role, and that is written down.
        return Err(broken("the audit log is empty, although there is somebody who may read it".into()));
    }
    let line = VerifiedLine { entries: chain.number, hash: hex(&chain.hash.0) };
    context.printer.thing(&line, || format!("The log is whole. Known from here on: {}:{}", line.entries, line.hash))
}

fn for_people(entry: &AuditEntry) -> String {
    let mut text = format!("{}  {}  {}", entry.number, readable(entry.at_ms), safe_line(&entry.actor_name));
    if !entry.address.is_empty() {
        text.push_str(&format!(" from {}", safe_line(&entry.address)));
    }
    text.push_str(&format!("  {}", safe_line(&entry.action)));
    if !entry.subject.is_empty() {
        text.push_str(&format!("  {}", safe_line(&entry.subject)));
    }
    let nothing = |text: &str| if text.is_empty() { "-".to_owned() } else { safe_line(text).into_owned() };
    if !(entry.before.is_empty() && entry.after.is_empty()) {
        text.push_str(&format!("  [{} → {}]", nothing(&entry.before), nothing(&entry.after)));
    }
    text
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn known(text: &str) -> Result<Known, String> {
    let wrong = || "expected a number and a hash of 64 hexadecimal digits, with a colon between".to_owned();
    let (number, hash) = text.split_once(':').ok_or_else(wrong)?;
    let is_hash = hash.len() == 64 && hash.bytes().all(|digit| digit.is_ascii_hexdigit());
    let number = number.parse().ok().filter(|number| *number > 0).ok_or_else(wrong)?;
    if is_hash { Ok(Known { number, hash: hash.to_ascii_lowercase() }) } else { Err(wrong()) }
}
