//! Files where things break: networks, processes, servers, and the files themselves.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use huis_engine::{FileMethod, FileRequest, FileResponse};
use huis_testkit::{Device, Faults, Passage, seeds, story, story_with_seed};
use huis_views::{MessageState, TransferState};

use crate::files::{CHUNK, bytes, is_sent};
use crate::{nobody_is_alarmed, two_friends};

const SEALED: usize = CHUNK + 16;
/// More transactions than an engine makes to start, connect, and send or fetch a file.
const STEPS: u64 = 24;

/// What a device has sent of each upload: **at no place of one two different bytes**, for they would be sealed with one key.
#[derive(Clone, Default)]
struct Seen(Rc<RefCell<BTreeMap<String, Vec<Option<u8>>>>>);

impl Seen {
    fn look(&self, request: &FileRequest) {
        let Some(body) = request.body.as_ref().filter(|_| request.method == FileMethod::Patch) else { return };
        let offset =
            request.headers.iter().find(|(name, _)| *name == "upload-offset").unwrap().1.parse::<usize>().unwrap();
        let mut uploads = self.0.borrow_mut();
        let known = uploads.entry(request.path.clone()).or_default();
        for (at, byte) in (offset..).zip(body.as_ref()) {
            if known.len() <= at {
                known.resize(at + 1, None);
            }
            let before = known[at].replace(*byte);
            assert!(before.is_none_or(|before| before == *byte), "two texts under one key at {at} of {}", request.path);
        }
    }

    fn uploads(&self) -> usize {
        self.0.borrow().len()
    }
}

#[test]
fn an_upload_that_breaks_off_anywhere_goes_on_and_no_key_seals_two_texts() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let content = bytes(5 * CHUNK + 9);
        // Each boundary of a chunk, one byte before and behind it, nothing at all, and everything without an answer.
        let cuts = (0..=6).flat_map(|chunk| [(chunk * SEALED).saturating_sub(1), chunk * SEALED, chunk * SEALED + 1]);
        for (number, cut) in cuts.enumerate() {
            let seen = Seen::default();
            let (looks, broken) = (seen.clone(), Cell::new(false));
            ann.file_requests_pass(move |request| {
                looks.look(request);
                match request.method {
                    FileMethod::Patch if !broken.replace(true) => Passage::CutUp(cut),
                    _ => Passage::Free,
                }
            });
            let name = format!("cut {number}.bin");
            ann.sends_files("@bea", &[&ann.has_a_file(&name, &content)]).await;
            let heard = bea.hears_of_file("@ann", &name).await;
            assert_eq!(std::fs::read(bea.fetches(heard.id, 1).await).unwrap(), content, "cut at {cut}");
            assert_eq!(seen.uploads(), 1, "it went on, and was not begun anew");
        }
        nobody_is_alarmed(&[&ann, &bea]).await;
    });
}

#[test]
fn a_download_that_breaks_off_anywhere_goes_on() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let content = bytes(5 * CHUNK + 9);
        ann.sends_files("@bea", &[&ann.has_a_file("roses.bin", &content)]).await;
        let heard = bea.hears_of_file("@ann", "roses.bin").await;
        let cuts = (0..=6).flat_map(|chunk| [(chunk * SEALED).saturating_sub(1), chunk * SEALED, chunk * SEALED + 1]);
        for cut in cuts {
            let broken = Cell::new(false);
            bea.file_requests_pass(move |_| if broken.replace(true) { Passage::Free } else { Passage::CutDown(cut) });
            let path = bea.fetches(heard.id, 1).await;
            assert_eq!(std::fs::read(&path).unwrap(), content, "cut at {cut}");
            std::fs::remove_file(path).unwrap();
        }
        assert_eq!(bea.names_fetched(), Vec::<String>::new());
    });
}

#[test]
fn a_sender_may_die_after_any_transaction_and_no_key_seals_two_texts() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let seen = Seen::default();
        let mut kept = Vec::new();
        for step in 1..=STEPS {
            let looks = seen.clone();
            ann.file_requests_pass(move |request| {
                looks.look(request);
                Passage::Free
            });
            ann.crashes().await;
            ann.starts_and_dies_after(step);
            let (name, content) = (format!("dying after {step}.bin"), bytes(40 * CHUNK + step as usize));
            if ann.attempts_to_send_file("@bea", &ann.has_a_file(&name, &content)).await {
                kept.push((name, content));
            }
            world.passes(Duration::from_secs(60)).await;
            ann.restarts().await;
            ann.has_settled().await;
        }
        for (name, content) in &kept {
            let heard = bea.hears_of_file("@ann", name).await;
            assert_eq!(std::fs::read(bea.fetches(heard.id, 1).await).unwrap(), *content, "{name}");
        }
        let messages = bea.messages("@ann").await;
        assert_eq!(messages.iter().filter(|message| !message.files.is_empty()).count(), kept.len(), "each came once");
        assert!(kept.len() > 10, "most of the engines lived long enough to keep something");
        nobody_is_alarmed(&[&ann, &bea]).await;
    });
}

#[test]
fn a_receiver_may_die_after_any_transaction_and_has_the_file_once() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let content = bytes(40 * CHUNK + 7);
        ann.sends_files("@bea", &[&ann.has_a_file("roses.bin", &content)]).await;
        let heard = bea.hears_of_file("@ann", "roses.bin").await;
        let (mut ended, mut whole) = (0, 0);
        for step in 1..=STEPS {
            bea.crashes().await;
            bea.starts_and_dies_after(step);
            let folder = bea.fetched().to_str().unwrap().to_owned();
            let fetch = huis_views::FetchFile { message: heard.id, number: 1, folder };
            let begun = matches!(bea.attempts(huis_views::Command::FetchFile(fetch)).await, Some(Ok(_)));
            world.passes(Duration::from_secs(60)).await;
            // What has its name already needs no room any more.
            let is_whole = bea.names_fetched() == ["roses.bin"];
            whole += u32::from(is_whole);
            bea.disk_has(is_whole.then_some(0));
            bea.restarts().await;
            bea.is_connected().await;
            if begun {
                ended += 1;
                let path = bea.fetches(heard.id, 1).await;
                assert_eq!(std::fs::read(&path).unwrap(), content, "dying after {step}");
                assert_eq!(bea.names_fetched(), ["roses.bin"], "dying after {step}");
                std::fs::remove_file(path).unwrap();
            }
            bea.disk_has(None);
        }
        assert!(ended > 5, "some of the engines lived long enough to begin");
        assert!(whole > 0, "some of them lived long enough to give it its name");
    });
}

/// Changes a file without changing its size or its time.
fn changes_unseen(path: &std::path::Path, at: usize) {
    let file = std::fs::File::options().write(true).open(path).unwrap();
    let time = file.metadata().unwrap().modified().unwrap();
    std::os::unix::fs::FileExt::write_all_at(&file, b"changed", at as u64).unwrap();
    file.set_modified(time).unwrap();
}

#[test]
fn a_file_that_changed_in_between_is_sealed_with_another_key() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        // The change is in what the server has, in what was under way, and in what was not sealed yet.
        for (number, at) in [(0, 9), (1, 17 * CHUNK + 9), (2, 190 * CHUNK)] {
            let seen = Seen::default();
            let (looks, pieces) = (seen.clone(), Cell::new(0));
            let (sent, waits) = (Rc::new(Cell::new(false)), Rc::new(Cell::new(true)));
            let (has_sent, may_wait) = (Rc::clone(&sent), Rc::clone(&waits));
            ann.file_requests_pass(move |request| {
                looks.look(request);
                if request.method == FileMethod::Patch && may_wait.get() {
                    pieces.set(pieces.get() + 1);
                    if pieces.get() > 1 {
                        has_sent.set(true);
                        return Passage::Lost;
                    }
                }
                Passage::Free
            });
            let name = format!("draft {number}.txt");
            let path = ann.has_a_file(&name, &bytes(200 * CHUNK));
            ann.sends_files("@bea", &[&path]).await;
            ann.until("a piece of it is under way", async || sent.get()).await;
            ann.crashes().await;
            changes_unseen(&path, at);
            waits.set(false);
            ann.start();
            let heard = bea.hears_of_file("@ann", &name).await;
            assert_eq!(std::fs::read(bea.fetches(heard.id, 1).await).unwrap(), std::fs::read(&path).unwrap());
            let begun = if number < 2 { 2 } else { 1 };
            assert_eq!(seen.uploads(), begun, "what was not sealed yet may change: {name}");
        }
    });
}

#[test]
fn a_file_that_grew_is_sent_as_it_is_then() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        ann.goes_offline();
        let path = ann.has_a_file("log.txt", &bytes(CHUNK));
        ann.sends_files("@bea", &[&path]).await;
        std::fs::write(&path, bytes(2 * CHUNK)).unwrap();
        ann.comes_online();
        let heard = bea.hears_of_file("@ann", "log.txt").await;
        assert_eq!(heard.files[0].size, 2 * CHUNK as u64);
        assert_eq!(std::fs::read(bea.fetches(heard.id, 1).await).unwrap(), bytes(2 * CHUNK));
    });
}

#[test]
fn a_server_may_crash_in_the_middle_both_ways() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let content = bytes(200 * CHUNK);
        let crashes = Rc::new(Cell::new(false));
        for device in [&ann, &bea] {
            let (pieces, crashes) = (Cell::new(0), Rc::clone(&crashes));
            device.file_requests_pass(move |request| {
                if matches!(request.method, FileMethod::Patch | FileMethod::Get) {
                    pieces.set(pieces.get() + 1);
                    if pieces.get() == 3 {
                        crashes.set(true);
                        return Passage::Lost;
                    }
                }
                Passage::Free
            });
        }
        let dies = async |device: &Device| {
            device.until("the server is needed", async || crashes.take()).await;
            world.server_crashes().await;
            world.passes(Duration::from_secs(30)).await;
            world.server_starts().await;
        };
        ann.sends_files("@bea", &[&ann.has_a_file("film.mkv", &content)]).await;
        dies(&ann).await;
        let heard = bea.hears_of_file("@ann", "film.mkv").await;
        let fetching = bea.begins_to_fetch(heard.id, 1).await.unwrap();
        dies(&bea).await;
        let path = bea.transfer_ends(fetching).await.saved_at.unwrap();
        assert_eq!(std::fs::read(path).unwrap(), content);
        nobody_is_alarmed(&[&ann, &bea]).await;
    });
}

#[test]
fn files_pass_over_bad_networks() {
    for seed in seeds(3) {
        story_with_seed(seed, async |world| {
            let (ann, bea) = two_friends(&world).await;
            let seen = Seen::default();
            for device in [&ann, &bea] {
                let (looks, requests) = (seen.clone(), Cell::new(0_usize));
                device.network_is(Faults::MANY);
                device.file_requests_pass(move |request| {
                    looks.look(request);
                    requests.set(requests.get() + 1);
                    match requests.get() % 4 {
                        1 => Passage::CutUp(requests.get() * 33_333),
                        2 => Passage::CutDown(requests.get() * 77_777),
                        _ => Passage::Free,
                    }
                });
            }
            let paths = [1, 2, 3].map(|n| ann.has_a_file(&format!("{n}.bin"), &bytes(n * 30 * CHUNK)));
            ann.sends_files("@bea", &[&paths[0], &paths[1], &paths[2]]).await;
            let heard = bea.hears_of_file("@ann", "3.bin").await;
            for number in 1..=3 {
                let path = bea.fetches(heard.id, number).await;
                assert_eq!(std::fs::read(path).unwrap(), bytes(number as usize * 30 * CHUNK));
            }
            nobody_is_alarmed(&[&ann, &bea]).await;
        });
    }
}

#[test]
fn what_the_server_lost_before_the_message_went_out_is_uploaded_again() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        // All of it is there, and the message is not: nobody is told of the connection's frames any more.
        let path = ann.has_a_file("late.txt", b"late");
        ann.sent_frames_pass(|_| huis_testkit::Fate::Becomes(vec![]));
        ann.sends_files("@bea", &[&path]).await;
        ann.until("it is uploaded", async || {
            ann.transfers().await.iter().all(|transfer| transfer.state == huis_views::TransferState::Done)
        })
        .await;
        ann.crashes().await;
        world.days_pass_at_once(3).await;
        world.passes(Duration::from_secs(3600)).await;
        ann.nobody_meddles();
        ann.start();
        let heard = bea.hears_of_file("@ann", "late.txt").await;
        assert_eq!(std::fs::read(bea.fetches(heard.id, 1).await).unwrap(), b"late");
        is_sent(&ann, "@bea", "late.txt").await;
    });
}

#[test]
fn a_message_whose_file_is_gone_says_so_and_goes_out_once_it_is_back() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        ann.goes_offline();
        let path = ann.has_a_file("here.txt", b"here");
        let sent = ann.sends_files("@bea", &[&path]).await;
        std::fs::remove_file(&path).unwrap();
        ann.comes_online();
        let failed = async || {
            let messages = ann.messages("@bea").await;
            messages.iter().any(|message| message.id == sent.id && matches!(message.state, MessageState::Failed(_)))
        };
        ann.until("it has failed", failed).await;
        std::fs::write(&path, b"here").unwrap();
        ann.command(huis_views::Command::Retry { message: sent.id }).await;
        let heard = bea.hears_of_file("@ann", "here.txt").await;
        assert_eq!(std::fs::read(bea.fetches(heard.id, 1).await).unwrap(), b"here");
    });
}

#[test]
fn what_cannot_be_fetched_holds_up_nothing_else() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let paths = ["one.bin", "two.bin", "three.bin"].map(|name| ann.has_a_file(name, &bytes(3 * CHUNK)));
        ann.sends_files("@bea", &[&paths[0], &paths[1], &paths[2]]).await;
        let heard = bea.hears_of_file("@ann", "three.bin").await;
        // The server is well, and cannot read these files.
        bea.file_answers_pass(|request, answer| match request.method {
            FileMethod::Get => FileResponse { status: 500, ..FileResponse::default() },
            _ => answer,
        });
        let stuck = [
            bea.begins_to_fetch(heard.id, 1).await.unwrap(),
            bea.begins_to_fetch(heard.id, 2).await.unwrap(),
            bea.begins_to_fetch(heard.id, 3).await.unwrap(),
        ];
        let sent = bea.sends_files("@ann", &[&bea.has_a_file("answer.bin", &bytes(CHUNK))]).await;
        let answer = ann.hears_of_file("@bea", "answer.bin").await;
        assert_eq!(answer.id, sent.id);
        // And they come as soon as they can be read.
        bea.nobody_meddles();
        for transfer in stuck {
            assert_eq!(bea.transfer_ends(transfer).await.state, TransferState::Done);
        }
    });
}
