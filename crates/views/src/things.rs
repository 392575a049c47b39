//! The things that a face shows.

use huis_proto::rest::Secret;
use huis_proto::{AccountId, Bytes, ConversationId, ConversationKind, DeviceId, MessageId, SessionId};
use serde::{Deserialize, Serialize};

use crate::{Connection, Failure, FileView, LockState, LockView, Named, Wish};

/// Who is signed in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    /// The account.
    pub account: AccountId,
    /// The username in its one form.
    pub username: String,
    /// This device.
    pub device: DeviceId,
    /// The server.
    pub server: String,
    /// The identity key, in hexadecimal.
    pub identity_key: String,
}

/// How the engine is doing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// The way to the server.
    pub connection: Connection,
    /// Whether everything that waited at the server when the connection began is here.
    pub caught_up: bool,
    /// How many messages and changes of groups wait to be sent.
    pub waiting: u32,
    /// How many of one's own messages are among them.
    #[serde(default)]
    pub unsent: u32,
    /// How many are held back besides, until a person has decided about an identity key.
    #[serde(default)]
    pub held: u32,
    /// Conversations that this device is about to join.
    pub joining: u32,
    /// Whether the time of a locked message has come, and the server is about to be asked for its share.
    #[serde(default)]
    pub opening: bool,
    /// How far the history archive is restored here, while it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restoring: Option<HistoryProgress>,
    /// Why there is no connection before somebody does something about it: the server's certificate is another one,
    /// client and server are of versions that do not understand each other, or the device's address is banned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hindrance: Option<Failure>,
}

impl ConversationView {
    /// Whether a person is called for a message that came at this time, in milliseconds since 1970.
    pub fn calls_for(&self, message: &MessageView, now_ms: u64) -> bool {
        let wished = match self.notifications {
            NotificationLevel::All => true,
            NotificationLevel::Mentions => message.mentions_me,
            NotificationLevel::None => false,
        };
        wished && !message.own && message.deleted_by.is_none() && !self.muted.holds_at(now_ms)
    }
}

/// A message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageView {
    /// Its id, the same on all devices.
    pub id: MessageId,
    /// Its place in this device's own order; grows with each message.
    pub position: u64,
    /// Where it was said.
    pub conversation: ConversationId,
    /// The name of the conversation, as [`ConversationView::name`].
    pub conversation_name: String,
    /// The author.
    pub from: Named,
    /// The author's device.
    pub device: DeviceId,
    /// Whether it is one's own, from whichever device.
    pub own: bool,
    /// When the author says it was sent, in milliseconds since 1970.
    pub sent_at_ms: u64,
    /// When the server got it, in milliseconds since 1970; none while it waits to be sent.
    pub received_at_ms: Option<u64>,
    /// Its place in the conversation's log; none while it waits to be sent.
    pub seq: Option<u64>,
    /// `text`, `file`, `timed` for what is locked, or a kind that this version stores but cannot show.
    pub kind: String,
    /// The text, or what is said with files; empty for a kind that this version cannot show.
    pub text: String,
    /// Whether the conversation is a request that nobody answered.
    pub request: bool,
    /// Whether the author's device stood in its account's newest list of devices when the message came.
    pub author_listed: bool,
    /// How far it got.
    pub state: MessageState,
    /// The message that it answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<QuoteView>,
    /// Whether it was said elsewhere first.
    #[serde(default)]
    pub forwarded: bool,
    /// Whom it names with `@`, of those who are in the conversation.
    #[serde(default)]
    pub mentions: Vec<Named>,
    /// Whether it names oneself, or answers a message of one's own.
    #[serde(default)]
    pub mentions_me: bool,
    /// When the text was last changed, in milliseconds since 1970 by the server's clock; `text` is the changed one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edited_at_ms: Option<u64>,
    /// Who took it back; `text` is empty then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleted_by: Option<Named>,
    /// Whether it is pinned.
    #[serde(default)]
    pub pinned: bool,
    /// The reactions to it, the one that most gave first.
    #[serde(default)]
    pub reactions: Vec<ReactionView>,
    /// How many of the others have got, and have read, a message of one's own; none where nobody says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receipts: Option<ReceiptCounts>,
    /// The files that it brings.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<FileView>,
    /// When it opens or has opened, where it was sent to open later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lock: Option<LockView>,
    /// How long it stays; none: for good. What is locked does not say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vanishes: Option<VanishTimer>,
    /// When it is gone, in milliseconds since 1970; none while its time does not run yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vanishes_at_ms: Option<u64>,
    /// Whether it is opened once ([`Command::OpenOnce`](crate::Command::OpenOnce)), and then gone: until then, and for who
    /// wrote it, text and files are empty. What is locked does not say it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub view_once: bool,
}

impl MessageView {
    /// The lock, while it is locked.
    pub fn waiting_lock(&self) -> Option<&LockView> {
        self.lock.as_ref().filter(|lock| lock.state == LockState::Waiting)
    }

    /// Whether what it says is closed: it is opened once, and is not open here.
    pub fn is_closed(&self) -> bool {
        self.view_once && self.text.is_empty() && self.files.is_empty()
    }
}

/// After how long messages vanish.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct VanishTimer {
    /// So many seconds, 30 to a year.
    pub after_s: u64,
    /// Since when.
    pub from: CountedFrom,
}

/// Since when a timer counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CountedFrom {
    /// Since the message was read; for who wrote it, since it was sent.
    #[default]
    Reading,
    /// Since it was sent.
    Sending,
}

/// A message that another one answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuoteView {
    /// The message.
    pub message: MessageId,
    /// Its author.
    pub from: Named,
    /// Its beginning, as it stands here now, or as the answer quotes it where it is not here; empty if it was deleted.
    pub text: String,
    /// Whether the message itself is here, so that one can go to it.
    pub here: bool,
    /// Whether it was deleted.
    pub deleted: bool,
}

/// A reaction to a message, with all who gave it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReactionView {
    /// The emoji.
    pub emoji: String,
    /// Who, the first one first.
    pub from: Vec<Named>,
    /// Whether oneself is among them.
    pub own: bool,
}

/// How far a message of one's own got with the others.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceiptCounts {
    /// How many others there are in the conversation.
    pub others: u32,
    /// How many have got it (who has read it is among them).
    pub delivered: u32,
    /// How many have read it.
    pub read: u32,
}

/// How far a message got.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MessageState {
    /// It came from somebody else, or from another device of one's own.
    Received,
    /// Stored here; it goes out by itself.
    Waiting,
    /// Stored here, and held back until a person decides something: it goes out then. What, the failure says; today it is
    /// [`Failure::IdentityChanged`] alone.
    Held(Failure),
    /// The server has it on disk.
    Sent,
    /// It was not and will not be sent, unless it is tried again.
    Failed(Failure),
}

/// A conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConversationView {
    /// The conversation.
    pub id: ConversationId,
    /// Its kind.
    pub kind: ConversationKind,
    /// How to call it: `@name`, `#title`, or its id.
    pub name: String,
    /// The title or the room's name, where there is one.
    pub title: Option<String>,
    /// The accounts in it, oneself among them.
    pub accounts: Vec<Named>,
    /// Where this device stands.
    pub state: ConversationState,
    /// Whether it is a request that nobody answered.
    pub request: bool,
    /// When its newest message was received, in milliseconds since 1970; 0 if there is none.
    pub newest_ms: u64,
    /// How many messages of others are not read; more than 10,000 are not counted.
    pub unread: u32,
    /// How many of them name oneself or answer oneself.
    #[serde(default)]
    pub mentions: u32,
    /// The position of the newest message that was read.
    #[serde(default)]
    pub read_up_to: u64,
    /// What it is about, where somebody said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topic: Option<String>,
    /// After how long what is said from here on vanishes; none: it stays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timer: Option<VanishTimer>,
    /// What this account may do here; none while it is no member.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<MemberRole>,
    /// The newest message, cut to a line's length.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub newest: Option<MessagePreview>,
    /// What is announced.
    #[serde(default)]
    pub notifications: NotificationLevel,
    /// Until when nothing is announced.
    #[serde(default)]
    pub muted: Muted,
    /// Whether it was put aside.
    #[serde(default)]
    pub archived: bool,
    /// Whether it is kept at the top of the list.
    #[serde(default)]
    pub favourite: bool,
    /// What is being written here.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub draft: String,
    /// What is wished of it.
    #[serde(default)]
    pub draft_wish: Wish,
    /// Who is writing at this moment.
    #[serde(default)]
    pub typing: Vec<Named>,
    /// Who of the others is there at this moment, as far as they let one know.
    #[serde(default)]
    pub here: Vec<AccountId>,
    /// How many messages are pinned.
    #[serde(default)]
    pub pins: u32,
    /// Whether the others are whom one takes them for.
    #[serde(default)]
    pub trust: Trust,
    /// Whose identity key changed, where [`trust`](Self::trust) says that one did: one of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed: Option<Named>,
}

/// A message cut to a line's length.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessagePreview {
    /// The author.
    pub from: Named,
    /// Whether it is one's own.
    pub own: bool,
    /// The first line of the text, at most 120 characters, or a paper clip and a file's name; empty if it was deleted or
    /// cannot be shown.
    pub text: String,
    /// Whether it was deleted.
    pub deleted: bool,
    /// Whether it is opened once; `text` is empty then.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub view_once: bool,
    /// Whether it waits for its time; `text` is empty then.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub locked: bool,
}

/// For which messages a person is called.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NotificationLevel {
    /// For each.
    #[default]
    All,
    /// For those that name or answer oneself.
    Mentions,
    /// For none.
    None,
}

/// Until when a conversation is quiet.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Muted {
    /// It is not.
    #[default]
    No,
    /// Until then, in milliseconds since 1970.
    Until(u64),
    /// Until that is undone.
    ForEver,
}

impl Muted {
    /// Whether nothing is announced at this time, in milliseconds since 1970.
    pub fn holds_at(self, now_ms: u64) -> bool {
        match self {
            Self::No => false,
            Self::Until(until_ms) => now_ms < until_ms,
            Self::ForEver => true,
        }
    }
}

/// Whether the others in a conversation are whom one takes them for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Trust {
    /// Their identity keys were pinned when they were first seen, and not compared by all.
    #[default]
    NotYet,
    /// The safety number of each was compared.
    Verified,
    /// The identity key of one changed, and nobody accepted that.
    Changed,
    /// As `Changed`, and the safety number with that one had been compared: the mark is broken, and what is written waits.
    /// An open room, which goes on where the key before has signed the account over, is `Changed` then.
    Broken,
}

impl Trust {
    /// Whether an identity key changed that nobody accepted.
    pub fn is_changed(self) -> bool {
        matches!(self, Self::Changed | Self::Broken)
    }
}

/// What one shows of oneself.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CardView {
    /// A name as a person writes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// A line about oneself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<String>,
    /// A picture: PNG, JPEG or WebP.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub picture: Option<Bytes>,
}

/// What others learn of one's reading and writing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preferences {
    /// Whether read receipts are sent.
    pub read_receipts: bool,
    /// Whether others see that one is there or writing; whoever does not say it does not see it of others either.
    pub presence: bool,
}

impl Default for Preferences {
    fn default() -> Self {
        Self { read_receipts: true, presence: true }
    }
}

/// How the account's history archive stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryView {
    /// Whether there is one.
    pub on: bool,
    /// Of how many segments it consists, as far as this device knows.
    pub segments: u32,
    /// What they take at the server, in bytes.
    pub bytes: u64,
    /// How far it is restored on this device, while it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restoring: Option<HistoryProgress>,
}

/// How far a history archive is restored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryProgress {
    /// Segments that are here.
    pub done: u32,
    /// All that are to be.
    pub all: u32,
}

/// Where this device stands in a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ConversationState {
    /// It is being created or joined.
    Joining,
    /// This device is a member.
    Joined,
    /// It is being joined anew.
    Repairing,
    /// Not joined: its members differ from those that the account knew, and a person decides.
    Held,
    /// Left, or removed from it.
    Left,
}

/// A member of a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberView {
    /// The account.
    pub account: Named,
    /// Its role.
    pub role: MemberRole,
    /// Its devices in the conversation.
    pub devices: Vec<DeviceId>,
    /// Whether its safety number was compared, and no other identity key came since.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub verified: bool,
    /// Whether somebody is there at one of them at this moment, as far as they let one know.
    #[serde(default)]
    pub here: bool,
}

/// What an account may do in a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MemberRole {
    /// Speaks.
    Member,
    /// Invites, and removes members.
    Admin,
    /// Gives roles, and removes anybody.
    Owner,
}

/// A device of one's own account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceView {
    /// The device.
    pub device: DeviceId,
    /// What it calls itself, by its program and system, where it has said so to the account's devices: at most 64 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// When it was added, in milliseconds since 1970 by the clock of who added it; 0 if not known here.
    pub added_at_ms: u64,
    /// Whether it is this device.
    pub current: bool,
    /// When its session was last used, in milliseconds since 1970; none if it has no session.
    pub used_at_ms: Option<u64>,
    /// Its sessions, the oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sessions: Vec<SessionView>,
}

/// A session of a device of one's own account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionView {
    /// The session.
    pub session: SessionId,
    /// When it began, in milliseconds since 1970.
    pub began_at_ms: u64,
    /// When it was last used, in milliseconds since 1970, to the minute.
    pub used_at_ms: u64,
    /// Whether it is the one of this device.
    pub current: bool,
}

/// What is known of an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContactView {
    /// The account.
    pub account: Named,
    /// 60 digits, the same on both sides, to be compared by two people.
    pub safety_number: String,
    /// Whether they were compared, and no other identity key came since.
    pub verified: bool,
    /// When that was, and how, where they were compared, also where another identity key came since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compared: Option<Compared>,
    /// Whether the server shows another identity key than the pinned one.
    pub identity_changed: bool,
    /// Whether there is another identity key than the one that was compared: what was verified is not any more.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub broken: bool,
    /// Whether the account is blocked here.
    pub blocked: bool,
    /// Its devices.
    pub devices: Vec<DeviceId>,
    /// What it showed of itself to this account.
    #[serde(default)]
    pub card: CardView,
    /// Whether somebody is there at this moment, as far as they let one know.
    #[serde(default)]
    pub here: bool,
}

/// That a person compared the safety number with somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Compared {
    /// When, in milliseconds since 1970.
    pub at_ms: u64,
    /// Whether the code was scanned; otherwise the digits were compared.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub scanned: bool,
}

/// What the other one scans to compare a safety number: text, and the QR code that holds it (ISO/IEC 18004).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SafetyCode {
    /// The text: `HUIS:` and 156 capital letters and digits. Nothing in it is secret.
    pub text: String,
    /// The modules of each line from the top, `1` for a dark one: a square without the quiet zone, four modules wide, that
    /// belongs around it.
    pub lines: Vec<String>,
}

/// A QR code (ISO/IEC 18004) that holds a secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecretCode {
    /// The modules of each line, as in [`SafetyCode::lines`].
    pub lines: Vec<Secret>,
}

/// A second factor that does not count yet: what an authenticator takes, in three forms.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecondFactorBegun {
    /// To be typed: base 32 (RFC 4648).
    pub secret: Secret,
    /// An address of the kind `otpauth://`.
    pub address: Secret,
    /// The QR code that holds the address.
    pub code: SecretCode,
    /// For [`FinishSecondFactor`](crate::FinishSecondFactor).
    pub ticket: Secret,
    /// For [`FinishSecondFactor`](crate::FinishSecondFactor).
    pub state: Bytes,
}

/// Who has got or read a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceiptView {
    /// Who.
    pub account: Named,
    /// Whether it was read; otherwise it was delivered.
    pub read: bool,
    /// When the receipt came, in milliseconds since 1970 by the server's clock.
    pub at_ms: u64,
}

impl ReceiptView {
    /// How far a message came with each person: where somebody has read it, nothing of its having been delivered before.
    pub fn furthest(receipts: &[Self]) -> impl Iterator<Item = &Self> {
        let is_read = |account| receipts.iter().any(|other| other.read && other.account.account == account);
        receipts.iter().filter(move |receipt| receipt.read || !is_read(receipt.account.account))
    }
}

/// A message that a search found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    /// The message.
    pub message: MessageView,
    /// Where the words stand in the text: begin and end, in bytes of UTF-8, in order.
    pub highlights: Vec<(u32, u32)>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_inside_a_view_comes_back_from_json() {
        let state = MessageState::Failed(Failure::Unsent { count: 3 });
        let text = serde_json::to_string(&state).unwrap();
        assert_eq!(text, r#"{"failed":{"unsent":{"count":3}}}"#);
        assert_eq!(serde_json::from_str::<MessageState>(&text).unwrap(), state);
    }

    #[test]
    fn of_each_person_the_furthest_receipt_is_kept() {
        let receipt = |account: u8, read, at_ms| ReceiptView {
            account: Named { account: AccountId::from_bytes([account; 16]), name: None, card_name: None },
            read,
            at_ms,
        };
        let receipts = [receipt(1, false, 1), receipt(2, false, 2), receipt(1, true, 3)];
        let kept: Vec<_> = ReceiptView::furthest(&receipts).map(|receipt| receipt.at_ms).collect();
        assert_eq!(kept, [2, 3]);
    }
}
