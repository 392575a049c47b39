//! The engine's main ways against the real server, in one process and virtual time.

use huis_testkit::story;
use huis_views::Command;

#[test]
fn a_first_word_opens_a_conversation_and_an_answer_accepts_it() {
    story(async |world| {
        let anna = world.account("anna").await;
        let ben = world.account("ben").await;
        anna.says("@ben", "hello").await;
        ben.hears("@anna", "hello").await;
        assert!(ben.looks_at("@anna").await.unwrap().request);
        ben.says("@anna", "hi").await;
        assert!(!ben.looks_at("@anna").await.unwrap().request);
        anna.hears("@ben", "hi").await;
        anna.reads_exactly("@ben", &["hello", "hi"]).await;
        assert!(anna.noticed().await.is_empty() && ben.noticed().await.is_empty());
    });
}

#[test]
fn a_second_device_reads_and_writes_by_password_alone() {
    story(async |world| {
        let anna = world.account("anna").await;
        let ben = world.account("ben").await;
        anna.says("@ben", "one").await;
        ben.hears("@anna", "one").await;
        ben.says("@anna", "two").await;
        anna.hears("@ben", "two").await;
        anna.has_settled().await;
        let tablet = world.another_device_of(&anna).await;
        ben.says("@anna", "three").await;
        tablet.hears("@ben", "three").await;
        tablet.says("@ben", "four").await;
        ben.hears("@anna", "four").await;
        anna.hears("@ben", "four").await;
        ben.reads_exactly("@anna", &["one", "two", "three", "four"]).await;
    });
}

#[test]
fn a_group_of_three_invites_removes_and_is_left() {
    story(async |world| {
        let anna = world.account("anna").await;
        let ben = world.account("ben").await;
        let cleo = world.account("cleo").await;
        anna.opens_a_group("garden", &[&ben]).await;
        ben.is_in("#garden").await;
        ben.accepts("#garden").await;
        anna.invites("#garden", &[&cleo]).await;
        cleo.is_in("#garden").await;
        cleo.says("#garden", "seeds").await;
        anna.hears("#garden", "seeds").await;
        ben.hears("#garden", "seeds").await;
        cleo.leaves("#garden").await;
        ben.says("#garden", "who is left").await;
        anna.hears("#garden", "who is left").await;
        anna.removes("#garden", &[&ben]).await;
        ben.is_out_of("#garden").await;
        assert_eq!(cleo.texts("#garden").await, ["seeds"]);
    });
}

#[test]
fn two_who_open_the_lobby_at_once_meet_in_one_room() {
    story(async |world| {
        let anna = world.account("anna").await;
        let ben = world.account("ben").await;
        let (one, other) = tokio::join!(anna.says("#lobby", "a"), ben.says("#lobby", "b"));
        assert_eq!(one.conversation, other.conversation);
        let cleo = world.account("cleo").await;
        cleo.joins_room("lobby").await;
        cleo.says("#lobby", "c").await;
        anna.hears("#lobby", "c").await;
        ben.hears("#lobby", "c").await;
    });
}

#[test]
fn a_device_that_was_away_reads_everything_in_order() {
    story(async |world| {
        let anna = world.account("anna").await;
        let ben = world.account("ben").await;
        anna.says("@ben", "0").await;
        ben.hears("@anna", "0").await;
        ben.says("@anna", "yes").await;
        ben.goes_offline();
        let mut texts = vec!["0".to_owned(), "yes".to_owned()];
        for number in 1..=40 {
            anna.writes("@ben", &number.to_string()).await;
            texts.push(number.to_string());
        }
        ben.comes_online();
        ben.hears("@anna", "40").await;
        let texts: Vec<_> = texts.iter().map(String::as_str).collect();
        ben.reads_exactly("@anna", &texts).await;
        assert!(ben.noticed().await.is_empty());
    });
}

#[test]
fn a_crash_after_any_transaction_loses_nothing_and_repeats_nothing() {
    story(async |world| {
        let anna = world.account("anna").await;
        let ben = world.account("ben").await;
        anna.says("@ben", "start").await;
        ben.hears("@anna", "start").await;
        ben.says("@anna", "go").await;
        anna.hears("@ben", "go").await;
        let mut texts = vec!["start".to_owned(), "go".to_owned()];
        for number in 1..12 {
            anna.stops().await;
            anna.starts_and_dies_after(number);
            let text = format!("word {number}");
            let handle = anna.handle();
            let wish = huis_views::Send {
                to: "@ben".parse().unwrap(),
                text: text.clone(),
                reply_to: None,
                view_once: false,
                wait: false,
            };
            let stored = tokio::time::timeout(std::time::Duration::from_secs(5), handle.command(Command::Send(wish)));
            let stored = matches!(stored.await, Ok(Ok(_)));
            tokio::time::sleep(std::time::Duration::from_secs(5)).await;
            anna.restarts().await;
            anna.is_connected().await;
            if stored {
                texts.push(text);
            }
        }
        anna.says("@ben", "end").await;
        texts.push("end".into());
        ben.hears("@anna", "end").await;
        let texts: Vec<_> = texts.iter().map(String::as_str).collect();
        ben.reads_exactly("@anna", &texts).await;
        assert!(ben.noticed().await.is_empty(), "{:?}", ben.noticed().await);
    });
}

#[test]
fn two_members_who_commit_at_once_both_get_their_way() {
    story(async |world| {
        let anna = world.account("anna").await;
        let ben = world.account("ben").await;
        let cleo = world.account("cleo").await;
        let dora = world.account("dora").await;
        anna.opens_a_group("garden", &[&ben]).await;
        ben.is_in("#garden").await;
        ben.accepts("#garden").await;
        let garden = anna.id_of("#garden").await;
        let role = Command::SetRole {
            target: huis_views::Target::Id(garden),
            names: vec!["ben".into()],
            role: huis_views::MemberRole::Admin,
        };
        anna.command(role).await;
        let promoted =
            async || ben.members("#garden").await.iter().any(|member| member.role == huis_views::MemberRole::Admin);
        ben.until("ben is an admin", promoted).await;
        let (cleo_alone, dora_alone) = ([&cleo], [&dora]);
        tokio::join!(anna.invites("#garden", &cleo_alone), ben.invites("#garden", &dora_alone));
        anna.says("#garden", "welcome").await;
        for device in [&ben, &cleo, &dora] {
            device.hears("#garden", "welcome").await;
        }
        anna.agrees_with(&[&ben, &cleo, &dora], "#garden").await;
    });
}

#[test]
fn an_old_copy_of_a_database_joins_anew_before_it_speaks() {
    story(async |world| {
        let anna = world.account("anna").await;
        let ben = world.account("ben").await;
        anna.says("@ben", "one").await;
        ben.hears("@anna", "one").await;
        ben.says("@anna", "two").await;
        anna.hears("@ben", "two").await;
        anna.has_settled().await;
        anna.stops().await;
        let copy = anna.copy_of_its_profile();
        anna.start();
        anna.says("@ben", "three").await;
        ben.hears("@anna", "three").await;
        anna.stops().await;
        anna.is_restored_from(&copy);
        anna.start();
        anna.notices("that it is an old copy", |notice| matches!(notice, huis_views::Notice::OldCopy)).await;
        anna.says("@ben", "four").await;
        ben.hears("@anna", "four").await;
        ben.says("@anna", "five").await;
        anna.hears("@ben", "five").await;
        ben.reads_exactly("@anna", &["one", "two", "three", "four", "five"]).await;
    });
}

#[test]
fn a_revoked_device_reads_nothing_more_and_a_request_sends_nothing() {
    story(async |world| {
        let anna = world.account("anna").await;
        let ben = world.account("ben").await;
        anna.says("@ben", "one").await;
        ben.hears("@anna", "one").await;
        world.passes(std::time::Duration::from_secs(60)).await;
        assert!(anna.messages("@ben").await.iter().all(|message| message.own));
        let anna_sent = anna.messages("@ben").await[0].id;
        let receipts = anna.command(Command::Receipts { message: anna_sent }).await;
        assert!(matches!(receipts, huis_views::Reply::Receipts(receipts) if receipts.is_empty()));
        ben.says("@anna", "two").await;
        anna.hears("@ben", "two").await;
        anna.has_settled().await;
        let tablet = world.another_device_of(&anna).await;
        ben.says("@anna", "three").await;
        tablet.hears("@ben", "three").await;
        let device = tablet.profile().await.device;
        anna.revokes(device).await;
        anna.says("@ben", "four").await;
        ben.hears("@anna", "four").await;
        ben.until("the leaf of the revoked device is gone", async || {
            ben.members("@anna").await.iter().all(|member| !member.devices.contains(&device))
        })
        .await;
        ben.says("@anna", "five").await;
        anna.hears("@ben", "five").await;
        assert!(!tablet.texts("@ben").await.contains(&"five".to_owned()));
    });
}

#[test]
fn a_bad_network_loses_nothing_and_repeats_nothing() {
    for seed in 1..4 {
        huis_testkit::story_with_seed(seed, async |world| {
            let anna = world.account("anna").await;
            let ben = world.account("ben").await;
            anna.says("@ben", "0").await;
            ben.hears("@anna", "0").await;
            ben.says("@anna", "yes").await;
            anna.hears("@ben", "yes").await;
            world.network_is(huis_testkit::Faults::MANY);
            let texts: Vec<_> = (1..=15).map(|number| number.to_string()).collect();
            for text in &texts {
                anna.writes("@ben", text).await;
            }
            ben.hears("@anna", "15").await;
            let mut all = vec!["0", "yes"];
            all.extend(texts.iter().map(String::as_str));
            ben.reads_exactly("@anna", &all).await;
        });
    }
}
