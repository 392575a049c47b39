//! When a conversation is joined anew, and when not.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use huis_proto::frames::{ClientFrame, EntryKind, ServerFrame};
use huis_proto::mls;
use huis_proto::rest::SubmitCommit;
use huis_testkit::{Device, Fate, story};
use huis_views::{Command, MemberRole, Notice, Target};

use crate::two_friends;

fn is_called_off(notice: &Notice) -> bool {
    matches!(notice, Notice::RepairCalledOff { .. })
}

fn is_repairing(notice: &Notice) -> bool {
    matches!(notice, Notice::Repairing { .. })
}

#[test]
fn garbage_of_a_member_makes_nobody_join_anew() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let cem = world.account("cem").await;
        ann.opens_a_group("garden", &[&bea, &cem]).await;
        for each in [&bea, &cem] {
            each.hears_title("garden").await;
        }
        world.passes(Duration::from_secs(7200)).await;
        let joins = counts_joins(&bea);
        // cem's client seals what nobody can open.
        cem.sent_frames_pass(|frame| match frame {
            ClientFrame::Submit(mut submit) => {
                let last = submit.payload.0.len() - 1;
                submit.payload.0[last] ^= 1;
                Fate::passes(ClientFrame::Submit(submit))
            }
            other => Fate::passes(other),
        });
        for text in ["one", "two", "three"] {
            cem.says("#garden", text).await;
        }
        for each in [&ann, &bea] {
            each.notices("that nothing has parted", is_called_off).await;
        }
        cem.nobody_meddles();
        cem.says("#garden", "four").await;
        bea.hears("#garden", "four").await;
        bea.says("#garden", "I heard you").await;
        cem.hears("#garden", "I heard you").await;
        for each in [&ann, &bea] {
            assert!(!each.noticed().await.iter().any(is_repairing), "{each:?}");
        }
        assert_eq!(joins.get(), 0, "the group is the same");
    });
}

#[test]
fn garbage_of_the_server_makes_nobody_join_anew() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        world.passes(Duration::from_secs(7200)).await;
        let left = Rc::new(Cell::new(5));
        bea.received_frames_pass(move |frame| match frame {
            ServerFrame::Entry(mut entry) if entry.kind == EntryKind::Message && left.get() > 0 => {
                left.set(left.get() - 1);
                let last = entry.payload.0.len() - 1;
                entry.payload.0[last] ^= 1;
                Fate::passes(ServerFrame::Entry(entry))
            }
            other => Fate::passes(other),
        });
        for text in ["one", "two", "three", "four", "five", "six"] {
            ann.says("@bea", text).await;
        }
        bea.hears("@ann", "six").await;
        let noticed = bea.noticed().await;
        assert!(!noticed.iter().any(is_repairing), "{noticed:?}");
        assert_eq!(
            noticed.iter().filter(|one| is_called_off(one)).count(),
            1,
            "it is looked every third time: {noticed:?}"
        );
    });
}

#[test]
fn a_device_that_has_really_parted_joins_anew() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        ann.opens_a_group("garden", &[&bea]).await;
        bea.hears_title("garden").await;
        world.passes(Duration::from_secs(7200)).await;
        // The server shows bea another commit than the one that it has.
        let left = Rc::new(Cell::new(1));
        bea.received_frames_pass(move |frame| match frame {
            ServerFrame::Entry(mut entry) if entry.kind == EntryKind::Commit && left.get() > 0 => {
                left.set(left.get() - 1);
                let last = entry.payload.0.len() - 1;
                entry.payload.0[last] ^= 1;
                Fate::passes(ServerFrame::Entry(entry))
            }
            other => Fate::passes(other),
        });
        let (target, names) = (Target::Room("garden".into()), vec!["bea".to_owned()]);
        ann.command(Command::SetRole { target, names, role: MemberRole::Admin }).await;
        for text in ["one", "two", "three"] {
            ann.says("#garden", text).await;
        }
        bea.notices("a repair", is_repairing).await;
        bea.notices("its end", |notice| matches!(notice, Notice::Repaired { .. })).await;
        ann.says("#garden", "four").await;
        bea.hears("#garden", "four").await;
        ann.agrees_with(&[&bea], "#garden").await;
        assert!(!bea.noticed().await.iter().any(is_called_off));
    });
}

#[test]
fn the_fourth_repair_in_a_row_waits() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        world.passes(Duration::from_secs(7200)).await;
        let joins = counts_joins(&bea);
        // Whenever it is told to, the server orders a message behind a commit that bea never gets.
        let lies = Rc::new(Cell::new(false));
        let told = Rc::clone(&lies);
        bea.received_frames_pass(move |frame| match frame {
            ServerFrame::Entry(mut entry) if entry.kind == EntryKind::Message && told.take() => {
                entry.commit_counter += 1;
                Fate::passes(ServerFrame::Entry(entry))
            }
            other => Fate::passes(other),
        });
        for round in 1..=3 {
            lies.set(true);
            ann.says("@bea", &format!("round {round}")).await;
            bea.until("it has joined anew", async || {
                let noticed = bea.noticed().await;
                noticed.iter().filter(|one| matches!(one, Notice::Repaired { .. })).count() == round
            })
            .await;
        }
        assert_eq!(joins.get(), 3);
        lies.set(true);
        ann.says("@bea", "round 4").await;
        bea.notices("that it waits", |notice| matches!(notice, Notice::RepairDelayed { .. })).await;
        world.passes(Duration::from_secs(500)).await;
        assert_eq!(joins.get(), 3, "not within ten minutes");
        world.passes(Duration::from_secs(200)).await;
        bea.is_in("@ann").await;
        assert_eq!(joins.get(), 4);
        ann.says("@bea", "at last").await;
        bea.hears("@ann", "at last").await;
    });
}

/// How many joins by external commit a device has submitted.
fn counts_joins(device: &Device) -> Rc<Cell<u32>> {
    let joins = Rc::new(Cell::new(0));
    let counted = Rc::clone(&joins);
    device.requests_pass(move |request| {
        if request.path.ends_with("/commits") {
            let body: SubmitCommit = serde_json::from_slice(request.body.as_deref().unwrap()).unwrap();
            counted.set(counted.get() + u32::from(mls::header(&body.commit).unwrap().public));
        }
        Some(request)
    });
    joins
}
