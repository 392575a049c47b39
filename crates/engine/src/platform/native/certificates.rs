//! Which server certificates are trusted: those that a public authority (webpki's roots) vouches for; and, where none
//! does, what was there at first use, pinned by its SHA-256 fingerprint: the authority that the server shows behind its
//! certificate, if that one vouches for it and for the server's name, else the certificate itself.
//!
//! Once something is pinned it alone is accepted, whoever vouches for another: a self-signed server does not silently
//! become another one. What a pinned authority signs is looked at as any other: name, end, purpose, and what that
//! authority may vouch for.

use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use sha2::{Digest, Sha256};

/// The most certificates above the server's own that are looked at; the last of them may be an authority.
const ABOVE: usize = 4;

/// Decides on certificates, and keeps the pin.
#[derive(Debug)]
pub(super) struct Certificates {
    public: Arc<WebPkiServerVerifier>,
    provider: Arc<CryptoProvider>,
    /// None where a pin is kept no longer than this.
    pin_file: Option<PathBuf>,
    pin: Mutex<Pin>,
}

#[derive(Debug, Default)]
struct Pin {
    /// In hexadecimal.
    fingerprint: Option<String>,
    /// Whether it stands in the file.
    kept: bool,
    /// Why a certificate was refused, for the person.
    refusal: Option<String>,
}

/// Why no certificates can be decided on.
#[derive(Debug, thiserror::Error)]
pub(super) enum CertificatesError {
    #[error("{0}: {1}")]
    PinFile(PathBuf, std::io::Error),
    #[error("{0}")]
    Tls(String),
}

impl Certificates {
    pub(super) fn new(pin_file: Option<PathBuf>) -> Result<Arc<Self>, CertificatesError> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut roots = RootCertStore::empty();
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        let public = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider.clone())
            .build()
            .map_err(|error| CertificatesError::Tls(error.to_string()))?;
        let fingerprint = match pin_file.as_ref().map(fs::read_to_string) {
            None => None,
            Some(Ok(text)) => Some(text.trim().to_ascii_lowercase()),
            Some(Err(error)) if error.kind() == std::io::ErrorKind::NotFound => None,
            Some(Err(error)) => return Err(CertificatesError::PinFile(pin_file.unwrap_or_default(), error)),
        };
        let pin = Mutex::new(Pin { kept: fingerprint.is_some(), fingerprint, refusal: None });
        Ok(Arc::new(Self { public, provider, pin_file, pin }))
    }

    /// The TLS configuration with these application protocols.
    pub(super) fn config(self: &Arc<Self>, protocols: &[&[u8]]) -> Result<ClientConfig, CertificatesError> {
        let mut config = ClientConfig::builder_with_provider(self.provider.clone())
            .with_safe_default_protocol_versions()
            .map_err(|error| CertificatesError::Tls(error.to_string()))?
            .dangerous()
            .with_custom_certificate_verifier(self.clone())
            .with_no_client_auth();
        config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
        Ok(config)
    }

    /// An exchange with the server succeeded: a certificate that was seen first is pinned for good.
    pub(super) fn worked(&self) {
        let mut pin = self.pin.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(fingerprint) = pin.fingerprint.clone().filter(|_| !pin.kept)
            && let Some(pin_file) = &self.pin_file
        {
            match fs::write(pin_file, format!("{fingerprint}\n")) {
                Ok(()) => pin.kept = true,
                Err(error) => tracing::warn!(%error, "the server's certificate could not be pinned"),
            }
        }
    }

    /// What is pinned.
    pub(super) fn fingerprint(&self) -> Option<String> {
        self.pin.lock().unwrap_or_else(PoisonError::into_inner).fingerprint.clone()
    }

    /// Why the last certificate was refused, if it was.
    pub(super) fn refusal(&self) -> Option<String> {
        self.pin.lock().unwrap_or_else(PoisonError::into_inner).refusal.take()
    }

    /// Whether an authority that is shown vouches for the server's certificate, as a public one would have to.
    fn vouches(
        &self,
        authority: &CertificateDer<'_>,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        now: UnixTime,
    ) -> bool {
        let mut roots = RootCertStore::empty();
        if roots.add(authority.clone().into_owned()).is_err() {
            return false;
        }
        let by_it = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), self.provider.clone()).build();
        by_it.is_ok_and(|by_it| by_it.verify_server_cert(end_entity, intermediates, server_name, &[], now).is_ok())
    }

    /// `authority`: the fingerprint of one that is shown and vouches for the certificate.
    fn decide(
        &self,
        fingerprint: String,
        authority: Option<String>,
        public: Result<ServerCertVerified, Error>,
    ) -> Result<ServerCertVerified, Error> {
        let mut pin = self.pin.lock().unwrap_or_else(PoisonError::into_inner);
        match (&pin.fingerprint, public) {
            (Some(pinned), _) if *pinned == fingerprint || Some(pinned) == authority.as_ref() => {
                Ok(ServerCertVerified::assertion())
            }
            (Some(pinned), _) => {
                let fingerprint = authority.unwrap_or(fingerprint);
                let way_out = match &self.pin_file {
                    Some(file) => format!("if the operator confirms the new one, delete {}", file.display()),
                    None => "it changed just now".into(),
                };
                pin.refusal = Some(format!("pinned {pinned}, found {fingerprint}; {way_out}"));
                Err(Error::InvalidCertificate(CertificateError::ApplicationVerificationFailure))
            }
            (None, Ok(verified)) => Ok(verified),
            // Nobody vouches for it: first use decides. Anything else that is wrong stays wrong.
            (None, Err(Error::InvalidCertificate(error))) if nobody_vouches(&error) => {
                pin.fingerprint = Some(authority.unwrap_or(fingerprint));
                Ok(ServerCertVerified::assertion())
            }
            (None, Err(error)) => {
                pin.refusal = Some(error.to_string());
                Err(error)
            }
        }
    }
}

fn fingerprint_of(certificate: &CertificateDer<'_>) -> String {
    Sha256::digest(certificate).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A self-signed certificate shows as one of these; an expired or wrongly named one of a public authority does not.
fn nobody_vouches(error: &CertificateError) -> bool {
    match error {
        CertificateError::UnknownIssuer => true,
        CertificateError::Other(other) => other.to_string().contains("CaUsedAsEndEntity"),
        _ => false,
    }
}

impl ServerCertVerifier for Certificates {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let public = self.public.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
        let authority = intermediates.last().filter(|_| public.is_err() && intermediates.len() <= ABOVE);
        let authority = authority
            .filter(|authority| self.vouches(authority, end_entity, intermediates, server_name, now))
            .map(fingerprint_of);
        self.decide(fingerprint_of(end_entity), authority, public)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.public.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.public.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.public.supported_verify_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unknown() -> Result<ServerCertVerified, Error> {
        Err(Error::InvalidCertificate(CertificateError::UnknownIssuer))
    }

    #[test]
    fn a_certificate_is_pinned_at_first_use_and_another_is_refused_later() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("pin");
        let first = Certificates::new(Some(file.clone())).unwrap();
        assert!(first.decide("aa".into(), None, unknown()).is_ok());
        assert!(!file.exists(), "nothing is pinned before an exchange succeeded");
        first.worked();
        let later = Certificates::new(Some(file)).unwrap();
        assert!(later.decide("aa".into(), None, unknown()).is_ok());
        assert!(later.decide("bb".into(), None, unknown()).is_err());
        assert!(later.refusal().unwrap().contains("pinned aa, found bb"));
        assert!(later.decide("bb".into(), None, Ok(ServerCertVerified::assertion())).is_err());
    }

    #[test]
    fn an_authority_is_pinned_in_place_of_what_it_vouches_for_and_nothing_else_of_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("pin");
        let first = Certificates::new(Some(file.clone())).unwrap();
        assert!(first.decide("aa".into(), Some("authority".into()), unknown()).is_ok());
        first.worked();
        let later = Certificates::new(Some(file)).unwrap();
        assert!(later.decide("bb".into(), Some("authority".into()), unknown()).is_ok());
        // Neither one that it does not vouch for, nor what was there first, nor what another one vouches for.
        assert!(later.decide("cc".into(), None, unknown()).is_err());
        assert!(later.decide("aa".into(), None, unknown()).is_err());
        assert!(later.decide("dd".into(), Some("other".into()), unknown()).is_err());
        assert!(later.refusal().unwrap().contains("pinned authority, found other"));
    }

    #[test]
    fn an_expired_certificate_is_not_pinned() {
        let folder = tempfile::tempdir().unwrap();
        let certificates = Certificates::new(Some(folder.path().join("pin"))).unwrap();
        let expired = Err(Error::InvalidCertificate(CertificateError::Expired));
        assert!(certificates.decide("aa".into(), None, expired).is_err());
        assert!(certificates.decide("aa".into(), None, Ok(ServerCertVerified::assertion())).is_ok());
    }
}
