//! Invitations: made, listed and revoked by administrators.

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use huis_proto::rest::{CreateInvitation, InvitationInfo, InvitationMade};
use huis_proto::{ErrorCode, InvitationId, limits};
use huis_store::Acted;
use rand::rngs::OsRng;

use super::admin::Allowed;
use super::admin::actions::Action;
use super::json::{JsonBody, UrlPath};
use super::problem::Refusal;
use super::resources::{OpenApiRouter, routes};
use crate::invitation_codes::InvitationCode;
use crate::state::App;

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
async fn list(
    State(app): State<App>,
    _: Allowed<{ Action::ListInvitations as usize }>,
) -> Result<Json<Vec<InvitationInfo>>, Refusal> {
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
    asker: Allowed<{ Action::CreateInvitation as usize }>,
    JsonBody(request): JsonBody<CreateInvitation>,
) -> Result<Json<InvitationMade>, Refusal> {
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
    match app.store.put_invitation(asker.act(now_ms), code.hash(), info, limits::INVITATIONS).await? {
        Acted::TooMany => {
            return Err(Refusal::new(
                ErrorCode::LimitReached,
                format!("There are {} invitations already; revoke one, or let them be used up.", limits::INVITATIONS),
            ));
        }
        acted => asker.done(acted, String::new)?,
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
    asker: Allowed<{ Action::RevokeInvitation as usize }>,
    UrlPath(invitation): UrlPath<InvitationId>,
) -> Result<StatusCode, Refusal> {
    let acted = app.store.revoke_invitation(asker.act(app.clock.now_ms()), invitation).await?;
    asker.done(acted, || "There is no such invitation; it may have been used up or revoked.".into())?;
    Ok(StatusCode::NO_CONTENT)
}
