//! Clients that hold a connection open, beside those that are called back: one cluster, the same people.

#[path = "attachment/bad_frames.rs"]
mod bad_frames;
#[path = "attachment/bounds.rs"]
mod bounds;
#[path = "attachment/contacts.rs"]
mod contacts;
#[path = "attachment/events.rs"]
mod events;
#[path = "attachment/log_on.rs"]
mod log_on;
#[path = "attachment/overtaken.rs"]
mod overtaken;
#[path = "attachment/resume.rs"]
mod resume;
#[path = "attachment/router_gone.rs"]
mod router_gone;
#[path = "attachment/scene.rs"]
mod scene;
#[path = "attachment/silent.rs"]
mod silent;
#[path = "attachment/slow.rs"]
mod slow;
#[path = "attachment/talk.rs"]
mod talk;
#[path = "attachment/told.rs"]
mod told;
#[path = "attachment/watch_many.rs"]
mod watch_many;
