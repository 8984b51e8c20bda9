//! What was delivered or stored is in the archive, whatever happens to home servers, and its chain holds.

use crate::scene;
use anyhow::{Context, ensure};
use homeserver::ArchivePolicy;
use rvp::{Domain, MessageId, Principal};
use std::collections::BTreeSet;
use std::time::Duration;
use store::{ChainPoint, verify_archive};
use tests::accounts::DOMAIN;
use tests::{Crowd, Failure, Insisting, Plan, Processes};

/// The longest that all messages may take.
const PATIENCE: Duration = Duration::from_secs(200);
/// Entries that are read at once.
const READ: u32 = 500;

const CROWD: Crowd = Crowd {
    senders: 4,
    online: 5,
    offline: 2,
    messages: 250,
};

#[test]
fn everything_acknowledged_is_archived_while_home_servers_are_killed() -> Result<(), Failure> {
    tests::run(&[], async |_| {
        let plan = Plan {
            archive: ArchivePolicy {
                on: true,
                retention: None,
            },
            ..Plan::with_homes(3).with_routers(2)
        };
        let mut processes = Processes::with_etcd(plan, 1).await?;
        processes.allow("cannot join yet, trying on");
        let played = killed(&mut processes).await;
        if let Err(error) = played {
            return Err(error.context(processes.story()));
        }
        processes.close().await
    })
}

async fn killed(processes: &mut Processes) -> anyhow::Result<()> {
    processes.begin_everything().await?;
    let insisting = Insisting::start(processes, CROWD).await?;
    for name in ["home-2", "home-1", "home-3"] {
        insisting.goes_on(CROWD.messages / 2, PATIENCE).await;
        processes.kill(name).await?;
        scene::begin(processes, name).await?;
    }
    insisting.wait(PATIENCE).await;
    let insisted = insisting.finish().await?;
    ensure!(
        insisted.messages == CROWD.senders * CROWD.messages,
        "{insisted:?}"
    );
    ensure!(insisted.stored > 0, "everybody was there");
    let archived = archived(processes).await?;
    // Each has the id that its sender gave it, and each recipient was told the end by one who gave none.
    let recipients = CROWD.online + CROWD.offline;
    ensure!(
        archived.len() == insisted.messages + recipients,
        "{} messages in the archive, but {} and {recipients} were sent",
        archived.len(),
        insisted.messages
    );
    Ok(())
}

/// Every message in the archive, each once, though it may be there twice; the chain holds.
async fn archived(processes: &mut Processes) -> anyhow::Result<BTreeSet<(String, Principal, MessageId)>> {
    let store = processes.accounts().store().clone();
    let domain = Domain::parse(DOMAIN)?;
    let chains = store.archives().await?;
    let chain = chains.first().context("there is no archive")?;
    ensure!(chains.len() == 1 && chain.domain == domain, "{chains:?}");
    let (mut last, mut messages) = (ChainPoint::BEGINNING, BTreeSet::new());
    loop {
        let entries = store.archive(&domain, last.number, READ).await?;
        if entries.is_empty() {
            break;
        }
        last = verify_archive(&entries, last)?;
        let messages_of = entries.into_iter().map(|archived| archived.entry);
        messages.extend(messages_of.map(|entry| (entry.from.to_string(), entry.to, entry.id)));
    }
    chain.ends_at(last)?;
    Ok(messages)
}
