//! What is asked before it is done.

use crossterm::event::{KeyCode, KeyModifiers};
use huis_texts::Language;
use huis_views::*;

use super::world::{CLUB, DIRECT, STRANGER, World};

fn open() -> World {
    let mut world = World::lively(Language::English, (80, 24));
    world.open().take_asked();
    world
}

fn answered(world: &mut World) -> Vec<RequestAnswer> {
    let answer = |command| if let Command::AnswerRequest { answer, .. } = command { Some(answer) } else { None };
    world.take_asked().into_iter().filter_map(answer).collect()
}

#[test]
fn a_request_is_declined_after_a_yes_and_accepted_by_enter() {
    let mut world = open();
    world.app.open(STRANGER);
    world.press(KeyCode::Char('d'));
    assert_eq!(answered(&mut world), []);
    world.press(KeyCode::Char('y'));
    assert_eq!(answered(&mut world), [RequestAnswer::Decline]);

    let mut world = open();
    world.app.open(STRANGER);
    for key in ['a', 'd', 'b'] {
        world.control(key).chord(KeyCode::Char(key), KeyModifiers::ALT);
    }
    assert_eq!(answered(&mut world), []);
    assert!(world.app.overlay.is_none());
    world.press(KeyCode::Enter);
    assert_eq!(answered(&mut world), [RequestAnswer::Accept]);
}

#[test]
fn a_command_can_be_written_where_nothing_else_can() {
    let mut world = open();
    world.app.open(STRANGER);
    world.type_text("/d").press(KeyCode::Backspace).press(KeyCode::Backspace).press(KeyCode::Char('d'));
    assert!(world.screen().contains("Decline this request?"));
    world.press(KeyCode::Esc).type_text("//a word").press(KeyCode::Enter);
    let asked = world.take_asked();
    assert!(!asked.iter().any(|command| matches!(command, Command::Send(_) | Command::AnswerRequest { .. })));
    assert!(world.screen().contains("would like to talk with you"));
    world.control('u');
    // What is typed on is a message, also before the engine has answered.
    world.type_text("/accept").press(KeyCode::Enter).type_text("Thank you, bad boy");
    assert!(world.screen().contains("Thank you, bad boy") && world.app.overlay.is_none());
    world.press(KeyCode::Enter);
    let asked = world.take_asked();
    assert!(asked.iter().any(|command| matches!(command, Command::AnswerRequest { .. })));
    assert!(asked.iter().any(|command| matches!(command, Command::Send(send) if send.text == "Thank you, bad boy")));
}

#[test]
fn nothing_is_written_behind_the_details() {
    let mut world = open();
    for paste in [false, true] {
        world.press(KeyCode::F(2));
        assert!(world.screen().contains("Details") && !world.screen().contains("write a message"));
        if paste {
            world.input(crate::Input::Paste("mute 2h".into()));
        } else {
            world.type_text("mute 2h");
        }
        assert!(world.screen().contains("› mute 2h"), "{}", world.screen());
        world.control('u');
    }
}

#[test]
fn a_request_that_could_not_be_accepted_is_one_still() {
    let mut world = open();
    world.app.open(STRANGER);
    let effects = world.app.update(crate::Input::Key(KeyCode::Char('a').into()), world.now_ms);
    let accepts = effects.iter().find_map(|effect| match effect {
        crate::Effect::Ask { purpose: purpose @ crate::Purpose::Accept(_), .. } => Some(purpose.clone()),
        _ => None,
    });
    let answer = crate::Answer { purpose: accepts.unwrap(), result: Err(Failure::Busy) };
    world.app.update(crate::Input::Answer(Box::new(answer)), world.now_ms);
    assert!(world.screen().contains("accept") && world.app.bar().is_some());
}

#[test]
fn a_command_is_about_the_message_on_which_it_was_begun_and_the_next_one_is_not() {
    let mut world = open();
    world.press(KeyCode::Up).press(KeyCode::Up).type_text("/react tada").press(KeyCode::Enter);
    world.type_text("/react tada").press(KeyCode::Enter);
    let about = |command| if let Command::Annotate(annotate) = command { Some(annotate.message) } else { None };
    let about: Vec<_> = world.take_asked().into_iter().filter_map(about).collect();
    assert_eq!(about, [106, 107].map(super::world::id));
}

#[test]
fn a_conversation_with_unknown_members_is_joined_after_a_yes() {
    let mut world = World::lively(Language::English, (80, 24));
    world.conversations[0].state = ConversationState::Held;
    world.open().take_asked();
    let joins = |world: &mut World| {
        world.take_asked().iter().filter(|command| matches!(command, Command::JoinAnyway { .. })).count()
    };
    world.press(KeyCode::Char('o')).press(KeyCode::Char('o'));
    assert_eq!(joins(&mut world), 0);
    world.press(KeyCode::Char('y'));
    assert_eq!(joins(&mut world), 1);
}

#[test]
fn a_sheet_that_comes_late_covers_nothing_that_has_the_keys() {
    let mut world = open();
    world.app.ask_delete(super::world::id(104));
    let rooms = crate::Answer { purpose: crate::Purpose::Rooms, result: Ok(Reply::Rooms(Vec::new())) };
    world.input(crate::Input::Answer(Box::new(rooms)));
    assert!(world.screen().contains("Delete “"));
}

#[test]
fn a_command_without_its_text_clears_nothing() {
    let mut world = open();
    for (typed, clears) in [("/topic", false), ("/profile name", false), ("/topic -", true), ("/profile name -", true)]
    {
        world.control('u').type_text(typed).press(KeyCode::Enter);
        let cleared = world.take_asked().into_iter().any(|command| match command {
            Command::SetTopic { topic, .. } => topic.is_empty(),
            Command::SetCard(card) => card.name.as_deref() == Some(""),
            _ => false,
        });
        assert_eq!(cleared, clears, "{typed}");
    }
}

#[test]
fn a_conversation_that_was_left_is_not_opened_to_write_to_somebody() {
    let mut world = World::lively(Language::English, (80, 24));
    world.conversations[1].state = ConversationState::Left;
    world.open();
    world.type_text("/dm member-b").press(KeyCode::Enter);
    assert_ne!(world.app.open_conversation(), Some(DIRECT));
    assert_eq!(world.app.addressee.as_deref(), Some("member-b"));
    assert_ne!(world.app.open_conversation(), Some(CLUB));
}
