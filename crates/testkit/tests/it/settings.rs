//! What a person sets on one device holds on all of them, and what was read on one is read on all.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use huis_engine::Method;
use huis_proto::frames::ClientFrame;
use huis_testkit::{Device, Fate, World, story};
use huis_views::{
    Command, ConversationView, Failure, LockTrust, Muted, NotificationLevel, Preferences, Reply, Trust, Wish,
};

use crate::{nobody_is_alarmed, two_friends};

async fn view(device: &Device, place: &str) -> ConversationView {
    device.looks_at(place).await.unwrap_or_else(|| panic!("{device:?} knows no {place}"))
}

async fn archives(device: &Device, place: &str) {
    device.command(Command::SetArchived { target: place.parse().unwrap(), archived: true }).await;
}

async fn mutes(device: &Device, place: &str, muted: Muted) {
    let target = place.parse().unwrap();
    device.command(Command::SetNotifications { target, level: None, muted: Some(muted) }).await;
}

async fn calls_for(device: &Device, place: &str, level: NotificationLevel) {
    let target = place.parse().unwrap();
    device.command(Command::SetNotifications { target, level: Some(level), muted: None }).await;
}

async fn keeps_at_the_top(device: &Device, place: &str) {
    device.command(Command::SetFavourite { target: place.parse().unwrap(), favourite: true }).await;
}

/// Reads everything that is in a place.
async fn reads_all(device: &Device, place: &str) {
    let newest = device.messages(place).await.last().unwrap().position;
    device.command(Command::MarkRead { conversation: device.id_of(place).await, up_to: newest }).await;
}

async fn has_read_all(device: &Device, place: &str) {
    device.until(&format!("all is read in {place}"), async || view(device, place).await.unread == 0).await;
}

/// Two friends and a second device of the first one.
async fn friends_and_a_tablet(world: &World) -> (Device, Device, Device) {
    let (ann, bea) = two_friends(world).await;
    bea.says("@ann", "good to hear you").await;
    ann.hears("@bea", "good to hear you").await;
    let tablet = world.another_device_of(&ann).await;
    (ann, tablet, bea)
}

/// Counts how often a device stores the account state.
fn counts_states(device: &Device) -> Rc<Cell<u32>> {
    let stored = Rc::new(Cell::new(0));
    let counted = Rc::clone(&stored);
    device.requests_pass(move |request| {
        let stores = request.method == Method::Put && request.path.ends_with("/account/state");
        counted.set(counted.get() + u32::from(stores));
        Some(request)
    });
    stored
}

/// Counts what a device says, aloud or silently.
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
fn what_is_set_for_a_conversation_holds_on_all_devices() {
    story(async |world| {
        let (ann, tablet, bea) = friends_and_a_tablet(&world).await;
        calls_for(&ann, "@bea", NotificationLevel::Mentions).await;
        mutes(&ann, "@bea", Muted::ForEver).await;
        archives(&ann, "@bea").await;
        keeps_at_the_top(&ann, "@bea").await;
        let wish = Wish { view_once: true, opens_at_ms: Some(7), trust: LockTrust::Drand };
        let draft = Command::SetDraft { conversation: ann.id_of("@bea").await, text: "dear".into(), wish };
        ann.command(draft).await;
        let late = world.another_device_of(&ann).await;
        for other in [&tablet, &late] {
            other.until("it knows what was set", async || view(other, "@bea").await.favourite).await;
            let view = view(other, "@bea").await;
            assert_eq!((view.notifications, view.muted), (NotificationLevel::Mentions, Muted::ForEver));
            assert!(view.archived);
            let nothing = (String::new(), Wish::default());
            assert_eq!((view.draft, view.draft_wish), nothing, "a draft stays on its device");
        }
        ann.restarts().await;
        let kept = view(&ann, "@bea").await;
        assert_eq!((kept.draft.as_str(), kept.draft_wish), ("dear", wish), "what is wished of it comes back with it");
        assert_eq!(view(&bea, "@ann").await.notifications, NotificationLevel::All);
        nobody_is_alarmed(&[&ann, &tablet, &late, &bea]).await;
    });
}

#[test]
fn devices_that_set_different_things_at_once_keep_both_and_the_last_of_the_same() {
    story(async |world| {
        let (ann, tablet, _bea) = friends_and_a_tablet(&world).await;
        ann.goes_offline();
        keeps_at_the_top(&ann, "@bea").await;
        calls_for(&ann, "@bea", NotificationLevel::None).await;
        mutes(&tablet, "@bea", Muted::ForEver).await;
        calls_for(&tablet, "@bea", NotificationLevel::Mentions).await;
        tablet.has_settled().await;
        world.passes(Duration::from_secs(60)).await;
        ann.comes_online();
        for device in [&ann, &tablet] {
            device
                .until("all is set", async || {
                    let view = view(device, "@bea").await;
                    (view.favourite, view.muted, view.notifications) == (true, Muted::ForEver, NotificationLevel::None)
                })
                .await;
        }
    });
}

#[test]
fn favourites_come_first_then_what_was_said_last() {
    story(async |world| {
        let (ann, _bea) = two_friends(&world).await;
        ann.opens_a_group("garden", &[]).await;
        ann.opens_a_group("kitchen", &[]).await;
        for place in ["#garden", "@bea", "#kitchen"] {
            ann.says(place, "something").await;
            world.passes(Duration::from_secs(5)).await;
        }
        keeps_at_the_top(&ann, "#garden").await;
        let Reply::Conversations(views) = ann.command(Command::Conversations).await else { panic!() };
        let names: Vec<&str> = views.iter().map(|view| view.name.as_str()).collect();
        assert_eq!(names, ["#garden", "#kitchen", "@bea"]);
    });
}

#[test]
fn a_message_brings_back_what_was_put_aside_unless_it_is_muted() {
    story(async |world| {
        let (ann, tablet, bea) = friends_and_a_tablet(&world).await;
        tablet.goes_offline();
        bea.says("@ann", "before").await;
        ann.hears("@bea", "before").await;
        archives(&ann, "@bea").await;
        world.passes(Duration::from_secs(60)).await;
        tablet.comes_online();
        tablet.hears("@bea", "before").await;
        tablet.until("it is put aside there too", async || view(&tablet, "@bea").await.archived).await;
        world.passes(Duration::from_secs(60)).await;
        assert!(view(&ann, "@bea").await.archived, "what was said before does not bring it back");

        bea.says("@ann", "behind").await;
        for device in [&ann, &tablet] {
            device.until("it is back", async || !view(device, "@bea").await.archived).await;
        }
        archives(&tablet, "@bea").await;
        mutes(&tablet, "@bea", Muted::ForEver).await;
        for device in [&ann, &tablet] {
            device
                .until("it is aside and quiet", async || {
                    let view = view(device, "@bea").await;
                    view.archived && view.muted == Muted::ForEver
                })
                .await;
        }
        bea.says("@ann", "into the quiet").await;
        for device in [&ann, &tablet] {
            device.hears("@bea", "into the quiet").await;
            assert!(view(device, "@bea").await.archived);
        }
        mutes(&ann, "@bea", Muted::No).await;
        archives(&ann, "@bea").await;
        ann.says("@bea", "my own word").await;
        assert!(!view(&ann, "@bea").await.archived, "one's own word brings it back as well");
    });
}

#[test]
fn a_draft_has_a_bound_and_a_place() {
    story(async |world| {
        let (ann, _bea) = two_friends(&world).await;
        let conversation = ann.id_of("@bea").await;
        let long = Command::SetDraft { conversation, text: "x".repeat(65_537), wish: Wish::default() };
        assert!(matches!(ann.tries(long).await, Err(Failure::Invalid { .. })));
        let nowhere = Command::SetDraft {
            conversation: "00".repeat(16).parse().unwrap(),
            text: "x".into(),
            wish: Wish::default(),
        };
        assert!(matches!(ann.tries(nowhere).await, Err(Failure::Unknown { .. })));
    });
}

#[test]
fn what_is_read_in_an_open_room_is_read_on_all_devices_and_nobody_else_is_told() {
    story(async |world| {
        let (ann, tablet, bea) = friends_and_a_tablet(&world).await;
        for device in [&ann, &bea] {
            device.joins_room("lobby").await;
        }
        tablet.is_in("#lobby").await;
        // The tablet has seen more than the other device, so that positions are not the same.
        let other = world.another_device_of(&bea).await;
        other.is_in("#lobby").await;
        tablet.says("@bea", "from the tablet").await;
        ann.hears("@bea", "from the tablet").await;
        ann.says("#lobby", "who is there?").await;
        bea.says("#lobby", "me").await;
        other.says("#lobby", "me again").await;
        for device in [&ann, &tablet] {
            device.hears("#lobby", "me again").await;
        }
        assert_ne!(
            ann.messages("#lobby").await.last().unwrap().position,
            tablet.messages("#lobby").await.last().unwrap().position
        );
        assert_eq!(view(&tablet, "#lobby").await.unread, 2);
        let said = counts_what_is_said(&ann);
        reads_all(&ann, "#lobby").await;
        has_read_all(&tablet, "#lobby").await;
        assert_eq!(said.get(), 0);

        // What is read before it comes is read when it comes.
        world.passes(Duration::from_secs(120)).await;
        tablet.goes_offline();
        bea.says("#lobby", "while the tablet is off").await;
        ann.hears("#lobby", "while the tablet is off").await;
        reads_all(&ann, "#lobby").await;
        ann.restarts_in_order().await;
        tablet.comes_online();
        tablet.hears("#lobby", "while the tablet is off").await;
        has_read_all(&tablet, "#lobby").await;
        bea.says("#lobby", "and this is not read").await;
        tablet.hears("#lobby", "and this is not read").await;
        assert_eq!(view(&tablet, "#lobby").await.unread, 1);
    });
}

#[test]
fn ones_own_word_that_waited_makes_nothing_read_that_came_before_it() {
    story(async |world| {
        let (ann, tablet, bea) = friends_and_a_tablet(&world).await;
        for device in [&ann, &bea] {
            device.joins_room("lobby").await;
        }
        tablet.is_in("#lobby").await;
        bea.says("#lobby", "one").await;
        ann.hears("#lobby", "one").await;
        ann.goes_offline();
        ann.writes("#lobby", "mine").await;
        bea.says("#lobby", "two").await;
        ann.comes_online();
        ann.hears("#lobby", "two").await;
        tablet.hears("#lobby", "mine").await;
        assert_eq!(ann.texts("#lobby").await, ["one", "mine", "two"]);
        assert_eq!(tablet.texts("#lobby").await, ["one", "two", "mine"]);
        let up_to = ann.messages("#lobby").await[1].position;
        ann.command(Command::MarkRead { conversation: ann.id_of("#lobby").await, up_to }).await;
        world.passes(Duration::from_secs(180)).await;
        assert_eq!(view(&ann, "#lobby").await.unread, 1);
        assert_eq!(view(&tablet, "#lobby").await.unread, 1);
    });
}

#[test]
fn that_a_request_is_read_is_told_to_nobody() {
    story(async |world| {
        let (ann, bea) = (world.account("ann").await, world.account("bea").await);
        ann.says("@bea", "who are you?").await;
        bea.hears("@ann", "who are you?").await;
        world.passes(Duration::from_secs(300)).await;
        let stored = counts_states(&bea);
        reads_all(&bea, "@ann").await;
        world.passes(Duration::from_secs(300)).await;
        assert_eq!((view(&bea, "@ann").await.unread, stored.get()), (0, 0));
    });
}

#[test]
fn a_device_that_was_read_on_and_stops_at_once_has_told_the_others() {
    story(async |world| {
        let (ann, tablet, bea) = friends_and_a_tablet(&world).await;
        for device in [&ann, &bea] {
            device.joins_room("lobby").await;
        }
        tablet.is_in("#lobby").await;
        for text in ["one", "two"] {
            bea.says("#lobby", text).await;
            ann.hears("#lobby", text).await;
            reads_all(&ann, "#lobby").await;
        }
        ann.stops().await;
        tablet.hears("#lobby", "two").await;
        has_read_all(&tablet, "#lobby").await;
    });
}

#[test]
fn what_is_read_is_told_once_a_minute_at_most() {
    story(async |world| {
        let (ann, tablet, bea) = friends_and_a_tablet(&world).await;
        for device in [&ann, &bea] {
            device.joins_room("lobby").await;
        }
        tablet.is_in("#lobby").await;
        world.passes(Duration::from_secs(900)).await;
        let stored = counts_states(&ann);
        for number in 0..30 {
            let text = format!("number {number}");
            bea.says("#lobby", &text).await;
            ann.hears("#lobby", &text).await;
            reads_all(&ann, "#lobby").await;
            world.passes(Duration::from_secs(4)).await;
        }
        has_read_all(&tablet, "#lobby").await;
        // Two minutes of reading: at its beginning, after one minute, after two, and what was read at last.
        assert!((2..=4).contains(&stored.get()), "{}", stored.get());
    });
}

#[test]
fn in_small_groups_ones_own_receipts_tell_ones_own_devices() {
    story(async |world| {
        let (ann, tablet, bea) = friends_and_a_tablet(&world).await;
        has_read_all_after(&ann, &tablet, &bea, "first").await;
        world.passes(Duration::from_secs(120)).await;
        let stored = counts_states(&ann);
        has_read_all_after(&ann, &tablet, &bea, "second").await;
        assert_eq!(stored.get(), 0);
    });
}

async fn has_read_all_after(ann: &Device, tablet: &Device, bea: &Device, text: &str) {
    bea.says("@ann", text).await;
    for device in [ann, tablet] {
        device.hears("@bea", text).await;
    }
    assert_ne!(view(tablet, "@bea").await.unread, 0);
    reads_all(ann, "@bea").await;
    has_read_all(tablet, "@bea").await;
}

#[test]
fn who_sends_no_read_receipts_tells_ones_own_devices_alone() {
    story(async |world| {
        let (ann, tablet, bea) = friends_and_a_tablet(&world).await;
        ann.command(Command::SetPreferences(Preferences { read_receipts: false, presence: true })).await;
        tablet.until("it prefers the same", async || !preferences(&tablet).await.read_receipts).await;
        let sent = bea.says("@ann", "did you read this?").await;
        for device in [&ann, &tablet] {
            device.hears("@bea", "did you read this?").await;
        }
        reads_all(&ann, "@bea").await;
        has_read_all(&tablet, "@bea").await;
        world.passes(Duration::from_secs(300)).await;
        let Reply::Receipts(receipts) = bea.command(Command::Receipts { message: sent.id }).await else { panic!() };
        assert!(!receipts.is_empty() && receipts.iter().all(|receipt| !receipt.read), "{receipts:?}");
    });
}

#[test]
fn a_read_receipt_that_waits_is_not_sent_once_none_are_wanted() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let sent = bea.says("@ann", "did you read this?").await;
        ann.hears("@bea", "did you read this?").await;
        world.passes(Duration::from_secs(30)).await;
        ann.goes_offline();
        reads_all(&ann, "@bea").await;
        world.passes(Duration::from_secs(30)).await;
        ann.command(Command::SetPreferences(Preferences { read_receipts: false, presence: true })).await;
        ann.comes_online();
        ann.has_settled().await;
        world.passes(Duration::from_secs(300)).await;
        let Reply::Receipts(receipts) = bea.command(Command::Receipts { message: sent.id }).await else { panic!() };
        assert!(receipts.iter().all(|receipt| !receipt.read), "{receipts:?}");
    });
}

#[test]
fn a_conversation_is_trusted_once_all_others_are_verified() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let cem = world.account("cem").await;
        ann.opens_a_group("garden", &[&bea, &cem]).await;
        let marks = async |name: &str| {
            ann.command(Command::SetVerified { name: name.into(), verified: true, safety_number: None }).await;
        };
        assert_eq!(view(&ann, "#garden").await.trust, Trust::NotYet);
        marks("bea").await;
        assert_eq!(view(&ann, "@bea").await.trust, Trust::Verified);
        assert_eq!(view(&ann, "#garden").await.trust, Trust::NotYet);
        marks("cem").await;
        assert_eq!(view(&ann, "#garden").await.trust, Trust::Verified);
    });
}

pub(crate) async fn preferences(device: &Device) -> Preferences {
    match device.command(Command::Preferences).await {
        Reply::Preferences(preferences) => preferences,
        other => panic!("{other:?}"),
    }
}
