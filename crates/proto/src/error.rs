//! What a server answers when it refuses: a stable code, and a problem document around it (RFC 9457).

use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $text:tt, $status:literal;)*) => {
        /// A stable code; programs decide on it, people read the sentence beside it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
        pub enum ErrorCode {
            $($(#[$doc])* #[serde(rename = $text)] $name,)*
            /// A code that this side does not know yet.
            #[serde(other, rename = "unknown")]
            Unknown,
        }

        impl ErrorCode {
            /// Every code, for documentation and tests.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The code as it travels.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                    Self::Unknown => "unknown",
                }
            }

            /// The HTTP status that goes with it (RFC 9110).
            pub const fn status(self) -> u16 {
                match self {
                    $(Self::$name => $status,)*
                    Self::Unknown => 500,
                }
            }
        }
    };
}

codes! {
    /// The request is not of the documented form.
    BadRequest = "bad-request", 400;
    /// The username or room name breaks a rule of names.
    NameRefused = "name-refused", 400;
    /// The MLS message, its authenticated data, or the two together are not acceptable.
    BadMessage = "bad-message", 400;
    /// The device list is not signed, or not of the right form.
    BadDeviceList = "bad-device-list", 400;
    /// The time at which the message is to open is too far ahead, or its share is not the one that it names.
    TimeLockRefused = "time-lock-refused", 400;
    /// What a report reveals is not what this server passed on: it proves nothing.
    ReportUnproven = "report-unproven", 400;
    /// No access token, or one that is not ours.
    NotSignedIn = "not-signed-in", 401;
    /// The access token has expired: refresh the session.
    TokenExpired = "token-expired", 401;
    /// The session has ended: sign in again.
    SessionEnded = "session-ended", 401;
    /// Wrong name or password.
    SignInRefused = "sign-in-refused", 401;
    /// Wrong name or recovery key.
    RecoveryRefused = "recovery-refused", 401;
    /// The account has a second factor, and no code of it was given.
    SecondFactorNeeded = "second-factor-needed", 401;
    /// The code of the second factor is wrong, or was used already.
    SecondFactorRefused = "second-factor-refused", 401;
    /// The signature or ticket that proves the right to do this is missing, wrong or too old.
    ProofRefused = "proof-refused", 401;
    /// Known who asks; may not do this.
    Forbidden = "forbidden", 403;
    /// The server's access passphrase is missing or wrong.
    PassphraseRefused = "passphrase-refused", 403;
    /// The one-time code for the super-administrator is wrong or used up.
    ClaimRefused = "claim-refused", 403;
    /// The invitation is wrong, used up, expired or revoked.
    InvitationRefused = "invitation-refused", 403;
    /// Nobody can register on this server.
    RegistrationClosed = "registration-closed", 403;
    /// The account is suspended; the sentence says why and until when.
    Suspended = "suspended", 403;
    /// The address, or the name, is banned; the sentence says why and until when.
    Banned = "banned", 403;
    /// The device is no member of the conversation.
    NotAMember = "not-a-member", 403;
    /// There is no such thing, or it is not for you to know.
    NotFound = "not-found", 404;
    /// The name belongs to somebody.
    NameTaken = "name-taken", 409;
    /// The name could be mistaken for one that belongs to somebody.
    NameLooksAlike = "name-looks-alike", 409;
    /// Another device list came first.
    DeviceListConflict = "device-list-conflict", 409;
    /// Another version of the account state or vault came first.
    StateConflict = "state-conflict", 409;
    /// Sealed before the newest commit: process it and seal again under the same id.
    Stale = "stale", 409;
    /// Another commit came first: process it and build again.
    CommitConflict = "commit-conflict", 409;
    /// The submission counter was used before: the device's database is an old copy, or the profile was cloned.
    SubmissionBehind = "submission-behind", 409;
    /// The conversation or room exists; the answer names it.
    ConversationExists = "conversation-exists", 409;
    /// No room for more: members, devices, key packages, invitations, uploads, reports.
    LimitReached = "limit-reached", 409;
    /// A message brings a file that is not here, or that its author may not pass on; the answer names it. Upload it again.
    FileUnknown = "file-unknown", 409;
    /// A message brings a file of which bytes are missing; the answer names it. Finish its upload.
    FileUnfinished = "file-unfinished", 409;
    /// The message has opened already: it can't be withdrawn any more.
    TimeLockOpened = "time-lock-opened", 409;
    /// The message's sender has withdrawn it before it opened; its share is destroyed.
    TimeLockWithdrawn = "time-lock-withdrawn", 410;
    /// The upload is at another byte than the request: ask where it is.
    OffsetConflict = "offset-conflict", 409;
    /// The request speaks no version of tus that is spoken here; the answer's `Tus-Version` says which are.
    TusVersion = "tus-version", 412;
    /// The account's files would take more space than it may have: delete some.
    QuotaExceeded = "quota-exceeded", 413;
    /// The body, frame or message is larger than allowed.
    TooLarge = "too-large", 413;
    /// The message opens later; the answer says in how many seconds.
    TimeLocked = "time-locked", 425;
    /// The client is older than this server serves.
    ClientTooOld = "client-too-old", 426;
    /// What arrived is not what the request's checksum says; nothing of it was kept: send it again.
    ChecksumMismatch = "checksum-mismatch", 460;
    /// Too many requests; the answer says when to come back.
    TooManyRequests = "too-many-requests", 429;
    /// A fault of the server; it is logged there.
    Internal = "internal", 500;
    /// The server is stopping, or waits for its store: come back.
    Unavailable = "unavailable", 503;
    /// The server is not sure of the time, and opens no locked message before it is; the answer says when to come back.
    TimeUnsure = "time-unsure", 503;
    /// The server has no space left for this.
    StorageFull = "storage-full", 507;
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A problem document (RFC 9457), media type `application/problem+json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Problem {
    /// The stable code; the document's `type` is `about:blank` by omission.
    pub code: ErrorCode,
    /// The HTTP status, repeated.
    pub status: u16,
    /// A sentence in English that names the thing, the reason and the next step.
    pub title: String,
    /// With `too-many-requests`, `unavailable`, `time-locked` and `time-unsure`: come back after this many seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_s: Option<u64>,
    /// With `conversation-exists`: the conversation that exists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conversation: Option<crate::ConversationId>,
    /// With `file-unknown` and `file-unfinished`: the file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<crate::BlobId>,
}

impl Problem {
    /// A problem with this code and sentence.
    pub fn new(code: ErrorCode, title: impl Into<String>) -> Self {
        Self { code, status: code.status(), title: title.into(), retry_after_s: None, conversation: None, file: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_from_the_future_is_read_as_unknown() {
        let code: ErrorCode = serde_json::from_str("\"not-invented-yet\"").unwrap();
        assert_eq!(code, ErrorCode::Unknown);
    }

    #[test]
    fn every_code_travels_as_its_text() {
        for code in ErrorCode::ALL {
            assert_eq!(serde_json::to_string(code).unwrap(), format!("\"{code}\""));
        }
    }
}
