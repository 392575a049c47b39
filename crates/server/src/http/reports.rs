//! Reports by members. What becomes of them stands in `admin/reports.rs`.

use axum::Json;
use axum::extract::State;
use huis_proto::rest::{CreateReport, OwnReport, ProvenContent, ReportMade, ReportedPlace, RevealedMessage};
use huis_proto::{AccountId, ErrorCode, Member, ReportId, limits};
use huis_store::{NewReport, ReportPut};
use rand::rngs::OsRng;

use super::json::JsonBody;
use super::problem::Refusal;
use super::resources::{OpenApiRouter, routes};
use super::signed_in::SignedInDevice;
use crate::delivery::FrankingKey;
use crate::state::App;

pub(super) fn routes() -> OpenApiRouter {
    OpenApiRouter::new().routes(routes!(list, create))
}

/// The reports that the account made, the newest first, with what was answered; at most 50.
#[utoipa::path(get, path = "/api/v1/reports", tag = "reports", responses((status = 200, body = [OwnReport]), Refusal))]
async fn list(State(app): State<App>, asker: SignedInDevice) -> Result<Json<Vec<OwnReport>>, Refusal> {
    Ok(Json(app.store.own_reports(asker.member.account).await?))
}

/// Reports a person or a message to those who look after the server, who see who made the report. What is revealed of a
/// message is kept where commitment and MAC hold for it, and refused with `report-unproven` otherwise; where nothing is
/// revealed the report counts as unproven.
#[utoipa::path(
    post,
    path = "/api/v1/reports",
    tag = "reports",
    request_body = CreateReport,
    responses((status = 200, body = ReportMade), Refusal)
)]
async fn create(
    State(app): State<App>,
    asker: SignedInDevice,
    JsonBody(request): JsonBody<CreateReport>,
) -> Result<Json<ReportMade>, Refusal> {
    let (reporter, now_ms) = (asker.member.account, app.clock.now_ms());
    app.rate_limits.report(reporter, now_ms).await?;
    let CreateReport { account, category, note, message } = request;
    if account == reporter {
        return Err(Refusal::bad_request("This is your own account; delete what you wrote yourself instead."));
    }
    let note = text(&note, "A note")?;
    let (message, revealed) = match message {
        None => (None, None),
        Some(message) => {
            let revealed = message.revealed.map(|revealed| proven(&app.franking, account, message.place, revealed));
            (Some(message.place), revealed.transpose()?)
        }
    };
    let id = ReportId::random(&mut OsRng);
    let new = NewReport { id, reporter, reported: account, category, note, made_at_ms: now_ms, message, revealed };
    match app.store.put_report(new, limits::REPORTS).await? {
        ReportPut::Kept => Ok(Json(ReportMade { id })),
        ReportPut::NoAccount => Err(Refusal::not_found("There is no such account.")),
        ReportPut::TooMany => Err(Refusal::new(
            ErrorCode::LimitReached,
            format!(
                "You have {} reports here, which is as many as there may be; one goes {} days after it was closed.",
                limits::REPORTS,
                limits::REPORT_KEPT.as_secs() / (24 * 3600)
            ),
        )),
    }
}

/// What is kept of a message, if the account wrote it there and then.
fn proven(
    key: &FrankingKey,
    author: AccountId,
    place: ReportedPlace,
    revealed: RevealedMessage,
) -> Result<ProvenContent, Refusal> {
    let RevealedMessage { content, opening, mac, share } = revealed;
    if content.len() > limits::LOG_PAYLOAD {
        return Err(Refusal::too_large("The message's content", content.len(), limits::LOG_PAYLOAD));
    }
    let author = Member { account: author, device: place.device };
    let holds = key.proves(&opening, &content, &mac, place.conversation, author, place.seq, place.received_at_ms);
    if content.is_empty() || !holds {
        return Err(Refusal::new(
            ErrorCode::ReportUnproven,
            "What is revealed is not what this server passed on from that device, there and then; report it without revealing it.",
        ));
    }
    Ok(ProvenContent { content, share })
}

/// A note or an answer, without the space around it.
pub(super) fn text(text: &str, what: &str) -> Result<String, Refusal> {
    let (text, most) = (text.trim(), limits::REPORT_TEXT_CHARACTERS);
    if text.chars().count() > most || text.chars().any(|one| one.is_control() && one != '\n') {
        let title = format!("{what} has at most {most} characters, and no control characters but the ends of lines.");
        return Err(Refusal::bad_request(title));
    }
    Ok(text.to_owned())
}
