//! Restarts and crashes that a transcript cannot tell: in the middle of things, in any order, again and again.

#[path = "restart/archive.rs"]
mod archive;
#[path = "restart/durable.rs"]
mod durable;
#[path = "restart/middle.rs"]
mod middle;
#[path = "restart/order.rs"]
mod order;
#[path = "restart/scene.rs"]
mod scene;
