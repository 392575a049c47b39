//! OpenMLS's storage on a [`GroupStore`]: each value is CBOR under a label and the hash of its key.

use huis_proto::codec;
use openmls_traits::storage::{CURRENT_VERSION, StorageProvider, traits};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::store::{GroupStore, StoreError};

/// Why OpenMLS's state is not read or written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum StorageError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("stored group state can't be read or written: {0}")]
    Form(String),
}

/// OpenMLS's storage provider over the caller's store.
pub(super) struct Storage<'a>(pub(super) &'a dyn GroupStore);

/// Named in every key, so that a later form of the values never mixes with this one.
const FORM: &str = "mls1";

impl Storage<'_> {
    fn key(label: &str, keys: &[&dyn erased::Key]) -> Result<Vec<u8>, StorageError> {
        let mut hash = Sha256::new();
        for key in keys {
            let bytes = key.to_cbor()?;
            hash.update((bytes.len() as u64).to_be_bytes());
            hash.update(bytes);
        }
        Ok([FORM.as_bytes(), b".", label.as_bytes(), b".", &hash.finalize()[..]].concat())
    }

    fn write(&self, label: &str, keys: &[&dyn erased::Key], value: &impl Serialize) -> Result<(), StorageError> {
        Ok(self.0.put(&Self::key(label, keys)?, &to_cbor(value)?)?)
    }

    fn read<T: DeserializeOwned>(&self, label: &str, keys: &[&dyn erased::Key]) -> Result<Option<T>, StorageError> {
        let Some(bytes) = self.0.get(&Self::key(label, keys)?)?.map(Zeroizing::new) else {
            return Ok(None);
        };
        from_cbor(&bytes).map(Some)
    }

    fn remove(&self, label: &str, keys: &[&dyn erased::Key]) -> Result<(), StorageError> {
        Ok(self.0.delete(&Self::key(label, keys)?)?)
    }

    /// The waiting proposals of a group, oldest first.
    fn proposals(&self, group: &dyn erased::Key) -> Result<Vec<WaitingProposal>, StorageError> {
        Ok(self.read(PROPOSALS, &[group])?.unwrap_or_default())
    }
}

fn to_cbor(value: &impl Serialize) -> Result<Zeroizing<Vec<u8>>, StorageError> {
    let mut bytes = Zeroizing::new(Vec::new());
    ciborium::into_writer(value, &mut *bytes).map_err(|error| StorageError::Form(error.to_string()))?;
    Ok(bytes)
}

fn from_cbor<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, StorageError> {
    codec::from_own_cbor(bytes).map_err(|error| StorageError::Form(error.to_string()))
}

/// Keys of several types side by side.
mod erased {
    use serde::Serialize;
    use zeroize::Zeroizing;

    pub(super) trait Key {
        fn to_cbor(&self) -> Result<Zeroizing<Vec<u8>>, super::StorageError>;
    }

    impl<T: Serialize> Key for T {
        fn to_cbor(&self) -> Result<Zeroizing<Vec<u8>>, super::StorageError> {
            super::to_cbor(self)
        }
    }
}

/// Reference and proposal, each as CBOR.
type WaitingProposal = (Vec<u8>, Vec<u8>);

const PROPOSALS: &str = "proposals";
const OWN_LEAVES: &str = "own-leaves";

impl StorageProvider<CURRENT_VERSION> for Storage<'_> {
    type Error = StorageError;

    fn queue_proposal<
        G: traits::GroupId<CURRENT_VERSION>,
        R: traits::ProposalRef<CURRENT_VERSION>,
        P: traits::QueuedProposal<CURRENT_VERSION>,
    >(
        &self,
        group: &G,
        reference: &R,
        proposal: &P,
    ) -> Result<(), StorageError> {
        let mut waiting = self.proposals(group)?;
        waiting.push((to_cbor(reference)?.to_vec(), to_cbor(proposal)?.to_vec()));
        self.write(PROPOSALS, &[group], &waiting)
    }

    fn queued_proposal_refs<G: traits::GroupId<CURRENT_VERSION>, R: traits::ProposalRef<CURRENT_VERSION>>(
        &self,
        group: &G,
    ) -> Result<Vec<R>, StorageError> {
        self.proposals(group)?.iter().map(|(reference, _)| from_cbor(reference)).collect()
    }

    fn queued_proposals<
        G: traits::GroupId<CURRENT_VERSION>,
        R: traits::ProposalRef<CURRENT_VERSION>,
        P: traits::QueuedProposal<CURRENT_VERSION>,
    >(
        &self,
        group: &G,
    ) -> Result<Vec<(R, P)>, StorageError> {
        self.proposals(group)?
            .iter()
            .map(|(reference, proposal)| Ok((from_cbor(reference)?, from_cbor(proposal)?)))
            .collect()
    }

    fn remove_proposal<G: traits::GroupId<CURRENT_VERSION>, R: traits::ProposalRef<CURRENT_VERSION>>(
        &self,
        group: &G,
        reference: &R,
    ) -> Result<(), StorageError> {
        let reference = to_cbor(reference)?;
        let mut waiting = self.proposals(group)?;
        waiting.retain(|(other, _)| *other != *reference);
        self.write(PROPOSALS, &[group], &waiting)
    }

    fn clear_proposal_queue<G: traits::GroupId<CURRENT_VERSION>, R: traits::ProposalRef<CURRENT_VERSION>>(
        &self,
        group: &G,
    ) -> Result<(), StorageError> {
        self.remove(PROPOSALS, &[group])
    }

    fn append_own_leaf_node<G: traits::GroupId<CURRENT_VERSION>, L: traits::LeafNode<CURRENT_VERSION>>(
        &self,
        group: &G,
        leaf: &L,
    ) -> Result<(), StorageError> {
        let mut leaves: Vec<Vec<u8>> = self.read(OWN_LEAVES, &[group])?.unwrap_or_default();
        leaves.push(to_cbor(leaf)?.to_vec());
        self.write(OWN_LEAVES, &[group], &leaves)
    }

    fn own_leaf_nodes<G: traits::GroupId<CURRENT_VERSION>, L: traits::LeafNode<CURRENT_VERSION>>(
        &self,
        group: &G,
    ) -> Result<Vec<L>, StorageError> {
        let leaves: Vec<Vec<u8>> = self.read(OWN_LEAVES, &[group])?.unwrap_or_default();
        leaves.iter().map(|leaf| from_cbor(leaf)).collect()
    }

    fn delete_own_leaf_nodes<G: traits::GroupId<CURRENT_VERSION>>(&self, group: &G) -> Result<(), StorageError> {
        self.remove(OWN_LEAVES, &[group])
    }

    fn write_encryption_epoch_key_pairs<
        G: traits::GroupId<CURRENT_VERSION>,
        E: traits::EpochKey<CURRENT_VERSION>,
        K: traits::HpkeKeyPair<CURRENT_VERSION>,
    >(
        &self,
        group: &G,
        epoch: &E,
        leaf_index: u32,
        pairs: &[K],
    ) -> Result<(), StorageError> {
        self.write("epoch-keys", &[group, epoch, &leaf_index], &pairs)
    }

    fn encryption_epoch_key_pairs<
        G: traits::GroupId<CURRENT_VERSION>,
        E: traits::EpochKey<CURRENT_VERSION>,
        K: traits::HpkeKeyPair<CURRENT_VERSION>,
    >(
        &self,
        group: &G,
        epoch: &E,
        leaf_index: u32,
    ) -> Result<Vec<K>, StorageError> {
        Ok(self.read("epoch-keys", &[group, epoch, &leaf_index])?.unwrap_or_default())
    }

    fn delete_encryption_epoch_key_pairs<G: traits::GroupId<CURRENT_VERSION>, E: traits::EpochKey<CURRENT_VERSION>>(
        &self,
        group: &G,
        epoch: &E,
        leaf_index: u32,
    ) -> Result<(), StorageError> {
        self.remove("epoch-keys", &[group, epoch, &leaf_index])
    }

    fn write_mls_join_config<K: traits::GroupId<CURRENT_VERSION>, V: traits::MlsGroupJoinConfig<CURRENT_VERSION>>(
        &self,
        key: &K,
        value: &V,
    ) -> Result<(), StorageError> {
        self.write("config", &[key], value)
    }

    fn mls_group_join_config<K: traits::GroupId<CURRENT_VERSION>, V: traits::MlsGroupJoinConfig<CURRENT_VERSION>>(
        &self,
        key: &K,
    ) -> Result<Option<V>, StorageError> {
        self.read("config", &[key])
    }

    fn delete_group_config<K: traits::GroupId<CURRENT_VERSION>>(&self, key: &K) -> Result<(), StorageError> {
        self.remove("config", &[key])
    }

    fn write_tree<K: traits::GroupId<CURRENT_VERSION>, V: traits::TreeSync<CURRENT_VERSION>>(
        &self,
        key: &K,
        value: &V,
    ) -> Result<(), StorageError> {
        self.write("tree", &[key], value)
    }

    fn tree<K: traits::GroupId<CURRENT_VERSION>, V: traits::TreeSync<CURRENT_VERSION>>(
        &self,
        key: &K,
    ) -> Result<Option<V>, StorageError> {
        self.read("tree", &[key])
    }

    fn delete_tree<K: traits::GroupId<CURRENT_VERSION>>(&self, key: &K) -> Result<(), StorageError> {
        self.remove("tree", &[key])
    }

    fn write_interim_transcript_hash<
        K: traits::GroupId<CURRENT_VERSION>,
        V: traits::InterimTranscriptHash<CURRENT_VERSION>,
    >(
        &self,
        key: &K,
        value: &V,
    ) -> Result<(), StorageError> {
        self.write("transcript", &[key], value)
    }

    fn interim_transcript_hash<
        K: traits::GroupId<CURRENT_VERSION>,
        V: traits::InterimTranscriptHash<CURRENT_VERSION>,
    >(
        &self,
        key: &K,
    ) -> Result<Option<V>, StorageError> {
        self.read("transcript", &[key])
    }

    fn delete_interim_transcript_hash<K: traits::GroupId<CURRENT_VERSION>>(&self, key: &K) -> Result<(), StorageError> {
        self.remove("transcript", &[key])
    }

    fn write_context<K: traits::GroupId<CURRENT_VERSION>, V: traits::GroupContext<CURRENT_VERSION>>(
        &self,
        key: &K,
        value: &V,
    ) -> Result<(), StorageError> {
        self.write("context", &[key], value)
    }

    fn group_context<K: traits::GroupId<CURRENT_VERSION>, V: traits::GroupContext<CURRENT_VERSION>>(
        &self,
        key: &K,
    ) -> Result<Option<V>, StorageError> {
        self.read("context", &[key])
    }

    fn delete_context<K: traits::GroupId<CURRENT_VERSION>>(&self, key: &K) -> Result<(), StorageError> {
        self.remove("context", &[key])
    }

    fn write_confirmation_tag<K: traits::GroupId<CURRENT_VERSION>, V: traits::ConfirmationTag<CURRENT_VERSION>>(
        &self,
        key: &K,
        value: &V,
    ) -> Result<(), StorageError> {
        self.write("confirmation", &[key], value)
    }

    fn confirmation_tag<K: traits::GroupId<CURRENT_VERSION>, V: traits::ConfirmationTag<CURRENT_VERSION>>(
        &self,
        key: &K,
    ) -> Result<Option<V>, StorageError> {
        self.read("confirmation", &[key])
    }

    fn delete_confirmation_tag<K: traits::GroupId<CURRENT_VERSION>>(&self, key: &K) -> Result<(), StorageError> {
        self.remove("confirmation", &[key])
    }

    fn write_group_state<V: traits::GroupState<CURRENT_VERSION>, K: traits::GroupId<CURRENT_VERSION>>(
        &self,
        key: &K,
        value: &V,
    ) -> Result<(), StorageError> {
        self.write("state", &[key], value)
    }

    fn group_state<V: traits::GroupState<CURRENT_VERSION>, K: traits::GroupId<CURRENT_VERSION>>(
        &self,
        key: &K,
    ) -> Result<Option<V>, StorageError> {
        self.read("state", &[key])
    }

    fn delete_group_state<K: traits::GroupId<CURRENT_VERSION>>(&self, key: &K) -> Result<(), StorageError> {
        self.remove("state", &[key])
    }

    fn write_message_secrets<K: traits::GroupId<CURRENT_VERSION>, V: traits::MessageSecrets<CURRENT_VERSION>>(
        &self,
        key: &K,
        value: &V,
    ) -> Result<(), StorageError> {
        self.write("message-secrets", &[key], value)
    }

    fn message_secrets<K: traits::GroupId<CURRENT_VERSION>, V: traits::MessageSecrets<CURRENT_VERSION>>(
        &self,
        key: &K,
    ) -> Result<Option<V>, StorageError> {
        self.read("message-secrets", &[key])
    }

    fn delete_message_secrets<K: traits::GroupId<CURRENT_VERSION>>(&self, key: &K) -> Result<(), StorageError> {
        self.remove("message-secrets", &[key])
    }

    fn write_resumption_psk_store<
        K: traits::GroupId<CURRENT_VERSION>,
        V: traits::ResumptionPskStore<CURRENT_VERSION>,
    >(
        &self,
        key: &K,
        value: &V,
    ) -> Result<(), StorageError> {
        self.write("resumption", &[key], value)
    }

    fn resumption_psk_store<K: traits::GroupId<CURRENT_VERSION>, V: traits::ResumptionPskStore<CURRENT_VERSION>>(
        &self,
        key: &K,
    ) -> Result<Option<V>, StorageError> {
        self.read("resumption", &[key])
    }

    fn delete_all_resumption_psk_secrets<K: traits::GroupId<CURRENT_VERSION>>(
        &self,
        key: &K,
    ) -> Result<(), StorageError> {
        self.remove("resumption", &[key])
    }

    fn write_own_leaf_index<K: traits::GroupId<CURRENT_VERSION>, V: traits::LeafNodeIndex<CURRENT_VERSION>>(
        &self,
        key: &K,
        value: &V,
    ) -> Result<(), StorageError> {
        self.write("own-index", &[key], value)
    }

    fn own_leaf_index<K: traits::GroupId<CURRENT_VERSION>, V: traits::LeafNodeIndex<CURRENT_VERSION>>(
        &self,
        key: &K,
    ) -> Result<Option<V>, StorageError> {
        self.read("own-index", &[key])
    }

    fn delete_own_leaf_index<K: traits::GroupId<CURRENT_VERSION>>(&self, key: &K) -> Result<(), StorageError> {
        self.remove("own-index", &[key])
    }

    fn write_group_epoch_secrets<K: traits::GroupId<CURRENT_VERSION>, V: traits::GroupEpochSecrets<CURRENT_VERSION>>(
        &self,
        key: &K,
        value: &V,
    ) -> Result<(), StorageError> {
        self.write("epoch-secrets", &[key], value)
    }

    fn group_epoch_secrets<K: traits::GroupId<CURRENT_VERSION>, V: traits::GroupEpochSecrets<CURRENT_VERSION>>(
        &self,
        key: &K,
    ) -> Result<Option<V>, StorageError> {
        self.read("epoch-secrets", &[key])
    }

    fn delete_group_epoch_secrets<K: traits::GroupId<CURRENT_VERSION>>(&self, key: &K) -> Result<(), StorageError> {
        self.remove("epoch-secrets", &[key])
    }

    fn write_signature_key_pair<
        K: traits::SignaturePublicKey<CURRENT_VERSION>,
        V: traits::SignatureKeyPair<CURRENT_VERSION>,
    >(
        &self,
        key: &K,
        value: &V,
    ) -> Result<(), StorageError> {
        self.write("signature-key", &[key], value)
    }

    fn signature_key_pair<
        K: traits::SignaturePublicKey<CURRENT_VERSION>,
        V: traits::SignatureKeyPair<CURRENT_VERSION>,
    >(
        &self,
        key: &K,
    ) -> Result<Option<V>, StorageError> {
        self.read("signature-key", &[key])
    }

    fn delete_signature_key_pair<K: traits::SignaturePublicKey<CURRENT_VERSION>>(
        &self,
        key: &K,
    ) -> Result<(), StorageError> {
        self.remove("signature-key", &[key])
    }

    fn write_encryption_key_pair<K: traits::EncryptionKey<CURRENT_VERSION>, V: traits::HpkeKeyPair<CURRENT_VERSION>>(
        &self,
        key: &K,
        value: &V,
    ) -> Result<(), StorageError> {
        self.write("encryption-key", &[key], value)
    }

    fn encryption_key_pair<V: traits::HpkeKeyPair<CURRENT_VERSION>, K: traits::EncryptionKey<CURRENT_VERSION>>(
        &self,
        key: &K,
    ) -> Result<Option<V>, StorageError> {
        self.read("encryption-key", &[key])
    }

    fn delete_encryption_key_pair<K: traits::EncryptionKey<CURRENT_VERSION>>(
        &self,
        key: &K,
    ) -> Result<(), StorageError> {
        self.remove("encryption-key", &[key])
    }

    fn write_key_package<K: traits::HashReference<CURRENT_VERSION>, V: traits::KeyPackage<CURRENT_VERSION>>(
        &self,
        key: &K,
        value: &V,
    ) -> Result<(), StorageError> {
        self.write("key-package", &[key], value)
    }

    fn key_package<K: traits::HashReference<CURRENT_VERSION>, V: traits::KeyPackage<CURRENT_VERSION>>(
        &self,
        key: &K,
    ) -> Result<Option<V>, StorageError> {
        self.read("key-package", &[key])
    }

    fn delete_key_package<K: traits::HashReference<CURRENT_VERSION>>(&self, key: &K) -> Result<(), StorageError> {
        self.remove("key-package", &[key])
    }

    fn write_psk<K: traits::PskId<CURRENT_VERSION>, V: traits::PskBundle<CURRENT_VERSION>>(
        &self,
        key: &K,
        value: &V,
    ) -> Result<(), StorageError> {
        self.write("psk", &[key], value)
    }

    fn psk<V: traits::PskBundle<CURRENT_VERSION>, K: traits::PskId<CURRENT_VERSION>>(
        &self,
        key: &K,
    ) -> Result<Option<V>, StorageError> {
        self.read("psk", &[key])
    }

    fn delete_psk<K: traits::PskId<CURRENT_VERSION>>(&self, key: &K) -> Result<(), StorageError> {
        self.remove("psk", &[key])
    }
}
