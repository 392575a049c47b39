//! What Huis is for, on a good day.

use std::time::Duration;

use huis_proto::ConversationKind;
use huis_testkit::story;
use huis_views::{Command, ConversationState, Failure, MemberRole, Notice, Reply, RequestAnswer, Target};

#[test]
fn a_first_word_is_a_request_and_the_answer_accepts_it() {
    story(async |world| {
        let (ann, bea) = (world.account("ann").await, world.account("bea").await);
        ann.says("@bea", "hello bea").await;
        bea.hears("@ann", "hello bea").await;
        assert!(bea.messages("@ann").await[0].request);

        bea.says("@ann", "hello ann").await;
        ann.hears("@bea", "hello ann").await;
        assert!(!bea.looks_at("@ann").await.unwrap().request);
        bea.reads_exactly("@ann", &["hello bea", "hello ann"]).await;
        ann.reads_exactly("@bea", &["hello bea", "hello ann"]).await;
        ann.agrees_with(&[&bea], "@bea").await;
    });
}

#[test]
fn nothing_leaves_a_device_before_it_accepts_a_request() {
    story(async |world| {
        let (ann, bea) = (world.account("ann").await, world.account("bea").await);
        let sent = ann.says("@bea", "do you know me?").await;
        bea.hears("@ann", "do you know me?").await;
        let newest = bea.messages("@ann").await[0].position;
        bea.command(Command::MarkRead { conversation: sent.conversation, up_to: newest }).await;
        world.passes(Duration::from_secs(600)).await;
        assert_eq!(receipts_of(&ann, &sent).await, 0, "no receipt before the request is accepted");

        bea.accepts("@ann").await;
        let sent = ann.says("@bea", "and now?").await;
        ann.until("bea got it", async || receipts_of(&ann, &sent).await == 1).await;
    });
}

#[test]
fn a_declined_request_is_gone_and_a_blocked_stranger_is_not_heard() {
    story(async |world| {
        let (ann, bea) = (world.account("ann").await, world.account("bea").await);
        ann.says("@bea", "buy my things").await;
        bea.hears("@ann", "buy my things").await;
        let (target, answer) = (Target::Account("ann".into()), RequestAnswer::Block);
        bea.command(Command::AnswerRequest { target, answer }).await;
        assert!(bea.looks_at("@ann").await.is_none());
        // What the blocked one tries from here on reaches nobody.
        let _ = ann.writes("@bea", "answer me").await;
        world.passes(Duration::from_secs(600)).await;
        assert!(!bea.texts("@ann").await.contains(&"answer me".to_owned()));
    });
}

#[test]
fn three_people_talk_in_a_group() {
    story(async |world| {
        let (ann, bea, cem) = (world.account("ann").await, world.account("bea").await, world.account("cem").await);
        let id = ann.opens_a_group("garden", &[&bea, &cem]).await.to_string();
        ann.says("#garden", "who waters?").await;
        bea.hears("#garden", "who waters?").await;
        bea.says("#garden", "I do").await;
        cem.hears("#garden", "I do").await;
        cem.says("#garden", "thank you").await;
        for each in [&ann, &bea, &cem] {
            each.reads_exactly(&id, &["who waters?", "I do", "thank you"]).await;
        }
        ann.agrees_with(&[&bea, &cem], "#garden").await;
    });
}

#[test]
fn two_who_enter_the_lobby_at_once_meet_in_one_room() {
    story(async |world| {
        let (ann, bea) = (world.account("ann").await, world.account("bea").await);
        let (one, other) = tokio::join!(ann.joins_room("lobby"), bea.joins_room("lobby"));
        assert_eq!(one, other);
        ann.says("#lobby", "anybody here?").await;
        bea.hears("#lobby", "anybody here?").await;
        bea.says("#lobby", "yes").await;
        ann.hears("#lobby", "yes").await;
        ann.agrees_with(&[&bea], "#lobby").await;
        assert_eq!(bea.looks_at("#lobby").await.unwrap().kind, ConversationKind::Open);
    });
}

#[test]
fn a_second_device_by_password_alone_joins_everything_and_hears_what_follows() {
    story(async |world| {
        let (ann, bea) = (world.account("ann").await, world.account("bea").await);
        ann.says("@bea", "before").await;
        bea.accepts("@ann").await;
        ann.opens_a_group("garden", &[&bea]).await;
        bea.hears_title("garden").await;
        bea.joins_room("lobby").await;
        bea.has_settled().await;

        let tablet = world.another_device_of(&bea).await;
        for place in ["@ann", "#garden", "#lobby"] {
            assert_eq!(tablet.looks_at(place).await.unwrap().state, ConversationState::Joined, "{place}");
        }
        ann.says("@bea", "after").await;
        ann.says("#garden", "in the garden").await;
        tablet.reads_exactly("@ann", &["after"]).await;
        tablet.hears("#garden", "in the garden").await;
        tablet.says("@ann", "from the tablet").await;
        bea.hears("@ann", "from the tablet").await;
        ann.hears("@bea", "from the tablet").await;
        assert_eq!(tablet.profile().await.identity_key, bea.profile().await.identity_key);
    });
}

#[test]
fn somebody_who_is_invited_later_reads_what_is_said_from_then_on() {
    story(async |world| {
        let (ann, bea) = (world.account("ann").await, world.account("bea").await);
        ann.opens_a_group("garden", &[]).await;
        ann.says("#garden", "a monologue").await;
        ann.invites("#garden", &[&bea]).await;
        ann.says("#garden", "welcome").await;
        bea.hears_title("garden").await;
        bea.reads_exactly("#garden", &["welcome"]).await;
    });
}

#[test]
fn a_plain_member_can_neither_invite_nor_remove_in_a_group() {
    story(async |world| {
        let (ann, bea, cem) = (world.account("ann").await, world.account("bea").await, world.account("cem").await);
        ann.opens_a_group("garden", &[&bea]).await;
        bea.hears_title("garden").await;
        assert_eq!(bea.tries_to_invite("#garden", &[&cem]).await, Err(Failure::NotAllowed));
        let (target, names) = (Target::Room("garden".into()), vec!["bea".to_owned()]);
        ann.command(Command::SetRole { target, names, role: MemberRole::Admin }).await;
        ann.agrees_with(&[&bea], "#garden").await;
        bea.invites("#garden", &[&cem]).await;
        ann.agrees_with(&[&bea, &cem], "#garden").await;
    });
}

#[test]
fn who_leaves_is_gone_for_everybody_and_hears_nothing_more() {
    story(async |world| {
        let (ann, bea, cem) = (world.account("ann").await, world.account("bea").await, world.account("cem").await);
        let id = ann.opens_a_group("garden", &[&bea, &cem]).await.to_string();
        cem.hears_title("garden").await;
        cem.leaves("#garden").await;
        bea.hears_title("garden").await;
        bea.says("#garden", "cem is gone").await;
        ann.hears("#garden", "cem is gone").await;
        for each in [&ann, &bea] {
            assert_eq!(each.names_in("#garden").await, ["ann", "bea"], "{each:?}");
        }
        ann.agrees_with(&[&bea], "#garden").await;
        cem.is_out_of(&id).await;
        assert!(cem.texts(&id).await.is_empty());
    });
}

#[test]
fn clocks_that_are_hours_off_harm_nobody() {
    story(async |world| {
        let ann = world.blank_account("ann");
        ann.clock_is_wrong_by_ms(-5 * 3_600_000);
        ann.start();
        ann.registers().await;
        let bea = world.account("bea").await;
        ann.says("@bea", "what time is it?").await;
        bea.hears("@ann", "what time is it?").await;
        let message = &bea.messages("@ann").await[0];
        let apart = message.sent_at_ms.abs_diff(message.received_at_ms.unwrap());
        assert!(apart < 60_000, "the server's time is used: {apart} ms apart");
        ann.clock_is_wrong_by_ms(9 * 3_600_000);
        ann.loses_its_connection();
        ann.says("@bea", "and now?").await;
        bea.hears("@ann", "and now?").await;
    });
}

#[test]
fn a_machine_whose_clock_is_hours_behind_the_servers_can_invite() {
    story(async |world| {
        let ann = world.account("ann").await;
        // OpenMLS looks at the machine's clock, and the world's is ahead of that from here on.
        world.passes(Duration::from_secs(5 * 3600)).await;
        let bea = world.account("bea").await;
        ann.says("@bea", "I am late").await;
        bea.hears("@ann", "I am late").await;
        let cem = world.account("cem").await;
        ann.opens_a_group("garden", &[&bea, &cem]).await;
        cem.hears_title("garden").await;
        cem.says("#garden", "are you?").await;
        ann.hears("#garden", "are you?").await;
    });
}

#[test]
fn a_revoked_device_is_removed_everywhere_before_the_next_word() {
    story(async |world| {
        let (ann, bea) = (world.account("ann").await, world.account("bea").await);
        ann.says("@bea", "hello").await;
        bea.accepts("@ann").await;
        bea.has_settled().await;
        let stolen = world.another_device_of(&bea).await;
        let device = stolen.profile().await.device;
        bea.revokes(device).await;
        bea.says("@ann", "my tablet was stolen").await;
        ann.says("@bea", "how sad").await;
        bea.hears("@ann", "how sad").await;
        let members = ann.members("@bea").await;
        assert!(members.iter().all(|member| !member.devices.contains(&device)));
        assert!(!stolen.texts("@ann").await.contains(&"how sad".to_owned()));
        assert!(ann.noticed().await.iter().all(|notice| !matches!(notice, Notice::InvalidCommit { .. })));
    });
}

async fn receipts_of(device: &huis_testkit::Device, sent: &huis_views::Sent) -> usize {
    match device.command(Command::Receipts { message: sent.id }).await {
        Reply::Receipts(receipts) => receipts.len(),
        other => panic!("{other:?}"),
    }
}
