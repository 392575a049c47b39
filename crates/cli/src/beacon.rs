//! Which public randomness beacon messages are locked by, and where it is asked.

use huis_engine::BeaconConfig;

use crate::outcome::{Outcome, Stop};

/// The same names and values as a server's settings have.
const CHAIN: &str = "HUIS_BEACON_CHAIN";
const URLS: &str = "HUIS_BEACON_URLS";

/// What is set for this process, or drand's own.
pub(crate) fn set_here() -> Outcome<BeaconConfig> {
    let read = |name: &str| match std::env::var(name) {
        Ok(value) => Ok(Some(value)),
        Err(std::env::VarError::NotPresent) => Ok(None),
        Err(std::env::VarError::NotUnicode(_)) => Err(wrong(name, "it is no text in UTF-8")),
    };
    set_to(read(CHAIN)?.as_deref(), read(URLS)?.as_deref())
}

fn set_to(chain: Option<&str>, urls: Option<&str>) -> Outcome<BeaconConfig> {
    let mut beacon = BeaconConfig::default();
    if let Some(chain) = chain {
        beacon.chain = chain.parse().map_err(|error| wrong(CHAIN, error))?;
    }
    match urls {
        None => {}
        Some("none") => beacon.urls.clear(),
        Some(urls) => beacon.urls = urls.split(',').map(|url| url.trim().to_owned()).collect(),
    }
    if !beacon.urls.iter().all(|url| huis_engine::native::is_beacon_url(url)) {
        return Err(wrong(URLS, "expected none, or URLs with commas between them, such as https://api.drand.sh"));
    }
    Ok(beacon)
}

fn wrong(name: &str, why: impl std::fmt::Display) -> Stop {
    Stop::failed("invalid", format!("{name}: {why}"), "set it right, or take it away for drand's own")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_set_is_drands_own_and_what_is_set_is_checked() {
        assert_eq!(set_to(None, None).unwrap(), BeaconConfig::default());
        assert!(set_to(None, Some("none")).unwrap().urls.is_empty());
        let two = set_to(None, Some("https://a.example, http://b.example")).unwrap();
        assert_eq!(two.urls, ["https://a.example", "http://b.example"]);
        let chain = BeaconConfig::default().chain.to_string().replace(":3", ":30");
        assert_eq!(set_to(Some(&chain), None).unwrap().chain.period_s, 30);
        for (chain, urls) in [
            (Some("drand"), None),
            (Some(""), None),
            (None, Some("")),
            (None, Some("api.drand.sh")),
            (None, Some("https://")),
        ] {
            let line = set_to(chain, urls).unwrap_err().line("send").unwrap();
            assert!(line.contains("HUIS_BEACON_") && line.ends_with("[invalid]"), "{line}");
        }
    }
}
