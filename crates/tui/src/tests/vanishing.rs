//! Messages that do not stay.

use crossterm::event::KeyCode;
use huis_texts::Language;
use huis_views::*;

use super::world::{CLUB, MINUTE, NOW, World, message};

fn world() -> World {
    let mut world = World::lively(Language::English, (100, 30));
    let last = world.messages.iter().map(|message| message.position).max().unwrap();
    let timed = message(last + 1, CLUB, 'b', NOW - MINUTE, "not for long");
    let timer = Some(VanishTimer { after_s: 3600, from: CountedFrom::Sending });
    world.messages.push(MessageView { vanishes: timer, vanishes_at_ms: Some(NOW + 59 * MINUTE), ..timed });
    let closed = message(last + 2, CLUB, 'b', NOW - MINUTE, "");
    world.messages.push(MessageView { view_once: true, ..closed });
    world.open().take_asked();
    world
}

#[test]
fn a_message_says_how_long_it_stays_and_goes_when_the_engine_says_so() {
    let mut world = world();
    assert!(world.screen().contains("not for long (⏳ 59 min)"), "{}", world.screen());
    world.pass(57 * MINUTE);
    assert!(world.screen().contains("not for long (⏳ 2 min)"), "{}", world.screen());
    let gone = world.messages.remove(world.messages.len() - 2).id;
    world.event(Event::Messages { conversation: CLUB, messages: vec![gone] });
    assert!(!world.screen().contains("not for long"));
}

#[test]
fn what_can_be_opened_once_is_opened_by_a_key_and_shown_this_once() {
    let mut world = world();
    let closed = world.messages.last().unwrap().id;
    assert!(world.screen().contains("(to be opened once: o)"));
    world.press(KeyCode::Up).press(KeyCode::Char('o'));
    let opens = |command: &Command| matches!(command, Command::OpenOnce { message } if *message == closed);
    assert!(world.take_asked().iter().any(opens));
    assert!(world.screen().contains("the cake is a surprise"));
    world.event(Event::Messages { conversation: CLUB, messages: vec![closed] });
    assert!(world.screen().contains("the cake is a surprise"), "it is read at leisure");
    world.press(KeyCode::Enter);
    assert!(!world.screen().contains("the cake is a surprise") && !world.screen().contains("opened once"));
}

#[test]
fn a_timer_is_set_by_a_command_and_an_ordinary_message_is_not_opened() {
    let mut world = world();
    world.type_text("/timer 7d sending").press(KeyCode::Enter);
    let timer = VanishTimer { after_s: 604_800, from: CountedFrom::Sending };
    let sets = |command: &Command| matches!(command, Command::SetTimer { target: Target::Id(CLUB), timer: Some(set) } if *set == timer);
    assert!(world.take_asked().iter().any(sets));
    world.type_text("/once psst").press(KeyCode::Enter);
    let says = |command: &Command| matches!(command, Command::Send(send) if send.view_once && send.text == "psst");
    assert!(world.take_asked().iter().any(says));
    world.app.open(CLUB);
    world.press(KeyCode::Up).press(KeyCode::Up).press(KeyCode::Char('o'));
    assert!(!world.take_asked().iter().any(|command| matches!(command, Command::OpenOnce { .. })));
}
