//! Device lists of the own account that a restored server has lost. They are signed, so any device may offer them again.

use huis_core::identity::list_position;
use huis_proto::device_list::SignedDeviceList;
use huis_proto::limits;
use huis_proto::rest::{AccountCard, PutDeviceList};
use huis_views::Failure;

use super::entering::bad_answer;
use crate::api::ApiError;
use crate::client::{Client, Step};
use crate::db::DbError;
use crate::ports::Method;

impl Client {
    /// Gives the server the lists behind its newest one, as far as they are kept.
    ///
    /// # Errors
    /// [`ApiError`] where it is worth another try.
    pub(crate) async fn offer_own_lists(&self) -> Result<(), ApiError> {
        let me = self.signed_in().map_err(ApiError::Own)?;
        let newest = self.known().newest_number(me.account());
        let card: AccountCard = self.get(format!("/api/v1/accounts/{}", me.account())).await?;
        let mut number = list_position(&card.device_list).map_err(|error| ApiError::Own(bad_answer(error)))?.number;
        while number < newest {
            number += 1;
            let kept = self.read(|tables| tables.own_list(number)).map_err(|error| ApiError::Own(error.into()))?;
            let Some(device_list) = kept else {
                tracing::warn!(number, "a device list that the server lost is not kept here");
                break;
            };
            let path = "/api/v1/account/device-list".into();
            let body = PutDeviceList { device_list };
            match self.ask::<serde::de::IgnoredAny>(Method::Put, path, Some(&body)).await {
                Ok(_) => {}
                Err(error) if error.passes() => return Err(error),
                Err(error) => {
                    // Another device of the account was faster, or this one is not in the list that it would follow.
                    tracing::info!(number, %error, "a device list was not taken");
                    break;
                }
            }
        }
        Ok(())
    }

    /// The lists that follow the server's newest, up to the first one that names this device: it has lost them. None
    /// where this device does not know them, or so many that they are too many for one request, or where another identity
    /// key comes between: a handover comes in by a renewal alone.
    pub(super) fn own_lists_behind(&self, newest: &SignedDeviceList) -> Result<Option<Vec<SignedDeviceList>>, Failure> {
        let me = self.signed_in()?;
        let Ok(position) = list_position(newest) else { return Ok(None) };
        let mut lists = Vec::new();
        for number in (position.number.saturating_add(1)..).take(limits::LISTS_AT_ONCE) {
            let Some(list) = self.read(|tables| tables.own_list(number))? else { break };
            let Ok(names) = list.open(me.account(), &me.identity.0) else { break };
            if list.handover.is_some() {
                break;
            }
            lists.push(list);
            if names.device(me.device.member.device).is_some() {
                return Ok(Some(lists));
            }
        }
        Ok(None)
    }
}

impl Step<'_> {
    /// Keeps lists of the own account that were accepted.
    pub(super) fn keep_own_lists(&mut self, lists: &[SignedDeviceList]) -> Result<(), DbError> {
        for signed in lists {
            let position = list_position(signed).map_err(|_| DbError::Form("device list"))?;
            self.tables.put_own_list(position.number, signed)?;
        }
        Ok(())
    }
}
