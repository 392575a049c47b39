//! Fresh keys for leaves, and devices that are not heard for long: taken out, and back by themselves.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use huis_engine::Method;
use huis_proto::aad::Act;
use huis_proto::frames::{EntryKind, LogEntry, ServerFrame};
use huis_proto::{Member, mls};
use huis_testkit::{Device, Fate, World, story};
use huis_views::{Connection, Notice, RepairReason};

use crate::{nobody_is_alarmed, two_friends};

const DAY_MS: u64 = 24 * 3_600_000;

#[test]
fn a_device_that_was_silent_for_90_days_is_taken_out_and_joins_again_by_the_password() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let account_of_bea = bea.profile().await.account;
        bea.stops().await;
        days(&world, 85).await;
        assert_eq!(ann.members("@bea").await.iter().map(|member| member.devices.len()).sum::<usize>(), 2);
        days(&world, 8).await;
        is_out(&ann, bea.label(), account_of_bea).await;
        assert_eq!(ann.names_in("@bea").await, ["ann", "bea"], "the account keeps its seat");
        ann.says("@bea", "while bea was out").await;

        bea.start();
        bea.until("its session has ended", async || bea.status().await.connection == Connection::Idle).await;
        bea.signs_in().await;
        let taken_out = Notice::Repairing { reason: RepairReason::TakenOut };
        bea.notices("that it was taken out", |notice| *notice == taken_out).await;
        they_talk(&ann, &bea).await;
        assert!(!bea.texts("@ann").await.contains(&"while bea was out".to_owned()));
        nobody_is_alarmed(&[&ann]).await;
    });
}

#[test]
fn who_comes_back_after_everything_has_expired_is_told_so_and_joins_again() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let account_of_bea = bea.profile().await.account;
        bea.stops().await;
        days(&world, 93).await;
        is_out(&ann, bea.label(), account_of_bea).await;
        // By then even the entry that took it out is gone.
        days(&world, 95).await;
        bea.start();
        bea.until("its session has ended", async || bea.status().await.connection == Connection::Idle).await;
        bea.signs_in().await;
        bea.notices("what expired", |notice| matches!(notice, Notice::Expired { .. })).await;
        they_talk(&ann, &bea).await;
    });
}

#[test]
fn what_waited_in_a_device_that_was_taken_out_is_said_once_it_is_back() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let account_of_bea = bea.profile().await.account;
        bea.goes_offline();
        bea.writes("@ann", "written in between").await;
        is_told_a_later_time(&ann);
        is_out(&ann, bea.label(), account_of_bea).await;
        ann.nobody_meddles();
        bea.comes_online();
        ann.hears("@bea", "written in between").await;
        they_talk(&ann, &bea).await;
    });
}

#[test]
fn in_a_group_the_silent_are_taken_out_by_those_who_may_and_others_do_not_try() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let cem = world.account("cem").await;
        let account_of_cem = cem.profile().await.account;
        ann.opens_a_group("garden", &[&bea, &cem]).await;
        for each in [&bea, &cem] {
            each.hears_title("garden").await;
        }
        let of_cem = cem.label().to_owned();
        cem.stops().await;
        ann.stops().await;
        let (commits, _) = counts_commits(&bea);
        days(&world, 60).await;
        ann.start();
        for place in ["@bea", "#garden"] {
            ann.says(place, "still here").await;
        }
        ann.stops().await;
        days(&world, 40).await;
        assert!(commits.get() <= 2 * 4, "fresh keys in two conversations, and nothing else: {}", commits.get());
        let members = bea.members("#garden").await;
        assert!(members.iter().any(|member| member.account.account == account_of_cem && !member.devices.is_empty()));
        ann.start();
        ann.has_settled().await;
        is_out_of_garden(&ann, &of_cem, account_of_cem).await;
        ann.agrees_with(&[&bea], "#garden").await;
        nobody_is_alarmed(&[&ann, &bea]).await;
    });
}

#[test]
fn a_silent_account_that_is_taken_out_for_good_is_not_let_in_again() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let cem = world.account("cem").await;
        let account_of_cem = cem.profile().await.account;
        ann.opens_a_group("garden", &[&bea, &cem]).await;
        for each in [&bea, &cem] {
            each.hears_title("garden").await;
        }
        cem.accepts("#garden").await;
        cem.stops().await;
        days(&world, 93).await;
        is_out_of_garden(&ann, cem.label(), account_of_cem).await;
        assert_eq!(ann.names_in("#garden").await, ["ann", "bea", "cem"]);
        ann.removes("#garden", &[&cem]).await;
        bea.until("cem is out", async || bea.names_in("#garden").await == ["ann", "bea"]).await;

        let refused: Rc<Cell<u32>> = Rc::default();
        let counted = Rc::clone(&refused);
        cem.answers_pass(move |request, response| {
            let asks_to_join = request.path.ends_with("/group-info") || request.path.ends_with("/commits");
            assert!(!asks_to_join || response.status >= 400, "the server lets it in");
            counted.set(counted.get() + u32::from(asks_to_join));
            Some(response)
        });
        cem.start();
        cem.until("its session has ended", async || cem.status().await.connection == Connection::Idle).await;
        cem.signs_in().await;
        cem.until("it was refused", async || refused.get() > 0).await;
        ann.says("#garden", "without cem").await;
        bea.hears("#garden", "without cem").await;
        assert_eq!(ann.names_in("#garden").await, ["ann", "bea"]);
        nobody_is_alarmed(&[&ann, &bea]).await;
    });
}

#[test]
fn of_several_who_may_take_a_silent_device_out_one_does() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let tablet = world.another_device_of(&ann).await;
        let laptop = world.another_device_of(&ann).await;
        let account_of_bea = bea.profile().await.account;
        let silent = bea.member().await;
        let removals = Rc::new(Cell::new(0));
        let seen = Rc::clone(&removals);
        tablet.received_frames_pass(move |frame| {
            if let ServerFrame::Entry(entry) = &frame
                && takes_out(entry, silent)
            {
                seen.set(seen.get() + 1);
            }
            Fate::passes(frame)
        });
        bea.stops().await;
        days(&world, 88).await;
        let conflicts: Vec<_> = [&ann, &tablet, &laptop].map(|device| counts_commits(device).1).into();
        world.passes(Duration::from_secs(60 * 3600)).await;
        for device in [&ann, &tablet, &laptop] {
            is_out(device, device.label(), account_of_bea).await;
        }
        assert_eq!(removals.get(), 1);
        assert_eq!(
            conflicts.iter().map(|conflicts| conflicts.get()).sum::<u32>(),
            0,
            "they did not get in each other's way"
        );
        ann.agrees_with(&[&tablet, &laptop], "@bea").await;
    });
}

#[test]
fn a_server_that_lies_about_times_gets_a_device_taken_out_and_it_is_back_at_once() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        world.passes(Duration::from_secs(3600)).await;
        is_told_a_later_time(&ann);
        let taken_out = Notice::Repairing { reason: RepairReason::TakenOut };
        bea.notices("that it was taken out", |notice| *notice == taken_out).await;
        ann.nobody_meddles();
        bea.has_settled().await;
        they_talk(&ann, &bea).await;
    });
}

#[test]
fn each_device_gives_its_leaf_a_fresh_key_soon_after_it_joined_and_every_month_and_no_more_often() {
    story(async |world| {
        let ann = world.account("ann").await;
        let commits: Rc<RefCell<Vec<(Member, u64)>>> = Rc::default();
        let seen = Rc::clone(&commits);
        ann.received_frames_pass(move |frame| {
            if let ServerFrame::Entry(entry) = &frame
                && entry.kind == EntryKind::Commit
            {
                seen.borrow_mut().push((entry.author, entry.received_at_ms));
            }
            Fate::passes(frame)
        });
        let bea = world.account("bea").await;
        ann.says("@bea", "hello").await;
        bea.accepts("@ann").await;
        let joined_ms = ann.messages("@bea").await[0].received_at_ms.unwrap();
        world.passes(Duration::from_secs(1800)).await;
        days(&world, 70).await;
        ann.has_settled().await;
        let updates = |member: Member| -> Vec<u64> {
            let commits = commits.borrow();
            let own = commits.iter().filter(|(author, at_ms)| *author == member && *at_ms > joined_ms);
            own.map(|(_, at_ms)| at_ms - joined_ms).collect()
        };
        let of_bea = updates(bea.member().await);
        let of_ann = updates(ann.member().await);
        assert_eq!(of_bea.len(), 3, "{of_bea:?}");
        assert_eq!(of_ann.len(), 2, "{of_ann:?}");
        assert!((10_000..=600_000 + 301_500).contains(&of_bea[0]), "{of_bea:?}");
        // A day passes at once, so that what is due in it is seen up to a day later.
        for pair in of_bea.windows(2).chain([[0, of_ann[0]].as_slice(), of_ann.as_slice()]) {
            let days = (pair[1] - pair[0]) as f64 / DAY_MS as f64;
            assert!((27.0..34.1).contains(&days), "{pair:?}");
        }
        nobody_is_alarmed(&[&ann, &bea]).await;
    });
}

/// Days pass one by one; whoever is switched on connects anew after each, and does what is due.
async fn days(world: &World, days: u64) {
    for _ in 0..days {
        world.days_pass_at_once(1).await;
        world.passes(Duration::from_secs(150)).await;
    }
}

async fn is_out(device: &Device, whose: &str, account: huis_proto::AccountId) {
    has_no_device(device, "@bea", whose, account).await;
}

pub(crate) async fn is_out_of_garden(device: &Device, whose: &str, account: huis_proto::AccountId) {
    has_no_device(device, "#garden", whose, account).await;
}

async fn has_no_device(device: &Device, place: &str, whose: &str, account: huis_proto::AccountId) {
    device
        .until(&format!("{whose} is out"), async || {
            let members = device.members(place).await;
            members.iter().any(|member| member.account.account == account && member.devices.is_empty())
        })
        .await;
}

async fn they_talk(ann: &Device, bea: &Device) {
    ann.says("@bea", "welcome back").await;
    bea.hears("@ann", "welcome back").await;
    bea.says("@ann", "what did I miss?").await;
    ann.hears("@bea", "what did I miss?").await;
    ann.agrees_with(&[bea], "@bea").await;
    assert_eq!(ann.members("@bea").await.iter().map(|member| member.devices.len()).sum::<usize>(), 2);
}

/// The server tells this device a time that lies 100 days ahead.
pub(crate) fn is_told_a_later_time(device: &Device) {
    let later = 100 * DAY_MS;
    device.received_frames_pass(move |frame| match frame {
        ServerFrame::Ready(mut ready) => {
            ready.server_time_ms += later;
            Fate::passes(ServerFrame::Ready(ready))
        }
        ServerFrame::Pong { server_time_ms } => {
            Fate::passes(ServerFrame::Pong { server_time_ms: server_time_ms + later })
        }
        other => Fate::passes(other),
    });
    device.loses_its_connection();
}

fn takes_out(entry: &LogEntry, silent: Member) -> bool {
    let header = mls::header(&entry.payload);
    matches!(header.map(|header| header.data.act), Ok(Act::Commit { leaves, .. }) if leaves.contains(&silent))
}

/// Counts commits that a device submits, and those that came too late.
fn counts_commits(device: &Device) -> (Rc<Cell<u32>>, Rc<Cell<u32>>) {
    let (commits, conflicts): (Rc<Cell<u32>>, Rc<Cell<u32>>) = Default::default();
    let counted = (Rc::clone(&commits), Rc::clone(&conflicts));
    device.answers_pass(move |request, response| {
        if request.method == Method::Post && request.path.ends_with("/commits") {
            counted.0.set(counted.0.get() + 1);
            counted.1.set(counted.1.get() + u32::from(response.status == 409));
        }
        Some(response)
    });
    (commits, conflicts)
}
