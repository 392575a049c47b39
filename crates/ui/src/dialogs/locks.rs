//! What opens later, and what has opened.

use huis_proto::ConversationKind;
use huis_views::{Command, LockState, MessageView, Reply};
use leptos::html;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen::JsCast;

use crate::app::App;
use crate::parts::{dialog, live, on, person_name, skeleton};
use crate::signals::{RwSignal, effect};
use crate::timeline::{lock_of, locked};
use crate::{dates, page, port, say};

/// Messages that are asked for; those that wait come first.
const MOST: u32 = 200;

pub(super) fn locks(app: App) -> AnyView {
    let found = RwSignal::new(None::<Result<Vec<MessageView>, String>>);
    effect(move || {
        app.locks_changed.track();
        spawn_local(async move {
            let result = match port::ask(Command::TimeLocks { most: MOST }).await {
                Ok(Reply::Messages(messages)) => Ok(messages),
                Ok(_) => Ok(Vec::new()),
                Err(failure) => Err(say::failure(&failure)),
            };
            // Drawn anew, a row loses the focus.
            if found.try_get_untracked().is_some_and(|known| known.as_ref() != Some(&result)) {
                found.set(Some(result));
                keep_focus();
            }
        });
    });
    let body = live(move || match found.get() {
        None => skeleton("for-contact", 3),
        Some(Err(why)) => html::p().class("about").child(why).into_any(),
        Some(Ok(messages)) => {
            let is_all = messages.len() < MOST as usize;
            let there = messages.into_iter().filter(|message| message.deleted_by.is_none());
            let (waiting, over): (Vec<_>, Vec<_>) = there.partition(|message| message.waiting_lock().is_some());
            let nothing = waiting.is_empty() && over.is_empty();
            view! {
                {part(app, "locks-waiting", waiting)}
                {part(app, "locks-over", over)}
                {nothing.then(|| html::p().class("about").child(say::text("locks-none")))}
                {(!is_all).then(|| html::p().class("about").child(say::text_with_count("locks-most", MOST)))}
            }
            .into_any()
        }
    });
    dialog(app, "for-locks", say::text("locks-title"), body)
}

/// Where a row that went away had the focus the first one that is left has it, or the button that closes.
fn keep_focus() {
    page::after(0, || {
        let document = page::document();
        let active = document.active_element();
        if active.is_some_and(|active| !matches!(active.tag_name().as_str(), "BODY" | "DIALOG")) {
            return;
        }
        let find = |what: &str| document.query_selector(what).ok().flatten();
        let element = find(".for-locks .pinned-row").or_else(|| find(".for-locks .dialog-head button"));
        if let Some(element) = element.and_then(|element| element.dyn_into::<web_sys::HtmlElement>().ok()) {
            let _ = element.focus();
        }
    });
}

fn part(app: App, key: &'static str, messages: Vec<MessageView>) -> AnyView {
    if messages.is_empty() {
        return ().into_any();
    }
    let rows = messages.iter().map(|message| row(app, message)).collect_view();
    view! {
        <section class="locks-part" data-view=key>
            <h3>{say::text(key)}</h3>
            <ul class="people" role="list">{rows}</ul>
        </section>
    }
    .into_any()
}

/// Where, who, and when, with what is left until then or what it said; one's own can be taken back.
fn row(app: App, message: &MessageView) -> AnyView {
    let (id, position, conversation) = (message.id, message.position, message.conversation);
    let known = app.shelf.peek(conversation);
    let known = known.map(|view| view.with_untracked(|view| (say::conversation(view), view.kind)));
    let (place, kind) = known.unzip();
    let place = place.unwrap_or_else(|| say::line(&message.conversation_name, 64));
    let who = match (message.own, kind) {
        (true, _) => Some(say::text("you").into_any()),
        // The conversation is called after them.
        (false, Some(ConversationKind::Direct)) => None,
        (false, _) => Some(person_name(&message.from)),
    };
    let who = who.map(|who| view! { " · " {who} });
    let state = match message.lock.filter(|lock| lock.state == LockState::Opened) {
        Some(lock) => {
            let when = dates::moment(lock.unlocks_at_ms);
            let opened = say::text_with("locks-opened-at", &[("when", when.as_str().into())]);
            view! {
                <p class="about">{opened}</p>
                <p class="pinned-text" dir="auto">{said(message)}</p>
            }
            .into_any()
        }
        None => lock_of(message).map(|(lock, is_readable)| locked(lock, is_readable)).into_any(),
    };
    let withdraw = (message.own && message.waiting_lock().is_some()).then(|| {
        view! {
            <button
                type="button"
                class="button small danger"
                aria-label=say::text_with_name("locks-withdraw", &place)
                on:click=on(move |_| app.ask_withdraw(id))
            >
                {say::text("menu-withdraw")}
            </button>
        }
    });
    view! {
        <li class="lock-row">
            <button
                type="button"
                class="pinned-row"
                on:click=on(move |_| {
                    app.close_overlay();
                    app.go_to(conversation, id, position);
                })
            >
                <span class="list-line"><bdi class="list-name">{place}</bdi> {who}</span>
            </button>
            {state}
            {withdraw}
        </li>
    }
    .into_any()
}

/// What it said in a line, or what its files are called.
fn said(message: &MessageView) -> String {
    if !message.text.is_empty() || message.files.is_empty() {
        return say::line_of(message);
    }
    let names: Vec<String> = message.files.iter().map(say::file_name).collect();
    say::line(&names.join(", "), 200)
}
