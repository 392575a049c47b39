use huis_proto::opaque::StretchParameters;
use huis_proto::rest::{AccountCard, Admission, FinishRegistration, RegistrationPolicy, Secret, SessionGrant};
use huis_proto::{AccountId, Bytes, Bytes32, DeviceId, ErrorCode, limits};

use super::harness::{House, Person, begin_registration, first_list, fresh_key, registration, with_passphrase};

const FINISH: &str = "/api/v1/registrations/finish";

fn with_claim(code: &str) -> Admission {
    Admission { claim: Some(Secret::new(code)), ..Admission::default() }
}

#[tokio::test]
async fn a_newcomer_gets_an_account_and_is_signed_in() {
    let house = House::open().await;
    let (request, person) = registration(&house, "Anna", with_passphrase()).await;
    let grant: SessionGrant = house.post(FINISH, &request).send().await.read();
    assert_eq!((grant.account, grant.device, grant.username.as_str()), (person.account, person.device, "anna"));
    let card: AccountCard = house.get("/api/v1/accounts/by-name/ANNA").token(&grant.access_token).send().await.read();
    assert_eq!((card.account, card.device_list), (person.account, person.lists[0].clone()));
}

#[tokio::test]
async fn a_wrong_or_missing_passphrase_lets_nobody_in_at_either_step() {
    let house = House::open().await;
    let (request, _) = registration(&house, "anna", with_passphrase()).await;
    for admission in [
        Admission::default(),
        Admission { access_passphrase: Some(Secret::new("amber basket cedar")), ..Admission::default() },
    ] {
        let first = begin_registration(&house, "anna", admission.clone()).await;
        assert_eq!(first.code(), ErrorCode::PassphraseRefused);
        let request = FinishRegistration { admission, ..request.clone() };
        assert_eq!(house.post(FINISH, &request).send().await.code(), ErrorCode::PassphraseRefused);
    }
}

#[tokio::test]
async fn the_one_time_code_serves_once() {
    let house = House::with(|config| config.registration = RegistrationPolicy::Closed).await;
    let code = house.server.newcomers().claim.clone().unwrap();
    assert_eq!(begin_registration(&house, "anna", with_claim("other-words")).await.code(), ErrorCode::ClaimRefused);
    assert_eq!(begin_registration(&house, "anna", with_passphrase()).await.code(), ErrorCode::RegistrationClosed);
    // An operator's own account may be called so.
    let (request, _) = registration(&house, "admin", with_claim(code.expose())).await;
    let (late, _) = registration(&house, "berta", with_claim(code.expose())).await;
    let _: SessionGrant = house.post(FINISH, &request).send().await.read();
    assert_eq!(house.post(FINISH, &late).send().await.code(), ErrorCode::ClaimRefused);
    assert_eq!(begin_registration(&house, "berta", with_claim(code.expose())).await.code(), ErrorCode::ClaimRefused);
}

#[tokio::test]
async fn names_that_break_a_rule_pass_for_others_or_are_taken_are_refused() {
    let house = House::open().await;
    Person::registers(&house, "lilo").await;
    for (name, code) in [
        ("a b", ErrorCode::NameRefused),
        ("an\u{202e}na", ErrorCode::NameRefused),
        ("x", ErrorCode::NameRefused),
        ("admin", ErrorCode::NameRefused),
        ("ADM1N", ErrorCode::NameRefused),
        ("LILO", ErrorCode::NameTaken),
        ("1i1o", ErrorCode::NameLooksAlike),
    ] {
        assert_eq!(begin_registration(&house, name, with_passphrase()).await.code(), code, "{name}");
    }
    // Whoever skips the first step is refused at the second.
    let (request, _) = registration(&house, "berta", with_passphrase()).await;
    for (name, code) in
        [("lilo", ErrorCode::NameTaken), ("1ilo", ErrorCode::NameLooksAlike), ("root", ErrorCode::NameRefused)]
    {
        let request = FinishRegistration { username: name.into(), ..request.clone() };
        assert_eq!(house.post(FINISH, &request).send().await.code(), code, "{name}");
    }
}

#[tokio::test]
async fn each_part_of_a_registration_is_checked() {
    let house = House::open().await;
    let (good, person) = registration(&house, "anna", with_passphrase()).await;
    let other = fresh_key();
    let stranger = first_list(&other, person.account, person.device, &person.device_key);
    let other_device = first_list(&person.identity, person.account, DeviceId::from_bytes([9; 16]), &person.device_key);
    let two = person.list(
        1,
        Bytes32([0; 32]),
        &[(person.device, &person.device_key), (DeviceId::from_bytes([9; 16]), &other)],
    );
    let second = person.next_list(&[(person.device, &person.device_key)]);
    let changes: Vec<(&str, ErrorCode, FinishRegistration)> = vec![
        (
            "a list of another key",
            ErrorCode::BadDeviceList,
            FinishRegistration { device_list: stranger, ..good.clone() },
        ),
        (
            "a list without the device",
            ErrorCode::BadDeviceList,
            FinishRegistration { device_list: other_device, ..good.clone() },
        ),
        (
            "a list with a second device",
            ErrorCode::BadDeviceList,
            FinishRegistration { device_list: two, ..good.clone() },
        ),
        (
            "a list that is not the first",
            ErrorCode::BadDeviceList,
            FinishRegistration { device_list: second, ..good.clone() },
        ),
        (
            "another account's list",
            ErrorCode::BadDeviceList,
            FinishRegistration { account: AccountId::from_bytes([8; 16]), ..good.clone() },
        ),
        ("an empty vault", ErrorCode::BadRequest, FinishRegistration { vault: Bytes(Vec::new()), ..good.clone() }),
        (
            "a huge vault",
            ErrorCode::TooLarge,
            FinishRegistration { vault: Bytes(vec![1; 16 * 1024 + 1]), ..good.clone() },
        ),
        (
            "a huge state",
            ErrorCode::TooLarge,
            FinishRegistration { account_state: Bytes(vec![1; limits::ACCOUNT_STATE + 1]), ..good.clone() },
        ),
        ("no OPAQUE", ErrorCode::BadRequest, FinishRegistration { opaque: Bytes(vec![1; 192]), ..good.clone() }),
        (
            "a weak recovery key",
            ErrorCode::BadRequest,
            FinishRegistration { recovery_key: Bytes32([0; 32]), ..good.clone() },
        ),
        ("no address", ErrorCode::BadRequest, FinishRegistration { email: Some("anna".into()), ..good.clone() }),
        (
            "a weak stretch",
            ErrorCode::BadRequest,
            FinishRegistration { stretch: StretchParameters { memory_kib: 8, passes: 1, lanes: 1 }, ..good.clone() },
        ),
    ];
    for (what, code, request) in changes {
        assert_eq!(house.post(FINISH, &request).send().await.code(), code, "{what}");
    }
    let request = FinishRegistration { email: Some("anna@mail.example".into()), ..good };
    let _: SessionGrant = house.post(FINISH, &request).send().await.read();
}
