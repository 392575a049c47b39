//! What a command means at the place where one is.

use huis_proto::{ConversationId, MessageId};
use huis_views::{
    Command, CountedFrom, LockTrust, MemberRole, Muted, NotificationLevel, RequestAnswer, Send, SetCard, Target,
    VanishTimer,
};

use super::files::Wanted;
use super::words::{CARD, DRAND, FROM, LEVELS, OFF, ROLES, keyword};
use super::{Mistake, Question, Word};

/// The digits of a safety number; a name is never as long.
const SAFETY_DIGITS: usize = 60;

/// Where one is when one types a command.
#[derive(Debug, Clone, Default)]
pub(crate) struct Here {
    /// The open conversation.
    pub(crate) conversation: Option<ConversationId>,
    /// The username of the other one, where the conversation is between two.
    pub(crate) peer: Option<String>,
    /// Whether it was put aside, and whether it is kept at the top.
    pub(crate) archived: bool,
    pub(crate) favourite: bool,
    /// The message that is selected.
    pub(crate) selected: Option<Marked>,
    /// The newest message, and the newest one of one's own, that are not deleted.
    pub(crate) newest: Option<Marked>,
    pub(crate) newest_own: Option<Marked>,
    /// The newest message that can be opened once.
    pub(crate) newest_once: Option<Marked>,
    /// The time, in milliseconds since 1970.
    pub(crate) now_ms: u64,
}

/// A message that a command may be about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Marked {
    pub(crate) message: MessageId,
    pub(crate) own: bool,
    pub(crate) pinned: bool,
    /// The emoji by which one reacted to it.
    pub(crate) reaction: Option<String>,
}

/// What is meant.
#[derive(Debug, Clone)]
pub(crate) enum Intent {
    /// Help, about one command or about all.
    Help(Option<&'static Word>),
    /// Who is in the conversation.
    People,
    /// The server's open rooms.
    Rooms,
    /// What is locked, and what was.
    Locks,
    /// The account's devices.
    Devices,
    /// What one shows of oneself.
    Card,
    /// What is known of an account, with the safety number.
    Person(String),
    /// A conversation is opened; a first word to a name makes it.
    Open(Target),
    /// The open conversation, which is a request, is answered.
    Answer(ConversationId, RequestAnswer),
    /// Something is done; a conversation that is the answer is opened if `opens`.
    Ask { command: Box<Command>, opens: bool },
    /// Something is done once the person has said yes.
    Confirm(Question, Box<Command>),
    /// An answer is said, or begun where there is no text.
    Reply(MessageId, String),
    /// A reaction is given, taken back, or chosen where there is none.
    React(MessageId, Option<String>),
    /// One's reaction is taken back.
    Unreact(MessageId),
    /// A text is put in place, or begun from the one that is there.
    Edit(MessageId, String),
    /// A message is taken back, after a question.
    Delete(MessageId),
    /// A message is pinned, or no longer.
    Pin(MessageId, bool),
    /// A message that can be opened once is opened.
    OpenOnce(MessageId),
    /// A message is said elsewhere; the place is chosen where there is none.
    Forward(MessageId, Option<Target>),
    /// A text is said that opens at a moment, which is as it was typed, by whoever is trusted with the key.
    Later(ConversationId, LockTrust, String, String),
    /// The conversation's files are shown.
    Files(ConversationId),
    /// The files of the selected message are saved, in a folder where one is named.
    SaveOf(MessageId, Option<String>),
    /// A file of the conversation is saved, in a folder where one is named.
    Save(ConversationId, Wanted, Option<String>),
    /// Messages are looked for.
    Search(String),
    /// The device is put under the password.
    Lock,
    /// The chat ends.
    Quit,
}

/// What `word`, with what stands behind it, means here.
pub(crate) fn intent(word: &'static Word, rest: &str, here: &Here) -> Result<Intent, Mistake> {
    let usage = || Mistake::Usage(word);
    let given = || if rest.is_empty() { Err(usage()) } else { Ok(rest) };
    let conversation = || here.conversation.ok_or(Mistake::NoConversation);
    let target = || conversation().map(Target::Id);
    let ask = |command| Intent::Ask { command: Box::new(command), opens: false };
    let asks_and_opens = |command| Intent::Ask { command: Box::new(command), opens: true };
    let confirm = |question, command| Intent::Confirm(question, Box::new(command));
    let names = || names(rest).ok_or_else(usage);
    let nothing_behind = |intent: Intent| if rest.is_empty() { Ok(intent) } else { Err(usage()) };
    Ok(match word.name {
        "help" if rest.is_empty() => Intent::Help(None),
        "help" => Intent::Help(Some(super::find(rest.trim_start_matches('/')).ok_or_else(usage)?)),
        "users" => nothing_behind(Intent::People)?,
        "rooms" => nothing_behind(Intent::Rooms)?,
        "locks" => nothing_behind(Intent::Locks)?,
        "devices" => nothing_behind(Intent::Devices)?,
        "lock" => nothing_behind(Intent::Lock)?,
        "quit" => nothing_behind(Intent::Quit)?,
        "dm" => Intent::Open(Target::Account(one_name(rest).ok_or_else(usage)?)),
        "group" => {
            let (name, invite) = group(rest).ok_or_else(usage)?;
            asks_and_opens(Command::CreateRoom { name, open: false, invite })
        }
        "join" => {
            let name = given()?.trim_start_matches('#').to_owned();
            if name.is_empty() || name.contains(char::is_whitespace) {
                return Err(usage());
            }
            asks_and_opens(Command::JoinRoom { name })
        }
        "invite" => ask(Command::Invite { target: target()?, names: names()? }),
        "remove" => {
            let names = names()?;
            confirm(Question::Remove(at_names(&names)), Command::Remove { target: target()?, names })
        }
        "leave" => {
            let target = target()?;
            nothing_behind(confirm(Question::Leave, Command::Leave { target }))?
        }
        "accept" | "decline" => {
            let answer = if word.name == "accept" { RequestAnswer::Accept } else { RequestAnswer::Decline };
            nothing_behind(Intent::Answer(conversation()?, answer))?
        }
        "title" => ask(Command::SetTitle { target: target()?, title: given()?.into() }),
        "file" => ask(super::files::send(conversation()?, given()?)),
        "files" => nothing_behind(Intent::Files(conversation()?))?,
        "save" => {
            let (wanted, folder) = super::files::wanted(rest);
            let folder = folder.map(super::files::folder).transpose()?;
            match (&here.selected, wanted) {
                (Some(selected), Wanted::Newest) => Intent::SaveOf(selected.message, folder),
                (_, wanted) => Intent::Save(conversation()?, wanted, folder),
            }
        }
        "later" => {
            let (trust, rest) = match rest.split_once(char::is_whitespace) {
                Some((DRAND, behind)) => (LockTrust::Drand, behind.trim_start()),
                _ => (LockTrust::Server, rest),
            };
            let (when, text) = rest.split_once(char::is_whitespace).ok_or_else(usage)?;
            Intent::Later(conversation()?, trust, when.into(), text.trim_start().into())
        }
        "topic" => ask(Command::SetTopic { target: target()?, topic: cleared(given()?).into() }),
        "timer" => ask(Command::SetTimer { target: target()?, timer: timer(rest).ok_or_else(usage)? }),
        "once" => {
            let (to, text) = (target()?, given()?.to_owned());
            ask(Command::Send(Send { to, text, reply_to: None, view_once: true, wait: false }))
        }
        "role" => {
            let (role, behind) = rest.split_once(char::is_whitespace).ok_or_else(usage)?;
            let role = role_of(role).ok_or_else(usage)?;
            let names = self::names(behind).ok_or_else(usage)?;
            ask(Command::SetRole { target: target()?, names, role })
        }
        "mute" => {
            let muted = muted(rest, here.now_ms).ok_or_else(usage)?;
            ask(Command::SetNotifications { target: target()?, level: None, muted: Some(muted) })
        }
        "notify" => {
            let level = level(rest).ok_or_else(usage)?;
            ask(Command::SetNotifications { target: target()?, level: Some(level), muted: None })
        }
        "archive" => {
            let target = target()?;
            nothing_behind(ask(Command::SetArchived { target, archived: !here.archived }))?
        }
        "favourite" => {
            let target = target()?;
            nothing_behind(ask(Command::SetFavourite { target, favourite: !here.favourite }))?
        }
        "search" => Intent::Search(rest.into()),
        "block" => {
            let name = name_or_peer(rest, here).ok_or_else(usage)?;
            confirm(Question::Block(at_names([&name])), Command::Block { name })
        }
        "unblock" => ask(Command::Unblock { name: name_or_peer(rest, here).ok_or_else(usage)? }),
        "verify" => verify(rest, here).ok_or_else(usage)?,
        "profile" => profile(rest).ok_or_else(usage)?,
        "kick" => {
            let name = one_name(rest).ok_or_else(usage)?;
            confirm(Question::Kick(at_names([&name])), Command::EndSessions { name })
        }
        "regen" => nothing_behind(confirm(Question::Regen, Command::RenewAccessPassphrase))?,
        "stop" => nothing_behind(confirm(Question::Stop, Command::StopServer))?,
        _ => return to_message(word, rest, here),
    })
}

/// What is done to a message: to the selected one, or to the last that it can be done to.
fn to_message(word: &'static Word, rest: &str, here: &Here) -> Result<Intent, Mistake> {
    here.conversation.ok_or(Mistake::NoConversation)?;
    let marked = || here.selected.as_ref().or(here.newest.as_ref()).ok_or(Mistake::NoMessage);
    let own = || match &here.selected {
        Some(selected) if !selected.own => Err(Mistake::NotOwn),
        Some(selected) => Ok(selected),
        None => here.newest_own.as_ref().ok_or(Mistake::NoMessage),
    };
    // Owners and admins take back also what others said: the engine knows who may.
    let to_delete = || here.selected.as_ref().or(here.newest_own.as_ref()).ok_or(Mistake::NoMessage);
    Ok(match word.name {
        "reply" => Intent::Reply(marked()?.message, rest.into()),
        "react" => {
            let marked = marked()?;
            match rest {
                "" => Intent::React(marked.message, None),
                typed => {
                    let emoji = emoji(typed).ok_or_else(|| Mistake::NoEmoji(typed.into()))?;
                    match &marked.reaction {
                        Some(given) if *given == emoji => Intent::Unreact(marked.message),
                        _ => Intent::React(marked.message, Some(emoji)),
                    }
                }
            }
        }
        "edit" => Intent::Edit(own()?.message, rest.into()),
        "delete" if rest.is_empty() => Intent::Delete(to_delete()?.message),
        "pin" if rest.is_empty() => {
            let marked = marked()?;
            Intent::Pin(marked.message, !marked.pinned)
        }
        "open" if rest.is_empty() => {
            let marked = here.selected.as_ref().or(here.newest_once.as_ref()).ok_or(Mistake::NoMessage)?;
            Intent::OpenOnce(marked.message)
        }
        "forward" => {
            let to = if rest.is_empty() { None } else { Some(place(rest).ok_or(Mistake::Usage(word))?) };
            Intent::Forward(marked()?.message, to)
        }
        _ => return Err(Mistake::Usage(word)),
    })
}

/// A reaction as it was typed: the emoji itself, or its name with or without colons.
fn emoji(typed: &str) -> Option<String> {
    let found = emojis::get(typed).or_else(|| emojis::get_by_shortcode(typed.trim_matches(':')))?;
    // With its skin tone, as it was typed.
    Some(if found.as_str() == typed { typed.to_owned() } else { found.as_str().to_owned() })
}

/// A conversation as it was typed; a bare word is a name.
fn place(typed: &str) -> Option<Target> {
    match typed.parse() {
        Ok(target) => Some(target),
        Err(_) => one_name(typed).map(Target::Account),
    }
}

fn one_name(typed: &str) -> Option<String> {
    let name = typed.trim_start_matches('@');
    (!name.is_empty() && !name.contains(char::is_whitespace)).then(|| name.to_owned())
}

fn name_or_peer(typed: &str, here: &Here) -> Option<String> {
    if typed.is_empty() { here.peer.clone() } else { one_name(typed) }
}

/// Whose number and code are shown; with a number or a code behind it, they are compared.
fn verify(typed: &str, here: &Here) -> Option<Intent> {
    let (name, compared) = match typed.split_once(char::is_whitespace) {
        Some((name, compared)) if name.starts_with('@') => (name, compared.trim()),
        _ if typed.starts_with('@') => (typed, ""),
        _ if typed.starts_with(|first: char| first.is_ascii_digit()) && typed.len() >= SAFETY_DIGITS => ("", typed),
        _ if typed.get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case("HUIS:")) => ("", typed),
        _ => (typed, ""),
    };
    let name = name_or_peer(name, here)?;
    if compared.is_empty() {
        return Some(Intent::Person(name));
    }
    let is_number = compared.chars().all(|character| character.is_ascii_digit() || character.is_whitespace());
    let command = if is_number {
        Command::SetVerified { name, verified: true, safety_number: Some(compared.into()) }
    } else {
        Command::VerifyScanned { name, code: compared.into() }
    };
    Some(Intent::Ask { command: Box::new(command), opens: false })
}

fn names(typed: &str) -> Option<Vec<String>> {
    let names: Option<Vec<String>> =
        typed.split([' ', ',']).map(str::trim).filter(|word| !word.is_empty()).map(one_name).collect();
    names.filter(|names| !names.is_empty())
}

fn at_names<T: AsRef<str>>(names: impl IntoIterator<Item = T>) -> String {
    names.into_iter().map(|name| format!("@{}", name.as_ref())).collect::<Vec<_>>().join(", ")
}

/// A group's title and people: those with `@`, and the words before them are the title; without any `@` all are people.
/// A group without a title is called after its people.
fn group(typed: &str) -> Option<(String, Vec<String>)> {
    let words: Vec<&str> = typed.split([' ', ',']).filter(|word| !word.is_empty()).collect();
    let has_signs = words.iter().any(|word| word.starts_with('@'));
    let (people, title): (Vec<&str>, Vec<&str>) =
        words.into_iter().partition(|word| !has_signs || word.starts_with('@'));
    let invite: Vec<String> = people.into_iter().map(one_name).collect::<Option<_>>()?;
    if invite.is_empty() {
        return None;
    }
    let title = if title.is_empty() { invite.join(", ") } else { title.join(" ") };
    Some((title, invite))
}

fn role_of(typed: &str) -> Option<MemberRole> {
    Some(match keyword(ROLES, typed)? {
        "owner" => MemberRole::Owner,
        "admin" => MemberRole::Admin,
        _ => MemberRole::Member,
    })
}

fn level(typed: &str) -> Option<NotificationLevel> {
    Some(match keyword(LEVELS, typed)? {
        "none" => NotificationLevel::None,
        "mentions" => NotificationLevel::Mentions,
        _ => NotificationLevel::All,
    })
}

fn muted(typed: &str, now_ms: u64) -> Option<Muted> {
    if typed.is_empty() {
        return Some(Muted::ForEver);
    }
    if keyword(OFF, typed).is_some() {
        return Some(Muted::No);
    }
    let span = huis_texts::span(typed).ok()?;
    Some(Muted::Until(now_ms.saturating_add(u64::try_from(span.as_millis()).ok()?)))
}

/// A timer, or none; nothing where it is neither.
fn timer(typed: &str) -> Option<Option<VanishTimer>> {
    if keyword(OFF, typed).is_some() {
        return Some(None);
    }
    let (span, from) = typed.split_once(char::is_whitespace).unwrap_or((typed, ""));
    let from = match from.trim() {
        "" => CountedFrom::Reading,
        word => match keyword(FROM, word)? {
            "sending" => CountedFrom::Sending,
            _ => CountedFrom::Reading,
        },
    };
    let after_s = huis_texts::span(span).ok()?.as_secs();
    (30..=31_536_000).contains(&after_s).then_some(Some(VanishTimer { after_s, from }))
}

/// What is said alone to empty something; leaving the text out is rather a slip.
fn cleared(typed: &str) -> &str {
    if typed == "-" { "" } else { typed }
}

fn profile(typed: &str) -> Option<Intent> {
    if typed.is_empty() {
        return Some(Intent::Card);
    }
    let (what, text) = typed.split_once(char::is_whitespace).unwrap_or((typed, ""));
    let keyword = keyword(CARD, what);
    if keyword.is_some() && text.trim().is_empty() {
        return None;
    }
    let text = Some(cleared(text.trim()).to_owned());
    let set = match keyword {
        Some("name") => SetCard { name: text, ..SetCard::default() },
        Some(_) => SetCard { about: text, ..SetCard::default() },
        None => return one_name(typed).map(Intent::Person),
    };
    Some(Intent::Ask { command: Box::new(Command::SetCard(set)), opens: false })
}

#[cfg(test)]
mod tests;
