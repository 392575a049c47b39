//! Contested commits and GroupInfos, over real connections.

use http::Method;
use huis_proto::frames::ServerFrame;
use huis_proto::rest::{Dissent, Dissented, GroupInfo, GroupInfoRequests, PutGroupInfo, RequestGroupInfo};
use huis_proto::{Bytes, ConversationId, ErrorCode, Problem, limits};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::house::{House, Phone};

/// What the device asks of the conversation.
async fn ask<T: DeserializeOwned>(
    house: &House,
    phone: &Phone,
    method: Method,
    here: ConversationId,
    what: &str,
    body: &impl Serialize,
) -> Result<T, Problem> {
    house.ask(phone, method, &format!("/api/v1/conversations/{here}/{what}"), body).await
}

#[tokio::test]
async fn who_gets_its_seat_back_is_delivered_to_again_at_once() {
    let house = House::open().await;
    let mut anna = house.account(1).await;
    let mut clara = house.account(3).await;
    let berta = house.account(2).await;
    let here = house.conversation(9, &mut anna, &[&berta, &clara]).await;
    let (mut wire, _) = house.arrive(&anna).await;
    let (mut shut_out, _) = house.arrive(&clara).await;
    let removal = house.commit(&mut anna, here, 1, vec![], vec![clara.member]).await.unwrap().seq;
    wire.submit(anna.message(here, 2, 300)).await.unwrap();
    assert_eq!(shut_out.entry().await.seq, removal);
    assert_eq!(shut_out.until_pong().await, []);

    let dissent = Dissent { seq: removal };
    let alone: Dissented = ask(&house, &clara, Method::POST, here, "dissents", &dissent).await.unwrap();
    assert_eq!((alone.undone, alone.seated, alone.group_info_wanted), (false, false, None));
    assert_eq!(shut_out.until_pong().await, []);
    let together: Dissented = ask(&house, &berta, Method::POST, here, "dissents", &dissent).await.unwrap();
    assert_eq!((together.undone, together.seated, together.group_info_wanted), (true, true, Some(2)));
    let mut frames = [shut_out.next().await, shut_out.next().await];
    frames.sort_by_key(|frame| matches!(frame, ServerFrame::Entry(_)));
    assert_eq!(frames[0], ServerFrame::GroupInfoWanted { conversation: here, commit_counter: 2 });
    assert!(matches!(&frames[1], ServerFrame::Entry(entry) if entry.seq == removal + 1), "{frames:?}");
    // And live: the hub knows of its seat.
    wire.submit(anna.message(here, 2, 300)).await.unwrap();
    assert_eq!(shut_out.entry().await.seq, removal + 2);
    shut_out.submit(clara.message(here, 2, 100)).await.unwrap();
}

#[tokio::test]
async fn a_dissent_from_what_is_no_commit_is_refused_clearly_and_not_without_end() {
    let house = House::open().await;
    let mut anna = house.account(1).await;
    let (berta, stranger) = (house.account(2).await, house.account(3).await);
    let here = house.conversation(9, &mut anna, &[&berta]).await;
    let (mut wire, _) = house.arrive(&anna).await;
    let message = wire.submit(anna.message(here, 1, 300)).await.unwrap().seq;
    for (phone, seq, code) in [
        (&berta, message, ErrorCode::NotFound),
        (&berta, 1, ErrorCode::NotFound),
        (&berta, message + 1, ErrorCode::NotFound),
        (&stranger, 1, ErrorCode::NotAMember),
    ] {
        let refused: Result<Dissented, _> = ask(&house, phone, Method::POST, here, "dissents", &Dissent { seq }).await;
        assert_eq!(refused.unwrap_err().code, code, "{seq}");
    }
    let mut refused = None;
    for _ in 0..200 {
        let dissent = Dissent { seq: 1 };
        let answer: Result<Dissented, _> = ask(&house, &berta, Method::POST, here, "dissents", &dissent).await;
        refused = answer.err().filter(|problem| problem.code == ErrorCode::TooManyRequests);
        if refused.is_some() {
            break;
        }
    }
    assert!(refused.is_some_and(|problem| problem.retry_after_s.is_some()));
}

#[tokio::test]
async fn members_are_asked_for_a_group_info_and_it_is_taken_for_the_newest_counter_alone() {
    let house = House::open().await;
    let mut anna = house.account(1).await;
    let (berta, stranger) = (house.account(2).await, house.account(3).await);
    let here = house.conversation(9, &mut anna, &[&berta]).await;
    let second = house.phone(1, 2).await;
    let (mut connected, _) = house.arrive(&anna).await;
    let wish = RequestGroupInfo { commit_counter: 1 };
    let refused: Result<(), _> = ask(&house, &stranger, Method::POST, here, "group-info-requests", &wish).await;
    assert_eq!(refused.unwrap_err().code, ErrorCode::NotAMember);
    for _ in 0..2 {
        ask::<()>(&house, &second, Method::POST, here, "group-info-requests", &wish).await.unwrap();
    }
    let wanted = ServerFrame::GroupInfoWanted { conversation: here, commit_counter: 1 };
    assert_eq!(connected.next().await, wanted);
    assert_eq!(connected.until_pong().await, [], "asked once");
    let (_later, frames) = house.arrive(&berta).await;
    assert!(frames.contains(&wanted), "{frames:?}");
    let asked: GroupInfoRequests = ask(&house, &berta, Method::GET, here, "group-info-requests", &()).await.unwrap();
    assert_eq!(asked.commit_counter, Some(1));

    let put = |commit_counter, size: usize| PutGroupInfo { commit_counter, group_info: Bytes(vec![6; size]) };
    for (phone, body, code) in [
        (&stranger, put(1, 80), ErrorCode::NotAMember),
        (&second, put(1, 80), ErrorCode::NotAMember),
        (&berta, put(0, 80), ErrorCode::CommitConflict),
        (&berta, put(2, 80), ErrorCode::CommitConflict),
        (&berta, put(1, 0), ErrorCode::BadRequest),
        (&berta, put(1, limits::GROUP_INFO + 1), ErrorCode::TooLarge),
    ] {
        let refused: Result<(), _> = ask(&house, phone, Method::PUT, here, "group-info", &body).await;
        assert_eq!(refused.unwrap_err().code, code);
    }
    ask::<()>(&house, &berta, Method::PUT, here, "group-info", &put(1, 80)).await.unwrap();
    let info: GroupInfo = ask(&house, &second, Method::GET, here, "group-info", &()).await.unwrap();
    assert_eq!(info.group_info.0, [6; 80]);
    let unasked: Result<(), _> = ask(&house, &berta, Method::PUT, here, "group-info", &put(1, 90)).await;
    assert_eq!(unasked.unwrap_err().code, ErrorCode::CommitConflict);
    let asked: GroupInfoRequests = ask(&house, &berta, Method::GET, here, "group-info-requests", &()).await.unwrap();
    assert_eq!(asked.commit_counter, None);
}
