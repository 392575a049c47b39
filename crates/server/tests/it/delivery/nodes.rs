//! Two nodes of one server, with a bus between them.

use axum::body::Body;
use http::{Method, Request, StatusCode};
use huis_proto::frames::{ClientFrame, CloseCode, ServerFrame};
use huis_proto::rest::{AccountState, BanSet, BanTarget, Committed, CreateBan, SessionsEnded, StartSignIn, Suspend};
use huis_proto::{Bytes, ConversationId, ErrorCode};
use huis_testredis::Server;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::watch;

use super::entries;
use super::house::{House, Phone, Wire};

/// Anna is at the one node, Berta at the other; they share a conversation.
struct Two {
    bus: Server,
    nodes: [House; 2],
    anna: Phone,
    berta: Phone,
    here: ConversationId,
}

/// The way of one node to the bus, which can be cut.
struct Way {
    folder: tempfile::TempDir,
    is_whole: watch::Sender<bool>,
}

async fn two_nodes() -> Option<Two> {
    let bus = Server::start()?;
    let address = bus.address();
    Some(two_nodes_at(bus, &address).await)
}

/// The second node reaches the bus at `by`.
async fn two_nodes_at(bus: Server, by: &str) -> Two {
    let first = House::open_on(Some(&bus.address())).await;
    let second = first.beside(Some(by)).await;
    let mut anna = first.account(1).await;
    let berta = first.account(2).await;
    let here = first.conversation(9, &mut anna, &[&berta]).await;
    Two { bus, nodes: [first, second], anna, berta, here }
}

impl Way {
    fn to(bus: &Server) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(folder.path().join("way")).unwrap();
        let (is_whole, seen) = watch::channel(true);
        let there = bus.socket();
        tokio::spawn(async move {
            while let Ok((mut near, _)) = listener.accept().await {
                let (mut seen, there) = (seen.clone(), there.clone());
                tokio::spawn(async move {
                    let carried = async {
                        let mut far = UnixStream::connect(there).await?;
                        tokio::io::copy_bidirectional(&mut near, &mut far).await
                    };
                    tokio::select! {
                        _ = seen.wait_for(|is_whole| !is_whole) => {}
                        _ = carried => {}
                    }
                });
            }
        });
        Self { folder, is_whole }
    }

    fn address(&self) -> String {
        format!("redis+unix://{}", self.folder.path().join("way").display())
    }
}

impl Two {
    async fn arrive(&self) -> (Wire, Wire) {
        let (mut anna, _) = self.nodes[0].arrive(&self.anna).await;
        let (berta, _) = self.nodes[1].arrive(&self.berta).await;
        anna.ack(self.here, 1).await;
        (anna, berta)
    }
}

/// The next entry, whatever else is told before it.
async fn next_entry(wire: &mut Wire) -> u64 {
    loop {
        if let ServerFrame::Entry(entry) = wire.next().await {
            return entry.seq;
        }
    }
}

#[tokio::test]
async fn devices_at_different_nodes_hear_each_other_at_once_and_in_one_order() {
    let Some(mut two) = two_nodes().await else { return };
    let (mut anna, mut berta) = two.arrive().await;
    for turn in 0..30 {
        let accepted = anna.submit(two.anna.message(two.here, 1, 300)).await.unwrap();
        assert_eq!((accepted.seq, berta.entry().await.seq), (2 * turn + 2, 2 * turn + 2));
        assert_eq!(anna.entry().await.seq, 2 * turn + 2);
        berta.submit(two.berta.message(two.here, 1, 300)).await.unwrap();
        let entry = anna.entry().await;
        assert_eq!((entry.seq, entry.payload.len() > 300), (2 * turn + 3, true));
        let own = berta.entry().await;
        assert_eq!((own.seq, own.payload.len()), (2 * turn + 3, 0));
    }
}

#[tokio::test]
async fn a_device_that_connects_to_another_node_is_replaced_at_the_first() {
    let Some(two) = two_nodes().await else { return };
    let (mut older, _) = two.nodes[0].arrive(&two.anna).await;
    for turn in 0..6 {
        let (mut newer, _) = two.nodes[(turn + 1) % 2].arrive(&two.anna).await;
        older.closed_with(CloseCode::Replaced).await;
        newer.send(&[ClientFrame::Ping {}]).await;
        assert!(matches!(newer.next().await, ServerFrame::Pong { .. }), "the newer one stays");
        older = newer;
    }
}

#[tokio::test]
async fn a_session_that_is_ended_at_one_node_ends_at_the_other_at_once() {
    let Some(two) = two_nodes().await else { return };
    let (_, mut berta) = two.arrive().await;
    let path = format!("/api/v1/sessions/{}", two.berta.session);
    let ended: Result<(), _> = two.nodes[0].ask(&two.berta, Method::DELETE, &path, &()).await;
    ended.unwrap();
    berta.closed_with(CloseCode::SessionEnded).await;
    let (status, problem) = two.nodes[1].refused_upgrade(&two.berta.token, Some("huis.v1")).await;
    assert_eq!((status, problem.code), (StatusCode::UNAUTHORIZED, ErrorCode::SessionEnded));
}

#[tokio::test]
async fn what_is_never_stored_reaches_the_other_node() {
    let Some(two) = two_nodes().await else { return };
    let (mut anna, mut berta) = two.arrive().await;
    anna.send(&[ClientFrame::Ephemeral { conversation: two.here, payload: vec![1, 2, 3].into() }]).await;
    let expected =
        ServerFrame::Ephemeral { conversation: two.here, from: two.anna.member, payload: vec![1, 2, 3].into() };
    assert_eq!(berta.next().await, expected);
}

#[tokio::test]
async fn who_comes_and_goes_at_one_node_does_so_at_the_other() {
    let Some(mut two) = two_nodes().await else { return };
    let (mut anna, mut berta) = two.arrive().await;
    let clara = two.nodes[0].account(3).await;
    let (mut outsider, _) = two.nodes[1].arrive(&clara).await;
    // Both nodes know who is to be woken.
    anna.submit(two.anna.message(two.here, 1, 300)).await.unwrap();
    assert_eq!(berta.entry().await.seq, 2);
    let joins = vec![clara.member];
    two.nodes[0].commit(&mut two.anna, two.here, 1, joins, vec![]).await.unwrap();
    assert_eq!(berta.entry().await.seq, 3);
    let ServerFrame::Welcome(welcome) = outsider.next().await else { panic!("no welcome") };
    outsider.send(&[ClientFrame::AckWelcome { conversation: two.here, seq: welcome.seq }]).await;
    outsider.until_pong().await;
    anna.submit(two.anna.message(two.here, 2, 300)).await.unwrap();
    assert_eq!((next_entry(&mut outsider).await, berta.entry().await.seq), (4, 4));
    let leaves = vec![two.berta.member];
    two.nodes[0].commit(&mut two.anna, two.here, 2, vec![], leaves).await.unwrap();
    anna.submit(two.anna.message(two.here, 3, 300)).await.unwrap();
    assert_eq!((outsider.entry().await.seq, outsider.entry().await.seq), (5, 6));
    let seen = berta.until_pong().await;
    assert!(entries(&seen).iter().all(|seq| *seq == 5), "not what comes behind its removal: {seen:?}");
}

#[tokio::test]
async fn of_two_commits_at_once_one_wins_and_the_other_is_told() {
    let Some(mut two) = two_nodes().await else { return };
    for follows in 1..20 {
        let (one, other) = (&two.nodes[0], &two.nodes[1]);
        let (by_anna, by_berta) = tokio::join!(
            one.commit(&mut two.anna, two.here, follows, vec![], vec![]),
            other.commit(&mut two.berta, two.here, follows, vec![], vec![]),
        );
        let answers: [Result<Committed, _>; 2] = [by_anna, by_berta];
        let lost: Vec<_> = answers.iter().filter_map(|answer| answer.as_ref().err()).collect();
        assert_eq!(lost.len(), 1, "{answers:?}");
        assert_eq!(lost[0].code, ErrorCode::CommitConflict);
    }
}

#[tokio::test]
async fn guesses_are_counted_over_all_nodes() {
    let Some(two) = two_nodes().await else { return };
    let guess = async |node: usize| {
        let request = StartSignIn { username: "person1".into(), opaque: Bytes(vec![1]) };
        let request = Request::post("/api/v1/sign-ins/start")
            .header("content-type", "application/json")
            .body(Body::from(serde_json::to_vec(&request).unwrap()))
            .unwrap();
        two.nodes[node].server.answer(request, ([127, 0, 0, 1], 9).into()).await.status()
    };
    for turn in 0..4 {
        assert_eq!(guess(turn % 2).await, StatusCode::BAD_REQUEST, "counted, though it is no OPAQUE");
    }
    for node in 0..2 {
        assert_eq!(guess(node).await, StatusCode::TOO_MANY_REQUESTS);
    }
}

#[tokio::test]
async fn without_the_bus_delivery_goes_on_and_behind_it_nothing_is_missing() {
    let Some(mut two) = two_nodes().await else { return };
    let (mut anna, mut berta) = two.arrive().await;
    two.bus.crash();
    for seq in 2..5 {
        anna.submit(two.anna.message(two.here, 1, 300)).await.unwrap();
        assert_eq!(next_entry(&mut berta).await, seq);
    }
    let state = AccountState { version: 2, sealed: Bytes(b"the next state".to_vec()), replaces: None };
    let put: Result<(), _> = two.nodes[0].ask(&two.berta, Method::PUT, "/api/v1/account/state", &state).await;
    put.unwrap();
    two.bus.go_on();
    // What was told without being stored as an entry is told once the bus is back.
    loop {
        if let ServerFrame::AccountStateChanged { version } = berta.next().await
            && version == 2
        {
            break;
        }
    }
    for seq in 5..30 {
        anna.submit(two.anna.message(two.here, 1, 300)).await.unwrap();
        assert_eq!(next_entry(&mut berta).await, seq);
    }
}

fn suspension() -> Suspend {
    Suspend { reason: "Trop fort cet été, ".repeat(9), ends_in_s: None }
}

#[tokio::test]
async fn who_is_suspended_at_one_node_is_out_at_the_other_at_once_and_told_why() {
    let Some(mut two) = two_nodes().await else { return };
    let head = two.nodes[0].head(7).await;
    let (mut anna, mut berta) = two.arrive().await;
    let path = "/api/v1/admin/accounts/person2/suspend";
    let ended: SessionsEnded = two.nodes[0].ask(&head, Method::POST, path, &suspension()).await.unwrap();
    assert_eq!(ended.count, 1);
    // Whatever is said from here on does not reach her.
    anna.submit(two.anna.message(two.here, 1, 300)).await.unwrap();
    let before = berta.closed_with(CloseCode::Suspended).await;
    assert!(!before.iter().any(|frame| matches!(frame, ServerFrame::Entry(entry) if entry.seq > 1)));
    assert!(berta.farewell.starts_with("This account is suspended on this server: Trop fort"), "{}", berta.farewell);
    assert!((120..=123).contains(&berta.farewell.len()));
    let (status, problem) = two.nodes[1].refused_upgrade(&two.berta.token, Some("huis.v1")).await;
    assert_eq!((status, problem.code), (StatusCode::UNAUTHORIZED, ErrorCode::SessionEnded));
    assert_eq!(next_entry(&mut anna).await, 2, "the others go on");
}

#[tokio::test]
async fn who_is_suspended_while_the_bus_is_away_is_out_at_the_other_node_too() {
    let Some(two) = two_nodes().await else { return };
    let head = two.nodes[0].head(7).await;
    let (_, mut berta) = two.arrive().await;
    two.bus.crash();
    let path = "/api/v1/admin/accounts/person2/suspend";
    let _: SessionsEnded = two.nodes[0].ask(&head, Method::POST, path, &suspension()).await.unwrap();
    // The session has ended; that is what the node finds when it looks.
    berta.closed_with(CloseCode::SessionEnded).await;
}

fn ban(network: &str) -> CreateBan {
    CreateBan { target: BanTarget::Network(network.into()), reason: "flood".into(), ends_in_s: None }
}

#[tokio::test]
async fn a_network_that_is_banned_at_one_node_is_cut_off_at_both_at_once() {
    let Some(two) = two_nodes().await else { return };
    let head = two.nodes[0].head(7).await;
    let clara = two.nodes[0].account(3).await;
    let mut anna = two.nodes[0].arrive_from(&two.anna, "198.51.100.7").await;
    let mut berta = two.nodes[1].arrive_from(&two.berta, "2001:db8:7::1").await;
    let mut clara_there = two.nodes[1].arrive_from(&clara, "198.51.101.7").await;
    for network in ["198.51.100.0/24", "2001:db8:7::/48"] {
        let _: BanSet = two.nodes[0].ask(&head, Method::POST, "/api/v1/admin/bans", &ban(network)).await.unwrap();
    }
    for wire in [&mut anna, &mut berta] {
        wire.closed_with(CloseCode::Banned).await;
        assert_eq!(wire.farewell, "Your address is banned on this server: flood");
    }
    clara_there.send(&[ClientFrame::Ping {}]).await;
    while !matches!(clara_there.next().await, ServerFrame::Pong { .. }) {}
}

#[tokio::test]
async fn a_network_that_is_banned_while_the_bus_is_away_is_cut_off_at_the_other_node_too() {
    let Some(two) = two_nodes().await else { return };
    let head = two.nodes[0].head(7).await;
    let mut berta = two.nodes[1].arrive_from(&two.berta, "198.51.100.7").await;
    two.bus.crash();
    let _: BanSet = two.nodes[0].ask(&head, Method::POST, "/api/v1/admin/bans", &ban("198.51.100.7")).await.unwrap();
    berta.closed_with(CloseCode::Banned).await;
}

#[tokio::test]
async fn a_session_that_ends_while_the_bus_is_away_ends_at_the_other_node_too() {
    let Some(two) = two_nodes().await else { return };
    let (_, mut berta) = two.arrive().await;
    two.bus.crash();
    let path = format!("/api/v1/sessions/{}", two.berta.session);
    let ended: Result<(), _> = two.nodes[0].ask(&two.berta, Method::DELETE, &path, &()).await;
    ended.unwrap();
    berta.closed_with(CloseCode::SessionEnded).await;
}

#[tokio::test]
async fn a_node_that_is_cut_off_from_the_bus_is_not_missed_for_long_and_comes_back() {
    let Some(bus) = Server::start() else { return };
    let way = Way::to(&bus);
    let mut two = two_nodes_at(bus, &way.address()).await;
    let (mut anna, mut berta) = two.arrive().await;
    let clara = two.nodes[0].account(3).await;
    let (mut clara_there, _) = two.nodes[0].arrive(&clara).await;
    way.is_whole.send_replace(false);
    // The one node looks because it is cut off, the other because it hears nothing of the one.
    anna.submit(two.anna.message(two.here, 1, 300)).await.unwrap();
    assert_eq!((next_entry(&mut anna).await, next_entry(&mut berta).await), (2, 2));
    berta.submit(two.berta.message(two.here, 1, 300)).await.unwrap();
    assert_eq!((next_entry(&mut berta).await, next_entry(&mut anna).await), (3, 3));
    // And again.
    let path = format!("/api/v1/sessions/{}", clara.session);
    let ended: Result<(), _> = two.nodes[1].ask(&clara, Method::DELETE, &path, &()).await;
    ended.unwrap();
    clara_there.closed_with(CloseCode::SessionEnded).await;
    way.is_whole.send_replace(true);
    for seq in 4..24 {
        anna.submit(two.anna.message(two.here, 1, 300)).await.unwrap();
        assert_eq!((next_entry(&mut anna).await, next_entry(&mut berta).await), (seq, seq));
    }
}
