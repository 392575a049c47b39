//! Two people and what they say: their profiles are made by the program itself, and filled by its engine in this
//! process, over the server.

use std::path::{Path, PathBuf};
use std::process::{Command as Process, Stdio};
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use huis_engine::{Config, DatabaseKey, Events, Handle, native};
use huis_proto::ConversationId;
use huis_views::{Command, Event, Reply, RequestAnswer, Send, Target};

use crate::PASSPHRASE;

/// Sayings that are under way at the same time.
const AT_ONCE: usize = 64;
/// Messages after which the reader has read them all and says something.
const ROUND: u32 = 1000;
/// Of each round the reader says every so manieth message.
const ANSWERS: u32 = 10;
/// For one answer of an engine, or one message of the other.
const PATIENCE: Duration = Duration::from_secs(120);
const PASSWORD: &str = "nobody needs to remember this";
/// Stands before a message's number.
const NUMBER: &str = "number ";

/// A person with a profile.
pub(super) struct Person {
    name: &'static str,
    folder: PathBuf,
}

/// A person's engine, while it runs in this process.
struct Device {
    handle: Handle,
    events: Events,
    thread: native::Thread,
}

/// The message of this number: a line that fits a line of the timeline, and is cut in a list of conversations.
pub(super) fn text(number: u32) -> String {
    format!("A line as people write it where they talk for years, {NUMBER}{number}.")
}

/// The numbers of the messages on a screen, from the top.
pub(super) fn numbers(screen: &str) -> Vec<u32> {
    let number = |behind: &str| behind.split_once('.').and_then(|(number, _)| number.parse().ok());
    screen.split(NUMBER).skip(1).filter_map(number).collect()
}

impl Person {
    /// A fresh account at a server, with a profile below `folder`.
    pub(super) fn register(program: &Path, folder: &Path, name: &'static str, url: &str) -> anyhow::Result<Self> {
        let person = Self { name, folder: folder.join(name) };
        let output = person
            .program(program)
            .args(["register", name, "--server", url, "--json"])
            .env("HUIS_PASSWORD", PASSWORD)
            .env("HUIS_ACCESS_PASSPHRASE", PASSPHRASE)
            .stdin(Stdio::null())
            .output()
            .with_context(|| format!("cannot start {}", program.display()))?;
        ensure!(output.status.success(), "{name} was not registered: {}", String::from_utf8_lossy(&output.stderr));
        Ok(person)
    }

    /// The program on this person's profile, away from what is set where this runs.
    pub(super) fn program(&self, program: &Path) -> Process {
        let mut command = Process::new(program);
        for (name, _) in std::env::vars_os() {
            if name.to_str().is_some_and(|name| name.starts_with("HUIS_")) {
                command.env_remove(name);
            }
        }
        command.env("HUIS_PROFILE", &self.folder);
        command
    }

    /// The profile's database.
    pub(super) fn database(&self) -> PathBuf {
        self.folder.join("huis.db")
    }

    fn engine(&self) -> anyhow::Result<Device> {
        let config = Config::new(self.database(), key(&self.folder.join("key"))?);
        let (handle, events, thread) = native::start(config, self.folder.join("server.pin"))?;
        Ok(Device { handle, events, thread })
    }
}

/// The database's key, from the profile's file for it.
fn key(file: &Path) -> anyhow::Result<DatabaseKey> {
    let text = std::fs::read_to_string(file)?;
    let digits = text.trim().strip_prefix("huis-key-1 ").context("an unknown form of the key's file")?;
    let mut key = [0; 32];
    ensure!(digits.len() == 2 * key.len() && digits.is_ascii(), "the key's file holds no key");
    for (byte, at) in key.iter_mut().zip((0..).step_by(2)) {
        *byte = u8::from_str_radix(&digits[at..at + 2], 16)?;
    }
    Ok(DatabaseKey::from_bytes(key))
}

/// Has `writer` and `reader` say `count` messages, numbered from 1. Both profiles hold them all afterwards, and the
/// reader has read them.
pub(super) async fn talk(writer: &Person, reader: &Person, count: u32) -> anyhow::Result<()> {
    let (mut one, mut other) = (writer.engine()?, reader.engine()?);
    let conversation = one.says(Target::Account(reader.name.into()), 1).await?;
    other.hears(conversation, 1).await?;
    other.does(Command::AnswerRequest { target: Target::Id(conversation), answer: RequestAnswer::Accept }).await?;
    let mut said = 1;
    while said < count {
        let round = ROUND.min(count - said);
        let answers = round / ANSWERS;
        let (heard, all) = (said + round - answers, said + round);
        one.says_all(conversation, said + 1, heard).await?;
        let position = other.hears(conversation, heard).await?;
        other.does(Command::MarkRead { conversation, up_to: position }).await?;
        other.says_all(conversation, heard + 1, all).await?;
        if all > heard {
            one.hears(conversation, all).await?;
        }
        said = all;
        if said % (10 * ROUND) <= ROUND {
            eprintln!("{said} messages");
        }
    }
    one.stops().await?;
    other.stops().await
}

impl Device {
    async fn does(&self, command: Command) -> anyhow::Result<Reply> {
        Ok(tokio::time::timeout(PATIENCE, self.handle.command(command))
            .await
            .context("an engine does not answer")??)
    }

    /// Says the message of this number, and waits until the server has it. Gives the conversation.
    async fn says(&self, to: Target, number: u32) -> anyhow::Result<ConversationId> {
        let wish = Send { to, text: text(number), reply_to: None, wait: true };
        match self.does(Command::Send(wish)).await? {
            Reply::Sent(sent) => Ok(sent.conversation),
            _ => bail!("a message was not sent"),
        }
    }

    /// Says the messages of these numbers, many at a time and in order.
    async fn says_all(&self, conversation: ConversationId, first: u32, last: u32) -> anyhow::Result<()> {
        let sayings = stream::iter(first..=last).map(|number| self.says(Target::Id(conversation), number));
        sayings.buffered(AT_ONCE).try_for_each(|_| std::future::ready(Ok(()))).await
    }

    /// Waits until the message of this number is the newest one. Gives its position.
    async fn hears(&mut self, conversation: ConversationId, number: u32) -> anyhow::Result<u64> {
        let wanted = text(number);
        loop {
            let newest = Command::Messages { conversation, before: None, most: 1 };
            if let Reply::Messages(newest) = self.does(newest).await?
                && let Some(newest) = newest.first()
                && newest.text == wanted
            {
                return Ok(newest.position);
            }
            let event = tokio::time::timeout(PATIENCE, self.events.next()).await;
            if let Event::Stopped { .. } = event.with_context(|| format!("message {number} does not come"))? {
                bail!("an engine ended");
            }
        }
    }

    async fn stops(self) -> anyhow::Result<()> {
        self.does(Command::Lock).await?;
        drop(self.handle);
        self.thread.join();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_on_a_screen_are_those_of_the_messages_that_stand_there_whole() {
        let screen = format!("│ reader  │ {}\n│ A line… │ {}\n│ number 7", text(98), text(99));
        assert_eq!(numbers(&screen), [98, 99]);
        assert_eq!(numbers("nothing"), Vec::<u32>::new());
    }
}
