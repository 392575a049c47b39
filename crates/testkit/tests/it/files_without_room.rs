//! Files for which there is no room, here or at the server; and how many go at once.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::path::Path;
use std::rc::Rc;

use huis_engine::{FileMethod, FileRequest, FileResponse};
use huis_proto::{ErrorCode, Problem};
use huis_testkit::{Passage, story};
use huis_views::{Command, Failure, MessageState, TransferState};

use crate::files::{CHUNK, bytes};
use crate::{nobody_is_alarmed, two_friends};

/// What a download leaves free on a disk.
const KEPT_FREE: u64 = 64 * 1024 * 1024;

fn header<'a>(request: &'a FileRequest, name: &str) -> &'a str {
    &request.headers.iter().find(|(known, _)| *known == name).unwrap_or_else(|| panic!("no {name}")).1
}

#[test]
fn a_file_that_the_disk_has_no_room_for_is_refused_before_anything_of_it_is_asked_for() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let content = bytes(5 * CHUNK);
        ann.sends_files("@bea", &[&ann.has_a_file("film.mkv", &content)]).await;
        let heard = bea.hears_of_file("@ann", "film.mkv").await;
        let asked = Rc::new(Cell::new(0));
        let counted = Rc::clone(&asked);
        bea.file_requests_pass(move |_| {
            counted.set(counted.get() + 1);
            Passage::Free
        });
        for room in [0, 1, 5 * CHUNK as u64 - 1] {
            bea.disk_has(Some(KEPT_FREE + room));
            let reason = format!("it needs {} bytes more, and the disk has room for {room}", 5 * CHUNK);
            let refused = Err(Failure::File { name: "film.mkv".into(), reason });
            assert_eq!(bea.tries_to_fetch(heard.id, 1).await, refused);
        }
        assert_eq!((asked.get(), bea.names_fetched()), (0, vec![]));
        // As much as it needs, and what stays free.
        bea.disk_has(Some(KEPT_FREE + 5 * CHUNK as u64));
        assert_eq!(std::fs::read(bea.fetches(heard.id, 1).await).unwrap(), content);
    });
}

#[test]
fn of_a_file_over_which_the_disk_runs_full_nothing_stays_and_it_comes_once_there_is_room() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let content = bytes(200 * CHUNK);
        ann.sends_files("@bea", &[&ann.has_a_file("film.mkv", &content)]).await;
        let heard = bea.hears_of_file("@ann", "film.mkv").await;
        let (disk, pieces) = (bea.clone(), Cell::new(0));
        bea.file_requests_pass(move |_| {
            pieces.set(pieces.get() + 1);
            if pieces.get() == 3 {
                disk.disk_has(Some(CHUNK as u64));
            }
            Passage::Free
        });
        let full = Failure::File { name: "film.mkv".into(), reason: "the disk is full".into() };
        assert_eq!(bea.tries_to_fetch(heard.id, 1).await, Err(full));
        assert_eq!(bea.names_fetched(), Vec::<String>::new());
        bea.disk_has(None);
        assert_eq!(std::fs::read(bea.fetches(heard.id, 1).await).unwrap(), content);
    });
}

#[test]
fn an_upload_that_a_full_server_refuses_in_the_middle_fails_with_that_and_goes_on_after_another_try() {
    for (code, status) in [(ErrorCode::QuotaExceeded, 413), (ErrorCode::StorageFull, 507)] {
        story(async |world| {
            let (ann, bea) = two_friends(&world).await;
            let content = bytes(200 * CHUNK);
            let full = Rc::new(Cell::new(true));
            let (is_full, pieces) = (Rc::clone(&full), Cell::new(0));
            ann.file_answers_pass(move |request, answer| {
                if request.method != FileMethod::Patch || !is_full.get() {
                    return answer;
                }
                pieces.set(pieces.get() + 1);
                if pieces.get() < 3 {
                    return answer;
                }
                let problem = Problem::new(code, "There is no room for it.");
                FileResponse { status, body: serde_json::to_vec(&problem).unwrap(), ..FileResponse::default() }
            });
            let path = ann.has_a_file("film.mkv", &content);
            let sent = ann.sends_files("@bea", &[&path]).await;
            let refused = |failure: &Failure| matches!(failure, Failure::Refused { code: of, .. } if *of == code);
            ann.until("it was refused", async || {
                let messages = ann.messages("@bea").await;
                let message = messages.iter().find(|message| message.id == sent.id).unwrap();
                matches!(&message.state, MessageState::Failed(failure) if refused(failure))
            })
            .await;
            let transfers = ann.transfers().await;
            assert!(matches!(&transfers[0].state, TransferState::Failed(failure) if refused(failure)));
            assert!((1..transfers[0].size).contains(&transfers[0].done), "it was in the middle: {transfers:?}");
            // What the server has of it is not sent again.
            let offsets = Rc::new(RefCell::new(Vec::new()));
            let seen = Rc::clone(&offsets);
            ann.file_requests_pass(move |request| {
                assert_ne!(request.method, FileMethod::Post, "nothing is begun anew");
                if request.method == FileMethod::Patch {
                    seen.borrow_mut().push(header(request, "upload-offset").parse::<u64>().unwrap());
                }
                Passage::Free
            });
            full.set(false);
            ann.command(Command::Retry { message: sent.id }).await;
            let heard = bea.hears_of_file("@ann", "film.mkv").await;
            assert_eq!(std::fs::read(bea.fetches(heard.id, 1).await).unwrap(), content);
            assert!(offsets.borrow().iter().all(|offset| *offset > 0), "{offsets:?}");
            nobody_is_alarmed(&[&ann, &bea]).await;
        });
    }
}

#[test]
fn no_more_than_two_files_are_on_their_way_at_once() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let id = |path: &str| path.rsplit('/').next().unwrap().to_owned();
        let most = Rc::new(Cell::new(0));
        // Uploads that were made and are not whole, with their lengths.
        let (begun, highest) = (RefCell::new(BTreeMap::new()), Rc::clone(&most));
        ann.file_answers_pass(move |request, answer| {
            let mut begun = begun.borrow_mut();
            match (request.method, answer.upload_offset) {
                (FileMethod::Post, _) => {
                    let length = header(request, "upload-length").parse::<u64>().unwrap();
                    begun.insert(id(answer.location.as_deref().unwrap()), length);
                }
                (FileMethod::Patch, Some(offset)) if begun.get(&id(&request.path)) == Some(&offset) => {
                    begun.remove(&id(&request.path));
                }
                _ => {}
            }
            highest.set(begun.len().max(highest.get()));
            answer
        });
        let paths: Vec<_> =
            (0..6).map(|number| ann.has_a_file(&format!("{number}.bin"), &bytes(60 * CHUNK + number))).collect();
        let all: Vec<&Path> = paths.iter().map(AsRef::as_ref).collect();
        ann.sends_files("@bea", &all).await;
        let heard = bea.hears_of_file("@ann", "5.bin").await;
        assert_eq!(most.take(), 2);

        // Downloads of which the first range was asked for, and the last did not come yet.
        let (begun, highest) = (RefCell::new(BTreeMap::new()), Rc::clone(&most));
        bea.file_answers_pass(move |request, answer| {
            if request.method != FileMethod::Get {
                return answer;
            }
            let mut begun = begun.borrow_mut();
            let last = header(request, "range").rsplit('-').next().unwrap().parse::<u64>().unwrap();
            begun.insert(request.path.clone(), ());
            highest.set(begun.len().max(highest.get()));
            if answer.total == Some(last + 1) {
                begun.remove(&request.path);
            }
            answer
        });
        let mut fetching = Vec::new();
        for number in 1..=6 {
            fetching.push(bea.begins_to_fetch(heard.id, number).await.unwrap());
        }
        for (number, transfer) in fetching.into_iter().enumerate() {
            let path = bea.transfer_ends(transfer).await.saved_at.unwrap();
            assert_eq!(std::fs::read(path).unwrap(), bytes(60 * CHUNK + number));
        }
        assert_eq!(most.get(), 2);
    });
}
