//! Who is in a conversation, after each commit.

use std::collections::BTreeSet;

use huis_core::groups::{Change, CommitSummary, Deed, Role, permits};
use huis_proto::{AccountId, ConversationId, ConversationKind};
use huis_views::{Event, Notice, RepairReason};
use rand::Rng;

use crate::client::Step;
use crate::db::{DbError, Task};

/// A device refreshes its leaf this often; the time is spread by a tenth to both sides.
const UPDATE_EVERY_MS: u64 = 30 * 24 * 3_600_000;
/// After a join the first refresh comes within this time, spread, so that not all come at once.
const FIRST_UPDATE_MS: u64 = 600_000;
/// But not sooner than this.
const NOT_BEFORE_MS: u64 = 10_000;

impl Step<'_> {
    /// A commit was merged that was ordered at `at_ms`.
    pub(crate) fn roster_changed(
        &mut self,
        conversation: ConversationId,
        summary: &CommitSummary,
        at_ms: u64,
    ) -> Result<(), DbError> {
        if summary.removed_me && self.keeps_its_place(summary) {
            return self.repair(conversation, RepairReason::TakenOut);
        }
        if summary.removed_me {
            let by = self.named(summary.author.account)?;
            self.notice(Some(conversation), Notice::Removed { by })?;
            return self.left(conversation);
        }
        self.settle_leavers(conversation, summary)?;
        self.strangers_to_card(conversation, &summary.joined, &summary.left)?;
        for member in &summary.left {
            if self.client.presence.borrow_mut().is_out(conversation, *member) {
                self.event(Event::Presence { conversation });
            }
        }
        self.tables.heard(conversation, summary.author, at_ms)?;
        self.read_roster(conversation, at_ms)
    }

    /// Forgets who left where that was carried out, or taken back by coming in again.
    fn settle_leavers(&mut self, conversation: ConversationId, summary: &CommitSummary) -> Result<(), DbError> {
        let leavers = self.tables.leavers(conversation)?;
        if leavers.is_empty() {
            return Ok(());
        }
        let Ok(Some(group)) = self.group(conversation) else { return Ok(()) };
        let present: BTreeSet<AccountId> = group.members().into_iter().map(|member| member.account).collect();
        let joined = |account| summary.joined.iter().any(|member| member.account == account);
        for account in leavers.into_iter().filter(|account| !present.contains(account) || joined(*account)) {
            self.tables.delete_leaver(conversation, account)?;
        }
        // A joiner may have made a leave void.
        self.wake_upkeep();
        Ok(())
    }

    /// Forgets all who left.
    pub(crate) fn forget_leavers(&mut self, conversation: ConversationId) -> Result<(), DbError> {
        for account in self.tables.leavers(conversation)? {
            self.tables.delete_leaver(conversation, account)?;
        }
        Ok(())
    }

    /// The change that removes accounts which left by a proposal that a commit without it made void, as far as this
    /// account may remove them.
    pub(crate) fn voided_leaves(&mut self, conversation: ConversationId) -> Result<Option<Change>, DbError> {
        let leavers = self.tables.leavers(conversation)?;
        let (false, Some(me)) = (leavers.is_empty(), self.client.me()) else { return Ok(None) };
        let Ok(Some(group)) = self.group(conversation) else { return Ok(None) };
        // What waits is carried out by the next commit, whoever makes it.
        let Some(role) = group.roster().role(me.account()).filter(|_| !group.has_pending_proposals()) else {
            return Ok(None);
        };
        let (kind, members, roster) = (group.kind(), group.members(), group.roster());
        let mut devices = members;
        devices.retain(|member| leavers.contains(&member.account) && member.account != me.account());
        if kind == ConversationKind::Direct {
            // Nobody takes the other's account out of it; but its devices have no business there.
            return Ok((!devices.is_empty()).then_some(Change::Remove { accounts: vec![], devices }));
        }
        let may = |account: &AccountId| {
            let target = roster.role(*account).unwrap_or(Role::Member);
            permits(kind, role, Deed::RemoveAccount(target))
        };
        let accounts: BTreeSet<AccountId> = devices.iter().map(|member| member.account).filter(may).collect();
        let accounts: Vec<_> = accounts.into_iter().collect();
        Ok((!accounts.is_empty()).then_some(Change::Remove { accounts, devices: vec![] }))
    }

    /// Whether a commit that took this device out left its account in: then it joins again by itself. A device that is
    /// on its account's list no more has nothing to come back to.
    fn keeps_its_place(&self, summary: &CommitSummary) -> bool {
        self.client.me().is_some_and(|me| {
            let listed = self.client.known().lists(me.device.member, &me.device.secret.public());
            listed && !summary.accounts_left.contains(&me.account())
        })
    }

    /// Reads the accounts of the group into the conversation's row, and since when each device is in it; whoever was
    /// not before is since `at_ms`.
    pub(crate) fn read_roster(&mut self, conversation: ConversationId, at_ms: u64) -> Result<(), DbError> {
        let me = self.client.me().map(|me| me.device.member);
        let Ok(Some(group)) = self.group(conversation) else { return Ok(()) };
        let others: Vec<_> = group.members().into_iter().filter(|member| Some(*member) != me).collect();
        let open = group.kind() == ConversationKind::Open;
        let accounts: BTreeSet<AccountId> = match open {
            true => group.members().into_iter().map(|member| member.account).collect(),
            false => group.roster().accounts().collect(),
        };
        let accounts: Vec<_> = accounts.into_iter().collect();
        let role = me.and_then(|me| group.roster().role(me.account));
        self.tables.put_own_role(conversation, role)?;
        self.tables.keep_heard(conversation, &others, at_ms)?;
        if let Some(mut row) = self.tables.conversation(conversation)?
            && row.accounts != accounts
        {
            row.accounts = accounts;
            self.tables.put_conversation(&row)?;
            // Whoever went may be one of those whose key was to be decided about.
            self.release_held()?;
            self.state_changed()?;
        }
        self.changed(conversation);
        Ok(())
    }

    /// When the leaf gets its first fresh key.
    pub(crate) fn first_update_due(&mut self, task: &Task) -> u64 {
        match task {
            Task::Create { .. } => self.next_update_due(),
            _ => {
                let wait = self.client.random.borrow_mut().gen_range(NOT_BEFORE_MS..FIRST_UPDATE_MS);
                self.client.clock.now_ms().saturating_add(wait)
            }
        }
    }

    /// When the leaf gets its next fresh key.
    pub(crate) fn next_update_due(&mut self) -> u64 {
        let spread = UPDATE_EVERY_MS / 10;
        let wait = self.client.random.borrow_mut().gen_range(UPDATE_EVERY_MS - spread..=UPDATE_EVERY_MS + spread);
        self.client.clock.now_ms().saturating_add(wait)
    }
}
