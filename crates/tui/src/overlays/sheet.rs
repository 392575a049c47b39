//! A few lines to read, some of which can be chosen: rooms, devices, what one shows of oneself, a safety number.

use crossterm::event::{KeyCode, KeyEvent};
use huis_proto::rest::{Room, Secret};
use huis_proto::{AccountId, MessageId};
use huis_texts::{Texts, Value};
use huis_views::{CardView, Command, ContactView, DeviceView, LockState, MessageView, Profile, SafetyCode};
use ratatui::layout::Rect;

use super::{Outcome, window};
use crate::app::App;
use crate::calendar::Zone;
use crate::cells::{self, Canvas};
use crate::say;
use crate::theme::Role;

/// The width of its lines.
const WIDE: u16 = 60;

/// Lines under a heading.
#[derive(Debug)]
pub(crate) struct Sheet {
    heading: String,
    rows: Vec<Row>,
    /// Of whom it tells, if of somebody.
    account: Option<AccountId>,
    /// The files that it tells of.
    brings: Vec<(MessageId, u32)>,
    /// None at first: an Enter that was meant for something else does nothing.
    chosen: Option<usize>,
    top: usize,
    /// The first line can be no later one than this, and so many lines are seen: as it was drawn last.
    last_top: usize,
    height: usize,
}

#[derive(Debug)]
struct Row {
    text: Text,
    role: Role,
    /// What choosing it does, and whether the conversation that is the answer is opened.
    does: Option<(Command, bool)>,
}

/// A text that may be a secret, which is wiped when it goes.
#[derive(Debug)]
enum Text {
    Plain(String),
    Secret(Secret),
}

impl Text {
    fn shown(&self) -> &str {
        match self {
            Self::Plain(text) => text,
            Self::Secret(secret) => secret.expose(),
        }
    }
}

impl Row {
    fn new(text: impl Into<String>, role: Role) -> Self {
        Self { text: Text::Plain(text.into()), role, does: None }
    }

    fn doing(text: impl Into<String>, command: Command, opens: bool) -> Self {
        Self { does: Some((command, opens)), ..Self::new(text, Role::Accent) }
    }
}

impl Sheet {
    fn new(heading: String, rows: Vec<Row>) -> Self {
        Self { heading, rows, account: None, brings: Vec::new(), chosen: None, top: 0, last_top: 0, height: 1 }
    }

    pub(crate) fn rooms(texts: &Texts, rooms: &[Room]) -> Self {
        let mut rows: Vec<Row> = rooms
            .iter()
            .map(|room| {
                let count = texts.text_with("header-people", &[("count", Value::Number(room.accounts))]);
                Row::doing(format!("#{} · {count}", room.name), Command::JoinRoom { name: room.name.clone() }, true)
            })
            .collect();
        if rows.is_empty() {
            rows.push(Row::new(texts.text("sheet-no-rooms"), Role::Muted));
        }
        Self::new(texts.text("sheet-rooms"), rows)
    }

    pub(crate) fn devices(texts: &Texts, zone: &Zone, devices: &[DeviceView], now_ms: u64) -> Self {
        let mut rows = Vec::new();
        for device in devices {
            let id: String = device.device.to_string().chars().take(8).collect();
            let mark = if device.current { texts.text("sheet-this-device") } else { String::new() };
            let name = device.name.as_deref().map(|name| format!("  {}", huis_texts::safe_line(name)));
            rows.push(Row::new(format!("{id}{}  {mark}", name.unwrap_or_default()), Role::Strong));
            let added = zone.short(texts, device.added_at_ms, now_ms);
            let mut about = match device.added_at_ms {
                0 => Vec::new(),
                _ => vec![texts.text_with("sheet-device-added", &[("time", Value::Text(&added))])],
            };
            about.push(match device.used_at_ms {
                Some(used) => {
                    let used = zone.short(texts, used, now_ms);
                    texts.text_with("sheet-device-used", &[("time", Value::Text(&used))])
                }
                None => texts.text("sheet-device-no-session"),
            });
            rows.push(Row::new(format!("  {}", about.join(" · ")), Role::Muted));
        }
        Self::new(texts.text("sheet-devices"), rows)
    }

    pub(crate) fn locks(texts: &Texts, zone: &Zone, messages: &[MessageView], now_ms: u64) -> Self {
        let mut rows = Vec::new();
        for message in messages {
            let Some(lock) = &message.lock else { continue };
            let (place, author) = (say::first_line(&message.conversation_name), say::author(texts, message));
            rows.push(Row::new(format!("{place} · {author}"), Role::Strong));
            match lock.state {
                LockState::Opened => {
                    let opened = zone.short(texts, lock.unlocks_at_ms, now_ms);
                    let said = say::first_line(&message.text);
                    let values = [("time", Value::Text(&opened)), ("text", Value::Text(&said))];
                    rows.push(Row::new(format!("  {}", texts.text_with("sheet-lock-opened", &values)), Role::Text));
                }
                _ => {
                    let is_readable = message.kind != "timed";
                    let said = say::lock(texts, zone, lock, is_readable, now_ms);
                    rows.push(Row::new(format!("  {said}"), Role::Muted));
                }
            }
            if message.own && message.waiting_lock().is_some() {
                let withdraw = Command::WithdrawTimed { message: message.id };
                rows.push(Row::doing(format!("  {}", texts.text("sheet-lock-withdraw")), withdraw, false));
            }
        }
        if rows.is_empty() {
            rows.push(Row::new(texts.text("sheet-no-locks"), Role::Muted));
        }
        Self::new(texts.text("sheet-locks"), rows)
    }

    pub(crate) fn card(texts: &Texts, me: Option<&Profile>, card: &CardView) -> Self {
        let mut rows = Vec::new();
        if let Some(me) = me {
            rows.push(Row::new(format!("@{} · {}", me.username, me.server), Role::Strong));
        }
        for (key, value) in [("sheet-card-name", &card.name), ("sheet-card-about", &card.about)] {
            let value = value.clone().filter(|value| !value.is_empty()).unwrap_or_else(|| "—".into());
            rows.push(Row::new(format!("{} {value}", texts.text(key)), Role::Text));
        }
        rows.push(Row::new("", Role::Text));
        rows.push(Row::new(texts.text("sheet-card-how"), Role::Muted));
        Self::new(texts.text("sheet-card"), rows)
    }

    pub(crate) fn person(texts: &Texts, contact: &ContactView) -> Self {
        let mut rows = vec![Row::new(say::name(&contact.account), Role::Strong)];
        if let Some(about) = contact.card.about.as_deref().filter(|about| !about.trim().is_empty()) {
            rows.push(Row::new(say::first_line(about), Role::Text));
        }
        rows.push(Row::new("", Role::Text));
        rows.push(Row::new(texts.text("details-safety-number"), Role::Strong));
        let digits: Vec<char> = contact.safety_number.chars().filter(char::is_ascii_digit).collect();
        let groups: Vec<String> = digits.chunks(5).map(|group| group.iter().collect()).collect();
        rows.extend(groups.chunks(4).map(|row| Row::new(row.join("  "), Role::Text)));
        rows.push(Row::new(texts.text("sheet-compare"), Role::Muted));
        rows.push(Row::new("", Role::Text));
        let Some(name) = contact.account.name.clone() else { return Self::new(texts.text("sheet-person"), rows) };
        let number = Some(contact.safety_number.clone());
        if contact.identity_changed {
            let key = if contact.broken { "sheet-broken" } else { "sheet-identity-changed" };
            rows.push(Row::new(texts.text(key), Role::Danger));
            let compared = Command::SetVerified { name: name.clone(), verified: true, safety_number: number.clone() };
            rows.push(Row::doing(texts.text("sheet-verify"), compared, false));
            let accept = Command::AcceptIdentity { name: name.clone(), safety_number: number.clone() };
            rows.push(Row::doing(texts.text("sheet-accept-identity"), accept, false));
        } else {
            let (state, key) = if contact.verified {
                ("details-verified", "sheet-unverify")
            } else {
                ("sheet-not-verified", "sheet-verify")
            };
            rows.push(Row::new(texts.text(state), if contact.verified { Role::Good } else { Role::Muted }));
            let mark = Command::SetVerified { name: name.clone(), verified: !contact.verified, safety_number: number };
            rows.push(Row::doing(texts.text(key), mark, false));
        }
        if contact.blocked {
            rows.push(Row::new(texts.text("details-blocked"), Role::Danger));
            rows.push(Row::doing(texts.text("sheet-unblock"), Command::Unblock { name }, false));
        }
        Self { account: Some(contact.account.account), ..Self::new(texts.text("sheet-person"), rows) }
    }

    /// Whether it tells of this account.
    pub(crate) fn is_of(&self, account: AccountId) -> bool {
        self.account == Some(account)
    }

    /// What the other one scans, below what is there.
    pub(crate) fn add_code(&mut self, texts: &Texts, code: &SafetyCode) {
        self.rows.push(Row::new("", Role::Text));
        self.rows.push(Row::new(texts.text("sheet-code"), Role::Strong));
        self.rows.extend(huis_texts::drawn_code(&code.lines).into_iter().map(|line| Row::new(line, Role::Text)));
        self.rows.push(Row::new(code.text.clone(), Role::Muted));
        self.rows.push(Row::new(texts.text("sheet-code-how"), Role::Muted));
    }

    /// What was opened once. It is nowhere else any more, and is wiped when this closes.
    pub(crate) fn opened_once(texts: &Texts, message: &MessageView) -> Self {
        let mut rows = vec![Row::new(say::name(&message.from), Role::Strong)];
        rows.extend(message.text.lines().map(|line| Row {
            text: Text::Secret(Secret::new(line)),
            role: Role::Text,
            does: None,
        }));
        for file in &message.files {
            rows.push(Row::new(say::file(texts, file), Role::Text));
        }
        let about = if message.files.is_empty() { "sheet-opened-once-gone" } else { "sheet-opened-once-files" };
        rows.push(Row::new("", Role::Text));
        rows.push(Row::new(texts.text(about), Role::Muted));
        let brings = message.files.iter().map(|file| (message.id, file.number)).collect();
        Self { brings, ..Self::new(texts.text("sheet-opened-once"), rows) }
    }

    /// The files that can be saved from it.
    pub(super) fn brings(&self) -> &[(MessageId, u32)] {
        &self.brings
    }

    pub(crate) fn passphrase(texts: &Texts, passphrase: Secret) -> Self {
        let about = Row::new(texts.text("sheet-passphrase-about"), Role::Muted);
        let secret = Row { text: Text::Secret(passphrase), role: Role::Waiting, does: None };
        Self::new(texts.text("sheet-passphrase"), vec![secret, Row::new("", Role::Text), about])
    }

    pub(super) fn on_key(&mut self, key: KeyEvent) -> Outcome {
        match key.code {
            KeyCode::Up | KeyCode::Char('k') => self.choose(true),
            KeyCode::Down | KeyCode::Char('j') | KeyCode::Tab => self.choose(false),
            KeyCode::PageUp => self.top = self.top.saturating_sub(self.page()),
            KeyCode::PageDown => self.top = (self.top + self.page()).min(self.last_top),
            KeyCode::Enter if self.has_choices() => {
                return self.chosen.map_or(Outcome::Stays, Outcome::Does);
            }
            KeyCode::Enter => return Outcome::Closes,
            _ => {}
        }
        Outcome::Stays
    }

    /// To the next line that can be chosen; where none can, the lines move.
    pub(super) fn choose(&mut self, up: bool) {
        let mut choices: Vec<usize> =
            self.rows.iter().enumerate().filter(|(_, row)| row.does.is_some()).map(|(at, _)| at).collect();
        if up {
            choices.reverse();
        }
        let beyond = |at: &&usize| self.chosen.is_none_or(|chosen| if up { **at < chosen } else { **at > chosen });
        match choices.iter().find(beyond) {
            Some(next) => self.chosen = Some(*next),
            None if choices.is_empty() => {
                self.top = if up { self.top.saturating_sub(1) } else { (self.top + 1).min(self.last_top) };
            }
            None => {}
        }
    }

    /// Lines by which a page goes on: one is seen again.
    fn page(&self) -> usize {
        self.height.saturating_sub(1).max(1)
    }

    /// What the chosen line does.
    pub(crate) fn take(mut self, at: usize) -> Option<(Command, bool)> {
        self.rows.get_mut(at)?.does.take()
    }

    pub(super) fn has_choices(&self) -> bool {
        self.rows.iter().any(|row| row.does.is_some())
    }

    pub(super) fn draw(&mut self, app: &App, canvas: &mut Canvas<'_>, around: Rect) {
        let theme = app.settings.theme;
        let room = WIDE.min(around.width.saturating_sub(8));
        let mut lines: Vec<(String, Role, bool)> = Vec::new();
        let mut chosen_line = 0;
        for (at, row) in self.rows.iter().enumerate() {
            let is_chosen = self.chosen == Some(at);
            if is_chosen {
                chosen_line = lines.len();
            }
            let text = huis_texts::safe_line(row.text.shown());
            for piece in cells::wrap(&text, room) {
                lines.push((text.get(piece).unwrap_or_default().to_owned(), row.role, is_chosen));
            }
        }
        let count = u16::try_from(lines.len()).unwrap_or(u16::MAX);
        let area = window(canvas, around, (room + 2, count), &self.heading, theme);
        let height = usize::from(area.height);
        self.height = height;
        self.last_top = lines.len().saturating_sub(height);
        if self.chosen.is_some() {
            self.top = (chosen_line + 1).saturating_sub(height);
        }
        self.top = self.top.min(self.last_top);
        for (y, (text, role, is_chosen)) in (area.top()..area.bottom()).zip(lines.iter().skip(self.top)) {
            if *is_chosen {
                canvas.put(area.x, y, area.right(), "›", theme.style(Role::Accent));
            }
            let role = if *is_chosen { Role::Strong } else { *role };
            canvas.put(area.x + 2, y, area.right(), text, theme.style(role));
        }
    }
}
