//! A server that says of a conversation what it is not. Its word decides nothing: neither where something goes, nor with
//! whom a conversation is.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use huis_engine::{HttpResponse, Method};
use huis_proto::frames::ServerFrame;
use huis_proto::rest::{ConversationInfo, Conversations};
use huis_proto::{AccountId, ConversationId, ErrorCode, Problem};
use huis_testkit::{Device, Fate, World, story};
use huis_views::{Command, Failure, Notice};

use crate::hostile_servers::{changing, with};
use crate::two_friends;

#[test]
fn what_is_for_one_person_or_group_goes_nowhere_else_whatever_the_server_says_exists() {
    story(async |world| {
        let (ann, bea, eve) = (world.account("ann").await, world.account("bea").await, world.account("eve").await);
        eve.says("@bea", "hello bea").await;
        bea.hears("@eve", "hello bea").await;
        let of_eve = bea.id_of("@eve").await;
        bea.answers_pass(move |request, response| {
            let creates = request.method == Method::Post && request.path == "/api/v1/conversations";
            Some(if creates { exists(of_eve, response) } else { response })
        });
        let failure = bea.tries_to_say("@ann", "for ann alone").await.unwrap_err();
        assert!(matches!(failure, Failure::BadAnswer { .. }), "{failure:?}");
        let garden = Command::CreateRoom { name: "garden".into(), open: false, invite: vec!["ann".into()] };
        let failure = bea.tries(garden).await.unwrap_err();
        assert!(matches!(failure, Failure::BadAnswer { .. }), "{failure:?}");
        bea.has_settled().await;
        world.passes(Duration::from_secs(600)).await;
        assert!(bea.looks_at("@eve").await.unwrap().request, "nor is it accepted");
        assert_eq!(eve.texts("@bea").await, ["hello bea"]);
        assert!(eve.looks_at("#garden").await.is_none());

        bea.nobody_meddles();
        bea.says("@ann", "and now for ann").await;
        ann.hears("@bea", "and now for ann").await;
    });
}

#[test]
fn an_open_room_that_the_server_says_is_a_strangers_request_is_not_joined() {
    story(async |world| {
        let (bea, eve) = (world.account("bea").await, world.account("eve").await);
        eve.says("@bea", "hello bea").await;
        bea.hears("@eve", "hello bea").await;
        eve.joins_room("lobby").await;
        let of_eve = bea.id_of("@eve").await;
        bea.answers_pass(changing("/rooms/lobby", move |room: &mut huis_proto::rest::Room| {
            room.conversation = of_eve;
        }));
        let failure = bea.tries(Command::JoinRoom { name: "lobby".into() }).await.unwrap_err();
        assert!(matches!(failure, Failure::BadAnswer { .. }), "{failure:?}");
        assert!(bea.looks_at("@eve").await.unwrap().request);
    });
}

#[test]
fn a_conversation_of_two_that_the_account_knows_is_with_whom_it_knows_and_not_with_whom_the_server_says() {
    story(async |world| {
        let (ann, bea, eve) = (world.account("ann").await, world.account("bea").await, world.account("eve").await);
        let tablet = world.another_device_of(&bea).await;
        tablet.has_settled().await;
        tablet.stops().await;
        let id = ann.says("@bea", "hello").await.conversation;
        bea.accepts("@ann").await;
        bea.has_settled().await;
        // The tablet hears neither the welcome nor what the account knows, but the server's word alone.
        tablet.received_frames_pass(without_welcomes);
        let withheld = Rc::new(Cell::new(true));
        let is_withheld = Rc::clone(&withheld);
        let mut lies = is_with(id, eve.profile().await.account);
        tablet.answers_pass(move |request, response| {
            if request.method == Method::Get && request.path.ends_with("/account/state") && is_withheld.get() {
                return None;
            }
            if request.path.ends_with("/api/v1/conversations") { lies(response) } else { Some(response) }
        });
        tablet.start();
        tablet
            .until("the server's word is taken as a request", async || {
                tablet.looks_at(&id.to_string()).await.is_some_and(|view| view.request)
            })
            .await;
        withheld.set(false);
        tablet.is_in(&id.to_string()).await;
        is_with_ann(&world, &ann, &tablet, id).await;
    });
}

#[test]
fn a_conversation_of_two_that_was_lost_stays_with_whom_it_was_when_the_server_speaks_of_it_again() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let eve = world.account("eve").await;
        let id = ann.id_of("@bea").await;
        let tablet = world.blank_device(&bea, "tablet");
        tablet.answers_pass(move |request, response| {
            let is_asked_for = request.path.ends_with(&format!("/{id}/group-info"));
            Some(if is_asked_for { refused(ErrorCode::NotFound, None, response) } else { response })
        });
        tablet.start();
        tablet.tries_to_sign_in().await.unwrap();
        tablet.notices("a join that failed", |notice| matches!(notice, Notice::JoinFailed { .. })).await;
        tablet.has_settled().await;
        let mut lies = is_with(id, eve.profile().await.account);
        tablet.answers_pass(move |request, response| {
            if request.path.ends_with("/api/v1/conversations") { lies(response) } else { Some(response) }
        });
        tablet.restarts().await;
        tablet.is_in(&id.to_string()).await;
        is_with_ann(&world, &ann, &tablet, id).await;
    });
}

/// The device's conversation of this id is the one with ann, and both can speak in it.
async fn is_with_ann(world: &World, ann: &Device, device: &Device, id: ConversationId) {
    assert_eq!(device.id_of("@ann").await, id);
    assert!(!device.looks_at("@ann").await.unwrap().request);
    device.says("@ann", "it is you").await;
    ann.hears("@bea", "it is you").await;
    world.passes(Duration::from_secs(60)).await;
    let unexpected = |notice: &Notice| matches!(notice, Notice::UnexpectedMembers { .. });
    assert!(!device.noticed().await.iter().any(unexpected));
}

/// The list of conversations, in which this one is with another account.
fn is_with(id: ConversationId, other: AccountId) -> impl FnMut(HttpResponse) -> Option<HttpResponse> {
    move |response| {
        let Ok(mut list) = serde_json::from_slice::<Conversations>(&response.body) else { return Some(response) };
        let named = |info: &&mut ConversationInfo| info.conversation == id;
        for info in list.conversations.iter_mut().filter(named) {
            info.accounts = vec![other];
            info.joined = true;
        }
        Some(with(response, &list))
    }
}

/// The server says in place of a welcome that all is there.
fn without_welcomes(frame: ServerFrame) -> Fate<ServerFrame> {
    match frame {
        ServerFrame::Welcome(_) => Fate::Becomes(vec![ServerFrame::CaughtUp {}]),
        other => Fate::passes(other),
    }
}

fn exists(other: ConversationId, response: HttpResponse) -> HttpResponse {
    refused(ErrorCode::ConversationExists, Some(other), response)
}

fn refused(code: ErrorCode, conversation: Option<ConversationId>, response: HttpResponse) -> HttpResponse {
    let problem = Problem { conversation, ..Problem::new(code, "no") };
    HttpResponse { status: problem.status, ..with(response, &problem) }
}
