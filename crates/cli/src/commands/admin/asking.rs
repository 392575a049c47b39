//! How the server is asked for what it does for those who look after it.

use std::fmt::Write as _;
use std::time::Duration;

use huis_proto::limits;
use huis_texts::rfc3339;
use huis_views::{AdministrativeMethod, Command, Reply};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::outcome::{Outcome, Stop};
use crate::session::Session;

/// Asks for what lies at this path, with no body.
pub(super) async fn asks<T: DeserializeOwned>(
    session: &mut Session,
    method: AdministrativeMethod,
    path: String,
) -> Outcome<T> {
    asks_with(session, method, path, None::<&()>).await
}

/// The same with a body.
pub(super) async fn asks_with<T: DeserializeOwned>(
    session: &mut Session,
    method: AdministrativeMethod,
    path: String,
    body: Option<&impl Serialize>,
) -> Outcome<T> {
    let body = body.map(serde_json::to_string).transpose().map_err(|error| not_json(&error))?.unwrap_or_default();
    match session.ask(Command::Administrate { method, path, body }).await? {
        Reply::Administrated(answer) => serde_json::from_str(&answer).map_err(|error| not_json(&error)),
        other => Err(Stop::unexpected(&other)),
    }
}

fn not_json(error: &serde_json::Error) -> Stop {
    Stop::failed("bad-answer", format!("the server's answer can't be read: {error}"), "")
}

/// A username as a part of a path.
pub(super) fn name(text: &str) -> String {
    encoded(text.strip_prefix('@').unwrap_or(text))
}

/// A text as a part of a path or query (RFC 3986, section 2.1).
pub(super) fn encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(byte.into());
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

/// After how long a suspension or ban ends.
pub(super) fn span(text: &str) -> Result<Duration, String> {
    let span = huis_texts::span(text).map_err(|error| error.to_string())?;
    if span < Duration::from_secs(1) || span > limits::BAR_LIFE {
        return Err("expected from one second to ten years; leave it out for what has no end".into());
    }
    Ok(span)
}

/// A day as a date.
pub(super) fn date(ms: u64) -> String {
    let time = rfc3339(ms);
    time.split('T').next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_in_a_path_ends_no_part_of_it() {
        assert_eq!(name("@anna.b-c_1"), "anna.b-c_1");
        assert_eq!(encoded("../a b?é"), "..%2Fa%20b%3F%C3%A9");
    }

    #[test]
    fn a_day_is_a_date() {
        assert_eq!(date(20_000 * 86_400_000), "2024-10-04");
    }
}
