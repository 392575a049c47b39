//! Messages that open later.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use huis_testkit::{Device, Passage, story};
use huis_views::{
    Annotate, Annotation, Command, Failure, FileToSend, Forward, LockState, MessageState, Notice, Reply, Send,
    SendFiles,
};
use tokio::time::Instant;

use crate::{nobody_is_alarmed, two_friends};

pub(crate) const TWO_MINUTES: Duration = Duration::from_secs(120);
const SAID: &str = "the cormorant lands at nine";

async fn unprinted(device: &Device) -> Vec<(String, String)> {
    match device.command(Command::Unprinted { most: 100 }).await {
        Reply::Messages(messages) => {
            let positions = messages.iter().map(|message| message.position).collect();
            device.command(Command::MarkPrinted { positions }).await;
            messages.into_iter().map(|message| (message.kind, message.text)).collect()
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_locked_message_opens_by_itself_on_every_device_and_not_before() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let tablet = world.another_device_of(&bea).await;
        let laptop = world.another_device_of(&ann).await;
        ann.has_settled().await;
        unprinted(&bea).await;
        let sent = ann.locks("@bea", SAID, TWO_MINUTES).await;
        for device in [&bea, &tablet, &laptop] {
            let seen = device.sees_lock(sent.id, LockState::Waiting).await;
            assert_eq!((seen.kind.as_str(), seen.text.as_str()), ("timed", ""), "{device:?}");
            let found = device.command(Command::Search { words: "cormorant".into(), most: 9 }).await;
            assert!(matches!(found, Reply::Found(found) if found.is_empty()), "{device:?}");
        }
        let newest = bea.looks_at("@ann").await.unwrap().newest.unwrap();
        assert_eq!((newest.text.as_str(), newest.locked), ("", true));
        // Who sent it knows what it says.
        let own = ann.sees_lock(sent.id, LockState::Waiting).await;
        assert_eq!((own.kind.as_str(), own.text.as_str(), own.state), ("text", SAID, MessageState::Sent));
        assert_eq!(unprinted(&bea).await, [("timed".to_owned(), String::new())]);
        world.passes(TWO_MINUTES / 2).await;
        for device in [&ann, &bea, &tablet, &laptop] {
            let locked = device.lists_locks().await;
            assert_eq!(locked[0].lock.map(|lock| lock.state), Some(LockState::Waiting), "{device:?}");
        }
        for device in [&bea, &tablet, &laptop, &ann] {
            let seen = device.sees_lock(sent.id, LockState::Opened).await;
            assert_eq!((seen.kind.as_str(), seen.text.as_str()), ("text", SAID), "{device:?}");
            let found = device.command(Command::Search { words: "cormorant".into(), most: 9 }).await;
            assert!(matches!(found, Reply::Found(found) if found.len() == 1), "{device:?}");
        }
        let newest = bea.looks_at("@ann").await.unwrap().newest.unwrap();
        assert_eq!((newest.text.as_str(), newest.locked), (SAID, false));
        // A script is given it once more, as it is.
        assert_eq!(unprinted(&bea).await, [("text".to_owned(), SAID.to_owned())]);
        assert_eq!(unprinted(&bea).await, []);
        nobody_is_alarmed(&[&ann, &bea, &tablet, &laptop]).await;
    });
}

pub(crate) fn locked_file(to: &str, path: &std::path::Path) -> SendFiles {
    let file = FileToSend {
        source: path.to_str().unwrap().into(),
        name: None,
        media_type: None,
        thumbnail: None,
        duration_ms: None,
        voice: false,
        peaks: None,
    };
    let (to, text) = (to.parse().unwrap(), "look".into());
    SendFiles { to, files: vec![file], text, reply_to: None, keep_metadata: false, view_once: false }
}

#[test]
fn files_open_later_too() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let path = ann.has_a_file("plan.txt", b"the plan");
        let sent = ann.locks_files(locked_file("@bea", &path), TWO_MINUTES).await;
        let seen = bea.sees_lock(sent.id, LockState::Waiting).await;
        assert_eq!((seen.kind.as_str(), seen.files.len(), seen.lock.unwrap().files), ("timed", 0, 1));
        assert!(bea.begins_to_fetch(sent.id, 1).await.is_err());
        let opened = bea.sees_lock(sent.id, LockState::Opened).await;
        assert_eq!((opened.kind.as_str(), opened.text.as_str()), ("file", "look"));
        assert_eq!(opened.files[0].name, "plan.txt");
        let fetched = bea.fetches(sent.id, 1).await;
        assert_eq!(std::fs::read(fetched).unwrap(), b"the plan");
        nobody_is_alarmed(&[&ann, &bea]).await;
    });
}

#[test]
fn what_opened_while_a_device_was_away_is_open_when_it_is_back() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let tablet = world.another_device_of(&bea).await;
        tablet.stops().await;
        let sent = ann.locks("@bea", SAID, TWO_MINUTES).await;
        bea.sees_lock(sent.id, LockState::Waiting).await;
        // One goes with the message, the other one before it came.
        bea.stops().await;
        world.passes(Duration::from_secs(24 * 3600)).await;
        for device in [&bea, &tablet] {
            device.start();
            assert_eq!(device.sees_lock(sent.id, LockState::Opened).await.text, SAID);
        }
        nobody_is_alarmed(&[&ann, &bea, &tablet]).await;
    });
}

#[test]
fn a_device_that_is_added_behind_a_locked_message_shows_nothing_of_it_and_nothing_wrong() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let (before, sent) = (ann.says("@bea", "before").await, ann.locks("@bea", SAID, TWO_MINUTES).await);
        bea.sees_lock(sent.id, LockState::Waiting).await;
        let (tablet, laptop) = (world.another_device_of(&bea).await, world.another_device_of(&ann).await);
        ann.says("@bea", "behind").await;
        let later = ann.locks("@bea", "locked behind", TWO_MINUTES).await;
        for (device, place) in [(&tablet, "@ann"), (&laptop, "@bea")] {
            device.hears(place, "behind").await;
            device.sees_lock(later.id, LockState::Waiting).await;
        }
        assert!(matches!(laptop.withdraws(sent.id).await, Err(Failure::Unknown { .. })), "nor can it take it back");
        bea.sees_lock(later.id, LockState::Opened).await;
        assert_eq!(bea.sees_lock(sent.id, LockState::Opened).await.text, SAID);
        // Whoever answers it there quotes it here.
        let answer = bea.answers("@ann", sent.id, "at last").await.id;
        for (device, place) in [(&tablet, "@ann"), (&laptop, "@bea")] {
            device.sees_lock(later.id, LockState::Opened).await;
            let quote = device.sees("the answer", answer, |_| true).await.reply_to.unwrap();
            assert_eq!((quote.text.as_str(), quote.here), (SAID, false));
            for message in [before.id, sent.id] {
                assert!(device.looks_up(message).await.is_none(), "{device:?}");
            }
            let locks: Vec<_> = device.lists_locks().await.into_iter().map(|message| message.id).collect();
            assert_eq!(locks, [later.id], "{device:?}");
            assert_eq!(device.texts(place).await, ["behind", "locked behind", "at last"], "{device:?}");
            device.has_settled().await;
        }
        nobody_is_alarmed(&[&ann, &bea, &tablet, &laptop]).await;
    });
}

#[test]
fn what_waited_to_be_sent_beyond_its_time_opens_at_once() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        ann.goes_offline();
        let sent = ann.tries_to_lock("@bea", SAID, TWO_MINUTES, false).await.unwrap();
        world.passes(2 * TWO_MINUTES).await;
        ann.comes_online();
        assert_eq!(bea.sees_lock(sent.id, LockState::Opened).await.text, SAID);
        nobody_is_alarmed(&[&ann, &bea]).await;
    });
}

#[test]
fn what_is_not_sent_yet_is_not_asked_for_and_opens_as_soon_as_it_is() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let asked = Rc::new(Cell::new(0));
        let count = Rc::clone(&asked);
        ann.requests_pass(move |request| {
            count.set(count.get() + u32::from(request.path.contains("/time-locks/")));
            Some(request)
        });
        ann.file_requests_pass(|_| Passage::Lost);
        let path = ann.has_a_file("plan.txt", b"the plan");
        let sent = ann.locks_files(locked_file("@bea", &path), TWO_MINUTES).await;
        world.passes(3 * TWO_MINUTES).await;
        assert_eq!(asked.get(), 0);
        ann.file_requests_pass(|_| Passage::Free);
        ann.sees("it is sent", sent.id, |view| view.state == MessageState::Sent).await;
        let is_sent = Instant::now();
        ann.sees_lock(sent.id, LockState::Opened).await;
        assert!(is_sent.elapsed() < Duration::from_secs(30));
        assert_eq!(asked.get(), 1);
        bea.sees_lock(sent.id, LockState::Opened).await;
        nobody_is_alarmed(&[&ann, &bea]).await;
    });
}

#[test]
fn of_what_a_locked_answer_quotes_nothing_is_kept_once_that_is_taken_back() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        for opens_before in [false, true] {
            let quoted = ann.says("@bea", SAID).await.id;
            let answer = ann.locks_answer("@bea", quoted, "an answer", TWO_MINUTES).await.id;
            bea.sees_lock(answer, LockState::Waiting).await;
            if opens_before {
                let open = bea.sees_lock(answer, LockState::Opened).await;
                assert_eq!(open.reply_to.unwrap().text, SAID);
                assert!(!bea.kept_of_locks().is_empty(), "by which it can be reported");
            }
            ann.deletes(quoted).await;
            bea.sees("it was taken back", quoted, |view| view.deleted_by.is_some()).await;
            let open = bea.sees_lock(answer, LockState::Opened).await;
            assert_eq!((open.text.as_str(), open.reply_to.unwrap().text.as_str()), ("an answer", ""));
            assert_eq!(bea.kept_of_locks(), Vec::<Vec<u8>>::new(), "what had come quotes it: {opens_before}");
            assert!(!bea.everything_stored().iter().any(|value| contains(value, b"cormorant")));
        }
        nobody_is_alarmed(&[&ann, &bea]).await;
    });
}

#[test]
fn to_withdraw_a_message_is_to_ask_the_server_once() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let sent = ann.locks("@bea", SAID, TWO_MINUTES).await;
        bea.sees_lock(sent.id, LockState::Waiting).await;
        let asked = Rc::new(Cell::new(0));
        let count = Rc::clone(&asked);
        ann.requests_pass(move |request| {
            count.set(count.get() + u32::from(request.path.contains("/time-locks/")));
            Some(request)
        });
        ann.withdraws(sent.id).await.unwrap();
        bea.sees("it was taken back", sent.id, |seen| seen.deleted_by.is_some()).await;
        assert_eq!(asked.get(), 1);
    });
}

#[test]
fn a_device_whose_clock_is_wrong_opens_by_the_servers() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        for wrong_by_ms in [50_000, -50_000, 86_400_000] {
            bea.clock_is_wrong_by_ms(wrong_by_ms);
            bea.loses_its_connection();
            bea.is_connected().await;
            let sent = ann.locks("@bea", SAID, TWO_MINUTES).await;
            bea.sees_lock(sent.id, LockState::Waiting).await;
            world.passes(TWO_MINUTES / 2).await;
            bea.sees_lock(sent.id, LockState::Waiting).await;
            world.passes(TWO_MINUTES / 2 + Duration::from_secs(15)).await;
            assert_eq!(bea.lists_locks().await[0].lock.unwrap().state, LockState::Opened, "{wrong_by_ms}");
        }
    });
}

#[test]
fn a_withdrawn_message_never_opens_and_everybody_sees_that_it_was_taken_back() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let tablet = world.another_device_of(&bea).await;
        let laptop = world.another_device_of(&ann).await;
        tablet.stops().await;
        let sent = ann.locks("@bea", SAID, TWO_MINUTES).await;
        bea.sees_lock(sent.id, LockState::Waiting).await;
        laptop.sees_lock(sent.id, LockState::Waiting).await;
        assert!(matches!(bea.withdraws(sent.id).await, Err(Failure::Invalid { .. })));
        // From whichever of the sender's devices.
        laptop.withdraws(sent.id).await.unwrap();
        bea.sees("it was taken back", sent.id, |seen| seen.deleted_by.is_some()).await;
        world.passes(2 * TWO_MINUTES).await;
        tablet.start();
        tablet.sees("it was taken back", sent.id, |seen| seen.deleted_by.is_some()).await;
        for device in [&ann, &bea, &tablet, &laptop] {
            assert_eq!(device.lists_locks().await, [], "{device:?}");
            let values = device.everything_stored();
            assert!(!values.iter().any(|value| contains(value, SAID.as_bytes())), "{device:?}");
        }
        nobody_is_alarmed(&[&ann, &bea, &tablet, &laptop]).await;
    });
}

#[test]
fn what_has_opened_is_not_withdrawn_and_what_was_not_sent_yet_is_discarded() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let sent = ann.locks("@bea", SAID, TWO_MINUTES).await;
        ann.sees_lock(sent.id, LockState::Opened).await;
        bea.sees_lock(sent.id, LockState::Opened).await;
        assert!(matches!(ann.withdraws(sent.id).await, Err(Failure::Invalid { .. })));
        ann.goes_offline();
        let unsent = ann.tries_to_lock("@bea", "never", TWO_MINUTES, false).await.unwrap();
        ann.withdraws(unsent.id).await.unwrap();
        ann.comes_online();
        ann.has_settled().await;
        ann.says("@bea", "after").await;
        bea.hears("@ann", "after").await;
        assert!(!bea.texts("@ann").await.contains(&"never".to_owned()));
        assert_eq!(bea.lists_locks().await.len(), 1);
    });
}

#[test]
fn nothing_that_is_done_to_a_locked_message_tells_what_is_inside() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let sent = ann.locks("@bea", SAID, TWO_MINUTES).await;
        let edit = Annotation::Edit { text: "other".into() };
        let annotate = |annotation| Command::Annotate(Annotate { message: sent.id, annotation, wait: true });
        assert!(matches!(ann.tries(annotate(edit)).await, Err(Failure::Invalid { .. })));
        let forward = Forward { message: sent.id, to: "@bea".parse().unwrap(), wait: true };
        for device in [&ann, &bea] {
            device.sees_lock(sent.id, LockState::Waiting).await;
            let forwarded = device.tries(Command::Forward(forward.clone())).await;
            assert!(matches!(forwarded, Err(Failure::Invalid { .. })), "{device:?}");
        }
        // An answer quotes none of it, and reactions are kept when it opens.
        let (to, reply_to) = ("@bea".parse().unwrap(), Some(sent.id));
        let answer = Send { to, text: "soon".into(), reply_to, view_once: false, wait: true };
        ann.command(Command::Send(answer)).await;
        bea.hears("@ann", "soon").await;
        bea.command(annotate(Annotation::React { emoji: "👀".into() })).await;
        let values = bea.everything_stored();
        assert!(!values.iter().any(|value| contains(value, b"cormorant")));
        let opened = bea.sees_lock(sent.id, LockState::Opened).await;
        assert_eq!((opened.text.as_str(), opened.reactions.len()), (SAID, 1));
        nobody_is_alarmed(&[&ann, &bea]).await;
    });
}

#[test]
fn a_time_that_is_over_or_too_far_is_refused() {
    story(async |world| {
        let (ann, _) = two_friends(&world).await;
        for time in [Duration::ZERO, Duration::from_secs(11 * 366 * 24 * 3600)] {
            let refused = ann.tries_to_lock("@bea", SAID, time, true).await;
            assert!(matches!(refused, Err(Failure::Invalid { .. })), "{time:?}");
        }
        assert_eq!(ann.lists_locks().await, []);
    });
}

#[test]
fn a_locked_message_survives_crashes_on_all_sides() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let sent = ann.locks("@bea", SAID, TWO_MINUTES).await;
        bea.sees_lock(sent.id, LockState::Waiting).await;
        world.server_crashes().await;
        bea.restarts().await;
        ann.restarts().await;
        world.passes(TWO_MINUTES).await;
        // The time has come, and nobody can be asked.
        bea.sees_lock(sent.id, LockState::Waiting).await;
        world.server_starts().await;
        assert_eq!(bea.sees_lock(sent.id, LockState::Opened).await.text, SAID);
        ann.sees_lock(sent.id, LockState::Opened).await;
        let broken = |notice: &Notice| matches!(notice, Notice::WillNotOpen { .. });
        assert!(!bea.noticed().await.iter().any(broken));
    });
}

#[test]
fn for_a_request_nothing_is_asked_before_it_is_accepted() {
    story(async |world| {
        let (ann, bea) = (world.account("ann").await, world.account("bea").await);
        let asked = Rc::new(Cell::new(0));
        let count = Rc::clone(&asked);
        bea.requests_pass(move |request| {
            count.set(count.get() + u32::from(request.path.contains("/time-locks/")));
            Some(request)
        });
        ann.says("@bea", "hello").await;
        let sent = ann.locks("@bea", SAID, TWO_MINUTES).await;
        bea.until("the locked message waits", async || bea.lists_locks().await.len() == 1).await;
        world.passes(2 * TWO_MINUTES).await;
        assert_eq!(asked.get(), 0);
        bea.accepts("@ann").await;
        assert_eq!(bea.sees_lock(sent.id, LockState::Opened).await.text, SAID);
        assert_eq!(asked.get(), 1);
    });
}

pub(crate) fn contains(value: &[u8], part: &[u8]) -> bool {
    value.windows(part.len()).any(|window| window == part)
}
