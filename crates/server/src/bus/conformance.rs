//! What every bus does: one suite, run on each.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use huis_proto::{AccountId, ConversationId, DeviceId, IncarnationId, Member, SessionId};
use huis_testredis::Server;
use tokio::sync::Mutex;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::timeout;

use super::{
    Bus, BusAddress, Hint, InProcess, Key, Limit, Listener, LiveEntry, Rate, Reached, RedisBus, RosterChange, TooOften,
};

/// No test waits for time to pass; this only turns a hang into a failure.
const HANG: Duration = Duration::from_secs(30);
const KEY: [u8; 32] = [7; 32];
const INCARNATION: IncarnationId = IncarnationId::from_bytes([3; 16]);

/// Where nodes meet.
enum Hall {
    InProcess(Arc<InProcess>, AtomicU64),
    Redis(Server),
}

/// One node's end, and what it has heard.
struct Node {
    bus: Arc<dyn Bus>,
    heard: Mutex<UnboundedReceiver<Hint>>,
    _ear: Arc<Ear>,
}

struct Ear(UnboundedSender<Hint>);

impl Listener for Ear {
    fn heard(&self, hint: Hint) {
        let _ = self.0.send(hint);
    }
}

impl Hall {
    async fn node(&self) -> Node {
        match self {
            Self::InProcess(bus, _) => Node::new(bus.clone()),
            Self::Redis(server) => redis_node(server, &KEY).await,
        }
    }

    async fn takes(&self, node: &Node, limit: Limit, key: Key) -> Result<(), TooOften> {
        let now_ms = match self {
            Self::InProcess(_, now_ms) => now_ms.load(Ordering::Relaxed),
            // It goes by its own.
            Self::Redis(_) => 0,
        };
        node.bus.take(limit, key, now_ms).await
    }

    /// Lets time pass for all buckets.
    fn pass(&self, ms: i64) {
        match self {
            Self::InProcess(_, now_ms) => drop(now_ms.fetch_add(ms.cast_unsigned(), Ordering::Relaxed)),
            Self::Redis(server) => {
                // Their time is the server's: so they are what goes back.
                const EARLIER: &str = "\
                    for _, name in ipairs(redis.call('KEYS', 'huis:*')) do \
                        local full = redis.call('GET', name) - ARGV[1] * 1000 \
                        redis.call('SET', name, string.format('%.0f', full), 'KEEPTTL') \
                    end \
                    return 'done'";
                assert_eq!(server.ask(&["EVAL", EARLIER, "0", &ms.to_string()]), "done");
            }
        }
    }
}

async fn redis_node(server: &Server, key: &[u8; 32]) -> Node {
    redis_node_of(server, key, INCARNATION).await
}

async fn redis_node_of(server: &Server, key: &[u8; 32], incarnation: IncarnationId) -> Node {
    let address: BusAddress = server.address().parse().unwrap();
    Node::new(Arc::new(RedisBus::open(&address, key, incarnation).await.unwrap())).when_whole().await
}

impl Node {
    fn new(bus: Arc<dyn Bus>) -> Self {
        let (ear, heard) = unbounded_channel();
        let ear = Arc::new(Ear(ear));
        let listener: Arc<dyn Listener> = ear.clone();
        bus.listen(Arc::downgrade(&listener));
        Self { bus, heard: Mutex::new(heard), _ear: ear }
    }

    async fn when_whole(self) -> Self {
        let whole = async {
            while !self.bus.is_whole() {
                tokio::task::yield_now().await;
            }
        };
        timeout(HANG, whole).await.expect("a hang");
        self
    }

    async fn next(&self) -> Hint {
        timeout(HANG, self.heard.lock().await.recv()).await.expect("a hang").unwrap()
    }

    /// The next one that the test itself said.
    async fn next_version(&self) -> u64 {
        match self.next().await {
            Hint::AccountState { version, .. } => version,
            other => panic!("{other:?}"),
        }
    }
}

fn version(version: u64) -> Hint {
    Hint::AccountState { account: AccountId::from_bytes([1; 16]), version }
}

fn member(number: u8) -> Member {
    Member { account: AccountId::from_bytes([number; 16]), device: DeviceId::from_bytes([number + 100; 16]) }
}

fn one_of_each() -> Vec<Hint> {
    let conversation = ConversationId::from_bytes([9; 16]);
    let live = LiveEntry {
        conversation,
        seq: 7,
        author: member(1),
        received_at_ms: 1_800_000_000_000,
        frame: vec![1, 2, 3].into(),
        own_frame: vec![4].into(),
    };
    let roster = RosterChange { joins: vec![member(1)], leaves: vec![member(2), member(3)] };
    vec![
        Hint::Reached(Reached { conversation, seq: 7, live: Some(Arc::new(live)), roster: None }),
        Hint::Reached(Reached { conversation, seq: 8, live: None, roster: Some(Arc::new(roster)) }),
        Hint::Seats { conversation, devices: vec![member(4)] },
        Hint::GroupInfoWanted { conversation, commit_counter: 3 },
        Hint::Ephemeral { conversation, from: member(1), payload: vec![5; 300].into() },
        Hint::SessionEnded(SessionId::from_bytes([6; 16])),
        Hint::AccountState { account: AccountId::from_bytes([1; 16]), version: 8 },
        Hint::DeviceList { account: AccountId::from_bytes([1; 16]), number: 2 },
        Hint::KeyPackagesLow { device: member(1), remaining: 4 },
        Hint::Connected { device: member(1), number: 1 << 50 },
        Hint::Barred(AccountId::from_bytes([1; 16])),
        Hint::Bans,
        Hint::Settings,
        Hint::Missed,
    ]
}

const SIX_AN_HOUR: fn(&'static str) -> Limit = |what| Limit { what, rate: Rate::per_hour(6), capacity: 100 };

async fn what_one_node_says_all_hear_once_and_in_its_order(hall: Hall) {
    let nodes = [hall.node().await, hall.node().await, hall.node().await];
    for number in 0..500 {
        nodes[1].bus.publish(version(number));
    }
    for node in &nodes {
        for number in 0..500 {
            assert_eq!(node.next_version().await, number);
        }
    }
    nodes[0].bus.publish(version(1000));
    for node in &nodes {
        assert_eq!(node.next_version().await, 1000, "nothing stands between");
    }
}

async fn every_kind_of_hint_arrives_as_it_was(hall: Hall) {
    let (one, other) = (hall.node().await, hall.node().await);
    for hint in one_of_each() {
        one.bus.publish(hint.clone());
        for node in [&one, &other] {
            assert_eq!(format!("{:?}", node.next().await), format!("{hint:?}"));
        }
    }
}

async fn a_later_number_is_higher_at_whatever_node(hall: Hall) {
    let (one, other) = (hall.node().await, hall.node().await);
    let mut last = 0;
    for _ in 0..50 {
        for node in [&one, &other] {
            let number = node.bus.number().await.unwrap();
            assert!(number > last);
            last = number;
        }
    }
}

async fn all_nodes_take_from_one_bucket(hall: Hall) {
    let nodes = [hall.node().await, hall.node().await];
    let limit = SIX_AN_HOUR("guess");
    for taken in 0..6 {
        assert_eq!(hall.takes(&nodes[taken % 2], limit, [1; 32]).await, Ok(()));
    }
    for node in &nodes {
        let too_often = hall.takes(node, limit, [1; 32]).await.unwrap_err();
        assert!((1..=600).contains(&too_often.retry_after_s), "{too_often:?}");
        // Another's, and another kind.
        assert_eq!(hall.takes(node, limit, [2; 32]).await, Ok(()));
        assert_eq!(hall.takes(node, SIX_AN_HOUR("lookup"), [1; 32]).await, Ok(()));
    }
    hall.pass(300_000);
    for node in &nodes {
        let too_often = hall.takes(node, limit, [1; 32]).await.unwrap_err();
        assert!((1..=300).contains(&too_often.retry_after_s), "{too_often:?}");
    }
    hall.pass(300_000);
    assert_eq!(hall.takes(&nodes[0], limit, [1; 32]).await, Ok(()));
    assert!(hall.takes(&nodes[1], limit, [1; 32]).await.is_err());
    // Full again, and no fuller.
    hall.pass(36_000_000);
    let mut taken = 0;
    while hall.takes(&nodes[taken % 2], limit, [1; 32]).await.is_ok() {
        taken += 1;
    }
    assert_eq!(taken, 6);
}

async fn a_clock_that_was_set_back_locks_nobody_out_for_longer_than_a_whole_bucket(hall: Hall) {
    let node = hall.node().await;
    let limit = Limit { what: "guess", rate: Rate::per_hour(1), capacity: 10 };
    assert!(hall.takes(&node, limit, [1; 32]).await.is_ok());
    hall.pass(-1_000_000_000);
    let too_often = hall.takes(&node, limit, [1; 32]).await.unwrap_err();
    assert!((1..=3600).contains(&too_often.retry_after_s), "{too_often:?}");
    hall.pass(1_800_000);
    assert!(hall.takes(&node, limit, [1; 32]).await.is_err());
    hall.pass(1_800_000);
    assert!(hall.takes(&node, limit, [1; 32]).await.is_ok());
}

async fn a_limit_that_limits_nothing_limits_nothing(hall: Hall) {
    let node = hall.node().await;
    let limit = Limit { what: "request", rate: Rate::per_second(u32::MAX, 5), capacity: 10 };
    for _ in 0..300 {
        assert_eq!(node.bus.take(limit, [1; 32], 1_800_000_000_000).await, Ok(()));
    }
}

async fn a_node_that_closes_has_said_everything(hall: Hall) {
    let (one, other) = (hall.node().await, hall.node().await);
    for number in 0..300 {
        one.bus.publish(version(number));
    }
    one.bus.close().await;
    drop(one);
    for number in 0..300 {
        assert_eq!(other.next_version().await, number);
    }
}

macro_rules! on_every_bus {
    ($($name:ident)*) => {
        mod in_process {
            use super::*;
            $(#[tokio::test]
            async fn $name() {
                super::$name(Hall::InProcess(Arc::default(), AtomicU64::new(1_800_000_000_000))).await;
            })*
        }
        mod over_redis {
            use super::*;
            $(#[tokio::test]
            async fn $name() {
                if let Some(server) = Server::start() {
                    super::$name(Hall::Redis(server)).await;
                }
            })*
        }
    };
}

on_every_bus! {
    what_one_node_says_all_hear_once_and_in_its_order
    every_kind_of_hint_arrives_as_it_was
    a_later_number_is_higher_at_whatever_node
    all_nodes_take_from_one_bucket
    a_clock_that_was_set_back_locks_nobody_out_for_longer_than_a_whole_bucket
    a_limit_that_limits_nothing_limits_nothing
    a_node_that_closes_has_said_everything
}

mod redis_alone {
    use futures_util::StreamExt as _;

    use super::*;

    #[tokio::test]
    async fn nodes_count_alone_while_it_is_away_and_are_told_when_it_goes_and_comes() {
        let Some(server) = Server::start() else { return };
        let nodes = [redis_node(&server, &KEY).await, redis_node(&server, &KEY).await];
        let limit = SIX_AN_HOUR("guess");
        for _ in 0..4 {
            assert_eq!(nodes[0].bus.take(limit, [1; 32], 1_000).await, Ok(()));
        }
        server.crash();
        for node in &nodes {
            assert!(matches!(node.next().await, Hint::Missed));
            assert!(!node.bus.is_whole());
            assert_eq!(node.bus.number().await, None);
        }
        nodes[0].bus.publish(version(1));
        assert_eq!(nodes[0].next_version().await, 1, "it still hears itself");
        // It goes on from what it knows.
        assert_eq!(nodes[0].bus.take(limit, [1; 32], 1_000).await, Ok(()));
        assert_eq!(nodes[0].bus.take(limit, [1; 32], 1_000).await, Ok(()));
        assert!(nodes[0].bus.take(limit, [1; 32], 1_000).await.is_err());
        server.go_on();
        for node in &nodes {
            assert!(matches!(node.next().await, Hint::Missed), "it looks by itself");
        }
        nodes[0].bus.publish(version(2));
        nodes[1].bus.publish(version(3));
        for node in &nodes {
            let mut versions = Vec::new();
            while versions.len() < 2 {
                match node.next().await {
                    Hint::AccountState { version, .. } => versions.push(version),
                    Hint::Missed => {}
                    other => panic!("{other:?}"),
                }
            }
            versions.sort_unstable();
            assert_eq!(versions, [2, 3], "what was said meanwhile is not said late");
        }
    }

    #[tokio::test]
    async fn nodes_whose_clocks_differ_count_as_one() {
        let Some(server) = Server::start() else { return };
        let nodes = [redis_node(&server, &KEY).await, redis_node(&server, &KEY).await];
        let mut taken = 0;
        for turn in 0..100 {
            let (node, now_ms) = if turn % 2 == 0 { (&nodes[0], 1_000_000) } else { (&nodes[1], 5_000_000) };
            taken += usize::from(node.bus.take(SIX_AN_HOUR("guess"), [1; 32], now_ms).await.is_ok());
        }
        assert_eq!(taken, 6);
    }

    #[tokio::test]
    async fn a_redis_that_hangs_holds_nobody_up_and_is_given_up() {
        let Some(server) = Server::start() else { return };
        let node = redis_node(&server, &KEY).await;
        server.hold();
        let limit = SIX_AN_HOUR("guess");
        for _ in 0..6 {
            assert_eq!(node.bus.take(limit, [1; 32], 1_000).await, Ok(()));
        }
        assert!(node.bus.take(limit, [1; 32], 1_000).await.is_err());
        assert!(matches!(node.next().await, Hint::Missed));
        assert!(!node.bus.is_whole());
        server.let_go();
        assert!(matches!(node.next().await, Hint::Missed));
        assert!(node.bus.is_whole());
    }

    #[tokio::test]
    async fn a_node_that_starts_without_it_finds_it_later() {
        let Some(server) = Server::start() else { return };
        server.crash();
        let address: BusAddress = server.address().parse().unwrap();
        let node = Node::new(Arc::new(RedisBus::open(&address, &KEY, INCARNATION).await.unwrap()));
        assert!(!node.bus.is_whole());
        server.go_on();
        let node = node.when_whole().await;
        let other = redis_node(&server, &KEY).await;
        node.bus.publish(version(1));
        while !matches!(other.next().await, Hint::AccountState { version: 1, .. }) {}
    }

    #[tokio::test]
    async fn the_way_over_tls_is_checked() {
        let folder = tempfile::tempdir().unwrap();
        let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
        let [certificate, key] = ["certificate", "key"].map(|name| folder.path().join(name).display().to_string());
        std::fs::write(&certificate, made.cert.pem()).unwrap();
        std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let listens = ["--tls-port", &port.to_string(), "--tls-auth-clients", "no"];
        let shows = ["--tls-cert-file", &certificate, "--tls-key-file", &key];
        let Some(_server) = Server::start_with(&[listens, shows].concat()) else { return };
        for (end, is_good) in [("".to_owned(), false), (format!("?sslrootcert={certificate}"), true)] {
            let address: BusAddress = format!("rediss://127.0.0.1:{port}{end}").parse().unwrap();
            let node = RedisBus::open(&address, &KEY, INCARNATION).await.unwrap();
            if is_good {
                Node::new(Arc::new(node)).when_whole().await;
            } else {
                assert!(!node.is_whole());
            }
        }
    }

    #[tokio::test]
    async fn a_wrong_password_is_for_the_operator() {
        let Some(server) = Server::start() else { return };
        assert_eq!(server.ask(&["CONFIG", "SET", "requirepass", "s3cr3t"]), "OK");
        for (end, is_good) in [("", false), ("?pass=wr0ng", false), ("?pass=s3cr3t", true)] {
            let address: BusAddress = format!("{}{end}", server.address()).parse().unwrap();
            match RedisBus::open(&address, &KEY, INCARNATION).await {
                Ok(_) => assert!(is_good, "{end}"),
                Err(told) => assert!(!is_good && !told.contains("wr0ng"), "{told}"),
            }
        }
    }

    #[tokio::test]
    async fn a_user_who_may_not_do_everything_is_for_the_operator() {
        let Some(server) = Server::start() else { return };
        for (number, lacks) in
            ["-subscribe", "-eval", "-get", "-set", "-time", "-publish", "resetchannels"].iter().enumerate()
        {
            let user = format!("huis{number}");
            let set = ["ACL", "SETUSER", &user, "on", ">s3cr3t", "~*", "&*", "+@all", lacks];
            assert_eq!(server.ask(&set), "OK");
            let address: BusAddress = format!("{}?user={user}&pass=s3cr3t", server.address()).parse().unwrap();
            let Err(told) = RedisBus::open(&address, &KEY, INCARNATION).await else { panic!("{lacks}") };
            assert!(!told.contains("s3cr3t"), "{told}");
        }
        // As `docs/scaling.md` says.
        const ENOUGH: &str = "~huis:* &huis:* +subscribe +publish +eval +get +set +time";
        let set: Vec<&str> = "ACL SETUSER least on >s3cr3t".split(' ').chain(ENOUGH.split(' ')).collect();
        assert_eq!(server.ask(&set), "OK");
        let address: BusAddress = format!("{}?user=least&pass=s3cr3t", server.address()).parse().unwrap();
        let node = RedisBus::open(&address, &KEY, INCARNATION).await.unwrap();
        assert!(Node::new(Arc::new(node)).when_whole().await.bus.number().await.is_some());
    }

    #[tokio::test]
    async fn servers_that_share_it_hear_and_count_nothing_of_each_other() {
        let Some(server) = Server::start() else { return };
        let ours = redis_node(&server, &KEY).await;
        let restored = IncarnationId::from_bytes([4; 16]);
        let others = [redis_node(&server, &[8; 32]).await, redis_node_of(&server, &KEY, restored).await];
        let limit = Limit { what: "guess", rate: Rate::per_hour(1), capacity: 10 };
        for theirs in others {
            ours.bus.publish(version(1));
            assert_eq!(theirs.bus.take(limit, [1; 32], 0).await, Ok(()));
            theirs.bus.publish(version(2));
            assert_eq!(theirs.next_version().await, 2);
        }
        assert_eq!(ours.bus.take(limit, [1; 32], 0).await, Ok(()));
    }

    #[tokio::test]
    async fn who_runs_it_reads_nothing_and_can_neither_make_up_nor_change_nor_repeat() {
        let Some(server) = Server::start() else { return };
        let (one, other) = (redis_node(&server, &KEY).await, redis_node(&server, &KEY).await);
        let client = redis::Client::open(server.address()).unwrap();
        let mut spy = client.get_async_pubsub().await.unwrap();
        spy.psubscribe("*").await.unwrap();
        let account = AccountId::from_bytes(*b"a known account!");
        one.bus.publish(Hint::AccountState { account, version: 1 });
        assert_eq!(other.next_version().await, 1);
        let mut seen = spy.on_message();
        let (channel, sealed) = loop {
            // Between them are the words by which nodes live.
            let message = timeout(HANG, seen.next()).await.expect("a hang").unwrap();
            let sealed: Vec<u8> = message.get_payload().unwrap();
            if sealed.len() > 70 {
                break (message.get_channel_name().to_owned(), sealed);
            }
        };
        let holds = |part: &[u8]| sealed.windows(part.len()).any(|window| window == part);
        assert!(!holds(account.as_bytes()) && !holds(b"AccountState"));
        let mut changed = sealed.clone();
        *changed.last_mut().unwrap() ^= 1;
        let mut later = sealed.clone();
        later[17..25].copy_from_slice(&(1_u64 << 40).to_be_bytes());
        let mut others = sealed.clone();
        others[1] ^= 1;
        let mut connection = client.get_multiplexed_async_connection().await.unwrap();
        for forged in [sealed.clone(), changed, later, others, vec![1; 200], Vec::new()] {
            let mut publish = redis::cmd("PUBLISH");
            let heard: u64 = publish.arg(&channel).arg(forged).query_async(&mut connection).await.unwrap();
            assert_eq!(heard, 3, "both nodes and the spy");
        }
        one.bus.publish(version(2));
        assert_eq!(other.next_version().await, 2, "nothing else was heard");
    }
}

#[test]
fn the_form_of_hints_changes_on_purpose_only() {
    let lines: Vec<String> = one_of_each()
        .into_iter()
        .chain([Hint::Alive, Hint::Leaving])
        .map(|hint| huis_proto::codec::to_cbor(&hint).iter().map(|byte| format!("{byte:02x}")).collect())
        .collect();
    insta::assert_snapshot!(lines.join("\n"));
}
