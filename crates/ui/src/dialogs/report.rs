//! A report to those who look after the server, and what became of one's own.

use huis_proto::MessageId;
use huis_proto::rest::{OwnReport, ReportCategory, ReportOutcome, ReportState};
use huis_texts::{Value, safe_block};
use huis_views::{Command, MakeReport, Reply, Reported};
use leptos::html;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::Overlay;
use crate::app::App;
use crate::parts::{choices, dialog, follow, live, nothing, on, skeleton, switch};
use crate::signals::RwSignal;
use crate::{dates, port, say};

/// As many characters of one's own words as the server takes.
const NOTE: &str = "1000";

/// What is to be reported, and by whom it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Suspect {
    pub(crate) what: Reported,
    /// How the person is called.
    pub(crate) shown: String,
    /// The username of whom one may block as well.
    pub(crate) blocks: Option<String>,
}

pub(super) fn report(app: App, suspect: Suspect) -> AnyView {
    let Suspect { what, shown, blocks: username } = suspect;
    let (title, about) = match what {
        Reported::Message { .. } => ("report-message", "report-message-about"),
        Reported::Person { .. } => ("report-person", "report-person-about"),
    };
    let is_message = matches!(what, Reported::Message { .. });
    let (category, note) = (RwSignal::new(ReportCategory::Spam), RwSignal::new(String::new()));
    let (reveals, blocks) = (RwSignal::new(false), RwSignal::new(false));
    let (wrong, is_asking) = (RwSignal::new(None::<String>), RwSignal::new(false));
    let blocked = username.clone();
    let go = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        let what = match what.clone() {
            Reported::Message { message, .. } => Reported::Message { message, reveal: reveals.get_untracked() },
            person => person,
        };
        let wish = MakeReport { what, category: category.get_untracked(), note: note.get_untracked() };
        let blocked = blocked.clone().filter(|_| blocks.get_untracked());
        is_asking.set(true);
        wrong.set(None);
        spawn_local(async move {
            match port::ask(Command::Report(wish)).await {
                Ok(_) => {
                    app.close_overlay();
                    app.say(say::text("report-done"));
                    if let Some(name) = blocked {
                        app.act(Command::Block { name });
                    }
                }
                Err(failure) => {
                    is_asking.set(false);
                    wrong.set(Some(say::failure(&failure)));
                }
            }
        });
    };
    let categories =
        ReportCategory::ALL.iter().map(|category| (*category, say::text(category_key(*category)))).collect();
    let reveal = is_message.then(|| {
        switch(
            say::text("report-reveal"),
            say::text("report-reveal-about"),
            move || reveals.get(),
            move |is_on| reveals.set(is_on),
        )
    });
    let block = username.map(|name| {
        switch(
            say::text_with_name("report-block", &handle(&name)),
            say::text("report-block-about"),
            move || blocks.get(),
            move |is_on| blocks.set(is_on),
        )
    });
    let body = view! {
        <form class="form" data-view="report-form" on:submit=go>
            <p class="about">{say::text_with_name(about, &shown)}</p>
            {choices(say::text("report-as"), "report-category", categories, move || category.get(), move |chosen| category.set(chosen))}
            <div class="form-row">
                <label for="report-note">{say::text("report-note")}</label>
                <textarea
                    id="report-note"
                    class="field"
                    rows="3"
                    maxlength=NOTE
                    on:input=on(move |event: web_sys::Event| note.set(event_target_value(&event)))
                ></textarea>
            </div>
            {reveal}
            {block}
            {live(move || wrong.get().map(|why| html::p().role("alert").class("form-wrong").child(why)))}
            <div class="dialog-buttons">
                <button type="button" class="button" on:click=on(move |_| app.close_overlay())>{say::text("key-cancel")}</button>
                <button type="submit" class="button primary" disabled=follow(move || is_asking.get())>{say::text("report-go")}</button>
            </div>
        </form>
    };
    dialog(app, "for-report", say::text(title), body)
}

/// The reports that one has made, the newest first.
pub(super) fn reports(app: App) -> AnyView {
    let found = RwSignal::new(None::<Result<Vec<OwnReport>, String>>);
    spawn_local(async move {
        let result = match port::ask(Command::Reports).await {
            Ok(Reply::Reports(reports)) => Ok(reports),
            Ok(_) => Ok(Vec::new()),
            Err(failure) => Err(say::failure(&failure)),
        };
        found.set(Some(result));
    });
    let body = live(move || match found.get() {
        None => skeleton("for-contact", 3),
        Some(Err(why)) => html::p().class("about").child(why).into_any(),
        Some(Ok(reports)) if reports.is_empty() => {
            nothing("flag", say::text("reports-none"), say::text("reports-none-about"), ())
        }
        Some(Ok(reports)) => {
            let rows = reports.iter().map(row).collect_view();
            view! { <ul class="people" role="list" data-view="reports">{rows}</ul> }.into_any()
        }
    });
    dialog(app, "for-reports", say::text("reports-title"), body)
}

fn row(report: &OwnReport) -> AnyView {
    let key = if report.message.is_some() { "reports-message" } else { "reports-person" };
    let title = say::text_with_name(key, &handle(&report.username));
    let when = dates::recent(report.made_at_ms, dates::now_ms());
    let category = say::text(category_key(report.category));
    let state = match (&report.closing, report.state) {
        (Some(closing), _) => say::text(match closing.outcome {
            ReportOutcome::Acted => "reports-acted",
            ReportOutcome::Dismissed => "reports-dismissed",
        }),
        (None, ReportState::Open) => say::text("reports-open"),
        (None, _) => say::text("reports-taken"),
    };
    let told = if report.revealed { "reports-revealed" } else { "reports-unrevealed" };
    let told = report.message.map(|_| say::text(told));
    let about = say::text_with("reports-about", &[("category", Value::Text(&category)), ("time", Value::Text(&when))]);
    let answer = report.closing.as_ref().filter(|closing| !closing.answer.is_empty());
    let answer = answer.map(|closing| safe_block(&closing.answer, "").into_owned());
    let answer = answer.map(|answer| html::p().class("report-answer").attr("dir", "auto").child(answer));
    view! {
        <li class="report-row">
            <h3>{title}</h3>
            <p class="about">{about} {told.map(|told| format!(" · {told}"))}</p>
            <p>{state}</p>
            {answer}
        </li>
    }
    .into_any()
}

fn handle(username: &str) -> String {
    format!("@{}", say::line(username, 64))
}

fn category_key(category: ReportCategory) -> &'static str {
    match category {
        ReportCategory::Spam => "report-spam",
        ReportCategory::Abuse => "report-abuse",
        ReportCategory::Illegal => "report-illegal",
        ReportCategory::Other => "report-other",
    }
}

impl App {
    /// Opens the report of a message that somebody else wrote.
    pub(crate) fn report_message(self, message: MessageId) {
        let Some(from) = self.talk.message(message).map(|found| found.from.clone()) else { return };
        let what = Reported::Message { message, reveal: false };
        let shown = from.name.as_deref().map_or_else(|| say::name(&from), handle);
        self.show(Overlay::Report(Suspect { what, shown, blocks: from.name }));
    }

    /// Opens the report of a person.
    pub(crate) fn report_person(self, username: String, is_blocked: bool) {
        let (what, shown) = (Reported::Person { name: username.clone() }, handle(&username));
        self.show(Overlay::Report(Suspect { what, shown, blocks: (!is_blocked).then_some(username) }));
    }
}
