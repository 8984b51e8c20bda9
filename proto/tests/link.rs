//! What a link promises to its two ends, over pipes in memory that can be cut, and over real loopback.

#[path = "link/beside.rs"]
mod beside;
#[path = "link/bounds.rs"]
mod bounds;
#[path = "link/calls.rs"]
mod calls;
#[path = "link/ends.rs"]
mod ends;
#[path = "link/hello.rs"]
mod hello;
#[path = "link/lanes.rs"]
mod lanes;
#[path = "link/opening.rs"]
mod opening;
#[path = "link/order.rs"]
mod order;
#[path = "link/pipe.rs"]
mod pipe;
#[path = "link/raw.rs"]
mod raw;
#[path = "link/stage.rs"]
mod stage;
#[path = "link/told.rs"]
mod told;
