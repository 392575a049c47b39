//! The server's certificate: from files that may change, of the server's own authority, or made once and kept.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::SystemTime;

use rustls::ServerConfig;
use rustls::crypto::CryptoProvider;
use rustls::crypto::ring::default_provider;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use sha2::{Digest, Sha256};
use tokio_rustls::TlsAcceptor;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer as _, X509Certificate};

use super::local_authority::{AUTHORITY, ISSUER, LocalAuthority, SERVED};
use crate::config::Config;
use crate::keys::{KeyError, make_private_folder, write_private};

/// The folder of certificates that the server makes, in the data folder.
pub(crate) const FOLDER: &str = "tls";
/// The self-signed certificate there.
pub(crate) const CERTIFICATE: &str = "certificate.pem";
/// Its key.
pub(crate) const KEY: &str = "key.pem";

/// The certificate can't be had.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file can't be read.
    #[error("{path}: {error}")]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        error: String,
    },
    /// Certificate and key don't belong together, or are of a kind that is not known here.
    #[error("the certificate {certificate} and the key {key} can't be used together: {error}")]
    Pair {
        /// The certificate's file.
        certificate: PathBuf,
        /// The key's file.
        key: PathBuf,
        /// Why.
        error: rustls::Error,
    },
    /// A certificate of the server's own can't be made.
    #[error("a certificate can't be made: {0}")]
    Making(String),
    /// A part of the server's authority is missing.
    #[error(
        "{0} is missing although this server has an authority, which people may have on their phones: restore it from a backup. \
         To begin with another authority, delete what is there of {AUTHORITY}, {ISSUER} and {SERVED} in the same folder: each \
         phone must then be given that one"
    )]
    Missing(PathBuf),
    /// The parts of the server's authority are of two.
    #[error("{authority} and {issuer} don't belong together: {error}; restore both from one backup")]
    Authority {
        /// The authority's file.
        authority: PathBuf,
        /// The issuer's file.
        issuer: PathBuf,
        /// Why.
        error: &'static str,
    },
    /// It can't be kept.
    #[error(transparent)]
    Keeping(#[from] KeyError),
    /// The TLS library refuses its own defaults.
    #[error("TLS can't be set up: {0}")]
    Setup(rustls::Error),
}

/// A certificate and its key in two files, and what they held when they were last read.
pub(super) struct Certificates {
    certificate: PathBuf,
    key: PathBuf,
    seen: Option<Stamp>,
    current: Arc<Current>,
    /// Who issues it, if that is this server.
    local: Option<LocalAuthority>,
}

/// By which a changed file is noticed.
type Stamp = [Option<(SystemTime, u64)>; 2];

#[derive(Debug)]
struct Current(RwLock<Arc<CertifiedKey>>);

impl Certificates {
    /// The certificate of these files (PEM).
    pub(super) fn from_files(certificate: &Path, key: &Path) -> Result<Self, TlsError> {
        let seen = Some(stamp(certificate, key));
        let pair = read(certificate, key)?;
        tell_end(&pair);
        let current = Arc::new(Current(RwLock::new(pair)));
        Ok(Self { certificate: certificate.into(), key: key.into(), seen, current, local: None })
    }

    /// A certificate of this server's authority, which is made where there is none yet.
    pub(super) fn local(config: &Config, now_ms: u64) -> Result<Self, TlsError> {
        let authority = LocalAuthority::open_or_make(config, now_ms)?;
        for name in authority.refused(config) {
            tracing::warn!(
                name,
                "the authority was made without this name or address and can't vouch for it; see huis serve --check"
            );
        }
        let kept_up = authority.keep_up(config, now_ms);
        let served = authority.served();
        match (Self::from_files(&served, &served), kept_up) {
            (Ok(files), kept_up) => {
                if let Err(error) = kept_up {
                    tracing::warn!(%error, "the certificate can't be renewed; the old one stays");
                }
                Ok(Self { local: Some(authority), ..files })
            }
            (Err(_), Err(error)) | (Err(error), Ok(_)) => Err(error),
        }
    }

    /// The certificate that was made at the first start with `tls = self-signed`, or a fresh one.
    pub(super) fn self_signed(config: &Config) -> Result<Self, TlsError> {
        let folder = config.data.join(FOLDER);
        let (certificate, key) = (folder.join(CERTIFICATE), folder.join(KEY));
        if !(certificate.exists() && key.exists()) {
            let making = |error: rcgen::Error| TlsError::Making(error.to_string());
            let pair = rcgen::KeyPair::generate().map_err(making)?;
            let mut parameters = rcgen::CertificateParams::new(names_of_self_signed(config)).map_err(making)?;
            parameters.distinguished_name.push(rcgen::DnType::CommonName, "Huis");
            // Clients pin it, so its end would only be a day on which everything breaks.
            parameters.not_before = rcgen::date_time_ymd(2024, 1, 1);
            parameters.not_after = rcgen::date_time_ymd(2124, 1, 1);
            let made = parameters.self_signed(&pair).map_err(making)?;
            make_private_folder(&folder)?;
            write_private(&key, zeroize::Zeroizing::new(pair.serialize_pem()).as_bytes())?;
            write_private(&certificate, made.pem().as_bytes())?;
        }
        Self::from_files(&certificate, &key)
    }

    pub(super) fn acceptor(&self) -> Result<TlsAcceptor, TlsError> {
        let mut config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(TlsError::Setup)?
            .with_no_client_auth()
            .with_cert_resolver(self.current.clone());
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(TlsAcceptor::from(Arc::new(config)))
    }

    /// SHA-256 of the certificate that is in use, in hexadecimal digits.
    pub(super) fn fingerprint(&self) -> String {
        fingerprint(&self.current.get())
    }

    /// The certificate of this server's authority (DER), if it has one.
    pub(super) fn authority(&self) -> Option<&CertificateDer<'static>> {
        self.local.as_ref().map(LocalAuthority::certificate)
    }

    /// What is done now and then: a certificate of the server's own authority is renewed in time, and changed files are read
    /// again.
    pub(super) fn keep_up(&mut self, config: &Config, now_ms: u64) {
        if let Some(authority) = &self.local {
            match authority.keep_up(config, now_ms) {
                Ok(true) => self.seen = None,
                Ok(false) => {}
                Err(error) => tracing::error!(%error, "the certificate can't be renewed; the old one stays"),
            }
        }
        self.reload_if_changed();
    }

    /// Reads the files again if they changed. What can't be used is said, and the old certificate stays.
    fn reload_if_changed(&mut self) {
        let now = Some(stamp(&self.certificate, &self.key));
        if now == self.seen {
            return;
        }
        self.seen = now;
        match read(&self.certificate, &self.key) {
            Ok(pair) => {
                tell_end(&pair);
                *self.current.0.write().unwrap_or_else(PoisonError::into_inner) = pair;
                tracing::info!(fingerprint = self.fingerprint(), "the certificate was read again");
            }
            Err(error) => tracing::error!(%error, "the changed certificate can't be used; the old one stays"),
        }
    }
}

impl Current {
    fn get(&self) -> Arc<CertifiedKey> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl ResolvesServerCert for Current {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.get())
    }
}

/// Reads a certificate and its key, and sees that they belong together.
pub(crate) fn read(certificate: &Path, key: &Path) -> Result<Arc<CertifiedKey>, TlsError> {
    let unreadable = |path: &Path, error: rustls_pki_types::pem::Error| TlsError::File {
        path: path.into(),
        error: match error {
            rustls_pki_types::pem::Error::NoItemsFound => "holds no such PEM block".into(),
            error => error.to_string(),
        },
    };
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(certificate)
        .and_then(Iterator::collect)
        .map_err(|error| unreadable(certificate, error))?;
    if chain.is_empty() {
        return Err(TlsError::File { path: certificate.into(), error: "holds no certificate (PEM)".into() });
    }
    let private = PrivateKeyDer::from_pem_file(key).map_err(|error| unreadable(key, error))?;
    let provider: CryptoProvider = default_provider();
    let pair = CertifiedKey::from_der(chain, private, &provider).map_err(|error| TlsError::Pair {
        certificate: certificate.into(),
        key: key.into(),
        error,
    })?;
    Ok(Arc::new(pair))
}

/// Lets operators watch when the certificate ends.
fn tell_end(pair: &CertifiedKey) {
    let der = pair.cert.first().map(AsRef::<[u8]>::as_ref).unwrap_or_default();
    if let Ok((_, certificate)) = X509Certificate::from_der(der) {
        let ends = certificate.validity().not_after.timestamp();
        metrics::gauge!("huis_certificate_expiry_timestamp_seconds").set(ends as f64);
    }
}

/// SHA-256 of a certificate, in hexadecimal digits.
pub(crate) fn fingerprint(pair: &CertifiedKey) -> String {
    pair.cert.first().map(|certificate| fingerprint_of(certificate)).unwrap_or_default()
}

/// SHA-256 of a certificate (DER), in hexadecimal digits.
pub(crate) fn fingerprint_of(certificate: &[u8]) -> String {
    Sha256::digest(certificate).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The names and addresses that a certificate is for.
pub(crate) fn names(certificate: &X509Certificate<'_>) -> Vec<String> {
    let Ok(Some(extension)) = certificate.subject_alternative_name() else { return Vec::new() };
    let names = extension.value.general_names.iter().filter_map(|name| match name {
        GeneralName::DNSName(name) => Some(name.to_lowercase()),
        GeneralName::IPAddress(bytes) => address(bytes).map(|address| address.to_string()),
        _ => None,
    });
    names.collect()
}

fn address(bytes: &[u8]) -> Option<IpAddr> {
    match bytes.len() {
        4 => <[u8; 4]>::try_from(bytes).ok().map(IpAddr::from),
        16 => <[u8; 16]>::try_from(bytes).ok().map(IpAddr::from),
        _ => None,
    }
}

fn stamp(certificate: &Path, key: &Path) -> Stamp {
    [certificate, key].map(|path| {
        let metadata = fs::metadata(path).ok()?;
        Some((metadata.modified().ok()?, metadata.len()))
    })
}

/// The names and addresses that a self-signed certificate is for.
fn names_of_self_signed(config: &Config) -> Vec<String> {
    let mut names = vec![
        "localhost".to_owned(),
        IpAddr::from(Ipv4Addr::LOCALHOST).to_string(),
        IpAddr::from(Ipv6Addr::LOCALHOST).to_string(),
    ];
    let listen = config.listen.ip();
    if !listen.is_unspecified() {
        names.push(listen.to_string());
    }
    let url: Option<http::Uri> = config.public_url.as_ref().and_then(|url| url.parse().ok());
    names.extend(url.as_ref().and_then(http::Uri::host).map(|host| host.trim_matches(['[', ']']).to_owned()));
    names.sort();
    names.dedup();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_self_signed_certificate_is_made_once_and_kept() {
        let data = tempfile::tempdir().unwrap();
        let config = Config::in_folder(data.path());
        let first = Certificates::self_signed(&config).unwrap().fingerprint();
        assert_eq!(first.len(), 64);
        assert_eq!(Certificates::self_signed(&config).unwrap().fingerprint(), first);
    }

    #[test]
    fn changed_files_are_read_again_and_unusable_ones_leave_the_old_certificate() {
        let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
        let [mut used, other] =
            folders.each_ref().map(|folder| Certificates::self_signed(&Config::in_folder(folder.path())).unwrap());
        let (first, second) = (used.fingerprint(), other.fingerprint());
        used.reload_if_changed();
        assert_eq!(used.fingerprint(), first);

        fs::write(&used.certificate, "no certificate").unwrap();
        used.reload_if_changed();
        assert_eq!(used.fingerprint(), first);

        fs::copy(&other.certificate, &used.certificate).unwrap();
        used.reload_if_changed();
        assert_eq!(used.fingerprint(), first, "the key does not fit it yet");

        fs::copy(&other.key, &used.key).unwrap();
        // Two files of the same size, written within one tick of the file system's clock, look alike.
        used.seen = None;
        used.reload_if_changed();
        assert_eq!(used.fingerprint(), second);
    }

    #[test]
    fn a_missing_or_empty_file_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let empty = folder.path().join("empty.pem");
        fs::write(&empty, "").unwrap();
        let missing = folder.path().join("missing.pem");
        for path in [&missing, &empty] {
            let error = Certificates::from_files(path, path).err().unwrap().to_string();
            assert!(error.contains(path.to_str().unwrap()), "{error}");
        }
    }
}
