//! What placing a person costs in instructions: see `tests/instructions/callgrind.rs`.

#![allow(clippy::unwrap_used, reason = "this is a test")]
#![allow(clippy::print_stdout, reason = "who changes a bound wants to see the counts")]

#[path = "../../tests/instructions/callgrind.rs"]
mod callgrind;
#[path = "samples/members.rs"]
mod samples;

use placement::{Members, Placement};
use rvp::Principal;
use samples::members;
use std::hint::black_box;
use std::sync::Arc;

#[inline(never)]
fn place(placement: &Placement, person: &Principal) -> bool {
    placement.home_of(person).is_some()
}

#[inline(never)]
fn compute_placement(members: Arc<Members>) -> Placement {
    Placement::new(members)
}

#[test]
fn each_is_done() {
    let placement = compute_placement(black_box(members(30)));
    for number in 0..100 {
        let person = Principal::from_address(&format!("person{number}@im.example.com")).unwrap();
        assert!(place(black_box(&placement), black_box(&person)));
    }
}

#[test]
fn placing_takes_few_instructions() {
    callgrind::count("each_is_done")
        .expect(&[("place", 110, 80), ("compute_placement", 22_000_000, 15_800_000)]);
}
