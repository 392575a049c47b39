//! Where the bus is, and how the way to it is protected.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use redis::{Client, ConnectionAddr, ConnectionInfo, IntoConnectionInfo as _, ProtocolVersion, TlsCertificates};

/// The address of a Redis or Valkey: `redis://user:password@host:port/number`, `rediss://…` over TLS, or
/// `redis+unix:///path`. It may hold a password: `Debug` and `Display` show nothing but where it is.
#[derive(Clone)]
pub struct BusAddress {
    info: ConnectionInfo,
    roots: Option<PathBuf>,
}

impl BusAddress {
    /// How the driver is told.
    pub(super) fn client(&self) -> Result<Client, String> {
        let Some(file) = &self.roots else {
            return Client::open(self.info.clone()).map_err(|error| error.to_string());
        };
        let unusable = |why: &dyn fmt::Display| format!("{}: {why}", file.display());
        let pem = std::fs::read(file).map_err(|error| unusable(&error))?;
        let certificates = TlsCertificates { client_tls: None, root_cert: Some(pem) };
        Client::build_with_tls(self.info.clone(), certificates).map_err(|error| unusable(&error))
    }

    /// Whether a password goes to another machine without TLS.
    pub(super) fn shows_its_password(&self) -> bool {
        let is_elsewhere = match self.info.addr() {
            ConnectionAddr::Tcp(host, _) => {
                let is_loopback = host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
                !(is_loopback || host == "localhost")
            }
            _ => false,
        };
        is_elsewhere && self.info.redis_settings().password().is_some()
    }
}

impl FromStr for BusAddress {
    type Err = String;

    /// The error says what would be right, and repeats nothing of the address.
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "expected redis://HOST, rediss://HOST or redis+unix:///PATH".to_owned();
        if text.contains('#') {
            return Err("there is no protection without checking: leave out what begins with #".into());
        }
        let (base, query) = text.split_once('?').unwrap_or((text, ""));
        let (mut roots, mut others) = (None, Vec::new());
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            match pair.split_once('=') {
                Some(("sslrootcert", file)) => roots = Some(PathBuf::from(file)),
                Some(("db" | "user" | "pass", _)) => others.push(pair),
                _ => return Err("after the question mark only sslrootcert, db, user and pass are known".into()),
            }
        }
        let base = if others.is_empty() { base.to_owned() } else { format!("{base}?{}", others.join("&")) };
        let info = base.into_connection_info().map_err(|_| wrong())?;
        if roots.is_some() && !matches!(info.addr(), ConnectionAddr::TcpTls { .. }) {
            return Err("sslrootcert is for rediss://".into());
        }
        // Hints come as pushes between answers.
        let settings = info.redis_settings().clone().set_protocol(ProtocolVersion::RESP3);
        Ok(Self { info: info.set_redis_settings(settings), roots })
    }
}

impl fmt::Display for BusAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.info.addr() {
            ConnectionAddr::Tcp(host, port) => write!(formatter, "redis://{host}:{port}"),
            ConnectionAddr::TcpTls { host, port, .. } => write!(formatter, "rediss://{host}:{port}"),
            ConnectionAddr::Unix(path) => write!(formatter, "redis+unix://{}", path.display()),
            _ => formatter.write_str("redis"),
        }
    }
}

impl fmt::Debug for BusAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "BusAddress({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> BusAddress {
        text.parse().unwrap()
    }

    #[test]
    fn neither_debug_nor_display_nor_an_error_shows_a_password() {
        for (text, shown) in [
            ("redis://huis:s3cr3t@bus.example.org", "redis://bus.example.org:6379"),
            ("rediss://:s3cr3t@bus.example.org:7000/2", "rediss://bus.example.org:7000"),
            ("redis+unix:///run/redis.sock?pass=s3cr3t", "redis+unix:///run/redis.sock"),
        ] {
            let address = address(text);
            assert_eq!(format!("{address} {address:?}"), format!("{shown} BusAddress({shown})"));
            assert_eq!(address.info.redis_settings().password(), Some("s3cr3t"));
        }
        for wrong in [
            "postgres://a:s3cr3t@b/c",
            "redis://a:s3cr3t@b:port",
            "redis://a:s3cr3t@b/name",
            "rediss://a:s3cr3t@b/#insecure",
            "redis://a:s3cr3t@b?tls=no",
            "redis://a:s3cr3t@b?sslrootcert=/etc/root.pem",
        ] {
            let error = wrong.parse::<BusAddress>().unwrap_err();
            assert!(!error.contains("s3cr3t"), "{error}");
        }
    }

    #[test]
    fn a_password_that_leaves_the_machine_in_the_clear_is_noticed() {
        for (text, is_shown) in [
            ("redis://:secret@bus.example.org", true),
            ("redis://bus.example.org", false),
            ("redis://:secret@localhost", false),
            ("redis://:secret@[::1]:7000", false),
            ("rediss://:secret@bus.example.org", false),
        ] {
            assert_eq!(address(text).shows_its_password(), is_shown, "{text}");
        }
    }
}
