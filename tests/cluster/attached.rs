//! Clients that hold connections open, on real programs: their router is killed, and they go on at the other one.

use anyhow::{Context, ensure};
use attachment::{Receipt, State};
use tests::{Attached, Failure, Plan, Processes};

#[test]
fn a_router_is_killed_and_sessions_go_on_at_the_other() -> Result<(), Failure> {
    tests::run(&[], async |_| {
        let mut processes = Processes::with_etcd(Plan::with_homes(2).with_routers(2), 1).await?;
        processes.begin_everything().await?;
        let played = play(&mut processes).await;
        if let Err(error) = played {
            return Err(error.context(processes.story()));
        }
        processes.close().await
    })
}

async fn play(processes: &mut Processes) -> anyhow::Result<()> {
    let mut clients = Vec::new();
    for (name, home, router) in [("alice", "home-1", "r-1"), ("bob", "home-2", "r-2")] {
        let me = processes.accounts().principal(name, Some(home))?;
        processes.accounts().add(&me, name).await?;
        clients.push(Attached::log_on(processes, &me, router).await?);
    }
    let [mut alice, mut bob] = <[Attached; 2]>::try_from(clients).ok().context("two")?;
    let (a, b) = (alice.me().clone(), bob.me().clone());
    let (subscription, _) = alice.watch(&b, None).await?;
    bob.watch(&a, None).await?;
    for number in 0..20 {
        let (id, text) = (format!("before-{number}"), format!("Grüße {number} ☕"));
        let (receipt, heard) = tokio::join!(bob.send(&a, &id, &text), alice.hears(&b, &text));
        heard?;
        ensure!(receipt? == Receipt::Delivered, "{text}");
    }
    processes.kill("r-1").await?;
    // Whatever was answered to bob meanwhile, alice gets each once, in order.
    for number in 0..20 {
        let id = format!("meanwhile-{number}");
        loop {
            match bob.send(&a, &id, &id).await? {
                Receipt::Delivered => anyhow::bail!("alice is not there"),
                Receipt::Stored => break,
                Receipt::Refused { why, .. } => ensure!(why.may_pass(), "{why}"),
            }
        }
    }
    alice.resume(processes, "r-2").await?;
    for number in 0..20 {
        alice.hears(&b, &format!("meanwhile-{number}")).await?;
    }
    let (again, state) = alice.watch(&b, Some(subscription)).await?;
    ensure!(
        (again, state) == (subscription, State::Online),
        "{again} {state:?}"
    );
    let (receipt, heard) = tokio::join!(alice.send(&b, "back", "back"), bob.hears(&a, "back"));
    heard?;
    ensure!(receipt? == Receipt::Delivered, "back");
    bob.set(State::Busy).await?;
    alice.sees(&b, State::Busy).await?;
    bob.heard_nothing_else().context("nobody saw her go")
}
