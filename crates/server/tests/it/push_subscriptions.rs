//! What a subscription to pushes must be. How devices are woken: `delivery::push`.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::StatusCode;
use huis_proto::ErrorCode;
use huis_proto::rest::{PushSubscription, ServerInfo};
use huis_proto::{Bytes, limits};
use huis_server::PushEndpoints;

use super::harness::{House, Person};

const PATH: &str = "/api/v1/push-subscription";

fn subscription() -> PushSubscription {
    // RFC 8291, appendix A.
    let key = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4";
    PushSubscription {
        endpoint: "https://push.example/1".into(),
        p256dh: Bytes(URL_SAFE_NO_PAD.decode(key).unwrap()),
        auth: Bytes(vec![7; 16]),
    }
}

#[tokio::test]
async fn pushes_go_to_public_push_services_and_nowhere_else() {
    let house = House::open().await;
    let anna = Person::registers(&house, "anna").await;
    for endpoint in [
        "http://push.example/1",
        "https://127.0.0.1/1",
        "https://[::1]:8443/1",
        "https://169.254.169.254/latest/meta-data",
        "https://192.168.1.1/",
        "https://[::ffff:10.0.0.1]/",
        "https://user:pass@push.example/",
        "gopher://push.example/",
        "push.example",
        &format!("https://push.example/{}", "a".repeat(limits::PUSH_ENDPOINT)),
    ] {
        let wrong = PushSubscription { endpoint: endpoint.into(), ..subscription() };
        assert_eq!(house.put(PATH, &wrong).by(&anna).send().await.code(), ErrorCode::BadRequest, "{endpoint}");
    }
    for wrong in [
        PushSubscription { p256dh: Bytes(vec![4; 65]), ..subscription() },
        PushSubscription { p256dh: Bytes(Vec::new()), ..subscription() },
        PushSubscription { auth: Bytes(vec![7; 15]), ..subscription() },
    ] {
        assert_eq!(house.put(PATH, &wrong).by(&anna).send().await.code(), ErrorCode::BadRequest);
    }
    assert_eq!(house.put(PATH, &subscription()).send().await.code(), ErrorCode::NotSignedIn);
    house.put(PATH, &subscription()).by(&anna).send().await.is_done();
    house.put(PATH, &subscription()).by(&anna).send().await.is_done();
    house.delete(PATH).by(&anna).send().await.is_done();
    house.delete(PATH).by(&anna).send().await.is_done();
}

#[tokio::test]
async fn the_server_names_its_key_or_says_that_it_sends_no_pushes() {
    let house = House::open().await;
    let info: ServerInfo = house.get("/api/v1/server").send().await.read();
    let key = info.push_key.unwrap();
    assert_eq!((key.len(), key[0]), (65, 4));
    let beside = house.beside().await;
    let same: ServerInfo = beside.get("/api/v1/server").send().await.read();
    assert_eq!(same.push_key.unwrap(), key, "it is kept");
    let off = House::with(|config| config.push_endpoints = PushEndpoints::None).await;
    let anna = Person::registers(&off, "anna").await;
    let info: ServerInfo = off.get("/api/v1/server").send().await.read();
    assert_eq!(info.push_key, None);
    let refused = off.put(PATH, &subscription()).by(&anna).send().await;
    assert_eq!((refused.status, refused.code()), (StatusCode::NOT_FOUND, ErrorCode::NotFound));
}
