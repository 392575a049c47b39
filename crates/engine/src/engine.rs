//! The actor: takes commands, and keeps its flows going, all on one thread.

use std::pin::pin;
use std::rc::Rc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::{LocalBoxFuture, select};
use futures_util::stream::FuturesUnordered;
use huis_views::{Command, Connection, Event, Failure, Reply};
use rusqlite::ErrorCode;

use crate::accounts::Keys;
use crate::client::Client;
use crate::config::Config;
use crate::db::{Db, DbError, OpenError, Tables};
use crate::handle::{Ends, Events, Handle, Order};
use crate::ports::Ports;

/// Commands that are worked on at the same time.
const AT_ONCE: usize = 1024;
/// What is due is finished before the engine locks, but not for longer than this.
const SETTLES_WITHIN: Duration = Duration::from_secs(3);
/// What is there of files that are still fetched is on disk and noted within this, or is fetched again.
const NOTES_WITHIN: Duration = Duration::from_secs(2);
/// How often it is looked whether anything is due still.
const LOOK_AGAIN: Duration = Duration::from_millis(5);

/// Why an engine does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A newer version has changed the database; it is left untouched.
    #[error("the database has schema {found}, this version knows up to {known}: use the newer version")]
    NewerSchema {
        /// The schema that was found.
        found: i64,
        /// The newest schema that this version knows.
        known: i64,
    },
    /// The key does not open the database, or the file is none.
    #[error("the database does not open with this key")]
    WrongKey,
    /// The database is there and will not open again.
    #[error("the database is damaged: {0}")]
    Damaged(String),
    /// The database can't be used, now or for longer.
    #[error("the database can't be opened: {0}")]
    Database(String),
    /// No server is named, and none is noted in the profile.
    #[error("no server is named; give its URL")]
    NoServer,
    /// The server's URL is none.
    #[error("{0:?} is no URL of a server; write for example https://chat.example.org")]
    Url(String),
    /// The thread or its runtime could not be made.
    #[error("the engine's thread could not be started: {0}")]
    Thread(String),
}

impl From<OpenError> for StartError {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::NewerSchema { found, known } => Self::NewerSchema { found, known },
            OpenError::WrongKey => Self::WrongKey,
            OpenError::Journal(_) => Self::Database(error.to_string()),
            OpenError::Sqlite(error) => error.into(),
        }
    }
}

impl From<rusqlite::Error> for StartError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Self::Damaged(error.to_string()),
            _ => Self::Database(error.to_string()),
        }
    }
}

impl From<DbError> for StartError {
    fn from(error: DbError) -> Self {
        match error {
            DbError::Sqlite(error) => error.into(),
            DbError::Form(_) => Self::Damaged(error.to_string()),
            DbError::Halted => Self::Database(error.to_string()),
        }
    }
}

/// An engine that is not running yet. It lives on the thread that makes it.
pub struct Engine {
    client: Rc<Client>,
    ends: Ends,
}

impl Engine {
    /// Opens the database. Nothing happens before [`run`](Self::run) is polled.
    ///
    /// # Errors
    /// [`StartError`].
    pub fn new(config: &Config, ports: Ports) -> Result<(Handle, Events, Self), StartError> {
        Self::over(Db::open(&config.database, &config.key, config.halt_after_commits)?, ports)
    }

    /// As [`new`](Self::new), over a database that is open already.
    pub(crate) fn over(db: Db, ports: Ports) -> Result<(Handle, Events, Self), StartError> {
        let (handle, events, ends) = Handle::pair();
        let client = Client::new(db, ports, ends.events.clone())?;
        Ok((handle, events, Self { client: Rc::new(client), ends }))
    }

    /// Works until the last [`Handle`] is gone or [`Command::Lock`] came. **Dropping the future is a crash:** what was
    /// committed stays, and the next engine over the same database goes on from there.
    pub async fn run(self) {
        let Self { client, mut ends } = self;
        let mut flows: FuturesUnordered<LocalBoxFuture<'static, ()>> = FuturesUnordered::new();
        let (connection, outbox, state, upkeep) = (client.clone(), client.clone(), client.clone(), client.clone());
        let (contests, presence, transfers) = (client.clone(), client.clone(), client.clone());
        let (time_locks, beacon_locks, vanishing) = (client.clone(), client.clone(), client.clone());
        let archive = client.clone();
        // Before anything is shown.
        client.catch_up_with_vanishing();
        flows.push(Box::pin(async move { connection.run_connection().await }));
        flows.push(Box::pin(async move { outbox.run_outbox().await }));
        flows.push(Box::pin(async move { contests.run_contests().await }));
        flows.push(Box::pin(async move { state.run_state().await }));
        flows.push(Box::pin(async move { presence.run_presence().await }));
        flows.push(Box::pin(async move { upkeep.run_upkeep().await }));
        flows.push(Box::pin(async move { transfers.run_transfers().await }));
        flows.push(Box::pin(async move { time_locks.run_time_locks().await }));
        flows.push(Box::pin(async move { beacon_locks.run_beacon_locks().await }));
        flows.push(Box::pin(async move { vanishing.run_vanishing().await }));
        flows.push(Box::pin(async move { archive.run_archive().await }));
        loop {
            tokio::select! {
                order = ends.orders.recv() => match order {
                    Some(Order { command: Command::Lock, answer }) => {
                        settle(&client, &mut flows).await;
                        client.close();
                        // Whoever asked may be gone.
                        let _ = answer.send(Ok(Reply::Done));
                        break;
                    }
                    Some(Order { answer, .. }) if flows.len() > AT_ONCE => {
                        let _ = answer.send(Err(Failure::Busy));
                    }
                    Some(order) => {
                        let client = client.clone();
                        // Counted before it is first looked at: the next order may be the last one.
                        let saying = Saying::of(&client, &order.command);
                        flows.push(Box::pin(async move {
                            let done = client.obey(order.command).await;
                            drop(saying);
                            let _ = order.answer.send(done);
                        }));
                    }
                    None => break,
                },
                _ = flows.next() => {}
            }
        }
        drop(flows);
        client.close();
        client.emit(Event::Stopped { failure: None });
    }
}

/// A command under way that stores what a person says, and is lost if the engine ends before.
struct Saying(Rc<Client>);

impl Saying {
    fn of(client: &Rc<Client>, command: &Command) -> Option<Self> {
        let says = matches!(command, Command::Send(_) | Command::SendFiles(_) | Command::SendTimed { .. });
        says.then(|| {
            client.saying.set(client.saying.get() + 1);
            Self(Rc::clone(client))
        })
    }
}

impl Drop for Saying {
    fn drop(&mut self) {
        self.0.saying.set(self.0.saying.get() - 1);
    }
}

/// Lets what is being said be stored, and receipts, acknowledgements, what is in the outbox and the account state reach the
/// server, if it is reached at all; takes over a newer state, and notes what is there of files on their way. What does not
/// come to its end is due at the next start.
async fn settle(client: &Rc<Client>, flows: &mut FuturesUnordered<LocalBoxFuture<'static, ()>>) {
    client.ends.set(true);
    client.signals.ends.notify_waiters();
    let at_the_latest = client.clock.sleep(SETTLES_WITHIN);
    let on_its_way = async {
        client.hurry_upkeep().await;
        client.finish_archive().await;
        while client.saying.get() > 0 || client.is_busy() || client.transfers_end() {
            client.clock.sleep(LOOK_AGAIN).await;
        }
    };
    while_flowing(flows, select(at_the_latest, pin!(on_its_way))).await;
    // What is there of files that are still fetched is noted, and not fetched again.
    client.end_transfers();
    let at_the_latest = client.clock.sleep(NOTES_WITHIN);
    let noted = async {
        while client.has_transfers() {
            client.clock.sleep(LOOK_AGAIN).await;
        }
    };
    while_flowing(flows, select(at_the_latest, pin!(noted))).await;
}

/// Waits, while the flows go on.
async fn while_flowing(flows: &mut FuturesUnordered<LocalBoxFuture<'static, ()>>, waited_for: impl Future) {
    let mut waited_for = pin!(waited_for);
    loop {
        tokio::select! {
            _ = &mut waited_for => return,
            Some(()) = flows.next() => {}
        }
    }
}

impl Client {
    /// Whether something is on its way to a server that is reached.
    fn is_busy(&self) -> bool {
        let state_is_due = || {
            let is_due =
                |tables: Tables<'_>| Ok::<_, DbError>(tables.state_is_unstored()? || tables.state_is_behind()?);
            self.read(is_due).unwrap_or(false)
        };
        let opens = || self.opens_something().unwrap_or(false);
        self.connection.get() == Connection::Open
            && (self.outbox_is_busy() || self.has_dissents() || state_is_due() || opens() || self.empties_archive())
    }

    async fn obey(&self, command: Command) -> Result<Reply, Failure> {
        let done = |()| Reply::Done;
        let conversation = |view| Reply::Conversation(Box::new(view));
        self.carry_out_vanishing();
        match command {
            Command::Register(wish) => self.register(wish).await,
            Command::SignIn(wish) => self.sign_in(wish).await,
            Command::Recover(wish) => self.recover(wish).await,
            Command::RenewIdentity(wish) => self.renew_identity(wish).await,
            Command::ChangeRecoveryKey(wish) => self.change_recovery_key(wish).await,
            Command::RecoveryKeyShown { recovery_key } => self.recovery_key_was_shown(&recovery_key).map(done),
            Command::ChangePassword(wish) => self.change_password(wish).await,
            Command::WithSecondFactor { code, command } => {
                self.show_code(code.clone());
                let done = Box::pin(self.obey(*command)).await;
                self.put_code_away(&code);
                done
            }
            Command::BeginSecondFactor { password } => self.begin_second_factor(&password).await,
            Command::FinishSecondFactor(wish) => self.finish_second_factor(wish).await,
            Command::SecondFactor => self.second_factor_status().await,
            Command::RenewRecoveryCodes { password } => self.renew_recovery_codes(&password).await,
            Command::DisableSecondFactor { password } => self.disable_second_factor(&password).await.map(done),
            Command::CheckPassword { password } => self.check_password(&password).await.map(done),
            Command::SignOut(wish) => self.sign_out(wish).await,
            Command::Lock => Ok(Reply::Done),
            Command::WhoAmI => self.who_am_i().map(Reply::Profile),
            Command::Status => self.status().map(Reply::Status),
            Command::Send(wish) => self.send(wish, None).await.map(Reply::Sent),
            Command::SendFiles(wish) => self.send_files(wish, None).await.map(Reply::Sent),
            Command::SendTimed { what, unlocks_at_ms, trust } => {
                self.send_timed(what, unlocks_at_ms, trust).await.map(Reply::Sent)
            }
            Command::WithdrawTimed { message } => self.withdraw_timed(message).await.map(done),
            Command::TimeLocks { most } => self.time_locks(most).map(Reply::Messages),
            Command::FetchFile(wish) => self.fetch_file(wish).await.map(|view| Reply::Transfer(Box::new(view))),
            Command::ReadFile(wish) => self.read_file(wish).await.map(|bytes| Reply::FileBytes(bytes.into())),
            Command::Transfers => self.transfer_views().map(Reply::Transfers),
            Command::PauseTransfer { transfer } => self.pause_transfer(transfer).map(done),
            Command::ResumeTransfer { transfer } => self.resume_transfer(transfer).map(done),
            Command::CancelTransfer { transfer } => self.cancel_transfer(transfer).map(done),
            Command::Files { conversation, before, most } => {
                self.messages_with_files(conversation, before, most).map(Reply::Messages)
            }
            Command::Retry { message } => self.retry(message).map(done),
            Command::Discard { message } => self.discard(message).map(done),
            Command::Unprinted { most } => self.unprinted(most).map(Reply::Messages),
            Command::MarkPrinted { positions } => Ok(self.mark_printed(&positions).map(done)?),
            Command::Messages { conversation, before, most } => {
                self.messages(conversation, before, most).map(Reply::Messages)
            }
            Command::MarkRead { conversation, up_to } => self.mark_read(conversation, up_to).map(done),
            Command::Receipts { message } => self.receipts(message).map(Reply::Receipts),
            Command::Search { words, most } => self.search(&words, most).map(Reply::Found),
            Command::Conversations => self.conversations(false).map(Reply::Conversations),
            Command::Conversation { target } => self.conversation_of(self.find(&target)?.id).map(conversation),
            Command::Requests => self.conversations(true).map(Reply::Conversations),
            Command::AnswerRequest { target, answer } => self.answer_request(&target, answer).await.map(done),
            Command::Block { name } => self.set_blocked(&name, true).await.map(done),
            Command::Unblock { name } => self.set_blocked(&name, false).await.map(done),
            Command::Rooms => self.rooms().await.map(Reply::Rooms),
            Command::CreateRoom { name, open, invite } => {
                self.create_room(&name, open, &invite).await.map(conversation)
            }
            Command::JoinRoom { name } => self.join_room(&name).await.map(conversation),
            Command::Invite { target, names } => self.invite(&target, &names).await.map(conversation),
            Command::Remove { target, names } => self.remove(&target, &names).await.map(conversation),
            Command::SetRole { target, names, role } => self.set_role(&target, &names, role).await.map(conversation),
            Command::SetTitle { target, title } => self.set_title(&target, &title).await.map(conversation),
            Command::Members { target } => self.members(self.find(&target)?.id).map(Reply::Members),
            Command::Leave { target } => self.leave(&target).await.map(done),
            Command::JoinAnyway { conversation } => self.join_anyway(conversation).map(done),
            Command::Devices => self.devices().await.map(Reply::Devices),
            Command::EndOwnSessions { session } => {
                self.end_own_sessions(session).await.map(|count| Reply::SessionsEnded { count })
            }
            Command::RevokeDevice { device, password, recovery_key } => {
                let keys = Keys { password: &password, recovery_key: recovery_key.as_ref() };
                self.revoke_device(device, keys).await.map(done)
            }
            Command::MakeInvitation { uses, expires_in_s } => {
                self.make_invitation(uses, expires_in_s).await.map(Reply::InvitationMade)
            }
            Command::Invitations => self.invitations().await.map(Reply::Invitations),
            Command::RevokeInvitation { invitation } => self.revoke_invitation(invitation).await.map(done),
            Command::Contact { name } => self.contact(&name).await.map(|view| Reply::Contact(Box::new(view))),
            Command::SafetyCode { name } => self.safety_code(&name).await.map(|code| Reply::SafetyCode(Box::new(code))),
            Command::VerifyScanned { name, code } => self.verify_scanned(&name, &code).await.map(done),
            Command::SetVerified { name, verified, safety_number } => {
                self.set_verified(&name, verified, safety_number.as_deref()).await.map(done)
            }
            Command::AcceptIdentity { name, safety_number } => {
                self.accept_identity(&name, safety_number.as_deref()).await.map(done)
            }
            Command::MessagesAfter { conversation, after, most } => {
                self.messages_after(conversation, after, most).map(Reply::Messages)
            }
            Command::Message { message } => self.message(message).map(|view| Reply::Message(Box::new(view))),
            Command::PinnedMessages { conversation } => self.pinned_messages(conversation).map(Reply::Messages),
            Command::Annotate(wish) => self.annotate(wish).await.map(Reply::Sent),
            Command::Forward(wish) => self.forward(wish).await.map(Reply::Sent),
            Command::SetTopic { target, topic } => self.set_topic(&target, &topic).await.map(conversation),
            Command::SetTimer { target, timer } => self.set_timer(&target, timer).await.map(conversation),
            Command::OpenOnce { message } => self.open_once(message).await.map(|view| Reply::Message(Box::new(view))),
            Command::SetNotifications { target, level, muted } => {
                self.set_notifications(&target, level, muted).map(conversation)
            }
            Command::SetArchived { target, archived } => self.set_archived(&target, archived).map(conversation),
            Command::SetFavourite { target, favourite } => self.set_favourite(&target, favourite).map(conversation),
            Command::SetDraft { conversation, text, wish } => self.set_draft(conversation, &text, wish).map(done),
            Command::Typing { conversation } => self.typing(conversation).map(done),
            Command::Attend => self.attend().map(done),
            Command::Card => self.own_card().map(|card| Reply::Card(Box::new(card))),
            Command::CardOf { account } => {
                self.signed_in()?;
                self.card_of(account).map(|card| Reply::Card(Box::new(card)))
            }
            Command::SetCard(wish) => self.set_card(wish).map(|card| Reply::Card(Box::new(card))),
            Command::Preferences => self.preferences().map(Reply::Preferences),
            Command::SetPreferences(wished) => self.set_preferences(wished).map(Reply::Preferences),
            Command::History => self.history().map(Reply::History),
            Command::KeepHistory { password, recovery_key } => {
                let keys = Keys { password: &password, recovery_key: recovery_key.as_ref() };
                self.keep_history(keys).await.map(Reply::History)
            }
            Command::EndHistory => self.end_history().map(Reply::History),
            Command::Report(wish) => self.report(wish).await.map(|id| Reply::ReportMade { id }),
            Command::Reports => self.own_reports().await.map(Reply::Reports),
            Command::ReadReport { report } => self.read_report(report).await.map(|view| Reply::Report(Box::new(view))),
            Command::Administrate { method, path, body } => {
                self.administrate(method, &path, body).await.map(Reply::Administrated)
            }
            Command::EndSessions { name } => self.end_sessions(&name).await.map(|count| Reply::SessionsEnded { count }),
            Command::RenewAccessPassphrase => self.renew_access_passphrase().await.map(Reply::AccessPassphrase),
            Command::StopServer => self.stop_server().await.map(done),
            Command::PushKey => self.push_key().await.map(Reply::PushKey),
            Command::SetPush { subscription } => self.set_push(subscription.as_ref()).await.map(done),
            Command::Notices { most } => {
                Ok(self.read(|tables| tables.notices(most.min(crate::reading::MOST_ROWS))).map(Reply::Notices)?)
            }
        }
    }
}
