//! Why a command was not done, and what to do about it.

use huis_proto::ErrorCode;
use serde::{Deserialize, Serialize};

/// Why a command was not done. The text is a sentence for a person; programs decide on the variant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "kebab-case")]
pub enum Failure {
    /// Nobody is signed in in this profile.
    #[error("nobody is signed in here; register or log in first")]
    NotSignedIn,
    /// An account was asked for here, and whether it was made is not known.
    #[error(
        "whether @{username} was registered at {server} is not known; register again with the same name and password"
    )]
    RegistrationCutOff {
        /// The name that was wished.
        username: String,
        /// Where.
        server: String,
    },
    /// Somebody is signed in in this profile already.
    #[error("{username} is signed in here; log out first, or use another profile")]
    AlreadySignedIn {
        /// Who.
        username: String,
    },
    /// The server ended the session.
    #[error("the session has ended; log in again")]
    SessionEnded,
    /// The name or the password is wrong.
    #[error("the name or the password is wrong")]
    WrongPassword,
    /// The name or the recovery key is wrong.
    #[error("the name or the recovery key is wrong")]
    WrongRecoveryKey,
    /// The account keeps its password out of the vault, and no recovery key was given.
    #[error("the recovery key is needed as well, because the password is kept out of the account's vault")]
    NeedsRecoveryKey,
    /// The account has a second factor, and no code of it was given.
    #[error("the account has a second factor: a code of its authenticator, or a recovery code, is needed as well")]
    NeedsSecondFactor,
    /// The code of the second factor is wrong, or was used already.
    #[error("the code is wrong, or was used already")]
    WrongSecondFactor,
    /// This device is not on the account's list of devices any more.
    #[error("this device was taken off the account; what it has stays readable here, and nothing new comes")]
    Revoked,
    /// The database's key is locked under the password.
    #[error("this device is locked")]
    Locked,
    /// The password is too easy to guess.
    #[error("the password is too easy to guess: {advice}")]
    WeakPassword {
        /// What would help.
        advice: String,
    },
    /// There is no account, room, conversation, device or message of this name.
    #[error("there is no {what} {name:?}")]
    Unknown {
        /// What was looked for.
        what: String,
        /// As it was named.
        name: String,
    },
    /// Several conversations have this name.
    #[error("several conversations are called {name:?}; name one by its id")]
    Ambiguous {
        /// The name.
        name: String,
    },
    /// The name, text or number breaks a rule.
    #[error("{reason}")]
    Invalid {
        /// Which rule.
        reason: String,
    },
    /// The role of this account does not allow it.
    #[error("your role in this conversation does not allow that")]
    NotAllowed,
    /// This account is not, or no longer, in the conversation.
    #[error("you are not in this conversation (any more)")]
    NotAMember,
    /// An identity key has changed, and nothing is sent before a person accepts it.
    #[error("the identity key of {name} has changed; compare the safety number, then accept it")]
    IdentityChanged {
        /// Whose.
        name: String,
    },
    /// The safety number that was given is not the one that counts: mistyped, or of another key than the server shows by now.
    #[error("this is not the safety number with {name} that counts here")]
    OtherNumber {
        /// With whom.
        name: String,
    },
    /// The code that was scanned is of other accounts.
    #[error("this is not {name}'s code for you: it was made for, or by, somebody else")]
    OtherPair {
        /// With whom the comparison was.
        name: String,
    },
    /// The account is blocked here.
    #[error("{name} is blocked; unblock first")]
    Blocked {
        /// Whose.
        name: String,
    },
    /// Messages wait to be sent.
    #[error("{count} messages have not been sent yet; they would be lost")]
    Unsent {
        /// How many.
        count: u32,
    },
    /// The server is older than what this client can talk to.
    #[error(
        "the server is version {version} of Huis, and this client needs {oldest} or newer; ask its operator to update it"
    )]
    ServerTooOld {
        /// The server's version.
        version: String,
        /// The oldest version that this client can talk to.
        oldest: String,
    },
    /// The server cannot be reached.
    #[error("the server cannot be reached: {reason}")]
    Offline {
        /// What the network said.
        reason: String,
    },
    /// The server's certificate is another one than at first.
    #[error("the server's certificate is not the one that was pinned: {reason}")]
    CertificateChanged {
        /// What was found.
        reason: String,
    },
    /// The server refused.
    #[error("{message}")]
    Refused {
        /// The stable code.
        code: ErrorCode,
        /// The server's sentence.
        message: String,
        /// Come back after this many seconds.
        retry_after_s: Option<u64>,
    },
    /// The server's answer breaks the protocol, or what it gave is forged.
    #[error("the server's answer was refused: {reason}")]
    BadAnswer {
        /// What was wrong.
        reason: String,
    },
    /// A file of this device can't be read or written.
    #[error("the file {name:?}: {reason}")]
    File {
        /// Its name.
        name: String,
        /// What was wrong.
        reason: String,
    },
    /// What the server gives is not the file that the message names. Nothing of it is kept.
    #[error("what the server gives for {name:?} was refused: {reason}")]
    FileRefused {
        /// The file's name.
        name: String,
        /// What was wrong.
        reason: String,
    },
    /// The server keeps the file no longer.
    #[error("the server no longer has {name:?}; ask its sender to send it again")]
    FileGone {
        /// The file's name.
        name: String,
    },
    /// More is under way than the engine takes.
    #[error("too much is waiting already; try again in a moment")]
    Busy,
    /// The database cannot be used.
    #[error("the database: {reason}")]
    Database {
        /// What was wrong.
        reason: String,
    },
    /// A fault of this program.
    #[error("a fault of this program: {reason}")]
    Internal {
        /// What was wrong.
        reason: String,
    },
    /// The engine has stopped.
    #[error("the engine has stopped")]
    Stopped,
}

/// What a face does about a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Advice {
    /// Tell the person; the same command fails again unless something is changed.
    Tell,
    /// The same command may succeed later.
    TryAgain,
    /// A bug: show it with a way to report it.
    Report,
}

impl Failure {
    /// What a face does about it.
    pub fn advice(&self) -> Advice {
        match self {
            Self::Offline { .. } | Self::Busy | Self::Stopped => Advice::TryAgain,
            Self::Refused { code, .. } => match code {
                ErrorCode::TooManyRequests | ErrorCode::Unavailable | ErrorCode::Internal => Advice::TryAgain,
                ErrorCode::BadRequest | ErrorCode::BadMessage | ErrorCode::BadDeviceList => Advice::Report,
                _ => Advice::Tell,
            },
            Self::BadAnswer { .. } | Self::Internal { .. } => Advice::Report,
            _ => Advice::Tell,
        }
    }
}
