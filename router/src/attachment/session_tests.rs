//! What a change costs that a hundred people are told, from the link of a home to the wires of their connections.

use super::super::Attachments;
use super::super::alone::attachments;
use super::*;
use crate::attachment::socket::Socket;
use crate::changes::News;
use crate::forward::Forward;
use allocation_counter::measure;
use futures_util::FutureExt;
use proto::{Change, ContactChange};
use rvp::{AttachmentId, Credential, PresenceState, Principal, Property, SubscriptionId};
use tokio::io::{AsyncReadExt, DuplexStream, duplex};

const WATCHERS: usize = 100;
/// For all watchers together, until the change waits for each: it is held once.
const WAITING_BLOCKS_MAX: u64 = 1;
/// For one watcher, once somebody else was told: what is collected for the connection.
const WRITTEN_BLOCKS_MAX: u64 = 1;
/// For the text, which the first who is told has made for all.
const TEXT_BLOCKS_MAX: u64 = 3;

/// Somebody whose connection is open.
struct Watcher {
    session: Session,
    socket: Socket<DuplexStream>,
    theirs: DuplexStream,
}

/// A router without a link to anybody, with connections of people.
struct Router {
    attachments: Attachments,
    connections: Vec<AttachmentId>,
    watchers: Vec<Watcher>,
}

fn person(name: &str) -> Principal {
    Principal::from_address(&format!("{name}@im.example.com")).unwrap()
}

impl Watcher {
    async fn new(shared: &Attachments, me: Principal) -> Self {
        let login = SubscriptionId::new(1).unwrap();
        let attached = shared.begin(me.clone());
        let asker = Asker {
            shared: shared.clone(),
            me,
            credential: Credential::Internal,
            generation: 1,
            login,
        };
        let session = Session::new(attached, asker, 0);
        let (ours, theirs) = duplex(4_096);
        Self {
            session,
            socket: Socket::new(ours).await,
            theirs,
        }
    }

    /// As `Session::run` does. Says whether anything waited.
    fn write(&mut self) -> bool {
        let Some(item) = self.session.take_waiting() else {
            return false;
        };
        let written = self.session.put_waiting(item, &mut self.socket).now_or_never();
        assert!(matches!(written, Some(Ok(_))), "it is not waited for");
        true
    }

    /// The connection is served for as long as its client does something.
    async fn served(self, client: impl AsyncFnOnce(DuplexStream)) {
        let Self {
            mut session,
            mut socket,
            theirs,
        } = self;
        tokio::select! {
            _ = session.run(&mut socket) => panic!("the connection ended"),
            () = client(theirs) => {}
        }
    }

    /// The text of the one frame that has come since this was asked last.
    async fn read(&mut self) -> String {
        let flushed = poll_fn(|context| self.socket.poll_flush(context)).await;
        assert!(flushed);
        let mut octets = vec![0; 4_096];
        let read = self.theirs.read(&mut octets).await.unwrap();
        // Two octets are before the text.
        String::from_utf8(octets[2..read].to_vec()).unwrap()
    }
}

impl Router {
    async fn with(watchers: usize) -> Self {
        let mut router = Self {
            attachments: attachments(Forward::nowhere(), Vec::new()),
            connections: Vec::new(),
            watchers: Vec::new(),
        };
        for number in 0..watchers {
            let me = person(&format!("watcher{number}"));
            let watcher = Watcher::new(&router.attachments, me).await;
            router.connections.push(watcher.session.attached.id);
            router.watchers.push(watcher);
        }
        router
    }

    /// Another state each time.
    fn tell(&self, version: u64) {
        let state = if version.is_multiple_of(2) {
            PresenceState::Busy
        } else {
            PresenceState::Away
        };
        let news = News::new(change(version, vec![Property::State(state)]));
        self.attachments.change(&news, &self.connections);
    }
}

/// As it comes from a home.
fn change(version: u64, properties: Vec<Property>) -> Change {
    Change {
        presentity: person("bob"),
        properties,
        version,
    }
}

#[tokio::test]
async fn a_change_that_a_hundred_are_told_is_held_and_written_once() {
    let mut router = Router::with(WATCHERS).await;
    let mut told = Some(change(1, vec![Property::State(PresenceState::Busy)]));
    let waiting = measure(|| {
        let news = News::new(told.take().unwrap());
        router.attachments.change(&news, &router.connections);
    });
    let mut written = Vec::new();
    for watcher in &mut router.watchers {
        written.push(measure(|| assert!(watcher.write())).count_total);
    }
    let (first, others) = written.split_first().unwrap();
    println!(
        "{} blocks until it waits for {WATCHERS}, {first} and {:?} to write it",
        waiting.count_total, others[0]
    );
    assert!((1..=WAITING_BLOCKS_MAX).contains(&waiting.count_total));
    assert!(*first <= WRITTEN_BLOCKS_MAX + TEXT_BLOCKS_MAX, "{first}");
    for other in others {
        assert!((1..=WRITTEN_BLOCKS_MAX).contains(other), "{other}");
    }
    for watcher in &mut router.watchers {
        let text = r#"{"type":"presence","who":"bob@im.example.com","state":"busy"}"#;
        assert_eq!(watcher.read().await, text);
    }
}

/// What one has not read yet is told together with what is newer; whoever has read it is told the newer alone.
#[tokio::test(start_paused = true)]
async fn whoever_was_slow_is_told_what_holds_and_others_what_is_new() {
    let mut router = Router::with(2).await;
    // Who has just logged on is told less often.
    tokio::time::sleep(Duration::from_secs(2)).await;
    let name = Property::DisplayName("Bob Baker".to_owned());
    let first = News::new(change(1, vec![Property::State(PresenceState::Busy), name]));
    router.attachments.change(&first, &router.connections);
    assert!(router.watchers[0].write());
    assert!(router.watchers[0].read().await.contains("Baker"));
    let second = News::new(change(2, vec![Property::State(PresenceState::Away)]));
    router.attachments.change(&second, &router.connections);
    for (watcher, names) in router.watchers.iter_mut().zip([false, true]) {
        assert!(watcher.write());
        let read = watcher.read().await;
        assert!(
            read.contains(r#""state":"away""#) && !read.contains("busy"),
            "{read}"
        );
        assert_eq!(read.contains("Baker"), names, "{read}");
        assert!(!watcher.write(), "all in one");
    }
}

/// A client shows nothing of what only phones had.
#[tokio::test]
async fn of_nothing_to_show_nothing_is_written() {
    let mut router = Router::with(1).await;
    let news = News::new(change(1, vec![Property::MobileState(true)]));
    router.attachments.change(&news, &router.connections);
    let watcher = &mut router.watchers[0];
    assert!(watcher.write());
    let read = async { watcher.theirs.read_u8().await };
    assert!(read.now_or_never().is_none());
}

/// Three times in a row a change is written at once, and after that what has come in half a second: of each the newest.
#[tokio::test(start_paused = true)]
async fn who_is_told_often_is_told_together() {
    let mut router = Router::with(1).await;
    let watcher = router.watchers.remove(0);
    let client = async |mut theirs: DuplexStream| {
        let mut octets = vec![0; 4_096];
        // Who has just logged on is told less often.
        tokio::time::sleep(Duration::from_secs(2)).await;
        for version in 1..=3 {
            router.tell(version);
            assert_ne!(theirs.read(&mut octets).await.unwrap(), 0);
        }
        let begin = Instant::now();
        for version in 4..=40 {
            router.tell(version);
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let read = theirs.read(&mut octets).await.unwrap();
        let text = String::from_utf8_lossy(&octets[..read]).into_owned();
        assert!(text.contains(r#""state":"busy""#), "the newest: {text}");
        assert_eq!(text.matches("presence").count(), 1, "and no other: {text}");
        let took = begin.elapsed();
        assert!((500..520).contains(&took.as_millis()), "{took:?}");
        // Nothing is left to be told, and the next is told in its turn.
        router.tell(41);
        assert_ne!(theirs.read(&mut octets).await.unwrap(), 0);
        let took = begin.elapsed();
        assert!((1_000..1_020).contains(&took.as_millis()), "{took:?}");
    };
    watcher.served(client).await;
}

/// Something that is written in the moment in which changes have waited for long enough.
#[tokio::test(start_paused = true)]
async fn changes_do_not_wait_longer_for_what_comes_between() {
    let mut router = Router::with(1).await;
    let watcher = router.watchers.remove(0);
    let attached = Arc::clone(&watcher.session.attached);
    let client = async |mut theirs: DuplexStream| {
        let mut octets = vec![0; 4_096];
        // Whoever looks first is drawn each time. After 28 seconds a client is closed that says nothing.
        for round in 0..8 {
            tokio::time::sleep(Duration::from_secs(2)).await;
            for version in 1..=4 {
                router.tell(10 * round + version);
                assert_ne!(theirs.read(&mut octets).await.unwrap(), 0);
            }
            // The fourth has waited for half a second, and so would the fifth.
            tokio::time::sleep(Duration::from_millis(500)).await;
            let contact = ContactChange::Removed(person("dana"));
            attached.outbox.put_contact(contact);
            assert_ne!(theirs.read(&mut octets).await.unwrap(), 0);
            router.tell(10 * round + 5);
            let next = tokio::time::timeout(Duration::from_secs(1), theirs.read(&mut octets)).await;
            assert!(matches!(next, Ok(Ok(1..))), "{round}: {next:?}");
        }
    };
    watcher.served(client).await;
}
