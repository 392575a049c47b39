//! The certificate: whether it can be used, for how long, and under which name.

use std::net::IpAddr;
use std::path::Path;

use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use x509_parser::prelude::{FromDer as _, X509Certificate};

use super::Said;
use super::scene::Scene;
use crate::config::{Config, Tls};
use crate::keys::others_may_read;
use crate::serve::local_authority::{self, AUTHORITY, Found, ISSUER, LocalAuthority, SERVED};
use crate::serve::tls::{self, CERTIFICATE, FOLDER, KEY};

const DAY_S: i64 = 24 * 3600;
/// So long before its end somebody should look why it was not renewed.
const SOON_DAYS: i64 = 14;
/// So long before the end of an authority people should be told that they need another one.
const AUTHORITY_SOON_DAYS: i64 = 90;

pub(super) fn look(scene: &Scene<'_>) -> Vec<Said> {
    let config = scene.config;
    match &config.tls {
        Tls::Off => vec![without(config)],
        Tls::Files { certificate, key } => of_files(scene, certificate, key, true),
        Tls::Local => local(scene),
        Tls::SelfSigned => {
            let folder = config.data.join(FOLDER);
            let (certificate, key) = (folder.join(CERTIFICATE), folder.join(KEY));
            if certificate.exists() && key.exists() {
                // Clients pin it, whatever name it bears.
                return of_files(scene, &certificate, &key, false);
            }
            if scene.has_run_before() && (certificate.exists() || key.exists()) {
                let missing = if key.exists() { certificate } else { key };
                return vec![Said::warning(
                    format!("{} is missing, so the next start makes another certificate", missing.display()),
                    "restore it from a backup: clients refuse a server whose certificate changed",
                )];
            }
            vec![Said::ok("self-signed; not there yet, made at the first start with it")]
        }
    }
}

/// Of the server's own authority. What it issues is renewed by itself, and needs nobody.
fn local(scene: &Scene<'_>) -> Vec<Said> {
    const ANEW: &str = "stop the server and delete what is there of authority.pem, issuer.pem and local.pem in the same \
                        folder, and the next start makes another authority: each phone and browser must then be given that \
                        one";
    let folder = scene.config.data.join(FOLDER);
    let [shown, issuer, served] = [AUTHORITY, ISSUER, SERVED].map(|name| folder.join(name));
    match local_authority::found(&folder) {
        Found::Nothing => {
            return vec![Said::ok("of an authority of its own; not there yet, made at the first start with it")];
        }
        Found::Without(missing) => {
            let says = format!("{} is missing although this server has an authority", missing.display());
            return vec![Said::fault(says, format!("restore it from a backup. Otherwise {ANEW}"))];
        }
        Found::Whole => {}
    }
    let now_s = i64::try_from(scene.now_ms / 1000).unwrap_or(i64::MAX);
    let mut said = Vec::new();
    let authority = match LocalAuthority::read(folder) {
        Ok(authority) => authority,
        Err(error) => {
            let way_out = format!("restore {AUTHORITY} and {ISSUER} from a backup. Otherwise {ANEW}");
            return vec![Said::fault(error.to_string(), way_out)];
        }
    };
    said.extend(ends(authority.certificate()).map(|(ends_s, ends)| {
        let shown = shown.display();
        match ends_s.saturating_sub(now_s) / DAY_S {
            _ if ends_s < now_s => Said::fault(format!("the authority {shown} expired on {ends}"), ANEW),
            days @ 0..AUTHORITY_SOON_DAYS => {
                Said::warning(format!("the authority {shown} expires in {days} days, on {ends}"), ANEW)
            }
            _ => {
                let fingerprint = tls::fingerprint_of(authority.certificate());
                Said::ok(format!("the authority {shown} is good until {ends}; SHA-256 {fingerprint}"))
            }
        }
    }));
    said.push(match certificate(&served).ok().as_deref().and_then(ends) {
        Some((ends_s, ends)) if ends_s >= now_s => {
            Said::ok(format!("{} is good until {ends}, and renewed by itself a month before", served.display()))
        }
        _ => Said::ok(format!("{} is made at the next start", served.display())),
    });
    for path in [&issuer, &served] {
        if others_may_read(path) {
            let says = format!("other users of this machine may read the key in {}", path.display());
            said.push(Said::warning(says, format!("chmod 600 {}", path.display())));
        }
    }
    said.extend(host(scene.config).map(|host| {
        if authority.permits(&host) {
            return Said::ok(format!("it is for {host}"));
        }
        Said::fault(
            format!("the authority was made without {host}, where clients come, and can't vouch for it"),
            format!("correct --public-url or --listen. Otherwise {ANEW}"),
        )
    }));
    said
}

fn certificate(path: &Path) -> Result<CertificateDer<'static>, String> {
    CertificateDer::from_pem_file(path).map_err(|error| format!("{}: {error}", path.display()))
}

/// When a certificate ends, in seconds since 1970 and in words.
fn ends(der: &[u8]) -> Option<(i64, String)> {
    let (_, certificate) = X509Certificate::from_der(der).ok()?;
    let ends = certificate.validity().not_after;
    Some((ends.timestamp(), ends.to_string()))
}

fn without(config: &Config) -> Said {
    if config.listen.ip().is_loopback() || !config.trusted_proxies.is_empty() {
        return Said::ok("none: connections are protected by a proxy, or stay on this machine");
    }
    Said::warning(
        "other machines can connect without TLS: messages stay sealed, but who talks with whom does not",
        "set --tls, or --trusted-proxies where a proxy does it",
    )
}

fn of_files(scene: &Scene<'_>, certificate: &Path, key: &Path, has_a_name: bool) -> Vec<Said> {
    let shown = certificate.display();
    let pair = match tls::read(certificate, key) {
        Ok(pair) => pair,
        Err(error) => return vec![Said::fault(error.to_string(), "check --tls-certificate and --tls-key")],
    };
    let der = pair.cert.first().map(AsRef::<[u8]>::as_ref).unwrap_or_default();
    let Ok((_, parsed)) = X509Certificate::from_der(der) else {
        return vec![Said::fault(format!("{shown} holds no certificate that can be read"), "have it issued again")];
    };
    let now_s = i64::try_from(scene.now_ms / 1000).unwrap_or(i64::MAX);
    let mut said = vec![age(&shown.to_string(), &parsed, now_s, &tls::fingerprint(&pair))];
    if has_a_name {
        said.extend(name(scene.config, &parsed));
    }
    said
}

fn age(shown: &str, certificate: &X509Certificate<'_>, now_s: i64, fingerprint: &str) -> Said {
    const RENEW: &str = "renew it; a running server reads the files again by itself";
    let validity = certificate.validity();
    let (begins, ends) = (validity.not_before.timestamp(), validity.not_after.timestamp());
    let days = ends.saturating_sub(now_s) / DAY_S;
    if now_s < begins {
        Said::fault(format!("{shown} begins only on {}", validity.not_before), "check the clock of this machine")
    } else if now_s > ends {
        Said::fault(format!("{shown} expired on {}", validity.not_after), RENEW)
    } else if days < SOON_DAYS {
        Said::warning(format!("{shown} expires in {days} days, on {}", validity.not_after), RENEW)
    } else {
        Said::ok(format!("{shown} fits its key, until {}; SHA-256 {fingerprint}", validity.not_after))
    }
}

fn name(config: &Config, certificate: &X509Certificate<'_>) -> Option<Said> {
    let names = tls::names(certificate);
    let Some(host) = host(config) else {
        // Nobody said under which name clients come.
        return Some(Said::ok(format!("it is for {}", listed(&names))));
    };
    if names.iter().any(|name| covers(name, &host)) {
        return Some(Said::ok(format!("it is for {host}")));
    }
    Some(Said::fault(
        format!("it is for {}, and clients come to {host}", listed(&names)),
        "have it issued for that name, or correct --public-url",
    ))
}

/// Under which name or address clients come, if that is known.
fn host(config: &Config) -> Option<String> {
    match &config.public_url {
        Some(url) => {
            let url: http::Uri = url.parse().ok()?;
            url.host().map(|host| host.trim_matches(['[', ']']).to_lowercase())
        }
        None => {
            let address = config.listen.ip();
            (!address.is_unspecified() && !address.is_loopback()).then(|| address.to_string())
        }
    }
}

/// A star stands for one label, the first (RFC 6125, section 6.4.3).
fn covers(name: &str, host: &str) -> bool {
    if name == host {
        return true;
    }
    match (name.strip_prefix("*."), host.split_once('.')) {
        (Some(domain), Some((label, rest))) => !label.is_empty() && domain == rest && host.parse::<IpAddr>().is_err(),
        _ => false,
    }
}

fn listed(names: &[String]) -> String {
    if names.is_empty() { "no name at all".into() } else { names.join(", ") }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;
    use crate::check::Verdict;
    use crate::state::Clock;

    const NOON_ON_2026_11_10_MS: u64 = 1_794_312_000_000;

    struct Stopped(u64);

    impl Clock for Stopped {
        fn now_ms(&self) -> u64 {
            self.0
        }

        fn elapsed_ms(&self) -> u64 {
            0
        }
    }

    /// A certificate for these names from the first to the tenth of November 2026.
    fn issued(folder: &Path, names: &[&str]) -> Config {
        let pair = rcgen::KeyPair::generate().unwrap();
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut parameters = rcgen::CertificateParams::new(names).unwrap();
        parameters.not_before = rcgen::date_time_ymd(2026, 11, 1);
        parameters.not_after = rcgen::date_time_ymd(2026, 12, 1);
        let (certificate, key) = (folder.join("chain.pem"), folder.join("private.pem"));
        std::fs::write(&certificate, parameters.self_signed(&pair).unwrap().pem()).unwrap();
        std::fs::write(&key, pair.serialize_pem()).unwrap();
        let public_url = Some("https://chat.example.org".into());
        Config { tls: Tls::Files { certificate, key }, public_url, ..Config::in_folder(folder) }
    }

    fn said(config: &Config, now_ms: u64) -> Vec<(Verdict, String)> {
        let scene = Scene::of(config, &Stopped(now_ms)).now_or_never().expect("nobody is asked over a network");
        look(&scene).into_iter().map(|said| (said.verdict, said.says)).collect()
    }

    #[test]
    fn a_certificate_is_judged_by_its_time_and_its_name() {
        const DAY_MS: u64 = 24 * 3600 * 1000;
        let folder = tempfile::tempdir().unwrap();
        for (names, days, verdicts) in [
            (&["chat.example.org"][..], 0, [Verdict::Ok, Verdict::Ok]),
            (&["*.example.org", "10.0.0.1"], 0, [Verdict::Ok, Verdict::Ok]),
            (&["chat.example.org"], 8, [Verdict::Warning, Verdict::Ok]),
            (&["chat.example.org"], 30, [Verdict::Fault, Verdict::Ok]),
            (&["chat.example.org"], -30, [Verdict::Fault, Verdict::Ok]),
            (&["example.org", "*.chat.example.org"], 0, [Verdict::Ok, Verdict::Fault]),
            (&["10.0.0.1"], 0, [Verdict::Ok, Verdict::Fault]),
        ] {
            let config = issued(folder.path(), names);
            let at = NOON_ON_2026_11_10_MS.saturating_add_signed(days * DAY_MS as i64);
            let found = said(&config, at);
            let found_verdicts: Vec<Verdict> = found.iter().map(|(verdict, _)| *verdict).collect();
            assert_eq!(found_verdicts, verdicts, "{names:?} after {days} days: {found:?}");
        }
    }

    #[test]
    fn a_key_of_another_certificate_is_a_fault_that_names_both_files() {
        let (folder, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let config = issued(folder.path(), &["chat.example.org"]);
        issued(other.path(), &["chat.example.org"]);
        std::fs::copy(other.path().join("private.pem"), folder.path().join("private.pem")).unwrap();
        let found = said(&config, NOON_ON_2026_11_10_MS);
        assert_eq!(found.len(), 1);
        let (verdict, says) = &found[0];
        assert_eq!(*verdict, Verdict::Fault);
        assert!(says.contains("chain.pem") && says.contains("private.pem"), "{says}");
    }

    #[test]
    fn a_star_stands_for_one_label() {
        for (name, host, is_covered) in [
            ("chat.example.org", "chat.example.org", true),
            ("*.example.org", "chat.example.org", true),
            ("*.example.org", "a.chat.example.org", false),
            ("*.example.org", "example.org", false),
            ("*.0.0.1", "10.0.0.1", false),
        ] {
            assert_eq!(covers(name, host), is_covered, "{name} {host}");
        }
    }
}
