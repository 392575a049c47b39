//! Each key that the code uses exists.

use std::path::{Path, PathBuf};

use crate::{Language, Texts};

/// Where texts are used, from this crate's folder.
const USERS: [&str; 4] = ["src", "../tui/src", "../cli/src/commands/chat", PAGE];

/// The user that speaks as a page.
const PAGE: &str = "../ui/src";

/// With what keys begin that stand in tables, away from the call that looks them up.
const FAMILIES: [&str; 12] = [
    "bar-", "confirm-", "details-", "entry-", "failure-", "help-", "notice-", "reason-", "refused-", "sheet-",
    "slash-", "weak-",
];

/// The same for the page, whose elements have names of their own that look like keys.
const PAGE_FAMILIES: [&str; 4] = ["help-", "shortcut-", "standing-", "unable-"];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("tests") {
            sources(&path, found);
        } else if path.is_file()
            && path.extension().is_some_and(|extension| extension == "rs")
            && !path.ends_with("tests.rs")
        {
            found.push(path);
        }
    }
}

/// The string literals of a source without its tests, each with whether it is looked up right there.
fn literals(source: &str) -> Vec<(String, bool)> {
    let code = source.split("#[cfg(test)]").next().unwrap_or_default();
    let mut found = Vec::new();
    let parts: Vec<&str> = code.split('"').collect();
    // A quote within a literal or a character shifts the count, so both kinds of parts are looked at.
    for pair in parts.windows(2) {
        let before = pair[0].trim_end();
        let is_looked_up =
            ["text(", "text_with(", "text_with_name(", "text_with_count("].iter().any(|call| before.ends_with(call));
        found.push((pair[1].to_owned(), is_looked_up));
    }
    found
}

fn is_key(text: &str) -> bool {
    let plain = text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    plain && !text.is_empty() && !text.ends_with('-')
}

#[test]
fn each_key_that_the_code_uses_exists() {
    let mut files = Vec::new();
    for user in USERS {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(user);
        assert!(folder.exists(), "{}", folder.display());
        let mut found = Vec::new();
        sources(&folder, &mut found);
        files.extend(found.into_iter().map(|file| (file, user == PAGE)));
    }
    let (terminal, page) = (Language::ALL.map(Texts::of), Language::ALL.map(Texts::for_page));
    let mut used = 0;
    for (file, is_page) in files {
        let all = if is_page { &page } else { &terminal };
        let families: &[&str] = if is_page { &PAGE_FAMILIES } else { &FAMILIES };
        for (literal, is_looked_up) in literals(&std::fs::read_to_string(&file).unwrap()) {
            let is_in_a_table = families.iter().any(|family| literal.starts_with(family));
            if is_key(&literal) && (is_looked_up || is_in_a_table) {
                used += 1;
                // A word may be its own key in one language.
                let exists = all.iter().any(|texts| texts.text(&literal) != literal);
                assert!(exists, "{literal} is used in {}", file.display());
            }
        }
    }
    assert!(used > 300, "the scan finds what is there: {used}");
}
