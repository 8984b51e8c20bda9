//! What membership in etcd promises beyond the contract: how it lives through whatever happens to etcd.

#![expect(clippy::unwrap_used, reason = "these are tests")]

#[path = "etcd/log.rs"]
mod log;
#[path = "etcd/proxy.rs"]
mod proxy;
#[path = "etcd/server.rs"]
mod server;

#[path = "etcd/epochs.rs"]
mod epochs;
#[path = "etcd/joining.rs"]
mod joining;
#[path = "etcd/leases.rs"]
mod leases;
#[path = "etcd/outages.rs"]
mod outages;
#[path = "etcd/refusals.rs"]
mod refusals;

use membership::{Error, EtcdConfig, Joined, Member, MemberId, Members, Membership, Terminal};
use server::{PATIENCE, Process};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// Settings with a lease so long that nothing in a test outlives it.
fn config(endpoints: impl IntoIterator<Item = String>) -> EtcdConfig {
    EtcdConfig {
        ttl: Duration::from_secs(60),
        ..EtcdConfig::new(endpoints.into_iter().collect())
    }
}

/// Settings with a lease so short that what follows from its end follows soon.
fn brief(endpoints: impl IntoIterator<Item = String>) -> EtcdConfig {
    EtcdConfig {
        ttl: Duration::from_secs(3),
        ..config(endpoints)
    }
}

fn id(n: u32) -> MemberId {
    format!("home-{n}").as_str().into()
}

fn home(n: u32) -> Member {
    Member::new(id(n), format!("127.0.0.1:{}", 7400 + n), "core", 10_000)
}

async fn join(process: &Process, n: u32) -> Box<dyn Joined> {
    process
        .membership
        .join(home(n))
        .await
        .expect("a sound member may join")
}

/// What a process says to one that joins and does not get in.
async fn refused(process: &Process, n: u32) -> Error {
    process
        .membership
        .join(home(n))
        .await
        .err()
        .expect("it is refused")
}

fn terminal(error: Error) -> Terminal {
    match error {
        Error::Terminal(terminal) => terminal,
        Error::Retryable { .. } => panic!("expected a terminal error, got {error}"),
    }
}

/// Waits until a process sees a set as wanted, and returns it.
async fn until(process: &Process, wanted: impl FnMut(&Arc<Members>) -> bool) -> Arc<Members> {
    let mut members = process.membership.members();
    let found = tokio::time::timeout(PATIENCE, members.wait_for(wanted)).await;
    Arc::clone(
        &found
            .expect("the members become as wanted")
            .expect("the membership lives"),
    )
}

/// Waits until a process sees so many members.
async fn until_count(process: &Process, count: usize) -> Arc<Members> {
    until(process, |members| members.len() == count).await
}

/// Waits until two processes see the same set at the same epoch, with so many members.
async fn until_agreed(one: &Process, other: &Process, count: usize) -> Arc<Members> {
    let agreed = async {
        let (mut here, mut there) = (one.membership.members(), other.membership.members());
        loop {
            let (mine, theirs) = (
                Arc::clone(&here.borrow_and_update()),
                Arc::clone(&there.borrow_and_update()),
            );
            if mine == theirs && mine.len() == count {
                return mine;
            }
            tokio::select! {
                changed = here.changed() => changed.unwrap(),
                changed = there.changed() => changed.unwrap(),
            }
        }
    };
    tokio::time::timeout(PATIENCE, agreed)
        .await
        .expect("both see the same set at the same epoch")
}

async fn until_lost(mut lost: watch::Receiver<bool>) {
    let told = tokio::time::timeout(PATIENCE, lost.wait_for(|lost| *lost)).await;
    told.expect("it is told").unwrap();
}
