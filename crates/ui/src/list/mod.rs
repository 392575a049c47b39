//! The conversations, and the field that finds conversations, people and messages.

mod found;
mod row;

use std::time::Duration;

use huis_proto::ConversationId;
use huis_views::Connection;
use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{HtmlElement, KeyboardEvent};

use crate::app::{App, Pane};
use crate::dialogs::Overlay;
use crate::parts::{follow, icon, icon_button, live, nothing, on, person_avatar, skeleton};
use crate::signals::RwSignal;
use crate::{dates, page, say};

const FIELD: &str = "search-field";

/// What is looked for, and whether other parts of the list are open.
#[derive(Clone, Copy)]
struct Shown {
    words: RwSignal<String>,
    is_archive_open: RwSignal<bool>,
}

thread_local! {
    static WORDS: std::cell::Cell<Option<RwSignal<String>>> = const { std::cell::Cell::new(None) };
}

/// Goes to the field, with these words in it.
pub(crate) fn search_for(app: App, words: String) {
    app.back_to(Pane::List);
    if let Some(signal) = WORDS.with(std::cell::Cell::get)
        && !words.is_empty()
    {
        signal.set(words);
    }
    page::focus_soon(FIELD);
}

/// The pane of the conversations.
pub(crate) fn list(app: App) -> AnyView {
    let shown = Shown { words: RwSignal::new(String::new()), is_archive_open: RwSignal::new(false) };
    WORDS.with(|words| words.set(Some(shown.words)));
    let is_searching = Memo::new(move |_| !shown.words.with(|words| words.trim().is_empty()));
    view! {
        <nav class="pane list" data-view="list" aria-label=say::text("list-title") on:keydown=on(move |event: web_sys::KeyboardEvent| on_key(&event))>
            {head(app)}
            {search_field(app, shown)}
            <div class="list-rows" data-state=follow(move || if app.shelf.is_filled.get() { "ready" } else { "loading" })>
                {live(move || if is_searching.get() {
                    found::found(app, shown.words).into_any()
                } else {
                    conversations(app, shown).into_any()
                })}
            </div>
            // Below the rows: above them it would move them all, each time it comes and goes.
            {strip(app)}
        </nav>
    }
    .into_any()
}

fn head(app: App) -> AnyView {
    let me = move || app.me.with(|me| me.as_ref().map(|me| (me.account, me.username.clone())));
    view! {
        <header class="list-head">
            {live(move || me().map(|(account, username)| view! {
                <button type="button" class="me" title=say::text("settings-title") aria-label=say::text_with_name("settings-of", &username) on:click=on(move |_| app.show(Overlay::Settings))>
                    {person_avatar(account, &username, "small")}
                </button>
            }))}
            <h1 class="list-title">{say::text("list-title")}</h1>
            {icon_button("settings", say::text("settings-title"), move || app.show(Overlay::Settings))}
            {icon_button("new", say::text("begin-title"), move || app.show(Overlay::Begin))}
        </header>
    }
    .into_any()
}

fn search_field(app: App, shown: Shown) -> AnyView {
    let words = shown.words;
    view! {
        <div class="search" role="search">
            {icon("search")}
            <input
                id=FIELD
                type="search"
                autocomplete="off"
                spellcheck="false"
                aria-label=say::text("search-field")
                placeholder=say::text("search-field")
                title=say::text("search-filters-plain")
                prop:value=follow(move || words.get())
                on:input=on(move |event: web_sys::Event| words.set(event_target_value(&event)))
                on:keydown=on(move |event: web_sys::KeyboardEvent| {
                    match event.key().as_str() {
                        "Escape" => {
                            event.prevent_default();
                            if words.with_untracked(String::is_empty) {
                                page::focus("composer-text");
                            } else {
                                words.set(String::new());
                            }
                        }
                        "Enter" => {
                            event.prevent_default();
                            first_row(|row| row.click());
                        }
                        _ => {}
                    }
                })
            />
            {live(move || (!words.with(String::is_empty)).then(|| icon_button("close", say::text("search-clear"), move || {
                words.set(String::new());
                page::focus(FIELD);
            })))}
        </div>
        {live(move || (app.has_update.get()).then(|| view! {
            <div class="strip" role="status" data-view="update">
                <span>{say::text("update-ready")}</span>
                <button type="button" class="button small" on:click=|_| crate::updates::load()>{say::text("update-load")}</button>
            </div>
        }))}
    }
    .into_any()
}

/// A calm line about the connection.
pub(crate) fn strip(app: App) -> AnyView {
    let words = Memo::new(move |_| {
        let (unsent, joining, is_caught_up, hindrance) = app.status.with(|status| {
            let Some(status) = status else { return (0, 0, true, None) };
            (status.unsent, status.joining, status.caught_up, status.hindrance.as_ref().map(say::failure))
        });
        if let Some(hindrance) = hindrance {
            return Some(("hindered", hindrance));
        }
        match app.connection.get() {
            Connection::Waiting { .. } if unsent > 0 => {
                Some(("offline", say::text_with_count("offline-waiting", unsent)))
            }
            Connection::Waiting { .. } => Some(("offline", say::text("offline"))),
            Connection::Open if joining > 0 => Some(("joining", say::text_with_count("joining-count", joining))),
            Connection::Open if !is_caught_up => Some(("catching-up", say::text("catching-up"))),
            _ => None,
        }
    });
    view! {
        <div role="status" class="strip-place">
            {live(move || words.get().map(|(state, words)| view! {
                <div class="strip" data-view="strip" data-state=state>
                    {icon(if state == "offline" { "offline" } else { "info" })}
                    <span>{words}</span>
                </div>
            }))}
        </div>
    }
    .into_any()
}

fn conversations(app: App, shown: Shown) -> impl IntoView {
    let shelf = app.shelf;
    let requests = move || shelf.requests.with(Vec::len);
    let is_empty = move || {
        shelf.is_filled.get()
            && shelf.shown.with(Vec::is_empty)
            && shelf.requests.with(Vec::is_empty)
            && shelf.archived.with(Vec::is_empty)
    };
    view! {
        {live(move || (!shelf.is_filled.get()).then(|| skeleton("for-list", 8)))}
        {live(move || (requests() > 0).then(|| view! {
            <section class="list-part is-requests" data-view="requests" aria-label=say::text("list-requests")>
                <h2>{say::text("list-requests")} <span class="badge is-quiet">{live(move || dates::number(u64::try_from(requests()).unwrap_or(u64::MAX)))}</span></h2>
                {rows(app, shelf.requests)}
            </section>
        }))}
        {rows(app, shelf.shown)}
        {live(move || is_empty().then(|| empty(app)))}
        {live(move || (!shelf.archived.with(Vec::is_empty)).then(|| {
            let is_open = shown.is_archive_open;
            view! {
                <section class="list-part" data-view="archive">
                    <button
                        type="button"
                        class="list-fold"
                        aria-expanded=follow(move || is_open.get().to_string())
                        on:click=on(move |_| is_open.update(|is_open| *is_open = !*is_open))
                    >
                        {icon("archive")}
                        <span>{live(move || say::text_with_count("list-archived", shelf.archived.with(Vec::len)))}</span>
                        {icon("chevron")}
                    </button>
                    {live(move || is_open.get().then(|| rows(app, shelf.archived)))}
                </section>
            }
        }))}
    }
}

fn rows(app: App, ids: RwSignal<Vec<ConversationId>>) -> impl IntoView {
    view! {
        <ul class="conversations" role="list">
            <For each=move || ids.get() key=|id| *id children=move |id| row::row(app, id) />
        </ul>
    }
}

/// The first steps of a newcomer.
fn empty(app: App) -> AnyView {
    let is_joining = RwSignal::new(false);
    let join = move |_| {
        is_joining.set(true);
        app.join_room("lobby".to_owned(), move |failure| {
            is_joining.set(false);
            app.say_failure(&failure);
        });
    };
    let more = view! {
        <div class="nothing-buttons">
            <button type="button" class="button primary" disabled=follow(move || is_joining.get()) on:click=join>
                {say::text("lobby-join")}
            </button>
            <button type="button" class="button" on:click=on(move |_| app.show(Overlay::Begin))>{say::text("begin-title")}</button>
        </div>
    };
    nothing("door", say::text("list-empty-title"), say::text("list-empty-about"), more)
}

fn all_rows() -> Vec<HtmlElement> {
    let Ok(found) = page::document().query_selector_all(".list-rows .list-row") else { return Vec::new() };
    (0..found.length()).filter_map(|index| found.item(index)?.dyn_into().ok()).collect()
}

fn first_row(act: impl FnOnce(&HtmlElement)) {
    if let Some(first) = all_rows().first() {
        act(first);
    }
}

/// Up and down go from row to row.
fn on_key(event: &KeyboardEvent) {
    let step = match event.key().as_str() {
        "ArrowDown" => 1_isize,
        "ArrowUp" => -1,
        _ => return,
    };
    if crate::keys::has_modifier(event) {
        return;
    }
    let rows = all_rows();
    let active = page::document().active_element();
    let at = active.and_then(|active| rows.iter().position(|row| row.is_same_node(Some(&active))));
    let next = match at {
        Some(at) => at.checked_add_signed(step),
        None => (step > 0).then_some(0),
    };
    event.prevent_default();
    match next {
        Some(next) => {
            if let Some(row) = rows.get(next) {
                let _ = row.focus();
            }
        }
        None => {
            page::focus(FIELD);
        }
    }
}

/// How long after the last letter messages are looked for.
const PAUSE: Duration = Duration::from_millis(200);

/// A line that is no row but a word about what follows.
fn heading(key: &str) -> impl IntoView {
    html::h2().child(say::text(key))
}
