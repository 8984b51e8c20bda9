//! People who are watched: one question to each home of theirs, and another to where somebody has moved meanwhile.

use super::{DEADLINE, Forward, HOLD};
use futures_util::future::join_all;
use membership::MemberId;
use proto::{Answer, AskWatch, Op, Refusal, ToWatch, WatchAnswer, Watching};
use rvp::{Caller, Fault, Lifetime, Principal};
use tokio::time::{Instant, timeout_at};

/// Somebody who is to be watched, by the place in what was asked.
type Open = (usize, ToWatch);

impl Forward {
    /// Parts of a list, of each home one; in the order of the list, so that one seed repeats it.
    pub(crate) fn by_home<T>(&self, people: Vec<T>, who: impl Fn(&T) -> &Principal) -> Vec<Vec<T>> {
        let placement = self.placements.now();
        let mut parts: Vec<(Option<MemberId>, Vec<T>)> = Vec::new();
        for person in people {
            let home = placement.home_of(who(&person)).map(|home| &home.id);
            match parts.iter_mut().find(|(id, _)| id.as_ref() == home) {
                Some((_, part)) => part.push(person),
                None => parts.push((home.cloned(), vec![person])),
            }
        }
        parts.into_iter().map(|(_, part)| part).collect()
    }

    /// Asks the homes of these people to let them be watched. Each has an answer, in the same order.
    pub(crate) async fn watch(
        &self,
        caller: &Caller,
        lifetime: Lifetime,
        people: Vec<ToWatch>,
    ) -> Vec<Result<Watching, Fault>> {
        let (deadline, held) = (Instant::now() + DEADLINE, Instant::now() + HOLD);
        let mut answers = vec![Err(Fault::Unavailable); people.len()];
        let mut open: Vec<Open> = people.into_iter().enumerate().collect();
        loop {
            let homes = self.by_home(open, |(_, person)| &person.target);
            let asked = homes
                .into_iter()
                .map(|part| self.watch_at(caller, lifetime, part));
            let Ok(parts) = timeout_at(deadline, join_all(asked)).await else {
                return answers;
            };
            let mut moved = None;
            open = Vec::new();
            for (place, person, answer) in parts.into_iter().flatten() {
                match answer {
                    Ok(watching) => answers[place] = Ok(watching),
                    Err(Refusal::Fault(fault)) => answers[place] = Err(fault),
                    // Nothing was done there, so asking again is safe.
                    Err(Refusal::Moved { epoch }) => {
                        moved = moved.max(Some(epoch));
                        open.push((place, person));
                    }
                }
            }
            let Some(epoch) = moved else {
                return answers;
            };
            if self.catch_up(epoch, held).await.is_err() {
                return answers;
            }
        }
    }

    /// Asks one home.
    async fn watch_at(
        &self,
        caller: &Caller,
        lifetime: Lifetime,
        part: Vec<Open>,
    ) -> Vec<(usize, ToWatch, WatchAnswer)> {
        let people = part.iter().map(|(_, person)| person.clone()).collect();
        let op = Op::Watch(AskWatch {
            caller: caller.clone(),
            lifetime,
            people,
        });
        let answers = match part.first() {
            Some((_, first)) => self.ask(&first.target, op).await,
            None => return Vec::new(),
        };
        let answers = match answers {
            Ok(Answer::Watching(answers)) if answers.len() == part.len() => answers,
            Ok(_) => vec![Err(Fault::Internal.into()); part.len()],
            Err(fault) => vec![Err(fault.into()); part.len()],
        };
        let each = part.into_iter().zip(answers);
        each.map(|((place, person), answer)| (place, person, answer))
            .collect()
    }
}
