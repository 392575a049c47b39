//! A real server on a real port, devices that are signed in, and their ends of the wire.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::body::Body;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::{Signer as _, SigningKey};
use futures_util::{SinkExt as _, StreamExt as _};
use http::{Method, Request, StatusCode};
use http_body_util::BodyExt as _;
use huis_proto::aad::{Act, AuthenticatedData};
use huis_proto::device_list::SignedDeviceList;
use huis_proto::frames::{
    Accepted, ClientFrame, CloseCode, LogEntry, Received, SUBPROTOCOL, ServerFrame, Submit, read_message,
};
use huis_proto::opaque::StretchParameters;
use huis_proto::rest::{Committed, CreateConversation, SubmitCommit};
use huis_proto::{
    AccountId, Bytes, Bytes32, ConversationId, ConversationKind, DeviceId, ErrorCode, Member, MessageId, Problem,
    SessionId, TimeLock, TimeShare, codec, mls,
};
use huis_server::{Clock, Config, Keys, PushEndpoints, RunningServer, Server, SystemClock};
use huis_store::sqlite::{Mode, Options, SqliteStore};
use huis_store::{Creation, NewAccount, Session, SharedStore};
use rand::rngs::OsRng;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_tungstenite::{WebSocketStream, client_async};

/// No test waits for time to pass; this only turns a hang into a failure.
const HANG: Duration = Duration::from_secs(30);

/// The machine's clock, which can be set forward.
#[derive(Default)]
pub(crate) struct HouseClock {
    ahead_ms: AtomicU64,
}

pub(crate) struct House {
    pub(crate) server: RunningServer,
    pub(crate) store: SharedStore,
    clock: Arc<HouseClock>,
    address: SocketAddr,
    token_key: SigningKey,
    data: Arc<tempfile::TempDir>,
}

/// A signed-in device.
pub(crate) struct Phone {
    pub(crate) member: Member,
    pub(crate) session: SessionId,
    pub(crate) token: String,
    submission: u64,
}

/// A device's end of a connection.
pub(crate) struct Wire {
    socket: WebSocketStream<TcpStream>,
    frames: VecDeque<ServerFrame>,
    /// What the server said when it closed.
    pub(crate) farewell: String,
}

impl Clock for HouseClock {
    fn now_ms(&self) -> u64 {
        SystemClock.now_ms() + self.ahead_ms.load(Ordering::SeqCst)
    }

    fn elapsed_ms(&self) -> u64 {
        SystemClock.elapsed_ms() + self.ahead_ms.load(Ordering::SeqCst)
    }
}

impl House {
    pub(crate) async fn open() -> Self {
        Self::open_on(None).await
    }

    /// A house whose nodes meet at this bus.
    pub(crate) async fn open_on(bus: Option<&str>) -> Self {
        let data = Arc::new(tempfile::tempdir().unwrap());
        let keys = Keys::open_or_make(&mut OsRng, data.path(), false).unwrap();
        let options = Options { franking: keys.franking(), mode: Mode::Threads };
        let store: SharedStore = Arc::new(SqliteStore::open(data.path().join("huis.db"), options).unwrap());
        Self::node(data, keys, store, bus).await
    }

    /// Another node of the same server. **Stopping one closes the store of all.**
    pub(crate) async fn beside(&self, bus: Option<&str>) -> Self {
        let keys = Keys::open_or_make(&mut OsRng, self.data.path(), true).unwrap();
        Self::node(self.data.clone(), keys, self.store.clone(), bus).await
    }

    async fn node(data: Arc<tempfile::TempDir>, keys: Keys, store: SharedStore, bus: Option<&str>) -> Self {
        let mut config = Config::in_folder(data.path());
        config.bus = bus.map(|bus| bus.parse().unwrap());
        config.push_endpoints = PushEndpoints::Any;
        // Whoever connects from here is whom they say.
        config.trusted_proxies = vec!["127.0.0.1".parse().unwrap()];
        // So slow that no test waits for the next.
        config.rates.guesses_per_minute = 4;
        let clock = Arc::<HouseClock>::default();
        let server = Server { config, keys, store: store.clone(), clock: clock.clone() };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = server.start(Some(listener)).await.unwrap();
        Self { address: server.address().unwrap(), server, store, clock, token_key: token_key(data.path()), data }
    }

    pub(crate) fn now_ms(&self) -> u64 {
        self.clock.now_ms()
    }

    /// Time passes.
    pub(crate) fn later(&self, by: Duration) {
        self.clock.ahead_ms.fetch_add(by.as_millis() as u64, Ordering::SeqCst);
    }

    /// An account with two devices; gives the first.
    pub(crate) async fn account(&self, number: u8) -> Phone {
        self.account_of(number, false).await
    }

    /// The same, and it is the super-administrator.
    pub(crate) async fn head(&self, number: u8) -> Phone {
        self.account_of(number, true).await
    }

    async fn account_of(&self, number: u8, claims_super_administrator: bool) -> Phone {
        let devices = vec![device(number, 1), device(number, 2)];
        let name = format!("person{number}");
        let created = self.store.create_account(NewAccount {
            account: account(number),
            skeleton: huis_proto::names::skeleton(&name),
            username: name,
            email: None,
            claims_super_administrator,
            opaque: Bytes(vec![1]),
            stretch: StretchParameters::NEW_ACCOUNTS,
            identity_key: Bytes32([number; 32]),
            recovery_key: Bytes32([number; 32]),
            device_list: SignedDeviceList { list: Bytes(vec![1]), signature: Bytes(vec![1]), handover: None },
            devices,
            vault: Bytes(vec![1]),
            account_state: Bytes(vec![1]),
            created_at_ms: 1,
        });
        assert_eq!(created.await.unwrap(), Creation::Created);
        self.phone(number, 1).await
    }

    /// Signs a device of an account in.
    pub(crate) async fn phone(&self, number: u8, which: u8) -> Phone {
        let member = Member { account: account(number), device: device(number, which) };
        let session = SessionId::random(&mut OsRng);
        let now_ms = SystemClock.now_ms();
        let begun = Session {
            session,
            account: member.account,
            device: member.device,
            stays_signed_in: true,
            began_at_ms: now_ms,
            used_at_ms: now_ms,
        };
        let refresh_hash = Bytes32(*[*session.as_bytes(); 2].as_flattened().first_chunk().unwrap());
        self.store.begin_session(begun, refresh_hash, 1).await.unwrap();
        Phone { member, session, token: access_token(&self.token_key, member, session, now_ms / 1000), submission: 0 }
    }

    pub(crate) async fn connect(&self, phone: &Phone) -> Wire {
        let stream = TcpStream::connect(self.address).await.unwrap();
        let request = upgrade(&phone.token, Some(SUBPROTOCOL));
        let (socket, _) = client_async(request, stream).await.unwrap();
        Wire { socket, frames: VecDeque::new(), farewell: String::new() }
    }

    /// Connects from this address, as a proxy says.
    pub(crate) async fn arrive_from(&self, phone: &Phone, address: &str) -> Wire {
        let stream = TcpStream::connect(self.address).await.unwrap();
        let mut request = upgrade(&phone.token, Some(SUBPROTOCOL));
        request.headers_mut().insert("x-forwarded-for", address.parse().unwrap());
        let (socket, _) = client_async(request, stream).await.unwrap();
        let mut wire = Wire { socket, frames: VecDeque::new(), farewell: String::new() };
        while !matches!(wire.next().await, ServerFrame::CaughtUp {}) {}
        wire
    }

    /// Connects and reads on until the server says that the device is caught up.
    pub(crate) async fn arrive(&self, phone: &Phone) -> (Wire, Vec<ServerFrame>) {
        let mut wire = self.connect(phone).await;
        let mut frames = Vec::new();
        loop {
            match wire.next().await {
                ServerFrame::CaughtUp {} => return (wire, frames),
                frame => frames.push(frame),
            }
        }
    }

    /// The status of an upgrade that is refused.
    pub(crate) async fn refused_upgrade(&self, token: &str, subprotocol: Option<&str>) -> (StatusCode, Problem) {
        let stream = TcpStream::connect(self.address).await.unwrap();
        match client_async(upgrade(token, subprotocol), stream).await {
            Err(tungstenite::Error::Http(response)) => {
                let body = response.body().clone().unwrap_or_default();
                (response.status(), serde_json::from_slice(&body).unwrap())
            }
            other => panic!("not refused: {other:?}"),
        }
    }

    pub(crate) async fn ask<T: DeserializeOwned>(
        &self,
        phone: &Phone,
        method: Method,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, Problem> {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("authorization", format!("Bearer {}", phone.token))
            .header("content-type", "application/json")
            .body(Body::from(serde_json::to_vec(body).unwrap()))
            .unwrap();
        let response = self.server.answer(request, ([127, 0, 0, 1], 9).into()).await;
        let good = response.status().is_success();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        let body = if body.is_empty() { b"null"[..].into() } else { body };
        if good { Ok(serde_json::from_slice(&body).unwrap()) } else { Err(serde_json::from_slice(&body).unwrap()) }
    }

    /// Creates a conversation; `others` are added by its first commit and acknowledge their welcomes.
    pub(crate) async fn conversation(&self, number: u8, creator: &mut Phone, others: &[&Phone]) -> ConversationId {
        let conversation = ConversationId::from_bytes([number; 16]);
        let joins: Vec<_> = others.iter().map(|phone| phone.member).collect();
        let submission = creator.next_submission();
        let create = CreateConversation {
            conversation,
            kind: ConversationKind::Group,
            peer: None,
            room: None,
            group_info: Bytes(vec![1; 100]),
            submission,
            first_commit: (!joins.is_empty()).then(|| SubmitCommit {
                submission,
                commit: creator.commit(conversation, 0, 0, joins, vec![]),
                welcome: Some(Bytes(vec![2; 100])),
                group_info: Bytes(vec![3; 100]),
                seen: 0,
            }),
        };
        let created: Result<Committed, _> = self.ask(creator, Method::POST, "/api/v1/conversations", &create).await;
        let created = created.unwrap();
        for phone in others {
            let done = self.store.acknowledge_welcome(phone.member, conversation, created.seq);
            done.await.unwrap();
        }
        conversation
    }

    /// Sends a commit by REST.
    pub(crate) async fn commit(
        &self,
        phone: &mut Phone,
        conversation: ConversationId,
        follows: u64,
        joins: Vec<Member>,
        leaves: Vec<Member>,
    ) -> Result<Committed, Problem> {
        let submission = phone.next_submission();
        let body = SubmitCommit {
            submission,
            welcome: (!joins.is_empty()).then(|| Bytes(vec![2; 100])),
            commit: phone.commit(conversation, submission, follows, joins, leaves),
            group_info: Bytes(vec![3; 100]),
            seen: u64::MAX,
        };
        let path = format!("/api/v1/conversations/{conversation}/commits");
        self.ask(phone, Method::POST, &path, &body).await
    }
}

impl Phone {
    pub(crate) fn next_submission(&mut self) -> u64 {
        self.submission += 1;
        self.submission
    }

    /// A message as it is submitted; the request has the submission's number.
    pub(crate) fn message(&mut self, conversation: ConversationId, follows: u64, size: usize) -> Submit {
        let submission = self.next_submission();
        let act = Act::Message { commitment: Bytes32([5; 32]), files: vec![], lock: None };
        Submit {
            request: submission as u32,
            submission,
            payload: self.sealed(conversation, submission, follows, act, size).into(),
            share: None,
        }
    }

    /// A message that opens then.
    pub(crate) fn locked(&mut self, conversation: ConversationId, follows: u64, unlocks_at_ms: u64) -> Submit {
        let share = TimeShare(Bytes32([7; 32]));
        let lock = Some(TimeLock { unlocks_at_ms, share: share.commitment() });
        let submission = self.next_submission();
        let act = Act::Message { commitment: Bytes32([5; 32]), files: vec![], lock };
        let payload = self.sealed(conversation, submission, follows, act, 64).into();
        Submit { request: submission as u32, submission, payload, share: Some(share) }
    }

    pub(crate) fn leave(&mut self, conversation: ConversationId, follows: u64, leaves: Vec<Member>) -> Submit {
        let submission = self.next_submission();
        let act = Act::Leave { leaves };
        let payload = self.sealed(conversation, submission, follows, act, 64);
        Submit { request: submission as u32, submission, payload: with_content_type(payload, 2), share: None }
    }

    fn commit(
        &self,
        conversation: ConversationId,
        number: u64,
        follows: u64,
        joins: Vec<Member>,
        leaves: Vec<Member>,
    ) -> Bytes {
        let mut out: Vec<_> = leaves.iter().map(|member| member.account).collect();
        out.dedup();
        let act = Act::Commit { joins, leaves, out };
        with_content_type(self.sealed(conversation, number, follows, act, 64), 3)
    }

    /// The id of what was submitted by this number.
    pub(crate) fn id_of(&self, number: u64) -> MessageId {
        let mut id = *self.member.device.as_bytes();
        id[8..].copy_from_slice(&number.to_be_bytes());
        MessageId::from_bytes(id)
    }

    fn sealed(&self, conversation: ConversationId, number: u64, follows: u64, act: Act, size: usize) -> Vec<u8> {
        let data = AuthenticatedData { id: self.id_of(number), author: self.member, follows, act };
        mls::made_up_private_message(conversation, follows, &data, &vec![7; size])
    }
}

impl Wire {
    pub(crate) async fn send(&mut self, frames: &[ClientFrame]) {
        let mut message = Vec::new();
        for frame in frames {
            codec::append_cbor(frame, &mut message);
        }
        self.send_raw(Message::Binary(message.into())).await;
    }

    pub(crate) async fn send_raw(&mut self, message: Message) {
        tokio::time::timeout(HANG, self.socket.send(message)).await.unwrap().unwrap();
    }

    /// The next frame.
    pub(crate) async fn next(&mut self) -> ServerFrame {
        match self.next_or_close().await {
            Ok(frame) => frame,
            Err(code) => panic!("closed with {code:?}"),
        }
    }

    /// The next frame, or the code of the close.
    pub(crate) async fn next_or_close(&mut self) -> Result<ServerFrame, Option<u16>> {
        loop {
            if let Some(frame) = self.frames.pop_front() {
                return Ok(frame);
            }
            let message = tokio::time::timeout(HANG, self.socket.next()).await.expect("a hang");
            match message {
                Some(Ok(Message::Binary(message))) => {
                    for received in read_message::<ServerFrame>(&message).unwrap() {
                        match received {
                            Received::Frame(frame) => self.frames.push_back(frame),
                            Received::Unknown(name) => panic!("unknown frame {name}"),
                        }
                    }
                }
                Some(Ok(Message::Close(frame))) => {
                    self.farewell = frame.as_ref().map(|frame| frame.reason.to_string()).unwrap_or_default();
                    return Err(frame.map(|frame| frame.code.into()));
                }
                Some(Ok(other)) => panic!("unexpected {other:?}"),
                Some(Err(_)) | None => return Err(None),
            }
        }
    }

    pub(crate) async fn entry(&mut self) -> LogEntry {
        match self.next().await {
            ServerFrame::Entry(entry) => entry,
            other => panic!("no entry: {other:?}"),
        }
    }

    /// Submits and waits for the answer; other frames stay for later.
    pub(crate) async fn submit(&mut self, submit: Submit) -> Result<Accepted, ErrorCode> {
        let request = submit.request;
        self.send(&[ClientFrame::Submit(submit)]).await;
        let mut others = VecDeque::new();
        let answer = loop {
            match self.next().await {
                ServerFrame::Accepted(accepted) if accepted.request == request => break Ok(accepted),
                ServerFrame::Refused { request: refused, problem } if refused == request => {
                    break Err(problem.code);
                }
                other => others.push_back(other),
            }
        };
        others.append(&mut self.frames);
        self.frames = others;
        answer
    }

    pub(crate) async fn ack(&mut self, conversation: ConversationId, seq: u64) {
        self.send(&[ClientFrame::Ack { conversation, seq }]).await;
    }

    /// Everything up to the answer of a ping: what the server had to say by then.
    pub(crate) async fn until_pong(&mut self) -> Vec<ServerFrame> {
        self.send(&[ClientFrame::Ping {}]).await;
        let mut frames = Vec::new();
        loop {
            match self.next().await {
                ServerFrame::Pong { .. } => return frames,
                frame => frames.push(frame),
            }
        }
    }

    /// Reads to the end and asserts why the server closed; gives the frames before.
    pub(crate) async fn closed_with(&mut self, code: CloseCode) -> Vec<ServerFrame> {
        let mut frames = Vec::new();
        loop {
            match self.next_or_close().await {
                Ok(frame) => frames.push(frame),
                Err(found) => {
                    assert_eq!(found, Some(code.code()));
                    return frames;
                }
            }
        }
    }

    /// Goes away without a word, and waits until the server has noticed.
    pub(crate) async fn leave(mut self) {
        self.socket.close(None).await.unwrap();
        while let Some(Ok(_)) = self.socket.next().await {}
    }
}

pub(crate) fn account(number: u8) -> AccountId {
    AccountId::from_bytes([number; 16])
}

pub(crate) fn device(number: u8, which: u8) -> DeviceId {
    let mut bytes = [number; 16];
    bytes[0] = which;
    DeviceId::from_bytes(bytes)
}

/// The commits and proposals of these tests are private messages whose content type is another.
pub(crate) fn with_content_type(mut message: Vec<u8>, content_type: u8) -> Bytes {
    const AT: usize = 2 + 2 + 17 + 8;
    message[AT] = content_type;
    message.into()
}

/// An external commit: a public message by a joiner (RFC 9420, section 6.2).
pub(crate) fn external_commit(phone: &Phone, conversation: ConversationId, follows: u64) -> Bytes {
    let act = Act::Commit { joins: vec![phone.member], leaves: vec![], out: vec![] };
    let private = phone.sealed(conversation, 1 << 40, follows, act, 0);
    let framing = 2 + 2 + 17 + 8;
    let data = mls::header(&with_content_type(private.clone(), 3)).unwrap().data.to_bytes();
    let prefix = if data.len() < 64 { 1 } else { 2 };
    let mut public = private[..framing].to_vec();
    public[3] = 1;
    public.push(4);
    public.extend_from_slice(&private[framing + 1..framing + 1 + prefix + data.len()]);
    public.push(3);
    public.into()
}

fn upgrade(token: &str, subprotocol: Option<&str>) -> Request<()> {
    let mut request = "ws://huis.test/api/v1/ws".into_client_request().unwrap();
    let headers = request.headers_mut();
    headers.insert("authorization", format!("Bearer {token}").parse().unwrap());
    if let Some(subprotocol) = subprotocol {
        headers.insert("sec-websocket-protocol", subprotocol.parse().unwrap());
    }
    request
}

/// The server's own key for access tokens, from the file that it keeps it in.
fn token_key(data: &Path) -> SigningKey {
    let file = std::fs::read_to_string(data.join("keys/token-signing")).unwrap();
    let key = URL_SAFE_NO_PAD.decode(file.lines().nth(1).unwrap()).unwrap();
    SigningKey::from_bytes(&key.try_into().unwrap())
}

fn access_token(key: &SigningKey, member: Member, session: SessionId, now_s: u64) -> String {
    let encode = |value: serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let header = encode(serde_json::json!({ "typ": "JWT", "alg": "EdDSA" }));
    let payload = encode(serde_json::json!({
        "iss": "huis", "sub": member.account, "dev": member.device, "sid": session,
        "iat": now_s, "exp": now_s + 900,
    }));
    let signed = format!("{header}.{payload}");
    let signature = URL_SAFE_NO_PAD.encode(key.sign(signed.as_bytes()).to_bytes());
    format!("{signed}.{signature}")
}
