//! The first frame of a connection: is this database what the server remembers?

use std::rc::Rc;

use huis_proto::IncarnationId;
use huis_proto::frames::Ready;
use huis_views::{Connection, Notice, RepairReason};

use super::Ended;
use crate::accounts::server_is_new_enough;
use crate::client::{Client, Step};
use crate::db::{DbError, State};

impl Client {
    pub(super) async fn take_ready(self: &Rc<Self>, ready: &Ready) -> Result<(), Ended> {
        server_is_new_enough(&ready.server).map_err(Ended::VersionsApart)?;
        self.hindrance.replace(None);
        self.time_came(ready.server_time_ms);
        let known: Option<IncarnationId> = self.read(|tables| tables.fact("incarnation"))?;
        let restored = known.filter(|known| *known != ready.incarnation);
        if let Some(known) = restored {
            self.make_up_for_restore(known).await?;
        }
        self.step(|step| {
            if let Some(before) = restored {
                step.another_life(before, ready.incarnation)?;
                step.notice(None, Notice::ServerRestored)?;
            }
            step.tables.put_fact("incarnation", &ready.incarnation)?;
            step.tables.put_fact("stock", &ready.key_packages)?;
            step.tables.put_fact("state_newest", &ready.account_state)?;
            if ready.submission > step.tables.submissions()? {
                step.old_copy(ready.submission)?;
            }
            Ok::<_, DbError>(())
        })?;
        self.traffic.borrow_mut().open();
        self.set_connection(Connection::Open);
        self.signals.outbox.notify_one();
        self.signals.contests.notify_one();
        self.signals.state.notify_one();
        self.signals.upkeep.notify_one();
        Ok(())
    }
}

impl Step<'_> {
    /// The server has submissions of this device that its database does not know: it is an old copy, or one of two. No
    /// key of it may seal anything any more.
    pub(super) fn old_copy(&mut self, highest: u64) -> Result<(), DbError> {
        self.tables.raise_submissions(highest)?;
        self.notice(None, Notice::OldCopy)?;
        self.tables.put_fact("stock_lost", &true)?;
        self.wake_upkeep();
        let unsealed: Vec<_> = self.tables.tasks(u32::MAX)?.into_iter().filter(|task| task.sealed.is_some()).collect();
        for task in unsealed {
            self.tables.unseal(task.position)?;
        }
        self.tables.all_is_perhaps_taken()?;
        for row in self.tables.conversations()?.into_iter().filter(|row| row.state == State::Joined) {
            self.repair(row.id, RepairReason::OldCopy)?;
            // This one is owed before anything is sent, however many there were.
            if let Some(mut row) = self.tables.conversation(row.id)? {
                row.repaired_ms = self.client.clock.now_ms();
                self.tables.put_conversation(&row)?;
            }
        }
        Ok(())
    }
}
