//! The fuzz target on a stable toolchain: the frames of `docs/attachment.md`, broken in thousands of ways that are the
//! same in every run. Real fuzzing finds more (`fuzz/README.md`); this keeps what it calls from rotting.

#[path = "targets/frame.rs"]
mod frame;

use attachment::ClientFrame;
use proptest::prop_assert_eq;
use proptest::test_runner::{Config, RngSeed, TestRunner};
use std::cell::Cell;

const ROUNDS: u32 = 20_000;

/// What breaks readers, and what frames know beyond the example.
const WORDS: [&str; 20] = [
    "{",
    "}",
    "\"",
    ",",
    ":null",
    "[[[[",
    "\\u0000",
    "\\ud800",
    "\u{7f}",
    "-0",
    "1e999",
    "18446744073709551616",
    r#""type":"unknown","#,
    r#""type":"contacts","action":{"put":{"who":"a@b","group":""}},"#,
    r#""type":"authenticate","proof":{"resume":{"token":"t","session":"s","last":0}},"#,
    r#""why":"unknown","retry_after":0,"#,
    r#""format":{"bold":false,"color":"red"},"#,
    r#""kind":"other","#,
    r#""participants":[],"conversation":"","#,
    r#""state":"unknown","left":false,"#,
];

fn seeds() -> Vec<String> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/attachment.md");
    let page = std::fs::read_to_string(path).expect("there is a page about the attachment");
    let frame = |line: &str| {
        let begin = line.find("{\"type\"")?;
        line.starts_with("    ").then(|| line[begin..].to_owned())
    };
    page.lines().filter_map(frame).collect()
}

/// Puts `word` in the place of the characters from `begin` on, as many as `length`.
fn broken(seed: &str, (begin, length): (usize, usize), word: &str) -> String {
    let characters = seed.chars().count();
    let begin = begin % (characters + 1);
    let (before, after) = (seed.chars().take(begin), seed.chars().skip(begin + length));
    before.chain(word.chars()).chain(after).collect()
}

#[test]
fn broken_frames_are_refused_or_come_back() {
    let seeds = seeds();
    assert_eq!(seeds.len(), 12);
    for seed in &seeds {
        assert!(frame::check(seed.as_bytes()), "{seed}");
    }
    let config = Config {
        cases: ROUNDS,
        rng_seed: RngSeed::Fixed(7),
        failure_persistence: None,
        ..Config::default()
    };
    let change = || (0..512_usize, 0..24_usize, 0..WORDS.len());
    let read = Cell::new(0);
    let changes = (0..seeds.len(), change(), proptest::option::of(change()));
    let outcome = TestRunner::new(config).run(&changes, |(seed, first, second)| {
        let mut text = seeds[seed].clone();
        for (begin, length, word) in [Some(first), second].into_iter().flatten() {
            // Type and fields stand at the beginning: words that are fields go there.
            let word = WORDS[word];
            let place = if word.ends_with(',') {
                (1, 0)
            } else {
                (begin, length)
            };
            text = broken(&text, place, word);
        }
        read.set(read.get() + u32::from(frame::check(text.as_bytes())));
        // What is read in a way of its own is what serde reads: `tests/often.rs`.
        prop_assert_eq!(ClientFrame::read(&text).ok(), serde_json::from_str(&text).ok());
        Ok(())
    });
    outcome.expect("every frame is refused or comes back");
    // Else it would show nothing about what is written again.
    assert!((ROUNDS / 20..ROUNDS).contains(&read.get()), "{}", read.get());
}
