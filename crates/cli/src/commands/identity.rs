//! `huis identity`.

use clap::{Args, Subcommand};
use huis_proto::rest::Secret;
use huis_views::{Command, RenewIdentity, Reply};
use serde::Serialize;

use super::{Context, recovery_key_was_shown, settle};
use crate::outcome::{Outcome, Stop};
use crate::passwords::{NEW_PASSWORD, OLD_PASSWORD, RecoveryKeyArgs, Secrets};
use crate::printer::note;

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
    /// Renew from a device that nobody else had: this device keeps its own key, so whoever copied its files goes on with them.
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
    /// By an earlier command whose recovery key nobody saw.
    earlier: bool,
    /// Whether the new password counts, and not the old one.
    new_password_counts: bool,
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
                    Reply::IdentityRenewed { recovery_key, ended_sessions, earlier, new_password_counts } => {
                        let key = recovery_key.clone();
                        let line =
                            RenewedLine { renewed: true, earlier, new_password_counts, ended_sessions, recovery_key };
                        // Nothing may come before it: whatever fails then is made up for, a lost key is not.
                        line.print(context)?;
                        recovery_key_was_shown(session, key).await;
                        if new_password_counts && session.lock_anew(&new).is_err() {
                            note("this profile still opens by the old password: `huis unlock`, then `huis lock`");
                        }
                        Ok(())
                    }
                    other => Err(Stop::unexpected(&other)),
                }
            },
        );
        renewed.await
    }
}

impl RenewedLine {
    fn print(&self, context: &Context) -> Outcome {
        context.printer.thing(self, || {
            let done = match (self.earlier, self.new_password_counts) {
                (true, true) => "Your account has its new identity key since an earlier command. The new password counts.",
                (true, false) => "Your account has its new identity key since an earlier command. The old password counts.",
                (false, _) => "Your account has a new identity key, and this is its only device. The new password counts.",
            };
            format!(
                "{done}\n\nRecovery key in place of the one before, shown this once:\n\n    {}\n\nWrite it down and keep it \
                 away from this machine. Your contacts see that your identity key has changed;\nhave them compare the safety \
                 number with you (`huis verify`) and accept it.",
                self.recovery_key.expose()
            )
        })
    }
}
