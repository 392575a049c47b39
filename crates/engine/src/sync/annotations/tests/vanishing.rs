//! Messages that vanish, among members who would rather have them stay.

use huis_core::account_state::Opened;
use huis_core::content::{CountedFrom, Stay, Timer, TimerSetting};
use huis_views::VanishTimer;

use super::*;

const MINUTE: Timer = Timer { after_s: 60, from: CountedFrom::Reading };

fn for_a_minute(body: &str) -> Content {
    text(body).staying(Stay { timer: Some(MINUTE), once: false })
}

fn sets(timer: TimerSetting) -> Content {
    Content::Settings { title: Some("Orchard".into()), topic: None, timer: Some(timer) }
}

impl Garden {
    /// What somebody would tell newcomers.
    fn would_tell(&self, who: usize) -> Option<(Option<String>, Option<String>, Option<TimerSetting>)> {
        let told = self.people[who].stepper.client.step(|step| step.what_newcomers_are_told(PLACE)).unwrap()?;
        match Content::from_bytes(&told) {
            Ok(Content::Settings { title, topic, timer }) => Some((title, topic, timer)),
            other => panic!("{other:?}"),
        }
    }

    /// A person reads everything, and a little more than a minute passes.
    fn lets_it_vanish(&self, who: usize) {
        let client = &self.people[who].stepper.client;
        let newest = client.messages(PLACE, None, 100).unwrap().last().unwrap().position;
        client.mark_read(PLACE, newest).unwrap();
        client.server_ahead_ms.set(client.server_ahead_ms.get() + 61_000);
        client.carry_out_vanishing();
    }
}

#[test]
fn who_may_not_set_a_timer_is_not_heard_and_what_it_may_set_counts() {
    let mut garden = Garden::open(ConversationKind::Group);
    garden.does(BEA, 1, &sets(TimerSetting::On(MINUTE)));
    assert_eq!((garden.looks(CEM).timer, garden.looks(CEM).title), (None, None));
    garden.does(ANN, 2, &sets(TimerSetting::On(MINUTE)));
    assert_eq!(garden.looks(CEM).timer.unwrap().after_s, 60);
    garden.does(BEA, 3, &sets(TimerSetting::Off));
    assert_eq!(garden.looks(CEM).timer.unwrap().after_s, 60);
    garden.does(ANN, 4, &sets(TimerSetting::Off));
    assert_eq!(garden.looks(CEM).timer, None);
    // Between two both may, and neither gives a title.
    let mut two = Garden::open(ConversationKind::Direct);
    two.does(BEA, 1, &sets(TimerSetting::On(MINUTE)));
    assert_eq!((two.looks(ANN).timer.unwrap().after_s, two.looks(ANN).title), (60, None));
}

#[test]
fn what_comes_after_a_message_has_vanished_does_not_bring_it_back() {
    let mut garden = Garden::open(ConversationKind::Group);
    garden.does(ANN, 1, &for_a_minute("xylophagous beetles"));
    let target = garden.of(ANN, 1);
    garden.does(ANN, 2, &edit(target, "zugzwang, again"));
    garden.does(BEA, 3, &reaction(target, Some("🪲")));
    let quoting = |excerpt: &str| Content::Text {
        body: "an answer".into(),
        mentions: vec![],
        reply_to: Some(Quote { target, excerpt: excerpt.into() }),
        forwarded: false,
        stay: Stay::default(),
    };
    garden.does(BEA, 4, &quoting("quincunx"));
    for word in ["xylophagous", "zugzwang", "🪲"] {
        assert!(holds(&garden.stored(CEM), word), "{word} is there before");
    }
    assert!(!holds(&garden.stored(CEM), "quincunx"), "an answer does not keep what it quotes");
    assert_eq!(garden.reads(CEM)[1].reply_to.as_ref().unwrap().text, "zugzwang, again");
    garden.lets_it_vanish(CEM);
    let gone = |garden: &Garden| {
        for word in ["xylophagous", "zugzwang", "quincunx", "🪲"] {
            assert!(!holds(&garden.stored(CEM), word), "{word} is gone");
        }
        assert!(garden.texts(CEM).iter().all(|text| text == "an answer"));
    };
    gone(&garden);
    garden.does(ANN, 5, &edit(target, "zugzwang, once more"));
    garden.does(BEA, 6, &reaction(target, Some("🪲")));
    garden.does(ANN, 7, &Content::Pin { target, pinned: true });
    garden.does(BEA, 8, &quoting("quincunx"));
    garden.does(ANN, 1, &for_a_minute("xylophagous, a second time"));
    garden.does(ANN, 1, &text("xylophagous, to stay"));
    gone(&garden);
    let quote = garden.reads(CEM).pop().unwrap().reply_to.unwrap();
    assert_eq!((quote.here, quote.deleted, quote.text.as_str()), (false, true, ""));
}

#[test]
fn what_is_over_when_it_comes_is_not_kept() {
    let mut garden = Garden::open(ConversationKind::Group);
    // The log of these worlds begins in 1970.
    let timer = Some(Timer { after_s: 60, from: CountedFrom::Sending });
    garden.does(ANN, 1, &text("xylophagous beetles").staying(Stay { timer, once: false }));
    assert_eq!(garden.texts(CEM), Vec::<String>::new());
    assert!(!holds(&garden.stored(CEM), "xylophagous"));
}

#[test]
fn an_edit_of_what_vanishes_is_not_kept_where_the_message_is_not() {
    let mut garden = Garden::open(ConversationKind::Group);
    let target = garden.of(ANN, 70);
    let edits = |vanishes| Content::Edit { target, body: "zugzwang".into(), mentions: vec![], vanishes };
    garden.does(ANN, 1, &edits(true));
    assert!(!holds(&garden.stored(CEM), "zugzwang"));
    garden.does(ANN, 2, &edits(false));
    assert!(holds(&garden.stored(CEM), "zugzwang"));
}

#[test]
fn only_its_author_makes_a_message_one_that_is_opened_once_and_nobody_unmakes_it() {
    let mut garden = Garden::open(ConversationKind::Group);
    garden.does(ANN, 1, &text("xylophagous beetles").staying(Stay { timer: None, once: true }));
    let target = garden.of(ANN, 1);
    garden.does(ANN, 2, &edit(target, "zugzwang"));
    let closed = garden.reads(CEM).remove(0);
    assert!(closed.is_closed() && closed.view_once);
    // The id of somebody else's message makes another message.
    garden.does(BEA, 1, &text("bea's"));
    assert_eq!(garden.reads(CEM).len(), 2);
    assert!(garden.reads(CEM)[0].view_once && !garden.reads(CEM)[1].view_once);
    let refused = garden.people[CEM].stepper.client.open_here(id(1));
    assert!(refused.is_err(), "which one is meant cannot be said");
}

#[test]
fn who_uses_the_id_of_anothers_message_takes_nothing_of_it_away_by_vanishing() {
    let mut garden = Garden::open(ConversationKind::Group);
    // Cem says something that was read, and waits to say something else; bea knows both ids.
    let cem = &garden.people[CEM];
    let said = text("cem's").to_bytes().unwrap();
    cem.stepper
        .client
        .step(|step| {
            for (number, standing) in [(1, MessageStanding::Sent), (2, MessageStanding::Waiting)] {
                let mut row = MessageRow::waiting(PLACE, id(number), cem.me.member, 1);
                row.body = "cem's".into();
                row.content.clone_from(&said);
                row.standing = standing;
                step.tables.add_message(&row)?;
            }
            step.task(PLACE, id(2), &Task::Say { content: Bytes(said.clone()), shown: true })?;
            step.tables.add_receipt(id(1), garden.people[ANN].me.member.account, true, 1).map(drop)
        })
        .unwrap();
    for number in [1, 2] {
        garden.does(BEA, number, &for_a_minute("bea's"));
    }
    assert_eq!(garden.texts(CEM), ["cem's", "cem's", "bea's", "bea's"]);
    garden.lets_it_vanish(CEM);
    assert_eq!(garden.texts(CEM), ["cem's", "cem's"]);
    let client = &garden.people[CEM].stepper.client;
    assert_eq!(client.receipts(id(1)).unwrap().len(), 1);
    let task = client.read(|tables| tables.task_by_id(PLACE, id(2))).unwrap().unwrap().task;
    assert_eq!(task, Task::Say { content: Bytes(said), shown: true });
}

#[test]
fn who_was_not_told_the_timer_takes_it_from_who_may_set_it_and_from_nobody_else() {
    let mut garden = Garden::open(ConversationKind::Group);
    garden.does(BEA, 1, &for_a_minute("bea's"));
    assert_eq!(garden.looks(CEM).timer, None);
    garden.does(ANN, 2, &for_a_minute("ann's"));
    assert_eq!(garden.looks(CEM).timer.map(|timer| timer.after_s), Some(60));
    // What is set in the log counts more, whatever was written before it and comes later.
    garden.does(ANN, 3, &sets(TimerSetting::Off));
    garden.does(ANN, 4, &for_a_minute("written before"));
    assert_eq!(garden.looks(CEM).timer, None);
}

#[test]
fn newcomers_are_told_the_timer_that_is_set_when_it_is_sealed() {
    let mut garden = Garden::open(ConversationKind::Direct);
    garden.does(BEA, 1, &sets(TimerSetting::On(MINUTE)));
    garden.people[ANN].stepper.client.step(|step| step.tell_newcomers(PLACE)).unwrap();
    let later = Timer { after_s: 90, from: CountedFrom::Reading };
    garden.does(BEA, 2, &sets(TimerSetting::On(later)));
    let told = garden.people[ANN].stepper.client.step(|step| {
        let task = step.tables.tasks_of(PLACE)?.remove(0);
        Ok::<_, DbError>(step.seal(task)?.unwrap().task)
    });
    let Task::Tell { content } = told.unwrap() else { panic!("something else is told") };
    let Ok(Content::Settings { timer, .. }) = Content::from_bytes(&content) else { panic!("nothing is told") };
    assert_eq!(timer, Some(TimerSetting::On(later)));
    assert_eq!(garden.looks(ANN).timer, Some(VanishTimer { after_s: 90, from: huis_views::CountedFrom::Reading }));
}

#[test]
fn newcomers_are_told_what_this_device_has_set_and_is_on_its_way() {
    let mut garden = Garden::open(ConversationKind::Group);
    garden.does(ANN, 1, &sets(TimerSetting::On(MINUTE)));
    let later = Timer { after_s: 90, from: CountedFrom::Reading };
    let waiting = [
        Content::Settings { title: Some("Meadow".into()), topic: Some("hay".into()), timer: None },
        Content::Settings { title: None, topic: None, timer: Some(TimerSetting::On(later)) },
    ];
    assert_eq!(garden.would_tell(CEM), Some((Some("Orchard".into()), None, Some(TimerSetting::On(MINUTE)))));
    let client = &garden.people[CEM].stepper.client;
    client
        .step(|step| {
            (70..).zip(&waiting).try_for_each(|(number, content)| {
                let content = Bytes(content.to_bytes().unwrap());
                step.task(PLACE, id(number), &Task::Say { content, shown: false }).map(drop)
            })
        })
        .unwrap();
    let told = (Some("Meadow".into()), Some("hay".into()), Some(TimerSetting::On(later)));
    assert_eq!(garden.would_tell(CEM), Some(told));
    // It is not set here before it is in the log.
    assert_eq!(garden.looks(CEM).timer.map(|timer| timer.after_s), Some(60));
}

#[test]
fn newcomers_are_told_that_nothing_vanishes_where_that_was_said() {
    let mut garden = Garden::open(ConversationKind::Direct);
    assert_eq!(garden.would_tell(ANN), None);
    garden.does(BEA, 1, &sets(TimerSetting::On(MINUTE)));
    garden.does(BEA, 2, &sets(TimerSetting::Off));
    assert_eq!(garden.would_tell(ANN), Some((None, None, Some(TimerSetting::Off))));
}

#[test]
fn what_another_device_opened_once_is_noted_as_opened_where_it_goes_by_that() {
    let mut garden = Garden::open(ConversationKind::Group);
    garden.does(ANN, 1, &text("xylophagous beetles").staying(Stay { timer: None, once: true }));
    let opened = Opened { at_ms: 5, conversation: PLACE, message: garden.of(ANN, 1) };
    let client = &garden.people[CEM].stepper.client;
    client.step(|step| step.merge_opened(&[opened])).unwrap();
    assert_eq!(garden.texts(CEM), Vec::<String>::new());
    let client = &garden.people[CEM].stepper.client;
    assert_eq!(client.read(|tables| tables.opened(9)).unwrap(), [opened]);
}
