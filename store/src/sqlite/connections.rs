//! Connections of one kind to the file, each in a thread of its own where waiting does no harm. A call has one from its
//! first statement to its last: to hand each statement over, and each row back, would cost more than the work.
//!
//! Threads of the runtime's own that may wait would do as well, but each call would be in another one, and what each
//! keeps of the memory that it has used adds up.

use super::failure::Failure;
use crate::Error;
use rusqlite::Connection;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

/// How long a call waits for a connection that others of this process use.
const TURN_TIMEOUT: Duration = Duration::from_secs(10);

/// After so long without a job a connection holds nothing of the file any more. What it held is read again soon, from
/// the system's memory, and when it was long ago others have written.
const RESTS_AFTER: Duration = Duration::from_secs(1);

/// Jobs that may wait for a thread: one, that it is given back, and some that nobody waits for any more.
const JOBS_MAX: usize = 4;

/// Why there is no connection for a call.
#[derive(Debug, thiserror::Error)]
enum NoConnection {
    #[error("all connections to the file are in use for too long")]
    InUse,
    #[error("the store is closed")]
    Closed,
    #[error("no thread can be made for a connection")]
    NoThread(#[from] std::io::Error),
    #[error("the thread of the connection has ended")]
    Ended,
}

impl From<NoConnection> for Failure {
    fn from(error: NoConnection) -> Self {
        Self::Refused(Error::Unavailable(Arc::new(error)))
    }
}

/// Makes a connection.
type Connect = fn(&Path) -> Result<Connection, Failure>;

/// Connections of one kind, made when they are needed. Cloning copies a pointer.
#[derive(Clone, Debug)]
pub(super) struct Connections {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    path: PathBuf,
    connect: Connect,
    most: u32,
    turns: Arc<Semaphore>,
    idle: Mutex<Vec<Thread>>,
}

/// What a thread does next.
type Job = Box<dyn FnOnce(&mut Seat) + Send>;

/// The way to a thread, which ends when there is none any more.
#[derive(Clone, Debug)]
struct Thread(mpsc::SyncSender<Job>);

/// What a thread holds.
struct Seat {
    path: PathBuf,
    connect: Connect,
    connection: Option<Connection>,
}

/// A connection for longer than a call.
pub(super) struct Lent {
    inner: Arc<Inner>,
    /// None when it is given back.
    thread: Option<(Thread, OwnedSemaphorePermit)>,
}

impl Connections {
    /// So many at the most.
    pub(super) fn new(path: &Path, most: u32, connect: Connect) -> Self {
        let inner = Inner {
            path: path.to_owned(),
            connect,
            most,
            turns: Arc::new(Semaphore::new(most as usize)),
            idle: Mutex::default(),
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    /// Does something with a connection. What has begun is finished, also when nobody waits for it any more.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        let (thread, turn) = self.inner.turn().await?;
        let (inner, back) = (Arc::clone(&self.inner), (thread.clone(), turn));
        let done = thread.ask(move |seat| {
            let result = seat.connection().and_then(work);
            inner.take_back(seat, back);
            result
        });
        done.await
    }

    /// Lends a connection.
    pub(super) async fn lend(&self) -> Result<Lent, Failure> {
        Ok(Lent {
            thread: Some(self.inner.turn().await?),
            inner: Arc::clone(&self.inner),
        })
    }

    /// Waits for what is under way and closes all.
    pub(super) async fn close(&self) {
        let Ok(all) = self.inner.turns.acquire_many(self.inner.most).await else {
            return;
        };
        self.inner.turns.close();
        drop(all);
        let threads = std::mem::take(&mut *self.inner.idle());
        for thread in threads {
            // The last one folds the side files into the file. If that goes wrong it is done with the next opening.
            let closed = thread.ask(|seat| {
                seat.connection = None;
                Ok(())
            });
            let _ = closed.await;
        }
    }
}

impl Inner {
    /// A thread, and the right to use it.
    async fn turn(&self) -> Result<(Thread, OwnedSemaphorePermit), NoConnection> {
        let turn = Arc::clone(&self.turns).acquire_owned();
        let turn = match tokio::time::timeout(TURN_TIMEOUT, turn).await {
            Ok(Ok(turn)) => turn,
            Ok(Err(_)) => return Err(NoConnection::Closed),
            Err(_) => return Err(NoConnection::InUse),
        };
        let idle = self.idle().pop();
        let thread = match idle {
            Some(thread) => thread,
            None => self.thread()?,
        };
        Ok((thread, turn))
    }

    fn thread(&self) -> Result<Thread, NoConnection> {
        let (thread, jobs) = mpsc::sync_channel::<Job>(JOBS_MAX);
        let mut seat = Seat {
            path: self.path.clone(),
            connect: self.connect,
            connection: None,
        };
        let work = move || {
            while let Some(job) = next(&jobs, &seat) {
                job(&mut seat);
            }
        };
        std::thread::Builder::new()
            .name("sqlite".to_owned())
            .spawn(work)?;
        Ok(Thread(thread))
    }

    /// A thread can be used by others. What somebody has left open did not happen.
    fn take_back(&self, seat: &mut Seat, (thread, turn): (Thread, OwnedSemaphorePermit)) {
        if seat.connection.as_ref().is_some_and(|each| !each.is_autocommit()) {
            seat.connection = None;
        }
        self.idle().push(thread);
        drop(turn);
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Thread>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The next job; none when there will be no more.
fn next(jobs: &mpsc::Receiver<Job>, seat: &Seat) -> Option<Job> {
    jobs.recv_timeout(RESTS_AFTER)
        .or_else(|ended| match ended {
            mpsc::RecvTimeoutError::Timeout => {
                seat.rest();
                jobs.recv()
            }
            mpsc::RecvTimeoutError::Disconnected => Err(mpsc::RecvError),
        })
        .ok()
}

impl Thread {
    fn give(&self, job: impl FnOnce(&mut Seat) + Send + 'static) {
        // One that has ended, or has too much to do, drops the job, and with it whoever is to be answered.
        let _ = self.0.try_send(Box::new(job));
    }

    async fn ask<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Seat) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        let (answer, answered) = oneshot::channel();
        // Whoever asked may have given up.
        self.give(move |seat| drop(answer.send(job(seat))));
        answered.await.unwrap_or_else(|_| Err(NoConnection::Ended.into()))
    }
}

impl Seat {
    fn connection(&mut self) -> Result<&Connection, Failure> {
        let connection = match self.connection.take() {
            Some(connection) => connection,
            None => (self.connect)(&self.path)?,
        };
        Ok(self.connection.insert(connection))
    }

    /// Nobody wants anything for a while: gives back the room of what is kept of the file.
    fn rest(&self) {
        if let Some(connection) = &self.connection {
            // What is in the way of it will be in the way of the next job, which tells.
            let _ = connection.execute_batch("PRAGMA shrink_memory");
        }
    }
}

impl Lent {
    /// Does something with it.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        let Some((thread, _)) = &self.thread else {
            return Err(NoConnection::Ended.into());
        };
        thread.ask(|seat| seat.connection().and_then(work)).await
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if let Some((thread, turn)) = self.thread.take() {
            let (inner, back) = (Arc::clone(&self.inner), (thread.clone(), turn));
            thread.give(move |seat| inner.take_back(seat, back));
        }
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    /// Octets of the table that is read.
    const TABLE: i64 = 128 * 1024;

    #[test]
    fn whoever_rests_holds_nothing_of_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let mut seat = Seat {
            path: folder.path().join("homeport.db"),
            connect: |path| {
                let connection = Connection::open(path)?;
                connection.execute_batch("PRAGMA journal_mode = WAL; CREATE TABLE t (c)")?;
                connection.execute("INSERT INTO t VALUES (zeroblob(?))", [TABLE])?;
                Ok(connection)
            },
            connection: None,
        };
        // Octets that this thread has read from anywhere.
        let octets_read = || -> i64 {
            let counted = std::fs::read_to_string("/proc/thread-self/io").unwrap();
            let read = counted.lines().find_map(|line| line.strip_prefix("rchar: "));
            read.unwrap().parse().unwrap()
        };
        let mut read = |rested: bool| {
            if rested {
                seat.rest();
            }
            let connection = seat.connection().unwrap();
            let before = octets_read();
            let length = connection.query_row("SELECT length(CAST(c AS TEXT)) FROM t", (), |row| row.get(0));
            assert_eq!(length, Ok(0), "nothing but zeros");
            octets_read() - before
        };
        read(false);
        assert!(read(false) < TABLE / 2, "it is held");
        assert!(read(true) >= TABLE, "it is not");
    }
}
