//! Processes as scripts know them.

use super::Processes;
use crate::accounts::Accounts;
use crate::cluster::{Cluster, Plan};
use crate::network::StageNetwork;
use async_trait::async_trait;
use std::net::SocketAddr;
use std::time::Duration;

/// More than the second that a script's time is behind, and what a busy machine needs.
const SLACK: Duration = Duration::from_secs(5);

#[async_trait(?Send)]
impl Cluster for Processes {
    fn plan(&self) -> &Plan {
        self.plan()
    }

    fn door(&self, router: &str) -> anyhow::Result<SocketAddr> {
        self.door(router)
    }

    fn accounts(&mut self) -> &mut Accounts {
        self.accounts()
    }

    fn network(&self) -> Option<&StageNetwork> {
        None
    }

    fn slack(&self) -> Duration {
        SLACK
    }

    async fn advance(&mut self, by: Duration) -> anyhow::Result<()> {
        self.advance(by).await
    }

    async fn begin(&mut self, name: &str) -> anyhow::Result<()> {
        self.launch(name)?;
        self.ready(name).await
    }

    async fn stop(&mut self, name: &str) -> anyhow::Result<()> {
        self.stop(name).await
    }

    async fn crash(&mut self, name: &str) -> anyhow::Result<()> {
        self.kill(name).await?;
        if self.plan().homes.iter().any(|home| home == name) {
            self.becomes_member(name, false).await?;
        }
        Ok(())
    }

    async fn begin_everything(&mut self) -> anyhow::Result<()> {
        self.begin_everything().await
    }

    async fn stop_everything(&mut self) -> anyhow::Result<()> {
        for name in self.running() {
            self.stop(&name).await?;
        }
        Ok(())
    }

    async fn crash_everything(&mut self) -> anyhow::Result<()> {
        let running = self.running();
        for name in &running {
            self.kill(name).await?;
        }
        for name in running.iter().filter(|name| self.plan().homes.contains(name)) {
            self.becomes_member(name, false).await?;
        }
        Ok(())
    }

    fn story(&self) -> String {
        self.story()
    }

    async fn close(self: Box<Self>) -> anyhow::Result<()> {
        (*self).close().await
    }
}
