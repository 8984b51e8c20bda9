//! Group commit: what many people change at one time becomes one transaction.
//!
//! A durable transaction costs a wait for the disk, whatever is in it. So while one is being committed
//! everything else queues, and the whole queue is the next transaction. With one submission there is one transaction at
//! once; while people log on by the thousand, a transaction waits some milliseconds for more (`pace`). There are two at
//! a time at most: one for what comes by the thousand, and one for what somebody waits for (`lanes`).
//!
//! Renewals alone are not worth a transaction: they are answered at once, and go with the next group or after
//! [`RENEWAL_DELAY`]. So does what watchers were told; what is said of renewals here holds for that as well.

mod lanes;
mod pace;
mod renewals;

pub use lanes::GROUP_SUBMISSIONS_MAX;

use crate::{Error, Fenced, Store, Write};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use lanes::{Group, Lanes};
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep_until};

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

/// Writes after which a store is asked for its upkeep.
const WRITES_UNTIL_UPKEEP: usize = 2_000;

/// Who is told what became of a submission.
type Outcome = oneshot::Sender<Result<(), Error>>;

#[derive(Debug)]
struct Submission {
    writes: Vec<Write>,
    outcome: Outcome,
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
    /// overtake what touches nothing else, or be written beside it, which nobody who reads can tell. Nothing overtakes,
    /// or is overtaken by, a submission without writes. Dropping the future withdraws nothing. With nothing but
    /// renewals it resolves at once.
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

    /// The same of several people: each has an outcome of its own, in the same order, and no group begins between
    /// theirs.
    ///
    /// # Errors
    /// Of each as of [`Writer::submit`].
    pub fn submit_together(
        &self,
        all: Vec<Vec<Write>>,
    ) -> impl Future<Output = Vec<Result<(), Error>>> + Send + use<> {
        let (mut news, mut waiting) = (false, Vec::with_capacity(all.len()));
        {
            let mut lanes = lock(&self.lanes);
            for writes in all {
                let (outcome, committed) = oneshot::channel();
                let submission = Submission { writes, outcome };
                let lazy = submission.is_lazy();
                let queued = self.push(&mut lanes, submission);
                news |= matches!(queued, Ok(true));
                waiting.push((queued.map(drop), lazy, committed));
            }
        }
        self.tell(news);
        async move {
            let mut results = Vec::with_capacity(waiting.len());
            for (queued, lazy, committed) in waiting {
                results.push(match queued {
                    Ok(()) if !lazy => committed.await.unwrap_or(Err(Error::Stopped)),
                    queued => queued,
                });
            }
            results
        }
    }

    fn queue(&self, submission: Submission) -> Result<(), Error> {
        let news = self.push(&mut lock(&self.lanes), submission)?;
        self.tell(news);
        Ok(())
    }

    /// Says whether the work beside is to hear of it.
    fn push(&self, lanes: &mut Lanes, submission: Submission) -> Result<bool, Error> {
        // Looked at under the lock, under which whoever ends empties the lanes.
        if self.news.is_closed() {
            return Err(Error::Stopped);
        }
        if lanes.len() >= QUEUE_SUBMISSIONS_MAX {
            return Err(Error::Overloaded);
        }
        Ok(lanes.push(submission, Instant::now()))
    }

    fn tell(&self, news: bool) {
        if news {
            // One that was said and not heard says it all.
            let _ = self.news.try_send(());
        }
    }
}

/// What was submitted, for the one who writes it.
struct Queue {
    lanes: Arc<Mutex<Lanes>>,
    told: mpsc::Receiver<()>,
}

impl Queue {
    /// The next group that can be begun. When there will be no more, everything can.
    fn begin(&self, ended: bool) -> Option<Group> {
        let (mut lanes, now) = (lock(&self.lanes), Instant::now());
        if ended {
            lanes.hurry(now);
        }
        lanes.begin(now)
    }

    /// Says what became of a group to those who wait for it.
    fn end(&self, group: Group, result: &Result<Vec<Fenced>, Error>, ended: bool) {
        lock(&self.lanes).end(&group);
        let Group {
            mut writes,
            renewals,
            outcomes,
            ..
        } = group;
        tracing::trace!(
            submissions = outcomes.len(),
            writes = writes.len(),
            "group of writes ended"
        );
        if let Err(error @ Error::Unreachable { .. }) = result {
            self.give_up(error);
        }
        for (theirs, outcome) in outcomes {
            let result = match result {
                Ok(fenced) => applied(&writes[theirs], fenced),
                Err(error) => Err(error.clone()),
            };
            // Whoever no longer waits does not want to know.
            let _ = outcome.send(result);
        }
        if let Err(error) = result
            && renewals > 0
        {
            let error: &dyn std::error::Error = error;
            tracing::warn!(error, renewals, "renewals are not durable yet");
            writes.truncate(renewals);
            // At the end nobody would write them.
            if !ended {
                lock(&self.lanes).put_back(writes, Instant::now());
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
    let mut under_way = FuturesUnordered::new();
    let mut upkeep = Upkeep::default();
    let mut ended = false;
    loop {
        while let Some(group) = queue.begin(ended) {
            under_way.push(work(&*store, Some(group)));
        }
        if upkeep.begins() {
            under_way.push(work(&*store, None));
        }
        if ended && under_way.is_empty() {
            return;
        }
        let due = lock(&queue.lanes).due(Instant::now());
        tokio::select! {
            biased;
            Some(done) = under_way.next() => match done {
                Some((group, result)) => {
                    upkeep.writes += group.writes.len();
                    queue.end(group, &result, ended);
                }
                None => upkeep.under_way = false,
            },
            told = queue.told.recv(), if !ended => ended = told.is_none(),
            () = until(due), if !ended => {}
        }
    }
}

/// Writes a group, or does what is to be done now and then.
async fn work(store: &dyn Store, group: Option<Group>) -> Option<(Group, Result<Vec<Fenced>, Error>)> {
    let Some(group) = group else {
        store.upkeep().await;
        return None;
    };
    let result = store.write(&group.writes).await;
    Some((group, result))
}

/// When a store is asked for its upkeep: one at a time, and not for a few writes.
#[derive(Default)]
struct Upkeep {
    writes: usize,
    under_way: bool,
}

impl Upkeep {
    fn begins(&mut self) -> bool {
        let begins = !self.under_way && self.writes >= WRITES_UNTIL_UPKEEP;
        if begins {
            (self.writes, self.under_way) = (0, true);
        }
        begins
    }
}

async fn until(due: Option<Instant>) {
    match due {
        Some(due) => sleep_until(due).await,
        None => std::future::pending().await,
    }
}

impl Submission {
    /// Whether it may wait a moment for others where many come.
    fn is_patient(&self) -> bool {
        self.writes.iter().all(|write| pace::is_patient(&write.change))
    }

    fn is_lazy(&self) -> bool {
        !self.writes.is_empty() && self.writes.iter().all(|write| write.change.may_wait())
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
