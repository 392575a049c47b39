//! The recovery key, shown once.

use huis_proto::rest::Secret;
use huis_views::Command;
use leptos::prelude::*;

use crate::app::App;
use crate::parts::{copy_button, icon, on};
use crate::{page, say};

pub(crate) fn recovery_key(app: App, key: String) -> AnyView {
    let (copied, saved, shown) = (key.clone(), key.clone(), key.clone());
    let username = app.me.with_untracked(|me| me.as_ref().map(|me| me.username.clone())).unwrap_or_default();
    let body = view! {
        <p class="recovery-key" data-testid="recovery-key"><code>{shown}</code></p>
        <div class="contact-buttons">
            {copy_button(app, copied)}
            <button
                type="button"
                class="button quiet"
                on:click=on(move |_| {
                    let text = say::text_with("entry-key-file", &[("name", username.as_str().into()), ("key", saved.as_str().into())]);
                    page::download(&format!("huis-{username}.txt"), &text);
                })
            >
                {icon("down")}
                <span>{say::text("entry-key-download")}</span>
            </button>
        </div>
        <p class="about">{say::text("entry-key-browser")}</p>
        <button
            type="button"
            class="button primary big"
            autofocus=true
            on:click=on(move |_| {
                app.tell(Command::RecoveryKeyShown { recovery_key: Secret::new(key.clone()) });
                page::keep_storage();
                app.recovery_key.set(None);
            })
        >
            {say::text("entry-key-kept")}
        </button>
    };
    super::card("recovery-key", say::text("entry-key"), say::text("entry-key-page"), body)
}
