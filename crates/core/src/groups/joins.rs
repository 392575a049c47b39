//! Joining: by a welcome, or by oneself with an external commit. Both are built apart from the live group, checked, and
//! thrown away on refusal.

use std::collections::BTreeSet;

use huis_proto::aad::{Act, AuthenticatedData};
use huis_proto::{AccountId, Bytes, Bytes32, ConversationId, ConversationKind, Member, MessageId, codec};
use openmls::prelude::tls_codec::Deserialize as _;
use openmls::prelude::{
    Extensions, GroupContext, LeafNodeParameters, MlsGroup, MlsMessageBodyIn, MlsMessageIn, StagedWelcome,
};
use openmls_traits::OpenMlsProvider as _;
use serde::{Deserialize, Serialize};

use super::backend::{self, Backend, CIPHERSUITE};
use super::commits::PreparedCommit;
use super::roster::Roster;
use super::rules::{Breach, Leaf, Lists};
use super::{
    CommitSummary, Group, GroupError, JoinError, PendingCommit, Record, group_id, hash, leaf_of_member, leaf_of_node,
    to_bytes,
};
use crate::directory::KnownDevices;
use crate::identity::LocalDevice;
use crate::store::{GroupStore, Overlay, Writes};

/// The version byte of a stored join.
const JOIN: u8 = 1;

/// What the caller expects of a conversation before it joins.
#[derive(Debug, Clone, Copy)]
pub struct Expectation<'a> {
    /// Which conversation it must be.
    pub conversation: ConversationId,
    /// Its kind, where it is known.
    pub kind: Option<ConversationKind>,
    /// The accounts that may be in it: from the sealed account state, or what a person agreed to. `None` for a first
    /// invitation or an open room.
    pub accounts: Option<&'a BTreeSet<AccountId>>,
    /// Accounts whose newest device lists were fetched for this very join.
    pub fetched: &'a [AccountId],
}

/// What was joined.
#[derive(Debug)]
pub struct JoinedGroup {
    /// The group.
    pub group: Group,
    /// Who wrote the welcome.
    pub inviter: Member,
    /// Expected accounts that are not in the conversation any more.
    pub missing: BTreeSet<AccountId>,
}

/// A join that waits for the server's answer.
#[derive(Serialize, Deserialize)]
struct StoredJoin {
    pending: PendingCommit,
    writes: Vec<(Bytes, Option<Bytes>)>,
}

impl Group {
    /// Joins by a welcome. `counter` is the commit counter that its commit reached.
    ///
    /// # Errors
    /// [`JoinError`]; the store is as before then, so that the key package stays usable for a sound welcome.
    pub fn join_from_welcome(
        store: &dyn GroupStore,
        me: &LocalDevice,
        known: &KnownDevices,
        welcome: &[u8],
        counter: u64,
        expectation: &Expectation<'_>,
    ) -> Result<JoinedGroup, JoinError> {
        let conversation = expectation.conversation;
        let overlay = Overlay::new(store);
        let backend = Backend::over(&overlay);
        if let Some(mut old) = MlsGroup::load(backend.storage(), &group_id(conversation))? {
            if old.is_active() {
                return Err(JoinError::AlreadyMember);
            }
            old.delete(backend.storage())?;
        }
        let MlsMessageBodyIn::Welcome(welcome) = message(welcome)? else {
            return Err(JoinError::Mls("another kind of MLS message".into()));
        };
        // Lifetimes of old leaves are skipped: a member's leaf does not become false by its age.
        let staged = StagedWelcome::build_from_welcome(&backend, &backend::join_config(), welcome)
            .map_err(|error| JoinError::Mls(error.to_string()))?
            .skip_lifetime_validation()
            .build()
            .map_err(|error| JoinError::Mls(error.to_string()))?;
        let leaves: Vec<_> = staged.members().collect();
        let context = staged.group_context();
        let suite = context.ciphersuite();
        let checked =
            Checked { id: context.group_id().as_slice(), suite, extensions: context.extensions(), members: &leaves };
        let missing = checked.check(me, known, expectation)?;
        let sender = staged.welcome_sender().map_err(|error| JoinError::Mls(error.to_string()))?;
        let inviter = leaf_of_node(sender).ok_or(JoinError::Breach(Breach::Credential))?.member;
        let mls = staged.into_group(&backend).map_err(|error| JoinError::Mls(error.to_string()))?;
        let group = Self::new(mls, Record { counter, pending: None })?;
        group.put_record(&overlay)?;
        overlay.flush()?;
        Ok(JoinedGroup { group, inviter, missing })
    }

    /// Builds an external commit by which this device joins, or joins again: then its old leaf is removed with it. The
    /// live group, if there is one, stays as it is until [`accept_join`](Self::accept_join). `follows` is the commit
    /// counter of the GroupInfo.
    ///
    /// # Errors
    /// [`JoinError`]; the store is as before then.
    pub fn join_externally(
        store: &dyn GroupStore,
        me: &LocalDevice,
        known: &KnownDevices,
        group_info: &[u8],
        id: MessageId,
        follows: u64,
        expectation: &Expectation<'_>,
    ) -> Result<PreparedCommit, JoinError> {
        let MlsMessageBodyIn::GroupInfo(info) = message(group_info)? else {
            return Err(JoinError::Mls("another kind of MLS message".into()));
        };
        let act = Act::Commit { joins: vec![me.member], leaves: vec![], out: vec![] };
        let data = AuthenticatedData { id, author: me.member, follows, act };
        let overlay = Overlay::new(store);
        let backend = Backend::over(&overlay);
        let refused = |error: &dyn std::fmt::Display| JoinError::Mls(error.to_string());
        let epoch = info.epoch().as_u64();
        let (mls, bundle) = MlsGroup::external_commit_builder()
            .with_config(backend::join_config())
            .with_aad(data.to_bytes())
            .skip_lifetime_validation()
            .build_group(&backend, info, backend::credential(me))
            .map_err(|error| refused(&error))?
            .leaf_node_parameters(LeafNodeParameters::builder().with_capabilities(backend::capabilities()).build())
            .load_psks(backend.storage())
            .map_err(|error| refused(&error))?
            .create_group_info(true)
            .use_ratchet_tree_extension(true)
            .build(backend.rand(), backend.crypto(), &backend::signer(me), |_| true)
            .map_err(|error| refused(&error))?
            .finalize(&backend)
            .map_err(|error| refused(&error))?;
        let members: Vec<_> = mls.members().collect();
        let checked = Checked {
            id: mls.group_id().as_slice(),
            suite: mls.ciphersuite(),
            extensions: mls.extensions(),
            members: &members,
        };
        checked.check(me, known, expectation)?;

        let (commit, _, info) = bundle.into_messages();
        let info = info.ok_or_else(|| JoinError::Mls("no GroupInfo was made".into()))?;
        let commit = to_bytes(&commit)?;
        let summary = CommitSummary {
            author: me.member,
            joined: vec![me.member],
            left: vec![],
            accounts_joined: vec![],
            accounts_left: vec![],
            roles: vec![],
            external: true,
            removed_me: false,
            epoch: epoch.saturating_add(1),
            counter: follows.saturating_add(1),
        };
        let pending = PendingCommit { id, hash: hash(&commit), follows, summary };
        let group = Self::new(mls, Record { counter: follows.saturating_add(1), pending: None })?;
        group.put_record(&overlay)?;
        let prepared = PreparedCommit {
            id,
            follows,
            hash: pending.hash,
            commit,
            welcome: None,
            group_info: to_bytes(&info)?,
            data,
            summary: pending.summary.clone(),
        };
        let mut stored = StoredJoin { pending, writes: Vec::new() };
        for (key, value) in std::mem::take(&mut overlay.into_writes().0) {
            stored.writes.push((Bytes(key), value.map(Bytes)));
        }
        store.put(&join_key(expectation.conversation), &codec::to_versioned(JOIN, &stored))?;
        stored.wipe();
        Ok(prepared)
    }

    /// The join that waits for the server's answer, if there is one.
    ///
    /// # Errors
    /// [`GroupError`] where the store fails.
    pub fn pending_join(
        store: &dyn GroupStore,
        conversation: ConversationId,
    ) -> Result<Option<PendingCommit>, GroupError> {
        Ok(read_join(store, conversation)?.map(|mut stored| {
            stored.wipe();
            stored.pending
        }))
    }

    /// The server accepted the join: it becomes the live group, in place of an old one.
    ///
    /// # Errors
    /// [`GroupError::NotPending`] where no such join waits.
    pub fn accept_join(
        store: &dyn GroupStore,
        conversation: ConversationId,
        id: MessageId,
        commit_hash: &Bytes32,
    ) -> Result<Self, GroupError> {
        let mut stored = read_join(store, conversation)?.ok_or(GroupError::NotPending)?;
        if stored.pending.id != id || stored.pending.hash != *commit_hash {
            stored.wipe();
            return Err(GroupError::NotPending);
        }
        let overlay = Overlay::new(store);
        // An old group that can't be read is what one joins again for.
        if let Ok(Some(mut old)) = MlsGroup::load(Backend::over(&overlay).storage(), &group_id(conversation)) {
            old.delete(Backend::over(&overlay).storage())?;
        }
        let mut writes = Writes::default();
        for (key, value) in std::mem::take(&mut stored.writes) {
            writes.0.insert(key.0, value.map(|value| value.0));
        }
        writes.apply(&overlay)?;
        overlay.delete(&join_key(conversation))?;
        let group = Self::load(&overlay, conversation)?.ok_or_else(|| GroupError::Damaged("no group joined".into()))?;
        overlay.flush()?;
        Ok(group)
    }

    /// Throws a join away that the server refused.
    ///
    /// # Errors
    /// [`GroupError`] where the store fails.
    pub fn abandon_join(store: &dyn GroupStore, conversation: ConversationId) -> Result<(), GroupError> {
        Ok(store.delete(&join_key(conversation))?)
    }
}

impl StoredJoin {
    fn wipe(&mut self) {
        use zeroize::Zeroize as _;
        self.writes.iter_mut().filter_map(|(_, value)| value.as_mut()).for_each(|value| value.0.zeroize());
    }
}

/// A group that is about to be joined.
struct Checked<'a> {
    id: &'a [u8],
    suite: openmls::prelude::Ciphersuite,
    extensions: &'a Extensions<GroupContext>,
    members: &'a [openmls::prelude::Member],
}

impl Checked<'_> {
    /// Conversation, suite, kind, roster, and every leaf against the device lists. Gives the expected accounts that are
    /// not in it.
    fn check(
        &self,
        me: &LocalDevice,
        known: &KnownDevices,
        expectation: &Expectation<'_>,
    ) -> Result<BTreeSet<AccountId>, JoinError> {
        let expected = expectation.conversation;
        if self.id != expected.as_bytes() {
            let found = self.id.iter().take(32).map(|byte| format!("{byte:02x}")).collect();
            return Err(JoinError::OtherConversation { expected, found });
        }
        if self.suite != CIPHERSUITE {
            return Err(JoinError::Mls(format!("suite {:?}", self.suite)));
        }
        let roster = Roster::from_extensions(self.extensions).map_err(|_| JoinError::Breach(Breach::GroupContext))?;
        if let Some(expected) = expectation.kind.filter(|kind| *kind != roster.kind) {
            return Err(JoinError::OtherKind { expected, found: roster.kind });
        }
        if roster.role(me.member.account).is_none() {
            return Err(JoinError::NotInvited);
        }
        let mut leaves = Vec::with_capacity(self.members.len());
        for member in self.members {
            leaves.push(leaf_of_member(member).ok_or(JoinError::Breach(Breach::Credential))?);
        }
        let present: BTreeSet<_> = leaves.iter().map(|leaf| leaf.member.account).chain(roster.accounts()).collect();
        let missing = match expectation.accounts {
            None => BTreeSet::new(),
            Some(accounts) => {
                let own = me.member.account;
                let unexpected: BTreeSet<_> =
                    present.iter().filter(|account| !accounts.contains(account) && **account != own).copied().collect();
                if !unexpected.is_empty() {
                    return Err(JoinError::UnexpectedAccounts(unexpected));
                }
                accounts.difference(&present).copied().collect()
            }
        };
        check_leaves(&leaves, &roster, Lists { known, fetched: expectation.fetched })?;
        Ok(missing)
    }
}

fn check_leaves(leaves: &[Leaf], roster: &Roster, lists: Lists<'_>) -> Result<(), JoinError> {
    let mut needed = BTreeSet::new();
    let mut seen = BTreeSet::new();
    for leaf in leaves {
        let account = leaf.member.account;
        if !seen.insert(leaf.member) {
            return Err(JoinError::Breach(Breach::TwoLeaves(leaf.member)));
        }
        if roster.role(account).is_none() {
            return Err(JoinError::Breach(Breach::NotInRoster(account)));
        }
        if !lists.admits(leaf, roster.floor(account))? {
            needed.insert(account);
        }
    }
    if needed.is_empty() { Ok(()) } else { Err(JoinError::NeedLists(needed.into_iter().collect())) }
}

fn message(bytes: &[u8]) -> Result<MlsMessageBodyIn, JoinError> {
    MlsMessageIn::tls_deserialize_exact(bytes)
        .map(MlsMessageIn::extract)
        .map_err(|error| JoinError::Mls(error.to_string()))
}

fn read_join(store: &dyn GroupStore, conversation: ConversationId) -> Result<Option<StoredJoin>, GroupError> {
    let Some(bytes) = store.get(&join_key(conversation))?.map(zeroize::Zeroizing::new) else {
        return Ok(None);
    };
    codec::from_versioned(JOIN, &bytes).map(Some).map_err(|error| GroupError::Damaged(error.to_string()))
}

fn join_key(conversation: ConversationId) -> Vec<u8> {
    [b"huis1.join.", &conversation.as_bytes()[..]].concat()
}
