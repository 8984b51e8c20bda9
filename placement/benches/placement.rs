//! How long it takes to place a person, and to compute a placement: `cargo bench -p placement`. Evenness and movement are
//! in the example of the same name.

#![allow(missing_docs, reason = "the macros of criterion make items without")]
#![allow(clippy::unwrap_used, reason = "what cannot be made ends the measurement")]

#[path = "../tests/samples/members.rs"]
mod samples;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use placement::Placement;
use rvp::Principal;
use samples::members;
use std::hint::black_box;

fn placement(criterion: &mut Criterion) {
    let people: Vec<Principal> = (0..1_000)
        .map(|number| Principal::from_address(&format!("person{number}@im.example.com")).unwrap())
        .collect();
    let placement = Placement::new(members(30));
    let mut next = people.iter().cycle();
    criterion.bench_function("place a person among 30", |bencher| {
        bencher.iter(|| placement.home_of(black_box(next.next().unwrap())).is_some());
    });
    criterion.bench_function("compute a placement of 30", |bencher| {
        bencher.iter_batched(|| members(30), Placement::new, BatchSize::SmallInput);
    });
}

criterion_group!(benches, placement);
criterion_main!(benches);
