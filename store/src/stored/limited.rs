//! Documents that are read, up to the one that reaches the limit of octets.

use crate::{Archived, KEPT_READ_BYTES_MAX, KeptMessage};

/// What holds a document.
pub(crate) trait Document {
    /// Octets of the document.
    fn octets(&self) -> usize;
}

impl Document for KeptMessage {
    fn octets(&self) -> usize {
        self.document.len()
    }
}

impl Document for Archived {
    fn octets(&self) -> usize {
        self.entry.document.len()
    }
}

/// What is read, and how much of it.
pub(crate) struct Limited<T> {
    all: Vec<T>,
    octets: usize,
}

impl<T: Document> Limited<T> {
    pub(crate) fn new() -> Self {
        Self {
            all: Vec::new(),
            octets: 0,
        }
    }

    /// Takes one more. Says whether there is room for another.
    pub(crate) fn take(&mut self, one: T) -> bool {
        self.octets += one.octets();
        self.all.push(one);
        self.octets < KEPT_READ_BYTES_MAX
    }

    pub(crate) fn finish(self) -> Vec<T> {
        self.all
    }
}
