//! Stocks of key packages.

use huis_proto::rest::{ClaimedKeyPackage, ClaimedKeyPackages, KeyPackageStock};
use huis_proto::{AccountId, Bytes, DeviceId, Member, limits};

use super::administration;
use super::columns::{self, Key};
use super::db::Db;
use super::fault::{Fault, Outcome};
use super::moves;
use crate::Stocked;

pub(super) const STOCK: &str = "SELECT (SELECT count(*) FROM key_packages k WHERE k.device = d.device), \
     EXISTS (SELECT 1 FROM last_resort_key_packages k WHERE k.device = d.device) \
     FROM accounts a JOIN devices d ON d.account = a.account AND d.id = $2 WHERE a.id = $1 AND d.listed";
/// Uploads of one device come one after the other, so that they are counted.
const HOLD_DEVICE: &str = "SELECT d.device FROM accounts a JOIN devices d ON d.account = a.account AND d.id = $2 \
     WHERE a.id = $1 AND d.listed FOR NO KEY UPDATE OF d";
const DROP_ALL: &str = "DELETE FROM key_packages WHERE device = $1";
const PUT: &str = "INSERT INTO key_packages (device, key_package) \
     SELECT $1::bigint, u.key_package FROM unnest($2::bytea[]) WITH ORDINALITY AS u (key_package, place) ORDER BY u.place";
const PUT_LAST_RESORT: &str = "INSERT INTO last_resort_key_packages (device, key_package) \
     VALUES ($1, $2) ON CONFLICT (device) DO UPDATE SET key_package = excluded.key_package";
/// Passes over those that others take at this moment: they never get the same one, and none waits for another.
pub(super) const TAKE_OLDEST: &str = "DELETE FROM key_packages WHERE number = (SELECT number FROM key_packages \
     WHERE device = $1 ORDER BY number LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING key_package";
const LAST_RESORT: &str = "SELECT key_package FROM last_resort_key_packages WHERE device = $1";
pub(super) const LISTED: &str = "SELECT device, id FROM devices WHERE account = $1 AND listed ORDER BY place, device";

pub(super) async fn stock(db: &Db, owner: Member) -> Outcome<KeyPackageStock> {
    let ids = (owner.account.as_bytes().as_slice(), owner.device.as_bytes().as_slice());
    match db.row(STOCK, &[&ids.0, &ids.1]).await? {
        Some(row) => Ok(KeyPackageStock { one_time: columns::small(&row, 0)?, last_resort: row.try_get(1)? }),
        None => Ok(KeyPackageStock { one_time: 0, last_resort: false }),
    }
}

pub(super) async fn put(
    db: &Db,
    owner: Member,
    one_time: &[Bytes],
    last_resort: Option<&Bytes>,
    replace: bool,
) -> Outcome<Stocked> {
    let ids = (owner.account.as_bytes().as_slice(), owner.device.as_bytes().as_slice());
    let Some(row) = db.row(HOLD_DEVICE, &[&ids.0, &ids.1]).await? else {
        return Err(Fault::Misuse("key packages of a device that is not listed"));
    };
    let device: Key = row.try_get(0)?;
    let before = stock(db, owner).await?;
    let kept = if replace { 0 } else { before.one_time as usize };
    if kept + one_time.len() > limits::KEY_PACKAGES_KEPT {
        return Ok(Stocked::LimitReached(before));
    }
    if replace {
        db.execute(DROP_ALL, &[&device]).await?;
    }
    let one_time: Vec<&[u8]> = one_time.iter().map(|package| &**package).collect();
    db.execute(PUT, &[&device, &one_time]).await?;
    if let Some(package) = last_resort {
        db.execute(PUT_LAST_RESORT, &[&device, &&**package]).await?;
    }
    Ok(Stocked::Stored(stock(db, owner).await?))
}

pub(super) async fn claim(
    db: &Db,
    account: AccountId,
    devices: Option<&[DeviceId]>,
    now_ms: u64,
) -> Outcome<Option<ClaimedKeyPackages>> {
    let is_barred = administration::bar(db, account, now_ms).await?.is_some();
    let Some(account) = moves::account_key(db, account).await? else {
        return Ok(None);
    };
    let mut claimed = ClaimedKeyPackages { packages: Vec::new(), devices_without: Vec::new() };
    for row in db.rows(LISTED, &[&account]).await? {
        let key: Key = row.try_get(0)?;
        let device = DeviceId::from_bytes(columns::array(&row, 1)?);
        if devices.is_some_and(|wanted| !wanted.contains(&device)) {
            continue;
        }
        if is_barred {
            claimed.devices_without.push(device);
            continue;
        }
        let one_time = db.row(TAKE_OLDEST, &[&key]).await?;
        let last_resort = one_time.is_none();
        let package = match one_time {
            Some(row) => Some(row),
            None => db.row(LAST_RESORT, &[&key]).await?,
        };
        match package {
            Some(row) => {
                let key_package = columns::bytes(&row, 0)?;
                claimed.packages.push(ClaimedKeyPackage { device, key_package, last_resort });
            }
            None => claimed.devices_without.push(device),
        }
    }
    Ok(Some(claimed))
}
