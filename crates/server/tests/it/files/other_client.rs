//! Uploads by a client of another maker: tuspy, which knows of this server no more than tus 1.0.0 says.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::Stdio;

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

#[tokio::test]
async fn a_client_of_another_maker_uploads_and_goes_on() {
    let Some(python) = python() else { return };
    let house = House::listening(|_| {}).await;
    let anna = Person::registers(&house, "anna").await;
    let bytes = content(1_000_003);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    std::fs::write(&path, &bytes).unwrap();
    let mut client = Command::new(python)
        .args(["-c", PROGRAM])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let address = house.server.address().unwrap();
    let token = anna.grant.access_token.expose();
    let said = format!("http://{address}/api/v1/files {} {token}", path.display());
    client.stdin.take().unwrap().write_all(said.as_bytes()).await.unwrap();
    let ended = client.wait_with_output().await.unwrap();
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    let place = String::from_utf8(ended.stdout).unwrap();
    let file: BlobId = place.trim().rsplit('/').next().unwrap().parse().unwrap();
    assert_eq!(place.trim(), format!("http://{address}{}", file_path(file)));
    assert!(download(&house, &anna, file).send().await.body == bytes);
}
