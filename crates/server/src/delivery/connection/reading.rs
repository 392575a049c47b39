//! What a connection reads from the store and keeps in it: cursors, welcomes, pages of logs, acknowledgements.

use std::task::{Context, Poll};

use huis_proto::aad::Act;
use huis_proto::frames::{CloseCode, EntryKind, LogEntry, ServerFrame, WelcomeEntry};
use huis_proto::{ConversationId, Member, SessionId, codec, limits, mls};
use huis_store::{Cursor, LogPage, StoreResult};
use tokio::time::Instant;

use super::tracks::Gap;
use super::{ACKS, Connection, End, GATHER_ACKS, store_fault};
use crate::delivery::mailbox::GROUP_INFOS;
use crate::state::App;

/// About how many bytes one page of a log brings.
pub(super) const PAGE_BYTES: usize = 64 * 1024;
/// How many welcomes are sent before their acknowledgements; they may be large.
const WELCOMES: usize = 4;

/// What a read of the store has found.
pub(super) enum Looked {
    /// Where the device stands in all its conversations.
    Cursors { session_alive: bool, cursors: Vec<Cursor>, welcomes: Vec<WelcomeEntry>, others: Vec<ServerFrame> },
    /// Entries of one conversation.
    Page { gap: Gap, page: LogPage },
}

/// How an entry moves the device that reads it.
enum Moves {
    /// Nothing more goes to it behind this entry.
    Out,
    /// It is added, perhaps once more.
    In,
}

/// Reads cursors, then welcomes: so a conversation whose cursor was seen either has its welcome among them, or that was
/// acknowledged, or there never was one. With `all`, also whatever else hints tell.
pub(super) async fn look_at_cursors(app: App, device: Member, session: SessionId, all: bool) -> StoreResult<Looked> {
    let session_alive = app.store.session(session).await?.is_some();
    let cursors = app.store.cursors(device).await?;
    let welcomes = app.store.welcomes(device, WELCOMES).await?;
    let others = if all { what_hints_tell(&app, device).await? } else { Vec::new() };
    Ok(Looked::Cursors { session_alive, cursors, welcomes, others })
}

/// What a device is told beside its conversations, as it is; a client that knows it already does nothing.
async fn what_hints_tell(app: &App, device: Member) -> StoreResult<Vec<ServerFrame>> {
    let mut frames = Vec::new();
    if let Some(state) = app.store.account_state(device.account).await? {
        frames.push(ServerFrame::AccountStateChanged { version: state.number });
    }
    if let Some(account) = app.store.account(device.account).await? {
        frames.push(ServerFrame::DeviceListChanged { number: account.device_list_number });
    }
    let remaining = app.store.key_package_stock(device).await?.one_time;
    if (remaining as usize) < limits::KEY_PACKAGES_LOW {
        frames.push(ServerFrame::KeyPackagesLow { remaining });
    }
    let wanted = app.store.group_infos_wanted(device, GROUP_INFOS).await?;
    let wish = |(conversation, commit_counter)| ServerFrame::GroupInfoWanted { conversation, commit_counter };
    frames.extend(wanted.into_iter().map(wish));
    Ok(frames)
}

impl Connection {
    /// Takes what the store has answered; whether it did.
    pub(super) fn poll_store(&mut self, context: &mut Context<'_>) -> Result<bool, End> {
        let mut answered = false;
        if let Some(looking) = &mut self.looking
            && let Poll::Ready(looked) = looking.as_mut().poll(context)
        {
            self.looking = None;
            self.apply(looked.map_err(store_fault)?)?;
            answered = true;
        }
        if let Some(storing) = &mut self.storing_acks
            && let Poll::Ready(stored) = storing.as_mut().poll(context)
        {
            self.storing_acks = None;
            self.welcomes.forgotten(stored.map_err(store_fault)?);
            answered = true;
        }
        if self.looking.is_none() {
            self.deliver_behind_welcomes();
        }
        Ok(answered)
    }

    /// The conversations of welcomes that the store has forgotten are delivered from here on.
    fn deliver_behind_welcomes(&mut self) {
        for (conversation, seq) in self.welcomes.let_in() {
            self.tracks.welcomed(conversation, seq);
            self.welcomed.insert(conversation);
            // Where it is to go on, what was appended since, and further welcomes.
            self.wants_recheck = true;
        }
    }

    /// Begins what is due at the store; whether anything was begun.
    pub(super) fn ask_store(&mut self, context: &mut Context<'_>) -> Result<bool, End> {
        let mut asked = false;
        let acks_due = self.acks_at.is_some_and(|at| at <= Instant::now());
        if self.storing_acks.is_none() && (acks_due || self.acked_entries >= ACKS) {
            self.begin_storing_acks();
            asked = true;
        }
        if self.looking.is_none() {
            if self.wants_recheck {
                self.wants_recheck = false;
                let all = std::mem::take(&mut self.wants_all);
                let look = look_at_cursors(self.app.clone(), self.device, self.session, all);
                self.looking = Some(Box::pin(look));
                asked = true;
            } else if self.has_page_to_read()
                && let Some(gap) = self.tracks.next_behind()
            {
                self.begin_page(gap);
                asked = true;
            }
        }
        // What was begun needs this task's waker.
        Ok(asked && self.poll_store(context)?)
    }

    /// Takes what a read has found.
    pub(super) fn apply(&mut self, looked: Looked) -> Result<(), End> {
        match looked {
            Looked::Cursors { session_alive: false, .. } => Err(End::Close(CloseCode::SessionEnded)),
            Looked::Cursors { cursors, welcomes, others, .. } => {
                self.apply_cursors(cursors, welcomes);
                for frame in &others {
                    self.outgoing.frame(frame);
                }
                Ok(())
            }
            Looked::Page { gap, page } => {
                self.apply_page(gap, page);
                Ok(())
            }
        }
    }

    /// An acknowledgement by the client.
    pub(super) fn take_ack(&mut self, conversation: ConversationId, seq: u64, now: Instant) {
        let Some(acked) = self.tracks.acked(conversation, seq) else {
            return;
        };
        self.no_backlog_up_to(conversation, seq);
        let stored = self.acks.entry(conversation).or_default();
        *stored = seq.max(*stored);
        self.acked_entries += acked;
        self.acks_at.get_or_insert(now + GATHER_ACKS);
    }

    /// An acknowledgement of a welcome. It goes to the store at once, for delivery begins with it.
    pub(super) fn take_welcome_ack(&mut self, conversation: ConversationId, seq: u64, now: Instant) {
        let welcome = (conversation, seq);
        if self.welcomes.has(welcome) && !self.welcome_acks.contains(&welcome) {
            self.welcome_acks.push(welcome);
            self.acks_at = Some(now);
        }
    }

    /// Puts everything into the store that the client has acknowledged.
    pub(super) fn begin_storing_acks(&mut self) {
        self.acks_at = None;
        self.acked_entries = 0;
        let acks: Vec<_> = self.acks.drain().collect();
        if self.acks.capacity() > 64 {
            self.acks.shrink_to_fit();
        }
        let welcomes = std::mem::take(&mut self.welcome_acks);
        let (app, device) = (self.app.clone(), self.device);
        self.storing_acks = Some(Box::pin(async move {
            for (conversation, seq) in &welcomes {
                let store = &app.store;
                store.acknowledge_welcome(device, *conversation, *seq).await?;
            }
            if !acks.is_empty() {
                app.store.acknowledge(device, acks).await?;
            }
            Ok(welcomes)
        }));
    }

    /// A page is read when the client has taken everything that went before, and there is room enough for it.
    pub(super) fn has_page_to_read(&self) -> bool {
        self.looking.is_none()
            && self.tracks.anything_behind()
            && self.outgoing.is_empty()
            && (self.tracks.nothing_in_flight() || self.tracks.room() >= self.page_needs)
    }

    fn begin_page(&mut self, gap: Gap) {
        let meters = &self.place.hub().meters;
        meters.pages.increment(1);
        let (page_seconds, began) = (meters.page_seconds.clone(), Instant::now());
        let (app, device) = (self.app.clone(), self.device);
        let bytes = self.tracks.room().min(PAGE_BYTES);
        self.page_needs = PAGE_BYTES;
        self.looking = Some(Box::pin(async move {
            let page = app.store.log_page(device, gap.conversation, gap.after, limits::LOG_PAGE, bytes).await?;
            page_seconds.record(began.elapsed());
            Ok(Looked::Page { gap, page })
        }));
    }

    fn apply_cursors(&mut self, cursors: Vec<Cursor>, welcomes: Vec<WelcomeEntry>) {
        // A full portion says nothing about which other conversations have a welcome waiting.
        let all_welcomes = welcomes.len() < WELCOMES;
        for welcome in welcomes {
            if self.welcomes.take((welcome.conversation, welcome.seq)) {
                self.outgoing.frame(&ServerFrame::Welcome(welcome));
            }
        }
        for cursor in cursors {
            let conversation = cursor.conversation;
            let waits = self.welcomes.hold_back(conversation);
            let known = self.tracks.next(conversation).is_some() || self.welcomed.contains(&conversation);
            if waits {
                // If it is followed, it was added again: nothing more comes before the acknowledgement.
                self.tracks.left(conversation);
            }
            if waits || !(all_welcomes || known) {
                continue;
            }
            self.welcomed.remove(&conversation);
            let done = cursor.acked.max(cursor.expired);
            let next = self.tracks.next(conversation).unwrap_or(cursor.acked + 1);
            if next <= cursor.expired {
                self.outgoing.frame(&ServerFrame::Expired { conversation, seq: cursor.expired });
            }
            self.tracks.follow(conversation, done, cursor.last);
            if let Some(backlog) = &mut self.backlog
                && self.tracks.next(conversation).is_some_and(|next| next <= cursor.last)
            {
                backlog.entry(conversation).or_insert(cursor.last);
            }
        }
        self.has_all_welcomes = all_welcomes;
    }

    fn apply_page(&mut self, gap: Gap, page: LogPage) {
        let conversation = gap.conversation;
        let mut whole = !page.more;
        for entry in page.entries {
            let Some(next) = self.tracks.next(conversation) else {
                break;
            };
            if entry.seq < next {
                // It was sent live while the page was read.
                continue;
            }
            if entry.seq > next {
                if self.hole_in != Some(conversation) {
                    // Entries have expired, or the device came in again behind them: the cursors say which.
                    self.hole_in = Some(conversation);
                    self.wants_recheck = true;
                    whole = false;
                    break;
                }
                self.outgoing.frame(&ServerFrame::Expired { conversation, seq: entry.seq - 1 });
                self.tracks.skip_to(conversation, entry.seq);
            }
            self.hole_in = None;
            let moves = self.moves(&entry);
            let seq = entry.seq;
            let frame = axum::body::Bytes::from(codec::to_cbor(&ServerFrame::Entry(entry)));
            if !self.tracks.has_room(frame.len()) {
                self.page_needs = frame.len().clamp(PAGE_BYTES, limits::DELIVERY_WINDOW);
                whole = false;
                break;
            }
            self.send_entry(conversation, seq, &frame);
            match moves {
                Some(Moves::Out) => self.tracks.left(conversation),
                Some(Moves::In) => {
                    self.tracks.added(conversation);
                    self.wants_recheck = true;
                }
                None => {}
            }
        }
        if whole {
            self.no_backlog_up_to(conversation, u64::MAX);
        }
        self.tracks.read(gap, whole);
    }

    /// How an entry moves this device, as it says in the clear, which was checked when it was appended; of one's own
    /// leave proposal the store gives no payload.
    fn moves(&self, entry: &LogEntry) -> Option<Moves> {
        match entry.kind {
            EntryKind::Message => None,
            EntryKind::Leave if entry.author == self.device => Some(Moves::Out),
            EntryKind::Leave | EntryKind::Commit => match mls::header(&entry.payload).ok()?.data.act {
                Act::Commit { .. } if entry.author == self.device => None,
                Act::Commit { joins, .. } if joins.contains(&self.device) => Some(Moves::In),
                Act::Commit { leaves, .. } | Act::Leave { leaves } => {
                    leaves.contains(&self.device).then_some(Moves::Out)
                }
                Act::Message { .. } => None,
            },
        }
    }
}
