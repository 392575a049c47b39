//! Who may register.

use std::sync::{Arc, PoisonError, RwLock};

use huis_proto::rest::{self, RegistrationPolicy, Secret};
use huis_proto::{Bytes32, ErrorCode};
use rand::rngs::OsRng;

use crate::http::problem::Refusal;
use crate::passphrase::{self, Fingerprint};
use crate::running_settings::RunningSettings;

/// The registration policy with what it compares against.
pub(crate) struct Admission {
    settings: Arc<RunningSettings>,
    /// Another one once an administrator renewed it.
    passphrase: RwLock<Fingerprint>,
    /// None once there was a super-administrator when the server started.
    claim: Option<Fingerprint>,
}

/// How a newcomer got in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Admitted {
    /// As anybody, or by the access passphrase.
    Freely,
    /// By the one-time code: the account becomes the super-administrator.
    AsSuperAdministrator,
    /// By the invitation whose code has this hash, of which a use is taken with the registration.
    Invited(Bytes32),
}

/// What the store knows of what a newcomer shows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Known {
    /// Whether there is a super-administrator by now.
    pub slot_taken: bool,
    /// The hash of the shown invitation, if it is good.
    pub invitation: Option<Bytes32>,
}

impl Admission {
    pub(crate) fn new(settings: Arc<RunningSettings>, passphrase: &Secret, claim: Option<&Secret>) -> Self {
        let passphrase = RwLock::new(Fingerprint::of(passphrase));
        Self { settings, passphrase, claim: claim.map(Fingerprint::of) }
    }

    /// Whether anybody comes in by a passphrase.
    pub(crate) fn takes_passphrase(&self) -> bool {
        self.settings.registration() == RegistrationPolicy::Passphrase
    }

    /// Makes a fresh passphrase, which counts from here on in place of the one before; none where nobody comes in by one.
    pub(crate) fn renew_passphrase(&self) -> Option<Secret> {
        if !self.takes_passphrase() {
            return None;
        }
        let fresh = passphrase::generate(&mut OsRng);
        *self.passphrase.write().unwrap_or_else(PoisonError::into_inner) = Fingerprint::of(&fresh);
        Some(fresh)
    }

    fn knows_passphrase(&self, shown: Option<&Secret>) -> bool {
        let passphrase = self.passphrase.read().unwrap_or_else(PoisonError::into_inner);
        shown.is_some_and(|given| passphrase.matches(given))
    }

    /// Lets a newcomer in or says why not.
    ///
    /// A valid code lets in under every policy, or a closed server could never be claimed. A code that is not valid is
    /// refused even where anybody may register: its holder wants more than that. An invitation counts, and is used,
    /// where nothing else lets the newcomer in; where nobody is let in it does not count either.
    pub(crate) fn check(&self, shown: &rest::Admission, known: Known) -> Result<Admitted, Refusal> {
        if let Some(code) = &shown.claim {
            return match &self.claim {
                Some(claim) if !known.slot_taken && claim.matches(code) => Ok(Admitted::AsSuperAdministrator),
                _ => Err(Refusal::new(
                    ErrorCode::ClaimRefused,
                    "The one-time code is wrong or used up; the server shows the valid one where it was started, until it is used.",
                )),
            };
        }
        match self.settings.registration() {
            RegistrationPolicy::Open => Ok(Admitted::Freely),
            RegistrationPolicy::Passphrase => {
                if self.knows_passphrase(shown.access_passphrase.as_ref()) {
                    return Ok(Admitted::Freely);
                }
                if shown.invitation.is_some() {
                    return invited(known);
                }
                Err(Refusal::new(
                    ErrorCode::PassphraseRefused,
                    "The access passphrase is missing or wrong; ask the server's operator for it, or for an invitation.",
                ))
            }
            RegistrationPolicy::Invite => invited(known),
            RegistrationPolicy::Closed => Err(Refusal::new(
                ErrorCode::RegistrationClosed,
                "Nobody can register on this server; ask its operator.",
            )),
        }
    }
}

fn invited(known: Known) -> Result<Admitted, Refusal> {
    known.invitation.map(Admitted::Invited).ok_or_else(not_invited)
}

/// The same for an invitation that is missing, wrong, used up, expired or revoked.
pub(crate) fn not_invited() -> Refusal {
    Refusal::new(
        ErrorCode::InvitationRefused,
        "The invitation is missing, wrong, used up or expired; ask whoever invited you, or the server's operator, for another.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    fn admission(policy: RegistrationPolicy) -> Admission {
        let config = Config { registration: policy, ..Config::in_folder("nowhere") };
        let settings = Arc::new(RunningSettings::new(config));
        Admission::new(settings, &Secret::new("open sesame please"), Some(&Secret::new("one-time-code")))
    }

    fn showing(passphrase: Option<&str>, claim: Option<&str>) -> rest::Admission {
        rest::Admission {
            access_passphrase: passphrase.map(Secret::new),
            claim: claim.map(Secret::new),
            invitation: None,
        }
    }

    fn code(result: Result<Admitted, Refusal>) -> Result<Admitted, ErrorCode> {
        result.map_err(|refusal| refusal.0.code)
    }

    const FREE: Known = Known { slot_taken: false, invitation: None };

    #[test]
    fn each_policy_lets_in_whom_it_says() {
        use RegistrationPolicy::{Closed, Invite, Open, Passphrase};
        let nothing = showing(None, None);
        let words = showing(Some("Open Sesame please"), None);
        let wrong = showing(Some("open barley please"), None);
        assert_eq!(code(admission(Passphrase).check(&words, FREE)), Ok(Admitted::Freely));
        assert_eq!(code(admission(Passphrase).check(&wrong, FREE)), Err(ErrorCode::PassphraseRefused));
        assert_eq!(code(admission(Passphrase).check(&nothing, FREE)), Err(ErrorCode::PassphraseRefused));
        assert_eq!(code(admission(Open).check(&nothing, FREE)), Ok(Admitted::Freely));
        assert_eq!(code(admission(Invite).check(&words, FREE)), Err(ErrorCode::InvitationRefused));
        assert_eq!(code(admission(Closed).check(&words, FREE)), Err(ErrorCode::RegistrationClosed));
    }

    #[test]
    fn a_renewed_passphrase_counts_at_once_and_the_one_before_no_longer() {
        let admission = admission(RegistrationPolicy::Passphrase);
        let before = showing(Some("open sesame please"), None);
        let fresh = admission.renew_passphrase().unwrap();
        assert_eq!(code(admission.check(&before, FREE)), Err(ErrorCode::PassphraseRefused));
        assert_eq!(code(admission.check(&showing(Some(fresh.expose()), None), FREE)), Ok(Admitted::Freely));
    }

    #[test]
    fn where_nobody_comes_in_by_a_passphrase_none_is_made() {
        use RegistrationPolicy::{Closed, Invite, Open};
        for policy in [Open, Invite, Closed] {
            assert_eq!(admission(policy).renew_passphrase(), None, "{policy:?}");
        }
    }

    #[test]
    fn an_invitation_counts_where_nothing_else_lets_in() {
        use RegistrationPolicy::{Closed, Invite, Open, Passphrase};
        let both =
            rest::Admission { invitation: Some(Secret::new("a code")), ..showing(Some("open sesame please"), None) };
        let alone = rest::Admission { access_passphrase: None, ..both.clone() };
        let hash = Bytes32([3; 32]);
        let good = Known { invitation: Some(hash), ..FREE };
        for (policy, shown, known, answer) in [
            (Invite, &alone, good, Ok(Admitted::Invited(hash))),
            (Invite, &both, FREE, Err(ErrorCode::InvitationRefused)),
            (Passphrase, &alone, good, Ok(Admitted::Invited(hash))),
            (Passphrase, &alone, FREE, Err(ErrorCode::InvitationRefused)),
            (Passphrase, &both, good, Ok(Admitted::Freely)),
            (Open, &alone, good, Ok(Admitted::Freely)),
            (Closed, &alone, good, Err(ErrorCode::RegistrationClosed)),
        ] {
            assert_eq!(code(admission(policy).check(shown, known)), answer, "{policy:?}");
        }
    }

    #[test]
    fn the_one_time_code_lets_in_once_under_every_policy() {
        for policy in [RegistrationPolicy::Closed, RegistrationPolicy::Passphrase] {
            let right = showing(None, Some("one-time-code"));
            assert_eq!(code(admission(policy).check(&right, FREE)), Ok(Admitted::AsSuperAdministrator));
            assert_eq!(
                code(admission(policy).check(&right, Known { slot_taken: true, ..FREE })),
                Err(ErrorCode::ClaimRefused)
            );
        }
        let wrong = showing(Some("open sesame please"), Some("other-code"));
        let open = admission(RegistrationPolicy::Open);
        assert_eq!(code(open.check(&wrong, FREE)), Err(ErrorCode::ClaimRefused));
    }
}
