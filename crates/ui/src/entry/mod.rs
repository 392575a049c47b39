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
use crate::signals::RwSignal;
use crate::{page, say};

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

/// Nobody is signed in here: a new account, one that exists, or one whose password is forgotten. Where somebody was, and the
/// browser threw away all that was kept, that is said first.
pub(crate) fn entry(app: App, cut_off: Option<String>) -> AnyView {
    let invited = invitation::of_link();
    let is_gone = cut_off.is_none() && page::is_marked();
    let registers = cut_off.is_some() || (invited.is_some() && !is_gone);
    let purpose = RwSignal::new(registers.then_some(Purpose::Register));
    view! {
        {live(move || match purpose.get() {
            None if is_gone => gone(purpose),
            None => welcome(purpose),
            Some(this) => form(app, this, purpose, invited.clone(), cut_off.clone()),
        })}
    }
    .into_any()
}

fn welcome(purpose: RwSignal<Option<Purpose>>) -> AnyView {
    let body = view! {
        <div class="entry-choices">
            {choice(purpose, Purpose::Register, "button primary big", "entry-choice-register")}
            {choice(purpose, Purpose::SignIn, "button big", "entry-choice-sign-in")}
            {choice(purpose, Purpose::Recover, "button quiet", "entry-choice-recover")}
        </div>
    };
    card("welcome", say::text("entry-welcome"), say::text("entry-welcome-page"), body)
}

/// Somebody was signed in here, and nothing of it is left.
fn gone(purpose: RwSignal<Option<Purpose>>) -> AnyView {
    let body = view! {
        <p>{say::text("standing-gone-next")}</p>
        <div class="entry-choices">
            {choice(purpose, Purpose::SignIn, "button primary big", "entry-go-sign-in")}
            {choice(purpose, Purpose::Recover, "button big", "entry-choice-recover")}
            {choice(purpose, Purpose::Register, "button quiet", "entry-choice-register")}
        </div>
    };
    card("gone", say::text("standing-lost"), say::text("standing-gone-about"), body)
}

fn choice(purpose: RwSignal<Option<Purpose>>, to: Purpose, class: &'static str, key: &'static str) -> AnyView {
    view! { <button type="button" class=class on:click=on(move |_| purpose.set(Some(to)))>{say::text(key)}</button> }
        .into_any()
}
