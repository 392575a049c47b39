//! The files of the page's texts, one a language: what it says, without what is typed in a terminal.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context;

use super::assembly::Assembly;

const LOCALES: &str = "crates/texts/locales";
const LANGUAGES: [&str; 2] = ["en", "fr"];
/// In this order, as in `huis-texts`: of two texts with one key the page says the later one.
const FILES: [&str; 5] = ["entry.ftl", "failures.ftl", "notices.ftl", "screen.ftl", "web.ftl"];

/// Adds `texts-LANGUAGE.ftl` for each language.
pub(super) fn add(root: &Path, assembly: &mut Assembly) -> anyhow::Result<()> {
    for language in LANGUAGES {
        let mut texts = String::new();
        for file in FILES {
            let path = root.join(LOCALES).join(language).join(file);
            texts.push_str(&std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?);
            texts.push('\n');
        }
        assembly.add(format!("texts-{language}.ftl"), said(&texts));
    }
    Ok(())
}

/// Each text that counts, without comments.
fn said(texts: &str) -> String {
    let mut entries: BTreeMap<&str, String> = BTreeMap::new();
    let mut current = None;
    for line in texts.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty()) {
        if line.starts_with(|c: char| c.is_ascii_alphabetic()) {
            let key = line.split_once('=').map_or(line, |(key, _)| key).trim();
            entries.insert(key, String::new());
            current = Some(key);
        }
        if let Some(entry) = current.and_then(|key| entries.get_mut(key)) {
            entry.push_str(line);
            entry.push('\n');
        }
    }
    entries.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_holds_each_language_to_its_hash() {
        let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/ui/static/boot.js");
        let page = std::fs::read_to_string(page).unwrap();
        for language in LANGUAGES {
            let file = format!("texts-{language}.ftl");
            let named = format!("[address(\"{{{{{file}}}}}\"), \"sha256-{{{{{file} sha256}}}}\"]");
            assert!(page.contains(&format!("{language}: {named},")), "{named}");
        }
    }

    #[test]
    fn the_later_of_two_texts_counts_and_nothing_else_is_lost() {
        let texts =
            "# Words.\none = first\ntwo =\n    { $count ->\n       *[other] many\n    }\n\nthree = 3\none = last\n";
        assert_eq!(said(texts), "one = last\nthree = 3\ntwo =\n    { $count ->\n       *[other] many\n    }\n");
    }
}
