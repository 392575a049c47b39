//! Open rooms: whose device carries out that somebody leaves, without waiting for its next word.
//!
//! A joiner cannot carry others' leaves and makes them void, and in an open room anybody joins at any time. What is void
//! only owners and admins mend; until they do, what others say is sealed to the leaver as well.

use std::collections::BTreeSet;
use std::time::Duration;

use huis_core::groups::{Deed, Group, Role, permits};
use huis_proto::{AccountId, ConversationId, ConversationKind, Member};
use huis_views::Connection;
use rand::Rng;

use crate::client::{Client, Step};
use crate::db::{ConversationRow, DbError, State, Task};

/// So many devices of a room are named for it: those of its owners, then of its admins, then of its members, each in the
/// order of their ids. All members see the same ones, for all have the same roster and leaves.
const NAMED: usize = 3;
/// A named device waits for those named before it, this long for each.
const TURN_MS: u64 = 10_000;
/// All others leave it to those that are named for this long.
const OTHERS_MS: u64 = 60_000;
/// Devices with the same turn are spread over this time.
const SPREAD_MS: std::ops::Range<u64> = 500..3_000;
/// Over longer in a room with many devices: this much for each.
const SPREAD_MS_PER_DEVICE: u64 = 100;

impl Client {
    /// Has leaves carried out in open rooms where it is this device's turn.
    pub(crate) fn look_for_removals(&self) -> Result<(), DbError> {
        if !self.hears_all() {
            return Ok(());
        }
        let rooms = self.read(|tables| tables.conversations_with_leavers())?;
        self.removals.borrow_mut().retain(|room, _| rooms.contains(room));
        if rooms.is_empty() {
            return Ok(());
        }
        self.step(|step| rooms.iter().try_for_each(|room| step.look_for_removals(*room)))
    }

    /// How long until it is this device's turn in a room. Without a connection it does not come.
    pub(crate) fn until_next_removal(&self) -> Option<Duration> {
        if !self.hears_all() {
            return None;
        }
        let next_ms = self.removals.borrow().values().min().copied()?;
        Some(Duration::from_millis(next_ms.saturating_sub(self.clock.now_ms()).max(1)))
    }

    fn hears_all(&self) -> bool {
        self.connection.get() == Connection::Open && self.caught_up.get()
    }
}

impl Step<'_> {
    fn look_for_removals(&mut self, room: ConversationId) -> Result<(), DbError> {
        let row = self.tables.conversation(room)?;
        let is_room = row.is_some_and(|row| is_open_to(&row));
        let Some(wait_ms) = (if is_room { self.removal_wait(room)? } else { None }) else {
            self.client.removals.borrow_mut().remove(&room);
            return Ok(());
        };
        let now_ms = self.client.clock.now_ms();
        let due_ms = *self.client.removals.borrow_mut().entry(room).or_insert(now_ms.saturating_add(wait_ms));
        if now_ms < due_ms {
            return Ok(());
        }
        // If that comes to nothing it is tried again, but not at once.
        self.client.removals.borrow_mut().insert(room, now_ms.saturating_add(OTHERS_MS));
        let is_under_way = self.tables.tasks_of(room)?.iter().any(|row| matches!(row.task, Task::Tidy));
        if !is_under_way {
            self.task(room, self.client.random_id(), &Task::Tidy)?;
        }
        Ok(())
    }

    /// How long this device waits before it carries out what is due in the room; nothing if that is not its business.
    fn removal_wait(&mut self, room: ConversationId) -> Result<Option<u64>, DbError> {
        let Some(me) = self.client.me() else { return Ok(None) };
        let leavers: BTreeSet<AccountId> = self.tables.leavers(room)?.into_iter().collect();
        let is_void = self.voided_leaves(room)?.is_some();
        let Ok(Some(group)) = self.group(room) else { return Ok(None) };
        if !is_void && !group.has_pending_proposals() {
            return Ok(None);
        }
        let named = in_order(group, &leavers, is_void);
        let Some(place) = named.iter().position(|member| *member == me.device.member) else { return Ok(None) };
        let turn_ms = if place < NAMED { TURN_MS * place as u64 } else { OTHERS_MS };
        let spread = if place < NAMED { 0 } else { SPREAD_MS_PER_DEVICE * named.len() as u64 };
        let jitter_ms = self.client.random.borrow_mut().gen_range(SPREAD_MS.start..SPREAD_MS.end + spread);
        Ok(Some(turn_ms + jitter_ms))
    }
}

/// Whether it is an open room in which this device may do anything: in a request it says nothing.
fn is_open_to(row: &ConversationRow) -> bool {
    row.kind == ConversationKind::Open && row.state == State::Joined && row.accepted
}

/// The devices that may carry it out, those first whose turn is first.
fn in_order(group: &Group, leavers: &BTreeSet<AccountId>, is_void: bool) -> Vec<Member> {
    let role = |account| group.roster().role(account).unwrap_or(Role::Member);
    let may = |member: &Member| {
        let takes_out =
            |leaver: &AccountId| permits(group.kind(), role(member.account), Deed::RemoveAccount(role(*leaver)));
        !leavers.contains(&member.account) && (!is_void || leavers.iter().any(takes_out))
    };
    let mut devices: Vec<Member> = group.members().into_iter().filter(may).collect();
    devices.sort_by_key(|member| (std::cmp::Reverse(role(member.account)), *member));
    devices
}
