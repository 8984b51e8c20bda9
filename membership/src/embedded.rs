//! Membership within one process, for clusters that live in one and for tests.

use crate::{Error, Joined, Member, MemberChange, MemberId, Members, Membership, Terminal, admit};
use async_trait::async_trait;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;

/// A set of members that all live in this process, so their leases need no clock: a member is there until it
/// leaves, or until [`EmbeddedMembership::expire`] plays its death.
#[derive(Debug)]
pub struct EmbeddedMembership {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    leases: Mutex<Leases>,
    members: watch::Sender<Arc<Members>>,
    connected: watch::Sender<bool>,
}

#[derive(Debug, Default)]
struct Leases {
    epoch: u64,
    /// The number the next lease gets; never used twice, so that a handle knows its own.
    next: u64,
    held: BTreeMap<MemberId, Lease>,
}

#[derive(Debug)]
struct Lease {
    number: u64,
    member: Member,
    lost: watch::Sender<bool>,
}

impl EmbeddedMembership {
    /// A membership without members, at epoch 0.
    #[must_use]
    pub fn new() -> Arc<Self> {
        let members = watch::Sender::new(Arc::new(Members::default()));
        Arc::new(Self {
            shared: Arc::new(Shared {
                leases: Mutex::default(),
                members,
                connected: watch::Sender::new(true),
            }),
        })
    }

    /// Ends a member's lease as if its process had died. Says whether there was such a member.
    pub fn expire(&self, id: &MemberId) -> bool {
        let mut leases = self.shared.lock();
        let Some(lease) = leases.held.remove(id) else {
            return false;
        };
        self.shared.publish(&mut leases);
        lease.lost.send_replace(true);
        true
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Leases> {
        // Nothing below panics between two changes that belong together.
        self.leases.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells watchers the set as it is now. Under the lock, so that epochs are published in their order.
    fn publish(&self, leases: &mut Leases) {
        leases.epoch += 1;
        let members = leases.held.values().map(|lease| lease.member.clone());
        self.members
            .send_replace(Arc::new(Members::new(leases.epoch, members)));
    }
}

#[async_trait]
impl Membership for EmbeddedMembership {
    async fn join(&self, member: Member) -> Result<Box<dyn Joined>, Error> {
        let mut leases = self.shared.lock();
        admit(&member, &self.shared.members.borrow())?;
        let (id, number, lost) = (member.id.clone(), leases.next, watch::Sender::new(false));
        let joined = EmbeddedJoined {
            shared: Arc::clone(&self.shared),
            id: id.clone(),
            number,
            lost: lost.subscribe(),
        };
        leases.next += 1;
        leases.held.insert(id, Lease { number, member, lost });
        self.shared.publish(&mut leases);
        Ok(Box::new(joined))
    }

    async fn raise(&self, epoch: u64) -> Result<(), Error> {
        let mut leases = self.shared.lock();
        if leases.epoch < epoch {
            leases.epoch = epoch;
            self.shared.publish(&mut leases);
        }
        Ok(())
    }

    fn connected(&self) -> watch::Receiver<bool> {
        self.shared.connected.subscribe()
    }

    fn members(&self) -> watch::Receiver<Arc<Members>> {
        self.shared.members.subscribe()
    }
}

#[derive(Debug)]
struct EmbeddedJoined {
    shared: Arc<Shared>,
    id: MemberId,
    number: u64,
    lost: watch::Receiver<bool>,
}

#[async_trait]
impl Joined for EmbeddedJoined {
    async fn update(&mut self, change: MemberChange) -> Result<(), Error> {
        let mut leases = self.shared.lock();
        match leases.held.get_mut(&self.id) {
            Some(lease) if lease.number == self.number => lease.member = change.apply(&lease.member)?,
            Some(_) | None => return Err(Terminal::LeaseLost(self.id.clone()).into()),
        }
        self.shared.publish(&mut leases);
        Ok(())
    }

    async fn leave(self: Box<Self>) -> Result<(), Error> {
        let mut leases = self.shared.lock();
        if leases
            .held
            .get(&self.id)
            .is_some_and(|lease| lease.number == self.number)
        {
            leases.held.remove(&self.id);
            self.shared.publish(&mut leases);
        }
        Ok(())
    }

    fn lost(&self) -> watch::Receiver<bool> {
        self.lost.clone()
    }
}
