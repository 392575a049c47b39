//! What is wrong with a command, as a person reads it.

use huis_texts::{Texts, Value, safe_line};

use super::Word;

/// What is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Mistake {
    /// There is no such command.
    Unknown(String, Option<&'static Word>),
    /// Something is missing, or does not fit: how it is written.
    Usage(&'static Word),
    /// It needs a conversation, and none is open.
    NoConversation,
    /// There is no message to do it to.
    NoMessage,
    /// It is done to messages of one's own alone.
    NotOwn,
    /// There is no such file in the conversation.
    NoFile,
    /// There is no such folder.
    NoFolder(String),
    /// No folder is known to save in.
    Nowhere,
    /// It is no emoji.
    NoEmoji(String),
}

impl Mistake {
    pub(crate) fn said(&self, texts: &Texts) -> String {
        match self {
            Self::Unknown(typed, nearest) => {
                let typed: String = typed.chars().take(40).collect();
                let typed = safe_line(&typed);
                match nearest {
                    Some(word) => {
                        let meant = usage(texts, word);
                        let values = [("typed", Value::Text(&typed)), ("meant", Value::Text(&meant))];
                        texts.text_with("slash-mistyped", &values)
                    }
                    None => texts.text_with("slash-unknown", &[("typed", Value::Text(&typed))]),
                }
            }
            Self::Usage(word) => texts.text_with("slash-write-it-so", &[("usage", Value::Text(&usage(texts, word)))]),
            Self::NoConversation => texts.text("slash-no-conversation"),
            Self::NoMessage => texts.text("slash-no-message"),
            Self::NotOwn => texts.text("slash-not-own"),
            Self::NoFile => texts.text("slash-no-file"),
            Self::NoFolder(folder) => {
                let folder: String = folder.chars().take(200).collect();
                texts.text_with("slash-no-folder", &[("folder", Value::Text(&safe_line(&folder)))])
            }
            Self::Nowhere => texts.text("slash-nowhere"),
            Self::NoEmoji(typed) => {
                let typed: String = typed.chars().take(40).collect();
                texts.text_with("slash-no-emoji", &[("typed", Value::Text(&safe_line(&typed)))])
            }
        }
    }
}

/// How a command is written: its name, and what stands behind it.
pub(crate) fn usage(texts: &Texts, word: &Word) -> String {
    texts.text(&format!("slash-{}", word.name))
}

/// A command in one line.
pub(crate) fn help(texts: &Texts, word: &Word) -> String {
    texts.text(&format!("slash-{}-help", word.name))
}
