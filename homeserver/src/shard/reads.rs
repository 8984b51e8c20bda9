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
    /// Parts of reads that failed for somebody among them: nobody else is to suffer for that.
    parts: VecDeque<Vec<Principal>>,
    is_under_way: bool,
}

impl Reads {
    /// Somebody is to be read.
    pub(super) fn want(&mut self, principal: Principal) {
        self.waiting.push_back(principal);
    }

    /// These could not be read together: each half of them is read by itself, so that whoever it is for is soon alone.
    pub(super) fn part(&mut self, mut people: Vec<Principal>) {
        let other = people.split_off(people.len() / 2);
        self.parts
            .extend([people, other].into_iter().filter(|half| !half.is_empty()));
    }

    /// Whom to read now; nobody while a read is under way, or when all are read.
    pub(super) fn begin(&mut self) -> Option<Vec<Principal>> {
        if self.is_under_way {
            return None;
        }
        let people = self.parts.pop_front().unwrap_or_else(|| {
            let together = self.waiting.len().min(TOGETHER_MAX);
            self.waiting.drain(..together).collect()
        });
        self.is_under_way = !people.is_empty();
        self.is_under_way.then_some(people)
    }

    /// The read that was under way has ended.
    pub(super) fn end(&mut self) {
        self.is_under_way = false;
    }

    /// All who have not been read. Where the store cannot be read they are not to find that out one read after another.
    pub(super) fn give_up(&mut self) -> impl Iterator<Item = Principal> + use<> {
        let (parts, waiting) = (std::mem::take(&mut self.parts), std::mem::take(&mut self.waiting));
        parts.into_iter().flatten().chain(waiting)
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
    fn who_could_not_be_read_with_others_is_soon_alone() {
        let (mut reads, people) = wanted(5);
        let read = reads.begin().unwrap();
        reads.want(person(5));
        reads.part(read);
        for expected in [&people[..2], &people[2..], &[person(5)]] {
            reads.end();
            assert_eq!(reads.begin().as_deref(), Some(expected));
        }
        reads.part(vec![person(6)]);
        reads.end();
        assert_eq!(reads.begin(), Some(vec![person(6)]));
        reads.end();
        assert_eq!(reads.begin(), None);
    }

    #[test]
    fn all_who_have_not_been_read_are_given_up() {
        let (mut reads, people) = wanted(3);
        let read = reads.begin().unwrap();
        reads.want(person(3));
        reads.part(read);
        assert_eq!(
            reads.give_up().collect::<Vec<_>>(),
            [&people[..], &[person(3)]].concat()
        );
        reads.end();
        assert_eq!(reads.begin(), None);
    }
}
