use huis_proto::ErrorCode;
use huis_texts::Language;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::*;
use crate::theme::Depth;

const SERVER: &str = "http://127.0.0.1:8080";
const PASSWORD: &str = "tulip-garage-velvet-orbit";

fn entry(language: Language, why: Why, size: (u16, u16)) -> Entry {
    let theme = Theme { depth: Depth::None, ground: Ground::Dark, is_fixed: true };
    Entry::new(Texts::of(language), theme, why, size, 0)
}

fn first() -> Why {
    Why::First { server: SERVER.into() }
}

fn shown(entry: &Entry) -> String {
    let (columns, rows) = entry.size;
    let mut buffer = Buffer::empty(Rect::new(0, 0, columns, rows));
    let cursor = entry.draw(&mut buffer);
    if let Some(cursor) = cursor {
        assert!(cursor.x < columns && cursor.y < rows, "the cursor stands on the screen");
    }
    let row = |y| (0..columns).map(|x| buffer[(x, y)].symbol().to_owned()).collect::<String>().trim_end().to_owned();
    (0..rows).map(row).collect::<Vec<_>>().join("\n")
}

fn press(entry: &mut Entry, code: KeyCode) -> Option<EntryEffect> {
    entry.update(EntryInput::Key(KeyEvent::new(code, KeyModifiers::NONE)), 1_000)
}

/// One group of keystrokes: a text, and Enter.
fn types(entry: &mut Entry, text: &str) -> Option<EntryEffect> {
    for character in text.chars() {
        assert!(press(entry, KeyCode::Char(character)).is_none());
    }
    press(entry, KeyCode::Enter)
}

fn registering(entry: &mut Entry) -> Option<EntryEffect> {
    ["", "amber basket cedar", "member-a", PASSWORD, PASSWORD].into_iter().fold(None, |before, text| {
        assert!(before.is_none());
        types(entry, text)
    })
}

fn refused(code: ErrorCode) -> Failure {
    Failure::Refused { code, message: "A sentence of the server.".into(), retry_after_s: None }
}

#[test]
fn a_newcomer_is_in_after_six_groups_of_keystrokes_so_that_a_name_and_a_text_are_the_seventh_and_eighth() {
    for language in Language::ALL {
        let mut entry = entry(language, first(), (80, 24));
        let Some(EntryEffect::Enter { server, command }) = registering(&mut entry) else { panic!("no end") };
        assert_eq!(server, SERVER);
        let Command::Register(register) = *command else { panic!("another command") };
        assert_eq!(register.username, "member-a");
        assert_eq!(register.password.expose(), PASSWORD);
        assert_eq!(register.admission.access_passphrase.unwrap().expose(), "amber basket cedar");
        let answer = Entered::Registered { recovery_key: Secret::new("ABCD-EFGH"), fingerprint: None };
        assert!(entry.update(EntryInput::Answer(Ok(answer)), 2_000).is_none());
        assert!(shown(&entry).contains("ABCD-EFGH"));
        assert!(matches!(types(&mut entry, ""), Some(EntryEffect::Done)));
    }
}

#[test]
fn a_failure_stands_beside_the_line_to_blame_and_nothing_that_was_typed_is_lost() {
    let mut entry = entry(Language::English, first(), (80, 24));
    assert!(registering(&mut entry).is_some());
    assert!(entry.update(EntryInput::Answer(Err(refused(ErrorCode::NameTaken))), 2_000).is_none());
    let screen = shown(&entry);
    let rows: Vec<&str> = screen.lines().collect();
    let at = rows.iter().position(|row| row.contains("member-a")).unwrap();
    assert!(rows[at].contains("› member-a"), "{screen}");
    assert!(rows[at + 1].contains("belongs to somebody"), "{screen}");
    // Another name, and everything else as it was.
    assert!(types(&mut entry, "2").is_none());
    assert!(types(&mut entry, "").is_none());
    let Some(EntryEffect::Enter { command, .. }) = types(&mut entry, "") else { panic!("no end") };
    let Command::Register(register) = *command else { panic!("another command") };
    assert_eq!((register.username.as_str(), register.password.expose()), ("member-a2", PASSWORD));
}

#[test]
fn each_failure_finds_its_line() {
    for (failure, line) in [
        (refused(ErrorCode::PassphraseRefused), Line::Admission),
        (refused(ErrorCode::RegistrationClosed), Line::Admission),
        (refused(ErrorCode::NameLooksAlike), Line::Name),
        (Failure::WeakPassword { advice: "x".into() }, Line::Password),
        (Failure::Offline { reason: "Connection refused".into() }, Line::Server),
        (Failure::Invalid { reason: "a name has 2 to 32 characters".into() }, Line::Name),
    ] {
        let mut entry = entry(Language::French, first(), (80, 24));
        assert!(registering(&mut entry).is_some());
        entry.update(EntryInput::Answer(Err(failure.clone())), 2_000);
        assert_eq!(entry.form.lines[entry.form.focus].0, line, "{failure:?}");
        assert!(shown(&entry).contains("! "), "{failure:?}");
    }
}

#[test]
fn whoever_keeps_the_password_out_of_the_vault_is_asked_for_the_recovery_key_as_well() {
    let why = Why::SessionEnded { server: SERVER.into(), username: "member-a".into() };
    let mut entry = entry(Language::English, why, (80, 24));
    assert!(matches!(types(&mut entry, PASSWORD), Some(EntryEffect::Enter { .. })));
    assert!(entry.update(EntryInput::Answer(Err(Failure::NeedsRecoveryKey)), 2_000).is_none());
    assert!(shown(&entry).contains("Recovery key"));
    let Some(EntryEffect::Enter { command, .. }) = types(&mut entry, "ABCD-EFGH") else { panic!("no end") };
    let Command::SignIn(sign_in) = *command else { panic!("another command") };
    assert_eq!(sign_in.password.expose(), PASSWORD);
    assert_eq!(sign_in.recovery_key.unwrap().expose(), "ABCD-EFGH");
}

#[test]
fn whoever_has_a_second_factor_is_asked_for_a_code_as_well() {
    let why = Why::SessionEnded { server: SERVER.into(), username: "member-a".into() };
    let mut entry = entry(Language::English, why, (80, 24));
    let Some(EntryEffect::Enter { command, .. }) = types(&mut entry, PASSWORD) else { panic!("no end") };
    assert!(matches!(*command, Command::SignIn(_)));
    assert!(entry.update(EntryInput::Answer(Err(Failure::NeedsSecondFactor)), 2_000).is_none());
    assert!(shown(&entry).contains("Code of the second factor"));
    for typed in ["123456", "654321"] {
        let Some(EntryEffect::Enter { command, .. }) = types(&mut entry, typed) else { panic!("no end") };
        let Command::WithSecondFactor { code, command } = *command else { panic!("another command") };
        assert_eq!(code.expose(), typed, "a refused one is typed anew");
        assert!(matches!(*command, Command::SignIn(_)));
        assert!(!shown(&entry).contains(typed));
        entry.update(EntryInput::Answer(Err(Failure::WrongSecondFactor)), 2_000);
        assert!(shown(&entry).contains("used already"));
    }
}

#[test]
fn a_code_is_sent_once_whatever_else_turns_out_to_be_needed() {
    let why = Why::SessionEnded { server: SERVER.into(), username: "member-a".into() };
    let mut entry = entry(Language::English, why, (80, 24));
    assert!(types(&mut entry, PASSWORD).is_some());
    entry.update(EntryInput::Answer(Err(Failure::NeedsSecondFactor)), 2_000);
    assert!(types(&mut entry, "123456").is_some());
    entry.update(EntryInput::Answer(Err(Failure::NeedsRecoveryKey)), 2_000);
    assert!(!shown(&entry).contains("Code of the second factor"));
    for (failure, asks) in [
        (Failure::WrongRecoveryKey, false),
        (Failure::NeedsSecondFactor, true),
        (Failure::Offline { reason: "Connection refused".into() }, false),
    ] {
        let Some(EntryEffect::Enter { command, .. }) = types(&mut entry, "").or_else(|| types(&mut entry, "ABCD"))
        else {
            panic!("no end")
        };
        let Command::SignIn(sign_in) = *command else { panic!("another command: {failure:?}") };
        assert!(sign_in.recovery_key.is_some());
        entry.update(EntryInput::Answer(Err(failure)), 2_000);
        assert_eq!(shown(&entry).contains("Code of the second factor"), asks);
        if asks {
            let Some(EntryEffect::Enter { command, .. }) = types(&mut entry, "654321") else { panic!("no end") };
            assert!(matches!(&*command, Command::WithSecondFactor { code, .. } if code.expose() == "654321"));
            entry.update(EntryInput::Answer(Err(Failure::WrongRecoveryKey)), 2_000);
            assert!(!shown(&entry).contains("Code of the second factor"));
        }
    }
}

#[test]
fn what_may_make_or_change_an_account_is_seen_behind_a_code_as_well() {
    let mut entry = entry(Language::English, first(), (80, 24));
    let Some(EntryEffect::Enter { command, .. }) = registering(&mut entry) else { panic!("no end") };
    assert!(super::run::shows_its_answer_once(&command));
    let code = Secret::new("123456");
    assert!(super::run::shows_its_answer_once(&Command::WithSecondFactor { code: code.clone(), command }));
    let status = Box::new(Command::SecondFactor);
    assert!(!super::run::shows_its_answer_once(&Command::WithSecondFactor { code, command: status }));
}

#[test]
fn what_is_wrong_is_seen_before_the_server_is_asked() {
    let mut entry = entry(Language::English, first(), (80, 24));
    for text in ["", "words", "a"] {
        assert!(types(&mut entry, text).is_none());
    }
    assert!(shown(&entry).contains("a name has 2 to 32 characters"));
    for text in ["b", PASSWORD, "other"] {
        assert!(types(&mut entry, text).is_none());
    }
    assert!(shown(&entry).contains("not the same"));
    press(&mut entry, KeyCode::BackTab);
    assert!(entry.update(EntryInput::Key(KeyEvent::new(KeyCode::Char('u'), KeyModifiers::CONTROL)), 0).is_none());
    assert!(types(&mut entry, "").is_none());
    assert!(shown(&entry).contains("This is needed."));
}

#[test]
fn an_invitation_is_known_by_its_form_and_a_code_by_choice() {
    let invitation = "0123456789abcdef0123456789ABCDEF";
    let mut entry = entry(Language::English, first(), (80, 24));
    let effects = ["", invitation, "member-a", PASSWORD, PASSWORD].map(|text| types(&mut entry, text));
    let Some(Some(EntryEffect::Enter { command, .. })) = effects.into_iter().next_back() else { panic!("no end") };
    let Command::Register(register) = *command else { panic!("another command") };
    assert_eq!(register.admission.invitation.unwrap().expose(), invitation);
    assert!(register.admission.access_passphrase.is_none() && register.admission.claim.is_none());

    let mut entry = self::entry(Language::English, first(), (80, 24));
    assert!(types(&mut entry, "").is_none());
    press(&mut entry, KeyCode::Left);
    assert!(shown(&entry).contains("One-time code"));
    let effects = ["a-b-c", "member-a", PASSWORD, PASSWORD].map(|text| types(&mut entry, text));
    let Some(Some(EntryEffect::Enter { command, .. })) = effects.into_iter().next_back() else { panic!("no end") };
    let Command::Register(register) = *command else { panic!("another command") };
    assert_eq!(register.admission.claim.unwrap().expose(), "a-b-c");
}

#[test]
fn a_password_is_never_on_the_screen_nor_in_a_debug_output() {
    let mut entry = entry(Language::English, first(), (80, 24));
    for text in ["", "words", "member-a", PASSWORD] {
        types(&mut entry, text);
    }
    for character in PASSWORD.chars() {
        press(&mut entry, KeyCode::Char(character));
    }
    assert!(shown(&entry).contains("•••••"));
    assert!(!shown(&entry).contains("tulip") && !format!("{entry:?}").contains("tulip"));
    let effect = press(&mut entry, KeyCode::Enter);
    assert!(!format!("{effect:?}").contains("tulip"));
}

#[test]
fn whoever_goes_back_finds_what_was_typed_also_in_the_other_form() {
    let mut entry = entry(Language::English, first(), (80, 24));
    for text in ["", "words", "member-a"] {
        types(&mut entry, text);
    }
    press(&mut entry, KeyCode::Esc);
    press(&mut entry, KeyCode::Char('2'));
    assert!(shown(&entry).contains("member-a"));
    assert_eq!(entry.form.purpose, Purpose::SignIn);
    let Some(EntryEffect::Enter { command, .. }) = types(&mut entry, PASSWORD) else { panic!("no end") };
    assert!(matches!(*command, Command::SignIn(_)));
}

#[test]
fn the_recovery_key_is_not_lost_by_a_slip_of_the_hand() {
    let mut entry = entry(Language::English, first(), (80, 24));
    assert!(registering(&mut entry).is_some());
    let answer = Entered::Registered { recovery_key: Secret::new("ABCD"), fingerprint: Some("ab:cd".into()) };
    entry.update(EntryInput::Answer(Ok(answer)), 2_000);
    for key in [KeyCode::Esc, KeyCode::Char('q'), KeyCode::Tab, KeyCode::Down, KeyCode::Up] {
        assert!(press(&mut entry, key).is_none());
    }
    assert!(entry.update(EntryInput::Key(KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL)), 0).is_none());
    assert!(shown(&entry).contains("ABCD") && shown(&entry).contains("ab:cd"));
    assert!(!format!("{entry:?}").contains("ABCD"));
}

#[test]
fn a_locked_device_asks_for_the_password_alone() {
    let mut entry = entry(Language::English, Why::Locked, (80, 24));
    assert!(matches!(types(&mut entry, "wrong"), Some(EntryEffect::Unlock(_))));
    assert!(types(&mut entry, "").is_none(), "nothing is asked twice while it is under way");
    entry.update(EntryInput::Answer(Err(Failure::WrongPassword)), 2_000);
    assert!(shown(&entry).contains("The password is wrong"));
    assert!(!shown(&entry).contains('•'));
    assert!(
        matches!(types(&mut entry, PASSWORD), Some(EntryEffect::Unlock(password)) if password.expose() == PASSWORD)
    );
    assert!(matches!(entry.update(EntryInput::Answer(Ok(Entered::In)), 3_000), Some(EntryEffect::Done)));
}

#[test]
fn what_the_screens_look_like() {
    let mut all = String::new();
    for language in Language::ALL {
        for size in [(40, 12), (80, 24), (160, 50)] {
            let mut show = |what: &str, entry: &Entry| {
                all.push_str(&format!("── {what} {language:?} {}×{} ──\n{}\n", size.0, size.1, shown(entry)));
            };
            let mut newcomer = entry(language, first(), size);
            show("welcome", &newcomer);
            types(&mut newcomer, "");
            show("register", &newcomer);
            for text in ["words", "member-a", PASSWORD, PASSWORD] {
                types(&mut newcomer, text);
            }
            newcomer.update(EntryInput::Tick, 3_000);
            show("working", &newcomer);
            newcomer.update(EntryInput::Answer(Err(refused(ErrorCode::NameTaken))), 2_000);
            show("name taken", &newcomer);
            let key = "7QXW-M2KD-9RTA-4HVB-C8NE-6PYJ-3FGS-5ZLU";
            let fingerprint = Some("5f:3a:91:0c:77:be:42:d8".to_owned());
            let answer = Entered::Registered { recovery_key: Secret::new(key), fingerprint };
            newcomer.update(EntryInput::Answer(Ok(answer)), 2_000);
            show("recovery key", &newcomer);
            let again = Why::SessionEnded { server: SERVER.into(), username: "member-a".into() };
            show("session ended", &entry(language, again, size));
            show("locked", &entry(language, Why::Locked, size));
        }
    }
    insta::assert_snapshot!(all);
}

#[test]
fn a_window_too_small_gets_one_friendly_line() {
    for size in [(0, 0), (1, 1), (20, 5), (29, 30), (80, 3)] {
        shown(&entry(Language::French, first(), size));
    }
}
