//! The beacon's HTTP interface, asked directly; and what is computed over its curve.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::LocalBoxFuture;
use huis_core::time_locks::{BeaconSecret, SEALED_SECRET, SECRET};
use huis_proto::beacon::{ANSWER, Chain};
use reqwest::Url;

use crate::config::BeaconConfig;
use crate::engine::StartError;
use crate::ports::{BeaconWay, Beacons, HttpResponse, TransportError};
use crate::time_locks::BeaconFault;

/// How long one answer may take altogether.
const EXCHANGE: Duration = Duration::from_secs(15);

/// The chain that is set, and a way to each of the URLs.
///
/// # Errors
/// [`StartError::Url`].
pub(super) fn beacons(config: &BeaconConfig) -> Result<Beacons, StartError> {
    let mut ways: Vec<Rc<dyn BeaconWay>> = Vec::with_capacity(config.urls.len());
    if !config.urls.is_empty() {
        let client = client().map_err(StartError::Thread)?;
        for url in &config.urls {
            if !is_beacon_url(url) {
                return Err(StartError::Url(url.clone()));
            }
            let url = url.trim_end_matches('/').to_owned();
            ways.push(Rc::new(NativeWay { url, client: client.clone() }));
        }
    }
    Ok(Beacons { chains: vec![config.chain.clone()], ways })
}

/// Whether a beacon can be asked there.
pub fn is_beacon_url(url: &str) -> bool {
    Url::parse(url).is_ok_and(|url| {
        matches!(url.scheme(), "http" | "https")
            && url.has_host()
            && url.username().is_empty()
            && url.password().is_none()
    })
}

/// A client that trusts public authorities alone, and says nothing of who asks.
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
        .build()
        .map_err(|error| error.to_string())
}

struct NativeWay {
    url: String,
    client: reqwest::Client,
}

impl NativeWay {
    async fn exchange(&self, path: String) -> Result<HttpResponse, TransportError> {
        let unreachable = |error: reqwest::Error| TransportError::Unreachable(error.without_url().to_string());
        let mut response = self.client.get(format!("{}{path}", self.url)).send().await.map_err(unreachable)?;
        let status = response.status().as_u16();
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(unreachable)? {
            if body.len() + chunk.len() > ANSWER {
                return Err(TransportError::Unreachable("its answer is larger than a beacon's".into()));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(HttpResponse { status, body })
    }
}

impl BeaconWay for NativeWay {
    fn ask(&self, path: String) -> LocalBoxFuture<'_, Result<HttpResponse, TransportError>> {
        Box::pin(self.exchange(path))
    }
}

/// Seals a secret for a round.
pub(crate) async fn seal_for_round(
    chain: &Chain,
    round: u64,
    secret: &BeaconSecret,
    sigma: &[u8; SECRET],
) -> Result<[u8; SEALED_SECRET], BeaconFault> {
    huis_beacon::seal(&chain.public_key, round, secret.expose(), sigma).map_err(BeaconFault::from)
}

/// Opens what was sealed for a round, once its signature is checked.
pub(crate) async fn open_by_round(
    chain: &Chain,
    round: u64,
    signature: &[u8],
    sealed: &[u8; SEALED_SECRET],
) -> Result<BeaconSecret, BeaconFault> {
    let secret = huis_beacon::open(&chain.public_key, round, signature, sealed)?;
    Ok(BeaconSecret::from_bytes(*secret))
}

impl From<huis_beacon::BeaconError> for BeaconFault {
    fn from(error: huis_beacon::BeaconError) -> Self {
        match error {
            huis_beacon::BeaconError::Signature => Self::Signature,
            huis_beacon::BeaconError::Sealed => Self::Sealed,
            // The key is this device's own setting.
            huis_beacon::BeaconError::PublicKey | huis_beacon::BeaconError::Curve => Self::NotAtHand,
        }
    }
}
