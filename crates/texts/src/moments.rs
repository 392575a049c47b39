//! Moments that are typed, and how long it is until one.

use std::time::Duration;

use huis_views::{LockState, LockTrust, LockView};
use time::{Date, Month, PrimitiveDateTime, Time};

use crate::{Texts, Value, span};

/// What was typed is no moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected a date and time such as 2026-12-31T09:00, with Z or +01:00 behind it where it is not local time, \
     31:12:2026:09:00:00, or a span from now such as 8s, 2h or 3d"
)]
pub struct MomentError;

/// A moment as it is typed, in milliseconds since 1970: ISO 8601, with a zone or in local time; `DD:MM:YYYY:HH:MM:SS` in
/// local time; or a [span](crate::span()) from `now_ms` on. `ahead_s` gives by how many seconds local time is ahead of UTC
/// at a moment.
///
/// # Errors
/// [`MomentError`] for anything else, and before 1970.
pub fn moment(text: &str, now_ms: u64, ahead_s: &dyn Fn(u64) -> i32) -> Result<u64, MomentError> {
    let text = text.trim();
    if let Ok(span) = span(text) {
        return Ok(now_ms.saturating_add(in_ms(span)));
    }
    if text.split(':').count() == 6 {
        let numbers: Vec<u32> = text.split(':').map(digits).collect::<Option<_>>().ok_or(MomentError)?;
        let [day, month, year, hour, minute, second] = numbers[..] else { return Err(MomentError) };
        return local(civil(year, month, day, [hour, minute, second])?, ahead_s);
    }
    iso(text, ahead_s)
}

/// `2026-12-31`, and behind `T`, `t` or a space `09:00`, with seconds and parts of them, and with `Z` or `+01:00`.
fn iso(text: &str, ahead_s: &dyn Fn(u64) -> i32) -> Result<u64, MomentError> {
    let (date, rest) = text.split_at_checked(10).ok_or(MomentError)?;
    let mut parts = date.split('-').map(digits);
    let (Some(Some(year)), Some(Some(month)), Some(Some(day)), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(MomentError);
    };
    if rest.is_empty() {
        return local(civil(year, month, day, [0, 0, 0])?, ahead_s);
    }
    let clock = rest.strip_prefix(['T', 't', ' ']).ok_or(MomentError)?;
    let (clock, zone_s) = zoned(clock)?;
    let (clock, fraction) = clock.split_once(['.', ',']).map_or((clock, None), |(clock, part)| (clock, Some(part)));
    let numbers: Vec<u32> = clock.split(':').map(digits).collect::<Option<_>>().ok_or(MomentError)?;
    let time = match numbers[..] {
        [hour, minute] if fraction.is_none() => [hour, minute, 0],
        [hour, minute, second] => [hour, minute, second],
        _ => return Err(MomentError),
    };
    let part_ms = match fraction {
        Some(part) if part.len() <= 9 => {
            let nanoseconds = digits(&format!("{part:0<9}")).filter(|_| !part.is_empty()).ok_or(MomentError)?;
            i64::from(nanoseconds / 1_000_000)
        }
        Some(_) => return Err(MomentError),
        None => 0,
    };
    let civil_ms = civil(year, month, day, time)? + part_ms;
    match zone_s {
        Some(zone_s) => u64::try_from(civil_ms - zone_s * 1000).map_err(|_| MomentError),
        None => local(civil_ms, ahead_s),
    }
}

/// A time of day without its zone, and how many seconds that is ahead of UTC, if it has one.
fn zoned(text: &str) -> Result<(&str, Option<i64>), MomentError> {
    if let Some(clock) = text.strip_suffix(['Z', 'z']) {
        return Ok((clock, Some(0)));
    }
    let Some(at) = text.rfind(['+', '-']) else { return Ok((text, None)) };
    let (clock, zone) = text.split_at(at);
    let sign = if zone.starts_with('-') { -1 } else { 1 };
    let zone = zone.get(1..).unwrap_or_default();
    let (hours, minutes) = match zone.len() {
        2 => (zone, "00"),
        4 => zone.split_at(2),
        _ => {
            zone.split_once(':').filter(|(hours, minutes)| hours.len() == 2 && minutes.len() == 2).ok_or(MomentError)?
        }
    };
    let (hours, minutes) = digits(hours).zip(digits(minutes)).ok_or(MomentError)?;
    if hours > 23 || minutes > 59 {
        return Err(MomentError);
    }
    Ok((clock, Some(sign * i64::from(hours * 3600 + minutes * 60))))
}

/// What clocks show, as if it were UTC.
fn civil(year: u32, month: u32, day: u32, [hour, minute, second]: [u32; 3]) -> Result<i64, MomentError> {
    let small = |number: u32| u8::try_from(number).map_err(|_| MomentError);
    let year = i32::try_from(year).ok().filter(|year| (1970..=9999).contains(year)).ok_or(MomentError)?;
    let month = Month::try_from(small(month)?).map_err(|_| MomentError)?;
    let date = Date::from_calendar_date(year, month, small(day)?).map_err(|_| MomentError)?;
    let time = Time::from_hms(small(hour)?, small(minute)?, small(second)?).map_err(|_| MomentError)?;
    Ok(PrimitiveDateTime::new(date, time).assume_utc().unix_timestamp() * 1000)
}

/// The moment at which local clocks show this. Where they show it twice, the earlier one; where they skip it, one about as
/// much later.
fn local(civil_ms: i64, ahead_s: &dyn Fn(u64) -> i32) -> Result<u64, MomentError> {
    let at = |ahead_s: i32| u64::try_from(civil_ms - i64::from(ahead_s) * 1000).map_err(|_| MomentError);
    let day_ms = 24 * 3_600_000;
    let around = [civil_ms - day_ms, civil_ms + day_ms].map(|ms| ahead_s(u64::try_from(ms).unwrap_or(0)));
    let mut fits = around.into_iter().filter_map(|ahead| at(ahead).ok().filter(|ms| ahead_s(*ms) == ahead));
    match fits.next() {
        Some(first) => Ok(fits.fold(first, u64::min)),
        None => at(around[0]),
    }
}

fn digits(text: &str) -> Option<u32> {
    (!text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok())?
}

fn in_ms(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

impl Texts {
    /// What is said of a message's lock: in place of what can't be read, or over what only this device can. `when` is the
    /// moment at which it opens, as the face writes it.
    pub fn lock(&self, lock: &LockView, is_readable: bool, when: &str, now_ms: u64) -> String {
        let left_ms = lock.unlocks_at_ms.saturating_sub(now_ms);
        let left = self.count_down(left_ms);
        let values = [("when", Value::Text(when)), ("left", Value::Text(&left))];
        match (lock.state, is_readable) {
            (LockState::Withdrawn, _) => self.text("lock-withdrawn"),
            (LockState::Broken, _) => self.text("lock-broken"),
            (_, true) if left_ms == 0 => self.text("lock-own-due"),
            (_, true) => self.text_with("lock-own", &values),
            (_, false) if left_ms == 0 && lock.trust == LockTrust::Drand => self.text("lock-due-drand"),
            (_, false) if left_ms == 0 => self.text("lock-due"),
            (_, false) if lock.files == 0 => self.text_with("lock-text", &values),
            (_, false) => {
                let [when, left] = values;
                self.text_with("lock-files", &[("count", Value::Number(lock.files.into())), when, left])
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Language;

    /// 2026-11-21 09:34:06.120 UTC.
    const NOW: u64 = 1_795_253_646_120;
    const UTC: &dyn Fn(u64) -> i32 = &|_| 0;

    fn typed(text: &str) -> Option<String> {
        moment(text, NOW, UTC).ok().map(crate::rfc3339)
    }

    #[test]
    fn moments_are_read_in_all_their_forms() {
        for (text, meant) in [
            ("8s", "2026-11-21T09:34:14.120Z"),
            ("2h", "2026-11-21T11:34:06.120Z"),
            ("3d", "2026-11-24T09:34:06.120Z"),
            ("31:12:2026:09:05:07", "2026-12-31T09:05:07.000Z"),
            ("2026-12-31T09:05:07", "2026-12-31T09:05:07.000Z"),
            ("2026-12-31 09:05", "2026-12-31T09:05:00.000Z"),
            ("2026-12-31", "2026-12-31T00:00:00.000Z"),
            ("2026-12-31T09:05:07.25Z", "2026-12-31T09:05:07.250Z"),
            ("2026-12-31T09:05+01:00", "2026-12-31T08:05:00.000Z"),
            ("2026-12-31T09:05:00-0530", "2026-12-31T14:35:00.000Z"),
            ("2026-12-31t09:05z", "2026-12-31T09:05:00.000Z"),
            ("2028-02-29T00:00+14", "2028-02-28T10:00:00.000Z"),
        ] {
            assert_eq!(typed(text).as_deref(), Some(meant), "{text}");
        }
    }

    #[test]
    fn what_is_no_moment_is_refused() {
        for wrong in [
            "",
            "tomorrow",
            "2026-13-01",
            "2026-02-29",
            "2026-12-31T24:00",
            "2026-12-31T09",
            "2026-12-31T09:05:60",
            "2026-12-31T9:5:x",
            "31:12:2026:09:05",
            "32:12:2026:09:05:07",
            "12-31-2026",
            "1969-12-31",
            "2026-12-31T09:05+1",
            "2026-12-31T09:05+25:00",
            "2026-12-31T09:05.5",
            "2026-12-31T09:05:07.",
            "2026-1é-31",
            "é",
            "-2h",
            "99999d",
        ] {
            assert_eq!(typed(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn local_time_is_that_of_its_own_day() {
        // An hour ahead, and two from 2026-03-29 01:00 UTC to 2026-10-25 01:00 UTC, as in Paris.
        let paris = |ms: u64| if (1_774_746_000_000..1_792_890_000_000).contains(&ms) { 7200 } else { 3600 };
        let at = |text: &str| crate::rfc3339(moment(text, NOW, &paris).unwrap());
        assert_eq!(at("2026-07-01T12:00"), "2026-07-01T10:00:00.000Z");
        assert_eq!(at("01:01:2026:12:00:00"), "2026-01-01T11:00:00.000Z");
        // Skipped in spring, and twice in autumn.
        assert_eq!(at("2026-03-29T02:30"), "2026-03-29T01:30:00.000Z");
        assert_eq!(at("2026-10-25T02:30"), "2026-10-25T00:30:00.000Z");
        assert_eq!(at("2026-07-01T12:00Z"), "2026-07-01T12:00:00.000Z");
    }

    #[test]
    fn what_is_left_is_said_by_two_units() {
        let english = Texts::of(Language::English);
        let left = |seconds: u64| english.count_down(seconds * 1000);
        assert_eq!((left(8), left(61)), ("8 s".into(), "1 min 1 s".into()));
        assert_eq!((left(53_760), left(2 * 86_400 + 3 * 3600)), ("14 h 56 min".into(), "2 d 3 h".into()));
        assert_eq!(english.count_down(1), "1 s");
        assert_eq!(Texts::of(Language::French).count_down(2 * 86_400_000), "2 j 0 h");
    }

    #[test]
    fn a_lock_says_what_is_inside_and_when_it_opens_in_both_languages() {
        let lock = |state, files| LockView { unlocks_at_ms: NOW + 90_000, state, files, trust: LockTrust::Server };
        for language in Language::ALL {
            let texts = Texts::of(language);
            let mut said = Vec::new();
            for files in [0, 1, 3] {
                said.push(texts.lock(&lock(LockState::Waiting, files), false, "09:35", NOW));
                assert!(
                    said.last().is_some_and(|text| text.contains("09:35") && text.contains("1 min 30 s")),
                    "{said:?}"
                );
            }
            said.push(texts.lock(&lock(LockState::Waiting, 0), true, "09:35", NOW));
            said.push(texts.lock(&lock(LockState::Waiting, 0), false, "09:35", NOW + 90_000));
            said.push(texts.lock(&lock(LockState::Waiting, 0), true, "09:35", NOW + 90_000));
            said.push(texts.lock(&lock(LockState::Withdrawn, 0), false, "09:35", NOW));
            said.push(texts.lock(&lock(LockState::Broken, 0), false, "09:35", NOW));
            let different: std::collections::BTreeSet<_> = said.iter().collect();
            assert_eq!(different.len(), said.len(), "{said:?}");
            assert!(said.iter().all(|text| !text.starts_with("lock-")), "{said:?}");
        }
    }
}
