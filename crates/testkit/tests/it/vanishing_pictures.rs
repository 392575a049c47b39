//! Pictures that do not stay, and the small ones that a device makes of what it sends.

use std::path::PathBuf;

use huis_testkit::{Device, Passage, story};
use huis_views::{CountedFrom, FileView, Reply};

use crate::files::{SEALED, is_sent};
use crate::vanishing::{once_file, seconds_pass};
use crate::{nobody_is_alarmed, two_friends};

/// So many bytes stand on one page of a database, but for a few runs.
const RUN: usize = 40;
/// How many runs of a picture are looked for.
const RUNS: usize = 48;

/// A photo of somebody's, of some hundred kilobytes.
fn photo(person: &Device) -> PathBuf {
    let grain =
        |x: u32, y: u32| (x.wrapping_mul(2_654_435_761) ^ y.wrapping_mul(0x9e37_79b9)).wrapping_mul(0x85eb_ca6b);
    let picture = image::RgbImage::from_fn(700, 500, |x, y| {
        let [red, green, blue, _] = grain(x, y).to_be_bytes();
        image::Rgb([red, green, blue])
    });
    let mut file = std::io::Cursor::new(Vec::new());
    picture.write_to(&mut file, image::ImageFormat::Jpeg).unwrap();
    person.has_a_file("photo.jpg", &file.into_inner())
}

/// Runs from all of a picture but its beginning, which many have in common.
fn runs(picture: &[u8]) -> Vec<Vec<u8>> {
    let (_, scan) = picture.split_at(picture.len() / 8);
    let runs: Vec<Vec<u8>> = scan.chunks_exact(scan.len() / RUNS).map(|part| part[..RUN].to_vec()).collect();
    assert!(runs.len() >= RUNS);
    runs
}

/// The runs of a file's small picture.
fn small(file: &FileView) -> Vec<Vec<u8>> {
    let small = file.thumbnail.as_ref().expect("a small picture");
    assert_eq!((small.width, small.height), (700, 500));
    runs(&small.picture)
}

/// Whether nearly all runs were found: one may stand where a page ends.
fn nearly_all(found: usize) -> bool {
    found > RUNS * 3 / 4
}

/// Of what is fetched from here on nothing comes behind the first three chunks.
fn only_three_chunks_come(to: &Device) {
    let mut first = true;
    let mut passes = move || if std::mem::take(&mut first) { Passage::CutDown(3 * SEALED) } else { Passage::Lost };
    to.file_requests_pass(move |_| passes());
}

#[test]
fn a_picture_goes_with_its_message_and_so_do_the_small_one_and_what_was_fetched_of_it() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let tablet = world.another_device_of(&bea).await;
        let path = photo(&ann);
        let picture = runs(&std::fs::read(&path).unwrap());
        ann.sets_timer("@bea", 600, CountedFrom::Sending).await;
        ann.sends_files("@bea", &[&path]).await;
        is_sent(&ann, "@bea", "photo.jpg").await;
        let heard = bea.hears_of_file("@ann", "photo.jpg").await;
        tablet.hears_of_file("@ann", "photo.jpg").await;
        let small = small(&heard.files[0]);
        for device in [&ann, &bea, &tablet] {
            assert!(nearly_all(device.runs_on_its_pages(&small)), "{device:?} shows it");
        }
        // A part of it is there when the time is over.
        only_three_chunks_come(&bea);
        bea.begins_to_fetch(heard.id, 1).await.unwrap();
        bea.until("some of it is there", async || bea.transfers().await.iter().any(|one| one.done > 0)).await;
        assert!(bea.runs_in_its_files(&picture) > 0, "a part is in the open");

        seconds_pass(&world, 601).await;
        for device in [&ann, &bea, &tablet] {
            device.has_lost(heard.id).await;
            device.until("the small one is gone", async || device.runs_on_its_pages(&small) == 0).await;
            assert_eq!(device.runs_on_its_pages(&picture), 0, "{device:?}");
        }
        for device in [&bea, &tablet] {
            device.until("no part is left", async || device.names_fetched().is_empty()).await;
            assert_eq!(device.runs_in_its_files(&picture) + device.runs_in_its_files(&small), 0, "{device:?}");
        }
        nobody_is_alarmed(&[&ann, &bea, &tablet]).await;
    });
}

#[test]
fn the_small_one_of_a_picture_that_is_opened_once_is_nowhere_after_that() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let tablet = world.another_device_of(&bea).await;
        let path = photo(&ann);
        let picture = runs(&std::fs::read(&path).unwrap());
        // Whoever sends it has it until it is sent.
        ann.goes_offline();
        let Reply::Sent(sent) = ann.command(once_file("@bea", &path, true)).await else { panic!("not sent") };
        let at_anns = ann.copy_of_its_profile();
        ann.comes_online();
        for device in [&bea, &tablet] {
            let closed = device.sees("it", sent.id, |_| true).await;
            assert!(closed.is_closed() && closed.files.is_empty(), "{device:?} shows nothing of it");
        }
        let at_the_tablets = tablet.copy_of_its_profile();
        let opened = bea.opens_once(sent.id).await;
        let small = small(&opened.files[0]);
        for profile in [at_anns, at_the_tablets] {
            assert!(nearly_all(profile.runs_on_its_pages(&small)), "it was there before");
        }
        ann.until("its writer has it no more", async || ann.runs_on_its_pages(&small) == 0).await;
        tablet.has_lost(sent.id).await;
        tablet.until("it is nowhere here", async || tablet.runs_on_its_pages(&small) == 0).await;
        // Some of the picture is fetched in the hour that there is for that.
        only_three_chunks_come(&bea);
        bea.begins_to_fetch(sent.id, 1).await.unwrap();
        bea.until("some of it is there", async || bea.transfers().await.iter().any(|one| one.done > 0)).await;
        assert!(bea.runs_in_its_files(&picture) > 0, "a part is in the open");
        seconds_pass(&world, 3601).await;
        bea.has_lost(sent.id).await;
        bea.until("it is nowhere here", async || bea.runs_on_its_pages(&small) == 0 && bea.names_fetched().is_empty())
            .await;
        for device in [&bea, &tablet] {
            assert_eq!(device.runs_on_its_pages(&picture) + device.runs_in_its_files(&picture), 0, "{device:?}");
            assert_eq!(device.runs_in_its_files(&small), 0, "{device:?}");
        }
        nobody_is_alarmed(&[&ann, &bea, &tablet]).await;
    });
}
