//! Sealing and opening with MLS: what a message costs a device, without and with its database, in conversations of
//! several sizes; and what it takes to bring members in.

mod conversation;
mod store;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use huis_core::content::{Content, Draft};
use huis_core::groups::{Entry, Opened};
use huis_engine::DatabaseKey;
use huis_engine::measuring::Stepper;
use huis_proto::frames::{EntryKind, LogEntry};
use huis_proto::{Bytes, ConversationId, Member, MessageId, mls};
use rand::SeedableRng as _;
use rand::rngs::{OsRng, StdRng};
use serde::Serialize;
use serde_json::Value;

use self::conversation::{Conversation, Person};
use crate::spread::Spread;

/// Bytes of the text in each message.
const TEXT_BYTES: usize = 256;
/// Messages of which it is looked at how much each of their transactions writes.
const LOGGED: usize = 8;

/// Which sizes, and how often.
#[derive(Debug, Clone, clap::Args)]
#[group(id = "sealing")]
pub(crate) struct Args {
    /// Sizes of conversations, in members
    #[arg(long, value_delimiter = ',', default_values_t = [2, 200, 1000], value_parser = clap::value_parser!(u32).range(2..=10_000))]
    leaves: Vec<u32>,
    /// How many members are added at once to a conversation of one
    #[arg(long, value_delimiter = ',', default_values_t = [10, 100, 1000], value_parser = clap::value_parser!(u32).range(1..=10_000))]
    add: Vec<u32>,
    /// How many messages are measured
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..))]
    iterations: u32,
}

/// How long one thing took, many times.
#[derive(Serialize)]
struct Timed {
    system: &'static str,
    /// `seal`, `open`, `write`.
    measurement: &'static str,
    leaves: usize,
    /// Whether it is one transaction of the encrypted database, or in memory.
    database: bool,
    iterations: usize,
    median_us: f64,
    p99_us: f64,
    /// Of the sealed message.
    wire_bytes: usize,
    /// Without the database: bytes of values that the group put into its store, for each message.
    #[serde(skip_serializing_if = "Option::is_none")]
    put_bytes: Option<u64>,
    /// With it: bytes of the write-ahead log, for each message.
    #[serde(skip_serializing_if = "Option::is_none")]
    log_bytes: Option<u64>,
}

/// What it takes to bring members in.
#[derive(Serialize)]
struct Joining {
    system: &'static str,
    measurement: &'static str,
    leaves: usize,
    ms: f64,
    /// Of the welcome or the commit.
    bytes: usize,
}

#[derive(Serialize)]
struct Adding {
    system: &'static str,
    measurement: &'static str,
    members: u32,
    ms: f64,
    /// Checking the key packages before, which is not counted in `ms`.
    verify_ms: f64,
}

/// Measures everything, and prints each line by `print`.
pub(crate) fn measure(args: &Args, print: &mut dyn FnMut(Value)) -> anyhow::Result<()> {
    for members in &args.add {
        eprintln!("adding {members} members");
        let conversation = Conversation::of(*members as usize + 1)?;
        let (ms, verify_ms) = (ms(conversation.added_in), ms(conversation.verified_in));
        let line = Adding { system: "huis", measurement: "add-members", members: *members, ms, verify_ms };
        print(serde_json::to_value(line)?);
    }
    for leaves in &args.leaves {
        let leaves = *leaves as usize;
        eprintln!("making a conversation of {leaves} members");
        let mut conversation = Conversation::of(leaves)?;
        let joining = |measurement, time, bytes| Joining { system: "huis", measurement, leaves, ms: ms(time), bytes };
        let welcomed = joining("join-by-welcome", conversation.welcomed_in, conversation.welcome_bytes);
        print(serde_json::to_value(welcomed)?);
        let (time, commit) = conversation.join_externally()?;
        print(serde_json::to_value(joining("join-by-external-commit", time, commit.commit.len()))?);
        // Both databases take the state of this moment, in which founder and reader agree.
        let folder = tempfile::tempdir()?;
        let databases = Databases::of(&conversation, folder.path())?;
        eprintln!("sealing and opening in memory");
        in_memory(&mut conversation, args.iterations as usize, print)?;
        eprintln!("sealing and opening with the database");
        with_database(&conversation, &databases, args.iterations as usize, print)?;
    }
    Ok(())
}

fn in_memory(conversation: &mut Conversation, iterations: usize, print: &mut dyn FnMut(Value)) -> anyhow::Result<()> {
    let leaves = conversation.founder.group.members().len();
    let content = Content::text(text())?;
    let (mut sealing, mut opening) = (Vec::with_capacity(iterations), Vec::with_capacity(iterations));
    let warm_up = warm_up(iterations);
    let (mut put_by_sealing, mut put_by_opening, mut wire_bytes) = (0, 0, 0);
    for number in 1..=warm_up + iterations {
        let Conversation { founder, reader, known, .. } = &mut *conversation;
        if number == warm_up + 1 {
            (put_by_sealing, put_by_opening) = (founder.store.put_bytes(), reader.store.put_bytes());
        }
        let id = MessageId::random(&mut OsRng);
        let draft = Draft { id, content: &content, sent_at_ms: 1, counter: number as u64, last_seen: None };
        let began = Instant::now();
        let outgoing = founder.group.seal(&founder.store, &founder.me, &mut OsRng, &draft)?;
        let sealed_in = began.elapsed();
        let follows = outgoing.data.follows;
        let entry = Entry { payload: &outgoing.bytes, sender: founder.me.member, id, follows, fetched: &[] };
        let began = Instant::now();
        let opened = reader.group.open(&reader.store, &reader.me, known, &entry)?;
        let opened_in = began.elapsed();
        ensure!(matches!(opened, Opened::Message(_)), "a message was not opened: {opened:?}");
        if number > warm_up {
            sealing.push(sealed_in);
            opening.push(opened_in);
            wire_bytes = outgoing.bytes.len();
        }
    }
    let each = |now: u64, before: u64| Some((now - before) / iterations as u64);
    let put_by_sealing = each(conversation.founder.store.put_bytes(), put_by_sealing);
    let put_by_opening = each(conversation.reader.store.put_bytes(), put_by_opening);
    for (measurement, times, put_bytes) in [("seal", sealing, put_by_sealing), ("open", opening, put_by_opening)] {
        let costs = Costs { wire_bytes, put_bytes, log_bytes: None };
        print(timed(measurement, leaves, times, costs)?);
    }
    Ok(())
}

/// The two devices that live, with a database each.
struct Databases {
    founder: Database,
    reader: Database,
}

/// An engine's steps over its database, and the write-ahead log beside that.
struct Database {
    steps: Stepper,
    log: PathBuf,
}

impl Databases {
    fn of(conversation: &Conversation, folder: &Path) -> anyhow::Result<Self> {
        Ok(Self {
            founder: Database::of(conversation, &conversation.founder, folder.join("founder.db"))?,
            reader: Database::of(conversation, &conversation.reader, folder.join("reader.db"))?,
        })
    }
}

impl Database {
    fn of(conversation: &Conversation, person: &Person, path: PathBuf) -> anyhow::Result<Self> {
        let key = DatabaseKey::random(&mut OsRng);
        let random = StdRng::from_rng(OsRng)?;
        let steps = Stepper::sign_in(&path, &key, person.again(), conversation.devices(), random)?;
        steps.enter(|store| person.copy_into(store, conversation.id))?;
        let mut log = path.into_os_string();
        log.push("-wal");
        Ok(Self { steps, log: log.into() })
    }

    /// What `step` adds to an empty write-ahead log.
    fn logged<T>(&self, step: impl FnOnce(&Stepper) -> anyhow::Result<T>) -> anyhow::Result<(T, u64)> {
        self.steps.empty_log()?;
        let value = step(&self.steps)?;
        Ok((value, std::fs::metadata(&self.log)?.len()))
    }
}

/// Three transactions for each message: the founder writes it, which gives it a place in the outbox; the founder seals
/// it; the reader takes it.
fn with_database(
    conversation: &Conversation,
    databases: &Databases,
    iterations: usize,
    print: &mut dyn FnMut(Value),
) -> anyhow::Result<()> {
    let leaves = conversation.accounts.len();
    let (founder, reader) = (&databases.founder.steps, &databases.reader.steps);
    let id = conversation.id;
    let text = text();
    let mut entries = Entries { author: conversation.founder.me.member, newest: 0 };
    let warm_up = warm_up(iterations);
    let mut times: [Vec<Duration>; 3] = Default::default();
    let mut wire_bytes = 0;
    for number in 0..warm_up + iterations {
        let began = Instant::now();
        let message = founder.write(id, &text)?;
        let written_in = began.elapsed();
        let began = Instant::now();
        let sealed = founder.seal(id, message)?;
        let sealed_in = began.elapsed();
        founder.settle(id, message)?;
        wire_bytes = sealed.len();
        let entry = entries.next(id, message, sealed)?;
        let began = Instant::now();
        reader.take(&entry)?;
        let taken_in = began.elapsed();
        if number >= warm_up {
            for (times, time) in times.iter_mut().zip([written_in, sealed_in, taken_in]) {
                times.push(time);
            }
        }
    }
    let mut log_bytes = [0; 3];
    for _ in 0..LOGGED {
        let (message, written) = databases.founder.logged(|steps| Ok(steps.write(id, &text)?))?;
        let (sealed, sealing) = databases.founder.logged(|steps| Ok(steps.seal(id, message)?))?;
        founder.settle(id, message)?;
        let entry = entries.next(id, message, sealed)?;
        let ((), taking) = databases.reader.logged(|steps| Ok(steps.take(&entry)?))?;
        for (sum, bytes) in log_bytes.iter_mut().zip([written, sealing, taking]) {
            *sum += bytes / LOGGED as u64;
        }
    }
    for ((measurement, times), log_bytes) in ["write", "seal", "open"].into_iter().zip(times).zip(log_bytes) {
        let costs = Costs { wire_bytes, put_bytes: None, log_bytes: Some(log_bytes) };
        print(timed(measurement, leaves, times, costs)?);
    }
    Ok(())
}

/// Makes the entries of a log in which one device speaks.
struct Entries {
    author: Member,
    newest: u64,
}

impl Entries {
    fn next(&mut self, conversation: ConversationId, id: MessageId, sealed: Vec<u8>) -> anyhow::Result<LogEntry> {
        self.newest += 1;
        let follows = mls::header(&sealed)?.data.follows;
        Ok(LogEntry {
            conversation,
            seq: self.newest,
            kind: EntryKind::Message,
            commit_counter: follows,
            id,
            author: self.author,
            received_at_ms: 1,
            payload: Bytes(sealed),
            mac: None,
        })
    }
}

struct Costs {
    wire_bytes: usize,
    put_bytes: Option<u64>,
    log_bytes: Option<u64>,
}

fn timed(measurement: &'static str, leaves: usize, times: Vec<Duration>, costs: Costs) -> anyhow::Result<Value> {
    let iterations = times.len();
    let Spread { median_us, p99_us } = Spread::of(times).context("nothing was measured")?;
    let Costs { wire_bytes, put_bytes, log_bytes } = costs;
    let database = log_bytes.is_some();
    let line = Timed {
        system: "huis",
        measurement,
        leaves,
        database,
        iterations,
        median_us,
        p99_us,
        wire_bytes,
        put_bytes,
        log_bytes,
    };
    Ok(serde_json::to_value(line)?)
}

/// How many messages go ahead before times are taken.
fn warm_up(iterations: usize) -> usize {
    (iterations / 10).clamp(1, 100)
}

fn text() -> String {
    "a text as people write it, ".chars().cycle().take(TEXT_BYTES).collect()
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_measurement_gives_one_line_and_says_what_it_cost() {
        let mut lines = Vec::new();
        let args = Args { leaves: vec![2, 3], add: vec![1], iterations: 2 };
        measure(&args, &mut |line| lines.push(line)).unwrap();
        let named = |line: &Value| {
            let text = |key: &str| line.get(key).map(Value::to_string).unwrap_or_default();
            format!("{} {} {}", line["measurement"].as_str().unwrap(), text("leaves"), text("database"))
        };
        let of_two: Vec<String> = lines.iter().map(named).filter(|name| name.contains(" 2 ")).collect();
        assert_eq!(
            of_two,
            [
                "join-by-welcome 2 ",
                "join-by-external-commit 2 ",
                "seal 2 false",
                "open 2 false",
                "write 2 true",
                "seal 2 true",
                "open 2 true",
            ]
        );
        assert_eq!(lines.len(), 1 + 2 * of_two.len());
        for line in lines.iter().filter(|line| line.get("database").is_some()) {
            let cost = if line["database"] == true { "log_bytes" } else { "put_bytes" };
            assert!(line[cost].as_u64().unwrap() > 0, "{line}");
            assert!(line["wire_bytes"].as_u64().unwrap() > TEXT_BYTES as u64, "{line}");
        }
    }

    #[test]
    fn the_text_has_the_size_that_is_stated() {
        assert_eq!(text().len(), 256);
    }
}
