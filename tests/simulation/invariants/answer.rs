//! Every request gets exactly one answer before its deadline: of a router that lives and can be reached.
//!
//! That there is not a second answer follows from how clients read: what came beyond the first on a connection
//! would be part of it and break its length.

use crate::client::PATIENCE;
use crate::history::{Asked, History, Request};
use std::time::Duration;

pub(super) fn check(history: &History) -> Vec<String> {
    let requests = history.requests();
    let wrong = requests.iter().filter_map(|request| {
        let what = |text: &str| format!("{} of {}, {text}", name(request.asked), request.who);
        match (request.ended, request.status) {
            (Some(ended), Some(_)) if ended.saturating_sub(request.began) > PATIENCE => {
                Some(what("was answered after its deadline"))
            }
            (Some(_), Some(_)) => None,
            (Some(ended), None) if is_excused(history, request, ended) => None,
            (Some(ended), None) if logs_off(&requests, request, ended) => None,
            (Some(ended), None) => Some(what(&format!("got no answer until {ended:?}"))),
            (None, _) => Some(what("is still open")),
        }
    });
    wrong.collect()
}

/// Whether the router died or could not be reached at some time while the request was under way.
fn is_excused(history: &History, request: &Request<'_>, ended: Duration) -> bool {
    history.was_broken(request.router, &[request.who], (request.began, ended))
}

/// Whether an attached client ended its connection meanwhile, by logging off.
fn logs_off(requests: &[Request<'_>], request: &Request<'_>, ended: Duration) -> bool {
    let off = |other: &&Request<'_>| matches!(other.asked, Asked::LogOff { .. }) && other.is_done();
    let mut own = requests.iter().filter(|other| other.who == request.who);
    own.any(|other| off(&other) && other.ended.is_some_and(|at| at >= ended))
}

fn name(asked: &Asked) -> String {
    format!("{asked:?}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::{Event, Gave};
    use crate::invariants::{asked, at, made_at};

    fn began(router: &str) -> Event {
        let (router, asked) = (router.to_owned(), Asked::LogOff { login: 1 });
        Event::Began {
            request: 1,
            who: "ann",
            router,
            asked,
        }
    }

    fn ended(status: Option<u16>) -> Event {
        Event::Ended {
            request: 1,
            status,
            gave: Gave::Nothing,
        }
    }

    #[test]
    fn an_answer_that_is_missing_or_late_is_told() {
        let broken = [
            made_at([(at(1), began("router-1"))]),
            made_at([(at(1), began("router-1")), (at(31), ended(None))]),
            made_at([(at(1), began("router-1")), (at(32), ended(Some(200)))]),
        ];
        for history in broken {
            assert_eq!(check(&history).len(), 1, "{history:?}");
        }
        let sound = made_at([(at(1), began("router-1")), (at(30), ended(Some(503)))]);
        assert_eq!(check(&sound), [""; 0]);
    }

    #[test]
    fn who_logs_off_has_asked_for_no_more_answers() {
        let story = |off: u64| {
            let [a, b] = asked(2, "ann", Asked::LogOff { login: 7 }, 200);
            made_at([
                (at(1), began("router-1")),
                (at(2), a),
                (at(3), ended(None)),
                (at(off), b),
            ])
        };
        assert_eq!(check(&story(3)), [""; 0]);
        assert_eq!(check(&story(2)).len(), 1, "it was over before");
    }

    #[test]
    fn only_the_routers_own_trouble_excuses() {
        let story = |ends: &[&str]| {
            let ends = ends.iter().map(|end| (*end).to_owned()).collect();
            let breaks = Event::Broken { ends, broken: true };
            made_at([(at(1), began("router-1")), (at(2), breaks), (at(31), ended(None))])
        };
        for excuse in [&["router-1"][..], &["ann", "router-1"]] {
            assert_eq!(check(&story(excuse)), [""; 0]);
        }
        for none in [&["router-2"][..], &["home-1", "router-1"], &["ann", "router-2"]] {
            assert_eq!(check(&story(none)).len(), 1, "{none:?}");
        }
    }
}
