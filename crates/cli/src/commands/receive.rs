//! `huis receive`.

use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::fs::OpenOptionsExt;
use std::time::Duration;

use clap::Args;
use huis_views::{Command, Connection, Event, Failure, Reply, Status};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use super::Context;
use super::messages::{MessageLine, for_people};
use crate::outcome::{Outcome, Stop};
use crate::printer::note;
use crate::sentences;
use crate::session::{Session, ended};

/// Print the messages of others that were not printed yet, oldest first
///
/// Without --follow and --count: what waits, once everything has come from the server; exit code 3 if it has not come
/// within --timeout (30 seconds unless given). With --count N: exit code 0 after N messages, 3 if --timeout is over
/// before. With --follow alone: until SIGINT or SIGTERM, or until --timeout is over, exit code 0.
///
/// A message that was sent to open later is printed when it comes, as kind "timed" with the time in "unlock_at", and once more
/// when it opens, as what it is, under the same id.
///
/// Each message is printed once, also where several `huis receive` run on one profile. A message counts as printed when
/// it has left this process; after a crash at that very moment it is printed again, under the same id. What was printed
/// is read, and its author is told so, but not where a request was not accepted yet, nor in open rooms and large groups.
#[derive(Debug, Args)]
pub(crate) struct Receive {
    /// Go on printing messages as they come
    #[arg(long)]
    follow: bool,

    /// End after this many messages, and wait for them
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    count: Option<u64>,

    /// End after this time
    #[arg(long, value_name = "SECONDS", value_parser = huis_texts::span)]
    timeout: Option<Duration>,

    /// On a locked profile: lock it again when nobody has asked for anything for this time, as `huis lock` does
    ///
    /// The password is asked for once, and the key is in the memory of this process alone. Each other command on the
    /// profile counts as a question. Where another command runs the profile already, this one ends alone after that
    /// time, and the profile stays open until the other ends. Takes `15m`, `1h`, or seconds.
    #[arg(long, value_name = "TIME", env = "HUIS_LOCK_AFTER", value_parser = idle_time)]
    lock_after: Option<Duration>,
}

fn idle_time(text: &str) -> Result<Duration, String> {
    match huis_texts::span(text) {
        Ok(time) if time >= Duration::from_secs(1) => Ok(time),
        Ok(_) => Err("a second at least".into()),
        Err(error) => Err(error.to_string()),
    }
}

/// The time for everything to come from the server, where no other is given.
const CATCHES_UP_WITHIN: Duration = Duration::from_secs(30);
/// So many messages are read at a time.
const PAGE: u32 = 50;
/// So many are printed before they are marked; a crash in between prints at most these again.
const MARKED_TOGETHER: usize = 10;
/// Another process prints at this moment: look again after this time.
const PRINTS_AGAIN: Duration = Duration::from_millis(50);
/// A session without a connection is looked at again after this time.
const LOOKS_AGAIN: Duration = Duration::from_secs(2);
/// Whoever reads the output may hold up the end this long after a signal.
const ENDS_WITHIN: Duration = Duration::from_secs(3);

struct Receiving<'a> {
    context: &'a Context,
    follow: bool,
    /// How many are still to be printed, where that was asked for.
    missing: Option<u64>,
    deadline: Option<Instant>,
    interrupted: watch::Receiver<bool>,
    /// Whether it was said that there is no connection.
    said_offline: bool,
}

/// What one round of printing left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Left {
    /// Nothing waits.
    Nothing,
    /// As many were printed as were asked for.
    Enough,
    /// Another process prints.
    Busy,
}

impl Receive {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        let once = !self.follow && self.count.is_none();
        let bound = self.timeout.or(once.then_some(CATCHES_UP_WITHIN));
        let mut receiving = Receiving {
            context,
            follow: self.follow,
            missing: self.count,
            deadline: bound.map(|bound| Instant::now() + bound),
            interrupted: interruptions()?,
            said_offline: false,
        };
        let receive = async |session: &mut Session| receiving.receive(session).await;
        context.with_session_until_idle("receive", self.lock_after, receive).await
    }
}

impl Receiving<'_> {
    async fn receive(&mut self, session: &mut Session) -> Outcome {
        loop {
            // First how it stands, then what waits: whatever came before the first is seen by the second.
            let status = session.status().await?;
            self.tell_connection(status.connection);
            let left = self.print(session).await?;
            let complete = status.caught_up && status.joining == 0 && !status.opening;
            match left {
                Left::Enough => return Ok(()),
                Left::Nothing if self.is_once() && complete => return Ok(()),
                _ => {}
            }
            if let Some(failure) = status.hindrance {
                // What was here is printed; waiting brings nothing more.
                return Err(failure.into());
            }
            let look_again = match (left, status.connection) {
                (Left::Busy, _) => Some(PRINTS_AGAIN),
                (_, Connection::Idle) => Some(LOOKS_AGAIN),
                // The server may be asked for a share in vain, and no event tells of that.
                _ if status.opening => Some(LOOKS_AGAIN),
                _ => None,
            };
            let woken = self.wait(session, look_again).await?;
            match woken {
                Woken::Changed => {}
                Woken::LookAgain if status.connection == Connection::Idle && left != Left::Busy => {
                    if session.status().await?.connection == Connection::Idle {
                        return Err(Failure::SessionEnded.into());
                    }
                }
                Woken::LookAgain => {}
                Woken::Interrupted if self.follow => return Ok(()),
                Woken::Interrupted => {
                    return Err(Stop::failed("interrupted", "interrupted before everything was printed", ""));
                }
                Woken::Late => return self.late(session).await,
            }
        }
    }

    /// Without `--follow` and `--count`: what waits, and no more.
    fn is_once(&self) -> bool {
        !self.follow && self.missing.is_none()
    }

    async fn wait(&mut self, session: &mut Session, look_again: Option<Duration>) -> Outcome<Woken> {
        let far = Instant::now() + Duration::from_secs(3600);
        let deadline = self.deadline.unwrap_or(far);
        let look_again = look_again.map_or(far, |bound| Instant::now() + bound);
        loop {
            tokio::select! {
                biased;
                _ = self.interrupted.wait_for(|interrupted| *interrupted) => return Ok(Woken::Interrupted),
                () = sleep_until(deadline) => {
                    return Ok(if self.deadline.is_some() { Woken::Late } else { Woken::LookAgain });
                }
                () = sleep_until(look_again) => return Ok(Woken::LookAgain),
                event = session.event() => match event? {
                    Event::Notice(notice) => note(&sentences::notice(&notice.notice)),
                    Event::Contact { .. } | Event::Transfer(_) | Event::History => {}
                    event => {
                        ended(&event)?;
                        return Ok(Woken::Changed);
                    }
                },
            }
        }
    }

    /// Prints what waits and marks it as printed, alone among the processes of this profile.
    async fn print(&mut self, session: &mut Session) -> Outcome<Left> {
        let Some(_lock) = self.printing_lock()? else { return Ok(Left::Busy) };
        loop {
            if *self.interrupted.borrow() {
                return Ok(Left::Nothing);
            }
            let most = self.missing.map_or(PAGE, |missing| PAGE.min(u32::try_from(missing).unwrap_or(PAGE)));
            let Reply::Messages(messages) = session.ask(Command::Unprinted { most }).await? else {
                return Err(Failure::Internal { reason: "no messages in the answer".into() }.into());
            };
            if messages.is_empty() {
                return Ok(Left::Nothing);
            }
            for chunk in messages.chunks(MARKED_TOGETHER) {
                let mut printed = Vec::with_capacity(chunk.len());
                let mut result = Ok(());
                for message in chunk {
                    let line = MessageLine::from(message);
                    result = self.context.printer.thing(&line, || for_people(message));
                    if result.is_err() {
                        break;
                    }
                    printed.push(message.position);
                }
                let count = printed.len() as u64;
                if count > 0 {
                    super::done(session.ask(Command::MarkPrinted { positions: printed }).await?)?;
                }
                result?;
                if let Some(missing) = &mut self.missing {
                    *missing = missing.saturating_sub(count);
                    if *missing == 0 {
                        return Ok(Left::Enough);
                    }
                }
            }
        }
    }

    fn printing_lock(&self) -> Outcome<Option<File>> {
        let path = self.context.profile.printing_lock();
        let failed = |error: std::io::Error| Stop::file(path.display(), &error);
        let mut options = OpenOptions::new();
        let file = options.write(true).create(true).truncate(false).mode(0o600).open(&path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(file)),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(failed(error)),
        }
    }

    fn tell_connection(&mut self, connection: Connection) {
        match connection {
            Connection::Waiting { .. } if !self.said_offline => {
                self.said_offline = true;
                note("the server cannot be reached; trying again by itself");
            }
            Connection::Open => self.said_offline = false,
            _ => {}
        }
    }

    /// The time is over.
    async fn late(&self, session: &mut Session) -> Outcome {
        if let Some(missing) = self.missing {
            let messages = if missing == 1 { "1 message has".into() } else { format!("{missing} messages have") };
            return Err(Stop::TimedOut(format!("the time is over, and {messages} not come")));
        }
        if self.follow {
            return Ok(());
        }
        Err(Stop::TimedOut(what_is_missing(&session.status().await?)))
    }
}

enum Woken {
    Changed,
    LookAgain,
    Interrupted,
    Late,
}

fn what_is_missing(status: &Status) -> String {
    match status {
        Status { connection: Connection::Open, caught_up: true, joining, .. } if *joining > 0 => format!(
            "the time is over, and {joining} conversations are still being joined; run it again to see the rest"
        ),
        Status { connection: Connection::Open, .. } => {
            "the time is over, and not everything has come from the server; run it again to see the rest".into()
        }
        _ => "the time is over, and the server was not reached; check that it runs, then run it again".into(),
    }
}

/// Becomes true at SIGINT or SIGTERM. Where the end then takes too long, because nobody reads what is printed, the
/// process ends without it.
fn interruptions() -> Outcome<watch::Receiver<bool>> {
    let failed = |error: std::io::Error| Stop::file("signals", &error);
    let mut interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
    let (sender, receiver) = watch::channel(false);
    tokio::spawn(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        sender.send_replace(true);
        tokio::time::sleep(ENDS_WITHIN).await;
        std::process::exit(0);
    });
    Ok(receiver)
}
