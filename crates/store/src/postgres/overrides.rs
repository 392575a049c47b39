//! Settings that were changed while the server runs.

use tokio_postgres::Row;

use super::audit;
use super::columns::{self, signed};
use super::db::Db;
use super::fault::{Fault, Outcome};
use crate::overrides::changed;
use crate::{Act, Acted, NewOverride, Override};

// There are a few at most.
const ALL: &str = "SELECT name, value, set_by, since_ms FROM overrides ORDER BY name";
pub(super) const FIND: &str = "SELECT value FROM overrides WHERE name = $1";
const PUT: &str = "INSERT INTO overrides (name, value, set_by, since_ms) VALUES ($1, $2, $3, $4) \
     ON CONFLICT (name) DO UPDATE SET value = excluded.value, set_by = excluded.set_by, since_ms = excluded.since_ms";
pub(super) const DROP: &str = "DELETE FROM overrides WHERE name = $1";

pub(super) async fn all(db: &Db) -> Outcome<Vec<Override>> {
    db.rows(ALL, &[]).await?.iter().map(found).collect()
}

async fn of(db: &Db, name: &str) -> Outcome<Option<String>> {
    Ok(db.row(FIND, &[&name.as_bytes()]).await?.map(|row| row.try_get(0)).transpose()?)
}

pub(super) async fn put(db: &Db, act: &Act, new: &NewOverride) -> Outcome<Acted<()>> {
    let Some(actor) = audit::actor(db, act).await? else {
        return Ok(Acted::NotAllowed);
    };
    let before = of(db, &new.name).await?;
    if before.as_ref() == Some(&new.value) {
        return Ok(Acted::Unchanged);
    }
    db.execute(PUT, &[&new.name.as_bytes(), &new.value, &actor.username, &signed(act.at_ms)]).await?;
    let before = before.as_ref().unwrap_or(&new.configured);
    audit::write_down(db, act, &actor.username, changed(&new.name, before, &new.value)).await?;
    Ok(Acted::Done(()))
}

pub(super) async fn dropped(db: &Db, act: &Act, name: &str, configured: &str) -> Outcome<Acted<()>> {
    let Some(actor) = audit::actor(db, act).await? else {
        return Ok(Acted::NotAllowed);
    };
    let Some(before) = of(db, name).await? else {
        return Ok(Acted::NotThere);
    };
    db.execute(DROP, &[&name.as_bytes()]).await?;
    audit::write_down(db, act, &actor.username, changed(name, &before, configured)).await?;
    Ok(Acted::Done(()))
}

fn found(row: &Row) -> Outcome<Override> {
    let name = String::from_utf8(row.try_get(0)?).map_err(|_| Fault::Damaged("a setting's name is no text"))?;
    Ok(Override { name, value: row.try_get(1)?, set_by: row.try_get(2)?, since_ms: columns::number(row, 3)? })
}
