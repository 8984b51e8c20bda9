//! etcd is away: the last set stays in force, and changes arrive afterwards.

use crate::server::{PATIENCE, Process, Server};
use crate::{brief, config, id, join, refused, until, until_agreed, until_count};
use membership::{Error, EtcdConfig, MemberChange, Membership, OnSilence, Phase};

#[tokio::test]
async fn members_stand_while_etcd_is_restarted_and_changes_arrive_afterwards() {
    let mut server = Server::start().await;
    let (one, other) = (
        Process::connected(config([server.endpoint()])).await,
        Process::connected(config([server.endpoint()])).await,
    );
    let (mut first, second) = (join(&one, 1).await, join(&other, 2).await);
    let before = until_agreed(&one, &other, 2).await;
    server.kill();
    for process in [&one, &other] {
        process.becomes_connected(false).await;
        assert_eq!(*process.membership.members().borrow(), before);
    }
    assert!(matches!(refused(&one, 3).await, Error::Retryable { .. }));
    assert!(matches!(
        first.update(MemberChange::phase(Phase::Active)).await,
        Err(Error::Retryable { .. })
    ));
    server.run();
    one.becomes_connected(true).await;
    first.update(MemberChange::phase(Phase::Active)).await.unwrap();
    let _third = join(&other, 3).await;
    let after = until_agreed(&one, &other, 3).await;
    assert!(after.epoch() > before.epoch());
    assert!(!*first.lost().borrow() && !*second.lost().borrow());
}

#[tokio::test]
async fn members_stand_while_etcd_does_not_answer_and_changes_arrive_afterwards() {
    let server = Server::start().await;
    let holding = EtcdConfig {
        on_silence: OnSilence::Hold,
        ..config([server.endpoint()])
    };
    let watching = Process::connected(brief([server.endpoint()])).await;
    let homes = Process::connected(holding).await;
    let _one = join(&homes, 1).await;
    let before = until_count(&watching, 1).await;
    server.pause();
    watching.becomes_connected(false).await;
    assert_eq!(*watching.membership.members().borrow(), before);
    assert!(matches!(refused(&watching, 2).await, Error::Retryable { .. }));
    server.go_on();
    watching.becomes_connected(true).await;
    let _two = join(&watching, 2).await;
    assert!(until_count(&watching, 2).await.epoch() > before.epoch());
}

#[tokio::test]
async fn joining_without_an_etcd_can_be_tried_again() {
    let mut server = Server::start().await;
    server.kill();
    let process = Process::start(config([server.endpoint()]));
    assert!(matches!(
        process.membership.check().await,
        Err(Error::Retryable { .. })
    ));
    assert!(matches!(refused(&process, 1).await, Error::Retryable { .. }));
    assert!(process.membership.members().borrow().is_empty());
    server.run();
    process.becomes_connected(true).await;
    process.membership.check().await.unwrap();
    let _one = join(&process, 1).await;
    until_count(&process, 1).await;
}

#[tokio::test]
async fn all_goes_on_when_one_of_three_etcds_is_lost() {
    let mut servers = Server::cluster(3).await;
    let endpoints: Vec<_> = servers.iter().map(Server::endpoint).collect();
    // Each begins at another one, and all know all.
    let around = |n: usize| {
        let mut endpoints = endpoints.clone();
        endpoints.rotate_left(n);
        config(endpoints)
    };
    let (a, b, c) = (
        Process::connected(around(0)).await,
        Process::connected(around(1)).await,
        Process::connected(around(2)).await,
    );
    let (mut one, two) = (join(&a, 1).await, join(&b, 2).await);
    for process in [&a, &b, &c] {
        until_count(process, 2).await;
    }
    servers[1].kill();
    // While the other two elect a leader, changes may have to be tried again.
    let changed = async {
        while let Err(error) = one.update(MemberChange::phase(Phase::Active)).await {
            assert!(matches!(error, Error::Retryable { .. }), "{error}");
        }
    };
    tokio::time::timeout(PATIENCE, changed)
        .await
        .expect("the two that are left are enough");
    let _three = join(&c, 3).await;
    for process in [&a, &b, &c] {
        let settled = |phase| phase == Some(Phase::Active);
        until(process, |members| {
            members.len() == 3 && settled(members.get(&id(1)).map(|one| one.phase))
        })
        .await;
    }
    until_agreed(&a, &b, 3).await;
    until_agreed(&b, &c, 3).await;
    assert!(!*one.lost().borrow() && !*two.lost().borrow());
}
