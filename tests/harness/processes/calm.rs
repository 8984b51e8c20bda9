//! Between two moments of a script: nothing that processes are about to tell each other.

use super::Processes;
use super::ledger::value;
use crate::wait::TICK;
use std::time::Duration;
use tokio::time::Instant;

/// How many homes and routers a home server has something to tell of changes.
const DESTINATIONS: &str = "homeport_homeserver_changes_destinations";

/// Whoever cannot be told now is not waited for.
const CALM_WAIT: Duration = Duration::from_secs(1);

impl Processes {
    /// Waits a moment until every home server has told its changes. To one that waits for the answer, minutes that pass
    /// are minutes without one, and it tells the change again.
    pub(super) async fn calm_down(&self) -> anyhow::Result<()> {
        let until = Instant::now() + CALM_WAIT;
        let mut tick = tokio::time::interval(TICK);
        while self.tells().await? && Instant::now() < until {
            tick.tick().await;
        }
        Ok(())
    }

    async fn tells(&self) -> anyhow::Result<bool> {
        for (name, process) in &self.running {
            if self.plan.routers.contains(name) {
                continue;
            }
            let answer = process.ask("/metrics").await?;
            let destinations = value(&String::from_utf8_lossy(&answer.body), DESTINATIONS, name)?;
            if destinations > 0.0 {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
