//! `huis block`, `unblock` and `verify`.

use clap::Args;
use huis_texts::safe_line;
use huis_views::{Command, Reply};
use serde::Serialize;

use super::{Context, at_name, name, settle};
use crate::outcome::{Outcome, Stop};

/// Drop everything that an account sends from now on
#[derive(Debug, Args)]
pub(crate) struct Block {
    /// With or without @
    name: String,
}

/// Let an account's messages in again
#[derive(Debug, Args)]
pub(crate) struct Unblock {
    /// With or without @
    name: String,
}

/// Show the safety number that two people compare, to know that nobody is between them
///
/// Both see the same number. Compare it where nobody else can change it: side by side, or by a voice that you know.
#[derive(Debug, Args)]
pub(crate) struct Verify {
    /// With or without @
    name: String,
    /// Note that the two of you compared it and that it is the same
    #[arg(long, conflicts_with_all = ["unmark", "accept"])]
    mark: bool,
    /// Note that it is not compared
    #[arg(long, conflicts_with = "accept")]
    unmark: bool,
    /// Accept an identity key that changed, after a comparison
    #[arg(long)]
    accept: bool,
    /// The number that the two of you compared: nothing is done if another one counts by now
    #[arg(long, value_name = "DIGITS", value_parser = sixty_digits)]
    number: Option<String>,
}

#[derive(Serialize)]
struct ContactLine {
    name: String,
    /// How it wants to be called, where it said so.
    card_name: Option<String>,
    account: String,
    safety_number: String,
    verified: bool,
    identity_changed: bool,
    blocked: bool,
    devices: Vec<String>,
}

impl Block {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        change(context, Command::Block { name: self.name }).await
    }
}

impl Unblock {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        change(context, Command::Unblock { name: self.name }).await
    }
}

async fn change(context: &Context, command: Command) -> Outcome {
    context
        .with_session(async |session| {
            settle(session).await?;
            super::done(session.ask(command).await?)
        })
        .await
}

impl Verify {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        let change = match self {
            Self { ref name, accept: true, ref number, .. } => {
                Some(Command::AcceptIdentity { name: name.clone(), safety_number: number.clone() })
            }
            Self { ref name, mark, unmark, ref number, .. } if mark || unmark => {
                Some(Command::SetVerified { name: name.clone(), verified: mark, safety_number: number.clone() })
            }
            Self { number: Some(_), .. } => {
                return Err(Stop::Usage("--number goes with --mark or --accept".into()));
            }
            _ => None,
        };
        let reply = context
            .with_session(async |session| {
                settle(session).await?;
                if let Some(change) = change {
                    super::done(session.ask(change).await?)?;
                }
                session.ask(Command::Contact { name: self.name }).await
            })
            .await?;
        let Reply::Contact(contact) = reply else { return Err(Stop::unexpected(&reply)) };
        let line = ContactLine {
            name: name(&contact.account),
            card_name: contact.card.name.clone(),
            account: contact.account.account.to_string(),
            safety_number: contact.safety_number.clone(),
            verified: contact.verified,
            identity_changed: contact.identity_changed,
            blocked: contact.blocked,
            devices: contact.devices.iter().map(ToString::to_string).collect(),
        };
        context.printer.thing(&line, || {
            let standing = match (contact.identity_changed, contact.verified) {
                (true, _) => "THE IDENTITY KEY HAS CHANGED; compare anew, then --accept",
                (false, true) => "compared",
                (false, false) => "not compared yet; when you have, --mark",
            };
            format!(
                "Safety number with {} ({standing}):\n\n{}",
                at_name(&contact.account),
                in_groups(&contact.safety_number)
            )
        })
    }
}

/// A safety number as somebody typed it.
fn sixty_digits(typed: &str) -> Result<String, &'static str> {
    let digits: String = typed.chars().filter(|character| !character.is_whitespace()).collect();
    let is_whole = digits.len() == 60 && digits.bytes().all(|byte| byte.is_ascii_digit());
    if is_whole { Ok(digits) } else { Err("expected the 60 digits of a safety number") }
}

/// The number in groups of five digits, four groups a line.
fn in_groups(number: &str) -> String {
    let digits: Vec<char> = number.chars().filter(|character| !character.is_whitespace()).collect();
    let groups: Vec<String> = digits.chunks(5).map(|group| group.iter().collect()).collect();
    let lines: Vec<String> = groups.chunks(4).map(|line| format!("    {}", line.join(" "))).collect();
    lines.iter().map(|line| safe_line(line)).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_safety_number_is_read_aloud_in_groups_of_five() {
        let number: String = (0..60).map(|digit| char::from(b'0' + digit % 10)).collect();
        let shown = in_groups(&number);
        assert_eq!(shown.lines().count(), 3);
        assert_eq!(shown.lines().next(), Some("    01234 56789 01234 56789"));
        assert_eq!(shown.replace([' ', '\n'], ""), number);
    }
}
