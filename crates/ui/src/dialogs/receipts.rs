//! Who has got or read a message of one's own.

use huis_proto::MessageId;
use huis_texts::Value;
use huis_views::{Command, ReceiptView, Reply};
use leptos::html;
use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::app::App;
use crate::parts::{dialog, icon, person_avatar, person_name};
use crate::signals::RwSignal;
use crate::{dates, port, say};

pub(super) fn receipts(app: App, message: MessageId) -> AnyView {
    let found = RwSignal::new(None::<Result<Vec<ReceiptView>, String>>);
    spawn_local(async move {
        let result = match port::ask(Command::Receipts { message }).await {
            Ok(Reply::Receipts(receipts)) => Ok(receipts),
            Ok(_) => Ok(Vec::new()),
            Err(failure) => Err(say::failure(&failure)),
        };
        found.set(Some(result));
    });
    let body = move || match found.get() {
        None => html::p().class("about").child(say::text("found-asking")).into_any(),
        Some(Err(why)) => html::p().class("about").child(why).into_any(),
        Some(Ok(receipts)) if receipts.is_empty() => {
            html::p().class("about").child(say::text("receipts-none")).into_any()
        }
        Some(Ok(receipts)) => {
            let rows = ReceiptView::furthest(&receipts).map(|receipt| {
                let time = dates::recent(receipt.at_ms, dates::now_ms());
                let key = if receipt.read { "receipts-read" } else { "receipts-delivered" };
                let words = say::text_with(key, &[("time", Value::Text(&time))]);
                let sign = if receipt.read { "reach is-read" } else { "reach" };
                view! {
                    <li class="person-row">
                        {person_avatar(receipt.account.account, &say::name(&receipt.account), "medium")}
                        <span class="grow">{person_name(&receipt.account)}</span>
                        <span class="about" title=dates::full(receipt.at_ms)>{words}</span>
                        <span class=sign>{icon("checks")}</span>
                    </li>
                }
            });
            view! { <ul class="people" role="list">{rows.collect_view()}</ul> }.into_any()
        }
    };
    dialog(app, "for-receipts", say::text("receipts-title"), body)
}
