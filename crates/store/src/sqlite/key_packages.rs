//! Stocks of key packages.

use huis_proto::rest::{ClaimedKeyPackage, ClaimedKeyPackages, KeyPackageStock};
use huis_proto::{AccountId, Bytes, DeviceId, Member, limits};
use rusqlite::{Connection, OptionalExtension, params};

use super::administration;
use super::columns::{self, Key};
use super::fault::{Fault, Outcome};
use super::hot::LOAD_DEVICE;
use super::moves;
use super::writer::Writer;
use crate::Stocked;

pub(super) const COUNT: &str = "SELECT count(*) FROM key_packages WHERE device = ?1";
const HAS_LAST_RESORT: &str = "SELECT 1 FROM last_resort_key_packages WHERE device = ?1";
const DROP_ALL: &str = "DELETE FROM key_packages WHERE device = ?1";
const PUT: &str = "INSERT INTO key_packages (device, key_package) VALUES (?1, ?2)";
const PUT_LAST_RESORT: &str = "INSERT INTO last_resort_key_packages (device, key_package) \
     VALUES (?1, ?2) ON CONFLICT (device) DO UPDATE SET key_package = excluded.key_package";
pub(super) const TAKE_OLDEST: &str = "DELETE FROM key_packages WHERE number = \
     (SELECT number FROM key_packages WHERE device = ?1 ORDER BY number LIMIT 1) RETURNING key_package";
const LAST_RESORT: &str = "SELECT key_package FROM last_resort_key_packages WHERE device = ?1";
pub(super) const LISTED: &str = "SELECT device, id, place FROM devices WHERE account = ?1 AND listed = 1";

pub(super) fn stock(db: &Connection, owner: Member) -> Outcome<KeyPackageStock> {
    match listed_device(db, owner)? {
        Some(device) => stock_of(db, device),
        None => Ok(KeyPackageStock { one_time: 0, last_resort: false }),
    }
}

impl Writer {
    pub(super) fn put_key_packages(
        &mut self,
        owner: Member,
        one_time: &[Bytes],
        last_resort: Option<&Bytes>,
        replace: bool,
    ) -> Outcome<Stocked> {
        let db = &self.db;
        let Some(device) = listed_device(db, owner)? else {
            return Err(Fault::Misuse("key packages of a device that is not listed"));
        };
        let stock = stock_of(db, device)?;
        let kept = if replace { 0 } else { stock.one_time as usize };
        if kept + one_time.len() > limits::KEY_PACKAGES_KEPT {
            return Ok(Stocked::LimitReached(stock));
        }
        if replace {
            db.prepare_cached(DROP_ALL)?.execute([device])?;
        }
        for package in one_time {
            db.prepare_cached(PUT)?.execute(params![device, &**package])?;
        }
        if let Some(package) = last_resort {
            db.prepare_cached(PUT_LAST_RESORT)?.execute(params![device, &**package])?;
        }
        Ok(Stocked::Stored(stock_of(db, device)?))
    }

    pub(super) fn claim_key_packages(
        &mut self,
        account: AccountId,
        devices: Option<&[DeviceId]>,
        now_ms: u64,
    ) -> Outcome<Option<ClaimedKeyPackages>> {
        let is_barred = administration::bar(&self.db, account, now_ms)?.is_some();
        let Some(account) = moves::account_key(&self.db, account)? else {
            return Ok(None);
        };
        let db = &self.db;
        let mut listed: Vec<(i64, Key, DeviceId)> = db
            .prepare_cached(LISTED)?
            .query_map([account], |row| Ok((row.get(2)?, row.get(0)?, DeviceId::from_bytes(row.get(1)?))))?
            .collect::<rusqlite::Result<_>>()?;
        listed.sort_unstable();
        let mut claimed = ClaimedKeyPackages { packages: Vec::new(), devices_without: Vec::new() };
        for (_, key, device) in listed {
            if devices.is_some_and(|wanted| !wanted.contains(&device)) {
                continue;
            }
            if is_barred {
                claimed.devices_without.push(device);
                continue;
            }
            let one_time = take(db, TAKE_OLDEST, key)?;
            let last_resort = one_time.is_none();
            let package = match one_time {
                Some(package) => Some(package),
                None => take(db, LAST_RESORT, key)?,
            };
            match package {
                Some(key_package) => claimed.packages.push(ClaimedKeyPackage { device, key_package, last_resort }),
                None => claimed.devices_without.push(device),
            }
        }
        Ok(Some(claimed))
    }
}

fn take(db: &Connection, sql: &str, device: Key) -> Outcome<Option<Bytes>> {
    let mut take = db.prepare_cached(sql)?;
    let mut rows = take.query([device])?;
    let package = rows.next()?.map(|row| columns::bytes(row, 0)).transpose()?;
    // A deletion takes effect once it has been run to its end.
    while rows.next()?.is_some() {}
    Ok(package)
}

fn listed_device(db: &Connection, owner: Member) -> Outcome<Option<Key>> {
    let mut find = db.prepare_cached(LOAD_DEVICE)?;
    let (account, device) = (owner.account.as_bytes(), owner.device.as_bytes());
    let found: Option<(Key, bool)> =
        find.query_row([account, device], |row| Ok((row.get(0)?, row.get(2)?))).optional()?;
    Ok(found.filter(|(_, listed)| *listed).map(|(key, _)| key))
}

fn stock_of(db: &Connection, device: Key) -> Outcome<KeyPackageStock> {
    Ok(KeyPackageStock {
        one_time: db.prepare_cached(COUNT)?.query_row([device], |row| row.get(0))?,
        last_resort: db.prepare_cached(HAS_LAST_RESORT)?.exists([device])?,
    })
}
