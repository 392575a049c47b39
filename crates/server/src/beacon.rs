//! The rounds of a public randomness beacon, asked for on behalf of devices that ask nobody but their server: browsers, and whoever
//! would not be seen by the beacon. What is passed on is checked here, and by the device once more.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use huis_proto::AccountId;
use huis_proto::beacon::{ANSWER, BeaconRound, Chain, SIGNATURE, path_of};

use crate::config::BeaconRules;

/// How long one exchange with a beacon may take.
const EXCHANGE: Duration = Duration::from_secs(10);
/// Rounds that are remembered: those that many devices ask for at the same time.
const REMEMBERED: usize = 1024;
/// Questions to the beacon at once. Who comes when so many are on their way is to come back.
const AT_ONCE: usize = 16;
/// Those of one account: nobody keeps the others waiting.
const AT_ONCE_OF_ONE: usize = 2;
/// A round that is published later than this by the server's clock, in milliseconds, is not asked for.
const AHEAD_MS: u64 = 60_000;

/// The way to a beacon, and what it has said.
pub(crate) struct BeaconRelay {
    rules: BeaconRules,
    client: OnceLock<Option<reqwest::Client>>,
    remembered: Mutex<VecDeque<(u64, [u8; SIGNATURE])>>,
    /// Whose questions are on their way.
    asking: Mutex<Vec<AccountId>>,
}

/// A question's place among those on their way; it is given up by dropping it.
struct Asking<'a> {
    asker: AccountId,
    all: &'a Mutex<Vec<AccountId>>,
}

impl<'a> Asking<'a> {
    fn begin(all: &'a Mutex<Vec<AccountId>>, asker: AccountId) -> Option<Self> {
        let mut asking = all.lock().unwrap_or_else(PoisonError::into_inner);
        let own = asking.iter().filter(|other| **other == asker).count();
        if asking.len() >= AT_ONCE || own >= AT_ONCE_OF_ONE {
            return None;
        }
        asking.push(asker);
        Some(Self { asker, all })
    }
}

impl Drop for Asking<'_> {
    fn drop(&mut self) {
        let mut asking = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(place) = asking.iter().position(|other| *other == self.asker) {
            asking.swap_remove(place);
        }
    }
}

/// Why there is no signature of a round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoRound {
    /// This server asks no beacon.
    Off,
    /// It is not published yet.
    Early,
    /// No URL gave it.
    Unreachable,
    /// Too many ask at once.
    Busy,
}

impl BeaconRelay {
    pub(crate) fn new(rules: BeaconRules) -> Self {
        // From the beginning, so that the first of each is seen as one more.
        for end in ["given", "early", "unreachable", "busy"] {
            metrics::counter!("huis_beacon_rounds_total", "end" => end).increment(0);
        }
        Self { rules, client: OnceLock::new(), remembered: Mutex::default(), asking: Mutex::default() }
    }

    /// The chain whose rounds are passed on.
    pub(crate) fn chain(&self) -> &Chain {
        &self.rules.chain
    }

    /// The chain's signature of a round, asked for on behalf of this account where it is not remembered.
    pub(crate) async fn round(&self, asker: AccountId, round: u64, now_ms: u64) -> Result<[u8; SIGNATURE], NoRound> {
        if self.rules.urls.is_empty() {
            return Err(NoRound::Off);
        }
        if let Some(signature) = self.remembered(round) {
            return Ok(signature);
        }
        if self.rules.chain.published_ms(round) > now_ms.saturating_add(AHEAD_MS) {
            return Err(NoRound::Early);
        }
        let asked = self.ask_each(asker, round).await;
        let end = match asked {
            Ok(_) => "given",
            Err(NoRound::Off | NoRound::Early) => "early",
            Err(NoRound::Unreachable) => "unreachable",
            Err(NoRound::Busy) => "busy",
        };
        metrics::counter!("huis_beacon_rounds_total", "end" => end).increment(1);
        asked
    }

    /// Asks one URL behind the other.
    async fn ask_each(&self, asker: AccountId, round: u64) -> Result<[u8; SIGNATURE], NoRound> {
        let _place = Asking::begin(&self.asking, asker).ok_or(NoRound::Busy)?;
        let client = self.client().ok_or(NoRound::Unreachable)?;
        let mut is_reached = false;
        for url in &self.rules.urls {
            match self.ask(client, url, round).await {
                Ok(Some(signature)) => {
                    self.remember(round, signature);
                    return Ok(signature);
                }
                Ok(None) => is_reached = true,
                Err(error) => tracing::warn!(url, round, error, "the beacon could not be asked"),
            }
        }
        Err(if is_reached { NoRound::Early } else { NoRound::Unreachable })
    }

    /// None where it is not published yet.
    async fn ask(&self, client: &reqwest::Client, url: &str, round: u64) -> Result<Option<[u8; SIGNATURE]>, String> {
        let unreachable = |error: reqwest::Error| error.without_url().to_string();
        let path = path_of(&self.rules.chain.hash, round);
        let mut response = client.get(format!("{url}{path}")).send().await.map_err(unreachable)?;
        match response.status().as_u16() {
            200 => {}
            // As drand's relays say that a round is in the future.
            404 | 425 => return Ok(None),
            status => return Err(format!("it answered with status {status}")),
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(unreachable)? {
            if body.len() + chunk.len() > ANSWER {
                return Err("its answer is larger than a beacon's".to_owned());
            }
            body.extend_from_slice(&chunk);
        }
        let said: BeaconRound = serde_json::from_slice(&body).map_err(|error| error.to_string())?;
        let signature = said.signature_of(round).ok_or("its answer is of another round, or has no signature")?;
        let public_key = self.rules.chain.public_key;
        let checked = tokio::task::spawn_blocking(move || huis_beacon::check(&public_key, round, &signature)).await;
        match checked {
            Ok(Ok(())) => Ok(Some(signature)),
            Ok(Err(error)) => Err(error.to_string()),
            Err(error) => Err(error.to_string()),
        }
    }

    /// What is remembered of a round.
    pub(crate) fn remembered(&self, round: u64) -> Option<[u8; SIGNATURE]> {
        let remembered = self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
        remembered.iter().rev().find(|(known, _)| *known == round).map(|(_, signature)| *signature)
    }

    fn remember(&self, round: u64, signature: [u8; SIGNATURE]) {
        let mut remembered = self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
        if remembered.len() == REMEMBERED {
            remembered.pop_front();
        }
        remembered.push_back((round, signature));
    }

    fn client(&self) -> Option<&reqwest::Client> {
        let made = self
            .client
            .get_or_init(|| client().map_err(|error| tracing::error!(%error, "the beacon can't be asked")).ok());
        made.as_ref()
    }
}

fn client() -> Result<reqwest::Client, String> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut roots = rustls::RootCertStore::empty();
    roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_root_certificates(roots)
        .with_no_client_auth();
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .timeout(EXCHANGE)
        .redirect(reqwest::redirect::Policy::none())
        .pool_max_idle_per_host(2)
        .user_agent(concat!("huis/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ASKER: AccountId = AccountId::from_bytes([1; 16]);

    fn relay(urls: &[&str]) -> BeaconRelay {
        let urls = urls.iter().map(|url| (*url).to_owned()).collect();
        BeaconRelay::new(BeaconRules { chain: Chain::quicknet(), urls })
    }

    #[tokio::test]
    async fn without_a_url_nobody_is_asked_and_the_future_is_asked_of_nobody() {
        assert_eq!(relay(&[]).round(ASKER, 1000, u64::MAX).await, Err(NoRound::Off));
        let relay = relay(&["http://127.0.0.1:9"]);
        let round = relay.chain().round_at(1_900_000_000_000);
        assert_eq!(relay.round(ASKER, round, 1_800_000_000_000).await, Err(NoRound::Early));
    }

    #[test]
    fn nobody_has_all_the_places() {
        let all = Mutex::default();
        let begin = |number| Asking::begin(&all, AccountId::from_bytes([number; 16]));
        let own: Vec<_> = std::iter::from_fn(|| begin(1)).collect();
        assert_eq!(own.len(), AT_ONCE_OF_ONE);
        let others: Vec<_> = (2..).map_while(begin).collect();
        assert_eq!(own.len() + others.len(), AT_ONCE);
        drop(own);
        assert!(begin(1).is_some());
    }

    #[tokio::test]
    async fn what_is_remembered_is_bounded_and_asks_nobody() {
        let relay = relay(&["http://127.0.0.1:9"]);
        for round in 0..=REMEMBERED as u64 {
            relay.remember(round, [7; SIGNATURE]);
        }
        assert_eq!(relay.round(ASKER, 1, 0).await, Ok([7; SIGNATURE]));
        assert_eq!((relay.remembered(0), relay.remembered.lock().unwrap().len()), (None, REMEMBERED));
    }
}
