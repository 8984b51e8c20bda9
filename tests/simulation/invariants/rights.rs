//! What a history says of blocks. They have an order only where one was answered before the next began.

use crate::history::{Asked, History, Person, Request};
use std::time::Duration;

/// From when to when it is certain that somebody was blocked: from the answer to a block until the next such
/// request began.
pub(super) fn blocked(history: &History, by: Person, whom: Person) -> Vec<(Duration, Duration)> {
    let all = changes(history, by, whom);
    let mut spans = Vec::new();
    for (place, request) in all.iter().enumerate() {
        let begins = request.ended.unwrap_or(Duration::MAX);
        let earlier_is_done = all[..place]
            .iter()
            .all(|earlier| earlier.latest() <= request.began);
        if is_block(request) && request.is_done() && earlier_is_done {
            let next = all.get(place + 1).map_or(Duration::MAX, |next| next.began);
            spans.push((begins, next));
        }
    }
    spans
}

/// Whether somebody is blocked at the end; none if that is not certain.
pub(super) fn is_blocked(history: &History, by: Person, whom: Person) -> Option<bool> {
    let all = changes(history, by, whom);
    let Some((last, earlier)) = all.split_last() else {
        return Some(false);
    };
    let certain = last.is_done() && earlier.iter().all(|earlier| earlier.latest() <= last.began);
    certain.then(|| is_block(last))
}

fn is_block(request: &Request<'_>) -> bool {
    matches!(request.asked, Asked::Block { blocked: true, .. })
}

fn changes(history: &History, by: Person, whom: Person) -> Vec<Request<'_>> {
    let all = history
        .requests()
        .into_iter()
        .filter(|request| request.who == by && !request.is_refused());
    all.filter(|request| matches!(request.asked, Asked::Block { whom: other, .. } if *other == whom))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::invariants::{asked, at, made};

    #[test]
    fn a_block_holds_until_the_next_change_begins_and_only_if_it_is_certain() {
        let block =
            |request, blocked, status| asked(request, "ann", Asked::Block { whom: "bob", blocked }, status);
        let [a, b] = block(1, true, 200);
        let [c, d] = block(2, false, 200);
        let both = made([a.clone(), b.clone(), c.clone(), d]);
        assert_eq!(blocked(&both, "ann", "bob"), [(at(2), at(3))]);
        assert_eq!(is_blocked(&both, "ann", "bob"), Some(false));
        assert_eq!(
            is_blocked(&made([a.clone(), b.clone()]), "ann", "bob"),
            Some(true)
        );
        assert_eq!(is_blocked(&made([a.clone(), b.clone(), c]), "ann", "bob"), None);
        assert_eq!(is_blocked(&made([a, b]), "ann", "cid"), Some(false));
    }
}
