//! What is on the screen before somebody is signed in: a first welcome, the forms to register, sign in, recover, lock and
//! unlock, and the recovery key, which is shown once. Pure like the rest: inputs go in, effects come out.

mod draw;
mod field;
mod form;
mod run;

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use huis_proto::rest::Secret;
use huis_texts::Texts;
use huis_views::{Command, Failure};

use crate::theme::{Ground, Theme};
use form::{Form, Line, Purpose};

pub use run::{Entering, EntryPort, enter};

/// Why somebody is here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// Nobody is signed in in this profile.
    First {
        /// The server that is offered.
        server: String,
    },
    /// The server ended the session of this device.
    SessionEnded {
        /// The server.
        server: String,
        /// Who was signed in.
        username: String,
    },
    /// The device is locked.
    Locked,
    /// The device is to be locked.
    Lock,
}

/// What comes in.
#[derive(Debug)]
pub enum EntryInput {
    /// A key.
    Key(KeyEvent),
    /// A text that was pasted.
    Paste(String),
    /// The screen has another size: columns and rows.
    Resize(u16, u16),
    /// The terminal told its background.
    Ground(Ground),
    /// What was asked was done, or not.
    Answer(Result<Entered, Failure>),
    /// A second has gone by while something is under way.
    Tick,
}

/// How somebody came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entered {
    /// With a new account.
    Registered {
        /// To be shown once.
        recovery_key: Secret,
        /// The fingerprint of the server's certificate, where nobody but the first use vouches for it.
        fingerprint: Option<String>,
    },
    /// As before.
    In,
}

/// What is to be done outside.
#[derive(Debug)]
pub enum EntryEffect {
    /// Ask the engine of the profile, which is made for this server where there is none.
    Enter {
        /// The server.
        server: String,
        /// What to ask.
        command: Box<Command>,
    },
    /// Open the locked device.
    Unlock(Secret),
    /// Put the device under the password.
    Lock(Secret),
    /// Paint everything again.
    Repaint,
    /// Go on.
    Done,
    /// Leave.
    Quit,
}

/// Rows that the sheet with the recovery key has at most.
const LONGEST_SHEET: usize = 40;

/// The choices of the first welcome.
const CHOICES: [Purpose; 3] = [Purpose::Register, Purpose::SignIn, Purpose::Recover];

#[derive(Debug)]
enum Stage {
    Welcome {
        chosen: usize,
    },
    Form,
    /// Something is under way since then.
    Working {
        since_ms: u64,
    },
    /// The key, the certificate's fingerprint, and the first row that a small screen shows.
    RecoveryKey {
        key: Secret,
        fingerprint: Option<String>,
        top: usize,
    },
}

/// The screen before somebody is signed in.
#[derive(Debug)]
pub struct Entry {
    texts: Texts,
    theme: Theme,
    why: Why,
    stage: Stage,
    form: Form,
    size: (u16, u16),
    now_ms: u64,
}

impl Entry {
    /// A screen of this size, in columns and rows.
    pub fn new(texts: Texts, theme: Theme, why: Why, size: (u16, u16), now_ms: u64) -> Self {
        let (stage, form) = match &why {
            Why::First { server } => (Stage::Welcome { chosen: 0 }, Form::new(Purpose::Register, server, "")),
            Why::SessionEnded { server, username } => (Stage::Form, Form::new(Purpose::SignInAgain, server, username)),
            Why::Locked => (Stage::Form, Form::new(Purpose::Unlock, "", "")),
            Why::Lock => (Stage::Form, Form::new(Purpose::Lock, "", "")),
        };
        Self { texts, theme, why, stage, form, size, now_ms }
    }

    /// Takes an input in, at a time in milliseconds since 1970.
    pub fn update(&mut self, input: EntryInput, now_ms: u64) -> Option<EntryEffect> {
        self.now_ms = now_ms;
        match input {
            EntryInput::Key(key) if key.kind == KeyEventKind::Release => None,
            EntryInput::Key(key) => self.on_key(key),
            EntryInput::Paste(text) => {
                if matches!(self.stage, Stage::Form)
                    && let Some((_, field)) = self.form.focused()
                {
                    field.insert(&text);
                }
                None
            }
            EntryInput::Resize(columns, rows) => {
                self.size = (columns, rows);
                None
            }
            EntryInput::Ground(_) if self.theme.is_fixed => None,
            EntryInput::Ground(ground) => {
                self.theme.ground = ground;
                None
            }
            EntryInput::Answer(answer) => self.on_answer(answer),
            EntryInput::Tick => None,
        }
    }

    /// Whether time alone changes the screen, once a second.
    pub fn ticks(&self) -> bool {
        matches!(self.stage, Stage::Working { .. })
    }

    fn on_key(&mut self, key: KeyEvent) -> Option<EntryEffect> {
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            // While the key is shown, a hand that slips must not lose it.
            KeyCode::Char('c' | 'q' | 'd') if control && !matches!(self.stage, Stage::RecoveryKey { .. }) => {
                return Some(EntryEffect::Quit);
            }
            KeyCode::Char('l') if control => return Some(EntryEffect::Repaint),
            _ => {}
        }
        match &mut self.stage {
            Stage::Working { .. } => None,
            Stage::RecoveryKey { top, .. } => {
                match key.code {
                    KeyCode::Enter => return Some(EntryEffect::Done),
                    KeyCode::Up => *top = top.saturating_sub(1),
                    KeyCode::Down => *top = (*top + 1).min(LONGEST_SHEET),
                    _ => {}
                }
                None
            }
            Stage::Welcome { chosen } => {
                let last = CHOICES.len() - 1;
                match key.code {
                    KeyCode::Up | KeyCode::BackTab => *chosen = chosen.saturating_sub(1),
                    KeyCode::Down | KeyCode::Tab => *chosen = (*chosen + 1).min(last),
                    KeyCode::Char(digit @ '1'..='3') => {
                        let at = digit.to_digit(10).map_or(0, |digit| digit as usize - 1);
                        self.choose(at);
                    }
                    KeyCode::Enter => {
                        let at = *chosen;
                        self.choose(at);
                    }
                    KeyCode::Esc => return Some(EntryEffect::Quit),
                    _ => {}
                }
                None
            }
            Stage::Form => self.on_form_key(key),
        }
    }

    fn choose(&mut self, at: usize) {
        let Why::First { server } = &self.why else { return };
        let Some(purpose) = CHOICES.get(at) else { return };
        if self.form.purpose != *purpose {
            let mut form = Form::new(*purpose, server, "");
            form.take_over(&self.form);
            self.form = form;
        }
        self.stage = Stage::Form;
    }

    fn on_form_key(&mut self, key: KeyEvent) -> Option<EntryEffect> {
        match key.code {
            KeyCode::Enter => {
                if self.form.go_on(&self.texts) {
                    return self.submit();
                }
            }
            KeyCode::Tab | KeyCode::Down => self.form.go(false),
            KeyCode::BackTab | KeyCode::Up => self.form.go(true),
            KeyCode::Esc => match self.why {
                Why::First { .. } => {
                    let chosen = CHOICES.iter().position(|choice| *choice == self.form.purpose).unwrap_or(0);
                    self.stage = Stage::Welcome { chosen };
                }
                // Whoever changed their mind about locking goes on.
                Why::Lock => return Some(EntryEffect::Done),
                Why::Locked | Why::SessionEnded { .. } => return Some(EntryEffect::Quit),
            },
            KeyCode::Left | KeyCode::Right
                if self.form.focused().is_some_and(|(line, field)| *line == Line::Admission && field.is_empty()) =>
            {
                self.form.next_ticket(key.code == KeyCode::Left);
            }
            KeyCode::F(2) => self.form.next_ticket(false),
            _ => {
                if let Some((_, field)) = self.form.focused() {
                    field.on_key(key);
                }
            }
        }
        None
    }

    fn submit(&mut self) -> Option<EntryEffect> {
        let password = self.form.field(Line::Password)?.secret();
        let effect = match self.form.purpose {
            Purpose::Unlock => EntryEffect::Unlock(password),
            Purpose::Lock => EntryEffect::Lock(password),
            _ => EntryEffect::Enter { server: self.form.server()?, command: Box::new(self.form.command()?) },
        };
        self.stage = Stage::Working { since_ms: self.now_ms };
        Some(effect)
    }

    fn on_answer(&mut self, answer: Result<Entered, Failure>) -> Option<EntryEffect> {
        match answer {
            Ok(Entered::Registered { recovery_key, fingerprint }) => {
                self.stage = Stage::RecoveryKey { key: recovery_key, fingerprint, top: 0 };
                None
            }
            Ok(Entered::In) => Some(EntryEffect::Done),
            Err(failure) => {
                self.stage = Stage::Form;
                self.form.failed(&failure, &self.texts);
                None
            }
        }
    }
}

#[cfg(test)]
mod tests;
