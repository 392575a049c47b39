//! Whom a text names.

use huis_core::content::MENTIONS;
use huis_proto::AccountId;

/// The accounts that a text names by `@name`, of these; each once, in the order of the text, as many as one text may name.
/// A name is named as a whole, in any case; what stands right before the sign is no part of a word, as in an e-mail address.
pub(super) fn mentions(text: &str, accounts: &[(AccountId, String)]) -> Vec<AccountId> {
    let mut named = Vec::new();
    for (at, _) in text.match_indices('@') {
        let is_inside_word = text.get(..at).and_then(|before| before.chars().next_back()).is_some_and(is_of_name);
        if is_inside_word {
            continue;
        }
        let name: String = text.get(at + 1..).unwrap_or_default().chars().take_while(|c| is_of_name(*c)).collect();
        // A full stop behind a name ends the sentence.
        let name = name.trim_end_matches(['.', '-', '_']).to_ascii_lowercase();
        let meant = accounts.iter().find(|(_, known)| *known == name).map(|(account, _)| *account);
        named.extend(meant.filter(|account| !named.contains(account)));
        if named.len() == MENTIONS {
            break;
        }
    }
    named
}

fn is_of_name(character: char) -> bool {
    character.is_alphanumeric() || matches!(character, '.' | '-' | '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANN: AccountId = AccountId::from_bytes([1; 16]);
    const MARY: AccountId = AccountId::from_bytes([2; 16]);
    const MARY_ANN: AccountId = AccountId::from_bytes([3; 16]);

    fn named(text: &str) -> Vec<AccountId> {
        let known = [(ANN, "ann".to_owned()), (MARY, "mary".to_owned()), (MARY_ANN, "mary-ann".to_owned())];
        mentions(text, &known)
    }

    #[test]
    fn names_are_found_whole_and_in_any_case() {
        assert_eq!(named("@ann"), [ANN]);
        assert_eq!(named("Is @Mary-Ann there, @ANN?"), [MARY_ANN, ANN]);
        assert_eq!(named("(@mary) and @mary: @ann's."), [MARY, ANN]);
        assert_eq!(named("Ask @mary. Or @mary-ann..."), [MARY, MARY_ANN]);
        assert_eq!(named("漢@ann @"), [], "within a word");
        assert_eq!(named("«@ann»"), [ANN]);
    }

    #[test]
    fn what_is_no_name_names_nobody() {
        for text in
            ["ann", "@annette", "x@ann", "write to mary@ann.example", "@mary-an", "@stranger", "@ ann", "a.@ann", ""]
        {
            assert_eq!(named(text), [], "{text:?}");
        }
    }

    #[test]
    fn a_text_names_only_so_many() {
        let many: Vec<_> =
            (0..100_u8).map(|number| (AccountId::from_bytes([number; 16]), format!("n{number}"))).collect();
        let text: String = many.iter().map(|(_, name)| format!("@{name} ")).collect();
        assert_eq!(mentions(&text, &many).len(), MENTIONS);
    }
}
