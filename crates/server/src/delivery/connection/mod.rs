//! One WebSocket connection: one task, one hand-written `poll`, so that an idle connection costs little memory and a busy
//! one gathers everything that is ready into one write.

mod delivering;
mod ending;
mod order;
mod outgoing;
mod rates;
mod reading;
mod receiving;
mod tracks;
mod welcomes;

use std::collections::{HashMap, HashSet, VecDeque};
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Bytes;
use futures_util::future::BoxFuture;
use huis_proto::frames::{CloseCode, Ready, ServerFrame};
use huis_proto::{ConversationId, Member, SessionId, limits};
use huis_store::{StoreError, StoreResult};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::time::{Instant, Sleep};
use tokio_tungstenite::WebSocketStream;

use self::order::Order;
use self::outgoing::Outgoing;
use self::rates::Rate;
use self::reading::Looked;
use self::receiving::Flight;
use self::tracks::Tracks;
use self::welcomes::{Welcome, Welcomes};
use super::hub::Place;
use super::mailbox::GROUP_INFOS;
use crate::bus::LiveEntry;
use crate::state::App;

/// The client's end.
pub(super) type Socket = WebSocketStream<TokioIo<Upgraded>>;

/// Work that the store does for a connection.
type StoreWork<T> = BoxFuture<'static, StoreResult<T>>;

/// How often a connection reads its cursors again, in case a hint was lost.
const RECHECK: Duration = Duration::from_secs(120);
/// How long acknowledgements are gathered before they go to the store.
const GATHER_ACKS: Duration = Duration::from_millis(200);
/// How many acknowledged entries go to the store without waiting.
const ACKS: usize = 1_000;
/// How long an entry that came too early waits for the one before it; then both are read from the store.
const GAP: Duration = Duration::from_millis(10);
/// How often one poll goes round before other tasks get their turn.
const ROUNDS: usize = 32;

/// A connection of a signed-in device.
struct Connection {
    app: App,
    device: Member,
    session: SessionId,
    place: Place,
    socket: Socket,
    outgoing: Outgoing,

    /// A WebSocket message of which some frames are not yet looked at.
    unread: Bytes,
    heard_at: Instant,
    frames: Rate,
    ephemerals: Rate,
    said_unknown: bool,

    /// Submissions that were handed to the store, in order of arrival.
    flights: VecDeque<Flight>,
    order: Order,

    tracks: Tracks,
    /// Entries that came before the one that is next, for a moment.
    early: Vec<Arc<LiveEntry>>,
    welcomes: Welcomes,
    /// How far the backlog reaches of which the client does not have everything; none once it was told that it is
    /// caught up.
    backlog: Option<HashMap<ConversationId, u64>>,
    /// Conversations whose welcome was acknowledged and whose cursor was not read since.
    welcomed: HashSet<ConversationId>,
    /// All welcomes that wait have been sent.
    has_all_welcomes: bool,

    /// A read of the store that runs. One at a time is enough.
    looking: Option<StoreWork<Looked>>,
    wants_recheck: bool,
    /// The next look is at everything that hints tell.
    wants_all: bool,
    /// A page of this conversation did not begin where it should.
    hole_in: Option<ConversationId>,
    /// How much room in the window the next page needs, so that pages are worth their read.
    page_needs: usize,

    acks: HashMap<ConversationId, u64>,
    acked_entries: usize,
    welcome_acks: Vec<Welcome>,
    /// Acknowledgements on their way to the store; gives the welcomes among them.
    storing_acks: Option<StoreWork<Vec<Welcome>>>,

    timer: Pin<Box<Sleep>>,
    recheck_at: Instant,
    acks_at: Option<Instant>,
    gap_until: Option<Instant>,
}

/// Why a connection ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// The server closes it.
    Close(CloseCode),
    /// The client is gone.
    Gone,
}

/// Serves a connection until it ends, and finishes what it submitted. What the future holds while the connection is
/// idle is a pointer: everything that only the beginning or the end needs is boxed for their time.
pub(super) fn serve(
    app: App,
    device: Member,
    session: SessionId,
    place: Place,
    socket: Socket,
) -> impl Future<Output = ()> + Send {
    let mut connection = Box::new(Connection::new(app, device, session, place, socket));
    async move {
        let end = match Box::pin(connection.begin()).await {
            Ok(()) => poll_fn(|context| connection.poll(context)).await,
            Err(end) => end,
        };
        Box::pin(connection.finish(end)).await;
    }
}

impl Connection {
    fn new(app: App, device: Member, session: SessionId, place: Place, socket: Socket) -> Self {
        let now = Instant::now();
        Self {
            app,
            device,
            session,
            place,
            socket,
            outgoing: Outgoing::default(),
            unread: Bytes::new(),
            heard_at: now,
            frames: Rate::of_frames(now),
            ephemerals: Rate::of_ephemerals(now),
            said_unknown: false,
            flights: VecDeque::new(),
            order: Order::default(),
            tracks: Tracks::default(),
            early: Vec::new(),
            welcomes: Welcomes::default(),
            welcomed: HashSet::new(),
            backlog: None,
            has_all_welcomes: false,
            looking: None,
            wants_recheck: false,
            wants_all: false,
            hole_in: None,
            page_needs: reading::PAGE_BYTES,
            acks: HashMap::new(),
            acked_entries: 0,
            welcome_acks: Vec::new(),
            storing_acks: None,
            timer: Box::pin(tokio::time::sleep_until(now + limits::SILENCE)),
            recheck_at: now + RECHECK,
            acks_at: None,
            gap_until: None,
        }
    }

    /// Says `ready` and learns what waits for the device. The hub has the connection already, so nothing that happens
    /// meanwhile is missed.
    async fn begin(&mut self) -> Result<(), End> {
        self.place.announce().await;
        let store = &self.app.store;
        let ready = async {
            Ok::<_, StoreError>(Ready {
                server_time_ms: self.app.clock.now_ms(),
                incarnation: self.app.incarnation,
                submission: store.highest_submission(self.device).await?,
                key_packages: store.key_package_stock(self.device).await?.one_time,
                account_state: store.account_state(self.device.account).await?.map_or(0, |state| state.number),
                server: env!("CARGO_PKG_VERSION").into(),
            })
        };
        let ready = ready.await.map_err(store_fault)?;
        self.outgoing.frame(&ServerFrame::Ready(ready));
        let wanted = store.group_infos_wanted(self.device, GROUP_INFOS).await.map_err(store_fault)?;
        for (conversation, commit_counter) in wanted {
            self.outgoing.frame(&ServerFrame::GroupInfoWanted { conversation, commit_counter });
        }
        let looked = reading::look_at_cursors(self.app.clone(), self.device, self.session, false).await;
        self.backlog = Some(HashMap::new());
        self.apply(looked.map_err(store_fault)?)
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<End> {
        self.place.mailbox.wakes(context.waker());
        for _ in 0..ROUNDS {
            match self.round(context) {
                Ok(true) => {}
                Ok(false) => return Poll::Pending,
                Err(end) => return Poll::Ready(end),
            }
        }
        context.waker().wake_by_ref();
        Poll::Pending
    }

    /// Does everything that is ready, once; whether there may be more at once.
    fn round(&mut self, context: &mut Context<'_>) -> Result<bool, End> {
        let now = Instant::now();
        self.open_mail(now)?;
        self.keep_time(now, context)?;
        let stored = self.poll_store(context)?;
        self.poll_flights(context);
        let received = self.poll_received(now, context)?;
        self.tell_caught_up();
        let asked = self.ask_store(context)?;
        let was_full = !self.outgoing.has_room();
        let written = self.outgoing.poll_write(&mut self.socket, context);
        let drained = match written {
            Poll::Ready(Ok(())) => true,
            Poll::Ready(Err(_)) => return Err(End::Gone),
            Poll::Pending => false,
        };
        self.arm(context);
        let goes_on = drained && (was_full || self.has_page_to_read());
        Ok(stored || received || asked || goes_on)
    }

    /// Looks at what the timer is for. `arm` sets it anew.
    fn keep_time(&mut self, now: Instant, context: &mut Context<'_>) -> Result<(), End> {
        if self.timer.as_mut().poll(context).is_pending() {
            return Ok(());
        }
        if now >= self.heard_at + limits::SILENCE {
            return Err(End::Close(CloseCode::Silent));
        }
        if now >= self.recheck_at {
            self.recheck_at = now + RECHECK;
            self.wants_recheck = true;
        }
        if self.gap_until.is_some_and(|until| now >= until) {
            self.give_up_on_gap();
        }
        Ok(())
    }

    /// Sets the timer to whatever comes first, if it is not set to something earlier.
    fn arm(&mut self, context: &mut Context<'_>) {
        let mut until = (self.heard_at + limits::SILENCE).min(self.recheck_at);
        // Acknowledgements that run wake this task when they are stored.
        let acks_at = self.acks_at.filter(|_| self.storing_acks.is_none());
        for time in [acks_at, self.gap_until].into_iter().flatten() {
            until = until.min(time);
        }
        if self.timer.is_elapsed() || until < self.timer.deadline() {
            self.timer.as_mut().reset(until);
            if self.timer.as_mut().poll(context).is_ready() {
                context.waker().wake_by_ref();
            }
        }
    }
}

fn store_fault(error: StoreError) -> End {
    match error {
        StoreError::Stopped => End::Close(CloseCode::GoingAway),
        error => {
            tracing::error!(%error, "a connection ends because of the store");
            End::Close(CloseCode::StoreFault)
        }
    }
}
