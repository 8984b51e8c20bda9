//! Queues are bounded, and who meets a bound is told at once: so of many messages to one person, no more wait than
//! the queues of all routers hold.

use crate::history::{Asked, History, Person};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// What waits for one client at one router, and the one that is being handed over (docs/protocol.md, 7.2).
const QUEUE_MAX: usize = 64 + 1;
/// A message that is under way for longer waits in a queue, or for its client: on the way to its home and to a
/// router it is held for less.
const ON_THE_WAY: Duration = Duration::from_secs(4);

pub(super) fn check(history: &History) -> Vec<String> {
    let requests = history.requests();
    let routers: BTreeSet<&str> = requests.iter().map(|request| request.router).collect();
    let bound = QUEUE_MAX * routers.len();
    // Each wait as two changes of a count, in the order of their times.
    let mut changes: BTreeMap<Person, Vec<(Duration, isize)>> = BTreeMap::new();
    for request in &requests {
        let Asked::Say { to, .. } = request.asked else {
            continue;
        };
        let (waits, ended) = (request.began + ON_THE_WAY, request.ended.unwrap_or(Duration::MAX));
        if waits < ended {
            changes.entry(to).or_default().extend([(waits, 1), (ended, -1)]);
        }
    }
    let mut wrong = Vec::new();
    for (to, mut changes) in changes {
        changes.sort_unstable();
        let (mut waiting, mut most) = (0_isize, 0_isize);
        for (_, change) in changes {
            waiting += change;
            most = most.max(waiting);
        }
        if most.unsigned_abs() > bound {
            wrong.push(format!("{most} messages to {to} wait at once, {bound} may"));
        }
    }
    wrong
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::{Event, Gave};
    use crate::invariants::{at, made_at};

    fn waiting(count: usize) -> History {
        let router = || "router-1".to_owned();
        let say = |request: usize| Asked::Say {
            to: "bob",
            text: request.to_string(),
        };
        let began = |request| {
            (
                at(1),
                Event::Began {
                    request,
                    who: "ann",
                    router: router(),
                    asked: say(request),
                },
            )
        };
        let ended = |request| {
            (
                at(10),
                Event::Ended {
                    request,
                    status: Some(412),
                    gave: Gave::Nothing,
                },
            )
        };
        made_at((0..count).map(began).chain((0..count).map(ended)))
    }

    #[test]
    fn more_than_a_queue_holds_is_told() {
        assert_eq!(check(&waiting(QUEUE_MAX)), [""; 0]);
        assert_eq!(check(&waiting(QUEUE_MAX + 1)).len(), 1);
    }
}
