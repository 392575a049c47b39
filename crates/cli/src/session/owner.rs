//! Becoming the process that owns a profile, and ceasing to be it.

use std::time::Duration;

use huis_engine::{Config, DatabaseKey, Events, Handle, StartError, native};
use huis_views::{Command, Failure};
use tokio::time::{Instant, sleep, timeout};

use super::doors::Doors;
use super::given::GivenKey;
use super::guest::{Guest, TurnedAway};
use super::idle::Idle;
use super::{Link, OPENS_WITHIN, RETRY};
use crate::beacon;
use crate::outcome::{Outcome, Stop};
use crate::profile::{Lock, Owner, Profile, Taken};

/// The engine closes its database within this time; what is not closed is as after a crash.
const LOCKS_WITHIN: Duration = Duration::from_secs(8);

/// The engine in this process, and the doors for others.
pub(super) struct Own {
    pub(super) handle: Handle,
    pub(super) events: Events,
    pub(super) doors: Doors,
    lock: Lock,
    thread: native::Thread,
}

impl Own {
    pub(super) fn start(profile: &Profile, mut config: Config, mut lock: Lock, idle: Option<Idle>) -> Outcome<Self> {
        config.beacon = beacon::set_here()?;
        let (handle, events, thread) =
            native::start(config, profile.pin()).map_err(|error| not_started(profile, error))?;
        let announced = Doors::open(profile, handle.clone(), idle).and_then(|doors| {
            lock.announce(&Owner { pid: std::process::id(), socket: doors.socket().into() })?;
            Ok(doors)
        });
        match announced {
            Ok(doors) => Ok(Self { handle, events, doors, lock, thread }),
            Err(error) => {
                // Without a handle the engine ends.
                drop(handle);
                thread.join();
                Err(Stop::file("the socket for other commands on this profile", &error))
            }
        }
    }

    /// Lets guests end what they began, closes the database, and gives the lock back.
    pub(super) async fn stop(self) -> Lock {
        self.doors.close().await;
        let Self { handle, thread, .. } = self;
        let locked = timeout(LOCKS_WITHIN, handle.command(Command::Lock)).await;
        let ended = timeout(LOCKS_WITHIN, tokio::task::spawn_blocking(move || thread.join())).await;
        if locked.is_err() || ended.is_err() {
            tracing::warn!("the engine did not close in time");
        }
        self.lock
    }
}

/// Becomes the owner, or reaches it. The two may change places meanwhile, so both are tried in turn.
///
/// # Errors
/// [`Failure::Locked`] where this process would have to open a locked profile without its `key`: it was locked after
/// this process began.
pub(super) async fn find(profile: &Profile, key: Option<&GivenKey>, idle: Option<&Idle>) -> Outcome<Link> {
    let deadline = Instant::now() + OPENS_WITHIN;
    loop {
        // Before the lock, which would leave a file in a folder that is no profile.
        if !profile.is_in_use() {
            return Err(nobody(profile));
        }
        let owner = match profile.lock()? {
            Taken::Owned(_) if !profile.is_in_use() => return Err(nobody(profile)),
            Taken::NoFolder => return Err(nobody(profile)),
            Taken::Owned(lock) => {
                let config = Config::new(profile.database(), key_of(profile, key)?);
                return Ok(Link::Own(Box::new(Own::start(profile, config, lock, idle.cloned())?)));
            }
            Taken::ByAnother(owner) => owner,
        };
        let turned_away = match &owner {
            Some(owner) => match Guest::connect(&owner.socket).await {
                Ok(guest) => return Ok(Link::Guest(guest)),
                Err(turned_away) => turned_away,
            },
            None => TurnedAway::Nobody,
        };
        let process = owner.map_or_else(String::new, |owner| format!(" (process {})", owner.pid));
        if let TurnedAway::OtherVersion(version) = turned_away {
            return Err(Stop::failed(
                "other-version",
                format!("huis {version} runs this profile{process}, and this is another version"),
                "end it first",
            ));
        }
        if Instant::now() >= deadline {
            let why = match turned_away {
                TurnedAway::Full => "serves too many commands already",
                _ => "does not answer",
            };
            return Err(Stop::failed(
                "busy",
                format!("another huis runs this profile{process} and {why}"),
                "try again, or end it",
            ));
        }
        sleep(RETRY).await;
    }
}

fn key_of(profile: &Profile, given: Option<&GivenKey>) -> Outcome<DatabaseKey> {
    match given {
        Some(given) => given.open(profile),
        None if profile.is_locked() => Err(Failure::Locked.into()),
        None => profile.database_key(),
    }
}

/// Tells the owner of a profile that it is being locked: it ends its engine, and what it was doing.
pub(super) async fn lock_out(owner: &Owner) {
    if let Ok(mut guest) = Guest::connect(&owner.socket).await {
        // Whether it has heard it shows when the profile comes free.
        let _ = timeout(LOCKS_WITHIN, guest.ask(Command::Lock)).await;
    }
}

pub(super) fn nobody(profile: &Profile) -> Stop {
    Stop::failed(
        "not-signed-in",
        format!("nobody is signed in in {}", profile.folder().display()),
        "`huis register` or `huis login` first, or give another --profile",
    )
}

fn not_started(profile: &Profile, error: StartError) -> Stop {
    let at = profile.folder().display();
    match error {
        StartError::NewerSchema { .. } => {
            Stop::failed("newer-profile", format!("{at}: {error}"), "use the newer huis that wrote it")
        }
        StartError::WrongKey => Stop::failed(
            "key",
            format!("the key in {at} does not open the database beside it"),
            "restore both from the same backup, or log in again with another --profile",
        ),
        other => Stop::failed("start", format!("{at}: {other}"), "check the disk and the folder's permissions"),
    }
}
