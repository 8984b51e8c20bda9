//! Connections of one kind to the file. Each is used by one call at a time, from its first statement to its last in a
//! thread where waiting does no harm: to hand each statement over, and each row back, would cost more than the work.

use super::failure::Failure;
use crate::Error;
use rusqlite::Connection;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How long a call waits for a connection that others of this process use.
const TURN_TIMEOUT: Duration = Duration::from_secs(10);

/// Why there is no connection for a call.
#[derive(Debug, thiserror::Error)]
enum NoConnection {
    #[error("all connections to the file are in use for too long")]
    InUse,
    #[error("the store is closed")]
    Closed,
    #[error("the work was given up")]
    GivenUp(#[from] tokio::task::JoinError),
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
    idle: Mutex<Vec<Connection>>,
}

/// A connection for as long as somebody needs it.
pub(super) struct Lent {
    pub(super) connection: Connection,
    inner: Arc<Inner>,
    _turn: OwnedSemaphorePermit,
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
        let turn = self.turn().await?;
        let inner = Arc::clone(&self.inner);
        let done = move || {
            let connection = inner.connection()?;
            let result = work(&connection);
            if connection.is_autocommit() {
                inner.idle().push(connection);
            }
            drop(turn);
            result
        };
        beside(done).await
    }

    /// Lends a connection to somebody who needs it for longer than a call, and gives it back with [`Lent::give_back`].
    pub(super) async fn lend(&self) -> Result<Lent, Failure> {
        let turn = self.turn().await?;
        let inner = Arc::clone(&self.inner);
        let lend = move || {
            Ok(Lent {
                connection: inner.connection()?,
                inner,
                _turn: turn,
            })
        };
        beside(lend).await
    }

    /// Waits for what is under way and closes all.
    pub(super) async fn close(&self) {
        let Ok(all) = self.inner.turns.acquire_many(self.inner.most).await else {
            return;
        };
        self.inner.turns.close();
        drop(all);
        let connections = std::mem::take(&mut *self.inner.idle());
        // The last one folds the side files into the file. What goes wrong then is done when it is opened again.
        let _ = tokio::task::spawn_blocking(|| drop(connections)).await;
    }

    async fn turn(&self) -> Result<OwnedSemaphorePermit, NoConnection> {
        let turn = Arc::clone(&self.inner.turns).acquire_owned();
        match tokio::time::timeout(TURN_TIMEOUT, turn).await {
            Ok(Ok(turn)) => Ok(turn),
            Ok(Err(_)) => Err(NoConnection::Closed),
            Err(_) => Err(NoConnection::InUse),
        }
    }
}

impl Inner {
    fn connection(&self) -> Result<Connection, Failure> {
        let idle = self.idle().pop();
        idle.map_or_else(|| (self.connect)(&self.path), Ok)
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lent {
    /// Gives the connection back, on which no transaction is open.
    pub(super) fn give_back(self) {
        self.inner.idle().push(self.connection);
    }
}

/// Does what may wait for the disk, or for others who use the file.
pub(super) async fn beside<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Failure> + Send + 'static,
) -> Result<T, Failure> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => Err(NoConnection::from(error).into()),
    }
}
