//! `huis chat`.

mod gate;
mod port;

use std::io::IsTerminal;
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use clap::{Args, ValueEnum};
use futures_util::future::BoxFuture;
use huis_texts::{Language, Texts};
use huis_tui::{App, Depth, End, Entry, Ground, Pictures, Screen, Settings, Theme, Why, Zone};
use huis_views::{Command, Failure, Profile, Reply};
use tokio::signal::unix::{SignalKind, signal};

use self::gate::Gate;
use self::port::WayPort;
use super::Context;
use crate::outcome::{Outcome, Stop};
use crate::session::{Session, Way};

/// Where a server most likely is for whoever tries Huis out.
const NEAREST_SERVER: &str = "http://127.0.0.1:8080";

/// Chat, on the whole screen of the terminal
///
/// On a fresh device it begins with a new account or a sign-in. /help shows all commands and keys; a plain `exit` ends it.
#[derive(Debug, Args)]
pub(crate) struct Chat {
    /// The server that is offered to a newcomer [default: http://127.0.0.1:8080]
    #[arg(long, value_name = "URL", env = "HUIS_SERVER", value_parser = huis_texts::server_address)]
    server: Option<String>,

    /// The language [default: HUIS_LANG, or that of the locale]
    #[arg(long, value_name = "LANGUAGE", value_parser = language)]
    lang: Option<Language>,

    /// The colours; `auto` follows the terminal, `16` uses its own sixteen alone
    #[arg(long, value_name = "THEME", default_value = "auto")]
    theme: Colours,

    /// Small pictures of what is sent, in half blocks; `auto` where the terminal is known to show all colours, `blocks` on
    /// any with colours
    #[arg(long, value_name = "PICTURES", default_value = "auto")]
    pictures: PicturesIn,

    /// Whether the bell rings for what calls you
    #[arg(long, value_name = "ON|OFF", default_value = "on")]
    bell: Switch,

    /// Whether the terminal shows a notification for what calls you
    #[arg(long, value_name = "ON|OFF", default_value = "off")]
    notify: Switch,

    /// The folder in which files are saved, unless /save names another one [default: where the chat was started]
    #[arg(long, value_name = "FOLDER", value_hint = clap::ValueHint::DirPath)]
    save_in: Option<PathBuf>,

    /// Lock the device after so many minutes without a key; it must be under its password (`huis lock`, or /lock in the
    /// chat)
    #[arg(long, value_name = "MINUTES", value_parser = clap::value_parser!(u32).range(1..=1440))]
    lock_after: Option<u32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Colours {
    Auto,
    Light,
    Dark,
    #[value(name = "16")]
    Sixteen,
    None,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum PicturesIn {
    Auto,
    Blocks,
    Off,
}

impl From<PicturesIn> for Pictures {
    fn from(pictures: PicturesIn) -> Self {
        match pictures {
            PicturesIn::Auto => Self::Auto,
            PicturesIn::Blocks => Self::Blocks,
            PicturesIn::Off => Self::Off,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Switch {
    On,
    Off,
}

/// What comes next on the screen.
enum Next {
    /// Somebody is to come in; the engine, where one runs.
    Entry(Why, Option<Box<Session>>),
    /// Somebody is in.
    Chat(Box<Session>),
}

impl Chat {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        let variable = |name: &str| std::env::var(name).ok();
        let language = Language::chosen(self.lang, variable);
        if !std::io::stdin().is_terminal() || !std::io::stdout().is_terminal() {
            return Err(Stop::Usage(Texts::of(language).text("chat-no-terminal")));
        }
        let folder = self.folder()?;
        let profile = &context.profile;
        let is_locked = profile.is_in_use() && profile.is_locked();
        if self.lock_after.is_some() && profile.is_in_use() && !is_locked {
            return Err(Stop::Usage(Texts::of(language).text("chat-lock-needs-password")));
        }
        // What cannot be opened is said before the screen is taken.
        let first = if is_locked {
            Next::Entry(Why::Locked, None)
        } else if profile.is_in_use() {
            self.begin(Session::open(profile).await?).await?
        } else {
            Next::Entry(self.first(), None)
        };
        let settings = Settings {
            theme: self.theme(variable),
            pictures: self.pictures.into(),
            bell: self.bell == Switch::On,
            notify: self.notify == Switch::On,
            lock_after_ms: self.lock_after.map(|minutes| u64::from(minutes) * 60_000),
        };
        let mut stop = stopped().map_err(|error| Stop::file("the signals", &error))?;
        let mut screen = Screen::take(Texts::of(language).text("chat-panicked")).map_err(no_terminal)?;
        let mut next = Some(first);
        while let Some(step) = next {
            next = match step {
                Next::Entry(why, session) => {
                    let size = screen.size().map_err(no_terminal)?;
                    let mut entry = Entry::new(Texts::of(language), settings.theme, why, size, now_ms());
                    pass(context, &mut entry, session, &mut screen, &mut stop).await?
                }
                Next::Chat(session) => {
                    let size = screen.size().map_err(no_terminal)?;
                    let mut app = App::new(Texts::of(language), Zone::system(), settings, size, now_ms());
                    if let Some(folder) = &folder {
                        app.saves_in(folder.clone());
                    }
                    chat(context, &mut app, *session, &mut screen, &mut stop).await?
                }
            };
        }
        Ok(())
    }

    /// Where files are saved: the whole path, for the engine may run in another process, which was started elsewhere. None
    /// where none is named and the chat was started in one that is gone, or whose path is no text: /save then needs one.
    fn folder(&self) -> Outcome<Option<String>> {
        let Some(named) = &self.save_in else {
            let here = std::env::current_dir().and_then(std::fs::canonicalize);
            return Ok(here.ok().and_then(|folder| folder.into_os_string().into_string().ok()));
        };
        let unusable = |error: std::io::Error| Stop::file(format!("--save-in {}", named.display()), &error);
        let folder = std::fs::canonicalize(named).map_err(unusable)?;
        if !folder.is_dir() {
            return Err(unusable(std::io::ErrorKind::NotADirectory.into()));
        }
        let folder = folder
            .into_os_string()
            .into_string()
            .map_err(|_| Stop::failed("invalid", "the path of --save-in is no text in UTF-8", "name another folder"))?;
        Ok(Some(folder))
    }

    /// Where somebody stands whose profile is open.
    async fn begin(&self, mut session: Session) -> Outcome<Next> {
        match session.ask(Command::WhoAmI).await {
            Ok(_) => Ok(Next::Chat(Box::new(session))),
            // What an attempt left half done.
            Err(Stop::Failed(fault)) if fault.is("not-signed-in") => {
                session.close().await;
                Ok(Next::Entry(self.first(), None))
            }
            Err(stop) => {
                session.close().await;
                if let Stop::Failed(fault) = &stop
                    && let Some(server) = fault.may_have_registered_at()
                {
                    // Who asks for the same account once more goes on with it.
                    return Ok(Next::Entry(Why::First { server: server.into() }, None));
                }
                Err(stop)
            }
        }
    }

    fn first(&self) -> Why {
        Why::First { server: self.server.clone().unwrap_or_else(|| NEAREST_SERVER.into()) }
    }

    fn theme(&self, variable: impl Fn(&str) -> Option<String>) -> Theme {
        let found = Theme::from_environment(variable);
        match self.theme {
            Colours::Auto => found,
            Colours::Light => Theme { ground: Ground::Light, is_fixed: true, ..found },
            Colours::Dark => Theme { ground: Ground::Dark, is_fixed: true, ..found },
            Colours::Sixteen => Theme { depth: Depth::Sixteen, ..found },
            Colours::None => Theme { depth: Depth::None, ..found },
        }
    }
}

/// Lets somebody in.
async fn pass(
    context: &Context,
    entry: &mut Entry,
    session: Option<Box<Session>>,
    screen: &mut Screen,
    stop: &mut BoxFuture<'static, ()>,
) -> Outcome<Option<Next>> {
    let mut gate = Gate::new(context.profile.clone(), session.map(|session| *session));
    let is_in = match huis_tui::enter(entry, screen, &mut gate, stop).await {
        Ok(is_in) => is_in,
        Err(error) => {
            gate.close().await;
            return Err(no_terminal(error));
        }
    };
    if !is_in {
        gate.close().await;
        return Ok(None);
    }
    Ok(Some(match gate.into_session().await {
        Some(session) => Next::Chat(Box::new(session)),
        // It has just been locked.
        None => Next::Entry(Why::Locked, None),
    }))
}

/// Shows the chat, and says what comes after it.
async fn chat(
    context: &Context,
    app: &mut App,
    session: Session,
    screen: &mut Screen,
    stop: &mut BoxFuture<'static, ()>,
) -> Outcome<Option<Next>> {
    let mut port = WayPort(Way::from(session).await?);
    let end = huis_tui::run(app, screen, &mut port, stop).await;
    let mut session = port.0.into_session().await?;
    match end {
        Ok(End::SessionEnded) => {
            if let Ok(Reply::Profile(Profile { server, username, .. })) = session.ask(Command::WhoAmI).await {
                return Ok(Some(Next::Entry(Why::SessionEnded { server, username }, Some(Box::new(session)))));
            }
            // Signed out by another process, which empties the profile.
            session.close().await;
            Err(Failure::NotSignedIn.into())
        }
        Ok(End::Lock) if !context.profile.is_locked() => Ok(Some(Next::Entry(Why::Lock, Some(Box::new(session))))),
        Ok(End::Lock | End::Stopped(Some(Failure::Locked))) => {
            session.close().await;
            Ok(Some(Next::Entry(Why::Locked, None)))
        }
        Ok(End::Quit) => {
            session.close().await;
            Ok(None)
        }
        Ok(End::Stopped(failure)) => {
            session.close().await;
            Err(failure.unwrap_or(Failure::Stopped).into())
        }
        Err(error) => {
            session.close().await;
            Err(no_terminal(error))
        }
    }
}

/// Resolves when the process is asked to end from outside.
fn stopped() -> std::io::Result<BoxFuture<'static, ()>> {
    let mut signals = Vec::new();
    for kind in [SignalKind::terminate(), SignalKind::hangup(), SignalKind::interrupt()] {
        signals.push(signal(kind)?);
    }
    Ok(Box::pin(async move {
        let each = signals.iter_mut().map(|signal| Box::pin(async move { signal.recv().await }));
        futures_util::future::select_all(each).await;
    }))
}

fn no_terminal(error: std::io::Error) -> Stop {
    Stop::file("the terminal", &error)
}

fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

fn language(text: &str) -> Result<Language, &'static str> {
    match text {
        "en" => Ok(Language::English),
        "fr" => Ok(Language::French),
        _ => Err("the languages are en and fr"),
    }
}
