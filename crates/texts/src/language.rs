//! Which language a person reads.

use crate::Language;

impl Language {
    /// The language of a tag or a locale, such as `fr`, `fr-CH`, `fr_FR.UTF-8`; none for one that Huis does not speak.
    pub fn of_tag(tag: &str) -> Option<Self> {
        let primary = tag.split(['-', '_', '.', '@']).next().unwrap_or_default();
        match primary.to_ascii_lowercase().as_str() {
            "en" | "eng" | "c" | "posix" => Some(Self::English),
            "fr" | "fra" | "fre" => Some(Self::French),
            _ => None,
        }
    }

    /// What was asked for, or else the first variable that is set and not empty of `HUIS_LANG` and, as POSIX has it,
    /// `LC_ALL`, `LC_MESSAGES`, `LANG`. English where that names a language that Huis does not speak.
    pub fn chosen(asked: Option<Self>, variable: impl Fn(&str) -> Option<String>) -> Self {
        asked.unwrap_or_else(|| {
            ["HUIS_LANG", "LC_ALL", "LC_MESSAGES", "LANG"]
                .into_iter()
                .find_map(|name| variable(name).filter(|value| !value.is_empty()))
                .and_then(|tag| Self::of_tag(&tag))
                .unwrap_or_default()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(set: &[(&str, &str)]) -> Language {
        let variable = |name: &str| set.iter().find(|(set, _)| *set == name).map(|(_, value)| (*value).to_owned());
        Language::chosen(None, variable)
    }

    #[test]
    fn the_first_variable_that_is_set_decides() {
        assert_eq!(with(&[]), Language::English);
        assert_eq!(with(&[("LANG", "fr_FR.UTF-8")]), Language::French);
        assert_eq!(with(&[("LANG", "fr_FR.UTF-8"), ("LC_MESSAGES", "en_GB.UTF-8")]), Language::English);
        assert_eq!(with(&[("LC_ALL", "C"), ("LC_MESSAGES", "fr_FR")]), Language::English);
        assert_eq!(with(&[("LC_ALL", ""), ("LC_MESSAGES", "fr_CH@euro")]), Language::French);
        assert_eq!(with(&[("HUIS_LANG", "fr"), ("LC_ALL", "en_US")]), Language::French);
        assert_eq!(with(&[("LANG", "nl_NL.UTF-8")]), Language::English);
        assert_eq!(Language::chosen(Some(Language::French), |_| Some("en".into())), Language::French);
    }
}
