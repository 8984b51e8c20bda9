//! Log-ons: of everybody where that is what is measured, and of those who come and go beside everything else.

use super::World;
use tokio::time::Instant;

impl World {
    /// A log-on begins.
    pub(crate) fn begins_log_on(&self, due: Instant) {
        let mut ledger = self.ledger();
        ledger.timings.begun(due.elapsed());
        ledger.open += 1;
    }

    /// A log-on has ended, with everything that belongs to it or without.
    pub(crate) fn logged_on(&self, due: Instant, is_in: bool) {
        let mut ledger = self.ledger();
        ledger.open = ledger.open.saturating_sub(1);
        if is_in {
            ledger.timings.done(due.elapsed());
        }
        drop(ledger);
        if let Some(room) = &self.room {
            room.add_permits(1);
        }
    }

    /// The server told somebody to log on later.
    pub(crate) fn put_off(&self) {
        self.ledger().put_off += 1;
    }

    /// How often it did.
    pub(crate) fn times_put_off(&self) -> u64 {
        self.ledger().put_off
    }

    /// How many never leave: the numbers up to there.
    pub(crate) fn stayers(&self) -> u32 {
        self.stayers
    }

    /// Somebody logs off, and is to come back.
    pub(crate) fn leaves(&self) {
        self.ledger().away += 1;
    }

    /// Whoever was away was to come back then and is in, or has ended.
    pub(crate) fn is_back(&self, due: Option<Instant>) {
        let mut ledger = self.ledger();
        ledger.away = ledger.away.saturating_sub(1);
        if let Some(due) = due {
            ledger.returns.done(due.elapsed());
        }
    }

    /// How many are away, or on their way back.
    pub(crate) fn away(&self) -> u32 {
        self.ledger().away
    }

    /// How often somebody came back, and in how many milliseconds 99 of a hundred did.
    pub(crate) fn returns(&self) -> (u64, f64) {
        let ledger = self.ledger();
        (ledger.returns.count(), ledger.returns.spread().p99)
    }
}

#[cfg(test)]
mod tests {
    use crate::world::{Made, World};
    use attachment::State;
    use std::time::Duration;
    use tokio::time::{Instant, advance};

    /// Three who stay and watch each other, and two who come and go.
    fn world() -> World {
        World::small(
            5,
            Made {
                goers: 2,
                ..Made::small(2)
            },
        )
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_is_expected_of_who_comes_and_goes() {
        let world = world();
        assert_eq!(world.stayers(), 3);
        let all = || {
            (0..5)
                .flat_map(|by| (0..5).map(move |who| (by, who)))
                .filter(|(by, who)| by != who)
        };
        for (by, who) in all() {
            assert!(
                !world.contacts(by).contains(&who) || who < 3,
                "{by} watches {who}"
            );
            world.told(by, world.people.address(who), State::Online);
        }
        assert!(world.contacts(4).len() == 2, "who goes watches as well");
        assert!(world.begins_to_change(1), "those who stay know each other");
        let change = world.change(Instant::now()).unwrap();
        assert!(change.who < 3);
        for (by, who) in all() {
            if who == change.who {
                world.told(by, world.people.address(who), change.state);
            } else if by >= 3 || who >= 3 {
                world.told(by, world.people.address(who), State::Offline);
            }
        }
        let verdict = world.rumours();
        assert_eq!((verdict.delivered, verdict.lost, verdict.strange), (2, 0, 0));
        assert_eq!((verdict.doubled, verdict.reordered), (0, 0));
    }

    #[tokio::test(start_paused = true)]
    async fn who_comes_back_is_away_no_more_and_counts_if_it_is_in() {
        let world = world();
        world.leaves();
        world.leaves();
        assert_eq!((world.away(), world.returns().0), (2, 0));
        let due = Instant::now();
        advance(Duration::from_millis(20)).await;
        world.is_back(Some(due));
        world.is_back(None);
        let (count, p99) = world.returns();
        assert_eq!((world.away(), count), (0, 1));
        assert!((19.9..20.1).contains(&p99), "{p99}");
    }
}
