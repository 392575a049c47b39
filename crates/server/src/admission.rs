//! Who may register.

use huis_proto::ErrorCode;
use huis_proto::rest::{self, RegistrationPolicy, Secret};

use crate::http::problem::Refusal;
use crate::passphrase::Fingerprint;

/// The registration policy with what it compares against.
pub(crate) struct Admission {
    policy: RegistrationPolicy,
    passphrase: Fingerprint,
    /// None once there was a super-administrator when the server started.
    claim: Option<Fingerprint>,
}

/// How a newcomer got in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Admitted {
    /// By the one-time code: the account becomes the super-administrator.
    pub claims_super_administrator: bool,
}

impl Admission {
    pub(crate) fn new(policy: RegistrationPolicy, passphrase: &Secret, claim: Option<&Secret>) -> Self {
        Self { policy, passphrase: Fingerprint::of(passphrase), claim: claim.map(Fingerprint::of) }
    }

    /// Lets a newcomer in or says why not. `slot_taken` says whether there is a super-administrator by now.
    ///
    /// A valid code lets in under every policy, or a closed server could never be claimed. A code that is not valid is
    /// refused even where anybody may register: its holder wants more than that.
    pub(crate) fn check(&self, shown: &rest::Admission, slot_taken: bool) -> Result<Admitted, Refusal> {
        if let Some(code) = &shown.claim {
            return match &self.claim {
                Some(claim) if !slot_taken && claim.matches(code) => Ok(Admitted { claims_super_administrator: true }),
                _ => Err(Refusal::new(
                    ErrorCode::ClaimRefused,
                    "The one-time code is wrong or used up; the server shows the valid one where it was started, until it is used.",
                )),
            };
        }
        let admitted = Admitted { claims_super_administrator: false };
        match self.policy {
            RegistrationPolicy::Open => Ok(admitted),
            RegistrationPolicy::Passphrase => {
                let right = shown.access_passphrase.as_ref().is_some_and(|given| self.passphrase.matches(given));
                right.then_some(admitted).ok_or_else(|| {
                    Refusal::new(
                        ErrorCode::PassphraseRefused,
                        "The access passphrase is missing or wrong; ask the server's operator for it.",
                    )
                })
            }
            RegistrationPolicy::Invite => Err(Refusal::new(
                ErrorCode::RegistrationClosed,
                "This server takes newcomers by invitation, and this version of it can't make invitations yet; its operator can choose \
                 another registration policy.",
            )),
            RegistrationPolicy::Closed => Err(Refusal::new(
                ErrorCode::RegistrationClosed,
                "Nobody can register on this server; ask its operator.",
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admission(policy: RegistrationPolicy) -> Admission {
        Admission::new(policy, &Secret::new("open sesame please"), Some(&Secret::new("one-time-code")))
    }

    fn showing(passphrase: Option<&str>, claim: Option<&str>) -> rest::Admission {
        rest::Admission {
            access_passphrase: passphrase.map(Secret::new),
            claim: claim.map(Secret::new),
            invitation: None,
        }
    }

    fn code(result: Result<Admitted, Refusal>) -> Result<bool, ErrorCode> {
        result.map(|admitted| admitted.claims_super_administrator).map_err(|refusal| refusal.0.code)
    }

    #[test]
    fn each_policy_lets_in_whom_it_says() {
        use RegistrationPolicy::{Closed, Invite, Open, Passphrase};
        let nothing = showing(None, None);
        let words = showing(Some("Open Sesame please"), None);
        let wrong = showing(Some("open barley please"), None);
        assert_eq!(code(admission(Passphrase).check(&words, false)), Ok(false));
        assert_eq!(code(admission(Passphrase).check(&wrong, false)), Err(ErrorCode::PassphraseRefused));
        assert_eq!(code(admission(Passphrase).check(&nothing, false)), Err(ErrorCode::PassphraseRefused));
        assert_eq!(code(admission(Open).check(&nothing, false)), Ok(false));
        assert_eq!(code(admission(Invite).check(&words, false)), Err(ErrorCode::RegistrationClosed));
        assert_eq!(code(admission(Closed).check(&words, false)), Err(ErrorCode::RegistrationClosed));
    }

    #[test]
    fn the_one_time_code_lets_in_once_under_every_policy() {
        for policy in [RegistrationPolicy::Closed, RegistrationPolicy::Passphrase] {
            let right = showing(None, Some("one-time-code"));
            assert_eq!(code(admission(policy).check(&right, false)), Ok(true));
            assert_eq!(code(admission(policy).check(&right, true)), Err(ErrorCode::ClaimRefused));
        }
        let wrong = showing(Some("open sesame please"), Some("other-code"));
        let open = admission(RegistrationPolicy::Open);
        assert_eq!(code(open.check(&wrong, false)), Err(ErrorCode::ClaimRefused));
    }
}
