//! Tells clients what another client of their person changed of the contact list.

use super::spread::RETRY_AFTER;
use super::{CHANGE_DEADLINE, Delivery};
use crate::command::RouterName;
use futures_util::future::join_all;
use proto::{ClientLogin, ContactChange, Op, Refusal};
use std::collections::BTreeMap;

impl Delivery {
    /// Returns when their routers have it, or cannot be told in time: a client that comes back reads the list.
    pub(crate) async fn contact(
        &self,
        change: &ContactChange,
        clients: BTreeMap<RouterName, Vec<ClientLogin>>,
    ) {
        let telling = clients.into_iter().map(|(router, clients)| async move {
            let op = Op::DeliverContact {
                change: change.clone(),
                clients,
            };
            let told = self.tell_router(&router, op);
            if tokio::time::timeout(CHANGE_DEADLINE, told).await.is_err() {
                tracing::info!(router = &*router, "clients were not told of a changed contact");
            }
        });
        join_all(telling).await;
    }

    async fn tell_router(&self, router: &str, op: Op) {
        loop {
            if let Some(link) = self.linked(router) {
                match link.call(self.call(CHANGE_DEADLINE, op.clone())).await {
                    // Or the person has another home, which their clients ask from now on.
                    Ok(Ok(_) | Err(Refusal::Moved { .. })) => return,
                    Ok(Err(Refusal::Fault(_))) | Err(_) => {}
                }
            }
            if !self.wait(RETRY_AFTER).await {
                return;
            }
        }
    }
}
