//! Keeps a link to every member open, so that homes can reach clients through this router before anybody
//! has asked them anything.

use membership::Placements;
use proto::Links;
use std::collections::{HashMap, HashSet};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How often every link is looked at; a lost one is opened again.
const EVERY: Duration = Duration::from_millis(250);
/// Looks in a row without a link after which it is worth a line in the log. A home that leaves hangs up at once, and
/// a router may hear a little later that it has left.
const COMPLAIN_AT: u32 = 4;

/// Runs until cancelled; says `ready` when every member is linked, and when none is.
pub(crate) async fn follow(
    placements: Placements,
    links: Links,
    stop: CancellationToken,
    ready: impl Fn(bool),
) {
    let mut failures = HashMap::new();
    loop {
        let members = placements.now().members().iter().cloned().collect::<Vec<_>>();
        let addresses: HashSet<String> = members.iter().map(|member| member.address.clone()).collect();
        links.keep_only(&addresses).await;
        let links = &links;
        let opening = members
            .iter()
            .map(|member| async move { (member, links.to(&member.address).await.map(drop)) });
        let mut linked = 0;
        for (member, opened) in futures_util::future::join_all(opening).await {
            match opened {
                Ok(()) => {
                    linked += 1;
                    failures.remove(&member.id);
                }
                Err(error) => {
                    let failures = failures.entry(member.id.clone()).or_insert(0_u32);
                    *failures = failures.saturating_add(1);
                    if *failures == COMPLAIN_AT {
                        let error: &dyn std::error::Error = &error;
                        tracing::warn!(
                            member = member.id.as_str(),
                            error,
                            "home cannot be linked, trying on"
                        );
                    }
                }
            }
        }
        // Who left and comes back begins anew.
        failures.retain(|id, _| members.iter().any(|member| member.id == *id));
        ready(linked > 0 && linked == members.len());
        if stop
            .run_until_cancelled(tokio::time::sleep(EVERY))
            .await
            .is_none()
        {
            return;
        }
    }
}
