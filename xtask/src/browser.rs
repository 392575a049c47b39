//! The web app in a real browser: the stories in `browser-tests`, in Chromium, against the binary that the tests built.

use anyhow::{Context, ensure};

use crate::checkout::{Checkout, check, output};
use crate::steps::Outcome;
use crate::tests_run::COMPILE;
use crate::web;

pub(crate) const WHAT_NEEDS_IT: &str = "the stories in a browser";

const FOLDER: &str = "browser-tests";

/// Runs all stories. In continuous integration they must be possible.
pub(crate) fn step(checkout: &Checkout) -> anyhow::Result<Outcome> {
    if let Some(missing) = missing(checkout) {
        ensure!(std::env::var_os("CI").is_none(), "{missing}");
        return Ok(Outcome::NotRun(missing.to_owned()));
    }
    let folder = checkout.root().join(FOLDER);
    let mut install = checkout.command_with("npm", &["ci", "--no-audit", "--no-fund"]);
    check({
        install.current_dir(&folder);
        install
    })?;
    // The tests built it, where they ran; alone, this step must not try an old one. Not by a build of its own, which would
    // have other features and build all dependencies once more.
    check(checkout.cargo(COMPILE))?;

    let stories = folder.join("stories");
    let mut files = Vec::new();
    for entry in std::fs::read_dir(&stories).with_context(|| format!("cannot read {}", stories.display()))? {
        let path = entry?.path();
        if path.to_string_lossy().ends_with(".test.mjs") {
            files.push(path);
        }
    }
    ensure!(!files.is_empty(), "{} holds no stories", stories.display());
    files.sort();
    let mut node = checkout.command_with("node", &["--test", "--test-concurrency=1"]);
    node.args(files).current_dir(&folder);
    node.env("HUIS_BINARY", checkout.target().join("ci/huis"));
    node.env("HUIS_BROWSER_KEPT", checkout.target().join("browser-tests-kept"));
    check(node)?;
    Ok(Outcome::Passed)
}

fn missing(checkout: &Checkout) -> Option<&'static str> {
    let is_there = |program: &str| output(checkout.command_with(program, &["--version"])).is_ok();
    if !web::is_built(checkout, web::Kind::Everyday) {
        Some("the web app was not built")
    } else if !is_there("chromium") {
        Some("there is no Chromium")
    } else if !is_there("node") || !is_there("npm") {
        Some("there is no Node.js with npm")
    } else {
        None
    }
}
