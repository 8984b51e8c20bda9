//! The simulated stage: the product's own home servers and routers on a network, a membership and a store that a
//! seed makes fail, with everything that clients see written down and held against the invariants.

#[path = "simulation/attached.rs"]
mod attached;
#[path = "simulation/attached_scenarios.rs"]
mod attached_scenarios;
#[path = "simulation/client.rs"]
mod client;
#[path = "simulation/contracts.rs"]
mod contracts;
#[path = "simulation/faults.rs"]
mod faults;
#[path = "simulation/history.rs"]
mod history;
#[path = "simulation/invariants.rs"]
mod invariants;
#[path = "simulation/listener.rs"]
mod listener;
#[path = "simulation/membership.rs"]
mod membership;
#[path = "simulation/network.rs"]
mod network;
#[path = "simulation/people.rs"]
mod people;
#[path = "simulation/plan.rs"]
mod plan;
#[path = "simulation/probe.rs"]
mod probe;
#[path = "simulation/roles.rs"]
mod roles;
#[path = "simulation/scenarios.rs"]
mod scenarios;
#[path = "simulation/seeds.rs"]
mod seeds;
#[path = "simulation/store.rs"]
mod store;
#[path = "simulation/time.rs"]
mod time;
#[path = "simulation/world.rs"]
mod world;
