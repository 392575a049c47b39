//! Reports, as they are made and read.

use huis_proto::MessageId;
use huis_proto::rest::{ReportCategory, ReportInfo};
use serde::{Deserialize, Serialize};

/// A report to be made. Nothing is told to the server that does not stand here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MakeReport {
    /// Who or what.
    pub what: Reported,
    /// What for.
    pub category: ReportCategory,
    /// In one's own words, at most 1,000 characters.
    #[serde(default)]
    pub note: String,
}

/// Who or what is reported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reported {
    /// A person.
    Person {
        /// The account's username, with or without `@`.
        name: String,
    },
    /// Somebody's message.
    Message {
        /// Which one.
        message: MessageId,
        /// Whether what it says is told, with the proof of it; else only which one it is, who wrote it and when.
        reveal: bool,
    },
}

/// A report, as those see it who look after the server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportView {
    /// What the server says of it.
    pub report: ReportInfo,
    /// What it reveals of a message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revealed: Option<RevealedView>,
}

/// What a message says that was revealed. All of it is its author's, and may be anything.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevealedView {
    /// `text`, `file`, or `unreadable`: something that this version does not know, or that opens by no share that was given.
    pub kind: String,
    /// Its text.
    pub text: String,
    /// The excerpt of what it answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quoted: Option<String>,
    /// Its files.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<RevealedFile>,
}

/// A file of a message that was revealed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevealedFile {
    /// Its name, as its sender has it.
    pub name: String,
    /// Its size, in bytes.
    pub size: u64,
}
