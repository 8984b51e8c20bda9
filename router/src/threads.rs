//! The threads that serve clients.

use tokio::runtime::Handle;

/// How many there are.
pub(crate) fn threads() -> usize {
    Handle::current().metrics().num_workers().max(1)
}
