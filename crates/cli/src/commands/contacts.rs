//! `huis block`, `unblock` and `verify`.

use clap::Args;
use huis_texts::{readable, rfc3339, safe_line};
use huis_views::{Command, Compared, ContactView, Reply};
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
/// Both see the same number, and one's code is what the other scans. Compare them where nobody else can change them: side by
/// side, or by a voice that you know. Whoever was compared is marked on all your devices; if that identity key changes, the
/// mark breaks, and what you write to that person waits until you have compared anew, or gone on without.
#[derive(Debug, Args)]
pub(crate) struct Verify {
    /// With or without @
    name: String,
    /// The number that the other one sees: marks the person as compared if it is the one, and accepts an identity key that
    /// changed
    #[arg(long, value_name = "DIGITS", value_parser = sixty_digits, conflicts_with_all = ["scanned", "accept_change", "forget"])]
    number: Option<String>,
    /// The text of the code on the other one's screen: as --number
    #[arg(long, value_name = "CODE", conflicts_with_all = ["accept_change", "forget"])]
    scanned: Option<String>,
    /// Go on with an identity key that changed, without a comparison
    #[arg(long, conflicts_with = "forget")]
    accept_change: bool,
    /// Take the mark of a comparison away; where the identity key has changed since, --accept-change does
    #[arg(long)]
    forget: bool,
}

#[derive(Serialize)]
struct ContactLine {
    name: String,
    /// How it wants to be called, where it said so.
    card_name: Option<String>,
    account: String,
    safety_number: String,
    /// What the other one scans.
    code: String,
    verified: bool,
    /// Only where it was compared, also where another identity key came since.
    #[serde(skip_serializing_if = "Option::is_none")]
    compared_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    compared_by: Option<&'static str>,
    identity_changed: bool,
    /// Whether the identity key is another one than the one that was compared.
    broken: bool,
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
        let Self { name: of, number, scanned, accept_change, forget } = self;
        let who = || of.clone();
        let change = match (number, scanned) {
            (number @ Some(_), _) => Some(Command::SetVerified { name: who(), verified: true, safety_number: number }),
            (None, Some(code)) => Some(Command::VerifyScanned { name: who(), code }),
            _ if accept_change => Some(Command::AcceptIdentity { name: who(), safety_number: None }),
            _ if forget => Some(Command::SetVerified { name: who(), verified: false, safety_number: None }),
            _ => None,
        };
        let is_shown = change.is_none();
        let (contact, code) = context
            .with_session(async |session| {
                settle(session).await?;
                if let Some(change) = change {
                    super::done(session.ask(change).await?)?;
                }
                let contact = session.ask(Command::Contact { name: who() }).await?;
                let code = session.ask(Command::SafetyCode { name: who() }).await?;
                match (contact, code) {
                    (Reply::Contact(contact), Reply::SafetyCode(code)) => Ok((contact, code)),
                    (other, Reply::SafetyCode(_)) | (_, other) => Err(Stop::unexpected(&other)),
                }
            })
            .await?;
        let line = ContactLine {
            name: name(&contact.account),
            card_name: contact.card.name.clone(),
            account: contact.account.account.to_string(),
            safety_number: contact.safety_number.clone(),
            code: code.text.clone(),
            verified: contact.verified,
            compared_at: contact.compared.map(|compared| rfc3339(compared.at_ms)),
            compared_by: contact.compared.map(|compared| if compared.scanned { "code" } else { "number" }),
            identity_changed: contact.identity_changed,
            broken: contact.broken,
            blocked: contact.blocked,
            devices: contact.devices.iter().map(ToString::to_string).collect(),
        };
        context.printer.thing(&line, || {
            let who = at_name(&contact.account);
            let standing = standing(&contact);
            if !is_shown {
                return format!("{who}: {standing}");
            }
            let number = in_groups(&contact.safety_number);
            let drawn = huis_texts::drawn_code(&code.lines).join("\n");
            format!(
                "Safety number with {who} ({standing}):\n\n{number}\n\nFor {who} to scan:\n\n{drawn}\n{}",
                code.text
            )
        })
    }
}

fn standing(contact: &ContactView) -> String {
    let compared = contact.compared.map(|compared| readable(compared.at_ms)).unwrap_or_default();
    match contact {
        ContactView { broken: true, .. } => format!(
            "THE IDENTITY KEY HAS CHANGED since you compared it ({compared}), and what you write waits; compare anew with \
             --number or --scanned, or go on without by --accept-change"
        ),
        ContactView { identity_changed: true, .. } => {
            "THE IDENTITY KEY HAS CHANGED; compare with --number or --scanned, or go on without by --accept-change"
                .into()
        }
        ContactView { verified: true, compared: Some(Compared { scanned: true, .. }), .. } => {
            format!("✓ scanned {compared}")
        }
        ContactView { verified: true, .. } => format!("✓ compared {compared}"),
        _ => "not compared yet; when you have, give it to --number, or what you scanned to --scanned".into(),
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
