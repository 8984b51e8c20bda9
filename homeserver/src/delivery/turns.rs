//! Keeps the messages to one client in their order while something is asked about them first.

use foldhash::HashMap;
use proto::ClientLogin;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::OwnedMutexGuard;

type Turn = Arc<tokio::sync::Mutex<()>>;

/// The clients to whom messages go one at a time at this moment. Bounded by the messages under way.
#[derive(Clone, Debug, Default)]
pub(super) struct Turns {
    by_client: Arc<Mutex<HashMap<ClientLogin, Turn>>>,
}

/// A message's turn; ends when it is dropped.
#[derive(Debug)]
pub(super) struct MyTurn {
    client: ClientLogin,
    turns: Turns,
    /// Dropped before the entry is looked at.
    guard: Option<OwnedMutexGuard<()>>,
}

impl Turns {
    /// Waits until it is this message's turn, in the order in which messages ask. A turn lasts for as long as
    /// routers are asked, which is bounded.
    pub(super) async fn begin(&self, client: &ClientLogin) -> MyTurn {
        let turn = Arc::clone(self.lock().entry(client.clone()).or_default());
        self.wait(client, turn).await
    }

    /// The same if messages to this client go one at a time at this moment, else nothing.
    pub(super) async fn behind_others(&self, client: &ClientLogin) -> Option<MyTurn> {
        let turn = self.lock().get(client).map(Arc::clone)?;
        Some(self.wait(client, turn).await)
    }

    async fn wait(&self, client: &ClientLogin, turn: Turn) -> MyTurn {
        let guard = Some(turn.lock_owned().await);
        MyTurn {
            client: client.clone(),
            turns: self.clone(),
            guard,
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<ClientLogin, Turn>> {
        self.by_client.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for MyTurn {
    fn drop(&mut self) {
        let mut by_client = self.turns.lock();
        drop(self.guard.take());
        // Whoever waits has a share in it.
        if by_client
            .get(&self.client)
            .is_some_and(|turn| Arc::strong_count(turn) == 1)
        {
            by_client.remove(&self.client);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rvp::{Principal, Reach, SubscriptionId};
    use std::sync::atomic::{AtomicU32, Ordering};

    fn client(login: u32) -> ClientLogin {
        ClientLogin {
            principal: Principal::from_address("bob@im.example.com").unwrap(),
            login: SubscriptionId::new(login).unwrap(),
            reach: Reach::parse("http://192.0.2.1:1/").unwrap(),
        }
    }

    #[tokio::test]
    async fn messages_to_one_client_go_in_the_order_in_which_they_asked() {
        let (turns, count) = (Turns::default(), AtomicU32::new(0));
        let first = turns.begin(&client(1)).await;
        assert!(turns.behind_others(&client(2)).await.is_none(), "another client");
        let next = async |place: u32| {
            let _turn = turns.behind_others(&client(1)).await.unwrap();
            assert_eq!(count.fetch_add(1, Ordering::Relaxed), place);
        };
        tokio::join!(next(0), next(1), async {
            tokio::task::yield_now().await;
            assert_eq!(count.load(Ordering::Relaxed), 0, "the first has not ended");
            drop(first);
        });
        assert!(turns.lock().is_empty());
        assert!(turns.behind_others(&client(1)).await.is_none());
    }
}
