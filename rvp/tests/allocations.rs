//! What requests cost in blocks of memory: it counts on any machine, and nothing may be added unseen.

#![allow(clippy::unwrap_used, reason = "this is a test")]

#[path = "targets/wire.rs"]
mod wire;

use allocation_counter::measure;
use rvp::notification::{Notification, compose};
use rvp::{Principal, Request};
use std::fs;
use std::path::Path;

fn fixture(name: &str) -> (http::request::Parts, bytes::Bytes) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    wire::request(&fs::read(folder.join(name).with_extension("http")).unwrap()).unwrap()
}

#[test]
fn reading_a_request_takes_few_blocks() {
    for (name, most) in [
        ("librvp_notify_message", 9),
        ("netrvp_notify_message", 34),
        ("librvp_subscribe_watch", 6),
        ("librvp_proppatch_later", 28),
        ("librvp_propfind", 19),
    ] {
        let (parts, body) = fixture(name);
        let read = measure(|| drop(Request::parse(&parts, body.clone()).unwrap()));
        assert!(read.count_total <= most, "{name}: {}", read.count_total);
    }
}

#[test]
fn opening_and_writing_a_message_takes_few_blocks() {
    let (_, document) = fixture("librvp_notify_message");
    let opening = measure(|| drop(Notification::open(&document).unwrap()));
    assert!(opening.count_total <= 7, "{} to open", opening.count_total);
    let opened = Notification::open(&document).unwrap();
    let (from, to) = (&opened.message.from, &opened.message.to);
    let writing = measure(|| drop(compose(from, to, &opened.mime)));
    assert!(writing.count_total <= 4, "{} to write", writing.count_total);
    let ours = compose(from, to, &opened.mime);
    let opening = measure(|| drop(Notification::open(&ours).unwrap()));
    assert!(
        opening.count_total <= 7,
        "{} to open what we wrote",
        opening.count_total
    );
}

#[test]
fn reading_an_address_as_we_write_it_takes_one_block() {
    let url = "http://im.example.com/instmsg/aliases/alice";
    let read = measure(|| drop(Principal::from_url(url).unwrap()));
    assert_eq!(read.count_total, 1);
}
