//! The load: senders keep a window of messages on their way; receivers acknowledge in batches like a real client.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use futures_util::{SinkExt as _, StreamExt as _};
use huis_proto::aad::{Act, AuthenticatedData};
use huis_proto::frames::{ClientFrame, Received, ServerFrame, Submit, read_message};
use huis_proto::{Bytes, Bytes32, ConversationId, MessageId, codec, mls};
use rand::RngCore as _;
use rand::rngs::OsRng;
use tokio::sync::Notify;
use tokio_tungstenite::tungstenite::Message;

use crate::line::{Server, Socket};
use crate::people::{Pair, Person};
use crate::spread::percentile;
use crate::throughput::Args;

/// A client acknowledges what it stored this often, or this many entries at once.
const ACK_INTERVAL: Duration = Duration::from_millis(50);
const ACK_ENTRIES: u64 = 256;
/// A run that stands still for this long has failed.
const STANDSTILL: Duration = Duration::from_secs(30);

/// What was measured.
pub(crate) struct Measured {
    pub(crate) messages: u64,
    pub(crate) seconds: f64,
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
}

/// What sender and receiver of a pair share: both run in this thread.
struct Progress {
    sent_at: RefCell<Vec<Instant>>,
    latencies: RefCell<Vec<Duration>>,
    accepted: Cell<u64>,
    received: Cell<u64>,
    moved: Notify,
}

/// Delivers the messages. Where there are several nodes, whoever sends is at another one than whoever receives.
pub(crate) async fn run(nodes: &[Server], pairs: Vec<Pair>, args: &Args) -> anyhow::Result<Measured> {
    let each = args.messages.div_ceil(u64::from(args.pairs)).max(1);
    let mut ready = Vec::new();
    for (place, pair) in pairs.into_iter().enumerate() {
        let node = |place: usize| nodes.get(place % nodes.len().max(1)).context("there is no node");
        let sender = connect(node(place)?, &pair.sender).await?;
        let receiver = connect(node(place + 1)?, &pair.receiver).await?;
        ready.push((pair, sender, receiver));
    }
    let began = Instant::now();
    let local = tokio::task::LocalSet::new();
    let all = local.run_until(async {
        let mut tasks = Vec::new();
        let mut progresses = Vec::new();
        for (pair, sender, receiver) in ready {
            let progress = Rc::new(Progress {
                sent_at: RefCell::new(Vec::with_capacity(each as usize)),
                latencies: RefCell::new(Vec::with_capacity(each as usize)),
                accepted: Cell::new(0),
                received: Cell::new(0),
                moved: Notify::new(),
            });
            progresses.push(progress.clone());
            let (head, here) = (pair.head, pair.conversation);
            tasks.push(tokio::task::spawn_local(receive(receiver, here, head, each, progress.clone())));
            let (size, window) = (args.size, u64::from(args.window));
            tasks.push(tokio::task::spawn_local(send(sender, pair, each, size, window, progress)));
        }
        for task in tasks {
            task.await??;
        }
        anyhow::Ok(progresses)
    });
    let progresses = all.await?;
    let seconds = began.elapsed().as_secs_f64();
    let mut latencies: Vec<Duration> = Vec::new();
    for progress in progresses {
        latencies.append(&mut progress.latencies.borrow_mut());
    }
    latencies.sort_unstable();
    let at = |part| percentile(&latencies, part).map_or(0.0, |latency| latency.as_secs_f64() * 1000.0);
    Ok(Measured { messages: latencies.len() as u64, seconds, p50_ms: at(0.5), p99_ms: at(0.99) })
}

/// Connects, acknowledges what waits, and reads until the server says that nothing does.
async fn connect(server: &Server, person: &Person) -> anyhow::Result<Socket> {
    let mut socket = server.web_socket(&person.token).await?;
    loop {
        for frame in next(&mut socket).await? {
            let answer = match frame {
                ServerFrame::Welcome(welcome) => {
                    ClientFrame::AckWelcome { conversation: welcome.conversation, seq: welcome.seq }
                }
                ServerFrame::Entry(entry) => ClientFrame::Ack { conversation: entry.conversation, seq: entry.seq },
                ServerFrame::CaughtUp {} => return Ok(socket),
                _ => continue,
            };
            say(&mut socket, &answer).await?;
        }
    }
}

async fn send(
    socket: Socket,
    pair: Pair,
    count: u64,
    size: usize,
    window: u64,
    progress: Rc<Progress>,
) -> anyhow::Result<()> {
    let (mut writing, mut reading) = socket.split();
    let write = async {
        let mut ciphertext = vec![0; size];
        OsRng.fill_bytes(&mut ciphertext);
        let mut sent = 0;
        let mut acked = (Instant::now(), pair.head);
        while progress.received.get() < count {
            let mut message = Vec::new();
            while sent < count && sent < progress.received.get() + window {
                sent += 1;
                let submit = submission(&pair, sent, &ciphertext);
                codec::append_cbor(&ClientFrame::Submit(submit), &mut message);
                progress.sent_at.borrow_mut().push(Instant::now());
            }
            // Its own entries come back without payload, and are acknowledged like others.
            let own = pair.head + progress.accepted.get();
            if own >= acked.1 + ACK_ENTRIES || (own > acked.1 && acked.0.elapsed() > ACK_INTERVAL) {
                acked = (Instant::now(), own);
                let ack = ClientFrame::Ack { conversation: pair.conversation, seq: own };
                codec::append_cbor(&ack, &mut message);
            }
            if !message.is_empty() {
                writing.send(Message::Binary(message.into())).await?;
            }
            tokio::time::timeout(STANDSTILL, progress.moved.notified())
                .await
                .context("nothing was delivered for half a minute")?;
        }
        anyhow::Ok(())
    };
    let read = async {
        while progress.accepted.get() < count {
            let message = reading.next().await.context("the server closed")??;
            for frame in frames(&message)? {
                match frame {
                    ServerFrame::Accepted(_) => progress.accepted.set(progress.accepted.get() + 1),
                    ServerFrame::Refused { problem, .. } => bail!("refused: {}", problem.title),
                    _ => {}
                }
            }
        }
        anyhow::Ok(())
    };
    tokio::try_join!(write, read)?;
    Ok(())
}

async fn receive(
    mut socket: Socket,
    conversation: ConversationId,
    head: u64,
    count: u64,
    progress: Rc<Progress>,
) -> anyhow::Result<()> {
    let mut acked = (Instant::now(), head);
    let mut newest = head;
    while newest < head + count {
        let frames = next(&mut socket).await?;
        let now = Instant::now();
        for frame in frames {
            let ServerFrame::Entry(entry) = frame else {
                continue;
            };
            ensure!(entry.seq == newest + 1, "entry {} came after {newest}", entry.seq);
            newest = entry.seq;
            let sent_at = progress.sent_at.borrow().get((newest - head - 1) as usize).copied();
            let sent_at = sent_at.context("an entry that nobody sent")?;
            progress.latencies.borrow_mut().push(now - sent_at);
        }
        progress.received.set(newest - head);
        progress.moved.notify_one();
        if newest >= acked.1 + ACK_ENTRIES || acked.0.elapsed() > ACK_INTERVAL {
            acked = (now, newest);
            say(&mut socket, &ClientFrame::Ack { conversation, seq: newest }).await?;
        }
    }
    say(&mut socket, &ClientFrame::Ack { conversation, seq: newest }).await
}

fn submission(pair: &Pair, number: u64, ciphertext: &[u8]) -> Submit {
    let mut id = *pair.conversation.as_bytes();
    if let Some(place) = id.last_chunk_mut() {
        *place = number.to_be_bytes();
    }
    let data = AuthenticatedData {
        id: MessageId::from_bytes(id),
        author: pair.sender.member,
        follows: pair.commit_counter,
        act: Act::Message { commitment: Bytes32([7; 32]), files: vec![], lock: None },
    };
    let payload = mls::made_up_private_message(pair.conversation, 1, &data, ciphertext);
    Submit { request: number as u32, submission: pair.submission + number, payload: Bytes(payload), share: None }
}

async fn say(socket: &mut Socket, frame: &ClientFrame) -> anyhow::Result<()> {
    Ok(socket.send(Message::Binary(codec::to_cbor(frame).into())).await?)
}

async fn next(socket: &mut Socket) -> anyhow::Result<Vec<ServerFrame>> {
    let message =
        tokio::time::timeout(STANDSTILL, socket.next()).await.context("the server said nothing for half a minute")?;
    frames(&message.context("the server closed")??)
}

fn frames(message: &Message) -> anyhow::Result<Vec<ServerFrame>> {
    match message {
        Message::Binary(message) => {
            let received = read_message::<ServerFrame>(message)?;
            let known = received.into_iter().filter_map(|received| match received {
                Received::Frame(frame) => Some(frame),
                Received::Unknown(_) => None,
            });
            Ok(known.collect())
        }
        Message::Close(frame) => bail!("the server closed: {frame:?}"),
        _ => Ok(Vec::new()),
    }
}
