//! Files, on a good day.

use std::cell::{Cell, RefCell};
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use huis_engine::FileMethod;
use huis_testkit::{Device, Passage, files_that_hold, story};
use huis_views::{
    Annotate, Annotation, Command, Failure, Forward, MessageState, Reply, SignOut, Target, TransferState,
};

use crate::{nobody_is_alarmed, two_friends};

/// What a chunk has.
pub(crate) const CHUNK: usize = 64 * 1024;

/// What it has when it is sealed.
pub(crate) const SEALED: usize = CHUNK + 16;

/// Bytes that tell where they stand.
pub(crate) fn bytes(length: usize) -> Vec<u8> {
    (0..length).map(|at| (at as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes()[0]).collect()
}

/// The newest message of one's own that brings this file, until it is sent.
pub(crate) async fn is_sent(device: &Device, place: &str, name: &str) {
    device
        .until(&format!("{name} is sent"), async || {
            let messages = device.messages(place).await;
            let found = messages.iter().rfind(|message| message.files.iter().any(|file| file.name == name));
            found.is_some_and(|message| message.state == MessageState::Sent)
        })
        .await;
}

#[test]
fn files_of_every_size_arrive_as_they_were_sent_and_the_server_has_nothing_of_them() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let sizes = [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 40 * CHUNK + 7];
        let paths: Vec<_> =
            (0..).zip(sizes).map(|(n, size)| ann.has_a_file(&format!("roses {n}.txt"), &bytes(size))).collect();
        let marked = ann.has_a_file("marked.txt", b"nobody else reads the roses are blue");
        let mut all: Vec<&Path> = paths.iter().map(AsRef::as_ref).collect();
        all.push(&marked);
        ann.tries_to_send_files("@bea", &all, "seven of them").await.unwrap();

        let heard = bea.hears_of_file("@ann", "marked.txt").await;
        assert_eq!((heard.kind.as_str(), heard.text.as_str(), heard.files.len()), ("file", "seven of them", 7));
        for (number, size) in (1..).zip(sizes) {
            let file = &heard.files[number - 1];
            assert_eq!((file.number as usize, file.size as usize), (number, size));
            assert_eq!(
                (file.name.clone(), file.media_type.as_str()),
                (format!("roses {}.txt", number - 1), "text/plain")
            );
            let path = bea.fetches(heard.id, number as u32).await;
            assert_eq!(std::fs::read(&path).unwrap(), bytes(size), "{size} bytes");
        }
        bea.fetches(heard.id, 7).await;
        // Nothing beside what was asked for, and nothing that is not whole.
        assert_eq!(bea.names_fetched().len(), 7);
        assert!(bea.names_fetched().iter().all(|name| !name.starts_with('.')));
        let (found, looked_at) =
            files_that_hold(&world.server_folder(), &["roses are blue", "marked.txt", "text/plain"]);
        assert!(looked_at > 40 * CHUNK as u64, "the server's files were looked at");
        assert_eq!(found, vec![]);
        nobody_is_alarmed(&[&ann, &bea]).await;
    });
}

#[test]
fn a_file_of_one_name_does_not_overwrite_another_and_is_fetched_once() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let first = ann.has_a_file("notes.txt", b"first");
        ann.sends_files("@bea", &[&first]).await;
        let one = bea.hears_of_file("@ann", "notes.txt").await;
        let path = bea.fetches(one.id, 1).await;
        is_sent(&ann, "@bea", "notes.txt").await;
        let second = ann.has_a_file("notes.txt", b"second");
        ann.sends_files("@bea", &[&second]).await;
        bea.until("both are here", async || {
            bea.messages("@ann").await.iter().filter(|m| !m.files.is_empty()).count() == 2
        })
        .await;
        let other = bea.hears_of_file("@ann", "notes.txt").await;
        let beside = bea.fetches(other.id, 1).await;
        assert_eq!(std::fs::read(&path).unwrap(), b"first");
        assert_eq!(
            (std::fs::read(&beside).unwrap(), beside.file_name().unwrap()),
            (b"second".to_vec(), "notes (2).txt".as_ref())
        );
        // Again: it is there.
        assert_eq!(bea.fetches(one.id, 1).await, path);
        assert_eq!(bea.names_fetched(), ["notes (2).txt", "notes.txt"]);
        // Gone: it is fetched once more.
        std::fs::remove_file(&path).unwrap();
        assert_eq!(bea.fetches(one.id, 1).await, path);
        assert_eq!(std::fs::read(&path).unwrap(), b"first");
    });
}

#[test]
fn nothing_is_fetched_for_a_request_before_it_is_accepted() {
    story(async |world| {
        let (ann, bea) = (world.account("ann").await, world.account("bea").await);
        let path = ann.has_a_file("offer.pdf", b"%PDF-buy");
        ann.sends_files("@bea", &[&path]).await;
        let heard = bea.hears_of_file("@ann", "offer.pdf").await;
        assert!(heard.request);
        let asked = Rc::new(Cell::new(0));
        let counted = Rc::clone(&asked);
        bea.file_requests_pass(move |_| {
            counted.set(counted.get() + 1);
            Passage::Free
        });
        assert!(matches!(bea.begins_to_fetch(heard.id, 1).await, Err(Failure::Invalid { .. })));
        world.passes(Duration::from_secs(600)).await;
        assert_eq!((asked.get(), bea.transfers().await), (0, vec![]));
        bea.accepts("@ann").await;
        assert_eq!(std::fs::read(bea.fetches(heard.id, 1).await).unwrap(), b"%PDF-buy");
        assert_eq!(asked.get(), 1);
    });
}

#[test]
fn what_is_said_after_a_large_file_does_not_wait_for_it() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        ann.file_requests_pass(|_| Passage::Lost);
        let path = ann.has_a_file("film.mkv", &bytes(3 * CHUNK));
        ann.sends_files("@bea", &[&path]).await;
        ann.says("@bea", "the film follows").await;
        bea.hears("@ann", "the film follows").await;
        assert!(bea.messages("@ann").await.iter().all(|message| message.files.is_empty()));
        ann.nobody_meddles();
        let heard = bea.hears_of_file("@ann", "film.mkv").await;
        assert_eq!(std::fs::read(bea.fetches(heard.id, 1).await).unwrap(), bytes(3 * CHUNK));
        nobody_is_alarmed(&[&ann, &bea]).await;
    });
}

#[test]
fn a_file_that_is_forwarded_is_not_uploaded_again_and_goes_to_whom_it_was_sent() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let cleo = world.account("cleo").await;
        let path = ann.has_a_file("plan.pdf", b"%PDF-the plan");
        ann.tries_to_send_files("@bea", &[&path], "for you").await.unwrap();
        let heard = bea.hears_of_file("@ann", "plan.pdf").await;
        bea.file_requests_pass(|request| {
            assert_eq!(request.method, FileMethod::Get, "nothing is uploaded");
            Passage::Free
        });
        let to = Target::Account("cleo".into());
        let Reply::Sent(_) = bea.command(Command::Forward(Forward { message: heard.id, to, wait: true })).await else {
            panic!("not forwarded")
        };
        cleo.accepts("@bea").await;
        let forwarded = cleo.hears_of_file("@bea", "plan.pdf").await;
        assert!(forwarded.forwarded && forwarded.text == "for you");
        assert_eq!(std::fs::read(cleo.fetches(forwarded.id, 1).await).unwrap(), b"%PDF-the plan");
        // Its first author takes it back: cleo's stays.
        is_sent(&ann, "@bea", "plan.pdf").await;
        ann.command(Command::Annotate(Annotate { message: heard.id, annotation: Annotation::Delete, wait: true }))
            .await;
        bea.until("it is gone", async || bea.messages("@ann").await.iter().all(|message| message.files.is_empty()))
            .await;
        std::fs::remove_file(cleo.fetched().join("plan.pdf")).unwrap();
        assert_eq!(std::fs::read(cleo.fetches(forwarded.id, 1).await).unwrap(), b"%PDF-the plan");
    });
}

#[test]
fn a_transfer_is_paused_resumed_and_given_up() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        ann.file_requests_pass(|request| match request.method {
            FileMethod::Patch => Passage::Lost,
            _ => Passage::Free,
        });
        let path = ann.has_a_file("film.mkv", &bytes(30 * CHUNK));
        let sent = ann.sends_files("@bea", &[&path]).await;
        ann.until("it goes on", async || ann.transfers().await.iter().any(|one| one.state == TransferState::Running))
            .await;
        let transfer = ann.transfers().await[0].transfer;
        ann.command(Command::PauseTransfer { transfer }).await;
        assert_eq!(ann.transfers().await[0].state, TransferState::Paused);
        ann.nobody_meddles();
        world.passes(Duration::from_secs(600)).await;
        assert!(bea.messages("@ann").await.iter().all(|message| message.files.is_empty()), "it is paused");
        // It stays so over a restart.
        ann.restarts_in_order().await;
        assert_eq!(ann.transfers().await[0].state, TransferState::Paused);
        ann.command(Command::ResumeTransfer { transfer }).await;
        let heard = bea.hears_of_file("@ann", "film.mkv").await;
        assert_eq!(heard.id, sent.id);
        is_sent(&ann, "@bea", "film.mkv").await;
        assert_eq!(ann.transfers().await, vec![], "what is sent is on its way no longer");

        // It gets no further than its first part.
        let mut first = true;
        bea.file_requests_pass(move |_| {
            if std::mem::take(&mut first) { Passage::CutDown(5 * (CHUNK + 16)) } else { Passage::Lost }
        });
        let fetching = bea.begins_to_fetch(heard.id, 1).await.unwrap();
        bea.until("some of it is there", async || bea.transfers().await.iter().any(|one| one.done > 0)).await;
        bea.command(Command::CancelTransfer { transfer: fetching }).await;
        bea.until("nothing is left of it", async || bea.names_fetched().is_empty()).await;
        assert_eq!(bea.transfers().await, vec![]);
        bea.nobody_meddles();
        assert_eq!(std::fs::read(bea.fetches(heard.id, 1).await).unwrap(), bytes(30 * CHUNK));

        // A message that waits for its files is given up with them.
        ann.file_requests_pass(
            |request| if request.method == FileMethod::Patch { Passage::Lost } else { Passage::Free },
        );
        ann.sends_files("@bea", &[&ann.has_a_file("second.mkv", &bytes(CHUNK))]).await;
        ann.until("it waits", async || !ann.transfers().await.is_empty()).await;
        let transfer = ann.transfers().await[0].transfer;
        ann.command(Command::CancelTransfer { transfer }).await;
        assert!(
            ann.messages("@bea").await.iter().all(|message| message.files.iter().all(|file| file.name != "second.mkv"))
        );
        ann.nobody_meddles();
        ann.says("@bea", "no second one").await;
        bea.hears("@ann", "no second one").await;
        assert!(
            bea.messages("@ann").await.iter().all(|message| message.files.iter().all(|file| file.name != "second.mkv"))
        );
        nobody_is_alarmed(&[&ann, &bea]).await;
    });
}

#[test]
fn a_download_that_is_paused_goes_on_from_what_was_written() {
    goes_on_from_what_was_written(true);
}

#[test]
fn a_download_that_an_orderly_end_breaks_off_goes_on_from_what_was_written() {
    goes_on_from_what_was_written(false);
}

fn goes_on_from_what_was_written(is_paused: bool) {
    story(async move |world| {
        let (ann, bea) = two_friends(&world).await;
        let content = bytes(200 * CHUNK);
        ann.sends_files("@bea", &[&ann.has_a_file("film.mkv", &content)]).await;
        let heard = bea.hears_of_file("@ann", "film.mkv").await;
        // Sixteen chunks, four of those that follow, and no more.
        let pieces = Cell::new(0);
        bea.file_requests_pass(move |_| {
            pieces.set(pieces.get() + 1);
            match pieces.get() {
                1 => Passage::Free,
                2 => Passage::CutDown(4 * SEALED),
                _ => Passage::Lost,
            }
        });
        let transfer = bea.begins_to_fetch(heard.id, 1).await.unwrap();
        let there = async || bea.transfers().await[0].done;
        bea.until("20 chunks are there", async || there().await == 20 * CHUNK as u64).await;
        if is_paused {
            bea.command(Command::PauseTransfer { transfer }).await;
        }
        // In good order: what is there is noted before the end.
        bea.restarts_in_order().await;
        let stays = bea.transfers().await[0].state == TransferState::Paused;
        assert_eq!((stays, there().await), (is_paused, 20 * CHUNK as u64));
        let asked = Rc::new(RefCell::new(Vec::new()));
        let seen = Rc::clone(&asked);
        bea.file_requests_pass(move |request| {
            let (_, range) = request.headers.iter().find(|(name, _)| *name == "range").expect("a range");
            let from = range.trim_start_matches("bytes=").split('-').next().unwrap();
            seen.borrow_mut().push(from.parse::<usize>().unwrap());
            Passage::Free
        });
        if is_paused {
            bea.command(Command::ResumeTransfer { transfer }).await;
        }
        let path = bea.transfer_ends(transfer).await.saved_at.unwrap();
        assert_eq!(std::fs::read(path).unwrap(), content);
        assert_eq!(asked.borrow().iter().min(), Some(&(20 * SEALED)), "{asked:?}");
    });
}

#[test]
fn a_photo_goes_without_the_place_where_it_was_taken_unless_that_is_wished() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let segment = |marker: u8, content: &[u8]| {
            [&[0xff, marker][..], &(content.len() as u16 + 2).to_be_bytes(), content].concat()
        };
        let place = segment(0xe1, b"http://ns.adobe.com/xap/1.0/\0secret place");
        let rest = [
            &segment(0xda, b"scan")[..],
            &bytes(2 * CHUNK).iter().map(|byte| byte & 0x7f).collect::<Vec<_>>(),
            b"\xff\xd9",
        ]
        .concat();
        let path = ann.has_a_file("photo.jpg", &[b"\xff\xd8", &place[..], &rest].concat());
        ann.sends_files("@bea", &[&path]).await;
        let heard = bea.hears_of_file("@ann", "photo.jpg").await;
        let bare = [b"\xff\xd8", &rest[..]].concat();
        assert_eq!(heard.files[0].size, bare.len() as u64);
        assert_eq!(std::fs::read(bea.fetches(heard.id, 1).await).unwrap(), bare);

        // Whoever wishes it sends the photo as it is, also where the device comes back in the middle.
        let whole = std::fs::read(&path).unwrap();
        let kept = ann.has_a_file("as it is.jpg", &whole);
        ann.file_requests_pass(
            |request| if request.method == FileMethod::Patch { Passage::Lost } else { Passage::Free },
        );
        ann.sends_files_as_they_are("@bea", &[&kept]).await;
        ann.until("it goes on", async || ann.transfers().await.iter().any(|one| one.state == TransferState::Running))
            .await;
        ann.restarts_in_order().await;
        ann.nobody_meddles();
        let heard = bea.hears_of_file("@ann", "as it is.jpg").await;
        assert_eq!(std::fs::read(bea.fetches(heard.id, 1).await).unwrap(), whole);
    });
}

#[test]
fn a_photo_goes_with_a_small_picture_that_stands_upright_and_tells_nothing_else() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let picture = image::RgbImage::from_fn(900, 300, |x, y| image::Rgb([(x / 4) as u8, y as u8, 90]));
        let mut file = std::io::Cursor::new(Vec::new());
        picture.write_to(&mut file, image::ImageFormat::Jpeg).unwrap();
        // It lies on its side, as a phone leaves it, with where it was taken.
        let exif = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0secret place";
        let segment = [&[0xff, 0xe1][..], &(exif.len() as u16 + 2).to_be_bytes(), exif].concat();
        let file = file.into_inner();
        let photo = ann.has_a_file("photo.jpg", &[&file[..2], &segment, &file[2..]].concat());
        let text = ann.has_a_file("roses.txt", b"roses are red");
        // Nothing of it can be decoded, and it goes all the same.
        let damaged = ann.has_a_file("damaged.png", b"\x89PNG\r\n\x1a\nnot much of a picture");

        ann.sends_files("@bea", &[&photo, &text]).await;
        let heard = bea.hears_of_file("@ann", "photo.jpg").await;
        let small = heard.files[0].thumbnail.as_ref().expect("a small picture");
        assert_eq!((small.width, small.height), (300, 900));
        assert!(small.picture.starts_with(b"\xff\xd8\xff") && small.picture.len() <= 16 * 1024);
        assert!(!small.picture.windows(6).any(|bytes| bytes == b"secret"));
        let seen = image::load_from_memory(&small.picture).unwrap();
        assert_eq!((seen.width(), seen.height()), (133, 400));
        assert_eq!(heard.files[1].thumbnail, None);

        ann.sends_files_as_they_are("@bea", &[&damaged]).await;
        let heard = bea.hears_of_file("@ann", "damaged.png").await;
        assert_eq!(heard.files[0].thumbnail, None);

        // The small pictures of many share the room that a message has for them.
        let many = vec![photo.as_path(); 32];
        ann.sends_files("@bea", &many).await;
        let heard = ann.messages("@bea").await;
        let sizes: Vec<usize> = heard
            .last()
            .unwrap()
            .files
            .iter()
            .flat_map(|file| &file.thumbnail)
            .map(|small| small.picture.len())
            .collect();
        assert!(sizes.len() == 32 && sizes.iter().sum::<usize>() <= 48 * 1024, "{sizes:?}");
    });
}

#[test]
fn a_file_that_is_not_there_is_refused_at_once_and_nothing_is_stored() {
    story(async |world| {
        let (ann, _bea) = two_friends(&world).await;
        let missing = ann.folder().join("missing.pdf");
        let refused = ann.tries_to_send_files("@bea", &[&missing], "").await;
        assert!(matches!(refused, Err(Failure::File { .. })), "{refused:?}");
        let folder = ann.tries_to_send_files("@bea", &[&ann.folder()], "").await;
        assert!(matches!(folder, Err(Failure::File { .. })), "{folder:?}");
        let none = ann.tries_to_send_files("@bea", &[], "").await;
        assert!(matches!(none, Err(Failure::Invalid { .. })), "{none:?}");
        let one = ann.has_a_file("one.txt", b"1");
        let many = vec![one.as_path(); 33];
        assert!(matches!(ann.tries_to_send_files("@bea", &many, "").await, Err(Failure::Invalid { .. })));
        assert_eq!(ann.transfers().await, vec![]);
        assert!(ann.messages("@bea").await.iter().all(|message| message.files.is_empty()));
    });
}

#[test]
fn who_signs_out_leaves_no_half_of_a_file_behind() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        ann.sends_files("@bea", &[&ann.has_a_file("film.mkv", &bytes(30 * CHUNK))]).await;
        let heard = bea.hears_of_file("@ann", "film.mkv").await;
        bea.file_requests_pass(|_| Passage::CutDown(5 * (CHUNK + 16)));
        bea.begins_to_fetch(heard.id, 1).await.unwrap();
        bea.until("a part is there", async || !bea.names_fetched().is_empty()).await;
        bea.command(Command::SignOut(SignOut { password: None, recovery_key: None, discard_unsent: true })).await;
        assert_eq!(bea.names_fetched(), Vec::<String>::new());
    });
}
