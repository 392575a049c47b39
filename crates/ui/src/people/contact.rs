//! What is known of somebody: what they show of themselves, the safety number, whether they are blocked.

use huis_texts::Value;
use huis_views::{Command, ContactView, Reply, SafetyCode};
use leptos::html;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen::JsCast;

use crate::app::App;
use crate::dialogs::Confirm;
use crate::parts::{self, copy_button, follow, icon, live, on, person_avatar, skeleton};
use crate::signals::{RwSignal, effect};
use crate::{port, say};

/// Somebody by the username; it is read anew whenever what is known may have changed.
pub(crate) fn person(app: App, name: String) -> AnyView {
    let found = RwSignal::new(None::<Result<ContactView, String>>);
    let code = CodeState::new();
    let asked = name.clone();
    effect(move || {
        app.details_changed.track();
        let name = asked.clone();
        spawn_local(async move {
            match port::ask(Command::Contact { name }).await {
                Ok(Reply::Contact(contact)) => {
                    // What is shown stays as it is where nothing is new: it may be in somebody's hands.
                    let contact = Some(Ok(*contact));
                    if found.try_get_untracked().is_some_and(|found| found != contact) {
                        found.set(contact);
                    }
                }
                Ok(_) => {}
                // What was known stays where it is not known better.
                Err(failure) if found.try_get_untracked().flatten().is_none() => {
                    found.set(Some(Err(say::failure(&failure))));
                }
                Err(_) => {}
            }
        });
    });
    let is_me = app.me.with_untracked(|me| me.as_ref().is_some_and(|me| me.username == name));
    view! {
        <div class="contact" data-view="contact">
            {live(move || match found.get() {
                None => skeleton("for-contact", 5),
                Some(Err(why)) => html::p().class("about").child(why).into_any(),
                Some(Ok(contact)) => contact_card(app, contact, is_me, code),
            })}
        </div>
    }
    .into_any()
}

/// The part with the code to scan. It outlives the card around it, which is made anew while somebody scans.
#[derive(Clone, Copy)]
struct CodeState {
    is_open: RwSignal<bool>,
    shown: RwSignal<Option<SafetyCode>>,
    /// The text of the other one's code, as far as it was typed.
    theirs: RwSignal<String>,
}

impl CodeState {
    fn new() -> Self {
        Self { is_open: RwSignal::new(false), shown: RwSignal::new(None), theirs: RwSignal::new(String::new()) }
    }
}

fn contact_card(app: App, contact: ContactView, is_me: bool, code: CodeState) -> AnyView {
    let shown = say::name(&contact.account);
    let username = contact.account.name.clone().unwrap_or_default();
    let about =
        contact.card.about.as_deref().map(|about| say::line(about, 500)).filter(|about| !about.trim().is_empty());
    let devices = say::text_with_count("details-devices", contact.devices.len());
    let here = if contact.here { say::text("header-here") } else { devices };
    let written = username.clone();
    let is_open = app.peek_open(|view| view.name == format!("@{username}")) == Some(true);
    let write = (!is_me && !is_open).then(|| {
        view! {
            <button
                type="button"
                class="button"
                on:click=on(move |_| {
                    app.close_overlay();
                    app.write_to(&written);
                })
            >
                {icon("send")}
                <span>{say::text("person-write")}</span>
            </button>
        }
    });
    view! {
        <div class="contact-head">
            {picture_or_initials(&contact, &shown)}
            <bdi class="contact-name">{shown}</bdi>
            <span class="about">{format!("@{username}")} " · " {here}</span>
            {about.map(|about| html::p().class("contact-about").attr("dir", "auto").child(about))}
            {contact.blocked.then(|| view! { <p class="label is-bad">{icon("block")} {say::text("person-blocked")}</p> })}
        </div>
        <div class="contact-buttons">{write} {(!is_me).then(|| view! {
            {block_button(app, &contact, username.clone())}
            {report_button(app, contact.blocked, username.clone())}
        })}</div>
        {(!is_me).then(|| safety(app, &contact, username, code))}
    }
    .into_any()
}

fn picture_or_initials(contact: &ContactView, shown: &str) -> AnyView {
    let picture = contact.card.picture.as_deref().and_then(crate::picture::picture);
    picture.unwrap_or_else(|| person_avatar(contact.account.account, shown, "huge"))
}

fn report_button(app: App, is_blocked: bool, username: String) -> AnyView {
    view! {
        <button type="button" class="button danger" on:click=on(move |_| app.report_person(username.clone(), is_blocked))>
            {icon("flag")}
            <span>{say::text("person-report")}</span>
        </button>
    }
    .into_any()
}

fn block_button(app: App, contact: &ContactView, username: String) -> AnyView {
    if contact.blocked {
        return view! {
            <button type="button" class="button" on:click=on(move |_| app.act(Command::Unblock { name: username.clone() }))>
                {say::text("person-unblock")}
            </button>
        }
        .into_any();
    }
    view! {
        <button type="button" class="button danger" on:click=on(move |_| app.ask_block(username.clone()))>
            {icon("block")}
            <span>{say::text("person-block")}</span>
        </button>
    }
    .into_any()
}

/// The safety number, and what two people do with it.
fn safety(app: App, contact: &ContactView, username: String, state_of_code: CodeState) -> AnyView {
    let number = contact.safety_number.clone();
    let groups: Vec<String> = number
        .chars()
        .filter(char::is_ascii_digit)
        .collect::<Vec<_>>()
        .chunks(5)
        .map(|five| five.iter().collect())
        .collect();
    let spoken = groups.join(" ");
    let digits = groups.into_iter().map(|five| html::span().child(five)).collect_view();
    let (state, sign, class) = if contact.broken {
        ("person-broken", "shield-alert", "label is-bad")
    } else if contact.identity_changed {
        ("person-key-changed", "shield-alert", "label is-bad")
    } else if contact.verified {
        ("person-verified", "shield-check", "label is-good")
    } else {
        ("person-not-verified", "shield", "label")
    };
    let shown = say::line(&username, 64);
    let (is_changed, is_verified) = (contact.identity_changed, contact.verified);
    let anyway = is_changed.then(|| anyway_button(app, username.clone(), Some(number.clone())));
    let code = code(app, username.clone(), state_of_code);
    let decide = move |_| {
        let (name, safety_number) = (username.clone(), Some(number.clone()));
        if is_verified {
            app.act(Command::SetVerified { name, verified: false, safety_number });
        } else {
            let question = say::text_with("confirm-verify", &[("name", Value::Text(&shown))]);
            app.ask(Confirm::danger(question, "confirm-verify-yes", move |app| {
                app.act(Command::SetVerified {
                    name: name.clone(),
                    verified: true,
                    safety_number: safety_number.clone(),
                });
            }));
        }
    };
    let button = if is_verified { "person-unverify" } else { "person-verify" };
    let state = view! { <p class=class data-verified=is_verified.to_string()>{icon(sign)} {say::text(state)}</p> };
    view! {
        <section class="safety" aria-label=say::text("details-safety-number")>
            <h3>{say::text("details-safety-number")}</h3>
            {state}
            <div class="safety-number" role="img" aria-label=spoken.clone()>{digits}</div>
            <p class="about">{say::text("person-compare-about")}</p>
            <div class="contact-buttons">
                <button type="button" class="button" on:click=decide>{say::text(button)}</button>
                {copy_button(app, spoken)}
                {anyway}
            </div>
            {code}
        </section>
    }
    .into_any()
}

/// Goes on with an identity key that changed, after a question: with that of the safety number, where it was in view.
pub(crate) fn anyway_button(app: App, name: String, safety_number: Option<String>) -> AnyView {
    let shown = say::line(&name, 64);
    let ask = move |_| {
        let question = say::text_with("confirm-identity", &[("name", Value::Text(&shown))]);
        let (name, safety_number) = (name.clone(), safety_number.clone());
        app.ask(Confirm::danger(question, "confirm-identity-yes", move |app| {
            app.act(Command::AcceptIdentity { name: name.clone(), safety_number: safety_number.clone() });
        }));
    };
    view! { <button type="button" class="button danger" on:click=ask>{say::text("person-accept-key")}</button> }
        .into_any()
}

/// What the other one scans, once it is wished for, and where the text of theirs goes.
fn code(app: App, name: String, CodeState { is_open, shown, theirs }: CodeState) -> AnyView {
    let asked = name.clone();
    let toggled = move |event: web_sys::Event| {
        let opened = event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok());
        let opened = opened.is_some_and(|details| details.has_attribute("open"));
        is_open.set(opened);
        if !opened {
            return;
        }
        let name = asked.clone();
        spawn_local(async move {
            if let Ok(Reply::SafetyCode(code)) = port::ask(Command::SafetyCode { name }).await {
                shown.set(Some(*code));
            }
        });
    };
    let of = name.clone();
    let picture = crate::files::reads_codes().then(|| read_button(app, of, theirs));
    let compare = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        app.act(Command::VerifyScanned { name: name.clone(), code: theirs.get_untracked() });
    };
    view! {
        <details class="code" open=is_open.get_untracked() on:toggle=toggled>
            <summary>{say::text("person-code")}</summary>
            <p class="about">{say::text("person-code-about")}</p>
            {live(move || shown.get().map(|code| drawn_code(app, code)))}
            {picture}
            <form class="form" on:submit=compare>
                <label for="their-code">{say::text("person-paste")}</label>
                <input id="their-code" class="field" type="text" autocomplete="off" spellcheck="false" prop:value=follow(move || theirs.get()) on:input=on(move |event: web_sys::Event| theirs.set(event_target_value(&event))) />
                <button type="submit" class="button">{say::text("person-paste-check")}</button>
            </form>
        </details>
    }
    .into_any()
}

/// A picture of theirs, which a phone takes with its camera: what it says is compared at once. It does not leave the browser.
fn read_button(app: App, name: String, theirs: RwSignal<String>) -> AnyView {
    let read = move |event: web_sys::Event| {
        let (name, input) = (name.clone(), event.target());
        spawn_local(async move {
            let Some(input) = input else { return };
            match crate::files::code_in(&input).await {
                Some(code) => {
                    theirs.set(code.clone());
                    app.act(Command::VerifyScanned { name, code });
                }
                None => app.say_wrong(say::text("person-no-code")),
            }
        });
    };
    view! {
        <label class="button">
            {icon("shield-check")}
            <span>{say::text("person-read")}</span>
            <input class="sr" type="file" data-kind="code" accept="image/*" capture="environment" on:change=read />
        </label>
    }
    .into_any()
}

fn drawn_code(app: App, code: SafetyCode) -> AnyView {
    let drawing = parts::drawn_code(code.lines.iter().map(String::as_str), say::text("person-code"), code.text.clone());
    view! { {drawing} <div class="contact-buttons">{copy_button(app, code.text)}</div> }.into_any()
}
