//! The pane of the open conversation.

use huis_proto::{ConversationKind, MessageId};
use huis_texts::Value;
use huis_views::{Command, ConversationState, ConversationView, MessageView, RequestAnswer, Trust};
use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{Element, HtmlElement, KeyboardEvent};

use super::{can_be_forwarded, can_be_marked, message, scroll};
use crate::app::{App, Pane};
use crate::composer::composer;
use crate::dialogs::{Confirm, Menu, Overlay};
use crate::parts::{blank, conversation_avatar, follow, icon, icon_button, live, nothing, on, person_avatar, skeleton};
use crate::people::anyway_button;
use crate::signals::effect;
use crate::{dates, page, say};

/// The middle pane: a conversation, a first message to somebody, or nothing yet.
pub(crate) fn timeline(app: App) -> AnyView {
    let open = Memo::new(move |_| (app.talk.open.get(), app.talk.addressee.get()));
    view! {
        <section class="pane talk" data-view="talk" aria-label=say::text("talk-title")>
            {live(move || match open.get() {
                (Some(_), _) => conversation(app),
                (None, Some(name)) => first_words(app, &name),
                (None, None) => welcome(app),
            })}
        </section>
    }
    .into_any()
}

fn welcome(app: App) -> AnyView {
    let has_some = move || !app.shelf.shown.with(Vec::is_empty);
    view! {
        <div class="welcome">
            {live(move || {
                let (title, about) = if has_some() { ("welcome-title", "welcome-about") } else { ("welcome-none-title", "welcome-none-about") };
                nothing("door", say::text(title), say::text(about), ())
            })}
        </div>
    }
    .into_any()
}

/// There is no conversation with somebody yet: the first message makes it.
fn first_words(app: App, name: &str) -> AnyView {
    let shown = say::line(name, 64);
    view! {
        <header class="talk-head">
            {back_button(app)}
            <div class="talk-title"><h1>{format!("@{shown}")}</h1></div>
        </header>
        <div class="timeline" data-view="timeline" data-state="empty">
            {nothing("send", say::text_with_name("first-title", &shown), say::text("first-about"), ())}
        </div>
        {composer(app)}
    }
    .into_any()
}

fn back_button(app: App) -> AnyView {
    view! { <span class="only-narrow">{icon_button("back", say::text("key-back"), move || app.back_to(Pane::List))}</span> }.into_any()
}

fn conversation(app: App) -> AnyView {
    let closed = Memo::new(move |_| closed(app));
    view! {
        {head(app)}
        {changed_strip(app)}
        {pinned_strip(app)}
        <div class="timeline-frame">
            {scroller(app)}
            {to_newest(app)}
        </div>
        {typing(app)}
        <div class="only-narrow">{crate::list::strip(app)}</div>
        {live(move || match closed.get() {
            Some(bar) => closed_bar(app, bar),
            None => composer(app),
        })}
    }
    .into_any()
}

fn head(app: App) -> AnyView {
    let title = move || app.with_open(|view| (say::conversation(view), say::other(view).and_then(say::handle)));
    view! {
        <header class="talk-head">
            {back_button(app)}
            <button type="button" class="talk-title" title=say::text("action-details") on:click=on(move |_| app.toggle_details())>
                {live(move || app.with_open(|view| conversation_avatar(view, "medium")))}
                <span class="talk-words">
                    <h1>
                        {live(move || title().map(|(name, handle)| view! { <bdi>{name}</bdi> {handle.map(|handle| html::span().class("handle").child(handle))} }))}
                    </h1>
                    <span class="about">{live(move || app.with_open(about))}</span>
                </span>
            </button>
            {live(move || app.with_open(|view| view.trust).map(|trust| shield(app, trust)))}
            {icon_button("search", say::text("talk-search"), move || search_here(app))}
            <button
                type="button"
                class="icon-button only-wide"
                title=say::text("action-details")
                aria-label=say::text("action-details")
                aria-expanded=follow(move || app.has_details.get().to_string())
                on:click=on(move |_| app.toggle_details())
            >
                {icon("people")}
            </button>
        </header>
    }
    .into_any()
}

fn search_here(app: App) {
    let words = app.peek_open(|view| match view.name.as_str() {
        // A title that would end the quotation marks is named by its id.
        name if name.contains('"') => format!("in:{} ", view.id),
        name if name.contains(char::is_whitespace) => format!("in:\"{name}\" "),
        name => format!("in:{name} "),
    });
    if let Some(words) = words {
        crate::list::search_for(app, words);
    }
}

/// Who is there, in a line.
fn about(view: &ConversationView) -> String {
    let state = match view.state {
        ConversationState::Joining => Some("state-joining"),
        ConversationState::Repairing => Some("state-repairing"),
        ConversationState::Held => Some("state-held"),
        ConversationState::Left => Some("state-left"),
        ConversationState::Joined => None,
    };
    if let Some(state) = state {
        return say::text(state);
    }
    if let Some(topic) = view.topic.as_deref().filter(|topic| !topic.trim().is_empty()) {
        return say::first_line(topic);
    }
    if view.kind == ConversationKind::Direct {
        return if view.here.is_empty() { say::text("talk-sealed") } else { say::text("header-here") };
    }
    let people = say::text_with_count("header-people", view.accounts.len());
    match view.here.len() {
        0 => people,
        here => format!("{people} · {}", say::text_with_count("header-count-here", here)),
    }
}

fn shield(app: App, trust: Trust) -> AnyView {
    let (sign, key, class) = match trust {
        Trust::Verified => ("shield-check", "trust-verified", "shield is-good"),
        Trust::NotYet => ("shield", "trust-not-yet", "shield"),
        Trust::Changed => ("shield-alert", "trust-changed", "shield is-bad"),
        Trust::Broken => ("shield-alert", "trust-broken", "shield is-bad"),
    };
    view! {
        <button type="button" class=format!("icon-button {class}") title=say::text(key) aria-label=say::text(key) on:click=on(move |_| app.open_details())>
            {icon(sign)}
        </button>
    }
    .into_any()
}

/// Says that an identity key changed, and what can be done about it.
fn changed_strip(app: App) -> AnyView {
    let changed = Memo::new(move |_| {
        app.with_open(|view| {
            let whose = view.changed.as_ref().and_then(|whose| whose.name.clone());
            view.trust.is_changed().then_some((view.trust, view.kind == ConversationKind::Direct, whose))
        })
        .flatten()
    });
    view! {
        {live(move || changed.get().map(|(trust, is_of_two, whose)| {
            let said = match &whose {
                // Of several it has to be said who.
                Some(name) if !is_of_two => {
                    let key = if trust == Trust::Broken { "changed-broken" } else { "changed-key" };
                    say::text_with(key, &[("name", Value::Text(&say::line(&format!("@{name}"), 64)))])
                }
                _ => say::text(if trust == Trust::Broken { "person-broken" } else { "person-key-changed" }),
            };
            let compared = whose.clone();
            let compare = move |_| match compared.clone() {
                Some(name) => app.show(Overlay::Person(name)),
                None => app.open_details(),
            };
            view! {
                <div class="strip changed" role="alert" data-state="hindered">
                    {icon("shield-alert")}
                    <span>{said}</span>
                    <button type="button" class="button small" on:click=on(compare)>{say::text("person-compare-again")}</button>
                    {whose.filter(|_| is_of_two).map(|name| anyway_button(app, name, None))}
                </div>
            }
        }))}
    }
    .into_any()
}

fn pinned_strip(app: App) -> AnyView {
    let pins = move || app.with_open(|view| view.pins).unwrap_or(0);
    view! {
        {live(move || (pins() > 0).then(|| view! {
            <button type="button" class="strip pins" on:click=on(move |_| app.open_details())>
                {icon("pin")} {say::text_with_count("header-pins", pins())}
            </button>
        }))}
    }
    .into_any()
}

fn scroller(app: App) -> AnyView {
    let node = NodeRef::<html::Div>::new();
    effect(move || {
        if let Some(scroller) = node.get() {
            observe(app, &scroller);
        }
    });
    view! {
        <div
            node_ref=node
            id=scroll::SCROLLER
            class="timeline"
            data-view="timeline"
            data-state=follow(move || if app.talk.is_loaded.get() { "ready" } else { "loading" })
            data-conversation=follow(move || app.talk.open.get().map(|id| id.to_string()))
            tabindex="0"
            role="region"
            aria-label=say::text("timeline-title")
            on:scroll=on(move |_| app.looked())
            on:keydown=on(move |event: web_sys::KeyboardEvent| on_scroller_key(app, &event))
        >
            {live(move || match (app.talk.is_loaded.get(), app.talk.trouble.get()) {
                (true, _) => ().into_any(),
                (false, None) => skeleton("for-timeline", 7),
                (false, Some(why)) => {
                    let again = view! {
                        <button type="button" class="button" on:click=on(move |_| app.fill_newest())>{say::text("action-retry")}</button>
                    };
                    nothing("alert", say::text("timeline-unread"), why, again)
                }
            })}
            <ol id=scroll::ROWS class="rows">
                <For each=move || app.talk.items.get() key=|item| item.key children=move |item| message::row(app, item) />
            </ol>
            {live(move || app.talk.is_empty.get().then(|| html::p().class("timeline-empty").child(say::text("timeline-say-hello"))))}
        </div>
    }
    .into_any()
}

/// Follows the heights of what scrolls.
fn observe(app: App, scroller: &Element) {
    let closure = Closure::<dyn FnMut()>::new(move || app.resized());
    let Ok(observer) = web_sys::ResizeObserver::new(closure.as_ref().unchecked_ref()) else { return };
    observer.observe(scroller);
    if let Some(rows) = scroller.query_selector(".rows").ok().flatten() {
        observer.observe(&rows);
    }
    let kept = StoredValue::new_local(Some((observer, closure)));
    on_cleanup(move || {
        if let Some((observer, _)) = kept.try_update_value(Option::take).flatten() {
            observer.disconnect();
        }
    });
}

fn to_newest(app: App) -> AnyView {
    let below = move || app.talk.below.get();
    view! {
        {live(move || app.talk.is_away.get().then(|| {
            let words = match below() {
                0 => say::text("timeline-to-newest-plain"),
                count => say::text_with_count("timeline-to-newest-new", count),
            };
            let count = (below() > 0).then(|| html::span().class("badge").child(dates::number(below().into())));
            view! {
                <button type="button" class="to-newest" title=words.clone() aria-label=words on:click=on(move |_| app.go_to_newest())>
                    {icon("down")}
                    {count}
                </button>
            }
        }))}
    }
    .into_any()
}

fn typing(app: App) -> AnyView {
    let words = move || app.with_open(|view| say::typing(&view.typing)).flatten();
    view! {
        <div class="typing" data-view="typing">
            {live(move || words().map(|words| view! { <span class="typing-dots" aria-hidden="true">{blank("")}{blank("")}{blank("")}</span> <span>{words}</span> }))}
        </div>
    }
    .into_any()
}

/// Why nothing can be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Closed {
    Request,
    Held,
    Left,
}

fn closed(app: App) -> Option<Closed> {
    app.with_open(why_closed).flatten()
}

fn why_closed(view: &ConversationView) -> Option<Closed> {
    match view.state {
        ConversationState::Held => Some(Closed::Held),
        ConversationState::Left => Some(Closed::Left),
        _ => view.request.then_some(Closed::Request),
    }
}

/// Whether nothing can be written into a conversation.
pub(crate) fn is_closed(view: &ConversationView) -> bool {
    why_closed(view).is_some()
}

fn closed_bar(app: App, closed: Closed) -> AnyView {
    let Some(id) = app.talk.open.get_untracked() else { return ().into_any() };
    let name = app.peek_open(say::conversation).unwrap_or_default();
    let answer = move |answer| move |_| app.answer_request(id, answer);
    let (words, buttons) = match closed {
        Closed::Request => (
            say::text_with_name("bar-request", &name),
            view! {
                <button type="button" class="button primary" on:click=answer(RequestAnswer::Accept)>{say::text("request-accept")}</button>
                <button type="button" class="button" on:click=answer(RequestAnswer::Decline)>{say::text("request-decline")}</button>
                <button type="button" class="button danger" on:click=answer(RequestAnswer::Block)>{say::text("request-block")}</button>
            }
            .into_any(),
        ),
        Closed::Held => (
            say::text("bar-held"),
            view! {
                <button
                    type="button"
                    class="button"
                    on:click=on(move |_| app.ask(Confirm::danger(say::text("confirm-join-anyway"), "confirm-join-anyway-yes", move |app| app.act(Command::JoinAnyway { conversation: id }))))
                >
                    {say::text("held-join")}
                </button>
            }
            .into_any(),
        ),
        Closed::Left => (
            say::text("bar-left"),
            view! {
                <button type="button" class="button" on:click=on(move |_| app.set_archived(id, true))>{say::text("menu-archive")}</button>
            }
            .into_any(),
        ),
    };
    let name_of_bar = words.clone();
    let about = (closed == Closed::Request).then(|| html::p().class("about").child(say::text("request-about")));
    view! {
        <div class="closed-bar" data-view="closed" role="group" aria-label=name_of_bar>
            <div class="closed-words">
                {app.peek_open(|view| say::other(view).map(|other| person_avatar(other.account, &name, "medium"))).flatten()}
                <div><p>{words}</p>{about}</div>
            </div>
            <div class="closed-buttons">{buttons}</div>
        </div>
    }
    .into_any()
}

/// Keys where the whole timeline has the focus: up goes to the last message in sight.
fn on_scroller_key(app: App, event: &KeyboardEvent) {
    let is_here = event.target() == event.current_target();
    if !is_here || crate::keys::has_modifier(event) {
        return;
    }
    match event.key().as_str() {
        "ArrowUp" | "ArrowDown" => {
            let rows = page::element(scroll::ROWS);
            let last = rows.and_then(|rows| rows.last_element_child());
            let row = last.and_then(|last| {
                if last.has_attribute("data-position") {
                    last.dyn_into::<HtmlElement>().ok()
                } else {
                    scroll::beside(&last, true)
                }
            });
            if let Some(row) = row {
                event.prevent_default();
                let _ = row.focus();
            }
        }
        "End" => {
            event.prevent_default();
            app.go_to_newest();
        }
        "Escape" => {
            page::focus("composer-text");
        }
        _ => {}
    }
}

/// Keys on a message that has the focus.
pub(super) fn on_message_key(app: App, id: MessageId, event: &KeyboardEvent) {
    let Some(row) = event.current_target().and_then(|target| target.dyn_into::<Element>().ok()) else { return };
    if event.target() != event.current_target() || crate::keys::has_modifier(event) {
        return;
    }
    let to = |back: bool| match scroll::beside(&row, back) {
        Some(next) => {
            let _ = next.focus();
        }
        None if !back => {
            page::focus("composer-text");
        }
        None => {}
    };
    match event.key().as_str() {
        "ArrowUp" => to(true),
        "ArrowDown" => to(false),
        "Enter" | " " => {
            let area = row.get_bounding_client_rect();
            app.show(Overlay::Menu(Menu::message(
                id,
                area.left() + area.width() / 2.0,
                area.top() + area.height().min(80.0),
            )));
        }
        "Escape" => {
            page::focus("composer-text");
        }
        "r" => app.reply(id),
        "e" => app.edit(id),
        "d" | "Delete" => app.ask_delete(id),
        "+" if can(app, id, can_be_marked) => app.show(Overlay::React(id)),
        "p" if can(app, id, can_be_marked) => app.toggle_pin(id),
        "f" if can(app, id, can_be_forwarded) => app.show(Overlay::Forward(id)),
        "c" => app.copy_message(id),
        "i" => app.show(Overlay::Receipts(id)),
        "q" => {
            if let Some(quote) = app.talk.message(id).and_then(|message| message.reply_to.clone()) {
                app.go_to_message(quote.message);
            }
        }
        _ => return,
    }
    event.prevent_default();
}

/// Whether something can be done with a message. Of one that is locked it is said why not.
fn can(app: App, id: MessageId, is_allowed: fn(&MessageView) -> bool) -> bool {
    let Some(message) = app.talk.message(id) else { return false };
    if message.waiting_lock().is_some() {
        app.say(say::text("refused-time-locked"));
    }
    is_allowed(&message)
}
