//! The way of a command to the engine. One process owns a profile and runs the engine; the others ask through its
//! socket, and when it ends one of them becomes the owner, without its command noticing.

mod doors;
mod given;
mod guest;
mod idle;
mod owner;
mod way;
mod wire;

use std::pin::pin;
use std::time::Duration;

use huis_engine::Config;
use huis_proto::rest::Secret;
use huis_views::{AdministrativeMethod, Command, Connection, Event, Failure, Reply, Status};
use tokio::time::{Instant, sleep, timeout, timeout_at};

use self::given::GivenKey;
use self::guest::{Guest, Lost, is_lock};
use self::idle::Idle;
use self::owner::{Own, find};
pub(crate) use self::way::Way;
use crate::outcome::{Outcome, Stop};
use crate::passwords::of_locked_profile;
use crate::profile::{Lock, Profile, Taken};

/// Somebody owns the profile and answers within this time, or something is wrong.
const OPENS_WITHIN: Duration = Duration::from_secs(20);
/// Between two tries to own the profile or to reach its owner.
const RETRY: Duration = Duration::from_millis(20);
/// The longest wait for an answer: a password stretched on a slow machine, a large group changed over a slow line.
const ANSWERS_WITHIN: Duration = Duration::from_secs(120);
/// What is under way when the profile is being locked may take this long.
const LOCKED_WITHIN: Duration = Duration::from_secs(2);
/// A session that was idle for too long ends in good order within this time, or without.
const ENDS_WITHIN: Duration = Duration::from_secs(5);
/// Its last word takes at most this long.
const SAYS_WITHIN: Duration = Duration::from_secs(1);
/// An engine that has nothing to connect with for this long has no session.
const IDLES: Duration = Duration::from_secs(2);

/// An engine to talk to, in this process or in another one.
pub(crate) struct Session {
    profile: Profile,
    /// None while the way is being found.
    link: Option<Link>,
    /// The database's key, where the profile is locked and this command was given the password.
    key: Option<GivenKey>,
    /// Ends the session where nobody asks for anything.
    idle: Option<Idle>,
}

enum Link {
    Own(Box<Own>),
    Guest(Guest),
}

/// Whether everything that waited at the server is here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum CaughtUp {
    /// It is.
    Yes,
    /// The server cannot be reached.
    Offline,
    /// There is no connection before somebody does something about it.
    Hindered(Failure),
    /// The time was not enough; how it stands.
    Late(Status),
}

impl Session {
    /// The engine of a profile in which somebody is signed in.
    pub(crate) async fn open(profile: &Profile) -> Outcome<Self> {
        Self::open_by(profile, of_locked_profile).await
    }

    /// As [`open`](Self::open); `password` is asked for where the profile is locked. So is a guest's, although the owner
    /// has the key: whoever was not given the password is shown nothing.
    pub(crate) async fn open_by(profile: &Profile, password: impl FnOnce() -> Outcome<Secret>) -> Outcome<Self> {
        let key = GivenKey::ask(profile, password)?;
        let mut session = Self { profile: profile.clone(), link: None, key, idle: None };
        session.link().await?;
        Ok(session)
    }

    /// As [`open`](Self::open), on a locked profile alone, and only as long as somebody asks for something at least every
    /// `after`: then it ends as by `huis lock`, and the key, which was nowhere but in the memory of this process, with it.
    /// Where another process runs the engine this one counts from its own beginning, and ends alone. `command` is the
    /// one that ends.
    pub(crate) async fn open_until_idle(
        command: &'static str,
        profile: &Profile,
        password: impl FnOnce() -> Outcome<Secret>,
        after: Duration,
    ) -> Outcome<Self> {
        if profile.is_in_use() && !profile.is_locked() {
            return Err(Stop::failed(
                "not-locked",
                "the key of this profile lies in a file beside it, so there is nothing to lock after an idle time",
                "`huis lock` first",
            ));
        }
        let key = GivenKey::ask(profile, password)?;
        let idle = Idle::after(after);
        let mut session = Self { profile: profile.clone(), link: None, key, idle: Some(idle.clone()) };
        session.link().await?;
        tokio::spawn(end_when_idle(idle, command));
        Ok(session)
    }

    /// The engine of a fresh profile, for a first sign-in at `server`. A profile whose session has ended may be given
    /// too; what an attempt before this one left half done is removed, unless it may have made an account: then that can be
    /// gone on with. The second value says whether nobody is signed in yet.
    pub(crate) async fn begin(
        profile: &Profile,
        server: &str,
        password: impl FnOnce() -> Outcome<Secret>,
    ) -> Outcome<(Self, bool)> {
        if !profile.is_in_use() {
            return Ok((Self::first(profile, server)?, true));
        }
        let mut session = Self::open_by(profile, password).await?;
        match session.ask(Command::WhoAmI).await {
            Err(Stop::Failed(fault)) if fault.is("not-signed-in") => {
                session.clear().await?;
                Ok((Self::first(profile, server)?, true))
            }
            Err(Stop::Failed(fault)) if fault.may_have_registered_at() == Some(server) => Ok((session, true)),
            Err(stop) => {
                session.close().await;
                Err(stop)
            }
            Ok(_) => Ok((session, false)),
        }
    }

    /// Ends where a first sign-in failed. The device's files are deleted, unless the server may have taken it in: what they
    /// hold is nowhere else.
    pub(crate) async fn give_up(mut self, why: &Stop) -> Outcome {
        let is_blank = match why {
            Stop::TimedOut(_) | Stop::Interrupted(_) => false,
            _ => matches!(self.ask(Command::WhoAmI).await, Err(Stop::Failed(fault)) if fault.is("not-signed-in")),
        };
        if is_blank {
            return self.clear().await;
        }
        self.close().await;
        Ok(())
    }

    fn first(profile: &Profile, server: &str) -> Outcome<Self> {
        profile.create()?;
        let busy = || Stop::failed("busy", format!("another huis uses {}", profile.folder().display()), "try again");
        let Taken::Owned(lock) = profile.lock()? else { return Err(busy()) };
        if profile.is_in_use() {
            return Err(busy());
        }
        // A key without a database is what an attempt left that ended in between.
        profile.clear()?;
        let key = profile.make_database_key()?;
        let config = Config { server: Some(server.into()), ..Config::new(profile.database(), key) };
        let own = Own::start(profile, config, lock, None)?;
        Ok(Self { profile: profile.clone(), link: Some(Link::Own(Box::new(own))), key: None, idle: None })
    }

    /// Asks the engine. Where the owner of the profile ended, this process may become the owner first.
    pub(crate) async fn ask(&mut self, command: Command) -> Outcome<Reply> {
        match timeout(ANSWERS_WITHIN, self.ask_patiently(command)).await {
            Ok(answer) => answer,
            Err(_) => {
                self.forget_questions();
                Err(Stop::TimedOut(format!("no answer within {} s; it may still be done", ANSWERS_WITHIN.as_secs())))
            }
        }
    }

    async fn ask_patiently(&mut self, command: Command) -> Outcome<Reply> {
        loop {
            match self.link().await? {
                Link::Own(own) => {
                    let mut answer = pin!(own.handle.command(command));
                    tokio::select! {
                        answer = &mut answer => return Ok(answer?),
                        () = own.doors.locked() => {}
                    }
                    // What has begun is ended in good order, where that is a matter of moments.
                    return match timeout(LOCKED_WITHIN, answer).await {
                        Ok(answer) => Ok(answer?),
                        Err(_) => Err(Failure::Locked.into()),
                    };
                }
                Link::Guest(guest) => match guest.ask(command.clone()).await {
                    Ok(answer) => return Ok(answer?),
                    Err(lost) => {
                        self.link = None;
                        if lost == Lost::Locked {
                            self.key = None;
                            return Err(Failure::Locked.into());
                        }
                        if lost == Lost::Unknown && !may_repeat(&command) {
                            return Err(Stop::failed(
                                "owner-crashed",
                                "the huis that ran this profile ended before it answered, so that this may or may not be done",
                                "look (`huis conversations`, `huis search`) before you try again",
                            ));
                        }
                    }
                },
            }
        }
    }

    /// The next event. [`Event::Missed`] after the owner of the profile has changed.
    pub(crate) async fn event(&mut self) -> Outcome<Event> {
        let locked = Event::Stopped { failure: Some(Failure::Locked) };
        let idle = self.idle.clone();
        let event = match self.link().await? {
            Link::Own(own) => tokio::select! {
                event = own.events.next() => event,
                event = own.doors.ended() => event,
            },
            Link::Guest(guest) => tokio::select! {
                () = idle::is_over(idle.as_ref()) => locked,
                event = guest.event() => match event {
                    Ok(event) => event,
                    Err(_) => {
                        self.link = None;
                        Event::Missed
                    }
                },
            },
        };
        if is_lock(&event) {
            self.key = None;
        }
        Ok(event)
    }

    /// Waits until everything that waited at the server is here, at most this long.
    pub(crate) async fn catch_up(&mut self, bound: Duration) -> Outcome<CaughtUp> {
        let started = Instant::now();
        let deadline = started + bound;
        loop {
            let status = self.status().await?;
            let next = match status.connection {
                _ if status.caught_up && status.joining == 0 => return Ok(CaughtUp::Yes),
                Connection::Waiting { .. } if status.hindrance.is_some() => {
                    return Ok(status.hindrance.map_or(CaughtUp::Offline, CaughtUp::Hindered));
                }
                Connection::Waiting { .. } => return Ok(CaughtUp::Offline),
                Connection::Idle if started.elapsed() >= IDLES => return Err(Failure::SessionEnded.into()),
                Connection::Idle => deadline.min(started + IDLES),
                _ => deadline,
            };
            match timeout_at(next, self.event()).await {
                Ok(event) => ended(&event?)?,
                Err(_) if Instant::now() >= deadline => return Ok(CaughtUp::Late(status)),
                Err(_) => {}
            }
        }
    }

    /// How the engine is doing.
    pub(crate) async fn status(&mut self) -> Outcome<Status> {
        match self.ask(Command::Status).await? {
            Reply::Status(status) => Ok(status),
            other => Err(Stop::unexpected(&other)),
        }
    }

    /// After a question that was given up before it was answered.
    pub(crate) fn forget_questions(&mut self) {
        // The answer would come in place of the next one.
        if matches!(self.link, Some(Link::Guest(_))) {
            self.link = None;
        }
    }

    /// Ends: whatever is stored stays, and whoever waits may own the profile.
    pub(crate) async fn close(self) {
        if let Some(Link::Own(own)) = self.link {
            own.stop().await;
        }
    }

    /// Drops the events that came before now.
    pub(crate) fn forget_events(&mut self) {
        match &mut self.link {
            Some(Link::Own(own)) => own.events = own.handle.subscribe(),
            Some(Link::Guest(guest)) => guest.forget_events(),
            None => {}
        }
    }

    /// Puts the key of a locked profile under another password.
    pub(crate) fn lock_anew(&self, password: &Secret) -> Outcome {
        self.key.as_ref().map_or(Ok(()), |key| self.profile.lock_key_anew(key.expose(), password))
    }

    /// Ends and deletes the device's files.
    pub(crate) async fn clear(self) -> Outcome {
        let lock = match self.link {
            Some(Link::Own(own)) => own.stop().await,
            _ => match comes_free(&self.profile, false).await? {
                Some(lock) => lock,
                None => return Ok(()),
            },
        };
        self.profile.clear()?;
        self.profile.remove(lock)
    }

    /// Ends whatever runs on a profile, and holds it: no engine runs while the lock is there.
    pub(crate) async fn take_over(profile: &Profile) -> Outcome<Lock> {
        comes_free(profile, true).await?.ok_or_else(|| owner::nobody(profile))
    }

    async fn link(&mut self) -> Outcome<&mut Link> {
        let link = match self.link.take() {
            Some(link) => link,
            None => find(&self.profile, self.key.as_ref(), self.idle.as_ref()).await?,
        };
        Ok(self.link.insert(link))
    }
}

/// Ends this process when nobody has asked for anything for long and it has not ended by itself: because nobody reads what
/// it prints. What is not closed is as after a crash, and the key is gone.
async fn end_when_idle(idle: Idle, command: &'static str) {
    idle.is_over().await;
    sleep(ENDS_WITHIN).await;
    if let Some(line) = Stop::from(Failure::Locked).line(command) {
        // Nobody may read this either.
        let _ = timeout(SAYS_WITHIN, tokio::task::spawn_blocking(move || eprintln!("{line}"))).await;
    }
    std::process::exit(1);
}

/// Waits until nobody owns the profile, and owns it; none if there is no such profile. `ending`: whoever owns it
/// meanwhile is told to end.
async fn comes_free(profile: &Profile, ending: bool) -> Outcome<Option<Lock>> {
    let deadline = Instant::now() + OPENS_WITHIN;
    loop {
        let owner = match profile.lock()? {
            Taken::Owned(lock) => return Ok(Some(lock)),
            Taken::NoFolder => return Ok(None),
            Taken::ByAnother(owner) => owner,
        };
        if Instant::now() >= deadline {
            return Err(Stop::failed(
                "busy",
                format!("another huis still uses {}", profile.folder().display()),
                "end it, then try again",
            ));
        }
        if let Some(owner) = owner.filter(|_| ending) {
            owner::lock_out(&owner).await;
        }
        sleep(RETRY).await;
    }
}

/// An event after which nothing else comes is an end.
pub(crate) fn ended(event: &Event) -> Outcome {
    match event {
        Event::SessionEnded => Err(Failure::SessionEnded.into()),
        Event::Stopped { failure } => Err(failure.clone().unwrap_or(Failure::Stopped).into()),
        _ => Ok(()),
    }
}

/// Whether asking twice is the same as asking once.
fn may_repeat(command: &Command) -> bool {
    use Command::{
        Administrate, Attend, Card, CheckPassword, Contact, Conversation, Conversations, Devices, EndHistory,
        FetchFile, Files, History, Invitations, MarkPrinted, MarkRead, Members, Message, Messages, MessagesAfter,
        Notices, PinnedMessages, Preferences, Receipts, RecoveryKeyShown, Requests, Rooms, Search, SetArchived,
        SetCard, SetDraft, SetFavourite, SetNotifications, SetPreferences, SetVerified, Status, Transfers, Typing,
        Unprinted, WhoAmI,
    };
    matches!(
        command,
        Administrate { method: AdministrativeMethod::Get, .. }
            | Attend
            | Card
            | CheckPassword { .. }
            | Contact { .. }
            | Conversation { .. }
            | Conversations
            | Devices
            | EndHistory
            | FetchFile(_)
            | Files { .. }
            | History
            | Transfers
            | Invitations
            | MarkPrinted { .. }
            | MarkRead { .. }
            | Members { .. }
            | Message { .. }
            | Messages { .. }
            | MessagesAfter { .. }
            | Notices { .. }
            | PinnedMessages { .. }
            | Preferences
            | Receipts { .. }
            | RecoveryKeyShown { .. }
            | Requests
            | Rooms
            | Search { .. }
            | SetArchived { .. }
            | SetCard(_)
            | SetDraft { .. }
            | SetFavourite { .. }
            | SetNotifications { .. }
            | SetPreferences(_)
            | SetVerified { .. }
            | Status
            | Typing { .. }
            | Unprinted { .. }
            | WhoAmI
    )
}
