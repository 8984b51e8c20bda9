//! A way on which no home can be reached, for tests of what does not depend on one.

use super::Forward;
use async_trait::async_trait;
use membership::{Members, Placements};
use proto::{Connect, Links, NotCalled, Peer, Role};
use std::io;
use std::sync::Arc;
use tokio::sync::watch;

/// Whom no connection reaches.
pub(crate) struct Nobody;

#[async_trait]
impl Connect for Nobody {
    async fn connect(&self, _: &str) -> io::Result<Box<dyn proto::links::Io>> {
        Err(io::ErrorKind::ConnectionRefused.into())
    }
}

impl Forward {
    /// No home is a member, and none can be linked.
    pub(crate) fn nowhere() -> Self {
        let (_, members) = watch::channel(Arc::new(Members::new(1, [])));
        let peer = Peer {
            name: "router-1".to_owned(),
            role: Role::Router,
        };
        Self {
            placements: Placements::follow(members),
            links: Links::new(peer, Arc::new(Nobody), Arc::new(NotCalled), Arc::new(drop)),
        }
    }
}
