//! A server that lies about the history archive, and what of it is restored all the same.

use std::cell::RefCell;
use std::rc::Rc;

use huis_core::archive::{Head, digest, peek_head};
use huis_core::identity::DeviceSecret;
use huis_engine::{HttpRequest, HttpResponse};
use huis_proto::DeviceId;
use huis_proto::rest::{Archive, ArchiveBody};
use huis_testkit::{Device, World, story};
use huis_views::Notice;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::history::WRITTEN;
use crate::two_friends;

const LIST: &str = "/api/v1/account/archive?";
const BODY: &str = "/api/v1/account/archive/segments/";

fn changed<T: DeserializeOwned + Serialize>(mut response: HttpResponse, change: impl FnOnce(&mut T)) -> HttpResponse {
    if let Ok(mut value) = serde_json::from_slice(&response.body) {
        change(&mut value);
        response.body = serde_json::to_vec(&value).unwrap();
    }
    response
}

type Change = fn(&mut Archive);

/// An account with three segments in its archive, one text in each.
async fn three_segments(world: &World) -> (Device, Device) {
    let (ann, bea) = two_friends(world).await;
    ann.keeps_history().await;
    world.passes(WRITTEN).await;
    for text in ["one", "two"] {
        bea.says("@ann", text).await;
        ann.hears("@bea", text).await;
        world.passes(WRITTEN).await;
    }
    ann.until("three segments are there", async || ann.history().await.segments == 3).await;
    (ann, bea)
}

/// A device that comes later, of which the answers are changed.
async fn a_later_device_of(
    world: &World,
    ann: &Device,
    meddle: impl FnMut(&HttpRequest, HttpResponse) -> Option<HttpResponse> + 'static,
) -> Device {
    let later = world.blank_device(ann, "a later device");
    later.answers_pass(meddle);
    later.start();
    later.signs_in().await;
    later
}

async fn refuses(device: &Device) -> String {
    let refused = |notice: &Notice| matches!(notice, Notice::ArchiveRefused { .. });
    match device.notices("what is wrong with the archive", refused).await {
        Notice::ArchiveRefused { reason } => reason,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_flipped_bit_costs_its_segment_and_comes_when_the_server_is_honest_again() {
    story(async |world| {
        let (ann, _bea) = three_segments(&world).await;
        let later = a_later_device_of(&world, &ann, |request, response| {
            Some(if request.path == format!("{BODY}2") {
                changed(response, |body: &mut ArchiveBody| {
                    let middle = body.body.0.len() / 2;
                    body.body.0[middle] ^= 1;
                })
            } else {
                response
            })
        })
        .await;
        let reason = refuses(&later).await;
        assert!(reason.contains("segment 2"), "{reason}");
        later.has_restored().await;
        assert_eq!(later.texts("@bea").await, ["hello", "two"]);
        later.nobody_meddles();
        world.passes(WRITTEN * 4).await;
        later.hears("@bea", "one").await;
        assert_eq!(later.texts("@bea").await, ["hello", "one", "two"]);
        let incomplete = |notice: &Notice| matches!(notice, Notice::HistoryIncomplete { .. });
        assert!(!later.noticed().await.iter().any(incomplete));
    });
}

#[test]
fn what_never_becomes_readable_is_said_in_the_end() {
    story(async |world| {
        let (ann, _bea) = three_segments(&world).await;
        let later = a_later_device_of(&world, &ann, |request, response| {
            let is_third = request.path == format!("{BODY}3");
            let cut = |body: &mut ArchiveBody| body.body.0.truncate(100);
            Some(if is_third { changed(response, cut) } else { response })
        })
        .await;
        refuses(&later).await;
        world.passes(WRITTEN * 20).await;
        later.notices("what is missing", |notice| matches!(notice, Notice::HistoryIncomplete { count: 1 })).await;
        assert_eq!(later.texts("@bea").await, ["hello", "one"]);
    });
}

#[test]
fn a_segment_that_is_left_out_or_exchanged_is_noticed_before_anything_is_restored() {
    story(async |world| {
        let (ann, _bea) = three_segments(&world).await;
        let changes: [Change; 3] = [
            |archive| drop(archive.segments.pop()),
            |archive| drop(archive.segments.remove(0)),
            |archive| {
                let other = archive.segments[0].body_hash;
                archive.segments[1].body_hash = other;
            },
        ];
        for change in changes {
            let later = a_later_device_of(&world, &ann, move |request, response| {
                let is_list = request.path.starts_with(LIST);
                Some(if is_list { changed(response, change) } else { response })
            })
            .await;
            let reason = refuses(&later).await;
            assert!(reason.contains("not those that head 3"), "{reason}");
            assert_eq!(later.texts("@bea").await, Vec::<String>::new());
            later.nobody_meddles();
            world.passes(WRITTEN).await;
            later.has_restored().await;
            later.hears("@bea", "hello").await;
            assert_eq!(later.texts("@bea").await, ["hello", "one", "two"]);
        }
    });
}

#[test]
fn an_older_archive_than_the_devices_know_of_is_refused() {
    story(async |world| {
        let (ann, bea) = three_segments(&world).await;
        let older: Rc<RefCell<Option<HttpResponse>>> = Rc::default();
        let noted = Rc::clone(&older);
        let recorder = a_later_device_of(&world, &ann, move |request, response| {
            if request.path.starts_with(LIST) {
                noted.borrow_mut().get_or_insert_with(|| response.clone());
            }
            Some(response)
        })
        .await;
        recorder.has_restored().await;
        recorder.nobody_meddles();
        bea.says("@ann", "newer").await;
        ann.hears("@bea", "newer").await;
        world.passes(WRITTEN).await;
        ann.has_archived(4).await;
        let later = a_later_device_of(&world, &ann, move |request, response| {
            Some(if request.path.starts_with(LIST) { older.borrow().clone().unwrap() } else { response })
        })
        .await;
        let reason = refuses(&later).await;
        assert!(reason.contains("head 3") && reason.contains("head 4"), "{reason}");
        later.nobody_meddles();
        world.passes(WRITTEN).await;
        later.hears("@bea", "newer").await;
        later.hears("@bea", "hello").await;
    });
}

/// The server makes a head by itself, of a device that never was, and of an archive in which nothing is left.
fn with_a_head_of_nobody(request: &HttpRequest, response: HttpResponse) -> Option<HttpResponse> {
    let forge = |archive: &mut Archive| {
        let Some(newest) = archive.head.as_ref().map(|head| peek_head(head).unwrap()) else { return };
        archive.number = newest.head.number + 1;
        let head = Head {
            number: archive.number,
            previous: newest.hash,
            segments: 0,
            digest: digest(&[]),
            device: DeviceId::from_bytes([7; 16]),
            ..newest.head
        };
        archive.head = Some(head.sign(&DeviceSecret::from_bytes(&[7; 32])));
        archive.segments.clear();
        archive.more = false;
    };
    Some(if request.path.starts_with(LIST) { changed(response, forge) } else { response })
}

#[test]
fn a_head_of_a_device_that_was_never_listed_takes_nothing_out_and_nothing_is_built_upon_it() {
    story(async |world| {
        let (ann, bea) = three_segments(&world).await;
        let later = a_later_device_of(&world, &ann, with_a_head_of_nobody).await;
        let reason = refuses(&later).await;
        assert!(reason.contains("none of the account's"), "{reason}");
        assert_eq!(later.texts("@bea").await, Vec::<String>::new());

        ann.answers_pass(with_a_head_of_nobody);
        ann.requests_pass(|request| {
            let writes = request.path == "/api/v1/account/archive" && request.body.is_some();
            assert!(!writes, "it is built upon");
            Some(request)
        });
        bea.says("@ann", "three").await;
        ann.hears("@bea", "three").await;
        world.passes(WRITTEN).await;
        assert_eq!(refuses(&ann).await, reason);
        assert_eq!(ann.history().await.segments, 3);

        ann.nobody_meddles();
        later.nobody_meddles();
        world.passes(WRITTEN).await;
        later.has_restored().await;
        later.hears("@bea", "hello").await;
        assert_eq!(later.texts("@bea").await, ["hello", "one", "two", "three"]);
        ann.until("the fourth segment is there", async || ann.history().await.segments == 4).await;
    });
}

#[test]
fn bodies_in_each_others_place_are_refused() {
    story(async |world| {
        let (ann, _bea) = three_segments(&world).await;
        let first: Rc<RefCell<Option<HttpResponse>>> = Rc::default();
        let later = a_later_device_of(&world, &ann, move |request, response| {
            if request.path == format!("{BODY}3") {
                first.borrow_mut().replace(response.clone());
            }
            let swapped = first.borrow().clone().filter(|_| request.path == format!("{BODY}1"));
            Some(swapped.unwrap_or(response))
        })
        .await;
        let reason = refuses(&later).await;
        assert!(reason.contains("segment 1"), "{reason}");
        later.has_restored().await;
        assert_eq!(later.texts("@bea").await, ["one", "two"]);
    });
}
