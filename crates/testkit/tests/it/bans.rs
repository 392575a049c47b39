//! Devices whose address is banned.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use huis_engine::HttpResponse;
use huis_proto::{ErrorCode, Problem};
use huis_testkit::story;
use huis_views::Failure;

use crate::two_friends;

#[test]
fn a_device_whose_address_is_banned_says_why_and_does_not_ask_without_end() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let asked = Rc::new(Cell::new(0));
        let count = Rc::clone(&asked);
        ann.answers_pass(move |_, _| {
            count.set(count.get() + 1);
            let problem = Problem::new(ErrorCode::Banned, "Your address is banned on this server: flood");
            Some(HttpResponse { status: 403, body: serde_json::to_vec(&problem).unwrap() })
        });
        // What it may connect with is over by then.
        world.passes(Duration::from_secs(3600)).await;
        asked.set(0);
        ann.restarts().await;
        ann.until("it knows why", async || ann.status().await.hindrance.is_some()).await;
        let hindrance = ann.status().await.hindrance.unwrap();
        assert!(matches!(hindrance, Failure::Refused { code: ErrorCode::Banned, .. }), "{hindrance:?}");
        assert!(hindrance.to_string().contains("flood"), "{hindrance}");
        ann.writes("@bea", "written meanwhile").await;
        world.passes(Duration::from_secs(6 * 3600)).await;
        assert!((3..=20).contains(&asked.get()), "{} requests in six hours", asked.get());

        ann.nobody_meddles();
        ann.restarts().await;
        bea.hears("@ann", "written meanwhile").await;
        assert_eq!(ann.status().await.hindrance, None);
    });
}
