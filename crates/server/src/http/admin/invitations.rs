//! Invitations: made, listed and revoked by administrators, with a link to the web app where it is known how it is reached.

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use huis_proto::rest::{CreateInvitation, InvitationInfo, InvitationLink, InvitationMade, Secret};
use huis_proto::{ErrorCode, InvitationId, limits};
use huis_store::Acted;
use qrcode::{Color, EcLevel, QrCode};
use rand::rngs::OsRng;

use super::Allowed;
use super::actions::Action;
use crate::config::public_url;
use crate::http::json::{JsonBody, UrlPath};
use crate::http::problem::Refusal;
use crate::http::resources::{OpenApiRouter, routes};
use crate::invitation_codes::InvitationCode;
use crate::state::App;

pub(super) fn routes() -> OpenApiRouter {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(revoke))
}

/// The invitations that still let somebody in, as a list.
#[utoipa::path(
    get,
    path = "/api/v1/admin/invitations",
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
    path = "/api/v1/admin/invitations",
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
    let at = match &request.at {
        Some(at) => Some(public_url(at).map_err(|wrong| Refusal::bad_request(format!("at: {wrong}.")))?),
        None => None,
    };
    let now_ms = app.clock.now_ms();
    let code = InvitationCode::random(&mut OsRng);
    let hash = code.hash();
    let invitation = code.into_secret();
    // Without the web app there is nothing at the link. What can't be drawn is refused before there is an invitation.
    let place = app.config.public_url.clone().or(at).filter(|_| !app.config.web_app.is_empty());
    let link = place.map(|place| link(&place, &invitation)).transpose()?;
    let info = InvitationInfo {
        id: InvitationId::random(&mut OsRng),
        uses: request.uses,
        uses_left: request.uses,
        made_by: asker.username.clone(),
        made_at_ms: now_ms,
        expires_at_ms: now_ms.saturating_add(request.expires_in_s * 1000),
    };
    match app.store.put_invitation(asker.act(now_ms), hash, info.clone(), limits::INVITATIONS).await? {
        Acted::TooMany => {
            return Err(Refusal::new(
                ErrorCode::LimitReached,
                format!("There are {} invitations already; revoke one, or let them be used up.", limits::INVITATIONS),
            ));
        }
        acted => asker.done(acted, String::new)?,
    }
    Ok(Json(InvitationMade { invitation, link, info }))
}

/// What opens the web app with the code. A QR code on a screen is neither torn nor stained, so the lowest level of correction
/// makes it as small as it can be.
fn link(place: &str, invitation: &Secret) -> Result<InvitationLink, Refusal> {
    let address = Secret::new(format!("{place}/#invitation={}", invitation.expose()));
    let code = QrCode::with_error_correction_level(address.expose(), EcLevel::L)
        .map_err(|_| Refusal::bad_request("This address is too long for a QR code."))?;
    let modules = code.to_colors();
    let row =
        |row: &[Color]| row.iter().map(|module| if *module == Color::Dark { '1' } else { '0' }).collect::<String>();
    let rows = modules.chunks(code.width()).map(|modules| Secret::new(row(modules))).collect();
    Ok(InvitationLink { address, rows })
}

/// Revokes an invitation, at once.
#[utoipa::path(
    delete,
    path = "/api/v1/admin/invitations/{invitation}",
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
