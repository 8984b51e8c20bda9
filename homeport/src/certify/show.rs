//! How far it is: how much of the time is used, and what is done now.

use crate::output::{Output, Progress};
use std::cell::RefCell;
use std::time::Duration;
use tokio::time::Instant;

/// Shown on standard error until it is dropped.
pub(super) struct Show<'o> {
    output: &'o Output,
    progress: RefCell<Progress>,
    said: RefCell<String>,
    began: Instant,
    budget: Duration,
}

impl<'o> Show<'o> {
    pub(super) fn new(output: &'o Output, began: Instant, budget: Duration) -> Self {
        Self {
            output,
            progress: RefCell::new(output.progress(budget.as_secs())),
            said: RefCell::default(),
            began,
            budget,
        }
    }

    /// What is done now.
    pub(super) fn say(&self, text: &str) {
        text.clone_into(&mut self.said.borrow_mut());
        self.again();
    }

    /// That it still is.
    pub(super) fn again(&self) {
        let elapsed = self.began.elapsed().min(self.budget).as_secs();
        self.progress.borrow_mut().show(elapsed, &self.said.borrow());
    }

    pub(super) fn output(&self) -> &'o Output {
        self.output
    }
}
