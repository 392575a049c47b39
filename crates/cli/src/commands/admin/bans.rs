//! `huis admin bans`.

use std::time::Duration;

use clap::{Args, Subcommand};
use huis_proto::BanId;
use huis_proto::rest::{BanInfo, BanSet, BanTarget, CreateBan, ServerRole};
use huis_texts::{readable, rfc3339, safe_line};
use huis_views::AdministrativeMethod::{Delete, Get, Post};
use serde::Serialize;
use serde::de::IgnoredAny;

use super::asking::{asks, asks_with, span};
use crate::commands::Context;
use crate::commands::conversations::id;
use crate::outcome::Outcome;
use crate::session::Session;

#[derive(Debug, Subcommand)]
pub(super) enum Bans {
    /// List the bans
    List,
    /// Ban a name, an address or a network, here and now
    Add {
        #[command(flatten)]
        target: Target,
        /// Why, which who is kept out is told
        #[arg(long, value_name = "TEXT")]
        reason: String,
        /// For how long: seconds, or a number with s, m, h or d; without it until it is lifted
        #[arg(long = "for", value_name = "SPAN", value_parser = span)]
        span: Option<Duration>,
    },
    /// Lift a ban
    Lift {
        /// Its id, as the list shows it
        #[arg(value_name = "ID", value_parser = id::<BanId>)]
        ban: BanId,
    },
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(super) struct Target {
    /// A username, with or without @: its account is signed out, and nobody registers it or what looks like it
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// An address, or a network such as 198.51.100.0/24; of an IPv6 address the /64 (2001:db8:1:2::/64), for who has one
    /// has them all
    #[arg(long, value_name = "NETWORK")]
    network: Option<String>,
}

#[derive(Serialize)]
struct BanLine<'a> {
    id: String,
    #[serde(flatten)]
    target: &'a BanTarget,
    reason: &'a str,
    since: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    ends_at: Option<String>,
    set_by: &'a str,
    set_by_role: ServerRole,
    #[serde(skip_serializing_if = "Option::is_none")]
    ended_sessions: Option<u32>,
}

impl<'a> From<&'a BanInfo> for BanLine<'a> {
    fn from(ban: &'a BanInfo) -> Self {
        Self {
            id: ban.id.to_string(),
            target: &ban.target,
            reason: &ban.reason,
            since: rfc3339(ban.since_ms),
            ends_at: ban.ends_at_ms.map(rfc3339),
            set_by: &ban.set_by,
            set_by_role: ban.set_by_role,
            ended_sessions: None,
        }
    }
}

impl Bans {
    pub(super) async fn run(self, context: &Context) -> Outcome {
        match self {
            Self::List => {
                let bans: Vec<BanInfo> =
                    context.with_session(async |session| asks(session, Get, "bans".into()).await).await?;
                bans.iter().try_for_each(|ban| context.printer.thing(&BanLine::from(ban), || for_people(ban)))
            }
            Self::Add { target, reason, span } => {
                let target = match target.network {
                    Some(network) => BanTarget::Network(network),
                    None => {
                        let name = target.name.unwrap_or_default();
                        BanTarget::Name(name.strip_prefix('@').unwrap_or(&name).to_owned())
                    }
                };
                let wish = CreateBan { target, reason, ends_in_s: span.map(|span| span.as_secs()) };
                let asked = async |session: &mut Session| asks_with(session, Post, "bans".into(), Some(&wish)).await;
                let set: BanSet = context.with_session(asked).await?;
                let line = BanLine { ended_sessions: Some(set.ended_sessions), ..BanLine::from(&set.ban) };
                context.printer.thing(&line, || for_people(&set.ban))
            }
            Self::Lift { ban } => {
                let path = format!("bans/{ban}");
                context.with_session(async |session| asks::<IgnoredAny>(session, Delete, path).await).await?;
                Ok(())
            }
        }
    }
}

fn for_people(ban: &BanInfo) -> String {
    let what = match &ban.target {
        BanTarget::Name(name) => format!("@{}", safe_line(name)),
        BanTarget::Network(network) => safe_line(network).into_owned(),
    };
    let until = ban.ends_at_ms.map(|ends| format!("until {}, ", readable(ends))).unwrap_or_default();
    format!("{}  {what}  {until}by {}: {}", ban.id, safe_line(&ban.set_by), safe_line(&ban.reason))
}
