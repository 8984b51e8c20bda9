use super::*;

const RUN: u64 = 0xfeed;

/// Three messages from 1 to 2, all delivered.
fn three() -> (Checker, [String; 3]) {
    let mut checker = Checker::new(RUN);
    let texts = [(); 3].map(|()| {
        let stamp = checker.send(1, 2).unwrap();
        checker.answered(stamp.number, Answer::Delivered);
        stamp.write(64)
    });
    (checker, texts)
}

fn hear(checker: &mut Checker, text: &str) {
    checker.heard(2, text, |from| from == 1, false);
}

#[test]
fn what_is_heard_once_and_in_order_is_as_it_should_be() {
    let (mut checker, texts) = three();
    for text in &texts {
        assert_eq!(text.len(), 64);
        hear(&mut checker, text);
    }
    let verdict = checker.verdict();
    let expected = Verdict {
        sent: 3,
        delivered: 3,
        heard: 3,
        ..Verdict::default()
    };
    assert_eq!(verdict, expected);
    assert_eq!(verdict.broken(), None);
}

#[test]
fn a_lost_message_is_found() {
    let (mut checker, [first, _, third]) = three();
    hear(&mut checker, &first);
    hear(&mut checker, &third);
    let verdict = checker.verdict();
    assert_eq!((verdict.lost, verdict.reordered), (1, 0));
    assert_eq!(verdict.broken().as_deref(), Some("1 lost"));
}

#[test]
fn only_what_was_called_delivered_can_be_lost() {
    let mut checker = Checker::new(RUN);
    for answer in [Some(Answer::Stored), Some(Answer::Refused), None] {
        let stamp = checker.send(1, 2).unwrap();
        if let Some(answer) = answer {
            checker.answered(stamp.number, answer);
        }
    }
    let verdict = checker.verdict();
    let counted = (verdict.stored, verdict.refused, verdict.unanswered, verdict.lost);
    assert_eq!(counted, (1, 1, 1, 0));
    assert_eq!(verdict.acknowledged(), 1);
    assert_eq!(verdict.broken().as_deref(), Some("1 without an answer"));
}

#[test]
fn a_doubled_message_is_found_unless_a_lost_connection_explains_it() {
    let (mut checker, texts) = three();
    for text in &texts {
        hear(&mut checker, text);
    }
    hear(&mut checker, &texts[0]);
    checker.heard(2, &texts[2], |from| from == 1, true);
    let verdict = checker.verdict();
    assert_eq!((verdict.doubled, verdict.again, verdict.lost), (1, 1, 0));
    assert_eq!(verdict.broken().as_deref(), Some("1 heard twice"));
}

#[test]
fn messages_out_of_order_are_found() {
    let (mut checker, [first, second, third]) = three();
    for text in [&second, &first, &third] {
        hear(&mut checker, text);
    }
    let verdict = checker.verdict();
    assert_eq!((verdict.reordered, verdict.lost, verdict.doubled), (1, 0, 0));
    assert_eq!(verdict.broken().as_deref(), Some("1 out of order"));
}

#[test]
fn the_order_is_that_of_one_person_to_another() {
    let mut checker = Checker::new(RUN);
    let (first, second) = (checker.send(1, 2).unwrap(), checker.send(3, 2).unwrap());
    checker.heard(2, &second.write(0), |from| from == 3, false);
    checker.heard(2, &first.write(0), |from| from == 1, false);
    assert_eq!(checker.verdict().reordered, 0);
}

#[test]
fn what_is_kept_is_lost_where_everybody_is_there() {
    let mut checker = Checker::new(RUN);
    let stamp = checker.send(1, 2).unwrap();
    checker.answered(stamp.number, Answer::Stored);
    let verdict = checker.verdict();
    assert_eq!((verdict.kept, verdict.lost), (1, 0));
    assert_eq!(verdict.with_everybody_there().lost, 1);
    hear(&mut checker, &stamp.write(64));
    assert_eq!(checker.verdict().with_everybody_there().lost, 0);
}

#[test]
fn what_was_not_sent_so_is_strange() {
    let (mut checker, [first, ..]) = three();
    checker.heard(3, &first, |_| true, false);
    checker.heard(2, &first, |from| from == 4, false);
    let forged = Stamp {
        run: RUN,
        number: 9,
        from: 1,
    };
    hear(&mut checker, &forged.write(64));
    hear(&mut checker, "hello");
    hear(&mut checker, &first.replace("long", "wide"));
    checker.answered(77, Answer::Delivered);
    assert_eq!(checker.verdict().strange, 6);
}

#[test]
fn what_was_kept_from_another_run_is_nobodys() {
    let (mut checker, _) = three();
    let other = Stamp {
        run: RUN + 1,
        number: 0,
        from: 1,
    };
    hear(&mut checker, &other.write(64));
    let verdict = checker.verdict();
    assert_eq!((verdict.heard, verdict.strange), (0, 0));
}
