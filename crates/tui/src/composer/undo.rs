//! What a text was before. Letters that were typed in one go are taken back in one go.

use std::collections::VecDeque;

/// States that are kept at most, and their bytes.
const STATES: usize = 200;
const BYTES: usize = 1024 * 1024;

/// What is done to the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    Typing,
    Deleting,
    Other,
}

type State = (String, usize);

#[derive(Debug, Default)]
pub(super) struct Undo {
    before: VecDeque<State>,
    after: Vec<State>,
    going_on: Option<Change>,
}

impl Undo {
    /// Keeps the state before a change.
    pub(super) fn keep(&mut self, change: Change, text: &str, cursor: usize) {
        self.after.clear();
        let goes_on = self.going_on == Some(change) && change != Change::Other;
        self.going_on = Some(change);
        if goes_on {
            return;
        }
        self.before.push_back((text.to_owned(), cursor));
        while self.before.len() > STATES || self.bytes() > BYTES {
            self.before.pop_front();
        }
    }

    /// What comes next is taken back by itself.
    pub(super) fn pause(&mut self) {
        self.going_on = None;
    }

    pub(super) fn back(&mut self, text: &str, cursor: usize) -> Option<State> {
        let state = self.before.pop_back()?;
        self.after.push((text.to_owned(), cursor));
        self.pause();
        Some(state)
    }

    pub(super) fn forth(&mut self, text: &str, cursor: usize) -> Option<State> {
        let state = self.after.pop()?;
        self.before.push_back((text.to_owned(), cursor));
        self.pause();
        Some(state)
    }

    fn bytes(&self) -> usize {
        self.before.iter().map(|state| state.0.len()).sum()
    }
}
