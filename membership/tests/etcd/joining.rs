//! Several join at once.

use crate::server::{Process, Server};
use crate::{config, home, id, join, until, until_agreed, until_count};
use membership::{Error, Member, MemberChange, Membership, Phase, Slot, Terminal};
use std::sync::Arc;
use tokio::task::JoinSet;

#[tokio::test]
async fn all_who_join_at_once_get_in() {
    let server = Server::start().await;
    let (one, other) = (
        Process::connected(config([server.endpoint()])).await,
        Process::connected(config([server.endpoint()])).await,
    );
    let mut joining = JoinSet::new();
    for n in 1..=16 {
        let membership = Arc::clone(if n % 2 == 0 {
            &one.membership
        } else {
            &other.membership
        });
        joining.spawn(async move { membership.join(home(n)).await });
    }
    let joined: Vec<_> = joining.join_all().await.into_iter().map(Result::unwrap).collect();
    assert_eq!(joined.len(), 16);
    until_agreed(&one, &other, 16).await;
}

#[tokio::test]
async fn of_those_who_join_at_once_under_one_id_one_gets_in() {
    let server = Server::start().await;
    let watching = Process::connected(config([server.endpoint()])).await;
    let mut joining = JoinSet::new();
    let mut processes = Vec::new();
    for n in 1..=4 {
        let process = Process::connected(config([server.endpoint()])).await;
        let membership = Arc::clone(&process.membership);
        processes.push(process);
        let member = Member {
            address: format!("127.0.0.1:{n}"),
            ..home(1)
        };
        joining.spawn(async move { membership.join(member).await });
    }
    let (joined, refused): (Vec<_>, Vec<_>) = joining.join_all().await.into_iter().partition(Result::is_ok);
    assert_eq!((joined.len(), refused.len()), (1, 3));
    for refused in refused {
        assert!(matches!(refused, Err(Error::Terminal(Terminal::AlreadyThere(there))) if there == id(1)));
    }
    until_count(&watching, 1).await;
}

#[tokio::test]
async fn a_change_whose_answer_was_lost_is_not_undone_by_the_next() {
    let server = Server::start().await;
    let process = Process::connected(config([server.endpoint()])).await;
    let (mut one, mut client) = (join(&process, 1).await, server.client().await);
    // A change of its own that it does not know to have been made.
    let key = "/homeport/v1/members/home-1";
    let found = client.get(key, None).await.unwrap();
    let record = found.kvs()[0].value_str().unwrap();
    let lent = record.replace('}', r#","lent":{"home-2":[7]}}"#);
    let leased = etcd_client::PutOptions::new().with_lease(found.kvs()[0].lease());
    client.put(key, lent, Some(leased)).await.unwrap();
    one.update(MemberChange::phase(Phase::Active)).await.unwrap();
    let active = |members: &Arc<membership::Members>| {
        members.get(&id(1)).is_some_and(|one| one.phase == Phase::Active)
    };
    let after = until(&process, active).await;
    let lent = &after.get(&id(1)).unwrap().lent;
    assert_eq!(*lent, [(Slot::new(7).unwrap(), id(2))].into());
    assert!(!*one.lost().borrow());
}

#[tokio::test]
async fn a_change_that_was_made_already_is_not_made_again() {
    let server = Server::start().await;
    let process = Process::connected(config([server.endpoint()])).await;
    let (mut one, mut client) = (join(&process, 1).await, server.client().await);
    let key = "/homeport/v1/members/home-1";
    let found = client.get(key, None).await.unwrap();
    let drains = found.kvs()[0].value_str().unwrap().replace("joining", "draining");
    let leased = etcd_client::PutOptions::new().with_lease(found.kvs()[0].lease());
    let made = client.put(key, drains, Some(leased)).await.unwrap();
    one.update(MemberChange::phase(Phase::Draining)).await.unwrap();
    let kept = client.get(key, None).await.unwrap();
    assert_eq!(
        kept.kvs()[0].mod_revision(),
        made.header().unwrap().revision(),
        "one epoch for one change"
    );
}
