//! How many instructions a function takes, counted by callgrind: the same on any machine, and nothing may be added
//! unseen. Included by the tests of the crates whose functions are counted.
//!
//! A test is run once more, by itself, under callgrind, which follows every call. What a function took is read from
//! the calls that were made of it; what was prepared outside it does not count. Processors count instructions too,
//! but few virtual machines let anybody look.

use std::collections::HashMap;
use std::path::Path;
use std::process::Command;
use std::{env, fs, process};

/// A function, and what it may take as it is compiled for tests, and for release.
pub(crate) type Expected<'a> = (&'a str, u64, u64);

/// What functions took.
pub(crate) struct Counted {
    by_name: HashMap<String, Calls>,
}

#[derive(Clone, Copy, Default)]
struct Calls {
    calls: u64,
    instructions: u64,
}

/// Runs the test of this name, of this very program, under callgrind.
///
/// # Panics
/// If valgrind is not installed, or the test fails.
pub(crate) fn count(test: &str) -> Counted {
    let name = format!(
        "homeport-instructions-{}-{}",
        process::id(),
        test.replace(':', "-")
    );
    let out = env::temp_dir().join(name);
    let counted = run(test, &out).map(|()| fs::read_to_string(&out).unwrap_or_default());
    // It may not have come to be.
    let _ = fs::remove_file(&out);
    Counted::read(&counted.unwrap_or_else(|complaint| panic!("{complaint}")))
}

fn run(test: &str, out: &Path) -> Result<(), String> {
    let ran = Command::new("valgrind")
        .args(["--tool=callgrind", "--read-inline-info=no"])
        .arg(format!("--callgrind-out-file={}", out.display()))
        .arg(env::current_exe().map_err(|error| error.to_string())?)
        .args(["--exact", test, "--test-threads=1"])
        .output()
        .map_err(|error| {
            format!("valgrind, which counts instructions, cannot be started: {error}; install it")
        })?;
    let said = |octets: &[u8]| String::from_utf8_lossy(octets).into_owned();
    if !ran.status.success() {
        return Err(format!("{test}: {}\n{}", said(&ran.stdout), said(&ran.stderr)));
    }
    if !said(&ran.stdout).contains("1 passed") {
        return Err(format!("there is no test {test}"));
    }
    Ok(())
}

impl Counted {
    /// Reads callgrind's own format: `fn=` and `cfn=` name functions, by a number once the name was said; the line
    /// after `calls=` is what those calls took, with all that they called.
    fn read(text: &str) -> Self {
        let (mut names, mut by_name) = (HashMap::new(), HashMap::<String, Calls>::new());
        let (mut called, mut calls) = (String::new(), None);
        for line in text.lines() {
            if let Some(name) = line.strip_prefix("cfn=") {
                called = named(&mut names, name);
            } else if let Some(name) = line.strip_prefix("fn=") {
                named(&mut names, name);
            } else if let Some(count) = line.strip_prefix("calls=") {
                calls = count
                    .split(' ')
                    .next()
                    .and_then(|count| count.parse::<u64>().ok());
            } else if let Some(count) = calls.take() {
                let took = line.split(' ').nth(1).and_then(|took| took.parse::<u64>().ok());
                let entry = by_name.entry(called.clone()).or_default();
                entry.calls += count;
                entry.instructions += took.unwrap_or(0);
            }
        }
        Self { by_name }
    }

    /// The instructions of one call of a function, on average.
    ///
    /// # Panics
    /// If there was no call of it.
    pub(crate) fn of(&self, function: &str) -> u64 {
        let is_meant = |name: &str| {
            // Recursion has a number behind the name, and before it, other than with the latest mangling, a hash.
            let name = name.split_once('\'').map_or(name, |(name, _)| name);
            let name = match name.rsplit_once("::h") {
                Some((name, hash)) if hash.len() == 16 => name,
                Some(_) | None => name,
            };
            name == function
                || name
                    .strip_suffix(function)
                    .is_some_and(|before| before.ends_with("::"))
        };
        let meant = self.by_name.iter().filter(|(name, _)| is_meant(name));
        let all = meant.fold(Calls::default(), |all, (_, each)| Calls {
            calls: all.calls + each.calls,
            instructions: all.instructions + each.instructions,
        });
        assert!(all.calls > 0, "{function} was not called");
        all.instructions / all.calls
    }

    /// Checks that functions take no more than is said, and not so much less that the bound is none. A bound needs some
    /// room: hashes have random seeds, so that counts differ a little from run to run.
    ///
    /// # Panics
    /// If one takes more, or less than three quarters.
    pub(crate) fn expect(&self, expected: &[Expected]) {
        let mut wrong = Vec::new();
        for (function, most_for_tests, most_for_release) in expected {
            let took = self.of(function);
            println!("{function}: {took} instructions");
            let most = if cfg!(debug_assertions) {
                *most_for_tests
            } else {
                *most_for_release
            };
            let least = most * 3 / 4;
            if took > most || took < least {
                wrong.push(format!(
                    "{function} takes {took} instructions, not {least} to {most}"
                ));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
}

/// The name of a function, which callgrind says the first time only: `(7) name`, later `(7)`.
fn named(names: &mut HashMap<String, String>, text: &str) -> String {
    match text.split_once(' ') {
        Some((number, name)) => {
            names.insert(number.to_owned(), name.to_owned());
            name.to_owned()
        }
        None => names.get(text).cloned().unwrap_or_else(|| text.to_owned()),
    }
}

#[test]
fn calls_are_read_from_what_callgrind_writes() {
    let text = "fn=(1) main\n1 10\ncfn=(2) a::small::h0123456789abcdef\ncalls=2 3\n1 40\ncfn=(3) a::B::large'2\ncalls=1 9\n2 500\n\nfn=(2)\n3 40\n\
                fn=(3)\n9 400\ncfn=(2)\ncalls=2 3\n9 100\n";
    let counted = Counted::read(text);
    assert_eq!(counted.of("small"), 35);
    assert_eq!(counted.of("B::large"), 500);
    counted.expect(&[("small", 35, 35), ("large", 666, 666)]);
    let too_many = std::panic::catch_unwind(|| counted.expect(&[("small", 34, 34)]));
    assert!(too_many.is_err());
    let bound_of_nothing = std::panic::catch_unwind(|| counted.expect(&[("small", 48, 48)]));
    assert!(bound_of_nothing.is_err());
}
