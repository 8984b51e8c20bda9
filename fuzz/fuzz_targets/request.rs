//! Requests: line, headers and body.
#![no_main]

#[path = "../../rvp/tests/targets/request.rs"]
mod request;

libfuzzer_sys::fuzz_target!(|octets: &[u8]| request::check(octets));
