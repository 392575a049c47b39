//! The commands, a family a file. Each has its arguments, what it asks of the engine, and what it prints.

pub(crate) mod accounts;
pub(crate) mod admin;
pub(crate) mod backup;
pub(crate) mod chat;
pub(crate) mod contacts;
pub(crate) mod conversations;
pub(crate) mod devices;
pub(crate) mod files;
pub(crate) mod history;
pub(crate) mod identity;
pub(crate) mod invitations;
pub(crate) mod locks;
pub(crate) mod manuals;
pub(crate) mod marks;
pub(crate) mod messages;
pub(crate) mod migrate_store;
pub(crate) mod opening;
pub(crate) mod password;
pub(crate) mod profile;
pub(crate) mod quiet;
pub(crate) mod receive;
pub(crate) mod recovery_key;
pub(crate) mod reports;
pub(crate) mod restore;
pub(crate) mod rooms;
pub(crate) mod second_factor;
pub(crate) mod send;
pub(crate) mod serve;
pub(crate) mod time_locks;
pub(crate) mod web_hash;

use std::time::Duration;

use huis_proto::rest::Secret;
use huis_views::{Command, Named, NoTarget, Reply, Target};

use crate::arguments::{Huis, HuisCommand};
use crate::interrupts::Interrupts;
use crate::outcome::{Outcome, Stop};
use crate::passwords::of_locked_profile;
use crate::printer::{Printer, note};
use crate::profile::Profile;
use crate::session::{CaughtUp, Session};

/// A view of what lies at the server waits this long for it, and then shows what is known here.
const FRESH_WITHIN: Duration = Duration::from_secs(10);
/// What is still under way when a command has ended, such as looking up a name, may take this long.
const WINDS_DOWN: Duration = Duration::from_millis(500);

/// What every command of a client works with.
pub(crate) struct Context {
    pub(crate) profile: Profile,
    pub(crate) printer: Printer,
}

/// Does what was asked.
pub(crate) fn run(huis: Huis) -> Outcome {
    let command = match huis.command {
        HuisCommand::Serve(serve) => return serve::run(&serve, &Printer::new(huis.json)),
        HuisCommand::Backup(command) => return command.run(huis.json),
        HuisCommand::Restore(command) => return command.run(huis.json),
        HuisCommand::MigrateStore(command) => return command.run(huis.json),
        HuisCommand::Completions(completions) => return manuals::completions(completions.shell),
        HuisCommand::Man(man) => return manuals::man(&man.folder),
        command => command,
    };
    start_logs();
    let context = Context { profile: Profile::in_folder(huis.profile)?, printer: Printer::new(huis.json) };
    // The worker answers other processes also while this one waits for whoever reads its output.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .map_err(|error| Stop::file("the runtime", &error))?;
    let ended = runtime.block_on(async {
        match command {
            HuisCommand::Chat(command) => command.run(&context).await,
            HuisCommand::Register(command) => command.run(&context).await,
            HuisCommand::Login(command) => command.run(&context).await,
            HuisCommand::Recover(command) => command.run(&context).await,
            HuisCommand::Password(command) => command.run(&context).await,
            HuisCommand::RecoveryKey(command) => command.run(&context).await,
            HuisCommand::SecondFactor(command) => command.run(&context).await,
            HuisCommand::Identity(command) => command.run(&context).await,
            HuisCommand::Lock(command) => command.run(&context).await,
            HuisCommand::Unlock(command) => command.run(&context).await,
            HuisCommand::Logout(command) => command.run(&context).await,
            HuisCommand::Whoami(command) => command.run(&context).await,
            HuisCommand::Send(command) => command.run(&context).await,
            HuisCommand::Receive(command) => command.run(&context).await,
            HuisCommand::React(command) => command.run(&context).await,
            HuisCommand::Edit(command) => command.run(&context).await,
            HuisCommand::Delete(command) => command.run(&context).await,
            HuisCommand::Pin(command) => command.run(&context).await,
            HuisCommand::Unpin(command) => command.run(&context).await,
            HuisCommand::Pins(command) => command.run(&context).await,
            HuisCommand::Forward(command) => command.run(&context).await,
            HuisCommand::Open(command) => command.run(&context).await,
            HuisCommand::Files(command) => command.run(&context).await,
            HuisCommand::Locks(command) => command.run(&context).await,
            HuisCommand::Room(command) => command.run(&context).await,
            HuisCommand::Conversations(command) => command.run(&context).await,
            HuisCommand::Requests(command) => command.run(&context).await,
            HuisCommand::Search(command) => command.run(&context).await,
            HuisCommand::Receipts(command) => command.run(&context).await,
            HuisCommand::Report(command) => command.run(&context).await,
            HuisCommand::Block(command) => command.run(&context).await,
            HuisCommand::Unblock(command) => command.run(&context).await,
            HuisCommand::Verify(command) => command.run(&context).await,
            HuisCommand::Mute(command) => command.run(&context).await,
            HuisCommand::Unmute(command) => command.run(&context).await,
            HuisCommand::Notify(command) => command.run(&context).await,
            HuisCommand::Archive(command) => command.run(&context).await,
            HuisCommand::Unarchive(command) => command.run(&context).await,
            HuisCommand::Profile(command) => command.run(&context).await,
            HuisCommand::Preferences(command) => command.run(&context).await,
            HuisCommand::Devices(command) => command.run(&context).await,
            HuisCommand::History(command) => command.run(&context).await,
            HuisCommand::Invitations(command) => command.run(&context).await,
            HuisCommand::Admin(command) => command.run(&context).await,
            HuisCommand::Status(command) => command.run(&context).await,
            HuisCommand::Notices(command) => command.run(&context).await,
            HuisCommand::WebHash(command) => command.run(&context.printer).await,
            HuisCommand::Serve(_)
            | HuisCommand::Backup(_)
            | HuisCommand::Restore(_)
            | HuisCommand::MigrateStore(_)
            | HuisCommand::Completions(_)
            | HuisCommand::Man(_) => Ok(()),
        }
    });
    runtime.shutdown_timeout(WINDS_DOWN);
    ended
}

impl Context {
    /// Does something with the engine, and closes it however that ends.
    pub(crate) async fn with_session<T>(&self, work: impl AsyncFnOnce(&mut Session) -> Outcome<T>) -> Outcome<T> {
        self.with_session_by(of_locked_profile, work).await
    }

    /// As [`with_session`](Self::with_session); `opens` gives the password where the profile is locked.
    pub(crate) async fn with_session_by<T>(
        &self,
        opens: impl FnOnce() -> Outcome<Secret>,
        work: impl AsyncFnOnce(&mut Session) -> Outcome<T>,
    ) -> Outcome<T> {
        self.with(Session::open_by(&self.profile, opens).await?, work).await
    }

    /// As [`with_session`](Self::with_session); with `after`, on a locked profile alone and only until nobody has asked
    /// for anything for that long.
    pub(crate) async fn with_session_until_idle<T>(
        &self,
        command: &'static str,
        after: Option<Duration>,
        work: impl AsyncFnOnce(&mut Session) -> Outcome<T>,
    ) -> Outcome<T> {
        let session = match after {
            Some(after) => Session::open_until_idle(command, &self.profile, of_locked_profile, after).await?,
            None => Session::open(&self.profile).await?,
        };
        self.with(session, work).await
    }

    /// As [`with_session`](Self::with_session), for work that has something left to do where somebody presses Ctrl-C. What
    /// it gives stands, also where that happens while the session closes.
    pub(crate) async fn with_session_and_interrupts<T>(
        &self,
        work: impl AsyncFnOnce(&mut Session, &mut Interrupts) -> Outcome<T>,
    ) -> Outcome<T> {
        let mut session = Session::open(&self.profile).await?;
        match Interrupts::from_now_on() {
            Ok(mut interrupts) => {
                let result = work(&mut session, &mut interrupts).await;
                interrupts.while_closing(session.close()).await;
                result
            }
            Err(stop) => {
                session.close().await;
                Err(stop)
            }
        }
    }

    async fn with<T>(&self, mut session: Session, work: impl AsyncFnOnce(&mut Session) -> Outcome<T>) -> Outcome<T> {
        let result = work(&mut session).await;
        session.close().await;
        result
    }
}

/// Sees that what is shown is what the server has; says so where it can't be.
pub(crate) async fn freshen(session: &mut Session) -> Outcome {
    match session.catch_up(FRESH_WITHIN).await? {
        CaughtUp::Yes => {}
        CaughtUp::Offline => note("the server cannot be reached; this is what was known here before"),
        CaughtUp::Hindered(failure) => note(&format!("{failure}; this is what was known here before")),
        CaughtUp::Late(_) => note("not everything has come from the server yet"),
    }
    Ok(())
}

/// As [`freshen`], for what goes on by itself whether everything has come or not.
pub(crate) async fn settle(session: &mut Session) -> Outcome {
    match session.catch_up(FRESH_WITHIN).await? {
        CaughtUp::Hindered(failure) => Err(failure.into()),
        _ => Ok(()),
    }
}

/// Lets the recovery key go that a person has been shown.
pub(crate) async fn recovery_key_was_shown(session: &mut Session, recovery_key: Secret) {
    if session.ask(Command::RecoveryKeyShown { recovery_key }).await.is_err() {
        note("this device keeps the recovery key until the same command has shown it once more");
    }
}

/// A room as it is named in `huis room`: with or without `#`, or by its id, or `@name`.
pub(crate) fn room_target(text: &str) -> Result<Target, NoTarget> {
    match text.parse() {
        Ok(target) => Ok(target),
        Err(_) if !text.is_empty() && !text.starts_with(['@', '#']) => Ok(Target::Room(text.into())),
        Err(error) => Err(error),
    }
}

/// An account's name, or its id where the name is not known here.
pub(crate) fn name(named: &Named) -> String {
    named.name.clone().unwrap_or_else(|| named.account.to_string())
}

/// An account as a person names it.
pub(crate) fn at_name(named: &Named) -> String {
    match &named.name {
        Some(name) => format!("@{}", huis_texts::safe_line(name)),
        None => named.account.to_string(),
    }
}

/// This device's clock, in milliseconds since 1970.
pub(crate) fn now_ms() -> u64 {
    let since_1970 = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since_1970.map_or(0, |since| since.as_millis() as u64)
}

/// The answer that says nothing.
pub(crate) fn done(reply: Reply) -> Outcome {
    match reply {
        Reply::Done => Ok(()),
        other => Err(Stop::unexpected(&other)),
    }
}

/// Diagnostics on the standard error output, if HUIS_LOG asks for them.
fn start_logs() {
    let Ok(filter) = std::env::var("HUIS_LOG") else { return };
    let logs = tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::new(filter))
        .with_writer(std::io::stderr);
    // A second start, which only a test could do, changes nothing.
    let _ = logs.try_init();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_room_is_named_with_or_without_its_sign() {
        assert_eq!(room_target("#club"), Ok(Target::Room("club".into())));
        assert_eq!(room_target("club"), Ok(Target::Room("club".into())));
        assert_eq!(room_target("@member-b"), Ok(Target::Account("member-b".into())));
        assert!(matches!(room_target(&"ab".repeat(16)), Ok(Target::Id(_))));
        for wrong in ["", "#", "@"] {
            assert!(room_target(wrong).is_err(), "{wrong:?}");
        }
    }
}
