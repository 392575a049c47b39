//! Delivery over real connections.

mod contests;
mod house;
mod nodes;
mod push;

use http::{Method, StatusCode};
use huis_proto::frames::{ClientFrame, CloseCode, EntryKind, SUBPROTOCOL, ServerFrame};
use huis_proto::rest::{
    Committed, Conversations, CreateConversation, GroupInfo, MessageAccepted, Room, SubmitCommit, SubmitMessage,
};
use huis_proto::{Bytes, Bytes32, ConversationId, ConversationKind, ErrorCode, Member, codec, limits, mls};
use huis_store::{Append, Appended};
use tokio_tungstenite::tungstenite::Message;

use house::{House, Phone, Wire, external_commit};

/// Anna and Berta share a conversation.
async fn two_people() -> (House, Phone, Phone, ConversationId) {
    let house = House::open().await;
    let mut anna = house.account(1).await;
    let berta = house.account(2).await;
    let here = house.conversation(9, &mut anna, &[&berta]).await;
    (house, anna, berta, here)
}

/// Says `count` things, one after another.
async fn says(wire: &mut Wire, phone: &mut Phone, here: ConversationId, count: usize, size: usize) {
    for _ in 0..count {
        wire.submit(phone.message(here, 1, size)).await.unwrap();
    }
}

fn entries(frames: &[ServerFrame]) -> Vec<u64> {
    let seq = |frame: &ServerFrame| match frame {
        ServerFrame::Entry(entry) => Some(entry.seq),
        _ => None,
    };
    frames.iter().filter_map(seq).collect()
}

fn range(first: u64, last: u64) -> Vec<u64> {
    (first..=last).collect()
}

#[tokio::test]
async fn a_device_that_was_away_reads_everything_in_order() {
    let (house, mut anna, berta, here) = two_people().await;
    let (mut wire, _) = house.arrive(&anna).await;
    says(&mut wire, &mut anna, here, 60, 300).await;
    let (mut away, frames) = house.arrive(&berta).await;
    assert!(matches!(&frames[0], ServerFrame::Ready(ready) if ready.submission == 0));
    assert_eq!(entries(&frames), range(2, 61));
    away.ack(here, 61).await;
    away.leave().await;
    let (_, frames) = house.arrive(&berta).await;
    assert!(entries(&frames).is_empty());
}

#[tokio::test]
async fn connected_devices_get_entries_as_they_come_and_the_author_its_own_without_payload() {
    let (house, mut anna, berta, here) = two_people().await;
    let (mut here_anna, _) = house.arrive(&anna).await;
    here_anna.ack(here, 1).await;
    let (mut here_berta, _) = house.arrive(&berta).await;
    for seq in 2..20 {
        let accepted = here_anna.submit(anna.message(here, 1, 300)).await.unwrap();
        let (own, other) = (here_anna.entry().await, here_berta.entry().await);
        assert_eq!((accepted.seq, own.seq, other.seq), (seq, seq, seq));
        assert!(own.payload.is_empty() && other.payload.len() > 300);
        assert_eq!((own.mac, own.author), (other.mac, anna.member));
        assert_eq!(accepted.received_at_ms, other.received_at_ms);
    }
}

/// As after an answer of the store that never came: the entry is there, and nobody was told.
#[tokio::test]
async fn who_was_not_told_of_an_entry_is_told_when_it_is_submitted_once_more() {
    let (house, mut anna, berta, here) = two_people().await;
    let (mut here_anna, _) = house.arrive(&anna).await;
    let (mut here_berta, _) = house.arrive(&berta).await;
    says(&mut here_anna, &mut anna, here, 1, 300).await;
    assert_eq!(here_berta.entry().await.seq, 2);
    let message = anna.message(here, 1, 300);
    let header = mls::header(&message.payload).unwrap();
    let stored = house.store.append(Append {
        conversation: here,
        id: header.data.id,
        author: anna.member,
        submission: message.submission,
        follows: 1,
        commitment: Some(Bytes32([5; 32])),
        leaves: Vec::new(),
        files: Vec::new(),
        files_end_at_ms: 0,
        lock: None,
        payload: message.payload.clone(),
        received_at_ms: 1,
    });
    assert!(matches!(stored.await, Ok(Appended::Stored(entry)) if entry.seq == 3));
    assert_eq!(here_anna.submit(message).await.unwrap().seq, 3);
    assert_eq!(here_berta.entry().await.seq, 3);
}

#[tokio::test]
async fn the_other_device_of_the_author_gets_the_whole_message() {
    let house = House::open().await;
    let mut anna = house.account(1).await;
    let tablet = house.phone(1, 2).await;
    let here = house.conversation(9, &mut anna, &[&tablet]).await;
    let (mut wire, _) = house.arrive(&anna).await;
    let (mut other, _) = house.arrive(&tablet).await;
    says(&mut wire, &mut anna, here, 1, 300).await;
    assert!(other.entry().await.payload.len() > 300);
}

#[tokio::test]
async fn many_submissions_in_one_message_are_answered_in_their_order() {
    let (house, mut anna, berta, here) = two_people().await;
    let (mut wire, _) = house.arrive(&anna).await;
    let (mut other, _) = house.arrive(&berta).await;
    let count = 4 * limits::SUBMISSIONS_IN_FLIGHT;
    let frames: Vec<_> = (0..count).map(|_| ClientFrame::Submit(anna.message(here, 1, 100))).collect();
    wire.send(&frames).await;
    let mut answered = Vec::new();
    while answered.len() < count {
        if let ServerFrame::Accepted(accepted) = wire.next().await {
            answered.push((u64::from(accepted.request), accepted.seq));
        }
    }
    let expected: Vec<_> = (0..count as u64).map(|n| (n + 2, n + 2)).collect();
    assert_eq!(answered, expected);
    for seq in 2..count as u64 + 2 {
        assert_eq!(other.entry().await.seq, seq);
    }
}

#[tokio::test]
async fn a_reader_that_does_not_acknowledge_gets_at_most_the_window() {
    const SIZE: usize = 16 * 1024;
    let (house, mut anna, berta, here) = two_people().await;
    let (mut wire, _) = house.arrive(&anna).await;
    says(&mut wire, &mut anna, here, 80, SIZE).await;
    let mut slow = house.connect(&berta).await;
    assert!(matches!(slow.next().await, ServerFrame::Ready(_)));
    let mut seen = 1;
    let mut bytes = 0;
    // Some of the window may stay unused, for pages are read when they are worth it.
    while bytes < limits::DELIVERY_WINDOW / 4 * 3 {
        let entry = slow.entry().await;
        (seen, bytes) = (entry.seq, bytes + entry.payload.len());
    }
    for _ in 0..20 {
        for frame in slow.until_pong().await {
            let ServerFrame::Entry(entry) = frame else {
                panic!("not caught up, and nothing but entries waits: {frame:?}");
            };
            (seen, bytes) = (entry.seq, bytes + entry.payload.len());
        }
    }
    assert!(bytes <= limits::DELIVERY_WINDOW);
    while seen < 81 {
        slow.ack(here, seen).await;
        let entry = slow.entry().await;
        assert_eq!(entry.seq, seen + 1);
        seen = entry.seq;
    }
    assert_eq!(slow.next().await, ServerFrame::CaughtUp {});
}

#[tokio::test]
async fn a_reader_that_stands_still_while_much_is_said_gets_all_of_it_in_order_afterwards() {
    const COUNT: u64 = 300;
    let (house, mut anna, berta, here) = two_people().await;
    let (mut wire, _) = house.arrive(&anna).await;
    let (mut still, _) = house.arrive(&berta).await;
    for _ in 0..COUNT / 20 {
        says(&mut wire, &mut anna, here, 20, 32 * 1024).await;
        let head = 1 + anna.next_submission() - 2;
        wire.ack(here, head).await;
    }
    for seq in 2..2 + COUNT {
        assert_eq!(still.entry().await.seq, seq);
        still.ack(here, seq).await;
    }
}

#[tokio::test]
async fn an_entry_larger_than_a_page_comes_when_there_is_room_for_it() {
    let (house, mut anna, berta, here) = two_people().await;
    let (mut wire, _) = house.arrive(&anna).await;
    for size in [100, 150 * 1024, 100, 150 * 1024, 150 * 1024, 150 * 1024, 100] {
        wire.submit(anna.message(here, 1, size)).await.unwrap();
    }
    let mut other = house.connect(&berta).await;
    assert!(matches!(other.next().await, ServerFrame::Ready(_)));
    for seq in 2..=8 {
        assert_eq!(other.entry().await.seq, seq);
        other.ack(here, seq).await;
    }
}

#[tokio::test]
async fn a_submission_that_is_sent_again_gets_the_same_place() {
    let (house, mut anna, berta, here) = two_people().await;
    let (mut wire, _) = house.arrive(&anna).await;
    let message = anna.message(here, 1, 300);
    let first = wire.submit(message.clone()).await.unwrap();
    says(&mut wire, &mut anna, here, 3, 300).await;
    assert_eq!(wire.submit(message.clone()).await, Ok(first));
    let by_rest = SubmitMessage { submission: message.submission, payload: message.payload, share: None };
    let path = format!("/api/v1/conversations/{here}/messages");
    let again: Result<MessageAccepted, _> = house.ask(&anna, Method::POST, &path, &by_rest).await;
    assert_eq!(again.unwrap().seq, first.seq);
    let (_, frames) = house.arrive(&berta).await;
    assert_eq!(entries(&frames), range(2, 5));
}

#[tokio::test]
async fn a_joiner_gets_its_welcome_and_entries_only_behind_its_acknowledgement() {
    let house = House::open().await;
    let mut anna = house.account(1).await;
    let berta = house.account(2).await;
    let here = house.conversation(9, &mut anna, &[]).await;
    let (mut joiner, _) = house.arrive(&berta).await;
    let (mut wire, frames) = house.arrive(&anna).await;
    assert!(entries(&frames).is_empty());
    house.commit(&mut anna, here, 0, vec![berta.member], vec![]).await.unwrap();
    let ServerFrame::Welcome(welcome) = joiner.next().await else {
        panic!("no welcome");
    };
    assert_eq!((welcome.conversation, welcome.seq, welcome.author), (here, 1, anna.member));
    says(&mut wire, &mut anna, here, 3, 300).await;
    assert_eq!(joiner.until_pong().await, []);
    let ack = ClientFrame::AckWelcome { conversation: here, seq: welcome.seq };
    joiner.send(&[ack]).await;
    for seq in 2..=4 {
        assert_eq!(joiner.entry().await.seq, seq);
    }
}

#[tokio::test]
async fn nobody_is_caught_up_before_what_waits_behind_a_welcome() {
    let house = House::open().await;
    let mut anna = house.account(1).await;
    let berta = house.account(2).await;
    let here = house.conversation(9, &mut anna, &[]).await;
    house.commit(&mut anna, here, 0, vec![berta.member], vec![]).await.unwrap();
    let (mut wire, _) = house.arrive(&anna).await;
    says(&mut wire, &mut anna, here, 2, 300).await;
    let mut joiner = house.connect(&berta).await;
    assert!(matches!(joiner.next().await, ServerFrame::Ready(_)));
    let ServerFrame::Welcome(welcome) = joiner.next().await else {
        panic!("no welcome");
    };
    assert_eq!(joiner.until_pong().await, []);
    joiner.send(&[ClientFrame::AckWelcome { conversation: here, seq: welcome.seq }]).await;
    assert_eq!([joiner.entry().await.seq, joiner.entry().await.seq], [2, 3]);
    assert_eq!(joiner.next().await, ServerFrame::CaughtUp {});
}

#[tokio::test]
async fn a_message_that_comes_at_the_moment_of_joining_is_not_overlooked() {
    let house = House::open().await;
    let mut anna = house.account(1).await;
    let berta = house.account(2).await;
    let (mut wire, _) = house.arrive(&anna).await;
    let (mut joiner, _) = house.arrive(&berta).await;
    for number in 10..60 {
        let here = house.conversation(number, &mut anna, &[]).await;
        house.commit(&mut anna, here, 0, vec![berta.member], vec![]).await.unwrap();
        let ServerFrame::Welcome(welcome) = joiner.next().await else {
            panic!("no welcome");
        };
        let ack = ClientFrame::AckWelcome { conversation: here, seq: welcome.seq };
        joiner.send(&[ack]).await;
        wire.submit(anna.message(here, 1, 10)).await.unwrap();
        assert_eq!(joiner.entry().await.seq, 2);
    }
}

#[tokio::test]
async fn a_welcome_waits_for_a_device_that_is_away_and_comes_before_the_backlog() {
    let (house, mut anna, berta, here) = two_people().await;
    let (mut wire, _) = house.arrive(&anna).await;
    says(&mut wire, &mut anna, here, 2, 300).await;
    for number in 20..30 {
        let there = house.conversation(number, &mut anna, &[]).await;
        house.commit(&mut anna, there, 0, vec![berta.member], vec![]).await.unwrap();
    }
    let mut joiner = house.connect(&berta).await;
    assert!(matches!(joiner.next().await, ServerFrame::Ready(_)));
    let mut welcomed = Vec::new();
    let mut backlog = Vec::new();
    loop {
        match joiner.next().await {
            ServerFrame::Welcome(welcome) => {
                let ack = ClientFrame::AckWelcome { conversation: welcome.conversation, seq: welcome.seq };
                joiner.send(&[ack]).await;
                welcomed.push(welcome.conversation);
            }
            ServerFrame::Entry(entry) => {
                assert_eq!(welcomed.len(), 10);
                backlog.push(entry.seq);
            }
            ServerFrame::CaughtUp {} => break,
            other => panic!("unexpected {other:?}"),
        }
    }
    let all: Vec<_> = (20..30).map(|number| ConversationId::from_bytes([number; 16])).collect();
    assert_eq!(welcomed, all);
    assert_eq!(backlog, [2, 3]);
}

#[tokio::test]
async fn a_device_that_joins_by_itself_is_delivered_to_at_once() {
    let house = House::open().await;
    let (mut anna, mut berta) = (house.account(1).await, house.account(2).await);
    let room = ConversationId::from_bytes([9; 16]);
    let create = CreateConversation {
        conversation: room,
        kind: ConversationKind::Open,
        peer: None,
        room: Some("Lobby".into()),
        group_info: Bytes(vec![1; 50]),
        submission: anna.next_submission(),
        first_commit: None,
    };
    let created: Result<Committed, _> = house.ask(&anna, Method::POST, "/api/v1/conversations", &create).await;
    assert_eq!(created.unwrap().seq, 0);
    let found: Result<Room, _> = house.ask(&berta, Method::GET, "/api/v1/rooms/lobby", &()).await;
    assert_eq!((found.as_ref().unwrap().conversation, found.unwrap().accounts), (room, 1));
    let again = CreateConversation {
        conversation: ConversationId::from_bytes([8; 16]),
        submission: berta.next_submission(),
        ..create
    };
    let again: Result<Committed, _> = house.ask(&berta, Method::POST, "/api/v1/conversations", &again).await;
    let again = again.unwrap_err();
    assert_eq!((again.code, again.conversation), (ErrorCode::ConversationExists, Some(room)));

    let (mut wire, _) = house.arrive(&anna).await;
    let (mut joiner, _) = house.arrive(&berta).await;
    let path = format!("/api/v1/conversations/{room}/group-info");
    let info: Result<GroupInfo, _> = house.ask(&berta, Method::GET, &path, &()).await;
    let follows = info.unwrap().commit_counter;
    let join = SubmitCommit {
        submission: berta.next_submission(),
        commit: external_commit(&berta, room, follows),
        welcome: None,
        group_info: Bytes(vec![2; 50]),
        seen: 0,
    };
    let path = format!("/api/v1/conversations/{room}/commits");
    let joined: Result<Committed, _> = house.ask(&berta, Method::POST, &path, &join).await;
    assert_eq!(joined.unwrap().commit_counter, 1);
    assert_eq!(wire.entry().await.kind, EntryKind::Commit);
    says(&mut wire, &mut anna, room, 2, 100).await;
    assert_eq!((joiner.entry().await.seq, joiner.entry().await.seq), (2, 3));
}

#[tokio::test]
async fn a_member_that_is_added_again_misses_nothing_around_its_new_welcome() {
    let (house, mut anna, berta, here) = two_people().await;
    let (mut wire, _) = house.arrive(&anna).await;
    let (mut again, _) = house.arrive(&berta).await;
    let added = house.commit(&mut anna, here, 1, vec![berta.member], vec![]).await;
    assert_eq!(added.unwrap().seq, 2);
    wire.submit(anna.message(here, 2, 10)).await.unwrap();
    let welcome = loop {
        match again.next().await {
            ServerFrame::Welcome(welcome) => break welcome,
            // The entry that adds it may still come, by its old membership.
            frame => assert_eq!(entries(&[frame]), [2]),
        }
    };
    assert_eq!(welcome.seq, 2);
    assert_eq!(again.until_pong().await, []);
    let ack = ClientFrame::AckWelcome { conversation: here, seq: welcome.seq };
    again.send(&[ack]).await;
    // It goes on where its cursor says, which is before the commit that it has not acknowledged.
    let mut seq = again.entry().await.seq;
    if seq == 2 {
        seq = again.entry().await.seq;
    }
    assert_eq!(seq, 3);
}

#[tokio::test]
async fn a_removed_device_gets_the_entry_that_removes_it_and_nothing_after() {
    let house = House::open().await;
    let mut anna = house.account(1).await;
    let (berta, clara) = (house.account(2).await, house.account(3).await);
    let here = house.conversation(9, &mut anna, &[&berta, &clara]).await;
    let (mut wire, _) = house.arrive(&anna).await;
    let (mut removed, _) = house.arrive(&clara).await;
    let (mut stays, _) = house.arrive(&berta).await;
    says(&mut wire, &mut anna, here, 1, 300).await;
    house.commit(&mut anna, here, 1, vec![], vec![clara.member]).await.unwrap();
    wire.submit(anna.message(here, 2, 300)).await.unwrap();
    for seq in 2..=4 {
        assert_eq!(stays.entry().await.seq, seq);
    }
    assert_eq!((removed.entry().await.seq, removed.entry().await.seq), (2, 3));
    assert_eq!(removed.until_pong().await, []);
    removed.leave().await;
    let (mut again, frames) = house.arrive(&clara).await;
    assert_eq!(entries(&frames), [2, 3]);
    again.ack(here, 3).await;
    again.leave().await;
    let (_, frames) = house.arrive(&clara).await;
    assert!(entries(&frames).is_empty());
}

#[tokio::test]
async fn delivery_to_an_account_that_leaves_stops_with_its_proposal() {
    let (house, mut anna, mut berta, here) = two_people().await;
    let (mut wire, _) = house.arrive(&anna).await;
    wire.ack(here, 1).await;
    let (mut leaver, _) = house.arrive(&berta).await;
    let leaves = vec![berta.member];
    leaver.submit(berta.leave(here, 1, leaves)).await.unwrap();
    let own = leaver.entry().await;
    assert_eq!((own.seq, own.kind, own.payload.len()), (2, EntryKind::Leave, 0));
    let seen = wire.entry().await;
    assert!(seen.seq == 2 && !seen.payload.is_empty());
    says(&mut wire, &mut anna, here, 2, 300).await;
    assert_eq!(leaver.until_pong().await, []);
    let refused = leaver.submit(berta.message(here, 1, 10)).await;
    assert_eq!(refused, Err(ErrorCode::NotAMember));
}

#[tokio::test]
async fn what_follows_an_old_commit_is_refused_with_its_code() {
    let (house, mut anna, mut berta, here) = two_people().await;
    let (mut wire, _) = house.arrive(&anna).await;
    let stale = wire.submit(anna.message(here, 0, 300)).await;
    assert_eq!(stale, Err(ErrorCode::Stale));
    house.commit(&mut anna, here, 1, vec![], vec![]).await.unwrap();
    let conflict = house.commit(&mut berta, here, 1, vec![], vec![]).await;
    assert_eq!(conflict.unwrap_err().code, ErrorCode::CommitConflict);
    let mut old_copy = anna.message(here, 2, 300);
    old_copy.submission = 1;
    assert_eq!(wire.submit(old_copy).await, Err(ErrorCode::SubmissionBehind));
    let unknown = Member { account: house::account(3), device: house::device(3, 1) };
    let strange = house.commit(&mut anna, here, 2, vec![unknown], vec![]).await;
    assert_eq!(strange.unwrap_err().code, ErrorCode::BadMessage);
}

#[tokio::test]
async fn nobody_writes_to_a_conversation_of_others_or_for_another_device() {
    let (house, mut anna, _, here) = two_people().await;
    let mut clara = house.account(3).await;
    let (mut wire, _) = house.arrive(&clara).await;
    let outsider = wire.submit(clara.message(here, 1, 300)).await;
    assert_eq!(outsider, Err(ErrorCode::NotAMember));
    let forged = wire.submit(anna.message(here, 1, 300)).await;
    assert_eq!(forged, Err(ErrorCode::BadMessage));
    let path = format!("/api/v1/conversations/{here}/group-info");
    let info: Result<GroupInfo, _> = house.ask(&clara, Method::GET, &path, &()).await;
    assert_eq!(info.unwrap_err().code, ErrorCode::NotFound);
    let list: Result<Conversations, _> = house.ask(&clara, Method::GET, "/api/v1/conversations", &()).await;
    assert_eq!(list.unwrap().conversations, []);
}

#[tokio::test]
async fn a_wrong_token_and_a_missing_subprotocol_are_refused_before_the_upgrade() {
    let (house, anna, _, _) = two_people().await;
    let (status, problem) = house.refused_upgrade("no.such.token", Some(SUBPROTOCOL)).await;
    assert_eq!((status, problem.code), (StatusCode::UNAUTHORIZED, ErrorCode::NotSignedIn));
    for subprotocol in [None, Some("huis.v99")] {
        let (status, problem) = house.refused_upgrade(&anna.token, subprotocol).await;
        assert_eq!((status, problem.code), (StatusCode::BAD_REQUEST, ErrorCode::BadRequest));
    }
}

#[tokio::test]
async fn a_message_that_is_no_sequence_of_frames_closes_the_connection() {
    let (house, anna, _, _) = two_people().await;
    for garbage in [
        Message::Binary(vec![0xff; 10].into()),
        Message::Binary(vec![].into()),
        Message::Binary(codec::to_cbor(&"ping").into()),
        Message::Text("{}".into()),
    ] {
        let (mut wire, _) = house.arrive(&anna).await;
        wire.send_raw(garbage).await;
        wire.closed_with(CloseCode::BadFrame).await;
    }
}

#[tokio::test]
async fn a_message_or_ephemeral_that_is_too_large_closes_the_connection() {
    let (house, anna, _, here) = two_people().await;
    let (mut wire, _) = house.arrive(&anna).await;
    let large = vec![0; limits::CLIENT_WEBSOCKET_MESSAGE + 1];
    wire.send_raw(Message::Binary(large.into())).await;
    wire.closed_with(CloseCode::TooBig).await;
    let (mut wire, _) = house.arrive(&anna).await;
    let ephemeral =
        ClientFrame::Ephemeral { conversation: here, payload: vec![0; limits::EPHEMERAL_PAYLOAD + 1].into() };
    wire.send(&[ephemeral]).await;
    wire.closed_with(CloseCode::TooBig).await;
}

#[tokio::test]
async fn frames_that_the_server_does_not_know_are_skipped() {
    let (house, mut anna, _, here) = two_people().await;
    let (mut wire, _) = house.arrive(&anna).await;
    let unknown = codec::to_cbor(&std::collections::BTreeMap::from([("wave", [1, 2])]));
    let known = codec::to_cbor(&ClientFrame::Submit(anna.message(here, 1, 10)));
    let message = [unknown, known].concat();
    wire.send_raw(Message::Binary(message.into())).await;
    let answer = loop {
        if let ServerFrame::Accepted(accepted) = wire.next().await {
            break accepted.seq;
        }
    };
    assert_eq!(answer, 2);
}

#[tokio::test]
async fn a_flood_of_frames_closes_the_connection() {
    let (house, anna, _, _) = two_people().await;
    let (mut wire, _) = house.arrive(&anna).await;
    let pings = codec::to_cbor(&ClientFrame::Ping {}).repeat(5_000);
    let code = loop {
        wire.send_raw(Message::Binary(pings.clone().into())).await;
        let mut answers = 0;
        let closed = loop {
            match wire.next_or_close().await {
                Ok(_) => answers += 1,
                Err(code) => break code,
            }
            if answers == 5_000 {
                break None;
            }
        };
        if closed.is_some() {
            break closed;
        }
    };
    assert_eq!(code, Some(CloseCode::TooMany.code()));
}

#[tokio::test]
async fn a_device_that_connects_again_replaces_its_older_connection() {
    let (house, mut anna, _, here) = two_people().await;
    let (mut older, _) = house.arrive(&anna).await;
    let (mut newer, _) = house.arrive(&anna).await;
    older.closed_with(CloseCode::Replaced).await;
    newer.submit(anna.message(here, 1, 10)).await.unwrap();
}

#[tokio::test]
async fn the_end_of_a_session_closes_its_connection_and_nothing_is_sent_after_it() {
    let (house, mut anna, berta, here) = two_people().await;
    let (mut wire, _) = house.arrive(&anna).await;
    let (mut ended, _) = house.arrive(&berta).await;
    says(&mut wire, &mut anna, here, 1, 10).await;
    let path = format!("/api/v1/sessions/{}", berta.session);
    let done: Result<(), _> = house.ask(&berta, Method::DELETE, &path, &()).await;
    done.unwrap();
    says(&mut wire, &mut anna, here, 3, 10).await;
    let before = ended.closed_with(CloseCode::SessionEnded).await;
    assert!(entries(&before).iter().all(|seq| *seq == 2));
    let (_, problem) = house.refused_upgrade(&berta.token, Some(SUBPROTOCOL)).await;
    assert_eq!(problem.code, ErrorCode::SessionEnded);
}

#[tokio::test]
async fn ephemeral_frames_reach_connected_members_and_are_kept_nowhere() {
    let (house, anna, berta, here) = two_people().await;
    let clara = house.account(3).await;
    let (mut wire, _) = house.arrive(&anna).await;
    let (mut other, _) = house.arrive(&berta).await;
    let (mut outsider, _) = house.arrive(&clara).await;
    let typing = ClientFrame::Ephemeral { conversation: here, payload: vec![1, 2, 3].into() };
    outsider.send(std::slice::from_ref(&typing)).await;
    assert_eq!(outsider.until_pong().await, []);
    wire.send(std::slice::from_ref(&typing)).await;
    let expected = ServerFrame::Ephemeral { conversation: here, from: anna.member, payload: vec![1, 2, 3].into() };
    assert_eq!(other.next().await, expected);
    other.leave().await;
    wire.send(&[typing]).await;
    let (_, frames) = house.arrive(&berta).await;
    assert!(matches!(frames[..], [ServerFrame::Ready(_)]));
}

#[tokio::test]
async fn a_stop_answers_what_was_submitted_and_closes_with_1001() {
    let (house, mut anna, berta, here) = two_people().await;
    let (mut wire, _) = house.arrive(&anna).await;
    let (mut idle, _) = house.arrive(&berta).await;
    wire.ack(here, 1).await;
    let store = house.store.clone();
    let messages: Vec<_> = (0..40).map(|_| ClientFrame::Submit(anna.message(here, 1, 100))).collect();
    wire.send(&messages).await;
    // The first answer says that the whole WebSocket message is there.
    let first = wire.next().await;
    assert!(matches!(first, ServerFrame::Accepted(_)), "{first:?}");
    let head = store.recipients(here);
    head.await.unwrap();
    let House { server, .. } = house;
    let stopped = tokio::spawn(server.stop());
    idle.closed_with(CloseCode::GoingAway).await;
    let rest = wire.closed_with(CloseCode::GoingAway).await;
    let answered = rest.iter().filter(|frame| matches!(frame, ServerFrame::Accepted(_)));
    assert_eq!(answered.count(), 39);
    stopped.await.unwrap().unwrap();
}
