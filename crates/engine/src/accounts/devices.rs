//! The account's own devices: listed, and taken off the list.

use huis_core::identity::{list_position, next_device_list};
use huis_proto::device_list::SignedDeviceList;
use huis_proto::rest::{PutDeviceList, SessionInfo};
use huis_proto::{DeviceId, SessionId};
use huis_views::{DeviceView, Failure, SessionView};

use super::entering::{Keys, bad_answer, list_conflict};
use crate::api::ApiError;
use crate::client::Client;
use crate::ports::Method;

/// How often a list is signed anew because another device's came first.
const TRIES: usize = 4;

impl Client {
    /// The account's devices, with when they were last heard of.
    pub(crate) async fn devices(&self) -> Result<Vec<DeviceView>, Failure> {
        let me = self.signed_in()?;
        let card: huis_proto::rest::AccountCard = self.get(format!("/api/v1/accounts/{}", me.account())).await?;
        let list = card.device_list.open(me.account(), &me.identity.0).map_err(bad_answer)?;
        let sessions: Vec<SessionInfo> = self.get("/api/v1/sessions".into()).await?;
        let mut names = self.device_names()?;
        let view = |listed: &huis_proto::device_list::ListedDevice| {
            let of_it = sessions.iter().filter(|session| session.device == listed.device);
            let mut sessions: Vec<_> = of_it.map(session_view).collect();
            sessions.sort_unstable_by_key(|session| session.began_at_ms);
            DeviceView {
                device: listed.device,
                name: names.remove(&listed.device),
                added_at_ms: listed.added_at_ms,
                current: listed.device == me.device.member.device,
                used_at_ms: sessions.iter().map(|session| session.used_at_ms).max(),
                sessions,
            }
        };
        Ok(list.devices.iter().map(view).collect())
    }

    /// Ends a session of the own account, or all but this device's; gives how many. The devices stay on the account. One that
    /// has ended meanwhile is none any more.
    pub(crate) async fn end_own_sessions(&self, which: Option<SessionId>) -> Result<u32, Failure> {
        self.signed_in()?;
        let sessions: Vec<SessionInfo> = self.get("/api/v1/sessions".into()).await?;
        let are_meant = |session: &&SessionInfo| !session.current && which.is_none_or(|which| session.session == which);
        let mut ended = 0;
        for session in sessions.iter().filter(are_meant) {
            match self.ask_bytes(Method::Delete, format!("/api/v1/sessions/{}", session.session), None).await {
                Ok(_) => ended += 1,
                Err(ApiError::Refused(problem)) if problem.status == 404 => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(ended)
    }

    /// Takes a device off the account's list. The identity key is opened for this one signature.
    pub(crate) async fn revoke_device(&self, device: DeviceId, keys: Keys<'_>) -> Result<(), Failure> {
        let me = self.signed_in()?;
        // What that device wrote last counts as long as it is on the list.
        self.look_at_kept_archive().await;
        let generation = self.archive_generation()?;
        for _ in 0..TRIES {
            let entered = self.enter_own(&me, keys).await?;
            let identity = &entered.vault.contents.identity;
            let current = &entered.signed_in.device_list;
            let list = current.open(me.account(), &me.identity.0).map_err(bad_answer)?;
            if list.number < self.known().newest_number(me.account()) {
                // A restored server: a list that is signed on an old one would contradict those that others have seen.
                self.offer_own_lists().await?;
                continue;
            }
            if list.device(device).is_none() {
                return Err(Failure::Unknown { what: "device".into(), name: device.to_string() });
            }
            let mut devices = list.devices;
            devices.retain(|listed| listed.device != device);
            let previous = list_position(current).map_err(bad_answer)?;
            let state_number = self.read(|tables| tables.fact::<u64>("state_version"))?.unwrap_or(0);
            let next =
                next_device_list(me.account(), me.identity, Some(previous), self.clock.now_ms(), state_number, devices);
            let device_list: SignedDeviceList = identity.sign_device_list(&next);
            let body = PutDeviceList { device_list };
            let path = "/api/v1/account/device-list".into();
            match self.ask::<serde::de::IgnoredAny>(Method::Put, path, Some(&body)).await.map_err(Failure::from) {
                Err(failure) if list_conflict(&failure) => continue,
                Err(failure) => return Err(failure),
                Ok(_) if device == me.device.member.device => return Ok(()),
                Ok(_) => {
                    let fetched = self.fetch_lists(&[me.account()]).await;
                    self.step(|step| step.archive_outlives_device(generation))?;
                    return Ok(fetched?);
                }
            }
        }
        Err(Failure::Busy)
    }
}

fn session_view(session: &SessionInfo) -> SessionView {
    SessionView {
        session: session.session,
        began_at_ms: session.began_at_ms,
        used_at_ms: session.used_at_ms,
        current: session.current,
    }
}
