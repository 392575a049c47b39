//! Which server certificates are trusted: those that a public authority (webpki's roots) vouches for; and, where none
//! does, what was there at first use, pinned by its SHA-256 fingerprint: the authority that the server shows behind its
//! certificate, if that one vouches for it and for the server's name and is limited in what it may vouch for, else the
//! certificate itself. An authority without limits, such as a company's, vouches for others than this server.
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

/// The authority that a server shows behind its certificate.
struct Authority {
    fingerprint: String,
    /// Whether its certificate says for which names it may vouch (RFC 5280, section 4.2.1.10).
    is_limited: bool,
    word: Word,
}

/// What an authority says of the server's certificate.
enum Word {
    /// It vouches for it, as a public one would have to.
    Holds,
    /// It has signed it, but not for this time or this name.
    Lapsed(Error),
    /// It has not signed it: anybody can show the certificate of an authority.
    No,
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

    /// What is known of the authority that is shown, if it can be one.
    fn authority(
        &self,
        certificate: &CertificateDer<'_>,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        now: UnixTime,
    ) -> Option<Authority> {
        let mut roots = RootCertStore::empty();
        roots.add(certificate.clone().into_owned()).ok()?;
        let is_limited = roots.roots.iter().all(|root| root.name_constraints.is_some());
        let by_it = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), self.provider.clone()).build().ok()?;
        let at = |time| by_it.verify_server_cert(end_entity, intermediates, server_name, &[], time);
        let word = match at(now) {
            Ok(_) => Word::Holds,
            Err(error) if is_of_another_name(&error) => Word::Lapsed(error),
            // Times are looked at before signatures, so those are at a time that would do.
            Err(error) => match within(&error).map(at) {
                Some(Ok(_)) => Word::Lapsed(error),
                Some(Err(further)) if is_of_another_name(&further) => Word::Lapsed(error),
                _ => Word::No,
            },
        };
        Some(Authority { fingerprint: fingerprint_of(certificate), is_limited, word })
    }

    /// `own`: the fingerprint of the server's certificate.
    fn decide(
        &self,
        own: String,
        authority: Option<Authority>,
        public: Result<ServerCertVerified, Error>,
    ) -> Result<ServerCertVerified, Error> {
        let mut pin = self.pin.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(pinned) = pin.fingerprint.clone() else {
            return match public {
                Ok(verified) => Ok(verified),
                // Nobody vouches for it: first use decides. Anything else that is wrong stays wrong.
                Err(Error::InvalidCertificate(error)) if nobody_vouches(&error) => {
                    let held =
                        authority.filter(|authority| authority.is_limited && matches!(authority.word, Word::Holds));
                    pin.fingerprint = Some(held.map_or(own, |authority| authority.fingerprint));
                    Ok(ServerCertVerified::assertion())
                }
                Err(error) => {
                    pin.refusal = Some(error.to_string());
                    Err(error)
                }
            };
        };
        if pinned == own {
            return Ok(ServerCertVerified::assertion());
        }
        let found = match authority {
            Some(Authority { fingerprint, word: Word::Holds, .. }) if fingerprint == pinned => {
                return Ok(ServerCertVerified::assertion());
            }
            Some(Authority { fingerprint, word: Word::Lapsed(error), .. }) if fingerprint == pinned => {
                // Another pin would help nobody.
                pin.refusal = Some(format!(
                    "the same authority as at first, but its certificate does not hold: {error}; is the clock right?"
                ));
                return Err(error);
            }
            Some(Authority { fingerprint, is_limited: true, word: Word::Holds }) => fingerprint,
            _ => own,
        };
        let way_out = match &self.pin_file {
            Some(file) => format!("if the operator confirms the new one, delete {}", file.display()),
            None => "it changed just now".into(),
        };
        pin.refusal = Some(format!("pinned {pinned}, found {found}; {way_out}"));
        Err(Error::InvalidCertificate(CertificateError::ApplicationVerificationFailure))
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

/// Names are looked at after signatures.
fn is_of_another_name(error: &Error) -> bool {
    use CertificateError::{NotValidForName, NotValidForNameContext};
    matches!(error, Error::InvalidCertificate(NotValidForName | NotValidForNameContext { .. }))
}

/// A time at which a certificate holds that does not now.
fn within(error: &Error) -> Option<UnixTime> {
    match error {
        Error::InvalidCertificate(CertificateError::ExpiredContext { not_after, .. }) => Some(*not_after),
        Error::InvalidCertificate(CertificateError::NotValidYetContext { not_before, .. }) => Some(*not_before),
        _ => None,
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
        let authority = authority.and_then(|shown| self.authority(shown, end_entity, intermediates, server_name, now));
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

    fn vouching(fingerprint: &str) -> Option<Authority> {
        Some(Authority { fingerprint: fingerprint.into(), is_limited: true, word: Word::Holds })
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
        assert!(first.decide("aa".into(), vouching("authority"), unknown()).is_ok());
        first.worked();
        let later = Certificates::new(Some(file)).unwrap();
        assert!(later.decide("bb".into(), vouching("authority"), unknown()).is_ok());
        // Neither one that it does not vouch for, nor what was there first, nor what another one vouches for.
        assert!(later.decide("cc".into(), None, unknown()).is_err());
        assert!(later.decide("aa".into(), None, unknown()).is_err());
        assert!(later.decide("dd".into(), vouching("other"), unknown()).is_err());
        assert!(later.refusal().unwrap().contains("pinned authority, found other"));
    }

    /// An authority, what the server shows by it, and how that is decided on at a time in seconds since 1970.
    struct Shown {
        authority: CertificateDer<'static>,
        own: CertificateDer<'static>,
    }

    impl Shown {
        fn made(is_limited: bool) -> Self {
            let mut above = rcgen::CertificateParams::default();
            above.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
            above.not_before = rcgen::date_time_ymd(2024, 1, 1);
            above.name_constraints = is_limited.then(|| rcgen::NameConstraints {
                permitted_subtrees: vec![rcgen::GeneralSubtree::DnsName("local".into())],
                excluded_subtrees: Vec::new(),
            });
            let (key, own_key) = (rcgen::KeyPair::generate().unwrap(), rcgen::KeyPair::generate().unwrap());
            let authority = above.self_signed(&key).unwrap().der().clone();
            let mut own = rcgen::CertificateParams::new(vec!["nas.local".to_owned()]).unwrap();
            own.not_before = rcgen::date_time_ymd(2026, 1, 1);
            own.not_after = rcgen::date_time_ymd(2027, 1, 1);
            let own = own.signed_by(&own_key, &rcgen::Issuer::from_params(&above, &key)).unwrap();
            Self { authority, own: own.der().clone() }
        }

        fn to(&self, certificates: &Certificates, name: &str, at_s: u64) -> Result<(), Error> {
            let now = UnixTime::since_unix_epoch(std::time::Duration::from_secs(at_s));
            let (above, name) = ([self.authority.clone()], ServerName::try_from(name.to_owned()).unwrap());
            certificates.verify_server_cert(&self.own, &above, &name, &[], now).map(|_| ())
        }
    }

    /// The middle of 2026.
    const WITHIN_S: u64 = 1_782_000_000;

    #[test]
    fn an_authority_that_may_vouch_for_anything_is_not_held_to() {
        for is_limited in [true, false] {
            let shown = Shown::made(is_limited);
            let certificates = Certificates::new(None).unwrap();
            shown.to(&certificates, "nas.local", WITHIN_S).unwrap();
            let held = if is_limited { &shown.authority } else { &shown.own };
            assert_eq!(certificates.fingerprint().unwrap(), fingerprint_of(held), "{is_limited}");
        }
    }

    #[test]
    fn the_authority_that_is_held_to_is_not_taken_for_another_where_its_certificate_does_not_hold() {
        let shown = Shown::made(true);
        let folder = tempfile::tempdir().unwrap();
        let certificates = Certificates::new(Some(folder.path().join("pin"))).unwrap();
        shown.to(&certificates, "nas.local", WITHIN_S).unwrap();
        for (name, at_s) in [("nas.local", 0), ("nas.local", 2 * WITHIN_S), ("other.local", WITHIN_S)] {
            shown.to(&certificates, name, at_s).unwrap_err();
            let refusal = certificates.refusal().unwrap();
            assert!(refusal.starts_with("the same authority as at first") && refusal.contains("clock"), "{refusal}");
            assert!(!refusal.contains("delete"), "{refusal}");
        }
        shown.to(&certificates, "nas.local", WITHIN_S).unwrap();
        // Another one, and one that only shows the right authority behind its certificate, at whatever time.
        let other = Shown::made(true);
        let pretender = Shown { authority: shown.authority.clone(), own: other.own.clone() };
        for (shown, at_s) in [(&other, WITHIN_S), (&pretender, WITHIN_S), (&pretender, 0), (&pretender, 2 * WITHIN_S)] {
            shown.to(&certificates, "nas.local", at_s).unwrap_err();
            let refusal = certificates.refusal().unwrap();
            assert!(refusal.contains("delete") && !refusal.contains("the same authority"), "{refusal}");
        }
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
