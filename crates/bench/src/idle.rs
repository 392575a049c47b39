//! Idle connections: what each costs the server.
//!
//! Thousands of devices could only be registered in hours, for stretching a password is slow on purpose. So accounts of
//! twenty devices each, with a session for each device, are put into the server's store before it starts, and their
//! access tokens are signed with the server's own key file. From then on everything is the real way: each connection is
//! that of a different signed-in device, which is told that it is caught up before it counts.

use std::path::Path;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::{Signer as _, SigningKey};
use futures_util::StreamExt as _;
use huis_proto::device_list::SignedDeviceList;
use huis_proto::frames::{Received, ServerFrame, read_message};
use huis_proto::opaque::StretchParameters;
use huis_proto::{AccountId, Bytes, Bytes32, DeviceId, SessionId, limits, names};
use huis_server::Keys;
use huis_store::sqlite::{Mode, Options, SqliteStore};
use huis_store::{Accounts as _, Creation, NewAccount, Session, Sessions as _, Settings as _};
use rand::RngCore as _;
use rand::rngs::OsRng;
use serde::Serialize;
use serde_json::Value;
use tokio_tungstenite::tungstenite::Message;

use crate::ServerArgs;
use crate::line::{Server, Socket};
use crate::server_process::ServerProcess;

/// What is printed.
#[derive(Serialize)]
struct Report {
    system: &'static str,
    measurement: &'static str,
    connections: u32,
    tls: bool,
    server_started_in_ms: f64,
    server_idle_pss_kb: u64,
    server_pss_kb: u64,
    pss_kb_per_connection: f64,
    server_cpu_s: f64,
}

/// Holds `count` connections and looks at the server.
pub(crate) async fn measure(args: &ServerArgs, count: u32) -> anyhow::Result<Value> {
    raise_open_files();
    let temporary = tempfile::tempdir()?;
    let folder = args.data.as_deref().unwrap_or(temporary.path());
    let tokens = devices(folder, count).await?;
    let binary = args.server_binary.as_deref();
    let process = ServerProcess::start(binary, Some(folder), args.tls).await?;
    let idle_pss_kb = process.pss_kb()?;
    let mut sockets = Vec::new();
    for token in &tokens {
        sockets.push(caught_up(&process.server, token).await?);
    }
    let pss_kb = process.pss_kb()?;
    let report = Report {
        system: "huis",
        measurement: "idle",
        connections: count,
        tls: args.tls,
        server_started_in_ms: process.started_in.as_secs_f64() * 1000.0,
        server_idle_pss_kb: idle_pss_kb,
        server_pss_kb: pss_kb,
        pss_kb_per_connection: pss_kb.saturating_sub(idle_pss_kb) as f64 / f64::from(count.max(1)),
        server_cpu_s: process.cpu_seconds()?,
    };
    drop(sockets);
    process.stop().await?;
    Ok(serde_json::to_value(report)?)
}

/// Puts signed-in devices into the store of a server that does not run yet; gives their access tokens.
async fn devices(folder: &Path, count: u32) -> anyhow::Result<Vec<String>> {
    let keys = Keys::open_or_make(&mut OsRng, folder, false)?;
    let options = Options { franking: keys.franking(), mode: Mode::Threads };
    let store = Arc::new(SqliteStore::open(folder.join("huis.db"), options)?);
    let key = token_key(folder)?;
    let now_ms = u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis())?;
    let mut tokens = Vec::new();
    let mut begun = Vec::new();
    while tokens.len() < count as usize {
        let account = AccountId::random(&mut OsRng);
        let most = limits::DEVICES.min(count as usize - tokens.len());
        let devices: Vec<_> = (0..most).map(|_| DeviceId::random(&mut OsRng)).collect();
        let created = store.create_account(new_account(account, &devices, now_ms)).await?;
        ensure!(created == Creation::Created, "an account was not created: {created:?}");
        for device in devices {
            let session = SessionId::random(&mut OsRng);
            tokens.push(access_token(&key, account, device, session, now_ms / 1000));
            let row =
                Session { session, account, device, stays_signed_in: true, began_at_ms: now_ms, used_at_ms: now_ms };
            let store = store.clone();
            begun.push(tokio::spawn(async move {
                let mut refresh_hash = [0; 32];
                OsRng.fill_bytes(&mut refresh_hash);
                store.begin_session(row, Bytes32(refresh_hash), 1).await
            }));
        }
    }
    for session in begun {
        session.await??;
    }
    store.close().await?;
    Ok(tokens)
}

fn new_account(account: AccountId, devices: &[DeviceId], now_ms: u64) -> NewAccount {
    let username = format!("idle-{}", &account.to_string()[..20]);
    NewAccount {
        account,
        skeleton: names::skeleton(&username),
        username,
        email: None,
        claims_super_administrator: false,
        opaque: Bytes(vec![0; 192]),
        stretch: StretchParameters::NEW_ACCOUNTS,
        identity_key: Bytes32([0; 32]),
        recovery_key: Bytes32([0; 32]),
        device_list: SignedDeviceList { list: Bytes(vec![0; 64]), signature: Bytes(vec![0; 64]), handover: None },
        devices: devices.to_vec(),
        vault: Bytes(vec![0; 512]),
        account_state: Bytes(vec![0; 512]),
        created_at_ms: now_ms,
    }
}

async fn caught_up(server: &Server, token: &str) -> anyhow::Result<Socket> {
    let mut socket = server.web_socket(token).await?;
    loop {
        let message = socket.next().await.context("the server closed")??;
        let Message::Binary(message) = message else {
            continue;
        };
        let frames = read_message::<ServerFrame>(&message)?;
        if frames.contains(&Received::Frame(ServerFrame::CaughtUp {})) {
            return Ok(socket);
        }
    }
}

/// The key of the server's access tokens, from its file.
fn token_key(folder: &Path) -> anyhow::Result<SigningKey> {
    let file = std::fs::read_to_string(folder.join("keys/token-signing"))?;
    let line = file.lines().nth(1).context("the key file has no second line")?;
    let seed: [u8; 32] =
        URL_SAFE_NO_PAD.decode(line)?.try_into().map_err(|_| anyhow::anyhow!("the key file holds no key"))?;
    Ok(SigningKey::from_bytes(&seed))
}

/// A JWT as the server makes it (RFC 7519, EdDSA).
fn access_token(key: &SigningKey, account: AccountId, device: DeviceId, session: SessionId, now_s: u64) -> String {
    let encode = |value: serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let header = encode(serde_json::json!({ "typ": "JWT", "alg": "EdDSA" }));
    let payload = encode(serde_json::json!({
        "iss": "huis", "sub": account, "dev": device, "sid": session,
        "iat": now_s, "exp": now_s + limits::ACCESS_TOKEN.as_secs(),
    }));
    let signed = format!("{header}.{payload}");
    let signature = URL_SAFE_NO_PAD.encode(key.sign(signed.as_bytes()).to_bytes());
    format!("{signed}.{signature}")
}

/// Every connection is an open file; the usual soft limit is 1,024.
pub(crate) fn raise_open_files() {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    let _ = setrlimit(Resource::Nofile, limit);
}
