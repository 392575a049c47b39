//! How it looks before somebody is signed in: one quiet column, what is to be done where the eye already is.

use ratatui::buffer::Buffer;
use ratatui::layout::Position;
use ratatui::style::Modifier;

use super::field::Field;
use super::form::{Line, Purpose, Ticket};
use super::{CHOICES, Entry, Stage, Why};
use crate::cells::{Canvas, cut, width, wrap};
use crate::theme::Role;

/// The column's width, where the screen has room for it.
const COLUMN: u16 = 64;
/// A smaller screen shows one friendly line.
const LEAST: (u16, u16) = (30, 8);

/// The door, slightly ajar.
const MARK: [&str; 3] = ["╭──╮", "│ ╱│", "│╱ │"];

/// A row of the column.
#[derive(Debug, Default)]
struct Row {
    spans: Vec<(String, Role)>,
    /// Where the cursor stands in it.
    cursor: Option<u16>,
    is_chosen: bool,
}

impl Row {
    fn of(text: impl Into<String>, role: Role) -> Self {
        Self { spans: vec![(text.into(), role)], ..Self::default() }
    }
}

impl Entry {
    /// Paints the screen. Gives where the cursor stands, if it is shown.
    pub fn draw(&self, buffer: &mut Buffer) -> Option<Position> {
        let mut canvas = Canvas::new(buffer);
        let area = canvas.area();
        let (columns, height) = (area.width, area.height);
        if columns < LEAST.0 || height < LEAST.1 {
            let text = cut(&self.texts.text("entry-too-small"), columns);
            canvas.put(area.x, area.y, area.right(), &text, self.theme.style(Role::Muted));
            return None;
        }
        let column = COLUMN.min(columns.saturating_sub(4));
        let rows = self.rows(column);
        let room = usize::from(height.saturating_sub(2));
        // What is being done stays on the screen, also where not all of it fits.
        let at = rows.iter().rposition(|row| row.cursor.is_some() || row.is_chosen).unwrap_or(0);
        let last = rows.len().saturating_sub(room);
        let skipped = match &self.stage {
            // The key is what must be seen first of all.
            Stage::RecoveryKey { top, .. } => *top,
            _ => (at + 4).saturating_sub(room),
        };
        let skipped = skipped.min(last);
        let shown = rows.len().min(room);
        let left = area.x + (columns - column) / 2;
        let top = area.y + u16::try_from(room.saturating_sub(shown) / 3).unwrap_or(0);
        let mut cursor = None;
        for (row, y) in rows.iter().skip(skipped).take(room).zip(top..) {
            let mut x = left;
            for (text, role) in &row.spans {
                let mut style = self.theme.style(*role);
                if row.is_chosen {
                    style = style.patch(self.theme.selected()).add_modifier(Modifier::BOLD);
                }
                x = canvas.put(x, y, left + column, text, style);
            }
            if let Some(at) = row.cursor {
                cursor = Some(Position::new(left + at.min(column - 1), y));
            }
        }
        let footer = cut(&self.texts.text(self.footer()), columns.saturating_sub(2));
        canvas.put(area.x + 1, area.bottom() - 1, area.right(), &footer, self.theme.style(Role::Muted));
        cursor
    }

    fn footer(&self) -> &'static str {
        match (&self.stage, &self.why) {
            (Stage::Welcome { .. }, _) => "entry-keys-welcome",
            (Stage::Working { .. }, _) => "entry-keys-working",
            (Stage::RecoveryKey { .. }, _) => "entry-keys-written",
            (Stage::Form, Why::First { .. }) => "entry-keys-form",
            (Stage::Form, Why::Lock) => "entry-keys-lock",
            (Stage::Form, _) => "entry-keys-locked",
        }
    }

    fn rows(&self, column: u16) -> Vec<Row> {
        let mut rows = Vec::new();
        if self.size.1 >= 16 {
            for (line, beside) in MARK.iter().zip(["", "Huis", ""]) {
                let beside = (format!("  {beside}"), Role::Strong);
                rows.push(Row { spans: vec![((*line).into(), Role::Accent), beside], ..Row::default() });
            }
            rows.push(Row::default());
        }
        match &self.stage {
            Stage::Welcome { chosen } => self.welcome(*chosen, column, &mut rows),
            Stage::Form => self.form(column, &mut rows),
            Stage::Working { since_ms } => self.working(*since_ms, column, &mut rows),
            Stage::RecoveryKey { key, fingerprint, .. } => {
                self.recovery_key(key.expose(), fingerprint.as_deref(), column, &mut rows);
            }
        }
        rows
    }

    fn welcome(&self, chosen: usize, column: u16, rows: &mut Vec<Row>) {
        self.paragraph("entry-welcome", Role::Strong, column, rows);
        self.paragraph("entry-welcome-about", Role::Muted, column, rows);
        rows.push(Row::default());
        for (at, purpose) in CHOICES.iter().enumerate() {
            let key = match purpose {
                Purpose::SignIn => "entry-choice-sign-in",
                Purpose::Recover => "entry-choice-recover",
                _ => "entry-choice-register",
            };
            let sign = if at == chosen { "›" } else { " " };
            let text = format!(" {sign} {}  {} ", at + 1, self.texts.text(key));
            rows.push(Row { is_chosen: at == chosen, ..Row::of(text, Role::Text) });
        }
    }

    fn form(&self, column: u16, rows: &mut Vec<Row>) {
        let (title, about) = match self.form.purpose {
            Purpose::Register => ("entry-register", "entry-register-about"),
            Purpose::SignIn => ("entry-sign-in", "entry-sign-in-about"),
            Purpose::SignInAgain => ("entry-again", "entry-again-about"),
            Purpose::Recover => ("entry-recover", "entry-recover-about"),
            Purpose::Unlock => ("entry-unlock", "entry-unlock-about"),
            Purpose::Lock => ("entry-lock", "entry-lock-about"),
        };
        self.paragraph(title, Role::Strong, column, rows);
        self.paragraph(about, Role::Muted, column, rows);
        if let Why::SessionEnded { server, username } = &self.why {
            rows.push(Row::of(format!("@{username} · {server}"), Role::Text));
        }
        rows.push(Row::default());
        for (at, (line, field)) in self.form.lines.iter().enumerate() {
            self.line(*line, field, at == self.form.focus, column, rows);
        }
        if let Some((None, wrong)) = &self.form.wrong {
            rows.push(Row::default());
            wrapped(&format!("! {wrong}"), Role::Danger, column, rows);
        }
    }

    fn line(&self, line: Line, field: &Field, is_focused: bool, column: u16, rows: &mut Vec<Row>) {
        let role = if is_focused { Role::Accent } else { Role::Muted };
        rows.push(Row::of(self.label(line), role));
        let (text, before) = field.shown();
        let (sign, room) = (if is_focused { "› " } else { "  " }, column.saturating_sub(3));
        // The end with the cursor is what one looks at.
        let at = width(&before);
        let skipped = at.saturating_sub(room);
        let shown = if skipped > 0 { behind(&text, skipped) } else { text };
        rows.push(Row {
            spans: vec![(sign.into(), Role::Accent), (shown, Role::Text)],
            cursor: is_focused.then_some(2 + at - skipped),
            is_chosen: false,
        });
        if let Some((Some(to_blame), wrong)) = &self.form.wrong
            && *to_blame == line
        {
            wrapped(&format!("  ! {wrong}"), Role::Danger, column, rows);
        } else if let Some(hint) = self.hint(line).filter(|_| is_focused) {
            wrapped(&format!("  {hint}"), Role::Muted, column, rows);
        }
    }

    fn label(&self, line: Line) -> String {
        self.texts.text(match (line, self.form.purpose) {
            (Line::Server, _) => "entry-server",
            (Line::Admission, _) => match self.form.ticket {
                Ticket::Passphrase => "entry-passphrase",
                Ticket::Invitation => "entry-invitation",
                Ticket::Claim => "entry-claim",
            },
            (Line::Name, _) => "entry-name",
            (Line::RecoveryKey, _) => "entry-recovery-key",
            (Line::Code, _) => "entry-second-factor",
            (Line::Password, Purpose::Recover) => "entry-new-password",
            (Line::Password, _) => "entry-password",
            (Line::Again, _) => "entry-password-again",
        })
    }

    fn hint(&self, line: Line) -> Option<String> {
        let key = match (line, self.form.purpose) {
            (Line::Server, _) if self.form.server().is_some_and(|server| huis_texts::is_unprotected(&server)) => {
                "entry-hint-unprotected"
            }
            (Line::Admission, _) => "entry-hint-admission",
            (Line::Name, Purpose::Register) => "entry-hint-name",
            (Line::Password, Purpose::Register | Purpose::Recover) => "entry-hint-password",
            _ => return None,
        };
        Some(self.texts.text(key))
    }

    fn working(&self, since_ms: u64, column: u16, rows: &mut Vec<Row>) {
        let key = match self.form.purpose {
            Purpose::Register => "entry-working-register",
            Purpose::Unlock => "entry-working-unlock",
            Purpose::Lock => "entry-working-lock",
            _ => "entry-working-sign-in",
        };
        self.paragraph(key, Role::Strong, column, rows);
        let seconds = self.now_ms.saturating_sub(since_ms) / 1000;
        let values = [("seconds", huis_texts::Value::Number(seconds))];
        wrapped(&self.texts.text_with("entry-working-for", &values), Role::Muted, column, rows);
    }

    fn recovery_key(&self, key: &str, fingerprint: Option<&str>, column: u16, rows: &mut Vec<Row>) {
        self.paragraph("entry-key", Role::Strong, column, rows);
        wrapped(&format!("  {key}"), Role::Waiting, column, rows);
        self.paragraph("entry-key-about", Role::Text, column, rows);
        rows.push(Row::default());
        let text = format!(" › {} ", self.texts.text("entry-written"));
        rows.push(Row { is_chosen: true, ..Row::of(text, Role::Text) });
        rows.push(Row::default());
        self.paragraph("entry-local-key", Role::Muted, column, rows);
        if let Some(fingerprint) = fingerprint {
            rows.push(Row::default());
            self.paragraph("entry-fingerprint", Role::Muted, column, rows);
            wrapped(&format!("  {fingerprint}"), Role::Text, column, rows);
        }
    }

    fn paragraph(&self, key: &str, role: Role, column: u16, rows: &mut Vec<Row>) {
        wrapped(&self.texts.text(key), role, column, rows);
    }
}

/// A text in as many rows as it takes; rows after the first stand under its first letter.
fn wrapped(text: &str, role: Role, column: u16, rows: &mut Vec<Row>) {
    let text = huis_texts::safe_line(text);
    let indent = text.len() - text.trim_start().len();
    let body = text.trim_start();
    let room = column.saturating_sub(u16::try_from(indent).unwrap_or(0));
    for part in wrap(body, room) {
        rows.push(Row::of(format!("{}{}", " ".repeat(indent), body.get(part).unwrap_or_default()), role));
    }
}

/// What of a text stands behind so many cells.
fn behind(text: &str, skipped: u16) -> String {
    let mut used = 0;
    let rest = text.char_indices().find(|(_, character)| {
        let is_there = used >= skipped;
        used += width(character.encode_utf8(&mut [0; 4]));
        is_there
    });
    rest.and_then(|(at, _)| text.get(at..)).unwrap_or_default().to_owned()
}
