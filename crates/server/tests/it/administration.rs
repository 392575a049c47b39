use std::collections::BTreeSet;

use http::StatusCode;
use huis_proto::rest::{
    AccessPassphraseMade, AccountsPage, AdministeredAccount, AdministeredAccountDetails, Admission, AuditChain,
    AuditEntry, AuditPage, BanInfo, BanSet, BanTarget, ChangeSetting, ClaimKeyPackages, ClaimedKeyPackages,
    CloseReport, CreateBan, CreateInvitation, CreateReport, PutKeyPackages, RegistrationPolicy, ReportCategory,
    ReportInfo, ReportMade, ReportOutcome, ServerRole, SessionGrant, SessionInfo, SessionsEnded, SetRole, SettingInfo,
    Suspend, VisitCode,
};
use huis_proto::{Bytes, ErrorCode, InvitationId};
use huis_server::{ADMINISTRATIVE_ACTIONS, AdministrativeAction};

use super::harness::{
    Answer, House, MINUTE_MS, Person, administrator, begin_registration, enrol, sign_in, with_passphrase,
};

const SESSIONS: &str = "/api/v1/sessions";
const ACCOUNTS: &str = "/api/v1/admin/accounts";
const BANS: &str = "/api/v1/admin/bans";
const AUDIT: &str = "/api/v1/admin/audit";
const PASSPHRASE: &str = "/api/v1/admin/access-passphrase";
const STOP: &str = "/api/v1/admin/stop";

fn of(username: &str, what: &str) -> String {
    format!("{ACCOUNTS}/{username}/{what}")
}

fn because(reason: &str, ends_in_s: Option<u64>) -> Suspend {
    Suspend { reason: reason.into(), ends_in_s }
}

fn network(network: &str) -> CreateBan {
    CreateBan { target: BanTarget::Network(network.into()), reason: "flood".into(), ends_in_s: None }
}

async fn gives_role(house: &House, head: &Person, username: &str, role: ServerRole) {
    house.put(of(username, "role"), &SetRole { role }).by(head).send().await.is_done();
}

async fn account(house: &House, asker: &Person, username: &str) -> AdministeredAccount {
    let details: AdministeredAccountDetails = house.get(format!("{ACCOUNTS}/{username}")).by(asker).send().await.read();
    details.account
}

async fn audit(house: &House, asker: &Person) -> Vec<AuditEntry> {
    let page: AuditPage = house.get(AUDIT).by(asker).send().await.read();
    page.entries
}

fn report_on(reported: &Person) -> CreateReport {
    CreateReport { account: reported.account, category: ReportCategory::Spam, note: String::new(), message: None }
}

fn victim(number: usize, role: ServerRole) -> String {
    format!("victim-{number}-{}", role as u8)
}

/// A request for the action that names something which is there, or something which is not.
async fn tries(house: &House, action: &AdministrativeAction, asker: Option<&Person>, names: [&str; 3]) -> Answer {
    let [username, ban, report] = names;
    let path = action.path.replace("{username}", username).replace("{ban}", ban).replace("{report}", report);
    let path = path.replace("{invitation}", &InvitationId::from_bytes([9; 16]).to_string());
    let path =
        path.replace("{setting}", if username == "nobody-here" { "no-such-setting" } else { "lookups-per-minute" });
    let call = house.call(action.method, path);
    let call = match action.name {
        "accounts.suspend" => call.json(&because("spam", Some(60))),
        "accounts.set-role" => call.json(&SetRole { role: ServerRole::Member }),
        "reports.close" => call.json(&CloseReport { outcome: ReportOutcome::Acted, answer: String::new() }),
        "bans.set" => call.json(&network("198.51.100.0/24")),
        "settings.set" => call.json(&ChangeSetting { value: "1000000".into() }),
        "invitations.create" => call.json(&CreateInvitation { uses: 1, expires_in_s: 60, at: None }),
        _ => call,
    };
    match asker {
        Some(asker) => call.by(asker).send().await,
        None => call.send().await,
    }
}

#[tokio::test]
async fn each_action_is_for_its_role_and_those_above_and_the_others_learn_nothing() {
    let house = House::open().await;
    let head = administrator(&house).await;
    let mut people = vec![(ServerRole::SuperAdministrator, head)];
    for (name, role) in
        [("anna", ServerRole::Member), ("mona", ServerRole::Moderator), ("adam", ServerRole::Administrator)]
    {
        let person = Person::registers(&house, name).await;
        if role > ServerRole::Member {
            gives_role(&house, &people[0].1, name, role).await;
        }
        people.push((role, person));
    }
    // The lower ones first: what somebody sets is not for those below to set anew.
    people.sort_by_key(|(role, _)| *role);
    let moderator = people.iter().position(|(role, _)| *role == ServerRole::Moderator).unwrap();
    let ghost = "0123456789abcdef0123456789abcdef";
    // Somebody is there to be acted on, each time anew.
    let on_accounts = ADMINISTRATIVE_ACTIONS.iter().enumerate();
    for (number, _) in on_accounts.filter(|(_, action)| action.path.contains("{username}")) {
        for (role, _) in &people {
            Person::registers(&house, &victim(number, *role)).await;
        }
    }
    let (reporter, reported) =
        (Person::registers(&house, "reporter").await, Person::registers(&house, "reported").await);
    for (number, action) in ADMINISTRATIVE_ACTIONS.iter().enumerate() {
        let nobody = tries(&house, action, None, ["anna", ghost, ghost]).await;
        assert_eq!(nobody.code(), ErrorCode::NotSignedIn, "{}", action.name);
        for (role, person) in &people {
            let victim = victim(number, *role);
            let ban = house.post(BANS, &network("203.0.113.0/24")).by(&people[moderator].1);
            let ban: BanSet = ban.send().await.read();
            let ban = ban.ban.id.to_string();
            let report = if action.path.contains("{report}") {
                let report = house.post("/api/v1/reports", &report_on(&reported)).by(&reporter);
                report.send().await.read::<ReportMade>().id.to_string()
            } else {
                ghost.to_owned()
            };
            let there = tries(&house, action, Some(person), [&victim, &ban, &report]).await;
            if *role >= action.needs {
                let refused = !there.status.is_success();
                // There is no such invitation and no such suspension, whoever asks; and a setting is given back once.
                let is_missing = matches!(action.name, "invitations.revoke" | "accounts.lift" | "settings.reset");
                assert!(!refused || is_missing, "{}: {role}: {there:?}", action.name);
                assert_ne!(there.status, StatusCode::FORBIDDEN, "{}: {role}", action.name);
            } else {
                assert_eq!((there.status, there.code()), (StatusCode::FORBIDDEN, ErrorCode::Forbidden));
                let missing = tries(&house, action, Some(person), ["nobody-here", ghost, ghost]).await;
                assert_eq!((missing.status, &missing.body), (there.status, &there.body), "{}", action.name);
                let own = tries(&house, action, Some(person), [&person.name, ghost, ghost]).await;
                assert_eq!((own.status, &own.body), (there.status, &there.body), "{}", action.name);
            }
        }
    }
}

#[tokio::test]
async fn every_administrative_request_is_described_and_stands_in_the_table() {
    let house = House::open().await;
    let description = house.get("/api/v1/openapi.json").send().await.value();
    let mut described = BTreeSet::new();
    for (path, methods) in description["paths"].as_object().unwrap() {
        // Who comes and goes on the pages shows a code, or a cookie, and needs no role for it.
        if path == "/api/v1/admin/visits" {
            continue;
        }
        if path.starts_with("/api/v1/admin/") {
            for (method, operation) in methods.as_object().unwrap() {
                assert!(operation["responses"]["default"].is_object(), "{method} {path}: its refusals");
                described.insert((method.to_uppercase(), path.clone()));
            }
        }
    }
    let table: BTreeSet<_> =
        ADMINISTRATIVE_ACTIONS.iter().map(|action| (action.method.to_owned(), action.path.to_owned())).collect();
    assert_eq!(described, table);
}

/// With UPDATE_DOCS in the environment it is written.
#[test]
fn the_table_of_the_documentation_is_the_one_that_counts() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/administration.md");
    let (begin, end) = ("<!-- actions: made from the server's table -->\n", "<!-- end of actions -->");
    let mut table = String::from("| to | takes | request | in the audit log |\n|---|---|---|---|\n");
    for AdministrativeAction { name, needs, method, path, what } in ADMINISTRATIVE_ACTIONS {
        // Who only looks changes nothing; but what was revealed to be read is private.
        let only_looks = *method == "GET" && *name != "reports.read";
        let logged = if only_looks { "–".to_owned() } else { format!("`{name}`") };
        table.push_str(&format!("| {what} | {needs} | `{method} {path}` | {logged} |\n"));
    }
    let text = std::fs::read_to_string(path).unwrap();
    let (before, rest) = text.split_once(begin).unwrap();
    let (found, after) = rest.split_once(end).unwrap();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(path, [before, begin, &table, end, after].concat()).unwrap();
    } else {
        assert_eq!(found, table, "run this test with UPDATE_DOCS=1 to write it");
    }
}

#[tokio::test]
async fn all_sessions_of_an_account_end_at_once_and_no_others() {
    let house = House::open().await;
    let head = administrator(&house).await;
    let (mut anna, ben) = (Person::registers(&house, "anna").await, Person::registers(&house, "ben").await);
    let (_, _, second) = anna.adds_device(&house).await;
    let end = |name: &str| house.call("POST", of(name, "sessions/end")).by(&head);
    let ended: SessionsEnded = end("Anna").send().await.read();
    assert_eq!(ended.count, 2);
    assert_eq!(house.get(SESSIONS).by(&anna).send().await.code(), ErrorCode::SessionEnded);
    assert_eq!(house.get(SESSIONS).token(&second.access_token).send().await.code(), ErrorCode::SessionEnded);
    assert_eq!(anna.refreshes(&house, &anna.grant.refresh_token).await.code(), ErrorCode::SessionEnded);
    let _: Vec<SessionInfo> = house.get(SESSIONS).by(&ben).send().await.read();
    let again: SessionsEnded = end("anna").send().await.read();
    assert_eq!(again.count, 0);
    assert_eq!(end("nobody").send().await.code(), ErrorCode::NotFound);
    assert_eq!(end("no%20such%20name!").send().await.code(), ErrorCode::BadRequest);
    assert_eq!(end("head").send().await.code(), ErrorCode::BadRequest);
    let _: Vec<SessionInfo> = house.get(SESSIONS).by(&head).send().await.read();
}

#[tokio::test]
async fn a_suspended_account_is_out_until_it_is_lifted_or_over() {
    let house = House::open().await;
    let head = administrator(&house).await;
    let (anna, ben) = (Person::registers(&house, "anna").await, Person::registers(&house, "ben").await);
    let stock = PutKeyPackages { one_time: vec![Bytes(vec![1; 40])], last_resort: None, replace: false };
    house.post("/api/v1/key-packages", &stock).by(&anna).send().await.read::<serde_json::Value>();
    let ticket = anna.signs_in(&house).await.ticket;
    let suspend = |ends_in_s| house.post(of("anna", "suspend"), &because("  Too loud. ", ends_in_s)).by(&head);
    let ended: SessionsEnded = suspend(Some(3600)).send().await.read();
    assert_eq!(ended.count, 1);
    let is_out = async || {
        assert_eq!(house.get(SESSIONS).by(&anna).send().await.code(), ErrorCode::SessionEnded);
        assert_eq!(anna.refreshes(&house, &anna.grant.refresh_token).await.code(), ErrorCode::SessionEnded);
        let refused = sign_in(&house, "anna", anna.password).await.err().unwrap();
        assert_eq!(refused.code(), ErrorCode::Suspended);
        assert!(String::from_utf8_lossy(&refused.body).contains("Too loud."), "it says why");
        // Whoever does not know the password learns nothing of it.
        assert_eq!(sign_in(&house, "anna", "wrong").await.err().unwrap().code(), ErrorCode::SignInRefused);
        // A ticket from before is of no use.
        let refused = enrol(&house, &ticket, anna.device, &anna.device_key, None).await;
        assert_eq!(refused.code(), ErrorCode::Suspended);
        let path = format!("/api/v1/accounts/{}/key-packages/claim", anna.account);
        let claimed: ClaimedKeyPackages =
            house.post(path, &ClaimKeyPackages { devices: None }).by(&ben).send().await.read();
        assert_eq!((claimed.packages.len(), claimed.devices_without.len()), (0, 1));
    };
    is_out().await;
    let shown = account(&house, &head, "anna").await;
    let suspension = shown.suspension.unwrap();
    assert_eq!((suspension.reason.as_str(), suspension.set_by.as_str()), ("Too loud.", "head"));
    assert_eq!(suspension.ends_at_ms, Some(house.now_ms() + 3_600_000));
    // A node that starts later goes by it too.
    let beside = house.beside().await;
    assert_eq!(sign_in(&beside, "anna", anna.password).await.err().unwrap().code(), ErrorCode::Suspended);
    house.pass(5 * MINUTE_MS);
    house.call("POST", of("anna", "lift")).by(&head).send().await.is_done();
    assert_eq!(house.call("POST", of("anna", "lift")).by(&head).send().await.code(), ErrorCode::NotFound);
    anna.signs_in(&house).await;
    // By itself.
    suspend(Some(60)).send().await.read::<SessionsEnded>();
    is_out().await;
    house.pass(MINUTE_MS - 1);
    assert_eq!(sign_in(&house, "anna", anna.password).await.err().unwrap().code(), ErrorCode::Suspended);
    house.pass(1);
    let ticket = anna.signs_in(&house).await.ticket;
    let grant: SessionGrant = enrol(&house, &ticket, anna.device, &anna.device_key, None).await.read();
    let _: Vec<SessionInfo> = house.get(SESSIONS).token(&grant.access_token).send().await.read();
    assert!(account(&house, &head, "anna").await.suspension.is_none());
}

#[tokio::test]
async fn a_suspension_needs_a_reason_in_one_line_and_an_end_that_comes() {
    let house = House::open().await;
    let head = administrator(&house).await;
    Person::registers(&house, "anna").await;
    let long = "x".repeat(201);
    for (reason, ends_in_s) in
        [("", None), ("  ", None), ("two\nlines", None), (&long, None), ("spam", Some(0)), ("spam", Some(u64::MAX))]
    {
        let refused = house.post(of("anna", "suspend"), &because(reason, ends_in_s)).by(&head).send().await;
        assert_eq!(refused.code(), ErrorCode::BadRequest, "{reason} {ends_in_s:?}");
    }
    assert!(account(&house, &head, "anna").await.suspension.is_none());
    let own = house.post(of("head", "suspend"), &because("spam", None)).by(&head).send().await;
    assert_eq!(own.code(), ErrorCode::BadRequest);
}

#[tokio::test]
async fn roles_are_given_from_above_and_the_last_super_administrator_stays() {
    let house = House::open().await;
    let head = administrator(&house).await;
    let adam = Person::registers(&house, "adam").await;
    let mona = Person::registers(&house, "mona").await;
    gives_role(&house, &head, "adam", ServerRole::Administrator).await;
    gives_role(&house, &adam, "mona", ServerRole::Moderator).await;
    let set = |by: &Person, name: &str, role| house.put(of(name, "role"), &SetRole { role }).by(by);
    for (by, name, role) in [
        (&adam, "mona", ServerRole::Administrator),
        (&adam, "head", ServerRole::Member),
        (&adam, "adam", ServerRole::SuperAdministrator),
        (&mona, "mona", ServerRole::Administrator),
        (&head, "head", ServerRole::Member),
    ] {
        assert_eq!(set(by, name, role).send().await.code(), ErrorCode::Forbidden, "{name} {role}");
    }
    assert_eq!(set(&head, "nobody", ServerRole::Member).send().await.code(), ErrorCode::NotFound);
    for answer in [
        house.post(of("head", "suspend"), &because("coup", None)).by(&adam).send().await,
        house.delete(format!("{ACCOUNTS}/head")).by(&adam).send().await,
        house
            .post(BANS, &CreateBan { target: BanTarget::Name("head".into()), reason: "coup".into(), ends_in_s: None })
            .by(&mona)
            .send()
            .await,
    ] {
        assert_eq!(answer.code(), ErrorCode::Forbidden);
    }
    // Once there is another they may step down.
    gives_role(&house, &head, "adam", ServerRole::SuperAdministrator).await;
    gives_role(&house, &head, "head", ServerRole::Member).await;
    assert_eq!(house.get(ACCOUNTS).by(&head).send().await.code(), ErrorCode::Forbidden);
    assert_eq!(set(&adam, "adam", ServerRole::Member).send().await.code(), ErrorCode::Forbidden);
}

#[tokio::test]
async fn a_deleted_account_is_out_for_good_and_its_name_stays_taken() {
    let house = House::open().await;
    let head = administrator(&house).await;
    let (anna, ben) = (Person::registers(&house, "anna").await, Person::registers(&house, "ben").await);
    let ticket = anna.signs_in(&house).await.ticket;
    let ended: SessionsEnded = house.delete(format!("{ACCOUNTS}/anna")).by(&head).send().await.read();
    assert_eq!(ended.count, 1);
    assert_eq!(house.get(SESSIONS).by(&anna).send().await.code(), ErrorCode::SessionEnded);
    assert_eq!(sign_in(&house, "anna", anna.password).await.err().unwrap().code(), ErrorCode::SignInRefused);
    let refused = enrol(&house, &ticket, anna.device, &anna.device_key, None).await;
    assert_eq!(refused.code(), ErrorCode::ProofRefused);
    assert_eq!(begin_registration(&house, "anna", with_passphrase()).await.code(), ErrorCode::NameTaken);
    let by_name = house.get("/api/v1/accounts/by-name/anna").by(&ben).send().await;
    assert_eq!(by_name.code(), ErrorCode::NotFound);
    // What it said can still be checked.
    house.get(format!("/api/v1/accounts/{}", anna.account)).by(&ben).send().await.read::<serde_json::Value>();
    assert_eq!(account(&house, &head, "anna").await.deleted_at_ms, Some(house.now_ms()));
    assert_eq!(house.delete(format!("{ACCOUNTS}/anna")).by(&head).send().await.code(), ErrorCode::NotFound);
}

#[tokio::test]
async fn accounts_are_searched_and_come_page_by_page() {
    let house = House::open().await;
    let head = administrator(&house).await;
    for name in ["anna", "anton", "ben", "berta", "carla"] {
        Person::registers(&house, name).await;
    }
    gives_role(&house, &head, "ben", ServerRole::Moderator).await;
    house.post(of("carla", "suspend"), &because("spam", None)).by(&head).send().await.read::<SessionsEnded>();
    let names = async |query: &str| {
        let page: AccountsPage = house.get(format!("{ACCOUNTS}?{query}")).by(&head).send().await.read();
        let names: Vec<String> = page.accounts.into_iter().map(|account| account.username).collect();
        (names.join(" "), page.next)
    };
    assert_eq!(names("").await, ("anna anton ben berta carla head".into(), None));
    assert_eq!(names("most=2").await, ("anna anton".into(), Some("anton".into())));
    assert_eq!(names("most=2&after=anton").await, ("ben berta".into(), Some("berta".into())));
    assert_eq!(names("most=2&after=berta").await, ("carla head".into(), None));
    assert_eq!(names("search=AN").await, ("anna anton".into(), None));
    assert_eq!(names("search=an&most=1&after=anna").await, ("anton".into(), None));
    assert_eq!(names("role=moderator").await, ("ben".into(), None));
    assert_eq!(names("suspended=true").await, ("carla".into(), None));
    let long = format!("search={}", "x".repeat(33));
    for wrong in [
        "most=0",
        "most=201",
        "role=member",
        "role=king",
        "role=moderator&suspended=true",
        "search=a%00",
        "after=%00",
        "after=a%0Ab",
        &long,
    ] {
        let refused = house.get(format!("{ACCOUNTS}?{wrong}")).by(&head).send().await;
        assert_eq!(refused.code(), ErrorCode::BadRequest, "{wrong}");
    }
    let anna = account(&house, &head, "anna").await;
    assert_eq!((anna.devices, anna.sessions, anna.role), (1, 1, ServerRole::Member));
    let day = 24 * 60 * MINUTE_MS;
    assert_eq!(anna.seen_on_ms, Some(house.now_ms() / day * day));
}

#[tokio::test]
async fn a_banned_address_is_refused_in_every_notation_and_told_why() {
    let house = House::open().await;
    let head = administrator(&house).await;
    let anna = Person::registers(&house, "anna").await;
    let set = async |target: &str| -> BanInfo {
        let set: BanSet = house.post(BANS, &network(target)).by(&head).send().await.read();
        set.ban
    };
    let first = set("198.51.100.77/24").await;
    assert_eq!(first.target, BanTarget::Network("198.51.100.0/24".into()), "in its one form");
    set("2001:db8:7::/48").await;
    for address in ["198.51.100.7", "::ffff:198.51.100.7", "2001:db8:7::1"] {
        for path in ["/api/v1/server", SESSIONS, "/api/v1/ws"] {
            let refused = house.get(path).by(&anna).from(address).send().await;
            assert_eq!(
                (refused.status, refused.code()),
                (StatusCode::FORBIDDEN, ErrorCode::Banned),
                "{address} {path}"
            );
            assert!(String::from_utf8_lossy(&refused.body).contains("flood"));
        }
        let start = house.post("/api/v1/sign-ins/start", &serde_json::json!({})).from(address).send().await;
        assert_eq!(start.code(), ErrorCode::Banned);
        let start = house.post("/api/v1/registrations/start", &serde_json::json!({})).from(address).send().await;
        assert_eq!(start.code(), ErrorCode::Banned);
    }
    for address in ["198.51.101.7", "2001:db8:8::1", "192.0.2.1"] {
        let _: Vec<SessionInfo> = house.get(SESSIONS).by(&anna).from(address).send().await.read();
    }
    house.delete(format!("{BANS}/{}", first.id)).by(&head).send().await.is_done();
    assert_eq!(house.delete(format!("{BANS}/{}", first.id)).by(&head).send().await.code(), ErrorCode::NotFound);
    let _: Vec<SessionInfo> = house.get(SESSIONS).by(&anna).from("198.51.100.7").send().await.read();
    // It is there for who starts later, until it is over.
    let short = CreateBan { ends_in_s: Some(60), ..network("198.51.100.7") };
    house.post(BANS, &short).by(&head).send().await.read::<BanSet>();
    let beside = house.beside().await;
    let refused = async || beside.get(SESSIONS).by(&anna).from("198.51.100.7").send().await;
    assert_eq!(refused().await.code(), ErrorCode::Banned);
    house.pass(MINUTE_MS);
    let _: Vec<SessionInfo> = refused().await.read();
    let bans: Vec<BanInfo> = house.get(BANS).by(&head).send().await.read();
    assert_eq!(bans.len(), 1);
}

#[tokio::test]
async fn nobody_bans_themselves_whatever_a_proxy_says_of_them() {
    let house = House::with(|config| config.trusted_proxies = vec!["10.0.0.0/8".parse().unwrap()]).await;
    let head = administrator(&house).await;
    let from_behind = |target: &str| {
        house.post(BANS, &network(target)).by(&head).from("10.0.0.1").header("x-forwarded-for", "203.0.113.5")
    };
    for wrong in
        ["203.0.113.5", "203.0.113.0/24", "::ffff:203.0.113.5", "10.0.0.1", "127.0.0.1", "::1", "0.0.0.0/0", "nonsense"]
    {
        assert_eq!(from_behind(wrong).send().await.code(), ErrorCode::BadRequest, "{wrong}");
    }
    let own = CreateBan { target: BanTarget::Name("Head".into()), reason: "oops".into(), ends_in_s: None };
    assert_eq!(house.post(BANS, &own).by(&head).send().await.code(), ErrorCode::BadRequest);
    from_behind("203.0.113.6").send().await.read::<BanSet>();
    // A stranger's word about their address counts for nothing.
    let stranger = house.get("/api/v1/server").from("203.0.113.6").header("x-forwarded-for", "192.0.2.9").send().await;
    assert_eq!(stranger.code(), ErrorCode::Banned);
    let behind = house.get("/api/v1/server").from("10.0.0.1").header("x-forwarded-for", "203.0.113.6").send().await;
    assert_eq!(behind.code(), ErrorCode::Banned);
}

#[tokio::test]
async fn a_wide_network_is_banned_by_an_administrator_alone() {
    let house = House::open().await;
    let head = administrator(&house).await;
    let mona = Person::registers(&house, "mona").await;
    gives_role(&house, &head, "mona", ServerRole::Moderator).await;
    for (wide, narrow) in [("198.50.0.0/15", "198.51.0.0/16"), ("2001:db8::/31", "2001:db8::/32")] {
        let refused = house.post(BANS, &network(wide)).by(&mona).send().await;
        assert_eq!(refused.code(), ErrorCode::Forbidden, "{wide}");
        house.post(BANS, &network(narrow)).by(&mona).send().await.read::<BanSet>();
        house.post(BANS, &network(wide)).by(&head).send().await.read::<BanSet>();
    }
}

#[tokio::test]
async fn who_was_locked_out_comes_in_where_bans_of_networks_are_left_aside_and_lifts_them() {
    let house = House::open().await;
    let head = administrator(&house).await;
    let ban: BanSet = house.post(BANS, &network("198.51.100.0/24")).by(&head).send().await.read();
    assert_eq!(house.get(SESSIONS).by(&head).from("198.51.100.7").send().await.code(), ErrorCode::Banned);
    let beside = house.beside_with(|config| config.ignore_network_bans = true).await;
    let path = format!("{BANS}/{}", ban.ban.id);
    beside.delete(path).by(&head).from("198.51.100.7").send().await.is_done();
    // The others learn it in their round.
    house.server.keep_up().await;
    let _: Vec<SessionInfo> = house.get(SESSIONS).by(&head).from("198.51.100.7").send().await.read();
}

#[tokio::test]
async fn who_is_suspended_becomes_no_super_administrator() {
    let house = House::open().await;
    let head = administrator(&house).await;
    Person::registers(&house, "anna").await;
    house.post(of("anna", "suspend"), &because("spam", None)).by(&head).send().await.read::<SessionsEnded>();
    let raise = SetRole { role: ServerRole::SuperAdministrator };
    let refused = house.put(of("anna", "role"), &raise).by(&head).send().await;
    assert_eq!(refused.code(), ErrorCode::Forbidden);
    assert!(String::from_utf8_lossy(&refused.body).contains("lift it first"));
    house.call("POST", of("anna", "lift")).by(&head).send().await.is_done();
    house.put(of("anna", "role"), &raise).by(&head).send().await.is_done();
}

#[tokio::test]
async fn a_banned_name_is_registered_by_nobody_and_signed_in_by_nobody() {
    let house = House::open().await;
    let head = administrator(&house).await;
    let anna = Person::registers(&house, "anna").await;
    let ban = |name: &str| CreateBan { target: BanTarget::Name(name.into()), reason: "fraud".into(), ends_in_s: None };
    let set: BanSet = house.post(BANS, &ban("Anna")).by(&head).send().await.read();
    assert_eq!((set.ended_sessions, &set.ban.target), (1, &BanTarget::Name("anna".into())));
    assert_eq!(house.get(SESSIONS).by(&anna).send().await.code(), ErrorCode::SessionEnded);
    assert_eq!(sign_in(&house, "anna", anna.password).await.err().unwrap().code(), ErrorCode::Banned);
    house.post(BANS, &ban("ivory")).by(&head).send().await.read::<BanSet>();
    for name in ["ivory", "Ivory", "lvory"] {
        let refused = begin_registration(&house, name, with_passphrase()).await;
        assert_eq!(refused.code(), ErrorCode::Banned, "{name}");
    }
    house.delete(format!("{BANS}/{}", set.ban.id)).by(&head).send().await.is_done();
    anna.signs_in(&house).await;
}

#[tokio::test]
async fn whatever_is_done_is_in_the_audit_log_with_who_and_from_where() {
    let house = House::open().await;
    let head = administrator(&house).await;
    let anna = Person::registers(&house, "anna").await;
    house
        .post(of("anna", "suspend"), &because("spam", None))
        .by(&head)
        .from("192.0.2.7")
        .send()
        .await
        .read::<SessionsEnded>();
    house.call("POST", of("anna", "lift")).by(&head).send().await.is_done();
    let ban: BanSet = house.post(BANS, &network("198.51.100.7")).by(&head).send().await.read();
    house.delete(format!("{BANS}/{}", ban.ban.id)).by(&head).send().await.is_done();
    house.call("POST", of("anna", "sessions/end")).by(&head).send().await.read::<SessionsEnded>();
    gives_role(&house, &head, "anna", ServerRole::Moderator).await;
    let invitation = CreateInvitation { uses: 1, expires_in_s: 60, at: None };
    let made = house.post("/api/v1/admin/invitations", &invitation).by(&head).send().await.value();
    let path = format!("/api/v1/admin/invitations/{}", made["id"].as_str().unwrap());
    house.delete(path).by(&head).send().await.is_done();
    let berta = Person::registers(&house, "berta").await;
    let about =
        CreateReport { account: anna.account, category: ReportCategory::Spam, note: String::new(), message: None };
    let report = house.post("/api/v1/reports", &about).by(&berta).send().await.read::<ReportMade>().id;
    let reports = "/api/v1/admin/reports";
    house.call("POST", format!("{reports}/{report}/take")).by(&head).send().await.read::<ReportInfo>();
    let dismissed = CloseReport { outcome: ReportOutcome::Dismissed, answer: String::new() };
    house.post(format!("{reports}/{report}/close"), &dismissed).by(&head).send().await.read::<ReportInfo>();
    let setting = "/api/v1/admin/settings/guesses-per-minute";
    let change = ChangeSetting { value: "1000".into() };
    house.put(setting, &change).by(&head).send().await.read::<SettingInfo>();
    house.delete(setting).by(&head).send().await.is_done();
    let renewed: AccessPassphraseMade = house.call("POST", PASSPHRASE).by(&head).send().await.read();
    house.delete(format!("{ACCOUNTS}/anna")).by(&head).send().await.read::<SessionsEnded>();
    house.call("POST", "/api/v1/admin/visits/code").by(&head).send().await.read::<VisitCode>();
    house.call("POST", STOP).by(&head).send().await;
    // What is refused, or only looks, is not there.
    house.delete(format!("{ACCOUNTS}/nobody")).by(&head).send().await;
    house.get(ACCOUNTS).by(&head).send().await;
    let log = audit(&house, &head).await;
    let actions: Vec<&str> = log.iter().map(|entry| entry.action.as_str()).collect();
    assert_eq!(
        actions,
        [
            "super-administrator.claim",
            "accounts.suspend",
            "accounts.lift",
            "bans.set",
            "bans.lift",
            "accounts.end-sessions",
            "accounts.set-role",
            "invitations.create",
            "invitations.revoke",
            "reports.take",
            "reports.close",
            "settings.set",
            "settings.reset",
            "server.renew-passphrase",
            "accounts.delete",
            "visits.admit",
            "server.stop",
        ]
    );
    let mut logged: BTreeSet<&str> = actions.into_iter().skip(1).collect();
    for action in ADMINISTRATIVE_ACTIONS.iter().filter(|action| action.method != "GET") {
        assert!(logged.remove(action.name), "{}", action.name);
    }
    assert_eq!(logged, BTreeSet::new());
    assert_eq!((log[1].actor_name.as_str(), log[1].address.as_str()), ("head", "192.0.2.7"));
    assert_eq!((log[1].subject.as_str(), log[1].after.as_str()), ("anna", "without end: spam"));
    assert_eq!((log[6].before.as_str(), log[6].after.as_str()), ("member", "moderator"));
    let mut chain = AuditChain::default();
    for entry in &log {
        chain.follow(entry).unwrap();
    }
    let page: AuditPage = house.get(format!("{AUDIT}?after=3&most=2")).by(&head).send().await.read();
    assert_eq!(page.entries, log[3..5]);
    let mut newest = log.clone();
    newest.reverse();
    for (query, entries) in [
        ("newest_first=true", &newest[..]),
        ("newest_first=true&most=2", &newest[..2]),
        ("newest_first=true&before=3", &newest[newest.len() - 2..]),
        ("newest_first=true&before=1", &newest[..0]),
    ] {
        let page: AuditPage = house.get(format!("{AUDIT}?{query}")).by(&head).send().await.read();
        assert_eq!(page.entries, entries, "{query}");
    }
    for query in ["before=3", "newest_first=true&after=3", "newest_first=yes", "newest_first=true&before=-1"] {
        let refused = house.get(format!("{AUDIT}?{query}")).by(&head).send().await;
        assert_eq!(refused.code(), ErrorCode::BadRequest, "{query}");
    }
    let told = String::from_utf8_lossy(&house.get(AUDIT).by(&head).send().await.body).into_owned();
    assert!(!told.contains(renewed.access_passphrase.expose()), "the passphrase is in no log");
}

#[tokio::test]
async fn a_renewed_passphrase_counts_at_once() {
    let house = House::open().await;
    let head = administrator(&house).await;
    let made: AccessPassphraseMade = house.post(PASSPHRASE, &()).by(&head).send().await.read();
    assert_eq!(begin_registration(&house, "anna", with_passphrase()).await.code(), ErrorCode::PassphraseRefused);
    let admission = Admission { access_passphrase: Some(made.access_passphrase), ..Admission::default() };
    assert!(begin_registration(&house, "anna", admission).await.status.is_success());
}

#[tokio::test]
async fn where_nobody_comes_in_by_a_passphrase_none_is_made() {
    let house = House::with(|config| config.registration = RegistrationPolicy::Invite).await;
    let head = administrator(&house).await;
    assert_eq!(house.post(PASSPHRASE, &()).by(&head).send().await.code(), ErrorCode::BadRequest);
}

#[tokio::test]
async fn one_of_several_nodes_renews_no_passphrase() {
    let Some(bus) = huis_testredis::Server::start() else { return };
    let house = House::with(|config| config.bus = Some(bus.address().parse().unwrap())).await;
    let head = administrator(&house).await;
    assert_eq!(house.post(PASSPHRASE, &()).by(&head).send().await.code(), ErrorCode::BadRequest);
    assert!(begin_registration(&house, "anna", with_passphrase()).await.status.is_success());
}

#[tokio::test]
async fn who_runs_the_server_learns_that_it_is_to_stop() {
    let house = House::open().await;
    let head = administrator(&house).await;
    assert!(house.post(STOP, &()).by(&head).send().await.status.is_success());
    house.server.stop_asked().await;
    let _: SessionGrant = head.refreshes(&house, &head.grant.refresh_token).await.read();
}
