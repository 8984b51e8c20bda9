//! When a lease is lost, who learns it, and what is possible then.

use crate::proxy::Proxy;
use crate::server::{PATIENCE, Process, Server};
use crate::{brief, config, id, join, until, until_count, until_lost};
use membership::{EtcdConfig, MemberChange, OnSilence, Phase};

#[tokio::test]
async fn a_member_whose_process_was_killed_is_gone_when_its_lease_ends() {
    let server = Server::start().await;
    let watching = Process::connected(config([server.endpoint()])).await;
    let _one = join(&watching, 1).await;
    let doomed = Process::connected(brief([server.endpoint()])).await;
    let joined = join(&doomed, 2).await;
    let before = until_count(&watching, 2).await;
    drop(doomed);
    let members = until_count(&watching, 1).await;
    assert!(members.get(&id(1)).is_some() && members.epoch() > before.epoch());
    drop(joined);
}

#[tokio::test]
async fn a_member_that_is_cut_off_learns_it_and_joins_again_afterwards() {
    let server = Server::start().await;
    let mut way = Proxy::to(&server.endpoint()).await;
    let watching = Process::connected(config([server.endpoint()])).await;
    let losing = EtcdConfig {
        on_silence: OnSilence::Lose,
        ..brief([way.endpoint()])
    };
    let cut = Process::connected(losing).await;
    let joined = join(&cut, 1).await;
    until_count(&watching, 1).await;
    way.cut().await;
    until_lost(joined.lost()).await;
    way.mend().await;
    // At once, also while etcd still knows the lease that this process gave up.
    let again = join(&cut, 1).await;
    assert!(!*again.lost().borrow());
    joined.leave().await.expect("who is gone has left");
    let members = until_count(&watching, 1).await;
    assert!(members.get(&id(1)).is_some());
    assert!(
        !*again.lost().borrow(),
        "leaving with the lost lease has not touched the new one"
    );
}

#[tokio::test]
async fn a_member_that_is_to_hold_on_is_not_lost_before_etcd_says_so() {
    let mut server = Server::start().await;
    let holding = EtcdConfig {
        on_silence: OnSilence::Hold,
        ..brief([server.endpoint()])
    };
    let process = Process::connected(holding).await;
    let losing = EtcdConfig {
        on_silence: OnSilence::Lose,
        ..brief([server.endpoint()])
    };
    let losing = Process::connected(losing).await;
    let (mut holds, loses) = (join(&process, 1).await, join(&losing, 2).await);
    until_count(&process, 2).await;
    server.kill();
    until_lost(loses.lost()).await;
    assert!(!*holds.lost().borrow());
    // An etcd that begins again gives every lease its whole life, however long it was away.
    process.becomes_connected(false).await;
    server.run();
    process.becomes_connected(true).await;
    holds
        .update(MemberChange::phase(Phase::Active))
        .await
        .expect("it still holds its lease");
    until(&process, |members| {
        members.get(&id(1)).is_some_and(|one| one.phase == Phase::Active)
    })
    .await;
    assert!(!*holds.lost().borrow());
}

#[tokio::test]
async fn a_member_whose_record_was_deleted_by_hand_learns_it() {
    let server = Server::start().await;
    let process = Process::connected(config([server.endpoint()])).await;
    let (one, two) = (join(&process, 1).await, join(&process, 2).await);
    let mut client = server.client().await;
    client.delete("/homeport/v1/members/home-1", None).await.unwrap();
    until_lost(one.lost()).await;
    assert!(!*two.lost().borrow());
    let members = until_count(&process, 1).await;
    assert!(members.get(&id(2)).is_some());
}

#[tokio::test]
async fn a_lease_is_kept_alive_for_longer_than_it_lives() {
    let server = Server::start().await;
    let (watching, mut client) = (
        Process::connected(config([server.endpoint()])).await,
        server.client().await,
    );
    let kept = Process::connected(brief([server.endpoint()])).await;
    let joined = join(&kept, 1).await;
    // A lease as long as the member's that nobody keeps alive: when it has ended, the member's would have too.
    let clock = client.lease_grant(3, None).await.unwrap().id();
    let put = etcd_client::PutOptions::new().with_lease(clock);
    client.put("/clock", "", Some(put)).await.unwrap();
    let mut ended = client.watch("/clock", None).await.unwrap();
    let wait = async {
        loop {
            let message = ended.message().await.unwrap().expect("the watch goes on");
            if !message.events().is_empty() {
                break;
            }
        }
    };
    tokio::time::timeout(PATIENCE, wait).await.expect("a lease ends");
    assert!(!*joined.lost().borrow());
    let mut joined = joined;
    joined
        .update(MemberChange::phase(Phase::Active))
        .await
        .expect("it still holds its lease");
    until(&watching, |members| {
        members.get(&id(1)).is_some_and(|one| one.phase == Phase::Active)
    })
    .await;
}
