//! `huis identity`.

use clap::{Args, Subcommand};
use huis_proto::rest::Secret;
use huis_views::{Command, RenewIdentity, Reply};
use serde::Serialize;

use super::{Context, settle};
use crate::outcome::{Outcome, Stop};
use crate::passwords::{NEW_PASSWORD, OLD_PASSWORD, RecoveryKeyArgs, Secrets};

/// Put another identity key in the place of the one that somebody else may have
#[derive(Debug, Args)]
pub(crate) struct Identity {
    #[command(subcommand)]
    change: Change,
}

#[derive(Debug, Subcommand)]
enum Change {
    /// Renew the identity key, the recovery key and all other secrets of the account, and set a new password
    ///
    /// For when somebody may know the password or the recovery key, or had a device that was unlocked. The old identity key
    /// signs the account over to the new one. All other devices are taken off the account; `huis login` in another profile
    /// makes them devices anew. Your contacts are told, and write to you alone again once they have compared the safety
    /// number with you and accepted it; groups go on.
    ///
    /// Shows the new recovery key once: write it down. The one before opens nothing any more. Where the command was cut off
    /// before that, the same command shows it.
    Renew {
        /// Read the old password from the first line of the standard input, and the new one from the second
        ///
        /// Otherwise they are taken from HUIS_PASSWORD and HUIS_NEW_PASSWORD, or asked for on the terminal.
        #[arg(long)]
        password_stdin: bool,

        #[command(flatten)]
        recovery_key: RecoveryKeyArgs,
    },
}

#[derive(Serialize)]
struct RenewedLine {
    renewed: bool,
    /// By an earlier command; the password that was given then counts.
    earlier: bool,
    /// Not known where the server's answer was lost.
    ended_sessions: Option<u32>,
    recovery_key: Secret,
}

impl Identity {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        if !context.profile.is_in_use() {
            // Nobody is asked for a password in vain.
            return context.with_session(async |_| Ok(())).await;
        }
        let Change::Renew { password_stdin, recovery_key: key } = self.change;
        let secrets = Secrets { from_stdin: password_stdin };
        let old = secrets.known(OLD_PASSWORD)?;
        let new = secrets.twice(NEW_PASSWORD)?;
        let by = |recovery_key| {
            let (old, new) = (old.clone(), new.clone());
            Command::RenewIdentity(RenewIdentity { old, new, recovery_key })
        };
        let renewed = context.with_session_by(
            || Ok(old.clone()),
            async |session| {
                // What the account knows goes into its new state.
                settle(session).await?;
                match key.ask(session, by).await? {
                    Reply::IdentityRenewed { recovery_key, ended_sessions, earlier } => {
                        if !earlier {
                            session.lock_anew(&new)?;
                        }
                        Ok(RenewedLine { renewed: true, earlier, ended_sessions, recovery_key })
                    }
                    other => Err(Stop::unexpected(&other)),
                }
            },
        );
        let line = renewed.await?;
        context.printer.thing(&line, || {
            let done = match line.earlier {
                true => "Your account has its new identity key since an earlier command; the password of that time counts.",
                false => "Your account has a new identity key, and this is its only device. The new password counts.",
            };
            format!(
                "{done}\n\nRecovery key in place of the one before, shown this once:\n\n    {}\n\nWrite it down and keep it \
                 away from this machine. Your contacts see that your identity key has changed;\nhave them compare the safety \
                 number with you (`huis verify`) and accept it.",
                line.recovery_key.expose()
            )
        })
    }
}
