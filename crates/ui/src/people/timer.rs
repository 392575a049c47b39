//! After how long what is said in a conversation vanishes.

use huis_proto::{ConversationId, ConversationKind};
use huis_views::{ConversationView, CountedFrom, MemberRole, VanishTimer};
use leptos::prelude::*;

use crate::app::App;
use crate::parts::{choices, live, on};
use crate::say;
use crate::signals::{RwSignal, sorted};

/// What can be chosen, in seconds.
const SPANS: [u64; 8] = [30, 300, 3600, 8 * 3600, 24 * 3600, 7 * 24 * 3600, 30 * 24 * 3600, 365 * 24 * 3600];

pub(super) fn timer(app: App, id: ConversationId) -> AnyView {
    let set = Memo::new(move |_| {
        let view = app.shelf.view(id).map(|view| view.get()).filter(|view| !view.request);
        view.map(|view| (view.timer, may_set(&view)))
    });
    // What was chosen and not done goes back to what is set.
    let failed = RwSignal::new(0);
    view! {
        <section class="details-part" data-view="timer">
            {live(move || {
                failed.track();
                set.get().map(|(timer, may_set)| match may_set {
                    true => form(app, id, timer, failed),
                    false => {
                        let words = timer.map_or_else(|| say::text("vanish-off"), said);
                        view! { <h3>{say::text("vanish-title")}</h3> <p class="about">{words}</p> }.into_any()
                    }
                })
            })}
        </section>
    }
    .into_any()
}

fn may_set(view: &ConversationView) -> bool {
    view.kind == ConversationKind::Direct || view.role.is_some_and(|role| role >= MemberRole::Admin)
}

fn said(timer: VanishTimer) -> String {
    let key = match timer.from {
        CountedFrom::Reading => "timer-reading",
        CountedFrom::Sending => "timer-sending",
    };
    say::text_with(key, &[("span", say::span(timer.after_s).as_str().into())])
}

fn form(app: App, id: ConversationId, timer: Option<VanishTimer>, failed: RwSignal<u32>) -> AnyView {
    let from = timer.map(|timer| timer.from).unwrap_or_default();
    let mut spans = SPANS.to_vec();
    // Set elsewhere, it may be any.
    spans.extend(timer.map(|timer| timer.after_s));
    let mut spans = sorted(spans, Ord::cmp);
    spans.dedup();
    let options = spans.into_iter().map(|seconds| {
        let is_set = timer.is_some_and(|timer| timer.after_s == seconds);
        view! { <option value=seconds.to_string() selected=is_set>{say::span(seconds)}</option> }
    });
    let counts = timer.map(|timer| {
        let options = vec![
            (CountedFrom::Reading, say::text("vanish-from-reading")),
            (CountedFrom::Sending, say::text("vanish-from-sending")),
        ];
        let set = move |from| app.set_timer(id, Some(VanishTimer { from, ..timer }), failed);
        choices(say::text("vanish-counted"), "vanish-from", options, move || from, set)
    });
    view! {
        <h3><label for="vanish-after">{say::text("vanish-title")}</label></h3>
        <select
            id="vanish-after"
            class="field"
            on:change=on(move |event: web_sys::Event| {
                let after_s = event_target_value(&event).parse().ok();
                app.set_timer(id, after_s.map(|after_s| VanishTimer { after_s, from }), failed);
            })
        >
            <option value="" selected=timer.is_none()>{say::text("vanish-off")}</option>
            {options.collect_view()}
        </select>
        {counts}
        <p class="about">{say::text("vanish-about")}</p>
    }
    .into_any()
}
