//! Who asks: the link on which a call came, and the number that it has there.

use super::Link;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// The number of a call, unique among the open calls of the end that makes them.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct CallId(pub(super) u64);

impl CallId {
    /// As frames state it: 0 is no call.
    #[must_use]
    pub fn of(number: u64) -> Option<Self> {
        (number != 0).then_some(Self(number))
    }

    pub(crate) fn number(self) -> u64 {
        self.0
    }
}

/// The asker of a call. Cloning copies a pointer.
#[derive(Clone, Debug)]
pub struct Asker {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    link: Link,
    call: CallId,
    was_told: AtomicBool,
}

impl Asker {
    pub(crate) fn new(link: Link, call: u64) -> Self {
        let inner = Inner {
            link,
            call: CallId(call),
            was_told: AtomicBool::new(false),
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    /// Of a call within a process, which has no number.
    pub(crate) fn within(link: Link) -> Self {
        Self::new(link, 0)
    }

    /// The link on which the call came.
    #[must_use]
    pub fn link(&self) -> &Link {
        &self.inner.link
    }

    /// The number of the call for the other end of a link; none if it is another's, or within a process.
    #[must_use]
    pub fn call_on(&self, link: &Link) -> Option<CallId> {
        CallId::of(self.inner.call.0).filter(|_| self.inner.link.is_same(link))
    }

    /// The other end has said that it answered its caller itself, by [`Link::tell`]: what the call is answered here is
    /// not sent.
    pub fn was_told(&self) {
        self.inner.was_told.store(true, Ordering::Release);
    }

    pub(crate) fn call(&self) -> u64 {
        self.inner.call.0
    }

    pub(crate) fn is_told(&self) -> bool {
        self.inner.was_told.load(Ordering::Acquire)
    }
}
