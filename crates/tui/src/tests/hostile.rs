//! Names and texts that try to act on the terminal.

use huis_texts::Language;
use huis_views::{MessagePreview, QuoteView, ReactionView, Trust};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr;

use super::world::{CLUB, NOW, World, id, message, person};

/// Every character that acts, and floods of those that pile up or cannot be seen.
fn attacks() -> Vec<String> {
    let controls: String = ('\u{0}'..='\u{1f}').chain('\u{7f}'..='\u{9f}').collect();
    let turns = "\u{61c}\u{200e}\u{200f}\u{202a}\u{202b}\u{202c}\u{202d}\u{202e}\u{2066}\u{2067}\u{2068}\u{2069}";
    vec![
        controls,
        "\u{1b}[2J\u{1b}[1;1H\u{1b}]0;owned\u{7}\u{1b}]52;c;eA==\u{1b}\\\u{1b}P$q\u{1b}\\\u{9b}31m".into(),
        "\u{1b}]8;;https://evil.example\u{1b}\\click\u{1b}]8;;\u{1b}\\".into(),
        turns.repeat(20),
        "\u{200b}\u{200c}\u{200d}\u{2060}\u{feff}\u{ad}\u{34f}\u{180e}".repeat(2_000),
        format!("a{}", "\u{301}".repeat(10_000)),
        "\u{301}".repeat(10_000),
        "\u{fe0f}".repeat(10_000),
        "👩\u{200d}".repeat(3_000),
        "\u{1100}".repeat(3_000),
        "\u{2028}\u{2029}\u{e0041}\u{fff9}\u{ffa0}".repeat(100),
        "שלום עולם, مرحبا 123".into(),
        "x".repeat(65_536),
        "\n".repeat(3_000),
        "﷽﷽﷽ ᄀᄀᄀ각ᆨᆨ ก็็็็็็็็็็ Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A̴̵̜̰͔ͫ͗͢L̠ͨͧͩ͘G̴̻͈͍͔̹̑͗̎̅͛́Ǫ̵̹̻̝̳͂̌̌͘!͖̬̰̙̗̿̋ͥͥ̂ͣ̐́́͜͞".into(),
    ]
}

fn acts(character: char) -> bool {
    character.is_control()
        || !matches!(huis_texts::safe_line(character.encode_utf8(&mut [0; 4])), std::borrow::Cow::Borrowed(_))
}

/// What stands on the screen does nothing, and takes the cells that are kept for it.
fn assert_harmless(world: &mut World, attack: &str) {
    let (width, height) = world.app.size;
    let mut buffer = Buffer::empty(Rect::new(0, 0, width, height));
    world.app.paint(&mut buffer);
    let shown: String = attack.chars().take(20).collect();
    for y in 0..height {
        let mut x = 0;
        while x < width {
            let symbol = buffer[(x, y)].symbol();
            assert!(!symbol.chars().any(acts), "{symbol:?} at {x},{y} of {shown:?}");
            assert!(symbol.chars().count() <= 13, "{} characters at {x},{y} of {shown:?}", symbol.chars().count());
            let cells = u16::try_from(symbol.width()).unwrap();
            assert!((1..=4).contains(&cells), "{symbol:?} takes {cells} cells");
            for beside in 1..cells {
                assert_eq!(buffer[(x + beside, y)].symbol(), " ", "under {symbol:?} at {x},{y}");
            }
            x += cells;
        }
        assert_eq!(x, width, "row {y} is shifted by {shown:?}");
    }
    // The frame stands where it stood.
    let right = buffer[(width - 1, 5)].symbol();
    assert!(["│", "┤"].contains(&right), "the frame of {shown:?} is {right:?}");
}

#[test]
fn nothing_that_others_write_acts_on_the_terminal() {
    for attack in attacks() {
        for size in [(40, 12), (80, 24), (160, 50)] {
            let mut world = World::lively(Language::English, size);
            // The engine lets no longer names through.
            let name: String = attack.chars().take(300).collect();
            let hostile = huis_views::Named { name: Some(name.clone()), card_name: Some(name.clone()), ..person('b') };
            let club = &mut world.conversations[0];
            (club.name, club.topic, club.trust) = (format!("#{name}"), Some(attack.clone()), Trust::Changed);
            club.accounts[1] = hostile.clone();
            club.typing = vec![hostile.clone()];
            club.newest = Some(MessagePreview {
                from: hostile.clone(),
                own: false,
                text: attack.clone(),
                deleted: false,
                view_once: false,
                locked: false,
            });
            let mut said = message(200, CLUB, 'b', NOW, &attack);
            said.from = hostile.clone();
            said.conversation_name = attack.clone();
            said.kind = "text".into();
            said.reactions = vec![ReactionView { emoji: attack.clone(), from: vec![hostile.clone()], own: true }];
            said.reply_to = Some(QuoteView {
                message: id(101),
                from: hostile.clone(),
                text: attack.clone(),
                here: true,
                deleted: false,
            });
            world.messages.push(said.clone());
            let mut strange = said.clone();
            (strange.id, strange.position, strange.kind) = (id(201), 201, attack.clone());
            world.messages.push(strange);
            world.found = vec![huis_views::Found { message: said, highlights: vec![(0, 1), (3, u32::MAX)] }];

            world.begin();
            assert_harmless(&mut world, &attack);
            world.press(crossterm::event::KeyCode::Enter);
            assert_harmless(&mut world, &attack);
            world.press(crossterm::event::KeyCode::Up).press(crossterm::event::KeyCode::Char('r'));
            assert_harmless(&mut world, &attack);
            world.press(crossterm::event::KeyCode::F(2));
            assert_harmless(&mut world, &attack);
            world.press(crossterm::event::KeyCode::F(2)).control('f').type_text("x").pass(200);
            assert_harmless(&mut world, &attack);
            world.press(crossterm::event::KeyCode::Esc).control('k');
            assert_harmless(&mut world, &attack);
        }
    }
}

#[test]
fn what_one_pastes_oneself_is_harmless_on_the_screen_too() {
    for attack in attacks() {
        let mut world = World::lively(Language::English, (80, 24));
        world.open().input(crate::Input::Paste(attack.clone()));
        assert_harmless(&mut world, &attack);
    }
}
