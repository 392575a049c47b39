//! Building commits: what is needed is fetched first, then commit, pending state and outbox row are stored in one step.

use std::collections::BTreeSet;

use huis_core::groups::{
    Change, Disposition, Expectation, Group, JoinError, PrepareError, PreparedCommit, VerifiedKeyPackage,
};
use huis_proto::rest::{ClaimKeyPackages, ClaimedKeyPackages, CreateConversation, GroupInfo, SubmitCommit};
use huis_proto::{AccountId, Bytes, ConversationKind, ErrorCode, Member, limits};
use huis_views::{Failure, Notice};

use crate::accounts::identity_changed;
use crate::api::ApiError;
use crate::client::{Client, Outcome, Step};
use crate::db::{ConversationRow, DbError, OutboxRow, State, Tables, Task};
use crate::ports::Method;

/// How often device lists are fetched in a row for one commit.
const ROUNDS: usize = 4;

/// What came of building.
pub(super) enum Built {
    /// The row has its bytes.
    Sealed(Box<OutboxRow>),
    /// There is nothing to submit; the row is gone.
    Settled,
}

/// Why nothing was built.
pub(super) enum NotBuilt {
    /// Try again later.
    Later(ApiError),
    /// It will not work.
    Failed(Failure),
    /// Device lists are missing.
    Lists(Vec<AccountId>),
    /// The conversation is blocked until something that was asked for may have come.
    Blocked,
}

impl From<DbError> for NotBuilt {
    fn from(error: DbError) -> Self {
        Self::Failed(error.into())
    }
}

impl From<ApiError> for NotBuilt {
    fn from(error: ApiError) -> Self {
        if error.passes() { Self::Later(error) } else { Self::Failed(error.into()) }
    }
}

impl From<huis_core::groups::GroupError> for NotBuilt {
    fn from(error: huis_core::groups::GroupError) -> Self {
        match error.disposition() {
            Disposition::StoreFailed => Self::Failed(Failure::Database { reason: error.to_string() }),
            _ => Self::Failed(Failure::Internal { reason: error.to_string() }),
        }
    }
}

impl Client {
    /// Seals a draft that is no message.
    pub(super) async fn build(&self, row: &OutboxRow) -> Result<Built, NotBuilt> {
        let mut fetched: Vec<AccountId> = Vec::new();
        for _ in 0..ROUNDS {
            let built = match &row.task {
                Task::Create { others } => self.build_creation(row, others, &mut fetched).await,
                Task::Join { checked } => self.build_join(row, *checked, &fetched).await,
                task => self.build_change(row, task, &mut fetched).await,
            };
            match built {
                Err(NotBuilt::Lists(accounts)) => {
                    self.fetch_lists(&accounts).await?;
                    fetched.extend(accounts);
                }
                other => return other,
            }
        }
        Err(NotBuilt::Failed(Failure::BadAnswer { reason: "the device lists stay incomplete".into() }))
    }

    async fn build_creation(
        &self,
        row: &OutboxRow,
        others: &[AccountId],
        fetched: &mut Vec<AccountId>,
    ) -> Result<Built, NotBuilt> {
        let me = self.signed_in().map_err(NotBuilt::Failed)?;
        let mut accounts = others.to_vec();
        accounts.push(me.account());
        self.fetch_lists(&accounts).await?;
        fetched.clone_from(&accounts);
        self.step(|step| check_invited(step.tables, others))?;
        let packages = self.claim(&accounts, &[]).await?;
        let sealed = self.step(|step| {
            let conversation = step.conversation(row.conversation).map_err(NotBuilt::Failed)?;
            let (tables, known) = (step.tables, step.client.known());
            check_invited(tables, others)?;
            // What an earlier try left behind was never accepted.
            step.forget_group(row.conversation)?;
            let (mut group, group_info) =
                Group::create(&tables, &me.device, row.conversation, conversation.kind, others, &known)?;
            let prepared = match packages.is_empty() {
                true => None,
                false => Some(
                    group
                        .prepare(&tables, &me.device, &known, row.id, Change::Invite(packages))
                        .map_err(not_prepared)?,
                ),
            };
            step.set_group(group);
            let submission = tables.next_submission()?;
            let body = CreateConversation {
                conversation: row.conversation,
                kind: conversation.kind,
                peer: conversation.peer.filter(|_| conversation.kind == ConversationKind::Direct),
                room: conversation.room.filter(|_| conversation.kind == ConversationKind::Open),
                group_info: Bytes(group_info),
                submission,
                first_commit: prepared.map(|prepared| body_of(prepared, submission, 0)),
            };
            step.keep_sealed(row, submission, 0, &body)
        })?;
        Ok(Built::Sealed(Box::new(sealed)))
    }

    async fn build_join(&self, row: &OutboxRow, checked: bool, fetched: &[AccountId]) -> Result<Built, NotBuilt> {
        let me = self.signed_in().map_err(NotBuilt::Failed)?;
        let conversation = self.read(|tables| tables.conversation(row.conversation))?;
        let Some(conversation) = conversation else {
            return Err(NotBuilt::Failed(Failure::NotAMember));
        };
        if conversation.state == State::Joined {
            // A welcome came first.
            let outcome = Outcome { conversation: row.conversation, seq: conversation.first };
            self.step(|step| {
                step.answer(row.id, Ok(outcome));
                step.tables.delete_task(row.position)
            })?;
            return Ok(Built::Settled);
        }
        let path = format!("/api/v1/conversations/{}/group-info", row.conversation);
        let info: GroupInfo = match self.get(path).await {
            Ok(info) => info,
            Err(error) if is_no_member(&error) && self.is_contested(row.conversation)? => {
                // The seat may come back by the others' word.
                self.wait_for_contest(row.conversation);
                return Err(NotBuilt::Blocked);
            }
            Err(error) if is_no_member(&error) => return Err(NotBuilt::Failed(Failure::NotAMember)),
            Err(error) => return Err(error.into()),
        };
        let expected = self.expected_accounts(&conversation, checked)?;
        let sealed: Result<OutboxRow, NotJoined> = self.step(|step| {
            let (tables, known) = (step.tables, step.client.known());
            let expectation = Expectation {
                conversation: row.conversation,
                kind: Some(conversation.kind),
                accounts: expected.as_ref(),
                fetched,
            };
            Group::abandon_join(&tables, row.conversation)?;
            let follows = info.commit_counter;
            let group_info = &info.group_info;
            let prepared =
                Group::join_externally(&tables, &me.device, &known, group_info, row.id, follows, &expectation)
                    .map_err(not_joined)?;
            let submission = tables.next_submission()?;
            let body = body_of(prepared, submission, 0);
            Ok(step.keep_sealed(row, submission, follows, &body)?)
        });
        match sealed {
            Ok(sealed) => {
                self.trusts_group_info(row.conversation);
                Ok(Built::Sealed(Box::new(sealed)))
            }
            Err(NotJoined::BadGroupInfo(failure)) => {
                Err(self.ask_for_group_info(row, info.commit_counter, failure).await?)
            }
            Err(NotJoined::Unexpected(accounts)) => {
                self.hold(row, accounts)?;
                Ok(Built::Settled)
            }
            Err(NotJoined::Other(error)) => Err(error),
        }
    }

    /// Whom a conversation may hold that this device joins by itself: a server could otherwise build a group of the same
    /// id with an account of its own in it, and let the device join that one. `None` where nothing is known.
    fn expected_accounts(
        &self,
        conversation: &ConversationRow,
        checked: bool,
    ) -> Result<Option<BTreeSet<AccountId>>, DbError> {
        match (conversation.kind, conversation.peer) {
            (ConversationKind::Open, _) => return Ok(None),
            // What the account knows goes before what is known of a single device's word.
            (ConversationKind::Direct, _) if checked && !conversation.accounts.is_empty() => {}
            (ConversationKind::Direct, Some(peer)) => return Ok(Some(BTreeSet::from([peer]))),
            _ if !checked => return Ok(None),
            _ => {}
        }
        let mut expected: BTreeSet<AccountId> = conversation.accounts.iter().copied().collect();
        // Whom this device invites may be in already, if only the answer was lost.
        for task in self.read(|tables| tables.tasks_of(conversation.id))? {
            if let Task::Invite { accounts } = task.task {
                expected.extend(accounts);
            }
        }
        Ok(Some(expected))
    }

    /// The members are others than those that the account knew: a person decides.
    fn hold(&self, row: &OutboxRow, accounts: BTreeSet<AccountId>) -> Result<(), DbError> {
        self.step(|step| {
            let accounts = accounts.into_iter().map(|account| step.named(account)).collect::<Result<_, _>>()?;
            step.notice(Some(row.conversation), Notice::UnexpectedMembers { accounts })?;
            if let Some(mut conversation) = step.tables.conversation(row.conversation)? {
                conversation.state = State::Held;
                step.tables.put_conversation(&conversation)?;
            }
            step.changed(row.conversation);
            step.fail_task(row, Failure::Invalid { reason: "the members differ from those that were known".into() })
        })
    }

    async fn build_change(
        &self,
        row: &OutboxRow,
        task: &Task,
        fetched: &mut Vec<AccountId>,
    ) -> Result<Built, NotBuilt> {
        let me = self.signed_in().map_err(NotBuilt::Failed)?;
        let mut packages = Vec::new();
        if let Task::Invite { accounts } = task {
            self.fetch_lists(accounts).await?;
            fetched.extend(accounts);
            self.step(|step| check_invited(step.tables, accounts))?;
            let present = self.step(|step| match step.group(row.conversation)? {
                Some(group) => Ok(group.members()),
                None => Err(NotBuilt::Failed(Failure::NotAMember)),
            })?;
            packages = self.claim(accounts, &present).await?;
            if packages.is_empty() {
                return self.nothing_to_do(row).map_err(NotBuilt::from);
            }
        }
        let mut silent = Vec::new();
        if let Task::RemoveSilent { devices } = task {
            let accounts: BTreeSet<_> = devices.iter().map(|member| member.account).collect();
            self.fetch_lists(&accounts.into_iter().collect::<Vec<_>>()).await?;
            silent = self.still_silent(row.conversation, devices)?;
            if silent.is_empty() {
                return self.nothing_to_do(row).map_err(NotBuilt::from);
            }
        }
        let sealed = self.step(|step| {
            let (tables, known) = (step.tables, step.client.known());
            if let Task::Invite { accounts } = task {
                // Another flow may have learnt of it while the key packages were fetched.
                check_invited(tables, accounts)?;
            }
            let voided = if matches!(task, Task::Tidy) { step.voided_leaves(row.conversation)? } else { None };
            let seen = tables.conversation(row.conversation)?.map_or(0, |known| known.cursor);
            let Some(group) = step.group(row.conversation)? else {
                return Err(NotBuilt::Failed(Failure::NotAMember));
            };
            let mut of_leavers = false;
            let change = match task {
                Task::Invite { .. } => Change::Invite(packages),
                Task::Remove { accounts } => Change::Remove { accounts: accounts.clone(), devices: vec![] },
                Task::RemoveSilent { .. } => Change::Remove { accounts: vec![], devices: silent },
                Task::Roles { roles } => Change::Roles(roles.clone()),
                Task::UpdateLeaf => Change::UpdateOwnLeaf,
                Task::FollowOwnLists => Change::FollowOwnLists,
                _ if !group.unlisted(&known).is_empty() => Change::RemoveUnlisted,
                _ => {
                    of_leavers = voided.is_some();
                    voided.unwrap_or(Change::PendingProposals)
                }
            };
            if group.pending().is_some() {
                // Its row is gone, so nobody waits for it: whatever it was, it was not accepted before this one.
                group.clear_pending(&tables)?;
            }
            let prepared = match group.prepare(&tables, &me.device, &known, row.id, change) {
                Ok(prepared) => prepared,
                Err(PrepareError::Nothing) => return Ok(None),
                Err(error) if of_leavers && !matches!(error, PrepareError::NeedLists(_) | PrepareError::Group(_)) => {
                    // Somebody else's business; trying again would hold up what is to be said.
                    step.forget_leavers(row.conversation)?;
                    return Ok(None);
                }
                Err(error) => return Err(not_prepared(error)),
            };
            let submission = tables.next_submission()?;
            let follows = prepared.follows;
            let body = body_of(prepared, submission, seen);
            step.keep_sealed(row, submission, follows, &body).map(Some)
        })?;
        match sealed {
            Some(sealed) => Ok(Built::Sealed(Box::new(sealed))),
            None => Ok(self.nothing_to_do(row)?),
        }
    }

    fn nothing_to_do(&self, row: &OutboxRow) -> Result<Built, DbError> {
        self.step(|step| {
            step.answer(row.id, Ok(Outcome { conversation: row.conversation, seq: 0 }));
            step.tables.delete_task(row.position)
        })?;
        Ok(Built::Settled)
    }

    /// Key packages of all devices of these accounts, but for this device and those that are there already.
    async fn claim(&self, accounts: &[AccountId], present: &[Member]) -> Result<Vec<VerifiedKeyPackage>, NotBuilt> {
        let me = self.signed_in().map_err(NotBuilt::Failed)?;
        let mut packages = Vec::new();
        for account in accounts {
            let known = self.known();
            let devices: Vec<_> = known
                .get(*account)
                .into_iter()
                .flat_map(|known| known.listed().map(|(device, _)| device).collect::<Vec<_>>())
                .map(|device| Member { account: *account, device })
                .filter(|member| *member != me.device.member && !present.contains(member))
                .map(|member| member.device)
                .collect();
            if devices.is_empty() {
                continue;
            }
            let body = ClaimKeyPackages { devices: Some(devices) };
            let path = format!("/api/v1/accounts/{account}/key-packages/claim");
            let claimed: ClaimedKeyPackages = self.ask(Method::Post, path, Some(&body)).await?;
            for claimed in claimed.packages {
                let member = Member { account: *account, device: claimed.device };
                match VerifiedKeyPackage::verify(&claimed.key_package, member, &known, self.now_ms()) {
                    Ok(package) => packages.push(package),
                    Err(error) => {
                        let reason = format!("a key package of {member:?}: {error}");
                        tracing::warn!(%reason, "a key package was refused");
                        return Err(NotBuilt::Failed(Failure::BadAnswer { reason }));
                    }
                }
            }
            if packages.len() > limits::JOINS_PER_COMMIT {
                let reason = format!("at most {} devices are added at once", limits::JOINS_PER_COMMIT);
                return Err(NotBuilt::Failed(Failure::Invalid { reason }));
            }
        }
        Ok(packages)
    }
}

impl Step<'_> {
    fn keep_sealed(
        &mut self,
        row: &OutboxRow,
        submission: u64,
        follows: u64,
        body: &impl serde::Serialize,
    ) -> Result<OutboxRow, NotBuilt> {
        let sealed = serde_json::to_vec(body)
            .map_err(|error| NotBuilt::Failed(Failure::Internal { reason: error.to_string() }))?;
        self.tables.set_sealed(row.position, submission, None, follows, (&sealed, None))?;
        Ok(OutboxRow { submission: Some(submission), follows: Some(follows), sealed: Some(sealed), ..row.clone() })
    }
}

/// Refuses to bring in somebody whose identity key changed before a person has decided about it.
fn check_invited(tables: Tables<'_>, accounts: &[AccountId]) -> Result<(), NotBuilt> {
    for account in accounts {
        if let Some(known) = tables.account(*account)?.filter(|known| known.shown_identity.is_some()) {
            return Err(NotBuilt::Failed(identity_changed(&known)));
        }
    }
    Ok(())
}

/// Whether the server says that this account has no part in the conversation.
pub(crate) fn is_no_member(error: &ApiError) -> bool {
    matches!(error.code(), Some(ErrorCode::NotFound | ErrorCode::Forbidden | ErrorCode::NotAMember))
}

fn body_of(prepared: PreparedCommit, submission: u64, seen: u64) -> SubmitCommit {
    SubmitCommit {
        submission,
        commit: Bytes(prepared.commit),
        welcome: prepared.welcome.map(Bytes),
        group_info: Bytes(prepared.group_info),
        seen,
    }
}

fn not_prepared(error: PrepareError) -> NotBuilt {
    match error {
        PrepareError::Group(error) => error.into(),
        PrepareError::NeedLists(accounts) => NotBuilt::Lists(accounts),
        PrepareError::NotAllowed(_) => NotBuilt::Failed(Failure::NotAllowed),
        PrepareError::NotAMember | PrepareError::Leaving => NotBuilt::Failed(Failure::NotAMember),
        other => NotBuilt::Failed(Failure::Internal { reason: other.to_string() }),
    }
}

/// Why a join was not built; a roster that differs is no mere failure.
enum NotJoined {
    Unexpected(BTreeSet<AccountId>),
    /// The server has another GroupInfo than the conversation's; a member may bring it.
    BadGroupInfo(Failure),
    Other(NotBuilt),
}

impl<T: Into<NotBuilt>> From<T> for NotJoined {
    fn from(error: T) -> Self {
        Self::Other(error.into())
    }
}

fn not_joined(error: JoinError) -> NotJoined {
    NotJoined::Other(match error {
        JoinError::UnexpectedAccounts(accounts) => return NotJoined::Unexpected(accounts),
        JoinError::NeedLists(accounts) => NotBuilt::Lists(accounts),
        JoinError::Group(error) => error.into(),
        JoinError::NotInvited => return NotJoined::BadGroupInfo(Failure::NotAMember),
        other => return NotJoined::BadGroupInfo(Failure::BadAnswer { reason: other.to_string() }),
    })
}
