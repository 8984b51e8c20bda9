//! Tells homes of the connections that are here: a home that has just got a person, or to which a link was lost, does
//! not know whether the person's client is still there, and gives it up after a while.

use super::{Attached, Attachments};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use membership::{MemberId, Placement};
use proto::{Link, Links, Op};
use rvp::method::Subscribe;
use rvp::{Caller, Credential, Fault, Identity, Method, Principal};
use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How often it is looked whether anything has changed.
const EVERY: Duration = Duration::from_millis(250);
/// Homes asked at once.
const AT_ONCE: usize = 64;

/// Which link to each home is open, as a number that grows whenever one is opened.
#[derive(Default)]
pub(super) struct Numbers {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    last: u64,
    by_home: HashMap<MemberId, (Link, u64)>,
}

/// What the loop needs.
pub(crate) struct Announcing {
    pub(crate) attachments: Attachments,
    pub(crate) links: Links,
    pub(crate) stop: CancellationToken,
}

impl Attachments {
    /// The number of the link to a person's home; 0 while there is none.
    pub(super) fn number_of(&self, person: &Principal) -> u64 {
        let placement = self.parts().forward.placements.now();
        self.inner.numbers.of(&placement, person)
    }
}

impl Numbers {
    fn of(&self, placement: &Placement, person: &Principal) -> u64 {
        let Some(home) = placement.home_of(person) else {
            return 0;
        };
        self.state()
            .by_home
            .get(&home.id)
            .map_or(0, |(_, number)| *number)
    }

    /// Takes note of an open link. Says whether it is another one than before.
    fn note(&self, home: &MemberId, link: &Link) -> bool {
        let mut state = self.state();
        if state
            .by_home
            .get(home)
            .is_some_and(|(known, _)| known.is_same(link))
        {
            return false;
        }
        state.last += 1;
        let number = state.last;
        state.by_home.insert(home.clone(), (link.clone(), number));
        true
    }

    fn keep_only(&self, placement: &Placement) {
        let known = |home: &MemberId| placement.members().get(home).is_some();
        self.state().by_home.retain(|home, _| known(home));
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Announcing {
    /// Runs until cancelled.
    pub(crate) async fn run(self) {
        let (mut epoch, mut left) = (0, false);
        while self
            .stop
            .run_until_cancelled(tokio::time::sleep(EVERY))
            .await
            .is_some()
        {
            let placement = self.attachments.parts().forward.placements.now();
            let changed = self.look(&placement).await | (placement.epoch() != epoch);
            if changed || left {
                left = self.announce(&placement).await;
            }
            epoch = placement.epoch();
        }
    }

    /// Looks which links are open; says whether one is new.
    async fn look(&self, placement: &Placement) -> bool {
        let numbers = &self.attachments.inner.numbers;
        numbers.keep_only(placement);
        let links = &self.links;
        let opening = placement
            .members()
            .iter()
            .map(|member| async move { (member.id.clone(), links.to(&member.address).await) });
        let mut new = false;
        for (home, link) in futures_util::future::join_all(opening).await {
            new |= link.is_ok_and(|link| numbers.note(&home, &link));
        }
        new
    }

    /// Tells homes of connections that they were not told of by this link. Says whether some could not be.
    async fn announce(&self, placement: &Placement) -> bool {
        let mut open: Vec<Arc<Attached>> = self.attachments.open().values().cloned().collect();
        // In an order that one seed repeats.
        open.sort_unstable_by_key(|attached| attached.id);
        let numbers = &self.attachments.inner.numbers;
        let mut untold = open
            .into_iter()
            .map(|attached| (numbers.of(placement, &attached.principal), attached))
            .filter(|(number, attached)| attached.announced.load(Ordering::Relaxed) != *number);
        let (mut asked, mut left) = (FuturesUnordered::new(), false);
        loop {
            while asked.len() < AT_ONCE
                && let Some((number, attached)) = untold.next()
            {
                asked.push(self.tell(attached, number));
            }
            match asked.next().await {
                Some(told) => left |= !told,
                None => return left,
            }
        }
    }

    /// Says that a connection is here. Returns whether its home knows now.
    async fn tell(&self, attached: Arc<Attached>, number: u64) -> bool {
        // One that is about to have a login tells of itself.
        let Some(login) = attached.login.get() else {
            return false;
        };
        let refresh = Subscribe::Refresh {
            id: *login,
            lifetime: super::session::LOGIN_LIFETIME,
        };
        let op = Op::Request {
            target: attached.principal.clone(),
            caller: Caller {
                identity: Identity::Person(attached.principal.clone()),
                credential: Credential::Digest,
            },
            login: Some(*login),
            method: Box::new(Method::Subscribe(refresh)),
        };
        match self
            .attachments
            .parts()
            .forward
            .ask(&attached.principal, op)
            .await
        {
            Ok(_) => attached.announced.store(number, Ordering::Relaxed),
            // Its client is at another router now, or was given up.
            Err(Fault::NoSuchSubscription | Fault::Forbidden) => {
                attached.outbox.close(attachment::CloseCode::SessionOver);
                attached.announced.store(number, Ordering::Relaxed);
            }
            Err(_) => return false,
        }
        true
    }
}
