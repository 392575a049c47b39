//! Files: up by tus 1.0.0 with requests that are made by hand, down by ranges, and kept as long as messages bring them.

mod bounds;
mod downloads;
mod keeping;
mod other_client;
mod uploads;

use std::sync::atomic::{AtomicU64, Ordering};

use http::StatusCode;
use huis_proto::aad::{Act, AuthenticatedData};
use huis_proto::rest::{SubmitMessage, file_content_path, file_path};
use huis_proto::{BlobId, Bytes, Bytes32, ConversationId, ConversationKind, Member, MessageId, mls};
use huis_store::{AppendCommit, Appended, Conversations as _, Create};

use super::harness::{Answer, Call, House, Person};

const FILES: &str = "/api/v1/files";
const PART: &str = "application/offset+octet-stream";
const KIB: usize = 1024;
const HOUR_MS: u64 = 3_600_000;
/// From when a file is marked until its bytes go.
const GRACE_MS: u64 = 15 * 60_000;

/// Numbers for ids and submissions.
static NUMBERS: AtomicU64 = AtomicU64::new(1);

pub(crate) fn next() -> u64 {
    NUMBERS.fetch_add(1, Ordering::Relaxed)
}

pub(crate) fn id() -> [u8; 16] {
    let mut id = [0x5a; 16];
    id[8..].copy_from_slice(&next().to_be_bytes());
    id
}

pub(crate) fn member(person: &Person) -> Member {
    Member { account: person.account, device: person.device }
}

/// Bytes that differ from place to place.
fn content(length: usize) -> Vec<u8> {
    (0..length).map(|place| (place % 251) as u8 ^ (place / 251) as u8).collect()
}

/// A request of tus.
fn tus<'a>(house: &'a House, method: &'static str, path: impl Into<String>, person: &Person) -> Call<'a> {
    house.call(method, path).header("tus-resumable", "1.0.0").by(person)
}

async fn begin(house: &House, person: &Person, length: u64) -> Answer {
    tus(house, "POST", FILES, person).header("upload-length", length.to_string()).send().await
}

async fn begins(house: &House, person: &Person, length: usize) -> BlobId {
    let answer = begin(house, person, length as u64).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{}", String::from_utf8_lossy(&answer.body));
    let place = answer.headers["location"].to_str().unwrap();
    place.strip_prefix("/api/v1/files/").unwrap().parse().unwrap()
}

fn part<'a>(house: &'a House, person: &Person, file: BlobId, offset: usize) -> Call<'a> {
    tus(house, "PATCH", file_path(file), person)
        .header("upload-offset", offset.to_string())
        .header("content-type", PART)
}

async fn sends(house: &House, person: &Person, file: BlobId, offset: usize, bytes: &[u8]) -> Answer {
    part(house, person, file, offset).bytes(bytes).send().await
}

/// Where an upload is, as `HEAD` says.
async fn offset(house: &House, person: &Person, file: BlobId) -> String {
    let answer = tus(house, "HEAD", file_path(file), person).send().await;
    assert_eq!(answer.status, StatusCode::OK);
    answer.headers["upload-offset"].to_str().unwrap().into()
}

async fn uploads(house: &House, person: &Person, bytes: &[u8]) -> BlobId {
    let file = begins(house, person, bytes.len()).await;
    if !bytes.is_empty() {
        sends(house, person, file, 0, bytes).await.is_done();
    }
    file
}

fn download<'a>(house: &'a House, person: &Person, file: BlobId) -> Call<'a> {
    house.get(file_content_path(file)).by(person)
}

async fn reads(house: &House, person: &Person, file: BlobId) -> bool {
    let answer = download(house, person, file).send().await;
    if answer.status == StatusCode::NOT_FOUND {
        assert!(answer.headers.get("etag").is_none());
    }
    answer.status.is_success()
}

/// A conversation of these people.
pub(crate) async fn group(house: &House, people: &[&Person]) -> ConversationId {
    let conversation = ConversationId::from_bytes(id());
    let (creator, others) = people.split_first().unwrap();
    let (creator, submission) = (member(creator), next());
    let first_commit = AppendCommit {
        conversation,
        id: MessageId::from_bytes(id()),
        author: creator,
        submission,
        follows: 0,
        external: false,
        joins: others.iter().map(|person| member(person)).collect(),
        leaves: vec![],
        out: vec![],
        commit: Bytes(vec![1]),
        welcome: Some(Bytes(vec![2])),
        group_info: Bytes(vec![3]),
        seen: 0,
        received_at_ms: house.now_ms(),
    };
    let created = house.store.create_conversation(Create {
        conversation,
        kind: ConversationKind::Group,
        creator,
        peer: None,
        room: None,
        group_info: Bytes(vec![3]),
        submission,
        first_commit: Some(first_commit),
        created_at_ms: house.now_ms(),
    });
    assert!(matches!(created.await, Ok(Appended::Stored(_))));
    conversation
}

/// Submits a message with these files.
async fn say(house: &House, person: &Person, conversation: ConversationId, files: &[BlobId]) -> Answer {
    let data = AuthenticatedData {
        id: MessageId::from_bytes(id()),
        author: member(person),
        follows: 1,
        act: Act::Message { commitment: Bytes32([5; 32]), files: files.to_vec(), lock: None },
    };
    let payload = mls::made_up_private_message(conversation, 1, &data, &[7; 64]);
    let message = SubmitMessage { submission: next(), payload: payload.into(), share: None };
    house.post(format!("/api/v1/conversations/{conversation}/messages"), &message).by(person).send().await
}

/// The same, which is taken; its place.
async fn says(house: &House, person: &Person, conversation: ConversationId, files: &[BlobId]) -> u64 {
    let accepted: huis_proto::rest::MessageAccepted = say(house, person, conversation, files).await.read();
    accepted.seq
}
