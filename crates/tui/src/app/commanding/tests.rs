use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use huis_proto::rest::Secret;
use huis_proto::{AccountId, ConversationId, DeviceId, MessageId};
use huis_texts::{Language, Texts};
use huis_views::{ContactView, Failure, Named, Profile, Sent};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::*;
use crate::app::{Answer, Input, Settings};
use crate::calendar::Zone;
use crate::theme::{Depth, Ground, Theme};

const PLACE: ConversationId = ConversationId::from_bytes([1; 16]);

/// A newcomer who talks with nobody yet.
fn newcomer(language: Language) -> App {
    let theme = Theme { depth: Depth::None, ground: Ground::Dark, is_fixed: true };
    let settings = Settings { theme, pictures: crate::Pictures::Off, bell: false, notify: false, lock_after_ms: None };
    let mut app = App::new(Texts::of(language), Zone::fixed(0), settings, (80, 24), 1_000);
    app.begin();
    let profile = Profile {
        account: AccountId::from_bytes([7; 16]),
        username: "member-a".into(),
        device: DeviceId::from_bytes([7; 16]),
        server: "http://127.0.0.1:8080".into(),
        identity_key: "ab".repeat(32),
    };
    answer(&mut app, Purpose::WhoAmI, Ok(Reply::Profile(profile)));
    answer(&mut app, Purpose::Conversations, Ok(Reply::Conversations(Vec::new())));
    answer(&mut app, Purpose::Requests, Ok(Reply::Conversations(Vec::new())));
    app
}

fn answer(app: &mut App, purpose: Purpose, result: Result<Reply, Failure>) -> Vec<Effect> {
    app.update(Input::Answer(Box::new(Answer { purpose, result })), 2_000)
}

fn types(app: &mut App, text: &str) -> Vec<Effect> {
    let mut effects = Vec::new();
    for letter in text.chars() {
        effects.extend(press(app, KeyCode::Char(letter)));
    }
    effects
}

fn press(app: &mut App, code: KeyCode) -> Vec<Effect> {
    app.update(Input::Key(KeyEvent::new(code, KeyModifiers::NONE)), 2_000)
}

fn enters(app: &mut App, text: &str) -> Vec<(Purpose, Command)> {
    let mut effects = types(app, text);
    effects.extend(press(app, KeyCode::Enter));
    asked(effects)
}

fn asked(effects: Vec<Effect>) -> Vec<(Purpose, Command)> {
    let asks = effects.into_iter().filter_map(|effect| match effect {
        Effect::Ask { purpose: Purpose::Tell | Purpose::Draft(_), .. } => None,
        Effect::Ask { purpose, command } => Some((purpose, command)),
        _ => None,
    });
    asks.collect()
}

fn ends(effects: &[Effect]) -> Option<&End> {
    effects.iter().find_map(|effect| if let Effect::End(end) = effect { Some(end) } else { None })
}

fn screen(app: &mut App) -> String {
    let mut buffer = Buffer::empty(Rect::new(0, 0, app.size.0, app.size.1));
    app.paint(&mut buffer);
    let (columns, rows) = app.size;
    let row = |y| (0..columns).map(|x| buffer[(x, y)].symbol().to_owned()).collect::<String>();
    (0..rows).map(row).collect::<Vec<_>>().join("\n")
}

fn contact(name: &str) -> ContactView {
    ContactView {
        account: Named { account: AccountId::from_bytes([8; 16]), name: Some(name.into()), card_name: None },
        safety_number: "0123456789".repeat(6),
        verified: false,
        compared: None,
        identity_changed: false,
        broken: false,
        blocked: false,
        devices: Vec::new(),
        card: huis_views::CardView::default(),
        here: false,
    }
}

#[test]
fn a_newcomer_writes_a_first_word_to_somebody_and_it_is_not_lost_where_it_fails() {
    for (language, written) in [(Language::English, "/dm member-b"), (Language::French, "/écrire @member-b")] {
        let mut app = newcomer(language);
        let asks = enters(&mut app, written);
        let [(purpose @ Purpose::Greet(_), Command::Contact { name })] = &asks[..] else { panic!("{asks:?}") };
        assert_eq!(name, "member-b");
        answer(&mut app, purpose.clone(), Ok(Reply::Contact(Box::new(contact("member-b")))));
        assert!(screen(&mut app).contains("@member-b"));
        let asks = enters(&mut app, "hello");
        let [(first @ Purpose::FirstWord { .. }, Command::Send(send))] = &asks[..] else { panic!("{asks:?}") };
        assert_eq!((&send.to, send.text.as_str()), (&Target::Account("member-b".into()), "hello"));
        answer(&mut app, first.clone(), Err(Failure::Offline { reason: "x".into() }));
        assert_eq!(app.composer.editor.text(), "hello");
        let asks = enters(&mut app, "");
        let sent = Sent { id: MessageId::from_bytes([2; 16]), conversation: PLACE, seq: None };
        let effects = answer(&mut app, asks[0].0.clone(), Ok(Reply::Sent(sent)));
        assert!(matches!(&asked(effects)[..], [(Purpose::Arrive { .. }, Command::Conversation { .. })]));
    }
}

#[test]
fn a_mistake_stays_to_be_mended_and_says_what_was_perhaps_meant() {
    let mut app = newcomer(Language::English);
    assert!(enters(&mut app, "/hlep").is_empty());
    assert_eq!(app.composer.editor.text(), "/hlep");
    assert!(screen(&mut app).contains("Did you mean /help"));
    let mut app = newcomer(Language::French);
    assert!(enters(&mut app, "bonjour").is_empty());
    assert_eq!(app.composer.editor.text(), "bonjour");
    assert!(screen(&mut app).contains("Ouvrez d'abord une conversation"));
}

#[test]
fn a_plain_exit_leaves_and_lock_locks() {
    let mut app = newcomer(Language::English);
    types(&mut app, "exit");
    assert_eq!(ends(&press(&mut app, KeyCode::Enter)), Some(&End::Quit));
    let mut app = newcomer(Language::English);
    types(&mut app, "/lock");
    assert_eq!(ends(&press(&mut app, KeyCode::Enter)), Some(&End::Lock));
}

#[test]
fn whoever_was_away_for_long_finds_a_locked_device_if_so_wished() {
    let mut app = newcomer(Language::English);
    app.settings.lock_after_ms = Some(60_000);
    types(&mut app, "x");
    assert!(app.wake_at() <= 62_000);
    assert_eq!(ends(&app.update(Input::Tick, 61_999)), None);
    assert_eq!(ends(&app.update(Input::Tick, 62_000)), Some(&End::Lock));
}

#[test]
fn what_is_offered_is_shown_and_taken_up_by_tab() {
    let mut app = newcomer(Language::English);
    types(&mut app, "/sea");
    assert!(screen(&mut app).contains("/search"));
    press(&mut app, KeyCode::Tab);
    assert_eq!(app.composer.editor.text(), "/search ");
    let mut app = newcomer(Language::English);
    types(&mut app, "good :hear");
    press(&mut app, KeyCode::Down);
    assert!(app.composer.popup.is_some());
    press(&mut app, KeyCode::Esc);
    assert!(app.composer.popup.is_none());
    assert_eq!(app.composer.editor.text(), "good :hear");
}

#[test]
fn what_cannot_be_taken_back_is_done_after_a_yes_alone() {
    let mut app = newcomer(Language::English);
    assert!(enters(&mut app, "/stop").is_empty());
    assert!(screen(&mut app).contains("Stop the server?"));
    press(&mut app, KeyCode::Esc);
    assert!(enters(&mut app, "/stop").is_empty());
    let asks = asked(press(&mut app, KeyCode::Char('y')));
    assert!(matches!(&asks[..], [(Purpose::Act, Command::StopServer)]), "{asks:?}");
}

#[test]
fn a_fresh_passphrase_is_shown_and_stands_in_no_debug_output() {
    let mut app = newcomer(Language::English);
    answer(&mut app, Purpose::Act, Ok(Reply::AccessPassphrase(Secret::new("open-sesame"))));
    assert!(screen(&mut app).contains("open-sesame"));
    assert!(!format!("{app:?}").contains("open-sesame"));
    press(&mut app, KeyCode::Esc);
    assert!(!screen(&mut app).contains("open-sesame"));
}

#[test]
fn a_room_is_entered_from_the_list_of_rooms() {
    let mut app = newcomer(Language::English);
    let asks = enters(&mut app, "/rooms");
    assert!(matches!(&asks[..], [(Purpose::Rooms, Command::Rooms)]));
    let room = huis_proto::rest::Room { name: "lobby".into(), conversation: PLACE, accounts: 3 };
    answer(&mut app, Purpose::Rooms, Ok(Reply::Rooms(vec![room])));
    assert!(screen(&mut app).contains("#lobby"));
    assert!(asked(press(&mut app, KeyCode::Enter)).is_empty());
    press(&mut app, KeyCode::Down);
    let asks = asked(press(&mut app, KeyCode::Enter));
    assert!(matches!(&asks[..], [(Purpose::Arrive { .. }, Command::JoinRoom { name })] if name == "lobby"), "{asks:?}");
}

#[test]
fn a_safety_number_is_shown_and_marked_as_compared() {
    let mut app = newcomer(Language::French);
    let asks = enters(&mut app, "/vérifier member-b");
    answer(&mut app, asks[0].0.clone(), Ok(Reply::Contact(Box::new(contact("member-b")))));
    assert!(screen(&mut app).contains("01234  56789"));
    assert!(asked(press(&mut app, KeyCode::Enter)).is_empty());
    press(&mut app, KeyCode::Down);
    let asks = asked(press(&mut app, KeyCode::Enter));
    assert!(matches!(&asks[..], [(Purpose::Act, Command::SetVerified { verified: true, .. })]), "{asks:?}");
}

#[test]
fn a_code_to_scan_stands_below_the_number_of_whom_it_is_for() {
    let mut app = newcomer(Language::English);
    let asks = enters(&mut app, "/verify member-b");
    let asks = asked(answer(&mut app, asks[0].0.clone(), Ok(Reply::Contact(Box::new(contact("member-b"))))));
    let [(purpose, Command::SafetyCode { name })] = &asks[..] else { panic!("{asks:?}") };
    assert_eq!(name, "member-b");
    let code = huis_views::SafetyCode { text: "HUIS:04AB".into(), lines: vec!["10".into(), "01".into()] };
    answer(&mut app, purpose.clone(), Ok(Reply::SafetyCode(Box::new(code.clone()))));
    let shown = screen(&mut app);
    assert!(shown.contains("HUIS:04AB") && shown.contains("██▄▀██"), "{shown}");

    // One that comes late does not stand below somebody else's.
    let other = ContactView {
        account: Named { account: AccountId::from_bytes([9; 16]), ..contact("c").account },
        ..contact("c")
    };
    press(&mut app, KeyCode::Esc);
    enters(&mut app, "/verify member-c");
    answer(&mut app, Purpose::Person("member-c".into()), Ok(Reply::Contact(Box::new(other))));
    answer(&mut app, purpose.clone(), Ok(Reply::SafetyCode(Box::new(code))));
    assert!(!screen(&mut app).contains("HUIS:04AB"));
}

#[test]
fn who_goes_on_with_a_broken_mark_without_comparing_is_asked_first() {
    let mut app = newcomer(Language::English);
    let asks = enters(&mut app, "/verify member-b");
    let broken = ContactView { identity_changed: true, broken: true, ..contact("member-b") };
    answer(&mut app, asks[0].0.clone(), Ok(Reply::Contact(Box::new(broken))));
    assert!(screen(&mut app).contains("since you compared it"));
    press(&mut app, KeyCode::Down);
    press(&mut app, KeyCode::Down);
    assert!(asked(press(&mut app, KeyCode::Enter)).is_empty());
    assert!(screen(&mut app).contains("Go on with the changed"));
}
