//! What stands before everything else: one dialog at a time, and a question before it.

pub(crate) mod begin;
mod forward;
mod locks;
mod menu;
mod receipts;
mod report;

use std::sync::Arc;

use huis_proto::{ConversationId, MessageId};
use huis_views::MessageView;
use leptos::html;
use leptos::prelude::*;

use crate::app::App;
use crate::parts::{dialog, live, modal, on};
use crate::{composer, keys, people, say, settings};

pub(crate) use menu::{Member, Menu};
pub(crate) use report::Suspect;

/// A dialog.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Overlay {
    /// A conversation is begun.
    Begin,
    /// What can be done with a message or a conversation.
    Menu(Menu),
    /// A reaction is chosen.
    React(MessageId),
    /// An emoji for what is being written.
    Emoji,
    /// When what is being written opens.
    Later,
    /// What opens later, and what has opened.
    Locks,
    /// Where a message is said again.
    Forward(MessageId),
    /// Who has a message.
    Receipts(MessageId),
    /// A message or a person is reported.
    Report(Suspect),
    /// What became of one's own reports.
    Reports,
    /// A message that was opened once, and is nowhere else any more.
    Opened(Box<MessageView>),
    /// What is known of somebody, by the username.
    Person(String),
    /// People are brought into a conversation.
    Invite(ConversationId),
    /// A conversation gets a title or a topic.
    Describe(ConversationId),
    Settings,
    Shortcuts,
}

/// A question before something is done.
#[derive(Clone)]
pub(crate) struct Confirm {
    question: String,
    yes: &'static str,
    act: Arc<dyn Fn(App) + Send + Sync>,
}

impl Confirm {
    /// A question before what cannot be undone.
    pub(crate) fn danger(question: String, yes: &'static str, act: impl Fn(App) + Send + Sync + 'static) -> Self {
        Self { question, yes, act: Arc::new(act) }
    }
}

/// The dialogs that are open.
pub(crate) fn dialogs(app: App) -> AnyView {
    view! {
        {live(move || app.overlay.get().map(|overlay| draw(app, overlay)))}
        {live(move || app.confirm.get().map(|confirm| question(app, confirm)))}
    }
    .into_any()
}

fn draw(app: App, overlay: Overlay) -> AnyView {
    match overlay {
        Overlay::Begin => begin::begin(app),
        Overlay::Menu(menu) => menu::menu(app, &menu),
        Overlay::React(message) => dialog(
            app,
            "for-emoji",
            say::text("emoji-title"),
            composer::emoji_grid(move |emoji| {
                app.close_overlay();
                app.react(message, emoji);
            }),
        ),
        Overlay::Emoji => dialog(
            app,
            "for-emoji",
            say::text("composer-emoji"),
            composer::emoji_grid(move |emoji| {
                app.close_overlay();
                composer::insert(app, emoji);
            }),
        ),
        Overlay::Later => composer::later(app),
        Overlay::Locks => locks::locks(app),
        Overlay::Forward(message) => forward::forward(app, message),
        Overlay::Receipts(message) => receipts::receipts(app, message),
        Overlay::Report(suspect) => report::report(app, suspect),
        Overlay::Reports => report::reports(app),
        Overlay::Opened(message) => opened(app, &message),
        Overlay::Person(name) => dialog(app, "for-person", say::text("person-title"), people::person(app, name)),
        Overlay::Invite(conversation) => people::invite(app, conversation),
        Overlay::Describe(conversation) => people::describe(app, conversation),
        Overlay::Settings => settings::settings(app),
        Overlay::Shortcuts => shortcuts(app),
    }
}

fn opened(app: App, message: &MessageView) -> AnyView {
    let about = if message.kind == "file" { "message-once-files" } else { "message-once-gone" };
    let body = view! {
        <div class="opened-once" data-testid="opened-once">
            {crate::timeline::text_of(message)}
            <p class="about">{say::text(about)}</p>
        </div>
    };
    dialog(app, "for-opened", say::name(&message.from), body)
}

fn question(app: App, confirm: Confirm) -> AnyView {
    let Confirm { question, yes, act } = confirm;
    let body = view! {
        <p class="question">{question}</p>
        <div class="dialog-buttons">
            <button type="button" class="button" autofocus=true on:click=on(move |_| app.close_confirm())>{say::text("key-cancel")}</button>
            <button
                type="button"
                class="button danger"
                data-testid="confirm-yes"
                on:click=on(move |_| {
                    app.close_confirm();
                    act(app);
                })
            >
                {say::text(yes)}
            </button>
        </div>
    };
    modal(app, "for-question", say::text("confirm-title"), body, move || app.close_confirm())
}

fn shortcuts(app: App) -> AnyView {
    let groups = keys::SHEET
        .iter()
        .map(|(title, keys)| {
            let keys = keys
                .iter()
                .map(|(key, what)| {
                    let caps = key.split(' ').map(|cap| html::kbd().child(cap)).collect_view();
                    view! { <div class="shortcut"><dt>{caps}</dt><dd>{say::text(what)}</dd></div> }
                })
                .collect_view();
            view! { <section><h3>{say::text(title)}</h3><dl>{keys}</dl></section> }
        })
        .collect_view();
    // Where the sheet is longer than its place, keys scroll what has the focus.
    let sheet = view! { <div class="shortcuts" tabindex="0">{groups}</div> };
    dialog(app, "for-shortcuts", say::text("shortcut-sheet"), sheet)
}
