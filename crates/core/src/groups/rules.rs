//! By which rules all members judge a commit, so that one that breaks them is skipped by all alike.
//!
//! A judgement depends on nothing but the group's state before, the commit, and the signed chains of device lists. It
//! never depends on how many lists a member happens to know: where they do not suffice it says so, and the caller
//! fetches them.

use std::collections::BTreeSet;

use huis_proto::aad::Act;
use huis_proto::{AccountId, Bytes32, ConversationKind, Member, limits};

use super::roster::{Role, Roster};
use crate::directory::{KnownDevices, Standing};

/// What somebody does to a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    /// Brings an account into the roster.
    InviteAccount,
    /// Adds a device of an account that is in the roster.
    AddDevice,
    /// Takes an account of this role out of the roster, with all its devices.
    RemoveAccount(Role),
    /// Removes a listed device of another account of this role; the account may join with it again.
    RemoveDevice(Role),
    /// Gives an account another role.
    ChangeRoles,
    /// Gives the conversation a title or a topic.
    Entitle,
    /// Sets after how long messages vanish.
    SetTimer,
    /// Takes back what another account said.
    DeleteOfOthers,
    /// Pins a message for everybody, or takes that back.
    Pin,
}

/// **The table of who may do what.** What is one's own account's, and what is on no device list any more, anybody
/// removes; leaving needs no permission.
pub fn permits(kind: ConversationKind, role: Role, deed: Deed) -> bool {
    match (kind, deed) {
        (_, Deed::AddDevice) => true,
        (ConversationKind::Direct, Deed::RemoveDevice(_) | Deed::Pin | Deed::SetTimer) => true,
        (
            ConversationKind::Direct,
            Deed::InviteAccount | Deed::RemoveAccount(_) | Deed::ChangeRoles | Deed::Entitle | Deed::DeleteOfOthers,
        ) => false,
        (_, Deed::InviteAccount | Deed::Entitle | Deed::SetTimer | Deed::DeleteOfOthers | Deed::Pin) => {
            role >= Role::Admin
        }
        (_, Deed::RemoveAccount(target) | Deed::RemoveDevice(target)) => role == Role::Owner || role > target,
        (_, Deed::ChangeRoles) => role == Role::Owner,
    }
}

/// Which rule a message or commit breaks. It is skipped by all members alike.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Breach {
    /// The authenticated data names another author than the one who signed, or than the server says.
    #[error("the authenticated data names another author")]
    Author,
    /// The id outside, in the authenticated data and inside the seal are not the same.
    #[error("the message's id inside differs from the one outside")]
    Id,
    /// The authenticated data names another commit counter than the one it was ordered under.
    #[error("sealed under commit counter {named}, ordered under {ordered}")]
    Counter {
        /// The counter in the authenticated data.
        named: u64,
        /// The counter that it was ordered under.
        ordered: u64,
    },
    /// The authenticated data says another act than the message holds.
    #[error("the authenticated data says another kind of act than the message holds")]
    Act,
    /// The authenticated data names others than those who join, leave, or are taken out.
    #[error("the authenticated data does not say who really joins, leaves and is out")]
    JoinsAndLeaves,
    /// The server was told of other files than the content brings.
    #[error("the files named beside the message are not those that it brings")]
    Files,
    /// The server was told of another time, or another share, than the content names.
    #[error("the time lock named beside the message is not the one inside")]
    TimeLock,
    /// The commitment beside the message is not to its content.
    #[error("the franking commitment does not belong to the content")]
    Commitment,
    /// A leaf whose device and key stand on no device list of its account from the floor on.
    #[error("a leaf of device {} of account {} is not on the account's device list", .0.device, .0.account)]
    UnlistedLeaf(Member),
    /// A leaf bears a listed device's name with another key.
    #[error("a leaf of device {} of account {} has another key than the listed one", .0.device, .0.account)]
    OtherKey(Member),
    /// A leaf's credential is not a device credential.
    #[error("a leaf has no device credential")]
    Credential,
    /// A device would have two leaves.
    #[error("device {} of account {} would have two leaves", .0.device, .0.account)]
    TwoLeaves(Member),
    /// A floor goes down, or to a device list that does not exist, or is none.
    #[error("the device-list floor of account {0} is wrong")]
    Floor(AccountId),
    /// The author's role does not permit it.
    #[error("a role of {role:?} does not permit {deed:?}")]
    Role {
        /// The author's role.
        role: Role,
        /// What the author did.
        deed: Deed,
    },
    /// Somebody joins who is not in the roster.
    #[error("account {0} is not in the roster")]
    NotInRoster(AccountId),
    /// A leaf of an account that left, or was removed from the roster, would remain; or an account that left would stay
    /// in the roster; or an account would enter it without a leaf.
    #[error("roster and leaves of account {0} do not fit together")]
    RosterAndLeaves(AccountId),
    /// Nobody would be owner.
    #[error("the conversation would have no owner")]
    NoOwner,
    /// The roster is missing or malformed, or its kind or another part of the group context changes.
    #[error("the group context changes in a way that is not allowed")]
    GroupContext,
    /// A joiner by external commit removes somebody else or does more than join.
    #[error("an external commit does more than to join and replace its own leaf")]
    ExternalCommit,
    /// A proposal of a kind that is not used here, or a leave that names others.
    #[error("a proposal of a kind that is not used here")]
    Proposal,
    /// More devices than a conversation takes.
    #[error("the conversation would have more than {} devices", limits::MEMBERS)]
    TooLarge,
    /// Sealed in another epoch than the group's: a later one may mean that this device has parted from the others.
    #[error("sealed in epoch {found}, the group is in epoch {current}")]
    Epoch {
        /// The epoch of the message.
        found: u64,
        /// The group's epoch.
        current: u64,
    },
    /// Its key was used before: a replay.
    #[error("opened before: a replay")]
    Replay,
    /// It does not open with this epoch's keys: garbage, or this device's state has parted from its author's.
    #[error("does not open with this epoch's keys: {0}")]
    Unreadable(String),
    /// Padding or content is malformed.
    #[error("the sealed content is malformed: {0}")]
    Content(String),
    /// MLS itself refuses it, on grounds that every member sees alike.
    #[error("not a valid MLS message: {0}")]
    Mls(String),
}

/// Why a judgement is not "valid".
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Skipped by all.
    Skip(Breach),
    /// Newer lists of these accounts are needed to judge.
    NeedLists(BTreeSet<AccountId>),
}

impl From<Breach> for Verdict {
    fn from(breach: Breach) -> Self {
        Self::Skip(breach)
    }
}

/// A leaf of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Leaf {
    pub(super) member: Member,
    pub(super) key: Bytes32,
}

/// A commit as the rules see it.
#[derive(Debug)]
pub(super) struct Proposed<'a> {
    pub(super) author: Member,
    pub(super) external: bool,
    pub(super) before: &'a Roster,
    pub(super) after: &'a Roster,
    /// The leaves before.
    pub(super) leaves: &'a [Leaf],
    /// Leaves that come in, the external committer's own among them.
    pub(super) added: Vec<Leaf>,
    /// Devices whose leaves go by the author's will.
    pub(super) removed: Vec<Member>,
    /// Accounts that leave by their own proposal.
    pub(super) leaving: BTreeSet<AccountId>,
    /// Devices whose leaves go by their own proposal.
    pub(super) leaving_devices: Vec<Member>,
    /// The author's new leaf.
    pub(super) path: Option<Leaf>,
}

/// Chains of device lists, and which of them are known to be complete.
#[derive(Clone, Copy)]
pub(super) struct Lists<'a> {
    pub(super) known: &'a KnownDevices,
    /// Accounts whose newest lists were fetched for this very judgement.
    pub(super) fetched: &'a [AccountId],
}

impl Proposed<'_> {
    /// The devices that are in the group afterwards and were named by the commit as coming in.
    pub(super) fn joins(&self) -> Vec<Member> {
        sorted(self.added.iter().map(|leaf| leaf.member).collect())
    }

    /// The devices that are not in the group any more afterwards.
    pub(super) fn leaves_for_good(&self) -> Vec<Member> {
        let joins = self.joins();
        sorted(self.gone().filter(|member| joins.binary_search(member).is_err()).collect())
    }

    /// Accounts that had a seat or a leaf and have neither afterwards. An account that loses its last leaf and keeps its
    /// seat is not among them: its devices join again by themselves.
    pub(super) fn out(&self) -> Vec<AccountId> {
        let gone = self.leaves_for_good();
        let remains = |leaf: &&Leaf| gone.binary_search(&leaf.member).is_err();
        let with_leaf: BTreeSet<_> =
            self.leaves.iter().filter(remains).chain(&self.added).map(|leaf| leaf.member.account).collect();
        let had: BTreeSet<_> =
            self.before.accounts().chain(self.leaves.iter().map(|leaf| leaf.member.account)).collect();
        had.into_iter().filter(|account| !with_leaf.contains(account) && !self.after.holds(*account)).collect()
    }

    /// What the authenticated data has to say.
    pub(super) fn act(&self) -> Act {
        Act::Commit { joins: self.joins(), leaves: self.leaves_for_good(), out: self.out() }
    }

    /// Judges the commit.
    pub(super) fn judge(&self, lists: Lists<'_>, act: &Act) -> Result<(), Verdict> {
        let Act::Commit { joins, leaves, out } = act else {
            return Err(Breach::Act.into());
        };
        let says =
            Act::Commit { joins: sorted(joins.clone()), leaves: sorted(leaves.clone()), out: sorted(out.clone()) };
        if says != self.act() {
            return Err(Breach::JoinsAndLeaves.into());
        }
        self.judge_path()?;
        if self.external {
            self.judge_external()?;
        }
        let result = self.result()?;
        self.judge_roles(&result)?;
        self.judge_lists(&result, lists)
    }

    fn gone(&self) -> impl Iterator<Item = Member> + '_ {
        self.removed.iter().chain(&self.leaving_devices).copied()
    }

    /// A leaf never changes its device or key; a device that lost its key gets a new leaf as a new device.
    fn judge_path(&self) -> Result<(), Breach> {
        let Some(path) = self.path.filter(|_| !self.external) else {
            return Ok(());
        };
        if path.member != self.author {
            return Err(Breach::Author);
        }
        match self.leaves.contains(&path) {
            true => Ok(()),
            false => Err(Breach::OtherKey(path.member)),
        }
    }

    fn judge_external(&self) -> Result<(), Breach> {
        let joins_alone = matches!(self.added.as_slice(), [leaf] if leaf.member == self.author);
        let own_old_leaf_alone = self.removed.iter().all(|member| *member == self.author);
        if !joins_alone || !own_old_leaf_alone || !self.leaving.is_empty() || self.before != self.after {
            return Err(Breach::ExternalCommit);
        }
        if self.before.role(self.author.account).is_none() {
            return Err(Breach::NotInRoster(self.author.account));
        }
        Ok(())
    }

    /// The leaves afterwards.
    fn result(&self) -> Result<Vec<Leaf>, Breach> {
        let gone = sorted(self.gone().collect());
        let stays = |leaf: &&Leaf| gone.binary_search(&leaf.member).is_err();
        let mut result: Vec<_> = self.leaves.iter().filter(stays).chain(&self.added).copied().collect();
        result.sort_unstable_by_key(|leaf| leaf.member);
        let twice = result.windows(2).find_map(|pair| match pair {
            [one, other] if one.member == other.member => Some(one.member),
            _ => None,
        });
        match twice {
            Some(member) => Err(Breach::TwoLeaves(member)),
            None if result.len() > limits::MEMBERS => Err(Breach::TooLarge),
            None => Ok(result),
        }
    }

    fn judge_roles(&self, result: &[Leaf]) -> Result<(), Breach> {
        if self.before.kind != self.after.kind {
            return Err(Breach::GroupContext);
        }
        let has_leaf = |account| result.iter().any(|leaf: &Leaf| leaf.member.account == account);
        for account in &self.leaving {
            if has_leaf(*account) || self.after.holds(*account) {
                return Err(Breach::RosterAndLeaves(*account));
            }
        }
        for account in self.before.accounts().filter(|account| !self.after.holds(*account)) {
            if has_leaf(account) {
                return Err(Breach::RosterAndLeaves(account));
            }
            self.judge_removed_account(account)?;
        }
        for (account, seat) in self.after.seats().filter(|(account, _)| !self.before.holds(*account)) {
            // Who joined an open room by itself is seated by anybody who removes a revoked device of that account:
            // the floor that comes with the seat keeps it out.
            let is_there = self.leaves.iter().any(|leaf| leaf.member.account == account);
            if self.before.kind == ConversationKind::Open && seat.role == Role::Member && is_there {
                continue;
            }
            self.permit(Deed::InviteAccount)?;
            if seat.role != Role::Member {
                self.permit(Deed::ChangeRoles)?;
            }
            if !has_leaf(account) {
                return Err(Breach::RosterAndLeaves(account));
            }
        }
        self.judge_changed_roles()?;
        for leaf in &self.added {
            if self.after.role(leaf.member.account).is_none() {
                return Err(Breach::NotInRoster(leaf.member.account));
            }
            self.permit(Deed::AddDevice)?;
        }
        Ok(())
    }

    fn judge_removed_account(&self, account: AccountId) -> Result<(), Breach> {
        if self.leaving.contains(&account) {
            return Ok(());
        }
        self.permit(Deed::RemoveAccount(self.before.role(account).unwrap_or(Role::Member)))
    }

    /// Roles stay as they are unless an owner changes them, but for the rule that passes an ownerless group on.
    fn judge_changed_roles(&self) -> Result<(), Breach> {
        let mut expected = self.before.clone();
        for account in self.before.accounts().filter(|account| !self.after.holds(*account)) {
            expected.unseat(account);
        }
        expected.pass_on();
        let changed = |(account, seat): (AccountId, super::roster::Seat)| {
            self.after.holds(account) && self.after.role(account) != Some(seat.role)
        };
        if expected.seats().any(changed) {
            self.permit(Deed::ChangeRoles)?;
        }
        let has_owner = self.after.seats().any(|(_, seat)| seat.role == Role::Owner);
        if self.after.kind == ConversationKind::Direct || has_owner || self.after.accounts().next().is_none() {
            Ok(())
        } else {
            Err(Breach::NoOwner)
        }
    }

    /// Floors, the leaves that come in, leaves under a raised floor, and removals of single devices.
    fn judge_lists(&self, result: &[Leaf], lists: Lists<'_>) -> Result<(), Verdict> {
        let mut needed = BTreeSet::new();
        let mut raised = BTreeSet::new();
        for (account, seat) in self.after.seats() {
            let before = self.before.floor(account);
            if seat.floor < before || seat.floor == 0 {
                return Err(Breach::Floor(account).into());
            }
            if seat.floor > before {
                raised.insert(account);
                if !lists.reach(account, seat.floor).map_err(|()| Breach::Floor(account))? {
                    needed.insert(account);
                }
            }
        }
        let added = |leaf: &Leaf| self.added.contains(leaf);
        for leaf in result.iter().filter(|leaf| added(leaf) || raised.contains(&leaf.member.account)) {
            if !lists.admits(leaf, self.after.floor(leaf.member.account))? {
                needed.insert(leaf.member.account);
            }
        }
        for leaf in self.leaves.iter().filter(|leaf| self.removed.contains(&leaf.member)) {
            if !self.judge_removed_device(leaf, lists)? {
                needed.insert(leaf.member.account);
            }
        }
        if needed.is_empty() { Ok(()) } else { Err(Verdict::NeedLists(needed)) }
    }

    /// Whether the removal of one leaf can be judged already.
    fn judge_removed_device(&self, leaf: &Leaf, lists: Lists<'_>) -> Result<bool, Verdict> {
        let account = leaf.member.account;
        let replaced = self.added.iter().any(|added| added.member == leaf.member);
        let with_its_account = self.before.holds(account) && !self.after.holds(account);
        if account == self.author.account || replaced || with_its_account {
            return Ok(true);
        }
        match lists.admits(leaf, self.after.floor(account)) {
            Ok(false) => return Ok(false),
            Err(Verdict::Skip(Breach::UnlistedLeaf(_))) => return Ok(true),
            Ok(true) | Err(_) => {}
        }
        let role = self.before.role(account).unwrap_or(Role::Member);
        let deed = if self.after.holds(account) { Deed::RemoveDevice(role) } else { Deed::RemoveAccount(role) };
        self.permit(deed)?;
        Ok(true)
    }

    fn permit(&self, deed: Deed) -> Result<(), Breach> {
        let role = self.before.role(self.author.account).ok_or(Breach::NotInRoster(self.author.account))?;
        if permits(self.before.kind, role, deed) { Ok(()) } else { Err(Breach::Role { role, deed }) }
    }
}

impl Lists<'_> {
    /// Whether the leaf's device stands with this key in list `floor` of its account or a later one; `false` where
    /// newer lists are needed to say so.
    pub(super) fn admits(&self, leaf: &Leaf, floor: u64) -> Result<bool, Verdict> {
        let Leaf { member, key } = leaf;
        let complete = self.fetched.contains(&member.account);
        match self.known.standing(*member, key) {
            Standing::OtherKey => Err(Breach::OtherKey(*member).into()),
            Standing::Listed(record) if record.last >= floor => Ok(true),
            Standing::Listed(_) if self.known.newest_number(member.account) >= floor => {
                Err(Breach::UnlistedLeaf(*member).into())
            }
            Standing::Listed(_) | Standing::Unknown if complete => Err(Breach::UnlistedLeaf(*member).into()),
            Standing::Listed(_) | Standing::Unknown => Ok(false),
        }
    }

    /// Whether a list of this number is known to exist; `Err` where it does not exist.
    fn reach(&self, account: AccountId, number: u64) -> Result<bool, ()> {
        match self.known.newest_number(account) >= number {
            true => Ok(true),
            false if self.fetched.contains(&account) => Err(()),
            false => Ok(false),
        }
    }
}

fn sorted<T: Ord>(mut members: Vec<T>) -> Vec<T> {
    members.sort_unstable();
    members
}
