//! Steps that run one after another, each timed, until the first red one.

use std::time::{Duration, Instant};

/// How a step ended that found nothing wrong.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Everything that the step checks was checked and is well.
    Passed,
    /// As `Passed`, and here is something that the reader should know.
    PassedBut(String),
    /// Nothing was checked, for this reason. Never silent: the summary says it again.
    NotRun(String),
}

/// What ran, and how long it took.
#[derive(Default)]
pub(crate) struct Report {
    lines: Vec<Line>,
}

struct Line {
    name: &'static str,
    took: Duration,
    outcome: Result<Outcome, String>,
}

impl Report {
    /// Runs one step, unless an earlier one was red: then this one is left out.
    pub(crate) fn step(&mut self, name: &'static str, work: impl FnOnce() -> anyhow::Result<Outcome>) {
        if self.failed_step().is_some() {
            return;
        }
        println!("\n==> {name}");
        let start = Instant::now();
        let outcome = work().map_err(|error| format!("{error:#}"));
        self.lines.push(Line { name, took: start.elapsed(), outcome });
    }

    /// Prints the table of steps; an error that names the red step, if there is one.
    pub(crate) fn finish(&self) -> anyhow::Result<()> {
        print!("\n{}", self.table());
        match self.failed_step() {
            Some((name, reason)) => anyhow::bail!("the step “{name}” failed: {reason}"),
            None => Ok(()),
        }
    }

    /// The names of the steps and the seconds that each took, in order.
    pub(crate) fn times(&self) -> impl Iterator<Item = (&'static str, f64)> {
        self.lines.iter().map(|line| (line.name, line.took.as_secs_f64()))
    }

    /// The steps that found nothing wrong, but of which there is something to know.
    pub(crate) fn notes(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.lines.iter().filter_map(|line| match &line.outcome {
            Ok(Outcome::PassedBut(note)) => Some((line.name, note.as_str())),
            _ => None,
        })
    }

    /// The steps that could not run, each with its reason.
    pub(crate) fn not_run(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.lines.iter().filter_map(|line| match &line.outcome {
            Ok(Outcome::NotRun(reason)) => Some((line.name, reason.as_str())),
            _ => None,
        })
    }

    /// Whether a step was red.
    pub(crate) fn is_red(&self) -> bool {
        self.failed_step().is_some()
    }

    fn failed_step(&self) -> Option<(&'static str, &str)> {
        self.lines.iter().find_map(|line| line.outcome.as_ref().err().map(|reason| (line.name, reason.as_str())))
    }

    fn table(&self) -> String {
        let width = self.lines.iter().map(|line| line.name.len()).max().unwrap_or(0);
        let mut table = String::new();
        for Line { name, took, outcome } in &self.lines {
            let said = match outcome {
                Ok(Outcome::Passed) => "ok".to_owned(),
                Ok(Outcome::PassedBut(note)) => format!("ok, but {note}"),
                Ok(Outcome::NotRun(reason)) => format!("NOT RUN: {reason}"),
                Err(_) => "FAILED".to_owned(),
            };
            table.push_str(&format!("{name:width$}  {:>8.1} s  {said}\n", took.as_secs_f64()));
        }
        let total: Duration = self.lines.iter().map(|line| line.took).sum();
        table.push_str(&format!("{:width$}  {:>8.1} s\n", "total", total.as_secs_f64()));
        for (name, reason) in self.not_run() {
            table.push_str(&format!("\nWARNING: “{name}” did NOT run: {reason}\n"));
        }
        table
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_red_step_ends_the_run_and_is_named() {
        let mut report = Report::default();
        let mut third_ran = false;
        report.step("one", || Ok(Outcome::Passed));
        report.step("two", || anyhow::bail!("it is broken"));
        report.step("three", || {
            third_ran = true;
            Ok(Outcome::Passed)
        });
        assert!(!third_ran);
        assert_eq!(report.finish().unwrap_err().to_string(), "the step “two” failed: it is broken");
        assert_eq!(report.times().map(|(name, _)| name).collect::<Vec<_>>(), ["one", "two"]);
    }

    #[test]
    fn a_step_that_did_not_run_is_said_twice_and_is_no_failure() {
        let mut report = Report::default();
        report.step("advisories", || Ok(Outcome::NotRun("no database".to_owned())));
        assert_eq!(report.table().matches("no database").count(), 2, "{}", report.table());
        assert!(report.finish().is_ok());
    }

    #[test]
    fn a_note_stands_beside_its_step() {
        let mut report = Report::default();
        report.step("advisories", || Ok(Outcome::PassedBut("with an old copy".to_owned())));
        assert!(report.table().contains("ok, but with an old copy"), "{}", report.table());
    }
}
