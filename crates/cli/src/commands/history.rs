//! `huis history`.

use clap::{Args, Subcommand};
use huis_views::{Command, HistoryProgress, HistoryView, Reply};

use super::{Context, freshen, settle};
use crate::outcome::{Outcome, Stop};
use crate::passwords::{PasswordArgs, RecoveryKeyArgs};

/// Keep what is said for devices that come later, or no longer
///
/// It is off unless you turn it on. Then your devices leave what they have of your conversations at the server, sealed: the
/// server reads nothing of it, and a device that you add later restores it. Messages with a timer and those that are opened
/// once never go there, and what is deleted leaves it.
///
/// What it costs: whoever opens your vault (with your password, or the recovery key) and gets at the archive reads all that
/// is in it, however long ago it was said. Without an archive nobody can.
#[derive(Debug, Args)]
pub(crate) struct History {
    #[command(subcommand)]
    change: Option<Change>,
}

#[derive(Debug, Subcommand)]
enum Change {
    /// Keep a history archive; on all your devices
    On {
        #[command(flatten)]
        password: PasswordArgs,

        #[command(flatten)]
        recovery_key: RecoveryKeyArgs,
    },
    /// Keep none any more, and take out all that is there; what your devices have stays on them
    Off,
    /// Show whether there is one, and how far it is restored on this device
    Status,
}

impl History {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        let reply = match self.change {
            Some(Change::On { password, recovery_key: key }) => {
                let opens = || password.known();
                let turned = context.with_session_by(opens, async |session| {
                    settle(session).await?;
                    let password = password.known()?;
                    let by = |recovery_key| Command::KeepHistory { password: password.clone(), recovery_key };
                    key.ask(session, by).await
                });
                turned.await?
            }
            Some(Change::Off) => {
                context
                    .with_session(async |session| {
                        settle(session).await?;
                        session.ask(Command::EndHistory).await
                    })
                    .await?
            }
            None | Some(Change::Status) => {
                context
                    .with_session(async |session| {
                        freshen(session).await?;
                        session.ask(Command::History).await
                    })
                    .await?
            }
        };
        let Reply::History(history) = reply else { return Err(Stop::unexpected(&reply)) };
        context.printer.thing(&history, || for_people(&history))
    }
}

fn for_people(history: &HistoryView) -> String {
    let HistoryView { on, segments, bytes, restoring } = *history;
    if !on {
        return "History archive: off".into();
    }
    let restored = restoring.map(progress).unwrap_or_default();
    format!("History archive: on, {segments} parts ({}) at the server{restored}", huis_texts::size(bytes))
}

/// How far it is restored, behind something else.
pub(super) fn progress(HistoryProgress { done, all }: HistoryProgress) -> String {
    format!(", {done} of {all} parts restored here")
}
