//! The audit log, page by page.

use axum::Json;
use axum::extract::State;
use huis_proto::limits;
use huis_proto::rest::{AuditPage, ReadAudit};

use super::actions::Action;
use super::{Allowed, most};
use crate::http::json::UrlQuery;
use crate::http::problem::Refusal;
use crate::http::resources::{OpenApiRouter, routes};
use crate::state::App;

pub(super) fn routes() -> OpenApiRouter {
    OpenApiRouter::new().routes(routes!(read))
}

/// The audit log, oldest entry first, or newest first. Whoever reads all of it from the beginning can follow the chain of its
/// hashes.
#[utoipa::path(
    get,
    path = "/api/v1/admin/audit",
    tag = "administration",
    params(ReadAudit),
    responses((status = 200, body = AuditPage), Refusal)
)]
async fn read(
    State(app): State<App>,
    _: Allowed<{ Action::ReadAudit as usize }>,
    UrlQuery(asked): UrlQuery<ReadAudit>,
) -> Result<Json<AuditPage>, Refusal> {
    let most = most(asked.most, limits::ADMINISTRATION_PAGE)?;
    let entries = match asked {
        ReadAudit { newest_first: false, before: None, after, .. } => {
            app.store.audit_page(after.unwrap_or(0), most).await?
        }
        ReadAudit { newest_first: true, after: None, before, .. } => app.store.newest_audit(before, most).await?,
        _ => {
            return Err(Refusal::bad_request(
                "after is for the oldest first, before for the newest first: choose one.",
            ));
        }
    };
    Ok(Json(AuditPage { entries }))
}
