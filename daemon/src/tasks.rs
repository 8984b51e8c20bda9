//! Tasks with a name and a policy. The only place in the workspace that spawns them.

use std::any::Any;
use std::cell::Cell;
use std::collections::BTreeMap;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::Instrument;

/// What an error that ends a task means for the process.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OnError {
    /// The process cannot go on without this task: the error is logged as ERROR, and [`Tasks::failed`]
    /// returns so that whoever runs the process drains and exits.
    Stop,
    /// The task's own affair: the error is logged as WARN.
    Log,
}

/// Why [`Tasks::failed`] returned. Already logged.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("task `{task}` failed: {reason}")]
pub struct Failure {
    /// The task's name.
    pub task: &'static str,
    /// The error with its causes, or the panic's message.
    pub reason: String,
}

/// The tasks of one process, or of one role in it. Clones are the same set.
///
/// A finished task leaves nothing behind, so a set may see any number of short tasks. A panic ends its task
/// like an [`OnError::Stop`] error, whatever the policy: state that a panic left half changed is not to be
/// trusted. (Where the build aborts on panic, the panic hook's line is the last thing that happens instead.)
#[derive(Clone, Default)]
pub struct Tasks {
    inner: Arc<Inner>,
}

struct Inner {
    tracker: TaskTracker,
    cancelled: CancellationToken,
    aborted: CancellationToken,
    failure: watch::Sender<Option<Failure>>,
    // Bounded by the number of names in the source text.
    running: Mutex<BTreeMap<&'static str, Arc<AtomicUsize>>>,
}

impl Default for Inner {
    fn default() -> Self {
        Self {
            tracker: TaskTracker::new(),
            cancelled: CancellationToken::new(),
            aborted: CancellationToken::new(),
            failure: watch::Sender::new(None),
            running: Mutex::default(),
        }
    }
}

/// What [`Tasks::spawner`] makes.
pub type Spawner = Arc<dyn Fn(Pin<Box<dyn Future<Output = ()> + Send>>) + Send + Sync>;

impl Tasks {
    /// An empty set.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Runs a task until it ends. It keeps the current span.
    ///
    /// A task that would go on forever ends when [`Tasks::cancelled`] is; nothing ends it from outside.
    pub fn spawn<F>(&self, name: &'static str, on_error: OnError, task: F)
    where
        F: Future<Output = Result<(), anyhow::Error>> + Send + 'static,
    {
        self.group(name, on_error).spawn(task);
    }

    /// A handle that spawns tasks of one name without looking the name up each time: for the many short ones.
    #[must_use]
    pub fn group(&self, name: &'static str, on_error: OnError) -> Group {
        let mut running = self.inner.running.lock().unwrap_or_else(PoisonError::into_inner);
        let running = Arc::clone(running.entry(name).or_default());
        Group {
            tasks: self.clone(),
            name,
            on_error,
            running,
        }
    }

    /// A function that runs whatever it is given as a task of this name, until it ends or the set is drained:
    /// for crates that start work of their own but may not know this one.
    #[must_use]
    pub fn spawner(&self, name: &'static str, on_error: OnError) -> Spawner {
        let (group, cancelled) = (self.group(name, on_error), self.cancelled());
        Arc::new(move |work| {
            let cancelled = cancelled.clone();
            group.spawn(async move {
                cancelled.run_until_cancelled(work).await;
                Ok(())
            });
        })
    }

    /// Cancelled when the set is drained; tasks select on it.
    #[must_use]
    pub fn cancelled(&self) -> CancellationToken {
        self.inner.cancelled.clone()
    }

    /// Returns when a task of this set has panicked or failed with [`OnError::Stop`]: the first that did.
    pub async fn failed(&self) -> Failure {
        let mut failure = self.inner.failure.subscribe();
        let failed = match failure.wait_for(Option::is_some).await {
            Ok(failure) => failure.clone(),
            Err(_closed) => None,
        };
        match failed {
            Some(failure) => failure,
            // Not reached, since `self` keeps the sender.
            None => std::future::pending().await,
        }
    }

    /// Asks every task to end and waits for them. Returns the names of those still running at the deadline,
    /// in alphabetical order, each once; an empty list means that all have ended.
    pub async fn drain(&self, deadline: Duration) -> Vec<&'static str> {
        self.inner.cancelled.cancel();
        self.inner.tracker.close();
        match tokio::time::timeout(deadline, self.inner.tracker.wait()).await {
            Ok(()) => Vec::new(),
            Err(_elapsed) => self.running(),
        }
    }

    /// The names of the tasks that are running, in alphabetical order, each once.
    #[must_use]
    pub fn running(&self) -> Vec<&'static str> {
        let running = self.inner.running.lock().unwrap_or_else(PoisonError::into_inner);
        let alive = running
            .iter()
            .filter(|(_, count)| count.load(Ordering::Acquire) > 0);
        alive.map(|(name, _)| *name).collect()
    }

    /// Drops every task where it stands, as a crash would. Tasks spawned later do not start.
    ///
    /// For what a drain left over, and for tests that want a role to die without killing their process.
    pub fn abort(&self) {
        self.inner.cancelled.cancel();
        self.inner.aborted.cancel();
    }

    fn fail(&self, task: &'static str, reason: String) {
        self.inner.failure.send_if_modified(|failure| {
            let first = failure.is_none();
            if first {
                *failure = Some(Failure { task, reason });
            }
            first
        });
    }
}

/// Spawns tasks of one name and policy into a [`Tasks`] set.
#[derive(Clone)]
pub struct Group {
    tasks: Tasks,
    name: &'static str,
    on_error: OnError,
    running: Arc<AtomicUsize>,
}

impl Group {
    /// As [`Tasks::spawn`].
    #[allow(clippy::disallowed_methods, reason = "the one place that spawns")]
    pub fn spawn<F>(&self, task: F)
    where
        F: Future<Output = Result<(), anyhow::Error>> + Send + 'static,
    {
        let running = Running::begin(self.clone());
        // On the heap: each of the layers around it would hold room for it again, ready or not, and a connection's
        // task lives for hours.
        let task = Box::pin(task);
        let task = async move {
            let Running(group) = &running;
            let aborted = &group.tasks.inner.aborted;
            let outcome = aborted.run_until_cancelled(caught(group.name, task)).await;
            match outcome {
                None | Some(Ok(Ok(()))) => {}
                Some(Ok(Err(error))) => group.ended(&error),
                Some(Err(panic)) => group.panicked(panic.as_ref()),
            }
        };
        let task = self.tasks.inner.tracker.track_future(task.in_current_span());
        drop(tokio::spawn(task));
    }

    fn ended(&self, error: &anyhow::Error) {
        let (task, cause) = (self.name, error.as_ref() as &dyn std::error::Error);
        match self.on_error {
            OnError::Stop => {
                tracing::error!(task, error = cause, "task failed");
                self.tasks.fail(task, format!("{error:#}"));
            }
            OnError::Log => tracing::warn!(task, error = cause, "task failed"),
        }
    }

    fn panicked(&self, panic: &(dyn Any + Send)) {
        let reason = message(panic);
        if !crate::panic::is_installed() {
            // The hook would have logged it, with its place in the source.
            tracing::error!(task = self.name, panic = reason, "task panicked");
        }
        self.tasks.fail(self.name, format!("panic: {reason}"));
    }
}

/// A task that counts as running until this is dropped, however that comes.
struct Running(Group);

impl Running {
    fn begin(group: Group) -> Self {
        group.running.fetch_add(1, Ordering::AcqRel);
        Self(group)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::AcqRel);
    }
}

thread_local! {
    static CURRENT: Cell<Option<&'static str>> = const { Cell::new(None) };
}

/// The name of the task being polled on this thread; the panic hook tells it.
pub(crate) fn current() -> Option<&'static str> {
    CURRENT.get()
}

/// Runs a task and catches its panic. The task is not polled again after one, only dropped.
async fn caught<F: Future>(
    name: &'static str,
    mut task: Pin<Box<F>>,
) -> Result<F::Output, Box<dyn Any + Send>> {
    poll_fn(|context| {
        let outer = CURRENT.replace(Some(name));
        let polled = catch_unwind(AssertUnwindSafe(|| task.as_mut().poll(context)));
        CURRENT.set(outer);
        match polled {
            Ok(polled) => polled.map(Ok),
            Err(panic) => std::task::Poll::Ready(Err(panic)),
        }
    })
    .await
}

/// The text of a panic.
pub(crate) fn message(panic: &(dyn Any + Send)) -> &str {
    if let Some(text) = panic.downcast_ref::<&'static str>() {
        text
    } else if let Some(text) = panic.downcast_ref::<String>() {
        text
    } else {
        "no message"
    }
}

#[cfg(test)]
#[path = "tasks_tests.rs"]
mod tests;
