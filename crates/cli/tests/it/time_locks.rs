//! Messages that open later, by commands.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::harness::House;
use crate::stories::acquainted;

#[test]
fn a_locked_message_is_sent_listed_opened_and_withdrawn() {
    let house = House::open();
    let (a, b) = acquainted(&house);
    let later = a.does(&["send", "@member-b", "taken back", "--unlock-at", "1h"]).well().trim().to_owned();
    let never = a.does(&["send", "@member-b", "never", "--unlock-at", "2099-01-01T00:00Z"]).refused(1, "invalid");
    assert!(never.contains("ten years"), "{never}");
    assert_eq!(a.does(&["send", "@member-b", "x", "--unlock-at", "soon"]).code, Some(2));

    let heard = b.hears(1).remove(0);
    assert_eq!((&heard["id"], &heard["kind"]), (&later.as_str().into(), &"timed".into()));
    assert_eq!((&heard["text"], &heard["lock"]), (&"".into(), &"waiting".into()));
    let listed = b.does(&["locks", "list", "--json"]).objects();
    assert_eq!((listed.len(), &listed[0]["id"], &listed[0]["own"]), (1, &later.as_str().into(), &false.into()));
    assert_eq!((&listed[0]["state"], &listed[0]["unlock_at"]), (&"waiting".into(), &heard["unlock_at"]));
    b.does(&["locks", "withdraw", &later]).refused(1, "invalid");
    a.does(&["locks", "withdraw", &later]).well();
    assert_eq!(a.does(&["locks", "list"]).well(), "");

    // One that opens while somebody waits for it; it may have opened before that one looks.
    let id = a.does(&["send", "@member-b", "at last", "--unlock-at", "2s"]).well().trim().to_owned();
    let opened = loop {
        let message = b.hears(1).remove(0);
        assert_eq!(message["id"], id);
        if message["kind"] == "text" {
            break message;
        }
    };
    assert_eq!((&opened["text"], &opened["lock"]), (&"at last".into(), &"opened".into()));
    b.hears_nothing_more();
    let line = b.does(&["locks", "list"]).well();
    assert!(line.contains("opened") && line.contains("at last") && !line.contains(&later), "{line}");
}

/// The zone of Paris since 1996, as POSIX writes it: no list of zones has to be there.
const PARIS: &str = "CET-1CEST,M3.5.0,M10.5.0/3";
const DAY_S: u64 = 24 * 3600;

/// The last Sunday of March and of October of a year that is to come.
fn nights_of_the_clocks() -> (u64, [u64; 2]) {
    let now_s = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let is_leap = |year: u64| year.is_multiple_of(4) && !year.is_multiple_of(100) || year.is_multiple_of(400);
    let (mut year, mut first_day) = (1970, 0);
    while first_day * DAY_S < now_s + 2 * DAY_S {
        first_day += 365 + u64::from(is_leap(year));
        year += 1;
    }
    let last_sunday = |days_before_its_month: u64| {
        let last = first_day + days_before_its_month + u64::from(is_leap(year)) + 30;
        // The first day of 1970 was a Thursday.
        31 - (last + 4) % 7
    };
    (year, [last_sunday(59), last_sunday(273)])
}

#[test]
fn a_time_that_is_typed_is_one_of_the_own_zone_on_both_sides_of_its_clocks_changes() {
    let house = House::open();
    let (a, _) = acquainted(&house);
    let (year, [march, october]) = nights_of_the_clocks();
    for (typed, opens) in [
        // An hour ahead of UTC until two o'clock, which is three then.
        (format!("{march}:03:{year}:01:59:59"), format!("{year}-03-{march}T00:59:59.000Z")),
        (format!("{march}:03:{year}:03:00:00"), format!("{year}-03-{march}T01:00:00.000Z")),
        (format!("{year}-03-{march}T01:59:59"), format!("{year}-03-{march}T00:59:59.000Z")),
        (format!("{year}-03-{march}T03:00"), format!("{year}-03-{march}T01:00:00.000Z")),
        // Skipped, and so about as much later.
        (format!("{march}:03:{year}:02:30:00"), format!("{year}-03-{march}T01:30:00.000Z")),
        // Two until three o'clock, which is two then: what is there twice is the first of them.
        (format!("{october}:10:{year}:01:59:59"), format!("{year}-10-{}T23:59:59.000Z", october - 1)),
        (format!("{year}-10-{october}T02:30"), format!("{year}-10-{october}T00:30:00.000Z")),
        (format!("{october}:10:{year}:03:00:00"), format!("{year}-10-{october}T02:00:00.000Z")),
        // A zone that is said is not the own one.
        (format!("{year}-10-{october}T03:00-05:00"), format!("{year}-10-{october}T08:00:00.000Z")),
    ] {
        let sends = ["send", "@member-b", "later", "--unlock-at", &typed];
        let id = a.does_with(&[("TZ", PARIS)], &sends).well().trim().to_owned();
        let listed = a.does(&["locks", "list", "--json"]).objects();
        let lock = listed.iter().find(|lock| lock["id"] == id).unwrap();
        assert_eq!(lock["unlock_at"], opens, "{typed}");
    }
    for wrong in
        [format!("{march}:03:{year}:24:00:00"), format!("03:{march}:{year}:03:00"), "29:02:2101:09:00:00".into()]
    {
        assert_eq!(
            a.does_with(&[("TZ", PARIS)], &["send", "@member-b", "x", "--unlock-at", &wrong]).code,
            Some(2),
            "{wrong}"
        );
    }
}
