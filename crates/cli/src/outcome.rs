//! How a command ends: its exit code and, where it did not do what it was asked to, the one line that says what, why
//! and what to do.

use std::process::ExitCode;

use huis_proto::ErrorCode;
use huis_texts::safe_line;
use huis_views::Failure;

/// What a command gives.
pub(crate) type Outcome<T = ()> = Result<T, Stop>;

/// The code of what is kept on this device, and goes out once a person has decided.
const HELD: &str = "held";

/// Why a command ended without having done what it was asked to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Stop {
    /// It failed. Exit code 1.
    Failed(Fault),
    /// It was asked wrongly, in a way that the parser of arguments can't see. Exit code 2.
    Usage(String),
    /// The time for it is over. Exit code 3.
    TimedOut(String),
    /// A person stopped it, and it can be gone on with. Exit code 130, as of whatever Ctrl-C ends.
    Interrupted(String),
    /// Whoever read the output has gone. Nothing is wrong, and nobody listens. Exit code 0.
    ReaderGone,
}

/// What went wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    /// Stands at the end of the line in brackets and does not change, so that scripts can decide on it.
    code: String,
    /// A sentence without its full stop.
    why: String,
    /// What to do about it; may be empty.
    advice: String,
    /// What the engine said, if it was the engine.
    failure: Option<Box<Failure>>,
}

impl Fault {
    /// Whether it has this stable code.
    pub(crate) fn is(&self, code: &str) -> bool {
        self.code == code
    }

    /// The server at which an account may have been made, where that is not known yet.
    pub(crate) fn may_have_registered_at(&self) -> Option<&str> {
        match self.failure.as_deref() {
            Some(Failure::RegistrationCutOff { server, .. }) => Some(server),
            _ => None,
        }
    }
}

impl Stop {
    /// A failure with its stable code, the reason, and what to do.
    pub(crate) fn failed(code: &str, why: impl Into<String>, advice: impl Into<String>) -> Self {
        Self::Failed(Fault { code: code.into(), why: why.into(), advice: advice.into(), failure: None })
    }

    /// A message or an annotation waits on this device until a person has decided.
    pub(crate) fn held(failure: Failure) -> Self {
        match failure.into() {
            Self::Failed(fault) => {
                let why = format!("{}; it waits here, and goes out then", fault.why);
                Self::Failed(Fault { code: HELD.into(), why, ..fault })
            }
            stop => stop,
        }
    }

    /// Everything is done but what waits until a person has decided.
    pub(crate) fn all_but_held(count: u32) -> Self {
        let why = format!(
            "{count} messages or changes are held back because an identity key changed, and go out once you \
             have decided about it"
        );
        Self::failed(HELD, why, "`huis notices` says whose, and `huis verify` decides")
    }

    /// A file of the profile, or the standard input or output, can't be used.
    pub(crate) fn file(what: impl std::fmt::Display, error: &std::io::Error) -> Self {
        Self::failed("file", format!("{what}: {error}"), "check that it is there, writable and that the disk has space")
    }

    /// An answer that does not belong to the question.
    pub(crate) fn unexpected(reply: &huis_views::Reply) -> Self {
        // The variant's name alone: an answer may hold secrets.
        let name = match reply {
            huis_views::Reply::Done => "done",
            _ => "another kind",
        };
        Failure::Internal { reason: format!("the engine gave an answer of {name}") }.into()
    }

    /// What a full-screen face says of it, in its own words.
    pub(crate) fn into_failure(self) -> Failure {
        match self {
            Self::Failed(Fault { failure: Some(failure), .. }) => *failure,
            Self::Failed(Fault { code, why, .. }) => match code.as_str() {
                "not-signed-in" => Failure::NotSignedIn,
                "wrong-password" => Failure::WrongPassword,
                "locked" => Failure::Locked,
                "busy" | "owner-crashed" => Failure::Busy,
                _ => Failure::Database { reason: why },
            },
            Self::TimedOut(_) => Failure::Offline { reason: "timed out".into() },
            Self::Interrupted(_) => Failure::Stopped,
            Self::Usage(reason) => Failure::Invalid { reason },
            Self::ReaderGone => Failure::Stopped,
        }
    }

    /// What the exit code says.
    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.status())
    }

    fn status(&self) -> u8 {
        match self {
            Self::ReaderGone => 0,
            Self::Failed(_) => 1,
            Self::Usage(_) => 2,
            Self::TimedOut(_) => 3,
            Self::Interrupted(_) => 130,
        }
    }

    /// The one line for the standard error output.
    pub(crate) fn line(&self, command: &str) -> Option<String> {
        let said = match self {
            Self::ReaderGone => return None,
            Self::Failed(Fault { code, why, advice, .. }) if advice.is_empty() => format!("{why} [{code}]"),
            Self::Failed(Fault { code, why, advice, .. }) => format!("{why}; {advice} [{code}]"),
            Self::Usage(why) => format!("{why} [usage]"),
            Self::TimedOut(why) => format!("{why} [timed-out]"),
            Self::Interrupted(why) => format!("{why} [interrupted]"),
        };
        Some(safe_line(&format!("huis {command}: {said}")).into_owned())
    }
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        let sentence = failure.to_string();
        let (code, why, advice) = (code(&failure).into(), sentence.trim_end_matches('.').into(), advice(&failure));
        Self::Failed(Fault { code, why, advice, failure: Some(Box::new(failure)) })
    }
}

/// The stable name of a failure: the server's code where the server refused, and else the failure's own.
fn code(failure: &Failure) -> &'static str {
    match failure {
        Failure::NotSignedIn => "not-signed-in",
        Failure::AlreadySignedIn { .. } => "already-signed-in",
        Failure::RegistrationCutOff { .. } => "registration-cut-off",
        Failure::SessionEnded => "session-ended",
        Failure::WrongPassword => "wrong-password",
        Failure::WrongRecoveryKey => "wrong-recovery-key",
        Failure::NeedsRecoveryKey => "needs-recovery-key",
        Failure::NeedsSecondFactor => "needs-second-factor",
        Failure::WrongSecondFactor => "wrong-second-factor",
        Failure::Revoked => "revoked",
        Failure::Locked => "locked",
        Failure::WeakPassword { .. } => "weak-password",
        Failure::Unknown { .. } => "unknown",
        Failure::Ambiguous { .. } => "ambiguous",
        Failure::Invalid { .. } => "invalid",
        Failure::NotAllowed => "not-allowed",
        Failure::NotAMember => "not-a-member",
        Failure::IdentityChanged { .. } => "identity-changed",
        Failure::OtherNumber { .. } => "other-number",
        Failure::OtherPair { .. } => "other-pair",
        Failure::Blocked { .. } => "blocked",
        Failure::Unsent { .. } => "unsent",
        Failure::ServerTooOld { .. } => "server-too-old",
        Failure::Offline { .. } => "offline",
        Failure::CertificateChanged { .. } => "certificate-changed",
        Failure::Refused { code, .. } => code.as_str(),
        Failure::BadAnswer { .. } => "bad-answer",
        Failure::File { .. } => "file",
        Failure::FileRefused { .. } => "file-refused",
        Failure::FileGone { .. } => "file-gone",
        Failure::Busy => "busy",
        Failure::Database { .. } => "database",
        Failure::Internal { .. } => "internal",
        Failure::Stopped => "stopped",
    }
}

/// What to do; empty where the failure's own sentence says it.
fn advice(failure: &Failure) -> String {
    let text = match failure {
        Failure::WrongPassword => "check both; letter case counts in the password",
        Failure::WrongRecoveryKey => "check both; the recovery key was shown when the account was made",
        Failure::NeedsSecondFactor => {
            "set HUIS_CODE or give --code: six digits that your authenticator shows, or a recovery code"
        }
        Failure::WrongSecondFactor => "wait for the next one; see that the clock of the authenticator is right",
        Failure::NeedsRecoveryKey => "set HUIS_RECOVERY_KEY or give --recovery-key-stdin",
        Failure::Revoked => {
            "`huis login` in another profile makes another device; `huis logout --local` deletes what is here"
        }
        Failure::Locked => "`huis unlock` opens it",
        Failure::WeakPassword { .. } => "take four words or more that do not belong together",
        Failure::Unknown { what, .. } => match what.as_str() {
            "account" | "user" => "check the spelling: a username stands after @",
            "room" => "`huis room list` shows the rooms, `huis room create` makes one",
            "conversation" => "`huis conversations` shows them all",
            "device" => "`huis devices` shows them all",
            "file" => "`huis files list` shows them all",
            _ => "check the spelling",
        },
        Failure::NotAllowed => "`huis room members` shows the roles; ask an owner or admin",
        Failure::NotAMember => "join an open room by `huis room join`; a member can invite you to a group",
        Failure::File { reason, .. } if reason.ends_with("send it with its metadata") => "--keep-metadata does that",
        Failure::IdentityChanged { .. } => {
            "`huis verify` shows the number, --number or --scanned compares it, and --accept-change goes on without"
        }
        Failure::OtherNumber { .. } => {
            "`huis verify` shows the one that does; if the two of you did not mistype it, somebody is between you"
        }
        Failure::OtherPair { .. } => "let the other one open the code with your name, and scan that",
        Failure::RegistrationCutOff { .. } => "`huis logout --local` gives it up",
        Failure::Blocked { .. } => "`huis unblock` does it",
        Failure::Unsent { .. } => {
            "let them go out by `huis status --wait`, and those that are held back by a decision with `huis verify`, or drop \
             them with --force"
        }
        Failure::Offline { .. } => "check the address and that the server runs, then try again",
        Failure::CertificateChanged { .. } => {
            "ask the server's operator whether the certificate was changed; if not, somebody is in between"
        }
        Failure::Refused { code, retry_after_s, .. } => return refusal_advice(*code, *retry_after_s),
        Failure::BadAnswer { .. } | Failure::Internal { .. } => {
            "this is a bug or an attack: please report it with the output of the same command under HUIS_LOG=debug"
        }
        Failure::Database { .. } => "check that the disk has space and that no copy of the profile is in use",
        Failure::FileRefused { .. } => "fetch it again; if that does not help, ask for it anew",
        Failure::Stopped => "try again",
        _ => "",
    };
    text.into()
}

fn refusal_advice(code: ErrorCode, retry_after_s: Option<u64>) -> String {
    if let Some(seconds) = retry_after_s {
        return format!("try again in {seconds} s");
    }
    match code {
        ErrorCode::NameTaken | ErrorCode::NameLooksAlike => "choose another name",
        ErrorCode::PassphraseRefused => "give it by --access-passphrase or HUIS_ACCESS_PASSPHRASE",
        ErrorCode::InvitationRefused => "give it by --invitation or HUIS_INVITATION",
        ErrorCode::TooManyRequests | ErrorCode::Unavailable | ErrorCode::Internal => "try again later",
        ErrorCode::QuotaExceeded => {
            "delete files that you sent, which counts a quarter of an hour later, or wait until older ones are no longer kept"
        }
        ErrorCode::StorageFull => "tell the server's operator",
        _ => "",
    }
    .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_end_has_its_exit_code() {
        let failed = Stop::from(Failure::WrongPassword);
        let (usage, late) = (Stop::Usage("x".into()), Stop::TimedOut("x".into()));
        let ends = [Stop::ReaderGone, failed, usage, late, Stop::Interrupted("x".into())];
        assert_eq!(ends.map(|end| end.status()), [0, 1, 2, 3, 130]);
    }

    #[test]
    fn a_failure_says_in_one_line_what_why_and_what_to_do() {
        let stop = Stop::from(Failure::Unknown { what: "account".into(), name: "nobody".into() });
        let line = stop.line("send").unwrap();
        assert_eq!(
            line,
            "huis send: there is no account \"nobody\"; check the spelling: a username stands after @ [unknown]"
        );
    }

    #[test]
    fn a_servers_sentence_cannot_break_the_line_or_drive_the_terminal() {
        let stop = Stop::from(Failure::Refused {
            code: ErrorCode::NameTaken,
            message: "taken.\n\u{1b}[2Jhuis: all is well.".into(),
            retry_after_s: None,
        });
        let line = stop.line("register").unwrap();
        assert_eq!(line.lines().count(), 1);
        assert!(!line.contains('\u{1b}'));
        assert!(line.ends_with("[name-taken]"), "{line}");
    }
}
