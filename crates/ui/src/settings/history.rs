//! The history archive: whether the account keeps one, what that means, and how far it is restored here.

use huis_texts::Value;
use huis_views::{Command, HistoryView, Reply};
use leptos::html;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::account::Wish;
use crate::app::App;
use crate::dialogs::Confirm;
use crate::parts::{icon, live, on};
use crate::signals::RwSignal;
use crate::{port, say};

/// As far as it is known.
pub(super) type Kept = RwSignal<Option<HistoryView>>;

/// Asks how it stands.
pub(super) fn read(kept: Kept) {
    spawn_local(async move {
        if let Ok(Reply::History(history)) = port::ask(Command::History).await {
            kept.set(Some(history));
        }
    });
}

/// To turn it on asks for the password, with which the vault is opened.
pub(super) fn history(app: App, kept: Kept, wish: RwSignal<Option<Wish>>) -> AnyView {
    view! {
        <section class="settings-part settings-acts" data-view="history">
            <h3>{say::text("settings-history")}</h3>
            <p class="about">{say::text("settings-history-about")}</p>
            {live(move || kept.get().map(|history| stands(app, history, kept, wish)))}
        </section>
    }
    .into_any()
}

fn stands(app: App, history: HistoryView, kept: Kept, wish: RwSignal<Option<Wish>>) -> AnyView {
    if !history.on {
        return view! {
            <button type="button" class="menu-item" on:click=on(move |_| wish.set(Some(Wish::History)))>
                {icon("archive")}
                <span>{say::text("settings-history-on")}</span>
            </button>
        }
        .into_any();
    }
    let restoring = history.restoring.map(|progress| {
        let values = [("done", Value::Number(progress.done.into())), ("all", Value::Number(progress.all.into()))];
        html::p().class("about").attr("role", "status").child(say::text_with("settings-history-restoring", &values))
    });
    let size = say::size(history.bytes);
    view! {
        <p class="about" data-state="on">{say::text_with("settings-history-is-on", &[("size", Value::Text(&size))])}</p>
        {restoring}
        <button type="button" class="menu-item danger" on:click=on(move |_| ask_to_end(app, kept))>
            {icon("trash")}
            <span>{say::text("settings-history-off")}</span>
        </button>
    }
    .into_any()
}

fn ask_to_end(app: App, kept: Kept) {
    app.ask(Confirm::danger(say::text("settings-history-off-about"), "settings-history-off", move |app| {
        spawn_local(async move {
            match port::ask(Command::EndHistory).await {
                Ok(Reply::History(history)) => kept.set(Some(history)),
                Ok(_) => {}
                Err(failure) => app.say_failure(&failure),
            }
        });
    }));
}
