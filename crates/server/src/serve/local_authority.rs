//! The authority of one server: made once, given to the phones and browsers of its people, and good for names and addresses
//! of a local network alone.
//!
//! Two certificates stand above the server's own. The **authority** is what phones are given. Its key signs one certificate, that
//! of the **issuer**, and is then dropped: no file ever holds it. The issuer's key is kept, and signs what the server shows.
//! Both bear the limits (RFC 5280, section 4.2.1.10). They would be enough in the authority's if all clients looked at them
//! there, which that RFC leaves to them for what they were told to trust; in the certificate below it, it does not.

use std::fs;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DnType, ExtendedKeyUsagePurpose, GeneralSubtree, IsCa, Issuer,
    KeyPair, KeyUsagePurpose, NameConstraints,
};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use sha2::{Digest, Sha256};
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer as _, X509Certificate};
use zeroize::Zeroizing;

use super::local_names::{DOMAINS, NETWORKS, configured, is_below, is_private, machine, once, wanted};
use super::tls::{FOLDER, TlsError, names};
use crate::check::WRITTEN_MS;
use crate::config::Config;
use crate::keys::{make_private_folder, write_private};

/// What phones are given (PEM). No secret.
pub(crate) const AUTHORITY: &str = "authority.pem";
/// The issuer's certificate with its key.
pub(crate) const ISSUER: &str = "issuer.pem";
/// What the server shows: its certificate, those of the issuer and the authority, and its key.
pub(crate) const SERVED: &str = "local.pem";

const DAY_S: u64 = 24 * 3600;
/// The first of January 2024: whatever the clock of a phone says, the authority has begun.
const BEGINNING_S: u64 = 1_704_067_200;
/// How long authority and issuer are good: a phone is a long time in use, and is given one once.
const AUTHORITY_S: u64 = 3652 * DAY_S;
/// How long a certificate of the server is good, with the day before it. Apple takes 825 days of authorities that a person
/// has added, and 398 of others: what suits both is refused by nobody.
const SERVED_S: u64 = 397 * DAY_S;
/// The clocks of phones differ.
const BEFORE_S: u64 = DAY_S;
/// So long before its end another one is made.
const RENEWAL_S: i64 = 30 * DAY_S as i64;

/// The authority of this server.
pub(crate) struct LocalAuthority {
    folder: PathBuf,
    /// DER.
    certificate: CertificateDer<'static>,
    issuer: CertificateDer<'static>,
    /// What the server shows behind its own certificate: the issuer's, and the authority's, which `huis` holds to.
    above_pem: String,
    /// What the issuer's certificate calls it.
    name: String,
    key: KeyPair,
}

/// What of an authority a folder holds.
pub(crate) enum Found {
    Nothing,
    Whole,
    /// This file is missing.
    Without(PathBuf),
}

pub(crate) fn found(folder: &Path) -> Found {
    let [authority, issuer, served] = [AUTHORITY, ISSUER, SERVED].map(|name| folder.join(name));
    match (authority.exists(), issuer.exists()) {
        (true, true) => Found::Whole,
        (true, false) => Found::Without(issuer),
        (false, _) if served.exists() => Found::Without(authority),
        // The authority's is written last, and nobody was given it before.
        (false, _) => Found::Nothing,
    }
}

impl LocalAuthority {
    /// The authority that the folder holds, or, where there never was one, a fresh one.
    ///
    /// # Errors
    /// [`TlsError`], also where one of the files is missing or cannot be read: people gave their phones this authority, and a
    /// fresh one in its place would lock them out.
    pub(super) fn open_or_make(config: &Config, now_ms: u64) -> Result<Self, TlsError> {
        let folder = config.data.join(FOLDER);
        match found(&folder) {
            Found::Whole => {}
            Found::Without(missing) => return Err(TlsError::Missing(missing)),
            Found::Nothing => make(&folder, config, now_ms)?,
        }
        Self::read(folder)
    }

    /// The authority that the folder holds.
    ///
    /// # Errors
    /// [`TlsError`] where one of its files cannot be read, or they do not belong together, as after a restore of one of them.
    pub(crate) fn read(folder: PathBuf) -> Result<Self, TlsError> {
        let [authority, issuer] = [AUTHORITY, ISSUER].map(|name| folder.join(name));
        let unusable = |path: &Path, error: String| TlsError::File { path: path.into(), error };
        let authority_pem = fs::read_to_string(&authority).map_err(|error| unusable(&authority, error.to_string()))?;
        let certificate = CertificateDer::from_pem_slice(authority_pem.as_bytes())
            .map_err(|error| unusable(&authority, error.to_string()))?;
        let text = fs::read_to_string(&issuer).map_err(|error| unusable(&issuer, error.to_string()))?;
        let text = Zeroizing::new(text);
        let key = KeyPair::from_pem(&text).map_err(|error| unusable(&issuer, error.to_string()))?;
        let der =
            CertificateDer::from_pem_slice(text.as_bytes()).map_err(|error| unusable(&issuer, error.to_string()))?;
        let name = common_name(&der).ok_or_else(|| unusable(&issuer, "holds no issuer's certificate".into()))?;
        if let Err(error) = belong_together(&certificate, &der, &key) {
            return Err(TlsError::Authority { authority, issuer, error });
        }
        let issuer_pem = text.find("-----BEGIN CERTIFICATE").and_then(|at| text.get(at..)).unwrap_or_default();
        let above_pem = [issuer_pem, &authority_pem].concat();
        Ok(Self { folder, certificate, issuer: der, above_pem, name, key })
    }

    /// The certificate that phones are given.
    pub(crate) fn certificate(&self) -> &CertificateDer<'static> {
        &self.certificate
    }

    /// The file with what the server shows.
    pub(super) fn served(&self) -> PathBuf {
        self.folder.join(SERVED)
    }

    /// Makes what the server shows if it is not there, ends soon, or is not for a name or an address that the machine has
    /// now. Whether it did. One that only bears too many names stays.
    ///
    /// # Errors
    /// [`TlsError`] where it cannot be made or written.
    pub(super) fn keep_up(&self, config: &Config, now_ms: u64) -> Result<bool, TlsError> {
        let now_s = plausible_s(now_ms);
        let wanted: Vec<String> = wanted(config).into_iter().filter(|name| self.permits(name)).collect();
        let shown = CertificateDer::from_pem_file(self.served()).ok();
        let ends_s = self.end_of_a_fresh_one(now_s);
        let names = match shown.as_deref().and_then(|der| X509Certificate::from_der(der).ok()) {
            Some((_, shown)) if self.signed(&shown) && !is_over(&shown, now_s, ends_s) => {
                let has = names(&shown);
                if wanted.iter().all(|name| has.contains(name)) {
                    return Ok(false);
                }
                // Whoever goes home in the evening was there before.
                once(wanted.into_iter().chain(has.into_iter().filter(|name| self.permits(name))).collect())
            }
            _ => wanted,
        };
        self.issue(names, now_s, ends_s)?;
        Ok(true)
    }

    /// What is configured and can't be vouched for.
    pub(super) fn refused(&self, config: &Config) -> Vec<String> {
        configured(config).into_iter().filter(|name| !self.permits(name)).collect()
    }

    /// Whether it can vouch for this name or address.
    pub(crate) fn permits(&self, name: &str) -> bool {
        permits(&self.issuer, name)
    }

    fn issue(&self, names: Vec<String>, now_s: u64, ends_s: u64) -> Result<(), TlsError> {
        let key = KeyPair::generate().map_err(making)?;
        let mut parameters = CertificateParams::new(names).map_err(making)?;
        parameters.distinguished_name = called("Huis");
        set_validity(&mut parameters, now_s.saturating_sub(BEFORE_S), ends_s);
        parameters.is_ca = IsCa::ExplicitNoCa;
        parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        parameters.use_authority_key_identifier_extension = true;
        let above = authority_parameters(&self.name, 0, Vec::new(), 0);
        let made = parameters.signed_by(&key, &Issuer::from_params(&above, &self.key)).map_err(making)?;
        let key = Zeroizing::new(key.serialize_pem());
        let content = Zeroizing::new([key.as_str(), &made.pem(), &self.above_pem].concat());
        Ok(write_private(&self.served(), content.as_bytes())?)
    }

    /// The issuer's end is the end of what it signs.
    fn end_of_a_fresh_one(&self, now_s: u64) -> u64 {
        let ends_s = now_s + SERVED_S - BEFORE_S;
        match X509Certificate::from_der(&self.issuer) {
            Ok((_, issuer)) => ends_s.min(u64::try_from(issuer.validity().not_after.timestamp()).unwrap_or(0)),
            Err(_) => ends_s,
        }
    }

    fn signed(&self, shown: &X509Certificate<'_>) -> bool {
        // The name holds a part of the key's hash.
        shown.issuer().iter_common_name().any(|name| name.as_str().is_ok_and(|name| name == self.name))
    }
}

/// What is wrong with an authority's certificate, an issuer's and the issuer's key, if anything is. A signature that is none
/// is seen by every client.
fn belong_together(authority: &[u8], issuer: &[u8], key: &KeyPair) -> Result<(), &'static str> {
    let Ok((_, authority)) = X509Certificate::from_der(authority) else {
        return Err("the first holds no certificate that can be read");
    };
    let Ok((_, issuer)) = X509Certificate::from_der(issuer) else {
        return Err("the second holds no certificate that can be read");
    };
    if issuer.issuer().as_raw() != authority.subject().as_raw() {
        return Err("the certificate in the second is by another authority");
    }
    if issuer.public_key().subject_public_key.data.as_ref() != key.public_key_raw() {
        return Err("the key in the second is not that of its certificate");
    }
    Ok(())
}

/// Makes authority and issuer, and drops the authority's key.
fn make(folder: &Path, config: &Config, now_ms: u64) -> Result<(), TlsError> {
    let ends_s = plausible_s(now_ms) + AUTHORITY_S;
    let further: Vec<String> = configured(config).into_iter().filter(|name| !is_private(name)).collect();
    let (key, issuer_key) = (KeyPair::generate().map_err(making)?, KeyPair::generate().map_err(making)?);
    let hash = Sha256::digest(key.public_key_raw());
    let mark: String = hash.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    let name = format!("Huis on {}, {mark}", machine().unwrap_or_else(|| "a server".into()));
    let authority = authority_parameters(&name, 1, limits(&further), ends_s);
    let mut issuer = authority_parameters(&format!("{name}, issuer"), 0, limits(&further), ends_s);
    issuer.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    issuer.use_authority_key_identifier_extension = true;
    let made = authority.self_signed(&key).map_err(making)?;
    let issuer = issuer.signed_by(&issuer_key, &Issuer::from_params(&authority, &key)).map_err(making)?;
    let issuer_key = Zeroizing::new(issuer_key.serialize_pem());
    make_private_folder(folder)?;
    let content = Zeroizing::new([issuer_key.as_str(), &issuer.pem()].concat());
    write_private(&folder.join(ISSUER), content.as_bytes())?;
    write_private(&folder.join(AUTHORITY), made.pem().as_bytes())?;
    Ok(())
}

/// Below which `length` further authorities may stand.
fn authority_parameters(name: &str, length: u8, permitted: Vec<GeneralSubtree>, ends_s: u64) -> CertificateParams {
    let mut parameters = CertificateParams::default();
    parameters.distinguished_name = called(name);
    set_validity(&mut parameters, BEGINNING_S, ends_s);
    parameters.is_ca = IsCa::Ca(BasicConstraints::Constrained(length));
    parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    parameters.name_constraints =
        Some(NameConstraints { permitted_subtrees: permitted, excluded_subtrees: Vec::new() });
    parameters
}

/// What it may vouch for. A kind of names that is not mentioned would not be limited at all, so both are.
fn limits(further: &[String]) -> Vec<GeneralSubtree> {
    let domains = DOMAINS.iter().map(|domain| GeneralSubtree::DnsName((*domain).to_owned()));
    let subnet = |address, prefix| GeneralSubtree::IpAddress(CidrSubnet::from_addr_prefix(address, prefix));
    let networks = NETWORKS.iter().map(|(base, prefix)| subnet(*base, *prefix));
    let further = further.iter().map(|name| match name.parse::<IpAddr>() {
        Ok(address) => subnet(address, if address.is_ipv4() { 32 } else { 128 }),
        Err(_) => GeneralSubtree::DnsName(name.clone()),
    });
    domains.chain(networks).chain(further).collect()
}

/// Whether the limits of this certificate let it vouch for a name or an address.
fn permits(issuer: &[u8], name: &str) -> bool {
    let Ok((_, issuer)) = X509Certificate::from_der(issuer) else { return false };
    let Ok(Some(limits)) = issuer.name_constraints() else { return false };
    let address = name.parse::<IpAddr>().ok().map(|address| match address {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    });
    let mut permitted = limits.value.permitted_subtrees.iter().flatten();
    permitted.any(|limit| match (&limit.base, &address) {
        (GeneralName::DNSName(domain), None) => is_below(name, domain),
        (GeneralName::IPAddress(limit), Some(address)) => {
            let (base, mask) = limit.split_at(limit.len() / 2);
            let mut bytes = address.iter().zip(base).zip(mask);
            base.len() == address.len() && bytes.all(|((byte, base), mask)| byte & mask == base & mask)
        }
        _ => false,
    })
}

/// Whether another one should take its place: it ends soon, or begins only later because a clock was wrong, and a fresh one
/// would not end as soon.
fn is_over(shown: &X509Certificate<'_>, now_s: u64, fresh_s: u64) -> bool {
    let [now_s, fresh_s] = [now_s, fresh_s].map(|time| i64::try_from(time).unwrap_or(i64::MAX));
    let (begins_s, ends_s) = (shown.validity().not_before.timestamp(), shown.validity().not_after.timestamp());
    now_s < begins_s || (ends_s < now_s.saturating_add(RENEWAL_S) && ends_s < fresh_s)
}

/// A machine without a clock of its own begins in 1970: what it makes then would be over before anybody sees it.
fn plausible_s(now_ms: u64) -> u64 {
    now_ms.max(WRITTEN_MS) / 1000
}

fn called(name: &str) -> rcgen::DistinguishedName {
    let mut names = rcgen::DistinguishedName::new();
    names.push(DnType::CommonName, name);
    names
}

fn common_name(der: &[u8]) -> Option<String> {
    let (_, certificate) = X509Certificate::from_der(der).ok()?;
    let name = certificate.subject().iter_common_name().next()?;
    name.as_str().ok().map(str::to_owned)
}

/// Both in seconds since 1970.
fn set_validity(parameters: &mut CertificateParams, begins_s: u64, ends_s: u64) {
    let since_1970 = |seconds| rcgen::date_time_ymd(1970, 1, 1) + Duration::from_secs(seconds);
    parameters.not_before = since_1970(begins_s);
    parameters.not_after = since_1970(ends_s);
}

fn making(error: rcgen::Error) -> TlsError {
    TlsError::Making(error.to_string())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    /// The beginning of 2027.
    const NOW_MS: u64 = 1_800_000_000_000;
    const DAY_MS: u64 = DAY_S * 1000;

    fn shown(authority: &LocalAuthority) -> (Vec<String>, i64) {
        let der = CertificateDer::from_pem_file(authority.served()).unwrap();
        let (_, certificate) = X509Certificate::from_der(&der).unwrap();
        (names(&certificate), certificate.validity().not_after.timestamp())
    }

    fn at(config: &Config, url: &str) -> Config {
        Config { public_url: Some(url.into()), ..config.clone() }
    }

    #[test]
    fn an_authority_is_made_once_and_its_own_key_is_in_no_file() {
        let data = tempfile::tempdir().unwrap();
        let config = Config::in_folder(data.path());
        let made = LocalAuthority::open_or_make(&config, NOW_MS).unwrap();
        assert!(made.keep_up(&config, NOW_MS).unwrap());
        let found = LocalAuthority::open_or_make(&config, NOW_MS + 999 * DAY_MS).unwrap();
        assert_eq!(found.certificate(), made.certificate());
        assert!(!found.keep_up(&config, NOW_MS).unwrap());
        let (_, authority) = X509Certificate::from_der(made.certificate()).unwrap();
        for name in [AUTHORITY, ISSUER, SERVED] {
            let path = data.path().join(FOLDER).join(name);
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600, "{name}");
            let key = KeyPair::from_pem(&fs::read_to_string(&path).unwrap()).ok();
            assert_eq!(key.is_some(), name != AUTHORITY, "{name}");
            let own = authority.public_key().subject_public_key.data.as_ref();
            assert!(key.is_none_or(|key| key.public_key_raw() != own), "{name}");
        }
    }

    #[test]
    fn a_part_that_is_missing_or_damaged_is_named_and_no_other_authority_takes_its_place() {
        let data = tempfile::tempdir().unwrap();
        let config = Config::in_folder(data.path());
        LocalAuthority::open_or_make(&config, NOW_MS).unwrap().keep_up(&config, NOW_MS).unwrap();
        for name in [AUTHORITY, ISSUER] {
            let path = data.path().join(FOLDER).join(name);
            let kept = fs::read(&path).unwrap();
            fs::write(&path, "nothing").unwrap();
            let error = LocalAuthority::open_or_make(&config, NOW_MS).err().unwrap().to_string();
            assert!(error.contains(name), "{error}");
            fs::remove_file(&path).unwrap();
            let error = LocalAuthority::open_or_make(&config, NOW_MS).err().unwrap();
            assert!(matches!(&error, TlsError::Missing(missing) if *missing == path), "{error}");
            fs::write(&path, kept).unwrap();
        }
        // Each of another server, or of two.
        let elsewhere = tempfile::tempdir().unwrap();
        LocalAuthority::open_or_make(&Config::in_folder(elsewhere.path()), NOW_MS).unwrap();
        let [authority, issuer] = [AUTHORITY, ISSUER].map(|name| data.path().join(FOLDER).join(name));
        let (kept, other) = (fs::read_to_string(&issuer).unwrap(), elsewhere.path().join(FOLDER).join(ISSUER));
        let other = fs::read_to_string(other).unwrap();
        let (other_key, _) = other.split_at(other.find("-----BEGIN CERTIFICATE").unwrap());
        let (_, own_certificate) = kept.split_at(kept.find("-----BEGIN CERTIFICATE").unwrap());
        for (content, said) in
            [(other.clone(), "by another authority"), ([other_key, own_certificate].concat(), "the key")]
        {
            fs::write(&issuer, content).unwrap();
            let error = LocalAuthority::open_or_make(&config, NOW_MS).err().unwrap().to_string();
            assert!(error.contains(said), "{error}");
            for path in [&authority, &issuer] {
                assert!(error.contains(&path.display().to_string()), "{error}");
            }
        }
        fs::write(&issuer, kept).unwrap();
        // What the server shows is no more than what it can make again.
        let authority = LocalAuthority::open_or_make(&config, NOW_MS).unwrap();
        fs::write(authority.served(), "nothing").unwrap();
        assert!(authority.keep_up(&config, NOW_MS).unwrap());
    }

    #[test]
    fn a_name_that_comes_is_added_one_that_goes_stays_and_what_others_may_have_is_left_out() {
        let data = tempfile::tempdir().unwrap();
        let config = Config::in_folder(data.path());
        let authority = LocalAuthority::open_or_make(&config, NOW_MS).unwrap();
        authority.keep_up(&config, NOW_MS).unwrap();
        let named = at(&config, "https://chat.home.arpa:8443");
        assert!(authority.keep_up(&named, NOW_MS).unwrap());
        assert!(!authority.keep_up(&config, NOW_MS).unwrap());
        assert!(shown(&authority).0.contains(&"chat.home.arpa".to_owned()));
        let public = at(&config, "https://chat.example.org");
        assert_eq!(authority.refused(&public), ["chat.example.org"]);
        assert!(!authority.keep_up(&public, NOW_MS).unwrap());
        // The next time that it is due, it is for what there is then.
        assert!(authority.keep_up(&config, NOW_MS + 390 * DAY_MS).unwrap());
        assert!(!shown(&authority).0.contains(&"chat.home.arpa".to_owned()));
    }

    #[test]
    fn an_authority_that_is_made_for_a_name_vouches_for_it_and_for_nothing_beside_it() {
        let data = tempfile::tempdir().unwrap();
        let config = at(&Config::in_folder(data.path()), "https://chat.example.org");
        let authority = LocalAuthority::open_or_make(&config, NOW_MS).unwrap();
        authority.keep_up(&config, NOW_MS).unwrap();
        assert!(shown(&authority).0.contains(&"chat.example.org".to_owned()));
        assert!(authority.refused(&config).is_empty());
        for name in ["example.org", "other.example.org", "8.8.8.8", "2001:db8::1"] {
            assert!(!authority.permits(name), "{name}");
        }
        for name in ["nas.local", "10.0.0.1", "fd00::1"] {
            assert!(authority.permits(name), "{name}");
        }
    }

    #[test]
    fn what_was_made_while_the_clock_was_wrong_is_made_again_and_at_the_authoritys_end_nothing_is_made_for_ever() {
        let data = tempfile::tempdir().unwrap();
        let config = Config::in_folder(data.path());
        let authority = LocalAuthority::open_or_make(&config, 0).unwrap();
        authority.keep_up(&config, 0).unwrap();
        let (_, certificate) = X509Certificate::from_der(authority.certificate()).unwrap();
        let end_s = u64::try_from(certificate.validity().not_after.timestamp()).unwrap();
        assert!(end_s > WRITTEN_MS / 1000 + AUTHORITY_S - DAY_S);
        // Years ahead, and put right again.
        assert!(authority.keep_up(&config, NOW_MS + 1000 * DAY_MS).unwrap());
        assert!(authority.keep_up(&config, NOW_MS).unwrap());
        let near_ms = (end_s - 10 * DAY_S) * 1000;
        assert!(authority.keep_up(&config, near_ms).unwrap());
        assert_eq!(shown(&authority).1, i64::try_from(end_s).unwrap());
        assert!(!authority.keep_up(&config, near_ms).unwrap());
    }
}
