//! The store's traits, each method handed to the writer or to a reader.

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

use super::accounts::{self, Sealed};
use super::published::Seats;
use super::queue::Urgency;
use super::{
    SqliteStore, admin_visits, archives, delivery, expiry, files, group_infos, invitations, key_packages, lives, lock,
    push_subscriptions, second_factors, sessions, time_locks,
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

#[async_trait]
impl Accounts for SqliteStore {
    async fn create_account(&self, account: NewAccount) -> StoreResult<Creation> {
        self.write(move |writer| writer.create_account(&account)).await
    }

    async fn name_state(&self, username: &str, skeleton: &str) -> StoreResult<Creation> {
        let (username, skeleton) = (username.to_owned(), skeleton.to_owned());
        self.read(move |db| accounts::name_state(db, &username, &skeleton)).await
    }

    async fn super_administrator_exists(&self) -> StoreResult<bool> {
        self.read(accounts::super_administrator_exists).await
    }

    async fn account_by_name(&self, username: &str) -> StoreResult<Option<Account>> {
        let username = username.to_owned();
        self.read(move |db| accounts::account_by_name(db, &username)).await
    }

    async fn account(&self, account: AccountId) -> StoreResult<Option<Account>> {
        self.read(move |db| accounts::account(db, account)).await
    }

    async fn password_record(&self, username: &str) -> StoreResult<Option<PasswordRecord>> {
        let username = username.to_owned();
        self.read(move |db| accounts::password_record(db, &username)).await
    }

    async fn change_password(&self, new: NewPassword) -> StoreResult<PasswordChange> {
        self.write(move |writer| writer.change_password(&new)).await
    }

    async fn change_recovery_key(&self, new: NewRecoveryKey) -> StoreResult<RecoveryKeyChange> {
        self.write(move |writer| writer.change_recovery_key(&new)).await
    }

    async fn renew_identity(&self, new: NewIdentity) -> StoreResult<IdentityRenewal> {
        self.write(move |writer| writer.renew_identity(&new)).await
    }

    async fn device_lists(&self, account: AccountId, after: u64, most: usize) -> StoreResult<Vec<SignedDeviceList>> {
        self.read(move |db| accounts::device_lists(db, account, after, most)).await
    }

    async fn put_device_list(
        &self,
        account: AccountId,
        number: u64,
        list: SignedDeviceList,
        devices: Vec<DeviceId>,
    ) -> StoreResult<Swap> {
        self.write(move |writer| writer.put_device_list(account, number, &list, &devices)).await
    }

    async fn vault(&self, account: AccountId) -> StoreResult<Option<Numbered>> {
        self.read(move |db| accounts::sealed(db, account, Sealed::Vault)).await
    }

    async fn put_vault(&self, account: AccountId, vault: Numbered) -> StoreResult<Swap> {
        let replaces = vault.number.saturating_sub(1);
        self.write(move |writer| writer.put_sealed(account, &vault, replaces, Sealed::Vault)).await
    }

    async fn account_state(&self, account: AccountId) -> StoreResult<Option<Numbered>> {
        self.read(move |db| accounts::sealed(db, account, Sealed::AccountState)).await
    }

    async fn put_account_state(&self, account: AccountId, state: Numbered, replaces: u64) -> StoreResult<Swap> {
        let bytes = state.sealed.len();
        self.write_sized(bytes, Urgency::AtOnce, move |writer| {
            writer.put_sealed(account, &state, replaces, Sealed::AccountState)
        })
        .await
    }
}

#[async_trait]
impl SecondFactors for SqliteStore {
    async fn second_factor(&self, account: AccountId) -> StoreResult<Option<SecondFactor>> {
        self.read(move |db| second_factors::find(db, account)).await
    }

    async fn enable_second_factor(&self, new: NewSecondFactor) -> StoreResult<bool> {
        self.write(move |writer| writer.enable_second_factor(&new)).await
    }

    async fn use_second_factor_step(&self, account: AccountId, number: u64, step: u64) -> StoreResult<bool> {
        self.write(move |writer| writer.use_second_factor_step(account, number, step)).await
    }

    async fn use_recovery_code(&self, account: AccountId, number: u64, hash: Bytes32) -> StoreResult<bool> {
        self.write(move |writer| writer.use_recovery_code(account, number, hash)).await
    }

    async fn replace_recovery_codes(&self, account: AccountId, number: u64, codes: Vec<Bytes32>) -> StoreResult<bool> {
        self.write(move |writer| writer.replace_recovery_codes(account, number, &codes)).await
    }

    async fn disable_second_factor(&self, account: AccountId, number: u64) -> StoreResult<bool> {
        self.write(move |writer| writer.disable_second_factor(account, number)).await
    }
}

#[async_trait]
impl Archives for SqliteStore {
    async fn archive(&self, account: AccountId) -> StoreResult<Option<ArchiveStanding>> {
        self.read(move |db| archives::standing(db, account)).await
    }

    async fn archive_segments(&self, account: AccountId, after: u64, most: usize) -> StoreResult<Vec<KeptSegment>> {
        self.read(move |db| archives::segments(db, account, after, most)).await
    }

    async fn archive_body(&self, account: AccountId, number: u64) -> StoreResult<Option<Bytes>> {
        self.read(move |db| archives::body(db, account, number)).await
    }

    async fn change_archive(&self, change: ArchiveChange) -> StoreResult<ArchiveChanged> {
        let bytes = change.segment.as_ref().map_or(0, |segment| segment.outline.len() + segment.body.len());
        self.write_sized(bytes, Urgency::AtOnce, move |writer| writer.change_archive(&change)).await
    }
}

#[async_trait]
impl Invitations for SqliteStore {
    async fn put_invitation(
        &self,
        act: Act,
        hash: Bytes32,
        info: InvitationInfo,
        most: usize,
    ) -> StoreResult<Acted<()>> {
        self.write(move |writer| writer.put_invitation(&act, hash, &info, most)).await
    }

    async fn invitation_is_good(&self, hash: Bytes32, now_ms: u64) -> StoreResult<bool> {
        self.read(move |db| invitations::is_good(db, hash, now_ms)).await
    }

    async fn invitations(&self, now_ms: u64) -> StoreResult<Vec<InvitationInfo>> {
        self.read(move |db| invitations::good(db, now_ms)).await
    }

    async fn revoke_invitation(&self, act: Act, invitation: InvitationId) -> StoreResult<Acted<()>> {
        self.write(move |writer| writer.revoke_invitation(&act, invitation)).await
    }

    async fn create_invited_account(&self, account: NewAccount, hash: Bytes32) -> StoreResult<Creation> {
        self.write(move |writer| writer.create_invited_account(&account, hash)).await
    }
}

#[async_trait]
impl AdminVisits for SqliteStore {
    async fn put_visit_code(&self, admission: NewVisitCode) -> StoreResult<bool> {
        self.write(move |writer| writer.put_visit_code(&admission)).await
    }

    async fn enter(
        &self,
        code: Bytes32,
        token: Bytes32,
        earliest_ms: u64,
        now_ms: u64,
    ) -> StoreResult<Option<AdminVisit>> {
        self.write(move |writer| writer.enter(code, token, earliest_ms, now_ms)).await
    }

    async fn admin_visit(&self, token: Bytes32) -> StoreResult<Option<AdminVisit>> {
        self.read(move |db| admin_visits::find(db, token)).await
    }

    async fn note_admin_visit(&self, token: Bytes32, now_ms: u64) -> StoreResult<()> {
        self.write(move |writer| writer.note_admin_visit(token, now_ms)).await
    }

    async fn end_admin_visit(&self, token: Bytes32) -> StoreResult<bool> {
        self.write(move |writer| writer.end_admin_visit(token)).await
    }
}

#[async_trait]
impl PushSubscriptions for SqliteStore {
    async fn put_push_subscription(&self, session: SessionId, subscription: PushSubscription) -> StoreResult<bool> {
        self.write(move |writer| writer.put_push_subscription(session, &subscription)).await
    }

    async fn remove_push_subscription(&self, session: SessionId) -> StoreResult<bool> {
        self.write(move |writer| writer.remove_push_subscription(session)).await
    }

    async fn forget_push_subscription(&self, session: SessionId, endpoint: String) -> StoreResult<bool> {
        self.write(move |writer| writer.forget_push_subscription(session, &endpoint)).await
    }

    async fn note_away(&self, sessions: Vec<(SessionId, bool)>) -> StoreResult<()> {
        self.write(move |writer| writer.note_away(&sessions)).await
    }

    async fn note_all_away(&self) -> StoreResult<bool> {
        self.write(|writer| writer.note_all_away()).await
    }

    async fn has_push_subscriptions(&self) -> StoreResult<bool> {
        self.read(push_subscriptions::any).await
    }

    async fn take_push_due(&self, devices: Vec<Member>, now_ms: u64, earliest_ms: u64) -> StoreResult<Vec<PushDue>> {
        let found = self.read(move |db| push_subscriptions::due(db, &devices, earliest_ms)).await?;
        if found.is_empty() {
            return Ok(Vec::new());
        }
        self.write(move |writer| writer.take_push_due(&found, now_ms, earliest_ms)).await
    }

    async fn is_push_wanted(&self, session: SessionId, endpoint: String) -> StoreResult<bool> {
        self.read(move |db| push_subscriptions::is_wanted(db, session, &endpoint)).await
    }
}

#[async_trait]
impl Files for SqliteStore {
    async fn create_file(&self, new: NewFile) -> StoreResult<FileCreation> {
        self.write(move |writer| writer.create_file(&new)).await
    }

    async fn upload(&self, account: AccountId, file: BlobId) -> StoreResult<Option<Upload>> {
        self.read(move |db| files::upload(db, account, file)).await
    }

    async fn advance_upload(&self, account: AccountId, file: BlobId, arrived: Arrived) -> StoreResult<Option<Upload>> {
        self.write(move |writer| writer.advance_upload(account, file, arrived)).await
    }

    async fn readable_file(&self, reader: AccountId, file: BlobId) -> StoreResult<Option<u64>> {
        self.read(move |db| files::readable(db, reader, file)).await
    }

    async fn file_usage(&self, account: AccountId, counted: u64) -> StoreResult<u64> {
        self.read(move |db| files::usage(db, account, counted)).await
    }

    async fn files_total(&self, counted: u64) -> StoreResult<u64> {
        self.read(move |db| files::total(db, counted)).await
    }

    async fn let_go_of_file(
        &self,
        account: AccountId,
        file: BlobId,
        message: Option<(ConversationId, u64)>,
        now_ms: u64,
    ) -> StoreResult<bool> {
        self.write(move |writer| writer.let_go_of_file(account, file, message, now_ms)).await
    }

    async fn end_files(&self, now_ms: u64, most: usize) -> StoreResult<usize> {
        self.write(move |writer| writer.end_files(now_ms, most)).await
    }

    async fn files_to_remove(&self, marked_until_ms: u64, most: usize) -> StoreResult<Vec<BlobId>> {
        self.read(move |db| files::to_remove(db, marked_until_ms, most)).await
    }

    async fn put_off_removal(&self, files: Vec<BlobId>, now_ms: u64) -> StoreResult<()> {
        self.write(move |writer| writer.mark_anew(&files, now_ms)).await
    }

    async fn forget_files(&self, files: Vec<BlobId>) -> StoreResult<()> {
        self.write(move |writer| writer.forget_files(&files)).await
    }
}

#[async_trait]
impl TimeLocks for SqliteStore {
    async fn release(
        &self,
        asker: AccountId,
        conversation: ConversationId,
        author: AccountId,
        message: MessageId,
        now_ms: u64,
    ) -> StoreResult<Option<Release>> {
        let of = (conversation, author, message);
        match self.read(move |db| time_locks::look(db, asker, of, now_ms)).await? {
            Looked::Answer(answer) => Ok(answer),
            Looked::Due => self.write(move |writer| writer.release(asker, of, now_ms)).await,
        }
    }

    async fn withdraw(
        &self,
        author: AccountId,
        conversation: ConversationId,
        message: MessageId,
        now_ms: u64,
    ) -> StoreResult<Withdrawal> {
        self.write(move |writer| writer.withdraw(author, conversation, message, now_ms)).await
    }

    async fn take_opened(&self, now_ms: u64, most: usize) -> StoreResult<Vec<Opened>> {
        self.write(move |writer| writer.take_opened(now_ms, most)).await
    }

    async fn end_time_locks(&self, now_ms: u64, most: usize) -> StoreResult<usize> {
        self.write(move |writer| writer.end_time_locks(now_ms, most)).await
    }
}

#[async_trait]
impl Sessions for SqliteStore {
    async fn begin_session(
        &self,
        session: Session,
        refresh_hash: Bytes32,
        password_number: u64,
    ) -> StoreResult<Beginning> {
        self.write(move |writer| writer.begin_session(&session, refresh_hash, password_number)).await
    }

    async fn session(&self, session: SessionId) -> StoreResult<Option<Session>> {
        self.read(move |db| sessions::session(db, session)).await
    }

    async fn session_by_refresh(&self, refresh_hash: Bytes32) -> StoreResult<Option<Session>> {
        self.read(move |db| sessions::session_by_refresh(db, refresh_hash)).await
    }

    async fn refresh_session(&self, presented: Bytes32, next: Bytes32, now_ms: u64) -> StoreResult<Refresh> {
        self.write(move |writer| writer.refresh_session(presented, next, now_ms)).await
    }

    async fn sessions(&self, account: AccountId) -> StoreResult<Vec<Session>> {
        self.read(move |db| sessions::sessions(db, account)).await
    }

    async fn end_session(&self, account: AccountId, session: SessionId) -> StoreResult<bool> {
        self.write(move |writer| writer.end_session(account, session)).await
    }

    async fn end_idle_sessions(&self, idle_since_ms: u64, long_idle_since_ms: u64) -> StoreResult<Vec<SessionId>> {
        self.write(move |writer| writer.end_idle_sessions(idle_since_ms, long_idle_since_ms)).await
    }
}

#[async_trait]
impl KeyPackages for SqliteStore {
    async fn put_key_packages(
        &self,
        owner: Member,
        one_time: Vec<Bytes>,
        last_resort: Option<Bytes>,
        replace: bool,
    ) -> StoreResult<Stocked> {
        let bytes = one_time.iter().map(|package| package.len()).sum();
        self.write_sized(bytes, Urgency::AtOnce, move |writer| {
            writer.put_key_packages(owner, &one_time, last_resort.as_ref(), replace)
        })
        .await
    }

    async fn key_package_stock(&self, owner: Member) -> StoreResult<KeyPackageStock> {
        self.read(move |db| key_packages::stock(db, owner)).await
    }

    async fn claim_key_packages(
        &self,
        account: AccountId,
        devices: Option<Vec<DeviceId>>,
        now_ms: u64,
    ) -> StoreResult<Option<ClaimedKeyPackages>> {
        self.write(move |writer| writer.claim_key_packages(account, devices.as_deref(), now_ms)).await
    }
}

#[async_trait]
impl Conversations for SqliteStore {
    async fn create_conversation(&self, create: Create) -> StoreResult<Appended> {
        let first = create.first_commit.as_ref().map_or(0, commit_bytes);
        let (submission, bytes) = ((create.creator, create.submission), create.group_info.len() + first);
        self.submit(submission, bytes, move |writer| writer.create_conversation(&create)).await
    }

    async fn append(&self, append: Append) -> StoreResult<Appended> {
        let (submission, bytes) = ((append.author, append.submission), append.payload.len());
        self.submit(submission, bytes, move |writer| writer.append(&append)).await
    }

    async fn append_commit(&self, commit: AppendCommit) -> StoreResult<Appended> {
        let (submission, bytes) = ((commit.author, commit.submission), commit_bytes(&commit));
        self.submit(submission, bytes, move |writer| writer.append_commit(&commit)).await
    }

    async fn recipients(&self, conversation: ConversationId) -> StoreResult<Recipients> {
        let seats = self.seats(conversation).await?;
        Ok(seats.at(seats.head))
    }

    async fn recipients_of(&self, conversation: ConversationId, seq: u64) -> StoreResult<Recipients> {
        Ok(self.seats(conversation).await?.at(seq))
    }

    async fn cursors(&self, device: Member) -> StoreResult<Vec<Cursor>> {
        self.read(move |db| delivery::cursors(db, device)).await
    }

    async fn log_page(
        &self,
        device: Member,
        conversation: ConversationId,
        after: u64,
        most: usize,
        most_bytes: usize,
    ) -> StoreResult<LogPage> {
        self.read(move |db| delivery::log_page(db, device, conversation, after, most, most_bytes)).await
    }

    async fn acknowledge(&self, device: Member, acks: Vec<(ConversationId, u64)>) -> StoreResult<()> {
        self.write_sized(0, Urgency::Lingers, move |writer| writer.acknowledge(device, &acks)).await
    }

    async fn welcomes(&self, device: Member, most: usize) -> StoreResult<Vec<WelcomeEntry>> {
        self.read(move |db| delivery::welcomes(db, device, most)).await
    }

    async fn acknowledge_welcome(&self, device: Member, conversation: ConversationId, seq: u64) -> StoreResult<()> {
        self.write(move |writer| writer.acknowledge_welcome(device, conversation, seq)).await
    }

    async fn highest_submission(&self, device: Member) -> StoreResult<u64> {
        self.read(move |db| delivery::highest_submission(db, device)).await
    }

    async fn group_info(&self, asker: AccountId, conversation: ConversationId) -> StoreResult<Option<GroupInfo>> {
        self.read(move |db| delivery::group_info(db, asker, conversation)).await
    }

    async fn conversations(&self, asker: Member) -> StoreResult<Vec<ConversationInfo>> {
        self.read(move |db| delivery::conversations(db, asker)).await
    }

    async fn conversation(&self, asker: Member, conversation: ConversationId) -> StoreResult<Option<ConversationInfo>> {
        self.read(move |db| delivery::conversation(db, asker, conversation)).await
    }

    async fn rooms(&self, most: usize) -> StoreResult<Vec<Room>> {
        self.read(move |db| delivery::rooms(db, most)).await
    }

    async fn room(&self, name: &str) -> StoreResult<Option<Room>> {
        let name = name.to_owned();
        self.read(move |db| delivery::room(db, &name)).await
    }

    async fn expire(&self, before_ms: u64, keys_before_ms: u64, most: usize) -> StoreResult<usize> {
        let old = self.read(move |db| expiry::find_old(db, before_ms, most)).await?;
        self.write(move |writer| writer.expire(&old, before_ms, keys_before_ms, most)).await
    }
}

#[async_trait]
impl Contests for SqliteStore {
    async fn dissent(&self, device: Member, conversation: ConversationId, seq: u64) -> StoreResult<Dissenting> {
        self.write(move |writer| writer.dissent(device, conversation, seq)).await
    }

    async fn reseed_group_info(
        &self,
        device: Member,
        conversation: ConversationId,
        commit_counter: u64,
        group_info: Bytes,
    ) -> StoreResult<Reseeding> {
        self.write_sized(group_info.len(), Urgency::AtOnce, move |writer| {
            writer.reseed_group_info(device, conversation, commit_counter, &group_info)
        })
        .await
    }

    async fn want_group_info(
        &self,
        device: Member,
        conversation: ConversationId,
        commit_counter: u64,
    ) -> StoreResult<Wanting> {
        self.write(move |writer| writer.want_group_info(device, conversation, commit_counter)).await
    }

    async fn group_info_wanted(
        &self,
        device: Member,
        conversation: ConversationId,
    ) -> StoreResult<Option<Option<u64>>> {
        self.read(move |db| group_infos::group_info_wanted(db, device, conversation)).await
    }

    async fn group_infos_wanted(&self, device: Member, most: usize) -> StoreResult<Vec<(ConversationId, u64)>> {
        self.read(move |db| group_infos::group_infos_wanted(db, device, most)).await
    }
}

#[async_trait]
impl Settings for SqliteStore {
    async fn incarnation(&self) -> StoreResult<IncarnationId> {
        self.read(lives::incarnation).await
    }

    async fn renew_incarnation(&self) -> StoreResult<IncarnationId> {
        let minted = IncarnationId::random(&mut OsRng);
        self.write(move |writer| {
            writer.begin_life(minted)?;
            Ok(minted)
        })
        .await
    }

    async fn restores_since(&self, asker: Member, known: IncarnationId) -> StoreResult<Restores> {
        self.read(move |db| lives::restores_since(db, asker, known)).await
    }

    async fn check(&self) -> StoreResult<()> {
        if self.is_stopped() {
            return Err(StoreError::Stopped);
        }
        self.incarnation().await?;
        if self.is_faulty() {
            // Tried in earnest, so that a store which could not write is well again as soon as it can.
            self.write(|writer| {
                writer.db.execute("UPDATE settings SET stamps_used = stamps_used", [])?;
                Ok(())
            })
            .await?;
        }
        Ok(())
    }

    async fn close(&self) -> StoreResult<()> {
        // Readers first: the write-ahead log can be moved into the database when nobody reads it.
        self.readers.close().await;
        if let Some(thread) = self.stop() {
            let joined = tokio::task::spawn_blocking(move || thread.join().is_ok()).await;
            if !joined.unwrap_or(false) {
                return Err(StoreError::Other(format!("the writer of {} ended by a bug", self.path.display())));
            }
        }
        lock(&self.lock).take();
        Ok(())
    }
}

impl SqliteStore {
    async fn seats(&self, conversation: ConversationId) -> StoreResult<Seats> {
        match self.published.seats(conversation) {
            Ok(seats) => Ok(seats),
            Err(read_at) => {
                let seats = self.read(move |db| delivery::seats(db, conversation)).await?;
                self.published.keep(conversation, &seats, read_at);
                Ok(seats)
            }
        }
    }
}

fn commit_bytes(commit: &AppendCommit) -> usize {
    let welcome = commit.welcome.as_ref().map_or(0, |welcome| welcome.len());
    commit.commit.len() + commit.group_info.len() + welcome
}
