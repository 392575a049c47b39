//! Where a password comes from, and whether it is hard enough to guess.

use std::io::{BufRead, IsTerminal};

use clap::Args;
use huis_proto::rest::Secret;
use zeroize::Zeroizing;
use zxcvbn::Score;

use crate::outcome::{Outcome, Stop};

/// Where a password may come from.
#[derive(Debug, Clone, Args)]
pub(crate) struct PasswordArgs {
    /// Read the password from the first line of the standard input
    ///
    /// Otherwise it is taken from HUIS_PASSWORD, or asked for on the terminal.
    #[arg(long)]
    password_stdin: bool,
}

const VARIABLE: &str = "HUIS_PASSWORD";

/// The longest password in bytes.
const LONGEST: u64 = 1024;

/// The least score of zxcvbn (0 to 4) that a fresh password must reach: 3 stands for at least 10^8 guesses. Each guess
/// at a stolen record costs an Argon2id with 64 MiB.
const LEAST: Score = Score::Three;

impl PasswordArgs {
    /// The password of an account that exists.
    pub(crate) fn known(&self, question: &str) -> Outcome<Secret> {
        match self.given()? {
            Some(password) => Ok(password),
            None => asked(question),
        }
    }

    /// A fresh password: asked twice on a terminal, and refused if it is easy to guess. `about` holds what a guesser
    /// would try first, such as the username.
    pub(crate) fn fresh(&self, question: &str, about: &[&str]) -> Outcome<Secret> {
        let password = match self.given()? {
            Some(password) => password,
            None => {
                let first = asked(question)?;
                if asked("The same again: ")? != first {
                    return Err(Stop::failed("passwords-differ", "the two passwords are not the same", "try again"));
                }
                first
            }
        };
        check_strength(&password, about)?;
        Ok(password)
    }

    fn given(&self) -> Outcome<Option<Secret>> {
        let password = if self.password_stdin {
            Some(first_line(std::io::stdin().lock())?)
        } else {
            match std::env::var(VARIABLE) {
                Ok(password) => Some(Secret::new(password)),
                Err(std::env::VarError::NotPresent) => None,
                Err(std::env::VarError::NotUnicode(_)) => return Err(not_text(VARIABLE)),
            }
        };
        match password {
            Some(password) if password.expose().is_empty() => Err(Stop::Usage("the password is empty".into())),
            other => Ok(other),
        }
    }
}

fn asked(question: &str) -> Outcome<Secret> {
    if !std::io::stdin().is_terminal() {
        return Err(Stop::Usage(format!(
            "a password is needed, and there is no terminal to ask for it; set {VARIABLE} or give --password-stdin"
        )));
    }
    let password = rpassword::prompt_password(question).map_err(|error| Stop::file("the terminal", &error))?;
    match password.as_str() {
        "" => Err(Stop::Usage("the password is empty".into())),
        _ => Ok(Secret::new(password)),
    }
}

fn first_line(input: impl BufRead) -> Outcome<Secret> {
    let mut line = Zeroizing::new(Vec::with_capacity(LONGEST as usize + 2));
    input.take(LONGEST + 2).read_until(b'\n', &mut line).map_err(|error| Stop::file("the standard input", &error))?;
    let text = std::str::from_utf8(&line).map_err(|_| not_text("the standard input"))?;
    let text = text.strip_suffix('\n').unwrap_or(text);
    let text = text.strip_suffix('\r').unwrap_or(text);
    if text.len() as u64 > LONGEST {
        return Err(Stop::failed(
            "invalid",
            format!("the password is longer than {LONGEST} bytes"),
            "take a shorter one",
        ));
    }
    Ok(Secret::new(text))
}

fn not_text(what: &str) -> Stop {
    Stop::failed("invalid", format!("{what} holds no text in UTF-8"), "check its encoding")
}

fn check_strength(password: &Secret, about: &[&str]) -> Outcome {
    let estimate = zxcvbn::zxcvbn(password.expose(), about);
    if estimate.score() >= LEAST {
        return Ok(());
    }
    let mut why = format!(
        "the password is too easy to guess (about 10^{:.0} guesses; at least 10^8 are asked for)",
        estimate.guesses_log10().max(0.0)
    );
    if let Some(warning) = estimate.feedback().and_then(zxcvbn::feedback::Feedback::warning) {
        why.push_str(": ");
        why.push_str(warning.to_string().trim_end_matches('.'));
    }
    Err(Stop::failed("weak-password", why, "take four words or more that do not belong together"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strength(password: &str) -> Outcome {
        check_strength(&Secret::new(password), &["member-a", "chat.example"])
    }

    #[test]
    fn passwords_that_are_guessed_first_are_refused_with_the_reason() {
        for weak in ["password123", "member-a", "member-a1", "qwertyuiop", "aaaaaaaaaaaa", "12345678", "letmein2024"] {
            let line = strength(weak).unwrap_err().line("register").unwrap();
            assert!(line.contains("too easy to guess"), "{weak}: {line}");
            assert!(line.ends_with("[weak-password]"), "{weak}: {line}");
            assert!(!line.contains(weak), "{line}");
        }
        let common = strength("password123").unwrap_err().line("register").unwrap();
        assert!(common.contains("common"), "{common}");
    }

    #[test]
    fn passphrases_and_random_passwords_are_taken() {
        for decent in ["correct horse battery staple", "tulip-garage-velvet-orbit", "xK9#mQ2$vL7p", "f3a9c27e51b0d846"]
        {
            assert_eq!(strength(decent), Ok(()), "{decent}");
        }
    }

    #[test]
    fn the_first_line_is_the_password_without_its_line_break() {
        for (input, password) in [("secret\nmore", "secret"), ("secret", "secret"), ("a b \r\n", "a b "), ("", "")] {
            assert_eq!(first_line(input.as_bytes()).unwrap().expose(), password);
        }
        let longest = "x".repeat(1024);
        assert_eq!(first_line(format!("{longest}\n").as_bytes()).unwrap().expose(), longest);
        assert!(first_line(format!("{longest}y\n").as_bytes()).is_err());
        assert!(first_line(&b"\xff\n"[..]).is_err());
    }
}
