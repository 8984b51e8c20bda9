//! A store that counts transactions and lets a test hold them back and make them fail.

use async_trait::async_trait;
use rvp::{Domain, Principal};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::SystemTime;
use store::{
    Account, AccountChange, Archived, Chain, Claim, Contact, Durable, Error, Fenced, KeptMessage, Move, Put,
    Store, Write,
};
use tokio::sync::Semaphore;

/// Passes everything on to another store; writes one at a time, each when the test lets it.
pub(crate) struct Gated {
    inner: Arc<dyn Store>,
    /// The writes of each transaction that began.
    begun: Mutex<Vec<Vec<Write>>>,
    /// One permit for each transaction that began.
    arrived: Semaphore,
    /// One permit for each transaction that may go on.
    gate: Semaphore,
    failing: AtomicBool,
}

impl Gated {
    pub(crate) fn new(inner: Arc<dyn Store>) -> Arc<Self> {
        let (arrived, gate) = (Semaphore::new(0), Semaphore::new(0));
        Arc::new(Self {
            inner,
            begun: Mutex::default(),
            arrived,
            gate,
            failing: AtomicBool::new(false),
        })
    }

    /// Waits until one more transaction has begun.
    pub(crate) async fn arrival(&self) {
        self.arrived.acquire().await.unwrap().forget();
    }

    /// Lets that many transactions go on.
    pub(crate) fn release(&self, transactions: usize) {
        self.gate.add_permits(transactions);
    }

    /// Whether those that go on from now on fail.
    pub(crate) fn set_failing(&self, failing: bool) {
        self.failing.store(failing, Ordering::SeqCst);
    }

    /// The writes of each transaction that began.
    pub(crate) fn begun(&self) -> Vec<Vec<Write>> {
        self.begun.lock().unwrap().clone()
    }

    /// How many writes each transaction that began had.
    pub(crate) fn sizes(&self) -> Vec<usize> {
        self.begun.lock().unwrap().iter().map(Vec::len).collect()
    }
}

#[async_trait]
impl Store for Gated {
    async fn claim(&self, claim: &Claim, slots: &[u16]) -> Result<Vec<Durable>, Error> {
        self.inner.claim(claim, slots).await
    }

    async fn keep(&self, claim: &Claim, held: &[(u16, u64)]) -> Result<Vec<u16>, Error> {
        self.inner.keep(claim, held).await
    }

    async fn epoch(&self) -> Result<u64, Error> {
        self.inner.epoch().await
    }

    async fn moves(&self, slot: u16) -> Result<Vec<Move>, Error> {
        self.inner.moves(slot).await
    }

    async fn load(&self, people: &[Principal]) -> Result<Vec<Durable>, Error> {
        self.inner.load(people).await
    }

    async fn write(&self, writes: &[Write]) -> Result<Vec<Fenced>, Error> {
        self.begun.lock().unwrap().push(writes.to_vec());
        self.arrived.add_permits(1);
        self.gate.acquire().await.unwrap().forget();
        if self.failing.load(Ordering::SeqCst) {
            return Err(Error::Unavailable(Arc::new(std::io::Error::other(
                "the disk is on strike",
            ))));
        }
        self.inner.write(writes).await
    }

    async fn kept(&self, principal: &Principal, after: u64, limit: u32) -> Result<Vec<KeptMessage>, Error> {
        self.inner.kept(principal, after, limit).await
    }

    async fn archives(&self) -> Result<Vec<Chain>, Error> {
        self.inner.archives().await
    }

    async fn archive(&self, domain: &Domain, after: u64, limit: u32) -> Result<Vec<Archived>, Error> {
        self.inner.archive(domain, after, limit).await
    }

    async fn purge_archive(&self, domain: &Domain, before: SystemTime) -> Result<u64, Error> {
        self.inner.purge_archive(domain, before).await
    }

    async fn accounts(&self) -> Result<Vec<Account>, Error> {
        self.inner.accounts().await
    }

    async fn put_account(&self, account: &Account, slot: u16, put: Put) -> Result<(), Error> {
        self.inner.put_account(account, slot, put).await
    }

    async fn remove_account(&self, principal: &Principal) -> Result<(), Error> {
        self.inner.remove_account(principal).await
    }

    async fn put_contacts(&self, principal: &Principal, contacts: &[Contact]) -> Result<(), Error> {
        self.inner.put_contacts(principal, contacts).await
    }

    async fn changes_since(&self, revision: u64) -> Result<(u64, Vec<AccountChange>), Error> {
        self.inner.changes_since(revision).await
    }

    async fn revision(&self) -> Result<u64, Error> {
        self.inner.revision().await
    }
}
