//! The second factor, from outside.

use hmac::{Hmac, Mac as _};
use http::StatusCode;
use huis_proto::rest::{
    FinishRecovery, FinishSecondFactor, FinishSignIn, OpenRecovery, PasswordChanged, RecoveryCodes, RecoveryStarted,
    RecoveryVault, Rooms, SecondFactorStarted, SecondFactorStatus, Secret, ShowTicket, SignedIn, StartRecovery, Vault,
};
use huis_proto::{Bytes, ErrorCode, labels, recovery};
use huis_store::SecondFactors as _;
use sha1::Sha1;

use super::harness::{Answer, FreshPassword, House, MINUTE_MS, Person, enrol, last_of_sign_in, sign_in, start_sign_in};

const PATH: &str = "/api/v1/account/second-factor";
const STEP_MS: u64 = 30_000;
const NEW: &str = "staple battery";

/// Somebody's authenticator.
struct Authenticator(Vec<u8>);

impl Authenticator {
    fn new(base32: &Secret) -> Self {
        let digit = |c: u8| b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".iter().position(|known| *known == c).unwrap() as u64;
        let groups = base32.expose().as_bytes().chunks_exact(8);
        let bytes =
            groups.flat_map(|group| group.iter().fold(0, |bits, c| bits << 5 | digit(*c)).to_be_bytes()[3..].to_vec());
        Self(bytes.collect())
    }

    fn at(&self, now_ms: u64) -> Secret {
        let mut mac = Hmac::<Sha1>::new_from_slice(&self.0).unwrap();
        mac.update(&(now_ms / STEP_MS).to_be_bytes());
        let hash = mac.finalize().into_bytes();
        let at = usize::from(hash[19] & 15);
        let number = u32::from_be_bytes(hash[at..at + 4].try_into().unwrap()) & 0x7fff_ffff;
        Secret::new(format!("{:06}", number % 1_000_000))
    }
}

async fn begun(house: &House, person: &Person, ticket: &Secret) -> SecondFactorStarted {
    let ask = ShowTicket { ticket: ticket.clone() };
    house.post(format!("{PATH}/start"), &ask).by(person).send().await.read()
}

async fn finish(house: &House, person: &Person, ticket: &Secret, state: &Bytes, code: Secret) -> Answer {
    let request = FinishSecondFactor { ticket: ticket.clone(), state: state.clone(), code };
    house.post(format!("{PATH}/finish"), &request).by(person).send().await
}

/// Turns it on, and lets a step pass so that the next code is another one.
async fn enabled(house: &House, person: &Person) -> (Authenticator, Vec<Secret>) {
    let ticket = person.signs_in(house).await.ticket;
    let started = begun(house, person, &ticket).await;
    let authenticator = Authenticator::new(&started.secret);
    let code = authenticator.at(house.now_ms());
    let made: RecoveryCodes = finish(house, person, &ticket, &started.state, code).await.read();
    house.pass(STEP_MS);
    (authenticator, made.codes)
}

/// The last request of a sign-in with the right password.
async fn last(house: &House, person: &Person, code: Option<&Secret>) -> FinishSignIn {
    let (state, answer) = start_sign_in(house, &person.name, person.password).await;
    let request = last_of_sign_in(&person.name, person.password, state, answer.read());
    FinishSignIn { second_factor: code.cloned(), ..request }
}

async fn send(house: &House, request: &FinishSignIn) -> Answer {
    house.post("/api/v1/sign-ins/finish", request).send().await
}

async fn signs_in(house: &House, person: &Person, code: &Secret) -> Answer {
    send(house, &last(house, person, Some(code)).await).await
}

async fn status(house: &House, person: &Person) -> (bool, u32) {
    let status: SecondFactorStatus = house.get(PATH).by(person).send().await.read();
    (status.enabled, status.codes_left)
}

#[tokio::test]
async fn neither_ticket_nor_vault_is_given_before_the_second_factor_was_shown() {
    let house = House::open().await;
    let anna = Person::registers(&house, "anna").await;
    assert_eq!(status(&house, &anna).await, (false, 0));
    let (authenticator, codes) = enabled(&house, &anna).await;
    assert_eq!((status(&house, &anna).await, codes.len()), ((true, 10), 10));
    let request = last(&house, &anna, None).await;
    let answer = send(&house, &request).await;
    let body = String::from_utf8_lossy(&answer.body).into_owned();
    assert!(!body.contains("vault") && !body.contains("ticket"), "{body}");
    assert_eq!(answer.code(), ErrorCode::SecondFactorNeeded);
    // The same step goes on with a code.
    let code = authenticator.at(house.now_ms());
    let signed_in: SignedIn = send(&house, &FinishSignIn { second_factor: Some(code), ..request }).await.read();
    assert_eq!((&*signed_in.vault, signed_in.vault_number), (&b"a sealed vault"[..], 1));
    assert_eq!(enrol(&house, &signed_in.ticket, anna.device, &anna.device_key, None).await.status, StatusCode::OK);
}

#[tokio::test]
async fn whether_an_account_has_one_is_told_to_nobody_without_the_password() {
    let house = House::open().await;
    let anna = Person::registers(&house, "anna").await;
    let berta = Person::registers(&house, "berta").await;
    enabled(&house, &anna).await;
    let mut answers = Vec::new();
    for person in [&anna, &berta] {
        let (state, answer) = start_sign_in(&house, &person.name, "a wrong password").await;
        let started: serde_json::Value = answer.read();
        let mut keys: Vec<_> = started.as_object().unwrap().keys().cloned().collect();
        keys.sort();
        let request =
            last_of_sign_in(&person.name, "a wrong password", state, serde_json::from_value(started).unwrap());
        for code in [None, Some(Secret::new("123456"))] {
            let answer = send(&house, &FinishSignIn { second_factor: code, ..request.clone() }).await;
            answers.push((keys.clone(), answer.status, answer.body));
        }
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    assert_eq!(answers[0].1, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_code_counts_once_a_step_early_or_late_and_none_behind_it() {
    let house = House::open().await;
    let anna = Person::registers(&house, "anna").await;
    let (authenticator, _) = enabled(&house, &anna).await;
    // Not the one that it was turned on with.
    let used = authenticator.at(house.now_ms() - STEP_MS);
    assert_eq!(signs_in(&house, &anna, &used).await.code(), ErrorCode::SecondFactorRefused);
    house.pass(10 * STEP_MS);
    for away in [2, -2] {
        let code = authenticator.at(house.now_ms().checked_add_signed(away * STEP_MS as i64).unwrap());
        assert_eq!(signs_in(&house, &anna, &code).await.code(), ErrorCode::SecondFactorRefused, "{away}");
    }
    let late = authenticator.at(house.now_ms() - STEP_MS);
    let _: SignedIn = signs_in(&house, &anna, &late).await.read();
    assert_eq!(signs_in(&house, &anna, &late).await.code(), ErrorCode::SecondFactorRefused);
    let early = authenticator.at(house.now_ms() + STEP_MS);
    let _: SignedIn = signs_in(&house, &anna, &early).await.read();
    // Whoever saw the code between the two gets nothing by it any more.
    let between = authenticator.at(house.now_ms());
    assert_eq!(signs_in(&house, &anna, &between).await.code(), ErrorCode::SecondFactorRefused);
}

#[tokio::test]
async fn of_two_sign_ins_with_one_code_one_is_let_in() {
    let house = House::open().await;
    let anna = Person::registers(&house, "anna").await;
    let (authenticator, codes) = enabled(&house, &anna).await;
    for code in [&authenticator.at(house.now_ms()), &codes[3]] {
        let (one, other) = (last(&house, &anna, Some(code)).await, last(&house, &anna, Some(code)).await);
        let (one, other) = tokio::join!(send(&house, &one), send(&house, &other));
        let mut found = [one.status, other.status];
        found.sort();
        assert_eq!(found, [StatusCode::OK, StatusCode::UNAUTHORIZED]);
    }
}

#[tokio::test]
async fn each_recovery_code_stands_once_for_a_code_and_others_take_their_place() {
    let house = House::open().await;
    let anna = Person::registers(&house, "anna").await;
    let (_, codes) = enabled(&house, &anna).await;
    let typed = Secret::new(codes[0].expose().to_lowercase().replace('-', " "));
    let _: SignedIn = signs_in(&house, &anna, &typed).await.read();
    assert_eq!(signs_in(&house, &anna, &codes[0]).await.code(), ErrorCode::SecondFactorRefused);
    assert_eq!(status(&house, &anna).await, (true, 9));
    let signed_in: SignedIn = signs_in(&house, &anna, &codes[1]).await.read();
    let ask = ShowTicket { ticket: signed_in.ticket };
    let made: RecoveryCodes = house.post(format!("{PATH}/codes"), &ask).by(&anna).send().await.read();
    assert_eq!(status(&house, &anna).await, (true, 10));
    assert_eq!(signs_in(&house, &anna, &codes[2]).await.code(), ErrorCode::SecondFactorRefused);
    let _: SignedIn = signs_in(&house, &anna, &made.codes[2]).await.read();
}

#[tokio::test]
async fn it_counts_after_a_right_code_alone_and_what_was_begun_before_ends() {
    let house = House::open().await;
    let anna = Person::registers(&house, "anna").await;
    let berta = Person::registers(&house, "berta").await;
    let (ticket, other) = (anna.signs_in(&house).await.ticket, anna.signs_in(&house).await.ticket);
    let started = begun(&house, &anna, &ticket).await;
    let authenticator = Authenticator::new(&started.secret);
    assert_eq!(authenticator.0.len(), 20);
    let right = authenticator.at(house.now_ms());
    let wrong = if right.expose() == "000000" { "000001" } else { "000000" };
    let refused = finish(&house, &anna, &ticket, &started.state, Secret::new(wrong)).await;
    assert_eq!(refused.code(), ErrorCode::SecondFactorRefused);
    // A state of somebody else's, a changed one, and no session.
    let of_berta = berta.signs_in(&house).await.ticket;
    let theirs = begun(&house, &berta, &of_berta).await;
    let mut changed = started.state.clone();
    changed.0[20] ^= 1;
    for state in [&theirs.state, &changed] {
        let code = Authenticator::new(&theirs.secret).at(house.now_ms());
        assert_eq!(finish(&house, &anna, &ticket, state, code).await.code(), ErrorCode::ProofRefused);
    }
    let ask = ShowTicket { ticket: ticket.clone() };
    assert_eq!(house.post(format!("{PATH}/start"), &ask).send().await.code(), ErrorCode::NotSignedIn);
    assert_eq!(house.post(format!("{PATH}/start"), &ask).by(&berta).send().await.code(), ErrorCode::ProofRefused);
    assert_eq!(status(&house, &anna).await, (false, 0));
    assert!(sign_in(&house, "anna", anna.password).await.is_ok(), "it does not count yet");

    let _: RecoveryCodes = finish(&house, &anna, &ticket, &started.state, right.clone()).await.read();
    for before in [&ticket, &other] {
        let resumed = enrol(&house, before, anna.device, &anna.device_key, None).await;
        assert_eq!(resumed.code(), ErrorCode::ProofRefused);
        let vault = house.get("/api/v1/account/vault").by(&anna).header("huis-ticket", before.expose()).send().await;
        assert_eq!(vault.code(), ErrorCode::ProofRefused);
    }
    assert_eq!(finish(&house, &anna, &ticket, &started.state, right).await.code(), ErrorCode::ProofRefused);
    // Who is signed in goes on.
    let _: Rooms = house.get("/api/v1/rooms").by(&anna).send().await.read();
    house.pass(STEP_MS);
    let signed_in: SignedIn = signs_in(&house, &anna, &authenticator.at(house.now_ms())).await.read();
    let again = ShowTicket { ticket: signed_in.ticket };
    let refused = house.post(format!("{PATH}/start"), &again).by(&anna).send().await;
    assert_eq!(refused.code(), ErrorCode::StateConflict);
}

#[tokio::test]
async fn a_secret_that_was_shown_is_taken_for_ten_minutes() {
    let house = House::open().await;
    let anna = Person::registers(&house, "anna").await;
    let ticket = anna.signs_in(&house).await.ticket;
    let started = begun(&house, &anna, &ticket).await;
    house.pass(10 * MINUTE_MS);
    let ticket = anna.signs_in(&house).await.ticket;
    let code = Authenticator::new(&started.secret).at(house.now_ms());
    assert_eq!(finish(&house, &anna, &ticket, &started.state, code).await.code(), ErrorCode::ProofRefused);
}

#[tokio::test]
async fn password_and_code_turn_it_off_and_nothing_of_it_is_left() {
    let house = House::open().await;
    let anna = Person::registers(&house, "anna").await;
    let before = ShowTicket { ticket: anna.signs_in(&house).await.ticket };
    let (authenticator, codes) = enabled(&house, &anna).await;
    let disable = format!("{PATH}/disable");
    assert_eq!(house.post(&disable, &before).by(&anna).send().await.code(), ErrorCode::ProofRefused);
    assert_eq!(status(&house, &anna).await, (true, 10));
    let signed_in: SignedIn = signs_in(&house, &anna, &authenticator.at(house.now_ms())).await.read();
    let ask = ShowTicket { ticket: signed_in.ticket };
    assert_eq!(house.post(&disable, &ask).by(&anna).send().await.status, StatusCode::NO_CONTENT);
    assert_eq!(status(&house, &anna).await, (false, 0));
    assert!(house.store.second_factor(anna.account).await.unwrap().is_none());
    assert!(sign_in(&house, "anna", anna.password).await.is_ok());
    // What was good for the one before is not for the next.
    let pass = signed_in.second_factor_pass.unwrap();
    enabled(&house, &anna).await;
    for old in [&pass, &codes[5]] {
        assert_eq!(signs_in(&house, &anna, old).await.code(), ErrorCode::SecondFactorRefused);
    }
}

#[tokio::test]
async fn a_pass_stands_for_a_code_for_ten_minutes_and_for_its_own_account() {
    let house = House::open().await;
    let (anna, berta) = (Person::registers(&house, "anna").await, Person::registers(&house, "berta").await);
    let (authenticator, _) = enabled(&house, &anna).await;
    enabled(&house, &berta).await;
    let signed_in: SignedIn = signs_in(&house, &anna, &authenticator.at(house.now_ms())).await.read();
    let pass = signed_in.second_factor_pass.unwrap();
    for _ in 0..2 {
        let _: SignedIn = signs_in(&house, &anna, &pass).await.read();
    }
    assert_eq!(signs_in(&house, &berta, &pass).await.code(), ErrorCode::SecondFactorRefused);
    // A ticket is none.
    assert_eq!(signs_in(&house, &anna, &signed_in.ticket).await.code(), ErrorCode::SecondFactorRefused);
    // What is given for it just before it ends, ends with it.
    house.pass(9 * MINUTE_MS);
    let signed_in: SignedIn = signs_in(&house, &anna, &pass).await.read();
    let codes = house.post(format!("{PATH}/codes"), &ShowTicket { ticket: signed_in.ticket.clone() });
    let _: RecoveryCodes = codes.by(&anna).send().await.read();
    house.pass(MINUTE_MS);
    assert_eq!(signs_in(&house, &anna, &pass).await.code(), ErrorCode::SecondFactorRefused);
    let disable = house.post(format!("{PATH}/disable"), &ShowTicket { ticket: signed_in.ticket });
    assert_eq!(disable.by(&anna).send().await.code(), ErrorCode::ProofRefused);
}

#[tokio::test]
async fn an_authenticators_codes_are_guessed_at_only_so_often_and_who_does_it_keeps_no_recovery_code_out() {
    let house = House::open().await;
    let anna = Person::registers(&house, "anna").await;
    let (authenticator, codes) = enabled(&house, &anna).await;
    let request = last(&house, &anna, None).await;
    let right = authenticator.at(house.now_ms());
    let mut tried = 0;
    let refused = loop {
        let guess = format!("{:06}", tried);
        let guess = if guess == right.expose() { "999999".into() } else { guess };
        let second_factor = Some(Secret::new(guess));
        let call = house.post("/api/v1/sign-ins/finish", &FinishSignIn { second_factor, ..request.clone() });
        let answer = call.from(&format!("192.0.2.{}", 10 + tried)).send().await;
        if answer.code() != ErrorCode::SecondFactorRefused {
            break answer.code();
        }
        tried += 1;
        assert!(tried <= 12, "no end of guesses");
    };
    assert_eq!((refused, tried), (ErrorCode::TooManyRequests, 12));
    // The right one waits as well.
    let with = |code: &Secret| FinishSignIn { second_factor: Some(code.clone()), ..request.clone() };
    assert_eq!(send(&house, &with(&right)).await.code(), ErrorCode::TooManyRequests);
    // A recovery code is too long to be guessed, and the owner gets in by it.
    let wrong = Secret::new("0000-0000-0000-0000");
    assert_eq!(send(&house, &with(&wrong)).await.code(), ErrorCode::SecondFactorRefused);
    let _: SignedIn = send(&house, &with(&codes[0])).await.read();
    house.pass(5 * MINUTE_MS);
    let _: SignedIn = signs_in(&house, &anna, &authenticator.at(house.now_ms())).await.read();
}

async fn open(house: &House, person: &Person, state: &Bytes, code: Option<&Secret>) -> Answer {
    let proof = labels::sign(&person.recovery, labels::RECOVERY_VAULT, state);
    let request = OpenRecovery { state: state.clone(), proof, second_factor: code.cloned() };
    house.post("/api/v1/recoveries/vault", &request).send().await
}

#[tokio::test]
async fn the_recovery_key_takes_the_place_of_the_password_and_not_of_the_second_factor() {
    let house = House::open().await;
    let anna = Person::registers(&house, "anna").await;
    let (_, codes) = enabled(&house, &anna).await;
    let fresh = FreshPassword::of("anna", NEW);
    let start = StartRecovery { username: "anna".into(), opaque: fresh.request.clone() };
    let started: RecoveryStarted = house.post("/api/v1/recoveries/start", &start).send().await.read();
    let answer = open(&house, &anna, &started.state, None).await;
    assert!(!String::from_utf8_lossy(&answer.body).contains("vault"));
    assert_eq!(answer.code(), ErrorCode::SecondFactorNeeded);
    let wrong = open(&house, &anna, &started.state, Some(&Secret::new("000000-000000"))).await;
    assert_eq!(wrong.code(), ErrorCode::SecondFactorRefused);
    // Who has not the recovery key hears nothing of it.
    let other = Person::registers(&house, "berta").await;
    let refused =
        open(&house, &Person { recovery: other.recovery.clone(), ..anna_like(&anna) }, &started.state, None).await;
    assert_eq!(refused.code(), ErrorCode::RecoveryRefused);

    let given: RecoveryVault = open(&house, &anna, &started.state, Some(&codes[0])).await.read();
    let opaque = fresh.upload(&started.opaque);
    let vault = Vault { number: 2, sealed: Bytes(b"the next vault".to_vec()) };
    let wish = recovery::wish(&started.state, &opaque, started.stretch, &vault);
    let proof = labels::sign(&anna.recovery, labels::RECOVERY, &wish);
    let without =
        FinishRecovery { state: started.state, opaque, stretch: started.stretch, vault, proof, second_factor: None };
    let finish = "/api/v1/recoveries/finish";
    assert_eq!(house.post(finish, &without).send().await.code(), ErrorCode::SecondFactorNeeded);
    assert!(start_sign_in(&house, "anna", anna.password).await.1.status.is_success());
    let with = FinishRecovery { second_factor: given.second_factor_pass.clone(), ..without };
    let _: PasswordChanged = house.post(finish, &with).send().await.read();
    // The new password needs it too; the pass is good for the sign-in that follows.
    let (state, answer) = start_sign_in(&house, "anna", NEW).await;
    let request = last_of_sign_in("anna", NEW, state, answer.read());
    assert_eq!(send(&house, &request).await.code(), ErrorCode::SecondFactorNeeded);
    let _: SignedIn = send(&house, &FinishSignIn { second_factor: given.second_factor_pass, ..request }).await.read();
}

fn anna_like(person: &Person) -> Person {
    Person {
        name: person.name.clone(),
        password: person.password,
        account: person.account,
        device: person.device,
        device_key: person.device_key.clone(),
        identity: person.identity.clone(),
        recovery: person.recovery.clone(),
        lists: person.lists.clone(),
        grant: person.grant.clone(),
    }
}

#[tokio::test]
async fn the_store_holds_neither_secret_nor_codes_as_they_are() {
    let house = House::open().await;
    let anna = Person::registers(&house, "anna").await;
    let (authenticator, codes) = enabled(&house, &anna).await;
    let stored = house.store.second_factor(anna.account).await.unwrap().unwrap();
    let holds = |part: &[u8]| stored.sealed.windows(part.len()).any(|window| window == part);
    assert!(!holds(&authenticator.0) && stored.sealed.len() > 40);
    for code in codes {
        let plain = code.expose().replace('-', "");
        let hash = huis_proto::Bytes32(<sha2::Sha256 as sha2::Digest>::digest(&plain).into());
        assert!(!house.store.use_recovery_code(anna.account, stored.number, hash).await.unwrap(), "an unkeyed hash");
    }
}
