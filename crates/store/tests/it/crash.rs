//! Kills a process that appends, and looks at what it had been told is on disk.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read as _, Write as _};
use std::path::Path;
use std::pin::Pin;
use std::process::{Command, Stdio};
use std::sync::Arc;

use huis_proto::{ConversationId, MessageId};
use huis_store::conformance::People;
use huis_store::sqlite::{Mode, SqliteStore};
use huis_store::{Append, Appended, Conversations as _, SharedStore, StoreResult};

use crate::open;

/// What an append will be answered with.
type Answer = Pin<Box<dyn Future<Output = StoreResult<Appended>> + Send>>;

/// Tells this test binary to be the process that is killed; its value is the folder.
const CHILD_FOLDER: &str = "HUIS_STORE_CRASH_FOLDER";
/// Which life of the child it is.
const CHILD_LIFE: &str = "HUIS_STORE_CRASH_LIFE";
/// How many are in flight.
const WINDOW: u64 = 32;

/// Says what is on disk, one line for each append that was answered: `seq id`.
#[test]
fn child_that_appends_until_it_is_killed() {
    let Some(folder) = std::env::var_os(CHILD_FOLDER) else {
        return;
    };
    let life: u64 = std::env::var(CHILD_LIFE).expect("a life").parse().expect("a number");
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    runtime.block_on(append_for_ever(Path::new(&folder), life));
}

#[test]
fn every_acknowledged_append_is_there_once_and_in_order_after_a_kill() {
    let kills = if std::env::var_os("HUIS_LONG").is_some() { 100 } else { 3 };
    let folder = tempfile::tempdir().expect("a folder");
    let mut acknowledged: BTreeMap<u64, String> = BTreeMap::new();
    for life in 0..kills {
        let before = acknowledged.len();
        // Of different lengths, so that the kill hits different moments of batches, merges and checkpoints.
        let enough = 300 + 701 * (life as usize % 7);
        acknowledged.extend(run_and_kill(folder.path(), life, enough));
        assert!(acknowledged.len() >= before + enough, "life {life} was told too little");
        compare(folder.path(), &acknowledged);
    }
}

fn run_and_kill(folder: &Path, life: u64, enough: usize) -> BTreeMap<u64, String> {
    let mut child = Command::new(std::env::current_exe().expect("this binary"))
        .args(["--exact", "crash::child_that_appends_until_it_is_killed", "--nocapture"])
        .env(CHILD_FOLDER, folder)
        .env(CHILD_LIFE, life.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .expect("a child");
    let mut lines = BufReader::new(child.stdout.take().expect("its output"));
    let mut told = BTreeMap::new();
    let mut line = String::new();
    while told.len() < enough {
        line.clear();
        let read = lines.read_line(&mut line).expect("a line");
        assert_ne!(read, 0, "the child ended by itself");
        told.extend(parse(&line));
    }
    child.kill().expect("killed");
    child.wait().expect("ended");
    // What it had said before the kill and nobody had read yet was acknowledged as well.
    let mut rest = String::new();
    lines.read_to_string(&mut rest).expect("the rest");
    told.extend(rest.split_inclusive('\n').filter_map(parse));
    told
}

/// A line that was cut by the kill is none.
fn parse(line: &str) -> Option<(u64, String)> {
    let (seq, id) = line.strip_suffix('\n')?.strip_prefix("acked ")?.split_once(' ')?;
    Some((seq.parse().ok()?, id.into()))
}

fn compare(folder: &Path, acknowledged: &BTreeMap<u64, String>) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(async {
        let store = open(folder, Mode::Inline).expect("the store opens after a kill");
        let found = everything(&store).await;
        let places: Vec<u64> = found.iter().map(|(seq, _)| *seq).collect();
        let whole: Vec<u64> = (2..2 + places.len() as u64).collect();
        assert_eq!(places, whole, "places without gaps");
        let ids: BTreeMap<u64, String> = found.into_iter().collect();
        for (seq, id) in acknowledged {
            assert_eq!(ids.get(seq), Some(id), "place {seq}");
        }
        let mut once: Vec<&String> = ids.values().collect();
        once.sort_unstable();
        once.dedup();
        assert_eq!(once.len(), ids.len(), "each message once");
        // And each is known if its device sends it again.
        let (people, group) = people(store.clone());
        let (_, author) = members(&people, group);
        for (seq, id) in acknowledged.iter().step_by(53) {
            let message = Append { id: id.parse().expect("an id"), ..people.message(group, author, 1) };
            let again = store.append(message).await.expect("an answer");
            assert!(matches!(again, Appended::Repeat { seq: found, .. } if found == *seq));
        }
    });
}

async fn everything(store: &Arc<SqliteStore>) -> Vec<(u64, String)> {
    let (people, group) = people(store.clone());
    let (reader, _) = members(&people, group);
    let mut found: Vec<(u64, String)> = Vec::new();
    loop {
        let after = found.last().map_or(1, |(seq, _)| *seq);
        let page = store.log_page(reader, group, after, 1000, 1 << 20).await.expect("a page");
        found.extend(page.entries.iter().map(|entry| (entry.seq, entry.id.to_string())));
        if !page.more {
            return found;
        }
    }
}

/// People are counted, so that each life finds the ones of the first.
fn people(store: SharedStore) -> (People, ConversationId) {
    let people = People::new(store);
    let group = ConversationId::from_bytes([7; 16]);
    (people, group)
}

fn members(people: &People, _: ConversationId) -> (huis_proto::Member, huis_proto::Member) {
    (people.stranger(), people.stranger())
}

async fn append_for_ever(folder: &Path, life: u64) {
    let store = open(folder, Mode::Threads).expect("a store");
    let (people, group) = people(store.clone());
    let (reader, author) = members(&people, group);
    if life == 0 {
        for (member, name) in [(reader, "reader"), (author, "author")] {
            let account = people.new_account(member, name);
            let created = huis_store::Accounts::create_account(&*store, account).await;
            created.expect("an account");
        }
        let mut create = people.create(huis_proto::ConversationKind::Group, &[reader, author]);
        create.conversation = group;
        create.first_commit.as_mut().expect("a commit").conversation = group;
        store.create_conversation(create).await.expect("a group");
    }
    let from = store.highest_submission(author).await.expect("read") + 1;
    let mut waiting = std::collections::VecDeque::new();
    for submission in from.. {
        let mut id = [0xee; 16];
        id[8..].copy_from_slice(&submission.to_be_bytes());
        let message = Append { id: MessageId::from_bytes(id), submission, ..people.message(group, author, 1) };
        // Spawned one after another on one task's turn: their order in the queue is theirs.
        let mut append: Answer = Box::pin({
            let store = store.clone();
            async move { store.append(message).await }
        });
        let first = std::future::poll_fn(|context| {
            std::task::Poll::Ready(match append.as_mut().poll(context) {
                std::task::Poll::Ready(answer) => Some(answer),
                std::task::Poll::Pending => None,
            })
        })
        .await;
        // The writer may be done with it before this thread, on a busy machine, has its turn again.
        if let Some(answer) = first {
            append = Box::pin(std::future::ready(answer));
        }
        waiting.push_back(append);
        if waiting.len() as u64 >= WINDOW
            && let Some(next) = waiting.pop_front()
        {
            match next.await.expect("an answer") {
                Appended::Stored(entry) => say(entry.seq, &entry.id.to_string()),
                other => panic!("{other:?}"),
            }
        }
    }
}

fn say(seq: u64, id: &str) {
    let line = format!("acked {seq} {id}\n");
    std::io::stdout().write_all(line.as_bytes()).expect("the parent reads");
}
