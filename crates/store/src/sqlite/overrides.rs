//! Settings that were changed while the server runs.

use rusqlite::{Connection, OptionalExtension, params};

use super::columns::{self, signed};
use super::fault::Outcome;
use super::writer::Writer;
use crate::overrides::changed;
use crate::{Act, Acted, NewOverride, Override};

// There are a few at most.
const ALL: &str = "SELECT CAST(name AS TEXT), value, set_by, since_ms FROM overrides ORDER BY name";
pub(super) const FIND: &str = "SELECT value FROM overrides WHERE name = ?1";
const PUT: &str = "INSERT INTO overrides (name, value, set_by, since_ms) VALUES (?1, ?2, ?3, ?4) \
     ON CONFLICT (name) DO UPDATE SET value = excluded.value, set_by = excluded.set_by, since_ms = excluded.since_ms";
pub(super) const DROP: &str = "DELETE FROM overrides WHERE name = ?1";

pub(super) fn all(db: &Connection) -> Outcome<Vec<Override>> {
    let mut all = db.prepare_cached(ALL)?;
    let all = all.query_map([], |row| {
        Ok(Override { name: row.get(0)?, value: row.get(1)?, set_by: row.get(2)?, since_ms: columns::number(row, 3)? })
    })?;
    Ok(all.collect::<rusqlite::Result<_>>()?)
}

impl Writer {
    fn override_of(&self, name: &str) -> Outcome<Option<String>> {
        Ok(self.db.prepare_cached(FIND)?.query_row([name.as_bytes()], |row| row.get(0)).optional()?)
    }

    pub(super) fn put_override(&mut self, act: &Act, new: &NewOverride) -> Outcome<Acted<()>> {
        let Some(actor) = self.actor(act)? else {
            return Ok(Acted::NotAllowed);
        };
        let before = self.override_of(&new.name)?;
        if before.as_ref() == Some(&new.value) {
            return Ok(Acted::Unchanged);
        }
        let put = params![new.name.as_bytes(), new.value, actor.username, signed(act.at_ms)];
        self.db.prepare_cached(PUT)?.execute(put)?;
        let before = before.as_ref().unwrap_or(&new.configured);
        self.write_down(act, &actor.username, changed(&new.name, before, &new.value))?;
        Ok(Acted::Done(()))
    }

    pub(super) fn drop_override(&mut self, act: &Act, name: &str, configured: &str) -> Outcome<Acted<()>> {
        let Some(actor) = self.actor(act)? else {
            return Ok(Acted::NotAllowed);
        };
        let Some(before) = self.override_of(name)? else {
            return Ok(Acted::NotThere);
        };
        self.db.prepare_cached(DROP)?.execute([name.as_bytes()])?;
        self.write_down(act, &actor.username, changed(name, &before, configured))?;
        Ok(Acted::Done(()))
    }
}
