//! The core, told commands and asked for nothing else: one file for each verb, and what holds for all of them.

mod access;
mod access_order;
mod account;
mod acknowledge;
mod acl;
mod archive;
mod asked;
mod attachment;
mod change;
mod conserved;
mod keep;
mod kept;
mod lapse;
mod notify;
mod properties;
mod propfind;
mod proppatch;
mod repeated;
mod restart;
mod say;
mod stage;
mod subscribe;
mod subscriptions;
mod unsubscribe;
mod views;
mod watch;
