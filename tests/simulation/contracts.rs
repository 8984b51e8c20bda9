//! What is simulated keeps the same promises as what it stands in for: the suites of the crates.

#[path = "contracts/membership.rs"]
mod membership;
#[path = "contracts/store.rs"]
mod store;
