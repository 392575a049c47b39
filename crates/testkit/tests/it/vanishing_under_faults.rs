//! Messages that do not stay, where clocks are wrong, devices are off, servers forget and disks are away.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use huis_engine::FileMethod;
use huis_proto::frames::ServerFrame;
use huis_testkit::{Device, Fate, Passage, story};
use huis_views::{
    Command, Connection, CountedFrom, Failure, FetchFile, MessageState, Preferences, Reply, Send, Target, Wish,
};
use tokio::time::Instant;

use crate::files::{bytes, is_sent};
use crate::vanishing::{WORD, once_file, seconds_pass};
use crate::{nobody_is_alarmed, two_friends};

const DAY_MS: i64 = 86_400_000;

async fn sends_once_file(device: &Device, to: &str, path: &std::path::Path) -> huis_proto::MessageId {
    match device.command(once_file(to, path, true)).await {
        Reply::Sent(sent) => sent.id,
        other => panic!("{other:?}"),
    }
}

#[test]
fn clocks_that_are_less_than_a_minute_apart_lose_nothing_and_keep_nothing() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        for (device, wrong_by_ms) in [(&ann, -45_000), (&bea, 45_000)] {
            device.clock_is_wrong_by_ms(wrong_by_ms);
            device.restarts().await;
            device.is_connected().await;
        }
        ann.sets_timer("@bea", 30, CountedFrom::Sending).await;
        bea.has_timer("@ann", Some(30)).await;
        let sent = ann.says("@bea", WORD).await.id;
        let seen = bea.sees("it", sent, |_| true).await;
        assert!(seen.vanishes_at_ms.unwrap().abs_diff(seen.received_at_ms.unwrap() + 30_000) < 1_000);
        seconds_pass(&world, 33).await;
        for device in [&ann, &bea] {
            assert!(device.looks_up(sent).await.is_none(), "{device:?}");
        }
        nobody_is_alarmed(&[&ann, &bea]).await;
    });
}

#[test]
fn a_clock_that_was_known_to_be_wrong_destroys_nothing_at_a_start() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        bea.clock_is_wrong_by_ms(DAY_MS);
        bea.restarts().await;
        bea.is_connected().await;
        ann.sets_timer("@bea", 3600, CountedFrom::Sending).await;
        let sent = ann.says("@bea", WORD).await.id;
        bea.sees("it", sent, |_| true).await;
        bea.crashes().await;
        bea.goes_offline();
        bea.start();
        assert!(bea.looks_up(sent).await.is_some(), "nobody has told it the time since");
        seconds_pass(&world, 3601).await;
        assert!(bea.looks_up(sent).await.is_none());
    });
}

#[test]
fn a_clock_that_was_put_right_while_a_device_was_off_destroys_nothing_at_a_start() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        bea.clock_is_wrong_by_ms(-DAY_MS);
        bea.restarts().await;
        bea.is_connected().await;
        ann.sets_timer("@bea", 3600, CountedFrom::Sending).await;
        let sent = ann.says("@bea", WORD).await.id;
        bea.sees("it", sent, |_| true).await;
        bea.crashes().await;
        bea.clock_is_wrong_by_ms(0);
        bea.goes_offline();
        bea.start();
        assert!(bea.looks_up(sent).await.is_some(), "that it was behind is over");
        seconds_pass(&world, 3601).await;
        assert!(bea.looks_up(sent).await.is_none());
    });
}

#[test]
fn what_is_read_by_a_clock_that_was_known_to_be_behind_has_its_time() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let tablet = world.another_device_of(&bea).await;
        bea.command(Command::SetPreferences(Preferences { read_receipts: false, presence: true })).await;
        bea.clock_is_wrong_by_ms(-2 * 3_600_000);
        bea.restarts().await;
        bea.is_connected().await;
        ann.sets_timer("@bea", 3600, CountedFrom::Reading).await;
        bea.has_timer("@ann", Some(3600)).await;
        let sent = ann.says("@bea", WORD).await.id;
        for device in [&bea, &tablet] {
            device.sees("it", sent, |_| true).await;
        }
        bea.crashes().await;
        bea.goes_offline();
        bea.start();
        bea.reads_all("@ann").await;
        bea.comes_online();
        bea.is_connected().await;
        let read = bea.looks_up(sent).await.expect("it was read a moment ago");
        assert!(read.vanishes_at_ms.unwrap() >= read.received_at_ms.unwrap() + 3_600_000);
        let there = tablet.sees("that it was read", sent, |view| view.vanishes_at_ms.is_some()).await;
        assert_eq!(there.vanishes_at_ms, read.vanishes_at_ms);
        seconds_pass(&world, 3601).await;
        for device in [&bea, &tablet] {
            assert!(device.looks_up(sent).await.is_none(), "{device:?}");
        }
    });
}

#[test]
fn an_answer_that_waited_while_a_device_slept_does_not_turn_its_clock_back() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        ann.sets_timer("@bea", 3600, CountedFrom::Sending).await;
        bea.has_timer("@ann", Some(3600)).await;
        let sent = ann.says("@bea", WORD).await.id;
        bea.sees("it", sent, |_| true).await;
        // What it reads when it wakes was said two hours ago: its clock went on meanwhile.
        let body = bea.clone();
        let slept = Rc::new(Cell::new(false));
        let has_slept = Rc::clone(&slept);
        bea.received_frames_pass(move |frame| {
            if matches!(frame, ServerFrame::Pong { .. }) && !slept.replace(true) {
                body.clock_is_wrong_by_ms(2 * 3_600_000);
            }
            Fate::passes(frame)
        });
        bea.until("it has slept", async || has_slept.get()).await;
        assert!(bea.looks_up(sent).await.is_none(), "its time is over by the clock that went on");
    });
}

#[test]
fn a_device_that_was_off_counts_from_when_it_was_read() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let tablet = world.another_device_of(&bea).await;
        bea.command(Command::SetPreferences(Preferences { read_receipts: false, presence: true })).await;
        bea.sets_timer("@ann", 3600, CountedFrom::Reading).await;
        ann.has_timer("@bea", Some(3600)).await;
        let had = ann.says("@bea", &format!("{WORD} one")).await.id;
        tablet.sees("it", had, |_| true).await;
        tablet.stops().await;
        let had_not = ann.says("@bea", &format!("{WORD} two")).await.id;
        bea.sees("it", had_not, |_| true).await;
        bea.reads_all("@ann").await;
        seconds_pass(&world, 3000).await;
        tablet.start();
        for message in [had, had_not] {
            let here = bea.looks_up(message).await.unwrap().vanishes_at_ms.unwrap();
            let there = tablet.sees("that it was read", message, |view| view.vanishes_at_ms.is_some()).await;
            assert_eq!(there.vanishes_at_ms, Some(here));
        }
        seconds_pass(&world, 601).await;
        assert!(tablet.looks_up(had).await.is_none() && tablet.looks_up(had_not).await.is_none());
    });
}

#[test]
fn what_was_read_earlier_on_another_device_vanishes_earlier_here() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let tablet = world.another_device_of(&bea).await;
        bea.sets_timer("@ann", 3600, CountedFrom::Reading).await;
        ann.has_timer("@bea", Some(3600)).await;
        let sent = ann.says("@bea", WORD).await.id;
        for device in [&bea, &tablet] {
            device.sees("it", sent, |_| true).await;
        }
        tablet.goes_offline();
        bea.reads_all("@ann").await;
        seconds_pass(&world, 1000).await;
        tablet.reads_all("@ann").await;
        let here = bea.looks_up(sent).await.unwrap().vanishes_at_ms.unwrap();
        let later = tablet.looks_up(sent).await.unwrap().vanishes_at_ms.unwrap();
        assert!(later >= here + 990_000);
        tablet.comes_online();
        tablet.sees("when it was read", sent, |view| view.vanishes_at_ms.unwrap() < here + 60_000).await;
    });
}

#[test]
fn to_open_what_is_opened_once_is_to_read_it() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let path = ann.has_a_file("roses of nowhere.txt", &bytes(100_000));
        ann.sets_timer("@bea", 60, CountedFrom::Reading).await;
        let sent = sends_once_file(&ann, "@bea", &path).await;
        bea.sees("it", sent, |_| true).await;
        bea.reads_all("@ann").await;
        seconds_pass(&world, 120).await;
        assert!(bea.looks_up(sent).await.unwrap().is_closed(), "who passes it by has not read it");
        bea.opens_once(sent).await;
        assert!(matches!(bea.tries_to_open_once(sent).await, Err(Failure::Invalid { .. })));
        seconds_pass(&world, 61).await;
        assert!(bea.looks_up(sent).await.is_none(), "its timer is shorter than an hour");
    });
}

#[test]
fn what_another_device_has_opened_is_not_opened_where_the_server_can_tell() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let tablet = world.another_device_of(&bea).await;
        let sent = ann.says_once("@bea", WORD).await.id;
        let other = ann.says_once("@bea", WORD).await.id;
        for message in [sent, other] {
            for device in [&bea, &tablet] {
                device.sees("it", message, |_| true).await;
            }
        }
        tablet.stops().await;
        for message in [sent, other] {
            bea.opens_once(message).await;
        }
        bea.stops().await;
        // The log is there at once, and what the account knows is not.
        tablet.requests_pass(|request| (!request.path.ends_with("/account/state")).then_some(request));
        tablet.start();
        tablet.is_connected().await;
        assert!(matches!(tablet.tries_to_open_once(sent).await, Err(Failure::Offline { .. } | Failure::Busy)));
        // Without a way to the server nobody can know.
        tablet.goes_offline();
        tablet.until("it is offline", async || tablet.status().await.connection != Connection::Open).await;
        assert_eq!(tablet.opens_once(other).await.text, WORD);
        tablet.nobody_meddles();
        tablet.comes_online();
        tablet.is_connected().await;
        assert!(matches!(tablet.tries_to_open_once(sent).await, Err(Failure::Unknown { .. })));
    });
}

#[test]
fn what_was_opened_can_be_taken_back_and_its_files_go_here_and_at_the_server() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let path = ann.has_a_file("roses of nowhere.txt", &bytes(100_000));
        let sent = sends_once_file(&ann, "@bea", &path).await;
        bea.sees("it", sent, |_| true).await;
        ann.until("its writer has it no more", async || ann.texts_on_its_pages(&["of nowhere"]).is_empty()).await;
        assert_eq!(bea.opens_once(sent).await.files.len(), 1);
        bea.reacts(sent, "🌹").await;
        ann.sees("what is thought of it", sent, |view| !view.reactions.is_empty()).await;
        assert_eq!(bea.texts_on_its_pages(&["of nowhere"]), ["of nowhere"]);
        let let_go = Rc::new(Cell::new(false));
        let told = Rc::clone(&let_go);
        ann.file_requests_pass(move |request| {
            if request.method == FileMethod::Delete && request.path.contains("seq=") {
                told.set(true);
            }
            Passage::Free
        });
        ann.deletes(sent).await;
        bea.sees("that it was taken back", sent, |view| view.deleted_by.is_some() && view.files.is_empty()).await;
        bea.until("nothing tells of it", async || bea.texts_on_its_pages(&["of nowhere"]).is_empty()).await;
        assert!(matches!(bea.tries_to_fetch(sent, 1).await, Err(Failure::Unknown { .. })));
        ann.until("the server is told", async || let_go.get()).await;
        nobody_is_alarmed(&[&ann, &bea]).await;
    });
}

#[test]
fn what_was_opened_once_and_lost_by_the_server_has_failed() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let backup = world.server_is_backed_up();
        bea.goes_offline();
        let sent = ann.says_once("@bea", WORD).await.id;
        assert!(ann.looks_up(sent).await.unwrap().is_closed());
        world.server_is_restored_from(&backup).await;
        ann.sees("that it was lost", sent, |view| matches!(view.state, MessageState::Failed(_))).await;
        let again = ann.tries(Command::Retry { message: sent }).await;
        assert!(matches!(again, Err(Failure::Invalid { .. })), "{again:?}");
        ann.command(Command::Discard { message: sent }).await;
        bea.comes_online();
        ann.says("@bea", "later").await;
        bea.hears("@ann", "later").await;
        assert!(bea.looks_up(sent).await.is_none());
        nobody_is_alarmed(&[&ann, &bea]).await;
    });
}

#[test]
fn who_writes_what_is_opened_once_has_it_until_it_is_sent_and_nothing_of_it_then() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let hello = bea.says("@ann", "hello again").await.id;
        ann.sees("it", hello, |_| true).await;
        // As it is being written it is kept, too.
        let conversation = ann.id_of("@bea").await;
        ann.command(Command::SetDraft { conversation, text: format!("@bea {WORD}"), wish: Wish::default() }).await;
        assert_eq!(ann.texts_on_its_pages(&[WORD]), [WORD]);
        ann.goes_offline();
        let send = Send {
            to: Target::Account("bea".into()),
            text: format!("@bea {WORD}"),
            reply_to: Some(hello),
            view_once: true,
            wait: false,
        };
        let Reply::Sent(sent) = ann.command(Command::Send(send)).await else { panic!() };
        ann.command(Command::SetDraft { conversation, text: String::new(), wish: Wish::default() }).await;
        let waiting = ann.looks_up(sent.id).await.unwrap();
        assert!(!waiting.is_closed() && waiting.text.contains(WORD));
        assert_eq!((waiting.mentions.len(), waiting.reply_to.is_some()), (1, true));
        ann.comes_online();
        let closed = ann.sees("that it was sent", sent.id, |view| view.state == MessageState::Sent).await;
        assert!(closed.is_closed());
        assert_eq!((closed.mentions.len(), closed.reply_to.is_some()), (0, false));
        ann.until("nothing tells of it", async || ann.texts_on_its_pages(&[WORD]).is_empty()).await;
    });
}

#[test]
fn a_draft_that_is_given_up_is_on_no_page() {
    story(async |world| {
        let (ann, _bea) = two_friends(&world).await;
        let conversation = ann.id_of("@bea").await;
        ann.command(Command::SetDraft { conversation, text: WORD.into(), wish: Wish::default() }).await;
        assert_eq!(ann.texts_on_its_pages(&[WORD]), [WORD]);
        ann.command(Command::SetDraft { conversation, text: String::new(), wish: Wish::default() }).await;
        ann.until("it is gone", async || ann.texts_on_its_pages(&[WORD]).is_empty()).await;
    });
}

#[test]
fn a_part_that_can_not_be_removed_is_removed_later() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let path = ann.has_a_file("roses of nowhere.txt", &bytes(300_000));
        ann.sets_timer("@bea", 600, CountedFrom::Sending).await;
        ann.sends_files("@bea", &[&path]).await;
        is_sent(&ann, "@bea", "roses of nowhere.txt").await;
        let heard = bea.hears_of_file("@ann", "roses of nowhere.txt").await;
        let folder = bea.folder().join("elsewhere");
        std::fs::create_dir(&folder).unwrap();
        let parts = || -> Vec<_> { std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect() };
        bea.file_requests_pass(|_| Passage::Lost);
        let to = folder.to_str().unwrap().to_owned();
        bea.command(Command::FetchFile(FetchFile { message: heard.id, number: 1, folder: to })).await;
        bea.until("a part is there", async || !parts().is_empty()).await;
        bea.crashes().await;
        // Something is in its way, which is no file.
        let part = parts().remove(0);
        std::fs::remove_file(&part).unwrap();
        std::fs::create_dir(&part).unwrap();
        seconds_pass(&world, 601).await;
        bea.goes_offline();
        bea.start();
        bea.has_lost(heard.id).await;
        seconds_pass(&world, 60).await;
        assert_eq!(parts(), std::slice::from_ref(&part));
        bea.crashes().await;
        std::fs::remove_dir(&part).unwrap();
        std::fs::write(&part, WORD).unwrap();
        bea.start();
        bea.until("it is removed", async || parts().is_empty()).await;
        bea.until("nothing tells of it", async || bea.texts_on_its_pages(&["of nowhere"]).is_empty()).await;
    });
}

#[test]
fn a_part_that_can_not_be_removed_is_tried_again_without_anything_else_to_do() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let path = ann.has_a_file("roses of nowhere.txt", &bytes(300_000));
        ann.sets_timer("@bea", 600, CountedFrom::Sending).await;
        ann.sends_files("@bea", &[&path]).await;
        is_sent(&ann, "@bea", "roses of nowhere.txt").await;
        let heard = bea.hears_of_file("@ann", "roses of nowhere.txt").await;
        let (folder, away) = (bea.folder().join("disk"), bea.folder().join("disk that is away"));
        std::fs::create_dir(&folder).unwrap();
        bea.file_requests_pass(|_| Passage::Lost);
        let to = folder.to_str().unwrap().to_owned();
        bea.command(Command::FetchFile(FetchFile { message: heard.id, number: 1, folder: to })).await;
        bea.until("a part is there", async || std::fs::read_dir(&folder).unwrap().count() > 0).await;
        // The disk is taken out, and comes back with what was on it.
        std::fs::rename(&folder, &away).unwrap();
        seconds_pass(&world, 601).await;
        bea.has_lost(heard.id).await;
        seconds_pass(&world, 60).await;
        assert_eq!(bea.texts_on_its_pages(&["of nowhere"]), ["of nowhere"], "where the part is, is known");
        std::fs::rename(&away, &folder).unwrap();
        let back = Instant::now();
        bea.until("the part is removed", async || std::fs::read_dir(&folder).unwrap().count() == 0).await;
        assert!(back.elapsed() < Duration::from_secs(310));
        bea.until("nothing tells of it", async || bea.texts_on_its_pages(&["of nowhere"]).is_empty()).await;
    });
}

#[test]
fn a_download_whose_message_is_gone_stops_at_once() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let path = ann.has_a_file("roses of nowhere.txt", &bytes(300_000));
        ann.sets_timer("@bea", 600, CountedFrom::Sending).await;
        ann.sends_files("@bea", &[&path]).await;
        is_sent(&ann, "@bea", "roses of nowhere.txt").await;
        let heard = bea.hears_of_file("@ann", "roses of nowhere.txt").await;
        let folder = bea.folder().join("elsewhere");
        std::fs::create_dir(&folder).unwrap();
        let is_empty = || std::fs::read_dir(&folder).unwrap().count() == 0;
        bea.file_requests_pass(|_| Passage::Lost);
        let to = folder.to_str().unwrap().to_owned();
        bea.command(Command::FetchFile(FetchFile { message: heard.id, number: 1, folder: to })).await;
        bea.until("a part is there", async || !is_empty()).await;
        // It waits longer and longer for its next try.
        seconds_pass(&world, 500).await;
        assert!(!is_empty());
        bea.has_lost(heard.id).await;
        let gone = Instant::now();
        bea.until("its part is removed", async || is_empty()).await;
        assert!(gone.elapsed() < Duration::from_secs(5));
    });
}
