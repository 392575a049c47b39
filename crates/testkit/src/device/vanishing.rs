//! What people do with messages that do not stay.

use huis_proto::MessageId;
use huis_views::{Command, CountedFrom, Failure, MessageView, Reply, Send, Sent, VanishTimer};

use super::Device;
use super::saying::target;

impl Device {
    /// Has what is said in a place vanish after so many seconds.
    pub async fn sets_timer(&self, place: &str, after_s: u64, from: CountedFrom) {
        let set = self.tries_to_set_timer(place, Some(VanishTimer { after_s, from })).await;
        set.unwrap_or_else(|failure| panic!("{self:?} cannot set a timer: {failure:?}"));
    }

    /// Has what is said in a place stay.
    pub async fn sets_no_timer(&self, place: &str) {
        let set = self.tries_to_set_timer(place, None).await;
        set.unwrap_or_else(|failure| panic!("{self:?} cannot take the timer away: {failure:?}"));
    }

    /// As [`sets_timer`](Self::sets_timer).
    ///
    /// # Errors
    /// What the engine says.
    pub async fn tries_to_set_timer(&self, place: &str, timer: Option<VanishTimer>) -> Result<(), Failure> {
        self.tries(Command::SetTimer { target: target(place), timer }).await.map(drop)
    }

    /// Waits until a place has a timer of so many seconds, or none.
    pub async fn has_timer(&self, place: &str, after_s: Option<u64>) {
        self.until(&format!("the timer of {place} is {after_s:?}"), async || {
            self.looks_at(place).await.is_some_and(|view| view.timer.map(|timer| timer.after_s) == after_s)
        })
        .await;
    }

    /// Says something that can be opened once.
    pub async fn says_once(&self, to: &str, text: &str) -> Sent {
        let send = Send { to: target(to), text: text.into(), reply_to: None, view_once: true, wait: true };
        match self.command(Command::Send(send)).await {
            Reply::Sent(sent) => sent,
            other => panic!("{other:?}"),
        }
    }

    /// Opens a message that can be opened once.
    pub async fn opens_once(&self, message: MessageId) -> MessageView {
        self.tries_to_open_once(message).await.unwrap_or_else(|failure| panic!("{self:?} cannot open it: {failure:?}"))
    }

    /// As [`opens_once`](Self::opens_once).
    ///
    /// # Errors
    /// What the engine says.
    pub async fn tries_to_open_once(&self, message: MessageId) -> Result<MessageView, Failure> {
        match self.tries(Command::OpenOnce { message }).await? {
            Reply::Message(view) => Ok(*view),
            other => panic!("{other:?}"),
        }
    }

    /// Marks everything in a place as read.
    pub async fn reads_all(&self, place: &str) {
        let newest = self.messages(place).await.last().map_or(0, |message| message.position);
        let conversation = self.id_of(place).await;
        self.command(Command::MarkRead { conversation, up_to: newest }).await;
    }

    /// Waits until a message is not here any more.
    pub async fn has_lost(&self, message: MessageId) {
        self.until("it is gone", async || self.looks_up(message).await.is_none()).await;
    }
}
