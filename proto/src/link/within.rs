//! A link that stays within a process: a call is served where it is made, so nothing is turned into frames, queued or
//! handed to another task. What a link promises is kept here for such a one: order, bounds, deadlines, and how it ends.

use super::kept::Kept;
use super::lanes::{Answered, CALLS_MAX, PRESENCE_CALLS_MAX, Refused};
use super::{Asker, Inner, Link, Peer, Serve, Way, is_presence};
use crate::op::Call;
use std::fmt;
use std::future::{Future, poll_fn};
use std::mem;
use std::pin::pin;
use std::sync::{Arc, OnceLock, Weak};
use tokio::sync::Semaphore;
use tokio::task::coop;
use tokio_util::sync::CancellationToken;

/// One end of such a link.
pub(super) struct Within {
    /// Who serves what is called here. They are held by the task that keeps their end, so that whoever has a link that has
    /// ended does not keep them.
    serve: Weak<dyn Serve>,
    /// The link as they see it. Ends are held by the tasks that keep them, so that they do not hold each other.
    theirs: OnceLock<Weak<Inner>>,
    open: Semaphore,
    presence: Semaphore,
    /// Of both ends.
    closed: CancellationToken,
}

/// An end, by whom it is of and what answers there.
pub(super) type End<'a> = (&'a Peer, &'a Arc<dyn Serve>);

/// A link between two ends, as the first and as the other one sees it.
pub(super) fn pair((one, one_serves): End<'_>, (other, other_serves): End<'_>) -> (Link, Link) {
    let closed = CancellationToken::new();
    let end = |peer: &Peer, serve: &Arc<dyn Serve>| {
        let within = Within {
            serve: Arc::downgrade(serve),
            theirs: OnceLock::new(),
            open: Semaphore::new(CALLS_MAX),
            presence: Semaphore::new(PRESENCE_CALLS_MAX),
            closed: closed.clone(),
        };
        Link::by(peer.clone(), Way::Within(within))
    };
    let (ones, others) = (end(other, other_serves), end(one, one_serves));
    for (mine, theirs) in [(&ones, &others), (&others, &ones)] {
        if let Way::Within(within) = &mine.inner.way {
            let _ = within.theirs.set(Arc::downgrade(&theirs.inner));
        }
    }
    (ones, others)
}

/// Keeps an end until it is hung up or what this returns is dropped, even before it has begun. Then the link has ended
/// for both.
pub(super) fn keep(link: Link, serve: Arc<dyn Serve>) -> impl Future<Output = ()> + Send {
    let mut kept = Kept::new(link, serve);
    // Already now: whoever is told at the other end may call at once.
    kept.open();
    async move {
        let Kept { link, .. } = &kept;
        link.closed().cancelled().await;
    }
}

impl Within {
    /// Has a call served. It begins at once, before any that is made later, and ends with whoever waits for it.
    pub(super) async fn call(&self, call: Call) -> Result<Answered, Refused> {
        let _room = match is_presence(&call.op) {
            true => Some(self.presence.acquire().await.map_err(|_| Refused::Closed)?),
            false => None,
        };
        let _open = self.open.try_acquire().map_err(|_| Refused::Full)?;
        let theirs = self.theirs.get().and_then(Weak::upgrade);
        let theirs = theirs.filter(|_| !self.closed.is_cancelled());
        let asker = Asker::within(Link {
            inner: theirs.ok_or(Refused::Closed)?,
        });
        let serve = self.serve.upgrade().ok_or(Refused::Closed)?;
        let mut serving = serve.serve(asker, call);
        let mut has_begun = false;
        let served = poll_fn(|context| {
            if mem::replace(&mut has_begun, true) {
                return serving.as_mut().poll(context);
            }
            // Without the ration of the task that calls: a first step that was cut short could be overtaken.
            pin!(coop::unconstrained(serving.as_mut())).poll(context)
        });
        let answer = self.closed.run_until_cancelled(served).await;
        answer.ok_or(Refused::Closed)
    }

    pub(super) fn close(&self) {
        self.closed.cancel();
    }

    pub(super) fn closed(&self) -> &CancellationToken {
        &self.closed
    }
}

impl fmt::Debug for Within {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Within")
            .field("closed", &self.closed)
            .finish_non_exhaustive()
    }
}
