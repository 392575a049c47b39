use huis_proto::rest::{
    Admission, CreateInvitation, FinishRegistration, InvitationInfo, InvitationMade, RegistrationPolicy, Secret,
    SessionGrant,
};
use huis_proto::{ErrorCode, limits};
use huis_server::Rates;
use qrcode::{Color, EcLevel, QrCode};

use super::harness::{
    Answer, House, MINUTE_MS, Person, administrator, begin_registration, registration, with_passphrase,
};
use super::web_app::app;

const FINISH: &str = "/api/v1/registrations/finish";
const INVITATIONS: &str = "/api/v1/admin/invitations";

fn invited(code: &Secret) -> Admission {
    Admission { invitation: Some(code.clone()), ..Admission::default() }
}

fn refused_code() -> Secret {
    Secret::new("ab".repeat(16))
}

async fn made(house: &House, head: &Person, uses: u32, expires_in_s: u64) -> InvitationMade {
    house.post(INVITATIONS, &CreateInvitation { uses, expires_in_s, at: None }).by(head).send().await.read()
}

async fn good(house: &House, head: &Person) -> Vec<InvitationInfo> {
    house.get(INVITATIONS).by(head).send().await.read()
}

async fn registers(house: &House, name: &str, code: &Secret) -> Answer {
    let (request, _) = registration(house, name, invited(code)).await;
    house.post(FINISH, &request).send().await
}

#[tokio::test]
async fn an_invitation_lets_in_as_many_as_it_says_and_is_shown_once() {
    let house = House::with(|config| config.registration = RegistrationPolicy::Invite).await;
    assert_eq!(begin_registration(&house, "anna", with_passphrase()).await.code(), ErrorCode::InvitationRefused);
    let welcome = house.get("/").send().await;
    assert!(String::from_utf8_lossy(&welcome.body).contains("huis register NAME --server URL --invitation CODE"));
    let head = administrator(&house).await;
    let made = made(&house, &head, 2, 3600).await;
    let info = InvitationInfo {
        id: made.info.id,
        uses: 2,
        uses_left: 2,
        made_by: "head".into(),
        made_at_ms: house.now_ms(),
        expires_at_ms: house.now_ms() + 3_600_000,
    };
    assert_eq!(made.info, info);
    let listed = house.get(INVITATIONS).by(&head).send().await;
    assert!(!String::from_utf8_lossy(&listed.body).contains(made.invitation.expose()));
    assert_eq!(good(&house, &head).await, std::slice::from_ref(&info));
    assert_eq!(made.link, None, "there is no web app");

    // Asking whether one may come uses nothing up.
    for _ in 0..3 {
        let first = begin_registration(&house, "anna", invited(&made.invitation)).await;
        assert!(first.status.is_success(), "{first:?}");
    }
    let _: SessionGrant = registers(&house, "anna", &made.invitation).await.read();
    assert_eq!(good(&house, &head).await, [InvitationInfo { uses_left: 1, ..info }]);
    let (late, _) = registration(&house, "carla", invited(&made.invitation)).await;
    let _: SessionGrant = registers(&house, "berta", &made.invitation).await.read();
    assert_eq!(good(&house, &head).await, []);
    assert_eq!(house.post(FINISH, &late).send().await.code(), ErrorCode::InvitationRefused);
    let first = begin_registration(&house, "carla", invited(&made.invitation)).await;
    assert_eq!(first.code(), ErrorCode::InvitationRefused);
}

/// Its answer may have got lost: what it made is there, and the name is its own.
#[tokio::test]
async fn who_repeats_the_registration_that_used_an_invitation_up_learns_that_the_name_is_taken() {
    let house = House::with(|config| config.registration = RegistrationPolicy::Invite).await;
    let code = house.server.newcomers().claim.clone().unwrap();
    let (claims, head) = registration(&house, "head", Admission { claim: Some(code), ..Admission::default() }).await;
    let head = Person { grant: house.post(FINISH, &claims).send().await.read(), ..head };
    assert_eq!(house.post(FINISH, &claims).send().await.code(), ErrorCode::NameTaken);

    let made = made(&house, &head, 1, 3600).await;
    let (request, person) = registration(&house, "anna", invited(&made.invitation)).await;
    let (other, stranger) = registration(&house, "berta", invited(&made.invitation)).await;
    let _: SessionGrant = house.post(FINISH, &request).send().await.read();
    assert_eq!(house.post(FINISH, &request).send().await.code(), ErrorCode::NameTaken);
    // Nobody else is told what names there are.
    for probe in [
        FinishRegistration { username: "anna".into(), ..other.clone() },
        FinishRegistration { username: "anna".into(), account: person.account, ..other.clone() },
        FinishRegistration { account: stranger.account, ..request.clone() },
        FinishRegistration { username: "berta".into(), ..request.clone() },
    ] {
        assert_eq!(house.post(FINISH, &probe).send().await.code(), ErrorCode::InvitationRefused);
    }
}

#[tokio::test]
async fn of_many_who_finish_at_once_an_invitation_lets_in_as_many_as_it_says() {
    let house = House::with(|config| config.registration = RegistrationPolicy::Invite).await;
    let head = administrator(&house).await;
    let code = made(&house, &head, 2, 3600).await.invitation;
    let mut requests = Vec::new();
    for name in ["anna", "berta", "carla", "doris"] {
        requests.push(registration(&house, name, invited(&code)).await.0);
    }
    let finish = |request: &FinishRegistration| house.post(FINISH, request).send();
    let answers = tokio::join!(finish(&requests[0]), finish(&requests[1]), finish(&requests[2]), finish(&requests[3]));
    let answers = [answers.0, answers.1, answers.2, answers.3];
    let (let_in, refused): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status.is_success());
    assert_eq!(let_in.len(), 2);
    assert!(refused.iter().all(|answer| answer.code() == ErrorCode::InvitationRefused));
}

#[tokio::test]
async fn an_invitation_serves_where_the_passphrase_does_and_nowhere_on_a_closed_server() {
    let house = House::open().await;
    let head = administrator(&house).await;
    let code = made(&house, &head, 1, 3600).await.invitation;
    let wrong = Admission { access_passphrase: Some(Secret::new("amber basket")), ..invited(&refused_code()) };
    assert_eq!(begin_registration(&house, "anna", wrong).await.code(), ErrorCode::InvitationRefused);
    // Whoever knows the passphrase as well uses nothing up.
    let both = Admission { invitation: Some(code.clone()), ..with_passphrase() };
    let (request, _) = registration(&house, "anna", both).await;
    let _: SessionGrant = house.post(FINISH, &request).send().await.read();
    let _: SessionGrant = registers(&house, "berta", &code).await.read();
    assert_eq!(begin_registration(&house, "carla", invited(&code)).await.code(), ErrorCode::InvitationRefused);

    let closed = House::with(|config| config.registration = RegistrationPolicy::Closed).await;
    let head = administrator(&closed).await;
    let code = made(&closed, &head, 1, 3600).await.invitation;
    assert_eq!(begin_registration(&closed, "anna", invited(&code)).await.code(), ErrorCode::RegistrationClosed);
}

#[tokio::test]
async fn an_invitation_ends_by_its_time_or_by_a_word() {
    let house = House::with(|config| config.registration = RegistrationPolicy::Invite).await;
    let head = administrator(&house).await;
    let (short, long) = (made(&house, &head, 5, 60).await, made(&house, &head, 5, 600).await);
    let (late, _) = registration(&house, "anna", invited(&short.invitation)).await;
    house.pass(MINUTE_MS);
    assert_eq!(house.post(FINISH, &late).send().await.code(), ErrorCode::InvitationRefused);
    assert_eq!(good(&house, &head).await, std::slice::from_ref(&long.info));
    let path = format!("{INVITATIONS}/{}", long.info.id);
    house.delete(&path).by(&head).send().await.is_done();
    assert_eq!(house.delete(&path).by(&head).send().await.code(), ErrorCode::NotFound);
    let first = begin_registration(&house, "anna", invited(&long.invitation)).await;
    assert_eq!(first.code(), ErrorCode::InvitationRefused);
}

#[tokio::test]
async fn a_link_leads_to_the_web_app_by_the_address_that_is_known_and_is_drawn() {
    let link_of = async |house: &House, head: &Person, at: Option<&str>| {
        let wish = CreateInvitation { uses: 1, expires_in_s: 60, at: at.map(Into::into) };
        let made: InvitationMade = house.post(INVITATIONS, &wish).by(head).send().await.read();
        made.link.map(|link| (link, made.invitation))
    };
    let house = House::with(app).await;
    let head = administrator(&house).await;
    assert_eq!(link_of(&house, &head, None).await, None, "nobody says how the server is reached");
    let (link, code) = link_of(&house, &head, Some("https://192.168.1.10:8443/")).await.unwrap();
    assert_eq!(link.address.expose(), format!("https://192.168.1.10:8443/#invitation={}", code.expose()));
    let drawn = QrCode::with_error_correction_level(link.address.expose(), EcLevel::L).unwrap();
    let rows: Vec<&str> = link.rows.iter().map(Secret::expose).collect();
    assert!(rows.len() == drawn.width() && rows.iter().all(|row| row.len() == drawn.width()));
    let is_dark = rows.concat().bytes().map(|module| module == b'1').collect::<Vec<_>>();
    assert_eq!(is_dark, drawn.to_colors().into_iter().map(|color| color == Color::Dark).collect::<Vec<_>>());
    for wrong in ["", "chat.example", "javascript:alert(1)", "https://chat.example/page", "https://a@b.example"] {
        let wish = CreateInvitation { uses: 1, expires_in_s: 60, at: Some(wrong.into()) };
        assert_eq!(house.post(INVITATIONS, &wish).by(&head).send().await.code(), ErrorCode::BadRequest, "{wrong}");
    }
    let made_before = good(&house, &head).await;
    let undrawn = Some(format!("https://{}.example", "a".repeat(4_000)));
    let wish = CreateInvitation { uses: 1, expires_in_s: 60, at: undrawn };
    assert_eq!(house.post(INVITATIONS, &wish).by(&head).send().await.code(), ErrorCode::BadRequest);
    assert_eq!(good(&house, &head).await, made_before, "what is refused leaves no invitation that nobody has");
    let named = House::with(|config| {
        app(config);
        config.public_url = Some("https://chat.example".into());
    })
    .await;
    let head = administrator(&named).await;
    for at in [None, Some("https://192.168.1.10:8443")] {
        let (link, code) = link_of(&named, &head, at).await.unwrap();
        assert_eq!(link.address.expose(), format!("https://chat.example/#invitation={}", code.expose()));
    }
}

#[tokio::test]
async fn nobody_below_an_administrator_handles_invitations() {
    let house = House::open().await;
    let head = administrator(&house).await;
    let anna = Person::registers(&house, "anna").await;
    let info = made(&house, &head, 1, 60).await.info;
    let wish = CreateInvitation { uses: 1, expires_in_s: 60, at: None };
    let path = format!("{INVITATIONS}/{}", info.id);
    let calls = || [house.post(INVITATIONS, &wish), house.get(INVITATIONS), house.delete(&path)];
    for call in calls() {
        assert_eq!(call.by(&anna).send().await.code(), ErrorCode::Forbidden);
    }
    for call in calls() {
        assert_eq!(call.send().await.code(), ErrorCode::NotSignedIn);
    }
    assert_eq!(good(&house, &head).await, [info]);
}

#[tokio::test]
async fn invitations_keep_their_bounds() {
    let house = House::open().await;
    let head = administrator(&house).await;
    let longest = limits::INVITATION_LIFE.as_secs();
    for (uses, expires_in_s) in [(0, 60), (1001, 60), (1, 0), (1, longest + 1), (1, u64::MAX)] {
        let answer = house.post(INVITATIONS, &CreateInvitation { uses, expires_in_s, at: None }).by(&head).send().await;
        assert_eq!(answer.code(), ErrorCode::BadRequest, "{uses} {expires_in_s}");
    }
    for _ in 0..limits::INVITATIONS {
        made(&house, &head, 1000, longest).await;
    }
    let beyond =
        house.post(INVITATIONS, &CreateInvitation { uses: 1, expires_in_s: 60, at: None }).by(&head).send().await;
    assert_eq!(beyond.code(), ErrorCode::LimitReached);
    assert_eq!(good(&house, &head).await.len(), limits::INVITATIONS);
}

#[tokio::test]
async fn guesses_at_invitations_are_counted() {
    let house = House::with(|config| {
        config.registration = RegistrationPolicy::Invite;
        config.rates = Rates { guesses_per_minute: 1, ..Rates::UNLIMITED };
    })
    .await;
    for _ in 0..10 {
        let guess = begin_registration(&house, "anna", invited(&refused_code())).await;
        assert_eq!(guess.code(), ErrorCode::InvitationRefused);
    }
    let guess = begin_registration(&house, "anna", invited(&refused_code())).await;
    assert_eq!(guess.code(), ErrorCode::TooManyRequests);
}
