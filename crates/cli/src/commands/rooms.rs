//! `huis room`.

use std::collections::BTreeMap;

use clap::{Args, Subcommand, ValueEnum};
use huis_proto::{ConversationId, ConversationKind};
use huis_texts::safe_line;
use huis_views::{Command, ConversationState, CountedFrom, MemberRole, MemberView, Reply, Target, VanishTimer};
use serde::Serialize;

use super::conversations::{ConversationLine, conversation_for_people};
use super::{Context, at_name, name, room_target, settle};
use crate::outcome::{Outcome, Stop};
use crate::session::Session;

/// Make and join rooms, and say who is in them
#[derive(Debug, Args)]
pub(crate) struct Room {
    #[command(subcommand)]
    command: RoomCommand,
}

#[derive(Debug, Subcommand)]
enum RoomCommand {
    /// Make a group, or with --open a room that anybody on the server may join
    Create {
        /// The group's title, or the open room's name, with or without #
        #[arg(value_parser = title)]
        name: String,
        /// Anybody on the server may join, the operator too, and the server knows the name
        #[arg(long)]
        open: bool,
        /// Whom to invite at once, with or without @
        #[arg(value_name = "@NAME")]
        members: Vec<String>,
    },
    /// List the open rooms of the server, and the groups that you are in
    List,
    /// Join an open room, which is made if there is none of this name
    ///
    /// An open room is not secret from the server's operator, who may join it as well.
    Join {
        /// The room's name, with or without #, or a conversation's id
        #[arg(value_parser = room_target)]
        name: Target,
        /// Join a conversation by its id although it has members that your account does not know
        #[arg(long)]
        anyway: bool,
    },
    /// Invite accounts, with all their devices
    Invite(Members),
    /// List who is in it
    Members {
        /// With or without #, or @name, or a conversation's id
        #[arg(value_parser = room_target)]
        name: Target,
    },
    /// Remove accounts, with all their devices
    Remove(Members),
    /// Give accounts a role
    Role {
        /// With or without #, or a conversation's id
        #[arg(value_parser = room_target)]
        name: Target,
        role: Role,
        /// With or without @
        #[arg(value_name = "@NAME", required = true)]
        members: Vec<String>,
    },
    /// Give a group another title, which only its members see
    Title {
        /// With or without #, or a conversation's id
        #[arg(value_parser = room_target)]
        name: Target,
        #[arg(value_parser = title)]
        title: String,
    },
    /// Say what a group or room is about, which only its members see; without a text nothing is said of it any more
    Topic {
        /// With or without #, or a conversation's id
        #[arg(value_parser = room_target)]
        name: Target,
        /// At most 4,096 bytes
        #[arg(default_value = "", hide_default_value = true)]
        topic: String,
    },
    /// Set after how long messages vanish that are said from here on
    ///
    /// They vanish on all devices of all members. Whoever wants to keep a copy can. Between two people both may set it; in a
    /// group or room owners and admins.
    Timer {
        /// With or without #, or @name, or a conversation's id
        #[arg(value_parser = room_target)]
        name: Target,
        /// From 30s to 365d, such as 1h or 7d, or off
        #[arg(value_name = "SPAN|off", value_parser = timer)]
        span: Timer,
        /// Since when it counts: since the account has read the message (for who wrote it, since it was sent), or since it
        /// was sent
        #[arg(long, value_enum, default_value = "reading")]
        from: From,
    },
    /// Leave it
    Leave {
        /// With or without #, or a conversation's id
        #[arg(value_parser = room_target)]
        name: Target,
    },
}

#[derive(Debug, Args)]
struct Members {
    /// With or without #, or a conversation's id
    #[arg(value_parser = room_target)]
    name: Target,
    /// With or without @
    #[arg(value_name = "@NAME", required = true)]
    members: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Role {
    /// Speaks
    Member,
    /// Invites, and removes members
    Admin,
    /// Gives roles, and removes anybody
    Owner,
}

/// What a timer is set to: so many seconds, or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Timer(Option<u64>);

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum From {
    Reading,
    Sending,
}

#[derive(Serialize)]
struct RoomLine {
    name: String,
    conversation: String,
    open: bool,
    joined: bool,
    accounts: u64,
}

#[derive(Serialize)]
struct MemberLine {
    name: String,
    account: String,
    role: MemberRole,
    verified: bool,
    devices: Vec<String>,
}

impl Room {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        context
            .with_session(async |session| {
                settle(session).await?;
                self.command.run(context, session).await
            })
            .await
    }
}

impl RoomCommand {
    async fn run(self, context: &Context, session: &mut Session) -> Outcome {
        let command = match self {
            Self::List => return list(context, session).await,
            Self::Members { name } => return members(context, session, name).await,
            Self::Leave { name } => return super::done(session.ask(Command::Leave { target: name }).await?),
            Self::Join { name: Target::Id(conversation), anyway: true } => {
                return super::done(session.ask(Command::JoinAnyway { conversation }).await?);
            }
            Self::Join { name: Target::Room(name), .. } => Command::JoinRoom { name },
            Self::Join { .. } => {
                return Err(Stop::Usage(
                    "only open rooms are joined by name; with --anyway a conversation by its id".into(),
                ));
            }
            Self::Create { name, open, members } => Command::CreateRoom { name, open, invite: members },
            Self::Invite(Members { name, members }) => Command::Invite { target: name, names: members },
            Self::Remove(Members { name, members }) => Command::Remove { target: name, names: members },
            Self::Role { name, role, members } => Command::SetRole { target: name, names: members, role: role.into() },
            Self::Topic { name, topic } => Command::SetTopic { target: name, topic },
            Self::Timer { name, span: Timer(after_s), from } => Command::SetTimer {
                target: name,
                timer: after_s.map(|after_s| VanishTimer {
                    after_s,
                    from: match from {
                        From::Reading => CountedFrom::Reading,
                        From::Sending => CountedFrom::Sending,
                    },
                }),
            },
            Self::Title { name, title } => Command::SetTitle { target: name, title },
        };
        match session.ask(command).await? {
            Reply::Conversation(conversation) => context
                .printer
                .thing(&ConversationLine::from(&*conversation), || conversation_for_people(&conversation)),
            other => Err(Stop::unexpected(&other)),
        }
    }
}

async fn list(context: &Context, session: &mut Session) -> Outcome {
    let open = match session.ask(Command::Rooms).await? {
        Reply::Rooms(rooms) => rooms,
        other => return Err(Stop::unexpected(&other)),
    };
    let own = match session.ask(Command::Conversations).await? {
        Reply::Conversations(conversations) => conversations,
        other => return Err(Stop::unexpected(&other)),
    };
    let mut lines: BTreeMap<ConversationId, RoomLine> = BTreeMap::new();
    for room in open {
        let line = RoomLine {
            name: format!("#{}", room.name),
            conversation: room.conversation.to_string(),
            open: true,
            joined: false,
            accounts: room.accounts,
        };
        lines.insert(room.conversation, line);
    }
    let own =
        own.into_iter().filter(|one| one.kind != ConversationKind::Direct && one.state != ConversationState::Left);
    for conversation in own {
        let line = lines.entry(conversation.id).or_insert_with(|| RoomLine {
            name: conversation.name.clone(),
            conversation: conversation.id.to_string(),
            open: conversation.kind == ConversationKind::Open,
            joined: false,
            accounts: conversation.accounts.len() as u64,
        });
        line.joined = true;
    }
    let mut lines: Vec<RoomLine> = lines.into_values().collect();
    lines.sort_by(|one, other| (&one.name, &one.conversation).cmp(&(&other.name, &other.conversation)));
    lines.iter().try_for_each(|line| {
        context.printer.thing(line, || {
            let kind = if line.open { "open" } else { "group" };
            let joined = if line.joined { ", joined" } else { "" };
            format!("{}  {} members  {kind}{joined}  {}", safe_line(&line.name), line.accounts, line.conversation)
        })
    })
}

async fn members(context: &Context, session: &mut Session, target: Target) -> Outcome {
    let members = match session.ask(Command::Members { target }).await? {
        Reply::Members(members) => members,
        other => return Err(Stop::unexpected(&other)),
    };
    members.iter().try_for_each(|member| {
        context.printer.thing(&MemberLine::from(member), || {
            let role = match member.role {
                MemberRole::Member => "member",
                MemberRole::Admin => "admin",
                MemberRole::Owner => "owner",
            };
            let devices = match member.devices.len() {
                1 => "1 device".into(),
                count => format!("{count} devices"),
            };
            let mark = if member.verified { " ✓" } else { "" };
            format!("{}{mark}  {role}  {devices}", at_name(&member.account))
        })
    })
}

impl std::convert::From<&MemberView> for MemberLine {
    fn from(member: &MemberView) -> Self {
        Self {
            name: name(&member.account),
            account: member.account.account.to_string(),
            role: member.role,
            verified: member.verified,
            devices: member.devices.iter().map(ToString::to_string).collect(),
        }
    }
}

impl std::convert::From<Role> for MemberRole {
    fn from(role: Role) -> Self {
        match role {
            Role::Member => Self::Member,
            Role::Admin => Self::Admin,
            Role::Owner => Self::Owner,
        }
    }
}

/// A timer as it is typed.
fn timer(text: &str) -> Result<Timer, String> {
    if text == "off" {
        return Ok(Timer(None));
    }
    let span = huis_texts::span(text).map_err(|error| error.to_string())?;
    match span.as_secs() {
        seconds @ 30..=31_536_000 if span.subsec_nanos() == 0 => Ok(Timer(Some(seconds))),
        _ => Err("expected whole seconds from 30s to 365d, or off".into()),
    }
}

/// A title as it is typed, without the sign that stands before a room's name.
fn title(text: &str) -> Result<String, &'static str> {
    match text.strip_prefix('#').unwrap_or(text).trim() {
        "" => Err("expected a name"),
        title => Ok(title.into()),
    }
}
