//! How long it takes to make a frame of a message and to read it: `cargo bench -p proto`. How many go over a link is in
//! the example of the same name.

#![allow(missing_docs, reason = "the macros of criterion make items without")]
#![allow(clippy::unwrap_used, reason = "what cannot be made ends the measurement")]

#[path = "../tests/samples/delivery.rs"]
mod delivery;

use criterion::{Criterion, criterion_group, criterion_main};
use prost::Message;
use proto::convert::{call_from_wire, call_to_wire};
use proto::v1;
use std::hint::black_box;

fn frames(criterion: &mut Criterion) {
    let call = delivery::delivery();
    criterion.bench_function("write the frame of a message", |bencher| {
        bencher.iter(|| call_to_wire(black_box(&call).clone()).encode_to_vec());
    });
    let octets = call_to_wire(call).encode_to_vec();
    criterion.bench_function("read the frame of a message", |bencher| {
        bencher.iter(|| call_from_wire(v1::Call::decode(black_box(&octets[..])).unwrap()).unwrap());
    });
}

criterion_group!(benches, frames);
criterion_main!(benches);
