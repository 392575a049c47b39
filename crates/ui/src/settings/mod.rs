//! Settings: what one shows of oneself, how the app looks and calls, the account and its devices, this browser.

mod account;
mod administration;
mod devices;
mod history;
mod look;
mod profile;
mod second_factor;

use leptos::prelude::*;

use crate::app::App;
use crate::parts::{self, dialog, live};
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
        parts::tab(
            sign,
            key,
            "settings-panel",
            this == part.get_untracked(),
            move || part.get() == this,
            move || part.set(this),
        )
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
