//! Several join at once.

use crate::server::{Process, Server};
use crate::{config, home, id, until_agreed, until_count};
use membership::{Error, Member, Membership, Terminal};
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
