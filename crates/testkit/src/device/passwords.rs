//! What people do with passwords and the recovery key.

use huis_proto::rest::Secret;
use huis_views::{ChangePassword, Command, Failure, Recover, Reply, SignIn};

use super::Device;

impl Device {
    /// The recovery key that was shown when this device registered the account.
    pub fn recovery_key(&self) -> Secret {
        let written_down = self.0.recovery_key.borrow().clone();
        written_down.unwrap_or_else(|| panic!("{self:?} has registered no account"))
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
        let change = ChangePassword { old: Secret::new(old), new: Secret::new(new), end_other_sessions };
        match self.tries(Command::ChangePassword(change)).await? {
            Reply::PasswordChanged { ended_sessions } => Ok(ended_sessions),
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
        let wish = SignIn { username: self.name().into(), password: Secret::new(password), stay_signed_in: true };
        self.tries(Command::SignIn(wish)).await.map(drop)
    }

    /// Whether this is the account's password, and opens its vault.
    pub async fn password_is(&self, password: &str) -> bool {
        match self.tries(Command::CheckPassword { password: Secret::new(password) }).await {
            Ok(_) => true,
            Err(Failure::WrongPassword) => false,
            Err(failure) => panic!("{self:?} cannot tell: {failure:?}"),
        }
    }
}
