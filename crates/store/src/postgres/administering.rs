//! The store's traits of those who look after the server: which statement or transaction each method is.

use async_trait::async_trait;
use huis_proto::rest::{AdministeredAccount, AuditEntry, BanInfo, OwnReport, ReportDetails, ReportInfo, ServerRole};
use huis_proto::{AccountId, BanId, ReportId};

use super::{PostgresStore, administration, audit, bans, overrides, reports};
use crate::{
    AccountsWanted, Act, Acted, Administration, AuditLog, BanPut, Bans, Bar, Ended, NewBan, NewClosing, NewOverride,
    NewReport, NewSuspension, Noted, Override, Overrides, ReportPut, Reports, ReportsWanted, StoreResult,
};

#[async_trait]
impl Administration for PostgresStore {
    async fn accounts_page(&self, wanted: AccountsWanted) -> StoreResult<Vec<AdministeredAccount>> {
        let wanted = &wanted;
        self.single(|db| async move { administration::page(&db, wanted).await }).await
    }

    async fn administered_account(&self, username: &str, now_ms: u64) -> StoreResult<Option<AdministeredAccount>> {
        self.single(|db| async move { administration::one(&db, username, now_ms).await }).await
    }

    async fn bar_of(&self, account: AccountId, now_ms: u64) -> StoreResult<Option<Bar>> {
        self.single(|db| async move { administration::bar(&db, account, now_ms).await }).await
    }

    async fn end_sessions_of(&self, act: Act, username: &str) -> StoreResult<Acted<Ended>> {
        let act = &act;
        self.write(|db| async move { administration::end_sessions_of(&db, act, username).await }).await
    }

    async fn suspend(&self, act: Act, username: &str, new: NewSuspension) -> StoreResult<Acted<Ended>> {
        let (act, new) = (&act, &new);
        self.write(|db| async move { administration::suspend(&db, act, username, new).await }).await
    }

    async fn lift_suspension(&self, act: Act, username: &str) -> StoreResult<Acted<()>> {
        let act = &act;
        self.write(|db| async move { administration::lift_suspension(&db, act, username).await }).await
    }

    async fn set_role(&self, act: Act, username: &str, role: ServerRole) -> StoreResult<Acted<()>> {
        let act = &act;
        self.write(|db| async move { administration::set_role(&db, act, username, role).await }).await
    }

    async fn delete_account(&self, act: Act, username: &str) -> StoreResult<Acted<Ended>> {
        let act = &act;
        self.write(|db| async move { administration::delete_account(&db, act, username).await }).await
    }
}

#[async_trait]
impl Bans for PostgresStore {
    async fn bans(&self, now_ms: u64) -> StoreResult<Vec<BanInfo>> {
        self.single(|db| async move { bans::all(&db, now_ms).await }).await
    }

    async fn bar_of_name(&self, skeleton: &str, now_ms: u64) -> StoreResult<Option<Bar>> {
        self.single(|db| async move { bans::of_name(&db, skeleton, now_ms).await }).await
    }

    async fn put_ban(&self, act: Act, new: NewBan, most: usize) -> StoreResult<Acted<BanPut>> {
        let (act, new) = (&act, &new);
        self.write(|db| async move { bans::put(&db, act, new, most).await }).await
    }

    async fn lift_ban(&self, act: Act, ban: BanId) -> StoreResult<Acted<BanInfo>> {
        let act = &act;
        self.write(|db| async move { bans::lift(&db, act, ban).await }).await
    }
}

#[async_trait]
impl Reports for PostgresStore {
    async fn put_report(&self, new: NewReport, most: usize) -> StoreResult<ReportPut> {
        let new = &new;
        self.write(|db| async move { reports::put(&db, new, most).await }).await
    }

    async fn own_reports(&self, reporter: AccountId) -> StoreResult<Vec<OwnReport>> {
        self.single(|db| async move { reports::own(&db, reporter).await }).await
    }

    async fn reports_page(&self, wanted: ReportsWanted) -> StoreResult<Vec<ReportInfo>> {
        let wanted = &wanted;
        self.single(|db| async move { reports::page(&db, wanted).await }).await
    }

    async fn read_report(&self, act: Act, report: ReportId) -> StoreResult<Acted<ReportDetails>> {
        let act = &act;
        self.write(|db| async move { reports::read(&db, act, report).await }).await
    }

    async fn take_report(&self, act: Act, report: ReportId) -> StoreResult<Acted<ReportInfo>> {
        let act = &act;
        self.write(|db| async move { reports::take(&db, act, report).await }).await
    }

    async fn close_report(&self, act: Act, report: ReportId, closing: NewClosing) -> StoreResult<Acted<ReportInfo>> {
        let (act, closing) = (&act, &closing);
        self.write(|db| async move { reports::close(&db, act, report, closing).await }).await
    }

    async fn end_reports(&self, closed_until_ms: u64, most: usize) -> StoreResult<usize> {
        self.write(|db| async move { reports::end(&db, closed_until_ms, most).await }).await
    }
}

#[async_trait]
impl AuditLog for PostgresStore {
    async fn note(&self, act: Act, noted: Noted) -> StoreResult<Acted<()>> {
        let (act, noted) = (&act, &noted);
        self.write(|db| async move { audit::note(&db, act, noted).await }).await
    }

    async fn audit_page(&self, after: u64, most: usize) -> StoreResult<Vec<AuditEntry>> {
        self.single(|db| async move { audit::page(&db, after, most).await }).await
    }

    async fn newest_audit(&self, before: Option<u64>, most: usize) -> StoreResult<Vec<AuditEntry>> {
        self.single(|db| async move { audit::newest(&db, before, most).await }).await
    }
}

#[async_trait]
impl Overrides for PostgresStore {
    async fn overrides(&self) -> StoreResult<Vec<Override>> {
        self.single(|db| async move { overrides::all(&db).await }).await
    }

    async fn put_override(&self, act: Act, new: NewOverride) -> StoreResult<Acted<()>> {
        let (act, new) = (&act, &new);
        self.write(|db| async move { overrides::put(&db, act, new).await }).await
    }

    async fn drop_override(&self, act: Act, name: &str, configured: &str) -> StoreResult<Acted<()>> {
        let act = &act;
        self.write(|db| async move { overrides::dropped(&db, act, name, configured).await }).await
    }
}
