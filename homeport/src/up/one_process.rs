//! Every role of a topology in this process.

use super::cluster::{Cluster, Places};
use super::{Ground, INSIDE, READY_WAIT, Up, accounts, table};
use crate::data::{Routers, Running};
use crate::output::Output;
use anyhow::{Context, Result, bail};
use daemon::Shutdown;
use topologies::Membership;

/// Runs until a signal asks for a drain.
///
/// # Errors
/// Says what cannot be read, bound or made, and what to do about it.
pub(super) async fn run(up: &Up, ground: Ground, output: &Output) -> Result<()> {
    let topology = &ground.topology;
    match topology.membership {
        Membership::Embedded => {}
        Membership::Etcd => output.note(&format!(
            "topology {} is meant to run as processes with an etcd: this is all of it in one process, with \
             the members in memory; --processes runs it as it is meant",
            topology.name
        )),
    }
    let places = Places {
        listen: up.listen,
        admin: up.admin,
        inside: INSIDE,
        tls: up.tls.load()?,
    };
    let scheme = up.tls.scheme();
    let cluster = Cluster::start(topology, &places, &ground.store, &ground.telemetry).await?;
    let homes = cluster
        .homes
        .iter()
        .map(homeserver::HomeServer::address)
        .collect();
    let routers = Routers {
        addresses: cluster.routers.iter().map(router::Router::address).collect(),
        certificate: up.tls.certificate()?,
    };
    ground.data.set_running(&Running::OneProcess { homes, routers })?;
    table::print(output, topology, &cluster, scheme);
    accounts::print(output, &ground.demo, ground.is_empty().await?, &up.data);
    let ended = serve(&cluster, &ground.shutdown, output, scheme).await;
    cluster.drain(up.deadline()).await;
    ground.store.close().await;
    ground.data.clear_running()?;
    ended
}

/// Until a signal, or until a role cannot go on.
async fn serve(cluster: &Cluster, shutdown: &Shutdown, output: &Output, scheme: &str) -> Result<()> {
    tokio::select! {
        () = shutdown.requested() => return Ok(()),
        ready = tokio::time::timeout(READY_WAIT, cluster.readiness.reached()) => {
            if ready.is_err() {
                bail!("not ready after {} s: {}", READY_WAIT.as_secs(), cluster.readiness.reasons().join(", "));
            }
        }
    }
    output.line(&format!("ready {scheme}://{}", cluster.routers[0].address()));
    tokio::select! {
        () = shutdown.requested() => Ok(()),
        failure = cluster.failed() => Err(failure).context("a role cannot go on"),
    }
}
