//! An end of a link for as long as it is kept: who serves there hears of its opening and of its end, once each.

use super::{Link, Serve};
use std::sync::Arc;

/// Ends a link when dropped, and tells who serves there if they were told that it is open.
pub(super) struct Kept {
    pub(super) link: Link,
    pub(super) serve: Arc<dyn Serve>,
    is_open: bool,
}

impl Kept {
    /// A link of which nobody has been told yet.
    pub(super) fn new(link: Link, serve: Arc<dyn Serve>) -> Self {
        let is_open = false;
        Self { link, serve, is_open }
    }

    /// Tells who serves here that the link is open.
    pub(super) fn open(&mut self) {
        self.is_open = true;
        self.serve.opened(&self.link);
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        self.link.close();
        if self.is_open {
            self.serve.closed(&self.link);
        }
    }
}
