//! The banned networks, as every request and connection is compared with them: kept in memory by each node, and read anew
//! whenever they may have changed.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::{Arc, PoisonError, RwLock};

use huis_proto::rest::{BanInfo, BanTarget};
use huis_store::{Bar, SharedStore, StoreResult};

use crate::config::Network;
use crate::state::Clock;

/// The banned networks of a node.
pub(crate) struct AddressBans {
    clock: Arc<dyn Clock>,
    /// Nothing is kept, and nobody kept out.
    are_ignored: bool,
    kept: RwLock<Kept>,
    /// Held while they are read, so that what was read last is what was there last.
    reading: tokio::sync::Mutex<()>,
}

/// By the length of their prefix and the prefix: an address is looked up once for each length that is in use.
#[derive(Debug, Default, PartialEq, Eq)]
struct Kept(BTreeMap<u32, HashMap<u128, Bar>>);

impl AddressBans {
    pub(crate) fn new(clock: Arc<dyn Clock>, are_ignored: bool) -> Self {
        Self { clock, are_ignored, kept: RwLock::default(), reading: tokio::sync::Mutex::default() }
    }

    /// Reads them anew. Whether they are others than before.
    pub(crate) async fn read(&self, store: &SharedStore) -> StoreResult<bool> {
        if self.are_ignored {
            return Ok(false);
        }
        let _one_after_another = self.reading.lock().await;
        let kept = Kept::of(store.bans(self.clock.now_ms()).await?);
        // Nobody else writes it meanwhile, and those who look at it do not wait for the comparison.
        if *self.kept.read().unwrap_or_else(PoisonError::into_inner) == kept {
            return Ok(false);
        }
        *self.kept.write().unwrap_or_else(PoisonError::into_inner) = kept;
        Ok(true)
    }

    /// What keeps out whoever comes from this address.
    pub(crate) fn of(&self, address: IpAddr) -> Option<Bar> {
        self.kept.read().unwrap_or_else(PoisonError::into_inner).find(address, self.clock.now_ms())
    }
}

impl Kept {
    fn of(bans: Vec<BanInfo>) -> Self {
        let mut kept = Self::default();
        for ban in bans {
            let BanTarget::Network(network) = &ban.target else { continue };
            match network.parse::<Network>() {
                Ok(network) => {
                    let bar = Bar { is_ban: true, reason: ban.reason, ends_at_ms: ban.ends_at_ms };
                    kept.0.entry(network.prefix()).or_default().insert(network.base(), bar);
                }
                // Only what was parsed is stored.
                Err(error) => tracing::error!(%error, "a stored ban names no network"),
            }
        }
        kept
    }

    fn find(&self, address: IpAddr, now_ms: u64) -> Option<Bar> {
        let mut found = self.0.iter().filter_map(|(prefix, bars)| bars.get(&Network::base_of(address, *prefix)));
        found.rfind(|bar| bar.ends_at_ms.is_none_or(|end| end > now_ms)).cloned()
    }
}

#[cfg(test)]
mod tests {
    use huis_proto::BanId;
    use huis_proto::rest::ServerRole;

    use super::*;

    fn ban(network: &str, ends_at_ms: Option<u64>) -> BanInfo {
        BanInfo {
            id: BanId::from_bytes([1; 16]),
            target: BanTarget::Network(network.into()),
            reason: network.into(),
            since_ms: 1,
            ends_at_ms,
            set_by: "head".into(),
            set_by_role: ServerRole::Moderator,
        }
    }

    #[test]
    fn an_address_is_found_in_every_notation_and_by_the_smallest_network_that_is_not_over() {
        let kept = Kept::of(vec![
            ban("198.51.100.0/24", None),
            ban("198.51.100.7", Some(100)),
            ban("2001:db8:1::/48", None),
            ban("2001:db8::/32", Some(100)),
        ]);
        let found = |address: &str, now_ms| kept.find(address.parse().unwrap(), now_ms).map(|bar| bar.reason);
        let is = |reason: &str| Some(reason.to_owned());
        for address in ["198.51.100.7", "::ffff:198.51.100.7"] {
            assert_eq!(found(address, 99), is("198.51.100.7"));
            assert_eq!(found(address, 100), is("198.51.100.0/24"));
        }
        assert_eq!(found("198.51.101.7", 1), None);
        assert_eq!(found("2001:db8:1::5", 1), is("2001:db8:1::/48"));
        assert_eq!(found("2001:db8:2::5", 99), is("2001:db8::/32"));
        assert_eq!(found("2001:db8:2::5", 100), None);
        // An IPv6 address that only looks like one of IPv4.
        assert_eq!(found("::198.51.100.7", 1), None);
    }
}
