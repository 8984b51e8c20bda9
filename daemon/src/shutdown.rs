//! Signals: the first asks the process to drain, the second ends it.

use crate::tasks::{OnError, Tasks};
use std::io;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// What a process exits with when it is told twice: 128 + SIGINT, as shells expect.
const EXIT_CODE: i32 = 130;

/// Whether the process has been asked to drain. Clones show the same state.
#[derive(Clone, Default)]
pub struct Shutdown {
    requested: CancellationToken,
    // A set of its own: the second signal must be heard while the process drains all others.
    tasks: Tasks,
}

impl Shutdown {
    /// Listens to nothing; [`Shutdown::request`] is the only way.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Listens to SIGINT and SIGTERM for the rest of the process's life.
    ///
    /// # Errors
    /// When the system does not let it.
    pub fn on_signals() -> io::Result<Self> {
        let shutdown = Self::new();
        let (int, term) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
        let requested = shutdown.requested.clone();
        shutdown.tasks.spawn("signals", OnError::Log, async move {
            follow(Signals { int, term }, &requested, |code| std::process::exit(code)).await;
            Ok(())
        });
        Ok(shutdown)
    }

    /// Asks for a drain, as the first signal does.
    pub fn request(&self) {
        self.requested.cancel();
    }

    /// Returns once a drain has been asked for.
    pub async fn requested(&self) {
        self.requested.cancelled().await;
    }

    /// Whether a drain has been asked for.
    #[must_use]
    pub fn is_requested(&self) -> bool {
        self.requested.is_cancelled()
    }
}

/// Where signals come from; a test has its own.
trait Source {
    /// The next signal's name.
    fn next(&mut self) -> impl Future<Output = &'static str> + Send;
}

struct Signals {
    int: Signal,
    term: Signal,
}

impl Source for Signals {
    async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.int.recv() => "SIGINT",
            _ = self.term.recv() => "SIGTERM",
        }
    }
}

async fn follow(mut signals: impl Source, requested: &CancellationToken, exit: impl FnOnce(i32)) {
    let signal = signals.next().await;
    tracing::info!(signal, "asked to drain; a second signal exits at once");
    requested.cancel();
    let signal = signals.next().await;
    tracing::warn!(signal, "asked a second time, exiting without draining");
    exit(EXIT_CODE);
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;
    use std::process::Command;
    use tokio::sync::mpsc;

    impl Source for mpsc::Receiver<&'static str> {
        async fn next(&mut self) -> &'static str {
            self.recv().await.unwrap()
        }
    }

    #[tokio::test]
    async fn the_first_signal_asks_for_a_drain_and_the_second_exits() {
        let (send, receive) = mpsc::channel(2);
        let (requested, code) = (CancellationToken::new(), Cell::new(None));
        let following = follow(receive, &requested, |exited| code.set(Some(exited)));
        let signals = async {
            assert!(!requested.is_cancelled());
            send.send("first").await.unwrap();
            requested.cancelled().await;
            assert_eq!(code.get(), None);
            send.send("second").await.unwrap();
        };
        tokio::join!(following, signals);
        assert_eq!(code.get(), Some(130));
    }

    #[tokio::test]
    async fn a_real_signal_is_heard() {
        let shutdown = Shutdown::on_signals().unwrap();
        assert!(!shutdown.is_requested());
        let kill = format!("kill -TERM {}", std::process::id());
        assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
        shutdown.requested().await;
        assert!(shutdown.is_requested());
    }

    #[tokio::test]
    async fn a_request_from_inside_counts_as_a_signal() {
        let shutdown = Shutdown::new();
        shutdown.clone().request();
        shutdown.requested().await;
    }
}
