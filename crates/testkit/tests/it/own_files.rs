//! Files of a device that keeps them for itself, as a browser does; and parts of files, read where one looks.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use huis_proto::MessageId;
use huis_testkit::{Device, Passage, story};
use huis_views::{Command, Failure, FetchFile, FileToSend, ReadFile, Reply, SendFiles, Target, TransferState};

use crate::files::{CHUNK, SEALED, bytes};
use crate::{nobody_is_alarmed, two_friends};

async fn sends_own(device: &Device, to: &str, name: &str) {
    let file = FileToSend {
        source: name.into(),
        name: Some("roses.txt".into()),
        media_type: None,
        thumbnail: None,
        duration_ms: None,
        voice: false,
        peaks: None,
    };
    let to = Target::Account(to.trim_start_matches('@').into());
    let wish = SendFiles {
        to,
        files: vec![file],
        text: String::new(),
        reply_to: None,
        keep_metadata: false,
        view_once: false,
    };
    device.command(Command::SendFiles(wish)).await;
}

async fn reads(device: &Device, message: MessageId, at: u64, length: u64) -> Result<Vec<u8>, Failure> {
    match device.tries(Command::ReadFile(ReadFile { message, number: 1, at, length })).await? {
        Reply::FileBytes(bytes) => Ok(bytes.0),
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_no_transfer_names_is_cleared_away() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        for device in [&ann, &bea] {
            device.stops().await;
            device.keeps_files_for_itself();
            device.start();
        }
        ann.file_requests_pass(|_| Passage::Lost);
        ann.has_an_own_file("copy", &bytes(3 * CHUNK));
        sends_own(&ann, "@bea", "copy").await;
        ann.has_an_own_file("stray", b"chosen, and never sent");
        ann.stops().await;
        ann.start();
        // What was chosen and never sent goes, and what waits to be sent stays.
        ann.until("the stray file is gone", async || ann.own_files() == ["copy"]).await;
        // It goes on from its copy, and that goes with it.
        ann.nobody_meddles();
        let heard = bea.hears_of_file("@ann", "roses.txt").await;
        ann.until("the copy is gone", async || ann.own_files().is_empty()).await;

        let fetch = FetchFile { message: heard.id, number: 1, folder: String::new() };
        let Reply::Transfer(begun) = bea.command(Command::FetchFile(fetch)).await else { panic!("no transfer") };
        let ended = bea.transfer_ends(begun.transfer).await;
        assert_eq!(bea.own_files(), [ended.saved_at.unwrap()]);
        bea.stops().await;
        bea.start();
        // From what is here, without the server.
        bea.file_requests_pass(|_| Passage::Lost);
        assert_eq!(reads(&bea, heard.id, 5, 3 * CHUNK as u64).await.unwrap(), bytes(3 * CHUNK)[5..]);
        bea.command(Command::CancelTransfer { transfer: begun.transfer }).await;
        bea.until("what was fetched is gone", async || bea.own_files().is_empty()).await;
        nobody_is_alarmed(&[&ann, &bea]).await;
    });
}

#[test]
fn a_download_breaks_off_after_any_chunk_of_a_file_whose_last_ones_are_padding_alone() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        bea.stops().await;
        bea.keeps_files_for_itself();
        bea.start();
        // Padded to 66 chunks: the last one has nothing of it, and the one before half a block.
        let whole = bytes(64 * CHUNK + CHUNK / 2);
        ann.sends_files("@bea", &[&ann.has_a_file("film.mkv", &whole)]).await;
        let heard = bea.hears_of_file("@ann", "film.mkv").await;
        let cuts = Rc::new(Cell::new(0));
        bea.file_requests_pass({
            let cuts = Rc::clone(&cuts);
            move |_| {
                cuts.set(cuts.get() + 1);
                Passage::CutDown(SEALED)
            }
        });
        let fetch = FetchFile { message: heard.id, number: 1, folder: String::new() };
        let Reply::Transfer(begun) = bea.command(Command::FetchFile(fetch)).await else { panic!("no transfer") };
        let ended = bea.transfer_ends(begun.transfer).await;
        assert_eq!((ended.state, cuts.get() >= 66), (TransferState::Done, true), "{} requests", cuts.get());
        // From the last blocks on.
        let tail = 60 * CHUNK;
        let read = reads(&bea, heard.id, tail as u64, whole.len() as u64).await.unwrap();
        assert!(read == whole[tail..], "{} bytes", read.len());
        nobody_is_alarmed(&[&ann, &bea]).await;
    });
}

#[test]
fn a_part_of_a_file_is_read_where_one_looks_and_kept_nowhere() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let whole = bytes(3 * CHUNK + 9);
        ann.sends_files("@bea", &[&ann.has_a_file("film.mkv", &whole)]).await;
        let heard = bea.hears_of_file("@ann", "film.mkv").await;
        let chunk = CHUNK as u64;
        for (at, length) in
            [(0, 1), (0, 10 * chunk), (chunk - 1, 2), (chunk, chunk), (3 * chunk + 8, 5), (2 * chunk + 7, 9)]
        {
            let wanted: Vec<_> = whole.iter().copied().skip(at as usize).take(length as usize).collect();
            assert_eq!(reads(&bea, heard.id, at, length).await.unwrap(), wanted, "{length} bytes from {at} on");
        }
        assert_eq!(reads(&bea, heard.id, 3 * chunk + 9, 1).await.unwrap(), b"");
        assert_eq!(reads(&bea, heard.id, u64::MAX, u64::MAX).await.unwrap(), b"");
        assert_eq!((bea.transfers().await, bea.names_fetched()), (vec![], Vec::<String>::new()));

        bea.file_answers_pass(|_, mut answer| {
            if let Some(byte) = answer.body.get_mut(100) {
                *byte ^= 1;
            }
            answer
        });
        let refused = reads(&bea, heard.id, 0, 10).await;
        assert!(matches!(refused, Err(Failure::FileRefused { .. })), "{refused:?}");
        bea.nobody_meddles();
        // Lost for a while, and then there.
        let lost = Rc::new(Cell::new(0));
        bea.file_requests_pass({
            let lost = Rc::clone(&lost);
            move |_| {
                lost.set(lost.get() + 1);
                if lost.get() < 3 { Passage::Lost } else { Passage::Free }
            }
        });
        assert_eq!(reads(&bea, heard.id, 0, 10).await.unwrap(), whole[..10]);
        assert_eq!(lost.get(), 3);
        nobody_is_alarmed(&[&ann, &bea]).await;
    });
}

#[test]
fn nothing_is_read_of_a_request_before_it_is_accepted() {
    story(async |world| {
        let (ann, bea) = (world.account("ann").await, world.account("bea").await);
        ann.sends_files("@bea", &[&ann.has_a_file("offer.pdf", b"%PDF-buy")]).await;
        let heard = bea.hears_of_file("@ann", "offer.pdf").await;
        let asked = Rc::new(Cell::new(0));
        bea.file_requests_pass({
            let asked = Rc::clone(&asked);
            move |_| {
                asked.set(asked.get() + 1);
                Passage::Free
            }
        });
        assert!(matches!(reads(&bea, heard.id, 0, 4).await, Err(Failure::Invalid { .. })));
        world.passes(Duration::from_secs(600)).await;
        assert_eq!(asked.get(), 0);
        bea.accepts("@ann").await;
        assert_eq!(reads(&bea, heard.id, 0, 4).await.unwrap(), b"%PDF");
    });
}
