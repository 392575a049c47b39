//! What a face asks for.

use huis_proto::rest::{Admission, PushSubscription, Secret};
use huis_proto::{AccountId, Bytes, ConversationId, DeviceId, InvitationId, MessageId, ReportId, SessionId};
use serde::{Deserialize, Serialize};

use crate::{
    FetchFile, LockTrust, MakeReport, MemberRole, Muted, NotificationLevel, Preferences, ReadFile, SendFiles, Target,
    VanishTimer, Wish,
};

/// What is sent to be opened later.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ToSend {
    /// A text.
    Text(Send),
    /// Files.
    Files(SendFiles),
}

/// What a face asks of the engine. Each command has one answer: the [`Reply`](crate::Reply) named in its description, or a
/// [`Failure`](crate::Failure).
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Command {
    /// Makes an account and its first device, or goes on where that was cut off. Answer: [`Reply::Registered`].
    Register(Register),
    /// Makes this a device of an existing account, by its password alone. Answer: [`Reply::SignedIn`].
    SignIn(SignIn),
    /// Sets a new password where the old one is forgotten, which ends every session of the account, and makes this a
    /// device of it. Answer: [`Reply::SignedIn`].
    Recover(Recover),
    /// Sets a new password in place of the old one. Answer: [`Reply::PasswordChanged`].
    ChangePassword(ChangePassword),
    /// Puts another identity key, and other secrets, in the place of those that somebody else may have, and sets a new
    /// password. All other devices are off the account by it. Answer: [`Reply::IdentityRenewed`].
    RenewIdentity(RenewIdentity),
    /// Puts another recovery key in the place of the one before, which opens nothing any more from then on; or gives the one
    /// of an earlier command that nobody saw. Answer: [`Reply::RecoveryKeyChanged`].
    ChangeRecoveryKey(ChangeRecoveryKey),
    /// A person has seen this recovery key, which [`Reply::Registered`], [`Reply::RecoveryKeyChanged`] or
    /// [`Reply::IdentityRenewed`] gave: it is kept no longer. Until then the same command gives it again. Answer: [`Reply::Done`].
    RecoveryKeyShown {
        /// The one that was shown; another one is kept.
        recovery_key: Secret,
    },
    /// Does something that opens the account, with a code of its second factor: six digits of the authenticator, or a recovery
    /// code. For ten minutes from then on no other one is asked for here. Answer: that of the command.
    WithSecondFactor {
        /// The code as it was typed.
        code: Secret,
        /// What is to be done.
        command: Box<Command>,
    },
    /// Begins a second factor, which does not count yet. Answer: [`Reply::SecondFactorBegun`].
    BeginSecondFactor {
        /// The account's password; it never leaves this device.
        password: Secret,
    },
    /// Has it count, by a code that the authenticator shows. Answer: [`Reply::RecoveryCodes`].
    FinishSecondFactor(FinishSecondFactor),
    /// Whether the account has a second factor. Answer: [`Reply::SecondFactor`].
    SecondFactor,
    /// Makes other recovery codes in place of those that are left. Answer: [`Reply::RecoveryCodes`].
    RenewRecoveryCodes {
        /// The account's password; it never leaves this device.
        password: Secret,
    },
    /// Takes the second factor off the account. Answer: [`Reply::Done`].
    DisableSecondFactor {
        /// The account's password; it never leaves this device.
        password: Secret,
    },
    /// Asks the server whether this is the account's password. Answer: [`Reply::Done`].
    CheckPassword {
        /// The password; it never leaves this device.
        password: Secret,
    },
    /// Takes this device off the account, ends its session and empties the database. Answer: [`Reply::SignedOut`].
    SignOut(SignOut),
    /// Closes database and connection and stops the engine, leaving everything where it is. Answer: [`Reply::Done`].
    Lock,
    /// Who is signed in here; [`Failure::RegistrationCutOff`](crate::Failure::RegistrationCutOff) where nobody is, and an
    /// account may have been made. Answer: [`Reply::Profile`].
    WhoAmI,
    /// How the engine is doing. Answer: [`Reply::Status`].
    Status,

    /// Says something in a conversation; a first word to a name opens the conversation, and answering a request
    /// accepts it. Answer: [`Reply::Sent`].
    Send(Send),
    /// Sends files. They are sealed and uploaded one piece after another; the message goes out when all are at the server, and
    /// what is said meanwhile does not wait for it. Answer, once it is stored here: [`Reply::Sent`].
    SendFiles(SendFiles),
    /// Sends a text or files that nobody but this device can read before this time, by the server's clock. Answer, once it is
    /// stored here, or with [`Send::wait`] sent: [`Reply::Sent`].
    SendTimed {
        /// What.
        what: ToSend,
        /// When it opens, in milliseconds since 1970.
        unlocks_at_ms: u64,
        /// Who keeps the key until then.
        #[serde(default)]
        trust: LockTrust,
    },
    /// Takes a locked message of one's own back before it opens. Answer: [`Reply::Done`].
    WithdrawTimed {
        /// The message.
        message: MessageId,
    },
    /// The messages that are locked, the next one to open first; behind them those that were, the newest first. Answer:
    /// [`Reply::Messages`].
    TimeLocks {
        /// At most this many; 1,000 are given in any case at most.
        most: u32,
    },
    /// Fetches a file that a message brings; what is fetched already, or on its way to the same folder, is not fetched again.
    /// Of a request that nobody answered nothing is fetched. Answer, once it is begun: [`Reply::Transfer`].
    FetchFile(FetchFile),
    /// Reads a part of a file that a message brings, to look at it where it is; it is kept nowhere. Of a request that nobody
    /// answered nothing is read. Answer: [`Reply::FileBytes`].
    ReadFile(ReadFile),
    /// What is on its way, has failed, or was fetched; the oldest first. Answer: [`Reply::Transfers`].
    Transfers,
    /// Stops a transfer where it is, until it is resumed. Answer: [`Reply::Done`].
    PauseTransfer {
        /// Which one.
        transfer: u64,
    },
    /// Goes on with a transfer that was paused or failed. Answer: [`Reply::Done`].
    ResumeTransfer {
        /// Which one.
        transfer: u64,
    },
    /// Forgets a transfer and what is there of it; with an upload also the message that waits for it. Answer:
    /// [`Reply::Done`].
    CancelTransfer {
        /// Which one.
        transfer: u64,
    },
    /// The messages that bring files, the newest ones, oldest first. Answer: [`Reply::Messages`].
    Files {
        /// Where; none for everywhere.
        conversation: Option<ConversationId>,
        /// Only messages at a position before this one.
        before: Option<u64>,
        /// At most this many; 1,000 are given in any case at most.
        most: u32,
    },
    /// Sends a message that failed once more, under the same id. Answer: [`Reply::Done`].
    Retry {
        /// The message.
        message: MessageId,
    },
    /// Forgets a message that failed or still waits. Answer: [`Reply::Done`].
    Discard {
        /// The message.
        message: MessageId,
    },
    /// The messages of others that were never marked as printed, oldest first. Answer: [`Reply::Messages`].
    Unprinted {
        /// At most this many; 1,000 are given in any case at most.
        most: u32,
    },
    /// Marks messages as printed, for good. Answer: [`Reply::Done`].
    MarkPrinted {
        /// The `position`s of the messages.
        positions: Vec<u64>,
    },
    /// Messages of a conversation, the newest ones, oldest first. Answer: [`Reply::Messages`].
    Messages {
        /// The conversation.
        conversation: ConversationId,
        /// Only messages at a position before this one.
        before: Option<u64>,
        /// At most this many; 1,000 are given in any case at most.
        most: u32,
    },
    /// Marks everything up to a position as read; a read receipt goes out unless the conversation is an unanswered
    /// request. Answer: [`Reply::Done`].
    MarkRead {
        /// The conversation.
        conversation: ConversationId,
        /// The position of the newest message that was read.
        up_to: u64,
    },
    /// Messages of a conversation after a position, oldest first. Answer: [`Reply::Messages`].
    MessagesAfter {
        /// The conversation.
        conversation: ConversationId,
        /// Only messages at a position after this one.
        after: u64,
        /// At most this many; 1,000 are given in any case at most.
        most: u32,
    },
    /// One message. Answer: [`Reply::Message`].
    Message {
        /// The message.
        message: MessageId,
    },
    /// The messages that are pinned in a conversation, the one that was pinned last first. Answer: [`Reply::Messages`].
    PinnedMessages {
        /// The conversation.
        conversation: ConversationId,
    },
    /// Reacts to, edits, deletes or pins a message that was said. Answer: [`Reply::Sent`].
    Annotate(Annotate),
    /// Says in another conversation what was said in one. Answer: [`Reply::Sent`].
    Forward(Forward),
    /// Opens a message that is opened once: it is given here for once, and is gone on all devices of the account. What files
    /// it brings can be fetched here for an hour. Answer: [`Reply::Message`].
    OpenOnce {
        /// The message.
        message: MessageId,
    },
    /// Who has got or read a message of one's own. Answer: [`Reply::Receipts`].
    Receipts {
        /// The message.
        message: MessageId,
    },
    /// Messages that hold all the words; the last word may be a beginning. Filters stand among the words: `from:NAME`,
    /// `in:#ROOM`, `in:"#A ROOM"` or `in:@NAME`, `before:YYYY-MM-DD` and `after:YYYY-MM-DD` (UTC), `has:link`, `has:mention`. With filters
    /// alone, the newest come first. Answer: [`Reply::Found`].
    Search {
        /// The words and filters, as typed.
        words: String,
        /// At most this many; 1,000 are given in any case at most.
        most: u32,
    },

    /// All conversations but requests: favourites first, then the one with the newest message. Answer: [`Reply::Conversations`].
    Conversations,
    /// One conversation. Answer: [`Reply::Conversation`].
    Conversation {
        /// Which one.
        target: Target,
    },
    /// Conversations that strangers opened and that nobody answered here. Answer: [`Reply::Conversations`].
    Requests,
    /// Answers a request. Answer: [`Reply::Done`].
    AnswerRequest {
        /// Which one.
        target: Target,
        /// Yes or no.
        answer: RequestAnswer,
    },
    /// Drops everything that an account sends from now on. Answer: [`Reply::Done`].
    Block {
        /// The account's username, with or without `@`.
        name: String,
    },
    /// Undoes [`Command::Block`]. Answer: [`Reply::Done`].
    Unblock {
        /// The account's username, with or without `@`.
        name: String,
    },

    /// The server's open rooms. Answer: [`Reply::Rooms`].
    Rooms,
    /// Opens a group, or an open room if `open`. Answer: [`Reply::Conversation`].
    CreateRoom {
        /// The title of the group, or the open room's name, with or without `#`.
        name: String,
        /// Whether any account of the server may join; its name is then known to the server.
        open: bool,
        /// Usernames to invite at once.
        invite: Vec<String>,
    },
    /// Joins an open room, or creates it if there is none of this name. Answer: [`Reply::Conversation`].
    JoinRoom {
        /// The room's name, with or without `#`.
        name: String,
    },
    /// Adds accounts with all their devices. Answer: [`Reply::Conversation`].
    Invite {
        /// Where.
        target: Target,
        /// Usernames, with or without `@`.
        names: Vec<String>,
    },
    /// Removes accounts with all their devices. Answer: [`Reply::Conversation`].
    Remove {
        /// Where.
        target: Target,
        /// Usernames, with or without `@`.
        names: Vec<String>,
    },
    /// Gives accounts a role. Answer: [`Reply::Conversation`].
    SetRole {
        /// Where.
        target: Target,
        /// Usernames, with or without `@`.
        names: Vec<String>,
        /// The role.
        role: MemberRole,
    },
    /// Gives a conversation a topic, inside the seal; an empty one takes it away. Answer: [`Reply::Conversation`].
    SetTopic {
        /// Where.
        target: Target,
        /// The topic.
        topic: String,
    },
    /// Sets after how long what is said from here on in a conversation vanishes, for everybody. Whoever wants to keep a copy
    /// can. Answer: [`Reply::Conversation`].
    SetTimer {
        /// Where.
        target: Target,
        /// After how long; none: it stays.
        timer: Option<VanishTimer>,
    },
    /// Says what a conversation's messages are announced for, on all devices of the account. Answer:
    /// [`Reply::Conversation`].
    SetNotifications {
        /// Where.
        target: Target,
        /// For which messages; none leaves it as it is.
        level: Option<NotificationLevel>,
        /// Until when nothing is announced; none leaves it as it is, [`Muted::No`] ends it.
        muted: Option<Muted>,
    },
    /// Puts a conversation aside, or back; a message in it brings it back by itself unless it is muted. Answer:
    /// [`Reply::Conversation`].
    SetArchived {
        /// Which one.
        target: Target,
        /// Whether it is put aside.
        archived: bool,
    },
    /// Keeps a conversation at the top of the list. Answer: [`Reply::Conversation`].
    SetFavourite {
        /// Which one.
        target: Target,
        /// Whether it is kept there.
        favourite: bool,
    },
    /// Keeps what is being written and what is wished of it, on this device alone; an empty text of which nothing is wished
    /// forgets it. Answer: [`Reply::Done`].
    SetDraft {
        /// Where.
        conversation: ConversationId,
        /// The text so far, at most 65,536 bytes.
        text: String,
        /// What is wished of it. It is kept in one step with the text, so that neither comes back without the other.
        #[serde(default)]
        wish: Wish,
    },
    /// Tells the others that one is writing; it is over after six seconds, or with the message. Answer: [`Reply::Done`].
    Typing {
        /// Where.
        conversation: ConversationId,
    },
    /// A person is at this face. Said again at least once a minute, or one counts as away. Answer: [`Reply::Done`].
    Attend,
    /// What one shows of oneself to those with whom one talks. Answer: [`Reply::Card`].
    Card,
    /// What an account showed of itself to this one; nothing of one that is not known here. The server is not asked. Answer:
    /// [`Reply::Card`].
    CardOf {
        /// The account.
        account: AccountId,
    },
    /// Changes what one shows of oneself. Answer: [`Reply::Card`].
    SetCard(SetCard),
    /// What others learn of one's reading and writing. Answer: [`Reply::Preferences`].
    Preferences,
    /// Changes that, on all devices of the account. Answer: [`Reply::Preferences`].
    SetPreferences(Preferences),
    /// Gives a conversation a title, inside the seal. Answer: [`Reply::Conversation`].
    SetTitle {
        /// Where.
        target: Target,
        /// The title.
        title: String,
    },
    /// Who is in a conversation. Answer: [`Reply::Members`].
    Members {
        /// Where.
        target: Target,
    },
    /// Leaves a conversation. Answer: [`Reply::Done`].
    Leave {
        /// Which one.
        target: Target,
    },
    /// Joins a conversation although its members differ from those that the account knew
    /// ([`Notice::UnexpectedMembers`](crate::Notice::UnexpectedMembers)). Answer: [`Reply::Done`].
    JoinAnyway {
        /// Which one.
        conversation: ConversationId,
    },

    /// The account's devices. Answer: [`Reply::Devices`].
    Devices,
    /// Ends a session of the own account, or all but this device's. The devices stay on the account: who has one signs in
    /// again with the password. Answer: [`Reply::SessionsEnded`].
    EndOwnSessions {
        /// Which one; none for all but this device's.
        session: Option<SessionId>,
    },
    /// Takes a device off the account. Answer: [`Reply::Done`].
    RevokeDevice {
        /// The device.
        device: DeviceId,
        /// The password, with which the account's identity key is opened to sign the list of devices.
        password: Secret,
        /// The recovery key, where the vault is kept from the password; else
        /// [`Failure::NeedsRecoveryKey`](crate::Failure::NeedsRecoveryKey).
        recovery_key: Option<Secret>,
    },
    /// How the account's history archive stands. Answer: [`Reply::History`].
    History,
    /// Has the account keep a history archive, for devices that come later. Answer: [`Reply::History`].
    KeepHistory {
        /// The password, with which the vault is opened for the archive's keys.
        password: Secret,
        /// The recovery key, where the vault is kept from the password; else
        /// [`Failure::NeedsRecoveryKey`](crate::Failure::NeedsRecoveryKey).
        recovery_key: Option<Secret>,
    },
    /// Ends the history archive, and empties it. Answer: [`Reply::History`].
    EndHistory,
    /// Makes an invitation to the server, as its super-administrator. Answer: [`Reply::InvitationMade`].
    MakeInvitation {
        /// How many newcomers it lets in.
        uses: u32,
        /// How long it is good for, in seconds.
        expires_in_s: u64,
    },
    /// The invitations that still let somebody in. Answer: [`Reply::Invitations`].
    Invitations,
    /// Revokes an invitation. Answer: [`Reply::Done`].
    RevokeInvitation {
        /// Which one.
        invitation: InvitationId,
    },
    /// Reports a person or a message to those who look after the server. Answer: [`Reply::ReportMade`].
    Report(MakeReport),
    /// The reports that the own account made, the newest first. Answer: [`Reply::Reports`].
    Reports,
    /// A report with what it reveals, as somebody who looks after the server. Answer: [`Reply::Report`].
    ReadReport {
        /// Which one.
        report: ReportId,
    },
    /// Asks the server for something that it does for those who look after it. Answer: [`Reply::Administrated`].
    Administrate {
        /// What kind of request it is.
        method: AdministrativeMethod,
        /// Its path behind `/api/v1/admin/`, with its query.
        path: String,
        /// Its body, as JSON; empty for none.
        body: String,
    },
    /// Ends all sessions of an account on this server, as somebody who may. Answer: [`Reply::SessionsEnded`].
    EndSessions {
        /// The account's username, with or without `@`.
        name: String,
    },
    /// Makes a fresh access passphrase, as an administrator of the server; the one before lets nobody in any more.
    /// Answer: [`Reply::AccessPassphrase`].
    RenewAccessPassphrase,
    /// Stops the server, as its super-administrator. Answer: [`Reply::Done`].
    StopServer,
    /// What is known of an account, with the safety number. Answer: [`Reply::Contact`].
    Contact {
        /// The account's username, with or without `@`.
        name: String,
    },
    /// What the other one scans in place of reading the safety number. Answer: [`Reply::SafetyCode`].
    SafetyCode {
        /// The account's username, with or without `@`.
        name: String,
    },
    /// Compares the code on the other one's screen, and marks the account's identity as compared if it is the same; an
    /// identity key that changed is accepted by it, and what was held back goes out. Answer: [`Reply::Done`];
    /// [`Failure::OtherNumber`](crate::Failure::OtherNumber) where the code says that somebody may be between the two,
    /// [`Failure::OtherPair`](crate::Failure::OtherPair) where it is of other accounts, and
    /// [`Failure::Invalid`](crate::Failure::Invalid) where it is none, or a later version's.
    VerifyScanned {
        /// The account's username, with or without `@`.
        name: String,
        /// The text of the code.
        code: String,
    },
    /// Marks an account's identity as compared (or as not). With the number that was compared an identity key that changed is
    /// accepted by it, and what was held back goes out. Answer: [`Reply::Done`].
    SetVerified {
        /// The account's username, with or without `@`.
        name: String,
        /// Whether two people compared the safety number.
        verified: bool,
        /// The number that they compared: if another one counts, the answer is
        /// [`Failure::OtherNumber`](crate::Failure::OtherNumber) and nothing is marked.
        safety_number: Option<String>,
    },
    /// Accepts an identity key that changed, and lets go out what was held back. The mark of a comparison with the one before
    /// is gone. Answer: [`Reply::Done`].
    AcceptIdentity {
        /// The account's username, with or without `@`.
        name: String,
        /// As for [`SetVerified`](Self::SetVerified).
        safety_number: Option<String>,
    },
    /// What the engine noticed, newest first. Answer: [`Reply::Notices`].
    Notices {
        /// At most this many; 1,000 are given in any case at most.
        most: u32,
    },
    /// The key that the server's pushes are made with, which a browser subscribes for (VAPID, RFC 8292). Answer:
    /// [`Reply::PushKey`].
    PushKey,
    /// Says where this device is woken while it is away, in place of what was said before. It counts for the session.
    /// Answer: [`Reply::Done`].
    SetPush {
        /// As the browser gave it; none: nowhere.
        subscription: Option<PushSubscription>,
    },
}

/// The kind of an [administrative](Command::Administrate) request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum AdministrativeMethod {
    /// Looks.
    Get,
    /// Does something.
    Post,
    /// Replaces something.
    Put,
    /// Ends something.
    Delete,
}

/// What to register with.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Register {
    /// The wished username.
    pub username: String,
    /// The password; it never leaves this device.
    pub password: Secret,
    /// An e-mail address, if the person wants to leave one with the server.
    pub email: Option<String>,
    /// What lets the newcomer in.
    pub admission: Admission,
    /// Keep the password out of the vault: further devices need the recovery key as well, and who guesses the password has
    /// none of the account's secrets.
    pub recovery_key_only: bool,
    /// Keep the session beyond 15 idle minutes.
    pub stay_signed_in: bool,
}

/// What to sign in with.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SignIn {
    /// The username.
    pub username: String,
    /// The password; it never leaves this device.
    pub password: Secret,
    /// The recovery key, where the account keeps its password out of the vault; else
    /// [`Failure::NeedsRecoveryKey`](crate::Failure::NeedsRecoveryKey). It never leaves this device.
    pub recovery_key: Option<Secret>,
    /// Keep the session beyond 15 idle minutes.
    pub stay_signed_in: bool,
}

/// What to recover an account with.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Recover {
    /// The username.
    pub username: String,
    /// The recovery key as it was typed; it never leaves this device.
    pub recovery_key: Secret,
    /// The new password; it never leaves this device.
    pub password: Secret,
    /// Keep the session beyond 15 idle minutes.
    pub stay_signed_in: bool,
}

/// How to change the password.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ChangePassword {
    /// The password so far; it never leaves this device.
    pub old: Secret,
    /// The new one; it never leaves this device. It may be the same: it is then stretched as new ones are.
    pub new: Secret,
    /// The recovery key, where the vault is kept from the password, before or after; else
    /// [`Failure::NeedsRecoveryKey`](crate::Failure::NeedsRecoveryKey).
    pub recovery_key: Option<Secret>,
    /// Whether the new password opens the vault; none leaves that as it is.
    pub under_password: Option<bool>,
    /// End all sessions of the account but this device's.
    pub end_other_sessions: bool,
}

/// How to change the recovery key.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ChangeRecoveryKey {
    /// The account's password, which stays; it never leaves this device.
    pub password: Secret,
    /// The recovery key so far, where the vault is kept from the password; else
    /// [`Failure::NeedsRecoveryKey`](crate::Failure::NeedsRecoveryKey).
    pub recovery_key: Option<Secret>,
}

/// How to have a second factor count.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct FinishSecondFactor {
    /// What [`Reply::SecondFactorBegun`] gave.
    pub ticket: Secret,
    /// What [`Reply::SecondFactorBegun`] gave.
    pub state: Bytes,
    /// Six digits that the authenticator shows.
    pub code: Secret,
}

/// How to renew the identity.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RenewIdentity {
    /// The password so far; it never leaves this device.
    pub old: Secret,
    /// The new one, which must be another; it never leaves this device.
    pub new: Secret,
    /// The recovery key so far, where the vault is kept from the password; else
    /// [`Failure::NeedsRecoveryKey`](crate::Failure::NeedsRecoveryKey).
    pub recovery_key: Option<Secret>,
}

/// How to sign out.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct SignOut {
    /// Opens the identity key, which signs the list without this device. Without it the session ends and the database
    /// is emptied, but the device stays listed until another device revokes it.
    pub password: Option<Secret>,
    /// The recovery key, where there is a password and the vault is kept from it; else
    /// [`Failure::NeedsRecoveryKey`](crate::Failure::NeedsRecoveryKey).
    pub recovery_key: Option<Secret>,
    /// Sign out although messages wait to be sent; otherwise this is [`Failure::Unsent`](crate::Failure::Unsent).
    pub discard_unsent: bool,
}

/// Something to say.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Send {
    /// To whom.
    pub to: Target,
    /// The text, at most 65,536 bytes.
    pub text: String,
    /// The message of the same conversation that it answers.
    #[serde(default)]
    pub reply_to: Option<MessageId>,
    /// Whether it can be opened once, and is then gone.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub view_once: bool,
    /// Whether to answer only when the server has it on disk. Otherwise the answer comes when it is stored here.
    pub wait: bool,
}

/// Something to do to a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Annotate {
    /// The message.
    pub message: MessageId,
    /// What to do.
    pub annotation: Annotation,
    /// Whether to answer only when the server has it on disk. Otherwise the answer comes when it is stored here.
    pub wait: bool,
}

/// What is done to a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Annotation {
    /// One's reaction to it, in place of the one before.
    React {
        /// One emoji.
        emoji: String,
    },
    /// One's reaction is taken back.
    Unreact,
    /// Another text in place of one's own.
    Edit {
        /// The text, at most 65,536 bytes.
        text: String,
    },
    /// It is taken back for everybody: one's own, or, by owners and admins of a group or room, anybody's.
    Delete,
    /// It is kept at hand for everybody.
    Pin,
    /// It is no longer pinned.
    Unpin,
}

/// Something to say again elsewhere. It is marked as forwarded; who said it first is not told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Forward {
    /// The message.
    pub message: MessageId,
    /// To whom.
    pub to: Target,
    /// Whether to answer only when the server has it on disk. Otherwise the answer comes when it is stored here.
    pub wait: bool,
}

/// What to show of oneself. What is none stays; an empty text or picture takes it away.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetCard {
    /// A name as a person writes it, at most 256 bytes.
    #[serde(default)]
    pub name: Option<String>,
    /// A line about oneself, at most 4,096 bytes.
    #[serde(default)]
    pub about: Option<String>,
    /// A picture: PNG, JPEG or WebP, at most 32,768 bytes.
    #[serde(default)]
    pub picture: Option<Bytes>,
}

/// How a request is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RequestAnswer {
    /// It becomes a conversation like others.
    Accept,
    /// It is left and forgotten; the other side learns that somebody left.
    Decline,
    /// As `Decline`, and whoever opened it is blocked.
    Block,
}
