//! The same set has the same epoch for everybody, and epochs never go back.

use crate::proxy::Proxy;
use crate::server::{Process, Server};
use crate::{config, id, join, until, until_agreed, until_count};
use etcd_client::{Client, CompactionOptions};
use membership::{MemberChange, Membership, Phase};

/// Ends a member's lease behind everybody's back.
async fn revoke(client: &mut Client, n: u32) {
    let found = client
        .get(format!("/homeport/v1/members/{}", id(n)), None)
        .await
        .unwrap();
    client.lease_revoke(found.kvs()[0].lease()).await.unwrap();
}

/// Changes of other users of the same etcd, which are no changes of the set.
async fn unrelated(client: &mut Client) {
    for n in 0..5 {
        client.put("/elsewhere", n.to_string(), None).await.unwrap();
    }
}

#[tokio::test]
async fn one_who_did_not_see_a_lease_end_knows_the_epoch_of_it() {
    let server = Server::start().await;
    let (watching, mut client) = (
        Process::connected(config([server.endpoint()])).await,
        server.client().await,
    );
    let (_one, _two, _three) = (
        join(&watching, 1).await,
        join(&watching, 2).await,
        join(&watching, 3).await,
    );
    for n in [2, 3] {
        unrelated(&mut client).await;
        revoke(&mut client, n).await;
    }
    unrelated(&mut client).await;
    let seen = until_count(&watching, 1).await;
    let late = Process::connected(config([server.endpoint()])).await;
    assert_eq!(
        *late.membership.members().borrow(),
        seen,
        "it begins with the same set at the same epoch"
    );
    assert_eq!(
        *watching.membership.members().borrow(),
        seen,
        "and reading has changed nothing"
    );
}

#[tokio::test]
async fn one_who_reads_after_a_compaction_agrees_with_those_who_watched() {
    let server = Server::start().await;
    let (watching, mut client) = (
        Process::connected(config([server.endpoint()])).await,
        server.client().await,
    );
    let (_one, _two) = (join(&watching, 1).await, join(&watching, 2).await);
    revoke(&mut client, 2).await;
    unrelated(&mut client).await;
    let seen = until_count(&watching, 1).await;
    let now = client
        .put("/elsewhere", "", None)
        .await
        .unwrap()
        .header()
        .unwrap()
        .revision();
    client
        .compact(now, Some(CompactionOptions::new().with_physical()))
        .await
        .unwrap();
    let late = Process::connected(config([server.endpoint()])).await;
    let agreed = until_agreed(&watching, &late, 1).await;
    assert!(agreed.epoch() > seen.epoch());
}

#[tokio::test]
async fn a_watch_that_was_cut_during_changes_and_a_compaction_catches_up() {
    let server = Server::start().await;
    let mut way = Proxy::to(&server.endpoint()).await;
    let cut = Process::connected(config([way.endpoint()])).await;
    let (direct, mut client) = (
        Process::connected(config([server.endpoint()])).await,
        server.client().await,
    );
    let (mut one, _two) = (join(&direct, 1).await, join(&direct, 2).await);
    let before = until_count(&cut, 2).await;
    way.cut().await;
    cut.becomes_connected(false).await;
    one.update(MemberChange::phase(Phase::Active)).await.unwrap();
    let _three = join(&direct, 3).await;
    revoke(&mut client, 2).await;
    let now = client
        .put("/elsewhere", "", None)
        .await
        .unwrap()
        .header()
        .unwrap()
        .revision();
    client
        .compact(now, Some(CompactionOptions::new().with_physical()))
        .await
        .unwrap();
    assert_eq!(
        *cut.membership.members().borrow(),
        before,
        "who is cut off goes on with the last set"
    );
    way.mend().await;
    cut.becomes_connected(true).await;
    let members = until(&cut, |members| members.get(&id(3)).is_some()).await;
    assert!(members.get(&id(2)).is_none() && members.epoch() > before.epoch());
    until_agreed(&cut, &direct, 2).await;
}

#[tokio::test]
async fn an_etcd_that_lost_everything_does_not_take_epochs_back() {
    let mut server = Server::start().await;
    let old = Process::connected(config([server.endpoint()])).await;
    let (mut one, _two) = (join(&old, 1).await, join(&old, 2).await);
    for phase in [Phase::Active, Phase::Draining, Phase::Active] {
        one.update(MemberChange::phase(phase)).await.unwrap();
    }
    let before = until(&old, |members| {
        members.get(&id(1)).is_some_and(|one| one.phase == Phase::Active)
    })
    .await;
    server.kill();
    old.becomes_connected(false).await;
    assert_eq!(
        *old.membership.members().borrow(),
        before,
        "the last set stays in force"
    );
    server.wipe();
    server.run();
    old.becomes_connected(true).await;
    let empty = until_count(&old, 0).await;
    assert!(empty.epoch() > before.epoch());
    let new = Process::connected(config([server.endpoint()])).await;
    let _three = join(&new, 3).await;
    let agreed = until_agreed(&old, &new, 1).await;
    assert!(agreed.epoch() > empty.epoch());
}

#[tokio::test]
async fn a_prefix_that_was_emptied_by_hand_does_not_take_epochs_back() {
    let server = Server::start().await;
    let (process, mut client) = (
        Process::connected(config([server.endpoint()])).await,
        server.client().await,
    );
    let _one = join(&process, 1).await;
    let before = until_count(&process, 1).await;
    let all = etcd_client::DeleteOptions::new().with_prefix();
    client.delete("/homeport/", Some(all)).await.unwrap();
    let empty = until_count(&process, 0).await;
    assert!(empty.epoch() > before.epoch());
    let late = Process::connected(config([server.endpoint()])).await;
    let _two = join(&late, 2).await;
    let agreed = until_agreed(&process, &late, 1).await;
    assert!(agreed.epoch() > empty.epoch());
}

#[tokio::test]
async fn who_starts_on_a_wiped_etcd_goes_on_above_the_epoch_that_it_is_told() {
    let mut server = Server::start().await;
    let old = Process::connected(config([server.endpoint()])).await;
    let mut one = join(&old, 1).await;
    for phase in [Phase::Active, Phase::Draining, Phase::Active, Phase::Draining] {
        one.update(MemberChange::phase(phase)).await.unwrap();
    }
    let known = until(&old, |members| {
        members
            .get(&id(1))
            .is_some_and(|one| one.phase == Phase::Draining)
    })
    .await
    .epoch();
    // Everything stops, so nobody is left who would notice.
    drop((one, old));
    server.kill();
    server.wipe();
    server.run();
    let (raising, other) = (
        Process::connected(config([server.endpoint()])).await,
        Process::connected(config([server.endpoint()])).await,
    );
    assert!(raising.membership.members().borrow().epoch() < known);
    raising.membership.raise(known).await.unwrap();
    let _two = join(&other, 2).await;
    let agreed = until_agreed(&raising, &other, 1).await;
    assert!(agreed.epoch() > known);
    // Several do so when a cluster starts; together they raise no further than the greatest.
    let (one, two) = tokio::join!(
        raising.membership.raise(known + 1_000),
        other.membership.raise(known + 2_000)
    );
    one.and(two).unwrap();
    let _three = join(&raising, 3).await;
    let agreed = until_agreed(&raising, &other, 2).await;
    assert!((known + 2_001..known + 3_000).contains(&agreed.epoch()));
}
