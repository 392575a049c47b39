//! `huis send`.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use clap::Args;
use huis_proto::{ConversationId, MessageId, limits};
use huis_views::{
    Command, ConversationView, Event, FileToSend, FileView, LockTrust, MessageState, Reply, SendFiles, Sent, Target,
    ToSend, TransferView,
};
use serde::Serialize;
use tokio::time::{Instant, timeout, timeout_at};

use super::conversations::id;
use super::{Context, settle};
use crate::interrupts::Interrupts;
use crate::outcome::{Outcome, Stop};
use crate::printer::note;
use crate::progress::Bar;
use crate::session::{Session, ended};

/// Send a message or files, and wait until the server has them on disk
///
/// Prints the message's id. A first message to @name opens the conversation; answering a request accepts it.
///
/// Files are sealed on this device: the server learns neither names nor types, and the size only roughly. An upload that is
/// interrupted, by Ctrl-C too, is not taken back: it goes on where it was in the huis that runs this profile, or with the
/// next command on it.
#[derive(Debug, Args)]
pub(crate) struct Send {
    /// @name, #room, or the id of a conversation
    to: Target,

    /// The text; without it, or with `-`, all of the standard input, but for the end of its last line, which `echo` adds [at
    /// most 64 KiB]
    text: Option<String>,

    /// Files to send, at most 32; what is said with them stands in front of --file, or behind -- [at most 16 KiB]
    #[arg(long = "file", value_name = "PATH", num_args = 1.., value_hint = clap::ValueHint::FilePath)]
    files: Vec<PathBuf>,

    /// Leave in pictures what says where, when and with what they were taken; else it is taken out of what is sent of JPEG,
    /// PNG and WebP. Of other files nothing is ever taken out
    #[arg(long, requires = "files")]
    keep_metadata: bool,

    /// It can be opened once, and is then gone; whoever wants to keep a copy can
    #[arg(long)]
    view_once: bool,

    /// The id of a message of the same conversation that this one answers
    #[arg(long, value_name = "ID", value_parser = id::<MessageId>)]
    reply_to: Option<MessageId>,

    /// Lock it: nobody else can read it before, whatever they have; the server's clock counts. ISO 8601
    /// (2026-12-31T09:00, with Z or +01:00 behind it where it is not local time), DD:MM:YYYY:HH:MM:SS in local time, or a
    /// span from now by this device's clock (8s, 2h, 3d) [at most ten years ahead]
    #[arg(long, value_name = "WHEN", value_parser = moment)]
    unlock_at: Option<u64>,

    /// Who keeps the key until then. `server`: this server, which together with a recipient could open it early. `drand`: nobody;
    /// it opens with what the public randomness beacon drand publishes at that time, up to 3 seconds later. The server does not
    /// learn that it is locked
    #[arg(long, value_name = "WHO", requires = "unlock_at", default_value = "server", value_enum)]
    trust: TrustIn,

    /// How long to wait for the server, in seconds, or with files how long without any coming on; what was not confirmed
    /// stays here and goes out with the next command
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = huis_texts::span)]
    timeout: Duration,
}

/// Who is trusted with the key of what opens later.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum TrustIn {
    Server,
    Drand,
}

impl From<TrustIn> for LockTrust {
    fn from(trust: TrustIn) -> Self {
        match trust {
            TrustIn::Server => Self::Server,
            TrustIn::Drand => Self::Drand,
        }
    }
}

#[derive(Serialize)]
struct SentLine {
    id: String,
    conversation: String,
    seq: Option<u64>,
}

/// A message is looked for among this many of a conversation's newest ones.
const NEWEST: u32 = 100;
/// The engine tells when a message has gone out; it is asked this often in any case.
const ASKED_AGAIN: Duration = Duration::from_secs(5);

/// The end of a line, of which one at the end of the standard input is not part of the text.
const LINE_END: &[u8] = b"\n";

impl Send {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        let lock = self.unlock_at.map(|unlocks_at_ms| (unlocks_at_ms, LockTrust::from(self.trust)));
        let (bound, sizes) = (self.timeout, self.sizes());
        // Before the profile is taken, for whoever writes the text may take long.
        let what = self.what()?;
        let command = match (lock, what) {
            (Some((unlocks_at_ms, trust)), what) => Command::SendTimed { what, unlocks_at_ms, trust },
            (None, ToSend::Text(send)) => Command::Send(send),
            (None, ToSend::Files(wish)) => Command::SendFiles(wish),
        };
        send(context, command, bound, &sizes).await
    }

    fn what(self) -> Outcome<ToSend> {
        let Self { to, text, files, keep_metadata, view_once, reply_to, .. } = self;
        if files.is_empty() {
            let text = text_or_input(text)?;
            return Ok(ToSend::Text(huis_views::Send { to, text, reply_to, view_once, wait: false }));
        }
        // Files may come without a word, so nobody is asked for one.
        let text = text.map_or(Ok(String::new()), |text| text_or_input(Some(text)))?;
        let files = files.iter().map(|path| file_to_send(path)).collect::<Outcome<_>>()?;
        Ok(ToSend::Files(SendFiles { to, files, text, reply_to, keep_metadata, view_once }))
    }

    /// How large each file is here out of which something may be taken.
    fn sizes(&self) -> Vec<u64> {
        let stripped = self.files.iter().filter(|_| !self.keep_metadata);
        stripped.map(|path| path.metadata().map_or(0, |known| known.len())).collect()
    }
}

/// Sends a message, waits until the server has it on disk, and prints its id. `sizes` says how large each of its files is
/// here, as far as something may be taken out of them.
pub(super) async fn send(context: &Context, command: Command, bound: Duration, sizes: &[u64]) -> Outcome {
    context
        .with_session_and_interrupts(async |session, interrupts| {
            let sent = deliver(session, interrupts, command, bound, sizes).await?;
            print(context, &sent)
        })
        .await
}

/// A moment as it is typed, in milliseconds since 1970.
fn moment(text: &str) -> Result<u64, huis_texts::MomentError> {
    let zone = huis_tui::Zone::system();
    huis_texts::moment(text, now_ms(), &|ms| zone.ahead_s(ms))
}

fn now_ms() -> u64 {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since_1970.as_millis()).unwrap_or(u64::MAX)
}

/// Names the pictures out of which something was taken, and the pictures and films that go with everything that is in
/// them. `sizes` says how large each file is here.
fn say_what_was_taken_out(files: &[FileView], sizes: &[u64]) {
    for (file, size) in files.iter().zip(sizes) {
        if file.may_say_where_it_was_taken() {
            note(&format!(
                "{} may say where and when it was taken: that is taken out of JPEG, PNG and WebP only",
                file.name
            ));
        } else if file.size < *size {
            note(&format!("what said where, when and with what {} was taken was left out", file.name));
        }
    }
}

/// A file by its whole path: the engine may run in another process, which was started elsewhere.
fn file_to_send(path: &Path) -> Outcome<FileToSend> {
    let source = std::fs::canonicalize(path).map_err(|error| Stop::file(path.display(), &error))?;
    // A link to a file is sent under the link's name.
    let name = path.file_name().and_then(|name| name.to_str()).map(str::to_owned);
    let Some(source) = source.to_str().map(str::to_owned) else {
        return Err(Stop::failed("invalid", "the file's path is no text in UTF-8", "rename it"));
    };
    Ok(FileToSend { source, name, media_type: None, thumbnail: None, duration_ms: None, voice: false, peaks: None })
}

impl From<&Sent> for SentLine {
    fn from(sent: &Sent) -> Self {
        Self { id: sent.id.to_string(), conversation: sent.conversation.to_string(), seq: sent.seq }
    }
}

/// Prints the id of what was sent.
pub(super) fn print(context: &Context, sent: &Sent) -> Outcome {
    let line = SentLine::from(sent);
    context.printer.thing(&line, || line.id.clone())
}

/// A text as it is typed, or all of the standard input.
pub(super) fn text_or_input(text: Option<String>) -> Outcome<String> {
    match text {
        Some(text) if text != "-" => checked(text.into_bytes(), "the text"),
        _ => from_input(std::io::stdin().lock()),
    }
}

/// Reads all of the input, and a little more than is allowed, to see that it is too much.
fn from_input(input: impl Read) -> Outcome<String> {
    let mut text = Vec::new();
    input
        .take((limits::MESSAGE_TEXT + LINE_END.len()) as u64 + 1)
        .read_to_end(&mut text)
        .map_err(|error| Stop::file("the standard input", &error))?;
    if text.ends_with(LINE_END) {
        text.truncate(text.len() - LINE_END.len());
    }
    checked(text, "the standard input")
}

fn checked(text: Vec<u8>, what: &str) -> Outcome<String> {
    if text.is_empty() {
        return Err(Stop::failed("invalid", format!("{what} is empty"), "a message has at least one character"));
    }
    if text.len() > limits::MESSAGE_TEXT {
        let why = format!("{what} is longer than a message may be ({} bytes)", limits::MESSAGE_TEXT);
        return Err(Stop::failed("too-large", why, "send it in parts"));
    }
    String::from_utf8(text)
        .map_err(|_| Stop::failed("invalid", format!("{what} is no text in UTF-8"), "check its encoding"))
}

/// Asks for a message to be sent, without waiting, and waits until the server has it on disk.
async fn deliver(
    session: &mut Session,
    interrupts: &mut Interrupts,
    send: Command,
    bound: Duration,
    sizes: &[u64],
) -> Outcome<Sent> {
    let reached = Cell::new(Reached::Nothing);
    tokio::select! {
        // What is delivered is not said to be on its way.
        biased;
        done = until_delivered(session, send, bound, sizes, &reached) => done,
        () = interrupts.first() => Err(Stop::Interrupted(reached.get().after_all())),
    }
}

/// How far a message came.
#[derive(Debug, Clone, Copy)]
enum Reached {
    /// Nobody was asked to send it.
    Nothing,
    /// The engine was, and has not answered.
    Asked,
    /// It is stored here.
    Stored { id: MessageId, has_files: bool },
}

impl Reached {
    /// What becomes of it where nobody waits any more.
    fn after_all(self) -> String {
        let goes_on = "goes on in the huis that runs this profile, or with the next command on it, such as \
                       `huis status --wait`";
        match self {
            Self::Nothing => "nothing was sent".into(),
            Self::Asked => {
                "the message may be stored here, and go out with the next command on this profile; look with \
                            `huis conversations` before you try again"
                    .into()
            }
            Self::Stored { id, has_files: false } => format!("message {id} is not taken back: it {goes_on}"),
            Self::Stored { id, has_files: true } => {
                format!("message {id} is not taken back: with what was sent of its files, it {goes_on}")
            }
        }
    }
}

async fn until_delivered(
    session: &mut Session,
    send: Command,
    bound: Duration,
    sizes: &[u64],
    reached: &Cell<Reached>,
) -> Outcome<Sent> {
    let deadline = Instant::now() + bound;
    let not_stored = || {
        Stop::TimedOut(format!(
            "the conversation could not be opened within {} s; look with `huis conversations` before you try again",
            bound.as_secs_f32()
        ))
    };
    // Whoever is written to may have opened the conversation already.
    timeout_at(deadline, settle(session)).await.unwrap_or(Ok(()))?;
    reached.set(Reached::Asked);
    // What is asked is asked to the end: a message that is stored after the time has its id, and is not sent twice.
    let stored = match timeout(bound.max(ASKED_AGAIN), session.ask(send)).await {
        Ok(reply) => match reply? {
            Reply::Sent(sent) => sent,
            other => return Err(Stop::unexpected(&other)),
        },
        Err(_) => return Err(not_stored()),
    };
    reached.set(Reached::Stored { id: stored.id, has_files: false });
    let mut places = BTreeSet::from([stored.conversation]);
    // As long as it waits its files are known, those of one that is opened once too, and what was taken out of them already.
    let files = files_of(session, stored.id).await;
    say_what_was_taken_out(&files, sizes);
    let mut uploads = Uploads { all: files.iter().map(|file| file.size).sum(), ..Uploads::default() };
    reached.set(Reached::Stored { id: stored.id, has_files: uploads.all > 0 });
    let mut deadline = deadline;
    loop {
        if let Some(sent) = confirmed(session, stored.id, &places).await? {
            return Ok(sent);
        }
        match timeout_at(deadline.min(Instant::now() + ASKED_AGAIN), changed(session, stored.id)).await {
            Ok(change) => match change? {
                Changed::In(conversation) => drop(places.insert(conversation)),
                Changed::Somewhere => places.extend(everywhere(session).await?),
                // As long as its files come on, it is waited for.
                Changed::File(transfer) => {
                    uploads.come_on(*transfer);
                    deadline = deadline.max(Instant::now() + bound);
                }
            },
            Err(_) if Instant::now() < deadline => {}
            Err(_) => {
                return Err(Stop::TimedOut(format!(
                    "the server did not confirm within {} s; message {} stays here and goes out with the next command \
                     on this profile",
                    bound.as_secs_f32(),
                    stored.id
                )));
            }
        }
    }
}

/// The files of a message; none where that can't be seen, which is no reason to say no more of one that is sent.
async fn files_of(session: &mut Session, message: MessageId) -> Vec<FileView> {
    match session.ask(Command::Message { message }).await {
        Ok(Reply::Message(message)) => message.files,
        _ => Vec::new(),
    }
}

/// What happened to a message.
enum Changed {
    /// Something, and it is in this conversation.
    In(ConversationId),
    /// Perhaps something, and it may be in any.
    Somewhere,
    /// A file of it came on.
    File(Box<TransferView>),
}

/// The files of a message on their way, and the bar that shows it.
#[derive(Default)]
struct Uploads {
    files: BTreeMap<u32, TransferView>,
    /// The bytes of all files of the message, those of which nothing was heard yet as well.
    all: u64,
    bar: Option<Bar>,
}

impl Uploads {
    fn come_on(&mut self, transfer: TransferView) {
        self.files.insert(transfer.number, transfer);
        let sum = |part: fn(&TransferView) -> u64| self.files.values().map(part).sum();
        let speeds = self.files.values().filter_map(|transfer| transfer.bytes_per_s);
        let bar = self.bar.get_or_insert_with(|| Bar::new("Sending"));
        let all = self.all.max(sum(|file| file.size));
        bar.at_pace(sum(|file| file.done), all, speeds.reduce(|one, another| one + another));
    }
}

/// Waits until something happens to the message.
async fn changed(session: &mut Session, id: MessageId) -> Outcome<Changed> {
    loop {
        match session.event().await? {
            Event::Messages { conversation, messages } if messages.contains(&id) => {
                return Ok(Changed::In(conversation));
            }
            Event::Transfer(transfer) if transfer.message == id => return Ok(Changed::File(transfer)),
            Event::Missed => return Ok(Changed::Somewhere),
            event => ended(&event)?,
        }
    }
}

/// The message if the server has it, from whichever conversation it is in: two people who write to each other first
/// at the same time end up in one of the two conversations.
async fn confirmed(session: &mut Session, id: MessageId, places: &BTreeSet<ConversationId>) -> Outcome<Option<Sent>> {
    for conversation in places.iter().copied() {
        let Reply::Messages(messages) =
            session.ask(Command::Messages { conversation, before: None, most: NEWEST }).await?
        else {
            continue;
        };
        let Some(message) = messages.into_iter().find(|message| message.own && message.id == id) else { continue };
        return match message.state {
            MessageState::Sent | MessageState::Received => Ok(Some(Sent { id, conversation, seq: message.seq })),
            MessageState::Failed(failure) => Err(failure.into()),
            MessageState::Held(failure) => Err(Stop::held(failure)),
            MessageState::Waiting => Ok(None),
        };
    }
    Ok(None)
}

async fn everywhere(session: &mut Session) -> Outcome<Vec<ConversationId>> {
    let mut places = Vec::new();
    for command in [Command::Conversations, Command::Requests] {
        match session.ask(command).await? {
            Reply::Conversations(all) => places.extend(all.into_iter().map(|ConversationView { id, .. }| id)),
            other => return Err(Stop::unexpected(&other)),
        }
    }
    Ok(places)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_input_is_taken_as_it_is_but_for_the_end_of_its_last_line() {
        for text in ["a", " a \n", "\u{0}\u{1b}\u{202e}", &"é".repeat(limits::MESSAGE_TEXT / 2)] {
            assert_eq!(from_input(format!("{text}\n").as_bytes()).unwrap(), text);
        }
        assert_eq!(from_input("no end".as_bytes()).unwrap(), "no end");
    }

    #[test]
    fn nothing_too_much_and_what_is_no_text_is_refused() {
        let refused = |bytes: &[u8]| from_input(bytes).unwrap_err().line("send").unwrap();
        assert!(refused(b"").ends_with("[invalid]"));
        assert!(refused(&vec![b'x'; limits::MESSAGE_TEXT + 1]).ends_with("[too-large]"));
        assert!(refused(b"\xff\xfe").ends_with("[invalid]"));
    }
}
