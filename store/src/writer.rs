//! Group commit: what many people change at one time becomes one transaction.
//!
//! A durable transaction costs a wait for the disk, whatever is in it. So while one is being committed
//! everything else queues, and the whole queue is the next transaction. Nothing waits on purpose: with one
//! submission there is one transaction at once.

use crate::{Error, Fenced, Store, Write};
use std::future::Future;
use std::sync::Arc;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot};

/// Submissions that may wait; more are refused. Room for everybody at a home of 10,000 to have some waiting,
/// as in the morning, at a few hundred octets each: some twenty megabytes and a few seconds of work.
///
/// Refused rather than held back: holding back would need the caller to poll, and then either the order
/// would be lost, or one caller who does not poll would stop all.
pub const QUEUE_SUBMISSIONS_MAX: usize = 65_536;

/// Submissions that become one transaction. Beyond this the wait for the disk is no longer what counts, and
/// a longer transaction only makes the first of the group wait for the last.
pub const GROUP_SUBMISSIONS_MAX: usize = 1000;

struct Submission {
    writes: Vec<Write>,
    outcome: oneshot::Sender<Result<(), Error>>,
}

/// Writes for many submitters, in the order they submit, in few transactions. Clones share one queue.
#[derive(Clone, Debug)]
pub struct Writer {
    queue: mpsc::Sender<Submission>,
}

impl Writer {
    /// A writer, and the work to run beside it: it ends when every clone of the writer is dropped and
    /// everything submitted has been written.
    #[must_use = "nothing is written unless the returned future runs"]
    pub fn new(store: Arc<dyn Store>) -> (Self, impl Future<Output = ()> + Send + use<>) {
        let (queue, submissions) = mpsc::channel(QUEUE_SUBMISSIONS_MAX);
        (Self { queue }, run(store, submissions))
    }

    /// Queues the writes of one person now, before the returned future is polled, and resolves when they are
    /// committed. Writes that are submitted later are applied later. Dropping the future withdraws nothing.
    ///
    /// # Errors
    /// [`Error::Overloaded`] when [`QUEUE_SUBMISSIONS_MAX`] are waiting, [`Error::Stopped`] when the work
    /// beside the writer has ended. [`Error::Fenced`] when one of the writes was left out, while the rest of
    /// the group is committed; as they are about one person, at one epoch, all of them were left out. Else
    /// the error of [`Store::write`], the same for everybody in the group: nothing of the group was applied,
    /// and it is not tried again. When the store is [`Error::Unreachable`] all who wait are told.
    pub fn submit(&self, writes: Vec<Write>) -> impl Future<Output = Result<(), Error>> + Send + use<> {
        let (outcome, committed) = oneshot::channel();
        let queued = match self.queue.try_send(Submission { writes, outcome }) {
            Ok(()) => Ok(()),
            Err(TrySendError::Full(_)) => Err(Error::Overloaded),
            Err(TrySendError::Closed(_)) => Err(Error::Stopped),
        };
        async move {
            queued?;
            committed.await.unwrap_or(Err(Error::Stopped))
        }
    }
}

async fn run(store: Arc<dyn Store>, mut submissions: mpsc::Receiver<Submission>) {
    let mut group = Vec::new();
    while submissions.recv_many(&mut group, GROUP_SUBMISSIONS_MAX).await > 0 {
        let mut outcomes = Vec::with_capacity(group.len());
        let mut writes = Vec::with_capacity(group.len());
        for submission in group.drain(..) {
            let first = writes.len();
            writes.extend(submission.writes);
            outcomes.push((first..writes.len(), submission.outcome));
        }
        let result = store.write(&writes).await;
        tracing::trace!(
            submissions = outcomes.len(),
            writes = writes.len(),
            "group of writes ended"
        );
        if let Err(error @ Error::Unreachable { .. }) = &result {
            give_up(&mut submissions, error);
        }
        for (theirs, outcome) in outcomes {
            let result = match &result {
                Ok(fenced) => applied(&writes[theirs], fenced),
                Err(error) => Err(error.clone()),
            };
            // Whoever no longer waits does not want to know.
            let _ = outcome.send(result);
        }
    }
}

/// Answers everybody who waits. A store that is away takes seconds to find out for each group, and whoever is far
/// behind would wait for the groups before.
fn give_up(submissions: &mut mpsc::Receiver<Submission>, error: &Error) {
    while let Ok(submission) = submissions.try_recv() {
        let _ = submission.outcome.send(Err(error.clone()));
    }
}

/// What a submitter is told of a group that was committed.
fn applied(theirs: &[Write], fenced: &[Fenced]) -> Result<(), Error> {
    match theirs.iter().find_map(|write| write.fence(fenced)) {
        Some(Fenced { epoch, .. }) => Err(Error::Fenced { epoch }),
        None => Ok(()),
    }
}
