//! What the page shows: one signal for each thing. It holds no truth; what the engine says changed is read again.

mod acting;
mod dirty;
mod events;
mod going;
mod reading;
mod shelf;

use huis_proto::{ConversationId, MessageId};
use huis_texts::Language;
use huis_views::{Connection, ConversationView, Failure, FromWorker, Profile, Standing, Status};
use leptos::task::spawn_local;

use crate::composer::Composer;
use crate::dialogs::{Confirm, Overlay};
use crate::signals::{RwSignal, StoredValue};
use crate::timeline::Talk;
use crate::{dates, notify, page, picture, port, say, texts};

pub(crate) use acting::annotate;
pub(crate) use reading::Read;
pub(crate) use shelf::Shelf;

/// Where the page keeps the chosen language; `boot.js` looks there.
const LANGUAGE: &str = "huis-language";
/// Where the page keeps the chosen theme.
const THEME: &str = "huis-theme";

/// Who is signed in here, as far as is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Gate {
    /// It is being asked.
    Unknown,
    /// Nobody; a registration may have been cut off.
    Nobody { cut_off: Option<String> },
    /// Somebody.
    In,
}

/// The pane that is shown where there is room for one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd)]
pub(crate) enum Pane {
    List,
    Talk,
    Details,
}

/// Light or dark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Theme {
    System,
    Light,
    Dark,
}

/// A line that goes away by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Toast {
    pub(crate) text: String,
    pub(crate) is_failure: bool,
    number: u32,
}

/// The state of the page. It is copied freely: what it holds are signals.
#[derive(Clone, Copy)]
pub(crate) struct App {
    pub(crate) standing: RwSignal<Standing>,
    pub(crate) gate: RwSignal<Gate>,
    pub(crate) me: RwSignal<Option<Profile>>,
    pub(crate) recovery_key: RwSignal<Option<String>>,
    pub(crate) session_ended: RwSignal<bool>,
    pub(crate) stopped: RwSignal<Option<Option<Failure>>>,
    pub(crate) status: RwSignal<Option<Status>>,
    pub(crate) connection: RwSignal<Connection>,
    /// A moment of today: it changes with the day, and with it what is called today.
    pub(crate) today_ms: RwSignal<u64>,
    /// The time, as it is needed for what is shown: it changes each half minute.
    pub(crate) now_ms: RwSignal<u64>,
    pub(crate) language: RwSignal<Language>,
    pub(crate) theme: RwSignal<Theme>,
    /// Whether a finger points.
    pub(crate) is_touched: bool,
    pub(crate) shelf: Shelf,
    pub(crate) talk: Talk,
    pub(crate) composer: Composer,
    pub(crate) pane: RwSignal<Pane>,
    pub(crate) has_details: RwSignal<bool>,
    pub(crate) overlay: RwSignal<Option<Overlay>>,
    pub(crate) confirm: RwSignal<Option<Confirm>>,
    pub(crate) settings_part: RwSignal<crate::settings::Part>,
    pub(crate) toast: RwSignal<Option<Toast>>,
    /// What a screen reader says next.
    pub(crate) spoken: RwSignal<String>,
    /// Of which message that is.
    pub(crate) spoken_of: StoredValue<Option<MessageId>>,
    /// Whether another version of the app waits to be loaded.
    pub(crate) has_update: RwSignal<bool>,
    /// Changes when what the details show may have changed.
    pub(crate) details_changed: RwSignal<u32>,
    /// Changes while the locks are shown, when one of them may have.
    pub(crate) locks_changed: RwSignal<u32>,
    /// What a notification led to, until it is there.
    wanted: StoredValue<Option<ConversationId>>,
    /// When somebody last did something here, in milliseconds since 1970.
    active_ms: StoredValue<u64>,
    reads: StoredValue<reading::Reads>,
    dirty: StoredValue<dirty::Dirty>,
}

impl App {
    /// A page that knows nothing yet, and speaks this language.
    pub(crate) fn new(language: Language) -> Self {
        let theme = match page::kept(THEME).as_deref() {
            Some("light") => Theme::Light,
            Some("dark") => Theme::Dark,
            _ => Theme::System,
        };
        Self {
            standing: RwSignal::new(Standing::Opening),
            gate: RwSignal::new(Gate::Unknown),
            me: RwSignal::new(None),
            recovery_key: RwSignal::new(None),
            session_ended: RwSignal::new(false),
            stopped: RwSignal::new(None),
            status: RwSignal::new(None),
            connection: RwSignal::new(Connection::Connecting),
            today_ms: RwSignal::new(dates::now_ms()),
            now_ms: RwSignal::new(dates::now_ms()),
            language: RwSignal::new(language),
            theme: RwSignal::new(theme),
            is_touched: page::is_touched(),
            shelf: Shelf::new(),
            talk: Talk::new(),
            composer: Composer::new(),
            pane: RwSignal::new(Pane::List),
            has_details: RwSignal::new(false),
            overlay: RwSignal::new(None),
            confirm: RwSignal::new(None),
            settings_part: RwSignal::new(crate::settings::Part::Profile),
            toast: RwSignal::new(None),
            spoken: RwSignal::new(String::new()),
            spoken_of: StoredValue::new(None),
            has_update: RwSignal::new(false),
            details_changed: RwSignal::new(0),
            locks_changed: RwSignal::new(0),
            wanted: StoredValue::new(page::take_from_hash("open").and_then(|id| id.parse().ok())),
            active_ms: StoredValue::new(dates::now_ms()),
            reads: StoredValue::new(reading::Reads::default()),
            dirty: StoredValue::new(dirty::Dirty::default()),
        }
    }

    /// Takes in what the worker says.
    pub(crate) fn hear(self, said: FromWorker) {
        match said {
            FromWorker::Standing(standing) => self.stand(standing),
            FromWorker::Event(event) => self.on_event(event),
            FromWorker::Answer { .. } => {}
        }
    }

    fn stand(self, standing: Standing) {
        let was_open = self.standing.get_untracked() == Standing::Open;
        let is_open = standing == Standing::Open;
        self.standing.set(standing);
        // Whoever says where it stands goes on.
        self.stopped.set(None);
        if is_open && !was_open {
            self.begin();
        }
        if !is_open && was_open {
            port::give_up();
            self.forget();
        }
    }

    /// Nothing of an account stays on the page.
    pub(crate) fn forget(self) {
        notify::take_away();
        picture::forget();
        self.gate.set(Gate::Unknown);
        self.me.set(None);
        self.recovery_key.set(None);
        self.session_ended.set(false);
        self.status.set(None);
        self.overlay.set(None);
        self.confirm.set(None);
        self.has_details.set(false);
        self.pane.set(Pane::List);
        self.shelf.clear();
        self.talk.close();
        self.say_nothing_of(None);
        self.composer.clear();
        self.reads.update_value(|reads| *reads = reading::Reads::default());
        self.dirty.update_value(|dirty| *dirty = dirty::Dirty::default());
    }

    /// Something of the open conversation; read within a reaction it follows each change.
    pub(crate) fn with_open<T>(self, read: impl FnOnce(&ConversationView) -> T) -> Option<T> {
        let id = self.talk.open.get()?;
        self.shelf.view(id).map(|view| view.with(read))
    }

    /// As [`Self::with_open`], outside of reactions.
    pub(crate) fn peek_open<T>(self, read: impl FnOnce(&ConversationView) -> T) -> Option<T> {
        let id = self.talk.open.get_untracked()?;
        self.shelf.peek(id).map(|view| view.with_untracked(read))
    }

    /// Shows a line for a while.
    pub(crate) fn say(self, text: String) {
        self.toast_for(text, false, 4_000);
    }

    /// Shows why something was not done, long enough to read it.
    pub(crate) fn say_failure(self, failure: &Failure) {
        self.say_wrong(say::failure(failure));
    }

    /// Shows what went wrong, long enough to read it.
    pub(crate) fn say_wrong(self, why: String) {
        self.toast_for(why, true, 10_000);
    }

    fn toast_for(self, text: String, is_failure: bool, ms: u64) {
        let number = self.toast.with_untracked(|toast| toast.as_ref().map_or(0, |toast| toast.number.wrapping_add(1)));
        self.toast.set(Some(Toast { text, is_failure, number }));
        page::after(ms, move || {
            let is_same = self.toast.with_untracked(|toast| toast.as_ref().is_some_and(|toast| toast.number == number));
            if is_same {
                self.toast.set(None);
            }
        });
    }

    /// Chooses a language.
    pub(crate) fn choose_language(self, language: Language) {
        spawn_local(async move {
            match texts::of(language).await {
                Ok(file) => {
                    page::keep(LANGUAGE, Some(texts::tag(language)));
                    say::speak(language, &file);
                    dates::language_changed();
                    self.language.set(language);
                }
                Err(reason) => self.say_failure(&Failure::Offline { reason }),
            }
        });
    }

    /// Chooses a theme.
    pub(crate) fn choose_theme(self, theme: Theme) {
        let kept = match theme {
            Theme::System => None,
            Theme::Light => Some("light"),
            Theme::Dark => Some("dark"),
        };
        page::keep(THEME, kept);
        self.theme.set(theme);
    }
}
