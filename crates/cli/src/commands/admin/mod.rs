//! `huis admin`.

mod accounts;
mod asking;
mod audit;
mod bans;
mod reports;
mod settings;

use clap::{Args, Subcommand};
use huis_proto::limits;
use huis_proto::rest::{Secret, VisitCode};
use huis_views::{AdministrativeMethod, Command, Reply};
use serde::Serialize;

use super::Context;
use crate::outcome::{Outcome, Stop};
use crate::session::Session;

/// Look after the running server, as its moderator, administrator or super-administrator
#[derive(Debug, Args)]
pub(crate) struct Admin {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// List, show, suspend and delete accounts, and give them roles
    #[command(subcommand)]
    Accounts(accounts::Accounts),
    /// Keep names, addresses and networks out
    #[command(subcommand)]
    Bans(bans::Bans),
    /// List, read, take up and close what members reported
    #[command(subcommand)]
    Reports(reports::Reports),
    /// Read and verify what was done by those who look after the server
    #[command(subcommand)]
    Audit(audit::Audit),
    /// List and change the settings that count while the server runs
    #[command(subcommand)]
    Settings(settings::Settings),
    /// End all sessions of an account, here and now; it may sign in again
    Kick {
        /// The account, with or without @
        #[arg(value_name = "NAME")]
        name: String,
    },
    /// Print a link that opens the administration pages in a browser, once and within a minute
    Open,
    /// Make a fresh access passphrase, which counts until the server starts again; the one before lets nobody in any more
    Passphrase,
    /// Stop the server in good order
    Stop,
}

#[derive(Serialize)]
struct KickedLine {
    name: String,
    sessions: u32,
}

#[derive(Serialize)]
struct PassphraseLine {
    access_passphrase: Secret,
    server: String,
}

#[derive(Serialize)]
struct LinkLine {
    link: Secret,
    valid_s: u64,
}

impl Admin {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        match self.what {
            What::Accounts(accounts) => accounts.run(context).await,
            What::Bans(bans) => bans.run(context).await,
            What::Reports(reports) => reports.run(context).await,
            What::Audit(audit) => audit.run(context).await,
            What::Settings(settings) => settings.run(context).await,
            What::Kick { name } => kick(context, name).await,
            What::Open => open(context).await,
            What::Passphrase => passphrase(context).await,
            What::Stop => {
                context.with_session(async |session| super::done(session.ask(Command::StopServer).await?)).await
            }
        }
    }
}

async fn kick(context: &Context, name: String) -> Outcome {
    let name = name.strip_prefix('@').unwrap_or(&name).to_owned();
    let wish = Command::EndSessions { name: name.clone() };
    let sessions = context
        .with_session(async |session| match session.ask(wish).await? {
            Reply::SessionsEnded { count } => Ok(count),
            other => Err(Stop::unexpected(&other)),
        })
        .await?;
    let line = KickedLine { name, sessions };
    context.printer.thing(&line, || sessions_ended(&line.name, sessions))
}

fn sessions_ended(name: &str, sessions: u32) -> String {
    match sessions {
        0 => format!("{name} had no session."),
        1 => format!("One session of {name} has ended."),
        many => format!("{many} sessions of {name} have ended."),
    }
}

async fn open(context: &Context) -> Outcome {
    let line = context
        .with_session(async |session| {
            let server = server(session).await?;
            let code: VisitCode = asking::asks(session, AdministrativeMethod::Post, "visits/code".into()).await?;
            let link = format!("{}/admin#{}", server.trim_end_matches('/'), code.code.expose());
            Ok(LinkLine { link: Secret::new(link), valid_s: limits::VISIT_CODE.as_secs() })
        })
        .await?;
    context.printer.thing(&line, || {
        format!(
            "Open this in a browser within {} seconds. It is good once, and lets in whoever has it:\n\n    {}",
            line.valid_s,
            line.link.expose(),
        )
    })
}

async fn passphrase(context: &Context) -> Outcome {
    let line = context
        .with_session(async |session| {
            let server = server(session).await?;
            match session.ask(Command::RenewAccessPassphrase).await? {
                Reply::AccessPassphrase(access_passphrase) => Ok(PassphraseLine { access_passphrase, server }),
                other => Err(Stop::unexpected(&other)),
            }
        })
        .await?;
    context.printer.thing(&line, || {
        format!(
            "Until the server starts again, newcomers type:\n\n    huis register NAME --server {} --access-passphrase {}",
            line.server,
            line.access_passphrase.expose(),
        )
    })
}

async fn server(session: &mut Session) -> Outcome<String> {
    match session.ask(Command::WhoAmI).await? {
        Reply::Profile(profile) => Ok(profile.server),
        other => Err(Stop::unexpected(&other)),
    }
}
