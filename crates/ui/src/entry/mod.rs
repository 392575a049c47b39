//! What is shown before somebody is signed in, and where the worker cannot go on.

mod fields;
mod form;
mod invitation;
mod key;
mod standing;

use huis_texts::Language;
use leptos::html;
use leptos::prelude::*;

use crate::app::App;
use crate::parts::{icon, live, on};
use crate::say;
use crate::signals::RwSignal;

pub(crate) use form::{Purpose, form};
pub(crate) use key::recovery_key;
pub(crate) use standing::{ended, standing};

/// A card in the middle of a quiet page.
pub(crate) fn card(state: &'static str, title: String, about: String, body: impl IntoView) -> AnyView {
    view! {
        <main class="entry" data-view="entry" data-state=state>
            <div class="entry-mark">{icon("door")}{html::span().child("Huis")}</div>
            <section class="entry-card" aria-labelledby="entry-title">
                <h1 id="entry-title">{title}</h1>
                {(!about.is_empty()).then(|| html::p().class("about").child(about))}
                {body}
            </section>
            <div class="entry-foot">
                {icon("lock")}
                <span>{say::text("entry-foot")}</span>
                {languages()}
            </div>
        </main>
    }
    .into_any()
}

/// The languages that are not spoken now, each in its own words.
fn languages() -> AnyView {
    let Some(app) = use_context::<App>() else { return ().into_any() };
    let others = [(Language::English, "en", "English"), (Language::French, "fr", "Français")];
    others
        .into_iter()
        .filter(|(language, ..)| *language != say::language())
        .map(|(language, tag, name)| {
            view! { <button type="button" class="link" lang=tag on:click=on(move |_| app.choose_language(language))>{name}</button> }
        })
        .collect_view()
        .into_any()
}

/// Nobody is signed in here: a new account, one that exists, or one whose password is forgotten.
pub(crate) fn entry(app: App, cut_off: Option<String>) -> AnyView {
    let invited = invitation::of_link();
    let begins_with = if invited.is_some() || cut_off.is_some() { Some(Purpose::Register) } else { None };
    let purpose = RwSignal::new(begins_with);
    view! {
        {live(move || match purpose.get() {
            None => welcome(purpose),
            Some(this) => form(app, this, purpose, invited.clone(), cut_off.clone()),
        })}
    }
    .into_any()
}

fn welcome(purpose: RwSignal<Option<Purpose>>) -> AnyView {
    let body = view! {
        <div class="entry-choices">
            <button type="button" class="button primary big" on:click=on(move |_| purpose.set(Some(Purpose::Register)))>
                {say::text("entry-choice-register")}
            </button>
            <button type="button" class="button big" on:click=on(move |_| purpose.set(Some(Purpose::SignIn)))>
                {say::text("entry-choice-sign-in")}
            </button>
            <button type="button" class="button quiet" on:click=on(move |_| purpose.set(Some(Purpose::Recover)))>
                {say::text("entry-choice-recover")}
            </button>
        </div>
    };
    card("welcome", say::text("entry-welcome"), say::text("entry-welcome-page"), body)
}
