//! Attachments of a router without listeners, for tests.

use super::{Attachments, Parts, Tokens};
use crate::call_back::Taken;
use crate::canonical::Canonical;
use crate::forward::Forward;
use crate::metrics::Metrics;
use daemon::{OnError, SystemClock, Tasks};
use prometheus_client::registry::Registry;
use rvp::Domain;
use std::sync::Arc;
use std::time::Duration;

/// Of people of these domains, whose homes are reached so.
pub(super) fn attachments(forward: Forward, domains: Vec<Domain>) -> Attachments {
    let tasks = Tasks::new();
    Attachments::new(Parts {
        canonical: Canonical {
            domains: domains.clone(),
        },
        domains,
        origins: Vec::new(),
        resume_within: Duration::from_mins(1),
        forward,
        tokens: Tokens::new([7; 32]),
        taken: Taken::default(),
        clock: Arc::new(SystemClock::default()),
        seed: 7,
        metrics: Metrics::register(&mut Registry::default(), "router-1"),
        connections: tasks.group("attachment", OnError::Log),
        farewells: tasks.group("attachment's farewell", OnError::Log),
        stop: tasks.cancelled(),
    })
}
