//! Three nodes on one PostgreSQL, with a Redis between them and an nginx before them.

use std::io::Write as _;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use serde_json::Value;

use crate::crashes::{of, sends_until};
use crate::harness::{Ended, House, Person, Process};

/// One server of three nodes.
struct Nodes {
    houses: Vec<House>,
    settings: Vec<String>,
    bus: huis_testredis::Server,
    // Dropped after what uses them.
    _blobs: tempfile::TempDir,
    _database: huis_testpg::Database<'static>,
}

/// nginx, which gives each request to the next node.
struct Proxy {
    url: String,
    _process: Process,
    _folder: tempfile::TempDir,
}

impl Nodes {
    fn open() -> Option<Self> {
        let database = huis_testpg::shared()?.database();
        let address = database.address();
        Self::open_on(&address, database)
    }

    fn open_on(address: &str, database: huis_testpg::Database<'static>) -> Option<Self> {
        let bus = huis_testredis::Server::start()?;
        let blobs = tempfile::tempdir().unwrap();
        let place = blobs.path().to_str().unwrap();
        let settings = ["--database", address, "--bus", &bus.address(), "--blobs", place].map(str::to_owned).to_vec();
        let given: Vec<&str> = settings.iter().map(String::as_str).collect();
        let first = House::open_with(&given);
        let (second, third) = (first.beside(&given), first.beside(&given));
        Some(Self { houses: vec![first, second, third], settings, bus, _blobs: blobs, _database: database })
    }

    fn start(&mut self, node: usize) {
        let settings: Vec<&str> = self.settings.iter().map(String::as_str).collect();
        self.houses[node].start(&settings);
    }

    /// Someone with an account, who always comes to this node.
    fn person_at(&self, node: usize, name: &str) -> Person {
        let person = self.houses[0].stranger_by(name, &self.houses[node].url());
        person.registers().well();
        person
    }

    /// Someone with an account, who comes by the proxy.
    fn person_by(&self, proxy: &Proxy, name: &str) -> Person {
        let person = self.houses[0].stranger_by(name, &proxy.url);
        person.registers().well();
        person
    }

    fn stop(mut self) -> Vec<Ended> {
        self.houses.iter_mut().map(|house| house.stop("TERM")).collect()
    }
}

impl Proxy {
    /// None where there is no nginx, which is said, and in CI a failure.
    fn before(nodes: &Nodes) -> Option<Self> {
        const MISSING: &str =
            "NOT RUN: the tests of nodes behind a proxy, for there is no nginx here (Debian: nginx-light)";
        let Some(program) = program() else {
            assert!(std::env::var_os("CI").is_none_or(|value| value != "true"), "{MISSING}");
            let _ = writeln!(std::io::stderr().lock(), "\n{MISSING}\n");
            return None;
        };
        let folder = tempfile::tempdir().unwrap();
        let address = TcpListener::bind((own_address(), 0)).unwrap().local_addr().unwrap();
        let servers: String =
            nodes.houses.iter().map(|house| format!("server {} fail_timeout=1s;", house.address())).collect();
        let text = CONFIGURATION.replace("SERVERS", &servers).replace("ADDRESS", &address.to_string());
        let file = folder.path().join("nginx.conf");
        std::fs::write(&file, text).unwrap();
        let mut command = Command::new(program);
        command.arg("-p").arg(folder.path()).arg("-c").arg(&file).args(["-e", "error.log"]);
        let process = Process::start(command, None);
        let listens = (0..6000).any(|_| {
            std::thread::sleep(Duration::from_millis(5));
            TcpStream::connect(address).is_ok()
        });
        let log = folder.path().join("error.log");
        assert!(listens, "nginx does not listen: {}", std::fs::read_to_string(log).unwrap_or_default());
        Some(Self { url: format!("http://{address}"), _process: process, _folder: folder })
    }
}

/// An address of this machine at which nothing else listens: nginx takes no port that is open already, and a free one of
/// 127.0.0.1 could be gone until it asks for it. Where every address of 127.0.0.0/8 is the machine's own, as on Linux.
pub(crate) fn own_address() -> Ipv4Addr {
    static GIVEN: AtomicU32 = AtomicU32::new(0);
    // Of two processes that have the same the numbers differ by a multiple of two millions.
    let given = GIVEN.fetch_add(1, Ordering::Relaxed);
    assert!(given < 8, "eight tests of one process have an address of their own");
    Ipv4Addr::from_bits(0x7f00_0000 | ((std::process::id() << 3) & 0x00ff_fff8) | given)
}

/// As `docs/scaling.md` shows it.
pub(crate) const CONFIGURATION: &str = "
daemon off;
master_process off;
pid nginx.pid;
events { worker_connections 1024; }
http {
    access_log off;
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    client_max_body_size 64m;
    map $http_upgrade $connection_upgrade { default upgrade; '' close; }
    upstream huis { SERVERS }
    server {
        listen ADDRESS;
        location / {
            proxy_pass http://huis;
            proxy_http_version 1.1;
            proxy_set_header Upgrade $http_upgrade;
            proxy_set_header Connection $connection_upgrade;
            proxy_set_header Host $host;
            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
            proxy_read_timeout 90s;
        }
    }
}
";

fn program() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain([PathBuf::from("/usr/sbin")]);
    folders.map(|folder| folder.join("nginx")).find(|program| program.exists())
}

/// Three people write to a fourth, who listens, while something happens; nothing is lost, repeated or out of order, and
/// nobody's command fails. `disturb` is called with a way to hear on.
fn under_load(reader: &Person, senders: &[Person], disturb: impl FnOnce(&mut dyn FnMut())) {
    for sender in senders {
        sender.says("@reader", "first");
    }
    reader.hears(senders.len());
    let mut follower = reader.starts(&["receive", "--follow", "--json"]);
    let stop = AtomicBool::new(false);
    let (heard, said) = std::thread::scope(|scope| {
        let sending: Vec<_> = senders.iter().map(|sender| scope.spawn(|| sends_until(sender, &stop))).collect();
        let mut heard: Vec<Value> = Vec::new();
        let mut hear_on = || {
            heard.extend(follower.objects_so_far());
            heard.push(follower.object());
        };
        hear_on();
        disturb(&mut hear_on);
        hear_on();
        stop.store(true, Ordering::Relaxed);
        let said: Vec<Vec<String>> = sending.into_iter().map(|sending| sending.join().unwrap()).collect();
        let all: usize = said.iter().map(Vec::len).sum();
        while heard.len() < all {
            heard.push(follower.object());
        }
        (heard, said)
    });
    for (sender, said) in senders.iter().zip(&said) {
        assert_eq!(of(&heard, &sender.name), *said);
    }
    follower.interrupt();
    assert_eq!(follower.end().objects(), Vec::<Value>::new());
    reader.hears_nothing_more();
}

fn times(ended: &Ended, words: &str) -> usize {
    ended.stderr.lines().filter(|line| line.contains(words)).count()
}

#[test]
fn people_at_different_nodes_write_to_each_other() {
    let Some(nodes) = Nodes::open() else { return };
    let people: Vec<Person> =
        ["member-a", "member-b", "member-c"].iter().enumerate().map(|(at, name)| nodes.person_at(at, name)).collect();
    people[0].does(&["room", "create", "club", "@member-b", "@member-c"]).well();
    let mut followers: Vec<Process> =
        people.iter().map(|person| person.starts(&["receive", "--follow", "--json"])).collect();
    for round in 0..3 {
        for person in &people {
            let text = format!("{} {round}", person.name);
            person.says("#club", &text);
            for (follower, _) in followers.iter_mut().zip(&people).filter(|(_, other)| other.name != person.name) {
                assert_eq!(follower.object()["text"], text.as_str());
            }
        }
    }
    for ended in nodes.stop() {
        assert_eq!((ended.code, times(&ended, "the bus")), (Some(0), 0), "{ended:?}");
    }
}

#[test]
fn a_node_killed_under_load_loses_nothing_and_repeats_nothing() {
    let Some(mut nodes) = Nodes::open() else { return };
    let Some(proxy) = Proxy::before(&nodes) else { return };
    let reader = nodes.person_by(&proxy, "reader");
    let senders = ["sender-a", "sender-b", "sender-c"].map(|name| nodes.person_by(&proxy, name));
    under_load(&reader, &senders, |hear_on| {
        for node in 0..3 {
            nodes.houses[node].kill();
            hear_on();
            nodes.start(node);
            hear_on();
        }
    });
}

#[test]
fn a_rolling_restart_is_unnoticed() {
    let Some(mut nodes) = Nodes::open() else { return };
    let Some(proxy) = Proxy::before(&nodes) else { return };
    let reader = nodes.person_by(&proxy, "reader");
    let senders = ["sender-a", "sender-b"].map(|name| nodes.person_by(&proxy, name));
    under_load(&reader, &senders, |hear_on| {
        for node in 0..3 {
            let ended = nodes.houses[node].stop("TERM");
            assert_eq!(ended.code, Some(0), "{ended:?}");
            nodes.start(node);
            hear_on();
        }
    });
}

#[test]
fn a_bus_that_is_killed_and_comes_back_costs_nothing_but_a_warning() {
    let Some(nodes) = Nodes::open() else { return };
    let reader = nodes.person_at(0, "reader");
    let senders = [nodes.person_at(1, "sender-a"), nodes.person_at(2, "sender-b")];
    under_load(&reader, &senders, |hear_on| {
        nodes.bus.crash();
        // More than was under way when it ended.
        for _ in 0..6 {
            hear_on();
        }
        nodes.bus.go_on();
        for _ in 0..6 {
            hear_on();
        }
    });
    for ended in nodes.stop() {
        assert_eq!(ended.code, Some(0), "{ended:?}");
        let said = ["the bus is gone", "the bus is back", "the bus"].map(|words| times(&ended, words));
        assert_eq!(said, [1, 1, 2], "{ended:?}");
    }
}

#[test]
fn a_database_that_is_restarted_under_load_costs_nothing() {
    // One of its own, for it is restarted.
    let Some(server) = huis_testpg::Server::start() else { return };
    let server: &'static huis_testpg::Server = Box::leak(Box::new(server));
    let database = server.database();
    let address = database.address();
    let Some(nodes) = Nodes::open_on(&address, database) else { return };
    let reader = nodes.person_at(0, "reader");
    let senders = [nodes.person_at(1, "sender-a"), nodes.person_at(2, "sender-b")];
    under_load(&reader, &senders, |hear_on| {
        server.crash();
        server.go_on();
        for _ in 0..6 {
            hear_on();
        }
    });
}

#[test]
fn signing_in_and_joining_by_way_of_all_nodes_works() {
    let Some(nodes) = Nodes::open() else { return };
    let Some(proxy) = Proxy::before(&nodes) else { return };
    let (a, b) = (nodes.person_by(&proxy, "member-a"), nodes.person_by(&proxy, "member-b"));
    a.says("@member-b", "Did you see the draft?");
    b.hears(1);
    b.says("@member-a", "Yes.");
    a.hears(1);
    // Each step of it goes to another node.
    let tablet = a.with_profile("member-a-tablet");
    tablet.logs_in().well();
    b.says("@member-a", "On both devices?");
    assert_eq!(tablet.hears_texts(1), ["On both devices?"]);
    assert_eq!(a.hears_texts(1), ["On both devices?"]);
}
