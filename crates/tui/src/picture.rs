//! The whole screen.

use huis_proto::ConversationKind;
use huis_texts::Value;
use huis_views::{ConversationView, MessageView};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;

use crate::app::{App, Bar, Focus};
use crate::cells::{self, Canvas, Link};
use crate::composer::Mode;
use crate::panes::Panes;
use crate::theme::{Role, Theme};
use crate::{composer, list, overlays, say, timeline};

/// What a frame has beside its cells.
#[derive(Debug, Default)]
pub(crate) struct Frame {
    /// The cursor's cell, where it is shown.
    pub(crate) cursor: Option<Position>,
    pub(crate) links: Vec<Link>,
}

impl App {
    /// Paints the screen. Gives where the cursor stands, if it is shown.
    pub fn paint(&mut self, buffer: &mut Buffer) -> Option<Position> {
        self.picture(buffer).cursor
    }

    /// What the terminal's window is called: how much is not read.
    pub(crate) fn title(&self) -> String {
        match self.list.unread(self.now_ms) {
            0 => "Huis".to_owned(),
            unread => format!("({unread}) Huis"),
        }
    }

    pub(crate) fn picture(&mut self, buffer: &mut Buffer) -> Frame {
        self.size = (buffer.area.width, buffer.area.height);
        let mut canvas = Canvas::new(buffer);
        let panes = self.panes();
        if panes.is_too_small {
            self.too_small(&mut canvas);
            return Frame { cursor: None, links: canvas.finish() };
        }
        if let (Some(area), Some(text)) = (panes.strip, self.strip()) {
            let style = self.settings.theme.strip();
            canvas.rule(area.left(), area.y, area.right(), " ", style);
            canvas.put(area.left() + 1, area.y, area.right(), &cells::cut(&text, area.width - 2), style);
        }
        self.paint_list(&mut canvas, &panes);
        let mut cursor = self.paint_conversation(&mut canvas, &panes);
        if let (Some(frame), Some(area)) = (panes.details_frame, panes.details) {
            overlays::draw_details(self, &mut canvas, frame, area);
        }
        self.paint_footer(&mut canvas, panes.footer);
        if let Some(mut overlay) = self.overlay.take() {
            let around = Rect { height: canvas.area().height - 1, ..canvas.area() };
            cursor = overlay.draw(self, &mut canvas, around);
            self.overlay = Some(overlay);
        }
        Frame { cursor, links: canvas.finish() }
    }

    fn too_small(&self, canvas: &mut Canvas<'_>) {
        let text = self.texts.text("screen-too-small");
        let area = canvas.area();
        let text = cells::cut(&text, area.width);
        let x = area.width.saturating_sub(cells::width(&text)) / 2;
        canvas.put(x, area.height / 2, area.right(), &text, Style::new());
    }

    /// The line across the top, where one is needed.
    pub(crate) fn strip(&self) -> Option<String> {
        let status = self.status.as_ref()?;
        if let Some(failure) = &status.hindrance {
            return Some(say::failure(&self.texts, failure));
        }
        let counted = |key, count: u32| self.texts.text_with(key, &[("count", Value::Number(u64::from(count)))]);
        let connection = match (self.is_offline(), status.unsent) {
            (true, 0) => Some(self.texts.text("offline")),
            (true, count) => Some(counted("offline-waiting", count)),
            (false, _) => (status.joining > 0).then(|| counted("joining-count", status.joining)),
        };
        let held = (status.held > 0).then(|| counted("held-count", status.held));
        let said: Vec<String> = connection.into_iter().chain(held).collect();
        (!said.is_empty()).then(|| said.join(" "))
    }

    fn paint_list(&mut self, canvas: &mut Canvas<'_>, panes: &Panes) {
        let (Some(frame), Some(area)) = (panes.list_frame, panes.list) else { return };
        let theme = self.settings.theme;
        let is_active = self.focus == Focus::List && self.overlay.is_none();
        draw_frame(canvas, frame, theme, is_active);
        title(canvas, frame, &self.texts.text("list-title"), theme.style(Role::Strong));
        let look = list::Look {
            texts: &self.texts,
            zone: &self.zone,
            now_ms: self.now_ms,
            theme,
            open: self.timeline.as_ref().map(|timeline| timeline.conversation),
            is_active,
        };
        list::draw(&mut self.list, &look, canvas, area);
    }

    fn paint_conversation(&mut self, canvas: &mut Canvas<'_>, panes: &Panes) -> Option<Position> {
        let (Some(frame), Some(area), Some(below)) = (panes.conversation_frame, panes.timeline, panes.composer) else {
            return None;
        };
        let theme = self.settings.theme;
        let is_active = self.focus != Focus::List && self.overlay.is_none();
        draw_frame(canvas, frame, theme, is_active);
        if self.timeline.is_none() {
            self.paint_welcome(canvas, frame);
            if let Some(divider) = panes.divider {
                self.paint_divider(canvas, divider, is_active);
            }
            let hint = match &self.addressee {
                Some(name) => self.texts.text_with("composer-hint-first", &[("name", Value::Text(name))]),
                None => self.texts.text("composer-hint-command"),
            };
            let drawn = composer::draw(&mut self.composer, &hint, canvas, below, theme);
            self.composer_drawn = drawn;
            self.paint_popup(canvas, area);
            return (self.focus == Focus::Composer && self.overlay.is_none()).then(|| Position::from(drawn.cursor));
        }
        if let Some(view) = self.open_view() {
            self.paint_header(canvas, frame, view);
            if let (Some(area), Some(topic)) = (panes.topic, view.topic.as_deref()) {
                let text = cells::cut(&say::first_line(topic), area.width.saturating_sub(2));
                canvas.put(area.left() + 1, area.y, area.right(), &text, theme.style(Role::Muted));
            }
        }
        let is_commanding = self.composer.editor.text().starts_with('/');
        let is_on_messages = self.focus == Focus::Messages || is_commanding;
        self.with_timeline(|timeline, env| timeline::draw(timeline, env, canvas, area, theme, is_on_messages));
        if let Some(divider) = panes.divider {
            self.paint_divider(canvas, divider, is_active);
        }
        if let Some(bar) = self.bar() {
            self.paint_bar(canvas, below, bar);
            return None;
        }
        let hint = self.texts.text("composer-hint");
        let drawn = composer::draw(&mut self.composer, &hint, canvas, below, theme);
        self.composer_drawn = drawn;
        self.paint_popup(canvas, area);
        (self.focus == Focus::Composer && self.overlay.is_none()).then(|| Position::from(drawn.cursor))
    }

    /// Who and what, and whether they are whom one takes them for.
    fn paint_header(&self, canvas: &mut Canvas<'_>, frame: Rect, view: &ConversationView) {
        let theme = self.settings.theme;
        let (trust, role) = say::trust(&self.texts, view.trust);
        let trust = format!(" {trust} ");
        let mut end = frame.right().saturating_sub(2);
        if view.accounts.len() > 1 && frame.width >= 30 {
            end = canvas.put_right(frame.left() + 12, frame.y, end, &trust, theme.style(role)).saturating_sub(1);
        }
        let name = format!(" {}", say::full_name(view));
        let room = end.saturating_sub(frame.left() + 2);
        let x = canvas.put(frame.left() + 2, frame.y, end, &cells::cut(&name, room), theme.style(Role::Strong));
        let mut facts = Vec::new();
        let count = |count: usize| Value::Number(u64::try_from(count).unwrap_or(u64::MAX));
        if view.kind == ConversationKind::Direct {
            if !view.here.is_empty() {
                facts.push(format!("● {}", self.texts.text("header-here")));
            }
        } else {
            facts.push(self.texts.text_with("header-people", &[("count", count(view.accounts.len()))]));
            if !view.here.is_empty() {
                facts.push(self.texts.text_with("header-count-here", &[("count", count(view.here.len()))]));
            }
        }
        if view.pins > 0 {
            facts.push(self.texts.text_with("header-pins", &[("count", Value::Number(view.pins.into()))]));
        }
        if view.muted.holds_at(self.now_ms) {
            facts.push(self.texts.text("list-muted"));
        }
        let mut x = x;
        for fact in facts {
            let fact = format!(" · {fact}");
            if x + cells::width(&fact) + 1 > end {
                break;
            }
            x = canvas.put(x, frame.y, end, &fact, theme.style(Role::Muted));
        }
        canvas.put(x, frame.y, end, " ", Style::new());
    }

    /// The line above the composer says what is written for, or who is writing.
    fn paint_divider(&self, canvas: &mut Canvas<'_>, area: Rect, is_active: bool) {
        let theme = self.settings.theme;
        let line = theme.style(if is_active { Role::BorderActive } else { Role::Border });
        canvas.rule(area.left() + 1, area.y, area.right() - 1, "─", line);
        canvas.put(area.left(), area.y, area.right(), "├", line);
        canvas.put(area.right() - 1, area.y, area.right(), "┤", line);
        let room = area.width.saturating_sub(8);
        let message = |id| self.timeline.as_ref().and_then(|timeline| timeline.message(id));
        let (text, role) = match self.composer.mode {
            Mode::Reply(id) => (message(id).map_or(String::new(), |message| self.replying(message)), Role::Accent),
            Mode::Edit(_) => (self.texts.text("composer-editing"), Role::Waiting),
            Mode::Plain => match self.open_view().and_then(|view| say::typing(&self.texts, &view.typing)) {
                Some(text) => (text, Role::Muted),
                None => return,
            },
        };
        canvas.put(
            area.left() + 2,
            area.y,
            area.right() - 2,
            &format!(" {} ", cells::cut(&text, room)),
            theme.style(role),
        );
    }

    fn replying(&self, message: &MessageView) -> String {
        let (name, text) = (say::author(&self.texts, message), say::first_line(&message.text));
        self.texts.text_with("composer-replying", &[("name", Value::Text(&name)), ("text", Value::Text(&text))])
    }

    /// Why nothing can be written.
    pub(crate) fn bar_text(&self, bar: Bar) -> String {
        let key = match bar {
            Bar::Request => "bar-request",
            Bar::Held => "bar-held",
            Bar::Left => "bar-left",
        };
        let name = self.open_view().map(say::conversation).unwrap_or_default();
        self.texts.text_with(key, &[("name", Value::Text(&name))])
    }

    /// What stands in place of the composer.
    fn paint_bar(&self, canvas: &mut Canvas<'_>, area: Rect, bar: Bar) {
        let theme = self.settings.theme;
        let keys: &[(&str, &str)] = match bar {
            Bar::Request => &[("a", "bar-accept"), ("d", "bar-decline"), ("b", "bar-block")],
            Bar::Held => &[("o", "bar-join-anyway")],
            Bar::Left => &[],
        };
        let text = cells::cut(&self.bar_text(bar), area.width.saturating_sub(2));
        canvas.put(area.left() + 1, area.y, area.right(), &text, theme.style(Role::Waiting));
        let keys: Vec<(&str, String)> = keys.iter().map(|(key, text)| (*key, self.texts.text(text))).collect();
        if area.height > 1 {
            put_keys(canvas, Rect { y: area.y + 1, height: 1, ..area }, theme, &keys);
        }
    }

    /// What could be completed, above the composer.
    fn paint_popup(&self, canvas: &mut Canvas<'_>, timeline: Rect) {
        let Some(popup) = self.composer.popup.as_ref().filter(|popup| !popup.candidates.is_empty()) else { return };
        let theme = self.settings.theme;
        let most = usize::from(timeline.height.min(8));
        let first = (popup.chosen + 1).saturating_sub(most);
        let shown = popup.candidates.len().min(most);
        let names = popup.candidates.iter().map(|row| cells::width(&row.shown)).max().unwrap_or(0).min(24);
        let abouts = popup.candidates.iter().map(|row| cells::width(&row.about)).max().unwrap_or(0);
        let width = (names + abouts + 6).min(timeline.width);
        let top = timeline.bottom().saturating_sub(u16::try_from(shown).unwrap_or(0));
        let area = Rect {
            x: timeline.left() + 2,
            y: top,
            width: width.min(timeline.width - 2),
            height: timeline.bottom() - top,
        };
        canvas.clear(area, theme.selected());
        for (y, (number, row)) in (top..).zip(popup.candidates.iter().enumerate().skip(first).take(most)) {
            let is_chosen = number == popup.chosen;
            let style = theme.selected();
            let sign = if is_chosen { "›" } else { " " };
            canvas.put(area.left() + 1, y, area.right(), sign, style.patch(theme.style(Role::Accent)));
            let role = if is_chosen { Role::Strong } else { Role::Text };
            canvas.put(
                area.left() + 3,
                y,
                area.right(),
                &cells::cut(&row.shown, names),
                style.patch(theme.style(role)),
            );
            let x = area.left() + 3 + names + 2;
            let about = cells::cut(&row.about, area.right().saturating_sub(x + 1));
            canvas.put(x, y, area.right(), &about, style.patch(theme.style(Role::Muted)));
        }
    }

    /// What to do before a conversation is open.
    fn paint_welcome(&self, canvas: &mut Canvas<'_>, frame: Rect) {
        let theme = self.settings.theme;
        let lines: Vec<(String, Role)> = match &self.me {
            _ if !self.list.loaded => return,
            _ if self.addressee.is_some() => {
                let name = self.addressee.clone().unwrap_or_default();
                let about = self.texts.text_with("welcome-first", &[("name", Value::Text(&name))]);
                vec![(format!("@{name}"), Role::Strong), (String::new(), Role::Text), (about, Role::Muted)]
            }
            Some(me) => vec![
                (me.username.clone(), Role::Strong),
                (me.server.clone(), Role::Muted),
                (String::new(), Role::Text),
                (self.texts.text(if self.list.is_empty() { "welcome-empty" } else { "welcome-choose" }), Role::Muted),
            ],
            None => return,
        };
        let room = frame.width.saturating_sub(4);
        let mut y = frame.top() + frame.height / 3;
        for (text, role) in lines {
            let text = huis_texts::safe_line(&text);
            for at in cells::wrap(&text, room) {
                let piece = text.get(at).unwrap_or_default();
                let x = frame.left() + frame.width.saturating_sub(cells::width(piece)) / 2;
                canvas.put(x, y, frame.right() - 1, piece, theme.style(role));
                y += 1;
            }
        }
    }

    /// What happened, or which keys there are.
    fn paint_footer(&self, canvas: &mut Canvas<'_>, area: Rect) {
        let theme = self.settings.theme;
        if let Some(toast) = &self.toast {
            let (sign, role) = if toast.is_failure { ("! ", Role::Danger) } else { ("", Role::Accent) };
            let text = cells::cut(&format!("{sign}{}", toast.text), area.width.saturating_sub(2));
            canvas.put(area.left() + 1, area.y, area.right(), &text, theme.style(role));
            return;
        }
        let keys: Vec<(&str, String)> =
            self.keys().into_iter().map(|(key, text)| (key, self.texts.text(text))).collect();
        put_keys(canvas, area, theme, &keys);
    }

    fn has_files_selected(&self) -> bool {
        let selected = self.timeline.as_ref().and_then(|timeline| timeline.selected_message());
        selected.is_some_and(|message| !message.files.is_empty())
    }

    /// The keys of where one is, the ones that are needed most first.
    fn keys(&self) -> Vec<(&'static str, &'static str)> {
        if let Some(overlay) = &self.overlay {
            return overlay.keys();
        }
        match self.focus {
            Focus::List => vec![
                ("↵", "key-open"),
                ("↑↓", "key-choose"),
                ("?", "key-help"),
                ("Ctrl+K", "key-go"),
                ("s", "key-favourite"),
                ("a", "key-archive"),
                ("m", "key-mute"),
                ("Ctrl+Q", "key-quit"),
            ],
            Focus::Messages if self.timeline.as_ref().is_some_and(|timeline| timeline.selected.is_none()) => {
                vec![
                    ("↑↓", "key-choose"),
                    ("Esc", "key-back"),
                    ("Tab", "key-list"),
                    ("F2", "key-details"),
                    ("?", "key-help"),
                ]
            }
            Focus::Messages if self.has_files_selected() => vec![
                ("s", "key-save"),
                ("␣", "key-pause"),
                ("x", "key-cancel-file"),
                ("r", "key-reply"),
                ("d", "key-delete"),
                ("Esc", "key-back"),
                ("f", "key-forward"),
            ],
            Focus::Messages => vec![
                ("r", "key-reply"),
                ("e", "key-edit"),
                ("d", "key-delete"),
                ("+", "key-react"),
                ("Esc", "key-back"),
                ("p", "key-pin"),
                ("f", "key-forward"),
                ("y", "key-copy"),
                ("i", "key-receipts"),
                ("↵", "key-quoted"),
            ],
            Focus::Composer if self.composer.mode != Mode::Plain => {
                vec![("↵", "key-send"), ("Esc", "key-cancel"), ("Alt+↵", "key-line")]
            }
            Focus::Composer => vec![
                ("↵", "key-send"),
                ("Tab", "key-list"),
                ("↑", "key-messages"),
                ("F1", "key-help"),
                ("F2", "key-details"),
                ("Ctrl+K", "key-go"),
                ("Ctrl+F", "key-search"),
                ("Alt+↵", "key-line"),
            ],
        }
    }
}

/// A frame with one line.
pub(crate) fn draw_frame(canvas: &mut Canvas<'_>, area: Rect, theme: Theme, is_active: bool) {
    let style = theme.style(if is_active { Role::BorderActive } else { Role::Border });
    let (right, bottom) = (area.right() - 1, area.bottom() - 1);
    for y in [area.top(), bottom] {
        canvas.rule(area.left() + 1, y, right, "─", style);
    }
    for y in area.top() + 1..bottom {
        canvas.put(area.left(), y, area.right(), "│", style);
        canvas.put(right, y, area.right(), "│", style);
    }
    for (x, y, sign) in
        [(area.left(), area.top(), "╭"), (right, area.top(), "╮"), (area.left(), bottom, "╰"), (right, bottom, "╯")]
    {
        canvas.put(x, y, area.right(), sign, style);
    }
}

/// A title in a frame's upper line.
pub(crate) fn title(canvas: &mut Canvas<'_>, frame: Rect, text: &str, style: Style) {
    let text = format!(" {} ", cells::cut(text, frame.width.saturating_sub(6)));
    canvas.put(frame.left() + 2, frame.top(), frame.right() - 1, &text, style);
}

/// Keys with what they do, as many as fit.
pub(crate) fn put_keys(canvas: &mut Canvas<'_>, area: Rect, theme: Theme, keys: &[(&str, String)]) {
    let mut x = area.left() + 1;
    for (key, text) in keys {
        let width = cells::width(key) + 1 + cells::width(text);
        if x + width > area.right() {
            break;
        }
        x = canvas.put(x, area.y, area.right(), key, theme.style(Role::Key)) + 1;
        x = canvas.put(x, area.y, area.right(), text, theme.style(Role::Muted)) + 3;
    }
}
