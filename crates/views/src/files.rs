//! Files: what is sent, what messages bring, and what is on its way.

use huis_proto::{Bytes, ConversationId, MessageId};
use serde::{Deserialize, Serialize};

use crate::{Failure, Target};

/// Files to send, and what is said with them.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SendFiles {
    /// To whom.
    pub to: Target,
    /// The files, 1 to 32.
    pub files: Vec<FileToSend>,
    /// A text beside them, at most 16,384 bytes; empty for none.
    #[serde(default)]
    pub text: String,
    /// The message of the same conversation that it answers.
    #[serde(default)]
    pub reply_to: Option<MessageId>,
    /// Leave in pictures (JPEG, PNG, WebP) what says where, when and with what they were taken; else it is taken out of what
    /// is sent, and the file itself stays as it is.
    #[serde(default)]
    pub keep_metadata: bool,
    /// Whether the message can be opened once, and is then gone.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub view_once: bool,
}

/// A file to send.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct FileToSend {
    /// Where it is: natively an absolute path.
    pub source: String,
    /// What others see as its name, at most 255 bytes; none for the last part of the path.
    #[serde(default)]
    pub name: Option<String>,
    /// Its media type; none for what its first bytes or its ending say.
    #[serde(default)]
    pub media_type: Option<String>,
    /// A small picture of it.
    #[serde(default)]
    pub thumbnail: Option<ThumbnailView>,
    /// How long it plays, in milliseconds.
    #[serde(default)]
    pub duration_ms: Option<u64>,
    /// Whether it was spoken for this message.
    #[serde(default)]
    pub voice: bool,
    /// How loud it is from its beginning to its end, in 1 to 64 equal parts of a byte each: from 0 for silence to 255 for the
    /// loudest.
    #[serde(default)]
    pub peaks: Option<Bytes>,
}

/// A small picture of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ThumbnailView {
    /// PNG, JPEG or WebP, at most 16,384 bytes.
    pub picture: Bytes,
    /// How wide the file's own picture is, in pixels.
    pub width: u32,
    /// How high the file's own picture is, in pixels.
    pub height: u32,
}

/// A file to fetch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FetchFile {
    /// The message that brings it.
    pub message: MessageId,
    /// Which of its files, counted from 1.
    pub number: u32,
    /// Where it goes: natively the absolute path of a folder, in which it is given a name that nothing has yet.
    pub folder: String,
}

/// A part of a file to read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadFile {
    /// The message that brings it.
    pub message: MessageId,
    /// Which of its files, counted from 1.
    pub number: u32,
    /// From where on, in bytes.
    pub at: u64,
    /// At most so many bytes; 4 MiB are given in any case at most.
    pub length: u64,
}

/// A file that a message brings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileView {
    /// Which of the message's files, counted from 1.
    pub number: u32,
    /// Its name, made harmless: it can be shown, and a file can be written under it.
    pub name: String,
    /// Its size, in bytes.
    pub size: u64,
    /// Its media type, as the sender says. **What it really is, nobody knows.**
    pub media_type: String,
    /// A small picture of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thumbnail: Option<ThumbnailView>,
    /// How long it plays, in milliseconds, as the sender says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<u64>,
    /// Whether it was spoken for this message.
    #[serde(default)]
    pub voice: bool,
    /// How loud it is from its beginning to its end, as [`FileToSend::peaks`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peaks: Option<Bytes>,
    /// Its way to the server or from it, if this device has sent or fetched it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transfer: Option<TransferView>,
}

/// How long something plays, as players show it: `0:12`, `61:05`; what is there plays a second at least.
pub fn play_length(ms: u64) -> String {
    let seconds = (ms.saturating_add(500) / 1000).max(1);
    format!("{}:{:02}", seconds / 60, seconds % 60)
}

/// Pictures out of which a device takes what says where they were taken.
const CLEANED: [&str; 3] = ["image/jpeg", "image/png", "image/webp"];

/// Endings of the names of pictures and films out of which nothing is taken.
const NOT_CLEANED: [&str; 15] =
    ["3gp", "avi", "avif", "bmp", "gif", "heic", "heif", "m4v", "mkv", "mov", "mp4", "svg", "tif", "tiff", "webm"];

/// Whether files of this media type are pictures or films out of which nothing is taken before they are sent.
pub fn type_may_say_where_it_was_taken(media_type: &str) -> bool {
    (media_type.starts_with("image/") || media_type.starts_with("video/")) && !CLEANED.contains(&media_type)
}

/// As [`type_may_say_where_it_was_taken`], by the name of a file of which nothing was read yet.
pub fn name_may_say_where_it_was_taken(name: &str) -> bool {
    let ending = name.rsplit_once('.').map(|(_, ending)| ending);
    ending.is_some_and(|ending| NOT_CLEANED.iter().any(|known| ending.eq_ignore_ascii_case(known)))
}

impl FileView {
    /// Whether it is a picture or a film of a kind out of which nothing is taken before it is sent.
    pub fn may_say_where_it_was_taken(&self) -> bool {
        type_may_say_where_it_was_taken(&self.media_type)
    }
}

/// A file on its way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TransferView {
    /// Names it on this device; grows with each.
    pub transfer: u64,
    /// The conversation of its message.
    pub conversation: ConversationId,
    /// The message that brings it.
    pub message: MessageId,
    /// Which of the message's files, counted from 1.
    pub number: u32,
    /// Whether it goes to the server; else it comes from there.
    pub outgoing: bool,
    /// The file's name, as [`FileView::name`].
    pub name: String,
    /// The file's size, in bytes.
    pub size: u64,
    /// How much of it is there, in bytes.
    pub done: u64,
    /// How fast it goes at this time, in bytes a second; none where that can't be said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes_per_s: Option<u64>,
    /// How long it takes still at this speed, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remaining_s: Option<u64>,
    /// How it stands.
    pub state: TransferState,
    /// Where it lies, once it was fetched: natively a path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub saved_at: Option<String>,
}

/// How a transfer stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TransferState {
    /// It waits for others that were begun before it, or for the server.
    Waiting,
    /// It goes on.
    Running,
    /// A person paused it.
    Paused,
    /// It is there. What was sent is part of its message from here on.
    Done,
    /// It does not go on by itself.
    Failed(Failure),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_long_it_plays_is_said_in_minutes_and_seconds() {
        for (ms, said) in [(0, "0:01"), (1499, "0:01"), (12_400, "0:12"), (59_500, "1:00"), (3_665_000, "61:05")] {
            assert_eq!(play_length(ms), said);
        }
        assert!(play_length(u64::MAX).len() < 30);
    }
}
