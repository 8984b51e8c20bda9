//! How long the core takes to decide: `cargo bench -p homeserver`.
//!
//! The core is nobody's to use but the home server's, and this measures it without a home server around it: its sources
//! are compiled in here as they are. That they need no more than this is what "sans-I/O" says.

#![allow(missing_docs, reason = "the macros of criterion make items without")]
#![allow(
    dead_code,
    unreachable_pub,
    unused_imports,
    reason = "not all of the core is measured, and its tests come with it without being run"
)]
#![allow(
    clippy::unwrap_used,
    reason = "a fixture that is not as it must be ends the measurement"
)]

mod archives;
mod command;
mod config;
mod expiry;
mod ids;
mod presentity;

use archives::{ArchivePolicy, Archives};
use bytes::Bytes;
use command::{Command, Effect, Verdict};
use config::OfflinePolicy;
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use ids::Ids;
use presentity::Presentity;
use proto::Outcome;
use rvp::method::proppatch::{Patch, StatePatch};
use rvp::method::{Notify, Proppatch, Subscribe};
use rvp::notification::{AckType, Content, Message, MessageKind, Notification};
use rvp::{
    CallBack, Caller, ClientUrl, Credential, Identity, Lifetime, MessageId, Method, PresenceState, Principal,
    SubscriptionKind,
};
use std::time::{Duration, SystemTime};
use store::{Account, Durable, ScramVerifier, Secrets};

/// Somebody who is online, and watched by so many.
struct Core {
    presentity: Presentity,
    ids: Ids,
    now: SystemTime,
    messages: u64,
}

fn person(name: &str) -> Principal {
    Principal::from_address(&format!("{name}@im.example.com")).unwrap()
}

/// Somebody of whom nothing is kept but an account.
fn durable(principal: Principal) -> Durable {
    let scram = ScramVerifier {
        salt: [0; 16],
        iterations: 1,
        stored_key: [0; 32],
        server_key: [0; 32],
    };
    Durable::new(Account {
        principal,
        display_name: "Alice Archer".into(),
        email: "alice@example.com".into(),
        disabled: false,
        secrets: Secrets { scram, legacy: None },
    })
}

fn subscribe(kind: SubscriptionKind, call_back: CallBack) -> Method {
    Method::Subscribe(Subscribe::New {
        kind,
        call_back,
        lifetime: Lifetime(14_400),
    })
}

impl Core {
    fn watched_by(watchers: usize) -> Self {
        let alice = person("alice");
        let mut core = Self {
            presentity: Presentity::load(durable(alice.clone()), 1, OfflinePolicy::default()),
            ids: Ids::from_seed(7),
            now: SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000),
            messages: 0,
        };
        let listener = ClientUrl::parse("http://192.0.2.10:1024").unwrap();
        core.asks(
            &alice,
            subscribe(SubscriptionKind::Login, CallBack::Client(listener)),
        );
        for number in 0..watchers {
            let watcher = person(&format!("watcher{number}"));
            let call_back = CallBack::Principal(watcher.clone());
            core.asks(&watcher, subscribe(SubscriptionKind::Property, call_back));
        }
        core
    }

    fn apply(&mut self, command: Command) -> (Verdict, Vec<Effect>) {
        let applied = self.presentity.apply(self.now, &mut self.ids, command);
        (applied.verdict, applied.effects)
    }

    fn asks(&mut self, who: &Principal, method: Method) -> Vec<Effect> {
        let caller = Caller {
            identity: Identity::Person(who.clone()),
            credential: Credential::Digest,
        };
        let (verdict, effects) = self.apply(Command::Request {
            caller,
            router: "router-1".into(),
            login: None,
            method,
        });
        assert!(!matches!(verdict, Verdict::Now(Err(_)) | Verdict::Nothing));
        effects
    }

    /// A message by bob, until it has ended.
    fn message(&mut self, document: &Bytes) {
        self.messages += 1;
        let from = Identity::Person(person("bob"));
        let content = Content::Message(Message {
            from,
            to: Vec::new(),
            kind: MessageKind::Text,
        });
        let notify = Notify {
            ack: AckType::DeepOr,
            hop: 1,
            subscription: None,
            id: Some(MessageId::parse(&self.messages.to_string()).unwrap()),
            notification: Notification {
                document: document.clone(),
                content,
            },
        };
        let effects = self.asks(&person("bob"), Method::Notify(notify));
        for effect in effects {
            if let Effect::DeliverMessage(delivery, ..) = effect {
                let outcome = Outcome::Taken;
                self.apply(Command::Outcome { delivery, outcome });
            }
        }
    }

    /// A state that she was not in.
    fn change(&mut self) {
        self.messages += 1;
        let states = [PresenceState::Busy, PresenceState::Online];
        let state = StatePatch {
            state: states[usize::from(self.messages.is_multiple_of(2))],
            lease: None,
            view: None,
        };
        let patches = vec![Patch::State(state)];
        let effects = self.asks(&person("alice"), Method::Proppatch(Proppatch { patches }));
        assert!(effects.iter().any(|effect| matches!(effect, Effect::Spread(..))));
        for effect in effects {
            if let Effect::Spread(change, _) = effect {
                let (version, everybody) = (change.version, true);
                self.apply(Command::Told { version, everybody });
            }
        }
    }
}

fn decide(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("core");
    let document = Bytes::from(vec![b'x'; 1_500]);
    let mut core = Core::watched_by(20);
    group.bench_function("a message, delivered", |bencher| {
        bencher.iter(|| core.message(&document));
    });
    for watchers in [20, 100] {
        let mut core = Core::watched_by(watchers);
        group.bench_function(format!("a change for {watchers}"), |bencher| {
            bencher.iter(|| core.change());
        });
    }
    group.bench_function("a log-on", |bencher| bencher.iter(|| Core::watched_by(0)));
    let kept = durable(person("alice"));
    group.bench_function("somebody is taken over", |bencher| {
        bencher.iter_batched(
            || kept.clone(),
            |kept| Presentity::load(kept, 1, OfflinePolicy::default()),
            BatchSize::SmallInput,
        );
    });
    group.finish();
}

criterion_group!(benches, decide);
criterion_main!(benches);
