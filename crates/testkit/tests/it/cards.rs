//! What people show of themselves, and to whom.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use huis_proto::Bytes;
use huis_proto::frames::ClientFrame;
use huis_testkit::{Device, Fate, story};
use huis_views::{CardView, Command, ContactView, Failure, Reply, SetCard};

use crate::presence::{attends, comes_to_see, notes_signs, writes_in};
use crate::{nobody_is_alarmed, two_friends};

const PNG: &[u8] = b"\x89PNG\r\n\x1a\nnot much of a picture";

async fn is_called(device: &Device, name: &str) {
    device.command(Command::SetCard(SetCard { name: Some(name.into()), ..SetCard::default() })).await;
}

async fn contact(device: &Device, other: &Device) -> ContactView {
    match device.command(Command::Contact { name: other.name().into() }).await {
        Reply::Contact(view) => *view,
        reply => panic!("{reply:?}"),
    }
}

async fn own_card(device: &Device) -> CardView {
    match device.command(Command::Card).await {
        Reply::Card(card) => *card,
        reply => panic!("{reply:?}"),
    }
}

async fn knows(device: &Device, other: &Device, name: &str) {
    device
        .until(&format!("it knows {other:?} as {name}"), async || {
            contact(device, other).await.card.name.as_deref() == Some(name)
        })
        .await;
}

fn counts_what_is_said(device: &Device) -> Rc<Cell<u32>> {
    let said = Rc::new(Cell::new(0));
    let counted = Rc::clone(&said);
    device.sent_frames_pass(move |frame| {
        counted.set(counted.get() + u32::from(matches!(frame, ClientFrame::Submit(_))));
        Fate::passes(frame)
    });
    said
}

#[test]
fn a_card_comes_with_the_next_message_once_and_is_no_message_itself() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        bea.says("@ann", "hello").await;
        ann.hears("@bea", "hello").await;
        world.passes(Duration::from_secs(60)).await;
        let said = counts_what_is_said(&ann);
        let picture = Some(Bytes(PNG.to_vec()));
        let wish = SetCard { name: Some("Ann of the Garden".into()), about: Some("I dig".into()), picture };
        ann.command(Command::SetCard(wish)).await;
        world.passes(Duration::from_secs(600)).await;
        assert_eq!(said.get(), 0, "nothing is said for the card's sake alone");

        ann.says("@bea", "how do you do?").await;
        knows(&bea, &ann, "Ann of the Garden").await;
        bea.reads_exactly("@ann", &["hello", "hello", "how do you do?"]).await;
        let shown = contact(&bea, &ann).await;
        let picture = Some(Bytes(PNG.to_vec()));
        let name = Some("Ann of the Garden".to_owned());
        assert_eq!(shown.card, CardView { name: name.clone(), about: Some("I dig".into()), picture });
        assert_eq!(shown.account.card_name, name);
        let newest = bea.messages("@ann").await.pop().unwrap();
        assert_eq!((newest.from.name.as_deref(), newest.from.card_name), (Some("ann"), name));
        let view = bea.looks_at("@ann").await.unwrap();
        assert_eq!((view.name.as_str(), view.unread), ("@ann", 2), "the username names it, and a card is not unread");
        let Reply::Messages(unprinted) = bea.command(Command::Unprinted { most: 9 }).await else { panic!() };
        assert_eq!(unprinted.len(), 2);
        assert_eq!(said.get(), 2, "the card and the message");
        ann.says("@bea", "well, I hope").await;
        assert_eq!(said.get(), 3, "the card is not sent again");
        nobody_is_alarmed(&[&ann, &bea]).await;
    });
}

#[test]
fn neither_strangers_nor_open_rooms_are_shown_a_card() {
    story(async |world| {
        let (ann, bea) = (world.account("ann").await, world.account("bea").await);
        is_called(&ann, "Ann of the Garden").await;
        is_called(&bea, "Bea by the Sea").await;
        for device in [&ann, &bea] {
            device.joins_room("lobby").await;
        }
        ann.says("#lobby", "good morning").await;
        bea.hears("#lobby", "good morning").await;
        ann.says("@bea", "you don't know me").await;
        bea.hears("@ann", "you don't know me").await;
        assert_eq!(contact(&bea, &ann).await.card, CardView::default());
        // Whoever answers knows whom.
        bea.says("@ann", "but I would like to").await;
        knows(&ann, &bea, "Bea by the Sea").await;
        ann.says("@bea", "then that is who I am").await;
        knows(&bea, &ann, "Ann of the Garden").await;
    });
}

#[test]
fn whom_another_own_device_wrote_to_is_shown_and_told_nothing_before_it_answers() {
    story(async |world| {
        let (ann, bea) = (world.account("ann").await, world.account("bea").await);
        is_called(&ann, "Ann of the Garden").await;
        let tablet = world.another_device_of(&ann).await;
        assert_eq!(own_card(&tablet).await.name.as_deref(), Some("Ann of the Garden"));
        ann.says("@bea", "you don't know me").await;
        tablet.is_in("@bea").await;
        let signs = notes_signs(&tablet);
        for _ in 0..3 {
            attends(&tablet).await;
            writes_in(&tablet, "@bea").await;
            world.passes(Duration::from_secs(50)).await;
        }
        tablet.says("@bea", "nor my tablet").await;
        bea.hears("@ann", "nor my tablet").await;
        assert_eq!(*signs.borrow(), []);
        assert_eq!(contact(&bea, &ann).await.card, CardView::default());

        bea.accepts("@ann").await;
        bea.says("@ann", "but I would like to").await;
        tablet.hears("@bea", "but I would like to").await;
        tablet.says("@bea", "then that is who I am").await;
        knows(&bea, &ann, "Ann of the Garden").await;
        attends(&tablet).await;
        comes_to_see(&bea, "@ann", &ann).await;
    });
}

#[test]
fn who_was_out_shows_it_to_those_who_came_in_meanwhile() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let cem = world.account("cem").await;
        is_called(&ann, "Ann of the Garden").await;
        bea.opens_a_group("garden", &[&ann]).await;
        ann.is_in("#garden").await;
        ann.says("#garden", "among us").await;
        knows(&bea, &ann, "Ann of the Garden").await;
        bea.removes("#garden", &[&ann]).await;
        ann.is_out_of("#garden").await;
        bea.invites("#garden", &[&cem]).await;
        bea.invites("#garden", &[&ann]).await;
        ann.is_in("#garden").await;
        ann.says("#garden", "back again").await;
        cem.hears("#garden", "back again").await;
        knows(&cem, &ann, "Ann of the Garden").await;
    });
}

#[test]
fn a_card_that_was_made_while_the_clock_was_ahead_is_shown_and_so_is_the_next_one() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        bea.says("@ann", "hello").await;
        ann.hears("@bea", "hello").await;
        ann.clock_is_wrong_by_ms(3 * 24 * 3_600_000);
        is_called(&ann, "Ann of the Garden").await;
        ann.clock_is_wrong_by_ms(0);
        ann.says("@bea", "early").await;
        knows(&bea, &ann, "Ann of the Garden").await;
        world.passes(Duration::from_secs(1)).await;
        is_called(&ann, "Ann of the Attic").await;
        ann.says("@bea", "and up here").await;
        knows(&bea, &ann, "Ann of the Attic").await;
    });
}

#[test]
fn a_card_does_not_go_out_alone_when_its_message_is_discarded() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        bea.says("@ann", "hello").await;
        ann.hears("@bea", "hello").await;
        world.passes(Duration::from_secs(60)).await;
        let said = counts_what_is_said(&ann);
        is_called(&ann, "Ann of the Garden").await;
        ann.goes_offline();
        world.passes(Duration::from_secs(60)).await;
        let sent = ann.writes("@bea", "on second thoughts").await;
        ann.command(Command::Discard { message: sent.id }).await;
        ann.comes_online();
        ann.has_settled().await;
        assert_eq!(said.get(), 0);
        ann.says("@bea", "good morning").await;
        knows(&bea, &ann, "Ann of the Garden").await;
        assert_eq!(said.get(), 2, "the card and the message");
    });
}

#[test]
fn who_comes_in_later_is_shown_it_with_the_next_message() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let cem = world.account("cem").await;
        is_called(&ann, "Ann of the Garden").await;
        ann.opens_a_group("garden", &[&bea]).await;
        ann.says("#garden", "among us").await;
        knows(&bea, &ann, "Ann of the Garden").await;
        ann.invites("#garden", &[&cem]).await;
        ann.says("#garden", "welcome").await;
        cem.hears("#garden", "welcome").await;
        knows(&cem, &ann, "Ann of the Garden").await;
        // So is a further device of somebody who is there.
        let tablet = world.another_device_of(&bea).await;
        tablet.is_in("#garden").await;
        ann.hears("#garden", "welcome").await;
        ann.agrees_with(&[&tablet], "#garden").await;
        ann.says("#garden", "on all devices").await;
        tablet.hears("#garden", "on all devices").await;
        knows(&tablet, &ann, "Ann of the Garden").await;
    });
}

#[test]
fn all_devices_of_an_account_show_the_same_card_and_the_newest_one_counts() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        bea.says("@ann", "hello").await;
        ann.hears("@bea", "hello").await;
        is_called(&ann, "Ann of the Garden").await;
        let tablet = world.another_device_of(&ann).await;
        assert_eq!(own_card(&tablet).await.name.as_deref(), Some("Ann of the Garden"));
        ann.goes_offline();
        is_called(&ann, "Ann of the Kitchen").await;
        world.passes(Duration::from_secs(5)).await;
        is_called(&tablet, "Ann of the Attic").await;
        tablet.says("@bea", "up here").await;
        knows(&bea, &ann, "Ann of the Attic").await;
        ann.comes_online();
        ann.until("it shows the newest", async || own_card(&ann).await.name.as_deref() == Some("Ann of the Attic"))
            .await;
        ann.says("@bea", "down here").await;
        bea.hears("@ann", "down here").await;
        assert_eq!(contact(&bea, &ann).await.card.name.as_deref(), Some("Ann of the Attic"));
        // What is set behind it counts, whatever a clock says.
        ann.clock_is_wrong_by_ms(-30_000);
        is_called(&ann, "Ann").await;
        ann.says("@bea", "just Ann").await;
        knows(&bea, &ann, "Ann").await;
        tablet.until("it is just Ann there too", async || own_card(&tablet).await.name.as_deref() == Some("Ann")).await;
    });
}

#[test]
fn of_a_blocked_account_no_card_is_taken() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        ann.opens_a_group("garden", &[&bea]).await;
        ann.says("#garden", "come in").await;
        bea.hears("#garden", "come in").await;
        bea.command(Command::Block { name: "ann".into() }).await;
        is_called(&ann, "Somebody Else").await;
        ann.says("#garden", "do you see me?").await;
        world.passes(Duration::from_secs(60)).await;
        assert_eq!(contact(&bea, &ann).await.card, CardView::default());
    });
}

#[test]
fn a_card_that_breaks_the_rules_is_not_set_and_an_empty_part_is_taken_away() {
    story(async |world| {
        let ann = world.account("ann").await;
        let picture = |bytes: &[u8]| SetCard { picture: Some(Bytes(bytes.to_vec())), ..SetCard::default() };
        let name = |name: &str| SetCard { name: Some(name.into()), ..SetCard::default() };
        let large = [PNG, &[0; 32 * 1024]].concat();
        for wish in [name("a\nb"), name("\u{202e}nna"), name(&"x".repeat(257)), picture(b"GIF89a"), picture(&large)] {
            let refused = ann.tries(Command::SetCard(wish)).await;
            assert!(matches!(refused, Err(Failure::Invalid { .. })), "{refused:?}");
        }
        assert_eq!(own_card(&ann).await, CardView::default());
        ann.command(Command::SetCard(name(" Ann "))).await;
        ann.command(Command::SetCard(picture(PNG))).await;
        assert_eq!(own_card(&ann).await.name.as_deref(), Some("Ann"), "what is not named stays");
        ann.command(Command::SetCard(SetCard { name: Some(String::new()), ..picture(b"") })).await;
        assert_eq!(own_card(&ann).await, CardView::default());
    });
}
