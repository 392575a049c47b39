//! Where pushes may go. The endpoint is what a client says, so without care anybody with an account could make the server
//! ask machines beside it.

use std::error::Error;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs as _};
use std::sync::Arc;
use std::time::Duration;

use huis_proto::limits;
use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::sync::Semaphore;

use crate::config::PushEndpoints;

/// How long one exchange with a push service may take.
const EXCHANGE: Duration = Duration::from_secs(10);
const CONNECT: Duration = Duration::from_secs(5);
/// How many names are looked up at once. Each holds a thread for as long as its name servers let it wait, of those that
/// the store's reads need too.
const LOOK_UPS: usize = 16;

/// The URL, if pushes may go there; else why not.
pub(crate) fn checked(endpoint: &str, allowed: PushEndpoints) -> Result<Url, &'static str> {
    if endpoint.len() > limits::PUSH_ENDPOINT {
        return Err("The endpoint is longer than 2048 bytes.");
    }
    let url = Url::parse(endpoint).map_err(|_| "The endpoint is no URL.")?;
    let host = url.host_str().ok_or("The endpoint names no host.")?;
    if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
        return Err("The endpoint must hold neither user nor fragment.");
    }
    match allowed {
        PushEndpoints::None => return Err("This server sends no pushes."),
        PushEndpoints::Any if matches!(url.scheme(), "http" | "https") => return Ok(url),
        PushEndpoints::Any | PushEndpoints::Public => {}
    }
    if url.scheme() != "https" {
        return Err("The endpoint must be of HTTPS.");
    }
    let literal = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    if literal.is_ok_and(|address| !is_public(address)) {
        return Err("The endpoint's address is not one of the public Internet.");
    }
    Ok(url)
}

/// The way to push services: no redirects, no proxy that the environment names, and public addresses alone.
pub(super) fn client(allowed: PushEndpoints) -> Result<reqwest::Client, String> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut roots = rustls::RootCertStore::empty();
    roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    let mut tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_root_certificates(roots)
        .with_no_client_auth();
    tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let mut builder = reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .connect_timeout(CONNECT)
        .timeout(EXCHANGE)
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .pool_max_idle_per_host(2)
        .user_agent(concat!("huis/", env!("CARGO_PKG_VERSION")));
    if allowed != PushEndpoints::Any {
        builder = builder.https_only(true).dns_resolver(Arc::new(PublicNames(look_ups())));
    }
    builder.build().map_err(|error| error.to_string())
}

/// Gives of a name's addresses the public ones. What is looked up is what is connected to, so a name that changes its
/// address in between gains nothing.
struct PublicNames(Arc<Semaphore>);

impl Resolve for PublicNames {
    fn resolve(&self, name: Name) -> Resolving {
        let room = Arc::clone(&self.0);
        Box::pin(async move {
            let found = looked_up(room, move || (name.as_str(), 0).to_socket_addrs()).await?;
            let public: Vec<SocketAddr> = found.filter(|address| is_public(address.ip())).collect();
            if public.is_empty() {
                return Err("the name has no address of the public Internet".into());
            }
            Ok(Box::new(public.into_iter()) as Addrs)
        })
    }
}

fn look_ups() -> Arc<Semaphore> {
    Arc::new(Semaphore::new(LOOK_UPS))
}

/// Looks up on a thread, once there is room. Whoever waits may go; the place is taken until the thread is done.
async fn looked_up<T: Send + 'static>(
    room: Arc<Semaphore>,
    look_up: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, Box<dyn Error + Send + Sync>> {
    let permit = room.acquire_owned().await?;
    let found = tokio::task::spawn_blocking(move || {
        let _held = permit;
        look_up()
    });
    Ok(found.await??)
}

/// Whether an address is of the public Internet (IANA's registries of special addresses).
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let special = a == 0
        || a == 10
        || a == 127
        || (a == 100 && (64..128).contains(&b))
        || (a == 169 && b == 254)
        || (a == 172 && (16..32).contains(&b))
        || (a == 192 && b == 0 && (c == 0 || c == 2))
        || (a == 192 && b == 88 && c == 99)
        || (a == 192 && b == 168)
        || (a == 198 && (b == 18 || b == 19))
        || (a == 198 && b == 51 && c == 100)
        || (a == 203 && b == 0 && c == 113)
        || a >= 224;
    !special
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    if let Some(mapped) = address.to_ipv4_mapped() {
        return is_public_v4(mapped);
    }
    let [first, second, third, ..] = address.segments();
    let embedded = |at: usize| {
        let octets = address.octets();
        octets
            .get(at..at + 4)
            .and_then(|four| <[u8; 4]>::try_from(four).ok())
            .is_some_and(|four| is_public_v4(four.into()))
    };
    match (first, second) {
        // By translation (RFC 6052) and 6to4 (RFC 3056): what counts is the address behind it.
        (0x64, 0xff9b) => third == 0 && embedded(12),
        (0x2002, _) => embedded(2),
        // Teredo, benchmarks, ORCHID, documentation.
        (0x2001, 0..0x200 | 0xdb8) | (0x3fff, 0..0x1000) => false,
        _ => first & 0xe000 == 0x2000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pushes_go_to_public_addresses_over_https_alone() {
        let checked = |endpoint: &str| checked(endpoint, PushEndpoints::Public);
        for right in [
            "https://fcm.googleapis.com/fcm/send/abc:def",
            "https://updates.push.services.mozilla.com/wpush/v2/abc",
            "https://8.8.8.8/a",
            "https://[2606:4700::1111]:8443/a",
            "https://[64:ff9b::808:808]/",
        ] {
            assert!(checked(right).is_ok(), "{right}");
        }
        for wrong in [
            "",
            "push",
            "http://push.example/",
            "ftp://push.example/",
            "file:///etc/passwd",
            "https://user@push.example/",
            "https://push.example/#fragment",
            "https://127.0.0.1/",
            "https://127.1/",
            "https://2130706433/",
            "https://0x7f.0.0.1/",
            "https://0.0.0.0/",
            "https://10.0.0.1/",
            "https://172.31.255.255/",
            "https://192.168.1.1/",
            "https://169.254.169.254/latest/meta-data",
            "https://100.64.0.1/",
            "https://198.18.0.1/",
            "https://224.0.0.1/",
            "https://255.255.255.255/",
            "https://[::]/",
            "https://[::1]/",
            "https://[::ffff:127.0.0.1]/",
            "https://[::ffff:a00:1]/",
            "https://[::127.0.0.1]/",
            "https://[64:ff9b::7f00:1]/",
            "https://[64:ff9b:1::1]/",
            "https://[2002:7f00:1::]/",
            "https://[2001::1]/",
            "https://[2001:db8::1]/",
            "https://[fc00::1]/",
            "https://[fe80::1]/",
            "https://[ff02::1]/",
        ] {
            assert!(checked(wrong).is_err(), "{wrong}");
        }
        let long = format!("https://push.example/{}", "a".repeat(limits::PUSH_ENDPOINT));
        assert!(checked(&long).is_err());
    }

    #[test]
    fn an_operator_may_allow_any_address_or_none() {
        assert!(checked("http://127.0.0.1:8090/push", PushEndpoints::Any).is_ok());
        assert!(checked("file:///etc/passwd", PushEndpoints::Any).is_err());
        assert!(checked("https://push.example/", PushEndpoints::None).is_err());
    }

    #[tokio::test]
    async fn slow_name_servers_hold_a_few_threads_even_when_nobody_waits_for_them_any_more() {
        let room = look_ups();
        let (began, mut begun) = tokio::sync::mpsc::unbounded_channel();
        let (answer, answered) = std::sync::mpsc::channel::<()>();
        let answered = Arc::new(std::sync::Mutex::new(answered));
        for _ in 0..LOOK_UPS {
            let (began, answered) = (began.clone(), answered.clone());
            let slow = looked_up(room.clone(), move || {
                let _ = began.send(());
                let _ = answered.lock().map(|answered| answered.recv());
                Ok(())
            });
            let waiting = tokio::spawn(slow);
            begun.recv().await.unwrap();
            waiting.abort();
            assert!(waiting.await.unwrap_err().is_cancelled());
        }
        assert_eq!(room.available_permits(), 0);
        drop(answer);
        looked_up(room, || Ok(())).await.unwrap();
    }

    #[tokio::test]
    async fn a_name_that_leads_to_this_machine_leads_nowhere() {
        let client = client(PushEndpoints::Public).unwrap();
        let error = client.get("https://localhost:1/").send().await.unwrap_err();
        let mut causes = vec![error.to_string()];
        let mut cause: &dyn std::error::Error = &error;
        while let Some(deeper) = cause.source() {
            causes.push(deeper.to_string());
            cause = deeper;
        }
        assert!(causes.iter().any(|cause| cause.contains("no address of the public Internet")), "{causes:?}");
    }
}
