//! What others learn of one's reading and writing, the same on all devices of the account.

use huis_core::account_state::{AccountState, Setting};
use huis_core::content::{Content, ReceiptKind};
use huis_core::conversation_settings::newer;
use huis_views::{Failure, Preferences};

use crate::client::{Client, Step};
use crate::db::{DbError, Tables, Task};

const READ_RECEIPTS: &str = "read-receipts";
const PRESENCE: &str = "presence";

impl Tables<'_> {
    pub(crate) fn preferences(self) -> Result<Preferences, DbError> {
        Ok(self.fact("preferences")?.unwrap_or_default())
    }
}

impl Client {
    pub(crate) fn preferences(&self) -> Result<Preferences, Failure> {
        self.signed_in()?;
        Ok(self.read(|tables| tables.preferences())?)
    }

    pub(crate) fn set_preferences(&self, wished: Preferences) -> Result<Preferences, Failure> {
        self.signed_in()?;
        self.step(|step| {
            if step.prefer(wished)? {
                step.state_changed()?;
            }
            Ok::<_, DbError>(())
        })?;
        self.preferences()
    }
}

impl Step<'_> {
    /// Takes preferences over; whether they are others than before.
    fn prefer(&mut self, wished: Preferences) -> Result<bool, DbError> {
        let before = self.tables.preferences()?;
        self.tables.put_fact("preferences", &wished)?;
        if before.read_receipts && !wished.read_receipts {
            self.owe_no_read_receipts()?;
        }
        if before.presence != wished.presence {
            self.wake_presence();
        }
        Ok(before != wished)
    }

    /// Read receipts that have not left yet do not leave any more.
    fn owe_no_read_receipts(&mut self) -> Result<(), DbError> {
        self.tables.forget_read_receipts()?;
        for row in self.tables.tasks(u32::MAX)?.into_iter().filter(|row| row.sealed.is_none()) {
            let Task::Say { content, shown: false } = &row.task else { continue };
            if matches!(Content::from_bytes(content), Ok(Content::Receipt { kind: ReceiptKind::Read, .. })) {
                self.drop_task(row.position)?;
            }
        }
        Ok(())
    }

    /// Takes over what another device prefers since both had `base`.
    pub(super) fn merge_preferences(&mut self, theirs: &AccountState, base: &AccountState) -> Result<(), DbError> {
        let (mine, theirs, base) = (self.tables.preferences()?, preferences_of(theirs), preferences_of(base));
        self.prefer(Preferences {
            read_receipts: newer(mine.read_receipts, theirs.read_receipts, base.read_receipts),
            presence: newer(mine.presence, theirs.presence, base.presence),
        })?;
        Ok(())
    }
}

/// Writes what is preferred into the state, as far as it is not what goes without saying.
pub(super) fn put_preferences(state: &mut AccountState, preferences: Preferences) {
    for (name, on) in [(READ_RECEIPTS, preferences.read_receipts), (PRESENCE, preferences.presence)] {
        if on {
            state.settings.remove(name);
        } else {
            state.settings.insert(name.into(), Setting::Flag(false));
        }
    }
}

fn preferences_of(state: &AccountState) -> Preferences {
    let on = |name: &str| state.settings.get(name) != Some(&Setting::Flag(false));
    Preferences { read_receipts: on(READ_RECEIPTS), presence: on(PRESENCE) }
}
