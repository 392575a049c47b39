//! Points and spans of time, as they are read and typed.

use std::time::Duration;

use time::OffsetDateTime;

use crate::{Texts, Value};

/// The last moment with a year of four digits: what a sender states may lie anywhere.
const LAST_MS: u64 = 253_402_300_799_999;

/// The longest span that can be typed: a year.
const LONGEST: f64 = 366.0 * 24.0 * 3600.0;

/// What was typed is no span of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected seconds from 0 to a year, such as 30 or 0.5, or a number with s, m, h or d, such as 5m")]
pub struct SpanError;

/// Milliseconds since 1970 in the form of RFC 3339, in UTC, with milliseconds: `2026-11-21T09:34:06.120Z`.
pub fn rfc3339(ms: u64) -> String {
    let at = moment(ms);
    let (date, time) = (at.date(), at.time());
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z",
        date.year(),
        u8::from(date.month()),
        date.day(),
        time.hour(),
        time.minute(),
        time.second(),
        time.millisecond()
    )
}

/// Milliseconds since 1970 for a person, in UTC: `2026-11-21 09:34:06Z`.
pub fn readable(ms: u64) -> String {
    let full = rfc3339(ms);
    match (full.get(..10), full.get(11..19)) {
        (Some(date), Some(time)) => format!("{date} {time}Z"),
        _ => full,
    }
}

/// A span of time as it is typed: seconds, or a number with `s`, `m`, `h` or `d`.
///
/// # Errors
/// [`SpanError`] for anything else, and beyond a year.
pub fn span(text: &str) -> Result<Duration, SpanError> {
    let text = text.trim();
    let (number, unit) = match text.as_bytes().last() {
        Some(b's') => (&text[..text.len() - 1], 1.0),
        Some(b'm') => (&text[..text.len() - 1], 60.0),
        Some(b'h') => (&text[..text.len() - 1], 3600.0),
        Some(b'd') => (&text[..text.len() - 1], 24.0 * 3600.0),
        _ => (text, 1.0),
    };
    // `parse` takes also "inf", "1e9" and signs.
    if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
        return Err(SpanError);
    }
    let seconds = number.parse::<f64>().map_err(|_| SpanError)? * unit;
    if seconds > LONGEST {
        return Err(SpanError);
    }
    Duration::try_from_secs_f64(seconds).map_err(|_| SpanError)
}

/// The units of a span, from the longest: their seconds, and their texts.
const UNITS: [(u64, &str); 4] =
    [(24 * 3600, "span-days"), (3600, "span-hours"), (60, "span-minutes"), (1, "span-seconds")];

impl Texts {
    /// A span of time as it was set, in the longest unit in which it is a whole number: `90 min`, `7 d`.
    pub fn whole_span(&self, seconds: u64) -> String {
        let fits = |(unit, _): &&(u64, &str)| seconds >= *unit && seconds.is_multiple_of(*unit);
        let (unit, key) = UNITS.iter().find(fits).unwrap_or(&UNITS[3]);
        self.text_with(key, &[("count", Value::Number(seconds / unit))])
    }

    /// What is left of a span of time, roughly and never less than it is: `2 h` for an hour and a minute.
    pub fn left(&self, milliseconds: u64) -> String {
        let seconds = milliseconds.div_ceil(1000);
        let (unit, key) = UNITS.iter().find(|(unit, _)| seconds >= *unit).unwrap_or(&UNITS[3]);
        self.text_with(key, &[("count", Value::Number(seconds.div_ceil(*unit)))])
    }

    /// How long it is until something, by its two largest units: `2 d 3 h`, `14 h 56 min`, `8 s`.
    pub fn count_down(&self, milliseconds: u64) -> String {
        let seconds = milliseconds.div_ceil(1000);
        let units = UNITS.iter().skip_while(|(unit, _)| seconds < *unit && *unit > 1);
        let mut left = seconds;
        let said = units.take(2).map(|(unit, key)| {
            let count = left / unit;
            left %= unit;
            self.text_with(key, &[("count", Value::Number(count))])
        });
        said.collect::<Vec<_>>().join(" ")
    }
}

fn moment(ms: u64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(ms.min(LAST_MS)) * 1_000_000)
        .unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Language;

    #[test]
    fn spans_are_said_in_the_unit_that_fits() {
        let [english, french] = Language::ALL.map(Texts::of);
        for (seconds, said) in [(30, "30 s"), (60, "1 min"), (5400, "90 min"), (7200, "2 h"), (604_800, "7 d")] {
            assert_eq!(english.whole_span(seconds), said);
        }
        assert_eq!(french.whole_span(604_800), "7 j");
        for (left_ms, said) in
            [(0, "0 s"), (1, "1 s"), (58_001, "59 s"), (59_001, "1 min"), (60_000, "1 min"), (3_660_000, "2 h")]
        {
            assert_eq!(english.left(left_ms), said);
        }
    }

    #[test]
    fn times_are_written_in_utc() {
        assert_eq!(rfc3339(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(rfc3339(1_795_253_646_120), "2026-11-21T09:34:06.120Z");
        assert_eq!(rfc3339(951_782_400_001), "2000-02-29T00:00:00.001Z");
        assert_eq!(readable(1_795_253_646_120), "2026-11-21 09:34:06Z");
    }

    #[test]
    fn a_time_beyond_all_calendars_is_the_last_one() {
        for beyond in [253_402_300_800_000, u64::MAX / 1000, u64::MAX] {
            assert_eq!(rfc3339(beyond), "9999-12-31T23:59:59.999Z");
            assert_eq!(readable(beyond), "9999-12-31 23:59:59Z");
        }
    }

    #[test]
    fn spans_are_seconds_unless_they_say_otherwise() {
        assert_eq!(span("0"), Ok(Duration::ZERO));
        assert_eq!(span("30"), Ok(Duration::from_secs(30)));
        assert_eq!(span("0.25"), Ok(Duration::from_millis(250)));
        assert_eq!(span("90s"), span("1.5m"));
        assert_eq!(span("2h"), Ok(Duration::from_secs(7200)));
        assert_eq!(span("1d"), span("24h"));
    }

    #[test]
    fn what_is_no_span_is_refused() {
        for wrong in ["", "s", "-1", "+1", "inf", "nan", "1e3", "1 2", "1.2.3", "ten", "367d", "99999999999", "1é", "é"]
        {
            assert_eq!(span(wrong), Err(SpanError), "{wrong:?}");
        }
    }
}
