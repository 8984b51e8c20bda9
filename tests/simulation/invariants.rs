//! What must hold in every run, whatever the seed. Each is asked of a [`History`] and says what is wrong with it;
//! each has a test that shows it a history in which it is broken.

#[path = "invariants/access.rs"]
mod access;
#[path = "invariants/answer.rs"]
mod answer;
#[path = "invariants/archive.rs"]
mod archive;
#[path = "invariants/bounds.rs"]
mod bounds;
#[path = "invariants/convergence.rs"]
mod convergence;
#[path = "invariants/drain.rs"]
mod drain;
#[path = "invariants/failure.rs"]
mod failure;
#[path = "invariants/flicker.rs"]
mod flicker;
#[path = "invariants/ghost.rs"]
mod ghost;
#[path = "invariants/kept.rs"]
mod kept;
#[path = "invariants/ledger.rs"]
mod ledger;
#[cfg(test)]
#[path = "invariants/made.rs"]
mod made;
#[path = "invariants/one_home.rs"]
mod one_home;
#[path = "invariants/order.rs"]
mod order;
#[path = "invariants/receipt.rs"]
mod receipt;
#[path = "invariants/rights.rs"]
mod rights;
#[path = "invariants/service.rs"]
mod service;
#[path = "invariants/session.rs"]
mod session;

use crate::history::History;
#[cfg(test)]
use made::{answered, asked, at, heard, made, made_at};

/// Says what is wrong with a history.
type Check = fn(&History) -> Vec<String>;

/// Every invariant, by its name.
const ALL: [(&str, Check); 16] = [
    ("one home", one_home::check),
    ("no ghost", ghost::check),
    ("convergence", convergence::check),
    ("order", order::check),
    ("receipt", receipt::check),
    ("access", access::check),
    ("answer", answer::check),
    ("archive", archive::check),
    ("bounds", bounds::check),
    ("drain", drain::check),
    ("kept", kept::check),
    ("ledger", ledger::check),
    ("service", service::check),
    ("session", session::check),
    ("no flicker", flicker::check),
    ("no failure", failure::check),
];

/// Everything that is wrong with a history, each with the name of the invariant.
pub(crate) fn broken(history: &History) -> Vec<String> {
    let of = |(name, check): &(&str, Check)| {
        check(history)
            .into_iter()
            .map(|what| format!("{name}: {what}"))
            .collect::<Vec<_>>()
    };
    ALL.iter().flat_map(of).collect()
}
