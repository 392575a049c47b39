//! People who make sure of each other, and what happens when that breaks.

use std::time::Duration;

use huis_proto::rest::AccountCard;
use huis_testkit::{Device, PASSWORD, World, story};
use huis_views::{Annotation, Command, Failure, MessageState, Notice, Reply, SafetyCode, Trust};

use crate::hostile_servers::{recorded_card, with};
use crate::renewals::{ASKED_ANEW, NEW, accepts_identity, contact, renamed};
use crate::{is_alarming, nobody_is_alarmed, two_friends};

async fn code(device: &Device, of: &str) -> SafetyCode {
    match device.command(Command::SafetyCode { name: of.into() }).await {
        Reply::SafetyCode(code) => *code,
        other => panic!("{other:?}"),
    }
}

async fn scans(device: &Device, whose: &str, code: &str) -> Result<(), Failure> {
    device.tries(Command::VerifyScanned { name: whose.into(), code: code.into() }).await.map(drop)
}

/// Marks somebody as compared, with the number that both see.
async fn compares(device: &Device, other: &Device) {
    let number = contact(other, device.name()).await.safety_number;
    let compared = Command::SetVerified { name: other.name().into(), verified: true, safety_number: Some(number) };
    device.command(compared).await;
}

async fn forgets(device: &Device, name: &str) {
    device.command(Command::SetVerified { name: name.into(), verified: false, safety_number: None }).await;
}

async fn trust(device: &Device, place: &str) -> Trust {
    device.looks_at(place).await.unwrap().trust
}

fn is_broken(notice: &Notice) -> bool {
    matches!(notice, Notice::IdentityChanged { was_verified: true, .. })
}

/// Waits until a message is held back, because of this account.
async fn is_held(device: &Device, place: &str, text: &str, because_of: &str) {
    let held = MessageState::Held(renamed(because_of));
    device
        .until(&format!("{text:?} is held back"), async || {
            device.messages(place).await.iter().any(|message| message.text == text && message.state == held)
        })
        .await;
}

async fn waits(device: &Device, place: &str) -> Vec<String> {
    let waiting = |state: &MessageState| matches!(state, MessageState::Held(_) | MessageState::Waiting);
    let messages = device.messages(place).await;
    messages.into_iter().filter(|message| waiting(&message.state)).map(|message| message.text).collect()
}

/// Bea has compared ann, who is in a group with her and cem, and has another identity key since.
async fn renewed_after_a_comparison(world: &World) -> (Device, Device, Device) {
    let (ann, bea) = two_friends(world).await;
    let cem = world.account("cem").await;
    bea.opens_a_group("garden", &[&ann, &cem]).await;
    for each in [&ann, &cem] {
        each.hears_title("garden").await;
    }
    compares(&bea, &ann).await;
    bea.has_settled().await;
    ann.renews_identity(PASSWORD, NEW).await.unwrap();
    bea.notices("that the mark broke", is_broken).await;
    (ann, bea, cem)
}

#[test]
fn two_people_compare_digits_or_scan_and_each_keeps_how() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let cem = world.account("cem").await;
        cem.says("@bea", "hello").await;
        assert_eq!(contact(&ann, "bea").await.safety_number, contact(&bea, "ann").await.safety_number);
        compares(&ann, &bea).await;
        let at_bea = code(&bea, "ann").await;
        assert_eq!(at_bea.lines.len(), 41);
        // Bea looks at the wrong screen first, then at a poster.
        let (of_cem, own) = (code(&cem, "bea").await, at_bea.text.clone());
        let other_pair = Err(Failure::OtherPair { name: "ann".into() });
        assert_eq!(scans(&bea, "ann", &of_cem.text).await, other_pair);
        assert_eq!(scans(&bea, "ann", &own).await, other_pair, "her own code proves nothing");
        for nothing in ["https://example.org", "HUIS:08", "HUIS:041"] {
            let refused = scans(&bea, "ann", nothing).await.unwrap_err();
            assert!(matches!(refused, Failure::Invalid { .. }), "{refused:?}");
        }
        assert!(!contact(&bea, "ann").await.verified);
        scans(&bea, "@ann", &code(&ann, "bea").await.text).await.unwrap();
        for (device, other, scanned) in [(&ann, "bea", false), (&bea, "ann", true)] {
            let known = contact(device, other).await;
            assert!(known.verified && !known.broken);
            assert_eq!(known.compared.unwrap().scanned, scanned);
            assert_eq!(trust(device, &format!("@{other}")).await, Trust::Verified);
        }
        assert!(scans(&ann, "ann", &own).await.is_err(), "nobody compares himself");
        nobody_is_alarmed(&[&ann, &bea]).await;
    });
}

#[test]
fn a_number_that_is_not_the_one_marks_nobody() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let wrong = Command::SetVerified { name: "bea".into(), verified: true, safety_number: Some("0".repeat(60)) };
        assert_eq!(ann.tries(wrong).await.unwrap_err(), Failure::OtherNumber { name: "bea".into() });
        assert_eq!(trust(&ann, "@bea").await, Trust::NotYet);
        bea.has_settled().await;
    });
}

#[test]
fn a_comparison_and_its_end_count_on_all_devices_of_the_account() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let phone = world.another_device_of(&bea).await;
        phone.is_in("@ann").await;
        scans(&bea, "ann", &code(&ann, "bea").await.text).await.unwrap();
        phone.until("it knows of the comparison", async || contact(&phone, "ann").await.verified).await;
        assert_eq!(contact(&phone, "ann").await.compared, contact(&bea, "ann").await.compared);
        // A later one, of the digits, counts in place of it.
        world.passes(Duration::from_secs(60)).await;
        compares(&phone, &ann).await;
        bea.until("it knows of the later one", async || {
            contact(&bea, "ann").await.compared.is_some_and(|compared| !compared.scanned)
        })
        .await;
        forgets(&phone, "ann").await;
        bea.until("the mark is gone", async || trust(&bea, "@ann").await == Trust::NotYet).await;
        phone.has_settled().await;
        bea.has_settled().await;
        world.passes(Duration::from_secs(3600)).await;
        for each in [&bea, &phone] {
            assert_eq!(contact(each, "ann").await.compared, None);
        }
    });
}

#[test]
fn what_is_written_to_a_verified_contact_with_another_identity_waits_until_it_is_compared_anew() {
    story(async |world| {
        let (ann, bea, cem) = renewed_after_a_comparison(&world).await;
        let known = contact(&bea, "ann").await;
        assert!(known.broken && known.identity_changed && !known.verified && known.compared.is_some());
        for place in ["@ann", "#garden"] {
            assert_eq!(trust(&bea, place).await, Trust::Broken);
        }
        bea.writes("@ann", "for you alone").await;
        bea.writes("#garden", "for us").await;
        is_held(&bea, "@ann", "for you alone", "ann").await;
        is_held(&bea, "#garden", "for us", "ann").await;
        // Whoever waits for the server's word is told, and it is kept all the same.
        assert_eq!(bea.tries_to_say("@ann", "are you there?").await.unwrap_err(), renamed("ann"));
        // It concerns nobody else, and holds over a restart, and nothing goes out later by itself.
        bea.says("@cem", "something is odd").await;
        cem.hears("@bea", "something is odd").await;
        bea.restarts().await;
        bea.has_settled().await;
        world.passes(ASKED_ANEW).await;
        bea.writes("@ann", "and this").await;
        is_held(&bea, "@ann", "and this", "ann").await;
        assert_eq!(waits(&bea, "@ann").await, ["for you alone", "are you there?", "and this"]);
        assert_eq!(waits(&bea, "#garden").await, ["for us"]);
        assert!(!cem.texts("#garden").await.contains(&"for us".to_owned()));
        // What others say goes on.
        ann.says("#garden", "it is me").await;
        bea.hears("#garden", "it is me").await;

        scans(&bea, "ann", &code(&ann, "bea").await.text).await.unwrap();
        for text in ["for you alone", "are you there?", "and this"] {
            ann.hears("@bea", text).await;
        }
        ann.hears("#garden", "for us").await;
        cem.hears("#garden", "for us").await;
        assert_eq!(trust(&bea, "@ann").await, Trust::Verified);
        bea.until("nothing waits", async || waits(&bea, "@ann").await.is_empty()).await;
        let alarming: Vec<_> = bea.noticed().await.into_iter().filter(is_alarming).collect();
        assert!(alarming.len() == 1 && is_broken(&alarming[0]), "{alarming:?}");
    });
}

#[test]
fn who_goes_on_without_comparing_sends_what_waited_and_has_no_mark_any_more() {
    story(async |world| {
        let (ann, bea, cem) = renewed_after_a_comparison(&world).await;
        bea.writes("@ann", "for you alone").await;
        bea.writes("#garden", "for us").await;
        is_held(&bea, "@ann", "for you alone", "ann").await;
        is_held(&bea, "#garden", "for us", "ann").await;
        // A reaction in the conversation of the two is kept as well.
        let hello = bea.messages("@ann").await.into_iter().find(|message| message.text == "hello").unwrap().id;
        let reacts = Annotation::React { emoji: "👍".into() };
        assert_eq!(bea.tries_to_mark(hello, reacts).await.unwrap_err(), renamed("ann"));
        assert_eq!((bea.status().await.held, ann.reactions(hello).await), (3, vec![]));
        accepts_identity(&bea, "ann").await;
        ann.sees("the reaction", hello, |view| !view.reactions.is_empty()).await;
        ann.hears("@bea", "for you alone").await;
        cem.hears("#garden", "for us").await;
        let known = contact(&bea, "ann").await;
        assert!(!known.verified && !known.broken && !known.identity_changed && known.compared.is_none());
        assert_eq!(trust(&bea, "@ann").await, Trust::NotYet);
    });
}

#[test]
fn what_is_held_back_can_be_dropped_and_the_place_left() {
    story(async |world| {
        let (ann, bea, cem) = renewed_after_a_comparison(&world).await;
        let sent = bea.writes("@ann", "never mind").await;
        is_held(&bea, "@ann", "never mind", "ann").await;
        bea.command(Command::Discard { message: sent.id }).await;
        bea.writes("#garden", "nor this").await;
        is_held(&bea, "#garden", "nor this", "ann").await;
        bea.leaves("#garden").await;
        cem.until("bea has left", async || !cem.names_in("#garden").await.contains(&"bea".to_owned())).await;
        accepts_identity(&bea, "ann").await;
        bea.says("@ann", "so it is").await;
        ann.hears("@bea", "so it is").await;
        assert!(!ann.texts("@bea").await.contains(&"never mind".to_owned()));
        assert!(!cem.texts("#garden").await.contains(&"nor this".to_owned()));
    });
}

#[test]
fn what_waits_for_one_member_goes_out_when_that_one_is_taken_out() {
    story(async |world| {
        let (ann, bea, cem) = renewed_after_a_comparison(&world).await;
        bea.writes("#garden", "for cem alone then").await;
        is_held(&bea, "#garden", "for cem alone then", "ann").await;
        bea.removes("#garden", &[&ann]).await;
        cem.hears("#garden", "for cem alone then").await;
        assert!(!ann.texts("#garden").await.contains(&"for cem alone then".to_owned()));
    });
}

#[test]
fn both_devices_of_an_account_see_that_a_mark_broke_and_one_comparison_mends_it_for_both() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let phone = world.another_device_of(&bea).await;
        phone.is_in("@ann").await;
        compares(&bea, &ann).await;
        phone.until("it knows of the comparison", async || contact(&phone, "ann").await.verified).await;
        ann.renews_identity(PASSWORD, NEW).await.unwrap();
        for (each, text) in [(&bea, "from here"), (&phone, "from there")] {
            each.notices("that the mark broke", is_broken).await;
            each.writes("@ann", text).await;
            is_held(each, "@ann", text, "ann").await;
        }
        scans(&phone, "ann", &code(&ann, "bea").await.text).await.unwrap();
        for text in ["from here", "from there"] {
            ann.hears("@bea", text).await;
        }
        for each in [&bea, &phone] {
            each.until("it is verified", async || trust(each, "@ann").await == Trust::Verified).await;
        }
    });
}

#[test]
fn a_server_that_swaps_the_identity_of_a_verified_contact_gets_nothing_and_is_found_out_by_a_comparison() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let eve = world.account("eve").await;
        compares(&ann, &bea).await;
        let of_eve = recorded_card(&world, &ann, &eve).await;
        let (id_of_bea, of_bea) = (bea.profile().await.account, recorded_card(&world, &ann, &bea).await);
        ann.answers_pass(move |request, response| {
            let is_card = request.path.ends_with(&id_of_bea.to_string()) || request.path.ends_with("/by-name/bea");
            let forged = AccountCard { identity_key: of_eve.identity_key, ..of_bea.clone() };
            Some(if is_card { with(response, &forged) } else { response })
        });
        world.passes(ASKED_ANEW).await;
        ann.writes("@bea", "the code of the door is 4711").await;
        ann.notices("that the mark broke", is_broken).await;
        is_held(&ann, "@bea", "the code of the door is 4711", "bea").await;
        let (shown, true_one) = (contact(&ann, "bea").await, contact(&bea, "ann").await);
        assert!(shown.broken && shown.safety_number != true_one.safety_number);
        // What ann shows bea says so as well.
        let mismatch = Err(Failure::OtherNumber { name: "ann".into() });
        assert_eq!(scans(&bea, "ann", &code(&ann, "bea").await.text).await, mismatch);
        // The two compare the key that they had: the server lied, and is not asked again before what waits has gone out.
        scans(&ann, "bea", &code(&bea, "ann").await.text).await.unwrap();
        bea.hears("@ann", "the code of the door is 4711").await;
        assert_eq!(trust(&ann, "@bea").await, Trust::Verified);
        // It lies on, and is seen again.
        world.passes(ASKED_ANEW).await;
        ann.writes("@bea", "once more").await;
        is_held(&ann, "@bea", "once more", "bea").await;
        assert_eq!(trust(&ann, "@bea").await, Trust::Broken);
        ann.nobody_meddles();
        scans(&ann, "bea", &code(&bea, "ann").await.text).await.unwrap();
        bea.hears("@ann", "once more").await;
    });
}

#[test]
fn a_mark_that_broke_is_not_taken_away_before_somebody_decides() {
    story(async |world| {
        let (ann, bea, cem) = renewed_after_a_comparison(&world).await;
        bea.writes("#garden", "for us").await;
        is_held(&bea, "#garden", "for us", "ann").await;
        let forget = Command::SetVerified { name: "ann".into(), verified: false, safety_number: None };
        assert_eq!(bea.tries(forget).await.unwrap_err(), renamed("ann"));
        assert!(contact(&bea, "ann").await.broken);
        assert_eq!(waits(&bea, "#garden").await, ["for us"]);
        let view = bea.looks_at("#garden").await.unwrap();
        assert_eq!((view.trust, view.changed.unwrap().name), (Trust::Broken, Some("ann".into())));
        assert!(!cem.texts("#garden").await.contains(&"for us".to_owned()));
        ann.has_settled().await;
    });
}

#[test]
fn an_open_room_goes_on_over_a_handover_and_says_so() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        for each in [&ann, &bea] {
            each.joins_room("club").await;
        }
        compares(&bea, &ann).await;
        bea.has_settled().await;
        ann.renews_identity(PASSWORD, NEW).await.unwrap();
        bea.notices("that the mark broke", is_broken).await;
        assert_eq!((trust(&bea, "#club").await, trust(&bea, "@ann").await), (Trust::Changed, Trust::Broken));
        bea.says("#club", "good evening").await;
        ann.hears("#club", "good evening").await;
    });
}

#[test]
fn what_is_written_goes_out_nowhere_in_the_round_that_finds_another_identity() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let eve = world.account("eve").await;
        for each in [&ann, &bea] {
            each.joins_room("club").await;
        }
        compares(&ann, &bea).await;
        ann.has_settled().await;
        let of_eve = recorded_card(&world, &ann, &eve).await;
        let (id_of_bea, of_bea) = (bea.profile().await.account, recorded_card(&world, &ann, &bea).await);
        ann.goes_offline();
        world.passes(ASKED_ANEW).await;
        // Nobody's lists are asked for before something is said in an open room. They are for the words to bea, which go out
        // in the same round.
        ann.writes("#club", "for the members").await;
        ann.writes("@bea", "for you alone").await;
        ann.answers_pass(move |request, response| {
            let is_card = request.path.ends_with(&id_of_bea.to_string()) || request.path.ends_with("/by-name/bea");
            let forged = AccountCard { identity_key: of_eve.identity_key, ..of_bea.clone() };
            Some(if is_card { with(response, &forged) } else { response })
        });
        ann.comes_online();
        is_held(&ann, "@bea", "for you alone", "bea").await;
        is_held(&ann, "#club", "for the members", "bea").await;
        assert_eq!(ann.status().await.held, 2);
        assert!(!bea.texts("#club").await.contains(&"for the members".to_owned()));
    });
}

#[test]
fn nobody_is_brought_in_whose_identity_is_found_to_have_changed_meanwhile() {
    story(async |world| {
        let (ann, bea, cem) = (world.account("ann").await, world.account("bea").await, world.account("cem").await);
        bea.opens_a_group("yard", &[&cem]).await;
        cem.hears_title("yard").await;
        // They share no conversation: bea looks ann up, and hears nothing of the renewal before the invitation is made.
        let known = contact(&bea, "ann").await;
        ann.renews_identity(PASSWORD, NEW).await.unwrap();
        assert_eq!(contact(&bea, "ann").await, known);
        assert_eq!(bea.tries_to_invite("#yard", &[&ann]).await.unwrap_err(), renamed("ann"));
        assert_eq!(bea.names_in("#yard").await, ["bea", "cem"]);
        accepts_identity(&bea, "ann").await;
        bea.invites("#yard", &[&ann]).await;
        ann.hears_title("yard").await;
    });
}

#[test]
fn receipts_wait_where_they_are_owed_and_take_no_place_of_what_is_said() {
    story(async |world| {
        let (ann, bea, cem) = renewed_after_a_comparison(&world).await;
        bea.writes("#garden", "for us").await;
        is_held(&bea, "#garden", "for us", "ann").await;
        let sent = cem.says("#garden", "one").await;
        cem.says("#garden", "two").await;
        bea.hears("#garden", "two").await;
        bea.has_settled().await;
        world.passes(Duration::from_secs(600)).await;
        assert_eq!(bea.status().await.held, 1);
        let delivered = async || {
            let messages = cem.messages("#garden").await;
            messages.into_iter().find(|message| message.id == sent.id).unwrap().receipts.unwrap().delivered
        };
        assert_eq!(delivered().await, 1, "ann alone says that it came");
        accepts_identity(&bea, "ann").await;
        ann.hears("#garden", "for us").await;
        cem.until("bea says as well that it came", async || delivered().await == 2).await;
        assert_eq!(bea.status().await.held, 0);
    });
}

#[test]
fn a_new_device_of_ones_own_is_announced_on_the_others() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let phone = world.another_device_of(&ann).await;
        phone.has_settled().await;
        let is_new = |notice: &Notice| *notice == Notice::OwnDeviceAdded { count: 1 };
        ann.notices("the new device", is_new).await;
        assert!(!phone.noticed().await.iter().any(is_new), "it knows of itself");
        let others = async |device: &Device| {
            let is_added = |notice: &Notice| matches!(notice, Notice::DeviceAdded { .. });
            device.noticed().await.into_iter().filter(is_added).count()
        };
        assert_eq!(others(&ann).await, 0);
        bea.has_settled().await;
    });
}
