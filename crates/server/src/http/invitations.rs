//! Invitations: made, listed and revoked by the super-administrator.

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use huis_proto::rest::{CreateInvitation, InvitationInfo, InvitationMade};
use huis_proto::{ErrorCode, InvitationId, limits};
use rand::rngs::OsRng;

use super::administrators::only_the_super_administrator;
use super::json::{JsonBody, UrlPath};
use super::problem::Refusal;
use super::resources::{OpenApiRouter, routes};
use super::signed_in::SignedInDevice;
use crate::invitation_codes::InvitationCode;
use crate::state::App;

const WHAT: &str = "handles invitations; ask them for one.";

pub(super) fn routes() -> OpenApiRouter {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(revoke))
}

/// The invitations that still let somebody in, as a list.
#[utoipa::path(
    get,
    path = "/api/v1/invitations",
    tag = "invitations",
    responses((status = 200, body = [InvitationInfo]), Refusal)
)]
async fn list(State(app): State<App>, asker: SignedInDevice) -> Result<Json<Vec<InvitationInfo>>, Refusal> {
    only_the_super_administrator(&app, asker, WHAT).await?;
    Ok(Json(app.store.invitations(app.clock.now_ms()).await?))
}

/// Makes an invitation. Its code is in this answer and nowhere else.
#[utoipa::path(
    post,
    path = "/api/v1/invitations",
    tag = "invitations",
    request_body = CreateInvitation,
    responses((status = 200, body = InvitationMade), Refusal)
)]
async fn create(
    State(app): State<App>,
    asker: SignedInDevice,
    JsonBody(request): JsonBody<CreateInvitation>,
) -> Result<Json<InvitationMade>, Refusal> {
    only_the_super_administrator(&app, asker, WHAT).await?;
    let (uses, longest_s) = (limits::INVITATION_USES, limits::INVITATION_LIFE.as_secs());
    if !uses.contains(&request.uses) {
        let (least, most) = (uses.start(), uses.end());
        return Err(Refusal::bad_request(format!("An invitation is for {least} to {most} newcomers.")));
    }
    if !(1..=longest_s).contains(&request.expires_in_s) {
        let days = longest_s / (24 * 3600);
        return Err(Refusal::bad_request(format!("An invitation is good for at least a second, at most {days} days.")));
    }
    let now_ms = app.clock.now_ms();
    let code = InvitationCode::random(&mut OsRng);
    let info = InvitationInfo {
        id: InvitationId::random(&mut OsRng),
        uses: request.uses,
        uses_left: request.uses,
        made_at_ms: now_ms,
        expires_at_ms: now_ms.saturating_add(request.expires_in_s * 1000),
    };
    if !app.store.put_invitation(code.hash(), info, limits::INVITATIONS).await? {
        return Err(Refusal::new(
            ErrorCode::LimitReached,
            format!("There are {} invitations already; revoke one, or let them be used up.", limits::INVITATIONS),
        ));
    }
    Ok(Json(InvitationMade { invitation: code.into_secret(), info }))
}

/// Revokes an invitation, at once.
#[utoipa::path(
    delete,
    path = "/api/v1/invitations/{invitation}",
    tag = "invitations",
    params(("invitation" = InvitationId, Path)),
    responses((status = 204), Refusal)
)]
async fn revoke(
    State(app): State<App>,
    asker: SignedInDevice,
    UrlPath(invitation): UrlPath<InvitationId>,
) -> Result<StatusCode, Refusal> {
    only_the_super_administrator(&app, asker, WHAT).await?;
    if !app.store.revoke_invitation(invitation).await? {
        return Err(Refusal::not_found("There is no such invitation; it may have been used up or revoked."));
    }
    Ok(StatusCode::NO_CONTENT)
}
