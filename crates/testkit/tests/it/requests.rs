//! Invitations by strangers: until one is accepted nothing is said on a device's behalf.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use huis_proto::frames::ClientFrame;
use huis_testkit::{Device, Fate, story};
use huis_views::{Command, Reply, RequestAnswer, Sent, Target};

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
        world.passes(Duration::from_secs(600)).await;
        assert_eq!(said.get(), 0, "neither that it came nor that it was read");
        assert!(!has_receipt_of(&ann, &sent, &bea).await);

        bea.accepts("#garden").await;
        let sent = ann.says("#garden", "and now?").await;
        ann.until("bea got it", async || has_receipt_of(&ann, &sent, &bea).await).await;
        assert!(said.get() > 0);
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
        let (target, answer) = (Target::Room("garden".into()), RequestAnswer::Decline);
        bea.command(Command::AnswerRequest { target, answer }).await;
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

/// How many messages a device has submitted.
fn counts_what_is_said(device: &Device) -> Rc<Cell<u32>> {
    let said = Rc::new(Cell::new(0));
    let counted = Rc::clone(&said);
    device.sent_frames_pass(move |frame| {
        counted.set(counted.get() + u32::from(matches!(frame, ClientFrame::Submit(_))));
        Fate::passes(frame)
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
