//! Clients that are too old to be served.

use axum::extract::Request;
use huis_proto::ErrorCode;
use huis_proto::versions::{CLIENT_HEADER, Version};

use super::problem::Refusal;

/// What every client may ask, however old: there it learns which clients are served.
const FOR_ALL: &str = "/api/v1/server";

/// Refuses a request that states a version of Huis older than `minimum`. Who states none, or another product's version,
/// is served: the numbers of other makers mean nothing here.
pub(super) fn check(minimum: Version, request: &Request) -> Result<(), Refusal> {
    let stated = request.headers().get(CLIENT_HEADER).and_then(|header| header.to_str().ok());
    match stated.and_then(Version::stated) {
        Some(version) if version < minimum && request.uri().path() != FOR_ALL => Err(Refusal::new(
            ErrorCode::ClientTooOld,
            format!(
                "This client is version {version} of Huis, and this server serves {minimum} and newer; install a newer version."
            ),
        )),
        _ => Ok(()),
    }
}
