//! What clients have taken a moment ago, so that a message which is sent again is not handed over again.
//!
//! A home that dies has perhaps handed a message over and told nobody; whoever asks its successor again means the
//! same message. The successor cannot know, but the router that handed it over can. What a client did not
//! acknowledge is not here: such a message was not delivered, and is handed over again.

use foldhash::HashMap;
use proto::DeliverMessage;
use rvp::SubscriptionId;
use std::collections::VecDeque;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::Instant;

/// How long it is remembered: longer than whoever sends again waits in between.
const KEPT: Duration = Duration::from_secs(600);
/// Messages that are remembered; beyond this the oldest are forgotten. A minute of a thousand a second, in some 10
/// megabytes.
const KEPT_MAX: usize = 65_536;

/// What stands for sender, recipient and id of a message: hashed once, with seeds that nobody else knows. Two messages
/// with the same are not to be expected in the time that anybody has.
type Fingerprint = [u64; 2];

/// One attempt to hand one message to one client, as it is remembered: made once, since it costs more than all that is
/// done with it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mark {
    /// None of a message without an id, which may come twice.
    fingerprint: Option<Fingerprint>,
    taker: Taker,
}

/// The messages that were taken. Bounded in time and number. Cloning copies pointers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Taken {
    seeds: [RandomState; 2],
    state: Arc<Mutex<State>>,
    /// Sent whenever a client has answered, or has not in time.
    answered: Arc<Notify>,
}

/// A client has a message at this moment. Ends when it is dropped.
#[derive(Debug)]
pub(crate) struct InHand {
    fingerprint: Fingerprint,
    state: Arc<Mutex<State>>,
    answered: Arc<Notify>,
}

#[derive(Debug, Default)]
struct State {
    by_message: HashMap<Fingerprint, Takers>,
    /// In the order in which they were first taken.
    order: VecDeque<(Instant, Fingerprint)>,
    /// Messages that clients have at this moment, and how many do; bounded by the call-backs that are open.
    in_hand: HashMap<Fingerprint, usize>,
}

/// In which attempt, by which login.
type Taker = (u64, SubscriptionId);

/// Who has taken a message.
#[derive(Debug)]
struct Takers {
    first: Taker,
    /// Of one message in many.
    others: Vec<Taker>,
}

impl Taken {
    /// By what a message is remembered.
    pub(crate) fn mark(&self, message: &DeliverMessage) -> Mark {
        let fingerprint = message.id.as_ref().map(|id| {
            let key = (&message.login.principal, &message.from, id);
            let [one, other] = &self.seeds;
            [one.hash_one(key), other.hash_one(key)]
        });
        Mark {
            fingerprint,
            taker: (message.attempt, message.login.login),
        }
    }

    /// A client has taken it.
    pub(crate) fn put(&self, Mark { fingerprint, taker }: Mark) {
        let Some(fingerprint) = fingerprint else {
            return;
        };
        let (mut state, now) = (self.lock(), Instant::now());
        if let Some(takers) = state.by_message.get_mut(&fingerprint) {
            takers.others.push(taker);
            return;
        }
        while state.order.len() >= KEPT_MAX || state.order.front().is_some_and(|(at, _)| *at + KEPT < now) {
            let Some((_, oldest)) = state.order.pop_front() else {
                break;
            };
            state.by_message.remove(&oldest);
        }
        let takers = Takers {
            first: taker,
            others: Vec::new(),
        };
        state.by_message.insert(fingerprint, takers);
        state.order.push_back((now, fingerprint));
    }

    /// Whether this client, or in another attempt any client of the person, has taken it. The clients that are
    /// handed it side by side in one attempt are each to have it.
    pub(crate) fn knows(&self, mark: Mark) -> bool {
        let Some(fingerprint) = mark.fingerprint else {
            return false;
        };
        let state = self.lock();
        let (attempt, login) = mark.taker;
        let same = |taker: &Taker| taker.0 != attempt || taker.1 == login;
        let takers = state.by_message.get(&fingerprint);
        takers.is_some_and(|takers| same(&takers.first) || takers.others.iter().any(same))
    }

    /// A client is handed a message now.
    pub(crate) fn begin(&self, mark: Mark) -> Option<InHand> {
        let fingerprint = mark.fingerprint?;
        *self.lock().in_hand.entry(fingerprint).or_default() += 1;
        Some(InHand {
            fingerprint,
            state: Arc::clone(&self.state),
            answered: Arc::clone(&self.answered),
        })
    }

    /// Whether a client of the person has taken a message, when none has it in hand any more. The caller bounds the
    /// wait, and so does the time that a client has to answer.
    pub(crate) async fn settled(&self, mark: Mark) -> bool {
        let Some(fingerprint) = mark.fingerprint else {
            return false;
        };
        loop {
            let answered = self.answered.notified();
            {
                let state = self.lock();
                if !state.in_hand.contains_key(&fingerprint) {
                    return state.by_message.contains_key(&fingerprint);
                }
            }
            answered.await;
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for InHand {
    fn drop(&mut self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = state.in_hand.get_mut(&self.fingerprint) {
            *count -= 1;
            if *count == 0 {
                state.in_hand.remove(&self.fingerprint);
            }
        }
        self.answered.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use proto::ClientLogin;
    use rvp::notification::AckType;
    use rvp::{Identity, MessageId, Principal, Reach};

    fn message(id: &str, attempt: u64, login: u32) -> DeliverMessage {
        let [alice, bob] =
            ["alice", "bob"].map(|name| Principal::from_address(&format!("{name}@im.example.com")).unwrap());
        DeliverMessage {
            login: ClientLogin {
                principal: bob,
                login: SubscriptionId::new(login).unwrap(),
                reach: Reach::parse("http://192.0.2.1:1/").unwrap(),
            },
            from: Identity::Person(alice),
            ack: AckType::DeepOr,
            hop: 2,
            document: Bytes::new(),
            id: MessageId::parse(id).ok(),
            attempt,
            probe: false,
            asked_by: None,
        }
    }

    #[test]
    fn what_was_taken_is_not_handed_over_in_another_attempt() {
        let taken = Taken::default();
        assert!(!taken.knows(taken.mark(&message("m", 1, 1))));
        taken.put(taken.mark(&message("m", 1, 1)));
        assert!(taken.knows(taken.mark(&message("m", 1, 1))));
        assert!(
            !taken.knows(taken.mark(&message("m", 1, 2))),
            "side by side each client has it"
        );
        assert!(
            taken.knows(taken.mark(&message("m", 2, 2))),
            "sent again nobody has it again"
        );
        assert!(!taken.knows(taken.mark(&message("n", 2, 1))));
    }

    #[tokio::test]
    async fn whether_it_was_taken_is_known_when_no_client_has_it_in_hand() {
        let taken = Taken::default();
        let message = message("m", 1, 1);
        assert!(!taken.settled(taken.mark(&message)).await);
        let in_hand = taken.begin(taken.mark(&message));
        let (known, ()) = tokio::join!(taken.settled(taken.mark(&message)), async {
            tokio::task::yield_now().await;
            taken.put(taken.mark(&message));
            drop(in_hand);
        });
        assert!(known);
        assert!(taken.lock().in_hand.is_empty());
    }

    #[test]
    fn another_sender_or_recipient_has_ids_of_its_own() {
        let taken = Taken::default();
        taken.put(taken.mark(&message("m", 1, 1)));
        let of_bob = DeliverMessage {
            from: Identity::Person(message("m", 1, 1).login.principal),
            ..message("m", 2, 1)
        };
        assert!(!taken.knows(taken.mark(&of_bob)));
        let mut to_carol = message("m", 2, 1);
        to_carol.login.principal = Principal::from_address("carol@im.example.com").unwrap();
        assert!(!taken.knows(taken.mark(&to_carol)));
    }

    #[test]
    fn what_may_come_twice_is_not_remembered() {
        let taken = Taken::default();
        taken.put(taken.mark(&message("", 1, 1)));
        assert!(!taken.knows(taken.mark(&message("", 2, 1))));
        assert!(taken.lock().order.is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn it_is_forgotten_after_its_time_and_beyond_the_bound() {
        let taken = Taken::default();
        taken.put(taken.mark(&message("old", 1, 1)));
        tokio::time::advance(KEPT + Duration::from_secs(1)).await;
        taken.put(taken.mark(&message("m-0", 1, 1)));
        assert!(!taken.knows(taken.mark(&message("old", 2, 1))));
        for number in 1..=KEPT_MAX {
            taken.put(taken.mark(&message(&format!("m-{number}"), 1, 1)));
        }
        assert!(!taken.knows(taken.mark(&message("m-0", 2, 1))));
        assert!(taken.knows(taken.mark(&message("m-1", 2, 1))));
        let state = taken.lock();
        assert_eq!((state.order.len(), state.by_message.len()), (KEPT_MAX, KEPT_MAX));
    }
}
