//! The tier of large counts, and the figures that it leaves behind.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use anyhow::{Context, ensure};
use clap::ValueEnum;
use serde_json::{Deserializer, Value, json};

use crate::bench;
use crate::browser;
use crate::checkout::{Checkout, output, shown};
use crate::fuzz;
use crate::setup::{self, Purpose};
use crate::steps::{Outcome, Report};
use crate::tests_run::{self, Step};
use crate::web;

/// Tells the tests to use their large counts.
const LONG: &str = "HUIS_LONG";

/// How long each fuzz target runs.
const FUZZ_SECONDS: u64 = 20;

/// How often the stories of three nodes run, one run after another.
const NODE_RUNS: u32 = 20;

/// These stories, which begin a node's life many times and end it in many ways; at their small counts. Their module's name
/// is that of the store's stories of several nodes as well.
const NODE_STORIES: [&str; 8] = ["test", "--locked", "--workspace", "--profile", "ci", "--test", "it", "nodes::"];

/// Begins a line in which a test states a figure: `HUIS_FIGURE {"name": …, "value": …}`.
const FIGURE: &str = "HUIS_FIGURE ";

/// Runs every step with the large counts, then the bench; when all is green, writes `docs/long-run.json`.
pub(crate) fn run(checkout: &Checkout) -> anyhow::Result<()> {
    setup::prepare(checkout, Purpose::Test)?;
    let commit = output(checkout.command_with("git", &["rev-parse", "HEAD"]))?;
    let is_clean = output(checkout.command_with("git", &["status", "--porcelain"]))?.is_empty();
    let date = output(checkout.command_with("date", &["--utc", "+%Y-%m-%dT%H:%M:%SZ"]))?;

    let mut figures = Vec::new();
    let mut measurements = Vec::new();
    let mut report = Report::default();
    for step in Step::value_variants() {
        if *step == Step::Tests {
            report.step("tests (long)", || run_tests(checkout, &mut figures));
            report.step("nodes, many times", || run_nodes(checkout, &mut figures));
        } else {
            report.step(step.name(), || step.run(checkout));
        }
    }
    report.step("web (optimised)", || web::long_step(checkout, &mut figures));
    report.step("browser (optimised)", || run_browser(checkout, &mut figures));
    report.step("fuzz", || fuzz::run(checkout, &[], FUZZ_SECONDS).map(|()| Outcome::Passed));
    report.step("bench", || run_bench(checkout, &mut figures, &mut measurements));

    // Last: what is too large works all the same, and the steps before tell more.
    report.step("web sizes", || web::sizes_step(checkout));

    if !report.is_red() {
        let steps: Vec<Value> =
            report.times().map(|(name, seconds)| json!({"name": name, "seconds": seconds.round()})).collect();
        let not_run: Vec<Value> =
            report.not_run().map(|(name, reason)| json!({"name": name, "reason": reason})).collect();
        let notes: Vec<Value> = report.notes().map(|(name, note)| json!({"name": name, "note": note})).collect();
        let document = json!({
            "commit": commit,
            "checkout_is_clean": is_clean,
            "date": date,
            "figures": figures,
            "bench": measurements,
            "steps": steps,
            "not_run": not_run,
            "notes": notes,
        });
        let path = checkout.root().join("docs/long-run.json");
        std::fs::create_dir_all(checkout.root().join("docs"))?;
        std::fs::write(&path, format!("{document:#}\n")).with_context(|| format!("cannot write {}", path.display()))?;
        println!("\nWrote {}.", path.display());
    }
    report.finish()
}

fn run_tests(checkout: &Checkout, figures: &mut Vec<Value>) -> anyhow::Result<Outcome> {
    let mut tests = tests_run::all(checkout);
    // Uncaptured, for the figures, and so that an hour's run shows where it is.
    tests.args(["--", "--nocapture"]).env(LONG, "1");
    read_lines(tests, |line| {
        figures.extend(figure(line)?);
        Ok(())
    })?;
    Ok(tests_run::passed(checkout))
}

fn run_nodes(checkout: &Checkout, figures: &mut Vec<Value>) -> anyhow::Result<Outcome> {
    for run in 1..=NODE_RUNS {
        println!("run {run} of {NODE_RUNS}");
        let mut stories = 0;
        read_lines(checkout.cargo(NODE_STORIES), |line| {
            stories += u32::from(is_passed_story_of_nodes(line));
            Ok(())
        })
        .with_context(|| format!("in run {run} of {NODE_RUNS}"))?;
        ensure!(stories > 0, "no story of nodes was found");
    }
    let outcome = tests_run::passed(checkout);
    // Without their services the stories end at once, and that is no run.
    if outcome == Outcome::Passed {
        figures.push(json!({"name": "runs of the stories of several nodes, one after another", "value": NODE_RUNS}));
    }
    Ok(outcome)
}

/// Whether a line of the test harness says that a story of three nodes behind a proxy has passed.
fn is_passed_story_of_nodes(line: &str) -> bool {
    line.starts_with("test nodes::") && line.ends_with("... ok")
}

fn run_browser(checkout: &Checkout, figures: &mut Vec<Value>) -> anyhow::Result<Outcome> {
    browser::long_step(checkout, |stories| {
        read_lines(stories, |line| {
            figures.extend(figure(line)?);
            Ok(())
        })
    })
}

fn run_bench(checkout: &Checkout, figures: &mut Vec<Value>, measurements: &mut Vec<Value>) -> anyhow::Result<Outcome> {
    bench::build(checkout)?;
    let mut bench = bench::command(checkout, &[]);
    bench.env(LONG, "1");
    let mut take = |line: &str| {
        figures.extend(figure(line)?);
        measurements.extend(measurement(line));
        Ok(())
    };
    read_lines(bench, &mut take)?;
    let web = browser::figures(checkout, &[])?;
    let missing = match web {
        Ok(web) => read_lines(web, &mut take).map(|()| None)?,
        Err(missing) => Some(missing),
    };
    ensure!(!measurements.is_empty(), "the bench printed no measurement");
    Ok(missing.map_or(Outcome::Passed, |missing| Outcome::PassedBut(format!("without the web app, for {missing}"))))
}

/// Runs `command`, shows what it prints and gives each line to `each`.
fn read_lines(mut command: Command, mut each: impl FnMut(&str) -> anyhow::Result<()>) -> anyhow::Result<()> {
    let mut child =
        command.stdout(Stdio::piped()).spawn().with_context(|| format!("cannot start {}", shown(&command)))?;
    let stdout = child.stdout.take().context("the child has no standard output")?;
    let mut outcome = Ok(());
    for line in BufReader::new(stdout).split(b'\n') {
        // Not all that is printed need be UTF-8.
        let line = line?;
        let line = String::from_utf8_lossy(&line);
        println!("{line}");
        // Read on after an error: a child whose output nobody reads would wait for ever.
        outcome = outcome.and_then(|()| each(&line));
    }
    let status = child.wait()?;
    ensure!(status.success(), "{} ended with {status}", shown(&command));
    outcome
}

/// The figure that a line states, if it states one. The test harness may have begun the line.
///
/// # Errors
/// When the line promises a figure and holds none: a figure must not get lost in silence.
fn figure(line: &str) -> anyhow::Result<Option<Value>> {
    let Some((_, stated)) = line.split_once(FIGURE) else {
        return Ok(None);
    };
    let first = Deserializer::from_str(stated).into_iter::<Value>().next();
    let figure = first
        .transpose()
        .ok()
        .flatten()
        .filter(|figure| figure.get("name").is_some_and(Value::is_string) && figure.get("value").is_some());
    Ok(Some(figure.with_context(|| format!("this line promises a figure and holds none: {line}"))?))
}

/// The measurement that a line of the bench holds: one JSON object and nothing else.
fn measurement(line: &str) -> Option<Value> {
    serde_json::from_str::<Value>(line).ok().filter(Value::is_object)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_is_read_also_where_the_harness_began_the_line() {
        let stated = json!({"name": "kills", "value": 100});
        for line in [
            r#"HUIS_FIGURE {"name": "kills", "value": 100}"#,
            r#"test a_kill ... HUIS_FIGURE {"name": "kills", "value": 100}ok"#,
        ] {
            assert_eq!(figure(line).unwrap(), Some(stated.clone()), "{line}");
        }
        assert_eq!(figure("test a_kill ... ok").unwrap(), None);
    }

    #[test]
    fn a_promised_figure_that_is_not_there_is_an_error() {
        for line in
            ["HUIS_FIGURE nonsense", "HUIS_FIGURE ", r#"HUIS_FIGURE {"name": "kills"}"#, r#"HUIS_FIGURE {"value": 1}"#]
        {
            assert!(figure(line).is_err(), "{line}");
        }
    }

    #[test]
    fn a_story_of_nodes_counts_when_it_has_passed() {
        assert!(is_passed_story_of_nodes("test nodes::a_rolling_restart_is_unnoticed ... ok"));
        assert!(!is_passed_story_of_nodes("test nodes::a_rolling_restart_is_unnoticed ... FAILED"));
        assert!(!is_passed_story_of_nodes("test postgres::nodes::many_nodes_that_start_at_once_migrate_once ... ok"));
    }

    #[test]
    fn a_measurement_is_a_line_that_is_one_json_object() {
        assert!(measurement(r#"{"system": "huis", "msgs_per_s": 20000}"#).is_some());
        for line in ["running", "42", "[1]", r#"{"cut"#, r#"HUIS_FIGURE {"name": "a", "value": 1}"#] {
            assert_eq!(measurement(line), None, "{line}");
        }
    }

    #[test]
    fn lines_come_one_by_one_and_a_failure_is_seen() {
        let mut seen = Vec::new();
        let mut command = Command::new("sh");
        command.args(["-c", "echo one; echo two; exit 4"]);
        let result = read_lines(command, |line| {
            seen.push(line.to_owned());
            Ok(())
        });
        assert_eq!(seen, ["one", "two"]);
        assert!(result.is_err());
    }
}
