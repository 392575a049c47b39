use hmac::{Hmac, Mac as _};
use http::StatusCode;
use huis_proto::rest::{
    AuditPage, CloseReport, CreateReport, FrankingProof, OwnReport, ReportCategory, ReportDetails, ReportInfo,
    ReportMade, ReportOutcome, ReportState, ReportedMessage, ReportedPlace, ReportsPage, RevealedMessage, ServerRole,
    SetRole,
};
use huis_proto::{
    AccountId, Bytes, Bytes32, ConversationId, DeviceId, ErrorCode, Member, MessageId, ReportId, TimeShare, limits,
};
use huis_store::{Franking as _, Reports as _};
use sha2::Sha256;

use super::harness::{Answer, House, Person, administrator};

const REPORTS: &str = "/api/v1/reports";
const ADMIN: &str = "/api/v1/admin/reports";
const OPENING: [u8; 32] = [0x5c; 32];

fn of(report: ReportId, what: &str) -> String {
    format!("{ADMIN}/{report}/{what}")
}

/// The report of a message that the author sent, with the proof as the server gave it.
fn about(house: &House, author: &Person, content: &[u8]) -> CreateReport {
    let place = ReportedPlace {
        conversation: ConversationId::from_bytes([1; 16]),
        message: MessageId::from_bytes([2; 16]),
        device: author.device,
        seq: 7,
        received_at_ms: 1_700_000_000_000,
    };
    let commitment = Hmac::<Sha256>::new_from_slice(&OPENING).unwrap().chain_update(content).finalize().into_bytes();
    let from = Member { account: author.account, device: author.device };
    let key = house.keys().franking();
    let mac = key.mac(&Bytes32(commitment.into()), place.conversation, from, place.seq, place.received_at_ms);
    let opening = FrankingProof(Bytes32(OPENING));
    let revealed = RevealedMessage { content: Bytes(content.to_vec()), opening, mac, share: None };
    let message = ReportedMessage { place, revealed: Some(revealed) };
    CreateReport { message: Some(message), ..person(author) }
}

fn person(reported: &Person) -> CreateReport {
    CreateReport {
        account: reported.account,
        category: ReportCategory::Abuse,
        note: " Every day.\nPlease help. ".into(),
        message: None,
    }
}

async fn reports(house: &House, reporter: &Person, report: &CreateReport) -> Answer {
    house.post(REPORTS, report).by(reporter).send().await
}

async fn made(house: &House, reporter: &Person, report: &CreateReport) -> ReportId {
    reports(house, reporter, report).await.read::<ReportMade>().id
}

async fn listed(house: &House, asker: &Person) -> Vec<ReportInfo> {
    house.get(ADMIN).by(asker).send().await.read::<ReportsPage>().reports
}

async fn own(house: &House, reporter: &Person) -> Vec<OwnReport> {
    house.get(REPORTS).by(reporter).send().await.read()
}

#[tokio::test]
async fn what_the_server_passed_on_is_kept_as_proven() {
    let house = House::open().await;
    let head = administrator(&house).await;
    let (anna, berta) = (Person::registers(&house, "anna").await, Person::registers(&house, "berta").await);
    let mut report = about(&house, &berta, b"you fool");
    let share = TimeShare(Bytes32([9; 32]));
    let message = report.message.as_mut().unwrap();
    message.revealed.as_mut().unwrap().share = Some(share);
    let place = message.place;
    let id = made(&house, &anna, &report).await;
    let told: ReportDetails = house.get(format!("{ADMIN}/{id}")).by(&head).send().await.read();
    assert!(told.report.proven && told.report.message == Some(place));
    assert_eq!((told.report.reporter.as_str(), told.report.username.as_str()), ("anna", "berta"));
    assert_eq!(told.report.note, "Every day.\nPlease help.");
    let revealed = told.revealed.unwrap();
    assert_eq!((&*revealed.content, revealed.share), (&b"you fool"[..], Some(share)));
    // The list tells nothing of it.
    assert_eq!(listed(&house, &head).await, [told.report]);
}

#[tokio::test]
async fn what_is_not_revealed_is_not_there_and_proves_nothing() {
    let house = House::open().await;
    let head = administrator(&house).await;
    let (anna, berta) = (Person::registers(&house, "anna").await, Person::registers(&house, "berta").await);
    let mut report = about(&house, &berta, b"you fool");
    report.message.as_mut().unwrap().revealed = None;
    for report in [report, person(&berta)] {
        let id = made(&house, &anna, &report).await;
        let told: ReportDetails = house.get(format!("{ADMIN}/{id}")).by(&head).send().await.read();
        assert!(!told.report.proven && told.revealed.is_none());
        assert_eq!(told.report.message, report.message.map(|message| message.place));
    }
}

#[tokio::test]
async fn a_forged_report_is_refused_and_nothing_of_it_kept() {
    let house = House::open().await;
    let head = administrator(&house).await;
    let (anna, berta) = (Person::registers(&house, "anna").await, Person::registers(&house, "berta").await);
    let clara = Person::registers(&house, "clara").await;
    let good = about(&house, &berta, b"you fool");
    let another = about(&house, &berta, b"good morning").message.unwrap().revealed.unwrap();
    let forged = |change: &dyn Fn(&mut CreateReport, &mut ReportedPlace, &mut RevealedMessage)| {
        let mut report = good.clone();
        let ReportedMessage { mut place, revealed } = report.message.take().unwrap();
        let mut revealed = revealed.unwrap();
        change(&mut report, &mut place, &mut revealed);
        CreateReport { message: Some(ReportedMessage { place, revealed: Some(revealed) }), ..report }
    };
    let cases = [
        ("another text", forged(&|_, _, revealed| revealed.content = Bytes(b"you saint".to_vec()))),
        ("nothing", forged(&|_, _, revealed| revealed.content = Bytes(Vec::new()))),
        ("another opening", forged(&|_, _, revealed| revealed.opening = FrankingProof(Bytes32([1; 32])))),
        ("another message's MAC", forged(&|_, _, revealed| revealed.mac = another.mac)),
        ("another author", forged(&|report, _, _| report.account = clara.account)),
        ("another device", forged(&|_, place, _| place.device = DeviceId::from_bytes([3; 16]))),
        ("another place", forged(&|_, place, _| place.seq += 1)),
        ("another time", forged(&|_, place, _| place.received_at_ms += 1)),
        ("elsewhere", forged(&|_, place, _| place.conversation = ConversationId::from_bytes([4; 16]))),
    ];
    for (what, report) in cases {
        let answer = reports(&house, &anna, &report).await;
        assert_eq!((answer.status, answer.code()), (StatusCode::BAD_REQUEST, ErrorCode::ReportUnproven), "{what}");
    }
    assert_eq!(listed(&house, &head).await, []);
    made(&house, &anna, &good).await;
}

#[tokio::test]
async fn a_report_keeps_to_its_bounds() {
    let house = House::open().await;
    let head = administrator(&house).await;
    let (anna, berta) = (Person::registers(&house, "anna").await, Person::registers(&house, "berta").await);
    let refused = async |report: &CreateReport| reports(&house, &anna, report).await.code();
    let of_note = |note: String| CreateReport { note, ..person(&berta) };
    assert_eq!(refused(&of_note("é".repeat(limits::REPORT_TEXT_CHARACTERS + 1))).await, ErrorCode::BadRequest);
    assert_eq!(refused(&of_note("a\u{7}b".into())).await, ErrorCode::BadRequest);
    assert_eq!(refused(&person(&anna)).await, ErrorCode::BadRequest);
    let nobody = CreateReport { account: AccountId::from_bytes([9; 16]), ..person(&berta) };
    assert_eq!(refused(&nobody).await, ErrorCode::NotFound);
    let large = about(&house, &berta, &vec![7; limits::LOG_PAYLOAD + 1]);
    assert_eq!(refused(&large).await, ErrorCode::TooLarge);
    assert_eq!(house.post(REPORTS, &person(&berta)).send().await.code(), ErrorCode::NotSignedIn);
    assert_eq!(house.get(REPORTS).send().await.code(), ErrorCode::NotSignedIn);
    assert_eq!(listed(&house, &head).await, []);
    made(&house, &anna, &of_note("é".repeat(limits::REPORT_TEXT_CHARACTERS))).await;
    made(&house, &anna, &about(&house, &berta, &vec![7; limits::LOG_PAYLOAD])).await;
}

#[tokio::test]
async fn an_account_reports_only_so_often_and_has_only_so_many() {
    let house = House::open().await;
    let (mut anna, berta) = (Person::registers(&house, "anna").await, Person::registers(&house, "berta").await);
    for _ in 0..20 {
        made(&house, &anna, &person(&berta)).await;
    }
    assert_eq!(reports(&house, &anna, &person(&berta)).await.code(), ErrorCode::TooManyRequests);
    made(&house, &berta, &person(&anna)).await;
    for _ in 20..limits::REPORTS {
        house.pass(3 * 60 * 1000);
        anna.grant = anna.refreshes(&house, &anna.grant.refresh_token).await.read();
        made(&house, &anna, &person(&berta)).await;
    }
    house.pass(3 * 60 * 1000);
    assert_eq!(reports(&house, &anna, &person(&berta)).await.code(), ErrorCode::LimitReached);
    assert_eq!(own(&house, &anna).await.len(), limits::REPORTS);
}

#[tokio::test]
async fn a_report_is_taken_up_closed_and_answered() {
    let house = House::open().await;
    let head = administrator(&house).await;
    let (anna, berta) = (Person::registers(&house, "anna").await, Person::registers(&house, "berta").await);
    let id = made(&house, &anna, &person(&berta)).await;
    let taken: ReportInfo = house.call("POST", of(id, "take")).by(&head).send().await.read();
    assert_eq!((taken.state, taken.handled_by.as_deref()), (ReportState::Taken, Some("head")));
    let again: ReportInfo = house.call("POST", of(id, "take")).by(&head).send().await.read();
    assert_eq!(again, taken, "the answer was lost");
    let page: ReportsPage = house.get(format!("{ADMIN}?state=taken")).by(&head).send().await.read();
    assert_eq!(page.reports, [taken]);
    assert_eq!(own(&house, &anna).await[0].state, ReportState::Taken);
    let answer = |answer: &str| CloseReport { outcome: ReportOutcome::Acted, answer: answer.into() };
    let long = answer(&"a".repeat(limits::REPORT_TEXT_CHARACTERS + 1));
    assert_eq!(house.post(of(id, "close"), &long).by(&head).send().await.code(), ErrorCode::BadRequest);
    let closed: ReportInfo =
        house.post(of(id, "close"), &answer(" They are suspended. ")).by(&head).send().await.read();
    assert_eq!(closed.state, ReportState::Closed);
    let again: ReportInfo = house.post(of(id, "close"), &answer("They are suspended.")).by(&head).send().await.read();
    assert_eq!(again, closed, "the answer was lost");
    let other = house.post(of(id, "close"), &answer("")).by(&head).send().await;
    assert_eq!(other.code(), ErrorCode::StateConflict);
    assert_eq!(house.call("POST", of(id, "take")).by(&head).send().await.code(), ErrorCode::StateConflict);
    let told = &own(&house, &anna).await[0];
    let closing = told.closing.as_ref().unwrap();
    assert_eq!((closing.outcome, closing.answer.as_str()), (ReportOutcome::Acted, "They are suspended."));
    // Who is reported learns nothing.
    assert_eq!(own(&house, &berta).await, []);
    let log: AuditPage = house.get("/api/v1/admin/audit").by(&head).send().await.read();
    let acts: Vec<_> = log.entries.iter().map(|entry| entry.action.as_str()).collect();
    assert!(acts.ends_with(&["reports.take", "reports.close"]), "{acts:?}");
    house.get(format!("{ADMIN}/{id}")).by(&head).send().await.read::<ReportDetails>();
    let log: AuditPage = house.get("/api/v1/admin/audit").by(&head).send().await.read();
    assert_eq!(log.entries.last().unwrap().action, "reports.read");
}

#[tokio::test]
async fn a_moderator_sees_no_report_about_themselves_or_those_above() {
    let house = House::open().await;
    let head = administrator(&house).await;
    let (anna, mona) = (Person::registers(&house, "anna").await, Person::registers(&house, "mona").await);
    house
        .put("/api/v1/admin/accounts/mona/role", &SetRole { role: ServerRole::Moderator })
        .by(&head)
        .send()
        .await
        .is_done();
    for reported in [&mona, &head] {
        let id = made(&house, &anna, &person(reported)).await;
        assert_eq!(listed(&house, &mona).await, []);
        assert_eq!(house.get(format!("{ADMIN}/{id}")).by(&mona).send().await.code(), ErrorCode::NotFound);
        assert_eq!(house.call("POST", of(id, "take")).by(&mona).send().await.code(), ErrorCode::NotFound);
    }
    assert_eq!(listed(&house, &head).await.len(), 1);
}

#[tokio::test]
async fn a_report_goes_90_days_after_its_closing_and_no_open_one_does() {
    let house = House::open().await;
    let head = administrator(&house).await;
    let (anna, berta) = (Person::registers(&house, "anna").await, Person::registers(&house, "berta").await);
    let (closed, open) = (made(&house, &anna, &person(&berta)).await, made(&house, &anna, &person(&berta)).await);
    let dismissed = CloseReport { outcome: ReportOutcome::Dismissed, answer: String::new() };
    house.post(of(closed, "close"), &dismissed).by(&head).send().await.read::<ReportInfo>();
    let kept_ms = u64::try_from(limits::REPORT_KEPT.as_millis()).unwrap();
    let left = async || {
        let left = house.store.own_reports(anna.account).await.unwrap();
        left.iter().map(|report| report.id).collect::<Vec<_>>()
    };
    house.pass(kept_ms - 1);
    house.server.keep_up().await;
    assert_eq!(left().await.len(), 2);
    house.pass(1);
    house.server.keep_up().await;
    assert_eq!(left().await, [open]);
}

#[tokio::test]
async fn reports_come_page_by_page() {
    let house = House::open().await;
    let head = administrator(&house).await;
    let (anna, berta) = (Person::registers(&house, "anna").await, Person::registers(&house, "berta").await);
    let mut made_all = Vec::new();
    for _ in 0..5 {
        made_all.push(made(&house, &anna, &person(&berta)).await);
        house.pass(1);
    }
    let mut found = Vec::new();
    let mut path = format!("{ADMIN}?most=2");
    loop {
        let page: ReportsPage = house.get(&path).by(&head).send().await.read();
        found.extend(page.reports.iter().map(|report| report.id));
        let Some(next) = page.next else { break };
        path = format!("{ADMIN}?most=2&after={next}");
    }
    assert_eq!(found, made_all);
    for wrong in ["after=x", "after=1.x", "most=0", "most=201", "state=lost"] {
        let answer = house.get(format!("{ADMIN}?{wrong}")).by(&head).send().await;
        assert_eq!(answer.code(), ErrorCode::BadRequest, "{wrong}");
    }
}
