//! The forms by which one comes in.

use huis_proto::ErrorCode;
use huis_proto::names;
use huis_proto::rest::Secret;
use huis_texts::Value;
use huis_views::{Command, Failure, Recover, Register, Reply, SignIn, SignOut};
use leptos::html;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::fields::{Field, Line, Wrong};
use super::invitation::{self, Invited, Ticket};
use crate::app::App;
use crate::dialogs::Confirm;
use crate::parts::{blank, follow, icon, live, on, switch};
use crate::signals::{RwSignal, effect};
use crate::{page, port, pushes, say};

/// What a form is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    Register,
    SignIn,
    /// The same account again, after its session ended.
    Again,
    Recover,
}

/// What is typed.
#[derive(Clone, Copy)]
struct Typed {
    name: RwSignal<String>,
    password: RwSignal<String>,
    recovery_key: RwSignal<String>,
    code: RwSignal<String>,
    ticket: RwSignal<Ticket>,
    stays: RwSignal<bool>,
    needs_key: RwSignal<bool>,
    second_factor: RwSignal<String>,
    needs_code: RwSignal<bool>,
    is_working: RwSignal<bool>,
    seconds: RwSignal<u64>,
    wrong: Wrong,
    is_revoked: RwSignal<bool>,
}

pub(crate) fn form(
    app: App,
    purpose: Purpose,
    shown: RwSignal<Option<Purpose>>,
    invited: Option<Invited>,
    name: Option<String>,
) -> AnyView {
    let ticket = invited.as_ref().map_or(Ticket::Passphrase, |invited| invited.ticket);
    let typed = Typed {
        name: RwSignal::new(name.unwrap_or_default()),
        password: RwSignal::new(String::new()),
        recovery_key: RwSignal::new(String::new()),
        code: RwSignal::new(invited.as_ref().map(|invited| invited.code.clone()).unwrap_or_default()),
        ticket: RwSignal::new(ticket),
        stays: RwSignal::new(true),
        needs_key: RwSignal::new(purpose == Purpose::Recover),
        second_factor: RwSignal::new(String::new()),
        needs_code: RwSignal::new(false),
        is_working: RwSignal::new(false),
        seconds: RwSignal::new(0),
        wrong: RwSignal::new(None),
        is_revoked: RwSignal::new(false),
    };
    let (title, about, go) = match purpose {
        Purpose::Register => ("entry-register", "entry-register-page", "entry-go-register"),
        Purpose::SignIn => ("entry-sign-in", "entry-sign-in-about", "entry-go-sign-in"),
        Purpose::Again => ("entry-again", "entry-again-about", "entry-go-sign-in"),
        Purpose::Recover => ("entry-recover", "entry-recover-about", "entry-go-recover"),
    };
    let body = view! {
        <form
            class="form"
            on:submit=on(move |event: web_sys::SubmitEvent| {
                event.prevent_default();
                submit(app, purpose, typed);
            })
        >
            {(purpose == Purpose::Register).then(|| admission(typed, invited.is_some()))}
            {(purpose != Purpose::Again).then(|| name_field(purpose, typed))}
            {live(move || typed.needs_key.get().then(|| key_field(typed)))}
            {password_field(purpose, typed)}
            {live(move || typed.needs_code.get().then(|| code_field(typed)))}
            {(purpose != Purpose::Again).then(|| switch(say::text("entry-stay"), say::text("entry-stay-about"), move || typed.stays.get(), move |stays| typed.stays.set(stays)))}
            {live(move || typed.wrong.get().filter(|(line, _)| line.is_none()).map(|(_, why)| html::p().class("form-wrong").attr("role", "alert").child(why)))}
            // A newcomer reads it beside the recovery key, before the browser is asked.
            {(purpose != Purpose::Register).then(|| html::p().class("about").child(say::text("entry-keep-browser")))}
            <button type="submit" class="button primary big" disabled=follow(move || typed.is_working.get())>
                {live(move || if typed.is_working.get() { blank("spinner").into_any() } else { ().into_any() })}
                <span>{say::text(go)}</span>
            </button>
            <p class="about working" role="status">{live(move || typed.is_working.get().then(|| working(purpose, typed.seconds.get())))}</p>
        </form>
        {(purpose != Purpose::Again).then(|| others(purpose, shown))}
        {live(move || typed.is_revoked.get().then(|| begin_anew(app)))}
    };
    super::card(state_name(purpose), say::text(title), say::text(about), body)
}

fn state_name(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Register => "register",
        Purpose::SignIn => "sign-in",
        Purpose::Again => "sign-in-again",
        Purpose::Recover => "recover",
    }
}

fn working(purpose: Purpose, seconds: u64) -> String {
    let key = if purpose == Purpose::Register { "entry-working-register" } else { "entry-working-sign-in" };
    if seconds < 2 {
        return say::text(key);
    }
    format!("{} {}", say::text(key), say::text_with("entry-working-for", &[("seconds", Value::Number(seconds))]))
}

fn others(purpose: Purpose, shown: RwSignal<Option<Purpose>>) -> AnyView {
    let link = move |to: Purpose, key: &'static str| {
        view! { <button type="button" class="link" on:click=on(move |_| shown.set(Some(to)))>{say::text(key)}</button> }
    };
    view! {
        <div class="entry-others">
            {(purpose != Purpose::Register).then(|| link(Purpose::Register, "entry-choice-register"))}
            {(purpose != Purpose::SignIn).then(|| link(Purpose::SignIn, "entry-choice-sign-in"))}
            {(purpose == Purpose::SignIn).then(|| link(Purpose::Recover, "entry-choice-recover"))}
        </div>
    }
    .into_any()
}

/// No password opens a device again that was taken off the account: what is left is to erase it.
fn begin_anew(app: App) -> AnyView {
    let ask = move |_| {
        app.ask(Confirm::danger(say::text("standing-begin-anew-question"), "standing-begin-anew-yes", |app| {
            page::mark(false);
            let sign_out = SignOut { password: None, recovery_key: None, discard_unsent: true };
            app.act_then(Command::SignOut(sign_out), |_, _| pushes::leave());
        }));
    };
    view! {
        <div class="entry-others">
            <button type="button" class="link" on:click=on(ask)>{say::text("standing-begin-anew")}</button>
        </div>
    }
    .into_any()
}

/// What lets a newcomer in. Where the link brought it, that is said and nothing is asked.
fn admission(typed: Typed, is_brought: bool) -> AnyView {
    let is_open = RwSignal::new(!is_brought);
    // A ticket that the server refuses is looked at again.
    effect(move || {
        if typed.wrong.with(|wrong| wrong.as_ref().is_some_and(|(line, _)| *line == Some(Line::Admission))) {
            is_open.set(true);
        }
    });
    let label = |ticket| match ticket {
        Ticket::Passphrase => "entry-passphrase",
        Ticket::Invitation => "entry-invitation",
        Ticket::Claim => "entry-claim",
    };
    view! {
        {live(move || if is_open.get() {
            let ticket = typed.ticket.get();
            let field = Field {
                line: Line::Admission,
                id: "admission",
                label: say::text(label(ticket)),
                hint: Some(say::text("entry-hint-admission-page")),
                autocomplete: "off",
                is_secret: false,
                has_focus: !is_brought,
            };
            let others = [Ticket::Passphrase, Ticket::Invitation, Ticket::Claim].into_iter().filter(move |other| *other != ticket).map(|other| {
                let key = match other {
                    Ticket::Passphrase => "entry-use-passphrase",
                    Ticket::Invitation => "entry-use-invitation",
                    Ticket::Claim => "entry-use-claim",
                };
                view! { <button type="button" class="link" on:click=on(move |_| typed.ticket.set(other))>{say::text(key)}</button> }
            }).collect_view();
            view! { {field.draw(typed.code, typed.wrong)} <div class="ticket-others">{others}</div> }.into_any()
        } else {
            let key = match typed.ticket.get() {
                Ticket::Passphrase => "entry-has-passphrase",
                Ticket::Invitation => "entry-has-invitation",
                Ticket::Claim => "entry-has-claim",
            };
            view! { <p class="ticket">{icon("check")} <span>{say::text(key)}</span> <button type="button" class="link" on:click=on(move |_| is_open.set(true))>{say::text("key-change")}</button></p> }.into_any()
        })}
    }
    .into_any()
}

fn name_field(purpose: Purpose, typed: Typed) -> AnyView {
    let is_new = purpose == Purpose::Register;
    let field = Field {
        line: Line::Name,
        id: "username",
        label: say::text("entry-name"),
        hint: is_new.then(|| say::text("entry-hint-name")),
        autocomplete: "username",
        is_secret: false,
        has_focus: typed.name.with_untracked(String::is_empty)
            && !typed.code.with_untracked(|code| is_new && code.is_empty()),
    };
    field.draw(typed.name, typed.wrong)
}

fn key_field(typed: Typed) -> AnyView {
    let field = Field {
        line: Line::RecoveryKey,
        id: "recovery-key",
        label: say::text("entry-recovery-key"),
        hint: Some(say::text("entry-hint-recovery-key")),
        autocomplete: "off",
        is_secret: true,
        has_focus: false,
    };
    field.draw(typed.recovery_key, typed.wrong)
}

fn code_field(typed: Typed) -> AnyView {
    let field = Field {
        line: Line::Code,
        id: "second-factor",
        label: say::text("entry-second-factor"),
        hint: Some(say::text("entry-hint-second-factor")),
        autocomplete: "one-time-code",
        is_secret: false,
        has_focus: true,
    };
    field.draw(typed.second_factor, typed.wrong)
}

fn password_field(purpose: Purpose, typed: Typed) -> AnyView {
    let is_fresh = matches!(purpose, Purpose::Register | Purpose::Recover);
    let field = Field {
        line: Line::Password,
        id: "password",
        label: say::text(if purpose == Purpose::Recover { "entry-new-password" } else { "entry-password" }),
        hint: is_fresh.then(|| say::text("entry-hint-password")),
        autocomplete: if is_fresh { "new-password" } else { "current-password" },
        is_secret: true,
        has_focus: purpose == Purpose::Again || !typed.name.with_untracked(String::is_empty),
    };
    field.draw(typed.password, typed.wrong)
}

fn submit(app: App, purpose: Purpose, typed: Typed) {
    if typed.is_working.get_untracked() {
        return;
    }
    let name = typed.name.get_untracked().trim().trim_start_matches('@').to_owned();
    let password = typed.password.get_untracked();
    if purpose != Purpose::Again {
        if name.is_empty() {
            return typed.wrong.set(Some((Some(Line::Name), say::text("entry-needed"))));
        }
        if let Err(error) = names::username(&name) {
            let why = say::failure(&Failure::Invalid { reason: error.to_string() });
            return typed.wrong.set(Some((Some(Line::Name), why)));
        }
    }
    let recovery_key = typed.recovery_key.get_untracked();
    if typed.needs_key.get_untracked() && recovery_key.trim().is_empty() {
        return typed.wrong.set(Some((Some(Line::RecoveryKey), say::text("entry-needed"))));
    }
    if password.is_empty() {
        return typed.wrong.set(Some((Some(Line::Password), say::text("entry-needed"))));
    }
    let (password, stay_signed_in) = (Secret::new(password), typed.stays.get_untracked());
    let command = match purpose {
        Purpose::Register => Command::Register(Register {
            username: name,
            password,
            email: None,
            admission: invitation::admission(typed.ticket.get_untracked(), &typed.code.get_untracked()),
            recovery_key_only: false,
            stay_signed_in,
        }),
        Purpose::SignIn | Purpose::Again => {
            let again = app.me.with_untracked(|me| me.as_ref().map(|me| me.username.clone()));
            let username = again.filter(|_| purpose == Purpose::Again).unwrap_or(name);
            let recovery_key = typed.needs_key.get_untracked().then(|| Secret::new(recovery_key.trim()));
            Command::SignIn(SignIn { username, password, recovery_key, stay_signed_in })
        }
        Purpose::Recover => Command::Recover(Recover {
            username: name,
            recovery_key: Secret::new(recovery_key.trim()),
            password,
            stay_signed_in,
        }),
    };
    let command = if typed.needs_code.get_untracked() {
        let code = typed.second_factor.get_untracked();
        if code.trim().is_empty() {
            return typed.wrong.set(Some((Some(Line::Code), say::text("entry-needed"))));
        }
        Command::WithSecondFactor { code: Secret::new(code.trim()), command: Box::new(command) }
    } else {
        command
    };
    typed.wrong.set(None);
    typed.is_working.set(true);
    typed.seconds.set(0);
    count(typed);
    spawn_local(async move {
        let result = port::ask(command).await;
        typed.is_working.set(false);
        match result {
            Ok(Reply::Registered { profile, recovery_key }) => {
                app.me.set(Some(profile));
                app.recovery_key.set(Some(recovery_key.expose().to_owned()));
                app.enter();
            }
            Ok(Reply::SignedIn { profile, .. }) => {
                app.me.set(Some(profile));
                app.session_ended.set(false);
                page::keep_storage();
                app.enter();
            }
            Ok(_) => {}
            Err(failure) => failed(purpose, typed, &failure),
        }
    });
}

fn count(typed: Typed) {
    page::after(1_000, move || {
        if typed.is_working.try_get_untracked() == Some(true) {
            typed.seconds.try_update(|seconds| *seconds += 1);
            count(typed);
        }
    });
}

/// Says why, beside the field that is to blame. Nothing that was typed is lost, but for a code.
fn failed(purpose: Purpose, typed: Typed, failure: &Failure) {
    if *failure == Failure::NeedsRecoveryKey {
        typed.needs_key.set(true);
    }
    typed.is_revoked.set(*failure == Failure::Revoked);
    let asks_for_code = matches!(failure, Failure::NeedsSecondFactor | Failure::WrongSecondFactor);
    typed.needs_code.set(asks_for_code);
    if !asks_for_code {
        // One that was sent may be used up; another one is asked for where it is needed still.
        typed.second_factor.set(String::new());
    }
    let why = match (failure, purpose) {
        // No name was asked for that could be wrong.
        (Failure::WrongPassword, Purpose::Again) => say::text("entry-wrong-password"),
        _ => say::failure(failure),
    };
    typed.wrong.set(Some((blamed(failure), why)));
}

/// The field that a failure is about.
fn blamed(failure: &Failure) -> Option<Line> {
    match failure {
        Failure::WeakPassword { .. } | Failure::WrongPassword => Some(Line::Password),
        Failure::WrongRecoveryKey | Failure::NeedsRecoveryKey => Some(Line::RecoveryKey),
        Failure::WrongSecondFactor | Failure::NeedsSecondFactor => Some(Line::Code),
        Failure::Invalid { reason } if reason.contains("recovery key") => Some(Line::RecoveryKey),
        Failure::Invalid { reason } if reason.contains("password") => Some(Line::Password),
        Failure::Invalid { reason } if reason.contains("name") => Some(Line::Name),
        Failure::Refused { code, .. } => match code {
            ErrorCode::NameRefused | ErrorCode::NameTaken | ErrorCode::NameLooksAlike => Some(Line::Name),
            ErrorCode::PassphraseRefused | ErrorCode::ClaimRefused | ErrorCode::InvitationRefused => {
                Some(Line::Admission)
            }
            _ => None,
        },
        _ => None,
    }
}
