//! Home servers, each with its own handle of one store, that take people from each other while they write for
//! them.
#![expect(clippy::unwrap_used, reason = "in a test it is an assertion")]

#[path = "postgres/server.rs"]
#[expect(dead_code, reason = "the tests of PostgreSQL need more of it")]
mod server;

use rvp::Principal;
use server::Server;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::SystemTime;
use store::{
    Account, Change, Claim, Durable, Error, PostgresConfig, PostgresStore, Put, ScramVerifier, Secrets,
    SqliteStore, Store, Write, Writer,
};
use tokio::task::JoinSet;

/// The slots that everybody wants, each with one person.
const SLOTS: [u16; 3] = [5, 800, 16_383];
/// How often each home claims them.
const CLAIMS: u64 = 40;
/// What each home writes for each person after a claim, unless it is stopped before.
const WRITES: u64 = 12;
/// What a home that was stopped still tries to write.
const LATE_WRITES: u64 = 3;

/// A value that grows: the epoch of the home that wrote it, and the number of its write.
type Value = (u64, u64);

fn principal(slot: u16) -> Principal {
    Principal::from_address(&format!("person{slot}@im.example.com")).unwrap()
}

/// Writes a value as the name of the person in a slot.
fn writes(slot: u16, (epoch, number): Value) -> Vec<Write> {
    let change = Change::PutDisplayName(format!("{epoch} {number}"));
    vec![Write {
        principal: principal(slot),
        slot,
        epoch,
        change,
    }]
}

fn value_of(person: &Durable) -> Value {
    let (epoch, number) = person.account.display_name.split_once(' ').unwrap();
    (epoch.parse().unwrap(), number.parse().unwrap())
}

/// Where the store is.
#[derive(Clone)]
enum Place {
    File(PathBuf),
    Database(PostgresConfig),
}

impl Place {
    async fn open(&self) -> Arc<dyn Store> {
        match self {
            Self::File(path) => Arc::new(SqliteStore::open(path).await.unwrap()),
            Self::Database(config) => loop {
                match PostgresStore::open(config).await {
                    Ok(store) => break Arc::new(store),
                    // Many open it at once, and a busy machine lets them wait; the test's own bound ends it.
                    Err(Error::Unreachable { .. }) => {}
                    Err(error) => panic!("{error:?}"),
                }
            },
        }
    }
}

async fn new_store(place: &Place) {
    let store = place.open().await;
    for slot in SLOTS {
        let scram = ScramVerifier {
            salt: [1; 16],
            iterations: 4096,
            stored_key: [2; 32],
            server_key: [3; 32],
        };
        let account = Account {
            principal: principal(slot),
            display_name: "0 0".to_owned(),
            email: String::new(),
            disabled: false,
            secrets: Secrets { scram, legacy: None },
        };
        store.put_account(&account, slot, Put::New).await.unwrap();
    }
}

/// What all homes together know.
#[derive(Default)]
struct Truth {
    /// The newest epoch that somebody began to claim at.
    epoch: AtomicU64,
    /// Every write that was acknowledged: its slot and value.
    acknowledged: Mutex<BTreeSet<(u16, Value)>>,
    /// What claims returned: the slot, the epoch of the claim, and the value that was there.
    found: Mutex<Vec<(u16, u64, Value)>>,
    /// How many writes were refused.
    refused: AtomicU64,
}

impl Truth {
    /// The last write for a slot that was acknowledged to homes of older epochs than this, whenever it was.
    fn last_before(&self, slot: u16, epoch: u64) -> Value {
        let acknowledged = self.acknowledged.lock().unwrap();
        let last = acknowledged.range((slot, (0, 0))..(slot, (epoch, 0))).next_back();
        last.map(|(_, value)| *value).unwrap_or_default()
    }
}

/// A home that claims all slots again and again, and writes until it is stopped, and then a little more.
async fn home(place: Place, member: String, truth: Arc<Truth>) {
    let store = place.open().await;
    let (writer, work) = Writer::new(store.clone());
    let mut working = JoinSet::new();
    working.spawn(work);
    for _ in 0..CLAIMS {
        let epoch = truth.epoch.fetch_add(1, Ordering::SeqCst) + 1;
        let claim = Claim {
            member: member.clone(),
            epoch,
            at: SystemTime::UNIX_EPOCH,
        };
        let people = match store.claim(&claim, &SLOTS).await {
            Ok(people) => people,
            // Somebody who began later was faster.
            Err(Error::Fenced { epoch: newer }) => {
                assert!(newer > epoch);
                continue;
            }
            Err(error) => panic!("{error:?}"),
        };
        assert_eq!(people.len(), SLOTS.len());
        for (person, slot) in people.iter().zip(in_order_of_people()) {
            truth.found.lock().unwrap().push((slot, epoch, value_of(person)));
        }
        let mut working: JoinSet<()> = JoinSet::new();
        for slot in SLOTS {
            working.spawn(write_until_stopped(writer.clone(), slot, epoch, truth.clone()));
        }
        working.join_all().await;
    }
    drop(writer);
    working.join_all().await;
}

/// The slots in the order in which their people are returned.
fn in_order_of_people() -> Vec<u16> {
    let mut slots = SLOTS.to_vec();
    slots.sort_by_key(|slot| principal(*slot));
    slots
}

async fn write_until_stopped(writer: Writer, slot: u16, epoch: u64, truth: Arc<Truth>) {
    let mut stopped = 0;
    for number in 1..=WRITES {
        match writer.submit(writes(slot, (epoch, number))).await {
            Ok(()) => {
                assert_eq!(stopped, 0, "who has lost a slot at an epoch has lost it for good");
                truth.acknowledged.lock().unwrap().insert((slot, (epoch, number)));
            }
            Err(Error::Fenced { epoch: newer }) => {
                assert!(newer > epoch);
                truth.refused.fetch_add(1, Ordering::SeqCst);
                stopped += 1;
                if stopped > LATE_WRITES {
                    break;
                }
            }
            Err(error) => panic!("{error:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn homes_that_share_a_file_never_write_over_a_successor() {
    let folder = tempfile::tempdir().unwrap();
    take_from_each_other(Place::File(folder.path().join("homeport.db"))).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn homes_that_share_a_database_never_write_over_a_successor() {
    let server = Server::start().await;
    take_from_each_other(Place::Database(server.config())).await;
}

async fn take_from_each_other(place: Place) {
    new_store(&place).await;
    let truth = Arc::new(Truth::default());
    let mut homes = JoinSet::new();
    for number in 1..=3 {
        homes.spawn(home(place.clone(), format!("home-{number}"), truth.clone()));
    }
    homes.join_all().await;

    // Also what was acknowledged after the claim: to somebody whose time was over, if there is any.
    let claims = truth.found.lock().unwrap().clone();
    for (slot, epoch, found) in claims {
        assert_eq!(
            found,
            truth.last_before(slot, epoch),
            "claim of {slot} at {epoch}"
        );
    }
    let store = place.open().await;
    for slot in SLOTS {
        let person = store.load_one(&principal(slot)).await.unwrap().unwrap();
        assert_eq!(value_of(&person), truth.last_before(slot, u64::MAX));
    }
    assert!(
        truth.refused.load(Ordering::SeqCst) > 0,
        "nobody was ever stopped"
    );
    assert!(store.epoch().await.unwrap() <= truth.epoch.load(Ordering::SeqCst));
    assert_eq!(
        store.moves(SLOTS[0]).await.unwrap(),
        store.moves(SLOTS[2]).await.unwrap()
    );
}
