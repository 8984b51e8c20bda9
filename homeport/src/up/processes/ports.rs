//! Ports for processes that must be told theirs before they start, and find them again when started again.
//!
//! From below those that systems give to outgoing connections, so that nothing takes the port of a process while
//! it is down. They are taken in blocks, and each block is claimed for as long as this process lives by binding
//! the UDP port of its first number: two clusters on one machine never choose the same.

use anyhow::{Context, Result, bail};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, UdpSocket};

/// Linux gives outgoing connections ports from 32768 on.
const FIRST: u16 = 20_000;
const BLOCKS: u16 = 398;
const BLOCK: u16 = 32;

/// Ports that are ours.
#[derive(Default)]
pub(super) struct Ports {
    /// Held, never read.
    claims: Vec<UdpSocket>,
    ours: Vec<u16>,
    /// How many blocks were looked at, and at which it began.
    looked_at: u16,
    began_at: u16,
}

impl Ports {
    /// Where clients connect: the address that was asked for, with a free port for port 0.
    ///
    /// # Errors
    /// When it cannot be bound.
    pub(super) fn listen(&mut self, asked: SocketAddr) -> Result<SocketAddr> {
        if asked.port() == 0 {
            return self.take(asked.ip());
        }
        TcpListener::bind(asked).with_context(|| {
            format!("listen on {asked}: is the port taken, or below 1024 without the right? Try --listen")
        })?;
        Ok(asked)
    }

    /// A port that nothing listens on, at an address.
    ///
    /// # Errors
    /// When there is none, as when the address is not of this machine.
    pub(super) fn take(&mut self, ip: IpAddr) -> Result<SocketAddr> {
        // The reason, for an address that cannot be bound at all.
        TcpListener::bind((ip, 0)).with_context(|| format!("listen on {ip}"))?;
        loop {
            while let Some(port) = self.ours.pop() {
                if TcpListener::bind((ip, port)).is_ok() {
                    return Ok(SocketAddr::new(ip, port));
                }
            }
            self.claim_block()?;
        }
    }

    fn claim_block(&mut self) -> Result<()> {
        if self.looked_at == 0 {
            self.began_at = rand::random_range(0..BLOCKS);
        }
        while self.looked_at < BLOCKS {
            let block = (self.began_at + self.looked_at) % BLOCKS;
            self.looked_at += 1;
            let first = FIRST + block * BLOCK;
            if let Ok(claim) = UdpSocket::bind((Ipv4Addr::LOCALHOST, first)) {
                self.claims.push(claim);
                // The lowest is taken first.
                self.ours = (first + 1..first + BLOCK).rev().collect();
                return Ok(());
            }
        }
        let last = FIRST + BLOCKS * BLOCK - 1;
        bail!("no port from {FIRST} to {last} is free: end what listens there")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    #[test]
    fn no_two_clusters_are_given_the_same_port() {
        let (mut one, mut other) = (Ports::default(), Ports::default());
        let mut given = BTreeSet::new();
        for _ in 0..40 {
            for ports in [&mut one, &mut other] {
                let port = ports.take(LOOPBACK).unwrap().port();
                assert!((FIRST..32_768).contains(&port), "{port}");
                assert!(given.insert(port), "{port} a second time");
            }
        }
    }

    #[test]
    fn a_port_that_something_listens_on_is_passed_over() {
        let mut ports = Ports::default();
        let first = ports.take(LOOPBACK).unwrap().port();
        let _taken = TcpListener::bind((LOOPBACK, first + 1)).unwrap();
        assert_eq!(ports.take(LOOPBACK).unwrap().port(), first + 2);
    }

    #[test]
    fn the_address_for_clients_is_the_one_asked_for_or_an_error_that_names_it() {
        let mut ports = Ports::default();
        let taken = TcpListener::bind((LOOPBACK, 0)).unwrap();
        let asked = taken.local_addr().unwrap();
        let error = ports.listen(asked).unwrap_err().to_string();
        assert!(
            error.contains(&asked.to_string()) && error.contains("--listen"),
            "{error}"
        );
        drop(taken);
        assert_eq!(ports.listen(asked).unwrap(), asked);
        assert_ne!(ports.listen(SocketAddr::new(LOOPBACK, 0)).unwrap().port(), 0);
        // An address for documentation is of no machine.
        let elsewhere = "192.0.2.1".parse().unwrap();
        let error = ports.take(elsewhere).unwrap_err().to_string();
        assert_eq!(error, "listen on 192.0.2.1");
    }
}
