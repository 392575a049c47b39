//! The first frame of a connection: is this database what the server remembers?

use std::rc::Rc;

use huis_proto::frames::Ready;
use huis_proto::rest::Conversations;
use huis_proto::{Bytes, IncarnationId};
use huis_views::{Connection, Notice, RepairReason};

use super::Ended;
use crate::accounts::server_is_new_enough;
use crate::client::{Client, Step};
use crate::db::{DbError, MessageStanding, State, Task};

impl Client {
    pub(super) async fn take_ready(self: &Rc<Self>, ready: &Ready) -> Result<(), Ended> {
        server_is_new_enough(&ready.server).map_err(Ended::VersionsApart)?;
        self.versions_apart.replace(None);
        self.heard_time(ready.server_time_ms);
        let known: Option<IncarnationId> = self.read(|tables| tables.fact("incarnation"))?;
        if known.is_some_and(|known| known != ready.incarnation) {
            let server: Conversations = self.get("/api/v1/conversations".into()).await?;
            self.step(|step| step.server_restored(&server))?;
        }
        self.step(|step| {
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
    fn old_copy(&mut self, highest: u64) -> Result<(), DbError> {
        self.tables.raise_submissions(highest)?;
        self.notice(None, Notice::OldCopy)?;
        self.tables.put_fact("stock_lost", &true)?;
        self.wake_upkeep();
        let unsealed: Vec<_> = self.tables.tasks(u32::MAX)?.into_iter().filter(|task| task.sealed.is_some()).collect();
        for task in unsealed {
            self.tables.unseal(task.position)?;
        }
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

    /// The store was restored from a backup: where it is behind, this device joins anew, and offers again what it said
    /// since.
    fn server_restored(&mut self, server: &Conversations) -> Result<(), DbError> {
        self.notice(None, Notice::ServerRestored)?;
        for row in self.tables.conversations()?.into_iter().filter(|row| row.state == State::Joined) {
            let Some(theirs) = server.conversations.iter().find(|theirs| theirs.conversation == row.id) else {
                continue;
            };
            if theirs.head >= row.cursor {
                continue;
            }
            let mut said = self.tables.messages(row.id, None, 10_000)?;
            said.retain(|message| {
                message.own
                    && Some(message.author.device) == self.client.me().map(|me| me.device.member.device)
                    && message.seq.is_some_and(|seq| seq > theirs.head)
            });
            self.repair(row.id, RepairReason::ServerRestored)?;
            for message in said {
                self.tables.set_standing(message.id, MessageStanding::Waiting, None)?;
                let content = Bytes(message.content);
                self.task(row.id, message.id, &Task::Say { content, shown: true })?;
            }
        }
        Ok(())
    }
}
