use http::StatusCode;
use huis_proto::ErrorCode;
use huis_proto::rest::{RegistrationPolicy, ServerInfo};
use serde_json::Value;

use super::harness::House;

#[tokio::test]
async fn the_server_says_what_it_is() {
    let house = House::open().await;
    let info: ServerInfo = house.get("/api/v1/server").send().await.read();
    assert_eq!(info.registration, RegistrationPolicy::Passphrase);
    assert_eq!((info.server_time_ms, info.retention_s), (house.now_ms(), 90 * 24 * 3600));
    for path in ["/healthz", "/readyz"] {
        assert_eq!(house.get(path).send().await.status, StatusCode::OK, "{path}");
    }
}

#[tokio::test]
async fn the_description_names_every_resource_and_the_form_of_refusals() {
    let house = House::open().await;
    let api: Value = house.get("/api/v1/openapi.json").send().await.read();
    let paths = api["paths"].as_object().unwrap();
    for path in [
        "/api/v1/server",
        "/api/v1/registrations/start",
        "/api/v1/registrations/finish",
        "/api/v1/sign-ins/start",
        "/api/v1/sign-ins/finish",
        "/api/v1/devices",
        "/api/v1/sessions",
        "/api/v1/sessions/refresh",
        "/api/v1/sessions/current",
        "/api/v1/sessions/{session}",
        "/api/v1/accounts/by-name/{username}",
        "/api/v1/accounts/{account}",
        "/api/v1/accounts/{account}/device-lists",
        "/api/v1/accounts/{account}/key-packages/claim",
        "/api/v1/account/device-list",
        "/api/v1/account/state",
        "/api/v1/account/vault",
        "/api/v1/key-packages",
        "/api/v1/conversations",
        "/api/v1/admin/invitations",
        "/api/v1/push-subscription",
        "/api/v1/reports",
        "/api/v1/admin/invitations/{invitation}",
        "/api/v1/admin/settings",
        "/api/v1/admin/settings/{setting}",
        "/api/v1/ws",
    ] {
        assert!(paths.contains_key(path), "{path}");
    }
    assert!(paths["/api/v1/sign-ins/start"]["post"]["security"] != api["security"]);
    assert!(paths["/api/v1/sessions"]["get"].get("security").is_none() && api["security"][0].get("bearer").is_some());
    // Every reference leads somewhere.
    let text = api.to_string();
    for reference in text.split("\"$ref\":\"#/components/schemas/").skip(1) {
        let name = reference.split('"').next().unwrap();
        assert!(api["components"]["schemas"].get(name).is_some(), "{name}");
    }
    let codes = api["components"]["schemas"]["ErrorCode"]["enum"].as_array().unwrap();
    for code in ErrorCode::ALL {
        assert!(codes.iter().any(|text| text == code.as_str()), "{code}: {codes:?}");
    }
}

#[tokio::test]
async fn the_pages_ask_nobody_else_for_anything() {
    let house = House::open().await;
    for path in ["/", "/api/v1/docs"] {
        let answer = house.get(path).send().await;
        assert_eq!(answer.status, StatusCode::OK);
        let page = String::from_utf8(answer.body).unwrap();
        assert!(page.starts_with("<!doctype html>"));
        assert!(!page.contains("<script") && !page.contains("style=") && !page.contains("<style"), "{path}");
        for link in page.split("href=\"").chain(page.split("src=\"")).skip(1) {
            assert!(
                link.starts_with(['/', '#']) || link.starts_with("<!doctype"),
                "{path}: {}",
                &link[..40.min(link.len())]
            );
        }
    }
    let welcome = String::from_utf8(house.get("/").send().await.body).unwrap();
    assert!(welcome.contains("built without the web app"), "{welcome}");
    let docs = String::from_utf8(house.get("/api/v1/docs").send().await.body).unwrap();
    assert!(docs.contains("/api/v1/sign-ins/start") && docs.contains("id=\"SessionGrant\""));
    assert_eq!(house.get("/api/v1/docs.css").send().await.headers["content-type"], "text/css; charset=utf-8");
}
