//! One conversation of the list.

use huis_proto::{ConversationId, ConversationKind};
use huis_views::{ConversationView, Trust};
use leptos::prelude::*;

use crate::app::App;
use crate::dialogs::{Menu, Overlay};
use crate::parts::{blank, conversation_avatar, follow, icon, live, on};
use crate::{dates, say};

pub(super) fn row(app: App, id: ConversationId) -> AnyView {
    let Some(view) = app.shelf.peek(id) else { return ().into_any() };
    let is_open = move || app.talk.open.get() == Some(id);
    let shown = view.clone();
    let menu = move |x: i32, y: i32| app.show(Overlay::Menu(Menu::conversation(id, f64::from(x), f64::from(y))));
    view! {
        <li class="list-item" data-state=follow(move || view.with(state))>
            <button
                type="button"
                class="list-row"
                aria-current=follow(move || is_open().then_some("true"))
                on:click=on(move |_| app.open(id))
                on:contextmenu=on(move |event: web_sys::MouseEvent| {
                    event.prevent_default();
                    // A menu that a key asks for has no place of its own.
                    let area = event_target::<web_sys::Element>(&event).get_bounding_client_rect();
                    let is_key = event.client_x() == 0 && event.client_y() == 0;
                    let (x, y) = if is_key { (area.left() as i32 + 48, area.bottom() as i32) } else { (event.client_x(), event.client_y()) };
                    menu(x, y);
                })
            >
                {live(move || shown.with(|view| content(app, view)))}
            </button>
            <button
                type="button"
                class="icon-button list-more"
                tabindex="-1"
                title=say::text("key-more")
                aria-label=say::text("key-more")
                aria-haspopup="menu"
                on:click=on(move |event: web_sys::MouseEvent| menu(event.client_x(), event.client_y()))
            >
                {icon("more")}
            </button>
        </li>
    }
    .into_any()
}

fn state(view: &ConversationView) -> &'static str {
    if view.request {
        "request"
    } else if view.unread > 0 {
        "unread"
    } else {
        "read"
    }
}

fn content(app: App, view: &ConversationView) -> AnyView {
    let is_direct = view.kind == ConversationKind::Direct;
    let is_here = is_direct && !view.here.is_empty();
    let is_muted = view.muted.holds_at(dates::now_ms());
    let time = (view.newest_ms > 0).then(|| {
        view! { <time class="list-time">{dates::recent(view.newest_ms, app.today_ms.get())}</time> }
    });
    let here = is_here.then(|| view! { {blank("here-dot")} <span class="sr">{say::text("header-here")}</span> });
    let favourite = view.favourite.then(|| view! { <span class="list-mark" title=say::text("list-favourite")>{icon("star")}<span class="sr">{say::text("list-favourite")}</span></span> });
    let muted = is_muted.then(|| view! { <span class="list-mark" title=say::text("list-muted")>{icon("mute")}<span class="sr">{say::text("list-muted")}</span></span> });
    let changed = view.trust.is_changed().then(|| view! { <span class="list-mark is-bad" title=say::text("trust-changed")>{icon("shield-alert")}<span class="sr">{say::text("trust-changed")}</span></span> });
    let verified = (view.trust == Trust::Verified).then(|| view! { <span class="list-mark is-good" title=say::text("trust-verified")>{icon("shield-check")}<span class="sr">{say::text("trust-verified")}</span></span> });
    let mentions = (view.mentions > 0).then(|| view! { <span class="badge is-mention" title=say::text("list-mentions")>"@"<span class="sr">{say::text("list-mentions")}</span></span> });
    let unread = (view.unread > 0).then(|| {
        let class = if is_muted { "badge is-quiet" } else { "badge" };
        let words = say::text_with_count("list-unread", view.unread);
        let title = words.clone();
        let count = if view.unread > 999 { format!("{}+", dates::number(999)) } else { dates::number(view.unread.into()) };
        view! { <span class=class title=title><span aria-hidden="true">{count}</span><span class="sr">{words}</span></span> }
    });
    view! {
        <span class="list-avatar">{conversation_avatar(view, "large")} {here}</span>
        <span class="list-words">
            <span class="list-line">
                <bdi class="list-name">{say::conversation(view)}</bdi>
                {favourite}{muted}
                {time}
            </span>
            <span class="list-line">
                {preview(app, view)}
                {verified} {changed}{mentions}{unread}
            </span>
        </span>
    }
    .into_any()
}

fn preview(app: App, view: &ConversationView) -> AnyView {
    if let Some(words) = say::typing(&view.typing) {
        return view! { <span class="list-preview is-typing">{words}</span> }.into_any();
    }
    let is_open = app.talk.open.get() == Some(view.id);
    if !view.draft.trim().is_empty() && !is_open {
        let draft = say::line(&say::first_line(&view.draft), 100);
        return view! { <span class="list-preview"><span class="is-draft">{say::text("list-draft-label")}</span> " " {draft}</span> }.into_any();
    }
    let Some(newest) = &view.newest else {
        let key = if view.request { "list-wants-to-talk" } else { "list-nothing-said" };
        return view! { <span class="list-preview">{say::text(key)}</span> }.into_any();
    };
    let text = say::preview_of(newest);
    let author = if newest.own {
        Some(say::text("list-you"))
    } else {
        (view.kind != ConversationKind::Direct).then(|| format!("{}:", say::name(&newest.from)))
    };
    view! { <span class="list-preview" dir="auto">{author.map(|author| view! { <bdi class="list-author">{author}</bdi> " " })} {text}</span> }
        .into_any()
}
