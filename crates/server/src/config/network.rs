//! Networks in CIDR notation (RFC 4632, section 3.1).

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
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

    /// Whether some address lies in both.
    pub fn overlaps(&self, other: &Self) -> bool {
        (self.base ^ other.base) & mask(self.prefix.min(other.prefix)) == 0
    }

    /// Whether its prefix is shorter than these: that of a network of IPv4, and that of others.
    pub fn is_wider_than(&self, v4: u32, v6: u32) -> bool {
        match self.v4() {
            Some((_, prefix)) => prefix < v4,
            None => self.prefix < v6,
        }
    }

    /// How many of 128 bits its addresses share, as [`base`](Self::base) has them.
    pub(crate) fn prefix(&self) -> u32 {
        self.prefix
    }

    /// The bits that its addresses share.
    pub(crate) fn base(&self) -> u128 {
        self.base
    }

    /// The base of the network with this prefix in which the address lies.
    pub(crate) fn base_of(address: IpAddr, prefix: u32) -> u128 {
        number(address) & mask(prefix)
    }

    /// Address and prefix, if it is a network of IPv4.
    fn v4(&self) -> Option<(Ipv4Addr, u32)> {
        let address = Ipv6Addr::from_bits(self.base).to_ipv4_mapped()?;
        Some((address, self.prefix.checked_sub(96)?))
    }
}

/// In its one form: the address alone where it is one.
impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (address, prefix, bits) = match self.v4() {
            Some((address, prefix)) => (IpAddr::V4(address), prefix, 32),
            None => (IpAddr::V6(Ipv6Addr::from_bits(self.base)), self.prefix, 128),
        };
        if prefix == bits { write!(f, "{address}") } else { write!(f, "{address}/{prefix}") }
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
    fn a_network_has_one_form_which_is_read_as_the_same() {
        for (text, form) in [
            ("198.51.100.7/32", "198.51.100.7"),
            ("198.51.100.7/24", "198.51.100.0/24"),
            ("::ffff:198.51.100.7", "198.51.100.7"),
            ("::ffff:198.51.100.0/120", "198.51.100.0/24"),
            ("2001:DB8::1/32", "2001:db8::/32"),
            ("2001:db8::1", "2001:db8::1"),
            ("::/0", "::/0"),
            ("::ffff:0:0/95", "::fffe:0:0/95"),
        ] {
            let network: Network = text.parse().unwrap();
            assert_eq!(network.to_string(), form);
            assert_eq!(form.parse(), Ok(network));
        }
    }

    #[test]
    fn networks_overlap_where_one_lies_in_the_other() {
        let overlap = |one: &str, other: &str| {
            let (one, other): (Network, Network) = (one.parse().unwrap(), other.parse().unwrap());
            assert_eq!(one.overlaps(&other), other.overlaps(&one));
            one.overlaps(&other)
        };
        assert!(overlap("10.0.0.0/8", "10.1.0.0/16") && overlap("10.0.0.1", "10.0.0.1"));
        assert!(overlap("::/0", "10.0.0.1"));
        assert!(!overlap("10.0.0.0/8", "11.0.0.0/8") && !overlap("::/96", "10.0.0.1"));
    }

    #[test]
    fn what_is_no_network_is_refused() {
        for wrong in ["", "10.0.0.0/33", "::/129", "10.0.0/8", "10.0.0.0/+8", "proxy.example", "10.0.0.0/"] {
            assert_eq!(wrong.parse::<Network>(), Err(ParseNetworkError), "{wrong}");
        }
    }
}
