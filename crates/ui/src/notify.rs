//! Calls a person for a message, through the browser, where they allowed that.

use std::cell::RefCell;
use std::collections::HashMap;

use huis_proto::{ConversationId, MessageId};
use huis_views::{Command, MessageView, Reply};
use leptos::task::spawn_local;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::JsValue;
use wasm_bindgen_futures::JsFuture;
use web_sys::{Notification, NotificationOptions, NotificationPermission};

use crate::app::App;
use crate::{dates, page, port, pushes, say, updates};

/// Notifications of the page's own that are shown at the same time.
const MOST_SHOWN: usize = 16;
/// How late a message may be to call for it, in milliseconds.
const LATE: u64 = 120_000;

thread_local! {
    static CALLED: RefCell<HashMap<ConversationId, u64>> = RefCell::new(HashMap::new());
    static SHOWN: RefCell<Vec<Notification>> = const { RefCell::new(Vec::new()) };
}

/// Whether the browser may show something.
pub(crate) fn permission() -> NotificationPermission {
    let has_them = js_sys::Reflect::has(&page::window(), &"Notification".into()).unwrap_or(false);
    if has_them { Notification::permission() } else { NotificationPermission::Denied }
}

/// Asks the person; the browser does.
pub(crate) async fn ask() -> NotificationPermission {
    if let Ok(asked) = Notification::request_permission() {
        let _ = JsFuture::from(asked).await;
    }
    permission()
}

/// A message came that nobody is looking at.
pub(crate) fn heard(app: App, conversation: ConversationId, message: MessageId, has_opened: bool) {
    let may = permission() == NotificationPermission::Granted;
    // While much comes at once nobody is called for each.
    let is_caught_up = app.status.with_untracked(|status| status.as_ref().is_some_and(|status| status.caught_up));
    if !is_caught_up || !(may || page::is_attended()) {
        return;
    }
    spawn_local(async move {
        let Ok(Reply::Message(message)) = port::ask(Command::Message { message }).await else { return };
        let now_ms = dates::now_ms();
        let at_ms = message.received_at_ms.unwrap_or(message.sent_at_ms);
        let view = app.shelf.peek(conversation);
        let calls = view.is_some_and(|view| view.with_untracked(|view| view.calls_for(&message, now_ms)));
        let is_first = CALLED.with(|called| {
            let before = called.borrow_mut().insert(conversation, message.position);
            before.is_none_or(|before| before < message.position)
        });
        let is_old = !has_opened && (!is_first || at_ms + LATE < now_ms);
        if !calls || message.request || is_old {
            return;
        }
        if page::is_attended() {
            app.spoken.set(say::text_with(
                "spoken-elsewhere",
                &[
                    ("name", say::name(&message.from).as_str().into()),
                    ("place", say::line(&message.conversation_name, 64).as_str().into()),
                ],
            ));
        } else if may {
            show(app, &message).await;
        }
    });
}

/// By the page itself where the browser lets it: such a notification goes with the page. What the service worker shows, as
/// on phones, the browser keeps in files of its own, and it stays when the device is locked: so it says nothing of what is
/// written.
async fn show(app: App, message: &MessageView) {
    let conversation = message.conversation;
    let options = NotificationOptions::new();
    options.set_tag(&conversation.to_string());
    options.set_body(&format!("{}: {}", say::name(&message.from), say::call_of(message)));
    if let Ok(notification) = Notification::new_with_options(&say::line(&message.conversation_name, 64), &options) {
        page::on(&notification, "click", move |_| {
            let _ = page::window().focus();
            app.open(conversation);
        });
        SHOWN.with(|shown| {
            let mut shown = shown.borrow_mut();
            if shown.len() >= MOST_SHOWN {
                shown.remove(0).close();
            }
            shown.push(notification);
        });
        return;
    }
    options.set_body(&say::text("notification-plain"));
    options.set_data(&JsValue::from_str(&conversation.to_string()));
    if let Some(worker) = updates::working().await
        && let Ok(asked) = worker.show_notification_with_options("Huis", &options)
    {
        let _ = JsFuture::from(asked).await;
    }
}

/// Takes away all that is shown: it is seen, or nobody is to see it here any more.
pub(crate) fn take_away() {
    SHOWN.with(|shown| shown.borrow_mut().drain(..).for_each(|notification| notification.close()));
    spawn_local(async {
        let Some(worker) = updates::working().await else { return };
        let Ok(asked) = worker.get_notifications() else { return };
        if let Ok(all) = JsFuture::from(asked).await {
            for notification in js_sys::Array::from(&all).iter() {
                notification.unchecked_into::<Notification>().close();
            }
        }
    });
}

/// Takes in what the service worker says: which conversation's notification somebody clicked, or that the browser's
/// subscription for pushes is another one.
pub(crate) fn listen(app: App) {
    let Some(container) = updates::container() else { return };
    page::on(container.unchecked_ref(), "message", move |event| {
        let said = |name: &str| {
            let data = js_sys::Reflect::get(&event, &"data".into()).ok()?;
            js_sys::Reflect::get(&data, &name.into()).ok()?.as_string()
        };
        if let Some(conversation) = said("open").and_then(|id| id.parse().ok()) {
            app.open_when_there(conversation);
        }
        if said("subscription").is_some() {
            pushes::changed();
        }
    });
}
