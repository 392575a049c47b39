//! Messages that open later, by commands.

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
