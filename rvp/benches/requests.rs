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
use rvp::method::propfind::Properties;
use rvp::method::proppatch::Patched;
use rvp::method::{Acl, Proppatch};
use rvp::notification::{Notification, compose};
use rvp::{
    Fault, Identity, Lifetime, Method, Mime, PresenceState, Principal, Property, Reply, Request,
    SubscriptionId,
};
use std::fs;
use std::hint::black_box;
use std::path::Path;

/// One of each method, as clients write it.
const REQUESTS: [&str; 7] = [
    "librvp_notify_message",
    "librvp_subscribe_login",
    "librvp_propfind",
    "librvp_proppatch_later",
    "librvp_unsubscribe",
    "netrvp_subscriptions_logins",
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
    for name in REQUESTS {
        let (parts, body) = wire::request(&fixture(name)).unwrap();
        let request = Request::parse(&parts, body).unwrap();
        group.bench_function(name, |bencher| bencher.iter(|| black_box(&request).write()));
    }
    let (_, document) = wire::request(&fixture("librvp_notify_message")).unwrap();
    let opened = Notification::open(&document).unwrap();
    let mime: &Mime = &opened.mime;
    let to: &[Identity] = &opened.message.to;
    group.bench_function("a message", |bencher| {
        bencher.iter(|| compose(black_box(&opened.message.from), to, mime));
    });
    for (name, reply) in replies() {
        group.bench_function(name, |bencher| bencher.iter(|| black_box(&reply).write()));
    }
    group.bench_function("a fault", |bencher| {
        bencher.iter(|| black_box(Fault::Busy).write())
    });
    group.finish();
}

/// What is answered with a body.
fn replies() -> [(&'static str, Reply); 4] {
    let asked = |name| {
        let (parts, body) = wire::request(&fixture(name)).unwrap();
        Request::parse(&parts, body).unwrap()
    };
    let Request {
        target: principal,
        method: Method::Proppatch(Proppatch { patches: done }),
        ..
    } = asked("librvp_proppatch_later")
    else {
        panic!("it changes a state");
    };
    let Method::Acl(Acl::Change(list)) = asked("librvp_acl_block").method else {
        panic!("it changes rights");
    };
    let properties = Properties {
        principal: principal.clone(),
        found: vec![
            Property::State(PresenceState::Online),
            Property::DisplayName("Alice".to_owned()),
            Property::Email("alice@im.example.com".to_owned()),
        ],
        names: Vec::new(),
        forbidden: Vec::new(),
        missing: Vec::new(),
    };
    let subscribed = Reply::Subscribed {
        id: SubscriptionId::new(7).unwrap(),
        lifetime: Lifetime(14_400),
        properties: Some(properties.clone()),
    };
    let refused = Vec::new();
    let patched = Patched {
        principal,
        done,
        refused,
    };
    [
        ("an answer to a watch", subscribed),
        ("an answer to PROPFIND", Reply::Properties(properties)),
        ("an answer to PROPPATCH", Reply::Patched(patched)),
        ("an answer to ACL", Reply::AccessList(list)),
    ]
}

criterion_group!(benches, read, write);
criterion_main!(benches);
