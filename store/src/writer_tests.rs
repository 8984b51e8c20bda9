use super::renewals::RENEWALS_MAX;
use super::*;
use crate::{
    Account, AccountChange, Archived, Chain, Change, Claim, Durable, KeptMessage, Move, PropertySubscription,
    Put,
};
use async_trait::async_trait;
use rvp::{Domain, Identity, PresenceState, Principal, SubscriptionId};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::SystemTime;

/// Remembers what it is to write, and fails if it should.
#[derive(Default)]
struct Recording {
    groups: Mutex<Vec<Vec<Write>>>,
    failing: AtomicBool,
    upkeeps: AtomicUsize,
}

impl Recording {
    fn sizes(&self) -> Vec<usize> {
        self.groups.lock().unwrap().iter().map(Vec::len).collect()
    }
}

#[async_trait]
impl Store for Recording {
    async fn write(&self, writes: &[Write]) -> Result<Vec<Fenced>, Error> {
        if self.failing.load(Ordering::SeqCst) {
            return Err(Error::Unavailable(Arc::new(std::io::Error::other("on strike"))));
        }
        self.groups.lock().unwrap().push(writes.to_vec());
        Ok(Vec::new())
    }

    async fn upkeep(&self) {
        self.upkeeps.fetch_add(1, Ordering::SeqCst);
    }

    async fn claim(&self, _: &Claim, _: &[u16]) -> Result<Vec<Durable>, Error> {
        Ok(Vec::new())
    }
    async fn epoch(&self) -> Result<u64, Error> {
        Ok(0)
    }
    async fn moves(&self, _: u16) -> Result<Vec<Move>, Error> {
        Ok(Vec::new())
    }
    async fn load(&self, _: &[Principal]) -> Result<Vec<Durable>, Error> {
        Ok(Vec::new())
    }
    async fn keep(&self, _: &Claim, _: &[(u16, u64)]) -> Result<Vec<u16>, Error> {
        Ok(Vec::new())
    }
    async fn kept(&self, _: &Principal, _: u64, _: u32) -> Result<Vec<KeptMessage>, Error> {
        Ok(Vec::new())
    }
    async fn archives(&self) -> Result<Vec<Chain>, Error> {
        Ok(Vec::new())
    }
    async fn archive(&self, _: &Domain, _: u64, _: u32) -> Result<Vec<Archived>, Error> {
        Ok(Vec::new())
    }
    async fn purge_archive(&self, _: &Domain, _: SystemTime) -> Result<u64, Error> {
        Ok(0)
    }
    async fn accounts(&self) -> Result<Vec<Account>, Error> {
        Ok(Vec::new())
    }
    async fn put_account(&self, _: &Account, _: u16, _: Put) -> Result<(), Error> {
        Ok(())
    }
    async fn remove_account(&self, _: &Principal) -> Result<(), Error> {
        Ok(())
    }
    async fn put_contacts(&self, _: &Principal, _: &[crate::Contact]) -> Result<(), Error> {
        Ok(())
    }
    async fn changes_since(&self, _: u64) -> Result<(u64, Vec<AccountChange>), Error> {
        Ok((0, Vec::new()))
    }
    async fn revision(&self) -> Result<u64, Error> {
        Ok(0)
    }
}

fn write(change: Change) -> Vec<Write> {
    vec![Write {
        principal: Principal::from_address("alice@im.example.com").unwrap(),
        slot: 1,
        epoch: 1,
        change,
    }]
}

fn id() -> SubscriptionId {
    SubscriptionId::new(1).unwrap()
}

fn renewal() -> Vec<Write> {
    write(Change::RenewSubscription(id(), SystemTime::UNIX_EPOCH))
}

fn subscription() -> Vec<Write> {
    let watcher = Principal::from_address("bob@im.example.com").unwrap();
    write(Change::PutSubscription(PropertySubscription {
        id: id(),
        subscriber: Identity::Person(watcher.clone()),
        watcher,
        ends: SystemTime::UNIX_EPOCH,
    }))
}

#[tokio::test(start_paused = true)]
async fn renewals_alone_are_written_together_when_their_time_has_come() {
    let store = Arc::new(Recording::default());
    let (writer, work) = Writer::new(store.clone());
    let test = async {
        for _ in 0..5 {
            writer.submit(renewal()).await.unwrap();
            tokio::time::sleep(RENEWAL_DELAY / 10).await;
        }
        assert_eq!(store.sizes(), [0; 0]);
        tokio::time::sleep(RENEWAL_DELAY / 2 + Duration::from_millis(1)).await;
        assert_eq!(store.sizes(), [5]);
        writer.submit(renewal()).await.unwrap();
        tokio::time::sleep(RENEWAL_DELAY + Duration::from_millis(1)).await;
        assert_eq!(store.sizes(), [5, 1]);
        drop(writer);
    };
    tokio::join!(work, test);
}

#[tokio::test(start_paused = true)]
async fn renewals_that_cannot_be_written_are_tried_again() {
    let store = Arc::new(Recording::default());
    let (writer, work) = Writer::new(store.clone());
    let test = async {
        store.failing.store(true, Ordering::SeqCst);
        writer.submit(renewal()).await.unwrap();
        tokio::time::sleep(RENEWAL_DELAY * 2).await;
        writer.submit(subscription()).await.unwrap_err();
        store.failing.store(false, Ordering::SeqCst);
        writer.submit(subscription()).await.unwrap();
        // The one that failed was not tried again: who submitted it was told.
        assert_eq!(store.sizes(), [2]);
        drop(writer);
    };
    tokio::join!(work, test);
}

#[tokio::test(start_paused = true)]
async fn a_renewal_stays_behind_what_was_submitted_before_it() {
    let store = Arc::new(Recording::default());
    let (writer, work) = Writer::new(store.clone());
    let submitted = [writer.submit(subscription()), writer.submit(renewal())];
    drop(writer);
    work.await;
    for outcome in submitted {
        outcome.await.unwrap();
    }
    let groups = store.groups.lock().unwrap().clone();
    assert_eq!(groups, [[subscription(), renewal()].concat()]);
}

#[tokio::test(start_paused = true)]
async fn what_watchers_were_told_goes_with_what_is_written_next_and_before_it() {
    let store = Arc::new(Recording::default());
    let (writer, work) = Writer::new(store.clone());
    let told = || write(Change::PutTold(PresenceState::Busy));
    let test = async {
        writer.submit(told()).await.unwrap();
        tokio::time::sleep(RENEWAL_DELAY / 2).await;
        assert_eq!(store.sizes(), [0; 0]);
        writer.submit(write(Change::ForgetTold)).await.unwrap();
        drop(writer);
    };
    tokio::join!(work, test);
    let groups = store.groups.lock().unwrap().clone();
    assert_eq!(groups, [[told(), write(Change::ForgetTold)].concat()]);
}

#[tokio::test(start_paused = true)]
async fn too_many_renewals_do_not_wait() {
    let store = Arc::new(Recording::default());
    let (writer, work) = Writer::new(store.clone());
    let test = async {
        for _ in 0..=RENEWALS_MAX {
            writer.submit(renewal()).await.unwrap();
            tokio::task::yield_now().await;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
        assert_eq!(store.sizes(), [RENEWALS_MAX + 1]);
        drop(writer);
    };
    tokio::join!(work, test);
}

#[tokio::test(start_paused = true)]
async fn a_store_is_asked_for_its_upkeep_after_many_writes_and_not_after_few() {
    let store = Arc::new(Recording::default());
    let (writer, work) = Writer::new(store.clone());
    let test = async {
        writer.submit(subscription()).await.unwrap();
        tokio::time::sleep(Duration::from_millis(1)).await;
        assert_eq!(store.upkeeps.load(Ordering::SeqCst), 0);
        let many = vec![subscription().remove(0); WRITES_UNTIL_UPKEEP];
        writer.submit(many).await.unwrap();
        tokio::time::sleep(Duration::from_millis(1)).await;
        assert_eq!(store.upkeeps.load(Ordering::SeqCst), 1);
        writer.submit(subscription()).await.unwrap();
        tokio::time::sleep(Duration::from_millis(1)).await;
        assert_eq!(store.upkeeps.load(Ordering::SeqCst), 1);
        drop(writer);
    };
    tokio::join!(work, test);
}
