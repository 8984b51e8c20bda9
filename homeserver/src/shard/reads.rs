//! People who are read from the store, as accounts that were made a moment ago are: many at a time, since most of what
//! a read costs is its own. Where very many are asked for at once the store reads them in few steps, and the questions
//! of others are not far behind.

use rvp::Principal;
use std::collections::VecDeque;

/// People in one read.
const TOGETHER_MAX: usize = 256;

/// Who is to be read.
#[derive(Debug, Default)]
pub(super) struct Reads {
    waiting: VecDeque<Principal>,
    /// Those of a read that failed for one of them: nobody else is to suffer for that.
    alone: VecDeque<Principal>,
    is_under_way: bool,
}

impl Reads {
    /// Somebody is to be read.
    pub(super) fn want(&mut self, principal: Principal) {
        self.waiting.push_back(principal);
    }

    /// These could not be read together.
    pub(super) fn part(&mut self, people: Vec<Principal>) {
        self.alone.extend(people);
    }

    /// Whom to read now; nobody while a read is under way, or when all are read.
    pub(super) fn begin(&mut self) -> Option<Vec<Principal>> {
        if self.is_under_way {
            return None;
        }
        let people: Vec<Principal> = match self.alone.pop_front() {
            Some(alone) => vec![alone],
            None => self
                .waiting
                .drain(..self.waiting.len().min(TOGETHER_MAX))
                .collect(),
        };
        self.is_under_way = !people.is_empty();
        self.is_under_way.then_some(people)
    }

    /// The read that was under way has ended.
    pub(super) fn end(&mut self) {
        self.is_under_way = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(number: usize) -> Principal {
        Principal::from_address(&format!("person{number}@im.example.com")).unwrap()
    }

    fn wanted(people: usize) -> (Reads, Vec<Principal>) {
        let (mut reads, people) = (Reads::default(), (0..people).map(person).collect::<Vec<_>>());
        people.iter().cloned().for_each(|person| reads.want(person));
        (reads, people)
    }

    #[test]
    fn who_waits_is_read_together_in_order_and_one_read_at_a_time() {
        let (mut reads, people) = wanted(TOGETHER_MAX + 2);
        assert_eq!(reads.begin().as_deref(), Some(&people[..TOGETHER_MAX]));
        assert_eq!(reads.begin(), None, "one is under way");
        reads.want(person(1_000));
        reads.end();
        let rest = [&people[TOGETHER_MAX..], &[person(1_000)]].concat();
        assert_eq!(reads.begin(), Some(rest));
        reads.end();
        assert_eq!(reads.begin(), None, "all are read");
    }

    #[test]
    fn who_could_not_be_read_with_others_is_read_alone_and_first() {
        let (mut reads, people) = wanted(2);
        assert_eq!(reads.begin(), Some(people.clone()));
        reads.want(person(2));
        reads.part(people);
        reads.end();
        for number in 0..3 {
            assert_eq!(reads.begin(), Some(vec![person(number)]));
            reads.end();
        }
        assert_eq!(reads.begin(), None);
    }
}
