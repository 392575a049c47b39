//! Small forms about a conversation: who comes in, what it is called, what it is about.

use huis_proto::{ConversationId, ConversationKind};
use huis_views::{Command, Reply, Target};
use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::app::App;
use crate::dialogs::begin::usernames;
use crate::parts::{dialog, follow, live, on};
use crate::signals::RwSignal;
use crate::{port, say};

pub(crate) fn invite(app: App, conversation: ConversationId) -> AnyView {
    let (people, wrong, is_asking) =
        (RwSignal::new(String::new()), RwSignal::new(None::<String>), RwSignal::new(false));
    let go = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        let names = match usernames(&people.get_untracked()) {
            Ok(names) if !names.is_empty() => names,
            Ok(_) => return wrong.set(Some(say::text("entry-needed"))),
            Err(why) => return wrong.set(Some(why)),
        };
        is_asking.set(true);
        spawn_local(async move {
            match port::ask(Command::Invite { target: Target::Id(conversation), names }).await {
                Ok(Reply::Conversation(view)) => {
                    app.shelf.put(*view);
                    app.touch_details();
                    app.close_overlay();
                }
                Ok(_) => app.close_overlay(),
                Err(failure) => {
                    is_asking.set(false);
                    wrong.set(Some(say::failure(&failure)));
                }
            }
        });
    };
    let body = view! {
        <form class="form" on:submit=go>
            <div class="form-row">
                <label for="invite-names">{say::text("begin-group-people")}</label>
                <input
                    id="invite-names"
                    class="field"
                    type="text"
                    autocomplete="off"
                    autocapitalize="none"
                    spellcheck="false"
                    autofocus=true
                    aria-describedby="invite-about"
                    on:input=on(move |event: web_sys::Event| {
                        people.set(event_target_value(&event));
                        wrong.set(None);
                    })
                />
                <p id="invite-about" class="about" class:is-wrong=follow(move || wrong.with(Option::is_some))>
                    {live(move || wrong.get().unwrap_or_else(|| say::text("invite-about")))}
                </p>
            </div>
            <div class="dialog-buttons">
                <button type="submit" class="button primary" disabled=follow(move || is_asking.get())>{say::text("invite-go")}</button>
            </div>
        </form>
    };
    dialog(app, "for-invite", say::text("invite-title"), body)
}

pub(crate) fn describe(app: App, conversation: ConversationId) -> AnyView {
    let Some(view) = app.shelf.peek(conversation).map(|view| view.get_untracked()) else { return ().into_any() };
    let has_title = view.kind == ConversationKind::Group;
    let title = RwSignal::new(view.title.clone().unwrap_or_default());
    let topic = RwSignal::new(view.topic.clone().unwrap_or_default());
    let (wrong, is_asking) = (RwSignal::new(None::<String>), RwSignal::new(false));
    let go = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        let target = || Target::Id(conversation);
        let (new_title, new_topic) = (title.get_untracked().trim().to_owned(), topic.get_untracked().trim().to_owned());
        let mut commands = Vec::new();
        if has_title && !new_title.is_empty() && view.title.as_deref() != Some(new_title.as_str()) {
            commands.push(Command::SetTitle { target: target(), title: new_title });
        }
        if view.topic.as_deref().unwrap_or_default() != new_topic {
            commands.push(Command::SetTopic { target: target(), topic: new_topic });
        }
        is_asking.set(true);
        spawn_local(async move {
            for command in commands {
                match port::ask(command).await {
                    Ok(Reply::Conversation(view)) => app.shelf.put(*view),
                    Ok(_) => {}
                    Err(failure) => {
                        is_asking.set(false);
                        wrong.set(Some(say::failure(&failure)));
                        return;
                    }
                }
            }
            app.touch_details();
            app.close_overlay();
        });
    };
    let title_row = has_title.then(|| {
        view! {
            <div class="form-row">
                <label for="describe-title">{say::text("begin-group-title")}</label>
                <input id="describe-title" class="field" type="text" autofocus=true prop:value=follow(move || title.get()) on:input=on(move |event: web_sys::Event| title.set(event_target_value(&event))) />
            </div>
        }
    });
    let body = view! {
        <form class="form" on:submit=go>
            {title_row}
            <div class="form-row">
                <label for="describe-topic">{say::text("details-topic")}</label>
                <input id="describe-topic" class="field" type="text" prop:value=follow(move || topic.get()) on:input=on(move |event: web_sys::Event| topic.set(event_target_value(&event))) />
                <p class="about" class:is-wrong=follow(move || wrong.with(Option::is_some))>{live(move || wrong.get().unwrap_or_else(|| say::text("details-topic-about")))}</p>
            </div>
            <div class="dialog-buttons">
                <button type="submit" class="button primary" disabled=follow(move || is_asking.get())>{say::text("key-save")}</button>
            </div>
        </form>
    };
    dialog(app, "for-describe", say::text("details-describe"), body)
}
