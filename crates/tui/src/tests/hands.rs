//! What is under the hands stays there, whatever comes meanwhile.

use crossterm::event::{KeyCode, KeyModifiers};
use huis_proto::ConversationKind;
use huis_texts::Language;
use huis_views::*;

use super::world::{CLUB, DIRECT, NOW, World, conversation, id};
use crate::composer::Mode;
use crate::{Answer, Effect, Input, Purpose};

fn open() -> World {
    let mut world = World::lively(Language::English, (80, 24));
    world.open().take_asked();
    world
}

fn lobby() -> ConversationView {
    conversation(super::world::LOBBY, ConversationKind::Open, "#lobby", &['b'])
}

/// Writes a line and sends it. Gives what was asked, without an answer.
fn enter(world: &mut World, line: &str) -> (Purpose, Command) {
    world.type_text(line);
    let key = crossterm::event::KeyEvent::new(KeyCode::Enter, KeyModifiers::NONE);
    let effects = world.app.update(Input::Key(key), world.now_ms);
    let asks = effects.into_iter().filter_map(|effect| match effect {
        Effect::Ask { purpose, command } => Some((purpose, command)),
        _ => None,
    });
    let mut asked = asks.filter(|(purpose, _)| {
        matches!(purpose, Purpose::Arrive { .. } | Purpose::Send { .. } | Purpose::FirstWord { .. })
    });
    asked.next_back().unwrap()
}

fn answer(world: &mut World, purpose: Purpose, result: Result<Reply, Failure>) {
    world.input(Input::Answer(Box::new(Answer { purpose, result })));
}

#[test]
fn whoever_goes_into_a_room_and_types_on_writes_there_and_nowhere_else() {
    for (typed, moved, opens) in [("", false, true), ("secret", false, true), ("secret", true, false)] {
        let mut world = open();
        let (purpose, _) = enter(&mut world, "/join lobby");
        if moved {
            world.app.open(DIRECT);
        }
        world.take_asked();
        world.type_text(typed);
        if !moved {
            world.press(KeyCode::Enter);
            assert!(!world.take_asked().iter().any(|command| matches!(command, Command::Send(_))));
        }
        let before = world.app.open_conversation();
        answer(&mut world, purpose, Ok(Reply::Conversation(Box::new(lobby()))));
        let expected = if opens { Some(super::world::LOBBY) } else { before };
        assert_eq!(world.app.open_conversation(), expected, "{typed} {moved}");
        assert_eq!(world.app.composer.editor.text(), typed);
        assert_eq!(world.screen().contains("#lobby is in the list."), !opens);
    }
}

#[test]
fn of_two_journeys_the_later_one_counts_whichever_ends_first() {
    let mut world = open();
    let (first, _) = enter(&mut world, "/group Alpha @member-b");
    let (second, _) = enter(&mut world, "/join lobby");
    world.type_text("hello room");
    let alpha =
        conversation(huis_proto::ConversationId::from_bytes([9; 16]), ConversationKind::Group, "#Alpha", &['b']);
    answer(&mut world, first, Ok(Reply::Conversation(Box::new(alpha))));
    assert_eq!(world.app.open_conversation(), None);
    answer(&mut world, second, Ok(Reply::Conversation(Box::new(lobby()))));
    assert_eq!(world.app.open_conversation(), Some(super::world::LOBBY));
    assert_eq!(world.app.composer.editor.text(), "hello room");

    let mut world = open();
    let (first, _) = enter(&mut world, "/join nowhere");
    enter(&mut world, "/join lobby");
    answer(&mut world, first, Err(Failure::NotAllowed));
    assert_eq!(world.app.open_conversation(), None);
}

#[test]
fn whoever_is_in_one_conversation_alone_and_on_the_way_to_another_gets_there() {
    let only = conversation(DIRECT, ConversationKind::Direct, "@member-b", &['b']);
    for fails in [false, true] {
        let mut world = open();
        world.app.open(DIRECT);
        world.take_asked();
        let (purpose, _) = enter(&mut world, "/join lobby");
        // The list comes anew meanwhile, with nothing to choose from.
        answer(&mut world, Purpose::Requests, Ok(Reply::Conversations(Vec::new())));
        let list = Ok(Reply::Conversations(vec![only.clone()]));
        answer(&mut world, Purpose::Conversations, list.clone());
        assert_eq!(world.app.open_conversation(), None);
        let (result, then) = match fails {
            false => (Ok(Reply::Conversation(Box::new(lobby()))), super::world::LOBBY),
            true => (Err(Failure::NotAllowed), DIRECT),
        };
        answer(&mut world, purpose, result);
        answer(&mut world, Purpose::Conversations, list);
        assert_eq!(world.app.open_conversation(), Some(then), "{fails}");
    }
}

#[test]
fn a_late_word_about_one_name_does_not_turn_what_is_written_to_another() {
    let mut world = open();
    world.type_text("/dm member-y").press(KeyCode::Enter);
    world.type_text("/dm member-z").press(KeyCode::Enter);
    let late = Purpose::Greet("member-y".into());
    let contact = |name: &str| huis_views::ContactView {
        account: Named { name: Some(name.into()), ..super::world::person('b') },
        safety_number: "1".repeat(60),
        verified: false,
        compared: None,
        identity_changed: false,
        broken: false,
        blocked: false,
        devices: Vec::new(),
        card: huis_views::CardView::default(),
        here: false,
    };
    answer(&mut world, late, Ok(Reply::Contact(Box::new(contact("member-y")))));
    world.take_asked();
    world.type_text("for z alone").press(KeyCode::Enter);
    let to = world.take_asked().into_iter().find_map(|command| match command {
        Command::Send(send) => Some(send.to),
        _ => None,
    });
    assert_eq!(to, Some(Target::Account("member-z".into())));

    // Nor is somebody else's number shown beside a conversation.
    let mut world = open();
    world.app.open(DIRECT);
    world.press(KeyCode::F(2));
    answer(&mut world, Purpose::Contact(CLUB), Ok(Reply::Contact(Box::new(contact("member-y")))));
    assert!(!world.screen().contains("member-y"));
}

#[test]
fn whoever_does_not_get_into_a_room_is_where_they_were() {
    let mut world = open();
    let before = world.app.open_conversation();
    let (purpose, _) = enter(&mut world, "/join lobby");
    answer(&mut world, purpose, Err(Failure::NotAllowed));
    assert!(before.is_some() && world.app.open_conversation() == before);
}

#[test]
fn what_is_written_after_a_first_word_goes_on_in_the_conversation_that_it_made() {
    let mut world = open();
    world.type_text("/dm member-z").press(KeyCode::Enter);
    let (purpose, _) = enter(&mut world, "hello");
    world.type_text("and more");
    let made = huis_proto::ConversationId::from_bytes([9; 16]);
    world.conversations.push(conversation(made, ConversationKind::Direct, "@member-z", &['z']));
    answer(&mut world, purpose, Ok(Reply::Sent(Sent { id: id(1), conversation: made, seq: None })));
    assert_eq!(world.app.open_conversation(), Some(made));
    assert_eq!(world.app.composer.editor.text(), "and more");
}

#[test]
fn what_is_chosen_in_the_palette_stays_chosen_when_the_list_moves() {
    let mut world = open();
    world.press(KeyCode::Up).press(KeyCode::Char('f')).press(KeyCode::Down);
    assert!(world.screen().contains("› member-b"));
    let mut fresh = conversation(super::world::LOBBY, ConversationKind::Open, "#lobby", &['b']);
    fresh.newest_ms = NOW;
    fresh.favourite = true;
    world.conversations[2] = fresh;
    world.event(Event::Conversation { conversation: super::world::LOBBY }).take_asked();
    world.press(KeyCode::Enter);
    let forwarded = world.take_asked().into_iter().find_map(|command| match command {
        Command::Forward(forward) => Some(forward.to),
        _ => None,
    });
    assert_eq!(forwarded, Some(Target::Id(DIRECT)));
}

#[test]
fn a_text_that_is_no_draft_can_be_had_again_after_opening_another_conversation() {
    let mut world = open();
    world.type_text("/dm member-z").press(KeyCode::Enter);
    world.type_text("to nobody yet");
    world.app.open(DIRECT);
    world.control('p');
    assert_eq!(world.app.composer.editor.text(), "to nobody yet");

    let mut world = open();
    world.app.edit(id(104));
    world.type_text(" Again.").chord(KeyCode::Down, KeyModifiers::ALT);
    assert_ne!(world.app.open_conversation(), Some(CLUB));
    world.control('p');
    assert_eq!(world.app.composer.editor.text(), "Thank you! Again.");
}

#[test]
fn a_draft_is_kept_also_while_one_types_without_a_pause() {
    let mut world = open();
    for _ in 0..20 {
        world.type_text("x").pass(100);
    }
    assert!(world.take_asked().iter().any(|command| matches!(command, Command::SetDraft { .. })));
}

#[test]
fn what_was_refused_comes_back_as_what_it_was() {
    let mut world = open();
    world.app.edit(id(104));
    let (purpose, _) = enter(&mut world, "!");
    answer(&mut world, purpose, Err(Failure::NotAllowed));
    assert_eq!(world.app.composer.mode, Mode::Edit(id(104)));
    assert_eq!(world.app.composer.editor.text(), "Thank you!!");

    let mut world = open();
    let (purpose, command) = enter(&mut world, "//stop");
    assert!(matches!(command, Command::Send(send) if send.text == "/stop"));
    answer(&mut world, purpose, Err(Failure::NotAllowed));
    assert_eq!(world.app.composer.editor.text(), "//stop");

    let mut world = open();
    let (purpose, _) = enter(&mut world, "lost?");
    world.app.open(DIRECT);
    answer(&mut world, purpose, Err(Failure::NotAllowed));
    assert_eq!(world.app.list.conversation(CLUB).unwrap().draft, "lost?");
    assert!(world.app.composer.editor.is_empty());
}
