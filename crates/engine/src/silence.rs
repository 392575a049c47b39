//! Devices that were not heard for 90 days: who may do so takes their leaves out. Their accounts keep their seats, so
//! that whoever is back joins again by itself; and so it does no harm to be taken for silent.

use std::collections::BTreeMap;
use std::time::Duration;

use huis_core::groups::{Deed, Group, Role, permits};
use huis_proto::{ConversationId, Member, limits};
use huis_views::Connection;

use crate::client::Client;
use crate::db::{DbError, Heard, Task};

/// A device whose leaf got no fresh key and that said nothing for this long is silent: three times the time in which
/// every device that works is heard.
const SILENT: Duration = Duration::from_secs(90 * 24 * 3600);
/// Those who may take a silent device out have turns: each waits this much longer than the one before, so that mostly
/// one of them does it. Of several who do it all the same one wins, as with every commit.
const TURN: Duration = Duration::from_secs(6 * 3600);
/// But nobody waits for more turns than these, whatever the size of the conversation.
const MOST_TURNS: u64 = 28;
/// How often it is looked for silent devices.
const LOOK_EVERY: Duration = Duration::from_secs(3600);

impl Client {
    /// Has silent devices taken out where it is this device's turn.
    pub(crate) fn look_for_silence(&self) -> Result<(), DbError> {
        // What was said may still be on its way here; without the server's time the own clock would decide; and whose
        // machine slept holds a connection for open that is none any more.
        let awake = self.last_frame_ms.get().saturating_add(ms(limits::SILENCE)) > self.clock.now_ms();
        if self.connection.get() != Connection::Open || !self.caught_up.get() || !awake {
            return Ok(());
        }
        let now_ms = self.now_ms();
        let looked_ms = self.read(|tables| tables.fact::<u64>("silence_looked_ms"))?.unwrap_or(0);
        if (looked_ms..looked_ms.saturating_add(ms(LOOK_EVERY))).contains(&now_ms) {
            return Ok(());
        }
        self.step(|step| {
            step.tables.put_fact("silence_looked_ms", &now_ms)?;
            let mut silent: BTreeMap<ConversationId, Vec<Heard>> = BTreeMap::new();
            for heard in step.tables.silent_since(now_ms.saturating_sub(ms(SILENT)))? {
                silent.entry(heard.conversation).or_default().push(heard);
            }
            for (conversation, silent) in silent {
                let devices = self.due_here(&silent, step.group(conversation).ok().flatten(), now_ms);
                let waits = |row: &crate::db::OutboxRow| matches!(row.task, Task::RemoveSilent { .. });
                if !devices.is_empty() && !step.tables.tasks_of(conversation)?.iter().any(waits) {
                    step.task(conversation, self.random_id(), &Task::RemoveSilent { devices })?;
                }
            }
            Ok(())
        })
    }

    /// Which of these devices of a group it is this device's turn to take out.
    fn due_here(&self, silent: &[Heard], group: Option<&mut Group>, now_ms: u64) -> Vec<Member> {
        let (Some(me), Some(group)) = (self.me(), group) else { return vec![] };
        let members = group.members();
        let is_silent = |member: &Member| silent.iter().any(|heard| heard.member == *member);
        let who_may = |target: Member| {
            let may = |member: &&Member| !is_silent(member) && may_take_out(group, **member, target);
            members.iter().filter(may).copied().collect::<Vec<_>>()
        };
        let due = |heard: &&Heard| {
            let target = heard.member;
            let turn = turn(&who_may(target), me.device.member, target);
            let waits = turn.map(|turn| ms(TURN).saturating_mul(turn.min(MOST_TURNS)).saturating_add(ms(SILENT)));
            members.contains(&target) && waits.is_some_and(|waits| heard.at_ms.saturating_add(waits) <= now_ms)
        };
        silent.iter().filter(due).map(|heard| heard.member).collect()
    }

    /// Of these devices those that are silent still.
    pub(crate) fn still_silent(
        &self,
        conversation: ConversationId,
        devices: &[Member],
    ) -> Result<Vec<Member>, DbError> {
        let before_ms = self.now_ms().saturating_sub(ms(SILENT));
        let mut silent = self.read(|tables| tables.silent_since(before_ms))?;
        silent.retain(|heard| heard.conversation == conversation && devices.contains(&heard.member));
        Ok(silent.into_iter().map(|heard| heard.member).collect())
    }
}

/// Whether a device's role in the group lets it take another one out.
fn may_take_out(group: &Group, who: Member, target: Member) -> bool {
    let role = |member: Member| group.roster().role(member.account);
    let of_target = role(target).unwrap_or(Role::Member);
    who.account == target.account
        || role(who).is_some_and(|role| permits(group.kind(), role, Deed::RemoveDevice(of_target)))
}

/// Whose turn it is, counted from 0 among those who may, sorted: beginning behind the silent device's own place, so
/// that it is not always the same one. `None` for who is not among them.
fn turn(who_may: &[Member], me: Member, target: Member) -> Option<u64> {
    let mine = who_may.binary_search(&me).ok()?;
    let first = who_may.partition_point(|member| *member <= target);
    let count = who_may.len();
    Some(((mine + count - first.min(count)) % count) as u64)
}

fn ms(duration: Duration) -> u64 {
    duration.as_millis() as u64
}

#[cfg(test)]
mod tests {
    use huis_proto::{AccountId, DeviceId};

    use super::*;

    fn member(byte: u8) -> Member {
        Member { account: AccountId::from_bytes([byte; 16]), device: DeviceId::from_bytes([byte; 16]) }
    }

    #[test]
    fn everybody_who_may_has_a_turn_of_its_own_and_the_first_is_another_for_another_device() {
        let who_may = [member(2), member(4), member(6)];
        let turns = |target| who_may.map(|me| turn(&who_may, me, target).unwrap());
        assert_eq!(turns(member(1)), [0, 1, 2]);
        assert_eq!(turns(member(3)), [2, 0, 1]);
        assert_eq!(turns(member(9)), [0, 1, 2]);
        assert_eq!(turn(&who_may, member(5), member(1)), None);
        assert_eq!(turn(&[], member(5), member(1)), None);
    }
}
