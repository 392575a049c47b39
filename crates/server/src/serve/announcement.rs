//! What the operator reads when the server has started.

use std::fmt::Write as _;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};

use huis_proto::rest::RegistrationPolicy;

use super::RunningServer;
use crate::config::{Config, Tls};

/// Draws a text as a QR code for a terminal, its lines each ended; none where it is too long for one.
pub type DrawCode = fn(&str) -> Option<String>;

/// The words for the terminal: where the server is, how devices come to trust it, and the exact commands for newcomers. **It
/// holds the access passphrase and the one-time code**: it goes to the operator's screen and nowhere else.
pub fn announcement(config: &Config, server: &RunningServer, draw: DrawCode) -> String {
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
    // What clients hold to, in the digits in which they show it.
    match (server.authority_fingerprint(), server.fingerprint()) {
        (Some(authority), _) => _ = writeln!(text, "Authority (SHA-256): {authority}"),
        (None, Some(certificate)) => _ = writeln!(text, "Certificate (SHA-256): {certificate}"),
        (None, None) => {}
    }
    if let Some(fingerprint) = server.authority_fingerprint() {
        trust(&mut text, config, &url_nearby(config, server).unwrap_or_else(|| url.clone()), &fingerprint, draw);
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
    if newcomers.registration != config.registration {
        let _ = writeln!(text, "That was changed while the server ran: huis admin settings list");
    }
    if let Some(claim) = &newcomers.claim {
        let _ =
            writeln!(text, "\nThis server has no super-administrator yet. To become it, once, until the next start:");
        let _ = writeln!(text, "  huis register NAME --server {url} --claim {}", claim.expose());
    }
    text
}

/// How a phone comes to trust the certificate. The page comes over a connection that nothing protects yet, so what it says
/// proves nothing: the fingerprint is compared with what the phone itself shows.
fn trust(text: &mut String, config: &Config, url: &str, fingerprint: &str, draw: DrawCode) {
    let page = plain(url);
    let _ = writeln!(text, "\nA phone or browser trusts it once it was given this server's authority. Open on it:");
    let _ = writeln!(text, "  {page}");
    if let Some(code) = draw(&page) {
        let _ = writeln!(text, "{}", code.trim_end_matches('\n'));
    }
    let _ = writeln!(
        text,
        "Before you trust it there, compare what the phone shows of it with this fingerprint (SHA-256):"
    );
    for line in spelled(fingerprint) {
        let _ = writeln!(text, "  {line}");
    }
    if config.listen.ip().is_loopback() {
        let _ = writeln!(text, "Other machines do not reach this address: listen on all by --listen 0.0.0.0:8443");
    }
}

/// The page that explains it, at the same port without TLS.
fn plain(url: &str) -> String {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://")).unwrap_or(url);
    let has_port = rest.rsplit_once(':').is_some_and(|(_, port)| port.bytes().all(|digit| digit.is_ascii_digit()));
    if has_port { format!("http://{rest}/") } else { format!("http://{rest}:443/") }
}

/// A fingerprint as most devices show it, in two lines.
fn spelled(fingerprint: &str) -> Vec<String> {
    let digits: Vec<char> = fingerprint.to_ascii_uppercase().chars().collect();
    let bytes: Vec<String> = digits.chunks(2).map(|byte| byte.iter().collect()).collect();
    bytes.chunks(16).map(|line| line.join(":")).collect()
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
    fn the_page_is_at_the_same_port_without_tls() {
        for (url, page) in [
            ("https://192.168.1.10:8443", "http://192.168.1.10:8443/"),
            ("https://nas.local", "http://nas.local:443/"),
            ("https://[fd00::1]", "http://[fd00::1]:443/"),
            ("https://[fd00::1]:8443", "http://[fd00::1]:8443/"),
        ] {
            assert_eq!(plain(url), page);
        }
    }

    #[test]
    fn a_fingerprint_is_spelled_as_devices_show_it() {
        let spelled = spelled(&"0f".repeat(32));
        assert_eq!(spelled, [vec!["0F"; 16].join(":"), vec!["0F"; 16].join(":")]);
    }

    #[test]
    fn a_passphrase_is_one_word_of_a_shell() {
        assert_eq!(quoted("amber-basket"), "amber-basket");
        assert_eq!(quoted("amber basket"), "'amber basket'");
        assert_eq!(quoted("it's $HOME"), r"'it'\''s $HOME'");
    }
}
