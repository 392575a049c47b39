//! Invitations by strangers: until one is accepted nothing is said on a device's behalf.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use huis_engine::Method;
use huis_proto::frames::ClientFrame;
use huis_testkit::{Device, Fate, story};
use huis_views::{
    Command, ConversationState, ConversationView, Failure, Notice, RepairReason, Reply, RequestAnswer, Sent,
};

use crate::contested::{counts_requests, spoils_the_next_group_info};
use crate::silence::{is_out_of_garden, is_told_a_later_time};

#[test]
fn nothing_leaves_a_device_before_it_accepts_a_strangers_group() {
    story(async |world| {
        let (ann, bea, cem) = (world.account("ann").await, world.account("bea").await, world.account("cem").await);
        let said = counts_what_is_said(&bea);
        let id = ann.opens_a_group("garden", &[&bea, &cem]).await;
        let sent = ann.says("#garden", "who waters?").await;
        bea.hears("#garden", "who waters?").await;
        let view = bea.looks_at("#garden").await.unwrap();
        assert!(view.request, "an invitation by a stranger is a request");
        let newest = bea.messages("#garden").await[0].position;
        bea.command(Command::MarkRead { conversation: id, up_to: newest }).await;
        // Longer than any fresh key of a leaf takes.
        world.passes(Duration::from_secs(1200)).await;
        assert_eq!(said.get(), 0, "neither that it came nor that it was read, and no fresh key");
        assert!(!has_receipt_of(&ann, &sent, &bea).await);

        bea.accepts("#garden").await;
        ann.until("bea's leaf has the key that was put off", async || said.get() > 0).await;
        let sent = ann.says("#garden", "and now?").await;
        ann.until("bea got it", async || has_receipt_of(&ann, &sent, &bea).await).await;
    });
}

#[test]
fn a_device_that_is_taken_out_of_a_request_joins_again_once_it_accepts() {
    story(async |world| {
        let (ann, bea) = (world.account("ann").await, world.account("bea").await);
        let account_of_bea = bea.profile().await.account;
        ann.opens_a_group("garden", &[&bea]).await;
        bea.hears_title("garden").await;
        let said = counts_what_is_said(&bea);
        is_told_a_later_time(&ann);
        is_out_of_garden(&ann, bea.label(), account_of_bea).await;
        ann.nobody_meddles();
        let taken_out = Notice::Repairing { reason: RepairReason::TakenOut };
        bea.notices("that it was taken out", |notice| *notice == taken_out).await;
        world.passes(Duration::from_secs(1200)).await;
        assert_eq!(said.get(), 0);
        bea.has_settled().await;
        is_out_of_garden(&ann, bea.label(), account_of_bea).await;

        bea.accepts("#garden").await;
        bea.is_in("#garden").await;
        ann.says("#garden", "welcome back").await;
        bea.hears("#garden", "welcome back").await;
        ann.agrees_with(&[&bea], "#garden").await;
    });
}

#[test]
fn a_silent_device_is_taken_out_by_one_that_has_accepted_alone() {
    story(async |world| {
        let (ann, bea) = (world.account("ann").await, world.account("bea").await);
        let account_of_ann = ann.profile().await.account;
        let sent = ann.says("@bea", "hello").await;
        bea.hears("@ann", "hello").await;
        ann.has_settled().await;
        ann.stops().await;
        let said = counts_what_is_said(&bea);
        is_told_a_later_time(&bea);
        // Longer than the pause between two looks for the silent.
        world.passes(Duration::from_secs(2 * 3600)).await;
        assert_eq!(said.get(), 0);

        bea.accepts(&sent.conversation.to_string()).await;
        bea.until("ann's device is out", async || {
            let members = bea.members("@ann").await;
            members.iter().any(|member| member.account.account == account_of_ann && member.devices.is_empty())
        })
        .await;
    });
}

#[test]
fn a_group_info_that_is_wanted_of_a_request_is_brought_once_it_is_accepted() {
    story(async |world| {
        let (ann, bea, cem) = (world.account("ann").await, world.account("bea").await, world.account("cem").await);
        ann.opens_a_group("garden", &[&bea]).await;
        bea.hears_title("garden").await;
        spoils_the_next_group_info(&ann);
        ann.invites("#garden", &[&cem]).await;
        cem.hears_title("garden").await;
        bea.has_settled().await;
        for each in [&ann, &cem] {
            each.stops().await;
        }
        let brought = counts_requests(&bea, "/group-info");
        let tablet = world.blank_device(&ann, "tablet");
        let asked = counts_requests(&tablet, "/group-info-requests");
        tablet.start();
        tablet.tries_to_sign_in().await.unwrap();
        tablet.until("it has asked", async || asked.get() > 0).await;
        world.passes(Duration::from_secs(20)).await;
        assert_eq!(brought.get(), 0);

        bea.accepts("#garden").await;
        tablet.is_in("#garden").await;
        assert!(brought.get() > 0);
    });
}

#[test]
fn a_leave_in_an_open_room_is_carried_out_by_one_that_has_accepted_alone() {
    story(async |world| {
        let (ann, bea, cem) = (world.account("ann").await, world.account("bea").await, world.account("cem").await);
        let id = ann.joins_room("lobby").await.to_string();
        cem.joins_room("lobby").await;
        ann.invites("#lobby", &[&bea]).await;
        bea.is_in(&id).await;
        assert!(bea.looks_at(&id).await.unwrap().request);
        world.passes(Duration::from_secs(7200)).await;
        ann.stops().await;
        let said = counts_what_is_said(&bea);
        cem.leaves("#lobby").await;
        world.passes(Duration::from_secs(600)).await;
        assert_eq!(said.get(), 0);
        bea.accepts(&id).await;
        bea.until("cem is out", async || bea.names_in(&id).await == ["ann", "bea"]).await;
    });
}

#[test]
fn whoever_joins_a_room_that_asks_by_its_name_accepts_it_and_sees_the_name() {
    story(async |world| {
        let (ann, bea) = (world.account("ann").await, world.account("bea").await);
        let phone = world.another_device_of(&bea).await;
        let id = ann.joins_room("lobby").await.to_string();
        ann.invites("#lobby", &[&bea]).await;
        for each in [&bea, &phone] {
            each.is_in(&id).await;
            assert!(each.looks_at(&id).await.unwrap().request);
        }
        assert_eq!(bea.joins_room("lobby").await.to_string(), id);
        for each in [&bea, &phone] {
            let is_named = |view: ConversationView| !view.request && view.title.as_deref() == Some("lobby");
            each.until("it has its name", async || each.looks_at(&id).await.is_some_and(is_named)).await;
        }
    });
}

#[test]
fn a_group_that_its_last_member_left_asks_for_nothing_after_a_restart() {
    story(async |world| {
        let ann = world.account("ann").await;
        let tablet = world.another_device_of(&ann).await;
        let id = ann.opens_a_group("diary", &[]).await.to_string();
        tablet.hears_title("diary").await;
        ann.leaves("#diary").await;
        for each in [&ann, &tablet] {
            each.is_out_of(&id).await;
            each.has_settled().await;
            each.restarts().await;
            each.has_settled().await;
        }
        world.passes(Duration::from_secs(600)).await;
        for each in [&ann, &tablet] {
            let asks = |view: ConversationView| view.request || view.state != ConversationState::Left;
            assert!(!each.looks_at(&id).await.is_some_and(asks), "{each:?}");
        }
    });
}

#[test]
fn a_message_that_failed_is_not_sent_into_a_group_that_was_left_and_accepts_one_that_asks() {
    story(async |world| {
        let (ann, bea) = (world.account("ann").await, world.account("bea").await);
        let id = ann.opens_a_group("garden", &[&bea]).await.to_string();
        bea.accepts(&id).await;
        bea.goes_offline();
        ann.removes("#garden", &[&bea]).await;
        let message = bea.writes(&id, "I water").await.id;
        bea.comes_online();
        bea.is_out_of(&id).await;
        bea.has_settled().await;
        assert_eq!(bea.tries(Command::Retry { message }).await.unwrap_err(), Failure::NotAMember);

        ann.invites("#garden", &[&bea]).await;
        bea.is_in(&id).await;
        assert!(bea.looks_at(&id).await.unwrap().request);
        bea.command(Command::Retry { message }).await;
        assert!(!bea.looks_at(&id).await.unwrap().request, "who speaks accepts");
        ann.hears(&id, "I water").await;
    });
}

#[test]
fn a_declined_group_is_gone_and_says_nothing_but_that() {
    story(async |world| {
        let (ann, bea) = (world.account("ann").await, world.account("bea").await);
        let id = ann.opens_a_group("garden", &[&bea]).await.to_string();
        ann.says("#garden", "buy my things").await;
        bea.hears("#garden", "buy my things").await;
        let said = counts_what_is_said(&bea);
        bea.answers_request("#garden", RequestAnswer::Decline).await;
        assert!(bea.looks_at(&id).await.is_none());
        assert_eq!(said.get(), 1, "the leave alone");
        ann.says("#garden", "anybody?").await;
        world.passes(Duration::from_secs(600)).await;
        assert!(bea.looks_at(&id).await.is_none());
        assert_eq!(ann.names_in("#garden").await, ["ann"]);
        bea.restarts().await;
        bea.has_settled().await;
        assert!(bea.looks_at(&id).await.is_none(), "nor does it come back by itself");
    });
}

/// How much a device has done that others of a conversation may see: what it submits, and what it changes by REST.
pub(crate) fn counts_what_is_said(device: &Device) -> Rc<Cell<u32>> {
    let said = Rc::new(Cell::new(0));
    let counted = Rc::clone(&said);
    device.sent_frames_pass(move |frame| {
        counted.set(counted.get() + u32::from(matches!(frame, ClientFrame::Submit(_))));
        Fate::passes(frame)
    });
    let counted = Rc::clone(&said);
    device.requests_pass(move |request| {
        let changes = request.method != Method::Get && request.path.starts_with("/api/v1/conversations");
        counted.set(counted.get() + u32::from(changes));
        Some(request)
    });
    said
}

async fn has_receipt_of(device: &Device, sent: &Sent, other: &Device) -> bool {
    let account = other.profile().await.account;
    match device.command(Command::Receipts { message: sent.id }).await {
        Reply::Receipts(receipts) => receipts.iter().any(|receipt| receipt.account.account == account),
        reply => panic!("{reply:?}"),
    }
}
