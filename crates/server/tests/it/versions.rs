//! Clients of other versions.

use http::StatusCode;
use huis_proto::ErrorCode;
use huis_proto::rest::ServerInfo;
use huis_proto::versions::{CLIENT_HEADER, MINIMUM_CLIENT, Version};

use super::harness::House;

#[tokio::test]
async fn a_client_that_is_too_old_is_told_so_and_may_still_ask_who_is_served() {
    let house = House::with(|config| config.minimum_client = Version::new(0, 3, 0)).await;
    for path in ["/api/v1/conversations", "/api/v1/ws", "/api/v1/sessions/refresh"] {
        let answer = house.get(path).header(CLIENT_HEADER, "huis/0.2.9").send().await;
        assert_eq!(answer.code(), ErrorCode::ClientTooOld, "{path}");
        assert_eq!(answer.status.as_u16(), 426);
        let said = String::from_utf8(answer.body).unwrap();
        assert!(said.contains("0.2.9") && said.contains("0.3.0") && said.contains("install"), "{said}");
    }
    let web_app = house.get("/api/v1/sessions").header(CLIENT_HEADER, "huis-web/0.2.9").send().await;
    assert_eq!(web_app.code(), ErrorCode::ClientTooOld);
    let info: ServerInfo = house.get("/api/v1/server").header(CLIENT_HEADER, "huis/0.2.9").send().await.read();
    assert_eq!(info.oldest_client, "0.3.0");
}

#[tokio::test]
async fn who_is_new_enough_or_states_no_version_of_huis_is_served() {
    let house = House::with(|config| config.minimum_client = Version::new(0, 3, 0)).await;
    for stated in ["huis/0.3.0", "huis/12.0.0", "curl/8.5.0", "huis/whatever", ""] {
        let answer = house.get("/healthz").header(CLIENT_HEADER, stated).send().await;
        assert_eq!(answer.status, StatusCode::OK, "{stated}");
        let answer = house.get("/api/v1/conversations").header(CLIENT_HEADER, stated).send().await;
        assert_eq!(answer.code(), ErrorCode::NotSignedIn, "{stated}");
    }
    assert_eq!(house.get("/api/v1/conversations").send().await.code(), ErrorCode::NotSignedIn);
}

#[tokio::test]
async fn by_default_every_client_is_served_that_this_version_understands() {
    let house = House::open().await;
    let info: ServerInfo = house.get("/api/v1/server").send().await.read();
    assert_eq!(info.oldest_client, MINIMUM_CLIENT.to_string());
    assert!(info.version.parse::<Version>().unwrap() >= MINIMUM_CLIENT);
}
