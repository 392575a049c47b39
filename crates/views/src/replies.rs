//! What a face gets back for what it asked.

use huis_proto::rest::{InvitationInfo, InvitationMade, OwnReport, Room, Secret};
use huis_proto::{AccountId, Bytes, ConversationId, MessageId, ReportId};
use serde::{Deserialize, Serialize};

use crate::{
    CardView, ContactView, ConversationView, DeviceView, Found, HistoryView, MemberView, MessageView, NoticeView,
    Preferences, Profile, ReceiptView, ReportView, SafetyCode, SecondFactorBegun, SecretCode, Status, TransferView,
};

/// What the engine answers.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reply {
    /// It is done.
    Done,
    /// The account exists and this device is signed in.
    Registered {
        /// Who is signed in.
        profile: Profile,
        /// To be shown, then [`Command::RecoveryKeyShown`](crate::Command::RecoveryKeyShown): opens the account where the
        /// password is lost.
        recovery_key: Secret,
    },
    /// This device is signed in.
    SignedIn {
        /// Who is signed in.
        profile: Profile,
        /// How many conversations are being joined.
        conversations: u32,
    },
    /// The new password counts, and the old one no longer.
    PasswordChanged {
        /// How many sessions have ended; not known where the server's answer was lost.
        ended_sessions: Option<u32>,
    },
    /// The account has another recovery key.
    RecoveryKeyChanged {
        /// To be shown, then [`Command::RecoveryKeyShown`](crate::Command::RecoveryKeyShown).
        recovery_key: Secret,
        /// The QR code that holds it.
        code: SecretCode,
        /// Whether it had been done before, by a command whose recovery key nobody saw.
        earlier: bool,
    },
    /// A second factor was begun.
    SecondFactorBegun(Box<SecondFactorBegun>),
    /// Whether the account has a second factor.
    SecondFactor {
        /// Whether it has one.
        enabled: bool,
        /// How many recovery codes are left.
        codes_left: u32,
    },
    /// To be shown once: codes that each stand once for one of the authenticator.
    RecoveryCodes(Vec<Secret>),
    /// The account has another identity key, and this is its only device.
    IdentityRenewed {
        /// To be shown, then [`Command::RecoveryKeyShown`](crate::Command::RecoveryKeyShown): the recovery key in
        /// place of the one before.
        recovery_key: Secret,
        /// How many sessions have ended; not known where the server's answer was lost.
        ended_sessions: Option<u32>,
        /// Whether it had been done before, by a command whose recovery key nobody saw.
        earlier: bool,
        /// Whether the new password counts that was given; else the old one does.
        new_password_counts: bool,
    },
    /// This device is no longer signed in.
    SignedOut {
        /// Whether the device was taken off the account's list.
        unlisted: bool,
    },
    /// Who is signed in.
    Profile(Profile),
    /// How the engine is doing.
    Status(Status),
    /// A message is stored, and sent if that was waited for.
    Sent(Sent),
    /// Messages, oldest first.
    Messages(Vec<MessageView>),
    /// A transfer.
    Transfer(Box<TransferView>),
    /// Bytes of a file.
    FileBytes(Bytes),
    /// Transfers, oldest first.
    Transfers(Vec<TransferView>),
    /// Receipts of a message.
    Receipts(Vec<ReceiptView>),
    /// One message.
    Message(Box<MessageView>),
    /// What a search found, best first.
    Found(Vec<Found>),
    /// What one shows of oneself.
    Card(Box<CardView>),
    /// What others learn of one's reading and writing.
    Preferences(Preferences),
    /// How the account's history archive stands.
    History(HistoryView),
    /// A report was made.
    ReportMade {
        /// Its id.
        id: ReportId,
    },
    /// Reports of one's own, the newest first.
    Reports(Vec<OwnReport>),
    /// A report, as those see it who look after the server.
    Report(Box<ReportView>),
    /// What the server answered to somebody who looks after it, as JSON.
    Administrated(String),
    /// Sessions have ended.
    SessionsEnded {
        /// How many.
        count: u32,
    },
    /// The passphrase that lets newcomers in.
    AccessPassphrase(Secret),
    /// Conversations.
    Conversations(Vec<ConversationView>),
    /// One conversation.
    Conversation(Box<ConversationView>),
    /// Members.
    Members(Vec<MemberView>),
    /// Open rooms, by name.
    Rooms(Vec<Room>),
    /// Devices, in the order in which they were added.
    Devices(Vec<DeviceView>),
    /// An invitation, with its code, which is shown this once.
    InvitationMade(InvitationMade),
    /// Invitations, oldest first.
    Invitations(Vec<InvitationInfo>),
    /// What is known of an account.
    Contact(Box<ContactView>),
    /// What the other one scans.
    SafetyCode(Box<SafetyCode>),
    /// Notices, newest first.
    Notices(Vec<NoticeView>),
    /// The key of the server's pushes: a point of P-256, uncompressed. None: it sends none.
    PushKey(Option<Bytes>),
}

/// A message of one's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sent {
    /// Its id, the same on all devices.
    pub id: MessageId,
    /// Where it was said.
    pub conversation: ConversationId,
    /// Its place in the conversation's log; none if it was not waited for.
    pub seq: Option<u64>,
}

/// An account by its id and name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Named {
    /// The account.
    pub account: AccountId,
    /// Its username, where it is known here.
    pub name: Option<String>,
    /// How it wants to be called, where it said so to this account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub card_name: Option<String>,
}
