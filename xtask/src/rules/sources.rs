//! What a source file must not hold.

use std::path::{Path, PathBuf};

use anyhow::Context;

/// One Rust file; its path is seen from the workspace's root, with `/` between the parts.
pub(crate) struct Source {
    path: String,
    text: String,
}

/// Every Rust file of the workspace and of the fuzz targets.
pub(crate) fn read(root: &Path) -> anyhow::Result<Vec<Source>> {
    let mut sources = Vec::new();
    let mut folders: Vec<PathBuf> =
        ["crates", "fuzz/fuzz_targets", "fuzz/src", "xtask"].iter().map(|folder| root.join(folder)).collect();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).with_context(|| format!("cannot list {}", folder.display()))? {
            let path: PathBuf = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
                let path = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().replace('\\', "/");
                sources.push(Source { path, text });
            }
        }
    }
    sources.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(sources)
}

/// Every file that is too long, and every platform difference outside the one place for them.
pub(crate) fn violations(sources: &[Source]) -> Vec<String> {
    let mut broken = Vec::new();
    for Source { path, text } in sources {
        let lines = text.lines().count();
        if lines > MOST_LINES {
            broken.push(format!("{path} has {lines} lines; more than {MOST_LINES} hide a second idea: split it"));
        }
        if !path.starts_with("crates/") || path.starts_with(PLATFORM) || IN_BROWSERS_ALONE.contains(&path.as_str()) {
            continue;
        }
        for (number, line) in text.lines().enumerate() {
            if tells_platforms_apart(line) {
                broken.push(format!("{path}:{} tells platforms apart; that belongs in {PLATFORM}", number + 1));
            }
        }
    }
    broken
}

const MOST_LINES: usize = 800;

/// The worker is nothing but the engine's place in a browser, and the estimate of passwords and the beacon's curve are modules
/// beside it, so elsewhere there are none.
const IN_BROWSERS_ALONE: [&str; 3] =
    ["crates/beacon-web/src/lib.rs", "crates/strength/src/lib.rs", "crates/worker/src/lib.rs"];
/// The one place where platforms differ.
const PLATFORM: &str = "crates/engine/src/platform/";

fn tells_platforms_apart(line: &str) -> bool {
    line.contains("target_family") || (line.contains("target_arch") && line.contains("wasm"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(path: &str, text: &str) -> Source {
        Source { path: path.to_owned(), text: text.to_owned() }
    }

    #[test]
    fn a_platform_difference_is_found_with_its_line() {
        let broken = violations(&[source("crates/core/src/group.rs", "fn f() {}\n#[cfg(target_family = \"wasm\")]\n")]);
        assert_eq!(
            broken,
            ["crates/core/src/group.rs:2 tells platforms apart; that belongs in crates/engine/src/platform/"]
        );
        let broken = violations(&[source("crates/cli/src/main.rs", "#[cfg(not(target_arch = \"wasm32\"))]\n")]);
        assert_eq!(broken.len(), 1);
    }

    #[test]
    fn the_platform_folder_may_tell_platforms_apart() {
        let text = "#[cfg(target_family = \"wasm\")]\nmod web;\n";
        assert_eq!(violations(&[source("crates/engine/src/platform/mod.rs", text)]), Vec::<String>::new());
    }

    #[test]
    fn eight_hundred_lines_are_allowed_and_one_more_is_not() {
        let full = "//\n".repeat(MOST_LINES);
        assert_eq!(violations(&[source("xtask/src/main.rs", &full)]), Vec::<String>::new());
        let broken = violations(&[source("crates/server/src/lib.rs", &format!("{full}//"))]);
        assert_eq!(broken, ["crates/server/src/lib.rs has 801 lines; more than 800 hide a second idea: split it"]);
    }
}
