//! Messages that do not stay: with a timer, or to be opened once.

use std::time::Duration;

use huis_engine::FileMethod;
use huis_proto::frames::ServerFrame;
use huis_testkit::{Device, Fate, Passage, files_that_hold, story, texts_on_pages};
use huis_views::{
    Annotation, Command, CountedFrom, Failure, FetchFile, Forward, Notice, Reply, Send, SendFiles, Target,
};
use rusqlite::Connection;

use crate::files::{bytes, is_sent};
use crate::{nobody_is_alarmed, two_friends};

/// A word that stands nowhere else.
pub(crate) const WORD: &str = "xylophagous";

async fn finds(device: &Device, words: &str) -> usize {
    match device.command(Command::Search { words: words.into(), most: 100 }).await {
        Reply::Found(found) => found.len(),
        other => panic!("{other:?}"),
    }
}

pub(crate) async fn seconds_pass(world: &huis_testkit::World, seconds: u64) {
    world.passes(Duration::from_secs(seconds)).await;
}

pub(crate) fn once_file(to: &str, path: &std::path::Path, view_once: bool) -> Command {
    let file = huis_views::FileToSend {
        source: path.to_str().unwrap().into(),
        name: None,
        media_type: None,
        thumbnail: None,
        duration_ms: None,
        voice: false,
        peaks: None,
    };
    let (to, text) = (to.parse().unwrap(), WORD.into());
    Command::SendFiles(SendFiles { to, files: vec![file], text, reply_to: None, keep_metadata: false, view_once })
}

#[test]
fn what_is_counted_from_sending_is_gone_on_all_devices_and_on_no_page_of_their_disks() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let tablet = world.another_device_of(&bea).await;
        ann.sets_timer("@bea", 60, CountedFrom::Sending).await;
        let all = [&ann, &bea, &tablet];
        for device in all {
            device
                .notices("the timer", |notice| {
                    matches!(notice, Notice::TimerSet { by, timer: Some(timer) }
                        if by.name.as_deref() == Some("ann") && timer.after_s == 60)
                })
                .await;
        }
        let sent = ann.says("@bea", &format!("{WORD} beetles")).await.id;
        let answer = bea.answers("@ann", sent, "an answer").await.id;
        ann.edits(sent, "zugzwang, again").await;
        bea.reacts(sent, "🪲").await;
        tablet.marks(sent, Annotation::Pin).await;
        for device in all {
            let seen = device.sees("all of it", sent, |view| view.pinned && !view.reactions.is_empty()).await;
            assert_eq!(seen.text, "zugzwang, again");
            let received_ms = seen.received_at_ms.unwrap();
            assert_eq!(seen.vanishes_at_ms, Some(received_ms + 60_000), "{device:?}");
            assert_eq!(device.texts_on_its_pages(&["zugzwang", WORD]), ["zugzwang", WORD], "{device:?}");
            assert_eq!(finds(device, "zugzwang").await, 1);
            device.sees("the answer", answer, |view| view.reply_to.is_some()).await;
        }
        let forward = Command::Forward(Forward { message: sent, to: Target::Account("ann".into()), wait: true });
        assert!(matches!(bea.tries(forward).await, Err(Failure::Invalid { .. })));

        seconds_pass(&world, 61).await;
        for device in all {
            assert!(device.looks_up(sent).await.is_none(), "{device:?}");
            assert_eq!(finds(device, "zugzwang").await, 0);
            assert_eq!(device.texts_on_its_pages(&["zugzwang", WORD]), Vec::<String>::new(), "{device:?}");
            let place = if device.name() == "ann" { "@bea" } else { "@ann" };
            let view = device.looks_at(place).await.unwrap();
            // From before there was a timer; the second device came later.
            let newest = view.newest.map_or_else(|| "hello".into(), |newest| newest.text);
            assert_eq!((view.pins, newest.as_str()), (0, "hello"), "{device:?}: answers vanish too");
        }
        nobody_is_alarmed(&all).await;
    });
}

#[test]
fn the_scan_finds_what_is_deleted_without_being_overwritten() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        ann.says("@bea", &format!("{WORD} beetles")).await;
        bea.hears("@ann", &format!("{WORD} beetles")).await;
        bea.stops().await;
        let (path, key) = bea.database();
        let copy = world.server_folder().join("copy.db");
        let key_bytes: Vec<u8> = (0..32).map(|at| u8::from_str_radix(&key[2 * at..2 * at + 2], 16).unwrap()).collect();
        let found_in = |overwrites: bool| {
            std::fs::copy(&path, &copy).unwrap();
            let connection = Connection::open(&copy).unwrap();
            let mode = if overwrites { "ON" } else { "OFF" };
            connection
                .execute_batch(&format!(
                    "PRAGMA key = \"x'{key}'\"; PRAGMA journal_mode = TRUNCATE; PRAGMA secure_delete = {mode};
                     INSERT INTO words (words, rank) VALUES ('secure-delete', {}); DELETE FROM messages;",
                    u8::from(overwrites)
                ))
                .unwrap();
            drop(connection);
            texts_on_pages(&copy, key_bytes.as_slice().try_into().unwrap(), &[WORD]).0
        };
        assert_eq!(found_in(false), [WORD]);
        assert_eq!(found_in(true), Vec::<String>::new());
        std::fs::remove_file(&copy).unwrap();
    });
}

#[test]
fn what_is_counted_from_reading_waits_for_the_reader_and_then_goes_on_each_device() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let tablet = world.another_device_of(&bea).await;
        bea.sets_timer("@ann", 3600, CountedFrom::Reading).await;
        ann.has_timer("@bea", Some(3600)).await;
        let sent = ann.says("@bea", WORD).await.id;
        for device in [&bea, &tablet] {
            let seen = device.sees("it", sent, |_| true).await;
            assert_eq!((seen.vanishes.unwrap().after_s, seen.vanishes_at_ms), (3600, None));
        }
        // Whoever wrote it has read it.
        assert!(ann.looks_up(sent).await.unwrap().vanishes_at_ms.is_some());
        seconds_pass(&world, 7200).await;
        assert!(ann.looks_up(sent).await.is_none());
        assert!(bea.looks_up(sent).await.is_some(), "nobody has read it");
        bea.reads_all("@ann").await;
        let here = bea.looks_up(sent).await.unwrap().vanishes_at_ms.unwrap();
        let there = tablet.sees("that it was read", sent, |view| view.vanishes_at_ms.is_some()).await;
        assert!(here.abs_diff(there.vanishes_at_ms.unwrap()) < 10_000, "both count from the same moment, nearly");
        seconds_pass(&world, 3500).await;
        assert!(bea.looks_up(sent).await.is_some());
        seconds_pass(&world, 200).await;
        for device in [&bea, &tablet] {
            assert!(device.looks_up(sent).await.is_none(), "{device:?}");
            assert_eq!(device.texts_on_its_pages(&[WORD]), Vec::<String>::new());
        }
        nobody_is_alarmed(&[&ann, &bea, &tablet]).await;
    });
}

#[test]
fn a_device_that_was_off_beyond_the_time_shows_nothing_of_it() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        ann.sets_timer("@bea", 60, CountedFrom::Sending).await;
        bea.has_timer("@ann", Some(60)).await;
        let before = ann.says("@bea", &format!("{WORD} before")).await.id;
        bea.sees("it", before, |_| true).await;
        bea.crashes().await;
        let while_off = ann.says("@bea", &format!("{WORD} meanwhile")).await.id;
        ann.sets_no_timer("@bea").await;
        let after = ann.says("@bea", "stays").await.id;
        seconds_pass(&world, 61).await;
        assert_eq!(bea.texts_on_its_pages(&[WORD]), [WORD], "an engine that is off does nothing");
        // On, and not even connected.
        bea.goes_offline();
        bea.start();
        assert!(bea.looks_up(before).await.is_none());
        assert_eq!(bea.texts_on_its_pages(&[WORD]), Vec::<String>::new());
        bea.comes_online();
        bea.sees("what stays", after, |_| true).await;
        assert!(bea.looks_up(while_off).await.is_none(), "it never was here");
        assert_eq!(finds(&bea, WORD).await, 0);
        assert_eq!(bea.texts_on_its_pages(&[WORD]), Vec::<String>::new());
        nobody_is_alarmed(&[&ann, &bea]).await;
    });
}

#[test]
fn each_message_has_the_timer_that_its_writer_knew() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        ann.sets_timer("@bea", 60, CountedFrom::Sending).await;
        bea.has_timer("@ann", Some(60)).await;
        ann.goes_offline();
        let under_way = ann.writes("@bea", "under way").await.id;
        bea.sets_no_timer("@ann").await;
        ann.comes_online();
        ann.has_timer("@bea", None).await;
        let later = ann.says("@bea", "later").await.id;
        for device in [&ann, &bea] {
            assert_eq!(device.sees("it", under_way, |_| true).await.vanishes.unwrap().after_s, 60);
            assert!(device.sees("it", later, |_| true).await.vanishes.is_none());
        }
        seconds_pass(&world, 61).await;
        for device in [&ann, &bea] {
            assert!(device.looks_up(under_way).await.is_none());
            assert!(device.looks_up(later).await.is_some());
        }
        // A later device of an account speaks with the timer that the account knows.
        bea.sets_timer("@ann", 90, CountedFrom::Reading).await;
        ann.has_timer("@bea", Some(90)).await;
        ann.restarts_in_order().await;
        let desk = world.another_device_of(&ann).await;
        desk.has_timer("@bea", Some(90)).await;
        let sent = desk.says("@bea", "from the desk").await.id;
        assert_eq!(bea.sees("it", sent, |_| true).await.vanishes.unwrap().after_s, 90);
    });
}

#[test]
fn a_further_device_takes_no_timer_from_what_was_written_before_it_was_taken_away() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        ann.sets_timer("@bea", 3600, CountedFrom::Reading).await;
        bea.has_timer("@ann", Some(3600)).await;
        bea.goes_offline();
        let before = bea.writes("@ann", "written before").await.id;
        ann.sets_no_timer("@bea").await;
        ann.restarts_in_order().await;
        let desk = world.another_device_of(&ann).await;
        desk.has_timer("@bea", None).await;
        bea.comes_online();
        assert!(desk.sees("it", before, |_| true).await.vanishes.is_some());
        assert_eq!(desk.looks_at("@bea").await.unwrap().timer, None);
        let later = desk.says("@bea", "later").await.id;
        assert!(bea.sees("it", later, |_| true).await.vanishes.is_none());
    });
}

#[test]
fn who_has_not_the_role_sets_no_timer_and_newcomers_are_told_it() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let cem = world.account("cem").await;
        ann.opens_a_group("garden", &[&bea]).await;
        bea.is_in("#garden").await;
        let timer = Some(huis_views::VanishTimer { after_s: 60, from: CountedFrom::Sending });
        assert_eq!(bea.tries_to_set_timer("#garden", timer).await, Err(Failure::NotAllowed));
        for after_s in [0, 29, 31_536_001, u64::MAX] {
            let timer = Some(huis_views::VanishTimer { after_s, from: CountedFrom::Sending });
            assert!(matches!(ann.tries_to_set_timer("#garden", timer).await, Err(Failure::Invalid { .. })));
        }
        ann.sets_timer("#garden", 60, CountedFrom::Sending).await;
        bea.has_timer("#garden", Some(60)).await;
        ann.says("@cem", "hello").await;
        cem.accepts("@ann").await;
        ann.invites("#garden", &[&cem]).await;
        cem.has_timer("#garden", Some(60)).await;
    });
}

#[test]
fn what_is_opened_once_is_gone_on_the_other_devices_and_was_nowhere_before() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let tablet = world.another_device_of(&bea).await;
        let sent = ann.says_once("@bea", &format!("{WORD} beetles")).await.id;
        for device in [&bea, &tablet] {
            let closed = device.sees("it", sent, |_| true).await;
            assert!(closed.view_once && closed.is_closed() && !closed.own);
            assert_eq!(finds(device, WORD).await, 0);
            let newest = device.looks_at("@ann").await.unwrap().newest.unwrap();
            assert_eq!((newest.text.as_str(), newest.view_once), ("", true));
        }
        // Nobody keeps it by an answer, elsewhere, or in other words.
        let answer = bea.answers("@ann", sent, "an answer").await.id;
        let quote = ann.sees("the answer", answer, |_| true).await.reply_to.unwrap();
        assert_eq!(quote.text, "");
        let forward = Command::Forward(Forward { message: sent, to: Target::Account("ann".into()), wait: true });
        assert!(matches!(bea.tries(forward).await, Err(Failure::Invalid { .. })));
        let edit = Annotation::Edit { text: "other words".into() };
        assert!(matches!(ann.tries_to_mark(sent, edit).await, Err(Failure::Invalid { .. })));
        // Who wrote it has it no more.
        assert!(ann.looks_up(sent).await.unwrap().is_closed());
        assert!(matches!(ann.tries_to_open_once(sent).await, Err(Failure::Invalid { .. })));
        ann.reads_all("@bea").await;
        assert_eq!(ann.texts_on_its_pages(&[WORD]), Vec::<String>::new());

        assert_eq!(tablet.texts_on_its_pages(&[WORD]), [WORD]);
        assert_eq!(bea.opens_once(sent).await.text, format!("{WORD} beetles"));
        assert!(matches!(bea.tries_to_open_once(sent).await, Err(Failure::Unknown { .. })));
        tablet.has_lost(sent).await;
        for device in [&bea, &tablet] {
            assert!(device.looks_up(sent).await.is_none());
            assert_eq!(device.texts_on_its_pages(&[WORD]), Vec::<String>::new(), "{device:?}");
        }
        nobody_is_alarmed(&[&ann, &bea, &tablet]).await;
    });
}

#[test]
fn what_was_opened_while_a_device_was_off_does_not_come_to_it() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let tablet = world.another_device_of(&bea).await;
        let had = ann.says_once("@bea", &format!("{WORD} one")).await.id;
        tablet.sees("it", had, |_| true).await;
        tablet.stops().await;
        let had_not = ann.says_once("@bea", &format!("{WORD} two")).await.id;
        for message in [had, had_not] {
            bea.sees("it", message, |_| true).await;
            bea.opens_once(message).await;
        }
        bea.stops().await;
        tablet.start();
        tablet.has_lost(had).await;
        let later = ann.says("@bea", "later").await.id;
        tablet.sees("it", later, |_| true).await;
        for message in [had, had_not] {
            assert!(tablet.looks_up(message).await.is_none(), "what comes later is here");
        }
        assert_eq!(tablet.texts_on_its_pages(&[WORD]), Vec::<String>::new());
    });
}

#[test]
fn files_go_with_their_message_and_what_was_fetched_to_its_end_is_the_persons() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let path = ann.has_a_file("roses of nowhere.txt", &bytes(300_000));
        ann.sets_timer("@bea", 600, CountedFrom::Sending).await;
        ann.sends_files("@bea", &[&path]).await;
        is_sent(&ann, "@bea", "roses of nowhere.txt").await;
        let heard = bea.hears_of_file("@ann", "roses of nowhere.txt").await;
        let fetched = bea.fetches(heard.id, 1).await;
        assert_eq!(bea.texts_on_its_pages(&["of nowhere"]), ["of nowhere"]);
        let let_go = std::rc::Rc::new(std::cell::Cell::new(false));
        let told = std::rc::Rc::clone(&let_go);
        ann.file_requests_pass(move |request| {
            if request.method == FileMethod::Delete && request.path.contains("seq=") {
                told.set(true);
            }
            Passage::Free
        });
        // One more is on its way when the time is over.
        bea.file_requests_pass(|_| Passage::Lost);
        let folder = bea.folder().join("elsewhere");
        std::fs::create_dir(&folder).unwrap();
        let to = folder.to_str().unwrap().to_owned();
        bea.command(Command::FetchFile(FetchFile { message: heard.id, number: 1, folder: to })).await;
        seconds_pass(&world, 601).await;
        for device in [&ann, &bea] {
            device.has_lost(heard.id).await;
        }
        bea.goes_offline();
        bea.until("nothing tells of the file", async || bea.texts_on_its_pages(&["of nowhere"]).is_empty()).await;
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0, "what was not fetched to its end");
        assert_eq!(std::fs::read(&fetched).unwrap(), bytes(300_000), "what was");
        // The server need not keep it for this message either.
        ann.until("the server is told", async || let_go.get()).await;
        nobody_is_alarmed(&[&ann, &bea]).await;
    });
}

#[test]
fn a_file_that_is_opened_once_can_be_fetched_for_an_hour() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let tablet = world.another_device_of(&bea).await;
        let path = ann.has_a_file("roses of nowhere.txt", &bytes(100_000));
        let sent = match ann.command(once_file("@bea", &path, true)).await {
            Reply::Sent(sent) => sent.id,
            other => panic!("{other:?}"),
        };
        for device in [&bea, &tablet] {
            let closed = device.sees("it", sent, |_| true).await;
            assert!(closed.is_closed() && closed.files.is_empty());
            assert_eq!(device.looks_at("@ann").await.unwrap().newest.unwrap().text, "");
            assert!(matches!(device.tries_to_fetch(sent, 1).await, Err(Failure::Invalid { .. })));
            let files = Command::Files { conversation: None, before: None, most: 10 };
            assert!(matches!(device.command(files).await, Reply::Messages(messages) if messages.is_empty()));
        }
        ann.until("its writer has it no more", async || ann.texts_on_its_pages(&["of nowhere"]).is_empty()).await;
        let opened = bea.opens_once(sent).await;
        assert_eq!((opened.text.as_str(), opened.files[0].name.as_str()), (WORD, "roses of nowhere.txt"));
        let fetched = bea.fetches(sent, 1).await;
        assert_eq!(std::fs::read(fetched).unwrap(), bytes(100_000));
        tablet.has_lost(sent).await;
        assert_eq!(tablet.texts_on_its_pages(&[WORD, "of nowhere"]), Vec::<String>::new());
        seconds_pass(&world, 3601).await;
        bea.has_lost(sent).await;
        bea.until("nothing tells of it", async || bea.texts_on_its_pages(&[WORD, "of nowhere"]).is_empty()).await;
        let (found, _) = files_that_hold(&world.server_folder(), &[WORD, "of nowhere"]);
        assert_eq!(found, vec![]);
    });
}

#[test]
fn an_end_in_the_middle_of_it_leaves_nothing_in_the_end() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        ann.sets_timer("@bea", 600, CountedFrom::Sending).await;
        bea.has_timer("@ann", Some(600)).await;
        for number in 0..100 {
            ann.writes("@bea", &format!("{WORD} {number}")).await;
        }
        bea.hears("@ann", &format!("{WORD} 99")).await;
        bea.crashes().await;
        seconds_pass(&world, 601).await;
        bea.goes_offline();
        // One portion goes, and then the process ends.
        bea.starts_and_dies_after(1);
        let _ = bea.attempts(Command::Status).await;
        bea.crashes().await;
        assert_eq!(bea.texts_on_its_pages(&[WORD]), [WORD], "it was in the middle of it");
        bea.start();
        assert_eq!(bea.messages("@ann").await.iter().filter(|message| message.text.contains(WORD)).count(), 0);
        assert_eq!(bea.texts_on_its_pages(&[WORD]), Vec::<String>::new());
    });
}

#[test]
fn a_server_that_restarts_or_lies_about_the_time_does_not_keep_it() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        ann.sets_timer("@bea", 60, CountedFrom::Sending).await;
        bea.has_timer("@ann", Some(60)).await;
        // It was received in a thousand years.
        bea.received_frames_pass(|mut frame| {
            if let ServerFrame::Entry(entry) = &mut frame {
                entry.received_at_ms += 1000 * 365 * 24 * 3_600_000;
            }
            Fate::passes(frame)
        });
        let sent = ann.says("@bea", WORD).await.id;
        bea.sees("it", sent, |_| true).await;
        bea.nobody_meddles();
        world.server_crashes().await;
        seconds_pass(&world, 61).await;
        world.server_starts().await;
        for device in [&ann, &bea] {
            assert!(device.looks_up(sent).await.is_none());
            device.restarts().await;
            device.is_connected().await;
            assert!(device.looks_up(sent).await.is_none());
            assert_eq!(device.texts_on_its_pages(&[WORD]), Vec::<String>::new());
        }
    });
}

#[test]
fn what_waits_to_be_done_to_it_is_given_up_with_it() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        ann.sets_timer("@bea", 600, CountedFrom::Sending).await;
        let sent = ann.says("@bea", WORD).await.id;
        bea.sees("it", sent, |_| true).await;
        ann.goes_offline();
        ann.marks_when_it_can(sent, Annotation::Edit { text: "zugzwang, again".into() }).await;
        let answer = Send {
            to: Target::Account("bea".into()),
            text: "an answer".into(),
            reply_to: Some(sent),
            view_once: false,
            wait: false,
        };
        ann.command(Command::Send(answer)).await;
        assert_eq!(ann.texts_on_its_pages(&["zugzwang"]), ["zugzwang"]);
        seconds_pass(&world, 601).await;
        ann.has_lost(sent).await;
        assert_eq!(ann.texts_on_its_pages(&["zugzwang", WORD]), Vec::<String>::new());
        ann.comes_online();
        ann.has_settled().await;
        bea.hears("@ann", "an answer").await;
        assert_eq!(bea.texts_on_its_pages(&["zugzwang", WORD]), Vec::<String>::new());
        nobody_is_alarmed(&[&ann, &bea]).await;
    });
}
