//! Why something was not done, as a person reads it: the thing, the reason, the next step.

use huis_proto::ErrorCode;
use huis_views::{Failure, Named};

use crate::{Texts, Value, safe_line};

impl Texts {
    /// A failure in a sentence or two, on one line and harmless to a terminal.
    pub fn failure(&self, failure: &Failure) -> String {
        let with = |key: &str, name: &str, value: &str| self.text_with(key, &[(name, Value::Text(value))]);
        match failure {
            Failure::NotSignedIn => self.text("failure-not-signed-in"),
            Failure::AlreadySignedIn { username } => with("failure-already-signed-in", "name", &at(username)),
            Failure::RegistrationCutOff { username, server } => self.text_with(
                "failure-registration-cut-off",
                &[("name", Value::Text(&at(username))), ("server", Value::Text(&safe_line(server)))],
            ),
            Failure::SessionEnded => self.text("failure-session-ended"),
            Failure::WrongPassword => self.text("failure-wrong-password"),
            Failure::NeedsSecondFactor => self.text("failure-needs-second-factor"),
            Failure::WrongSecondFactor => self.text("failure-wrong-second-factor"),
            Failure::NeedsRecoveryKey => self.text("failure-needs-recovery-key"),
            Failure::Revoked => self.text("failure-revoked"),
            Failure::WrongRecoveryKey => self.text("failure-wrong-recovery-key"),
            Failure::Locked => self.text("failure-locked"),
            Failure::WeakPassword { advice } => with("failure-weak-password", "advice", &self.weakness(advice)),
            Failure::Unknown { what, name } => self.unknown(what, name),
            Failure::Ambiguous { name } => with("failure-ambiguous", "name", &safe_line(name)),
            Failure::Invalid { reason } => with("failure-invalid", "reason", &self.reason(reason)),
            Failure::NotAllowed => self.text("failure-not-allowed"),
            Failure::NotAMember => self.text("failure-not-a-member"),
            Failure::IdentityChanged { name } => with("failure-identity-changed", "name", &at(name)),
            Failure::OtherPair { name } => with("failure-other-pair", "name", &at(name)),
            Failure::OtherNumber { name } => with("failure-other-number", "name", &at(name)),
            Failure::Blocked { name } => with("failure-blocked", "name", &at(name)),
            Failure::Unsent { count } => {
                self.text_with("failure-unsent", &[("count", Value::Number(u64::from(*count)))])
            }
            Failure::ServerTooOld { version, oldest } => self.text_with(
                "failure-server-too-old",
                &[("version", Value::Text(&safe_line(version))), ("oldest", Value::Text(&safe_line(oldest)))],
            ),
            Failure::Offline { reason } => with("failure-offline", "reason", &self.reason(reason)),
            Failure::CertificateChanged { .. } => self.text("failure-certificate-changed"),
            Failure::Refused { code, message, retry_after_s } => self.refused(*code, message, *retry_after_s),
            Failure::BadAnswer { reason } => with("failure-bad-answer", "reason", &self.reason(reason)),
            Failure::File { name, reason } => self.text_with(
                "failure-file",
                &[("name", Value::Text(&safe_line(name))), ("reason", Value::Text(&self.reason(reason)))],
            ),
            Failure::FileRefused { name, .. } => with("failure-file-refused", "name", &safe_line(name)),
            Failure::FileGone { name } => with("failure-file-gone", "name", &safe_line(name)),
            Failure::Busy => self.text("failure-busy"),
            Failure::Database { reason } => with("failure-database", "reason", &self.reason(reason)),
            Failure::Internal { reason } => with("failure-internal", "reason", &self.reason(reason)),
            Failure::Stopped => self.text("failure-stopped"),
        }
    }

    fn unknown(&self, what: &str, name: &str) -> String {
        let (key, name) = match what {
            "account" | "user" => ("failure-unknown-account", at(name)),
            "member" => ("failure-unknown-member", at(name)),
            "room" => ("failure-unknown-room", safe_line(name).into_owned()),
            "conversation" => ("failure-unknown-conversation", safe_line(name).into_owned()),
            "device" => ("failure-unknown-device", safe_line(name).into_owned()),
            "message" | "message of yours" => return self.text("failure-unknown-message"),
            _ => ("failure-unknown-other", safe_line(name).into_owned()),
        };
        self.text_with(key, &[("name", Value::Text(&name))])
    }

    fn refused(&self, code: ErrorCode, message: &str, retry_after_s: Option<u64>) -> String {
        let key = match code {
            ErrorCode::NameRefused => "refused-name-refused",
            ErrorCode::NameTaken => "refused-name-taken",
            ErrorCode::NameLooksAlike => "refused-name-looks-alike",
            ErrorCode::Forbidden => "refused-forbidden",
            ErrorCode::PassphraseRefused => "refused-passphrase",
            ErrorCode::ClaimRefused => "refused-claim",
            ErrorCode::InvitationRefused => "refused-invitation",
            ErrorCode::RegistrationClosed => "refused-registration-closed",
            // Why, and for how long, somebody has written by hand.
            ErrorCode::Suspended | ErrorCode::Banned => {
                let key = if code == ErrorCode::Suspended { "refused-suspended" } else { "refused-banned" };
                return self.text_with(key, &[("message", Value::Text(&safe_line(message)))]);
            }
            ErrorCode::ProofRefused => "refused-proof",
            ErrorCode::NotFound => "refused-not-found",
            ErrorCode::DeviceListConflict
            | ErrorCode::StateConflict
            | ErrorCode::Stale
            | ErrorCode::CommitConflict
            | ErrorCode::SubmissionBehind => "refused-conflict",
            ErrorCode::ConversationExists => "refused-conversation-exists",
            ErrorCode::TimeLockRefused => "refused-time-lock",
            ErrorCode::TimeLocked => "refused-time-locked",
            ErrorCode::TimeLockOpened => "refused-time-lock-opened",
            ErrorCode::TimeLockWithdrawn => "refused-time-lock-withdrawn",
            ErrorCode::TimeUnsure => "refused-time-unsure",
            ErrorCode::FileUnknown => "refused-file-unknown",
            ErrorCode::FileUnfinished | ErrorCode::OffsetConflict | ErrorCode::ChecksumMismatch => {
                "refused-file-unfinished"
            }
            ErrorCode::QuotaExceeded => "refused-quota",
            ErrorCode::ReportUnproven => "refused-report-unproven",
            ErrorCode::LimitReached => "refused-limit",
            ErrorCode::TooLarge => "refused-too-large",
            ErrorCode::ClientTooOld => "refused-client-too-old",
            ErrorCode::Unavailable => "refused-unavailable",
            ErrorCode::Internal => "refused-internal",
            ErrorCode::StorageFull => "refused-storage-full",
            ErrorCode::NotSignedIn | ErrorCode::TokenExpired | ErrorCode::SessionEnded => "failure-session-ended",
            ErrorCode::SignInRefused => "failure-wrong-password",
            ErrorCode::RecoveryRefused => "failure-wrong-recovery-key",
            ErrorCode::SecondFactorNeeded => "failure-needs-second-factor",
            ErrorCode::SecondFactorRefused => "failure-wrong-second-factor",
            ErrorCode::NotAMember => "failure-not-a-member",
            ErrorCode::TooManyRequests => {
                let seconds = Value::Number(retry_after_s.unwrap_or(0));
                return self.text_with("refused-too-many", &[("seconds", seconds)]);
            }
            ErrorCode::BadRequest | ErrorCode::BadMessage | ErrorCode::BadDeviceList | ErrorCode::TusVersion => {
                return self.text_with("refused-malformed", &[("code", Value::Text(code.as_str()))]);
            }
            // A server newer than this program has codes of its own, and its sentence is all that there is.
            ErrorCode::Unknown => {
                let values = [("code", Value::Text(code.as_str())), ("message", Value::Text(&safe_line(message)))];
                return self.text_with("refused-other", &values);
            }
        };
        self.text(key)
    }
}

/// A username as it is read, with `@`.
fn at(name: &str) -> String {
    format!("@{}", safe_line(name.trim_start_matches('@')))
}

/// An account as it is read: `@name`, or its id where the name is not known here.
pub(crate) fn named(named: &Named) -> String {
    named.name.as_deref().map_or_else(|| named.account.to_string(), at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Language;

    fn each() -> Vec<Failure> {
        let text = || "x".to_owned();
        let mut all = vec![
            Failure::NotSignedIn,
            Failure::AlreadySignedIn { username: text() },
            Failure::RegistrationCutOff { username: text(), server: text() },
            Failure::SessionEnded,
            Failure::WrongPassword,
            Failure::NeedsSecondFactor,
            Failure::WrongSecondFactor,
            Failure::NeedsRecoveryKey,
            Failure::Revoked,
            Failure::WrongRecoveryKey,
            Failure::Locked,
            Failure::File { name: text(), reason: text() },
            Failure::FileRefused { name: text(), reason: text() },
            Failure::FileGone { name: text() },
            Failure::WeakPassword { advice: text() },
            Failure::Ambiguous { name: text() },
            Failure::Invalid { reason: text() },
            Failure::NotAllowed,
            Failure::NotAMember,
            Failure::IdentityChanged { name: text() },
            Failure::OtherPair { name: text() },
            Failure::OtherNumber { name: text() },
            Failure::Blocked { name: text() },
            Failure::Unsent { count: 2 },
            Failure::ServerTooOld { version: text(), oldest: text() },
            Failure::Offline { reason: text() },
            Failure::CertificateChanged { reason: text() },
            Failure::BadAnswer { reason: text() },
            Failure::Busy,
            Failure::Database { reason: text() },
            Failure::Internal { reason: text() },
            Failure::Stopped,
        ];
        for what in ["account", "member", "room", "conversation", "device", "message of yours", "pear"] {
            all.push(Failure::Unknown { what: what.into(), name: text() });
        }
        for code in ErrorCode::ALL.iter().copied().chain([ErrorCode::Unknown]) {
            all.push(Failure::Refused { code, message: text(), retry_after_s: Some(3) });
        }
        all
    }

    #[test]
    fn every_failure_is_a_sentence_with_its_next_step_in_each_language() {
        let [english, french] = Language::ALL.map(Texts::of);
        for failure in each() {
            let [said, dit] = [&english, &french].map(|texts| texts.failure(&failure));
            assert_ne!(said, dit, "{failure:?}");
            for text in [said, dit] {
                let whole = text.ends_with('.') || matches!(failure, Failure::Refused { code: ErrorCode::Unknown, .. });
                assert!(whole && !text.contains("{ $") && !text.starts_with("failure-"), "{failure:?}: {text}");
            }
        }
    }

    #[test]
    fn a_known_refusal_is_said_by_its_code_and_not_by_the_servers_sentence() {
        let refused = Failure::Refused {
            code: ErrorCode::NameTaken,
            message: "An English sentence.".into(),
            retry_after_s: None,
        };
        let said = Texts::of(Language::French).failure(&refused);
        assert!(said.contains("appartient déjà") && !said.contains("English"), "{said}");
    }

    #[test]
    fn what_others_write_into_a_failure_cannot_drive_the_terminal() {
        let hostile = "\u{1b}[2J\u{202e}\n";
        let texts = Texts::of(Language::English);
        for failure in [
            Failure::Unknown { what: "room".into(), name: hostile.into() },
            Failure::Blocked { name: hostile.into() },
            Failure::Refused { code: ErrorCode::Unknown, message: hostile.into(), retry_after_s: None },
            Failure::Internal { reason: hostile.into() },
        ] {
            let said = texts.failure(&failure);
            assert!(!said.contains(['\u{1b}', '\u{202e}', '\n']), "{said:?}");
        }
    }
}
