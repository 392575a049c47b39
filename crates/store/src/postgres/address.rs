//! Where the database is, and how the way to it is protected.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::StoreError;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// A silent connection is asked for a sign of life after so long, and so often before it is given up: also one on which
/// nothing is sent, for its answer is waited for.
const QUIET: Duration = Duration::from_secs(10);
const BETWEEN_SIGNS: Duration = Duration::from_secs(5);
const SIGNS: u32 = 3;
/// After so long without an answer of the other side's TCP a connection is given up.
const SILENCE: Duration = Duration::from_secs(30);

/// The address of a PostgreSQL database: `postgres://user:password@host:port/database`, with `?sslmode=` and
/// `sslrootcert=`. It may hold a password: `Debug` and `Display` show nothing but host and database.
#[derive(Clone)]
pub struct DatabaseAddress {
    config: Config,
    is_protected: bool,
    roots: Option<PathBuf>,
}

impl DatabaseAddress {
    /// How the driver is told.
    pub(super) fn config(&self) -> &Config {
        &self.config
    }

    /// TLS, unless it is off.
    pub(super) fn tls(&self) -> Result<Option<MakeRustlsConnect>, StoreError> {
        if !self.is_protected {
            return Ok(None);
        }
        let roots = match &self.roots {
            Some(file) => roots_of(file)?,
            None => RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() },
        };
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let versions = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let versions = versions.map_err(|error| StoreError::Other(error.to_string()))?;
        Ok(Some(MakeRustlsConnect::new(versions.with_root_certificates(roots).with_no_client_auth())))
    }
}

impl FromStr for DatabaseAddress {
    type Err = String;

    /// The error says what would be right, and repeats nothing of the address.
    fn from_str(text: &str) -> Result<Self, String> {
        if !(text.starts_with("postgres://") || text.starts_with("postgresql://")) {
            return Err("expected postgres://user@host/database".into());
        }
        let (base, query) = text.split_once('?').unwrap_or((text, ""));
        // Whatever stood behind the first one would be taken for the host, and shown.
        if base.matches('@').count() > 1 {
            return Err("an @ in a name or password is written as %40".into());
        }
        let (mut mode, mut roots, mut others) = (None, None, Vec::new());
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            match pair.split_once('=') {
                Some(("sslmode", value)) => mode = Some(value),
                Some(("sslrootcert", value)) => roots = Some(PathBuf::from(value)),
                _ => others.push(pair),
            }
        }
        let base = if others.is_empty() { base.to_owned() } else { format!("{base}?{}", others.join("&")) };
        let mut config = Config::from_str(&base).map_err(|_| "expected postgres://user:password@host:port/database")?;
        // It would be where the way leads, whatever the host is.
        if !config.get_hostaddrs().is_empty() {
            return Err("there is no hostaddr here: write the address as the host".into());
        }
        let is_protected = match mode {
            Some("disable") => false,
            Some("require" | "verify-full") => true,
            Some(_) => return Err("sslmode is disable, or verify-full, which is what require means here too".into()),
            None => roots.is_some() || config.get_hosts().iter().any(is_elsewhere),
        };
        config.ssl_mode(if is_protected { SslMode::Require } else { SslMode::Disable });
        config.connect_timeout(CONNECT_TIMEOUT).tcp_user_timeout(SILENCE);
        config.keepalives_idle(QUIET).keepalives_interval(BETWEEN_SIGNS).keepalives_retries(SIGNS);
        if config.get_application_name().is_none() {
            config.application_name("huis");
        }
        Ok(Self { config, is_protected, roots })
    }
}

impl fmt::Display for DatabaseAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("postgres://")?;
        for (place, host) in self.config.get_hosts().iter().enumerate() {
            let comma = if place == 0 { "" } else { "," };
            match host {
                Host::Tcp(name) => write!(formatter, "{comma}{name}")?,
                Host::Unix(path) => write!(formatter, "{comma}{}", path.display())?,
            }
        }
        write!(formatter, "/{}", self.config.get_dbname().unwrap_or_default())
    }
}

impl fmt::Debug for DatabaseAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "DatabaseAddress({self})")
    }
}

/// Whether what goes there leaves this machine.
fn is_elsewhere(host: &Host) -> bool {
    match host {
        Host::Tcp(name) => {
            let is_loopback = name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
            !(is_loopback || name == "localhost")
        }
        Host::Unix(_) => false,
    }
}

fn roots_of(file: &Path) -> Result<RootCertStore, StoreError> {
    let unusable = |why: String| StoreError::Other(format!("{}: {why}", file.display()));
    let mut roots = RootCertStore::empty();
    let found = CertificateDer::pem_file_iter(file).map_err(|error| unusable(error.to_string()))?;
    for certificate in found {
        let certificate = certificate.map_err(|error| unusable(error.to_string()))?;
        roots.add(certificate).map_err(|error| unusable(error.to_string()))?;
    }
    if roots.is_empty() { Err(unusable("there is no certificate in it".into())) } else { Ok(roots) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> DatabaseAddress {
        text.parse().expect("an address")
    }

    #[test]
    fn neither_debug_nor_display_nor_an_error_shows_a_password() {
        let one = address("postgres://huis:s3cr3t@db.example.org:5433/huis");
        let shown = format!("{one} {one:?}");
        assert_eq!(shown, "postgres://db.example.org/huis DatabaseAddress(postgres://db.example.org/huis)");
        for wrong in [
            "mysql://a:s3cr3t@b/c",
            "postgres://a:s3cr3t@b:port/c",
            "postgres://a:s3cr3t@b/c?sslmode=prefer",
            "postgres://a:p@s3cr3t@b/c",
            "postgres://a:p@s3cr3t/p@b/c",
            "postgres://a:p@b:s3cr3t@b/c",
            "postgres://a:p/s3cr3t",
        ] {
            let error = wrong.parse::<DatabaseAddress>().expect_err("refused");
            assert!(!error.contains("s3cr3t"), "{error}");
        }
    }

    #[test]
    fn a_password_may_hold_anything_that_is_written_as_a_url_does() {
        let one = address("postgres://huis:p%40s%2F%3F@db.example.org/huis");
        assert_eq!(one.config.get_password(), Some(&b"p@s/?"[..]));
        assert_eq!(one.to_string(), "postgres://db.example.org/huis");
    }

    #[test]
    fn nothing_leads_elsewhere_than_the_host_says() {
        for elsewhere in ["postgres://a@localhost/c?hostaddr=10.0.0.7", "postgres://a@localhost/c?host%61ddr=10.0.0.7"]
        {
            elsewhere.parse::<DatabaseAddress>().expect_err("refused");
        }
        assert!(address("postgres://a@localhost/c?host=db.example.org").is_protected);
    }

    #[test]
    fn what_leaves_the_machine_is_protected_unless_somebody_says_otherwise() {
        for (text, is_protected) in [
            ("postgres://a@db.example.org/c", true),
            ("postgres://a@10.0.0.7/c", true),
            ("postgres://a@10.0.0.7/c?sslmode=disable", false),
            ("postgres://a@127.0.0.1/c", false),
            ("postgres://a@localhost/c?sslmode=verify-full", true),
            ("postgres://a@%2Frun%2Fpostgresql/c", false),
            ("postgres://a@localhost/c?sslrootcert=/etc/root.pem", true),
        ] {
            assert_eq!(address(text).is_protected, is_protected, "{text}");
        }
    }
}
