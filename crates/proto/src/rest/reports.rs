//! Reports: what a member tells those who look after the server, and what becomes of it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{AccountId, Bytes, Bytes32, ConversationId, DeviceId, MessageId, ReportId, TimeShare};

/// The text names none of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected {0}")]
pub struct ParseReportWordError(&'static str);

macro_rules! words {
    ($(#[$doc:meta])* $name:ident ($expected:literal) { $($(#[$variant_doc:meta])* $variant:ident = $number:literal $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
        #[serde(rename_all = "kebab-case")]
        #[repr(u8)]
        pub enum $name {
            $($(#[$variant_doc])* $variant = $number,)*
        }

        impl $name {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// As it travels and is typed.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)*
                }
            }

            /// What is stored as this number.
            pub fn from_number(number: i64) -> Option<Self> {
                Self::ALL.iter().copied().find(|one| *one as i64 == number)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl FromStr for $name {
            type Err = ParseReportWordError;

            fn from_str(text: &str) -> Result<Self, ParseReportWordError> {
                Self::ALL.iter().copied().find(|one| one.as_str() == text).ok_or(ParseReportWordError($expected))
            }
        }
    };
}

words!(
    /// What somebody is reported for. Stored as its number.
    ReportCategory ("spam, abuse, illegal or other") {
        /// What nobody asked for.
        Spam = 0 "spam",
        /// What is meant to hurt.
        Abuse = 1 "abuse",
        /// What the law forbids.
        Illegal = 2 "illegal",
        /// Anything else; the note says what.
        Other = 3 "other",
    }
);

words!(
    /// How far a report is. Stored as its number.
    ReportState ("open, taken or closed") {
        /// Nobody has taken it up.
        Open = 0 "open",
        /// Somebody sees to it.
        Taken = 1 "taken",
        /// It is decided, and answered.
        Closed = 2 "closed",
    }
);

words!(
    /// What was decided. Stored as its number.
    ReportOutcome ("acted or dismissed") {
        /// Something was done about it.
        Acted = 1 "acted",
        /// There was nothing to do about it.
        Dismissed = 2 "dismissed",
    }
);

/// `POST /api/v1/reports`; answers with [`ReportMade`]. Nothing reaches the server that does not stand here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CreateReport {
    /// Who is reported: the author, where it is about a message. Not the own account.
    pub account: AccountId,
    /// What for.
    pub category: ReportCategory,
    /// In the member's own words: at most 1,000 characters; lines may be broken.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
    /// The message; none where a person is reported.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<ReportedMessage>,
}

/// The message that a report is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReportedMessage {
    /// Where it stands.
    #[serde(flatten)]
    pub place: ReportedPlace,
    /// What it says, with the proof; none where only this much is told, which proves nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revealed: Option<RevealedMessage>,
}

/// Which message, from which device, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReportedPlace {
    /// The conversation.
    pub conversation: ConversationId,
    /// The message's id. **No proof covers it.**
    pub message: MessageId,
    /// The device that sent it.
    pub device: DeviceId,
    /// Its place in the conversation's log.
    pub seq: u64,
    /// When the server received it, in milliseconds since 1970.
    pub received_at_ms: u64,
}

/// What a message says, and the proof of it. `Debug` shows sizes alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RevealedMessage {
    /// The content as it stood inside the seal, 1 to 163,840 bytes.
    pub content: Bytes,
    /// Opens the franking commitment.
    pub opening: FrankingProof,
    /// The server's MAC.
    pub mac: Bytes32,
    /// The other share, where the message opened later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub share: Option<TimeShare>,
}

/// The 32 bytes that open a franking commitment. `Debug` shows nothing of them.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
pub struct FrankingProof(pub Bytes32);

impl fmt::Debug for FrankingProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FrankingProof(…)")
    }
}

/// The answer to [`CreateReport`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReportMade {
    /// The report.
    pub id: ReportId,
}

/// A report, as who made it sees it. `GET /api/v1/reports` answers with a list of them, the newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OwnReport {
    /// The report.
    pub id: ReportId,
    /// Who is reported.
    pub account: AccountId,
    /// Their username.
    pub username: String,
    /// What for.
    pub category: ReportCategory,
    /// The note.
    pub note: String,
    /// When it was made, in milliseconds since 1970.
    pub made_at_ms: u64,
    /// The message that it is about; none where it is about a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<MessageId>,
    /// Whether it reveals what the message says.
    pub revealed: bool,
    /// How far it is.
    pub state: ReportState,
    /// What was decided, once it is closed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closing: Option<ReportClosing>,
}

/// What was decided about a report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReportClosing {
    /// The decision.
    pub outcome: ReportOutcome,
    /// What the reporter is told; may be empty.
    pub answer: String,
    /// When, in milliseconds since 1970. 90 days after it the report is removed.
    pub closed_at_ms: u64,
}

/// What is asked of `GET /api/v1/admin/reports`, which answers with [`ReportsPage`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ListReports {
    /// Only those in this state; the open ones, if it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(inline)]
    pub state: Option<ReportState>,
    /// The page before ended with this `next`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// How many at most, from 1 to 200; 50 if it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub most: Option<usize>,
}

/// A page of reports, the oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReportsPage {
    /// The reports.
    pub reports: Vec<ReportInfo>,
    /// What the next page is asked for `after`; none with the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// A report, as those see it who look after the server; without what it reveals.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReportInfo {
    /// The report.
    pub id: ReportId,
    /// The username of who made it.
    pub reporter: String,
    /// Who is reported.
    pub account: AccountId,
    /// Their username.
    pub username: String,
    /// What for.
    pub category: ReportCategory,
    /// The note.
    pub note: String,
    /// When it was made, in milliseconds since 1970.
    pub made_at_ms: u64,
    /// The message that it is about; none where it is about a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<ReportedPlace>,
    /// Whether it reveals what the message says, with the proof that the account wrote it there and then. What does not is the
    /// reporter's word alone.
    pub proven: bool,
    /// How far it is.
    pub state: ReportState,
    /// The username of who took it up or closed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handled_by: Option<String>,
    /// What was decided, once it is closed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closing: Option<ReportClosing>,
}

impl ReportInfo {
    /// What who made it sees of it: not who looks after it, and nothing that they did not say themselves.
    pub fn for_reporter(self) -> OwnReport {
        OwnReport {
            id: self.id,
            account: self.account,
            username: self.username,
            category: self.category,
            note: self.note,
            made_at_ms: self.made_at_ms,
            message: self.message.map(|place| place.message),
            revealed: self.proven,
            state: self.state,
            closing: self.closing,
        }
    }
}

/// `GET /api/v1/admin/reports/{report}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReportDetails {
    /// What the list says of it.
    #[serde(flatten)]
    pub report: ReportInfo,
    /// What it reveals.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revealed: Option<ProvenContent>,
}

/// What a report reveals, as the server has found it proven. `Debug` shows sizes alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProvenContent {
    /// The content as it stood inside the seal.
    pub content: Bytes,
    /// The other share, where the message opened later. The content says by its hash whether it is the right one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub share: Option<TimeShare>,
}

/// `POST /api/v1/admin/reports/{report}/close`; answers with [`ReportInfo`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CloseReport {
    /// What was decided.
    pub outcome: ReportOutcome,
    /// What the reporter is told: at most 1,000 characters; lines may be broken.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub answer: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_read_as_it_is_written_and_stored() {
        for category in ReportCategory::ALL.iter().copied() {
            assert_eq!(category.as_str().parse(), Ok(category));
            assert_eq!(ReportCategory::from_number(category as i64), Some(category));
            assert_eq!(serde_json::to_string(&category).unwrap(), format!("\"{category}\""));
        }
        for state in ReportState::ALL.iter().copied() {
            assert_eq!(ReportState::from_number(state as i64), Some(state));
            assert_eq!(serde_json::to_string(&state).unwrap(), format!("\"{state}\""));
        }
        for outcome in ReportOutcome::ALL.iter().copied() {
            assert_eq!(ReportOutcome::from_number(outcome as i64), Some(outcome));
            assert_eq!(serde_json::to_string(&outcome).unwrap(), format!("\"{outcome}\""));
        }
        assert!("rude".parse::<ReportCategory>().is_err());
        assert_eq!(ReportOutcome::from_number(0), None);
    }

    #[test]
    fn debug_shows_nothing_of_what_is_revealed() {
        let revealed = RevealedMessage {
            content: Bytes(b"secret".to_vec()),
            opening: FrankingProof(Bytes32([0xab; 32])),
            mac: Bytes32([1; 32]),
            share: Some(TimeShare(Bytes32([0xab; 32]))),
        };
        let shown = format!("{revealed:?}");
        assert!(!shown.contains("secret") && !shown.contains("abab"), "{shown}");
    }

    #[test]
    fn what_is_not_revealed_does_not_travel() {
        let place = ReportedPlace {
            conversation: ConversationId::from_bytes([1; 16]),
            message: MessageId::from_bytes([2; 16]),
            device: DeviceId::from_bytes([3; 16]),
            seq: 4,
            received_at_ms: 5,
        };
        let report = CreateReport {
            account: AccountId::from_bytes([6; 16]),
            category: ReportCategory::Spam,
            note: String::new(),
            message: Some(ReportedMessage { place, revealed: None }),
        };
        insta::assert_snapshot!(serde_json::to_string(&report).unwrap());
    }
}
