//! The archive survives whatever happens, and is emptied of what is too old.

use crate::scene::{client, expect, hears};
use anyhow::ensure;
use homeserver::ArchivePolicy;
use rvp::Domain;
use std::sync::Arc;
use std::time::Duration;
use store::{Archived, Chain, Store, verify_archive};
use tests::accounts::DOMAIN;
use tests::client::Message;
use tests::wait::until;
use tests::{Client, Failure, Plan, Stage};

const HOUR: Duration = Duration::from_secs(3_600);

async fn stage(retention: Option<Duration>) -> anyhow::Result<(Stage, Client, Client)> {
    let archive = ArchivePolicy { on: true, retention };
    let plan = Plan {
        archive,
        ..Plan::with_homes(2)
    };
    let mut stage = Stage::start(plan).await?;
    let mut maxb = client(&mut stage, "maxb", "home-1").await?;
    let deriks = client(&mut stage, "deriks", "home-2").await?;
    maxb.listener.allow_repeats();
    expect(200, &maxb.log_on(86_400).await?)?;
    Ok((stage, maxb, deriks))
}

async fn archive(stage: &mut Stage) -> anyhow::Result<(Chain, Vec<Archived>)> {
    let store = stage.accounts().store().clone();
    let mut chain = chain(&store).await?;
    // The chain and its entries are read one after the other, and a home server may purge between: whoever then
    // begins at the old anchor misses what was purged. Each entry is purged once.
    for _ in 0..100 {
        let entries = store.archive(&Domain::parse(DOMAIN)?, 0, 100).await?;
        let before = std::mem::replace(&mut chain, self::chain(&store).await?);
        if before == chain {
            chain.ends_at(verify_archive(&entries, chain.anchor)?)?;
            return Ok((chain, entries));
        }
    }
    anyhow::bail!("the archive does not stand still: {chain:?}")
}

async fn chain(store: &Arc<dyn Store>) -> anyhow::Result<Chain> {
    let [chain] = &store.archives().await?[..] else {
        anyhow::bail!("not one chain");
    };
    Ok(chain.clone())
}

#[test]
fn what_was_delivered_and_stored_is_in_the_archive_after_a_crash() -> Result<(), Failure> {
    tests::run(&[], async |_| {
        let (mut stage, mut maxb, mut deriks) = stage(None).await?;
        let ask = deriks.notify(maxb.me(), &Message::text("delivered"));
        expect(200, &deriks.ask(&ask).await?)?;
        hears(&maxb, "delivered").await?;
        let ask = maxb.notify(deriks.me(), &Message::text("stored"));
        expect(202, &maxb.ask(&ask).await?)?;
        stage.crash_everything().await?;
        stage.start_everything().await?;
        let ask = deriks.notify(maxb.me(), &Message::text("after the crash"));
        expect(200, &deriks.ask(&ask).await?)?;
        hears(&maxb, "after the crash").await?;
        let (_, entries) = archive(&mut stage).await?;
        let texts = ["delivered", "stored", "after the crash"];
        ensure!(entries.len() == texts.len(), "{entries:?}");
        for (entry, text) in entries.iter().zip(texts) {
            let document = String::from_utf8_lossy(&entry.entry.document);
            ensure!(document.contains(text), "{document}");
        }
        stage.close().await
    })
}

#[test]
fn entries_that_are_too_old_are_purged_and_the_chain_holds() -> Result<(), Failure> {
    tests::run(&[], async |_| {
        let (mut stage, mut maxb, deriks) = stage(Some(20 * HOUR)).await?;
        for (number, wait) in [10 * HOUR, 13 * HOUR, Duration::ZERO].into_iter().enumerate() {
            // Nobody is there, which makes no difference.
            let ask = maxb.notify(deriks.me(), &Message::text(&number.to_string()));
            expect(202, &maxb.ask(&ask).await?)?;
            stage.clock().advance(wait).await?;
        }
        let left = until("the first to be purged", async || {
            stage.clock().advance(HOUR / 6).await?;
            let (chain, entries) = archive(&mut stage).await?;
            Ok((chain.anchor.number > 0).then_some(entries))
        });
        let left = left.await?;
        ensure!(left.len() == 2 && left[0].number == 2, "{left:?}");
        stage.close().await
    })
}
