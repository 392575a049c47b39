//! What is shown where the worker cannot go on by itself, each with the way out.

use huis_proto::rest::Secret;
use huis_views::{Failure, Missing, Standing, ToWorker};
use leptos::html;
use leptos::prelude::*;

use super::card;
use super::fields::{Field, Line};
use crate::app::App;
use crate::dialogs::Confirm;
use crate::parts::{follow, live, on, skeleton};
use crate::signals::RwSignal;
use crate::{page, port, say};

/// The page for where the worker stands; none where it is open.
pub(crate) fn standing(app: App, standing: &Standing) -> AnyView {
    match standing {
        Standing::Open => ().into_any(),
        Standing::Opening => opening(),
        Standing::Elsewhere => another_tab("elsewhere", "standing-elsewhere", "standing-elsewhere-about"),
        Standing::TakenOver => another_tab("taken-over", "standing-taken-over", "standing-taken-over-about"),
        Standing::Locked { username, failure } => locked(app, username.clone(), failure.clone()),
        Standing::Lost { reason } => lost(app, reason.clone()),
        Standing::Unable { missing, reason } => unable(*missing, reason.clone()),
    }
}

/// The shape of what comes, after a moment.
fn opening() -> AnyView {
    view! {
        <div class="app" data-view="opening" data-state="loading" aria-busy="true">
            <div class="pane list">{skeleton("for-list", 8)}</div>
            <div class="pane talk"><p class="sr" role="status">{say::text("standing-opening")}</p></div>
        </div>
    }
    .into_any()
}

fn another_tab(state: &'static str, title: &str, about: &str) -> AnyView {
    let is_asking = RwSignal::new(false);
    let body = view! {
        <button
            type="button"
            class="button primary big"
            disabled=follow(move || is_asking.get())
            on:click=on(move |_| {
                is_asking.set(true);
                port::tell(&ToWorker::TakeOver);
            })
        >
            {say::text("standing-take-over")}
        </button>
    };
    card(state, say::text(title), say::text(about), body)
}

fn locked(app: App, username: Option<String>, failure: Option<Failure>) -> AnyView {
    let password = RwSignal::new(String::new());
    let is_working = RwSignal::new(false);
    let why = failure.map(|failure| match failure {
        Failure::WrongPassword => (Some(Line::Password), say::text("standing-locked-wrong")),
        other => (None, say::failure(&other)),
    });
    let wrong = RwSignal::new(why);
    let field = Field {
        line: Line::Password,
        id: "password",
        label: say::text("entry-password"),
        hint: None,
        autocomplete: "current-password",
        is_secret: true,
        has_focus: true,
    };
    let hidden = username.clone().unwrap_or_default();
    let body = view! {
        <form
            class="form"
            on:submit=on(move |event: web_sys::SubmitEvent| {
                event.prevent_default();
                let typed = password.get_untracked();
                if typed.is_empty() {
                    return wrong.set(Some((Some(Line::Password), say::text("entry-needed"))));
                }
                is_working.set(true);
                port::tell(&ToWorker::Unlock { password: Secret::new(typed) });
            })
        >
            <input type="text" class="sr" autocomplete="username" tabindex="-1" aria-hidden="true" readonly=true prop:value=hidden />
            {field.draw(password, wrong)}
            {live(move || wrong.get().filter(|(line, _)| line.is_none()).map(|(_, why)| html::p().class("form-wrong").attr("role", "alert").child(why)))}
            <button type="submit" class="button primary big" disabled=follow(move || is_working.get())>{say::text("entry-go-unlock")}</button>
            <p class="about working" role="status">{live(move || is_working.get().then(|| say::text("entry-working-unlock")))}</p>
        </form>
        <div class="entry-others">
            <button type="button" class="link" on:click=on(move |_| begin_anew(app))>{say::text("entry-forgot-lock")}</button>
        </div>
    };
    let about = match username {
        Some(name) => say::text_with_name("standing-locked-of", &format!("@{}", say::line(&name, 64))),
        None => say::text("entry-unlock-about"),
    };
    card("locked", say::text("entry-unlock"), about, body)
}

fn begin_anew(app: App) {
    app.ask(Confirm::danger(say::text("standing-begin-anew-question"), "standing-begin-anew-yes", |_| {
        page::mark(false);
        port::tell(&ToWorker::BeginAnew);
    }));
}

fn lost(app: App, reason: String) -> AnyView {
    let body = view! {
        <p>{say::text("standing-lost-next")}</p>
        <button type="button" class="button primary big" on:click=on(move |_| begin_anew(app))>{say::text("standing-begin-anew")}</button>
        {diagnosis(reason)}
    };
    card("lost", say::text("standing-lost"), say::text("standing-lost-about"), body)
}

/// What was found, small, for whoever looks closer.
fn diagnosis(reason: String) -> AnyView {
    (!reason.is_empty()).then(|| view! { <p class="diagnosis"><code>{say::line(&reason, 300)}</code></p> }).into_any()
}

fn unable(missing: Missing, reason: String) -> AnyView {
    let (state, title, about) = match missing {
        Missing::SecureContext => ("insecure", "unable-insecure", "unable-insecure-about"),
        Missing::Files => ("no-files", "unable-files", "unable-files-about"),
        Missing::NewerVersion => ("newer-version", "unable-newer", "unable-newer-about"),
        Missing::Other => ("unable", "unable-other", "unable-other-about"),
    };
    let more = (missing == Missing::SecureContext).then(|| {
        view! {
            <ul class="ways">
                <li>{say::text("unable-insecure-address")}</li>
                <li>{say::text("unable-insecure-here")}</li>
                <li>{say::text("unable-insecure-operator")}</li>
            </ul>
        }
    });
    let again = (missing != Missing::SecureContext).then(|| {
        view! { <button type="button" class="button primary big" on:click=|_| page::reload()>{say::text("unable-reload")}</button> }
    });
    card(state, say::text(title), say::text(about), view! { {more} {again} {diagnosis(reason)} })
}

/// The engine ended by itself.
pub(crate) fn ended(failure: Option<Failure>) -> AnyView {
    let why = failure.map(|failure| say::failure(&failure)).unwrap_or_default();
    let body = view! {
        <button type="button" class="button primary big" autofocus=true on:click=|_| page::reload()>{say::text("unable-reload")}</button>
        {diagnosis(why)}
    };
    card("ended", say::text("ended-title"), say::text("ended-about"), body)
}
