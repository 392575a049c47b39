//! Reports: what members tell those who look after the server.
//!
//! Nobody sees a report about themselves, nor one about an account whose role is not below their own, but for
//! super-administrators, who see every one about others. For everybody else there is no such report.

use async_trait::async_trait;
use huis_proto::rest::{
    OwnReport, ProvenContent, ReportCategory, ReportClosing, ReportDetails, ReportInfo, ReportOutcome, ReportState,
    ReportedPlace, ServerRole,
};
use huis_proto::{AccountId, ReportId};

use crate::administration::Ranked;
use crate::{Act, Acted, StoreResult};

/// A report to be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewReport {
    /// Its id.
    pub id: ReportId,
    /// Who makes it.
    pub reporter: AccountId,
    /// Who is reported.
    pub reported: AccountId,
    /// What for.
    pub category: ReportCategory,
    /// The note; may be empty.
    pub note: String,
    /// When, in milliseconds since 1970.
    pub made_at_ms: u64,
    /// The message that it is about.
    pub message: Option<ReportedPlace>,
    /// What of it is revealed, and was found proven.
    pub revealed: Option<ProvenContent>,
}

/// What became of a new report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReportPut {
    /// It is kept.
    Kept,
    /// There is no such account to be reported, or the reporter is gone.
    NoAccount,
    /// The reporter has as many as there may be.
    TooMany,
}

/// Which reports are asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportsWanted {
    /// Who asks.
    pub asker: AccountId,
    /// Their role.
    pub role: ServerRole,
    /// Those in this state.
    pub state: ReportState,
    /// Behind the one that was made then and has this id.
    pub after: Option<(u64, ReportId)>,
    /// How many at most.
    pub most: usize,
}

/// What is decided about a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewClosing {
    /// The decision.
    pub outcome: ReportOutcome,
    /// What the reporter is told; may be empty.
    pub answer: String,
}

impl NewClosing {
    /// Whether a closing says just this: the answer to it was lost, and it is asked for once more.
    pub(crate) fn is_of(&self, closing: &ReportClosing) -> bool {
        (self.outcome, &self.answer) == (closing.outcome, &closing.answer)
    }
}

/// Reports. One goes with the account that made it, and some time after it was closed.
#[async_trait]
pub trait Reports: Send + Sync {
    /// Keeps a report, unless its reporter has `most`.
    async fn put_report(&self, new: NewReport, most: usize) -> StoreResult<ReportPut>;

    /// Those that an account made, the newest first.
    async fn own_reports(&self, reporter: AccountId) -> StoreResult<Vec<OwnReport>>;

    /// Those in one state that the asker may see, the oldest first.
    async fn reports_page(&self, wanted: ReportsWanted) -> StoreResult<Vec<ReportInfo>>;

    /// One with what it reveals. That it was read is in the audit log.
    async fn read_report(&self, act: Act, report: ReportId) -> StoreResult<Acted<ReportDetails>>;

    /// Takes one up, in place of whoever has; not one that is closed. Who has it already is given it without a further entry
    /// in the audit log.
    async fn take_report(&self, act: Act, report: ReportId) -> StoreResult<Acted<ReportInfo>>;

    /// Closes one, for good. The same closing by the same person once more gives it as it is.
    async fn close_report(&self, act: Act, report: ReportId, closing: NewClosing) -> StoreResult<Acted<ReportInfo>>;

    /// Removes those that were closed up to this time, at most `most`. Gives their count.
    async fn end_reports(&self, closed_until_ms: u64, most: usize) -> StoreResult<usize>;
}

/// How the audit log names it.
pub(crate) fn named(report: &ReportInfo) -> String {
    format!("report {} on {}", report.id, report.username)
}

/// How the audit log says how far it is.
pub(crate) fn standing(report: &ReportInfo) -> String {
    match (&report.handled_by, &report.closing) {
        (Some(by), None) => format!("{} by {by}", report.state),
        _ => report.state.to_string(),
    }
}

/// How the audit log says that it is closed. The answer stands with the report, and goes with it.
pub(crate) fn closed(outcome: ReportOutcome) -> String {
    format!("{}: {outcome}", ReportState::Closed)
}

/// Whether it is this person who has it, or closed it.
pub(crate) fn is_by(report: &ReportInfo, actor: &Ranked) -> bool {
    report.handled_by.as_ref() == Some(&actor.username)
}

/// Whether somebody may see a report on this account.
pub(crate) fn may_see(actor: &Ranked, reported: AccountId, role: ServerRole) -> bool {
    actor.account != reported && (actor.role == ServerRole::SuperAdministrator || role < actor.role)
}
