//! Devices that run for the length of one command: what they changed is known to others when they have stopped, and what
//! waited for them is there when they say so.

use std::time::Duration;

use huis_testkit::{Faults, story};
use huis_views::Command;

use crate::two_friends;

/// Everything takes its time, so that a device which does not wait for it is gone before.
const SLOW: Faults = Faults { delay: Duration::from_millis(400), ..Faults::NONE };

#[test]
fn what_a_device_changed_before_it_stopped_is_known_to_one_that_signs_in_after_it() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        ann.network_is(SLOW);
        ann.opens_a_group("garden", &[&bea]).await;
        ann.stops().await;
        let tablet = world.another_device_of(&ann).await;
        tablet.says("#garden", "from the tablet").await;
        bea.hears("#garden", "from the tablet").await;
    });
}

#[test]
fn a_device_that_stops_at_once_has_taken_over_what_was_set_on_another() {
    story(async |world| {
        let (ann, _bea) = two_friends(&world).await;
        let tablet = world.another_device_of(&ann).await;
        ann.stops().await;
        tablet.command(Command::SetFavourite { target: "@bea".parse().unwrap(), favourite: true }).await;
        tablet.stops().await;
        ann.network_is(SLOW);
        ann.start();
        ann.is_connected().await;
        ann.stops().await;
        ann.goes_offline();
        ann.start();
        let view = ann.looks_at("@bea").await.expect("her friend");
        assert!(view.favourite, "without another word of the server");
    });
}

#[test]
fn a_device_that_has_caught_up_has_what_waited_behind_an_invitation() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        bea.stops().await;
        ann.opens_a_group("garden", &[&bea]).await;
        ann.says("#garden", "said while bea was away").await;
        bea.network_is(SLOW);
        bea.start();
        bea.is_connected().await;
        assert_eq!(bea.texts("#garden").await, ["said while bea was away"]);
    });
}
