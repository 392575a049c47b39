//! The store's traits of those who look after the server, each method handed to the writer or to a reader.

use async_trait::async_trait;
use huis_proto::rest::{AdministeredAccount, AuditEntry, BanInfo, ServerRole};
use huis_proto::{AccountId, BanId};

use super::{SqliteStore, administration, audit, bans};
use crate::{
    AccountsWanted, Act, Acted, Administration, AuditLog, BanPut, Bans, Bar, Ended, NewBan, NewSuspension, Noted,
    StoreResult,
};

#[async_trait]
impl Administration for SqliteStore {
    async fn accounts_page(&self, wanted: AccountsWanted) -> StoreResult<Vec<AdministeredAccount>> {
        self.read(move |db| administration::page(db, &wanted)).await
    }

    async fn administered_account(&self, username: &str, now_ms: u64) -> StoreResult<Option<AdministeredAccount>> {
        let username = username.to_owned();
        self.read(move |db| administration::one(db, &username, now_ms)).await
    }

    async fn bar_of(&self, account: AccountId, now_ms: u64) -> StoreResult<Option<Bar>> {
        self.read(move |db| administration::bar(db, account, now_ms)).await
    }

    async fn end_sessions_of(&self, act: Act, username: &str) -> StoreResult<Acted<Ended>> {
        let username = username.to_owned();
        self.write(move |writer| writer.end_sessions_of(&act, &username)).await
    }

    async fn suspend(&self, act: Act, username: &str, new: NewSuspension) -> StoreResult<Acted<Ended>> {
        let username = username.to_owned();
        self.write(move |writer| writer.suspend(&act, &username, &new)).await
    }

    async fn lift_suspension(&self, act: Act, username: &str) -> StoreResult<Acted<()>> {
        let username = username.to_owned();
        self.write(move |writer| writer.lift_suspension(&act, &username)).await
    }

    async fn set_role(&self, act: Act, username: &str, role: ServerRole) -> StoreResult<Acted<()>> {
        let username = username.to_owned();
        self.write(move |writer| writer.set_role(&act, &username, role)).await
    }

    async fn delete_account(&self, act: Act, username: &str) -> StoreResult<Acted<Ended>> {
        let username = username.to_owned();
        self.write(move |writer| writer.delete_account(&act, &username)).await
    }
}

#[async_trait]
impl Bans for SqliteStore {
    async fn bans(&self, now_ms: u64) -> StoreResult<Vec<BanInfo>> {
        self.read(move |db| bans::all(db, now_ms)).await
    }

    async fn bar_of_name(&self, skeleton: &str, now_ms: u64) -> StoreResult<Option<Bar>> {
        let skeleton = skeleton.to_owned();
        self.read(move |db| bans::of_name(db, &skeleton, now_ms)).await
    }

    async fn put_ban(&self, act: Act, new: NewBan, most: usize) -> StoreResult<Acted<BanPut>> {
        self.write(move |writer| writer.put_ban(&act, &new, most)).await
    }

    async fn lift_ban(&self, act: Act, ban: BanId) -> StoreResult<Acted<BanInfo>> {
        self.write(move |writer| writer.lift_ban(&act, ban)).await
    }
}

#[async_trait]
impl AuditLog for SqliteStore {
    async fn note(&self, act: Act, noted: Noted) -> StoreResult<Acted<()>> {
        self.write(move |writer| writer.note(&act, &noted)).await
    }

    async fn audit_page(&self, after: u64, most: usize) -> StoreResult<Vec<AuditEntry>> {
        self.read(move |db| audit::page(db, after, most)).await
    }
}
