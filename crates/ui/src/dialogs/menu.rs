//! What can be done with a message or a conversation: a menu where one points, or a sheet from below on a phone.

use huis_proto::{ConversationId, ConversationKind, MessageId};
use huis_views::{Command, ConversationState, MemberRole, Muted, Target};
use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{HtmlElement, KeyboardEvent};

use super::{Confirm, Overlay};
use crate::app::App;
use crate::composer::{QUICK, name_of};
use crate::parts::{icon, on};
use crate::signals::effect;
use crate::timeline::{can_be_edited, can_be_forwarded, can_be_marked, is_sent, is_whole};
use crate::{dates, page, say};

/// A menu at its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Menu {
    of: Of,
    x: i32,
    y: i32,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Of {
    Message(MessageId),
    Conversation(ConversationId),
    Member(Member),
}

/// Somebody in a conversation, and what one may do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Member {
    pub(crate) conversation: ConversationId,
    pub(crate) username: String,
    pub(crate) role: MemberRole,
    pub(crate) may_name: bool,
    pub(crate) may_remove: bool,
}

impl Menu {
    pub(crate) fn message(message: MessageId, x: f64, y: f64) -> Self {
        Self { of: Of::Message(message), x: x as i32, y: y as i32 }
    }

    pub(crate) fn member(member: Member, x: f64, y: f64) -> Self {
        Self { of: Of::Member(member), x: x as i32, y: y as i32 }
    }

    pub(crate) fn conversation(conversation: ConversationId, x: f64, y: f64) -> Self {
        Self { of: Of::Conversation(conversation), x: x as i32, y: y as i32 }
    }
}

pub(super) fn menu(app: App, menu: &Menu) -> AnyView {
    let found = match &menu.of {
        Of::Message(id) => of_message(app, *id),
        Of::Conversation(id) => of_conversation(app, *id),
        Of::Member(member) => Some(of_member(app, member)),
    };
    let Some((title, about, quick, items)) = found else { return ().into_any() };
    let node = NodeRef::<html::Dialog>::new();
    let (x, y) = (menu.x, menu.y);
    effect(move || {
        if let Some(dialog) = node.get() {
            if !dialog.open() {
                let _ = dialog.show_modal();
            }
            place(&dialog, x, y);
        }
    });
    view! {
        <dialog
            node_ref=node
            class="menu"
            data-view="menu"
            aria-label=title
            on:cancel=on(move |event: web_sys::Event| {
                event.prevent_default();
                app.close_overlay();
            })
            on:click=on(move |event: web_sys::MouseEvent| {
                if event.target() == event.current_target() {
                    app.close_overlay();
                }
            })
            on:keydown=on(move |event: web_sys::KeyboardEvent| on_key(&event))
        >
            {about.map(|about| html::p().class("menu-about").child(about))}
            {quick}
            <div role="menu" class="menu-items">{items}</div>
        </dialog>
    }
    .into_any()
}

/// Puts a menu where one points, or beside it so that all of it is on the page.
fn place(dialog: &web_sys::HtmlDialogElement, x: i32, y: i32) {
    let size = |value: Result<wasm_bindgen::JsValue, _>| value.ok().and_then(|value| value.as_f64()).unwrap_or(0.0);
    let window = page::window();
    let (width, height) = (size(window.inner_width()), size(window.inner_height()));
    let area = dialog.unchecked_ref::<web_sys::Element>().get_bounding_client_rect();
    let left = f64::from(x).min(width - area.width() - 8.0).max(8.0);
    let top = if f64::from(y) + area.height() > height - 8.0 { f64::from(y) - area.height() } else { f64::from(y) };
    page::set_pixels(dialog, "--x", left);
    page::set_pixels(dialog, "--y", top.min(height - area.height() - 8.0).max(8.0));
}

fn on_key(event: &KeyboardEvent) {
    let step = match event.key().as_str() {
        "ArrowDown" | "ArrowRight" => 1,
        "ArrowUp" | "ArrowLeft" => -1,
        _ => return,
    };
    let Ok(found) = page::document().query_selector_all(".menu button") else { return };
    let items: Vec<HtmlElement> = (0..found.length()).filter_map(|index| found.item(index)?.dyn_into().ok()).collect();
    let active = page::document().active_element();
    let at = active.and_then(|active| items.iter().position(|item| item.is_same_node(Some(&active))));
    let count = items.len().max(1);
    let next = match (at, step) {
        (Some(at), 1) => (at + 1) % count,
        (Some(at), _) => (at + count - 1) % count,
        (None, _) => 0,
    };
    if let Some(item) = items.get(next) {
        let _ = item.focus();
    }
    event.prevent_default();
}

type Found = (String, Option<String>, Option<AnyView>, Vec<AnyView>);

fn item(app: App, sign: &'static str, words: String, is_grave: bool, act: impl Fn() + 'static) -> AnyView {
    view! {
        <button
            type="button"
            role="menuitem"
            class=if is_grave { "menu-item danger" } else { "menu-item" }
            on:click=on(move |_| {
                app.close_overlay();
                act();
            })
        >
            {icon(sign)}
            <span>{words}</span>
        </button>
    }
    .into_any()
}

fn of_message(app: App, id: MessageId) -> Option<Found> {
    let message = app.talk.message(id)?;
    let (is_whole, is_sent) = (is_whole(&message), is_sent(&message));
    let (can_write, may_delete) = app.peek_open(|view| {
        let is_member =
            matches!(view.state, ConversationState::Joined | ConversationState::Repairing | ConversationState::Joining);
        let may = view.role.is_some_and(|role| role >= MemberRole::Admin) && view.kind != ConversationKind::Direct;
        (is_member && !view.request, may)
    })?;
    let mut items = Vec::new();
    if can_write {
        items.push(item(app, "reply", say::text("menu-reply"), false, move || app.reply(id)));
    }
    if is_whole {
        if !message.text.is_empty() {
            items.push(item(app, "copy", say::text("menu-copy"), false, move || app.copy_message(id)));
        }
        if can_be_forwarded(&message) {
            items.push(item(app, "forward", say::text("menu-forward"), false, move || app.show(Overlay::Forward(id))));
        }
    }
    if can_be_edited(&message) && can_write {
        items.push(item(app, "edit", say::text("menu-edit"), false, move || app.edit(id)));
    }
    if can_be_marked(&message) && can_write {
        let key = if message.pinned { "menu-unpin" } else { "menu-pin" };
        items.push(item(app, "pin", say::text(key), false, move || app.toggle_pin(id)));
    }
    if message.own && is_sent {
        items.push(item(app, "checks", say::text("menu-receipts"), false, move || app.show(Overlay::Receipts(id))));
    }
    if !is_sent {
        items.push(item(app, "retry", say::text("menu-retry"), false, move || app.act(Command::Retry { message: id })));
        items.push(item(app, "trash", say::text("menu-discard"), true, move || app.ask_discard(id)));
    } else if message.own && message.waiting_lock().is_some() && message.deleted_by.is_none() {
        items.push(item(app, "trash", say::text("menu-withdraw"), true, move || app.ask_withdraw(id)));
    } else if message.deleted_by.is_none() && can_write && (message.own || may_delete) {
        items.push(item(app, "trash", say::text("menu-delete"), true, move || app.ask_delete(id)));
    }
    if !message.own && message.deleted_by.is_none() {
        items.push(item(app, "flag", say::text("menu-report"), true, move || app.report_message(id)));
    }
    let quick = (can_be_marked(&message) && can_write).then(|| quick(app, id));
    let about = dates::moment(message.sent_at_ms);
    Some((say::text("menu-message"), Some(about), quick, items))
}

fn quick(app: App, id: MessageId) -> AnyView {
    let own =
        app.talk.message(id).and_then(|message| message.reactions.iter().find(|r| r.own).map(|r| r.emoji.clone()));
    let buttons = QUICK
        .iter()
        .map(|emoji| {
            let emoji = *emoji;
            let name = name_of(emoji);
            let words = name.as_ref().map(|name| format!("{emoji} {name}"));
            let is_given = own.as_deref() == Some(emoji);
            view! {
                <button
                    type="button"
                    class="emoji"
                    title=name
                    aria-label=words
                    aria-pressed=is_given.to_string()
                    on:click=on(move |_| {
                        app.close_overlay();
                        app.react(id, emoji);
                    })
                >
                    {emoji}
                </button>
            }
        })
        .collect_view();
    view! {
        <div class="menu-quick" role="group" aria-label=say::text("emoji-title")>
            {buttons}
            <button type="button" class="emoji" title=say::text("emoji-more") aria-label=say::text("emoji-more") on:click=on(move |_| app.show(Overlay::React(id)))>
                {icon("new")}
            </button>
        </div>
    }
    .into_any()
}

fn of_conversation(app: App, id: ConversationId) -> Option<Found> {
    let view = app.shelf.peek(id)?.get_untracked();
    let mut items = Vec::new();
    let is_muted = view.muted.holds_at(dates::now_ms());
    if !view.request {
        let (key, favourite) = if view.favourite { ("menu-unfavourite", false) } else { ("menu-favourite", true) };
        items.push(item(app, "star", say::text(key), false, move || app.set_favourite(id, favourite)));
        if is_muted {
            items.push(item(app, "bell", say::text("menu-unmute"), false, move || app.set_muted(id, Muted::No)));
        } else {
            let eight_hours = 8 * 3_600_000;
            items.push(item(app, "mute", say::text("menu-mute-8h"), false, move || {
                app.set_muted(id, Muted::Until(dates::now_ms() + eight_hours));
            }));
            items.push(item(app, "mute", say::text("menu-mute"), false, move || app.set_muted(id, Muted::ForEver)));
        }
        let (key, archived) = if view.archived { ("menu-unarchive", false) } else { ("menu-archive", true) };
        items.push(item(app, "archive", say::text(key), false, move || app.set_archived(id, archived)));
    }
    items.push(item(app, "people", say::text("action-details"), false, move || {
        app.open(id);
        app.open_details();
    }));
    if view.kind != ConversationKind::Direct && view.state != ConversationState::Left && !view.request {
        items.push(item(app, "leave", say::text("menu-leave"), true, move || app.ask_leave(id)));
    }
    Some((say::text("menu-conversation"), Some(say::conversation(&view)), None, items))
}

fn of_member(app: App, member: &Member) -> Found {
    let Member { conversation, username, role, may_name, may_remove } = member.clone();
    let mut items = Vec::new();
    let shown = username.clone();
    items.push(item(app, "person", say::text("person-title"), false, move || app.show(Overlay::Person(shown.clone()))));
    let roles = [
        (MemberRole::Member, "member-make-member"),
        (MemberRole::Admin, "member-make-admin"),
        (MemberRole::Owner, "member-make-owner"),
    ];
    for (other, key) in roles.into_iter().filter(|(other, _)| may_name && *other != role) {
        let name = username.clone();
        items.push(item(app, "shield", say::text(key), false, move || {
            app.act(Command::SetRole { target: Target::Id(conversation), names: vec![name.clone()], role: other });
        }));
    }
    if may_remove {
        let name = username.clone();
        items.push(item(app, "leave", say::text("member-remove"), true, move || {
            let (question, name) = (say::text_with_name("confirm-remove", &say::line(&name, 64)), name.clone());
            app.ask(Confirm::danger(question, "confirm-remove-yes", move |app| {
                app.act(Command::Remove { target: Target::Id(conversation), names: vec![name.clone()] });
            }));
        }));
    }
    (say::text("person-title"), Some(format!("@{}", say::line(&username, 64))), None, items)
}
