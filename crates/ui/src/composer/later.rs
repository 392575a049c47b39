//! When what is written opens: the choice of a moment, and what says so above the text.

use huis_proto::limits;
use huis_views::{LockTrust, Wish};
use leptos::prelude::*;

use super::Mode;
use super::view::TEXT;
use crate::app::App;
use crate::dialogs::Overlay;
use crate::parts::{dialog, follow, icon, icon_button, live, on, switch};
use crate::signals::RwSignal;
use crate::{dates, page, say};

const BUTTON: &str = "composer-later";
const DATE: &str = "later-date";
/// By this device's clock, in hours.
const MORNING: u32 = 9;
const EVENING: u32 = 19;
const MINUTE_MS: u64 = 60_000;
const HOUR_MS: u64 = 60 * MINUTE_MS;

/// The button that opens the choice.
pub(super) fn button(app: App) -> AnyView {
    let words = say::text("later-title");
    view! {
        <button
            type="button"
            id=BUTTON
            class="icon-button"
            title=words.clone()
            aria-label=words
            aria-haspopup="dialog"
            disabled=follow(move || matches!(app.composer.mode.get(), Mode::Edit(_)))
            on:click=on(move |_| app.choose_moment())
        >
            {icon("clock")}
        </button>
    }
    .into_any()
}

/// What stands above the text once a moment is chosen.
pub(super) fn chip(app: App) -> AnyView {
    let composer = app.composer;
    let opens_at_ms = move || {
        // An edit goes at once.
        let is_new = !matches!(composer.mode.get(), Mode::Edit(_));
        composer.wish.with(|wish| wish.opens_at_ms).filter(|_| is_new)
    };
    view! {
        {live(move || opens_at_ms().map(|at_ms| view! {
            <div class="later-chip" data-view="later">
                <button
                    type="button"
                    class=follow(move || if is_over(app, at_ms) { "later-words is-wrong" } else { "later-words" })
                    aria-haspopup="dialog"
                    on:click=on(move |_| app.choose_moment())
                >
                    {icon("lock")}
                    <span>{live(move || if is_over(app, at_ms) {
                        say::text("later-over")
                    } else if composer.wish.with(|wish| wish.trust.is_server()) {
                        opens(at_ms)
                    } else {
                        say::text_with("later-opens-drand", &[("when", dates::opening(at_ms).as_str().into())])
                    })}</span>
                </button>
                {icon_button("close", say::text("later-off"), move || {
                    app.wish(|wish| (wish.opens_at_ms, wish.trust) = Default::default());
                    page::focus(BUTTON);
                })}
            </div>
        }))}
    }
    .into_any()
}

impl App {
    /// Shows the choice where something can be locked.
    pub(crate) fn choose_moment(self) {
        let is_edit = matches!(self.composer.mode.get_untracked(), Mode::Edit(_));
        let Some(button) = page::element(BUTTON).filter(|_| !is_edit) else { return };
        // It stands over the button; on a phone it comes from below.
        let area = button.get_bounding_client_rect();
        if let Some(root) = page::document().document_element() {
            let right = f64::from(root.client_width()) - area.right();
            let below = f64::from(root.client_height()) - area.top() + 12.0;
            page::set_pixels(&root, "--later-right", right);
            page::set_pixels(&root, "--later-below", below);
        }
        self.show(Overlay::Later);
    }
}

/// Whether a moment has come, as time goes on.
fn is_over(app: App, at_ms: u64) -> bool {
    app.now_ms.track();
    at_ms <= dates::now_ms()
}

/// The choice of a moment.
pub(crate) fn later(app: App) -> AnyView {
    let now_ms = dates::now_ms();
    let Wish { opens_at_ms: chosen, trust, .. } = app.composer.wish.get_untracked();
    let trust = RwSignal::new(trust);
    let first_ms = chosen.unwrap_or_else(|| dates::local(now_ms, 1, MORNING));
    let (day, time) = dates::fields(first_ms);
    let (day, time) = (RwSignal::new(day), RwSignal::new(time));
    // A moment that is not from the fields, until somebody touches them. They can't say which one is meant of an hour that
    // comes twice.
    let given = RwSignal::new(Some(first_ms));
    let choose = move |at_ms: Option<u64>| {
        let trust = at_ms.map(|_| trust.get_untracked()).unwrap_or_default();
        app.wish(|wish| (wish.opens_at_ms, wish.trust) = (at_ms, trust));
        app.close_overlay();
        if at_ms.is_none() {
            page::focus_soon(BUTTON);
        } else if !app.is_touched {
            // Where a finger writes, the keyboard on the screen comes when it is wished alone.
            page::focus_soon(TEXT);
        }
    };
    let quick = moments(now_ms, dates::weekday(now_ms), |days, hour| dates::local(now_ms, days, hour));
    let quick = quick.into_iter().map(|(key, at_ms)| {
        view! {
            <button
                type="button"
                class="menu-item"
                on:click=on(move |_| match check(Some(at_ms), dates::now_ms()) {
                    Ok(at_ms) => choose(Some(at_ms)),
                    // It became over while one looked, which is said where moments are.
                    Err(_) => given.set(Some(at_ms)),
                })
            >
                <span class="grow">{say::text(key)}</span>
                <span class="about">{dates::opening(at_ms)}</span>
            </button>
        }
        .into_any()
    });
    let typed = move || {
        // With time a moment is over.
        app.now_ms.track();
        let at_ms = given.get().or_else(|| dates::typed(&day.get(), &time.get()));
        check(at_ms, dates::now_ms())
    };
    let words = move || match typed() {
        Ok(at_ms) => {
            let key = if trust.with(LockTrust::is_server) { "later-when" } else { "later-when-drand" };
            say::text_with(key, &[("when", dates::opening(at_ms).as_str().into())])
        }
        Err(wrong) => say::text(wrong),
    };
    let is_wrong = move || typed().is_err();
    let field = move |id: &'static str, kind: &'static str, key: &'static str, value: RwSignal<String>| {
        view! {
            <div class="form-row">
                <label for=id>{say::text(key)}</label>
                <input
                    id=id
                    class="field"
                    type=kind
                    autofocus=id == DATE
                    min=(id == DATE).then(|| dates::fields(now_ms).0)
                    max=(id == DATE).then(|| dates::fields(now_ms + farthest_ms()).0)
                    aria-describedby="later-words"
                    aria-invalid=follow(move || is_wrong().to_string())
                    // A day that is half typed is no value yet, and setting it would take the half away.
                    prop:value=value.get_untracked()
                    on:input=on(move |event: web_sys::Event| {
                        value.set(event_target_value(&event));
                        given.set(None);
                    })
                />
            </div>
        }
        .into_any()
    };
    let off = chosen.map(|_| {
        view! { <button type="button" class="button" on:click=on(move |_| choose(None))>{say::text("later-off")}</button> }
    });
    let body = view! {
        <form
            class="form"
            data-view="later-form"
            novalidate
            on:submit=on(move |event: web_sys::SubmitEvent| {
                event.prevent_default();
                match untrack(typed) {
                    Ok(at_ms) => choose(Some(at_ms)),
                    Err(_) => {
                        // It may have become over while one looked.
                        given.update(|_| {});
                        page::focus(DATE);
                    }
                }
            })
        >
            <div class="later-quick">{quick.collect_view()}</div>
            <div class="later-fields">
                {field(DATE, "date", "later-day", day)}
                {field("later-time", "time", "later-time", time)}
            </div>
            <p id="later-words" role="status" class=follow(move || if is_wrong() { "form-wrong" } else { "later-when" })>{live(words)}</p>
            {switch(
                say::text("later-drand"),
                say::text("later-drand-about"),
                move || !trust.with(LockTrust::is_server),
                move |is_on| trust.set(if is_on { LockTrust::Drand } else { LockTrust::Server }),
            )}
            <p class="about">{live(move || say::text(if trust.with(LockTrust::is_server) { "later-about" } else { "later-about-drand" }))}</p>
            <div class="dialog-buttons">
                <button type="button" class="button quiet" on:click=on(move |_| app.show(Overlay::Locks))>{say::text("locks-title")}</button>
                {off}
                <button type="submit" class="button primary">{say::text("later-go")}</button>
            </div>
        </form>
    };
    dialog(app, "for-later", say::text("later-title"), body)
}

fn opens(at_ms: u64) -> String {
    say::text_with("later-opens", &[("when", dates::opening(at_ms).as_str().into())])
}

/// Moments that many want, those alone that are still to come: the key of each, and when it is. `local` gives this day, or
/// one so many days later, at an hour.
fn moments(now_ms: u64, weekday: u32, local: impl Fn(u32, u32) -> u64) -> Vec<(&'static str, u64)> {
    // To the minute, as it is shown.
    let hour = (now_ms + HOUR_MS).div_ceil(MINUTE_MS) * MINUTE_MS;
    let monday = match weekday {
        0 => 1,
        weekday => 8 - weekday,
    };
    let mut found = vec![("later-hour", hour)];
    let others = [("later-evening", 0, EVENING), ("later-morning", 1, MORNING), ("later-week", monday, MORNING)];
    for (key, days, hour) in others {
        let at_ms = local(days, hour);
        // On a Sunday the next week begins tomorrow.
        if at_ms > now_ms && found.iter().all(|(_, other)| *other != at_ms) {
            found.push((key, at_ms));
        }
    }
    found
}

/// The moment, or the key of why it can't be.
fn check(at_ms: Option<u64>, now_ms: u64) -> Result<u64, &'static str> {
    match at_ms {
        None => Err("later-none"),
        Some(at_ms) if at_ms <= now_ms => Err("later-over"),
        Some(at_ms) if at_ms > now_ms + farthest_ms() => Err("later-far"),
        Some(at_ms) => Ok(at_ms),
    }
}

fn farthest_ms() -> u64 {
    limits::TIME_LOCK_AHEAD.as_millis() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY_MS: u64 = 24 * HOUR_MS;
    /// A Thursday, by UTC.
    const THURSDAY: u64 = 1_795_651_200_000;

    /// What is offered at a time of a day, by UTC.
    fn offered(day_ms: u64, weekday: u32, of_day_ms: u64) -> Vec<(&'static str, u64)> {
        let local = |days: u32, hour: u32| day_ms + u64::from(days) * DAY_MS + u64::from(hour) * HOUR_MS;
        moments(day_ms + of_day_ms, weekday, local)
    }

    #[test]
    fn what_is_offered_is_still_to_come() {
        let noon = offered(THURSDAY, 4, 12 * HOUR_MS + 1);
        assert_eq!(
            noon,
            [
                ("later-hour", THURSDAY + 13 * HOUR_MS + MINUTE_MS),
                ("later-evening", THURSDAY + 19 * HOUR_MS),
                ("later-morning", THURSDAY + 33 * HOUR_MS),
                ("later-week", THURSDAY + 4 * DAY_MS + 9 * HOUR_MS),
            ]
        );
        let keys = |offered: Vec<(&'static str, u64)>| offered.into_iter().map(|(key, _)| key).collect::<Vec<_>>();
        assert_eq!(keys(offered(THURSDAY, 4, 19 * HOUR_MS)), ["later-hour", "later-morning", "later-week"]);
        let sunday = offered(THURSDAY + 3 * DAY_MS, 0, 12 * HOUR_MS);
        assert_eq!(keys(sunday), ["later-hour", "later-evening", "later-morning"]);
        assert!(noon.iter().all(|(key, _)| say::text(key) != *key), "each is called something");
        let monday = offered(THURSDAY + 4 * DAY_MS, 1, 8 * HOUR_MS);
        assert_eq!(monday.last(), Some(&("later-week", THURSDAY + 11 * DAY_MS + 9 * HOUR_MS)));
    }

    #[test]
    fn what_is_over_and_what_is_too_far_is_refused() {
        let now_ms = THURSDAY;
        assert_eq!(check(None, now_ms), Err("later-none"));
        assert!(["later-none", "later-over", "later-far"].iter().all(|why| say::text(why) != *why));
        assert_eq!(check(Some(now_ms), now_ms), Err("later-over"));
        assert_eq!(check(Some(now_ms + 1), now_ms), Ok(now_ms + 1));
        assert_eq!(check(Some(now_ms + farthest_ms()), now_ms), Ok(now_ms + farthest_ms()));
        assert_eq!(check(Some(now_ms + farthest_ms() + 1), now_ms), Err("later-far"));
    }

    #[test]
    fn what_opens_later_is_sent_as_such_with_all_that_is_wished() {
        use huis_views::{Command, Send, Target, ToSend};

        use crate::composer::sending;

        let send = |view_once| Send {
            to: Target::Account("member-b".to_owned()),
            text: "at last".to_owned(),
            reply_to: None,
            view_once,
            wait: false,
        };
        let locked = Wish { view_once: true, opens_at_ms: Some(THURSDAY), trust: LockTrust::Server };
        let command = sending(ToSend::Text(send(locked.view_once)), locked);
        assert!(
            matches!(&command, Command::SendTimed { what: ToSend::Text(send), unlocks_at_ms: THURSDAY, .. } if send.view_once),
            "{command:?}"
        );
        let by_beacon = sending(ToSend::Text(send(false)), Wish { trust: LockTrust::Drand, ..locked });
        assert!(matches!(&by_beacon, Command::SendTimed { trust: LockTrust::Drand, .. }), "{by_beacon:?}");
        let command = sending(ToSend::Text(send(false)), Wish::default());
        assert!(matches!(&command, Command::Send(send) if !send.view_once), "{command:?}");
    }
}
