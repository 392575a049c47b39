//! Before a conversation is joined anew because messages could not be read: has anything parted at all? Anybody in it can
//! send garbage, and so can the server.

use huis_proto::ConversationId;
use huis_proto::rest::GroupInfo;
use huis_views::Notice;

use super::Ended;
use crate::api::ApiError;
use crate::client::Client;
use crate::db::DbError;
use crate::outbox::is_no_member;

/// How this device's state of a group stands to the one that the server gives to whoever joins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// They are the same.
    Same,
    /// The server's is a later one: entries are to come that lead there, or show that they do not.
    Behind,
    /// They are of one commit counter and differ, or the server's is an earlier one.
    Parted,
}

impl Client {
    /// Compares where unreadable messages gave reason to, and joins anew only what has parted.
    pub(super) async fn look_at_suspects(&self) -> Result<(), Ended> {
        loop {
            let next = self.traffic.borrow().suspect();
            let Some((conversation, reason)) = next else { return Ok(()) };
            let standing = match self.standing(conversation).await {
                Ok(standing) => standing,
                Err(error) => {
                    // The next message that can't be read gives reason to look again.
                    tracing::info!(%conversation, %error, "states were not compared");
                    self.traffic.borrow_mut().not_suspect(conversation, false);
                    continue;
                }
            };
            self.step(|step| match standing {
                Standing::Parted => step.repair_without_comparing(conversation, reason),
                Standing::Same => step.notice(Some(conversation), Notice::RepairCalledOff { reason }),
                Standing::Behind => Ok(()),
            })?;
            self.traffic.borrow_mut().not_suspect(conversation, standing == Standing::Same);
        }
    }

    /// Compares group id, epoch, tree, transcript and roster. A GroupInfo that agrees with the state that this device
    /// has verified commit by commit needs no further proof; a server that shows the device its own state in place of a
    /// newer one withholds what is new, as it can in any case.
    pub(super) async fn standing(&self, conversation: ConversationId) -> Result<Standing, ApiError> {
        let Some(me) = self.me() else { return Ok(Standing::Same) };
        let path = format!("/api/v1/conversations/{conversation}/group-info");
        let info: GroupInfo = match self.get(path).await {
            Ok(info) => info,
            // The log says whether this device is out, or others say that it is not.
            Err(error) if is_no_member(&error) => return Ok(Standing::Behind),
            Err(error) => return Err(error),
        };
        let standing = self.step(|step| {
            let Ok(Some(group)) = step.group(conversation) else { return Ok::<_, DbError>(Standing::Parted) };
            let same = || group.agrees_with(&me.device, &info.group_info).unwrap_or(false);
            Ok(match info.commit_counter.cmp(&group.commit_counter()) {
                std::cmp::Ordering::Greater => Standing::Behind,
                std::cmp::Ordering::Equal if same() => Standing::Same,
                _ => Standing::Parted,
            })
        });
        standing.map_err(|error| ApiError::Own(error.into()))
    }
}
