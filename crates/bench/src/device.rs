//! The engine of a profile, run in this process.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use huis_engine::{Config, DatabaseKey, Events, Handle, native};
use huis_proto::ConversationId;
use huis_views::{Command, Event, Reply, Send, Target};

/// Sayings that are under way at the same time.
const AT_ONCE: usize = 64;
/// For one answer of an engine, or one message of another one.
const PATIENCE: Duration = Duration::from_secs(120);

/// An engine, while it runs in this process.
pub(crate) struct Device {
    handle: Handle,
    events: Events,
    thread: native::Thread,
}

/// The database of the profile in this folder.
pub(crate) fn database(profile: &Path) -> PathBuf {
    profile.join("huis.db")
}

impl Device {
    /// Starts the engine of the profile in this folder.
    pub(crate) fn open(profile: &Path) -> anyhow::Result<Self> {
        let config = Config::new(database(profile), key(&profile.join("key"))?);
        let (handle, events, thread) = native::start(config, profile.join("server.pin"))?;
        Ok(Self { handle, events, thread })
    }

    pub(crate) async fn does(&self, command: Command) -> anyhow::Result<Reply> {
        Ok(tokio::time::timeout(PATIENCE, self.handle.command(command))
            .await
            .context("an engine does not answer")??)
    }

    /// Says something, and waits until the server has it. Gives the conversation.
    pub(crate) async fn says(&self, to: Target, text: String) -> anyhow::Result<ConversationId> {
        let wish = Send { to, text, reply_to: None, view_once: false, wait: true };
        match self.does(Command::Send(wish)).await? {
            Reply::Sent(sent) => Ok(sent.conversation),
            _ => bail!("a message was not sent"),
        }
    }

    /// Says all of this, many at a time and in order.
    pub(crate) async fn says_all(
        &self,
        conversation: ConversationId,
        texts: impl Iterator<Item = String>,
    ) -> anyhow::Result<()> {
        let sayings = stream::iter(texts).map(|text| self.says(Target::Id(conversation), text));
        sayings.buffered(AT_ONCE).try_for_each(|_| std::future::ready(Ok(()))).await
    }

    /// Waits until the newest message says this. Gives its position.
    pub(crate) async fn hears(&mut self, conversation: ConversationId, wanted: &str) -> anyhow::Result<u64> {
        loop {
            let newest = Command::Messages { conversation, before: None, most: 1 };
            if let Reply::Messages(newest) = self.does(newest).await?
                && let Some(newest) = newest.first()
                && newest.text == wanted
            {
                return Ok(newest.position);
            }
            let event = tokio::time::timeout(PATIENCE, self.events.next()).await;
            if let Event::Stopped { .. } = event.with_context(|| format!("“{wanted}” does not come"))? {
                bail!("an engine ended");
            }
        }
    }

    pub(crate) async fn stops(self) -> anyhow::Result<()> {
        self.does(Command::Lock).await?;
        drop(self.handle);
        self.thread.join();
        Ok(())
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
