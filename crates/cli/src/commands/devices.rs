//! `huis devices`, `status` and `notices`.

use std::time::Duration;

use clap::{Args, Subcommand};
use huis_proto::DeviceId;
use huis_texts::{readable, rfc3339};
use huis_views::{Command, Connection, HistoryProgress, Notice, Reply};
use serde::Serialize;
use tokio::time::{Instant, timeout_at};

use super::conversations::id;
use super::{Context, settle};
use crate::outcome::{Outcome, Stop};
use crate::passwords::{PasswordArgs, RecoveryKeyArgs};
use crate::sentences;
use crate::session::{Session, ended};

/// List the devices of your account, and take one off it
#[derive(Debug, Args)]
pub(crate) struct Devices {
    #[command(subcommand)]
    change: Option<Change>,
}

#[derive(Debug, Subcommand)]
enum Change {
    /// Take a device off the account: it can read nothing that is said from then on
    Revoke {
        /// The device's id
        #[arg(value_parser = id::<DeviceId>)]
        device: DeviceId,
        #[command(flatten)]
        password: PasswordArgs,
        #[command(flatten)]
        recovery_key: RecoveryKeyArgs,
    },
}

/// Show how this device stands with the server
#[derive(Debug, Args)]
pub(crate) struct Status {
    /// Wait until everything has come and gone out; exit code 1 if something is held back until you have decided about it
    #[arg(long)]
    wait: bool,
    /// How long to wait; exit code 3 if that is not enough
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = huis_texts::span, requires = "wait")]
    timeout: Duration,
}

/// Show what this device noticed: repairs, gaps, changed identity keys
#[derive(Debug, Args)]
pub(crate) struct Notices {
    /// Show at most this many, the newest first
    #[arg(long, value_name = "N", default_value = "50", value_parser = clap::value_parser!(u32).range(1..=1000))]
    most: u32,
}

#[derive(Serialize)]
struct DeviceLine {
    device: String,
    name: Option<String>,
    current: bool,
    added_at: Option<String>,
    used_at: Option<String>,
}

#[derive(Serialize)]
struct StatusLine {
    connection: &'static str,
    caught_up: bool,
    waiting: u32,
    /// Held back until a person has decided about an identity key.
    held: u32,
    joining: u32,
    /// How far the history archive is restored on this device, while it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    restoring: Option<HistoryProgress>,
}

#[derive(Serialize)]
struct NoticeLine<'a> {
    at: String,
    conversation: Option<String>,
    #[serde(flatten)]
    notice: &'a Notice,
    sentence: String,
}

impl Devices {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        let devices = match self.change {
            Some(Change::Revoke { device, password, recovery_key: key }) => {
                let opens = || password.known();
                return context
                    .with_session_by(opens, async |session| {
                        settle(session).await?;
                        let password = password.known()?;
                        let by = |recovery_key| {
                            let password = password.clone();
                            Command::RevokeDevice { device, password, recovery_key }
                        };
                        super::done(key.ask(session, by).await?)
                    })
                    .await;
            }
            None => {
                context
                    .with_session(async |session| match session.ask(Command::Devices).await? {
                        Reply::Devices(devices) => Ok(devices),
                        other => Err(Stop::unexpected(&other)),
                    })
                    .await?
            }
        };
        devices.iter().try_for_each(|view| {
            let line = DeviceLine {
                device: view.device.to_string(),
                name: view.name.as_deref().map(|name| huis_texts::safe_line(name).into_owned()),
                current: view.current,
                added_at: (view.added_at_ms > 0).then(|| rfc3339(view.added_at_ms)),
                used_at: view.used_at_ms.map(rfc3339),
            };
            context.printer.thing(&line, || {
                let mut text = line.device.clone();
                if let Some(name) = &line.name {
                    text.push_str(&format!("  {name}"));
                }
                if view.added_at_ms > 0 {
                    text.push_str(&format!("  added {}", readable(view.added_at_ms)));
                }
                match view.used_at_ms {
                    Some(at) => text.push_str(&format!("  used {}", readable(at))),
                    None => text.push_str("  signed out"),
                }
                if view.current {
                    text.push_str("  this device");
                }
                text
            })
        })
    }
}

impl Status {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        let status =
            context
                .with_session(async |session| {
                    if self.wait { everything_done(session, self.timeout).await } else { session.status().await }
                })
                .await?;
        let connection = match status.connection {
            Connection::Idle => "idle",
            Connection::Connecting => "connecting",
            Connection::Open => "open",
            Connection::Waiting { .. } => "waiting",
        };
        let huis_views::Status { caught_up, waiting, held, joining, restoring, .. } = status;
        let line = StatusLine { connection, caught_up, waiting, held, joining, restoring };
        context.printer.thing(&line, || {
            let held = match held {
                0 => String::new(),
                held => format!(", {held} held back because an identity key changed (`huis verify`)"),
            };
            let restored = restoring.map(super::history::progress).unwrap_or_default();
            format!(
                "connection {connection}, {}, {waiting} to be sent{held}, {joining} conversations to be joined{restored}",
                if caught_up { "everything is here" } else { "not everything is here yet" },
            )
        })
    }
}

async fn everything_done(session: &mut Session, bound: Duration) -> Outcome<huis_views::Status> {
    let deadline = Instant::now() + bound;
    // What goes out is not always told.
    let again = Duration::from_secs(1);
    loop {
        let status = session.status().await?;
        if status.caught_up && status.waiting == 0 && status.joining == 0 && status.restoring.is_none() {
            // It does not go out however long somebody waits.
            return if status.held == 0 { Ok(status) } else { Err(Stop::all_but_held(status.held)) };
        }
        match timeout_at(deadline.min(Instant::now() + again), session.event()).await {
            Ok(event) => ended(&event?)?,
            Err(_) if Instant::now() < deadline => {}
            Err(_) => {
                return Err(Stop::TimedOut(format!(
                    "after {} s {} messages or changes are not sent and {} conversations not joined; check that the server \
                     can be reached",
                    bound.as_secs_f32(),
                    status.waiting,
                    status.joining
                )));
            }
        }
    }
}

impl Notices {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        let notices = context
            .with_session(async |session| match session.ask(Command::Notices { most: self.most }).await? {
                Reply::Notices(notices) => Ok(notices),
                other => Err(Stop::unexpected(&other)),
            })
            .await?;
        notices.iter().try_for_each(|view| {
            let line = NoticeLine {
                at: rfc3339(view.at_ms),
                conversation: view.conversation.map(|id| id.to_string()),
                notice: &view.notice,
                sentence: sentences::notice(&view.notice),
            };
            context
                .printer
                .thing(&line, || format!("{} {}", readable(view.at_ms), huis_texts::safe_line(&line.sentence)))
        })
    }
}
