//! Clients whose routers make them speak TLS: the same clients as elsewhere, carried by a TLS of their own.

#[path = "tls/authority.rs"]
mod authority;
#[path = "tls/carrier.rs"]
mod carrier;
#[path = "tls/events.rs"]
mod events;
#[path = "tls/proxy.rs"]
mod proxy;
#[path = "tls/renewal.rs"]
mod renewal;
#[path = "tls/talk.rs"]
mod talk;
