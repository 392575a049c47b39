//! Whether a fresh password is hard enough to guess.

use huis_proto::rest::Secret;
use huis_views::Failure;

use crate::client::Client;
use crate::platform;

/// The least score of zxcvbn (0 to 4) that a fresh password must reach: 3 stands for at least 10^8 guesses. Each guess
/// at a stolen record costs an Argon2id with 64 MiB.
const LEAST: u8 = 3;

/// What zxcvbn says of a password.
pub(crate) struct Estimate {
    /// 0 to 4.
    pub(crate) score: u8,
    /// How many guesses it takes, as a power of ten.
    pub(crate) guesses_log10: f64,
    /// What makes it weak, where that can be said in a sentence.
    pub(crate) warning: Option<String>,
}

impl Client {
    /// Refuses a password that is easy to guess for whoever knows the username and the server.
    pub(super) async fn check_strength(&self, password: &Secret, username: &str) -> Result<(), Failure> {
        check(password, &[username, &self.transport.server()]).await
    }
}

async fn check(password: &Secret, about: &[&str]) -> Result<(), Failure> {
    let estimate = platform::estimate(password, about).await?;
    if estimate.score >= LEAST {
        return Ok(());
    }
    let guesses = estimate.guesses_log10.max(0.0);
    let mut advice = format!("about 10^{guesses:.0} guesses, and at least 10^8 are asked for");
    if let Some(warning) = estimate.warning {
        advice.push_str(". ");
        advice.push_str(warning.trim_end_matches('.'));
    }
    Err(Failure::WeakPassword { advice })
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    fn strength(password: &str) -> Result<(), Failure> {
        let about = ["member-a", "https://chat.example"];
        check(&Secret::new(password), &about).now_or_never().unwrap()
    }

    #[test]
    fn passwords_that_are_guessed_first_are_refused_with_the_reason() {
        for weak in ["password123", "member-a", "member-a1", "qwertyuiop", "aaaaaaaaaaaa", "12345678", "letmein2024"] {
            let failure = strength(weak).unwrap_err();
            assert!(matches!(failure, Failure::WeakPassword { .. }), "{weak}: {failure}");
            assert!(!failure.to_string().contains(weak), "{failure}");
        }
        let common = strength("password123").unwrap_err().to_string();
        assert!(common.contains("common"), "{common}");
    }

    #[test]
    fn passphrases_and_random_passwords_are_taken() {
        for decent in ["correct horse battery staple", "tulip-garage-velvet-orbit", "xK9#mQ2$vL7p", "f3a9c27e51b0d846"]
        {
            assert_eq!(strength(decent), Ok(()), "{decent}");
        }
    }
}
