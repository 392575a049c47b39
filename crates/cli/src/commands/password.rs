//! `huis password`.

use clap::Args;
use huis_views::{ChangePassword, Command, Reply};
use serde::Serialize;

use super::Context;
use crate::outcome::{Outcome, Stop};
use crate::passwords::{NEW_PASSWORD, OLD_PASSWORD, RecoveryKeyArgs, Secrets};

/// Change the password of your account
///
/// Asks for the old password and the new one. All devices stay signed in; a device that is locked opens with the password
/// that it was locked with. The recovery key stays the same. A password that was set long ago is guarded better after
/// this, also where the new one is the old one.
#[derive(Debug, Args)]
pub(crate) struct Password {
    /// Sign out all other devices; they keep their messages, and go on after `huis login` with the new password
    #[arg(long)]
    end_other_sessions: bool,

    /// Read the old password from the first line of the standard input, and the new one from the second
    ///
    /// Otherwise they are taken from HUIS_PASSWORD and HUIS_NEW_PASSWORD, or asked for on the terminal.
    #[arg(long)]
    password_stdin: bool,

    /// Keep the new password out of the vault: a further device then needs the recovery key as well
    ///
    /// Asks for the recovery key, to see that it is there. Whoever copied the vault before can still guess at the old password.
    #[arg(long, conflicts_with = "under_password")]
    recovery_key_only: bool,

    /// Let the new password open the vault again, so that it is enough for a further device
    #[arg(long)]
    under_password: bool,

    #[command(flatten)]
    recovery_key: RecoveryKeyArgs,
}

#[derive(Serialize)]
struct ChangedLine {
    changed: bool,
    /// Not known where the server's answer was lost.
    ended_sessions: Option<u32>,
}

impl Password {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        if !context.profile.is_in_use() {
            // Nobody is asked for a password in vain.
            return context.with_session(async |_| Ok(())).await;
        }
        let secrets = Secrets { from_stdin: self.password_stdin };
        let old = secrets.known(OLD_PASSWORD)?;
        let new = secrets.twice(NEW_PASSWORD)?;
        let change = ChangePassword {
            old: old.clone(),
            new: new.clone(),
            recovery_key: None,
            under_password: match (self.recovery_key_only, self.under_password) {
                (true, _) => Some(false),
                (_, true) => Some(true),
                _ => None,
            },
            end_other_sessions: self.end_other_sessions,
        };
        let by = |recovery_key| Command::ChangePassword(ChangePassword { recovery_key, ..change.clone() });
        let ended_sessions = context
            .with_session_by(
                || Ok(old),
                async |session| match self.recovery_key.ask(session, by).await? {
                    Reply::PasswordChanged { ended_sessions } => {
                        session.lock_anew(&new)?;
                        Ok(ended_sessions)
                    }
                    other => Err(Stop::unexpected(&other)),
                },
            )
            .await?;
        context.printer.thing(&ChangedLine { changed: true, ended_sessions }, || match ended_sessions {
            Some(0) => "The new password counts.".into(),
            Some(count) => format!("The new password counts; {count} other sessions have ended."),
            None => "The new password counts. Whether other sessions have ended, `huis devices` shows.".into(),
        })
    }
}
