//! What lies over the conversations for a moment.

use super::entry::Entry;
use super::people::People;
use attachment::State;

/// What lies there.
#[derive(Clone, Default, Debug)]
pub(super) enum Overlay {
    #[default]
    None,
    /// What every key does.
    Help,
    /// States to choose from.
    State { chosen: usize },
    /// Looks for somebody, or adds an address.
    Find(Find),
}

/// Looks for somebody.
#[derive(Clone, Default, Debug)]
pub(super) struct Find {
    pub(super) entry: Entry,
    pub(super) chosen: usize,
}

impl Overlay {
    /// The states, with the present one chosen.
    pub(super) fn states(present: State) -> Self {
        let chosen = State::SETTABLE.iter().position(|state| *state == present);
        Self::State {
            chosen: chosen.unwrap_or(0),
        }
    }
}

impl Find {
    /// Whom it has found: all whose name or address has these letters, by index.
    pub(super) fn found(&self, people: &People) -> Vec<usize> {
        let wanted = self.entry.text().to_lowercase();
        let has = |text: &str| text.to_lowercase().contains(wanted.trim());
        let all = people.all().iter().enumerate();
        all.filter(|(_, person)| has(&person.name()) || has(&person.who))
            .map(|(index, _)| index)
            .collect()
    }
}
