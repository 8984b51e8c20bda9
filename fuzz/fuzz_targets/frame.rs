//! Frames of an attachment, of either side.
#![no_main]

#[path = "../../attachment/tests/targets/frame.rs"]
mod frame;

libfuzzer_sys::fuzz_target!(|octets: &[u8]| {
    frame::check(octets);
});
