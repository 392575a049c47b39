//! Open rooms: whose device carries out that somebody leaves, and what the server does until then.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use huis_proto::aad::Act;
use huis_proto::frames::{EntryKind, ServerFrame};
use huis_proto::{Member, mls};
use huis_testkit::{Device, Fate, World, story};

use crate::nobody_is_alarmed;

#[test]
fn whoever_opened_a_room_carries_out_a_leave_though_nobody_speaks() {
    story(async |world| {
        let [ann, bea, cem, dan] = lobby(&world).await;
        let removals = sees_removals(&cem, bea.member().await);
        bea.leaves("#lobby").await;
        world.passes(Duration::from_secs(60)).await;
        for each in [&ann, &cem, &dan] {
            assert_eq!(each.names_in("#lobby").await, ["ann", "cem", "dan"]);
        }
        assert_eq!(removals.take(), [ann.member().await]);
        ann.agrees_with(&[&cem, &dan], "#lobby").await;
        nobody_is_alarmed(&[&ann, &cem, &dan]).await;
    });
}

#[test]
fn where_the_first_is_away_the_next_carries_it_out_and_the_others_leave_it_to_that_one() {
    story(async |world| {
        let [ann, bea, cem, dan] = lobby(&world).await;
        ann.stops().await;
        let removals = sees_removals(&cem, bea.member().await);
        bea.leaves("#lobby").await;
        world.passes(Duration::from_secs(120)).await;
        for each in [&cem, &dan] {
            assert_eq!(each.names_in("#lobby").await, ["ann", "cem", "dan"]);
        }
        let next = cem.member().await.min(dan.member().await);
        assert_eq!(removals.take(), [next]);
        cem.agrees_with(&[&dan], "#lobby").await;
        nobody_is_alarmed(&[&cem, &dan]).await;
    });
}

#[test]
fn a_leave_that_a_joiner_voids_is_made_up_for_as_soon_as_who_may_is_there() {
    story(async |world| {
        let [ann, bea, cem, dan] = lobby(&world).await;
        for each in [&ann, &cem, &dan] {
            each.stops().await;
        }
        bea.leaves("#lobby").await;
        let delivered = Rc::new(RefCell::new(Vec::new()));
        let heard = Rc::clone(&delivered);
        bea.received_frames_pass(move |frame| {
            if let ServerFrame::Entry(entry) = &frame {
                heard.borrow_mut().push(entry.seq);
            }
            Fate::passes(frame)
        });
        let eve = world.account("eve").await;
        eve.joins_room("lobby").await;
        for each in [&cem, &dan] {
            each.start();
            each.has_settled().await;
        }
        world.passes(Duration::from_secs(200)).await;
        assert!(cem.names_in("#lobby").await.contains(&"bea".to_owned()), "the join voided the leave");
        cem.says("#lobby", "is bea gone?").await;
        dan.hears("#lobby", "is bea gone?").await;
        eve.hears("#lobby", "is bea gone?").await;

        let removals = sees_removals(&cem, bea.member().await);
        ann.start();
        world.passes(Duration::from_secs(60)).await;
        for each in [&ann, &cem, &dan, &eve] {
            each.has_settled().await;
            assert_eq!(each.names_in("#lobby").await, ["ann", "cem", "dan", "eve"]);
        }
        assert_eq!(removals.take(), [ann.member().await]);
        assert_eq!(delivered.take(), [0_u64; 0], "the server gave bea nothing behind the leave");
        ann.agrees_with(&[&cem, &dan, &eve], "#lobby").await;
        nobody_is_alarmed(&[&ann, &cem, &dan, &eve]).await;
    });
}

#[test]
fn whose_turn_comes_while_it_is_offline_waits_in_peace() {
    story(async |world| {
        let [ann, bea, cem, dan] = lobby(&world).await;
        ann.stops().await;
        bea.leaves("#lobby").await;
        for each in [&cem, &dan] {
            each.has_settled().await;
            each.goes_offline();
        }
        let before = cem.waits();
        world.passes(Duration::from_secs(3600)).await;
        let waits = cem.waits() - before;
        assert!(waits < 500, "{waits} in an hour");
        for each in [&cem, &dan] {
            each.comes_online();
        }
        world.passes(Duration::from_secs(120)).await;
        for each in [&cem, &dan] {
            assert_eq!(each.names_in("#lobby").await, ["ann", "cem", "dan"]);
        }
        cem.agrees_with(&[&dan], "#lobby").await;
    });
}

/// #lobby, which ann opened, with bea, cem and dan in it, all with fresh leaves.
async fn lobby(world: &World) -> [Device; 4] {
    let ann = world.account("ann").await;
    ann.joins_room("lobby").await;
    let mut all = vec![ann];
    for name in ["bea", "cem", "dan"] {
        let one = world.account(name).await;
        one.joins_room("lobby").await;
        all.push(one);
    }
    // Leaves are updated soon after joining; what follows is about other commits.
    world.passes(Duration::from_secs(7200)).await;
    for each in &all {
        each.has_settled().await;
    }
    let all: [Device; 4] = all.try_into().expect("four");
    all[0].agrees_with(&[&all[1], &all[2], &all[3]], "#lobby").await;
    all
}

/// Who commits that this device goes, as the server orders it.
fn sees_removals(device: &Device, whose: Member) -> Rc<RefCell<Vec<Member>>> {
    let removals: Rc<RefCell<Vec<Member>>> = Rc::default();
    let seen = Rc::clone(&removals);
    device.received_frames_pass(move |frame| {
        if let ServerFrame::Entry(entry) = &frame
            && entry.kind == EntryKind::Commit
            && let Ok(header) = mls::header(&entry.payload)
            && matches!(&header.data.act, Act::Commit { leaves, .. } if leaves.contains(&whose))
        {
            seen.borrow_mut().push(entry.author);
        }
        Fate::passes(frame)
    });
    removals
}
