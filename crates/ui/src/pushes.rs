//! Being called while Huis is closed (Web Push): the browser is subscribed, and the server is told where. Whether a browser
//! is subscribed, the browser itself knows; it may end that or take another subscription by itself. So the page keeps beside
//! it that one wishes to be called, and subscribes anew.

use std::cell::Cell;

use huis_proto::Bytes;
use huis_proto::rest::PushSubscription;
use huis_views::{Command, Failure, Reply};
use js_sys::{ArrayBuffer, Uint8Array};
use leptos::task::spawn_local;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::JsValue;
use wasm_bindgen_futures::JsFuture;
use web_sys::{NotificationPermission, PushEncryptionKeyName, PushManager, PushSubscriptionOptionsInit};

use crate::{notify, page, port, say, updates};

/// How long a browser may take to unsubscribe before a page goes on without it, in milliseconds.
const PATIENCE: u64 = 2_000;
/// Where the page keeps that one wishes to be called.
const WISHED: &str = "huis-called";

thread_local! {
    static IS_TOLD: Cell<bool> = const { Cell::new(false) };
}

/// Whether this browser is called while Huis is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pushes {
    /// This browser has no way for it.
    Impossible,
    /// The server calls nobody.
    Never,
    Off,
    On,
}

/// How it is now.
pub(crate) async fn look() -> Pushes {
    let Some(manager) = manager().await else { return Pushes::Impossible };
    match (key().await, subscribed(&manager).await) {
        (Ok(None), _) => Pushes::Never,
        (_, Some(_)) => Pushes::On,
        (_, None) => Pushes::Off,
    }
}

/// Subscribes this browser, and tells the server; else why not.
pub(crate) async fn turn_on() -> Result<(), String> {
    let Some(manager) = manager().await else { return Err(say::text("pushes-impossible")) };
    let key = key().await?.ok_or_else(|| say::text("pushes-never"))?;
    let subscription = subscribe(&manager, &key).await?;
    let told = tell(Some(subscription.clone())).await;
    match told {
        Ok(()) => page::keep(WISHED, Some("yes")),
        Err(_) => unsubscribe(&subscription).await,
    }
    told.map_err(|failure| say::failure(&failure))
}

/// Lets the server call this browser no more.
pub(crate) async fn turn_off() -> Result<(), String> {
    // The server first: what it does not know of any more it does not call.
    tell(None).await.map_err(|failure| say::failure(&failure))?;
    forget().await;
    Ok(())
}

/// The session is another one from here on, or is read anew.
pub(crate) fn begin() {
    IS_TOLD.set(false);
}

/// The browser has ended its subscription, or has another one.
pub(crate) fn changed() {
    IS_TOLD.set(false);
    renew();
}

/// Says once a session where this browser is called: a server that found nobody there has forgotten it.
pub(crate) fn renew() {
    match notify::permission() {
        NotificationPermission::Granted if !IS_TOLD.replace(true) => {}
        // Who forbids it wishes it no more, also when notifications are allowed again.
        NotificationPermission::Denied => return page::keep(WISHED, None),
        _ => return,
    }
    spawn_local(async move {
        // What was not told is told when everything is caught up with again.
        if tell_again().await.is_err() {
            IS_TOLD.set(false);
        }
    });
}

async fn tell_again() -> Result<(), String> {
    let Some(manager) = manager().await else { return Ok(()) };
    let was_wished = page::kept(WISHED).is_some();
    if !was_wished && subscribed(&manager).await.is_none() {
        return Ok(());
    }
    let Some(key) = key().await? else { return Ok(()) };
    let subscription = subscribe(&manager, &key).await?;
    if was_wished && page::kept(WISHED).is_none() {
        // It was turned off meanwhile.
        unsubscribe(&subscription).await;
        return Ok(());
    }
    page::keep(WISHED, Some("yes"));
    tell(Some(subscription)).await.map_err(|failure| say::failure(&failure))
}

/// Unsubscribes this browser, where it is subscribed.
pub(crate) async fn forget() {
    page::keep(WISHED, None);
    if let Some(manager) = manager().await
        && let Some(subscription) = subscribed(&manager).await
    {
        unsubscribe(&subscription).await;
    }
}

/// Nobody is signed in here any more: the browser is unsubscribed, and the page begins anew.
pub(crate) fn leave() {
    page::after(PATIENCE, page::reload);
    spawn_local(async {
        forget().await;
        page::reload();
    });
}

async fn manager() -> Option<PushManager> {
    let registration = updates::installed().await?;
    let has_one = js_sys::Reflect::has(&registration, &"pushManager".into()).unwrap_or(false);
    if has_one { registration.push_manager().ok() } else { None }
}

async fn subscribed(manager: &PushManager) -> Option<web_sys::PushSubscription> {
    JsFuture::from(manager.get_subscription().ok()?).await.ok()?.dyn_into().ok()
}

/// The key of the server's pushes, if it sends any.
async fn key() -> Result<Option<Bytes>, String> {
    match port::ask(Command::PushKey).await {
        Ok(Reply::PushKey(key)) => Ok(key),
        Ok(_) => Ok(None),
        Err(failure) => Err(say::failure(&failure)),
    }
}

fn is_for(subscription: &web_sys::PushSubscription, key: &Bytes) -> bool {
    let option = |object: &JsValue, name: &str| js_sys::Reflect::get(object, &name.into()).ok();
    let own = option(subscription, "options").and_then(|options| option(&options, "applicationServerKey"));
    own.and_then(|own| own.dyn_into::<ArrayBuffer>().ok()).is_some_and(|own| Uint8Array::new(&own).to_vec() == key.0)
}

async fn subscribe(manager: &PushManager, key: &Bytes) -> Result<web_sys::PushSubscription, String> {
    // A browser has one subscription, for one key.
    if let Some(before) = subscribed(manager).await {
        if is_for(&before, key) {
            return Ok(before);
        }
        unsubscribe(&before).await;
    }
    let options = PushSubscriptionOptionsInit::new();
    options.set_user_visible_only(true);
    options.set_application_server_key_opt_u8_array(Some(&Uint8Array::from(key.0.as_slice())));
    let asked = async { JsFuture::from(manager.subscribe_with_options(&options)?).await?.dyn_into() };
    asked.await.map_err(|error: JsValue| {
        let reason = error.dyn_ref::<js_sys::Error>().map(|error| String::from(error.message())).unwrap_or_default();
        say::text_with("pushes-failed", &[("reason", say::line(&reason, 200).as_str().into())])
    })
}

async fn unsubscribe(subscription: &web_sys::PushSubscription) {
    if let Ok(asked) = subscription.unsubscribe() {
        // One that stays is told of nothing any more.
        let _ = JsFuture::from(asked).await;
    }
}

async fn tell(subscription: Option<web_sys::PushSubscription>) -> Result<(), Failure> {
    let part = |subscription: &web_sys::PushSubscription, name| {
        let bytes = subscription.get_key(name).ok().flatten().map(|bytes| Uint8Array::new(&bytes).to_vec());
        Bytes(bytes.unwrap_or_default())
    };
    let subscription = subscription.map(|subscription| PushSubscription {
        endpoint: subscription.endpoint(),
        p256dh: part(&subscription, PushEncryptionKeyName::P256dh),
        auth: part(&subscription, PushEncryptionKeyName::Auth),
    });
    port::ask(Command::SetPush { subscription }).await.map(drop)
}
