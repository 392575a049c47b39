//! Language, theme, notifications, and what the browser keeps.

use huis_texts::Language;
use leptos::html;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen_futures::JsFuture;
use web_sys::NotificationPermission;

use crate::app::{App, Theme};
use crate::dialogs::Overlay;
use crate::parts::{choices, live, on};
use crate::pushes::Pushes;
use crate::signals::RwSignal;
use crate::{notify, page, pushes, say};

pub(super) fn look(app: App) -> AnyView {
    let languages = vec![(Language::English, "English".to_owned()), (Language::French, "Français".to_owned())];
    let themes = vec![
        (Theme::System, say::text("theme-system")),
        (Theme::Light, say::text("theme-light")),
        (Theme::Dark, say::text("theme-dark")),
    ];
    view! {
        {choices(say::text("settings-language"), "language", languages, move || app.language.get(), move |language| app.choose_language(language))}
        {choices(say::text("settings-theme"), "theme", themes, move || app.theme.get(), move |theme| app.choose_theme(theme))}
        {notifications(app)}
        {storage()}
        <section class="settings-part">
            <button type="button" class="button" on:click=on(move |_| app.show(Overlay::Locks))>{say::text("locks-title")}</button>
            <button type="button" class="button" on:click=on(move |_| app.show(Overlay::Shortcuts))>{say::text("shortcut-sheet")}</button>
        </section>
    }
    .into_any()
}

fn notifications(app: App) -> AnyView {
    let permission = RwSignal::new(notify::permission());
    view! {
        <section class="settings-part">
            <h3>{say::text("settings-notifications")}</h3>
            {live(move || match permission.get() {
                NotificationPermission::Granted => view! {
                    <p>{say::text("settings-notifications-on")}</p>
                    {while_closed(app)}
                }.into_any(),
                NotificationPermission::Denied => html::p().child(say::text("settings-notifications-denied")).into_any(),
                _ => view! {
                    <p>{say::text("settings-notifications-ask")}</p>
                    <button type="button" class="button" on:click=on(move |_| spawn_local(async move {
                        let given = notify::ask().await;
                        permission.set(given);
                    }))>{say::text("settings-notifications-allow")}</button>
                }.into_any(),
            })}
            <p class="about">{say::text("settings-notifications-about")}</p>
        </section>
    }
    .into_any()
}

/// Whether one is called while Huis is closed as well.
fn while_closed(app: App) -> AnyView {
    let found = RwSignal::new(None::<Pushes>);
    let is_asking = RwSignal::new(false);
    spawn_local(async move {
        found.set(Some(pushes::look().await));
    });
    let turn = move |on: bool| {
        is_asking.set(true);
        spawn_local(async move {
            let done = if on { pushes::turn_on().await } else { pushes::turn_off().await };
            if let Err(why) = done {
                app.say_wrong(why);
            }
            found.set(Some(pushes::look().await));
            is_asking.set(false);
        });
    };
    let choice = move |about: &'static str, key: &'static str, on: bool| {
        view! {
            <p class="about">{say::text(about)}</p>
            <button type="button" class="button" disabled=move || is_asking.get() on:click=move |_| turn(on)>{say::text(key)}</button>
        }
        .into_any()
    };
    view! {
        {move || found.get().map(|found| match found {
            Pushes::Impossible => html::p().class("about").child(say::text("pushes-impossible")).into_any(),
            Pushes::Never => html::p().class("about").child(say::text("pushes-never")).into_any(),
            Pushes::Off => choice("pushes-off", "pushes-allow", true),
            Pushes::On => choice("pushes-on", "pushes-stop", false),
        })}
    }
    .into_any()
}

/// How much this browser keeps, and whether it may throw it away.
fn storage() -> AnyView {
    let used = RwSignal::new(None::<(f64, f64)>);
    let is_persistent = RwSignal::new(None::<bool>);
    let look = move || {
        spawn_local(async move {
            let storage = page::window().navigator().storage();
            if let Ok(asked) = storage.estimate()
                && let Ok(estimate) = JsFuture::from(asked).await
            {
                let number =
                    |name: &str| js_sys::Reflect::get(&estimate, &name.into()).ok().and_then(|value| value.as_f64());
                used.set(number("usage").zip(number("quota")));
            }
            if let Ok(asked) = storage.persisted()
                && let Ok(given) = JsFuture::from(asked).await
            {
                is_persistent.set(given.as_bool());
            }
        });
    };
    look();
    let keep = move |_| {
        spawn_local(async move {
            if let Ok(asked) = page::window().navigator().storage().persist() {
                let _ = JsFuture::from(asked).await;
            }
            look();
        });
    };
    view! {
        <section class="settings-part">
            <h3>{say::text("settings-storage")}</h3>
            {live(move || used.get().map(|(usage, quota)| {
                let (used, most) = (say::size(usage as u64), say::size(quota as u64));
                view! {
                    <p>{say::text_with("settings-storage-used", &[("used", used.as_str().into()), ("most", most.as_str().into())])}</p>
                    <meter min="0" max="1" prop:value=usage / quota.max(1.0) aria-label=say::text("settings-storage")></meter>
                }
            }))}
            {live(move || is_persistent.get().map(|is_persistent| if is_persistent {
                html::p().class("about").child(say::text("settings-storage-kept")).into_any()
            } else {
                view! {
                    <p class="about">{say::text("settings-storage-not-kept")}</p>
                    <button type="button" class="button" on:click=keep>{say::text("settings-storage-keep")}</button>
                }.into_any()
            }))}
        </section>
    }
    .into_any()
}
