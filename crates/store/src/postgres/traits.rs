//! The store's traits: which statement or transaction each method is.

use std::time::Duration;

use async_trait::async_trait;
use huis_proto::device_list::SignedDeviceList;
use huis_proto::frames::WelcomeEntry;
use huis_proto::rest::{
    ClaimedKeyPackages, ConversationInfo, GroupInfo, InvitationInfo, KeyPackageStock, PushSubscription, Room,
};
use huis_proto::{
    AccountId, BlobId, Bytes, Bytes32, ConversationId, DeviceId, IncarnationId, InvitationId, Member, MessageId,
    SessionId,
};
use rand::rngs::OsRng;
use tokio::time::Instant;

use super::accounts::{self, Sealed};
use super::writers::Submission;
use super::{
    PostgresStore, admin_visits, archives, contests, delivery, expiry, files, group_infos, identities, invitations,
    key_packages, lives, push_subscriptions, second_factors, sessions, time_locks,
};
use crate::time_locks::Looked;
use crate::{
    Account, Accounts, Act, Acted, AdminVisit, AdminVisits, Append, AppendCommit, Appended, ArchiveChange,
    ArchiveChanged, ArchiveStanding, Archives, Arrived, Beginning, Contests, Conversations, Create, Creation, Cursor,
    Dissenting, FileCreation, Files, IdentityRenewal, Invitations, KeptSegment, KeyPackages, LogPage, NewAccount,
    NewFile, NewIdentity, NewPassword, NewRecoveryKey, NewSecondFactor, NewVisitCode, Numbered, Opened, PasswordChange,
    PasswordRecord, PushDue, PushSubscriptions, Recipients, RecoveryKeyChange, Refresh, Release, Reseeding, Restores,
    SecondFactor, SecondFactors, Session, Sessions, Settings, Stocked, StoreError, StoreResult, Swap, TimeLocks,
    Upload, Wanting, Withdrawal,
};

/// How long what was accepted may take when the store is closed.
const CLOSING: Duration = Duration::from_secs(60);

#[async_trait]
impl Accounts for PostgresStore {
    async fn create_account(&self, account: NewAccount) -> StoreResult<Creation> {
        let account = &account;
        self.write(|db| async move { accounts::create_account(&db, account).await }).await
    }

    async fn name_state(&self, username: &str, skeleton: &str) -> StoreResult<Creation> {
        self.single(|db| async move { accounts::name_state(&db, username, skeleton).await }).await
    }

    async fn super_administrator_exists(&self) -> StoreResult<bool> {
        self.single(|db| async move { accounts::super_administrator_exists(&db).await }).await
    }

    async fn account_by_name(&self, username: &str) -> StoreResult<Option<Account>> {
        self.single(|db| async move { accounts::account_by_name(&db, username).await }).await
    }

    async fn account(&self, account: AccountId) -> StoreResult<Option<Account>> {
        self.single(|db| async move { accounts::account(&db, account).await }).await
    }

    async fn password_record(&self, username: &str) -> StoreResult<Option<PasswordRecord>> {
        self.single(|db| async move { accounts::password_record(&db, username).await }).await
    }

    async fn change_password(&self, new: NewPassword) -> StoreResult<PasswordChange> {
        let new = &new;
        self.write(|db| async move { accounts::change_password(&db, new).await }).await
    }

    async fn change_recovery_key(&self, new: NewRecoveryKey) -> StoreResult<RecoveryKeyChange> {
        let new = &new;
        self.write(|db| async move { accounts::change_recovery_key(&db, new).await }).await
    }

    async fn renew_identity(&self, new: NewIdentity) -> StoreResult<IdentityRenewal> {
        let new = &new;
        self.write(|db| async move { identities::renew(&db, new).await }).await
    }

    async fn device_lists(&self, account: AccountId, after: u64, most: usize) -> StoreResult<Vec<SignedDeviceList>> {
        self.single(|db| async move { accounts::device_lists(&db, account, after, most).await }).await
    }

    async fn put_device_list(
        &self,
        account: AccountId,
        number: u64,
        list: SignedDeviceList,
        devices: Vec<DeviceId>,
    ) -> StoreResult<Swap> {
        let list = &list;
        let devices = &devices;
        self.write(|db| async move { accounts::put_device_list(&db, account, number, list, devices).await }).await
    }

    async fn vault(&self, account: AccountId) -> StoreResult<Option<Numbered>> {
        self.single(|db| async move { accounts::sealed(&db, account, Sealed::Vault).await }).await
    }

    async fn put_vault(&self, account: AccountId, vault: Numbered) -> StoreResult<Swap> {
        let (vault, replaces) = (&vault, vault.number.saturating_sub(1));
        self.write(|db| async move { accounts::put_sealed(&db, account, vault, replaces, Sealed::Vault).await }).await
    }

    async fn account_state(&self, account: AccountId) -> StoreResult<Option<Numbered>> {
        self.single(|db| async move { accounts::sealed(&db, account, Sealed::AccountState).await }).await
    }

    async fn put_account_state(&self, account: AccountId, state: Numbered, replaces: u64) -> StoreResult<Swap> {
        let state = &state;
        self.write(|db| async move { accounts::put_sealed(&db, account, state, replaces, Sealed::AccountState).await })
            .await
    }
}

#[async_trait]
impl SecondFactors for PostgresStore {
    async fn second_factor(&self, account: AccountId) -> StoreResult<Option<SecondFactor>> {
        self.single(|db| async move { second_factors::find(&db, account).await }).await
    }

    async fn enable_second_factor(&self, new: NewSecondFactor) -> StoreResult<bool> {
        let new = &new;
        self.write(|db| async move { second_factors::enable(&db, new).await }).await
    }

    async fn use_second_factor_step(&self, account: AccountId, number: u64, step: u64) -> StoreResult<bool> {
        self.write(|db| async move { second_factors::use_step(&db, account, number, step).await }).await
    }

    async fn use_recovery_code(&self, account: AccountId, number: u64, hash: Bytes32) -> StoreResult<bool> {
        self.write(|db| async move { second_factors::use_code(&db, account, number, hash).await }).await
    }

    async fn replace_recovery_codes(&self, account: AccountId, number: u64, codes: Vec<Bytes32>) -> StoreResult<bool> {
        let codes = &codes;
        self.write(|db| async move { second_factors::replace_codes(&db, account, number, codes).await }).await
    }

    async fn disable_second_factor(&self, account: AccountId, number: u64) -> StoreResult<bool> {
        self.write(|db| async move { second_factors::disable(&db, account, number).await }).await
    }
}

#[async_trait]
impl Archives for PostgresStore {
    async fn archive(&self, account: AccountId) -> StoreResult<Option<ArchiveStanding>> {
        self.single(|db| async move { archives::standing(&db, account).await }).await
    }

    async fn archive_segments(&self, account: AccountId, after: u64, most: usize) -> StoreResult<Vec<KeptSegment>> {
        self.single(|db| async move { archives::segments(&db, account, after, most).await }).await
    }

    async fn archive_body(&self, account: AccountId, number: u64) -> StoreResult<Option<Bytes>> {
        self.single(|db| async move { archives::body(&db, account, number).await }).await
    }

    async fn change_archive(&self, change: ArchiveChange) -> StoreResult<ArchiveChanged> {
        let change = &change;
        self.write(|db| async move { archives::change(&db, change).await }).await
    }
}

#[async_trait]
impl Invitations for PostgresStore {
    async fn put_invitation(
        &self,
        act: Act,
        hash: Bytes32,
        info: InvitationInfo,
        most: usize,
    ) -> StoreResult<Acted<()>> {
        let (act, info) = (&act, &info);
        self.write(|db| async move { invitations::put(&db, act, hash, info, most).await }).await
    }

    async fn invitation_is_good(&self, hash: Bytes32, now_ms: u64) -> StoreResult<bool> {
        self.single(|db| async move { invitations::is_good(&db, hash, now_ms).await }).await
    }

    async fn invitations(&self, now_ms: u64) -> StoreResult<Vec<InvitationInfo>> {
        self.single(|db| async move { invitations::good(&db, now_ms).await }).await
    }

    async fn revoke_invitation(&self, act: Act, invitation: InvitationId) -> StoreResult<Acted<()>> {
        let act = &act;
        self.write(|db| async move { invitations::revoke(&db, act, invitation).await }).await
    }

    async fn create_invited_account(&self, account: NewAccount, hash: Bytes32) -> StoreResult<Creation> {
        let account = &account;
        self.write(|db| async move { invitations::create_invited_account(&db, account, hash).await }).await
    }
}

#[async_trait]
impl AdminVisits for PostgresStore {
    async fn put_visit_code(&self, admission: NewVisitCode) -> StoreResult<bool> {
        let admission = &admission;
        self.write(|db| async move { admin_visits::put(&db, admission).await }).await
    }

    async fn enter(
        &self,
        code: Bytes32,
        token: Bytes32,
        earliest_ms: u64,
        now_ms: u64,
    ) -> StoreResult<Option<AdminVisit>> {
        self.write(|db| async move { admin_visits::enter(&db, code, token, earliest_ms, now_ms).await }).await
    }

    async fn admin_visit(&self, token: Bytes32) -> StoreResult<Option<AdminVisit>> {
        self.single(|db| async move { admin_visits::find(&db, token).await }).await
    }

    async fn note_admin_visit(&self, token: Bytes32, now_ms: u64) -> StoreResult<()> {
        self.write(|db| async move { admin_visits::note(&db, token, now_ms).await }).await
    }

    async fn end_admin_visit(&self, token: Bytes32) -> StoreResult<bool> {
        self.write(|db| async move { admin_visits::end(&db, token).await }).await
    }
}

#[async_trait]
impl PushSubscriptions for PostgresStore {
    async fn put_push_subscription(&self, session: SessionId, subscription: PushSubscription) -> StoreResult<bool> {
        let subscription = &subscription;
        self.write(|db| async move { push_subscriptions::put(&db, session, subscription).await }).await
    }

    async fn remove_push_subscription(&self, session: SessionId) -> StoreResult<bool> {
        self.write(|db| async move { push_subscriptions::remove(&db, session).await }).await
    }

    async fn forget_push_subscription(&self, session: SessionId, endpoint: String) -> StoreResult<bool> {
        let endpoint = &endpoint;
        self.write(|db| async move { push_subscriptions::forget(&db, session, endpoint).await }).await
    }

    async fn note_away(&self, sessions: Vec<(SessionId, bool)>) -> StoreResult<()> {
        let sessions = &sessions;
        self.write(|db| async move { push_subscriptions::note_away(&db, sessions).await }).await
    }

    async fn note_all_away(&self) -> StoreResult<bool> {
        self.write(|db| async move { push_subscriptions::note_all_away(&db).await }).await
    }

    async fn has_push_subscriptions(&self) -> StoreResult<bool> {
        self.single(|db| async move { push_subscriptions::any(&db).await }).await
    }

    async fn take_push_due(&self, devices: Vec<Member>, now_ms: u64, earliest_ms: u64) -> StoreResult<Vec<PushDue>> {
        let devices = &devices;
        let take = |db| async move { push_subscriptions::take_due(&db, devices, now_ms, earliest_ms).await };
        self.write(take).await
    }

    async fn is_push_wanted(&self, session: SessionId, endpoint: String) -> StoreResult<bool> {
        let endpoint = &endpoint;
        self.single(|db| async move { push_subscriptions::is_wanted(&db, session, endpoint).await }).await
    }
}

#[async_trait]
impl TimeLocks for PostgresStore {
    async fn release(
        &self,
        asker: AccountId,
        conversation: ConversationId,
        author: AccountId,
        message: MessageId,
        now_ms: u64,
    ) -> StoreResult<Option<Release>> {
        let of = (conversation, author, message);
        match self.single(|db| async move { time_locks::look(&db, asker, of, now_ms).await }).await? {
            Looked::Answer(answer) => Ok(answer),
            Looked::Due => self.write(|db| async move { time_locks::release(&db, asker, of, now_ms).await }).await,
        }
    }

    async fn withdraw(
        &self,
        author: AccountId,
        conversation: ConversationId,
        message: MessageId,
        now_ms: u64,
    ) -> StoreResult<Withdrawal> {
        self.write(|db| async move { time_locks::withdraw(&db, author, conversation, message, now_ms).await }).await
    }

    async fn take_opened(&self, now_ms: u64, most: usize) -> StoreResult<Vec<Opened>> {
        self.write(|db| async move { time_locks::take_opened(&db, now_ms, most).await }).await
    }

    async fn end_time_locks(&self, now_ms: u64, most: usize) -> StoreResult<usize> {
        self.write(|db| async move { time_locks::end(&db, now_ms, most).await }).await
    }
}

#[async_trait]
impl Files for PostgresStore {
    async fn create_file(&self, new: NewFile) -> StoreResult<FileCreation> {
        let new = &new;
        self.write(|db| async move { files::create(&db, new).await }).await
    }

    async fn upload(&self, account: AccountId, file: BlobId) -> StoreResult<Option<Upload>> {
        self.single(|db| async move { files::upload(&db, account, file).await }).await
    }

    async fn advance_upload(&self, account: AccountId, file: BlobId, arrived: Arrived) -> StoreResult<Option<Upload>> {
        self.write(|db| async move { files::advance(&db, account, file, arrived).await }).await
    }

    async fn readable_file(&self, reader: AccountId, file: BlobId) -> StoreResult<Option<u64>> {
        self.single(|db| async move { files::readable(&db, reader, file).await }).await
    }

    async fn file_usage(&self, account: AccountId, counted: u64) -> StoreResult<u64> {
        self.single(|db| async move { files::usage(&db, account, counted).await }).await
    }

    async fn files_total(&self, counted: u64) -> StoreResult<u64> {
        self.single(|db| async move { files::total(&db, counted).await }).await
    }

    async fn let_go_of_file(
        &self,
        account: AccountId,
        file: BlobId,
        message: Option<(ConversationId, u64)>,
        now_ms: u64,
    ) -> StoreResult<bool> {
        self.write(|db| async move { files::let_go(&db, account, file, message, now_ms).await }).await
    }

    async fn end_files(&self, now_ms: u64, most: usize) -> StoreResult<usize> {
        self.write(|db| async move { files::end(&db, now_ms, most).await }).await
    }

    async fn files_to_remove(&self, marked_until_ms: u64, most: usize) -> StoreResult<Vec<BlobId>> {
        self.single(|db| async move { files::to_remove(&db, marked_until_ms, most).await }).await
    }

    async fn put_off_removal(&self, files: Vec<BlobId>, now_ms: u64) -> StoreResult<()> {
        let files = &files;
        self.write(|db| async move { self::files::mark_anew(&db, files, now_ms).await }).await
    }

    async fn forget_files(&self, files: Vec<BlobId>) -> StoreResult<()> {
        let files = &files;
        self.write(|db| async move { self::files::forget(&db, files).await }).await
    }
}

#[async_trait]
impl Sessions for PostgresStore {
    async fn begin_session(
        &self,
        session: Session,
        refresh_hash: Bytes32,
        password_number: u64,
    ) -> StoreResult<Beginning> {
        let session = &session;
        self.write(|db| async move { sessions::begin_session(&db, session, refresh_hash, password_number).await }).await
    }

    async fn session(&self, session: SessionId) -> StoreResult<Option<Session>> {
        self.single(|db| async move { sessions::session(&db, session).await }).await
    }

    async fn session_by_refresh(&self, refresh_hash: Bytes32) -> StoreResult<Option<Session>> {
        self.single(|db| async move { sessions::session_by_refresh(&db, refresh_hash).await }).await
    }

    async fn refresh_session(&self, presented: Bytes32, next: Bytes32, now_ms: u64) -> StoreResult<Refresh> {
        self.write(|db| async move { sessions::refresh_session(&db, presented, next, now_ms).await }).await
    }

    async fn sessions(&self, account: AccountId) -> StoreResult<Vec<Session>> {
        self.single(|db| async move { sessions::sessions(&db, account).await }).await
    }

    async fn end_session(&self, account: AccountId, session: SessionId) -> StoreResult<bool> {
        self.write(|db| async move { sessions::end_session(&db, account, session).await }).await
    }

    async fn end_idle_sessions(&self, idle_since_ms: u64, long_idle_since_ms: u64) -> StoreResult<Vec<SessionId>> {
        self.write(|db| async move { sessions::end_idle_sessions(&db, idle_since_ms, long_idle_since_ms).await }).await
    }
}

#[async_trait]
impl KeyPackages for PostgresStore {
    async fn put_key_packages(
        &self,
        owner: Member,
        one_time: Vec<Bytes>,
        last_resort: Option<Bytes>,
        replace: bool,
    ) -> StoreResult<Stocked> {
        let (one_time, last_resort) = (&one_time, last_resort.as_ref());
        self.write(|db| async move { key_packages::put(&db, owner, one_time, last_resort, replace).await }).await
    }

    async fn key_package_stock(&self, owner: Member) -> StoreResult<KeyPackageStock> {
        self.single(|db| async move { key_packages::stock(&db, owner).await }).await
    }

    async fn claim_key_packages(
        &self,
        account: AccountId,
        devices: Option<Vec<DeviceId>>,
        now_ms: u64,
    ) -> StoreResult<Option<ClaimedKeyPackages>> {
        let devices = devices.as_deref();
        self.write(|db| async move { key_packages::claim(&db, account, devices, now_ms).await }).await
    }
}

#[async_trait]
impl Conversations for PostgresStore {
    async fn create_conversation(&self, create: Create) -> StoreResult<Appended> {
        self.writers.submit(Submission::Create(Box::new(create))).await
    }

    async fn append(&self, append: Append) -> StoreResult<Appended> {
        self.writers.submit(Submission::Append(append)).await
    }

    async fn append_commit(&self, commit: AppendCommit) -> StoreResult<Appended> {
        self.writers.submit(Submission::Commit(Box::new(commit))).await
    }

    async fn recipients(&self, conversation: ConversationId) -> StoreResult<Recipients> {
        self.single(|db| async move { delivery::recipients(&db, conversation, None).await }).await
    }

    async fn recipients_of(&self, conversation: ConversationId, seq: u64) -> StoreResult<Recipients> {
        self.single(|db| async move { delivery::recipients(&db, conversation, Some(seq)).await }).await
    }

    async fn cursors(&self, device: Member) -> StoreResult<Vec<Cursor>> {
        self.single(|db| async move { delivery::cursors(&db, device).await }).await
    }

    async fn log_page(
        &self,
        device: Member,
        conversation: ConversationId,
        after: u64,
        most: usize,
        most_bytes: usize,
    ) -> StoreResult<LogPage> {
        let (franking, bounds) = (&*self.franking, (most, most_bytes));
        let page = |db| async move { delivery::log_page(&db, franking, device, conversation, after, bounds).await };
        self.single(page).await
    }

    async fn acknowledge(&self, device: Member, acks: Vec<(ConversationId, u64)>) -> StoreResult<()> {
        self.writers.acknowledge(device, acks).await
    }

    async fn welcomes(&self, device: Member, most: usize) -> StoreResult<Vec<WelcomeEntry>> {
        self.single(|db| async move { delivery::welcomes(&db, device, most).await }).await
    }

    async fn acknowledge_welcome(&self, device: Member, conversation: ConversationId, seq: u64) -> StoreResult<()> {
        self.write(|db| async move { delivery::acknowledge_welcome(&db, device, conversation, seq).await }).await
    }

    async fn highest_submission(&self, device: Member) -> StoreResult<u64> {
        self.single(|db| async move { delivery::highest_submission(&db, device).await }).await
    }

    async fn group_info(&self, asker: AccountId, conversation: ConversationId) -> StoreResult<Option<GroupInfo>> {
        self.single(|db| async move { delivery::group_info(&db, asker, conversation).await }).await
    }

    async fn conversations(&self, asker: Member) -> StoreResult<Vec<ConversationInfo>> {
        self.single(|db| async move { delivery::conversations(&db, asker).await }).await
    }

    async fn conversation(&self, asker: Member, conversation: ConversationId) -> StoreResult<Option<ConversationInfo>> {
        self.single(|db| async move { delivery::conversation(&db, asker, conversation).await }).await
    }

    async fn rooms(&self, most: usize) -> StoreResult<Vec<Room>> {
        self.single(|db| async move { delivery::rooms(&db, most).await }).await
    }

    async fn room(&self, name: &str) -> StoreResult<Option<Room>> {
        self.single(|db| async move { delivery::room(&db, name).await }).await
    }

    async fn expire(&self, before_ms: u64, keys_before_ms: u64, most: usize) -> StoreResult<usize> {
        let old = self.single(|db| async move { expiry::find(&db, before_ms, most).await }).await?;
        let mut dropped = 0;
        for id in old.conversations {
            let left = most - dropped;
            if left == 0 {
                break;
            }
            dropped += self.write(|db| async move { expiry::entries(&db, id, before_ms, left).await }).await?;
        }
        for (id, seq) in old.welcomes.into_iter().take(most - dropped) {
            self.write(|db| async move { expiry::welcome(&db, id, seq).await }).await?;
            dropped += 1;
        }
        let keys = self.single(|db| async move { expiry::keys(&db, keys_before_ms, most).await }).await?;
        Ok(dropped.max(keys))
    }
}

#[async_trait]
impl Contests for PostgresStore {
    async fn dissent(&self, device: Member, conversation: ConversationId, seq: u64) -> StoreResult<Dissenting> {
        self.write(|db| async move { contests::dissent(&db, device, conversation, seq).await }).await
    }

    async fn reseed_group_info(
        &self,
        device: Member,
        conversation: ConversationId,
        commit_counter: u64,
        group_info: Bytes,
    ) -> StoreResult<Reseeding> {
        let group_info = &*group_info;
        let reseed =
            |db| async move { group_infos::reseed(&db, device, conversation, commit_counter, group_info).await };
        self.write(reseed).await
    }

    async fn want_group_info(
        &self,
        device: Member,
        conversation: ConversationId,
        commit_counter: u64,
    ) -> StoreResult<Wanting> {
        self.write(|db| async move { group_infos::want(&db, device, conversation, commit_counter).await }).await
    }

    async fn group_info_wanted(
        &self,
        device: Member,
        conversation: ConversationId,
    ) -> StoreResult<Option<Option<u64>>> {
        self.single(|db| async move { group_infos::group_info_wanted(&db, device, conversation).await }).await
    }

    async fn group_infos_wanted(&self, device: Member, most: usize) -> StoreResult<Vec<(ConversationId, u64)>> {
        self.single(|db| async move { group_infos::group_infos_wanted(&db, device, most).await }).await
    }
}

#[async_trait]
impl Settings for PostgresStore {
    async fn incarnation(&self) -> StoreResult<IncarnationId> {
        self.single(|db| async move { lives::incarnation(&db).await }).await
    }

    async fn renew_incarnation(&self) -> StoreResult<IncarnationId> {
        let minted = IncarnationId::random(&mut OsRng);
        self.write(|db| async move { lives::begin(&db, minted).await }).await?;
        Ok(minted)
    }

    async fn restores_since(&self, asker: Member, known: IncarnationId) -> StoreResult<Restores> {
        self.single(|db| async move { lives::restores_since(&db, asker, known).await }).await
    }

    async fn check(&self) -> StoreResult<()> {
        if self.writers.are_stopped() {
            return Err(StoreError::Stopped);
        }
        // Written in earnest, so that one whose disk is full, or that is a copy to be read alone, is not called well.
        self.write(|db| async move { lives::touch(&db).await }).await
    }

    async fn close(&self) -> StoreResult<()> {
        self.writers.stop();
        let mut ended_well = true;
        let last_moment = Instant::now() + CLOSING;
        let mut is_late = false;
        for mut task in self.take_tasks() {
            match tokio::time::timeout_at(last_moment, &mut task).await {
                Ok(ended) => ended_well &= ended.is_ok(),
                Err(_) => {
                    is_late = true;
                    task.abort();
                }
            }
        }
        self.pools.close();
        if is_late {
            return Err(StoreError::Unavailable("it did not do in time what was waiting".into()));
        }
        if ended_well { Ok(()) } else { Err(StoreError::Other("a writer ended by a bug".into())) }
    }
}
