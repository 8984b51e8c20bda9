//! Histories that are made by hand.

use crate::history::{Asked, Event, Gave, History, Person, Record, Said};
use std::time::Duration;

/// So many seconds after the beginning.
pub(super) fn at(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// These events at these times.
pub(super) fn made_at(events: impl IntoIterator<Item = (Duration, Event)>) -> History {
    let records = events.into_iter().map(|(at, event)| Record { at, event });
    History {
        records: records.collect(),
    }
}

/// These events, one a second.
pub(super) fn made(events: impl IntoIterator<Item = Event>) -> History {
    made_at((1..).map(at).zip(events))
}

/// A request by the first router, and its answer.
pub(super) fn asked(request: usize, who: Person, asked: Asked, status: u16) -> [Event; 2] {
    answered(request, who, asked, (status, Gave::Nothing))
}

/// The same with what the answer gives.
pub(super) fn answered(request: usize, who: Person, asked: Asked, (status, gave): (u16, Gave)) -> [Event; 2] {
    let router = "router-1".to_owned();
    let began = Event::Began {
        request,
        who,
        router,
        asked,
    };
    [
        began,
        Event::Ended {
            request,
            status: Some(status),
            gave,
        },
    ]
}

/// Something that a listener hears by the first router.
pub(super) fn heard(who: Person, login: u32, said: Said, taken: bool) -> Event {
    Event::Heard {
        who,
        router: "router-1".to_owned(),
        login,
        said,
        taken,
    }
}
