//! Usernames and room names: what they may hold, and when two look alike.

use crate::limits;

/// Why a name is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Too short or too long.
    #[error("a name has {} to {} characters", limits::USERNAME_CHARACTERS.start(), limits::USERNAME_CHARACTERS.end())]
    Length,
    /// A character that is not allowed, or not allowed there.
    #[error("a name holds the letters a to z, digits, and . _ - between them")]
    Character,
}

/// Names that would pass for the server or its operator.
const RESERVED: [&str; 12] = [
    "admin",
    "administrator",
    "all",
    "everyone",
    "here",
    "huis",
    "moderator",
    "operator",
    "root",
    "security",
    "server",
    "system",
];

/// The name in its one form (lower case), ready to be stored and compared. Whether it [is reserved](is_reserved) is
/// another question, for an operator's own account may be called `admin`.
///
/// Names are ASCII on purpose: a name that looks like another through another script cannot exist. People write
/// their name as they like in their sealed profile.
///
/// # Errors
/// [`NameError`] says which rule the name breaks.
pub fn username(text: &str) -> Result<String, NameError> {
    plain_name(text)
}

/// Whether the name, in its one form, would pass for the server or its operator, or looks like a name that would.
pub fn is_reserved(name: &str) -> bool {
    let looks_like = skeleton(name);
    RESERVED.iter().any(|reserved| skeleton(reserved) == looks_like)
}

/// The name of an open room in its one form (lower case), without the `#`.
///
/// # Errors
/// [`NameError`] says which rule the name breaks.
pub fn room_name(text: &str) -> Result<String, NameError> {
    plain_name(text)
}

/// The form in which two confusable names are equal: separators are one, and digits that pass for letters are written
/// as those letters. Two accounts of one server never share a skeleton.
pub fn skeleton(name: &str) -> String {
    let folded = name.to_ascii_lowercase().replace("rn", "m").replace("vv", "w");
    folded
        .chars()
        .map(|character| match character {
            '.' | '_' => '-',
            '0' => 'o',
            '1' | 'i' => 'l',
            '5' => 's',
            other => other,
        })
        .collect()
}

fn plain_name(text: &str) -> Result<String, NameError> {
    let name = text.to_ascii_lowercase();
    if !limits::USERNAME_CHARACTERS.contains(&name.chars().count()) {
        return Err(NameError::Length);
    }
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let mut after_separator = true;
    for character in name.chars() {
        let separator = matches!(character, '.' | '_' | '-');
        if !(allowed(character) || separator && !after_separator) {
            return Err(NameError::Character);
        }
        after_separator = separator;
    }
    if after_separator { Err(NameError::Character) } else { Ok(name) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_spaces_and_other_scripts_are_refused() {
        for wrong in ["a b", "a\u{202e}b", "a\u{7}b", "аnna", "-ab", "ab-", "a..b", "a/b", "@ab"] {
            assert_eq!(username(wrong), Err(NameError::Character), "{wrong:?}");
        }
        assert_eq!(username("a"), Err(NameError::Length));
        assert_eq!(username(&"a".repeat(33)), Err(NameError::Length));
        assert!(is_reserved("admin") && is_reserved("adm1n") && !is_reserved("anna"));
    }

    #[test]
    fn names_have_one_form() {
        assert_eq!(username("Member.B-2").unwrap(), "member.b-2");
    }

    #[test]
    fn names_that_look_alike_share_a_skeleton() {
        for (one, other) in [("lilo", "1i1o"), ("member", "mernber"), ("a.b", "a-b"), ("zoo", "z00"), ("west", "vvest")]
        {
            assert_eq!(skeleton(one), skeleton(other), "{one} {other}");
        }
        assert_ne!(skeleton("anna"), skeleton("anne"));
    }
}
