//! Development only: a Redis for tests, from the system's own package, or a Valkey that is named.
//!
//! It listens on a Unix socket in a folder of its own, keeps nothing on the disk, and ends with the process that started it,
//! however that ends: a guard waits for the other end of a pipe to close.

use std::io::Write as _;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

/// Names another program, such as `valkey-server`.
const PROGRAM: &str = "HUIS_TEST_REDIS";
const USUAL: &str = "redis-server";
/// Said where there is none.
const MISSING: &str = "NOT RUN: the tests of the bus between nodes, for there is no Redis here (Debian: redis-server)";

/// A server that runs.
pub struct Server {
    program: PathBuf,
    folder: PathBuf,
    settings: Vec<String>,
    // Its standard input closes with this, which is what it waits for.
    guard: Child,
}

impl Server {
    /// Starts a server. Where there is no Redis, that is said, and in CI it is a failure.
    ///
    /// # Panics
    /// Where it does not start; and in CI, where there is none.
    pub fn start() -> Option<Self> {
        Self::start_with(&[])
    }

    /// As `start`, with further settings.
    ///
    /// # Panics
    /// As `start`.
    pub fn start_with(settings: &[&str]) -> Option<Self> {
        let Some(program) = program() else {
            assert!(std::env::var_os("CI").is_none_or(|value| value != "true"), "{MISSING}");
            // Not by a macro, whose output the test's runner keeps to itself.
            let _ = writeln!(std::io::stderr().lock(), "\n{MISSING}\n");
            return None;
        };
        let folder = TempDir::with_prefix("huis-redis-").expect("a folder").keep();
        let guard = guard(&folder);
        let settings = settings.iter().map(|&setting| setting.to_owned()).collect();
        let server = Self { program, folder, settings, guard };
        server.go_on();
        Some(server)
    }

    /// How a program reaches it.
    pub fn address(&self) -> String {
        format!("redis+unix://{}", self.socket().display())
    }

    /// Its socket.
    pub fn socket(&self) -> PathBuf {
        self.folder.join("socket")
    }

    /// Its process, where it runs.
    pub fn process(&self) -> Option<u32> {
        self.pid()?.parse().ok()
    }

    /// `kill -9`. It keeps nothing.
    pub fn crash(&self) {
        self.signal("KILL");
        while self.runs() {
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// Holds it, so that it answers nothing and nobody is told.
    pub fn hold(&self) {
        self.signal("STOP");
    }

    /// Lets it go on after [`hold`](Self::hold).
    pub fn let_go(&self) {
        self.signal("CONT");
    }

    /// Starts it where it was.
    ///
    /// # Panics
    /// Where it does not start.
    pub fn go_on(&self) {
        let _ = std::fs::remove_file(self.socket());
        let _ = std::fs::remove_file(self.pid_file());
        let mut command = Command::new(&self.program);
        command.args(["--port", "0", "--save", "", "--appendonly", "no", "--daemonize", "yes"]);
        command.arg("--dir").arg(&self.folder).arg("--unixsocket").arg(self.socket());
        command.arg("--pidfile").arg(self.pid_file()).arg("--logfile").arg(self.folder.join("log"));
        command.args(&self.settings);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        assert!(command.status().expect("the server's program").success(), "it does not start");
        for _ in 0..2000 {
            if UnixStream::connect(self.socket()).is_ok() && self.pid().is_some() {
                return;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        let log = std::fs::read_to_string(self.folder.join("log")).unwrap_or_default();
        panic!("it does not listen: {log}");
    }

    /// What it answers to a command, as its own client prints it.
    ///
    /// # Panics
    /// Where the client cannot be started.
    pub fn ask(&self, command: &[&str]) -> String {
        let client = self.program.with_file_name(
            self.program.file_name().and_then(|name| name.to_str()).unwrap_or(USUAL).replace("-server", "-cli"),
        );
        let output = Command::new(client).arg("-s").arg(self.socket()).args(command).output().expect("its client");
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    fn signal(&self, signal: &str) {
        if let Some(pid) = self.pid() {
            let _ = Command::new("kill").arg(format!("-{signal}")).arg(pid).status();
        }
    }

    fn runs(&self) -> bool {
        self.pid().is_some_and(|pid| {
            let status = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
            // What nobody waits for any more is no longer there, though its entry may be.
            !(status.is_empty() || status.contains(") Z "))
        })
    }

    fn pid(&self) -> Option<String> {
        let pid = std::fs::read_to_string(self.pid_file()).ok()?.trim().to_owned();
        (!pid.is_empty()).then_some(pid)
    }

    fn pid_file(&self) -> PathBuf {
        self.folder.join("pid")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.guard.stdin.take());
        // It does its best; there is nobody to tell.
        let _ = self.guard.wait();
    }
}

/// Waits for the process that started it to end, and then ends the server and takes its folder away.
fn guard(folder: &Path) -> Child {
    const SCRIPT: &str = r#"trap '' INT TERM HUP
        cat >/dev/null
        kill -KILL "$(cat "$1/pid")"
        rm -rf "$1""#;
    let mut command = Command::new("sh");
    command.args(["-c", SCRIPT, "guard"]).arg(folder);
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().expect("a guard")
}

fn program() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os(PROGRAM) {
        return Some(named.into());
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).map(|folder| folder.join(USUAL)).find(|program| program.exists())
}
