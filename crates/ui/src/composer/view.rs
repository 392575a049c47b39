//! The composer as it is shown.

use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{HtmlTextAreaElement, KeyboardEvent};

use super::emoji::{Emoji, of_group};
use super::{Mode, complete, later, voice};
use crate::app::App;
use crate::dialogs::Overlay;
use crate::files::{standing, tray};
use crate::parts::{follow, icon, icon_button, live, on};
use crate::signals::{RwSignal, effect};
use crate::{page, say};

pub(super) const TEXT: &str = "composer-text";
/// `files.js` hears of what is chosen there.
const FILES: &str = "composer-files";

fn area() -> Option<HtmlTextAreaElement> {
    page::element(TEXT).and_then(|element| element.dyn_into().ok())
}

/// The field with what stands around it.
pub(crate) fn composer(app: App) -> AnyView {
    let composer = app.composer;
    // The field grows with its text.
    effect(move || {
        composer.text.track();
        page::after(0, grow);
    });
    let hint = move || match (app.talk.addressee.get(), app.with_open(say::conversation)) {
        (Some(name), _) => say::text_with_name("composer-hint-to", &format!("@{}", say::line(&name, 40))),
        (None, Some(name)) => say::text_with_name("composer-hint-to", &name),
        (None, None) => say::text("composer-hint-plain"),
    };
    let cannot_go = move || match standing(app) {
        (true, are_ready) if !matches!(composer.mode.get(), Mode::Edit(_)) => !are_ready,
        _ => composer.text.with(|text| text.trim().is_empty()),
    };
    view! {
        <form
            class="composer"
            data-view="composer"
            data-state=follow(move || mode_name(composer.mode.get()))
            aria-label=say::text("composer-title")
            on:submit=on(move |event: web_sys::SubmitEvent| {
                event.prevent_default();
                app.submit();
            })
        >
            {candidates(app)}
            {mode_line(app)}
            {later::chip(app)}
            {tray(app)}
            {voice::bar(app)}
            <div class="composer-line" hidden=follow(move || app.has_note_here())>
                <input id=FILES type="file" multiple hidden />
                {icon_button("attach", say::text("files-attach"), choose)}
                {icon_button("smile", say::text("composer-emoji"), move || app.show(Overlay::Emoji))}
                <textarea
                    id=TEXT
                    rows="1"
                    dir="auto"
                    autocomplete="off"
                    enterkeyhint="enter"
                    maxlength="65536"
                    aria-label=hint
                    placeholder=hint
                    aria-autocomplete="list"
                    aria-controls="composer-candidates"
                    aria-activedescendant=follow(move || (!composer.candidates.with(Vec::is_empty)).then(|| format!("candidate-{}", composer.chosen.get())))
                    prop:value=follow(move || composer.text.get())
                    on:input=on(move |event: web_sys::Event| {
                        composer.text.set(event_target_value(&event));
                        app.text_changed();
                        offer(app);
                    })
                    on:keydown=on(move |event: web_sys::KeyboardEvent| on_key(app, &event))
                    on:blur=on(move |_| {
                        page::after(150, move || composer.candidates.set(Vec::new()));
                    })
                ></textarea>
                <button
                    type="button"
                    class="icon-button"
                    title=say::text("composer-once")
                    aria-label=say::text("composer-once")
                    aria-pressed=follow(move || composer.wish.with(|wish| wish.view_once).to_string())
                    on:click=on(move |_| app.wish(|wish| wish.view_once = !wish.view_once))
                >
                    {icon("eye-off")}
                </button>
                {later::button(app)}
                {voice::button(app)}
                <button
                    type="submit"
                    class="send"
                    hidden=follow(move || app.can_speak())
                    title=say::text("key-send")
                    aria-label=say::text("key-send")
                    disabled=cannot_go
                    // The keyboard of a phone stays where it is.
                    on:pointerdown=|event| event.prevent_default()
                >
                    {icon("send")}
                </button>
            </div>
        </form>
    }
    .into_any()
}

/// Opens the browser's own choice of files.
fn choose() {
    if let Some(input) = page::element(FILES) {
        input.unchecked_ref::<web_sys::HtmlElement>().click();
    }
}

fn mode_name(mode: Mode) -> &'static str {
    match mode {
        Mode::Plain => "plain",
        Mode::Reply(_) => "reply",
        Mode::Edit(_) => "edit",
    }
}

fn grow() {
    if let Some(area) = area() {
        let style = area.unchecked_ref::<web_sys::HtmlElement>().style();
        let _ = style.set_property("height", "auto");
        let _ = style.set_property("height", &format!("{}px", area.scroll_height()));
    }
}

fn mode_line(app: App) -> AnyView {
    view! {
        {live(move || {
            let (sign, title, id) = match app.composer.mode.get() {
                Mode::Plain => return ().into_any(),
                Mode::Reply(id) => {
                    let name = app.talk.message(id).map(|message| if message.own { say::text("you") } else { say::name(&message.from) });
                    ("reply", say::text_with_name("composer-reply-to", &name.unwrap_or_default()), id)
                }
                Mode::Edit(id) => ("edit", say::text("composer-editing"), id),
            };
            let text = app.talk.message(id).map(|message| say::line_of(&message)).unwrap_or_default();
            view! {
                <div class="composer-mode">
                    {icon(sign)}
                    <button type="button" class="composer-mode-words" on:click=on(move |_| app.go_to_message(id))>
                        <span class="title">{title}</span>
                        <span class="text" dir="auto">{text}</span>
                    </button>
                    {icon_button("close", say::text("key-cancel"), move || {
                        app.cancel_mode();
                        page::focus(TEXT);
                    })}
                </div>
            }
            .into_any()
        })}
    }
    .into_any()
}

fn candidates(app: App) -> AnyView {
    let composer = app.composer;
    view! {
        <ul id="composer-candidates" class="candidates" role="listbox" aria-label=say::text("composer-candidates") hidden=follow(move || composer.candidates.with(Vec::is_empty))>
            {live(move || {
                composer.candidates.get().into_iter().enumerate().map(|(index, candidate)| {
                    view! {
                        <li
                            id=format!("candidate-{index}")
                            role="option"
                            aria-selected=follow(move || (composer.chosen.get() == index).to_string())
                            on:pointerdown=on(move |event: web_sys::PointerEvent| {
                                event.prevent_default();
                                take(app, index);
                            })
                        >
                            <bdi>{candidate.shown}</bdi>
                            <span class="about">{candidate.about}</span>
                        </li>
                    }
                }).collect_view()
            })}
        </ul>
    }
    .into_any()
}

/// Offers what the word at the cursor may become.
fn offer(app: App) {
    let found = area().and_then(|area| {
        let text = area.value();
        let cursor = complete::byte_at(&text, area.selection_start().ok().flatten()?);
        let (begin, mark) = complete::word(&text, cursor)?;
        let typed = text.get(begin + 1..cursor)?;
        Some(if mark == '@' {
            let me = app.me.with_untracked(|me| me.as_ref().map(|me| me.account));
            app.peek_open(|view| {
                let others: Vec<_> = view.accounts.iter().filter(|named| Some(named.account) != me).cloned().collect();
                complete::people(typed, &others, page::small_letters)
            })
            .unwrap_or_default()
        } else {
            complete::emoji(typed)
        })
    });
    app.composer.chosen.set(0);
    app.composer.candidates.set(found.unwrap_or_default());
}

fn take(app: App, index: usize) {
    let candidate = app.composer.candidates.with_untracked(|candidates| candidates.get(index).cloned());
    app.composer.candidates.set(Vec::new());
    let (Some(candidate), Some(area)) = (candidate, area()) else { return };
    let text = area.value();
    let cursor = complete::byte_at(&text, area.selection_start().ok().flatten().unwrap_or(u32::MAX));
    if let Some((begin, _)) = complete::word(&text, cursor) {
        put(app, &text, begin, cursor, &candidate.insert);
    }
}

/// Puts a text at the cursor.
pub(crate) fn insert(app: App, what: &str) {
    let Some(area) = area() else { return };
    let text = area.value();
    let from = complete::byte_at(&text, area.selection_start().ok().flatten().unwrap_or(u32::MAX));
    let to = complete::byte_at(&text, area.selection_end().ok().flatten().unwrap_or(u32::MAX));
    put(app, &text, from, to.max(from), what);
}

fn put(app: App, text: &str, from: usize, to: usize, what: &str) {
    let changed = format!("{}{what}{}", &text[..from], &text[to..]);
    let cursor = complete::units_at(&changed, from + what.len());
    app.composer.text.set(changed.clone());
    app.text_changed();
    if let Some(area) = area() {
        area.set_value(&changed);
        let _ = area.set_selection_range(cursor, cursor);
        let _ = area.focus();
        // From the emoji, once these are gone.
        page::focus_soon(TEXT);
    }
}

fn on_key(app: App, event: &KeyboardEvent) {
    // What an input method composes is its own until it is done.
    if event.is_composing() {
        return;
    }
    let composer = app.composer;
    let count = composer.candidates.with_untracked(Vec::len);
    let is_plain = !crate::keys::has_modifier(event);
    match event.key().as_str() {
        "Enter" | "Tab" if count > 0 && is_plain && !event.shift_key() => take(app, composer.chosen.get_untracked()),
        "ArrowDown" if count > 0 && is_plain => composer.chosen.update(|chosen| *chosen = (*chosen + 1) % count),
        "ArrowUp" if count > 0 && is_plain => composer.chosen.update(|chosen| *chosen = (*chosen + count - 1) % count),
        "Escape" if count > 0 => composer.candidates.set(Vec::new()),
        "Enter" if !event.shift_key() && !event.alt_key() && !page::is_touched() => app.submit(),
        "ArrowUp" if is_plain && composer.text.with_untracked(String::is_empty) => match app.talk.last_own() {
            Some(message) => app.edit(message.id),
            None => return,
        },
        "Escape" if composer.mode.get_untracked() != Mode::Plain => app.cancel_mode(),
        "Escape" => {
            page::focus("timeline");
        }
        _ => return,
    }
    event.prevent_default();
}

/// A list of emoji to choose from, with a field to find one.
pub(crate) fn emoji_grid(pick: impl Fn(&str) + Copy + Send + Sync + 'static) -> AnyView {
    let typed = RwSignal::new(String::new());
    let button = move |emoji: Emoji| {
        let (sign, shown) = (emoji.sign.clone(), emoji.sign);
        html::button()
            .r#type("button")
            .class("emoji")
            .attr("aria-label", format!("{sign} {}", emoji.name))
            .title(emoji.name)
            .on(leptos::ev::click, move |_| pick(&sign))
            .child(shown)
    };
    view! {
        <input
            type="search"
            class="field"
            autofocus=true
            placeholder=say::text("emoji-find")
            aria-label=say::text("emoji-find")
            on:input=on(move |event: web_sys::Event| typed.set(event_target_value(&event)))
        />
        <div class="emoji-groups">
            {live(move || {
                let typed = typed.get();
                let typed = typed.trim();
                if typed.is_empty() {
                    super::GROUPS.iter().map(|(key, names)| view! {
                        <section aria-label=say::text(key)>
                            <h3>{say::text(key)}</h3>
                            <div class="emoji-grid">{of_group(names).into_iter().map(button).collect_view()}</div>
                        </section>
                    }).collect_view().into_any()
                } else {
                    let found = super::find(typed);
                    let nothing = found.is_empty().then(|| html::p().class("about").child(say::text("search-nothing")));
                    view! { <div class="emoji-grid">{found.into_iter().map(button).collect_view()}</div> {nothing} }.into_any()
                }
            })}
        </div>
    }
    .into_any()
}
