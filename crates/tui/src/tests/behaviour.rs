//! What keys, events and answers do.

use crossterm::event::{KeyCode, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use huis_texts::Language;
use huis_views::*;

use super::world::{CLUB, DIRECT, MINUTE, NOW, STRANGER, World, id, message};
use crate::{Effect, End, Input};

fn world() -> World {
    World::lively(Language::English, (80, 24))
}

fn open() -> World {
    let mut world = world();
    world.open().take_asked();
    world
}

fn sent(asked: &[Command]) -> Vec<Send> {
    let send = |command: &Command| if let Command::Send(send) = command { Some(send.clone()) } else { None };
    asked.iter().filter_map(send).collect()
}

fn annotations(asked: &[Command]) -> Vec<Annotation> {
    let annotation =
        |command: &Command| if let Command::Annotate(done) = command { Some(done.annotation.clone()) } else { None };
    asked.iter().filter_map(annotation).collect()
}

#[test]
fn enter_sends_and_another_enter_makes_a_line() {
    let mut world = open();
    world.type_text("one").chord(KeyCode::Enter, KeyModifiers::ALT).type_text("two");
    world.chord(KeyCode::Enter, KeyModifiers::SHIFT).type_text("three").control('j').type_text("four");
    assert!(sent(&world.asked).is_empty());
    world.press(KeyCode::Enter);
    let sent = sent(&world.take_asked());
    assert_eq!((sent.len(), sent[0].text.as_str(), &sent[0].to), (1, "one\ntwo\nthree\nfour", &Target::Id(CLUB)));
    world.press(KeyCode::Enter);
    assert!(world.take_asked().iter().all(|command| !matches!(command, Command::Send(_))));
}

#[test]
fn what_could_not_be_sent_is_in_the_composer_again() {
    let mut world = open();
    world.refuses = Some(Failure::NotAllowed);
    world.type_text("important").press(KeyCode::Enter);
    assert_eq!(world.app.composer.editor.text(), "important");
    assert!(world.screen().contains("Your role in this conversation does not allow that"));
}

#[test]
fn a_draft_is_kept_after_a_pause_and_comes_back_with_its_conversation() {
    let mut world = open();
    world.type_text("half");
    assert!(!world.take_asked().iter().any(|command| matches!(command, Command::SetDraft { .. })));
    world.pass(1_000);
    let drafts = |asked: Vec<Command>| -> Vec<(_, String)> {
        let draft = |command| {
            if let Command::SetDraft { conversation, text, .. } = command { Some((conversation, text)) } else { None }
        };
        asked.into_iter().filter_map(draft).collect()
    };
    assert_eq!(drafts(world.take_asked()), [(CLUB, "half".to_owned())]);
    world.type_text(" a thought").chord(KeyCode::Down, KeyModifiers::ALT);
    assert_eq!(drafts(world.take_asked()), [(CLUB, "half a thought".to_owned())]);
    assert_eq!(world.app.open_conversation(), Some(DIRECT));
    assert_eq!(world.app.composer.editor.text(), "");
    world.chord(KeyCode::Up, KeyModifiers::ALT);
    assert_eq!(world.app.composer.editor.text(), "half a thought");
    world.type_text("!").control('q');
    assert_eq!(drafts(world.take_asked()), [(CLUB, "half a thought!".to_owned())]);
    assert!(matches!(world.others.last(), Some(Effect::End(End::Quit))));
}

#[test]
fn a_paste_that_is_too_long_is_refused_with_its_reason_and_nothing_is_lost() {
    let mut world = open();
    world.type_text("kept ").input(Input::Paste("x".repeat(65_531)));
    assert_eq!(world.app.composer.editor.text().len(), 65_536);
    world.input(Input::Paste("y".into()));
    assert_eq!(world.app.composer.editor.text().len(), 65_536);
    assert!(world.screen().contains("! This would be 65537 bytes"));
}

#[test]
fn typing_is_told_now_and_then_and_never_of_a_command_or_an_edit() {
    let mut world = open();
    let told = |world: &mut World| {
        world.take_asked().iter().filter(|command| matches!(command, Command::Typing { .. })).count()
    };
    world.type_text("several letters");
    assert_eq!(told(&mut world), 1);
    world.pass(4_000).type_text("more");
    assert_eq!(told(&mut world), 1);
    world.control('u').pass(5_000).type_text("/help");
    assert_eq!(told(&mut world), 0);
}

#[test]
fn messages_are_marked_as_read_only_before_somebody_who_is_there() {
    let marked = |world: &mut World| -> Vec<u64> {
        let mark = |command| if let Command::MarkRead { up_to, .. } = command { Some(up_to) } else { None };
        world.take_asked().into_iter().filter_map(mark).collect()
    };
    let mut world = world();
    world.begin();
    assert_eq!(marked(&mut world), [0; 0]);
    world.press(KeyCode::Enter);
    assert_eq!(marked(&mut world), [107]);

    world.input(Input::Focus(false));
    world.messages.push(message(130, CLUB, 'b', NOW, "Are you there?"));
    world.event(Event::Messages { conversation: CLUB, messages: vec![id(130)] });
    assert!(world.screen().contains("Are you there?"));
    assert_eq!(marked(&mut world), [0; 0]);
    world.input(Input::Focus(true));
    assert_eq!(marked(&mut world), [130]);
    world.input(Input::Focus(true));
    assert_eq!(marked(&mut world), [0; 0]);
}

#[test]
fn a_request_is_not_marked_as_read_and_cannot_be_written_to_by_accident() {
    let mut world = world();
    world.begin();
    world.app.open(STRANGER);
    world.input(Input::Tick).take_asked();
    world.input(Input::Focus(true)).type_text("zzz");
    assert!(
        !world.take_asked().iter().any(|command| matches!(command, Command::MarkRead { .. } | Command::Typing { .. }))
    );
    world.press(KeyCode::Char('b'));
    assert!(!world.take_asked().iter().any(|command| matches!(command, Command::AnswerRequest { .. })));
    world.press(KeyCode::Char('y'));
    let answered = world.take_asked().into_iter().any(|command| {
        matches!(command, Command::AnswerRequest { answer: RequestAnswer::Block, target: Target::Id(STRANGER) })
    });
    assert!(answered);
}

#[test]
fn keys_on_a_message_do_what_the_footer_says() {
    let mut world = open();
    // The newest but one is of somebody else.
    world.press(KeyCode::Up).press(KeyCode::Up).press(KeyCode::Char('r')).type_text("yes").press(KeyCode::Enter);
    assert_eq!(sent(&world.take_asked())[0].reply_to, Some(id(106)));

    for _ in 0..4 {
        world.press(KeyCode::Up);
    }
    world.press(KeyCode::Char('e')).type_text("!").press(KeyCode::Enter);
    assert_eq!(annotations(&world.take_asked()), [Annotation::Edit { text: "Thank you!!".into() }]);

    world.press(KeyCode::Up).press(KeyCode::Char('+')).press(KeyCode::Char('1'));
    world.press(KeyCode::Char('p')).press(KeyCode::Char('d')).press(KeyCode::Esc);
    world.press(KeyCode::Char('d')).press(KeyCode::Char('y'));
    let done = annotations(&world.take_asked());
    assert_eq!(done, [Annotation::React { emoji: "👍".into() }, Annotation::Pin, Annotation::Delete]);

    world.press(KeyCode::Char('y'));
    assert!(matches!(world.others.last(), Some(Effect::Copy(text)) if text == "And where do the pictures go?"));
    world.press(KeyCode::Char('f')).type_text("member").press(KeyCode::Enter);
    let forwarded = world.take_asked().into_iter().any(|command| {
        matches!(command, Command::Forward(Forward { to: Target::Id(DIRECT), message, .. }) if message == id(107))
    });
    assert!(forwarded);
}

#[test]
fn the_same_reaction_again_is_taken_back() {
    let mut world = open();
    world.app.react(id(102), "👍");
    world.app.react(id(102), "🎉");
    world.input(Input::Tick);
    let expected = [Annotation::Unreact, Annotation::React { emoji: "🎉".into() }];
    assert_eq!(annotations(&world.take_asked()), expected);
}

#[test]
fn only_what_is_not_sent_is_tried_again_or_discarded() {
    let mut world = open();
    for (back, tried) in [(3, true), (4, false)] {
        for _ in 0..back {
            world.press(KeyCode::Up);
        }
        world.press(KeyCode::Char('t'));
        let asked = world.take_asked().iter().any(|command| matches!(command, Command::Retry { .. }));
        assert_eq!(asked, tried, "{back}");
        world.press(KeyCode::Esc);
    }
}

#[test]
fn a_quoted_message_far_away_is_gone_to() {
    let mut world = open();
    world.messages =
        (1..=2_000).map(|n| message(n, CLUB, 'b', NOW - (2_000 - n) * MINUTE, &format!("message {n}."))).collect();
    world.messages[1_999].reply_to = Some(QuoteView {
        message: id(10),
        from: super::world::person('b'),
        text: "message 10.".into(),
        here: true,
        deleted: false,
    });
    world.event(Event::Missed).press(KeyCode::Up).press(KeyCode::Enter);
    let screen = world.screen();
    assert!(screen.contains("message 10.") && screen.contains("message 12."), "{screen}");
    assert_eq!(world.app.timeline.as_ref().and_then(|timeline| timeline.selected), Some(id(10)));
    world.chord(KeyCode::End, KeyModifiers::CONTROL);
    assert!(world.screen().contains("message 2000."));
}

#[test]
fn a_search_waits_for_a_pause_and_goes_to_what_it_found() {
    let mut world = open();
    world.found = vec![Found { message: world.messages[2].clone(), highlights: vec![(0, 3)] }];
    world.control('f').type_text("did");
    assert!(!world.take_asked().iter().any(|command| matches!(command, Command::Search { .. })));
    world.pass(200);
    let words: Vec<String> = world
        .take_asked()
        .into_iter()
        .filter_map(|command| if let Command::Search { words, .. } = command { Some(words) } else { None })
        .collect();
    assert_eq!(words, ["did"]);
    world.press(KeyCode::Enter);
    assert_eq!(world.app.timeline.as_ref().and_then(|timeline| timeline.selected), Some(id(100)));
}

#[test]
fn the_bell_calls_for_what_the_conversation_is_set_to_and_not_for_what_is_seen() {
    let calls = |set: fn(&mut ConversationView), is_attended: bool, at_ms: u64| {
        let mut world = world();
        set(&mut world.conversations[0]);
        world.open().input(Input::Focus(is_attended));
        world.messages.push(message(130, CLUB, 'b', at_ms, "Hello"));
        world.event(Event::Messages { conversation: CLUB, messages: vec![id(130)] });
        world.others.iter().filter(|effect| matches!(effect, Effect::Call { .. })).count()
    };
    assert_eq!(calls(|_| {}, false, NOW), 1);
    assert_eq!(calls(|_| {}, true, NOW), 0);
    assert_eq!(calls(|club| club.muted = Muted::ForEver, false, NOW), 0);
    assert_eq!(calls(|club| club.notifications = NotificationLevel::Mentions, false, NOW), 0);
    // What waited at the server for long calls nobody.
    assert_eq!(calls(|_| {}, false, NOW - 10 * MINUTE), 0);
}

#[test]
fn what_is_under_way_is_not_asked_twice_and_follows_once() {
    let mut world = world();
    world.begin();
    let event = || Input::Event(Event::Conversation { conversation: CLUB });
    let first = world.app.update(event(), NOW);
    let again = world.app.update(event(), NOW).len() + world.app.update(event(), NOW).len();
    assert_eq!((first.len(), again), (1, 0));
    let Some(Effect::Ask { purpose, .. }) = first.into_iter().next() else { panic!("nothing was asked") };
    let result = Ok(Reply::Conversation(Box::new(world.conversations[0].clone())));
    let follows = world.app.update(Input::Answer(Box::new(crate::Answer { purpose, result })), NOW);
    assert_eq!(follows.len(), 1);
}

#[test]
fn being_there_is_told_once_a_minute_and_not_for_an_empty_chair() {
    let mut world = open();
    let mut told = 0;
    for _ in 0..30 {
        world.pass(30_000);
        told += world.take_asked().iter().filter(|command| matches!(command, Command::Attend)).count();
    }
    // Five minutes after the last key nobody is there.
    assert!((3..=5).contains(&told), "{told}");
}

#[test]
fn new_messages_do_not_move_what_one_reads() {
    let mut world = open();
    world.messages =
        (1..=300).map(|n| message(n, CLUB, 'b', NOW - (300 - n) * MINUTE, &format!("message {n}."))).collect();
    world.event(Event::Missed).press(KeyCode::PageUp).press(KeyCode::PageUp);
    let before = world.screen();
    world.messages.push(message(301, CLUB, 'c', NOW, "fresh"));
    world.event(Event::Messages { conversation: CLUB, messages: vec![id(301)] });
    let after = world.screen();
    assert!(after.contains("1 new message"), "{after}");
    let body = |screen: &str| {
        screen.lines().skip(3).take(10).map(|line| line.chars().skip(24).collect()).collect::<Vec<String>>()
    };
    assert_eq!(body(&before), body(&after));
}

#[test]
fn the_mouse_opens_scrolls_and_goes_to_the_quoted_message() {
    let mut world = world();
    world.begin();
    let at = |kind, column, row| Input::Mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE });
    let click = MouseEventKind::Down(MouseButton::Left);
    world.input(at(click, 5, 1));
    assert_eq!(world.app.open_conversation(), Some(CLUB));
    let screen = world.screen();
    let row = screen.lines().position(|line| line.contains("╭ you")).unwrap();
    world.input(at(click, 50, u16::try_from(row).unwrap()));
    assert_eq!(world.app.timeline.as_ref().and_then(|timeline| timeline.selected), Some(id(101)));
    world.input(at(MouseEventKind::ScrollUp, 50, 10));
    assert!(world.app.timeline.as_ref().is_some_and(|timeline| !timeline.is_at_newest()));
}

#[test]
fn a_message_that_changed_is_shown_as_it_is() {
    let mut world = World::lively(Language::English, (160, 50));
    world.open();
    let last = world.messages.iter_mut().find(|message| message.id == id(107)).unwrap();
    last.text = "And where do the pictures hang?".into();
    last.edited_at_ms = Some(NOW);
    world.event(Event::Messages { conversation: CLUB, messages: vec![id(107)] });
    assert!(world.screen().contains("And where do the pictures hang? (edited)"));
}

#[test]
fn the_end_of_a_session_or_engine_ends_the_screen() {
    for (event, expected) in [
        (Event::SessionEnded, End::SessionEnded),
        (Event::Stopped { failure: Some(Failure::Busy) }, End::Stopped(Some(Failure::Busy))),
    ] {
        let mut world = open();
        world.event(event);
        assert!(matches!(world.others.last(), Some(Effect::End(end)) if *end == expected));
    }
}

#[test]
fn details_that_do_not_fit_are_scrolled() {
    let mut world = World::lively(Language::English, (40, 12));
    world.begin().press(KeyCode::Down).press(KeyCode::Enter).press(KeyCode::F(2));
    assert!(!world.screen().contains("Not compared yet"));
    world.press(KeyCode::PageDown);
    assert!(world.screen().contains("Not compared yet"));
    world.press(KeyCode::PageUp);
    assert!(world.screen().contains("Reads everything twice."));
}

#[test]
fn what_is_held_back_is_counted_above_until_somebody_has_decided() {
    const ONE: &str = "1 message is held back: an identity key changed.";
    let mut world = open();
    assert_eq!(world.app.strip(), None);
    // The first word that is held back tells of itself where the key is doubted.
    world.conversations.iter_mut().find(|view| view.id == CLUB).unwrap().trust = Trust::Broken;
    world.event(Event::Conversation { conversation: CLUB });
    world.status.held = 1;
    world.event(Event::Messages { conversation: CLUB, messages: vec![id(107)] });
    assert_eq!(world.app.strip().as_deref(), Some(ONE));
    world.status.connection = Connection::Waiting { retry_in_ms: 5_000 };
    world.event(Event::Connection(world.status.connection));
    assert_eq!(world.app.strip(), Some(format!("Offline. What you write goes out when you are back. {ONE}")));
    world.status.connection = Connection::Open;
    world.event(Event::Connection(Connection::Open));
    world.status.held = 0;
    world.event(Event::Contact { account: super::world::person('b').account });
    assert_eq!(world.app.strip(), None);
}
