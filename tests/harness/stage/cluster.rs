//! The stage as scripts know it.

use super::Stage;
use crate::accounts::Accounts;
use crate::cluster::{Cluster, Plan};
use crate::network::StageNetwork;
use async_trait::async_trait;
use std::net::SocketAddr;
use std::time::Duration;

#[async_trait(?Send)]
impl Cluster for Stage {
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
        Some(self.network())
    }

    fn slack(&self) -> Duration {
        Duration::ZERO
    }

    async fn advance(&mut self, by: Duration) -> anyhow::Result<()> {
        Self::advance(self, by).await
    }

    async fn begin(&mut self, name: &str) -> anyhow::Result<()> {
        self.start_again(name).await
    }

    async fn stop(&mut self, name: &str) -> anyhow::Result<()> {
        self.stop(name).await
    }

    async fn crash(&mut self, name: &str) -> anyhow::Result<()> {
        self.crash(name).await
    }

    async fn begin_everything(&mut self) -> anyhow::Result<()> {
        self.start_everything().await
    }

    async fn stop_everything(&mut self) -> anyhow::Result<()> {
        self.stop_everything().await
    }

    async fn crash_everything(&mut self) -> anyhow::Result<()> {
        self.crash_everything().await
    }

    /// Nothing: whoever runs the test in this process has its log.
    fn story(&self) -> String {
        String::new()
    }

    async fn close(self: Box<Self>) -> anyhow::Result<()> {
        (*self).close().await
    }
}
