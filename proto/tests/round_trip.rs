//! What is said on a link is what was meant: every value survives its message, through real encoding, and
//! no octets make the conversion panic.

#[path = "round_trip/generators.rs"]
mod generators;

use bytes::Bytes;
use generators::kind::{ANSWER_KINDS, CALL_KINDS, answer_kind, call_kind};
use proptest::prelude::{ProptestConfig, Strategy, any, prop_assert_eq, prop_oneof, proptest};
use proptest::sample::Index;
use proptest::strategy::ValueTree;
use proptest::test_runner::{FileFailurePersistence, TestCaseError, TestRunner};
use prost::Message;
use proto::convert::{Error, answer_from_wire, answer_to_wire, call_from_wire, call_to_wire};
use proto::op::{Answer, Call, DeliverMessage, Op, Outcome, Refusal};
use proto::v1;
use rvp::access::Right;
use rvp::{Fault, PresenceState};
use std::collections::BTreeSet;
use std::fmt::Debug;
use std::time::Duration;

/// Failures are kept beside this file.
fn cases(cases: u32) -> ProptestConfig {
    let kept = FileFailurePersistence::WithSource("regressions");
    ProptestConfig {
        cases,
        failure_persistence: Some(Box::new(kept)),
        ..ProptestConfig::default()
    }
}

fn frame(body: v1::frame::Body) -> Bytes {
    v1::Frame {
        id: 7,
        body: Some(body),
    }
    .encode_to_vec()
    .into()
}

/// What the other end reads when this call is sent.
fn sent_call(call: Call) -> Result<Call, Error> {
    let frame = v1::Frame::decode(frame(v1::frame::Body::Call(call_to_wire(call)))).expect("own encoding");
    match frame.body {
        Some(v1::frame::Body::Call(call)) => call_from_wire(call),
        other @ (Some(v1::frame::Body::Answer(_) | v1::frame::Body::Hello(_)) | None) => {
            panic!("a call was sent: {other:?}")
        }
    }
}

/// What the other end reads when this answer is sent.
fn sent_answer(answer: Result<Answer, Refusal>) -> Result<Result<Answer, Refusal>, Error> {
    let frame =
        v1::Frame::decode(frame(v1::frame::Body::Answer(answer_to_wire(answer)))).expect("own encoding");
    match frame.body {
        Some(v1::frame::Body::Answer(answer)) => answer_from_wire(answer),
        other @ (Some(v1::frame::Body::Call(_) | v1::frame::Body::Hello(_)) | None) => {
            panic!("an answer was sent: {other:?}")
        }
    }
}

/// Reads octets as a frame. What can be read at all can be said again and then means the same.
fn read_and_repeat(octets: Bytes) -> Result<(), TestCaseError> {
    let Ok(frame) = v1::Frame::decode(octets) else {
        return Ok(());
    };
    match frame.body {
        Some(v1::frame::Body::Call(call)) => {
            if let Ok(call) = call_from_wire(call) {
                prop_assert_eq!(sent_call(call.clone()), Ok(call));
            }
        }
        Some(v1::frame::Body::Answer(answer)) => {
            if let Ok(answer) = answer_from_wire(answer) {
                prop_assert_eq!(sent_answer(answer.clone()), Ok(answer));
            }
        }
        Some(v1::frame::Body::Hello(_)) | None => {}
    }
    Ok(())
}

/// A frame that means something, with a few octets replaced.
fn damaged_frame() -> impl Strategy<Value = Bytes> {
    let whole = prop_oneof![
        generators::call().prop_map(|call| frame(v1::frame::Body::Call(call_to_wire(call)))),
        generators::answer().prop_map(|answer| frame(v1::frame::Body::Answer(answer_to_wire(answer)))),
    ];
    let damage = proptest::collection::vec((any::<Index>(), any::<u8>()), 1..4);
    (whole, damage).prop_map(|(whole, damage)| {
        let mut octets = whole.to_vec();
        for (at, octet) in damage {
            let at = at.index(octets.len());
            octets[at] = octet;
        }
        octets.into()
    })
}

proptest! {
    #![proptest_config(cases(1024))]

    #[test]
    fn a_call_is_read_as_it_was_meant(call in generators::call()) {
        prop_assert_eq!(sent_call(call.clone()), Ok(call));
    }

    #[test]
    fn an_answer_is_read_as_it_was_meant(answer in generators::answer()) {
        prop_assert_eq!(sent_answer(answer.clone()), Ok(answer));
    }

    #[test]
    fn a_damaged_frame_is_refused_or_means_something(octets in damaged_frame()) {
        read_and_repeat(octets)?;
    }

    #[test]
    fn arbitrary_octets_are_refused_or_mean_something(octets in proptest::collection::vec(any::<u8>(), 0..256)) {
        read_and_repeat(octets.into())?;
    }
}

/// The kinds that a generator makes in many tries, always the same tries.
fn generated<V: Debug>(
    strategy: impl Strategy<Value = V>,
    kind: fn(&V) -> &'static str,
) -> BTreeSet<&'static str> {
    let mut runner = TestRunner::deterministic();
    (0..2000)
        .map(|_| {
            kind(
                &strategy
                    .new_tree(&mut runner)
                    .expect("no filter gives up")
                    .current(),
            )
        })
        .collect()
}

#[test]
fn the_generators_leave_no_kind_out() {
    assert_eq!(
        generated(generators::call(), call_kind),
        BTreeSet::from(CALL_KINDS)
    );
    assert_eq!(
        generated(generators::answer(), answer_kind),
        BTreeSet::from(ANSWER_KINDS)
    );
}

#[test]
fn every_refusal_is_read_as_it_was_meant() {
    let faults = Fault::ALL.map(Refusal::Fault);
    let moved = [0, 1, u64::MAX].map(|epoch| Refusal::Moved { epoch });
    for refusal in faults.into_iter().chain(moved) {
        assert_eq!(sent_answer(Err(refusal)), Ok(Err(refusal)));
    }
}

/// A round trip cannot see two values that are taken for each other both ways; another version would.
#[test]
fn a_number_is_called_as_its_value_is() {
    let same = |wire: &str, prefix: &str, name: &str| {
        let plain = |text: &str| text.replace(['-', '_'], "").to_ascii_uppercase();
        assert_eq!(plain(wire), plain(&format!("{prefix}{name}")));
    };
    for fault in Fault::ALL {
        same(v1::FaultCode::from(fault).as_str_name(), "FAULT", fault.label());
    }
    for state in PresenceState::ALL {
        same(
            v1::PresenceState::from(state).as_str_name(),
            "PRESENCE_STATE",
            state.name(),
        );
    }
    for right in Right::ALL {
        same(v1::Right::from(right).as_str_name(), "RIGHT", right.name());
    }
}

#[test]
fn every_outcome_is_read_as_it_was_meant() {
    for outcome in [
        Outcome::Taken,
        Outcome::Left,
        Outcome::Rejected,
        Outcome::Unreachable,
        Outcome::Busy,
        Outcome::Moved,
        Outcome::Expired,
    ] {
        assert_eq!(
            sent_answer(Ok(Answer::Outcome(outcome))),
            Ok(Ok(Answer::Outcome(outcome)))
        );
    }
}

fn message() -> (Call, Bytes) {
    let mut runner = TestRunner::deterministic();
    let tree = generators::deliver_message()
        .new_tree(&mut runner)
        .expect("no filter gives up");
    let document = Bytes::from(vec![b'x'; 4096]);
    let op = Op::DeliverMessage(DeliverMessage {
        document: document.clone(),
        ..tree.current()
    });
    (
        Call {
            deadline: Duration::from_secs(5),
            epoch: 1,
            trace: None,
            op,
        },
        document,
    )
}

#[test]
fn a_deadline_is_cut_to_what_its_field_holds() {
    let (call, _) = message();
    for (meant, read) in [
        (Duration::ZERO, Duration::ZERO),
        (Duration::from_micros(1999), Duration::from_millis(1)),
        (Duration::MAX, Duration::from_millis(u32::MAX.into())),
    ] {
        let call = Call {
            deadline: meant,
            ..call.clone()
        };
        assert_eq!(sent_call(call).map(|call| call.deadline), Ok(read));
    }
}

#[test]
fn an_empty_trace_is_none() {
    let (call, _) = message();
    assert_eq!(
        sent_call(Call {
            trace: Some(String::new()),
            ..call
        })
        .map(|call| call.trace),
        Ok(None)
    );
}

#[test]
fn a_document_is_handed_on_without_copying() {
    let (call, document) = message();
    let wire = call_to_wire(call);
    let Some(v1::call::Op::DeliverMessage(deliver)) = &wire.op else {
        panic!("a message: {wire:?}")
    };
    assert_eq!(
        deliver.document.as_ptr(),
        document.as_ptr(),
        "from the value to the message"
    );

    let octets: Bytes = wire.encode_to_vec().into();
    let read = call_from_wire(v1::Call::decode(octets.clone()).expect("own encoding")).expect("own call");
    let Op::DeliverMessage(deliver) = read.op else {
        panic!("a message: {read:?}")
    };
    assert_eq!(deliver.document, document);
    assert!(
        octets.as_ptr_range().contains(&deliver.document.as_ptr()),
        "from the octets to the value"
    );
}
