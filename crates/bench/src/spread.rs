//! The arithmetic of figures.

use std::time::Duration;

use serde_json::{Map, Value};

/// Median and 99th percentile of how long something took, in microseconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Spread {
    pub(crate) median_us: f64,
    pub(crate) p99_us: f64,
}

impl Spread {
    /// The spread of these times; `None` without any.
    pub(crate) fn of(mut times: Vec<Duration>) -> Option<Self> {
        times.sort_unstable();
        let us = |part| percentile(&times, part).map(|time| time.as_secs_f64() * 1e6);
        Some(Self { median_us: us(0.5)?, p99_us: us(0.99)? })
    }
}

/// The value below which `part` of the sorted values lie: the nearest one that was measured, none in between.
pub(crate) fn percentile<T: Copy>(sorted: &[T], part: f64) -> Option<T> {
    let last = sorted.len().checked_sub(1)?;
    sorted.get((last as f64 * part).round() as usize).copied()
}

/// One line for several runs of the same measurement: each number is the median of the runs (of an even count the
/// higher of the two in the middle), everything else is the first run's. `median_of` says how many there were.
pub(crate) fn median_line(runs: &[Value]) -> Option<Value> {
    let first = runs.first()?.as_object()?;
    let mut line = Map::new();
    for (key, value) in first {
        let median = if value.is_number() { median_at(runs, key) } else { None };
        line.insert(key.clone(), median.unwrap_or_else(|| value.clone()));
    }
    line.insert("median_of".into(), runs.len().into());
    Some(line.into())
}

fn median_at(runs: &[Value], key: &str) -> Option<Value> {
    let mut values: Vec<&Value> =
        runs.iter().filter_map(|run| run.get(key)).filter(|value| value.is_number()).collect();
    values.sort_by(|one, other| one.as_f64().partial_cmp(&other.as_f64()).unwrap_or(std::cmp::Ordering::Equal));
    values.get(values.len() / 2).map(|value| (*value).clone())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_percentile_is_the_nearest_measured_value() {
        let hundred_and_one: Vec<u32> = (0..=100).collect();
        assert_eq!(percentile(&hundred_and_one, 0.0), Some(0));
        assert_eq!(percentile(&hundred_and_one, 0.5), Some(50));
        assert_eq!(percentile(&hundred_and_one, 0.99), Some(99));
        assert_eq!(percentile(&hundred_and_one, 1.0), Some(100));
        assert_eq!(percentile(&[7], 0.99), Some(7));
        assert_eq!(percentile::<u32>(&[], 0.5), None);
    }

    #[test]
    fn a_spread_does_not_depend_on_the_order_in_which_times_came() {
        let times = [900, 100, 300, 200, 400].map(Duration::from_micros);
        assert_eq!(Spread::of(times.to_vec()), Some(Spread { median_us: 300.0, p99_us: 900.0 }));
        assert_eq!(Spread::of(vec![]), None);
    }

    #[test]
    fn several_runs_become_one_line_of_medians() {
        let run = |rate: f64, p99: u64| json!({"system": "huis", "tls": false, "rate": rate, "p99": p99, "cpu": null});
        let line = median_line(&[run(3.5, 9), run(1.5, 30), run(2.5, 20)]).unwrap();
        let expected = json!({"system": "huis", "tls": false, "rate": 2.5, "p99": 20, "cpu": null, "median_of": 3});
        assert_eq!(line, expected);
        assert_eq!(median_line(&[]), None);
    }
}
