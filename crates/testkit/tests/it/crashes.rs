//! Processes that end at the worst moment.

use std::cell::Cell;
use std::time::Duration;

use huis_proto::frames::ServerFrame;
use huis_testkit::{Fate, story};
use huis_views::{Command, ConversationState, Target};

use crate::{nobody_is_alarmed, two_friends};

/// More transactions than an engine makes to start, connect and send a message or open a group.
const STEPS: u64 = 24;

#[test]
fn a_sender_may_die_after_any_transaction_and_what_it_kept_arrives_once() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let mut kept = vec!["hello".to_owned()];
        for step in 1..=STEPS {
            ann.crashes().await;
            ann.starts_and_dies_after(step);
            let text = format!("dying after {step}");
            if ann.attempts_to_write("@bea", &text).await {
                kept.push(text);
            }
            world.passes(Duration::from_secs(60)).await;
            ann.restarts().await;
            ann.has_settled().await;
        }
        ann.says("@bea", "alive").await;
        kept.push("alive".into());
        bea.hears("@ann", "alive").await;
        let heard = bea.texts("@ann").await;
        let mut of_heard = heard.iter();
        for text in &kept {
            assert!(of_heard.any(|heard| heard == text), "{text:?} is missing, or not in its place: {heard:?}");
        }
        for text in &heard {
            assert_eq!(heard.iter().filter(|other| *other == text).count(), 1, "{text:?} came twice");
        }
        assert!(kept.len() > 10, "most of the engines lived long enough to keep something: {kept:?}");
        nobody_is_alarmed(&[&ann, &bea]).await;
    });
}

#[test]
fn a_receiver_may_die_after_any_transaction_and_reads_everything_once() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let mut said = vec!["hello".to_owned()];
        for step in 1..=STEPS {
            bea.crashes().await;
            for part in ["first", "second"] {
                let text = format!("{part} of {step}");
                ann.says("@bea", &text).await;
                said.push(text);
            }
            bea.starts_and_dies_after(step);
            world.passes(Duration::from_secs(60)).await;
            bea.restarts().await;
            bea.has_settled().await;
        }
        assert_eq!(bea.texts("@ann").await, said);
        nobody_is_alarmed(&[&ann, &bea]).await;
    });
}

#[test]
fn whoever_opens_a_group_may_die_after_any_transaction() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let mut opened = 0;
        for step in 1..=STEPS {
            let place = format!("#group-{step}");
            ann.crashes().await;
            ann.starts_and_dies_after(step);
            let (name, invite) = (format!("group-{step}"), vec!["bea".to_owned()]);
            let _ = ann.attempts(Command::CreateRoom { name, open: false, invite }).await;
            ann.restarts().await;
            ann.has_settled().await;
            let Some(view) = ann.looks_at(&place).await else { continue };
            opened += 1;
            assert_eq!(view.state, ConversationState::Joined, "{place}");
            ann.says(&place, "it works").await;
            bea.is_in(&view.id.to_string()).await;
            bea.hears(&view.id.to_string(), "it works").await;
            ann.agrees_with(&[&bea], &view.id.to_string()).await;
        }
        assert!(opened > 5, "most of the engines lived long enough to begin: {opened}");
        nobody_is_alarmed(&[&ann, &bea]).await;
    });
}

#[test]
fn whoever_changes_a_group_may_die_after_any_transaction() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let cem = world.account("cem").await;
        ann.opens_a_group("garden", &[&bea]).await;
        bea.hears_title("garden").await;
        for step in 1..=STEPS {
            let target = Target::Room("garden".into());
            let names = vec!["cem".to_owned()];
            let is_in = ann.names_in("#garden").await.contains(&"cem".to_owned());
            ann.crashes().await;
            ann.starts_and_dies_after(step);
            let change = match is_in {
                true => Command::Remove { target, names },
                false => Command::Invite { target, names },
            };
            let _ = ann.attempts(change).await;
            ann.restarts().await;
            ann.has_settled().await;
            let text = format!("after {step}");
            ann.says("#garden", &text).await;
            bea.hears("#garden", &text).await;
            ann.agrees_with(&[&bea], "#garden").await;
            if ann.names_in("#garden").await.contains(&"cem".to_owned()) {
                cem.hears("#garden", &text).await;
            }
        }
        nobody_is_alarmed(&[&ann, &bea]).await;
    });
}

#[test]
fn whoever_is_invited_may_die_after_any_transaction() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        for step in 1..=STEPS {
            bea.crashes().await;
            let id = ann.opens_a_group(&format!("group-{step}"), &[&bea]).await.to_string();
            ann.says(&id, "welcome").await;
            bea.starts_and_dies_after(step);
            world.passes(Duration::from_secs(60)).await;
            bea.restarts().await;
            bea.is_in(&id).await;
            bea.reads_exactly(&id, &["welcome"]).await;
            ann.agrees_with(&[&bea], &id).await;
        }
        nobody_is_alarmed(&[&ann, &bea]).await;
    });
}

#[test]
fn a_device_that_dies_while_it_signs_in_can_go_on() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        // A device that dies before it knows that it was enrolled stays listed; there may be twenty in all.
        for step in [1, 2, 3, 4, 6, 9] {
            let tablet = world.blank_device(&bea, "tablet");
            tablet.starts_and_dies_after(step);
            let wish = huis_views::SignIn {
                username: "bea".into(),
                password: huis_proto::rest::Secret::new(huis_testkit::PASSWORD),
                recovery_key: None,
                stay_signed_in: true,
            };
            let _ = tablet.attempts(Command::SignIn(wish)).await;
            world.passes(Duration::from_secs(60)).await;
            tablet.restarts().await;
            if tablet.tries(Command::WhoAmI).await.is_err() {
                tablet.signs_in().await;
            }
            tablet.has_settled().await;
            let text = format!("to the tablet that died after {step}");
            ann.says("@bea", &text).await;
            tablet.hears("@ann", &text).await;
            tablet.stops().await;
        }
    });
}

#[test]
fn a_server_that_dies_between_append_and_acknowledgement_has_the_message_once() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        for text in ["one", "two"] {
            let dies = Cell::new(true);
            ann.received_frames_pass(move |frame| match frame {
                ServerFrame::Accepted(_) if dies.take() => Fate::ServerCrashes,
                other => Fate::passes(other),
            });
            ann.writes("@bea", text).await;
            world.passes(Duration::from_secs(30)).await;
            world.server_starts().await;
        }
        bea.reads_exactly("@ann", &["hello", "one", "two"]).await;
        ann.has_settled().await;
        ann.reads_exactly("@bea", &["hello", "one", "two"]).await;
        nobody_is_alarmed(&[&ann, &bea]).await;
    });
}

#[test]
fn a_server_that_dies_under_load_loses_nothing_that_it_acknowledged() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let mut said = vec!["hello".to_owned()];
        for round in 0..5 {
            for number in 0..6 {
                let text = format!("{round}.{number}");
                ann.writes("@bea", &text).await;
                said.push(text);
                if number == round {
                    world.server_crashes().await;
                }
            }
            world.passes(Duration::from_secs(10)).await;
            world.server_starts().await;
        }
        let said: Vec<&str> = said.iter().map(String::as_str).collect();
        bea.reads_exactly("@ann", &said).await;
        nobody_is_alarmed(&[&ann, &bea]).await;
    });
}

#[test]
fn a_server_that_dies_while_a_group_changes_leaves_one_group() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let cem = world.account("cem").await;
        ann.opens_a_group("garden", &[&bea]).await;
        bea.hears_title("garden").await;
        let lost = Cell::new(false);
        ann.answers_pass(move |request, response| {
            (!request.path.ends_with("/commits") || lost.replace(true)).then_some(response)
        });
        let guests = [&cem];
        tokio::join!(ann.invites("#garden", &guests), async {
            world.passes(Duration::from_millis(10)).await;
            world.server_crashes().await;
            world.passes(Duration::from_secs(20)).await;
            world.server_starts().await;
        });
        cem.hears_title("garden").await;
        ann.agrees_with(&[&bea, &cem], "#garden").await;
        nobody_is_alarmed(&[&ann, &bea, &cem]).await;
    });
}
