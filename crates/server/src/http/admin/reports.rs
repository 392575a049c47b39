//! Reports: listed, read, taken up, closed. Nobody sees those about themselves, or about an account whose role is not below
//! their own; the store looks at that.

use axum::Json;
use axum::extract::State;
use huis_proto::rest::{CloseReport, ListReports, ReportDetails, ReportInfo, ReportState, ReportsPage};
use huis_proto::{ErrorCode, ReportId};
use huis_store::{Acted, NewClosing, ReportsWanted};

use super::actions::Action;
use super::{Allowed, finished, most};
use crate::http::json::{JsonBody, UrlPath, UrlQuery};
use crate::http::problem::Refusal;
use crate::http::reports::text;
use crate::http::resources::{OpenApiRouter, routes};
use crate::state::App;

/// How many a page holds where it is not said.
const PAGE: usize = 50;

pub(super) fn routes() -> OpenApiRouter {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(show)).routes(routes!(take)).routes(routes!(close))
}

/// The reports in one state, the oldest first, without what they reveal.
#[utoipa::path(
    get,
    path = "/api/v1/admin/reports",
    tag = "administration",
    params(ListReports),
    responses((status = 200, body = ReportsPage), Refusal)
)]
async fn list(
    State(app): State<App>,
    asker: Allowed<{ Action::ListReports as usize }>,
    UrlQuery(asked): UrlQuery<ListReports>,
) -> Result<Json<ReportsPage>, Refusal> {
    let most = most(asked.most, PAGE)?;
    let after = asked.after.map(|after| place(&after)).transpose()?;
    let state = asked.state.unwrap_or(ReportState::Open);
    // One more tells whether there is a next page.
    let wanted = ReportsWanted { asker: asker.account, role: asker.role, state, after, most: most + 1 };
    let mut reports = app.store.reports_page(wanted).await?;
    let has_more = reports.len() > most;
    reports.truncate(most);
    let next = reports.last().filter(|_| has_more).map(|last| format!("{}.{}", last.made_at_ms, last.id));
    Ok(Json(ReportsPage { reports, next }))
}

/// One report with what it reveals. That it was read goes into the audit log.
#[utoipa::path(
    get,
    path = "/api/v1/admin/reports/{report}",
    tag = "administration",
    params(("report" = ReportId, Path)),
    responses((status = 200, body = ReportDetails), Refusal)
)]
async fn show(
    State(app): State<App>,
    asker: Allowed<{ Action::ReadReport as usize }>,
    UrlPath(report): UrlPath<ReportId>,
) -> Result<Json<ReportDetails>, Refusal> {
    let acted = app.store.read_report(asker.act(app.clock.now_ms()), report).await?;
    asker.done(acted, missing).map(Json)
}

/// Takes a report up, in place of whoever has it. One that is closed is `state-conflict`.
#[utoipa::path(
    post,
    path = "/api/v1/admin/reports/{report}/take",
    tag = "administration",
    params(("report" = ReportId, Path)),
    responses((status = 200, body = ReportInfo), Refusal)
)]
async fn take(
    State(app): State<App>,
    asker: Allowed<{ Action::TakeReport as usize }>,
    UrlPath(report): UrlPath<ReportId>,
) -> Result<Json<ReportInfo>, Refusal> {
    let act = async move {
        let acted = app.store.take_report(asker.act(app.clock.now_ms()), report).await?;
        unless_closed(&acted)?;
        asker.done(acted, missing)
    };
    finished(act).await.map(Json)
}

/// Closes a report for good, with what was decided and an answer that its reporter reads. The same once more, because the
/// answer was lost, is fine; anything else on a closed one is `state-conflict`.
#[utoipa::path(
    post,
    path = "/api/v1/admin/reports/{report}/close",
    tag = "administration",
    params(("report" = ReportId, Path)),
    request_body = CloseReport,
    responses((status = 200, body = ReportInfo), Refusal)
)]
async fn close(
    State(app): State<App>,
    asker: Allowed<{ Action::CloseReport as usize }>,
    UrlPath(report): UrlPath<ReportId>,
    JsonBody(request): JsonBody<CloseReport>,
) -> Result<Json<ReportInfo>, Refusal> {
    let closing = NewClosing { outcome: request.outcome, answer: text(&request.answer, "An answer")? };
    let act = async move {
        let acted = app.store.close_report(asker.act(app.clock.now_ms()), report, closing).await?;
        unless_closed(&acted)?;
        asker.done(acted, missing)
    };
    finished(act).await.map(Json)
}

fn unless_closed(acted: &Acted<ReportInfo>) -> Result<(), Refusal> {
    match acted {
        Acted::Unchanged => {
            Err(Refusal::new(ErrorCode::StateConflict, "This report is closed already; read it for what was decided."))
        }
        _ => Ok(()),
    }
}

fn missing() -> String {
    "There is no such report for you; it may be over.".into()
}

/// Behind which report a page begins.
fn place(next: &str) -> Result<(u64, ReportId), Refusal> {
    let parts = next.split_once('.');
    let place = parts.and_then(|(made, id)| Some((made.parse().ok()?, id.parse().ok()?)));
    place.ok_or_else(|| Refusal::bad_request("Ask for the page behind the `next` of the one before."))
}
