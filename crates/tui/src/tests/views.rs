//! Each main view in three sizes and both languages.

use crossterm::event::{KeyCode, KeyModifiers};
use huis_texts::Language;
use huis_views::{Connection, ConversationState, Found, Named, Notice, NoticeView, Trust};

use super::world::{MINUTE, NOW, World, person};

const SIZES: [(u16, u16); 3] = [(40, 12), (80, 24), (160, 50)];

type Steps = fn(&mut World);

const VIEWS: [(&str, Steps); 12] = [
    ("list", |world| {
        world.begin();
    }),
    ("conversation", |world| {
        world.open();
    }),
    ("message", |world| {
        world.open();
        for _ in 0..3 {
            world.press(KeyCode::Up);
        }
    }),
    ("answer", |world| {
        world.open();
        world.press(KeyCode::Up).press(KeyCode::Char('r')).type_text("On the third page, I think:");
        world.chord(KeyCode::Enter, KeyModifiers::ALT).type_text("there is a whole column free.");
    }),
    ("details", |world| {
        world.open().press(KeyCode::F(2));
    }),
    ("person", |world| {
        world.begin().press(KeyCode::Down).press(KeyCode::Enter).press(KeyCode::F(2));
    }),
    ("request", |world| {
        world.begin();
        for _ in 0..3 {
            world.press(KeyCode::Down);
        }
        world.press(KeyCode::Enter);
    }),
    ("search", |world| {
        let message = world.messages[4].clone();
        world.found = vec![
            Found { message, highlights: vec![(23, 29), (30, 34)] },
            Found { message: world.messages[3].clone(), highlights: vec![(58, 62)] },
        ];
        world.open().control('f').type_text("page").pass(200);
    }),
    ("palette", |world| {
        world.open().control('k').type_text("m");
    }),
    ("help", |world| {
        world.open().press(KeyCode::F(1));
    }),
    ("delete", |world| {
        world.open();
        for _ in 0..4 {
            world.press(KeyCode::Up);
        }
        world.press(KeyCode::Char('d'));
    }),
    ("trouble", |world| {
        world.status.connection = Connection::Waiting { retry_in_ms: 5_000 };
        // The device has something to say besides, which is nobody's message.
        (world.status.waiting, world.status.unsent) = (4, 3);
        world.conversations[0].trust = Trust::Changed;
        world.conversations[0].typing = vec![person('b'), person('c')];
        world.notices = vec![NoticeView {
            at_ms: NOW - MINUTE / 2,
            conversation: None,
            notice: Notice::IdentityChanged {
                account: Named { card_name: None, ..person('d') },
                handed_over: false,
                was_verified: false,
            },
        }];
        world.open();
    }),
];

fn look(language: Language, size: (u16, u16), steps: Steps) -> String {
    let mut world = World::lively(language, size);
    steps(&mut world);
    world.screen()
}

#[test]
fn each_view_looks_as_it_should() {
    for (language, tag) in [(Language::English, "en"), (Language::French, "fr")] {
        for (name, steps) in VIEWS {
            let screens: Vec<String> = SIZES.into_iter().map(|size| look(language, size, steps)).collect();
            insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
                insta::assert_snapshot!(format!("{name}-{tag}"), screens.join("\n"));
            });
        }
    }
}

#[test]
fn a_newcomer_and_a_left_conversation_are_told_what_is_so() {
    let mut world = World::empty(Language::English, (80, 24));
    let empty = world.begin().screen();
    assert!(empty.contains("No conversation yet"), "{empty}");

    let mut world = World::lively(Language::English, (80, 24));
    world.conversations[0].state = ConversationState::Left;
    let left = world.open().screen();
    assert!(left.contains("no longer in this conversation"), "{left}");
}

#[test]
fn a_screen_that_is_too_small_says_so_in_one_line() {
    for size in [(39, 12), (40, 11), (1, 1), (10, 3)] {
        let mut world = World::lively(Language::English, size);
        let screen = world.open().screen();
        assert!(screen.lines().filter(|line| !line.trim().is_empty()).count() <= 1, "{screen}");
    }
}

/// The pictures in the documentation are what the program shows. `HUIS_WRITE_SCREENS=1` writes them anew.
#[test]
fn the_pictures_in_the_documentation_are_true() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/screens");
    let writes = std::env::var_os("HUIS_WRITE_SCREENS").is_some();
    for (name, steps) in VIEWS {
        let path = folder.join(format!("{name}.txt"));
        let screen = look(Language::English, (100, 30), steps);
        if writes {
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(&path, &screen).unwrap();
        }
        assert_eq!(std::fs::read_to_string(&path).unwrap_or_default(), screen, "{}", path.display());
    }
}
