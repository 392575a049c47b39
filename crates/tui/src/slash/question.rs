//! What is asked before a command is carried out.

/// What is asked before something is done that cannot be undone by oneself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Question {
    Leave,
    Remove(String),
    Block(String),
    Kick(String),
    Regen,
    Stop,
}

impl Question {
    /// The key of its text, and the name that it holds.
    pub(crate) fn text(&self) -> (&'static str, &str) {
        match self {
            Self::Leave => ("slash-confirm-leave", ""),
            Self::Remove(names) => ("slash-confirm-remove", names),
            Self::Block(name) => ("slash-confirm-block", name),
            Self::Kick(name) => ("slash-confirm-kick", name),
            Self::Regen => ("slash-confirm-regen", ""),
            Self::Stop => ("slash-confirm-stop", ""),
        }
    }
}
