//! Edits, deletes, reactions and pins while processes end, connections break and servers forget.

use std::time::Duration;

use huis_proto::MessageId;
use huis_testkit::{Device, seeds, story, story_with_seed};
use huis_views::{Annotation, Command, MessageState, Notice};

use crate::{nobody_is_alarmed, two_friends};

/// Waits until all make the same of a message, which is to be like this.
pub(crate) async fn all_make_the_same_of(message: MessageId, devices: &[&Device], text: &str) {
    for device in devices {
        device.sees(text, message, |view| view.text == text).await;
        device.has_settled().await;
    }
    let first = devices[0].makes_of(message).await;
    for device in devices {
        assert_eq!(device.makes_of(message).await, first, "what {device:?} makes of it");
    }
}

#[test]
fn whoever_annotates_may_die_after_any_transaction_and_all_make_the_same_of_it() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let mut last = ann.says("@bea", "first").await.id;
        let mut done = 0;
        for step in 1..=20 {
            bea.sees("it", last, |_| true).await;
            ann.crashes().await;
            ann.starts_and_dies_after(step);
            let mark = |annotation| Command::Annotate(huis_views::Annotate { message: last, annotation, wait: false });
            let text = format!("edited, dying after {step}");
            let kept = ann.attempts(mark(Annotation::Edit { text: text.clone() })).await;
            let _ = ann.attempts(mark(Annotation::React { emoji: "👍".into() })).await;
            world.passes(Duration::from_secs(60)).await;
            ann.restarts().await;
            ann.has_settled().await;
            if matches!(kept, Some(Ok(_))) {
                done += 1;
                assert_eq!(ann.looks_up(last).await.unwrap().text, text, "what was kept was not lost");
            }
            let text = ann.looks_up(last).await.unwrap().text;
            all_make_the_same_of(last, &[&ann, &bea], &text).await;
            last = ann.says("@bea", &format!("message {step}")).await.id;
        }
        assert!(done > 5, "most of the engines lived long enough to keep something: {done}");
        nobody_is_alarmed(&[&ann, &bea]).await;
    });
}

#[test]
fn whoever_hears_of_annotations_may_die_after_any_transaction() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        for step in 1..=16 {
            bea.crashes().await;
            let kept = ann.says("@bea", "kept").await.id;
            let gone = ann.says("@bea", "gone").await.id;
            ann.edits(kept, "edited").await;
            ann.reacts(kept, "👍").await;
            ann.deletes(gone).await;
            bea.starts_and_dies_after(step);
            world.passes(Duration::from_secs(60)).await;
            bea.restarts().await;
            all_make_the_same_of(kept, &[&ann, &bea], "edited").await;
            all_make_the_same_of(gone, &[&ann, &bea], "").await;
        }
        nobody_is_alarmed(&[&ann, &bea]).await;
    });
}

#[test]
fn devices_that_annotate_at_once_over_bad_networks_agree_in_the_end() {
    for seed in seeds(3) {
        story_with_seed(seed, async |world| {
            let (ann, bea) = two_friends(&world).await;
            let tablet = world.another_device_of(&ann).await;
            let sent = ann.says("@bea", "disputed").await.id;
            for device in [&bea, &tablet] {
                device.sees("it", sent, |_| true).await;
            }
            let mut draws = world.draws();
            let all = [&ann, &bea, &tablet];
            for round in 0..8 {
                for device in all {
                    let choice = draws.below(5);
                    let annotation = match choice {
                        0 => Annotation::React { emoji: "👍".into() },
                        1 => Annotation::Unreact,
                        2 => Annotation::Pin,
                        3 => Annotation::Unpin,
                        _ if device.name() == "ann" => Annotation::Edit { text: format!("by {device:?} in {round}") },
                        _ => Annotation::React { emoji: "👎".into() },
                    };
                    if draws.chance(0.3) {
                        device.loses_its_connection();
                    }
                    device.marks_when_it_can(sent, annotation).await;
                }
            }
            for device in all {
                device.has_settled().await;
            }
            for device in all {
                let what = "it agrees with the others";
                device.until(what, async || device.makes_of(sent).await == ann.makes_of(sent).await).await;
            }
            nobody_is_alarmed(&all).await;
        });
    }
}

#[test]
fn what_a_restored_server_lost_is_done_again_and_what_comes_after_counts() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let sent = ann.says("@bea", "first").await.id;
        bea.sees("it", sent, |_| true).await;
        let backup = world.server_is_backed_up();
        for text in ["lost once", "lost twice", "lost last"] {
            ann.edits(sent, text).await;
        }
        bea.reacts(sent, "👍").await;
        ann.sees("the reaction", sent, |view| !view.reactions.is_empty()).await;
        world.server_is_restored_from(&backup).await;
        for device in [&ann, &bea] {
            device.notices("the restore", |notice| *notice == Notice::ServerRestored).await;
            device.has_settled().await;
        }
        all_make_the_same_of(sent, &[&ann, &bea], "lost last").await;
        // Its place in the log is a lower one than the lost ones had.
        ann.edits(sent, "said after").await;
        bea.sees("what was said after", sent, |view| view.text == "said after").await;
        bea.marks(sent, Annotation::Unreact).await;
        ann.sees("that it was taken back", sent, |view| view.reactions.is_empty()).await;
        all_make_the_same_of(sent, &[&ann, &bea], "said after").await;
        nobody_is_alarmed(&[&ann, &bea]).await;
    });
}

async fn makes_up_for_the_restore(devices: &[&Device]) {
    for device in devices {
        device.notices("the restore", |notice| *notice == Notice::ServerRestored).await;
        device.has_settled().await;
    }
}

#[test]
fn a_delete_that_a_restored_server_lost_reaches_who_was_away() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let sent = ann.says("@bea", "regretted").await.id;
        bea.sees("it", sent, |_| true).await;
        let first = world.server_is_backed_up();
        bea.stops().await;
        ann.deletes(sent).await;
        world.server_is_restored_from(&first).await;
        makes_up_for_the_restore(&[&ann]).await;
        bea.start();
        all_make_the_same_of(sent, &[&ann, &bea], "").await;
        // Said again it may be lost again.
        let gone = ann.says("@bea", "regretted too").await.id;
        bea.sees("it", gone, |_| true).await;
        let second = world.server_is_backed_up();
        bea.stops().await;
        ann.deletes(gone).await;
        for notices in 2..=3 {
            world.server_is_restored_from(&second).await;
            ann.until("it noticed", async || {
                ann.noticed().await.iter().filter(|notice| **notice == Notice::ServerRestored).count() == notices
            })
            .await;
            ann.has_settled().await;
        }
        bea.start();
        all_make_the_same_of(gone, &[&ann, &bea], "").await;
        nobody_is_alarmed(&[&ann, &bea]).await;
    });
}

#[test]
fn what_a_device_did_before_a_restore_does_not_undo_what_was_done_after_it() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let tablet = world.another_device_of(&ann).await;
        let sent = ann.says("@bea", "first").await.id;
        let backup = world.server_is_backed_up();
        ann.edits(sent, "lost").await;
        ann.reacts(sent, "👎").await;
        for device in [&bea, &tablet] {
            device.sees("the reaction", sent, |view| view.text == "lost" && !view.reactions.is_empty()).await;
        }
        ann.stops().await;
        world.server_is_restored_from(&backup).await;
        makes_up_for_the_restore(&[&bea, &tablet]).await;
        tablet.edits(sent, "said after").await;
        tablet.reacts(sent, "👍").await;
        ann.start();
        ann.has_settled().await;
        all_make_the_same_of(sent, &[&ann, &bea, &tablet], "said after").await;
        assert_eq!(bea.reactions(sent).await, [("👍".to_owned(), vec!["ann".to_owned()])]);
        nobody_is_alarmed(&[&ann, &bea, &tablet]).await;
    });
}

#[test]
fn what_was_taken_back_is_not_said_again_after_a_restore() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let tablet = world.another_device_of(&ann).await;
        let backup = world.server_is_backed_up();
        let sent = ann.says("@bea", "regretted").await.id;
        for device in [&bea, &tablet] {
            device.sees("it", sent, |_| true).await;
        }
        ann.stops().await;
        world.server_is_restored_from(&backup).await;
        makes_up_for_the_restore(&[&bea, &tablet]).await;
        tablet.deletes(sent).await;
        ann.start();
        all_make_the_same_of(sent, &[&ann, &bea, &tablet], "").await;
        ann.has_settled().await;
        let view = ann.looks_up(sent).await.unwrap();
        assert!(view.seq.is_none() && matches!(view.state, MessageState::Sent), "{view:?}");
        ann.says("@bea", "after").await;
        bea.hears("@ann", "after").await;
        nobody_is_alarmed(&[&ann, &bea, &tablet]).await;
    });
}
