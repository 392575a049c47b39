//! What people do to messages that were said, and what all devices make of it.

use huis_proto::MessageId;
use huis_testkit::{Device, story};
use huis_views::{Annotation, Command, ConversationView, Failure, Found, MessageState, Notice, Reply, Target};

use crate::annotated_under_faults::all_make_the_same_of;
use crate::{nobody_is_alarmed, two_friends};

fn emoji(reactions: &[(&str, &[&str])]) -> Vec<(String, Vec<String>)> {
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    reactions.iter().map(|(emoji, from)| ((*emoji).to_owned(), names(from))).collect()
}

fn reason(refused: Result<huis_views::Sent, Failure>) -> String {
    match refused {
        Err(Failure::Invalid { reason }) => reason,
        other => panic!("{other:?}"),
    }
}

async fn searches(device: &Device, words: &str) -> Vec<String> {
    match device.command(Command::Search { words: words.into(), most: 100 }).await {
        Reply::Found(found) => found.into_iter().map(|Found { message, .. }| message.text).collect(),
        other => panic!("{other:?}"),
    }
}

async fn pins(device: &Device, place: &str) -> Vec<String> {
    let conversation = device.id_of(place).await;
    match device.command(Command::PinnedMessages { conversation }).await {
        Reply::Messages(messages) => messages.into_iter().map(|message| message.text).collect(),
        other => panic!("{other:?}"),
    }
}

async fn view_of(device: &Device, place: &str) -> ConversationView {
    device.looks_at(place).await.unwrap()
}

#[test]
fn what_is_done_to_a_message_is_seen_by_all_and_on_each_device_of_an_account() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let tablet = world.another_device_of(&bea).await;
        let sent = ann.says("@bea", "helo").await.id;
        tablet.sees("it", sent, |_| true).await;
        ann.edits(sent, "hello again").await;
        bea.sees("the edit", sent, |view| view.text == "hello again").await;
        bea.reacts(sent, "👋").await;
        tablet.sees("the reaction", sent, |view| view.reactions.iter().any(|reaction| reaction.own)).await;
        // The account has one reaction, from whichever device.
        tablet.reacts(sent, "👍").await;
        ann.reacts(sent, "👍").await;
        bea.marks(sent, Annotation::Pin).await;
        let all = [&ann, &bea, &tablet];
        for device in all {
            device.sees("all of it", sent, |view| view.pinned).await;
        }
        all_make_the_same_of(sent, &all, "hello again").await;
        assert_eq!(bea.reactions(sent).await, emoji(&[("👍", &["bea", "ann"])]));
        let view = tablet.looks_up(sent).await.unwrap();
        assert!(view.edited_at_ms.is_some() && view.deleted_by.is_none());
        assert_eq!(pins(&tablet, "@ann").await, ["hello again"]);
        assert_eq!(view_of(&ann, "@bea").await.pins, 1);

        tablet.marks(sent, Annotation::Unreact).await;
        tablet.marks(sent, Annotation::Unpin).await;
        bea.sees("nothing pinned", sent, |view| !view.pinned).await;
        assert_eq!(bea.reactions(sent).await, emoji(&[("👍", &["ann"])]));
        ann.deletes(sent).await;
        all_make_the_same_of(sent, &all, "").await;
        let view = bea.looks_up(sent).await.unwrap();
        assert_eq!(view.deleted_by.unwrap().name.as_deref(), Some("ann"));
        assert_eq!((view.reactions.len(), view.pinned, view.edited_at_ms), (0, false, None));
        nobody_is_alarmed(&all).await;
    });
}

#[test]
fn nobody_does_what_it_has_no_right_to() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        ann.opens_a_group("garden", &[&bea]).await;
        bea.is_in("#garden").await;
        let anns = ann.says("#garden", "ann's").await.id;
        bea.sees("it", anns, |_| true).await;
        assert_eq!(view_of(&bea, "#garden").await.role, Some(huis_views::MemberRole::Member));
        for annotation in [Annotation::Delete, Annotation::Pin, Annotation::Unpin] {
            assert_eq!(bea.tries_to_mark(anns, annotation).await.unwrap_err(), Failure::NotAllowed);
        }
        let edit = || Annotation::Edit { text: "bea's".into() };
        assert!(reason(bea.tries_to_mark(anns, edit()).await).contains("only who wrote"));
        let target = || Target::Room("garden".into());
        let topic = Command::SetTopic { target: target(), topic: "bea's".into() };
        assert_eq!(bea.tries(topic).await.unwrap_err(), Failure::NotAllowed);
        let title = Command::SetTitle { target: target(), title: "bea's".into() };
        assert_eq!(bea.tries(title).await.unwrap_err(), Failure::NotAllowed);
        let topic = Command::SetTopic { target: Target::Account("ann".into()), topic: "us".into() };
        assert!(matches!(bea.tries(topic).await.unwrap_err(), Failure::Invalid { .. }));
        // An owner takes back what a member said, and changes nobody's words.
        let beas = bea.says("#garden", "bea's").await.id;
        ann.sees("it", beas, |_| true).await;
        assert!(reason(ann.tries_to_mark(beas, edit()).await).contains("only who wrote"));
        ann.deletes(beas).await;
        bea.sees("that it is gone", beas, |view| view.deleted_by.is_some()).await;
        // Nothing is done to what is gone, and nothing answers it.
        for annotation in [edit(), Annotation::React { emoji: "👍".into() }, Annotation::Delete, Annotation::Unpin] {
            assert!(reason(bea.tries_to_mark(beas, annotation).await).contains("taken back"));
        }
        let answer =
            huis_views::Send { to: target(), text: "x".into(), reply_to: Some(beas), view_once: false, wait: true };
        assert!(matches!(bea.tries(Command::Send(answer)).await, Err(Failure::Invalid { .. })));
        // What is no reaction, no text, and no message.
        let react = |emoji: &str| Annotation::React { emoji: emoji.into() };
        assert!(reason(bea.tries_to_mark(anns, react("no")).await).contains("one emoji"));
        assert!(reason(ann.tries_to_mark(anns, Annotation::Edit { text: String::new() }).await).contains("empty"));
        let nowhere = MessageId::from_bytes([7; 16]);
        assert!(matches!(bea.tries_to_mark(nowhere, react("👍")).await, Err(Failure::Unknown { .. })));
        let elsewhere = huis_views::Send {
            reply_to: Some(anns),
            to: Target::Account("ann".into()),
            text: "x".into(),
            view_once: false,
            wait: true,
        };
        assert!(matches!(bea.tries(Command::Send(elsewhere)).await, Err(Failure::Invalid { .. })));
        assert_eq!(ann.makes_of(anns).await, bea.makes_of(anns).await);
    });
}

#[test]
fn what_is_done_offline_is_seen_at_once_and_counts_where_it_stands_in_the_log() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let sent = ann.says("@bea", "first").await.id;
        bea.sees("it", sent, |_| true).await;
        let tablet = world.another_device_of(&ann).await;
        let later = ann.says("@bea", "for the tablet").await.id;
        tablet.sees("it", later, |_| true).await;
        ann.goes_offline();
        ann.marks_when_it_can(later, Annotation::Edit { text: "from the desk, older".into() }).await;
        ann.marks_when_it_can(later, Annotation::Edit { text: "from the desk".into() }).await;
        ann.marks_when_it_can(later, Annotation::React { emoji: "👎".into() }).await;
        ann.marks_when_it_can(later, Annotation::React { emoji: "👍".into() }).await;
        let view = ann.looks_up(later).await.unwrap();
        assert_eq!(view.text, "from the desk");
        assert_eq!(ann.reactions(later).await, emoji(&[("👍", &["ann"])]));
        assert_eq!(searches(&ann, "desk").await, ["from the desk"]);
        // What is in the log meanwhile is older than what waits here.
        tablet.edits(later, "from the tablet").await;
        bea.sees("the tablet's", later, |view| view.text == "from the tablet").await;
        ann.comes_online();
        all_make_the_same_of(later, &[&bea, &ann, &tablet], "from the desk").await;
        // Not sent yet: it is discarded, not deleted.
        ann.goes_offline();
        let waiting = ann.writes("@bea", "waits").await.id;
        assert!(reason(ann.tries_to_mark(waiting, Annotation::Delete).await).contains("not been sent"));
        ann.comes_online();
        ann.has_settled().await;
        assert!(matches!(ann.looks_up(waiting).await.unwrap().state, MessageState::Sent));
        nobody_is_alarmed(&[&ann, &bea, &tablet]).await;
    });
}

#[test]
fn what_is_refused_is_undone_and_said() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        ann.opens_a_group("garden", &[&bea]).await;
        bea.is_in("#garden").await;
        let id = bea.id_of("#garden").await.to_string();
        let sent = bea.says("#garden", "as it was").await.id;
        ann.sees("it", sent, |_| true).await;
        bea.goes_offline();
        bea.marks_when_it_can(sent, Annotation::Edit { text: "as it is".into() }).await;
        bea.marks_when_it_can(sent, Annotation::React { emoji: "👍".into() }).await;
        assert_eq!(bea.looks_up(sent).await.unwrap().text, "as it is");
        ann.removes("#garden", &[&bea]).await;
        bea.comes_online();
        bea.is_out_of(&id).await;
        let undone = bea.sees("its old text", sent, |view| view.text == "as it was").await;
        assert_eq!((undone.reactions.len(), undone.edited_at_ms), (0, None));
        bea.notices(
            "the refusal",
            |notice| matches!(notice, Notice::NotDone { message, failure: Failure::NotAMember } if *message == sent),
        )
        .await;
        assert_eq!(searches(&bea, "was").await, ["as it was"]);
        assert_eq!(ann.looks_up(sent).await.unwrap().text, "as it was");
        assert_eq!(bea.tries_to_mark(sent, Annotation::Delete).await.unwrap_err(), Failure::NotAMember);
    });
}

#[test]
fn what_waits_to_be_done_to_a_message_that_is_taken_back_is_given_up() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let sent = ann.says("@bea", "as it was").await.id;
        bea.sees("it", sent, |_| true).await;
        bea.goes_offline();
        bea.marks_when_it_can(sent, Annotation::React { emoji: "👍".into() }).await;
        let answer = huis_views::Send {
            to: Target::Account("ann".into()),
            text: "an answer".into(),
            reply_to: Some(sent),
            view_once: false,
            wait: false,
        };
        let answered = match bea.command(Command::Send(answer)).await {
            Reply::Sent(sent) => sent.id,
            other => panic!("{other:?}"),
        };
        ann.deletes(sent).await;
        bea.comes_online();
        let answer = ann.sees("the answer", answered, |_| true).await;
        let quote = answer.reply_to.unwrap();
        assert!(quote.deleted && quote.text.is_empty());
        bea.has_settled().await;
        let view = bea.looks_up(sent).await.unwrap();
        assert!(view.deleted_by.is_some() && view.reactions.is_empty());
        nobody_is_alarmed(&[&ann, &bea]).await;
    });
}

#[test]
fn an_answer_shows_what_it_answers_as_it_stands() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let asked = ann.says("@bea", "are you their?").await.id;
        bea.sees("it", asked, |_| true).await;
        let answered = bea.answers("@ann", asked, "yes").await.id;
        let quote = ann.sees("the answer", answered, |_| true).await.reply_to.unwrap();
        assert_eq!((quote.message, quote.text.as_str(), quote.here), (asked, "are you their?", true));
        assert_eq!(quote.from.name.as_deref(), Some("ann"));
        ann.edits(asked, "are you there?").await;
        bea.sees("the edit in it", answered, |view| view.reply_to.as_ref().unwrap().text == "are you there?").await;
        // Who came later has what the answer quotes.
        let tablet = world.another_device_of(&ann).await;
        let answered = bea.answers("@ann", asked, "still").await.id;
        let view = tablet.sees("the answer", answered, |_| true).await;
        let quote = view.reply_to.unwrap();
        assert_eq!((quote.text.as_str(), quote.here, quote.deleted), ("are you there?", false, false));
        assert!(view.mentions_me, "it answers what oneself said");
        ann.deletes(asked).await;
        for device in [&ann, &bea, &tablet] {
            let gone = |view: &huis_views::MessageView| view.reply_to.as_ref().is_some_and(|quote| quote.deleted);
            let view = device.sees("that it is gone", answered, gone).await;
            assert_eq!(view.reply_to.unwrap().text, "");
        }
    });
}

#[test]
fn who_is_named_is_called_and_what_is_forwarded_calls_nobody() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let cem = world.account("cem").await;
        ann.opens_a_group("garden", &[&bea, &cem]).await;
        for device in [&bea, &cem] {
            device.is_in("#garden").await;
        }
        let sent = ann.says("#garden", "Does @Bea water, or x@cem.example, @nobody?").await.id;
        let view = bea.sees("it", sent, |_| true).await;
        assert!(view.mentions_me);
        assert_eq!(view.mentions.iter().filter_map(|named| named.name.as_deref()).collect::<Vec<_>>(), ["bea"]);
        assert!(!cem.sees("it", sent, |_| true).await.mentions_me);
        assert_eq!((view_of(&bea, "#garden").await.mentions, view_of(&cem, "#garden").await.mentions), (1, 0));
        ann.edits(sent, "Does @cem water?").await;
        assert!(cem.sees("the edit", sent, |view| view.edited_at_ms.is_some()).await.mentions_me);
        bea.sees("the edit", sent, |view| !view.mentions_me).await;
        assert_eq!((view_of(&bea, "#garden").await.mentions, view_of(&bea, "#garden").await.unread), (0, 1));

        let forwarded = ann.forwards(sent, "@bea").await;
        let view = bea.sees("it", forwarded.id, |_| true).await;
        assert_eq!((view.text.as_str(), view.forwarded, view.mentions_me), ("Does @cem water?", true, false));
        assert!(view.reply_to.is_none() && view.edited_at_ms.is_none());
        ann.deletes(sent).await;
        let again =
            Command::Forward(huis_views::Forward { message: sent, to: Target::Account("bea".into()), wait: true });
        assert!(matches!(ann.tries(again).await, Err(Failure::Invalid { .. })));
        assert_eq!(bea.looks_up(forwarded.id).await.unwrap().text, "Does @cem water?", "it is a message of its own");
        let preview = view_of(&bea, "@ann").await.newest.unwrap();
        assert_eq!((preview.text.as_str(), preview.own, preview.deleted), ("Does @cem water?", false, false));
        ann.edits(forwarded.id, "Does @bea water?").await;
        assert!(!bea.sees("the edit", forwarded.id, |view| view.text == "Does @bea water?").await.mentions_me);
    });
}

#[test]
fn title_and_topic_are_what_owners_say_and_leave_each_other_alone() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let id = ann.opens_a_group("garden", &[&bea]).await.to_string();
        bea.is_in(&id).await;
        ann.says_topic(&id, "who waters").await;
        ann.command(Command::SetTitle { target: id.parse().unwrap(), title: "orchard".into() }).await;
        for device in [&ann, &bea] {
            device
                .until("both are there", async || {
                    let view = view_of(device, &id).await;
                    view.title.as_deref() == Some("orchard") && view.topic.as_deref() == Some("who waters")
                })
                .await;
        }
        // Who comes later is told, and so is a device that comes later.
        let cem = world.account("cem").await;
        ann.invites(&id, &[&cem]).await;
        cem.until("it knows the topic", async || {
            cem.looks_at(&id).await.is_some_and(|view| view.topic.as_deref() == Some("who waters"))
        })
        .await;
        bea.has_settled().await;
        let tablet = world.another_device_of(&bea).await;
        assert_eq!(view_of(&tablet, &id).await.topic.as_deref(), Some("who waters"));
        ann.says_topic(&id, "").await;
        for device in [&ann, &bea, &cem, &tablet] {
            device.until("there is no topic", async || view_of(device, &id).await.topic.is_none()).await;
            assert_eq!(view_of(device, &id).await.title.as_deref(), Some("orchard"));
        }
    });
}

#[test]
fn a_message_tells_its_author_how_many_have_got_and_read_it() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let cem = world.account("cem").await;
        ann.opens_a_group("garden", &[&bea, &cem]).await;
        bea.is_in("#garden").await;
        cem.accepts("#garden").await;
        let sent = ann.says("#garden", "hello").await;
        let read = bea.sees("it", sent.id, |_| true).await;
        assert!(read.receipts.is_none(), "only of one's own");
        bea.command(Command::MarkRead { conversation: sent.conversation, up_to: read.position }).await;
        let view = ann
            .sees("both receipts", sent.id, |view| {
                view.receipts.is_some_and(|receipts| receipts.delivered == 2 && receipts.read == 1)
            })
            .await;
        assert_eq!(view.receipts.unwrap().others, 2);
        ann.joins_room("lobby").await;
        let sent = ann.says("#lobby", "hello").await;
        assert!(ann.looks_up(sent.id).await.unwrap().receipts.is_none(), "nobody tells in an open room");
    });
}

#[test]
fn a_search_takes_filters() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        ann.opens_a_group("garden", &[&bea]).await;
        bea.is_in("#garden").await;
        ann.says("#garden", "roses at https://garden.example/roses").await;
        let edited = bea.says("#garden", "tulips, @ann").await.id;
        ann.hears("#garden", "tulips, @ann").await;
        let gone = bea.says("@ann", "roses for two").await.id;
        ann.hears("@bea", "roses for two").await;
        assert_eq!(searches(&ann, "roses").await.len(), 2);
        assert_eq!(searches(&ann, "from:@BEA roses").await, ["roses for two"]);
        assert_eq!(searches(&ann, "roses in:#garden").await, ["roses at https://garden.example/roses"]);
        assert_eq!(searches(&ann, "in:@bea from:bea").await, ["roses for two"]);
        assert_eq!(searches(&ann, "has:link").await, ["roses at https://garden.example/roses"]);
        assert_eq!(searches(&ann, "has:mention").await, ["tulips, @ann"]);
        assert_eq!(searches(&ann, "roses before:1990-01-01").await, Vec::<String>::new());
        assert_eq!(searches(&ann, "after:1990-01-01 tulips").await, ["tulips, @ann"]);
        for nobodys in ["from:nobody roses", "in:#nowhere roses"] {
            assert_eq!(searches(&ann, nobodys).await, Vec::<String>::new(), "{nobodys}");
        }
        // What is no filter is words.
        assert_eq!(searches(&ann, "https:garden").await.len(), 1);
        assert_eq!(searches(&ann, "before:roses").await, Vec::<String>::new());
        bea.edits(edited, "daffodils").await;
        bea.deletes(gone).await;
        ann.sees("both", gone, |view| view.deleted_by.is_some()).await;
        ann.sees("both", edited, |view| view.edited_at_ms.is_some()).await;
        assert_eq!(searches(&ann, "tulips").await, Vec::<String>::new());
        assert_eq!(searches(&ann, "daff").await, ["daffodils"]);
        assert_eq!(searches(&ann, "from:bea").await, ["daffodils"]);
        assert!(matches!(
            ann.tries(Command::Search { words: " -".into(), most: 5 }).await,
            Err(Failure::Invalid { .. })
        ));
    });
}

#[test]
fn messages_are_read_forwards_too() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        for text in ["one", "two", "three"] {
            ann.says("@bea", text).await;
        }
        let conversation = ann.id_of("@bea").await;
        let after = ann.messages("@bea").await[0].position;
        let read = match ann.command(Command::MessagesAfter { conversation, after, most: 2 }).await {
            Reply::Messages(messages) => messages.into_iter().map(|message| message.text).collect::<Vec<_>>(),
            other => panic!("{other:?}"),
        };
        assert_eq!(read, ["one", "two"]);
        bea.hears("@ann", "three").await;
    });
}

#[test]
fn reacting_to_a_request_accepts_it_and_until_then_nothing_leaves() {
    story(async |world| {
        let (ann, bea) = (world.account("ann").await, world.account("bea").await);
        let sent = ann.says("@bea", "hello").await.id;
        bea.sees("it", sent, |_| true).await;
        assert!(view_of(&bea, "@ann").await.request);
        bea.reacts(sent, "👋").await;
        assert!(!view_of(&bea, "@ann").await.request);
        ann.sees("the reaction", sent, |view| !view.reactions.is_empty()).await;
    });
}
