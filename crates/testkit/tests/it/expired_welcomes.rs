//! A device that was away for so long that its invitations are gone.

use std::time::Duration;

use huis_proto::frames::ServerFrame;
use huis_testkit::{Device, Fate, World, story};
use huis_views::{ConversationState, ConversationView, Notice, RequestAnswer};

use crate::requests::counts_what_is_said;

/// More days than anything undelivered is kept, and more than a session lives that nobody uses; everybody else keeps
/// theirs.
async fn a_season_passes(world: &World, present: &[&Device]) {
    for _ in 0..2 {
        world.days_pass_at_once(46).await;
        world.passes(Duration::from_secs(1800)).await;
        for each in present {
            each.is_connected().await;
        }
    }
}

async fn comes_back(device: &Device) {
    device.start();
    device.until("it signs in again, as its session is over", async || device.tries_to_sign_in().await.is_ok()).await;
    device.has_settled().await;
}

#[test]
fn a_device_whose_welcome_expired_comes_in_once_it_accepts() {
    story(async |world| {
        let (ann, bea) = (world.account("ann").await, world.account("bea").await);
        bea.stops().await;
        ann.says("@bea", "hello bea").await;
        a_season_passes(&world, &[&ann]).await;
        ann.says("@bea", "are you still away?").await;
        let said = counts_what_is_said(&bea);
        comes_back(&bea).await;
        asks(&bea, "@ann").await;
        world.passes(Duration::from_secs(1200)).await;
        assert_eq!(said.get(), 0, "nothing says that bea is back");
        bea.accepts("@ann").await;
        bea.is_in("@ann").await;
        ann.says("@bea", "welcome back").await;
        bea.hears("@ann", "welcome back").await;
        ann.agrees_with(&[&bea], "@bea").await;
    });
}

#[test]
fn a_device_whose_welcome_expired_in_silence_asks_for_its_conversations() {
    story(async |world| {
        let (ann, bea) = (world.account("ann").await, world.account("bea").await);
        bea.stops().await;
        let id = ann.opens_a_group("garden", &[&bea]).await;
        a_season_passes(&world, &[&ann]).await;
        comes_back(&bea).await;
        let id = id.to_string();
        bea.accepts(&id).await;
        bea.is_in(&id).await;
        ann.says(&id, "there you are").await;
        bea.hears(&id, "there you are").await;
        ann.agrees_with(&[&bea], &id).await;
    });
}

#[test]
fn who_is_invited_while_it_connects_has_missed_nothing() {
    story(async |world| {
        let (ann, bea) = (world.account("ann").await, world.account("bea").await);
        bea.stops().await;
        // The device has caught up at the moment at which the welcome is made.
        bea.received_frames_pass(|frame| match frame {
            ServerFrame::CaughtUp {} => Fate::Becomes(Vec::new()),
            ServerFrame::Welcome(_) => Fate::Becomes(vec![ServerFrame::CaughtUp {}, frame]),
            frame => Fate::passes(frame),
        });
        bea.start();
        world.passes(Duration::from_secs(10)).await;
        let id = ann.opens_a_group("garden", &[&bea]).await.to_string();
        ann.says(&id, "there you are").await;
        bea.hears(&id, "there you are").await;
        assert!(!bea.noticed().await.iter().any(|notice| matches!(notice, Notice::Expired { .. })));
    });
}

#[test]
fn a_request_whose_welcome_expired_is_declined_for_good() {
    story(async |world| {
        let (ann, bea, cem) = (world.account("ann").await, world.account("bea").await, world.account("cem").await);
        let tablet = world.another_device_of(&bea).await;
        for each in [&bea, &tablet] {
            each.has_settled().await;
            each.stops().await;
        }
        let id = ann.opens_a_group("garden", &[&bea, &cem]).await.to_string();
        a_season_passes(&world, &[&ann]).await;
        let said = counts_what_is_said(&tablet);
        for each in [&bea, &tablet] {
            comes_back(each).await;
            asks(each, &id).await;
        }
        bea.answers_request(&id, RequestAnswer::Decline).await;
        assert!(bea.looks_at(&id).await.is_none());
        bea.restarts().await;
        bea.has_settled().await;
        world.passes(Duration::from_secs(600)).await;
        assert!(bea.looks_at(&id).await.is_none(), "nor does it come back by itself");
        assert_eq!(said.get(), 0, "the other device was told of nothing that was accepted");
        ann.says(&id, "who is left?").await;
        assert_eq!(ann.names_in(&id).await, ["ann", "cem"]);
    });
}

#[test]
fn an_open_room_whose_welcome_expired_is_joined_by_whoever_joins_it() {
    story(async |world| {
        let (ann, bea) = (world.account("ann").await, world.account("bea").await);
        ann.joins_room("lobby").await;
        bea.stops().await;
        ann.invites("#lobby", &[&bea]).await;
        a_season_passes(&world, &[&ann]).await;
        comes_back(&bea).await;
        bea.joins_room("lobby").await;
        bea.is_in("#lobby").await;
        bea.says("#lobby", "good morning").await;
        ann.hears("#lobby", "good morning").await;
    });
}

#[test]
fn who_joins_a_room_that_asks_accepts_it() {
    story(async |world| {
        let (ann, bea) = (world.account("ann").await, world.account("bea").await);
        let id = ann.joins_room("lobby").await.to_string();
        ann.invites("#lobby", &[&bea]).await;
        bea.until("the room asks", async || bea.looks_at(&id).await.is_some_and(|view| view.request)).await;
        bea.joins_room("lobby").await;
        bea.is_in(&id).await;
        bea.says(&id, "good morning").await;
        ann.hears("#lobby", "good morning").await;
    });
}

#[test]
fn a_group_that_was_left_and_whose_next_welcome_expired_is_a_request_again() {
    story(async |world| {
        let (ann, bea) = (world.account("ann").await, world.account("bea").await);
        let id = was_left(&ann, &[&bea]).await;
        bea.stops().await;
        ann.invites("#garden", &[&bea]).await;
        a_season_passes(&world, &[&ann]).await;
        let said = counts_what_is_said(&bea);
        comes_back(&bea).await;
        asks(&bea, &id).await;
        world.passes(Duration::from_secs(600)).await;
        assert_eq!(said.get(), 0);
        bea.accepts(&id).await;
        bea.is_in(&id).await;
        ann.says(&id, "once more").await;
        bea.hears(&id, "once more").await;
        ann.agrees_with(&[&bea], &id).await;
    });
}

#[test]
fn a_device_that_was_away_comes_in_where_another_one_of_its_account_has_accepted() {
    story(async |world| {
        let (ann, bea) = (world.account("ann").await, world.account("bea").await);
        let tablet = world.another_device_of(&bea).await;
        let id = was_left(&ann, &[&bea, &tablet]).await;
        tablet.stops().await;
        ann.invites("#garden", &[&bea]).await;
        bea.accepts(&id).await;
        bea.has_settled().await;
        a_season_passes(&world, &[&ann, &bea]).await;
        comes_back(&tablet).await;
        tablet.is_in(&id).await;
        assert!(!tablet.looks_at(&id).await.unwrap().request);
        tablet.says(&id, "from the tablet").await;
        ann.hears(&id, "from the tablet").await;
        ann.agrees_with(&[&bea, &tablet], &id).await;
    });
}

/// ann's group, which the account of these devices was in and left.
async fn was_left(ann: &Device, devices: &[&Device]) -> String {
    let id = ann.opens_a_group("garden", &devices[..1]).await.to_string();
    devices[0].accepts(&id).await;
    for device in devices {
        device.is_in(&id).await;
    }
    devices[0].leaves(&id).await;
    for device in devices {
        device.is_out_of(&id).await;
        device.has_settled().await;
    }
    ann.says(&id, "alone").await;
    assert_eq!(ann.names_in(&id).await, ["ann"]);
    id
}

/// Waits for a request in which the device has no place yet.
async fn asks(device: &Device, place: &str) {
    device
        .until(&format!("{place} asks"), async || {
            let waits = |view: ConversationView| view.request && view.state == ConversationState::Joining;
            device.looks_at(place).await.is_some_and(waits)
        })
        .await;
}
