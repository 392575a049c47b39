//! What the account's devices are called: by the program and the system of each. Every device writes its own name into the
//! sealed account state, so that the others can show it and the server does not keep it. (A browser tells its program
//! and system with each request all the same, in `User-Agent`.)

use std::collections::{BTreeMap, BTreeSet};

use huis_core::account_state::{AccountState, Setting};
use huis_proto::{AccountId, DeviceId, limits};

use crate::client::Client;
use crate::db::{DbError, Tables};
use crate::platform;

/// The fact of the database that holds the device and the name under which the account state has it.
const NAMED: &str = "device_named";
/// With what the names begin under which they stand among the settings of the account state; the device's id follows.
const PREFIX: &str = "device-";
/// The longest name that is taken from an account state, in characters.
const LONGEST: usize = 64;
/// Beyond so many names those of devices that are off the account are dropped. Not at once: which devices there are may be
/// known later here than elsewhere.
const MOST: usize = 2 * limits::DEVICES;

impl Client {
    /// Has the account's other devices know what this one is.
    pub(super) fn name_device(&self) -> Result<(), DbError> {
        let Some(me) = self.me() else { return Ok(()) };
        let named = (me.device.member.device, platform::device_name());
        self.step(|step| {
            if step.tables.fact::<(DeviceId, String)>(NAMED)?.as_ref() == Some(&named) {
                return Ok(());
            }
            step.tables.put_fact(NAMED, &named)?;
            step.state_changed()
        })
    }

    /// What the devices are called, as far as they said it.
    pub(super) fn device_names(&self) -> Result<BTreeMap<DeviceId, String>, DbError> {
        self.read(|tables| {
            let state: AccountState = tables.fact("state_base")?.unwrap_or_default();
            let own: Option<(DeviceId, String)> = tables.fact(NAMED)?;
            Ok(names(&state).chain(own).collect())
        })
    }
}

fn device_of(key: &str) -> Option<DeviceId> {
    key.strip_prefix(PREFIX)?.parse().ok()
}

fn names(state: &AccountState) -> impl Iterator<Item = (DeviceId, String)> {
    state.settings.iter().filter_map(|(key, setting)| match setting {
        Setting::Text(name) => Some((device_of(key)?, name.chars().take(LONGEST).collect())),
        _ => None,
    })
}

/// Writes what this device is called into the state.
pub(super) fn put_device_name(state: &mut AccountState, tables: Tables<'_>, me: AccountId) -> Result<(), DbError> {
    if let Some((device, name)) = tables.fact::<(DeviceId, String)>(NAMED)? {
        state.settings.insert(format!("{PREFIX}{device}"), Setting::Text(name));
    }
    if names(state).count() > MOST
        && let Some(devices) = tables.account(me)?.and_then(|row| row.devices)
    {
        let listed: BTreeSet<DeviceId> = devices.listed().map(|(device, _)| device).collect();
        state.settings.retain(|key, _| device_of(key).is_none_or(|device| listed.contains(&device)));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_bounded_and_nothing_else_is_taken_for_one() {
        let device = DeviceId::from_bytes([7; 16]);
        let settings = [
            (format!("{PREFIX}{device}"), Setting::Text("x".repeat(10_000))),
            (format!("{PREFIX}nobody"), Setting::Text("no device".into())),
            (format!("{PREFIX}{}", DeviceId::from_bytes([8; 16])), Setting::Flag(true)),
            ("read-in".to_owned(), Setting::Text("life".into())),
        ];
        let state = AccountState { settings: settings.into(), ..AccountState::default() };
        assert_eq!(names(&state).collect::<Vec<_>>(), [(device, "x".repeat(LONGEST))]);
    }
}
