//! What requests cost in instructions: see `tests/instructions/callgrind.rs`.

#![allow(clippy::unwrap_used, reason = "this is a test")]
#![allow(clippy::print_stdout, reason = "who changes a bound wants to see the counts")]

#[path = "../../tests/instructions/callgrind.rs"]
mod callgrind;
#[path = "targets/wire.rs"]
mod wire;

use bytes::Bytes;
use rvp::notification::{Notification, Opened, compose};
use rvp::{Principal, Request};
use std::fs;
use std::hint::black_box;
use std::path::Path;

type Asked = (http::request::Parts, Bytes);

fn fixture(name: &str) -> Asked {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    wire::request(&fs::read(folder.join(name).with_extension("http")).unwrap()).unwrap()
}

#[inline(never)]
fn read_message((parts, body): &Asked) -> Request {
    Request::parse(parts, body.clone()).unwrap()
}

#[inline(never)]
fn read_subscribe((parts, body): &Asked) -> Request {
    Request::parse(parts, body.clone()).unwrap()
}

#[inline(never)]
fn read_proppatch((parts, body): &Asked) -> Request {
    Request::parse(parts, body.clone()).unwrap()
}

#[inline(never)]
fn read_propfind((parts, body): &Asked) -> Request {
    Request::parse(parts, body.clone()).unwrap()
}

#[inline(never)]
fn read_acl((parts, body): &Asked) -> Request {
    Request::parse(parts, body.clone()).unwrap()
}

#[inline(never)]
fn read_address(url: &str) -> Principal {
    Principal::from_url(url).unwrap()
}

#[inline(never)]
fn open_message(document: &Bytes) -> Opened {
    Notification::open(document).unwrap()
}

#[inline(never)]
fn open_message_of_ours(document: &Bytes) -> Opened {
    Notification::open(document).unwrap()
}

#[inline(never)]
fn write_message(opened: &Opened) -> Bytes {
    compose(&opened.message.from, &opened.message.to, &opened.mime)
}

#[test]
fn each_is_done() {
    let message = fixture("librvp_notify_message");
    let (subscribe, acl) = (fixture("librvp_subscribe_watch"), fixture("librvp_acl_block"));
    let (proppatch, propfind) = (fixture("librvp_proppatch_later"), fixture("librvp_propfind"));
    let opened = open_message(&message.1);
    let ours = write_message(&opened);
    for _ in 0..10 {
        black_box(read_message(black_box(&message)));
        black_box(read_subscribe(black_box(&subscribe)));
        black_box(read_proppatch(black_box(&proppatch)));
        black_box(read_propfind(black_box(&propfind)));
        black_box(read_acl(black_box(&acl)));
        black_box(read_address(black_box(
            "http://im.example.com/instmsg/aliases/alice",
        )));
        black_box(open_message(black_box(&message.1)));
        assert_eq!(open_message_of_ours(black_box(&ours)).mime, opened.mime);
        black_box(write_message(black_box(&opened)));
    }
}

#[test]
fn reading_and_writing_takes_few_instructions() {
    callgrind::count("each_is_done").expect(&[
        ("read_message", 560_000, 60_000),
        ("read_subscribe", 58_000, 6_700),
        ("read_proppatch", 410_000, 46_000),
        ("read_propfind", 168_000, 20_000),
        ("read_acl", 425_000, 50_000),
        ("read_address", 6_000, 610),
        ("open_message", 260_000, 17_800),
        ("open_message_of_ours", 250_000, 17_800),
        ("write_message", 162_000, 8_700),
    ]);
}
