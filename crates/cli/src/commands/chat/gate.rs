//! How somebody comes in: the engine's side of the screens before the chat.

use huis_proto::rest::Secret;
use huis_tui::{Entered, Entering, EntryEffect, EntryPort};
use huis_views::{Command, Failure, Reply};

use crate::outcome::{Outcome, Stop};
use crate::profile::Profile;
use crate::session::Session;

/// A profile at whose door somebody stands.
pub(super) struct Gate {
    profile: Profile,
    /// The engine, where one runs: of a device whose session ended, or that is to be locked.
    session: Option<Session>,
    /// The recovery key that the screen was given to show.
    shows: Option<Secret>,
}

impl Gate {
    pub(super) fn new(profile: Profile, session: Option<Session>) -> Self {
        Self { profile, session, shows: None }
    }

    /// The engine, once somebody is in, who has seen what the screen had to show.
    pub(super) async fn into_session(self) -> Option<Session> {
        let mut session = self.session?;
        if let Some(recovery_key) = self.shows {
            // Where that fails, `huis register` shows it once more.
            let _ = session.ask(Command::RecoveryKeyShown { recovery_key }).await;
        }
        Some(session)
    }

    /// Closes the engine, where one runs.
    pub(super) async fn close(self) {
        if let Some(session) = self.session {
            session.close().await;
        }
    }

    async fn does(&mut self, effect: EntryEffect) -> Result<Entered, Failure> {
        let done = match effect {
            EntryEffect::Enter { server, command } => self.enter(&server, *command).await,
            EntryEffect::Unlock(password) => self.unlock(password).await,
            EntryEffect::Lock(password) => self.lock(password).await,
            // The screen does these by itself.
            EntryEffect::Repaint | EntryEffect::Done | EntryEffect::Quit => Ok(Entered::In),
        };
        done.map_err(Stop::into_failure)
    }

    /// Signs in, in a profile that is made for it where there is none. What a failed attempt made is removed again.
    async fn enter(&mut self, server: &str, command: Command) -> Outcome<Entered> {
        let (mut session, fresh) = match self.session.take() {
            Some(session) => (session, false),
            None => Session::begin(&self.profile, server, || Err(Failure::Locked.into())).await?,
        };
        match session.ask(command).await {
            Ok(reply) => {
                // That the session before had ended was told meanwhile.
                session.forget_events();
                self.session = Some(session);
                if let Reply::Registered { recovery_key, .. } = &reply {
                    self.shows = Some(recovery_key.clone());
                }
                entered(reply, &self.profile)
            }
            Err(stop) => {
                if fresh {
                    session.give_up(&stop).await?;
                } else {
                    self.session = Some(session);
                }
                Err(stop)
            }
        }
    }

    async fn unlock(&mut self, password: Secret) -> Outcome<Entered> {
        self.session = Some(Session::open_by(&self.profile, || Ok(password)).await?);
        Ok(Entered::In)
    }

    /// As `huis lock`: whatever runs on the profile ends, and its key is sealed under the password.
    async fn lock(&mut self, password: Secret) -> Outcome<Entered> {
        if let Some(session) = &mut self.session {
            let check = Command::CheckPassword { password: password.clone() };
            // Whoever locks wants the key away now, whatever else the server has to say.
            if let Err(Stop::Failed(fault)) = session.ask(check).await
                && fault.is("wrong-password")
            {
                return Err(Stop::Failed(fault));
            }
        }
        if let Some(session) = self.session.take() {
            session.close().await;
        }
        let held = Session::take_over(&self.profile).await?;
        self.profile.lock_key(&held, &password)?;
        Ok(Entered::In)
    }
}

impl EntryPort for Gate {
    fn enter(&mut self, effect: EntryEffect) -> Entering<'_> {
        Box::pin(self.does(effect))
    }
}

fn entered(reply: Reply, profile: &Profile) -> Outcome<Entered> {
    match reply {
        Reply::Registered { recovery_key, .. } => {
            let fingerprint = std::fs::read_to_string(profile.pin()).ok().map(|pin| pin.trim().to_owned());
            Ok(Entered::Registered { recovery_key, fingerprint: fingerprint.filter(|pin| !pin.is_empty()) })
        }
        Reply::SignedIn { .. } => Ok(Entered::In),
        other => Err(Stop::unexpected(&other)),
    }
}
