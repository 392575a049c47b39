//! Times of day and days in words, in the person's own time zone.

use huis_texts::{Texts, Value};
use time::{Date, OffsetDateTime, UtcOffset};

/// The last moment with a year of four digits: what a sender states may lie anywhere.
const LAST_MS: u64 = 253_402_300_799_999;

/// Where the person is, as far as clocks go: the seconds that they are ahead of UTC at a moment, in milliseconds since
/// 1970.
pub struct Zone(Box<dyn Fn(u64) -> i32>);

impl std::fmt::Debug for Zone {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Zone")
    }
}

impl Zone {
    /// The zone of this machine.
    pub fn system() -> Self {
        let zone = jiff::tz::TimeZone::system();
        Self(Box::new(move |ms| {
            let moment = i64::try_from(ms).ok().and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok());
            moment.map_or(0, |moment| zone.to_offset(moment).seconds())
        }))
    }

    /// Always as far ahead of UTC.
    pub fn fixed(seconds: i32) -> Self {
        Self(Box::new(move |_| seconds))
    }

    /// By how many seconds local time is ahead of UTC at a moment, in milliseconds since 1970.
    pub fn ahead_s(&self, ms: u64) -> i32 {
        (self.0)(ms)
    }

    fn moment(&self, ms: u64) -> OffsetDateTime {
        let ms = ms.min(LAST_MS);
        let offset = UtcOffset::from_whole_seconds(self.ahead_s(ms)).unwrap_or(UtcOffset::UTC);
        OffsetDateTime::from_unix_timestamp_nanos(i128::from(ms) * 1_000_000)
            .ok()
            .and_then(|moment| moment.checked_to_offset(offset))
            .unwrap_or(OffsetDateTime::UNIX_EPOCH)
    }

    /// `18:02`.
    pub(crate) fn time(&self, ms: u64) -> String {
        let time = self.moment(ms).time();
        format!("{:02}:{:02}", time.hour(), time.minute())
    }

    /// A number that is the same within a day.
    pub(crate) fn day(&self, ms: u64) -> i32 {
        self.moment(ms).date().to_julian_day()
    }

    /// A number that is the same within a minute.
    pub(crate) fn minute(ms: u64) -> u64 {
        ms / 60_000
    }

    /// The first moment of the day after.
    pub(crate) fn midnight_after(&self, ms: u64) -> u64 {
        let time = self.moment(ms).time();
        let gone = u64::from(time.hour()) * 3600 + u64::from(time.minute()) * 60 + u64::from(time.second());
        (ms / 1000 + 86_400 - gone) * 1000
    }

    /// `Today`, `Yesterday`, or `Friday, 20 November`, with the year where it is another one.
    pub(crate) fn day_in_words(&self, texts: &Texts, ms: u64, now_ms: u64) -> String {
        let (date, today) = (self.moment(ms).date(), self.moment(now_ms).date());
        match today.to_julian_day() - date.to_julian_day() {
            0 => texts.text("day-today"),
            1 => texts.text("day-yesterday"),
            _ => in_words(texts, date, date.year() != today.year()),
        }
    }

    /// As short as it can be understood: the time, or the day and month, or the date.
    pub(crate) fn short(&self, texts: &Texts, ms: u64, now_ms: u64) -> String {
        let (date, today) = (self.moment(ms).date(), self.moment(now_ms).date());
        if date == today {
            self.time(ms)
        } else if date.year() == today.year() {
            let month = texts.text(&format!("month-short-{}", u8::from(date.month())));
            texts.text_with("day-short", &[("day", Value::Number(date.day().into())), ("month", Value::Text(&month))])
        } else {
            format!("{:04}-{:02}-{:02}", date.year(), u8::from(date.month()), date.day())
        }
    }
}

fn in_words(texts: &Texts, date: Date, with_year: bool) -> String {
    let weekday = texts.text(&format!("weekday-{}", date.weekday().number_from_monday()));
    let month = texts.text(&format!("month-{}", u8::from(date.month())));
    let year = date.year().to_string();
    let key = if with_year { "day-of-year" } else { "day-of-this-year" };
    let values = [
        ("weekday", Value::Text(&weekday)),
        ("day", Value::Number(date.day().into())),
        ("month", Value::Text(&month)),
        ("year", Value::Text(&year)),
    ];
    texts.text_with(key, &values)
}

#[cfg(test)]
mod tests {
    use huis_texts::Language;

    use super::*;

    /// 2026-11-21 09:34:06 UTC, a Saturday.
    const NOW: u64 = 1_795_253_646_120;
    const DAY: u64 = 86_400_000;

    #[test]
    fn days_are_named_as_people_name_them() {
        let zone = Zone::fixed(0);
        let (english, french) = (Texts::of(Language::English), Texts::of(Language::French));
        assert_eq!(zone.day_in_words(&english, NOW, NOW), "Today");
        assert_eq!(zone.day_in_words(&english, NOW - DAY, NOW), "Yesterday");
        assert_eq!(zone.day_in_words(&english, NOW - 5 * DAY, NOW), "Monday, 16 November");
        assert_eq!(zone.day_in_words(&french, NOW - 5 * DAY, NOW), "lundi 16 novembre");
        assert_eq!(zone.day_in_words(&french, NOW - 365 * DAY, NOW), "vendredi 21 novembre 2025");
    }

    #[test]
    fn the_zone_shifts_times_and_days() {
        let zone = Zone::fixed(-10 * 3600);
        assert_eq!(zone.time(NOW), "23:34");
        assert_eq!(zone.day_in_words(&Texts::of(Language::English), NOW, NOW + DAY), "Yesterday");
        assert_eq!(zone.midnight_after(NOW), 1_795_255_200_000);
    }

    #[test]
    fn any_time_that_a_sender_states_has_words() {
        let zone = Zone::system();
        for ms in [0, NOW, LAST_MS, u64::MAX] {
            assert_eq!(zone.time(ms).len(), 5);
            assert!(!zone.day_in_words(&Texts::of(Language::English), ms, NOW).is_empty());
        }
    }
}
