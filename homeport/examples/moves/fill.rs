//! Four home servers with a cap of 500 each, and 1,900 people: 95 % of all places.

use crate::client::Client;
use crate::cluster::{Cluster, Etcd};
use crate::heard::Heard;
use crate::server;
use anyhow::{Context, Result, ensure};
use std::path::Path;
use std::sync::Arc;
use tokio::task::JoinSet;

const HOMES: usize = 4;
const CAP: u32 = 500;
const PEOPLE: usize = 1_900;
const LOG_ONS: usize = 16;

pub(crate) async fn run(homeport: &Path, data: &Path) -> Result<()> {
    let topology = data.join("fill.toml");
    std::fs::write(&topology, text()).context("write the topology")?;
    let people = server::make_people(data, PEOPLE).await?;
    let mut etcd = Etcd::new(&data.join("own-etcd"))?;
    etcd.start().await?;
    let topology = topology.to_string_lossy();
    let cluster = Cluster::start(homeport, data, &topology, &etcd.endpoint()).await?;
    let heard = Heard::start().await?;
    let client = Arc::new(Client::new(cluster.routers()?[0], heard.port)?);
    let (mut under_way, mut refused) = (JoinSet::new(), 0);
    for person in people {
        if under_way.len() >= LOG_ONS {
            refused += usize::from(under_way.join_next().await.context("log on")??);
        }
        let client = Arc::clone(&client);
        under_way.spawn(async move { client.log_on(&person).await.is_err() });
    }
    while let Some(done) = under_way.join_next().await {
        refused += usize::from(done?);
    }
    let counted = cluster.metrics().await?;
    let online: Vec<(String, f64)> = counted
        .into_iter()
        .map(|(name, counted)| (name, counted.get("online_users").copied().unwrap_or(-1.0)))
        .collect();
    println!(
        "fill: {} of {PEOPLE} log-ons succeeded, {refused} refused; online {online:?}",
        PEOPLE - refused
    );
    ensure!(
        online.iter().all(|(_, online)| *online <= f64::from(CAP)),
        "a home is beyond its cap"
    );
    ensure!(
        online.iter().map(|(_, online)| online).sum::<f64>() as usize == PEOPLE - refused,
        "somebody is not counted"
    );
    ensure!(refused == 0, "not everybody is in");
    Ok(())
}

fn text() -> String {
    let mut text = format!(
        "name = \"fill\"\nsummary = \"Homes that are nearly full\"\nprofile = \"lab\"\nmembership = \"etcd\"\n\
         store = \"sqlite\"\n[population]\nusers = 1_000\npeak_online = 1.0\n[limits]\nhome_cap = {CAP}\n\
         router_cap = 20_000\n[[zone]]\nname = \"inside\"\ntrust = \"inside\"\n[[domain]]\nname = \"localhost\"\n\
         im_host = \"localhost\"\nnt_domain = \"CORP\"\n[[router]]\nname = \"router-1\"\nzone = \"inside\"\n\
         schemes = [\"digest\"]\ncall_backs = \"peer\"\n"
    );
    for number in 1..=HOMES {
        text += &format!("[[home]]\nname = \"home-{number}\"\nzone = \"inside\"\ncapacity = {CAP}\n");
    }
    text
}
