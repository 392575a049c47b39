//! What was taken back leaves the archive: segments that may hold its words are sealed anew without it.

use huis_core::annotations::{Marks, MessageRef};
use huis_core::archive::Span;
use huis_proto::{ConversationId, IncarnationId};

use super::Known;
use super::present_life;
use crate::client::Step;
use crate::db::{DbError, Leaving, Tables};

/// What was taken back so long ago has left, or no device has what is needed to take it out; a restore hides it in any case.
pub(super) const LEFT_BEHIND_MS: u64 = 30 * 24 * 3_600_000;
/// Places of a life of the store that is over are compared behind all places that a log comes to.
pub(super) const OF_A_LIFE_BEFORE: u64 = 1 << 62;

impl Step<'_> {
    /// A message is taken back at the place `done` of the log: notes where its words may stand, as long as that is known. Where
    /// it was edited they stand wherever that was, and earlier edits are known no more: anywhere behind the message, in each
    /// life of the store since.
    pub(crate) fn leaves_archive(
        &mut self,
        conversation: ConversationId,
        target: MessageRef,
        before: &Marks,
        done: u64,
    ) -> Result<(), DbError> {
        let Some(present) = present_life(self.tables)? else { return Ok(()) };
        if !self.tables.history_is_on()? {
            return Ok(());
        }
        let lives = self.tables.lives(conversation)?;
        let meant = self.tables.messages_meant(conversation, target)?;
        let answers = self.tables.answers_to(conversation, target)?;
        let is_edited = before.edited().is_some();
        let with_edits = meant.iter().map(|row| (row, is_edited));
        for (row, is_edited) in with_edits.chain(answers.iter().map(|row| (row, false))) {
            let Some(seq) = row.seq else { continue };
            let life = lives.iter().rev().find(|life| life.behind < row.position);
            let incarnation = life.map_or(present, |life| life.incarnation);
            self.leaves_place(conversation, (incarnation, seq), is_edited, done)?;
        }
        Ok(())
    }

    /// Words that stand at this place of a life of the store, and behind it where they were edited, were taken back at the
    /// place `done` of the present one.
    pub(super) fn leaves_place(
        &mut self,
        conversation: ConversationId,
        (incarnation, seq): (IncarnationId, u64),
        is_edited: bool,
        done: u64,
    ) -> Result<(), DbError> {
        let Some(present) = present_life(self.tables)? else { return Ok(()) };
        let at_ms = self.client.server_now_ms();
        let before_done = done.saturating_sub(1);
        let leaving =
            |incarnation, from_seq, to_seq, done| Leaving { conversation, incarnation, from_seq, to_seq, done, at_ms };
        if incarnation == present {
            let to_seq = if is_edited { before_done.max(seq) } else { seq };
            return self.tables.add_leaving(&leaving(present, seq, to_seq, done));
        }
        let to_seq = if is_edited { OF_A_LIFE_BEFORE - 1 } else { seq };
        self.tables.add_leaving(&leaving(incarnation, seq, to_seq, OF_A_LIFE_BEFORE.saturating_add(done)))?;
        if is_edited {
            // It may have been edited in the present life as well.
            self.tables.add_leaving(&leaving(present, 1, before_done.max(1), done))?;
        }
        Ok(())
    }
}

/// The segments that may hold what was taken back, and since when that is known.
pub(super) fn leaves(tables: Tables<'_>, known: &[Known]) -> Result<Vec<(u64, u64)>, DbError> {
    let mut found = Vec::new();
    for leaving in tables.leaving()? {
        let holds = |span: &Span| {
            (span.conversation, span.incarnation) == (leaving.conversation, leaving.incarnation)
                && span.from <= leaving.to_seq
                && leaving.from_seq <= span.to
                && span.as_of < leaving.done
        };
        let holding = known.iter().filter(|(_, outline)| outline.spans.iter().any(holds));
        found.extend(holding.map(|(row, _)| (leaving.at_ms, row.number)));
    }
    Ok(found)
}
