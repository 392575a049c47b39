//! Ranges of bytes (RFC 9110, section 14).

/// What a request wants of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    /// All of it: also where the header is malformed, of another unit, or names several ranges, as it may then be left out
    /// of account.
    Whole,
    /// From this byte to before that one, never none.
    Part(u64, u64),
    /// Nothing that is there.
    Nothing,
}

/// What the header `Range` wants of `length` bytes.
pub(super) fn wanted(range: Option<&str>, length: u64) -> Wanted {
    range.and_then(|range| read(range, length)).unwrap_or(Wanted::Whole)
}

fn read(range: &str, length: u64) -> Option<Wanted> {
    let (unit, range) = range.split_once('=')?;
    if !unit.eq_ignore_ascii_case("bytes") {
        return None;
    }
    let (first, last) = range.trim().split_once('-')?;
    let (from, to) = match (first, last) {
        ("", count) => (length.saturating_sub(number(count)?), length),
        (first, "") => (number(first)?, length),
        (first, last) => {
            let (first, last) = (number(first)?, number(last)?);
            if last < first {
                return None;
            }
            (first, length.min(last.saturating_add(1)))
        }
    };
    Some(if from < to { Wanted::Part(from, to) } else { Wanted::Nothing })
}

/// Digits alone. A larger number than can be read is one behind every end.
fn number(text: &str) -> Option<u64> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_first_to_last_from_first_or_the_last_so_many() {
        for (range, length, expected) in [
            ("bytes=0-0", 10, Wanted::Part(0, 1)),
            ("bytes=2-5", 10, Wanted::Part(2, 6)),
            ("Bytes=2-5", 10, Wanted::Part(2, 6)),
            ("bytes=2-", 10, Wanted::Part(2, 10)),
            ("bytes=2-99", 10, Wanted::Part(2, 10)),
            ("bytes=2-99999999999999999999", 10, Wanted::Part(2, 10)),
            ("bytes=-3", 10, Wanted::Part(7, 10)),
            ("bytes=-30", 10, Wanted::Part(0, 10)),
            ("bytes=9-", 10, Wanted::Part(9, 10)),
            ("bytes=10-", 10, Wanted::Nothing),
            ("bytes=99999999999999999999-", 10, Wanted::Nothing),
            ("bytes=-0", 10, Wanted::Nothing),
            ("bytes=0-", 0, Wanted::Nothing),
            ("bytes=-1", 0, Wanted::Nothing),
        ] {
            assert_eq!(wanted(Some(range), length), expected, "{range} of {length}");
        }
    }

    #[test]
    fn what_is_no_single_range_is_left_out_of_account() {
        for range in
            ["", "bytes", "bytes=", "bytes=-", "bytes=5-2", "bytes=0-1,3-4", "items=0-1", "bytes=a-b", "bytes=+1-2"]
        {
            assert_eq!(wanted(Some(range), 10), Wanted::Whole, "{range:?}");
        }
        assert_eq!(wanted(None, 10), Wanted::Whole);
    }
}
