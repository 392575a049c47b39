//! How hard a password is to guess: `zxcvbn` is in the program.

use huis_proto::rest::Secret;
use huis_views::Failure;

use crate::accounts::Estimate;

/// An estimate for whoever knows what the password may be `about`. It is at hand here, and never fails.
pub(crate) async fn estimate(password: &Secret, about: &[&str]) -> Result<Estimate, Failure> {
    let estimate = zxcvbn::zxcvbn(password.expose(), about);
    let warning = estimate.feedback().and_then(zxcvbn::feedback::Feedback::warning);
    Ok(Estimate {
        score: u8::from(estimate.score()),
        guesses_log10: estimate.guesses_log10(),
        warning: warning.map(|warning| warning.to_string()),
    })
}
