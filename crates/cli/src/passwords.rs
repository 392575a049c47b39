//! Where passwords and the recovery key come from: lines of the standard input, variables, or the terminal.

use std::io::{BufRead, IsTerminal};
use std::sync::OnceLock;

use clap::Args;
use huis_proto::rest::Secret;
use huis_views::{Command, Reply};
use zeroize::Zeroizing;

use crate::outcome::{Outcome, Stop};
use crate::session::Session;

/// Where a password may come from.
#[derive(Debug, Clone, Args)]
pub(crate) struct PasswordArgs {
    /// Read the password from the first line of the standard input
    ///
    /// Otherwise it is taken from HUIS_PASSWORD, or asked for on the terminal.
    #[arg(long)]
    password_stdin: bool,

    /// What was given: a line is there to be read once, and a person is asked once.
    #[arg(skip)]
    given: OnceLock<Secret>,
}

/// Where the recovery key comes from, for an account that keeps its password out of the vault.
#[derive(Debug, Clone, Args)]
pub(crate) struct RecoveryKeyArgs {
    /// Read the recovery key from the standard input as well, from the line behind the password
    ///
    /// It is needed where the account keeps its password out of the vault. Otherwise it is taken from HUIS_RECOVERY_KEY, or
    /// asked for on the terminal once it is needed.
    #[arg(long)]
    recovery_key_stdin: bool,

    #[command(flatten)]
    second_factor: SecondFactorArgs,
}

/// Where a code of the second factor comes from, for an account that has one.
#[derive(Debug, Clone, Args)]
pub(crate) struct SecondFactorArgs {
    /// A code of the second factor: six digits that the authenticator shows, or a recovery code
    ///
    /// It is needed where the account has a second factor; then it is asked for on the terminal, if it is not given.
    #[arg(long, value_name = "CODE", env = "HUIS_CODE", hide_env_values = true, value_parser = secret)]
    code: Option<Secret>,
}

/// Where the secrets of a command come from that needs several: from as many lines, in the order in which they are asked
/// for, or else from variables or the terminal.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Secrets {
    pub(crate) from_stdin: bool,
}

/// Something that is asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wanted {
    variable: &'static str,
    noun: &'static str,
    question: &'static str,
}

pub(crate) const PASSWORD: Wanted = Wanted { variable: "HUIS_PASSWORD", noun: "password", question: "Password: " };
pub(crate) const OLD_PASSWORD: Wanted =
    Wanted { variable: "HUIS_PASSWORD", noun: "old password", question: "Old password: " };
pub(crate) const NEW_PASSWORD: Wanted =
    Wanted { variable: "HUIS_NEW_PASSWORD", noun: "new password", question: "New password: " };
pub(crate) const RECOVERY_KEY: Wanted =
    Wanted { variable: "HUIS_RECOVERY_KEY", noun: "recovery key", question: "Recovery key: " };

/// The longest password in bytes; a recovery key is shorter.
const LONGEST: u64 = 1024;

impl PasswordArgs {
    /// The password of an account that exists.
    pub(crate) fn known(&self) -> Outcome<Secret> {
        self.once(|secrets| secrets.known(PASSWORD))
    }

    /// A password that must not be mistyped: asked for twice on a terminal.
    pub(crate) fn twice(&self) -> Outcome<Secret> {
        self.once(|secrets| secrets.twice(PASSWORD))
    }

    fn once(&self, ask: impl FnOnce(Secrets) -> Outcome<Secret>) -> Outcome<Secret> {
        if let Some(given) = self.given.get() {
            return Ok(given.clone());
        }
        let password = ask(Secrets { from_stdin: self.password_stdin })?;
        Ok(self.given.get_or_init(|| password).clone())
    }
}

impl RecoveryKeyArgs {
    /// Asks the engine with the recovery key that was given, or without; where it turns out to be needed, a person is asked
    /// for it. Passwords are read before this.
    pub(crate) async fn ask(
        &self,
        session: &mut Session,
        command: impl Fn(Option<Secret>) -> Command,
    ) -> Outcome<Reply> {
        let given = Secrets { from_stdin: self.recovery_key_stdin }.given(RECOVERY_KEY)?;
        match self.second_factor.ask(session, command(given.clone())).await {
            Err(Stop::Failed(fault))
                if fault.is("needs-recovery-key") && given.is_none() && std::io::stdin().is_terminal() =>
            {
                // The engine keeps for a while that the second factor was shown.
                session.ask(command(Some(prompted(RECOVERY_KEY.noun, RECOVERY_KEY.question)?))).await
            }
            answer => answer,
        }
    }
}

impl SecondFactorArgs {
    /// Asks the engine with the code that was given, or without; where it turns out to be needed, a person is asked for it.
    pub(crate) async fn ask(&self, session: &mut Session, command: Command) -> Outcome<Reply> {
        let with = |code: Secret| Command::WithSecondFactor { code, command: Box::new(command.clone()) };
        if let Some(code) = &self.code {
            return session.ask(with(code.clone())).await;
        }
        match session.ask(command.clone()).await {
            Err(Stop::Failed(fault)) if fault.is("needs-second-factor") && std::io::stdin().is_terminal() => {
                session.ask(with(prompted("code", "Code of the second factor: ")?)).await
            }
            answer => answer,
        }
    }
}

#[expect(clippy::unnecessary_wraps, reason = "the parser of arguments asks for a result")]
pub(crate) fn secret(text: &str) -> Result<Secret, std::convert::Infallible> {
    Ok(Secret::new(text))
}

impl Secrets {
    /// Something that can be checked: asked for once.
    pub(crate) fn known(self, wanted: Wanted) -> Outcome<Secret> {
        match self.given(wanted)? {
            Some(secret) => Ok(secret),
            None => asked(wanted, wanted.question),
        }
    }

    /// Something that cannot be checked: asked for twice on a terminal.
    pub(crate) fn twice(self, wanted: Wanted) -> Outcome<Secret> {
        if let Some(secret) = self.given(wanted)? {
            return Ok(secret);
        }
        let first = asked(wanted, wanted.question)?;
        if asked(wanted, "The same again: ")? != first {
            return Err(Stop::failed("passwords-differ", "the two passwords are not the same", "try again"));
        }
        Ok(first)
    }

    fn given(self, wanted: Wanted) -> Outcome<Option<Secret>> {
        let secret = if self.from_stdin { Some(line(std::io::stdin().lock(), wanted.noun)?) } else { set(wanted)? };
        match secret {
            Some(secret) if secret.expose().is_empty() => Err(Stop::Usage(format!("the {} is empty", wanted.noun))),
            other => Ok(other),
        }
    }
}

/// The password of a locked profile, for a command that has no other use for one. A terminal may be asked also where the
/// standard input is a pipe: what comes through that is for the command.
pub(crate) fn of_locked_profile() -> Outcome<Secret> {
    match set(PASSWORD)? {
        Some(password) => Ok(password),
        None if std::io::stdin().is_terminal() || std::io::stderr().is_terminal() => {
            prompted(PASSWORD.noun, "This profile is locked. Password: ")
        }
        None => Err(Stop::failed(
            "locked",
            "this profile is locked, and there is no terminal to ask for its password",
            "set HUIS_PASSWORD for this command, or open the profile for all by `huis unlock`",
        )),
    }
}

fn set(wanted: Wanted) -> Outcome<Option<Secret>> {
    match std::env::var(wanted.variable) {
        Ok(secret) => Ok(Some(Secret::new(secret))),
        Err(std::env::VarError::NotPresent) => Ok(None),
        Err(std::env::VarError::NotUnicode(_)) => Err(not_text(wanted.variable)),
    }
}

fn asked(wanted: Wanted, question: &str) -> Outcome<Secret> {
    if std::io::stdin().is_terminal() {
        return prompted(wanted.noun, question);
    }
    let Wanted { variable, noun, .. } = wanted;
    Err(Stop::Usage(format!(
        "the {noun} is needed, and there is no terminal to ask for it; set {variable} or give --password-stdin"
    )))
}

/// Asks a person at the terminal; what is typed is not shown.
pub(crate) fn prompted(noun: &str, question: &str) -> Outcome<Secret> {
    let secret = rpassword::prompt_password(question).map_err(|error| Stop::file("the terminal", &error))?;
    match secret.as_str() {
        "" => Err(Stop::Usage(format!("the {noun} is empty"))),
        _ => Ok(Secret::new(secret)),
    }
}

/// The first line of what holds a secret, without its line break.
pub(crate) fn line(input: impl BufRead, noun: &str) -> Outcome<Secret> {
    let mut line = Zeroizing::new(Vec::with_capacity(LONGEST as usize + 2));
    input.take(LONGEST + 2).read_until(b'\n', &mut line).map_err(|error| Stop::file("the standard input", &error))?;
    let text = std::str::from_utf8(&line).map_err(|_| not_text("the standard input"))?;
    let text = text.strip_suffix('\n').unwrap_or(text);
    let text = text.strip_suffix('\r').unwrap_or(text);
    if text.len() as u64 > LONGEST {
        let why = format!("the {noun} is longer than {LONGEST} bytes");
        return Err(Stop::failed("invalid", why, "take a shorter one"));
    }
    Ok(Secret::new(text))
}

fn not_text(what: &str) -> Stop {
    Stop::failed("invalid", format!("{what} holds no text in UTF-8"), "check its encoding")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_the_password_without_its_line_break() {
        for (input, password) in [("secret\nmore", "secret"), ("secret", "secret"), ("a b \r\n", "a b "), ("", "")] {
            assert_eq!(line(input.as_bytes(), "password").unwrap().expose(), password);
        }
        let longest = "x".repeat(1024);
        assert_eq!(line(format!("{longest}\n").as_bytes(), "password").unwrap().expose(), longest);
        assert!(line(format!("{longest}y\n").as_bytes(), "password").is_err());
        assert!(line(&b"\xff\n"[..], "password").is_err());
    }

    #[test]
    fn two_secrets_are_two_lines() {
        let mut input = &b"old one\nnew one\n"[..];
        assert_eq!(line(&mut input, "old password").unwrap().expose(), "old one");
        assert_eq!(line(&mut input, "new password").unwrap().expose(), "new one");
    }
}
