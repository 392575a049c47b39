//! What people do with passwords and the recovery key.

use std::rc::Rc;

use huis_core::password::{ExportKey, Identifiers, SignIn as ProofOfPassword};
use huis_core::vault::{self, OpenedVault};
use huis_engine::{HttpRequest, Method, Transport as _};
use huis_proto::Bytes;
use huis_proto::opaque::{SERVER_IDENTIFIER, client_identifier};
use huis_proto::rest::{FinishSignIn, Secret, SignInStarted, SignedIn, StartSignIn};
use huis_views::{ChangePassword, ChangeRecoveryKey, Command, Failure, Recover, RenewIdentity, Reply, SignIn};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Device;
use crate::network::SharedWire;

impl Device {
    /// What the server hands to whoever knows the account's name and password, on the device's way to it; the vault as it
    /// opens by that, and the key that opened it. No device is made, and nothing is kept.
    pub async fn vault_by(&self, password: &str) -> (SignedIn, OpenedVault, ExportKey) {
        let mut random = self.0.world.draws.borrow_mut().child();
        let name = self.name();
        let names = Identifiers { client: Some(client_identifier(name)), server: Some(SERVER_IDENTIFIER) };
        let (proof, opaque) = ProofOfPassword::start(&mut random, password.as_bytes()).expect("a password");
        let start = StartSignIn { username: name.into(), opaque: Bytes(opaque) };
        let started: SignInStarted = self.posts("/api/v1/sign-ins/start", &start).await;
        let proven = proof.finish(&mut random, password.as_bytes(), &started.opaque, names, started.stretch);
        let proven = proven.unwrap_or_else(|error| panic!("{self:?}: {error}"));
        let finish = FinishSignIn { state: started.state, opaque: Bytes(proven.finalization), second_factor: None };
        let signed_in: SignedIn = self.posts("/api/v1/sign-ins/finish", &finish).await;
        let opened = vault::open_with_export_key(&signed_in.vault, signed_in.account, 0, &proven.export_key);
        let opened = opened.unwrap_or_else(|error| panic!("{self:?}: {error}"));
        (signed_in, opened, proven.export_key)
    }

    async fn posts<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> T {
        let body = Some(serde_json::to_vec(body).expect("a request"));
        let request = HttpRequest { method: Method::Post, path: path.into(), token: None, body };
        let answer = SharedWire(Rc::clone(&self.0.wire)).ask(request).await;
        let answer = answer.unwrap_or_else(|error| panic!("{self:?}: {error}"));
        serde_json::from_slice(&answer.body).unwrap_or_else(|error| panic!("{path} of {self:?}: {error}"))
    }

    /// The recovery key that was shown last on this device.
    pub fn recovery_key(&self) -> Secret {
        let written_down = self.0.recovery_key.borrow().clone();
        written_down.unwrap_or_else(|| panic!("{self:?} has registered no account"))
    }

    /// A person has seen the recovery key, and has it from here on.
    pub(super) async fn writes_down(&self, recovery_key: &Secret) {
        self.0.recovery_key.replace(Some(recovery_key.clone()));
        self.command(Command::RecoveryKeyShown { recovery_key: recovery_key.clone() }).await;
    }

    /// Changes the account's password.
    ///
    /// # Errors
    /// What the engine says.
    pub async fn changes_password(&self, old: &str, new: &str) -> Result<Option<u32>, Failure> {
        self.changes(old, new, false).await
    }

    /// Changes the account's password, which ends all other sessions.
    ///
    /// # Errors
    /// What the engine says.
    pub async fn changes_password_and_ends_others(&self, old: &str, new: &str) -> Result<Option<u32>, Failure> {
        self.changes(old, new, true).await
    }

    async fn changes(&self, old: &str, new: &str, end_other_sessions: bool) -> Result<Option<u32>, Failure> {
        let (old, new) = (Secret::new(old), Secret::new(new));
        let change = ChangePassword { old, new, recovery_key: None, under_password: None, end_other_sessions };
        match self.tries(Command::ChangePassword(change)).await? {
            Reply::PasswordChanged { ended_sessions } => Ok(ended_sessions),
            other => panic!("{other:?}"),
        }
    }

    /// Changes the account's password by it and the recovery key, and says whether the new one opens the vault.
    ///
    /// # Errors
    /// What the engine says.
    pub async fn changes_password_with(
        &self,
        key: Option<&Secret>,
        old: &str,
        new: &str,
        under_password: Option<bool>,
    ) -> Result<(), Failure> {
        let change = ChangePassword {
            old: Secret::new(old),
            new: Secret::new(new),
            recovery_key: key.cloned(),
            under_password,
            end_other_sessions: false,
        };
        self.tries(Command::ChangePassword(change)).await.map(drop)
    }

    /// Renews the account's identity, and writes the new recovery key down.
    ///
    /// # Errors
    /// What the engine says.
    pub async fn renews_identity(&self, old: &str, new: &str) -> Result<(), Failure> {
        self.renews_identity_with(None, old, new).await
    }

    /// As [`renews_identity`](Self::renews_identity), with the recovery key so far.
    ///
    /// # Errors
    /// What the engine says.
    pub async fn renews_identity_with(&self, key: Option<&Secret>, old: &str, new: &str) -> Result<(), Failure> {
        let renewal = RenewIdentity { old: Secret::new(old), new: Secret::new(new), recovery_key: key.cloned() };
        match self.tries(Command::RenewIdentity(renewal)).await? {
            Reply::IdentityRenewed { recovery_key, .. } => {
                self.writes_down(&recovery_key).await;
                Ok(())
            }
            other => panic!("{other:?}"),
        }
    }

    /// Puts another recovery key in place of the one before, and writes it down.
    ///
    /// # Errors
    /// What the engine says.
    pub async fn changes_recovery_key(&self, password: &str) -> Result<(), Failure> {
        self.changes_recovery_key_with(None, password).await
    }

    /// As [`changes_recovery_key`](Self::changes_recovery_key), with the recovery key so far.
    ///
    /// # Errors
    /// What the engine says.
    pub async fn changes_recovery_key_with(&self, key: Option<&Secret>, password: &str) -> Result<(), Failure> {
        let change = ChangeRecoveryKey { password: Secret::new(password), recovery_key: key.cloned() };
        match self.tries(Command::ChangeRecoveryKey(change)).await? {
            Reply::RecoveryKeyChanged { recovery_key, .. } => {
                self.writes_down(&recovery_key).await;
                Ok(())
            }
            other => panic!("{other:?}"),
        }
    }

    /// Sets a new password by a recovery key, and signs in.
    ///
    /// # Errors
    /// What the engine says.
    pub async fn recovers(&self, key: &Secret, password: &str) -> Result<(), Failure> {
        let recover = Recover {
            username: self.name().into(),
            recovery_key: key.clone(),
            password: Secret::new(password),
            stay_signed_in: true,
        };
        self.tries(Command::Recover(recover)).await.map(drop)
    }

    /// Signs in by another password than the one that everybody has at first.
    ///
    /// # Errors
    /// What the engine says.
    pub async fn signs_in_by(&self, password: &str) -> Result<(), Failure> {
        self.signs_in_with(password, None).await
    }

    /// Signs in by this password and the recovery key.
    ///
    /// # Errors
    /// What the engine says.
    pub async fn signs_in_with(&self, password: &str, key: Option<&Secret>) -> Result<(), Failure> {
        let (username, password) = (self.name().into(), Secret::new(password));
        let wish = SignIn { username, password, recovery_key: key.cloned(), stay_signed_in: true };
        self.tries(Command::SignIn(wish)).await.map(drop)
    }

    /// Whether this is the account's password, and opens its vault unless that is kept from it.
    pub async fn password_is(&self, password: &str) -> bool {
        match self.tries(Command::CheckPassword { password: Secret::new(password) }).await {
            Ok(_) => true,
            Err(Failure::WrongPassword) => false,
            Err(failure) => panic!("{self:?} cannot tell: {failure:?}"),
        }
    }
}
