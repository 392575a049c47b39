//! The store's traits of those who look after the server, each method handed to the writer or to a reader.

use async_trait::async_trait;
use huis_proto::rest::{AdministeredAccount, AuditEntry, BanInfo, OwnReport, ReportDetails, ReportInfo, ServerRole};
use huis_proto::{AccountId, BanId, ReportId};

use super::queue::Urgency;
use super::{SqliteStore, administration, audit, bans, overrides, reports};
use crate::{
    AccountsWanted, Act, Acted, Administration, AuditLog, BanPut, Bans, Bar, Ended, NewBan, NewClosing, NewOverride,
    NewReport, NewSuspension, Noted, Override, Overrides, ReportPut, Reports, ReportsWanted, StoreResult,
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
impl Reports for SqliteStore {
    async fn put_report(&self, new: NewReport, most: usize) -> StoreResult<ReportPut> {
        let bytes = new.revealed.as_ref().map_or(0, |revealed| revealed.content.len());
        self.write_sized(bytes, Urgency::AtOnce, move |writer| writer.put_report(&new, most)).await
    }

    async fn own_reports(&self, reporter: AccountId) -> StoreResult<Vec<OwnReport>> {
        self.read(move |db| reports::own(db, reporter)).await
    }

    async fn reports_page(&self, wanted: ReportsWanted) -> StoreResult<Vec<ReportInfo>> {
        self.read(move |db| reports::page(db, &wanted)).await
    }

    async fn read_report(&self, act: Act, report: ReportId) -> StoreResult<Acted<ReportDetails>> {
        self.write(move |writer| writer.read_report(&act, report)).await
    }

    async fn take_report(&self, act: Act, report: ReportId) -> StoreResult<Acted<ReportInfo>> {
        self.write(move |writer| writer.take_report(&act, report)).await
    }

    async fn close_report(&self, act: Act, report: ReportId, closing: NewClosing) -> StoreResult<Acted<ReportInfo>> {
        self.write(move |writer| writer.close_report(&act, report, &closing)).await
    }

    async fn end_reports(&self, closed_until_ms: u64, most: usize) -> StoreResult<usize> {
        self.write(move |writer| writer.end_reports(closed_until_ms, most)).await
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

    async fn newest_audit(&self, before: Option<u64>, most: usize) -> StoreResult<Vec<AuditEntry>> {
        self.read(move |db| audit::newest(db, before, most)).await
    }
}

#[async_trait]
impl Overrides for SqliteStore {
    async fn overrides(&self) -> StoreResult<Vec<Override>> {
        self.read(overrides::all).await
    }

    async fn put_override(&self, act: Act, new: NewOverride) -> StoreResult<Acted<()>> {
        self.write(move |writer| writer.put_override(&act, &new)).await
    }

    async fn drop_override(&self, act: Act, name: &str, configured: &str) -> StoreResult<Acted<()>> {
        let (name, configured) = (name.to_owned(), configured.to_owned());
        self.write(move |writer| writer.drop_override(&act, &name, &configured)).await
    }
}
