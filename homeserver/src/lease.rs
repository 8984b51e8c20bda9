//! What to do when the membership no longer counts us.

use daemon::{OnError, Tasks};
use membership::{MemberId, Terminal};
use tokio::sync::watch;

/// Ends the home server when its lease is lost: others have been given its slots, so it must not go on as their
/// home. Whoever runs it starts it again.
pub(crate) fn end_when_lost(me: MemberId, mut lost: watch::Receiver<bool>, tasks: &Tasks) {
    let cancelled = tasks.cancelled();
    tasks.spawn("lease", OnError::Stop, async move {
        let is_lost = async { lost.wait_for(|lost| *lost).await.is_ok() };
        match cancelled.run_until_cancelled(is_lost).await {
            Some(true) => Err(Terminal::LeaseLost(me).into()),
            // Who gives a lease back has not lost it.
            Some(false) | None => Ok(()),
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    const PATIENCE: Duration = Duration::from_secs(30);

    #[tokio::test]
    async fn a_lost_lease_ends_the_home_server() {
        let (lost, tasks) = (watch::Sender::new(false), Tasks::new());
        end_when_lost("home-1".into(), lost.subscribe(), &tasks);
        lost.send_replace(true);
        let failure = tokio::time::timeout(PATIENCE, tasks.failed()).await.unwrap();
        assert!(
            failure.to_string().contains("the lease of member home-1 is lost"),
            "{failure}"
        );
    }

    #[tokio::test]
    async fn a_lease_that_is_given_back_is_no_failure() {
        let (lost, tasks) = (watch::Sender::new(false), Tasks::new());
        end_when_lost("home-1".into(), lost.subscribe(), &tasks);
        drop(lost);
        assert!(tasks.drain(PATIENCE).await.is_empty());
        assert!(futures_util::FutureExt::now_or_never(tasks.failed()).is_none());
    }
}
