//! Messages that a public beacon opens, by commands, with a beacon of the test's own on this machine.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use huis_proto::beacon::BeaconRound;
use huis_testkit::ChainKey;

use crate::harness::{Ended, House, Person, Process, huis};
use crate::stories::acquainted;

/// A beacon that publishes a round each second, on a port of its own. It is served until the process of the tests ends.
struct Beacon {
    url: String,
    chain: String,
    is_reached: Arc<AtomicBool>,
    asked: Arc<AtomicU64>,
}

fn now_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as u64
}

impl Beacon {
    fn open() -> Self {
        let key = ChainKey::made_of(1, 1_692_803_367, 1);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (is_reached, asked) = (Arc::new(AtomicBool::new(true)), Arc::new(AtomicU64::new(0)));
        let beacon = Self {
            url: format!("http://{}", listener.local_addr().unwrap()),
            chain: key.chain.to_string(),
            is_reached: Arc::clone(&is_reached),
            asked: Arc::clone(&asked),
        };
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut line = String::new();
                BufReader::new(&stream).read_line(&mut line).unwrap();
                asked.fetch_add(1, Ordering::SeqCst);
                let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
                let prefix = format!("/{}/public/", key.chain.hash_in_hex());
                let round: Option<u64> = path.strip_prefix(&prefix).and_then(|round| round.parse().ok());
                let answer = match round {
                    Some(round) if is_reached.load(Ordering::SeqCst) && key.chain.published_ms(round) <= now_ms() => {
                        let body = serde_json::to_string(&BeaconRound::new(round, &key.signs(round))).unwrap();
                        format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len())
                    }
                    _ => "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".to_owned(),
                };
                // Who asked may be gone.
                let _ = stream.write_all(answer.as_bytes());
            }
        });
        beacon
    }

    /// A command of a person's that knows this beacon, and asks it there.
    fn known_to(&self, person: &Person, args: &[&str], urls: &str) -> Ended {
        person.does_with(&[("HUIS_BEACON_CHAIN", &self.chain), ("HUIS_BEACON_URLS", urls)], args)
    }
}

/// What comes to a person who waits for it, once it is open.
fn opened(beacon: &Beacon, person: &Person, id: &str, urls: &str) -> serde_json::Value {
    loop {
        let heard = beacon.known_to(person, &["receive", "--json", "--count", "1", "--timeout", "100"], urls).objects();
        assert_eq!(heard[0]["id"], id);
        if heard[0]["kind"] == "text" {
            return heard[0].clone();
        }
    }
}

#[test]
fn a_message_locked_by_a_beacon_opens_with_its_round_and_the_server_is_told_nothing() {
    let beacon = Beacon::open();
    let house = House::open_with(&["--beacon-urls", "none"]);
    let (a, b) = acquainted(&house);
    let send = ["send", "@member-b", "at last", "--unlock-at", "4s", "--trust", "drand"];
    let id = beacon.known_to(&a, &send, &beacon.url).well().trim().to_owned();
    let listed = beacon.known_to(&a, &["locks", "list", "--json"], &beacon.url).objects();
    assert_eq!((&listed[0]["id"], &listed[0]["trust"]), (&id.as_str().into(), &"drand".into()));
    let message = opened(&beacon, &b, &id, &beacon.url);
    assert_eq!((&message["text"], &message["lock"]), (&"at last".into(), &"opened".into()));
}

#[test]
fn a_device_that_asks_its_server_alone_opens_what_a_beacon_locked_through_it() {
    let beacon = Beacon::open();
    let house = House::open_with(&["--beacon-urls", &beacon.url, "--beacon-chain", &beacon.chain]);
    let (a, b) = acquainted(&house);
    beacon.is_reached.store(false, Ordering::SeqCst);
    let send = ["send", "@member-b", "through the server", "--unlock-at", "1s", "--trust", "drand"];
    let id = beacon.known_to(&a, &send, "none").well().trim().to_owned();
    // It stays closed while the beacon says nothing.
    let heard = beacon.known_to(&b, &["receive", "--json", "--count", "1", "--timeout", "100"], "none").objects();
    assert_eq!((&heard[0]["id"], &heard[0]["kind"]), (&id.as_str().into(), &"timed".into()));
    beacon.known_to(&b, &["receive", "--count", "1", "--timeout", "6"], "none");
    assert!(beacon.asked.load(Ordering::SeqCst) > 0);
    let line = beacon.known_to(&b, &["locks", "list"], "none").well();
    assert!(line.contains("waiting for drand") && !line.contains("through the server"), "{line}");
    beacon.is_reached.store(true, Ordering::SeqCst);
    assert_eq!(opened(&beacon, &b, &id, "none")["text"], "through the server");
}

#[test]
fn what_is_set_wrongly_is_refused() {
    let house = House::open();
    let a = house.person("member-a");
    let refused = |args: &[&str], name: &str, value: &str| a.does_with(&[(name, value)], args).refused(1, "invalid");
    assert!(refused(&["conversations"], "HUIS_BEACON_CHAIN", "quicknet").contains("HASH:PUBLIC-KEY"));
    assert!(refused(&["conversations"], "HUIS_BEACON_URLS", "api.drand.sh").contains("HUIS_BEACON_URLS"));
    let data = house.path("other");
    let mut serve = huis(&["serve", "--check", "--data", data.to_str().unwrap()]);
    serve.args(["--beacon-chain", "quicknet"]);
    let ended = Process::start(serve, None).end();
    assert_ne!(ended.code, Some(0));
    // Whom to trust is a question of what opens later.
    assert_eq!(a.does(&["send", "@member-b", "x", "--trust", "drand"]).code, Some(2));
}
