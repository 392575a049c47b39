//! Servers that give other bytes than were sent. What they give is refused, and nothing of it stays.

use std::cell::Cell;

use huis_engine::{FileMethod, FileRequest, FileResponse};
use huis_testkit::{Device, story};
use huis_views::{Failure, MessageView};

use crate::files::{CHUNK, bytes};
use crate::two_friends;

const SEALED: usize = CHUNK + 16;

/// A file of ten chunks and a bit that bea has heard of.
async fn sent(ann: &Device, bea: &Device, name: &str) -> MessageView {
    ann.sends_files("@bea", &[&ann.has_a_file(name, &bytes(10 * CHUNK + 5))]).await;
    bea.hears_of_file("@ann", name).await
}

/// bea fetches, the server answers otherwise, and nothing of it is kept; then it is honest, and all is well.
async fn is_refused(
    bea: &Device,
    heard: &MessageView,
    what: &str,
    forge: impl FnMut(&FileRequest, FileResponse) -> FileResponse + 'static,
) {
    bea.file_answers_pass(forge);
    let refused = bea.tries_to_fetch(heard.id, 1).await;
    assert!(matches!(refused, Err(Failure::FileRefused { .. })), "{what}: {refused:?}");
    assert_eq!(bea.names_fetched(), Vec::<String>::new(), "{what}");
    bea.nobody_meddles();
    let path = bea.fetches(heard.id, 1).await;
    assert_eq!(std::fs::read(&path).unwrap(), bytes(10 * CHUNK + 5), "{what}");
    std::fs::remove_file(path).unwrap();
}

#[test]
fn a_flipped_bit_is_refused_wherever_it_is() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let heard = sent(&ann, &bea, "roses.bin").await;
        for at in [0, SEALED - 1, SEALED, 5 * SEALED + 1000, 10 * SEALED + 2, 10 * SEALED + 20] {
            is_refused(&bea, &heard, &format!("bit at {at}"), move |_, mut answer| {
                answer.body[at] ^= 0x10;
                answer
            })
            .await;
        }
    });
}

#[test]
fn chunks_in_other_places_and_other_files_are_refused() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let (heard, other) = (sent(&ann, &bea, "roses.bin").await, sent(&ann, &bea, "tulips.bin").await);
        is_refused(&bea, &heard, "two chunks change places", |_, mut answer| {
            let (first, second) = answer.body.split_at_mut(SEALED);
            first.swap_with_slice(&mut second[..SEALED]);
            answer
        })
        .await;
        is_refused(&bea, &heard, "a chunk comes twice", |_, mut answer| {
            answer.body.copy_within(0..SEALED, SEALED);
            answer
        })
        .await;
        // The bytes of the other file, of the same length, in place of this one's.
        let tulips = {
            let kept = std::rc::Rc::new(std::cell::RefCell::new(Vec::new()));
            let keeps = std::rc::Rc::clone(&kept);
            bea.file_answers_pass(move |request, answer| {
                if request.method == FileMethod::Get {
                    keeps.borrow_mut().extend_from_slice(&answer.body);
                }
                answer
            });
            let path = bea.fetches(other.id, 1).await;
            std::fs::remove_file(path).unwrap();
            bea.nobody_meddles();
            kept.take()
        };
        is_refused(&bea, &heard, "another file", move |_, mut answer| {
            let length = answer.body.len();
            answer.body.copy_from_slice(&tulips[..length]);
            answer
        })
        .await;
    });
}

#[test]
fn what_is_shorter_or_longer_than_it_was_sent_is_refused() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let heard = sent(&ann, &bea, "roses.bin").await;
        for change in [-1_i64, 1, -(SEALED as i64), SEALED as i64] {
            is_refused(&bea, &heard, &format!("{change} bytes"), move |_, mut answer| {
                answer.total = answer.total.map(|total| total.saturating_add_signed(change));
                answer
            })
            .await;
        }
        // Not a word of the length, and less comes, or more.
        is_refused(&bea, &heard, "a whole chunk less", |_, mut answer| {
            answer.total = None;
            answer.body.truncate(SEALED);
            answer.body.extend_from_within(..SEALED);
            answer
        })
        .await;
        is_refused(&bea, &heard, "a byte is put in", |_, mut answer| {
            answer.total = None;
            answer.body.insert(0, 0);
            answer
        })
        .await;
        // It says that there is nothing at that place.
        is_refused(&bea, &heard, "no such range", |_, _| FileResponse { status: 416, ..FileResponse::default() }).await;
    });
}

#[test]
fn what_was_verified_before_stays_until_the_forgery_is_found() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        ann.sends_files("@bea", &[&ann.has_a_file("long.bin", &bytes(100 * CHUNK))]).await;
        let heard = bea.hears_of_file("@ann", "long.bin").await;
        let answers = Cell::new(0);
        // The second piece is forged: by then the first one is written, and goes with the rest.
        bea.file_answers_pass(move |_, mut answer| {
            answers.set(answers.get() + 1);
            if answers.get() == 2 {
                answer.body[7] ^= 1;
            }
            answer
        });
        let refused = bea.tries_to_fetch(heard.id, 1).await;
        assert!(matches!(refused, Err(Failure::FileRefused { .. })), "{refused:?}");
        assert_eq!(bea.names_fetched(), Vec::<String>::new());
    });
}
