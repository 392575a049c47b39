//! A session for a face that does several things at a time: many questions are under way at once, and events come
//! beside them. Whoever owns the profile may end and another may follow; the face notices nothing but
//! [`Event::Missed`].

use std::path::PathBuf;
use std::sync::Arc;

use huis_engine::Handle;
use huis_views::{Command, Connection, Event, Failure, Reply};
use tokio::sync::{Semaphore, mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use super::guest::{Guest, Lost};
use super::{ANSWERS_WITHIN, IDLES, Link, RETRY, Session, may_repeat};
use crate::outcome::{Outcome, Stop};

/// Questions of one face that are under way at the owner of the profile; more wait here.
const AT_ONCE: usize = 8;
/// Events that may wait for the face; the engine keeps those behind them, or says that some were missed.
const EVENTS: usize = 256;

/// A session with its events.
pub(crate) struct Way {
    asker: Asker,
    events: mpsc::Receiver<Event>,
    ending: oneshot::Sender<()>,
    keeper: JoinHandle<Session>,
}

/// Takes questions. May be cloned; several may be under way.
#[derive(Clone)]
pub(crate) struct Asker {
    link: watch::Receiver<Option<Reach>>,
    turns: Arc<Semaphore>,
}

/// How the engine is reached.
#[derive(Clone)]
enum Reach {
    /// It runs in this process.
    Own(Handle),
    /// Its owner listens there. Each question has a connection of its own, which takes a moment and holds nothing up.
    Guest(PathBuf),
}

impl Way {
    /// Goes on from a session.
    ///
    /// # Errors
    /// As [`Session::open`].
    pub(crate) async fn from(mut session: Session) -> Outcome<Self> {
        let (said, link) = watch::channel(Some(session.reach().await?));
        let (to_face, events) = mpsc::channel(EVENTS);
        let (ending, end) = oneshot::channel();
        let asker = Asker { link, turns: Arc::new(Semaphore::new(AT_ONCE)) };
        tokio::spawn(tell_if_ended(asker.clone(), to_face.clone()));
        let keeper = tokio::spawn(keep(session, said, to_face, end));
        Ok(Self { asker, events, ending, keeper })
    }

    pub(crate) fn asker(&self) -> &Asker {
        &self.asker
    }

    /// The next event. A future that is dropped loses none.
    pub(crate) async fn event(&mut self) -> Event {
        self.events.recv().await.unwrap_or(Event::Stopped { failure: None })
    }

    /// Back to a session that does one thing at a time.
    pub(crate) async fn into_session(self) -> Outcome<Session> {
        // Whoever keeps it may have ended already.
        let _ = self.ending.send(());
        drop(self.events);
        self.keeper.await.map_err(|_| Failure::Stopped.into())
    }
}

/// A session that ended before this process began has no event that says so.
async fn tell_if_ended(asker: Asker, to_face: mpsc::Sender<Event>) {
    sleep(IDLES).await;
    if let Ok(Reply::Status(status)) = asker.ask(Command::Status).await
        && status.connection == Connection::Idle
    {
        // Whoever listened may be gone.
        let _ = to_face.send(Event::SessionEnded).await;
    }
}

/// Passes events on, and finds the owner of the profile anew when it has ended.
async fn keep(
    mut session: Session,
    link: watch::Sender<Option<Reach>>,
    to_face: mpsc::Sender<Event>,
    mut end: oneshot::Receiver<()>,
) -> Session {
    loop {
        let next = tokio::select! {
            _ = &mut end => return session,
            next = next(&mut session, &link) => next,
        };
        let is_last = matches!(next, Event::Stopped { .. } | Event::SessionEnded);
        let passed = tokio::select! {
            _ = &mut end => return session,
            passed = to_face.send(next) => passed,
        };
        if is_last || passed.is_err() {
            // The face decides what comes then.
            let _ = end.await;
            return session;
        }
    }
}

async fn next(session: &mut Session, link: &watch::Sender<Option<Reach>>) -> Event {
    let ended = |stop: Stop| Event::Stopped { failure: Some(stop.into_failure()) };
    if link.borrow().is_none() {
        match session.reach().await {
            Ok(reach) => link.send_replace(Some(reach)),
            Err(stop) => return ended(stop),
        };
        // What happened while nobody was reached.
        return Event::Missed;
    }
    match session.event().await {
        Ok(event) => {
            if session.link.is_none() {
                link.send_replace(None);
            }
            event
        }
        Err(stop) => ended(stop),
    }
}

impl Session {
    async fn reach(&mut self) -> Outcome<Reach> {
        Ok(match self.link().await? {
            Link::Own(own) => Reach::Own(own.handle.clone()),
            Link::Guest(guest) => Reach::Guest(guest.socket().to_owned()),
        })
    }
}

impl Asker {
    /// Asks the engine. What was begun goes on also where the future is dropped.
    pub(crate) async fn ask(self, command: Command) -> Result<Reply, Failure> {
        let _turn = self.turns.acquire().await.map_err(|_| Failure::Stopped)?;
        match timeout(ANSWERS_WITHIN, ask(self.link.clone(), command)).await {
            Ok(answer) => answer,
            Err(_) => Err(Failure::Offline { reason: "timed out".into() }),
        }
    }
}

async fn ask(mut link: watch::Receiver<Option<Reach>>, command: Command) -> Result<Reply, Failure> {
    loop {
        let reach = link.wait_for(Option::is_some).await.map_err(|_| Failure::Stopped)?.clone();
        let socket = match reach {
            Some(Reach::Own(handle)) => return handle.command(command).await,
            Some(Reach::Guest(socket)) => socket,
            None => continue,
        };
        if let Ok(mut guest) = Guest::connect(&socket).await {
            match guest.ask(command.clone()).await {
                Ok(answer) => return answer,
                Err(Lost::Unknown) if !may_repeat(&command) => {
                    let reason = "the huis that ran this profile ended before it answered".into();
                    return Err(Failure::Internal { reason });
                }
                Err(_) => {}
            }
        }
        // The owner is ending, or full; who follows it is found elsewhere.
        tokio::select! {
            changed = link.changed() => changed.map_err(|_| Failure::Stopped)?,
            () = sleep(RETRY) => {}
        }
    }
}
