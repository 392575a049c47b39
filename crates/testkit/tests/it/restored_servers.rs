//! A server that was restored from a backup.

use std::cell::RefCell;
use std::rc::Rc;

use huis_proto::rest::{Secret, ServerInfo};
use huis_testkit::{Device, PASSWORD, story};
use huis_views::{Command, Failure, Notice};

use crate::hostile_servers::changing;
use crate::{nobody_is_alarmed, two_friends};

const NEW: &str = "seven green herons mend 31 bicycles";

fn is_restored(notice: &Notice) -> bool {
    *notice == Notice::ServerRestored
}

fn is_lost(notice: &Notice) -> bool {
    *notice == Notice::LostByServer
}

async fn each_notices_the_restore(devices: &[&Device]) {
    for device in devices {
        device.notices("the restore", is_restored).await;
        device.has_settled().await;
    }
}

#[test]
fn what_was_said_before_and_behind_a_restore_is_there_once_on_both_sides() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let backup = world.server_is_backed_up();
        ann.says("@bea", "one").await;
        bea.hears("@ann", "one").await;
        bea.says("@ann", "two").await;
        ann.hears("@bea", "two").await;
        world.server_is_restored_from(&backup).await;
        each_notices_the_restore(&[&ann, &bea]).await;
        ann.says("@bea", "three").await;
        bea.hears("@ann", "three").await;
        bea.says("@ann", "four").await;
        ann.hears("@bea", "four").await;
        for (each, place) in [(&ann, "@bea"), (&bea, "@ann")] {
            each.reads_exactly(place, &["hello", "one", "two", "three", "four"]).await;
        }
        // Nothing was lost or is guessed to be, and the group stays as it is.
        nobody_is_alarmed(&[&ann, &bea]).await;
    });
}

#[test]
fn a_device_that_is_away_while_the_restored_log_grows_past_its_place_reads_everything_once() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let backup = world.server_is_backed_up();
        for text in ["one", "two", "three"] {
            ann.says("@bea", text).await;
        }
        bea.hears("@ann", "three").await;
        bea.stops().await;
        world.server_is_restored_from(&backup).await;
        each_notices_the_restore(&[&ann]).await;
        for text in ["four", "five", "six", "seven", "eight", "nine"] {
            ann.says("@bea", text).await;
        }
        bea.start();
        bea.has_settled().await;
        let all = ["hello", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];
        for (each, place) in [(&bea, "@ann"), (&ann, "@bea")] {
            each.reads_exactly(place, &all).await;
        }
        nobody_is_alarmed(&[&ann, &bea]).await;
    });
}

#[test]
fn what_others_say_in_the_places_of_what_was_lost_is_read() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let backup = world.server_is_backed_up();
        for text in ["mine one", "mine two", "mine three"] {
            bea.says("@ann", text).await;
        }
        ann.hears("@bea", "mine three").await;
        bea.stops().await;
        world.server_is_restored_from(&backup).await;
        each_notices_the_restore(&[&ann]).await;
        // Three more entries stand where bea's stood.
        for text in ["yours one", "yours two", "yours three", "yours four"] {
            ann.says("@bea", text).await;
        }
        bea.start();
        bea.has_settled().await;
        bea.hears("@ann", "yours four").await;
        let all =
            ["hello", "mine one", "mine two", "mine three", "yours one", "yours two", "yours three", "yours four"];
        for (each, place) in [(&bea, "@ann"), (&ann, "@bea")] {
            each.reads_exactly(place, &all).await;
        }
        // bea's stand in the log again, behind those, for whoever had not read them.
        let said = bea.messages("@ann").await;
        let place = |text: &str| said.iter().find(|message| message.text == text).unwrap().seq;
        assert!(place("mine one") > place("yours four"), "{said:?}");
        bea.says("@ann", "once more").await;
        ann.hears("@bea", "once more").await;
        nobody_is_alarmed(&[&ann, &bea]).await;
    });
}

#[test]
fn of_two_restores_while_a_device_is_away_the_earlier_cut_counts() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let first = world.server_is_backed_up();
        ann.says("@bea", "one").await;
        bea.hears("@ann", "one").await;
        bea.stops().await;
        world.server_is_restored_from(&first).await;
        each_notices_the_restore(&[&ann]).await;
        ann.says("@bea", "two").await;
        ann.says("@bea", "three").await;
        let second = world.server_is_backed_up();
        ann.says("@bea", "four").await;
        world.server_is_restored_from(&second).await;
        ann.until("it noticed both", async || ann.noticed().await.iter().filter(|one| is_restored(one)).count() == 2)
            .await;
        ann.has_settled().await;
        ann.says("@bea", "five").await;
        bea.start();
        bea.has_settled().await;
        for (each, place) in [(&bea, "@ann"), (&ann, "@bea")] {
            each.reads_exactly(place, &["hello", "one", "two", "three", "four", "five"]).await;
        }
        nobody_is_alarmed(&[&ann, &bea]).await;
    });
}

#[test]
fn a_later_backup_in_place_of_an_earlier_one_loses_nothing_either() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let monday = world.server_is_backed_up();
        for text in ["one", "two", "three"] {
            ann.says("@bea", text).await;
        }
        bea.hears("@ann", "three").await;
        bea.has_settled().await;
        let tuesday = world.server_is_backed_up();
        world.server_is_restored_from(&monday).await;
        each_notices_the_restore(&[&ann, &bea]).await;
        bea.says("@ann", "on monday").await;
        ann.hears("@bea", "on monday").await;
        ann.has_settled().await;
        // Tuesday's store has never heard of the life that both of them know.
        world.server_is_restored_from(&tuesday).await;
        for each in [&ann, &bea] {
            each.until("it noticed both", async || {
                each.noticed().await.iter().filter(|one| is_restored(one)).count() == 2
            })
            .await;
            each.has_settled().await;
        }
        ann.says("@bea", "on tuesday").await;
        bea.hears("@ann", "on tuesday").await;
        for (each, place) in [(&ann, "@bea"), (&bea, "@ann")] {
            each.reads_exactly(place, &["hello", "one", "two", "three", "on monday", "on tuesday"]).await;
        }
        let offered = bea.messages("@ann").await.into_iter().filter(|message| message.own && message.seq.is_some());
        assert_eq!(offered.count(), 1, "it is at the server again");
    });
}

#[test]
fn a_conversation_of_two_that_the_backup_did_not_know_is_made_anew() {
    story(async |world| {
        let (ann, bea) = (world.account("ann").await, world.account("bea").await);
        let backup = world.server_is_backed_up();
        ann.says("@bea", "hello").await;
        bea.accepts("@ann").await;
        bea.says("@ann", "hello ann").await;
        ann.hears("@bea", "hello ann").await;
        let id = ann.id_of("@bea").await;
        bea.has_settled().await;
        bea.stops().await;
        world.server_is_restored_from(&backup).await;
        each_notices_the_restore(&[&ann]).await;
        ann.says("@bea", "are you there?").await;
        bea.start();
        each_notices_the_restore(&[&bea]).await;
        bea.says("@ann", "yes").await;
        ann.hears("@bea", "yes").await;
        for (each, place) in [(&ann, "@bea"), (&bea, "@ann")] {
            each.reads_exactly(place, &["hello", "hello ann", "are you there?", "yes"]).await;
            assert_eq!(each.id_of(place).await, id);
        }
        ann.agrees_with(&[&bea], "@bea").await;
        assert!(!bea.looks_at("@ann").await.unwrap().request, "it was accepted before");
    });
}

#[test]
fn a_group_that_the_backup_did_not_know_is_said_to_be_lost() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let backup = world.server_is_backed_up();
        let id = ann.opens_a_group("garden", &[&bea]).await.to_string();
        ann.says("#garden", "welcome").await;
        bea.hears("#garden", "welcome").await;
        world.server_is_restored_from(&backup).await;
        for each in [&ann, &bea] {
            each.notices("that the group is lost", is_lost).await;
            assert_eq!(each.texts(&id).await, ["welcome"], "it can still be read");
            assert_eq!(each.tries_to_say("#garden", "anybody?").await.unwrap_err(), Failure::NotAMember);
        }
        let anew = ann.opens_a_group("garden", &[&bea]).await.to_string();
        assert_ne!(anew, id);
        ann.says("#garden", "here we are").await;
        bea.hears("#garden", "here we are").await;
    });
}

#[test]
fn a_device_that_was_added_behind_the_backup_is_offered_to_the_server_again() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let backup = world.server_is_backed_up();
        let tablet = world.another_device_of(&bea).await;
        ann.says("@bea", "a new tablet?").await;
        for each in [&bea, &tablet] {
            each.hears("@ann", "a new tablet?").await;
        }
        world.server_is_restored_from(&backup).await;
        each_notices_the_restore(&[&ann, &bea]).await;
        // Its session is one of those that were lost; its place on the list is not.
        tablet.until("its session has ended", async || has_no_session(&tablet).await).await;
        tablet.signs_in().await;
        ann.says("@bea", "both of you").await;
        for each in [&bea, &tablet] {
            each.hears("@ann", "both of you").await;
        }
        tablet.says("@ann", "from the tablet").await;
        ann.hears("@bea", "from the tablet").await;
        let refused = |notice: &Notice| matches!(notice, Notice::DeviceListRefused { .. });
        for each in [&ann, &bea, &tablet] {
            assert!(!each.noticed().await.iter().any(refused), "{each:?}");
        }
    });
}

#[test]
fn a_device_that_was_added_behind_the_backup_comes_back_by_its_own_list() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let backup = world.server_is_backed_up();
        let tablet = world.another_device_of(&bea).await;
        ann.says("@bea", "a new tablet?").await;
        tablet.hears("@ann", "a new tablet?").await;
        // The device that could offer the list stays away.
        bea.stops().await;
        world.server_is_restored_from(&backup).await;
        tablet.until("its session has ended", async || has_no_session(&tablet).await).await;
        tablet.signs_in().await;
        ann.says("@bea", "still there?").await;
        tablet.hears("@ann", "still there?").await;
        assert_eq!(tablet.devices().await.len(), 2);
    });
}

#[test]
fn a_device_that_only_the_second_of_two_lost_lists_names_comes_back_by_both() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let backup = world.server_is_backed_up();
        let tablet = world.another_device_of(&bea).await;
        let laptop = world.another_device_of(&bea).await;
        ann.says("@bea", "so many?").await;
        laptop.hears("@ann", "so many?").await;
        for away in [&bea, &tablet] {
            away.stops().await;
        }
        world.server_is_restored_from(&backup).await;
        laptop.until("its session has ended", async || has_no_session(&laptop).await).await;
        laptop.signs_in().await;
        ann.says("@bea", "still there?").await;
        laptop.hears("@ann", "still there?").await;
        assert_eq!(laptop.devices().await.len(), 3);
        let refused = |notice: &Notice| matches!(notice, Notice::DeviceListRefused { .. });
        for each in [&ann, &laptop] {
            assert!(!each.noticed().await.iter().any(refused), "{each:?}");
        }
    });
}

#[test]
fn a_device_that_has_seen_a_newer_vault_than_the_restored_server_has_goes_on_and_says_so() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let tablet = world.another_device_of(&bea).await;
        let backup = world.server_is_backed_up();
        tablet.changes_password(PASSWORD, NEW).await.unwrap();
        let laptop = world.blank_device(&bea, "laptop");
        laptop.start();
        laptop.signs_in_by(NEW).await.unwrap();
        laptop.has_settled().await;
        assert!(!tablet.noticed().await.contains(&Notice::VaultSetBack));
        world.server_is_restored_from(&backup).await;
        each_notices_the_restore(&[&ann, &bea, &tablet]).await;
        // One whose session went on, and one whose session was lost.
        assert!(!tablet.password_is(NEW).await);
        assert!(tablet.password_is(PASSWORD).await);
        laptop.until("its session has ended", async || has_no_session(&laptop).await).await;
        laptop.signs_in().await;
        for each in [&tablet, &laptop] {
            each.notices("the older vault", |notice| *notice == Notice::VaultSetBack).await;
        }
        tablet.changes_password(PASSWORD, NEW).await.unwrap();
        assert!(laptop.password_is(NEW).await);
        assert!(!laptop.password_is(PASSWORD).await);
        let said = |noticed: Vec<Notice>| noticed.iter().filter(|notice| **notice == Notice::VaultSetBack).count();
        for each in [&tablet, &laptop] {
            assert_eq!(said(each.noticed().await), 1, "{each:?}");
        }
        assert!(!bea.noticed().await.contains(&Notice::VaultSetBack));
    });
}

#[test]
fn a_server_that_has_an_older_vault_and_says_nothing_of_a_restore_is_refused() {
    story(async |world| {
        let (_, bea) = two_friends(&world).await;
        let backup = world.server_is_backed_up();
        bea.changes_password(PASSWORD, NEW).await.unwrap();
        let before: Rc<RefCell<Option<ServerInfo>>> = Rc::default();
        let (kept, shown) = (Rc::clone(&before), Rc::clone(&before));
        bea.answers_pass(changing("/api/v1/server", move |info: &mut ServerInfo| {
            kept.replace(Some(info.clone()));
        }));
        assert!(bea.password_is(NEW).await);
        world.server_is_restored_from(&backup).await;
        each_notices_the_restore(&[&bea]).await;
        bea.answers_pass(changing("/api/v1/server", move |info: &mut ServerInfo| {
            info.incarnation = shown.borrow().as_ref().unwrap().incarnation;
        }));
        let failure = bea.tries(Command::CheckPassword { password: Secret::new(PASSWORD) }).await.unwrap_err();
        assert!(matches!(&failure, Failure::BadAnswer { reason } if reason.contains("vault number")), "{failure:?}");
        assert!(!bea.noticed().await.contains(&Notice::VaultSetBack));
    });
}

#[test]
fn an_account_state_that_the_server_lost_is_stored_again() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        bea.restarts_in_order().await;
        let backup = world.server_is_backed_up();
        bea.opens_a_group("garden", &[&ann]).await;
        bea.restarts_in_order().await;
        world.server_is_restored_from(&backup).await;
        each_notices_the_restore(&[&ann, &bea]).await;
        bea.opens_a_group("cellar", &[&ann]).await;
        bea.restarts_in_order().await;
        let tablet = world.another_device_of(&bea).await;
        tablet.is_in("#cellar").await;
        let refused = |notice: &Notice| matches!(notice, Notice::AccountStateRefused { .. });
        assert!(!bea.noticed().await.iter().any(refused));
        // A device that has seen the lost state takes the one behind it.
        bea.opens_a_group("attic", &[&ann]).await;
        tablet.is_in("#attic").await;
    });
}

async fn has_no_session(device: &Device) -> bool {
    device.status().await.connection == huis_views::Connection::Idle
}

#[test]
fn after_a_restore_what_was_said_since_the_backup_is_offered_again() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let backup = world.server_is_backed_up();
        bea.stops().await;
        ann.says("@bea", "since the backup").await;
        world.server_is_restored_from(&backup).await;
        ann.notices("the restore", is_restored).await;
        ann.has_settled().await;
        bea.start();
        bea.notices("the restore", is_restored).await;
        bea.reads_exactly("@ann", &["hello", "since the backup"]).await;
        bea.says("@ann", "got it").await;
        ann.hears("@bea", "got it").await;
        ann.agrees_with(&[&bea], "@bea").await;
    });
}

#[test]
fn after_a_restore_a_change_of_the_group_since_the_backup_is_made_up_for() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let cem = world.account("cem").await;
        ann.opens_a_group("garden", &[&bea]).await;
        bea.hears_title("garden").await;
        let backup = world.server_is_backed_up();
        ann.invites("#garden", &[&cem]).await;
        cem.hears_title("garden").await;
        let garden = cem.id_of("#garden").await.to_string();
        ann.says("#garden", "cem is here").await;
        for each in [&bea, &cem] {
            each.hears("#garden", "cem is here").await;
        }
        world.server_is_restored_from(&backup).await;
        for each in [&ann, &bea, &cem] {
            each.notices("the restore", is_restored).await;
        }
        ann.says("#garden", "once more").await;
        bea.hears("#garden", "once more").await;
        ann.agrees_with(&[&bea], "#garden").await;
        // cem was invited behind the backup: the server does not know that any more, and no member can say so to it.
        cem.notices("that the conversation is lost", is_lost).await;
        assert_eq!(cem.tries_to_say(&garden, "am I here?").await.unwrap_err(), Failure::NotAMember);
        ann.invites("#garden", &[&cem]).await;
        cem.is_in("#garden").await;
        ann.says("#garden", "cem is here again").await;
        cem.hears("#garden", "cem is here again").await;
    });
}

#[test]
fn a_server_that_merely_restarts_is_not_taken_for_a_restored_one() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        world.server_crashes().await;
        world.server_starts().await;
        ann.says("@bea", "still here").await;
        bea.hears("@ann", "still here").await;
        for each in [&ann, &bea] {
            assert!(!each.noticed().await.iter().any(is_restored), "{each:?}");
        }
    });
}
