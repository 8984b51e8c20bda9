//! What is said and asked, and what becomes of it.

use super::*;

#[test]
fn a_message_is_shown_once_and_acknowledged_each_time_after_it_was_shown() {
    let mut client = Client::ready();
    client
        .session
        .frame(client.now, &message(1, "a", "hello").write());
    let actions: Vec<_> = std::iter::from_fn(|| client.session.next_action()).collect();
    assert!(
        matches!(&actions[..], [Action::Show(Event::Message(_)), Action::Send(_)]),
        "{actions:?}"
    );
    client.hear(&message(2, "a", "hello"));
    assert_eq!(texts(&client.shown), [""; 0]);
    assert_eq!(acknowledged(&client.sent), [2]);
}

#[test]
fn an_answer_goes_into_the_conversation_it_answers() {
    let mut client = Client::ready();
    client.hear(&message(1, "a", "hello"));
    client.send(BOB, "hi");
    client.send(CAROL, "and you?");
    let sent = client.messages();
    assert_eq!(sent[0].conversation.as_deref(), Some("{C}"));
    let own = sent[1].conversation.clone().unwrap();
    assert!(
        own.len() == 38 && own.starts_with('{') && own.chars().nth(15) == Some('4'),
        "{own}"
    );
    client.hear(&ServerFrame::Message(Received {
        sequence: 2,
        id: "b".to_owned(),
        from: BOB.to_owned(),
        kind: Kind::Leave,
        conversation: Some("{C}".to_owned()),
        ..Received::default()
    }));
    client.send(BOB, "again");
    assert_ne!(client.messages()[2].conversation.as_deref(), Some("{C}"));
}

#[test]
fn what_is_refused_for_a_moment_is_sent_again_before_what_was_written_later() {
    let mut client = Client::ready();
    let id = client.send(BOB, "one");
    let first = client.messages()[0].clone();
    client.receipt(
        &first,
        Receipt::Refused {
            why: Why::Busy,
            retry_after: Some(4),
        },
    );
    client.send(BOB, "two");
    client.send(CAROL, "hello");
    let to: Vec<_> = client
        .messages()
        .into_iter()
        .map(|message| message.text)
        .collect();
    assert_eq!(to, ["one", "hello"], "nothing overtakes");
    client.pass(seconds(4));
    let sent = client.messages();
    assert_eq!((sent[2].id.as_str(), sent[2].text.as_str()), (id.as_str(), "one"));
    assert_eq!(sent[3].text, "two");
    assert!(client.shown.is_empty(), "{:?}", client.shown);
    client.receipt(&sent[2], Receipt::Delivered);
    assert!(matches!(
        &client.shown[..],
        [Event::Receipt {
            result: Receipt::Delivered,
            ..
        }]
    ));
}

#[test]
fn what_stays_refused_is_told_in_the_end() {
    let mut client = Client::ready();
    client.send(BOB, "one");
    let refused = Receipt::Refused {
        why: Why::Unavailable,
        retry_after: None,
    };
    for _ in 0..50 {
        if !client.shown.is_empty() {
            assert!(matches!(&client.shown[..], [Event::Receipt { .. }]));
            assert_eq!(client.session.unanswered(), 0);
            return;
        }
        if let Some(message) = client.messages().pop() {
            client.sent.clear();
            client.receipt(&message, refused);
        } else {
            client.pass_to_next();
            client.session.heard(client.now);
        }
    }
    panic!("it is tried for ever");
}

#[test]
fn no_more_requests_are_open_than_may_be() {
    let mut client = Client::ready();
    for count in 0..60 {
        client.send(BOB, &format!("{count}"));
    }
    assert_eq!(client.messages().len(), 32);
    let next = client.session.next_tick().unwrap();
    assert!(
        next > client.now,
        "what waits for an answer does not wait for time"
    );
    let first = client.messages()[0].clone();
    client.receipt(&first, Receipt::Delivered);
    assert_eq!(client.messages().len(), 33);
    for _ in 0..5 {
        client.send(BOB, "more");
    }
    assert!(!client.session.has_room());
    assert_eq!(client.session.send(client.now, BOB, "x"), Err(Unsendable::Full));
}

#[test]
fn who_leaves_waits_for_receipts_and_logs_off() {
    let mut client = Client::ready();
    client.send(BOB, "bye");
    let sent = client.messages()[0].clone();
    client.session.finish(client.now);
    client.look();
    client.receipt(&sent, Receipt::Stored);
    assert!(matches!(client.sent.last(), Some(ClientFrame::LogOff { .. })));
    let request = client.last_request();
    client.hear(&ServerFrame::Done { request });
    assert_eq!(client.session.closed().map(|(code, _)| code), Some(1000));

    let mut client = Client::ready();
    client.send(BOB, "bye");
    client.session.finish(client.now);
    for _ in 0..10 {
        client.session.heard(client.now);
        if !client.session.is_over() {
            client.pass_to_next();
        }
    }
    assert!(
        client.session.is_over() && client.now <= seconds(24),
        "{:?}",
        client.now
    );
    assert_eq!(client.session.unanswered(), 1);
}

#[test]
fn lists_come_whole_and_presence_that_cannot_be_asked_is_unknown() {
    let mut client = Client::ready();
    client.ask(Ask::Blocked);
    client.ask(Ask::Watchers);
    let requests: Vec<_> = client.sent.iter().filter_map(ClientFrame::request).collect();
    let part = |request, who: &str| ServerFrame::Blocked {
        request,
        who: vec![who.to_owned()],
    };
    client.hear(&part(requests[0], BOB));
    client.hear(&ServerFrame::Watchers {
        request: requests[1],
        who: vec![CAROL.to_owned()],
    });
    client.hear(&part(requests[0], ALICE));
    client.hear(&ServerFrame::Done { request: requests[0] });
    assert_eq!(
        client.shown[0],
        Event::Blocked(vec![BOB.to_owned(), ALICE.to_owned()])
    );
    client.shown.clear();
    client.ask(Ask::Watch(BOB.to_owned()));
    let request = client.last_request();
    client.hear(&ServerFrame::Refused {
        request,
        why: Why::Unavailable,
        retry_after: Some(2),
    });
    assert!(
        matches!(&client.shown[..], [Event::Presence(presence)] if presence.state == Some(State::Unknown))
    );
    client.sent.clear();
    client.pass(seconds(2));
    assert!(
        matches!(client.sent[..], [ClientFrame::Watch { .. }]),
        "it is asked again"
    );
}
