//! What a server withstands on its own addresses: very many connections of one address, and who reads its metrics.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use rustix::process::{Resource, getrlimit, setrlimit};

use crate::harness::House;

/// What is said on each connection.
const HALF: &[u8] = b"GET /healthz HTTP/1.1\r\nhost: house\r\nx-half: ";
/// Opened one behind the other, before a whole question is asked: fewer than may wait to be taken.
const PORTION: u32 = 500;
/// How long the server may take to answer, or to give places back.
const PATIENCE: Duration = Duration::from_secs(60);
/// How many, of one address.
const CONNECTIONS: u32 = 20_000;
/// The most that the server may grow by, in KiB.
const GROWTH_KB: u64 = 64 * 1024;

/// Asks for a page on a connection of its own: nothing, where the server closed it without an answer.
pub(crate) fn get(address: &str, path: &str) -> Option<String> {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    // It may be refused by now.
    let _ = write!(stream, "GET {path} HTTP/1.1\r\nhost: house\r\nconnection: close\r\n\r\n");
    let mut answer = String::new();
    match stream.read_to_string(&mut answer) {
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
            panic!("no answer: {error}")
        }
        _ => Some(answer).filter(|answer| !answer.is_empty()),
    }
}

/// The server says nothing on a connection that it holds, as nothing whole was said to it.
fn is_held(stream: &mut TcpStream) -> bool {
    stream.read(&mut [0]).is_err_and(|error| error.kind() == ErrorKind::WouldBlock)
}

/// The memory that a process has for itself, and its share of what it has with others, in KiB.
fn pss_kb(process: u32) -> u64 {
    let rollup = std::fs::read_to_string(format!("/proc/{process}/smaps_rollup")).unwrap();
    let line = rollup.lines().find_map(|line| line.strip_prefix("Pss:")).unwrap();
    line.trim().trim_end_matches(" kB").trim().parse().unwrap()
}

#[test]
fn twenty_thousand_connections_of_one_address_cost_the_server_little_and_others_nothing() {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    setrlimit(Resource::Nofile, limit).unwrap();
    let house = House::open();
    let member = house.person("member-a");
    assert!(get(house.address(), "/healthz").is_some());
    let before = pss_kb(house.process());
    let mut held: Vec<TcpStream> = Vec::new();
    for _ in 0..CONNECTIONS / PORTION {
        for _ in 0..PORTION {
            let mut stream = TcpStream::connect(house.address()).unwrap();
            let _ = stream.write_all(HALF);
            stream.set_nonblocking(true).unwrap();
            held.push(stream);
        }
        // Connections are taken in the order in which they came: all before this one are decided.
        get(house.address(), "/healthz");
        held.retain_mut(is_held);
    }
    let most_kb = pss_kb(house.process()).saturating_sub(before);
    assert!(held.len() < CONNECTIONS as usize, "none was refused");
    assert!(most_kb <= GROWTH_KB, "{most_kb} KiB for {} held connections", held.len());
    drop(held);
    // The places are given back a moment after the connections have ended.
    let began = Instant::now();
    while get(house.address(), "/healthz").is_none() {
        assert!(began.elapsed() < PATIENCE, "no place was given back");
    }
    member.says("#lobby", "still here");
}

#[test]
fn metrics_are_on_an_address_of_their_own_and_on_no_other() {
    let mut house = House::open_with(&["--metrics-listen", "127.0.0.1:0"]);
    let url = house.announced("Metrics: ");
    let address = url.strip_prefix("http://").and_then(|url| url.strip_suffix("/metrics")).unwrap().to_owned();
    assert_ne!(address, house.address());
    get(house.address(), "/healthz").unwrap();
    let page = get(&address, "/metrics").unwrap();
    assert!(page.starts_with("HTTP/1.1 200 OK\r\n") && page.contains("text/plain; version=0.0.4"), "{page}");
    assert!(page.contains("# TYPE huis_http_requests_total counter"), "{page}");
    assert!(page.contains("huis_tcp_connections "), "{page}");
    assert!(get(&address, "/healthz").unwrap().starts_with("HTTP/1.1 404 "));
    assert!(get(house.address(), "/metrics").unwrap().starts_with("HTTP/1.1 404 "));
}
