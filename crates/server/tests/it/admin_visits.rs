//! Visits to the administration pages: let in once by a code, known by a cookie that no other site's page can use.

use http::StatusCode;
use huis_proto::rest::{
    AccountsPage, AuditPage, CreateInvitation, EnterVisit, InvitationInfo, InvitationMade, OwnPlace, Secret,
    ServerRole, SessionsEnded, SetRole, Suspend, VisitCode,
};
use huis_proto::{ErrorCode, limits};

use super::harness::{Answer, Call, House, Person, administrator};

const CODE: &str = "/api/v1/admin/visits/code";
const VISITS: &str = "/api/v1/admin/visits";
const SELF: &str = "/api/v1/admin/self";
const ACCOUNTS: &str = "/api/v1/admin/accounts";
const INVITATIONS: &str = "/api/v1/admin/invitations";
const CLIENT: &str = "huis-admin/0.1.0";

/// As the pages ask, with this value in their cookie.
fn by_pages<'a>(call: Call<'a>, cookie: &str) -> Call<'a> {
    by_own_page(call).header("cookie", format!("__Secure-huis-admin={cookie}"))
}

fn by_own_page(call: Call<'_>) -> Call<'_> {
    call.header("huis-client", CLIENT).header("sec-fetch-site", "same-origin")
}

async fn code(house: &House, person: &Person) -> Secret {
    house.call("POST", CODE).by(person).send().await.read::<VisitCode>().code
}

fn enters<'a>(house: &'a House, code: &Secret) -> Call<'a> {
    house.post(VISITS, &EnterVisit { code: code.clone() })
}

/// The value of the cookie that an answer sets, and what else it says of it.
fn cookie(answer: &Answer) -> (String, String) {
    let header = answer.headers["set-cookie"].to_str().unwrap();
    let (pair, attributes) = header.split_once("; ").unwrap();
    let value = pair.strip_prefix("__Secure-huis-admin=").unwrap();
    (value.to_owned(), attributes.to_owned())
}

async fn visits(house: &House, person: &Person) -> String {
    let answer = by_own_page(enters(house, &code(house, person).await)).send().await;
    answer.is_done();
    cookie(&answer).0
}

async fn own_place(house: &House, cookie: &str) -> Answer {
    by_pages(house.get(SELF), cookie).send().await
}

async fn is_over(house: &House, cookie: &str) {
    let answer = own_place(house, cookie).await;
    assert_eq!((answer.status, answer.code()), (StatusCode::UNAUTHORIZED, ErrorCode::SessionEnded));
}

/// A house, its head, and a moderator.
async fn house_with_moderator() -> (House, Person, Person) {
    let house = House::open().await;
    let head = administrator(&house).await;
    let mona = Person::registers(&house, "mona").await;
    gives_role(&house, &head, ServerRole::Moderator).await;
    (house, head, mona)
}

async fn gives_role(house: &House, head: &Person, role: ServerRole) {
    house.put(format!("{ACCOUNTS}/mona/role"), &SetRole { role }).by(head).send().await.is_done();
}

#[tokio::test]
async fn a_code_lets_one_browser_in_and_it_may_what_the_account_may() {
    let (house, head, mona) = house_with_moderator().await;
    let anna = Person::registers(&house, "anna").await;
    let code = code(&house, &mona).await;
    let entered = by_own_page(enters(&house, &code)).send().await;
    entered.is_done();
    let (value, attributes) = cookie(&entered);
    assert_eq!(attributes, "Max-Age=28800; Path=/api/v1/admin; Secure; HttpOnly; SameSite=Strict");
    assert_ne!(value, code.expose());
    let place: OwnPlace = own_place(&house, &value).await.read();
    assert_eq!((place.username.as_str(), place.role), ("mona", ServerRole::Moderator));
    assert_eq!(place.visit_ends_at_ms, Some(house.now_ms() + 8 * 3_600_000));
    let accounts: AccountsPage = by_pages(house.get(ACCOUNTS), &value).send().await.read();
    assert_eq!(accounts.accounts.len(), 3);
    let ended: SessionsEnded =
        by_pages(house.call("POST", format!("{ACCOUNTS}/anna/sessions/end")), &value).send().await.read();
    assert_eq!(ended.count, 1);
    assert_eq!(house.get("/api/v1/sessions").by(&anna).send().await.code(), ErrorCode::SessionEnded);
    // What takes a higher role is refused as it is elsewhere.
    let refused = by_pages(house.get("/api/v1/admin/audit"), &value).send().await;
    assert_eq!(refused.code(), ErrorCode::Forbidden);
    // It stands in the log who came in.
    let log: AuditPage = house.get("/api/v1/admin/audit").by(&head).send().await.read();
    assert_eq!(log.entries.iter().filter(|entry| entry.action == "visits.admit").count(), 1);
}

#[tokio::test]
async fn a_visit_of_an_administrator_makes_lists_and_revokes_invitations() {
    let (house, head, mona) = house_with_moderator().await;
    let cookie = visits(&house, &head).await;
    let wish = CreateInvitation { uses: 2, expires_in_s: 60, at: None };
    let made: InvitationMade = by_pages(house.post(INVITATIONS, &wish), &cookie).send().await.read();
    assert_eq!((made.info.made_by.as_str(), made.info.uses_left), ("head", 2));
    let listed: Vec<InvitationInfo> = by_pages(house.get(INVITATIONS), &cookie).send().await.read();
    assert_eq!(listed, std::slice::from_ref(&made.info));
    let path = format!("{INVITATIONS}/{}", made.info.id);
    let moderators = visits(&house, &mona).await;
    for call in [house.get(INVITATIONS), house.post(INVITATIONS, &wish), house.delete(&path)] {
        assert_eq!(by_pages(call, &moderators).send().await.code(), ErrorCode::Forbidden);
    }
    by_pages(house.delete(&path), &cookie).send().await.is_done();
    let left: Vec<InvitationInfo> = by_pages(house.get(INVITATIONS), &cookie).send().await.read();
    assert_eq!(left, []);
}

#[tokio::test]
async fn a_code_is_good_once_for_a_minute_and_until_the_next_one() {
    let (house, _, mona) = house_with_moderator().await;
    let used = code(&house, &mona).await;
    let first = by_own_page(enters(&house, &used)).send().await;
    first.is_done();
    let again = by_own_page(enters(&house, &used)).send().await;
    assert_eq!(again.code(), ErrorCode::ProofRefused);
    assert!(again.headers.get("set-cookie").is_none());
    // Who tries it twice takes nothing from who came first.
    let _: OwnPlace = own_place(&house, &cookie(&first).0).await.read();
    let late = code(&house, &mona).await;
    house.pass(u64::try_from(limits::VISIT_CODE.as_millis()).unwrap());
    assert_eq!(by_own_page(enters(&house, &late)).send().await.code(), ErrorCode::ProofRefused);
    let (replaced, next) = (code(&house, &mona).await, code(&house, &mona).await);
    assert_eq!(by_own_page(enters(&house, &replaced)).send().await.code(), ErrorCode::ProofRefused);
    for wrong in [Secret::new(""), Secret::new("x".repeat(43)), Secret::new(cookie(&first).0)] {
        assert_eq!(by_own_page(enters(&house, &wrong)).send().await.code(), ErrorCode::ProofRefused);
    }
    by_own_page(enters(&house, &next)).send().await.is_done();
}

#[tokio::test]
async fn members_and_visits_are_given_no_code() {
    let (house, _, mona) = house_with_moderator().await;
    let anna = Person::registers(&house, "anna").await;
    assert_eq!(house.call("POST", CODE).by(&anna).send().await.code(), ErrorCode::Forbidden);
    assert_eq!(house.call("POST", CODE).send().await.code(), ErrorCode::NotSignedIn);
    let cookie = visits(&house, &mona).await;
    assert_eq!(by_pages(house.call("POST", CODE), &cookie).send().await.code(), ErrorCode::Forbidden);
    // And it goes on.
    let _: OwnPlace = own_place(&house, &cookie).await.read();
}

#[tokio::test]
async fn the_cookie_is_of_no_use_to_other_sites_pages_and_outside_administration() {
    let (house, head, mona) = house_with_moderator().await;
    let anna = Person::registers(&house, "anna").await;
    let value = visits(&house, &mona).await;
    let cookie = format!("__Secure-huis-admin={value}");
    let end = || house.call("POST", format!("{ACCOUNTS}/anna/sessions/end")).header("cookie", cookie.clone());
    // A form of another site's page: the browser adds the cookie, and no header of ours.
    for site in ["cross-site", "same-site", "none", "same-origin"] {
        let refused = end().header("sec-fetch-site", site).send().await;
        assert_eq!(refused.code(), ErrorCode::NotSignedIn, "{site}");
    }
    // Even with the header, were a browser to let it pass.
    let strangers: [&[(&'static str, &str)]; 4] = [
        &[],
        &[("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-site")],
        &[("origin", "https://evil.example"), ("host", "chat.example")],
    ];
    for stranger in strangers {
        let mut call = end().header("huis-client", CLIENT);
        for (name, value) in stranger {
            call = call.header(name, *value);
        }
        assert_eq!(call.send().await.code(), ErrorCode::Forbidden, "{stranger:?}");
        let mut call = enters(&house, &code(&house, &head).await).header("huis-client", CLIENT);
        for (name, value) in stranger {
            call = call.header(name, *value);
        }
        assert_eq!(call.send().await.code(), ErrorCode::Forbidden, "{stranger:?}");
    }
    let _: serde_json::Value = house.get("/api/v1/sessions").by(&anna).send().await.read();
    // Elsewhere it is nobody's.
    for (method, path) in [
        ("GET", "/api/v1/sessions"),
        ("DELETE", "/api/v1/sessions/current"),
        ("GET", "/api/v1/conversations"),
        ("GET", "/api/v1/reports"),
    ] {
        let refused = by_pages(house.call(method, path), &value).send().await;
        assert_eq!(refused.code(), ErrorCode::NotSignedIn, "{method} {path}");
    }
    // Nor is it a token.
    let refused = house.get(SELF).token(&Secret::new(value.clone())).send().await;
    assert_eq!(refused.code(), ErrorCode::NotSignedIn);
    let _: OwnPlace = own_place(&house, &value).await.read();
}

#[tokio::test]
async fn a_visit_ends_with_what_let_it_in() {
    let (house, head, mona) = house_with_moderator().await;
    // Another role, whichever.
    for role in [ServerRole::Administrator, ServerRole::Member] {
        let cookie = visits(&house, &mona).await;
        gives_role(&house, &head, role).await;
        is_over(&house, &cookie).await;
        gives_role(&house, &head, ServerRole::Moderator).await;
        is_over(&house, &cookie).await;
    }
    // Its leaving, which takes the cookie away.
    let left = visits(&house, &mona).await;
    let answer = by_pages(house.delete(VISITS), &left).send().await;
    answer.is_done();
    assert_eq!(
        cookie(&answer),
        (String::new(), "Max-Age=0; Path=/api/v1/admin; Secure; HttpOnly; SameSite=Strict".into())
    );
    is_over(&house, &left).await;
    // The next code.
    let before = visits(&house, &mona).await;
    let _ = code(&house, &mona).await;
    is_over(&house, &before).await;
    // The session's end.
    let signed_out = visits(&house, &mona).await;
    let unused = signed_out.clone();
    house.delete("/api/v1/sessions/current").by(&mona).send().await.is_done();
    is_over(&house, &signed_out).await;
    assert_eq!(by_own_page(enters(&house, &Secret::new(unused))).send().await.code(), ErrorCode::ProofRefused);
}

#[tokio::test]
async fn a_suspension_ends_a_visit_and_a_code() {
    let (house, head, mona) = house_with_moderator().await;
    let suspend = Suspend { reason: "Away".into(), ends_in_s: None };
    let cookie = visits(&house, &mona).await;
    let _: SessionsEnded = house.post(format!("{ACCOUNTS}/mona/suspend"), &suspend).by(&head).send().await.read();
    is_over(&house, &cookie).await;
    house.call("POST", format!("{ACCOUNTS}/mona/lift")).by(&head).send().await.is_done();
    is_over(&house, &cookie).await;
}

#[tokio::test]
async fn a_visit_ends_when_it_is_idle_and_after_eight_hours() {
    let (house, _, mona) = house_with_moderator().await;
    let idle = visits(&house, &mona).await;
    house.pass(30 * 60_000 - 1);
    let _: OwnPlace = own_place(&house, &idle).await.read();
    house.pass(30 * 60_000 - 1);
    let _: OwnPlace = own_place(&house, &idle).await.read();
    house.pass(30 * 60_000);
    is_over(&house, &idle).await;
    let grant = mona.refreshes(&house, &mona.grant.refresh_token).await.read();
    let mona = Person { grant, ..mona };
    let long = visits(&house, &mona).await;
    for _ in 0..19 {
        house.pass(25 * 60_000);
        let _: OwnPlace = own_place(&house, &long).await.read();
    }
    house.pass(5 * 60_000);
    is_over(&house, &long).await;
}

#[tokio::test]
async fn two_nodes_let_one_in_by_a_code_and_both_know_the_cookie() {
    let (house, _, mona) = house_with_moderator().await;
    let other = house.beside().await;
    let code = code(&house, &mona).await;
    let entered = by_own_page(enters(&other, &code)).send().await;
    entered.is_done();
    assert_eq!(by_own_page(enters(&house, &code)).send().await.code(), ErrorCode::ProofRefused);
    for node in [&house, &other] {
        let _: OwnPlace = own_place(node, &cookie(&entered).0).await.read();
    }
}
