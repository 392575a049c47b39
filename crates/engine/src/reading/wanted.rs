//! What a person looks for: words, and filters among them.

use huis_views::{Failure, Target};

use crate::client::Client;
use crate::db::{Wanted, search_query};

const DAY_MS: u64 = 24 * 3_600_000;

impl Client {
    /// Reads words and filters as they are typed. None if a filter names somebody or a place that is not known here, so
    /// that nothing can be found.
    pub(super) fn wanted(&self, typed: &str) -> Result<Option<Wanted>, Failure> {
        let mut wanted = Wanted::default();
        let mut words = Vec::new();
        let mut filters = 0;
        for word in words_of(typed) {
            filters += 1;
            match word.split_once(':').map(|(filter, value)| (filter, unquoted(value))) {
                Some(("from", name)) if !name.is_empty() => {
                    let name = name.trim_start_matches('@').to_ascii_lowercase();
                    match self.read(|tables| tables.account_by_name(&name))? {
                        Some(row) => wanted.from = Some(row.account),
                        None => return Ok(None),
                    }
                }
                Some(("in", place)) if place.parse::<Target>().is_ok() => {
                    let Ok(target) = place.parse::<Target>() else { continue };
                    match self.find_known(&target)? {
                        Some(row) => wanted.place = Some(row.id),
                        None => return Ok(None),
                    }
                }
                Some(("before", day)) if start_of(day).is_some() => wanted.before_ms = start_of(day),
                Some(("after", day)) if start_of(day).is_some() => wanted.from_ms = start_of(day),
                Some(("has", "link")) => wanted.has_link = true,
                Some(("has", "mention")) => wanted.has_mention = true,
                _ => {
                    filters -= 1;
                    words.push(word);
                }
            }
        }
        wanted.query = search_query(&words.join(" "));
        if wanted.query.is_none() && filters == 0 {
            return Err(Failure::Invalid { reason: "there is no word to search for".into() });
        }
        Ok(Some(wanted))
    }
}

/// The words of what was typed. What a filter asks for may stand in quotation marks, with spaces in it: `in:"#summer club"`.
fn words_of(typed: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut rest = typed.trim_start();
    while !rest.is_empty() {
        let space = rest.find(char::is_whitespace).unwrap_or(rest.len());
        let end = match rest.find(":\"") {
            Some(at) if at < space => {
                let value = at + 2;
                rest[value..].find('"').map_or(space, |length| value + length + 1)
            }
            _ => space,
        };
        words.push(&rest[..end]);
        rest = rest[end..].trim_start();
    }
    words
}

fn unquoted(value: &str) -> &str {
    value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value)
}

/// When a day begins, in milliseconds since 1970, from `YYYY-MM-DD` (UTC); none if there is no such day.
fn start_of(day: &str) -> Option<u64> {
    let parts: Vec<&str> = day.split('-').collect();
    let [year, month, date] = parts.as_slice() else { return None };
    if (year.len(), month.len(), date.len()) != (4, 2, 2) || !day.bytes().all(|c| c.is_ascii_digit() || c == b'-') {
        return None;
    }
    let (year, month, date): (u64, u64, u64) = (year.parse().ok()?, month.parse().ok()?, date.parse().ok()?);
    let leap = |year: u64| year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let length = |month: u64| match month {
        2 => 28 + u64::from(leap(year)),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    if year < 1970 || !(1..=12).contains(&month) || !(1..=length(month)).contains(&date) {
        return None;
    }
    let years: u64 = (1970..year).map(|year| 365 + u64::from(leap(year))).sum();
    let months: u64 = (1..month).map(length).sum();
    Some((years + months + date - 1) * DAY_MS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_read_as_their_beginning() {
        assert_eq!(start_of("1970-01-01"), Some(0));
        assert_eq!(start_of("2000-03-01"), Some(951_868_800_000));
        assert_eq!(start_of("2026-11-25"), Some(1_795_564_800_000));
        assert_eq!(start_of("2024-02-29"), Some(1_709_164_800_000));
    }

    #[test]
    fn what_stands_in_quotation_marks_is_one_word_of_a_filter() {
        let cases: [(&str, &[&str]); 6] = [
            ("one  two", &["one", "two"]),
            ("in:\"#summer club\" tent", &["in:\"#summer club\"", "tent"]),
            ("tent in:\"#a b\"", &["tent", "in:\"#a b\""]),
            ("in:\"#never closed", &["in:\"#never", "closed"]),
            ("\"two words\"", &["\"two", "words\""]),
            ("  ", &[]),
        ];
        for (typed, words) in cases {
            assert_eq!(words_of(typed), words, "{typed}");
        }
        assert_eq!(unquoted("\"#summer club\""), "#summer club");
        assert_eq!((unquoted("\""), unquoted("#club")), ("\"", "#club"));
    }

    #[test]
    fn what_is_no_day_is_none() {
        for text in [
            "",
            "today",
            "2025-02-29",
            "2026-13-01",
            "2026-00-10",
            "2026-01-00",
            "2026-1-1",
            "26-01-01",
            "+026-01-01",
            "1969-12-31",
            "2026-01-01-01",
        ] {
            assert_eq!(start_of(text), None, "{text:?}");
        }
    }
}
