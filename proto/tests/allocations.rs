//! What a message costs in blocks of memory on a link: it counts on any machine, and nothing may be added unseen.

#![allow(clippy::unwrap_used, reason = "this is a test")]

#[path = "samples/delivery.rs"]
mod delivery;

use allocation_counter::measure;
use prost::Message;
use proto::convert::{call_from_wire, call_to_wire};
use proto::v1;

/// Texts of the wire are made anew: two people, a listener, an id; and the frame, which grows.
const WRITE_MAX: u64 = 11;
/// Each text is read into one block and becomes another; the document stays where it was read.
const READ_MAX: u64 = 11;

#[test]
fn the_frame_of_a_message_takes_few_blocks() {
    let call = delivery::delivery();
    let mut octets = Vec::new();
    let written = measure(|| octets = call_to_wire(call.clone()).encode_to_vec());
    let read = measure(|| {
        let read = call_from_wire(v1::Call::decode(&octets[..]).unwrap()).unwrap();
        assert_eq!(read, call);
    });
    assert!(
        written.count_total <= WRITE_MAX,
        "{} to write",
        written.count_total
    );
    assert!(read.count_total <= READ_MAX, "{} to read", read.count_total);
}
