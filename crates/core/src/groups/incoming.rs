//! Opening entries of the log: messages are opened, proposals kept, commits judged and merged or skipped.

use std::collections::BTreeSet;

use huis_proto::aad::{Act, AuthenticatedData};
use huis_proto::mls::{self, ContentType, Header};
use huis_proto::{AccountId, Member, MessageId};
use openmls::framing::errors::MessageDecryptionError;
use openmls::prelude::tls_codec::Deserialize as _;
use openmls::prelude::{
    ExtensionType, Extensions, GroupContext, MlsGroupStateError, MlsMessageIn, ProcessMessageError, ProcessedMessage,
    ProcessedMessageContent, Proposal, ProposalOrRefType, QueuedProposal, Sender, StageCommitError, StagedCommit,
    ValidationError,
};
use openmls_traits::OpenMlsProvider as _;

use super::backend::Backend;
use super::roster::{ROSTER_EXTENSION, Roster};
use super::rules::{Breach, Leaf, Lists, Proposed, Verdict};
use super::storage::StorageError;
use super::{CommitSummary, Group, GroupError, OpenError, hash, leaf_of_node, member_of};
use crate::content::{Content, Envelope, FrankingOpening, franking_holds};
use crate::directory::KnownDevices;
use crate::history::LastSeen;
use crate::identity::LocalDevice;
use crate::store::GroupStore;

/// An entry of the conversation's log, with what the server says of it.
#[derive(Debug, Clone, Copy)]
pub struct Entry<'a> {
    /// The MLS message.
    pub payload: &'a [u8],
    /// Which device submitted it.
    pub sender: Member,
    /// Its id.
    pub id: MessageId,
    /// The commit counter that it was ordered under; for a commit, the one that it follows.
    pub follows: u64,
    /// Accounts whose newest device lists were fetched for this very entry.
    pub fetched: &'a [AccountId],
}

/// What an entry was.
#[derive(Debug)]
pub enum Opened {
    /// A message of another device.
    Message(Box<OpenedMessage>),
    /// This device's own message or proposal come back, or a commit of its own that was merged before.
    Own,
    /// A commit, merged.
    Commit(CommitSummary),
    /// This device's own pending commit, merged.
    OwnCommit(CommitSummary),
    /// An account proposes to leave; the next commit carries it out.
    Leaving {
        /// The account.
        account: AccountId,
    },
    /// It breaks a rule, and all members skip it. If it is a commit, its counter is passed all the same.
    Skipped(Breach),
}

/// A message that was opened.
#[derive(Debug)]
pub struct OpenedMessage {
    /// Who wrote it: the device whose leaf signed it.
    pub author: Member,
    /// Whether the author's account still lists the device. If not, the message is to be marked.
    pub author_listed: bool,
    /// Its id.
    pub id: MessageId,
    /// What it says.
    pub content: Content,
    /// The bytes of the content: kept for a later version that knows more kinds, and for reports.
    pub content_bytes: Vec<u8>,
    /// Opens the commitment that the server has seen.
    pub opening: FrankingOpening,
    /// When it was written, in milliseconds since 1970, as the author says.
    pub sent_at_ms: u64,
    /// The author's counter in this conversation.
    pub counter: u64,
    /// The last entry that the author had seen.
    pub last_seen: Option<LastSeen>,
}

/// Why an entry is not taken: skipped for good, or an error.
enum Refusal {
    Skip(Breach),
    Fail(OpenError),
}

impl<T: Into<OpenError>> From<T> for Refusal {
    fn from(error: T) -> Self {
        Self::Fail(error.into())
    }
}

impl From<Breach> for Refusal {
    fn from(breach: Breach) -> Self {
        Self::Skip(breach)
    }
}

impl From<Verdict> for Refusal {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Skip(breach) => Self::Skip(breach),
            Verdict::NeedLists(accounts) => Self::Fail(OpenError::NeedLists(accounts.into_iter().collect())),
        }
    }
}

impl Group {
    /// Opens the next entry of the log. Entries are given in the log's order, each once.
    ///
    /// # Errors
    /// [`OpenError`]; the group is as before then, and the same entry may be opened again.
    pub fn open(
        &mut self,
        store: &dyn GroupStore,
        me: &LocalDevice,
        known: &KnownDevices,
        entry: &Entry<'_>,
    ) -> Result<Opened, OpenError> {
        if !self.is_active() {
            return Err(OpenError::NotAMember);
        }
        let header = match mls::header(entry.payload) {
            Ok(header) => header,
            Err(error) => return Ok(Opened::Skipped(Breach::Mls(error.to_string()))),
        };
        let is_commit = header.content == ContentType::Commit;
        if let Some(opened) = self.before_opening(me, entry, is_commit)? {
            return Ok(opened);
        }
        self.work(store, |group, backend| {
            if is_commit && group.is_pending(entry.id, &hash(entry.payload)) {
                return Ok(Opened::OwnCommit(group.merge_pending(backend)?));
            }
            let opened = group.open_other(backend, me, known, entry, &header);
            match opened {
                Ok(opened) => Ok(opened),
                Err(Refusal::Fail(error)) => Err(error),
                Err(Refusal::Skip(breach)) => {
                    if is_commit {
                        group.pass_commit(backend)?;
                    }
                    Ok(Opened::Skipped(breach))
                }
            }
        })
    }

    /// What is settled by the counters alone.
    fn before_opening(
        &self,
        me: &LocalDevice,
        entry: &Entry<'_>,
        is_commit: bool,
    ) -> Result<Option<Opened>, OpenError> {
        let reached = self.commit_counter();
        if entry.follows > reached {
            return Err(OpenError::MissedCommit { ordered: entry.follows, reached });
        }
        if entry.sender == me.member && (!is_commit || entry.follows < reached) {
            return Ok(Some(Opened::Own));
        }
        if entry.follows < reached {
            return Ok(Some(Opened::Skipped(Breach::Counter { named: entry.follows, ordered: reached })));
        }
        Ok(None)
    }

    /// A commit was ordered that is not the own pending one: that one has lost.
    fn pass_commit(&mut self, backend: &Backend<'_>) -> Result<(), GroupError> {
        self.drop_pending(backend)?;
        self.record.counter = self.record.counter.saturating_add(1);
        Ok(())
    }

    fn open_other(
        &mut self,
        backend: &Backend<'_>,
        me: &LocalDevice,
        known: &KnownDevices,
        entry: &Entry<'_>,
        header: &Header,
    ) -> Result<Opened, Refusal> {
        self.check_header(entry, header)?;
        if entry.sender == me.member {
            return Err(OpenError::OwnStateLost.into());
        }
        let message = MlsMessageIn::tls_deserialize_exact(entry.payload)
            .map_err(|error| Breach::Mls(error.to_string()))?
            .try_into_protocol_message()
            .map_err(|error| Breach::Mls(error.to_string()))?;
        let processed = self.mls.process_message(backend, message).map_err(refusal)?;
        let external = matches!(processed.sender(), Sender::NewMemberCommit);
        if member_of(processed.credential()).ok_or(Breach::Credential)? != header.data.author {
            return Err(Breach::Author.into());
        }
        self.open_processed(backend, me, known, entry, &header.data, processed, external)
    }

    #[expect(clippy::too_many_arguments, reason = "one step of a longer way, called once")]
    fn open_processed(
        &mut self,
        backend: &Backend<'_>,
        me: &LocalDevice,
        known: &KnownDevices,
        entry: &Entry<'_>,
        data: &AuthenticatedData,
        processed: ProcessedMessage,
        external: bool,
    ) -> Result<Opened, Refusal> {
        let sender = processed.sender().clone();
        match processed.into_content() {
            ProcessedMessageContent::ApplicationMessage(message) => {
                let opened = self.open_message(known, data, &message.into_bytes())?;
                Ok(Opened::Message(Box::new(opened)))
            }
            ProcessedMessageContent::ProposalMessage(proposal) => {
                self.check_leave(data, &sender, proposal.proposal())?;
                self.mls.store_pending_proposal(backend.storage(), *proposal)?;
                Ok(Opened::Leaving { account: data.author.account })
            }
            ProcessedMessageContent::StagedCommitMessage(staged) => {
                let lists = Lists { known, fetched: entry.fetched };
                let summary = self.judge_staged(me, lists, data, &staged, external)?;
                self.mls.merge_staged_commit(backend, *staged).map_err(|error| GroupError::Mls(error.to_string()))?;
                self.pass_commit(backend)?;
                self.read_epoch()?;
                Ok(Opened::Commit(summary))
            }
            ProcessedMessageContent::OwnPrivateMessage | ProcessedMessageContent::OwnPendingCommit => {
                Err(OpenError::OwnStateLost.into())
            }
            _ => Err(Breach::Proposal.into()),
        }
    }

    /// What the server says, what stands in the clear, and where the group is.
    fn check_header(&self, entry: &Entry<'_>, header: &Header) -> Result<(), Refusal> {
        let data = &header.data;
        if header.conversation != self.conversation() {
            return Err(Breach::Mls("another conversation's message".into()).into());
        }
        if data.author != entry.sender {
            return Err(Breach::Author.into());
        }
        if data.id != entry.id {
            return Err(Breach::Id.into());
        }
        if data.follows != entry.follows {
            return Err(Breach::Counter { named: data.follows, ordered: entry.follows }.into());
        }
        let fits = match data.act {
            Act::Message { .. } => header.content == ContentType::Application,
            Act::Commit { .. } => header.content == ContentType::Commit,
            Act::Leave { .. } => header.content == ContentType::Proposal,
        };
        if !fits {
            return Err(Breach::Act.into());
        }
        let (found, current) = (header.epoch, self.epoch());
        // A later epoch may mean that this device has parted from the others; but the number stands in the clear and
        // anybody may write it, so that it must not stop the log.
        if found == current { Ok(()) } else { Err(Breach::Epoch { found, current }.into()) }
    }

    fn open_message(
        &self,
        known: &KnownDevices,
        data: &AuthenticatedData,
        plaintext: &[u8],
    ) -> Result<OpenedMessage, Breach> {
        let Act::Message { commitment, files, lock } = &data.act else {
            return Err(Breach::Act);
        };
        let malformed = |error: crate::content::ContentError| Breach::Content(error.to_string());
        let envelope = Envelope::from_padded(plaintext).map_err(malformed)?;
        if envelope.id != data.id {
            return Err(Breach::Id);
        }
        if !franking_holds(&envelope.opening, &envelope.content_bytes, commitment) {
            return Err(Breach::Commitment);
        }
        let content = Content::from_bytes(&envelope.content_bytes).map_err(malformed)?;
        if !content.brings(files) {
            return Err(Breach::Files);
        }
        if !content.is_locked_by(lock.as_ref()) {
            return Err(Breach::TimeLock);
        }
        let author_listed =
            self.leaves.iter().any(|(_, leaf)| leaf.member == data.author && known.lists(leaf.member, &leaf.key));
        Ok(OpenedMessage {
            author: data.author,
            author_listed,
            id: envelope.id,
            content,
            content_bytes: envelope.content_bytes,
            opening: envelope.opening,
            sent_at_ms: envelope.sent_at_ms,
            counter: envelope.counter,
            last_seen: envelope.last_seen,
        })
    }

    /// The one proposal that is used: a device proposes the removal of its own leaf, and by that its account leaves.
    fn check_leave(&self, data: &AuthenticatedData, sender: &Sender, proposal: &Proposal) -> Result<(), Breach> {
        let Act::Leave { leaves } = &data.act else {
            return Err(Breach::Act);
        };
        let own_leaf = match (proposal, sender) {
            (Proposal::Remove(remove), Sender::Member(index)) => remove.removed() == *index,
            _ => false,
        };
        // One of each device is enough: more would only fill the memory of all members.
        if !own_leaf || self.leaving().contains(&data.author) {
            return Err(Breach::Proposal);
        }
        let mut named = leaves.clone();
        named.sort_unstable();
        if named == self.devices_of(data.author.account) { Ok(()) } else { Err(Breach::JoinsAndLeaves) }
    }

    /// Judges a commit that MLS found valid.
    fn judge_staged(
        &self,
        me: &LocalDevice,
        lists: Lists<'_>,
        data: &AuthenticatedData,
        staged: &StagedCommit,
        external: bool,
    ) -> Result<CommitSummary, Verdict> {
        let leaves: Vec<Leaf> = self.leaves.iter().map(|(_, leaf)| *leaf).collect();
        let context = staged.group_context().extensions();
        if others(context) != others(self.mls.extensions()) {
            return Err(Breach::GroupContext.into());
        }
        let after = Roster::from_extensions(context).map_err(|_| Breach::GroupContext)?;
        let path = match staged.update_path_leaf_node() {
            Some(node) => Some(leaf_of_node(node).ok_or(Breach::Credential)?),
            None => None,
        };
        let mut proposed = Proposed {
            author: data.author,
            external,
            before: &self.roster,
            after: &after,
            leaves: &leaves,
            added: Vec::new(),
            removed: Vec::new(),
            leaving: BTreeSet::new(),
            leaving_devices: Vec::new(),
            path,
        };
        for proposal in staged.queued_proposals() {
            self.sort_in(&mut proposed, proposal, external)?;
        }
        if external {
            proposed.added.extend(path);
        }
        proposed.judge(lists, &data.act)?;
        let removed_me = staged.self_removed() || proposed.leaves_for_good().contains(&me.member);
        Ok(self.summary(&proposed, removed_me))
    }

    fn sort_in(&self, proposed: &mut Proposed<'_>, queued: &QueuedProposal, external: bool) -> Result<(), Breach> {
        let by_reference = queued.proposal_or_ref_type() == ProposalOrRefType::Reference;
        match queued.proposal() {
            Proposal::Add(add) if !by_reference => {
                proposed.added.push(leaf_of_node(add.key_package().leaf_node()).ok_or(Breach::Credential)?);
            }
            Proposal::Remove(remove) => {
                let index = remove.removed();
                let member = self.leaf_at(index).ok_or(Breach::Proposal)?.member;
                if !by_reference {
                    proposed.removed.push(member);
                } else if *queued.sender() == Sender::Member(index) {
                    proposed.leaving.insert(member.account);
                    proposed.leaving_devices.push(member);
                } else {
                    return Err(Breach::Proposal);
                }
            }
            Proposal::GroupContextExtensions(_) if !by_reference => {}
            Proposal::ExternalInit(_) if external => {}
            _ => return Err(Breach::Proposal),
        }
        Ok(())
    }
}

/// The group context's extensions but for the roster.
fn others(extensions: &Extensions<GroupContext>) -> Vec<openmls::prelude::Extension> {
    let roster = ExtensionType::Unknown(ROSTER_EXTENSION);
    extensions.iter().filter(|extension| extension.extension_type() != roster).cloned().collect()
}

/// What follows from MLS's refusal: what everybody sees alike is skipped, what concerns this device's secrets is not.
fn refusal(error: ProcessMessageError<StorageError>) -> Refusal {
    use openmls::prelude::ApplyUpdatePathError;
    match error {
        ProcessMessageError::StorageError(error) => Refusal::Fail(error.into()),
        ProcessMessageError::GroupStateError(MlsGroupStateError::UseAfterEviction) => {
            Refusal::Fail(OpenError::NotAMember)
        }
        ProcessMessageError::ValidationError(ValidationError::UnableToDecrypt(error)) => match &error {
            MessageDecryptionError::SecretTreeError(inner) if is_replay(inner) => Breach::Replay.into(),
            _ => Breach::Unreadable(error.to_string()).into(),
        },
        ProcessMessageError::InvalidCommit(error) => match error {
            StageCommitError::MissingDecryptionKey
            | StageCommitError::UpdatePathError(
                ApplyUpdatePathError::UnableToDecrypt | ApplyUpdatePathError::PathMismatch,
            ) => Refusal::Fail(OpenError::CommitSecrets(error.to_string())),
            StageCommitError::OwnCommitMismatch => Refusal::Fail(OpenError::OwnStateLost),
            other => Breach::Mls(other.to_string()).into(),
        },
        other => Breach::Mls(other.to_string()).into(),
    }
}

/// OpenMLS does not name this error's type, only its variants.
fn is_replay(error: &impl std::fmt::Debug) -> bool {
    matches!(format!("{error:?}").as_str(), "SecretReuseError" | "TooDistantInThePast")
}
