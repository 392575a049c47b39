//! The files of the page's texts, one a language: what it says, without what is typed in a terminal.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context;

use super::assembly::Assembly;

const LOCALES: &str = "crates/texts/locales";
const LANGUAGES: [&str; 2] = ["en", "fr"];
/// In this order, as in `huis-texts`: of two texts with one key the page says the later one.
const FILES: [&str; 6] = ["emoji.ftl", "entry.ftl", "failures.ftl", "notices.ftl", "screen.ftl", "web.ftl"];

/// What the administration pages say.
const ADMIN: &str = "admin.ftl";

/// Adds `texts-LANGUAGE.ftl` for each language, and `texts-admin-LANGUAGE.ftl` for the administration pages.
pub(super) fn add(root: &Path, assembly: &mut Assembly) -> anyhow::Result<()> {
    for language in LANGUAGES {
        let mut texts = String::new();
        for file in FILES {
            texts.push_str(&text(root, language, file)?);
            texts.push('\n');
        }
        assembly.add(format!("texts-{language}.ftl"), said(&texts));
        assembly.add(format!("texts-admin-{language}.ftl"), said(&text(root, language, ADMIN)?));
    }
    Ok(())
}

fn text(root: &Path, language: &str, file: &str) -> anyhow::Result<String> {
    let path = root.join(LOCALES).join(language).join(file);
    std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))
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

    /// The pages read no more of Fluent than that, and name a text by its key, or by how their keys begin.
    #[test]
    fn the_administration_pages_have_every_text_in_every_language_in_a_line_each() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let shape = |language: &str| -> BTreeMap<String, Vec<String>> {
            let texts = said(&text(&root, language, ADMIN).unwrap());
            let shape = texts.lines().map(|line| {
                let (key, value) = line.split_once(" = ").unwrap_or_else(|| panic!("{language}: {line}"));
                let mut filled = Vec::new();
                for part in value.split('{').skip(1) {
                    let (name, _) = part.split_once('}').unwrap_or_else(|| panic!("{language}: {line}"));
                    let name = name.strip_prefix(" $").and_then(|name| name.strip_suffix(' '));
                    filled.push(name.unwrap_or_else(|| panic!("{language}: {line}")).to_owned());
                }
                filled.sort();
                (key.to_owned(), filled)
            });
            shape.collect()
        };
        let english = shape("en");
        assert!(!english.is_empty());
        assert_eq!(english, shape("fr"));
        let scripts = std::fs::read_dir(root.join("crates/ui/static/admin")).unwrap();
        let scripts: String = scripts.map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap()).collect();
        for key in english.keys() {
            let is_begun = |at: usize| scripts.contains(&format!("`{}${{", &key[..=at]));
            let is_named =
                scripts.contains(&format!("\"{key}\"")) || key.match_indices('-').skip(1).any(|(at, _)| is_begun(at));
            assert!(is_named, "nothing says {key}");
        }
    }

    #[test]
    fn the_later_of_two_texts_counts_and_nothing_else_is_lost() {
        let texts =
            "# Words.\none = first\ntwo =\n    { $count ->\n       *[other] many\n    }\n\nthree = 3\none = last\n";
        assert_eq!(said(texts), "one = last\nthree = 3\ntwo =\n    { $count ->\n       *[other] many\n    }\n");
    }
}
