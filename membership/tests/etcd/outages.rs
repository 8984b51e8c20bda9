//! etcd is away: the last set stays in force, and changes arrive afterwards.

use crate::log::Warnings;
use crate::proxy::Proxy;
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
    let warnings = Warnings::listen();
    let mut server = Server::start().await;
    server.kill();
    let process = Process::start(config([server.endpoint()]));
    let error = process.membership.check().await.unwrap_err();
    assert!(matches!(error, Error::Retryable { .. }));
    let (said, endpoint) = (said(&error), server.endpoint());
    let place = endpoint.trim_start_matches("http://");
    assert!(
        said.contains("try again") && said.contains(place) && said.contains("refused"),
        "{said}"
    );
    assert!(matches!(refused(&process, 1).await, Error::Retryable { .. }));
    assert!(process.membership.members().borrow().is_empty());
    server.run();
    process.becomes_connected(true).await;
    process.membership.check().await.unwrap();
    let _one = join(&process, 1).await;
    until_count(&process, 1).await;
    let named = warnings.with("members cannot be followed");
    assert_eq!(named.len(), 1, "once, however often it was tried: {named:?}");
    assert!(named[0].contains(place), "{named:?}");
}

/// An error with its causes, as people read it.
fn said(error: &Error) -> String {
    let mut said = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        said.push_str(": ");
        said.push_str(&error.to_string());
        cause = error.source();
    }
    said
}

#[tokio::test]
async fn a_watch_that_falls_silent_is_noticed_and_nothing_is_missed() {
    let server = Server::start().await;
    let way = Proxy::to(&server.endpoint()).await;
    let (watching, direct) = (
        Process::connected(brief([way.endpoint()])).await,
        Process::connected(config([server.endpoint()])).await,
    );
    let one = join(&direct, 1).await;
    until_count(&watching, 1).await;
    way.hush();
    one.leave().await.unwrap();
    let _two = join(&direct, 2).await;
    let _three = join(&direct, 3).await;
    let agreed = until_agreed(&watching, &direct, 2).await;
    assert!(agreed.get(&id(1)).is_none());
}

#[tokio::test]
async fn a_lease_is_kept_on_another_connection_when_its_own_falls_silent() {
    let server = Server::start().await;
    let way = Proxy::to(&server.endpoint()).await;
    let (kept, direct) = (
        Process::connected(brief([way.endpoint()])).await,
        Process::connected(config([server.endpoint()])).await,
    );
    let mut one = join(&kept, 1).await;
    let before = until_count(&direct, 1).await;
    way.hush();
    // Begun after the last word of the lease that counts, so that it ends after it would.
    let mut client = server.client().await;
    let clock = client.lease_grant(4, None).await.unwrap().id();
    let held = etcd_client::PutOptions::new().with_lease(clock);
    let mut ended = client.watch("/clock", None).await.unwrap();
    client.put("/clock", "", Some(held)).await.unwrap();
    let wait = async {
        while let Some(message) = ended.message().await.unwrap() {
            let deleted = |event: &etcd_client::Event| event.event_type() == etcd_client::EventType::Delete;
            if message.events().iter().any(deleted) {
                return;
            }
        }
        panic!("the watch goes on");
    };
    tokio::time::timeout(PATIENCE, wait).await.expect("a lease ends");
    assert_eq!(*direct.membership.members().borrow(), before);
    one.update(MemberChange::phase(Phase::Active)).await.unwrap();
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

#[tokio::test]
async fn when_two_of_three_etcds_are_lost_the_last_set_stays_until_they_are_back() {
    let mut servers = Server::cluster(3).await;
    let endpoints: Vec<_> = servers.iter().map(Server::endpoint).collect();
    let (a, b) = (
        Process::connected(config(endpoints.clone())).await,
        Process::connected(config(endpoints)).await,
    );
    let (mut one, two) = (join(&a, 1).await, join(&b, 2).await);
    let before = until_agreed(&a, &b, 2).await;
    servers[0].kill();
    servers[1].kill();
    for process in [&a, &b] {
        process.becomes_connected(false).await;
        assert_eq!(*process.membership.members().borrow(), before);
    }
    assert!(matches!(refused(&a, 3).await, Error::Retryable { .. }));
    let update = one.update(MemberChange::phase(Phase::Draining)).await;
    assert!(matches!(update, Err(Error::Retryable { .. })));
    assert_eq!(*b.membership.members().borrow(), before);
    servers[0].run();
    servers[1].run();
    for process in [&a, &b] {
        process.becomes_connected(true).await;
    }
    let changed = async {
        while let Err(error) = one.update(MemberChange::phase(Phase::Active)).await {
            assert!(matches!(error, Error::Retryable { .. }), "{error}");
        }
    };
    tokio::time::timeout(PATIENCE, changed)
        .await
        .expect("the three are whole again");
    let _three = join(&b, 3).await;
    let after = until_agreed(&a, &b, 3).await;
    assert!(after.epoch() > before.epoch());
    assert_eq!(after.get(&id(1)).map(|one| one.phase), Some(Phase::Active));
    assert!(!*one.lost().borrow() && !*two.lost().borrow());
}
