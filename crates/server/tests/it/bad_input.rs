use http::StatusCode;
use huis_proto::rest::{Secret, ServerInfo};
use huis_proto::{Bytes, ErrorCode, limits};
use huis_server::{Network, Rates};

use super::harness::{House, Person};

const START: &str = "/api/v1/sign-ins/start";

#[tokio::test]
async fn garbage_json_is_refused_with_its_place() {
    let house = House::open().await;
    for (body, place) in [
        ("", "EOF"),
        ("{", "line 1"),
        ("\u{0}\u{ff}", "line 1"),
        ("{}", "username"),
        ("{\"username\": \"anna\"}", "opaque"),
        ("{\"username\": \"anna\",\n\"opaque\": [1]}", "line 2"),
        ("{\"username\": \"anna\", \"opaque\": \"+/8=\"}", "opaque"),
    ] {
        let answer = house.call("POST", START).bytes(body).header("content-type", "application/json").send().await;
        assert_eq!(answer.code(), ErrorCode::BadRequest, "{body}");
        let title = answer.value()["title"].as_str().unwrap().to_owned();
        assert!(title.contains(place), "{body}: {title}");
    }
    let deep = "[".repeat(100_000);
    let answer = house.call("POST", START).bytes(deep).header("content-type", "application/json").send().await;
    assert_eq!(answer.code(), ErrorCode::BadRequest);
    let untyped = house.call("POST", START).bytes("{}").send().await;
    assert_eq!(untyped.code(), ErrorCode::BadRequest);
    assert!(untyped.value()["title"].as_str().unwrap().to_lowercase().contains("content-type"));
}

#[tokio::test]
async fn an_oversized_body_is_refused() {
    let house = House::open().await;
    let anna = Person::registers(&house, "anna").await;
    let body = serde_json::json!({ "username": "a".repeat(limits::REST_BODY), "opaque": "" });
    assert_eq!(house.post(START, &body).send().await.code(), ErrorCode::TooLarge);
    let commit = vec![b' '; limits::COMMIT_BODY + 1];
    let path = format!("/api/v1/conversations/{}/commits", "0".repeat(32));
    let answer =
        house.call("POST", path).bytes(commit).header("content-type", "application/json").by(&anna).send().await;
    assert_eq!(answer.code(), ErrorCode::TooLarge);
}

#[tokio::test]
async fn a_stranger_cannot_make_the_server_read_a_large_body() {
    let house = House::open().await;
    let path = format!("/api/v1/conversations/{}/commits", "0".repeat(32));
    let answer = house
        .call("POST", path)
        .bytes(vec![b' '; limits::COMMIT_BODY])
        .header("content-type", "application/json")
        .send()
        .await;
    assert_eq!(answer.code(), ErrorCode::NotSignedIn);
}

#[tokio::test]
async fn wrong_tokens_let_nobody_in() {
    let house = House::open().await;
    let anna = Person::registers(&house, "anna").await;
    let other_house = House::open().await;
    let other = Person::registers(&other_house, "anna").await;
    let own = anna.grant.access_token.expose();
    let cut = Secret::new(&own[..own.len() - 1]);
    for (what, token) in [
        ("nothing", Secret::new("")),
        ("garbage", Secret::new("a.b.c")),
        ("another server's", other.grant.access_token.clone()),
        ("a cut one", cut),
        ("a refresh token", anna.grant.refresh_token.clone()),
    ] {
        let answer = house.get("/api/v1/sessions").token(&token).send().await;
        assert_eq!(answer.code(), ErrorCode::NotSignedIn, "{what}");
        assert_eq!(answer.headers["www-authenticate"], "Bearer");
    }
    let basic = house.get("/api/v1/sessions").header("authorization", "Basic YTpi").send().await;
    assert_eq!(basic.code(), ErrorCode::NotSignedIn);
}

#[tokio::test]
async fn a_cookie_counts_only_for_the_servers_own_pages() {
    let house = House::open().await;
    let anna = Person::registers(&house, "anna").await;
    let cookie = format!("__Host-huis={}", anna.grant.access_token.expose());
    let from = |site: &'static str| {
        house.get("/api/v1/sessions").header("cookie", cookie.clone()).header("sec-fetch-site", site).send()
    };
    assert!(from("same-origin").await.status.is_success());
    assert_eq!(from("cross-site").await.code(), ErrorCode::Forbidden);
    let without = house.get("/api/v1/sessions").header("cookie", cookie.clone()).send().await;
    assert_eq!(without.code(), ErrorCode::Forbidden);
}

#[tokio::test]
async fn what_is_not_there_is_refused_in_the_same_form() {
    let house = House::open().await;
    for path in ["/nothing", "/api/v1/nothing", "/api/v2/server", "/%2e%2e/etc/passwd"] {
        assert_eq!(house.get(path).send().await.code(), ErrorCode::NotFound, "{path}");
    }
    let wrong_method = house.delete("/api/v1/server").send().await;
    assert_eq!(wrong_method.status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(wrong_method.code(), ErrorCode::BadRequest);
}

#[tokio::test]
async fn every_answer_carries_the_headers_that_bind_browsers() {
    let house = House::open().await;
    for path in ["/api/v1/server", "/nothing", "/api/v1/docs", "/"] {
        let answer = house.get(path).send().await;
        for (name, part) in [
            ("content-security-policy", "default-src 'none'"),
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("cache-control", "no-store"),
        ] {
            assert!(answer.headers[name].to_str().unwrap().contains(part), "{path} {name}");
        }
        assert!(!answer.headers.contains_key("access-control-allow-origin"));
    }
}

#[tokio::test]
async fn one_address_asks_only_so_often_whatever_it_writes_into_its_headers() {
    let house = House::with(|config| {
        config.rates = Rates { requests_per_second: 1, ..Rates::UNLIMITED };
        config.trusted_proxies = vec!["10.0.0.0/8".parse::<Network>().unwrap()];
    })
    .await;
    let ask = |peer: &'static str, forwarded: String| {
        house.get("/api/v1/server").from(peer).header("x-forwarded-for", forwarded).send()
    };
    for host in 0..5 {
        let answer = ask("192.0.2.7", format!("198.51.100.{host}")).await;
        let _: ServerInfo = answer.read();
    }
    assert_eq!(ask("192.0.2.7", "198.51.100.9".into()).await.code(), ErrorCode::TooManyRequests);
    // Behind the trusted proxy each client has its own bucket.
    for host in 0..20 {
        let _: ServerInfo = ask("10.0.0.1", format!("198.51.100.{host}")).await.read();
    }
    house.pass(1000);
    let _: ServerInfo = ask("192.0.2.7", String::new()).await.read();
}

#[tokio::test]
async fn no_answer_and_no_debug_form_repeats_a_secret() {
    let house = House::open().await;
    let anna = Person::registers(&house, "anna").await;
    assert!(!format!("{:?}", anna.grant).contains(anna.grant.refresh_token.expose()));
    assert!(!format!("{:?}", house.server.newcomers()).contains("amber"));
    let request = serde_json::json!({ "refresh_token": "my-secret-token", "proof": Bytes(vec![0; 64]) });
    let answer = house.post("/api/v1/sessions/refresh", &request).send().await;
    assert!(!String::from_utf8_lossy(&answer.body).contains("my-secret-token"));
}
