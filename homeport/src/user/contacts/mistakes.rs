//! Everything that is wrong with a file, so that it can be put right at once.

use crate::output::Output;
use anyhow::{Result, bail};

/// Mistakes that are shown: whoever has more has the wrong file.
const SHOWN_MAX: usize = 100;

/// What is wrong, in the order in which it was found.
#[derive(Debug)]
pub(super) struct Mistakes {
    /// What an item is called, `line`.
    item: &'static str,
    found: Vec<(u64, String)>,
    count: usize,
}

impl Mistakes {
    pub(super) fn new(item: &'static str) -> Self {
        let (found, count) = (Vec::new(), 0);
        Self { item, found, count }
    }

    /// Notes what is wrong with an item.
    pub(super) fn add(&mut self, place: u64, wrong: &str) {
        self.count += 1;
        if self.found.len() < SHOWN_MAX {
            self.found.push((place, wrong.to_owned()));
        }
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.count
    }

    /// Says what is wrong.
    ///
    /// # Errors
    /// If anything is.
    pub(super) fn finish(mut self, output: &Output) -> Result<()> {
        if self.count == 0 {
            return Ok(());
        }
        self.found.sort_by_key(|(place, _)| *place);
        for (place, wrong) in &self.found {
            output.note(&format!("{} {place} {wrong}", self.item));
        }
        if self.count > self.found.len() {
            output.note(&format!("and {} more", self.count - self.found.len()));
        }
        let (count, item) = (self.count, self.item);
        let many = if count == 1 { "mistake" } else { "mistakes" };
        bail!("nothing was changed: {count} {many}, each with its {item} above")
    }
}
