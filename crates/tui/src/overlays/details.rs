//! Who is in a conversation, and what is known of them.

use std::cell::Cell;

use huis_proto::{ConversationId, ConversationKind};
use huis_texts::Value;
use huis_views::{ContactView, MemberRole, MemberView, MessageView, NotificationLevel};
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::app::App;
use crate::cells::{self, Canvas};
use crate::picture::{draw_frame, title};
use crate::say;
use crate::theme::{Role, hue};

#[derive(Debug)]
pub(crate) struct Details {
    pub(crate) conversation: ConversationId,
    members: Vec<MemberView>,
    pub(crate) pinned: Vec<MessageView>,
    pub(crate) contact: Option<ContactView>,
    /// The first row that is shown, and the last one that it can be; what is painted tells.
    top: Cell<u16>,
    last_top: Cell<u16>,
}

impl Details {
    pub(crate) fn new(conversation: ConversationId) -> Self {
        Self {
            conversation,
            members: Vec::new(),
            pinned: Vec::new(),
            contact: None,
            top: Cell::new(0),
            last_top: Cell::new(0),
        }
    }

    /// Takes the members, who are there and who may do more first.
    pub(crate) fn set_members(&mut self, mut members: Vec<MemberView>) {
        members.sort_by_key(|member| {
            (std::cmp::Reverse(member.here), std::cmp::Reverse(member.role), say::name(&member.account).to_lowercase())
        });
        self.members = members;
    }

    pub(crate) fn scroll(&self, up: bool, rows: u16) {
        let top = self.top.get();
        self.top.set(if up { top.saturating_sub(rows) } else { (top + rows).min(self.last_top.get()) });
    }
}

/// Lines with their roles; each is cut or wrapped to the width.
type Lines = Vec<(String, Role)>;

pub(crate) fn draw_details(app: &App, canvas: &mut Canvas<'_>, frame: Rect, area: Rect) {
    let (Some(details), Some(view)) = (&app.details, app.open_view()) else { return };
    let theme = app.settings.theme;
    canvas.clear(frame, Style::new());
    draw_frame(canvas, frame, theme, false);
    title(canvas, frame, &app.texts.text("details-title"), theme.style(Role::Strong));
    let mut lines: Lines = Vec::new();
    match (&details.contact, view.kind) {
        (Some(contact), ConversationKind::Direct) => person(app, contact, &mut lines),
        _ => {
            lines.push((say::full_name(view), Role::Strong));
            if let Some(topic) = &view.topic {
                lines.push((say::first_line(topic), Role::Muted));
            }
            lines.push(say::trust(&app.texts, view.trust));
        }
    }
    lines.push((String::new(), Role::Text));
    let level = match view.notifications {
        NotificationLevel::All => "notify-all",
        NotificationLevel::Mentions => "notify-mentions",
        NotificationLevel::None => "notify-none",
    };
    lines.push((app.texts.text(level), Role::Muted));
    if view.muted.holds_at(app.now_ms) {
        lines.push((app.texts.text("details-muted"), Role::Muted));
    }
    if let Some(timer) = view.timer {
        lines.push((say::timer(&app.texts, timer), Role::Muted));
    }
    if !details.pinned.is_empty() {
        lines.push((String::new(), Role::Text));
        lines.push((app.texts.text("details-pinned"), Role::Strong));
        for message in details.pinned.iter().take(5) {
            lines.push((
                format!("{}: {}", say::author(&app.texts, message), say::line_of(&app.texts, message)),
                Role::Text,
            ));
        }
    }
    let room = area.width.saturating_sub(2);
    let mut rows: Vec<Row> = Vec::new();
    for (text, role) in lines {
        let safe = huis_texts::safe_line(&text);
        for at in cells::wrap(&safe, room).into_iter().take(4) {
            rows.push(Row::Text(safe.get(at).unwrap_or_default().to_owned(), role));
        }
    }
    if view.kind != ConversationKind::Direct && !details.members.is_empty() {
        let count = u64::try_from(details.members.len()).unwrap_or(u64::MAX);
        rows.push(Row::Text(String::new(), Role::Text));
        rows.push(Row::Text(app.texts.text_with("header-people", &[("count", Value::Number(count))]), Role::Strong));
        rows.extend(details.members.iter().map(Row::Member));
    }
    let last_top = u16::try_from(rows.len()).unwrap_or(u16::MAX).saturating_sub(area.height);
    details.last_top.set(last_top);
    details.top.set(details.top.get().min(last_top));
    let top = details.top.get();
    for (y, row) in (area.top()..area.bottom()).zip(rows.iter().skip(top.into())) {
        match row {
            Row::Text(text, role) => {
                canvas.put(area.x + 1, y, area.right() - 1, text, theme.style(*role));
            }
            Row::Member(member) => draw_member(app, member, canvas, Rect { y, height: 1, ..area }),
        }
    }
    if top < last_top {
        canvas.put_right(area.x, area.bottom(), area.right() - 1, " PgDn ↓ ", theme.style(Role::Muted));
    }
}

/// A row of what is shown.
enum Row<'a> {
    Text(String, Role),
    Member(&'a MemberView),
}

fn person(app: &App, contact: &ContactView, lines: &mut Lines) {
    let texts = &app.texts;
    lines.push((say::name(&contact.account), Role::Strong));
    if let Some(name) = &contact.account.name {
        lines.push((format!("@{}", name.trim_start_matches('@')), Role::Muted));
    }
    if let Some(about) = contact.card.about.as_deref().filter(|about| !about.trim().is_empty()) {
        lines.push((say::first_line(about), Role::Text));
    }
    if contact.here {
        lines.push((format!("● {}", texts.text("header-here")), Role::Good));
    }
    lines.push((String::new(), Role::Text));
    lines.push((texts.text("details-safety-number"), Role::Strong));
    let digits: Vec<char> = contact.safety_number.chars().filter(char::is_ascii_digit).collect();
    let groups: Vec<String> = digits.chunks(5).map(|group| group.iter().collect()).collect();
    for row in groups.chunks(4) {
        lines.push((row.join("  "), Role::Text));
    }
    lines.push((String::new(), Role::Text));
    let (key, role) = match (contact.identity_changed, contact.verified) {
        _ if contact.broken => ("details-broken", Role::Danger),
        (true, _) => ("details-identity-changed", Role::Danger),
        (false, true) => ("details-verified", Role::Good),
        (false, false) => ("details-not-verified", Role::Muted),
    };
    lines.push((texts.text(key), role));
    if contact.blocked {
        lines.push((texts.text("details-blocked"), Role::Danger));
    }
    let devices = u64::try_from(contact.devices.len()).unwrap_or(u64::MAX);
    lines.push((texts.text_with("details-devices", &[("count", Value::Number(devices))]), Role::Muted));
    lines.push((texts.text("details-keys"), Role::Muted));
}

fn draw_member(app: &App, member: &MemberView, canvas: &mut Canvas<'_>, row: Rect) {
    let theme = app.settings.theme;
    let is_me = Some(member.account.account) == app.my_account();
    let (sign, role) = if member.here { ("●", Role::Good) } else { ("○", Role::Muted) };
    canvas.put(row.x + 1, row.y, row.right(), sign, theme.style(role));
    let word = match member.role {
        MemberRole::Owner => app.texts.text("role-owner"),
        MemberRole::Admin => app.texts.text("role-admin"),
        MemberRole::Member => String::new(),
    };
    let end = canvas.put_right(row.x + 10, row.y, row.right() - 1, &word, theme.style(Role::Muted)).saturating_sub(1);
    let mark = if member.verified { "✓ " } else { "" };
    let name = if is_me { app.texts.text("you") } else { format!("{mark}{}", say::name(&member.account)) };
    let role = if is_me { Role::Accent } else { hue(member.account.account) };
    canvas.put(row.x + 3, row.y, end, &cells::cut(&name, end.saturating_sub(row.x + 3)), theme.style(role));
}
