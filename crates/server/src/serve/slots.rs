//! How many connections there are, in all and from each address.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use crate::config::{ConnectionLimits, Network};
use crate::rate_limits::AddressBlock;

/// Counts connections. What it holds is bounded by the total.
#[derive(Clone)]
pub(super) struct Slots(Arc<Counted>);

struct Counted {
    limits: ConnectionLimits,
    /// Many clients come through one proxy: it is counted in the total alone.
    exempt: Vec<Network>,
    held: Mutex<Held>,
}

#[derive(Default)]
struct Held {
    total: usize,
    by_address: HashMap<AddressBlock, usize>,
}

/// A connection's slot; dropping it gives it back.
pub(super) struct Slot {
    counted: Arc<Counted>,
    address: Option<AddressBlock>,
}

impl Slots {
    pub(super) fn new(limits: ConnectionLimits, exempt: Vec<Network>) -> Self {
        Self(Arc::new(Counted { limits, exempt, held: Mutex::default() }))
    }

    /// A slot for a connection from `address`, if there is room.
    pub(super) fn take(&self, address: IpAddr) -> Option<Slot> {
        let Counted { limits, exempt, held } = &*self.0;
        let is_exempt = exempt.iter().any(|network| network.contains(address));
        let address = (!is_exempt).then(|| AddressBlock::of(address));
        let mut held = held.lock().unwrap_or_else(PoisonError::into_inner);
        if held.total >= limits.total {
            return None;
        }
        if let Some(address) = address {
            let count = held.by_address.get(&address).copied().unwrap_or(0);
            if count >= limits.per_address {
                return None;
            }
            held.by_address.insert(address, count + 1);
        }
        held.total += 1;
        metrics::gauge!("huis_tcp_connections").set(held.total as f64);
        Some(Slot { counted: self.0.clone(), address })
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut held = self.counted.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.total -= 1;
        metrics::gauge!("huis_tcp_connections").set(held.total as f64);
        if let Some(address) = self.address
            && let Some(count) = held.by_address.get_mut(&address)
        {
            *count -= 1;
            if *count == 0 {
                held.by_address.remove(&address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_address_gets_its_share_and_all_together_the_total() {
        let limits = ConnectionLimits { per_address: 2, total: 4 };
        let slots = Slots::new(limits, vec!["10.0.0.0/8".parse().unwrap()]);
        let take = |address: &str| slots.take(address.parse().unwrap());
        let first = take("192.0.2.1").unwrap();
        let _second = take("192.0.2.1").unwrap();
        assert!(take("192.0.2.1").is_none());
        drop(first);
        let _third = take("192.0.2.1").unwrap();
        let _proxied = (take("10.0.0.1").unwrap(), take("10.0.0.1").unwrap());
        assert!(take("10.0.0.1").is_none() && take("192.0.2.2").is_none());
    }

    #[test]
    fn addresses_that_left_take_no_space() {
        let slots = Slots::new(ConnectionLimits::default(), Vec::new());
        for host in 0..=255 {
            drop(slots.take(IpAddr::from([192, 0, 2, host])).unwrap());
        }
        assert!(slots.0.held.lock().unwrap().by_address.is_empty());
    }
}
