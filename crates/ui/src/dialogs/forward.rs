//! Where a message is said again.

use huis_proto::MessageId;
use huis_views::ConversationState;
use leptos::prelude::*;

use crate::app::App;
use crate::parts::{conversation_avatar, dialog, on};
use crate::signals::RwSignal;
use crate::{page, say};

pub(super) fn forward(app: App, message: MessageId) -> AnyView {
    let words = RwSignal::new(String::new());
    let places = move || {
        let words = page::small_letters(words.get().trim().trim_start_matches(['@', '#']));
        let shown = app.shelf.shown.get();
        shown
            .into_iter()
            .filter_map(|id| app.shelf.peek(id).map(|view| view.get_untracked()))
            .filter(|view| view.state == ConversationState::Joined)
            .filter(|view| {
                words.is_empty()
                    || page::small_letters(&say::conversation(view)).contains(&words)
                    || view.name.contains(&words)
            })
            .take(100)
            .map(|view| {
                let id = view.id;
                view! {
                    <li>
                        <button
                            type="button"
                            class="person-row"
                            on:click=on(move |_| {
                                app.close_overlay();
                                app.forward(message, id);
                            })
                        >
                            {conversation_avatar(&view, "medium")}
                            <bdi class="grow">{say::conversation(&view)}</bdi>
                        </button>
                    </li>
                }
            })
            .collect_view()
    };
    let body = view! {
        <input
            type="search"
            class="field"
            autofocus=true
            placeholder=say::text("forward-find")
            aria-label=say::text("forward-find")
            on:input=on(move |event: web_sys::Event| words.set(event_target_value(&event)))
        />
        <ul class="people" role="list">{places}</ul>
    };
    dialog(app, "for-forward", say::text("forward-title"), body)
}
