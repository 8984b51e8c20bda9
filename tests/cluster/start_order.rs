//! Processes start in any order, and wait for each other.

use crate::scene::{client, expect};
use anyhow::ensure;
use tests::client::Message;
use tests::{Failure, Plan, Processes};

/// What who has to wait says.
const WAITING: [&str; 2] = ["cannot join yet, trying on", "members cannot be followed"];

/// Starts them in this order, `etcd` among them, each when the one before is there; afterwards everything works.
fn order(names: &[&str]) -> Result<(), Failure> {
    tests::run(&[], async |_| {
        let mut processes = Processes::new(Plan::with_homes(2)).await?;
        for complaint in WAITING {
            processes.allow(complaint);
        }
        if let Err(error) = start(&mut processes, names).await {
            return Err(error.context(processes.story()));
        }
        processes.close().await
    })
}

async fn start(processes: &mut Processes, names: &[&str]) -> anyhow::Result<()> {
    for name in names {
        if *name == "etcd" {
            processes.etcd().start().await?;
            continue;
        }
        processes.launch(name)?;
        let process = processes.process(name)?;
        // It lives, whatever it waits for.
        process.lives().await?;
    }
    for name in names.iter().filter(|name| **name != "etcd") {
        processes.ready(name).await?;
    }
    works(processes).await
}

async fn works(processes: &mut Processes) -> anyhow::Result<()> {
    let mut clients = Vec::new();
    for (name, home) in [("maxb", "home-1"), ("deriks", "home-2")] {
        let mut client = client(processes, name, home).await?;
        client.sign_in(&[]).await?;
        clients.push(client);
    }
    let [maxb, deriks] = &mut clients[..] else {
        anyhow::bail!("two were made")
    };
    let ask = maxb.notify(&deriks.me().clone(), &Message::text("there?"));
    let answer = maxb.ask(&ask).await?;
    ensure!(answer.status == 200, "{} to a message", answer.status);
    let from = maxb.me().clone();
    deriks
        .listener
        .next("the message", |heard| heard.is_message_from(&from))
        .await?;
    Ok(())
}

#[test]
fn routers_then_home_servers_then_etcd() -> Result<(), Failure> {
    order(&["r-1", "home-1", "home-2", "etcd"])
}

#[test]
fn home_servers_then_routers_then_etcd() -> Result<(), Failure> {
    order(&["home-2", "home-1", "r-1", "etcd"])
}

#[test]
fn a_home_server_then_etcd_then_the_others() -> Result<(), Failure> {
    order(&["home-1", "etcd", "r-1", "home-2"])
}

#[test]
fn routers_then_etcd_then_home_servers() -> Result<(), Failure> {
    order(&["r-1", "etcd", "home-1", "home-2"])
}

/// Without etcd nothing is ready, which is said, and everything ends in order when it is asked to.
#[test]
fn without_etcd_nothing_is_ready_and_everything_ends_in_order() -> Result<(), Failure> {
    tests::run(&[], async |_| {
        let mut processes = Processes::new(Plan::default()).await?;
        for complaint in WAITING {
            processes.expect(complaint);
        }
        for name in ["home-1", "r-1"] {
            processes.launch(name)?;
            let process = processes.process(name)?;
            process.lives().await?;
            process.says(WAITING[usize::from(name == "r-1")]).await?;
            let answer = process.ask("/readyz").await?;
            ensure!(answer.status == 503, "{name} is ready: {}", answer.status);
            let reason = String::from_utf8_lossy(&answer.body).into_owned();
            ensure!(reason.contains(name), "{name} says {reason}");
        }
        let mut maxb = client(&mut processes, "maxb", "home-1").await?;
        let answer = maxb.log_on(3_600).await?;
        expect(503, &answer)?;
        ensure!(answer.number("retry-after")? > 0, "when to come again");
        for name in ["r-1", "home-1"] {
            processes.stop(name).await?;
        }
        processes.close().await
    })
}
