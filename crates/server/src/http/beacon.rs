//! A public beacon's rounds, passed on.

use axum::Json;
use axum::extract::State;
use huis_proto::beacon::BeaconRound;
use serde::Deserialize;
use utoipa::IntoParams;

use super::json::UrlPath;
use super::problem::Refusal;
use super::resources::{OpenApiRouter, routes};
use super::signed_in::SignedInDevice;
use crate::beacon::NoRound;
use crate::state::App;

/// When somebody is to ask again for a round that is not there yet.
const AGAIN_S: u64 = 3;

pub(super) fn routes() -> OpenApiRouter {
    OpenApiRouter::new().routes(routes!(round))
}

/// A round of a chain, as a path names it.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
struct RoundPath {
    /// The chain's hash, in hexadecimal digits.
    chain: String,
    /// The round.
    round: u64,
}

/// What the beacon has published of a round, asked for on the device's behalf. The device checks the signature itself.
#[utoipa::path(
    get,
    path = "/api/v1/beacon/{chain}/{round}",
    tag = "time locks",
    params(RoundPath),
    responses(
        (status = 200, body = BeaconRound),
        Refusal
    ),
)]
async fn round(
    State(app): State<App>,
    device: SignedInDevice,
    UrlPath(RoundPath { chain, round }): UrlPath<RoundPath>,
) -> Result<Json<BeaconRound>, Refusal> {
    if chain != app.beacon.chain().hash_in_hex() {
        return Err(Refusal::not_found("This server passes on another chain's rounds."));
    }
    // Who asks a relay for round 0 gets its newest one (drand's HTTP interface).
    if round == 0 {
        return Err(Refusal::not_found("Rounds are counted from 1."));
    }
    let (asker, now_ms) = (device.member.account, app.clock.now_ms());
    if app.beacon.remembered(round).is_none() {
        app.rate_limits.beacon_round(asker, now_ms).await?;
    }
    match app.beacon.round(asker, round, now_ms).await {
        Ok(signature) => Ok(Json(BeaconRound::new(round, &signature))),
        Err(NoRound::Off) => Err(Refusal::not_found("This server asks no beacon.")),
        Err(NoRound::Early) => {
            Err(Refusal::not_found("The beacon has not published this round yet.").retry_after(AGAIN_S))
        }
        Err(NoRound::Unreachable) => Err(Refusal::unavailable("The beacon can't be reached from this server.", 60)),
        Err(NoRound::Busy) => Err(Refusal::unavailable("Too many ask for rounds at once.", AGAIN_S)),
    }
}
