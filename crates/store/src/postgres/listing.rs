//! The devices of an account's newest list, and what those lose that are on it no longer.

use std::collections::BTreeSet;

use huis_proto::DeviceId;

use super::columns::Key;
use super::db::Db;
use super::fault::{Fault, Outcome};
use super::floors;

const PUT_DEVICES: &str = "INSERT INTO devices (account, id, listed, place) \
     SELECT $1::bigint, u.id, true, u.place - 1 FROM unnest($2::bytea[]) WITH ORDINALITY AS u (id, place) \
     ON CONFLICT (account, id) DO UPDATE SET listed = true, place = excluded.place";
/// In the order in which everybody takes devices.
const HOLD_LISTED: &str =
    "SELECT device, id FROM devices WHERE account = $1 AND listed ORDER BY device FOR NO KEY UPDATE";
const LISTED: &str = "SELECT device, id FROM devices WHERE account = $1 AND listed";
const UNLIST: &str = "UPDATE devices SET listed = false WHERE device = ANY($1)";
/// What unlisted devices lose, and their seats that nobody has to tidy.
const STRIP: [&str; 6] = [
    "DELETE FROM sessions WHERE device = ANY($1)",
    "DELETE FROM key_packages WHERE device = ANY($1)",
    "DELETE FROM last_resort_key_packages WHERE device = ANY($1)",
    "DELETE FROM welcomes WHERE device = ANY($1)",
    "DELETE FROM members WHERE device = ANY($1) AND NOT leaf",
    "UPDATE members SET last = 0 WHERE device = ANY($1)",
];
pub(super) const CONVERSATIONS_OF_DEVICES: &str = "SELECT conversation FROM members WHERE device = ANY($1) \
     UNION SELECT conversation FROM welcomes WHERE device = ANY($1)";
/// Welcomes that nobody waits for any more.
const DROP_READ_WELCOMES: &str = "DELETE FROM welcome_bodies b WHERE b.conversation = ANY($1) AND NOT EXISTS \
     (SELECT 1 FROM welcomes w WHERE w.conversation = b.conversation AND w.seq = b.seq)";
const HOLD_CONVERSATIONS: &str =
    "SELECT conversation FROM conversations WHERE conversation = ANY($1) ORDER BY conversation FOR NO KEY UPDATE";
const HOLD_FLOORS: &str =
    "SELECT conversation FROM floors WHERE conversation = ANY($1) ORDER BY conversation FOR NO KEY UPDATE";

/// Lists these devices, in their order.
pub(super) async fn put_devices(db: &Db, account: Key, devices: &[DeviceId]) -> Outcome<()> {
    let ids: Vec<&[u8]> = devices.iter().map(|device| device.as_bytes().as_slice()).collect();
    db.execute(PUT_DEVICES, &[&account, &ids]).await?;
    Ok(())
}

/// These devices are the listed ones from here on. The account's row is held.
pub(super) async fn replace(db: &Db, account: Key, devices: &[DeviceId]) -> Outcome<()> {
    let gone = |rows: Vec<tokio_postgres::Row>| -> Outcome<Vec<Key>> {
        let mut gone = Vec::new();
        for row in rows {
            let id = DeviceId::from_bytes(super::columns::array(&row, 1)?);
            if !devices.contains(&id) {
                gone.push(row.try_get(0)?);
            }
        }
        Ok(gone)
    };
    let unlisted = gone(db.rows(LISTED, &[&account]).await?)?;
    if unlisted.is_empty() {
        db.rows(HOLD_LISTED, &[&account]).await?;
        return put_devices(db, account, devices).await;
    }
    let conversations = conversations_of(db, &unlisted).await?;
    let held: Vec<Key> = conversations.iter().copied().collect();
    db.rows(HOLD_CONVERSATIONS, &[&held]).await?;
    db.rows(HOLD_FLOORS, &[&held]).await?;
    db.rows(HOLD_LISTED, &[&account]).await?;
    // From here on nobody seats them any more; but somebody may have since they were looked for.
    if conversations_of(db, &unlisted).await?.iter().any(|conversation| !conversations.contains(conversation)) {
        return Err(Fault::Overtaken);
    }
    db.execute(UNLIST, &[&unlisted]).await?;
    put_devices(db, account, devices).await?;
    for strip in STRIP {
        db.execute(strip, &[&unlisted]).await?;
    }
    db.execute(DROP_READ_WELCOMES, &[&held]).await?;
    floors::look(db, &held).await
}

async fn conversations_of(db: &Db, devices: &[Key]) -> Outcome<BTreeSet<Key>> {
    let rows = db.rows(CONVERSATIONS_OF_DEVICES, &[&devices]).await?;
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}
