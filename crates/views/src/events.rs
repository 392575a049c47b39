//! What the engine tells without being asked, always after the change is on disk.

use huis_proto::{AccountId, ConversationId, MessageId};
use serde::{Deserialize, Serialize};

use crate::{ConversationView, Failure, Named, TransferView, VanishTimer};

/// Something has changed. Events carry ids; a face reads the views again.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Event {
    /// The way to the server is open, or not.
    Connection(Connection),
    /// Everything that waited at the server when the connection began is here.
    CaughtUp,
    /// Messages came, were sent, failed, or changed.
    Messages {
        /// The conversation.
        conversation: ConversationId,
        /// The messages.
        messages: Vec<MessageId>,
    },
    /// A locked message has opened; told behind `messages` for it.
    Unlocked {
        /// The conversation.
        conversation: ConversationId,
        /// The message.
        message: MessageId,
    },
    /// A transfer began, came on, stopped or ended; told at most four times a second while it goes on.
    Transfer(Box<TransferView>),
    /// A conversation appeared, changed its title, members or state, or is gone.
    Conversation {
        /// The conversation.
        conversation: ConversationId,
    },
    /// Somebody began or ceased to write, came or went. Kept nowhere.
    Presence {
        /// Where.
        conversation: ConversationId,
    },
    /// An account's devices, name, card or identity key changed.
    Contact {
        /// The account.
        account: AccountId,
    },
    /// The history archive was turned on or off, grew, or more of it was restored here.
    History,
    /// Something that a person should see.
    Notice(NoticeView),
    /// The server ended the session: sign in again.
    SessionEnded,
    /// More happened than this listener took in time: read everything again.
    Missed,
    /// The engine ended; nothing comes after this.
    Stopped {
        /// Why, if it was not asked to.
        failure: Option<Failure>,
    },
}

/// The way to the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Connection {
    /// Nobody is signed in, or the session ended.
    Idle,
    /// It is being opened.
    Connecting,
    /// It is open.
    Open,
    /// It failed; the next try follows by itself.
    Waiting {
        /// Until the next try, in milliseconds.
        retry_in_ms: u64,
    },
}

/// A notice with its time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoticeView {
    /// When it was noticed, in milliseconds since 1970.
    pub at_ms: u64,
    /// The conversation that it is about, if it is about one.
    pub conversation: Option<ConversationId>,
    /// What was noticed.
    pub notice: Notice,
}

impl NoticeView {
    /// Whether it belongs into a conversation: it is about it, or about the keys and devices of somebody in it.
    pub fn concerns(&self, conversation: ConversationId, view: Option<&ConversationView>) -> bool {
        if let Some(about) = self.conversation {
            return about == conversation;
        }
        let (Notice::IdentityChanged { account, .. }
        | Notice::DeviceAdded { account, .. }
        | Notice::DeviceListRefused { account, .. }) = &self.notice
        else {
            return false;
        };
        view.is_some_and(|view| view.accounts.iter().any(|named| named.account == account.account))
    }
}

impl Notice {
    /// Whether somebody may be deceiving, or something is lost.
    pub fn is_grave(&self) -> bool {
        !matches!(
            self,
            Self::Repairing { .. }
                | Self::Repaired { .. }
                | Self::RepairDelayed { .. }
                | Self::RepairCalledOff { .. }
                | Self::DeviceAdded { .. }
                | Self::IdentityRenewed
                | Self::Unknown { .. }
                | Self::ServerRestored
                | Self::TimerSet { .. }
        )
    }
}

/// What the engine noticed: nothing that could lose or forge a message is passed over in silence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Notice {
    /// A locked message will not open, though its time has come.
    WillNotOpen {
        /// The message.
        message: MessageId,
        /// Whose it is.
        sender: Named,
        /// Why.
        reason: String,
    },
    /// The conversation is being repaired by joining anew; messages in between cannot be read here.
    Repairing {
        /// Why.
        reason: RepairReason,
    },
    /// The repair is done.
    Repaired {
        /// The last entry that was read before.
        from_seq: u64,
        /// The entry by which this device joined anew.
        to_seq: u64,
    },
    /// A repair would be the next of too many in short time and waits.
    RepairDelayed {
        /// Until then, in milliseconds since 1970.
        until_ms: u64,
    },
    /// Messages could not be read, but this device's state is the members': nothing has parted, the messages were
    /// garbage. The conversation stays as it is.
    RepairCalledOff {
        /// What gave reason to look.
        reason: RepairReason,
    },
    /// Messages expired on the server before this device fetched them.
    Expired {
        /// The last entry that is gone.
        seq: u64,
    },
    /// Entries of the log were not delivered.
    Gap {
        /// The first missing entry.
        from_seq: u64,
        /// The last missing entry.
        to_seq: u64,
    },
    /// Messages of a sender are missing before one that came.
    MissingFrom {
        /// The sender.
        sender: Named,
        /// How many.
        count: u64,
    },
    /// A sender's counter went back: its device is an old copy, or somebody replays.
    CounterRepeated {
        /// The sender.
        sender: Named,
    },
    /// A sender saw another history than this device: the server shows two.
    Forked {
        /// The sender.
        sender: Named,
        /// Where they differ.
        seq: u64,
    },
    /// A sender had seen an entry that has not come here.
    Hole {
        /// The sender.
        sender: Named,
        /// The entry.
        seq: u64,
    },
    /// A message could not be read and was passed over.
    Unreadable {
        /// Its place in the log.
        seq: u64,
        /// What was wrong, for a diagnosis.
        reason: String,
    },
    /// A commit broke a rule; all members skip it.
    InvalidCommit {
        /// Its place in the log.
        seq: u64,
        /// What was wrong, for a diagnosis.
        reason: String,
    },
    /// By a commit that this device takes for invalid, the server takes it for no member: it is delivered nothing more of
    /// the conversation until others say that they skip the commit, too.
    ShutOut {
        /// The commit's place in the log.
        seq: u64,
    },
    /// An account's identity key is another one than before. Nothing is sent to it until that is accepted.
    IdentityChanged {
        /// The account.
        account: Named,
        /// Whether the identity key before has signed the account over to it, which whoever stole that one can do too.
        /// Groups go on then, unless the safety number with it had been compared.
        handed_over: bool,
        /// Whether the safety number with it had been compared: the mark is broken, and what is written to it, in groups as
        /// well, is held back until a person compares anew or goes on without.
        #[serde(default)]
        was_verified: bool,
    },
    /// The own account has another recovery key, which another one of its devices made.
    RecoveryKeyChanged,
    /// The own account's second factor was turned on or off by another one of its devices.
    SecondFactorChanged {
        /// Whether it is on.
        enabled: bool,
    },
    /// The own account has another identity key, as this device was asked for. A recovery key that nobody was shown, because
    /// the command ended too early, is shown where the same is asked for again.
    IdentityRenewed,
    /// The own account has another identity key, and this device knows nothing of having asked for it: its database is an older
    /// copy, or whoever stole the key before has signed the account over to himself.
    OwnIdentityChanged,
    /// The server showed a list of devices that is older than, or contradicts, one that was seen.
    DeviceListRefused {
        /// The account.
        account: Named,
        /// What was wrong.
        reason: String,
    },
    /// The server showed an account state older than one that was seen.
    AccountStateRefused {
        /// What was wrong.
        reason: String,
    },
    /// The server showed a history archive that is not acceptable.
    ArchiveRefused {
        /// What was wrong.
        reason: String,
    },
    /// Parts of the history archive could not be restored on this device.
    HistoryIncomplete {
        /// How many.
        count: u32,
    },
    /// A conversation that this device was to join has members that the account did not know; it was not joined.
    UnexpectedMembers {
        /// Who is too many.
        accounts: Vec<Named>,
    },
    /// A conversation that this device was to join could not be joined.
    JoinFailed {
        /// Why.
        failure: Failure,
    },
    /// The own account has new devices, which were added elsewhere.
    OwnDeviceAdded {
        /// How many.
        count: u32,
    },
    /// The account has a new device.
    DeviceAdded {
        /// Whose.
        account: Named,
        /// How many.
        count: u32,
    },
    /// This device was removed from the conversation.
    Removed {
        /// By whom.
        by: Named,
    },
    /// This device's database is an old copy (or runs twice): all conversations are joined anew before anything is sent.
    OldCopy,
    /// The server was restored from a backup.
    ServerRestored,
    /// The restored server has a vault of the account with a lower number than this device has seen: it may be of an
    /// earlier time, and then the password of that time counts again, or one that was set since the restore.
    VaultSetBack,
    /// Client and server are of versions that do not understand each other; nothing is sent or fetched.
    VersionsApart {
        /// Which of the two is too old.
        failure: Failure,
    },
    /// The restored server does not know this conversation, or this account in it, any more. What was said stays.
    LostByServer,
    /// An edit, a delete, a reaction or a pin was refused, and is undone.
    NotDone {
        /// The message to which it was to be done.
        message: MessageId,
        /// Why.
        failure: Failure,
    },
    /// Somebody set after how long what is said from here on vanishes.
    TimerSet {
        /// Who.
        by: Named,
        /// After how long; none: it stays.
        timer: Option<VanishTimer>,
    },
    /// The server spoke of something that this version does not know.
    Unknown {
        /// Its name.
        what: String,
    },
}

/// Why a conversation is joined anew.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RepairReason {
    /// An entry that all members can read cannot be read here.
    Unreadable {
        /// Its place in the log.
        seq: u64,
        /// What was wrong, for a diagnosis.
        detail: String,
    },
    /// Entries expired before this device fetched them.
    Expired,
    /// A member took this device out and left its account in, as is done after 90 days of silence.
    TakenOut,
    /// The group's state in the database cannot be read.
    StateLost,
    /// The database is an old copy.
    OldCopy,
    /// A welcome could not be used.
    Welcome {
        /// What was wrong, for a diagnosis.
        detail: String,
    },
    /// Entries of the log were not delivered.
    Gap,
    /// The server was restored from a backup.
    ServerRestored,
}
