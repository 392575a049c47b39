//! What one shows of oneself, and what others learn of one's reading and writing.

use huis_views::{CardView, Command, Preferences, Reply, SetCard};
use leptos::html;
use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::app::App;
use crate::parts::{follow, live, on, person_avatar, skeleton, switch};
use crate::signals::RwSignal;
use crate::{port, say};

pub(super) fn profile(app: App) -> AnyView {
    let card = RwSignal::new(None::<CardView>);
    let preferences = RwSignal::new(None::<Preferences>);
    spawn_local(async move {
        if let Ok(Reply::Card(found)) = port::ask(Command::Card).await {
            card.set(Some(*found));
        }
        if let Ok(Reply::Preferences(found)) = port::ask(Command::Preferences).await {
            preferences.set(Some(found));
        }
    });
    let me = app.me.get_untracked();
    view! {
        {me.map(|me| {
            let (account, username) = (me.account, me.username.clone());
            view! {
            <div class="contact-head">
                {live(move || {
                    let shown = card.with(|card| card.as_ref()?.picture.as_deref().and_then(crate::picture::picture));
                    shown.unwrap_or_else(|| person_avatar(account, &username, "huge"))
                })}
                {live(move || card.get().map(|known| picture_buttons(app, &known, card)))}
                <bdi class="contact-name">{format!("@{}", me.username)}</bdi>
                <span class="about">{say::line(&me.server, 100)}</span>
            </div>
        }})}
        {live(move || match card.get() {
            None => skeleton("for-contact", 3),
            Some(known) => card_form(app, known),
        })}
        {live(move || preferences.get().map(|given| privacy(app, given, preferences)))}
    }
    .into_any()
}

/// Another picture, or none.
fn picture_buttons(app: App, known: &CardView, card: RwSignal<Option<CardView>>) -> AnyView {
    let set = move |bytes: Vec<u8>| {
        spawn_local(async move {
            let set = SetCard { name: None, about: None, picture: Some(bytes.into()) };
            match port::ask(Command::SetCard(set)).await {
                Ok(Reply::Card(found)) => {
                    card.set(Some(*found));
                }
                Ok(_) => {}
                Err(failure) => app.say_failure(&failure),
            }
        });
    };
    let choose = move |event: web_sys::Event| {
        let file = event_target::<web_sys::HtmlInputElement>(&event).files().and_then(|files| files.get(0));
        let Some(file) = file else { return };
        spawn_local(async move {
            match crate::picture::shrink(&file).await {
                Some(bytes) => set(bytes),
                None => app.say(say::text("settings-picture-not")),
            }
        });
    };
    let has_one = known.picture.is_some();
    view! {
        <div class="contact-buttons">
            <label class="button small">
                <span>{say::text("settings-picture")}</span>
                <input type="file" class="sr" accept="image/*" on:change=choose />
            </label>
            {has_one.then(|| view! {
                <button type="button" class="button small quiet" on:click=on(move |_| set(Vec::new()))>{say::text("settings-picture-none")}</button>
            })}
        </div>
    }
    .into_any()
}

fn card_form(app: App, card: CardView) -> AnyView {
    let name = RwSignal::new(card.name.clone().unwrap_or_default());
    let about = RwSignal::new(card.about.clone().unwrap_or_default());
    let (wrong, is_asking) = (RwSignal::new(None::<String>), RwSignal::new(false));
    let go = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        let set = SetCard {
            name: Some(name.get_untracked().trim().to_owned()),
            about: Some(about.get_untracked().trim().to_owned()),
            picture: None,
        };
        is_asking.set(true);
        spawn_local(async move {
            let result = port::ask(Command::SetCard(set)).await;
            is_asking.set(false);
            match result {
                Ok(_) => app.say(say::text("settings-saved")),
                Err(failure) => {
                    wrong.set(Some(say::failure(&failure)));
                }
            }
        });
    };
    view! {
        <form class="form" on:submit=go>
            <div class="form-row">
                <label for="card-name">{say::text("settings-card-name")}</label>
                <input id="card-name" class="field" type="text" autocomplete="name" prop:value=follow(move || name.get()) on:input=on(move |event: web_sys::Event| name.set(event_target_value(&event))) />
                <p class="about">{say::text("settings-card-name-about")}</p>
            </div>
            <div class="form-row">
                <label for="card-about">{say::text("settings-card-about")}</label>
                <textarea id="card-about" class="field" rows="2" prop:value=follow(move || about.get()) on:input=on(move |event: web_sys::Event| about.set(event_target_value(&event)))></textarea>
                <p class="about">{say::text("settings-card-who")}</p>
            </div>
            {live(move || wrong.get().map(|why| html::p().class("form-wrong").attr("role", "alert").child(why)))}
            <div class="dialog-buttons">
                <button type="submit" class="button primary" disabled=follow(move || is_asking.get())>{say::text("key-save")}</button>
            </div>
        </form>
    }
    .into_any()
}

fn privacy(app: App, given: Preferences, preferences: RwSignal<Option<Preferences>>) -> AnyView {
    let set = move |wished: Preferences| {
        spawn_local(async move {
            match port::ask(Command::SetPreferences(wished)).await {
                Ok(Reply::Preferences(found)) => {
                    preferences.set(Some(found));
                }
                Ok(_) => {}
                Err(failure) => {
                    app.say_failure(&failure);
                    preferences.set(Some(given));
                }
            }
        });
    };
    view! {
        <section class="settings-part">
            <h3>{say::text("settings-privacy")}</h3>
            {switch(say::text("settings-read-receipts"), say::text("settings-read-receipts-about"), move || given.read_receipts, move |is_on| set(Preferences { read_receipts: is_on, ..given }))}
            {switch(say::text("settings-presence"), say::text("settings-presence-about"), move || given.presence, move |is_on| set(Preferences { presence: is_on, ..given }))}
        </section>
    }
    .into_any()
}
