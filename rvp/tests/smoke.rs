//! The fuzz targets on a stable toolchain: the fixtures, broken in thousands of ways that are the same in
//! every run. Real fuzzing finds more (`fuzz/README.md`); this keeps what it calls from rotting.

#![allow(clippy::unwrap_used, reason = "this is a test")]

#[path = "targets/notification.rs"]
mod notification;
#[path = "targets/request.rs"]
mod request;

use std::fs;
use std::path::Path;

const ROUNDS: usize = 20_000;

/// What breaks parsers.
const WORDS: [&[u8]; 16] = [
    b"<",
    b">",
    b"/>",
    b"&",
    b"&#0;",
    b"]]>",
    b"<![CDATA[",
    b"<!DOCTYPE a>",
    b"xmlns:r=''",
    b"\0",
    b"\xff",
    b"\r\n",
    b"\n\n",
    b": ",
    b"4294967296",
    b"r:leased-value",
];

/// Repeatable numbers (xorshift): chance would make a failure impossible to repeat.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap() % end.max(1)
    }
}

fn seeds() -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let mut paths: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "http"));
    paths.sort();
    paths.iter().map(|path| fs::read(path).unwrap()).collect()
}

fn broken(seeds: &[Vec<u8>], numbers: &mut Numbers) -> Vec<u8> {
    let mut octets = seeds[numbers.below(seeds.len())].clone();
    for _ in 0..=numbers.below(2) {
        let begin = numbers.below(octets.len());
        let end = octets.len().min(begin + numbers.below(24));
        match numbers.below(6) {
            0 => octets.truncate(begin),
            1 => drop(octets.drain(begin..end)),
            2 => octets.extend_from_within(begin..end),
            3 => drop(octets.splice(begin..begin, WORDS[numbers.below(WORDS.len())].iter().copied())),
            4 => drop(octets.splice(begin..end, WORDS[numbers.below(WORDS.len())].iter().copied())),
            _ => {
                let other = &seeds[numbers.below(seeds.len())];
                let from = numbers.below(other.len());
                octets.truncate(begin);
                octets.extend(&other[from..]);
            }
        }
    }
    octets
}

#[test]
fn broken_requests_and_notifications_are_refused_or_come_back() {
    let seeds = seeds();
    assert!(!seeds.is_empty());
    let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
    for seed in &seeds {
        request::check(seed);
    }
    for _ in 0..ROUNDS {
        let octets = broken(&seeds, &mut numbers);
        request::check(&octets);
        notification::check(&octets);
    }
}
