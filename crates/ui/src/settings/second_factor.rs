//! The second factor: what an authenticator takes, and the recovery codes.

use huis_proto::rest::Secret;
use huis_views::{Command, FinishSecondFactor, Reply, SecondFactorBegun};
use leptos::html;
use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::app::App;
use crate::parts::{self, copy_button, follow, live, on};
use crate::signals::RwSignal;
use crate::{port, say};

/// What is shown once, in place of the settings.
#[derive(Clone)]
pub(super) enum Shown {
    /// A second factor that does not count before a code of it was typed.
    Begun(Box<SecondFactorBegun>),
    /// Recovery codes.
    Codes(Vec<Secret>),
}

pub(super) fn shown(
    app: App,
    this: Shown,
    shown: RwSignal<Option<Shown>>,
    read: impl Fn() + Copy + 'static,
) -> AnyView {
    match this {
        Shown::Begun(begun) => authenticator(app, *begun, shown, read),
        Shown::Codes(codes) => recovery_codes(app, &codes, shown),
    }
}

fn authenticator(
    app: App,
    begun: SecondFactorBegun,
    shown: RwSignal<Option<Shown>>,
    read: impl Fn() + Copy + 'static,
) -> AnyView {
    let code = RwSignal::new(String::new());
    let (wrong, is_asking) = (RwSignal::new(None::<String>), RwSignal::new(false));
    let lines = begun.code.lines.iter().map(Secret::expose);
    let drawing = parts::drawn_code(lines, say::text("settings-factor-code"), begun.address.expose().into());
    let secret = begun.secret.expose().to_owned();
    let submit = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        let (ticket, state) = (begun.ticket.clone(), begun.state.clone());
        let finish = FinishSecondFactor { ticket, state, code: Secret::new(code.get_untracked().trim()) };
        wrong.set(None);
        is_asking.set(true);
        spawn_local(async move {
            let result = port::ask(Command::FinishSecondFactor(finish)).await;
            is_asking.set(false);
            match result {
                Ok(Reply::RecoveryCodes(codes)) => {
                    read();
                    shown.set(Some(Shown::Codes(codes)));
                }
                Ok(_) => {}
                Err(failure) => wrong.set(Some(say::failure(&failure))),
            }
        });
    };
    view! {
        <form class="form" data-view="second-factor" on:submit=submit>
            <h3>{say::text("settings-factor")}</h3>
            <p class="about">{say::text("settings-factor-scan")}</p>
            {drawing}
            <p class="diagnosis"><code data-testid="factor-secret">{secret.clone()}</code></p>
            <div class="contact-buttons">{copy_button(app, secret)}</div>
            <div class="form-row">
                <label for="factor-code">{say::text("entry-second-factor")}</label>
                <input id="factor-code" class="field" inputmode="numeric" autocomplete="one-time-code" on:input=on(move |event: web_sys::Event| code.set(event_target_value(&event))) />
            </div>
            {live(move || wrong.get().map(|why| html::p().class("form-wrong").attr("role", "alert").child(why)))}
            <div class="dialog-buttons">
                <button type="button" class="button" on:click=on(move |_| shown.set(None))>{say::text("key-cancel")}</button>
                <button type="submit" class="button primary" disabled=follow(move || is_asking.get())>{say::text("settings-factor-on")}</button>
            </div>
        </form>
    }
    .into_any()
}

fn recovery_codes(app: App, codes: &[Secret], shown: RwSignal<Option<Shown>>) -> AnyView {
    let text = codes.iter().map(Secret::expose).collect::<Vec<_>>().join("\n");
    let rows = codes.iter().map(|code| view! { <li><code>{code.expose().to_owned()}</code></li> }).collect_view();
    view! {
        <section class="settings-part" data-view="recovery-codes">
            <h3>{say::text("settings-codes")}</h3>
            <p class="about">{say::text("settings-codes-about")}</p>
            <ul role="list">{rows}</ul>
            <div class="contact-buttons">{copy_button(app, text)}</div>
            <button type="button" class="button primary" on:click=on(move |_| shown.set(None))>{say::text("settings-codes-kept")}</button>
        </section>
    }
    .into_any()
}
