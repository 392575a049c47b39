//! What the field finds: conversations, people and rooms to begin with, messages.

use std::time::Duration;

use huis_proto::ConversationId;
use huis_views::{Command, Found, Reply};
use leptos::html;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::{PAUSE, heading, row};
use crate::app::App;
use crate::parts::{icon, live, nothing, on, person_avatar};
use crate::signals::{RwSignal, StoredValue, effect};
use crate::timeline::with_marks;
use crate::{dates, page, port, say};

/// Messages that are shown at most.
const MOST: u32 = 50;

#[derive(Clone)]
enum Answer {
    Nothing,
    Asking,
    Found(Vec<Found>),
    Refused(String),
}

/// What is found for the words.
pub(super) fn found(app: App, words: RwSignal<String>) -> impl IntoView {
    let answer = RwSignal::new(Answer::Nothing);
    let turn = StoredValue::new(0_u32);
    effect(move || {
        let words = words.get().trim().to_owned();
        turn.update_value(|turn| *turn = turn.wrapping_add(1));
        let this = turn.get_value();
        if words.chars().count() < 2 {
            answer.set(Answer::Nothing);
            return;
        }
        if !matches!(answer.get_untracked(), Answer::Found(_)) {
            answer.set(Answer::Asking);
        }
        set_timeout(move || ask(words, answer, turn, this), if this == 1 { Duration::ZERO } else { PAUSE });
    });
    // A name that is typed as one is what is looked for; a word is first looked for among what was said.
    let is_name = Memo::new(move |_| words.with(|words| words.trim_start().starts_with(['@', '#'])));
    let named = Memo::new(move |_| conversations(app, &words.get()));
    view! {
        {live(move || (!named.with(Vec::is_empty)).then(|| view! {
            <div class="list-part">
                {heading("list-title")}
                <ul class="conversations" role="list">
                    <For each=move || named.get() key=|id| *id children=move |id| row::row(app, id) />
                </ul>
            </div>
        }))}
        {live(move || is_name.get().then(|| begin(app, words.get().trim())).flatten())}
        <section class="list-part" data-view="found" aria-label=say::text("found-title")>
            {live(move || match answer.get() {
                Answer::Nothing => ().into_any(),
                Answer::Asking => html::p().class("about list-note").child(say::text("found-asking")).into_any(),
                Answer::Refused(why) => html::p().class("about list-note").child(why).into_any(),
                Answer::Found(found) if found.is_empty() => nothing("search", say::text("found-nothing"), say::text("found-nothing-about"), ()),
                Answer::Found(found) => view! {
                    {heading("found-messages")}
                    <ul class="found" role="list">{found.into_iter().map(|found| message(app, found)).collect_view()}</ul>
                }.into_any(),
            })}
        </section>
        {live(move || (!is_name.get()).then(|| begin(app, words.get().trim())).flatten())}
    }
}

fn ask(words: String, answer: RwSignal<Answer>, turn: StoredValue<u32>, this: u32) {
    if turn.try_get_value() != Some(this) {
        return;
    }
    spawn_local(async move {
        let result = port::ask(Command::Search { words, most: MOST }).await;
        if turn.try_get_value() != Some(this) {
            return;
        }
        answer.set(match result {
            Ok(Reply::Found(found)) => Answer::Found(found),
            Ok(_) => Answer::Nothing,
            Err(failure) => Answer::Refused(say::failure(&failure)),
        });
    });
}

/// The conversations whose names hold the words.
fn conversations(app: App, words: &str) -> Vec<ConversationId> {
    let words = page::small_letters(words.trim().trim_start_matches(['@', '#']));
    let shelf = app.shelf;
    let all = [shelf.shown, shelf.requests, shelf.archived].map(|ids| ids.get()).concat();
    let fits = |id: &ConversationId| {
        shelf.peek(*id).is_some_and(|view| {
            view.with_untracked(|view| {
                [&view.name, &say::conversation(view)].iter().any(|name| page::small_letters(name).contains(&words))
            })
        })
    };
    if words.is_empty() { Vec::new() } else { all.into_iter().filter(fits).take(20).collect() }
}

/// What can be begun with a name that was typed.
fn begin(app: App, words: &str) -> Option<AnyView> {
    let (is_room, plain) = match words.strip_prefix('#') {
        Some(room) => (true, room),
        None => (false, words.strip_prefix('@').unwrap_or(words)),
    };
    let name = huis_proto::names::username(plain).ok()?;
    if !is_room && app.shelf.with_person(&name).is_some() {
        return None;
    }
    let words = say::text_with_name(if is_room { "found-join" } else { "found-write" }, &name);
    let act = move |_| {
        if is_room {
            app.join_room(name.clone(), move |failure| app.say_failure(&failure));
        } else {
            app.write_to(&name);
        }
    };
    Some(
        view! {
            <button type="button" class="list-row is-begin" on:click=act>
                <span class="list-avatar"><span class="avatar large is-plain" aria-hidden="true">{icon(if is_room { "hash" } else { "send" })}</span></span>
                <span class="list-words"><bdi class="list-name">{words}</bdi></span>
            </button>
        }
        .into_any(),
    )
}

fn message(app: App, found: Found) -> AnyView {
    let Found { message, highlights } = found;
    let (conversation, id, position) = (message.conversation, message.id, message.position);
    let author = if message.own { say::text("you") } else { say::name(&message.from) };
    let (text, marks) = excerpt(&message.text, &highlights);
    view! {
        <li class="list-item">
            <button type="button" class="list-row" on:click=on(move |_| app.go_to(conversation, id, position))>
                <span class="list-avatar">{person_avatar(message.from.account, &author, "large")}</span>
                <span class="list-words">
                    <span class="list-line">
                        <bdi class="list-name">{author}</bdi>
                        <bdi class="about list-place">{say::line(&message.conversation_name, 40)}</bdi>
                        <time class="list-time">{dates::recent(message.sent_at_ms, app.now_ms.get_untracked())}</time>
                    </span>
                    <span class="list-preview is-found" dir="auto">{with_marks(&text, &marks)}</span>
                </span>
            </button>
        </li>
    }
    .into_any()
}

/// The part of a text around the first place that was found, with the places in it.
fn excerpt(text: &str, highlights: &[(u32, u32)]) -> (String, Vec<(usize, usize)>) {
    const BEFORE: usize = 40;
    const WHOLE: usize = 200;
    let place = |at: u32| usize::try_from(at).unwrap_or(usize::MAX).min(text.len());
    let first = highlights.first().map_or(0, |(begin, _)| place(*begin));
    let floor = |at: usize| (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    let from = if first > BEFORE { floor(first - BEFORE) } else { 0 };
    let to = floor(from.saturating_add(WHOLE));
    let lead = if from > 0 { "…" } else { "" };
    let cut = format!("{lead}{}", text.get(from..to).unwrap_or_default()).replace(['\n', '\r', '\t'], " ");
    let shift = |at: u32| (place(at).clamp(from, to) - from) + lead.len();
    let marks = highlights.iter().map(|(begin, end)| (shift(*begin), shift(*end))).filter(|(begin, end)| begin < end);
    (cut, marks.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_excerpt_holds_the_place_that_was_found() {
        let text = format!("{}\nneedle and more", "é".repeat(100));
        let at = u32::try_from(text.find("needle").unwrap()).unwrap();
        let (cut, marks) = excerpt(&text, &[(at, at + 6)]);
        assert_eq!(&cut[marks[0].0..marks[0].1], "needle");
        assert!(cut.starts_with('…') && !cut.contains('\n'));
    }

    #[test]
    fn places_outside_the_text_do_no_harm() {
        assert_eq!(excerpt("abc", &[(2, 99), (50, 60)]).1, [(2, 3)]);
    }
}
