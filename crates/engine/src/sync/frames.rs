//! The frames of one message of the server, in order.

use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;
use std::time::Duration;

use futures_util::future::{Either, select};
use huis_proto::frames::{ClientFrame, LogEntry, Received, ServerFrame, read_message};
use huis_proto::{AccountId, ConversationId};
use huis_views::{Event, Notice};

use super::Ended;
use super::entries::Taken;
use crate::client::Client;
use crate::db::DbError;
use crate::outbox::SAYS_AGAIN;

/// How long entries wait for the answer to one's own join, which comes another way.
const JOIN_ANSWER: Duration = Duration::from_secs(30);
/// How often device lists are fetched for one entry.
const ROUNDS: usize = 4;

impl Client {
    /// Takes a message of frames in. What it says is on disk when this returns, and acknowledged then.
    pub(super) async fn take_message(self: &Rc<Self>, message: &[u8]) -> Result<(), Ended> {
        let frames = read_message::<ServerFrame>(message).map_err(|error| Ended::Garbage(error.to_string()))?;
        let mut entries: VecDeque<LogEntry> = VecDeque::new();
        for frame in frames {
            if let Received::Frame(ServerFrame::Entry(entry)) = frame {
                entries.push_back(entry);
                continue;
            }
            self.take_entries(std::mem::take(&mut entries)).await?;
            match frame {
                Received::Frame(frame) => self.take_frame(frame).await?,
                Received::Unknown(what) => self.step(|step| step.notice(None, Notice::Unknown { what }))?,
            }
        }
        self.take_entries(entries).await
    }

    async fn take_frame(self: &Rc<Self>, frame: ServerFrame) -> Result<(), Ended> {
        match frame {
            ServerFrame::Ready(ready) => self.take_ready(&ready).await?,
            ServerFrame::Accepted(accepted) => self.accepted(&accepted)?,
            ServerFrame::Refused { request, problem } => self.refused(request, &problem)?,
            ServerFrame::Welcome(welcome) => self.take_welcome(&welcome).await?,
            ServerFrame::Expired { conversation, seq } => {
                if self.is_unheard_of(conversation)? {
                    self.come_in_where_expired(conversation).await?;
                }
                self.step(|step| step.expired(conversation, seq))?;
            }
            ServerFrame::CaughtUp {} => {
                // Once is enough: from here on every welcome comes as it is made.
                self.come_in_where_unheard().await?;
                self.caught_up.set(true);
                self.signals.beacon_locks.notify_one();
                self.signals.archive.notify_one();
                if self.read(|tables| tables.fact(SAYS_AGAIN))? == Some(true) {
                    self.step(|step| step.tables.put_fact(SAYS_AGAIN, &false))?;
                    self.signals.outbox.notify_one();
                }
                self.signals.upkeep.notify_one();
                self.presence_begins_anew();
                self.emit(Event::CaughtUp);
            }
            ServerFrame::GroupInfoWanted { conversation, commit_counter } => {
                self.group_info_wanted(conversation, commit_counter)?;
            }
            ServerFrame::KeyPackagesLow { remaining } => {
                self.step(|step| step.tables.put_fact("stock", &remaining))?;
                self.signals.upkeep.notify_one();
            }
            ServerFrame::AccountStateChanged { version } => {
                self.step(|step| step.tables.put_fact("state_newest", &version))?;
                self.signals.state.notify_one();
            }
            ServerFrame::DeviceListChanged { .. } => {
                if let Some(me) = self.me() {
                    self.fetch_lists(&[me.account()]).await?;
                }
            }
            ServerFrame::Pong { server_time_ms } => self.time_came(server_time_ms),
            ServerFrame::Ephemeral { conversation, from, payload } => self.take_sign(conversation, from, &payload)?,
            // Handled by the caller.
            ServerFrame::Entry(_) => {}
        }
        Ok(())
    }

    /// Takes entries in, as many in one step as need nothing from outside, and acknowledges them.
    async fn take_entries(self: &Rc<Self>, mut entries: VecDeque<LogEntry>) -> Result<(), Ended> {
        let mut fetched: Vec<AccountId> = Vec::new();
        let mut rounds = 0;
        while !entries.is_empty() {
            let (taken, left) = self.step(|step| {
                let mut taken = 0;
                for entry in &entries {
                    match step.take_entry(entry, &fetched)? {
                        Taken::Yes => taken += 1,
                        other => return Ok::<_, DbError>((taken, other)),
                    }
                    if taken == 1 {
                        // Lists count as fetched for the one entry that asked for them.
                        if !fetched.is_empty() {
                            return Ok((taken, Taken::Yes));
                        }
                    }
                }
                Ok((taken, Taken::Yes))
            })?;
            self.look_at_suspects().await?;
            if taken > 0 {
                self.acknowledge(entries.drain(..taken))?;
                fetched.clear();
                rounds = 0;
            }
            match left {
                Taken::Yes => {}
                Taken::NeedsLists(accounts) if rounds < ROUNDS => {
                    self.fetch_lists(&accounts).await?;
                    fetched.extend(accounts);
                    rounds += 1;
                }
                Taken::NeedsLists(_) => return Err(Ended::Garbage("device lists stay incomplete".into())),
                Taken::AfterJoin => {
                    let pause = self.clock.sleep(JOIN_ANSWER);
                    if let Either::Right(_) = select(Box::pin(self.signals.joined.notified()), pause).await {
                        return Err(Ended::NoAnswer);
                    }
                }
            }
        }
        Ok(())
    }

    /// Acknowledges entries, but none from a commit on that the server is to hear of first.
    fn acknowledge(&self, entries: impl Iterator<Item = LogEntry>) -> Result<(), DbError> {
        let mut traffic = self.traffic.borrow_mut();
        let mut acks: BTreeMap<ConversationId, u64> = BTreeMap::new();
        for entry in entries {
            traffic.reached(entry.conversation, entry.commit_counter);
            let ack = acks.entry(entry.conversation).or_default();
            *ack = entry.seq.max(*ack);
        }
        let mut frames = Vec::with_capacity(acks.len());
        for (conversation, seq) in acks {
            let held = self.read(|tables| tables.first_dissent(conversation))?;
            let seq = held.map_or(seq, |held| seq.min(held.saturating_sub(1)));
            frames.push(ClientFrame::Ack { conversation, seq });
        }
        traffic.queue(&frames);
        drop(traffic);
        self.signals.frames.notify_one();
        self.signals.outbox.notify_one();
        Ok(())
    }
}
