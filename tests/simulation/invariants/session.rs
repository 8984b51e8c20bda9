//! A session outlives its connection: an attached client that comes back within its time goes on with it, whatever died
//! meanwhile, and no router closes a connection for a reason that its client has not given. Once a client has logged off
//! nothing is left of the session.

use crate::history::{Asked, Event, Gave, History, Person};
use attachment::CloseCode;
use attachment::limits::RESUME_WITHIN;
use std::time::Duration;

pub(super) fn check(history: &History) -> Vec<String> {
    let mut wrong = Vec::new();
    let requests = history.requests();
    let (before, after) = (history.known(), history.known_after());
    for request in requests.iter().filter(|request| request.is_done()) {
        let who = request.who;
        match (request.asked, request.gave) {
            (Asked::Resume { login }, Gave::Subscription(other)) if login != other => {
                let logs_off = |other: &Asked| *other == Asked::LogOff { login: *login };
                let ended = requests
                    .iter()
                    .any(|other| other.number < request.number && logs_off(other.asked));
                let away = request
                    .began
                    .saturating_sub(last_sign(history, who, *login, request.began));
                if !ended && away < RESUME_WITHIN {
                    wrong.push(format!(
                        "{who} comes back at {:?}, and session {login} is over",
                        request.began
                    ));
                }
            }
            (Asked::LogOff { login }, _) => {
                let knows = [&before, &after].map(|known| known.get(who));
                let began = request.began;
                let ends =
                    [Event::LastWords, Event::LoggedOff].map(|end| history.when(|event| *event == end));
                for (known, end) in knows.into_iter().zip(ends) {
                    let is_there = known.is_some_and(|known| known.logins.contains(login));
                    if is_there && end.is_some_and(|end| began < end && history.attached().contains(who)) {
                        wrong.push(format!(
                            "{who} has logged off, and session {login} is there at {end:?}"
                        ));
                    }
                }
            }
            _ => {}
        }
    }
    for record in &history.records {
        if let Event::Closed { who, router, code } = &record.event
            && !is_meant(*code)
        {
            let at = record.at;
            wrong.push(format!(
                "{router} closes the connection of {who} at {at:?} with {code}"
            ));
        }
    }
    wrong
}

/// When it was last seen from outside that a session has a connection.
pub(super) fn last_sign(history: &History, who: Person, login: u32, until: Duration) -> Duration {
    let signs = history.requests().into_iter().filter_map(|request| {
        let ended = request.ended.filter(|_| request.status.is_some())?;
        let is_its = request.who == who && *request.gave == Gave::Subscription(login);
        is_its.then_some(ended)
    });
    let heard = history
        .heard()
        .filter(|(_, hearer, of, ..)| *hearer == who && *of == login)
        .map(|(at, ..)| at);
    signs
        .chain(heard)
        .filter(|at| *at <= until)
        .max()
        .unwrap_or_default()
}

/// Whether a client has asked for it, or is told to come back elsewhere.
fn is_meant(code: u16) -> bool {
    matches!(
        CloseCode::from_code(code),
        Some(CloseCode::LoggedOff | CloseCode::Draining | CloseCode::Resumed)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::{Claim, Known};
    use crate::invariants::{answered, at, made, made_at};

    fn logs_on() -> [Event; 2] {
        let asked = Asked::LogOn { seconds: 14_400 };
        answered(1, "ann", asked, (200, Gave::Subscription(7)))
    }

    fn resumes(gave: u32) -> [Event; 2] {
        let asked = Asked::Resume { login: 7 };
        answered(2, "ann", asked, (200, Gave::Subscription(gave)))
    }

    #[test]
    fn a_session_that_is_over_before_its_time_is_told() {
        let story = |gave: u32, seconds: u64| {
            let ([a, b], [c, d]) = (logs_on(), resumes(gave));
            made_at([(at(1), a), (at(1), b), (at(seconds), c), (at(seconds), d)])
        };
        assert_eq!(check(&story(7, 5)), [""; 0]);
        assert_eq!(check(&story(8, 5)).len(), 1);
        assert_eq!(check(&story(8, 61)), [""; 0], "its time was over");
    }

    #[test]
    fn a_session_whose_client_logs_off_may_be_over_and_must_be() {
        let attached = Event::Cast {
            attached: vec!["ann"],
        };
        let story = |logins: &[u32]| {
            let [a, b] = logs_on();
            let [c, d] = answered(2, "ann", Asked::LogOff { login: 7 }, (200, Gave::Nothing));
            let known = Known {
                logins: logins.iter().copied().collect(),
                ..Known::default()
            };
            let claimed = Event::Claimed {
                home: "home-1".to_owned(),
                of: "ann",
                claim: Claim::Serves(known),
            };
            made([
                attached.clone(),
                a,
                b,
                Event::LastWords,
                c,
                d,
                claimed,
                Event::LoggedOff,
            ])
        };
        assert_eq!(check(&story(&[])), [""; 0]);
        assert_eq!(check(&story(&[8])), [""; 0], "another one");
        assert_eq!(check(&story(&[7])).len(), 1);
    }

    #[test]
    fn a_connection_that_is_closed_for_no_reason_is_told() {
        let closed = |code: u16| {
            made([Event::Closed {
                who: "ann",
                router: "router-1".to_owned(),
                code,
            }])
        };
        for code in [1000, 1012, 4007] {
            assert_eq!(check(&closed(code)), [""; 0], "{code}");
        }
        for code in [1006, 1011, 4005, 4008] {
            assert_eq!(check(&closed(code)).len(), 1, "{code}");
        }
    }
}
