//! Whatever happens in whichever order.

use super::*;
use proptest::prelude::*;

#[derive(Clone, Debug)]
enum Step {
    Pass(u64),
    Lose,
    Send,
    Hear(Box<ServerFrame>),
    AnswerAll,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        (0..20_u64).prop_map(Step::Pass),
        Just(Step::Lose),
        Just(Step::Send),
        (1..6_u64).prop_map(|n| Step::Hear(Box::new(message(n, &n.to_string(), &n.to_string())))),
        Just(Step::AnswerAll),
    ];
    prop::collection::vec(step, 0..60)
}

proptest! {
    /// Whatever happens: nothing is shown twice, everything sent gets one receipt, and time always brings it on.
    #[test]
    fn messages_come_once_and_none_is_forgotten(steps in steps()) {
        let mut client = Client::ready();
        let mut ids = Vec::new();
        let settle = |client: &mut Client| {
            while matches!(client.session.stage, Stage::Waiting { .. }) {
                client.reconnect();
                client.welcome("s1", true);
            }
        };
        for step in steps {
            match step {
                Step::Pass(count) => client.pass(seconds(count)),
                Step::Lose => client.lose(None),
                Step::Send => {
                    if let Ok(id) = client.session.send(client.now, BOB, "x") {
                        ids.push(id);
                    }
                    client.look();
                }
                Step::Hear(frame) => {
                    settle(&mut client);
                    client.hear(&frame);
                }
                Step::AnswerAll => answer_all(&mut client),
            }
            settle(&mut client);
            prop_assert!(client.session.next_tick().is_some_and(|at| at > client.now));
            prop_assert!(client.session.open.len() <= 32);
        }
        for _ in 0..4 {
            answer_all(&mut client);
        }
        let mut receipts: Vec<_> = client.shown.iter().filter_map(|event| { if let Event::Receipt { id, .. } = event { Some(id.clone()) } else { None } }).collect();
        receipts.sort();
        ids.sort();
        prop_assert_eq!(receipts, ids);
        let mut shown = texts(&client.shown);
        let all = shown.len();
        shown.sort_unstable();
        shown.dedup();
        prop_assert_eq!(shown.len(), all);
    }
}

fn answer_all(client: &mut Client) {
    let sent = std::mem::take(&mut client.sent);
    for frame in sent {
        if let ClientFrame::Message(message) = frame {
            client.receipt(&message, Receipt::Delivered);
        }
    }
}
