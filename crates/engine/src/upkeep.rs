//! What is due from time to time: key packages, receipts, fresh keys for leaves.

use std::time::Duration;

use futures_util::future::select;
use huis_core::content::{Content, ReceiptKind};
use huis_core::groups::key_packages::{self, Use};
use huis_proto::rest::{KeyPackageStock, PutKeyPackages};
use huis_proto::{Bytes, limits};
use huis_views::{Connection, Failure};
use rand::Rng;

use crate::client::Client;
use crate::db::{DbError, State, Task};
use crate::ports::Method;

/// One-time key packages that a device brings along; the rest follows.
pub(crate) const FIRST_STOCK: u32 = 25;
/// One-time key packages that a device keeps on the server.
const STOCK: u32 = 50;
/// How many are made in one step, so that no step is long.
const PORTION: u32 = 10;
/// Messages in one receipt.
const RECEIPTS: u32 = 256;
/// How long receipts are gathered before they go out, in milliseconds.
const GATHER_MS: std::ops::Range<u64> = 300..1_500;
/// How often due things are looked for.
const LOOK_EVERY: Duration = Duration::from_secs(300);
/// A last-resort key package is replaced after this long.
const LAST_RESORT_MS: u64 = 30 * 24 * 3_600_000;

impl Client {
    /// Does what is due, for ever.
    pub(crate) async fn run_upkeep(&self) {
        loop {
            let longest = self.until_next_removal().map_or(LOOK_EVERY, |next| next.min(LOOK_EVERY));
            select(Box::pin(self.signals.upkeep.notified()), self.clock.sleep(longest)).await;
            let gather = self.random.borrow_mut().gen_range(GATHER_MS);
            self.clock.sleep(Duration::from_millis(gather)).await;
            if self.stopping.get() || self.halted() {
                std::future::pending::<()>().await;
            }
            if !self.has_session() {
                continue;
            }
            if let Err(failure) = self.keep_up().await {
                tracing::info!(%failure, "something that is due has to wait");
            }
        }
    }

    async fn keep_up(&self) -> Result<(), Failure> {
        self.send_receipts()?;
        self.refresh_leaves()?;
        self.look_for_silence()?;
        self.look_for_removals()?;
        if self.connection.get() != Connection::Open {
            // What is made is stored before it is sent: without a connection every round would add to it.
            return Ok(());
        }
        let stock = self.read(|tables| tables.fact::<u32>("stock"))?.unwrap_or(STOCK);
        let lost = self.read(|tables| tables.fact::<bool>("stock_lost"))?.unwrap_or(false);
        if lost || stock < limits::KEY_PACKAGES_LOW as u32 {
            self.stock_key_packages(STOCK - if lost { 0 } else { stock }).await?;
        }
        Ok(())
    }

    /// Does what is due without gathering more of it, at the end of an engine's short life.
    pub(crate) async fn hurry_upkeep(&self) {
        if self.connection.get() != Connection::Open {
            return;
        }
        let told = self.say_away().and_then(|()| self.share_reads(true));
        if let Err(error) = told {
            tracing::info!(%error, "other devices and people are told later");
        }
        if let Err(failure) = self.keep_up().await {
            tracing::info!(%failure, "something that is due has to wait");
        }
    }

    /// Makes key packages and leaves them with the server.
    pub(crate) async fn stock_key_packages(&self, count: u32) -> Result<(), Failure> {
        let me = self.signed_in()?;
        let now_ms = self.now_ms();
        let mut left = count;
        while left > 0 {
            let portion = left.min(PORTION);
            left -= portion;
            let body = self.step(|step| {
                let make = |usage| {
                    key_packages::make(&step.tables, &me.device, usage, now_ms)
                        .map(Bytes)
                        .map_err(|_| DbError::Form("key package"))
                };
                let one_time = (0..portion).map(|_| make(Use::Once)).collect::<Result<Vec<_>, _>>()?;
                let lost = step.tables.fact::<bool>("stock_lost")?.unwrap_or(false);
                let made_ms: u64 = step.tables.fact("last_resort_ms")?.unwrap_or(0);
                let renew = lost || made_ms.saturating_add(LAST_RESORT_MS) < now_ms;
                let last_resort = if renew { Some(make(Use::LastResort)?) } else { None };
                Ok::<_, DbError>(PutKeyPackages { one_time, last_resort, replace: lost })
            })?;
            let stock: KeyPackageStock = self.ask(Method::Post, "/api/v1/key-packages".into(), Some(&body)).await?;
            self.step(|step| {
                if body.last_resort.is_some() {
                    step.tables.put_fact("last_resort_ms", &now_ms)?;
                }
                step.tables.put_fact("stock_lost", &false)?;
                step.tables.put_fact("stock", &stock.one_time)
            })?;
        }
        Ok(())
    }

    fn send_receipts(&self) -> Result<(), DbError> {
        self.step(|step| {
            for conversation in step.tables.owing_receipts()? {
                // Where what is said waits they stay owed: they would take the place of what a person says.
                if let Some(row) = step.tables.conversation(conversation)?
                    && step.tables.stopped_by(&row)?.is_some()
                {
                    continue;
                }
                while let Some((read, messages)) = step.tables.take_receipts(conversation, RECEIPTS)? {
                    let kind = if read { ReceiptKind::Read } else { ReceiptKind::Delivered };
                    let Ok(content) = (Content::Receipt { kind, messages }).to_bytes() else { continue };
                    let task = Task::Say { content: Bytes(content), shown: false };
                    step.task(conversation, step.client.random_id(), &task)?;
                }
            }
            Ok(())
        })
    }

    fn refresh_leaves(&self) -> Result<(), DbError> {
        let now_ms = self.clock.now_ms();
        let due = |row: &crate::db::ConversationRow| {
            row.state == State::Joined && row.accepted && row.update_due_ms != 0 && row.update_due_ms <= now_ms
        };
        let rows: Vec<_> = self.read(|tables| tables.conversations())?.into_iter().filter(due).collect();
        if rows.is_empty() {
            return Ok(());
        }
        self.step(|step| {
            for mut row in rows {
                row.update_due_ms = step.next_update_due();
                step.tables.put_conversation(&row)?;
                step.task(row.id, step.client.random_id(), &Task::UpdateLeaf)?;
            }
            Ok(())
        })
    }
}
