//! A conversation is begun: with one person, with several, or in an open room.

use huis_proto::names;
use huis_proto::rest::Room;
use huis_views::{Command, Failure, Reply};
use leptos::html;
use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::app::App;
use crate::parts::{self, dialog, follow, live, on};
use crate::signals::RwSignal;
use crate::{port, say};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Person,
    Group,
    Room,
}

pub(super) fn begin(app: App) -> AnyView {
    let kind = RwSignal::new(Kind::Person);
    let tab = move |this: Kind, sign: &'static str, key: &'static str| {
        parts::tab(sign, key, "begin-panel", false, move || kind.get() == this, move || kind.set(this))
    };
    let body = view! {
        <div class="tabs" role="tablist" aria-label=say::text("begin-title")>
            {tab(Kind::Person, "send", "begin-person")}
            {tab(Kind::Group, "people", "begin-group")}
            {tab(Kind::Room, "hash", "begin-room")}
        </div>
        <div class="tab-panel" role="tabpanel" id="begin-panel" aria-label=say::text("begin-title")>
            {live(move || match kind.get() {
                Kind::Person => person(app),
                Kind::Group => group(app),
                Kind::Room => rooms(app),
            })}
        </div>
    };
    dialog(app, "for-begin", say::text("begin-title"), body)
}

/// A field with its name, what it is for, and what is wrong with it.
fn field(
    id: &'static str,
    key: &'static str,
    hint: &'static str,
    value: RwSignal<String>,
    wrong: RwSignal<Option<String>>,
) -> AnyView {
    view! {
        <div class="form-row">
            <label for=id>{say::text(key)}</label>
            <input
                id=id
                class="field"
                type="text"
                autocomplete="off"
                autocapitalize="none"
                spellcheck="false"
                autofocus=true
                aria-describedby=format!("{id}-about")
                aria-invalid=follow(move || wrong.with(Option::is_some).to_string())
                prop:value=follow(move || value.get())
                on:input=on(move |event: web_sys::Event| {
                    value.set(event_target_value(&event));
                    wrong.set(None);
                })
            />
            <p id=format!("{id}-about") class="about" class:is-wrong=follow(move || wrong.with(Option::is_some))>
                {live(move || wrong.get().unwrap_or_else(|| say::text(hint)))}
            </p>
        </div>
    }
    .into_any()
}

fn person(app: App) -> AnyView {
    let (name, wrong, is_asking) = (RwSignal::new(String::new()), RwSignal::new(None), RwSignal::new(false));
    let go = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        let typed = name.get_untracked().trim().trim_start_matches('@').to_ascii_lowercase();
        if let Err(error) = names::username(&typed) {
            wrong.set(Some(say::failure(&Failure::Invalid { reason: error.to_string() })));
            return;
        }
        if app.me.with_untracked(|me| me.as_ref().is_some_and(|me| me.username == typed)) {
            wrong.set(Some(say::text("begin-person-self")));
            return;
        }
        is_asking.set(true);
        spawn_local(async move {
            // Whether there is somebody of this name is known before anything is written to them.
            let result = port::ask(Command::Contact { name: typed.clone() }).await;
            is_asking.set(false);
            match result {
                Ok(_) | Err(Failure::Offline { .. }) => {
                    app.close_overlay();
                    app.write_to(&typed);
                }
                Err(failure) => {
                    wrong.set(Some(say::failure(&failure)));
                }
            }
        });
    };
    view! {
        <form class="form" on:submit=go>
            {field("begin-name", "begin-person-name", "begin-person-hint", name, wrong)}
            <div class="dialog-buttons">
                <button type="submit" class="button primary" disabled=follow(move || is_asking.get() || name.with(|name| name.trim().is_empty()))>
                    {say::text("begin-person-go")}
                </button>
            </div>
        </form>
    }
    .into_any()
}

/// Usernames as they are typed, parted by spaces or commas.
pub(crate) fn usernames(text: &str) -> Result<Vec<String>, String> {
    let words = text
        .split([' ', ',', ';', '\n'])
        .map(|word| word.trim().trim_start_matches('@'))
        .filter(|word| !word.is_empty());
    let mut found = Vec::new();
    for word in words {
        let name = names::username(word).map_err(|error| {
            let why = say::failure(&Failure::Invalid { reason: error.to_string() });
            format!("{}: {why}", say::line(word, 40))
        })?;
        if !found.contains(&name) {
            found.push(name);
        }
    }
    Ok(found)
}

fn group(app: App) -> AnyView {
    let (title, title_wrong) = (RwSignal::new(String::new()), RwSignal::new(None));
    let (people, people_wrong) = (RwSignal::new(String::new()), RwSignal::new(None));
    let is_asking = RwSignal::new(false);
    let go = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        let name = title.get_untracked().trim().to_owned();
        if name.is_empty() {
            title_wrong.set(Some(say::text("entry-needed")));
            return;
        }
        let invite = match usernames(&people.get_untracked()) {
            Ok(names) => names,
            Err(why) => {
                people_wrong.set(Some(why));
                return;
            }
        };
        is_asking.set(true);
        app.arrive(Command::CreateRoom { name, open: false, invite }, move |failure| {
            is_asking.set(false);
            people_wrong.set(Some(say::failure(&failure)));
        });
    };
    view! {
        <form class="form" on:submit=go>
            {field("begin-title", "begin-group-title", "begin-group-title-hint", title, title_wrong)}
            {field("begin-people", "begin-group-people", "begin-group-people-hint", people, people_wrong)}
            <div class="dialog-buttons">
                <button type="submit" class="button primary" disabled=follow(move || is_asking.get())>{say::text("begin-group-go")}</button>
            </div>
        </form>
    }
    .into_any()
}

fn rooms(app: App) -> AnyView {
    let found = RwSignal::new(None::<Result<Vec<Room>, String>>);
    spawn_local(async move {
        let result = match port::ask(Command::Rooms).await {
            Ok(Reply::Rooms(rooms)) => Ok(rooms),
            Ok(_) => Ok(Vec::new()),
            Err(failure) => Err(say::failure(&failure)),
        };
        found.set(Some(result));
    });
    let (name, wrong, is_asking) = (RwSignal::new(String::new()), RwSignal::new(None), RwSignal::new(false));
    let join = move |room: String| {
        is_asking.set(true);
        app.join_room(room, move |failure| {
            is_asking.set(false);
            wrong.set(Some(say::failure(&failure)));
        });
    };
    let go = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        let typed = name.get_untracked().trim().trim_start_matches('#').to_ascii_lowercase();
        match names::room_name(&typed) {
            Ok(room) => join(room),
            Err(error) => wrong.set(Some(say::failure(&Failure::Invalid { reason: error.to_string() }))),
        }
    };
    let list = move || match found.get() {
        None => html::p().class("about").child(say::text("found-asking")).into_any(),
        Some(Err(why)) => html::p().class("about").child(why).into_any(),
        Some(Ok(rooms)) if rooms.is_empty() => html::p().class("about").child(say::text("begin-no-rooms")).into_any(),
        Some(Ok(rooms)) => {
            let rows = rooms.into_iter().map(|room| {
                let joined = room.name.clone();
                view! {
                    <li>
                        <button type="button" class="person-row" disabled=follow(move || is_asking.get()) on:click=on(move |_| join(joined.clone()))>
                            {html::span().class("avatar medium is-room is-plain").attr("aria-hidden", "true").child("#")}
                            <bdi class="grow">{format!("#{}", room.name)}</bdi>
                            <span class="about">{say::text_with_count("header-people", room.accounts)}</span>
                        </button>
                    </li>
                }
            });
            view! { <ul class="people" role="list">{rows.collect_view()}</ul> }.into_any()
        }
    };
    view! {
        <p class="about">{say::text("begin-room-about")}</p>
        {list}
        <form class="form" on:submit=go>
            {field("begin-room-name", "begin-room-name", "begin-room-hint", name, wrong)}
            <div class="dialog-buttons">
                <button type="submit" class="button primary" disabled=follow(move || is_asking.get() || name.with(|name| name.trim().is_empty()))>
                    {say::text("begin-room-go")}
                </button>
            </div>
        </form>
    }
    .into_any()
}
