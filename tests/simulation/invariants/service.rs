//! At the end, when everything is mended, messages pass: whoever is logged on gets them, for whoever is not they are
//! kept, and whoever has blocked the sender does not get them.

use super::rights::is_blocked;
use crate::history::{Asked, Event, History};

pub(super) fn check(history: &History) -> Vec<String> {
    let Some(last_words) = history.when(|event| *event == Event::LastWords) else {
        return vec!["nobody could be asked at the end".to_owned()];
    };
    let known = history.known();
    let mut wrong = Vec::new();
    for request in history
        .requests()
        .iter()
        .filter(|request| request.began >= last_words)
    {
        let Asked::Say { to, text } = request.asked else {
            continue;
        };
        let (Some(blocked), Some(known)) = (is_blocked(history, to, request.who), known.get(to)) else {
            continue;
        };
        let expected: &[u16] = if blocked {
            &[412]
        } else if known.logins.is_empty() {
            &[202]
        } else {
            // Behind what is kept until the client is tried again, it is kept as well.
            &[200, 202]
        };
        if !request.status.is_some_and(|status| expected.contains(&status)) {
            wrong.push(format!(
                "{text:?} is answered {:?}, not one of {expected:?}",
                request.status
            ));
        }
    }
    wrong
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::{Claim, Known};
    use crate::invariants::{asked, made};

    #[test]
    fn last_words_pass_to_who_is_logged_on_and_to_nobody_else() {
        let story = |logged_on: bool, status: u16| {
            let logins = logged_on.then_some(7).into_iter().collect();
            let claim = Claim::Serves(Known {
                logins,
                ..Known::default()
            });
            let claimed = Event::Claimed {
                home: "home-1".to_owned(),
                of: "bob",
                claim,
            };
            let [a, b] = asked(
                1,
                "ann",
                Asked::Say {
                    to: "bob",
                    text: "bye".to_owned(),
                },
                status,
            );
            made([claimed, Event::LastWords, a, b])
        };
        assert_eq!(check(&story(true, 200)), [""; 0]);
        assert_eq!(check(&story(false, 202)), [""; 0]);
        assert_eq!(check(&story(true, 412)).len(), 1);
        assert_eq!(check(&story(false, 200)).len(), 1);
    }

    #[test]
    fn a_run_without_last_words_is_told() {
        assert_eq!(check(&made([])).len(), 1);
    }
}
