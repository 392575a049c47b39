//! Development only: a PostgreSQL for tests, from the system's own package.
//!
//! [`shared`] is one server for a whole test process, with a database for each test; [`Server::start`] is one that a test
//! may stop and start. Either listens on a Unix socket in a folder of its own and ends with the process that started it,
//! however that ends: a guard waits for the other end of a pipe to close.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU16, AtomicU64, Ordering};

use tempfile::TempDir;

/// Names another folder with PostgreSQL's programs.
const PROGRAMS: &str = "HUIS_TEST_POSTGRES";
/// Where Debian keeps them, by version.
const DEBIAN: &str = "/usr/lib/postgresql";
/// Whom the server runs as where the tests run as root, which it refuses.
const USER: &str = "postgres";
/// Said where there is none.
const MISSING: &str =
    "NOT RUN: the tests of the PostgreSQL store, for there is no PostgreSQL here (Debian: postgresql)";

const CONFIGURATION: &str = "
listen_addresses = ''
fsync = off
full_page_writes = off
max_connections = 400
shared_buffers = 64MB
max_wal_size = 256MB
min_wal_size = 80MB
autovacuum_naptime = 600
log_min_messages = warning
deadlock_timeout = 200ms
";

/// A server that runs.
pub struct Server {
    programs: PathBuf,
    folder: PathBuf,
    user: Option<(u32, u32)>,
    port: AtomicU16,
    // Its standard input closes with this, which is what it waits for.
    guard: Child,
}

/// A database of its own, dropped with this.
pub struct Database<'a> {
    server: &'a Server,
    name: String,
}

/// The server of this test process, started when it is first asked for. Where there is no PostgreSQL, that is said, and
/// in CI it is a failure.
///
/// # Panics
/// Where it does not start; and in CI, where there is none.
pub fn shared() -> Option<&'static Server> {
    static SHARED: OnceLock<Option<Server>> = OnceLock::new();
    SHARED.get_or_init(Server::start).as_ref()
}

impl Server {
    /// Starts a server; none where there is no PostgreSQL, as [`shared`] says it.
    ///
    /// # Panics
    /// Where it does not start; and in CI, where there is none.
    pub fn start() -> Option<Self> {
        Self::start_with(&[])
    }

    /// As `start`, with further settings, which count more than the usual ones.
    ///
    /// # Panics
    /// As `start`.
    pub fn start_with(settings: &[&str]) -> Option<Self> {
        let Some(programs) = programs() else {
            assert!(std::env::var_os("CI").is_none_or(|value| value != "true"), "{MISSING}");
            // Not by a macro, whose output the test's runner keeps to itself.
            let _ = writeln!(std::io::stderr().lock(), "\n{MISSING}\n");
            return None;
        };
        let user = (text(Command::new("id").arg("-u")) == "0").then(|| {
            let id = |which: &str| text(Command::new("id").args([which, USER])).parse().expect("PostgreSQL's user");
            (id("-u"), id("-g"))
        });
        let server = Self::without_data(programs, user);
        server.execute(Path::new("cp"), &["-a", &server.made().data(), &server.data()]);
        let file = Path::new(&server.data()).join("postgresql.auto.conf");
        let sockets = format!("unix_socket_directories = '{}'\n", server.folder.display());
        let settings = settings.join("\n");
        std::fs::write(file, format!("{CONFIGURATION}{sockets}{settings}\n")).expect("its configuration");
        server.go_on();
        Some(server)
    }

    fn without_data(programs: PathBuf, user: Option<(u32, u32)>) -> Self {
        let folder = TempDir::with_prefix("huis-postgres-").expect("a folder").keep();
        if let Some((user, group)) = user {
            std::os::unix::fs::chown(&folder, Some(user), Some(group)).expect("its folder");
        }
        let guard = guard(&programs, &folder, user);
        Self { programs, folder, user, port: AtomicU16::new(5432), guard }
    }

    /// One that never runs, whose data every other one begins with: making it costs more processor time than most tests,
    /// and is done once in a process.
    fn made(&self) -> &'static Self {
        static MADE: OnceLock<Server> = OnceLock::new();
        MADE.get_or_init(|| {
            let made = Self::without_data(self.programs.clone(), self.user);
            made.run(
                "initdb",
                &[
                    "--no-sync",
                    "--auth=trust",
                    "--username=postgres",
                    "--encoding=UTF8",
                    "--locale=C",
                    "-D",
                    &made.data(),
                ],
            );
            made
        })
    }

    /// Ends it at once, as a failure of its machine's power would, but for the disk.
    pub fn crash(&self) {
        self.run("pg_ctl", &["-D", &self.data(), "-m", "immediate", "-w", "stop"]);
    }

    /// Starts it anew, reached over TLS as well: at this port of `localhost`, with this certificate and key (PEM).
    pub fn protect(&self, certificate: &str, key: &str) -> u16 {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("its number").port();
        let data = PathBuf::from(self.data());
        for (name, text) in [("server.crt", certificate), ("server.key", key)] {
            let file = data.join(name);
            std::fs::write(&file, text).expect("written");
            std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o600)).expect("made private");
            if let Some((user, group)) = self.user {
                std::os::unix::fs::chown(&file, Some(user), Some(group)).expect("given to the server");
            }
        }
        let file = data.join("postgresql.auto.conf");
        let before = std::fs::read_to_string(&file).expect("its configuration");
        let more = format!("listen_addresses = '127.0.0.1'\nport = {port}\nssl = on\n");
        std::fs::write(&file, format!("{before}{more}")).expect("its configuration");
        self.crash();
        drop(listener);
        self.port.store(port, Ordering::Relaxed);
        self.go_on();
        port
    }

    /// The process from which all of its others come.
    ///
    /// # Panics
    /// Where it does not run.
    pub fn process(&self) -> u32 {
        let file = std::fs::read_to_string(Path::new(&self.data()).join("postmaster.pid")).expect("it runs");
        file.lines().next().and_then(|line| line.trim().parse().ok()).expect("its number")
    }

    /// Starts it where it was.
    pub fn go_on(&self) {
        let log = self.folder.join("log").display().to_string();
        self.run("pg_ctl", &["-D", &self.data(), "-w", "-t", "120", "-l", &log, "start"]);
    }

    /// An empty database.
    pub fn database(&self) -> Database<'_> {
        static COUNTER: AtomicU64 = AtomicU64::new(1);
        let name = format!("test_{}", COUNTER.fetch_add(1, Ordering::Relaxed));
        self.say("postgres", &format!("CREATE DATABASE {name} TEMPLATE template0"));
        Database { server: self, name }
    }

    fn say(&self, database: &str, sql: &str) -> String {
        let (sockets, port) = (self.folder.display().to_string(), self.port.load(Ordering::Relaxed).to_string());
        let way = ["-X", "-q", "-A", "-t", "-h", &sockets, "-p", &port, "-U", "postgres", "-d", database, "-c", sql];
        let said = self.run("psql", &way);
        String::from_utf8_lossy(&said.stdout).trim().to_owned()
    }

    fn data(&self) -> String {
        self.folder.join("data").display().to_string()
    }

    /// One of PostgreSQL's programs.
    fn run(&self, program: &str, arguments: &[&str]) -> Output {
        self.execute(&self.programs.join(program), arguments)
    }

    fn execute(&self, program: &Path, arguments: &[&str]) -> Output {
        let mut command = Command::new(as_user(self.user).unwrap_or("env"));
        command.args(as_user_arguments(self.user)).arg(program).args(arguments);
        command.current_dir(&self.folder).env("LC_ALL", "C").stdin(Stdio::null());
        // The server would keep the pipes of whoever starts it, and a reader would wait for it.
        if arguments.last() == Some(&"start") {
            command.stdout(Stdio::null()).stderr(Stdio::null());
        }
        let output = command.output().expect("a program");
        let said = String::from_utf8_lossy(&output.stderr);
        let log = std::fs::read_to_string(self.folder.join("log")).unwrap_or_default();
        assert!(output.status.success(), "{} {}: {said}{log}", program.display(), arguments.join(" "));
        output
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.guard.stdin.take());
        // It does its best; there is nobody to tell.
        let _ = self.guard.wait();
    }
}

impl Database<'_> {
    /// How a program reaches it.
    pub fn address(&self) -> String {
        let sockets = self.server.folder.display().to_string().replace('/', "%2F");
        let port = self.server.port.load(Ordering::Relaxed);
        format!("postgres://postgres@{sockets}:{port}/{}", self.name)
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What the database answers to a statement, a line for each row.
    pub fn ask(&self, sql: &str) -> String {
        self.server.say(&self.name, sql)
    }
}

impl Drop for Database<'_> {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.server.say("postgres", &format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name));
        }
    }
}

/// Waits for the process that started it to end, and then ends the server and takes its folder away.
fn guard(programs: &Path, folder: &Path, user: Option<(u32, u32)>) -> Child {
    const SCRIPT: &str = r#"trap '' INT TERM HUP
        folder=$1; shift
        cat >/dev/null
        cd "$folder" && "$@" -D "$folder/data" -m immediate stop
        cd / && rm -rf "$folder""#;
    let mut command = Command::new("sh");
    command.args(["-c", SCRIPT, "guard"]).arg(folder).args(as_user(user)).args(as_user_arguments(user));
    command.arg(programs.join("pg_ctl")).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().expect("a guard")
}

fn as_user(user: Option<(u32, u32)>) -> Option<&'static str> {
    user.map(|_| "setpriv")
}

fn as_user_arguments(user: Option<(u32, u32)>) -> Vec<String> {
    match user {
        Some((user, group)) => vec![format!("--reuid={user}"), format!("--regid={group}"), "--clear-groups".into()],
        None => Vec::new(),
    }
}

/// The folder with PostgreSQL's programs, of the newest version.
fn programs() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os(PROGRAMS) {
        return Some(named.into());
    }
    let versions = std::fs::read_dir(DEBIAN).into_iter().flatten().flatten();
    let version = |folder: &PathBuf| folder.file_name().and_then(|name| name.to_str()?.parse::<u32>().ok());
    let mut found: Vec<PathBuf> =
        versions.map(|entry| entry.path()).filter(|folder| version(folder).is_some()).collect();
    found.sort_by_key(version);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let others = std::env::split_paths(&path);
    let all = found.into_iter().rev().map(|folder| folder.join("bin")).chain(others);
    all.into_iter().find(|folder| folder.join("initdb").exists() && folder.join("pg_ctl").exists())
}

fn text(command: &mut Command) -> String {
    let output = command.output().expect("a program of the system");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}
