//! Sealing what this device says.

use huis_proto::MessageId;
use huis_proto::aad::{Act, AuthenticatedData};
use openmls::prelude::{CreateMessageError, MlsGroupStateError};
use rand::{CryptoRng, RngCore};

use super::backend::{self, Backend};
use super::{Group, GroupError, PrepareError, SealError, to_bytes};
use crate::content::{Draft, Envelope};
use crate::identity::LocalDevice;
use crate::store::GroupStore;

/// A sealed message, ready to be submitted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// The MLS message.
    pub bytes: Vec<u8>,
    /// What it says in the clear.
    pub data: AuthenticatedData,
}

impl Group {
    /// Seals a message under the present state. Sealing is allowed while an own commit waits for the server: if that
    /// is accepted first, the server refuses the message as stale, and the same draft is sealed again.
    ///
    /// # Errors
    /// [`SealError`]; the group is as before then.
    pub fn seal(
        &mut self,
        store: &dyn GroupStore,
        me: &LocalDevice,
        rng: &mut (impl RngCore + CryptoRng),
        draft: &Draft<'_>,
    ) -> Result<Outgoing, SealError> {
        let envelope = Envelope::new(rng, draft)?;
        let (files, lock) = (draft.content.blobs(), draft.content.time_lock());
        let data = self.data(me, draft.id, Act::Message { commitment: envelope.commitment(), files, lock });
        self.work(store, |group, backend| group.seal_bytes(backend, me, data, &envelope.to_padded()))
    }

    pub(super) fn seal_bytes(
        &mut self,
        backend: &Backend<'_>,
        me: &LocalDevice,
        data: AuthenticatedData,
        plaintext: &[u8],
    ) -> Result<Outgoing, SealError> {
        self.mls.set_aad(data.to_bytes());
        let message =
            self.mls.create_message(backend, &backend::signer(me), plaintext).map_err(|error| match error {
                CreateMessageError::GroupStateError(MlsGroupStateError::PendingProposal) => SealError::PendingProposals,
                CreateMessageError::GroupStateError(MlsGroupStateError::UseAfterEviction) => SealError::NotAMember,
                other => SealError::Group(GroupError::Mls(other.to_string())),
            })?;
        Ok(Outgoing { bytes: to_bytes(&message)?, data })
    }

    /// A proposal by which the own account leaves. The server stops delivering at once; the next commit of any other
    /// account's device removes all devices of the account. If a commit that does not do so is ordered before it, the
    /// proposal is void and is made again.
    ///
    /// # Errors
    /// [`PrepareError`]; the group is as before then.
    pub fn leave(&mut self, store: &dyn GroupStore, me: &LocalDevice, id: MessageId) -> Result<Outgoing, PrepareError> {
        if !self.is_active() {
            return Err(PrepareError::NotAMember);
        }
        if self.pending().is_some() {
            return Err(PrepareError::Pending);
        }
        let data = self.data(me, id, Act::Leave { leaves: self.devices_of(me.member.account) });
        self.work(store, |group, backend| {
            group.mls.set_aad(data.to_bytes());
            let message = group
                .mls
                .leave_group(backend, &backend::signer(me))
                .map_err(|error| GroupError::Mls(error.to_string()))?;
            Ok(Outgoing { bytes: to_bytes(&message)?, data })
        })
    }
}
