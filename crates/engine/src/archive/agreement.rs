//! Whether there is an archive, and what the account's devices agree on of it: kept in the sealed account state.

use huis_core::account_state::{AccountState, Setting};
use huis_core::archive::ArchiveAgreement;
use huis_core::conversation_settings::newer;
use huis_core::secret::Secret32;
use huis_views::{Event, Failure, HistoryProgress, HistoryView};

use super::restoring::forget_restore;
use crate::accounts::Keys;
use crate::client::{Client, Step};
use crate::db::{DbError, RestoreStanding, Tables};

/// The name of the setting in the account state. Left out it is off.
const SETTING: &str = "history-archive";
/// The facts of the database: whether it is on, what is agreed on, and whether all of it is to go.
const ON: &str = "history";
const AGREEMENT: &str = "archive_agreement";
const TO_BE_EMPTIED: &str = "archive_to_be_emptied";

impl Tables<'_> {
    /// Whether the account keeps a history archive.
    pub(crate) fn history_is_on(self) -> Result<bool, DbError> {
        Ok(self.fact(ON)?.unwrap_or(false))
    }

    /// Whether all segments are to be taken out.
    pub(crate) fn archive_is_to_be_emptied(self) -> Result<bool, DbError> {
        Ok(self.fact(TO_BE_EMPTIED)?.unwrap_or(false))
    }

    pub(super) fn archive_agreement(self) -> Result<ArchiveAgreement, DbError> {
        Ok(self.fact(AGREEMENT)?.unwrap_or_default())
    }

    pub(super) fn put_archive_agreement(self, agreement: &ArchiveAgreement) -> Result<(), DbError> {
        self.put_fact(AGREEMENT, agreement)
    }

    pub(super) fn archive_is_emptied(self) -> Result<(), DbError> {
        self.put_fact(TO_BE_EMPTIED, &false)
    }
}

impl Client {
    /// Has the account keep a history archive. The vault is opened for its keys.
    pub(crate) async fn keep_history(&self, keys: Keys<'_>) -> Result<HistoryView, Failure> {
        let me = self.signed_in()?;
        let seed = self.archive_seed(&me, keys).await?;
        self.step(|step| {
            if !step.tables.history_is_on()? {
                step.turn_history(true)?;
                step.state_changed()?;
            }
            step.fill_archive_keys(&seed)
        })?;
        self.history()
    }

    /// Ends the archive, and empties it.
    pub(crate) fn end_history(&self) -> Result<HistoryView, Failure> {
        self.signed_in()?;
        self.step(|step| {
            if step.tables.history_is_on()? {
                step.turn_history(false)?;
                step.state_changed()?;
            }
            Ok::<_, DbError>(())
        })?;
        self.history()
    }

    /// How the archive stands.
    pub(crate) fn history(&self) -> Result<HistoryView, Failure> {
        self.signed_in()?;
        let view = self.read(|tables| {
            let segments = tables.archive_segments()?;
            Ok::<_, DbError>(HistoryView {
                on: tables.history_is_on()?,
                segments: segments.len() as u32,
                bytes: segments.iter().map(|segment| segment.bytes).sum(),
                restoring: None,
            })
        })?;
        Ok(HistoryView { restoring: self.restoring()?, ..view })
    }

    /// How far a restore is, while there is one with something to do, or it is not known yet whether there is.
    pub(crate) fn restoring(&self) -> Result<Option<HistoryProgress>, DbError> {
        self.read(|tables| {
            if !tables.restores()? {
                return Ok(None);
            }
            let due = tables.count_segments(RestoreStanding::Due)?;
            let done = tables.count_segments(RestoreStanding::Done)?;
            let all = due + done + tables.count_segments(RestoreStanding::Failed)?;
            let has_looked = self.archive_looked.get();
            Ok((due > 0 || !has_looked).then_some(HistoryProgress { done, all }))
        })
    }

    /// The generation of keys that is in use.
    pub(crate) fn archive_generation(&self) -> Result<Option<u64>, DbError> {
        Ok(self.read(|tables| tables.archive_agreement())?.key().map(|key| key.generation))
    }

    /// Goes to the next key where the one in use has been for a month.
    pub(super) fn turn_archive_keys(&self) -> Result<(), DbError> {
        self.step(|step| {
            let mut agreement = step.tables.archive_agreement()?;
            if !agreement.advance(step.client.now_ms()) {
                return Ok(());
            }
            step.tables.put_archive_agreement(&agreement)?;
            step.state_changed()
        })
    }
}

impl Step<'_> {
    /// It is on, or off, from here on, as it was wished here or on another device.
    fn turn_history(&mut self, on: bool) -> Result<(), DbError> {
        self.tables.put_fact(ON, &on)?;
        self.tables.put_fact(TO_BE_EMPTIED, &!on)?;
        if !on {
            forget_restore(self)?;
            self.tables.forget_segments()?;
        }
        self.event(Event::History);
        self.wake_archive();
        Ok(())
    }

    /// The vault is open: keys that are missing are made, where there is an archive.
    pub(crate) fn fill_archive_keys(&mut self, seed: &Secret32) -> Result<(), Failure> {
        if !self.tables.history_is_on()? {
            return Ok(());
        }
        let mut agreement = self.tables.archive_agreement()?;
        let filled = agreement.fill(seed, self.client.now_ms()).map_err(|error| internal(&error))?;
        if filled {
            self.tables.put_archive_agreement(&agreement)?;
            self.state_changed()?;
            self.wake_archive();
        }
        Ok(())
    }

    /// A device was taken off the account while this generation was in use: the next one is, unless it is already, and the
    /// device's heads count no more.
    pub(crate) fn archive_outlives_device(&mut self, generation: Option<u64>) -> Result<(), DbError> {
        if !self.tables.history_is_on()? {
            return Ok(());
        }
        let mut agreement = self.tables.archive_agreement()?;
        if agreement.key().map(|key| key.generation) == generation && agreement.replace(self.client.now_ms()) {
            self.tables.put_archive_agreement(&agreement)?;
            self.state_changed()?;
        }
        self.archive_is_looked_at();
        Ok(())
    }

    /// The archive is looked at anew, also if nothing is to be written.
    pub(crate) fn archive_is_looked_at(&mut self) {
        self.client.archive_looked.set(false);
        self.wake_archive();
    }

    /// Takes over what other devices have agreed on since all had `base`.
    pub(crate) fn merge_history(&mut self, theirs: &AccountState, base: &AccountState) -> Result<(), DbError> {
        let mine = self.tables.history_is_on()?;
        let on = newer(mine, is_on(theirs), is_on(base));
        if on != mine {
            self.turn_history(on)?;
        } else if !on {
            // It was turned off after this device had signed in, and before it heard of anything.
            forget_restore(self)?;
        }
        let mine = self.tables.archive_agreement()?;
        let of = |state: &AccountState| state.archive.clone().unwrap_or_default();
        let merged = mine.clone().merged(of(theirs), &of(base));
        if merged == mine { Ok(()) } else { self.tables.put_archive_agreement(&merged) }
    }

    /// The account has other secrets: what was sealed under those before goes, and is written anew.
    pub(crate) fn archive_begins_anew(&mut self, agreement: Option<&ArchiveAgreement>) -> Result<(), DbError> {
        if let Some(agreement) = agreement {
            self.tables.put_archive_agreement(agreement)?;
        }
        forget_restore(self)?;
        self.tables.forget_segments()?;
        if self.tables.history_is_on()? {
            self.tables.put_fact(TO_BE_EMPTIED, &true)?;
            self.wake_archive();
        }
        Ok(())
    }
}

/// Writes into the state whether there is an archive, as far as that does not go without saying, and what is agreed on.
pub(crate) fn put_history(state: &mut AccountState, tables: Tables<'_>) -> Result<(), DbError> {
    if tables.history_is_on()? {
        state.settings.insert(SETTING.into(), Setting::Flag(true));
    } else {
        state.settings.remove(SETTING);
    }
    let agreement = tables.archive_agreement()?;
    state.archive = (agreement != ArchiveAgreement::default()).then_some(agreement);
    Ok(())
}

/// Whether the account keeps an archive.
pub(super) fn is_on(state: &AccountState) -> bool {
    state.settings.get(SETTING) == Some(&Setting::Flag(true))
}

fn internal(error: &impl std::fmt::Display) -> Failure {
    Failure::Internal { reason: error.to_string() }
}
