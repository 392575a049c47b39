//! The web app's access token: in a cookie that no script reads, and of no use to other sites' pages.

use http::StatusCode;
use huis_proto::ErrorCode;
use huis_proto::rest::{IN_COOKIE, RefreshSession, Secret, SessionGrant, SessionInfo};
use huis_proto::{DeviceId, labels};
use huis_server::Config;
use rand::rngs::OsRng;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::harness::{
    Answer, Call, Cookie, House, MINUTE_MS, Person, fresh_key, registration, sign_in, with_passphrase,
};

const SESSIONS: &str = "/api/v1/sessions";

/// Somebody who registers on the server's page.
async fn registers(house: &House, name: &str) -> (Person, Cookie) {
    let (request, person) = registration(house, name, with_passphrase()).await;
    let answer = house.post("/api/v1/registrations/finish", &request).by_own_page().send().await;
    let cookie = answer.cookie().unwrap();
    (Person { grant: answer.read(), ..person }, cookie)
}

/// What refreshes the person's session.
fn refresh<'a>(house: &'a House, person: &Person, token: &Secret) -> Call<'a> {
    let proof = labels::sign(&person.device_key, labels::SESSION, token.expose().as_bytes());
    house.post("/api/v1/sessions/refresh", &RefreshSession { refresh_token: token.clone(), proof })
}

/// What the page asks with its cookie.
async fn asks(house: &House, cookie: &Cookie) -> Answer {
    house.get(SESSIONS).by_own_page().header("cookie", cookie.header()).send().await
}

/// The token must not be anywhere but in the cookie.
fn is_out_of_reach(answer: &Answer) -> Cookie {
    let cookie = answer.cookie().unwrap();
    assert_eq!(cookie.attributes, ["HttpOnly", "Max-Age=900", "Path=/", "SameSite=Strict", "Secure"]);
    assert!(cookie.value.split('.').count() == 3, "a token: {}", cookie.value);
    let body = String::from_utf8(answer.body.clone()).unwrap();
    assert!(!body.contains(&cookie.value) && body.contains("\"access_token\":\"in-cookie\""), "{body}");
    assert_eq!(answer.headers["cache-control"], "no-store");
    cookie
}

#[tokio::test]
async fn wherever_a_token_is_granted_to_the_web_app_no_script_holds_it() {
    let house = House::open().await;
    // Registration.
    let (request, person) = registration(&house, "anna", with_passphrase()).await;
    let registered = house.post("/api/v1/registrations/finish", &request).by_own_page().send().await;
    let first = is_out_of_reach(&registered);
    let mut anna = Person { grant: registered.read(), ..person };
    assert_eq!(anna.grant.access_token.expose(), IN_COOKIE);
    let sessions: Vec<SessionInfo> = asks(&house, &first).await.read();
    assert!(sessions[0].current);
    // A refresh.
    let refreshed = refresh(&house, &anna, &anna.grant.refresh_token).by_own_page().send().await;
    let second = is_out_of_reach(&refreshed);
    let _: Vec<SessionInfo> = asks(&house, &second).await.read();
    anna.grant = refreshed.read();
    // A sign-in with a further device.
    let ticket = sign_in(&house, "anna", anna.password).await.unwrap().ticket;
    let (device, key) = (DeviceId::random(&mut OsRng), fresh_key());
    let list = anna.next_list(&[(anna.device, &anna.device_key), (device, &key)]);
    let enrol = huis_proto::rest::EnrolDevice {
        proof: labels::sign(&key, labels::SESSION, ticket.expose().as_bytes()),
        ticket,
        device,
        device_lists: vec![list],
        stay_signed_in: false,
    };
    let enrolled = house.post("/api/v1/devices", &enrol).by_own_page().send().await;
    let third = is_out_of_reach(&enrolled);
    let sessions: Vec<SessionInfo> = asks(&house, &third).await.read();
    assert_eq!(sessions.len(), 2);
}

#[tokio::test]
async fn other_clients_get_their_token_in_the_body_and_no_cookie() {
    let house = House::open().await;
    for (number, client) in ["", "huis/0.1.0", "curl/8.5.0", "huis-webby/1.0.0"].into_iter().enumerate() {
        let name = format!("person-{number}");
        let (request, _) = registration(&house, &name, with_passphrase()).await;
        let answer = house.post("/api/v1/registrations/finish", &request).header("huis-client", client).send().await;
        assert_eq!(answer.cookie(), None);
        let grant: SessionGrant = answer.read();
        let _: Vec<SessionInfo> = house.get(SESSIONS).token(&grant.access_token).send().await.read();
    }
}

#[tokio::test]
async fn who_only_says_that_it_is_the_web_app_is_granted_nothing() {
    let house = House::open().await;
    let (anna, _) = registers(&house, "anna").await;
    let web = ("huis-client", "huis-web/0.1.0");
    let strangers: [&[(&'static str, &str)]; 6] = [
        &[web],
        &[web, ("sec-fetch-site", "cross-site")],
        &[web, ("sec-fetch-site", "same-site")],
        &[web, ("sec-fetch-site", "none"), ("origin", "https://chat.example"), ("host", "chat.example")],
        &[web, ("origin", "https://evil.example"), ("host", "chat.example")],
        &[web, ("origin", "http://chat.example"), ("host", "chat.example")],
    ];
    for stranger in strangers {
        let mut call = refresh(&house, &anna, &anna.grant.refresh_token);
        for (name, value) in stranger {
            call = call.header(name, *value);
        }
        let answer = call.send().await;
        assert_eq!((answer.code(), answer.cookie()), (ErrorCode::Forbidden, None), "{stranger:?}");
    }
    // None of them has used the token up.
    is_out_of_reach(&refresh(&house, &anna, &anna.grant.refresh_token).by_own_page().send().await);
}

#[tokio::test]
async fn the_cookie_is_of_no_use_to_other_sites_pages() {
    let house = House::open().await;
    let (_, cookie) = registers(&house, "anna").await;
    let ask = || house.get(SESSIONS).header("cookie", cookie.header()).header("huis-client", "huis-web/0.1.0");
    let host = ("host", "chat.example");
    for stranger in [
        ask(),
        ask().header("sec-fetch-site", "cross-site"),
        ask().header("sec-fetch-site", "same-site"),
        ask().header("sec-fetch-site", "none"),
        ask().header("origin", "https://evil.example").header(host.0, host.1),
        ask().header("origin", "null").header(host.0, host.1),
        ask().header("sec-fetch-site", "cross-site").header("origin", "https://chat.example").header(host.0, host.1),
    ] {
        assert_eq!(stranger.send().await.code(), ErrorCode::Forbidden);
    }
    let own = ask().header("origin", "https://chat.example").header(host.0, host.1).send().await;
    let _: Vec<SessionInfo> = own.read();
    // And what they may not read, they may not do.
    let ended = house.delete("/api/v1/sessions/current").header("cookie", cookie.header());
    assert_eq!(ended.header("sec-fetch-site", "cross-site").send().await.code(), ErrorCode::Forbidden);
    let _: Vec<SessionInfo> = asks(&house, &cookie).await.read();
}

#[tokio::test]
async fn a_bearer_token_counts_before_a_cookie() {
    let house = House::open().await;
    let (_, cookie) = registers(&house, "anna").await;
    let berta = Person::registers(&house, "berta").await;
    let both = || house.get(SESSIONS).by_own_page().header("cookie", cookie.header());
    let sessions: Vec<SessionInfo> = both().by(&berta).send().await.read();
    assert_eq!(sessions[0].session, berta.grant.session);
    for wrong in ["Bearer in-cookie", "Bearer ", "Basic YTpi"] {
        assert_eq!(both().header("authorization", wrong).send().await.code(), ErrorCode::NotSignedIn, "{wrong}");
    }
}

#[tokio::test]
async fn a_page_whose_cookie_is_gone_or_too_old_refreshes_its_session() {
    let house = House::open().await;
    let (anna, cookie) = registers(&house, "anna").await;
    assert_eq!(house.get(SESSIONS).by_own_page().send().await.code(), ErrorCode::TokenExpired);
    house.pass(15 * MINUTE_MS);
    assert_eq!(asks(&house, &cookie).await.code(), ErrorCode::TokenExpired);
    let cookie = refresh(&house, &anna, &anna.grant.refresh_token).by_own_page().send().await.cookie().unwrap();
    let _: Vec<SessionInfo> = asks(&house, &cookie).await.read();
}

#[tokio::test]
async fn signing_out_takes_the_cookie_away() {
    let house = House::open().await;
    for path in ["/api/v1/sessions/current", "own"] {
        let (person, cookie) = registers(&house, &format!("p{}", path.len())).await;
        let own = format!("{SESSIONS}/{}", person.grant.session);
        let path = if path == "own" { own } else { path.into() };
        let answer = house.delete(path).by_own_page().header("cookie", cookie.header()).send().await;
        answer.is_done();
        let gone = answer.cookie().unwrap();
        assert_eq!(gone.value, "");
        assert_eq!(gone.attributes, ["HttpOnly", "Max-Age=0", "Path=/", "SameSite=Strict", "Secure"]);
        assert_eq!(asks(&house, &cookie).await.code(), ErrorCode::SessionEnded);
    }
    // Another device's session ends without this one's cookie.
    let (mut anna, cookie) = registers(&house, "anna").await;
    let (_, _, other) = anna.adds_device(&house).await;
    let path = format!("{SESSIONS}/{}", other.session);
    let answer = house.delete(path).by_own_page().header("cookie", cookie.header()).send().await;
    answer.is_done();
    assert_eq!(answer.cookie(), None);
    // Who brings a bearer token has no cookie to lose.
    let berta = Person::registers(&house, "berta").await;
    assert_eq!(house.delete("/api/v1/sessions/current").by(&berta).send().await.cookie(), None);
}

/// The status of an upgrade to a WebSocket with these headers.
async fn upgrades(house: &House, headers: &[(&str, &str)]) -> StatusCode {
    let (mut near, far) = tokio::io::duplex(4096);
    assert!(house.server.connect(far, "192.0.2.1:4000".parse().unwrap()));
    let mut request =
        "GET /api/v1/ws HTTP/1.1\r\nconnection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n\
        sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-protocol: huis.v1\r\n"
            .to_owned();
    for (name, value) in headers {
        request.push_str(&format!("{name}: {value}\r\n"));
    }
    request.push_str("\r\n");
    near.write_all(request.as_bytes()).await.unwrap();
    let mut status = [0; 12];
    near.read_exact(&mut status).await.unwrap();
    std::str::from_utf8(&status).unwrap().rsplit(' ').next().unwrap().parse().unwrap()
}

#[tokio::test]
async fn a_page_connects_with_its_cookie_and_another_sites_page_does_not() {
    let public = |config: &mut Config| config.public_url = Some("https://chat.example".into());
    let house = House::with(public).await;
    let (_, cookie) = registers(&house, "anna").await;
    let cookie = cookie.header();
    let with = |more: &[(&'static str, &'static str)]| {
        let mut headers = vec![("cookie".to_owned(), cookie.clone())];
        headers.extend(more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        headers
    };
    let status = async |headers: Vec<(String, String)>| {
        let headers: Vec<_> = headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        upgrades(&house, &headers).await
    };
    for own in [
        with(&[("host", "inner:8080"), ("origin", "https://chat.example")]),
        with(&[("host", "other.example"), ("origin", "https://other.example")]),
        with(&[("host", "127.0.0.1:8080"), ("origin", "http://127.0.0.1:8080")]),
        with(&[("host", "localhost:8080"), ("origin", "http://localhost:8080")]),
        with(&[("host", "chat.example"), ("sec-fetch-site", "same-origin")]),
    ] {
        assert_eq!(status(own.clone()).await, StatusCode::SWITCHING_PROTOCOLS, "{own:?}");
    }
    for foreign in [
        with(&[("host", "chat.example"), ("origin", "https://evil.example")]),
        with(&[("host", "chat.example"), ("origin", "http://chat.example")]),
        with(&[("host", "localhost:8080"), ("origin", "http://localhost:3000")]),
        with(&[("host", "chat.example"), ("origin", "null")]),
        with(&[("host", "chat.example")]),
        with(&[("host", "chat.example"), ("origin", "https://chat.example"), ("sec-fetch-site", "cross-site")]),
    ] {
        assert_eq!(status(foreign.clone()).await, StatusCode::FORBIDDEN, "{foreign:?}");
    }
    let nobody = vec![("host".to_owned(), "chat.example".to_owned()), ("origin".into(), "https://chat.example".into())];
    assert_eq!(status(nobody).await, StatusCode::UNAUTHORIZED);
}
