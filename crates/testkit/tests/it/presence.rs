//! Who is there and who is writing, as far as people let each other know; and what is no sign of it.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use huis_proto::frames::{ClientFrame, ServerFrame};
use huis_proto::{ConversationId, Member};
use huis_testkit::{Device, Fate, World, story};
use huis_views::{Command, Preferences, Reply};

use crate::{nobody_is_alarmed, two_friends};

pub(crate) async fn attends(device: &Device) {
    device.command(Command::Attend).await;
}

pub(crate) async fn writes_in(device: &Device, place: &str) {
    device.command(Command::Typing { conversation: device.id_of(place).await }).await;
}

async fn sees(device: &Device, place: &str, other: &Device) -> bool {
    let account = other.profile().await.account;
    device.looks_at(place).await.is_some_and(|view| view.here.contains(&account))
}

async fn sees_writing(device: &Device, place: &str, other: &Device) -> bool {
    let account = other.profile().await.account;
    device.looks_at(place).await.is_some_and(|view| view.typing.iter().any(|named| named.account == account))
}

pub(crate) async fn comes_to_see(device: &Device, place: &str, other: &Device) {
    device.until(&format!("it sees {other:?}"), async || sees(device, place, other).await).await;
}

/// Whether somebody is there in any conversation.
async fn is_here(device: &Device, other: &Device) -> bool {
    match device.command(Command::Contact { name: other.name().into() }).await {
        Reply::Contact(contact) => contact.here,
        reply => panic!("{reply:?}"),
    }
}

async fn lets_others_know(device: &Device, presence: bool) {
    device.command(Command::SetPreferences(Preferences { read_receipts: true, presence })).await;
}

/// Two friends who have both spoken.
async fn two_who_talk(world: &World) -> (Device, Device) {
    let (ann, bea) = two_friends(world).await;
    bea.says("@ann", "hello to you").await;
    ann.hears("@bea", "hello to you").await;
    (ann, bea)
}

/// Where a device sends signs of presence to.
pub(crate) fn notes_signs(device: &Device) -> Rc<RefCell<Vec<ConversationId>>> {
    let noted: Rc<RefCell<Vec<ConversationId>>> = Rc::default();
    let notes = Rc::clone(&noted);
    device.sent_frames_pass(move |frame| {
        if let ClientFrame::Ephemeral { conversation, .. } = &frame {
            notes.borrow_mut().push(*conversation);
        }
        Fate::passes(frame)
    });
    noted
}

#[test]
fn who_is_there_is_seen_and_who_stops_is_gone_at_once() {
    story(async |world| {
        let (ann, bea) = two_who_talk(&world).await;
        assert!(!sees(&bea, "@ann", &ann).await);
        attends(&ann).await;
        comes_to_see(&bea, "@ann", &ann).await;
        assert!(is_here(&bea, &ann).await);
        let members = bea.members("@ann").await;
        let here: Vec<_> = members.iter().filter(|member| member.here).map(|member| member.account.account).collect();
        assert_eq!(here, [ann.profile().await.account]);
        assert!(!sees(&ann, "@bea", &bea).await, "nobody is at the other device");
        let began = tokio::time::Instant::now();
        ann.stops().await;
        bea.until("ann is gone", async || bea.looks_at("@ann").await.unwrap().here.is_empty()).await;
        assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
        nobody_is_alarmed(&[&bea]).await;
    });
}

#[test]
fn whoever_stays_is_seen_and_whoever_vanishes_is_gone_after_a_while() {
    story(async |world| {
        let (ann, bea) = two_who_talk(&world).await;
        let account = ann.profile().await.account;
        let here = async || bea.looks_at("@ann").await.unwrap().here.contains(&account);
        for _ in 0..8 {
            attends(&ann).await;
            world.passes(Duration::from_secs(55)).await;
            assert!(here().await);
        }
        ann.crashes().await;
        let began = tokio::time::Instant::now();
        bea.until("ann is gone", async || !here().await).await;
        assert!((50..=101).contains(&began.elapsed().as_secs()), "{:?}", began.elapsed());

        // A device at which nobody sits any more says so.
        ann.start();
        ann.is_connected().await;
        attends(&ann).await;
        comes_to_see(&bea, "@ann", &ann).await;
        let began = tokio::time::Instant::now();
        bea.until("ann is gone", async || !here().await).await;
        assert!(began.elapsed() <= Duration::from_secs(75), "{:?}", began.elapsed());
    });
}

#[test]
fn who_writes_is_seen_writing_until_it_is_said_or_given_up() {
    story(async |world| {
        let (ann, bea) = two_who_talk(&world).await;
        let signs = notes_signs(&ann);
        writes_in(&ann, "@bea").await;
        bea.until("ann writes", async || sees_writing(&bea, "@ann", &ann).await).await;
        world.passes(Duration::from_secs(5)).await;
        assert!(sees_writing(&bea, "@ann", &ann).await);
        world.passes(Duration::from_secs(1)).await;
        assert!(!sees_writing(&bea, "@ann", &ann).await, "given up");

        for _ in 0..80 {
            writes_in(&ann, "@bea").await;
            world.passes(Duration::from_millis(100)).await;
        }
        assert!(sees_writing(&bea, "@ann", &ann).await);
        assert_eq!(signs.borrow().len(), 3, "one before, and two in eight seconds");
        ann.says("@bea", "that is it").await;
        bea.hears("@ann", "that is it").await;
        assert!(!sees_writing(&bea, "@ann", &ann).await, "said");
    });
}

#[test]
fn a_face_is_told_when_it_begins_and_when_it_is_over() {
    story(async |world| {
        let (ann, bea) = two_who_talk(&world).await;
        let handle = bea.handle();
        let mut events = handle.subscribe();
        writes_in(&ann, "@bea").await;
        for expected in [true, false] {
            let told = async { while !matches!(events.next().await, huis_views::Event::Presence { .. }) {} };
            tokio::time::timeout(Duration::from_secs(10), told).await.unwrap();
            assert_eq!(sees_writing(&bea, "@ann", &ann).await, expected);
        }
        drop(world);
    });
}

#[test]
fn nothing_leaves_a_device_before_a_request_is_accepted() {
    story(async |world| {
        let (ann, bea) = (world.account("ann").await, world.account("bea").await);
        let (of_ann, of_bea) = (notes_signs(&ann), notes_signs(&bea));
        ann.says("@bea", "who are you?").await;
        bea.hears("@ann", "who are you?").await;
        let group = ann.opens_a_group("garden", &[&bea]).await;
        ann.says("#garden", "come in").await;
        bea.hears("#garden", "come in").await;
        for _ in 0..4 {
            for device in [&ann, &bea] {
                attends(device).await;
            }
            writes_in(&bea, "@ann").await;
            writes_in(&bea, "#garden").await;
            writes_in(&ann, "@bea").await;
            world.passes(Duration::from_secs(40)).await;
        }
        assert_eq!(*of_bea.borrow(), []);
        assert!(of_ann.borrow().iter().all(|told| *told == group), "who has not answered is told nothing");
        assert!(!sees(&bea, "#garden", &ann).await, "nor is anything shown of who was not accepted");

        bea.accepts("@ann").await;
        bea.says("@ann", "let us talk").await;
        ann.hears("@bea", "let us talk").await;
        attends(&ann).await;
        attends(&bea).await;
        comes_to_see(&ann, "@bea", &bea).await;
        comes_to_see(&bea, "@ann", &ann).await;
        assert!(!sees(&bea, "#garden", &ann).await);
    });
}

#[test]
fn who_lets_nobody_know_sees_nothing_of_others_on_any_device() {
    story(async |world| {
        let (ann, bea) = two_who_talk(&world).await;
        let tablet = world.another_device_of(&ann).await;
        attends(&tablet).await;
        attends(&bea).await;
        comes_to_see(&bea, "@ann", &ann).await;
        comes_to_see(&tablet, "@bea", &bea).await;
        lets_others_know(&ann, false).await;
        bea.until("ann is gone", async || !sees(&bea, "@ann", &ann).await).await;
        tablet.until("it sees nobody", async || !sees(&tablet, "@bea", &bea).await).await;
        let (of_ann, of_tablet) = (notes_signs(&ann), notes_signs(&tablet));
        for _ in 0..4 {
            for device in [&ann, &tablet, &bea] {
                attends(device).await;
                writes_in(device, if device.name() == "bea" { "@ann" } else { "@bea" }).await;
            }
            world.passes(Duration::from_secs(2)).await;
            for device in [&ann, &tablet] {
                assert!(!sees(device, "@bea", &bea).await && !sees_writing(device, "@bea", &bea).await);
            }
            world.passes(Duration::from_secs(40)).await;
        }
        assert_eq!((of_ann.borrow().len(), of_tablet.borrow().len()), (0, 0));
        lets_others_know(&ann, true).await;
        attends(&ann).await;
        comes_to_see(&bea, "@ann", &ann).await;
        attends(&bea).await;
        comes_to_see(&ann, "@bea", &bea).await;
    });
}

#[test]
fn a_blocked_account_is_told_nothing_and_not_seen() {
    story(async |world| {
        let (ann, bea) = two_who_talk(&world).await;
        let id = bea.id_of("@ann").await;
        attends(&ann).await;
        comes_to_see(&bea, "@ann", &ann).await;
        bea.command(Command::Block { name: "ann".into() }).await;
        assert!(!sees(&bea, "@ann", &ann).await);
        let of_bea = notes_signs(&bea);
        attends(&bea).await;
        writes_in(&bea, "@ann").await;
        attends(&ann).await;
        world.passes(Duration::from_secs(60)).await;
        assert!(!of_bea.borrow().contains(&id));
        assert!(!sees(&bea, "@ann", &ann).await && !sees(&ann, "@bea", &bea).await);
    });
}

#[test]
fn whom_one_is_about_to_leave_is_told_nothing() {
    story(async |world| {
        let (ann, bea) = two_who_talk(&world).await;
        let garden = bea.opens_a_group("garden", &[&ann]).await;
        ann.is_in("#garden").await;
        let direct = ann.id_of("@bea").await;
        ann.has_settled().await;
        let noted: Rc<RefCell<Vec<ConversationId>>> = Rc::default();
        let notes = Rc::clone(&noted);
        ann.sent_frames_pass(move |frame| match &frame {
            // The leave does not get through.
            ClientFrame::Submit(_) => Fate::Becomes(vec![]),
            ClientFrame::Ephemeral { conversation, .. } => {
                notes.borrow_mut().push(*conversation);
                Fate::passes(frame)
            }
            _ => Fate::passes(frame),
        });
        tokio::select! {
            biased;
            () = ann.leaves("#garden") => panic!("it has left"),
            () = async {
                attends(&ann).await;
                world.passes(Duration::from_secs(20)).await;
            } => {}
        }
        assert!(noted.borrow().contains(&direct));
        assert!(!noted.borrow().contains(&garden));
    });
}

#[test]
fn who_was_removed_is_neither_told_nor_seen() {
    story(async |world| {
        let (ann, bea) = two_who_talk(&world).await;
        let cem = world.account("cem").await;
        ann.opens_a_group("garden", &[&bea, &cem]).await;
        bea.is_in("#garden").await;
        cem.accepts("#garden").await;
        attends(&cem).await;
        comes_to_see(&bea, "#garden", &cem).await;
        assert!(is_here(&bea, &cem).await);
        let held = holds_signs(&bea);
        attends(&cem).await;
        world.passes(Duration::from_secs(51)).await;
        assert!(is_here(&bea, &cem).await);
        ann.removes("#garden", &[&cem]).await;
        bea.until("cem is out", async || bea.names_in("#garden").await == ["ann", "bea"]).await;
        assert!(!is_here(&bea, &cem).await);
        let last = held.borrow().last().cloned().unwrap();
        plays(&world, &bea, last).await;
        assert!(!is_here(&bea, &cem).await);
        let of_cem = notes_signs(&cem);
        attends(&cem).await;
        world.passes(Duration::from_secs(30)).await;
        assert_eq!(*of_cem.borrow(), []);
    });
}

/// Keeps the signs that a device gets, and lets them pass.
fn keeps_signs(device: &Device) -> Rc<RefCell<Vec<ServerFrame>>> {
    let kept: Rc<RefCell<Vec<ServerFrame>>> = Rc::default();
    let keeps = Rc::clone(&kept);
    device.received_frames_pass(move |frame| {
        if matches!(frame, ServerFrame::Ephemeral { .. }) {
            keeps.borrow_mut().push(frame.clone());
        }
        Fate::passes(frame)
    });
    kept
}

/// Keeps the signs that a device is to get, and lets none pass.
fn holds_signs(device: &Device) -> Rc<RefCell<Vec<ServerFrame>>> {
    let kept: Rc<RefCell<Vec<ServerFrame>>> = Rc::default();
    let keeps = Rc::clone(&kept);
    device.received_frames_pass(move |frame| match frame {
        ServerFrame::Ephemeral { .. } => {
            keeps.borrow_mut().push(frame);
            Fate::Becomes(vec![])
        }
        other => Fate::passes(other),
    });
    kept
}

fn is_sign_in(frame: &ServerFrame, id: ConversationId) -> bool {
    matches!(frame, ServerFrame::Ephemeral { conversation, .. } if *conversation == id)
}

/// The server slips a frame in, beside the next one.
async fn plays(world: &World, device: &Device, frame: ServerFrame) {
    let played = Rc::new(Cell::new(false));
    let done = Rc::clone(&played);
    device.received_frames_pass(move |other| match done.replace(true) {
        false => Fate::Becomes(vec![other, frame.clone()]),
        true => Fate::passes(other),
    });
    // There is an answer to a heartbeat at least.
    world.passes(Duration::from_secs(26)).await;
    device.until("the frame was played", async || played.get()).await;
}

/// What the server makes of a sign.
fn changed(frame: &ServerFrame, to: Option<ConversationId>, by: Option<Member>) -> ServerFrame {
    let ServerFrame::Ephemeral { conversation, from, payload } = frame.clone() else { panic!("{frame:?}") };
    ServerFrame::Ephemeral { conversation: to.unwrap_or(conversation), from: by.unwrap_or(from), payload }
}

#[test]
fn a_server_that_repeats_keeps_or_moves_a_sign_is_not_believed() {
    story(async |world| {
        let (ann, bea) = two_who_talk(&world).await;
        let cem = world.account("cem").await;
        let garden = ann.opens_a_group("garden", &[&bea, &cem]).await;
        bea.is_in("#garden").await;
        ann.has_settled().await;
        let direct = bea.id_of("@ann").await;
        let account = ann.profile().await.account;
        let kept = keeps_signs(&bea);
        attends(&ann).await;
        comes_to_see(&bea, "@ann", &ann).await;
        let of_ann = kept.borrow().iter().find(|frame| is_sign_in(frame, direct)).unwrap().clone();
        ann.stops().await;
        let nobody = async |what: &str| {
            for place in ["@ann", "#garden"] {
                assert_eq!(bea.looks_at(place).await.unwrap().here, [], "{what} in {place}");
            }
        };
        bea.until("ann is gone", async || bea.looks_at("@ann").await.unwrap().here.is_empty()).await;
        bea.until("here too", async || bea.looks_at("#garden").await.unwrap().here.is_empty()).await;
        plays(&world, &bea, of_ann).await;
        nobody("repeated").await;

        // What did not come yet, so that nothing but its origin speaks against it.
        let held = holds_signs(&bea);
        ann.start();
        ann.is_connected().await;
        attends(&ann).await;
        bea.until("signs are held", async || held.borrow().len() >= 2).await;
        ann.crashes().await;
        let first = |id| held.borrow().iter().find(|frame| is_sign_in(frame, id)).unwrap().clone();
        let (here, in_garden) = (first(direct), first(garden));
        let cem = cem.member().await;
        plays(&world, &bea, changed(&here, Some(garden), None)).await;
        nobody("moved").await;
        plays(&world, &bea, changed(&in_garden, None, Some(cem))).await;
        nobody("as another's").await;
        plays(&world, &bea, changed(&here, Some(garden), Some(cem))).await;
        nobody("as another's, moved").await;
        plays(&world, &bea, in_garden).await;
        assert_eq!(bea.looks_at("#garden").await.unwrap().here, [account], "as it was sent, it is believed");
        nobody_is_alarmed(&[&bea]).await;
    });
}

#[test]
fn a_sign_that_the_server_kept_for_minutes_is_too_old() {
    story(async |world| {
        let (ann, bea) = two_who_talk(&world).await;
        let kept = holds_signs(&bea);
        writes_in(&ann, "@bea").await;
        attends(&ann).await;
        world.passes(Duration::from_secs(10)).await;
        let here = kept.borrow().last().unwrap().clone();
        ann.stops().await;
        bea.nobody_meddles();
        world.passes(Duration::from_secs(90)).await;
        assert!(bea.looks_at("@ann").await.unwrap().here.is_empty());
        world.passes(Duration::from_secs(30)).await;
        plays(&world, &bea, here).await;
        assert!(bea.looks_at("@ann").await.unwrap().here.is_empty());
    });
}

#[test]
fn a_sign_of_an_earlier_epoch_is_dropped() {
    story(async |world| {
        let (ann, bea) = two_who_talk(&world).await;
        let cem = world.account("cem").await;
        ann.opens_a_group("garden", &[&bea]).await;
        bea.is_in("#garden").await;
        let garden = bea.id_of("#garden").await;
        let kept = holds_signs(&bea);
        attends(&ann).await;
        world.passes(Duration::from_secs(1)).await;
        let is_there = |frame: &ServerFrame| matches!(frame, ServerFrame::Ephemeral { conversation, .. } if *conversation == garden);
        let mut signs = kept.borrow().clone();
        signs.retain(is_there);
        let here = signs.pop().unwrap();
        ann.invites("#garden", &[&cem]).await;
        bea.until("cem is in", async || bea.names_in("#garden").await.len() == 3).await;
        ann.crashes().await;
        plays(&world, &bea, here).await;
        assert!(bea.looks_at("#garden").await.unwrap().here.is_empty());
    });
}

#[test]
fn signs_are_few_however_long_somebody_is_there() {
    story(async |world| {
        let (ann, bea) = two_who_talk(&world).await;
        for number in 0..20 {
            ann.opens_a_group(&format!("group {number}"), &[&bea]).await;
        }
        ann.has_settled().await;
        let signs = notes_signs(&ann);
        for _ in 0..10 {
            attends(&ann).await;
            world.passes(Duration::from_secs(60)).await;
        }
        let told = signs.borrow();
        // Ten minutes, a sign each 40 to 50 seconds, in sixteen of the twenty-one.
        let places: std::collections::BTreeSet<_> = told.iter().collect();
        assert_eq!(places.len(), 16);
        assert!((16 * 12..=16 * 16).contains(&told.len()), "{}", told.len());
    });
}
