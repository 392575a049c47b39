//! Which key does what.

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use huis_views::{Command, RequestAnswer};

use super::actions::{Action, Confirmed};
use super::opening::Bar;
use super::{App, Effect, End, Focus};
use crate::composer::Motion;
use crate::overlays::{Help, Outcome, Overlay, Palette};

impl App {
    pub(super) fn on_key(&mut self, key: KeyEvent) {
        if key.kind == KeyEventKind::Release {
            self.changed = false;
            return;
        }
        self.is_active();
        if let Some(mut overlay) = self.overlay.take() {
            let outcome = overlay.on_key(self, key);
            self.on_outcome(overlay, outcome);
            return;
        }
        if self.on_key_everywhere(key) {
            return;
        }
        match self.focus {
            Focus::List => self.on_key_in_list(key),
            Focus::Messages => self.on_key_in_messages(key),
            Focus::Composer => {
                self.uncover_composer(key);
                self.on_key_in_composer(key);
            }
        }
    }

    /// Nothing is written where it cannot be seen: whoever types has seen the details.
    fn uncover_composer(&mut self, key: KeyEvent) {
        let moves = matches!(key.code, KeyCode::Esc | KeyCode::Tab | KeyCode::BackTab | KeyCode::F(_));
        if !moves && self.details.is_some() && self.panes().timeline.is_none() {
            self.details = None;
        }
    }

    pub(super) fn on_outcome(&mut self, overlay: Overlay, outcome: Outcome) {
        match outcome {
            Outcome::Stays => self.overlay = Some(overlay),
            Outcome::Closes => {}
            Outcome::Acts(action) => self.run_action(action),
            Outcome::Opens(conversation) => self.open(conversation),
            Outcome::GoesTo { conversation, message, position } => self.go_to(conversation, message, position),
            Outcome::Reacts(message, emoji) => self.react(message, &emoji),
            Outcome::Forwards(message, to) => self.forward(message, to),
            Outcome::Confirms(confirmed) => self.confirmed(confirmed),
            Outcome::Discards(message) => {
                self.confirm(self.texts.text("confirm-discard"), "confirm-discard-yes", Confirmed::Discard(message));
            }
            Outcome::Does(at) => {
                if let Overlay::Sheet(sheet) = overlay
                    && let Some((command, opens)) = sheet.take(at)
                {
                    if let Command::AcceptIdentity { name, safety_number } = command {
                        self.ask_identity(name, safety_number);
                        return;
                    }
                    let purpose = if opens { self.set_out() } else { super::Purpose::Act };
                    self.effects.push(Effect::Ask { purpose, command });
                }
            }
        }
    }

    /// The keys that do the same everywhere. Gives whether it was one.
    fn on_key_everywhere(&mut self, key: KeyEvent) -> bool {
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        let alt = key.modifiers.contains(KeyModifiers::ALT);
        match key.code {
            KeyCode::F(1) => self.overlay = Some(Overlay::Help(Help::default())),
            KeyCode::F(2) => self.toggle_details(),
            KeyCode::Char('q') if control => self.end(End::Quit),
            KeyCode::Char('c') if control => self.interrupt(),
            KeyCode::Char('k') if control => self.overlay = Some(Overlay::Palette(Palette::go())),
            KeyCode::Char('f') if control => self.run_action(Action::Search),
            KeyCode::Char('l') if control => self.effects.push(Effect::Repaint),
            KeyCode::Char('u') if alt => self.open_unread(),
            KeyCode::Up if alt => self.open_next(true),
            KeyCode::Down if alt => self.open_next(false),
            KeyCode::PageUp if self.focus != Focus::List => self.scroll_pages(true),
            KeyCode::PageDown if self.focus != Focus::List => self.scroll_pages(false),
            KeyCode::Home if control => {
                self.with_timeline(|timeline, env| timeline.go_to_oldest(env));
            }
            KeyCode::End if control => self.go_to_newest(),
            _ => return false,
        }
        true
    }

    /// What is written goes first, then the program.
    fn interrupt(&mut self) {
        if self.focus == Focus::Composer && !self.composer.editor.is_empty() {
            self.composer.editor.replace_all("");
            self.text_changed();
        } else {
            self.end(End::Quit);
        }
    }

    pub(crate) fn scroll_pages(&mut self, up: bool) {
        let panes = self.panes();
        if let (Some(details), Some(area), None) = (&self.details, panes.details, panes.timeline) {
            details.scroll(up, area.height.saturating_sub(2).max(1));
            return;
        }
        self.with_timeline(|timeline, env| {
            let rows = usize::from(env.height.saturating_sub(2).max(1));
            if up { timeline.scroll_up(env, rows) } else { timeline.scroll_down(env, rows) }
        });
    }

    fn on_key_in_list(&mut self, key: KeyEvent) {
        let chosen = self.list.chosen;
        match key.code {
            KeyCode::Up | KeyCode::Char('k') => self.list.choose_next(true),
            KeyCode::Down | KeyCode::Char('j') => self.list.choose_next(false),
            KeyCode::Home => self.list.choose_end(true),
            KeyCode::End => self.list.choose_end(false),
            KeyCode::PageUp => (0..10).for_each(|_| self.list.choose_next(true)),
            KeyCode::PageDown => (0..10).for_each(|_| self.list.choose_next(false)),
            KeyCode::Enter | KeyCode::Right => match chosen {
                Some(chosen) => self.open(chosen),
                None => self.list.toggle_archived(),
            },
            KeyCode::Tab | KeyCode::Esc => self.focus_writing(),
            KeyCode::Char('?') => self.overlay = Some(Overlay::Help(Help::default())),
            KeyCode::Char(_) if key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT) => {}
            KeyCode::Char(letter) => {
                let action = match letter {
                    's' => Action::Favourite,
                    'a' => Action::Archive,
                    'm' => Action::Mute,
                    'n' => Action::Notifications,
                    // Whoever begins to write means the composer.
                    _ if self.bar().is_none() => {
                        self.focus = Focus::Composer;
                        self.on_key_in_composer(key);
                        return;
                    }
                    '/' => {
                        self.begin_command();
                        return;
                    }
                    _ => return,
                };
                if let Some(chosen) = chosen {
                    self.run_on(action, chosen);
                }
            }
            _ => {}
        }
    }

    fn focus_writing(&mut self) {
        self.focus = if self.bar().is_some() { Focus::Messages } else { Focus::Composer };
    }

    fn on_key_in_messages(&mut self, key: KeyEvent) {
        // Both together are how some keyboards write signs; one alone makes another key of a letter.
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        if matches!(key.code, KeyCode::Char(_)) && control != key.modifiers.contains(KeyModifiers::ALT) {
            self.changed = false;
            return;
        }
        if self.on_key_in_bar(key) || self.on_key_in_details(key) {
            return;
        }
        let selected = self.timeline.as_ref().and_then(|timeline| timeline.selected);
        match (key.code, selected) {
            (KeyCode::Up | KeyCode::Char('k'), _) => {
                self.with_timeline(|timeline, env| timeline.select_next(env, true));
            }
            (KeyCode::Down | KeyCode::Char('j'), _) => self.select_down(),
            (KeyCode::Home | KeyCode::Char('g'), _) => {
                self.with_timeline(|timeline, env| timeline.go_to_oldest(env));
            }
            (KeyCode::End | KeyCode::Char('G'), _) => self.go_to_newest(),
            (KeyCode::Esc, _) => self.leave_messages(),
            (KeyCode::Tab, _) => self.focus = Focus::List,
            (KeyCode::Char('?'), _) => self.overlay = Some(Overlay::Help(Help::default())),
            (KeyCode::Char('/'), _) if self.composer.editor.is_empty() => self.begin_command(),
            (KeyCode::Enter, Some(message)) => self.go_to_quoted(message),
            (KeyCode::Delete, Some(message)) => self.ask_delete(message),
            (KeyCode::Char(letter), Some(message)) => match letter {
                'r' => self.reply(message),
                'e' => self.edit(message),
                'o' => self.open_once(message),
                'd' => self.ask_delete(message),
                '+' => self.ask_reaction(message),
                'p' => self.pin(message),
                'f' => self.ask_forward(message),
                'y' => self.copy(message),
                'i' => self.show_receipts(message),
                's' => self.save_files_of(message, None),
                'v' => self.view_pictures(message),
                ' ' => self.pause_or_go_on(message),
                't' => self.retry(message),
                'x' => self.ask_discard(message),
                _ => {}
            },
            _ => {}
        }
    }

    /// Below the newest message lies the composer.
    fn select_down(&mut self) {
        let newest = self.timeline.as_ref().filter(|timeline| !timeline.newer).and_then(|timeline| timeline.newest());
        let is_newest =
            newest.map(|message| message.id) == self.timeline.as_ref().and_then(|timeline| timeline.selected);
        if is_newest && self.bar().is_none() {
            self.leave_messages();
        } else {
            self.with_timeline(|timeline, env| timeline.select_next(env, false));
        }
    }

    fn leave_messages(&mut self) {
        if let Some(timeline) = &mut self.timeline {
            timeline.selected = None;
        }
        self.focus = if self.bar().is_some() { Focus::List } else { Focus::Composer };
    }

    /// The keys of what stands in place of the composer.
    fn on_key_in_bar(&mut self, key: KeyEvent) -> bool {
        let (Some(bar), Some(open)) = (self.bar(), self.open_conversation()) else { return false };
        let letter = match key.code {
            KeyCode::Char(letter) => letter,
            // On a message it goes to the quoted one.
            KeyCode::Enter if self.timeline.as_ref().is_some_and(|timeline| timeline.selected.is_none()) => 'a',
            _ => return false,
        };
        match (bar, letter) {
            (_, '/') => self.begin_command(),
            (Bar::Request, 'a') => self.answer_request(open, RequestAnswer::Accept),
            (Bar::Request, 'd') => {
                let question = self.texts.text("confirm-decline-request");
                self.confirm(question, "confirm-decline-yes", Confirmed::DeclineRequest(open));
            }
            (Bar::Request, 'b') => {
                let question = self.texts.text("confirm-block-request");
                self.confirm(question, "confirm-block-yes", Confirmed::BlockRequest(open));
            }
            (Bar::Held, 'o') => {
                let question = self.texts.text("confirm-join-anyway");
                self.confirm(question, "confirm-join-anyway-yes", Confirmed::JoinAnyway(open));
            }
            _ => return false,
        }
        true
    }

    /// Writes a command, about the selected message if there is one, also where nothing else can be written.
    fn begin_command(&mut self) {
        self.composer.editor.replace_all("/");
        self.focus = Focus::Composer;
        self.text_changed();
    }

    fn on_key_in_details(&mut self, key: KeyEvent) -> bool {
        if self.details.is_none() || !self.is_direct() {
            return false;
        }
        match key.code {
            KeyCode::Char('v') => self.verify(),
            KeyCode::Char('b') => self.block(),
            _ => return false,
        }
        true
    }

    fn on_key_in_composer(&mut self, key: KeyEvent) {
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        let alt = key.modifiers.contains(KeyModifiers::ALT);
        let word = control || alt;
        match key.code {
            KeyCode::Tab if self.take_offer() => self.offer(),
            KeyCode::Up | KeyCode::Down if self.composer.popup.is_some() => {
                if let Some(offer) = &mut self.composer.popup {
                    offer.choose_next(key.code == KeyCode::Up);
                }
            }
            KeyCode::Enter if key.modifiers.is_empty() => self.submit(),
            KeyCode::Enter => self.insert("\n"),
            KeyCode::Char('j') if control => self.insert("\n"),
            KeyCode::Tab => self.focus = Focus::List,
            KeyCode::BackTab => self.select_messages(),
            KeyCode::Esc => self.escape_composer(),
            KeyCode::Up | KeyCode::Down => self.on_arrow(key.code == KeyCode::Up),
            KeyCode::Left => self.composer.editor.go(if word { Motion::WordLeft } else { Motion::Left }),
            KeyCode::Right => self.composer.editor.go(if word { Motion::WordRight } else { Motion::Right }),
            KeyCode::Home => self.composer.editor.go(Motion::LineBegin),
            KeyCode::End => self.composer.editor.go(Motion::LineEnd),
            KeyCode::Backspace => self.delete(if word { Motion::WordLeft } else { Motion::Left }),
            KeyCode::Delete => self.delete(if word { Motion::WordRight } else { Motion::Right }),
            KeyCode::Char('?') if self.composer.editor.is_empty() => {
                self.overlay = Some(Overlay::Help(Help::default()))
            }
            KeyCode::Char(letter) if control && !alt => self.on_control(letter),
            KeyCode::Char(letter) if alt && !control => match letter {
                'b' => self.composer.editor.go(Motion::WordLeft),
                'f' => self.composer.editor.go(Motion::WordRight),
                'd' => self.delete(Motion::WordRight),
                _ => self.changed = false,
            },
            // Both together are how some keyboards write signs.
            KeyCode::Char(letter) => self.insert(letter.encode_utf8(&mut [0; 4])),
            _ => self.changed = false,
        }
    }

    fn on_control(&mut self, letter: char) {
        match letter {
            'a' => self.composer.editor.go(Motion::LineBegin),
            'e' => self.composer.editor.go(Motion::LineEnd),
            'w' | 'h' => self.delete(Motion::WordLeft),
            'u' => self.delete(Motion::LineBegin),
            'd' => self.delete(Motion::Right),
            'p' => self.recall(true),
            'n' => self.recall(false),
            'z' => {
                self.composer.editor.undo();
                self.text_changed();
            }
            'y' => {
                self.composer.editor.redo();
                self.text_changed();
            }
            _ => self.changed = false,
        }
    }

    fn recall(&mut self, back: bool) {
        self.composer.recall(back);
        self.composer.popup = None;
        self.draft_changed();
    }

    fn delete(&mut self, motion: Motion) {
        self.composer.editor.delete(motion);
        self.text_changed();
    }

    fn on_arrow(&mut self, up: bool) {
        let width = self.panes().composer.map_or(0, |area| area.width.saturating_sub(crate::composer::PROMPT));
        if up && self.composer.editor.is_empty() {
            self.select_messages();
        } else if !self.composer.editor.go_row(width, up) {
            self.composer.editor.go(if up { Motion::Begin } else { Motion::End });
        }
    }

    fn select_messages(&mut self) {
        if self.timeline.as_ref().is_some_and(|timeline| !timeline.is_empty()) {
            self.focus = Focus::Messages;
            self.with_timeline(|timeline, env| {
                if timeline.selected_message().is_none() {
                    timeline.select_next(env, true);
                }
            });
        }
    }

    fn escape_composer(&mut self) {
        if self.composer.popup.take().is_some() || self.composer.cancel() {
            return;
        }
        if self.details.take().is_some() {
            return;
        }
        match &self.timeline {
            Some(timeline) if !timeline.is_at_newest() => self.go_to_newest(),
            _ => self.focus = Focus::List,
        }
    }
}
