//! `huis admin accounts`.

use std::time::Duration;

use clap::Subcommand;
use huis_proto::limits;
use huis_proto::rest::{
    AccountsPage, AdministeredAccount, AdministeredAccountDetails, ServerRole, SessionsEnded, SetRole, Suspend,
    SuspensionInfo,
};
use huis_texts::{readable, rfc3339, safe_line};
use huis_views::AdministrativeMethod::{Delete, Get, Post, Put};
use serde::Serialize;
use serde::de::IgnoredAny;

use super::asking::{asks, asks_with, date, encoded, name, span};
use crate::commands::Context;
use crate::outcome::{Outcome, Stop};
use crate::session::Session;

#[derive(Debug, Subcommand)]
pub(super) enum Accounts {
    /// List accounts by name, all of them or some
    List {
        /// What their names begin with
        #[arg(long, value_name = "TEXT")]
        search: Option<String>,
        /// Only those with this role: moderator, administrator or super-administrator
        #[arg(long, value_name = "ROLE", conflicts_with = "suspended")]
        role: Option<ServerRole>,
        /// Only those that are suspended
        #[arg(long)]
        suspended: bool,
        /// At most so many
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
        most: Option<u64>,
    },
    /// Show an account: its state, its signed-in devices, what its files take
    Show {
        /// The account, with or without @
        #[arg(value_name = "NAME")]
        name: String,
    },
    /// End all sessions of an account, here and now; it may sign in again
    EndSessions {
        /// The account, with or without @
        #[arg(value_name = "NAME")]
        name: String,
    },
    /// Suspend an account, here and now: it is signed in nowhere
    Suspend {
        /// The account, with or without @
        #[arg(value_name = "NAME")]
        name: String,
        /// Why, which the person is told
        #[arg(long, value_name = "TEXT")]
        reason: String,
        /// For how long: seconds, or a number with s, m, h or d; without it until it is lifted
        #[arg(long = "for", value_name = "SPAN", value_parser = span)]
        span: Option<Duration>,
    },
    /// Lift a suspension
    Lift {
        /// The account, with or without @
        #[arg(value_name = "NAME")]
        name: String,
    },
    /// Give an account a role: member, moderator, administrator or super-administrator
    Role {
        /// The account, with or without @
        #[arg(value_name = "NAME")]
        name: String,
        /// The role from here on
        #[arg(value_name = "ROLE")]
        role: ServerRole,
    },
    /// Delete an account, for good; its name stays taken
    Delete {
        /// The account, with or without @
        #[arg(value_name = "NAME")]
        name: String,
        /// Yes, for good
        #[arg(long, required = true)]
        yes: bool,
    },
}

#[derive(Serialize)]
struct AccountLine {
    account: String,
    name: String,
    role: ServerRole,
    created_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    seen_on: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    suspension: Option<SuspensionLine>,
    #[serde(skip_serializing_if = "Option::is_none")]
    deleted_at: Option<String>,
    devices: u32,
    sessions: u32,
}

#[derive(Serialize)]
struct SuspensionLine {
    reason: String,
    since: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    ends_at: Option<String>,
    set_by: String,
}

#[derive(Serialize)]
struct DetailsLine {
    #[serde(flatten)]
    account: AccountLine,
    signed_in: Vec<DeviceLine>,
    file_bytes: u64,
}

#[derive(Serialize)]
struct DeviceLine {
    device: String,
    began_on: String,
    seen_on: String,
}

#[derive(Serialize)]
struct EndedLine {
    name: String,
    sessions: u32,
}

impl From<&SuspensionInfo> for SuspensionLine {
    fn from(info: &SuspensionInfo) -> Self {
        Self {
            reason: info.reason.clone(),
            since: rfc3339(info.since_ms),
            ends_at: info.ends_at_ms.map(rfc3339),
            set_by: info.set_by.clone(),
        }
    }
}

impl From<&AdministeredAccount> for AccountLine {
    fn from(account: &AdministeredAccount) -> Self {
        Self {
            account: account.account.to_string(),
            name: account.username.clone(),
            role: account.role,
            created_at: rfc3339(account.created_at_ms),
            seen_on: account.seen_on_ms.map(date),
            suspension: account.suspension.as_ref().map(SuspensionLine::from),
            deleted_at: account.deleted_at_ms.map(rfc3339),
            devices: account.devices,
            sessions: account.sessions,
        }
    }
}

impl Accounts {
    pub(super) async fn run(self, context: &Context) -> Outcome {
        match self {
            Self::List { search, role, suspended, most } => list(context, search, role, suspended, most).await,
            Self::Show { name } => show(context, &name).await,
            Self::EndSessions { name } => end_sessions(context, &name).await,
            Self::Suspend { name, reason, span } => suspend(context, &name, reason, span).await,
            Self::Lift { name: of } => {
                let path = format!("accounts/{}/lift", name(&of));
                context.with_session(async |session| asks::<IgnoredAny>(session, Post, path).await).await?;
                Ok(())
            }
            Self::Role { name: of, role } => {
                let path = format!("accounts/{}/role", name(&of));
                let set = SetRole { role };
                let asked = async |session: &mut Session| asks_with::<IgnoredAny>(session, Put, path, Some(&set)).await;
                context.with_session(asked).await?;
                Ok(())
            }
            Self::Delete { yes: false, .. } => Err(Stop::Usage("say --yes: it is for good".into())),
            Self::Delete { name: of, yes: true } => {
                let path = format!("accounts/{}", name(&of));
                let ended: SessionsEnded =
                    context.with_session(async |session| asks(session, Delete, path).await).await?;
                let line = ended_line(&of, ended);
                context.printer.thing(&line, || format!("{} is deleted; the name stays taken.", safe_line(&line.name)))
            }
        }
    }
}

async fn list(
    context: &Context,
    search: Option<String>,
    role: Option<ServerRole>,
    suspended: bool,
    most: Option<u64>,
) -> Outcome {
    let mut filter = String::new();
    if let Some(search) = search {
        filter.push_str(&format!("&search={}", encoded(search.strip_prefix('@').unwrap_or(&search))));
    }
    if let Some(role) = role {
        filter.push_str(&format!("&role={role}"));
    }
    if suspended {
        filter.push_str("&suspended=true");
    }
    context
        .with_session(async |session| {
            let (mut left, mut after) = (most.unwrap_or(u64::MAX), None::<String>);
            while left > 0 {
                let page = left.min(limits::ADMINISTRATION_PAGE as u64);
                let behind = after.map(|after| format!("&after={}", encoded(&after))).unwrap_or_default();
                let page: AccountsPage = asks(session, Get, format!("accounts?most={page}{filter}{behind}")).await?;
                for account in &page.accounts {
                    context.printer.thing(&AccountLine::from(account), || for_people(account))?;
                }
                left -= (page.accounts.len() as u64).min(left);
                after = page.next;
                if after.is_none() {
                    break;
                }
            }
            Ok(())
        })
        .await
}

async fn show(context: &Context, of: &str) -> Outcome {
    let path = format!("accounts/{}", name(of));
    let details: AdministeredAccountDetails =
        context.with_session(async |session| asks(session, Get, path).await).await?;
    let devices = details.signed_in.iter().map(|session| DeviceLine {
        device: session.device.to_string(),
        began_on: date(session.began_on_ms),
        seen_on: date(session.seen_on_ms),
    });
    let line = DetailsLine {
        account: AccountLine::from(&details.account),
        signed_in: devices.collect(),
        file_bytes: details.file_bytes,
    };
    context.printer.thing(&line, || {
        let mut text = for_people(&details.account);
        text.push_str(&format!("\n  made {}", readable(details.account.created_at_ms)));
        text.push_str(&format!("\n  files {} bytes", details.file_bytes));
        for device in &line.signed_in {
            text.push_str(&format!("\n  device {}, since {}, seen {}", device.device, device.began_on, device.seen_on));
        }
        text
    })
}

async fn end_sessions(context: &Context, of: &str) -> Outcome {
    let path = format!("accounts/{}/sessions/end", name(of));
    let ended: SessionsEnded = context.with_session(async |session| asks(session, Post, path).await).await?;
    print_ended(context, of, ended)
}

async fn suspend(context: &Context, of: &str, reason: String, span: Option<Duration>) -> Outcome {
    let path = format!("accounts/{}/suspend", name(of));
    let suspend = Suspend { reason, ends_in_s: span.map(|span| span.as_secs()) };
    let ended: SessionsEnded =
        context.with_session(async |session| asks_with(session, Post, path, Some(&suspend)).await).await?;
    print_ended(context, of, ended)
}

fn ended_line(of: &str, ended: SessionsEnded) -> EndedLine {
    EndedLine { name: of.strip_prefix('@').unwrap_or(of).to_owned(), sessions: ended.count }
}

fn print_ended(context: &Context, of: &str, ended: SessionsEnded) -> Outcome {
    let line = ended_line(of, ended);
    context.printer.thing(&line, || super::sessions_ended(&line.name, line.sessions))
}

fn for_people(account: &AdministeredAccount) -> String {
    let mut text = format!("{}  {}", safe_line(&account.username), account.role);
    if account.deleted_at_ms.is_some() {
        text.push_str("  deleted");
        return text;
    }
    text.push_str(&format!("  devices {}, signed in {}", account.devices, account.sessions));
    match account.seen_on_ms {
        Some(day) => text.push_str(&format!(", seen {}", date(day))),
        None => text.push_str(", never seen"),
    }
    if let Some(suspension) = &account.suspension {
        let until = suspension.ends_at_ms.map(|ends| format!(" until {}", readable(ends))).unwrap_or_default();
        let (by, reason) = (safe_line(&suspension.set_by), safe_line(&suspension.reason));
        text.push_str(&format!("\n  suspended{until} by {by}: {reason}"));
    }
    text
}
