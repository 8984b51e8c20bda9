//! Bounded waiting. Nothing here sleeps: whoever waits is woken by what it waits for, and gives up in the end.

use anyhow::Context;
use std::fmt::Display;
use std::time::Duration;

/// How long anything in a test may take: more than the 10 s that a client has to answer a call-back.
pub const PATIENCE: Duration = Duration::from_secs(15);

/// How often is looked at what does not say by itself when it changes.
pub const TICK: Duration = Duration::from_millis(20);

/// Waits for something at most [`PATIENCE`] long.
///
/// # Errors
/// When it has not come by then; the error says what was waited for.
pub async fn within<T>(what: impl Display, waited_for: impl Future<Output = T>) -> anyhow::Result<T> {
    let waited = tokio::time::timeout(PATIENCE, waited_for).await;
    waited.with_context(|| format!("waited {} s in vain for {what}", PATIENCE.as_secs()))
}

/// Lets every task that can run do so, some times over. For what follows synchronously from what has already
/// happened; what needs the network or the disk is waited for with [`within`].
pub async fn let_others_run() {
    for _ in 0..32 {
        tokio::task::yield_now().await;
    }
}

/// Looks again and again until something is there, at most [`PATIENCE`] long.
///
/// # Errors
/// When it has not come by then, or cannot be looked for; the error says what was waited for.
pub async fn until<T>(
    what: impl Display,
    mut look: impl AsyncFnMut() -> anyhow::Result<Option<T>>,
) -> anyhow::Result<T> {
    let looking = async {
        let mut tick = tokio::time::interval(TICK);
        loop {
            tick.tick().await;
            if let Some(found) = look().await? {
                return anyhow::Ok(found);
            }
        }
    };
    within(what, looking).await?
}
