//! The texts that a person reads, in the person's language. They stand in `locales/`, one folder a language, in the
//! form of Project Fluent; a key has the same variables in each language, which a test checks.

use crate::pattern::{Pattern, messages};

/// The files of a language, in the same order in each.
const ENGLISH: &[&str] = &[
    include_str!("../locales/en/commands.ftl"),
    include_str!("../locales/en/entry.ftl"),
    include_str!("../locales/en/failures.ftl"),
    include_str!("../locales/en/notices.ftl"),
    include_str!("../locales/en/screen.ftl"),
];
const FRENCH: &[&str] = &[
    include_str!("../locales/fr/commands.ftl"),
    include_str!("../locales/fr/entry.ftl"),
    include_str!("../locales/fr/failures.ftl"),
    include_str!("../locales/fr/notices.ftl"),
    include_str!("../locales/fr/screen.ftl"),
];

/// What the web app says, without what is typed in a terminal. What stands last is the page's own, and takes the place of a
/// text of the terminal that has the same key.
const ENGLISH_PAGE: &[&str] = &[
    include_str!("../locales/en/emoji.ftl"),
    include_str!("../locales/en/entry.ftl"),
    include_str!("../locales/en/failures.ftl"),
    include_str!("../locales/en/notices.ftl"),
    include_str!("../locales/en/screen.ftl"),
    include_str!("../locales/en/web.ftl"),
];
const FRENCH_PAGE: &[&str] = &[
    include_str!("../locales/fr/emoji.ftl"),
    include_str!("../locales/fr/entry.ftl"),
    include_str!("../locales/fr/failures.ftl"),
    include_str!("../locales/fr/notices.ftl"),
    include_str!("../locales/fr/screen.ftl"),
    include_str!("../locales/fr/web.ftl"),
];

/// A language that Huis speaks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Language {
    /// English, also where the person's own language is not spoken.
    #[default]
    English,
    /// French.
    French,
}

impl Language {
    /// Each language.
    pub const ALL: [Self; 2] = [Self::English, Self::French];

    fn files(self) -> &'static [&'static str] {
        match self {
            Self::English => ENGLISH,
            Self::French => FRENCH,
        }
    }

    fn page_files(self) -> &'static [&'static str] {
        match self {
            Self::English => ENGLISH_PAGE,
            Self::French => FRENCH_PAGE,
        }
    }

    /// Whether so many are one, in the language's grammar.
    pub(crate) fn is_one(self, count: u64) -> bool {
        match self {
            Self::English => count == 1,
            Self::French => count < 2,
        }
    }
}

/// What stands in a text in place of a variable. It is put in as it is: whoever shows a text of others makes it
/// harmless first ([`safe_line`](crate::safe_line)).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Value<'a> {
    /// A name or a text.
    Text(&'a str),
    /// A count, by which a text may choose between its plural forms.
    Number(u64),
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text)
    }
}

impl From<u64> for Value<'_> {
    fn from(number: u64) -> Self {
        Self::Number(number)
    }
}

/// The texts of one language.
pub struct Texts {
    language: Language,
    /// By their keys, in order.
    messages: Vec<(String, Pattern)>,
}

impl std::fmt::Debug for Texts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Texts").field("language", &self.language).finish_non_exhaustive()
    }
}

impl Texts {
    /// Reads the texts of a language.
    pub fn of(language: Language) -> Self {
        Self::read(language, language.files())
    }

    /// Reads the texts of a language as the web app says them.
    pub fn for_page(language: Language) -> Self {
        Self::read(language, language.page_files())
    }

    /// The texts of a language as the web app says them, from a file that came to the page with it.
    pub fn from_file(language: Language, file: &str) -> Self {
        Self::read(language, &[file])
    }

    fn read(language: Language, files: &[&str]) -> Self {
        let mut texts = Self { language, messages: Vec::new() };
        for (key, pattern) in files.iter().flat_map(|file| messages(file)) {
            match texts.place(&key) {
                Ok(at) => texts.messages[at].1 = pattern,
                Err(at) => texts.messages.insert(at, (key, pattern)),
            }
        }
        texts
    }

    /// Where a key stands, or would.
    fn place(&self, key: &str) -> Result<usize, usize> {
        self.messages.binary_search_by(|(known, _)| known.as_str().cmp(key))
    }

    /// Which language it is.
    pub fn language(&self) -> Language {
        self.language
    }

    /// A text without variables. A key that does not exist is its own text.
    pub fn text(&self, key: &str) -> String {
        self.text_with(key, &[])
    }

    /// A text with variables. A key that does not exist is its own text.
    pub fn text_with(&self, key: &str, values: &[(&str, Value<'_>)]) -> String {
        let Some((_, pattern)) = self.place(key).ok().and_then(|at| self.messages.get(at)) else {
            return key.to_owned();
        };
        // A variable that is missing stands there by its name.
        let mut text = String::new();
        pattern.fill(self.language, values, &mut text);
        text
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use fluent_bundle::{FluentArgs, FluentBundle, FluentResource, FluentValue};

    use super::*;

    /// The keys of a language with the variables of each.
    fn keys(language: Language) -> BTreeMap<String, BTreeSet<String>> {
        keys_of(language.files())
    }

    fn keys_of(files: &[&str]) -> BTreeMap<String, BTreeSet<String>> {
        let mut keys = BTreeMap::new();
        let mut key = String::new();
        for line in files.iter().flat_map(|file| file.lines()) {
            let begins = |c: char| c.is_ascii_alphabetic();
            if let Some((name, _)) = line.split_once('=').filter(|_| line.starts_with(begins)) {
                key = name.trim().to_owned();
                assert!(keys.insert(key.clone(), BTreeSet::new()).is_none(), "{key} stands there twice");
            }
            for (at, _) in line.match_indices('$') {
                let name = line[at + 1..].chars().take_while(|c| c.is_ascii_alphanumeric() || "-_".contains(*c));
                keys.get_mut(&key).expect("a key before a variable").insert(name.collect());
            }
        }
        keys
    }

    #[test]
    fn each_file_can_be_read_to_its_end() {
        for language in Language::ALL {
            for file in language.files().iter().chain(language.page_files()) {
                if let Err((_, errors)) = FluentResource::try_new((*file).to_owned()) {
                    panic!("{language:?}: {errors:?}");
                }
            }
        }
    }

    #[test]
    fn each_language_has_the_same_keys_with_the_same_variables() {
        let english = keys(Language::English);
        assert!(!english.is_empty());
        assert_eq!(keys(Language::French), english);
    }

    #[test]
    fn what_the_page_says_in_its_own_words_has_the_same_variables() {
        let own = |language: Language| keys_of(language.page_files().last().map(std::slice::from_ref).unwrap());
        let english = own(Language::English);
        assert_eq!(own(Language::French), english);
        let terminal = keys(Language::English);
        for (key, variables) in &english {
            let takes_its_place = terminal.get(key);
            assert!(takes_its_place.is_none_or(|others| others == variables), "{key}");
        }
    }

    #[test]
    fn the_page_speaks_of_nothing_that_is_typed_in_a_terminal() {
        for language in Language::ALL {
            let texts = Texts::for_page(language);
            for (key, variables) in all_page_keys(language) {
                let is_of_the_screen =
                    ["help-", "key-", "entry-keys-", "chat-", "palette-"].iter().any(|of| key.starts_with(of));
                let values: Vec<_> = variables.iter().map(|variable| (variable.as_str(), Value::Number(1))).collect();
                let text = texts.text_with(&key, &values);
                let is_failure = ["failure-", "refused-", "notice-"].iter().any(|of| key.starts_with(of));
                let speaks_of_it = [" /", "F2", "--", "`huis", "Ctrl"].iter().any(|sign| text.contains(sign));
                assert!(!is_failure || is_of_the_screen || !speaks_of_it, "{language:?} {key}: {text}");
            }
        }
    }

    fn all_page_keys(language: Language) -> BTreeMap<String, BTreeSet<String>> {
        language.page_files().iter().flat_map(|file| keys_of(&[*file])).collect()
    }

    #[test]
    fn each_text_can_be_filled_in() {
        for (language, texts, keys) in Language::ALL.into_iter().flat_map(|language| {
            let page = (language, Texts::for_page(language), all_page_keys(language));
            [(language, Texts::of(language), keys(language)), page]
        }) {
            for (key, variables) in keys {
                for number in [0, 1, 2, 1_000_000] {
                    let values: Vec<_> =
                        variables.iter().map(|variable| (variable.as_str(), Value::Number(number))).collect();
                    let text = texts.text_with(&key, &values);
                    // A word may be its own key.
                    assert!(
                        (text != key || !key.contains('-')) && !text.is_empty() && !text.contains("{$"),
                        "{language:?} {key}: {text}"
                    );
                    assert_eq!(crate::safe_block(&text, ""), text, "{language:?} {key} holds characters that act");
                }
            }
        }
    }

    /// What Project Fluent's own library makes of the same files.
    fn fluent(language: Language, files: &[&str]) -> FluentBundle<FluentResource> {
        let tag = if language == Language::French { "fr" } else { "en" };
        let mut bundle = FluentBundle::new(vec![tag.parse().unwrap()]);
        // The marks that isolate a variable's direction are themselves characters that act on a terminal.
        bundle.set_use_isolating(false);
        for file in files {
            bundle.add_resource_overriding(FluentResource::try_new((*file).to_owned()).unwrap());
        }
        bundle
    }

    #[test]
    fn each_text_is_what_fluent_makes_of_it() {
        for language in Language::ALL {
            for (files, texts) in
                [(language.files(), Texts::of(language)), (language.page_files(), Texts::for_page(language))]
            {
                let bundle = fluent(language, files);
                let all = files.iter().flat_map(|file| keys_of(&[*file])).collect::<BTreeMap<_, _>>();
                assert_eq!(texts.messages.len(), all.len());
                let numbers = [0, 1, 2, 5, 11, 21, 1_000_000].map(Value::Number);
                for value in numbers.into_iter().chain([Value::Text("a { $b } *[c]"), Value::Text("one")]) {
                    for (key, variables) in &all {
                        let values: Vec<_> = variables.iter().map(|name| (name.as_str(), value)).collect();
                        let args: FluentArgs<'_> = values
                            .iter()
                            .map(|(name, value)| match value {
                                Value::Text(text) => (*name, FluentValue::from(*text)),
                                Value::Number(number) => (*name, FluentValue::from(*number)),
                            })
                            .collect();
                        let pattern = bundle.get_message(key).and_then(|message| message.value()).unwrap();
                        let expected = bundle.format_pattern(pattern, Some(&args), &mut Vec::new());
                        assert_eq!(texts.text_with(key, &values), expected, "{language:?} {key}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_count_chooses_its_form_and_a_name_stands_without_marks() {
        let (english, french) = (Texts::of(Language::English), Texts::of(Language::French));
        let waiting = |texts: &Texts, n| texts.text_with("offline-waiting", &[("count", Value::Number(n))]);
        assert_eq!(waiting(&english, 1), "Offline. 1 message will go out when you are back.");
        assert_eq!(waiting(&english, 3), "Offline. 3 messages will go out when you are back.");
        assert_ne!(waiting(&french, 1), waiting(&french, 3));
        assert_eq!(english.text_with("typing-one", &[("name", Value::Text("member-b"))]), "member-b is writing…");
    }

    #[test]
    fn a_key_that_does_not_exist_is_its_own_text() {
        assert_eq!(Texts::of(Language::French).text("no-such-key"), "no-such-key");
    }
}
