//! Changes of presence, and who was told them. Everybody goes round the same circle of states, so that what a watcher is
//! told says which change it is: the next one, the last one again, or one of before.
//!
//! A person changes again only when all who watch have been told: the server may leave out what is no news any more, and
//! then nobody could say what was lost.

use crate::check::Verdict;
use attachment::State;
use std::collections::{HashMap, VecDeque};
use tokio::time::Instant;

/// The states, in their order. People log on with the first.
const CIRCLE: [State; 7] = [
    State::Online,
    State::Away,
    State::Busy,
    State::BackSoon,
    State::OnPhone,
    State::AtLunch,
    State::Idle,
];

/// A change to be made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Change {
    pub(crate) who: u32,
    pub(crate) state: State,
    pub(crate) due: Instant,
}

/// What somebody was told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Told {
    /// Nothing that is followed.
    Nothing,
    /// A change that was due then; `all` when nobody is left who was not told it.
    News { due: Instant, all: bool },
}

struct Person {
    /// Changes that were made.
    step: usize,
    due: Option<Instant>,
    /// Watchers who were not told the last one.
    waiting: u32,
    /// The server has not answered it.
    unanswered: bool,
}

/// Follows the presence of everybody.
pub(crate) struct Rumours {
    people: Vec<Person>,
    /// Watchers of each.
    watchers: u32,
    /// What a watcher was told last of somebody, by its place in the circle.
    known: HashMap<(u32, u32), usize>,
    /// Whose last change is known to all, longest ago first.
    calm: VecDeque<u32>,
    begun: bool,
    /// The first telling that was no news: to whom, of whom, and what.
    twice: Option<(u32, u32, State)>,
    verdict: Verdict,
}

fn place(state: State) -> Option<usize> {
    CIRCLE.iter().position(|each| *each == state)
}

impl Rumours {
    /// Of so many people, each watched by as many; `order` is who changes after whom.
    pub(crate) fn new(watchers: u32, order: Vec<u32>) -> Self {
        let person = |_: &u32| Person {
            step: 0,
            due: None,
            waiting: 0,
            unanswered: false,
        };
        Self {
            people: order.iter().map(person).collect(),
            watchers,
            known: HashMap::new(),
            calm: order.into(),
            begun: false,
            twice: None,
            verdict: Verdict::default(),
        }
    }

    /// Whether every watcher knows that everybody is there. From then on everything that is told is checked.
    pub(crate) fn begin(&mut self) -> bool {
        let pairs = self.people.len() * self.watchers as usize;
        self.begun = self.known.len() == pairs && self.known.values().all(|place| *place == 0);
        self.begun
    }

    /// Of how many pairs the watcher does not know that the other is there, and one of them.
    pub(crate) fn unaware(&self, watches: impl Fn(u32) -> Vec<u32>) -> Option<(usize, u32, u32)> {
        let everybody = 0..u32::try_from(self.people.len()).unwrap_or(u32::MAX);
        let pairs = everybody.flat_map(|by| watches(by).into_iter().map(move |who| (by, who)));
        let mut unaware = pairs.filter(|pair| self.known.get(pair) != Some(&0));
        let (by, who) = unaware.next()?;
        Some((1 + unaware.count(), by, who))
    }

    /// The next change, of whoever has not changed for the longest; none while all are waited for.
    pub(crate) fn change(&mut self, due: Instant) -> Option<Change> {
        let who = self.calm.pop_front()?;
        let person = self.people.get_mut(who as usize)?;
        person.step += 1;
        person.due = Some(due);
        person.waiting = self.watchers;
        person.unanswered = true;
        self.verdict.sent += 1;
        let state = CIRCLE[person.step % CIRCLE.len()];
        Some(Change { who, state, due })
    }

    /// The server has answered a change. Whether the person may change again, because nobody will be told.
    pub(crate) fn answered(&mut self, who: u32, done: bool) -> bool {
        let Some(person) = self.people.get_mut(who as usize) else {
            return false;
        };
        person.unanswered = false;
        if done {
            self.verdict.acknowledged_changes += 1;
            return false;
        }
        self.verdict.refused += 1;
        person.step -= 1;
        person.waiting = 0;
        self.calm.push_back(who);
        true
    }

    /// A watcher was told the state of somebody. One that lost its connection since may be told again what it knows.
    pub(crate) fn told(&mut self, by: u32, who: u32, state: State, may_repeat: bool) -> Told {
        if state == State::Unknown {
            // It is true that nobody knows, and no change.
            return Told::Nothing;
        }
        let place = place(state);
        if !self.begun {
            match place {
                Some(place) => self.known.insert((by, who), place),
                None => self.known.remove(&(by, who)),
            };
            return Told::Nothing;
        }
        let (Some(place), Some(person)) = (place, self.people.get_mut(who as usize)) else {
            self.verdict.strange += 1;
            return Told::Nothing;
        };
        let Some(known) = self.known.get_mut(&(by, who)) else {
            self.verdict.strange += 1;
            return Told::Nothing;
        };
        if *known == place && may_repeat {
            self.verdict.again += 1;
        } else if *known == place {
            self.verdict.doubled += 1;
            self.twice.get_or_insert((by, who, state));
        } else if person.step % CIRCLE.len() == place && person.waiting > 0 {
            *known = place;
            person.waiting -= 1;
            self.verdict.delivered += 1;
            let all = person.waiting == 0;
            if all {
                self.calm.push_back(who);
            }
            if let Some(due) = person.due {
                return Told::News { due, all };
            }
        } else {
            self.verdict.reordered += 1;
        }
        Told::Nothing
    }

    /// A watcher was answered with the state of somebody, as it was when the watch began: what was told meanwhile is
    /// newer, also where it came first.
    pub(crate) fn watching(&mut self, by: u32, who: u32, state: State) -> Told {
        let Some(place) = place(state) else {
            return Told::Nothing;
        };
        if !self.begun {
            self.known.entry((by, who)).or_insert(place);
            return Told::Nothing;
        }
        // Watched again after a lost connection: news only if it is the change that is waited for.
        let is_newest = self
            .people
            .get(who as usize)
            .is_some_and(|person| person.step % CIRCLE.len() == place);
        let is_known = self.known.get(&(by, who)) == Some(&place);
        if is_newest && !is_known {
            self.told(by, who, state, true)
        } else {
            Told::Nothing
        }
    }

    /// Tellings that are still to come.
    pub(crate) fn waiting(&self) -> u64 {
        self.people.iter().map(|person| u64::from(person.waiting)).sum()
    }

    /// Somebody who was not told a change, whose it is, and the change.
    pub(crate) fn untold(&self, watches: impl Fn(u32) -> Vec<u32>) -> Option<(u32, u32, State)> {
        let everybody = 0..u32::try_from(self.people.len()).unwrap_or(u32::MAX);
        let mut pairs = everybody.flat_map(|by| watches(by).into_iter().map(move |who| (by, who)));
        pairs.find_map(|(by, who)| {
            let person = self
                .people
                .get(who as usize)
                .filter(|person| person.waiting > 0)?;
            let place = person.step % CIRCLE.len();
            (self.known.get(&(by, who)) != Some(&place)).then_some((by, who, CIRCLE[place]))
        })
    }

    /// Somebody who was told again what they knew: to whom, of whom, and what.
    pub(crate) fn twice(&self) -> Option<(u32, u32, State)> {
        self.twice
    }

    /// What became of everything so far.
    pub(crate) fn verdict(&self) -> Verdict {
        let mut verdict = self.verdict;
        verdict.unanswered = self.people.iter().filter(|person| person.unanswered).count() as u64;
        verdict.lost = self.waiting();
        verdict
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three people who watch each other, all of whom know that all are there.
    fn three() -> Rumours {
        let mut rumours = Rumours::new(2, vec![2, 0, 1]);
        assert!(!rumours.begin(), "nobody knows anything");
        let others = |by: u32| vec![(by + 1) % 3, (by + 2) % 3];
        assert_eq!(rumours.unaware(others), Some((6, 0, 1)));
        for by in 0..3 {
            for who in (0..3).filter(|who| *who != by) {
                rumours.told(by, who, State::Offline, false);
                rumours.told(by, who, State::Online, false);
            }
        }
        assert!(rumours.begin());
        assert_eq!(rumours.unaware(others), None);
        rumours
    }

    fn change(rumours: &mut Rumours) -> Change {
        let change = rumours.change(Instant::now()).unwrap();
        rumours.answered(change.who, true);
        change
    }

    #[tokio::test(start_paused = true)]
    async fn a_change_that_all_are_told_once_is_as_it_should_be() {
        let mut rumours = three();
        for round in 0..9 {
            let Change { who, state, due } = change(&mut rumours);
            assert_eq!(who, [2, 0, 1][round % 3]);
            let told = [(who + 1) % 3, (who + 2) % 3].map(|by| rumours.told(by, who, state, false));
            assert_eq!(told, [false, true].map(|all| Told::News { due, all }));
        }
        let verdict = rumours.verdict();
        assert_eq!(
            (verdict.sent, verdict.delivered, verdict.acknowledged_changes),
            (9, 18, 9)
        );
        assert_eq!(verdict.broken(), None);
    }

    #[tokio::test(start_paused = true)]
    async fn who_was_not_told_is_found_and_holds_the_person_up() {
        let mut rumours = three();
        let first = change(&mut rumours);
        rumours.told((first.who + 1) % 3, first.who, first.state, false);
        for _ in 0..2 {
            assert_ne!(change(&mut rumours).who, first.who);
        }
        assert_eq!(rumours.change(Instant::now()), None);
        assert_eq!(rumours.verdict().lost, 5);
        assert_eq!(rumours.verdict().broken().as_deref(), Some("5 lost"));
    }

    #[tokio::test(start_paused = true)]
    async fn the_same_again_is_doubled_and_an_older_one_is_out_of_order() {
        let mut rumours = three();
        let Change { who, state, .. } = change(&mut rumours);
        let by = (who + 1) % 3;
        rumours.told(by, who, state, false);
        rumours.told(by, who, state, false);
        rumours.told(by, who, state, true);
        rumours.told(by, who, State::Online, false);
        rumours.told(by, who, State::Unknown, false);
        rumours.told(by, who, State::Offline, false);
        let verdict = rumours.verdict();
        let counted = (verdict.doubled, verdict.again, verdict.reordered, verdict.strange);
        assert_eq!(counted, (1, 1, 1, 1));
    }

    #[tokio::test(start_paused = true)]
    async fn the_answer_to_a_watch_is_older_than_what_was_told_meanwhile() {
        let mut rumours = Rumours::new(1, vec![0, 1]);
        rumours.told(0, 1, State::Online, false);
        rumours.watching(0, 1, State::Away);
        rumours.watching(1, 0, State::Offline);
        assert!(!rumours.begin());
        rumours.watching(1, 0, State::Online);
        assert!(rumours.begin());
        let change = rumours.change(Instant::now()).unwrap();
        let by = 1 - change.who;
        assert_eq!(rumours.watching(by, change.who, State::Online), Told::Nothing);
        let news = rumours.watching(by, change.who, change.state);
        assert_eq!(
            news,
            Told::News {
                due: change.due,
                all: true
            }
        );
        assert_eq!(rumours.watching(by, change.who, change.state), Told::Nothing);
        assert_eq!((rumours.verdict().again, rumours.verdict().reordered), (0, 0));
    }

    #[tokio::test(start_paused = true)]
    async fn a_refused_change_is_nobodys_news() {
        let mut rumours = three();
        let change = rumours.change(Instant::now()).unwrap();
        assert_eq!(rumours.verdict().unanswered, 1);
        assert!(rumours.answered(change.who, false));
        let verdict = rumours.verdict();
        assert_eq!((verdict.refused, verdict.lost, verdict.unanswered), (1, 0, 0));
        let again = (0..3)
            .filter_map(|_| rumours.change(Instant::now()))
            .last()
            .unwrap();
        assert_eq!((again.who, again.state), (change.who, change.state));
    }
}
