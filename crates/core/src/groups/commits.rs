//! Creating a group and changing it: commits are built and judged here, and merged only when the server accepted them.

use std::collections::BTreeSet;

use huis_proto::aad::AuthenticatedData;
use huis_proto::{AccountId, Bytes32, ConversationId, ConversationKind, Member, MessageId, limits};
use openmls::prelude::{
    Extension, ExtensionType, Extensions, GroupContext, LeafNodeIndex, LeafNodeParameters, MlsGroup,
    PURE_CIPHERTEXT_WIRE_FORMAT_POLICY, RequiredCapabilitiesExtension,
};
use openmls_traits::OpenMlsProvider as _;

use super::backend::{self, Backend, CIPHERSUITE};
use super::key_packages::VerifiedKeyPackage;
use super::roster::{ROSTER_EXTENSION, Role, Roster, Seat};
use super::rules::{Leaf, Lists, Proposed};
use super::{
    CommitSummary, Group, GroupError, PendingCommit, PrepareError, Record, group_id, hash, record_key, to_bytes,
};
use crate::directory::KnownDevices;
use crate::identity::LocalDevice;
use crate::store::{GroupStore, Overlay};

/// What a commit shall change. Every commit carries out the leaves that are proposed, too, and raises the device-list
/// floor of the accounts that it touches.
#[derive(Debug, Clone)]
pub enum Change {
    /// Adds these devices; accounts that are not in the roster enter it as members.
    Invite(Vec<VerifiedKeyPackage>),
    /// Takes accounts out of the conversation, and removes single devices of accounts that stay.
    Remove {
        /// Accounts to take out, with all their devices.
        accounts: Vec<AccountId>,
        /// Devices of accounts that stay.
        devices: Vec<Member>,
    },
    /// A fresh key for the own leaf: heals what somebody may have stolen from this device before. The leaf says from
    /// then on what this version of the program can do.
    UpdateOwnLeaf,
    /// As `UpdateOwnLeaf`, and the own account's floor goes up to its newest list: everybody looks that list up, and devices
    /// that it does not name are out.
    FollowOwnLists,
    /// Gives accounts other roles.
    Roles(Vec<(AccountId, Role)>),
    /// Carries out the proposed leaves and nothing else.
    PendingProposals,
    /// Removes every device that its account's newest known list does not name.
    RemoveUnlisted,
}

/// A commit that was built and not merged, ready to be submitted in one piece.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PreparedCommit {
    /// Its id.
    pub id: MessageId,
    /// The commit counter that it follows.
    pub follows: u64,
    /// The MLS commit.
    pub commit: Vec<u8>,
    /// SHA-256 of `commit`.
    pub hash: Bytes32,
    /// One welcome for all devices that are added, if any are.
    pub welcome: Option<Vec<u8>>,
    /// The GroupInfo, with the tree, as it is once the commit is accepted.
    pub group_info: Vec<u8>,
    /// What it says in the clear.
    pub data: AuthenticatedData,
    /// What it changes.
    pub summary: CommitSummary,
}

/// A change, worked out against the present state.
struct Plan {
    after: Roster,
    added: Vec<VerifiedKeyPackage>,
    removed: BTreeSet<Member>,
    leaving_devices: Vec<Member>,
    update: bool,
}

impl Group {
    /// Creates a conversation with this device alone in it, at epoch 0 and commit counter 0, and gives its GroupInfo.
    /// The other accounts stand in the roster from the start; their devices are added by the first commit. In a group
    /// or open room the own account is the owner.
    ///
    /// # Errors
    /// [`GroupError`] where the store fails, a group of this id exists, a direct conversation has not two accounts, or
    /// the device lists of an account are not known.
    pub fn create(
        store: &dyn GroupStore,
        me: &LocalDevice,
        conversation: ConversationId,
        kind: ConversationKind,
        others: &[AccountId],
        known: &KnownDevices,
    ) -> Result<(Self, Vec<u8>), GroupError> {
        let seat = |account: AccountId, role| match known.newest_number(account) {
            0 => Err(GroupError::Mls(format!("no device list of account {account} is known"))),
            floor => Ok((account, Seat { role, floor })),
        };
        let founder = if kind == ConversationKind::Direct { Role::Member } else { Role::Owner };
        if kind == ConversationKind::Direct && (others.len() != 1 || others.contains(&me.member.account)) {
            return Err(GroupError::Mls("a direct conversation has exactly one other account".into()));
        }
        let others = others.iter().filter(|account| **account != me.member.account);
        let seats = others
            .map(|account| seat(*account, Role::Member))
            .chain([seat(me.member.account, founder)])
            .collect::<Result<Vec<_>, _>>()?;
        let roster = Roster::new(kind, seats);

        let overlay = Overlay::new(store);
        let mls = MlsGroup::builder()
            .with_group_id(group_id(conversation))
            .ciphersuite(CIPHERSUITE)
            .with_wire_format_policy(PURE_CIPHERTEXT_WIRE_FORMAT_POLICY)
            .use_ratchet_tree_extension(true)
            .padding_size(0)
            .max_past_epochs(backend::PAST_EPOCHS)
            .number_of_resumption_psks(0)
            .sender_ratchet_configuration(backend::sender_ratchets())
            .with_capabilities(backend::capabilities())
            .with_group_context_extensions(extensions(&roster)?)
            .build(&Backend::over(&overlay), &backend::signer(me), backend::credential(me))
            .map_err(|error| GroupError::Mls(error.to_string()))?;
        let group = Self::new(mls, Record { counter: 0, pending: None })?;
        group.put_record(&overlay)?;
        let group_info = group.group_info(me)?;
        overlay.flush()?;
        Ok((group, group_info))
    }

    /// Builds a commit on the present state. Nothing changes for the group before [`accept_pending`](Self::accept_pending).
    ///
    /// # Errors
    /// [`PrepareError`]; the group is as before then. What other members would skip is not built.
    pub fn prepare(
        &mut self,
        store: &dyn GroupStore,
        me: &LocalDevice,
        known: &KnownDevices,
        id: MessageId,
        change: Change,
    ) -> Result<PreparedCommit, PrepareError> {
        if !self.is_active() {
            return Err(PrepareError::NotAMember);
        }
        if self.pending().is_some() {
            return Err(PrepareError::Pending);
        }
        let plan = self.plan(me, known, change)?;
        let leaves: Vec<_> = self.leaves.iter().map(|(_, leaf)| *leaf).collect();
        let proposed = Proposed {
            author: me.member,
            external: false,
            before: &self.roster,
            after: &plan.after,
            leaves: &leaves,
            added: plan.added.iter().map(|package| package.leaf).collect(),
            removed: plan.removed.iter().copied().collect(),
            leaving: plan.leaving_devices.iter().map(|member| member.account).collect(),
            leaving_devices: plan.leaving_devices.clone(),
            path: None,
        };
        let act = proposed.act();
        proposed.judge(Lists { known, fetched: &[] }, &act)?;
        let summary = self.summary(&proposed, false);
        let data = self.data(me, id, act);
        self.work(store, |group, backend| group.build(backend, me, plan, data, summary))
    }

    fn build(
        &mut self,
        backend: &Backend<'_>,
        me: &LocalDevice,
        plan: Plan,
        data: AuthenticatedData,
        summary: CommitSummary,
    ) -> Result<PreparedCommit, PrepareError> {
        let mls = |error: &dyn std::fmt::Display| GroupError::Mls(error.to_string());
        let proposed_already = |member: &Member| plan.leaving_devices.contains(member);
        let removals: Vec<LeafNodeIndex> = self
            .leaves
            .iter()
            .filter(|(_, leaf)| plan.removed.contains(&leaf.member) && !proposed_already(&leaf.member))
            .map(|(index, _)| *index)
            .collect();
        let changed_roster = (plan.after != self.roster).then(|| extensions(&plan.after)).transpose()?;
        self.mls.set_aad(data.to_bytes());
        let mut builder = self
            .mls
            .commit_builder()
            .consume_proposal_store(true)
            .force_self_update(plan.update)
            .propose_adds(plan.added.into_iter().map(|added| added.package))
            .propose_removals(removals);
        if plan.update {
            // A leaf from before an update of this program learns to say what it can do today.
            let parameters = LeafNodeParameters::builder().with_capabilities(backend::capabilities()).build();
            builder = builder.leaf_node_parameters(parameters);
        }
        if let Some(extensions) = changed_roster {
            builder = builder.propose_group_context_extensions(extensions).map_err(|error| mls(&error))?;
        }
        let bundle = builder
            .load_psks(backend.storage())
            .map_err(|error| mls(&error))?
            .create_group_info(true)
            .use_ratchet_tree_extension(true)
            .build(backend.rand(), backend.crypto(), &backend::signer(me), |_| true)
            .map_err(|error| mls(&error))?
            .stage_commit(backend)
            .map_err(|error| mls(&error))?;
        let (commit, welcome, group_info) = bundle.into_messages();
        let group_info = group_info.ok_or_else(|| GroupError::Mls("no GroupInfo was made".into()))?;
        let commit = to_bytes(&commit)?;
        let pending = PendingCommit { id: data.id, hash: hash(&commit), follows: data.follows, summary };
        let prepared = PreparedCommit {
            id: data.id,
            follows: data.follows,
            hash: pending.hash,
            commit,
            welcome: welcome.map(|welcome| to_bytes(&welcome)).transpose()?,
            group_info: to_bytes(&group_info)?,
            data,
            summary: pending.summary.clone(),
        };
        self.record.pending = Some(pending);
        Ok(prepared)
    }

    /// Merges the own commit that the server accepted: recognised by id and hash.
    ///
    /// # Errors
    /// [`GroupError::NotPending`] where no such commit waits.
    pub fn accept_pending(
        &mut self,
        store: &dyn GroupStore,
        id: MessageId,
        commit_hash: &Bytes32,
    ) -> Result<CommitSummary, GroupError> {
        if !self.is_pending(id, commit_hash) {
            return Err(GroupError::NotPending);
        }
        self.work(store, |group, backend| group.merge_pending(backend))
    }

    pub(super) fn is_pending(&self, id: MessageId, commit_hash: &Bytes32) -> bool {
        self.pending().is_some_and(|pending| pending.id == id && pending.hash == *commit_hash)
    }

    pub(super) fn merge_pending(&mut self, backend: &Backend<'_>) -> Result<CommitSummary, GroupError> {
        let pending = self.record.pending.take().ok_or(GroupError::NotPending)?;
        self.mls.merge_pending_commit(backend).map_err(|error| GroupError::Mls(error.to_string()))?;
        self.record.counter = pending.follows.saturating_add(1);
        self.read_epoch()?;
        Ok(pending.summary)
    }

    /// Throws the own commit away: another one was accepted in its place, or the server refused it.
    ///
    /// # Errors
    /// [`GroupError`] where the store fails.
    pub fn clear_pending(&mut self, store: &dyn GroupStore) -> Result<(), GroupError> {
        self.work(store, |group, backend| group.drop_pending(backend))
    }

    pub(super) fn drop_pending(&mut self, backend: &Backend<'_>) -> Result<(), GroupError> {
        self.record.pending = None;
        Ok(self.mls.clear_pending_commit(backend.storage())?)
    }

    pub(super) fn put_record(&self, store: &dyn GroupStore) -> Result<(), GroupError> {
        let record = huis_proto::codec::to_versioned(super::RECORD, &self.record);
        Ok(store.put(&record_key(self.conversation()), &record)?)
    }

    /// Works a change out: the roster afterwards, and whose leaves come and go.
    fn plan(&self, me: &LocalDevice, known: &KnownDevices, change: Change) -> Result<Plan, PrepareError> {
        let leaves = &self.leaves;
        let leaving_devices = self.leaving();
        if leaving_devices.iter().any(|member| member.account == me.member.account) {
            return Err(PrepareError::Leaving);
        }
        let mut plan = Plan {
            after: self.roster.clone(),
            added: Vec::new(),
            removed: BTreeSet::new(),
            leaving_devices,
            update: matches!(change, Change::UpdateOwnLeaf | Change::FollowOwnLists),
        };
        let mut touched = BTreeSet::new();
        let mut gone: BTreeSet<_> = plan.leaving_devices.iter().map(|member| member.account).collect();
        match change {
            Change::Invite(packages) if packages.len() > limits::JOINS_PER_COMMIT => {
                return Err(PrepareError::TooMany(packages.len()));
            }
            Change::Invite(packages) => {
                for package in &packages {
                    let account = package.member().account;
                    touched.insert(account);
                    if plan.after.role(account).is_none() {
                        plan.after.seat(account, Seat { role: Role::Member, floor: known.newest_number(account) });
                    }
                }
                plan.added = packages;
            }
            Change::Remove { accounts, devices } => {
                gone.extend(accounts);
                touched.extend(devices.iter().map(|member| member.account));
                plan.removed.extend(devices);
            }
            Change::UpdateOwnLeaf => {}
            Change::FollowOwnLists => {
                touched.insert(me.member.account);
            }
            Change::Roles(roles) => roles.iter().for_each(|(account, role)| plan.after.set_role(*account, *role)),
            Change::PendingProposals if gone.is_empty() => return Err(PrepareError::Nothing),
            Change::PendingProposals => {}
            Change::RemoveUnlisted => {
                let unlisted = self.unlisted(known);
                if unlisted.is_empty() {
                    return Err(PrepareError::Nothing);
                }
                touched.extend(unlisted.iter().map(|member| member.account));
            }
        }
        for account in touched.difference(&gone) {
            let floor = known.newest_number(*account);
            if plan.after.kind == ConversationKind::Open && !plan.after.holds(*account) {
                plan.after.seat(*account, Seat { role: Role::Member, floor });
            }
            plan.after.raise_floor(*account, floor);
        }
        let under_raised_floor =
            |leaf: &Leaf| touched.contains(&leaf.member.account) && !known.lists(leaf.member, &leaf.key);
        let goes = |leaf: &&Leaf| gone.contains(&leaf.member.account) || under_raised_floor(leaf);
        plan.removed.extend(leaves.iter().map(|(_, leaf)| leaf).filter(goes).map(|leaf| leaf.member));
        plan.removed.retain(|member| leaves.iter().any(|(_, leaf)| leaf.member == *member));
        let leaving_devices = &plan.leaving_devices;
        plan.removed.retain(|member| !leaving_devices.contains(member));
        if plan.removed.contains(&me.member) {
            return Err(PrepareError::Leaving);
        }
        gone.iter().for_each(|account| plan.after.unseat(*account));
        plan.after.pass_on();
        let changes = plan.after != self.roster || plan.update || !plan.added.is_empty();
        if changes || !plan.removed.is_empty() || !plan.leaving_devices.is_empty() {
            Ok(plan)
        } else {
            Err(PrepareError::Nothing)
        }
    }

    /// What a commit changes, as it is shown.
    pub(super) fn summary(&self, proposed: &Proposed<'_>, removed_me: bool) -> CommitSummary {
        let joined = proposed.joins();
        let left = proposed.leaves_for_good();
        let had = |account: AccountId| {
            proposed.before.holds(account) || proposed.leaves.iter().any(|leaf| leaf.member.account == account)
        };
        let come: BTreeSet<_> = joined.iter().map(|member| member.account).chain(proposed.after.accounts()).collect();
        let changed = |(account, seat): &(AccountId, Seat)| proposed.before.role(*account) != Some(seat.role);
        CommitSummary {
            author: proposed.author,
            accounts_joined: come.into_iter().filter(|account| !had(*account)).collect(),
            accounts_left: proposed.out(),
            roles: proposed.after.seats().filter(changed).map(|(account, seat)| (account, seat.role)).collect(),
            joined,
            left,
            external: proposed.external,
            removed_me,
            epoch: self.epoch().saturating_add(1),
            counter: self.record.counter.saturating_add(1),
        }
    }
}

fn extensions(roster: &Roster) -> Result<Extensions<GroupContext>, GroupError> {
    let required = RequiredCapabilitiesExtension::new(&[ExtensionType::Unknown(ROSTER_EXTENSION)], &[], &[]);
    Extensions::from_vec(vec![Extension::RequiredCapabilities(required), roster.to_extension()])
        .map_err(|error| GroupError::Mls(error.to_string()))
}
