//! homeport
fn main() {}
