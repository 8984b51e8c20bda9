//! Between two moments of a script: nothing that processes are about to tell each other or a client.

use super::Processes;
use super::ledger::value;
use crate::wait::TICK;
use std::time::Duration;
use tokio::time::Instant;

/// How many homes, and ways to routers, a home server has something to tell of changes.
const DESTINATIONS: &str = "homeport_homeserver_changes_destinations";
/// How many clients a router is calling back.
const CALL_BACKS: &str = "homeport_router_call_backs_open";

/// Whoever cannot be told now, and a client that keeps its answer, is not waited for.
const CALM_WAIT: Duration = Duration::from_secs(1);

impl Processes {
    /// Waits a moment until every home server has told its changes, and every router has its clients' answers. To one
    /// that waits for an answer, minutes that pass are minutes without one, and it gives up or tells the change again.
    pub(super) async fn calm_down(&self) -> anyhow::Result<()> {
        let until = Instant::now() + CALM_WAIT;
        let mut tick = tokio::time::interval(TICK);
        while self.somebody_tells().await? && Instant::now() < until {
            tick.tick().await;
        }
        Ok(())
    }

    /// Home servers first: what they have told is on its way to clients.
    async fn somebody_tells(&self) -> anyhow::Result<bool> {
        let homes = self.plan.homes.iter().map(|home| (home, DESTINATIONS));
        let routers = self.plan.routers.iter().map(|router| (router, CALL_BACKS));
        for (name, metric) in homes.chain(routers) {
            let Some(process) = self.running.get(name) else {
                continue;
            };
            let answer = process.ask("/metrics").await?;
            if value(&String::from_utf8_lossy(&answer.body), metric, name)? > 0.0 {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
