//! The history archive: what an account's devices have, for one that comes later.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use huis_core::archive::{OpeningKey, Record, SealedSegment, Slot, peek_head};
use huis_core::content::Content;
use huis_engine::{HttpRequest, HttpResponse};
use huis_proto::Bytes;
use huis_proto::rest::{Archive, ArchiveBody, ChangeArchive};
use huis_testkit::{Device, PASSWORD, World, story};
use huis_views::{Command, CountedFrom, LockState, Notice, Reply};

use crate::{nobody_is_alarmed, two_friends};

/// What was said is written by then.
pub(crate) const WRITTEN: Duration = Duration::from_secs(20 * 60);
/// What opens segments is forgotten by then.
const FORGOTTEN: Duration = Duration::from_secs(40 * 60);
/// Longer than it takes until what was said beside it is written, and a later device has that.
const LOCKED: Duration = Duration::from_secs(2 * 3600);

/// What the server gave a device of the archive.
#[derive(Clone, Default)]
pub(crate) struct Given(Rc<RefCell<Parts>>);

#[derive(Default)]
struct Parts {
    outlines: BTreeMap<u64, Bytes>,
    bodies: BTreeMap<u64, Bytes>,
}

impl Given {
    pub(crate) fn notes(&self, request: &HttpRequest, response: &HttpResponse) {
        let Some(asked) = request.path.strip_prefix("/api/v1/account/archive") else { return };
        let mut parts = self.0.borrow_mut();
        if let Some(number) = asked.strip_prefix("/segments/") {
            if let Ok(body) = serde_json::from_slice::<ArchiveBody>(&response.body) {
                parts.bodies.insert(number.parse().unwrap(), body.body);
            }
        } else if let Ok(archive) = serde_json::from_slice::<Archive>(&response.body) {
            parts.outlines.extend(archive.segments.into_iter().map(|segment| (segment.number, segment.outline)));
        }
    }

    /// All records in it, as whoever opens the vault reads them.
    async fn records(&self, device: &Device) -> Vec<Record> {
        let (signed_in, vault, _) = device.vault_by(PASSWORD).await;
        let parts = self.0.borrow();
        let mut records = Vec::new();
        for (number, body) in &parts.bodies {
            let sealed = SealedSegment { outline: parts.outlines[number].clone(), body: body.clone() };
            let key = OpeningKey::of(&vault.contents.archive_seed, sealed.generation().unwrap());
            let slot = Slot { account: signed_in.account, number: *number };
            let opened = sealed.open(&key, slot).unwrap();
            assert_eq!(opened.skipped, 0);
            records.extend(opened.records);
        }
        records
    }
}

fn texts_of(records: &[Record]) -> Vec<String> {
    let text = |record: &Record| match record {
        Record::Message(message) => {
            Content::from_bytes(&message.content).unwrap().body().map(|body| (message.seq, body.to_owned()))
        }
        _ => None,
    };
    let mut texts: Vec<_> = records.iter().filter_map(text).collect();
    texts.sort();
    texts.into_iter().map(|(_, text)| text).collect()
}

/// A device that comes later, once it has restored, and what the archive held for it.
async fn a_later_device_of(world: &World, owner: &Device) -> (Device, Vec<Record>) {
    let (device, given) = (world.blank_device(owner, "a later device"), Given::default());
    let noting = given.clone();
    device.answers_pass(move |request, response| {
        noting.notes(request, &response);
        Some(response)
    });
    device.start();
    device.signs_in().await;
    device.has_restored().await;
    device.nobody_meddles();
    let records = given.records(&device).await;
    (device, records)
}

pub(crate) async fn finds(device: &Device, words: &str) -> usize {
    match device.command(Command::Search { words: words.into(), most: 100 }).await {
        Reply::Found(found) => found.len(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn without_being_turned_on_nothing_is_archived() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        ann.answers_pass(|request, response| {
            assert!(!request.path.contains("archive"), "{}", request.path);
            Some(response)
        });
        world.passes(WRITTEN).await;
        let later = world.another_device_of(&ann).await;
        world.passes(WRITTEN).await;
        assert!(!ann.history().await.on && !later.history().await.on);
        bea.says("@ann", "still there?").await;
        later.reads_exactly("@bea", &["still there?"]).await;
    });
}

#[test]
fn a_third_device_has_all_that_two_have_said_and_finds_it() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        assert!(ann.keeps_history().await.on);
        let tablet = world.another_device_of(&ann).await;
        ann.opens_a_group("garden", &[&bea]).await;
        let rose = ann.says("#garden", "a rose is a rose").await.id;
        bea.hears("#garden", "a rose is a rose").await;
        bea.reacts(rose, "🌹").await;
        ann.edits(rose, "a heliotrope is a heliotrope").await;
        tablet.says("@bea", "from the tablet").await;
        bea.says("@ann", "an answer").await;
        ann.hears("@bea", "an answer").await;
        ann.reads_all("@bea").await;
        ann.sees("all that was done", rose, |view| !view.reactions.is_empty()).await;
        world.passes(WRITTEN).await;
        let all = ann.texts("@bea").await;
        assert_eq!(all, ["hello", "from the tablet", "an answer"]);
        ann.has_archived(1).await;

        let (later, records) = a_later_device_of(&world, &ann).await;
        assert_eq!(later.texts("@bea").await, all);
        assert_eq!(later.texts("#garden").await, ["a heliotrope is a heliotrope"]);
        assert_eq!((finds(&later, "helio").await, finds(&later, "answer").await), (1, 1));
        assert_eq!(later.reactions(rose).await, ann.reactions(rose).await);
        for place in ["@bea", "#garden"] {
            let (here, there) = (later.looks_at(place).await.unwrap(), ann.looks_at(place).await.unwrap());
            assert_eq!((here.unread, here.newest_ms), (there.unread, there.newest_ms), "{place}");
        }
        assert_eq!(texts_of(&records).len(), 4, "nothing stands there twice");
        // What comes since stands behind it, on all of them.
        bea.says("@ann", "good evening").await;
        later.hears("@bea", "good evening").await;
        assert_eq!(later.texts("@bea").await.last().map(String::as_str), Some("good evening"));
        let unprinted = later.command(Command::Unprinted { most: 10 }).await;
        assert!(matches!(unprinted, Reply::Messages(messages) if messages.len() == 1), "what is old calls nobody");
        nobody_is_alarmed(&[&ann, &tablet, &bea, &later]).await;
    });
}

#[test]
fn what_a_device_wrote_while_a_later_one_restores_comes_as_well() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        for number in 0..30 {
            bea.says("@ann", &format!("number {number}")).await;
        }
        ann.hears("@bea", "number 29").await;
        ann.goes_offline();
        ann.comes_online();
        ann.is_connected().await;
        // It is turned on, and the later device is there before anything was written.
        ann.keeps_history().await;
        // A later device learns of it by the account state.
        world.passes(Duration::from_secs(5)).await;
        let later = world.another_device_of(&ann).await;
        world.passes(WRITTEN).await;
        later.has_restored().await;
        later.hears("@bea", "number 0").await;
        assert_eq!(later.texts("@bea").await, ann.texts("@bea").await);
        nobody_is_alarmed(&[&ann, &bea, &later]).await;
    });
}

#[test]
fn what_does_not_stay_never_enters() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        ann.keeps_history().await;
        bea.says_once("@ann", "opened once").await;
        ann.sets_timer("@bea", 7 * 24 * 3600, CountedFrom::Sending).await;
        ann.says("@bea", "for a week").await;
        bea.hears("@ann", "for a week").await;
        ann.sets_no_timer("@bea").await;
        bea.has_timer("@ann", None).await;
        let locked = bea.locks("@ann", "locked for two hours", LOCKED).await.id;
        ann.sees_lock(locked, LockState::Waiting).await;
        bea.says("@ann", "this one stays").await;
        ann.hears("@bea", "this one stays").await;
        world.passes(WRITTEN).await;
        let (later, records) = a_later_device_of(&world, &ann).await;
        assert_eq!(texts_of(&records), ["hello", "this one stays"]);
        assert_eq!(later.texts("@bea").await, ["hello", "this one stays"]);
        // Once it has opened it is like any other.
        world.passes(LOCKED).await;
        ann.sees("what was locked", locked, |view| view.text == "locked for two hours").await;
        world.passes(WRITTEN).await;
        let (last, records) = a_later_device_of(&world, &ann).await;
        assert_eq!(texts_of(&records), ["hello", "locked for two hours", "this one stays"]);
        last.hears("@bea", "locked for two hours").await;
    });
}

#[test]
fn a_deletion_leaves_the_archive() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        ann.keeps_history().await;
        let said = bea.says("@ann", "regrettable words").await.id;
        ann.hears("@bea", "regrettable words").await;
        bea.answers("@ann", said, "an answer to them").await;
        ann.hears("@bea", "an answer to them").await;
        world.passes(WRITTEN).await;
        let (_, records) = a_later_device_of(&world, &ann).await;
        assert!(texts_of(&records).contains(&"regrettable words".to_owned()));

        bea.deletes(said).await;
        ann.sees("that it was deleted", said, |view| view.deleted_by.is_some()).await;
        world.passes(WRITTEN).await;
        let (later, records) = a_later_device_of(&world, &ann).await;
        assert_eq!(texts_of(&records), ["hello", "an answer to them"]);
        for record in &records {
            if let Record::Message(message) = record {
                let content = Content::from_bytes(&message.content).unwrap();
                assert!(content.reply_to().is_none_or(|quote| quote.excerpt.is_empty()), "{content:?}");
            }
        }
        assert_eq!(later.texts("@bea").await, ["hello", "an answer to them"]);
        assert_eq!(later.texts_on_its_pages(&["regrettable"]), Vec::<String>::new());
    });
}

#[test]
fn a_restore_goes_on_where_it_was_killed() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        ann.keeps_history().await;
        for round in 0..4 {
            for number in 0..3 {
                bea.says("@ann", &format!("{number} of {round}")).await;
            }
            ann.hears("@bea", &format!("2 of {round}")).await;
            world.passes(WRITTEN).await;
        }
        ann.has_archived(4).await;
        let later = world.blank_device(&ann, "a device that dies");
        later.start();
        later.tries_to_sign_in().await.unwrap();
        for transactions in 1..12 {
            later.crashes().await;
            later.starts_and_dies_after(transactions);
            world.passes(Duration::from_secs(30)).await;
        }
        later.restarts().await;
        later.has_restored().await;
        later.hears("@bea", "hello").await;
        assert_eq!(later.texts("@bea").await, ann.texts("@bea").await);
        assert_eq!(finds(&later, "of").await, 12);
        nobody_is_alarmed(&[&ann, &bea]).await;
    });
}

#[test]
fn of_two_devices_that_write_at_once_nothing_stands_there_twice() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        ann.keeps_history().await;
        let tablet = world.another_device_of(&ann).await;
        world.passes(WRITTEN).await;
        for round in 0..4 {
            let text = format!("number {round}");
            bea.says("@ann", &text).await;
            ann.hears("@bea", &text).await;
            tablet.hears("@bea", &text).await;
            // Both have known for long that it is to be written, and come back in the same moment.
            ann.goes_offline();
            tablet.goes_offline();
            world.passes(WRITTEN).await;
            ann.comes_online();
            tablet.comes_online();
            ann.is_connected().await;
            tablet.is_connected().await;
            world.passes(WRITTEN).await;
        }
        let (later, records) = a_later_device_of(&world, &ann).await;
        assert_eq!(texts_of(&records), ["hello", "number 0", "number 1", "number 2", "number 3"]);
        assert_eq!(later.texts("@bea").await, ann.texts("@bea").await);
        nobody_is_alarmed(&[&ann, &tablet, &bea, &later]).await;
    });
}

#[test]
fn turned_off_it_is_emptied_and_a_later_device_has_nothing() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        ann.keeps_history().await;
        bea.says("@ann", "to be forgotten").await;
        ann.hears("@bea", "to be forgotten").await;
        let tablet = world.another_device_of(&ann).await;
        world.passes(WRITTEN).await;
        ann.has_archived(1).await;
        let emptied: Rc<RefCell<Vec<ChangeArchive>>> = Rc::default();
        let noted = Rc::clone(&emptied);
        ann.requests_pass(move |request| {
            if request.path == "/api/v1/account/archive"
                && let Some(body) = &request.body
            {
                noted.borrow_mut().push(serde_json::from_slice(body).unwrap());
            }
            Some(request)
        });
        assert!(!ann.ends_history().await.on);
        tablet.until("the tablet hears of it", async || !tablet.history().await.on).await;
        world.passes(WRITTEN).await;
        let last = emptied.borrow().last().cloned();
        let by_ann = last.is_some_and(|change| change.drops_all && change.segment.is_none());
        let left = ann.history().await;
        assert!(by_ann && !left.on && left.segments == 0, "{left:?}");
        let later = world.another_device_of(&ann).await;
        world.passes(WRITTEN).await;
        assert_eq!(later.texts("@bea").await, Vec::<String>::new());

        // Turned on again it is written anew, from the beginning.
        tablet.keeps_history().await;
        world.passes(WRITTEN).await;
        let (last, _) = a_later_device_of(&world, &ann).await;
        assert_eq!(last.texts("@bea").await, ["hello", "to be forgotten"]);
        nobody_is_alarmed(&[&ann, &tablet, &bea, &later]).await;
    });
}

#[test]
fn what_opens_segments_is_forgotten_when_all_is_restored() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        ann.keeps_history().await;
        bea.says("@ann", "something").await;
        ann.hears("@bea", "something").await;
        world.passes(WRITTEN).await;
        let (later, _) = a_later_device_of(&world, &ann).await;
        let (_, vault, _) = later.vault_by(PASSWORD).await;
        let material = OpeningKey::of(&vault.contents.archive_seed, 1).expose().to_vec();
        assert!(later.runs_on_its_pages(std::slice::from_ref(&material)) > 0, "while it restores it is there");
        world.passes(FORGOTTEN).await;
        later.until("it is forgotten", async || later.runs_on_its_pages(std::slice::from_ref(&material)) == 0).await;
        assert_eq!(ann.runs_on_its_pages(std::slice::from_ref(&material)), 0, "who restores nothing never has it");
    });
}

#[test]
fn a_device_that_was_taken_off_makes_no_heads_and_the_next_one_is_of_another_key() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        ann.keeps_history().await;
        // What the other device never had is there before that one writes.
        world.passes(WRITTEN).await;
        ann.has_archived(1).await;
        let stolen = world.another_device_of(&ann).await;
        let thief = stolen.profile().await.device;
        bea.says("@ann", "before").await;
        stolen.hears("@bea", "before").await;
        ann.hears("@bea", "before").await;
        ann.goes_offline();
        world.passes(WRITTEN).await;
        stolen.has_archived(2).await;
        ann.comes_online();
        ann.is_connected().await;
        let heads: Rc<RefCell<Vec<ChangeArchive>>> = Rc::default();
        let noted = Rc::clone(&heads);
        ann.requests_pass(move |request| {
            if request.path == "/api/v1/account/archive"
                && let Some(body) = &request.body
            {
                noted.borrow_mut().push(serde_json::from_slice(body).unwrap());
            }
            Some(request)
        });
        ann.revokes(thief).await;
        world.passes(WRITTEN).await;
        let change = heads.borrow().last().cloned().expect("the next head");
        let head = peek_head(&change.head).unwrap().head;
        assert_eq!((head.device, head.generation), (ann.profile().await.device, 2));
        assert!(change.segment.is_none() && change.drops.is_empty(), "what was seen while it counted stays");
        let (later, records) = a_later_device_of(&world, &ann).await;
        assert_eq!(texts_of(&records), ["hello", "before"]);
        assert_eq!(later.texts("@bea").await, ["hello", "before"]);
        nobody_is_alarmed(&[&ann, &bea]).await;
    });
}

#[test]
fn a_device_that_is_taken_off_while_a_later_one_restores_alarms_nobody() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        ann.keeps_history().await;
        let tablet = world.another_device_of(&ann).await;
        let lost = tablet.profile().await.device;
        world.passes(WRITTEN).await;
        ann.has_archived(1).await;
        let later = world.another_device_of(&ann).await;
        later.has_restored().await;
        ann.revokes(lost).await;
        bea.says("@ann", "since").await;
        ann.hears("@bea", "since").await;
        later.hears("@bea", "since").await;
        // What is written then is of a generation that nothing of the later device opens.
        world.passes(WRITTEN).await;
        ann.has_archived(2).await;
        world.passes(WRITTEN * 15).await;
        assert_eq!(later.texts("@bea").await, ["hello", "since"]);
        let is_trouble =
            |notice: &Notice| matches!(notice, Notice::ArchiveRefused { .. } | Notice::HistoryIncomplete { .. });
        assert!(!later.noticed().await.iter().any(is_trouble));
        nobody_is_alarmed(&[&ann, &bea, &later]).await;
    });
}

#[test]
fn a_server_that_was_restored_is_given_again_what_it_lost() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        ann.keeps_history().await;
        world.passes(WRITTEN).await;
        ann.has_archived(1).await;
        // A session that is renewed behind the backup would end with it: they are renewed before.
        for device in [&ann, &bea] {
            device.restarts_in_order().await;
        }
        let backup = world.server_is_backed_up();
        bea.says("@ann", "lost by the server").await;
        ann.hears("@bea", "lost by the server").await;
        ann.says("@bea", "lost as well").await;
        bea.hears("@ann", "lost as well").await;
        // An orderly end writes at once.
        world.passes(Duration::from_secs(120)).await;
        ann.restarts_in_order().await;
        ann.has_archived(2).await;
        world.server_is_restored_from(&backup).await;
        for device in [&ann, &bea] {
            device.notices("the restore", |notice| matches!(notice, Notice::ServerRestored)).await;
        }
        bea.says("@ann", "said since").await;
        ann.hears("@bea", "said since").await;
        world.passes(WRITTEN).await;
        let (later, _) = a_later_device_of(&world, &ann).await;
        let texts = later.texts("@bea").await;
        for text in ["hello", "lost by the server", "lost as well", "said since"] {
            assert_eq!(texts.iter().filter(|heard| *heard == text).count(), 1, "{text:?}: {texts:?}");
        }
        let refused = |notice: &Notice| matches!(notice, Notice::ArchiveRefused { .. });
        assert!(!ann.noticed().await.iter().any(refused));
    });
}

#[test]
fn with_another_identity_it_is_written_anew() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        ann.keeps_history().await;
        world.passes(WRITTEN).await;
        ann.has_archived(1).await;
        let renewed = "eleven amber walruses polish 7 trombones";
        ann.renews_identity(PASSWORD, renewed).await.unwrap();
        world.passes(WRITTEN).await;
        let view = ann.history().await;
        assert!(view.on && view.segments == 1, "{view:?}");
        let later = world.blank_device(&ann, "a later device");
        later.start();
        later.signs_in_by(renewed).await.unwrap();
        later.has_restored().await;
        later.hears("@bea", "hello").await;
        drop(bea);
    });
}
