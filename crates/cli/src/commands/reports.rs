//! `huis report`.

use clap::builder::{PossibleValuesParser, TypedValueParser as _};
use clap::{Args, Subcommand};
use huis_proto::MessageId;
use huis_proto::rest::{OwnReport, ReportCategory, ReportClosing};
use huis_texts::{readable, rfc3339, safe_block, safe_line};
use huis_views::{Command, MakeReport, Reply, Reported};
use serde::Serialize;

use super::{Context, settle};
use crate::outcome::{Outcome, Stop};

/// Report a message or a person to those who look after the server, or list your reports
///
/// They see who made the report. Of a message they are told which one it is, who wrote it and when, and what it says with
/// --reveal alone. Prints the report's id.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct Report {
    #[command(subcommand)]
    which: Option<Which>,
    /// A message's id, as `huis receive --json` prints it, or @name for a person
    #[arg(value_name = "MESSAGE|@NAME", required = true, value_parser = subject)]
    subject: Option<Subject>,
    /// What for
    #[arg(long = "as", value_name = "CATEGORY", required = true, value_parser = category())]
    category: Option<ReportCategory>,
    /// Tell what the message says, with the proof of it: all of it, with the excerpt of what it answers and the keys of its
    /// files; a message that can be opened once is told although nobody opened it here
    #[arg(long)]
    reveal: bool,
    /// In your own words [at most 1,000 characters]
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    note: String,
}

#[derive(Debug, Subcommand)]
enum Which {
    /// List the reports that you made, the newest first, and what was answered
    List,
}

/// Who or what is reported, as it was typed.
#[derive(Debug, Clone)]
enum Subject {
    Message(MessageId),
    Person(String),
}

#[derive(Serialize)]
struct MadeLine {
    id: String,
}

#[derive(Serialize)]
struct ReportLine<'a> {
    id: String,
    name: &'a str,
    category: ReportCategory,
    note: &'a str,
    at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    revealed: bool,
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none", flatten)]
    closing: Option<ClosingLine<'a>>,
}

/// What was decided, in the lines of reports.
#[derive(Serialize)]
pub(super) struct ClosingLine<'a> {
    outcome: &'static str,
    answer: &'a str,
    closed_at: String,
}

impl<'a> From<&'a ReportClosing> for ClosingLine<'a> {
    fn from(closing: &'a ReportClosing) -> Self {
        Self { outcome: closing.outcome.as_str(), answer: &closing.answer, closed_at: rfc3339(closing.closed_at_ms) }
    }
}

impl<'a> From<&'a OwnReport> for ReportLine<'a> {
    fn from(report: &'a OwnReport) -> Self {
        Self {
            id: report.id.to_string(),
            name: &report.username,
            category: report.category,
            note: &report.note,
            at: rfc3339(report.made_at_ms),
            message: report.message.map(|message| message.to_string()),
            revealed: report.revealed,
            state: report.state.as_str(),
            closing: report.closing.as_ref().map(ClosingLine::from),
        }
    }
}

impl Report {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        match (self.which, self.subject, self.category) {
            (None, Some(subject), Some(category)) => make(context, subject, category, self.reveal, self.note).await,
            _ => list(context).await,
        }
    }
}

async fn make(context: &Context, subject: Subject, category: ReportCategory, reveal: bool, note: String) -> Outcome {
    let what = match subject {
        Subject::Person(_) if reveal => {
            return Err(Stop::Usage("--reveal is for a message; give its id".into()));
        }
        Subject::Person(name) => Reported::Person { name },
        Subject::Message(message) => Reported::Message { message, reveal },
    };
    let id = context
        .with_session(async |session| {
            // The message may be on its way here, or have been taken back.
            settle(session).await?;
            match session.ask(Command::Report(MakeReport { what, category, note })).await? {
                Reply::ReportMade { id } => Ok(id),
                other => Err(Stop::unexpected(&other)),
            }
        })
        .await?;
    context.printer.thing(&MadeLine { id: id.to_string() }, || id.to_string())
}

async fn list(context: &Context) -> Outcome {
    let reports = context
        .with_session(async |session| match session.ask(Command::Reports).await? {
            Reply::Reports(reports) => Ok(reports),
            other => Err(Stop::unexpected(&other)),
        })
        .await?;
    reports.iter().try_for_each(|report| context.printer.thing(&ReportLine::from(report), || for_people(report)))
}

fn for_people(report: &OwnReport) -> String {
    let about = if report.message.is_some() { "a message of " } else { "" };
    let mut text = format!(
        "{}  {}  {about}@{}  {}  {}",
        report.id,
        readable(report.made_at_ms),
        safe_line(&report.username),
        report.category,
        report.state
    );
    if let Some(closing) = &report.closing {
        text.push_str(&told(closing));
    }
    text
}

/// What was decided, behind a report that a person reads.
pub(super) fn told(closing: &ReportClosing) -> String {
    let answer =
        if closing.answer.is_empty() { String::new() } else { safe_block(&closing.answer, "    ").into_owned() };
    let colon = if answer.is_empty() { "" } else { ": " };
    format!(" ({}){colon}{answer}", closing.outcome)
}

fn category() -> impl clap::builder::TypedValueParser<Value = ReportCategory> {
    PossibleValuesParser::new(ReportCategory::ALL.iter().map(|category| category.as_str()))
        .try_map(|text| text.parse::<ReportCategory>())
}

fn subject(text: &str) -> Result<Subject, String> {
    match text.strip_prefix('@') {
        Some(name) if !name.is_empty() => Ok(Subject::Person(name.to_owned())),
        _ => text.parse().map(Subject::Message).map_err(|_| "expected the id of a message, or @name".into()),
    }
}
