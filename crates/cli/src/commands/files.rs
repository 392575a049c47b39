//! `huis files`.

use std::borrow::Cow;
use std::collections::{BTreeMap, VecDeque};
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};
use huis_proto::{ConversationId, MessageId};
use huis_texts::{readable, rfc3339, safe_line};
use huis_views::{
    Command, Event, Failure, FetchFile, FileView, MessageView, Reply, Target, TransferState, TransferView, play_length,
};
use serde::Serialize;
use tokio::time::{Instant, timeout, timeout_at};

use super::{Context, at_name, freshen, name};
use crate::outcome::{Outcome, Stop};
use crate::printer::note;
use crate::progress::Bar;
use crate::session::{Session, ended};

/// Files that messages bring
#[derive(Debug, Args)]
pub(crate) struct Files {
    #[command(subcommand)]
    command: FilesCommand,
}

#[derive(Debug, Subcommand)]
enum FilesCommand {
    List(List),
    Get(Get),
}

/// List files, the oldest first
///
/// Each has an id: that of its message, a colon, and its number in the message. Behind the name of one that this device
/// sends or fetches stands how that is: waiting, running, paused or failed.
#[derive(Debug, Args)]
struct List {
    /// Where: @name, #room, or the id of a conversation [default: everywhere]
    conversation: Option<Target>,
}

/// Fetch files, and verify them
///
/// A file is written under the name that its sender gave it, made harmless, or with a number behind it where the folder
/// has one of this name; it has that name only once it is whole and was verified. What is interrupted goes on where it
/// was with the next command on this profile; what Ctrl-C pauses does so when it is fetched again, and what is there by
/// then is printed as ever. Nothing that was fetched is opened or run. Of a request that was not accepted nothing is fetched.
#[derive(Debug, Args)]
struct Get {
    /// Ids of files, or of messages for all their files
    #[arg(required_unless_present = "all", conflicts_with = "all", value_name = "ID")]
    files: Vec<FileId>,

    /// All files of others
    #[arg(long)]
    all: bool,

    /// With --all: only of this conversation (@name, #room, or its id)
    #[arg(long, value_name = "CONVERSATION", requires = "all")]
    r#in: Option<Target>,

    /// The folder that they are written to; it is made if it is not there
    #[arg(long, value_name = "FOLDER", value_hint = clap::ValueHint::DirPath)]
    to: PathBuf,

    /// Give up when nothing comes for this long, in seconds
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = huis_texts::span)]
    timeout: Duration,
}

/// A file of a message, or all of them.
#[derive(Debug, Clone, PartialEq, Eq)]
struct FileId {
    message: MessageId,
    number: Option<u32>,
}

impl std::str::FromStr for FileId {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "32 hexadecimal digits, and for one file of several a colon and its number".to_owned();
        let (message, number) = match text.split_once(':') {
            Some((message, number)) => (message, Some(number.parse().map_err(|_| wrong())?)),
            None => (text, None),
        };
        Ok(Self { message: message.parse().map_err(|_| wrong())?, number })
    }
}

/// A file in a list. Scripts rely on these names.
#[derive(Debug, Serialize)]
struct ListLine<'a> {
    #[serde(flatten)]
    file: FileLine<'a>,
    message: String,
    conversation: String,
    conversation_name: &'a str,
    from: String,
    own: bool,
    sent_at: String,
    /// How its way stands, where this device has sent or fetched it.
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    saved_at: Option<&'a str>,
}

/// A file as a message, or a list, names it. Scripts rely on these names.
#[derive(Debug, Serialize)]
pub(super) struct FileLine<'a> {
    pub(super) id: String,
    name: &'a str,
    size: u64,
    r#type: &'a str,
    /// Only where it is true.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    voice: bool,
    /// Only where the sender says it.
    #[serde(skip_serializing_if = "Option::is_none")]
    duration_ms: Option<u64>,
    /// Only where a small picture goes with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    picture: Option<Measures>,
}

/// How large a file's own picture is, in pixels, as the sender says.
#[derive(Debug, Serialize)]
struct Measures {
    width: u32,
    height: u32,
}

/// A file that was fetched. Scripts rely on these names.
#[derive(Debug, Serialize)]
struct SavedLine<'a> {
    id: String,
    name: &'a str,
    size: u64,
    path: &'a str,
}

/// So many messages are read at a time.
const PAGE: u32 = 100;
/// The engine tells how files come on; it is asked this often in any case.
const LOOKS_AGAIN: Duration = Duration::from_secs(5);
/// After Ctrl-C all are paused within this time, or go on.
const PAUSES_WITHIN: Duration = Duration::from_secs(3);

impl<'a> FileLine<'a> {
    pub(super) fn of(message: &MessageView, file: &'a FileView) -> Self {
        let id = format!("{}:{}", message.id, file.number);
        let FileView { name, size, media_type, voice, duration_ms, thumbnail, .. } = file;
        let picture = thumbnail.as_ref().map(|small| Measures { width: small.width, height: small.height });
        Self { id, name, size: *size, r#type: media_type, voice: *voice, duration_ms: *duration_ms, picture }
    }
}

/// What a file is called where people read: a voice note by how long it is.
pub(super) fn called(file: &FileView) -> Cow<'_, str> {
    match file.duration_ms {
        _ if !file.voice => safe_line(&file.name),
        Some(ms) => format!("Voice note, {}", play_length(ms)).into(),
        None => "Voice note".into(),
    }
}

impl Files {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        match self.command {
            FilesCommand::List(list) => list.run(context).await,
            FilesCommand::Get(get) => get.run(context).await,
        }
    }
}

impl List {
    async fn run(self, context: &Context) -> Outcome {
        let messages = context
            .with_session(async |session| {
                freshen(session).await?;
                with_files(session, self.conversation).await
            })
            .await?;
        for message in &messages {
            for file in &message.files {
                let saved_at = file.transfer.as_ref().and_then(|transfer| transfer.saved_at.as_deref());
                let line = ListLine {
                    file: FileLine::of(message, file),
                    message: message.id.to_string(),
                    conversation: message.conversation.to_string(),
                    conversation_name: &message.conversation_name,
                    from: name(&message.from),
                    own: message.own,
                    sent_at: rfc3339(message.sent_at_ms),
                    state: file.transfer.as_ref().map(|transfer| state(&transfer.state)),
                    saved_at,
                };
                context.printer.thing(&line, || for_people(message, file))?;
            }
        }
        Ok(())
    }
}

fn for_people(message: &MessageView, file: &FileView) -> String {
    let at = readable(message.received_at_ms.unwrap_or(message.sent_at_ms));
    let (place, from) = (safe_line(&message.conversation_name), at_name(&message.from));
    let (name, size) = (called(file), huis_texts::size(file.size));
    let line = format!("{}:{}  {at}  {place}  {from}  {size}  {name}", message.id, file.number);
    match file.transfer.as_ref().map(|transfer| &transfer.state) {
        None | Some(TransferState::Done) => line,
        Some(under_way) => format!("{line}  {}", state(under_way)),
    }
}

/// A state of a file's way. Scripts rely on these names.
fn state(state: &TransferState) -> &'static str {
    match state {
        TransferState::Waiting => "waiting",
        TransferState::Running => "running",
        TransferState::Paused => "paused",
        TransferState::Done => "done",
        TransferState::Failed(_) => "failed",
    }
}

/// The messages with files of a conversation, or of all, oldest first.
async fn with_files(session: &mut Session, target: Option<Target>) -> Outcome<Vec<MessageView>> {
    let conversation = match target {
        Some(target) => Some(conversation(session, target).await?),
        None => None,
    };
    let mut all: Vec<MessageView> = Vec::new();
    let mut before = None;
    loop {
        let command = Command::Files { conversation, before, most: PAGE };
        let Reply::Messages(mut page) = session.ask(command).await? else {
            return Err(Failure::Internal { reason: "no messages in the answer".into() }.into());
        };
        let Some(first) = page.first() else { break };
        before = Some(first.position);
        page.append(&mut all);
        all = page;
    }
    Ok(all)
}

async fn conversation(session: &mut Session, target: Target) -> Outcome<ConversationId> {
    match session.ask(Command::Conversation { target }).await? {
        Reply::Conversation(view) => Ok(view.id),
        other => Err(Stop::unexpected(&other)),
    }
}

impl Get {
    async fn run(mut self, context: &Context) -> Outcome {
        std::fs::create_dir_all(&self.to).map_err(|error| Stop::file(self.to.display(), &error))?;
        // The engine may run in another process, which was started elsewhere.
        let folder = std::fs::canonicalize(&self.to).map_err(|error| Stop::file(self.to.display(), &error))?;
        let Some(folder) = folder.to_str().map(str::to_owned) else {
            return Err(Stop::failed("invalid", "the folder's path is no text in UTF-8", "name another folder"));
        };
        let wanted = std::mem::take(&mut self.files);
        let failed = context
            .with_session_and_interrupts(async |session, interrupts| {
                let files = tokio::select! {
                    files = self.wanted(session, &wanted) => files?,
                    () = interrupts.first() => return Err(Stop::Interrupted("nothing was begun".into())),
                };
                let mut waiting = BTreeMap::new();
                let mut failed = None;
                let mut unbegun = VecDeque::from(files);
                // Each is asked to the end, which waits for no network: what is begun is known, and can be paused.
                while !interrupts.came()
                    && let Some((message, number)) = unbegun.pop_front()
                {
                    let fetch = FetchFile { message, number, folder: folder.clone() };
                    match session.ask(Command::FetchFile(fetch)).await {
                        Ok(Reply::Transfer(transfer)) => drop(waiting.insert(transfer.transfer, *transfer)),
                        Ok(other) => return Err(Stop::unexpected(&other)),
                        // What can't be begun does not hold up the others.
                        Err(stop) if self.all => one_more(&mut failed, stop),
                        Err(stop) => return Err(stop),
                    }
                }
                tokio::select! {
                    biased;
                    done = self.wait(session, context, &mut waiting, &mut failed) => done?,
                    () = interrupts.first() => {}
                }
                if interrupts.came() && !(waiting.is_empty() && unbegun.is_empty()) {
                    session.forget_questions();
                    let all_stand = pause(session, &mut waiting, &mut failed).await;
                    for transfer in over(&mut waiting) {
                        report(context, &transfer, &mut failed)?;
                    }
                    if !(waiting.is_empty() && unbegun.is_empty()) {
                        if let Some(before) = failed.take() {
                            note(&before.line("files").unwrap_or_default());
                        }
                        return Err(Stop::Interrupted(match all_stand {
                            true => self.how_it_goes_on(&waiting, &unbegun),
                            false => "not all could be paused: what was not goes on in the huis that runs this \
                                      profile, or with the next command on it"
                                .into(),
                        }));
                    }
                }
                Ok(failed)
            })
            .await?;
        failed.map_or(Ok(()), Err)
    }

    async fn wanted(&self, session: &mut Session, named_ones: &[FileId]) -> Outcome<Vec<(MessageId, u32)>> {
        freshen(session).await?;
        if self.all { self.all_of_others(session).await } else { named(session, named_ones).await }
    }

    async fn all_of_others(&self, session: &mut Session) -> Outcome<Vec<(MessageId, u32)>> {
        let messages = with_files(session, self.r#in.clone()).await?;
        // Nothing is fetched for a request, and that it is one is no fault of who asks for everything.
        let others = messages.iter().filter(|message| !message.own && !message.request);
        Ok(others.flat_map(|message| message.files.iter().map(|file| (message.id, file.number))).collect())
    }

    /// Waits until all are fetched, or have failed.
    async fn wait(
        &self,
        session: &mut Session,
        context: &Context,
        waiting: &mut BTreeMap<u64, TransferView>,
        failed: &mut Option<Stop>,
    ) -> Outcome {
        let mut bar = Bar::new("Fetching");
        let all: u64 = waiting.values().map(|transfer| transfer.size).sum();
        let mut fetched = 0;
        let mut deadline = Instant::now() + self.timeout;
        loop {
            for transfer in over(waiting) {
                bar.hide();
                fetched += transfer.size;
                report(context, &transfer, failed)?;
            }
            if waiting.is_empty() {
                return Ok(());
            }
            bar.at_pace(
                fetched + waiting.values().map(|transfer| transfer.done).sum::<u64>(),
                all,
                pace(waiting.values()),
            );
            match timeout_at(deadline.min(Instant::now() + LOOKS_AGAIN), session.event()).await {
                // That nobody wants one any more is said by no event.
                Err(_) if Instant::now() < deadline => look_again(session, waiting, failed).await?,
                Err(_) => {
                    if let Some(before) = failed.take() {
                        note(&before.line("files").unwrap_or_default());
                    }
                    return Err(Stop::TimedOut(format!(
                        "nothing came for {} s; what is there stays, and the next command on this profile goes on",
                        self.timeout.as_secs_f32()
                    )));
                }
                Ok(event) => match event? {
                    Event::Transfer(transfer) => {
                        if let Some(known) = waiting.get_mut(&transfer.transfer) {
                            *known = *transfer;
                            deadline = Instant::now() + self.timeout;
                        }
                    }
                    Event::Missed => look_again(session, waiting, failed).await?,
                    event => ended(&event)?,
                },
            }
        }
    }
}

impl Get {
    /// What is said of files that are paused, and of those that were not begun.
    fn how_it_goes_on(&self, waiting: &BTreeMap<u64, TransferView>, unbegun: &VecDeque<(MessageId, u32)>) -> String {
        let paused = waiting.values().map(|transfer| (transfer.message, transfer.number));
        let ids: Vec<String> =
            paused.chain(unbegun.iter().copied()).map(|(message, number)| format!("{message}:{number}")).collect();
        let what = if self.all { "--all".to_owned() } else { ids.join(" ") };
        let in_them = self.r#in.as_ref().map_or(String::new(), |_| " with the same --in".to_owned());
        let to = quoted(&self.to.to_string_lossy());
        format!("paused; `huis files get {what} --to {to}`{in_them} goes on where it was")
    }
}

/// Takes out those that are fetched, or have failed.
fn over(waiting: &mut BTreeMap<u64, TransferView>) -> Vec<TransferView> {
    waiting.extract_if(.., |_, transfer| is_over(transfer)).map(|(_, transfer)| transfer).collect()
}

/// Says where one is that was fetched, or why it was not.
fn report(context: &Context, transfer: &TransferView, failed: &mut Option<Stop>) -> Outcome {
    match (&transfer.state, &transfer.saved_at) {
        (TransferState::Failed(failure), _) => one_more(failed, failure.clone().into()),
        (_, Some(path)) => {
            let (name, size) = (transfer.name.as_str(), transfer.size);
            let line = SavedLine { id: format!("{}:{}", transfer.message, transfer.number), name, size, path };
            context.printer.thing(&line, || safe_line(path).into_owned())?;
        }
        _ => {}
    }
    Ok(())
}

/// Pauses what is not there yet, also where the engine of another process fetches it, and sees what is over by then. Says
/// whether nothing goes on.
async fn pause(session: &mut Session, waiting: &mut BTreeMap<u64, TransferView>, failed: &mut Option<Stop>) -> bool {
    let pausing = async {
        for transfer in waiting.keys().copied() {
            match session.ask(Command::PauseTransfer { transfer }).await {
                // What came to its end just now needs no pause.
                Err(Stop::Failed(fault)) if fault.is("invalid") || fault.is("unknown") => {}
                answer => drop(answer?),
            }
        }
        look_again(session, waiting, failed).await
    };
    matches!(timeout(PAUSES_WITHIN, pausing).await, Ok(Ok(())))
}

/// A word as a shell takes it: as it is, where nothing in it means something else there.
fn quoted(word: &str) -> String {
    let is_plain = |sign: char| sign.is_ascii_alphanumeric() || "/._-+,:@%".contains(sign);
    match !word.is_empty() && word.chars().all(is_plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', "'\\''")),
    }
}

/// How all of these go together, in bytes a second.
fn pace<'a>(transfers: impl Iterator<Item = &'a TransferView>) -> Option<u64> {
    transfers.filter_map(|transfer| transfer.bytes_per_s).reduce(|one, another| one + another)
}

fn is_over(transfer: &TransferView) -> bool {
    matches!(transfer.state, TransferState::Done | TransferState::Failed(_))
}

/// One that failed: the last one is the command's own answer, and those before are told beside it.
fn one_more(failed: &mut Option<Stop>, stop: Stop) {
    if let Some(before) = failed.replace(stop) {
        note(&before.line("files").unwrap_or_default());
    }
}

async fn look_again(
    session: &mut Session,
    waiting: &mut BTreeMap<u64, TransferView>,
    failed: &mut Option<Stop>,
) -> Outcome {
    let Reply::Transfers(transfers) = session.ask(Command::Transfers).await? else {
        return Err(Failure::Internal { reason: "no transfers in the answer".into() }.into());
    };
    // The list has an end; what is older than all of it may stand behind that.
    let oldest = transfers.iter().map(|transfer| transfer.transfer).min().unwrap_or(0);
    let is_listed = |number: u64| transfers.iter().any(|transfer| transfer.transfer == number);
    let gone = waiting.extract_if(.., |number, _| *number >= oldest && !is_listed(*number));
    for (_, transfer) in gone {
        let why = format!("{} is not fetched any more: it was given up, or its message was taken back", transfer.name);
        one_more(failed, Stop::failed("gone", why, ""));
    }
    for transfer in transfers {
        if let Some(known) = waiting.get_mut(&transfer.transfer) {
            *known = transfer;
        }
    }
    Ok(())
}

/// The files that are named.
async fn named(session: &mut Session, wanted: &[FileId]) -> Outcome<Vec<(MessageId, u32)>> {
    let mut files = Vec::new();
    for id in wanted {
        if let Some(number) = id.number {
            files.push((id.message, number));
            continue;
        }
        let Reply::Message(message) = session.ask(Command::Message { message: id.message }).await? else {
            return Err(Failure::Internal { reason: "no message in the answer".into() }.into());
        };
        if message.files.is_empty() {
            return Err(Failure::Unknown { what: "file".into(), name: id.message.to_string() }.into());
        }
        files.extend(message.files.iter().map(|file| (message.id, file.number)));
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_named_by_its_message_and_its_number() {
        let id = "0123456789abcdef0123456789abcdef";
        let message = id.parse().unwrap();
        assert_eq!(id.parse(), Ok(FileId { message, number: None }));
        assert_eq!(format!("{id}:2").parse(), Ok(FileId { message, number: Some(2) }));
        for wrong in ["", "2", ":", &format!("{id}:"), &format!("{id}:x"), &format!("{id}:2:3"), &format!("{id}:-1")] {
            assert!(wrong.parse::<FileId>().is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_folder_is_named_as_a_shell_takes_it() {
        for (word, said) in [
            ("/tmp/a-b_c.d", "/tmp/a-b_c.d"),
            ("", "''"),
            ("my films", "'my films'"),
            ("it's", r"'it'\''s'"),
            ("$(id)", "'$(id)'"),
            ("~", "'~'"),
            ("été", "'été'"),
        ] {
            assert_eq!(quoted(word), said);
        }
    }
}
