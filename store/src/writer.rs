//! Group commit: what many people change at one time becomes one transaction.
//!
//! A durable transaction costs a wait for the disk, whatever is in it. So while one is being committed
//! everything else queues, and the whole queue is the next transaction. Nothing waits on purpose: with one
//! submission there is one transaction at once.
//!
//! Renewals alone are not worth a transaction: they are answered at once, and go with the next group or after
//! [`RENEWAL_DELAY`].

mod lanes;

pub use lanes::GROUP_SUBMISSIONS_MAX;

use crate::{Error, Fenced, Store, Write};
use lanes::Lanes;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, timeout_at};

/// Submissions that may wait; more are refused. Room for everybody at a home of 10,000 to have some waiting,
/// as in the morning, at a few hundred octets each: some twenty megabytes and a few seconds of work.
///
/// Refused rather than held back: holding back would need the caller to poll, and then either the order
/// would be lost, or one caller who does not poll would stop all.
pub const QUEUE_SUBMISSIONS_MAX: usize = 65_536;

/// How long after its answer a renewal is durable at the latest, while the store can be written.
///
/// What a crash takes back is the last of a renewal, and what was renewed still ends as it did before: whoever
/// renews this way must leave time enough to renew again.
pub const RENEWAL_DELAY: Duration = Duration::from_secs(30);

/// Renewals that are held back; with more the time has come.
const RENEWALS_MAX: usize = 10_000;

#[derive(Debug)]
struct Submission {
    writes: Vec<Write>,
    outcome: oneshot::Sender<Result<(), Error>>,
}

/// Writes for many submitters, in few transactions. Clones share one queue.
#[derive(Clone, Debug)]
pub struct Writer {
    lanes: Arc<Mutex<Lanes>>,
    /// Says that something waits. Closed when the work beside has ended.
    news: mpsc::Sender<()>,
}

impl Writer {
    /// A writer, and the work to run beside it: it ends when every clone of the writer is dropped and
    /// everything submitted has been written.
    #[must_use = "nothing is written unless the returned future runs"]
    pub fn new(store: Arc<dyn Store>) -> (Self, impl Future<Output = ()> + Send + use<>) {
        let (news, told) = mpsc::channel(1);
        let lanes = Arc::new(Mutex::new(Lanes::new()));
        let queue = Queue {
            lanes: Arc::clone(&lanes),
            told,
        };
        (Self { lanes, news }, run(store, queue))
    }

    /// Queues the writes of one person now, before the returned future is polled, and resolves when they are
    /// committed. Writes that are submitted later are applied later; but what touches no property subscription may
    /// overtake what touches nothing else, which nobody who reads can tell. Nothing overtakes, or is overtaken by, a
    /// submission without writes. Dropping the future withdraws nothing. With nothing but renewals it resolves at once.
    ///
    /// # Errors
    /// [`Error::Overloaded`] when [`QUEUE_SUBMISSIONS_MAX`] are waiting, [`Error::Stopped`] when the work
    /// beside the writer has ended. [`Error::Fenced`] when one of the writes was left out, while the rest of
    /// the group is committed; as they are about one person, at one epoch, all of them were left out. Else
    /// the error of [`Store::write`], the same for everybody in the group: nothing of the group was applied,
    /// and it is not tried again. When the store is [`Error::Unreachable`] all who wait are told.
    pub fn submit(&self, writes: Vec<Write>) -> impl Future<Output = Result<(), Error>> + Send + use<> {
        let (outcome, committed) = oneshot::channel();
        let submission = Submission { writes, outcome };
        let lazy = submission.is_lazy();
        let queued = self.queue(submission);
        async move {
            queued?;
            if lazy {
                return Ok(());
            }
            committed.await.unwrap_or(Err(Error::Stopped))
        }
    }

    fn queue(&self, submission: Submission) -> Result<(), Error> {
        {
            let mut lanes = lock(&self.lanes);
            // Looked at under the lock, under which whoever ends empties the lanes.
            if self.news.is_closed() {
                return Err(Error::Stopped);
            }
            if lanes.len() >= QUEUE_SUBMISSIONS_MAX {
                return Err(Error::Overloaded);
            }
            lanes.push(submission);
        }
        // One that was said and not heard says it all.
        let _ = self.news.try_send(());
        Ok(())
    }
}

/// What was submitted, for the one who writes it.
struct Queue {
    lanes: Arc<Mutex<Lanes>>,
    told: mpsc::Receiver<()>,
}

impl Queue {
    /// The next group, as soon as there is one; none when there will be no more.
    async fn group(&mut self) -> Option<Vec<Submission>> {
        loop {
            let group = lock(&self.lanes).group();
            if !group.is_empty() {
                return Some(group);
            }
            if self.told.recv().await.is_none() {
                // Whoever submitted last may have done so since.
                return Some(lock(&self.lanes).group()).filter(|group| !group.is_empty());
            }
        }
    }

    /// Answers everybody who waits. A store that is away takes seconds to find out for each group, and whoever is far
    /// behind would wait for the groups before.
    fn give_up(&self, error: &Error) {
        let waiting = lock(&self.lanes).take();
        for submission in waiting {
            let _ = submission.outcome.send(Err(error.clone()));
        }
    }
}

impl Drop for Queue {
    /// Nobody writes any more: whoever waits is told.
    fn drop(&mut self) {
        let mut lanes = lock(&self.lanes);
        self.told.close();
        drop(lanes.take());
    }
}

fn lock(lanes: &Mutex<Lanes>) -> MutexGuard<'_, Lanes> {
    lanes.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn run(store: Arc<dyn Store>, mut queue: Queue) {
    let mut renewals = Renewals::default();
    loop {
        let (group, ended) = renewals.or_next(&mut queue).await;
        let mut outcomes = Vec::with_capacity(group.len());
        let mut writes = renewals.take();
        let held = writes.len();
        for submission in group {
            let first = writes.len();
            writes.extend(submission.writes);
            outcomes.push((first..writes.len(), submission.outcome));
        }
        if writes.is_empty() && outcomes.is_empty() {
            return;
        }
        let result = store.write(&writes).await;
        tracing::trace!(
            submissions = outcomes.len(),
            writes = writes.len(),
            "group of writes ended"
        );
        if let Err(error @ Error::Unreachable { .. }) = &result {
            queue.give_up(error);
        }
        for (theirs, outcome) in outcomes {
            let result = match &result {
                Ok(fenced) => applied(&writes[theirs], fenced),
                Err(error) => Err(error.clone()),
            };
            // Whoever no longer waits does not want to know.
            let _ = outcome.send(result);
        }
        if let Err(error) = &result
            && held > 0
        {
            let error: &dyn std::error::Error = error;
            tracing::warn!(error, renewals = held, "renewals are not durable yet");
            writes.truncate(held);
            renewals.put_back(writes);
        }
        if ended {
            return;
        }
    }
}

/// Renewals that were answered and are not written.
#[derive(Default)]
struct Renewals {
    writes: Vec<Write>,
    due: Option<Instant>,
}

impl Renewals {
    /// Waits for submissions that cannot wait, or until renewals must not wait any longer. Says whether there will
    /// be no more.
    async fn or_next(&mut self, queue: &mut Queue) -> (Vec<Submission>, bool) {
        loop {
            let next = queue.group();
            let received = match self.due {
                Some(due) => timeout_at(due, next).await,
                None => Ok(next.await),
            };
            let mut group = match received {
                Ok(Some(group)) => group,
                Ok(None) => return (Vec::new(), true),
                Err(_) => return (Vec::new(), false),
            };
            // With others they go in the order in which all were submitted.
            if group.iter().all(Submission::is_lazy) {
                self.writes.extend(group.drain(..).flat_map(|lazy| lazy.writes));
            }
            if !group.is_empty() || self.writes.len() > RENEWALS_MAX {
                return (group, false);
            }
            self.due = self.due.or_else(|| Some(Instant::now() + RENEWAL_DELAY));
        }
    }

    /// Those that are to be written now.
    fn take(&mut self) -> Vec<Write> {
        self.due = None;
        std::mem::take(&mut self.writes)
    }

    /// Holds what could not be written back for the next time. If that would be too many, the clients will renew
    /// again.
    fn put_back(&mut self, writes: Vec<Write>) {
        if writes.len() <= RENEWALS_MAX {
            self.due = Some(Instant::now() + RENEWAL_DELAY);
            self.writes = writes;
        }
    }
}

impl Submission {
    fn is_lazy(&self) -> bool {
        !self.writes.is_empty() && self.writes.iter().all(|write| write.change.is_renewal())
    }
}

/// What a submitter is told of a group that was committed.
fn applied(theirs: &[Write], fenced: &[Fenced]) -> Result<(), Error> {
    match theirs.iter().find_map(|write| write.fence(fenced)) {
        Some(Fenced { epoch, .. }) => Err(Error::Fenced { epoch }),
        None => Ok(()),
    }
}

#[cfg(test)]
#[path = "writer_tests.rs"]
mod tests;
