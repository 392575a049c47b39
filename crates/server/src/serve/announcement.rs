//! What the operator reads when the server has started.

use std::fmt::Write as _;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};

use huis_proto::rest::RegistrationPolicy;

use super::RunningServer;
use crate::config::{Config, Tls};

/// The words for the terminal: where the server is, and the exact commands for newcomers. **It holds the access
/// passphrase and the one-time code**: it goes to the operator's screen and nowhere else.
pub fn announcement(config: &Config, server: &RunningServer) -> String {
    let url = url(config, server);
    let newcomers = server.newcomers();
    let passphrase = newcomers.access_passphrase.expose();
    let quoted = quoted(passphrase);
    let or_opens =
        if config.web_app.is_empty() { "or opens the page that explains it:" } else { "or opens in a browser:" };
    let mut text = format!("Huis {} serves {url}\n", env!("CARGO_PKG_VERSION"));
    if let Some(url) = url_nearby(config, server) {
        let _ = writeln!(text, "In the local network: {url}");
    }
    let _ = writeln!(text, "Data: {}", config.data.display());
    if let Some(address) = server.metrics_address() {
        let _ = writeln!(text, "Metrics: http://{address}/metrics");
    }
    if let Some(fingerprint) = server.fingerprint() {
        let _ = writeln!(text, "Certificate (SHA-256): {fingerprint}");
    }
    match newcomers.registration {
        RegistrationPolicy::Passphrase => {
            let _ = writeln!(text, "\nAccess passphrase: {passphrase}");
            let _ = writeln!(text, "A newcomer types:");
            let _ = writeln!(text, "  huis register NAME --server {url} --access-passphrase {quoted}");
            let _ = writeln!(text, "{or_opens}");
            let _ = writeln!(text, "  {url}/#{}", passphrase.split_whitespace().collect::<Vec<_>>().join("-"));
            let _ = writeln!(text, "The super-administrator can also let in by invitation: huis invitations create");
        }
        RegistrationPolicy::Open => {
            let _ = writeln!(text, "\nAnybody may register. A newcomer types:");
            let _ = writeln!(text, "  huis register NAME --server {url}");
            let _ = writeln!(text, "{or_opens}");
            let _ = writeln!(text, "  {url}/");
        }
        RegistrationPolicy::Invite => {
            let _ = writeln!(text, "\nNewcomers need an invitation, which the super-administrator makes:");
            let _ = writeln!(text, "  huis invitations create");
            let _ = writeln!(text, "A newcomer types:");
            let _ = writeln!(text, "  huis register NAME --server {url} --invitation CODE");
            let _ = writeln!(text, "{or_opens}");
            let _ = writeln!(text, "  {url}/");
        }
        RegistrationPolicy::Closed => {
            let _ = writeln!(text, "\nNobody new can register.");
        }
    }
    if let Some(claim) = &newcomers.claim {
        let _ =
            writeln!(text, "\nThis server has no super-administrator yet. To become it, once, until the next start:");
        let _ = writeln!(text, "  huis register NAME --server {url} --claim {}", claim.expose());
    }
    text
}

/// How clients reach the server.
fn url(config: &Config, server: &RunningServer) -> String {
    if let Some(url) = &config.public_url {
        return url.clone();
    }
    let scheme = if config.tls == Tls::Off { "http" } else { "https" };
    let address = server.address().unwrap_or(config.listen);
    if address.ip().is_unspecified() {
        // Any of the machine's addresses will do; this one is always right on the machine itself.
        return format!("{scheme}://localhost:{}", address.port());
    }
    format!("{scheme}://{address}")
}

/// How other machines near it reach it, where it listens on all addresses and no other way is set.
fn url_nearby(config: &Config, server: &RunningServer) -> Option<String> {
    let address = server.address().unwrap_or(config.listen);
    if config.public_url.is_some() || !address.ip().is_unspecified() {
        return None;
    }
    let scheme = if config.tls == Tls::Off { "http" } else { "https" };
    Some(format!("{scheme}://{}:{}", outward()?, address.port()))
}

/// The address that this machine has on the way to others. To connect a datagram's socket looks the way up and sends nothing;
/// the destination is one that documents use and nobody has (RFC 5737).
fn outward() -> Option<Ipv4Addr> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).ok()?;
    socket.connect((Ipv4Addr::new(192, 0, 2, 1), 9)).ok()?;
    match socket.local_addr().ok()? {
        SocketAddr::V4(address) if !address.ip().is_loopback() => Some(*address.ip()),
        _ => None,
    }
}

/// The text as one word of a shell.
fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.,/:@%+=".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_passphrase_is_one_word_of_a_shell() {
        assert_eq!(quoted("amber-basket"), "amber-basket");
        assert_eq!(quoted("amber basket"), "'amber basket'");
        assert_eq!(quoted("it's $HOME"), r"'it'\''s $HOME'");
    }
}
