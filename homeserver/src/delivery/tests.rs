//! What a change costs that a hundred people are told, behind the core: from the home of whom it is of to the router that
//! has all their connections, without the links between.

mod linked_again;

use super::{Delivery, Telling, Way};
use crate::census::Census;
use crate::claims::Claims;
use crate::ledger::Ledger;
use crate::metrics::Metrics;
use crate::presentity::tests::instructions::callgrind;
use crate::served::Served;
use crate::shard::{Parts, Shard};
use crate::shards::{Ask, Shards};
use allocation_counter::measure;
use daemon::{Clock, OnError, SystemClock, Tasks};
use membership::{Member, MemberId, Members, Placements, Slot};
use prometheus_client::registry::Registry;
use proto::{Change, Connect, Links, NotCalled, Peer, Role};
use rvp::{AttachmentId, PresenceState, Principal, Property, SubscriptionId};
use std::sync::Arc;
use std::time::Duration;
use store::{Account, Durable, Login, Put, ScramVerifier, Secrets, SqliteStore, Store, Writer};
use tokio::sync::watch;

const HOME: &str = "home-1";
const ROUTER: &str = "router-1";
const WATCHERS: usize = 100;
/// Who change: each watcher is told of all of them, one after the other, as busy contacts are.
const CHANGES: usize = 100;
/// For all watchers of a change together.
const BLOCKS_MAX: u64 = 56;

/// A home without a link to anybody, where somebody's watchers are online.
pub(crate) struct Home {
    delivery: Delivery,
    pub(crate) shard: Shard,
    watchers: Vec<Principal>,
    // Dropped last.
    _members: watch::Sender<Arc<Members>>,
    _folder: tempfile::TempDir,
}

/// Nobody is there to link to.
struct Nobody;

#[async_trait::async_trait]
impl Connect for Nobody {
    async fn connect(&self, _: &str) -> std::io::Result<Box<dyn proto::links::Io>> {
        Err(std::io::ErrorKind::ConnectionRefused.into())
    }
}

pub(crate) fn person(name: &str) -> Principal {
    Principal::from_address(&format!("{name}@im.example.com")).unwrap()
}

fn account(name: &str) -> Account {
    let scram = ScramVerifier {
        salt: [0; 16],
        iterations: 1,
        stored_key: [0; 32],
        server_key: [0; 32],
    };
    Account {
        principal: person(name),
        display_name: "Bob Baker".into(),
        email: "bob@example.com".into(),
        disabled: false,
        secrets: Secrets { scram, legacy: None },
    }
}

/// Somebody who is attached to the router.
fn attached(number: usize, clock: &dyn Clock) -> Durable {
    let mut durable = Durable::new(account(&format!("watcher{number}")));
    durable.logins.push(Login {
        id: SubscriptionId::new(7).unwrap(),
        reach: rvp::Reach::Attachment(AttachmentId::new(number as u128)),
        router: ROUTER.to_owned(),
        ends: clock.now() + Duration::from_hours(1),
    });
    durable
}

impl Home {
    pub(crate) async fn begin() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(folder.path().join("store.db"));
        let store: Arc<dyn Store> = Arc::new(store.await.unwrap());
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
        let (me, served, tasks) = (MemberId::from(HOME), Served::new(), Tasks::default());
        served.begin(&Slot::all().collect::<Vec<_>>(), 1);
        let member = Member::new(me.clone(), "home-1:1", "zone", 1_000);
        let (members, seen) = watch::channel(Arc::new(Members::new(1, [member])));
        let mut registry = Registry::default();
        let metrics = Metrics::register(&mut registry);
        let peer = Peer {
            name: HOME.to_owned(),
            role: Role::Home,
        };
        let spawn = tasks.spawner("link", OnError::Log);
        let (shards, mut mailboxes) = Shards::new(1);
        let claims = Claims {
            me,
            store: Arc::clone(&store),
            served: served.clone(),
            clock: Arc::clone(&clock),
        };
        let delivery = Delivery::new(
            claims,
            Links::new(peer, Arc::new(Nobody), Arc::new(NotCalled), spawn),
            Placements::follow(seen),
            shards,
            (tasks, metrics.clone()),
        );
        let durables: Vec<Durable> = (0..WATCHERS).map(|number| attached(number, &*clock)).collect();
        let mut watchers: Vec<Principal> = durables
            .iter()
            .map(|each| each.account.principal.clone())
            .collect();
        watchers.sort_unstable();
        let parts = Parts {
            // Nothing is written here.
            writer: Writer::new(Arc::clone(&store)).0,
            store,
            delivery: delivery.clone(),
            served,
            clock,
            metrics,
            census: Census::new(1_000),
            ledger: Ledger::register(&mut registry),
            offline: Arc::default(),
            archives: None,
            seed: 7,
        };
        let mut shard = Shard::new(parts, mailboxes.remove(0));
        shard.ask(Ask::Load { durables, epoch: 1 });
        Self {
            delivery,
            shard,
            watchers,
            _members: members,
            _folder: folder,
        }
    }

    /// An account that is made while the home runs.
    pub(crate) async fn put_account(&self, name: &str) {
        let (account, slot) = (account(name), Slot::of(&person(name)).number());
        let store = &self.delivery.inner.claims.store;
        store.put_account(&account, slot, Put::New).await.unwrap();
    }

    /// Somebody has changed, and all are told.
    fn tell(&mut self, number: usize) {
        let change = Arc::new(Change {
            presentity: person(&format!("contact{number}")),
            properties: vec![Property::State(PresenceState::Busy)],
            version: 1,
        });
        let watchers = self.watchers.clone();
        self.send(&change, watchers);
        let watchers = self.hand_to_home();
        assert_eq!(watchers.len(), WATCHERS);
        self.hand_to_shard(change, watchers);
        assert_eq!(self.hand_to_router(), WATCHERS);
    }

    #[inline(never)]
    fn send(&self, change: &Arc<Change>, watchers: Vec<Principal>) {
        drop(self.delivery.spread(change, watchers, 1));
    }

    /// As `empty_home` does, up to the shards.
    #[inline(never)]
    fn hand_to_home(&self) -> Vec<Principal> {
        let inner = &self.delivery.inner;
        let parcel = inner.homes.take(&MemberId::from(HOME)).unwrap().remove(0);
        let mut told = Vec::new();
        for (change, watchers) in inner.told_homes.news(&parcel.change, &parcel.recipients) {
            inner.told_homes.put(HOME, &change, &watchers);
            told.extend(watchers);
        }
        told
    }

    /// With that they are with the clients' routers' outboxes.
    #[inline(never)]
    fn hand_to_shard(&mut self, change: Arc<Change>, watchers: Vec<Principal>) {
        self.shard.ask(Ask::SpreadChange {
            change,
            watchers,
            tellings: vec![Telling::new().0],
        });
    }

    /// As `empty_clients` does, up to the link.
    #[inline(never)]
    fn hand_to_router(&self) -> usize {
        let (inner, mut told) = (&self.delivery.inner, 0);
        let way = Way::OnlyBy(ROUTER.to_owned());
        let mut parcel = inner.clients.take(&way).unwrap().remove(0);
        self.delivery.drop_strangers(&mut parcel);
        for (change, clients) in inner.told_routers.news(&parcel.change, &parcel.recipients) {
            inner.told_routers.put(ROUTER, &change, &clients);
            told += clients.len();
        }
        told
    }
}

#[tokio::test]
async fn changes_are_told_to_a_hundred() {
    let mut home = Home::begin().await;
    for number in 0..CHANGES {
        home.tell(number);
    }
}

#[tokio::test]
async fn telling_a_hundred_takes_few_blocks() {
    let mut home = Home::begin().await;
    for number in 1..CHANGES {
        home.tell(number);
    }
    let cost = measure(|| home.tell(0)).count_total;
    println!("{cost} blocks to tell {WATCHERS}");
    assert!((BLOCKS_MAX * 3 / 4..=BLOCKS_MAX).contains(&cost), "{cost}");
}

#[test]
fn telling_a_hundred_takes_few_instructions() {
    let counted = callgrind::count("delivery::tests::changes_are_told_to_a_hundred");
    counted.expect(&[
        ("Home::send", 116_000, 33_600),
        ("Home::hand_to_home", 320_000, 25_000),
        ("Home::hand_to_shard", 460_000, 52_000),
        ("Home::hand_to_router", 406_000, 48_000),
    ]);
}
