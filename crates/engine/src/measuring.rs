//! A door for measurements: the engine's own steps of saying and taking a message, one by one, without flows and
//! without a server. What a message costs a device is measured on the very code and database that a face uses.

use std::path::Path;
use std::rc::Rc;

use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use huis_core::account_state::StateKey;
use huis_core::content::Content;
use huis_core::directory::AccountDevices;
use huis_core::groups::{Group, GroupError};
use huis_core::identity::{IdentityKey, LocalDevice};
use huis_core::store::GroupStore;
use huis_proto::frames::LogEntry;
use huis_proto::rest::Secret;
use huis_proto::{Bytes, ConversationId, MessageId};
use rand::rngs::StdRng;

use crate::client::{Client, Me, Step};
use crate::config::DatabaseKey;
use crate::db::{AccountRow, ConversationRow, Db, DbError, MessageRow, State, Task};
use crate::engine::StartError;
use crate::handle::Handle;
use crate::platform::{SystemClock, files_beside};
use crate::ports::{
    Beacons, FileRequest, FileResponse, HttpRequest, HttpResponse, Link, Ports, Transport, TransportError,
};
use crate::sync::Taken;

/// A signed-in engine of which nothing runs by itself.
pub struct Stepper {
    pub(crate) client: Client,
}

/// Why a step was not done.
#[derive(Debug, thiserror::Error)]
pub enum StepError {
    /// The database or the group refused.
    #[error("{0}")]
    Refused(String),
    /// The step did something else than it was to do.
    #[error("the {0} was not done")]
    NotDone(&'static str),
}

impl From<DbError> for StepError {
    fn from(error: DbError) -> Self {
        Self::Refused(error.to_string())
    }
}

impl From<GroupError> for StepError {
    fn from(error: GroupError) -> Self {
        Self::Refused(error.to_string())
    }
}

impl Stepper {
    /// A fresh encrypted database in which `me` is signed in and these accounts' devices are known.
    ///
    /// # Errors
    /// [`StartError`] where the database cannot be made.
    pub fn sign_in(
        database: &Path,
        key: &DatabaseKey,
        me: LocalDevice,
        known: impl IntoIterator<Item = AccountDevices>,
        random: StdRng,
    ) -> Result<Self, StartError> {
        let failed = |error: DbError| StartError::Database(error.to_string());
        let db = Db::open(database, key, None)?;
        let (_, _, ends) = Handle::pair();
        let (transport, clock) = (Rc::new(Nowhere), Rc::new(SystemClock));
        let ports = Ports { transport, files: files_beside(key), beacons: Beacons::default(), clock, random };
        let client = Client::new(db, ports, ends.events).map_err(failed)?;
        let me = Me {
            username: "me".into(),
            identity: IdentityKey(me.secret.public()),
            state_key: StateKey::random(&mut *client.random.borrow_mut()),
            device: me,
        };
        client
            .step(|step| {
                for devices in known {
                    let mut row = AccountRow::new(devices.account());
                    row.devices = Some(devices);
                    step.tables.put_account(&row)?;
                }
                crate::accounts::put_me(step.tables, &me)
            })
            .map_err(failed)?;
        client.read_account().map_err(failed)?;
        Ok(Self { client })
    }

    /// Takes in a conversation whose group `make` puts into the database.
    ///
    /// # Errors
    /// [`StepError`], or what `make` refuses with.
    pub fn enter<E: From<StepError>>(
        &self,
        make: impl FnOnce(&dyn GroupStore) -> Result<Group, E>,
    ) -> Result<ConversationId, E> {
        let refused = |error: DbError| E::from(StepError::from(error));
        let mut refusal = None;
        let entered = self.client.step(|step| {
            let group = match make(&step.tables) {
                Ok(group) => group,
                Err(error) => {
                    refusal = Some(error);
                    return Err(DbError::Form("group"));
                }
            };
            let id = group.conversation();
            let mut row = ConversationRow::new(id, group.kind());
            row.state = State::Joined;
            row.accounts = group.roster().accounts().collect();
            step.tables.put_conversation(&row)?;
            step.set_group(group);
            Ok(id)
        });
        match (entered, refusal) {
            (_, Some(refusal)) => Err(refusal),
            (entered, None) => entered.map_err(refused),
        }
    }

    /// Stores a text and its place in the outbox, as `send` does: one transaction.
    ///
    /// # Errors
    /// [`StepError`].
    pub fn write(&self, conversation: ConversationId, text: &str) -> Result<MessageId, StepError> {
        let me = self.client.me().ok_or(StepError::NotDone("sign-in"))?;
        let content = Content::text(text)
            .and_then(|content| content.to_bytes())
            .map_err(|error| StepError::Refused(error.to_string()))?;
        let id = self.client.random_id();
        self.client.step(|step: &mut Step<'_>| {
            let mut message = MessageRow::waiting(conversation, id, me.device.member, step.client.now_ms());
            message.body = text.to_owned();
            message.content = content.clone();
            step.tables.add_message(&message)?;
            step.task(conversation, id, &Task::Say { content: Bytes(content), shown: true })?;
            step.said(conversation, id);
            Ok(id)
        })
    }

    /// Seals what was written, as the outbox does: one transaction. Gives the bytes that travel.
    ///
    /// # Errors
    /// [`StepError`].
    pub fn seal(&self, conversation: ConversationId, id: MessageId) -> Result<Vec<u8>, StepError> {
        let row = self.client.read(|tables| tables.task_by_id(conversation, id))?;
        let row = row.ok_or(StepError::NotDone("writing"))?;
        let sealed = self.client.step(|step| step.seal(row))?;
        sealed.and_then(|row| row.sealed).ok_or(StepError::NotDone("sealing"))
    }

    /// Takes what the server answered to a sealed message: one transaction.
    ///
    /// # Errors
    /// [`StepError`].
    pub fn settle(&self, conversation: ConversationId, id: MessageId) -> Result<(), StepError> {
        let row = self.client.read(|tables| tables.task_by_id(conversation, id))?;
        let row = row.ok_or(StepError::NotDone("writing"))?;
        Ok(self.client.step(|step| step.tables.delete_task(row.position))?)
    }

    /// Brings the write-ahead log into the database file and empties it, so that its size from here on is what was
    /// written since.
    ///
    /// # Errors
    /// [`StepError`].
    pub fn empty_log(&self) -> Result<(), StepError> {
        Ok(self.client.read(|tables| tables.empty_log())?)
    }

    /// Takes an entry of the log: one transaction with the message, the ratchet's state and the cursor.
    ///
    /// # Errors
    /// [`StepError`].
    pub fn take(&self, entry: &LogEntry) -> Result<(), StepError> {
        match self.client.step(|step| step.take_entry(entry, &[]))? {
            Taken::Yes => Ok(()),
            _ => Err(StepError::NotDone("entry")),
        }
    }
}

/// There is no server.
struct Nowhere;

impl Transport for Nowhere {
    fn server(&self) -> String {
        String::new()
    }

    fn ask(&self, _: HttpRequest) -> LocalBoxFuture<'_, Result<HttpResponse, TransportError>> {
        std::future::ready(Err(TransportError::Unreachable("there is no server".into()))).boxed_local()
    }

    fn carry(&self, _: FileRequest) -> LocalBoxFuture<'_, Result<FileResponse, TransportError>> {
        std::future::ready(Err(TransportError::Unreachable("there is no server".into()))).boxed_local()
    }

    fn connect(&self, _: Secret) -> LocalBoxFuture<'_, Result<Link, TransportError>> {
        std::future::ready(Err(TransportError::Unreachable("there is no server".into()))).boxed_local()
    }
}
