//! The small parts that everything is made of: icons, avatars, buttons, dialogs.

use huis_proto::{AccountId, ConversationKind};
use huis_views::{ConversationView, Named};
use leptos::html;
use leptos::prelude::*;
use leptos::svg;
use wasm_bindgen::JsCast;

use crate::app::App;
use crate::signals::effect;
use crate::{page, picture, say};

/// Draws a part anew when something changes that it reads.
///
/// Boxed, as are [`follow`] and [`on`]: the compiler makes code of its own for whatever a closure is a part of, and that
/// was a large share of what travels to a browser.
pub(crate) fn live<T: IntoAny + 'static>(mut draw: impl FnMut() -> T + Send + 'static) -> AnyView {
    let draw: Box<dyn FnMut() -> AnyView + Send> = Box::new(move || draw().into_any());
    draw.into_any()
}

/// The value of an attribute that follows what it reads.
pub(crate) fn follow<T>(read: impl FnMut() -> T + Send + 'static) -> Box<dyn FnMut() -> T + Send> {
    Box::new(read)
}

/// What is done at an event.
pub(crate) fn on<E>(act: impl FnMut(E) + 'static) -> Box<dyn FnMut(E)> {
    Box::new(act)
}

/// An icon of `index.html`'s sprite; it says nothing by itself.
pub(crate) fn icon(name: &'static str) -> impl IntoView {
    let link = format!("#i-{name}");
    svg::svg().attr("class", "icon").attr("aria-hidden", "true").child(svg::r#use().attr("href", link))
}

/// An icon that is drawn where it stands.
pub(crate) fn drawn(path: &'static str) -> impl IntoView {
    let line = svg::path().attr("d", path);
    svg::svg().attr("class", "icon").attr("viewBox", "0 0 24 24").attr("aria-hidden", "true").child(line)
}

/// A QR code as one path: dark on light in every theme, with the quiet ground around it that a camera needs.
pub(crate) fn drawn_code<'a>(lines: impl ExactSizeIterator<Item = &'a str>, label: String, text: String) -> AnyView {
    let size = lines.len() + 8;
    let mut path = String::new();
    for (y, line) in lines.enumerate() {
        for (x, _) in line.bytes().enumerate().filter(|(_, module)| *module == b'1') {
            path.push_str(&format!("M{} {}h1v1h-1z", x + 4, y + 4));
        }
    }
    svg::svg()
        .attr("class", "code-drawn")
        .attr("viewBox", format!("0 0 {size} {size}"))
        .attr("role", "img")
        .attr("aria-label", label)
        .attr("data-code", text)
        .child(svg::path().attr("d", path))
        .into_any()
}

/// An empty element for the styles.
pub(crate) fn blank(class: &'static str) -> impl IntoView {
    html::span().class(class).attr("aria-hidden", "true")
}

/// A button that shows an icon alone.
pub(crate) fn icon_button(icon_name: &'static str, name: String, act: impl FnMut() + 'static) -> AnyView {
    let mut act = act;
    view! {
        <button type="button" class="icon-button" title=name.clone() aria-label=name on:click=on(move |_| act())>
            {icon(icon_name)}
        </button>
    }
    .into_any()
}

/// Somebody's picture, or their initials in their hue. Both have the same room.
pub(crate) fn person_avatar(account: AccountId, name: &str, size: &'static str) -> AnyView {
    let class = format!("avatar {size} {}", say::hue_of(account));
    let (picture, initials) = (picture::of(account), say::initials(name));
    view! {
        <span class=class aria-hidden="true">
            {live(move || match picture.get() {
                Some(source) => html::img().src(source).alt("").attr("draggable", "false").into_any(),
                None => initials.clone().into_any(),
            })}
        </span>
    }
    .into_any()
}

/// The sign of a conversation: somebody's initials, or those of a title in a rounder square.
pub(crate) fn conversation_avatar(view: &ConversationView, size: &'static str) -> AnyView {
    if let Some(other) = say::other(view) {
        let name = say::name(other);
        if view.request {
            // Whoever writes unasked is not looked at unasked.
            let class = format!("avatar {size} {}", say::hue_of(other.account));
            return view! { <span class=class aria-hidden="true">{say::initials(&name)}</span> }.into_any();
        }
        return person_avatar(other.account, &name, size);
    }
    let shape = if view.kind == ConversationKind::Direct { "" } else { "is-room" };
    let class = format!("avatar {size} {shape} hue-{}", say::hue(view.id.as_bytes()));
    let sign =
        if view.kind == ConversationKind::Open { "#".to_owned() } else { say::initials(&say::conversation(view)) };
    view! { <span class=class aria-hidden="true">{sign}</span> }.into_any()
}

/// A person's name in their hue, isolated from what stands beside it.
pub(crate) fn person_name(named: &Named) -> AnyView {
    let class = format!("person {}", say::hue_of(named.account));
    view! { <bdi class=class>{say::name(named)}</bdi> }.into_any()
}

/// Lines that stand for what is not here yet; they appear after a moment alone.
pub(crate) fn skeleton(class: &'static str, count: usize) -> AnyView {
    let lines = (0..count).map(|_| html::div().class("skeleton-line")).collect_view();
    view! { <div class=format!("skeleton {class}") aria-hidden="true" data-state="loading">{lines}</div> }.into_any()
}

/// A place with nothing in it yet, and what to do about it.
pub(crate) fn nothing(icon_name: &'static str, title: String, about: String, more: impl IntoView) -> AnyView {
    view! {
        <div class="nothing" data-state="empty">
            <div class="nothing-sign">{icon(icon_name)}</div>
            <h2>{title}</h2>
            <p>{about}</p>
            {more}
        </div>
    }
    .into_any()
}

/// What a screen reader says of messages that come: `from_now_on` leaves out what was said before this is drawn. What stands
/// behind a dialog is not heard, so each dialog has one as well.
pub(crate) fn spoken(app: App, from_now_on: bool) -> AnyView {
    let mut is_over = from_now_on;
    let said = move || {
        let said = app.spoken.get();
        if std::mem::take(&mut is_over) { String::new() } else { said }
    };
    view! {
        <div class="sr" role="log" aria-live="polite" aria-label=say::text("spoken-title")>{live(said)}</div>
    }
    .into_any()
}

/// A dialog before everything else. It closes by its button, Escape, or a click beside it.
pub(crate) fn dialog(app: App, class: &'static str, title: String, body: impl IntoView) -> AnyView {
    modal(app, class, title, body, move || app.close_overlay())
}

/// As [`dialog`], with what is done when it is closed.
pub(crate) fn modal(
    app: App,
    class: &'static str,
    title: String,
    body: impl IntoView,
    closed: impl Fn() + Copy + 'static,
) -> AnyView {
    let (node, name) = (NodeRef::<html::Dialog>::new(), title.clone());
    effect(move || {
        if let Some(dialog) = node.get()
            && !dialog.open()
        {
            let _ = dialog.show_modal();
        }
    });
    view! {
        <dialog
            node_ref=node
            class=format!("dialog {class}")
            aria-label=name
            on:cancel=on(move |event: web_sys::Event| {
                event.prevent_default();
                closed();
            })
            on:pointerdown=on(move |event: web_sys::PointerEvent| {
                // The dialog itself is the target where one points beside what is in it.
                let is_beside = event.target() == event.current_target();
                if is_beside && node.get_untracked().is_some_and(|dialog| is_outside(&dialog, &event)) {
                    closed();
                }
            })
        >
            <header class="dialog-head">
                <h2>{title}</h2>
                {icon_button("close", say::text("key-close"), closed)}
            </header>
            <div class="dialog-body">{body}</div>
            {spoken(app, true)}
        </dialog>
    }
    .into_any()
}

fn is_outside(dialog: &web_sys::HtmlDialogElement, event: &web_sys::PointerEvent) -> bool {
    let area = dialog.unchecked_ref::<web_sys::Element>().get_bounding_client_rect();
    let (x, y) = (f64::from(event.client_x()), f64::from(event.client_y()));
    x < area.left() || x > area.right() || y < area.top() || y > area.bottom()
}

/// A tab of a list of tabs, of which one is in the order of the keys: from there the arrows lead to the others.
pub(crate) fn tab(
    icon_name: &'static str,
    key: &'static str,
    panel: &'static str,
    has_focus: bool,
    is_chosen: impl Fn() -> bool + Send + Sync + Copy + 'static,
    choose: impl Fn() + 'static,
) -> AnyView {
    view! {
        <button
            type="button"
            role="tab"
            id=format!("tab-{key}")
            aria-controls=panel
            autofocus=has_focus
            tabindex=follow(move || if is_chosen() { "0" } else { "-1" })
            aria-selected=follow(move || is_chosen().to_string())
            on:click=on(move |_| choose())
            on:keydown=on(move |event: web_sys::KeyboardEvent| to_other_tab(&event))
        >
            {icon(icon_name)}
            <span>{say::text(key)}</span>
        </button>
    }
    .into_any()
}

fn to_other_tab(event: &web_sys::KeyboardEvent) {
    let tab = event.current_target().and_then(|tab| tab.dyn_into::<web_sys::Element>().ok());
    let Some(list) = tab.as_ref().and_then(|tab| tab.parent_element()) else { return };
    let (Some(first), Some(last)) = (list.first_element_child(), list.last_element_child()) else { return };
    let tab = tab.as_ref();
    let next = match event.key().as_str() {
        "ArrowRight" | "ArrowDown" => tab.and_then(web_sys::Element::next_element_sibling).unwrap_or(first),
        "ArrowLeft" | "ArrowUp" => tab.and_then(web_sys::Element::previous_element_sibling).unwrap_or(last),
        "Home" => first,
        "End" => last,
        _ => return,
    };
    event.prevent_default();
    // What is behind a tab is here at once, so it is chosen with the key.
    let next: web_sys::HtmlElement = next.unchecked_into();
    let _ = next.focus();
    next.click();
}

/// A switch with its name and what it means.
pub(crate) fn switch(
    name: String,
    about: String,
    is_on: impl Fn() -> bool + Send + Sync + Copy + 'static,
    act: impl Fn(bool) + 'static,
) -> AnyView {
    view! {
        <label class="switch-row">
            <span class="switch-text">
                <span>{name}</span>
                <span class="about">{about}</span>
            </span>
            <input
                type="checkbox"
                class="switch"
                role="switch"
                prop:checked=is_on
                on:change=on(move |event: web_sys::Event| act(event_target_checked(&event)))
            />
        </label>
    }
    .into_any()
}

/// One choice of a few, side by side.
pub(crate) fn choices<T: Copy + PartialEq + Send + Sync + 'static>(
    name: String,
    group: &'static str,
    options: Vec<(T, String)>,
    chosen: impl Fn() -> T + Send + Sync + Copy + 'static,
    act: impl Fn(T) + Copy + 'static,
) -> AnyView {
    let options = options
        .into_iter()
        .map(|(value, label)| {
            view! {
                <label class="choice">
                    <input
                        type="radio"
                        name=group
                        prop:checked=follow(move || chosen() == value)
                        on:change=on(move |_| act(value))
                    />
                    <span>{label}</span>
                </label>
            }
        })
        .collect_view();
    view! {
        <fieldset class="choices">
            <legend>{name}</legend>
            <div class="choice-row">{options}</div>
        </fieldset>
    }
    .into_any()
}

/// A button that copies a text and says that it did.
pub(crate) fn copy_button(app: App, text: String) -> AnyView {
    view! {
        <button
            type="button"
            class="button quiet"
            on:click=on(move |_| {
                page::copy(&text);
                app.say(say::text("message-copied"));
            })
        >
            {icon("copy")}
            <span>{say::text("key-copy")}</span>
        </button>
    }
    .into_any()
}
