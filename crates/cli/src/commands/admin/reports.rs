//! `huis admin reports`.

use clap::Subcommand;
use clap::builder::{PossibleValuesParser, TypedValueParser as _};
use huis_proto::ReportId;
use huis_proto::rest::{CloseReport, ReportInfo, ReportOutcome, ReportState, ReportsPage};
use huis_texts::{readable, rfc3339, safe_block, safe_line};
use huis_views::AdministrativeMethod::{Get, Post};
use huis_views::{Command, Reply, ReportView, RevealedView};
use serde::Serialize;

use super::asking::{asks, asks_with, encoded};
use crate::commands::Context;
use crate::commands::conversations::id;
use crate::commands::reports::{ClosingLine, told};
use crate::outcome::{Outcome, Stop};
use crate::session::Session;

#[derive(Debug, Subcommand)]
pub(super) enum Reports {
    /// List reports, the oldest first, without what they reveal
    List {
        /// Only those in this state
        #[arg(long, value_name = "STATE", default_value = "open", value_parser = state())]
        state: ReportState,
        /// At most so many
        #[arg(long, value_name = "N", default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..))]
        most: u32,
    },
    /// Show a report with what it reveals; that you read it stands in the audit log
    Show {
        /// Its id, as the list shows it
        #[arg(value_name = "ID", value_parser = id::<ReportId>)]
        report: ReportId,
    },
    /// Take a report up, in place of whoever has it
    Take {
        /// Its id, as the list shows it
        #[arg(value_name = "ID", value_parser = id::<ReportId>)]
        report: ReportId,
    },
    /// Close a report for good, with an answer that its reporter reads
    Close {
        /// Its id, as the list shows it
        #[arg(value_name = "ID", value_parser = id::<ReportId>)]
        report: ReportId,
        /// What was decided
        #[arg(long = "as", value_name = "OUTCOME", value_parser = outcome())]
        outcome: ReportOutcome,
        /// What the reporter is told [at most 1,000 characters]
        #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
        answer: String,
    },
}

#[derive(Serialize)]
struct ReportLine<'a> {
    id: String,
    reporter: &'a str,
    name: &'a str,
    account: String,
    category: &'static str,
    note: &'a str,
    at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<MessageLine>,
    proven: bool,
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    handled_by: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none", flatten)]
    closing: Option<ClosingLine<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    revealed: Option<&'a RevealedView>,
}

#[derive(Serialize)]
struct MessageLine {
    id: String,
    conversation: String,
    device: String,
    seq: u64,
    received_at: String,
}

impl<'a> From<&'a ReportInfo> for ReportLine<'a> {
    fn from(report: &'a ReportInfo) -> Self {
        let message = report.message.map(|message| MessageLine {
            id: message.message.to_string(),
            conversation: message.conversation.to_string(),
            device: message.device.to_string(),
            seq: message.seq,
            received_at: rfc3339(message.received_at_ms),
        });
        Self {
            id: report.id.to_string(),
            reporter: &report.reporter,
            name: &report.username,
            account: report.account.to_string(),
            category: report.category.as_str(),
            note: &report.note,
            at: rfc3339(report.made_at_ms),
            message,
            proven: report.proven,
            state: report.state.as_str(),
            handled_by: report.handled_by.as_deref(),
            closing: report.closing.as_ref().map(ClosingLine::from),
            revealed: None,
        }
    }
}

impl Reports {
    pub(super) async fn run(self, context: &Context) -> Outcome {
        match self {
            Self::List { state, most } => {
                context.with_session(async |session| list(context, session, state, most as usize).await).await
            }
            Self::Show { report } => {
                let view = context
                    .with_session(async |session| match session.ask(Command::ReadReport { report }).await? {
                        Reply::Report(view) => Ok(view),
                        other => Err(Stop::unexpected(&other)),
                    })
                    .await?;
                let line = ReportLine { revealed: view.revealed.as_ref(), ..ReportLine::from(&view.report) };
                context.printer.thing(&line, || in_full(&view))
            }
            Self::Take { report } => {
                let path = format!("reports/{report}/take");
                let taken: ReportInfo = context.with_session(async |session| asks(session, Post, path).await).await?;
                context.printer.thing(&ReportLine::from(&taken), || for_people(&taken))
            }
            Self::Close { report, outcome, answer } => {
                let (path, wish) = (format!("reports/{report}/close"), CloseReport { outcome, answer });
                let asked = async |session: &mut Session| asks_with(session, Post, path, Some(&wish)).await;
                let closed: ReportInfo = context.with_session(asked).await?;
                context.printer.thing(&ReportLine::from(&closed), || for_people(&closed))
            }
        }
    }
}

async fn list(context: &Context, session: &mut Session, state: ReportState, most: usize) -> Outcome {
    let (mut left, mut after) = (most, String::new());
    while left > 0 {
        let asked = left.min(huis_proto::limits::ADMINISTRATION_PAGE);
        let page: ReportsPage = asks(session, Get, format!("reports?state={state}&most={asked}{after}")).await?;
        let page_is_long_enough = page.reports.len() >= asked;
        left = left.saturating_sub(page.reports.len());
        page.reports
            .iter()
            .try_for_each(|report| context.printer.thing(&ReportLine::from(report), || for_people(report)))?;
        match page.next.filter(|_| page_is_long_enough) {
            Some(next) => after = format!("&after={}", encoded(&next)),
            None => break,
        }
    }
    Ok(())
}

fn for_people(report: &ReportInfo) -> String {
    let about = match (&report.message, report.proven) {
        (None, _) => "",
        (Some(_), true) => "a message (proven) of ",
        (Some(_), false) => "a message (not proven) of ",
    };
    let mut text = format!(
        "{}  {}  {about}@{}  {}  by @{}  {}",
        report.id,
        readable(report.made_at_ms),
        safe_line(&report.username),
        report.category,
        safe_line(&report.reporter),
        report.state
    );
    if let Some(by) = &report.handled_by {
        text.push_str(&format!(" by @{}", safe_line(by)));
    }
    if let Some(closing) = &report.closing {
        text.push_str(&told(closing));
    }
    if !report.note.is_empty() {
        text.push_str(&format!("\n    Note: {}", safe_block(&report.note, "    ")));
    }
    text
}

fn in_full(view: &ReportView) -> String {
    let mut text = for_people(&view.report);
    if let Some(message) = &view.report.message {
        text.push_str(&format!(
            "\n    Message {} in {}, number {}, received {}",
            message.message,
            message.conversation,
            message.seq,
            readable(message.received_at_ms)
        ));
    }
    let Some(revealed) = &view.revealed else { return text };
    if revealed.kind == "unreadable" {
        text.push_str("\n    It reveals what this version can't show, or what does not open.");
    }
    if let Some(quoted) = &revealed.quoted {
        text.push_str(&format!("\n    It answers: {}", safe_block(quoted, "    ")));
    }
    if !revealed.text.is_empty() {
        text.push_str(&format!("\n    It says: {}", safe_block(&revealed.text, "    ")));
    }
    for file in &revealed.files {
        text.push_str(&format!("\n    It brings: {} ({} bytes)", safe_line(&file.name), file.size));
    }
    text
}

fn state() -> impl clap::builder::TypedValueParser<Value = ReportState> {
    PossibleValuesParser::new(ReportState::ALL.iter().map(|state| state.as_str()))
        .try_map(|text| text.parse::<ReportState>())
}

fn outcome() -> impl clap::builder::TypedValueParser<Value = ReportOutcome> {
    PossibleValuesParser::new(ReportOutcome::ALL.iter().map(|outcome| outcome.as_str()))
        .try_map(|text| text.parse::<ReportOutcome>())
}
