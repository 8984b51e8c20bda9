//! What comes of what was measured: whether there is a safe point, and which promise held.

use super::growth::TELLING;
use super::promises::{error_share, percent};
use super::{Certified, Disturbance};
use serde::Serialize;

/// What comes of it.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Verdict {
    /// There is a safe operating point, and nothing that was acknowledged was lost.
    pub safe: bool,
    /// Users who may be online.
    pub users: u32,
    /// Messages a second that may be sent while they are.
    pub messages_per_second: u32,
    /// All of it in words.
    pub sentence: String,
    /// Each promise.
    pub promises: Vec<Promise>,
}

/// Whether a promise held.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Promise {
    /// What was promised.
    pub what: &'static str,
    /// How much.
    pub promised: String,
    /// What was measured.
    pub measured: String,
    /// Whether it held; none where it was not measured.
    pub held: Option<bool>,
}

impl Promise {
    /// The cells of its row; the last says with one of these words whether it held, did not, or was not measured.
    #[must_use]
    pub fn row(&self, [held, broken, unknown]: [&str; 3]) -> Vec<String> {
        let held = match self.held {
            Some(true) => held,
            Some(false) => broken,
            None => unknown,
        };
        vec![
            self.what.to_owned(),
            self.promised.clone(),
            self.measured.clone(),
            held.to_owned(),
        ]
    }
}

impl Verdict {
    /// Judges. What it has as its verdict is of no account.
    #[must_use]
    pub fn of(certified: &Certified) -> Self {
        let rate = certified.rate_safe.unwrap_or(0);
        let users = if rate > 0 { certified.users_safe } else { 0 };
        let safe = users > 0 && certified.lost() == 0;
        Self {
            safe,
            users,
            messages_per_second: rate,
            sentence: sentence(certified, users, rate),
            promises: promises(certified),
        }
    }
}

fn sentence(certified: &Certified, users: u32, rate: u32) -> String {
    let place = if certified.machine.has_cluster {
        "on this machine"
    } else {
        "from this machine"
    };
    let mut said = match certified.lost() {
        0 if users > 0 => format!("Safe for {users} users and {rate} messages/s {place}."),
        0 if certified.ended_early.is_some() && certified.messages.is_empty() => {
            "Nothing can be said: no rate of messages was measured.".to_owned()
        }
        0 => "Not safe: no rate of messages held what is promised.".to_owned(),
        lost => format!("Not safe: {lost} messages were acknowledged and lost."),
    };
    let broke = certified.messages.iter().any(|step| step.broken.is_some());
    if users > 0 && !broke && certified.ended_early.is_none() {
        said.push_str(" No rate broke a promise: more may be safe.");
    }
    if rate > 0 && !certified.rate_confirmed {
        said.push_str(" The rate has held only once.");
    }
    if let Some(why) = &certified.ended_early {
        said.push_str(&format!(
            " It ended early ({why}); what is missing was not measured."
        ));
    }
    said
}

fn promises(certified: &Certified) -> Vec<Promise> {
    let promised = &certified.promises;
    let step = certified.safe_step();
    let at = step.map_or_else(String::new, |step| format!(" at {}/s", step.spell.rate));
    let memory = certified
        .users
        .iter()
        .rfind(|step| step.users <= certified.users_safe)
        .filter(|step| {
            let first = certified.users.first().map_or(0, |first| first.users);
            step.users >= first + TELLING
        })
        .and_then(|step| step.bytes_per_user);
    let mut rows = vec![
        Promise::new(
            "99 of 100 messages acknowledged within",
            format!("{} ms", short(promised.p99_ms)),
            step.map(|step| (format!("{:.2} ms{at}", step.spell.times.p99_ms), true)),
        ),
        Promise::new(
            "messages refused or without an answer, at most",
            percent(promised.error_share),
            step.map(|step| (format!("{}{at}", percent(error_share(&step.spell))), true)),
        ),
        Promise::new(
            "server memory for each user, at most",
            format!("{:.1} KiB", promised.memory_bytes as f64 / 1024.0),
            memory.map(|each| {
                let held = promised.memory_broken(each).is_none();
                (format!("{:.1} KiB", each / 1024.0), held)
            }),
        ),
        Promise::new(
            "acknowledged messages lost",
            "0".to_owned(),
            has_talked(certified).then(|| (certified.lost().to_string(), certified.lost() == 0)),
        ),
        Promise::new(
            "messages doubled or out of order",
            "0".to_owned(),
            has_talked(certified).then(|| (disorder(certified).to_string(), disorder(certified) == 0)),
        ),
    ];
    let within = format!("{} s", short(promised.recovery_seconds));
    for (what, one) in [
        ("messages as before after a log-on storm", &certified.storm),
        ("messages as before after a drain", &certified.drain),
        ("messages as before after a home server died", &certified.kill),
    ] {
        let measured = one.as_ref().map(|one| recovery(one, promised.recovery_seconds));
        rows.push(Promise::new(what, within.clone(), measured));
    }
    rows
}

fn has_talked(certified: &Certified) -> bool {
    !certified.messages.is_empty()
}

fn disorder(certified: &Certified) -> u64 {
    let steps = certified.messages.iter().map(|step| &step.spell);
    let all = steps.chain(certified.disturbances().map(|(_, one)| &one.spell));
    all.map(|spell| spell.counts.doubled + spell.counts.reordered)
        .sum()
}

fn recovery(one: &Disturbance, promised: f64) -> (String, bool) {
    match (one.recovery_seconds, &one.failed) {
        (_, Some(why)) => (format!("not done: {why}"), false),
        (None, None) => ("not while it was watched".to_owned(), false),
        (Some(seconds), None) => (format!("{seconds:.2} s"), seconds <= promised),
    }
}

/// Without decimals that say nothing.
fn short(value: f64) -> String {
    let text = format!("{value:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

impl Promise {
    fn new(what: &'static str, promised: String, measured: Option<(String, bool)>) -> Self {
        let (measured, held) = match measured {
            Some((measured, held)) => (measured, Some(held)),
            None => ("not measured".to_owned(), None),
        };
        Self {
            what,
            promised,
            measured,
            held,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::certified;
    use super::*;

    fn of(change: impl FnOnce(&mut Certified)) -> Verdict {
        let mut certified = certified();
        change(&mut certified);
        Verdict::of(&certified)
    }

    fn held(verdict: &Verdict) -> Vec<Option<bool>> {
        verdict.promises.iter().map(|promise| promise.held).collect()
    }

    #[test]
    fn a_safe_point_is_said_in_one_sentence_and_each_promise_in_a_row() {
        let verdict = of(|_| {});
        assert_eq!(
            verdict.sentence,
            "Safe for 800 users and 400 messages/s on this machine."
        );
        assert!(verdict.safe);
        assert_eq!(held(&verdict), [Some(true); 8]);
        let row = |number: usize| {
            let promise = &verdict.promises[number];
            (promise.promised.as_str(), promise.measured.as_str())
        };
        assert_eq!(row(0), ("10 ms", "4.25 ms at 400/s"));
        assert_eq!(row(1), ("0.1 %", "0 % at 400/s"));
        assert_eq!(row(2), ("24.0 KiB", "11.7 KiB"));
        assert_eq!(row(7), ("5 s", "2.00 s"));
    }

    #[test]
    fn whoever_loses_what_was_acknowledged_is_not_safe() {
        let verdict = of(|it| it.messages[2].spell.counts.lost = 3);
        assert!(!verdict.safe);
        assert_eq!(
            verdict.sentence,
            "Not safe: 3 messages were acknowledged and lost."
        );
        assert_eq!(verdict.promises[3].held, Some(false));
    }

    #[test]
    fn without_a_rate_that_held_nobody_is_safe() {
        let verdict = of(|it| it.rate_safe = None);
        assert_eq!(
            (verdict.safe, verdict.users, verdict.messages_per_second),
            (false, 0, 0)
        );
        assert!(
            verdict.sentence.starts_with("Not safe: no rate"),
            "{}",
            verdict.sentence
        );
    }

    #[test]
    fn what_was_not_measured_is_no_promise_that_held() {
        let verdict = of(|it| {
            (it.storm, it.drain, it.kill) = (None, None, None);
            it.users.iter_mut().for_each(|step| step.bytes_per_user = None);
        });
        let (yes, none) = (Some(true), None);
        assert_eq!(held(&verdict), [yes, yes, none, yes, yes, none, none, none]);
        assert!(verdict.safe);
    }

    #[test]
    fn memory_of_a_few_users_is_no_measure() {
        let verdict = of(|it| {
            it.users.truncate(1);
            it.users[0].bytes_per_user = Some(1.0);
        });
        assert_eq!(
            (verdict.promises[2].held, verdict.promises[2].measured.as_str()),
            (None, "not measured")
        );
    }

    #[test]
    fn what_ended_early_says_so() {
        let verdict = of(|it| {
            it.ended_early = Some("interrupted".to_owned());
            it.messages.clear();
            it.rate_safe = None;
        });
        assert_eq!(
            verdict.sentence,
            "Nothing can be said: no rate of messages was measured. It ended early (interrupted); what is missing was \
             not measured."
        );
        assert!(!verdict.safe);
    }

    #[test]
    fn what_is_less_sure_is_said() {
        let verdict = of(|it| {
            it.rate_confirmed = false;
            it.messages.retain(|step| step.broken.is_none());
            it.machine.has_cluster = false;
        });
        assert_eq!(
            verdict.sentence,
            "Safe for 800 users and 400 messages/s from this machine. No rate broke a promise: more may be safe. The rate \
             has held only once."
        );
    }

    #[test]
    fn slow_recovery_and_none_break_the_promise() {
        let verdict = of(|it| {
            it.storm.as_mut().unwrap().recovery_seconds = Some(5.25);
            it.drain.as_mut().unwrap().recovery_seconds = None;
            it.kill.as_mut().unwrap().failed = Some("it did not end".to_owned());
        });
        assert_eq!(held(&verdict)[5..], [Some(false); 3]);
        let measured: Vec<_> = verdict.promises[5..]
            .iter()
            .map(|row| row.measured.as_str())
            .collect();
        assert_eq!(
            measured,
            ["5.25 s", "not while it was watched", "not done: it did not end"]
        );
    }
}
