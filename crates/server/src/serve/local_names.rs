//! Under which names and addresses the local network finds this machine.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::config::{Config, Network};

/// The most that one certificate is for.
pub(super) const MOST: usize = 64;

/// Domains that nobody in the Internet has: RFC 6762, RFC 8375, ICANN's decision of July 2024, RFC 6761.
pub(super) const DOMAINS: [&str; 4] = ["local", "home.arpa", "internal", "localhost"];

/// Networks that are nobody's in the Internet: RFC 1122, RFC 1918, RFC 3927, RFC 6598, and for IPv6 RFC 4291 and RFC 4193.
pub(super) const NETWORKS: [(IpAddr, u8); 9] = [
    (IpAddr::V4(Ipv4Addr::new(127, 0, 0, 0)), 8),
    (IpAddr::V4(Ipv4Addr::new(10, 0, 0, 0)), 8),
    (IpAddr::V4(Ipv4Addr::new(172, 16, 0, 0)), 12),
    (IpAddr::V4(Ipv4Addr::new(192, 168, 0, 0)), 16),
    (IpAddr::V4(Ipv4Addr::new(169, 254, 0, 0)), 16),
    (IpAddr::V4(Ipv4Addr::new(100, 64, 0, 0)), 10),
    (IpAddr::V6(Ipv6Addr::LOCALHOST), 128),
    (IpAddr::V6(Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0)), 7),
    (IpAddr::V6(Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0)), 10),
];

/// What a certificate should be for, the most important first, each once: what is configured, this machine to itself, its
/// name in the local network, its private addresses. Of IPv6 only what is configured: a machine changes its addresses there
/// by the day, and each change would be another certificate.
pub(super) fn wanted(config: &Config) -> Vec<String> {
    let mut names = configured(config);
    names.extend(["localhost".to_owned(), Ipv4Addr::LOCALHOST.to_string(), Ipv6Addr::LOCALHOST.to_string()]);
    names.extend(machine().map(|label| format!("{label}.local")));
    names.extend(host_name().filter(|name| name.contains('.') && is_private(name)));
    let mut addresses = addresses();
    addresses.sort();
    names.extend(addresses.into_iter().map(|address| address.to_string()));
    once(names)
}

/// What the operator named: where clients come, and where it listens.
pub(super) fn configured(config: &Config) -> Vec<String> {
    let url: Option<http::Uri> = config.public_url.as_ref().and_then(|url| url.parse().ok());
    let host = url.as_ref().and_then(http::Uri::host).map(|host| host.trim_matches(['[', ']']).to_lowercase());
    let listen = Some(config.listen.ip()).filter(|address| !address.is_unspecified());
    let names = host.into_iter().chain(listen.map(|address| address.to_string()));
    // An address has several spellings, and certificates one.
    let canonical = |name: String| name.parse::<IpAddr>().map_or(name, |address| address.to_string());
    once(names.filter(|name| is_usable(name)).map(canonical).collect())
}

/// The first label of the machine's name.
pub(super) fn machine() -> Option<String> {
    let name = host_name()?;
    let label = name.split('.').next().unwrap_or_default();
    (label != "localhost").then(|| label.to_owned())
}

/// Whether nobody in the Internet has this name or address.
pub(super) fn is_private(name: &str) -> bool {
    match name.parse::<IpAddr>() {
        Ok(address) => NETWORKS.iter().any(|(base, prefix)| lies_in(address, *base, *prefix)),
        Err(_) => DOMAINS.iter().any(|domain| is_below(name, domain)),
    }
}

/// Whether a constraint to `domain` permits `name` (RFC 5280, section 4.2.1.10).
pub(super) fn is_below(name: &str, domain: &str) -> bool {
    name == domain || name.strip_suffix(domain).is_some_and(|before| before.ends_with('.'))
}

fn lies_in(address: IpAddr, base: IpAddr, prefix: u8) -> bool {
    let network = format!("{base}/{prefix}").parse::<Network>();
    address.is_ipv4() == base.is_ipv4() && network.is_ok_and(|network| network.contains(address))
}

fn host_name() -> Option<String> {
    let name = nix::unistd::gethostname().ok()?.into_string().ok()?.to_lowercase();
    Some(name.trim_end_matches('.').to_owned()).filter(|name| is_usable(name))
}

/// The private addresses that the machine's interfaces have at this moment.
fn addresses() -> Vec<Ipv4Addr> {
    let interfaces = match nix::ifaddrs::getifaddrs() {
        Ok(interfaces) => interfaces,
        Err(error) => {
            tracing::debug!(%error, "the addresses of this machine can't be found; what is configured counts");
            return Vec::new();
        }
    };
    let found = interfaces.filter_map(|interface| Some(interface.address?.as_sockaddr_in()?.ip()));
    found.filter(|address| !address.is_loopback() && is_private(&address.to_string())).collect()
}

/// Whether a certificate can state it: an address, or a name as RFC 1123, section 2.1, has it.
fn is_usable(name: &str) -> bool {
    let is_label = |label: &str| {
        let fits = label.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
        fits && (1..=63).contains(&label.len()) && !label.starts_with('-') && !label.ends_with('-')
    };
    name.parse::<IpAddr>().is_ok() || (name.len() <= 253 && name.split('.').all(is_label))
}

/// Each once, and no more of them than a certificate takes.
pub(super) fn once(names: Vec<String>) -> Vec<String> {
    let mut kept: Vec<String> = Vec::new();
    for name in names {
        if kept.len() < MOST && !kept.contains(&name) {
            kept.push(name);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_somebody_in_the_internet_may_have_is_not_private() {
        for name in
            ["nas.local", "a.b.home.arpa", "localhost", "10.1.2.3", "172.31.0.1", "169.254.7.7", "::1", "fd00::1"]
        {
            assert!(is_private(name), "{name}");
        }
        for name in [
            "nas",
            "example.org",
            "notlocal",
            "local.example.org",
            "8.8.8.8",
            "172.32.0.1",
            "2001:db8::1",
            "::ffff:8.8.8.8",
        ] {
            assert!(!is_private(name), "{name}");
        }
    }

    #[test]
    fn what_is_configured_comes_first_and_nothing_comes_twice() {
        let mut config = Config::in_folder("/nowhere");
        config.public_url = Some("https://Chat.Home.Arpa:8443".into());
        config.listen = ([192, 168, 1, 10], 8443).into();
        let names = wanted(&config);
        assert_eq!(names[..5], ["chat.home.arpa", "192.168.1.10", "localhost", "127.0.0.1", "::1"]);
        assert_eq!(once(names.iter().chain(&names).cloned().collect()), names);
        let many: Vec<String> = (0..1000).map(|number| format!("{number}.local")).collect();
        assert_eq!(once(many).len(), MOST);
    }

    #[test]
    fn a_name_that_no_certificate_can_state_is_left_out() {
        let mut config = Config::in_folder("/nowhere");
        config.listen = ([0, 0, 0, 0], 8443).into();
        for host in ["my_house.local", "-a.local", "a..local"] {
            config.public_url = Some(format!("https://{host}"));
            assert!(configured(&config).is_empty(), "{host}");
        }
        config.public_url = Some("https://[FD00:0::1]:8443".into());
        assert_eq!(configured(&config), ["fd00::1"]);
    }
}
