//! Talking in `huis chat`: the real program, in a terminal.

use crate::harness::{House, PASSWORD};

#[test]
fn two_people_chat() {
    let house = House::open();
    let (a, b) = (house.person("member-a"), house.person("member-b"));
    let (mut one, mut other) = (a.chats(&[]), b.chats(&["--lang", "fr"]));
    one.shows("No conversation yet");
    other.shows("Aucune conversation");
    one.enters("/dm member-b");
    one.shows("member-b");
    one.enters("Did you see the draft?");
    // A stranger's first word is a request.
    other.shows("member-a");
    other.types("\t\r");
    other.shows("Did you see the draft?");
    other.types("a");
    other.enters("Oui. Deux remarques.");
    one.shows("Oui. Deux remarques.");
    other.enters("/repondre Et vous ?");
    one.shows("Et vous ?");
    one.enters("exit");
    other.enters("exit");
    assert_eq!((one.ends().0, other.ends().0), (0, 0));
}

#[test]
fn a_screen_of_another_size_shows_the_same() {
    let house = House::open();
    let (a, b) = (house.person("member-a"), house.person("member-b"));
    b.says("@member-a", "a word before");
    a.does(&["receive"]).well();
    a.does(&["requests", "accept", "@member-b"]).well();
    let mut terminal = a.chats(&[]);
    terminal.shows("a word before");
    for (columns, rows) in [(200, 60), (40, 12), (61, 13), (120, 20)] {
        terminal.resize(columns, rows);
        terminal.shows("a word before");
    }
    terminal.resize(20, 5);
    terminal.hides("a word before");
    terminal.resize(80, 24);
    terminal.shows("a word before");
    b.says("@member-a", "a word after");
    terminal.shows("a word after");
    terminal.enters("exit");
    assert_eq!(terminal.ends().0, 0);
}

#[test]
fn a_paste_of_64_kb_is_sent_whole_and_one_byte_more_is_refused_with_its_reason() {
    let house = House::open();
    let (a, b) = (house.person("member-a"), house.person("member-b"));
    a.says("@member-b", "first");
    b.hears(1);
    let mut terminal = a.chats(&[]);
    terminal.shows("first");
    let long = format!("zebra\n{}", "0123456789abcdef".repeat(4096));
    terminal.pastes(&long);
    let screen = terminal.shows("Nothing was added");
    assert!(!screen.contains("zebra"), "{screen}");
    let fits = &long[..65_536];
    terminal.pastes(fits);
    terminal.shows("89abcdef");
    terminal.enters("");
    assert_eq!(b.hears_texts(1), [fits]);
    terminal.enters("exit");
    assert_eq!(terminal.ends().0, 0);
}

#[test]
fn what_is_said_without_a_server_goes_out_when_it_is_back() {
    let mut house = House::open();
    let (a, b) = (house.person("member-a"), house.person("member-b"));
    a.says("@member-b", "first");
    b.hears(1);
    let mut terminal = a.chats(&[]);
    terminal.shows("first");
    house.kill();
    terminal.shows("Offline");
    terminal.enters("said in the dark");
    terminal.shows("1 message will go out");
    house.start(&[]);
    terminal.hides("Offline");
    assert_eq!(b.hears_texts(1), ["said in the dark"]);
    terminal.enters("exit");
    assert_eq!(terminal.ends().0, 0);
}

#[test]
fn what_others_write_does_nothing_to_the_terminal() {
    let house = House::open();
    let (a, b) = (house.person("member-a"), house.person("member-b"));
    b.does(&["room", "create", "cl\u{1b}]0;owned\u{7}ub", "@member-a"]).well();
    b.says("@member-a", "\u{1b}[2J\u{1b}]0;owned\u{7}\u{9b}31m\u{202e}before the end\u{200b}\u{e0041}");
    b.says("@member-a", &format!("zalgo a{}", "\u{301}".repeat(10_000)));
    a.does(&["receive"]).well();
    a.does(&["requests", "accept", "@member-b"]).well();
    let mut terminal = a.chats(&[]);
    terminal.shows("member-b");
    terminal.types("\u{1b}u");
    let screen = terminal.shows("zalgo");
    // What was said is cut into lines, and written as what it is.
    assert!(screen.contains("\\u{1b}[2J") && screen.contains("\\u{202e}before"), "{screen}");
    let raw = terminal.raw();
    for hostile in [&b"\x1b]0;owned"[..], "\u{9b}31m".as_bytes(), "\u{202e}".as_bytes(), "\u{200b}".as_bytes()] {
        assert!(!raw.windows(hostile.len()).any(|window| window == hostile), "{hostile:?}");
    }
    terminal.enters("exit");
    assert_eq!(terminal.ends().0, 0);
}

#[test]
fn ctrl_c_empties_what_is_written_first_and_ends_then() {
    let house = House::open();
    let (a, b) = (house.person("member-a"), house.person("member-b"));
    a.says("@member-b", "first");
    b.hears(1);
    let mut terminal = a.chats(&[]);
    terminal.shows("first");
    terminal.types("half a thought");
    terminal.shows("half a thought");
    terminal.types("\u{3}");
    terminal.hides("half a thought");
    terminal.types("\u{3}");
    assert_eq!(terminal.ends().0, 0);
}

#[test]
fn what_was_being_written_is_there_again_after_a_stop_from_outside() {
    let house = House::open();
    let (a, b) = (house.person("member-a"), house.person("member-b"));
    a.says("@member-b", "first");
    b.hears(1);
    for (signal, text) in [("TERM", "an unfinished"), ("HUP", " sentence"), ("INT", " that goes on")] {
        let mut terminal = a.chats(&[]);
        terminal.shows("first");
        terminal.types(text);
        terminal.shows(text.trim());
        terminal.signal(signal);
        terminal.ends();
    }
    let mut terminal = a.chats(&[]);
    terminal.shows("an unfinished sentence that goes on");
    terminal.enters("");
    assert_eq!(b.hears_texts(1), ["an unfinished sentence that goes on"]);
}

#[test]
fn a_chat_killed_in_the_middle_of_writing_opens_at_once_keeps_its_draft_and_sends_nothing_twice() {
    let house = House::open();
    let (a, b) = (house.person("member-a"), house.person("member-b"));
    a.says("@member-b", "first");
    b.hears(1);
    for round in ["one", "two", "three"] {
        let mut terminal = a.chats_in(120, 30, &[]);
        terminal.shows("first");
        terminal.types(&format!("unfinished {round}"));
        terminal.shows(&format!("unfinished {round}"));
        // The window loses the keyboard, at which the draft is kept; what is asked for after that is answered after it.
        terminal.types("\u{1b}[O\u{1b}OQ");
        terminal.shows("Safety number");
        terminal.dies();

        let mut terminal = a.chats_in(120, 30, &[]);
        terminal.shows(&format!("unfinished {round}"));
        terminal.types("\u{15}");
        terminal.hides(&format!("unfinished {round}"));
        // Stored, and perhaps on its way.
        terminal.enters(&format!("said {round}"));
        terminal.waits_for("what was said", |screen| {
            let shown = screen.contents();
            shown.contains(&format!("said {round}")) && shown.contains("write a message")
        });
        terminal.dies();
    }
    let mut terminal = a.chats(&[]);
    terminal.shows("said three");
    terminal.enters("the end");
    assert_eq!(b.hears_texts(4), ["said one", "said two", "said three", "the end"]);
    terminal.enters("exit");
    assert_eq!(terminal.ends().0, 0);
    b.hears_nothing_more();
}

#[test]
fn another_process_may_own_the_profile_and_end() {
    let house = House::open();
    let (a, b) = (house.person("member-a"), house.person("member-b"));
    a.says("@member-b", "first");
    b.hears(1);
    let mut follower = a.starts(&["receive", "--follow", "--json"]);
    b.says("@member-a", "to the follower");
    assert_eq!(follower.object()["text"], "to the follower");
    let mut terminal = a.chats(&[]);
    terminal.shows("to the follower");
    terminal.enters("as a guest");
    assert_eq!(b.hears_texts(1), ["as a guest"]);
    follower.interrupt();
    follower.end().well();
    terminal.enters("as the owner");
    assert_eq!(b.hears_texts(1), ["as the owner"]);
    // A second chat is the first one's guest.
    let mut second = a.chats(&[]);
    second.shows("as the owner");
    second.enters("from the second");
    terminal.shows("from the second");
    terminal.enters("exit");
    assert_eq!(terminal.ends().0, 0);
    second.enters("left alone");
    assert_eq!(b.hears_texts(2), ["from the second", "left alone"]);
    second.enters("exit");
    assert_eq!(second.ends().0, 0);
}

#[test]
fn a_profile_that_is_locked_meanwhile_shows_nothing_more() {
    let house = House::open();
    let (a, b) = (house.person("member-a"), house.person("member-b"));
    a.says("@member-b", "a secret word");
    b.hears(1);
    let mut terminal = a.chats(&[]);
    terminal.shows("a secret word");
    a.does(&["lock"]).well();
    terminal.shows("This device is locked");
    terminal.hides("a secret word");
    terminal.enters(PASSWORD);
    terminal.shows("a secret word");
    terminal.enters("exit");
    assert_eq!(terminal.ends().0, 0);
}

#[test]
fn a_mistyped_command_is_not_sent_and_suggests_the_right_one() {
    let house = House::open();
    let (a, b) = (house.person("member-a"), house.person("member-b"));
    a.says("@member-b", "first");
    b.hears(1);
    let mut terminal = a.chats(&[]);
    terminal.shows("first");
    terminal.enters("/hlep");
    terminal.shows("Did you mean /help");
    terminal.types("\u{15}");
    terminal.enters("//help is a command");
    assert_eq!(b.hears_texts(1), ["/help is a command"]);
    terminal.enters("exit");
    assert_eq!(terminal.ends().0, 0);
}
