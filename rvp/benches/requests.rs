//! How long it takes to read what each documented client sends, and to write what it is answered:
//! `cargo bench -p rvp`.

#![allow(missing_docs, reason = "the macros of criterion make items without")]
#![allow(
    clippy::unwrap_used,
    reason = "a fixture that cannot be read ends the measurement"
)]

#[path = "../tests/targets/wire.rs"]
mod wire;

use criterion::{Criterion, criterion_group, criterion_main};
use rvp::notification::{Notification, compose};
use rvp::{Fault, Identity, Mime, Principal, Request};
use std::fs;
use std::hint::black_box;
use std::path::Path;

/// One of each method, as librvp writes it.
const REQUESTS: [&str; 6] = [
    "librvp_notify_message",
    "librvp_subscribe_login",
    "librvp_propfind",
    "librvp_proppatch_later",
    "librvp_unsubscribe",
    "librvp_acl_block",
];

fn fixture(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    fs::read(folder.join(name).with_extension("http")).unwrap()
}

fn read(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("read");
    for name in REQUESTS {
        let (parts, body) = wire::request(&fixture(name)).unwrap();
        group.bench_function(name, |bencher| {
            bencher.iter(|| Request::parse(black_box(&parts), body.clone()).unwrap());
        });
    }
    let (_, document) = wire::request(&fixture("librvp_notify_message")).unwrap();
    group.bench_function("open a message", |bencher| {
        bencher.iter(|| Notification::open(black_box(&document)).unwrap());
    });
    let opened = Notification::open(&document).unwrap();
    let ours = compose(&opened.message.from, &opened.message.to, &opened.mime);
    group.bench_function("open a message of ours", |bencher| {
        bencher.iter(|| Notification::open(black_box(&ours)).unwrap());
    });
    group.bench_function("a person", |bencher| {
        bencher
            .iter(|| Principal::from_url(black_box("http://im.example.com/instmsg/aliases/alice")).unwrap());
    });
    group.finish();
}

fn write(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("write");
    let (_, document) = wire::request(&fixture("librvp_notify_message")).unwrap();
    let opened = Notification::open(&document).unwrap();
    let mime: &Mime = &opened.mime;
    let to: &[Identity] = &opened.message.to;
    group.bench_function("a message", |bencher| {
        bencher.iter(|| compose(black_box(&opened.message.from), to, mime));
    });
    group.bench_function("a fault", |bencher| {
        bencher.iter(|| black_box(Fault::Busy).write())
    });
    group.finish();
}

criterion_group!(benches, read, write);
criterion_main!(benches);
