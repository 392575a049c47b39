//! Settings: what one shows of oneself, how the app looks and calls, the account and its devices, this browser.

mod account;
mod administration;
mod devices;
mod look;
mod profile;
mod second_factor;

use leptos::prelude::*;

use crate::app::App;
use crate::parts::{dialog, follow, icon, live, on};
use crate::say;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    Profile,
    Look,
    Account,
    Server,
}

pub(crate) fn settings(app: App) -> AnyView {
    let part = app.settings_part;
    let tab = move |this: Part, sign: &'static str, key: &'static str| {
        let is_first = this == part.get_untracked();
        view! {
            <button
                type="button"
                role="tab"
                id=format!("tab-{key}")
                aria-controls="settings-panel"
                autofocus=is_first
                aria-selected=follow(move || (part.get() == this).to_string())
                on:click=on(move |_| part.set(this))
            >
                {icon(sign)}
                <span>{say::text(key)}</span>
            </button>
        }
    };
    let body = view! {
        <div class="settings" data-view="settings">
            <div class="settings-tabs" role="tablist" aria-label=say::text("settings-title")>
                {tab(Part::Profile, "person", "settings-profile")}
                {tab(Part::Look, "sun", "settings-look")}
                {tab(Part::Account, "lock", "settings-account")}
                {tab(Part::Server, "door", "settings-server")}
            </div>
            <div class="settings-panel" role="tabpanel" id="settings-panel" aria-label=say::text("settings-title")>
                {live(move || match part.get() {
                    Part::Profile => profile::profile(app),
                    Part::Look => look::look(app),
                    Part::Account => account::account(app),
                    Part::Server => administration::server(app),
                })}
            </div>
        </div>
    };
    dialog(app, "for-settings", say::text("settings-title"), body)
}
