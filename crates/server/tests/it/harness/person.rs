//! Somebody with an account: the client's half of registration and sign-in, as a client would do it.

use argon2::{Algorithm, Argon2, Params, Version};
use ed25519_dalek::SigningKey;
use huis_proto::device_list::{DeviceList, ListedDevice, SignedDeviceList};
use huis_proto::opaque::{CONTEXT, SERVER_IDENTIFIER, Suite, client_identifier};
use huis_proto::rest::{
    Admission, EnrolDevice, FinishRegistration, FinishSignIn, RefreshSession, RegistrationStarted, Secret,
    SessionGrant, SignInStarted, SignedIn, StartRegistration, StartSignIn,
};
use huis_proto::{AccountId, Bytes, Bytes32, DeviceId, labels};
use opaque_ke::{
    ClientLogin, ClientLoginFinishParameters, ClientRegistration, ClientRegistrationFinishParameters,
    CredentialResponse, Identifiers, RegistrationResponse,
};
use rand::RngCore as _;
use rand::rngs::OsRng;

use super::{Answer, House, PASSPHRASE};

pub(crate) struct Person {
    pub name: String,
    pub password: &'static str,
    pub account: AccountId,
    pub device: DeviceId,
    pub device_key: SigningKey,
    pub identity: SigningKey,
    pub recovery: SigningKey,
    pub lists: Vec<SignedDeviceList>,
    pub grant: SessionGrant,
}

pub(crate) fn fresh_key() -> SigningKey {
    let mut seed = [0; 32];
    OsRng.fill_bytes(&mut seed);
    SigningKey::from_bytes(&seed)
}

/// The password's stretching is the client's own business, which no server can see: weak here, for speed.
fn stretching() -> Argon2<'static> {
    Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(8, 1, 1, None).unwrap())
}

fn identifiers(name: &str) -> Identifiers<'_> {
    Identifiers { client: Some(client_identifier(name)), server: Some(SERVER_IDENTIFIER) }
}

pub(crate) fn public(key: &SigningKey) -> Bytes32 {
    Bytes32(key.verifying_key().to_bytes())
}

/// A first device list with one device.
pub(crate) fn first_list(
    identity: &SigningKey,
    account: AccountId,
    device: DeviceId,
    key: &SigningKey,
) -> SignedDeviceList {
    let listed = ListedDevice { device, signature_key: public(key), added_at_ms: 5 };
    let list = DeviceList {
        account,
        number: 1,
        previous: Bytes32([0; 32]),
        identity: public(identity),
        signed_at_ms: 5,
        state_number: 1,
        devices: vec![listed],
    };
    list.sign(identity)
}

pub(crate) fn with_passphrase() -> Admission {
    Admission { access_passphrase: Some(Secret::new(PASSPHRASE)), ..Admission::default() }
}

/// The client's half of a registration or of a new password.
pub(crate) struct FreshPassword {
    pub request: Bytes,
    state: ClientRegistration<Suite>,
    name: String,
    password: String,
}

impl FreshPassword {
    pub(crate) fn of(name: &str, password: &str) -> Self {
        let started = ClientRegistration::<Suite>::start(&mut OsRng, password.as_bytes()).unwrap();
        let request = Bytes(started.message.serialize().to_vec());
        Self { request, state: started.state, name: name.into(), password: password.into() }
    }

    /// The last message, for the server's answer to the first.
    pub(crate) fn upload(self, response: &[u8]) -> Bytes {
        let response = RegistrationResponse::deserialize(response).unwrap();
        let ksf = stretching();
        let parameters = ClientRegistrationFinishParameters::new(identifiers(&self.name), Some(&ksf));
        let finished = self.state.finish(&mut OsRng, self.password.as_bytes(), response, parameters).unwrap();
        Bytes(finished.message.serialize().to_vec())
    }
}

/// The first step alone, with a fresh request.
pub(crate) async fn begin_registration(house: &House, name: &str, admission: Admission) -> Answer {
    let started = ClientRegistration::<Suite>::start(&mut OsRng, b"correct horse").unwrap();
    let request =
        StartRegistration { username: name.into(), admission, opaque: Bytes(started.message.serialize().to_vec()) };
    house.post("/api/v1/registrations/start", &request).send().await
}

/// Everything up to the second step, which the caller may change before sending it; and who it would become.
pub(crate) async fn registration(house: &House, name: &str, admission: Admission) -> (FinishRegistration, Person) {
    let password = "correct horse";
    let form = name.to_ascii_lowercase();
    let fresh = FreshPassword::of(&form, password);
    let request =
        StartRegistration { username: name.into(), admission: admission.clone(), opaque: fresh.request.clone() };
    let answer: RegistrationStarted = house.post("/api/v1/registrations/start", &request).send().await.read();
    let opaque = fresh.upload(&answer.opaque);

    let account = AccountId::random(&mut OsRng);
    let device = DeviceId::random(&mut OsRng);
    let device_key = fresh_key();
    let (identity, recovery) = (fresh_key(), fresh_key());
    let list = first_list(&identity, account, device, &device_key);
    let request = FinishRegistration {
        username: name.into(),
        email: None,
        admission,
        opaque,
        stretch: answer.stretch,
        account,
        device,
        identity_key: public(&identity),
        recovery_key: public(&recovery),
        device_list: list.clone(),
        vault: Bytes(b"a sealed vault".to_vec()),
        account_state: Bytes(b"a sealed state".to_vec()),
        stay_signed_in: true,
    };
    let person = Person {
        name: form,
        password,
        account,
        device,
        device_key,
        identity,
        recovery,
        lists: vec![list],
        grant: SessionGrant {
            session: huis_proto::SessionId::from_bytes([0; 16]),
            account,
            device,
            username: String::new(),
            access_token: Secret::new(""),
            access_expires_in_s: 0,
            refresh_token: Secret::new(""),
            server_time_ms: 0,
            incarnation: huis_proto::IncarnationId::from_bytes([0; 16]),
        },
    };
    (request, person)
}

/// The first step alone; what the client remembers, and the server's answer.
/// The super-administrator of a house that has none yet.
pub(crate) async fn administrator(house: &House) -> Person {
    let code = house.server.newcomers().claim.clone().unwrap();
    let (request, person) = registration(house, "head", Admission { claim: Some(code), ..Admission::default() }).await;
    Person { grant: house.post("/api/v1/registrations/finish", &request).send().await.read(), ..person }
}

pub(crate) async fn start_sign_in(house: &House, name: &str, password: &str) -> (ClientLogin<Suite>, Answer) {
    let started = ClientLogin::<Suite>::start(&mut OsRng, password.as_bytes()).unwrap();
    let request = StartSignIn { username: name.into(), opaque: Bytes(started.message.serialize().to_vec()) };
    (started.state, house.post("/api/v1/sign-ins/start", &request).send().await)
}

/// A whole sign-in. A client with a wrong password can't make the last message; this one sends what it has.
pub(crate) async fn sign_in(house: &House, name: &str, password: &str) -> Result<SignedIn, Answer> {
    let (state, answer) = start_sign_in(house, name, password).await;
    if !answer.status.is_success() {
        return Err(answer);
    }
    finish_sign_in(house, name, password, state, answer.read()).await
}

/// The second step of a sign-in.
pub(crate) async fn finish_sign_in(
    house: &House,
    name: &str,
    password: &str,
    state: ClientLogin<Suite>,
    answer: SignInStarted,
) -> Result<SignedIn, Answer> {
    let request = last_of_sign_in(name, password, state, answer);
    let answer = house.post("/api/v1/sign-ins/finish", &request).send().await;
    if answer.status.is_success() { Ok(answer.read()) } else { Err(answer) }
}

/// The request of the second step, which the caller may change before sending it.
pub(crate) fn last_of_sign_in(
    name: &str,
    password: &str,
    state: ClientLogin<Suite>,
    answer: SignInStarted,
) -> FinishSignIn {
    let response = CredentialResponse::deserialize(&answer.opaque).unwrap();
    let ksf = stretching();
    let parameters = ClientLoginFinishParameters::new(Some(CONTEXT), identifiers(name), Some(&ksf));
    let finalization = match state.finish(&mut OsRng, password.as_bytes(), response, parameters) {
        Ok(finished) => finished.message.serialize().to_vec(),
        Err(_) => vec![7; 64],
    };
    FinishSignIn { state: answer.state, opaque: Bytes(finalization), second_factor: None }
}

impl Person {
    pub(crate) async fn registers(house: &House, name: &str) -> Self {
        let (request, person) = registration(house, name, with_passphrase()).await;
        let answer = house.post("/api/v1/registrations/finish", &request).send().await;
        Self { grant: answer.read(), ..person }
    }

    pub(crate) async fn signs_in(&self, house: &House) -> SignedIn {
        sign_in(house, &self.name, self.password).await.unwrap()
    }

    /// The list that follows the newest one, with these devices.
    pub(crate) fn next_list(&self, devices: &[(DeviceId, &SigningKey)]) -> SignedDeviceList {
        let number = u64::try_from(self.lists.len()).unwrap() + 1;
        let previous = self.lists.last().unwrap().hash();
        self.list(number, previous, devices)
    }

    pub(crate) fn list(&self, number: u64, previous: Bytes32, devices: &[(DeviceId, &SigningKey)]) -> SignedDeviceList {
        self.unsigned(number, previous, devices).sign(&self.identity)
    }

    /// The same, before it is signed.
    pub(crate) fn unsigned(&self, number: u64, previous: Bytes32, devices: &[(DeviceId, &SigningKey)]) -> DeviceList {
        let devices = devices
            .iter()
            .map(|(device, key)| ListedDevice { device: *device, signature_key: public(key), added_at_ms: 5 })
            .collect();
        let identity = public(&self.identity);
        DeviceList { account: self.account, number, previous, identity, signed_at_ms: 5, state_number: 1, devices }
    }

    /// Enrols a second device with the password; gives its id, key and session.
    pub(crate) async fn adds_device(&mut self, house: &House) -> (DeviceId, SigningKey, SessionGrant) {
        let ticket = self.signs_in(house).await.ticket;
        let (device, key) = (DeviceId::random(&mut OsRng), fresh_key());
        let own = self.device_key.clone();
        let list = self.next_list(&[(self.device, &own), (device, &key)]);
        let answer = enrol(house, &ticket, device, &key, Some(list.clone())).await;
        self.lists.push(list);
        (device, key, answer.read())
    }

    pub(crate) async fn refreshes(&self, house: &House, token: &Secret) -> Answer {
        refresh(house, token, &self.device_key).await
    }
}

pub(crate) async fn enrol(
    house: &House,
    ticket: &Secret,
    device: DeviceId,
    key: &SigningKey,
    device_lists: impl IntoIterator<Item = SignedDeviceList>,
) -> Answer {
    let request = EnrolDevice {
        ticket: ticket.clone(),
        device,
        device_lists: device_lists.into_iter().collect(),
        proof: labels::sign(key, labels::SESSION, ticket.expose().as_bytes()),
        stay_signed_in: true,
    };
    house.post("/api/v1/devices", &request).send().await
}

pub(crate) async fn refresh(house: &House, token: &Secret, key: &SigningKey) -> Answer {
    let request = RefreshSession {
        refresh_token: token.clone(),
        proof: labels::sign(key, labels::SESSION, token.expose().as_bytes()),
    };
    house.post("/api/v1/sessions/refresh", &request).send().await
}
