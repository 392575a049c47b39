//! Messages that open later.

use crossterm::event::KeyCode;
use huis_texts::Language;
use huis_views::*;

use super::world::{CLUB, MINUTE, NOW, World, message};
use crate::{Answer, Effect, Input, Purpose};

/// A message by this one, locked for so long.
fn locked(author: char, ms: u64) -> MessageView {
    let text = if author == 'a' { "own words" } else { "" };
    let kind = if author == 'a' { "text" } else { "timed" };
    MessageView {
        kind: kind.into(),
        lock: Some(LockView { unlocks_at_ms: NOW + ms, state: LockState::Waiting, files: 0, trust: LockTrust::Server }),
        ..message(200, CLUB, author, NOW, text)
    }
}

fn world_with(locked: MessageView, language: Language) -> World {
    let mut world = World::lively(language, (100, 30));
    world.messages.push(locked);
    world.open().take_asked();
    world
}

#[test]
fn a_locked_message_counts_down_by_itself_and_shows_what_was_inside_once_it_opens() {
    let mut world = world_with(locked('b', 2 * MINUTE), Language::English);
    assert!(world.screen().contains("🔒 A text that opens"), "{}", world.screen());
    assert!(world.screen().contains("(in 2 min 0 s)"));
    // The screen asks to be woken for it.
    let pause = world.app.wake_at().saturating_sub(world.now_ms);
    assert!((1..=1000).contains(&pause), "{pause}");
    world.pass(pause);
    assert!(world.screen().contains("(in 1 min 59 s)"), "{}", world.screen());
    world.pass(2 * MINUTE);
    assert!(world.screen().contains("🔒 The time has come"), "{}", world.screen());
    let opened = MessageView {
        kind: "text".into(),
        text: "at last".into(),
        lock: Some(LockView {
            unlocks_at_ms: NOW + 2 * MINUTE,
            state: LockState::Opened,
            files: 0,
            trust: LockTrust::Server,
        }),
        ..locked('b', 0)
    };
    let id = opened.id;
    *world.messages.last_mut().unwrap() = opened;
    world.event(Event::Messages { conversation: CLUB, messages: vec![id] });
    let screen = world.screen();
    assert!(screen.contains("at last") && !screen.contains('🔒'), "{screen}");
}

#[test]
fn ones_own_locked_message_can_be_read_and_says_from_when_others_read_it() {
    let mut world = world_with(locked('a', 26 * 60 * MINUTE), Language::French);
    let screen = world.screen();
    // The line is broken behind that.
    assert!(screen.contains("Les autres le liront") && screen.contains("(dans 1 j 2"), "{screen}");
    assert!(screen.contains("own words"), "{screen}");
}

#[test]
fn who_looks_elsewhere_is_called_when_a_message_opens() {
    let opened = MessageView {
        kind: "text".into(),
        text: "at last".into(),
        lock: Some(LockView { unlocks_at_ms: NOW, state: LockState::Opened, files: 0, trust: LockTrust::Server }),
        ..message(200, CLUB, 'b', NOW - 90 * 24 * 60 * MINUTE, "")
    };
    let mut world = World::lively(Language::English, (100, 30));
    world.messages.push(opened.clone());
    world.begin();
    world.others.clear();
    world.event(Event::Unlocked { conversation: CLUB, message: opened.id });
    let calls = |effect: &Effect| matches!(effect, Effect::Call { text, .. } if text.ends_with("at last"));
    assert!(world.others.iter().any(calls), "{:?}", world.others);
}

#[test]
fn later_says_something_that_opens_then_and_a_wrong_time_is_named() {
    let mut world = World::lively(Language::English, (100, 30));
    world.open().take_asked();
    world.type_text("/later 2h Happy new year").press(KeyCode::Enter);
    let timed = |world: &mut World| {
        world.take_asked().into_iter().find_map(|command| match command {
            Command::SendTimed { what: ToSend::Text(send), unlocks_at_ms, trust } => {
                Some((send.text, unlocks_at_ms, trust))
            }
            _ => None,
        })
    };
    let at_ms = world.now_ms + 120 * MINUTE;
    assert_eq!(timed(&mut world), Some(("Happy new year".to_owned(), at_ms, LockTrust::Server)));
    world.type_text("/later drand 2h Happy new year").press(KeyCode::Enter);
    assert_eq!(timed(&mut world), Some(("Happy new year".to_owned(), at_ms, LockTrust::Drand)));
    world.type_text("/later whenever x").press(KeyCode::Enter);
    assert!(world.screen().contains("whenever is no time"), "{}", world.screen());
    assert!(!world.take_asked().iter().any(|command| matches!(command, Command::SendTimed { .. })));
}

#[test]
fn locks_are_listed_and_ones_own_is_withdrawn_from_there() {
    let mut world = World::lively(Language::English, (100, 30));
    world.open().take_asked();
    world.type_text("/locks").press(KeyCode::Enter);
    assert!(world.take_asked().iter().any(|command| matches!(command, Command::TimeLocks { .. })));
    let own = locked('a', 2 * MINUTE);
    let result = Ok(Reply::Messages(vec![own.clone(), locked('b', 3 * MINUTE)]));
    world.input(Input::Answer(Box::new(Answer { purpose: Purpose::Locks, result })));
    let screen = world.screen();
    assert!(screen.contains("Opens later") && screen.matches("withdraw it").count() == 1, "{screen}");
    world.press(KeyCode::Down).press(KeyCode::Enter);
    let asked = world.take_asked();
    assert!(asked.iter().any(|command| matches!(command, Command::WithdrawTimed { message } if *message == own.id)));
}

#[test]
fn what_opens_before_somebody_who_is_there_is_marked_as_read_once_more() {
    let marked = |world: &mut World| -> Vec<u64> {
        let mark = |command| if let Command::MarkRead { up_to, .. } = command { Some(up_to) } else { None };
        world.take_asked().into_iter().filter_map(mark).collect()
    };
    let mut world = World::lively(Language::English, (100, 30));
    world.open();
    assert_eq!(marked(&mut world), [107]);
    world.input(Input::Tick);
    assert_eq!(marked(&mut world), [0; 0]);
    // What was read of it was its seal.
    let opened = world.messages.iter().find(|message| message.position == 107).map(|message| message.id).unwrap();
    world.event(Event::Unlocked { conversation: CLUB, message: opened });
    assert_eq!(marked(&mut world), [107]);
}
