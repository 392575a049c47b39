//! Clients and servers of versions that do not understand each other.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use huis_engine::HttpResponse;
use huis_proto::ErrorCode;
use huis_proto::frames::ServerFrame;
use huis_proto::rest::ServerInfo;
use huis_proto::versions::{MINIMUM_CLIENT, Version};
use huis_testkit::{Device, Fate, story};
use huis_views::{Failure, Notice};

use crate::two_friends;

const FUTURE: Version = Version::new(9, 0, 0);

#[test]
fn a_client_that_is_too_old_says_so_does_not_ask_without_end_and_goes_on_once_it_is_served() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        world.server_serves_from(FUTURE).await;
        let refused = counts_refusals(&ann);
        ann.notices("that it is too old", is_too_old).await;
        ann.writes("@bea", "written meanwhile").await;
        world.passes(Duration::from_secs(6 * 3600)).await;
        assert!((1..=8).contains(&refused.get()), "{} requests in six hours", refused.get());
        let notices = ann.noticed().await;
        assert_eq!(notices.iter().filter(|notice| is_too_old(notice)).count(), 1, "it is said once");
        let failure = ann.status().await.hindrance.unwrap();
        let said = failure.to_string();
        assert!(said.contains("9.0.0") && said.contains("install a newer version"), "{said}");

        world.server_serves_from(MINIMUM_CLIENT).await;
        for device in [&ann, &bea] {
            device.restarts().await;
        }
        bea.hears("@ann", "written meanwhile").await;
        assert_eq!(ann.status().await.hindrance, None);
    });
}

#[test]
fn a_client_that_is_too_old_learns_it_before_it_registers_or_signs_in() {
    story(async |world| {
        let bea = world.account("bea").await;
        world.server_serves_from(FUTURE).await;
        let (ann, tablet) = (world.blank_account("ann"), world.blank_device(&bea, "tablet"));
        for device in [&ann, &tablet] {
            let asked = Rc::new(Cell::new(0));
            let count = Rc::clone(&asked);
            device.requests_pass(move |request| {
                count.set(count.get() + u32::from(!request.path.ends_with("/server")));
                Some(request)
            });
            device.start();
            let failure = tries_to_come_in(device).await.unwrap_err();
            assert!(matches!(failure, Failure::Refused { code: ErrorCode::ClientTooOld, .. }), "{failure:?}");
            assert_eq!(asked.get(), 0, "nothing else was asked");
        }
    });
}

#[test]
fn a_server_that_is_too_old_is_not_talked_to() {
    story(async |world| {
        let (ann, _) = two_friends(&world).await;
        let cem = world.blank_account("cem");
        cem.answers_pass(|request, response| {
            if !request.path.ends_with("/api/v1/server") {
                return Some(response);
            }
            let mut info: ServerInfo = serde_json::from_slice(&response.body).unwrap();
            info.version = "0.0.9".into();
            Some(HttpResponse { body: serde_json::to_vec(&info).unwrap(), ..response })
        });
        cem.start();
        let failure = tries_to_come_in(&cem).await.unwrap_err();
        assert!(matches!(failure, Failure::ServerTooOld { .. }), "{failure:?}");

        ann.received_frames_pass(|frame| match frame {
            ServerFrame::Ready(mut ready) => {
                ready.server = "0.0.9".into();
                Fate::passes(ServerFrame::Ready(ready))
            }
            other => Fate::passes(other),
        });
        ann.loses_its_connection();
        let too_old =
            |notice: &Notice| matches!(notice, Notice::VersionsApart { failure: Failure::ServerTooOld { .. } });
        ann.notices("that the server is too old", too_old).await;
        ann.nobody_meddles();
        ann.restarts().await;
        ann.says("@bea", "it was updated").await;
    });
}

fn is_too_old(notice: &Notice) -> bool {
    matches!(notice, Notice::VersionsApart { failure: Failure::Refused { code: ErrorCode::ClientTooOld, .. } })
}

/// Registers, or signs in on a further device.
async fn tries_to_come_in(device: &Device) -> Result<huis_views::Reply, Failure> {
    if device.label() == device.name() { device.tries_to_register().await } else { device.tries_to_sign_in().await }
}

fn counts_refusals(device: &Device) -> Rc<Cell<u32>> {
    let refused = Rc::new(Cell::new(0));
    let count = Rc::clone(&refused);
    device.answers_pass(move |_, response| {
        count.set(count.get() + u32::from(response.status == 426));
        Some(response)
    });
    refused
}
