//! `huis recovery-key`.

use std::io::IsTerminal;

use clap::{Args, Subcommand};
use huis_proto::rest::Secret;
use huis_views::{ChangeRecoveryKey, Command, Reply, SecretCode};
use rand::seq::SliceRandom as _;
use serde::Serialize;

use super::{Context, recovery_key_was_shown, settle};
use crate::outcome::{Outcome, Stop};
use crate::passwords::{PasswordArgs, RecoveryKeyArgs, prompted};
use crate::printer::note;

/// Put another recovery key in the place of the one before
#[derive(Debug, Args)]
pub(crate) struct RecoveryKey {
    #[command(subcommand)]
    change: Change,
}

#[derive(Debug, Subcommand)]
enum Change {
    /// Make a new recovery key; the one before opens nothing any more
    ///
    /// For when the recovery key is lost, or somebody may have seen it and not used it. Password, devices and identity stay;
    /// your other devices are told. Who may have opened your account with the old one calls for `huis identity renew` instead.
    ///
    /// Shows the new key once: write it down. Then it asks for three of its groups, to see that it is written down right. Where
    /// the command was cut off before that, the same command shows the same key again.
    New {
        /// Draw the key as a QR code as well
        #[arg(long)]
        qr: bool,

        /// Do not ask for groups of the key
        #[arg(long)]
        yes: bool,

        #[command(flatten)]
        password: PasswordArgs,

        #[command(flatten)]
        recovery_key: RecoveryKeyArgs,
    },
}

/// Groups of the key that a person types, and how often.
const GROUPS_ASKED: usize = 3;
const TRIES: usize = 3;

#[derive(Serialize)]
struct ChangedLine {
    changed: bool,
    /// By an earlier command whose recovery key nobody saw.
    earlier: bool,
    recovery_key: Secret,
}

impl RecoveryKey {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        if !context.profile.is_in_use() {
            // Nobody is asked for a password in vain.
            return context.with_session(async |_| Ok(())).await;
        }
        let Change::New { qr, yes, password: given, recovery_key: key } = self.change;
        let asks = !yes && !context.printer.is_for_programs();
        if asks && !std::io::stdin().is_terminal() {
            let why = "there is no terminal to ask for groups of the recovery key; give --yes if you keep it otherwise";
            return Err(Stop::Usage(why.into()));
        }
        let password = given.known()?;
        let by =
            |recovery_key| Command::ChangeRecoveryKey(ChangeRecoveryKey { password: password.clone(), recovery_key });
        let changed = context.with_session_by(
            || Ok(password.clone()),
            async |session| {
                // Connected, so that the account's other devices hear of it before this one goes away.
                settle(session).await?;
                match key.ask(session, by).await? {
                    Reply::RecoveryKeyChanged { recovery_key, code, earlier } => {
                        let line = ChangedLine { changed: true, earlier, recovery_key };
                        line.print(context, qr.then_some(&code))?;
                        if asks {
                            is_written_down(&line.recovery_key)?;
                        }
                        recovery_key_was_shown(session, line.recovery_key).await;
                        Ok(())
                    }
                    other => Err(Stop::unexpected(&other)),
                }
            },
        );
        changed.await
    }
}

impl ChangedLine {
    fn print(&self, context: &Context, code: Option<&SecretCode>) -> Outcome {
        context.printer.thing(self, || {
            let done = if self.earlier {
                "Your account has another recovery key since an earlier command."
            } else {
                "Your account has another recovery key; the one before opens nothing any more."
            };
            let drawn = code.map(|code| {
                let lines: Vec<String> = code.lines.iter().map(|line| line.expose().into()).collect();
                format!("\n{}\n", huis_texts::drawn_code(&lines).join("\n"))
            });
            format!(
                "{done}\n\nRecovery key, shown this once:\n\n    {}\n{}\nWrite it down and keep it away from this machine.",
                self.recovery_key.expose(),
                drawn.unwrap_or_default()
            )
        })
    }
}

/// Has a person type some groups of the key.
fn is_written_down(key: &Secret) -> Outcome {
    let groups: Vec<&str> = key.expose().split('-').collect();
    let mut places: Vec<usize> = (0..groups.len()).collect();
    places.shuffle(&mut rand::rngs::OsRng);
    places.truncate(GROUPS_ASKED);
    places.sort_unstable();
    for place in places {
        let wanted = groups.get(place).copied().unwrap_or_default();
        let mut tries = 0;
        loop {
            let typed =
                prompted("group", &format!("From what you wrote down, group {} of {}: ", place + 1, groups.len()))?;
            if is_group(typed.expose(), wanted) {
                break;
            }
            tries += 1;
            if tries == TRIES {
                return Err(Stop::failed(
                    "not-written-down",
                    "what was typed is not in the recovery key; it counts all the same, and this device keeps it",
                    "the same command shows it again",
                ));
            }
            note("that is another group; look again");
        }
    }
    Ok(())
}

/// As keys are read: case does not matter, and O, I, L pass for 0, 1, 1.
fn is_group(typed: &str, group: &str) -> bool {
    let read = typed.trim().chars().map(|character| match character.to_ascii_uppercase() {
        'O' => '0',
        'I' | 'L' => '1',
        other => other,
    });
    read.eq(group.chars())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_is_read_as_keys_are() {
        assert!(is_group("7K01", "7K01") && is_group(" 7koi ", "7K01") && is_group("7KOL", "7K01"));
        assert!(!is_group("7K0", "7K01") && !is_group("7K012", "7K01") && !is_group("", "7K01"));
    }
}
