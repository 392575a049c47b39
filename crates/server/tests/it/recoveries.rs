//! A new password by the recovery key.

use ed25519_dalek::SigningKey;
use huis_proto::opaque::StretchParameters;
use huis_proto::rest::{
    FinishRecovery, FinishSignIn, OpenRecovery, PasswordChanged, RecoveryStarted, RecoveryVault, Rooms, SignInStarted,
    StartRecovery, Vault,
};
use huis_proto::{Bytes, ErrorCode, labels, recovery};
use huis_server::Rates;

use super::harness::{Answer, FreshPassword, House, MINUTE_MS, Person, fresh_key, public, sign_in, start_sign_in};

const START: &str = "/api/v1/recoveries/start";
const VAULT: &str = "/api/v1/recoveries/vault";
const FINISH: &str = "/api/v1/recoveries/finish";
const NEW: &str = "staple battery";

async fn start(house: &House, name: &str) -> (FreshPassword, Answer) {
    let fresh = FreshPassword::of(name, NEW);
    let request = StartRecovery { username: name.into(), opaque: fresh.request.clone() };
    (fresh, house.post(START, &request).send().await)
}

async fn open(house: &House, state: &Bytes, key: &SigningKey) -> Answer {
    let proof = labels::sign(key, labels::RECOVERY_VAULT, state);
    house.post(VAULT, &OpenRecovery { state: state.clone(), proof, second_factor: None }).send().await
}

/// Everything up to the last step, signed by `key`.
async fn begin(house: &House, name: &str, key: &SigningKey, vault: u64) -> FinishRecovery {
    let (fresh, answer) = start(house, name).await;
    let started: RecoveryStarted = answer.read();
    let opaque = fresh.upload(&started.opaque);
    let vault = Vault { number: vault, sealed: Bytes(b"the next vault".to_vec()) };
    let proof = labels::sign(key, labels::RECOVERY, &recovery::wish(&started.state, &opaque, started.stretch, &vault));
    FinishRecovery { state: started.state, opaque, stretch: started.stretch, vault, proof, second_factor: None }
}

async fn finish(house: &House, request: &FinishRecovery) -> Answer {
    house.post(FINISH, request).send().await
}

#[tokio::test]
async fn the_recovery_key_gets_the_vault_and_sets_a_new_password_and_every_session_ends() {
    let house = House::open().await;
    let mut anna = Person::registers(&house, "anna").await;
    let berta = Person::registers(&house, "berta").await;
    let (_, _, tablet) = anna.adds_device(&house).await;
    let ticket = anna.signs_in(&house).await.ticket;
    let started: RecoveryStarted = start(&house, "Anna").await.1.read();
    let given: RecoveryVault = open(&house, &started.state, &anna.recovery).await.read();
    assert_eq!((given.account, given.identity_key), (anna.account, public(&anna.identity)));
    assert_eq!(given.vault, Vault { number: 1, sealed: Bytes(b"a sealed vault".to_vec()) });
    let changed: PasswordChanged = finish(&house, &begin(&house, "anna", &anna.recovery, 2).await).await.read();
    assert_eq!(changed.ended_sessions, 2);
    for token in [&anna.grant.access_token, &tablet.access_token] {
        assert_eq!(house.get("/api/v1/rooms").token(token).send().await.code(), ErrorCode::SessionEnded);
    }
    let _: Rooms = house.get("/api/v1/rooms").by(&berta).send().await.read();
    let late = super::harness::enrol(&house, &ticket, anna.device, &anna.device_key, None).await;
    assert_eq!(late.code(), ErrorCode::ProofRefused, "a ticket of the forgotten password");
    assert_eq!(sign_in(&house, "anna", anna.password).await.unwrap_err().code(), ErrorCode::SignInRefused);
    let signed_in = sign_in(&house, "anna", NEW).await.unwrap();
    assert_eq!((signed_in.vault_number, &*signed_in.vault), (2, &b"the next vault"[..]));
}

#[tokio::test]
async fn unknown_names_are_answered_like_known_ones_at_every_step() {
    let house = House::open().await;
    Person::registers(&house, "anna").await;
    let key = fresh_key();
    let (known, unknown) = (start(&house, "anna").await.1, start(&house, "otto").await.1);
    assert_eq!((known.status, known.body.len()), (unknown.status, unknown.body.len()));
    let (known, unknown): (RecoveryStarted, RecoveryStarted) = (known.read(), unknown.read());
    assert_eq!(known.stretch, unknown.stretch);
    assert_eq!((known.opaque.len(), known.state.len()), (unknown.opaque.len(), unknown.state.len()));
    let (known, unknown) = (open(&house, &known.state, &key).await, open(&house, &unknown.state, &key).await);
    assert_eq!(known.code(), ErrorCode::RecoveryRefused);
    assert_eq!((known.status, known.body), (unknown.status, unknown.body));
    let known = finish(&house, &begin(&house, "anna", &key, 2).await).await;
    let unknown = finish(&house, &begin(&house, "otto", &key, 2).await).await;
    assert_eq!(known.code(), ErrorCode::RecoveryRefused);
    assert_eq!((known.status, known.body), (unknown.status, unknown.body));
}

#[tokio::test]
async fn a_signature_for_the_vault_sets_no_password_and_the_other_way_round() {
    let house = House::open().await;
    let anna = Person::registers(&house, "anna").await;
    let right = begin(&house, "anna", &anna.recovery, 2).await;
    let wish = recovery::wish(&right.state, &right.opaque, right.stretch, &right.vault);
    for (label, signed) in [
        (labels::RECOVERY_VAULT, &wish[..]),
        (labels::RECOVERY_VAULT, &right.state[..]),
        (labels::RECOVERY, &right.state[..]),
        (labels::DEVICE_LIST, &wish[..]),
    ] {
        let proof = labels::sign(&anna.recovery, label, signed);
        let refused = finish(&house, &FinishRecovery { proof, ..right.clone() }).await;
        assert_eq!(refused.code(), ErrorCode::RecoveryRefused, "{label}");
    }
    for (label, signed) in [(labels::RECOVERY, &right.state[..]), (labels::RECOVERY, &wish[..])] {
        let proof = labels::sign(&anna.recovery, label, signed);
        let request = OpenRecovery { state: right.state.clone(), proof, second_factor: None };
        assert_eq!(house.post(VAULT, &request).send().await.code(), ErrorCode::RecoveryRefused, "{label}");
    }
    let _: PasswordChanged = finish(&house, &right).await.read();
}

#[tokio::test]
async fn a_signature_is_good_for_one_recovery_of_one_account_one_record_and_one_vault() {
    let house = House::open().await;
    let anna = Person::registers(&house, "anna").await;
    let berta = Person::registers(&house, "berta").await;
    let right = begin(&house, "anna", &anna.recovery, 2).await;
    let (other, bertas) =
        (begin(&house, "anna", &anna.recovery, 2).await, begin(&house, "berta", &anna.recovery, 2).await);
    let refused = |request: FinishRecovery| {
        let house = &house;
        async move { finish(house, &request).await.code() }
    };
    let mixed = [
        FinishRecovery { state: other.state.clone(), ..right.clone() },
        FinishRecovery { opaque: other.opaque.clone(), ..right.clone() },
        FinishRecovery { vault: Vault { number: 3, ..right.vault.clone() }, ..right.clone() },
        FinishRecovery { vault: Vault { number: 2, sealed: Bytes(b"forged".to_vec()) }, ..right.clone() },
        FinishRecovery { stretch: StretchParameters { passes: 4, ..right.stretch }, ..right.clone() },
        FinishRecovery { proof: other.proof.clone(), ..right.clone() },
        bertas,
    ];
    for request in mixed {
        assert_eq!(refused(request).await, ErrorCode::RecoveryRefused);
    }
    assert_eq!(anna.signs_in(&house).await.vault_number, 1);
    assert_eq!(berta.signs_in(&house).await.vault_number, 1);
    let _: PasswordChanged = finish(&house, &right).await.read();
    // Neither the same again, nor another one that was begun before.
    assert_eq!(refused(right.clone()).await, ErrorCode::RecoveryRefused);
    assert_eq!(refused(other).await, ErrorCode::RecoveryRefused);
    assert_eq!(open(&house, &right.state, &anna.recovery).await.code(), ErrorCode::RecoveryRefused);
}

#[tokio::test]
async fn the_further_steps_take_two_minutes_at_most_and_only_the_servers_own_state() {
    let house = House::open().await;
    let anna = Person::registers(&house, "anna").await;
    let started: SignInStarted = start_sign_in(&house, "anna", anna.password).await.1.read();
    assert_eq!(open(&house, &started.state, &anna.recovery).await.code(), ErrorCode::ProofRefused);
    let right = begin(&house, "anna", &anna.recovery, 2).await;
    let swapped = FinishSignIn { state: right.state.clone(), opaque: Bytes(vec![7; 64]), second_factor: None };
    assert_eq!(house.post("/api/v1/sign-ins/finish", &swapped).send().await.code(), ErrorCode::ProofRefused);
    let mut changed = right.state.clone();
    changed.0[20] ^= 1;
    assert_eq!(open(&house, &changed, &anna.recovery).await.code(), ErrorCode::ProofRefused);
    house.pass(2 * MINUTE_MS);
    assert_eq!(open(&house, &right.state, &anna.recovery).await.code(), ErrorCode::ProofRefused);
    assert_eq!(finish(&house, &right).await.code(), ErrorCode::ProofRefused);
    assert_eq!(anna.signs_in(&house).await.vault_number, 1);
}

#[tokio::test]
async fn a_vault_that_does_not_follow_is_refused_at_a_recovery() {
    let house = House::open().await;
    let anna = Person::registers(&house, "anna").await;
    for number in [0, 1, 3] {
        let request = begin(&house, "anna", &anna.recovery, number).await;
        assert_eq!(finish(&house, &request).await.code(), ErrorCode::StateConflict, "vault {number}");
    }
    assert_eq!(anna.signs_in(&house).await.vault_number, 1);
}

#[tokio::test]
async fn recoveries_are_counted_like_sign_ins_for_each_name_and_address() {
    let house = House::with(|config| config.rates = Rates { guesses_per_minute: 3, ..Rates::UNLIMITED }).await;
    let key = fresh_key();
    let started: RecoveryStarted = start(&house, "anna").await.1.read();
    // A wrong proof counts as well, and so does a sign-in: it is one account that is guessed at.
    assert_eq!(open(&house, &started.state, &key).await.code(), ErrorCode::RecoveryRefused);
    assert!(start_sign_in(&house, "anna", "guess").await.1.status.is_success());
    assert_eq!(start(&house, "anna").await.1.code(), ErrorCode::TooManyRequests);
    assert_eq!(open(&house, &started.state, &key).await.code(), ErrorCode::TooManyRequests);
    for attempt in 4..30 {
        start(&house, &format!("person-{attempt}")).await;
    }
    assert_eq!(start(&house, "berta").await.1.code(), ErrorCode::TooManyRequests);
}

#[tokio::test]
async fn the_steps_of_a_recovery_may_meet_different_nodes() {
    let first = House::open().await;
    let second = first.beside().await;
    let anna = Person::registers(&first, "anna").await;
    let request = begin(&first, "anna", &anna.recovery, 2).await;
    let _: RecoveryVault = open(&second, &request.state, &anna.recovery).await.read();
    let changed: PasswordChanged = finish(&second, &request).await.read();
    assert_eq!(changed.ended_sessions, 1);
    assert_eq!(first.get("/api/v1/rooms").by(&anna).send().await.code(), ErrorCode::SessionEnded);
    sign_in(&first, "anna", NEW).await.unwrap();
}
