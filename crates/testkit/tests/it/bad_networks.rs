//! Absence, cuts, losses, repeats: nothing is lost, nothing comes twice.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use huis_proto::frames::{ClientFrame, ServerFrame};
use huis_proto::{ErrorCode, Problem, limits};
use huis_testkit::{Device, Fate, Faults, World, seeds, story, story_with_seed};
use huis_views::{Connection, Failure, Notice};

use crate::{nobody_is_alarmed, two_friends};

#[test]
fn a_device_that_was_away_for_days_reads_everything_in_order() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        bea.stops().await;
        let mut expected = vec!["hello".to_owned()];
        for day in 0..5 {
            world.days_pass_at_once(1).await;
            for hour in 0..6 {
                let text = format!("day {day}, hour {hour}");
                ann.says("@bea", &text).await;
                expected.push(text);
            }
        }
        bea.start();
        bea.has_settled().await;
        assert_eq!(bea.texts("@ann").await, expected);
        nobody_is_alarmed(&[&ann, &bea]).await;
    });
}

#[test]
fn a_device_that_was_away_follows_every_change_of_the_group_in_between() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let cem = world.account("cem").await;
        ann.opens_a_group("garden", &[&bea]).await;
        bea.hears_title("garden").await;
        bea.stops().await;
        ann.says("#garden", "one").await;
        world.days_pass_at_once(2).await;
        ann.invites("#garden", &[&cem]).await;
        cem.hears_title("garden").await;
        cem.says("#garden", "two").await;
        world.days_pass_at_once(2).await;
        ann.hears("#garden", "two").await;
        ann.removes("#garden", &[&cem]).await;
        ann.says("#garden", "three").await;
        bea.start();
        bea.reads_exactly("#garden", &["one", "two", "three"]).await;
        ann.agrees_with(&[&bea], "#garden").await;
        nobody_is_alarmed(&[&ann, &bea]).await;
    });
}

#[test]
fn a_member_that_was_removed_while_it_was_off_learns_it_and_reads_nothing_that_was_said_since() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let cem = world.account("cem").await;
        let id = ann.opens_a_group("garden", &[&bea, &cem]).await.to_string();
        ann.says("#garden", "before").await;
        cem.hears(&id, "before").await;
        cem.stops().await;
        ann.says("#garden", "while cem was off").await;
        ann.removes("#garden", &[&cem]).await;
        ann.says("#garden", "not for cem").await;
        cem.start();
        let by_ann = ann.profile().await.account;
        cem.notices("its removal", |notice| matches!(notice, Notice::Removed { by } if by.account == by_ann)).await;
        cem.is_out_of(&id).await;
        assert_eq!(cem.texts(&id).await, ["before", "while cem was off"]);
        assert!(cem.tries_to_say(&id, "let me in").await.is_err());
        bea.reads_exactly("#garden", &["before", "while cem was off", "not for cem"]).await;
        ann.agrees_with(&[&bea], "#garden").await;
    });
}

#[test]
fn a_device_that_was_away_longer_than_messages_are_kept_is_told_and_joins_anew() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        ann.says("@bea", "long ago").await;
        bea.hears("@ann", "long ago").await;
        bea.stops().await;
        ann.says("@bea", "nobody will read this").await;
        for _ in 0..92 {
            world.days_pass_at_once(1).await;
            world.passes(Duration::from_secs(120)).await;
        }
        bea.start();
        bea.until("its session has ended", async || bea.status().await.connection == Connection::Idle).await;
        bea.tries_to_sign_in().await.unwrap();
        bea.notices("what expired", |notice| matches!(notice, Notice::Expired { .. })).await;
        bea.has_settled().await;
        ann.says("@bea", "welcome back").await;
        bea.hears("@ann", "welcome back").await;
        bea.says("@ann", "what did I miss?").await;
        ann.hears("@bea", "what did I miss?").await;
        assert!(!bea.texts("@ann").await.contains(&"nobody will read this".to_owned()));
        ann.agrees_with(&[&bea], "@bea").await;
    });
}

#[test]
fn texts_are_taken_up_to_the_stated_limit_and_no_empty_ones() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let (longest, too_long) = ("x".repeat(limits::MESSAGE_TEXT), "x".repeat(limits::MESSAGE_TEXT + 1));
        ann.says("@bea", &longest).await;
        bea.hears("@ann", &longest).await;
        for wrong in ["", too_long.as_str()] {
            let failure = ann.tries_to_say("@bea", wrong).await.unwrap_err();
            assert!(matches!(failure, Failure::Invalid { .. }), "{failure:?}");
        }
        ann.says("@bea", "short").await;
        bea.hears("@ann", "short").await;
    });
}

#[test]
fn what_was_written_without_a_network_goes_out_in_order_when_it_is_back() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        ann.goes_offline();
        for text in ["one", "two", "three"] {
            ann.writes("@bea", text).await;
        }
        world.passes(Duration::from_secs(3600)).await;
        ann.comes_online();
        bea.reads_exactly("@ann", &["hello", "one", "two", "three"]).await;
    });
}

#[test]
fn on_a_bad_network_everything_arrives_once_and_in_one_order() {
    for seed in seeds(3) {
        story_with_seed(seed, async |world| {
            let faults = Faults { reordered: 0.0, ..Faults::MANY };
            let devices = a_stormy_conversation(&world, faults).await;
            nobody_misses_anything(&devices).await;
        });
    }
}

#[test]
fn submissions_that_overtake_each_other_are_each_taken_once() {
    for seed in seeds(2) {
        story_with_seed(seed, async |world| {
            let faults = Faults { reordered: 0.9, repeated: 0.3, delay: Duration::from_millis(200), ..Faults::NONE };
            a_stormy_conversation(&world, faults).await;
        });
    }
}

#[test]
fn what_is_said_later_does_not_overtake_what_a_commit_refuses() {
    story(async |world| {
        let [ann, bea, cem] = [world.account("ann").await, world.account("bea").await, world.account("cem").await];
        let id = bea.opens_a_group("garden", &[&ann]).await.to_string();
        ann.accepts(&id).await;
        ann.says(&id, "first").await;
        bea.hears(&id, "first").await;
        // What ann says is under way while somebody comes in, and arrives with the next thing that she sends.
        let mut under_way: Vec<ClientFrame> = Vec::new();
        let is_held_back = Rc::new(Cell::new(true));
        let held_back = Rc::clone(&is_held_back);
        ann.sent_frames_pass(move |frame| match frame {
            ClientFrame::Submit(_) if held_back.get() && under_way.is_empty() => {
                under_way.push(frame);
                Fate::Becomes(Vec::new())
            }
            ClientFrame::Submit(_) => {
                under_way.push(frame);
                Fate::Becomes(std::mem::take(&mut under_way))
            }
            ClientFrame::Ping {} if !held_back.get() => {
                under_way.push(frame);
                Fate::Becomes(std::mem::take(&mut under_way))
            }
            frame => Fate::passes(frame),
        });
        ann.writes(&id, "second").await;
        bea.invites(&id, &[&cem]).await;
        ann.until("cem is in", async || ann.members(&id).await.len() == 3).await;
        is_held_back.set(false);
        ann.writes(&id, "third").await;
        bea.reads_exactly(&id, &["first", "second", "third"]).await;
        nobody_is_alarmed(&[&ann, &bea]).await;
    });
}

#[test]
fn a_message_whose_acknowledgement_is_lost_is_neither_lost_nor_sent_twice() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let lost = Rc::new(Cell::new(0));
        let count = Rc::clone(&lost);
        ann.received_frames_pass(move |frame| match frame {
            ServerFrame::Accepted(_) if count.get() < 3 => {
                count.set(count.get() + 1);
                Fate::Cut
            }
            other => Fate::passes(other),
        });
        ann.says("@bea", "can you hear me?").await;
        ann.says("@bea", "and this?").await;
        bea.reads_exactly("@ann", &["hello", "can you hear me?", "and this?"]).await;
        assert!(lost.get() >= 1);
        nobody_is_alarmed(&[&ann, &bea]).await;
    });
}

#[test]
fn a_receivers_lost_acknowledgement_brings_nothing_twice() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let left = Cell::new(4);
        bea.sent_frames_pass(move |frame| match frame {
            ClientFrame::Ack { .. } if left.get() > 0 => {
                left.set(left.get() - 1);
                Fate::Cut
            }
            other => Fate::passes(other),
        });
        for text in ["one", "two", "three"] {
            ann.says("@bea", text).await;
        }
        bea.reads_exactly("@ann", &["hello", "one", "two", "three"]).await;
        bea.has_settled().await;
        bea.reads_exactly("@ann", &["hello", "one", "two", "three"]).await;
        nobody_is_alarmed(&[&ann, &bea]).await;
    });
}

/// Three people write at once while the network is bad; gives the devices when it has calmed down and all is sent.
async fn a_stormy_conversation(world: &World, faults: Faults) -> Vec<Device> {
    const TEXTS: usize = 12;
    let (ann, bea) = two_friends(world).await;
    let cem = world.account("cem").await;
    ann.opens_a_group("storm", &[&bea, &cem]).await;
    let devices = vec![ann, bea, cem];
    for device in &devices {
        device.hears_title("storm").await;
    }
    world.network_is(faults);
    let mut draws = world.draws();
    for number in 0..TEXTS {
        for device in &devices {
            device.writes("#storm", &format!("{} {number}", device.name())).await;
            world.passes(Duration::from_millis(draws.below(1500))).await;
        }
    }
    world.network_is(Faults::NONE);
    for device in &devices {
        device.has_settled().await;
    }
    let mut written: Vec<String> =
        devices.iter().flat_map(|one| (0..TEXTS).map(|number| format!("{} {number}", one.name()))).collect();
    written.sort();
    let mut order = None;
    for device in &devices {
        device.until("everything is here", async || device.texts("#storm").await.len() >= written.len()).await;
        let mut messages = device.messages("#storm").await;
        messages.sort_by_key(|message| message.seq);
        let texts: Vec<String> = messages.into_iter().map(|message| message.text).collect();
        let mut sorted = texts.clone();
        sorted.sort();
        assert_eq!(sorted, written, "{device:?} has each text once");
        assert_eq!(*order.get_or_insert_with(|| texts.clone()), texts, "{device:?} has the order of the others");
    }
    devices
}

async fn nobody_misses_anything(devices: &[Device]) {
    for device in devices {
        let mut messages = device.messages("#storm").await;
        messages.sort_by_key(|message| message.seq);
        for author in devices {
            let mut own = messages.iter().filter(|message| message.from.name.as_deref() == Some(author.name()));
            let numbers: Vec<usize> = own.by_ref().map(|message| number_of(&message.text)).collect();
            assert!(numbers.is_sorted(), "{author:?} is heard in order by {device:?}: {numbers:?}");
        }
    }
    let devices: Vec<&Device> = devices.iter().collect();
    nobody_is_alarmed(&devices).await;
}

fn number_of(text: &str) -> usize {
    text.rsplit(' ').next().unwrap().parse().unwrap()
}

#[test]
fn what_was_refused_for_a_moment_goes_again_in_its_order() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        world.passes(Duration::from_secs(7200)).await;
        let (refused, passed) = (Rc::new(RefCell::new(Vec::new())), Rc::new(RefCell::new(Vec::new())));
        let is_said = Rc::new(Cell::new(false));
        let (held, order, is_over) = (Rc::clone(&refused), Rc::clone(&passed), Rc::clone(&is_said));
        // The store is busy; the server refuses all that came when it next has something to say.
        ann.sent_frames_pass(move |frame| match frame {
            ClientFrame::Submit(submit) if !is_over.get() => {
                held.borrow_mut().push((submit.request, submit.submission));
                Fate::Becomes(vec![])
            }
            ClientFrame::Submit(submit) => {
                order.borrow_mut().push(submit.submission);
                Fate::passes(ClientFrame::Submit(submit))
            }
            other => Fate::passes(other),
        });
        let waiting = Rc::clone(&refused);
        ann.received_frames_pass(move |frame| {
            let waiting = waiting.borrow();
            let mut frames = vec![frame];
            if waiting.len() == 4 && !is_said.replace(true) {
                frames.extend(waiting.iter().map(|(request, _)| ServerFrame::Refused {
                    request: *request,
                    problem: Problem::new(ErrorCode::Unavailable, "The store is busy."),
                }));
            }
            Fate::Becomes(frames)
        });
        for text in ["one", "two", "three", "four"] {
            ann.writes("@bea", text).await;
        }
        bea.reads_exactly("@ann", &["hello", "one", "two", "three", "four"]).await;
        let sent: Vec<u64> = refused.borrow().iter().map(|(_, submission)| *submission).collect();
        assert_eq!(passed.borrow()[..4], sent, "the same ones, in their order, before anything else");
        assert!(passed.borrow().is_sorted(), "{passed:?}");
        nobody_is_alarmed(&[&ann, &bea]).await;
    });
}
