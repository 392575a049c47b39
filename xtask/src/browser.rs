//! The web app in a real browser: the stories in `browser-tests`, in Chromium, against a real binary; and its figures.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail, ensure};

use crate::checkout::{Checkout, check, output};
use crate::steps::Outcome;
use crate::tests_run::COMPILE;
use crate::{bench, web};

pub(crate) const WHAT_NEEDS_IT: &str = "the stories in a browser";

const FOLDER: &str = "browser-tests";
/// The stories that every run tells.
const STORIES: &str = "stories";
/// How many files of them are told at once: people in them mostly wait, for each other and for what is drawn.
const AT_ONCE: usize = 2;
/// Those that take many minutes.
const LONG_STORIES: &str = "long";

/// Runs all stories. In continuous integration they must be possible.
pub(crate) fn step(checkout: &Checkout) -> anyhow::Result<Outcome> {
    if let Some(missing) = missing(checkout, web::Kind::Everyday) {
        return not_run(missing);
    }
    install(checkout)?;
    // The tests built it, where they ran; alone, this step must not try an old one. Not by a build of its own, which would
    // have other features and build all dependencies once more.
    check(checkout.cargo(COMPILE))?;
    check(stories(checkout, &checkout.target().join("ci"), STORIES, AT_ONCE)?)?;
    Ok(Outcome::Passed)
}

/// Runs all stories, and those that take long, on the web app and the binary as they are shipped. `run` runs the command.
pub(crate) fn long_step(
    checkout: &Checkout,
    mut run: impl FnMut(Command) -> anyhow::Result<()>,
) -> anyhow::Result<Outcome> {
    if let Some(missing) = missing(checkout, web::Kind::Optimised) {
        return not_run(missing);
    }
    install(checkout)?;
    bench::build(checkout)?;
    let programs = checkout.target().join("release");
    run(stories(checkout, &programs, STORIES, AT_ONCE)?)?;
    // They look at how smoothly things go, so nothing else may go beside them.
    run(stories(checkout, &programs, LONG_STORIES, 1)?)?;
    Ok(Outcome::Passed)
}

/// The command that measures the web app as it is shipped, once the bench is built; what is missing where it can't be.
pub(crate) fn figures(checkout: &Checkout, args: &[String]) -> anyhow::Result<Result<Command, &'static str>> {
    if let Some(missing) = missing(checkout, web::Kind::Optimised) {
        return Ok(Err(missing));
    }
    install(checkout)?;
    let mut node = node(checkout, &checkout.target().join("release"));
    node.arg("figures/web.mjs").args(args);
    Ok(Ok(node))
}

/// Takes the pictures in `docs/screens`, on the everyday web app, and makes them small.
pub(crate) fn screens(checkout: &Checkout) -> anyhow::Result<()> {
    web::prepare(checkout)?;
    web::build(checkout, web::Kind::Everyday)?;
    if let Some(missing) = missing(checkout, web::Kind::Everyday) {
        bail!("{missing}");
    }
    install(checkout)?;
    check(checkout.cargo(COMPILE))?;
    let folder = checkout.root().join("docs/screens");
    let mut node = node(checkout, &checkout.target().join("ci"));
    node.args(["--test", "stories/screens.test.mjs"]).env("HUIS_SCREENS", &folder);
    check(node)?;
    let mut smaller = checkout.command_with("pngquant", &["--quality", "70-95", "--strip", "--ext", ".png", "--force"]);
    for entry in std::fs::read_dir(&folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "png") {
            smaller.arg(path);
        }
    }
    check(smaller).context("the pictures are there, but stay large: install pngquant")
}

fn not_run(missing: &str) -> anyhow::Result<Outcome> {
    ensure!(std::env::var_os("CI").is_none(), "{missing}");
    Ok(Outcome::NotRun(missing.to_owned()))
}

fn install(checkout: &Checkout) -> anyhow::Result<()> {
    let mut install = checkout.command_with("npm", &["ci", "--no-audit", "--no-fund"]);
    install.current_dir(checkout.root().join(FOLDER));
    check(install)
}

/// The command that runs the stories in a folder on the programs in `programs`, so many files at once.
fn stories(checkout: &Checkout, programs: &Path, folder: &str, at_once: usize) -> anyhow::Result<Command> {
    let stories = checkout.root().join(FOLDER).join(folder);
    let mut files: Vec<PathBuf> = Vec::new();
    for entry in std::fs::read_dir(&stories).with_context(|| format!("cannot read {}", stories.display()))? {
        let path = entry?.path();
        if path.to_string_lossy().ends_with(".test.mjs") {
            files.push(path);
        }
    }
    ensure!(!files.is_empty(), "{} holds no stories", stories.display());
    files.sort();
    let mut node = node(checkout, programs);
    node.arg("--test").arg(format!("--test-concurrency={at_once}")).args(files);
    Ok(node)
}

fn node(checkout: &Checkout, programs: &Path) -> Command {
    let mut node = checkout.command("node");
    node.current_dir(checkout.root().join(FOLDER));
    node.env("HUIS_BINARY", programs.join("huis"));
    node.env("HUIS_BENCH_BINARY", programs.join("huis-bench"));
    node.env("HUIS_BROWSER_KEPT", checkout.target().join("browser-tests-kept"));
    node
}

fn missing(checkout: &Checkout, kind: web::Kind) -> Option<&'static str> {
    let is_there = |program: &str| output(checkout.command_with(program, &["--version"])).is_ok();
    if !web::is_built(checkout, kind) {
        Some("the web app was not built")
    } else if !is_there("chromium") {
        Some("there is no Chromium")
    } else if !is_there("node") || !is_there("npm") {
        Some("there is no Node.js with npm")
    } else {
        None
    }
}
