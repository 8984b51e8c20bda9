//! Documents of notifications.
#![no_main]

#[path = "../../rvp/tests/targets/notification.rs"]
mod notification;

libfuzzer_sys::fuzz_target!(|octets: &[u8]| notification::check(octets));
