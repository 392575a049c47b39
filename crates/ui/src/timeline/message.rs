//! One row of the timeline.

use huis_proto::{ConversationKind, MessageId};
use huis_views::{Command, LockState, LockView, MessageState, MessageView, Notice, NoticeView, ReactionView};
use leptos::html;
use leptos::prelude::*;

use super::body::body;
use super::files::files;
use super::rows::{Line, Row, RowKey};
use super::{Item, can_be_marked, scroll};
use crate::app::App;
use crate::dialogs::{Menu, Overlay};
use crate::parts::{drawn, follow, icon, icon_button, live, on, person_avatar, person_name};
use crate::say::Reach;
use crate::signals::{ArcRwSignal, RwSignal};
use crate::{dates, page, say};

/// What stands in most rows is drawn there itself: a browser takes long over what is drawn elsewhere.
const CHECK: &str = "m5.5 12.5 4.3 4.3L18.5 8";
const CHECKS: &str = "m2.5 12.5 4.3 4.3L15.5 8M11.8 15.5l1.4 1.3L22 8";
const CLOCK: &str = "M12 3.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17zM12 7.5V12l3 2";

pub(super) fn row(app: App, item: Item) -> AnyView {
    let signal = item.row;
    match item.key {
        RowKey::Message(id) => message_row(app, id, signal),
        RowKey::Beginning => {
            let words = move || {
                app.with_open(|view| {
                    let is_direct = view.kind == ConversationKind::Direct;
                    let key = if is_direct { "timeline-beginning-with" } else { "timeline-beginning" };
                    say::text_with_name(key, &say::conversation(view))
                })
            };
            view! {
                <li class="row beginning">
                    <p>{words}</p>
                    <p class="about">{icon("lock")} {say::text("timeline-sealed")}</p>
                </li>
            }
            .into_any()
        }
        RowKey::Day(_) => {
            let day = move || match signal.get() {
                Row::Day(ms) => dates::day(ms, app.today_ms.get()),
                _ => String::new(),
            };
            view! { <li class="row day"><span>{day}</span></li> }.into_any()
        }
        RowKey::New => {
            view! { <li class="row new" id=scroll::NEW><span>{say::text("timeline-new-messages")}</span></li> }
                .into_any()
        }
        RowKey::Notice(..) => match signal.get_untracked() {
            Row::Notice(notice) => notice_row(app, &notice),
            _ => ().into_any(),
        },
    }
}

fn notice_row(app: App, notice: &NoticeView) -> AnyView {
    let is_grave = notice.notice.is_grave();
    let class = if is_grave { "row notice is-grave" } else { "row notice" };
    let whose = match &notice.notice {
        Notice::IdentityChanged { account, .. } => account.name.clone(),
        _ => None,
    };
    let compare = whose.map(|name| {
        view! {
            <button type="button" class="button small" on:click=on(move |_| app.show(Overlay::Person(name.clone())))>
                {say::text("person-compare")}
            </button>
        }
    });
    view! {
        <li class=class>
            {icon(if is_grave { "alert" } else { "info" })}
            <p>{say::notice(&notice.notice)} " " <time title=dates::full(notice.at_ms)>{dates::time(notice.at_ms)}</time></p>
            {compare}
        </li>
    }
    .into_any()
}

fn message_row(app: App, id: MessageId, signal: ArcRwSignal<Row>) -> AnyView {
    let line = {
        let signal = signal.clone();
        move || match signal.get() {
            Row::Message(line) => Some(line),
            _ => None,
        }
    };
    let class = {
        let line = line.clone();
        move || line().map(|line| classes(app, &line)).unwrap_or_default()
    };
    let position = {
        let line = line.clone();
        move || line().map(|line| line.message.position.to_string())
    };
    let state = {
        let line = line.clone();
        move || line().map(|line| state_name(&line.message))
    };
    // What can be done stands beside the message once somebody comes near; a finger has one button.
    let is_near = RwSignal::new(app.is_touched);
    let come_near = move || {
        if !is_near.get_untracked() {
            is_near.set(true);
        }
    };
    view! {
        <li
            id=scroll::row_id(id)
            class=class
            class:is-goal=follow(move || app.talk.goal.get() == Some(id))
            tabindex="-1"
            data-position=position
            data-state=state
            on:pointerover=on(move |_| come_near())
            on:focusin=on(move |_| come_near())
            on:keydown=on(move |event: web_sys::KeyboardEvent| super::view::on_message_key(app, id, &event))
            on:contextmenu=on(move |event: web_sys::MouseEvent| {
                // A link, or text that is selected, has the browser's own menu.
                if !crate::keys::is_for_browser(&event) {
                    event.prevent_default();
                    app.show(Overlay::Menu(Menu::message(id, f64::from(event.client_x()), f64::from(event.client_y()))));
                }
            })
        >
            {live(move || line().map(|line| content(app, &line, is_near)))}
        </li>
    }
    .into_any()
}

fn classes(app: App, line: &Line) -> String {
    let message = &line.message;
    let is_direct = app.peek_open(|view| view.kind == ConversationKind::Direct) == Some(true);
    let marks = [
        (message.own, "is-own"),
        (line.opens, "opens"),
        (line.closes, "closes"),
        (line.stamped, "stamped"),
        (message.mentions_me && !message.own, "calls-me"),
        (message.deleted_by.is_some(), "is-deleted"),
        (is_direct, "is-direct"),
        (matches!(message.state, MessageState::Failed(_) | MessageState::Held(_)), "has-failed"),
    ];
    let mut class = "row message".to_owned();
    for (_, mark) in marks.iter().filter(|(is_so, _)| *is_so) {
        class.push(' ');
        class.push_str(mark);
    }
    class
}

fn state_name(message: &MessageView) -> &'static str {
    match message.state {
        MessageState::Received => "received",
        MessageState::Waiting => "waiting",
        MessageState::Held(_) => "held",
        MessageState::Failed(_) => "failed",
        MessageState::Sent => match say::receipts(message, false).0 {
            Reach::Sent => "sent",
            Reach::Delivered => "delivered",
            Reach::Read => "read",
        },
    }
}

fn content(app: App, line: &Line, is_near: RwSignal<bool>) -> AnyView {
    let message = &*line.message;
    let id = message.id;
    let is_direct = app.peek_open(|view| view.kind == ConversationKind::Direct) == Some(true);
    let author = if message.own { say::text("you") } else { say::name(&message.from) };
    let avatar = (!message.own && !is_direct).then(|| {
        view! { <span class="message-avatar">{line.closes.then(|| person_avatar(message.from.account, &author, "small"))}</span> }
    });
    let is_named = line.opens && !message.own && !is_direct;
    let head = if is_named {
        let person = message.from.clone();
        let username = person.name.clone();
        view! {
            <button
                type="button"
                class="message-author"
                on:click=on(move |_| {
                    if let Some(name) = &username {
                        app.show(Overlay::Person(name.clone()));
                    }
                })
            >
                {person_name(&person)}
            </button>
        }
        .into_any()
    } else {
        html::span().class("sr").child(format!("{author}: ")).into_any()
    };
    let device = (!message.author_listed).then(|| {
        view! { <p class="message-warning">{icon("alert")} {say::text("message-device-unlisted")}</p> }
    });
    let forwarded = message.forwarded.then(|| {
        view! { <p class="message-label">{icon("forward")} {say::text("message-forwarded")}</p> }
    });
    view! {
        <div class="message-line">
            {avatar}
            <div class="bubble">
                {head}
                {device}
                {forwarded}
                {message.reply_to.as_ref().map(|quote| quoted(app, quote))}
                {said(app, message)}
            </div>
            {live(move || is_near.get().then(|| actions(app, id)))}
        </div>
        {(!message.reactions.is_empty()).then(|| reactions(app, id, &message.reactions))}
        {trouble(app, message)}
        {match line.stamped {
            true => stamp(app, message, is_direct),
            false => vanishing(message).map(|mark| html::div().class("stamp").child(mark)).into_any(),
        }}
    }
    .into_any()
}

/// The text, or what stands in its place.
fn said(app: App, message: &MessageView) -> AnyView {
    match lock_of(message) {
        Some((lock, is_readable)) => {
            view! { {locked(lock, is_readable)} {is_readable.then(|| told(app, message))} }.into_any()
        }
        None => told(app, message),
    }
}

/// The lock of a message that has one to show, and whether this device can read it nevertheless.
pub(crate) fn lock_of(message: &MessageView) -> Option<(LockView, bool)> {
    let is_readable = message.kind != "timed";
    let lock = message.lock.filter(|lock| !is_readable || lock.state == LockState::Waiting);
    lock.filter(|_| message.deleted_by.is_none()).map(|lock| (lock, is_readable))
}

fn told(app: App, message: &MessageView) -> AnyView {
    if message.is_closed() && message.deleted_by.is_none() {
        return closed(app, message);
    }
    let instead = if let Some(by) = &message.deleted_by {
        let is_author = by.account == message.from.account;
        if is_author {
            say::text("message-was-deleted")
        } else {
            say::text_with_name("message-was-deleted-by", &say::name(by))
        }
    } else if message.kind == "file" {
        let text = (!message.text.is_empty()).then(|| body(&message.text, &message.mentions));
        return view! { {files(app, message)} {text} }.into_any();
    } else if message.kind != "text" {
        say::text_with("message-unknown-kind", &[("kind", say::line(&message.kind, 40).as_str().into())])
    } else {
        return body(&message.text, &message.mentions);
    };
    view! { <p class="message-instead">{icon("none")} {instead}</p> }.into_any()
}

/// A sealed card, with what is left until it opens.
pub(crate) fn locked(lock: LockView, is_readable: bool) -> AnyView {
    let now_ms = RwSignal::new(dates::now_ms());
    if lock.state == LockState::Waiting {
        count_down(lock.unlocks_at_ms, now_ms);
    }
    let words = move || say::lock(&lock, is_readable, &dates::moment(lock.unlocks_at_ms), now_ms.get());
    let kind = if is_readable { "own" } else { "sealed" };
    view! { <p class="message-lock" data-lock=kind>{icon("lock")} <span>{words}</span></p> }.into_any()
}

/// Counts as long as the card is shown: each second in the last hour, else each minute.
fn count_down(until_ms: u64, now_ms: RwSignal<u64>) {
    let Some(left_ms) = now_ms.try_get_untracked().and_then(|now_ms| until_ms.checked_sub(now_ms)) else { return };
    let pause_ms = if left_ms <= 3_600_000 { 1000 } else { 60_000 };
    page::after(pause_ms, move || {
        if now_ms.try_update(|shown| *shown = dates::now_ms()).is_some() {
            count_down(until_ms, now_ms);
        }
    });
}

/// A message that is opened once, and is not open here.
fn closed(app: App, message: &MessageView) -> AnyView {
    let id = message.id;
    if message.own {
        return view! { <p class="message-instead">{icon("eye-off")} {say::text("message-once-own")}</p> }.into_any();
    }
    view! {
        <div class="once">
            <p class="message-instead">{icon("eye-off")} {say::text("message-once")}</p>
            <button type="button" class="button small" data-testid="open-once" on:click=on(move |_| app.open_once(id))>
                {say::text("message-once-open")}
            </button>
        </div>
    }
    .into_any()
}

/// How long a message stays yet.
fn vanishing(message: &MessageView) -> Option<AnyView> {
    message.vanishes?;
    let message = message.clone();
    let now_ms = RwSignal::new(dates::now_ms());
    if let Some(at_ms) = message.vanishes_at_ms {
        count_down(at_ms, now_ms);
    }
    let left = move || say::left(&message, now_ms.get()).unwrap_or_default();
    let mark = view! {
        <span class="stamp-mark" data-testid="vanishes" title=say::text("message-vanishes-title")>
            {icon("clock")} {live(left)}
        </span>
    };
    Some(mark.into_any())
}

fn quoted(app: App, quote: &huis_views::QuoteView) -> AnyView {
    let message = quote.message;
    let is_here = quote.here;
    let text = if quote.deleted { say::text("message-was-deleted") } else { say::first_line(&quote.text) };
    view! {
        <button
            type="button"
            class=format!("quote {}", say::hue_of(quote.from.account))
            on:click=on(move |_| {
                if is_here {
                    app.go_to_message(message);
                } else {
                    app.say(say::text("message-quoted-not-here"));
                }
            })
        >
            {person_name(&quote.from)}
            <span class="quote-text" dir="auto">{text}</span>
        </button>
    }
    .into_any()
}

fn actions(app: App, id: MessageId) -> AnyView {
    let can_react = !app.is_touched && app.talk.message(id).is_some_and(|message| can_be_marked(&message));
    view! {
        <div class="message-actions">
            {can_react.then(|| icon_button("smile", say::text("emoji-title"), move || app.show(Overlay::React(id))))}
            {(!app.is_touched).then(|| icon_button("reply", say::text("key-reply"), move || app.reply(id)))}
            <button
                type="button"
                class="icon-button"
                title=say::text("key-more")
                aria-label=say::text("key-more")
                aria-haspopup="menu"
                on:click=on(move |event: web_sys::MouseEvent| {
                    app.show(Overlay::Menu(Menu::message(id, f64::from(event.client_x()), f64::from(event.client_y()))));
                })
            >
                {icon("more")}
            </button>
        </div>
    }
    .into_any()
}

fn reactions(app: App, id: MessageId, given: &[ReactionView]) -> AnyView {
    let given = given
        .iter()
        .map(|reaction| {
            let emoji = say::line(&reaction.emoji, 12);
            let names: Vec<String> = reaction.from.iter().take(20).map(say::name).collect();
            let title = format!("{emoji} {}", names.join(", "));
            let toggled = reaction.emoji.clone();
            view! {
                <li>
                    <button
                        type="button"
                        class="reaction"
                        aria-pressed=reaction.own.to_string()
                        title=title.clone()
                        aria-label=title
                        on:click=on(move |_| app.react(id, &toggled))
                    >
                        <span>{emoji}</span>
                        <span class="count">{dates::number(reaction.from.len() as u64)}</span>
                    </button>
                </li>
            }
        })
        .collect_view();
    view! { <ul class="reactions" aria-label=say::text("message-reactions")>{given}</ul> }.into_any()
}

/// Why a message was not sent, and what to do.
fn trouble(app: App, message: &MessageView) -> AnyView {
    let (failure, is_held) = match &message.state {
        MessageState::Failed(failure) => (failure, false),
        MessageState::Held(failure) => (failure, true),
        _ => return ().into_any(),
    };
    // What is held back goes out by itself, once that was decided.
    let title = if is_held { "message-held-title" } else { "message-failed-title" };
    let id = message.id;
    let changed = match failure {
        huis_views::Failure::IdentityChanged { name } => Some(name.trim_start_matches('@').to_owned()),
        _ => None,
    };
    let compare = changed.map(|name| {
        view! {
            <button type="button" class="button small" on:click=on(move |_| app.show(Overlay::Person(name.clone())))>
                {say::text("person-compare")}
            </button>
        }
    });
    view! {
        <div class="trouble" role="group" aria-label=say::text(title)>
            <p>{icon("alert")} <span><strong>{say::text(title)}</strong> " " {say::failure(failure)}</span></p>
            <div class="trouble-actions">
                {compare}
                {(!is_held).then(|| view! {
                    <button type="button" class="button small" on:click=on(move |_| app.act(Command::Retry { message: id }))>
                        {say::text("action-retry")}
                    </button>
                })}
                <button type="button" class="button small quiet" on:click=on(move |_| app.ask_discard(id))>
                    {say::text("action-discard")}
                </button>
            </div>
        </div>
    }
    .into_any()
}

/// Time and state, quietly.
fn stamp(app: App, message: &MessageView, is_direct: bool) -> AnyView {
    let id = message.id;
    let reach = message.own.then(|| match &message.state {
        MessageState::Waiting => view! {
            <span class="reach" title=say::text("message-waiting")>{drawn(CLOCK)} <span class="sr">{say::text("message-waiting")}</span></span>
        }
        .into_any(),
        MessageState::Failed(_) | MessageState::Held(_) => ().into_any(),
        _ => {
            let (reach, words) = say::receipts(message, is_direct);
            let sign = if reach == Reach::Sent { CHECK } else { CHECKS };
            let class = if reach == Reach::Read { "reach is-read" } else { "reach" };
            let shown = (reach == Reach::Read && !is_direct).then(|| words.clone());
            view! {
                <button type="button" class=class title=words.clone() aria-label=words on:click=on(move |_| app.show(Overlay::Receipts(id)))>
                    {drawn(sign)}
                    {shown}
                </button>
            }
            .into_any()
        }
    });
    let pinned = message.pinned.then(|| {
        view! { <span class="stamp-mark">{icon("pin")} {say::text("message-pinned")}</span> }
    });
    let edited = message.edited_at_ms.map(|ms| {
        view! { <span class="stamp-mark" title=dates::full(ms)>{say::text("message-edited")}</span> }
    });
    let ms = message.sent_at_ms;
    view! {
        <div class="stamp">
            {pinned}
            {edited}
            {vanishing(message)}
            <time title=dates::full(ms)>{dates::time(ms)}</time>
            {reach}
        </div>
    }
    .into_any()
}
