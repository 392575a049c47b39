//! Databases that are older than the world, or run twice: no key ever seals two texts.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use huis_proto::frames::{ClientFrame, ServerFrame};
use huis_proto::mls;
use huis_testkit::{Device, Fate, story};
use huis_views::Notice;

use crate::two_friends;

#[test]
fn a_device_restored_from_an_old_copy_rejoins_before_it_says_anything() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let old = bea.copy_of_its_profile();
        let epochs = records_epochs(&bea);
        for text in ["one", "two", "three"] {
            bea.says("@ann", text).await;
        }
        let newest = epochs.borrow().iter().copied().max().unwrap();
        bea.crashes().await;
        bea.is_restored_from(&old);
        epochs.borrow_mut().clear();

        bea.start();
        bea.notices("that it is an old copy", |notice| *notice == Notice::OldCopy).await;
        bea.says("@ann", "I am back").await;
        ann.hears("@bea", "I am back").await;
        assert!(epochs.borrow().iter().all(|epoch| *epoch > newest), "nothing is sealed in an epoch that was used");
        ann.says("@bea", "welcome back").await;
        bea.hears("@ann", "welcome back").await;
        ann.agrees_with(&[&bea], "@bea").await;
        assert_eq!(ann.texts("@bea").await, ["hello", "one", "two", "three", "I am back", "welcome back"]);
        let devices = ann.members("@bea").await.iter().map(|member| member.devices.len()).sum::<usize>();
        assert_eq!(devices, 2, "no ghost leaf stays");
    });
}

#[test]
fn what_waited_in_an_old_copy_is_sealed_anew() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        bea.goes_offline();
        bea.writes("@ann", "written long ago").await;
        world.passes(Duration::from_secs(60)).await;
        let old = bea.copy_of_its_profile();
        bea.comes_online();
        ann.hears("@bea", "written long ago").await;
        bea.says("@ann", "later").await;
        bea.crashes().await;
        bea.is_restored_from(&old);
        bea.start();
        bea.has_settled().await;
        bea.says("@ann", "now").await;
        ann.hears("@bea", "now").await;
        assert_eq!(ann.texts("@bea").await, ["hello", "written long ago", "later", "now"], "nothing comes twice");
    });
}

#[test]
fn of_a_cloned_profile_each_copy_rejoins_before_it_says_anything() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let copy = bea.copy_of_its_profile();
        bea.says("@ann", "from the first").await;
        bea.stops().await;

        let clone = bea.clone_from(&copy);
        clone.start();
        clone.notices("that it is an old copy", |notice| *notice == Notice::OldCopy).await;
        clone.says("@ann", "from the second").await;
        ann.hears("@bea", "from the second").await;
        clone.stops().await;

        bea.start();
        bea.notices("that it is an old copy", |notice| *notice == Notice::OldCopy).await;
        bea.says("@ann", "from the first again").await;
        ann.hears("@bea", "from the first again").await;
        assert_eq!(ann.texts("@bea").await, ["hello", "from the first", "from the second", "from the first again"]);
    });
}

#[test]
fn two_copies_that_run_at_once_do_not_drive_each_other_out_without_end() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let clone = bea.clone_from(&bea.copy_of_its_profile());
        let connections = Rc::new(Cell::new(0));
        for device in [&bea, &clone] {
            counts_connections(device, &connections);
        }
        clone.start();
        for (number, device) in [&bea, &clone].into_iter().enumerate() {
            device.writes("@ann", &format!("word {number}")).await;
            world.passes(Duration::from_secs(60)).await;
        }
        assert!(connections.get() <= 20, "{} connections in two minutes", connections.get());
        clone.stops().await;
        bea.has_settled().await;
        assert!(bea.noticed().await.contains(&Notice::OldCopy), "it is shown that two run");
        bea.says("@ann", "only me").await;
        ann.hears("@bea", "only me").await;
    });
}

#[test]
fn an_old_copy_whose_session_is_over_goes_on_by_the_password() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let old = bea.copy_of_its_profile();
        for day in 0..3 {
            world.days_pass_at_once(1).await;
            bea.says("@ann", &format!("day {day}")).await;
        }
        bea.crashes().await;
        bea.is_restored_from(&old);
        bea.start();
        bea.until("its session has ended", async || has_no_session(&bea).await).await;
        bea.signs_in().await;
        bea.notices("that it is an old copy", |notice| *notice == Notice::OldCopy).await;
        bea.says("@ann", "I am back").await;
        ann.hears("@bea", "I am back").await;
        ann.agrees_with(&[&bea], "@bea").await;
    });
}

/// The refresh token of an old copy was used since, which ends the session.
async fn has_no_session(device: &Device) -> bool {
    device.status().await.connection == huis_views::Connection::Idle
}

fn counts_connections(device: &Device, connections: &Rc<Cell<u32>>) {
    let connections = Rc::clone(connections);
    device.received_frames_pass(move |frame| {
        connections.set(connections.get() + u32::from(matches!(frame, ServerFrame::Ready(_))));
        Fate::passes(frame)
    });
}

/// The epochs in which a device seals messages.
fn records_epochs(device: &Device) -> Rc<RefCell<Vec<u64>>> {
    let epochs = Rc::new(RefCell::new(Vec::new()));
    let recorded = Rc::clone(&epochs);
    device.sent_frames_pass(move |frame| {
        if let ClientFrame::Submit(submit) = &frame {
            recorded.borrow_mut().push(mls::header(&submit.payload).unwrap().epoch);
        }
        Fate::passes(frame)
    });
    epochs
}
