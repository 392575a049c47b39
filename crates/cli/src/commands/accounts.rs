//! `huis register`, `login`, `recover`, `logout` and `whoami`.

use std::time::Duration;

use clap::Args;
use huis_proto::rest::{Admission, Secret};
use huis_views::{Command, Failure, Reply, SignIn, SignOut};
use serde::Serialize;

use super::{Context, recovery_key_was_shown};
use crate::outcome::{Outcome, Stop};
use crate::passwords::{
    NEW_PASSWORD, PasswordArgs, RECOVERY_KEY, RecoveryKeyArgs, SecondFactorArgs, Secrets, of_locked_profile, secret,
};
use crate::printer::note;
use crate::session::{CaughtUp, Session};

/// Make an account on a server, with this as its first device
///
/// Shows the recovery key once: write it down. Where the command was cut off before that, the same command goes on and shows
/// it.
#[derive(Debug, Args)]
pub(crate) struct Register {
    /// The wished username: letters a to z, digits, and . _ - between them
    name: String,

    #[command(flatten)]
    server: Server,

    /// An e-mail address to leave with the server
    #[arg(long)]
    email: Option<String>,

    /// The access passphrase of the server; the variable keeps it off the list of processes
    #[arg(long, value_name = "WORDS", env = "HUIS_ACCESS_PASSPHRASE", hide_env_values = true, value_parser = secret)]
    access_passphrase: Option<Secret>,

    /// An invitation's code, in place of the passphrase or where the server takes newcomers by invitation
    #[arg(long, value_name = "CODE", env = "HUIS_INVITATION", hide_env_values = true, value_parser = secret)]
    invitation: Option<Secret>,

    /// The one-time code that makes this account the super-administrator
    #[arg(long, value_name = "CODE", env = "HUIS_CLAIM", hide_env_values = true, value_parser = secret)]
    claim: Option<Secret>,

    /// Keep the password out of the vault: a further device needs the recovery key as well
    ///
    /// Whoever has the server's data and guesses the password has none of the account's secrets then. Without the recovery
    /// key no device can be added or revoked any more. `huis password` changes this later.
    #[arg(long)]
    recovery_key_only: bool,

    #[command(flatten)]
    password: PasswordArgs,
}

/// Make this a device of an account; the password is enough
///
/// The device joins all conversations of the account, and gets what is said from then on. Where the session of this
/// profile has ended, it goes on. An account that keeps its password out of the vault needs the recovery key as well.
#[derive(Debug, Args)]
pub(crate) struct Login {
    /// The username
    name: String,

    #[command(flatten)]
    server: Server,

    #[command(flatten)]
    password: PasswordArgs,

    #[command(flatten)]
    recovery_key: RecoveryKeyArgs,
}

/// Set a new password by the recovery key, and make this a device of the account
///
/// For a password that is forgotten. Every session of the account ends: whoever had the old password, or a device that
/// was lost, is out. The account's other devices keep their messages, and go on after `huis login` with the new password.
/// The recovery key stays the same.
#[derive(Debug, Args)]
pub(crate) struct Recover {
    /// The username
    name: String,

    #[command(flatten)]
    server: Server,

    /// Read the recovery key from the first line of the standard input, and the new password from the second
    ///
    /// Otherwise they are taken from HUIS_RECOVERY_KEY and HUIS_NEW_PASSWORD, or asked for on the terminal.
    #[arg(long)]
    password_stdin: bool,

    #[command(flatten)]
    second_factor: SecondFactorArgs,
}

/// Take this device off the account and delete everything of it here
#[derive(Debug, Args)]
pub(crate) struct Logout {
    /// Also if messages wait to be sent, which are lost then
    #[arg(long)]
    force: bool,

    /// Without the password, and without the server if it cannot be reached: the device stays on the account's list
    /// until another one revokes it
    #[arg(long)]
    local: bool,

    #[command(flatten)]
    password: PasswordArgs,

    #[command(flatten)]
    recovery_key: RecoveryKeyArgs,
}

/// Print who is signed in here
#[derive(Debug, Args)]
pub(crate) struct WhoAmI {}

#[derive(Debug, Args)]
struct Server {
    /// The server, such as https://chat.example.org
    #[arg(long = "server", value_name = "URL", env = "HUIS_SERVER", value_parser = huis_texts::server_address)]
    url: String,
}

/// Conversations of a fresh device are joined this long before the command ends; the rest follows later.
const JOINS_WITHIN: Duration = Duration::from_secs(60);

#[derive(Serialize)]
struct ProfileLine {
    account: String,
    username: String,
    device: String,
    server: String,
    identity_key: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    recovery_key: Option<Secret>,
    #[serde(skip_serializing_if = "Option::is_none")]
    conversations: Option<u32>,
}

impl From<huis_views::Profile> for ProfileLine {
    fn from(profile: huis_views::Profile) -> Self {
        Self {
            account: profile.account.to_string(),
            username: profile.username,
            device: profile.device.to_string(),
            server: profile.server,
            identity_key: profile.identity_key,
            recovery_key: None,
            conversations: None,
        }
    }
}

impl Register {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        self.server.warn();
        let password = self.password.twice()?;
        let register = Command::Register(huis_views::Register {
            username: self.name.trim_start_matches('@').into(),
            password,
            email: self.email,
            admission: Admission {
                access_passphrase: self.access_passphrase,
                claim: self.claim,
                invitation: self.invitation,
            },
            recovery_key_only: self.recovery_key_only,
            stay_signed_in: true,
        });
        let what_for = match self.recovery_key_only {
            true => "further devices need it as well as\nthe password, and nobody can show it again.",
            false => "it opens your account when the\npassword is forgotten, and nobody can show it again.",
        };
        let ask = async |session: &mut Session| session.ask(register).await;
        enter(context, &self.server.url, ask, of_locked_profile, async |session, reply| {
            let Reply::Registered { profile, recovery_key } = reply else { return Err(Stop::unexpected(&reply)) };
            let mut line = ProfileLine::from(profile);
            line.recovery_key = Some(recovery_key.clone());
            context.printer.thing(&line, || {
                format!(
                    "Registered as @{} on {}.\n\nRecovery key, shown this once:\n\n    {}\n\nWrite it down and keep it away \
                     from this machine: {what_for}",
                    line.username,
                    line.server,
                    recovery_key.expose()
                )
            })?;
            recovery_key_was_shown(session, recovery_key).await;
            Ok(())
        })
        .await
    }
}

impl Login {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        self.server.warn();
        let password = self.password.known()?;
        let username = self.name.trim_start_matches('@').into();
        let sign_in = SignIn { username, password, recovery_key: None, stay_signed_in: true };
        let opens = || self.password.known();
        let by = |recovery_key| Command::SignIn(SignIn { recovery_key, ..sign_in.clone() });
        let ask = async |session: &mut Session| self.recovery_key.ask(session, by).await;
        enter(context, &self.server.url, ask, opens, async |session, reply| {
            signed_in(context, session, reply, "").await
        })
        .await
    }
}

impl Recover {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        self.server.warn();
        let secrets = Secrets { from_stdin: self.password_stdin };
        let recovery_key = secrets.known(RECOVERY_KEY)?;
        let password = secrets.twice(NEW_PASSWORD)?;
        let username = self.name.trim_start_matches('@').into();
        let recover = Command::Recover(huis_views::Recover { username, recovery_key, password, stay_signed_in: true });
        let ask = async |session: &mut Session| self.second_factor.ask(session, recover).await;
        enter(context, &self.server.url, ask, of_locked_profile, async |session, reply| {
            let said = " The new password counts; all other devices are signed out, and log in with it.";
            signed_in(context, session, reply, said).await
        })
        .await
    }
}

async fn signed_in(context: &Context, session: &mut Session, reply: Reply, said: &str) -> Outcome {
    let Reply::SignedIn { profile, conversations } = reply else { return Err(Stop::unexpected(&reply)) };
    // That the session before had ended was told meanwhile.
    session.forget_events();
    if let CaughtUp::Late(status) = session.catch_up(JOINS_WITHIN).await? {
        note(&format!("{} conversations are still to be joined; that goes on with the next command", status.joining));
    }
    let mut line = ProfileLine::from(profile);
    line.conversations = Some(conversations);
    context.printer.thing(&line, || {
        format!("Signed in as @{} on {}; {conversations} conversations.{said}", line.username, line.server)
    })
}

impl Logout {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        let mut session = Session::open_by(&context.profile, || self.password.known()).await?;
        let result = self.sign_out(&mut session).await;
        match result {
            Err(stop) => {
                session.close().await;
                Err(stop)
            }
            Ok(unlisted) => {
                session.clear().await?;
                context.printer.remark(if unlisted {
                    "Signed out; everything of this device is deleted."
                } else {
                    "Everything of this device is deleted here; it stays on the account's list until another device \
                     revokes it."
                })
            }
        }
    }

    async fn sign_out(&self, session: &mut Session) -> Outcome<bool> {
        // Nobody is asked for a password in vain.
        super::settle(session).await.or_else(|stop| match stop {
            Stop::Failed(fault) if self.local && fault.is("session-ended") => Ok(()),
            stop => Err(stop),
        })?;
        let status = session.status().await?;
        let unsent = status.waiting + status.held;
        if unsent > 0 && !self.force {
            return Err(Failure::Unsent { count: unsent }.into());
        }
        let password = if self.local { None } else { Some(self.password.known()?) };
        let sign_out = SignOut { password, recovery_key: None, discard_unsent: self.force };
        let by = |recovery_key| Command::SignOut(SignOut { recovery_key, ..sign_out.clone() });
        let asked = if self.local { session.ask(by(None)).await } else { self.recovery_key.ask(session, by).await };
        match asked {
            Ok(Reply::SignedOut { unlisted }) => Ok(unlisted),
            Ok(other) => Err(Stop::unexpected(&other)),
            Err(Stop::Failed(fault)) if self.local && !fault.is("unsent") => Ok(false),
            Err(stop) => Err(stop),
        }
    }
}

impl WhoAmI {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        let reply = context.with_session(async |session| session.ask(Command::WhoAmI).await).await?;
        let Reply::Profile(profile) = reply else { return Err(Stop::unexpected(&reply)) };
        let line = ProfileLine::from(profile);
        context.printer.thing(&line, || {
            let groups: Vec<&str> =
                line.identity_key.as_bytes().chunks(8).filter_map(|part| str::from_utf8(part).ok()).collect();
            format!(
                "@{} on {}\naccount       {}\ndevice        {}\nidentity key  {}",
                line.username,
                line.server,
                line.account,
                line.device,
                groups.join(" ")
            )
        })
    }
}

/// Signs in in a profile. What a failed attempt made is removed again. `opens` gives the password of a profile that is
/// there and locked.
async fn enter(
    context: &Context,
    server: &str,
    ask: impl AsyncFnOnce(&mut Session) -> Outcome<Reply>,
    opens: impl FnOnce() -> Outcome<Secret>,
    print: impl AsyncFnOnce(&mut Session, Reply) -> Outcome,
) -> Outcome {
    let (mut session, fresh) = Session::begin(&context.profile, server, opens).await?;
    match ask(&mut session).await {
        Ok(reply) => {
            if fresh {
                note(&context.profile.key_warning());
            }
            let printed = print(&mut session, reply).await;
            session.close().await;
            printed
        }
        Err(stop) => {
            if fresh {
                session.give_up(&stop).await?;
            } else {
                session.close().await;
            }
            Err(stop)
        }
    }
}

impl Server {
    /// Says so where everybody on the way could change what is exchanged.
    fn warn(&self) {
        if huis_texts::is_unprotected(&self.url) {
            note(
                "http:// is not protected on the way: messages stay sealed, but whoever is in between can act as you at the \
                 server; use https://",
            );
        }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn secrets_among_the_arguments_are_not_shown() {
        let line = [
            "huis",
            "register",
            "a",
            "--server",
            "https://a",
            "--access-passphrase",
            "open sesame",
            "--claim",
            "sesame2",
            "--invitation",
            "sesame3",
        ];
        let huis = <crate::arguments::Huis as clap::Parser>::try_parse_from(line).unwrap();
        assert!(!format!("{huis:?}").contains("sesame"));
    }
}
