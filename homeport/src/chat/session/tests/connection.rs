//! Log-ons, and what becomes of a session when its connection does not last.

use super::*;
use attachment::Presence;
use attachment::scram::{ServerFinal, ServerFirst};

#[test]
fn a_server_that_does_not_know_the_account_is_left_at_once() {
    let mut client = Client::new();
    assert_eq!(client.connects, 1);
    client.session.connected(client.now);
    client.look();
    let ClientFrame::Authenticate {
        request,
        proof: Proof::ScramFirst(first),
    } = &client.sent[0]
    else {
        panic!("{:?}", client.sent);
    };
    let nonce = first.rsplit("r=").next().unwrap();
    let challenge = ServerFirst {
        nonce: format!("{nonce}more"),
        salt: vec![1; 16],
        iterations: 4096,
    };
    let (request, scram) = (*request, challenge.write());
    client.hear(&ServerFrame::Challenge { request, scram });
    assert!(matches!(
        client.sent[1],
        ClientFrame::Authenticate {
            proof: Proof::ScramFinal(_),
            ..
        }
    ));
    let request = client.last_request();
    let scram = Some(ServerFinal { signature: [0; 32] }.write());
    client.hear(&ServerFrame::Welcome(Welcome {
        request,
        address: ALICE.to_owned(),
        session: "s".to_owned(),
        resumed: false,
        token: "t".to_owned(),
        lifetime: 1,
        heartbeat: 20,
        resume_within: 60,
        requests_max: 32,
        watch_many_max: None,
        scram,
    }));
    assert!(client.session.is_over());
    assert_eq!(
        client.sent.len(),
        2,
        "nothing is said to a server that is not the one"
    );
    assert!(matches!(&client.shown[..], [Event::Closed { code: 4004, .. }]));
}

#[test]
fn a_welcome_without_any_proof_is_not_believed() {
    let mut client = Client::new();
    client.session.connected(client.now);
    client.look();
    client.welcome("s", false);
    assert!(client.session.is_over());
}

#[test]
fn a_wrong_password_ends_it_and_an_old_token_does_not() {
    let mut client = Client::new();
    client.session.connected(client.now);
    client.look();
    client.lose(Some(CloseCode::WrongCredentials.code()));
    assert!(client.session.is_over());

    let mut client = Client::ready();
    client.lose(None);
    client.reconnect();
    let request = client.last_request();
    client.hear(&ServerFrame::Refused {
        request,
        why: Why::WrongCredentials,
        retry_after: None,
    });
    client.sent.clear();
    client.reconnect();
    let proof = &client.sent[0];
    assert!(
        matches!(
            proof,
            ClientFrame::Authenticate {
                proof: Proof::ScramFirst(_),
                ..
            }
        ),
        "{proof:?}"
    );
}

#[test]
fn a_first_log_on_that_nobody_answers_fails_and_one_that_is_put_off_is_tried_again() {
    let mut client = Client::new();
    client.lose(None);
    assert!(client.session.is_over());

    let mut client = Client::new();
    let busy = Ended {
        retry_after: Some(seconds(7)),
        ..Ended::because("503")
    };
    client.session.ended(client.now, busy.clone());
    client.look();
    assert!(matches!(&client.shown[..], [Event::Lost { again_in, .. }] if *again_in == seconds(7)));
    for _ in 0..20 {
        if client.session.is_over() {
            return;
        }
        client.pass_to_next();
        client.session.ended(client.now, busy.clone());
        client.look();
    }
    panic!("it is tried for ever");
}

#[test]
fn a_lost_connection_is_resumed_with_what_is_known() {
    let mut client = Client::ready();
    client.hear(&message(1, "a", "one"));
    client.hear(&message(2, "b", "two"));
    client.ask(Ask::Watch(BOB.to_owned()));
    let request = client.last_request();
    client.hear(&ServerFrame::Watching {
        request,
        subscription: 77,
        presence: Presence {
            who: BOB.to_owned(),
            state: Some(State::Away),
            display_name: None,
            email: None,
        },
    });
    let unanswered = client.send(BOB, "are you there?");
    client.lose(Some(CloseCode::Draining.code()));
    client.sent.clear();
    client.reconnect();
    let ClientFrame::Authenticate {
        proof: Proof::Resume { session, last, .. },
        ..
    } = &client.sent[0]
    else {
        panic!("{:?}", client.sent);
    };
    assert_eq!((session.as_str(), *last), ("s1", 2));
    client.sent.clear();
    client.welcome("s1", true);
    assert_eq!(
        client.messages()[0].id,
        unanswered,
        "what has no receipt is sent again"
    );
    let watches = client.sent.iter().find_map(|frame| {
        if let ClientFrame::Watch {
            who, subscription, ..
        } = frame
        {
            Some((who.as_str(), *subscription))
        } else {
            None
        }
    });
    assert_eq!(watches, Some((BOB, Some(77))));
    let states = client
        .sent
        .iter()
        .any(|frame| matches!(frame, ClientFrame::State { .. }));
    assert!(!states, "presence went on as it was");
}

#[test]
fn a_new_session_in_place_of_the_old_one_begins_anew() {
    let mut client = Client::ready();
    client.hear(&message(9, "a", "one"));
    client.ask(Ask::Watch(BOB.to_owned()));
    let request = client.last_request();
    client.hear(&ServerFrame::Watching {
        request,
        subscription: 77,
        presence: Presence {
            who: BOB.to_owned(),
            state: None,
            display_name: None,
            email: None,
        },
    });
    client.lose(None);
    client.reconnect();
    client.sent.clear();
    client.welcome("s2", false);
    assert!(matches!(
        client.sent[0],
        ClientFrame::State {
            state: State::Online,
            ..
        }
    ));
    assert!(matches!(
        client.sent[1],
        ClientFrame::Watch {
            subscription: None,
            ..
        }
    ));
    // What was kept comes with another sequence, and is known.
    client.shown.clear();
    client.hear(&message(1, "a", "one"));
    assert_eq!(texts(&client.shown), [""; 0]);
    assert_eq!(acknowledged(&client.sent), [1]);
    assert_eq!(client.session.last, 1);
}

#[test]
fn silence_is_broken_and_a_silent_server_is_gone() {
    let mut client = Client::ready();
    client.pass(seconds(15));
    assert!(matches!(client.sent[..], [ClientFrame::Ping {}]));
    client.hear(&ServerFrame::Pong {});
    client.pass(seconds(15));
    client.pass(seconds(12));
    assert!(client.shown.is_empty());
    client.pass(seconds(1));
    assert!(
        matches!(&client.shown[..], [Event::Lost { .. }]),
        "{:?}",
        client.shown
    );
    client.reconnect();
}

#[test]
fn a_router_that_is_about_to_stop_is_left_when_it_says() {
    let mut client = Client::ready();
    client.hear(&ServerFrame::Notice { come_back_after: 5 });
    client.pass(seconds(4));
    assert!(client.shown.is_empty());
    client.pass(seconds(1));
    assert!(matches!(&client.shown[..], [Event::Lost { .. }]));
    client.reconnect();

    let mut client = Client::ready();
    client.hear(&ServerFrame::Notice { come_back_after: 5 });
    client.lose(Some(1012));
    assert!(matches!(&client.shown[..], [Event::Lost { again_in, .. }] if *again_in == seconds(5)));
}

#[test]
fn close_codes_are_followed() {
    for code in CloseCode::ALL {
        let mut client = Client::ready();
        client.lose(Some(code.code()));
        let over = matches!(code.next(), Next::Nothing | Next::GiveUp);
        assert_eq!(client.session.is_over(), over, "{code:?}");
        if !over {
            client.sent.clear();
            client.reconnect();
            let ClientFrame::Authenticate { proof, .. } = &client.sent[0] else {
                panic!("{:?}", client.sent);
            };
            let resumes = matches!(proof, Proof::Resume { .. });
            assert_eq!(resumes, code.next() == Next::Resume, "{code:?}: {proof:?}");
        }
    }
}
