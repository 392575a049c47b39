//! A folder, and an emulation of S3: `moto`, a Python program that answers as Amazon's storage does. No real S3 is asked.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use huis_blobs::{Blobs, BlobsAddress, S3Keys};
use huis_proto::BlobId;
use tempfile::TempDir;

/// Names another Python that has `moto[server]`.
const PYTHON: &str = "HUIS_TEST_MOTO";
const MISSING: &str =
    "NOT RUN: the tests of blobs on S3, for there is no moto[server] here (`cargo xtask setup` installs it)";

pub(crate) struct Folder(TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(TempDir::with_prefix("huis-blobs-").expect("a folder"))
    }

    pub(crate) async fn blobs(&self) -> Blobs {
        Blobs::open(&BlobsAddress::folder(self.0.path().join("blobs"))).await.expect("blobs in a folder")
    }
}

/// A writer puts a piece under a name of its own first, links it to its place, and removes that name: it may be killed
/// before any of these.
#[tokio::test]
async fn what_a_killed_writer_left_goes_with_its_blob() {
    let storage = Folder::new();
    let blobs = storage.blobs().await;
    let (blob, other) = (BlobId::from_bytes([1; 16]), BlobId::from_bytes([2; 16]));
    for blob in [blob, other] {
        blobs.put(blob, 0, "a piece".into()).await.expect("stored");
    }
    let folder = |blob: BlobId| storage.0.path().join("blobs").join(&blob.to_string()[..2]).join(blob.to_string());
    let piece = folder(blob).join("0000000000000000");
    std::fs::hard_link(&piece, folder(blob).join("0000000000000000#1")).expect("a second name");
    std::fs::write(folder(blob).join("0000000000000007#1"), "half a pie").expect("a piece that was begun");
    assert_eq!(blobs.length(blob).await.expect("its length"), 7);
    blobs.delete(blob).await.expect("deleted");
    assert!(!folder(blob).exists());
    assert_eq!(blobs.length(other).await.expect("the other"), 7);
    // Also where no piece came to its place.
    std::fs::create_dir_all(folder(blob)).expect("a folder");
    std::fs::write(folder(blob).join("0000000000000000#1"), "half a pie").expect("a piece that was begun");
    blobs.delete(blob).await.expect("deleted");
    assert!(!folder(blob).exists());
}

/// Whether it was finished, or dropped in the middle, or came too late.
#[tokio::test]
async fn of_a_piece_that_was_written_while_it_came_no_other_name_stays() {
    let storage = Folder::new();
    let blobs = storage.blobs().await;
    let blob = BlobId::from_bytes([1; 16]);
    let folder = storage.0.path().join("blobs").join(&blob.to_string()[..2]).join(blob.to_string());
    let names = || {
        let names = std::fs::read_dir(&folder).expect("the blob's folder").map(|entry| entry.expect("an entry"));
        names.map(|entry| entry.file_name().into_string().expect("a name")).collect::<Vec<_>>()
    };
    let mut dropped = blobs.piece(blob, 0, 0);
    for _ in 0..3 {
        dropped.write(&vec![1; 1024 * 1024]).await.expect("written");
    }
    assert_eq!(names(), ["0000000000000000#1"]);
    let mut late = blobs.piece(blob, 0, 0);
    let mut first = blobs.piece(blob, 0, 0);
    late.write(&vec![2; 2_000_000]).await.expect("written");
    first.write(&vec![3; 2_000_000]).await.expect("written");
    first.finish().await.expect("stored");
    assert!(late.finish().await.is_err());
    drop(dropped);
    // What is still being written when its writer is dropped goes when that has come to its end.
    for _ in 0..500 {
        if names().len() == 1 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    assert_eq!(names(), ["0000000000000000"]);
}

/// Blobs under a prefix of their own in an emulated S3; none where there is no emulation. In CI that is a failure.
pub(crate) async fn emulated_s3() -> Option<Blobs> {
    static PREFIX: AtomicU64 = AtomicU64::new(1);
    let emulation = Emulation::shared()?;
    let prefix = PREFIX.fetch_add(1, Ordering::Relaxed);
    Some(emulation.blobs(&format!("test-{prefix}")).await)
}

/// Ends with the process that started it: it reads its standard input to the end.
pub(crate) struct Emulation {
    port: u16,
    _server: Child,
}

/// Starts the server, makes a bucket with a key that may use it, and says the port.
const PROGRAM: &str = "
import sys
# The server speaks on the standard output as well.
answer, sys.stdout = sys.stdout, sys.stderr
import boto3
from moto.server import ThreadedMotoServer
server = ThreadedMotoServer(ip_address='127.0.0.1', port=0)
server.start()
host, port = server.get_host_and_port()
s3 = boto3.client('s3', endpoint_url=f'http://127.0.0.1:{port}', region_name='us-east-1',
                  aws_access_key_id='test', aws_secret_access_key='test')
s3.create_bucket(Bucket='huis')
print(port, file=answer, flush=True)
sys.stdin.read()
server.stop()
";

impl Emulation {
    fn shared() -> Option<&'static Self> {
        static SHARED: OnceLock<Option<Emulation>> = OnceLock::new();
        SHARED.get_or_init(Self::start).as_ref()
    }

    fn start() -> Option<Self> {
        let Some(python) = python() else {
            assert!(std::env::var_os("CI").is_none_or(|value| value != "true"), "{MISSING}");
            // Not by a macro, whose output the test's runner keeps to itself.
            let _ = writeln!(std::io::stderr().lock(), "\n{MISSING}\n");
            return None;
        };
        let mut server = Command::new(python)
            .args(["-c", PROGRAM])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the emulation of S3");
        let mut said = String::new();
        BufReader::new(server.stdout.take().expect("its output")).read_line(&mut said).expect("its port");
        Some(Self { port: said.trim().parse().expect("the emulation of S3 says its port"), _server: server })
    }

    async fn blobs(&self, prefix: &str) -> Blobs {
        let address = format!("s3://huis/{prefix}?endpoint=http://127.0.0.1:{}&region=us-east-1", self.port);
        let keys = S3Keys { id: "test".into(), secret: "test".into() };
        let address: BlobsAddress = address.parse().expect("an address");
        Blobs::open(&address.with_keys(keys)).await.expect("blobs on S3")
    }
}

fn python() -> Option<PathBuf> {
    let named = std::env::var_os(PYTHON).map(PathBuf::from);
    let usual =
        || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache/huis/target/tools/moto/bin/python"));
    named.or_else(usual).filter(|python| python.exists())
}
