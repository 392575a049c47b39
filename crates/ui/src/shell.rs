//! The whole page: what is shown where, and what stands above it.

use huis_views::Standing;
use leptos::html;
use leptos::prelude::*;

use crate::app::{App, Gate, Pane, Theme};
use crate::parts::{follow, icon_button, live, spoken};
use crate::signals::{RwSignal, effect};
use crate::{dates, dialogs, entry, list, page, people, say, timeline};

/// What is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Stage {
    Standing(Standing),
    Asking,
    Entry(Option<String>),
    RecoveryKey(String),
    Again,
    Ended(Option<huis_views::Failure>),
    In,
}

/// The page. It is built anew when the language changes.
pub(crate) fn shell(app: App) -> impl IntoView {
    provide_context(app);
    effect(move || {
        let theme = match app.theme.get() {
            Theme::System => None,
            Theme::Light => Some("light"),
            Theme::Dark => Some("dark"),
        };
        if let Some(root) = page::document().document_element() {
            let _ = match theme {
                Some(theme) => root.set_attribute("data-theme", theme),
                None => root.remove_attribute("data-theme"),
            };
        }
    });
    effect(move || {
        let language = if app.language.get() == huis_texts::Language::French { "fr" } else { "en" };
        if let Some(root) = page::document().document_element() {
            let _ = root.set_attribute("lang", language);
        }
    });
    effect(move || {
        let title = match app.shelf.unread.get() {
            0 => "Huis".to_owned(),
            unread => format!("({}) Huis", dates::number(unread)),
        };
        page::document().set_title(&title);
    });
    let stage = Memo::new(move |_| stage(app));
    view! {
        {live(move || {
            app.language.track();
            view! {
                {live(move || draw(app, stage.get()))}
                {dialogs::dialogs(app)}
                {toast(app)}
                {spoken(app, false)}
            }
        })}
    }
}

fn stage(app: App) -> Stage {
    if let Some(failure) = app.stopped.get() {
        return Stage::Ended(failure);
    }
    let standing = app.standing.get();
    if standing != Standing::Open {
        return Stage::Standing(standing);
    }
    match app.gate.get() {
        Gate::Unknown => Stage::Asking,
        Gate::Nobody { cut_off } => Stage::Entry(cut_off),
        Gate::In => match app.recovery_key.get() {
            Some(key) => Stage::RecoveryKey(key),
            None if app.session_ended.get() => Stage::Again,
            None => Stage::In,
        },
    }
}

fn draw(app: App, stage: Stage) -> AnyView {
    match stage {
        Stage::Standing(standing) => entry::standing(app, &standing),
        Stage::Asking => entry::standing(app, &Standing::Opening),
        Stage::Entry(cut_off) => entry::entry(app, cut_off),
        Stage::RecoveryKey(key) => entry::recovery_key(app, key),
        Stage::Again => entry::form(app, entry::Purpose::Again, RwSignal::new(None), None, None),
        Stage::Ended(failure) => entry::ended(failure),
        Stage::In => panes(app),
    }
}

fn panes(app: App) -> AnyView {
    let pane = move || match app.pane.get() {
        Pane::List => "list",
        Pane::Talk => "talk",
        Pane::Details => "details",
    };
    view! {
        <main class="app" data-view="app" data-state="ready" data-pane=pane class:has-details=follow(move || app.has_details.get())>
            {list::list(app)}
            {timeline::timeline(app)}
            {people::details(app)}
        </main>
    }
    .into_any()
}

fn toast(app: App) -> AnyView {
    view! {
        <div class="toasts" role="status" data-view="toast">
            {live(move || app.toast.get().map(|toast| {
                let class = if toast.is_failure { "toast is-failure" } else { "toast" };
                view! {
                    <div class=class data-state=if toast.is_failure { "failure" } else { "said" }>
                        {html::p().child(toast.text)}
                        {icon_button("close", say::text("key-close"), move || app.toast.set(None))}
                    </div>
                }
            }))}
        </div>
    }
    .into_any()
}
