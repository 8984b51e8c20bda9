//! What happened in a run, as those outside of the cluster saw it. Every invariant is asked of this and of
//! nothing else, so a checker can be shown a history that was made by hand.

use rvp::PresenceState;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// A person, by name.
pub(crate) type Person = &'static str;

/// What a client asked of its router.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Asked {
    /// A login that lives so many seconds.
    LogOn { seconds: u32 },
    /// To go on with a login whose connection was lost, by another one.
    Resume { login: u32 },
    /// The end of a login.
    LogOff { login: u32 },
    /// More time for a login.
    Renew { login: u32, seconds: u32 },
    /// To be told of changes of somebody.
    Watch { whom: Person },
    /// A state, and with it a display name that has a number: so versions can be told apart.
    Set { state: PresenceState, number: u32 },
    /// A state alone, which holds for as long as the login.
    Show { state: PresenceState },
    /// To hand a message to somebody; no two messages have the same text, but one may be sent several times.
    Say { to: Person, text: String },
    /// That somebody may not write and not see the state, or may again.
    Block { whom: Person, blocked: bool },
}

impl Asked {
    /// The number that is set.
    pub(crate) fn number(&self) -> Option<u32> {
        if let Self::Set { number, .. } = self {
            Some(*number)
        } else {
            None
        }
    }
}

/// What an answer gave beside its status.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Gave {
    /// Nothing that counts.
    Nothing,
    /// The id of a subscription.
    Subscription(u32),
    /// The id of a watch, and the presence at that moment.
    Presence { subscription: u32, seen: Seen },
}

/// What is seen of somebody: the state, and the number in the display name. A change has one of them or both.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Seen {
    pub(crate) state: Option<PresenceState>,
    pub(crate) number: Option<u32>,
}

/// What a client heard that it did not ask for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Said {
    /// A message.
    Message { from: Person, text: String },
    /// A change.
    Change { of: Person, seen: Seen },
}

/// What one home server answered when it was asked about a person directly.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Claim {
    /// It serves the person, and says this.
    Serves(Known),
    /// It is another home's.
    Moved,
    /// It answered with a fault, or not at all.
    Silent(String),
}

/// What a home knows of a person.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Known {
    /// The effective state and the display name.
    pub(crate) seen: Seen,
    /// The ids of logins.
    pub(crate) logins: BTreeSet<u32>,
    /// The ids of watches, and whose they are.
    pub(crate) watches: BTreeMap<u32, String>,
}

/// What a home server says of the messages that came to it since it began.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Ledger {
    pub(crate) accepted: i64,
    /// Delivered, stored, refused and expired.
    pub(crate) ended: i64,
    pub(crate) in_flight: i64,
}

/// Something that happened.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Event {
    /// These people have clients that hold a connection open; the others are called back.
    Cast { attached: Vec<Person> },
    /// A client sent a request.
    Began {
        request: usize,
        who: Person,
        router: String,
        asked: Asked,
    },
    /// It was answered, or the connection ended without an answer.
    Ended {
        request: usize,
        status: Option<u16>,
        gave: Gave,
    },
    /// A listener read a notification for a login that a router sent, and takes it, or does something else. An attached
    /// client has read a change, or shown a message for the first time and acknowledged it.
    Heard {
        who: Person,
        router: String,
        login: u32,
        said: Said,
        taken: bool,
    },
    /// What a listener does from now on: whether it can be connected to.
    Listener { who: Person, listens: bool },
    /// A router closed an attached client's connection.
    Closed { who: Person, router: String, code: u16 },
    /// Something happened on stage that nothing is concluded from.
    Stage(String),
    /// The product logged something; written down only where a seed is played alone.
    Logged(String),
    /// Two ends do not reach each other from now on, or do again; or one process is dead, or serves again.
    Broken { ends: Vec<String>, broken: bool },
    /// A router or home server ended before its time for another reason than a lost lease.
    Failed { role: String, reason: String },
    /// A home server, or at the very end a router, was told to drain.
    DrainBegan { home: String },
    /// It has ended: the tasks it left, and what its gauges say of people.
    DrainEnded {
        home: String,
        left: Vec<String>,
        online: i64,
        subscriptions: i64,
    },
    /// Everything is mended: no fault begins from here on.
    Mended,
    /// Every process has seen the last epoch. `homes` are the members in service.
    Settled { epoch: u64, homes: Vec<String> },
    /// Not everybody has seen the last epoch in time.
    NeverSettled(String),
    /// What is looked at now must be right: the delivery bound has passed since everything settled.
    Bound,
    /// What a home server said of a person, while the members were settled.
    Claimed { home: String, of: Person, claim: Claim },
    /// What a home server says of its messages at the very end.
    Counted { home: String, ledger: Option<Ledger> },
    /// The texts of the messages that the store keeps for somebody at the very end, in their order.
    Kept { of: Person, texts: Vec<String> },
    /// The texts in the archive at the very end, where there is one, and what is wrong with its chain.
    Archived {
        texts: Vec<String>,
        broken: Option<String>,
    },
    /// Everybody is still asked something at the end: from here on nothing may fail.
    LastWords,
    /// Whoever is attached has logged off.
    LoggedOff,
}

/// Something that happened, and when: since the beginning, in simulated time.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Record {
    pub(crate) at: Duration,
    pub(crate) event: Event,
}

impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:>9.3} {:?}", self.at.as_secs_f64(), self.event)
    }
}

/// What happened, in order.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct History {
    pub(crate) records: Vec<Record>,
}

/// A request with what became of it.
#[derive(Clone, Debug)]
pub(crate) struct Request<'h> {
    pub(crate) number: usize,
    pub(crate) who: Person,
    pub(crate) router: &'h str,
    pub(crate) asked: &'h Asked,
    pub(crate) began: Duration,
    /// When it was answered or given up; none while it is open.
    pub(crate) ended: Option<Duration>,
    /// The status, if there was an answer.
    pub(crate) status: Option<u16>,
    pub(crate) gave: &'h Gave,
}

impl Request<'_> {
    /// Whether it was answered with a success.
    pub(crate) fn is_done(&self) -> bool {
        self.status.is_some_and(|status| (200..300).contains(&status))
    }

    /// Whether it is known that nothing was done: it was refused for a reason that is decided before anything
    /// happens.
    pub(crate) fn is_refused(&self) -> bool {
        self.status
            .is_some_and(|status| matches!(status, 400..=405 | 412 | 413))
    }

    /// Until when it may have been done, if it was: for ever without an answer.
    pub(crate) fn latest(&self) -> Duration {
        match (self.ended, self.status) {
            (Some(ended), Some(_)) => ended,
            (Some(_) | None, None) | (None, Some(_)) => Duration::MAX,
        }
    }
}

impl History {
    /// Every request, in the order in which they began.
    pub(crate) fn requests(&self) -> Vec<Request<'_>> {
        let mut requests: BTreeMap<usize, Request<'_>> = BTreeMap::new();
        for record in &self.records {
            if let Event::Began {
                request,
                who,
                router,
                asked,
            } = &record.event
            {
                let began = Request {
                    number: *request,
                    who,
                    router,
                    asked,
                    began: record.at,
                    ended: None,
                    status: None,
                    gave: &Gave::Nothing,
                };
                requests.insert(*request, began);
            } else if let Event::Ended {
                request,
                status,
                gave,
            } = &record.event
                && let Some(request) = requests.get_mut(request)
            {
                request.ended = Some(record.at);
                request.status = *status;
                request.gave = gave;
            }
        }
        requests.into_values().collect()
    }

    /// When the first event for which `chosen` says yes happened.
    pub(crate) fn when(&self, chosen: impl Fn(&Event) -> bool) -> Option<Duration> {
        self.records
            .iter()
            .find(|record| chosen(&record.event))
            .map(|record| record.at)
    }

    /// When the bound had passed after everything had settled.
    pub(crate) fn bound(&self) -> Option<Duration> {
        self.when(|event| *event == Event::Bound)
    }

    /// Whether something about `end` was broken at some time between two: the end itself, or its way to one of
    /// `others`.
    pub(crate) fn was_broken(&self, end: &str, others: &[&str], (from, until): (Duration, Duration)) -> bool {
        let mut broken: BTreeSet<&[String]> = BTreeSet::new();
        for record in self.records.iter().take_while(|record| record.at <= until) {
            let Event::Broken { ends, broken: breaks } = &record.event else {
                continue;
            };
            let other = |each: &String| each == end || others.contains(&each.as_str());
            if !ends.iter().any(|each| each == end) || !ends.iter().all(other) {
                continue;
            }
            if *breaks {
                broken.insert(ends);
            } else {
                broken.remove(ends.as_slice());
            }
            // What was on its way while it was broken is lost, so the moment of mending counts.
            if record.at >= from {
                return true;
            }
        }
        !broken.is_empty()
    }

    /// What was heard: when, by whom, for which login, what, and whether it was taken.
    pub(crate) fn heard(&self) -> impl Iterator<Item = (Duration, Person, u32, &Said, bool)> {
        self.records.iter().filter_map(|record| {
            let Event::Heard {
                who,
                login,
                said,
                taken,
                router: _,
            } = &record.event
            else {
                return None;
            };
            Some((record.at, *who, *login, said, *taken))
        })
    }

    /// What the home of each person knows of them at the end; of several that claim to be home, the last.
    pub(crate) fn known(&self) -> BTreeMap<Person, &Known> {
        let end = self.records.iter();
        let end = end.take_while(|record| record.event != Event::LastWords);
        end.filter_map(claimed).collect()
    }

    /// The same after whoever is attached has logged off.
    pub(crate) fn known_after(&self) -> BTreeMap<Person, &Known> {
        let after = self.records.iter();
        let after = after.skip_while(|record| record.event != Event::LastWords);
        after.filter_map(claimed).collect()
    }

    /// Whose clients hold a connection open.
    pub(crate) fn attached(&self) -> BTreeSet<Person> {
        let cast = self.records.iter().filter_map(|record| {
            let Event::Cast { attached } = &record.event else {
                return None;
            };
            Some(attached.iter().copied())
        });
        cast.flatten().collect()
    }

    /// The history as lines, for people and for comparing.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.records.iter().map(Record::to_string).collect()
    }
}

fn claimed(record: &Record) -> Option<(Person, &Known)> {
    if let Event::Claimed {
        of,
        claim: Claim::Serves(known),
        ..
    } = &record.event
    {
        Some((*of, known))
    } else {
        None
    }
}

/// Where everybody writes down what happens. Clones write into one history.
#[derive(Clone, Default)]
pub(crate) struct Recorder(Arc<Mutex<Inner>>);

#[derive(Default)]
struct Inner {
    history: History,
    requests: usize,
    /// Requests that are under way, and whether they are messages.
    open: BTreeMap<usize, bool>,
    /// Messages that may be sent again.
    pending: usize,
    /// Clients that have lost their connection, or their session, and do something about it.
    returning: usize,
}

/// A message that may be sent again, until this is dropped.
pub(crate) struct Pending(Recorder);

impl Drop for Pending {
    fn drop(&mut self) {
        self.0.lock().pending -= 1;
    }
}

/// A client that comes back, until this is dropped.
pub(crate) struct Returning(Recorder);

impl Drop for Returning {
    fn drop(&mut self) {
        self.0.lock().returning -= 1;
    }
}

impl Recorder {
    /// Writes down what happens now, on a simulated host.
    pub(crate) fn note(&self, event: Event) {
        let at = turmoil::sim_elapsed().unwrap_or_default();
        self.note_at(at, event);
    }

    /// Writes down what happens at a time.
    pub(crate) fn note_at(&self, at: Duration, event: Event) {
        let mut inner = self.lock();
        if let Event::Ended { request, .. } = &event {
            inner.open.remove(request);
        }
        inner.history.records.push(Record { at, event });
    }

    /// Writes down a request, and gives it its number.
    pub(crate) fn begin(&self, who: Person, router: &str, asked: Asked) -> usize {
        let request = {
            let mut inner = self.lock();
            inner.requests += 1;
            let request = inner.requests;
            inner.open.insert(request, matches!(asked, Asked::Say { .. }));
            request
        };
        self.note(Event::Began {
            request,
            who,
            router: router.to_owned(),
            asked,
        });
        request
    }

    /// A message may be sent again until what is returned is dropped.
    pub(crate) fn pending(&self) -> Pending {
        self.lock().pending += 1;
        Pending(self.clone())
    }

    /// A client comes back until what is returned is dropped.
    pub(crate) fn returning(&self) -> Returning {
        self.lock().returning += 1;
        Returning(self.clone())
    }

    /// Whether requests wait for their answers, or to be sent again, or clients come back.
    pub(crate) fn is_open(&self) -> bool {
        let inner = self.lock();
        !inner.open.is_empty() || inner.pending > 0 || inner.returning > 0
    }

    /// Whether requests wait that may change what others see, or clients come back.
    pub(crate) fn is_changing(&self) -> bool {
        let inner = self.lock();
        inner.returning > 0 || inner.open.values().any(|is_message| !is_message)
    }

    /// Whether something has happened.
    pub(crate) fn has(&self, event: &Event) -> bool {
        self.lock()
            .history
            .records
            .iter()
            .rev()
            .any(|record| record.event == *event)
    }

    /// How often something like this has happened.
    pub(crate) fn count(&self, like: impl Fn(&Event) -> bool) -> usize {
        let inner = self.lock();
        let records = inner.history.records.iter();
        records.filter(|record| like(&record.event)).count()
    }

    /// What happened so far.
    pub(crate) fn history(&self) -> History {
        self.lock().history.clone()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
