use super::super::{Typed, read};
use super::*;

const PLACE: ConversationId = ConversationId::from_bytes([1; 16]);

fn marked(number: u8, own: bool) -> Marked {
    Marked { message: MessageId::from_bytes([number; 16]), own, pinned: false, reaction: None }
}

fn here() -> Here {
    Here {
        conversation: Some(PLACE),
        peer: Some("member-b".into()),
        newest: Some(marked(9, false)),
        newest_own: Some(marked(7, true)),
        now_ms: 1_000,
        ..Here::default()
    }
}

fn means(line: &str, here: &Here) -> Result<Intent, Mistake> {
    match read(line) {
        Typed::Command(word, rest) => intent(word, rest, here),
        other => panic!("{line}: {other:?}"),
    }
}

fn shown(line: &str) -> String {
    format!("{:?}", means(line, &here()).unwrap())
}

#[test]
fn commands_about_messages_take_the_selected_one_or_the_last_that_fits() {
    let nine = MessageId::from_bytes([9; 16]);
    let seven = MessageId::from_bytes([7; 16]);
    let three = MessageId::from_bytes([3; 16]);
    assert!(matches!(means("/reply yes", &here()), Ok(Intent::Reply(id, text)) if id == nine && text == "yes"));
    assert!(matches!(means("/edit better", &here()), Ok(Intent::Edit(id, text)) if id == seven && text == "better"));
    assert!(matches!(means("/delete", &here()), Ok(Intent::Delete(id)) if id == seven));
    assert!(matches!(means("/pin", &here()), Ok(Intent::Pin(id, true)) if id == nine));
    let selecting = Here { selected: Some(Marked { pinned: true, ..marked(3, false) }), ..here() };
    assert!(matches!(means("/pin", &selecting), Ok(Intent::Pin(id, false)) if id == three));
    assert!(matches!(means("/delete", &selecting), Ok(Intent::Delete(id)) if id == three));
    assert!(matches!(means("/edit better", &selecting), Err(Mistake::NotOwn)));
    let empty = Here { newest: None, newest_own: None, ..here() };
    for line in ["/reply x", "/react 👍", "/edit x", "/delete", "/pin", "/forward @member-b"] {
        assert!(matches!(means(line, &empty), Err(Mistake::NoMessage)), "{line}");
        assert!(matches!(means(line, &Here::default()), Err(Mistake::NoConversation)), "{line}");
    }
}

#[test]
fn a_timer_is_a_span_from_half_a_minute_to_a_year_or_none() {
    let set = |line: &str| match means(line, &here()) {
        Ok(Intent::Ask { command, .. }) => match *command {
            Command::SetTimer { timer, .. } => timer.map(|timer| (timer.after_s, timer.from)),
            other => panic!("{other:?}"),
        },
        other => panic!("{line}: {other:?}"),
    };
    assert_eq!(set("/timer 1h"), Some((3600, CountedFrom::Reading)));
    assert_eq!(set("/minuterie 30 envoi"), Some((30, CountedFrom::Sending)));
    assert_eq!(set("/timer 365d sending"), Some((31_536_000, CountedFrom::Sending)));
    assert_eq!(set("/timer off"), None);
    for wrong in ["/timer", "/timer 29s", "/timer 366d", "/timer soon", "/timer 1h birth"] {
        assert!(matches!(means(wrong, &here()), Err(Mistake::Usage(_))), "{wrong}");
    }
    assert!(matches!(means("/open", &here()), Err(Mistake::NoMessage)));
    let waiting = Here { newest_once: Some(marked(5, false)), ..here() };
    assert!(matches!(means("/open", &waiting), Ok(Intent::OpenOnce(id)) if id == MessageId::from_bytes([5; 16])));
}

#[test]
fn a_reaction_is_an_emoji_or_its_name_and_the_same_again_takes_it_back() {
    for typed in ["👍", ":+1:", "+1", ":thumbsup:"] {
        let line = format!("/react {typed}");
        assert!(matches!(means(&line, &here()), Ok(Intent::React(_, Some(emoji))) if emoji == "👍"), "{typed}");
    }
    let given = Here { newest: Some(Marked { reaction: Some("👍".into()), ..marked(9, false) }), ..here() };
    assert!(matches!(means("/react 👍", &given), Ok(Intent::Unreact(_))));
    assert!(matches!(means("/react ❤️", &given), Ok(Intent::React(_, Some(_)))));
    assert!(matches!(means("/react", &given), Ok(Intent::React(_, None))));
    assert!(matches!(means("/react \u{1b}[2J", &given), Err(Mistake::NoEmoji(_))));
}

#[test]
fn a_group_is_named_after_its_title_or_its_people() {
    for (line, name, invite) in [
        ("/group @member-b @member-c", "member-b, member-c", ["member-b", "member-c"]),
        ("/group member-b member-c", "member-b, member-c", ["member-b", "member-c"]),
        ("/groupe Book club @member-b, @member-c", "Book club", ["member-b", "member-c"]),
    ] {
        let Ok(Intent::Ask { command, opens: true }) = means(line, &here()) else { panic!("{line}") };
        let Command::CreateRoom { name: title, open: false, invite: people } = *command else { panic!("{line}") };
        assert_eq!((title.as_str(), people), (name, invite.map(String::from).to_vec()), "{line}");
    }
    assert!(matches!(means("/group", &here()), Err(Mistake::Usage(_))));
}

#[test]
fn who_is_meant_may_be_left_out_between_two() {
    assert!(shown("/block").contains("member-b"));
    assert!(shown("/verify").contains("member-b"));
    assert!(shown("/unblock @member-c").contains("\"member-c\""));
    let group = Here { peer: None, ..here() };
    for line in ["/block", "/unblock", "/verify"] {
        assert!(matches!(means(line, &group), Err(Mistake::Usage(_))), "{line}");
    }
}

#[test]
fn a_number_or_a_code_behind_verify_is_compared() {
    let asked = |line: &str| match means(line, &here()) {
        Ok(Intent::Ask { command, opens: false }) => *command,
        other => panic!("{line}: {other:?}"),
    };
    let number = "01234 56789 ".repeat(6);
    for (line, whose) in
        [(format!("/verify @member-c {number}"), "member-c"), (format!("/verify {number}"), "member-b")]
    {
        let Command::SetVerified { name, verified: true, safety_number: Some(compared) } = asked(&line) else {
            panic!("{line}")
        };
        assert_eq!((name.as_str(), compared.as_str()), (whose, number.trim()));
    }
    for (line, whose) in [("/verify @member-c HUIS:04AB", "member-c"), ("/verify huis:04AB", "member-b")] {
        let Command::VerifyScanned { name, code } = asked(line) else { panic!("{line}") };
        assert_eq!((name.as_str(), code.to_uppercase().as_str()), (whose, "HUIS:04AB"));
    }
    assert!(matches!(means("/verify @member-c", &here()), Ok(Intent::Person(name)) if name == "member-c"));
    assert!(matches!(means("/verify 4711", &here()), Ok(Intent::Person(name)) if name == "4711"));
}

#[test]
fn being_quiet_has_an_end_or_none() {
    for (line, muted) in [
        ("/mute", Muted::ForEver),
        ("/mute 1h", Muted::Until(3_601_000)),
        ("/mute off", Muted::No),
        ("/sourdine non", Muted::No),
    ] {
        let Ok(Intent::Ask { command, .. }) = means(line, &here()) else { panic!("{line}") };
        assert!(matches!(*command, Command::SetNotifications { muted: Some(found), .. } if found == muted), "{line}");
    }
    assert!(matches!(means("/mute soon", &here()), Err(Mistake::Usage(_))));
    assert!(shown("/notify mentions").contains("Mentions"));
    assert!(shown("/prevenir rien").contains("None"));
}

#[test]
fn what_cannot_be_taken_back_is_asked_first() {
    for line in ["/leave", "/remove @member-b", "/block", "/kick member-b", "/regen", "/stop"] {
        assert!(matches!(means(line, &here()), Ok(Intent::Confirm(..))), "{line}");
    }
    assert!(matches!(means("/delete", &here()), Ok(Intent::Delete(_))));
}

#[test]
fn what_does_not_fit_says_how_it_is_written() {
    for line in [
        "/dm",
        "/dm a b",
        "/join",
        "/join a b",
        "/title",
        "/invite",
        "/remove",
        "/role king @member-b",
        "/role admin",
        "/notify loudly",
        "/kick",
        "/help nothing",
        "/quit now",
        "/delete it",
        "/pin it",
        "/leave it",
    ] {
        assert!(matches!(means(line, &here()), Err(Mistake::Usage(_))), "{line}");
    }
    for line in ["/leave", "/invite @a1", "/title x", "/mute", "/archive", "/accept"] {
        assert!(matches!(means(line, &Here::default()), Err(Mistake::NoConversation)), "{line}");
    }
}

#[test]
fn every_command_is_understood_in_each_language() {
    for word in super::super::WORDS {
        for name in [word.name, word.french] {
            for behind in ["", " member-b", " admin member-b", " 👍", " x y", " all", " #lobby"] {
                // Whatever stands behind: an intent or a mistake, and nothing else.
                let _ = means(&format!("/{name}{behind}"), &here());
            }
        }
    }
    assert!(shown("/role admin @member-b").contains("Admin"));
    assert!(shown("/profile name Member B").contains("Member B"));
    assert!(matches!(means("/profil", &here()), Ok(Intent::Card)));
    assert!(matches!(means("/forward #club", &here()), Ok(Intent::Forward(_, Some(Target::Room(_))))));
    assert!(matches!(means("/forward member-b", &here()), Ok(Intent::Forward(_, Some(Target::Account(_))))));
}
