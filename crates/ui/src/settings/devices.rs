//! The account's devices with what each is, and their sessions: one is ended, or all but this one.

use huis_proto::SessionId;
use huis_views::{Command, DeviceView, Reply, SessionView};
use leptos::html;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::account::Wish;
use crate::app::App;
use crate::dialogs::Confirm;
use crate::parts::{icon, live, on, skeleton};
use crate::signals::RwSignal;
use crate::{dates, port, say};

/// The longest name of a device that is shown; the rest is cut.
const LONGEST_NAME: usize = 64;

pub(super) type Found = RwSignal<Option<Result<Vec<DeviceView>, String>>>;

/// The devices, as far as they are known; `read` asks for them anew.
pub(super) fn devices(
    app: App,
    found: Found,
    wish: RwSignal<Option<Wish>>,
    read: impl Fn() + Send + Sync + Copy + 'static,
) -> AnyView {
    let has_others = move || {
        found.with(|found| {
            let devices = found.as_ref().and_then(|found| found.as_ref().ok());
            devices.is_some_and(|devices| devices.iter().flat_map(|device| &device.sessions).any(|one| !one.current))
        })
    };
    view! {
        <section class="settings-part" data-view="devices">
            <h3>{say::text("settings-devices")}</h3>
            <p class="about">{say::text("settings-devices-about")}</p>
            {live(move || match found.get() {
                None => skeleton("for-contact", 3),
                Some(Err(why)) => html::p().class("about").child(why).into_any(),
                Some(Ok(devices)) => {
                    let rows = devices.iter().map(|device| row(app, device, wish, read)).collect_view();
                    view! { <ul class="people devices" role="list">{rows}</ul> }.into_any()
                }
            })}
            {live(move || has_others().then(|| view! {
                <button type="button" class="button" on:click=on(move |_| ask_to_end(app, None, read))>{say::text("settings-sessions-end")}</button>
            }))}
        </section>
    }
    .into_any()
}

/// Ends a session after a question, or all but this one.
fn ask_to_end(app: App, session: Option<SessionId>, read: impl Fn() + Send + Sync + Copy + 'static) {
    let question = say::text(if session.is_some() { "settings-session-about" } else { "settings-sessions-about" });
    app.ask(Confirm::danger(question, "settings-session-yes", move |app| {
        spawn_local(async move {
            match port::ask(Command::EndOwnSessions { session }).await {
                Ok(Reply::SessionsEnded { count }) => app.say(say::text_with_count("settings-sessions-ended", count)),
                Ok(_) => {}
                Err(failure) => app.say_failure(&failure),
            }
            // Some may have ended before one could not be.
            read();
        });
    }));
}

fn row(
    app: App,
    device: &DeviceView,
    wish: RwSignal<Option<Wish>>,
    read: impl Fn() + Send + Sync + Copy + 'static,
) -> AnyView {
    let id = device.device;
    let short: String = id.to_string().chars().take(8).collect();
    let marked = short.clone();
    let name = device.name.as_deref().filter(|name| huis_texts::is_visible_name(name));
    let name = name.map_or_else(|| say::text("settings-device-unnamed"), |name| say::line(name, LONGEST_NAME));
    let now_ms = dates::now_ms();
    let added = (device.added_at_ms > 0).then(|| said_of("settings-device-added", device.added_at_ms, now_ms));
    let this = device.current.then(|| html::span().class("label is-good").child(say::text("settings-device-this")));
    let revoke = (!device.current).then(|| {
        let words = say::text_with_name("settings-device-revoke-one", &name);
        view! {
            <button type="button" class="button small danger" aria-label=words on:click=on(move |_| wish.set(Some(Wish::Revoke(id))))>
                {say::text("settings-device-revoke")}
            </button>
        }
    });
    let sessions = device.sessions.iter().map(|session| session_row(app, session, &name, now_ms, read)).collect_view();
    let is_out =
        device.sessions.is_empty().then(|| html::p().class("about").child(say::text("settings-device-no-session")));
    view! {
        <li class="device" data-device=marked>
            <div class="device-head">
                {icon("device")}
                <span class="grow member-words">
                    <span><bdi class="device-name">{name.clone()}</bdi> {this}</span>
                    <span class="about"><code>{short}</code> {added.map(|added| format!(" · {added}"))}</span>
                </span>
                {revoke}
            </div>
            <ul class="sessions" role="list">{sessions}</ul>
            {is_out}
        </li>
    }
    .into_any()
}

/// A day is near enough to tell what one knows from what one does not.
fn said_of(key: &str, ms: u64, now_ms: u64) -> String {
    say::text_with(key, &[("time", dates::day(ms, now_ms).as_str().into())])
}

fn session_row(
    app: App,
    session: &SessionView,
    name: &str,
    now_ms: u64,
    read: impl Fn() + Send + Sync + Copy + 'static,
) -> AnyView {
    let id = session.session;
    let began = said_of("settings-session-began", session.began_at_ms, now_ms);
    let used = said_of("settings-device-used", session.used_at_ms, now_ms);
    let end = (!session.current).then(|| {
        let words = say::text_with_name("settings-session-end-one", name);
        view! {
            <button type="button" class="button small" aria-label=words on:click=on(move |_| ask_to_end(app, Some(id), read))>
                {say::text("settings-session-end")}
            </button>
        }
    });
    view! { <li class="session"><span class="about grow">{format!("{began} · {used}")}</span> {end}</li> }.into_any()
}
