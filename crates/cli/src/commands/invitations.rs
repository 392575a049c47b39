//! `huis invitations`.

use std::time::Duration;

use clap::{Args, Subcommand};
use huis_proto::rest::{InvitationInfo, Secret};
use huis_proto::{InvitationId, limits};
use huis_texts::{readable, rfc3339, safe_line};
use huis_views::{Command, Reply};
use serde::Serialize;

use super::Context;
use super::conversations::id;
use crate::outcome::{Outcome, Stop};

/// Let newcomers into the server, as its administrator
#[derive(Debug, Args)]
pub(crate) struct Invitations {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Make an invitation; its code is shown this once
    Create {
        /// How many newcomers it lets in
        #[arg(long, value_name = "N", default_value = "1", value_parser = uses())]
        uses: u32,
        /// How long it is good for, at most 90 days: seconds, or a number with s, m, h or d
        #[arg(long, value_name = "SPAN", default_value = "7d", value_parser = life)]
        expires: Duration,
    },
    /// List the invitations that still let somebody in
    List,
    /// Revoke an invitation, at once
    Revoke {
        /// Its id, as the list shows it
        #[arg(value_name = "ID", value_parser = id::<InvitationId>)]
        invitation: InvitationId,
    },
}

#[derive(Serialize)]
struct InvitationLine {
    id: String,
    uses: u32,
    uses_left: u32,
    made_at: String,
    expires_at: String,
    made_by: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    invitation: Option<Secret>,
    #[serde(skip_serializing_if = "Option::is_none")]
    link: Option<Secret>,
    #[serde(skip_serializing_if = "Option::is_none")]
    server: Option<String>,
}

impl From<&InvitationInfo> for InvitationLine {
    fn from(info: &InvitationInfo) -> Self {
        Self {
            id: info.id.to_string(),
            uses: info.uses,
            uses_left: info.uses_left,
            made_at: rfc3339(info.made_at_ms),
            expires_at: rfc3339(info.expires_at_ms),
            made_by: info.made_by.clone(),
            invitation: None,
            link: None,
            server: None,
        }
    }
}

impl Invitations {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        match self.what {
            What::Create { uses, expires } => create(context, uses, expires).await,
            What::List => list(context).await,
            What::Revoke { invitation } => {
                context
                    .with_session(async |session| {
                        super::done(session.ask(Command::RevokeInvitation { invitation }).await?)
                    })
                    .await
            }
        }
    }
}

async fn create(context: &Context, uses: u32, expires: Duration) -> Outcome {
    let (made, server) = context
        .with_session(async |session| {
            let server = match session.ask(Command::WhoAmI).await? {
                Reply::Profile(profile) => profile.server,
                other => return Err(Stop::unexpected(&other)),
            };
            match session.ask(Command::MakeInvitation { uses, expires_in_s: expires.as_secs() }).await? {
                Reply::InvitationMade(made) => Ok((made, server)),
                other => Err(Stop::unexpected(&other)),
            }
        })
        .await?;
    let code = made.invitation.clone();
    let line = InvitationLine {
        invitation: Some(made.invitation),
        link: made.link.map(|link| link.address),
        server: Some(server.clone()),
        ..InvitationLine::from(&made.info)
    };
    context.printer.thing(&line, || {
        let link = line.link.as_ref().map(|link| format!("or opens in a browser:\n\n    {}\n\n", link.expose()));
        let link = link.unwrap_or_default();
        let people = if uses == 1 { "A newcomer types".into() } else { format!("Each of {uses} newcomers types") };
        format!(
            "{people}, before {}:\n\n    huis register NAME --server {server} --invitation {}\n\n{link}The code is not shown again; \
             `huis invitations revoke {}` ends it.",
            readable(made.info.expires_at_ms),
            code.expose(),
            line.id,
        )
    })
}

async fn list(context: &Context) -> Outcome {
    let invitations = context
        .with_session(async |session| match session.ask(Command::Invitations).await? {
            Reply::Invitations(invitations) => Ok(invitations),
            other => Err(Stop::unexpected(&other)),
        })
        .await?;
    invitations.iter().try_for_each(|info| {
        context.printer.thing(&InvitationLine::from(info), || {
            let until = readable(info.expires_at_ms);
            let by = safe_line(&info.made_by);
            format!("{}  lets in {} of {}, until {until}, by {by}", info.id, info.uses_left, info.uses)
        })
    })
}

fn uses() -> clap::builder::RangedI64ValueParser<u32> {
    let (least, most) = (limits::INVITATION_USES.start(), limits::INVITATION_USES.end());
    clap::value_parser!(u32).range(i64::from(*least)..=i64::from(*most))
}

fn life(text: &str) -> Result<Duration, String> {
    let span = huis_texts::span(text).map_err(|error| error.to_string())?;
    if span < Duration::from_secs(1) || span > limits::INVITATION_LIFE {
        return Err("expected from one second to 90 days".into());
    }
    Ok(span)
}
