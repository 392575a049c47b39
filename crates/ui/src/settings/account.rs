//! The account: devices, the password, locking and logging out.

use huis_proto::DeviceId;
use huis_proto::rest::Secret;
use huis_views::{ChangePassword, ChangeRecoveryKey, Command, Failure, Reply, SignOut, ToWorker};
use leptos::html;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::second_factor::{self, Shown};
use super::{devices, history};
use crate::app::App;
use crate::dialogs::{Confirm, Overlay};
use crate::parts::{follow, icon, live, on, switch};
use crate::signals::RwSignal;
use crate::{page, port, pushes, say};

/// What the password is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wish {
    Change,
    RecoveryKey,
    FactorOn,
    FactorOff,
    Codes,
    History,
    SignOut,
    Revoke(DeviceId),
}

pub(super) fn account(app: App) -> AnyView {
    let wish = RwSignal::new(None::<Wish>);
    let found: devices::Found = RwSignal::new(None);
    let (shown, factor) = (RwSignal::new(None::<Shown>), RwSignal::new(None::<bool>));
    let kept: history::Kept = RwSignal::new(None);
    let read = move || {
        history::read(kept);
        spawn_local(async move {
            if let Ok(Reply::SecondFactor { enabled, .. }) = port::ask(Command::SecondFactor).await {
                factor.set(Some(enabled));
            }
            let result = match port::ask(Command::Devices).await {
                Ok(Reply::Devices(devices)) => Ok(devices),
                Ok(_) => Ok(Vec::new()),
                Err(failure) => Err(say::failure(&failure)),
            };
            found.set(Some(result));
        });
    };
    read();
    let act = move |this: Wish, sign: &'static str, key: &'static str, class: &'static str| {
        view! {
            <button type="button" class=class on:click=on(move |_| wish.set(Some(this)))>
                {icon(sign)}
                <span>{say::text(key)}</span>
            </button>
        }
    };
    view! {
        {live(move || match (shown.get(), wish.get()) {
            (Some(this), _) => second_factor::shown(app, this, shown, read),
            (None, Some(this)) => password_form(app, this, wish, shown, read),
            (None, None) => view! {
                {devices::devices(app, found, wish, read)}
                <section class="settings-part settings-acts">
                    <h3>{say::text("settings-security")}</h3>
                    {act(Wish::Change, "edit", "settings-password", "menu-item")}
                    {act(Wish::RecoveryKey, "shield", "settings-recovery-key", "menu-item")}
                    {live(move || match factor.get() {
                        Some(true) => view! {
                            {act(Wish::Codes, "copy", "settings-codes-make", "menu-item")}
                            {act(Wish::FactorOff, "shield-alert", "settings-factor-off", "menu-item")}
                        }.into_any(),
                        Some(false) => act(Wish::FactorOn, "shield-check", "settings-factor-on", "menu-item").into_any(),
                        None => ().into_any(),
                    })}
                    <button type="button" class="menu-item" on:click=on(move |_| app.show(Overlay::Reports))>
                        {icon("flag")}
                        <span>{say::text("reports-title")}</span>
                    </button>
                    <button type="button" class="menu-item" on:click=on(move |_| lock(app))>
                        {icon("lock")}
                        <span>{say::text("settings-lock")}</span>
                    </button>
                    {act(Wish::SignOut, "leave", "settings-sign-out", "menu-item danger")}
                </section>
                {history::history(app, kept, wish)}
                {identity(app)}
            }.into_any(),
        })}
    }
    .into_any()
}

/// Locking needs no password: what opens it is the one of the account.
fn lock(app: App) {
    app.ask(Confirm::danger(say::text("settings-lock-about"), "settings-lock", |_| port::tell(&ToWorker::Lock)));
}

fn identity(app: App) -> AnyView {
    let key = app.me.with_untracked(|me| me.as_ref().map(|me| me.identity_key.clone())).unwrap_or_default();
    view! {
        <section class="settings-part">
            <h3>{say::text("settings-identity")}</h3>
            <p class="about">{say::text("settings-identity-about")}</p>
            <p class="diagnosis"><code>{key}</code></p>
        </section>
    }
    .into_any()
}

/// Asks for the password, and does what was wished.
fn password_form(
    app: App,
    wish: Wish,
    wished: RwSignal<Option<Wish>>,
    shown: RwSignal<Option<Shown>>,
    read: impl Fn() + Copy + 'static,
) -> AnyView {
    let (password, fresh) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    let recovery_key = RwSignal::new(String::new());
    let (code, needs_code) = (RwSignal::new(String::new()), RwSignal::new(false));
    let ends_others = RwSignal::new(false);
    let (needs_key, discards) = (RwSignal::new(false), RwSignal::new(false));
    let (wrong, is_asking) = (RwSignal::new(None::<String>), RwSignal::new(false));
    let (title, about, go) = match wish {
        Wish::Change => ("settings-password", "settings-password-about", "key-save"),
        Wish::RecoveryKey => ("settings-recovery-key", "settings-recovery-key-about", "settings-recovery-key-make"),
        Wish::FactorOn => ("settings-factor", "settings-factor-about", "settings-factor-on"),
        Wish::FactorOff => ("settings-factor-off", "settings-factor-off-about", "settings-factor-off"),
        Wish::Codes => ("settings-codes-make", "settings-codes-make-about", "settings-codes-make"),
        Wish::History => ("settings-history", "settings-history-cost", "settings-history-on"),
        Wish::SignOut => ("settings-sign-out", "settings-sign-out-about", "settings-sign-out"),
        Wish::Revoke(_) => ("settings-device-revoke", "settings-device-revoke-about", "settings-device-revoke"),
    };
    let submit = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        let typed = password.get_untracked();
        // Logging out works without the password; the device stays on the list then.
        if typed.is_empty() && wish != Wish::SignOut {
            return wrong.set(Some(say::text("entry-needed")));
        }
        let key = needs_key.get_untracked().then(|| Secret::new(recovery_key.get_untracked().trim()));
        wrong.set(None);
        is_asking.set(true);
        let command = match wish {
            Wish::Change => Command::ChangePassword(ChangePassword {
                old: Secret::new(typed),
                new: Secret::new(fresh.get_untracked()),
                recovery_key: key,
                under_password: None,
                end_other_sessions: ends_others.get_untracked(),
            }),
            Wish::RecoveryKey => {
                Command::ChangeRecoveryKey(ChangeRecoveryKey { password: Secret::new(typed), recovery_key: key })
            }
            Wish::FactorOn => Command::BeginSecondFactor { password: Secret::new(typed) },
            Wish::FactorOff => Command::DisableSecondFactor { password: Secret::new(typed) },
            Wish::History => Command::KeepHistory { password: Secret::new(typed), recovery_key: key },
            Wish::Codes => Command::RenewRecoveryCodes { password: Secret::new(typed) },
            Wish::SignOut => Command::SignOut(SignOut {
                password: (!typed.is_empty()).then(|| Secret::new(typed)),
                recovery_key: key,
                discard_unsent: discards.get_untracked(),
            }),
            Wish::Revoke(device) => Command::RevokeDevice { device, password: Secret::new(typed), recovery_key: key },
        };
        let command = match needs_code.get_untracked() {
            true => {
                let code = Secret::new(code.get_untracked().trim());
                Command::WithSecondFactor { code, command: Box::new(command) }
            }
            false => command,
        };
        spawn_local(async move {
            // Before: whoever signs out and closes the page at once was not thrown out.
            let leaves = wish == Wish::SignOut;
            if leaves {
                page::mark(false);
            }
            let result = port::ask(command).await;
            if leaves && result.is_err() {
                page::mark(true);
            }
            is_asking.set(false);
            match result {
                Ok(Reply::SignedOut { .. }) => pushes::leave(),
                Ok(Reply::SecondFactorBegun(begun)) => {
                    wished.set(None);
                    shown.set(Some(Shown::Begun(begun)));
                }
                Ok(Reply::RecoveryCodes(codes)) => {
                    wished.set(None);
                    shown.set(Some(Shown::Codes(codes)));
                }
                Ok(Reply::RecoveryKeyChanged { recovery_key, .. }) => {
                    wished.set(None);
                    // The key has the page for itself: behind the settings nobody would see it.
                    app.close_overlay();
                    app.recovery_key.set(Some(recovery_key.expose().into()));
                }
                Ok(_) => {
                    app.say(say::text("settings-done"));
                    read();
                    wished.set(None);
                }
                Err(failure) => {
                    if failure == Failure::NeedsRecoveryKey {
                        needs_key.set(true);
                    }
                    let asks_for_code = matches!(failure, Failure::NeedsSecondFactor | Failure::WrongSecondFactor);
                    needs_code.set(asks_for_code);
                    if !asks_for_code {
                        // One that was sent may be used up; another one is asked for where it is needed still.
                        code.set(String::new());
                    }
                    if matches!(failure, Failure::Unsent { .. }) {
                        discards.set(true);
                    }
                    wrong.set(Some(match failure {
                        Failure::WrongPassword => say::text("entry-wrong-password"),
                        other => say::failure(&other),
                    }));
                }
            }
        });
    };
    let secret = move |id: &'static str, key: &'static str, autocomplete: &'static str, value: RwSignal<String>| {
        let has_focus = id == "account-password";
        view! {
            <div class="form-row">
                <label for=id>{say::text(key)}</label>
                <input id=id class="field" type="password" autocomplete=autocomplete autofocus=has_focus on:input=on(move |event: web_sys::Event| {
                    value.set(event_target_value(&event));
                    wrong.set(None);
                }) />
            </div>
        }
    };
    let is_grave = matches!(wish, Wish::SignOut | Wish::Revoke(_));
    let username = app.me.with_untracked(|me| me.as_ref().map(|me| me.username.clone())).unwrap_or_default();
    view! {
        <form class="form" data-view="password-form" on:submit=submit>
            <h3>{say::text(title)}</h3>
            <p class="about">{say::text(about)}</p>
            <input type="text" class="sr" autocomplete="username" tabindex="-1" aria-hidden="true" readonly=true prop:value=username />
            {secret("account-password", "entry-password", "current-password", password)}
            {(wish == Wish::Change).then(|| view! {
                {secret("account-new-password", "entry-new-password", "new-password", fresh)}
                <p class="about">{say::text("entry-hint-password")}</p>
                {switch(
                    say::text("settings-password-others"),
                    say::text("settings-password-others-about"),
                    move || ends_others.get(),
                    move |is_on| ends_others.set(is_on),
                )}
            })}
            {live(move || needs_key.get().then(|| secret("account-recovery-key", "entry-recovery-key", "off", recovery_key)))}
            {live(move || needs_code.get().then(|| secret("account-code", "entry-second-factor", "one-time-code", code)))}
            {live(move || wrong.get().map(|why| html::p().class("form-wrong").attr("role", "alert").child(why)))}
            <div class="dialog-buttons">
                <button type="button" class="button" on:click=on(move |_| wished.set(None))>{say::text("key-cancel")}</button>
                <button type="submit" class=if is_grave { "button danger" } else { "button primary" } disabled=follow(move || is_asking.get())>
                    {live(move || say::text(if discards.get() { "settings-sign-out-anyway" } else { go }))}
                </button>
            </div>
        </form>
    }
    .into_any()
}
