//! Messages that open later and do not stay: the time that they stay runs no earlier than they could be read.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use huis_engine::FileMethod;
use huis_testkit::{Device, Passage, story};
use huis_views::{Command, CountedFrom, Failure, FileToSend, LockState, MessageView, Preferences, Reply, SendFiles};
use tokio::time::Instant;

use crate::files::bytes;
use crate::settings::preferences;
use crate::time_locks::TWO_MINUTES;
use crate::{nobody_is_alarmed, two_friends};

/// A word that stands nowhere else.
const WORD: &str = "xylophagous";

async fn finds(device: &Device, words: &str) -> usize {
    match device.command(Command::Search { words: words.into(), most: 100 }).await {
        Reply::Found(found) => found.len(),
        other => panic!("{other:?}"),
    }
}

fn unlocks_at_ms(view: &MessageView) -> u64 {
    view.lock.unwrap().unlocks_at_ms
}

#[test]
fn a_timer_from_sending_counts_from_when_a_message_opens_and_takes_what_its_lock_kept() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let tablet = world.another_device_of(&bea).await;
        let laptop = world.another_device_of(&ann).await;
        ann.sets_timer("@bea", 60, CountedFrom::Sending).await;
        let all = [&ann, &laptop, &bea, &tablet];
        for device in all {
            device
                .has_timer(
                    if device.member().await.account == ann.member().await.account { "@bea" } else { "@ann" },
                    Some(60),
                )
                .await;
        }
        let sent = ann.locks("@bea", &format!("{WORD} beetles"), TWO_MINUTES).await.id;
        for device in all {
            device.sees_lock(sent, LockState::Waiting).await;
        }
        // Twice its timer is over before it opens.
        world.passes(Duration::from_secs(110)).await;
        for device in all {
            let waits = device.sees_lock(sent, LockState::Waiting).await;
            assert_eq!(waits.vanishes_at_ms, None, "{device:?}");
        }
        let mut kept = Vec::new();
        for device in all {
            let open = device.sees_lock(sent, LockState::Opened).await;
            assert_eq!(open.text, format!("{WORD} beetles"));
            assert_eq!(open.vanishes_at_ms, Some(unlocks_at_ms(&open) + 60_000), "{device:?}");
            let keeps = device.kept_of_locks();
            assert!(keeps.len() >= 2 && device.runs_on_its_pages(&keeps) == keeps.len(), "{device:?}");
            kept.push(keeps);
        }
        world.passes(Duration::from_secs(61)).await;
        for (device, kept) in all.into_iter().zip(kept) {
            device.has_lost(sent).await;
            assert_eq!(device.lists_locks().await, [], "{device:?}");
            assert_eq!(device.runs_on_its_pages(&kept), 0, "neither shares nor what was sealed: {device:?}");
            assert_eq!(device.texts_on_its_pages(&[WORD]), Vec::<String>::new(), "{device:?}");
            assert_eq!(finds(device, WORD).await, 0);
        }
        nobody_is_alarmed(&all).await;
    });
}

#[test]
fn what_was_read_while_it_was_locked_counts_from_when_it_is_read_open() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let tablet = world.another_device_of(&bea).await;
        ann.sets_timer("@bea", 60, CountedFrom::Reading).await;
        bea.has_timer("@ann", Some(60)).await;
        let sent = ann.locks("@bea", WORD, TWO_MINUTES).await.id;
        for device in [&bea, &tablet] {
            device.sees_lock(sent, LockState::Waiting).await;
        }
        // What is read is its seal.
        bea.reads_all("@ann").await;
        let mark = bea.looks_at("@ann").await.unwrap().read_up_to;
        for device in [&bea, &tablet] {
            device.sees_lock(sent, LockState::Opened).await;
        }
        world.passes(TWO_MINUTES).await;
        for device in [&bea, &tablet] {
            assert_eq!(device.looks_up(sent).await.unwrap().vanishes_at_ms, None, "nobody has read it: {device:?}");
        }
        // A face sees by the mark that there is something to read.
        assert!(bea.looks_at("@ann").await.unwrap().read_up_to < mark);
        bea.reads_all("@ann").await;
        assert_eq!(bea.looks_at("@ann").await.unwrap().read_up_to, mark);
        let here = bea.looks_up(sent).await.unwrap().vanishes_at_ms.unwrap();
        let there = tablet.sees("that it was read", sent, |view| view.vanishes_at_ms.is_some()).await;
        assert!(here.abs_diff(there.vanishes_at_ms.unwrap()) < 10_000, "both count from the same moment, nearly");
        world.passes(Duration::from_secs(75)).await;
        for device in [&bea, &tablet] {
            device.has_lost(sent).await;
            assert_eq!(device.texts_on_its_pages(&[WORD]), Vec::<String>::new(), "{device:?}");
        }
        nobody_is_alarmed(&[&ann, &bea, &tablet]).await;
    });
}

#[test]
fn what_was_read_open_on_another_device_counts_also_where_nobody_gives_receipts() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let tablet = world.another_device_of(&bea).await;
        bea.command(Command::SetPreferences(Preferences { read_receipts: false, presence: true })).await;
        ann.sets_timer("@bea", 3600, CountedFrom::Reading).await;
        bea.has_timer("@ann", Some(3600)).await;
        let sent = ann.locks("@bea", WORD, TWO_MINUTES).await.id;
        let mut position = 0;
        for device in [&bea, &tablet] {
            position = device.sees_lock(sent, LockState::Waiting).await.position;
        }
        // Both marks are as far as they get before it opens.
        bea.reads_all("@ann").await;
        tablet.until("it was read", async || tablet.looks_at("@ann").await.unwrap().read_up_to >= position).await;
        for device in [&bea, &tablet] {
            device.sees_lock(sent, LockState::Opened).await;
        }
        bea.reads_all("@ann").await;
        let here = bea.looks_up(sent).await.unwrap().vanishes_at_ms.unwrap();
        let there = tablet.sees("that it was read", sent, |view| view.vanishes_at_ms.is_some()).await;
        assert_eq!(there.vanishes_at_ms, Some(here));
        nobody_is_alarmed(&[&ann, &bea, &tablet]).await;
    });
}

#[test]
fn to_read_one_of_two_that_opened_behind_the_mark_is_to_read_neither_elsewhere() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let tablet = world.another_device_of(&bea).await;
        bea.command(Command::SetPreferences(Preferences { read_receipts: false, presence: true })).await;
        ann.sets_timer("@bea", 3600, CountedFrom::Reading).await;
        bea.has_timer("@ann", Some(3600)).await;
        let one = ann.locks("@bea", WORD, TWO_MINUTES).await.id;
        let two = ann.locks("@bea", WORD, TWO_MINUTES).await.id;
        let up_to = bea.sees_lock(one, LockState::Waiting).await.position;
        bea.sees_lock(two, LockState::Waiting).await;
        let last = tablet.sees_lock(two, LockState::Waiting).await.position;
        bea.reads_all("@ann").await;
        tablet.until("it was read", async || tablet.looks_at("@ann").await.unwrap().read_up_to >= last).await;
        for device in [&bea, &tablet] {
            for message in [one, two] {
                device.sees_lock(message, LockState::Opened).await;
            }
        }
        let conversation = bea.id_of("@ann").await;
        bea.command(Command::MarkRead { conversation, up_to }).await;
        assert!(bea.looks_up(one).await.unwrap().vanishes_at_ms.is_some());
        world.passes(TWO_MINUTES).await;
        for device in [&bea, &tablet] {
            assert_eq!(device.looks_up(two).await.unwrap().vanishes_at_ms, None, "nobody has read it: {device:?}");
        }
        bea.reads_all("@ann").await;
        let here = bea.looks_up(two).await.unwrap().vanishes_at_ms;
        for message in [one, two] {
            let there = tablet.sees("that it was read", message, |view| view.vanishes_at_ms.is_some()).await;
            assert_eq!(there.vanishes_at_ms, here);
        }
        nobody_is_alarmed(&[&ann, &bea, &tablet]).await;
    });
}

#[test]
fn what_opens_late_on_a_device_that_had_read_past_it_is_there_to_be_read() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let tablet = world.another_device_of(&bea).await;
        bea.command(Command::SetPreferences(Preferences { read_receipts: false, presence: true })).await;
        ann.sets_timer("@bea", 3600, CountedFrom::Reading).await;
        bea.has_timer("@ann", Some(3600)).await;
        let locked = ann.locks("@bea", WORD, TWO_MINUTES).await.id;
        let open = ann.says("@bea", "what is read at once").await.id;
        for device in [&bea, &tablet] {
            device.sees_lock(locked, LockState::Waiting).await;
            device.sees("it", open, |_| true).await;
        }
        bea.goes_offline();
        tablet.sees_lock(locked, LockState::Opened).await;
        world.passes(TWO_MINUTES).await;
        bea.reads_all("@ann").await;
        bea.comes_online();
        bea.sees_lock(locked, LockState::Opened).await;
        tablet.sees("that it was read", open, |view| view.vanishes_at_ms.is_some()).await;
        // The tablet tells what it was told.
        tablet.command(Command::SetPreferences(Preferences { read_receipts: false, presence: false })).await;
        bea.until("it has heard the tablet", async || !preferences(&bea).await.presence).await;
        assert!(bea.looks_up(open).await.unwrap().vanishes_at_ms.is_some());
        assert_eq!(bea.looks_up(locked).await.unwrap().vanishes_at_ms, None, "it was not open when it was passed by");
        bea.reads_all("@ann").await;
        assert!(bea.looks_up(locked).await.unwrap().vanishes_at_ms.is_some());
        nobody_is_alarmed(&[&ann, &bea, &tablet]).await;
    });
}

#[test]
fn a_device_that_was_off_beyond_the_time_shows_nothing_of_it_also_where_its_clock_is_behind() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        bea.clock_is_wrong_by_ms(-5 * 60_000);
        bea.restarts().await;
        bea.is_connected().await;
        ann.sets_timer("@bea", 60, CountedFrom::Sending).await;
        let sent = ann.locks("@bea", WORD, TWO_MINUTES).await.id;
        bea.sees_lock(sent, LockState::Waiting).await;
        bea.stops().await;
        world.passes(TWO_MINUTES + Duration::from_secs(90)).await;
        bea.start();
        bea.is_connected().await;
        let is_back = Instant::now();
        bea.has_lost(sent).await;
        assert!(is_back.elapsed() < Duration::from_secs(30), "it was off, and not put off");
        assert_eq!(bea.texts_on_its_pages(&[WORD]), Vec::<String>::new());
    });
}

fn files_to_open_once(device: &Device, name: &str, reply_to: huis_proto::MessageId) -> SendFiles {
    let path = device.has_a_file(name, &bytes(2_000));
    let file = FileToSend {
        source: path.to_str().unwrap().into(),
        name: None,
        media_type: None,
        thumbnail: None,
        duration_ms: None,
        voice: false,
        peaks: None,
    };
    let (to, text, reply_to) = ("@bea".parse().unwrap(), format!("@bea {WORD}"), Some(reply_to));
    SendFiles { to, files: vec![file], text, reply_to, keep_metadata: false, view_once: true }
}

/// Whether a device has told the server from here on that it need not keep the files of a message.
fn lets_files_go(device: &Device) -> Rc<Cell<bool>> {
    let told = Rc::new(Cell::new(false));
    let tells = Rc::clone(&told);
    device.file_requests_pass(move |request| {
        if request.method == FileMethod::Delete && request.path.contains("seq=") {
            tells.set(true);
        }
        Passage::Free
    });
    told
}

#[test]
fn files_that_open_later_and_once_are_let_go_with_their_message_and_nothing_else_of_it_is_kept() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let laptop = world.another_device_of(&ann).await;
        let hello = bea.says("@ann", "hello again").await.id;
        for device in [&ann, &laptop] {
            device.sees("it", hello, |_| true).await;
        }
        for opens in [true, false] {
            let wish = files_to_open_once(&ann, "roses of nowhere.txt", hello);
            let sent = ann.locks_files(wish, TWO_MINUTES).await.id;
            for device in [&laptop, &bea] {
                device.sees_lock(sent, LockState::Waiting).await;
            }
            if opens {
                for device in [&ann, &laptop, &bea] {
                    let closed = device.sees_lock(sent, LockState::Opened).await;
                    assert!(closed.is_closed(), "{device:?}");
                    let kept = (closed.mentions.len(), closed.reply_to.is_some());
                    assert!(!closed.own || kept == (0, false), "{device:?}: {kept:?}");
                }
            }
            let told = [lets_files_go(&ann), lets_files_go(&laptop)];
            if opens {
                laptop.deletes(sent).await
            } else {
                laptop.withdraws(sent).await.unwrap()
            }
            for (device, told) in [&ann, &laptop].into_iter().zip(told) {
                device.until("the server is told", async || told.get()).await;
                device
                    .until("nothing tells of it", async || device.texts_on_its_pages(&[WORD, "of nowhere"]).is_empty())
                    .await;
            }
        }
        nobody_is_alarmed(&[&ann, &laptop, &bea]).await;
    });
}

#[test]
fn what_is_opened_once_and_opens_later_is_closed_when_it_opens_and_gone_after_the_first_time() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let tablet = world.another_device_of(&bea).await;
        let laptop = world.another_device_of(&ann).await;
        let sent = ann.locks_once("@bea", &format!("{WORD} beetles"), TWO_MINUTES).await.id;
        for device in [&laptop, &bea, &tablet] {
            let locked = device.sees_lock(sent, LockState::Waiting).await;
            assert_eq!((locked.kind.as_str(), locked.view_once), ("timed", false), "what is inside is not told");
            assert!(device.tries_to_open_once(sent).await.is_err());
        }
        // Who wrote it has it no more once it is sent, as ever.
        assert!(ann.sees_lock(sent, LockState::Waiting).await.is_closed());
        ann.reads_all("@bea").await;
        assert_eq!(ann.texts_on_its_pages(&[WORD]), Vec::<String>::new());
        for device in [&ann, &laptop, &bea, &tablet] {
            let closed = device.sees_lock(sent, LockState::Opened).await;
            assert!(closed.is_closed(), "{device:?}");
            assert_eq!(finds(device, WORD).await, 0, "{device:?}");
        }
        for device in [&ann, &laptop] {
            assert_eq!(device.kept_of_locks(), Vec::<Vec<u8>>::new(), "{device:?}");
            device.reads_all("@bea").await;
            assert_eq!(device.texts_on_its_pages(&[WORD]), Vec::<String>::new(), "{device:?}");
        }
        let kept = tablet.kept_of_locks();
        assert_eq!(bea.opens_once(sent).await.text, format!("{WORD} beetles"));
        assert!(matches!(bea.tries_to_open_once(sent).await, Err(Failure::Unknown { .. })));
        tablet.has_lost(sent).await;
        for device in [&bea, &tablet] {
            assert_eq!(device.runs_on_its_pages(&kept), 0, "{device:?}");
            assert_eq!(device.texts_on_its_pages(&[WORD]), Vec::<String>::new(), "{device:?}");
        }
        nobody_is_alarmed(&[&ann, &laptop, &bea, &tablet]).await;
    });
}

#[test]
fn what_was_opened_once_elsewhere_before_it_opened_here_does_not_open() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let tablet = world.another_device_of(&bea).await;
        let sent = ann.locks_once("@bea", WORD, TWO_MINUTES).await.id;
        tablet.sees_lock(sent, LockState::Waiting).await;
        let kept = tablet.kept_of_locks();
        tablet.stops().await;
        bea.sees_lock(sent, LockState::Opened).await;
        bea.opens_once(sent).await;
        bea.stops().await;
        tablet.start();
        tablet.has_lost(sent).await;
        tablet.has_settled().await;
        assert_eq!(tablet.lists_locks().await, []);
        assert_eq!(tablet.runs_on_its_pages(&kept), 0);
        assert_eq!(tablet.texts_on_its_pages(&[WORD]), Vec::<String>::new());
    });
}

#[test]
fn a_device_that_was_off_beyond_the_time_shows_nothing_of_it_and_one_that_could_not_ask_shows_it() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let tablet = world.another_device_of(&bea).await;
        ann.sets_timer("@bea", 60, CountedFrom::Sending).await;
        let sent = ann.locks("@bea", WORD, TWO_MINUTES).await.id;
        for device in [&bea, &tablet] {
            device.sees_lock(sent, LockState::Waiting).await;
        }
        tablet.stops().await;
        world.server_crashes().await;
        world.passes(3 * TWO_MINUTES).await;
        world.server_starts().await;
        // Nobody could have opened it before.
        for device in [&ann, &bea] {
            let open = device.sees_lock(sent, LockState::Opened).await;
            assert_eq!(open.text, WORD);
            let stays_ms = open.vanishes_at_ms.unwrap() - unlocks_at_ms(&open);
            assert!(stays_ms > 4 * 60_000 + 60_000, "{stays_ms}");
        }
        world.passes(Duration::from_secs(90)).await;
        tablet.start();
        for device in [&ann, &bea, &tablet] {
            device.has_lost(sent).await;
            assert_eq!(device.texts_on_its_pages(&[WORD]), Vec::<String>::new(), "{device:?}");
        }
        nobody_is_alarmed(&[&ann, &bea, &tablet]).await;
    });
}

#[test]
fn a_server_that_is_unsure_of_the_time_costs_none_of_it() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        ann.sets_timer("@bea", 60, CountedFrom::Sending).await;
        let sent = ann.locks("@bea", WORD, TWO_MINUTES).await.id;
        bea.sees_lock(sent, LockState::Waiting).await;
        world.server_clock_is_wrong_by_ms(-86_400_000);
        world.passes(3 * TWO_MINUTES).await;
        bea.sees_lock(sent, LockState::Waiting).await;
        world.server_clock_is_wrong_by_ms(0);
        let open = bea.sees_lock(sent, LockState::Opened).await;
        assert!(open.vanishes_at_ms.unwrap() - unlocks_at_ms(&open) > 60_000 + 60_000, "it is here to be read");
        bea.has_lost(sent).await;
        ann.has_lost(sent).await;
    });
}
