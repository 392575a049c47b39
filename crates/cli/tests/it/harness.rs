//! A server and people, as processes. Whatever a test starts ends with it, also where the test fails.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

/// A test that waits longer for one thing than this has failed.
const PATIENCE: Duration = Duration::from_secs(120);

pub(crate) const PASSWORD: &str = "tulip-garage-velvet-orbit";
pub(crate) const PASSPHRASE: &str = "amber basket cedar dragon";

/// A server with a folder of its own, and room for profiles.
pub(crate) struct House {
    folder: TempDir,
    /// The name of the server's data folder in it.
    data: String,
    /// How the disk is mounted that the data folder is, where that is one of its own.
    disk: Option<String>,
    server: Option<Process>,
    address: String,
    scheme: String,
}

/// A person with one profile.
#[derive(Clone)]
pub(crate) struct Person {
    pub(crate) name: String,
    pub(crate) profile: PathBuf,
    url: String,
    /// What the variable for it holds, if anything.
    password: Option<String>,
}

/// A process that runs.
pub(crate) struct Process {
    child: Child,
    lines: Receiver<String>,
    errors: Receiver<String>,
    /// What came of the errors so far.
    said: String,
    what: String,
}

/// How a process ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// `huis` with these arguments, away from what is set where the tests run.
pub(crate) fn huis(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_huis"));
    command.args(args);
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(|name| name.starts_with("HUIS_") || name == "XDG_DATA_HOME") {
            command.env_remove(name);
        }
    }
    command
}

/// How `unshare` gives a process mounts that nobody else sees: for a user without privileges, or for one who has them where
/// there are no users of its own.
fn unshared() -> Option<&'static str> {
    ["-Urm", "-m"].into_iter().find(|how| {
        let mounts = Command::new("unshare").args([how, "mount", "-t", "tmpfs", "huis", "/tmp"]).output();
        mounts.is_ok_and(|ended| ended.status.success())
    })
}

/// This command, with a disk of its own in place of a folder.
fn on_disk(command: &Command, options: &str, folder: &Path) -> Command {
    let script = "mount -t tmpfs -o \"$0\" huis \"$1\" && shift && exec \"$@\"";
    let mut within = Command::new("unshare");
    within.args([unshared().unwrap(), "sh", "-c", script, options]).arg(folder);
    within.arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => within.env(name, value),
            None => within.env_remove(name),
        };
    }
    within
}

impl House {
    /// A server on a free port.
    pub(crate) fn open() -> Self {
        Self::open_with(&[])
    }

    /// As `open`, with further settings.
    pub(crate) fn open_with(settings: &[&str]) -> Self {
        let mut house = Self::in_folder(tempfile::tempdir().unwrap());
        house.start(settings);
        house
    }

    fn in_folder(folder: TempDir) -> Self {
        let (data, address) = ("server".into(), "127.0.0.1:0".into());
        Self { folder, data, disk: None, server: None, address, scheme: String::new() }
    }

    /// A server whose data folder is a disk of its own, of so many bytes and files, which goes with its process; none where
    /// nobody may mount one.
    #[cfg(target_os = "linux")]
    pub(crate) fn open_on_disk(bytes: u64, files: u64) -> Option<Self> {
        unshared()?;
        let mut house = Self::in_folder(tempfile::tempdir().unwrap());
        house.disk = Some(format!("size={bytes},nr_inodes={files},mode=700"));
        std::fs::create_dir(house.data()).unwrap();
        house.start(&[]);
        Some(house)
    }

    /// The server's data as its process sees them, where they are on a disk that it alone sees.
    #[cfg(target_os = "linux")]
    pub(crate) fn data_on_disk(&self) -> PathBuf {
        let data = self.data();
        PathBuf::from(format!("/proc/{}/root", self.process())).join(data.strip_prefix("/").unwrap())
    }

    /// Another node of the same server: a folder of its own with a copy of the keys, and another port.
    pub(crate) fn beside(&self, settings: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let keys = folder.path().join("server/keys");
        std::fs::create_dir_all(&keys).unwrap();
        for (path, key) in files(&self.data().join("keys")) {
            std::fs::write(keys.join(path.file_name().unwrap()), key).unwrap();
        }
        let mut house = Self::in_folder(folder);
        house.start(settings);
        house
    }

    /// A person who has no account yet, and who comes by another way than straight to this server.
    pub(crate) fn stranger_by(&self, name: &str, url: &str) -> Person {
        Person { url: url.into(), ..self.stranger(name) }
    }

    /// Starts the server again where it was.
    pub(crate) fn start(&mut self, settings: &[&str]) {
        let data = self.data();
        let mut command = huis(&["serve", "--listen", &self.address, "--data", data.to_str().unwrap()]);
        command.args(["--guesses-per-minute", "1000000", "--requests-per-second", "100000"]);
        command.args(settings).env("HUIS_ACCESS_PASSPHRASE", PASSPHRASE);
        if let Some(options) = &self.disk {
            command = on_disk(&command, options, &data);
        }
        let mut server = Process::start(command, None);
        let first = server.line();
        let url = first.rsplit(' ').next().unwrap_or_default();
        assert!(url.contains("://127.0.0.1:"), "{first}");
        let (scheme, address) = url.split_once("://").unwrap();
        (self.scheme, self.address) = (scheme.into(), address.into());
        self.server = Some(server);
    }

    /// What stands behind these words on the line of the server's announcement that holds them.
    pub(crate) fn announced(&mut self, words: &str) -> String {
        let server = self.server.as_mut().unwrap();
        loop {
            if let Some((_, behind)) = server.line().split_once(words) {
                return behind.trim().to_owned();
            }
        }
    }

    /// The next line of the server's announcement.
    pub(crate) fn says(&mut self) -> String {
        self.server.as_mut().unwrap().line()
    }

    /// The server is seen to end without being told to from outside.
    pub(crate) fn ends_by_itself(&mut self) -> Ended {
        self.server.take().unwrap().end()
    }

    /// `kill -9`.
    pub(crate) fn kill(&mut self) {
        drop(self.server.take());
    }

    /// Asks the server to end, as a service manager does, and waits for it.
    pub(crate) fn stop(&mut self, signal: &str) -> Ended {
        let server = self.server.take().unwrap();
        server.signal(signal);
        server.end()
    }

    /// The server is there, and does nothing until it is thawed.
    pub(crate) fn freezes(&self) {
        self.server.as_ref().unwrap().freeze();
    }

    pub(crate) fn thaws(&self) {
        self.server.as_ref().unwrap().thaw();
    }

    /// The number of the server's process.
    pub(crate) fn process(&self) -> u32 {
        self.server.as_ref().unwrap().child.id()
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    pub(crate) fn url(&self) -> String {
        format!("{}://{}", self.scheme, self.address)
    }

    /// The server's data.
    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join(&self.data)
    }

    /// Where the server will be started from now on.
    pub(crate) fn serves_from(&mut self, name: &str) {
        self.data = name.into();
    }

    /// A folder for what a test needs.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A person who has no account yet.
    pub(crate) fn stranger(&self, name: &str) -> Person {
        let (profile, password) = (self.folder.path().join(name), Some(PASSWORD.into()));
        Person { name: name.into(), profile, url: self.url(), password }
    }

    /// A person with an account.
    pub(crate) fn person(&self, name: &str) -> Person {
        let person = self.stranger(name);
        person.registers().well();
        person
    }
}

impl Person {
    /// The server.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Another profile of the same person.
    pub(crate) fn with_profile(&self, name: &str) -> Self {
        Self { profile: self.profile.with_file_name(name), ..self.clone() }
    }

    /// The same profile with another password at hand, or with none.
    pub(crate) fn with_password(&self, password: Option<&str>) -> Self {
        Self { password: password.map(Into::into), ..self.clone() }
    }

    pub(crate) fn registers(&self) -> Ended {
        let mut command = self.command(&["register", &self.name, "--server", &self.url, "--json"]);
        command.env("HUIS_ACCESS_PASSPHRASE", PASSPHRASE);
        Process::start(command, None).end()
    }

    pub(crate) fn logs_in(&self) -> Ended {
        self.does(&["login", &self.name, "--server", &self.url, "--json"])
    }

    /// A command on this profile.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = huis(args);
        command.env("HUIS_PROFILE", &self.profile);
        if let Some(password) = &self.password {
            command.env("HUIS_PASSWORD", password);
        }
        command
    }

    /// Runs a command to its end, with further variables.
    pub(crate) fn does_with(&self, variables: &[(&str, &str)], args: &[&str]) -> Ended {
        let mut command = self.command(args);
        command.envs(variables.iter().copied());
        Process::start(command, None).end()
    }

    /// Runs a command to its end.
    pub(crate) fn does(&self, args: &[&str]) -> Ended {
        self.starts(args).end()
    }

    /// As `does`, with a standard input.
    pub(crate) fn pipes(&self, input: &[u8], args: &[&str]) -> Ended {
        Process::start(self.command(args), Some(input)).end()
    }

    /// Starts a command that goes on.
    pub(crate) fn starts(&self, args: &[&str]) -> Process {
        Process::start(self.command(args), None)
    }

    /// Starts a command that reads what comes to be known by its output.
    pub(crate) fn converses(&self, args: &[&str]) -> (Process, ChildStdin) {
        let mut process = Process::spawn(self.command(args), Stdio::piped());
        let input = process.child.stdin.take().unwrap();
        (process, input)
    }

    /// Starts a command whose output nobody reads before it has ended.
    pub(crate) fn starts_unread(&self, args: &[&str]) -> Unread {
        let mut command = self.command(args);
        command.process_group(0).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Unread(Some(command.spawn().unwrap()))
    }

    /// Sends, and gives the message's id.
    pub(crate) fn says(&self, to: &str, text: &str) -> String {
        let id = self.does(&["send", to, "--", text]).well().trim().to_owned();
        assert!(id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit()), "{id:?}");
        id
    }

    /// The next `count` messages, waited for.
    pub(crate) fn hears(&self, count: usize) -> Vec<Value> {
        let count = count.to_string();
        self.does(&["receive", "--json", "--count", &count, "--timeout", "100"]).objects()
    }

    /// The texts of the next `count` messages.
    pub(crate) fn hears_texts(&self, count: usize) -> Vec<String> {
        texts(&self.hears(count))
    }

    /// Everything that waits has been printed.
    pub(crate) fn hears_nothing_more(&self) {
        assert_eq!(self.does(&["receive", "--json"]).objects(), Vec::<Value>::new(), "{}", self.name);
    }
}

/// The texts of messages.
pub(crate) fn texts(messages: &[Value]) -> Vec<String> {
    messages.iter().map(|message| message["text"].as_str().unwrap().to_owned()).collect()
}

impl Process {
    /// Starts a process in a group of its own.
    pub(crate) fn start(command: Command, input: Option<&[u8]>) -> Self {
        let mut process = Self::spawn(command, if input.is_some() { Stdio::piped() } else { Stdio::null() });
        if let Some(input) = input {
            // Whoever refuses too much of it need not read all.
            let _ = process.child.stdin.take().unwrap().write_all(input);
        }
        process
    }

    fn spawn(mut command: Command, input: Stdio) -> Self {
        let what = format!("{:?}", command.get_args().collect::<Vec<_>>());
        command.process_group(0).stdin(input).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let (errors, lines) = (lines_of(child.stderr.take().unwrap()), lines_of(child.stdout.take().unwrap()));
        Self { child, lines, errors, said: String::new(), what }
    }

    /// The next line of its output.
    pub(crate) fn line(&mut self) -> String {
        match self.lines.recv_timeout(PATIENCE) {
            Ok(line) => line,
            Err(error) => {
                self.kill();
                let errors = self.errors();
                panic!("{}: no line ({error}); {errors}", self.what);
            }
        }
    }

    /// The next line of its output, or none at its end.
    pub(crate) fn try_line(&mut self) -> Option<String> {
        match self.lines.recv_timeout(PATIENCE) {
            Ok(line) => Some(line),
            Err(RecvTimeoutError::Disconnected) => None,
            Err(RecvTimeoutError::Timeout) => panic!("{}: no line, no end", self.what),
        }
    }

    /// The lines that it has printed by now, as JSON.
    pub(crate) fn objects_so_far(&mut self) -> Vec<Value> {
        self.lines.try_iter().map(|line| serde_json::from_str(&line).unwrap()).collect()
    }

    /// The next line as JSON.
    pub(crate) fn object(&mut self) -> Value {
        serde_json::from_str(&self.line()).unwrap()
    }

    /// Waits for its end.
    pub(crate) fn end(mut self) -> Ended {
        let mut stdout = String::new();
        loop {
            match self.lines.recv_timeout(PATIENCE) {
                Ok(line) => {
                    stdout.push_str(&line);
                    stdout.push('\n');
                }
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => {
                    self.kill();
                    let errors = self.errors();
                    panic!("{} does not end; {stdout}{errors}", self.what);
                }
            }
        }
        let status: ExitStatus = self.child.wait().unwrap();
        Ended { code: status.code(), stdout, stderr: self.errors() }
    }

    /// Asks it to end, as a person would.
    pub(crate) fn interrupt(&self) {
        self.signal("INT");
    }

    /// It is there, and does nothing any more.
    pub(crate) fn freeze(&self) {
        self.signal("STOP");
    }

    pub(crate) fn thaw(&self) {
        self.signal("CONT");
    }

    /// Its number, which is that of its group as well.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Whether it has not ended yet.
    pub(crate) fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// The most memory that it has had by now, in bytes; none once it has ended.
    pub(crate) fn most_memory(&self) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).ok()?;
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
        Some(peak.trim().strip_suffix(" kB")?.parse::<u64>().ok()? * 1024)
    }

    /// `kill -9`.
    pub(crate) fn kill(&mut self) {
        self.signal("KILL");
        let _ = self.child.wait();
    }

    fn signal(&self, signal: &str) {
        let script = format!("kill -{signal} -{} 2>/dev/null", self.child.id());
        Command::new("sh").args(["-c", &script]).status().unwrap();
    }

    /// Waits until it has said these words on the standard error output.
    pub(crate) fn notes(&mut self, words: &str) {
        while !self.said.contains(words) {
            match self.errors.recv_timeout(PATIENCE) {
                Ok(line) => self.hear(&line),
                Err(_) => panic!("{} does not say {words:?}: {}", self.what, self.said),
            }
        }
    }

    fn hear(&mut self, line: &str) {
        self.said.push_str(line);
        self.said.push('\n');
    }

    /// All of its standard error output, once it has ended.
    fn errors(&mut self) -> String {
        while let Ok(line) = self.errors.recv() {
            self.hear(&line);
        }
        std::mem::take(&mut self.said)
    }
}

/// The lines that come out of a process, as they come.
fn lines_of(from: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, lines) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(from).split(b'\n') {
            let Ok(line) = line else { break };
            if sender.send(String::from_utf8_lossy(&line).into_owned()).is_err() {
                break;
            }
        }
    });
    lines
}

impl Drop for Process {
    fn drop(&mut self) {
        if !matches!(self.child.try_wait(), Ok(Some(_))) {
            self.kill();
        }
    }
}

impl Ended {
    /// What it printed, if all is well.
    pub(crate) fn well(self) -> String {
        assert_eq!(self.code, Some(0), "{self:?}");
        self.stdout
    }

    /// The JSON objects that it printed, if all is well.
    pub(crate) fn objects(self) -> Vec<Value> {
        self.well().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// It ended with this exit code, and one line on the standard error output that ends with this code in brackets.
    pub(crate) fn refused(self, code: i32, word: &str) -> String {
        assert_eq!(self.stdout, "", "{self:?}");
        self.refused_after_output(code, word)
    }

    /// As `refused`, where something was printed before.
    pub(crate) fn refused_after_output(self, code: i32, word: &str) -> String {
        assert_eq!(self.code, Some(code), "{self:?}");
        let said: Vec<&str> = self.stderr.lines().filter(|line| !line.starts_with("note: ")).collect();
        assert_eq!(said.len(), 1, "{self:?}");
        assert!(said[0].starts_with("huis ") && said[0].ends_with(&format!("[{word}]")), "{self:?}");
        said[0].to_owned()
    }
}

/// A process whose output nobody reads.
pub(crate) struct Unread(Option<Child>);

impl Unread {
    /// Waits for its end.
    pub(crate) fn end(mut self) -> Ended {
        let mut stderr = self.0.as_mut().unwrap().stderr.take().unwrap();
        let (sender, ended) = channel();
        std::thread::spawn(move || {
            let mut text = String::new();
            let read = stderr.read_to_string(&mut text);
            let _ = sender.send(read.map(|_| text));
        });
        let stderr = ended.recv_timeout(PATIENCE).expect("it ends though nobody reads").unwrap();
        let mut child = self.0.take().unwrap();
        Ended { code: child.wait().unwrap().code(), stdout: String::new(), stderr }
    }
}

impl Drop for Unread {
    fn drop(&mut self) {
        if let Some(child) = &mut self.0 {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Every file in a folder, however deep, with its bytes.
pub(crate) fn files(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            let kind = entry.file_type().unwrap();
            if kind.is_dir() {
                folders.push(entry.path());
            } else if kind.is_file() {
                found.push((entry.path(), std::fs::read(entry.path()).unwrap()));
            }
        }
    }
    found
}
