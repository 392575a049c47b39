//! What a text that is being written may go on with: names after `@`, rooms after `#`, commands after `/`, emoji by
//! `:name:`, and behind a command whatever it takes. Pure: a text and a cursor go in, an offer comes out.

mod emoji;

use std::ops::Range;

use huis_texts::{Language, Texts};

use crate::slash::{self, Takes};

/// Offered at a time.
pub(crate) const MOST: usize = 8;
/// A word that is longer is completed with nothing.
const LONGEST: usize = 64;

/// Somebody who can be named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Person {
    /// The username.
    pub(crate) name: String,
    /// How they want to be called.
    pub(crate) card_name: Option<String>,
    /// Whether they are in the open conversation: they come first.
    pub(crate) is_here: bool,
}

/// What is known to complete with.
#[derive(Debug, Clone, Default)]
pub(crate) struct Known {
    /// Each username once.
    pub(crate) people: Vec<Person>,
    /// Rooms and groups, without `#`.
    pub(crate) rooms: Vec<String>,
}

/// Something to go on with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Candidate {
    /// What stands there then.
    pub(crate) insert: String,
    /// What is shown of it.
    pub(crate) shown: String,
    /// What is said about it; may be empty.
    pub(crate) about: String,
}

/// What a text may go on with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Offer {
    /// The part of the text that is replaced, in bytes.
    pub(crate) part: Range<usize>,
    /// At least one, at most [`MOST`].
    pub(crate) candidates: Vec<Candidate>,
    /// The one that is taken up next.
    pub(crate) chosen: usize,
}

impl Offer {
    /// Chooses the next one, or the one before; the first one follows the last.
    pub(crate) fn choose_next(&mut self, back: bool) {
        let count = self.candidates.len().max(1);
        self.chosen = (self.chosen + if back { count - 1 } else { 1 }) % count;
    }

    /// What is put in place of [`part`](Self::part).
    pub(crate) fn insertion(&self) -> &str {
        self.candidates.get(self.chosen).map_or("", |candidate| &candidate.insert)
    }
}

/// What the text may go on with at the cursor, a place in bytes; none if nothing is known or nothing is missing.
pub(crate) fn offer(texts: &Texts, text: &str, cursor: usize, known: &Known) -> Option<Offer> {
    let before = text.get(..cursor)?;
    let begin = before
        .rfind(char::is_whitespace)
        .map_or(0, |at| at + before.get(at..).and_then(|rest| rest.chars().next()).map_or(1, char::len_utf8));
    let word = before.get(begin..)?;
    if word.chars().count() > LONGEST {
        return None;
    }
    let after = text.get(cursor..).unwrap_or_default();
    // In the middle of a word, the rest of it would stay behind what is inserted.
    if after.chars().next().is_some_and(|next| !next.is_whitespace()) {
        return None;
    }
    let mut candidates = candidates(texts, before, begin, word, known)?;
    candidates.truncate(MOST);
    let is_done = |candidate: &Candidate| candidate.insert.trim_end() == word;
    if candidates.is_empty() || (candidates.len() == 1 && candidates.iter().all(is_done)) {
        return None;
    }
    Some(Offer { part: begin..cursor, candidates, chosen: 0 })
}

fn candidates(texts: &Texts, before: &str, begin: usize, word: &str, known: &Known) -> Option<Vec<Candidate>> {
    if let Some(typed) = word.strip_prefix('/').filter(|_| begin == 0) {
        return Some(commands(texts, typed, true));
    }
    if let slash::Typed::Command(command, rest) = slash::read(before)
        && begin > 0
    {
        let is_first = before.get(..begin).is_some_and(|head| head.split_whitespace().count() == 1);
        match command.takes {
            Takes::Names => return Some(people(word.trim_start_matches('@'), known)),
            Takes::Room if is_first => return Some(rooms(word.trim_start_matches('#'), known)),
            Takes::Conversation if is_first && !word.starts_with('#') => {
                let mut all = people(word.trim_start_matches('@'), known);
                if !word.starts_with('@') {
                    all.extend(rooms(word, known));
                }
                return Some(all);
            }
            Takes::Emoji if is_first => return Some(emoji::candidates(word.trim_matches(':'))),
            Takes::Command if is_first => return Some(commands(texts, word.trim_start_matches('/'), false)),
            Takes::OneOf(words) if is_first && !word.starts_with('@') => return Some(keywords(texts, word, words)),
            _ => {}
        }
        // A search names people and places in its filters.
        if command.name == "search" {
            return filters(word, known);
        }
        if rest.is_empty() {
            return None;
        }
    }
    if let Some(name) = word.strip_prefix('@') {
        return Some(people(name, known));
    }
    if let Some(room) = word.strip_prefix('#') {
        return Some(rooms(room, known));
    }
    // One letter behind a colon is rather a smile.
    let shortcode = word.strip_prefix(':').filter(|name| name.len() >= 2 && emoji::is_name(name))?;
    Some(emoji::candidates(shortcode))
}

fn filters(word: &str, known: &Known) -> Option<Vec<Candidate>> {
    let (filter, typed) = word.split_once(':')?;
    let inserted = |mut candidate: Candidate, sign: &str| {
        candidate.insert = format!("{filter}:{sign}{}", candidate.insert.trim_start_matches(['@', '#']));
        candidate
    };
    let names = || people(typed.trim_start_matches('@'), known).into_iter();
    match filter {
        "from" => Some(names().map(|name| inserted(name, "")).collect()),
        "in" if typed.starts_with('@') => Some(names().map(|name| inserted(name, "@")).collect()),
        "in" => {
            let all = rooms(typed.trim_start_matches('#'), known).into_iter();
            let quoted = |mut candidate: Candidate| {
                if let Some((_, name)) = candidate.insert.trim_end().split_once(':')
                    && name.contains(char::is_whitespace)
                {
                    candidate.insert = format!("{filter}:\"{name}\" ");
                }
                candidate
            };
            // A title that would end the quotation marks can't stand between them.
            Some(all.filter(|room| !room.insert.contains('"')).map(|room| quoted(inserted(room, "#"))).collect())
        }
        _ => None,
    }
}

fn people(typed: &str, known: &Known) -> Vec<Candidate> {
    let typed = slash::folded(typed);
    let mut found: Vec<(bool, bool, &Person)> = known
        .people
        .iter()
        .filter_map(|person| {
            let card = person.card_name.as_deref().map(slash::folded).unwrap_or_default();
            let begins = person.name.starts_with(&typed);
            let fits = begins || card.split_whitespace().any(|part| part.starts_with(&typed));
            fits.then_some((!person.is_here, !begins, person))
        })
        .collect();
    found.sort_by(|one, other| (one.0, one.1, &one.2.name).cmp(&(other.0, other.1, &other.2.name)));
    let candidate = |person: &Person| Candidate {
        insert: format!("@{} ", person.name),
        shown: format!("@{}", person.name),
        about: person.card_name.clone().unwrap_or_default(),
    };
    found.into_iter().map(|(.., person)| candidate(person)).collect()
}

fn rooms(typed: &str, known: &Known) -> Vec<Candidate> {
    let typed = slash::folded(typed);
    let mut found: Vec<&String> = known.rooms.iter().filter(|room| slash::folded(room).starts_with(&typed)).collect();
    found.sort();
    found.dedup();
    found
        .into_iter()
        .map(|room| Candidate { insert: format!("#{room} "), shown: format!("#{room}"), about: String::new() })
        .collect()
}

fn commands(texts: &Texts, typed: &str, slash: bool) -> Vec<Candidate> {
    let typed = slash::folded(typed);
    let french = texts.language() == Language::French;
    let in_both = |word: &slash::Word| if french { (word.french, word.name) } else { (word.name, word.french) };
    // Both are understood; those of the language are offered, unless it has none that begins so.
    let has_own = slash::WORDS.iter().any(|word| in_both(word).0.starts_with(&typed));
    slash::WORDS
        .iter()
        .filter_map(|word| {
            let (own, other) = in_both(word);
            let name = Some(if has_own { own } else { other }).filter(|name| name.starts_with(&typed))?;
            let space = if word.takes == Takes::Nothing { "" } else { " " };
            let sign = if slash { "/" } else { "" };
            let usage = slash::usage(texts, word);
            let shown = if name == own { usage } else { format!("/{name}") };
            Some(Candidate { insert: format!("{sign}{name}{space}"), shown, about: slash::help(texts, word) })
        })
        .collect()
}

fn keywords(texts: &Texts, typed: &str, words: &[(&str, &str)]) -> Vec<Candidate> {
    let typed = slash::folded(typed);
    let french = texts.language() == Language::French;
    words
        .iter()
        .map(|(english, own)| if french { *own } else { *english })
        .filter(|word| word.starts_with(&typed))
        .map(|word| Candidate { insert: format!("{word} "), shown: word.to_owned(), about: String::new() })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known() -> Known {
        let person = |name: &str, card: Option<&str>, is_here| Person {
            name: name.into(),
            card_name: card.map(Into::into),
            is_here,
        };
        Known {
            people: vec![
                person("member-a", None, false),
                person("member-b", Some("Élise B"), true),
                person("operator", None, false),
            ],
            rooms: vec!["club".into(), "lobby".into(), "Book club".into()],
        }
    }

    fn offered_in(language: Language, text: &str) -> Vec<String> {
        let offer = offer(&Texts::of(language), text, text.len(), &known());
        offer.map(|offer| offer.candidates.into_iter().map(|candidate| candidate.insert).collect()).unwrap_or_default()
    }

    fn offered(text: &str) -> Vec<String> {
        offered_in(Language::English, text)
    }

    #[test]
    fn names_come_after_an_at_sign_and_whoever_is_here_comes_first() {
        assert_eq!(offered("hello @mem"), ["@member-b ", "@member-a "]);
        assert_eq!(offered("@elise"), ["@member-b "]);
        assert_eq!(offered("@"), ["@member-b ", "@member-a ", "@operator "]);
        assert_eq!(offered("a@mem"), Vec::<String>::new());
        assert_eq!(offered("@nobody"), Vec::<String>::new());
        assert_eq!(offered("hello"), Vec::<String>::new());
    }

    #[test]
    fn rooms_come_after_a_number_sign() {
        assert_eq!(offered("see #l"), ["#lobby "]);
        assert_eq!(offered("/join l"), ["#lobby "]);
    }

    #[test]
    fn commands_are_offered_in_ones_language_and_understood_in_english() {
        assert_eq!(offered("/qu"), ["/quit"]);
        assert_eq!(offered_in(Language::French, "/qu"), ["/quitter"]);
        assert_eq!(offered_in(Language::French, "/hel"), ["/help "]);
        assert_eq!(offered("/sea"), ["/search "]);
        assert_eq!(offered("text /qu"), Vec::<String>::new());
        assert_eq!(offered("/help qu"), ["quit"]);
        assert!(offered("/").len() <= MOST);
    }

    #[test]
    fn behind_a_command_stands_what_it_takes() {
        assert_eq!(offered("/dm mem"), ["@member-b ", "@member-a "]);
        assert_eq!(offered("/invite @member-a op"), ["@operator "]);
        assert_eq!(offered("/forward l"), ["#lobby "]);
        assert_eq!(offered("/notify m"), ["mentions "]);
        assert_eq!(offered_in(Language::French, "/prevenir r"), ["rien "]);
        assert_eq!(offered("/role admin @mem"), ["@member-b ", "@member-a "]);
        assert!(offered("/react thumbs").contains(&"👍".to_owned()));
        assert_eq!(offered("/search from:mem"), ["from:member-b ", "from:member-a "]);
        assert_eq!(offered("/search in:#l"), ["in:#lobby "]);
    }

    #[test]
    fn an_emoji_comes_by_its_name() {
        assert!(offered("good :hear").contains(&"❤️".to_owned()));
        assert_eq!(offered(":)"), Vec::<String>::new());
        assert_eq!(offered(":D"), Vec::<String>::new());
        assert_eq!(offered("at 12:30"), Vec::<String>::new());
    }

    #[test]
    fn an_offer_replaces_the_word_before_the_cursor_and_goes_round() {
        let text = "to @mem and";
        let texts = Texts::of(Language::English);
        let mut found = offer(&texts, text, 7, &known()).unwrap();
        assert_eq!((found.part.clone(), found.insertion()), (3..7, "@member-b "));
        found.choose_next(false);
        assert_eq!(found.insertion(), "@member-a ");
        found.choose_next(false);
        assert_eq!(found.insertion(), "@member-b ");
        found.choose_next(true);
        assert_eq!(found.insertion(), "@member-a ");
        // In the middle of the word nothing is offered.
        assert_eq!(offer(&texts, text, 5, &known()), None);
        assert_eq!(offer(&texts, "é", 1, &known()), None);
    }

    #[test]
    fn what_is_whole_is_offered_nothing() {
        assert_eq!(offered("@operator"), Vec::<String>::new());
        assert_eq!(offered("/quit"), Vec::<String>::new());
        assert_eq!(offered(&format!("@{}", "m".repeat(65_000))), Vec::<String>::new());
    }
}
