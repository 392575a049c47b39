//! Uploads by a client of another maker: tuspy, which knows of this server no more than tus 1.0.0 says.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use huis_store::Files as _;
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

use super::*;

/// Names another Python that has tuspy.
const PYTHON: &str = "HUIS_TEST_TUSPY";
const MISSING: &str = "NOT RUN: the test of uploads by another maker's client, for there is no tuspy here (`cargo xtask setup` installs it)";

/// Uploads a part with checksums, goes on as another client would that knows the address alone, and asks a last time.
const PROGRAM: &str = "
import sys
from tusclient.client import TusClient
url, path, token = sys.stdin.read().split()
client = TusClient(url, headers={'Authorization': 'Bearer ' + token})
first = client.uploader(path, chunk_size=100_000, upload_checksum=True)
first.upload(stop_at=300_000)
second = client.uploader(path, url=first.url, chunk_size=250_000)
assert second.offset == 300_000, second.offset
second.upload()
third = client.uploader(path, url=first.url)
assert third.offset == third.get_file_size(), third.offset
print(first.url)
";

/// Gives one upload up in the middle and leaves another one there; says where that is. The client has no word for either of
/// the two extensions, so what it makes its requests with asks: a stranger to this server all the same.
const GIVES_UP: &str = "
import sys
from email.utils import parsedate_to_datetime
import requests
from tusclient.client import TusClient
from tusclient.exceptions import TusCommunicationError
url, path, token = sys.stdin.read().split()
headers = {'Authorization': 'Bearer ' + token}
tus = dict(headers, **{'Tus-Resumable': '1.0.0'})
offered = requests.options(url, headers=headers).headers['Tus-Extension'].split(',')
assert {'termination', 'expiration'} <= set(offered), offered
client = TusClient(url, headers=headers)
given_up, left = (client.uploader(path, chunk_size=100_000) for _ in range(2))
given_up.upload(stop_at=300_000)
left.upload(stop_at=100_000)
ended = requests.delete(given_up.url, headers=tus)
assert ended.status_code == 204, ended.status_code
for again in (given_up.get_offset, given_up.upload):
    try:
        again()
        raise SystemExit('what was given up goes on')
    except TusCommunicationError as error:
        assert error.status_code in (404, 410), error.status_code
assert requests.delete(given_up.url, headers=tus).status_code in (404, 410)
expires = requests.head(left.url, headers=tus).headers['Upload-Expires']
print(left.url, int(parsedate_to_datetime(expires).timestamp()))
";

/// Goes on with what has expired, is told so, and uploads it anew.
const COMES_LATE: &str = "
import sys
from tusclient.client import TusClient
from tusclient.exceptions import TusCommunicationError
url, path, token, left = sys.stdin.read().split()
client = TusClient(url, headers={'Authorization': 'Bearer ' + token})
try:
    client.uploader(path, url=left)
    raise SystemExit('what has expired goes on')
except TusCommunicationError as error:
    assert error.status_code in (404, 410), error.status_code
anew = client.uploader(path, chunk_size=250_000)
anew.upload()
print(anew.url)
";

fn python() -> Option<PathBuf> {
    let named = std::env::var_os(PYTHON).map(PathBuf::from);
    let usual =
        || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache/huis/target/tools/tuspy/bin/python"));
    let there = named.or_else(usual).filter(|python| python.exists());
    if there.is_none() {
        assert!(std::env::var_os("CI").is_none_or(|value| value != "true"), "{MISSING}");
        // Not by a macro, whose output the test's runner keeps to itself.
        let _ = writeln!(std::io::stderr().lock(), "\n{MISSING}\n");
    }
    there
}

/// What a program says in the end, which is told these words.
async fn runs(python: &Path, program: &str, words: &str) -> String {
    let mut client = Command::new(python)
        .args(["-c", program])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    client.stdin.take().unwrap().write_all(words.as_bytes()).await.unwrap();
    let ended = client.wait_with_output().await.unwrap();
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    String::from_utf8(ended.stdout).unwrap().trim().to_owned()
}

/// The file at an upload's place.
fn file_at(house: &House, place: &str) -> BlobId {
    let file: BlobId = place.rsplit('/').next().unwrap().parse().unwrap();
    assert_eq!(place, format!("http://{}{}", house.server.address().unwrap(), file_path(file)));
    file
}

#[tokio::test]
async fn a_client_of_another_maker_uploads_and_goes_on() {
    let Some(python) = python() else { return };
    let house = House::listening(|_| {}).await;
    let anna = Person::registers(&house, "anna").await;
    let bytes = content(1_000_003);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    std::fs::write(&path, &bytes).unwrap();
    let address = house.server.address().unwrap();
    let token = anna.grant.access_token.expose();
    let said = format!("http://{address}/api/v1/files {} {token}", path.display());
    let file = file_at(&house, &runs(&python, PROGRAM, &said).await);
    assert!(download(&house, &anna, file).send().await.body == bytes);
}

#[tokio::test]
async fn a_client_of_another_maker_gives_up_and_learns_when_what_it_left_expires() {
    let Some(python) = python() else { return };
    let house = House::listening(|_| {}).await;
    let anna = Person::registers(&house, "anna").await;
    let bytes = content(1_000_003);
    let own = tempfile::tempdir().unwrap();
    let path = own.path().join("file");
    std::fs::write(&path, &bytes).unwrap();
    let words = |person: &Person| {
        let address = house.server.address().unwrap();
        format!("http://{address}/api/v1/files {} {}", path.display(), person.grant.access_token.expose())
    };
    let said = runs(&python, GIVES_UP, &words(&anna)).await;
    let (left, expires_s) = said.split_once(' ').unwrap();
    let file = file_at(&house, left);
    let folder = house.blobs().join(&file.to_string()[..2]).join(file.to_string());
    assert!(folder.exists());
    let expires_ms = expires_s.parse::<u64>().unwrap() * 1000;
    assert_eq!(expires_ms, (house.now_ms() + 24 * HOUR_MS) / 1000 * 1000);
    house.pass(expires_ms - house.now_ms() - 1000);
    house.server.keep_up().await;
    assert!(house.store.upload(anna.account, file).await.unwrap().is_some(), "its time is not over");
    house.pass(2000);
    house.server.keep_up().await;
    assert_eq!(house.store.upload(anna.account, file).await.unwrap(), None);
    house.pass(GRACE_MS);
    house.server.keep_up().await;
    assert!(!folder.exists(), "its bytes are gone");
    // Her access has ended meanwhile, and she has it again.
    let grant = anna.refreshes(&house, &anna.grant.refresh_token).await.read();
    let anna = Person { grant, ..anna };
    let anew = runs(&python, COMES_LATE, &format!("{} {left}", words(&anna))).await;
    assert!(download(&house, &anna, file_at(&house, &anew)).send().await.body == bytes);
}
