//! The commands: their names, and what they take.

/// A command.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Word {
    /// Its English name, under which it stands here and in the texts: `slash-NAME` is its usage, `slash-NAME-help` one
    /// line about it.
    pub(crate) name: &'static str,
    /// Its French name, without accents.
    pub(crate) french: &'static str,
    /// Other names, without accents.
    also: &'static [&'static str],
    /// What stands behind it, for completion.
    pub(crate) takes: Takes,
    /// For those who look after the server.
    pub(crate) administers: bool,
}

/// What stands behind a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Takes {
    Nothing,
    /// Any words.
    Words,
    /// Usernames.
    Names,
    /// A room.
    Room,
    /// A conversation, as it is named.
    Conversation,
    /// An emoji.
    Emoji,
    /// A command.
    Command,
    /// One of these words, with its French form.
    OneOf(&'static [(&'static str, &'static str)]),
}

const fn word(name: &'static str, french: &'static str, takes: Takes) -> Word {
    Word { name, french, also: &[], takes, administers: false }
}

impl Word {
    const fn also(self, also: &'static [&'static str]) -> Self {
        Self { also, ..self }
    }

    const fn administers(self) -> Self {
        Self { administers: true, ..self }
    }

    fn names(&self) -> impl Iterator<Item = &'static str> {
        [self.name, self.french].into_iter().chain(self.also.iter().copied())
    }
}

/// Before the moment at which something opens: nobody keeps the key, and a public beacon lets it open.
pub(crate) const DRAND: &str = "drand";
/// For which messages a person is called.
pub(crate) const LEVELS: &[(&str, &str)] = &[("all", "tout"), ("mentions", "mentions"), ("none", "rien")];
/// What a member may do.
pub(crate) const ROLES: &[(&str, &str)] =
    &[("member", "membre"), ("admin", "administrateur"), ("owner", "proprietaire")];
/// What ends being quiet.
pub(crate) const OFF: &[(&str, &str)] = &[("off", "non")];
/// Since when a timer counts.
pub(crate) const FROM: &[(&str, &str)] = &[("reading", "lecture"), ("sending", "envoi")];
/// What one shows of oneself.
pub(crate) const CARD: &[(&str, &str)] = &[("name", "nom"), ("about", "apropos")];

/// Every command, in the order in which help lists them.
pub(crate) const WORDS: &[Word] = &[
    word("help", "aide", Takes::Command),
    word("dm", "ecrire", Takes::Names).also(&["mp", "msg"]),
    word("group", "groupe", Takes::Names),
    word("join", "entrer", Takes::Room).also(&["rejoindre"]),
    word("rooms", "salons", Takes::Nothing),
    word("users", "personnes", Takes::Nothing).also(&["people", "members", "membres"]),
    word("reply", "repondre", Takes::Words),
    word("react", "reagir", Takes::Emoji),
    word("edit", "modifier", Takes::Words),
    word("delete", "supprimer", Takes::Nothing),
    word("pin", "epingler", Takes::Nothing),
    word("forward", "transferer", Takes::Conversation),
    word("file", "fichier", Takes::Words),
    word("files", "fichiers", Takes::Nothing),
    word("save", "enregistrer", Takes::Words),
    word("later", "plustard", Takes::Words),
    word("locks", "verrous", Takes::Nothing),
    word("search", "chercher", Takes::Words),
    word("title", "titre", Takes::Words),
    word("topic", "sujet", Takes::Words),
    word("timer", "minuterie", Takes::OneOf(OFF)),
    word("once", "unefois", Takes::Words),
    word("open", "ouvrir", Takes::Nothing),
    word("invite", "inviter", Takes::Names),
    word("remove", "retirer", Takes::Names),
    word("role", "role", Takes::OneOf(ROLES)),
    word("leave", "partir", Takes::Nothing),
    word("accept", "accepter", Takes::Nothing),
    word("decline", "refuser", Takes::Nothing),
    word("block", "bloquer", Takes::Names),
    word("unblock", "debloquer", Takes::Names),
    word("mute", "sourdine", Takes::OneOf(OFF)),
    word("notify", "prevenir", Takes::OneOf(LEVELS)),
    word("archive", "archiver", Takes::Nothing),
    word("favourite", "favori", Takes::Nothing).also(&["favorite"]),
    word("profile", "profil", Takes::OneOf(CARD)),
    word("verify", "verifier", Takes::Names),
    word("devices", "appareils", Takes::Nothing),
    word("lock", "verrouiller", Takes::Nothing),
    word("quit", "quitter", Takes::Nothing).also(&["exit"]),
    word("kick", "expulser", Takes::Names).administers(),
    word("regen", "renouveler", Takes::Nothing).administers(),
    word("stop", "arreter", Takes::Nothing).administers(),
];

/// The command of this name, in any case, with or without accents.
pub(crate) fn find(name: &str) -> Option<&'static Word> {
    let name = folded(name);
    WORDS.iter().find(|word| word.names().any(|known| known == name))
}

pub(super) fn exit() -> Option<&'static Word> {
    find("exit")
}

/// The keyword that a word is, by its English form.
pub(super) fn keyword(among: &'static [(&'static str, &'static str)], typed: &str) -> Option<&'static str> {
    let typed = folded(typed);
    among.iter().find(|(english, french)| [*english, *french].contains(&typed.as_str())).map(|(english, _)| *english)
}

/// The command that was perhaps meant: one that begins so, or that is at most two slips away.
pub(super) fn nearest(name: &str) -> Option<&'static Word> {
    /// Longer than any command by more than slips make up for.
    const LONGEST: usize = 20;
    let name = folded(name);
    if name.chars().count() > LONGEST {
        return None;
    }
    let begins = |word: &&Word| name.chars().count() > 1 && word.names().any(|known| known.starts_with(&name));
    if let Some(word) = WORDS.iter().find(begins) {
        return Some(word);
    }
    let slips = |word: &Word| word.names().map(|known| distance(known, &name)).min().unwrap_or(usize::MAX);
    let nearest = WORDS.iter().map(|word| (slips(word), word)).min_by_key(|(slips, _)| *slips)?;
    (nearest.0 <= 2 && nearest.0 * 2 < name.chars().count() + 1).then_some(nearest.1)
}

/// Lower case, without the accents of French.
pub(crate) fn folded(text: &str) -> String {
    text.chars()
        .flat_map(char::to_lowercase)
        .map(|letter| match letter {
            'à' | 'â' | 'ä' => 'a',
            'é' | 'è' | 'ê' | 'ë' => 'e',
            'î' | 'ï' => 'i',
            'ô' | 'ö' => 'o',
            'ù' | 'û' | 'ü' => 'u',
            'ç' => 'c',
            other => other,
        })
        .collect()
}

/// How many slips make one word of the other: a letter too many, missing, wrong, or two in the wrong order (optimal
/// string alignment).
fn distance(one: &str, other: &str) -> usize {
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    let mut rows: [Vec<usize>; 3] = [vec![], vec![], (0..=other.len()).collect()];
    for (i, a) in one.iter().enumerate() {
        rows.rotate_left(1);
        let mut row = vec![i + 1];
        for (j, b) in other.iter().enumerate() {
            let wrong = usize::from(a != b);
            let mut slips = (rows[1][j + 1] + 1).min(row[j] + 1).min(rows[1][j] + wrong);
            if i > 0 && j > 0 && *a == other[j - 1] && one[i - 1] == *b {
                slips = slips.min(rows[0][j - 1] + 1);
            }
            row.push(slips);
        }
        rows[2] = row;
    }
    rows[2].last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use huis_texts::{Language, Texts};

    use super::*;

    #[test]
    fn no_name_stands_for_two_commands() {
        let mut seen = BTreeSet::new();
        for word in WORDS {
            // The same in both languages is one name.
            let own: BTreeSet<_> = word.names().collect();
            for name in own {
                assert_eq!(folded(name), name, "names are kept without accents");
                assert!(seen.insert(name), "{name} stands for two commands");
            }
        }
    }

    #[test]
    fn every_command_has_its_usage_and_one_line_of_help_in_each_language() {
        for texts in Language::ALL.map(Texts::of) {
            for word in WORDS {
                let usage = texts.text(&format!("slash-{}", word.name));
                let first = usage.split(' ').next().unwrap();
                let own = if texts.language() == Language::French { word.french } else { word.name };
                assert_eq!(folded(first), format!("/{own}"), "{:?}", texts.language());
                let help = texts.text(&format!("slash-{}-help", word.name));
                assert!(!help.starts_with("slash-") && help.chars().count() <= 70, "{}: {help}", word.name);
            }
        }
    }

    #[test]
    fn slips_are_counted() {
        for (one, other, slips) in [
            ("", "", 0),
            ("a", "", 1),
            ("help", "hlep", 1),
            ("help", "hepl", 1),
            ("kick", "kcik", 1),
            ("abc", "xyz", 3),
        ] {
            assert_eq!(distance(one, other), slips, "{one} {other}");
            assert_eq!(distance(other, one), slips, "{other} {one}");
        }
    }

    #[test]
    fn a_name_without_end_is_no_work() {
        assert_eq!(nearest(&"x".repeat(65_536)), None);
    }
}
