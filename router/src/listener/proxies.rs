//! Who may connect where a proxy ends TLS: that proxy, and nobody else.
//!
//! What comes by it is plain HTTP, so the address is all by which a router can know it. Whoever else connects is closed
//! before anything is read: it could be anybody, in the open.

use crate::call_back::contains;
use crate::metrics::Metrics;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;
use tokio::time::Instant;

/// How often it is said at most that somebody else was closed: whoever scans addresses must not fill a log.
const SAID_EVERY: Duration = Duration::from_secs(60);

/// The addresses that may connect, each a network and the length of its prefix in bits. Empty: all.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Proxies(Vec<(IpAddr, u8)>);

impl Proxies {
    /// Only addresses in these ranges; all if there are none.
    #[must_use]
    pub fn new(ranges: Vec<(IpAddr, u8)>) -> Self {
        Self(ranges)
    }

    /// Reads an address, or a range such as `10.0.0.0/28`. None for anything else, and for a range of everybody.
    #[must_use]
    pub fn range(text: &str) -> Option<(IpAddr, u8)> {
        if let Ok(address) = text.parse::<IpAddr>() {
            return Some((address, if address.is_ipv4() { 32 } else { 128 }));
        }
        crate::settings::range(text).filter(|(_, bits)| *bits > 0)
    }

    fn admit(&self, peer: IpAddr) -> bool {
        let peer = peer.to_canonical();
        let within = |(network, bits): &(IpAddr, u8)| contains(*network, *bits, peer);
        self.0.is_empty() || self.0.iter().any(within)
    }
}

/// Looks at who connects, and says now and then who was closed.
pub(crate) struct Gate {
    proxies: Proxies,
    said: Option<Instant>,
    /// Closed since it was said.
    unsaid: u64,
}

impl Gate {
    pub(crate) fn new(proxies: Proxies) -> Self {
        Self {
            proxies,
            said: None,
            unsaid: 0,
        }
    }

    /// Whether whoever connects from there may stay.
    pub(crate) fn admits(&mut self, peer: SocketAddr, router: &str, metrics: &Metrics) -> bool {
        if self.proxies.admit(peer.ip()) {
            return true;
        }
        metrics.not_from_proxy();
        self.unsaid += 1;
        if self.said.is_none_or(|said| said.elapsed() >= SAID_EVERY) {
            tracing::warn!(
                router,
                peer = %peer.ip(),
                connections = self.unsaid,
                "closed what did not come from a proxy in listen.proxies"
            );
            (self.said, self.unsaid) = (Some(Instant::now()), 0);
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxies(ranges: &[&str]) -> Proxies {
        Proxies::new(ranges.iter().map(|text| Proxies::range(text).unwrap()).collect())
    }

    #[test]
    fn only_those_that_are_named_are_admitted() {
        let named = proxies(&["10.0.1.5", "10.0.2.0/28", "fd00::5"]);
        for (peer, admitted) in [
            ("10.0.1.5", true),
            ("::ffff:10.0.1.5", true),
            ("10.0.2.15", true),
            ("fd00::5", true),
            ("10.0.1.6", false),
            ("10.0.2.16", false),
            ("fd00::6", false),
            ("127.0.0.1", false),
        ] {
            assert_eq!(named.admit(peer.parse().unwrap()), admitted, "{peer}");
        }
        assert!(Proxies::default().admit("192.0.2.1".parse().unwrap()));
    }

    #[test]
    fn an_address_or_a_range_is_read_and_everybody_is_none() {
        for text in [
            "",
            "proxy",
            "10.0.1.5/28",
            "10.0.1.0/33",
            "0.0.0.0/0",
            "::/0",
            "10.0.1.5:80",
        ] {
            assert_eq!(Proxies::range(text), None, "{text}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn it_is_said_once_a_minute_and_always_counted() {
        let (metrics, stranger) = (Metrics::default(), "192.0.2.1:4000".parse().unwrap());
        let mut gate = Gate::new(proxies(&["10.0.1.5"]));
        let closed = |gate: &mut Gate| assert!(!gate.admits(stranger, "router-1", &metrics));
        closed(&mut gate);
        let first = gate.said;
        closed(&mut gate);
        closed(&mut gate);
        assert_eq!((gate.said, gate.unsaid), (first, 2));
        tokio::time::advance(SAID_EVERY).await;
        closed(&mut gate);
        assert!(gate.said > first && gate.unsaid == 0);
        assert_eq!(metrics.not_from_proxy_so_far(), 4);
    }
}
