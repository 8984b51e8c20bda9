//! Which call-backs a client may name, so that nobody makes a router knock at doors of their choice
//! (spec 7.2).

use rvp::ClientUrl;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, PoisonError, RwLock};

/// Ports below this are services', not clients' (spec 7.2).
const CLIENT_PORT_MIN: u16 = 1024;

/// The listeners of one process, routers' and others'. Clones show the same listeners.
#[derive(Clone, Debug, Default)]
pub struct OwnListeners(Arc<RwLock<Vec<SocketAddr>>>);

impl OwnListeners {
    /// Adds a listener.
    pub fn add(&self, address: SocketAddr) {
        self.0
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .push(address);
    }

    /// Those added so far.
    pub(crate) fn all(&self) -> Vec<SocketAddr> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// The call-back policy of a listener.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Policy {
    /// None: clients cannot be called back here.
    Off,
    /// Only the address that the client itself connects from.
    Peer,
    /// Addresses in these ranges, each a network and the length of its prefix in bits.
    Ranges(Vec<(IpAddr, u8)>),
}

impl Policy {
    /// Whether a client that connects from `peer` may be called back there. Names are refused: what they
    /// resolve to can be another address the next time.
    #[must_use]
    pub fn permits(&self, call_back: &ClientUrl, peer: IpAddr, own: &[SocketAddr]) -> bool {
        let host = call_back.host().trim_start_matches('[').trim_end_matches(']');
        let Ok(address) = host.parse::<IpAddr>() else {
            return false;
        };
        let address = address.to_canonical();
        let ours = |own: &SocketAddr| {
            own.port() == call_back.port() && (own.ip().is_unspecified() || own.ip() == address)
        };
        if call_back.port() < CLIENT_PORT_MIN || own.iter().any(ours) || is_nobody(address) {
            return false;
        }
        match self {
            Self::Off => false,
            Self::Peer => address == peer.to_canonical(),
            Self::Ranges(ranges) => ranges
                .iter()
                .any(|(network, bits)| contains(*network, *bits, address)),
        }
    }
}

/// Addresses that are no single host's.
fn is_nobody(address: IpAddr) -> bool {
    address.is_unspecified()
        || address.is_multicast()
        || matches!(address, IpAddr::V4(v4) if v4.is_broadcast())
}

/// Whether an address is in a range.
pub(crate) fn contains(network: IpAddr, bits: u8, address: IpAddr) -> bool {
    match (network, address) {
        (IpAddr::V4(network), IpAddr::V4(address)) => {
            let mask = u32::MAX.checked_shl(32 - u32::from(bits.min(32))).unwrap_or(0);
            network.to_bits() & mask == address.to_bits() & mask
        }
        (IpAddr::V6(network), IpAddr::V6(address)) => {
            let mask = u128::MAX.checked_shl(128 - u32::from(bits.min(128))).unwrap_or(0);
            network.to_bits() & mask == address.to_bits() & mask
        }
        (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn permits(policy: &Policy, call_back: &str, peer: &str) -> bool {
        let own = ["127.0.0.1:8080".parse().unwrap(), "0.0.0.0:9090".parse().unwrap()];
        policy.permits(&ClientUrl::parse(call_back).unwrap(), peer.parse().unwrap(), &own)
    }

    #[test]
    fn a_peer_is_called_back_at_its_own_address_only() {
        let peer = Policy::Peer;
        assert!(permits(&peer, "http://192.0.2.10:49152", "192.0.2.10"));
        assert!(permits(&peer, "http://192.0.2.10:49152", "::ffff:192.0.2.10"));
        assert!(permits(&peer, "http://[2001:db8::1]:49152/x", "2001:db8::1"));
        assert!(!permits(&peer, "http://192.0.2.11:49152", "192.0.2.10"));
        assert!(
            !permits(&peer, "http://localhost:49152", "127.0.0.1"),
            "names are refused"
        );
        assert!(
            !permits(&peer, "http://192.0.2.10", "192.0.2.10"),
            "port 80 is a service"
        );
        assert!(
            !permits(&peer, "http://127.0.0.1:8080", "127.0.0.1"),
            "never ourselves"
        );
        assert!(
            !permits(&peer, "http://192.0.2.10:9090", "192.0.2.10"),
            "never ourselves on any address"
        );
        assert!(!permits(&peer, "http://0.0.0.0:49152", "0.0.0.0"));
    }

    #[test]
    fn ranges_are_by_prefix_and_off_is_off() {
        let ranges = Policy::Ranges(vec![
            ("10.1.0.0".parse().unwrap(), 16),
            ("fd00::".parse().unwrap(), 8),
        ]);
        assert!(permits(&ranges, "http://10.1.255.1:2000", "192.0.2.1"));
        assert!(permits(&ranges, "http://[fd12::1]:2000", "192.0.2.1"));
        assert!(!permits(&ranges, "http://10.2.0.1:2000", "192.0.2.1"));
        assert!(permits(
            &Policy::Ranges(vec![("0.0.0.0".parse().unwrap(), 0)]),
            "http://8.8.8.8:2000",
            "::1"
        ));
        assert!(!permits(&Policy::Off, "http://192.0.2.10:49152", "192.0.2.10"));
    }
}
