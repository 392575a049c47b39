//! The audit log: what was done by those who look after the server, in a chain that shows whether it was changed since.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use utoipa::{IntoParams, ToSchema};

use crate::{AccountId, Bytes32};

/// What each entry's hash begins with.
const LABEL: &[u8] = b"huis audit v1";

/// What is asked of `GET /api/v1/admin/audit`, which answers with [`AuditPage`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ReadAudit {
    /// The entries behind this number, the oldest first; from the first one, if it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<u64>,
    /// The newest first in place of the oldest; not together with `after`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[param(required = false)]
    pub newest_first: bool,
    /// With `newest_first`: the entries before this number; from the newest one, if it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<u64>,
    /// How many at most, from 1 to 200; 200 if it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub most: Option<usize>,
}

/// A page of the audit log, in the order that was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AuditPage {
    /// The entries.
    pub entries: Vec<AuditEntry>,
}

/// An entry of the audit log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AuditEntry {
    /// Counts from 1, without gaps.
    pub number: u64,
    /// When, in milliseconds since 1970.
    pub at_ms: u64,
    /// Who.
    pub actor: AccountId,
    /// Their username.
    pub actor_name: String,
    /// The address that it was done from; empty where it is not known.
    pub address: String,
    /// What was done, by the name that stands in the table of actions.
    pub action: String,
    /// On whom or what: a username, a ban's target, an invitation's id; empty where it concerns the server.
    pub subject: String,
    /// How it was before; empty where there was nothing.
    pub before: String,
    /// How it is since; empty where there is nothing.
    pub after: String,
    /// [`AuditEntry::chained`] to the entry before.
    pub hash: Bytes32,
}

impl AuditEntry {
    /// What the first entry is chained to.
    pub const BEGINNING: Bytes32 = Bytes32([0; 32]);

    /// The hash that belongs to this entry behind one with the hash `previous`: SHA-256 of the 13 bytes `huis audit v1`,
    /// `previous`, number and time (8 bytes each, big-endian), actor (16 bytes), and of each text in the order of the
    /// fields the count of its bytes (4, big-endian) and its UTF-8. [`hash`](Self::hash) itself is not looked at.
    pub fn chained(&self, previous: &Bytes32) -> Bytes32 {
        let mut hash = Sha256::new();
        hash.update(LABEL);
        hash.update(previous.0);
        hash.update(self.number.to_be_bytes());
        hash.update(self.at_ms.to_be_bytes());
        hash.update(self.actor.as_bytes());
        let texts = [&self.actor_name, &self.address, &self.action, &self.subject, &self.before, &self.after];
        for text in texts {
            hash.update((text.len() as u32).to_be_bytes());
            hash.update(text);
        }
        Bytes32(hash.finalize().into())
    }
}

/// Follows the chain of an audit log from its beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuditChain {
    /// The number of the newest entry that was followed; 0 before the first.
    pub number: u64,
    /// Its hash.
    pub hash: Bytes32,
}

impl Default for AuditChain {
    fn default() -> Self {
        Self { number: 0, hash: AuditEntry::BEGINNING }
    }
}

/// The chain is broken at this number: the entry was changed, put in, or taken out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the audit log is broken at number {0}: that entry was changed, put in or taken out")]
pub struct BrokenAt(pub u64);

impl AuditChain {
    /// Follows it to the next entry.
    ///
    /// # Errors
    /// [`BrokenAt`] with the first number that is not what it has to be.
    pub fn follow(&mut self, entry: &AuditEntry) -> Result<(), BrokenAt> {
        let number = self.number.saturating_add(1);
        if entry.number != number || entry.hash != entry.chained(&self.hash) {
            return Err(BrokenAt(number));
        }
        *self = Self { number, hash: entry.hash };
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(count: u64) -> Vec<AuditEntry> {
        let mut chain = AuditChain::default();
        (1..=count)
            .map(|number| {
                let mut entry = AuditEntry {
                    number,
                    at_ms: 1_800_000_000_000 + number,
                    actor: AccountId::from_bytes([7; 16]),
                    actor_name: "head".into(),
                    address: "192.0.2.1".into(),
                    action: "accounts.set-role".into(),
                    subject: "anna".into(),
                    before: "member".into(),
                    after: "moderator".into(),
                    hash: AuditEntry::BEGINNING,
                };
                entry.hash = entry.chained(&chain.hash);
                chain.follow(&entry).unwrap();
                entry
            })
            .collect()
    }

    fn followed(log: &[AuditEntry]) -> Result<u64, BrokenAt> {
        let mut chain = AuditChain::default();
        log.iter().try_for_each(|entry| chain.follow(entry))?;
        Ok(chain.number)
    }

    #[test]
    fn an_entrys_hash_keeps_its_bytes() {
        let hex: String = log(2)[1].hash.0.iter().map(|byte| format!("{byte:02x}")).collect();
        insta::assert_snapshot!(hex);
    }

    #[test]
    fn whatever_is_changed_breaks_the_chain_at_its_number() {
        let good = log(5);
        assert_eq!(followed(&good), Ok(5));
        let changes: [fn(&mut AuditEntry); 8] = [
            |entry| entry.at_ms += 1,
            |entry| entry.actor = AccountId::from_bytes([8; 16]),
            |entry| entry.actor_name.push('x'),
            |entry| entry.address.clear(),
            |entry| entry.action = "accounts.delete".into(),
            |entry| entry.subject = "berta".into(),
            |entry| std::mem::swap(&mut entry.before, &mut entry.after),
            |entry| entry.hash.0[31] ^= 1,
        ];
        for change in changes {
            let mut log = good.clone();
            change(&mut log[2]);
            assert_eq!(followed(&log), Err(BrokenAt(3)));
        }
        // What moves from one text to the next is seen as well.
        let mut log = good.clone();
        (log[2].before, log[2].after) = ("membermod".into(), "erator".into());
        assert_eq!(followed(&log), Err(BrokenAt(3)));
    }

    #[test]
    fn an_entry_that_is_missing_put_in_or_made_anew_breaks_the_chain() {
        let good = log(5);
        let mut missing = good.clone();
        missing.remove(1);
        assert_eq!(followed(&missing), Err(BrokenAt(2)));
        let mut twice = good.clone();
        twice.insert(3, good[2].clone());
        assert_eq!(followed(&twice), Err(BrokenAt(4)));
        let mut anew = good.clone();
        anew[1].subject = "berta".into();
        anew[1].hash = anew[1].chained(&good[0].hash);
        assert_eq!(followed(&anew), Err(BrokenAt(3)));
    }
}
