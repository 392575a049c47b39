//! The values that settings take, read from text; each refusal says what would be right.

use std::net::SocketAddr;

use super::network::Network;

pub(super) const MIB: u64 = 1024 * 1024;

pub(super) fn filled(value: &str) -> Result<&str, String> {
    if value.is_empty() { Err("expected a path".into()) } else { Ok(value) }
}

pub(super) fn address(value: &str) -> Result<SocketAddr, String> {
    let wrong = "expected an address and a port, such as 127.0.0.1:8080 or [::1]:8080";
    value.parse().map_err(|_| wrong.into())
}

pub(super) fn truth(value: &str) -> Result<bool, String> {
    match value {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err("expected true or false".into()),
    }
}

pub(super) fn networks(value: &str) -> Result<Vec<Network>, String> {
    value
        .split(',')
        .map(str::trim)
        .filter(|network| !network.is_empty())
        .map(|network| network.parse::<Network>().map_err(|error| format!("{network:?}: {error}")))
        .collect()
}

/// Up to 4 PiB.
pub(super) fn mebibytes(value: &str, least: u32) -> Result<u64, String> {
    Ok(u64::from(count(value, least, u32::MAX)?) * MIB)
}

pub(super) fn count(value: &str, least: u32, most: u32) -> Result<u32, String> {
    value
        .parse()
        .ok()
        .filter(|count| (least..=most).contains(count))
        .ok_or_else(|| format!("expected a number from {least} to {most}"))
}

pub(crate) fn public_url(value: &str) -> Result<String, String> {
    let wrong = || "expected a URL without a path, such as https://chat.example.org".to_owned();
    let url = value.trim_end_matches('/');
    let uri: http::Uri = url.parse().map_err(|_| wrong())?;
    let web = matches!(uri.scheme_str(), Some("http" | "https"));
    let plain = uri.path() == "/" && uri.query().is_none() && !url.contains(['#', '@']);
    if web && plain && uri.host().is_some_and(|host| !host.is_empty()) { Ok(url.to_owned()) } else { Err(wrong()) }
}
