//! The client's half of OPAQUE (RFC 9807): the server never sees the password, and what it keeps is of use only to
//! somebody who guesses it through Argon2id.
//!
//! Each exchange has two steps: `start` gives the first message, `finish` takes the server's answer and gives the last
//! message and the *export key*, which the server never learns and which wraps the vault.

use std::fmt;

use huis_proto::opaque::{CONTEXT, StretchParameters, StretchRefused, Suite};
use opaque_ke::errors::ProtocolError;
use opaque_ke::{
    ClientLogin, ClientLoginFinishParameters, ClientRegistration, ClientRegistrationFinishParameters,
    CredentialResponse, RegistrationResponse,
};
use rand::{CryptoRng, RngCore};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// OPAQUE's export key: 64 bytes that only somebody with the password gets, the same at every sign-in.
pub struct ExportKey(Zeroizing<[u8; 64]>);

/// OPAQUE's session key: 64 bytes that this client and the server share after a sign-in.
pub struct SessionKey(Zeroizing<[u8; 64]>);

/// The names that both sides bind into the exchange; `None` stands for the public keys (RFC 9807, section 4.1).
#[derive(Debug, Clone, Copy, Default)]
pub struct Identifiers<'a> {
    /// The client's.
    pub client: Option<&'a [u8]>,
    /// The server's.
    pub server: Option<&'a [u8]>,
}

/// Why a registration or a sign-in did not come about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    /// The password is wrong, or there is no such account: a server answers both alike.
    #[error("the name or the password is wrong")]
    WrongPassword,
    /// The server's answer is not what the protocol asks for.
    #[error("the server's answer to the sign-in can't be read")]
    Answer,
    /// The server stated stretching parameters that this client does not accept.
    #[error(transparent)]
    Stretch(#[from] StretchRefused),
    /// The password is empty or longer than the protocol takes.
    #[error("the password is empty or too long")]
    Password,
}

/// A registration (or a change of password) under way.
pub struct Registration(ClientRegistration<Suite>);

/// A finished registration.
#[derive(Debug)]
pub struct Registered {
    /// The record that the server keeps.
    pub upload: Vec<u8>,
    /// Wraps the vault.
    pub export_key: ExportKey,
}

/// A sign-in under way.
pub struct SignIn(ClientLogin<Suite>);

/// A finished sign-in.
#[derive(Debug)]
pub struct SignedIn {
    /// The message that proves the password to the server.
    pub finalization: Vec<u8>,
    /// Shared with the server.
    pub session_key: SessionKey,
    /// Opens the vault.
    pub export_key: ExportKey,
}

/// The longest password in bytes.
const LONGEST_PASSWORD: usize = 1024;

impl Registration {
    /// Begins: the state to keep, and the request to send.
    ///
    /// # Errors
    /// [`PasswordError::Password`] for an empty or over-long password.
    pub fn start(rng: &mut (impl RngCore + CryptoRng), password: &[u8]) -> Result<(Self, Vec<u8>), PasswordError> {
        checked(password)?;
        let started = ClientRegistration::start(rng, password).map_err(|_| PasswordError::Password)?;
        Ok((Self(started.state), started.message.serialize().to_vec()))
    }

    /// Ends: stretches the password (this takes its time) and gives the server's record.
    ///
    /// # Errors
    /// [`PasswordError`] where the answer is malformed or the parameters are refused.
    pub fn finish(
        self,
        rng: &mut (impl RngCore + CryptoRng),
        password: &[u8],
        response: &[u8],
        identifiers: Identifiers<'_>,
        stretch: StretchParameters,
    ) -> Result<Registered, PasswordError> {
        let response = RegistrationResponse::deserialize(response).map_err(|_| PasswordError::Answer)?;
        let ksf = stretch.argon2()?;
        let parameters = ClientRegistrationFinishParameters::new(identifiers.into(), Some(&ksf));
        let finished = self.0.finish(rng, password, response, parameters).map_err(refused)?;
        let export_key = Zeroizing::new(finished.export_key.into());
        Ok(Registered { upload: finished.message.serialize().to_vec(), export_key: ExportKey(export_key) })
    }
}

impl SignIn {
    /// Begins: the state to keep, and the request to send.
    ///
    /// # Errors
    /// [`PasswordError::Password`] for an empty or over-long password.
    pub fn start(rng: &mut (impl RngCore + CryptoRng), password: &[u8]) -> Result<(Self, Vec<u8>), PasswordError> {
        checked(password)?;
        let started = ClientLogin::start(rng, password).map_err(|_| PasswordError::Password)?;
        Ok((Self(started.state), started.message.serialize().to_vec()))
    }

    /// Ends: stretches the password (this takes its time), checks that the server knows the record, and gives the proof.
    ///
    /// # Errors
    /// [`PasswordError::WrongPassword`] where the two do not fit; [`PasswordError`] otherwise.
    pub fn finish(
        self,
        rng: &mut (impl RngCore + CryptoRng),
        password: &[u8],
        response: &[u8],
        identifiers: Identifiers<'_>,
        stretch: StretchParameters,
    ) -> Result<SignedIn, PasswordError> {
        let response = CredentialResponse::deserialize(response).map_err(|_| PasswordError::Answer)?;
        let ksf = stretch.argon2()?;
        let parameters = ClientLoginFinishParameters::new(Some(CONTEXT), identifiers.into(), Some(&ksf));
        let finished = self.0.finish(rng, password, response, parameters).map_err(refused)?;
        Ok(SignedIn {
            finalization: finished.message.serialize().to_vec(),
            session_key: SessionKey(Zeroizing::new(finished.session_key.into())),
            export_key: ExportKey(Zeroizing::new(finished.export_key.into())),
        })
    }
}

impl ExportKey {
    /// This key. **The caller wipes its own copy.**
    pub fn from_bytes(bytes: &[u8; 64]) -> Self {
        Self(Zeroizing::new(*bytes))
    }

    /// The key's bytes. **Never log, print, store or send them.**
    pub fn expose(&self) -> &[u8; 64] {
        &self.0
    }
}

impl SessionKey {
    /// The key's bytes. **Never log, print or store them.**
    pub fn expose(&self) -> &[u8; 64] {
        &self.0
    }
}

impl PartialEq for ExportKey {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&*other.0).into()
    }
}

impl Eq for ExportKey {}

impl<'a> From<Identifiers<'a>> for opaque_ke::Identifiers<'a> {
    fn from(identifiers: Identifiers<'a>) -> Self {
        Self { client: identifiers.client, server: identifiers.server }
    }
}

fn checked(password: &[u8]) -> Result<(), PasswordError> {
    if password.is_empty() || password.len() > LONGEST_PASSWORD { Err(PasswordError::Password) } else { Ok(()) }
}

fn refused(error: ProtocolError) -> PasswordError {
    match error {
        ProtocolError::InvalidLoginError => PasswordError::WrongPassword,
        _ => PasswordError::Answer,
    }
}

macro_rules! silent {
    ($($name:ident)*) => {$(
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(…)"))
            }
        }
    )*};
}

silent!(ExportKey SessionKey Registration SignIn);

#[cfg(test)]
mod tests {
    use opaque_ke::{
        CredentialFinalization, CredentialRequest, RegistrationRequest, RegistrationUpload, ServerLogin,
        ServerLoginParameters, ServerRegistration, ServerSetup,
    };
    use rand::rngs::OsRng;

    use super::*;

    const STRETCH: StretchParameters = StretchParameters::NEW_ACCOUNTS;

    /// A server that holds one record.
    struct Server {
        setup: ServerSetup<Suite>,
        record: Vec<u8>,
    }

    fn register(password: &[u8]) -> (Server, ExportKey) {
        let setup = ServerSetup::<Suite>::new(&mut OsRng);
        let (registration, request) = Registration::start(&mut OsRng, password).unwrap();
        let request = RegistrationRequest::deserialize(&request).unwrap();
        let response = ServerRegistration::start(&setup, request, b"id").unwrap().message.serialize();
        let registered = registration.finish(&mut OsRng, password, &response, Identifiers::default(), STRETCH).unwrap();
        let record = ServerRegistration::<Suite>::finish(RegistrationUpload::deserialize(&registered.upload).unwrap());
        (Server { setup, record: record.serialize().to_vec() }, registered.export_key)
    }

    fn sign_in(server: &Server, password: &[u8]) -> Result<SignedIn, PasswordError> {
        let (sign_in, request) = SignIn::start(&mut OsRng, password)?;
        let parameters = || ServerLoginParameters { context: Some(CONTEXT), ..Default::default() };
        let started = ServerLogin::start(
            &mut OsRng,
            &server.setup,
            Some(ServerRegistration::deserialize(&server.record).unwrap()),
            CredentialRequest::deserialize(&request).unwrap(),
            b"id",
            parameters(),
        )
        .unwrap();
        let answer = started.message.serialize();
        let signed_in = sign_in.finish(&mut OsRng, password, &answer, Identifiers::default(), STRETCH)?;
        let finalization = CredentialFinalization::deserialize(&signed_in.finalization).unwrap();
        let finished = started.state.finish(finalization, parameters()).unwrap();
        assert_eq!(finished.session_key[..], signed_in.session_key.expose()[..]);
        Ok(signed_in)
    }

    #[test]
    fn the_right_password_gives_the_same_export_key_again_and_a_wrong_one_nothing() {
        let (server, export_key) = register(b"correct horse");
        assert_eq!(sign_in(&server, b"correct horse").unwrap().export_key, export_key);
        assert_eq!(sign_in(&server, b"correct house").unwrap_err(), PasswordError::WrongPassword);
    }

    #[test]
    fn a_server_that_asks_for_a_weak_stretch_or_answers_garbage_gets_nothing() {
        let (registration, _) = Registration::start(&mut OsRng, b"password").unwrap();
        let setup = ServerSetup::<Suite>::new(&mut OsRng);
        let (_, request) = Registration::start(&mut OsRng, b"password").unwrap();
        let request = RegistrationRequest::deserialize(&request).unwrap();
        let response = ServerRegistration::start(&setup, request, b"id").unwrap().message.serialize();
        let weak = StretchParameters { memory_kib: 8, ..STRETCH };
        let refused = registration.finish(&mut OsRng, b"password", &response, Identifiers::default(), weak);
        assert!(matches!(refused, Err(PasswordError::Stretch(_))));
        let (sign_in, _) = SignIn::start(&mut OsRng, b"password").unwrap();
        let garbage = sign_in.finish(&mut OsRng, b"password", &[1; 64], Identifiers::default(), STRETCH);
        assert_eq!(garbage.unwrap_err(), PasswordError::Answer);
    }

    #[test]
    fn an_empty_or_huge_password_is_refused() {
        assert_eq!(SignIn::start(&mut OsRng, b"").unwrap_err(), PasswordError::Password);
        assert_eq!(Registration::start(&mut OsRng, &[b'a'; 1025]).unwrap_err(), PasswordError::Password);
    }

    #[test]
    fn debug_of_passwords_keys_shows_nothing() {
        assert_eq!(format!("{:?}", ExportKey::from_bytes(&[0xab; 64])), "ExportKey(…)");
        let (sign_in, _) = SignIn::start(&mut OsRng, b"hunter2").unwrap();
        assert_eq!(format!("{sign_in:?}"), "SignIn(…)");
    }
}
