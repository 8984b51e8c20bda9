//! What nobody should send, sent over real sockets: each gets the status of the specification, with the headers that
//! every client needs, and changes nothing. The server goes on serving.

#[path = "bad_input/addresses.rs"]
mod addresses;
#[path = "bad_input/callers.rs"]
mod callers;
#[path = "bad_input/documents.rs"]
mod documents;
#[path = "bad_input/headers.rs"]
mod headers;
#[path = "bad_input/lines.rs"]
mod lines;
#[path = "bad_input/methods.rs"]
mod methods;
#[path = "bad_input/scene.rs"]
mod scene;
