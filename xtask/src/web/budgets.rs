//! How large the web app is when it travels, and how large it may be.

use std::path::Path;

use anyhow::{Context, bail};
use serde_json::{Value, json};

use crate::steps::Outcome;

/// The page's module and the script that goes with it: without them nothing can be done on the page.
const UI: u64 = 350_000;
/// What a first load brings: all files but those that are fetched when somebody needs them. The budget is missed: the run
/// says so, and is red where it is missed by more than before.
const FIRST: u64 = 1_200_000;
/// What they come to now, rounded up; whoever makes them smaller lowers it.
const FIRST_SO_FAR: u64 = 1_786_000;
/// The same of all files.
const ALL_SO_FAR: u64 = 2_525_000;

/// What travels to a browser that takes brotli, in bytes, without what HTTP adds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sizes {
    pub(crate) ui: u64,
    pub(crate) first: u64,
    pub(crate) all: u64,
}

impl Sizes {
    /// Of the web app in this folder.
    pub(crate) fn of(folder: &Path) -> anyhow::Result<Self> {
        let list = folder.join("files.json");
        let list = std::fs::read(&list).with_context(|| format!("cannot read {}", list.display()))?;
        let list: Value = serde_json::from_slice(&list)?;
        let files = list.get("files").and_then(Value::as_array).context("the list of files holds none")?;
        let mut sizes = Self { ui: 0, first: 0, all: 0 };
        for file in files {
            let path = file.get("path").and_then(Value::as_str).context("a file without a path")?;
            let compressed = folder.join(format!("{path}.br"));
            let travels = if compressed.is_file() { compressed } else { folder.join(path) };
            let size = travels.metadata().with_context(|| format!("cannot look at {}", travels.display()))?.len();
            sizes.all += size;
            if file.get("later").and_then(Value::as_bool) != Some(true) {
                sizes.first += size;
            }
            if path.starts_with("ui-") {
                sizes.ui += size;
            }
        }
        Ok(sizes)
    }

    /// As figures of the long run.
    pub(crate) fn figures(self) -> [Value; 3] {
        [
            json!({"name": "the web app's page module as it travels, in bytes", "value": self.ui}),
            json!({"name": "the web app's first load as it travels, in bytes", "value": self.first}),
            json!({"name": "the whole web app as it travels, in bytes", "value": self.all}),
        ]
    }

    /// Whether it is within its budgets; a budget that is missed as it was before is a note.
    ///
    /// # Errors
    /// When it is larger than it may be: by how much.
    pub(crate) fn check(self) -> anyhow::Result<Outcome> {
        let held = [
            ("the page's module", self.ui, UI),
            ("the first load", self.first, FIRST_SO_FAR),
            ("the whole web app", self.all, ALL_SO_FAR),
        ];
        let over: Vec<String> = held
            .into_iter()
            .filter(|(_, size, budget)| size > budget)
            .map(|(what, size, budget)| format!("{what} travels as {size} B, {} B more than it may", size - budget))
            .collect();
        if !over.is_empty() {
            bail!("{}", over.join("; "));
        }
        match self.first.checked_sub(FIRST) {
            None | Some(0) => Ok(Outcome::Passed),
            Some(more) => Ok(Outcome::PassedBut(format!(
                "the first load travels as {} B, {more} B more than its budget of {FIRST} B",
                self.first
            ))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_larger_than_it_may_be_is_refused_by_name() {
        let within = Sizes { ui: UI, first: FIRST, all: FIRST };
        assert_eq!(within.check().unwrap(), Outcome::Passed);
        let missed = Sizes { first: FIRST + 1, ..within }.check().unwrap();
        assert!(matches!(missed, Outcome::PassedBut(note) if note.contains("1 B more than its budget")));
        let error = |sizes: Sizes| sizes.check().unwrap_err().to_string();
        assert_eq!(
            error(Sizes { ui: UI + 1, ..within }),
            "the page's module travels as 350001 B, 1 B more than it may"
        );
        assert!(error(Sizes { first: FIRST_SO_FAR + 1, ..within }).contains("first load"));
        assert!(error(Sizes { all: ALL_SO_FAR + 1, ..within }).contains("whole web app"));
    }

    #[test]
    fn each_file_counts_as_it_travels() {
        let folder = std::env::temp_dir().join(format!("huis-sizes-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let put = |name: &str, size: usize| std::fs::write(folder.join(name), vec![b' '; size]).unwrap();
        put("ui-1.wasm", 100);
        put("ui-1.wasm.br", 10);
        put("ui-1.wasm.gz", 20);
        put("icon-2.png", 5);
        put("strength-3.wasm", 7);
        let list = json!({"files": [
            {"path": "ui-1.wasm", "later": false},
            {"path": "icon-2.png"},
            {"path": "strength-3.wasm", "later": true},
        ]});
        std::fs::write(folder.join("files.json"), list.to_string()).unwrap();
        assert_eq!(Sizes::of(&folder).unwrap(), Sizes { ui: 10, first: 15, all: 22 });
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
