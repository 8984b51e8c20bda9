//! Several people who are watched by one frame.

use super::*;
use attachment::{Presence, Watch, WatchResult, Watched};

const DANA: &str = "dana@im.example.com";

fn watching(who: &str, subscription: u32) -> WatchResult {
    WatchResult::Watching {
        subscription,
        presence: Presence {
            who: who.to_owned(),
            state: Some(State::Away),
            display_name: None,
            email: None,
        },
    }
}

fn answer(request: u32, index: u32, result: WatchResult) -> ServerFrame {
    ServerFrame::WatchingMany {
        request,
        people: vec![Watched { index, result }],
    }
}

/// A client that has lost its connection, watches these three, and goes on at a router that says so.
fn resumed(watch_many_max: Option<u32>) -> Client {
    let mut client = Client::ready();
    for (who, subscription) in [(BOB, 1), (CAROL, 2), (DANA, 3)] {
        client.ask(Ask::Watch(who.to_owned()));
        let request = client.last_request();
        let WatchResult::Watching { presence, .. } = watching(who, subscription) else {
            panic!("it is watched");
        };
        client.hear(&ServerFrame::Watching {
            request,
            subscription,
            presence,
        });
    }
    client.lose(None);
    client.reconnect();
    client.sent.clear();
    client.shown.clear();
    let request = *client.session.open.keys().next().unwrap();
    client.hear(&ServerFrame::Welcome(Welcome {
        watch_many_max,
        ..welcome(request, "s1", true)
    }));
    client
}

fn named(people: &[Watch]) -> Vec<(&str, Option<u32>)> {
    let each = people.iter();
    each.map(|watch| (watch.who.as_str(), watch.subscription))
        .collect()
}

/// The frame that asks for several, its request and whom it names.
fn asked(client: &Client) -> (u32, Vec<(&str, Option<u32>)>) {
    let mut frames = client.sent.iter().filter_map(|frame| {
        if let ClientFrame::WatchMany { request, people } = frame {
            Some((*request, named(people)))
        } else {
            None
        }
    });
    frames.next_back().unwrap()
}

#[test]
fn as_many_are_asked_for_at_once_as_the_router_takes() {
    let client = resumed(Some(2));
    assert_eq!(asked(&client).1, [(BOB, Some(1)), (CAROL, Some(2))]);
    let alone = ClientFrame::Watch {
        request: client.last_request(),
        who: DANA.to_owned(),
        subscription: Some(3),
    };
    assert_eq!(client.sent.last(), Some(&alone));

    let client = resumed(None);
    let singly = |frame: &ClientFrame| matches!(frame, ClientFrame::Watch { .. });
    assert!(
        client.sent.len() == 3 && client.sent.iter().all(singly),
        "{:?}",
        client.sent
    );
}

#[test]
fn who_is_refused_is_asked_for_again() {
    let mut client = resumed(Some(128));
    let (request, people) = asked(&client);
    assert_eq!(people, [(BOB, Some(1)), (CAROL, Some(2)), (DANA, Some(3))]);
    client.sent.clear();
    client.hear(&answer(request, 0, watching(BOB, 11)));
    // What was said already, and what nobody asked for.
    client.hear(&answer(request, 0, watching(BOB, 12)));
    client.hear(&answer(request, 7, watching(BOB, 13)));
    let told = |event: &&Event| matches!(event, Event::Presence(_));
    assert_eq!(client.shown.iter().filter(told).count(), 1, "{:?}", client.shown);
    for index in [1, 2] {
        let away = WatchResult::Refused {
            why: Why::Unavailable,
            retry_after: Some(5),
        };
        client.hear(&answer(request, index, away));
    }
    client.hear(&ServerFrame::Done { request });
    assert!(client.sent.is_empty(), "{:?}", client.sent);
    client.pass(seconds(5));
    assert_eq!(asked(&client).1, [(CAROL, Some(2)), (DANA, Some(3))]);
    // A router that refuses all of it refuses each.
    let request = asked(&client).0;
    client.sent.clear();
    client.hear(&ServerFrame::Refused {
        request,
        why: Why::Busy,
        retry_after: Some(5),
    });
    client.pass(seconds(5));
    assert_eq!(asked(&client).1, [(CAROL, Some(2)), (DANA, Some(3))]);
    client.lose(None);
    client.reconnect();
    client.sent.clear();
    let request = *client.session.open.keys().next().unwrap();
    client.hear(&ServerFrame::Welcome(Welcome {
        watch_many_max: Some(128),
        ..welcome(request, "s1", true)
    }));
    assert_eq!(
        asked(&client).1,
        [(BOB, Some(11)), (CAROL, Some(2)), (DANA, Some(3))]
    );
}

/// The router does not keep its word; nobody would ever hear of them.
#[test]
fn who_is_not_answered_for_is_given_up() {
    let mut client = resumed(Some(128));
    let (request, _) = asked(&client);
    client.hear(&answer(request, 1, watching(CAROL, 2)));
    client.shown.clear();
    client.hear(&ServerFrame::Done { request });
    let given_up = |who: &str| Event::Refused {
        ask: Ask::Watch(who.to_owned()),
        why: Why::Internal,
    };
    assert_eq!(client.shown, [given_up(BOB), given_up(DANA)]);
}
