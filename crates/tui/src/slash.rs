//! What is typed with a slash in front, from a line to what is meant by it: pure, and knowing nothing of the screen.
//!
//! `/name` is a command, in English always and in French as well; `//text` says "/text"; a path such as `/usr/bin` is a
//! text like any other; and a plain `exit` ends the chat, as it ends a shell.

mod files;
mod intent;
mod mistakes;
mod question;
mod words;

pub(crate) use files::{Wanted, length};
pub(crate) use intent::{Here, Intent, Marked, intent};
pub(crate) use mistakes::{Mistake, help, usage};
pub(crate) use question::Question;
pub(crate) use words::{DRAND, Takes, WORDS, Word, find, folded};

/// What a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Typed<'a> {
    /// A text to say.
    Text(&'a str),
    /// A command with what stands behind it.
    Command(&'static Word, &'a str),
    /// What looks like a command and is none; the one that was perhaps meant.
    Unknown(&'a str, Option<&'static Word>),
}

/// Reads what was typed.
pub(crate) fn read(line: &str) -> Typed<'_> {
    if line.trim() == "exit" {
        return words::exit().map_or(Typed::Text(line), |word| Typed::Command(word, ""));
    }
    let Some(behind) = line.strip_prefix('/') else { return Typed::Text(line) };
    if behind.starts_with('/') {
        return Typed::Text(behind);
    }
    let end = behind.find(char::is_whitespace).unwrap_or(behind.len());
    let (name, rest) = behind.split_at(end);
    if name.contains('/') {
        return Typed::Text(line);
    }
    match find(name) {
        Some(word) => Typed::Command(word, rest.trim()),
        None => Typed::Unknown(name, words::nearest(name)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(typed: Typed<'_>) -> &'static str {
        match typed {
            Typed::Command(word, _) => word.name,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_slash_makes_a_command_and_two_a_text() {
        assert_eq!(read("hello"), Typed::Text("hello"));
        assert_eq!(read("//help is a command"), Typed::Text("/help is a command"));
        assert_eq!(read("/usr/bin/env is a path"), Typed::Text("/usr/bin/env is a path"));
        let Typed::Command(word, rest) = read("/dm  member-b ") else { panic!("no command") };
        assert_eq!((word.name, rest), ("dm", "member-b"));
        assert_eq!(read(" /help"), Typed::Text(" /help"));
    }

    #[test]
    fn a_plain_exit_is_a_command_and_a_sentence_about_it_is_not() {
        assert_eq!(id(read("exit")), "quit");
        assert_eq!(id(read(" exit\n")), "quit");
        assert_eq!(read("exit stage left"), Typed::Text("exit stage left"));
    }

    #[test]
    fn french_names_work_with_and_without_their_accents_and_english_ones_always() {
        for (typed, name) in [
            ("/aide", "help"),
            ("/quitter", "quit"),
            ("/Répondre oui", "reply"),
            ("/repondre oui", "reply"),
            ("/HELP", "help"),
            ("/exit", "quit"),
            ("/people", "users"),
        ] {
            assert_eq!(id(read(typed)), name, "{typed}");
        }
    }

    #[test]
    fn a_mistyped_command_suggests_the_right_one() {
        for (typed, meant) in [
            ("/hlep", Some("help")),
            ("/qiut", Some("quit")),
            ("/serach x", Some("search")),
            ("/devises", Some("devices")),
            ("/verrouilller", Some("lock")),
            ("/unb", Some("unblock")),
            ("/frobnicate", None),
        ] {
            let Typed::Unknown(_, nearest) = read(typed) else { panic!("{typed}") };
            assert_eq!(nearest.map(|word| word.name), meant, "{typed}");
        }
    }
}
