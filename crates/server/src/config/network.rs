//! Networks in CIDR notation (RFC 4632, section 3.1).

use std::net::IpAddr;
use std::str::FromStr;

/// All addresses that share their first bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    base: u128,
    /// How many of 128 bits must be equal. IPv4 addresses are counted as IPv6 addresses that hold them.
    prefix: u32,
}

/// The text names no network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected an address or a network such as 10.0.0.0/8 or fd00::/8")]
pub struct ParseNetworkError;

impl Network {
    /// Whether the address lies in the network.
    pub fn contains(&self, address: IpAddr) -> bool {
        (number(address) ^ self.base) & mask(self.prefix) == 0
    }
}

impl FromStr for Network {
    type Err = ParseNetworkError;

    fn from_str(text: &str) -> Result<Self, ParseNetworkError> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| ParseNetworkError)?;
        let (bits, leading) = if address.is_ipv4() { (32, 96) } else { (128, 0) };
        let prefix = match prefix {
            Some(prefix) if prefix.bytes().all(|digit| digit.is_ascii_digit()) => {
                prefix.parse().map_err(|_| ParseNetworkError)?
            }
            Some(_) => return Err(ParseNetworkError),
            None => bits,
        };
        if prefix > bits {
            return Err(ParseNetworkError);
        }
        let prefix = prefix + leading;
        Ok(Self { base: number(address) & mask(prefix), prefix })
    }
}

fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped().to_bits(),
        IpAddr::V6(address) => address.to_bits(),
    }
}

fn mask(prefix: u32) -> u128 {
    u128::MAX.checked_shl(128 - prefix).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_holds_its_addresses_in_both_notations() {
        let network: Network = "10.1.0.0/16".parse().unwrap();
        for inside in ["10.1.2.3", "::ffff:10.1.2.3"] {
            assert!(network.contains(inside.parse().unwrap()), "{inside}");
        }
        for outside in ["10.2.0.1", "::10.1.2.3", "2001:db8::1"] {
            assert!(!network.contains(outside.parse().unwrap()), "{outside}");
        }
        let one: Network = "fd00::1".parse().unwrap();
        assert!(one.contains("fd00::1".parse().unwrap()) && !one.contains("fd00::2".parse().unwrap()));
        let all: Network = "::/0".parse().unwrap();
        assert!(all.contains("192.0.2.1".parse().unwrap()));
    }

    #[test]
    fn what_is_no_network_is_refused() {
        for wrong in ["", "10.0.0.0/33", "::/129", "10.0.0/8", "10.0.0.0/+8", "proxy.example", "10.0.0.0/"] {
            assert_eq!(wrong.parse::<Network>(), Err(ParseNetworkError), "{wrong}");
        }
    }
}
