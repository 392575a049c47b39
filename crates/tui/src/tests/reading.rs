//! Reading back, and what counts as read.

use crossterm::event::{KeyCode, KeyModifiers};
use huis_texts::Language;
use huis_views::*;

use super::world::{CLUB, DIRECT, MINUTE, NOW, World, id, message, person};
use crate::{Answer, Effect, Input, Purpose};

fn open() -> World {
    let mut world = World::lively(Language::English, (80, 24));
    world.open().take_asked();
    world
}

/// A club in which much was said.
fn long() -> World {
    let mut world = open();
    world.messages =
        (1..=2_000).map(|n| message(n, CLUB, 'b', NOW - (2_000 - n) * MINUTE, &format!("message {n}."))).collect();
    world.event(Event::Missed);
    world
}

fn marks(asked: &[Command]) -> usize {
    asked.iter().filter(|command| matches!(command, Command::MarkRead { .. })).count()
}

fn failing(world: &mut World, effects: Vec<Effect>) -> Vec<Purpose> {
    let mut asked = Vec::new();
    let mut effects = effects;
    for _ in 0..20 {
        let mut next = Vec::new();
        for effect in effects {
            let Effect::Ask { purpose, .. } = effect else { continue };
            asked.push(purpose.clone());
            let answer = Answer { purpose, result: Err(Failure::Busy) };
            next.extend(world.app.update(Input::Answer(Box::new(answer)), world.now_ms));
        }
        effects = next;
    }
    asked
}

#[test]
fn whoever_reads_back_stays_there_when_everything_is_read_again() {
    for selects in [false, true] {
        let mut world = long();
        if selects {
            world.press(KeyCode::Up);
        }
        for _ in 0..10 {
            world.press(KeyCode::PageUp);
        }
        let (before, focus) = (world.screen(), world.app.focus);
        world.take_asked();
        for number in 2_001..2_300 {
            world.messages.push(message(number, CLUB, 'b', NOW, "unseen"));
        }
        world.event(Event::Missed);
        let after = world.screen();
        let body = |screen: &str| screen.lines().skip(3).take(12).map(str::to_owned).collect::<Vec<_>>();
        let shown =
            |screen: &str| body(screen).iter().map(|row| row.chars().skip(30).collect()).collect::<Vec<String>>();
        assert_eq!(shown(&before), shown(&after), "{selects}");
        assert_eq!(marks(&world.take_asked()), 0);
        assert_eq!(world.app.focus, focus);
        world.chord(KeyCode::End, KeyModifiers::CONTROL);
        assert!(world.screen().contains("unseen"));
    }
}

#[test]
fn a_page_that_fails_is_asked_for_again_by_a_key_and_not_by_itself() {
    let mut world = long();
    world.take_asked();
    let pages = |asked: &[Purpose]| asked.iter().filter(|asked| matches!(asked, Purpose::Page { .. })).count();
    let up = || Input::Key(crossterm::event::KeyEvent::new(KeyCode::PageUp, KeyModifiers::NONE));
    let mut effects = Vec::new();
    for _ in 0..40 {
        effects = world.app.update(up(), world.now_ms);
        if !effects.is_empty() {
            break;
        }
    }
    assert_eq!(pages(&failing(&mut world, effects)), 1);
    let effects = world.app.update(Input::Tick, world.now_ms);
    assert_eq!(pages(&failing(&mut world, effects)), 0);
    let effects = world.app.update(up(), world.now_ms);
    assert_eq!(pages(&failing(&mut world, effects)), 1);
}

#[test]
fn a_changed_key_stands_in_the_conversations_with_that_account_alone() {
    for (letter, stands) in [('d', true), ('z', false)] {
        let mut world = World::lively(Language::English, (160, 50));
        let notice = Notice::IdentityChanged { account: person(letter), handed_over: false, was_verified: false };
        world.notices = vec![NoticeView { at_ms: NOW - MINUTE / 2, conversation: None, notice: notice.clone() }];
        world.open();
        let said = crate::say::notice(&world.app.texts, &notice);
        let begin: String = said.chars().take(30).collect();
        assert_eq!(world.screen().contains(&begin), stands, "{letter}");
    }
}

#[test]
fn a_mark_that_failed_is_set_again_later() {
    let mut world = open();
    world.messages.push(message(130, CLUB, 'b', NOW, "Are you there?"));
    world.input(Input::Focus(false)).event(Event::Messages { conversation: CLUB, messages: vec![id(130)] });
    let effects = world.app.update(Input::Focus(true), world.now_ms);
    let marked = |asked: &[Purpose]| asked.iter().filter(|asked| matches!(asked, Purpose::MarkRead(_))).count();
    assert_eq!(marked(&failing(&mut world, effects)), 1);
    world.pass(31_000);
    assert_eq!(marks(&world.take_asked()), 1);
}

#[test]
fn the_bell_calls_once_for_a_message() {
    let mut world = open();
    world.input(Input::Focus(false));
    world.messages.push(message(130, CLUB, 'b', NOW, "Hello"));
    for _ in 0..3 {
        world.event(Event::Messages { conversation: CLUB, messages: vec![id(130)] });
    }
    assert_eq!(world.others.iter().filter(|effect| matches!(effect, Effect::Call { .. })).count(), 1);
}

#[test]
fn a_key_after_a_long_sleep_finds_the_device_locked() {
    let mut world = open();
    world.app.settings.lock_after_ms = Some(60_000);
    world.press(KeyCode::Tab).take_asked();
    world.now_ms += 10 * MINUTE;
    world.app.open(DIRECT);
    world.press(KeyCode::Char('x'));
    assert!(matches!(world.others.last(), Some(Effect::End(crate::End::Lock))));
    assert!(world.app.composer.editor.is_empty());
}
