//! The devices of an account know what each of them is, and end each other's sessions.

use huis_testkit::{Device, PASSWORD, story};
use huis_views::{Command, Connection, DeviceView, Reply};

use crate::{nobody_is_alarmed, two_friends};

async fn is_out(device: &Device) {
    device.until("its session has ended", async || device.status().await.connection == Connection::Idle).await;
}

async fn own_view(devices: &[DeviceView], device: &Device) -> DeviceView {
    let id = device.member().await.device;
    devices.iter().find(|view| view.device == id).cloned().unwrap()
}

async fn ends(device: &Device, command: Command) -> u32 {
    match device.command(command).await {
        Reply::SessionsEnded { count } => count,
        other => panic!("{other:?}"),
    }
}

#[test]
fn each_device_says_what_it_is_and_one_ends_the_sessions_of_others() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let tablet = world.another_device_of(&ann).await;
        let phone = world.another_device_of(&ann).await;
        for device in [&ann, &tablet, &phone] {
            device
                .until("all devices have said what they are", async || {
                    let devices = device.devices().await;
                    devices.len() == 3 && devices.iter().all(|view| view.name.as_deref().is_some_and(is_a_name))
                })
                .await;
        }
        let devices = ann.devices().await;
        let own = own_view(&devices, &ann).await;
        assert!(own.current && own.sessions.len() == 1 && own.sessions[0].current, "{own:?}");
        let of_tablet = own_view(&devices, &tablet).await;
        assert!(!of_tablet.current && of_tablet.sessions.len() == 1 && !of_tablet.sessions[0].current, "{of_tablet:?}");

        let session = Some(of_tablet.sessions[0].session);
        assert_eq!(ends(&ann, Command::EndOwnSessions { session }).await, 1);
        is_out(&tablet).await;
        assert_eq!(ends(&ann, Command::EndOwnSessions { session }).await, 0, "it has ended already");
        // One's own is ended by signing out alone.
        let session = Some(own.sessions[0].session);
        assert_eq!(ends(&ann, Command::EndOwnSessions { session }).await, 0);
        let of_tablet = own_view(&ann.devices().await, &tablet).await;
        assert!(of_tablet.sessions.is_empty() && of_tablet.used_at_ms.is_none(), "{of_tablet:?}");
        assert!(of_tablet.name.is_some(), "it stays on the account, under its name");

        tablet.signs_in_by(PASSWORD).await.unwrap();
        tablet.says("@bea", "back again").await;
        bea.hears("@ann", "back again").await;
        assert_eq!(ends(&ann, Command::EndOwnSessions { session: None }).await, 2);
        for out in [&tablet, &phone] {
            is_out(out).await;
        }
        ann.says("@bea", "I am still here").await;
        bea.hears("@ann", "I am still here").await;
        nobody_is_alarmed(&[&ann, &bea]).await;
    });
}

fn is_a_name(name: &str) -> bool {
    name.starts_with("huis")
}
