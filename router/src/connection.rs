//! What a router remembers of a client's connection, for as long as it is open: nothing outlives it.

use daemon::OpenGuard;
use rvp::Principal;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::OwnedSemaphorePermit;

/// A client's connection. Cloning copies a pointer.
#[derive(Clone, Debug)]
pub(crate) struct Connection {
    peer: SocketAddr,
    ntlm: Arc<Mutex<Ntlm>>,
    /// Its place among the connections of this router, given back when nobody has it any more: an attachment keeps it
    /// after the HTTP has ended.
    _place: Place,
}

/// A place among the connections of a router.
#[derive(Clone, Debug)]
pub(crate) struct Place(
    #[expect(dead_code, reason = "it counts for as long as it is there")]
    Arc<(OwnedSemaphorePermit, OpenGuard)>,
);

impl Place {
    /// One that counts for nothing.
    #[cfg(test)]
    pub(crate) fn of_nobody() -> Self {
        let room = Arc::new(tokio::sync::Semaphore::new(1));
        let permit = room.try_acquire_owned().expect("it has one");
        Self::new(permit, crate::metrics::Metrics::default().connection())
    }

    pub(crate) fn new(permit: OwnedSemaphorePermit, counted: OpenGuard) -> Self {
        Self(Arc::new((permit, counted)))
    }
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
    pub(crate) fn new(peer: SocketAddr, place: Place) -> Self {
        Self {
            peer,
            _place: place,
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
