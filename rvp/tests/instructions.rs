//! What requests cost in instructions: see `tests/instructions/callgrind.rs`.

#![allow(clippy::unwrap_used, reason = "this is a test")]
#![allow(clippy::print_stdout, reason = "who changes a bound wants to see the counts")]

#[path = "../../tests/instructions/callgrind.rs"]
mod callgrind;
#[path = "targets/wire.rs"]
mod wire;

use bytes::Bytes;
use rvp::notification::{Notification, Opened, compose};
use rvp::{AttachmentId, Domain, Identity, Principal, Reach, Request};
use std::fs;
use std::hint::black_box;
use std::path::Path;

type Asked = (http::request::Parts, Bytes);

fn fixture(name: &str) -> Asked {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    wire::request(&fs::read(folder.join(name).with_extension("http")).unwrap()).unwrap()
}

/// A name for each request: callgrind counts by the name of a function. It is also in the function, because those that
/// do the same become one when compiled for release.
macro_rules! read {
    ($($name:ident),+) => {$(
        #[inline(never)]
        fn $name((parts, body): &Asked) -> Request {
            black_box(stringify!($name));
            Request::parse(parts, body.clone()).unwrap()
        }
    )+};
}

read!(
    read_message,
    read_message_of_netrvp,
    read_subscribe,
    read_proppatch,
    read_propfind,
    read_acl
);

#[inline(never)]
fn read_address(url: &str) -> Principal {
    Principal::from_url(url).unwrap()
}

#[inline(never)]
fn read_typed_address(address: &str) -> Principal {
    Principal::from_address(address).unwrap()
}

#[inline(never)]
fn read_identity(text: &str) -> Identity {
    Identity::parse(text).unwrap()
}

#[inline(never)]
fn read_domain(text: &str) -> Domain {
    Domain::parse(text).unwrap()
}

#[inline(never)]
fn name_and_domain(person: &Principal) -> (&str, &str) {
    (person.name(), person.domain_str())
}

#[inline(never)]
fn read_reach(text: &str) -> Reach {
    Reach::parse(text).unwrap()
}

#[inline(never)]
fn write_reach(reach: &Reach) -> String {
    reach.to_string()
}

#[inline(never)]
fn open_message(document: &Bytes) -> Opened {
    Notification::open(document).unwrap()
}

#[inline(never)]
fn open_message_of_ours(document: &Bytes) -> Opened {
    black_box("of ours");
    Notification::open(document).unwrap()
}

#[inline(never)]
fn write_message(opened: &Opened) -> Bytes {
    compose(&opened.message.from, &opened.message.to, &opened.mime)
}

#[test]
fn each_is_done() {
    let message = fixture("librvp_notify_message");
    let netrvp = fixture("netrvp_notify_message");
    let (subscribe, acl) = (fixture("librvp_subscribe_watch"), fixture("librvp_acl_block"));
    let (proppatch, propfind) = (fixture("librvp_proppatch_later"), fixture("librvp_propfind"));
    let mut plain = open_message(&message.1);
    plain.mime.text = "See you at four?".into();
    let ours = write_message(&plain);
    let alice = "http://im.example.com/instmsg/aliases/alice";
    let person = read_address(alice);
    let reach = Reach::Attachment(AttachmentId::new(0x8e0b_1c52_4d63_4b1e_9c5a_2f6d_1a7b_3c90));
    let connection = write_reach(&reach);
    for _ in 0..10 {
        black_box(read_message(black_box(&message)));
        black_box(read_message_of_netrvp(black_box(&netrvp)));
        black_box(read_subscribe(black_box(&subscribe)));
        black_box(read_proppatch(black_box(&proppatch)));
        black_box(read_propfind(black_box(&propfind)));
        black_box(read_acl(black_box(&acl)));
        black_box(read_address(black_box(alice)));
        black_box(read_typed_address(black_box("alice@im.example.com")));
        black_box(read_identity(black_box(alice)));
        black_box(read_domain(black_box("im.example.com")));
        assert_eq!(name_and_domain(black_box(&person)), ("alice", "im.example.com"));
        assert_eq!(read_reach(black_box(&connection)), reach);
        black_box(write_reach(black_box(&reach)));
        black_box(open_message(black_box(&message.1)));
        assert_eq!(open_message_of_ours(black_box(&ours)).mime, plain.mime);
        black_box(write_message(black_box(&plain)));
    }
}

#[test]
fn reading_and_writing_takes_few_instructions() {
    callgrind::count("each_is_done").expect(&[
        ("read_message", 129_000, 7_850),
        ("read_message_of_netrvp", 525_000, 56_000),
        ("read_subscribe", 48_500, 4_750),
        ("read_proppatch", 390_000, 44_000),
        ("read_propfind", 154_500, 18_000),
        ("read_acl", 399_500, 46_500),
        ("read_address", 4_950, 300),
        ("read_typed_address", 10_450, 690),
        ("read_identity", 4_950, 300),
        ("read_domain", 3_650, 215),
        ("name_and_domain", 1_970, 125),
        ("read_reach", 4_050, 365),
        ("write_reach", 10_150, 530),
        ("open_message", 140_000, 6_950),
        ("open_message_of_ours", 104_000, 4_900),
        ("write_message", 105_000, 2_880),
    ]);
}
