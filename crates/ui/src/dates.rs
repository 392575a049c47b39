//! Days, times and numbers, as the browser writes them in the person's language.

use std::cell::RefCell;
use std::collections::HashMap;

use huis_texts::Language;
use js_sys::{Array, Date, Function, Intl, Object, Reflect};
use wasm_bindgen::JsValue;

use crate::{page, say};

const DAY_MS: i64 = 86_400_000;

/// A form in which a moment is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Form {
    Time,
    Weekday,
    DayMonth,
    DayOfYear,
    DayOfAnyYear,
    Short,
    Full,
    Moment,
}

thread_local! {
    static FORMATS: RefCell<HashMap<Form, Function>> = RefCell::new(HashMap::new());
    static NUMBERS: RefCell<Option<Function>> = const { RefCell::new(None) };
    static ZONE: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Forgets the forms of the language before.
pub(crate) fn language_changed() {
    FORMATS.with(|formats| formats.borrow_mut().clear());
    NUMBERS.with(|numbers| *numbers.borrow_mut() = None);
}

/// Whether the device is in another zone than when this was asked before: the forms of that one are forgotten.
pub(crate) fn has_moved() -> bool {
    let options = Intl::DateTimeFormat::new(&locales(), &Object::new()).resolved_options();
    let zone = Reflect::get(&options, &JsValue::from_str("timeZone")).ok().and_then(|zone| zone.as_string());
    let before = ZONE.with(|known| known.replace(zone.clone()));
    let has_moved = before.is_some() && before != zone;
    if has_moved {
        FORMATS.with(|formats| formats.borrow_mut().clear());
    }
    has_moved
}

pub(crate) fn now_ms() -> u64 {
    as_ms(Date::now())
}

/// `18:04`.
pub(crate) fn time(ms: u64) -> String {
    format(Form::Time, ms)
}

/// The whole moment, for who looks closer.
pub(crate) fn full(ms: u64) -> String {
    format(Form::Full, ms)
}

/// The moment, shorter.
pub(crate) fn moment(ms: u64) -> String {
    format(Form::Moment, ms)
}

/// When something opens: the day in words, and the time.
pub(crate) fn opening(ms: u64) -> String {
    let form = if year(ms) == year(now_ms()) { Form::DayOfYear } else { Form::DayOfAnyYear };
    format!("{}, {}", format(form, ms), time(ms))
}

/// The day in words, for a line between messages.
pub(crate) fn day(ms: u64, now_ms: u64) -> String {
    match local_day(now_ms) - local_day(ms) {
        0 => say::text("day-today"),
        1 => say::text("day-yesterday"),
        2..=6 => capital(&format(Form::Weekday, ms)),
        _ if year(ms) == year(now_ms) => capital(&format(Form::DayOfYear, ms)),
        _ => capital(&format(Form::DayOfAnyYear, ms)),
    }
}

/// When something was last said, for a list: a time, a weekday or a date.
pub(crate) fn recent(ms: u64, now_ms: u64) -> String {
    match local_day(now_ms) - local_day(ms) {
        0 => time(ms),
        1 => say::text("day-yesterday"),
        2..=6 => format(Form::Weekday, ms),
        _ if year(ms) == year(now_ms) => format(Form::DayMonth, ms),
        _ => format(Form::Short, ms),
    }
}

/// The day and the time as a browser's fields have them, by this device's clock and zone: `2026-12-04` and `09:00`.
pub(crate) fn fields(ms: u64) -> (String, String) {
    let date = date(ms);
    let day = format!("{:04}-{:02}-{:02}", date.get_full_year(), date.get_month() + 1, date.get_date());
    (day, format!("{:02}:{:02}", date.get_hours(), date.get_minutes()))
}

/// The moment that a browser's fields name; none where they are empty.
pub(crate) fn typed(day: &str, time: &str) -> Option<u64> {
    let ms = Date::parse(&format!("{day}T{time}"));
    (!day.is_empty() && !time.is_empty() && !ms.is_nan()).then(|| as_ms(ms))
}

/// This day, or one so many days later, at an hour.
pub(crate) fn local(ms: u64, days: u32, hour: u32) -> u64 {
    let date = date(ms);
    date.set_date(date.get_date() + days);
    date.set_hours(hour);
    date.set_minutes(0);
    date.set_seconds(0);
    as_ms(date.set_milliseconds(0))
}

/// The day of the week, from Sunday on, which is 0.
pub(crate) fn weekday(ms: u64) -> u32 {
    date(ms).get_day()
}

/// The day's number by this device's clock and zone.
pub(crate) fn local_day(ms: u64) -> i64 {
    let offset_minutes = date(ms).get_timezone_offset();
    let offset_ms = (offset_minutes * 60_000.0) as i64;
    (i64::try_from(ms).unwrap_or(i64::MAX) - offset_ms).div_euclid(DAY_MS)
}

/// `12,345`.
pub(crate) fn number(number: u64) -> String {
    let function = NUMBERS.with(|numbers| {
        let mut numbers = numbers.borrow_mut();
        numbers.get_or_insert_with(|| Intl::NumberFormat::new(&locales(), &Object::new()).format()).clone()
    });
    let value = JsValue::from_f64(number as f64);
    function.call1(&JsValue::NULL, &value).ok().and_then(|text| text.as_string()).unwrap_or_default()
}

fn format(form: Form, ms: u64) -> String {
    let function = FORMATS.with(|formats| formats.borrow_mut().entry(form).or_insert_with(|| formatter(form)).clone());
    function.call1(&JsValue::NULL, &date(ms)).ok().and_then(|text| text.as_string()).unwrap_or_default()
}

fn formatter(form: Form) -> Function {
    let options = Object::new();
    let wanted: &[(&str, &str)] = match form {
        Form::Time => &[("hour", "numeric"), ("minute", "2-digit")],
        Form::Weekday => &[("weekday", "long")],
        Form::DayMonth => &[("day", "numeric"), ("month", "short")],
        Form::DayOfYear => &[("weekday", "long"), ("day", "numeric"), ("month", "long")],
        Form::DayOfAnyYear => &[("day", "numeric"), ("month", "long"), ("year", "numeric")],
        Form::Short => &[("day", "numeric"), ("month", "short"), ("year", "numeric")],
        Form::Moment => &[("dateStyle", "medium"), ("timeStyle", "short")],
        Form::Full => &[("dateStyle", "full"), ("timeStyle", "medium")],
    };
    for (name, value) in wanted {
        let _ = Reflect::set(&options, &JsValue::from_str(name), &JsValue::from_str(value));
    }
    Intl::DateTimeFormat::new(&locales(), &options).format()
}

/// The person's own locale where it is of the language that is spoken, so that `en-GB` keeps its dates.
fn locales() -> Array {
    let spoken = say::language();
    let own = web_sys::window().and_then(|window| window.navigator().language());
    let own = own.filter(|tag| Language::of_tag(tag) == Some(spoken));
    let tag = own.unwrap_or_else(|| match spoken {
        Language::English => "en".to_owned(),
        Language::French => "fr".to_owned(),
    });
    Array::of1(&JsValue::from_str(&tag))
}

fn date(ms: u64) -> Date {
    // The last day that a browser's calendar knows.
    Date::new(&JsValue::from_f64(ms.min(8_640_000_000_000_000) as f64))
}

fn year(ms: u64) -> u32 {
    date(ms).get_full_year()
}

fn as_ms(ms: f64) -> u64 {
    ms.max(0.0) as u64
}

fn capital(text: &str) -> String {
    let (first, rest) = text.split_at(text.chars().next().map_or(0, char::len_utf8));
    page::capital_letters(first) + rest
}
