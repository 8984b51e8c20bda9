//! Ids of messages that come without one. Drawn only from the seed that is given; two routers, or one that begins
//! again, must be given different ones.

use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use rvp::notification::Content;
use rvp::{MessageId, Method};
use std::sync::{Mutex, PoisonError};

/// Draws ids that nobody has.
#[derive(Debug)]
pub(crate) struct MessageIds {
    random: Mutex<SmallRng>,
}

impl MessageIds {
    /// Ids drawn from a seed.
    pub(crate) fn from_seed(seed: u64) -> Self {
        Self {
            random: Mutex::new(SmallRng::seed_from_u64(seed)),
        }
    }

    /// Gives a message an id, unless its sender has. From here on whoever hands it on repeats that id.
    pub(crate) fn give(&self, method: &mut Method) {
        let Method::Notify(notify) = method else { return };
        if notify.id.is_none() && matches!(notify.notification.content, Content::Message(_)) {
            notify.id = Some(self.draw());
        }
    }

    fn draw(&self) -> MessageId {
        let number: u128 = self
            .random
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .random();
        MessageId::parse(&format!("{number:032x}")).expect("hexadecimal digits are visible ASCII")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_id_is_drawn_twice_and_equal_seeds_draw_equal_ids() {
        let [one, other] = [7, 8].map(MessageIds::from_seed);
        let drawn = [one.draw(), one.draw(), other.draw(), other.draw()];
        for (place, id) in drawn.iter().enumerate() {
            assert!(!drawn[..place].contains(id), "{drawn:?}");
        }
        assert_eq!(MessageIds::from_seed(7).draw(), drawn[0]);
    }
}
