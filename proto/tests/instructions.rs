//! What a message costs in instructions on a link: see `tests/instructions/callgrind.rs`.

#![allow(clippy::unwrap_used, reason = "this is a test")]
#![allow(clippy::print_stdout, reason = "who changes a bound wants to see the counts")]

#[path = "../../tests/instructions/callgrind.rs"]
mod callgrind;
#[path = "samples/delivery.rs"]
mod delivery;

use prost::Message;
use proto::convert::{call_from_wire, call_to_wire};
use proto::{Call, v1};
use std::hint::black_box;

#[inline(never)]
fn write_frame(call: Call) -> Vec<u8> {
    call_to_wire(call).encode_to_vec()
}

#[inline(never)]
fn read_frame(octets: &[u8]) -> Call {
    call_from_wire(v1::Call::decode(octets).unwrap()).unwrap()
}

#[test]
fn each_is_done() {
    let call = delivery::delivery();
    for _ in 0..10 {
        let octets = write_frame(black_box(call.clone()));
        assert_eq!(read_frame(black_box(&octets)), call);
    }
}

#[test]
fn the_frame_of_a_message_takes_few_instructions() {
    callgrind::count("each_is_done")
        .expect(&[("write_frame", 30_500, 5_200), ("read_frame", 63_000, 10_400)]);
}
