//! The server: who let oneself in, and invitations for others where one may make them.

use huis_views::{Command, Reply};
use leptos::html;
use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::app::App;
use crate::parts::{copy_button, follow, live};
use crate::signals::RwSignal;
use crate::{page, port, say};

/// How long an invitation is good for, in seconds.
const WEEK: u64 = 7 * 24 * 3600;

pub(super) fn server(app: App) -> AnyView {
    let made = RwSignal::new(None::<String>);
    let wrong = RwSignal::new(None::<String>);
    let is_asking = RwSignal::new(false);
    let make = move |_| {
        is_asking.set(true);
        wrong.set(None);
        spawn_local(async move {
            let result = port::ask(Command::MakeInvitation { uses: 1, expires_in_s: WEEK }).await;
            is_asking.set(false);
            match result {
                Ok(Reply::InvitationMade(invitation)) => {
                    let place = page::window().location().origin().unwrap_or_default();
                    made.set(Some(format!("{place}/#invitation={}", invitation.invitation.expose())));
                }
                Ok(_) => {}
                Err(failure) => {
                    wrong.set(Some(say::failure(&failure)));
                }
            }
        });
    };
    let me = app.me.get_untracked();
    view! {
        <section class="settings-part">
            <h3>{me.map(|me| say::line(&me.server, 100))}</h3>
            <p class="about">{say::text("settings-server-about")}</p>
        </section>
        <section class="settings-part">
            <h3>{say::text("settings-invite")}</h3>
            <p class="about">{say::text("settings-invite-about")}</p>
            {live(move || made.get().map(|link| view! {
                <p class="recovery-key"><code>{link.clone()}</code></p>
                {copy_button(app, link)}
            }))}
            {live(move || wrong.get().map(|why| html::p().class("form-wrong").attr("role", "alert").child(why)))}
            <button type="button" class="button" disabled=follow(move || is_asking.get()) on:click=make>{say::text("settings-invite-make")}</button>
        </section>
    }
    .into_any()
}
