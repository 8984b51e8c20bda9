//! What was lost or heard twice, by name: a number alone says nothing about where to look.

use super::World;

impl World {
    /// The first message and the first change of presence that did not arrive, or did twice, in words.
    pub(crate) fn instances(&self) -> Vec<String> {
        let ledger = self.ledger();
        let name = |who| self.people.address(who);
        let unheard = ledger.checker.unheard().map(|(from, to, is_delivered)| {
            let answer = if is_delivered { "delivered" } else { "kept" };
            format!(
                "{} was not handed what {} wrote, which was answered as {answer}",
                name(to),
                name(from)
            )
        });
        let untold = ledger.rumours.untold(|by| self.contacts(by));
        let untold = untold.map(|(by, who, state)| {
            format!("{} was not told that {} is {}", name(by), name(who), state.name())
        });
        let twice = ledger.checker.twice();
        let twice =
            twice.map(|(from, to)| format!("{} was handed twice what {} wrote", name(to), name(from)));
        let retold = ledger.rumours.twice();
        let retold = retold.map(|(by, who, state)| {
            let state = state.name();
            format!("{} was told again that {} is {state}", name(by), name(who))
        });
        [unheard, untold, twice, retold].into_iter().flatten().collect()
    }
}

#[cfg(test)]
mod tests {
    use crate::check::Answer;
    use crate::world::{Made, World};
    use attachment::State;
    use tokio::time::Instant;

    #[tokio::test(start_paused = true)]
    async fn what_is_lost_or_doubled_is_named() {
        let world = World::small(2, Made::small(1));
        assert!(world.instances().is_empty());
        let [first, second] = [0, 1].map(|who| world.people.address(who));
        for (by, who) in [(0, second), (1, first)] {
            world.told(by, who, State::Online);
        }
        assert!(world.begins_to_change(1) && world.instances().is_empty());

        let letter = world.letter((0, 1), Instant::now()).unwrap();
        let text = world.begins(&letter);
        world.answered(&letter, Answer::Delivered);
        let change = world.change(Instant::now()).unwrap();
        let (by, who) = if change.who == 0 {
            (second, first)
        } else {
            (first, second)
        };
        assert_eq!(
            world.instances(),
            [
                format!("{second} was not handed what {first} wrote, which was answered as delivered"),
                format!("{by} was not told that {who} is away"),
            ]
        );
        let arrives = || {
            world.heard(1, first, &text);
            world.told(1 - change.who, who, change.state);
        };
        arrives();
        assert!(world.instances().is_empty());
        arrives();
        assert_eq!(
            world.instances(),
            [
                format!("{second} was handed twice what {first} wrote"),
                format!("{by} was told again that {who} is away"),
            ]
        );
    }
}
