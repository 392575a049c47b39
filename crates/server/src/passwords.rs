//! The server's half of OPAQUE (RFC 9807). The server never sees a password.

use huis_proto::opaque::{CONTEXT, SERVER_IDENTIFIER, Suite, client_identifier};
use opaque_ke::{
    CredentialFinalization, CredentialRequest, Identifiers, RegistrationRequest, RegistrationUpload, ServerLogin,
    ServerLoginParameters, ServerRegistration, ServerSetup,
};
use rand::{CryptoRng, RngCore};
use zeroize::Zeroizing;

/// The server's OPAQUE keys. Every record is made with them: lost, nobody signs in with a password any more.
pub(crate) struct OpaqueServer(ServerSetup<Suite>);

/// An OPAQUE message is not of the form that the suite asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the OPAQUE message is malformed")]
pub(crate) struct Malformed;

/// The server's answer to a sign-in's first message, and what it must remember for the second.
pub(crate) struct SignInAnswer {
    pub response: Vec<u8>,
    pub state: Zeroizing<Vec<u8>>,
}

impl OpaqueServer {
    /// Fresh keys, to be stored.
    pub(crate) fn generate(rng: &mut (impl RngCore + CryptoRng)) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(ServerSetup::<Suite>::new(rng).serialize().to_vec())
    }

    /// The keys that [`generate`](Self::generate) gave.
    pub(crate) fn from_stored(bytes: &[u8]) -> Result<Self, Malformed> {
        ServerSetup::deserialize(bytes).map(Self).map_err(|_| Malformed)
    }

    /// Answers a registration's first message. `username` is in its one form: the record will be bound to it.
    pub(crate) fn start_registration(&self, username: &str, request: &[u8]) -> Result<Vec<u8>, Malformed> {
        let parsed = RegistrationRequest::deserialize(request).map_err(|_| Malformed)?;
        nothing_left_over(request, &parsed.serialize())?;
        let started =
            ServerRegistration::<Suite>::start(&self.0, parsed, client_identifier(username)).map_err(|_| Malformed)?;
        Ok(started.message.serialize().to_vec())
    }

    /// The record to store, from a registration's last message.
    pub(crate) fn finish_registration(upload: &[u8]) -> Result<Vec<u8>, Malformed> {
        let parsed = RegistrationUpload::<Suite>::deserialize(upload).map_err(|_| Malformed)?;
        nothing_left_over(upload, &parsed.serialize())?;
        Ok(ServerRegistration::finish(parsed).serialize().to_vec())
    }

    /// Answers a sign-in's first message. Without a record (an unknown name) the answer looks the same and fits no
    /// password (RFC 9807, section 10.9).
    pub(crate) fn start_sign_in(
        &self,
        rng: &mut (impl RngCore + CryptoRng),
        username: &str,
        record: Option<&[u8]>,
        request: &[u8],
    ) -> Result<SignInAnswer, Malformed> {
        let parsed = CredentialRequest::deserialize(request).map_err(|_| Malformed)?;
        nothing_left_over(request, &parsed.serialize())?;
        let record = record.map(ServerRegistration::<Suite>::deserialize).transpose().map_err(|_| Malformed)?;
        let started =
            ServerLogin::start(rng, &self.0, record, parsed, client_identifier(username), parameters(username))
                .map_err(|_| Malformed)?;
        Ok(SignInAnswer {
            response: started.message.serialize().to_vec(),
            state: Zeroizing::new(started.state.serialize().to_vec()),
        })
    }

    /// Whether a sign-in's last message proves the password.
    pub(crate) fn finish_sign_in(username: &str, state: &[u8], finalization: &[u8]) -> Result<bool, Malformed> {
        let state = ServerLogin::<Suite>::deserialize(state).map_err(|_| Malformed)?;
        let parsed = CredentialFinalization::deserialize(finalization).map_err(|_| Malformed)?;
        nothing_left_over(finalization, &parsed.serialize())?;
        Ok(state.finish(parsed, parameters(username)).is_ok())
    }
}

/// The library reads a message from the beginning of what it gets and says nothing of the rest.
fn nothing_left_over(message: &[u8], read: &[u8]) -> Result<(), Malformed> {
    if message.len() == read.len() { Ok(()) } else { Err(Malformed) }
}

fn parameters(username: &str) -> ServerLoginParameters<'static, '_> {
    ServerLoginParameters {
        context: Some(CONTEXT),
        identifiers: Identifiers { client: Some(client_identifier(username)), server: Some(SERVER_IDENTIFIER) },
    }
}

#[cfg(test)]
mod tests {
    use rand::rngs::OsRng;

    use super::*;

    #[test]
    fn garbage_is_refused_at_every_step() {
        let server = OpaqueServer::from_stored(&OpaqueServer::generate(&mut OsRng)).unwrap();
        for garbage in [&b""[..], &[0; 32], &[0xff; 96], &[7; 1000]] {
            assert!(server.start_registration("anna", garbage).is_err());
            assert!(OpaqueServer::finish_registration(garbage).is_err());
            assert!(server.start_sign_in(&mut OsRng, "anna", None, garbage).is_err());
            assert!(OpaqueServer::finish_sign_in("anna", garbage, garbage).is_err());
            assert!(OpaqueServer::from_stored(garbage).is_err());
        }
    }
}
