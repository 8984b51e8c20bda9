//! What a router remembers of a client's connection, for as long as it is open: nothing outlives it.

use rvp::Principal;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

/// A client's connection. Cloning copies a pointer.
#[derive(Clone, Debug)]
pub(crate) struct Connection {
    peer: SocketAddr,
    ntlm: Arc<Mutex<Ntlm>>,
}

/// How far NTLM has come, which authenticates the connection and not a request (spec 6.2).
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) enum Ntlm {
    /// Not begun, or failed.
    #[default]
    Nobody,
    /// This challenge was sent; the next type 3 answers it.
    Challenged([u8; 8]),
    /// The connection is this person's.
    Authenticated(Principal),
}

impl Connection {
    pub(crate) fn new(peer: SocketAddr) -> Self {
        Self {
            peer,
            ntlm: Arc::default(),
        }
    }

    /// Where it comes from.
    pub(crate) fn peer(&self) -> SocketAddr {
        self.peer
    }

    pub(crate) fn ntlm(&self) -> Ntlm {
        self.ntlm.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn set_ntlm(&self, ntlm: Ntlm) {
        *self.ntlm.lock().unwrap_or_else(PoisonError::into_inner) = ntlm;
    }
}
